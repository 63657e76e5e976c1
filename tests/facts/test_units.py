"""A unit's command is the one that systemd would start."""

import pytest

from msdoctor.facts import units


def _words(*texts: str, **environment: str) -> list[str]:
    files = {f"/etc/{number}": text for number, text in enumerate(texts)}
    command = units.command(files, environment)
    return [] if command is None else [word.text for word in command.words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Service]\nExecStart=/bin/a --b=1 --c", ["/bin/a", "--b=1", "--c"]),
        ("ExecStart = /bin/a --b=1", ["/bin/a", "--b=1"]),
        ("ExecStart=/bin/a \\\n  --b=1 \\\n  --c", ["/bin/a", "--b=1", "--c"]),
        ("ExecStart=/bin/a \\\r\n  --b=1\r\n", ["/bin/a", "--b=1"]),
        ("ExecStart=/bin/a \\\n# --x \\\n; --y\n  --b=1", ["/bin/a", "--b=1"]),
        ("# ExecStart=/bin/x\n;ExecStart=/bin/y\nExecStart=/bin/a", ["/bin/a"]),
        ("ExecStart=/bin/a \\\n\n--b=1", ["/bin/a"]),
        ("ExecStart=/bin/a \\", ["/bin/a"]),
        ("ExecStart=/bin/a \\\n# the end", ["/bin/a"]),
        ("""ExecStart=/bin/a "--b=x y" --c='z "' --d="e"f""", ["/bin/a", "--b=x y", '--c=z "', "--d=ef"]),
        ('ExecStart=/bin/a --names=""', ["/bin/a", "--names="]),
        ("ExecStart=/bin/a b\\ c", ["/bin/a", "b c"]),
        ("ExecStart=-/bin/a --b", ["/bin/a", "--b"]),
        ("ExecStart=@/bin/a called --b", ["/bin/a", "--b"]),
        ("ExecStart=+!-/bin/a --b", ["/bin/a", "--b"]),
        ("ExecStart=:/bin/a $X ${X}", ["/bin/a", "$X", "${X}"]),
        ("ExecStart=/bin/a\nExecStart=", []),
        ("ExecStart=/bin/a\nExecStart=\nExecStart=/bin/b", ["/bin/b"]),
        ("ExecStart=-", []),
        ("nothing here", []),
        ("", []),
    ],
)
def test_the_words_of_a_unit(text: str, words: list[str]) -> None:
    assert _words(text) == words


def test_a_space_behind_the_backslash_ends_the_command() -> None:
    """Which is why half of somebody's flags are not in effect."""
    assert _words("ExecStart=/bin/a \\\n  --b=1 \\ \n  --c=1\n")[:2] == ["/bin/a", "--b=1"]
    assert "--c=1" not in _words("ExecStart=/bin/a \\\n  --b=1 \\ \n  --c=1\n")


def test_an_escaped_backslash_joins_nothing() -> None:
    assert _words("ExecStart=/bin/a \\\\\n--b") == ["/bin/a", "\\"]


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("$X", ["--b", "c d", "--e"]),
        ("${X}", ["--b 'c d' --e"]),
        ("--x=${Y}z", ["--x=1z"]),
        ("--x=$Y", ["--x=$Y"]),  # without braces only a word of its own
        ("$$Y", ["$Y"]),
        ("$UNSET", []),
        ("${UNSET}", [""]),
    ],
)
def test_variables(word: str, words: list[str]) -> None:
    assert _words(f"ExecStart=/bin/a {word}", X="--b 'c d' --e", Y="1") == ["/bin/a", *words]


def test_environment_files_come_before_environment_settings_wherever_these_stand() -> None:
    assert _words("ExecStart=/bin/a ${X} ${Y}\nEnvironment=X=unit 'Y=two words'", X="file") == [
        "/bin/a",
        "file",
        "two words",
    ]


def test_an_empty_environment_setting_forgets_the_ones_before() -> None:
    assert _words("Environment=X=1\nEnvironment=\nExecStart=/bin/a $X") == ["/bin/a"]


def test_a_drop_in_replaces_the_command_and_is_where_it_is_changed() -> None:
    files = {
        "/lib/u.service": "[Service]\nEnvironment=X=1\nExecStart=/bin/a\n",
        "/etc/u.service.d/10.conf": "[Service]\nExecStart=\nExecStart=/bin/b \\\n  --x=${X}\n",
    }
    command = units.command(files, {})

    assert command is not None
    assert command.path == "/etc/u.service.d/10.conf"
    assert [(word.text, word.line) for word in command.words] == [("/bin/b", 3), ("--x=1", 4)]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("EnvironmentFile=/etc/a", ("/etc/a",)),
        ("EnvironmentFile=-/etc/a\nEnvironmentFile=/etc/b", ("/etc/a", "/etc/b")),
        ("EnvironmentFile=/etc/a\nEnvironmentFile=", ()),
        ("EnvironmentFile=", ()),
        ('EnvironmentFile="/etc/a b"', ("/etc/a b",)),
        ("EnvironmentFile=relative", ()),
    ],
)
def test_the_environment_files_that_a_unit_names(text: str, paths: tuple[str, ...]) -> None:
    assert units.environment_files(text) == paths


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1\nB = two words \n", {"A": "1", "B": "two words"}),
        ("# A=1\n; B=2\n\nC='x # y'\n", {"C": "x # y"}),
        ('A="--x=1 \\\n  --y=2"\nB=3', {"A": "--x=1   --y=2", "B": "3"}),
        ('A="say \\"hi\\""', {"A": 'say "hi"'}),
        ("A=b\\\nc", {"A": "bc"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("not an assignment\n=x\n", {}),
        ("A=", {"A": ""}),
    ],
)
def test_the_variables_of_an_environment_file(text: str, variables: dict[str, str]) -> None:
    assert units.environment(text) == variables


def test_a_services_variables_come_from_files_before_the_units_own_and_tell_where_they_stand() -> None:
    unit = '[Service]\nEnvironment=HTTPS_PROXY=http://a:1 "NO_PROXY=x, y"\nEnvironmentFile=-/etc/default/server\n'
    drop_in = "[Service]\nEnvironment=NO_PROXY=z\n"

    given = units.environ(
        {"/u.service": unit, "/u.service.d/no.conf": drop_in}, {"/etc/default/server": "HTTPS_PROXY='http://b:2'\n"}
    )

    assert given == {
        "HTTPS_PROXY": ("http://b:2", "/etc/default/server"),
        "NO_PROXY": ("z", "/u.service.d/no.conf"),
    }

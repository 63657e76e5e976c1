"""Which ``msdoctor.yaml`` holds, and how one that cannot be read is told."""

from pathlib import Path

import pytest

from msdoctor.config.names import known
from msdoctor.config.place import LARGEST, find, load
from msdoctor.config.reading import SettingsError

IDS = known()


def _file(folder: Path, text: str = "fail-on: risk\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "msdoctor.yaml"
    file.write_text(text)
    return file


def test_the_nearest_above_holds(tmp_path: Path) -> None:
    _file(tmp_path)
    near = _file(tmp_path / "a")
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)

    assert find(tmp_path / "a" / "b" / "c", None) == near


def test_nothing_beyond_the_root_of_a_repository_is_looked_at(tmp_path: Path) -> None:
    _file(tmp_path)
    inside = tmp_path / "repository" / "deep"
    inside.mkdir(parents=True)
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere")  # as in a worktree

    assert find(inside, None) is None


def test_the_root_of_a_repository_is_looked_at_itself(tmp_path: Path) -> None:
    file = _file(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep").mkdir()

    assert find(tmp_path / "deep", None) == file


def test_nothing_beyond_home_is_looked_at(tmp_path: Path) -> None:
    _file(tmp_path)
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)

    assert find(home / "deep", home) is None
    assert find(home / "deep", None) == tmp_path / "msdoctor.yaml"


def test_a_directory_of_that_name_is_none(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "msdoctor.yaml").mkdir()

    assert find(tmp_path, None) is None


def test_a_file_is_shown_as_it_is_reached(tmp_path: Path) -> None:
    file = _file(tmp_path / "ci")

    assert load(file, IDS, here=tmp_path).file == "ci/msdoctor.yaml"
    assert load(file, IDS, here=tmp_path / "elsewhere").file == str(file)


def test_a_byte_order_mark_and_windows_lines_are_no_matter(tmp_path: Path) -> None:
    file = tmp_path / "msdoctor.yaml"
    file.write_bytes(b"\xef\xbb\xbffail-on: risk\r\nignore: [E]\r\n")

    assert load(file, IDS, here=tmp_path).ignore == ("E",)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"fail-on: risk\n# caf\xe9\n", "msdoctor.yaml:2: not UTF-8: byte 0xe9"),
        (b"#" * (LARGEST + 1), "msdoctor.yaml: larger than 1 MiB, which no msdoctor.yaml is"),
    ],
    ids=["latin-1", "large"],
)
def test_what_is_no_text_is_one_error(tmp_path: Path, content: bytes, error: str) -> None:
    file = tmp_path / "msdoctor.yaml"
    file.write_bytes(content)

    with pytest.raises(SettingsError) as raised:
        load(file, IDS, here=tmp_path)
    assert str(raised.value) == error


def test_what_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^none\.yaml: cannot be read: No such file or directory$"):
        load(tmp_path / "none.yaml", IDS, here=tmp_path)
    with pytest.raises(SettingsError, match=r"cannot be read: Is a directory"):
        load(tmp_path, IDS, here=tmp_path)

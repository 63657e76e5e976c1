"""Checks are found wherever they lie, and a folder that cannot be used says so in one sentence."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.errors import GivenError
from msdoctor.judge import Result, judge
from msdoctor.model import Check, Class
from msdoctor.registry import RegistryError, load, load_index, load_of
from tests.facts.clusters import healthy

CHECKOUT = Path(__file__).parents[1]
CHECK = '''\
"""A title.

## What it means
Something.
"""

from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, Says, check
{imports}

@check(hop=Hop.E, cls=Class.CAUSE, says=(Says("NotValidFor", where={{"wanted": "x"}}, likelihood=0.5),))
def {name}(nodes):
    for node in nodes:
        yield Finding("It is ill.", (f"node/{{node.metadata.name}}",), (Evidence("a", "b", "kubectl get nodes"),), ())
'''


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "msdoctor"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "checks"
    folder.mkdir()
    return folder


def _write(folder: Path, name: str = "my_check", imports: str = "", file: str = "") -> Path:
    path = folder / f"{file or name}.py"
    path.write_text(CHECK.format(name=name, imports=imports))
    return path


def _ids(folders: tuple[Path, ...]) -> set[str]:
    return {check.id for check in load(folders)} - {check.id for check in load()}


def test_a_check_dropped_into_a_folder_is_found_runs_and_is_in_the_index(folder: Path) -> None:
    path = _write(folder)
    found = next(check for check in load([folder]) if check.id == "my-check")

    assert (found.title, found.file, dict(found.needs)) == ("A title.", str(path), {"nodes": False})
    assert judge(healthy().facts(), [found])[0].result is Result.FAIL
    index = load_index([folder])
    assert next(entry for entry in index.entries if entry.id == "my-check").says == found.says
    assert index.check("my-check").manual == found.manual


def test_the_bundled_checks_come_in_the_order_of_their_ids() -> None:
    ids = [check.id for check in load()]

    assert ids == sorted(ids)
    assert len(ids) == len(list((CHECKOUT / "checks").glob("[!_]*.py")))
    assert ids == [entry.id for entry in load_index().entries]


def test_files_may_share_helpers_that_begin_with_an_underscore(folder: Path) -> None:
    (folder / "_shared.py").write_text("WORD = 'x'\n")
    _write(folder, imports="from ._shared import WORD\n")

    assert _ids((folder,)) == {"my-check"}


def test_two_folders_may_have_helpers_of_one_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "_shared.py").write_text(f"WORD = '{name}'\n")
        _write(tmp_path / name, f"check_{name}", imports=f"from ._shared import WORD\nassert WORD == '{name}'\n")

    assert _ids((tmp_path / "one", tmp_path / "two")) == {"check-one", "check-two"}


def test_a_check_that_another_file_imports_is_still_one(folder: Path) -> None:
    _write(folder, "first")
    _write(folder, "second", imports="from .first import first\n")

    assert _ids((folder,)) == {"first", "second"}


def test_of_two_checks_in_a_file_the_index_gives_the_one_that_is_asked_for(folder: Path) -> None:
    path = _write(folder, "first")
    path.write_text(path.read_text() + CHECK.format(name="second", imports=""))
    index = load_index([folder])

    assert {index.check(name).id for name in ("first", "second")} == {"first", "second"}


def test_a_folder_named_twice_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(folder)
    monkeypatch.chdir(folder.parent)

    assert _ids((folder, Path("checks"), registry.bundled_folder())) == {"my-check"}


def test_folders_inside_are_left_alone(folder: Path) -> None:
    _write(folder)
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("raise RuntimeError\n")

    assert _ids((folder,)) == {"my-check"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def broken(:\n", "bad_file.py:1: not Python"),
        ("x = 1\n\n  y = 2\n", "bad_file.py:3: not Python"),
        ("\x00", "bad_file.py"),
        ("import no_such_module\n", "bad_file.py: cannot be imported: ModuleNotFoundError"),
        ("1 / 0\n", "bad_file.py: cannot be imported: ZeroDivisionError"),
        ("raise SystemExit(3)\n", "bad_file.py: cannot be imported: SystemExit"),
        ("x = 1\n", "bad_file.py: holds no check"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder: Path, text: str, says: str) -> None:
    (folder / "bad_file.py").write_text(text)

    with pytest.raises(RegistryError, match=says):
        load([folder])
    with pytest.raises(GivenError):
        load_index([folder])


def test_a_syntax_error_in_a_helper_names_the_helper(folder: Path) -> None:
    (folder / "_shared.py").write_text("\n\n(\n")
    _write(folder, imports="from ._shared import WORD\n")

    with pytest.raises(RegistryError, match=r"_shared\.py:3: not Python"):
        load([folder])


def test_a_second_check_of_the_same_id_names_both_files(folder: Path) -> None:
    second = _write(folder, "kubelet_cert_expired", file="mine")

    with pytest.raises(RegistryError, match="kubelet-cert-expired is already there") as error:
        load([folder])
    assert str(second) in str(error.value)
    assert str(CHECKOUT / "checks" / "kubelet_cert_expired.py") in str(error.value)


@pytest.mark.parametrize("name", ["absent", "a-file.py"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file.py").touch()

    with pytest.raises(RegistryError, match=f"{name}: no such folder"):
        load([tmp_path / name])


# The index's cache


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that checks were imported to make an index."""
    made: list[object] = []
    original = registry.load

    def counted(folders: Sequence[Path] = ()) -> tuple[Check, ...]:
        made.append(folders)
        return original(folders)

    monkeypatch.setattr(registry, "load", counted)
    return made


def test_an_index_is_made_once(folder: Path, loads: list[object], cache: Path) -> None:
    _write(folder)
    first, second, third = (load_index([folder]) for _ in range(3))

    assert first.entries == second.entries == third.entries
    assert len(loads) == 1
    assert len(list(cache.iterdir())) == 1


def test_a_check_from_the_index_is_the_same_and_is_imported_when_it_is_put(folder: Path) -> None:
    _write(folder)
    load_index([folder])
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from msdoctor.model import Class
        from msdoctor.registry import load_of
        check = next(check for check in load_of([Class.CAUSE], [Path(sys.argv[1])]) if check.id == "my-check")
        print(any(name.endswith(".my_check") for name in sys.modules))
        list(check.judge(()))
        print(any(name.endswith(".my_check") for name in sys.modules))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, folder], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "True"]


def test_the_index_knows_of_every_check_what_the_check_says_itself() -> None:
    load_index()
    from_index = load_of(list(Class))

    assert [check.id for check in from_index] == [check.id for check in load()]
    for later, check in zip(from_index, load(), strict=True):
        for field in fields(Check):
            assert getattr(later, field.name) == getattr(check, field.name), (check.id, field.name)


def test_what_python_writes_beside_the_checks_makes_no_index_stale(folder: Path, loads: list[object]) -> None:
    path = _write(folder)
    load_index([folder])
    (folder / "__pycache__").mkdir(exist_ok=True)
    (folder / "__pycache__" / "my_check.cpython-399.pyc").write_bytes(b"x")
    (folder / "link.py").symlink_to("nowhere")
    load_index([folder])

    assert path.is_file()
    assert len(loads) == 1


def test_an_index_is_made_again_when_a_file_came_went_or_changed(folder: Path, loads: list[object]) -> None:
    _write(folder)
    load_index([folder])
    other = _write(folder, "other")
    assert "other" in {entry.id for entry in load_index([folder]).entries}
    other.unlink()
    assert "other" not in {entry.id for entry in load_index([folder]).entries}
    assert len(loads) == 3

    os.utime(folder / "my_check.py", ns=(1, 1))
    load_index([folder])
    assert len(loads) == 4


@pytest.mark.parametrize("content", ["", "null", "{}", "[1]", '[{"id": "x"}]', "[[]]", "\x00"])
def test_a_spoilt_cache_is_made_again(folder: Path, cache: Path, content: str) -> None:
    _write(folder)
    entries = load_index([folder]).entries
    (file,) = cache.iterdir()
    file.write_text(content)

    assert load_index([folder]).entries == entries
    assert json.loads(file.read_text())


def test_a_cache_that_cannot_be_written_is_done_without(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in-the-way").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "in-the-way"))
    _write(folder)

    assert "my-check" in {entry.id for entry in load_index([folder]).entries}


def test_a_user_without_a_home_has_no_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    _write(folder)

    assert "my-check" in {entry.id for entry in load_index([folder]).entries}


# Installed packages


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site-packages folder with a package ``others`` that offers what its entry point says."""
    site = tmp_path / "site"
    (site / "others" / "checks").mkdir(parents=True)
    (site / "others" / "__init__.py").touch()
    (site / "others" / "module.py").touch()
    (site / "others-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])  # twice, as lib and lib64 are
    for name in [name for name in sys.modules if name.partition(".")[0] == "others"]:
        monkeypatch.delitem(sys.modules, name)
    return site


def _offer(site: Path, value: str) -> None:
    text = f"[console_scripts]\nx = y:z\n\n[msdoctor.checks]\nours = {value}\n"
    (site / "others-1.0.dist-info" / "entry_points.txt").write_text(text)


@pytest.mark.parametrize("value", ["others.checks", "others.checks:all", "others.checks [extra]"])
def test_a_package_that_is_installed_brings_its_checks(site: Path, value: str) -> None:
    _write(site / "others" / "checks", "from_a_package")
    _offer(site, value)

    assert "from-a-package" in {check.id for check in load()}
    assert load_index().check("from-a-package").title == "A title."


@pytest.mark.parametrize("value", ["others.absent", "others.module", "absent.checks"])
def test_an_entry_point_that_leads_nowhere_is_named(site: Path, value: str) -> None:
    _offer(site, value)

    with pytest.raises(RegistryError, match=rf"entry_points\.txt: {value} "):
        load()


def test_importing_every_check_imports_nothing_heavy() -> None:
    """So that `explain` answers in the time of a shell command."""
    program = textwrap.dedent(
        """
        import sys
        from msdoctor import registry
        assert registry.load()
        heavy = {"msgspec", "yaml", "cryptography", "requests", "kubernetes", "OpenSSL", "tabulate", "click"}
        print(*sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
        """
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []

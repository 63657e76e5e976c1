"""The single-file executable: built twice, started by another user from an empty folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from msdoctor import __version__

from .conftest import CHECKOUT, Built, Ended, once, run

NOBODY = 65534
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def _build(built: Built, folder: Path) -> Path:
    """The executable, built in a copy of the sources for the Python that runs these tests."""
    source = built.copy(folder / "source")
    here = {**os.environ, "PYTHONPATH": ""}
    ended = run([sys.executable, source / "deploy" / "single_file.py", "--python", PYTHON], cwd=folder, env=here)
    return Path(ended.out.strip())


@pytest.fixture(scope="module")
def executable(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with once(tmp_path_factory, "single-file") as (folder, is_first):
        if is_first:
            (folder / "name").write_text(str(_build(built, folder)))
    return Path((folder / "name").read_text())


@pytest.fixture(scope="module")
def place(executable: Path) -> Path:
    """A folder that anybody may enter, with the executable in it: pytest's own are only for their user."""
    found = Path(f"/tmp/msdoctor-single-file-{os.getpid()}")
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir()
    shutil.copy(executable, found / "msdoctor")
    return found


@pytest.fixture(scope="module", autouse=True)
def _cleared(place: Path) -> object:
    yield
    shutil.rmtree(place)


def _as_another(place: Path, *words: str | Path, home: Path, expected: int = 0, program: str = "msdoctor") -> Ended:
    """Start it in an empty folder, as root does for nobody, and else as whoever runs the tests."""
    empty = place / "empty"
    empty.mkdir(exist_ok=True)
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    command = [str(place / program), *map(str, words)]
    done = subprocess.run(command, cwd=empty, env=env, capture_output=True, text=True, check=False, **user)  # type: ignore[call-overload]
    assert done.returncode == expected, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    assert list(empty.iterdir()) == []
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def home(place: Path) -> Path:
    """The other user's, where the first start unpacks it."""
    folder = place / "home"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def test_it_works_for_another_user(place: Path, home: Path, faulty: Path) -> None:
    shutil.copytree(faulty, place / "repository")
    shutil.copytree(CHECKOUT / "fixtures" / "story", place / "story")

    assert _as_another(place, "version", home=home).out == f"msdoctor {__version__}\n"
    text = "x509: certificate is valid for 10.0.0.1, not 10.0.0.2"
    assert "kubelet-cert-san-mismatch" in _as_another(place, "explain", text, home=home).out
    judged = _as_another(place, "preflight", place / "repository", home=home, expected=1)
    assert "requestheader-allowed-names-mismatch" in judged.out
    seen = _as_another(place, "run", "--from", place / "story", home=home, expected=1)
    assert "requestheader-config-missing" in seen.out
    assert (home / ".cache" / "pex").is_dir()


def test_it_needs_no_home_that_can_be_written(place: Path) -> None:
    nowhere = place / "no" / "home"

    assert _as_another(place, "version", home=nowhere).out == f"msdoctor {__version__}\n"


def test_it_calls_itself_what_it_is_called(place: Path, home: Path) -> None:
    (place / "kubectl-msdoctor").symlink_to(place / "msdoctor")  # as a link; krew's leads to a file of this very name
    (place / "store").mkdir()
    shutil.copy(place / "msdoctor", place / "store" / "kubectl-msdoctor")
    (place / "bin").mkdir()
    (place / "bin" / "kubectl-msdoctor").symlink_to(place / "store" / "kubectl-msdoctor")

    for program in ("store/kubectl-msdoctor", "bin/kubectl-msdoctor"):
        usage = _as_another(place, "run", "--help", home=home, program=program).out
        assert usage.startswith("Usage: kubectl msdoctor run"), program
        assert "\n    kubectl msdoctor run --from BUNDLE" in usage


def test_the_same_sources_give_the_same_file(built: Built, executable: Path, tmp_path: Path) -> None:
    again = _build(built, tmp_path)

    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(executable.read_bytes()).digest()


def test_the_release_for_krew_names_its_archive_by_its_sum(executable: Path, tmp_path: Path) -> None:
    source = executable.parents[1]
    words = ["https://example.org", "https://example.org/v0"]
    run([sys.executable, source / "deploy" / "krew" / "release.py", *words], cwd=tmp_path, env={})
    manifest = yaml.safe_load((source / "dist" / "msdoctor.krew.yaml").read_text())

    (platform,) = manifest["spec"]["platforms"]
    archive = source / "dist" / platform["uri"].rpartition("/")[2]
    assert platform["uri"].startswith("https://example.org/v0/kubectl-msdoctor-v")
    assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert manifest["spec"]["version"] == f"v{__version__}"
    # What krew's own validation asks for: a name that is safe, a text of one line, and files that the archive has.
    assert re.fullmatch(r"[\w-]+", manifest["metadata"]["name"])
    assert len(manifest["spec"]["shortDescription"].splitlines()) == 1
    with tarfile.open(archive) as packed:
        assert packed.getnames() == [entry["from"] for entry in platform["files"]]
        assert packed.getmember(platform["bin"]).mode == 0o755

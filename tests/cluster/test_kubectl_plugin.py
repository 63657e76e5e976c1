"""`kubectl msdoctor …` with the real kubectl, and the very archive that krew would unpack. Needs no lab."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from lab import binaries

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the archive for this machine holds."""
    made = tmp_path_factory.mktemp("plugin")
    needed = ("checks", "deploy", "man", "msdoctor", "constraints.txt", "pyproject.toml", "LICENSE", "README.md")
    for name in needed:
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, made / name)
    for program, *words in (
        ("single_file.py", "--python", PYTHON),
        ("krew/release.py", "https://example.org", "https://example.org/v0"),
    ):
        command = [sys.executable, str(made / "deploy" / program), *words]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ""})
    (archive,) = (made / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(made / "bin", filter="data")
    return made / "bin"


def kubectl(folder: Path, *words: str, expected: int = 0) -> str:
    python = folder.parent / "python"  # alone: a folder with another plugin of the name would give a warning
    python.mkdir(exist_ok=True)
    if not (python / "python3").exists():
        (python / "python3").symlink_to(Path(sys.executable).resolve())
    environ = {
        "PATH": f"{folder}:{python}:/usr/bin:/bin",
        "HOME": str(folder.parent / "home"),
        "PEX_ROOT": str(folder.parent / "unpacked"),
        "LANG": "C.UTF-8",
    }
    command: list[str | Path] = [binaries.ensure()["kubectl"], *words]
    done = subprocess.run(command, env=environ, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def test_kubectl_finds_it(folder: Path) -> None:
    assert str(folder / "kubectl-msdoctor") in kubectl(folder, "plugin", "list")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_its_usage_is_what_can_be_typed(folder: Path, words: list[str]) -> None:
    usage = kubectl(folder, "msdoctor", *words)

    assert usage.startswith("Usage: kubectl msdoctor")
    assert "\n    kubectl msdoctor run " in usage
    assert "\n    msdoctor " not in usage


def test_the_exit_code_comes_through(folder: Path) -> None:
    report = kubectl(folder, "msdoctor", "run", "--from", str(CHECKOUT / "fixtures" / "story"), expected=1)

    assert "requestheader-config-missing" in report

"""What a user gets: the sdist, the wheel that is built from it, and that wheel in a bare virtual environment."""

import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from msdoctor import __version__

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info"
)


@dataclass(frozen=True)
class Distribution:
    """The checkout's source files, by their paths in it, and what was built from them."""

    source: Path
    sdist: Path
    wheel: Path

    def files(self, folder: str, pattern: str = "*") -> set[str]:
        """The source files below one folder."""
        return {
            path.relative_to(self.source).as_posix()
            for path in (self.source / folder).rglob(pattern)
            if path.is_file() and path.suffix != ".pyc"
        }


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    # A copy, because setuptools writes into the tree that it builds, and would take up what it left there before.
    source = tmp_path_factory.mktemp("source") / "msdoctor"
    shutil.copytree(CHECKOUT, source, ignore=NOT_SOURCE)
    built = tmp_path_factory.mktemp("built")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(built), str(source))
    (sdist,), (wheel,) = built.glob("*.tar.gz"), built.glob("*.whl")
    return Distribution(source, sdist, wheel)


@pytest.fixture(scope="module")
def programs(distribution: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a bare environment that holds the wheel and what it depends on."""
    bare = tmp_path_factory.mktemp("bare")
    venv.create(bare)
    _run(
        *(sys.executable, "-m", "pip", "--python", str(bare / "bin" / "python"), "install"),
        *("--quiet", "--no-compile", "--disable-pip-version-check", "--constraint", str(CHECKOUT / "constraints.txt")),
        str(distribution.wheel),
    )
    return bare / "bin"


def test_the_wheel_holds_the_engine_with_the_checks_inside_and_nothing_else(distribution: Distribution) -> None:
    patterns = ("*.py", "*.json", "templates/*", "shells/*")
    engine = {*(file for pattern in patterns for file in distribution.files("msdoctor", pattern)), "msdoctor/py.typed"}
    checks = {f"msdoctor/{name}" for name in distribution.files("checks", "*.py")}

    shipped = set(zipfile.ZipFile(distribution.wheel).namelist())

    metadata = {name for name in shipped if name.startswith(f"msdoctor-{__version__}.dist-info/")}
    data = f"msdoctor-{__version__}.data/data/share/man/man1"
    manual = {name.replace("man/", f"{data}/") for name in distribution.files("man", "*.1")}
    assert shipped - metadata == engine | checks | manual


@pytest.mark.parametrize("folder", ["checks", "deploy", "fixtures", "man", "msdoctor", "tests"])
def test_the_sdist_holds_the_whole_folder(distribution: Distribution, folder: str) -> None:
    with tarfile.open(distribution.sdist) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}

    assert distribution.files(folder) - shipped == set()


@pytest.mark.parametrize("program", ["msdoctor", "kubectl-msdoctor"])
def test_an_installed_program_tells_its_version(programs: Path, program: str) -> None:
    done = _run(str(programs / program), "version")

    assert __version__ in done.stdout


def test_an_installation_lets_kubectl_complete_its_words(programs: Path) -> None:
    done = _run(str(programs / "kubectl_complete-msdoctor"), "run", "--fail-on", "")

    assert done.stdout == "cause\nrisk\n:4\n"


def test_an_installation_has_its_manual_where_man_looks_beside_the_program(programs: Path) -> None:
    assert (programs.parent / "share" / "man" / "man1" / "msdoctor-run.1").is_file()


def test_the_installed_program_prints_the_script_of_a_shell(programs: Path) -> None:
    done = _run(str(programs / "msdoctor"), "completion", "bash")

    assert "complete -o default -F _msdoctor msdoctor" in done.stdout


def test_the_installed_program_finds_the_healthy_cluster_healthy(programs: Path) -> None:
    _run(str(programs / "msdoctor"), "run", "--from", str(CHECKOUT / "fixtures" / "healthy"))


def test_an_installation_has_no_module_called_checks(programs: Path) -> None:
    done = _run(str(programs / "python"), "-c", "import checks", expected=1)

    assert "No module named 'checks'" in done.stderr


def _run(*command: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout, where only what is installed can be found."""
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == expected, f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done

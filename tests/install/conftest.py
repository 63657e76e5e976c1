"""What the ways to install msdoctor are tried with: its sources, what is built of them, a registry in a folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.repository.story import make, make_right

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHECKOUT = Path(__file__).resolve().parents[2]
# What a release has and no installation needs is left out, for speed: eleven thousand files.
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info", "fixtures", "tests"
)


@dataclass(frozen=True, slots=True)
class Built:
    """The sources without a trace of this machine, the wheel, and every wheel that it needs in one folder."""

    source: Path
    wheel: Path
    wheels: Path

    def copy(self, target: Path) -> Path:
        """The sources once more, for those who write into them."""
        return Path(shutil.copytree(self.source, target))

    def offline(self, **more: str) -> dict[str, str]:
        """An environment in which pip and uv know no registry but that folder, and msdoctor no checkout."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_NO_COMPILE": "1",  # the tests start each installation a few times only
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_OFFLINE": "1",
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(self.wheels),
            "UV_PYTHON_DOWNLOADS": "never",
            **more,
        }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run(command: Sequence[object], *, cwd: Path, env: Mapping[str, str], expected: int | None = 0) -> Ended:
    """Run it; where it ends with another code than expected, the test fails with what it said."""
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    said = f"{' '.join(map(str, command))[:2000]} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    assert expected is None or done.returncode == expected, said
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Made once, by the first of the workers that needs it."""
    with once(tmp_path_factory, "built") as (folder, is_first):
        found = Built(folder / "source", folder / "wheels" / "none", folder / "wheels")
        if is_first:
            shutil.copytree(CHECKOUT, found.source, ignore=NOT_SOURCE)
            tree = folder / "tree"  # setuptools writes into what it builds
            shutil.copytree(found.source, tree)
            here = {**os.environ, "PYTHONPATH": ""}
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
            pinned = ["--constraint", CHECKOUT / "constraints.txt", "--dest", found.wheels]
            building = [sys.executable, "-m", "build", "--no-isolation", "--outdir", found.wheels, tree]
            run(building, cwd=folder, env=here)
            (wheel,) = found.wheels.glob("msdoctor-*.whl")
            run([*pip, "download", *pinned, wheel, "setuptools", "pip"], cwd=folder, env=here)
    (wheel,) = found.wheels.glob("msdoctor-*.whl")
    return Built(found.source, wheel, found.wheels)


@contextmanager
def once(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that all workers of this test run have in common, and whether it is new; others wait for the first."""
    base = factory.getbasetemp()
    common = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"install-{name}"
    with common.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_first = not common.exists()
        if is_first:
            common.mkdir()
        try:
            yield common, is_first
        except BaseException:
            shutil.rmtree(common)
            raise


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """The repository of a cluster that was built after the story's guide, with its faults."""
    make(tmp_path / "repository")
    return tmp_path / "repository"


@pytest.fixture
def repaired(tmp_path: Path) -> Path:
    """The same without a fault."""
    make_right(tmp_path / "repository")
    return tmp_path / "repository"

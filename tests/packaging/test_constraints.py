"""The constraints file decides every version, and nothing else."""

from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINES = [
    line
    for line in (Path(__file__).resolve().parents[2] / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
]


def test_every_line_is_one_exact_version() -> None:
    assert [line for line in LINES if str(Requirement(line)) != line or "==" not in line or "*" in line] == []


def test_every_installed_package_has_its_line() -> None:
    pinned = {canonicalize_name(Requirement(line).name): line.partition("==")[2] for line in LINES}
    installed = {canonicalize_name(found.name): found.version for found in metadata.distributions()}

    unpinned = {name: version for name, version in installed.items() if pinned.get(name) != version}

    # pip comes with Python, and this project is what is being pinned for.
    assert unpinned.keys() <= {"pip", "msdoctor"}

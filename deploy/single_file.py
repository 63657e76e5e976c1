"""Build msdoctor as one executable file for one kind of machine: ``dist/msdoctor-PLATFORM``.

    python deploy/single_file.py [--python X.Y]... [PLATFORM ...]

PLATFORM is such as linux-amd64; without one it is this machine's. With --python the file is for these Pythons alone
and smaller.

The file holds msdoctor and everything it depends on, in the versions of ``constraints.txt``, for Python 3.11 to 3.13;
only Python itself must be there. It is a PEX: the first start unpacks it below ``PEX_ROOT`` (by default
``~/.cache/pex``), or into a temporary folder where the home directory cannot be written. The same commit gives the same
file, byte for byte. `make single-file` calls this.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.tags import compatible_tags, cpython_tags, mac_platforms

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHONS = ((3, 11), (3, 12), (3, 13))


class Machine(NamedTuple):
    """What wheels are chosen by: the tags of its platform, the most demanding first, and the names for it."""

    tags: tuple[str, ...]
    sys_platform: str
    platform_system: str
    machine: str


def _linux(machine: str) -> Machine:
    # glibc 2.28 is that of RHEL 8 and Debian 10; what needs a newer one would not start there.
    newest_first = tuple(f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1))
    return Machine((*newest_first, f"manylinux2014_{machine}", f"linux_{machine}"), "linux", "Linux", machine)


MACHINES = {
    "linux-amd64": _linux("x86_64"),
    "linux-arm64": _linux("aarch64"),
    "darwin-arm64": Machine(tuple(mac_platforms((14, 0), "arm64")), "darwin", "Darwin", "arm64"),
}


def this_machine() -> str:
    """The name of the platform that this runs on, as Kubernetes' own release files have it."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}-{machine}"


def build(name: str, pythons: Sequence[tuple[int, int]], target: Path) -> None:
    """Write the executable for one platform and these Pythons to ``target``."""
    machine = MACHINES[name]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheel, wheels = _wheel(work), work / "wheels"
        with ThreadPoolExecutor() as together:
            list(together.map(lambda python: _download(wheel, wheels, machine, python), pythons))
        described = []
        for python in pythons:
            file = work / f"{_interpreter(python)}.json"
            file.write_text(json.dumps(_described(machine, python)))
            described += ["--complete-platform", str(file)]
        target.parent.mkdir(parents=True, exist_ok=True)
        _run(
            *("pex", str(wheel), *described, "--pre-resolved-dists", str(wheels), "--no-build"),
            # Wheels are unpacked at the first start anyway, and are smaller and sooner packed as they are.
            *("--no-pre-install-wheels", "--venv", "--console-script", "msdoctor"),
            *("--python-shebang", "/usr/bin/env python3", "--output-file", str(target)),
        )


def _wheel(work: Path) -> Path:
    """The wheel, built from a copy: setuptools would take up what it left in the tree before."""
    source = work / "source"
    hidden = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "fixtures", "tests")
    shutil.copytree(CHECKOUT, source, ignore=hidden)
    _run("build", "--no-isolation", "--wheel", "--outdir", str(work), str(source))
    (wheel,) = work.glob("*.whl")
    return wheel


def _download(wheel: Path, wheels: Path, machine: Machine, python: tuple[int, int]) -> None:
    """Everything that the wheel depends on there, in its pinned version."""
    accepted = [option for tag in machine.tags for option in ("--platform", tag)]
    _run(
        *("pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", *accepted),
        *("--implementation", "cp", "--python-version", f"{python[0]}.{python[1]}"),
        *("--constraint", str(CHECKOUT / "constraints.txt"), "--dest", str(wheels), str(wheel)),
    )


def _run(*module: str) -> None:
    """One of Python's tools, silent unless it fails. Times in archives are one moment, so that builds are equal."""
    fixed = {**os.environ, "SOURCE_DATE_EPOCH": "1704067200", "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, "-m", *module], check=False, capture_output=True, text=True, env=fixed)
    if done.returncode:
        sys.exit(f"single_file: {' '.join(module)}\n{done.stdout}{done.stderr}")


def _interpreter(python: tuple[int, int]) -> str:
    return f"cp{python[0]}{python[1]}"


def _described(machine: Machine, python: tuple[int, int]) -> dict[str, object]:
    """The platform as pip sees it there, in the form of ``pex3 interpreter inspect --tags --markers``."""
    version = f"{python[0]}.{python[1]}"
    interpreter = _interpreter(python)
    tags = [
        *cpython_tags(python, abis=[interpreter], platforms=machine.tags),
        *compatible_tags(python, interpreter, machine.tags),
    ]
    return {
        "marker_environment": {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": machine.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": machine.platform_system,
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": machine.sys_platform,
        },
        "compatible_tags": [str(tag) for tag in tags],
    }


def main() -> None:
    """Build for each platform that is named."""
    parser = argparse.ArgumentParser(description="Build msdoctor as one executable file.")
    parser.add_argument("platforms", metavar="PLATFORM", nargs="*", help=f"of {', '.join(MACHINES)}")
    parser.add_argument("--python", metavar="X.Y", action="append", help="a Python to build for; may be repeated")
    given = parser.parse_args()
    known = {f"{major}.{minor}": (major, minor) for major, minor in PYTHONS}
    for word, words in [(name, MACHINES) for name in given.platforms] + [(name, known) for name in given.python or ()]:
        if word not in words:
            parser.error(f"{word}: it can be built for {', '.join(words)}")
    for name in given.platforms or [this_machine()]:
        target = CHECKOUT / "dist" / f"msdoctor-{name}"
        build(name, [known[python] for python in given.python or known], target)
        print(target)


if __name__ == "__main__":
    main()

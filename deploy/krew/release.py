"""Make what krew installs: an archive for each platform, and the manifest that names them, in ``dist/``.

    python deploy/krew/release.py HOMEPAGE URL [PLATFORM ...]

``URL`` is where the archives will lie, such as https://example.org/releases/v0.1.0. The executables must be there
(`make single-file`); without a PLATFORM, those that are there are taken. The same executables give the same files.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import sys
import tarfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DIST = CHECKOUT / "dist"
TEMPLATE = Path(__file__).with_name("msdoctor.yaml")
NAMES = re.compile(r"(linux|darwin)-(amd64|arm64)")


def archive(executable: Path, target: Path) -> str:
    """Write the executable under the name that kubectl looks for, with the license. Gives the archive's SHA-256."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, file, mode in (("kubectl-msdoctor", executable, 0o755), ("LICENSE", CHECKOUT / "LICENSE", 0o644)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = file.stat().st_size, mode
            with file.open("rb") as content:
                tar.addfile(entry, content)
    # It is packed already; mtime is what would differ between two builds.
    target.write_bytes(gzip.compress(packed.getvalue(), compresslevel=1, mtime=0))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def manifest(version: str, homepage: str, url: str, sums: dict[str, str]) -> str:
    """The manifest for the archives of these platforms, with their sums."""
    platforms = []
    for name, digest in sorted(sums.items()):
        system, machine = name.split("-")
        platforms.append(f"""\
  - selector:
      matchLabels:
        os: {system}
        arch: {machine}
    uri: {url}/{file_name(version, name)}
    sha256: {digest}
    bin: kubectl-msdoctor
    files:
    - from: kubectl-msdoctor
      to: .
    - from: LICENSE
      to: .
""")
    template = re.sub(r"^#.*\n", "", TEMPLATE.read_text(), flags=re.MULTILINE)
    text = template.replace("  {platforms}\n", "".join(platforms))
    return text.replace("{version}", version).replace("{homepage}", homepage)


def file_name(version: str, platform: str) -> str:
    """What an archive is called."""
    return f"kubectl-msdoctor-v{version}-{platform}.tar.gz"


def version() -> str:
    """This checkout's, without importing it."""
    found = re.search(r'^__version__ = "(.+)"', (CHECKOUT / "msdoctor" / "__init__.py").read_text(), re.MULTILINE)
    if found is None:
        sys.exit("release: msdoctor/__init__.py tells no version")
    return found[1]


def main() -> None:
    """Make the files, and say which."""
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} HOMEPAGE URL [PLATFORM ...]")
    homepage, url, *wanted = sys.argv[1:]
    built = {path.name.removeprefix("msdoctor-"): path for path in sorted(DIST.glob("msdoctor-*"))}
    executables = {name: path for name, path in built.items() if NAMES.fullmatch(name)}
    missing = [name for name in wanted if name not in executables]
    if missing or not executables:
        sys.exit(f"release: not built yet: {' '.join(missing) or 'anything'}; run deploy/single_file.py")
    sums = {}
    for name in wanted or executables:
        target = DIST / file_name(version(), name)
        sums[name] = archive(executables[name], target)
        print(target)
    file = DIST / "msdoctor.krew.yaml"
    file.write_text(manifest(version(), homepage, url.rstrip("/"), sums))
    print(file)


if __name__ == "__main__":
    main()

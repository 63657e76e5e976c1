"""Finding checks: the bundled folder, folders named with ``--checks``, and installed packages.

A folder of checks is a folder of plug-ins, each file one check, mounted under a module name of its own so that files in
it may share code by relative import. ``explain`` works from an index that is generated when a folder has changed, so
that it need not import every check to answer about one.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from msdoctor.errors import GivenError
from msdoctor.index import IndexEntry
from msdoctor.model import Check, Class, Hop, Look, Says

ENGINE = Path(__file__).resolve().parent
ENTRY_POINTS = "msdoctor.checks"
INDEX_FORMAT = "5"


class RegistryError(GivenError):
    """A folder of checks that cannot be used; the message names the file and what to do."""


@cache
def bundled_folder() -> Path:
    """The checks that ship with msdoctor: inside the installed package, or beside it in a checkout."""
    return next(folder for folder in (ENGINE / "checks", ENGINE.parent / "checks") if folder.is_dir())


@dataclass(frozen=True, slots=True)
class Index:
    """What is known of every check without importing it, and where each lies."""

    entries: tuple[IndexEntry, ...]
    folders: tuple[Path, ...]

    def check(self, check_id: str) -> Check:
        """Import one check."""
        entry = next(entry for entry in self.entries if entry.id == check_id)
        found = _checks_of(_import(Path(entry.file), self.folders))
        return next(check for check in found if check.id == check_id)


def load(folders: Sequence[Path] = ()) -> tuple[Check, ...]:
    """Every check, by id. Raises ``RegistryError`` for a folder that is none, a file that fails, an id given twice."""
    return _unique([check for folder in _all(folders) for check in _some_in_folder(folder)])


def load_of(classes: Collection[Class], folders: Sequence[Path] = ()) -> tuple[Check, ...]:
    """Every check of some classes, by id, where the index knows them already each imported when it is first put."""
    index = load_index(folders)
    return tuple(_later(entry, index) for entry in index.entries if entry.cls in classes)


_INDEXED = ("id", "hop", "cls", "title", "says", "decide", "needs", "present", "file")
_NOT_INDEXED = ("manual", "advise", "judge", "passes")


class _Later(Check):
    """A check that is imported when more of it is asked for than the index knows. Most are not: they lack a fact."""

    __slots__ = ("_index",)
    _index: Index

    def __getattr__(self, name: str) -> Any:
        """What is not set yet."""
        if name not in _NOT_INDEXED:
            raise AttributeError(name)
        check = self._index.check(self.id)
        for own in _NOT_INDEXED:
            object.__setattr__(self, own, getattr(check, own))
        return getattr(check, name)


def _later(entry: IndexEntry, index: Index) -> Check:
    check = object.__new__(_Later)
    for name in _INDEXED:
        object.__setattr__(check, name, getattr(entry, name))
    object.__setattr__(check, "_index", index)
    return check


def load_index(folders: Sequence[Path] = ()) -> Index:
    """The index of every check, from the cache where nothing has changed since it was made."""
    everything = _all(folders)
    state = _state(everything)
    path = _cache_file(everything)
    try:
        cached = json.loads(path.read_bytes() if path else b"")
        entries = tuple(map(_entry, cached["checks"])) if cached["of"] == state else ()
    except (OSError, ValueError, KeyError, TypeError):
        entries = ()
    if not entries:
        entries = tuple(_entry_of(check) for check in load(folders))
        if path:
            _write_cache(path, state, entries)
    return Index(entries, everything)


def _all(folders: Sequence[Path]) -> tuple[Path, ...]:
    for folder in folders:
        if not folder.is_dir():
            raise RegistryError(f"--checks {folder}: no such folder")
    return tuple(dict.fromkeys((bundled_folder(), *(folder.resolve() for folder in folders), *_installed())))


def _installed() -> Iterator[Path]:
    """Folders of installed packages that offer checks: each entry point names a package of check files."""
    # Read by hand: importlib.metadata costs more to import than all the rest of `explain`.
    for file in _entry_points():
        section = ""
        for line in file.read_text("utf-8", "replace").splitlines():
            if line.startswith("["):
                section = line.strip("[] ")
            elif section == ENTRY_POINTS and "=" in line:
                package = re.split(r"[:\[\s]", line.partition("=")[2].strip())[0]
                yield from (Path(folder).resolve() for folder in _folders_of(package, file))


def _entry_points() -> Iterator[Path]:
    """The files in which installed packages say what they offer, and which speak of checks."""
    for site in filter(None, sys.path):
        try:
            names = sorted(e.name for e in os.scandir(site) if e.name.endswith((".dist-info", ".egg-info")))
        except OSError:
            continue
        for file in (Path(site, name, "entry_points.txt") for name in names):
            try:
                is_ours = ENTRY_POINTS.encode() in file.read_bytes()
            except OSError:
                continue
            if is_ours:
                yield file


def _folders_of(package: str, file: Path) -> Sequence[str]:
    try:
        spec = importlib.util.find_spec(package)
    except Exception as error:
        raise RegistryError(f"{file}: {package} cannot be found: {type(error).__name__}: {error}") from error
    if spec is None or not spec.submodule_search_locations:
        raise RegistryError(f"{file}: {package} is no package; its entry point names the one that holds the checks")
    return spec.submodule_search_locations


def _some_in_folder(folder: Path) -> list[Check]:
    found = list(_in_folder(folder))
    if not found:
        raise RegistryError(f"{folder}: holds no check; name the folder in which the checks' own .py files lie")
    return found


def _in_folder(folder: Path) -> Iterator[Check]:
    import pkgutil  # noqa: PLC0415  `explain` does without it

    for info in pkgutil.iter_modules([str(folder)]):
        if not info.name.startswith("_") and not info.ispkg:
            yield from _checks_of(_import(folder / f"{info.name}.py", (folder,)))


def _checks_of(module: ModuleType) -> list[Check]:
    values = (value for value in vars(module).values() if isinstance(value, Check))
    found = [value for value in values if value.judge.__module__ == module.__name__]  # not those it imports
    if not found:
        raise RegistryError(f"{module.__file__}: holds no check; a file with no check begins with an underscore")
    return found


def _import(file: Path, folders: Sequence[Path]) -> ModuleType:
    folder = next(folder for folder in folders if folder == file.parent)
    try:
        return importlib.import_module(f"{_mount(folder)}.{file.stem}")
    except SyntaxError as error:
        where = f"{error.filename or file}:{error.lineno or 1}"
        raise RegistryError(f"{where}: not Python: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise RegistryError(f"{file}: cannot be imported: {type(error).__name__}: {error}") from error


def _mount(folder: Path) -> str:
    """Make a folder importable under a name of its own, without an ``__init__`` and without touching ``sys.path``."""
    bundled = folder == bundled_folder()
    name = "msdoctor.checks" if bundled else f"msdoctor_checks_{os.fsencode(folder).hex()}"
    if name not in sys.modules:
        spec = ModuleSpec(name, loader=None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def _unique(checks: list[Check]) -> tuple[Check, ...]:
    seen: dict[str, Check] = {}
    for check in checks:
        if check.id in seen:
            raise RegistryError(
                f"{check.file}: a check named {check.id} is already there: {seen[check.id].file}; rename one of them"
            )
        seen[check.id] = check
    return tuple(seen[name] for name in sorted(seen))


def _state(folders: Sequence[Path]) -> list[list[object]]:
    """What an index is made of: every file in the folders, as it is now."""
    state: list[list[object]] = [[INDEX_FORMAT]]
    for folder in folders:
        try:
            files = [entry for entry in os.scandir(folder) if entry.name.endswith(".py") and entry.is_file()]
            stats = ((entry, entry.stat()) for entry in sorted(files, key=lambda entry: entry.name))
            state += ([entry.path, stat.st_mtime_ns, stat.st_size] for entry, stat in stats)
        except OSError as error:
            raise RegistryError(f"{folder}: cannot be read: {error.strerror}") from error
    return state


def _cache_file(folders: Sequence[Path]) -> Path | None:
    """Where the index of these folders is kept; None where there is no home to keep it in."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    of = zlib.crc32(b"\0".join(map(os.fsencode, folders)))
    return base / "msdoctor" / f"index-{of:08x}.json"


def _write_cache(path: Path, state: list[list[object]], entries: Sequence[IndexEntry]) -> None:
    """A cache that cannot be written costs time and nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps({"of": state, "checks": [_json(entry) for entry in entries]}))
        scratch.rename(path)
    except OSError:
        return


def _entry_of(check: Check) -> IndexEntry:
    names = IndexEntry.__match_args__
    return IndexEntry(*(getattr(check, name) for name in names))


def _json(entry: IndexEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "class": entry.cls,
        "hop": entry.hop,
        "title": entry.title,
        "file": entry.file,
        "says": [[s.error, s.hop, dict(s.where), s.likelihood, s.lone] for s in entry.says],
        "decide": [[look.look, look.shows, look.then, look.on] for look in entry.decide],
        "needs": dict(entry.needs),
        "present": sorted(entry.present),
    }


def _entry(item: dict[str, Any]) -> IndexEntry:
    return IndexEntry(
        item["id"],
        Class(item["class"]),
        Hop(item["hop"]),
        item["title"],
        item["file"],
        tuple(
            Says(error, Hop(hop) if hop else None, where, likelihood, lone)
            for error, hop, where, likelihood, lone in item["says"]
        ),
        tuple(Look(*look) for look in item["decide"]),
        item["needs"],
        frozenset(item["present"]),
    )

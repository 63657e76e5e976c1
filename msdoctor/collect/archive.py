"""Bundles on disk: a directory, or the same as one .tar.gz, readable by eye.

``bundle.json`` is the index: format, tool, moment, context, and for each document its place and either the file that
holds its body or the refusal. Written beside the target and renamed, so that nothing half-written ever bears its name.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from msdoctor import __version__
from msdoctor.bundle import WORKSTATION, Bundle, Context, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.collect.errors import ConfigurationError

FORMAT = "1"
INDEX = "bundle.json"
TOP = "bundle"  # the one directory inside a .tar.gz

LARGEST_FILE = 256 * 1024 * 1024
LARGEST_BUNDLE = 2 * 1024 * 1024 * 1024
MOST_FILES = 200_000
LONGEST_NAME = 120

T = TypeVar("T")

_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")  # names that Windows keeps for itself


# Saving


def save(bundle: Bundle, path: Path) -> None:
    """Write a bundle; a name ending in .tar.gz or .tgz makes one file, any other a directory.

    Raises ConfigurationError where the target exists (but for an empty directory) or cannot be written.
    """
    check_target(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_packed(path):
            _save_tar(bundle, path)
        else:
            _save_directory(bundle, path)
    except OSError as error:
        raise ConfigurationError(f"{path}: the bundle cannot be written: {error.strerror or error}") from None


def check_target(path: Path) -> None:
    """Raise ConfigurationError for a path where no bundle can be written, before a look is taken for nothing."""
    if os.path.lexists(path) and (_is_packed(path) or not _is_empty_directory(path)):
        raise ConfigurationError(f"{path} exists; name another file or directory for the bundle")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ConfigurationError(f"{path}: {above} is a file; name a place in a directory for the bundle")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{path}: no permission to write into {above}; name another place for the bundle")


def _is_packed(path: Path) -> bool:
    return path.name.endswith((".tar.gz", ".tgz"))


def _is_empty_directory(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _save_directory(bundle: Bundle, path: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for name, content in _files(bundle):
            file = temporary / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if path.exists():
            path.rmdir()
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _save_tar(bundle: Bundle, path: Path) -> None:
    moment = int(bundle.taken_at.timestamp())
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=moment) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, content in _files(bundle):
                member = tarfile.TarInfo(f"{TOP}/{name}")
                member.size, member.mtime, member.mode = len(content), moment, 0o644
                tar.addfile(member, io.BytesIO(content))
        Path(temporary).rename(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _files(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file, the index first."""
    names = _names(bundle)
    yield INDEX, _index(bundle, names)
    for place, name in names.items():
        yield name, bundle.documents[place].body or b""


def _index(bundle: Bundle, names: Mapping[Place, str]) -> bytes:
    context = bundle.context
    index = {
        "format": FORMAT,
        "tool": __version__,
        "takenAt": _moment(bundle.taken_at),
        "context": {
            "cluster": context.cluster,
            "server": context.server,
            "user": context.user,
            "groups": list(context.groups),
            "vantages": list(context.vantages),
        }
        | _for_user(context),
        "documents": [_entry(bundle.documents[place], names.get(place)) for place in sorted(bundle.documents)],
    }
    return (json.dumps(index, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _for_user(context: Context) -> dict[str, Any]:
    return {"forUser": {"name": context.for_user, "groups": list(context.for_groups)}} if context.for_user else {}


def _entry(document: Document, file: str | None) -> dict[str, Any]:
    place = document.place
    entry: dict[str, Any] = {"origin": place.origin, "kind": place.kind.value, "path": place.path}
    entry["at"] = _moment(document.at)
    if document.refusal is None:
        return entry | {"file": file}
    refusal = document.refusal
    return entry | {
        "refusal": {"reason": refusal.reason.value, "detail": refusal.detail}
        | ({} if refusal.status is None else {"status": refusal.status})
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# Names


def _names(bundle: Bundle) -> dict[Place, str]:
    """A file name for each document that has a body: telling, and distinct where case does not count."""
    names: dict[Place, str] = {}
    files: set[str] = set()
    folders: set[str] = set()
    for number, place in enumerate(sorted(bundle.documents)):
        if bundle.documents[place].body is None:
            continue
        name = str(PurePosixPath(_name(place)))
        above = {str(folder).lower() for folder in PurePosixPath(name).parents}
        if name.lower() in files | folders or above & files:
            name = f"more/{number:06}{PurePosixPath(name).suffix if len(PurePosixPath(name).suffix) < 8 else ''}"
            above = {"more"}
        files.add(name.lower())
        folders |= above
        names[place] = name
    return names


def _name(place: Place) -> str:
    host = f"hosts/{_part(place.origin.removeprefix('host/'))}"
    path = "/".join(_part(part) for part in place.path.split("/") if part)
    match place.kind:
        case Kind.API:
            plain = "/".join(_part(unquote(part)) for part in place.path.split("/") if part)
            folder = f"apiservers/{_part(place.api_server)}" if place.api_server else "api"
            return f"{folder}/{plain or '_'}.json"
        case Kind.REVIEW:
            return f"reviews/{_part(place.path)}.json"
        case Kind.LOG:
            return f"logs/{path}.log"
        case Kind.TLS:
            return f"tls/{path}.json" if place.origin == WORKSTATION else f"{host}/_tls/{path}.json"
        case Kind.FILE:
            return f"{host}/{path}"
        case Kind.DIRECTORY:
            return f"{host}/{path}/_names.json" if path else f"{host}/_names.json"
        case Kind.PROCESS:
            return f"{host}/_processes/{path}.json"
        case Kind.INOTIFY:
            return f"{host}/_inotify.json"


def _part(text: str) -> str:
    """One component of a name, without anything that some file system or shell takes for something else."""
    part = quote(text, safe=" =,+@._-", errors="surrogatepass")
    if len(part) > LONGEST_NAME:
        part = f"{part[:LONGEST_NAME]}~{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
    if part.endswith((".", " ")):
        part = f"{part[:-1]}%{ord(part[-1]):02X}"
    return f"%{ord(part[0]):02X}{part[1:]}" if _DEVICES.match(part) or part.startswith(" ") else part


# Loading


def load(path: Path) -> Bundle:
    """Read what ``save`` wrote, packed or not.

    Raises ConfigurationError for anything else, for one that was cut short or altered, for a newer format, and for one
    that would reach outside itself or unpack without end.
    """
    try:
        if path.is_dir():
            return _decode(path, _directory_reader(path))
        if not path.exists():
            raise ConfigurationError(f"{path}: no such bundle")
        return _decode(path, _tar_reader(path))
    except OSError as error:
        raise ConfigurationError(f"{path}: the bundle cannot be read: {error.strerror or error}") from None


Read = Callable[[str], bytes | None]


def _directory_reader(root: Path) -> Read:
    inside = root.resolve()
    total = 0

    def read(name: str) -> bytes | None:
        nonlocal total
        file = (root / name).resolve()
        if not file.is_relative_to(inside):
            raise ConfigurationError(f"{root}: {name} is a link that leads out of the bundle")
        if not file.is_file():
            return None
        size = file.stat().st_size
        total += size
        _demand_size(root, name, size, total)
        return file.read_bytes()

    return read


def _tar_reader(path: Path) -> Read:
    contents = _unpack(path)
    return contents.get


def _unpack(path: Path) -> dict[str, bytes]:
    """Every file of a packed bundle by its name below the folder that holds the index."""
    try:
        with path.open("rb") as raw:
            if raw.read(2) != b"\x1f\x8b":
                raise ConfigurationError(f"{path}: not a bundle: neither a directory nor a .tar.gz that msdoctor saved")
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) as packed:
                bounded: Any = _Bounded(path, packed)
                with tarfile.open(fileobj=bounded, mode="r:") as tar:
                    contents = dict(_members(path, tar))
                _drain(bounded)
    except (EOFError, tarfile.ReadError, zlib.error, gzip.BadGzipFile) as error:
        raise ConfigurationError(f"{path}: the bundle is cut short or damaged: {error}") from None
    except (tarfile.TarError, ValueError) as error:
        raise ConfigurationError(f"{path}: not a bundle: {error}") from None
    index = min(
        (name for name in contents if PurePosixPath(name).name == INDEX), key=lambda name: name.count("/"), default=""
    )
    folder = index.removesuffix(INDEX)
    return {name.removeprefix(folder): content for name, content in contents.items() if name.startswith(folder)}


def _members(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    total = 0
    for count, member in enumerate(tar):
        if count > MOST_FILES:
            raise ConfigurationError(f"{path}: more than {MOST_FILES} files: not a bundle")
        name = member.name.removeprefix("./")
        if member.isdir():
            continue
        if not member.isfile():
            raise ConfigurationError(f"{path}: {name} is a link or a device; a bundle holds only files")
        _demand_inside(path, name)
        total += member.size
        _demand_size(path, name, member.size, total)
        content = tar.extractfile(member)
        body = content.read() if content else b""
        if len(body) != member.size:
            raise EOFError(f"{name} ends early")
        yield name, body


def _drain(packed: _Bounded) -> None:
    """Read on to the end, where the checksum is."""
    while packed.read(1024 * 1024):
        pass


class _Bounded:
    """A stream that refuses to unpack more than any bundle holds."""

    def __init__(self, path: Path, packed: gzip.GzipFile) -> None:
        self._path = path
        self._packed = packed

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > LARGEST_FILE:
            raise ConfigurationError(
                f"{self._path}: unpacks to a file of more than {LARGEST_FILE >> 20} MiB: not a bundle"
            )
        self._demand(self._packed.tell() + size)
        return self._packed.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._demand(offset)
        return self._packed.seek(offset, whence)

    def tell(self) -> int:
        return self._packed.tell()

    def _demand(self, offset: int) -> None:
        if offset > LARGEST_BUNDLE + LARGEST_FILE:
            raise ConfigurationError(f"{self._path}: unpacks to more than {LARGEST_BUNDLE >> 30} GiB: not a bundle")


def _demand_inside(path: Path, name: str) -> None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0] or "\0" in name:
        raise ConfigurationError(f'{path}: "{name}" climbs out of the bundle')


def _demand_size(path: Path, name: str, size: int, total: int) -> None:
    if size > LARGEST_FILE:
        raise ConfigurationError(f"{path}: {name} is larger than {LARGEST_FILE >> 20} MiB: not a bundle")
    if total > LARGEST_BUNDLE:
        raise ConfigurationError(f"{path}: larger than {LARGEST_BUNDLE >> 30} GiB: not a bundle")


# The index


class _MalformedError(Exception):
    """Something in the index is not what it should be."""


def _decode(path: Path, read: Read) -> Bundle:
    content = read(INDEX)
    if content is None:
        raise ConfigurationError(f"{path}: not a bundle: it has no {INDEX}")
    try:
        index = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {INDEX} is malformed or cut short: {error}") from None
    _demand_format(path, index)
    try:
        context = _context(_field(index, "context", dict))
        entries = _field(index, "documents", list)
        documents = [_document(path, number, entry, read) for number, entry in enumerate(entries)]
        taken_at = _time(_field(index, "takenAt", str))
    except _MalformedError as error:
        raise ConfigurationError(f"{path}: {INDEX} is malformed: {error}") from None
    if len({document.place for document in documents}) != len(documents):
        raise ConfigurationError(f"{path}: {INDEX} is malformed: a document stands in it twice")
    return bundle_of(documents, taken_at, context)


def _demand_format(path: Path, index: Any) -> None:
    found = index.get("format") if isinstance(index, dict) else None
    if not isinstance(found, str):
        raise ConfigurationError(f"{path}: not a bundle: its {INDEX} names no format")
    if found != FORMAT:
        tool = index.get("tool", "?")
        raise ConfigurationError(
            f"{path}: made by msdoctor {tool} with format {found}; this one reads {FORMAT}: update msdoctor"
        )


def _context(value: Mapping[str, Any]) -> Context:
    other: dict[str, Any] = _field(value, "forUser", dict) if "forUser" in value else {"name": "", "groups": []}
    return Context(
        _field(value, "cluster", str),
        _field(value, "server", str),
        _field(value, "user", str),
        _texts(value, "groups"),
        _texts(value, "vantages"),
        _field(other, "name", str),
        _texts(other, "groups"),
    )


def _document(path: Path, number: int, entry: Any, read: Read) -> Document:
    try:
        kind = Kind(_field(entry, "kind", str))
        place = Place(_field(entry, "origin", str), kind, _field(entry, "path", str))
        at = _time(_field(entry, "at", str))
        if ("file" in entry) == ("refusal" in entry):
            raise _MalformedError("it needs either a file or a refusal")
        if "refusal" in entry:
            return Document(place, at, refusal=_refusal(_field(entry, "refusal", dict)))
        file = _field(entry, "file", str)
    except (_MalformedError, ValueError) as error:
        raise _MalformedError(f"documents[{number}]: {error}") from None
    _demand_inside(path, file)
    body = read(file)
    if body is None:
        raise ConfigurationError(f"{path}: {file}, which {INDEX} names, is missing: the bundle is cut short")
    return Document(place, at, body=body)


def _refusal(value: Mapping[str, Any]) -> Refusal:
    status = value.get("status")
    if status is not None and not isinstance(status, int):
        raise _MalformedError("status is not a number")
    return Refusal(Reason(_field(value, "reason", str)), _field(value, "detail", str), status)


def _field(value: Any, name: str, kind: type[T]) -> T:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise _MalformedError(f"{name} is missing or not a {kind.__name__}")
    return found


def _texts(value: Any, name: str) -> tuple[str, ...]:
    found: list[Any] = _field(value, name, list)
    if not all(isinstance(item, str) for item in found):
        raise _MalformedError(f"{name} is not a list of texts")
    return tuple(found)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _MalformedError(f'"{text}" is not a time') from None
    if at.tzinfo is None:
        raise _MalformedError(f'"{text}" has no time zone')
    return at.astimezone(UTC)

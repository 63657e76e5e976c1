"""Kubeconfig files, found and merged as kubectl does it. Light to import: a shell that completes a word waits for it.

Source of the rules: kubernetes.io "Organizing Cluster Access Using kubeconfig Files" (merging: the first file that
sets a value wins; relative paths belong to the file they stand in) and client-go's clientcmd.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from msdoctor.errors import ConfigurationError

# The one in C, where PyYAML has it, is ten times as fast.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PATH_KEYS = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}
_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A named cluster, context or user, and the file it stands in."""

    name: str
    file: Path
    kind: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return f'{self.file}: {self.kind} "{self.name}"'


@dataclass(frozen=True, slots=True)
class Merged:
    """Several kubeconfig files as one: the first file to name a thing defines it."""

    files: tuple[Path, ...]
    current: str
    entries: Mapping[str, Mapping[str, Entry]]

    def find(self, kind: str, name: str, wanted_by: str = "") -> Entry:
        """Raises ConfigurationError where there is none; ``wanted_by`` says who named it."""
        entry = self.entries[kind].get(name)
        if entry is None:
            there = ", ".join(sorted(self.entries[kind])) or "none"
            raise ConfigurationError(f'{self}: there is no {kind} "{name}"{wanted_by}; there are: {there}')
        return entry

    def __str__(self) -> str:
        return ", ".join(map(str, self.files))


def in_effect(explicit: str | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that kubectl would read, given `--kubeconfig` or not; none inside of a pod that has none."""
    if explicit:
        path = _expanded(explicit)
        if not path.exists():
            raise ConfigurationError(f"{path}: no such kubeconfig file; --kubeconfig names it")
        return (path,)
    listed = [_expanded(item) for item in environ.get("KUBECONFIG", "").split(os.pathsep) if item]
    if listed:
        there = tuple(dict.fromkeys(path for path in listed if path.exists()))
        if not there:
            names = ", ".join(map(str, listed))
            raise ConfigurationError(f"{names}: no such kubeconfig file; the environment variable KUBECONFIG names it")
        return there
    default = _expanded(environ.get("HOME") or "~") / ".kube" / "config"
    if default.exists():
        return (default,)
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return ()
    raise ConfigurationError(f"no kubeconfig: {default} does not exist; give --kubeconfig FILE, or set KUBECONFIG")


def _expanded(path: str) -> Path:
    """As it is where nobody knows whose home is meant: a container's user may have no name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def merge(files: tuple[Path, ...]) -> Merged:
    """Raises ConfigurationError for a file that cannot be read, or is no kubeconfig."""
    entries: dict[str, dict[str, Entry]] = {kind: {} for kind in _SECTIONS.values()}
    current = ""
    for file in files:
        content = _parse(file)
        current = current or text_of(content, "current-context", str(file))
        for section, kind in _SECTIONS.items():
            for entry in _entries(file, content, section, kind):
                entries[kind].setdefault(entry.name, entry)
    return Merged(files, current, entries)


def _parse(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  both are safe
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{file}{line}: the kubeconfig is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise ConfigurationError(f"{file}: the kubeconfig is not valid YAML: {first}") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: the kubeconfig cannot be read: {error.strerror}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file}: not a kubeconfig: clusters, contexts and users were expected")
    return content


def _entries(file: Path, content: Mapping[str, Any], section: str, kind: str) -> list[Entry]:
    items = content.get(section) or []
    if not isinstance(items, list):
        raise ConfigurationError(f"{file}: {section} is not a list")
    return [_entry(file, item, f"{section}[{number}]", kind) for number, item in enumerate(items)]


def _entry(file: Path, item: Any, where: str, kind: str) -> Entry:
    values = item.get(kind) or {} if isinstance(item, dict) else None
    if not isinstance(values, dict) or not isinstance(item.get("name"), str):
        raise ConfigurationError(f"{file}: {where} has no name and {kind}")
    plain = {key: value for key, value in values.items() if value not in (None, "")}
    for key in _PATH_KEYS.get(kind, ()):
        if key in plain:
            plain[key] = str(file.absolute().parent / text_of(plain, key, f"{file}: {where}"))
    return Entry(item["name"], file, kind, plain)


def text_of(values: Mapping[str, Any], key: str, where: str) -> str:
    """Empty where it is not set. Raises ConfigurationError for anything but a text."""
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{where}: {key} is not a text")
    return value or ""

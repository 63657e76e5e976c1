"""Findings about a declared cluster, told of the repository: with file, line and column, in its own paths.

A finding that rests on what the repository does not tell, a template's hole or a certificate that is not there, is
none: it becomes something unseen, at the place of the hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from msdoctor.model import Evidence, Finding, Location, Remedy
from msdoctor.repository import standins
from msdoctor.repository.holes import Holes
from msdoctor.repository.making import ANY_ADDRESS, ANY_NODE, Made
from msdoctor.repository.pieces import Text
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

# Beginnings of the flags that this pipeline depends on.
CONCERNING = (
    "anonymous-auth",
    "authentication-token-webhook",
    "authorization-mode",
    "client-ca-file",
    "config",
    "enable-aggregator-routing",
    "kubelet-",
    "metric-resolution",
    "proxy-client",
    "requestheader",
    "root-ca-file",
    "rotate-server-certificates",
    "secure-port",
    "tls-cert-file",
)
ANY_NODE_SAID, ANY_ADDRESS_SAID = "every node", "its InternalIP"
CONFIG_MAP = "ConfigMap kube-system/extension-apiserver-authentication"
_FLAG = re.compile(r"--([a-z][\w-]+)")
_KEY = re.compile(r"\b((?:requestheader-|proxy-client-|client-ca-)[a-z-]+)\b")
_PROGRAM = re.compile(r"msdoctor-hole-\d+-(?=[\w./-]*/(?:kube[\w-]+|k3s|rke2)\b)")
# What a kubelet signs for itself, made up for it here: its numbers say nothing.
_SELF_SIGNED = re.compile(r"of CN=([\w.-]+)@\d+, issued by CN=\1-ca@\d+(?=:)")
_EDITS = re.compile(r"\bsed -i\b|>")
_PEM = (".pem", ".crt", ".cer", ".cert", ".key")


class Placer:
    """Says where in the repository the findings about one cluster stand."""

    def __init__(self, made: Made, holes: Holes) -> None:
        self.made = made
        self.holes = holes

    def placed(self, id_: str, finding: Finding) -> Finding | NotRead:
        """The finding as it is told of the repository, or what it would have to know for that."""
        told = " ".join((finding.summary, *(item.saw for item in finding.evidence)))
        places = [self.place(item, finding.summary) for item in finding.evidence]
        about = [self.of_subject(subject) for subject in finding.subjects]
        at = self._best(places) or self._best(about) or self.made.server_at
        unknown = self.unknown(told)
        if unknown:
            return NotRead(unknown[0] or at or At("."), f"{id_} is not judged: {unknown[1]}")
        where = Location(at.file, at.line, at.column) if at else None
        return replace(
            finding,
            summary=self.told(finding.summary),
            evidence=tuple(self.evidence(item, place) for item, place in zip(finding.evidence, places, strict=True)),
            location=where,
            remedies=tuple(self.remedy(remedy) for remedy in finding.remedies),
            since=None,
            changed="",
        )

    def unknown(self, told: str) -> tuple[At | None, str] | None:
        """What a finding rests on and the repository does not tell."""
        holes = self.holes.within(told)
        if holes:
            return holes[0].at, f"{holes[0].written} is not resolved"
        if standins.UNSEEN in told:
            return None, "a certificate that the flags name is not in the repository"
        return None

    def unresolved(self) -> Iterator[NotRead]:
        """Holes that something of this pipeline stands behind: not passed, but not seen."""
        texts = [text for _, text in self.made.texts.items()]
        lines = [line for text in texts for line in text.body.split("\n")]
        scalars = [
            str(item.value)
            for tree in self.made.objects.values()
            for item in tree.walk()
            if isinstance(item.value, str)
        ]
        for line in (*lines, *scalars):
            named = _FLAG.findall(line)
            # In which folder a program lies is no matter of this pipeline's.
            for hole in self.holes.within(_PROGRAM.sub("", line)):
                concerns = not named or any(name.startswith(CONCERNING) for name in named)
                if concerns and not hole.of_host and not self._is_found(line):
                    yield NotRead(hole.at, f"a template that the repository does not resolve: {hole.written}")

    def _is_found(self, line: str) -> bool:
        """Whether the file that a flag names was found all the same, by its name."""
        _, equals, value = line.strip().rstrip("\\ ").rpartition("=")
        return bool(equals) and any(path == value.strip("\"' ") for _, path in self.made.texts)

    # Places

    def place(self, evidence: Evidence, summary: str = "") -> At | None:
        """Where one thing seen stands; of several that it quotes, the one that the summary speaks of."""
        if evidence.where.startswith(CONFIG_MAP):
            named = [name for name in _KEY.findall(evidence.saw) if name in self.made.flags]
            return self.made.flags[named[0]] if named else self.made.server_at
        tree = self.object_of(evidence.where)
        if tree is not None:
            return _scalar_of(tree, evidence.saw, summary) or _head(tree)
        match = self._known.search(evidence.where) if self.made.texts else None
        if match is None:
            return None
        text = self._texts[match[1]]
        if match[2]:
            return text.place(int(match[2]))
        own = _place_of_flag(text, evidence.saw)
        if own is not None:
            return own
        flag = next((name for name in _FLAG.findall(evidence.saw) if name in self.made.flags), None)
        return self.made.flags[flag] if flag and self.made.flags[flag].file == text.at.file else text.at

    def object_of(self, where: str) -> Tree | None:
        """The object that a piece of evidence is of."""
        lowered = where.lower()
        for subject, tree in self.made.objects.items():
            kind, _, name = subject.partition("/")
            if lowered.startswith((subject.lower(), f"{kind} {name}".lower())):
                return tree
        return None

    def of_subject(self, subject: str) -> At | None:
        """Where what a finding is about begins."""
        tree = self.made.objects.get(subject)
        if tree is not None:
            return _head(tree)
        kind, _, name = subject.partition("/")
        return self.made.nodes.get(name) if kind == "node" else None

    def _best(self, places: Iterable[At | None]) -> At | None:
        """What is to be changed comes before what it is held against, and before what a distribution makes of it."""
        made_up = {text.at for text in self.made.texts.values() if text.lines == {}}
        told = [place for place in places if place is not None]
        return min(told, key=lambda place: (place in made_up, place.file.endswith(_PEM)), default=None)

    @cached_property
    def _texts(self) -> dict[str, Text]:
        return {f"{host}:{path}": text for (host, path), text in self.made.texts.items()}

    @cached_property
    def _known(self) -> re.Pattern[str]:
        names = sorted(self._texts, key=len, reverse=True)
        return re.compile("(" + "|".join(map(re.escape, names)) + r")(?::(\d+))?")

    @cached_property
    def _paths(self) -> tuple[re.Pattern[str] | None, dict[str, str]]:
        files = dict(self.made.paths)
        for (_, path), text in self.made.texts.items():
            files.setdefault(path, text.at.file)
        names = sorted(files, key=len, reverse=True)
        pattern = (
            re.compile(r"(?<![\w./-])(" + "|".join(map(re.escape, names)) + r")(?![\w/-]|\.\w)") if names else None
        )
        return pattern, files

    # Words

    def told(self, text: str) -> str:
        """A text with the repository's own paths, and without what was made up to stand for any node."""

        def place(match: re.Match[str]) -> str:
            known = self._texts[match[1]]
            at = known.place(int(match[2]) if match[2] else None)
            return f"{at.file}:{at.line}" if match[2] else at.file

        if self.made.texts:
            text = self._known.sub(place, text)
            pattern, files = self._paths
            text = pattern.sub(lambda match: files[match[1]], text) if pattern else text
        text = _SELF_SIGNED.sub("which it signs for itself", text)
        return self.holes.restored(text.replace(ANY_ADDRESS, ANY_ADDRESS_SAID).replace(ANY_NODE, ANY_NODE_SAID))

    def evidence(self, item: Evidence, at: At | None) -> Evidence:
        """What was seen, and a command that shows it again in the repository."""
        if at is None:
            return replace(item, saw=self.told(item.saw), where=self.told(item.where), how=self.told(item.how))
        is_pem = at.file.endswith(_PEM)
        how = self.told(item.how) if is_pem else f"sed -n {at.line}p {at.file}"
        return Evidence(self.told(item.saw), at.file if is_pem else f"{at.file}:{at.line}", how, "repository", item.at)

    def remedy(self, remedy: Remedy) -> Remedy:
        """A remedy with the repository's own paths, without commands that edit a file that was made up."""
        return replace(
            remedy,
            advice=self.told(remedy.advice),
            commands=tuple(self.told(command) for command in remedy.commands if not self._edits_made_up(command)),
            verify=self.told(remedy.verify),
            undo=tuple(self.told(command) for command in remedy.undo),
        )

    def _edits_made_up(self, command: str) -> bool:
        named = [text for (_, path), text in self.made.texts.items() if path in command]
        return bool(_EDITS.search(command)) and any(text.lines is not None for text in named)


def _place_of_flag(text: Text, saw: str) -> At | None:
    """Where a text gives the one flag that was seen."""
    named = _FLAG.match(saw)
    lines = enumerate(text.body.split("\n"), 1)
    number = next((number for number, line in lines if named and named[0] in line), None)
    return text.place_of(number, named[0]) if named and number else None


def _head(tree: Tree) -> At:
    name = tree.get("metadata", "name")
    return name.at if name is not None else tree.at


def _scalar_of(tree: Tree, saw: str, summary: str) -> At | None:
    """The value of an object that a text quotes: an argument, or a number behind a field's name."""
    words = [word.strip("\"',;()") for word in saw.split()]
    given = [word for word in words if word.startswith("--")]
    wanted = sorted(given, key=lambda word: word.lstrip("-").partition("=")[0] not in summary)
    scalars = [item for item in tree.walk() if isinstance(item.value, str)]
    places = [
        scalar.at
        for word in wanted
        for scalar in scalars
        if scalar.value == word or str(scalar.value).split("=")[0] == word
    ]
    # What a chart adds by itself stands nowhere in its values.
    written = [place for place in places if place != tree.at]
    return next(iter((*written, *places)), None) or _field_of(tree, words)


def _field_of(tree: Tree, words: Sequence[str]) -> At | None:
    for name, place in _keys(tree):
        if len(name) > 4 and any(word.rstrip(":") == name or word.startswith(f"{name}=") for word in words):
            return place
    return None


def _keys(tree: Tree) -> Iterator[tuple[str, At]]:
    for item in tree.walk():
        yield from item.keys.items()

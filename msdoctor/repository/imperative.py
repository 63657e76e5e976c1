"""Commands that set flags of metrics-server where no manifest of it lies: kubectl, helm, sed, yq, Terraform's releases.

Only what stands there literally is taken, and only what a command adds: one that looks for a flag, or removes it, says
nothing of what will run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from msdoctor.repository import charts, trees
from msdoctor.repository.holes import Holes
from msdoctor.repository.pieces import Object, Patch
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

NAME = charts.NAME
ARGS = "/spec/template/spec/containers/0/args/-"
_FLAG = re.compile(r"(?<![\w-])--(?:kubelet|metric|secure|cert|tls|requestheader)-[a-z-]+(?:=[\w.,:/@%+-]*)?")
_COMMAND = re.compile(r"(?<![\w./-])(kubectl|oc|k3s|helm|sed|yq)\b")
# Characters of one file's commands; one in the quotes of another counts in both. No file that people write has as many.
MOST_PARTED = 2_000_000
_ENDS = "\n;|&<>()"  # of a command, outside of quotes
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ADDED_BY_SED = re.compile(r"(?:^|[;{/\d$])\s*[aic](?:\\|\s)|^s(.)(?:\\.|(?!\1).)*\1", re.DOTALL)
_RELEASE = re.compile(r'resource\s+"helm_release"\s+"[^"]*"\s*\{')
_SET = re.compile(
    r'\bname\s*=\s*"(?P<name>[^"]+)"\s*(?:,|;)?\s*(?:type\s*=\s*"[^"]*"\s*)?value\s*=\s*(?:"(?P<v>[^"]*)"|(?P<b>\w+))'
)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Source:
    """A text, and where it begins in its file: its first line there, and how far that is indented."""

    path: str
    text: str
    line: int = 1
    indent: int = 0

    def at(self, offset: int) -> At:
        """Where a character stands."""
        before = self.text[:offset]
        line = before.count("\n")
        return At(self.path, self.line + line, offset - before.rfind("\n") + (0 if line else self.indent))


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one command as a shell parts them, and the offset at which each begins."""

    source: Source
    words: list[str]
    offsets: list[int]
    length: int  # in characters

    def at(self, text: str, within: int = 0) -> At:
        """Where a text stands in one of the words, or that word where a shell has put it together."""
        place = self.source.text.find(text, self.offsets[within])
        return self.source.at(place if text and place >= 0 else self.offsets[within])

    def options(self, *names: str) -> Iterator[tuple[str, int]]:
        """The value of each of these options, and the number of the word that it stands in."""
        for place, word in enumerate(self.words):
            option, equals, value = word.partition("=")
            if option in names and equals:
                yield value, place
            elif option in names and place + 1 < len(self.words):
                yield self.words[place + 1], place + 1


@dataclass(frozen=True, slots=True)
class Commands:
    """What the commands of a text make of metrics-server, in words what each is, and where reading them ended early."""

    pieces: tuple[tuple[Object | Patch, str], ...] = ()
    not_read: tuple[NotRead, ...] = ()


def read(source: Source, holes: Holes) -> Commands:
    """Read the commands of a text, up to MOST_PARTED characters of them."""
    if NAME not in source.text:
        return Commands()
    made: list[tuple[Object | Patch, str]] = [*_releases(source)]
    not_read: list[NotRead] = []
    for command in _commands(source, not_read):
        made += _of_command(command)
    return Commands(tuple((replace(piece, tree=_open(piece.tree, holes)), what) for piece, what in made), (*not_read,))


def _open(tree: Tree, holes: Holes) -> Tree:
    """With a hole for each value that a shell or a template fills in."""
    if isinstance(tree.value, dict):
        return Tree({name: _open(item, holes) for name, item in tree.fields.items()}, tree.at, tree.end, tree.keys)
    if isinstance(tree.value, list):
        return Tree([_open(item, holes) for item in tree.items], tree.at, tree.end)
    if not isinstance(tree.value, str) or not ("$" in tree.value or "{{" in tree.value):
        return tree
    name, equals, value = tree.value.partition("=")
    whole = not equals or "$" in name or "{{" in name
    return Tree(holes.make(tree.value, tree.at) if whole else f"{name}={holes.make(value, tree.at)}", tree.at)


def _commands(source: Source, not_read: list[NotRead]) -> Iterator[_Words]:
    arguments: set[int] = set()  # words that a command before has taken: they begin no other
    parted = 0
    for match in _COMMAND.finditer(source.text):
        if match.start() in arguments or _is_comment(source.text, match.start()):
            continue
        if parted > MOST_PARTED:
            why = f"more than {MOST_PARTED:,} characters of commands: this one and those after it were not read"
            not_read.append(NotRead(source.at(match.start()), why))
            return
        command = _words(source, match.start())
        arguments.update(command.offsets)
        parted += command.length
        yield command


def _of_command(command: _Words) -> Iterator[tuple[Object | Patch, str]]:
    if command.words[0] == "helm":
        return _by_helm(command)
    return _by_editor(command) if command.words[0] in ("sed", "yq") else _by_kubectl(command)


def _is_comment(text: str, offset: int) -> bool:
    return text[text.rfind("\n", 0, offset) + 1 : offset].lstrip().startswith(("#", "//"))


def _words(source: Source, start: int) -> _Words:
    """A command up to where it ends, or to where its quotes do not close."""
    text, place = source.text, start
    words: list[str] = []
    offsets: list[int] = []
    while place < len(text) and text[place] not in _ENDS:
        if text[place] in " \t" or text.startswith("\\\n", place):
            place += 1 if text[place] in " \t" else 2
            continue
        word, end = _word(text, place)
        words.append(word)
        offsets.append(place)
        place = max(end, place + 1)
    return _Words(source, words, offsets, place - start)


def _word(text: str, place: int) -> tuple[str, int]:
    """One word without its quotes, and where it ends."""
    word = ""
    while place < len(text) and text[place] not in _ENDS and text[place] not in " \t":
        char = text[place]
        if char == "'":
            end = text.find("'", place + 1)
            end = len(text) if end < 0 else end
            word, place = word + text[place + 1 : end], end + 1
        elif char == '"':
            match = _QUOTED.match(text, place)
            if match is None:
                return word + text[place + 1 :], len(text)
            word, place = word + re.sub(r'\\(["\\$`\n])', r"\1", match[1]), match.end()
        elif char == "\\":
            if text.startswith("\\\n", place):
                break
            word, place = word + text[place + 1 : place + 2], place + 2
        else:
            word, place = word + char, place + 1
    return word, place


# kubectl


def _by_kubectl(command: _Words) -> Iterator[tuple[Patch, str]]:
    words = command.words
    if "patch" not in words or not any(_is_deployment(words, place) for place in range(len(words))):
        return
    for body, place in command.options("-p", "--patch"):
        operations = _operations(command, body, place)
        if operations is not None:
            yield Patch(operations, NAME), f"kubectl patch of Deployment {NAME}"


def _is_deployment(words: list[str], place: int) -> bool:
    word = words[place]
    kind, slash, name = word.partition("/")
    kinds = ("deploy", "deployment", "deployments", "deployment.apps", "deployments.apps", "deploy.apps")
    if slash:
        return kind in kinds and name == NAME
    return word in kinds and place + 1 < len(words) and words[place + 1] == NAME


def _operations(command: _Words, body: str, place: int) -> Tree | None:
    """A JSON patch with each value where it stands; None where it is none."""
    listed = _json(body)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        return None
    return Tree([_located(item, command, place) for item in listed], command.at("", place))


def _json(text: str) -> object:
    """Of a text that may stand in a string of another language, its quotes escaped."""
    for one in (text, text.replace('\\"', '"')):
        try:
            return json.JSONDecoder().raw_decode(one.strip())[0]
        except ValueError:
            continue
    return None


def _located(value: object, command: _Words, place: int) -> Tree:
    at = command.at(value if isinstance(value, str) else "", place)
    if isinstance(value, dict):
        return Tree({str(name): _located(item, command, place) for name, item in value.items()}, at)
    if isinstance(value, list):
        return Tree([_located(item, command, place) for item in value], at)
    return Tree(value if isinstance(value, str | int | float | bool) else None, at)


# helm


def _by_helm(command: _Words) -> Iterator[tuple[Object, str]]:
    words = command.words
    if not {"install", "upgrade", "template"}.intersection(words) or not any(
        word.rpartition("/")[2] == NAME for word in words
    ):
        return
    at = command.at("")
    given = command.options("--set", "--set-string")
    pairs = [(name, value, command.at(value, place)) for text, place in given for name, value in _pairs(text)]
    values = _values(pairs, at)
    yield Object(charts.of(values)), f"helm release of {NAME}"


def _pairs(given: str) -> Iterator[tuple[str, str]]:
    """``a=1,b={x,y},c[0]=z`` as names and values; a list is a value for each of its places."""
    for match in re.finditer(r"([^=,]+)=(\{[^}]*\}|(?:\\,|[^,])*)", given):
        name, value = match[1], match[2]
        if value.startswith("{"):
            items = [item for item in value[1:-1].split(",") if item]
            yield from ((f"{name}[{place}]", item.strip()) for place, item in enumerate(items))
        else:
            yield name, value.replace("\\,", ",")


def _values(pairs: Iterable[tuple[str, str, At]], at: At) -> Tree:
    """The values that ``--set`` makes, as far as fields and lists of words go."""
    fields: dict[str, Tree] = {}
    for name, value, where in pairs:
        steps = [step or int(place) for step, place in _STEP.findall(name)]
        _put(fields, steps, Tree(value, where))
    return Tree(fields, at)


def _put(fields: dict[str, Tree], steps: list[str | int], value: Tree) -> None:
    first, *rest = steps
    if not isinstance(first, str):
        return
    if not rest:
        fields[first] = value
    elif isinstance(rest[0], int) and len(rest) == 1:
        fields[first] = Tree([*(fields[first].items if first in fields else ()), value], value.at)
    else:
        below = dict(fields[first].fields) if first in fields else {}
        _put(below, rest, value)
        fields[first] = Tree(below, value.at)


# Editors of manifests that are fetched


def _by_editor(command: _Words) -> Iterator[tuple[Patch, str]]:
    """Editors, sed and yq, that write a flag into a manifest."""
    program = command.words[0]
    for place, word in enumerate(command.words):
        if program == "sed":
            added = _ADDED_BY_SED.search(word)
            flags = [match[0] for match in _FLAG.finditer(word, added.end())] if added else []
        else:
            flags = [match[0] for match in _FLAG.finditer(word)] if "+=" in word or "+ [" in word else []
        if flags:
            yield (
                Patch(_appended((flag, command.at(flag, place)) for flag in flags), NAME),
                f"{program} of {NAME}'s manifest",
            )


def _appended(flags: Iterable[tuple[str, At]]) -> Tree:
    listed = [Tree({"op": Tree("add", at), "path": Tree(ARGS, at), "value": Tree(flag, at)}, at) for flag, at in flags]
    return Tree(listed, listed[0].at)


# Terraform


def _releases(source: Source) -> Iterator[tuple[Object, str]]:
    for match in _RELEASE.finditer(source.text):
        block = _block(source.text, match.end())
        if not re.search(rf'\bchart\s*=\s*"(?:[^"]*/)?{NAME}"', block):
            continue
        at = source.at(match.start())
        pairs = [
            (
                one["name"],
                one["v"] if one["v"] is not None else one["b"],
                source.at(match.end() + one.start(_group(one))),
            )
            for one in _SET.finditer(block)
        ]
        values = _values(pairs, at)
        fields = dict(values.fields)
        for tree in (*_heredocs(source, match.end(), block), *_encoded(source, match.end(), block)):
            fields |= tree.fields
        yield Object(charts.of(Tree(fields, at))), f"helm release of {NAME}"


def _group(match: re.Match[str]) -> str:
    return "v" if match["v"] is not None else "b"


def _block(text: str, start: int) -> str:
    """What stands between a brace that was opened and the one that closes it."""
    depth = 1
    for match in re.finditer(r"[{}]", text[start:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[start : start + match.start()]
    return text[start:]


def _heredocs(source: Source, start: int, block: str) -> Iterator[Tree]:
    from msdoctor.repository.scripts import heredocs  # noqa: PLC0415  it has no need of this one

    for part in heredocs(block):
        line = source.at(start).line + part.line - 1
        yield from trees.read("\n" * (line - 1) + part.body, source.path).trees


def _encoded(source: Source, start: int, block: str) -> Iterator[Tree]:
    """``yamlencode({ args = ["--x"] })``: lists of words by their names."""
    for encoded in re.finditer(r"yamlencode\(", block):
        fields: dict[str, Tree] = {}
        for match in re.finditer(
            r"(?m)^\s*\"?(args|defaultArgs)\"?\s*[=:]\s*\[([^\]]*)\]|[{,]\s*(args|defaultArgs)\s*=\s*\[([^\]]*)\]",
            block[encoded.end() :],
        ):
            name, body = (match[1], 2) if match[1] else (match[3], 4)
            first = start + encoded.end() + match.start(body)
            items = [Tree(one[1], source.at(first + one.start(1))) for one in re.finditer(r'"([^"$]*)"', match[body])]
            fields[name] = Tree(items, source.at(first))
        yield Tree(fields, source.at(start + encoded.start()))


# Modules of Ansible


def of_module(tree: Tree) -> tuple[Object | Patch, str] | None:
    """What an Ansible module makes of metrics-server by its own words: a JSON patch, a release of the chart."""
    fields: Mapping[str, Tree] = tree.fields
    if NAME in tree.text("chart_ref") and tree.text("chart_ref").rpartition("/")[2] == NAME:
        values = fields.get("values") or fields.get("release_values") or Tree({}, tree.at)
        return Object(charts.of(values)), f"helm release of {NAME}"
    patch = fields.get("patch")
    if patch is not None and patch.items and tree.text("name") == NAME and tree.text("kind") in ("Deployment", ""):
        return Patch(patch, NAME), f"patch of Deployment {NAME}"
    return None

"""An explanation, and a manual page, as text for a reader at 3 a.m. and as JSON.

Text from a log is shown, never obeyed: whatever could steer a terminal or reorder what is read is printed as an escape.
Prose is wrapped; a command stays on one line, ready to paste.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msdoctor.called import called
from msdoctor.explain import Explanation, Match
from msdoctor.model import Blanks, Check, Class, Look, Remedy, Risk, Says, bullets

from .terminal import BODY, BOLD, GREEN, RED, YELLOW, Page, visible

if TYPE_CHECKING:
    from msdoctor.vocabulary import Entry

SCHEMA_VERSION = "1"

_IN_FULL = 3  # of candidates between which a look has to decide; JSON has the pages of all
_MOST_QUOTED = 300  # characters of a matched line that the text shows; JSON has more

_SYMBOLS = {
    Class.CAUSE: "✗",
    Class.RISK: "!",
    Class.ELSEWHERE: "→",
    Class.SYMPTOM: "?",
    Class.BENIGN: "·",
    Class.HEALTHY: "✓",
}
_COLOURS = {Class.CAUSE: RED, Class.RISK: YELLOW, Class.SYMPTOM: YELLOW, Class.HEALTHY: GREEN}
_RISKS = {
    Risk.DISRUPTIVE: "interrupts service",
    Risk.WEAKENS_SECURITY: "WEAKENS SECURITY",
}


# Text


def text(explanation: Explanation, width: int = 80, colour: bool = False) -> str:
    """The explanation for a terminal."""
    page = Page(width, colour)
    if not explanation.matches:
        return "\n".join(_of_nothing(explanation, page)) + "\n"
    blocks = [list(_of_match(match, page)) for match in explanation.matches if _is_likely(match, explanation)]
    if explanation.ambiguous:
        blocks.insert(0, list(_of_ambiguity(explanation, page)))
    if explanation.notes:
        blocks.append([line for note in explanation.notes for line in page.labelled("not read", note)])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def summary(explanation: Explanation, width: int = 80, colour: bool = False) -> str:
    """What a log that was followed came to, each match in a line or two: its page was printed when it appeared."""
    page = Page(width, colour)
    if not explanation.matches:
        return "\n".join(_of_nothing(explanation, page)) + "\n"
    lines: list[str] = []
    for match in explanation.matches:
        lines += [_name(match, page), *page.labelled("said by", _lines(match) + _times(match))]
        if match.nodes:
            lines += page.labelled("nodes", _nodes(match))
    return "\n".join(lines) + "\n"


def manual_text(check: Check, width: int = 80, colour: bool = False) -> str:
    """A check's manual page for a terminal."""
    page = Page(width, colour)
    head = [page.paint(check.id, BOLD) + f"   {check.cls}, hop {check.hop}", *page.wrapped(check.title, "    ")]
    remedies = list(_of_remedies(check.advise(Blanks()), page))
    body = list(_of_manual(check.manual, page))
    return (
        "\n".join([*head, "", *body, *([page.paint("Remedies", BOLD), *remedies] if remedies else [])]).rstrip() + "\n"
    )


def _quote(line: str, page: Page) -> list[str]:
    """A line of the reader's own text, cut where it is very long."""
    shown = f"{line[:_MOST_QUOTED]}…" if len(line) > _MOST_QUOTED else line
    return page.wrapped(visible(shown).replace("`", "'"), BODY, break_words=True)


def _command(command: str) -> Iterator[str]:
    """A command of one line or several, unwrapped."""
    for line in command.split("\n"):
        yield f"      {visible(line)}"


def _of_nothing(explanation: Explanation, page: Page) -> Iterator[str]:
    yield "Nothing here that msdoctor knows."
    yield from page.wrapped(
        f"That is no proof of health. Give it more of the log, or let it look at the cluster itself: {called()} run",
        "  ",
    )
    for note in explanation.notes:
        yield from page.labelled("not read", note)


def _of_ambiguity(explanation: Explanation, page: Page) -> Iterator[str]:
    for best in explanation.matches:
        candidates = _candidates(best, explanation)
        if len(candidates) == 1 or best is not candidates[0]:
            continue
        number = len(candidates)
        yield page.paint(f"{_lines(best)} can mean {number} things; the text alone does not tell which:", BOLD)
        for match in candidates:
            yield f"  {match.id}"
            yield from page.wrapped(match.title, "      ")
        if best.because:
            yield from page.wrapped(f'{best.id} is first because of these words: "{visible(best.because)}".', "  ")
        yield from _of_looks((look for match in candidates for look in match.decide), page)
        if number > _IN_FULL:
            rest = f"The likeliest {_IN_FULL} follow. For the page of another: `{called()} explain ID`"
            yield from page.wrapped(rest, "  ")


def _candidates(one: Match, explanation: Explanation) -> list[Match]:
    """The match and its rivals, likeliest first."""
    return [match for match in explanation.matches if match.id in (one.id, *one.rivals)]


def _is_likely(match: Match, explanation: Explanation) -> bool:
    """Whether its page is worth the reader's time before the looks have decided."""
    return match in _candidates(match, explanation)[:_IN_FULL]


def _of_looks(looks: Iterable[Look], page: Page) -> Iterator[str]:
    """What to look at, each command once, with what each outcome means. What needs no way onto a host comes first."""
    outcomes: dict[tuple[str, str], list[Look]] = {}
    for look in sorted(looks, key=lambda look: look.on != ""):
        outcomes.setdefault((look.on, look.look), []).append(look)
    for (machine, command), seen in outcomes.items():
        yield from page.wrapped(f"This decides, on {machine}:" if machine else "This decides:", "  ")
        yield from _command(command)
        for look in dict.fromkeys(seen):
            yield from page.wrapped(f"{look.shows} → {look.then}", " " * 8, first="      - ")


def _of_match(match: Match, page: Page) -> Iterator[str]:
    yield _name(match, page)
    yield from page.wrapped(match.title, "    ")
    later = "; the same node has said something else since" if match.earlier else ""
    yield from page.labelled("said by", _lines(match) + _times(match) + later)
    yield from _quote(match.matched, page)
    if match.nodes:
        yield from page.labelled("nodes", _nodes(match))
    if match.means:
        yield from page.labelled("means", match.means)
    for place, bullet in enumerate(match.will_not_help):
        yield from page.labelled("no help" if place == 0 else "", bullet)
    yield from _of_remedies(match.remedies, page)


def _name(match: Match, page: Page) -> str:
    name = page.paint(f"{_SYMBOLS[match.cls]} {match.id}", BOLD, _COLOURS.get(match.cls, ""))
    return f"{name}   {match.cls}, {match.confidence}, hop {match.hop}"


def _nodes(match: Match) -> str:
    return ", ".join(match.nodes) + (", and more" if match.more_nodes else "")


def _lines(match: Match) -> str:
    first, *others = match.files or ("",)
    where = f"{first}, " if first else ""
    numbers = match.lines or (match.line,)
    if len(numbers) == 1:
        where += f"line {numbers[0]}"
    else:
        where += f"lines {', '.join(_ranges(numbers))}" + ("…" if match.times > len(numbers) else "")
    return where + (f", and in {', '.join(others)}" if others else "")


def _ranges(numbers: Iterable[int]) -> Iterator[str]:
    """Line numbers, neighbours as ``first-last``."""
    first = last = 0
    for number in (*numbers, 0):
        if number == last + 1 and first:
            last = number
            continue
        if first:
            yield f"{first}-{last}" if last > first else str(first)
        first = last = number


def _times(match: Match) -> str:
    if match.times <= 1:
        return f", at {match.first}" if match.first else ""
    span = f", from {match.first} to {match.last}" if match.first and match.last != match.first else ""
    return f", {match.times} times{span}"


def _of_remedies(remedies: tuple[Remedy, ...], page: Page) -> Iterator[str]:
    for number, remedy in enumerate(remedies, 1):
        risks = "".join(f" ({_RISKS[risk]})" for risk in remedy.risks)
        yield from page.labelled(f"repair {number}" if len(remedies) > 1 else "repair", f"{remedy.advice}{risks}")
        if remedy.commands:
            yield from page.labelled("", f"on {remedy.on}:")
        for command in remedy.commands:
            yield from _command(command)
        if remedy.verify:
            soon = remedy.shows_within_seconds == 0
            yield from page.labelled("verify", "at once:" if soon else f"in {remedy.shows_within_seconds} s:")
            yield from _command(remedy.verify)
        if remedy.undo:
            yield from page.labelled("undo", f"on {remedy.on}:")
        for command in remedy.undo:
            yield from _command(command)


def _of_manual(manual: str, page: Page) -> Iterator[str]:
    """The page's headings, paragraphs and lists, wrapped; indented blocks are examples and stay as they are."""
    for block in manual.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if lines[0].startswith("## "):
            yield page.paint(visible(lines.pop(0)[3:].strip()), BOLD)
        yield from _of_paragraph(lines, page)
        yield ""


def _of_paragraph(lines: list[str], page: Page) -> Iterator[str]:
    if all(line.startswith("    ") for line in lines):
        yield from (visible(line) for line in lines)
        return
    for item in _items(lines):
        bullet = item.startswith("- ")
        yield from page.wrapped(item[2:] if bullet else item, "    " if bullet else "  ", "  - " if bullet else "  ")


def _items(lines: list[str]) -> Iterator[str]:
    """A paragraph's list items, or the paragraph itself, each as one text."""
    item: list[str] = []
    for line in lines:
        if line.startswith("- ") and item:
            yield " ".join(item)
            item = []
        item.append(line.strip())
    if item:
        yield " ".join(item)


# JSON


def json_(explanation: Explanation, *, one_line: bool = False) -> str:
    """The explanation as the JSON of ``explain -o json``. ``one_line``: one of several, each on a line of its own."""
    return _dump(
        {
            "schemaVersion": SCHEMA_VERSION,
            "ambiguous": explanation.ambiguous,
            "matches": [_match_document(match) for match in explanation.matches],
        },
        None if one_line else 2,
    )


def name_text(entry: Entry) -> str:
    """What is known of an id that has a name and no check yet."""
    return f"{entry.id}: {entry.title}\nThis version has no check for it yet, and so no manual page.\n"


def manual_json(check: Check) -> str:
    """A check's manual page as the JSON of ``explain ID -o json``."""
    return _dump(
        {
            "schemaVersion": SCHEMA_VERSION,
            "id": check.id,
            "class": check.cls,
            "hop": check.hop,
            "title": check.title,
            "manual": check.manual,
            "says": [_says_document(says) for says in check.says],
            "willNotHelp": list(bullets(check.manual, "What will not help")),
            "remedies": [_remedy_document(remedy) for remedy in check.advise(Blanks())],
        }
    )


def name_json(entry: Entry) -> str:
    """In the same form, what is known of an id that has a name and no check yet."""
    return _dump(
        {
            "schemaVersion": SCHEMA_VERSION,
            "id": entry.id,
            "class": entry.classes[0],
            "hop": entry.hop,
            "title": entry.title,
            "manual": "",
            "says": [],
            "willNotHelp": [],
            "remedies": [],
        }
    )


def _dump(document: object, indent: int | None = 2) -> str:
    # ASCII: so no bidirectional or lone surrogate character of a log reaches a terminal; DEL is ASCII, and is not text
    return json.dumps(document, indent=indent, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


def _match_document(match: Match) -> dict[str, object]:
    return {
        "id": match.id,
        "class": match.cls,
        "confidence": match.confidence,
        "line": match.line,
        "files": list(match.files),
        "matched": match.matched,
        "times": match.times,
        "first": match.first,
        "last": match.last,
        "means": match.means,
        "willNotHelp": list(match.will_not_help),
        "decide": [{"look": look.look, "on": look.on, "if": look.shows, "then": look.then} for look in match.decide],
        "remedies": [_remedy_document(remedy) for remedy in match.remedies],
    }


def _remedy_document(remedy: Remedy) -> dict[str, object]:
    return {
        "advice": remedy.advice,
        "commands": list(remedy.commands),
        "on": remedy.on,
        "risks": list(remedy.risks),
        "undo": list(remedy.undo),
        "verify": remedy.verify,
        "showsWithinSeconds": remedy.shows_within_seconds,
        "way": remedy.way,
    }


def _says_document(says: Says) -> dict[str, object]:
    return {"error": says.error, "hop": says.hop, "where": dict(says.where), "likelihood": says.likelihood}

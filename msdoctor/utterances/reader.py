"""The reader of utterances: from lines, in whatever state they were pasted, to values.

It composes: ``paste`` makes printed lines, ``prefixes`` takes off what carried them, ``records`` reads the header and
the fields, ``innermost`` finds the errors, ``connections``, ``hops`` and ``speakers`` say where and by whom. One pass;
memory is bounded by the longest line that is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from msdoctor.model import Hop
from msdoctor.utterances import Connection, Speaker, Utterance, errors
from msdoctor.utterances.circumstances import OF_ONE_POD, circumstances_in
from msdoctor.utterances.connections import (
    OF_ANY_APISERVICE,
    connection_of,
    group_asked,
    group_listed,
    kubelet_asked,
    others_apiservice,
    split_wrappers,
)
from msdoctor.utterances.earlier import Earlier
from msdoctor.utterances.ellipses import rest_of
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.innermost import Found, breaks_off, find_errors, is_cut
from msdoctor.utterances.milestones import milestone
from msdoctor.utterances.paste import MOST_LINE, Line, printed_lines
from msdoctor.utterances.prefixes import Carried, take_off
from msdoctor.utterances.quoting import as_typed, unquote
from msdoctor.utterances.records import KLOG, Record, read_record
from msdoctor.utterances.speakers import is_a_beginning, speaker_of
from msdoctor.utterances.tables import Tables

_TAIL = re.compile(r"[:\s]{0,3}\w{0,3}")  # what may be left of an error's next word where a terminal cut it
_WHY = re.compile(r":(?: [a-z]{1,20}){1,8}\s?")  # of what wraps another error, whose beginning is there
_IN_FIELD = re.compile(r'\s?[\w.]{0,60}="|"[^"]{1,253}"\s*$')  # the rest of ` node="k8s-node1"`, cut anywhere


def read(lines: Iterable[str], *, speaker: Speaker = Speaker.UNKNOWN) -> Iterator[Utterance]:
    """What a paste says that this pipeline knows of, in order, and what it shows of the cluster beside that.

    ``speaker``: whose log it is, where that is known.
    """
    shown: set[str] = set()
    earlier = Earlier()
    tables = Tables()
    beside = _Beside()
    told = speaker
    asked = _Asked()
    for line in _lines(lines, 1):
        asked.note(line.text)
        for utterance in _said_in(line, told if _ends_a_program(line.text) else speaker):
            if beside.explains(utterance):
                continue
            yield asked.answered(utterance)
            if speaker is Speaker.UNKNOWN and utterance.speaker in _METRICS_SERVER:
                told = Speaker.METRICS_SERVER
        for together in (earlier.completed_by(line.text), tables.completed_by(line.text)):
            if together is not None:
                is_kubectls = isinstance(together, errors.NothingToShow | errors.NoPodMetrics)
                whose = Speaker.KUBECTL if is_kubectls else Speaker.UNKNOWN
                yield Utterance(whose, Connection(hop=together.hop), together, (), line.text.strip(), line.number)
        for circumstance in circumstances_in(line.text):
            is_of_one = circumstance.what in OF_ONE_POD and len(shown) < _MOST_SHOWN
            known = f"{circumstance.what}: {circumstance.words}" if is_of_one else circumstance.what
            if known not in shown:
                shown.add(known)
                yield Utterance(Speaker.UNKNOWN, Connection(), circumstance, (), line.text, line.number)


_MOST_SHOWN = 200  # circumstances that are told apart by the pod that they are of


class _Beside:
    """What a paste's lines said before, by which a later one is none of this pipeline's troubles."""

    def __init__(self) -> None:
        self._is_adapters = False
        self._is_without_openapi = self._is_undiscovered = False

    def explains(self, utterance: Utterance) -> bool:
        """Whether what was said before is the reason, and remember what this one says."""
        self._is_adapters |= isinstance(utterance.error, _ADAPTERS_OWN)
        if self._is_adapters and isinstance(utterance.error, errors.HandlerTimeout | errors.NoMetricsKnown):
            return True  # what it waits for, and has not, is its own source's
        if self._is_without_openapi and _AGAIN in utterance.text:
            return True  # whoever has no OpenAPI is asked for it again and again
        if self._is_undiscovered and utterance.error == _STILL_HELD:
            return True  # what is not discovered is not deleted
        self._is_undiscovered |= isinstance(utterance.error, errors.DiscoveryFailed) or _UNDISCOVERED in utterance.text
        if isinstance(utterance.error, errors.Noise | errors.OpenAPIUnread):
            self._is_without_openapi = utterance.error == errors.Noise("no-openapi")
        return False


_UNDISCOVERED = "unable to retrieve the complete list of server APIs"
_STILL_HELD = errors.OtherSystem("what a namespace still holds")
_AGAIN = "OpenAPI AggregationController: action for item"

# What other adapters say of their sources. They have the same library as metrics-server, and some of its own code.
_ADAPTERS_OWN = (
    errors.OperatorUnreached,
    errors.PrometheusUnreached,
    errors.PrometheusAnswered,
    errors.SeriesMismatch,
)


class _Asked:
    """What was asked before, as a command shows it: an answer does not repeat it."""

    def __init__(self) -> None:
        self._group = self._kubelet = self._registered = ""
        self._is_of_autoscaling = False

    def note(self, text: str) -> None:
        """Remember what a command asks for, or a list is of."""
        if _is_command(text):
            self._group = group_asked(text)
            self._kubelet = kubelet_asked(text)
            self._registered = ""
            self._is_of_autoscaling = re.search(_OF_AUTOSCALING, text) is not None
        self._group = group_listed(text) or self._group
        described = others_apiservice(text)
        self._registered = self._registered if described is None else described

    def answered(self, utterance: Utterance) -> Utterance:
        """The same, said of what was asked for."""
        if self._is_of_autoscaling:
            utterance = _of_autoscaling(utterance)
        if self._registered:
            utterance = _of_apiservice(utterance, self._registered)
        if self._group:
            return _asked_for(utterance, self._group)
        return _of_kubelet(utterance, self._kubelet) if self._kubelet else utterance


_OF_AUTOSCALING = r"\bkubectl\b.{0,200}\s(?:hpa|horizontalpodautoscalers?)\b"


def _is_command(text: str) -> bool:
    """Whether a line shows what somebody typed: kubectl's answer to it follows."""
    return (
        "kubectl " in text
        or " get --raw" in text
        or "curl " in text
        or "openssl s_client" in text
        or text.lstrip().startswith(("$ ", "# ", "➜ ", "❯ "))
    )


def _asked_for(utterance: Utterance, group: str) -> Utterance:
    """What kubectl says of a path, which it does not repeat, of the API group that it was asked for."""
    where = utterance.connection
    is_its = utterance.speaker is Speaker.KUBECTL or isinstance(utterance.error, errors.EmptyDiscovery)
    if not is_its or where.api or getattr(utterance.error, "request", ""):
        return utterance
    return replace(utterance, connection=replace(where, api=group))


def _of_autoscaling(utterance: Utterance) -> Utterance:
    """What kubectl was told there is not, of the HPAs that it was asked for."""
    is_bare = utterance.error == errors.ResourceNotFound() and not utterance.connection.api
    if not is_bare or utterance.speaker is not Speaker.KUBECTL:
        return utterance
    return replace(utterance, connection=Connection(), error=errors.ResourceNotFound(_REQUEST_OF_AUTOSCALING))


_REQUEST_OF_AUTOSCALING = "get horizontalpodautoscalers.autoscaling"


def _of_apiservice(utterance: Utterance, group: str) -> Utterance:
    """What is said of an APIService's server, whose group its address does not tell (to 1.14 its root was asked)."""
    where = utterance.connection
    is_its = isinstance(utterance.error, (*OF_ANY_APISERVICE, errors.HTTPStatus)) and where.hop in (Hop.B, Hop.C, Hop.D)
    return replace(utterance, connection=replace(where, api=group)) if is_its and not where.api else utterance


def _of_kubelet(utterance: Utterance, url: str) -> Utterance:
    """A kubelet's own answer: to who asked it, or through the API server, which has no other words for a 404."""
    error = utterance.error
    if utterance.connection.api or getattr(error, "request", ""):
        return utterance
    if isinstance(error, errors.ResourceNotFound):
        return replace(utterance, connection=Connection(Hop.E, url), error=_UNSERVED)
    if isinstance(error, errors.Distrusted):
        told = errors.Expired() if error.why == "10" else errors.UnknownAuthority()
        return replace(utterance, connection=Connection(Hop.E, url), error=told)
    is_refusal = isinstance(error, errors.Unauthorized) and utterance.speaker is Speaker.UNKNOWN
    return replace(utterance, connection=Connection(Hop.F, url), error=_REFUSED) if is_refusal else utterance


_REFUSED = errors.HTTPStatus("401", "Unauthorized")
_UNSERVED = errors.HTTPStatus("404", "Not Found")

_METRICS_SERVER = (Speaker.METRICS_SERVER, Speaker.DELEGATED_AUTH)


def _ends_a_program(text: str) -> bool:
    """Whether it is how cobra and Go print what a program ends of: without a header, so by whoever spoke before."""
    return text.lstrip().startswith(("Error: ", "panic: "))


def read_log(lines: Iterable[str], *, speaker: Speaker = Speaker.UNKNOWN, first: int = 1) -> Iterator[Utterance]:
    """What a component's own lines say, in order. ``first``: the number of the first line."""
    for line in _lines(lines, first):
        yield from _said_in(line, speaker)


def read_text(text: str, *, speaker: Speaker = Speaker.UNKNOWN) -> Utterance | None:
    """What one message says: a condition, an event, a refusal's body. A known error before an unrecognised one."""
    first: Utterance | None = None
    for utterance in read_log(text.splitlines(), speaker=speaker):
        if not isinstance(utterance.error, errors.Unrecognised):
            return utterance
        first = first or utterance
    return first


def read_error(text: str) -> InnermostError | None:
    """The innermost error of one message, or None where none is known."""
    utterance = read_text(text)
    return None if utterance is None or isinstance(utterance.error, errors.Unrecognised) else utterance.error


def _lines(lines: Iterable[str], first: int) -> Iterator[Line]:
    return _without_partials(printed_lines(map(as_typed, lines), _is_unfinished, _sense, first))


def _said_in(line: Line, speaker: Speaker) -> Iterator[Utterance]:
    carried = take_off(line.text)
    for text in _records_in(carried.text):
        said = list(_utterances(text, line, carried, speaker))
        if not said and not carried.prefixed and len(text) < _LONGEST_QUOTATION:
            meant = _as_meant(text)
            said = (
                [replace(quoted, text=text) for quoted in _utterances(meant, line, carried, speaker)] if meant else []
            )
        yield from _or_of_what_it_was(said, text, line, carried, speaker)


def _or_of_what_it_was(
    said: list[Utterance], text: str, line: Line, carried: Carried, speaker: Speaker
) -> Iterable[Utterance]:
    """What was said, or would have been if the text did not break off, where that tells what it was."""
    rest = rest_of(text)
    if not rest:
        return said
    note = f"a line breaks off, and was read as if it went on: {rest}"
    return [replace(one, text=text, note=note) for one in _utterances(text + rest, line, carried, speaker)] or said


_LONGEST_QUOTATION = 2000


# "Error: " and "error: " are different programs' words, and a refusal names its "User".
_ITS_CAPITAL = ("Error: ", "User ")
_QUOTES = r"(?<![A-Za-z])'|'(?![A-Za-z])"  # apostrophes are none


def _as_meant(text: str) -> str:
    """What somebody quotes, who began it with a capital as a sentence, or put it into other quotation marks."""
    meant = text if text.startswith(_ITS_CAPITAL) else text[:1].lower() + text[1:]
    if "'" in text and '"' not in text:
        meant = re.sub(_QUOTES, '"', meant)
    return "" if meant == text else meant


def _without_partials(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, those that a container runtime cut in pieces (CRI's tag ``P``) made whole."""
    pieces: list[str] = []
    number = size = 0
    for line in lines:
        carried = take_off(line.text) if pieces or _may_be_partial(line.text) else None
        if carried is None or not (pieces or carried.partial):
            yield line
            continue
        number = number or line.number
        pieces.append(carried.text if pieces else line.text)
        size += len(pieces[-1])
        if not carried.partial or size > MOST_LINE:
            yield Line("".join(pieces).replace(" P ", " F ", 1)[:MOST_LINE], number, line.note)
            pieces, number, size = [], 0, 0
    if pieces:
        yield Line("".join(pieces).replace(" P ", " F ", 1), number)


def _may_be_partial(text: str) -> bool:
    return " stderr P " in text or " stdout P " in text


def _records_in(text: str) -> Iterator[str]:
    """The records of a line: several where a ticket system or a chat lost the line ends between them."""
    starts = [header.start() for header in KLOG.finditer(text)] if text.count(".go:") > 1 else []
    if len(starts) < 2:
        yield text.strip()
        return
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text[start:end].strip()


_TOLD_WITH_MORE = 300  # a milestone's line that is longer goes on in others, whose ends were lost


def _utterances(text: str, line: Line, carried: Carried, told: Speaker) -> Iterator[Utterance]:
    record = read_record(text)
    if carried.speaker is not Speaker.UNKNOWN:
        told = carried.speaker
    speaker = speaker_of(record.message, record.source, told)
    at = carried.at or record.at
    known = milestone(record)
    if known is not None:
        if isinstance(known, errors.Started) and told not in (Speaker.METRICS_SERVER, Speaker.UNKNOWN):
            return  # another's start is not metrics-server's
        yield _utterance(known, Connection(), (), speaker, record, line, text, at)
        if len(text) < _TOLD_WITH_MORE:
            return
    if "robe failed" in text and _is_of_another_pod(text):
        return
    if "robe failed" in text and _is_of_another_program(text):
        yield _utterance(_ANOTHERS_PROBE, Connection(), (), speaker, record, line, text, at)
        return
    node = record.fields.get("node", "") or _node_beside(text)
    for said in _sayings(record):
        outer = said.outer()
        found = said.found
        where = connection_of(said.context, found.error, said.text, speaker, node, outer, text)
        yield _utterance(found.error, where, outer, speaker, record, line, text, at)


_NODE_BESIDE = re.compile(r"\bnode=\"?([\w.-]{1,253})")
_POD = re.compile(r"\bpod(?:/|=\"?[\w.-]{1,63}/)([\w.-]{1,253})")


def _is_of_another_pod(text: str) -> bool:
    """Whether a probe failed of a pod that is named, and not as metrics-server's are."""
    pod = _POD.search(text)
    return pod is not None and "metrics" not in pod[1]


_PROBED = re.compile(r"robe failed: (?:Get|HTTP probe \S{1,20}) \"?(https?)://[^/\s\"]{1,300}(/[^\s\"?:]{0,300})?")
_OWN_PROBES = ("/livez", "/readyz", "/healthz")
_ANOTHERS_PROBE = errors.OtherSystem("a probe of another program")


def _is_of_another_program(text: str) -> bool:
    """Whether what was probed, of a pod that is not named, is nothing that metrics-server serves.

    It has TLS, and a path for each probe.
    """
    probed = None if _POD.search(text) else _PROBED.search(text)
    return probed is not None and (probed[1] == "http" or not (probed[2] or "").startswith(_OWN_PROBES))


def _node_beside(text: str) -> str:
    """The node of a scrape, where the words before its field are not the record's own any more."""
    named = _NODE_BESIDE.search(text) if "node=" in text else None
    return named[1] if named else ""


def _utterance(
    error: InnermostError,
    where: Connection,
    outer: tuple[str, ...],
    speaker: Speaker,
    record: Record,
    line: Line,
    text: str,
    at: datetime | None,
) -> Utterance:
    return Utterance(speaker, where, error, outer, text, line.number, at, record.severity, note=line.note)


@dataclass(frozen=True, slots=True)
class _Saying:
    """One error of a record, with the text before it that is about it and what the record says of all its errors."""

    found: Found
    text: str
    context: str
    head: str

    def outer(self) -> tuple[str, ...]:
        return split_wrappers(self.head) + split_wrappers(self.context)


def _sayings(record: Record) -> Iterator[_Saying]:
    """The errors of a record; an unrecognised one if it is an error by its level and nothing in it is known."""
    error_text = record.fields.get("err") or record.fields.get("error") or ""
    if error_text:
        sayings = list(_errors_of(error_text, record.message))
        if sayings:
            yield from sayings
            return
    body = unquote(('" ' if record.headless else " ").join((record.message, *record.fields.values())))
    sayings = list(_errors_of(body, ""))
    yield from sayings
    if not sayings and record.severity in ("E", "F"):
        inner = error_text or record.message
        yield _Saying(Found(errors.Unrecognised(inner), 0, 0), "", inner, record.message if error_text else "")


def _errors_of(text: str, message: str) -> Iterator[_Saying]:
    all_found = _without_second_opinions(text)
    head = ""
    end = 0
    for place, found in enumerate(all_found):
        context = text[end : found.start].lstrip(")\"'")
        if place == 0:
            head, context = _split_head(context)
        elif not context.startswith((", ", "], ", "] ")):
            head = ""
        yield _Saying(found, text[found.start : found.end], context, f"{message}: {head}" if message else head)
        end = found.end


def _split_head(context: str) -> tuple[str, str]:
    """What stands before a list ``[a, b]`` belongs to each of its items. IPv6 addresses have brackets too."""
    for opening in (": [", " ["):
        position = context.rfind(opening)
        if position >= 0 and context[position + len(opening) : position + len(opening) + 1].isalpha():
            return context[:position], context[position + len(opening) :]
    return ("", context[1:]) if context.startswith("[") else ("", context)


def _without_second_opinions(text: str) -> list[Found]:
    """The errors of a text, of what two authenticators say of one front proxy's certificate only the one that tells.

    The union of authenticators (apiserver pkg/authentication/request/union) collects what each says. The plain x509 one
    knows only the cluster's client CA and refuses any front proxy's certificate: the first item is the reason. But
    where it has another objection than that it does not know the issuer, it does know it (crypto/x509 looks at usages
    after the chain), and the first one's not knowing it says less. To 1.19 it does not say which certificate it means;
    whose name the first one objects to, it does know.
    """
    kept: list[Found] = []
    for found in find_errors(text):
        between = text[kept[-1].end : found.start] if kept else ""
        second = between.startswith(", ") and (
            _SECOND in between or isinstance(kept[-1].error, errors.NotInAllowedList)
        )
        if not second:
            kept.append(found)
        elif isinstance(kept[-1].error, errors.UnknownAuthority):
            kept[-1] = kept[-1] if isinstance(found.error, errors.UnknownAuthority) else found
    return kept


_SECOND = "verifying certificate SN="


# Rows of events, as kubectl describe has them and kubectl get events: what was looked at comes after or before the age.
_AGE = r"[\dhmsd]{2,14}(?: \(x\d{1,9} over [\dhmsd]{2,14}\))?"
_ROW = rf"\s*(?:(?:[a-z0-9.-]{{1,63}}\s{{1,40}})?{_AGE}\s{{1,40}})?(?:Normal|Warning)\s{{1,40}}[A-Z]"
_ROW_WITHOUT_MESSAGE = (
    rf"{_ROW}\w{{2,60}}(?:\s{{1,60}}{_AGE})?\s{{1,60}}[a-z][a-z0-9-]{{0,60}}(?:/[a-z0-9.-]{{0,253}})?"
    r"(?:\s{1,60}spec\.[A-Za-z]{0,30}(?:\{[a-z0-9-]{0,63}\}?:? ?)?)?"
    r"(?:\s{0,60}(?:Readi|Live|Start)[a-z]{0,6}(?: p[robe]{0,4}(?: f[ailed]{0,5})?)?)?"
)


# Rows of kubectl get pods and kubectl get apiservice, which a terminal may cut before their age, or within.
_TO_ITS_AGE = r"\s{1,40}(?:\d{1,5}[smhdy]){1,2}(?:\s{1,40}\S{1,60}){0,5}\s*"
_WHOLE_ROWS = {
    "metrics-server-": (
        r"\s*(?:[a-z0-9-]{1,63}\s{1,40})?metrics-server-[a-z0-9-]{1,100}\s{1,40}\d{1,2}/\d{1,2}\s{1,40}\S{1,60}"
        rf"\s{{1,40}}\d{{1,9}}(?: \(\S{{1,14}} ago\))?{_TO_ITS_AGE}"
    ),
    "v1beta1.metrics.k8s.io ": (
        r"\s*v1beta1\.metrics\.k8s\.io\s{1,40}\S{1,320}\s{1,40}(?:True|False|Unknown)(?: \(\w{1,60}\))?" + _TO_ITS_AGE
    ),
}


def _is_unfinished(text: str, following: str, is_wrapped: bool) -> bool:
    """Whether a line breaks off: in a quoted value, in a row, or as an error that has not said what it is."""
    if re.fullmatch(_ROW_WITHOUT_MESSAGE, text) and not re.match(_ROW, following):
        return True
    if following and _is_whole_row(text + following):
        return True
    record = read_record(take_off(text).text.strip())
    if record.open:
        return True
    if milestone(record) is not None:
        return False
    body = unquote(('" ' if record.headless else " ").join((record.message, *record.fields.values())))
    found = find_errors(body)
    if following and _is_row_of_event(text, following) and (is_wrapped or _is_open_row(body, found)):
        return True
    if found and not found[-1].error.wraps:
        is_last = _TAIL.fullmatch(body, found[-1].end) is not None
        return (is_last and breaks_off(found[-1].error, following)) or bool(
            record.fields and _IN_FIELD.match(following)
        )
    # what is quoted may begin with a capital, as a sentence
    begins = is_a_beginning(body) or is_a_beginning(body[:1].lower() + body[1:])
    is_object = body.endswith("failed to connect to {") or ("failed to connect to {" in body and "}" not in body)
    is_open = "://" in body or body.count('"') % 2 == 1
    why = _WHY.match(body, found[-1].end) if found else None
    is_open = is_open or (why is not None and (why.end() == len(body) or not following))
    return record.severity in ("E", "F") or is_open or begins or is_object


def _is_whole_row(text: str) -> bool:
    return any(word in text and re.fullmatch(row, text) for word, row in _WHOLE_ROWS.items())


def _is_row_of_event(text: str, following: str) -> bool:
    """Whether it is one, and what follows is no other row."""
    return bool(re.match(_ROW, text)) and not (re.match(_ROW, following) or _is_whole_row(following))


def _is_open_row(body: str, found: list[Found]) -> bool:
    """Whether its message has not come yet, or has not ended."""
    if not found or body.count('"') % 2 == 1:
        return True
    return isinstance(found[-1].error, errors.NoNodeFits) and not body.endswith(".")  # as its last reason does


def _sense(text: str) -> int:
    """How many letters of a line belong to errors as somebody prints them, and to their fields' names.

    A row that has all its columns is all of that.
    """
    if _is_whole_row(text):
        return len(text)
    record = read_record(take_off(text).text.strip())
    body = record.fields.get("err") or unquote(" ".join((record.message, *record.fields.values())))
    spans = (body[found.start : found.end] for found in find_errors(body) if not is_cut(found.error))
    return sum(len(span) - span.count(" ") for span in spans) + sum(map(len, record.fields))

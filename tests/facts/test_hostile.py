"""Whatever one document holds, nothing crashes, no cause appears that is not there, and health is never pretended."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from zlib import crc32

import pytest
from expected import TRUTH, WRITTEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msdoctor.bundle import WORKSTATION, Bundle, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.collect import load
from msdoctor.diagnosis import Diagnosis, Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.facts.objects import NodeList, decode
from msdoctor.facts.wanted import wanted
from msdoctor.model import ONLY_SAID, State, Unseen

from .clusters import FIXTURES, NOW, diagnosed, healthy, with_host

STATUS = {Reason.UNAUTHORIZED: 401, Reason.FORBIDDEN: 403, Reason.FAILED: 500}
GARBAGE = (
    b"",
    b"null",
    b"{}",
    b"[]",
    b"[null]",
    b"[{}]",
    b"0",
    b'"text"',
    b"{",
    b"\x00\xff\xfe garbage \x80",
    b'{"items": null}',
    b'{"items": {}}',
    b'{"items": [null]}',
    b'{"items": [{}]}',
    b'{"items": [[]]}',
    b'{"kind": "Status", "metadata": {}, "status": "Failure", "code": 403}',
    b'{"metadata": {"name": "x"}, "data": {"ca.crt": "x", "requestheader-allowed-names": "x"}}',
    b"[" * 100_000,
    b"---\n- x: 1\n---\n",
    b"authentication: 7\ntlsCertFile: 2026-13-45\n",
    b"spec: {containers: [null, {name: kube-apiserver}, {command: [kube-apiserver, [x], {y: z}]}]}",
)


@cache
def recorded() -> Bundle:
    return load(FIXTURES / "healthy")


@cache
def made() -> Bundle:
    return with_host(healthy()).bundle()


def _with(bundle: Bundle, document: Document) -> Bundle:
    return bundle_of([*bundle.documents.values(), document], bundle.taken_at, bundle.context)


def _refused(bundle: Bundle, place: Place, reason: Reason) -> Bundle:
    return _with(bundle, Document(place, bundle.taken_at, refusal=Refusal(reason, "no", STATUS.get(reason))))


def _broken(diagnosis: Diagnosis) -> list[str]:
    """Causes and risks; a note, such as the recorded prefix without its dash, is neither."""
    named = (cause for cause in diagnosis.causes if cause.breaks or cause.finding.effects)
    return [f"{cause.id} {cause.finding.state}" for cause in named]


def _assert_honest(bundle: Bundle) -> None:
    diagnosis = diagnosed(bundle)
    places = wanted(bundle)

    assert not _broken(diagnosis)
    assert not [check for check in diagnosis.checks if check.outcome == "error"]
    assert all(place.path for place in places)
    code = exit_code(diagnosis)
    assert code in (0, 3)
    if not diagnosis.flow.nodes_seen:
        assert code == 3
        assert diagnosis.verdict is Verdict.INCOMPLETE


BUNDLES = pytest.mark.parametrize("bundle", [recorded(), made()], ids=["recorded", "made"])


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.ABSENT])
def test_a_document_that_is_refused_accuses_nobody(reason: Reason) -> None:
    for place in sorted({*made().documents, *wanted(made())}):
        _assert_honest(_refused(made(), place, reason))


@BUNDLES
def test_a_document_that_may_not_be_read_accuses_nobody(bundle: Bundle) -> None:
    for place in bundle.documents:
        _assert_honest(_refused(bundle, place, Reason.FORBIDDEN))


@BUNDLES
def test_a_file_or_a_log_that_is_not_there_accuses_nobody(bundle: Bundle) -> None:
    """Of an object, a 404 is a statement: there is none."""
    for place in bundle.documents:
        if place.kind not in (Kind.API, Kind.REVIEW):
            _assert_honest(_refused(bundle, place, Reason.ABSENT))


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: repr(body[:24]))
def test_a_document_of_garbage_accuses_nobody(body: bytes) -> None:
    for place in sorted({*made().documents, *wanted(made())}):
        _assert_honest(_with(made(), Document(place, made().taken_at, body)))


@pytest.mark.parametrize("body", GARBAGE[1:3])
def test_a_recorded_document_turned_into_garbage_accuses_nobody(body: bytes) -> None:
    for place in recorded().documents:
        _assert_honest(_with(recorded(), Document(place, recorded().taken_at, body)))


def _paths_into(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from _paths_into(item, (*path, name))


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


@cache
def _json_documents() -> tuple[tuple[Place, Any, tuple[tuple[Any, ...], ...]], ...]:
    found = []
    for place in sorted(recorded().documents):
        body = recorded().documents[place].body
        if body is not None and place.kind is not Kind.LOG and place.kind is not Kind.FILE:
            value = json.loads(body)
            found.append((place, value, tuple(_paths_into(value))))
    return tuple(found)


odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.text(max_size=5),
    st.sampled_from(["2026-01-01T00:00:00", "0000-00-00T00:00:00Z", "١٢", "\x00", "True", "65536", "-1", "9" * 400]),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"": None}),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=st.data())
def test_any_value_may_stand_anywhere(data: st.DataObject) -> None:
    """Here a fault may really be made (a flag, an address): only that nothing crashes and nothing is pretended."""
    place, value, inside = data.draw(st.sampled_from(_json_documents()), label="document")
    path = data.draw(st.sampled_from(inside), label="path")
    body = json.dumps(_replaced(value, path, data.draw(odd, label="value"))).encode()
    bundle = _with(recorded(), Document(place, recorded().taken_at, body))

    diagnosis = diagnosed(bundle)

    assert not [check for check in diagnosis.checks if check.outcome == "error"]
    assert all(place.path for place in wanted(bundle))
    assert exit_code(diagnosis) != 0 or diagnosis.flow.nodes_seen


@pytest.mark.parametrize("path", [paths.NODES, paths.NODE_METRICS, paths.DEPLOYMENTS[0]])
def test_a_viewer_who_may_not_list_is_told_so(path: str) -> None:
    diagnosis = healthy().refuse(path, Reason.FORBIDDEN, 403).diagnosis()

    assert [gap for gap in diagnosis.gaps if path in gap.what and "403" in gap.reason]
    assert not _broken(diagnosis)


def test_an_empty_bundle_names_no_cause_and_proves_nothing() -> None:
    empty = Bundle(recorded().taken_at, recorded().context)

    diagnosis = diagnosed(empty)

    assert exit_code(diagnosis) == 3
    assert not diagnosis.causes
    assert {check.outcome for check in diagnosis.checks if check.reason != ONLY_SAID.reason} == {"unseen"}


def test_every_document_refused_at_once_names_no_cause() -> None:
    for reason in (Reason.FORBIDDEN, Reason.UNAUTHORIZED, Reason.TIMEOUT, Reason.DEADLINE, Reason.UNREACHABLE):
        documents = [
            Document(place, recorded().taken_at, refusal=Refusal(reason, "no", STATUS.get(reason)))
            for place in recorded().documents
        ]
        diagnosis = diagnosed(bundle_of(documents, recorded().taken_at, recorded().context))

        assert not diagnosis.causes
        assert exit_code(diagnosis) == 3
        assert State.ACTIVE not in {cause.finding.state for cause in diagnosis.causes}


# What is a cause of its own, and stands behind another only as long as that one is seen.
UNCOVERED = {"metrics-api-not-registered", "kubelet-cert-expired", "requestheader-config-missing"}
# The same of one patient's: that no kubelet runs is true there, and all that is known without the reason.
BEHIND = {
    "inotify-limit-exhausted": {"kubelet-down"},
    "metrics-server-node-down": {"kubelet-down"},  # where it is not seen that metrics-server's pod is on that node
    "metrics-server-node-unplugged": {"kubelet-down"},
}

# Where metrics-server or the nodes are not seen it is not known since when they run, and so not which pods are due:
# those without a row may be too young for one. Each node and some pods have theirs, and what was not seen is reported.
UNDUE = {("container-metrics-missing-from-kubelet", at) for at in (*paths.DEPLOYMENTS, *paths.PODS, paths.NODES)}
# An HPA that is not seen is reported as not seen; that metrics flow is all that is proven without it, and it is.
UNDUE |= {(name, paths.HPAS) for name in TRUTH if name.startswith("hpa-")}
# So are VPAs, who their recommender is, and what that may do.
UNDUE |= {
    ("vpa-recommender-forbidden", at)
    for at in (
        paths.VPA_KIND,
        paths.VPAS,
        paths.RUNNING_PODS,
        "system:serviceaccount:kube-system:vpa-recommender list metrics.k8s.io/pods",
    )
}


@pytest.mark.parametrize("patient", sorted(TRUTH | WRITTEN))
def test_of_a_recorded_patient_no_refusal_makes_another_and_none_makes_it_well(patient: str) -> None:
    """A third of its documents, another one for each patient: all of all would take minutes and tell the same."""
    bundle = load(FIXTURES / patient)
    whole = diagnosed(bundle)
    known = {cause.id for cause in whole.causes} | UNCOVERED | BEHIND.get(patient, set())

    for place in sorted(bundle.documents, key=str)[crc32(patient.encode()) % 3 :: 3]:
        seen = diagnosed(_refused(bundle, place, Reason.FORBIDDEN))
        # A list of what it may be has to name what it is; only then may it name others.
        listed = {one for doubt in seen.alternatives if known & {*doubt.ids} for one in doubt.ids}
        assert {cause.id for cause in seen.causes} <= known | listed, place
        assert exit_code(seen) != 0 or exit_code(whole) == 0 or (patient, place.path) in UNDUE, place


@pytest.mark.parametrize("name", ["$(reboot)", "a b", "x;y", "n`id`", "n\n", "ñ"])
def test_a_name_that_no_object_can_have_makes_its_list_unreadable(name: str) -> None:
    """So it stands in no command that a report tells its reader to run."""
    body = json.dumps({"kind": "NodeList", "items": [{"metadata": {"name": name}}]}).encode()
    document = Document(Place(WORKSTATION, Kind.API, paths.NODES), NOW, body)

    assert isinstance(decode(document, NodeList), Unseen)

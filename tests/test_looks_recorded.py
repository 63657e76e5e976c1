"""Every recorded cluster as others would have seen it: without its hosts' files, as the viewer, as one of the masters.

A recorded bundle less what such a look could not have read is what that look would have recorded. What is to be found
in it says one table, `tests/cluster/looks.py`, as it does for the live looks of the hospital.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import pytest
from looks import HOW_TO_ADD, LOOKS, Identity, Look, wrong

from msdoctor import registry
from msdoctor.bundle import WORKSTATION, Bundle, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Diagnosis
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import Result, judge
from msdoctor.model import Check

FIXTURES = Path(__file__).parents[1] / "fixtures"
NAMES = sorted(path.name for path in FIXTURES.iterdir() if (path / "bundle.json").is_file())

# As the lab's viewer met them: ClusterRole view has nothing of what is the cluster's own.
REFUSED_TO_VIEWER = (
    "/api/v1/nodes",
    "/apis/apiregistration.k8s.io/v1/apiservices",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
    "/apis/rbac.authorization.k8s.io/",
)
# What nobody knows to ask for without the nodes' addresses and the APIService's Service.
NOT_ASKED_BY_VIEWER = ("/services/", "/endpointslices?")
OF_THE_API_SERVERS = "/namespaces/default/"


@cache
def _checks() -> tuple[Check, ...]:
    return tuple(registry.load())


@lru_cache(maxsize=1)  # the looks at one come one after the other
def _loaded(name: str) -> Bundle:
    return load(FIXTURES / name)


def _seen(name: str, look: Look) -> Diagnosis:
    cluster = read_facts(_as_seen(_loaded(name), look))
    return diagnose(cluster, judge(cluster, _checks()))


def _as_seen(bundle: Bundle, look: Look) -> Bundle:
    by_file = () if look.with_files else tuple(place for place in bundle.documents if place.origin.startswith("host/"))
    documents = [doc for place, doc in bundle.documents.items() if place not in by_file]
    vantages = bundle.context.vantages if look.with_files else (WORKSTATION,)
    context = replace(bundle.context, vantages=vantages)
    if look.identity is Identity.VIEWER:
        context = replace(context, user="viewer")
        documents = list(_to_viewer(documents))
    if look.identity is Identity.ADMIN:
        context = replace(context, user="admin", groups=("system:masters",))
    return bundle_of(documents, bundle.taken_at, context)


def _to_viewer(documents: list[Document]) -> Iterator[Document]:
    for doc in documents:
        path, kind = doc.place.path, doc.place.kind
        others = kind is Kind.REVIEW and not path.startswith("self ")
        if others or (kind is Kind.API and path.startswith(REFUSED_TO_VIEWER)):
            yield replace(doc, body=None, refusal=Refusal(Reason.FORBIDDEN, 'User "viewer" cannot list it', 403))
        elif kind is Kind.TLS and not path.startswith("pod/"):
            continue
        elif kind is not Kind.API or OF_THE_API_SERVERS in path or not any(p in path for p in NOT_ASKED_BY_VIEWER):
            yield _named(doc)


def _named(doc: Document) -> Document:
    """A refusal names who asked."""
    if doc.refusal is None or "operator" not in doc.refusal.detail:
        return doc
    return replace(doc, refusal=replace(doc.refusal, detail=doc.refusal.detail.replace("operator", "viewer")))


def _depends_on_who_asks(name: str) -> bool:
    """Whether metrics-server, or the API server, refused the operator: what it answers to others is then not known."""
    bundle = _loaded(name)
    places = [Place(WORKSTATION, Kind.API, f"/apis/metrics.k8s.io/v1beta1/{of}") for of in ("nodes", "pods")]
    refusals = [bundle.at(place).refusal for place in places]
    return any(refusal and refusal.status in (401, 403) for refusal in refusals)


@pytest.mark.parametrize("name", NAMES)
def test_each_look_finds_what_the_table_says(name: str) -> None:
    false = {str(look): said for look in LOOKS if (said := _differs(name, look))}

    assert not false, HOW_TO_ADD


def _differs(name: str, look: Look) -> str:
    """How what a look finds differs from the table; what only a live look of another can tell does not."""
    if look.identity is Identity.ADMIN and _depends_on_who_asks(name):
        return ""
    seen = _seen(name, look)
    if look.identity is Identity.ADMIN and seen.flow.conclusive:
        return "an answer to a member of system:masters passes for a proof"
    if crashed := [check.id for check in seen.checks if check.outcome is Result.ERROR]:
        return f"{', '.join(crashed)} crashed"
    found = {(cause.id, str(cause.finding.state)) for cause in seen.causes if cause.finding.effects}
    return wrong(name, look, found, [item.ids for item in seen.alternatives], seen.verdict)

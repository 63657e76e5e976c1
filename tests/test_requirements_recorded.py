"""The five requirements of metrics-server's documentation, as a dozen recorded clusters have them, by what was read.

The order is: reachable from the API server, aggregation layer, webhook at the kubelets, kubelets' certificates,
container metrics.
"""

from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.bundle import Bundle, bundle_of
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import judge

FIXTURES = Path(__file__).parents[1] / "fixtures"
MET, NOT, UNSEEN = "met", "not-met", "unseen"

EXPECTED = {
    "healthy": (MET, MET, MET, MET, MET),
    # A refusal of the aggregator says that metrics-server was reached, and nothing of kubelets, which are read there.
    "requestheader-config-missing": (MET, NOT, MET, MET, UNSEEN),
    "story": (MET, NOT, MET, NOT, UNSEEN),
    "front-proxy-cert-expired": (MET, NOT, MET, MET, UNSEEN),
    "apiservice-cabundle-mismatch": (MET, MET, MET, MET, UNSEEN),
    "secure-port-mismatch": (NOT, MET, MET, MET, UNSEEN),
    "metrics-server-missing": (UNSEEN, MET, MET, MET, UNSEEN),
    "kubelet-cert-san-mismatch": (MET, MET, MET, NOT, MET),
    "kubelet-insecure-tls": (MET, MET, MET, MET, MET),
    "kubelet-webhook-unauthorized-401": (MET, MET, NOT, MET, MET),
    "kubelet-rbac-forbidden-403": (UNSEEN, MET, MET, MET, UNSEEN),
    "kubelet-authz-always-allow": (MET, MET, NOT, MET, MET),
    "kubelet-serving-csr-pending": (MET, MET, MET, NOT, MET),
    "container-metrics-missing-from-kubelet": (MET, MET, MET, MET, NOT),
    "front-proxy-key-mismatch": (UNSEEN, NOT, UNSEEN, UNSEEN, UNSEEN),
}
WITHOUT_FILES = {
    "healthy": (MET, MET, MET, MET, MET),
    "requestheader-config-missing": (MET, NOT, UNSEEN, MET, UNSEEN),
    "metrics-server-missing": (UNSEEN, UNSEEN, UNSEEN, MET, UNSEEN),
    "front-proxy-key-mismatch": (UNSEEN, UNSEEN, UNSEEN, UNSEEN, UNSEEN),
}


def _states(bundle: Bundle) -> tuple[str, ...]:
    cluster = read_facts(bundle)
    found = diagnose(cluster, judge(cluster, registry.load())).requirements
    assert all(item.because for item in found)
    return tuple(item.state for item in found)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_met_or_not_or_not_seen(name: str) -> None:
    assert _states(load(FIXTURES / name)) == EXPECTED[name]


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_without_host_files_less_is_seen_and_nothing_else(name: str) -> None:
    bundle = load(FIXTURES / name)
    documents = [document for document in bundle.documents.values() if not document.place.origin.startswith("host/")]

    assert _states(bundle_of(documents, bundle.taken_at, bundle.context)) == WITHOUT_FILES[name]

"""Requests for serving certificates: what became of each, whose it is, and which must not be approved."""

import base64
from typing import Any

import pytest

from msdoctor.facts import paths
from msdoctor.facts.csrs import Fate, ServingRequest, foreign, newest_of, objections, serving_requests
from msdoctor.facts.objects import Meta, Node, NodeAddress, NodeStatus
from msdoctor.model import Unseen

from .clusters import Patient, kubelet_certificate, listed
from .serving_requests import csr

WORKER = Node(
    Meta(name="worker"),
    NodeStatus(addresses=(NodeAddress("InternalIP", "192.0.2.11"), NodeAddress("Hostname", "worker"))),
)


def _read(*items: dict[str, Any]) -> tuple[ServingRequest, ...]:
    found = serving_requests(Patient().api(paths.CSRS, listed(*items)).bundle())
    assert not isinstance(found, Unseen)
    return found


@pytest.mark.parametrize(
    ("fate", "issued", "expected"),
    [
        ("", False, Fate.PENDING),
        ("Approved", False, Fate.APPROVED),
        ("Approved", True, Fate.ISSUED),
        ("Denied", False, Fate.DENIED),
        ("Failed", False, Fate.FAILED),
    ],
)
def test_what_became_of_a_request(fate: str, issued: bool, expected: Fate) -> None:
    (request,) = _read(csr(fate=fate, issued=kubelet_certificate("192.0.2.11") if issued else None))

    assert request.fate is expected
    assert (request.certificate is not None) is issued
    assert request.decision == ("Why: because" if fate else "")


def test_requests_to_other_signers_are_left_aside() -> None:
    assert _read(csr(signerName="kubernetes.io/kube-apiserver-client-kubelet")) == ()


def test_the_newest_is_the_last_that_the_node_itself_made() -> None:
    found = _read(csr("young", age=10), csr("old", age=900), csr("others", by="mallory", age=1))

    assert [one.name for one in found] == ["old", "young", "others"]
    newest = newest_of(found, "worker")
    assert newest is not None
    assert newest.name == "young"
    assert newest_of(found, "master") is None


def test_a_request_for_the_nodes_own_names_is_without_objection() -> None:
    assert objections(_read(csr())[0], WORKER) == ()


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (csr(by="mallory"), "made by mallory"),
        (csr(groups=["system:authenticated"]), "not of the group system:nodes"),
        (csr(node="master", by="system:node:worker"), "asks to be system:node:master"),
        (csr(names=("192.0.2.11", "192.0.2.10")), "192.0.2.10, which the node does not have"),
        (csr(names=()), "no name at all"),
        (csr(usages=["client auth"]), "usages client auth"),
        (csr(request=base64.b64encode(b"garbage").decode()), "cannot be read"),
        (csr(request="*"), "cannot be read"),
    ],
)
def test_what_speaks_against_approving_a_request(item: dict[str, Any], words: str) -> None:
    (against,) = objections(_read(item)[0], WORKER)

    assert words in against


def test_a_request_for_a_nodes_names_by_somebody_else_is_foreign() -> None:
    found = _read(csr("own"), csr("stranger", by="mallory"), csr("other", node="master", names=("192.0.2.10",)))

    assert [one.name for one in foreign(found, WORKER)] == ["stranger"]

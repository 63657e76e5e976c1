"""Rights worked out from roles and bindings are those that the API server itself answers."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from random_rights import VERDICTS, differences

from msdoctor.bundle import Kind
from msdoctor.collect import load
from msdoctor.facts import paths
from msdoctor.facts.cluster import read_facts
from msdoctor.facts.objects import Review, decode
from msdoctor.facts.own_rights import EVERYTHING
from msdoctor.facts.rbac import Rbac, Request, rbac, service_account
from msdoctor.model import Unseen
from tests.facts.clusters import FIXTURES, healthy, listed

Json = dict[str, Any]

SOMEBODY = service_account("shop", "till")
LISTS_NODES = Request("list", "nodes")
READS_PODS = Request("get", "pods", namespace="shop")


def role(name: str, *rules: Json, namespace: str = "", **more: Any) -> Json:
    return {"metadata": {"name": name} | ({"namespace": namespace} if namespace else {}), "rules": list(rules), **more}


def rule(resource: str = "nodes", verb: str = "list", group: str = "", **more: Any) -> Json:
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb], **more}


def binding(name: str, *subjects: Json, kind: str = "ClusterRole", namespace: str = "") -> Json:
    metadata = {"name": "b"} | ({"namespace": namespace} if namespace else {})
    return {"metadata": metadata, "roleRef": {"kind": kind, "name": name}, "subjects": list(subjects)}


ACCOUNT: Json = {"kind": "ServiceAccount", "name": "till", "namespace": "shop"}


def known(
    *, roles: tuple[Json, ...] = (), cluster_roles: tuple[Json, ...] = (), bindings: tuple[Json, ...] = ()
) -> Rbac:
    patient = healthy().api(paths.ROLES, listed(*roles)).api(paths.CLUSTER_ROLES, listed(*cluster_roles))
    patient.api(paths.ROLE_BINDINGS, listed(*(one for one in bindings if "namespace" in one["metadata"])))
    patient.api(paths.CLUSTER_ROLE_BINDINGS, listed(*(one for one in bindings if "namespace" not in one["metadata"])))
    found = rbac(patient.bundle())
    assert not isinstance(found, Unseen)
    return found


@pytest.mark.parametrize(
    ("subject", "applies"),
    [
        (ACCOUNT, True),
        (ACCOUNT | {"namespace": "other"}, False),
        ({"kind": "ServiceAccount", "name": "till"}, False),  # of no namespace, in a binding of none
        ({"kind": "User", "name": "system:serviceaccount:shop:till"}, True),
        ({"kind": "User", "name": "till"}, False),
        ({"kind": "Group", "name": "system:serviceaccounts"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:shop"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:other"}, False),
        ({"kind": "Group", "name": "system:authenticated"}, True),
        ({"kind": "Group", "name": "system:unauthenticated"}, False),
        ({"kind": "Robot", "name": "till"}, False),
    ],
)
def test_whom_a_binding_is_of(subject: Json, applies: bool) -> None:
    found = known(cluster_roles=(role("r", rule()),), bindings=(binding("r", subject),))

    assert found.allows(SOMEBODY, LISTS_NODES) is applies


@pytest.mark.parametrize(
    ("one", "request_", "allowed"),
    [
        (rule(verb="*"), LISTS_NODES, True),
        (rule(group="*"), LISTS_NODES, True),
        (rule(group="apps"), LISTS_NODES, False),
        (rule("*"), Request("list", "nodes/metrics"), True),
        (rule("nodes"), Request("list", "nodes/metrics"), False),
        (rule("*/metrics"), Request("list", "nodes/metrics"), True),
        (rule("*/metrics"), LISTS_NODES, False),
        (rule("nodes/*"), Request("list", "nodes/metrics"), False),
        (rule(resourceNames=["a"]), Request("list", "nodes", name="a"), True),
        (rule(resourceNames=["a"]), LISTS_NODES, False),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, LISTS_NODES, False),
    ],
)
def test_what_a_rule_allows(one: Json, request_: Request, allowed: bool) -> None:
    found = known(cluster_roles=(role("r", one),), bindings=(binding("r", ACCOUNT),))

    assert found.allows(SOMEBODY, request_) is allowed


def test_a_role_binding_counts_in_its_namespace_alone_and_may_lend_a_cluster_role() -> None:
    own = {"kind": "ServiceAccount", "name": "till"}
    here = binding("r", own, namespace="shop")
    found = known(cluster_roles=(role("r", rule("pods", "get"), rule()),), bindings=(here,))

    assert found.allows(SOMEBODY, READS_PODS)
    assert not found.allows(SOMEBODY, Request("get", "pods", namespace="other"))
    assert not found.allows(SOMEBODY, LISTS_NODES)


def test_a_role_is_looked_for_where_its_binding_is() -> None:
    elsewhere = role("r", rule("pods", "get"), namespace="other")
    found = known(roles=(elsewhere,), bindings=(binding("r", ACCOUNT, kind="Role", namespace="shop"),))

    assert not found.allows(SOMEBODY, READS_PODS)


@pytest.mark.parametrize(
    ("selector", "allowed"),
    [
        ({}, True),
        ({"matchLabels": {"a": "b"}}, True),
        ({"matchLabels": {"a": "c"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, False),
        ({"matchExpressions": [{"key": "z", "operator": "NotIn", "values": ["b"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_an_aggregated_role_that_is_not_filled_yet_allows_what_its_parts_do(selector: Json, allowed: bool) -> None:
    part = role("part", rule())
    part["metadata"]["labels"] = {"a": "b"}
    whole = role("whole", aggregationRule={"clusterRoleSelectors": [selector]})
    found = known(cluster_roles=(part, whole), bindings=(binding("whole", ACCOUNT),))

    assert found.allows(SOMEBODY, LISTS_NODES) is allowed


def test_roles_that_aggregate_each_other_come_to_an_end() -> None:
    circle = [role(name, aggregationRule={"clusterRoleSelectors": [{}]}) for name in ("one", "other")]
    found = known(cluster_roles=tuple(circle), bindings=(binding("one", ACCOUNT),))

    assert not found.allows(SOMEBODY, LISTS_NODES)


def test_one_list_that_was_not_had_leaves_all_unseen() -> None:
    patient = healthy()
    for path in paths.RBAC[:3]:
        patient.api(path, listed())

    assert isinstance(rbac(patient.bundle()), Unseen)


def test_names_that_no_other_object_may_have_are_read() -> None:
    found = known(cluster_roles=(role("a b@c", rule()),), bindings=(binding("a b@c", ACCOUNT),))

    assert found.allows(SOMEBODY, LISTS_NODES)


# The API server's own answers


def test_answers_that_were_recorded_of_random_roles_are_worked_out_alike() -> None:
    verdicts = json.loads(gzip.decompress(VERDICTS.read_bytes()))
    given = [answer[-1] for answer in verdicts["answers"]]

    assert differences(verdicts) == []
    assert min(given.count(True), given.count(False)) > 50


@cache
def with_roles() -> list[Path]:
    folders = (folder for folder in sorted(FIXTURES.iterdir()) if (folder / "bundle.json").is_file())
    return [folder for folder in folders if not isinstance(rbac(load(folder)), Unseen)]


def test_recorded_clusters_have_both_answers_and_roles() -> None:
    assert len(with_roles()) >= 4


def test_answers_of_every_recorded_cluster_are_worked_out_alike() -> None:
    for folder in with_roles():
        bundle = load(folder)
        own = read_facts(bundle).own_rights
        assert own is not None
        assert not isinstance(own, Unseen)
        assert not isinstance(own.rbac, Unseen)
        reviews = {document.place.path: document for document in bundle.of(Kind.REVIEW)}
        for request in EVERYTHING:
            review = decode(reviews[request.review(own.user.name)], Review)
            assert not isinstance(review, Unseen)
            assert own.rbac.allows(own.user, request) is review.status.allowed, (folder.name, str(request))

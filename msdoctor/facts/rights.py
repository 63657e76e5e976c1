"""What is allowed to whom, as the API server itself answers."""

from __future__ import annotations

import re

from msdoctor.bundle import CALLER, WORKSTATION, Bundle, Kind, Place, review_path
from msdoctor.facts.objects import Review, decode
from msdoctor.model import Unseen

CALLER_READS_NODE_METRICS = review_path(CALLER, (), "list", "metrics.k8s.io/nodes")


def scrapes(service_account: str) -> str:
    """The review of whether metrics-server may scrape kubelets (kubelet server/auth.go: resource nodes/metrics)."""
    return review_path(service_account, (), "get", "/nodes/metrics")


def reads_stats(service_account: str) -> str:
    """The review of whether it may read what metrics-server asked for up to 0.5 (``/stats/summary``: nodes/stats)."""
    return review_path(service_account, (), "get", "/nodes/stats")


def lists_nodes(service_account: str) -> str:
    """The review of whether it may list nodes: without that it asks no kubelet, so its role is the one that allows."""
    return review_path(service_account, (), "list", "/nodes")


def role(bundle: Bundle, path: str) -> str:
    """The ClusterRole by which a review was allowed to a ServiceAccount by its own name; empty if none was named.

    ``RBAC: allowed by ClusterRoleBinding "B" of ClusterRole "R" to ServiceAccount "S/N"`` (kubernetes
    plugin/pkg/auth/authorizer/rbac/rbac.go and pkg/registry/rbac/validation/rule.go, clusterRoleBindingDescriber).
    """
    review = decode(bundle.at(Place(WORKSTATION, Kind.REVIEW, path)), Review)
    reason = "" if isinstance(review, Unseen) else review.status.reason
    named = re.search(r' of ClusterRole "([^"]{1,253})" to ServiceAccount ', reason)
    return named[1] if named else ""


def allowed(bundle: Bundle, path: str) -> bool | Unseen:
    """The answer to one review."""
    review = decode(bundle.at(Place(WORKSTATION, Kind.REVIEW, path)), Review)
    return review if isinstance(review, Unseen) else review.status.allowed

"""What is allowed to whom, as the API server itself answers."""

from __future__ import annotations

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place, review_path
from msdoctor.facts.objects import Review, decode
from msdoctor.model import Unseen

CALLER_READS_NODE_METRICS = review_path("self", (), "list", "metrics.k8s.io/nodes")


def scrapes(service_account: str) -> str:
    """The review of whether metrics-server may scrape kubelets (kubelet server/auth.go: resource nodes/metrics)."""
    return review_path(service_account, (), "get", "/nodes/metrics")


def allowed(bundle: Bundle, path: str) -> bool | Unseen:
    """The answer to one review."""
    review = decode(bundle.at(Place(WORKSTATION, Kind.REVIEW, path)), Review)
    return review if isinstance(review, Unseen) else review.status.allowed

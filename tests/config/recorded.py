"""Recorded clusters, each diagnosed once."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from msdoctor import registry
from msdoctor.collect import load
from msdoctor.config.baseline import Baseline
from msdoctor.config.model import Settings
from msdoctor.config.names import known
from msdoctor.config.policy import Policy, apply
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Diagnosis
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import judge

FIXTURES = Path(__file__).parents[2] / "fixtures"
IDS = known()

HEALTHY = "healthy"  # with two risks that change nothing
AT_RISK = "kubelet-cert-expiring"
DEGRADED = "kubelet-cert-expired"  # k8s-node1's
BROKEN = "metrics-server-not-ready"  # by the certificates of both nodes
STARTING = "apiservice-backend-starting"  # a symptom without a cause


@cache
def diagnosed(name: str) -> Diagnosis:
    cluster = read_facts(load(FIXTURES / name))
    return diagnose(cluster, judge(cluster, registry.load()))


def applied(name: str, settings: Settings, baseline: Baseline | None = None) -> Diagnosis:
    return apply(diagnosed(name), Policy(settings, IDS, baseline))


def ids(diagnosis: Diagnosis) -> Sequence[str]:
    return [cause.id for cause in diagnosis.causes]

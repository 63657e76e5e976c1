"""Clusters whose API server refuses metrics-server's token, for the tests of hop D."""

from datetime import timedelta
from typing import Any

from msdoctor.facts import paths
from tests.checks.refusing_kubelets import ALL, UNAUTHORIZED, refusal
from tests.facts.clusters import NOW, Json, Patient, container, deployment, healthy, moment, pod

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
REVIEW = "E0301 11:59:55.000000       1 webhook.go:269] Failed to make webhook authorizer request: Unauthorized"


def said(age: float, text: str = REVIEW) -> str:
    """A line of metrics-server's log, as `kubectl logs --timestamps` prints it."""
    return f"{NOW - timedelta(seconds=age):%Y-%m-%dT%H:%M:%S}.000000000Z {text}\n"


def refused(log: str | None = None) -> Patient:
    """The API server refuses its token, and so does every kubelet."""
    kubelets = "".join(refusal(name, UNAUTHORIZED) for name in ALL)
    return _mounted(healthy().silent(), {"projected": {"sources": []}}).log(
        (said(5) if log is None else log) + kubelets
    )


def with_secret(patient: Patient) -> Patient:
    """Its token comes from a Secret."""
    return _mounted(patient, {"secret": {"secretName": "by-hand"}}, template=True)


def _mounted(patient: Patient, volume: Json, *, template: bool = False) -> Patient:
    mounting = container() | {"volumeMounts": [{"name": "api-access", "mountPath": MOUNT}]}
    volumes = [{"name": "api-access"} | volume]
    installed, one = deployment(mounting if template else container()), pod("metrics-server-1", mounting)
    spec: Any = installed["spec"]["template"]["spec"]
    spec["serviceAccountName"] = one["spec"]["serviceAccountName"] = "metrics-server"
    one["metadata"]["uid"], one["spec"]["volumes"] = "b5e8c2d4", volumes
    if template:
        spec["volumes"] = volumes
    return patient.installed(installed, pods=(one,))


def account(patient: Patient, age: float = 86400, uid: str = "account") -> Patient:
    """Its ServiceAccount, made so many seconds ago."""
    metadata = {"name": "metrics-server", "namespace": "kube-system", "uid": uid, "creationTimestamp": moment(-age)}
    return patient.api(paths.service_account("kube-system", "metrics-server"), {"metadata": metadata})


def with_token(patient: Patient, uid: str = "account", ends: float = 3600, kind: str = "projected") -> Patient:
    """What its token says of itself, read on its node."""
    now = int(NOW.timestamp())
    claims = f'{{"iat":{now - 7200},"exp":{now + int(ends)},"kubernetes.io":{{"serviceaccount":{{"uid":"{uid}"}}}}}}'
    path = f"/var/lib/kubelet/pods/b5e8c2d4/volumes/kubernetes.io~{kind}/api-access/token"
    return patient.file("worker", path, claims)

"""metrics-server's pods and what is theirs: when they begin anew, and the account that they run as."""

import json
import time
from typing import Any

from lab import pki
from lab.agreement import api_objects
from lab.machines import LabError, Machines
from lab.objects.server_pod import TOKEN_SECRET
from lab.truth import Caught, Truth

METRICS_SERVER = "k8s-app=metrics-server"


def begin_anew(machines: Machines) -> None:
    """End a metrics-server on its node's network, and one in a rollout, first.

    Without the port that the former may hold its node's kubelet cannot start; the latter has two ReplicaSets, and
    scaled with strategy Recreate the controller leaves both as they are. Pods that were evicted stay for ever.
    """
    select = ("-n", "kube-system", "-l", METRICS_SERVER)
    for phase in ("Failed", "Succeeded"):
        ended = f"--field-selector=status.phase={phase}"
        machines.kubectl("delete", "pods", *select, ended, "--request-timeout=5s", check=False)
    shown = machines.kubectl("get", "deployments", *select, "-o", "json", "--request-timeout=5s", check=False).stdout
    deployments = json.loads(shown)["items"] if shown.startswith("{") else []
    rolling = any(one["spec"]["strategy"]["type"] == "RollingUpdate" for one in deployments)
    if rolling or any(one["spec"]["template"]["spec"].get("hostNetwork") for one in deployments):
        machines.kubectl("delete", "deployments", *select, "--cascade=foreground", "--timeout=60s", check=False)


def needs_new_pod(truth: Truth) -> bool:
    """Whether a pod that has run for a while would not show what it should."""
    pod = truth.metrics_server.pod
    kept_out = pod.quota or pod.taint is not None
    # What it prefers was perhaps not to be had when it was made.
    prefers = pod.prefers is not None and truth.kubelet(pod.prefers).running
    moves = kept_out or prefers or not truth.keeps_endpoints or truth.metrics_server.rights.role == "gone"
    return moves or truth.caught is Caught.JUST_STARTED or truth.metrics_server.token == "secret"


def has_account_of_old(machines: Machines) -> bool:
    """Whether a pod of metrics-server was made before its ServiceAccount: its token is not of this one."""
    made = _account(machines).get("creationTimestamp", "")
    shown = machines.kubectl("get", "pods", "-n", "kube-system", "-l", METRICS_SERVER, "-o", "json").stdout
    return any(pod["metadata"]["creationTimestamp"] < made for pod in json.loads(shown)["items"])


def restart(machines: Machines) -> None:
    """Have other pods in the place of those that are there.

    A kubelet whose API server was away asks for its pods again only after up to a minute, and others may be deleted
    meanwhile; a name can be that of a static pod's successor, so it is the uid that has to go.
    """
    leaving = _pods(machines)
    machines.kubectl("delete", "pods", "-n", "kube-system", "-l", METRICS_SERVER, "--wait=false", "--ignore-not-found")
    machines.wait_until(lambda: not leaving & _pods(machines), "the former pods of metrics-server to end")


def await_rollout(machines: Machines, truth: Truth) -> None:
    """Wait until the pods of metrics-server are the wanted ones, ready or not.

    The controllers come back up to a minute after the API server does; what is seen until then is the former state,
    and steady. Some fault may keep pods from being made at all, so the wait has an end.
    """
    server = truth.metrics_server
    wanted = server.replicas if server.deployed and not server.adapter else 0
    select = ("-n", "kube-system", "-l", METRICS_SERVER, "-o", "json")
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        pods = json.loads(machines.kubectl("get", "pods", *select).stdout)["items"]
        deployments = json.loads(machines.kubectl("get", "deployments", *select).stdout)["items"]
        leaving = any("deletionTimestamp" in pod["metadata"] for pod in pods)
        if len(pods) == wanted and not leaving and all(_is_rolled_out(thing) for thing in deployments):
            return
        time.sleep(0.3)


def _is_rolled_out(deployment: dict[str, Any]) -> bool:
    """Whether the controller has made every pod from the latest template, whatever became of them."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(seen and status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted)


def _pods(machines: Machines) -> set[str]:
    """Uids; an API server that does not answer has not let go of any."""
    select = ("-n", "kube-system", "-l", METRICS_SERVER, "-o", "jsonpath={.items[*].metadata.uid}")
    deadline = time.monotonic() + 60
    while (shown := machines.kubectl("get", "pods", *select, "--request-timeout=5s", check=False)).returncode != 0:
        if time.monotonic() > deadline:
            raise LabError(f"lab {machines.name} does not show its pods: {shown.stderr}")
        time.sleep(0.5)
    return set(shown.stdout.split())


def remake_account(machines: Machines, truth: Truth) -> None:
    """Delete it, and make it of the same name again, as an installer does that begins anew."""
    time.sleep(2)  # times of objects have no fractions, and this one must be later than its pod's
    machines.kubectl("delete", "serviceaccount", "-n", "kube-system", "metrics-server")
    api_objects.agree(machines, truth)


def put_token_into_secret(machines: Machines) -> None:
    """A token of an hour that has all but run out: go-jose grants a minute beyond its exp."""
    now = int(time.time())
    account = {"name": "metrics-server", "uid": _account(machines)["uid"]}
    issuer = "https://kubernetes.default.svc.cluster.local"
    claims = {
        "iss": issuer,
        "aud": [issuer],
        "sub": "system:serviceaccount:kube-system:metrics-server",
        "iat": now - 3625,
        "nbf": now - 3625,
        "exp": now - 25,
        "kubernetes.io": {"namespace": "kube-system", "serviceaccount": account},
    }
    authorities = machines.authorities
    data = {
        "token": pki.token(authorities.service_account(), claims),
        "ca.crt": authorities.authority("cluster").cert,
        "namespace": "kube-system",
    }
    metadata = {"name": TOKEN_SECRET, "namespace": "kube-system"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
    machines.kubectl("apply", "-f", "-", stdin=json.dumps(secret))


def _account(machines: Machines) -> dict[str, Any]:
    shown = machines.kubectl("get", "serviceaccount", "-n", "kube-system", "metrics-server", "-o", "json", check=False)
    metadata: dict[str, Any] = json.loads(shown.stdout)["metadata"] if shown.returncode == 0 else {}
    return metadata

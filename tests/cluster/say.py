"""What the real kubectl prints of the lab's patients: texts that `explain` has to read, in tests/utterances/kubectl.

``python tests/cluster/say.py [PATIENT…]`` (default: all of ``PATIENTS``) brings up a lab of its own and writes
``PATIENT.txt``: each command behind a prompt, then all that it printed.
"""

import os
import sys

from expected import FOR_USER
from lab.cluster import Lab
from lab.truth import WORKSTATION, Form, Truth
from lab.variants import patient
from record import CHECKOUT

SAID = CHECKOUT / "tests" / "utterances" / "kubectl"
PATIENTS = (
    "healthy",
    "user-without-rights",
    "rbac-user-metrics-forbidden",
    "hpa-pods-not-ready-yet",
    "hpa-pods-restarting",
    "hpa-missing-requests",
    "hpa-target-not-found",
    "hpa-ambiguous-selector",
    "rbac-auth-delegator-missing",
    "metrics-api-not-registered",
    "metrics-server-missing",
    "apiservice-service-missing",
    "apiservice-local",
    "apiservice-port-mismatch",
    "service-selector-mismatch",
    "apiservice-cabundle-mismatch",
    "kubelet-down",
    "kubelet-cert-unknown-ca-everywhere",
    "front-proxy-ca-mismatch",
    "requestheader-allowed-names-mismatch",
    "requestheader-ca-same-as-client-ca",
    "requestheader-config-missing",
    "proxy-client-cert-missing",
    "rbac-auth-reader-missing",
    "secure-port-mismatch",
    "image-pull",
    "bad-flag-or-args",
    "kubelet-cert-san-mismatch",
    "story",
    "metrics-server-unschedulable",
    "metrics-server-quota",
    "rbac-clusterrole-missing",
    "pod-security-runasnonroot",
    "kubelet-rbac-forbidden-403",
    "node-unreachable-timeout",
    "metrics-server-out-of-memory",
    "image-arch-mismatch",
    "kubelet-cert-expired",
    "node-taint",
    "hostnetwork-port-conflict",
    "metrics-server-resource-starvation",
    "secure-port-privileged-bind",
    "metrics-server-cannot-write",
    "manifest-template-unrendered",
    "metrics-server-rollout-stuck",
    "node-pressure-eviction",
    "metrics-server-not-running",
    "rbac-clusterrole-gone",
    "rbac-account-renamed",
    "metrics-server-not-ready",
    "pod-cannot-reach-apiserver",
    "hpa-selector-overlap",
    "hpa-container-not-found",
    "hpa-missing-requests-sidecar",
    "metrics-server-uninstalled",
    "hpa-next-to-a-dead-pipeline",
    "serviceaccount-token-invalid",
    "node-address-dns-unresolvable",
    "metrics-server-node-down",
    "kubelet-down-below",
)
# What a patient was before: an API server keeps events for an hour, and with them what became of an older pod.
BEFORE = {"rbac-auth-reader-missing": "image-pull", "secure-port-mismatch": "image-pull"}
# What a person looks at next: metrics-server itself. The table of all pods is one that 80 columns cut.
OF_METRICS_SERVER = (
    "kubectl get pods -A",
    "kubectl -n kube-system describe pods -l k8s-app=metrics-server",
    "kubectl get events -A",
)


def commands(name: str, truth: Truth) -> list[str]:
    """What a person types first; as somebody else where it is somebody else's trouble."""
    user, *groups = FOR_USER[name].split(",") if name in FOR_USER else [""]
    as_ = f" --as={user}{''.join(f' --as-group={group}' for group in groups)}" if user else ""
    asked = [f"kubectl top nodes{as_}", f"kubectl top pods -A{as_}", f"kubectl top pods{as_}"]
    if as_:
        return asked
    hpa = truth.hpa
    described = f"kubectl -n {hpa.namespace} describe hpa busy"
    of_api = [f"kubectl -n {hpa.namespace} get hpa", described, "kubectl get apiservice v1beta1.metrics.k8s.io"]
    return [*asked, *of_api, *OF_METRICS_SERVER]


def forget(lab: Lab) -> None:
    """Let no event speak of the patient before."""
    lab.kubectl("delete", "events", "--all", "-A", check=False)


def become(lab: Lab, name: str) -> None:
    """Bring a patient about, with the events that it has and no others."""
    forget(lab)
    if name in BEFORE:
        lab.apply(patient(BEFORE[name], lab.form))
    lab.apply(patient(name, lab.form))


def say(lab: Lab, name: str) -> None:
    """Record one patient that the lab has become."""
    environment = {"KUBECONFIG": str(lab.kubeconfig("operator"))}
    parts = []
    for command in commands(name, patient(name, lab.form)):
        done = lab.run(WORKSTATION, ["sh", "-c", f"{command} 2>&1"], env=environment)
        parts.append(f"$ {command}\n{done.stdout.rstrip()}\n")
    SAID.mkdir(exist_ok=True)
    (SAID / f"{name}.txt").write_text("\n".join(parts))


def main() -> None:
    """Let one lab be each of them in turn."""
    with Lab.up(f"say-{os.getpid()}", patient("healthy", Form.SYSTEMD)) as lab:
        for name in sys.argv[1:] or PATIENTS:
            become(lab, name)
            say(lab, name)
            print(f"recorded {name}", flush=True)


if __name__ == "__main__":
    main()

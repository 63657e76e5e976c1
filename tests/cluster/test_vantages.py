"""The same patient seen from where people stand: the control-plane host itself, and a pod in the cluster.

What a kubelet serves is read from the wire from both, without any credential.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hospital import found
from lab import images
from lab.cluster import Lab
from lab.truth import MASTER, NODE1, Form
from lab.variants import patient
from random_rights import differences, judged

pytestmark = pytest.mark.cluster

CHECKOUT = Path(__file__).resolve().parents[2]
TRUTH = {("kubelet-cert-san-mismatch", "active")}
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
IN_POD = {"KUBERNETES_SERVICE_HOST": "10.32.0.1", "KUBERNETES_SERVICE_PORT": "443"}
POD = f"""
apiVersion: v1
kind: ServiceAccount
metadata: {{name: msdoctor, namespace: kube-system}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: msdoctor}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: msdoctor}}
subjects: [{{kind: ServiceAccount, name: msdoctor, namespace: kube-system}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: msdoctor, namespace: kube-system}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: msdoctor}}
subjects: [{{kind: ServiceAccount, name: msdoctor, namespace: kube-system}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: msdoctor, namespace: kube-system}}
spec:
  nodeName: {NODE1}
  serviceAccountName: msdoctor
  terminationGracePeriodSeconds: 1
  containers: [{{name: msdoctor, image: "{images.BUSY}", imagePullPolicy: IfNotPresent, args: [burn, "1"]}}]
"""


def rights() -> str:
    """What the README says that it needs."""
    block = re.search(r"<!-- rbac -->\n```yaml\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    assert block
    return block[1]


def evidence(report: Any) -> str:
    """Everything that was seen of the one cause."""
    (cause,) = [cause for cause in report["causes"] if cause["id"] == "kubelet-cert-san-mismatch"]
    return json.dumps(cause["evidence"])


@pytest.fixture(scope="class")
def lab() -> Iterator[Lab]:
    with Lab.up(f"vantages-{os.getpid()}", patient("kubelet-cert-san-mismatch", Form.SYSTEMD)) as lab:
        yield lab


class TestVantages:
    def test_on_the_control_plane_host(self, lab: Lab) -> None:
        there = "/etc/operator.kubeconfig"
        (lab.folder / MASTER / there.lstrip("/")).write_text(lab.kubeconfig("operator").read_text())
        program = [sys.executable, "-m", "msdoctor", "run", "-o", "json", "--host-root", f"{MASTER}=/"]
        done = lab.run(MASTER, ["env", f"KUBECONFIG={there}", f"PYTHONPATH={CHECKOUT}", *program])
        report = json.loads(done.stdout)

        assert found(report) == TRUTH
        assert "192.168.10.51:10250" in evidence(report)

    def test_in_a_pod_as_its_service_account(self, lab: Lab) -> None:
        lab.kubectl("create", "-f", "-", stdin=f"{rights()}\n---\n{POD}")
        lab.kubectl("wait", "-n", "kube-system", "--for=condition=Ready", "pod/msdoctor", "--timeout=60s")
        report = json.loads(self._in_pod(lab, [sys.executable, "-m", "msdoctor", "run", "-o", "json"]))

        assert found(report) == TRUTH
        assert "192.168.10.51:10250" in evidence(report)
        assert report["flow"]["askedAs"] == "system:serviceaccount:kube-system:msdoctor"

    def test_rights_worked_out_from_random_roles_are_those_that_the_api_server_answers(self, lab: Lab) -> None:
        verdicts = judged(lab, seed=int.from_bytes(os.urandom(4), "big"))
        given = {answer[-1] for answer in verdicts["answers"]}

        assert differences(verdicts) == []
        assert given == {True, False}

    def _in_pod(self, lab: Lab, program: list[str]) -> str:
        """Its output in the pod's network, with its token; the image has no Python, so the files are the node's."""
        names = ["io.kubernetes.pod.name", "io.kubernetes.container.name"]
        wanted = ",".join(f'labels."{name}"==msdoctor' for name in names)
        containers = lab.run(NODE1, ["ctr", "-n", "k8s.io", "containers", "ls", "-q", wanted], check=True).stdout
        tasks = lab.run(NODE1, ["ctr", "-n", "k8s.io", "tasks", "ls"], check=True).stdout
        (pid,) = [line.split()[1] for line in tasks.splitlines() if line.split()[0] == containers.strip()]
        fill = f"mount -t tmpfs tmpfs {ACCOUNT} && cp -L /proc/{pid}/root{ACCOUNT}/* {ACCOUNT}/"
        script = f'mkdir -p {ACCOUNT} && {fill} && exec "$@"'
        environment = [f"{name}={value}" for name, value in {**IN_POD, "PYTHONPATH": str(CHECKOUT)}.items()]
        shell = ["unshare", "--mount", "sh", "-c", script, "sh", "env", *environment, *program]
        return lab.run(NODE1, ["nsenter", "-t", pid, "--net", *shell]).stdout

"""The CronJob of deploy/kubernetes in a real cluster: it is accepted, its pod too, and its rights are enough."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.cluster import Lab
from lab.truth import WORKSTATION, Form
from lab.variants import patient

pytestmark = pytest.mark.cluster

CHECKOUT = Path(__file__).resolve().parents[2]
MANIFEST = (CHECKOUT / "deploy/kubernetes/cronjob.yaml").read_text()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(os.environ.get("LAB") or f"cronjob-{os.getpid()}", patient("healthy", Form.SYSTEMD)) as lab:
        lab.kubectl("apply", "-f", "-", stdin=MANIFEST)
        yield lab


def pod() -> str:
    (job,) = [item for item in yaml.safe_load_all(MANIFEST) if item["kind"] == "CronJob"]
    template: dict[str, Any] = job["spec"]["jobTemplate"]["spec"]["template"]
    metadata = {**template["metadata"], "name": "msdoctor", "namespace": "msdoctor"}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})


def test_its_namespace_admits_its_pod(lab: Lab) -> None:
    assert "created (server dry run)" in lab.kubectl("create", "--dry-run=server", "-f", "-", stdin=pod()).stdout


def test_its_rights_are_enough_to_see_that_metrics_flow(lab: Lab) -> None:
    token = lab.kubectl("create", "token", "msdoctor", "-n", "msdoctor").stdout.strip()
    kubeconfig = yaml.safe_load(lab.kubeconfig("operator").read_text())
    kubeconfig["users"] = [{"name": user["name"], "user": {"token": token}} for user in kubeconfig["users"]]
    file = lab.kubeconfig("operator").with_name("msdoctor.kubeconfig")
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(kubeconfig))

    program = [sys.executable, "-m", "msdoctor", "run", "-o", "json"]
    environment = {"KUBECONFIG": str(file), "PYTHONPATH": str(CHECKOUT)}
    report = json.loads(lab.run(WORKSTATION, program, env=environment).stdout)

    assert report["verdict"] == "healthy"
    assert report["flow"]["askedAs"] == "system:serviceaccount:msdoctor:msdoctor"
    refused = {check["id"]: check["reason"] for check in report["checks"] if "403" in (check["reason"] or "")}
    assert refused == {}

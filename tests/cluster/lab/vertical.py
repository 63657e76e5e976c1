"""VerticalPodAutoscalers and their real recommender, as its release's own manifests install them.

Built for the patients that have one alone: no other lab waits for that. Kinds, roles and Deployment are read from the
module that the recommender is built of; the lab's only changes are its pace, and what a patient takes away.
"""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab import binaries
from lab.truth import Vpa

Object = dict[str, Any]

KINDS = ("verticalpodautoscalers.autoscaling.k8s.io", "verticalpodautoscalercheckpoints.autoscaling.k8s.io")
RECOMMENDER = "vpa-recommender"
IMAGE = f"registry.k8s.io/autoscaling/vpa-recommender:{binaries.VPA_VERSION.removeprefix('v')}"
READER = "system:metrics-reader"


def wanted(vpa: Vpa) -> Iterator[Object]:
    """Kinds, rights and Deployment of the recommender, a VPA of Deployment busy, and one whose target there is not."""
    yield from _manifest("vpa-v1-crd-gen.yaml")
    for thing in _manifest("vpa-rbac.yaml"):
        is_readers_binding = (thing["kind"], thing["metadata"]["name"]) == ("ClusterRoleBinding", READER)
        if vpa.reads or not is_readers_binding:
            yield thing
    yield from map(_at_the_labs_pace, _manifest("recommender-deployment.yaml"))
    yield _autoscaler("busy", "busy")
    yield _autoscaler("gone", "gone")


def identities() -> list[tuple[str, str, str]]:
    """What goes where no VPA is wanted, and with the kinds their objects. Rights of nobody's stay."""
    kinds = [("CustomResourceDefinition", "", name) for name in KINDS]
    return [("Deployment", "kube-system", RECOMMENDER), ("ClusterRoleBinding", "", READER), *kinds]


def _autoscaler(name: str, target: str) -> Object:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    return {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"targetRef": reference, "updatePolicy": {"updateMode": "Off"}},
    }


def _at_the_labs_pace(deployment: Object) -> Object:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    container["args"] = ["--recommender-interval=10s"]
    container["resources"] = {}
    deployment["spec"]["strategy"] = {"type": "Recreate"}
    return deployment


def _manifest(name: str) -> list[Object]:
    return [thing for thing in yaml.safe_load_all((_source() / "deploy" / name).read_text()) if thing]


@cache
def _source() -> Path:
    """The folder of the module that the recommender is built of."""
    module = ["go", "list", "-m", "-f", "{{.Dir}}", binaries.VPA_MODULE]
    done = subprocess.run(module, cwd=binaries.VPA.folder, check=True, capture_output=True, text=True)
    return Path(done.stdout.strip())

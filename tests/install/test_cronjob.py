"""The CronJob of deploy/kubernetes: what the API server knows, the least rights, and a pod that may do nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from kubernetes import client

from msdoctor.cli import cli

CHECKOUT = Path(__file__).parents[2]
OBJECTS: list[Any] = list(yaml.safe_load_all((CHECKOUT / "deploy/kubernetes/cronjob.yaml").read_text()))
ROLES = ("ClusterRole", "Role")


def of_kind(*kinds: str) -> list[Any]:
    return [item for item in OBJECTS if item["kind"] in kinds]


@pytest.fixture
def pod() -> Any:
    (job,) = of_kind("CronJob")
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: Any) -> Any:
    (one,) = pod["containers"]
    return one


def unknown(value: Any, kind: str, path: str) -> Iterator[str]:
    """Fields that Kubernetes' own types, as its client has them, do not know."""
    listed = re.fullmatch(r"list\[(.*)\]|dict\(str, (.*)\)", kind)
    if listed:
        items = value if isinstance(value, list) else value.values()
        for item in items:
            yield from unknown(item, listed[1] or listed[2], path)
        return
    model = getattr(client, kind, None)
    if model is None:
        return
    types = {model.attribute_map[name]: of for name, of in model.openapi_types.items()}
    for name, item in value.items():
        if name in types:
            yield from unknown(item, types[name], f"{path}.{name}")
        else:
            yield f"{path}.{name}"


def test_the_api_server_knows_every_field() -> None:
    models = {"ClusterRole": "V1ClusterRole", "CronJob": "V1CronJob", "Namespace": "V1Namespace"}
    for item in OBJECTS:
        kind = item["kind"]
        assert list(unknown(item, models.get(kind, f"V1{kind}"), kind)) == []


def test_the_rights_are_those_that_the_readme_explains() -> None:
    block = re.search(r"<!-- rbac -->\n```yaml\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    assert block
    assert of_kind(*ROLES) == list(yaml.safe_load_all(block[1]))


def test_each_role_is_bound_and_to_nobody_else() -> None:
    bound = [
        (item["roleRef"]["kind"], item["metadata"].get("namespace"), item["roleRef"]["name"])
        for item in of_kind("ClusterRoleBinding", "RoleBinding")
    ]
    subjects = [subject for item in OBJECTS for subject in item.get("subjects", ())]
    (account,) = of_kind("ServiceAccount")

    assert bound == [(item["kind"], item["metadata"].get("namespace"), "msdoctor") for item in of_kind(*ROLES)]
    assert subjects == [{"kind": "ServiceAccount", **account["metadata"]}] * 3
    assert account["automountServiceAccountToken"] is False


def test_nothing_that_it_may_do_changes_anything() -> None:
    rules = [rule for role in of_kind(*ROLES) for rule in role["rules"]]
    may = {(verb, resource) for rule in rules for verb in rule["verbs"] for resource in rule.get("resources", ("/",))}

    assert {resource for verb, resource in may if verb not in ("get", "list")} == {
        "subjectaccessreviews",
        "selfsubjectaccessreviews",
    }
    assert not any("*" in part or part == "secrets" for pair in may for part in pair)


def test_the_pod_keeps_to_the_restricted_standard_of_its_namespace(pod: Any, container: Any) -> None:
    (namespace,) = of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(set(volume) - {"name"} == {"emptyDir"} for volume in pod["volumes"])
    assert not {"hostNetwork", "hostPID", "hostIPC"}.intersection(pod)


def test_it_runs_as_the_user_of_the_image(pod: Any) -> None:
    user = re.search(r"^USER (\d+):(\d+)$", (CHECKOUT / "Containerfile").read_text(), re.MULTILINE)
    assert user
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == tuple(map(int, user.groups()))


@pytest.mark.parametrize(("fixture", "code"), [("healthy", 0), ("story", 1)])
def test_what_it_runs_reports_and_ends_with_what_it_found(fixture: str, code: int, container: Any) -> None:
    done = CliRunner().invoke(cli, [*container["args"], "--from", str(CHECKOUT / "fixtures" / fixture)])

    assert done.exit_code == code
    assert "cluster kubernetes" in done.stdout


def test_a_look_is_over_before_its_job_is_ended(container: Any) -> None:
    (job,) = of_kind("CronJob")
    (seconds,) = re.findall(r"--timeout=(\d+)", " ".join(container["args"]))
    assert int(seconds) < job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"]

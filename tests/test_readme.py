"""What the README says is so: its report, its commands, its check, its rights and its paths.

``UPDATE_EXPECTED=1`` writes the report anew; the difference is then read as prose.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from click import Context
from click.testing import CliRunner

from msdoctor.bundle import Bundle, Kind
from msdoctor.cli import cli
from msdoctor.collect import load

CHECKOUT = Path(__file__).parents[1]
README = CHECKOUT / "README.md"
FIXTURES = [load(folder) for folder in sorted((CHECKOUT / "fixtures").iterdir()) if (folder / "bundle.json").is_file()]


def block(name: str) -> str:
    """The fenced block that stands under ``<!-- name -->``."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", README.read_text(), re.DOTALL)
    assert found
    return found[1]


# The report


def test_the_report_is_the_beginning_of_what_the_demo_prints() -> None:
    report = CliRunner().invoke(cli, ["run", "--from", str(CHECKOUT / "fixtures" / "story")]).stdout
    report = re.sub(r"recorded \d+ \w+ ago", "recorded 2 h ago", report)
    beginning = "".join(itertools.takewhile(lambda line: len(line) < 100, report.splitlines(keepends=True)))
    if os.environ.get("UPDATE_EXPECTED"):
        fence = "<!-- report -->\n```text\n"
        README.write_text(README.read_text().replace(fence + block("report"), fence + beginning))

    assert block("report") == beginning


# The check


def test_the_check_runs_and_is_explained(tmp_path: Path) -> None:
    (file,) = re.findall(r"`my-checks/(\w+\.py)`", README.read_text())
    (tmp_path / file).write_text(block("check"))
    name = file.removesuffix(".py").replace("_", "-")

    ran = CliRunner().invoke(cli, ["run", "--from", str(CHECKOUT / "fixtures/healthy"), "--checks", str(tmp_path)])
    page = CliRunner().invoke(cli, ["explain", name, "--checks", str(tmp_path)])

    assert (ran.exit_code, page.exit_code) == (0, 0)
    assert f"· {name}: It has one pod." in ran.stdout
    assert "so nobody has metrics while it restarts" in page.stdout


def test_the_check_is_ten_lines() -> None:
    assert len([line for line in block("check").splitlines() if line.strip()]) <= 10


# The copy of a host's files


def test_a_copy_of_a_host_holds_certificates_and_of_keys_only_the_names(tmp_path: Path) -> None:
    host = tmp_path / "host"
    for name in ("etc/kubernetes/pki/ca.crt", "etc/kubernetes/pki/ca.key", "var/lib/kubelet/pki/kubelet.crt"):
        (host / name).parent.mkdir(parents=True, exist_ok=True)
        (host / name).write_text(name)
    for name in ("etc/hostname", "etc/kubernetes/admin.conf", "var/lib/kubelet/pki/kubelet-client-current.pem"):
        (host / name).write_text(name)
    copying = "".join(block("copy").splitlines(keepends=True)[:-1])
    copying = copying.replace("ssh root@k8s-master 'cd /", f"sh -c 'cd {shlex.quote(str(host))}")

    subprocess.run(["sh", "-ec", copying], cwd=tmp_path, check=True)

    copy = tmp_path / "k8s-master"
    assert {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*") if path.is_file()} == {
        "etc/hostname": "etc/hostname",
        "etc/kubernetes/pki/ca.crt": "etc/kubernetes/pki/ca.crt",
        "etc/kubernetes/pki/ca.key": "",
        "var/lib/kubelet/pki/kubelet.crt": "var/lib/kubelet/pki/kubelet.crt",
    }


# The rights


@dataclass(frozen=True)
class Request:
    """What a rule has to allow; a path alone for what is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def asked(bundle: Bundle) -> Iterator[Request]:
    """Every request that brought a document of a bundle."""
    for place in bundle.documents:
        if place.kind is Kind.API:
            yield _request(urlsplit(place.path).path)
        elif place.kind is Kind.LOG:
            namespace, pod, _ = place.path.split("/")
            yield Request("get", "", "pods/log", namespace, pod)
        elif place.kind is Kind.REVIEW:
            kind = "selfsubjectaccessreviews" if place.path.startswith("self ") else "subjectaccessreviews"
            yield Request("create", "authorization.k8s.io", kind)


def _request(path: str) -> Request:
    parts = path.strip("/").split("/")
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:]) if parts[0] == "apis" else ("", [])
    if not rest:
        return Request("get", path=path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource, name = rest[0], "".join(rest[1:])
    return Request("get" if name else "list", group, resource, namespace, name)


def allows(role: Any, rule: Any, request: Request) -> bool:
    if request.verb not in rule["verbs"]:
        return False
    if request.path:
        return request.path in rule.get("nonResourceURLs", ())
    return (
        role["metadata"].get("namespace", request.namespace) == request.namespace
        and request.group in rule.get("apiGroups", ())
        and request.resource in rule.get("resources", ())
        and request.name in rule.get("resourceNames", (request.name,))
    )


def test_the_rights_are_enough_and_none_is_too_many() -> None:
    rules = [(role, rule) for role in yaml.safe_load_all(block("rbac")) for rule in role["rules"]]
    requests = {request for bundle in FIXTURES for request in asked(bundle)}

    assert [request for request in requests if not any(allows(*rule, request) for rule in rules)] == []
    assert [rule for role, rule in rules if not any(allows(role, rule, request) for request in requests)] == []


# Commands and paths


def commands() -> list[str]:
    return re.findall(r"^(?:    |.*\| |.*&& )?msdoctor (.*)$", README.read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", commands())
def test_every_option_of_a_command_exists(command: str) -> None:
    name, *words = shlex.split(command, comments=True)
    called = cli.get_command(Context(cli), name)
    assert called
    known = {option for parameter in called.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= known


def test_every_path_exists() -> None:
    named = set(re.findall(r"(?<![\w-])(?:msdoctor|checks|tests|fixtures)/[\w./-]*\w", README.read_text()))

    assert [path for path in named if not (CHECKOUT / path).exists()] == []


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z-]+)", README.read_text())) <= targets

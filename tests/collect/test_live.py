"""The entry points together: one look at files and at a server that never answers."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place, Reason, Refusal
from msdoctor.collect import ConfigurationError, LookOptions, live, load, save

from .conftest import Talk

HOSTNAME = Place("host/k8s-master", Kind.FILE, "/etc/hostname")
VERSION = Place(WORKSTATION, Kind.API, "/version")
POD = Place(WORKSTATION, Kind.TLS, "pod/kube-system/ms-0:10250")
ELSEWHERE = Place("host/other", Kind.FILE, "/etc/hostname")


def wanted(_: Bundle) -> frozenset[Place]:
    return frozenset({HOSTNAME, VERSION, POD, ELSEWHERE, *(Place(WORKSTATION, Kind.API, f"/{n}") for n in range(40))})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/etc/kubernetes").mkdir(parents=True)
    (tmp_path / "root/etc/hostname").write_text("k8s-master\n")
    return tmp_path / "root"


def kubeconfig(path: Path, server: str) -> str:
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "story", "user": "me"}}],
        "clusters": [{"name": "story", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "s3cr3t"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_files_alone_are_a_look_too(root: Path, tmp_path: Path) -> None:
    bundle = live(LookOptions(host_roots=((None, root),), offline=True), wanted)

    assert bundle.context.vantages == ("host/k8s-master",)
    assert bundle.at(HOSTNAME).body == b"k8s-master\n"
    assert bundle.at(VERSION).refusal == Refusal(Reason.NOT_ASKED, "only host files were looked at")
    assert bundle.at(ELSEWHERE).refusal == Refusal(Reason.NOT_ASKED, "no host files: --host-root other=DIR")
    save(bundle, tmp_path / "saved.tar.gz")
    assert load(tmp_path / "saved.tar.gz") == bundle


def test_a_server_that_never_answers_ends_with_the_deadline(
    tmp_path: Path, root: Path, serve: Callable[[Talk], str]
) -> None:
    server = f"https://{serve(lambda _: time.sleep(2))}"
    began = time.monotonic()
    options = LookOptions(kubeconfig(tmp_path / "config", server), host_roots=((None, root),), timeout=0.5)
    bundle = live(options, wanted)

    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever
    assert bundle.context.vantages == (WORKSTATION, "host/k8s-master")
    assert bundle.context.cluster == "story"
    assert bundle.at(HOSTNAME).body
    assert bundle.at(POD).refusal == Refusal(Reason.NOT_ASKED, "needs --port-forward")
    refusal = bundle.at(VERSION).refusal
    assert refusal
    assert refusal.reason in (Reason.DEADLINE, Reason.TIMEOUT)


def test_a_server_that_is_gone_is_reported_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    bundle = live(LookOptions(kubeconfig(tmp_path / "config", "https://127.0.0.1:1")), wanted)

    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever
    assert bundle.api("/version").refusal == Refusal(Reason.UNREACHABLE, "https://127.0.0.1:1: connection refused")


def test_what_the_user_gave_wrongly_stops_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such kubeconfig file"):
        live(LookOptions(str(tmp_path / "gone")), wanted)
    with pytest.raises(ConfigurationError, match="--host-root"):
        live(LookOptions(host_roots=((None, tmp_path / "gone"),), offline=True), wanted)

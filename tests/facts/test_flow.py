"""Whether metrics flow, what was not seen of it, what this cluster's remedies need, and what is to be read next."""

from datetime import timedelta

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths, rights
from msdoctor.facts.flow import Flow
from msdoctor.facts.wanted import API_PATHS, wanted
from msdoctor.model import Unseen

from .clusters import (
    MASTER,
    NOW,
    PKI,
    SCRAPER,
    SERVER_ARGS,
    Patient,
    deployment,
    healthy,
    hpa,
    issue,
    listed,
    pod,
    proxy_certificate,
    sample,
    with_host,
)


def _flow(patient: Patient) -> Flow:
    found = patient.facts().flow
    assert isinstance(found, Flow)
    return found


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (60, True), (61, False), (-5, True)])
def test_a_sample_is_fresh_for_three_scrapes_and_a_little(age: float, fresh: bool) -> None:
    assert _flow(healthy().metrics(sample("worker", age))).fresh("worker", NOW, 15) is fresh


def test_a_node_without_a_sample_is_not_fresh() -> None:
    assert not _flow(healthy().metrics()).fresh("worker", NOW, 15)
    assert _flow(healthy().metrics({"metadata": {"name": "worker"}})).nodes == {}


def test_the_newest_sample_is_a_nodes_or_a_pods() -> None:
    patient = healthy().metrics(sample("worker", 50)).api(paths.POD_METRICS, listed(sample("p", 20, "default")))

    assert _flow(patient).newest == NOW - timedelta(seconds=20)
    assert _flow(healthy().metrics().api(paths.POD_METRICS, listed())).newest is None


def test_an_answer_without_items_is_one_of_no_nodes() -> None:
    """metrics-server writes a list of nothing as null."""
    assert _flow(healthy().api(paths.NODE_METRICS, {"kind": "NodeMetricsList", "items": None})).nodes == {}


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_an_answer_that_is_a_refusal_is_kept(status: int) -> None:
    found = _flow(healthy().refuse(paths.NODE_METRICS, Reason.FAILED, status))

    assert found.refusal is not None
    assert found.refusal.status == status
    assert not found.nodes


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.UNREACHABLE, Reason.DEADLINE, Reason.NOT_ASKED])
def test_no_answer_at_all_is_unseen(reason: Reason) -> None:
    assert isinstance(healthy().refuse(paths.NODE_METRICS, reason).facts().flow, Unseen)


def test_only_hpas_on_resources_are_this_pipelines() -> None:
    custom = hpa("custom", "x")
    custom["spec"]["metrics"] = [{"type": "External", "external": {}}]
    found = healthy().api(paths.HPAS, listed(hpa("cpu", "x"), custom)).facts().hpas

    assert not isinstance(found, Unseen)
    assert [item.key for item in found] == ["default/cpu"]


# Gaps


def test_refusals_are_gaps_and_absences_are_not() -> None:
    patient = with_host(healthy()).refuse(paths.HPAS, Reason.FORBIDDEN, 403).refuse(paths.NODES, Reason.ABSENT, 404)

    assert [gap.what for gap in patient.facts().gaps] == [paths.HPAS]


def test_unreachable_kubelets_are_counted_together() -> None:
    patient = with_host(healthy(a="192.0.2.1", b="192.0.2.2", c="192.0.2.3"))
    patient.without_route("192.0.2.1:10250", "192.0.2.2:10250", "192.0.2.3:10250")
    (gap,) = patient.facts().gaps

    assert gap.count == 3
    assert "192.0.2.1:10250" in gap.what
    assert gap.reason.startswith("from the workstation: unreachable")


@pytest.mark.parametrize(("status", "is_gap"), [(403, True), (401, True), (503, False), (404, False), (None, True)])
def test_of_the_metrics_apis_answers_only_those_about_the_caller_are_gaps(status: int | None, is_gap: bool) -> None:
    patient = with_host(healthy()).refuse(paths.NODE_METRICS, Reason.FAILED, status)

    assert bool(patient.facts().gaps) is is_gap


def test_without_host_files_that_is_a_gap_with_its_remedy() -> None:
    assert [gap.remedy for gap in healthy().facts().gaps] == ["--host-root NAME=DIR"]


# Blanks of remedies


def test_the_names_and_paths_of_this_cluster_fill_the_blanks() -> None:
    patient = with_host(healthy(), *SERVER_ARGS).process("worker", "kubelet", "kubelet", "--config=/etc/kubelet.yaml")
    patient.file("worker", "/etc/kubelet.yaml", "tlsCertFile: /pki/kubelet.crt\ntlsPrivateKeyFile: /pki/kubelet.key\n")
    blanks = patient.facts().repair.blanks("worker", dialled="192.0.2.11:10250")

    assert {
        "namespace": "kube-system",
        "deployment": "metrics-server",
        "apiservice": "v1beta1.metrics.k8s.io",
        "control_plane": MASTER,
        "ca": f"{PKI}/ca.pem",
        "ca_key": f"{PKI}/ca-key.pem",
        "front_proxy_ca": f"{PKI}/front-proxy-ca.pem",
        "front_proxy_cert": f"{PKI}/front-proxy.pem",
        "front_proxy_key": f"{PKI}/front-proxy-key.pem",
        "front_proxy_name": "front-proxy-client",
        "node": "worker",
        "san": "IP:192.0.2.11,DNS:worker",
        "kubelet_config": "/etc/kubelet.yaml",
        "kubelet_cert": "/pki/kubelet.crt",
        "kubelet_key": "/pki/kubelet.key",
        "dialled": "192.0.2.11:10250",
    }.items() <= blanks.items()


@pytest.mark.parametrize("value", ["a b", "$(reboot)", "x;y", "`id`", "a\nb", "a'b", "a|b", "ä", ""])
def test_what_would_write_into_a_shell_leaves_its_blank_open(value: str) -> None:
    blanks = healthy().facts().repair.blanks(position=value)

    assert blanks["position"] == "<POSITION>"
    assert "position" not in blanks


def test_a_ca_path_with_a_blank_in_it_is_not_pasted() -> None:
    args = tuple(arg.replace(f"{PKI}/ca.pem", f"{PKI}/my ca.pem") for arg in SERVER_ARGS)

    assert with_host(healthy(), *args).facts().repair.blanks()["ca"] == "<CA>"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("front-proxy-ca.pem", issue("front-proxy-ca", generation="anew").pem),  # of the same name, with another key
        ("front-proxy.pem", proxy_certificate(end=NOW - timedelta(days=1)).pem),
        ("front-proxy.pem", "no certificate"),
        ("front-proxy.pem", ""),
    ],
)
def test_front_proxy_files_that_do_not_fit_together_are_not_offered(file: str, content: str) -> None:
    patient = with_host(healthy()).file(MASTER, f"{PKI}/{file}", content)

    assert "front_proxy_ca" not in patient.facts().repair.blanks()


# What to read next

API_SERVER = "192.0.2.10:6443"


def _paths(patient: Patient, kind: Kind, origin: str = WORKSTATION) -> set[str]:
    return {place.path for place in wanted(patient.bundle()) if (place.kind, place.origin) == (kind, origin)}


def test_of_an_empty_bundle_the_fixed_questions_are_wanted() -> None:
    assert _paths(Patient(), Kind.API) == set(API_PATHS)
    assert _paths(Patient(), Kind.REVIEW) == {rights.CALLER_READS_NODE_METRICS}
    assert _paths(Patient(), Kind.TLS) == {API_SERVER}


def test_what_was_read_leads_on_to_what_it_names() -> None:
    patient = healthy().installed(deployment(), pods=(pod(restarts=1),))

    assert paths.service("kube-system", "metrics-server") in _paths(patient, Kind.API)
    assert paths.slices("kube-system", "metrics-server") in _paths(patient, Kind.API)
    assert paths.events("kube-system", "metrics-server-1") in _paths(patient, Kind.API)
    assert rights.scrapes(SCRAPER) in _paths(patient, Kind.REVIEW)
    assert _paths(patient, Kind.LOG) == {
        "kube-system/metrics-server-1/metrics-server",
        "kube-system/metrics-server-1/metrics-server?previous",
    }
    assert _paths(patient, Kind.TLS) == {
        "192.0.2.10:10250",
        "192.0.2.11:10250",
        API_SERVER,
        "pod/kube-system/metrics-server-1:10250",
    }


def test_kubelets_are_dialled_though_no_metrics_server_is_installed() -> None:
    assert _paths(healthy().installed(), Kind.TLS) == {"192.0.2.10:10250", "192.0.2.11:10250", API_SERVER}


def test_no_kubelet_is_dialled_before_it_is_known_how_metrics_server_does() -> None:
    assert _paths(healthy().refuse(paths.DEPLOYMENTS[0], Reason.FORBIDDEN, 403), Kind.TLS) == {API_SERVER}


def test_a_hosts_processes_lead_on_to_the_files_that_their_flags_name() -> None:
    patient = with_host(healthy()).process(MASTER, "kubelet", "kubelet", "--config=/etc/kubelet.yaml")
    patient.file(MASTER, "/etc/kubelet.yaml", "tlsCertFile: /pki/kubelet.crt\n")
    files = _paths(patient, Kind.FILE, f"host/{MASTER}")

    assert {
        f"{PKI}/ca.pem",
        f"{PKI}/front-proxy.pem",
        f"{PKI}/front-proxy-key.pem",
        f"{PKI}/front-proxy-ca.pem",
        "/etc/kubelet.yaml",
        "/pki/kubelet.crt",
        "/etc/kubernetes/manifests/kube-apiserver.yaml",
    } <= files
    assert PKI in _paths(patient, Kind.DIRECTORY, f"host/{MASTER}")


def test_no_private_key_is_wanted_but_the_one_that_a_flag_pairs_with_the_proxy_certificate() -> None:
    patient = with_host(healthy(), *(arg for arg in SERVER_ARGS if "proxy-client" not in arg))

    assert not [path for path in _paths(patient, Kind.FILE, f"host/{MASTER}") if path.endswith("key.pem")]


def test_a_units_drop_ins_and_environment_files_are_wanted() -> None:
    unit = "/etc/systemd/system/kube-apiserver.service"
    patient = Patient().file(MASTER, unit, "[Service]\nEnvironmentFile=-/etc/default/api\nEnvironmentFile=\n")
    patient.directory(MASTER, f"{unit}.d", "10.conf", "10.conf.bak").file(MASTER, f"{unit}.d/10.conf", "[Service]\n")
    files = _paths(patient, Kind.FILE, f"host/{MASTER}")

    assert f"{unit}.d/10.conf" in files
    assert f"{unit}.d/10.conf.bak" not in files
    assert "" not in files


def test_reading_all_that_is_wanted_of_a_recorded_cluster_wants_nothing_more() -> None:
    patient = with_host(healthy())
    everything = wanted(patient.bundle())
    for place in everything - patient.documents.keys():
        patient.refuse(Place(place.origin, place.kind, place.path), Reason.ABSENT)
    for path in paths.RBAC:  # an answer that is refused leads on to the roles, once
        patient.refuse(path, Reason.ABSENT)

    assert wanted(patient.bundle()) == everything | {Place(WORKSTATION, Kind.API, path) for path in paths.RBAC}

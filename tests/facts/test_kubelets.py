"""Each kubelet as metrics-server dials it: where, what it serves, and what metrics-server says of it."""

from datetime import timedelta

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason, Refusal
from msdoctor.facts import paths
from msdoctor.facts.flags import Argument, parse
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Kubelet, Mode, dialled, nodes, serving_file
from msdoctor.model import Unseen
from msdoctor.x509 import ProblemKind

from .clusters import (
    CA,
    MANIFEST_ARGS,
    NOW,
    Issued,
    Patient,
    config_map,
    container,
    deployment,
    healthy,
    issue,
    kubelet_certificate,
    listed,
    node,
    pod,
    sample,
    scrape_error,
)
from .serving_requests import csr

ADDRESS = "192.0.2.11"
DIALLED = f"{ADDRESS}:10250"
MISMATCH = f"x509: certificate is valid for 192.0.2.99, not {ADDRESS}"
UNKNOWN = "x509: certificate signed by unknown authority"


def _worker(patient: Patient) -> Kubelet:
    found = patient.facts().kubelets
    assert not isinstance(found, Unseen)
    return next(one for one in found if one.name == "worker")


def _kinds(kubelet: Kubelet) -> list[ProblemKind]:
    return [problem.kind for problem in kubelet.problems]


EVERYWHERE = (("Hostname", "n"), ("ExternalIP", "203.0.113.1"), ("InternalIP", "192.0.2.1"), ("InternalIP", "fd00::1"))


@pytest.mark.parametrize(
    ("args", "target"),
    [
        (MANIFEST_ARGS, ("192.0.2.1", 10255)),
        ((), ("n", 10250)),  # the order that is compiled in
        (("--kubelet-preferred-address-types=ExternalIP",), ("203.0.113.1", 10250)),
        (("--kubelet-preferred-address-types=InternalDNS,InternalIP",), ("192.0.2.1", 10250)),
        (("--kubelet-preferred-address-types=InternalDNS",), None),
        (("--kubelet-port=10251",), ("n", 10251)),
        (("--kubelet-port=10251", "--kubelet-use-node-status-port"), ("n", 10255)),
        (("--kubelet-port=x",), ("n", 10250)),
    ],
)
def test_address_and_port_are_chosen_as_metrics_server_does(args: tuple[str, ...], target: object) -> None:
    patient = healthy().api(paths.NODES, listed(node("n", *EVERYWHERE, port=10255)))
    installation = patient.args(*args).facts().installation
    found = nodes(patient.bundle())

    assert isinstance(installation, Installation)
    assert not isinstance(found, Unseen)
    assert dialled(found[0], installation) == target


def test_without_an_installation_a_kubelet_is_looked_at_where_the_manifest_would_dial_it() -> None:
    found = nodes(healthy().api(paths.NODES, listed(node("n", *EVERYWHERE, port=10255))).bundle())

    assert not isinstance(found, Unseen)
    assert dialled(found[0], None) == ("192.0.2.1", 10255)


def test_a_node_without_an_address_of_those_types_is_unseen() -> None:
    patient = healthy().args("--kubelet-preferred-address-types=InternalDNS")

    assert _worker(patient).unseen == "no address of a type that metrics-server dials"
    assert not _worker(patient).problems


def test_an_ipv6_kubelet_is_dialled_in_brackets_and_judged_by_its_bare_address() -> None:
    good = _worker(healthy(worker="fd00::1"))
    bad = _worker(healthy(worker="fd00::1").tls("[fd00::1]:10250", kubelet_certificate("fd00::2")))

    assert good.dialled == "[fd00::1]:10250"
    assert good.served is not None
    assert not good.problems
    assert _kinds(bad) == [ProblemKind.NAME_MISMATCH]
    assert "-connect [fd00::1]:10250" in bad.problems[0].evidence[0].how


def test_every_fault_of_a_served_certificate_is_listed_and_the_one_that_go_reports_is_first() -> None:
    served = kubelet_certificate("192.0.2.99", by="other-ca", end=NOW - timedelta(days=1))
    kubelet = _worker(healthy().tls(DIALLED, served))

    assert _kinds(kubelet) == [ProblemKind.EXPIRED, ProblemKind.NAME_MISMATCH, ProblemKind.UNKNOWN_AUTHORITY]
    assert [problem.first for problem in kubelet.problems] == [True, False, False]
    assert all(problem.certain for problem in kubelet.problems)


def test_what_is_on_the_wire_outranks_what_the_log_says() -> None:
    patient = healthy().metrics(sample("master")).log(scrape_error("worker", ADDRESS, MISMATCH))

    assert not _worker(patient).problems


def test_where_no_handshake_is_to_be_had_the_log_tells_and_is_less_sure() -> None:
    patient = healthy().metrics(sample("master")).without_route(DIALLED)
    patient.log(scrape_error("worker", ADDRESS, MISMATCH))
    (problem,) = _worker(patient).problems

    assert (problem.kind, problem.first, problem.certain) == (ProblemKind.NAME_MISMATCH, True, False)
    assert problem.names == ("192.0.2.99",)
    assert problem.evidence[0].how == "kubectl -n kube-system logs deployment/metrics-server"


def test_the_logs_command_names_the_namespace_where_metrics_server_is() -> None:
    one = pod(namespace="monitoring")
    patient = healthy().installed(deployment(namespace="monitoring", name="ms"), pods=(one,)).metrics()
    patient.without_route(DIALLED).log(scrape_error("worker", ADDRESS, MISMATCH))
    for place in [place for place in patient.documents if place.path.startswith("kube-system/metrics-server-1/")]:
        body = patient.documents.pop(place).body or b""
        patient.put(type(place)(place.origin, place.kind, place.path.replace("kube-system/", "monitoring/")), body)

    assert _worker(patient).problems[0].evidence[0].how == "kubectl -n monitoring logs deployment/ms"


@pytest.mark.parametrize(
    ("said", "sampled", "known"),
    [
        (5, 30, True),
        (30, 5, False),  # a later success of the same connection
        (5, None, True),
        (600, None, False),  # it would have complained again since
    ],
)
def test_a_complaint_that_something_later_has_overtaken_is_history(
    said: float, sampled: float | None, known: bool
) -> None:
    patient = healthy().without_route(DIALLED).log(scrape_error("worker", ADDRESS, MISMATCH, age=said))
    patient.metrics(sample("master"), *([] if sampled is None else [sample("worker", sampled)]))

    assert bool(_worker(patient).problems) is known


def test_an_old_complaint_counts_while_the_container_that_made_it_is_down() -> None:
    down = pod(ready=False)
    down["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    patient = healthy().installed(deployment(), pods=(down,)).metrics().without_route(DIALLED)
    patient.log(scrape_error("worker", ADDRESS, MISMATCH, age=600))

    assert _kinds(_worker(patient)) == [ProblemKind.NAME_MISMATCH]


@pytest.mark.parametrize(("samples", "known"), [((), True), (("worker",), False)])
def test_a_log_without_timestamps_tells_only_where_no_sample_contradicts(samples: tuple[str, ...], known: bool) -> None:
    line = scrape_error("worker", ADDRESS, MISMATCH).partition(" ")[2]
    patient = healthy().without_route(DIALLED).log(line).metrics(*map(sample, samples))

    assert bool(_worker(patient).problems) is known


def test_of_several_complaints_the_newest_counts_in_whichever_log_it_stands() -> None:
    patient = healthy().metrics().without_route(DIALLED)
    patient.installed(deployment(), pods=(pod(restarts=1),))
    patient.log(scrape_error("worker", ADDRESS, UNKNOWN, age=5))
    patient.log(scrape_error("worker", ADDRESS, MISMATCH, age=20), suffix="?previous")

    assert _kinds(_worker(patient)) == [ProblemKind.UNKNOWN_AUTHORITY]


def test_a_complaint_about_another_node_is_not_this_ones() -> None:
    patient = healthy().metrics().without_route(DIALLED).log(scrape_error("master", "192.0.2.10", MISMATCH))

    assert not _worker(patient).problems


def test_without_the_trusted_cas_names_and_dates_are_judged_and_the_issuer_stays_open() -> None:
    served = kubelet_certificate("192.0.2.99", by="other-ca")
    patient = healthy().tls(DIALLED, served).refuse(paths.ROOT_CA, Reason.FORBIDDEN, 403)
    kubelet = _worker(patient)

    assert _kinds(kubelet) == [ProblemKind.NAME_MISMATCH]
    assert kubelet.problems[0].evidence[0].how.startswith(f"openssl s_client -connect {DIALLED} ")
    assert "403" in kubelet.unseen


@pytest.mark.parametrize("data", [{}, {"ca.crt": ""}, {"ca.crt": "garbage"}])
def test_a_root_ca_that_holds_no_certificate_makes_no_kubelet_untrusted(data: dict[str, str]) -> None:
    kubelet = _worker(healthy().api(paths.ROOT_CA, config_map(**data)))

    assert not kubelet.problems
    assert kubelet.unseen.startswith("ca.crt")


def test_cas_that_metrics_server_is_given_inside_its_pod_are_not_seen_from_here() -> None:
    patient = healthy().args(*MANIFEST_ARGS, "--kubelet-certificate-authority=/ca/kubelets.crt")
    patient.tls(DIALLED, kubelet_certificate(ADDRESS, by="kubelet-ca"))
    kubelet = _worker(patient)

    assert not kubelet.problems
    assert "/ca/kubelets.crt" in kubelet.unseen


def test_metrics_server_itself_met_at_a_nodes_address_is_not_held_against_a_kubelets_rules() -> None:
    own = issue("localhost", by="localhost-ca", sans=("localhost", "127.0.0.1"))
    kubelet = _worker(healthy().tls(DIALLED, own))

    assert not kubelet.problems
    assert kubelet.served is None
    assert "metrics-server itself" in kubelet.unseen


def test_a_workstation_without_a_route_accuses_no_kubelet() -> None:
    kubelet = _worker(healthy().without_route(DIALLED))

    assert not kubelet.problems
    assert kubelet.unseen == "no handshake from the workstation, unreachable: no route to host"


def test_a_chain_with_its_intermediate_is_followed() -> None:
    kubelet = _worker(healthy().tls(DIALLED, kubelet_certificate(ADDRESS), issue(CA)))

    assert not kubelet.problems


def test_arguments_of_a_second_container_do_not_matter() -> None:
    sidecar = {"name": "sidecar", "image": "x", "args": ["--kubelet-preferred-address-types=Hostname"]}
    patient = healthy().installed(deployment(container(), sidecar))

    assert _worker(patient).address == ADDRESS


# Where the certificate comes from

CONFIG = "/var/lib/kubelet/config.yaml"
SERVED_FILE = "/var/lib/kubelet/kubelet.pem"
TIMEOUT = f"dial tcp {DIALLED}: i/o timeout"
ALERT = Refusal(Reason.FAILED, "remote error: tls: internal error")


def _with_file(patient: Patient, settings: str, path: str, *chain: Issued) -> Patient:
    patient.process("worker", "kubelet", "kubelet", f"--config={CONFIG}").file("worker", CONFIG, settings)
    return patient.file("worker", path, "".join(item.pem for item in chain))


def _on_disk(patient: Patient, *chain: Issued) -> Patient:
    return _with_file(patient, f"tlsCertFile: {SERVED_FILE}\n", SERVED_FILE, *chain)


@pytest.mark.parametrize(
    ("settings", "flags", "expected"),
    [
        ({}, (), (Mode.SELF_SIGNED, "/var/lib/kubelet/pki/kubelet.crt")),
        ({}, ("--cert-dir=/pki/",), (Mode.SELF_SIGNED, "/pki/kubelet.crt")),
        ({"tlsCertFile": "/a"}, (), (Mode.FILE, "/a")),
        ({"tlsCertFile": "/a"}, ("--tls-cert-file=/b",), (Mode.FILE, "/b")),
        (
            {"tlsCertFile": "/a", "serverTLSBootstrap": "True"},
            (),
            (Mode.BOOTSTRAP, "/var/lib/kubelet/pki/kubelet-server-current.pem"),
        ),
    ],
)
def test_a_kubelet_serves_what_its_configuration_says(
    settings: dict[str, str], flags: tuple[str, ...], expected: object
) -> None:
    assert serving_file(parse(map(Argument, flags)), settings) == expected


def test_without_a_route_the_file_tells_and_is_less_sure() -> None:
    kubelet = _worker(_on_disk(healthy().without_route(DIALLED), kubelet_certificate("192.0.2.99")))
    (problem,) = kubelet.problems

    assert (problem.kind, problem.first, problem.certain) == (ProblemKind.NAME_MISMATCH, True, False)
    assert problem.evidence[0].origin == "host/worker"
    assert problem.evidence[0].where == f"worker:{SERVED_FILE}"


def test_a_scrape_that_fails_before_any_certificate_leaves_the_files_fault_for_later() -> None:
    patient = _on_disk(healthy().without_route(DIALLED).metrics(sample("master")), kubelet_certificate("192.0.2.99"))
    patient.log(scrape_error("worker", ADDRESS, "x").replace("tls: failed to verify certificate: x", TIMEOUT))

    assert [problem.first for problem in _worker(patient).problems] == [False]


def test_where_log_and_file_agree_both_are_evidence_and_the_file_tells_what_comes_next() -> None:
    served = kubelet_certificate("192.0.2.99", by="other-ca")
    patient = _on_disk(healthy().metrics(sample("master")).without_route(DIALLED), served)
    kubelet = _worker(patient.log(scrape_error("worker", ADDRESS, MISMATCH)))

    assert _kinds(kubelet) == [ProblemKind.NAME_MISMATCH, ProblemKind.UNKNOWN_AUTHORITY]
    assert [evidence.origin for evidence in kubelet.problems[0].evidence] == ["workstation", "host/worker"]


def test_where_log_and_file_differ_the_log_counts_and_the_difference_is_shown() -> None:
    patient = _on_disk(healthy().metrics(sample("master")).without_route(DIALLED), kubelet_certificate(ADDRESS))
    (problem,) = _worker(patient.log(scrape_error("worker", ADDRESS, MISMATCH))).problems

    assert problem.kind is ProblemKind.NAME_MISMATCH
    assert "perhaps not the one that is served" in problem.evidence[1].saw


def test_the_last_issued_request_tells_before_a_file() -> None:
    issued = kubelet_certificate("192.0.2.99")
    patient = healthy().without_route(DIALLED).api(paths.CSRS, listed(csr(fate="Approved", issued=issued)))
    (problem,) = _worker(patient).problems

    assert problem.evidence[0].where == f"{paths.CSRS}/csr-1"
    assert not _worker(_on_disk(patient, kubelet_certificate(ADDRESS))).problems  # it does not ask the cluster


def test_a_younger_certificate_in_the_file_is_a_renewal_that_was_not_read() -> None:
    old = kubelet_certificate(ADDRESS, end=NOW - timedelta(days=1))
    new = kubelet_certificate(ADDRESS, start=NOW - timedelta(days=1), generation="2")
    renewed = _worker(_on_disk(healthy().tls(DIALLED, old), new))
    worse = _worker(
        _on_disk(healthy().tls(DIALLED, old), kubelet_certificate("192.0.2.99", start=NOW - timedelta(days=1)))
    )
    same = _worker(_on_disk(healthy().tls(DIALLED, old), old))

    assert renewed.sound_on_disk
    assert not worse.sound_on_disk
    assert not same.sound_on_disk
    assert same.renewed is None


def test_an_internal_error_is_heard_off_the_wire_and_from_the_log() -> None:
    place = Place(WORKSTATION, Kind.TLS, DIALLED)
    met = _worker(healthy().refuse(place, ALERT.reason, detail=ALERT.detail))
    line = scrape_error("worker", ADDRESS, "x").replace("tls: failed to verify certificate: x", ALERT.detail)
    told = _worker(healthy().metrics(sample("master")).without_route(DIALLED).log(line))

    assert met.alert is not None
    assert met.alert.where == DIALLED
    assert told.alert is not None
    assert "metrics-server says" in told.alert.saw
    assert _worker(healthy().metrics(sample("master")).log(line)).alert is None  # it serves one now

"""The way to metrics-server: what looks alike from outside is a short list, and what a host shows makes it shorter."""

import json
from collections.abc import Callable

import pytest

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.diagnosis import Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.facts.wanted import wanted
from msdoctor.judge import Result
from msdoctor.model import Confidence, Finding
from msdoctor.render import report_json, report_text
from tests.facts.clusters import MASTER, SERVER_ARGS, Patient, apiservice, healthy, listed, with_host

from .ways import (
    BY_OVERLAY,
    CLUSTER_IP,
    DEFAULT,
    KUBELET,
    LATE,
    LINK,
    POD,
    SHUT,
    SOCKET,
    TO_PODS,
    cut_off,
    dialling,
    seen_on_host,
    tunnelled,
)

CANNOT_REACH, FIREWALL = "aggregator-cannot-reach-service", "cloud-firewall-control-plane-to-node"
OVERLAY, MTU, TUNNEL = "overlay-vxlan-udp-blocked", "network-mtu-or-overlay", "konnectivity-tunnel-down"
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE


def found(patient: Patient) -> dict[str, Confidence]:
    """Every cause with how sure it is."""
    return {cause.id: cause.finding.confidence for cause in patient.diagnosis().causes if cause.finding.effects}


def finding(patient: Patient, check_id: str) -> Finding:
    (one,) = patient.outcome(check_id).findings
    return one


def test_from_a_workstation_a_timeout_is_a_list_of_which_one_holds() -> None:
    assert found(cut_off()) == dict.fromkeys((CANNOT_REACH, FIREWALL, MTU, OVERLAY), POSSIBLE)


def test_the_list_says_what_decides() -> None:
    diagnosis = cut_off(CLUSTER_IP).diagnosis()
    (one,) = diagnosis.alternatives
    (shown,) = json.loads(report_json.json_(diagnosis))["alternatives"]

    assert set(one.ids) == {CANNOT_REACH, FIREWALL, MTU, OVERLAY, "network-policy-blocks", "proxy-env-no_proxy"}
    assert {look.then for look in one.decide} == set(one.ids)
    assert any(look.look.startswith(f"openssl s_client -connect {POD} </dev/null") for look in one.decide)
    assert shown["decide"][0] == {
        "look": f"openssl s_client -connect {POD} </dev/null",
        "on": "master",
        "if": "a certificate: only the Service's address leads nowhere",
        "then": CANNOT_REACH,
    }
    assert diagnosis.verdict is Verdict.INCOMPLETE
    assert exit_code(diagnosis) == 3
    assert "Not told apart from here; a look decides" in report_text.text(diagnosis)
    assert "Repair in this order" not in report_text.text(diagnosis)


def test_a_refusal_is_neither_an_overlay_nor_the_size_of_packets() -> None:
    refused = found(cut_off(error=f"dial tcp {POD}: connect: connection refused"))

    assert refused == dict.fromkeys((CANNOT_REACH, FIREWALL), POSSIBLE)


def test_a_handshake_that_times_out_is_the_size_of_packets() -> None:
    assert found(cut_off(error="net/http: TLS handshake timeout")) == {MTU: LIKELY}


@pytest.mark.parametrize(
    ("patient", "causes"),
    [
        (lambda: seen_on_host(cut_off(CLUSTER_IP), DEFAULT, TO_PODS, proxied=False), {CANNOT_REACH: LIKELY}),
        (lambda: seen_on_host(cut_off(CLUSTER_IP), DEFAULT, TO_PODS), {FIREWALL: POSSIBLE, MTU: POSSIBLE}),
        (lambda: seen_on_host(cut_off(), DEFAULT, TO_PODS, proxied=False), {FIREWALL: POSSIBLE, MTU: POSSIBLE}),
        (lambda: seen_on_host(cut_off(), LINK), {CANNOT_REACH: CERTAIN}),
        (
            lambda: seen_on_host(cut_off(), DEFAULT, LINK),
            dict.fromkeys((CANNOT_REACH, FIREWALL, MTU), POSSIBLE),
        ),
        (
            lambda: seen_on_host(cut_off(), DEFAULT, BY_OVERLAY),
            dict.fromkeys((FIREWALL, OVERLAY, MTU), POSSIBLE),
        ),
    ],
)
def test_processes_and_routes_of_the_host_shorten_the_list(
    patient: Callable[[], Patient], causes: dict[str, Confidence]
) -> None:
    assert found(patient()) == causes


@pytest.mark.parametrize(
    ("at", "route", "proxied", "met", "causes"),
    [
        (CLUSTER_IP, TO_PODS, False, {"service": "silent", "pod": "answers"}, {CANNOT_REACH: CERTAIN}),
        (CLUSTER_IP, TO_PODS, True, {"service": "silent", "pod": "answers"}, {CANNOT_REACH: LIKELY}),
        (POD, TO_PODS, True, {"pod": "silent", "shut": "connection refused"}, {FIREWALL: LIKELY}),
        (POD, DEFAULT, True, {"pod": "silent", "shut": "connection refused"}, {FIREWALL: LIKELY}),
        (POD, TO_PODS, True, {"pod": "opens", "shut": "connection refused"}, {MTU: LIKELY}),
        (POD, DEFAULT, True, {"pod": "no route to host", "shut": "no route to host"}, {CANNOT_REACH: LIKELY}),
        (POD, BY_OVERLAY, True, {"pod": "silent", "shut": "silent", "kubelet": "answers"}, {OVERLAY: LIKELY}),
        (
            POD,
            BY_OVERLAY,
            True,
            {"pod": "silent", "shut": "silent", "kubelet": "silent"},
            {FIREWALL: POSSIBLE, OVERLAY: POSSIBLE},
        ),
        (POD, TO_PODS, True, {"pod": "silent", "shut": "silent", "kubelet": "answers"}, {FIREWALL: POSSIBLE}),
    ],
)
def test_a_dial_from_the_host_tells_the_right_one(
    at: str, route: tuple[str, str, str, str], proxied: bool, met: dict[str, str], causes: dict[str, Confidence]
) -> None:
    assert found(dialling(seen_on_host(cut_off(at), route, LINK, proxied=proxied), **met)) == causes


def test_what_the_host_reaches_by_now_accuses_nobody() -> None:
    patient = dialling(seen_on_host(cut_off(CLUSTER_IP), TO_PODS, proxied=False), service="answers", pod="answers")

    assert found(patient) == {}


def test_a_proxy_in_the_api_servers_environment_is_named_alone() -> None:
    patient = seen_on_host(cut_off(), TO_PODS)
    environment = {"HTTPS_PROXY": "http://192.0.2.99:3128"}
    process = [{"pid": 7, "args": list(SERVER_ARGS), "environ": environment}]
    patient.put(Place(f"host/{MASTER}", Kind.PROCESS, "kube-apiserver"), json.dumps(process).encode())

    assert found(patient) == {"proxy-env-no_proxy": LIKELY}
    assert patient.outcome(FIREWALL).result is Result.UNSEEN


def test_an_address_of_yesterday_leaves_it_open() -> None:
    assert found(cut_off("10.244.1.99:10250")) == {}


@pytest.mark.parametrize(
    "error", ["dial tcp 192.0.2.99:3128: connect: connection refused", "x509: certificate signed by unknown authority"]
)
def test_what_was_not_met_on_this_way_is_none_of_its_faults(error: str) -> None:
    assert not set(found(cut_off(error=error))) & {CANNOT_REACH, FIREWALL, OVERLAY, MTU, TUNNEL}


@pytest.mark.parametrize(
    ("patient", "confidence"),
    [
        (lambda: cut_off(error="No agent available"), LIKELY),
        (lambda: tunnelled("No agent available", "konnectivity-server.socket"), LIKELY),
        (lambda: tunnelled(f"dial unix {SOCKET}: connect: no such file or directory"), CERTAIN),
        (lambda: tunnelled("dial timeout, context", "konnectivity-server.socket"), LIKELY),
        (lambda: tunnelled(LATE, "konnectivity-server.socket"), POSSIBLE),
    ],
    ids=("no-agent", "no-agent-of-this-server", "no-socket", "timeout", "silent"),
)
def test_a_tunnel_is_judged_by_its_own_words(patient: Callable[[], Patient], confidence: Confidence) -> None:
    assert found(patient()) == {TUNNEL: confidence}


def test_only_the_pods_port_is_opened_and_only_to_the_control_plane() -> None:
    patient = dialling(seen_on_host(cut_off(CLUSTER_IP), TO_PODS), pod="silent", shut="connection refused")
    (remedy,) = finding(patient, FIREWALL).remedies

    assert remedy.commands == ("iptables -I FORWARD 1 -s 192.0.2.10 -p tcp --dport 10250 -j ACCEPT",)
    assert remedy.on == "node/worker"


def test_without_kube_proxy_its_unit_is_started_or_pods_are_dialled() -> None:
    patient = dialling(seen_on_host(cut_off(CLUSTER_IP), TO_PODS, proxied=False), service="silent", pod="answers").file(
        MASTER, "/etc/systemd/system/kube-proxy.service", "[Service]\nExecStart=/usr/local/bin/kube-proxy\n"
    )
    first, second = finding(patient, CANNOT_REACH).remedies

    assert first.commands == ("systemctl enable --now kube-proxy",)
    assert second.way == 2
    assert any("--enable-aggregator-routing=true" in command for command in second.commands)


def test_nothing_is_dialled_where_nobody_complains() -> None:
    patient = with_host(healthy())

    assert not [place for place in wanted(patient.bundle()) if place.kind is Kind.TLS and place.origin != "workstation"]


def test_a_complaint_has_the_host_dial_what_the_api_server_dials() -> None:
    places = wanted(with_host(cut_off()).bundle())

    assert {place.path for place in places if place.kind is Kind.TLS and place.origin == f"host/{MASTER}"} == {
        POD,
        CLUSTER_IP,
        SHUT,
        KUBELET,
    }
    assert Place(f"host/{MASTER}", Kind.FILE, "/proc/7/net/route") in places


def test_that_nothing_was_dialled_is_a_gap_with_its_remedy() -> None:
    patient = seen_on_host(cut_off(), TO_PODS)
    patient.refuse(Place(f"host/{MASTER}", Kind.TLS, POD), Reason.NOT_ASKED, detail="needs msdoctor to run there")
    (gap,) = [gap for gap in patient.diagnosis().gaps if "meets at" in gap.what]

    assert gap.remedy == f"--host-root {MASTER}=/"


def test_a_known_cause_leaves_no_list_beside_it() -> None:
    """Both are met: a refusal that two API servers wrote in turn, and a missing certificate that was read."""
    patient = seen_on_host(cut_off(), TO_PODS)
    patient.process(MASTER, "kube-apiserver", "kube-apiserver", "--client-ca-file=/var/lib/kubernetes/ca.pem")

    assert found(patient) == {"proxy-client-cert-missing": CERTAIN}


def test_an_answer_of_any_kind_ends_the_question() -> None:
    refused = "bad status from https://10.244.1.5:10250/apis/metrics.k8s.io/v1beta1: 401"
    message = f"failing or missing response from https://10.244.1.5:10250/apis/metrics.k8s.io/v1beta1: {refused}"
    patient = healthy().silent().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", message)))

    assert patient.outcome(FIREWALL).result is Result.NOT_APPLICABLE

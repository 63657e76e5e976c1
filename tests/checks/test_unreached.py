"""The way to a kubelet: which of the causes that look alike is named, how surely, and when none is."""

import json
from collections.abc import Callable

import pytest

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.judge import Result
from msdoctor.model import Confidence, EffectKind, Finding
from tests.checks.unreached import (
    BY_NAME,
    NO_ROUTE,
    REFUSED,
    TIMEOUT,
    complaint,
    leases,
    log_behind_it,
    misregistered,
    refuses_workstation,
    sharing,
    silent_to_workstation,
    stopped,
    unreached,
)
from tests.facts.clusters import MANIFEST_ARGS, Patient, container, deployment, healthy, moment, pod, sample

CAUSES = ("kubelet-down", "kubelet-slow-response", "node-firewall-reject", "node-unreachable-timeout")
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE


def _named(patient: Patient) -> dict[str, Confidence]:
    return {name: finding.confidence for name in CAUSES for finding in patient.outcome(name).findings}


def _finding(patient: Patient, name: str) -> Finding:
    return patient.outcome(name).findings[0]


def _short(patient: Patient) -> Patient:
    log = complaint(TIMEOUT) + complaint(TIMEOUT, age=20)
    return patient.args(*MANIFEST_ARGS, "--kubelet-request-timeout=10ms").log(log)


@pytest.mark.parametrize(
    ("patient", "named"),
    [
        # The workstation, which reaches the master, gets no answer either.
        (lambda: leases(silent_to_workstation(unreached(TIMEOUT))), {"node-unreachable-timeout": LIKELY}),
        # It shakes hands: lost on metrics-server's own way, or slow.
        (lambda: leases(unreached(TIMEOUT)), {"node-unreachable-timeout": POSSIBLE}),
        # The name's answer may be what did not come in time.
        (lambda: leases(unreached(TIMEOUT, url="https://worker:10250").args(*BY_NAME)), {}),
        # Silent, and it does not report: down, or cut off altogether.
        (lambda: stopped(silent_to_workstation(unreached(TIMEOUT))), {"kubelet-down": POSSIBLE}),
        (lambda: stopped(refuses_workstation(unreached(REFUSED))), {"kubelet-down": LIKELY}),
        # Refused, and alive since.
        (lambda: leases(refuses_workstation(unreached(REFUSED))), {"node-firewall-reject": LIKELY}),
        (lambda: leases(unreached(REFUSED)), {"node-firewall-reject": LIKELY}),
        # A kubelet that restarts is refused once.
        (lambda: leases(refuses_workstation(unreached(REFUSED, ages=(5,)))), {"node-firewall-reject": POSSIBLE}),
        # Refused since its last sign of life, which is not old enough to tell.
        (lambda: leases(refuses_workstation(unreached(REFUSED)), worker=38), {}),
        # Refused an hour ago as well, and not in between.
        (lambda: leases(refuses_workstation(unreached(REFUSED, ages=(3600, 20, 5))), worker=25), {}),
        (lambda: leases(refuses_workstation(unreached(NO_ROUTE))), {"node-firewall-reject": POSSIBLE}),
        # Cut off from the API server: NotReady, and it shakes hands.
        (lambda: stopped(unreached(TIMEOUT)), {}),
        (lambda: leases(_short(unreached(TIMEOUT))), {"kubelet-slow-response": LIKELY}),
        (
            lambda: leases(unreached("failed to read response body - " + TIMEOUT, url="")),
            {"kubelet-slow-response": LIKELY},
        ),
        # metrics-server's own log lies behind the port.
        (
            lambda: leases(log_behind_it(silent_to_workstation(healthy().metrics(sample("master"))))),
            {"node-unreachable-timeout": LIKELY},
        ),
        (
            lambda: leases(log_behind_it(healthy().metrics(sample("master")).without_route("192.0.2.11:10250"))),
            {},
        ),
        (
            lambda: leases(
                log_behind_it(
                    refuses_workstation(healthy().metrics(sample("master"))),
                    Reason.FAILED,
                    f'Get "https://192.0.2.11:10250/containerLogs/kube-system/metrics-server-1": {REFUSED}',
                )
            ),
            {"node-firewall-reject": LIKELY},
        ),
        # Nobody complains.
        (lambda: leases(silent_to_workstation(healthy())), {}),
        (lambda: stopped(healthy()), {}),
    ],
)
def test_what_looks_alike_is_told_apart_or_said_to_be_only_possible(
    patient: Callable[[], Patient], named: dict[str, Confidence]
) -> None:
    assert _named(patient()) == named


def test_a_workstation_that_reaches_no_kubelet_says_nothing_of_metrics_server() -> None:
    patient = leases(silent_to_workstation(unreached(TIMEOUT)).without_route("192.0.2.10:10250"))

    assert _named(patient) == {"node-unreachable-timeout": POSSIBLE}


def test_where_only_metrics_servers_own_node_works_it_is_the_way_between_nodes() -> None:
    nodes = {"master": "192.0.2.10", "worker": "192.0.2.11", "third": "192.0.2.12"}
    log = "".join(
        complaint(TIMEOUT, name, age, f"https://{nodes[name]}:10250") for name in ("master", "third") for age in (20, 5)
    )
    patient = leases(healthy(**nodes).metrics(sample("worker")).log(log), third=3)

    assert _named(patient) == {"node-unreachable-timeout": LIKELY}
    assert "to other nodes" in _finding(patient, "node-unreachable-timeout").summary


def test_a_stopped_kubelet_takes_metrics_server_along_where_it_runs_there() -> None:
    elsewhere = _finding(stopped(refuses_workstation(unreached(REFUSED))), "kubelet-down")
    below = stopped(refuses_workstation(log_behind_it(healthy().silent(), Reason.FAILED, REFUSED)))

    assert {effect.kind for effect in elsewhere.effects} == {EffectKind.SCRAPE_FAILS}
    assert {effect.kind for effect in _finding(below, "kubelet-down").effects} == {
        EffectKind.SCRAPE_FAILS,
        EffectKind.NOT_READY,
    }


@pytest.mark.parametrize(("version", "named"), [("v0.8.0", {}), ("v0.9.0", {"kubelet-down": LIKELY})])
def test_only_from_0_9_metrics_server_is_silent_about_nodes_that_are_not_ready(
    version: str, named: dict[str, Confidence]
) -> None:
    one = container() | {"image": f"registry.k8s.io/metrics-server/metrics-server:{version}"}
    patient = healthy().installed(deployment(one), pods=(pod(node="master"),)).metrics(sample("master"))

    assert _named(stopped(refuses_workstation(patient))) == named


def test_a_process_list_without_a_kubelet_makes_it_certain_and_one_with_it_belies_it() -> None:
    unit = "[Service]\nExecStart=/usr/bin/kubelet --config=/k.yaml\n"
    stopped_here = stopped(refuses_workstation(unreached(REFUSED))).file(
        "worker", "/etc/systemd/system/kubelet.service", unit
    )

    assert _named(stopped_here.process("worker", "kubelet")) == {"kubelet-down": CERTAIN}
    assert "kubelet-down" not in _named(stopped_here.process("worker", "kubelet", "/usr/bin/kubelet"))


@pytest.mark.parametrize("check_id", CAUSES)
def test_without_metrics_servers_log_a_node_that_is_not_scraped_is_not_cleared(check_id: str) -> None:
    patient = leases(log_behind_it(healthy().metrics(sample("master")), Reason.FORBIDDEN, "no"))

    assert patient.outcome(check_id).result is Result.UNSEEN


def test_a_kubelet_that_is_found_at_another_address_is_registered_under_a_wrong_one() -> None:
    patient = misregistered()
    (remedy,) = _finding(patient, "node-wrong-internal-ip").remedies

    assert "--node-ip=192.0.2.11/" in remedy.commands[0]
    assert _named(patient) == {}


def test_an_address_that_two_nodes_share_leads_to_one_of_them_at_most() -> None:
    patient = sharing(unreached(TIMEOUT))

    assert patient.outcome("node-wrong-internal-ip").result is Result.FAIL


@pytest.mark.parametrize(("seconds", "confidence"), [(5, POSSIBLE), (60, LIKELY)])
def test_a_kubelet_that_has_only_just_started_may_not_listen_yet(seconds: int, confidence: Confidence) -> None:
    unready = healthy().silent().installed(deployment(), pods=(pod(ready=False),))
    patient = leases(refuses_workstation(log_behind_it(unready, Reason.FAILED, REFUSED)))
    running = [{"args": ["/usr/bin/kubelet", "--v=2"], "pid": 7, "started": moment(-seconds)}]
    patient.hosts = ("worker",)
    patient.put(Place("host/worker", Kind.PROCESS, "kubelet"), json.dumps(running).encode())

    assert _named(patient) == {"node-firewall-reject": confidence}

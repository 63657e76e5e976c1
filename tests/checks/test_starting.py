"""A metrics-server that does not start: which of the causes is named, how surely, and when none is."""

import json
from collections.abc import Callable

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.model import Confidence, Finding, State
from tests.checks.starting import (
    NAME,
    NO_FIT,
    complaining,
    crashed,
    noded,
    said,
    starting,
    unplaced,
    waiting,
)
from tests.facts.clusters import MANIFEST_ARGS, Json, Patient, container, deployment, healthy, moment, pod

CAUSES = (
    "bad-flag-or-args",
    "hostnetwork-port-conflict",
    "image-arch-mismatch",
    "image-pull",
    "manifest-template-unrendered",
    "metrics-server-not-running",
    "metrics-server-resource-starvation",
    "metrics-server-unschedulable",
    "node-pressure-eviction",
    "node-taint",
    "pod-security-runasnonroot",
    "secure-port-privileged-bind",
)
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE
TAINTED = NO_FIT.format("2 node(s) had untolerated taint(s)")
TAKEN = (
    "failed to create listener: failed to listen on 0.0.0.0:10250: listen tcp 0.0.0.0:10250: bind: address already in"
    " use"
)
DENIED = TAKEN.replace("10250", "443").replace("address already in use", "permission denied")
TOO_LONG = (
    "metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value 15s"
    " kubelet-request-timeout value 20s provided"
)
READ_ONLY = "error creating self-signed certificates: mkdir apiserver.local.config: read-only file system"
ON_443 = tuple(arg.replace("10250", "443") for arg in MANIFEST_ARGS)
LOG = Place(WORKSTATION, Kind.LOG, f"kube-system/{NAME}/metrics-server")


def _named(patient: Patient) -> dict[str, Confidence]:
    return {name: finding.confidence for name in CAUSES for finding in patient.outcome(name).findings}


def _finding(patient: Patient, name: str) -> Finding:
    return patient.outcome(name).findings[0]


def _commands(patient: Patient, name: str, way: int = 1) -> list[str]:
    return [text for remedy in _finding(patient, name).remedies if remedy.way == way for text in remedy.commands]


def _with_image(image: str) -> Json:
    return container() | {"image": image}


def _limited(**limits: str) -> Json:
    return container() | {"resources": {"limits": limits}}


def _event(patient: Patient, message: str) -> Patient:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": NAME},
        "reason": "Unhealthy",
        "message": message,
        "lastTimestamp": moment(-5),
    }
    return patient.api(paths.events("kube-system", NAME), {"items": [event]})


def _unheard(patient: Patient) -> Patient:
    for path in (LOG.path, f"{LOG.path}?previous"):
        patient.refuse(Place(WORKSTATION, Kind.LOG, path), Reason.FORBIDDEN, 403)
    return patient


def _throttled(cpu: str = "10m", message: str = "context deadline exceeded") -> Patient:
    patient = starting(_limited(cpu=cpu), crashed(0, "Completed"))
    return _event(patient, f'Liveness probe failed: Get "https://10.244.0.13:10250/livez": {message}')


def _ended(said: str) -> Patient:
    patient = starting(_limited(cpu="10m"), crashed(0, "Completed"))
    log = f"I0301 11:59:21.000000 1 secure_serving.go:213] {said}\n"
    killed = "Container metrics-server failed liveness probe, will be restarted"
    return _event(patient.log(log).log(log, suffix="?previous"), killed)


def _foreign(image: str) -> Patient:
    text = "2026-03-01T11:59:21.000000000Z exec /metrics-server: exec format error\n"
    patient = starting(_with_image(image), crashed(1)).log(text)
    return patient.api(paths.NODES, {"items": [noded("master"), noded("worker")]})


def _evicted(*, short: bool = True, left: Json | None = None) -> Patient:
    """Its node ended it, and it ended well; what is left of it waits, or is this pod."""
    pressure = ("node.kubernetes.io/memory-pressure:NoSchedule",) if short else ()
    worker = noded("worker", *pressure)
    worker["status"]["conditions"].append({"type": "MemoryPressure", "status": str(short), "message": "little memory"})
    patient = unplaced(
        NO_FIT.format("1 Insufficient memory, 1 node(s) had untolerated taint(s)"), noded("master"), worker
    )
    gone = pod("metrics-server-0", ready=False)
    gone["status"] |= {"phase": "Succeeded"}
    waits = json.loads(patient.bundle().api(paths.PODS[0]).body or b"")["items"][0]
    event: Json = {"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "metrics-server-0"}}
    event |= {"reason": "Evicted", "message": "The node was low on resource: memory. "}
    patient.installed(deployment(), pods=(gone, left or waits))
    return patient.api(paths.events("kube-system", "metrics-server-0"), {"items": [event]})


def _scaled(wanted: int = 0, **status: object) -> Patient:
    one = deployment(replicas=wanted)
    one["metadata"]["creationTimestamp"] = moment(-3600)
    one["status"] = {"replicas": 0, **status}
    return healthy().installed(one).silent()


def _refused(text: str) -> Patient:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": text}
    return _scaled(1, conditions=[condition])


@pytest.mark.parametrize(
    ("patient", "named"),
    [
        (
            lambda: complaining("unknown flag: --logtostderr", *MANIFEST_ARGS, "--logtostderr"),
            {"bad-flag-or-args": CERTAIN},
        ),
        (lambda: complaining(READ_ONLY, *MANIFEST_ARGS[1:]), {"bad-flag-or-args": CERTAIN}),
        # Its log is not to be had, and its release would refuse an argument.
        (lambda: _unheard(complaining("", *MANIFEST_ARGS, "--logtostderr")), {"bad-flag-or-args": LIKELY}),
        (lambda: _unheard(complaining("", *MANIFEST_ARGS)), {}),
        # It complains of another thing, whatever its arguments look like.
        (
            lambda: complaining(
                "unable to load configmap based request-header-client-ca-file", *MANIFEST_ARGS, "--logtostderr"
            ),
            {},
        ),
        (lambda: complaining(TAKEN, hostNetwork=True), {"hostnetwork-port-conflict": CERTAIN}),
        (lambda: _unheard(complaining("", hostNetwork=True)), {"hostnetwork-port-conflict": LIKELY}),
        # In its own network it is a sidecar's doing.
        (lambda: complaining(TAKEN), {}),
        (
            lambda: unplaced(
                NO_FIT.format("2 node(s) didn't have free ports for the requested pod ports"), hostNetwork=True
            ),
            {"hostnetwork-port-conflict": LIKELY},
        ),
        (lambda: complaining(DENIED, *ON_443), {"secure-port-privileged-bind": CERTAIN}),
        # A port above may be forbidden by something else.
        (lambda: complaining(DENIED.replace("443", "4443"), *(a.replace("10250", "4443") for a in MANIFEST_ARGS)), {}),
        (lambda: starting(_with_image("x/metrics-server:0.8.0"), waiting("ImagePullBackOff")), {"image-pull": LIKELY}),
        (lambda: starting(container(), waiting("ContainerCreating")), {}),
        (
            lambda: starting(_with_image("{{ .image }}"), waiting("InvalidImageName")),
            {"manifest-template-unrendered": CERTAIN},
        ),
        (
            lambda: starting(
                container() | {"securityContext": {"runAsNonRoot": True}},
                waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root (pod: x)"),
            ),
            {"pod-security-runasnonroot": CERTAIN},
        ),
        (lambda: starting(container(), waiting("CreateContainerConfigError", 'secret "x" not found')), {}),
        (
            lambda: starting(_limited(memory="20Mi"), crashed(137, "OOMKilled")),
            {"metrics-server-resource-starvation": CERTAIN},
        ),
        (lambda: starting(container(), crashed(137, "OOMKilled")), {"metrics-server-resource-starvation": LIKELY}),
        # A liveness probe, too, ends with 137.
        (lambda: starting(_limited(memory="200Mi"), crashed(137)), {}),
        (_throttled, {"metrics-server-resource-starvation": LIKELY}),
        (lambda: _throttled("500m"), {}),
        # Nothing listens, as before it has come to its lists.
        (lambda: _throttled(message="connect: connection refused"), {}),
        # It is ended for that, and by then its log has not come to the line that it serves.
        (lambda: _ended("Adding GroupVersion metrics.k8s.io v1beta1"), {"metrics-server-resource-starvation": LIKELY}),
        (lambda: _ended("Serving securely on [::]:10250"), {}),
        (lambda: _unheard(_ended("")), {}),
        # It says what keeps it from becoming ready.
        (
            lambda: _throttled().log(
                "E0301 11:59:21.000000 1 reflector.go:205] Failed to watch: nodes is forbidden\n", suffix="?previous"
            ),
            {},
        ),
        (
            lambda: unplaced(TAINTED, noded("master", "a=b:NoSchedule"), noded("worker", "c:NoExecute")),
            {"node-taint": CERTAIN},
        ),
        # The worker is down, and has a taint for that; the master's is as it should be.
        (
            lambda: unplaced(
                TAINTED,
                noded("master", "node-role.kubernetes.io/control-plane:NoSchedule"),
                noded("worker", "node.kubernetes.io/unreachable:NoExecute"),
            ),
            {"metrics-server-unschedulable": POSSIBLE},
        ),
        (
            lambda: unplaced(
                TAINTED,
                noded("master", "a=b:NoSchedule"),
                noded("worker"),
                tolerations=[{"key": "a", "operator": "Exists"}],
            ),
            {"metrics-server-unschedulable": LIKELY},
        ),
        (
            lambda: unplaced(
                NO_FIT.format("2 node(s) didn't match Pod's node affinity/selector"),
                noded("master"),
                noded("worker"),
                nodeSelector={"disktype": "ssd"},
            ),
            {"metrics-server-unschedulable": CERTAIN},
        ),
        (
            lambda: unplaced(NO_FIT.format("2 Insufficient cpu"), noded("master"), noded("worker")),
            {"metrics-server-unschedulable": LIKELY},
        ),
        (
            lambda: unplaced(
                NO_FIT.format("2 node(s) were unschedulable"),
                noded("master", cordoned=True),
                noded("worker", cordoned=True),
            ),
            {"metrics-server-unschedulable": CERTAIN},
        ),
        (lambda: _foreign("x/metrics-server-arm64:v0.3.6"), {"image-arch-mismatch": CERTAIN}),
        # Named for this very processor, and no program of it all the same.
        (lambda: _foreign("x/metrics-server-amd64:v0.3.6"), {"image-arch-mismatch": LIKELY}),
        (_evicted, {"node-pressure-eviction": CERTAIN}),
        # The node is well again, and what keeps the next pod waiting is something else.
        (lambda: _evicted(short=False), {"metrics-server-unschedulable": LIKELY}),
        # The next pod has found a node, whatever becomes of it there.
        (lambda: _evicted(left=pod("metrics-server-2", ready=False, node="master")), {}),
        (lambda: _evicted(left=pod("metrics-server-2", node="master")), {}),
        (_scaled, {"metrics-server-not-running": CERTAIN}),
        (
            lambda: _refused(
                'pods "x-" is forbidden: exceeded quota: q, requested: pods=1, used: pods=9, limited: pods=9'
            ),
            {"metrics-server-not-running": LIKELY},
        ),
        (lambda: _scaled(1), {"metrics-server-not-running": POSSIBLE}),
        # There are pods, with other labels than those that were asked for.
        (lambda: _scaled(1, replicas=1), {}),
        (healthy, {}),
    ],
)
def test_exactly_the_cause_is_named(patient: Callable[[], Patient], named: dict[str, Confidence]) -> None:
    assert _named(patient()) == named


class TestWhatIsOver:
    def test_a_pod_that_is_ready_again_is_not_accused_of_its_last_run(self) -> None:
        one = pod(NAME, restarts=3)
        one["status"]["containerStatuses"][0]["lastState"] = crashed()["lastState"]
        patient = healthy().installed(deployment(), pods=(one,)).log(said("unknown flag: --x"), suffix="?previous")

        assert _named(patient) == {}

    @pytest.mark.parametrize(("ago", "named"), [(600, {"metrics-server-resource-starvation"}), (7200, set())])
    def test_memory_that_has_sufficed_for_an_hour_suffices(self, ago: int, named: set[str]) -> None:
        one = pod(NAME, _limited(memory="200Mi"), restarts=3)
        ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": moment(-ago)}
        one["status"]["containerStatuses"][0]["lastState"] = {"terminated": ended}
        patient = healthy().installed(deployment(_limited(memory="200Mi")), pods=(one,))

        assert set(_named(patient)) == named

    def test_a_pod_with_arguments_of_before_is_being_replaced(self) -> None:
        patient = complaining("unknown flag: --x", *MANIFEST_ARGS, "--x")
        patient.installed(deployment(), pods=(pod(NAME, container((*MANIFEST_ARGS, "--x")), ready=False),))

        assert _named(patient) == {}

    def test_a_pod_on_its_way_out_is_not_judged(self) -> None:
        one = pod(NAME, container((*MANIFEST_ARGS, "--x")), ready=False)
        one["metadata"]["deletionTimestamp"] = moment(-5)
        patient = complaining("unknown flag: --x", *MANIFEST_ARGS, "--x")
        patient.installed(deployment(container((*MANIFEST_ARGS, "--x"))), pods=(one,))

        assert _named(patient) == {}


def test_a_new_pod_that_fails_beside_one_that_serves_is_no_outage() -> None:
    one = container((*MANIFEST_ARGS, "--x"))
    patient = starting(one, crashed(), pod("metrics-server-0")).log(said("unknown flag: --x"))

    found = _finding(patient, "bad-flag-or-args")

    assert found.state is State.LATENT
    assert "still serves" in found.summary
    assert str(patient.diagnosis().verdict) == "at-risk"


@pytest.mark.parametrize(
    ("error", "args", "patch"),
    [
        (
            "unknown flag: --x",
            ("--a=b", "--x", "y"),
            '[{"op":"remove","path":"C/args/2"},{"op":"remove","path":"C/args/1"}]',
        ),
        ("unknown flag: --x", ("--x=y",), '[{"op":"remove","path":"C/args/0"}]'),
        (
            "cannot use both --kubelet-certificate-authority and --kubelet-insecure-tls",
            ("--kubelet-insecure-tls", "--kubelet-certificate-authority=/ca"),
            '[{"op":"remove","path":"C/args/0"}]',
        ),
        (
            'invalid argument "15" for "--metric-resolution" flag: time: missing unit in duration "15"',
            ("--metric-resolution=15",),
            '[{"op":"replace","path":"C/args/0","value":"--metric-resolution=15s"}]',
        ),
        (
            TOO_LONG,
            ("--metric-resolution=15s", "--kubelet-request-timeout=20s"),
            (
                '[{"op":"replace","path":"C/args/1","value":"--kubelet-request-timeout=13s"},'
                '{"op":"replace","path":"C/args/0","value":"--metric-resolution=15s"}]'
            ),
        ),
        (
            "metric-resolution should be a time duration at least 10s, but value 5s provided",
            ("--metric-resolution=5s",),
            '[{"op":"replace","path":"C/args/0","value":"--metric-resolution=15s"}]',
        ),
    ],
)
def test_the_argument_that_is_complained_of_is_mended(error: str, args: tuple[str, ...], patch: str) -> None:
    commands = _commands(complaining(error, *args), "bad-flag-or-args")

    wanted = patch.replace("C/", "/spec/template/spec/containers/0/")
    assert commands == [f"kubectl patch -n kube-system deployment/metrics-server --type json -p '{wanted}'"]


def test_what_a_cluster_says_does_not_write_into_the_command() -> None:
    patient = complaining("unknown flag: --x'; rm -rf / #", *MANIFEST_ARGS, "--x'; rm -rf / #")

    assert not [text for text in _commands(patient, "bad-flag-or-args") if "rm -rf" in text]


@pytest.mark.parametrize(
    ("text", "words", "command"),
    [
        (
            "must specify limits.cpu for: metrics-server; limits.memory for: metrics-server",
            "name limits.cpu",
            "--limits=",
        ),
        ('error looking up service account kube-system/ms: serviceaccount "ms" not found', "ServiceAccount", "create"),
        ("no PriorityClass with name x was found", "PriorityClass x", "system-cluster-critical"),
        ('violates PodSecurity "restricted:latest": runAsNonRoot != true', '"restricted"', "runAsNonRoot"),
        ('admission webhook "a.b.c" denied the request: no', "webhook a.b.c", "webhookconfigurations"),
        ("because", "refuses it", "FailedCreate"),
    ],
)
def test_what_the_api_server_refuses_a_pod_for_is_said(text: str, words: str, command: str) -> None:
    quota = "failed quota: q: " if text.startswith("must") else ""
    patient = _refused(f'pods "metrics-server-" is forbidden: {quota}{text}')

    assert words in _finding(patient, "metrics-server-not-running").summary
    assert command in " ".join(_commands(patient, "metrics-server-not-running"))


def test_a_blank_among_the_arguments_gets_upstreams_value_and_is_no_other_cause() -> None:
    args = ("--cert-dir=/tmp", "--secure-port={{ .Values.port }}", "--x={{ .Values.x }}")
    patient = starting(container(args), crashed()).log(said('invalid argument "{{" for "--secure-port" flag: no'))

    path = "/spec/template/spec/containers/0/args"
    patch = f'[{{"op":"remove","path":"{path}/2"}},{{"op":"replace","path":"{path}/1","value":"--secure-port=10250"}}]'
    assert set(_named(patient)) == {"manifest-template-unrendered"}
    assert _commands(patient, "manifest-template-unrendered") == [
        f"kubectl patch -n kube-system deployment/metrics-server --type json -p '{patch}'"
    ]

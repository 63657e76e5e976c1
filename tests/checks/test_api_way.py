"""A pod of metrics-server that does not reach the API server: told by its words, and by what runs on its node."""

import json

import pytest

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.model import Confidence, EffectKind
from tests.facts.clusters import MASTER, NOW, Patient, healthy, listed, mirror_pod, moment, pod

CHECK = "pod-cannot-reach-apiserver"
CONFIG_MAP = "https://10.96.0.1:443/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
SIGNED = "Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)"
BEGAN = f"I0301 11:58:00.000000       1 serving.go:380] {SIGNED}\n"


def _ended(exit_code: int, log: str, **environ: str) -> Patient:
    """Its newest run has ended, with these words."""
    one = pod(ready=False)
    one["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in environ.items()]
    ended = {"exitCode": exit_code, "reason": "Error", "startedAt": moment(-90), "finishedAt": moment(-60)}
    (status,) = one["status"]["containerStatuses"]
    status |= {"restartCount": 3, "ready": False, "state": {"running": {"startedAt": moment(-20)}}}
    status["lastState"] = {"terminated": ended}
    patient = healthy().silent()
    (deployment,) = json.loads(patient.documents[Place("workstation", Kind.API, paths.DEPLOYMENTS[0])].body or b"")[
        "items"
    ]
    return patient.installed(deployment, pods=(one,)).log(log, suffix="?previous")


def _panics(failure: str) -> str:
    words = "panic: unable to load configmap based request-header-client-ca-file"
    return f'{BEGAN}{words}: Get "{CONFIG_MAP}": dial tcp 10.96.0.1:443: {failure}\n'


@pytest.mark.parametrize("failure", ["i/o timeout", "connect: connection refused", "connect: no route to host"])
def test_what_it_said_before_it_ended_names_the_way_to_the_api_server(failure: str) -> None:
    (finding,) = _ended(2, _panics(failure)).outcome(CHECK).findings

    assert finding.confidence is Confidence.LIKELY
    assert {effect.kind for effect in finding.effects} == {EffectKind.NOT_LISTENING}


def test_ended_by_its_probe_without_a_word_it_is_a_possibility() -> None:
    (finding,) = _ended(137, BEGAN).outcome(CHECK).findings

    assert finding.confidence is Confidence.POSSIBLE


def test_without_kube_proxy_on_its_node_the_node_is_at_fault() -> None:
    patient = _ended(137, BEGAN).process("worker", "kube-proxy").process(MASTER, "kubelet", "kubelet", "--v=2")

    (finding,) = patient.outcome(CHECK).findings

    assert finding.subjects == ("node/worker",)
    assert finding.confidence is Confidence.LIKELY


def test_one_that_ended_by_itself_without_such_words_waited_for_nobody() -> None:
    assert not _ended(1, BEGAN).outcome(CHECK).findings


def test_one_that_is_ready_again_has_found_the_way() -> None:
    at = f"{NOW:%Y-%m-%d}T11:59:50.000000000Z E0301 11:59:50.000000       1 reflector.go:166]"
    get = 'Get \\"https://10.96.0.1:443/api/v1/nodes?limit=500\\": dial tcp 10.96.0.1:443: i/o timeout'
    line = f'{at} "Unhandled Error" err="factory.go:160: Failed to watch *v1.Node: failed to list *v1.Node: {get}"\n'

    assert not healthy().log(line).outcome(CHECK).findings
    assert healthy().silent().log(line).outcome(CHECK).findings


def _refused_at(seconds: float) -> str:
    return f"{moment(seconds)[:-1]}.000000000Z {_panics('connect: connection refused').splitlines()[-1]}\n"


def test_what_a_run_met_that_has_ended_says_nothing_of_the_one_that_is_ready_now() -> None:
    one = pod(ready=True)
    (status,) = one["status"]["containerStatuses"]
    status |= {"restartCount": 1, "state": {"running": {"startedAt": moment(-40)}}}
    patient = healthy().silent()
    (deployment,) = json.loads(patient.documents[Place("workstation", Kind.API, paths.DEPLOYMENTS[0])].body or b"")[
        "items"
    ]
    patient.installed(deployment, pods=(one,)).log(_refused_at(-60), suffix="?previous").log("")

    assert not patient.outcome(CHECK).findings
    assert patient.log(_refused_at(-20)).outcome(CHECK).findings


def test_a_run_that_serves_has_read_what_the_one_before_could_not() -> None:
    patient = _ended(2, _panics("connect: connection refused"))

    assert patient.log(BEGAN).outcome(CHECK).findings
    assert (
        not patient.log(f"{BEGAN}I0301 11:59:50.000000       1 secure_serving.go:211] Serving securely on [::]:10250\n")
        .outcome(CHECK)
        .findings
    )


@pytest.mark.parametrize(("began", "named"), [(-100, False), (-20, False), (-1000, True)])
def test_an_api_server_that_was_just_being_started_is_waited_for(began: float, named: bool) -> None:
    patient = _ended(2, _refused_at(-60))
    server = mirror_pod(MASTER)
    (status,) = server["status"]["containerStatuses"]
    status["state"]["running"]["startedAt"] = moment(began)
    outcome = patient.api(paths.API_SERVER_PODS, listed(server)).outcome(CHECK)

    assert bool(outcome.findings) is named
    assert named or "was only just started" in outcome.reason


def test_with_a_proxy_it_may_be_that_which_does_not_answer() -> None:
    patient = _ended(137, BEGAN, HTTPS_PROXY="http://192.0.2.1:3128")
    patient.refuse(paths.KUBERNETES_SERVICE, Reason.FORBIDDEN, 403)

    (unseen,) = patient.outcome(CHECK).unseen

    assert unseen.doubt
    assert {look.then for look in unseen.doubt.decide} == {CHECK, "proxy-env-no_proxy"}

"""HTTP proxies in environments: whose they are, what they catch, and what only looks like one."""

import json

import pytest

from msdoctor.bundle import Kind, Place
from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Confidence, State
from tests.facts.clusters import MASTER, SERVER_ARGS, Patient, apiservice, healthy, listed, mirror_pod, with_host

PROXY = "http://192.0.2.1:3128"
CHECK = "proxy-env-no_proxy"
ASKED = "https://10.244.1.5:10250/apis/metrics.k8s.io/v1beta1"
CLUSTER_IP = "https://10.96.0.7:443/apis/metrics.k8s.io/v1beta1"


def _failing(why: str, url: str = CLUSTER_IP) -> Patient:
    message = f'failing or missing response from {url}: Get "{url}": {why}'
    return healthy().silent().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", message)))


def _running(patient: Patient, environ: dict[str, str] | None, *more: str) -> Patient:
    found: dict[str, object] = {"pid": 7, "args": [*SERVER_ARGS, *more]}
    found |= {} if environ is None else {"environ": environ}
    place = Place(f"host/{MASTER}", Kind.PROCESS, "kube-apiserver")
    return with_host(patient).put(place, json.dumps([found]).encode())


REFUSED = "proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused"
SILENT = "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"


@pytest.mark.parametrize("why", [REFUSED, SILENT, "Forbidden", "Service Unavailable", "Bad Gateway"])
def test_a_proxy_that_gets_the_aggregators_requests_is_named_by_its_process(why: str) -> None:
    (finding,) = _running(_failing(why), {"https_proxy": PROXY, "no_proxy": ".svc"}).outcome(CHECK).findings

    assert finding.subjects == (f"process/kube-apiserver@{MASTER}",)
    assert finding.state is State.ACTIVE


@pytest.mark.parametrize("why", [REFUSED, "Forbidden", "Service Unavailable", "Bad Gateway"])
def test_from_a_workstation_alone_the_error_tells_where_only_a_proxy_says_it(why: str) -> None:
    (finding,) = _failing(why).outcome(CHECK).findings

    assert finding.confidence is Confidence.LIKELY


def test_from_a_workstation_alone_silence_accuses_no_proxy() -> None:
    assert _failing(SILENT).outcome(CHECK).result is Result.UNSEEN


def test_a_status_that_metrics_server_gave_came_through_the_proxy() -> None:
    message = f"failing or missing response from {CLUSTER_IP}: bad status from {CLUSTER_IP}: 401"
    refused = healthy().silent().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", message)))

    (finding,) = _running(refused, {"HTTPS_PROXY": PROXY}).outcome(CHECK).findings

    assert finding.state is State.LATENT


def test_behind_another_failure_the_proxy_comes_next() -> None:
    none = apiservice(
        "False", "MissingEndpoints", 'endpoints for service/metrics-server in "kube-system" have no addresses'
    )
    patient = healthy().silent().api(paths.APISERVICES, listed(none))

    (finding,) = _running(patient, {"HTTPS_PROXY": PROXY}).outcome(CHECK).findings

    assert finding.state is State.NEXT


@pytest.mark.parametrize(
    ("environ", "more"),
    [
        ({}, ()),
        ({"HTTP_PROXY": PROXY}, ()),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.96.0.0/12"}, ()),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.244.0.0/16"}, ("--enable-aggregator-routing",)),
    ],
)
def test_an_environment_that_exempts_what_is_dialled_is_well(environ: dict[str, str], more: tuple[str, ...]) -> None:
    assert _running(healthy(), environ, *more).outcome(CHECK).result is Result.PASS


@pytest.mark.parametrize(
    ("exceptions", "more"),
    [("10.244.0.0/16", ()), ("10.96.0.0/12", ("--enable-aggregator-routing=true",)), ("10.96.*,.svc", ())],
)
def test_which_address_is_dialled_decides_what_must_be_exempt(exceptions: str, more: tuple[str, ...]) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}

    assert _running(_failing(SILENT), environ, *more).outcome(CHECK).result is Result.FAIL


def test_a_proxy_that_lets_everything_through_hurts_nobody_yet() -> None:
    (finding,) = _running(healthy(), {"HTTPS_PROXY": PROXY}).outcome(CHECK).findings

    assert finding.state is State.LATENT


def test_an_environment_that_may_not_be_read_is_not_taken_for_an_empty_one() -> None:
    assert _running(_failing(SILENT), None).outcome(CHECK).result is Result.UNSEEN


def test_a_mirror_pod_shows_the_environment_of_a_static_pod() -> None:
    pod = mirror_pod(MASTER)
    pod["spec"]["containers"][0]["env"] = [{"name": "HTTPS_PROXY", "value": PROXY}]

    (finding,) = _failing(REFUSED).api(paths.API_SERVER_PODS, listed(pod)).outcome(CHECK).findings

    assert finding.confidence is Confidence.CERTAIN
    assert any("/etc/kubernetes/kube-apiserver.yaml.new" in line for line in finding.remedies[0].commands)

"""How the metrics API is registered: what only looks wrong accuses nobody."""

from collections.abc import Callable

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Confidence, Finding
from msdoctor.utterances.errors import OwnedByAnotherRelease
from msdoctor.utterances.reader import read_error
from tests.checks.registered import (
    SERVICE,
    SERVICES,
    SLICES,
    leading_to,
    left_beside,
    local,
    missing_endpoints,
    on_port,
    owned_elsewhere,
    selecting,
    stale,
    starting,
    without_service,
)
from tests.facts.clusters import (
    Patient,
    apiservice,
    endpoint_slice,
    healthy,
    listed,
    pod,
    service,
)


def _finding(patient: Patient, check_id: str) -> Finding:
    (finding,) = patient.outcome(check_id).findings
    return finding


def _causes(patient: Patient) -> set[str]:
    return {cause.id for cause in patient.diagnosis().causes if cause.finding.effects}


# service-selector-mismatch


def _another_adapters() -> Patient:
    """The Service of an adapter whose pod runs and has no address yet."""
    adapter = pod("adapter-1", labels={"app": "adapter"})
    return selecting({"app": "adapter"}).api(paths.RUNNING_PODS, listed(pod(), adapter))


def _unheard_of() -> Patient:
    """A Service that says nothing of metrics-server, and whose neighbours are not seen."""
    own = service({"app": "x"}, name="adapter")
    patient = missing_endpoints(name="adapter").api(paths.service("kube-system", "adapter"), own)
    return patient.api(paths.slices("kube-system", "adapter"), listed(endpoint_slice(())))


@pytest.mark.parametrize(
    ("patient", "result"),
    [
        (lambda: selecting({"app": "x"}).api(SLICES, listed(endpoint_slice((), ("10.244.1.5",)))), Result.PASS),
        (lambda: selecting({"app": "x"}).api(SLICES, listed(endpoint_slice())), Result.PASS),
        (_another_adapters, Result.NOT_APPLICABLE),
        (lambda: selecting({"app": "x"}, service(name="metrics-api")), Result.NOT_APPLICABLE),
        (lambda: selecting({"app": "x"}).installed(), Result.NOT_APPLICABLE),
        (_unheard_of, Result.UNSEEN),
    ],
    ids=("not-ready", "by-hand", "another-adapters", "another-service-leads", "not-installed", "unheard-of"),
)
def test_a_service_without_endpoints_has_not_always_the_wrong_selector(
    patient: Callable[[], Patient], result: Result
) -> None:
    assert patient().outcome("service-selector-mismatch").result is result


def test_a_service_of_another_name_is_taken_for_its_own_only_where_no_other_leads_there() -> None:
    patient = _unheard_of().api(SERVICES, listed(service({"app": "x"}, name="adapter")))

    assert _finding(patient, "service-selector-mismatch").confidence is Confidence.LIKELY


def test_a_service_without_a_selector_is_given_the_deployments() -> None:
    bare = service()
    bare["spec"]["selector"] = {}
    (remedy,) = _finding(missing_endpoints().api(SERVICE, bare), "service-selector-mismatch").remedies

    assert remedy.commands == ("kubectl -n kube-system set selector service/metrics-server k8s-app=metrics-server",)
    assert not remedy.undo


# apiservice-local


def test_a_local_apiservice_is_let_be_where_metrics_flow() -> None:
    item = apiservice()
    del item["spec"]["service"]

    assert healthy().api(paths.APISERVICES, listed(item)).outcome("apiservice-local").result is Result.NOT_APPLICABLE


def test_one_that_the_api_server_keeps_local_is_taken_out_of_its_hands() -> None:
    patient = local()
    item = apiservice("True", "Local", "Local APIServices are always available")
    del item["spec"]["service"]
    item["metadata"]["labels"] = {"kube-aggregator.kubernetes.io/automanaged": "true"}
    finding = _finding(patient.api(paths.APISERVICES, listed(item)), "apiservice-local")

    assert "custom resource" in finding.evidence[-1].saw
    assert '"kube-aggregator.kubernetes.io/automanaged":null' in finding.remedies[0].commands[0]


def test_it_is_no_cause_of_its_own_where_there_is_no_server_to_name() -> None:
    assert _causes(local().installed().api(paths.RUNNING_PODS, listed())) == {"metrics-server-missing"}


# apiservice-service-missing, apiservice-orphaned


def test_a_service_of_another_name_that_leads_there_is_named_instead() -> None:
    finding = _finding(without_service(service(name="metrics-api")), "apiservice-service-missing")

    assert '"name":"metrics-api"' in finding.remedies[0].commands[0]
    assert '"name":"metrics-server"' in finding.remedies[0].undo[0]


def test_no_service_is_made_in_a_namespace_without_a_metrics_server() -> None:
    patient = without_service(namespace="monitoring")
    patient.refuse(paths.service("monitoring", "metrics-server"), Reason.ABSENT, 404)
    patient.api(paths.slices("monitoring", "metrics-server"), listed())

    assert not _finding(patient, "apiservice-service-missing").remedies


def test_what_an_uninstallation_left_follows_from_there_being_no_server() -> None:
    patient = without_service().installed().api(paths.RUNNING_PODS, listed())

    assert _finding(patient, "apiservice-orphaned").confidence is Confidence.LIKELY
    assert patient.outcome("apiservice-service-missing").result is Result.NOT_APPLICABLE
    assert _causes(patient) == {"metrics-server-missing"}


@pytest.mark.parametrize(
    ("patient", "result"),
    [
        (lambda: left_beside().api(SERVICES, listed()), Result.PASS),
        (lambda: left_beside().refuse(SERVICES, Reason.FORBIDDEN, 403), Result.UNSEEN),
        (lambda: left_beside().refuse(paths.RUNNING_PODS, Reason.FORBIDDEN, 403), Result.UNSEEN),
        (
            lambda: left_beside().api(paths.RUNNING_PODS, listed(pod(), pod("gone-1", labels={"app": "gone"}))),
            Result.PASS,
        ),
    ],
    ids=("nothing-else-leads-there", "services-unseen", "pods-unseen", "it-is-anothers"),
)
def test_an_apiservice_is_left_over_only_where_another_service_leads_to_metrics_server(
    patient: Callable[[], Patient], result: Result
) -> None:
    assert patient().outcome("apiservice-orphaned").result is result


def test_one_that_was_never_metrics_servers_by_its_name_is_doubted() -> None:
    assert _finding(left_beside("adapter"), "apiservice-orphaned").confidence is Confidence.LIKELY
    assert _causes(left_beside()) == {"apiservice-orphaned"}


# apiservice-port-mismatch


def test_of_several_ports_the_one_is_asked_for_that_leads_to_metrics_server() -> None:
    ports = ({"name": "x", "port": 80, "targetPort": 8080}, {"name": "https", "port": 444, "targetPort": "https"})
    (remedy,) = _finding(on_port(443).api(SERVICE, service(ports=ports)), "apiservice-port-mismatch").remedies

    assert remedy.commands == (
        """kubectl patch apiservice v1beta1.metrics.k8s.io --type merge -p '{"spec":{"service":{"port":444}}}'""",
    )


@pytest.mark.parametrize(
    ("target", "port_names", "result"),
    [
        ("web", (), Result.FAIL),
        ("web", ("https",), Result.PASS),  # a sidecar's
        ("https", (), Result.PASS),  # its slices are another matter
        (4443, (), Result.PASS),
    ],
)
def test_a_port_leads_nowhere_where_no_container_has_its_name(
    target: int | str, port_names: tuple[str, ...], result: Result
) -> None:
    assert leading_to(target, *port_names).outcome("apiservice-port-mismatch").result is result


# helm-apiservice-ownership-conflict


def test_an_apiservice_is_handed_over_with_what_it_names() -> None:
    first, second = _finding(owned_elsewhere(), "helm-apiservice-ownership-conflict").remedies

    assert "meta.helm.sh/release-name=metrics" in first.commands[0]
    assert "meta.helm.sh/release-name=legacy" in first.undo[0]
    assert '"name":"metrics-server"' in second.commands[0]
    assert _causes(owned_elsewhere()) == {"helm-apiservice-ownership-conflict"}


@pytest.mark.parametrize(
    "patient",
    [
        lambda: owned_elsewhere(owner=""),
        lambda: owned_elsewhere(release=""),
        lambda: owned_elsewhere().api(paths.slices("kube-system", "legacy-metrics-server"), listed(endpoint_slice())),
    ],
    ids=("nobodys", "by-hand", "it-breaks-nothing"),
)
def test_another_owner_alone_is_no_fault(patient: Callable[[], Patient]) -> None:
    assert not patient().outcome("helm-apiservice-ownership-conflict").findings


def test_helms_refusal_is_read_with_both_names() -> None:
    refusal = (
        'Error: Unable to continue with install: APIService "v1beta1.metrics.k8s.io" in namespace ""'
        " exists and cannot be imported into the current release: invalid ownership metadata; annotation validation"
        ' error: key "meta.helm.sh/release-name" must equal "metrics": current value is "legacy"'
    )

    assert read_error(refusal) == OwnedByAnotherRelease("v1beta1.metrics.k8s.io", "metrics", "legacy")
    assert read_error(refusal.partition("; ")[0]) == OwnedByAnotherRelease("v1beta1.metrics.k8s.io")


# endpoints-controller-stale


@pytest.mark.parametrize(
    ("controllers", "off"),
    [
        ((), False),
        (("--controllers=*",), False),
        (("--controllers=*,-endpointslice-controller",), True),
        (("--controllers=*,-endpointslice",), True),
        (("--controllers=deployment-controller",), True),
        (("--controllers=deployment-controller,endpointslice-controller",), False),
    ],
)
def test_who_keeps_the_endpoints_is_kept_off_by_a_flag(controllers: tuple[str, ...], off: bool) -> None:
    finding = _finding(stale(*controllers), "endpoints-controller-stale")

    assert (finding.subjects == ("process/kube-controller-manager@master",)) is off
    assert any("--controllers=*" in command for command in finding.remedies[0].commands) is off
    assert finding.remedies[0].on == "control-plane/master"


@pytest.mark.parametrize(
    "slices",
    [(("10.244.1.9",), ()), (("10.244.1.5", "10.244.1.9"), ())],
    ids=("kept", "kept-beside-an-older-one"),
)
def test_endpoints_that_hold_a_ready_pod_are_kept(slices: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    patient = stale().api(SLICES, listed(endpoint_slice(*slices)))

    assert patient.outcome("endpoints-controller-stale").result is Result.PASS


# apiservice-backend-starting


def test_one_that_starts_again_and_again_is_not_starting() -> None:
    assert not starting(20, restarts=2).outcome("apiservice-backend-starting").findings


def test_another_server_is_given_a_minute() -> None:
    own = service({"app": "adapter"})
    other = pod("adapter-1", labels={"app": "adapter"}, ready=False, started=-55)
    patient = missing_endpoints().api(SERVICE, own).api(paths.RUNNING_PODS, listed(other))

    assert _finding(patient, "apiservice-backend-starting").subjects == ("pod/kube-system/adapter-1",)


def test_what_starts_explains_that_there_is_no_endpoint() -> None:
    unexplained = {item.id for item in starting(20).diagnosis().unexplained}

    assert "apiservice-missing-endpoints" not in unexplained


# metrics-server-missing, beside another adapter


def test_another_adapter_that_rightly_serves_is_no_missing_metrics_server() -> None:
    own = service({"app": "adapter"}, name="adapter")
    patient = healthy().api(paths.APISERVICES, listed(apiservice(name="adapter"))).installed()
    patient.api(paths.service("kube-system", "adapter"), own).api(paths.slices("kube-system", "adapter"), listed())
    patient.api(paths.slices("kube-system", "adapter"), listed(endpoint_slice(("10.244.1.9",))))

    assert not _causes(patient)


def test_another_adapter_that_is_down_leaves_symptoms_and_no_cause() -> None:
    own = service({"app": "adapter"}, name="adapter")
    patient = missing_endpoints(name="adapter").api(paths.service("kube-system", "adapter"), own).installed()
    patient.api(paths.slices("kube-system", "adapter"), listed(endpoint_slice(()))).api(paths.RUNNING_PODS, listed())

    assert not _causes(patient)
    assert [symptom.id for symptom in patient.diagnosis().unexplained] == ["apiservice-missing-endpoints"]

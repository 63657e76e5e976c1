"""metrics-server as it is installed, wherever and however."""

from typing import Any

import pytest

from msdoctor.facts import paths
from msdoctor.facts.installation import Installation, installations, log_paths
from msdoctor.model import Unseen

from .clusters import Patient, container, deployment, endpoint_slice, healthy, listed, pod, service

CHART = {"app.kubernetes.io/name": "metrics-server", "app.kubernetes.io/instance": "ms"}


def _only(patient: Patient) -> Installation:
    found = installations(patient.bundle())
    assert not isinstance(found, Unseen)
    (one,) = found
    return one


def _with(*args: str, **more: Any) -> Installation:
    return _only(healthy().installed(deployment(container(args) | more)))


@pytest.mark.parametrize("labels", [{"k8s-app": "metrics-server"}, CHART, CHART | {"k8s-app": "metrics-server"}])
def test_it_is_found_once_by_the_manifests_label_and_by_the_charts_in_any_namespace(labels: dict[str, str]) -> None:
    patient = healthy().installed(
        deployment(namespace="monitoring", name="ms", labels=labels),
        pods=(
            pod("ms-1", namespace="monitoring", labels=labels),
            pod("foreign", namespace="kube-system", labels=labels),
            pod("other", namespace="monitoring", labels=labels | {"k8s-app": "other"}),
        ),
    )
    one = _only(patient)

    assert one.subject == "deployment/monitoring/ms"
    assert "ms-1" in [item.metadata.name for item in one.pods]
    assert "foreign" not in [item.metadata.name for item in one.pods]


def test_of_several_the_one_behind_the_service_counts() -> None:
    old = deployment(container(("--kubelet-insecure-tls",)), name="a-forgotten-one", labels=CHART)
    cluster = healthy().installed(old, deployment()).facts()

    assert isinstance(cluster.installation, Installation)
    assert cluster.installation.name == "metrics-server"
    assert cluster.installation.verifies_kubelets


def test_pods_stand_oldest_first() -> None:
    patient = healthy().installed(deployment(), pods=(pod("a-new", started=-10), pod("z-old", started=-99)))

    assert [item.metadata.name for item in _only(patient).pods] == ["z-old", "a-new"]


def test_the_serving_container_is_found_among_its_neighbours() -> None:
    nanny = {"name": "metrics-server-nanny", "image": "registry.k8s.io/addon-resizer:1.8"}
    proxy = {"name": "proxy", "image": "example.com/metrics-server/proxy:1"}

    assert _only(healthy().installed(deployment(nanny, proxy, container()))).container.name == "metrics-server"
    named = container() | {"name": "main", "image": "example.com/metrics-server-amd64:v0.6.4"}
    assert _only(healthy().installed(deployment(proxy, named))).container.name == "main"


def test_a_deployment_without_containers_is_an_installation_of_which_nothing_is_known() -> None:
    broken = deployment()
    broken["spec"]["template"]["spec"]["containers"] = None
    patient = healthy().installed(broken)

    assert _only(patient).flags.given == ()
    assert _only(patient).pointer("--secure-port") == "/spec/template/spec/containers/0/args/-"
    assert not [check for check in patient.diagnosis().checks if check.outcome == "error"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("15s", 15),
        ("1m30s", 90),
        ("1h", 3600),
        ("1.5m", 90),
        ("90000ms", 90),
        ("", 60),
        ("15", 60),
        ("never", 60),
        ("-15s", 60),
        ("0s", 60),
        ("1m 30s", 60),
        ("٣s", 60),
        ("9" * 400 + "h", 60),
        ("999999h", 86400),
    ],
)
def test_the_resolution_is_a_go_duration(value: str, seconds: int) -> None:
    assert _with(f"--metric-resolution={value}").resolution_seconds == seconds


def test_the_resolution_that_is_compiled_in_is_a_minute() -> None:
    assert _with().resolution_seconds == 60


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry.k8s.io/metrics-server/metrics-server:v0.8.0", (0, 8)),
        ("example.com:5000/metrics-server:0.7.2-r1", (0, 7)),
        ("metrics-server:v0.10.1@sha256:abcd", (0, 10)),
        ("metrics-server@sha256:12.3", None),
        ("example.com:5000/metrics-server", None),
        ("metrics-server:latest", None),
        ("", None),
    ],
)
def test_the_version_is_the_images_tag(image: str, version: tuple[int, int] | None) -> None:
    assert _with(image=image).version == version


@pytest.mark.parametrize(
    ("args", "verifies"),
    [
        ((), True),
        (("--kubelet-insecure-tls",), False),
        (("--kubelet-insecure-tls=false",), True),
        (("--kubelet-insecure-tls", "--kubelet-insecure-tls=false"), True),
        (("--deprecated-kubelet-completely-insecure",), False),
        (("--kubelet-insecure-tls", "true"), False),
    ],
)
def test_whether_it_verifies_kubelets(args: tuple[str, ...], verifies: bool) -> None:
    assert _with(*args).verifies_kubelets is verifies


@pytest.mark.parametrize(
    ("args", "volume", "signs"),
    [
        (("--cert-dir=/tmp",), {"emptyDir": {}}, True),
        ((), {"emptyDir": {}}, True),
        (("--cert-dir=/tmp",), {"secret": {"secretName": "serving"}}, False),
        (("--cert-dir=/tmp/own/",), {"hostPath": {"path": "/etc/metrics-server"}}, False),
        (("--cert-dir=/tmporary",), {"hostPath": {"path": "/etc/metrics-server"}}, True),
        (("--tls-cert-file=/tmp/tls.crt", "--tls-private-key-file=/tmp/tls.key"), {"emptyDir": {}}, False),
        (("--tls-sni-cert-key=/tmp/tls.crt,/tmp/tls.key",), {"emptyDir": {}}, False),
    ],
)
def test_it_signs_for_itself_unless_a_certificate_is_given_or_may_lie_where_it_looks(
    args: tuple[str, ...], volume: dict[str, Any], signs: bool
) -> None:
    made = deployment(container(args) | {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]})
    made["spec"]["template"]["spec"]["volumes"] = [{"name": "tmp", **volume}]

    assert _only(healthy().installed(made)).signs_for_itself is signs


def test_arguments_may_stand_in_the_command_and_are_pointed_to_there() -> None:
    one = _with("--v=1", command=["/metrics-server", "--secure-port=4443"])

    assert one.secure_port == 4443
    assert one.pointer("--secure-port") == "/spec/template/spec/containers/0/command/1"
    assert one.pointer("--v") == "/spec/template/spec/containers/0/args/0"
    assert one.pointer("--absent") == "/spec/template/spec/containers/0/args/-"


@pytest.mark.parametrize(("args", "port"), [((), 443), (("--secure-port=x",), 443), (("--secure-port", "4443"), 4443)])
def test_the_port_that_it_listens_on(args: tuple[str, ...], port: int) -> None:
    assert _with(*args).secure_port == port


def test_ports_are_numbers_or_names_and_probes_are_those_that_there_are() -> None:
    one = _with(livenessProbe=None)

    assert one.port_number(8080) == 8080
    assert one.port_number("https") == 10250
    assert one.port_number("http") is None
    assert [name for name, _ in one.probes] == ["readinessProbe"]


@pytest.mark.parametrize(
    ("changed", "selects"),
    [
        (service(), True),
        (service({"k8s-app": "metrics-server", "version": "2"}), False),
        (service(namespace="other"), False),
        (service() | {"spec": {"ports": []}}, False),
    ],
)
def test_which_service_selects_it(changed: dict[str, Any], selects: bool) -> None:
    patient = healthy().api(paths.service("kube-system", "metrics-server"), changed)
    backend = patient.facts().backend

    assert backend is not None
    assert not isinstance(backend, Unseen)
    assert _only(patient).selected_by(backend.service) is selects


def test_a_restarted_containers_former_log_is_read_before_its_present_one() -> None:
    patient = healthy().installed(deployment(), pods=(pod(restarts=2),))

    assert list(log_paths(_only(patient))) == [
        "kube-system/metrics-server-1/metrics-server?previous",
        "kube-system/metrics-server-1/metrics-server",
    ]


def test_the_backend_counts_an_endpoint_without_a_condition_as_ready() -> None:
    unsaid = endpoint_slice(ready=(), not_ready=("10.0.0.9",))
    unsaid["endpoints"] += [{"addresses": ["10.0.0.8"], "conditions": {"ready": None}}, {"addresses": None}]
    nothing = {"metadata": {"name": "empty"}, "endpoints": None, "ports": None}
    patient = healthy().api(paths.slices("kube-system", "metrics-server"), listed(unsaid, nothing))
    backend = patient.facts().backend

    assert backend is not None
    assert not isinstance(backend, Unseen)
    assert (backend.ready, backend.not_ready) == (("10.0.0.8",), ("10.0.0.9",))
    assert backend.port_names == ("https",)
    assert backend.subject == "service/kube-system/metrics-server"


def test_an_apiservice_without_a_service_has_no_backend() -> None:
    local = {"metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": {"group": "metrics.k8s.io", "service": None}}

    assert healthy().api(paths.APISERVICES, listed(local)).facts().backend is None


def test_a_scaled_down_installation_has_no_log_and_says_so() -> None:
    cluster = healthy().installed(deployment(replicas=0)).facts()

    assert cluster.log == Unseen("it has no pod")
    assert isinstance(cluster.installation, Installation)

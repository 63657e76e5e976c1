"""What keeps metrics-server, or its rights, from being there at all, answered by the checks that ship.

Formats: kubernetes pkg/registry/rbac/validation/rule.go, microk8s scripts/wrappers,
runc libcontainer/standard_init_linux.go, apiserver pkg/server/config.go, crypto/tls/tls.go, kube-aggregator's
conditions.
"""

# ruff: noqa: E501  texts stand here as they were printed

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence
from msdoctor.utterances.reader import read

INDEX = registry.load_index()
NOT_HELD = (
    'user "dev" (groups=["team" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:'
)


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def ids(text: str) -> list[str]:
    return [match.id for match in answer(text).matches]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            f'Error from server (Forbidden): error when creating "components.yaml": clusterroles.rbac.authorization.k8s.io "system:metrics-server" is forbidden: {NOT_HELD}',
            ["rbac-clusterrole-missing"],
        ),
        (
            f'Error from server (Forbidden): clusterrolebindings.rbac.authorization.k8s.io "metrics-server:system:auth-delegator" is forbidden: {NOT_HELD}',
            ["rbac-auth-delegator-missing"],
        ),
        (
            f'Error from server (Forbidden): rolebindings.rbac.authorization.k8s.io "metrics-server-auth-reader" is forbidden: {NOT_HELD}',
            ["rbac-auth-reader-missing"],
        ),
        # to 1.11
        (
            'Error from server (Forbidden): clusterroles.rbac.authorization.k8s.io "system:metrics-server" is forbidden: attempt to grant extra privileges: [PolicyRule{APIGroups:[""], Resources:["nodes"], Verbs:["list"]}] user=&{dev  [system:authenticated] map[]} ownerrules=[] ruleResolutionErrors=[]',
            ["rbac-clusterrole-missing"],
        ),
        # another's role
        (
            f'Error from server (Forbidden): clusterroles.rbac.authorization.k8s.io "ingress-nginx" is forbidden: {NOT_HELD}',
            [],
        ),
    ],
)
def test_rights_that_their_giver_has_not_are_missing_after(text: str, named: list[str]) -> None:
    assert ids(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "standard_init_linux.go:228: exec user process caused: operation not permitted",
        'standard_init_linux.go:211: exec user process caused "operation not permitted"',
        "exec /metrics-server: operation not permitted",
    ],
)
def test_a_program_whose_capability_the_pod_dropped_may_not_even_begin(text: str) -> None:
    assert ids(text) == ["secure-port-privileged-bind"]


def test_a_server_without_a_port_has_a_bad_argument() -> None:
    text = "panic: Genericapiserver.New() called with config.LoopbackClientConfig == nil"

    assert ids(text) == ["bad-flag-or-args"]


@pytest.mark.parametrize(
    "why",
    [
        "tls: found a certificate rather than a key in the PEM for the private key",
        'tls: failed to find \\"CERTIFICATE\\" PEM block in certificate input after skipping PEM blocks of the following types: [PRIVATE KEY]',
        "tls: failed to find any PEM data in key input",
    ],
)
def test_files_of_a_pair_that_were_mixed_up_are_no_pair(why: str) -> None:
    line = f'E0301 10:00:00.000001       1 dynamic_serving_content.go:211] "Failed to load key pair" err="{why}"'

    assert ids(line) == ["front-proxy-key-mismatch"]


def test_a_certificate_that_the_api_server_refused_on_the_way_is_the_extension_servers() -> None:
    assert ids("HPA says: Error: 'x509: certificate signed by unknown authority'")[0] == "apiservice-cabundle-mismatch"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            'endpoints for service/packageserver in "olm" have no addresses with port name "5443"',
            "not-resource-metrics-pipeline",
        ),
        ('service/tap in "linkerd-viz" is not present', "not-resource-metrics-pipeline"),
        (
            'Error creating: pods "shop-6d9c-" is forbidden: unable to validate against any pod security policy: []',
            "not-resource-metrics-pipeline",
        ),
        (
            'Error creating: pods "metrics-server-6d9c-" is forbidden: unable to validate against any pod security policy: []',
            "metrics-server-not-running",
        ),
        (
            'Internal error occurred: failed calling admission webhook "w.example.com": Post https://w.ns.svc:443/m?timeout=30s: Service Unavailable',
            "not-resource-metrics-pipeline",
        ),
        ('endpoints for service/metrics-server in "kube-system" have no addresses', "apiservice-missing-endpoints"),
        ('endpoints for service/prometheus-adapter in "monitoring" have no addresses', "apiservice-missing-endpoints"),
        (
            'Back-off pulling image "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0"',
            "not-resource-metrics-pipeline",
        ),
        (
            'Get "https://10.244.1.9:8443/metrics": x509: certificate is valid for localhost, not op.ns.svc',
            "not-resource-metrics-pipeline",
        ),
    ],
)
def test_what_is_named_as_anothers_is_anothers(text: str, first: str) -> None:
    assert ids(text)[0] == first


def test_a_limited_priority_class_without_a_quota_keeps_its_pods_away() -> None:
    text = "Error creating: insufficient quota to match these scopes: [{PriorityClass In [system-cluster-critical]}]"

    assert ids(text) == ["metrics-server-not-running"]


def test_an_argument_that_nobody_filled_in_is_the_templates() -> None:
    text = 'Error: invalid argument "{{ resolution }}" for "--metric-resolution" flag: time: invalid duration'

    assert ids(text) == ["manifest-template-unrendered"]


def test_an_unread_openapi_says_as_much_where_its_end_was_cut_off() -> None:
    head = (
        'loading OpenAPI spec for "v1beta1.metrics.k8s.io" failed with: failed to retrieve openAPI spec, http error: '
    )

    assert ids(f"{head}ResponseCode: 503") == ids(f"{head}ResponseCode: 503, Body: service unavailable")


def test_a_good_start_is_not_all_where_a_network_policy_is_spoken_of() -> None:
    start = "I0301 10:00:00.000001       1 secure_serving.go:266] Serving securely on [::]:10250"

    assert answer(start).matches[0].confidence is Confidence.LIKELY
    assert answer(f"Since the network policy is there:\n{start}").matches[0].confidence is Confidence.POSSIBLE


def test_k3s_that_has_just_applied_its_manifest_waits_for_what_it_installs() -> None:
    unable = "unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently unable to handle the request"
    applied = "type: 'Normal' reason: 'AppliedManifest' Applied manifest at \"/var/lib/rancher/k3s/server/manifests/metrics-server/metrics-server-service.yaml\""

    assert ids(f"{applied}\n{unable}")[0] == "apiservice-backend-starting"


@pytest.mark.parametrize(
    "text",
    [
        'Error from server (NotFound): deployments.apps "metrics-server" not found',
        'Error from server (NotFound): deployments.extensions "metrics-server" not found',
        'Error from server (NotFound): daemonsets.apps "my-metrics-server" not found',
    ],
)
def test_what_is_not_where_it_was_looked_for_may_not_be_there(text: str) -> None:
    found = answer(text).matches

    assert [(match.id, match.confidence) for match in found] == [("metrics-server-missing", Confidence.POSSIBLE)]


def test_an_addon_that_its_installer_does_not_know_was_not_installed() -> None:
    assert ids("Addon metrics-server was not found in any repository") == ["metrics-server-missing"]


def test_a_service_that_is_not_there_may_be_the_only_thing_missing() -> None:
    assert set(ids('Error from server (NotFound): services "metrics-server" not found')) == {
        "metrics-server-missing",
        "apiservice-service-missing",
    }


@pytest.mark.parametrize(
    "text",
    [
        'Error from server (NotFound): deployments.apps "shop" not found',
        'Error from server (NotFound): services "shop" not found',
        "Addon ingress was not found in any repository",
        "enable failed: running callbacks: ingres is not a valid addon",
    ],
)
def test_that_anything_else_is_not_there_says_nothing(text: str) -> None:
    assert ids(text) == []


@pytest.mark.parametrize(
    ("account", "first"),
    [
        ("kube-system:metrics-server", "rbac-auth-delegator-missing"),
        ("kube-system:rke2-metrics-server", "rbac-auth-delegator-missing"),
        ("monitoring:default", "rbac-auth-delegator-missing"),
        ("keda:keda-operator", "rbac-auth-delegator-missing"),
        ("kube-system:csi-driver", "not-resource-metrics-pipeline"),
        ("flux-system:source-controller", "not-resource-metrics-pipeline"),
    ],
)
def test_whose_reviews_are_forbidden_tells_the_account(account: str, first: str) -> None:
    text = f'E0301 10:00:00.000001       1 webhook.go:154] Failed to make webhook authenticator request: tokenreviews.authentication.k8s.io is forbidden: User "system:serviceaccount:{account}" cannot create resource "tokenreviews" in API group "authentication.k8s.io" at the cluster scope'

    assert ids(text) == [first]

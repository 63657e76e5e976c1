"""The tables in which distributions tell how long certificates are good for, answered by the checks that ship.

Formats: kubeadm cmd/kubeadm/app/cmd/certs.go, microk8s scripts/wrappers/refresh_certs.py, k3s pkg/cli/cert/cert.go.
"""

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index()
KUBEADM = """\
CERTIFICATE                EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED
admin.conf                 Mar 01, 2027 10:00 UTC   364d            ca                      no
apiserver                  {apiserver}            ca                      no
front-proxy-client         {front_proxy}            front-proxy-ca          no
"""
GOOD = "Mar 01, 2027 10:00 UTC   364d"
PAST = "Mar 01, 2025 10:00 UTC   <invalid>"
SOON = "Mar 21, 2026 10:00 UTC   9d"


def ids(text: str) -> list[str]:
    return [match.id for match in explain(read(text.splitlines()), INDEX).matches]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (KUBEADM.format(apiserver=GOOD, front_proxy=PAST), ["front-proxy-cert-expired"]),
        (KUBEADM.format(apiserver=GOOD, front_proxy=SOON), ["front-proxy-cert-expiring"]),
        (KUBEADM.format(apiserver=PAST, front_proxy=GOOD), ["apiserver-serving-cert-expired"]),
        (
            KUBEADM.format(apiserver=PAST, front_proxy=PAST),
            ["apiserver-serving-cert-expired", "front-proxy-cert-expired"],
        ),
        ("front-proxy-ca          Mar 01, 2025 10:00 UTC   <invalid>       no", ["front-proxy-cert-expired"]),
        ("The server certificate will expire in -3 days.", ["apiserver-serving-cert-expired"]),
        ("The front proxy client certificate will expire in 12 days.", ["front-proxy-cert-expiring"]),
        (
            (
                'time="2026-03-01T10:00:00Z" level=error msg="client-auth-proxy.crt: certificate system:auth-proxy '
                '(ClientAuth) expired at 2026-02-01T10:00:00Z"'
            ),
            ["front-proxy-cert-expired"],
        ),
        (
            (
                "WARN[0000] serving-kubelet.crt: certificate node1 (ServerAuth) will expire within 120 days at "
                "2026-05-01T10:00:00Z"
            ),
            ["kubelet-cert-expiring"],
        ),
    ],
)
def test_what_has_ended_is_named_and_what_ends_soon_is_a_risk(text: str, named: list[str]) -> None:
    assert ids(text) == named


@pytest.mark.parametrize(
    "text",
    [
        KUBEADM.format(apiserver=GOOD, front_proxy=GOOD),
        "front-proxy-client         Mar 01, 2027 10:00 UTC   1y              front-proxy-ca          no",
        "The CA certificate will expire in 3139 days.\nThe front proxy client certificate will expire in 363 days.",
        (
            "INFO[0000] client-auth-proxy.crt: certificate system:auth-proxy (ClientAuth) is ok, expires at "
            "2027-03-01T10:00:00Z"
        ),
        "!MISSING! front-proxy-client",
    ],
)
def test_certificates_that_are_good_for_long_are_no_answer(text: str) -> None:
    assert not ids(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        # k3s pkg/cli/cert/cert.go to 1.32, without the usages
        (
            (
                "WARN[0000] /var/lib/rancher/k3s/agent/serving-kubelet.crt: certificate CN=node1 will expire within"
                " 90 days at 2026-05-01T10:00:00Z"
            ),
            "kubelet-cert-expiring",
        ),
        (
            (
                "ERRO[0000] /var/lib/rancher/k3s/agent/serving-kubelet.crt: certificate CN=node1 expired at"
                " 2026-02-01T10:00:00Z"
            ),
            "kubelet-cert-expired",
        ),
        # pkg/certmonitor, an event of the node
        (
            (
                "Node certificates require attention - restart k3s on this node to trigger automatic rotation:"
                " admin/client-admin.crt: certificate CN=system:admin,O=system:masters will expire within 120 days at"
                " 2026-05-01T10:00:00Z, auth-proxy/client-auth-proxy.crt: certificate CN=system:auth-proxy will expire"
                " within 120 days at 2026-05-01T10:00:00Z"
            ),
            "front-proxy-cert-expiring",
        ),
        # kubernetes-mixin alerts/kubelet.libsonnet
        ("Server certificate for Kubelet on node node1 expires in 6d 23h 59m 30s.", "kubelet-cert-expiring"),
        (
            "Kubelet on node node1 has failed to renew its server certificate (2 errors in the last 5 minutes).",
            "kubelet-serving-csr-pending",
        ),
    ],
)
def test_what_tells_of_itself_that_a_certificate_ends_is_heard(text: str, named: str) -> None:
    assert ids(text) == [named]


@pytest.mark.parametrize(
    "text",
    [
        "INFO[0000] /var/lib/rancher/k3s/agent/serving-kubelet.crt: certificate CN=node1 is ok, expires at 2034-04-07",
    ],
)
def test_a_certificate_of_k3s_that_is_good_says_nothing(text: str) -> None:
    assert ids(text) == []

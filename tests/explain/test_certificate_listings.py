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

"""Who metrics-server takes the aggregator for, derived from what it reads."""

from datetime import timedelta

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.facts.aggregator import Aggregator, Taken
from msdoctor.facts.authentication import AuthenticationConfig
from msdoctor.model import Unseen

from .clusters import (
    CA,
    FRONT_PROXY_CA,
    MANIFEST_ARGS,
    MASTER,
    NOW,
    PKI,
    SERVER_ARGS,
    Issued,
    Patient,
    apiservice,
    authentication_data,
    healthy,
    issue,
    listed,
    mirror_pod,
    proxy_certificate,
    with_host,
)

EXPIRED = proxy_certificate(start=NOW - timedelta(days=9), end=NOW - timedelta(days=1))
WITHOUT_PROXY = tuple(arg for arg in SERVER_ARGS if "proxy-client" not in arg)


def _taken(patient: Patient) -> Aggregator:
    found = patient.facts().aggregator
    assert isinstance(found, Aggregator)
    return found


def _shown(certificate: Issued, **config: str | None) -> Patient:
    patient = with_host(healthy()).file(MASTER, f"{PKI}/front-proxy.pem", certificate.pem)
    return patient.api(paths.AUTHENTICATION, authentication_data(**config))


NONE: dict[str, str | None] = {"requestheader_client_ca_file": None, "requestheader_allowed_names": None}
SAME_CA: dict[str, str | None] = {"requestheader_client_ca_file": issue(CA).pem}


@pytest.mark.parametrize(
    ("certificate", "config", "taken"),
    [
        (proxy_certificate(), {}, Taken.PROXY),
        (proxy_certificate("anybody"), {"requestheader_allowed_names": "[]"}, Taken.PROXY),
        (proxy_certificate("anybody"), {"requestheader_allowed_names": None}, Taken.PROXY),
        (proxy_certificate("other"), {"requestheader_allowed_names": '["front-proxy-client", "other"]'}, Taken.PROXY),
        (proxy_certificate("other"), {}, Taken.REFUSED),
        (proxy_certificate("Front-Proxy-Client"), {}, Taken.REFUSED),
        (proxy_certificate(by="stranger"), {}, Taken.REFUSED),
        (EXPIRED, {}, Taken.REFUSED),
        (issue("front-proxy-client", by=FRONT_PROXY_CA, usage="server", generation="s"), {}, Taken.REFUSED),
        # Another CN under one CA for both, or one of the cluster's: believed, for its own user only.
        (proxy_certificate(by=CA), SAME_CA, Taken.PROXY),
        (proxy_certificate("other", by=CA), SAME_CA, Taken.USER),
        (proxy_certificate(by=CA), {}, Taken.USER),
        (proxy_certificate(by=CA), NONE, Taken.USER),
        (proxy_certificate(), NONE, Taken.REFUSED),
        # With no CA at all nobody looks at certificates.
        (proxy_certificate(), NONE | {"client_ca_file": None}, Taken.ANONYMOUS),
    ],
)
def test_it_is_derived_from_the_config_map_and_the_certificate(
    certificate: Issued, config: dict[str, str | None], taken: Taken
) -> None:
    found = _taken(_shown(certificate, **config))

    assert (found.taken, found.certain) == (taken, True)


def test_a_plain_user_is_the_certificates_own_name() -> None:
    assert _taken(_shown(proxy_certificate("other", by=CA), **SAME_CA)).user == "other"


def test_the_reason_of_a_refusal_is_the_first_that_metrics_server_meets() -> None:
    assert _taken(_shown(proxy_certificate("other"))).why == "x509: subject with cn=other is not in the allowed list"
    assert _taken(_shown(proxy_certificate(by="stranger"))).why == "x509: certificate signed by unknown authority"


def test_no_config_map_at_all_makes_it_anonymous() -> None:
    patient = with_host(healthy()).refuse(paths.AUTHENTICATION, Reason.ABSENT, 404)

    assert patient.facts().authentication is None
    assert _taken(patient).anonymous


def test_a_server_without_a_proxy_certificate_is_anonymous_as_its_mirror_pod_shows() -> None:
    patient = healthy().api(paths.API_SERVER_PODS, listed(mirror_pod(MASTER, *WITHOUT_PROXY)))

    assert (_taken(patient).taken, _taken(patient).certain) == (Taken.ANONYMOUS, True)
    assert _taken(with_host(healthy(), *WITHOUT_PROXY)).anonymous


@pytest.mark.parametrize(
    ("message", "taken"),
    [
        ("failing or missing response from https://10.0.0.1:443/x: bad status from https://10.0.0.1:443/x: 401", "401"),
        ("failing or missing response from https://10.0.0.1:443/x: bad status from https://10.0.0.1:443/x: 403", "403"),
        ('failing or missing response from https://10.0.0.1:443/x: Get "https://10.0.0.1:443/x": Forbidden', ""),
        ("endpointslices for service/metrics-server have no addresses", ""),
        ("all checks passed", ""),
    ],
)
def test_without_host_files_the_status_that_came_back_tells_less_surely(message: str, taken: str) -> None:
    patient = healthy().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", message)))
    found = patient.facts().aggregator

    if not taken:
        assert isinstance(found, Unseen)
    else:
        assert isinstance(found, Aggregator)
        assert found.taken is {"401": Taken.REFUSED, "403": Taken.ANONYMOUS}[taken]
        assert not found.certain


@pytest.mark.parametrize(
    "flag", ["--requestheader-client-ca-file=/ca.crt", "--client-ca-file=/ca.crt", "--authentication-skip-lookup"]
)
def test_metrics_servers_own_flags_stand_before_the_config_map(flag: str) -> None:
    patient = with_host(healthy()).api(paths.AUTHENTICATION, authentication_data(**NONE)).args(*MANIFEST_ARGS, flag)
    cluster = patient.facts()

    assert isinstance(cluster.authentication, Unseen)
    assert flag.partition("=")[0] in cluster.authentication.reason
    assert isinstance(cluster.aggregator, Unseen)


@pytest.mark.parametrize(
    "data",
    [
        {"requestheader_client_ca_file": "garbage"},
        {"client_ca_file": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"requestheader_allowed_names": "not JSON"},
        {"requestheader_allowed_names": '{"a": 1}'},
    ],
)
def test_content_that_cannot_be_read_is_unseen_and_not_missing(data: dict[str, str | None]) -> None:
    found = healthy().api(paths.AUTHENTICATION, authentication_data(**data)).facts().authentication

    assert isinstance(found, Unseen)
    assert "its content cannot be read" in found.reason


def test_a_config_map_with_no_data_publishes_nothing() -> None:
    empty = {"kind": "ConfigMap", "metadata": {"name": "extension-apiserver-authentication"}, "data": None}
    found = healthy().api(paths.AUTHENTICATION, empty).facts().authentication

    assert isinstance(found, AuthenticationConfig)
    assert (found.keys, found.requestheader_ca, found.allowed_names) == ((), (), ())


@pytest.mark.parametrize(
    ("key", "matches"),
    [
        (proxy_certificate().public_pem, True),
        (proxy_certificate("other").public_pem, False),
        ("no key", None),
        ("-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----\n", None),
    ],
)
def test_whether_key_and_certificate_are_a_pair(key: str, matches: bool | None) -> None:
    found = with_host(healthy()).file(MASTER, f"{PKI}/front-proxy-key.pem", key).facts().proxy_clients

    assert not isinstance(found, Unseen)
    assert found[0].key_matches is matches


@pytest.mark.parametrize("content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"])
def test_a_proxy_certificate_that_cannot_be_read_is_unseen_with_its_place(content: str) -> None:
    found = with_host(healthy()).file(MASTER, f"{PKI}/front-proxy.pem", content).facts().proxy_clients

    assert isinstance(found, Unseen)
    assert found.where == f"{MASTER}:{PKI}/front-proxy.pem"

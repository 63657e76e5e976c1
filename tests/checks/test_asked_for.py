"""What the CAs give away that a TLS server asks its clients for: names, to anybody, before any credential."""

from __future__ import annotations

import pytest

from msdoctor.bundle import Context, Reason
from msdoctor.facts import paths
from msdoctor.facts.asked_for import AskedFor, server_place
from msdoctor.facts.wanted import wanted
from msdoctor.judge import Result
from msdoctor.model import Confidence, Unseen
from tests.facts.clusters import CA, FRONT_PROXY_CA, Patient, authentication_data, healthy, issue

SERVER = "192.0.2.10:6443"
POD = "pod/kube-system/metrics-server-1:10250"
BOTH = (f"CN={CA}", f"CN={FRONT_PROXY_CA}")


def _viewer(*names: str, status: int = 503) -> Patient:
    """Who may read neither the ConfigMap nor the registration, and is told that metrics are unavailable."""
    patient = healthy().tls(SERVER, issue("kubernetes", by=CA), asks_for=names)
    patient.refuse(paths.AUTHENTICATION, Reason.FORBIDDEN, 403)
    patient.refuse(paths.APISERVICES, Reason.FORBIDDEN, 403)
    patient.refuse(paths.POD_METRICS, Reason.FAILED, status)
    return patient.refuse(paths.NODE_METRICS, Reason.FAILED, status)


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("https://192.0.2.10:6443", SERVER),
        ("https://api.example.org", "api.example.org:443"),
        ("https://[2001:db8::1]:6443/clusters/x", "[2001:db8::1]:6443"),
        ("http://127.0.0.1:8001", None),
        ("", None),
        ("https://host:notaport", None),
    ],
)
def test_where_the_api_server_shakes_hands(server: str, place: str | None) -> None:
    found = server_place(Context(server=server))

    assert (found.path if found else None) == place


def test_the_api_server_is_shaken_hands_with() -> None:
    assert SERVER in {place.path for place in wanted(healthy().bundle())}


def test_an_api_server_that_asks_for_the_clients_ca_alone_may_have_no_front_proxy_ca() -> None:
    outcome = _viewer(f"CN={CA}").outcome("requestheader-config-missing")

    (finding,) = outcome.findings
    assert finding.confidence is Confidence.POSSIBLE
    assert "or one CA serves both ends" in finding.summary
    assert finding.evidence[0].saw == f"the API server asks its clients for certificates of CN={CA}"
    assert finding.evidence[0].how.startswith(f"openssl s_client -connect {SERVER} ")


@pytest.mark.parametrize("names", [BOTH, ()])
def test_of_two_names_and_of_none_nothing_follows(names: tuple[str, ...]) -> None:
    assert _viewer(*names).outcome("requestheader-config-missing").result is Result.UNSEEN


def test_one_ca_for_both_ends_is_no_cause_while_metrics_flow_or_somebody_is_refused_rights() -> None:
    assert _viewer(f"CN={CA}", status=403).outcome("requestheader-config-missing").result is Result.UNSEEN
    flowing = healthy().tls(SERVER, issue("kubernetes", by=CA), asks_for=(f"CN={CA}",))
    flowing.refuse(paths.AUTHENTICATION, Reason.FORBIDDEN, 403)
    assert flowing.outcome("requestheader-config-missing").result is Result.UNSEEN


def test_an_api_server_whose_handshake_was_not_had_is_no_gap_of_a_kubelet() -> None:
    cluster = healthy().without_route(SERVER).facts()

    assert isinstance(cluster.api_server_asks_for, Unseen)
    assert not [gap for gap in cluster.gaps if SERVER in gap.what]


def test_metrics_server_that_has_not_loaded_what_is_published_needs_a_restart() -> None:
    patient = _viewer(*BOTH).api(paths.AUTHENTICATION, authentication_data())
    patient.tls(POD, issue("metrics-server", sans=("localhost",)), asks_for=(f"CN={CA}", "CN=an-earlier-ca"))

    (finding,) = patient.outcome("front-proxy-ca-mismatch").findings

    assert "has not loaded the front-proxy CA that is published now" in finding.summary
    assert finding.remedies[0].commands == ("kubectl -n kube-system rollout restart deployment/metrics-server",)


@pytest.mark.parametrize("names", [BOTH, (f"CN={CA}", FRONT_PROXY_CA, f"CN={FRONT_PROXY_CA}"), ("O=others",), ()])
def test_metrics_server_that_has_loaded_it_does_not(names: tuple[str, ...]) -> None:
    """Nor one whose names are all unknown: then they may just be written in another way."""
    patient = _viewer(*BOTH).api(paths.AUTHENTICATION, authentication_data())
    patient.tls(POD, issue("metrics-server", sans=("localhost",)), asks_for=names)

    assert patient.outcome("front-proxy-ca-mismatch").findings == ()
    assert isinstance(patient.facts().metrics_server_asks_for, AskedFor)

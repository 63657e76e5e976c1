"""What kubeadm's next upgrade would write into the API server's manifest, from the configuration that it keeps."""

from __future__ import annotations

import pytest

from msdoctor.facts import kubeadm, paths
from msdoctor.facts.kubeadm import of_api_server
from msdoctor.facts.pending import changed
from msdoctor.facts.processes import components
from msdoctor.judge import Result
from msdoctor.model import State, Unseen
from tests.facts.clusters import Patient, config_map, healthy, listed, mirror_pod
from tests.facts.distributions import CLUSTER_CONFIGURATION, KUBEADM

OWN = ("kube-apiserver", *(f"--{name}={value}" for name, value in kubeadm._own("/etc/kubernetes/pki").items()))


def _patient(configuration: str, *more: str) -> Patient:
    patient = healthy().api(paths.KUBEADM_CONFIG, config_map(ClusterConfiguration=configuration))
    return patient.api(paths.API_SERVER_PODS, listed(mirror_pod("master", *OWN, *more)))


def test_a_manifest_that_kubeadm_itself_wrote_is_what_it_would_write_again() -> None:
    (server,) = components(KUBEADM, "kube-apiserver")
    written = of_api_server(CLUSTER_CONFIGURATION)

    assert written is not None
    assert not dict(changed(server.flags, written))


@pytest.mark.parametrize(
    "extra",
    [
        "apiServer: {extraArgs: {requestheader-allowed-names: 'a,b', enable-aggregator-routing: 'true'}}",  # v1beta3
        (
            "apiServer:\n  extraArgs:\n  - {name: requestheader-allowed-names, value: a}\n"
            "  - {name: requestheader-allowed-names, value: b}\n  - {name: enable-aggregator-routing, value: 'true'}"
        ),
    ],
)
def test_an_extra_argument_takes_the_place_of_kubeadms_own(extra: str) -> None:
    written = of_api_server(f"{CLUSTER_CONFIGURATION}{extra}\n")

    assert written is not None
    assert written.listed("requestheader-allowed-names") == ("a", "b")
    assert written.on("enable-aggregator-routing")


@pytest.mark.parametrize("text", ["", "- list", ": :\n  -", "when: 2026-13-45"])
def test_what_is_no_configuration_tells_nothing(text: str) -> None:
    assert of_api_server(text) is None
    assert isinstance(_patient(text).facts().kubeadm_drifts, Unseen)


@pytest.mark.parametrize("extra", ["apiServer: x", "apiServer: {extraArgs: x}", "apiServer: {extraArgs: [x, {a: b}]}"])
def test_arguments_that_are_none_are_passed_over(extra: str) -> None:
    assert of_api_server(f"{CLUSTER_CONFIGURATION}{extra}\n") is not None


def test_what_was_added_by_hand_is_gone_after_the_next_upgrade() -> None:
    patient = _patient(CLUSTER_CONFIGURATION, "--enable-aggregator-routing=true")
    (finding,) = patient.outcome("process-not-restarted").findings

    assert "with another --enable-aggregator-routing than it runs with" in finding.summary
    assert finding.evidence[0].saw == "--enable-aggregator-routing is true, and kubeadm makes it not given"
    assert (finding.state, finding.effects) == (State.LATENT, ())


def test_what_is_configured_is_written_again() -> None:
    patient = _patient(
        f"{CLUSTER_CONFIGURATION}apiServer: {{extraArgs: {{enable-aggregator-routing: 'true'}}}}\n",
        "--enable-aggregator-routing=true",
    )

    assert patient.facts().kubeadm_drifts == ()
    assert patient.outcome("process-not-restarted").result is Result.UNSEEN

"""What `kubectl get apiservice` shows beside an error takes away those causes of it that cannot be then."""

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index()
DOWN = "error: Metrics API not available"
ROW = "v1beta1.metrics.k8s.io   {}   {}   {}"
SERVICE = "kube-system/metrics-server"


def named(*lines: str) -> list[str]:
    return [match.id for match in explain(read(lines), INDEX).matches]


def test_an_api_that_is_listed_is_registered() -> None:
    assert "metrics-api-not-registered" in named(DOWN)
    assert "metrics-api-not-registered" not in named(DOWN, ROW.format(SERVICE, "False (FailedDiscoveryCheck)", "6m48s"))


def test_where_metrics_server_was_asked_it_is_there_and_has_an_endpoint() -> None:
    found = named(DOWN, ROW.format(SERVICE, "False (FailedDiscoveryCheck)", "6m48s"))

    assert not {"metrics-server-missing", "metrics-server-not-ready", "service-selector-mismatch"} & set(found)
    assert {"aggregator-cannot-reach-service", "requestheader-config-missing", "apiservice-cabundle-mismatch"} <= {
        *found
    }


def test_a_chart_that_was_told_to_make_no_apiservice_says_so() -> None:
    """bitnami/charts bitnami/metrics-server templates/NOTES.txt."""
    said = "### ERROR: The metrics.k8s.io/v1beta1 API service is not enabled in the cluster      ###"
    then = "does not have metrics.k8s.io/v1beta1, the metrics API will not work with this release unless:"

    assert named(said) == named(then) == named(said, then) == ["metrics-api-not-registered"]


@pytest.mark.parametrize("reason", ["MissingEndpoints", "EndpointsNotFound"])
def test_where_there_is_no_endpoint_nothing_is_dialled(reason: str) -> None:
    found = named(DOWN, ROW.format(SERVICE, f"False ({reason})", "6m48s"))

    assert not {"aggregator-cannot-reach-service", "cloud-firewall-control-plane-to-node"} & set(found)
    assert {"metrics-server-not-ready", "service-selector-mismatch"} <= set(found)


def test_one_that_the_api_server_serves_itself_is_what_is_wrong() -> None:
    not_found = (
        "Error from server (NotFound): the server could not find the requested resource (get nodes.metrics.k8s.io)"
    )

    assert named(not_found, ROW.format("Local", "True", "9m"))[0] == "apiservice-local"


def test_what_shows_both_one_after_the_other_rules_nothing_out_altogether() -> None:
    rows = [ROW.format(SERVICE, f"False ({reason})", "6m") for reason in ("FailedDiscoveryCheck", "MissingEndpoints")]

    assert named(DOWN, *rows)


def test_one_that_is_older_than_a_minute_has_not_just_been_registered() -> None:
    assert "apiservice-backend-starting" in named(ROW.format(SERVICE, "False (FailedDiscoveryCheck)", "20s"))
    assert "apiservice-backend-starting" not in named(ROW.format(SERVICE, "False (FailedDiscoveryCheck)", "73s"))

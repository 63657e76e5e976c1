"""Pods of others that an HPA counts, those that have ended among them: it names one, and that one is looked at."""

from __future__ import annotations

import pytest

from msdoctor.facts import paths
from msdoctor.facts.wanted import wanted
from msdoctor.model import State
from tests.checks.test_waiting_hpas import hpa
from tests.checks.test_waiting_hpas import pod as plain
from tests.facts.clusters import Json, Patient, healthy, listed

ID, LACKS = "hpa-selector-overlap", "hpa-missing-requests"
NAMED = "missing request for cpu in container migrate of Pod migrate-x7k2p"


def foreign(name: str = "migrate-x7k2p", *, owner: tuple[str, str] | None = ("Job", "migrate")) -> Json:
    found = plain(name, ready=False, age=3600)
    found["metadata"]["ownerReferences"] = [{"kind": owner[0], "name": owner[1]}] if owner else []
    found["spec"]["containers"] = [{"name": "migrate"}]
    found["status"]["phase"] = "Succeeded"
    return found


def patient(*ended: Json, inner: str = NAMED) -> Patient:
    workload = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": [{"name": "web"}]}}},
    }
    return (
        healthy()
        .api(paths.HPAS, listed(hpa(inner)))
        .api(paths.workload("shop", "deployments", "web"), workload)
        .api(paths.RUNNING_PODS, listed(plain("web-5d8f-a", ready=True, age=3600)))
        .api(paths.pod("shop", "migrate-x7k2p"), listed(*ended))
    )


def test_a_pod_that_has_ended_is_named_with_who_made_it() -> None:
    (found,) = patient(foreign()).outcome(ID).findings

    assert found.state is State.ACTIVE
    assert "pod migrate-x7k2p of job/migrate" in found.summary
    (remedy,) = found.remedies
    assert remedy.commands == ("kubectl -n shop label pods -l job-name=migrate app-",)
    assert remedy.undo == ("kubectl -n shop label pods -l job-name=migrate app=web",)


def test_a_pod_of_nobody_loses_its_label_alone() -> None:
    (found,) = patient(foreign(owner=None)).outcome(ID).findings

    assert found.remedies[0].commands == ("kubectl -n shop label pod migrate-x7k2p app-",)


def test_one_of_its_own_that_does_not_run_yet_lacks_a_request() -> None:
    pending = foreign(owner=("ReplicaSet", "web-5d8f"))
    own = patient(pending)

    assert own.outcome(ID).findings == ()
    assert len(own.outcome(LACKS).findings) == 1


@pytest.mark.parametrize(
    "inner",
    [
        NAMED,
        "missing pod-level request for cpu in Pod migrate-x7k2p",
        "container web not found in Pod migrate-x7k2p",
    ],
)
def test_it_is_asked_for_by_a_list(inner: str) -> None:
    """Whoever may list pods may not always get one by its name."""
    asked = {place.path for place in wanted(patient(inner=inner).bundle())}

    assert paths.pod("shop", "migrate-x7k2p") in asked


def test_a_pod_that_runs_is_not_asked_for_again() -> None:
    asked = {place.path for place in wanted(patient(inner=NAMED.replace("migrate-x7k2p", "web-5d8f-a")).bundle())}

    assert not any("metadata.name" in path and "/pods" in path for path in asked)


def test_one_that_is_gone_by_now_names_nobody() -> None:
    assert patient().outcome(ID).findings == ()

"""Every check gets one outcome, whatever it does."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.facts.installation import Installation
from msdoctor.judge import Result, judge
from msdoctor.model import Check, Class, Evidence, Finding, Hop, NotApplicable, Unseen, check, no_remedy
from tests.facts.clusters import healthy, listed

FINDING = Finding("It is ill.", ("node/worker",), (Evidence("x", "y", "kubectl get nodes"),), ())
NODE = Unseen("no route", "node/worker")


def _check(name: str, judging: Callable[..., Any], **needs: bool) -> Check:
    return Check(name, Hop.E, Class.CAUSE, "Title.", "", (), (), no_remedy, needs, judging, __file__)


def _yielding(*items: object) -> Callable[..., Iterable[object]]:
    return lambda **_: iter(items)


def _raising(error: Exception) -> Callable[..., Iterable[object]]:
    def judging(**_: object) -> Iterable[object]:
        yield FINDING
        raise error

    return judging


@pytest.mark.parametrize(
    ("items", "result"),
    [
        ((), Result.PASS),
        ((FINDING,), Result.FAIL),
        ((NODE,), Result.UNSEEN),
        ((FINDING, NODE), Result.FAIL),
        ((NotApplicable("no such thing"),), Result.NOT_APPLICABLE),
        ((NotApplicable("no such thing"), NODE), Result.UNSEEN),
        ((NotApplicable("no such thing"), FINDING), Result.FAIL),
    ],
)
def test_the_result_is_the_gravest_of_what_a_check_yields(items: tuple[object, ...], result: Result) -> None:
    (outcome,) = judge(healthy().facts(), [_check("one", _yielding(*items))])

    assert outcome.result is result


def test_a_check_whose_facts_are_unseen_is_not_asked_and_says_which() -> None:
    cluster = healthy().refuse(paths.NODES, Reason.FORBIDDEN, 403, "not for you").facts()
    (outcome,) = judge(cluster, [_check("one", _yielding(FINDING), nodes=False)])

    assert outcome.result is Result.UNSEEN
    assert not outcome.findings
    assert outcome.reason == f"{paths.NODES}: forbidden (403): not for you"


def test_a_check_that_takes_unseen_facts_gets_them() -> None:
    got: list[object] = []
    cluster = healthy().refuse(paths.NODES, Reason.FORBIDDEN, 403).facts()

    def judging(nodes: object) -> Iterable[object]:
        got.append(nodes)
        return ()

    judge(cluster, [_check("one", judging, nodes=True)])

    assert isinstance(got[0], Unseen)


def test_a_check_of_what_is_not_there_does_not_apply_unless_it_takes_none() -> None:
    cluster = healthy().api(paths.DEPLOYMENTS[0], listed()).facts()
    assert cluster.installation is None

    @check(hop=Hop.D, cls=Class.CAUSE)
    def of_one(installation: Installation) -> Iterable[Finding]:
        yield replace(FINDING, subjects=(installation.subject,))

    @check(hop=Hop.D, cls=Class.CAUSE)
    def of_any(installation: Installation | None) -> Iterable[Finding]:
        yield replace(FINDING, subjects=(installation.subject if installation else "nobody",))

    any_, one = judge(cluster, [of_one, of_any])

    assert any_.result is Result.FAIL
    assert (one.result, one.reason) == (Result.NOT_APPLICABLE, "no metrics-server is installed")


@pytest.mark.parametrize(
    "judging",
    [_raising(ValueError("a bug")), _raising(RecursionError()), lambda **_: None, lambda **_: 1, lambda: ()],
    ids=["raises", "recurses", "no items", "a number", "other parameters"],
)
def test_a_check_that_crashes_is_an_error_and_takes_no_other_with_it(judging: Callable[..., Any]) -> None:
    checks = [_check("b", judging, nodes=False), _check("a", _yielding(FINDING)), _check("c", _yielding())]
    outcomes = judge(healthy().facts(), checks)

    assert [(o.check.id, o.result) for o in outcomes] == [("a", Result.FAIL), ("b", Result.ERROR), ("c", Result.PASS)]
    assert outcomes[1].reason.startswith("the check itself failed: ")
    assert not outcomes[1].findings


def test_a_check_that_asks_for_no_fact_is_its_own_error() -> None:
    (outcome,) = judge(healthy().facts(), [_check("one", _yielding(), weather=False, nodes=False)])

    assert outcome.result is Result.ERROR
    assert "weather" in outcome.reason
    assert "nodes" not in outcome.reason


def test_a_check_of_kubelets_counts_those_that_it_could_judge() -> None:
    (outcome,) = judge(healthy().facts(), [_check("one", _yielding(NODE), kubelets=False)])

    assert (outcome.seen, outcome.of) == (1, 2)
    assert outcome.reason == "node/worker: no route"


def test_reasons_are_told_each_once_with_how_many_share_them() -> None:
    doubts = [Unseen("no route", f"node/{name}") for name in "abc"] + [Unseen("timeout", "node/d"), Unseen("no CA")]
    (outcome,) = judge(healthy().facts(), [_check("one", _yielding(*doubts))])
    (many,) = judge(healthy().facts(), [_check("one", _yielding(*(Unseen(f"reason {n}") for n in range(20))))])

    assert outcome.reason == "node/a and 2 more: no route; node/d: timeout; no CA"
    assert many.reason.endswith("reason 7; and for other reasons")


def test_what_a_failing_check_did_not_see_is_told_too() -> None:
    (outcome,) = judge(healthy().facts(), [_check("one", _yielding(FINDING, Unseen("no route", "node/a")))])

    assert (outcome.result, outcome.reason) == (Result.FAIL, "node/a: no route")


def test_more_doubts_than_kubelets_do_not_count_below_none() -> None:
    (outcome,) = judge(healthy().facts(), [_check("one", _yielding(NODE, NODE, NODE), kubelets=False)])

    assert outcome.seen == 0

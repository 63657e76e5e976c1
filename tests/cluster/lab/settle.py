"""Knowing that the cluster has settled: watch what a user can see until it stops changing."""

import time
from dataclasses import replace

from lab.agreement import moments
from lab.layout import STATIC_PODS
from lab.machines import LabError, Machines
from lab.observation import Observation, now
from lab.truth import MASTER, NODE1, Caught, Form, Truth

STABLE_SECONDS = 25.0
AT_LEAST_SECONDS = 45.0
MISSED_SECONDS = 85  # kube-controller-manager --node-monitor-grace-period is 50 s, from the last renewed Lease on


def until_settled(
    machines: Machines, truth: Truth, *, begun: float | None = None, moment: str | None = None
) -> Observation:
    """Wait until what the operator sees has settled. `moment`: RFC 3339, UTC.

    The healthy truth has settled when all is well twice in a row with metrics taken after the change; any other one
    when nothing has changed for 25 seconds and 45 have passed.
    """
    begun = time.monotonic() if begun is None else begun
    moment = moment or now()
    if truth.caught is Caught.JUST_STARTED:
        return moments.await_start(machines)
    if truth.caught is Caught.JUST_JOINED:
        return moments.rejoin(machines, NODE1)
    if truth.caught is Caught.RESTARTED:
        return moments.restart_apiserver(machines)
    healthy_is_right = replace(truth, form=Form.SYSTEMD, before=None) == Truth()
    last, since, well = None, time.monotonic(), 0
    missed = truth.caught in (Caught.MISSED, Caught.STARTED_ANEW)
    at_least = MISSED_SECONDS if missed else AT_LEAST_SECONDS
    # Two API servers that do not agree overwrite each other's condition every few seconds; so goes a flaky pod.
    steady = STABLE_SECONDS if truth.second_apiserver is None and not truth.hpa.flaky else 0.0
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        seen = machines.look()
        at = time.monotonic()
        if last is None or seen.visible != last.visible:
            last, since = seen, at
        well = well + 1 if seen.healthy_since(moment, _expected_pods(machines)) else 0
        if healthy_is_right and well >= 2:
            return seen
        if not healthy_is_right and at - since >= steady and at - begun >= at_least:
            return seen
        time.sleep(1 if healthy_is_right else 2)
    raise LabError(f"lab {machines.name} has not settled within five minutes; last seen: {last}")


def _expected_pods(machines: Machines) -> set[str]:
    """Names, without their random parts, that `kubectl top pods -A` lists on a healthy cluster."""
    mirrored = {f"{name}-{MASTER}" for name in STATIC_PODS} if machines.form is Form.STATIC else set()
    return {"coredns", "metrics-server", "busy"} | mirrored

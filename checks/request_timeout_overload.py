"""Answers take longer than callers will wait.

## What it means
metrics-server is asked, works on the answer, and has it when nobody waits any more: the API server gives its own look
at it 5 seconds. Its CPU is limited to less than it takes, so whatever it does is late: answers, its questions to the
API server whether a caller may have them, and scrapes.

## What it does not mean
That the way to it is shut: its log names requests that came in. That a kubelet or the API server is slow, although its
log says so of both: it is metrics-server that gets to their answers too late. That it is out of memory, or ended by its
probes: that is `metrics-server-resource-starvation`.

## What will not help
- a longer --kubelet-request-timeout, or longer probes: they hide how late it is.
- --request-timeout of the API server: its own look at metrics-server has 5 seconds of its own.
- --kubelet-insecure-tls, RBAC or certificates: it is reached, and knows who asks.

## How it comes about
A limit from a small cluster or a LimitRange, more nodes, and callers: many HPAs, a dashboard that asks for every pod,
a monitoring system that makes a new connection for each question.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server | grep -i 'post-timeout activity'` shows requests for
`/apis/metrics.k8s.io`; `kubectl -n kube-system get deployment metrics-server -o yaml` a small cpu limit. On its node
`nr_throttled` in its container's `cpu.stat` grows.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (5 s), k8s.io/apiserver
pkg/server/filters/timeout.go ("Post-timeout activity", of old "post-timeout activity - time-elapsed") and wrap.go;
metrics-server README, "Scaling". Seen with 0.8.0 at 10m of CPU and 150 callers who each made their own connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._registration import availability
from ._starting import changed_by, target, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Node
    from msdoctor.facts.overload import Overload
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance

LEAST_CPU = 100  # thousandths of a core, up to 100 nodes; from there one more for each
LOOK = "kubectl -n kube-system logs deployment/metrics-server | grep -i 'post-timeout activity'"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        changed_by(
            blanks,
            "Give it the CPU that a cluster of this size needs, and room for bursts.",
            f"kubectl set resources {target(blanks)} -c {blanks['container']}"
            f" --limits=cpu=1 --requests={blanks.get('request', f'cpu={LEAST_CPU}m')}",
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # everything starts at once on machines that are busy with it
    says=(
        Says("HandlerTimeout", hop=Hop.D, where={"api": "metrics.k8s.io"}),
        Says("HandlerTimeout", hop=Hop.D, likelihood=0.75),
        Says("ServerTooSlow", hop=Hop.A, likelihood=0.75),
        Says("TooManyRequests", hop=Hop.A, likelihood=0.7),
        Says("CollectionLate", likelihood=0.6),
        Says("DeadlineExceeded", hop=Hop.A, where={"api": "metrics.k8s.io"}, likelihood=0.6),
        Says("DeadlineExceeded", hop=Hop.D, where={"path": "subjectaccessreviews"}, likelihood=0.5),
        *(
            Says("AbandonedRequest", where={"path": f"/apis/metrics.k8s.io/v1beta1/{kind}"}, likelihood=0.6)
            for kind in ("nodes", "pods")
        ),
        Says("Canceled", hop=Hop.D, where={"path": "subjectaccessreviews"}, likelihood=0.4),
        Says("DeadlineExceeded", hop=Hop.C, likelihood=0.3),
        Says("AbandonedRequest", where={"path": "/apis/metrics.k8s.io/v1beta1"}, likelihood=0.4),
    ),
    decide=(Look(LOOK, "requests for /apis/metrics.k8s.io, and a small cpu limit", "request-timeout-overload"),),
    advise=advise,
)
def request_timeout_overload(
    overload: Overload | None,
    installation: Installation,
    apiservices: tuple[APIService, ...],
    log: tuple[Utterance, ...] | Unseen,
    nodes: tuple[Node, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    if overload is not None:
        yield _finding(overload, installation, len(those_seen(nodes)), repair)
    elif isinstance(log, Unseen) and any(item.available.status != "True" for item in apiservices):
        yield log


def _finding(overload: Overload, who: Installation, nodes: int, repair: Repair) -> Finding:
    item, limit = overload.apiservice, overload.limit
    request = f"cpu={LEAST_CPU + max(0, nodes - 100)}m"
    log = f"kubectl -n {who.namespace} logs deployment/{who.name}"
    evidence = [
        availability(item),
        _quoted(overload.given_up, "it came in, and was given up before the answer was there", log),
        template(who, f"cpu limit: {limit}", "resources"),
    ]
    if overload.own:
        evidence.append(_quoted(overload.own, "its own requests are late as well", log))
    return Finding(
        summary=(
            f"metrics-server answers later than the 5 s that the API server waits: it has no more than {limit} of CPU,"
            f" and takes {LEAST_CPU}m even in a small cluster. It is reached, and late with everything."
        ),
        subjects=(who.subject,),
        evidence=tuple(evidence),
        effects=(Effect(EffectKind.APISERVICE_UNAVAILABLE),),
        confidence=Confidence.LIKELY,
        since=item.available.last_transition_time,
        changed="the API server had no answer in time",
        remedies=advise(repair.blanks(request=request)),
    )


def _quoted(said: Utterance, saw: str, how: str) -> Evidence:
    return Evidence(f"{saw}: {said.text}", "log of metrics-server", how, at=said.at)

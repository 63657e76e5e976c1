"""A CPU counter went back, and metrics-server left out the sample that it would have made negative.

## What it means
Usage is the difference of two readings of a counter. This one was lower than the one before, which a running counter
never is: the container, its cgroup or the kubelet was made anew between the two. metrics-server leaves out that one
container until the next scrape, and says so each time that somebody asks meanwhile.

## What it does not mean
That metrics are lost: the next two readings make a figure again. Only if the same container is named for many minutes,
something counts it twice, and its pod's sum is too low as long as that lasts.

## What will not help
- restarting metrics-server: it needs two readings again, of everything.
- a longer --metric-resolution: the gap is one scrape, and would be a longer one.

## How it comes about
A container that was restarted, a kubelet that was started anew, a pod of the same name made again within one scrape; a
node that was suspended.

## How to make sure
`kubectl top pod` a minute later. `kubectl get pods` shows the restart that explains it.

## Source
metrics-server pkg/storage/types.go, pod.go and node.go ("Skipping container usage metric", seen with 0.8.0);
its issue 1008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Evidence, Finding, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.utterances import Utterance


@check(
    hop=Hop.G,
    cls=Class.BENIGN,
    says=(Says("CounterWentBack"),),
)
def cumulative_cpu_decrease(log: tuple[Utterance, ...], installation: Installation) -> Iterator[Finding]:
    said = [utterance for utterance in log if type(utterance.error).__name__ == "CounterWentBack"]
    if not said:
        return
    newest = said[-1]
    yield Finding(
        summary=f"metrics-server left out a sample {len(said)} times, as a counter had gone back. No harm is done.",
        subjects=(installation.subject,),
        evidence=(
            Evidence(
                saw=f"metrics-server says: {newest.text}",
                where=f"log of metrics-server, line {newest.line}",
                how=f"kubectl -n {installation.namespace} logs deployment/{installation.name}",
                at=newest.at,
            ),
        ),
        effects=(),
    )

"""A kubelet answers later than metrics-server waits for it.

## What it means
metrics-server gives a kubelet the time of `--kubelet-request-timeout` (10 s by default) for the connection, the
handshake and the whole answer. It was not done by then, although it can be reached, so the scrape is thrown away and
the node and its pods have no metrics.

## What it does not mean
That packets are lost: the same message stands for that (`node-unreachable-timeout`), and only a dial from
metrics-server's own node tells the two apart, or a body that began and did not end.

## What will not help
- --kubelet-insecure-tls: a handshake is not what takes the time.
- a shorter --metric-resolution: it asks a slow kubelet more often.

## How it comes about
`--kubelet-request-timeout` set to very little; a node with hundreds of pods, a busy disk, or a container runtime that
is slow to give figures; a node short of CPU.

## How to make sure
On the node: `curl -sk -o /dev/null -w '%{time_total}' https://localhost:10250/healthz`, and the load with `uptime`.
metrics-server's own `metrics_server_kubelet_request_duration_seconds` tells how long each node takes.

## Source
metrics-server pkg/scraper/scraper.go ("Failed to scrape node, timeout to access kubelet"), pkg/scraper/client/resource
("failed to read response body"), cmd/metrics-server/app/options; seen with 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Confidence, Evidence, Finding, Hop, Passing, Remedy, Says, Unseen, check

from ._kubelet_reach import DAWDLES, VANISHES, change_argument, doubt, each, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair

TIMEOUT = "kubelet-request-timeout"
# With less time than this even a kubelet that is well does not always answer in time.
LEAST_SECONDS = 2.0


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        change_argument(
            blanks,
            f"--{TIMEOUT}={blanks.get('wait', '10s')}",
            "Wait longer for kubelets; metrics-server asks that it be no more than nine tenths of --metric-resolution.",
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # everything starts at once on machines that are busy with it
    says=(
        Says("KubeletDawdled"),
        Says("CollectionLate", likelihood=0.4),
        Says("ResponsesMissing", likelihood=0.55),
        Says("ConnectionLost", hop=Hop.E, likelihood=0.3),
        Says("RuntimeSick", likelihood=0.4),
        Says("DeadlineExceeded", hop=Hop.G, likelihood=0.5),
        Says("Canceled", hop=Hop.E, likelihood=0.5),
        Says("DeadlineExceeded", hop=Hop.E, where={"phase": "handshake"}, likelihood=0.8),
        Says("DeadlineExceeded", hop=Hop.E, where={"outer": "failed to read response body"}, likelihood=0.95),
        # In a cluster of one machine there is no network in which the request could be lost.
        Says("DeadlineExceeded", hop=Hop.E, where={"node_kind": "local"}, likelihood=0.8),
        Says("DeadlineExceeded", hop=Hop.E, likelihood=0.4),
    ),
    decide=(VANISHES, DAWDLES),
    advise=advise,
)
def kubelet_slow_response(
    reaches: tuple[Reach, ...], installation: Installation | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    waits = installation.request_timeout_seconds if installation else 10.0
    given = (installation.flags.text(TIMEOUT) if installation else "") or "10 s"
    position = installation.pointer(f"--{TIMEOUT}") if installation else ""
    wait = f"{_longest(installation)}s"

    def judge(reach: Reach) -> Iterator[Finding | Unseen]:
        met = reach.outcome("metrics-server")
        answers = any(reach.outcome(origin) == "answers" for origin in ("workstation", "the API server"))
        if met == "late" or (met == "silent" and answers and waits < LEAST_SECONDS):
            yield finding(
                reach,
                f"metrics-server waits {given} for the kubelet of {reach.name}, and "
                + (
                    "the kubelet began to answer and had not ended by then."
                    if met == "late"
                    else "that is too short: the kubelet answers others, and metrics-server gives up before."
                ),
                advise,
                repair,
                confidence=Confidence.LIKELY,
                evidence=tuple(_argument(installation)),
                position=position,
                wait=wait,
            )
        elif met == "silent" and answers:
            why = "too slow, or packets are lost on the way: metrics-server's message hides which"
            yield Unseen(why, reach.subject, doubt(reach, why, VANISHES, DAWDLES))

    yield from each(reaches, judge)


def _longest(installation: Installation | None) -> int:
    """The longest that metrics-server accepts beside its resolution, and no longer than its default."""
    resolution = installation.resolution_seconds if installation else 60
    return min(10, resolution * 9 // 10)


def _argument(installation: Installation | None) -> Iterator[Evidence]:
    if installation is None:
        return
    given = installation.flags.text(TIMEOUT)
    yield Evidence(
        saw=f"--{TIMEOUT}={given}" if given else f"no --{TIMEOUT}, whose default is 10s",
        where=f"{installation.subject}, args",
        how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
    )

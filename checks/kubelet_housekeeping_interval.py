r"""The kubelet measures less often than metrics-server asks.

## What it means
The kubelet's cAdvisor refreshes its figures at --housekeeping-interval. Where that is longer than metrics-server's
resolution, two scrapes in a row see the same sample, and no rate can be made of it: nodes and pods come and go in
`kubectl top`.

## What it does not mean
That the kubelet cannot be reached.

## What will not help
- a shorter --metric-resolution: it makes it worse.
- --kubelet-insecure-tls.

## How it comes about
A kubelet started with a long --housekeeping-interval to save CPU (minikube set five minutes).

## How to make sure
`ps -ww -o args= -C kubelet | tr ' ' '\n' | grep housekeeping` on the node.

## Source
cAdvisor manager (HousekeepingConfig); minikube pkg/minikube/bootstrapper (housekeeping-interval); metrics-server's FAQ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Risk, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
LOOK = Look(
    "ps -ww -o args= -C kubelet",
    "--housekeeping-interval longer than metrics-server's --metric-resolution",
    "kubelet-housekeeping-interval",
    "the node",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Measure at least every 10 s, the kubelet's default.",
            commands=(
                f"sed -i.before 's/--housekeeping-interval=[^ ]*/--housekeeping-interval=10s/' {FLAGS}",
                "systemctl restart kubelet",
            ),
            on=f"node/{blanks['node']}",
            risks=(Risk.DISRUPTIVE,),
            undo=(
                f"mv {FLAGS}.before {FLAGS}",
                "systemctl restart kubelet",
            ),
            verify="kubectl top nodes",
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("ZeroFigures", likelihood=0.3),
        Says("IncompleteFigures", where={"of": "node"}, likelihood=0.3),
        Says("IncompleteFigures", where={"of": "pod"}, likelihood=0.3),
        Says("MetricsNotAvailableYet", likelihood=0.3),
    ),
    decide=(LOOK,),
    advise=advise,
)
def kubelet_housekeeping_interval() -> Iterator[NotApplicable]:
    yield ONLY_SAID

"""What the checks of a kubelet's data share: looks at what it really says, and the ways to set it going again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import Evidence, Look, Remedy, Risk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.figures import NodeFigures
    from msdoctor.model import Blanks

SHOWS_WITHIN_SECONDS = 120
UNHEARD = "metrics-server's log was not read: whether it complains of this kubelet is not known"
RESOURCE_PATH = "/api/v1/nodes/NODE/proxy/metrics/resource"
LATEST = "https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml"
# What Heapster asked kubelets for (kubernetes pkg/kubelet/server/server.go to 1.17); /stats/summary is still there.
REMOVED = ("/stats/container", "/spec")

OLD = Look("kubectl get node NODE -o wide", "a kubelet before 1.22, on a host with cgroup v2", "cgroup-v2-unsupported")


def counts(node: NodeFigures) -> bool:
    """Whether nothing is said against the scrape: with ``-v=1`` it is said of the figures themselves."""
    return node.failure is None or type(node.failure.error).__name__ == "IncompleteFigures"


def is_removed(path: str) -> bool:
    """Whether kubelets served this path once, and do no more."""
    plain = path.rstrip("/")
    return plain == "/stats" or plain.startswith(REMOVED)


def own_words(node: str) -> str:
    """The command that shows what a kubelet says of its containers, asked by the API server."""
    return f"kubectl get --raw {RESOURCE_PATH.replace('NODE', node)}"


def rows(figures: NodeFigures) -> Iterator[Evidence]:
    """What the metrics API has of a node and of its pods, and what the kubelet would have to say."""
    name, missing = figures.name, len(figures.lacking)
    yield Evidence(
        saw=f"a fresh row of {name}" if figures.own else f"no fresh row of {name}",
        where=paths.NODE_METRICS,
        how="kubectl top nodes",
    )
    if figures.due:
        named = ", ".join(pod.key for pod in (figures.lacking or figures.due)[:3])
        more = f" and {max(missing, 0) - 3} more" if missing > 3 else ""
        yield Evidence(
            saw=f"no row of any of its {missing} running pods: {named}{more}"
            if figures.no_pods
            else f"rows of {len(figures.due) - missing} of its {len(figures.due)} running pods",
            where=paths.POD_METRICS,
            how="kubectl top pods -A",
        )
    if figures.failure is None and figures.heard:
        yield Evidence(
            saw=f"no complaint about {name}: its kubelet answers",
            where="log of metrics-server",
            how="kubectl -n kube-system logs -l k8s-app=metrics-server",
        )


def start_anew(blanks: Blanks, advice: str, *before: str) -> Remedy:
    """Restart the kubelet, whose containers run on meanwhile."""
    node = blanks["node"]
    return Remedy(
        advice=advice,
        commands=(*before, f"systemctl restart {_service(blanks)}"),
        on=f"node/{node}",
        risks=(Risk.DISRUPTIVE,),
        verify=f"kubectl top node {node} && kubectl top pods -A --field-selector spec.nodeName={node}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def look_closer(blanks: Blanks, advice: str, *commands: str) -> Remedy:
    """See on the node what the kubelet says, where no command heals by itself."""
    node = blanks["node"]
    return Remedy(
        advice=advice,
        commands=commands,
        on=f"node/{node}",
        verify=f"kubectl top node {node}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def journal(blanks: Blanks, pattern: str) -> str:
    """The command that shows the kubelet's newest lines of a kind."""
    return f"journalctl -u {_service(blanks)} --no-pager | grep -E '{pattern}' | tail -n 5"


def _service(blanks: Blanks) -> str:
    """The systemd service that the kubelet runs in: in k3s it is a part of another one."""
    return blanks.get("kubelet_service", "kubelet")

"""An HPA measures in percent of a request, and one container beside the main one requests nothing.

## What it means
The controller adds up the requests of all containers of a pod, those of sidecars and of restartable init containers
too. One of them has none, so no percentage can be computed, although the main container's request is there.

## What it does not mean
That metrics are missing, or that the main container is at fault. An ordinary init container, which ends before the
others begin, is not counted.

## What will not help
- raising the main container's request: it is another one that lacks it.
- installing metrics-server again: the figures are there.

## How it comes about
A service mesh, a log shipper or a CSI sidecar put into the pod by a webhook without requests; a second container added
to the manifest; an init container with `restartPolicy: Always`.

## How to make sure
`kubectl -n NAMESPACE describe hpa NAME`: the condition names container and pod, and
`kubectl -n NAMESPACE get pod POD -o yaml` shows that container's `resources`.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go, calculatePodRequestsFromContainers (restartable init
containers from 1.29 on), and API autoscaling/v2, ContainerResource (stable from 1.30 on); 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Evidence, Finding, Hop, Look, NotApplicable, Remedy, Risk, Says, check

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, blanks_of, complaint, finding, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import Deployment
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Lack, Scaled
    from msdoctor.model import Unseen

USUAL = {"cpu": "10m", "memory": "32Mi"}

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,CONTAINERS:.spec.containers[*].name",
    "the pod has a container that its Deployment does not name",
    "hpa-missing-requests-sidecar",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    hpa = f"kubectl -n {blanks['namespace']} patch hpa {blanks['hpa']} --type json"
    by_container = (
        f'{{"op":"replace","path":"/spec/metrics/{blanks.get("position", "0")}","value":{{"type":"ContainerResource",'
        f'"containerResource":{{"name":"{blanks.get("resource", "cpu")}","container":"{blanks["main"]}",'
        f'"target":{{"type":"Utilization","averageUtilization":{blanks["percent"]}}}}}}}}}'
    )
    as_whole = (
        f'{{"op":"replace","path":"/spec/metrics/{blanks.get("position", "0")}","value":{{"type":"Resource",'
        f'"resource":{{"name":"{blanks.get("resource", "cpu")}",'
        f'"target":{{"type":"Utilization","averageUtilization":{blanks["percent"]}}}}}}}}}'
    )
    measure = Remedy(
        advice=(
            f"Or measure container {blanks['main']} alone, from Kubernetes 1.27 on: what others in the pod request and"
            " use no longer counts."
        ),
        commands=(f"{hpa} -p '[{by_container}]'",),
        undo=(f"{hpa} -p '[{as_whole}]'",),
        verify=verify(blanks),
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=2,
    )
    return (_request(blanks), measure)


def _request(blanks: Blanks) -> Remedy:
    on, resource = f"-n {blanks['namespace']} {blanks['target']}", blanks.get("resource", "cpu")
    value = USUAL.get(resource, "1")
    if blanks.get("injected") == "yes":
        return Remedy(
            advice=(
                f"Container {blanks['container']} is not in {blanks['target']}'s template: a webhook puts it in. Give"
                " it a request where that is configured (Istio: annotation sidecar.istio.io/proxyCPU, Linkerd:"
                " config.linkerd.io/proxy-cpu-request), then have the pods made anew."
            ),
            commands=(f"kubectl rollout restart {on}",),
            risks=(Risk.DISRUPTIVE,),
            verify=verify(blanks),
            shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
        )
    path = f"/spec/template/spec/{blanks.get('list', 'containers')}/{blanks.get('index', '0')}/resources"
    patch = f'[{{"op":"add","path":"{path}","value":{{"requests":{{"{resource}":"{value}"}}}}}}]'
    named = f"kubectl set resources {on} -c {blanks['container']} --requests={resource}={value}"
    return Remedy(
        advice=(
            f"Give container {blanks['container']} a request of its own; {value} is only a beginning. Where the"
            " manifest is kept in a repository or a chart, there too."
        ),
        # kubectl set resources knows no init containers.
        commands=(f"kubectl patch {on} --type json -p '{patch}'" if blanks.get("list") == "initContainers" else named,),
        risks=(Risk.DISRUPTIVE,),
        undo=(f"kubectl rollout undo {on}",),
        verify=verify(blanks),
        shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "a sidecar"}, likelihood=0.38),
        Says("MissingRequest", where={"sidecar": "yes"}),
        Says("MissingRequest", likelihood=0.4),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_missing_requests_sidecar(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        lack = next((lack for lack in one.lacks if lack.pod in one.own and lack.having), None)
        if lack:
            yield _finding(one, lack, repair)


def _finding(one: Scaled, lack: Lack, repair: Repair) -> Finding:
    container = lack.without[0]
    sidecar = any(item.name == container for item in lack.pod.spec.init_containers)
    kind = "restartable init container" if sidecar else "container"
    seen = Evidence(
        saw=f"{kind} {container} requests no {lack.resource}; {', '.join(lack.having)} does",
        where=f"pod/{lack.pod.metadata.namespace}/{lack.pod.metadata.name}",
        how=f"kubectl -n {lack.pod.metadata.namespace} get pod {lack.pod.metadata.name} -o yaml",
    )
    blanks = blanks_of(repair, one, resource=lack.resource, container=container, **_place(one, lack, container))
    return finding(
        one,
        (
            f"HPA {one.hpa.key} measures {lack.resource} in percent of what its pods request, and their {kind}"
            f" {container} requests none: it keeps {one.hpa.status.current_replicas} pods."
        ),
        (complaint(one), seen) if one.complaint.reason else (seen,),
        advise(blanks),
        said=one.says_missing_request,
    )


def _place(one: Scaled, lack: Lack, container: str) -> dict[str, str]:
    """Where the container stands in the template, and where the metric stands in the HPA."""
    metrics = one.hpa.spec.metrics
    position = next((n for n, m in enumerate(metrics) if m.resource and m.resource.name == lack.resource), 0)
    metric = metrics[position].resource
    percent = metric.target.average_utilization if metric else None
    return {
        "main": lack.having[0],
        "position": str(position),
        **({"percent": str(percent)} if percent is not None else {}),
        **_in_template(one.workload, container),
    }


def _in_template(workload: Deployment | Unseen | None, container: str) -> dict[str, str]:
    spec = getattr(getattr(workload, "spec", None), "template", None)
    if spec is None:
        return {}
    lists = {"containers": spec.spec.containers, "initContainers": spec.spec.init_containers}
    for name, containers in lists.items():
        for index, item in enumerate(containers):
            if item.name == container:
                return {"list": name, "index": str(index)}
    return {"injected": "yes"}

"""Two adapters register one and the same metrics API.

## What it means
A cluster has one APIService of a name, and it names one Service. Two adapters are installed that would both serve
`external.metrics.k8s.io` (or custom metrics): the one that was installed last, or that writes the object last, is asked
for everything, and does not know the other's metrics. HPAs made for the other one stand still, with errors that speak
of a metric that is not found.

## What it does not mean
That metrics-server or `kubectl top` is concerned, or that either adapter is broken. A Prometheus adapter for custom
metrics beside KEDA for external ones is no conflict.

## What will not help
- restarting either adapter, or making its HPAs again: the API server goes on asking the other one.
- a second APIService under another name: the name is the version and the group, and nothing else is asked.
- giving metrics-server other rights or flags: it does not serve this API.

## How it comes about
KEDA installed beside a Prometheus adapter with `rules.external`, a Stackdriver or a Datadog adapter; a chart that was
installed a second time in another namespace; manifests applied over what Helm had installed.

## How to make sure
`kubectl get apiservice v1beta1.external.metrics.k8s.io -o yaml`: which Service it names, and whose release it is; and
whether the other adapter is installed, `kubectl get services -A | grep metrics`.

## Source
kedacore/charts keda/templates/metrics-server/apiservice.yaml and prometheus-community/helm-charts prometheus-adapter
templates/external-metrics-apiservice.yaml: both write v1beta1.external.metrics.k8s.io.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Evidence, Finding, Hop, NotApplicable, Remedy, Says, Unseen, check

from ._other_metrics import askers, told
from ._registration import apiservice, as_before, condition, names_service, point_to
from .helm_apiservice_ownership_conflict import NAME, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import Service
    from msdoctor.facts.other_metrics import OtherMetrics
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """For KEDA, which cannot do without the group; a Prometheus adapter can leave its external rules out."""
    return (_point_to(blanks),)


def _point_to(blanks: Blanks, undo: tuple[str, ...] = ()) -> Remedy:
    pointed = point_to(
        blanks,
        "If it is KEDA's metrics that are wanted: have the APIService name its adapter. Then keep the other adapter"
        " from writing it again (prometheus-adapter's chart: no `rules.external`).",
        undo=undo,
    )
    return replace(pointed, commands=(*pointed.commands, *_handed_over(blanks)))


def _handed_over(blanks: Blanks) -> Iterator[str]:
    """To the release of the adapter that it then names, so that the other's `helm upgrade` refuses to take it back."""
    if "release" in blanks:
        written = f"{NAME}={blanks['release']} {NAMESPACE}={blanks['release_namespace']}"
        yield f"kubectl annotate apiservice {apiservice(blanks)} --overwrite {written}"


@check(
    hop=Hop.B,
    cls=Class.ELSEWHERE,
    says=(
        Says("OwnedByAnotherRelease", where={"api": "other"}),
        Says("AnsweredByAnother", likelihood=0.85),
        # an installer's field beside another's, such as insecureSkipTLSVerify beside caBundle
        Says("APIServiceRefused", where={"api": "other"}, likelihood=0.5),
        Says("MetricUnknown", where={"api": "external.metrics.k8s.io"}, likelihood=0.4),
        Says("OwnedByAnotherRelease", where={"name": "v1beta1.external.metrics.k8s.io"}),
    ),
    advise=advise,
)
def external_metrics_apiservice_conflict(
    other_metrics: tuple[OtherMetrics, ...], repair: Repair
) -> Iterator[Finding | NotApplicable]:
    if not other_metrics:
        yield NotApplicable("no adapter for custom or external metrics is registered")
    for one in other_metrics:
        if one.rivals:
            yield Finding(
                summary=_summary(one),
                subjects=(f"apiservice/{one.name}",),
                evidence=(*_names(one), *(rival.evidence for rival in one.rivals), *told(one)),
                effects=(),
                remedies=_remedies(one, repair),
            )


def _summary(one: OtherMetrics) -> str:
    who = " and ".join(rival.words for rival in one.rivals)
    state = "" if one.apiservice.available.status == "True" else ", and that one is not available"
    return (
        f"{who} would serve {one.apiservice.spec.group} too, and APIService {one.name} names {one.service}{state}."
        f"{askers(one)} Resource metrics do not depend on it."
    )


def _names(one: OtherMetrics) -> Iterator[Evidence]:
    if not isinstance(one.backend, Unseen):
        yield from names_service((one.apiservice,), one.backend)
    if one.apiservice.available.status != "True":
        yield from condition((one.apiservice,), one.apiservice.available.reason)


def _remedies(one: OtherMetrics, repair: Repair) -> tuple[Remedy, ...]:
    rival = next((rival for rival in one.rivals if rival.service), None)
    if rival is None or rival.service is None:
        return ()
    service = rival.service
    blanks = repair.blanks(
        apiservice=one.name,
        right_service=service.metadata.name,
        right_namespace=service.metadata.namespace,
        right_port=str(_port(service)),
        **(_names_of(rival.release) if rival.release != one.release else {}),
    )
    undo = (
        *(() if isinstance(one.backend, Unseen) else as_before(blanks, one.backend)),
        *_handed_over(repair.blanks(apiservice=one.name, **_names_of(one.release))),
    )
    return (_point_to(blanks, undo),)


def _names_of(owner: str) -> dict[str, str]:
    namespace, _, name = owner.partition("/")
    return {"release": name, "release_namespace": namespace} if owner else {}


def _port(service: Service) -> int:
    return next((port.port for port in service.spec.ports if port.name == "https"), 443)

"""There is no APIService for metrics.k8s.io, so the API server does not know where to send such requests.

## What it means
metrics-server may run as well as it likes: no APIService named v1beta1.metrics.k8s.io tells the API server to forward
to it, so the API does not exist for anybody.

## What it does not mean
That metrics-server is broken, or that it must be installed again: one object is missing.

## What will not help
- restarting metrics-server: it does not register itself; its manifest does.
- --kubelet-insecure-tls: it concerns the hop between metrics-server and the kubelets.

## How it comes about
A manifest applied in part, by somebody without rights on APIServices; an APIService deleted to unblock a namespace
that was stuck in Terminating; a chart with `apiService.create=false`.

## How to make sure
`kubectl get apiservices | grep metrics.k8s.io` prints no v1beta1.metrics.k8s.io.

## Source
metrics-server manifests/base/apiservice.yaml; kube-aggregator pkg/apiserver/apiserver.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    RULED_OUT,
    Blanks,
    Class,
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
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    namespace, name = blanks["namespace"], blanks["deployment"]
    return (
        Remedy(
            advice="Register the API with the Service of the metrics-server that is there, as its manifest would.",
            commands=(
                (
                    "kubectl apply -f - <<'EOF'\n"
                    "apiVersion: apiregistration.k8s.io/v1\n"
                    "kind: APIService\n"
                    "metadata:\n"
                    "  name: v1beta1.metrics.k8s.io\n"
                    "  labels: {k8s-app: metrics-server}\n"
                    "spec:\n"
                    "  group: metrics.k8s.io\n"
                    "  version: v1beta1\n"
                    "  groupPriorityMinimum: 100\n"
                    "  versionPriority: 100\n"
                    "  insecureSkipTLSVerify: true  # metrics-server signs for itself; its manifest says the same\n"
                    f"  service: {{name: {name}, namespace: {namespace}}}\n"
                    "EOF"
                ),
            ),
            undo=("kubectl delete apiservice v1beta1.metrics.k8s.io",),
            verify="kubectl get apiservice v1beta1.metrics.k8s.io",
            shows_within_seconds=60,
        ),
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("Circumstance", where={"what": "registered"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "kubectl of 1.10 to 1.19"}, likelihood=0.4),
        Says("ResourceNotFound", hop=Hop.A, likelihood=0.7),
        Says("HTTPStatus", hop=Hop.A, where={"code": "404", "api": "metrics.k8s.io"}, likelihood=0.7),
        # kubectl 1.10 to 1.19 asks Heapster where no metrics API is registered
        Says("ResourceNotFound", where={"api": "heapster"}, likelihood=0.75),
        Says("NotFound", where={"api": "heapster"}, likelihood=0.65),
        Says("NotFound", where={"resource": "apiservices.apiregistration.k8s.io", "name": "v1beta1.metrics.k8s.io"}),
        Says("APIServiceRefused", likelihood=0.8),
        Says("TypeUnknown", where={"of": "metrics"}, likelihood=0.6),
        Says("NoMatchForKind", where={"fate": "metrics"}, likelihood=0.8),
        Says("UnknownTarget", likelihood=0.35),
        Says("MetricsAPINotAvailable", likelihood=0.6),
    ),
    decide=(Look("kubectl get apiservice v1beta1.metrics.k8s.io", "not found", "metrics-api-not-registered"),),
    advise=advise,
)
def metrics_api_not_registered(
    apiservices: tuple[APIService, ...],
    installation: Installation | Unseen | None,
    repair: Repair,
) -> Iterator[Finding]:
    if apiservices:
        return
    there = installation and not isinstance(installation, Unseen)
    yield Finding(
        summary="No APIService of the group metrics.k8s.io is registered"
        + (
            f", though {installation.subject} is there."
            if (installation and not isinstance(installation, Unseen))
            else "."
        ),
        subjects=("apiservice/v1beta1.metrics.k8s.io",),
        evidence=(
            Evidence(
                saw="none of the registered APIServices is of the group metrics.k8s.io",
                where=paths.APISERVICES,
                how="kubectl get apiservices",
            ),
        ),
        effects=(Effect(EffectKind.API_NOT_REGISTERED),),
        remedies=advise(repair.blanks()) if there else (),
    )

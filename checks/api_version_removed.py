"""An object uses an API version that this server no longer has.

## What it means
A manifest, a chart's stored release or a client asks for a version that this Kubernetes has removed:
autoscaling/v2beta1 in 1.25, v2beta2 in 1.26, apiregistration.k8s.io/v1beta1 and rbac.authorization.k8s.io/v1beta1 in
1.22; with them authentication.k8s.io/v1beta1 and authorization.k8s.io/v1beta1, in which servers of before ask whether a
caller is admitted: metrics-server to 0.3, and adapters of its age.

## What it does not mean
That the definitions (CRDs) are missing, as kubectl goes on to suggest: these kinds are built in.

## What will not help
- installing CRDs.
- `helm upgrade --force` or a newer chart alone: the release that is stored holds the old version, too.

## How it comes about
An old components.yaml or chart on a new cluster; a cluster that was upgraded under a Helm release.

## How to make sure
`kubectl api-versions`.

## Source
kubernetes' deprecation guide; apiserver pkg/server/options/authorization.go (from 0.17 SubjectAccessReview in v1);
k8s.io/apimachinery pkg/api/meta/errors.go; helm pkg/kube (unable to build kubernetes
objects from current release manifest).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Remedy, Risk, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice=(
                "Use a release of metrics-server, or of the chart, that writes today's versions. For a Helm release"
                " that holds the old one: `helm mapkubeapis` rewrites what is stored."
            ),
            commands=(
                "kubectl api-versions",
                "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo -n {blanks['namespace']} deployment/metrics-server",),
            verify="kubectl get apiservice v1beta1.metrics.k8s.io",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("FieldUnknown", likelihood=0.4),
        Says("FieldUnknown", where={"written_for": "v2beta1"}, likelihood=0.7),
        Says("Circumstance", where={"what": "a server of after 1.25"}, likelihood=0.6),
        Says("NoMatchForKind", where={"fate": "removed"}),
        Says("VersionGone", likelihood=0.9),
        # to 1.23 clients say "unable to recognize": one of a server's own age knows servers of before, not of after
        Says("NoMatchForKind", where={"fate": "either", "outer": "resource mapping not found"}),
        # helm pkg/action/upgrade.go, of what an earlier release had there, and so was served once
        Says("NoMatchForKind", where={"fate": "either", "outer": "current release manifest contains removed"}),
        Says("NoMatchForKind", where={"fate": "either"}, likelihood=0.6),
        Says("NoMatchForKind", where={"fate": "cut"}, likelihood=0.5),
        Says("VersionUnexpected", likelihood=0.3),
        Says("ResourceNotFound", where={"outer": "*v2beta"}, likelihood=0.9),
        Says("ResourceNotFound", where={"outer": "*v1beta"}, likelihood=0.9),
        Says("ListFailed", where={"fate": "removed"}, likelihood=0.7),
        # of reviews: an aggregated server asks no API server for anything else with each request
        Says("ResourceNotFound", hop=Hop.D, likelihood=0.85),
    ),
    advise=advise,
)
def api_version_removed() -> Iterator[NotApplicable]:
    yield ONLY_SAID

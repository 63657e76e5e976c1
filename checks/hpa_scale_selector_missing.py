"""The HPA's target does not say which pods are its own.

## What it means
The target's scale subresource carries no label selector, or one that cannot be read, so the HPA cannot tell whose usage
to ask for.

## What it does not mean
That metrics are missing: none have been asked for.

## What will not help
- adding labels to the pods: the scale has to name them.
- reinstalling metrics-server.

## How it comes about
A custom resource whose CRD lacks labelSelectorPath, or whose operator never fills the status field that it names.

## How to make sure
`kubectl get --raw /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/scale`: status.selector is empty.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, validateAndParseSelector (SelectorRequired, InvalidSelector).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Name the selector in the CRD's scale subresource, and have its operator fill it.",
            commands=(f"kubectl get crd {blanks['crd']} -o jsonpath='{{.spec.versions[*].subresources.scale}}'",),
            verify=f"kubectl -n {blanks['namespace']} describe hpa {blanks['hpa']}",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("SelectorMissing"),),
    advise=advise,
)
def hpa_scale_selector_missing() -> Iterator[NotApplicable]:
    yield ONLY_SAID

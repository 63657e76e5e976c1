"""metrics-server's image and its ClusterRole come from different releases, and every kubelet answers 403.

## What it means
Up to 0.5 metrics-server read /stats/summary, for which kubelets ask about nodes/stats; since 0.6 it reads
/metrics/resource, for which they ask about nodes/metrics. Its role grants the one that this image does not use.

## What it does not mean
That the role is missing or bound to somebody else: it grants what the other release needed.

## What will not help
- another restart: the role stays as it is.
- nodes/proxy for the role: kubelets do not ask about it for these paths, and it lets the holder run commands in pods.
- --kubelet-insecure-tls: the certificates were accepted; the answer came over that connection.
- the image of the old release: it heals for now, and reads a path that kubelets are to lose.

## How it comes about
The image was upgraded (`kubectl set image`, a bumped tag) without the rest of the manifest.

## How to make sure
`kubectl auth can-i get nodes --subresource=metrics --as=system:serviceaccount:kube-system:metrics-server` says no, and
the same with `--subresource=stats` yes.

## Source
metrics-server manifests/base/rbac.yaml (nodes/stats to 0.5.x, nodes/metrics from 0.6.0), pkg/scraper/client;
kubernetes pkg/kubelet/server/auth.go (which path is which subresource).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Evidence, Finding, Hop, Look, NotApplicable, Says, Unseen, check

from ._kubelet_admission import not_by_token
from ._scraper_rights import METRICS, STATS, blinded, can_i, finding, grant, needed, not_even_listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_rights import OwnRights
    from msdoctor.facts.repair import Repair

CAN_I_STATS = "kubectl auth can-i get nodes --subresource=stats --as=system:serviceaccount:kube-system:metrics-server"


@check(
    hop=Hop.F,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.F, where={"code": "403", "path": "/stats/summary"}, likelihood=0.7),
        Says("HTTPStatus", hop=Hop.F, where={"code": "403"}, likelihood=0.6),
    ),
    decide=(Look(CAN_I_STATS, "yes, and no with --subresource=metrics", "rbac-image-version-skew"),),
    advise=grant,
)
def rbac_image_version_skew(
    asked: tuple[Asked, ...],
    installation: Installation,
    own_rights: OwnRights | Unseen | None,
    may_scrape: bool | Unseen,
    may_read_stats: bool | Unseen,
    scraper_role: str,
    repair: Repair,
) -> Iterator[Finding | Unseen | NotApplicable]:
    aside = not_by_token(installation) or not_even_listed(own_rights)
    if aside:
        yield aside
        return
    right, other = needed(installation)
    reviews = {METRICS: may_scrape, STATS: may_read_stats}
    if reviews[right] is True:
        return
    unseen = next((answer for answer in (reviews[right], reviews[other]) if isinstance(answer, Unseen)), None)
    if unseen is not None:
        yield unseen
        return
    if reviews[other] is not True:
        return
    if installation.version is None and not any(one.code == "403" for one in asked):
        yield NotApplicable("the image's tag does not say which release it is, and no kubelet refuses it")
        return
    whom, state = blinded(asked)
    release = ".".join(map(str, installation.version)) if installation.version else "since 0.6"
    yield finding(
        f"metrics-server {release} needs the right to get {right}; its role grants {other}, as"
        f" {'later' if right == STATS else 'earlier'} releases needed it.",
        right,
        installation,
        whom,
        state,
        scraper_role,
        repair,
        # The other right is there, which tells this from a role that is missing.
        more=(
            Evidence(
                saw=f"it may get {other}",
                where="SubjectAccessReview",
                how=can_i(installation, other),
            ),
            Evidence(
                saw=f"image {installation.container.image}",
                where=installation.subject,
                how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
            ),
        ),
    )

"""metrics-server may not read the kubelets' metrics, and every kubelet answers 403.

## What it means
A kubelet asks the API server whether metrics-server's ServiceAccount may get nodes/metrics, and hears no. It is so for
every kubelet alike. When none answers any more, metrics-server has nothing to serve, gets not ready, and the metrics
API is gone.

## What it does not mean
That the kubelets are set up wrongly: they ask, and are told so. That your own rights matter: nobody asked about you.

## What will not help
- nodes/proxy or nodes/stats for its role: for the path that it reads since 0.6 a kubelet asks about nodes/metrics and
  nothing else; with nodes/proxy it could run commands in every pod.
- rights for system:anonymous: metrics-server does not come without a name.
- --kubelet-insecure-tls: the certificates were accepted; the answer came over that connection.
- webhook authorization switched off in the kubelets: everybody with any token could then run commands in their pods.

## How it comes about
A ClusterRole that was written by hand or trimmed, a chart installed with `rbac.create=false`, or a ServiceAccount in
another namespace than the role is bound to.

## How to make sure
`kubectl auth can-i get nodes --subresource=metrics --as=system:serviceaccount:kube-system:metrics-server`.

## Source
metrics-server pkg/scraper/client/resource/client.go (`request failed, status: "403 Forbidden"`) and
manifests/base/rbac.yaml; kubernetes pkg/kubelet/server/auth.go (which path is which subresource) and server.go
InstallAuthFilter, pkg/kubelet/apis/config/v1beta1/defaults.go (1.36.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Finding, Hop, Look, NotApplicable, Says, State, Unseen, check

from ._kubelet_admission import configz, not_by_token
from ._scraper_rights import METRICS, blinded, can_i, finding, grant, needed, not_even_listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_rights import OwnRights
    from msdoctor.facts.repair import Repair

CAN_I = "kubectl auth can-i get nodes --subresource=metrics --as=system:serviceaccount:kube-system:metrics-server"
METRICS_SERVER = "system:serviceaccount:kube-system:metrics-server"


@check(
    hop=Hop.F,
    cls=Class.CAUSE,
    says=(
        *(
            Says("Forbidden", hop=Hop.F, where={"who": "serviceaccount", "resource": f"nodes/{part}"}, likelihood=0.9)
            for part in ("metrics", "stats")
        ),
        *(
            Says("Forbidden", hop=Hop.F, where={"who": "named", "resource": f"nodes/{part}"}, likelihood=0.7)
            for part in ("metrics", "stats")
        ),
        # 0.3 to 0.5 say so; only from 0.6 on another right was wanted than before.
        Says("HTTPStatus", hop=Hop.F, where={"code": "403", "outer": "unable to fetch metrics from"}, likelihood=0.8),
        Says("HTTPStatus", hop=Hop.F, where={"code": "403"}, likelihood=0.55),
        # another client's role, which lacks what metrics-server's may lack
        Says("TargetRefused", where={"code": "403"}, likelihood=0.5),
        Says("PodState", where={"status": "Running", "ready": "0/1"}, likelihood=0.3),
        # metricbeat has one image and one role for every release
        Says("HTTPStatus", hop=Hop.F, where={"code": "403", "outer": "Metricset data"}, likelihood=0.8),
        Says("Forbidden", hop=Hop.F, where={"user": METRICS_SERVER}),
    ),
    decide=(
        Look(CAN_I, "no", "kubelet-rbac-forbidden-403"),
        Look(CAN_I, "yes", "kubelet-anonymous-token-not-accepted"),
    ),
    advise=grant,
)
def kubelet_rbac_forbidden_403(
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
    right, _ = needed(installation)
    allowed, other = (may_scrape, may_read_stats) if right == METRICS else (may_read_stats, may_scrape)
    if isinstance(allowed, Unseen):
        refused = tuple(one for one in asked if one.code == "403" and _may_have_asked(one))
        if not refused or other is True or any(one.works for one in asked):
            yield allowed
            return
        yield _told(refused, right, installation, scraper_role, repair)
    elif not allowed and isinstance(other, Unseen):
        yield other  # which of the two causes it is depends on that
    elif not allowed and not other:
        whom, state = blinded(asked)
        summary = f"metrics-server's ServiceAccount may not get {right}, which every kubelet asks the API server about."
        yield finding(summary, right, installation, whom, state, scraper_role, repair)


def _may_have_asked(one: Asked) -> bool:
    return isinstance(one.admission, Unseen) or not one.admission.ignores_tokens


def _told(refused: Sequence[Asked], right: str, who: Installation, role: str, repair: Repair) -> Finding:
    """By the answer alone, where the review was not to be had: certain enough only where a kubelet is known to ask."""
    known = any(not isinstance(one.admission, Unseen) for one in refused)
    decides = (
        f"They check tokens, so it is metrics-server that lacks rights; `{can_i(who, right)}` shows it."
        if known
        else (
            f"Either metrics-server lacks the right to get {right}: `{can_i(who, right)}` says no; or they do not look"
            f" at its token: `{configz(refused[0].name)}` shows authentication.webhook.enabled as false."
        )
    )
    return finding(
        f"The kubelets answer metrics-server 403. {decides}",
        right,
        who,
        refused,
        State.ACTIVE,
        role,
        repair,
        Confidence.LIKELY if known else Confidence.POSSIBLE,
    )

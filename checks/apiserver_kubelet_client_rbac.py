"""The API server itself lacks rights on the kubelets.

## What it means
A kubelet refused the API server, not metrics-server: `kubectl logs`, `exec` and the node proxy go that way, with the
API server's own client certificate.

## What it does not mean
That metrics-server is refused: it comes with a ServiceAccount's token, and wants `nodes/metrics`.

## What will not help
- more rights for metrics-server's ServiceAccount: another user is named.

## How it comes about
A cluster built by hand without the ClusterRoleBinding of `system:kubelet-api-admin` to the name in
--kubelet-client-certificate, or without that flag (then the user is `system:anonymous`).

## How to make sure
`kubectl auth can-i get nodes/proxy --as=USER` with the user that the message names.

## Source
kubernetes pkg/kubelet/server/server.go (InstallAuthFilter), plugin/pkg/auth/authorizer/rbac/bootstrappolicy
(system:kubelet-api-admin).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.F,
    cls=Class.ELSEWHERE,
    says=(
        Says("ClientUnknownToKubelet", likelihood=0.6),
        *(
            Says("Forbidden", where={"resource": f"nodes/{part}", "who": who}, likelihood=0.95)
            for part in ("proxy", "log", "exec")
            for who in ("named", "proxy", "anonymous")
        ),
    ),
)
def apiserver_kubelet_client_rbac() -> Iterator[NotApplicable]:
    yield ONLY_SAID

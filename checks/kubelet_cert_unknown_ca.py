r"""A kubelet's serving certificate is issued by a CA that metrics-server does not trust.

## What it means
metrics-server trusts kubelets by the CA of its ServiceAccount (the ConfigMap kube-root-ca.crt), and no chain leads
from this kubelet's certificate to it. It ends the handshake, so this node and its pods have no metrics.

## What it does not mean
That the kubelet's `clientCAFile` is wrong: that is for clients that log in to the kubelet with a certificate, and
metrics-server comes with a token. Nor does a working `kubectl logs` or `exec` prove anything: the API server usually
does not verify kubelets.

## What will not help
- --kubelet-insecure-tls: it does not mend the certificate but stops looking at it; metrics-server then sends its
  token to whoever answers at that address.
- caBundle or insecureSkipTLSVerify in the APIService: they concern the certificate that metrics-server itself serves.
- adding the CA to the node's system store: metrics-server runs in a pod and looks at its ServiceAccount's CA.
- reinstalling metrics-server: the certificate belongs to the kubelet.

## How it comes about
The kubelet signed its certificate itself; kubelets are certified by a CA of their own; the cluster's CA was made anew
under the same name, and this certificate is of the old one.

## How to make sure
`openssl verify` the served certificate against the ConfigMap's CA: `kubectl -n kube-system get configmap
kube-root-ca.crt -o jsonpath='{.data.ca\.crt}'`.

## Source
crypto/x509/verify.go, UnknownAuthorityError.Error (Go 1.26); client-go rest/config.go InClusterConfig (which CA);
metrics-server cmd/metrics-server/app/options/kubelet_client.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Finding, Hop, Look, Says, Unseen, check
from msdoctor.x509 import ProblemKind

from ._kubelet_certificate import SCRAPES, findings, reissue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.repair import Repair


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        # Ready is what has figures of a node, and in 0.3 and 0.4 alive, too.
        Says("ProbeStatus", where={"code": "500"}, likelihood=0.35),
        Says("PodState", where={"status": "Running", "ready": "0/1"}, likelihood=0.3),
        Says("HandshakeFailed", hop=Hop.E, where={"kind": "refused"}, likelihood=0.5),
        Says("UnknownAuthority", hop=Hop.E),
    ),
    decide=(Look(SCRAPES, "certificate signed by unknown authority", "kubelet-cert-unknown-ca"),),
    advise=reissue,
)
def kubelet_cert_unknown_ca(kubelets: tuple[Kubelet, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    yield from findings(kubelets, {ProblemKind.UNKNOWN_AUTHORITY}, reissue, repair)

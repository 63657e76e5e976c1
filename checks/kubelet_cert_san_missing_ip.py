"""A kubelet's serving certificate holds no IP address at all, and metrics-server dials the node by IP.

## What it means
metrics-server dials the kubelet at an IP address, and the certificate served there has no IP address among its
subject alternative names. Go then does not even try to match, so this node and its pods have no metrics. Where the
node is dialled by its name, the same lack reads "relies on legacy Common Name field" or "not valid for any names".

## What it does not mean
That adding the address is all there is to do. This is what a kubelet's self-signed certificate looks like, and the
names are compared before the issuer: the next error would be "certificate signed by unknown authority".

## What will not help
- --kubelet-insecure-tls: it does not mend the certificate but stops looking at it; metrics-server then sends its
  token to whoever answers at that address.
- --kubelet-preferred-address-types=Hostname: it needs a cluster DNS that knows the nodes' names, and on a self-signed
  certificate only uncovers the unknown authority.
- writing the address into the certificate's Common Name: Go has not looked there since 1.15.
- reinstalling metrics-server: the certificate belongs to the kubelet.

## How it comes about
A kubelet with neither `tlsCertFile` nor `serverTLSBootstrap` makes itself a certificate for its host name only, valid
for a year and never renewed; or a certificate was made by hand with DNS names alone.

## How to make sure
`openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509 -noout -issuer -ext subjectAltName` shows no "IP
Address". An issuer like `k8s-node1-ca@1700000000` is the kubelet itself.

## Source
crypto/x509/verify.go, HostnameError.Error (Go 1.26); kubernetes cmd/kubelet/app/server.go InitializeTLS and client-go
util/cert GenerateSelfSignedCertKey (the self-signed one).
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


# The last two are Go's words for the same lack where the node is dialled by a name.
WITHOUT_NAMES = (ProblemKind.NO_IP_SANS, ProblemKind.NO_NAMES, ProblemKind.LEGACY_COMMON_NAME)


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        # Ready is what has figures of a node, and in 0.3 and 0.4 alive, too.
        # Most reports of it end at certificates of kubelets that were made by themselves, which have no IP SANs.
        Says("ProbeStatus", where={"code": "500"}, likelihood=0.5),
        Says("PodState", where={"status": "Running", "ready": "0/1"}, likelihood=0.4),
        Says("PodState", where={"status": "Unhealthy"}, likelihood=0.35),
        Says("NotReadyInTime", likelihood=0.4),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.25),
        # A node without metrics has not been scraped: where that lasts, it is by this most of all.
        Says("NoMetricsKnown", where={"of": "node"}, likelihood=0.5),
        Says("MetricsNotAvailableYet", likelihood=0.35),
        Says("HandshakeFailed", hop=Hop.E, where={"kind": "refused"}, likelihood=0.45),
        Says("NoIPSANs", hop=Hop.E),
        Says("LegacyCommonName", hop=Hop.E),
        Says("NotValidForAny", hop=Hop.E),
    ),
    decide=(Look(SCRAPES, "doesn't contain any IP SANs", "kubelet-cert-san-missing-ip"),),
    advise=reissue,
)
def kubelet_cert_san_missing_ip(kubelets: tuple[Kubelet, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    yield from findings(kubelets, WITHOUT_NAMES, reissue, repair)

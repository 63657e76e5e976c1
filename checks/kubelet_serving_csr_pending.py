"""A kubelet's request for a serving certificate waits, and until it is approved the kubelet has none to serve.

## What it means
This kubelet has `serverTLSBootstrap: true`: it asks the cluster for its serving certificate with a
CertificateSigningRequest, and nobody has approved it. Without a certificate it ends every handshake with "tls:
internal error", so this node and its pods have no metrics, and `kubectl logs`, `exec` and `port-forward` fail there
too. A renewal that waits is the same disease before it hurts: the old certificate is still served.

## What it does not mean
That something in the kubelet failed ("internal error" is all that TLS lets it say), that a certificate is wrong
(there is none), or that the node is not ready: it talks to the API server with another certificate.

## What will not help
- --kubelet-insecure-tls: the kubelet ends the handshake itself; there is no certificate to overlook.
- restarting the kubelet: it makes one more request, which waits as well.
- approving all that waits: whoever may make requests can ask for a node's names; approve the newest of each node, and
  only if it was made by that node and asks for that node's names alone.
- approving an older request: the kubelet makes a new one, with a new key, every quarter of an hour, and has thrown
  the earlier keys away.

## How it comes about
Kubernetes approves kubelets' client certificates by itself and, by design, no serving ones. Whoever sets
serverTLSBootstrap needs an approver, such as the projects kubelet-csr-approver or kubelet-rubber-stamp, or a person.
Approved and still not issued: the controller-manager does not run, or runs without --cluster-signing-cert-file and
--cluster-signing-key-file.

## How to make sure
`kubectl get csr`: condition Pending, signer kubernetes.io/kubelet-serving, requestor system:node:NAME. The kubelet's
log says "no serving certificate available for the kubelet".

## Source
kubernetes 1.36.3: pkg/kubelet/kubelet.go (GetCertificate), pkg/apis/certificates/helpers.go
ValidateKubeletServingCSR, pkg/controller/certificates/approver/sarapprove.go recognizers; client-go
util/certificate/certificate_manager.go (certificateWaitTimeout).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Look, Passing, Remedy, Says, Unseen, check

from ._distribution import approval, own_signer
from ._kubelet_certificate import SHOWS_WITHIN_SECONDS, approve
from ._serving_request import DECIDED_JUST_NOW, asks, finding, still_asks, unseen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.csrs import ServingRequest
    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.repair import Repair

NOT_ASKED = (
    "it ends handshakes as a kubelet without a certificate does, and no request of it for one is there: its own log"
    " tells why it does not ask, such as a node without any address"
)
WAITS = ("pending", "approved, and not issued")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        approve(
            blanks,
            f"Approve {blanks['node']}'s newest request, after seeing that it asks for {blanks['node']}'s own names"
            f" only. {approval(blanks)}",
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # an approver may be on its way to it
    says=(
        Says("CertificateNotSigned", where={"state": "Pending"}),
        Says("CertificateNotSigned", where={"state": "Approved"}, likelihood=0.9),
        Says("CertificateNotSigned", where={"state": "Unasked"}, likelihood=0.5),
        # Hardly anything else in a cluster serves without a certificate: kubectl logs and exec meet the same.
        Says("TLSAlert", where={"alert": "internal error", "address": ""}, likelihood=0.4),
        Says("HandshakeFailed", where={"kind": "no-certificate"}),
        Says("TLSAlert", hop=Hop.E, where={"alert": "internal error"}, likelihood=0.8),
    ),
    decide=(
        Look(
            "kubectl get csr",
            "the node's newest request of signer kubernetes.io/kubelet-serving is Pending",
            "kubelet-serving-csr-pending",
        ),
    ),
    advise=advise,
)
def kubelet_serving_csr_pending(
    kubelets: tuple[Kubelet, ...], csrs: tuple[ServingRequest, ...] | Unseen, taken_at: datetime, repair: Repair
) -> Iterator[Finding | Unseen]:
    if isinstance(csrs, Unseen):
        yield from unseen(kubelets, csrs)
        return
    for kubelet in kubelets:
        newest = asks(kubelet, csrs)
        if newest is None and kubelet.alert:
            yield Unseen(NOT_ASKED, kubelet.subject)
        if newest is None or newest.fate not in WAITS or not still_asks(kubelet, newest, taken_at):
            continue
        if newest.decided and newest.decided > taken_at - DECIDED_JUST_NOW:
            continue
        yield _finding(kubelet, newest, csrs, repair)


def _finding(kubelet: Kubelet, newest: ServingRequest, requests: tuple[ServingRequest, ...], repair: Repair) -> Finding:
    from msdoctor.facts.csrs import objections  # noqa: PLC0415  as all facts

    blanks = repair.blanks(kubelet.name, dialled=kubelet.dialled, csr=newest.name)
    against = objections(newest, kubelet.node)
    if newest.decided:
        words = (
            f"was approved at {newest.decided:%H:%M:%S}Z and is not issued: the controller-manager does not run, or has"
            " no --cluster-signing-cert-file and key"
        )
        return finding(kubelet, newest, requests, words, (_look_at_the_signer(blanks),))
    if against:
        words = f"waits, and must not be approved as it is: {'; '.join(against)}"
        return finding(kubelet, newest, requests, words, (_look_at_the_request(blanks),))
    names = ", ".join(newest.wish.names) if newest.wish else ""
    words = f"waits for approval; it was made by that node's kubelet and asks for its own names only ({names})"
    return finding(kubelet, newest, requests, words, advise(blanks))


def _look_at_the_signer(blanks: Blanks) -> Remedy:
    own = own_signer(blanks)
    if own:
        return own
    return Remedy(
        advice="See whether the controller-manager runs, and that it has a CA's certificate and key to sign with.",
        commands=("ps -ww -o args= -C kube-controller-manager | tr ' ' '\\n' | grep cluster-signing",),
        on=f"control-plane/{blanks['control_plane']}",
        verify=f"kubectl get csr {blanks['csr']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _look_at_the_request(blanks: Blanks) -> Remedy:
    return Remedy(
        advice=(
            "Compare what it asks for with the node's addresses. An address that the kubelet has and its Node object"
            " lacks is for --node-ip or the cloud provider to set right; what is nobody's is to be denied."
        ),
        commands=(
            f"kubectl get csr {blanks['csr']} -o jsonpath='{{.spec.request}}' | base64 -d | openssl req -noout -text",
            f"kubectl get node {blanks['node']} -o jsonpath='{{.status.addresses}}'",
        ),
        verify=f"kubectl get csr {blanks['csr']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )

"""The API server's own certificate has expired.

## What it means
The certificate that the API server itself serves is past its notAfter. Nobody who verifies it gets through to it any
more: kubectl, the kubelets, the controllers, metrics-server. What they had open goes on until the connection ends, so
that a cluster dies of it bit by bit, or at the API server's next restart all at once. Nothing else can be read through
the API meanwhile, so that whatever else may be wrong stays unseen.

## What it does not mean
That the kubeconfig or its client certificate is wrong: nothing of that was looked at. That metrics-server is at fault:
it stops because it does not get through either.

## What will not help
- another kubeconfig, or a new client certificate: it is the server's own that is refused.
- --insecure-skip-tls-verify: kubectl would work, and hand its credential to whoever answers; nothing else would work.
- reinstalling metrics-server, --kubelet-insecure-tls: it is not the kubelets' certificates that have expired.

## How it comes about
kubeadm's certificates last for a year and are renewed by `kubeadm upgrade`: a cluster that was not upgraded for a year
loses them all on one day. Of a hand-built cluster nobody renews them. A renewed file is taken up by the API server
within a minute, if it lies where the flag says.

## How to make sure
`openssl s_client -connect ADDRESS:6443 </dev/null 2>/dev/null | openssl x509 -noout -enddate`, and `date -u` to be sure
of the clock that it is held against.

## Source
crypto/x509 verify.go (CertificateInvalidError); k8s.io/apiserver pkg/server/dynamiccertificates (the file is read anew
when it changes, and every minute); kubernetes cmd/kubeadm/app/cmd/certs.go (1.36.3). Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Says,
    State,
    Unseen,
    check,
    those_seen,
)
from msdoctor.utterances.errors import Expired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from msdoctor.bundle import Context
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.server_certificate import ServerCertificate
    from msdoctor.utterances import Utterance

LOOK = "openssl s_client -connect ADDRESS:6443 </dev/null 2>/dev/null | openssl x509 -noout -enddate"
HAS_EXPIRED = "certificate has expired"  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, of a leaf or of its CA
KUBEADMS = "/etc/kubernetes/pki/apiserver.crt"
# The API server reads the file within a minute; clients that were refused try again within another.
SHOWS_WITHIN_SECONDS = 120
OWN_REQUESTS = ("failed to list", "Failed to watch", "configmap based", "make webhook auth")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    cert = blanks["server_cert"]
    return (_by_kubeadm(blanks) if cert == KUBEADMS else _by_hand(blanks),)


@check(
    hop=Hop.A,
    cls=Class.CAUSE,
    says=(
        Says("Expired", hop=Hop.A),
        Says("ListedCertificate", where={"of": "API server", "state": "expired"}),
        Says("Expired", hop=Hop.A, where={"speaker": "kubectl"}),
        Says("Expired", where={"speaker": "kubectl"}, likelihood=0.45),
        Says("Expired", where={"outer": "Unable to connect to the server"}),
        *(Says("Expired", where={"speaker": "metrics-server", "outer": words}) for words in OWN_REQUESTS),
    ),
    decide=(Look(LOOK, "notAfter is past", "apiserver-serving-cert-expired"),),
    advise=advise,
)
def apiserver_serving_cert_expired(
    server_certificates: tuple[ServerCertificate, ...] | Unseen,
    untrusted: str,
    server_version: str | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    context: Context,
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    known = those_seen(server_certificates)
    heard = next((one for one in reversed(those_seen(log)) if _is_about_api_server(one)), None)
    past = [one for one in known if one.expired(taken_at)]
    served = [one for one in past if one.served]
    refused = HAS_EXPIRED in untrusted
    if refused and any(one.served and one not in past for one in known):
        yield Unseen(f"its own certificate has not expired, and it is refused all the same: {untrusted}")
    elif served or refused:
        own = served or past[:1]
        yield _finding(own, untrusted, heard, context, repair, certain=bool(served), state=State.ACTIVE)
    elif past:
        # It was trusted, or nobody asked: what is served is perhaps another one.
        active = heard is not None or isinstance(server_version, Unseen)
        state = State.ACTIVE if active else State.LATENT
        yield _finding(past[:1], untrusted, heard, context, repair, certain=False, state=state)
    elif heard:
        yield _finding((), untrusted, heard, context, repair, certain=False, state=State.ACTIVE)
    elif isinstance(server_version, Unseen) and not known:
        yield Unseen(untrusted or server_version.reason)


def _is_about_api_server(said: Utterance) -> bool:
    return isinstance(said.error, Expired) and any(words in part for part in said.outer for words in OWN_REQUESTS)


def _finding(
    expired: Sequence[ServerCertificate],
    untrusted: str,
    heard: Utterance | None,
    context: Context,
    repair: Repair,
    *,
    certain: bool,
    state: State,
) -> Finding:
    one = expired[0] if expired else None
    ended = f" since {one.leaf.not_after:%Y-%m-%d %H:%M}Z" if one else ""
    late = " Nobody has been refused for it so far." if state is State.LATENT else ""
    doubt = "" if one else ", or its CA's"
    host = one.server.host if one and one.server else ""
    return Finding(
        summary=(
            f"The API server's own certificate{doubt} has expired{ended}: whoever verifies it is cut off from it.{late}"
        ),
        subjects=(f"process/kube-apiserver@{host}" if host else "process/kube-apiserver",),
        evidence=tuple(_evidence(expired, untrusted, heard, context, repair)),
        effects=(Effect(EffectKind.NO_METRICS),),
        state=state,
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        since=one.leaf.not_after if one else None,
        changed="it expired",
        remedies=advise(_blanks(one, repair)),
    )


def _evidence(
    expired: Sequence[ServerCertificate], untrusted: str, heard: Utterance | None, context: Context, repair: Repair
) -> Iterator[Evidence]:
    for one in expired:
        saw = f"{one.leaf.subject}, notAfter {one.leaf.not_after:%Y-%m-%d %H:%M:%S}Z"
        wire = f"openssl s_client -connect {one.where} </dev/null 2>/dev/null | openssl x509 -noout -subject -dates"
        how = wire if one.served else f"openssl x509 -noout -subject -dates -in {one.path}"
        origin = "workstation" if one.served or one.server is None else one.server.origin
        yield Evidence(saw, f"served at {one.where}" if one.served else one.where, how, origin, one.at)
    if untrusted:
        how = f"kubectl get --raw {paths.VERSION}"
        yield Evidence(untrusted, f"the look's own connection to {context.server}", how)
    if heard:
        blanks = repair.blanks()
        how = f"kubectl -n {blanks['namespace']} logs deployment/{blanks['deployment']}"
        yield Evidence(f"metrics-server says: {heard.text}", "log of metrics-server", how, at=heard.at)


def _blanks(one: ServerCertificate | None, repair: Repair) -> Blanks:
    if one is None:
        return repair.blanks()
    names = [f"IP:{address}" for address in one.leaf.ip_addresses] + [f"DNS:{name}" for name in one.leaf.dns_names]
    subject = "".join(f"/O={name}" for name in one.leaf.organizations) + f"/CN={one.leaf.common_name}"
    known = {
        "server_cert": one.path,
        "server_key": one.key,
        "server_names": ",".join(names),
        "server_subject": subject if one.leaf.common_name else "",
        "server_usages": "serverAuth,clientAuth" if one.also else "serverAuth",
        "control_plane": one.server.host if one.server else "",
    }
    return repair.blanks(**{blank: value for blank, value in known.items() if value})


def _by_kubeadm(blanks: Blanks) -> Remedy:
    cert = blanks["server_cert"]
    key = f"{cert.removesuffix('.crt')}.key"
    return Remedy(
        advice=(
            "Have kubeadm issue it anew. The API server takes it up within a minute. `kubeadm certs check-expiration`"
            " shows what else has expired on that day: `kubeadm certs renew all`, and the kubeconfigs made anew by it."
        ),
        commands=(
            f"cp {cert} {cert}.before && cp {key} {key}.before",
            "kubeadm certs renew apiserver",
        ),
        on=f"control-plane/{blanks['control_plane']}",
        undo=(f"mv {cert}.before {cert} && mv {key}.before {key}",),
        verify=f"kubectl get --raw {paths.VERSION}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _by_hand(blanks: Blanks) -> Remedy:
    cert, key, ca, ca_key = (blanks[name] for name in ("server_cert", "server_key", "ca", "ca_key"))
    return Remedy(
        advice=(
            "Issue it anew from the cluster's CA, of the same key and for the same names. The API server takes it up"
            " within a minute. Look at the other certificates beside it too: they may be of the same day."
        ),
        commands=(
            f"openssl req -new -key {key} -subj {blanks['server_subject']} -out {cert}.csr",
            (
                f"printf 'subjectAltName={blanks['server_names']}\\nextendedKeyUsage={blanks['server_usages']}\\n'"
                f" > {cert}.ext"
            ),
            (
                f"openssl x509 -req -in {cert}.csr -CA {ca} -CAkey {ca_key} -set_serial 0x$(openssl rand -hex 8)"
                f" -days 365 -extfile {cert}.ext -out {cert}.new"
            ),
            f"openssl verify -CAfile {ca} -purpose sslserver {cert}.new",
            f"cp {cert} {cert}.before && mv {cert}.new {cert}",
        ),
        on=f"control-plane/{blanks['control_plane']}",
        undo=(f"mv {cert}.before {cert}",),
        verify=f"kubectl get --raw {paths.VERSION}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )

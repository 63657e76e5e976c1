"""The proxy client certificate's Common Name is not among the allowed names.

## What it means
metrics-server believes a front proxy only if its certificate's CN is one of `requestheader-allowed-names`, letter for
letter, and the API server's proxy client certificate has another CN. Every forwarded request is refused with 401, the
APIService is unavailable and nobody has metrics.

## What it does not mean
That a CA is missing, though the same line goes on to say "certificate signed by unknown authority": that is the
second attempt, against the client CA, and rightly fails. Nor that the allowed name must be the CA's: it is compared
with the leaf's CN and nothing else, and with none of its SANs.

## What will not help
- --kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.
- adding the client CA to the requestheader CA: it makes the error go away by letting any client impersonate anybody.
- removing --requestheader-allowed-names to mean "any": the ConfigMap is a union that never shrinks and keeps the old
  name.
- more RBAC, least of all for the proxy's name: forwarded users would all act as the proxy.

## How it comes about
Flags from one guide with certificates from another: `--requestheader-allowed-names=front-proxy-ca` fits only where
the client certificate was really issued with that CN.

## How to make sure
`openssl x509 -noout -subject -in` the file of `--proxy-client-cert-file`, against the ConfigMap's
`requestheader-allowed-names`.

## Source
k8s.io/apiserver pkg/authentication/request/x509/x509.go, Verifier.verifySubject; kubernetes
pkg/controlplane/controller/clusterauthenticationtrust (the union).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.facts.forms import Form
from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    NotApplicable,
    Remedy,
    Risk,
    Says,
    State,
    Unseen,
    check,
    those_seen,
)
from msdoctor.utterances.errors import NotInAllowedList

from ._api_server_flags import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    file, name, server = blanks["apiserver_file"], blanks["name"], blanks["control_plane"]
    beside = file.replace("/manifests/", "/")
    restart = (
        ("systemctl daemon-reload && systemctl restart kube-apiserver",)
        if blanks.get("apiserver_form") == Form.UNIT
        else ()
    )
    return (
        Remedy(
            advice=(
                f"Allow the name {name} besides those that are allowed. The API server restarts, and adds it to the"
                " ConfigMap within a minute."
            ),
            commands=(
                f"cp {file} {beside}.before",
                f"sed 's|--requestheader-allowed-names=[^ ]*|&,{name}|' {file} > {beside}.new",
                f"mv {beside}.new {file}",
                *restart,
            ),
            on=f"control-plane/{server}",
            risks=(Risk.DISRUPTIVE,),
            undo=(f"cp {beside}.before {beside}.new && mv {beside}.new {file}", *restart),
            verify=f"kubectl get apiservice {blanks['apiservice']}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(Says("NotInAllowedList"),),
    advise=advise,
)
def requestheader_allowed_names_mismatch(
    authentication: AuthenticationConfig | None,
    proxy_clients: tuple[ProxyClient, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if authentication is None or not authentication.requestheader_ca:
        yield NotApplicable("no front-proxy CA is published")
        return
    if not authentication.allowed_names:
        yield NotApplicable("no allowed names are published, so any name will do")
        return
    if isinstance(proxy_clients, Unseen):
        yield from _from_log(authentication, aggregator, log, repair, proxy_clients)
        return
    for proxy in proxy_clients:
        name = proxy.leaf.common_name
        if name not in authentication.allowed_names:
            yield _finding(
                authentication,
                name,
                repair,
                Evidence(
                    saw=f"its subject is {proxy.leaf.subject}",
                    where=f"{proxy.api_server.host}:{proxy.path}",
                    how=f"openssl x509 -noout -subject -in {proxy.path}",
                    origin=proxy.api_server.origin,
                    at=proxy.leaf.not_before,
                ),
                proxy.api_server.subject,
                aggregator,
            )


def _from_log(
    config: AuthenticationConfig,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    repair: Repair,
    unseen: Unseen,
) -> Iterator[Finding | Unseen]:
    """Without the certificate itself, metrics-server's log names its CN, as long as it still refuses the aggregator."""
    refused = not isinstance(aggregator, Unseen) and aggregator.refused
    lines = those_seen(log)
    said = [(line, line.error.name) for line in lines if isinstance(line.error, NotInAllowedList)]
    if not said or not refused:
        yield unseen
        return
    newest, name = said[-1]
    blanks = repair.blanks()
    evidence = Evidence(
        saw=f"metrics-server says: {newest.text}",
        where=f"log of metrics-server, line {newest.line}",
        how=f"kubectl -n {blanks['namespace']} logs deployment/{blanks['deployment']}",
        at=newest.at,
    )
    yield _finding(config, name, repair, evidence, "process/kube-apiserver", aggregator)


def _finding(
    config: AuthenticationConfig,
    name: str,
    repair: Repair,
    seen: Evidence,
    subject: str,
    aggregator: Aggregator | Unseen,
) -> Finding:
    as_user = not isinstance(aggregator, Unseen) and aggregator.as_user
    read = seen.origin != "workstation"
    return Finding(
        summary=(
            f"The API server presents itself to metrics-server as {name}, and only"
            f" {', '.join(config.allowed_names)} may speak for others."
        ),
        subjects=(subject,),
        evidence=(
            seen,
            Evidence(
                saw=f"requestheader-allowed-names is {', '.join(config.allowed_names)}",
                where="ConfigMap kube-system/extension-apiserver-authentication",
                how=paths.AUTHENTICATION_HOW,
            ),
        ),
        effects=(Effect(EffectKind.USER_REFUSED if as_user else EffectKind.IDENTITY_REFUSED),),
        state=State.NEXT if _hidden(aggregator) else State.ACTIVE,
        confidence=Confidence.CERTAIN if read else Confidence.LIKELY,
        remedies=advise(repair.blanks(name=name)),
    )


def _hidden(aggregator: Aggregator | Unseen) -> bool:
    """Whether the certificate is refused before its name is looked at."""
    return (
        not isinstance(aggregator, Unseen)
        and aggregator.certain
        and aggregator.refused
        and "allowed list" not in aggregator.why
    )

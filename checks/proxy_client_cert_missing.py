r"""The API server has no proxy client certificate, so the aggregator comes to metrics-server as nobody.

## What it means
The front-proxy CA is published, but the API server runs without `--proxy-client-cert-file` and
`--proxy-client-key-file`. The aggregator therefore shows no certificate, metrics-server takes it for anonymous and
answers 403; the APIService is unavailable and nobody has metrics.

## What it does not mean
That anybody lacks rights, or that the published CA is wrong: it was never put to use.

## What will not help
- --kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.
- more RBAC, least of all for `system:anonymous`: it would open the API to everybody.
- caBundle or insecureSkipTLSVerify in the APIService: they concern the certificate that metrics-server serves.

## How it comes about
The requestheader flags were copied from a guide and the two proxy-client flags left out, or lost in an upgrade.

## How to make sure
On the control-plane host, `ps -ww -o args= -C kube-apiserver | tr ' ' '\n' | grep proxy-client` prints nothing.

## Source
kubernetes pkg/controlplane/apiserver/aggregator.go (the flags); kube-aggregator pkg/apiserver/handler_proxy.go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Doubt,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    State,
    Unseen,
    check,
    those_seen,
)

from ._api_server_flags import (
    add_flags,
    lacking,
    lacks,
    make_front_proxy_certificates,
    taken_for_anonymous,
    unless_written,
    with_front_proxy_files,
)
from ._front_proxy import follows_from_what_is_said, one_of, what_follows
from ._registration import availability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.replicas import Replicas

UNAVAILABLE = 503
EVERY_HOST = "the host of every API server"
FLAGS = (
    "grep -rs -e --proxy-client -e --requestheader /etc/kubernetes/manifests"
    " /etc/systemd/system/kube-apiserver.service*"
)
REACHED = "curl -k --max-time 5 https://ENDPOINT:10250/"
ONE_OF_SEVERAL = Doubt(
    "One API server does not serve metrics, and another one does, or has marked the APIService as available: one of"
    " several fails where another does not, or it has only just begun.",
    (
        Look(FLAGS, "one lacks --proxy-client-cert-file", "proxy-client-cert-missing", EVERY_HOST),
        Look(
            FLAGS,
            "one has another --requestheader-client-ca-file, or a certificate of another CA",
            "front-proxy-ca-mismatch",
            EVERY_HOST,
        ),
        Look(REACHED, "one gets no answer", "aggregator-cannot-reach-service", EVERY_HOST),
    ),
)
LOOK = Look(paths.AUTHENTICATION_HOW, "requestheader-client-ca-file is there", "proxy-client-cert-missing")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    filled = with_front_proxy_files(blanks)
    flags = (
        f"--proxy-client-cert-file={filled['front_proxy_cert']}",
        f"--proxy-client-key-file={filled['front_proxy_key']}",
    )
    advice = "Give the API server its proxy client certificate, issued by the published front-proxy CA."
    return (*make_front_proxy_certificates(blanks), add_flags(filled, flags, advice))


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("RequestHeaderNotProvided", where={"key": "proxy-client-cert-file"}),
        Says("NoResponse", likelihood=0.15),
        *taken_for_anonymous(0.5),
    ),
    decide=(LOOK,),
    advise=advise,
)
def proxy_client_cert_missing(
    authentication: AuthenticationConfig | None,
    api_servers: tuple[Component, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    aggregators: tuple[Aggregator, ...] | Unseen,
    apiservices: tuple[APIService, ...],
    flow: Flow | Unseen,
    replicas: Replicas,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if authentication is None or not authentication.requestheader_ca:
        yield NotApplicable("no front-proxy CA is published for a proxy client certificate to be checked against")
        return
    servers = those_seen(api_servers)
    without = lacking(servers, ("proxy-client-cert-file",))
    # Where every server that was seen has its certificate, a 403 comes from something else.
    inferred = not servers and not isinstance(aggregator, Unseen) and aggregator.anonymous
    if not without and not inferred:
        if not servers and isinstance(aggregator, Unseen):
            yield replace(
                aggregator,
                doubt=ONE_OF_SEVERAL if replicas.odd or _comes_and_goes(apiservices, flow, replicas) else None,
            )
        return
    subjects = tuple(server.subject for server in without)
    taken = next((one for one in those_seen(aggregators) if one.server in subjects), None)
    effects, state = what_follows(taken, aggregators, flow)
    confidence = Confidence.CERTAIN
    if not without:
        state = State.ACTIVE
        effects, confidence = follows_from_what_is_said(flow)
    yield Finding(
        summary=(
            "The aggregator shows metrics-server no certificate, is taken for anonymous and answered with 403."
            f"{one_of(taken, aggregators)}"
        ),
        subjects=subjects or ("process/kube-apiserver",),
        evidence=(
            *(lacks(server, "no --proxy-client-cert-file") for server in without),
            *(availability(item) for item in apiservices if "403" in item.available.message),
        ),
        effects=effects,
        state=state,
        confidence=confidence,
        since=next((server.started for server in without if server.started), None),
        changed="the API server was started" if without else "",
        remedies=advise(repair.blanks(**_where(without))),
        doubt=None if servers else unless_written("--proxy-client", "proxy-client-cert-missing"),
    )


def _comes_and_goes(apiservices: tuple[APIService, ...], flow: Flow | Unseen, replicas: Replicas) -> bool:
    """Whether what the API server that was asked does is not what the condition, by whichever wrote last, says."""
    if isinstance(flow, Unseen):
        return False
    if flow.refusal is None:
        return len(replicas.asked) > 1 and any(a.available.status == "False" for a in apiservices)
    return flow.refusal.status == UNAVAILABLE and any(a.available.status == "True" for a in apiservices)


def _where(without: Sequence[Component]) -> dict[str, str]:
    """The first API server that lacks its certificate, which need not be the first of all."""
    for server in without:
        found = {"control_plane": server.host, "apiserver_form": str(server.form), "apiserver_file": server.file}
        return {blank: value for blank, value in found.items() if value}
    return {}

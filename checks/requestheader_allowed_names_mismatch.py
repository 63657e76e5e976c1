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
  name. Where that was done already, deleting the ConfigMap has the API server write it anew.
- more RBAC, least of all for the proxy's name: forwarded users would all act as the proxy.

## How it comes about
Flags from one guide with certificates from another: `--requestheader-allowed-names=front-proxy-ca` fits only where
the client certificate was really issued with that CN. Or quotes that no shell takes off: the flag is one line of CSV,
so that `--requestheader-allowed-names="one,two"` in a manifest or a unit's variable is a single name with a comma in
it. Or the flag was emptied later than it was published. Where the clients' CA is the front proxies' too, the refusal is
silent: the APIService is Available, and metrics-server takes everybody for a user of that name.

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
    Look,
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

from ._api_server_flags import SHOWS_WITHIN_SECONDS, rewritten, set_flags
from ._front_proxy import PROXIES, follows_from_what_is_said, one_of, publish_anew, published, what_follows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance
    from msdoctor.x509 import Certificate

LOOK = Look(
    paths.AUTHENTICATION_HOW,
    "requestheader-client-ca-file is there, and requestheader-allowed-names lacks the certificate's CN",
    "requestheader-allowed-names-mismatch",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    if "stale" in blanks:
        return (
            publish_anew(
                blanks,
                "The API server's flags allow the name already. Delete what was published with those of an earlier day;"
                " the API servers write it again within a minute.",
            ),
        )
    if blanks.get("apiserver_form") == Form.RANCHER:
        allowed = {"--requestheader-allowed-names": blanks["name"]}
        return (set_flags(blanks, allowed, f"Allow the name {blanks['name']} besides those that are allowed."),)
    if "names" in blanks:
        flag = f"--requestheader-allowed-names={blanks['names']}"
        write = f"sed 's|--requestheader-allowed-names=[^ '\\'']*|{flag}|' {blanks['apiserver_file']}"
        beside = blanks["apiserver_file"].replace("/manifests/", "/")
        return (rewritten(blanks, f"{write} > {beside}.new", "Take the quotes out of the flag."),)
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
    says=(
        Says("NoResponse", likelihood=0.15),
        Says("HTTPStatus", hop=Hop.D, where={"code": "401"}, likelihood=0.45),
        Says("Unauthorized", hop=Hop.A, likelihood=0.35),
        Says("NotInAllowedList", where={"of": ""}),
        Says("NotInAllowedList", where={"of": "either"}, likelihood=0.7),
        Says("NotInAllowedList", likelihood=0.45),
        *(
            Says("Forbidden", hop=hop, where={"user": user}, likelihood=0.4)
            for hop in (Hop.A, Hop.D)
            for user in PROXIES
        ),
        Says("Forbidden", hop=Hop.A, where={"who": "proxy"}, likelihood=0.4),
        Says("Forbidden", hop=Hop.A, where={"who": "proxy", "api": "other"}, likelihood=0.4),
    ),
    decide=(LOOK,),
    advise=advise,
)
def requestheader_allowed_names_mismatch(
    authentication: AuthenticationConfig | None,
    front_proxies: tuple[FrontProxy, ...] | Unseen,
    aggregators: tuple[Aggregator, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    api_servers: tuple[Component, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if authentication is None or not authentication.requestheader_ca:
        yield NotApplicable("no front-proxy CA is published")
        return
    if not authentication.allowed_names:
        yield NotApplicable("no allowed names are published, so any name will do")
        return
    if isinstance(front_proxies, Unseen):
        yield _from_what_is_said(authentication, aggregator, log, flow, those_seen(api_servers), repair, front_proxies)
        return
    for front in front_proxies:
        if not authentication.allows(front.proxy.leaf.common_name):
            yield _finding(authentication, front, aggregators, flow, repair)


def _finding(
    config: AuthenticationConfig,
    front: FrontProxy,
    aggregators: tuple[Aggregator, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Finding:
    proxy, server = front.proxy, front.proxy.api_server
    name = proxy.leaf.common_name
    as_user = front.taken is not None and front.taken.as_user
    effects, state = what_follows(front.taken, aggregators, flow)
    stale = _stale(server, name)
    now = (
        f" The flags of {server.host} allow it today; what was published before was never taken back." if stale else ""
    )
    quoted = _quoted(server, name)
    blanks = {**({"stale": "yes"} if stale else {}), **({"names": quoted} if quoted else {}), "name": name}
    of = {"control_plane": server.host, "apiserver_form": str(server.form), "apiserver_file": server.file}
    return Finding(
        summary=f"{_summary(config, name, as_user)}{now}{_joined(quoted)}{one_of(front.taken, aggregators)}",
        subjects=(server.subject,),
        evidence=(
            Evidence(
                saw=f"its subject is {proxy.leaf.subject}{_sans(proxy.leaf)}",
                where=f"{server.host}:{proxy.path}",
                how=f"openssl x509 -noout -subject -in {proxy.path}",
                origin=server.origin,
                at=proxy.leaf.not_before,
            ),
            published(f"requestheader-allowed-names is {', '.join(config.allowed_names)}"),
            *((_flag(server),) if stale else ()),
            *((_quotes(server),) if quoted else ()),
        ),
        effects=effects,
        # Its certificate may be refused before its name is looked at.
        state=State.NEXT if front.problems else state,
        remedies=advise(repair.blanks(**{blank: value for blank, value in of.items() if value}, **blanks)),
    )


def _sans(leaf: Certificate) -> str:
    """A client is known by its CN: its SANs are for clients that look at it as at a server's."""
    names = (*leaf.dns_names, *leaf.ip_addresses)
    return f"; its SANs ({', '.join(names)}) do not count for a client" if names else ""


def _stale(server: Component, name: str) -> bool:
    """Whether the API server's own flags, if they were all that is published, would do."""
    given = server.flags.listed("requestheader-allowed-names")
    return "requestheader-client-ca-file" in server.flags and (not given or name in given)


def _quoted(server: Component, name: str) -> str:
    """What a flag should hold whose quotes make one name of several, if that one is among them."""
    given = server.flags.listed("requestheader-allowed-names")
    apart = [part for element in given for part in element.split(",") if part]
    joined = any("," in element for element in given)
    return ",".join(dict.fromkeys(apart)) if joined and name in apart else ""


def _joined(quoted: str) -> str:
    return f" Quotes in the flag's own value make one name of {quoted.replace(',', ' and ')}." if quoted else ""


def _quotes(server: Component) -> Evidence:
    values = server.flags.values("requestheader-allowed-names")
    return Evidence(
        saw=f"the process was given {', '.join(f'--requestheader-allowed-names={value}' for value in values)}",
        where=f"{server.read_from}, set in {server.where_set('requestheader-allowed-names')}",
        how="ps -ww -o args= -C kube-apiserver" if server.started else server.how,
        origin=server.origin,
        at=server.started,
    )


def _flag(server: Component) -> Evidence:
    given = ", ".join(server.flags.listed("requestheader-allowed-names"))
    saw = f"--requestheader-allowed-names is {given}" if given else "no --requestheader-allowed-names among its flags"
    where = server.where_set("requestheader-allowed-names")
    return Evidence(saw=saw, where=where, how=server.how, origin=server.origin, at=server.started)


def _summary(config: AuthenticationConfig, name: str, as_user: bool) -> str:
    taken = " As the clients' CA issued its certificate, it is taken for a user of that name." if as_user else ""
    return (
        f"The API server presents itself to metrics-server as {name}, and only {', '.join(config.allowed_names)} may"
        f" speak for others.{taken}"
    )


def _from_what_is_said(
    config: AuthenticationConfig,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    servers: tuple[Component, ...],
    repair: Repair,
    unseen: Unseen,
) -> Finding | Unseen:
    """Without the certificate itself: the log names its CN while it is refused, a 403 where it is taken for a user."""
    if isinstance(aggregator, Unseen):
        return unseen
    if aggregator.as_user and not aggregator.certain and config.shared and not config.allows(aggregator.user):
        evidence = Evidence(
            saw=f'a refusal that names User "{aggregator.user}", who did not ask',
            where="answer of the metrics API",
            how=f"kubectl get --raw {paths.NODE_METRICS}",
        )
        confused = (Effect(EffectKind.IDENTITY_CONFUSED),)
        return _inferred(config, aggregator.user, evidence, confused, Confidence.LIKELY, servers, repair)
    said = [(line, line.error.name) for line in those_seen(log) if isinstance(line.error, NotInAllowedList)]
    if not said or not aggregator.refused:
        return unseen
    newest, name = said[-1]
    if config.allows(name):
        return Unseen("metrics-server's log is older than what is published", unseen.where)
    blanks = repair.blanks()
    evidence = Evidence(
        saw=f"metrics-server says: {newest.text}",
        where=f"log of metrics-server, line {newest.line}",
        how=f"kubectl -n {blanks['namespace']} logs deployment/{blanks['deployment']}",
        at=newest.at,
    )
    return _inferred(config, name, evidence, *follows_from_what_is_said(flow), servers, repair)


def _inferred(
    config: AuthenticationConfig,
    name: str,
    seen: Evidence,
    effects: tuple[Effect, ...],
    confidence: Confidence,
    servers: tuple[Component, ...],
    repair: Repair,
) -> Finding:
    stale = bool(servers) and all(_stale(server, name) for server in servers)
    return Finding(
        summary=_summary(config, name, EffectKind.IDENTITY_CONFUSED in {effect.kind for effect in effects}),
        subjects=("process/kube-apiserver",),
        evidence=(seen, published(f"requestheader-allowed-names is {', '.join(config.allowed_names)}")),
        effects=effects,
        confidence=confidence,
        remedies=advise(repair.blanks(name=name, **({"stale": "yes"} if stale else {}))),
    )

"""The user is looked for in headers that the aggregator does not send.

## What it means
The aggregator puts the user it speaks for into X-Remote-User, X-Remote-Group and X-Remote-Extra-…, whatever the flags
say; the flags say where others look. Without X-Remote-User among the published names metrics-server finds nobody in a
forwarded request, looks at the certificate alone, and answers 401. Without X-Remote-Group users come without groups.
A prefix `X-Remote-Extra` without its dash is only worth a note: extra fields are read, under names that begin with a
dash, so that whoever goes by them (an authorizer that knows of a token's scopes, for one) finds none.

## What it does not mean
That a CA is missing, though metrics-server's log says "certificate signed by unknown authority": that is its second
look, against the client CA, and rightly fails. Nor is a prefix without its dash to blame for missing metrics.

## What will not help
- --kubelet-insecure-tls, caBundle or insecureSkipTLSVerify: they concern the certificates that others show.
- another certificate, or its name among the allowed ones: it was accepted already.
- more RBAC: nobody is refused rights, unless the groups are lost.
- to add the right prefix and leave the ConfigMap: it keeps the other one, and each extra field then comes twice.

## How it comes about
Header names made up in the flags, or copied from an authenticating proxy in front of the API server; flags left out.

## How to make sure
`kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml` has X-Remote-User among
`requestheader-username-headers`, and X-Remote-Extra- in `requestheader-extra-headers-prefix`.

## Source
kube-aggregator pkg/apiserver/handler_proxy.go and client-go transport/round_trippers.go (0.36.3, SetAuthProxyHeaders);
k8s.io/apiserver pkg/authentication/request/headerrequest/requestheader.go (0.33.2, no name: no opinion; newExtra) and
pkg/server/options/authentication.go (0.36.3: the API server only warns).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
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

from . import _front_proxy
from ._api_server_flags import set_flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair

USER = "--requestheader-username-headers"
GROUP = "--requestheader-group-headers"
EXTRA = "--requestheader-extra-headers-prefix"
SENT = {USER: "X-Remote-User", GROUP: "X-Remote-Group"}
PREFIX = {EXTRA: "X-Remote-Extra-"}
LOOK = Look(
    paths.AUTHENTICATION_HOW,
    "requestheader-username-headers is there, without X-Remote-User",
    "requestheader-header-names",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    if "only_prefix" in blanks:
        return (
            set_flags(blanks, PREFIX, "Give the prefix its dash."),
            _front_proxy.publish_anew(blanks, "Then have the API server publish it without the prefix of before."),
        )
    return (set_flags(blanks, SENT, "Let the user be looked for where the aggregator puts it."),)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.D, where={"code": "401"}, likelihood=0.3),
        Says("UnknownAuthority", hop=Hop.D, where={"outer": "verifying certificate SN="}, likelihood=0.6),
        Says("HeaderNotNamed", where={"header": "X-Remote-User"}, likelihood=0.9),
        Says("HeaderNotNamed", where={"header": "X-Remote-Group"}, likelihood=0.9),
        Says("HeaderNotNamed", where={"header": "X-Remote-Extra-"}, likelihood=0.9),
    ),
    decide=(LOOK,),
    advise=advise,
)
def requestheader_header_names(
    authentication: AuthenticationConfig | None,
    api_servers: tuple[Component, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    aggregators: tuple[Aggregator, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    config = authentication
    if config is None or not config.requestheader_ca:
        yield NotApplicable("no front-proxy CA is published, so nobody looks at headers")
    elif not config.knows_user:
        yield _without_user(config, those_seen(api_servers), aggregator, aggregators, flow, repair)
    elif not config.knows_groups:
        yield _without_groups(config, those_seen(api_servers), flow, repair)
    elif not config.knows_extras:
        yield _with_other_prefix(config, those_seen(api_servers), repair)


def _without_user(
    config: AuthenticationConfig,
    servers: tuple[Component, ...],
    aggregator: Aggregator | Unseen,
    aggregators: tuple[Aggregator, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Finding:
    taken = None if isinstance(aggregator, Unseen) else aggregator
    effects, state = _front_proxy.what_follows(taken, aggregators, flow)
    then = f"takes it for user {taken.user}" if taken and taken.as_user else "answers 401"
    return Finding(
        summary=(
            f"metrics-server looks for the user of a forwarded request in {_listed(config.username_headers)}, and the"
            f" aggregator sends it in X-Remote-User; metrics-server then looks at its certificate alone, and {then}."
        ),
        subjects=_subjects(servers),
        evidence=(
            _front_proxy.published(f"requestheader-username-headers is {_listed(config.username_headers)}"),
            *_flags(servers, USER),
        ),
        effects=effects,
        state=state,
        remedies=advise(_blanks(config, repair, servers)),
    )


def _without_groups(
    config: AuthenticationConfig, servers: tuple[Component, ...], flow: Flow | Unseen, repair: Repair
) -> Finding:
    """Rights that were given to a user by name suffice: only who has them through a group is refused."""
    refused = not isinstance(flow, Unseen) and flow.refusal is not None and flow.refusal.status == 403
    effect = EffectKind.USER_REFUSED if refused else EffectKind.UNSAFE
    return Finding(
        summary=(
            f"metrics-server looks for the groups of a user in {_listed(config.group_headers)}, and the aggregator"
            " sends them in X-Remote-Group: whoever may read metrics only as a member of a group is refused."
        ),
        subjects=_subjects(servers),
        evidence=(
            _front_proxy.published(f"requestheader-group-headers is {_listed(config.group_headers)}"),
            *_flags(servers, GROUP),
        ),
        effects=(Effect(effect),),
        state=State.ACTIVE if refused else State.LATENT,
        remedies=advise(_blanks(config, repair, servers)),
    )


def _with_other_prefix(config: AuthenticationConfig, servers: tuple[Component, ...], repair: Repair) -> Finding:
    """Worth a note: nothing of this pipeline goes by a user's extra fields."""
    given = _listed(config.extra_headers_prefix)
    lost = "they lose their names" if any(map(_is_dashless, config.extra_headers_prefix)) else "they are lost"
    flags = servers[0].file_flags if servers and servers[0].file_flags.given else None
    there = EXTRA.removeprefix("--") in flags if flags else bool(config.extra_headers_prefix)
    has = {f"has{EXTRA.replace('-', '_')}": "yes"} if there else {}
    return Finding(
        summary=f"Users' extra attributes are sent behind X-Remote-Extra-, and looked for behind {given}: {lost}.",
        subjects=_subjects(servers),
        evidence=(
            _front_proxy.published(f"requestheader-extra-headers-prefix is {given}"),
            *_flags(servers, EXTRA),
        ),
        effects=(),
        state=State.LATENT,
        remedies=advise(repair.blanks(only_prefix="yes", **has)),
    )


def _is_dashless(prefix: str) -> bool:
    return "x-remote-extra-".startswith(prefix.lower()) and bool(prefix)


def _listed(headers: tuple[str, ...]) -> str:
    return ", ".join(headers) or "no header at all"


def _subjects(servers: tuple[Component, ...]) -> tuple[str, ...]:
    return tuple(server.subject for server in servers) or ("process/kube-apiserver",)


def _flags(servers: tuple[Component, ...], flag: str) -> Iterator[Evidence]:
    for server in servers:
        value = server.flags.text(flag.removeprefix("--"))
        saw = f"{flag}={value}" if value else f"no {flag}"
        where = server.where_set(flag.removeprefix("--"))
        yield Evidence(saw=saw, where=where, how=server.how, origin=server.origin, at=server.started)


def _blanks(config: AuthenticationConfig, repair: Repair, servers: tuple[Component, ...]) -> Blanks:
    """Which flags are there to be changed; where no API server's were seen, those whose values are published."""
    published = {USER: config.username_headers, GROUP: config.group_headers}
    there = next((server.file_flags if server.file_flags.given else server.flags for server in servers), None)
    given = [flag for flag in SENT if (flag.removeprefix("--") in there if there else published[flag])]
    return repair.blanks(**{f"has{flag.replace('-', '_')}": "yes" for flag in given})

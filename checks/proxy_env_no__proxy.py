r"""An HTTP proxy gets what the API server asks of metrics-server, or what metrics-server asks itself.

## What it means
HTTPS_PROXY is in the environment of the API server, and NO_PROXY does not cover the address at which it asks
metrics-server: the Service's ClusterIP, or with `--enable-aggregator-routing` a pod's. The aggregator then asks the
proxy to connect it, which has no way into the cluster's networks: the APIService is unavailable. Or the variable is in
metrics-server's own environment: the proxy gets its requests to the API server, without which it does not start, or
those to the kubelets, of which none then gives metrics. Where the proxy is silent it may not say a word of it: it
waits for longer than its liveness probe has patience.

## What it does not mean
That a certificate or a right is wrong: nobody in the cluster was asked. `Forbidden` behind a URL, without `bad status
from`, is the proxy's own answer, and has nothing to do with RBAC. `bad status from … 403` may be one, too: a proxy that
opens TLS answers by itself, or hands the question on without the aggregator's certificate. That a firewall drops
packets: a proxy that does not answer looks the same.

## What will not help
- `.svc` or `.cluster.local` in NO_PROXY: the aggregator dials an address, and only addresses and networks match one.
- more RBAC, other certificates, a new metrics-server: none of them was reached.
- HTTPS_PROXY in the other one's environment taken away: each program has its own.
- `10.32.0.*` or `10.32.*`: Go knows networks as `10.32.0.0/24`, and no other pattern of addresses.

## How it comes about
A machine behind a corporate proxy, whose variables were in the shell when kubeadm wrote the static pods' manifests, or
in a unit; another range for Services or pods than the one that NO_PROXY was copied with; `--enable-aggregator-routing`
switched on, so that pods' addresses are dialled in place of the ClusterIP; a tool that gives every pod the variables.

## How to make sure
On the control-plane host: `tr '\0' '\n' < /proc/$(pgrep -o kube-apiserver)/environ | grep -i _proxy`. Of the two
spellings the first that has a value counts, upper case first. For metrics-server: `kubectl -n kube-system get pods -l
k8s-app=metrics-server -o yaml`, under `env`.

## Source
golang.org/x/net http/httpproxy/proxy.go; k8s.io/client-go transport/cache.go and apimachinery pkg/util/net/http.go
(NewProxierWithNoProxyCIDR; 0.36.3); kube-aggregator pkg/apiserver/resolvers.go; net/http transport.go (the answer to
CONNECT as the whole error). Seen with Kubernetes 1.36.3 and metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts.forms import Form
from msdoctor.model import (
    RULED_OUT,
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
from msdoctor.utterances import Speaker
from msdoctor.utterances.errors import Canceled, DeadlineExceeded, HTTPStatus, Started
from msdoctor.utterances.proxies import speaks_of_a_proxy
from msdoctor.utterances.reader import read_text

from ._registration import availability
from ._starting import changed_by, target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.diversion import Diversions, Diverted
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.processes import Component
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start
    from msdoctor.utterances import Utterance

# The API server restarts; availability is asked every 30 s.
SHOWS_WITHIN_SECONDS = 120
LOOK = "tr '\\0' '\\n' < /proc/$(pgrep -o kube-apiserver)/environ | grep -i _proxy"
VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (_exempted(blanks),)


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "nobody to ask"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "an HTTP proxy"}, likelihood=0.6),
        Says("ConnectionLost", hop=Hop.C, where={"way": ""}, likelihood=0.6),
        Says("HTTPStatus", hop=Hop.C, where={"code": "502"}, likelihood=0.7),
        # What a proxy says itself that opens TLS, or metrics-server of a caller whose certificate it took away. Whoever
        # installs a cluster with a tool has the front proxy's flags, and may forget its networks in NO_PROXY.
        Says("HTTPStatus", hop=Hop.D, where={"code": "403"}, likelihood=0.75),
        # no kubelet answers so (pkg/kubelet/server), but one that was put in between
        *(Says("HTTPStatus", hop=Hop.E, where={"code": code}, likelihood=0.6) for code in ("502", "503", "504")),
        Says("HTTPStatus", hop=Hop.C, where={"code": "503"}, likelihood=0.6),
        Says("HTTPStatus", hop=Hop.C, where={"code": "504"}, likelihood=0.7),
        Says("Dial", hop=Hop.C, where={"failure": "i/o timeout"}, likelihood=0.3),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.3),
        Says("OpenAPIUnread", likelihood=0.3),
        Says("NoResponse", likelihood=0.3),
        Says("DiscoveryFailed", likelihood=0.2),
        # net/http transport.go puts these words before whatever happens on the way to a proxy.
        *(
            Says(error, where={"outer": "proxyconnect tcp"})
            for error in ("Dial", "Lookup", "DeadlineExceeded", "ConnectionLost", "NotTLS", "UnknownAuthority")
        ),
        Says("ProxyAnswer", likelihood=0.9),
        Says("DeadlineExceeded", hop=Hop.C, likelihood=0.35),
    ),
    decide=(
        Look(
            LOOK,
            "HTTPS_PROXY, and a NO_PROXY without the range of Services or pods",
            "proxy-env-no_proxy",
            "the API server's host",
        ),
    ),
    advise=advise,
)
def proxy_env_no__proxy(
    diversions: Diversions,
    api_servers: tuple[Component, ...] | Unseen,
    apiservices: tuple[APIService, ...],
    installation: Installation | Unseen | None,
    starts: tuple[Start, ...] | Unseen,
    reaches: tuple[Reach, ...] | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    own = tuple(_of_metrics_server(diversions, those_seen(starts), those_seen(reaches), those_seen(log), repair))
    yield from own
    if not any(item.spec.service for item in apiservices):
        yield NotApplicable("no APIService of the metrics API names a Service that could be asked")
        return
    yield from _of_api_servers(diversions, those_seen(api_servers), apiservices, flow, repair)
    if isinstance(installation, Unseen) and not own:
        yield installation


# The API server's environment


def _of_api_servers(
    diversions: Diversions,
    servers: Sequence[Component],
    apiservices: Sequence[APIService],
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    said = [(item, _condition(item)) for item in apiservices if item.spec.service]
    heard = tuple(availability(item) for item, one in said if one and speaks_of_a_proxy(one))
    alone = len(servers) == len(diversions.aggregator)
    for diverted in diversions.aggregator:
        state = _state(said, flow) if alone else State.ACTIVE
        yield Finding(
            summary=(
                f"{diverted.variable} in the API server's environment sends what it asks of metrics-server at"
                f" {_all_of(diverted.to)} to the proxy {diverted.proxy}, and {_lacking(diverted)}."
                + ("" if state is not State.LATENT else " The proxy lets it through so far.")
            ),
            subjects=(diverted.subject,),
            evidence=(*diverted.evidence, *(heard or _silences(said))),
            effects=_what_follows(diversions, servers, flow),
            state=state,
            confidence=Confidence.CERTAIN if diverted.certain and (heard or not alone) else Confidence.LIKELY,
            since=diverted.server.started if diverted.server else None,
            changed="the API server was started",
            remedies=advise(_blanks(diverted, repair)),
        )
    if diversions.aggregator:
        return
    unseen = len(servers) == len(diversions.unseen_servers)
    if heard and unseen:
        yield _inferred(servers, heard, flow, repair)
    elif unseen and not _answers(flow):
        yield Unseen("the API server's environment was not seen")


def _condition(item: APIService) -> Utterance | None:
    """What the aggregator's own look last met; None where it went well."""
    condition = item.available
    if condition.status == "True" or not condition.message:
        return None
    return read_text(condition.message, speaker=Speaker.AGGREGATOR)


def _state(said: Sequence[tuple[APIService, Utterance | None]], flow: Flow | Unseen) -> State:
    """Whether the proxy is what fails now, of the only API server there is, or of all alike."""
    if _answers(flow) or any(item.available.status == "True" for item, _ in said):
        return State.LATENT
    errors = [one for _, one in said if one]
    if any(isinstance(one.error, HTTPStatus) for one in errors):
        return State.LATENT  # metrics-server answered
    if any(_is_through_a_proxy(one) for one in errors):
        return State.ACTIVE
    return State.NEXT


def _is_through_a_proxy(said: Utterance) -> bool:
    silent = isinstance(said.error, DeadlineExceeded | Canceled)
    return speaks_of_a_proxy(said) or silent


def _what_follows(diversions: Diversions, servers: Sequence[Component], flow: Flow | Unseen) -> tuple[Effect, ...]:
    """Where another API server asks metrics-server itself, metrics come and go."""
    effect = Effect(EffectKind.APISERVICE_UNAVAILABLE)
    if len(diversions.aggregator) == len(servers):
        return (effect,)
    return (Effect(EffectKind.COMES_AND_GOES), *(() if _answers(flow) else (effect,)))


def _answers(flow: Flow | Unseen) -> bool:
    return not isinstance(flow, Unseen) and flow.refusal is None and bool(flow.nodes)


def _inferred(
    servers: Sequence[Component], heard: tuple[Evidence, ...], flow: Flow | Unseen, repair: Repair
) -> Finding:
    effect = EffectKind.COMES_AND_GOES if _answers(flow) else EffectKind.APISERVICE_UNAVAILABLE
    return Finding(
        summary=(
            "The API server asks metrics-server through an HTTP proxy, which fails: HTTPS_PROXY is in its environment,"
            " and NO_PROXY lacks the address that it asks at. The environment itself was not seen."
        ),
        subjects=tuple(server.subject for server in servers) or ("process/kube-apiserver",),
        evidence=heard,
        effects=(Effect(effect),),
        confidence=Confidence.LIKELY,
        remedies=advise(repair.blanks()),
    )


def _silences(said: Sequence[tuple[APIService, Utterance | None]]) -> tuple[Evidence, ...]:
    return tuple(availability(item) for item, one in said if one and _is_through_a_proxy(one))


def _lacking(diverted: Diverted) -> str:
    return f"{diverted.exceptions} does not exempt that" if diverted.exceptions else "there is no NO_PROXY"


def _all_of(addresses: Sequence[str]) -> str:
    return addresses[0] if len(addresses) == 1 else f"{addresses[0]} and {len(addresses) - 1} more"


def _blanks(diverted: Diverted, repair: Repair) -> Blanks:
    server = diverted.server
    known = {
        "no_proxy": diverted.needed,
        "variable": diverted.exceptions,
        "proxy_variable": diverted.variable,
        "environment_file": diverted.file,
    }
    if server:
        known |= {"control_plane": server.host, "apiserver_form": str(server.form), "apiserver_file": server.file}
    return repair.blanks(**{blank: value for blank, value in known.items() if value})


def _exempted(blanks: Blanks) -> Remedy:
    """NO_PROXY as it should be, where it is given now, or else beside the proxy."""
    commands, undo = _in_manifest(blanks) if blanks["apiserver_form"] == Form.STATIC_POD else _in_unit(blanks)
    about = "a minute" if blanks["apiserver_form"] == Form.STATIC_POD else "10 s"
    return Remedy(
        advice=(
            "Exempt the cluster's own addresses from the proxy. Names in NO_PROXY do not help here, networks do. The"
            f" API server restarts, about {about}."
        ),
        commands=commands,
        on=f"control-plane/{blanks['control_plane']}",
        risks=(Risk.DISRUPTIVE,),
        undo=undo,
        verify=f"kubectl get apiservice {blanks['apiservice']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _in_manifest(blanks: Blanks) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Written beside its place and moved there: the kubelet must not read half a manifest, nor a backup there."""
    file, value = blanks["apiserver_file"], blanks["no_proxy"]
    beside = file.replace("/manifests/", "/")
    if "variable" in blanks:
        edit = f'/- name: {blanks["variable"]}$/{{n;s|value:.*|value: "{value}"|;}}'
    else:
        edit = f's|^\\( *\\)- name: {blanks["proxy_variable"]}$|\\1- name: NO_PROXY\\n\\1  value: "{value}"\\n&|'
    return (
        (f"cp {file} {beside}.before", f"sed '{edit}' {file} > {beside}.new", f"mv {beside}.new {file}"),
        (f"cp {beside}.before {beside}.new && mv {beside}.new {file}",),
    )


def _in_unit(blanks: Blanks) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A drop-in of the unit; where a file that the unit reads gives the variable, which comes before that, the file."""
    value, file = blanks["no_proxy"], blanks["environment_file"]
    restart = "systemctl daemon-reload && systemctl restart kube-apiserver"
    if "variable" in blanks and "environment_file" in blanks and not file.endswith((".service", ".conf")):
        edit = f"s|^{blanks['variable']}=.*|{blanks['variable']}={value}|"
        return (f"sed -i.before '{edit}' {file}", restart), (f"mv {file}.before {file} && {restart}",)
    folder = "/etc/systemd/system/kube-apiserver.service.d"
    drop_in = f"{folder}/no-proxy.conf"
    name = blanks.get("variable", "NO_PROXY")
    return (
        (
            f"mkdir -p {folder}",
            f"printf '[Service]\\nEnvironment=\"{name}={value}\"\\n' > {drop_in}",
            restart,
        ),
        (f"rm {drop_in} && {restart}",),
    )


# metrics-server's own


def _of_metrics_server(
    diversions: Diversions,
    starts: Sequence[Start],
    reaches: Sequence[Reach],
    log: Sequence[Utterance],
    repair: Repair,
) -> Iterator[Finding]:
    at_start = next((one for start in starts for one in reversed(start.said) if speaks_of_a_proxy(one)), None)
    heard = at_start or next((one for one in reversed(log) if speaks_of_a_proxy(one)), None)
    to_api_server, to_kubelets = diversions.to_api_server, diversions.to_kubelets
    blind = tuple(reach for reach in reaches if to_kubelets and reach.kubelet.dialled in to_kubelets.to and reach.blind)
    if to_api_server and any(_held_up(start) for start in starts):
        yield _own(to_api_server, "asks of the API server", (Effect(EffectKind.NOT_LISTENING),), heard, repair)
    elif to_kubelets and blind and not to_api_server:
        effects = tuple(Effect(EffectKind.SCRAPE_FAILS, reach.name) for reach in blind)
        complaints = tuple(reach.said.evidence for reach in blind if reach.said)
        yield _own(to_kubelets, "asks of the kubelets", effects, heard, repair, complaints[:1])
    elif at_start and not to_api_server:
        yield _own_inferred(at_start, repair)


def _held_up(start: Start) -> bool:
    """Whether a pod has come as far as to ask the API server, and no further as far as is known.

    Of a proxy that is silent it says nothing: it waits for half a minute, in which its liveness probe ends it.
    """
    last = start.said
    return start.ended is not None and all(isinstance(one.error, Started) or _is_through_a_proxy(one) for one in last)


def _own(
    diverted: Diverted,
    what: str,
    effects: tuple[Effect, ...],
    heard: Utterance | None,
    repair: Repair,
    complaints: tuple[Evidence, ...] = (),
) -> Finding:
    return Finding(
        summary=(
            f"{diverted.variable} in metrics-server's own environment sends what it {what} at {_all_of(diverted.to)} to"
            f" the proxy {diverted.proxy}, and {_lacking(diverted)}."
        ),
        subjects=(diverted.subject,),
        evidence=(*diverted.evidence, *((_line(heard, repair),) if heard else complaints)),
        effects=effects,
        confidence=Confidence.CERTAIN if heard else Confidence.LIKELY,
        remedies=(_without_proxy(repair.blanks()),),
    )


def _own_inferred(heard: Utterance, repair: Repair) -> Finding:
    return Finding(
        summary=(
            "metrics-server asks the API server through an HTTP proxy, which fails. Where its environment has the proxy"
            " from was not seen: a ConfigMap or Secret under `envFrom`, or its image."
        ),
        subjects=("process/metrics-server",),
        evidence=(_line(heard, repair),),
        effects=(Effect(EffectKind.NOT_LISTENING),),
        confidence=Confidence.LIKELY,
        remedies=(_with_empty_proxy(repair.blanks()),),
    )


def _line(said: Utterance, repair: Repair) -> Evidence:
    blanks = repair.blanks()
    return Evidence(
        saw=f"metrics-server says: {said.text}",
        where="log of metrics-server",
        how=f"kubectl -n {blanks['namespace']} logs deployment/{blanks['deployment']}",
        at=said.at,
    )


def _without_proxy(blanks: Blanks) -> Remedy:
    names = " ".join(f"{name}-" for name in VARIABLES)
    return changed_by(
        blanks,
        "Take the proxy out of metrics-server's environment: all that it asks is in the cluster.",
        f"kubectl set env {target(blanks)} {names}",
    )


def _with_empty_proxy(blanks: Blanks) -> Remedy:
    names = " ".join(f"{name}=" for name in VARIABLES)
    return changed_by(
        blanks,
        "Give metrics-server the proxy's variables without a value, which comes before what else gives them.",
        f"kubectl set env {target(blanks)} {names}",
    )

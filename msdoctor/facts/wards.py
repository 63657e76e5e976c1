"""Facts that are worked out together, ward by ward: each step takes what the ones before it found.

The order is that of knowing: what the API server is told to forward, what comes out at the other end, metrics-server as
it is installed and speaks, the nodes that it scrapes, and at last whom it takes the aggregator for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts import admission, processes, reach, registration, rights
from msdoctor.facts import authentication as authn
from msdoctor.facts import csrs as serving_csrs
from msdoctor.facts import flow as flows
from msdoctor.facts import installation as installs
from msdoctor.facts import kubelets as nodes_kubelets
from msdoctor.facts import starts as pod_starts
from msdoctor.facts.aggregator import Aggregator, aggregators
from msdoctor.facts.diversion import Diversions, diversions
from msdoctor.facts.front_proxy import named_user, refused_lately
from msdoctor.facts.leaving import Gone, gone, without
from msdoctor.facts.objects import HPA, APIService, Event, Node, decode
from msdoctor.facts.overload import Overload, not_by_its_own_lateness
from msdoctor.facts.overload import overload as overloaded
from msdoctor.facts.own_rights import OwnRights, own_rights
from msdoctor.facts.scrapes import FailedScrape, failed_scrapes
from msdoctor.model import Unseen, those_seen
from msdoctor.utterances import Speaker, Utterance
from msdoctor.utterances.reader import read_log


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """API servers and controller managers, and what is registered with them for metrics."""

    servers: tuple[processes.Component, ...]
    managers: tuple[processes.Component, ...]
    proxy_clients: tuple[authn.ProxyClient, ...] | Unseen
    apiservices: tuple[APIService, ...] | Unseen
    backend: registration.Backend | Unseen | None

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """What hosts and API tell of it."""
        servers = processes.components(bundle, "kube-apiserver")
        return cls(
            servers=servers,
            managers=processes.components(bundle, "kube-controller-manager"),
            proxy_clients=authn.proxy_clients(bundle, servers),
            apiservices=registration.apiservices(bundle),
            backend=registration.backend(bundle),
        )


@dataclass(frozen=True, slots=True)
class Consumption:
    """What comes out at the end, and who takes it."""

    flow: flows.Flow | Unseen
    running_pods: tuple[flows.RunningPod, ...] | Unseen
    hpas: tuple[HPA, ...] | Unseen
    may_read: bool | Unseen

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """What the API answers about it."""
        return cls(
            flow=flows.flow(bundle),
            running_pods=flows.running_pods(bundle),
            hpas=flows.resource_hpas(bundle),
            may_read=rights.allowed(bundle, rights.CALLER_READS_NODE_METRICS),
        )


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """metrics-server: each one that is installed, the one that serves, and what that one says.

    ``present`` is ``installation`` where there is one. ``authentication`` is how it knows who calls it.
    """

    installed: tuple[installs.Installation, ...] | Unseen
    installation: installs.Installation | Unseen | None
    present: installs.Installation | None
    authentication: authn.AuthenticationConfig | Unseen | None
    log: tuple[Utterance, ...] | Unseen
    failed_scrapes: tuple[FailedScrape, ...] | Unseen
    overload: Overload | None
    events: tuple[Event, ...]
    starts: tuple[pod_starts.Start, ...] | Unseen
    rights: OwnRights | None

    @classmethod
    def of(cls, bundle: Bundle, control: ControlPlane, consumption: Consumption) -> Self:
        """The one that serves is the one that the APIService leads to."""
        installed = installs.installations(bundle)
        installation = installed if isinstance(installed, Unseen) else installs.serving(installed, control.backend)
        present = installation if isinstance(installation, installs.Installation) else None
        log = _log(bundle, installation)
        late = overloaded(those_seen(control.apiservices), control.backend, present, log, bundle.taken_at)
        failed = log if isinstance(log, Unseen) else failed_scrapes(log, consumption.flow, present, bundle.taken_at)
        events = installs.events(bundle, present.pods) if present else ()
        return cls(
            installed=installed,
            installation=installation,
            present=present,
            authentication=_authentication(bundle, present),
            log=log,
            failed_scrapes=not_by_its_own_lateness(failed, present, log, bundle.taken_at),
            overload=late,
            events=events,
            starts=installed if isinstance(installed, Unseen) else pod_starts.starts(bundle, present, events),
            rights=own_rights(bundle, present, log, control.servers),
        )


def _authentication(
    bundle: Bundle, present: installs.Installation | None
) -> authn.AuthenticationConfig | Unseen | None:
    config = authn.authentication(bundle)
    if present is None or isinstance(config, Unseen):
        return config
    return authn.unless_given(config, present.flags, present.subject)


def _log(bundle: Bundle, installation: installs.Installation | Unseen | None) -> tuple[Utterance, ...] | Unseen:
    if not isinstance(installation, installs.Installation):
        return Unseen("no metrics-server to read a log of") if installation is None else installation
    documents = [bundle.at(Place("workstation", Kind.LOG, path)) for path in installs.log_paths(installation)]
    bodies = [document.body for document in documents if document.body is not None]
    if not bodies:
        refusal = documents[0].refusal if documents else "it has no pod"
        return Unseen(str(refusal), str(documents[0].place) if documents else "")
    said = (
        u
        for body in bodies
        for u in read_log(body.decode("utf-8", "replace").splitlines(), speaker=Speaker.METRICS_SERVER)
    )
    return tuple(said)


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes, and on each its kubelet as metrics-server meets it.

    Of those that are ``gone`` nothing is expected: neither kubelets nor reaches nor failed scrapes are told of them.
    ``met`` are kubelets before that.
    """

    listed: tuple[Node, ...] | Unseen
    expected: tuple[Node, ...] | Unseen
    gone: tuple[Gone, ...] | Unseen
    kubelets: tuple[nodes_kubelets.Kubelet, ...] | Unseen
    met: tuple[nodes_kubelets.Kubelet, ...] | Unseen
    processes: tuple[processes.Component, ...]
    requests: tuple[serving_csrs.ServingRequest, ...] | Unseen
    diversions: Diversions
    reaches: tuple[reach.Reach, ...] | Unseen
    failed_scrapes: tuple[FailedScrape, ...] | Unseen
    admissions: Mapping[str, admission.Admission | Unseen]

    @classmethod
    def of(cls, bundle: Bundle, control: ControlPlane, consumption: Consumption, server: MetricsServer) -> Self:
        """Whether a kubelet was found where its node says is known only when all were looked at."""
        listed = nodes_kubelets.nodes(bundle)
        own = processes.components(bundle, "kubelet")
        requests = serving_csrs.serving_requests(bundle)
        dialled = _dialled(bundle, listed, server, requests, own)
        diverted = _diverted(bundle, control, server, dialled, listed)
        reaches = reach.reaches(
            bundle, dialled, server.present, server.log, server.failed_scrapes, consumption.flow, own, diverted
        )
        met = dialled
        if not isinstance(dialled, Unseen) and not isinstance(reaches, Unseen):
            met = reach.judged_where_found(dialled, reaches)
        absent = gone(reaches, server.present)
        return cls(
            listed=listed,
            expected=without(listed, absent, lambda node: node.metadata.name),
            gone=absent,
            kubelets=without(met, absent, lambda kubelet: kubelet.name),
            met=met,
            processes=own,
            requests=requests,
            diversions=diverted,
            reaches=without(reaches, absent, lambda item: item.name),
            failed_scrapes=without(server.failed_scrapes, absent, lambda scrape: scrape.node),
            admissions=admission.admissions(bundle, own),
        )


def _dialled(
    bundle: Bundle,
    listed: tuple[Node, ...] | Unseen,
    server: MetricsServer,
    requests: tuple[serving_csrs.ServingRequest, ...] | Unseen,
    own: tuple[processes.Component, ...],
) -> tuple[nodes_kubelets.Kubelet, ...] | Unseen:
    if isinstance(listed, Unseen):
        return listed
    failed = those_seen(server.failed_scrapes)
    return nodes_kubelets.kubelets(bundle, listed, server.present, failed, those_seen(requests), own)


def _diverted(
    bundle: Bundle,
    control: ControlPlane,
    server: MetricsServer,
    dialled: tuple[nodes_kubelets.Kubelet, ...] | Unseen,
    listed: tuple[Node, ...] | Unseen,
) -> Diversions:
    return diversions(
        bundle,
        control.servers,
        control.managers,
        control.backend,
        those_seen(control.apiservices),
        server.present,
        those_seen(dialled),
        those_seen(listed),
    )


def presented(
    bundle: Bundle, control: ControlPlane, consumption: Consumption, server: MetricsServer
) -> tuple[Aggregator, ...] | Unseen:
    """Whom metrics-server takes each API server's aggregator for."""
    hpas, flow = those_seen(consumption.hpas), consumption.flow
    named = named_user(hpas, flow, consumption.may_read, bundle.context.user, server.authentication)
    heard = refused_lately(those_seen(server.log), flow, bundle.taken_at)
    apiservices = those_seen(control.apiservices)
    return aggregators(
        server.authentication, control.proxy_clients, control.servers, apiservices, named, heard, bundle.taken_at
    )


def files_beside(bundle: Bundle) -> Iterator[str]:
    """Every file that a folder of a host is seen to hold, as ``host:path``."""
    for document in bundle.of(Kind.DIRECTORY):
        names = decode(document, tuple[str, ...])
        for name in those_seen(names):
            yield f"{document.place.origin.removeprefix('host/')}:{document.place.path.rstrip('/')}/{name}"

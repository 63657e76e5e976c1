"""All facts of one look, each under the name by which checks ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.bundle import Bundle, Context
from msdoctor.facts import admission, asked_for, paths, processes, reach, registration, rights, scaling, vertical
from msdoctor.facts import authentication as authn
from msdoctor.facts import csrs as serving_csrs
from msdoctor.facts import flow as flows
from msdoctor.facts import installation as installs
from msdoctor.facts import kubelets as nodes_kubelets
from msdoctor.facts import starts as pod_starts
from msdoctor.facts.aggregator import Aggregator, foremost
from msdoctor.facts.api_way import ApiWay, api_ways
from msdoctor.facts.asked import Asked, asked
from msdoctor.facts.asked_for import AskedFor
from msdoctor.facts.contact import Trouble, troubles
from msdoctor.facts.distribution import Distribution, distribution
from msdoctor.facts.diversion import Diversions
from msdoctor.facts.endings import Ending, endings
from msdoctor.facts.figures import NodeFigures, figures
from msdoctor.facts.front_proxy import FrontProxy, front_proxies
from msdoctor.facts.gaps import Gap, gaps
from msdoctor.facts.inotify import Inotify, inotify
from msdoctor.facts.issuance import Refused as RefusedCertificate
from msdoctor.facts.issuance import refused_certificates
from msdoctor.facts.kubeadm import Drift, drifts
from msdoctor.facts.leaving import Gone
from msdoctor.facts.making import NotMade, not_made
from msdoctor.facts.network_policies import Policies
from msdoctor.facts.network_policies import policies as network_policies
from msdoctor.facts.objects import HPA, APIService, Event, Node, Service, Version, decode
from msdoctor.facts.other_metrics import OtherMetrics, other_metrics
from msdoctor.facts.overload import Overload
from msdoctor.facts.own_rights import READS_STATS, SCRAPES, OwnRights
from msdoctor.facts.own_token import OwnToken, own_token
from msdoctor.facts.pending import Pending, pending
from msdoctor.facts.placing import Placing, placings
from msdoctor.facts.readers import Reader, readers
from msdoctor.facts.repair import Repair, repair
from msdoctor.facts.replicas import Replicas, replicas
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.facts.server_certificate import ServerCertificate, refused, server_certificates
from msdoctor.facts.services import own_services
from msdoctor.facts.stranded import Stranded, stranded
from msdoctor.facts.verification import Verification, verification
from msdoctor.facts.wards import Consumption, ControlPlane, MetricsServer, Nodes, files_beside, presented
from msdoctor.facts.way import Way, way
from msdoctor.model import Unseen, those_seen
from msdoctor.utterances import Utterance


@dataclass(frozen=True)
class Cluster:
    """The facts. One that could not be had is ``Unseen``; ``None`` is "the API server answered that there is none".

    ``untrusted`` is why the look itself does not trust the API server, empty where it does. ``expiring_within`` is how
    long before its end a certificate is to be told of, None for the checks' own measure.
    """

    taken_at: datetime
    expiring_within: timedelta | None
    context: Context
    server_version: str | Unseen
    distribution: Distribution | Unseen
    apiservices: tuple[APIService, ...] | Unseen
    backend: registration.Backend | Unseen | None
    verification: Verification | Unseen | None
    way: Way | Unseen | None
    authentication: authn.AuthenticationConfig | Unseen | None
    api_server_asks_for: AskedFor | Unseen
    metrics_server_asks_for: AskedFor | Unseen
    api_servers: tuple[processes.Component, ...] | Unseen
    proxy_clients: tuple[authn.ProxyClient, ...] | Unseen
    front_proxies: tuple[FrontProxy, ...] | Unseen
    aggregators: tuple[Aggregator, ...] | Unseen
    aggregator: Aggregator | Unseen
    diversions: Diversions
    server_certificates: tuple[ServerCertificate, ...] | Unseen
    untrusted: str
    pending: tuple[Pending, ...] | Unseen
    kubeadm_drifts: tuple[Drift, ...] | Unseen
    installations: tuple[installs.Installation, ...] | Unseen
    own_services: tuple[Service, ...] | Unseen
    installation: installs.Installation | Unseen | None
    log: tuple[Utterance, ...] | Unseen
    failed_scrapes: tuple[FailedScrape, ...] | Unseen
    troubles: tuple[Trouble, ...] | Unseen
    overload: Overload | None
    events: tuple[Event, ...]
    starts: tuple[pod_starts.Start, ...] | Unseen
    refused_certificates: tuple[RefusedCertificate, ...] | Unseen
    not_made: NotMade | Unseen | None
    api_ways: tuple[ApiWay, ...] | Unseen
    policies: Policies | Unseen | None
    controller_managers: tuple[processes.Component, ...]
    nodes: tuple[Node, ...] | Unseen
    gone: tuple[Gone, ...] | Unseen
    expected_nodes: tuple[Node, ...] | Unseen
    placings: tuple[Placing, ...] | Unseen
    kubelets: tuple[nodes_kubelets.Kubelet, ...] | Unseen
    kubelet_processes: tuple[processes.Component, ...]
    inotify: Mapping[str, Inotify | Unseen]
    reaches: tuple[reach.Reach, ...] | Unseen
    stranded: Stranded | Unseen | None
    admissions: Mapping[str, admission.Admission | Unseen]
    asked: tuple[Asked, ...] | Unseen
    own_token: OwnToken | Unseen | None
    own_rights: OwnRights | Unseen | None
    csrs: tuple[serving_csrs.ServingRequest, ...] | Unseen
    flow: flows.Flow | Unseen
    replicas: Replicas
    running_pods: tuple[flows.RunningPod, ...] | Unseen
    figures: tuple[NodeFigures, ...] | Unseen
    hpas: tuple[HPA, ...] | Unseen
    vpas: tuple[vertical.Vertical, ...] | Unseen
    other_metrics: tuple[OtherMetrics, ...] | Unseen
    scaled: tuple[scaling.Scaled, ...] | Unseen
    endings: Mapping[str, Ending]
    readers: tuple[Reader, ...]
    may_read_metrics: bool | Unseen
    may_scrape: bool | Unseen
    may_read_stats: bool | Unseen
    scraper_role: str
    repair: Repair
    gaps: tuple[Gap, ...]


def read_facts(bundle: Bundle, expiring_within: timedelta | None = None) -> Cluster:
    """Parse a bundle. Pure: the same bundle gives the same facts, wherever and whenever."""
    control = ControlPlane.of(bundle)
    consumption = Consumption.of(bundle)
    server = MetricsServer.of(bundle, control, consumption)
    nodes = Nodes.of(bundle, control, consumption, server)
    taken = presented(bundle, control, consumption, server)
    whose = distribution(bundle, nodes.listed, (*control.servers, *nodes.processes))
    roots = nodes_kubelets.kubelet_roots(bundle, None)
    targets = scaling.scaled(bundle)
    present, rights_ = server.present, server.rights
    return Cluster(
        taken_at=bundle.taken_at,
        expiring_within=expiring_within,
        context=bundle.context,
        server_version=_version(bundle),
        distribution=whose,
        apiservices=control.apiservices,
        backend=control.backend,
        verification=verification(bundle, control.apiservices, control.backend, present, those_seen(roots)),
        way=way(bundle, control.backend, present, control.servers, those_seen(nodes.listed)),
        authentication=server.authentication,
        api_server_asks_for=asked_for.of_api_server(bundle),
        metrics_server_asks_for=asked_for.of_metrics_server(bundle, present),
        api_servers=control.servers or Unseen(processes.why_none(bundle, "kube-apiserver")),
        proxy_clients=control.proxy_clients,
        front_proxies=front_proxies(server.authentication, control.proxy_clients, bundle.taken_at),
        aggregators=taken,
        aggregator=foremost(taken),
        diversions=nodes.diversions,
        server_certificates=server_certificates(bundle, control.servers),
        untrusted=refused(bundle) or "",
        pending=pending(bundle, control.servers, server.authentication, those_seen(taken), bundle.taken_at),
        kubeadm_drifts=drifts(bundle, control.servers),
        installations=server.installed,
        own_services=own_services(bundle, server.installed, present),
        installation=server.installation,
        log=server.log,
        failed_scrapes=nodes.failed_scrapes,
        troubles=troubles(server.log, control.servers),
        overload=server.overload,
        events=server.events,
        starts=server.starts,
        refused_certificates=refused_certificates(bundle, server.starts),
        api_ways=api_ways(bundle, present, those_seen(server.starts), server.log, control.servers),
        policies=_policies(bundle, server, nodes),
        not_made=_not_made(bundle, server),
        controller_managers=control.managers,
        nodes=nodes.listed,
        gone=nodes.gone,
        expected_nodes=nodes.expected,
        placings=_placings(server, nodes),
        kubelets=nodes.kubelets,
        kubelet_processes=nodes.processes,
        inotify=inotify(bundle),
        reaches=nodes.reaches,
        stranded=stranded(nodes.reaches, present),
        admissions=nodes.admissions,
        asked=_asked(bundle, consumption, server, nodes),
        own_token=own_token(bundle, present, server.log, nodes.failed_scrapes, consumption.flow, nodes.processes),
        own_rights=server.installed if isinstance(server.installed, Unseen) else rights_,
        csrs=nodes.requests,
        flow=consumption.flow,
        replicas=replicas(bundle, consumption.flow),
        running_pods=consumption.running_pods,
        figures=_figures(bundle, consumption, server, nodes),
        hpas=consumption.hpas,
        vpas=vertical.vpas(bundle),
        other_metrics=other_metrics(bundle),
        scaled=targets,
        endings=endings(bundle, targets),
        readers=readers(bundle),
        may_read_metrics=consumption.may_read,
        may_scrape=rights_.may(SCRAPES) if rights_ else Unseen("no pod"),
        may_read_stats=rights_.may(READS_STATS) if rights_ else Unseen("no pod"),
        scraper_role=rights.role(bundle, rights.lists_nodes(service_account(present))) if present else "",
        repair=_repair(bundle, control, server, nodes, whose),
        gaps=gaps(bundle, those_seen(nodes.met)),
    )


def _version(bundle: Bundle) -> str | Unseen:
    version = decode(bundle.api(paths.VERSION), Version)
    return version if isinstance(version, Unseen) else version.git_version


def _policies(bundle: Bundle, server: MetricsServer, nodes: Nodes) -> Policies | Unseen | None:
    if isinstance(server.installed, Unseen):
        return server.installed
    return network_policies(bundle, server.present, those_seen(nodes.kubelets))


def _not_made(bundle: Bundle, server: MetricsServer) -> NotMade | Unseen | None:
    if isinstance(server.installed, Unseen):
        return server.installed
    return not_made(server.present, bundle.taken_at) if server.present else None


def _placings(server: MetricsServer, nodes: Nodes) -> tuple[Placing, ...] | Unseen:
    if isinstance(nodes.listed, Unseen):
        return nodes.listed
    return tuple(placings(nodes.listed, server.present.deployment.spec.template.spec)) if server.present else ()


def _asked(bundle: Bundle, consumption: Consumption, server: MetricsServer, nodes: Nodes) -> tuple[Asked, ...] | Unseen:
    failed, flow = nodes.failed_scrapes, consumption.flow
    return asked(nodes.kubelets, nodes.admissions, failed, flow, server.present, bundle.taken_at, nodes.reaches)


def _figures(
    bundle: Bundle, consumption: Consumption, server: MetricsServer, nodes: Nodes
) -> tuple[NodeFigures, ...] | Unseen:
    running, flow, failed = consumption.running_pods, consumption.flow, nodes.failed_scrapes
    return figures(nodes.expected, running, flow, failed, server.present, bundle.taken_at, nodes.kubelets)


def _repair(
    bundle: Bundle, control: ControlPlane, server: MetricsServer, nodes: Nodes, whose: Distribution | Unseen
) -> Repair:
    files = frozenset(files_beside(bundle))
    return repair(
        bundle,
        server.present,
        those_seen(control.apiservices),
        control.servers,
        nodes.processes,
        those_seen(nodes.listed),
        authn.front_proxy_files(bundle, files),
        files,
        None if isinstance(whose, Unseen) else whose,
    )


def service_account(installation: installs.Installation) -> str:
    """The user that metrics-server is to the API server and to kubelets."""
    name = installation.deployment.spec.template.spec.service_account_name
    return f"system:serviceaccount:{installation.namespace}:{name}"

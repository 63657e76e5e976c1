"""All facts of one look, each under the name by which checks ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.bundle import Bundle, Context, Kind, Place
from msdoctor.facts import admission, asked_for, paths, processes, reach, registration, rights, scaling, vertical
from msdoctor.facts import authentication as authn
from msdoctor.facts import csrs as serving_csrs
from msdoctor.facts import flow as flows
from msdoctor.facts import installation as installs
from msdoctor.facts import kubelets as nodes_kubelets
from msdoctor.facts import starts as pod_starts
from msdoctor.facts.aggregator import Aggregator, aggregators, foremost
from msdoctor.facts.api_way import ApiWay, api_ways
from msdoctor.facts.asked import Asked, asked
from msdoctor.facts.asked_for import AskedFor
from msdoctor.facts.contact import Trouble, troubles
from msdoctor.facts.distribution import Distribution, distribution
from msdoctor.facts.diversion import Diversions, diversions
from msdoctor.facts.endings import Ending, endings
from msdoctor.facts.figures import NodeFigures, figures
from msdoctor.facts.front_proxy import FrontProxy, front_proxies, named_user, refused_lately
from msdoctor.facts.gaps import Gap, gaps
from msdoctor.facts.inotify import Inotify, inotify
from msdoctor.facts.issuance import Refused as RefusedCertificate
from msdoctor.facts.issuance import refused_certificates
from msdoctor.facts.kubeadm import Drift, drifts
from msdoctor.facts.leaving import Gone, gone, without
from msdoctor.facts.making import NotMade, not_made
from msdoctor.facts.network_policies import Policies
from msdoctor.facts.network_policies import policies as network_policies
from msdoctor.facts.objects import HPA, APIService, Event, Node, Service, Version, decode
from msdoctor.facts.other_metrics import OtherMetrics, other_metrics
from msdoctor.facts.overload import Overload, not_by_its_own_lateness
from msdoctor.facts.overload import overload as overloaded
from msdoctor.facts.own_rights import READS_STATS, SCRAPES, OwnRights, own_rights
from msdoctor.facts.own_token import OwnToken, own_token
from msdoctor.facts.pending import Pending, pending
from msdoctor.facts.placing import Placing, placings
from msdoctor.facts.readers import Reader, readers
from msdoctor.facts.repair import Repair, repair
from msdoctor.facts.replicas import Replicas, replicas
from msdoctor.facts.scrapes import FailedScrape, failed_scrapes
from msdoctor.facts.server_certificate import ServerCertificate, refused, server_certificates
from msdoctor.facts.services import own_services
from msdoctor.facts.stranded import Stranded, stranded
from msdoctor.facts.verification import Verification, verification
from msdoctor.facts.way import Way, way
from msdoctor.model import Unseen, those_seen
from msdoctor.utterances import Speaker, Utterance
from msdoctor.utterances.reader import read_log


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
    apiservices = registration.apiservices(bundle)
    config = authn.authentication(bundle)
    servers = processes.components(bundle, "kube-apiserver")
    proxies = authn.proxy_clients(bundle, servers)
    backend = registration.backend(bundle)
    installed = installs.installations(bundle)
    installation = installed if isinstance(installed, Unseen) else installs.serving(installed, backend)
    present = installation if isinstance(installation, installs.Installation) else None
    if present and not isinstance(config, Unseen):
        config = authn.unless_given(config, present.flags, present.subject)
    log = _log(bundle, installation)
    listed = nodes_kubelets.nodes(bundle)
    flow = flows.flow(bundle)
    running = flows.running_pods(bundle)
    failed = log if isinstance(log, Unseen) else failed_scrapes(log, flow, present, bundle.taken_at)
    late = overloaded(those_seen(apiservices), backend, present, log, bundle.taken_at)
    failed = not_by_its_own_lateness(failed, present, log, bundle.taken_at)
    kubelet_processes = processes.components(bundle, "kubelet")
    requests = serving_csrs.serving_requests(bundle)
    kubelets = (
        listed
        if isinstance(listed, Unseen)
        else nodes_kubelets.kubelets(
            bundle,
            listed,
            present,
            those_seen(failed),
            those_seen(requests),
            kubelet_processes,
        )
    )
    managers = processes.components(bundle, "kube-controller-manager")
    diverted = diversions(
        bundle,
        servers,
        managers,
        backend,
        those_seen(apiservices),
        present,
        those_seen(kubelets),
        those_seen(listed),
    )
    reaches = reach.reaches(bundle, kubelets, present, log, failed, flow, kubelet_processes, diverted)
    if not isinstance(kubelets, Unseen) and not isinstance(reaches, Unseen):
        kubelets = reach.judged_where_found(kubelets, reaches)
    absent, met = gone(reaches, present), kubelets
    expected = without(listed, absent, lambda node: node.metadata.name)
    failed = without(failed, absent, lambda scrape: scrape.node)
    kubelets = without(kubelets, absent, lambda kubelet: kubelet.name)
    reaches = without(reaches, absent, lambda item: item.name)
    admissions = admission.admissions(bundle, kubelet_processes)
    told = installs.events(bundle, present.pods) if present else ()
    files = frozenset(_files_beside(bundle))
    version = decode(bundle.api(paths.VERSION), Version)
    hpas = flows.resource_hpas(bundle)
    targets = scaling.scaled(bundle)
    may_read = rights.allowed(bundle, rights.CALLER_READS_NODE_METRICS)
    named = named_user(those_seen(hpas), flow, may_read, bundle.context.user, config)
    heard = refused_lately(those_seen(log), flow, bundle.taken_at)
    taken = aggregators(config, proxies, servers, those_seen(apiservices), named, heard, bundle.taken_at)
    own = own_rights(bundle, present, log, servers)
    whose = distribution(bundle, listed, (*servers, *kubelet_processes))
    started = installed if isinstance(installed, Unseen) else pod_starts.starts(bundle, present, told)
    return Cluster(
        taken_at=bundle.taken_at,
        expiring_within=expiring_within,
        context=bundle.context,
        server_version=version if isinstance(version, Unseen) else version.git_version,
        distribution=whose,
        apiservices=apiservices,
        backend=backend,
        verification=verification(
            bundle, apiservices, backend, present, those_seen(nodes_kubelets.kubelet_roots(bundle, None))
        ),
        way=way(bundle, backend, present, servers, those_seen(listed)),
        authentication=config,
        api_server_asks_for=asked_for.of_api_server(bundle),
        metrics_server_asks_for=asked_for.of_metrics_server(bundle, present),
        api_servers=servers or Unseen(processes.why_none(bundle, "kube-apiserver")),
        proxy_clients=proxies,
        front_proxies=front_proxies(config, proxies, bundle.taken_at),
        aggregators=taken,
        aggregator=foremost(taken),
        diversions=diverted,
        server_certificates=server_certificates(bundle, servers),
        untrusted=refused(bundle) or "",
        pending=pending(bundle, servers, config, those_seen(taken), bundle.taken_at),
        kubeadm_drifts=drifts(bundle, servers),
        installations=installed,
        own_services=own_services(bundle, installed, present),
        installation=installation,
        log=log,
        failed_scrapes=failed,
        troubles=troubles(log, servers),
        overload=late,
        events=told,
        starts=started,
        refused_certificates=refused_certificates(bundle, started),
        api_ways=api_ways(bundle, present, those_seen(started), log),
        policies=installed
        if isinstance(installed, Unseen)
        else network_policies(bundle, present, those_seen(kubelets)),
        not_made=installed
        if isinstance(installed, Unseen)
        else not_made(present, bundle.taken_at)
        if present
        else None,
        controller_managers=managers,
        nodes=listed,
        gone=absent,
        expected_nodes=expected,
        placings=listed
        if isinstance(listed, Unseen)
        else tuple(placings(listed, present.deployment.spec.template.spec))
        if present
        else (),
        kubelets=kubelets,
        kubelet_processes=kubelet_processes,
        inotify=inotify(bundle),
        reaches=reaches,
        stranded=stranded(reaches, present),
        admissions=admissions,
        asked=asked(kubelets, admissions, failed, flow, present, bundle.taken_at, reaches),
        own_token=own_token(bundle, present, log, failed, flow, kubelet_processes),
        own_rights=installed if isinstance(installed, Unseen) else own,
        csrs=requests,
        flow=flow,
        replicas=replicas(bundle, flow),
        running_pods=running,
        figures=figures(expected, running, flow, failed, present, bundle.taken_at, kubelets),
        hpas=hpas,
        vpas=vertical.vpas(bundle),
        other_metrics=other_metrics(bundle),
        scaled=targets,
        endings=endings(bundle, targets),
        readers=readers(bundle),
        may_read_metrics=may_read,
        may_scrape=own.may(SCRAPES) if own else Unseen("no pod"),
        may_read_stats=own.may(READS_STATS) if own else Unseen("no pod"),
        scraper_role=rights.role(bundle, rights.lists_nodes(service_account(present))) if present else "",
        repair=repair(
            bundle,
            present,
            those_seen(apiservices),
            servers,
            kubelet_processes,
            those_seen(listed),
            authn.front_proxy_files(bundle, files),
            files,
            None if isinstance(whose, Unseen) else whose,
        ),
        gaps=gaps(bundle, those_seen(met)),
    )


def service_account(installation: installs.Installation) -> str:
    """The user that metrics-server is to the API server and to kubelets."""
    name = installation.deployment.spec.template.spec.service_account_name
    return f"system:serviceaccount:{installation.namespace}:{name}"


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


def _files_beside(bundle: Bundle) -> Iterator[str]:
    for document in bundle.of(Kind.DIRECTORY):
        names = decode(document, tuple[str, ...])
        for name in those_seen(names):
            yield f"{document.place.origin.removeprefix('host/')}:{document.place.path.rstrip('/')}/{name}"

"""Whether each kubelet is there and who reaches it: what everybody who dialled it met, and its last sign of life.

A dial is typed by its origin. metrics-server's own word counts for the pipeline; the API server's and the workstation's
tell only whether the kubelet answers anybody. A kubelet that lives renews its Lease every 10 s (kubernetes
pkg/kubelet/kubelet.go, nodeLeaseRenewIntervalFraction), whoever reaches its port or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from msdoctor import x509
from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place, Reason, Refusal
from msdoctor.facts import paths
from msdoctor.facts.diversion import Diversions
from msdoctor.facts.flow import Flow
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Held, Kubelet, KubeletProblem, met, tls_place
from msdoctor.facts.objects import Condition, LeaseList, Node, decode
from msdoctor.facts.processes import Component, Process
from msdoctor.facts.scrapes import OF_A_SCRAPE, FailedScrape
from msdoctor.model import Evidence, Unseen, those_seen
from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import DeadlineExceeded, Dial, InnermostError, Lookup, NoAddressOfType
from msdoctor.utterances.proxies import speaks_of_a_proxy
from msdoctor.utterances.reader import read_error

METRICS_SERVER = "metrics-server"
API_SERVER = "the API server"


class Outcome(StrEnum):
    """What came of a dial."""

    ANSWERS = "answers"  # something speaks there, whatever it says
    LATE = "late"  # it began to answer and was not done in time
    REFUSED = "refused"
    NO_ROUTE = "no route"
    SILENT = "silent"  # nothing came back in time: which phase that was, the caller does not tell


FAILURES = {
    "connection refused": Outcome.REFUSED,
    "no route to host": Outcome.NO_ROUTE,
    "network is unreachable": Outcome.NO_ROUTE,
    "host is down": Outcome.NO_ROUTE,
    "i/o timeout": Outcome.SILENT,
    "connection timed out": Outcome.SILENT,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One origin's newest dial of a kubelet."""

    origin: str
    outcome: Outcome
    at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Reach:
    """One node's kubelet, dialled.

    ``attempts`` has one for each origin that dialled it. ``said`` is metrics-server's newest complaint, which it has
    made at ``times`` scrapes on end, since ``since``. ``scraped``: whether fresh metrics come of it, None where that is
    not seen. ``last_sign`` is its last word to the API server. ``processes``: the kubelets in the process list of the
    node's own files, None where there is none to see. ``shared_with``: other nodes that are registered under the same
    address. ``found_at``: an address that is registered for no node, and where the kubelet answers all the same, with
    the certificate that its disk holds. ``unheard``: why metrics-server's own word is not to be had, empty if its log
    was read.
    """

    kubelet: Kubelet
    said: FailedScrape | None
    times: int
    since: datetime | None
    attempts: tuple[Attempt, ...]
    ready: Condition
    last_sign: datetime | None
    reporting: bool | None
    scraped: bool | None
    processes: tuple[Process, ...] | None
    process: Component | None
    hosts_metrics_server: bool
    shared_with: tuple[str, ...] = ()
    found_at: str = ""
    found: Evidence | None = None
    unheard: str = ""

    @property
    def name(self) -> str:
        """The node's name."""
        return self.kubelet.name

    @property
    def subject(self) -> str:
        """``node/k8s-node1``."""
        return self.kubelet.subject

    def by(self, origin: str) -> Attempt | None:
        """What one origin met."""
        return next((attempt for attempt in self.attempts if attempt.origin == origin), None)

    def outcome(self, origin: str) -> Outcome | None:
        """The same in one word; None where it did not dial, or is not known to have."""
        attempt = self.by(origin)
        return attempt.outcome if attempt else None

    @property
    def blind(self) -> bool:
        """Whether nothing comes of this node, as far as is seen."""
        return self.scraped is not True

    @property
    def lives(self) -> bool:
        """Whether the kubelet gave a sign of life after metrics-server's complaints began."""
        since = self.since
        if since is None:
            return False
        shaken = self.by(WORKSTATION)
        shakes = shaken is not None and shaken.outcome is Outcome.ANSWERS and shaken.at > since
        ran = any(process.started and process.started < since for process in self.processes or ())
        return self.reports_since or shakes or ran

    @property
    def reports_since(self) -> bool:
        """Whether it has reported to the API server after metrics-server's complaints began."""
        return bool(self.since and self.last_sign and self.last_sign > self.since)

    def sign(self) -> Evidence:
        """What the API server knows of the kubelet's life."""
        when = f", last sign of life {self.last_sign:%H:%M:%S}Z" if self.last_sign else ""
        reason = f" ({self.ready.reason})" if self.ready.reason else ""
        return Evidence(
            saw=f"condition Ready is {self.ready.status or 'not set'}{reason}{when}",
            where=f"Node {self.name} and its Lease",
            how=f"kubectl describe node {self.name}",
            at=self.last_sign,
        )


def reaches(
    bundle: Bundle,
    kubelets: Sequence[Kubelet] | Unseen,
    installation: Installation | None,
    log: Sequence[Utterance] | Unseen,
    failed: Sequence[FailedScrape] | Unseen,
    flow: Flow | Unseen,
    processes: Sequence[Component],
    diverted: Diversions | None = None,
) -> tuple[Reach, ...] | Unseen:
    """Every node's kubelet, in the order of the nodes. What a proxy gets in its place (``diverted``) dials none."""
    if isinstance(kubelets, Unseen):
        return kubelets
    said = {} if isinstance(failed, Unseen) else {item.node: item for item in failed}
    resolution = installation.resolution_seconds if installation else 60
    runs = _runs(those_seen(log), timedelta(seconds=2.5 * resolution))
    leases = _leases(bundle)
    asked = _asked_of_apiserver(bundle, installation)
    by_host = {component.host: component for component in processes}
    hosting = {pod.spec.node_name for pod in installation.pods} if installation else set()
    sharing: dict[str, list[str]] = {}
    for kubelet in kubelets:
        sharing.setdefault(kubelet.address, []).append(kubelet.name)
    nodes = tuple(kubelet.node for kubelet in kubelets)
    found = []
    for kubelet in kubelets:
        name = kubelet.name
        times, since = runs.get(name, (0, None))
        attempts = (
            *(
                ()
                if diverted and diverted.diverts(kubelet.dialled)
                else _by_metrics_server(said.get(name), bundle.taken_at)
            ),
            *asked.get(name, ())[:1],
            *_by_workstation(bundle, kubelet),
        )
        ready = next((c for c in kubelet.node.status.conditions if c.type == "Ready"), Condition())
        renewed, lasts = leases.get(name, (None, timedelta(seconds=40)))
        signs = [moment for moment in (renewed, ready.last_heartbeat_time) if moment]
        found_at, evidence = _found_elsewhere(bundle, kubelet, nodes)
        found.append(
            Reach(
                kubelet=kubelet,
                said=said.get(name),
                times=times if name in said else 0,
                since=since if name in said else None,
                attempts=attempts,
                ready=ready,
                last_sign=max(signs, default=None),
                reporting=_reporting(ready, renewed, lasts, bundle.taken_at),
                scraped=_scraped(flow, name, bundle.taken_at, resolution),
                processes=_processes(bundle, name),
                process=by_host.get(name),
                hosts_metrics_server=name in hosting,
                found_at=found_at,
                found=evidence,
                unheard=failed.reason if isinstance(failed, Unseen) else "",
                shared_with=tuple(n for n in sharing[kubelet.address] if n != name) if kubelet.address else (),
            )
        )
    return tuple(found)


def _runs(log: Sequence[Utterance], longest_pause: timedelta) -> dict[str, tuple[int, datetime | None]]:
    """By node: how often on end the newest complaint was made, and when first.

    Of scrapes that succeed the log says nothing, so a longer pause ends a run as another complaint does.
    """
    runs: dict[str, tuple[int, datetime | None]] = {}
    newest: dict[str, Outcome | type[InnermostError]] = {}
    ended: set[str] = set()
    for said in reversed(log):
        node = said.connection.node
        if not node or said.connection.hop not in OF_A_SCRAPE or node in ended:
            continue
        kind = outcome_of(said) or type(said.error)
        times, later = runs.get(node, (0, None))
        at = said.at if said.at and said.at.tzinfo else None
        if newest.setdefault(node, kind) != kind or (at and later and later - at > longest_pause):
            ended.add(node)
        else:
            runs[node] = (times + said.times, at or later)
    return runs


def outcome_of(said: Utterance) -> Outcome | None:
    """What came of metrics-server's dial, by its complaint; None where it never got as far as dialling."""
    error = said.error
    if speaks_of_a_proxy(said):
        return None
    if isinstance(error, Dial):
        return FAILURES.get(error.failure)
    if isinstance(error, DeadlineExceeded):
        began = any("failed to read response body" in wrapper for wrapper in said.outer)
        return Outcome.LATE if began else Outcome.SILENT
    return None if isinstance(error, Lookup | NoAddressOfType) else Outcome.ANSWERS


def _by_metrics_server(said: FailedScrape | None, now: datetime) -> Iterator[Attempt]:
    outcome = outcome_of(said.said) if said else None
    if said and outcome:
        at = said.said.at
        yield Attempt(METRICS_SERVER, outcome, at if at and at.tzinfo else now, said.evidence)


def _by_workstation(bundle: Bundle, kubelet: Kubelet) -> Iterator[Attempt]:
    if not kubelet.address:
        return
    document = bundle.at(tls_place(kubelet.address, kubelet.port))
    outcome, saw = Outcome.ANSWERS, "it shakes hands with the workstation"
    if document.refusal:
        met = _outcome_of_refusal(document.refusal)
        if met is None:
            return
        outcome, saw = met, f"the workstation: {document.refusal.detail}"
    elif kubelet.served is None:
        return  # something else answers there
    how = f"openssl s_client -connect {kubelet.dialled} </dev/null"
    yield Attempt(WORKSTATION, outcome, document.at, Evidence(saw, kubelet.dialled, how, at=document.at))


def _outcome_of_refusal(refusal: Refusal) -> Outcome | None:
    if refusal.reason is Reason.TIMEOUT:
        return Outcome.SILENT
    if refusal.reason is Reason.UNREACHABLE:
        return FAILURES.get(refusal.detail)
    return Outcome.ANSWERS if refusal.reason in (Reason.FAILED, Reason.MALFORMED) else None


def _asked_of_apiserver(bundle: Bundle, installation: Installation | None) -> dict[str, list[Attempt]]:
    """What the API server met where it asked a kubelet for the log of one of metrics-server's pods."""
    found: dict[str, list[Attempt]] = {}
    for pod in installation.pods if installation else ():
        place = Place(WORKSTATION, Kind.LOG, f"{pod.metadata.namespace}/{pod.metadata.name}/{_container(installation)}")
        document = bundle.at(place)
        outcome, saw = Outcome.ANSWERS, "it gives the API server the log of a pod"
        if document.refusal:
            error = read_error(document.refusal.detail)
            if isinstance(error, Dial) and error.failure in FAILURES:
                outcome, saw = FAILURES[error.failure], f"the API server, asked for a log there: {error.failure}"
            elif document.refusal.reason is Reason.TIMEOUT:
                outcome, saw = Outcome.SILENT, "the API server, asked for the log of a pod there, has no answer in time"
            else:
                continue
        how = f"kubectl -n {pod.metadata.namespace} logs {pod.metadata.name}"
        evidence = Evidence(saw, f"log of pod {pod.metadata.namespace}/{pod.metadata.name}", how, at=document.at)
        found.setdefault(pod.spec.node_name, []).append(Attempt(API_SERVER, outcome, document.at, evidence))
    return found


def _container(installation: Installation | None) -> str:
    return installation.container.name if installation else ""


def _leases(bundle: Bundle) -> dict[str, tuple[datetime | None, timedelta]]:
    leases = decode(bundle.api(paths.NODE_LEASES), LeaseList)
    items = () if isinstance(leases, Unseen) else leases.items
    return {
        item.metadata.name: (item.spec.renew_time, timedelta(seconds=item.spec.lease_duration_seconds or 40))
        for item in items
    }


def other_addresses(held: Held | None, nodes: Sequence[Node]) -> tuple[str, ...]:
    """Addresses that a kubelet's certificate is for and that are registered for no node."""
    if held is None:
        return ()
    known = {item.address for node in nodes for item in node.status.addresses} | {"127.0.0.1", "::1"}
    return tuple(address for address in held.leaf.ip_addresses if address not in known)


def _found_elsewhere(bundle: Bundle, kubelet: Kubelet, nodes: Sequence[Node]) -> tuple[str, Evidence | None]:
    for address in other_addresses(kubelet.on_disk, nodes) if kubelet.served is None else ():
        place = tls_place(address, kubelet.port)
        chain = met(bundle, place)
        if not isinstance(chain, Unseen) and kubelet.on_disk and chain[0].der == kubelet.on_disk.leaf.der:
            how = f"openssl s_client -connect {place.path} </dev/null"
            saw = f"there answers who serves the certificate of {kubelet.name}'s kubelet"
            return address, Evidence(saw, place.path, how, at=bundle.at(place).at)
    return "", None


def judged_where_found(kubelets: Sequence[Kubelet], reaches: Sequence[Reach]) -> tuple[Kubelet, ...]:
    """The kubelets without the blame for names that a certificate rightly lacks: its node's address is the wrong one.

    Nor is one blamed that was not met and is for an address of no node, in another network (by its first two bytes):
    which of the two is wrong is not to be seen.
    """
    found = {reach.name for reach in reaches if reach.found_at}
    nodes = tuple(kubelet.node for kubelet in kubelets)
    names = (x509.ProblemKind.NAME_MISMATCH, x509.ProblemKind.NO_IP_SANS)

    def rightly(kubelet: Kubelet, problem: KubeletProblem) -> bool:
        if problem.kind not in names or kubelet.name in found:
            return problem.kind not in names
        others = {
            address.split(".")[:2] == kubelet.address.split(".")[:2]
            for address in other_addresses(kubelet.on_disk, nodes)
        }
        return kubelet.served is not None or problem.first or False not in others

    return tuple(
        replace(kubelet, problems=tuple(problem for problem in kubelet.problems if rightly(kubelet, problem)))
        for kubelet in kubelets
    )


def _reporting(ready: Condition, renewed: datetime | None, lasts: timedelta, now: datetime) -> bool | None:
    """Whether the kubelet reports to the API server; the node controller writes Unknown when it has stopped."""
    if renewed:
        return now - renewed <= lasts
    return {"True": True, "False": True, "Unknown": False}.get(ready.status)


def _scraped(flow: Flow | Unseen, node: str, now: datetime, resolution: int) -> bool | None:
    if isinstance(flow, Unseen) or flow.refusal is not None:
        return None
    return flow.fresh(node, now, resolution)


def _processes(bundle: Bundle, node: str) -> tuple[Process, ...] | None:
    listed = decode(bundle.at(Place(f"host/{node}", Kind.PROCESS, "kubelet")), tuple[Process, ...])
    return None if isinstance(listed, Unseen) else listed

"""API objects of the cluster from one Truth: plain JSON values, as `kubectl replace` takes them."""

from collections.abc import Iterator
from dataclasses import replace

from lab import cert_manager, other_metrics, vertical
from lab.authorities import Authorities
from lab.objects import busy, metrics_server, own, registration, server_pod
from lab.objects.kinds import Object
from lab.truth import Hpa, MetricsServer, Truth

# Whom a remedy lets read metrics.
READERS = ("jane", "jane-nodes", "kube-system-horizontal-pod-autoscaler")
NOT_AT_HOME = "kube-public"
LEFTOVER = "metrics-server-legacy"


def wanted(truth: Truth, authorities: Authorities) -> list[Object]:
    """Every object that should be there."""
    found = [*own.access(), own.controllers_role(truth.hpa), *own.coredns(), *busy.wanted(truth)]
    server = truth.metrics_server
    if server.deployed:
        found += metrics_server.wanted(truth)
    found += _certificates(server, authorities)
    if truth.api_service:
        found.append(registration.wanted(truth, authorities))
        if truth.api_service.leftover:
            found.append(metrics_server.service(truth.api_service.service, {"app": "gone"}, "https"))
    if server.shut_in:
        found.append(metrics_server.shut_in())
    if server.pod.quota:
        found.append(metrics_server.quota())
    if truth.external:
        found += other_metrics.wanted(truth.external)
    if truth.vpa:
        found += vertical.wanted(truth.vpa)
    return found


def _certificates(server: MetricsServer, authorities: Authorities) -> Iterator[Object]:
    """What metrics-server serves, and who has issued it."""
    if server.issuer == "issued":
        yield from cert_manager.issued(server_pod.TLS_SECRET)
    elif server.issuer:
        yield from cert_manager.wanted(server.issuer, server_pod.TLS_SECRET)
    if server.tls_cert and server.issuer in (None, "issued"):
        yield metrics_server.tls_secret(server.tls_cert, authorities)


def unwanted_of_vpas(truth: Truth) -> list[tuple[str, str, str]]:
    """The same of what belongs to VPAs, in a cluster that has had some."""
    kept = {_identity(thing) for thing in vertical.wanted(truth.vpa)} if truth.vpa else set()
    return [identity for identity in vertical.identities() if identity not in kept]


def unwanted(truth: Truth, authorities: Authorities) -> list[tuple[str, str, str]]:
    """(kind, namespace, name) of the objects that should not be there; an empty namespace means cluster-wide.

    A Job is one in any case: its template cannot be changed, so it is made anew.
    """
    kept = {_identity(thing) for thing in wanted(truth, authorities) if thing["kind"] != "Job"}
    healthy = (*metrics_server.wanted(Truth()), registration.wanted(Truth(), authorities))
    everything = [_identity(thing) for thing in (*healthy, metrics_server.quota())]
    everything += [("Secret", "kube-system", server_pod.TLS_SECRET), ("Service", "kube-system", LEFTOVER)]
    everything += [(kind, "kube-system", metrics_server.ADAPTER) for kind in ("Service", "Deployment")]
    # Bindings and roles of other patients, and what their remedies make.
    everything += [_identity(metrics_server.shut_in()), ("NetworkPolicy", "kube-system", "metrics-server-needs")]
    everything += [
        ("ClusterRole", "", metrics_server.PART_OF_ROLE),
        ("ClusterRole", "", "metrics-reader-jane-nodes"),
        ("ServiceAccount", "kube-system", metrics_server.RENAMED),
    ]
    everything += [("ClusterRoleBinding", "", f"metrics-reader-{name}") for name in READERS]
    everything += [*other_metrics.identities(), *cert_manager.identities()]
    hpas = Hpa(second=True, batch=True, ended=True)
    everything += [_identity(thing) for thing in busy.wanted(replace(truth, hpa=hpas))]
    everything += [("HorizontalPodAutoscaler", NOT_AT_HOME, "busy"), ("CustomResourceDefinition", "", busy.FLEETS)]
    return [identity for identity in everything if identity not in kept]


def _identity(thing: Object) -> tuple[str, str, str]:
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]

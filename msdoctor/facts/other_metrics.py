"""The custom and the external metrics API: who is registered for each, who asks it, and who else would serve it.

They are other pipelines than the one of resource metrics, and share with it the APIService, the aggregator and the HPA.
An APIService can name one Service, so of two adapters for one group the other is never asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.objects import (
    HPA,
    APIService,
    APIServiceList,
    Condition,
    HPAList,
    Meta,
    Service,
    ServiceList,
    ServiceReference,
    decode,
)
from msdoctor.facts.registration import Backend, behind
from msdoctor.model import Evidence, Unseen, those_seen

EXTERNAL = "external.metrics.k8s.io"
# By group the types of metric that an HPA gets from it (kubernetes pkg/controller/podautoscaler/metrics/client.go).
GROUPS = {"custom.metrics.k8s.io": ("Pods", "Object"), EXTERNAL: ("External",)}
FAILED = ("FailedGetExternalMetric", "FailedGetPodsMetric", "FailedGetObjectMetric")
LABEL = "app.kubernetes.io/name"
RELEASE, RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


@dataclass(frozen=True, slots=True)
class Rival:
    """Another adapter that would serve the group: what shows it, and its Service where that is known."""

    words: str
    evidence: Evidence
    service: Service | None = None

    @property
    def release(self) -> str:
        """``namespace/name`` of the Helm release of its Service; empty where that says none."""
        return release(self.service.metadata) if self.service else ""


@dataclass(frozen=True, slots=True)
class Asker:
    """An HPA that gets metrics from such a group, and what it says if it gets none."""

    hpa: HPA
    said: Condition | None


@dataclass(frozen=True, slots=True)
class OtherMetrics:
    """One APIService of such a group that names a Service, and what stands behind it.

    ``asked_by``: the HPAs that get metrics from the group, those first that complain of it.
    """

    apiservice: APIService
    backend: Backend | Unseen
    asked_by: tuple[Asker, ...]
    rivals: tuple[Rival, ...]

    @property
    def name(self) -> str:
        """The APIService's name."""
        return self.apiservice.metadata.name

    @property
    def release(self) -> str:
        """``namespace/name`` of the Helm release that it belongs to; empty where it says none."""
        return release(self.apiservice.metadata)

    @property
    def how(self) -> str:
        """The command that shows it."""
        return f"kubectl get apiservice {self.name} -o yaml"

    @property
    def service(self) -> str:
        """``namespace/name`` of the Service that it names."""
        reference = self.apiservice.spec.service
        return f"{reference.namespace}/{reference.name}" if reference else ""


def wanted(bundle: Bundle) -> Iterator[str]:
    """What to read of them, where there are any."""
    found = _registered(bundle)
    for item in those_seen(found):
        if item.spec.service:
            yield paths.service(item.spec.service.namespace, item.spec.service.name)
            yield paths.slices(item.spec.service.namespace, item.spec.service.name)
    if any(item.spec.group == EXTERNAL for item in those_seen(found)):
        yield paths.KEDA_SERVICES


def other_metrics(bundle: Bundle) -> tuple[OtherMetrics, ...] | Unseen:
    """Every such APIService, in the order of their names."""
    found = _registered(bundle)
    if isinstance(found, Unseen):
        return found
    hpas = decode(bundle.api(paths.HPAS), HPAList)
    asking = () if isinstance(hpas, Unseen) else hpas.items
    services = decode(bundle.api(paths.KEDA_SERVICES), ServiceList)
    of_keda = () if isinstance(services, Unseen) else services.items
    return tuple(
        _one(bundle, item, item.spec.service, found, asking, of_keda if item.spec.group == EXTERNAL else ())
        for item in found
        if item.spec.service
    )


def _registered(bundle: Bundle) -> tuple[APIService, ...] | Unseen:
    listed = decode(bundle.api(paths.APISERVICES), APIServiceList)
    if isinstance(listed, Unseen):
        return listed
    ours = (item for item in listed.items if item.spec.group in GROUPS)
    return tuple(sorted(ours, key=lambda item: item.metadata.name))


def _complaint(hpa: HPA) -> Condition | None:
    return next((one for one in hpa.status.conditions or () if one.status == "False" and one.reason in FAILED), None)


def _one(
    bundle: Bundle,
    item: APIService,
    named: ServiceReference,
    registered: Sequence[APIService],
    hpas: Sequence[HPA],
    of_keda: Sequence[Service],
) -> OtherMetrics:
    backend = behind(bundle, named)
    asking = (
        Asker(hpa, _complaint(hpa))
        for hpa in hpas
        if any(metric.type in GROUPS[item.spec.group] for metric in hpa.spec.metrics)
    )
    rivals = (*_by_version(item, named, registered), *_keda(named, of_keda), *_by_release(item, backend))
    return OtherMetrics(
        apiservice=item,
        backend=backend,
        asked_by=tuple(sorted(asking, key=lambda one: (one.said is None, one.hpa.key))),
        rivals=rivals,
    )


def _by_version(item: APIService, mine: ServiceReference, registered: Sequence[APIService]) -> Iterator[Rival]:
    """A group's versions are one API: clients ask the one that they prefer, and never the other."""
    for other in registered:
        named = other.spec.service
        if other.spec.group != item.spec.group or named is None or _key(named) == _key(mine):
            continue
        name, where = other.metadata.name, f"{named.namespace}/{named.name}"
        how = f"kubectl get apiservice {name} -o yaml"
        yield Rival(
            f"{where}, which {name} names", Evidence(f"it names the Service {where}", f"APIService {name}", how)
        )


def _keda(named: ServiceReference, of_keda: Sequence[Service]) -> Iterator[Rival]:
    """KEDA's adapter has no other use than to serve this group, and every ScaledObject's HPA asks for it there."""
    if any(_key(one.metadata) == _key(named) for one in of_keda):
        return
    for one in of_keda:
        namespace, name = _key(one.metadata)
        how = f"kubectl -n {namespace} get service {name} --show-labels"
        saw = f"KEDA's adapter is installed: label {LABEL}={one.metadata.labels.get(LABEL)}"
        yield Rival(f"KEDA's {namespace}/{name}", Evidence(saw, f"Service {namespace}/{name}", how), one)


def _by_release(item: APIService, backend: Backend | Unseen) -> Iterator[Rival]:
    """Whose release an APIService is need not be whose Service it names: then somebody has written over it."""
    service = None if isinstance(backend, Unseen) else backend.service
    owner, named = release(item.metadata), release(service.metadata) if service else ""
    if owner and named and owner != named:
        name = item.metadata.name
        saw = f"it belongs to the Helm release {owner}, and the Service that it names to {named}"
        evidence = Evidence(saw, f"APIService {name}, annotations", f"kubectl get apiservice {name} -o yaml")
        yield Rival(f"the Helm release {owner}", evidence)


def release(metadata: Meta) -> str:
    """``namespace/name`` of the Helm release that an object belongs to; empty where it says none."""
    name = metadata.annotations.get(RELEASE, "")
    return f"{metadata.annotations.get(RELEASE_NAMESPACE, '')}/{name}" if name else ""


def _key(named: Meta | ServiceReference) -> tuple[str, str]:
    return named.namespace, named.name

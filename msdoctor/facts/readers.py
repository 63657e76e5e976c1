"""Who may read metrics: the caller, somebody else who was named, and an HPA's controller.

The API server asks itself whether a user may read metrics.k8s.io before it forwards anything, and metrics-server asks
the API server again; both by verb, resource and namespace, so that one review answers for both (k8s.io/kube-aggregator
pkg/apiserver/handler_proxy.go behind the authorization of every request; metrics-server pkg/server/config.go).

What each consumer asks: kubectl pkg/cmd/top/top_node.go (metrics of nodes, then the nodes themselves) and top_pod.go;
kubernetes pkg/controller/podautoscaler/metrics/client.go, GetResourceMetric (1.36.3); VPA's recommender (1.8.1,
pkg/recommender/input/metrics/metrics_client.go) those of the pods of all namespaces, or of one if it was told so.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from msdoctor.bundle import CALLER, WORKSTATION, Bundle, Kind, Place, review_path
from msdoctor.facts import paths, vertical
from msdoctor.facts.flow import resource_hpas, running_pods
from msdoctor.facts.front_proxy import HPA_CONTROLLERS
from msdoctor.facts.objects import HPA, Condition, Pod, PodList, Review, decode
from msdoctor.facts.rbac import Bond, Rbac, Request, User, allows, rbac, service_account
from msdoctor.model import Unseen, those_seen
from msdoctor.utterances.errors import Forbidden
from msdoctor.utterances.reader import read_error

METRICS = "metrics.k8s.io"
NODE_METRICS = Request("list", "nodes", METRICS)
POD_METRICS = Request("list", "pods", METRICS)
NODES = Request("list", "nodes")
TOP_NODES, TOP_PODS = "kubectl top nodes", "kubectl top pods"
SCALES = "scaling by an HPA"
RECOMMENDS = "recommending by a VPA"

CONTROLLERS_ROLE = "system:controller:horizontal-pod-autoscaler"
CONTROLLER = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
RECOMMENDERS_ROLE = "system:metrics-reader"  # deploy/vpa-rbac.yaml
NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MOST_NAMESPACES = 20  # asked about one by one, of a user who may not read those of all

# Flags with which it does not list the metrics of every pod, or asks another source (pkg/recommender/config).
ELSEWHERE_BY = ("vpa-object-namespace", "use-external-metrics", "recommender-name")

# The role that metrics-server's manifest and its chart bring (0.8.0 manifests/base/rbac.yaml; chart 3.13.0
# templates/clusterrole-aggregated-reader.yaml), the manifest's first.
READERS = ("system:aggregated-metrics-reader", "system:metrics-server-aggregated-reader")


class Why(StrEnum):
    """Why somebody is asked about."""

    CALLER = "it is who looks"
    NAMED = "--for-user names them"
    SCALES = "HPAs are computed in its name"
    RECOMMENDS = "VPAs are computed in its name"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one request that a consumer makes is allowed. ``by`` is the API server's reason, empty where none."""

    consumer: str
    request: Request
    allowed: bool | Unseen
    by: str = ""

    @property
    def resource(self) -> str:
        """``pods.metrics.k8s.io``, as kubectl writes it."""
        return f"{self.request.resource}.{self.request.group}" if self.request.group else self.request.resource


@dataclass(frozen=True, slots=True)
class Bound:
    """How rights to read metrics may be given: the role that has just these, empty where there is none that was seen.

    ``known``: whether roles and bindings were read. ``has_controllers_role``: whether the role of an HPA's controller
    is there and lets it list the metrics of pods; ``lacks_controllers_binding``: whether none of its name is there.
    ``has_recommenders_role``: whether that of VPA's recommender is there.
    ``namespaces`` are those in which the user has rights by name.
    """

    known: bool = False
    reader: str = ""
    has_controllers_role: bool = False
    lacks_controllers_binding: bool = False
    has_recommenders_role: bool = False
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """One user, and what they may read. ``blind_hpas`` are those that its refusal keeps from computing.

    ``vpas`` are those that are computed in its name.
    ``others_read``: whether metrics were seen to come to somebody else.
    """

    user: str
    groups: tuple[str, ...]
    why: Why
    answers: tuple[Answer, ...]
    bound: Bound
    blind_hpas: tuple[HPA, ...] = ()
    vpas: tuple[vertical.Vertical, ...] = ()
    others_read: bool = False

    @property
    def is_caller(self) -> bool:
        """Whether it is who looks."""
        return self.why is Why.CALLER

    @property
    def scales(self) -> bool:
        """Whether HPAs are computed in its name."""
        return self.why is Why.SCALES

    @property
    def recommends(self) -> bool:
        """Whether VPAs are computed in its name."""
        return self.why is Why.RECOMMENDS

    @property
    def subject(self) -> str:
        """``user/viewer``."""
        return f"user/{self.user or 'caller'}"

    @property
    def lacks_nodes(self) -> bool:
        """Whether they may not list the nodes themselves."""
        return any(item.request == NODES and item.allowed is False for item in self.answers)

    def how(self, answer: Answer) -> str:
        """The command that shows an answer again; one's own is asked in one's own name."""
        request = answer.request
        where = f" -n {request.namespace}" if request.namespace else " -A" if request.resource == "pods" else ""
        whose = "" if self.is_caller else "".join(_as(self.user, self.groups))
        return f"kubectl auth can-i {request.verb} {answer.resource}{where}{whose}"

    @property
    def denied(self) -> tuple[Answer, ...]:
        """What of metrics.k8s.io they may not read in the whole cluster, nor in each namespace that matters."""
        refused = [item for item in self.answers if item.allowed is False and item.request.group == METRICS]
        if self.why is Why.SCALES:
            return tuple(item for item in refused if item.request.namespace)
        return tuple(item for item in refused if not item.request.namespace)

    @property
    def unseen(self) -> Unseen | None:
        """Why an answer could not be had."""
        return next((item.allowed for item in self.answers if isinstance(item.allowed, Unseen)), None)

    @property
    def granted_in(self) -> tuple[str, ...]:
        """The namespaces whose pods' metrics they may read, where they may not read all."""
        inside = (item for item in self.answers if item.request.group == METRICS and item.allowed is True)
        return tuple(item.request.namespace for item in inside if item.request.namespace)


def _as(user: str, groups: Sequence[str]) -> Iterator[str]:
    yield f" --as={_quoted(user, 'USER')}"
    yield from (f" --as-group={_quoted(group, 'GROUP')}" for group in groups)


def _quoted(name: str, blank: str) -> str:
    return shlex.quote(name) if name.isprintable() else f"<{blank}>"


# Whom to ask about, and what


def wanted(bundle: Bundle) -> Iterator[Place]:
    """Reviews: of the whole cluster first, then, for whoever may not read that, namespace by namespace."""
    for user, groups, why in _askers(bundle):
        yield from (_place(user, groups, request) for _, request in _whole(bundle, why))
        yield from (_place(user, groups, request) for request in _by_namespace(bundle, user, groups, why))
    # Who may not read metrics may read roles even less.
    others = [asker for asker in _askers(bundle) if asker[2] is not Why.CALLER]
    if any(_is_refused(bundle, user, groups, why) for user, groups, why in others):
        yield from (Place(WORKSTATION, Kind.API, path) for path in paths.RBAC)


def readers(bundle: Bundle) -> tuple[Reader, ...]:
    """Everybody who was asked about; the caller first."""
    known = rbac(bundle)
    return tuple(_reader(bundle, known, user, groups, why) for user, groups, why in _askers(bundle))


def _askers(bundle: Bundle) -> Iterator[tuple[str, tuple[str, ...], Why]]:
    other = bundle.context.for_user
    yield CALLER, (), Why.CALLER
    if other:
        yield other, bundle.context.for_groups, Why.NAMED
    named = {error.user for _, error in _refused_controllers(bundle)}
    scaling = [name for name in HPA_CONTROLLERS if name in named] or ([CONTROLLER] if other else [])
    yield from ((name, (), Why.SCALES) for name in scaling if name != other)
    yield from ((name, (), Why.RECOMMENDS) for name in _recommenders(bundle) if name != other)


def _recommenders(bundle: Bundle) -> Sequence[str]:
    """Whom VPA's recommender runs as, where there are VPAs, and it asks in every namespace."""
    if not those_seen(vertical.vpas(bundle)):
        return ()
    pods = decode(bundle.api(paths.RUNNING_PODS), PodList)
    names = (_account(pod) for pod in (() if isinstance(pods, Unseen) else pods.items) if _recommends(pod))
    return tuple(dict.fromkeys(names))


def _account(pod: Pod) -> str:
    return f"system:serviceaccount:{pod.metadata.namespace}:{pod.spec.service_account_name}"


def _recommends(pod: Pod) -> bool:
    """Whether it is upstream's recommender, by its labels (deploy/recommender-deployment.yaml, charts), for all."""
    labels = pod.metadata.labels
    is_it = labels.get("app") == "vpa-recommender" or (
        labels.get("app.kubernetes.io/component") == "recommender"
        and "vertical-pod-autoscaler" in (labels.get("app.kubernetes.io/name"), labels.get("app.kubernetes.io/part-of"))
    )
    words = [word for container in pod.spec.containers for word in (*container.command, *container.args)]
    return is_it and not any(word.lstrip("-").partition("=")[0] in ELSEWHERE_BY for word in words)


def _refused_controllers(bundle: Bundle) -> Iterator[tuple[HPA, Forbidden]]:
    """HPAs whose controller is told that it may not read metrics, in its own name: of nobody else it is the fault."""
    for hpa in those_seen(resource_hpas(bundle)):
        for condition in hpa.status.conditions or ():
            error = _forbidden(condition)
            if error is not None and error.user in HPA_CONTROLLERS:
                yield hpa, error


def _forbidden(condition: Condition) -> Forbidden | None:
    if condition.status != "False" or METRICS not in condition.message:
        return None
    error = read_error(condition.message)
    return error if isinstance(error, Forbidden) else None


def _whole(bundle: Bundle, why: Why) -> Iterator[tuple[str, Request]]:
    """What is asked of the whole cluster. Of the caller only what no answer has told."""
    if why is Why.SCALES:
        yield SCALES, POD_METRICS
        return
    if why is Why.RECOMMENDS:
        yield RECOMMENDS, POD_METRICS
        return
    yield TOP_NODES, NODE_METRICS
    pods = bundle.api(paths.POD_METRICS).refusal
    if why is Why.NAMED or (pods is not None and pods.status == 403):
        yield TOP_PODS, POD_METRICS
    if why is Why.NAMED:
        yield TOP_NODES, NODES


def _by_namespace(bundle: Bundle, user: str, groups: tuple[str, ...], why: Why) -> Iterator[Request]:
    if why is not Why.RECOMMENDS and _allowed(bundle, _place(user, groups, POD_METRICS)) is False:
        yield from (replace(POD_METRICS, namespace=name) for name in _namespaces(bundle, user, groups, why))


def _namespaces(bundle: Bundle, user: str, groups: tuple[str, ...], why: Why) -> Sequence[str]:
    """Those that matter: where they have rights by name, where HPAs are, or where pods run; an account's own first."""
    hpas = [hpa.metadata.namespace for hpa in those_seen(resource_hpas(bundle))]
    if why is Why.SCALES:
        return tuple(dict.fromkeys(hpas))[:MOST_NAMESPACES]
    account = user.split(":")[2:3] if user.startswith("system:serviceaccount:") else []
    pods = sorted(pod.key.partition("/")[0] for pod in those_seen(running_pods(bundle)))
    known = rbac(bundle) if why is Why.NAMED else Unseen("nobody else is asked about")
    by_name = () if isinstance(known, Unseen) else _bound(known, _as_user(user, groups)).namespaces
    return tuple(dict.fromkeys((*account, *by_name, *hpas, *pods)))[:MOST_NAMESPACES]


def _is_refused(bundle: Bundle, user: str, groups: tuple[str, ...], why: Why) -> bool:
    return any(_allowed(bundle, _place(user, groups, request)) is False for _, request in _whole(bundle, why))


# The answers


def _place(user: str, groups: tuple[str, ...], request: Request) -> Place:
    resource = f"{request.group}/{request.resource}"
    return Place(WORKSTATION, Kind.REVIEW, review_path(user, groups, request.verb, resource, request.namespace))


def _allowed(bundle: Bundle, place: Place) -> bool | Unseen:
    review = decode(bundle.at(place), Review)
    return review if isinstance(review, Unseen) else review.status.allowed


def _reader(bundle: Bundle, known: Rbac | Unseen, user: str, groups: tuple[str, ...], why: Why) -> Reader:
    asked = [*_whole(bundle, why)]
    consumer = SCALES if why is Why.SCALES else TOP_PODS
    asked += [(consumer, request) for request in _by_namespace(bundle, user, groups, why)]
    name = _own_name(bundle) if user == CALLER else user
    member_of = bundle.context.groups if user == CALLER else groups
    blind = {hpa.key: hpa for hpa, error in _refused_controllers(bundle) if user and error.user == user}
    return Reader(
        user=name,
        groups=member_of,
        why=why,
        answers=tuple(_answer(bundle, user, groups, consumer, request) for consumer, request in asked),
        bound=Bound() if isinstance(known, Unseen) else _bound(known, _as_user(name, member_of)),
        blind_hpas=tuple(blind.values()),
        vpas=vertical.that_need_metrics(vertical.vpas(bundle)) if why is Why.RECOMMENDS else (),
        others_read=_others_read(bundle, why),
    )


def _own_name(bundle: Bundle) -> str:
    """Who the caller is to the API server, by its refusal; a kubeconfig may call them something else."""
    refusal = bundle.api(paths.NODE_METRICS).refusal
    error = read_error(refusal.detail) if refusal and refusal.status == 403 else None
    return error.user if isinstance(error, Forbidden) and error.user else bundle.context.user


def _others_read(bundle: Bundle, why: Why) -> bool:
    """Whether the caller was answered, or some HPA computes."""
    answered = bundle.api(paths.NODE_METRICS).body is not None and why is not Why.CALLER
    computing = (
        condition.type == "ScalingActive" and condition.status == "True"
        for hpa in those_seen(resource_hpas(bundle))
        for condition in hpa.status.conditions or ()
    )
    return answered or (why is not Why.SCALES and any(computing))


def _answer(bundle: Bundle, user: str, groups: tuple[str, ...], consumer: str, request: Request) -> Answer:
    review = decode(bundle.at(_place(user, groups, request)), Review)
    if isinstance(review, Unseen):
        return Answer(consumer, request, review)
    return Answer(consumer, request, review.status.allowed, review.status.reason)


def _as_user(name: str, groups: Sequence[str]) -> User:
    """Somebody with the groups that the API server gives to all of their kind."""
    parts = name.split(":")
    if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
        account = service_account(parts[2], parts[3])
        return User(name, account.groups | frozenset(groups))
    return User(name, frozenset((*groups, "system:authenticated")))


def _bound(known: Rbac, user: User) -> Bound:
    here = (name for name in READERS if _reads(known, name, NODE_METRICS) and _reads(known, name, POD_METRICS))
    spaces = {bond.namespace for bond in known.bonds if bond.namespace and bond.applies_to(user) and _named(bond)}
    named = sorted(name for name in spaces if NAMESPACE.fullmatch(name))
    return Bound(
        known=True,
        reader=next(here, ""),
        has_controllers_role=_reads(known, CONTROLLERS_ROLE, POD_METRICS),
        has_recommenders_role=_reads(known, RECOMMENDERS_ROLE, POD_METRICS),
        lacks_controllers_binding=not any(bond.name == CONTROLLERS_ROLE and not bond.namespace for bond in known.bonds),
        namespaces=tuple(named),
    )


def _reads(known: Rbac, role: str, request: Request) -> bool:
    found = known.roles.get(("", role))
    return found is not None and any(allows(rule, request) for rule in known.rules_of(found))


def _named(bond: Bond) -> bool:
    """Whether somebody has meant this user: a binding of everybody says nothing of anybody's work."""
    return any(subject.kind != "Group" or not subject.name.startswith("system:") for subject in bond.subjects)

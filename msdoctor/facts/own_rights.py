"""What metrics-server's ServiceAccount may do, of what it has to, and what is bound in place of what is lacking.

The API server answers each question itself, where it lets the caller ask on behalf of others. Where it does not, the
answer is worked out from the roles and bindings; those are read only where an answer is no, or was not to be had.

Sources: metrics-server manifests/base/rbac.yaml and pkg/server/config.go (0.8.0: informers of nodes and of pods);
apiserver pkg/server/options/authentication.go and authorization.go, pkg/authentication/request/headerrequest and
pkg/server/dynamiccertificates/configmap_cafile_content.go (what of the ConfigMap is got once, and what is watched).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts import paths
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Review, Subject, decode
from msdoctor.facts.processes import Component
from msdoctor.facts.rbac import Bond, Rbac, Request, User, allows, rbac, service_account
from msdoctor.model import Unseen
from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import Forbidden

SYSTEM = "kube-system"
CONFIG = "extension-apiserver-authentication"
READS_CONFIG = Request("get", "configmaps", "", SYSTEM, CONFIG)
FOLLOWS_CONFIG = tuple(Request(verb, "configmaps", "", SYSTEM, CONFIG) for verb in ("list", "watch"))
ASKS_WHO = Request("create", "tokenreviews", "authentication.k8s.io")
ASKS_WHETHER = Request("create", "subjectaccessreviews", "authorization.k8s.io")
LISTS = tuple(Request("list", resource) for resource in ("nodes", "pods"))
WATCHES = tuple(Request("watch", resource) for resource in ("nodes", "pods"))
SCRAPES, READS_STATS = Request("get", "nodes/metrics"), Request("get", "nodes/stats")
EVERYTHING = (READS_CONFIG, *FOLLOWS_CONFIG, ASKS_WHO, ASKS_WHETHER, *LISTS, *WATCHES, SCRAPES, READS_STATS)

# The role that upstream's manifest binds for each, by the kind of binding that it takes.
AUTH_READER, DELEGATOR, OWN_ROLE = f"{CONFIG}-reader", "system:auth-delegator", "system:metrics-server"
# With these its requests to the API server do not go out in the name of its ServiceAccount.
OTHER_IDENTITIES = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")


class By(StrEnum):
    """How an answer was come by."""

    REVIEW = "SubjectAccessReview"
    OBJECTS = "roles and bindings"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether something is allowed, and who says so."""

    allowed: bool
    by: By


class Fault(StrEnum):
    """Why a binding that looks like the right one does not do."""

    NO_ROLE = "its role does not exist"
    ROLE_LACKS = "its role does not allow it"
    OTHERS = "it is of others"
    ELSEWHERE = "it is in another namespace"


@dataclass(frozen=True, slots=True)
class Instead:
    """A binding that is there in place of the right one. ``aggregated``: its role is put together by a controller."""

    bond: Bond
    fault: Fault
    text: str
    aggregated: bool = False


@dataclass(frozen=True, slots=True)
class OwnRights:
    """Answers about one ServiceAccount, by what was asked."""

    namespace: str
    account: str
    answers: Mapping[Request, Answer | Unseen]
    rbac: Rbac | Unseen
    heard: Mapping[Request, Utterance]

    @property
    def user(self) -> User:
        """Who it is to the API server."""
        return service_account(self.namespace, self.account)

    @property
    def for_config(self) -> tuple[Request, ...]:
        """What knowing the aggregator takes; the first of them is what it does not start without."""
        return READS_CONFIG, *FOLLOWS_CONFIG

    @property
    def for_callers(self) -> tuple[Request, Request]:
        """What judging callers takes: whether they may, and, where they bring a token, who they are."""
        return ASKS_WHETHER, ASKS_WHO

    @property
    def for_lists(self) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
        """What knowing nodes and pods takes: without the first it does not serve, without the second it lags."""
        return LISTS, WATCHES

    @property
    def for_kubelets(self) -> Request:
        """What kubelets ask about, from 0.6 on."""
        return SCRAPES

    def may(self, request: Request) -> bool | Unseen:
        """Whether it may do this."""
        answer = self.answers.get(request, Unseen("not asked"))
        return answer if isinstance(answer, Unseen) else answer.allowed

    def denied(self, requests: Iterable[Request]) -> tuple[Request, ...]:
        """Those of some requests that it may not make."""
        return tuple(request for request in requests if self.may(request) is False)

    @property
    def lacking(self) -> tuple[Request, ...]:
        """What of all that it has to do it may not."""
        lists, watches = self.for_lists
        return self.denied((*self.for_config, *self.for_callers, *lists, *watches, self.for_kubelets))

    def unseen(self, requests: Iterable[Request]) -> Unseen | None:
        """Why one of some requests could not be judged."""
        answers = (self.may(request) for request in requests)
        return next((answer for answer in answers if isinstance(answer, Unseen)), None)

    def by(self, request: Request) -> By | None:
        """Who answered."""
        answer = self.answers.get(request)
        return answer.by if isinstance(answer, Answer) else None

    def instead(self, wanted: Sequence[Request], role: str) -> tuple[Instead, ...]:
        """Bindings of this account, or of this role, that look as if they gave what is wanted, and do not."""
        if isinstance(self.rbac, Unseen):
            return ()
        return tuple(_instead(self.rbac, self, wanted, role))

    def taken(self, namespace: str, name: str) -> bool:
        """Whether there is a binding of this name, in a namespace or, with an empty one, for the whole cluster."""
        return not isinstance(self.rbac, Unseen) and any(
            (bond.namespace, bond.name) == (namespace, name) for bond in self.rbac.bonds
        )

    def has_role(self, name: str, namespace: str = "") -> bool | Unseen:
        """Whether there is such a role."""
        return self.rbac if isinstance(self.rbac, Unseen) else (namespace, name) in self.rbac.roles

    def role_allows(self, name: str, requests: Sequence[Request]) -> bool:
        """Whether a ClusterRole allows all of these."""
        if isinstance(self.rbac, Unseen):
            return False
        bond = Bond("", "", "ClusterRole", name, ())
        return all(self.rbac.grants(bond, request) for request in requests)


def _instead(known: Rbac, who: OwnRights, wanted: Sequence[Request], role: str) -> Iterator[Instead]:
    account = f"{who.namespace}/{who.account}"
    for bond in known.bonds:
        found = known.role(bond)
        namespace = wanted[0].namespace
        named = f"{bond.kind} {bond.full_name}"
        far = bool(bond.namespace) and bond.namespace != namespace
        aggregated = found is not None and found.aggregation_rule is not None
        resembles = bond.role_name == role
        if bond.applies_to(who.user):
            lacking = [request for request in wanted if not any(allows(rule, request) for rule in known.rules(bond))]
            if found is None and (resembles or "metrics-server" in bond.role_name):
                where = f" in {bond.namespace}" if bond.role_kind == "Role" else ""
                text = f"{named} binds it to {bond.role_kind} {bond.role_name}, which does not exist{where}"
                yield Instead(bond, Fault.ELSEWHERE if far else Fault.NO_ROLE, text)
            elif far and (resembles or not lacking):
                text = f"{named} binds it to {bond.role_kind} {bond.role_name}, and counts in {bond.namespace} alone"
                yield Instead(bond, Fault.ELSEWHERE, text, aggregated)
            elif lacking and (resembles or (role == OWN_ROLE and _is_own(bond, known, wanted))):
                text = f"{bond.role_kind} {bond.role_name}, to which {named} binds it, does not allow: "
                yield Instead(bond, Fault.ROLE_LACKS, text + "; ".join(map(str, lacking)), aggregated)
        elif resembles and not far and (others := [one for one in bond.subjects if _is_like(one, bond)]):
            text = f"{named} binds {bond.role_kind} {bond.role_name} to {_words(others[0], bond)}, not to {account}"
            yield Instead(bond, Fault.OTHERS, text)


def _is_own(bond: Bond, known: Rbac, wanted: Sequence[Request]) -> bool:
    """Whether a binding gives metrics-server, and nobody else, a role about the same things."""
    named = {request.resource for request in wanted}
    about = any(named & {*rule.resources} for rule in known.rules(bond))
    return not bond.namespace and len(bond.subjects) == 1 and about


def _is_like(subject: Subject, bond: Bond) -> bool:
    return "metrics" in subject.name or "metrics-server" in bond.name


def _words(subject: Subject, bond: Bond) -> str:
    if subject.kind == "ServiceAccount":
        return f"ServiceAccount {subject.namespace or bond.namespace}/{subject.name}"
    return f"{subject.kind} {subject.name}"


def wanted(bundle: Bundle, one: Installation) -> Iterator[Place]:
    """The API server's answers, and the roles and bindings themselves once one of those is no, or is refused."""
    needed = {_place(request, _user(one)): request != _of_other_releases(one) for request in EVERYTHING}
    yield from needed
    asked = [bundle.documents[place] for place, matters in needed.items() if matters and place in bundle.documents]
    answers = [decode(document, Review) for document in asked]
    if any(isinstance(answer, Unseen) or not answer.status.allowed for answer in answers):
        yield from (Place(WORKSTATION, Kind.API, path) for path in paths.RBAC)


def _of_other_releases(one: Installation) -> Request:
    """What kubelets ask about for the path that this release does not read; its role need not give it."""
    return SCRAPES if one.version is not None and one.version < (0, 6) else READS_STATS


def own_rights(
    bundle: Bundle, one: Installation | None, log: Sequence[Utterance] | Unseen, servers: Sequence[Component]
) -> OwnRights | None:
    """Its rights; None where there is no metrics-server, or where it asks in another name than its ServiceAccount's."""
    if one is None or any(name in one.flags for name in OTHER_IDENTITIES):
        return None
    user, known = _user(one), rbac(bundle)
    others = _other_authorizers(servers)
    answers = {request: _answer(bundle, request, user, known, others) for request in EVERYTHING}
    said = {} if isinstance(log, Unseen) else dict(_heard(log, user))
    return OwnRights(one.namespace, _account(one), answers, known, said)


def _heard(log: Sequence[Utterance], user: User) -> Iterator[tuple[Request, Utterance]]:
    """What the API server told it that it may not do; of several the last."""
    for utterance in log:
        error = utterance.error
        if isinstance(error, Forbidden) and error.user == user.name:
            yield from ((request, utterance) for request in EVERYTHING if is_about(error, request))


def is_about(error: Forbidden, request: Request) -> bool:
    """Whether a refusal is of this request."""
    resource = f"{request.resource}.{request.group}" if request.group else request.resource
    return (error.verb, error.resource) == (request.verb, resource)


def _account(one: Installation) -> str:
    return one.deployment.spec.template.spec.service_account_name


def _user(one: Installation) -> User:
    return service_account(one.namespace, _account(one))


def _place(request: Request, user: User) -> Place:
    return Place(WORKSTATION, Kind.REVIEW, request.review(user.name))


def _answer(bundle: Bundle, request: Request, user: User, known: Rbac | Unseen, others: str) -> Answer | Unseen:
    review = decode(bundle.at(_place(request, user)), Review)
    if not isinstance(review, Unseen):
        return Answer(review.status.allowed, By.REVIEW)
    if isinstance(known, Unseen):
        return review
    allowed = known.allows(user, request)
    if not allowed and others:
        return Unseen(f"no role allows it, and the API server also asks elsewhere (--authorization-mode={others})")
    return Answer(allowed, By.OBJECTS)


def _other_authorizers(servers: Sequence[Component]) -> str:
    """Modes of authorization that may allow what no role does; Node speaks of kubelets alone."""
    for server in servers:
        if "authorization-config" in server.flags:
            return "of a file"
        others = set(server.flags.listed("authorization-mode") or ("AlwaysAllow",)) - {"RBAC", "Node"}
        if others:
            return ",".join(sorted(others))
    return ""

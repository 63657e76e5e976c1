"""Who may do what by RBAC, worked out from the saved objects as the API server does it.

Sources: kubernetes pkg/registry/rbac/validation/rule.go (which bindings apply to a user, and what they refer to),
pkg/apis/rbac/v1/evaluation_helpers.go (what a rule allows), pkg/controller/clusterroleaggregation (1.36.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msdoctor.bundle import Bundle, review_path
from msdoctor.facts import paths
from msdoctor.facts.labels import selects
from msdoctor.facts.objects import (
    Binding,
    BindingList,
    PolicyRule,
    Role,
    RoleList,
    Subject,
    decode,
)
from msdoctor.model import Unseen

DEEPEST = 20  # an aggregated role may aggregate aggregated ones, in circles too


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody may want to do. ``resource`` has its subresource behind a slash: ``nodes/metrics``."""

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        qualified = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f' "{self.name}"' if self.name else ""
        return f"{self.verb} {qualified}{named}{f' in {self.namespace}' if self.namespace else ''}"

    def review(self, user: str) -> str:
        """Where the API server's own answer for a user is kept."""
        return review_path(user, (), self.verb, f"{self.group}/{self.resource}", self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody as the API server knows them."""

    name: str
    groups: frozenset[str]


def service_account(namespace: str, name: str) -> User:
    """A ServiceAccount, with the groups that every one of them has (apiserver pkg/authentication/serviceaccount)."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", frozenset(groups))


@dataclass(frozen=True, slots=True)
class Bond:
    """A RoleBinding, or a ClusterRoleBinding where ``namespace`` is empty."""

    namespace: str
    name: str
    role_kind: str
    role_name: str
    subjects: tuple[Subject, ...]

    @property
    def kind(self) -> str:
        """``RoleBinding`` or ``ClusterRoleBinding``."""
        return "RoleBinding" if self.namespace else "ClusterRoleBinding"

    @property
    def full_name(self) -> str:
        """``NAMESPACE/NAME``, or ``NAME`` of one without a namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def applies_to(self, user: User) -> bool:
        """Whether one of its subjects is this user. A ServiceAccount without a namespace is of the binding's own."""
        return any(_is(subject, user, self.namespace) for subject in self.subjects)


def _is(subject: Subject, user: User, namespace: str) -> bool:
    match subject.kind:
        case "User":
            return subject.name == user.name
        case "Group":
            return subject.name in user.groups
        case "ServiceAccount":
            home = subject.namespace or namespace
            return bool(home) and user.name == f"system:serviceaccount:{home}:{subject.name}"
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Rbac:
    """Every role and binding of a cluster. Roles by namespace and name; a ClusterRole's namespace is empty."""

    roles: Mapping[tuple[str, str], Role]
    bonds: tuple[Bond, ...]

    def allows(self, user: User, request: Request) -> bool:
        """Whether any rule that is bound to the user, cluster-wide or in the request's namespace, allows it."""
        return any(self.grants(bond, request) for bond in self.bonds if bond.applies_to(user))

    def grants(self, bond: Bond, request: Request) -> bool:
        """Whether a binding grants this to those whom it applies to."""
        if bond.namespace and bond.namespace != request.namespace:
            return False
        return any(allows(rule, request) for rule in self.rules(bond))

    def rules(self, bond: Bond) -> tuple[PolicyRule, ...]:
        """The rules of the role that a binding refers to; none where that does not exist."""
        role = self.role(bond)
        return self.rules_of(role) if role else ()

    def role(self, bond: Bond) -> Role | None:
        """The role that a binding refers to."""
        return self.roles.get((bond.namespace if bond.role_kind == "Role" else "", bond.role_name))

    def rules_of(self, role: Role, depth: int = 0) -> tuple[PolicyRule, ...]:
        """Its rules as they stand; of an aggregated one that the controller has not filled those that it would get."""
        if role.rules or role.aggregation_rule is None or depth > DEEPEST:
            return role.rules
        selectors = role.aggregation_rule.cluster_role_selectors
        parts = (
            other
            for (namespace, name), other in self.roles.items()
            if not namespace
            and name != role.metadata.name
            and any(selects(one, other.metadata.labels) for one in selectors)
        )
        return tuple(rule for part in parts for rule in self.rules_of(part, depth + 1))


def allows(rule: PolicyRule, request: Request) -> bool:
    """Whether one rule allows a request."""
    return (
        _any(rule.verbs, request.verb)
        and _any(rule.api_groups, request.group)
        and _names_resource(rule, request.resource)
        and (not rule.resource_names or request.name in rule.resource_names)
    )


def _any(given: Iterable[str], wanted: str) -> bool:
    return any(one in ("*", wanted) for one in given)


def _names_resource(rule: PolicyRule, resource: str) -> bool:
    _, _, subresource = resource.partition("/")
    return _any(rule.resources, resource) or (bool(subresource) and f"*/{subresource}" in rule.resources)


def rbac(bundle: Bundle) -> Rbac | Unseen:
    """The roles and bindings, all of them or none: one list that was not had may hold what allows."""
    roles = [decode(bundle.api(path), RoleList) for path in (paths.ROLES, paths.CLUSTER_ROLES)]
    bindings = [decode(bundle.api(path), BindingList) for path in (paths.ROLE_BINDINGS, paths.CLUSTER_ROLE_BINDINGS)]
    unseen = next((item for item in (*roles, *bindings) if isinstance(item, Unseen)), None)
    if unseen:
        return unseen
    found = (role for item in roles if not isinstance(item, Unseen) for role in item.items)
    bonds = (_bond(one) for item in bindings if not isinstance(item, Unseen) for one in item.items)
    return Rbac({(role.metadata.namespace, role.metadata.name): role for role in found}, tuple(bonds))


def _bond(one: Binding) -> Bond:
    ref = one.role_ref
    return Bond(one.metadata.namespace, one.metadata.name, ref.kind, ref.name, one.subjects)

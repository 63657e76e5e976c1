"""Who may do what: reviews, and the roles and bindings of RBAC."""

from __future__ import annotations

from msdoctor.facts.objects.base import LabelSelector, Struct


class ReviewStatus(Struct, frozen=True):
    allowed: bool
    reason: str = ""


class Review(Struct, frozen=True):
    status: ReviewStatus


class RbacMeta(Struct, frozen=True):
    """RBAC objects may be called almost anything: whoever prints such a name in a command has to look at it first."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}


class PolicyRule(Struct, frozen=True):
    """A rule about resources; one about paths has none of these but verbs."""

    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class AggregationRule(Struct, frozen=True):
    cluster_role_selectors: tuple[LabelSelector, ...] = ()


class Role(Struct, frozen=True):
    """A Role or a ClusterRole."""

    metadata: RbacMeta = RbacMeta()
    rules: tuple[PolicyRule, ...] = ()
    aggregation_rule: AggregationRule | None = None


class RoleList(Struct, frozen=True):
    items: tuple[Role, ...]


class RoleRef(Struct, frozen=True):
    kind: str = ""
    name: str = ""


class Subject(Struct, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Binding(Struct, frozen=True):
    """A RoleBinding or a ClusterRoleBinding."""

    metadata: RbacMeta = RbacMeta()
    role_ref: RoleRef = RoleRef()
    subjects: tuple[Subject, ...] = ()


class BindingList(Struct, frozen=True):
    items: tuple[Binding, ...]

"""Certificate policies along a chain (RFC 5280 section 6.1 as updated by RFC 9618; ``crypto/x509`` ``policiesValid``).

Kubernetes asks for no policy, so all that can go wrong is that a certificate requires an explicit one and none is left.
"""

from __future__ import annotations

from collections.abc import Sequence

from .certificate import Certificate
from .der import encoded

_ANY = encoded("2.5.29.32.0")


class _Node:
    """A policy valid at one depth, and those that it may be called at the next."""

    def __init__(self, policy: bytes, parents: Sequence[_Node] = ()) -> None:
        self.policy = policy
        self.expected: list[bytes] = [policy]
        self.parents = set(parents)
        self.children: set[_Node] = set()
        for parent in parents:
            parent.children.add(self)


class _Graph:
    """Policies by depth, from the trust anchor down."""

    def __init__(self) -> None:
        self.strata: list[dict[bytes, _Node]] = [{_ANY: _Node(_ANY)}]

    @property
    def leaves(self) -> dict[bytes, _Node]:
        return self.strata[-1]

    def add(self, node: _Node) -> None:
        self.leaves[node.policy] = node

    def descend(self, policies: Sequence[bytes], *, any_policy_counts: bool) -> None:
        """One certificate further: section 6.1.3 (d)."""
        parents = self.leaves
        expected: dict[bytes, list[_Node]] = {}
        for node in parents.values():
            for policy in node.expected:
                expected.setdefault(policy, []).append(node)
        self.strata.append({})
        for policy in policies:
            if policy == _ANY:
                continue
            above = expected.get(policy) or [node for node in [parents.get(_ANY)] if node]
            if above:
                self.add(_Node(policy, above))
        if _ANY in policies and any_policy_counts:
            for policy in expected.keys() - self.leaves.keys():
                self.add(_Node(policy, expected[policy]))
        self.prune()

    def prune(self) -> None:
        """Drop what nothing at the lowest depth comes from."""
        for stratum in reversed(self.strata[1:-1]):
            for node in [node for node in stratum.values() if not node.children]:
                for parent in node.parents:
                    parent.children.discard(node)
                del stratum[node.policy]

    def remove(self, policy: bytes) -> None:
        """Drop a policy at the lowest depth."""
        node = self.leaves.pop(policy, None)
        for parent in node.parents if node else ():
            parent.children.discard(node)

    def rename(self, mappings: dict[bytes, list[bytes]]) -> None:
        """Let policies be called otherwise from here on: section 6.1.4 (b) (1) and (2)."""
        for policy, subjects in mappings.items():
            node = self.leaves.get(policy)
            if node is None and (any_node := self.leaves.get(_ANY)):
                node = _Node(policy, [any_node])
                self.add(node)
            if node is not None:
                node.expected = subjects

    def left(self) -> bool:
        """Whether any policy is left at the end: section 6.1.5 (g)."""
        direct = (
            node.policy != _ANY and len(node.parents) == 1 and next(iter(node.parents)).policy == _ANY
            for stratum in self.strata
            for node in stratum.values()
        )
        return any(direct) or _ANY in self.leaves


class _Counters:
    """How many certificates further down until each rule bites."""

    def __init__(self, start: int) -> None:
        self.explicit = self.mapping = self.any = start

    def step(self, certificate: Certificate) -> None:
        """Section 6.1.4 (h), (i) and (j)."""
        if not certificate.self_issued:
            self.explicit, self.mapping, self.any = (max(n - 1, 0) for n in (self.explicit, self.mapping, self.any))
        extensions = certificate.extensions
        self.explicit = _lower(self.explicit, extensions.require_explicit_policy)
        self.mapping = _lower(self.mapping, extensions.inhibit_policy_mapping)
        self.any = _lower(self.any, extensions.inhibit_any_policy)


def _lower(counter: int, limit: int | None) -> int:
    return min(counter, limit) if limit is not None and limit >= 0 else counter


def policies_valid(chain: Sequence[Certificate]) -> bool:
    """Whether a chain, leaf first and with its root, keeps the policies that it requires of itself."""
    if len(chain) == 1 or not any(_constrains(certificate) for certificate in chain):
        return True
    counters = _Counters(len(chain))
    graph: _Graph | None = _Graph()
    for position in range(len(chain) - 2, -1, -1):
        certificate = chain[position]
        if not certificate.extensions.policies:
            graph = None
        if graph is None:
            if counters.explicit == 0:
                return False
        elif not _advance(graph, certificate, counters, leaf=position == 0):
            return False
        if position:
            counters.step(certificate)
    explicit = 0 if chain[0].extensions.require_explicit_policy == 0 else max(counters.explicit - 1, 0)
    return explicit > 0 or (graph is not None and graph.left())


def _constrains(certificate: Certificate) -> bool:
    """Whether a certificate could make a chain fail: without these, the explicit policy counter never gets to zero."""
    extensions = certificate.extensions
    return extensions.require_explicit_policy is not None or bool(extensions.policy_mappings)


def _advance(graph: _Graph, certificate: Certificate, counters: _Counters, *, leaf: bool) -> bool:
    """Take one certificate into the graph; False where its mappings are not allowed to be."""
    any_policy_counts = counters.any > 0 or (not leaf and certificate.self_issued)
    graph.descend(certificate.extensions.policies, any_policy_counts=any_policy_counts)
    if leaf or not certificate.extensions.policy_mappings:
        return True
    mappings: dict[bytes, list[bytes]] = {}
    for issuer, subject in certificate.extensions.policy_mappings:
        if counters.mapping == 0:
            graph.remove(issuer)
        elif _ANY in (issuer, subject):
            return False
        else:
            mappings.setdefault(issuer, []).append(subject)
    graph.prune()
    graph.rename(mappings)
    return True

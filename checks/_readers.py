"""How a right to read metrics is given: to one user by name, by the role that metrics-server brings, and no more."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterable

UPSTREAMS = "system:aggregated-metrics-reader"
OWN = "metrics-reader"  # made where upstream's is not there
ACCOUNT = "system:serviceaccount:"
# The API server knows a binding within a second, and metrics-server keeps a refusal for 10 s (--authorization-...-ttl).
SHOWS_WITHIN_SECONDS = 15
MOST_NAMESPACES = 3


def bindings(
    user: str,
    reader: str,
    namespaces: Iterable[str],
    *,
    lacks_role: bool = False,
    lacks_nodes: bool = False,
    lacks: str = "nodes",
) -> tuple[Remedy, ...]:
    """For each namespace, or for the whole cluster where none is known to be enough; the narrower way first.

    ``reader`` is the role to bind, ``lacks_role`` whether it has to be made first, ``lacks_nodes`` whether the user may
    not list nodes either, which `kubectl top nodes` does too. ``lacks`` is a resource whose metrics they may not read.
    """
    inside = tuple(namespaces)[:MOST_NAMESPACES]
    making = _make(reader) if lacks_role else ()
    found = [_inside(user, reader, namespace, () if place else making, way=1) for place, namespace in enumerate(inside)]
    found.append(_everywhere(user, reader, making, way=2 if inside else 1, lacks_nodes=lacks_nodes, lacks=lacks))
    return tuple(found)


def _make(reader: str) -> tuple[str, ...]:
    return (
        (
            f"kubectl create clusterrole {reader} --verb=get,list,watch"
            " --resource=pods.metrics.k8s.io,nodes.metrics.k8s.io"
        ),
    )


def _inside(user: str, reader: str, namespace: str, making: tuple[str, ...], *, way: int) -> Remedy:
    name = name_of(user)
    return Remedy(
        advice=f"Let {shown(user)} read the metrics of pods in namespace {namespace}, and nowhere else.",
        commands=(
            *making,
            f"kubectl -n {namespace} create rolebinding {name} --clusterrole={reader} {subject(user)}",
        ),
        undo=(f"kubectl -n {namespace} delete rolebinding {name}",),
        verify=f"kubectl auth can-i list pods.metrics.k8s.io -n {namespace} --as={quoted(user)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=way,
    )


def _everywhere(user: str, reader: str, making: tuple[str, ...], *, way: int, lacks_nodes: bool, lacks: str) -> Remedy:
    name = name_of(user)
    nodes = (
        f"kubectl create clusterrole {name}-nodes --verb=get,list --resource=nodes",
        f"kubectl create clusterrolebinding {name}-nodes --clusterrole={name}-nodes {subject(user)}",
    )
    more = " `kubectl top nodes` lists the nodes themselves too, so that right comes with it." if lacks_nodes else ""
    narrower = "" if way > 1 else " For the pods of one namespace alone, make a rolebinding there in its place."
    undo = (
        f"kubectl delete clusterrolebinding {name}-nodes",
        f"kubectl delete clusterrole {name}-nodes",
    )
    return Remedy(
        advice=f"Let {shown(user)} read the metrics of all nodes and of all pods, and nothing else.{more}{narrower}",
        commands=(
            *making,
            f"kubectl create clusterrolebinding {name} --clusterrole={reader} {subject(user)}",
            *(nodes if lacks_nodes else ()),
        ),
        undo=(f"kubectl delete clusterrolebinding {name}", *(undo if lacks_nodes else ())),
        verify=f"kubectl auth can-i list {lacks}.metrics.k8s.io{'' if lacks == 'nodes' else ' -A'} --as={quoted(user)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=way,
    )


def of_adapter(user: str, group: str) -> tuple[Remedy, ...]:
    """For what an adapter serves: the names of its metrics are its resources, so that a role takes them all."""
    reader = f"{group.partition('.')[0]}-{OWN}"
    name = f"{group.partition('.')[0]}-{name_of(user)}"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": reader},
        "rules": [{"apiGroups": [group], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
    }
    return (
        Remedy(
            advice=f"Let {shown(user)} read what the adapter offers as {group}, and nothing else.",
            commands=(
                f"echo '{json.dumps(role)}' | kubectl apply -f -",
                f"kubectl create clusterrolebinding {name} --clusterrole={reader} {subject(user)}",
            ),
            undo=(f"kubectl delete clusterrolebinding {name}",),
            verify=f"kubectl get clusterrolebinding {name} -o wide",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def subject(user: str) -> str:
    """The flag of `kubectl create rolebinding` that names a user, or a ServiceAccount."""
    parts = user.removeprefix(ACCOUNT).split(":")
    if user.startswith(ACCOUNT) and len(parts) == 2:
        return f"--serviceaccount={quoted(':'.join(parts))}"
    return f"--user={quoted(user)}"


def name_of(user: str) -> str:
    """A name for their binding."""
    plain = re.sub(r"[^a-z0-9]+", "-", user.removeprefix(ACCOUNT).lower()).strip("-")
    return f"{OWN}-{plain[:50].strip('-')}" if plain else OWN


def quoted(user: str) -> str:
    """A user's name as a shell takes it; one that no terminal should be shown stays a blank."""
    if user.startswith("<"):
        return user
    return shlex.quote(user) if user.isprintable() and user else Blanks()["user"]


def shown(user: str) -> str:
    """The name in a sentence."""
    return user or "this user"

"""This user may not read metrics.

## What it means
The API server, or metrics-server when it asked, refused this user the right to read `metrics.k8s.io`, or what an
adapter serves. Nothing is broken; somebody lacks a role.

## What it does not mean
That the pipeline is down: others get metrics. If the user that is named is not you but a proxy's name or
`system:anonymous`, metrics-server has not recognised the API server, and that is another matter.

## What will not help
- --kubelet-insecure-tls: no kubelet was asked.
- nodes/metrics for the user: that is the kubelets' own API, not this one.
- cluster-admin: a reader's role is enough.

## How it comes about
A namespace's role that lists pods and not pods.metrics.k8s.io; a ServiceAccount of a dashboard, or of the HPA
controller whose role was lost; `nodes` where the aggregated reader's role gives only `pods`. No role that Kubernetes
brings gives `custom.metrics.k8s.io` or `external.metrics.k8s.io`: whoever installs an adapter has to let the HPA
controller, or VPA's recommender, read it.

## How to make sure
`kubectl auth can-i list nodes.metrics.k8s.io --as=USER`, or `msdoctor run --for-user USER[,GROUP...]`, which asks the
API server what `kubectl top` would ask it.

## Source
kubernetes pkg/controller/podautoscaler/metrics/client.go, plugin/pkg/auth/authorizer/rbac/bootstrappolicy;
k8s.io/kubectl pkg/cmd/top; k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go; metrics-server
manifests/base/rbac.yaml (system:aggregated-metrics-reader, aggregated to view, edit and admin).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
)

from . import _readers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.readers import Answer, Reader
    from msdoctor.facts.vertical import Vertical
    from msdoctor.model import Blanks

RECOMMENDERS_ROLE = "system:metrics-reader"
ADAPTERS = ("custom.metrics.k8s.io", "external.metrics.k8s.io")
CONTROLLERS_ROLE = "system:controller:horizontal-pod-autoscaler"
LOOK = Look(
    "kubectl auth whoami",
    "the user that the message names is the one who asked",
    "rbac-user-metrics-forbidden",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    group = next((group for group in ADAPTERS if blanks.get("resource", "").endswith(group)), "")
    if group:
        return _readers.of_adapter(blanks["user"], group)
    namespace = blanks.get("namespace", "")
    inside = (namespace,) if namespace and blanks["resource"].startswith("pods.") else ()
    return _readers.bindings(blanks["user"], _readers.UPSTREAMS, inside)


@check(
    hop=Hop.A,
    cls=Class.CAUSE,
    says=(
        Says("MayNotGrant", where={"of": "users"}, likelihood=0.9),
        Says("Forbidden", hop=Hop.A, where={"who": "serviceaccount"}),
        Says("Forbidden", hop=Hop.A, where={"who": "named"}, likelihood=0.75),
        Says("Forbidden", hop=Hop.A, where={"who": "serviceaccount", "api": "other"}, likelihood=0.9),
        Says("Forbidden", hop=Hop.A, where={"who": "named", "api": "other"}, likelihood=0.75),
    ),
    decide=(LOOK,),
    advise=advise,
)
def rbac_user_metrics_forbidden(
    readers: tuple[Reader, ...], installation: Installation | Unseen | None, flow: Flow | Unseen
) -> Iterator[Finding | NotApplicable | Unseen]:
    if installation is None:
        yield NotApplicable("no metrics-server is installed, and the roles to read metrics come with it")
        return
    for reader in readers:
        if reader.denied and not (reader.is_caller and _answered(flow)):
            yield _finding(reader)
        elif reader.unseen:
            yield Unseen(f"what it may read: {reader.unseen.reason}", reader.subject)


def _answered(flow: Flow | Unseen) -> bool:
    return not isinstance(flow, Unseen) and flow.refusal is None


def _finding(reader: Reader) -> Finding:
    hurt = (
        *(Effect(EffectKind.HPA_BLIND, hpa.key) for hpa in reader.blind_hpas),
        *(Effect(EffectKind.VPA_BLIND, vpa.key) for vpa in reader.vpas),
    )
    return Finding(
        summary=f"{reader.user or 'The user who looks'} may not read {_what(reader)}.{_but(reader)}",
        subjects=(reader.subject,),
        evidence=(*_complaints(reader), *(_review(reader, answer) for answer in reader.denied)),
        effects=(Effect(EffectKind.USER_REFUSED, reader.user or "the caller"), *hurt),
        remedies=_remedies(reader),
    )


def _what(reader: Reader) -> str:
    kinds = sorted({answer.request.resource for answer in reader.denied})
    every = {(): "", ("nodes",): "nodes", ("pods",): "pods"}.get(tuple(kinds), "nodes and pods")
    if reader.recommends:
        return f"the metrics of pods, and computes {_counted(reader.vpas)} in vain"
    if not reader.scales:
        return f"the metrics of {every}"
    spaces = sorted({answer.request.namespace for answer in reader.denied})
    return f"the metrics of pods in {', '.join(spaces)}, and computes HPAs there"


def _counted(vpas: Sequence[Vertical]) -> str:
    if not vpas:
        return "VPAs"
    return f"VPA {vpas[0].key}" if len(vpas) == 1 else f"{len(vpas)} VPAs"


def _but(reader: Reader) -> str:
    """What they may read all the same."""
    if reader.granted_in and not reader.scales:
        return f" In {', '.join(reader.granted_in)} they may read those of pods."
    return " The pipeline is not at fault: others are answered." if reader.others_read else ""


def _review(reader: Reader, answer: Answer) -> Evidence:
    space = f" in namespace {answer.request.namespace}" if answer.request.namespace else ""
    return Evidence(
        saw=f"no: {answer.request.verb} {answer.resource}{space}{f' ({answer.by})' if answer.by else ''}",
        where=f"the API server's review of what {reader.user or 'the caller'} may do",
        how=reader.how(answer),
    )


def _complaints(reader: Reader) -> Iterator[Evidence]:
    for hpa in reader.blind_hpas[:1]:
        said = next(item for item in hpa.status.conditions or () if item.status == "False")
        yield Evidence(
            saw=said.message,
            where=f"HPA {hpa.key}, condition {said.type}",
            how=f"kubectl -n {hpa.metadata.namespace} describe hpa {hpa.metadata.name}",
            at=said.last_transition_time,
        )


def _remedies(reader: Reader) -> tuple[Remedy, ...]:
    """The controller's own role where only its binding is lost; else the role that reads metrics."""
    bound = reader.bound
    if reader.scales and bound.has_controllers_role and bound.lacks_controllers_binding:
        return (_restore(reader.user),)
    if reader.recommends and bound.has_recommenders_role:
        return (_give_back(reader.user),)
    role = bound.reader or (_readers.OWN if bound.known else _readers.UPSTREAMS)
    return _readers.bindings(
        reader.user,
        role,
        () if reader.scales else [name for name in bound.namespaces if name not in reader.granted_in],
        lacks_role=bound.known and not bound.reader,
        lacks_nodes=reader.lacks_nodes,
        lacks=reader.denied[0].request.resource,
    )


def _restore(user: str) -> Remedy:
    return _bound(
        user, CONTROLLERS_ROLE, "Bind the controller's own role to it again, as the API server does when it starts."
    )


def _give_back(user: str) -> Remedy:
    """Under a name of its own: the recommender's own manifest may bind that role to somebody else."""
    return _bound(
        user,
        RECOMMENDERS_ROLE,
        "Bind VPA's own role to it, which reads the metrics of pods and nothing else.",
        _readers.name_of(user),
    )


def _bound(user: str, role: str, advice: str, name: str = "") -> Remedy:
    name = name or role
    return Remedy(
        advice=advice,
        commands=(f"kubectl create clusterrolebinding {name} --clusterrole={role} {_readers.subject(user)}",),
        undo=(f"kubectl delete clusterrolebinding {name}",),
        verify=f"kubectl auth can-i list pods.metrics.k8s.io -A --as={_readers.quoted(user)}",
        shows_within_seconds=60,
    )

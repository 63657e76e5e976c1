"""metrics-server is installed, and no pod of it is made.

## What it means
Its Deployment is there and has no pod: it asks for none (scaled to zero, or paused before its first rollout), or the
API server refuses every pod that the controller tries to make, because of a quota, the namespace's pod security level,
an admission webhook, or something named in the pod that does not exist. Nobody has metrics.

## What it does not mean
That metrics-server fails: it was never started. That a node is short of room: no pod has come as far as the scheduler.

## What will not help
- installing it again with the same manifest: its pods would be refused again, and replicas of zero stay zero.
- --kubelet-insecure-tls or any other argument: no program runs that could read it.
- aggregation flags or RBAC of metrics-server: nothing is asked yet, and nobody answers.

## How it comes about
Somebody scaled it down to save resources, or for a moment and forgot; a ResourceQuota came into kube-system, with
fewer pods than run there or with the demand that every container names its limits; the namespace was labelled with a
pod security level that the manifest (with hostNetwork, say) does not meet; its ServiceAccount was deleted.

## How to make sure
`kubectl -n kube-system get deployment metrics-server`: READY 0/0 is scaled to zero. With 0/1 and no pod `kubectl -n
kube-system describe deployment metrics-server` has the condition ReplicaFailure, and its ReplicaSet's events the API
server's answer in full.

## Source
kubernetes pkg/controller/replicaset/replica_set_utils.go (ReplicaFailure, FailedCreate); apiserver
pkg/admission/plugin/resourcequota/controller.go (`exceeded quota: Q, requested: pods=1, used: pods=1, limited:
pods=1`); kubernetes plugin/pkg/admission/serviceaccount (`error looking up service account`); pod-security-admission
admission/admission.go (`violates PodSecurity`); 1.36.3. Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    RULED_OUT,
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Risk,
    Says,
    check,
)

from ._starting import SHOWS_WITHIN_SECONDS, changed_by, finding, patched, target, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.making import NotMade
    from msdoctor.facts.repair import Repair

# metrics-server's README, "Scaling": 100m and 200Mi for up to 100 nodes.
REQUESTS = "cpu=100m,memory=200Mi"
LIMITS = "cpu=500m,memory=400Mi"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Ask for a pod again; if someone scaled it down for a reason, ask them first.",
            commands=(f"kubectl scale {target(blanks)} --replicas=1",),
            undo=(f"kubectl scale {target(blanks)} --replicas=0",),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("Circumstance", where={"what": "asked in vain"}, likelihood=RULED_OUT),
        Says("NotAdmitted", likelihood=0.7),
        Says("QuotaExceeded", likelihood=0.8),
        Says("PodSecurityViolated", likelihood=0.8),
        Says("PodState", where={"status": "Absent"}),
        Says("MetricsAPINotAvailable", likelihood=0.2),
    ),
    decide=(
        Look(
            "kubectl get deployments -A -l k8s-app=metrics-server",
            "READY 0/0, or 0/1 while there is no pod of it",
            "metrics-server-not-running",
        ),
    ),
    advise=advise,
)
def metrics_server_not_running(
    not_made: NotMade | None, installation: Installation, repair: Repair
) -> Iterator[Finding]:
    if not_made is None:
        return
    blanks = repair.blanks(**not_made.names)
    yield finding(
        installation,
        _summary(not_made, installation),
        _evidence(not_made, installation),
        _remedies(not_made, blanks, installation),
        confidence=_CONFIDENCES.get(not_made.why.name, Confidence.LIKELY),
        since=not_made.since,
        changed="the API server refused the first one",
    )


_CONFIDENCES = {
    "SCALED": Confidence.CERTAIN,
    "PAUSED": Confidence.CERTAIN,
    "SILENCE": Confidence.POSSIBLE,
}

_SUMMARIES = {
    "SCALED": "{who} is scaled to zero: it asks for no pod.",
    "PAUSED": "{who} is paused and has made no pod yet.",
    "QUOTA": "No pod of {who} is made: ResourceQuota {namespace}/{quota} has no room for one more.",
    "UNBOUNDED": (
        "No pod of {who} is made: ResourceQuota {namespace}/{quota} asks every container to name {lacks}, and"
        " metrics-server's does not."
    ),
    "SECURITY": (
        'No pod of {who} is made: it does not meet the pod security level "{level}", which namespace {namespace}'
        " enforces."
    ),
    "ACCOUNT": "No pod of {who} is made: its ServiceAccount {namespace}/{account} does not exist.",
    "PRIORITY": "No pod of {who} is made: there is no PriorityClass {priority}, which its pods name.",
    "WEBHOOK": "No pod of {who} is made: admission webhook {webhook} refuses it, or does not answer.",
    "REFUSED": "No pod of {who} is made: the API server refuses it.",
    "SILENCE": (
        "{who} asks for a pod, none is there, and nothing says why: kube-controller-manager, which makes it, may not"
        " run."
    ),
}


def _summary(found: NotMade, who: Installation) -> str:
    return _SUMMARIES[found.why.name].format(
        who=f"Deployment {who.namespace}/{who.name}", namespace=who.namespace, **found.names
    )


def _evidence(found: NotMade, who: Installation) -> Iterator[Evidence]:
    if found.why.name == "PAUSED":
        yield template(who, "paused: true", "spec")
    if found.text:
        yield Evidence(
            saw=f"ReplicaFailure: {found.text}",
            where=f"condition of {who.subject}",
            how=f"kubectl -n {who.namespace} describe deployment {who.name}",
            at=found.since,
        )
    else:
        asked = who.deployment.spec.replicas
        yield template(who, f"replicas: {asked}; pods: {who.deployment.status.replicas}", "spec and status")


def _remedies(found: NotMade, blanks: Blanks, who: Installation) -> tuple[Remedy, ...]:
    make = _MAKERS.get(found.why.name)
    if make:
        return make(blanks, found)
    return advise(blanks) if found.why.name == "SCALED" else (_look(blanks, who, found),)


def _resume(blanks: Blanks, _: NotMade) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Let its rollout go on.",
            commands=(f"kubectl rollout resume {target(blanks)}",),
            undo=(f"kubectl rollout pause {target(blanks)}",),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def _more_quota(blanks: Blanks, found: NotMade) -> tuple[Remedy, ...]:
    quota = f"-n {blanks['namespace']} resourcequota {blanks['quota']}"
    hard, before = found.names.get("hard", ""), found.names.get("before", "")
    if not hard:
        return (_seen(f"kubectl describe {quota}", "See what the quota allows and what it counts, and raise it."),)
    return (
        Remedy(
            advice=(
                "Let the quota have room for it; where it is kept in a repository, there too. The controller tries"
                " again within minutes, with the second command at once."
            ),
            commands=(
                f'kubectl patch {quota} --type merge -p \'{{"spec":{{"hard":{{{hard}}}}}}}\'',
                f"kubectl rollout restart {target(blanks)}",
            ),
            undo=(f'kubectl patch {quota} --type merge -p \'{{"spec":{{"hard":{{{before}}}}}}}\'',),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def _bounded(blanks: Blanks, found: NotMade) -> tuple[Remedy, ...]:
    lacks = found.names.get("lacks", "")
    both = "" if "limits." not in lacks else f" --limits={LIMITS}"
    command = f"kubectl set resources {target(blanks)} -c {blanks['container']} --requests={REQUESTS}{both}"
    return (
        changed_by(blanks, "Name them: these suffice for a hundred nodes; with more add 1m and 2Mi for each.", command),
    )


def _admitted(blanks: Blanks, _: NotMade) -> tuple[Remedy, ...]:
    context = (
        '"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},'
        '"readOnlyRootFilesystem":true,"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}}'
    )
    name = blanks["container"]
    space = blanks["namespace"]
    label = "pod-security.kubernetes.io/enforce"
    return (
        patched(
            blanks,
            "Give its container what the strictest level asks for, as upstream's manifest does. If what is violated is"
            " about the host (hostNetwork, hostPort), that has to go from the pod, or metrics-server into another"
            " namespace.",
            f'{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"{name}",{context}}}]}}}}}}}}',
            kind="strategic",
        ),
        Remedy(
            advice=f"Or enforce nothing in {space}. Every pod there may then do anything to its node.",
            commands=(f"kubectl label namespace {space} --overwrite {label}=privileged",),
            risks=(Risk.WEAKENS_SECURITY,),
            undo=(f"kubectl label namespace {space} --overwrite {label}={blanks['level']}",),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


def _account(blanks: Blanks, _: NotMade) -> tuple[Remedy, ...]:
    name = f"-n {blanks['namespace']} serviceaccount {blanks['account']}"
    return (
        Remedy(
            advice="Make its ServiceAccount again; the roles are bound to its name, and still are.",
            commands=(f"kubectl create {name}", f"kubectl rollout restart {target(blanks)}"),
            undo=(f"kubectl delete {name}",),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def _priority(blanks: Blanks, _: NotMade) -> tuple[Remedy, ...]:
    return (
        patched(
            blanks,
            "Name the class that every cluster has, as upstream's manifest does.",
            '[{"op":"replace","path":"/spec/template/spec/priorityClassName","value":"system-cluster-critical"}]',
        ),
    )


_MAKERS = {
    "PAUSED": _resume,
    "QUOTA": _more_quota,
    "UNBOUNDED": _bounded,
    "SECURITY": _admitted,
    "ACCOUNT": _account,
    "PRIORITY": _priority,
}


def _look(blanks: Blanks, who: Installation, found: NotMade) -> Remedy:
    if found.why.name == "SILENCE":
        return _seen(
            "kubectl -n kube-system get lease kube-controller-manager -o jsonpath='{.spec.renewTime}'",
            "See whether kube-controller-manager lives: it renews this every few seconds. If not, its log on the"
            " control plane says why.",
        )
    if found.why.name == "WEBHOOK":
        return _seen(
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml"
            f" | grep -A20 {blanks['webhook']}",
            "See what this webhook is for, and mend what it objects to, or the server behind it; one that has"
            f" failurePolicy Fail should leave {who.namespace} out.",
        )
    return _seen(
        f"kubectl -n {who.namespace} get events --field-selector reason=FailedCreate",
        "See the API server's answer in full, and take away what it objects to.",
    )


def _seen(command: str, advice: str) -> Remedy:
    return Remedy(advice=advice, commands=(command,), verify="kubectl top nodes")

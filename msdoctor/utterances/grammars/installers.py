"""What installers say that waited for metrics-server in vain, or that know no addon of a name."""

from __future__ import annotations

from msdoctor.utterances import errors
from msdoctor.utterances.grammar import Grammar, says

_OURS = r"[\w./-]{0,100}metrics-server[\w.-]{0,100}"

GRAMMARS: tuple[Grammar, ...] = (
    # kubectl pkg/polymorphichelpers/rollout_status.go; the first is Argo CD's, too (gitops-engine pkg/health)
    *(
        Grammar("metrics-server", r"metrics-server[\w-]{0,100}\\?\" " + words, says(errors.NotReadyInTime()), word=word)
        for word, words in (
            (" exceeded its progress deadline", r"exceeded its progress deadline"),
            (" rollout to finish: 0 of ", r"rollout to finish: 0 of \d{1,4} updated replicas are available"),
            # kubernetes pkg/controller/deployment/progress.go, of a ReplicaSet
            (" has timed out progressing", r"has timed out progressing"),
        )
    ),
    # kubectl pkg/cmd/wait/wait.go
    Grammar(
        "timed out waiting for the condition on ",
        r"timed out waiting for the condition on " + _OURS,
        says(errors.NotReadyInTime()),
    ),
    # helm pkg/kube/ready.go and wait.go, pkg/action/install.go and upgrade.go, cmd/helm/upgrade.go
    Grammar(
        "Deployment is not ready: ",
        r"Deployment is not ready: " + _OURS + r" \d{1,4} out of \d{1,4} expected pods are ready",
        says(errors.NotReadyInTime()),
    ),
    Grammar(
        "release ",
        r"release " + _OURS + r" failed, and has been (?:uninstalled|rolled back) due to atomic being set: .{1,200}",
        says(errors.NotReadyInTime()),
        word=" due to atomic being set: ",
    ),
    Grammar(
        "Release ",
        r"Release \\{0,4}\"[\w.-]{0,100}metrics-server[\w.-]{0,100}\\{0,4}\" does not exist\. Installing it now\."
        r"(?s:.{0,100}?)timed out waiting for the condition",
        says(errors.NotReadyInTime()),
        word=" does not exist. Installing it now.",
    ),
    # kops pkg/validation/validate_cluster.go
    *(
        Grammar(
            "-critical pod ",
            r"-critical pod \\?\"metrics-server[\w-]{0,100}\\?\" is " + words,
            says(error),
            word="-critical pod ",
        )
        for words, error in (
            (r"pending", errors.PodState("Pending", "")),
            (r"not ready \(", errors.NotReadyInTime()),
        )
    ),
    # terraform-provider-aws internal/service/eks/addon.go
    Grammar(
        "EKS Add-On (",
        r"EKS Add-On \([\w.-]{1,100}:metrics-server\).{1,100}?\(last state: '(?:DEGRADED|CREATING|UPDATING)'",
        says(errors.NotReadyInTime()),
        word=":metrics-server)",
    ),
    # minikube pkg/addons/addons.go
    *(
        Grammar(name, name + r"[\w-]{0,60}'? is not a valid addon", says(errors.AddonUnknown()), word=word)
        for name in ("metric", "heapster")
        for word in (" is not a valid addon",)
    ),
)

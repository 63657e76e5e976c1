"""What installers say that waited for metrics-server in vain, or know no addon of a name, and alerts that watch it."""

from __future__ import annotations

from msdoctor.utterances import errors
from msdoctor.utterances.grammar import Grammar, plain, says

_OURS = r"[\w./-]{0,100}metrics-server[\w.-]{0,100}"
_OUR_OBJECT = r"(?:v1beta1\.metrics\.k8s\.io|[\w:.-]{0,100}metrics-(?:server|reader)[\w:.-]{0,100})"

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
    # helm 4: pkg/kube/statuswait.go; Flux's: fluxcd/pkg ssa/manager_wait.go, in a list
    Grammar(
        "resource Deployment/",
        r"resource Deployment/" + _OURS + r" not ready\. status: \w{1,40}",
        says(errors.NotReadyInTime()),
    ),
    Grammar(
        "Deployment/",
        r"Deployment/" + _OURS + r" status: '?(?:InProgress|Failed)\b",
        says(errors.NotReadyInTime()),
    ),
    # bitnami/charts bitnami/metrics-server templates/NOTES.txt: apiService.create is false, and nobody else made one
    *(
        plain(words, errors.NotFound("apiservices.apiregistration.k8s.io", "v1beta1.metrics.k8s.io"))
        for words in (
            "The metrics.k8s.io/v1beta1 API service is not enabled in the cluster",
            "the metrics API will not work with this release unless",
        )
    ),
    # helm 2: pkg/tiller/release_install.go
    Grammar(
        "release ",
        r"release \S{0,60}metrics-server\S{0,60} failed: \S{1,100} \\{0,4}\"(?P<name>[^\"\\]{1,253})"
        r"\\{0,4}\" already exists",
        lambda match: errors.OwnedByAnotherRelease(match["name"]),
        word=" already exists",
    ),
    # apimachinery pkg/api/errors/errors.go, NewAlreadyExists, of what metrics-server's manifests are made of
    *(
        Grammar(
            resource,
            resource + r"(?:\.[a-z0-9.]{1,60})? \\{0,4}\"(?P<name>" + _OUR_OBJECT + r")\\{0,4}\" already exists",
            lambda match: errors.OwnedByAnotherRelease(match["name"]),
            word=" already exists",
        )
        for resource in (
            "serviceaccounts",
            "services",
            "deployments",
            "clusterroles",
            "clusterrolebindings",
            "rolebindings",
            "poddisruptionbudgets",
        )
    ),
    # helm pkg/action/install.go and upgrade.go, from 3.0 on, where a paste has lost which resource it is
    Grammar(
        "rendered manifests contain a ",
        r"rendered manifests contain a (?:new )?resource that already exists\b"
        r"(?:\. Unable to continue(?: with (?:install|update|upgrade))?)?(?!\W{0,3}\w)",
        says(errors.OwnedByAnotherRelease("")),
    ),
    # kubectl pkg/cmd/apply/apply.go, server-side; helm pkg/action/install.go, of a release that is there
    Grammar(
        "Apply failed with ",
        r"Apply failed with \d{1,3} conflicts?: conflicts? with \\{0,4}\"(?P<owner>[^\"\\]{1,253})\\{0,4}\" using "
        r"apiregistration\.k8s\.io/",
        lambda match: errors.OwnedByAnotherRelease("", "", match["owner"]),
        word=" using apiregistration.k8s.io/",
    ),
    plain("cannot re-use a name that is still in use", errors.OwnedByAnotherRelease("")),
    # helm 4 pkg/kube/client.go around apimachinery pkg/util/managedfields/internal/conflict.go
    Grammar(
        "conflict occurred while applying object ",
        r"conflict occurred while applying object [\w.-]{0,63}/(?P<name>" + _OUR_OBJECT + r") [^:]{1,100}: "
        r"Apply failed with \d{1,3} conflicts?(?:: (?:conflicts? with )?\\{0,4}\"(?P<owner>[^\"\\]{1,253}))?",
        lambda match: errors.OwnedByAnotherRelease(match["name"], "", match["owner"] or ""),
    ),
    # Amazon EKS, health of an add-on: what it would make is there, with another's fields
    Grammar(
        "Will not continue due to resolve conflicts mode",
        r"Will not continue due to resolve conflicts mode\. Conflicts:\s{1,4}\S{1,100} (?P<name>" + _OUR_OBJECT + r")",
        lambda match: errors.OwnedByAnotherRelease(match["name"]),
    ),
    # Argo CD controller/state.go; to 1.1 the other application alone
    *(
        Grammar(
            kind + "/",
            kind + "/(?P<name>" + _OUR_OBJECT + r") is part of (?:applications (?P<release>\S{1,253}) and|a different"
            r" application:) (?P<owner>[\w./-]{1,253})",
            lambda match: errors.OwnedByAnotherRelease(match["name"], match["release"] or "", match["owner"]),
            word=" is part of a",
        )
        for kind in ("APIService", "Deployment", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "RoleBinding")
    ),
    Grammar(
        "Resource apiregistration.k8s.io/APIService/",
        r"Resource apiregistration\.k8s\.io/APIService/[\w-]{0,63}/(?P<name>v1beta1\.metrics\.k8s\.io)"
        r" appeared \d{1,3} times",
        lambda match: errors.OwnedByAnotherRelease(match["name"]),
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
    # eksctl pkg/actions/addon/wait.go
    Grammar(
        "timed out waiting for addon ",
        r"timed out waiting for addon \\?\"metrics-server\\?\" to become active, status: ",
        says(errors.NotReadyInTime()),
    ),
    # kubesphere/ks-installer roles/metrics-server, as Ansible shows a task that is tried again
    Grammar(
        "FAILED - RETRYING: ",
        r"FAILED - RETRYING: .{0,100}\bv1beta1\.metrics\.k8s\.io ready",
        says(errors.ServiceUnavailable()),
        word="v1beta1.metrics.k8s.io ready",
    ),
    # kubernetes-mixin alerts/kube_apiserver.libsonnet and apps_alerts.libsonnet
    Grammar(
        "aggregated API v",
        r"aggregated API v\w{1,12}\.\S{1,253} (?:is down|has been only .{1,40} available|has reported .{0,60}errors)",
        says(errors.ServiceUnavailable()),
    ),
    *(
        Grammar(head, head + _OURS + " " + words, says(errors.NotReadyInTime()), word=words)
        for head, words in (
            ("Deployment ", "has not matched the expected number of replicas"),
            ("Rollout of deployment ", "is not progressing for longer than "),
            ("Pod ", "has been in a non-ready state for longer than "),
        )
    ),
    # minikube pkg/addons/addons.go
    *(
        Grammar(
            name,
            name + r"[\w-]{0,60}'? is not a valid addon",
            says(errors.AddonUnknown()),
            word=" is not a valid addon",
        )
        for name in ("metric", "heapster")
    ),
    # microk8s scripts/wrappers/common/utils.py
    Grammar(
        "Addon metric",
        r"Addon metric[\w-]{0,60} was not found in any repository",
        says(errors.AddonUnknown()),
        word=" was not found in any repository",
    ),
)

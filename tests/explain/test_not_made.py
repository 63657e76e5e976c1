"""What is said of a metrics-server that is not made, not pulled, not started or not kept, by whoever saw it.

Formats are those of the sources named beside them.
"""

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())

CONFLICT = 'Apply failed with 1 conflict: conflict with "helm" using apiregistration.k8s.io/v1: .spec.service.name'
TASK = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/k,task_memcg=/k/c"
BESIDE = "not-resource-metrics-pipeline"
ADAPTER_DOWN = "external-metrics-api-down"
REGISTRY = "https://registry.example/v2/metrics-server/metrics-server"


def first(text: str) -> str:
    matches = explain(read(text.splitlines()), INDEX).matches
    return matches[0].id if matches else ""


@pytest.mark.parametrize(
    "text",
    [
        # apimachinery pkg/api/errors/errors.go, NewAlreadyExists, through kubectl create and helm 2
        'Error from server (AlreadyExists): error when creating "c": serviceaccounts "metrics-server" already exists',
        'Error: release m failed: clusterroles.rbac.authorization.k8s.io "system:metrics-server" already exists',
        'clusterroles.rbac.authorization.k8s.io "system:aggregated-metrics-reader" already exists',
        # helm v3 pkg/action/install.go and upgrade.go, without what they wrap
        "Error: rendered manifests contain a resource that already exists. Unable to continue with install",
        "UPGRADE FAILED: rendered manifests contain a resource that already exists. Unable to continue with update",
        # helm v4 pkg/kube/client.go
        "conflict occurred while applying object /v1beta1.metrics.k8s.io apiregistration.k8s.io/v1, Kind=APIService: "
        + CONFLICT,
        "conflict occurred while applying object kube-system/metrics-server apps/v1, Kind=Deployment: " + CONFLICT,
        # Argo CD controller/state.go
        "APIService/v1beta1.metrics.k8s.io is part of applications argocd/a and b",
        "Resource apiregistration.k8s.io/APIService//v1beta1.metrics.k8s.io appeared 2 times among application",
        # Amazon EKS, an add-on's health
        (
            "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts: "
            "ClusterRole.rbac.authorization.k8s.io system:metrics-server - .rules"
        ),
    ],
)
def test_what_is_there_already_is_somebody_elses(text: str) -> None:
    assert first(text) == "helm-apiservice-ownership-conflict"


@pytest.mark.parametrize(
    "text",
    [
        'Error from server (AlreadyExists): namespaces "kube-system" already exists',
        'Error: release web failed: services "web" already exists',
        'rendered manifests contain a resource that already exists. Unable to continue with install: Service "web" in',
        "conflict occurred while applying object default/web apps/v1, Kind=Deployment: "
        + CONFLICT.replace("apiregistration.k8s.io", "apps"),
        "Deployment/web is part of applications argocd/a and b",
    ],
)
def test_what_others_own_is_none_of_this_pipeline(text: str) -> None:
    assert first(text) != "helm-apiservice-ownership-conflict"


@pytest.mark.parametrize(
    "text",
    [
        # Linux mm/oom_kill.c: from 5.0 on, to 4.20, and what both say below
        "Memory cgroup out of memory: Killed process 4550 (metrics-server) total-vm:834776kB, anon-rss:12kB",
        "Memory cgroup out of memory: Kill process 4550 (metrics-server) score 1987 or sacrifice child",
        f"{TASK},task=metrics-server,pid=4550,uid=1000",
        # kubelet pkg/kubelet/oom/oom_watcher_linux.go
        "Warning  SystemOOM  2m  kubelet  System OOM encountered, victim process: metrics-server, pid: 4550",
    ],
)
def test_who_ran_out_of_memory_is_too_small(text: str) -> None:
    assert first(text) == "metrics-server-resource-starvation"


@pytest.mark.parametrize(
    "text",
    [
        "Memory cgroup out of memory: Killed process 4550 (java) total-vm:834776kB",
        f"{TASK},task=java,pid=4550,uid=1000",
        "System OOM encountered, victim process: java, pid: 4550",
        "94.2% throttling of CPU in namespace kube-system for container web in pod web-7d9f-x2k",
    ],
)
def test_another_program_out_of_memory_is_not_metrics_server(text: str) -> None:
    assert first(text) == ""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        # containerd core/remotes/docker, resolver.go and fetcher.go; Docker's client
        (
            'failed to resolve reference "example/metrics-server:v0.8.0": unexpected status code 403 Forbidden',
            "image-pull",
        ),
        (f'failed to do request: Head "{REGISTRY}/manifests/v0.8.0": dial tcp: lookup x: no such host', "image-pull"),
        (f'Get "{REGISTRY}/blobs/sha256:12ab": dial tcp 192.0.2.1:443: i/o timeout', "image-pull"),
        ("pull access denied for mirror/metrics-server, repository does not exist", "image-pull"),
        # kubelet pkg/kubelet/images/image_manager.go
        ('Container image "x/metrics-server:v1" is not present with pull policy of Never', "image-pull"),
        # moby distribution/pull_v2.go; docker/cli cli/command/container
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "image-arch-mismatch"),
        (
            (
                "WARNING: The requested image's platform (linux/amd64) does not match the detected host platform "
                "(linux/arm64/v8) and no specific platform was requested"
            ),
            "image-arch-mismatch",
        ),
        # runc libcontainer, of a command that is not in the image
        ('exec: "/metrics": stat /metrics: no such file or directory: unknown', "bad-flag-or-args"),
        # apiserver pkg/endpoints/handlers/rest.go around encoding/json
        (
            (
                'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal bool into Go '
                "struct field Container.spec.template.spec.containers.args of type string"
            ),
            "bad-flag-or-args",
        ),
        # helm pkg/releaseutil/manifest_sorter.go, text/template
        (
            "Error: YAML parse error on metrics-server/templates/deployment.yaml: error converting YAML to JSON: x",
            "manifest-template-unrendered",
        ),
        (
            (
                "Error: template: metrics-server/templates/deployment.yaml:36:20: executing "
                '"metrics-server/templates/deployment.yaml" at <.Values.args>: range can\'t iterate over --v=2'
            ),
            "manifest-template-unrendered",
        ),
        # kubernetes pkg/scheduler/scheduler.go, cluster-autoscaler's event
        (
            "Warning  FailedScheduling  default-scheduler  no nodes available to schedule pods",
            "metrics-server-unschedulable",
        ),
        (
            "pod didn't trigger scale-up: 2 node(s) didn't match Pod's node affinity/selector, 1 max node group size",
            "metrics-server-unschedulable",
        ),
        # kubernetes pkg/controller/tainteviction, pkg/controller/util/node, pkg/kubelet/eviction
        ("Marking for deletion Pod kube-system/metrics-server-7d9f-x2k", "metrics-server-node-down"),
        ("12s  Warning  NodeNotReady  pod/metrics-server-7d9f-x2k  Node is not ready", "metrics-server-node-down"),
        ("metrics-server-7d9f-x2k   1/1   NodeLost   0   3d", "metrics-server-node-down"),
        (
            (
                'I0101 10:00:00.000000       1 eviction.go:658] "Eviction manager: pod is evicted successfully" '
                'pod="kube-system/metrics-server-7d9f-x2k"'
            ),
            "node-pressure-eviction",
        ),
        # kubernetes plugin/pkg/admission/priority; openshift/apiserver-library-go
        (
            'Error creating: pods "metrics-server-7d9f-" is forbidden: no PriorityClass with name x was found',
            "metrics-server-not-running",
        ),
        # kubernetes plugin/pkg/admission/security/podsecuritypolicy and plugin/pkg/admission/securitycontext/scdeny
        (
            'Error creating: pods "metrics-server-7d9f-" is forbidden: no providers available to validate pod request',
            "metrics-server-not-running",
        ),
        ('Error creating: pods "web-7d9f-" is forbidden: no providers available to validate pod request', BESIDE),
        ('Error creating: pods "" is forbidden: SecurityContext.RunAsUser is forbidden', "metrics-server-not-running"),
        # kubernetes plugin/pkg/auth/authorizer/rbac and kubectl, of what is not there
        ('clusterroles.rbac.authorization.k8s.io "system:metrics-server" not found', "rbac-clusterrole-missing"),
        ('rolebindings.rbac.authorization.k8s.io "metrics-server-auth-reader" not found', "rbac-auth-reader-missing"),
        (
            'clusterrolebindings.rbac.authorization.k8s.io "metrics-server:system:auth-delegator" not found',
            "rbac-auth-delegator-missing",
        ),
        # kubernetes pkg/serviceaccount/claims.go
        (
            (
                '"authentication.k8s.io/stale-token":"subject: system:serviceaccount:k:metrics-server, seconds '
                'after warning threshold: 41"'
            ),
            "serviceaccount-token-expired",
        ),
        ("[invalid bearer token, service account token is issued in the future]", "clock-skew"),
        # client-go rest/request.go
        (
            (
                "E0101 10:00:00.000000       1 webhook.go:186] Failed to make webhook authorizer request: 0-length "
                "response with status code: 200 and content type: "
            ),
            "apiserver-connection-unstable",
        ),
        # node_exporter docs/node-mixin/alerts
        ("Clock at 192.0.2.1:9100 is not synchronising. Ensure NTP is configured on this host.", "clock-skew"),
        ("Clock at 192.0.2.1:9100 is out of sync by more than 0.05s.", "clock-skew"),
        ("the clocks of the nodes must be in sync", ""),
        # custom-metrics-apiserver test-adapter/main.go, keda cmd/adapter/main.go
        ("F0101 10:00:00.000000       1 adapter.go:57] unable to run custom metrics adapter: x", ADAPTER_DOWN),
        ('"msg"="unable to run external metrics adapter" "error"="x"', ADAPTER_DOWN),
        ("unable to construct custom metrics provider: max age must not be less than relist interval", ADAPTER_DOWN),
        (
            (
                'unable to construct discovery REST mapper: x: Get "https://10.96.0.1:443/api?timeout=32s": dial tcp '
                "10.96.0.1:443: i/o timeout"
            ),
            "pod-cannot-reach-apiserver",
        ),
        # moby's and go-containerregistry's clients, and what Docker Hub answers; containerd images/image.go
        (
            "Error response from daemon: Get https://registry.k8s.io/v2/: dial tcp 192.0.2.1:443: i/o timeout",
            "image-pull",
        ),
        ("2026/01/01 10:00:00 <-- 403 https://registry.k8s.io/v2/ (167.668712ms)", "image-pull"),
        ("2026/01/01 10:00:00 <-- 401 https://registry.k8s.io/v2/ (167.668712ms)", ""),
        ("toomanyrequests: You have reached your pull rate limit.", "image-pull"),
        ("no match for platform in manifest: not found", "image-arch-mismatch"),
        # os, of the file that a flag names; kubernetes-mixin alerts
        ("Error: open /certs/tls.crt: no such file or directory", "bad-flag-or-args"),
        ("panic: unable to load root certificates: open /ca.crt: no such file or directory", "bad-flag-or-args"),
        (
            "94.2% throttling of CPU in namespace kube-system for container metrics-server in pod x",
            "metrics-server-resource-starvation",
        ),
        # kubectl, of what others own; helm, of a release that is there; kubectl get apiservices
        (f"error: {CONFLICT}", "helm-apiservice-ownership-conflict"),
        ("Error: cannot re-use a name that is still in use", "helm-apiservice-ownership-conflict"),
        ("v1beta1.metrics.k8s.io                 Local     True        10d", "apiservice-local"),
        # a word of the text beside a failure of any cause
        (
            (
                "after disabling metrics-server\nerror: unable to retrieve the complete list of server APIs: "
                "metrics.k8s.io/v1beta1: the server is currently unable to handle the request"
            ),
            "apiservice-orphaned",
        ),
    ],
)
def test_it_says_why(text: str, cause: str) -> None:
    assert first(text) == cause

"""What people tell of metrics-server's pod, APIServices, figures and HPAs in sentences of their own."""

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.model import Confidence
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())


def ids(*lines: str) -> list[str]:
    return [match.id for match in explain(read(lines), INDEX).matches]


@pytest.mark.parametrize(
    ("sentence", "first"),
    [
        # its own pod
        ("metrics-server is throttled all day", "metrics-server-resource-starvation"),
        ("the kernel said out of memory of metrics-server", "metrics-server-resource-starvation"),
        ("raising the memory limit of metrics-server", "metrics-server-resource-starvation"),
        ("its readiness probe has a timeout of one second", "metrics-server-resource-starvation"),
        ("with hostNetwork the port clashes: 10250 is in use", "hostnetwork-port-conflict"),
        ("a PodSecurityPolicy forbids metrics-server", "metrics-server-not-running"),
        ("somebody had metrics-server scaled to 0", "metrics-server-not-running"),
        ("metrics-server does not tolerate what our nodes have", "node-taint"),
        ("all nodes are tainted, so metrics-server waits", "node-taint"),
        ("we run metrics-server on a Raspberry Pi", "image-arch-mismatch"),
        ("the nodes cannot pull the image of metrics-server", "image-pull"),
        ("k8s.gcr.io is blocked here", "image-pull"),
        ("it is not allowed to read ConfigMaps in kube-system", "rbac-auth-reader-missing"),
        ("the RoleBinding metrics-server-auth-reader is missing", "rbac-auth-reader-missing"),
        ("there is no binding to system:auth-delegator", "rbac-auth-delegator-missing"),
        ("it lacks create on subjectaccessreviews", "rbac-auth-delegator-missing"),
        ("its containerPort differs from --secure-port", "secure-port-mismatch"),
        ("audit found stale tokens", "serviceaccount-token-expired"),
        ("the mounted token had expired", "serviceaccount-token-expired"),
        ("there is no metrics-server here", "metrics-server-missing"),
        ("metrics-server was never installed", "metrics-server-missing"),
        ("we had to deploy metrics-server first", "metrics-server-missing"),
        ("--kubelet-insecure-tls is a security hole", "kubelet-insecure-tls"),
        ("metrics-server's certificate has expired", "metrics-server-cert-expired"),
        # APIServices
        ("api-resources fails after uninstalling metrics-server", "apiservice-orphaned"),
        ("we found an orphaned APIService", "apiservice-orphaned"),
        ("the chart left an APIService behind", "apiservice-orphaned"),
        ("two charts clash over the APIService", "helm-apiservice-ownership-conflict"),
        ("the APIService is owned by another release", "helm-apiservice-ownership-conflict"),
        ("can two adapters serve it at once?", "external-metrics-apiservice-conflict"),
        ("enabling hostNetwork helped", "aggregator-cannot-reach-service"),
        ("--enable-aggregator-routing=true solved it", "aggregator-cannot-reach-service"),
        ("insecureSkipTLSVerify: true is not recommended", "apiservice-insecure-skip-tls"),
        # figures
        ("with cgroup v2 there is no memory", "cgroup-v2-unsupported"),
        ("the extra option housekeeping-interval", "kubelet-housekeeping-interval"),
        ("we raised fs.inotify.max_user_instances, the limit was reached", "inotify-limit-exhausted"),
        ("a pod has negative CPU", "cumulative-cpu-decrease"),
        ("top nodes works, top pods does not", "container-metrics-missing-from-kubelet"),
        ("there are no metrics for some pods", "container-metrics-missing-from-kubelet"),
        ("the startTime of a system container is null", "kubelet-null-starttime"),
        ("a kubelet sent a negative timestamp", "kubelet-bad-timestamp-series"),
        ("Windows nodes have no metrics", "windows-kubelet-stats-500"),
        ("/metrics/resource gives 404 on old nodes", "kubelet-endpoint-404-version"),
        # who asks for figures
        ("our pods have no CPU requests", "hpa-missing-requests"),
        ("the injected proxy has no requests", "hpa-missing-requests-sidecar"),
        ("its selector also matches pods of the cache", "hpa-selector-overlap"),
        ("two HPAs scale the same Deployment", "hpa-ambiguous-selector"),
        ("the HPA is in another namespace", "hpa-wrong-namespace"),
        ("the HPA's scaleTargetRef says extensions/v1beta1", "hpa-scaletargetref-wrong-api"),
        ("our CRD has no labelSelectorPath", "hpa-scale-selector-missing"),
        ("the HPA points to a Deployment that was renamed", "hpa-target-not-found"),
        ("KEDA's CRDs were not there", "keda-crd-missing"),
        ("extensions/v1beta1 has been disabled here", "api-version-removed"),
        ("autoscaling/v2beta2 is deprecated", "api-version-deprecated"),
        ("the rules ask for pod_name, which is no longer there", "prometheus-adapter-query-mismatch"),
        ("the ServiceMonitor gets 403", "not-resource-metrics-pipeline"),
        ("developers do not have permission to use kubectl top", "rbac-user-metrics-forbidden"),
        ("we had an old version of kubectl", "kubectl-version-skew"),
        ("the custom metrics were empty", "custom-metrics-query-empty"),
    ],
)
def test_a_sentence_alone_is_answered_as_what_it_may_be(sentence: str, first: str) -> None:
    matches = explain(read([sentence]), INDEX).matches

    assert [match.id for match in matches][:1] == [first]
    assert {match.confidence for match in matches} == {Confidence.POSSIBLE}


@pytest.mark.parametrize(
    "sentence",
    [
        "metrics-server is installed and runs",
        "metrics-server needs 100m of CPU and 200 MiB of memory",
        "the readiness probe asks /readyz every ten seconds",
        "hostNetwork: true",
        "the bootstrap token expired",
        "--kubelet-insecure-tls",
        "insecureSkipTLSVerify: true",
        "kubectl get apiservices",
        "we uninstalled the chart and installed it again",
        "the nodes use cgroup v2",
        "fs.inotify.max_user_instances = 8192",
        "top nodes works and top pods works",
        "startTime: 2026-02-17T15:13:46Z",
        "the nodes run Windows Server 2019",
        "it scrapes /metrics/resource",
        "the sidecar's requests are 10m",
        "the HPA scales our Deployment in the namespace shop",
        "the Deployment's selector and labels are the same",
        "KEDA's CRDs are installed",
        "autoscaling/v2beta2",
        "v1beta1.metrics.k8s.io True",
        "All content successfully removed",
        "kubectl top pods",
        "all our users may read metrics",
        "Prometheus has a ServiceMonitor for it",
        "the adapter has four rules",
    ],
)
def test_what_speaks_of_it_and_names_no_trouble_tells_nothing(sentence: str) -> None:
    assert ids(sentence) == []

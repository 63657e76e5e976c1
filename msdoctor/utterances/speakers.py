"""Who printed a line, from the source file in its header and from wordings that one component alone uses."""

from __future__ import annotations

from msdoctor.utterances import Speaker

_FILES = {
    # metrics-server pkg/
    "scraper.go": Speaker.METRICS_SERVER,
    "storage.go": Speaker.METRICS_SERVER,
    "decode.go": Speaker.METRICS_SERVER,
    "manager.go": Speaker.METRICS_SERVER,
    "reststorage.go": Speaker.METRICS_SERVER,
    "summary.go": Speaker.METRICS_SERVER,
    # apiserver pkg/server, as metrics-server starts it
    "serving.go": Speaker.METRICS_SERVER,
    "secure_serving.go": Speaker.METRICS_SERVER,
    "tlsconfig.go": Speaker.METRICS_SERVER,
    "dynamic_serving_content.go": Speaker.METRICS_SERVER,
    "shared_informer.go": Speaker.METRICS_SERVER,
    # apiserver pkg/authentication, pkg/authorization, pkg/endpoints, pkg/server/filters and plugin/
    "webhook.go": Speaker.DELEGATED_AUTH,
    "errors.go": Speaker.DELEGATED_AUTH,
    "timeout.go": Speaker.DELEGATED_AUTH,
    "authentication.go": Speaker.DELEGATED_AUTH,
    "requestheader_controller.go": Speaker.DELEGATED_AUTH,
    "configmap_cafile_content.go": Speaker.DELEGATED_AUTH,
    # kube-aggregator pkg/
    "available_controller.go": Speaker.AGGREGATOR,
    "remote_available_controller.go": Speaker.AGGREGATOR,
    "handler_proxy.go": Speaker.AGGREGATOR,
    "server_cert_deprecations.go": Speaker.AGGREGATOR,
    # kubernetes pkg/kubelet/, and client-go util/certificate/, by which kubelets alone of all here have theirs renewed
    **dict.fromkeys(
        (
            "kubelet.go",
            "kubelet_node_status.go",
            "nodelease.go",
            "kubelet_pods.go",
            "kuberuntime_manager.go",
            "kuberuntime_container.go",
            "kuberuntime_sandbox.go",
            "pod_workers.go",
            "remote_runtime.go",
            "remote_image.go",
            "cri_stats_provider.go",
            "cadvisor_stats_provider.go",
            "summary_sys_containers.go",
            "prometheus_resource_metrics.go",
            "container_manager_linux.go",
            "eviction_manager.go",
            "nodeinfomanager.go",
            "certificate_manager.go",
        ),
        Speaker.KUBELET,
    ),
    "horizontal.go": Speaker.HPA_CONTROLLER,
    "cluster_feeder.go": Speaker.VPA,
    "top_pod.go": Speaker.KUBECTL,
    "memcache.go": Speaker.KUBECTL,
}

_WORDINGS = (
    ("Failed to scrape node", Speaker.METRICS_SERVER),
    ("Skipping node usage metric", Speaker.METRICS_SERVER),
    ("Skipping container usage metric", Speaker.METRICS_SERVER),
    ("Failed getting complete", Speaker.METRICS_SERVER),
    ("metric timestamp", Speaker.METRICS_SERVER),
    ("Metric storage is not ready", Speaker.METRICS_SERVER),
    ("Error getting summary for resourceMetric", Speaker.KUBELET),
    ("Failed to start cAdvisor", Speaker.KUBELET),
    # component-helpers apimachinery/lease/controller.go
    ("ailed to update lease", Speaker.KUBELET),
    ("nsure lease exists", Speaker.KUBELET),
    ("unable to fully scrape metrics", Speaker.METRICS_SERVER),
    ("unable to fully collect metrics", Speaker.METRICS_SERVER),
    ("error while getting metrics summary from Kubelet", Speaker.METRICS_SERVER),
    ("Failed to make webhook", Speaker.DELEGATED_AUTH),
    ("Unable to authenticate the request", Speaker.DELEGATED_AUTH),
    ("post-timeout activity", Speaker.DELEGATED_AUTH),
    ("failing or missing response from", Speaker.AGGREGATOR),
    ("metrics.k8s.io failed with: ", Speaker.AGGREGATOR),
    ("unable to fetch metrics from API", Speaker.HPA_CONTROLLER),
    ("unable to fetch metrics from resource metrics API", Speaker.HPA_CONTROLLER),
    ("the HPA controller was unable", Speaker.HPA_CONTROLLER),
    ("the HPA was unable", Speaker.HPA_CONTROLLER),
    ("the HPA was able", Speaker.HPA_CONTROLLER),
    ("horizontal-pod-autoscaler", Speaker.HPA_CONTROLLER),
    ("FailedGet", Speaker.HPA_CONTROLLER),
    ("FailedComputeMetricsReplicas", Speaker.HPA_CONTROLLER),
    ("ContainerMetricsSnapshot", Speaker.VPA),
    ("Unable to connect to the server", Speaker.KUBECTL),
    ("no metrics returned from resource metrics API", Speaker.HPA_CONTROLLER),
    ("etrics not available for pod", Speaker.KUBECTL),
    ("probe failed", Speaker.KUBELET),
    ("Error from server", Speaker.KUBECTL),
    ("HTTP response body: ", Speaker.KUBECTL),  # another client, of the same server
)

# kubernetes pkg/kubelet/server/server.go, InstallAuthFilter; the API servers' library says the same in another file,
# and of that what is structured stops before "due to".
_KUBELETS_DOUBTS = ("Unable to authenticate the request due to an error", "Authorization error")

# cAdvisor manager/manager.go, in a kubelet; metrics-server had a file of that name to 0.4.
_CADVISORS = (
    "Failed to ",
    "Starting recovery",
    "Recovery completed",
    "Registration of ",
    "Started watching",
    "Machine: ",
)

_LIBRARY_OF = {
    # what any API server's library prints is said by the component whose log it is, but for metrics-server, where it is
    # worth telling its front door from its scraper
    Speaker.METRICS_SERVER: {Speaker.METRICS_SERVER, Speaker.DELEGATED_AUTH},
    Speaker.API_SERVER: {Speaker.API_SERVER, Speaker.AGGREGATOR},
}


def speaker_of(text: str, source: str, told: Speaker) -> Speaker:
    """The speaker of a line. ``told`` is what its carrier or the caller knows, and only ever made more precise."""
    guess = _guess(text, source)
    if told is Speaker.UNKNOWN:
        return guess
    if told is Speaker.ALL_IN_ONE:  # metrics-server is a pod there, too: its library's words are the API server's
        return Speaker.API_SERVER if guess in _LIBRARY_OF[Speaker.METRICS_SERVER] else guess
    return guess if guess in _LIBRARY_OF.get(told, ()) else told


def _guess(text: str, source: str) -> Speaker:
    file = source.rpartition("/")[2].partition(":")[0]
    if file == "manager.go" and text.startswith(_CADVISORS):
        return Speaker.KUBELET
    if file in _FILES:
        return _FILES[file]
    if text in _KUBELETS_DOUBTS or (file == "server.go" and text.startswith(_KUBELETS_DOUBTS)):
        return Speaker.KUBELET
    known = next((speaker for wording, speaker in _WORDINGS if wording in text), Speaker.UNKNOWN)
    if known is Speaker.UNKNOWN and not source and _is_of_kubectl(text):
        return Speaker.KUBECTL
    return known


def _is_of_kubectl(text: str) -> bool:
    """Whether ``error: `` begins what is said, as kubectl's errors begin, and is no other's ``connection error: ``."""
    before, found, _ = text.partition("error: ")
    return bool(found) and not before.rstrip()[-1:].isalnum()


def is_a_beginning(text: str) -> bool:
    """Whether a text has a wording that some component begins an error with, and so is the first part of one."""
    return " is forbidden" in text or _guess(text, "") is not Speaker.UNKNOWN

"""The name of everything that can be wrong with a metrics pipeline, and of what only looks wrong.

A check, a recorded case and a report that mean the same thing use the same id. Ids may be added; none is ever renamed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from msdoctor.model import Class, Hop


class Entry(NamedTuple):
    """What an id stands for.

    ``classes`` has two values where it depends on the cluster which one it is; ``hop`` is None for mere noise.
    """

    id: str
    hop: Hop | None
    classes: tuple[Class, ...]
    title: str


CAUSE = (Class.CAUSE,)
CAUSE_OR_RISK = (Class.CAUSE, Class.RISK)
RISK = (Class.RISK,)
BENIGN = (Class.BENIGN,)
BENIGN_OR_SYMPTOM = (Class.BENIGN, Class.SYMPTOM)
SYMPTOM = (Class.SYMPTOM,)
ELSEWHERE = (Class.ELSEWHERE,)

_FRONT_PROXY = (
    Entry("requestheader-config-missing", Hop.D, CAUSE, "The API server publishes no CA for its aggregator."),
    Entry("client-ca-config-missing", Hop.D, CAUSE, "The API server publishes no CA for client certificates."),
    Entry("proxy-client-cert-missing", Hop.C, CAUSE, "The aggregator has no client certificate to show."),
    Entry(
        "front-proxy-ca-mismatch", Hop.D, CAUSE, "The aggregator's certificate comes from a CA that was not published."
    ),
    Entry("front-proxy-cert-expired", Hop.D, CAUSE, "The aggregator's client certificate or its CA has expired."),
    Entry("front-proxy-cert-expiring", Hop.D, RISK, "The aggregator's client certificate or its CA expires soon."),
    Entry("front-proxy-key-mismatch", Hop.C, CAUSE, "The aggregator's key and certificate are not a pair."),
    Entry(
        "process-not-restarted", Hop.C, CAUSE_OR_RISK, "A process still runs with flags that its files no longer hold."
    ),
    Entry("client-cert-key-usage", Hop.D, CAUSE, "A client certificate may not be used by a client."),
    Entry("requestheader-allowed-names-mismatch", Hop.D, CAUSE, "The aggregator's name is not among the allowed ones."),
    Entry(
        "requestheader-ca-same-as-client-ca",
        Hop.D,
        CAUSE_OR_RISK,
        "One CA vouches for the aggregator and for ordinary clients alike.",
    ),
    Entry("requestheader-header-names", Hop.D, CAUSE_OR_RISK, "The user is looked for in headers that are never sent."),
    Entry("aggregator-cannot-reach-service", Hop.C, CAUSE, "The API server's host has no route to metrics-server."),
    Entry(
        "cloud-firewall-control-plane-to-node",
        Hop.C,
        CAUSE,
        "A cloud firewall keeps the control plane from the pod's port.",
    ),
    Entry("proxy-env-no_proxy", Hop.C, CAUSE, "The API server sends aggregated calls to an HTTP proxy."),
    Entry("konnectivity-tunnel-down", Hop.C, CAUSE, "The control plane's tunnel to the nodes is down."),
    Entry("overlay-vxlan-udp-blocked", Hop.C, CAUSE, "The overlay network's UDP packets do not pass between nodes."),
    Entry("network-policy-blocks", Hop.C, CAUSE_OR_RISK, "A NetworkPolicy leaves metrics-server's traffic no way."),
    Entry("network-mtu-or-overlay", Hop.C, CAUSE, "Connections open, and packets of full size get lost."),
)

_APISERVICE = (
    Entry("metrics-api-not-registered", Hop.B, CAUSE, "Nobody has registered the metrics API."),
    Entry("apiservice-local", Hop.B, CAUSE, "The metrics API is registered as one that the API server serves itself."),
    Entry("apiservice-service-missing", Hop.B, CAUSE, "The APIService points to a Service that is not there."),
    Entry("service-selector-mismatch", Hop.B, CAUSE, "The Service selects none of metrics-server's pods."),
    Entry("apiservice-port-mismatch", Hop.B, CAUSE, "The APIService asks for a port that the Service does not offer."),
    Entry("apiservice-unavailable", Hop.B, SYMPTOM, "The API server marks the metrics API as not available."),
    Entry("apiservice-missing-endpoints", Hop.B, SYMPTOM, "The Service has no pod that is ready to answer."),
    Entry("endpoints-controller-stale", Hop.B, CAUSE, "A pod is ready, and the Service's endpoints do not say so."),
    Entry("apiservice-backend-starting", Hop.B, BENIGN, "The server behind the API is still starting."),
    Entry("apiservice-orphaned", Hop.B, CAUSE, "An APIService has outlived the server it was made for."),
    Entry("apiservice-cabundle-mismatch", Hop.C, CAUSE, "The APIService's CA bundle does not verify metrics-server."),
    Entry("apiservice-cert-no-san", Hop.C, CAUSE, "The certificate served to the aggregator lacks the Service's name."),
    Entry("metrics-server-cert-expired", Hop.C, CAUSE, "metrics-server's own certificate has expired."),
    Entry("metrics-server-cert-expiring", Hop.C, RISK, "metrics-server's own certificate expires soon."),
    Entry("apiservice-insecure-skip-tls", Hop.C, RISK, "The API server does not verify who answers as metrics-server."),
    Entry("helm-apiservice-ownership-conflict", Hop.B, CAUSE, "The APIService belongs to another installation."),
    Entry(
        "external-metrics-apiservice-conflict", Hop.B, ELSEWHERE, "Two adapters register one and the same metrics API."
    ),
    Entry("external-metrics-api-down", Hop.B, ELSEWHERE, "The adapter for external or custom metrics does not answer."),
)

_METRICS_SERVER = (
    Entry("metrics-server-not-ready", Hop.D, SYMPTOM, "metrics-server runs and does not get ready."),
    Entry("metrics-not-yet-available", Hop.D, BENIGN_OR_SYMPTOM, "metrics-server has stored no metrics so far."),
    Entry("metrics-server-missing", Hop.D, CAUSE, "There is no metrics-server in this cluster."),
    Entry("metrics-server-not-running", Hop.D, CAUSE, "metrics-server is installed, and no pod of it is made."),
    Entry("metrics-server-unschedulable", Hop.D, CAUSE, "No node will take metrics-server's pod."),
    Entry("metrics-server-node-down", Hop.D, CAUSE, "The node of the only metrics-server pod is down."),
    Entry("metrics-server-resource-starvation", Hop.D, CAUSE, "metrics-server has too little CPU or memory."),
    Entry("bad-flag-or-args", Hop.D, CAUSE, "metrics-server does not start with the arguments it was given."),
    Entry("secure-port-mismatch", Hop.D, CAUSE, "metrics-server listens on another port than it is asked on."),
    Entry("hostnetwork-port-conflict", Hop.D, CAUSE, "metrics-server wants a port of its host that is taken."),
    Entry("port-conflict-10250-fargate", Hop.E, CAUSE, "metrics-server listens on the kubelet's port and asks itself."),
    Entry("secure-port-privileged-bind", Hop.D, CAUSE, "metrics-server may not listen on a port below 1024."),
    Entry("image-pull", Hop.D, CAUSE, "metrics-server's image cannot be pulled."),
    Entry("image-arch-mismatch", Hop.D, CAUSE, "metrics-server's image is built for another processor."),
    Entry("manifest-template-unrendered", Hop.D, CAUSE, "metrics-server's manifest still holds template text."),
    Entry("pod-security-runasnonroot", Hop.D, CAUSE, "metrics-server's pod may not run as the user it asks for."),
    Entry("node-pressure-eviction", Hop.D, CAUSE, "metrics-server was evicted from a node short of resources."),
    Entry("node-taint", Hop.D, CAUSE, "metrics-server does not tolerate the taints of the nodes."),
    Entry("chart-cert-acme-cn", Hop.D, CAUSE, "The chart asks for a certificate that its issuer cannot give."),
    Entry("pod-cannot-reach-apiserver", Hop.D, CAUSE, "metrics-server's pod does not reach the API server."),
    Entry("apiserver-connection-unstable", Hop.D, CAUSE, "metrics-server keeps losing the API server."),
    Entry("apiserver-restarting", Hop.D, BENIGN, "The API server was restarting at that moment."),
    Entry("startup-race-rbac-not-ready", Hop.D, BENIGN, "The API server was asked before its roles were in place."),
    Entry("rbac-auth-reader-missing", Hop.D, CAUSE, "metrics-server may not read how it is to know the aggregator."),
    Entry(
        "rbac-auth-delegator-missing", Hop.D, CAUSE, "metrics-server may not ask who a caller is and what they may do."
    ),
    Entry("rbac-clusterrole-missing", Hop.D, CAUSE, "metrics-server may not list nodes and pods."),
    Entry("serviceaccount-token-invalid", Hop.D, CAUSE, "The API server does not accept metrics-server's token."),
    Entry("serviceaccount-token-expired", Hop.D, CAUSE, "metrics-server's token is past its time."),
    Entry("apiserver-serving-cert-expired", Hop.A, CAUSE, "The API server's own certificate has expired."),
    Entry("request-timeout-overload", Hop.D, CAUSE, "Answers take longer than callers will wait."),
    Entry(
        "ipv6-unsupported-old-version", Hop.E, CAUSE, "This old metrics-server cannot write an IPv6 address in a URL."
    ),
)

_KUBELET = (
    Entry("kubelet-cert-san-missing-ip", Hop.E, CAUSE, "The kubelet's certificate names no IP address at all."),
    Entry(
        "kubelet-cert-san-mismatch",
        Hop.E,
        CAUSE,
        "The kubelet's certificate lacks the address that the kubelet is asked on.",
    ),
    Entry(
        "kubelet-cert-unknown-ca", Hop.E, CAUSE, "metrics-server does not trust who signed the kubelet's certificate."
    ),
    Entry("kubelet-cert-expired", Hop.E, CAUSE, "The kubelet's certificate has expired."),
    Entry("kubelet-cert-expiring", Hop.E, RISK, "The kubelet's certificate expires soon."),
    Entry(
        "kubelet-cert-not-reloaded",
        Hop.E,
        CAUSE_OR_RISK,
        "The kubelet serves an older certificate than its disk holds.",
    ),
    Entry("kubelet-cert-key-usage", Hop.E, CAUSE, "The kubelet's certificate may not be used by a server."),
    Entry("kubelet-serving-csr-pending", Hop.E, CAUSE, "The kubelet's request for a certificate waits for approval."),
    Entry("kubelet-serving-csr-denied", Hop.E, CAUSE, "The kubelet's request for a certificate was turned down."),
    Entry("kubelet-insecure-tls", Hop.E, RISK, "metrics-server does not verify the kubelets it asks."),
    Entry("clock-skew", Hop.E, CAUSE, "Two machines do not agree on what time it is."),
    Entry("node-address-dns-unresolvable", Hop.E, CAUSE, "metrics-server asks nodes by names that DNS does not know."),
    Entry(
        "node-address-type-missing", Hop.E, CAUSE, "The node has no address of the types that metrics-server may use."
    ),
    Entry("node-wrong-internal-ip", Hop.E, CAUSE, "The node is registered under an address that is not its kubelet's."),
    Entry("kubelet-down", Hop.E, CAUSE, "No kubelet is running on the node."),
    Entry("node-unreachable-timeout", Hop.E, CAUSE, "Packets to the kubelet's port vanish."),
    Entry("node-firewall-reject", Hop.E, CAUSE, "The node turns connections to the kubelet's port away."),
    Entry("node-terminated-still-listed", Hop.E, BENIGN, "The machine is gone, and its Node object will follow."),
    Entry("cluster-dns-unreachable", Hop.E, CAUSE, "metrics-server does not reach the cluster's DNS."),
    Entry("kubelet-read-only-port-10255", Hop.E, CAUSE, "metrics-server asks on the read-only port, which is closed."),
    Entry("kubelet-endpoint-404-version", Hop.E, CAUSE, "The kubelet's version lacks the path that is asked for."),
    Entry("kubelet-slow-response", Hop.E, CAUSE, "The kubelet answers too late."),
    Entry("node-metrics-missing", Hop.E, SYMPTOM, "A node has no row of metrics."),
    Entry("kubelet-webhook-unauthorized-401", Hop.F, CAUSE, "The kubelet does not check tokens with the API server."),
    Entry(
        "kubelet-cannot-reach-apiserver-webhook", Hop.F, CAUSE, "The kubelet cannot ask the API server about a caller."
    ),
    Entry(
        "kubelet-anonymous-token-not-accepted",
        Hop.F,
        CAUSE,
        "The kubelet takes metrics-server for an anonymous caller.",
    ),
    Entry("kubelet-rbac-forbidden-403", Hop.F, CAUSE, "metrics-server may not read the kubelets' metrics."),
    Entry("rbac-image-version-skew", Hop.F, CAUSE, "metrics-server's image and role come from different releases."),
    Entry("kubelet-anonymous-enabled", Hop.F, RISK, "The kubelet admits callers without a name."),
    Entry("kubelet-authz-always-allow", Hop.F, RISK, "The kubelet allows every caller everything."),
    Entry("apiserver-kubelet-client-rbac", Hop.F, ELSEWHERE, "The API server itself lacks rights on the kubelets."),
)

_KUBELET_DATA = (
    Entry("container-metrics-missing-from-kubelet", Hop.G, CAUSE, "The kubelet reports its node and no containers."),
    Entry("windows-kubelet-stats-500", Hop.G, CAUSE, "A Windows kubelet fails to make up its statistics."),
    Entry("kubelet-bad-timestamp-series", Hop.G, CAUSE, "The kubelet reports samples with impossible times."),
    Entry("kubelet-null-starttime", Hop.G, CAUSE, "The kubelet reports containers without a start time."),
    Entry("kubelet-housekeeping-interval", Hop.G, CAUSE, "The kubelet measures less often than metrics-server asks."),
    Entry("cgroup-v2-unsupported", Hop.G, CAUSE, "Something on the node cannot read cgroup v2."),
    Entry(
        "cgroup-hierarchy-node-stats-zero",
        Hop.G,
        CAUSE,
        "The node's cgroups are laid out so that its figures are zero.",
    ),
    Entry("cadvisor-root-stats-missing", Hop.G, CAUSE, "The kubelet has no statistics of the root cgroup."),
    Entry("inotify-limit-exhausted", Hop.G, CAUSE, "The node has run out of inotify watches."),
    Entry("old-stats-endpoint-removed", Hop.G, CAUSE, "The statistics path that is asked for was removed."),
    Entry("cumulative-cpu-decrease", Hop.G, BENIGN, "A CPU counter went back once, and one sample was left out."),
    Entry("kubelet-system-slice-accounting", Hop.G, BENIGN, "Only the host's own services have no figures."),
)

_CONSUMERS = (
    Entry("rbac-user-metrics-forbidden", Hop.A, CAUSE, "This user may not read metrics."),
    Entry("kubectl-version-skew", Hop.A, CAUSE, "This kubectl is too old for the cluster."),
    Entry("heapster-wrong-namespace", Hop.A, CAUSE, "An old kubectl looks for Heapster in the wrong namespace."),
    Entry("heapster-scheme-mismatch", Hop.A, CAUSE, "An old kubectl speaks to Heapster with the wrong scheme."),
    Entry("api-version-removed", Hop.H, CAUSE, "An object uses an API version that this server no longer has."),
    Entry(
        "api-version-not-yet-served", Hop.H, CAUSE, "An object uses an API version that this server does not have yet."
    ),
    Entry("api-version-deprecated", Hop.H, BENIGN, "An object uses an API version that will go away."),
    Entry("hpa-metrics-failing", Hop.H, SYMPTOM, "An HPA says that it cannot get resource metrics."),
    Entry("vpa-metrics-failing", Hop.H, SYMPTOM, "A VPA gets no samples, and recommends without them."),
    Entry("hpa-missing-requests", Hop.H, CAUSE, "The HPA's target does not request the resource it is measured by."),
    Entry("hpa-missing-requests-sidecar", Hop.H, CAUSE, "A sidecar in the HPA's target lacks a resource request."),
    Entry(
        "hpa-container-not-found", Hop.H, CAUSE, "An HPA is measured by a container of a name that its pods have not."
    ),
    Entry("hpa-selector-overlap", Hop.H, CAUSE, "Two workloads select the same pods."),
    Entry("hpa-ambiguous-selector", Hop.H, CAUSE, "Several HPAs scale the same pods."),
    Entry("hpa-scale-selector-missing", Hop.H, CAUSE, "The HPA's target does not say which pods are its own."),
    Entry("hpa-target-not-found", Hop.H, CAUSE, "The HPA's target does not exist."),
    Entry("hpa-wrong-namespace", Hop.H, CAUSE, "The HPA and its target are in different namespaces."),
    Entry("hpa-scaletargetref-wrong-api", Hop.H, CAUSE, "The HPA names its target by the wrong kind or API version."),
    Entry("hpa-pods-restarting", Hop.H, CAUSE, "A container that keeps restarting hides the pods that an HPA scales."),
    Entry("hpa-pods-not-ready-yet", Hop.H, BENIGN, "The HPA waits for new pods to settle."),
)

_ELSEWHERE = (
    Entry("prometheus-adapter-query-mismatch", Hop.X, ELSEWHERE, "The Prometheus adapter's query finds no series."),
    Entry(
        "prometheus-adapter-backend-unreachable", Hop.X, ELSEWHERE, "The Prometheus adapter does not reach Prometheus."
    ),
    Entry("custom-metrics-query-empty", Hop.X, ELSEWHERE, "A custom metric has no values."),
    Entry("custom-metrics-not-exposed", Hop.X, ELSEWHERE, "Nobody offers this custom metric."),
    Entry("keda-crd-missing", Hop.X, ELSEWHERE, "KEDA's resource definitions are not installed."),
    Entry("not-resource-metrics-pipeline", Hop.X, ELSEWHERE, "This has only words in common with resource metrics."),
)

_NOISE = (
    Entry("benign-anonymous-root-probe", None, BENIGN, "Somebody without a name asked for the root path."),
    Entry("benign-http2-stream-closed", None, BENIGN, "An HTTP/2 stream was closed before its end."),
    Entry("benign-informer-run-twice", None, BENIGN, "A watcher inside a component was started a second time."),
    Entry("benign-slow-trace", None, BENIGN, "A request took long enough to be logged, and succeeded."),
    Entry("benign-terminated-pods-queried", None, BENIGN, "Metrics were asked for pods that have ended."),
    Entry("benign-tls-handshake-eof", None, BENIGN, "Somebody opened a connection and left without a handshake."),
    Entry("benign-watch-goaway", None, BENIGN, "The server asked a watcher to connect again."),
)

ENTRIES = (
    *_FRONT_PROXY,
    *_APISERVICE,
    *_METRICS_SERVER,
    *_KUBELET,
    *_KUBELET_DATA,
    *_CONSUMERS,
    *_ELSEWHERE,
    *_NOISE,
)

VOCABULARY: Mapping[str, Entry] = MappingProxyType({entry.id: entry for entry in ENTRIES})

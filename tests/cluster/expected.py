"""What msdoctor has to find in each of the lab's patients: one table, for live looks and for recorded ones."""

from typing import Any

from lab.variants import parts

# Ids of causes and risks with their states.
Found = set[tuple[str, str]]

# What is worth a note only, and leaves the verdict as it is: ids, and those that are causes in another state.
NOTES = {"apiservice-insecure-skip-tls"}
LATENT_NOTES = {"requestheader-header-names"}


def is_note(cause: Any) -> bool:
    """Whether a cause of a report's JSON is one."""
    return cause["id"] in NOTES or (cause["id"] in LATENT_NOTES and cause["state"] == "latent")


# What each patient of the lab has, by the ids of its causes and risks with their state; notes are not counted.
TRUTH: dict[str, Found] = {
    "healthy": set(),
    "requestheader-config-missing": {("requestheader-config-missing", "active")},
    "kubelet-cert-san-mismatch": {("kubelet-cert-san-mismatch", "active")},
    "story": {("requestheader-config-missing", "active"), ("kubelet-cert-san-mismatch", "active")},
    "guides-way-out": {("kubelet-insecure-tls", "active"), ("kubelet-cert-san-mismatch", "latent")},
    "guides-patch": {
        ("secure-port-mismatch", "active"),
        ("kubelet-insecure-tls", "active"),
        ("kubelet-cert-san-mismatch", "latent"),
    },
    "metrics-api-not-registered": {("metrics-api-not-registered", "active")},
    "metrics-server-missing": {("metrics-server-missing", "active")},
    "apiservice-missing-endpoints": {("service-selector-mismatch", "active")},
    "service-selector-mismatch": {("service-selector-mismatch", "active")},
    "apiservice-local": {("apiservice-local", "active")},
    "apiservice-service-missing": {("apiservice-service-missing", "active")},
    "apiservice-service-renamed": {("apiservice-service-missing", "active")},
    "apiservice-port-mismatch": {("apiservice-port-mismatch", "active")},
    "apiservice-port-unnamed": {("apiservice-port-mismatch", "active")},
    "apiservice-orphaned": {("apiservice-orphaned", "active")},
    "helm-apiservice-ownership-conflict": {("helm-apiservice-ownership-conflict", "active")},
    "endpoints-controller-stale": {("endpoints-controller-stale", "active")},
    "apiservice-backend-starting": set(),
    "metrics-server-uninstalled": {("metrics-server-missing", "active")},
    "another-adapter": set(),
    "apiservice-verified": set(),
    "apiservice-cabundle-mismatch": {("apiservice-cabundle-mismatch", "active")},
    "apiservice-cert-no-san": {("apiservice-cert-no-san", "active")},
    "apiservice-verifies-self-signed": {
        ("apiservice-cert-no-san", "active"),
        ("apiservice-cabundle-mismatch", "next"),
    },
    "metrics-server-cert-expired": {("metrics-server-cert-expired", "active")},
    "metrics-server-cert-expiring": {("metrics-server-cert-expiring", "latent")},
    "metrics-server-not-ready": {("kubelet-cert-san-mismatch", "active")},
    "metrics-not-yet-available": set(),
    "kubelet-cert-san-missing-ip": {("kubelet-cert-san-missing-ip", "active")},
    "kubelet-cert-unknown-ca": {("kubelet-cert-unknown-ca", "active")},
    "kubelet-cert-of-remade-ca": {("kubelet-cert-unknown-ca", "active")},
    "kubelet-cert-expired": {("kubelet-cert-expired", "active")},
    "kubelet-cert-key-usage": {("kubelet-cert-key-usage", "active")},
    "kubelet-cert-not-reloaded": {("kubelet-cert-not-reloaded", "active")},
    "kubelet-cert-self-signed": {("kubelet-cert-san-missing-ip", "active"), ("kubelet-cert-unknown-ca", "next")},
    "kubelet-cert-expiring": {("kubelet-cert-expiring", "latent")},
    "kubelet-serving-csr-pending": {("kubelet-serving-csr-pending", "active")},
    "kubelet-serving-csr-denied": {("kubelet-serving-csr-denied", "active")},
    "clock-skew": {("clock-skew", "active")},
    "requestheader-allowed-names-mismatch": {("requestheader-allowed-names-mismatch", "active")},
    "proxy-client-cert-missing": {("proxy-client-cert-missing", "active")},
    "kubelet-webhook-unauthorized-401": {("kubelet-webhook-unauthorized-401", "active")},
    "kubelet-anonymous-token-not-accepted": {("kubelet-anonymous-token-not-accepted", "active")},
    "kubelet-webhook-unauthorized-401-everywhere": {("kubelet-webhook-unauthorized-401", "active")},
    "kubelet-anonymous-token-not-accepted-everywhere": {("kubelet-anonymous-token-not-accepted", "active")},
    "kubelet-rbac-forbidden-403": {("kubelet-rbac-forbidden-403", "active")},
    "rbac-image-version-skew": {("rbac-image-version-skew", "active")},
    "kubelet-anonymous-enabled": {("kubelet-anonymous-enabled", "active")},
    "kubelet-authz-always-allow": {("kubelet-authz-always-allow", "active")},
    "kubelet-cannot-reach-apiserver-webhook": {("kubelet-cannot-reach-apiserver-webhook", "active")},
    "kubelet-cannot-reach-apiserver-webhook-everywhere": {("kubelet-cannot-reach-apiserver-webhook", "active")},
    "serviceaccount-token-invalid": {("serviceaccount-token-invalid", "active")},
    "serviceaccount-token-expired": {("serviceaccount-token-expired", "active")},
    "kubelet-insecure-tls": {("kubelet-insecure-tls", "active")},
    "secure-port-mismatch": {("secure-port-mismatch", "active")},
    "apiservice-insecure-skip-tls": set(),
    "apiservice-unavailable": {("front-proxy-ca-mismatch", "active")},
    "front-proxy-ca-mismatch": {("front-proxy-ca-mismatch", "active")},
    "front-proxy-cert-expired": {("front-proxy-cert-expired", "active")},
    "front-proxy-cert-expiring": {("front-proxy-cert-expiring", "latent")},
    "front-proxy-key-mismatch": {("front-proxy-key-mismatch", "active")},
    "client-cert-key-usage": {("client-cert-key-usage", "active")},
    "requestheader-header-names": {("requestheader-header-names", "active")},
    "requestheader-ca-same-as-client-ca": {
        ("requestheader-allowed-names-mismatch", "active"),
        ("requestheader-ca-same-as-client-ca", "latent"),
    },
    "process-not-restarted": {("process-not-restarted", "active")},
    "one-odd-apiserver": {("proxy-client-cert-missing", "active")},
    "same-ca-any-name": {("requestheader-ca-same-as-client-ca", "active")},
    "same-ca-masters": {
        ("requestheader-allowed-names-mismatch", "latent"),
        ("requestheader-ca-same-as-client-ca", "latent"),
    },
    "front-proxy-cert-of-cluster-ca": {("front-proxy-ca-mismatch", "active")},
    "allowed-names-quoted": {("requestheader-allowed-names-mismatch", "active")},
    "requestheader-ca-given-twice": {("front-proxy-ca-mismatch", "active")},
    "extra-prefix-without-dash": set(),  # a note
    "healthy-ca-given-twice": set(),
    "healthy-proxy-chain": set(),
    "healthy-same-ca": set(),
    "healthy-any-name": set(),
    "healthy-by-cluster-ip": set(),
    "front-proxy-key-swapped": {("front-proxy-key-mismatch", "latent")},
    "allowed-names-emptied-too-late": {("requestheader-allowed-names-mismatch", "active")},
    "proxy-env-no_proxy": {("proxy-env-no_proxy", "active")},
    "proxy-env-silent": {("proxy-env-no_proxy", "active")},
    "proxy-env-of-metrics-server": {("proxy-env-no_proxy", "active")},
    "proxy-env-before-kubelets": {("proxy-env-no_proxy", "active")},
    "healthy-behind-proxy": set(),
    "node-metrics-missing": {("node-unreachable-timeout", "active")},  # metrics-server's own log behind it
    "hpa-metrics-failing": {("node-unreachable-timeout", "active")},  # the same before every kubelet
    "node-unreachable-timeout": {("node-unreachable-timeout", "active")},
    "kubelet-down": {("kubelet-down", "active")},
    "node-address-dns-unresolvable": {("node-address-dns-unresolvable", "active")},
    "kubelet-endpoint-404-version": {("kubelet-endpoint-404-version", "active")},
    "cluster-dns-unreachable": {("cluster-dns-unreachable", "active")},
    "node-address-type-missing": {("node-address-type-missing", "active")},
    "kubelet-slow-response": {("kubelet-slow-response", "active")},
    "kubelet-read-only-port-10255": {("kubelet-read-only-port-10255", "active")},
    "kubelet-down-below": {("kubelet-down", "active")},  # and metrics-server's pod with it
    "node-firewall-reject": {("node-firewall-reject", "active")},
    "node-firewall-reject-below": {("node-firewall-reject", "active")},
    "node-wrong-internal-ip": {("node-wrong-internal-ip", "active")},
    "node-unreachable-from-pods": {("node-unreachable-timeout", "active")},
    "container-metrics-missing-from-kubelet": {("container-metrics-missing-from-kubelet", "active")},
    "cgroup-hierarchy-node-stats-zero": {("cgroup-hierarchy-node-stats-zero", "active")},
    "cadvisor-root-stats-missing": {("cadvisor-root-stats-missing", "active")},
    "cumulative-cpu-decrease": set(),
    "kubelet-bad-timestamp-series": {("kubelet-bad-timestamp-series", "active")},
    "old-stats-endpoint-removed": {("old-stats-endpoint-removed", "active")},
    "node-address-by-hostname": {("node-address-dns-unresolvable", "active")},
    "port-conflict-10250-fargate": {("port-conflict-10250-fargate", "active")},
    "scraping-itself-insecurely": {("port-conflict-10250-fargate", "active"), ("kubelet-insecure-tls", "active")},
    "metrics-server-not-running": {("metrics-server-not-running", "active")},
    "metrics-server-unschedulable": {("metrics-server-unschedulable", "active")},
    "node-taint": {("node-taint", "active")},
    "bad-flag-or-args": {("bad-flag-or-args", "active")},
    "metrics-server-cannot-write": {("bad-flag-or-args", "active")},
    "hostnetwork-port-conflict": {("hostnetwork-port-conflict", "active")},
    "secure-port-privileged-bind": {("secure-port-privileged-bind", "active")},
    "metrics-server-resource-starvation": {("metrics-server-resource-starvation", "active")},
    "metrics-server-out-of-memory": {("metrics-server-resource-starvation", "active")},
    "image-pull": {("image-pull", "active")},
    "image-arch-mismatch": {("image-arch-mismatch", "active")},
    "node-pressure-eviction": {("node-pressure-eviction", "active")},
    "manifest-template-unrendered": {("manifest-template-unrendered", "active")},
    "pod-security-runasnonroot": {("pod-security-runasnonroot", "active")},
    "metrics-server-quota": {("metrics-server-not-running", "active")},
    "metrics-server-rollout-stuck": {("bad-flag-or-args", "latent")},  # an earlier pod still serves
    "node-terminated-still-listed": set(),
    "no-route-to-kubelets": set(),
    "kubelet-certs-by-bootstrap": set(),
    "old-x509-lines": set(),
    "node-just-joined": set(),
}

# What is in fixtures that were written from message formats: this lab cannot have it. See fixtures/README.md.
WRITTEN: dict[str, Found] = {
    "client-ca-config-missing": {("client-ca-config-missing", "latent")},
    "ipv6-unsupported-old-version": {("ipv6-unsupported-old-version", "active")},
    "windows-kubelet-stats-500": {("windows-kubelet-stats-500", "active")},
    "kubelet-null-starttime": {("kubelet-null-starttime", "active")},
    "cgroup-v2-unsupported": {("cgroup-v2-unsupported", "active")},
    "inotify-limit-exhausted": {("inotify-limit-exhausted", "active")},
}

# Patients of whose cause nothing better than "possible" can be said from the vantages that see them.
UNSURE = ("hpa-metrics-failing", "node-unreachable-from-pods", "cadvisor-root-stats-missing")

# Patients of whom the wire tells more than any object: looked at with --port-forward.
BY_PORT_FORWARD = (
    "apiservice-verified",
    "apiservice-cabundle-mismatch",
    "apiservice-cert-no-san",
    "apiservice-verifies-self-signed",
    "metrics-server-cert-expired",
    "metrics-server-cert-expiring",
)

# Patients whose metrics flow all the same, for every node.
FLOWING = (
    "healthy",
    "front-proxy-cert-expiring",
    "client-ca-config-missing",
    "same-ca-masters",
    "front-proxy-key-swapped",
    "healthy-any-name",
    "healthy-by-cluster-ip",
    "extra-prefix-without-dash",
    "healthy-ca-given-twice",
    "healthy-proxy-chain",
    "healthy-same-ca",
    "healthy-behind-proxy",
    "guides-way-out",
    "kubelet-insecure-tls",
    "kubelet-cert-expiring",
    "kubelet-anonymous-enabled",
    "kubelet-authz-always-allow",
    "apiservice-insecure-skip-tls",
    "apiservice-verified",
    "metrics-server-cert-expiring",
    "another-adapter",
    "cumulative-cpu-decrease",
    "metrics-server-rollout-stuck",
    "node-terminated-still-listed",
    "no-route-to-kubelets",
    "kubelet-certs-by-bootstrap",
    "old-x509-lines",
    "node-just-joined",
)

# Made of the patients above, see lab/variants.py, and having what those have: on every node, where nobody has metrics
# any more; on metrics-server's own node; two at once; with the next release of metrics-server.
VARIANTS = (
    "kubelet-cert-san-mismatch-everywhere",
    "kubelet-cert-san-missing-ip-everywhere",
    "kubelet-cert-unknown-ca-everywhere",
    "kubelet-cert-self-signed-everywhere",
    "kubelet-cert-expired-everywhere",
    "kubelet-cert-expiring-everywhere",
    "kubelet-cert-key-usage-everywhere",
    "kubelet-cert-not-reloaded-everywhere",
    "clock-skew-everywhere",
    "kubelet-serving-csr-pending-everywhere",
    "kubelet-serving-csr-denied-everywhere",
    "kubelet-endpoint-404-version-everywhere",
    "kubelet-anonymous-enabled-everywhere",
    "kubelet-authz-always-allow-everywhere",
    "node-firewall-reject-everywhere",
    "kubelet-cert-san-mismatch-below",
    "kubelet-serving-csr-pending-below",
    "kubelet-webhook-unauthorized-401-below",
    "kubelet-cannot-reach-apiserver-webhook-below",
    "kubelet-cert-expired+requestheader-allowed-names-mismatch",
    "kubelet-cert-unknown-ca+kubelet-rbac-forbidden-403",
    "kubelet-webhook-unauthorized-401+kubelet-cert-expired-on-master",
    "node-firewall-reject-below+kubelet-serving-csr-pending-on-master",
    "kubelet-down+kubelet-cert-san-mismatch-on-master",
    "kubelet-cert-key-usage+secure-port-mismatch",
    "kubelet-endpoint-404-version+kubelet-cert-san-missing-ip-on-master",
    "apiservice-cabundle-mismatch+front-proxy-cert-expired",
    "service-selector-mismatch+requestheader-config-missing",
    "metrics-server-quota+front-proxy-ca-mismatch",
    "apiservice-port-mismatch+proxy-client-cert-missing",
    "healthy@0.9",
    "kubelet-cert-san-mismatch@0.9",
    "kubelet-cert-unknown-ca-everywhere@0.9",
    "kubelet-rbac-forbidden-403@0.9",
    "kubelet-webhook-unauthorized-401@0.9",
    "kubelet-down@0.9",
    "node-unreachable-timeout@0.9",
    "kubelet-serving-csr-pending@0.9",
    "metrics-not-yet-available@0.9",
    "story@0.9",
)
MADE_TRUTH: dict[str, Found] = {name: set().union(*(TRUTH[part] for part in parts(name))) for name in VARIANTS}
MADE_FLOWING = tuple(name for name in VARIANTS if all(part in FLOWING for part in parts(name)))

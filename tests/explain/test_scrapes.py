"""What ``explain`` answers first to what is said on the way to the kubelets, and by them.

Texts are made from the formats that upstream's sources print; the answers are those of the bundled checks.
"""

# ruff: noqa: E501  lines stand here as they are printed

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.utterances.nodes import kind_of
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def scrape(error: str, node: str = "n1", host: str = "10.3.0.4") -> str:
    return (
        f'E0304 09:01:02.345678       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://{host}:10250'
        f'/metrics/resource\\": {error}" node="{node}"'
    )


REFUSED = "dial tcp 10.3.0.4:10250: connect: connection refused"
NO_ROUTE = "dial tcp 10.3.0.4:10250: connect: no route to host"
LATE = "dial tcp 10.3.0.4:10250: i/o timeout"
DEADLINE = "context deadline exceeded"
EC2 = "ip-10-3-0-4.eu-north-1.compute.internal"
FORBIDDEN = (
    'E0304 09:01:02.345678       1 scraper.go:149] "Failed to scrape node" err="request failed, status: '
    '\\"403 Forbidden\\"" node="{node}"'
)

FIRST = {
    "one cloud machine that refuses": (scrape(REFUSED, EC2), "node-terminated-still-listed"),
    "one cloud machine that does not answer": (scrape(DEADLINE, EC2), "node-terminated-still-listed"),
    "one cloud machine to which packets are lost": (scrape(LATE, EC2), "node-terminated-still-listed"),
    "one cloud machine without a route": (scrape(NO_ROUTE, EC2), "node-terminated-still-listed"),
    "two cloud machines at once": (
        scrape(DEADLINE, EC2) + "\n" + scrape(DEADLINE, EC2.replace("-4.", "-5.")),
        "node-unreachable-timeout",
    ),
    "a machine of one's own that refuses": (scrape(REFUSED), "kubelet-down"),
    "a cluster of one machine": (scrape(DEADLINE, "docker-desktop"), "kubelet-slow-response"),
    "Fargate: its own certificate": (
        scrape(
            "tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not 10.3.0.4",
            f"fargate-{EC2}",
        ),
        "port-conflict-10250-fargate",
    ),
    "Fargate: its own answer": (FORBIDDEN.format(node=f"fargate-{EC2}"), "port-conflict-10250-fargate"),
    "Fargate: nobody there": (scrape(REFUSED, f"fargate-{EC2}"), "port-conflict-10250-fargate"),
    "the certificate of localhost": (
        scrape("x509: certificate is valid for 127.0.0.1, not 10.3.0.4"),
        "port-conflict-10250-fargate",
    ),
    "an error and its node, quoted in a sentence": (
        'It logs "tls: failed to verify certificate: x509: certificate is valid for 10.3.0.9, not 10.3.0.4" node="n1" all day',
        "kubelet-cert-san-mismatch",
    ),
    "an upgrade that left the role behind": (FORBIDDEN.format(node="n1"), "rbac-image-version-skew"),
    "0.4: a refusal without its body": (
        'unable to fully scrape metrics from node n1: unable to fetch metrics from node n1: request failed - "403 Forbidden"',
        "kubelet-rbac-forbidden-403",
    ),
    "0.2: a refusal": (
        'E0304 09:01:02.345678       1 summary.go:97] error while getting metrics summary from Kubelet n1(10.3.0.4:10250): request failed - "401 Unauthorized", response: "Unauthorized"',
        "kubelet-webhook-unauthorized-401",
    ),
    "a look-up that took longer than the request may": (
        "unable to fetch metrics from Kubelet n1 (n1): Get https://n1:10250/stats/summary?only_cpu_and_memory=true: dial tcp: i/o timeout",
        "node-address-dns-unresolvable",
    ),
    "a server of names that is not reached": (
        scrape(
            "dial tcp: lookup n1 on 10.96.0.10:53: read udp 10.244.0.9:40112->10.96.0.10:53: i/o timeout", host="n1"
        ),
        "cluster-dns-unreachable",
    ),
    "a line whose beginning was not copied": (
        '.0.4 because it doesn\'t contain any IP SANs" node="n1"',
        "kubelet-cert-san-missing-ip",
    ),
    "without x509": (
        "cannot validate certificate for 10.3.0.4 because it doesn't contain any IP SANs",
        "kubelet-cert-san-missing-ip",
    ),
    "a certificate of localhost that kubectl met": (
        'Error from server: Get "https://10.3.0.4:10250/containerLogs/default/p/c": x509: certificate is valid for 127.0.0.1, not 10.3.0.4',
        "kubelet-cert-san-mismatch",
    ),
    "a sentence about it": (
        "kubectl logs says x509: certificate is valid for 10.3.0.9, not 10.3.0.4",
        "kubelet-cert-san-mismatch",
    ),
    "an address that was taken out": (
        "x509: cannot validate certificate for <node IP> because it doesn't contain any IP SANs",
        "kubelet-cert-san-missing-ip",
    ),
    "packets to the read-only port that are lost": (
        "E0304 09:01:02.345678       1 summary.go:114] error while getting metrics summary from Kubelet: Get http://10.3.0.4:10255/stats/summary/: dial tcp 10.3.0.4:10255: i/o timeout",
        "node-unreachable-timeout",
    ),
    "0.2: no address at all": (
        "E0304 09:01:02.345678       1 summary.go:374] Node n1 has no valid hostname and/or IP address: n1",
        "node-address-type-missing",
    ),
    "curl to the read-only port": (
        "curl: (7) Failed to connect to 10.3.0.4 port 10255 after 2 ms: Connection refused",
        "kubelet-read-only-port-10255",
    ),
    "what kubectl logs and exec meet": ("kubectl exec fails with tls: internal error", "kubelet-serving-csr-pending"),
    "Windows, without its words": (
        'E0304 09:01:02.345678       1 scraper.go:149] "Failed to scrape node" err="request failed, status: \\"500 Internal Server Error\\"" node="aksnpwin000002"',
        "windows-kubelet-stats-500",
    ),
    "Windows' own words": (
        "failed to list pod stats: failed to list all container stats: rpc error: code = Unknown desc = container 1a2b encountered an error during Properties: failure in a Windows system call: Access is denied. (0x5)",
        "windows-kubelet-stats-500",
    ),
    "a request that was denied": (
        "certificate request was not signed: cannot watch on the certificate signing request: certificate signing request is denied, reason: NotAllowed, message: no such node",
        "kubelet-serving-csr-denied",
    ),
    "a request that was approved, and nobody signs": (
        "csr-2n5x7   3m    kubernetes.io/kubelet-serving   system:node:n1   <none>   Approved",
        "kubelet-serving-csr-pending",
    ),
    "a request that nobody approves, of a kubelet under another name": (
        "csr-2n5x7   3m    kubernetes.io/kubelet-serving   role-of-nodes        <none>   Pending",
        "kubelet-serving-csr-pending",
    ),
    "no certificate yet, as systemctl status has room for it": (
        "Mar 04 09:01:02 n1 kubelet[812]: I0304 09:01:02.345678     812 log.go:194] http: TLS handshake error from 10.3.0.9:60536: no serving certi...the kubelet",
        "kubelet-serving-csr-pending",
    ),
    "the host's own groups that cAdvisor has nothing of": (
        'E0304 09:01:02.345678     812 cadvisor_stats_provider.go:569] "Partial failure issuing cadvisor.ContainerInfoV2" err="partial failures: [\\"/system.slice/kubelet.service\\": RecentStats: unable to find data in memory cache], [\\"/user.slice/user-0.slice\\": RecentStats: unable to find data in memory cache]"',
        "kubelet-system-slice-accounting",
    ),
    "pods that cAdvisor has nothing of": (
        'E0304 09:01:02.345678     812 cadvisor_stats_provider.go:569] "Partial failure issuing cadvisor.ContainerInfoV2" err="partial failures: [\\"/system.slice/kubelet.service\\": RecentStats: unable to find data in memory cache], [\\"/kubepods/besteffort/pod1a2b\\": RecentStats: unable to find data in memory cache]"',
        "container-metrics-missing-from-kubelet",
    ),
    "all pods, among what the summary has of the system": (
        'E0304 09:01:02.345678     812 summary_sys_containers.go:47] "Failed to get system container stats" err="failed to get cgroup stats for \\"/kubepods\\": failed to get container info for \\"/kubepods\\": partial failures: [\\"/kubepods\\": RecentStats: unable to find data in memory cache]" containerName="/kubepods"',
        "container-metrics-missing-from-kubelet",
    ),
    "all pods, 1.30": (
        'E0304 09:01:02.345678     812 summary_sys_containers.go:52] "Failed to get system container stats" err="cgroup stats not found for \\"/kubepods\\": unable to find data in memory cache" containerName="/kubepods"',
        "container-metrics-missing-from-kubelet",
    ),
    "a pod of which cAdvisor cannot read the figures": (
        'W0304 09:01:02.345678     812 container.go:586] Failed to update stats for container "/kubepods/burstable/pod1a2b/3c4d": error while statting cgroup v2: [open /sys/kernel/mm/hugepages: no such file or directory], continuing to push stats',
        "container-metrics-missing-from-kubelet",
    ),
    "the root, of which cAdvisor cannot read the figures": (
        'W0304 09:01:02.345678     812 container.go:507] Failed to update stats for container "/": failure - /sys/fs/cgroup/cpuacct/cpuacct.stat is expected to have 4 fields, continuing to push stats',
        "cadvisor-root-stats-missing",
    ),
    "a service of which cAdvisor cannot read the figures": (
        'W0304 09:01:02.345678     812 container.go:507] Failed to update stats for container "/system.slice/docker.service": failure - /sys/fs/cgroup/cpuacct/system.slice/docker.service/cpuacct.stat is expected to have 4 fields, continuing to push stats',
        "kubelet-system-slice-accounting",
    ),
    "the root, to 1.7": (
        "E0304 09:01:02.345678     812 handler.go:246] HTTP InternalServerError serving /stats/summary: Internal Error: Missing stats for root container",
        "cadvisor-root-stats-missing",
    ),
    "a runtime that the kubelet's cAdvisor knows no images of": (
        "Internal Error: failed to get root cgroup stats: failed to get imageFs info: no imagefs label for configured runtime",
        "cadvisor-root-stats-missing",
    ),
    "containerd, in its own log": (
        'time="2026-03-04T09:01:02.345678901Z" level=error msg="ListContainerStats failed" error="failed to convert to cri containerd stats format: failed to decode container metrics for \\"1a2b\\": failed to obtain cpu stats: unexpected metrics type"',
        "container-metrics-missing-from-kubelet",
    ),
    "0.3: a container without CPU time, cut": (
        "manager.go:102] unable to fully scrape metrics from source kubelet_summary:n1: [unable to get CPU for container",
        "container-metrics-missing-from-kubelet",
    ),
    "a client in Python that a kubelet does not know": (
        "401 Client Error: Unauthorized for url: https://10.3.0.4:10250/metrics/cadvisor",
        "kubelet-webhook-unauthorized-401",
    ),
    "a client in Python whom a kubelet has nothing for": (
        "404 Client Error: Not Found for url: https://10.3.0.4:10250/metrics/resource",
        "kubelet-endpoint-404-version",
    ),
    "opentelemetry-collector, of a kubelet by its name": (
        'Error scraping metrics\t{"kind": "receiver", "name": "kubeletstats", "data_type": "metrics", "error": "Get \\"https://n1:10250/stats/summary\\": dial tcp: lookup n1 on 10.96.0.10:53: no such host", "scraper": "kubeletstats"}',
        "node-address-dns-unresolvable",
    ),
    "0.2: the API server by a name, and no DNS": (
        "E0304 09:01:02.345678       1 reflector.go:205] github.com/kubernetes-incubator/metrics-server/metrics/util/util.go:52: Failed to list *v1.Node: Get https://kubernetes.default/api/v1/nodes?resourceVersion=0: dial tcp: lookup kubernetes.default on 10.96.0.10:53: dial udp 10.96.0.10:53: i/o timeout",
        "cluster-dns-unreachable",
    ),
    "a node's row without figures": (
        "n1   <unknown>   <unknown>   <unknown>   <unknown>",
        "node-unreachable-timeout",
    ),
    "a watcher of files that none is left for": (
        "F0304 09:01:02.345678     812 kubelet.go:1354] failed to start Plugin Watcher. err: failed to start plugin watcher, err: too many open files",
        "inotify-limit-exhausted",
    ),
    "a kubelet that follows a container's log, to 1.26": (
        'failed to watch file "/var/log/pods/default_p_0f5d/c/0.log": no space left on device',
        "inotify-limit-exhausted",
    ),
    "a kubelet that follows a container's log": (
        'failed to watch directory "/var/log/pods/default_p_0f5d/c": no space left on device',
        "inotify-limit-exhausted",
    ),
    "a kubelet that looks for plugins": (
        "failed to watch /var/lib/kubelet/plugins_registry, err: no space left on device",
        "inotify-limit-exhausted",
    ),
    "systemctl, on such a node": (
        "Failed to allocate directory watch: Too many open files",
        "inotify-limit-exhausted",
    ),
    "tail, on such a node": (
        "tail: inotify resources exhausted\ntail: inotify cannot be used, reverting to polling",
        "inotify-limit-exhausted",
    ),
    "kube-proxy, without one": (
        "F0304 09:01:02.345678       1 server.go:486] failed complete: too many open files",
        "inotify-limit-exhausted",
    ),
    "containers that Docker's newer store keeps elsewhere": (
        'E0304 09:01:02.345678     812 manager.go:1131] Failed to create existing container: /docker/1a2b: failed to identify the read-write layer ID for container "1a2b". - open /var/lib/docker/image/overlayfs/layerdb/mounts/1a2b/mount-id: no such file or directory',
        "container-metrics-missing-from-kubelet",
    ),
    "cAdvisor's own word that it failed": (
        "container_scrape_error 1",
        "container-metrics-missing-from-kubelet",
    ),
    "a kubelet's own word that it failed": ("resource_scrape_error 1", "cadvisor-root-stats-missing"),
    "containers without memory, to cAdvisor": (
        'container_memory_usage_bytes{container="",id="/kubepods/besteffort/pod1a2b",image="",name="",namespace="n",pod="p"} 0 1767225600000',
        "container-metrics-missing-from-kubelet",
    ),
    "a file system that cAdvisor does not know": (
        'unable to fetch metrics from Kubelet n1 (10.3.0.4): request failed - "500 Internal Server Error", response: "Internal Error: non-existent label \\"root\\""',
        "cadvisor-root-stats-missing",
    ),
    "a kubelet's directory on a file system that cAdvisor does not know": (
        'Failed to start ContainerManager failed to get rootfs info: failed to get device for dir "/var/lib/kubelet": could not find device with major: 0, minor: 46 in cached partitions map',
        "cadvisor-root-stats-missing",
    ),
    "k3s on a machine without memory accounting": (
        'time="2026-03-04T09:01:02Z" level=fatal msg="failed to find memory cgroup (v2)"',
        "kubelet-down",
    ),
    "a runtime that does not answer its kubelet": (
        'E0304 09:01:02.345678     812 remote_runtime.go:863] "ListContainerStats with filter from runtime service failed" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" filter="nil"',
        "container-metrics-missing-from-kubelet",
    ),
    "the same, to 1.18": (
        'E0304 09:01:02.345678     812 remote_runtime.go:257] ListContainers with filter "&ContainerFilter{Id:,}" from runtime service failed: rpc error: code = 4 desc = context deadline exceeded',
        "container-metrics-missing-from-kubelet",
    ),
    "metricbeat, whose role lacks a kubelet's figures": (
        "Error fetching data for metricset kubernetes.node: error doing HTTP request to fetch 'node' Metricset data: HTTP error 403 in : 403 Forbidden",
        "kubelet-rbac-forbidden-403",
    ),
    "a client in Ruby that a kubelet does not know": (
        'Unexpected error raised. Stopping the timer. title=:metric_scraper error_class=RestClient::Unauthorized error="401 Unauthorized"',
        "kubelet-webhook-unauthorized-401",
    ),
    "the read-only port in a sentence": ("connection refused on port 10255", "kubelet-read-only-port-10255"),
    "Heapster, without a way to the API server": (
        "E0304 09:01:02.345678       1 reflector.go:190] k8s.io/heapster/metrics/util/util.go:51: Failed to list *v1.Node: Get https://10.96.0.1:443/api/v1/nodes?resourceVersion=0: dial tcp 10.96.0.1:443: i/o timeout",
        "pod-cannot-reach-apiserver",
    ),
    "k3s' way to a pod that does not listen": (
        'time="2026-03-04T09:01:02Z" level=error msg="Sending HTTP 502 response to 127.0.0.1:39114: dial tcp 10.42.0.4:10250: connect: connection refused"',
        "apiservice-backend-starting",
    ),
    "k3s' way to a kubelet that does not listen there": (
        'time="2026-03-04T09:01:02Z" level=error msg="Sending HTTP 502 response to 10.3.0.4:39114: dial tcp 127.0.0.1:10250: connect: connection refused"',
        "kubelet-down",
    ),
    "a scheduler's own metrics": (
        'Get "https://10.3.0.4:10259/metrics": context deadline exceeded',
        "not-resource-metrics-pipeline",
    ),
    "a pod that asks a kubelet for logs": (
        "Forbidden (user=system:serviceaccount:n:s, verb=get, resource=nodes, subresource=proxy)",
        "not-resource-metrics-pipeline",
    ),
    "the address that every VirtualBox machine has": (
        'Get "https://10.0.2.15:10250/metrics/resource": context deadline exceeded',
        "node-wrong-internal-ip",
    ),
    "it, dialled for logs": (
        "Error from server: error dialing backend: dial tcp 10.0.2.15:10250: i/o timeout",
        "node-wrong-internal-ip",
    ),
    "a collector that a kubelet does not know": (
        r'{"kind": "receiver", "name": "kubeletstats", "error": "kubelet request GET https://10.3.0.4:10250/stats/summary failed - \"401 Unauthorized\", response: \"Unauthorized\""}',
        "kubelet-webhook-unauthorized-401",
    ),
    "a node within a container": (
        'failed to get cgroup stats for "/docker/%s/kubelet": failed to get container info for "/docker/%s/kubelet": unknown container "/docker/%s/kubelet"'
        % (("0f" * 32,) * 3),
        "kubelet-system-slice-accounting",
    ),
    "a runtime of Windows' own words, without those before": (
        "container 1a2b encountered an error during Properties: failure in a Windows system call: Access is denied. (0x5)",
        "windows-kubelet-stats-500",
    ),
    "a kubelet that ends": (
        "kubelet[812]: F0304 09:01:02.345678     812 server.go:274] failed to run Kubelet: unable to load bootstrap kubeconfig: stat /etc/kubernetes/bootstrap-kubelet.conf: no such file or directory",
        "kubelet-down",
    ),
    "a kubelet that knows v1 only": (
        "kubelet[812]: F0304 09:01:02.345678     812 server.go:274] failed to run Kubelet: mountpoint for cpu not found",
        "cgroup-v2-unsupported",
    ),
    "nothing at the root of v2": (
        '"cpu": {\n  "usageNanoCores": 0,\n  "usageCoreNanoSeconds": 0\n},\n"memory": {\n  "usageBytes": 0,\n  "workingSetBytes": 0\n}',
        "cgroup-v2-unsupported",
    ),
    "no CPU time of the node": ("node_cpu_usage_seconds_total 0 1767225600000", "cgroup-v2-unsupported"),
    "a request that was given up, and nothing else": ("context deadline exceeded", "node-unreachable-timeout"),
    "a name that was taken out": (
        scrape("dial tcp: lookup [redacted] on 10.96.0.10:53: no such host"),
        "node-address-dns-unresolvable",
    ),
    "a proxy's word in a list": (
        "unable to fully collect metrics: [unable to fully scrape metrics from source kubelet_summary:n1: unable to fetch metrics from Kubelet n1 (10.3.0.4): Get https://10.3.0.4:10250/stats/summary/: Forbidden]",
        "proxy-env-no_proxy",
    ),
    "no file at the root": (
        "open /sys/fs/cgroup/cpu.stat: no such file or directory",
        "cgroup-hierarchy-node-stats-zero",
    ),
    "a service of the host, by any path": (
        'E0304 09:01:02.345678     812 summary_sys_containers.go:47] "Failed to get system container stats" err="failed to get cgroup stats for \\"/../../system.slice/docker.service\\": failed to get container info for \\"/../../system.slice/docker.service\\": unknown container" containerName="/../../system.slice/docker.service"',
        "kubelet-system-slice-accounting",
    ),
    "the root, in cAdvisor's own words": (
        'W0304 09:01:02.345678     812 container.go:422] Failed to get RecentStats("/") while determining the next housekeeping: unable to find data in memory cache',
        "cadvisor-root-stats-missing",
    ),
    "the root, as the container manager says it": (
        "Failed to start ContainerManager failed to get rootfs info: unable to find data in memory cache",
        "cadvisor-root-stats-missing",
    ),
    "the root, as the collector of images says it": (
        "E0304 09:01:02.345678     812 kubelet.go:682] Image garbage collection failed: unable to find data for container /",
        "cadvisor-root-stats-missing",
    ),
    "a node's file systems, to a kubelet that asks its runtime": (
        'unable to fetch metrics from Kubelet n1 (10.3.0.4): request failed - "500 Internal Server Error", response: "Internal Error: failed to get imageFs stats: missing image stats: nil"',
        "cadvisor-root-stats-missing",
    ),
    "a runtime that is not there": (
        'unable to fetch metrics from Kubelet n1 (10.3.0.4): request failed - "500 Internal Server Error", response: "Internal Error: failed to list pod stats: failed to list all containers: rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing dial unix /run/containerd/containerd.sock: connect: connection refused\\""',
        "container-metrics-missing-from-kubelet",
    ),
    "a kubelet's own flag, 1.24": (
        'E0304 09:01:02.345678     812 run.go:74] "command failed" err="failed to parse kubelet flag: unknown flag: --network-plugin"',
        "kubelet-down",
    ),
    "a kubelet's own flag, 1.23": (
        'E0304 09:01:02.345678     812 server.go:206] "Failed to parse kubelet flag" err="unknown flag: --cni-bin-dir"',
        "kubelet-down",
    ),
    "a kubelet's own configuration": (
        'E0304 09:01:02.345678     812 run.go:74] "command failed" err="failed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: failed to load Kubelet config file /var/lib/kubelet/config.yaml, error failed to read kubelet config file"',
        "kubelet-down",
    ),
    "systemd's word of a kubelet": (
        "systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE",
        "kubelet-down",
    ),
    "systemd's word of a kubelet, to 245": ("systemd[1]: Unit kubelet.service entered failed state.", "kubelet-down"),
    "systemd's status of a kubelet": (
        "  Process: 812 ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_EXTRA_ARGS (code=exited, status=255/EXCEPTION)",
        "kubelet-down",
    ),
    "a kubelet and a runtime that manage groups differently": (
        'misconfiguration: kubelet cgroup driver: "cgroupfs" is different from docker cgroup driver: "systemd"',
        "kubelet-down",
    ),
    "a summary of no pod": (
        ' "rlimit": {\n   "curproc": 412\n  }\n },\n "pods": []',
        "container-metrics-missing-from-kubelet",
    ),
    "a container that cAdvisor has nothing of": (
        'request failed - "500 Internal Server Error", response: "Internal Error: unable to find data for container /system.slice/docker-1a2b.scope"',
        "container-metrics-missing-from-kubelet",
    ),
    "a kubelet's node that refuses the API server": (
        "Error from server: error dialing backend: dial tcp 10.3.0.4:10250: connect: connection refused",
        "kubelet-down",
    ),
    "a URL that was cut in the middle": (
        "n1:10250/stats/summary?only_cpu_and_memory=true: dial tcp: lookup n1 on 10.96.0.10:53: no such host",
        "node-address-dns-unresolvable",
    ),
    "the end of a line: refused": (f'{REFUSED}" node="n1"', "kubelet-down"),
    "the end of a line: a name": (
        'lookup n1 on 10.96.0.10:53: no such host" node="n1"',
        "node-address-dns-unresolvable",
    ),
    "the end of a line: an alert": ('remote error: tls: internal error" node="n1"', "kubelet-serving-csr-pending"),
    "0.2: a node that is not ready": (
        "E0304 09:01:02.345678       1 summary.go:374] Node n1 is not ready",
        "kubelet-down",
    ),
    "0.3: a node that is not ready": (
        'E0304 09:01:02.345678       1 manager.go:102] unable to fully collect metrics: unable to extract connection information for node "n1": node n1 is not ready',
        "kubelet-down",
    ),
    "a name that was typed off a screen": (
        "Get https://n1:10250/stats/summary?only_cpu_and_memory=true: dial tcp: lookup n1 10.96.0.10:53: no such host",
        "node-address-dns-unresolvable",
    ),
    "a pod that a LimitRange keeps from being made": (
        'pods "metrics-server-5d9f8c7b6-x2x7z" is forbidden: [minimum cpu usage per Container is 200m, but request is 100m, maximum memory usage per Container is 100Mi, but limit is 200Mi]',
        "metrics-server-not-running",
    ),
    "CRI-O, a container whose memory it does not tell": (
        'time="2026-03-04 09:01:02.345678901Z" level=warning msg="Unable to account working set stats: total_inactive_file (8192) > memory usage (4096)"',
        "container-metrics-missing-from-kubelet",
    ),
    "a kubelet that does not know its own group": (
        "W0304 09:01:02.345678     812 server.go:609] failed to get the kubelet's cgroup: cpu and memory cgroup hierarchy not unified.  cpu: /system.slice, memory: /.  Kubelet system container metrics may be missing.",
        "kubelet-system-slice-accounting",
    ),
    "a session's group, of which the beginning was not copied": (
        'failed to get container info for "/user.slice/user-0.slice/session-1.scope": unknown container "/user.slice/user-0.slice/session-1.scope"',
        "kubelet-system-slice-accounting",
    ),
    "a kubelet's group by its own name": (
        'E0304 09:01:02.345678     812 summary.go:92] Failed to get system container stats for "/kubelet": failed to get cgroup stats for "/kubelet": failed to get container info for "/kubelet": unknown container "/kubelet"',
        "kubelet-system-slice-accounting",
    ),
    "containers without memory": (
        (
            'container_memory_working_set_bytes{container="c",namespace="n",pod="p"} 0 1767225600000\n'
            'container_memory_working_set_bytes{container="d",namespace="n",pod="q"} 0 1767225600000'
        ),
        "container-metrics-missing-from-kubelet",
    ),
    "containers without memory, in a summary": (
        '"containers": [\n {\n  "name": "c",\n  "memory": {\n   "workingSetBytes": 0\n  }',
        "container-metrics-missing-from-kubelet",
    ),
    "0.4: a node that has CPU time and no memory": ("n1   354m   17%   0Mi   0%", "cgroup-v2-unsupported"),
    "plain HTTP on the port that has TLS": (
        'unable to fetch metrics from Kubelet n1 (n1): Get http://n1:10250/stats/summary/: net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x15\\x03\\x01\\x00\\x02\\x02"',
        "kubelet-read-only-port-10255",
    ),
    "an address of a family that pods have not": (
        "unable to fetch metrics from Kubelet n1 (fd00::1): Get https://[fd00::1]:10250/stats/summary?only_cpu_and_memory=true: dial tcp [fd00::1]:10250: connect: network is unreachable",
        "node-wrong-internal-ip",
    ),
    "the read-only port, and no way to it": (
        "error while getting metrics summary from Kubelet n1(10.3.0.4:10255): Get http://10.3.0.4:10255/stats/summary/: dial tcp 10.3.0.4:10255: getsockopt: no route to host",
        "node-firewall-reject",
    ),
    "an address in a title": (
        "Upgrade fails with `x509: certificate is valid for 127.0.0.1, 10.3.0.9, not 10.3.0.4`",
        "kubelet-cert-san-mismatch",
    ),
    "a container runtime's own words": (
        'E0304 09:01:02.345678     812 handler.go:321] HTTP InternalServerError serving /stats/summary: Internal Error: failed to list pod stats: failed to list all container stats: rpc error: code = Unknown desc = failed to convert to cri containerd stats format: failed to decode container metrics for "1a2b"',
        "container-metrics-missing-from-kubelet",
    ),
    "Docker, of a container": (
        "collecting stats for 1a2b: no metrics received",
        "container-metrics-missing-from-kubelet",
    ),
    "Docker, of the hierarchy": ("cgroups: cannot find cgroup mount destination: unknown", "cgroup-v2-unsupported"),
    "a list of partial failures, of which the beginning was not copied": (
        '[\\"/kubepods/burstable/pod1\\": RecentStats: unable to find data in memory cache], [\\"/kubepods/besteffort/pod2\\": RecentStats: unable to find data in memory cache]',
        "container-metrics-missing-from-kubelet",
    ),
    "why a kubelet is not ready": (
        "[container runtime is down, PLEG is not healthy: pleg was last seen active 4m0s ago; threshold is 3m0s]",
        "container-metrics-missing-from-kubelet",
    ),
    "a token from before its time": (
        'E0304 09:01:02.345678       1 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, service account token is not valid yet]"',
        "clock-skew",
    ),
    "kubectl exec, and whom the API server does not trust": (
        "Error from server: error dialing backend: x509: certificate signed by unknown authority",
        "kubelet-cert-unknown-ca",
    ),
    "kubectl exec, and a certificate for another address": (
        "Error from server: error dialing backend: tls: failed to verify certificate: x509: certificate is valid for 10.3.0.9, not 10.3.0.4",
        "kubelet-cert-san-mismatch",
    ),
    "a kubelet that ends, whatever for": (
        "F0304 09:01:02.345678     812 server.go:274] failed to run Kubelet: cannot create certificate signing request: Unauthorized",
        "kubelet-down",
    ),
    "what answers in a kubelet's place": (
        'E0304 09:01:02.345678       1 scraper.go:149] "Failed to scrape node" err="request failed, status: \\"502 Bad Gateway\\"" node="n1"',
        "proxy-env-no_proxy",
    ),
    "another name that may not read figures": (
        "Forbidden (user=jane, verb=get, resource=nodes, subresource=metrics)",
        "kubelet-rbac-forbidden-403",
    ),
    "a probe of its life, by its name": (
        "I0304 09:01:02.345678       1 healthz.go:261] metric-collection-timely check failed: livez",
        "metrics-server-resource-starvation",
    ),
    "it ends over and over, in a title": (
        "metrics-server pod is in CrashLoopBackOff after the installation",
        "pod-cannot-reach-apiserver",
    ),
    "its image, in a sentence": (
        "k8s.gcr.io/metrics-server-amd64:v9.9.9 not found",
        "image-pull",
    ),
    "to 1.8: no node passes": (
        "No nodes are available that match all of the following predicates:: Insufficient cpu (9), MatchNodeSelector (18).",
        "metrics-server-unschedulable",
    ),
    "to 1.8: taints": (
        "No nodes are available that match all of the predicates: PodToleratesNodeTaints (3).",
        "node-taint",
    ),
    "most nodes have taints, one has too little": (
        "0/4 nodes are available: 1 Insufficient memory, 3 node(s) had untolerated taint {a/b: c}. preemption: 0/4.",
        "node-taint",
    ),
    "one node has a taint, most are not selected": (
        "0/4 nodes are available: 1 node(s) had untolerated taint {a/b: c}, 3 node(s) didn't match node selector.",
        "metrics-server-unschedulable",
    ),
    "to 1.8: taken ports on most": (
        "No nodes are available that match all of the predicates: Insufficient cpu (1), PodFitsHostPorts (3).",
        "hostnetwork-port-conflict",
    ),
    "the series itself": (
        'container_start_time_seconds{container="c",namespace="n",pod="p"} -6.7953645788713455e+09 -62135596800000',
        "kubelet-bad-timestamp-series",
    ),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_likeliest_cause_comes_first(name: str) -> None:
    text, cause = FIRST[name]

    assert [match.id for match in answer(text).matches][:1] == [cause]


def test_a_sentence_about_something_else_is_not_taken_for_a_kubelet() -> None:
    for about in ("docker login", "helm repo add", "the metrics-server image is not pulled and"):
        assert not answer(f"{about} says x509: certificate signed by unknown authority").matches, about


def test_what_a_kubelet_cannot_list_is_not_metrics_servers() -> None:
    for package in (
        "k8s.io/kubernetes/pkg/kubelet/config/apiserver.go:47",
        "k8s.io/kubernetes/pkg/kubelet/kubelet.go:453",
    ):
        assert not answer(
            f"E0304 09:01:02.345678     812 reflector.go:205] {package}: Failed to list *v1.Pod: Get "
            "https://127.0.0.1:6443/api/v1/pods?limit=500&resourceVersion=0: dial tcp 127.0.0.1:6443: connect: "
            "connection refused"
        ).matches, package


def test_a_flag_that_operators_have_is_not_metrics_servers() -> None:
    said = answer("Error: unknown flag: --metrics-bind-address").matches

    assert [match.id for match in said] == ["not-resource-metrics-pipeline"]


UNTRUSTED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
NAMELESS = "tls: failed to verify certificate: x509: cannot validate certificate for 10.3.0.4 because it doesn't contain any IP SANs"
REPORTS = (
    scrape(UNTRUSTED),
    scrape(NAMELESS),
    scrape(NO_ROUTE),
    scrape("remote error: tls: internal error"),
    scrape("dial tcp: lookup n1 on 10.96.0.10:53: no such host", host="n1"),
    FORBIDDEN.format(node="n1"),
)
WEARING: dict[str, Callable[[str], str]] = {
    # Markdown and HTML take a backslash before a quote off
    "lost escapes": lambda text: text.replace('\\"', '"'),
    "a word processor's quotation marks": lambda text: re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text),
    "references of HTML": lambda text: text.replace('"', "&quot;"),
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "code": lambda text: f"`{text}`",
    "bold": lambda text: f"**{text}**",
    "an announcement": lambda text: f"Hi, I am getting this error: {text}",
    "a sentence around it": lambda text: text.partition('err="')[2].partition('" node=')[0] + " when I run kubectl top",
    "the end of its line": lambda text: text.partition('/resource\\": ')[2] or text.partition('err="')[2],
    "a selection that began in its URL": lambda text: text.partition("https://")[2] or text,
    "single quotation marks": lambda text: text.partition("] ")[2].replace('\\"', "").replace('"', "'"),
}


@pytest.mark.parametrize("name", WEARING)
def test_a_report_says_the_same_however_it_was_pasted(name: str) -> None:
    for report in REPORTS:
        worn = WEARING[name](report)

        assert [m.id for m in answer(worn).matches][:1] == [m.id for m in answer(report).matches][:1], worn


def test_lines_whose_ends_were_lost_say_the_same() -> None:
    started = "I0304 09:01:02.345678       1 serving.go:374] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)"
    fatal = (
        "panic: Get https://10.96.0.1:443/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication: "
        "dial tcp 10.96.0.1:443: i/o timeout goroutine 1 [running]: main.main() "
        "/go/src/sigs.k8s.io/metrics-server/cmd/metrics-server/metrics-server.go:39 +0x105"
    )
    listen = "panic: failed to create listener: failed to listen on 0.0.0.0:443: listen tcp 0.0.0.0:443: bind: permission denied goroutine 1"

    assert [match.id for match in answer(f"{started} {fatal}").matches][:1] == ["pod-cannot-reach-apiserver"]
    assert [match.id for match in answer(listen).matches][:1] == ["secure-port-privileged-bind"]


def test_words_that_name_something_else_announce_nothing() -> None:
    for tool in ("docker pull", "helm repo add", "git clone"):
        assert not answer(
            f"{tool} fails with the following error: x509: certificate signed by unknown authority"
        ).matches


PROBES = (
    "Liveness probe failed: HTTP probe failed with statuscode: 500",
    "Container metrics-server failed liveness probe, will be restarted",
    "Back-off restarting failed container",
)


def test_what_confirms_a_symptom_speaks_against_none_of_its_causes() -> None:
    explanation = answer("\n".join(PROBES))

    assert explanation.ambiguous
    assert explanation.matches[0].id == "kubelet-cert-san-missing-ip"
    assert "metrics-server-not-ready" in {match.id for match in explanation.matches}


@pytest.mark.parametrize("series", ["container_scrape_error", "scrape_error", "resource_scrape_error [STABLE]"])
def test_the_help_of_a_series_is_no_figure(series: str) -> None:
    text = f"# HELP {series} 1 if there was an error while getting container metrics, 0 otherwise"

    assert not answer(text).matches


def test_an_alert_of_a_server_that_is_no_kubelet_says_nothing() -> None:
    assert not answer('Get "https://h.example.com/": remote error: tls: internal error').matches


def test_what_one_line_cannot_decide_is_left_open() -> None:
    for error in (REFUSED, NO_ROUTE, LATE, DEADLINE):
        assert answer(scrape(error)).ambiguous, error


def test_a_nodes_name_tells_what_kind_of_machine_it_is() -> None:
    assert [
        kind_of(name) for name in ("n1", "winona", "ip-10-0-0-1", "gke-a-b-1a2b3c4d-x7z9", "kind-control-plane")
    ] == [
        "",
        "",
        "cloud",
        "cloud",
        "local",
    ]


@pytest.mark.parametrize("host", ["<node>.<region>.compute.internal", "ip-<a>-<b>.<domain>", "node-<number>", "<ip>"])
def test_a_host_that_is_redacted_part_by_part_is_a_nodes(host: str) -> None:
    found = answer(scrape(DEADLINE, host=host))

    assert [match.id for match in found.matches[:2]] == ["node-unreachable-timeout", "kubelet-slow-response"]


@pytest.mark.parametrize("head", ["", "level=error msg="])
@pytest.mark.parametrize("times", [1, 2])
def test_the_inside_of_a_string_is_the_record_that_it_holds(head: str, times: int) -> None:
    whole = scrape(REFUSED, f"fargate-{EC2}")

    for line in (whole, whole.partition("] ")[2]):
        carried = line
        for _ in range(times):
            carried = json.dumps(carried)
        ways = [head + carried] if head else [carried, carried + ",", carried[1:-1]]
        for way in ways:
            (found, *_) = read([way])
            assert found.connection.node == f"fargate-{EC2}"
            assert found.outer == ("Failed to scrape node",)


NONE_KNOWN = "unable to fetch pod metrics for pod default/backup-1: no metrics known for pod"
NODES = "NAME   CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nn1     76m          1%     343Mi           19%"
PODS = "NAME        READY   STATUS      RESTARTS   AGE\nbackup-1    0/1     {status}   0          5h50m"


def test_a_pod_that_has_ended_has_no_figures() -> None:
    assert answer(NONE_KNOWN).matches[0].id == "metrics-not-yet-available"
    assert answer(f"{NONE_KNOWN}\n{PODS.format(status='Running')}").matches[0].id == "metrics-not-yet-available"
    assert answer(f"{NONE_KNOWN}\n{PODS.format(status='Completed')}").matches[0].id == "benign-terminated-pods-queried"


def test_where_nodes_have_figures_their_kubelets_were_read() -> None:
    none = 'Error from server (NotFound): podmetrics.metrics.k8s.io "default/web" not found'

    assert answer(none).matches[0].id == "metrics-not-yet-available"
    assert answer(f"{none}\n{NODES}").matches[0].id == "container-metrics-missing-from-kubelet"

"""What a kubelet says: of callers, of probes, and of its figures."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import CLOSERS, Grammar, plain, says, trim


def _kubelet_forbids(match: re.Match[str]) -> InnermostError:
    if match.groupdict().get("asked"):
        return errors.Forbidden(match["user"], match["verb"], match["asked"])
    subresource = match["subresource"].strip('[]"')
    return errors.Forbidden(match["user"], match["verb"], f"{match['resource']}/{subresource}")


def _no_container_stats(match: re.Match[str]) -> InnermostError:
    reason = (match[1] if match.re.groups else match[0]).strip(CLOSERS)
    said = match.string[match.start() : match.end() + _LONGEST_CGROUP]  # the container's name, in quotes, may end it
    return errors.ContainerStatsFailed(reason, "windows" if any(mark in said for mark in _OF_WINDOWS) else "")


def _without_figures(cgroup: str, reason: str) -> InnermostError:
    """Groups of pods without figures are pods that nothing is known of; the root and the host's own are told apart."""
    of_cgroup = errors.NoCgroupStats(cgroup, reason)
    is_of_a_container = re.search(_OF_A_CONTAINER, cgroup) is not None
    is_of_the_host = cgroup == "/" or of_cgroup.of == "system"
    return of_cgroup if is_of_the_host and not is_of_a_container else errors.PartialFigures()


def _failed_in_part(match: re.Match[str]) -> InnermostError:
    """One of the partial failures; its group's name stands before it, unless the copy began within it."""
    before = match.string[max(match.start() - _LONGEST_CGROUP, 0) : match.start()]
    return _without_figures(before.rpartition('"')[2], match[1])


# client-go util/certificate/csr/csr.go: the API server did not take the request, or was not reached
_UNASKED = r"(?: from the (?:control plane|master):? (?P<unasked>cannot create certificate signing request))?"


def _not_signed(match: re.Match[str]) -> InnermostError:
    return errors.CertificateNotSigned("Unasked" if match["unasked"] else "Pending")


def _none_of_container(match: re.Match[str]) -> InnermostError:
    """To 1.5 (pkg/kubelet/server/stats/summary.go) one container without figures left the whole answer out."""
    is_the_answer = match.string[: match.start()].endswith("Internal Error: ")
    return errors.PartialFigures() if is_the_answer else _without_figures(trim(match[2]), match[1])


def _no_cgroup_stats(match: re.Match[str]) -> InnermostError:
    cgroup, reason = match[1], trim(match[2])
    if "kubepods" in cgroup and "unable to find data" in reason:
        return errors.PartialFigures()
    return errors.NoCgroupStats(cgroup, reason)


_LONGEST_CGROUP = 300
_OF_WINDOWS = ("hcsshim", "hcs::", "HCS ", "Windows system call", "on Windows", "windows stats is empty")
# runc libcontainer/cgroups/systemd: the scope that a runtime asks systemd for, which may be in the host's own slice
_OF_A_CONTAINER = r"/(?:docker|crio|cri-containerd)-[0-9a-f]{12,64}\.scope"

# The client's certificate is renewed in the same words. To 1.20 they had no name with them; then the signer's stood
# before them, and from 1.32, structured, it is that of the logger, and comes after.
_OF_CLIENTS = "kube-apiserver-client-kubelet"
_NOT_AFTER = rf"(?!.{{0,600}}{_OF_CLIENTS})"

# ten seconds and more, as Go prints a duration, and whatever has minutes in it
_LONG = r"(?:\d{1,3}h)?(?:\d{1,3}m\d[\d.]{0,12}|\d{2,5}(?:\.\d{1,9})?)s\b"


GRAMMARS: tuple[Grammar, ...] = (
    # kubelet pkg/kubelet/server/server.go, InstallAuthFilter; "subresource(s)" from 1.32
    Grammar(
        "Forbidden (user=",
        r"Forbidden \(user=(?P<user>[^,]{0,300}), verb=(?P<verb>\w{0,32}), resource=(?P<resource>[^,]{0,100}), "
        # kube-rbac-proxy's too, in front of an API server: then a client adds what it asked for
        r"subresource(?:\(s\))?=(?P<subresource>\[[^\]]{0,200}\]|[^)]{0,200})"
        r"(?:\) \([a-z]{3,20} (?P<asked>[\w.-]{1,200}))?",
        _kubelet_forbids,
    ),
    # kubelet pkg/kubelet/server/stats/summary.go, pkg/kubelet/stats; cAdvisor container/raw and utils/inotify
    Grammar("failed to list pod stats: ", r"failed to list pod stats: ([^\"]{1,500})", _no_container_stats),
    # Microsoft/hcsshim container.go and internal/hcs/system.go, as the kubelet passes it on
    *(
        Grammar(
            f"{words}",
            re.escape(words) + r"[^\"]{0,300}",
            lambda match: errors.ContainerStatsFailed(match[0].strip(CLOSERS), "windows"),
        )
        for words in (
            "hcsshim::OpenComputeSystem",
            "hcs::OpenComputeSystem",
            "hcsshim::System::Properties",
            "hcs::System::Properties",
            "encountered an error during Properties",
        )
    ),
    # containerd internal/cri/server/container_stats_list_windows.go
    plain("windows stats is empty", errors.ContainerStatsFailed("windows stats is empty", "windows")),
    # containerd internal/cri/server/container_stats_list.go, sandbox_stats_linux.go and -windows.go (1.1 to 2.1)
    *(
        Grammar(
            words,
            re.escape(words) + r"[^\"]{0,400}",
            _no_container_stats,
        )
        for words in (
            "failed to convert to cri containerd stats format",
            "failed to decode container metrics for ",
            "failed to decode sandbox container metrics for ",
            "failed to obtain container stats during podSandboxStats call",
        )
    ),
    # kubernetes pkg/kubelet/cri/remote/remote_runtime.go, from 1.32 cri-client pkg; to 1.22 in plain text
    *(
        Grammar(
            f"{call} with filter ",
            call + r" with filter (?:.{1,300} )?from runtime service failed:? (?P<reason>[^\"]{1,400})",
            lambda match: errors.ContainerStatsFailed(match["reason"].strip(CLOSERS)),
        )
        for call in ("ListContainerStats", "ListPodSandboxStats")
    ),
    # pkg/kubelet/pleg/generic.go, pkg/kubelet/runtime.go
    plain("PLEG is not healthy", errors.RuntimeSick()),
    plain("container runtime is down", errors.RuntimeSick()),
    # cAdvisor manager/container.go; an open of a file of the hierarchy's root (runc libcontainer/cgroups/fs2)
    Grammar(
        "Failed to get RecentStats(",
        r"Failed to get RecentStats\(\"([^\"]{1,300})\"\) while determining the next housekeeping(?:: (.{1,300}))?",
        lambda match: errors.NoCgroupStats(match[1], trim(match[2])),
    ),
    # kubelet pkg/kubelet/cm/container_manager_linux.go and pkg/kubelet/images/image_gc_manager.go, in cAdvisor's words
    Grammar(
        "unable to find data for container /",
        r"unable to find data for container /(?!\w)",
        lambda match: errors.NoCgroupStats("/", match[0]),
    ),
    Grammar(
        "rootfs info: unable to find data",
        r"rootfs info: (unable to find data in memory cache)",
        lambda match: errors.NoCgroupStats("/", match[1]),
    ),
    # pkg/kubelet/stats/cri_stats_provider.go and cadvisor_stats_provider.go, pkg/kubelet/server/stats/summary.go
    *(
        Grammar(
            f"{filesystem} {what}: ",
            f"{filesystem} {what}: "
            r"(?:failed to get \w{4,12} info: )?"
            r"(?:unable to find data|missing image stats|imageFs information is|no imagefs label for"
            r"|cannot find filesystem info for device|failed to get device for dir).{0,100}",
            lambda match: errors.NoFilesystemStats(match[0].partition(" ")[0]),
        )
        for filesystem in ("rootFs", "imageFs")
        for what in ("info", "stats")
    ),
    # cAdvisor fs/fs.go
    *(
        Grammar(
            words,
            pattern,
            says(errors.NoFilesystemStats("rootFs")),
        )
        for words, pattern in (
            ("non-existent label ", r"non-existent label \\{0,4}\"[\w-]{1,40}"),
            (
                "could not find device ",
                r"could not find device (?:with major: \d{1,9}, minor: \d{1,9} )?in cached partitions map",
            ),
        )
    ),
    Grammar(
        "failed to get node info: ",
        r"failed to get node info: node \\{0,4}\"[^\"]{1,260}\" not found",
        says(errors.NodeUnknownToKubelet()),
    ),
    # pkg/kubelet/stats/helper.go, where what stands before it was not copied
    Grammar(
        "failed to get container info for ",
        r"failed to get container info for \"([^\"]{1,300})\": (unknown container \"[^\"]{1,300}\")",
        lambda match: errors.NoCgroupStats(match[1], match[2]),
    ),
    Grammar(
        "open /sys/fs/cgroup/",
        r"open /sys/fs/cgroup/(?P<file>cpu\.stat|memory\.stat|memory\.current): no such file or directory",
        lambda match: errors.NoRootAccounting(match["file"]),
    ),
    Grammar(
        "failed to get cgroup stats for ",
        r"failed to get cgroup stats for \"([^\"]{1,300})\"(?:: (.{1,300}))?",
        _no_cgroup_stats,
    ),
    Grammar(
        "cgroup stats not found for ",
        r"cgroup stats not found for \"([^\"]{1,300})\"(?:: (.{1,300}))?",
        _no_cgroup_stats,
    ),
    # cAdvisor manager/container.go, of a container that is there: those that have gone it passes over
    Grammar(
        "Failed to update stats for container ",
        r"Failed to update stats for container \"([^\"]{1,300})\": (.{1,300})",
        lambda match: _without_figures(match[1], trim(match[2])),
    ),
    # manager/manager.go; container/docker/handler.go of Docker's older image stores, whose newer one has no such file
    Grammar(
        "Failed to create existing container: ",
        r"Failed to create existing container: (/\S{1,300}): (.{1,300})",
        lambda match: _without_figures(match[1], trim(match[2])),
    ),
    plain("failed to identify the read-write layer ID for container", errors.PartialFigures()),
    # metrics/prometheus.go; kubelet pkg/kubelet/metrics/collectors/resource_metrics.go, "resource_" from 1.29. Their
    # help says "1 if there was an error"
    Grammar("container_scrape_error ", r"container_scrape_error 1(?=\s|$)(?! if )", says(errors.PartialFigures())),
    *(
        Grammar(f"{series} ", rf"(?<!_){series} 1(?=\s|$)(?! if )", says(errors.SummaryFailed()))
        for series in ("scrape_error", "resource_scrape_error")
    ),
    # to 1.7: pkg/kubelet/server/stats/summary.go
    Grammar(
        "Missing stats for root container",
        r"Missing stats for root container",
        lambda match: errors.NoCgroupStats("/", match[0]),
    ),
    Grammar(
        "inotify_init",
        r"inotify_init1?: (too many open files)",
        lambda match: errors.InotifyExhausted("inotify_init", match[1]),
    ),
    Grammar(
        "fsnotify watcher: ",
        r"fsnotify watcher: (too many open files)",
        lambda match: errors.InotifyExhausted("fsnotify", match[1]),
    ),
    # kubelet pkg/kubelet/util/pluginwatcher and others that hand on what fsnotify's NewWatcher said, without its name;
    # kube-proxy cmd/kube-proxy/app/server.go. A file, a socket or a pipe that cannot be opened is named before it.
    *(
        Grammar(
            watcher,
            watcher + r"(?:,? err)?: too many open files",
            says(errors.InotifyExhausted("fsnotify", "too many open files")),
            word=": too many open files",
        )
        for watcher in ("watcher", "Watcher")
    ),
    Grammar(
        "failed complete: ",
        r"failed complete: (too many open files)",
        lambda match: errors.InotifyExhausted("fsnotify", match[1]),
    ),
    Grammar(
        "inotify_add_watch ",
        r"inotify_add_watch \S{1,500}: (no space left on device)",
        lambda match: errors.InotifyExhausted("inotify_add_watch", match[1]),
    ),
    # kubelet pkg/kubelet/kuberuntime/logs, from 1.27 of directories (cri-client pkg/logs); to 1.14
    # pkg/kubelet/util/pluginwatcher. Of a watch inotify(7) says that the device is full, though no disk is full.
    Grammar(
        "failed to watch ",
        r"failed to watch [^:]{1,500}: (no space left on device)",
        lambda match: errors.InotifyExhausted("inotify_add_watch", match[1]),
    ),
    # systemd's src/tty-ask-password-agent, as EMFILE of inotify_init1; coreutils' src/tail.c
    plain(
        "Failed to allocate directory watch: Too many open files",
        errors.InotifyExhausted("inotify_init", "Too many open files"),
    ),
    plain("tail: inotify resources exhausted", errors.InotifyExhausted("inotify_init", "inotify resources exhausted")),
    Grammar(
        "HTTP probe failed with statuscode: ",
        r"HTTP probe failed with statuscode: (\d{3})",
        lambda match: errors.ProbeStatus(match[1]),
    ),
    Grammar(
        "Liveness probe failed: HTTP probe failed with statuscode: ",
        r"Liveness probe failed: HTTP probe failed with statuscode: (\d{3})",
        lambda match: errors.ProbeStatus(match[1], "liveness"),
        word="HTTP probe failed with statuscode: ",
    ),
    plain("no serving certificate available for the kubelet", errors.CertificateNotSigned()),
    # client-go util/certificate/csr/csr.go and certificate_manager.go
    *(
        Grammar(
            f"{first}ertificate request was not signed",
            rf"(?<!{_OF_CLIENTS}: ){first}ertificate request was not signed(?!.{{0,200}}request (?:is |failed))"
            + _NOT_AFTER,
            says(errors.CertificateNotSigned()),
        )
        for first in "Cc"
    ),
    plain("certificate signing request is not approved, reason", errors.CertificateNotSigned("Denied")),  # to 1.18
    plain("certificate signing request is denied", errors.CertificateNotSigned("Denied")),
    plain("certificate signing request failed, reason", errors.CertificateNotSigned("Failed")),
    Grammar(
        "kubelet-serving: Failed while requesting a signed certificate",
        r"kubelet-serving: Failed while requesting a signed certificate" + _UNASKED,
        _not_signed,
    ),
    # from 1.32, structured
    Grammar(
        "Failed while requesting a signed certificate ",
        rf"Failed while requesting a signed certificate(?=.{{1,700}} kubernetes\.io/kubelet-serving\b){_UNASKED}",
        _not_signed,
    ),
    # client-go util/certificate/certificate_manager.go: it has none until another is signed; from 1.32 structured
    plain("kubelet-serving: Current certificate is expired", errors.CertificateNotSigned()),
    Grammar(
        "Current certificate is expired kubernetes.io/kubelet-serving",
        r"Current certificate is expired kubernetes\.io/kubelet-serving",
        says(errors.CertificateNotSigned()),
        word="Current certificate is expired",
    ),
    # postfinance/kubelet-csr-approver internal/controller/csr_controller.go and regex_ip_checks.go
    *(
        plain(words, errors.CertificateNotSigned("Denied"))
        for words in (
            "kubelet-serving cert denied",
            "Denying kubelet-serving CSR",
            "CSR not complying with kubelet-csr-approver",
            "CSR request did not pass the provider-specific tests",
            "SAN DNS Name could not be resolved",
            "SAN DNS Name in the x509 CSR is not prefixed by the node name",
            "is not contained in the set of resolved IP addresses",
            "of the allowed IP Prefixes/Subnets",
            "x509 CR is not allowed by the Cloud provider regex",
            "x509 Cert Request contains more than 1 DNS name",
        )
    ),
    # kubernetes pkg/controller/certificates/signer/signer.go, of what pkg/apis/certificates/helpers.go objects to
    *(
        plain(words, errors.CertificateNotSigned("Failed"))
        for words in (
            "SignerValidationFailure",
            "subject organization is not system:nodes",
            "subject common name does not begin with system:node:",
            "DNS or IP subjectAltName is required",
        )
    ),
    # kubernetes-mixin alerts/kubelet.libsonnet; a rule, which has a template for the node, tells nothing
    Grammar(
        "KubeletServerCertificateRenewalErrors",
        r"(?<!alert: )KubeletServerCertificateRenewalErrors",
        says(errors.CertificateNotSigned()),
    ),
    Grammar(
        "Kubelet on node ",
        r"Kubelet on node [\w.-]{1,253} has failed to renew its server certificate",
        says(errors.CertificateNotSigned()),
        word="has failed to renew its server certificate",
    ),
    Grammar(
        "KubeletServerCertificateExpiration",
        r"(?<!alert: )KubeletServerCertificateExpiration",
        says(errors.ListedCertificate("kubelet", "expiring")),
    ),
    Grammar(
        "Server certificate for Kubelet on node ",
        r"Server certificate for Kubelet on node [\w.-]{1,253} expires in ",
        says(errors.ListedCertificate("kubelet", "expiring")),
    ),
    # pkg/kubelet/server/server.go, whoever asks for exec, attach and the like of a pod that it has not
    Grammar(
        "upgrade connection: pod does not exist",
        r"upgrade connection: pod does not exist",
        says(errors.PodUnknownToKubelet()),
        word="pod does not exist",
    ),
    # apimachinery pkg/api/errors/errors.go, as a kubelet's answer to the API server becomes kubectl's
    *(
        Grammar(
            f"{answer} ( pods/log ",
            answer + r" \( pods/log \S{1,300}\)",
            says(error),
            word="( pods/log ",
        )
        for answer, error in (
            ("the server could not find the requested resource", errors.PodUnknownToKubelet()),
            ("the server has asked for the client to provide credentials", errors.ClientUnknownToKubelet()),
        )
    ),
    # client-go transport/spdy and tools/remotecommand: a kubelet's answer to the API server's own certificate
    plain("unable to upgrade connection: Unauthorized", errors.ClientUnknownToKubelet()),
    # apiserver pkg/server/httplog/httplog.go, as a kubelet prints it of its own answers; from 1.19 structured
    *(
        Grammar(
            f"GET {path}",
            f"GET {path}" + r"\S{0,300} \(?(?P<took>" + _LONG + ")",
            lambda match: errors.KubeletDawdled(match["took"]),
        )
        for path in ("/stats/summary", "/metrics/resource")
    ),
    # client-go transport/round_trippers.go, V(6): it came, and late
    Grammar(
        ":10250/",
        r":10250/(?:stats/summary|metrics/resource)\S{0,300} 200 OK in (?P<took>\d{5,9} milliseconds)",
        lambda match: errors.KubeletDawdled(match["took"]),
        word=" milliseconds",
    ),
    # aquasecurity kube-bench cfg/*/node.yaml, in the words of the CIS benchmarks, of which chapter 1 is the API
    # server's; kube-hunter src/modules/discovery/kubelet.py; kops pkg/validation
    *(
        Grammar(
            f"[{verdict}] ",
            rf"\[{verdict}\] [2-9]\.\d{{1,2}}(?:\.\d{{1,2}})? .{{0,40}}" + control,
            says(errors.KubeletOpen(to)),
            word=word,
        )
        for verdict in ("FAIL", "WARN")
        for control, to, word in (
            (r"[Aa]nonymous[- ][Aa]uth (?:argument )?is (?:set to false|[Nn]ot [Ee]nabled)", "anonymous", "nonymous"),
            (r"--authorization-mode argument is not set to AlwaysAllow", "all", "not set to AlwaysAllow"),
        )
    ),
    plain("The kubelet is misconfigured, potentially allowing secure access", errors.KubeletOpen("anonymous")),
    plain("Kubelet anonymousAuth is currently turned on", errors.KubeletOpen("anonymous")),
    # its own settings: pkg/kubelet/apis/config (KubeletAuthorizationModeAlwaysAllow), in YAML and in JSON
    Grammar("mode: AlwaysAllow", r"mode: AlwaysAllow\b", says(errors.KubeletOpen("all"))),
    Grammar('"mode":"AlwaysAllow"', r"\"mode\":\"AlwaysAllow\"", says(errors.KubeletOpen("all")), word="AlwaysAllow"),
    # kubectl get csr; to 1.17 without the signer, and from 1.21 with the duration that was asked for
    Grammar(
        " system:node:",
        r" system:node:\S{1,253}\s{1,90}(?:(?:<none>|\d{1,6}[smhd])\s{1,20})?"
        r"(?P<state>Pending|Denied|Approved,Failed|Failed)",
        lambda match: errors.CertificateNotSigned(match["state"]),
    ),
    # whoever asks: a kubelet that clouds know under another name is none to who approves
    Grammar(
        "kubernetes.io/kubelet-serving ",
        r"kubernetes\.io/kubelet-serving\s{1,20}\S{1,253}\s{1,60}(?:(?:<none>|\d{1,6}[smhdy])\s{1,20})?"
        r"(?P<state>Pending|Denied|Approved,Failed|Failed|Approved)(?=\s|$)",
        lambda match: errors.CertificateNotSigned(match["state"]),
    ),
    # kubelet pkg/kubelet/metrics/collectors/resource_metrics.go, of a container that has no start: Go's zero time
    Grammar(
        "container_start_time_seconds{",
        r"container_start_time_seconds\{(?P<labels>[^}]{0,600})\} -6\.79\d{0,20}e\+09(?: -62135596800000)?",
        lambda match: errors.UnreadableMetrics("timestamp or new record", "-", match[0]),
    ),
    # kubernetes cmd/kubelet/app/server.go (1.10 to 1.36), pkg/kubelet/kubelet.go
    *(
        Grammar(f"{failed} {words}", f"{failed} {words}", says(errors.KubeletExits()))
        for failed in ("Failed to", "failed to")
        for words in (
            "run Kubelet: ",
            "load Kubelet config file",
            "load kubelet config file",
            "validate kubelet",
            "construct kubelet dependencies",
            "start ContainerManager",
            "start cAdvisor",
            "find subsystem mount for required subsystem",
        )
    ),
    # pkg/kubelet/certificate/transport.go
    plain("client cert was found and the server is responsive, exiting", errors.KubeletExits()),
    plain("client certificate is found and the server is responsive, exiting", errors.KubeletExits()),
    plain("client certificate has expired and the server is responsive, exiting", errors.KubeletExits()),
    # pkg/kubelet/server/server.go; what else on a node listens on this port
    Grammar(
        "Failed to listen and serve ",
        r"Failed to listen and serve listen tcp[46]? \S{1,60}:10250: bind: .{1,60}",
        says(errors.KubeletExits()),
        word="Failed to listen and serve",
    ),
    # pkg/kubelet/certificate/bootstrap/bootstrap.go; to 1.15 with a capital, to 1.20 without the file
    *(
        Grammar(
            f"{part} of the existing bootstrap client certificate ",
            part + r" of the existing bootstrap client certificate (?:in (?P<file>\S{1,300}) )?is expired",
            lambda match: errors.ClientCertificateExpired(match["file"] or ""),
        )
        for part in ("Part", "part")
    ),
    Grammar("failed to parse kubelet flag: ", r"failed to parse kubelet flag: .{0,300}", says(errors.KubeletExits())),
    Grammar(
        "still unable to rotate certs",
        rf"(?<!{_OF_CLIENTS}: Reached backoff limit, )still unable to rotate certs{_NOT_AFTER}",
        says(errors.CertificateNotSigned()),
    ),
    # cmd/kubelet/app/server.go: it runs, and does not know which group it is in
    plain("Kubelet system container metrics may be missing", errors.Noise("system-slice-accounting")),
    # systemd src/core/service.c; kubeadm cmd/kubeadm/app/util/apiclient/wait.go
    *(
        plain(words, errors.KubeletExits())
        for words in (
            "kubelet.service: Main process exited",
            "kubelet.service: main process exited",
            "kubelet.service: Failed with result",
            "kubelet.service: Scheduled restart job",
            "kubelet.service holdoff time over",
            "Unit kubelet.service entered failed state",
        )
    ),
    # systemd src/systemctl/systemctl-show.c
    Grammar(
        "ExecStart=/",
        r"ExecStart=/[\w./-]{1,80}/kubelet\b.{0,600}\(code=(?:exited, status=[1-9]|killed|dumped)",
        says(errors.KubeletExits()),
    ),
    # to 1.23: pkg/kubelet/dockershim/docker_service.go
    plain("is different from docker cgroup driver", errors.KubeletExits()),
    # k3s pkg/cgroups/cgroups_linux.go: its kubelet is never begun
    *(plain(f"{first}ailed to find memory cgroup", errors.KubeletExits()) for first in "Ff"),
    plain("It seems like the kubelet isn't running or healthy", errors.KubeletExits()),
    plain("The kubelet is not running", errors.KubeletExits()),
    plain("The kubelet is not healthy after ", errors.KubeletExits()),
    # pkg/kubelet/metrics/collectors/resource_metrics.go
    *(
        Grammar(
            f"{series}{{",
            series + r"\{[^}]{0,600}\} 0(?:\.0)?(?=\s|$)",
            says(errors.IncompleteFigures("container")),
        )
        for series in (
            "container_memory_working_set_bytes",
            "container_memory_usage_bytes",
            "container_cpu_usage_seconds_total",
        )
    ),
    # kubelet pkg/kubelet/server/stats/summary_sys_containers.go, V(…)
    Grammar(
        "Failed to get system container stats",
        r"Failed to get system container stats.{0,600}",
        says(errors.Noise("system-slice-accounting")),
    ),
    Grammar(
        "Authorization error (user=", r"Authorization error \(user=[^)]{1,600}\)", says(errors.AuthorizationFailed())
    ),
    # the same from 1.22, structured, of which the values are left: why, who, and what they asked for
    Grammar(
        "Authorization error ",
        r"Authorization error .{1,600} \w{2,16} nodes (?:metrics|stats|proxy|log|spec|pods|healthz|configz)\b",
        says(errors.AuthorizationFailed()),
        word="Authorization error",
    ),
    Grammar(
        "Forbidden system:",
        r"Forbidden (?P<user>system:[\w.:-]{1,300}) (?P<verb>\w{2,16}) (?P<resource>nodes) "
        r"(?P<subresource>\[[^\]]{1,200}\]|\w{3,20})",
        _kubelet_forbids,
        word="Forbidden",
    ),
    # opencontainers runc libcontainer/cgroups
    Grammar(
        "mountpoint for ", r"mountpoint for (?:cpu|memory|cpuset|\w{1,20}) not found", says(errors.CgroupsUnmounted())
    ),
    plain("cgroup mountpoint does not exist", errors.CgroupsUnmounted()),
    plain("Error getting summary for resourceMetric prometheus endpoint", errors.SummaryFailed()),
    plain("Partial failure issuing cadvisor.ContainerInfoV2", errors.PartialFigures()),
    # cAdvisor utils/timed_store.go
    Grammar(
        "unable to find data for container /",
        r"(unable to find data) for container (/[\w.-]\S{0,300})",
        _none_of_container,
    ),
    # cAdvisor manager/manager.go, of a container that its runtime told of and it does not watch; earlier of Docker's
    plain("unable to find Docker container ", errors.PartialFigures()),
    Grammar(
        "unable to find container ",
        r"unable to find container \"[^\"]{1,300}\" in \"\w{1,40}\" namespace",
        says(errors.PartialFigures()),
    ),
    # kubelet pkg/apis/stats/v1alpha1/types.go (Summary)
    *(
        Grammar(
            f'"pods":{space}[',
            rf"\"pods\":{space}\[\]",
            says(errors.IncompleteFigures("container")),
            word=f":{space}[]",
        )
        for space in ("", " ")
    ),
    # cAdvisor manager/manager.go, in the list of its partial failures, of which the beginning may not have been copied
    Grammar(
        '": RecentStats: ',
        r"\": RecentStats: (unable to find data)",
        _failed_in_part,
        word=": RecentStats: ",
    ),
    # moby daemon/stats/collector.go and libcontainerd; containerd cgroups utils.go
    Grammar(
        "collecting stats for ", r"collecting stats for \S{1,100}: no metrics received", says(errors.PartialFigures())
    ),
    # CRI-O internal/lib/stats: the container's memory then is zero
    plain("account working set stats: total_inactive_file", errors.PartialFigures()),
    plain("cannot find cgroup mount destination", errors.CgroupsUnmounted()),
    # cAdvisor container/factory.go: it tries one runtime after the other, and most nodes have but one
    Grammar(
        "Registration of the ",
        r"Registration of the (?:crio|containerd|podman|docker|rkt|mesos) container factory failed: "
        r"[^\n]{0,400}: no such file or directory",
        says(errors.Noise("container-factory")),
        word=" container factory failed: ",
    ),
    # cAdvisor info/v2/conversion.go
    plain("Could not get instant cpu stats: cumulative stats decrease", errors.CounterWentBack("cumulative CPU usage")),
    plain("Kubelet stopped posting node status", errors.NodeNotReady()),
    # metrics-server 0.2 metrics/sources/summary/summary.go
    Grammar("Node ", r"Node \S{1,253} is not ready", says(errors.NodeNotReady()), word=" is not ready"),
    # 0.3 pkg/sources/summary/summary.go, after "unable to extract connection information for node"
    Grammar(": node ", r": node \S{1,253} is not ready", says(errors.NodeNotReady()), word=" is not ready"),
    Grammar(
        "NotReady",
        r"NotReady(?:,SchedulingDisabled)?\s{1,20}(?:<none>|[\w,-]{1,60})\s{1,20}\d{1,6}[smhdy]",
        says(errors.NodeNotReady()),
    ),
)

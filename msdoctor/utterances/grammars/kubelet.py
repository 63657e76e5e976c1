"""What a kubelet says: of callers, of probes, and of its figures."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import CLOSERS, Grammar, plain, says, trim


def _kubelet_forbids(match: re.Match[str]) -> InnermostError:
    subresource = match["subresource"].strip("[]")
    return errors.Forbidden(match["user"], match["verb"], f"{match['resource']}/{subresource}")


def _no_container_stats(match: re.Match[str]) -> InnermostError:
    reason = match[1].strip(CLOSERS)
    windows = any(mark in reason for mark in ("hcsshim", "hcs::", "HCS "))
    return errors.ContainerStatsFailed(reason, "windows" if windows else "")


GRAMMARS: tuple[Grammar, ...] = (
    # kubelet pkg/kubelet/server/server.go, InstallAuthFilter; "subresource(s)" from 1.32
    Grammar(
        "Forbidden (user=",
        r"Forbidden \(user=(?P<user>[^,]{0,300}), verb=(?P<verb>\w{0,32}), resource=(?P<resource>[^,]{0,100}), "
        r"subresource(?:\(s\))?=(?P<subresource>\[[^\]]{0,200}\]|[^)]{0,200})",
        _kubelet_forbids,
    ),
    # kubelet pkg/kubelet/server/stats/summary.go, pkg/kubelet/stats; cAdvisor container/raw and utils/inotify
    Grammar("failed to list pod stats: ", r"failed to list pod stats: ([^\"]{1,500})", _no_container_stats),
    Grammar(
        "failed to get cgroup stats for ",
        r"failed to get cgroup stats for \"([^\"]{1,300})\"(?:: (.{1,300}))?",
        lambda match: errors.NoCgroupStats(match[1], trim(match[2])),
    ),
    Grammar(
        "cgroup stats not found for ",
        r"cgroup stats not found for \"([^\"]{1,300})\"(?:: (.{1,300}))?",
        lambda match: errors.NoCgroupStats(match[1], trim(match[2])),
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
    Grammar(
        "inotify_add_watch ",
        r"inotify_add_watch \S{1,500}: (no space left on device)",
        lambda match: errors.InotifyExhausted("inotify_add_watch", match[1]),
    ),
    Grammar(
        "HTTP probe failed with statuscode: ",
        r"HTTP probe failed with statuscode: (\d{3})",
        lambda match: errors.ProbeStatus(match[1]),
    ),
    Grammar(
        "iveness probe failed: HTTP probe failed with statuscode: ",
        r"iveness probe failed: HTTP probe failed with statuscode: (\d{3})",
        lambda match: errors.ProbeStatus(match[1], "liveness"),
        word="HTTP probe failed with statuscode: ",
    ),
    plain("no serving certificate available for the kubelet", errors.CertificateNotSigned()),
    plain("Certificate request was not signed", errors.CertificateNotSigned()),
    plain("certificate request was not signed", errors.CertificateNotSigned()),
    # kubectl get csr; to 1.17 without the signer, and from 1.21 with the duration that was asked for
    Grammar(
        " system:node:",
        r" system:node:\S{1,253}\s{1,20}(?:(?:<none>|\d{1,6}[smhd])\s{1,20})?"
        r"(?P<state>Pending|Denied|Approved,Failed|Failed)",
        lambda match: errors.CertificateNotSigned(match["state"]),
    ),
    plain("still unable to rotate certs", errors.CertificateNotSigned()),
    # kubelet pkg/kubelet/server/stats/summary_sys_containers.go, V(…)
    Grammar(
        "Failed to get system container stats",
        r"Failed to get system container stats.{0,600}",
        says(errors.Noise("system-slice-accounting")),
    ),
    Grammar(
        "Authorization error (user=", r"Authorization error \(user=[^)]{1,600}\)", says(errors.AuthorizationFailed())
    ),
    # opencontainers runc libcontainer/cgroups
    Grammar(
        "mountpoint for ", r"mountpoint for (?:cpu|memory|cpuset|\w{1,20}) not found", says(errors.CgroupsUnmounted())
    ),
    plain("cgroup mountpoint does not exist", errors.CgroupsUnmounted()),
    plain("Error getting summary for resourceMetric prometheus endpoint", errors.SummaryFailed()),
    plain("Partial failure issuing cadvisor.ContainerInfoV2", errors.PartialFigures()),
    plain("Kubelet stopped posting node status", errors.NodeNotReady()),
    Grammar(
        "NotReady",
        r"NotReady(?:,SchedulingDisabled)?\s{1,20}(?:<none>|[\w,-]{1,60})\s{1,20}\d{1,6}[smhdy]",
        says(errors.NodeNotReady()),
    ),
)

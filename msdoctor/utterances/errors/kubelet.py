"""What kubelets, cAdvisor and container runtimes fail with when they count."""

from __future__ import annotations

import re

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class ContainerStatsFailed(InnermostError, hop=Hop.G):
    """``failed to list pod stats: REASON`` (kubelet pkg/kubelet/server/stats). ``platform``: windows if hcs speaks."""

    reason: str
    platform: str = ""


class SummaryFailed(InnermostError, hop=Hop.G, wraps=True):
    """``Error getting summary for resourceMetric prometheus endpoint`` (kubelet pkg/kubelet/metrics/collectors)."""


class PartialFigures(InnermostError, hop=Hop.G):
    """``Partial failure issuing cadvisor.ContainerInfoV2`` (kubelet pkg/kubelet/stats/cadvisor_stats_provider.go)."""


class NodeNotReady(InnermostError, hop=Hop.E):
    """``Kubelet stopped posting node status``, a node's row in ``kubectl get nodes`` that is ``NotReady``."""


class CgroupsUnmounted(InnermostError, hop=Hop.G):
    """``mountpoint for cpu not found``: a program that knows cgroup v1 on a node that has v2 (runc libcontainer)."""


class NoRootAccounting(InnermostError, hop=Hop.G):
    """``open /sys/fs/cgroup/cpu.stat: no such file or directory``: nothing is counted at the hierarchy's root."""

    file: str


class KubeletExits(InnermostError, hop=Hop.E, wraps=True):
    """``failed to run Kubelet: REASON``: it ends (kubernetes cmd/kubelet/app/server.go)."""


class ClientCertificateExpired(InnermostError, hop=Hop.E):
    """``part of the existing bootstrap client certificate in FILE is expired`` (kubelet pkg/kubelet/certificate).

    It ends, unless a bootstrap token lets it ask for another.
    """

    file: str = ""


class RuntimeUnreached(InnermostError, hop=Hop.G):
    """``dial unix SOCKET: …`` of a container runtime: the kubelet has nobody to ask for containers' figures."""

    failure: str
    socket: str


class RuntimeSick(InnermostError, hop=Hop.G, wraps=True):
    """``PLEG is not healthy``, ``container runtime is down``: why a kubelet says it is not ready (pkg/kubelet)."""


class NoFilesystemStats(InnermostError, hop=Hop.G):
    """``failed to get rootFs info: …``, ``failed to get imageFs stats: …`` (kubelet pkg/kubelet/stats)."""

    filesystem: str


class NodeUnknownToKubelet(InnermostError, hop=Hop.G):
    """``failed to get node info: node "N" not found`` (kubelet pkg/kubelet/server/stats/summary.go)."""


class NoCgroupStats(InnermostError, hop=Hop.G):
    """``failed to get cgroup stats for "NAME": REASON`` (kubelet pkg/kubelet/stats/provider.go); ``/`` is the root."""

    cgroup: str
    reason: str = ""

    @property
    def of(self) -> str:
        """``system`` for the host's own: services and sessions, and what kubelets are told to be themselves in.

        systemd.special(7); a kubelet's ``--kubelet-cgroups``, ``--runtime-cgroups`` and ``--system-cgroups``; where
        the node is a container of Docker's (k3d, kind), within that one's.
        """
        is_told = _ONE_WORD.fullmatch(self.cgroup) is not None and "kubepods" not in self.cgroup
        return "system" if is_told or self.cgroup.startswith(_SYSTEM) else ""


_SYSTEM = ("/system.slice", "/user.slice", "/machine.slice", "/init.scope")


_ONE_WORD = re.compile(r"(?:/docker/[0-9a-f]{64})?/[A-Za-z][A-Za-z._-]{0,60}")


class InotifyExhausted(InnermostError, hop=Hop.G):
    """``inotify_init: too many open files``, ``inotify_add_watch PATH: no space left on device`` (cAdvisor).

    ``call`` is ``fsnotify`` for ``error creating fsnotify watcher: too many open files``, which any component says.
    """

    call: str
    failure: str


class CertificateNotSigned(InnermostError, hop=Hop.E):
    """``Certificate request was not signed`` (client-go util/certificate), a kubelet's CSR that is ``Pending``.

    ``Unasked`` where there is no CSR, since the API server was not reached or did not take it.
    """

    state: str = "Pending"


class PodUnknownToKubelet(InnermostError, hop=Hop.E):
    """``pod does not exist``, 404 to ``pods/log``: the kubelet that was asked runs no such pod (pkg/kubelet/server).

    Who asked the API server for a pod that there is gets it from the address that the pod's node is registered with.
    """


class ClientUnknownToKubelet(InnermostError, hop=Hop.F):
    """``Unauthorized`` to an upgrade, or to ``pods/log``: a kubelet does not know the API server by its certificate."""


class KubeletDawdled(InnermostError, hop=Hop.E):
    """A figure of ten seconds and more for one answer: kubelet's own (apiserver httplog.go), or its client's."""

    took: str


class KubeletOpen(InnermostError, hop=Hop.F):
    """A scanner, or a setting, says whom a kubelet lets in: ``to``: ``anonymous``, or ``all`` where it asks nobody."""

    to: str

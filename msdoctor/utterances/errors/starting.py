"""Why metrics-server does not start or get ready: its flags, its files, its image, its node, its admission."""

from __future__ import annotations

import re

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class Started(InnermostError, hop=Hop.D):
    """A line that a component prints when it starts well; ``what`` names the step."""

    what: str


class RequestHeaderNotProvided(InnermostError, hop=Hop.D):
    """``Cluster doesn't provide KEY in configmap/…`` (apiserver options/authentication.go, to 1.17).

    Later versions say nothing when the key is absent. The key ``proxy-client-cert-file`` is a flag, which an API server
    to 1.8 misses when it is to call a webhook.
    """

    key: str


class IssuerRefuses(InnermostError, hop=Hop.D):
    """cert-manager: ``The CSR PEM requests a commonName that is not present …``, ``…:acme:error:rejectedIdentifier``.

    ``of``: what an ACME issuer refuses, ``common name`` or ``names`` (pkg/controller/certificaterequests/acme/acme.go).
    """

    of: str


class ProbeStatus(InnermostError, hop=Hop.D):
    """``HTTP probe failed with statuscode: 500`` (kubelet): the probed process answers, and says no."""

    code: str
    probe: str = ""


class HealthCheckFailed(InnermostError, hop=Hop.D):
    """``[-]NAME failed: reason withheld`` (apiserver server/healthz/healthz.go)."""

    name: str

    @property
    def whose(self) -> str:
        """``API server`` for what no other server built on its library looks at."""
        return "API server" if self.name.startswith(_OF_THE_API_SERVER) else ""


_OF_THE_API_SERVER = (
    "autoregister-completion",
    "etcd",
    "poststarthook/aggregator-",
    "poststarthook/apiservice",
    "poststarthook/bootstrap-controller",
    "poststarthook/ca-registration",
    "poststarthook/crd-",
    "poststarthook/kube-apiserver-",
    "poststarthook/rbac/",
    "poststarthook/scheduling/",
    "poststarthook/start-",
)
"""Kubernetes pkg/controlplane and pkg/registry/rbac, kube-aggregator pkg/apiserver, apiextensions-apiserver."""


class UnknownFlag(InnermostError, hop=Hop.D):
    """``unknown flag: --F``, ``unknown shorthand flag: 'f' in -F`` (pflag errors.go)."""

    flag: str

    @property
    def of(self) -> str:
        """Whose it is: ``metrics-server`` for one that shares a word, or nearly one, with those that some version has.

        ``kubectl`` for one that newer versions of ``kubectl top`` have, ``operator`` for one that operators have,
        ``other`` for any other.
        """
        name = self.flag.split("=")[0]
        if name in _FLAGS_OF_OPERATORS:
            return "operator"
        if name in _FLAGS_OF_TOP:
            return "kubectl"
        words = name.strip("-").replace("_", "-").split("-")
        return "metrics-server" if len(name) < _LONG_FLAG or any(map(_is_of_a_flag, words)) else "other"


_LONG_FLAG = 6  # "-v", "--v", "--url": too short to tell whose they are


def _is_of_a_flag(word: str) -> bool:
    from difflib import get_close_matches  # noqa: PLC0415  slow to import, and hardly any text needs it

    return bool(get_close_matches(word, _WORDS_OF_FLAGS, 1, 0.8))


# metrics-server cmd/metrics-server/app/options and apiserver pkg/server/options, 0.1 to 0.9; klog's and pflag's own
_WORDS_OF_FLAGS = [
    "kubelet",
    "insecure",
    "tls",
    "certificate",
    "authority",
    "client",
    "key",
    "preferred",
    "address",
    "types",
    "port",
    "use",
    "node",
    "status",
    "request",
    "timeout",
    "completely",
    "deprecated",
    "read",
    "only",
    "metric",
    "resolution",
    "selector",
    "secure",
    "bind",
    "cert",
    "dir",
    "cipher",
    "suites",
    "private",
    "file",
    "sni",
    "authentication",
    "authorization",
    "kubeconfig",
    "requestheader",
    "allowed",
    "names",
    "extra",
    "headers",
    "prefix",
    "group",
    "username",
    "webhook",
    "retry",
    "cache",
    "ttl",
    "audit",
    "log",
    "logging",
    "format",
    "verbosity",
    "logtostderr",
    "stderrthreshold",
    "vmodule",
    "contention",
    "profiling",
    "http2",
    "max",
    "streams",
    "permit",
    "sharing",
    "reuse",
    "version",
    "source",
    "sink",
    "apiserver",
    "aggregator",
    "routing",
    "kubernetes",
    "server",
    "pod",
    "master",
    "namespace",
    "feature",
    "gates",
    "goaway",
    "shutdown",
    "metrics",
]


# kubebuilder pkg/plugins/golang, as it scaffolds cmd/main.go and main.go
_FLAGS_OF_OPERATORS = (
    "--metrics-bind-address",
    "--metrics-addr",
    "--metrics-secure",
    "--health-probe-bind-address",
    "--leader-elect",
    "--enable-leader-election",
)


_FLAGS_OF_TOP = (
    "--sort-by",
    "--containers",
    "--no-headers",
    "--use-protocol-buffers",
    "--sum",
    "--show-capacity",
    "-A",
)


class RejectedArgument(InnermostError, hop=Hop.D):
    """An argument whose flag is known: ``invalid argument "15" for "--metric-resolution" flag: …`` (pflag errors.go).

    Also what metrics-server itself refuses (cmd/metrics-server/app/options): ``cannot use both --A and --B``,
    ``metric-resolution should be …``. ``text`` is all of it.
    """

    text: str
    flag: str = ""

    @property
    def of(self) -> str:
        """``template`` where nobody filled the value in: ``invalid argument "{{ cpu }}"``; ``file`` if it is none."""
        if self.text.endswith("no such file or directory"):
            return "file"
        return "template" if "{{" in self.text else ""


class CannotWriteCertificate(InnermostError, hop=Hop.D):
    """``error creating self-signed certificates: mkdir PATH: FAILURE`` (metrics-server …/options/options.go)."""

    path: str
    failure: str


class CannotListen(InnermostError, hop=Hop.D):
    """``failed to listen on ADDRESS: listen tcp ADDRESS: bind: FAILURE`` (apiserver options/serving.go)."""

    address: str
    failure: str


class NoNodeFits(InnermostError, hop=Hop.D):
    """``0/2 nodes are available: 2 node(s) had untolerated taint(s). …`` (kube-scheduler framework/types.go FitError).

    ``because``: ``taints`` where it names nothing else, ``ports`` likewise, else ``other``.
    """

    reasons: tuple[str, ...]
    because: str

    @property
    def taints(self) -> str:
        """``most`` where more nodes are said to have taints than anything else, ``some`` where any is beside that."""
        return self._share("taint", "PodToleratesNodeTaints")

    @property
    def ports(self) -> str:
        """The same of ports that are taken."""
        return self._share("free ports", "HostPorts")

    def _share(self, *words: str) -> str:
        """A node counts once for each reason that it has."""
        named = [_nodes_of(reason) for reason in self.reasons if any(word in reason for word in words)]
        others = [_nodes_of(reason) for reason in self.reasons if not any(word in reason for word in words)]
        if not named or not others:
            return ""
        return "most" if sum(named) > sum(others) else "some"


def _nodes_of(reason: str) -> int:
    """``3 node(s) had …``, to 1.8 ``Predicate (3)``."""
    number = re.match(r"(\d{1,6}) ", reason) or re.search(r"\((\d{1,6})\)$", reason)
    return int(number[1]) if number else 1


class ImageNotPulled(InnermostError, hop=Hop.D):
    """``Failed to pull image "I": WHY``, ``Back-off pulling image "I"`` (kubelet pkg/kubelet/images/image_manager.go).

    ``ours``: ``yes`` where the image is called metrics-server, ``other`` where it is of other metrics, ``sandbox``
    where it is that of every pod's sandbox, ``unnamed`` where only the registry was asked whether it is one.
    """

    image: str
    why: str = ""
    ours: str = ""

    @property
    def lacks(self) -> str:
        """``platform`` where the image is there, and not for this processor."""
        return "platform" if "no match for platform" in self.why or "no matching manifest" in self.why else ""


class InvalidImageName(InnermostError, hop=Hop.D):
    """``Failed to apply default image tag "I": couldn't parse image name …`` (the same)."""

    image: str


class TemplateBlank(InnermostError, hop=Hop.D):
    """``--cpu={{ base_metrics_server_cpu }}``: what a cluster's own scripts would have filled in (cluster/addons)."""

    blank: str


class ExecForbidden(InnermostError, hop=Hop.D):
    """``exec user process caused: operation not permitted`` (runc): the file has a capability that its pod may not.

    The images of 0.5 give theirs ``cap_net_bind_service``, for the port 443.
    """


class ExecFormat(InnermostError, hop=Hop.D):
    """``exec format error``: ENOEXEC, for a program that is not this processor's."""


class MayNotRunAsRoot(InnermostError, hop=Hop.D):
    """``container has runAsNonRoot and image WHY`` (kubelet pkg/kubelet/kuberuntime/security_context_others.go)."""

    why: str


class QuotaExceeded(InnermostError, hop=Hop.D):
    """``exceeded quota: Q, requested: …, used: …, limited: …``, ``failed quota: Q: must specify …``.

    ``insufficient quota to match these scopes: …`` names no quota: that there is none is what it says.
    apiserver pkg/admission/plugin/resourcequota/controller.go.
    """

    quota: str
    text: str


class NotAdmitted(InnermostError, hop=Hop.D):
    """``error looking up service account N/S``, ``admission webhook "W" denied the request``: no pod is made."""

    by: str


class NotExecutable(InnermostError, hop=Hop.D):
    """``exec: "--cert-dir=/tmp": executable file not found``: arguments where a command belongs (runc, Docker)."""

    what: str


class ManifestUnreadable(InnermostError, hop=Hop.D):
    """``YAML parse error on metrics-server/templates/F: …``, ``template: metrics-server/templates/F: …`` (helm).

    Values of another shape than the chart's, or a manifest that was edited: nothing of it was made.
    """


class PodSecurityViolated(InnermostError, hop=Hop.D):
    """``violates PodSecurity "restricted:latest": WHAT`` (pod-security-admission admission/admission.go)."""

    level: str
    what: str


class Evicted(InnermostError, hop=Hop.D):
    """``The node was low on resource: memory.`` (kubelet pkg/kubelet/eviction/helpers.go)."""

    resource: str


class OutOfMemory(InnermostError, hop=Hop.D):
    """``OOMKilled``: the kernel ended it, at its memory limit or for the node's sake.

    Also ``94% throttling of CPU … for container metrics-server``: it has too little of the other resource.
    """


class AuthenticationUnread(InnermostError, hop=Hop.D, wraps=True):
    """``unable to load configmap based request-header-client-ca-file`` (apiserver pkg/server/options)."""


class AuthReaderHint(InnermostError, hop=Hop.D):
    """``Unable to get configmap/extension-apiserver-authentication … Usually fixed by 'kubectl create rolebinding``.

    ``refused``: ``yes`` in the wording of a version that says it only where the right is missing (apiserver 1.14 on).
    """

    refused: str = ""


class FileUnread(InnermostError, hop=Hop.D):
    """``unable to load client CA file "F": open F: no such file or directory`` (apiserver pkg/server/options)."""

    file: str


class NotReadyInTime(InnermostError, hop=Hop.D):
    """``deployment "metrics-server" exceeded its progress deadline``: kubectl, helm or others waited in vain."""


class AddonUnknown(InnermostError, hop=Hop.D):
    """``metric-server is not a valid addon``: an installer knows none of that name (minikube pkg/addons)."""


class PodState(InnermostError, hop=Hop.D):
    """metrics-server's row in ``kubectl get pods``: its status, and how many of its containers are ready."""

    status: str
    ready: str

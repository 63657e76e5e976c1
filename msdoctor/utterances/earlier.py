"""What only several printed lines say together, and a row of a table, which no log has.

Sources: helm cmd/helm/upgrade.go, install.go, and pkg/kube/wait.go, which to 3.11 says ``timed out waiting for the
condition`` and since then ``context deadline exceeded``, and in neither of what; systemd
src/systemctl/systemctl-show.c (a unit's name, some lines on its ``Active:``); kubectl describe and YAML, which print a
condition's keys in the order of the alphabet, so that ``status`` stands before ``type``; VPA's CRD
(deploy/vpa-v1-crd-gen.yaml), whose columns Mode, CPU, Mem, Provided and Age leave two empty where nothing is provided;
kubectl pkg/cmd/top/top_pod.go, 1.20 to 1.36. Where no pod has metrics, that looks for pods in its own namespace, and
names one that it finds. ``No resources found in N namespace`` is said of a namespace without pods; asked for all
namespaces, it looks for pods in one of them only, so that ``No resources found`` says that no pod has metrics
anywhere.
"""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError

_MOST_BETWEEN = 8  # lines between a unit's name and its state, or a release's name and what came of it

_UNIT = (
    r"\W{0,6}(?P<unit>kubelet|k3s-agent|rke2-agent|containerd|docker|crio|cri-docker|konnectivity-(?:server|agent))"
    r"\.service(?: - | {2}|\s*$)"
)
_STOPPED = r"\s*Active: (?:inactive|failed|activating \(auto-restart\))"
_STATUS = r"[\s-]{0,60}[\"']?[Ss]tatus[\"']?: {1,60}[\"']?(?P<status>True|False|Unknown)\b"
_TYPE = r"[\s-]{0,60}[\"']?[Tt]ype[\"']?: {1,60}[\"']?RecommendationProvided\b"
_ALL = (" -A", " --all-namespaces")
_TOP_PODS = r"\bkubectl(?:\.exe)?(?: -\S{1,200}(?: [\w.-]{1,100})?){0,4} top po(?:ds?)?\b"
_NOTHING = r"\s*No resources found(?: in \S{1,63} namespace)?\.?\s*$"

_WITHOUT_RECOMMENDATION = (
    r"\s*(?:[\w.-]{1,63} {1,40})?[\w.-]{1,253} {1,40}(?:Off|Initial|Recreate|Auto|InPlaceOrRecreate) {1,40}False {1,20}"
    r"\d{1,4}[smhdy]\w{0,6}\s*$"
)
# kubectl pkg/metricsutil/metrics_printer.go, of what metrics-server 0.5.0 counted from before a container's restart
_BELOW_ZERO = (
    r"\s*\S{1,253}(?: {1,40}[\w.-]{1,253}){0,2} {2,60}-\d{1,9}m {1,40}(?:-?\d{1,6}% {1,40})?-?\d{1,9}(?:[KMG]i)?\b"
)
_RELEASE = (
    r"(?:.{0,200}\bhelm(?: -\S{1,200}(?: [\w./-]{1,200})?){0,4} (?:install|upgrade) .{0,400}\bmetrics-server\b"
    r"|\s*Release \"[\w.-]{0,100}metrics-server[\w.-]{0,100}\" does not exist\. Installing it now\.)"
)
_WAITED = (
    r"\s*Error: (?:(?:INSTALLATION|UPGRADE) FAILED: )?"
    r"(?:timed out waiting for the condition|context deadline exceeded)\s*$"
)
_OF_RUNTIMES = ("containerd", "docker", "crio", "cri-docker")


class Earlier:
    """Remembers of a paste's lines, which are given one by one, what a later one may be about."""

    def __init__(self) -> None:
        self._unit = ""
        self._left = 0  # lines in which that unit's state may yet come
        self._installs = 0  # lines in which it may yet come that helm waited for metrics-server in vain
        self._status = ""  # as the line just before had it
        self._asked = ""  # what the line just before asked: for the pods of one ``namespace``, or of ``all``

    def completed_by(self, text: str) -> InnermostError | None:
        """What this line says together with those before it."""
        status, self._status = self._status, ""
        asked, self._asked = self._asked, ""
        self._left -= 1
        if self._has_waited(text):
            return errors.NotReadyInTime()
        if "tatus" in text and (found := re.match(_STATUS, text)):
            self._status = found["status"]
        elif "RecommendationProvided" in text and re.match(_TYPE, text):
            return errors.VPAUnable() if status == "False" else None
        elif " False " in text and re.match(_WITHOUT_RECOMMENDATION, text):
            return errors.VPAUnable()
        elif ".service" in text and (found := re.match(_UNIT, text)):
            self._unit, self._left = found["unit"], _MOST_BETWEEN
        elif self._left > 0 and re.match(_STOPPED, text):
            self._left = 0
            return _stopped(self._unit)
        elif "kubectl" in text:
            is_top = re.search(_TOP_PODS, text) is not None
            self._asked = ("all" if any(flag in text for flag in _ALL) else "namespace") if is_top else ""
        elif "  -" in text and re.match(_BELOW_ZERO, text):
            return errors.CounterWentBack("usage")
        elif asked and re.match(_NOTHING, text):
            return errors.NoPodMetrics() if asked == "all" else errors.NothingToShow()
        return None

    def _has_waited(self, text: str) -> bool:
        """Whether helm, which installs metrics-server, ends with having waited too long."""
        self._installs -= 1
        if "helm" in text or "Release " in text:
            self._installs = _MOST_BETWEEN if re.match(_RELEASE, text) else 0
        elif self._installs > 0 and "Error: " in text:
            self._installs = 0
            return re.match(_WAITED, text) is not None
        return False


def _stopped(unit: str) -> InnermostError:
    if unit.startswith("konnectivity"):
        return errors.TunnelDown(f"{unit} does not run")
    return errors.RuntimeSick() if unit in _OF_RUNTIMES else errors.KubeletExits()

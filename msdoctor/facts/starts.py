"""How far each pod of metrics-server has come, and what ended its container, in the words of whoever said it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts.arguments import json_patch, rejected, said
from msdoctor.facts.flags import Flags, parse
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Container, ContainerStatus, Event, Pod, StateDetail
from msdoctor.utterances import Speaker, Utterance, errors
from msdoctor.utterances.reader import read_error, read_log

Error = TypeVar("Error")
# What others than the container say of why it does not run; where a status tells of tries alone, an event says it.
KEPT_DOWN_BY = (
    errors.NoNodeFits,
    errors.ImageNotPulled,
    errors.InvalidImageName,
    errors.ExecFormat,
    errors.MayNotRunAsRoot,
    errors.Evicted,
    errors.OutOfMemory,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Arguments that it does not start with: its own words, or what this release would say of them.

    ``patch`` is a JSON patch of the Deployment that mends them, empty where only their owner knows how.
    """

    text: str
    heard: bool
    patch: str


@dataclass(frozen=True, slots=True)
class Start:
    """A pod that is to serve and does not yet, with its container as it was started.

    ``said`` is what the run that ended last said, or the one before where that is all there is; ``unheard`` is why its
    log could not be had. ``events`` are the pod's. ``told`` is what the scheduler, the kubelet or the container runtime
    says of why it does not run, as a value where it is a known one.
    """

    pod: Pod
    container: Container
    status: ContainerStatus
    said: tuple[Utterance, ...]
    unheard: str
    events: tuple[Event, ...]
    told: errors.InnermostError | None = None
    refused: Refused | None = None

    @property
    def subject(self) -> str:
        """``pod/kube-system/metrics-server-…``."""
        return f"pod/{self.pod.metadata.namespace}/{self.pod.metadata.name}"

    @property
    def node(self) -> str:
        """The node that it was given to; empty before that."""
        return self.pod.spec.node_name

    @property
    def flags(self) -> Flags:
        """The arguments that it runs with."""
        return parse((*self.container.command, *self.container.args))

    @property
    def ended(self) -> StateDetail | None:
        """How its container's newest run ended, if one has."""
        return self.status.state.terminated or self.status.last_state.terminated

    @property
    def waits(self) -> StateDetail | None:
        """What its container waits for, if it does not run."""
        return self.status.state.waiting

    @property
    def unplaced(self) -> str:
        """What the scheduler says of why no node takes it; empty where it has not said so."""
        scheduled = self.pod.condition("PodScheduled")
        return scheduled.message if scheduled.status == "False" and scheduled.reason == "Unschedulable" else ""

    @property
    def why(self) -> str:
        """Its words, or the kubelet's of what its container waits for or why it ended, or of why it was evicted."""
        ended = self.status.state.terminated or self.status.last_state.terminated
        texts = (self.unplaced, self.pod.status.message, *(part.message for part in (self.waits, ended) if part))
        return next((text for text in texts if text and "restarting failed container" not in text), "")

    @property
    def not_listening(self) -> errors.CannotListen | None:
        """The address that it could not listen on, and why, if that is what ended it."""
        return self._last(errors.CannotListen)

    @property
    def not_writing(self) -> errors.CannotWriteCertificate | None:
        """Where it could not put the certificate that it signs for itself, and why, if that is what ended it."""
        return self._last(errors.CannotWriteCertificate)

    @property
    def foreign(self) -> bool:
        """Whether the kernel does not know the program for one of its own."""
        return isinstance(self.told, errors.ExecFormat) or self._last(errors.ExecFormat) is not None

    @property
    def misfits(self) -> errors.NoNodeFits | None:
        """What the scheduler has against the nodes."""
        return self.told if isinstance(self.told, errors.NoNodeFits) else None

    @property
    def not_pulled(self) -> errors.ImageNotPulled | None:
        """The image that is not to be had, and why."""
        return self.told if isinstance(self.told, errors.ImageNotPulled) else None

    @property
    def root(self) -> errors.MayNotRunAsRoot | None:
        """Why it would be run as root, which it may not."""
        return self.told if isinstance(self.told, errors.MayNotRunAsRoot) else None

    def _last(self, kind: type[Error]) -> Error | None:
        return next((one.error for one in reversed(self.said) if isinstance(one.error, kind)), None)

    @property
    def since(self) -> datetime | None:
        """When it was made."""
        return self.pod.metadata.creation_timestamp

    @property
    def describe(self) -> str:
        """The command that shows its state."""
        return f"kubectl -n {self.pod.metadata.namespace} describe pod {self.pod.metadata.name}"

    @property
    def log(self) -> str:
        """The command that shows what it said before it ended."""
        previous = "" if self.status.state.waiting or self.status.state.terminated else " --previous"
        name = f"{self.pod.metadata.name} -c {self.container.name}{previous}"
        return f"kubectl -n {self.pod.metadata.namespace} logs {name}"


def starts(bundle: Bundle, installation: Installation | None, events: Sequence[Event]) -> tuple[Start, ...]:
    """The pods that do not serve, oldest first, but those on their way out and those that a new template replaces."""
    if installation is None:
        return ()
    judged = (pod for pod in installation.pods if not pod.ready and pod.metadata.deletion_timestamp is None)
    found = (_start(bundle, installation, pod, events) for pod in judged)
    wanted = (installation.container.command, installation.container.args)
    return tuple(start for start in found if (start.container.command, start.container.args) == wanted)


def _start(bundle: Bundle, installation: Installation, pod: Pod, events: Sequence[Event]) -> Start:
    name = installation.container.name
    container = next((item for item in pod.spec.containers if item.name == name), Container())
    status = next((item for item in pod.status.container_statuses if item.name == name), ContainerStatus())
    words, unheard = _last_words(bundle, pod, status)
    start = Start(
        pod=pod,
        container=container,
        status=status,
        said=words,
        unheard=unheard,
        events=tuple(event for event in events if event.involved_object.name == pod.metadata.name),
    )
    texts = (start.why, *(event.message for event in reversed(start.events)))
    told = next((error for text in texts if (error := read_error(text)) and isinstance(error, KEPT_DOWN_BY)), None)
    return replace(start, told=told, refused=_refused(installation, container, words))


def _refused(installation: Installation, container: Container, words: Sequence[Utterance]) -> Refused | None:
    flags = parse((*container.command, *container.args))
    for one in reversed(words):
        if isinstance(one.error, errors.UnknownFlag | errors.RejectedArgument):
            text = f"unknown flag: {one.error.flag}" if isinstance(one.error, errors.UnknownFlag) else one.error.text
            return Refused(text, heard=True, patch=json_patch(installation, said(one.error, flags)))
    fault = rejected(flags, installation.version)
    return Refused(fault.text, heard=False, patch=json_patch(installation, fault.mends)) if fault else None


def _last_words(bundle: Bundle, pod: Pod, status: ContainerStatus) -> tuple[tuple[Utterance, ...], str]:
    """What a run that has ended said. Of a container that waits the log without ``--previous`` is the newest."""
    path = f"{pod.metadata.namespace}/{pod.metadata.name}/{status.name}"
    before = [f"{path}?previous"] if status.restart_count else []
    now = [] if status.state.running else [path]
    documents = [bundle.at(Place(WORKSTATION, Kind.LOG, one)) for one in (*now, *before)]
    body = next((document.body for document in documents if document.body), None)
    if body is None:
        refusals = (str(document.refusal) for document in documents if document.refusal)
        return (), next(refusals, "")
    lines = body.decode("utf-8", "replace").splitlines()
    return tuple(read_log(lines, speaker=Speaker.METRICS_SERVER)), ""

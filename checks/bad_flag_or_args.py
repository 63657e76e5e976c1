"""metrics-server does not start with the arguments it was given.

## What it means
metrics-server reads its arguments first, and ends at once over one that this release does not know, cannot read, or
does not allow beside another; likewise where `--cert-dir` is no place that it can write to. Its log says which in its
first line, before a page of usage and a panic. The pod is in CrashLoopBackOff; nobody has metrics.

## What it does not mean
That metrics-server or the node is broken: the same program starts with other arguments. The panic and its goroutines
are only how it ends.

## What will not help
- deleting the pod, more memory, longer probes: it ends by itself, within a second.
- the image of another release without its own manifest: each release has arguments of its own.
- RBAC, certificates or aggregation flags: it has asked nobody anything yet.

## How it comes about
An upgrade to 0.7 or newer with klog's old flags (`--logtostderr`) still given; a newer manifest's flag
(`--kubelet-request-timeout`, from 0.7) on an older image; `--kubelet-request-timeout` raised beyond nine tenths of
`--metric-resolution`; a certificate authority for kubelets and `--kubelet-insecure-tls` at once; a number without its
unit; `--cert-dir=/tmp`, or the volume there, lost by a patch that replaced the whole list.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server --previous | grep -m1 Error:`

## Source
metrics-server cmd/metrics-server/app/options/options.go and kubelet_client.go (0.8.0, 0.9.0), release notes of 0.7.0;
spf13/pflag errors.go. Seen with metrics-server 0.8.0: `Error: unknown flag: --logtostderr`, `Error: metric-resolution
should be larger than kubelet-request-timeout, but metric-resolution value 10s kubelet-request-timeout value 10s
provided`, `Error: error creating self-signed certificates: mkdir apiserver.local.config: read-only file system`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Says,
    State,
    Unseen,
    check,
)

from ._starting import changed_by, finding, log, made, patched, status, target, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

LOOK = "kubectl -n kube-system logs deployment/metrics-server --previous | grep -m1 Error:"
REFUSES = (1, 2)  # exit codes of a command that returns an error, and of a panic
WRITABLE = "/tmp"  # noqa: S108  metrics-server's manifests have a volume there


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        changed_by(
            blanks,
            "Take away the argument that its log complains of, or give it what this release takes.",
            f"kubectl edit {target(blanks)}",
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("NotExecutable"),
        Says("ManifestUnreadable", likelihood=0.5),
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.35),
        Says("PodState", where={"status": "Error"}, likelihood=0.35),
        # kubectl's begins with a small letter, and is about its own flags.
        Says("UnknownFlag", where={"outer": "Error", "of": "metrics-server"}),
        Says("UnknownFlag", where={"outer": "panic", "of": "metrics-server"}),
        Says("UnknownFlag", where={"speaker": "unknown", "of": "metrics-server"}, likelihood=0.45),
        Says("UnknownFlag", where={"speaker": "unknown", "of": "other"}, likelihood=0.4),
        Says("UnknownFlag", where={"speaker": "metrics-server", "of": "other"}),
        Says("PodState", where={"status": "RunContainerError"}, likelihood=0.6),
        Says("RejectedArgument", where={"of": ""}),
        Says("RejectedArgument", where={"of": "file"}, likelihood=0.5),
        Says("NotInCluster", likelihood=0.5),  # outside of a pod --kubeconfig is needed
        # Kubelets and API servers read such files too, and say so with their names.
        *(Says("FileUnread", where={"speaker": speaker}, likelihood=0.75) for speaker in ("unknown", "metrics-server")),
        Says("CannotWriteCertificate"),
        Says("CannotListen", where={"failure": "invalid port"}),
    ),
    decide=(Look(LOOK, "unknown flag, cannot use both, should be …, read-only file system", "bad-flag-or-args"),),
    advise=advise,
)
def bad_flag_or_args(
    starts: tuple[Start, ...], installation: Installation, repair: Repair
) -> Iterator[Finding | Unseen]:
    blanks = repair.blanks()
    if not installation.pods:
        yield from _before_any_start(installation, blanks)
    for start in reversed(starts):
        found = _judged(start, installation, blanks)
        if found:
            yield found
            return
    yield from (Unseen(start.unheard, start.subject) for start in starts if _ended(start) and start.unheard)


def _before_any_start(who: Installation, blanks: Blanks) -> Iterator[Finding]:
    """Of one that no pod was made of yet: what its first pod will say."""
    from msdoctor.facts.arguments import json_patch, rejected  # noqa: PLC0415  as all facts

    refused = rejected(who.flags, who.version)
    if refused is None:
        return
    release = f" {who.version[0]}.{who.version[1]}" if who.version else ""
    patch = json_patch(who, refused.mends)
    found = finding(
        who,
        f"metrics-server{release} will not start with its arguments: {refused.text}.",
        (template(who, " ".join(who.container.args or who.container.command), "args"),),
        (patched(blanks, "Give it the arguments that this release takes.", patch),)
        if _plain(patch)
        else advise(blanks),
        confidence=Confidence.CERTAIN if who.version else Confidence.LIKELY,
    )
    yield replace(found, state=State.NEXT)


def _ended(start: Start) -> bool:
    """Whether it ended by itself, with an error."""
    return start.ended is not None and start.ended.exit_code in REFUSES


def _templated(start: Start) -> bool:
    return any("{{" in word for word in (*start.container.command, *start.container.args))


def _judged(start: Start, who: Installation, blanks: Blanks) -> Finding | None:
    refused = start.refused
    if not _ended(start) or _templated(start):
        return None
    if start.not_writing:
        return _unwritable(start, who, blanks)
    if start.not_listening and start.not_listening.failure == "invalid port":
        saw = f"failed to listen on {start.not_listening.address}: invalid port"
        return _found(start, who, f"--secure-port is no port: {who.flags.text('secure-port')}", saw, advise(blanks))
    if refused is None or (not refused.heard and not start.unheard):
        return None
    remedies = (
        (patched(blanks, "Give it the arguments that this release takes.", refused.patch),)
        if _plain(refused.patch)
        else advise(blanks)
    )
    if refused.heard:
        return _found(start, who, refused.text, f"Error: {refused.text}", remedies)
    return _found(start, who, refused.text, "", remedies, Confidence.LIKELY)


def _plain(patch: str) -> bool:
    """Whether a patch may stand between single quotes in a shell."""
    return bool(patch) and "'" not in patch and "\n" not in patch


def _found(
    start: Start,
    who: Installation,
    text: str,
    saw: str,
    remedies: tuple[Remedy, ...],
    confidence: Confidence = Confidence.CERTAIN,
) -> Finding:
    release = f" {who.version[0]}.{who.version[1]}" if who.version else ""
    if saw:
        summary = f"metrics-server{release} does not start with its arguments: {text}."
    else:
        summary = (
            f"metrics-server ends at once, and release{release} does not start with its arguments: it would say {text}."
            f" Its log, which was not to be had, says so if it is that."
        )
    return finding(
        who,
        summary,
        _evidence(start, who, saw),
        remedies,
        confidence=confidence,
        since=start.since,
        changed=made(start),
    )


def _evidence(start: Start, who: Installation, saw: str) -> Iterator[Evidence]:
    if saw:
        yield log(start, saw)
    yield template(who, " ".join(who.container.args or who.container.command), "args")
    if start.ended:
        yield status(
            start, f"ended with exit code {start.ended.exit_code}, restarted {start.status.restart_count} times"
        )


def _unwritable(start: Start, who: Installation, blanks: Blanks) -> Finding:
    """Of a certificate that has no place: it is told another, or given one."""
    assert start.not_writing  # noqa: S101
    path, failure = start.not_writing.path, start.not_writing.failure
    told = start.flags.text("cert-dir") or "the working directory, for lack of --cert-dir"
    summary = f"the certificate that it signs for itself cannot be written to {told}: {failure}"
    volumes = who.deployment.spec.template.spec.volumes
    empty = {volume.name for volume in volumes if volume.empty_dir is not None}
    mounted = [mount.mount_path for mount in who.container.volume_mounts if mount.name in empty]
    argument = who.pointer("--cert-dir")
    verb = "add" if argument.endswith("/-") else "replace"
    operations: list[object] = [{"op": verb, "path": argument, "value": f"--cert-dir={WRITABLE}"}]
    if WRITABLE not in mounted:
        container = argument.partition("/args/")[0].partition("/command/")[0]
        mount = {"name": "tmp-dir", "mountPath": WRITABLE}
        operations.append(_added("/spec/template/spec/volumes", bool(volumes), {"name": "tmp-dir", "emptyDir": {}}))
        operations.append(_added(f"{container}/volumeMounts", bool(who.container.volume_mounts), mount))
    patch = json.dumps(operations, separators=(",", ":"))
    remedies = (patched(blanks, "Have it write to a volume of its own, as upstream's manifest does.", patch),)
    return _found(start, who, summary, f"error creating self-signed certificates: {path}: {failure}", remedies)


def _added(path: str, there: bool, value: object) -> object:
    """One more in a list, or its first."""
    return (
        {"op": "add", "path": f"{path}/-", "value": value} if there else {"op": "add", "path": path, "value": [value]}
    )

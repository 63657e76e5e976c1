"""The API server still runs with the flags that it was started with, and its file holds others.

## What it means
The unit or the manifest was changed after the API server had started, and it has not been started again since. What
it runs with counts; what the file says will count after the next restart, for better or for worse. Of a cluster that
kubeadm made it is worth a note where kubeadm's own configuration says otherwise: `kubeadm upgrade` writes the manifest
anew from it, and what was added to the manifest by hand is gone then. It belongs under `apiServer.extraArgs` there.

## What it does not mean
That the change was wrong. Where the file's flags are the right ones, a restart is all that is missing.

## What will not help
- changing the file once more: nobody has read it.
- `systemctl restart` without `daemon-reload`: systemd starts again what it had loaded.
- restarting metrics-server: it goes by what the API server publishes.

## How it comes about
An edit that was never followed by a restart; a restart without `systemctl daemon-reload`; a configuration tool that
writes files and restarts nothing. A manifest of kubeadm's that was edited, and ConfigMap kubeadm-config was not.

## How to make sure
`ps -ww -o args= -C kube-apiserver` against the unit file; `systemctl show -p NeedDaemonReload kube-apiserver`.

## Source
proc_pid_cmdline(5); systemd.unit(5) and systemctl(1), daemon-reload. A kubelet starts a static pod anew when its
manifest changes (kubernetes 1.36.3 pkg/kubelet/config/file.go); kubeadm makes its flags of the configuration alone
(cmd/kubeadm/app/phases/controlplane/manifests.go, getAPIServerCommand).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts.forms import Form
from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    NotApplicable,
    Remedy,
    Risk,
    Says,
    State,
    Unseen,
    check,
    those_seen,
)

from . import _front_proxy
from ._api_server_flags import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.kubeadm import Drift
    from msdoctor.facts.pending import Pending
    from msdoctor.facts.repair import Repair

MOST_NAMED = 3


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    form, file = blanks["apiserver_form"], blanks["apiserver_file"]
    beside = file.replace("/manifests/", "/")
    commands = (
        (f"mv {file} {beside}.new", "sleep 20", f"mv {beside}.new {file}")
        if form == Form.STATIC_POD
        else ("systemctl daemon-reload && systemctl restart kube-apiserver",)
    )
    if form == Form.RANCHER:
        commands = ("systemctl restart " + ("rke2-server" if "/rke2/" in file else "k3s"),)
    return (
        Remedy(
            advice="Start the API server anew, so that it runs with the flags that its file holds.",
            commands=commands,
            on=f"control-plane/{blanks['control_plane']}",
            risks=(Risk.DISRUPTIVE,),
            verify=f"kubectl get apiservice {blanks['apiservice']}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(hop=Hop.C, cls=Class.CAUSE, says=(Says("MissingBundleContent", likelihood=0.5),), advise=advise)
def process_not_restarted(
    pending: tuple[Pending, ...] | Unseen,
    aggregators: tuple[Aggregator, ...] | Unseen,
    flow: Flow | Unseen,
    kubeadm_drifts: tuple[Drift, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    yield from (_note(drift) for drift in those_seen(kubeadm_drifts))
    if isinstance(pending, Unseen):
        yield pending
        return
    for one in pending:
        if one.changed:
            yield _finding(one, aggregators, flow, repair)


def _finding(
    one: Pending, aggregators: tuple[Aggregator, ...] | Unseen, flow: Flow | Unseen, repair: Repair
) -> Finding:
    server = one.server
    effects: tuple[Effect, ...] = (Effect(EffectKind.UNSAFE),)
    state = State.LATENT
    if one.heals and one.now:
        following, state = _front_proxy.what_follows(one.now, aggregators, flow)
        effects = (Effect(EffectKind.OUTDATED), *following)
    outlook = "With those of the file metrics-server would know its aggregator." if one.heals else one.outlook
    which = ", ".join(f"--{name}" for name in tuple(one.changed)[:MOST_NAMED])
    more = f" and {len(one.changed) - MOST_NAMED} more" if len(one.changed) > MOST_NAMED else ""
    blanks = {"control_plane": server.host, "apiserver_form": str(server.form), "apiserver_file": server.file}
    return Finding(
        summary=(
            f"The API server of {server.host} runs with other flags than {server.file} holds: {which}{more}. {outlook}"
        ).rstrip(),
        subjects=(server.subject,),
        evidence=tuple(_evidence(one)),
        effects=effects,
        state=state,
        confidence=Confidence.CERTAIN,
        since=server.started,
        changed="the API server was started",
        remedies=() if one.outlook else advise(repair.blanks(**blanks)),
    )


def _note(drift: Drift) -> Finding:
    """What the next upgrade brings, unless it is told otherwise, with patches for one."""
    server = drift.server
    which = ", ".join(f"--{name}" for name in tuple(drift.changed)[:MOST_NAMED])
    more = f" and {len(drift.changed) - MOST_NAMED} more" if len(drift.changed) > MOST_NAMED else ""
    return Finding(
        summary=(
            f"The next kubeadm upgrade writes the API server's manifest on {server.host} anew, with another"
            f" {which}{more} than it runs with."
        ),
        subjects=(server.subject,),
        evidence=tuple(
            Evidence(
                saw=f"--{name} is {runs or 'not given'}, and kubeadm makes it {written or 'not given'}",
                where=f"{server.where_set(name)} and ConfigMap kube-system/kubeadm-config",
                how="kubectl -n kube-system get configmap kubeadm-config -o jsonpath='{.data.ClusterConfiguration}'",
                origin=server.origin,
                at=server.started,
            )
            for name, (runs, written) in drift.changed.items()
        ),
        effects=(),
        state=State.LATENT,
    )


def _evidence(one: Pending) -> Iterator[Evidence]:
    server = one.server
    for name, (runs, written) in one.changed.items():
        line = server.file_flags.line(name)
        yield Evidence(
            saw=f"--{name} is {runs or 'not given'}, and in the file {written or 'not given'}",
            where=f"{server.read_from}, {server.host}:{server.file}{f':{line}' if line else ''}",
            how="ps -ww -o args= -C kube-apiserver",
            origin=server.origin,
            at=server.started,
        )

"""How kops's kubelets are changed: in the cluster's specification, and by machines that boot with it.

A machine gets its serving certificate as it boots and at no other time: a worker from kops-controller, signed by the
cluster's CA for 455 to 485 days, with the names that the cloud knows the machine by (cmd/kops-controller/pkg/server/
server.go, issueCert), a control-plane node from its own nodeup (nodeup/pkg/model/kubelet.go,
buildKubeletServingCertificate). Requests play no part in it: there is no approver in kops, and serverTLSBootstrap is
none of the fields of KubeletConfigSpec. Those of admission are authenticationTokenWebhook, anonymousAuth and
authorizationMode (pkg/apis/kops/v1alpha2/componentconfig.go); an instance group's own spec.kubelet outranks the
cluster's, and spec.masterKubelet (v1alpha2's name) is for control planes. Its metrics-server add-on runs with
--kubelet-insecure-tls unless spec.metricsServer.insecure is false, which needs cert-manager (upup/models/cloudup/
resources/addons/metrics-server.addons.k8s.io; docs/addons.md). All read at kops 268927e, August 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Remedy, Risk

if TYPE_CHECKING:
    from msdoctor.model import Blanks

SHOWS_WITHIN_SECONDS = 900  # a machine boots, joins, and is scraped twice

_FIELDS = {
    "tokens": "authenticationTokenWebhook=true",
    "anonymous": "anonymousAuth=false",
    "mode": "authorizationMode=Webhook",
}


def new_certificate(blanks: Blanks) -> tuple[Remedy, ...]:
    """Replace the machine."""
    node, group = blanks["node"], blanks["instance_group"]
    return (
        Remedy(
            advice=(
                f"kops gives a machine its serving certificate as it boots, signed by the cluster's CA, for somewhat"
                f" more than a year; nothing renews it later. So replace {node}: kops starts another machine, drains"
                " this one and ends it."
            ),
            commands=(f"kops delete instance {node} --yes",),
            risks=(Risk.DISRUPTIVE,),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        Remedy(
            advice=f"The same for all machines of instance group {group}, which are often of one age.",
            commands=(f"kops rolling-update cluster --instance-group {group} --force --yes",),
            risks=(Risk.DISRUPTIVE,),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


def settings(blanks: Blanks, _: str, *wrong: str) -> tuple[Remedy, ...]:
    """Set the named settings (``tokens``, ``anonymous``, ``mode``) right in the specification, and roll it out."""
    group = blanks["instance_group"]
    given = " ".join(f"--set spec.kubelet.{_FIELDS[name]}" for name in wrong)
    taken = " ".join(f"--unset spec.kubelet.{_FIELDS[name].partition('=')[0]}" for name in wrong)
    roll_out = ("kops update cluster --yes", "kops rolling-update cluster --yes")
    return (
        Remedy(
            advice=(
                "Set it right in the cluster's specification, and have all machines replaced by ones that boot with"
                f" it. What instance group {group} sets in its own spec.kubelet outranks that, as spec.masterKubelet"
                " does on control planes: see the first command, and mend it there likewise."
            ),
            commands=(
                f"kops get instancegroup {group} -o yaml | grep -A 20 'kubelet:' || echo nothing of its own",
                f"kops edit cluster {given}",
                *roll_out,
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kops edit cluster {taken}", *roll_out),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def verify_kubelets() -> Remedy:
    """Have kops's own add-on verify kubelets."""
    return Remedy(
        advice=(
            "If this metrics-server is kops's add-on: kops gives it the flag. Tell kops not to; its certificate, the"
            " one that metrics-server serves, then comes from cert-manager, which this installs."
        ),
        commands=(
            "kops edit cluster --set spec.certManager.enabled=true --set spec.metricsServer.insecure=false",
            "kops update cluster --yes",
        ),
        risks=(Risk.DISRUPTIVE,),
        undo=("kops edit cluster --unset spec.metricsServer.insecure", "kops update cluster --yes"),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )

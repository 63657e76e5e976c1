"""How kubeadm's kubelets are changed: in the ConfigMap that each node's file is written from, then on the node.

kubeadm writes /var/lib/kubelet/config.yaml from the ConfigMap kube-system/kubelet-config whenever a node joins or is
upgraded, so what was changed in the file alone is lost then. `kubeadm upgrade node phase kubelet-config` does that one
step (kubernetes cmd/kubeadm/app/cmd/phases/upgrade/kubeletconfig.go and phases/kubelet/config.go, 1.36.3; the
documentation's page "Reconfiguring a kubeadm cluster"). Flags lie in files that its unit reads: kubeadm's own
kubeadm-flags.env, and the user's /etc/default/kubelet or /etc/sysconfig/kubelet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Remedy, Risk

if TYPE_CHECKING:
    from msdoctor.model import Blanks

SHOWS_WITHIN_SECONDS = 90
CONFIG = "/var/lib/kubelet/config.yaml"
FLAG_FILES = "/var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet"
READ = "kubectl -n kube-system get configmap kubelet-config -o yaml"
WRITE = "kubectl replace -f -"

# The ConfigMap holds the whole file as one text, which YAML shows four columns to the right.
_ASK = (
    "awk '/^    serverTLSBootstrap:/ {next} {print}"
    ' /^    kind: KubeletConfiguration$/ {print "    serverTLSBootstrap: true"}\''
)
_DO_NOT_ASK = "sed '/^    serverTLSBootstrap:/d'"
_AUTHENTICATION = "/^    authentication:/,/^    authorization:/"
_EDITS = {
    "tokens": f"{_AUTHENTICATION}{{/^      webhook:/,/enabled:/s/enabled: false/enabled: true/;}}",
    "anonymous": f"{_AUTHENTICATION}{{/^      anonymous:/,/enabled:/s/enabled: true/enabled: false/;}}",
    "mode": "s/^      mode: AlwaysAllow$/      mode: Webhook/",
}
_SHOWN = {"tokens": "webhook:", "anonymous": "anonymous:", "mode": "mode:"}
_FLAGS = {
    "tokens": ("authentication-token-webhook", "true"),
    "anonymous": ("anonymous-auth", "false"),
    "mode": ("authorization-mode", "Webhook"),
}


def ask_for_certificates(blanks: Blanks) -> tuple[Remedy, ...]:
    """The lasting way, but for the approval: kubelets ask the cluster for their certificates, and renew them."""
    node = blanks["node"]
    return (
        Remedy(
            advice=(
                "Lasting, step 1 of 3: have kubeadm's nodes ask the cluster for their serving certificates. Nothing"
                " happens on any node yet: each takes it over in step 2, or at its next `kubeadm upgrade node`."
            ),
            commands=(f"{READ} | {_ASK} | {WRITE}",),
            undo=(f"{READ} | {_DO_NOT_ASK} | {WRITE}",),
            verify=f"{READ} | grep serverTLSBootstrap",
            shows_within_seconds=0,
            way=2,
        ),
        Remedy(
            advice=(
                f"Step 2 of 3: have {node}'s file written anew from it (what was changed there by hand is lost). Until"
                " its request is approved (step 3) the kubelet serves no certificate, and `kubectl logs` and `exec`"
                " fail on this node too."
            ),
            commands=_rewritten(),
            on=f"node/{node}",
            risks=(Risk.DISRUPTIVE,),
            undo=(f"mv {CONFIG}.before {CONFIG} && systemctl restart kubelet",),
            verify="kubectl get csr",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


def settings(blanks: Blanks, advice: str, *wrong: str) -> tuple[Remedy, ...]:
    """Set the named settings (``tokens``, ``anonymous``, ``mode``) right for all nodes, and take them over on one."""
    node = blanks["node"]
    edits = " ".join(f"-e '{_EDITS[name]}'" for name in wrong)
    shown = " ".join(f"-e '{_SHOWN[name]}'" for name in wrong)
    return (
        Remedy(
            advice=(
                "Step 1 of 2: set it right where kubeadm keeps it for all nodes, or the next `kubeadm upgrade node`"
                " brings it back."
            ),
            commands=(f"{READ} | sed {edits} | {WRITE}",),
            verify=f"{READ} | grep -A 2 {shown}",
            shows_within_seconds=0,
        ),
        Remedy(
            advice=(
                f"Step 2 of 2. {advice} kubeadm writes {node}'s file anew: what else was changed there by hand is lost."
            ),
            commands=(*_flag_edits(wrong), *_rewritten()),
            on=f"node/{node}",
            undo=(f"mv {CONFIG}.before {CONFIG} && systemctl restart kubelet",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def node_ip(blanks: Blanks, address: str) -> Remedy:
    """Change the flag where it is given, or give it in the user's file (Debian's name; /etc/sysconfig/kubelet else)."""
    node = blanks["node"]
    changed = f"xargs -r sed -i.before 's/--node-ip=[^ \"]*/--node-ip={address}/'"
    return Remedy(
        advice=(
            f"Tell {node}'s kubelet the address at which others find it, {address}, and restart it (pods keep running)."
            " `ip -br address` there shows its addresses. Where no file gives the flag yet, add"
            f" KUBELET_EXTRA_ARGS=--node-ip={address} to /etc/default/kubelet (/etc/sysconfig/kubelet on Red Hat's)."
        ),
        commands=(f"grep -ls -e --node-ip {FLAG_FILES} | {changed}", "systemctl restart kubelet"),
        on=f"node/{node}",
        undo=(f"for f in {FLAG_FILES}; do [ ! -f $f.before ] || mv $f.before $f; done; systemctl restart kubelet",),
        verify=f"kubectl get node {node} -o wide",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _rewritten() -> tuple[str, ...]:
    return (
        f"cp -p {CONFIG} {CONFIG}.before",
        "kubeadm upgrade node phase kubelet-config",
        "systemctl restart kubelet",
    )


def _flag_edits(wrong: tuple[str, ...]) -> tuple[str, ...]:
    """A flag outranks the file, wherever it is given; where none is, these find nothing to change."""
    flags = [_FLAGS[name] for name in wrong]
    found = " ".join(f"-e --{flag}" for flag, _ in flags)
    edits = " ".join(rf"-e 's/--{flag}\([= ][[:alnum:]]*\)\{{0,1\}}/--{flag}={right}/'" for flag, right in flags)
    return (f"grep -ls {found} {FLAG_FILES} | xargs -r sed -i.before {edits}",)

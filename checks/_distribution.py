"""In whose words a remedy is said: this cluster's own distribution's where it was told, else by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Remedy

from . import _k3s, _kops, _kubeadm, _managed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdoctor.model import Advise, Blanks

_CERTIFICATES: Mapping[str, Advise] = {
    "k3s": _k3s.new_certificate,
    "rke2": _k3s.new_certificate,
    "kops": _kops.new_certificate,
    **dict.fromkeys(_managed.PROVIDERS, _managed.new_certificate),
}


def told(blanks: Blanks) -> str:
    """The distribution's name, empty where it was not told."""
    return blanks.get("distribution", "")


def restart(blanks: Blanks) -> str:
    """The command that restarts the kubelet: in k3s and rke2 it is a part of another service."""
    return f"systemctl restart {service(blanks)}"


def service(blanks: Blanks) -> str:
    """The systemd service that the kubelet runs in."""
    return blanks.get("kubelet_service", "kubelet")


def own_new_certificate(blanks: Blanks) -> tuple[Remedy, ...]:
    """How the distribution itself gives a kubelet another certificate; none where it leaves that to the user."""
    way = _CERTIFICATES.get(told(blanks))
    return way(blanks) if way else ()


def own_settings(blanks: Blanks, advice: str, *wrong: str) -> tuple[Remedy, ...]:
    """How the distribution sets whom a kubelet admits; none where its file or unit is the user's own."""
    name = told(blanks)
    if name == "kubeadm":
        return _kubeadm.settings(blanks, advice, *wrong)
    if name in ("k3s", "rke2"):
        return _k3s.settings(blanks, advice, *wrong)
    if name == "kops":
        return _kops.settings(blanks, advice, *wrong)
    return _managed.settings(blanks, advice, *wrong) if name in _managed.PROVIDERS else ()


def own_node_ip(blanks: Blanks, address: str) -> tuple[Remedy, ...]:
    """How the distribution has a node told its address; none where that is a flag in a unit of the user's own."""
    name = told(blanks)
    if name == "kubeadm":
        return (_kubeadm.node_ip(blanks, address),)
    if name in ("k3s", "rke2"):
        return (_k3s.node_ip(blanks, address),)
    return ()


def approval(blanks: Blanks) -> str:
    """What to say of a request that nobody has approved."""
    name = told(blanks)
    if name in ("k3s", "rke2"):
        return (
            f"{name} signs kubelets' certificates without any request; this kubelet makes one because a kubelet-arg"
            " (rotate-server-certificates) or a file in kubelet.conf.d (serverTLSBootstrap) tells it to. Without that,"
            f" and after `{restart(blanks)}`, none needs approval."
        )
    if name == "kops":
        return (
            "kops signs kubelets' certificates without any request, as machines boot, and has no approver; this kubelet"
            " was told by somebody else to make one. The next renewal takes an approver."
        )
    if name in _managed.PROVIDERS:
        return _managed.approves(blanks)
    return "Nothing in Kubernetes does this by itself, nor will it for the next renewal: that takes an approver."


def own_verification(blanks: Blanks) -> tuple[Remedy, ...]:
    """How the distribution's own metrics-server is told to verify kubelets; none where that is an argument like any."""
    return (_kops.verify_kubelets(),) if told(blanks) == "kops" else ()


def own_signer(blanks: Blanks) -> Remedy | None:
    """What to look at where no process or manifest of a controller-manager is to be seen."""
    name, csr = told(blanks), f"kubectl get csr {blanks['csr']}"
    if name == "k3s":
        return Remedy(
            advice="See what k3s, which the controller-manager is a part of on its servers, says of requests.",
            commands=("journalctl -u k3s --since=-15min | grep -iE 'csr|certificate' | tail -5",),
            on=f"control-plane/{blanks['control_plane']}",
            verify=csr,
            shows_within_seconds=0,
        )
    if name in _managed.PROVIDERS:
        return Remedy(
            advice=f"{_managed.PROVIDERS[name]} runs the controller-manager: show this to the provider, in a ticket.",
            commands=(f"{csr} -o yaml",),
            verify=csr,
            shows_within_seconds=0,
        )
    return None


def keeper(blanks: Blanks) -> str:
    """A sentence on who puts the Deployment of a metrics-server that came with the distribution back as it was."""
    name = told(blanks)
    if name == "k3s":
        return (
            " If it is the metrics-server that came with k3s, k3s puts its own manifest back when it starts: to keep"
            " the change, start k3s with --disable=metrics-server and install your own."
        )
    if name == "rke2":
        return (
            " If it is the metrics-server that came with rke2, its chart's next upgrade takes the change back: keep it"
            " in a HelmChartConfig named rke2-metrics-server."
        )
    if name == "kops":
        return " If it is kops's add-on, the next version of it takes the change back."
    if name in _managed.PROVIDERS:
        return (
            f" If it is the metrics-server that came with {_managed.PROVIDERS[name]}, its add-on manager may take the"
            " change back at once; then only the provider can make it."
        )
    return ""

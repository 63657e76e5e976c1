"""How the kubelets of k3s and rke2 are changed: in their configuration file, and by restarting the one program.

The kubelet is started by k3s (rke2) itself. At every start the agent asks its server for a serving certificate, which
is signed by the cluster's own CA for the node's name, node-ip and node-external-ip, not for addresses that a cloud
controller adds (k3s pkg/agent/config/config.go, getServingCert and its caller). `certificate rotate --service kubelet`
takes the present ones away (pkg/cli/cert/cert.go, pkg/util/services/services.go; rke2 pkg/cli/cmds/cert.go has the
same command). Both start kubelets that check tokens, admit nobody without a name and ask the API server (k3s
pkg/daemons/agent); what differs stands as ``kubelet-arg`` in /etc/rancher/PROGRAM/config.yaml, in the unit, or in
agent/etc/kubelet.conf.d, of whose files PROGRAM writes 00-… itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Remedy, Risk

if TYPE_CHECKING:
    from msdoctor.model import Blanks

# The program starts in about half a minute, on a server with the API server; then two scrapes.
SHOWS_WITHIN_SECONDS = 150

_SETTINGS = {
    "tokens": ("authentication-token-webhook", "false", "true", "webhook:"),
    "anonymous": ("anonymous-auth", "true", "false", "anonymous:"),
    "mode": ("authorization-mode", "AlwaysAllow", "Webhook", "mode:"),
}
_OF_CERTIFICATES = "tls-cert-file|tls-private-key-file|tlsCertFile|rotate-server-certificates|serverTLSBootstrap"


def new_certificate(blanks: Blanks) -> tuple[Remedy, ...]:
    """Have the server sign a new one, with what it knows of the node now."""
    node, program, service = blanks["node"], blanks["distribution"], blanks["kubelet_service"]
    verify = (
        f"openssl s_client -connect {blanks['dialled']} </dev/null 2>/dev/null"
        " | openssl x509 -noout -issuer -enddate -ext subjectAltName"
    )
    return (
        Remedy(
            advice=(
                f"{program} signs {node}'s serving certificate itself, with the cluster's CA, for the node's name,"
                f" node-ip and node-external-ip, anew at every start and for a year. So restart it (pods keep running);"
                f" an address that only a cloud controller gave to the node goes into node-external-ip in"
                f" /etc/rancher/{program}/config.yaml first."
            ),
            commands=(f"systemctl restart {service}",),
            on=f"node/{node}",
            risks=_risks(service),
            verify=verify,
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        Remedy(
            advice=(
                f"Where it serves the same one still: what the first command finds tells the kubelet to take another"
                f" certificate than {program}'s; take it out. Then have certificate and key made anew."
            ),
            commands=(
                f"{_find(_OF_CERTIFICATES, program, service)} || echo nothing",
                f"systemctl stop {service}",
                f"{program} certificate rotate --service kubelet",
                f"systemctl start {service}",
            ),
            on=f"node/{node}",
            risks=_risks(service),
            verify=verify,
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


def settings(blanks: Blanks, _: str, *wrong: str) -> tuple[Remedy, ...]:
    """Set the named settings (``tokens``, ``anonymous``, ``mode``) right, which somebody has changed."""
    node, program, service = blanks["node"], blanks["distribution"], blanks["kubelet_service"]
    known = [_SETTINGS[name] for name in wrong]
    flags, keys = "|".join(item[0] for item in known), "|".join(item[3] for item in known)
    edits = " ".join(f"-e 's/{flag}={bad}/{flag}={right}/'" for flag, bad, right, _ in known)
    files = _files(program, service)
    return (
        Remedy(
            advice=(
                f"Step 1 of 2: see where it was set. {program} itself starts kubelets that check tokens, admit nobody"
                " without a name and ask the API server; somebody has changed that by a kubelet-arg, or in a file below"
                " kubelet.conf.d, which is to be mended by hand."
            ),
            commands=(f"{_find(f'{flags}|{keys}', program, service)} || echo nothing",),
            on=f"node/{node}",
            verify=f"kubectl get --raw /api/v1/nodes/{node}/proxy/configz",
            shows_within_seconds=0,
        ),
        Remedy(
            advice=f"Step 2 of 2: set it right there, and restart {program} (pods keep running).",
            commands=(
                f"grep -rlsE '{flags}' {files} | xargs -r sed -i.before {edits}",
                "systemctl daemon-reload",
                f"systemctl restart {service}",
            ),
            on=f"node/{node}",
            risks=_risks(service),
            undo=(
                (
                    f"find {files} -name '*.before' -exec sh -c 'mv \"$1\" \"${{1%.before}}\"' - {{}} \\;"
                    f"; systemctl daemon-reload && systemctl restart {service}"
                ),
            ),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def node_ip(blanks: Blanks, address: str) -> Remedy:
    """Name the address in a file that is read after config.yaml; the certificate is then made for it as well."""
    node, program, service = blanks["node"], blanks["distribution"], blanks["kubelet_service"]
    folder = f"/etc/rancher/{program}/config.yaml.d"
    return Remedy(
        advice=(
            f"Tell {program} on {node} the address at which others find it, {address}, and restart it (pods keep"
            " running). `ip -br address` there shows its addresses. A --node-ip in its unit outranks any file."
        ),
        commands=(
            f"mkdir -p {folder} && echo 'node-ip: {address}' > {folder}/90-node-ip.yaml",
            f"systemctl restart {service}",
        ),
        on=f"node/{node}",
        risks=_risks(service),
        undo=(f"rm {folder}/90-node-ip.yaml && systemctl restart {service}",),
        verify=f"kubectl get node {node} -o wide",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _files(program: str, service: str) -> str:
    return f"/etc/rancher/{program} /etc/systemd/system/{service}.service* /etc/default/{service}"


def _find(words: str, program: str, service: str) -> str:
    places = f"{_files(program, service)} /var/lib/rancher/{program}/agent/etc/kubelet.conf.d"
    return f"grep -rnsE -A 1 --exclude='00-*' '{words}' {places}"


def _risks(service: str) -> tuple[Risk, ...]:
    """A server's restart takes its API server along."""
    return () if service.endswith("-agent") else (Risk.DISRUPTIVE,)

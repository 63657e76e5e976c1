"""Changing the API server's flags, in the words of the way it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts.forms import Form
from msdoctor.model import Blanks, Doubt, Evidence, Hop, Look, Remedy, Risk, Says

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdoctor.facts.processes import Component

# The API server restarts, its ConfigMap is written within a minute, availability is asked every 30 s.
SHOWS_WITHIN_SECONDS = 150
# A flag that every API server has had for long, to add others after.
ANCHOR = "service-account-key-file"
HEADERS = (
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
)


def taken_for_anonymous(likelihood: float) -> tuple[Says, ...]:
    """What is heard when metrics-server takes the aggregator for nobody, whichever of its causes is behind it."""
    nobody = {"user": "system:anonymous"}
    return (
        Says("Canceled", hop=Hop.D, where={"path": "subjectaccessreviews"}, likelihood=likelihood),
        Says("AbandonedRequest", where={"path": "/apis/metrics.k8s.io/v1beta1"}, likelihood=likelihood),
        Says("HTTPStatus", hop=Hop.D, where={"code": "403"}, likelihood=likelihood),
        Says("Forbidden", hop=Hop.D, where=nobody, likelihood=likelihood),
        Says("Forbidden", hop=Hop.A, where=nobody, likelihood=likelihood),
        Says("Forbidden", hop=Hop.A, where={**nobody, "api": "other"}, likelihood=likelihood),
    )


def lacking(servers: Sequence[Component], prefixes: tuple[str, ...]) -> list[Component]:
    """API servers that have no flag of these prefixes."""
    return [s for s in servers if not any(flag.name.startswith(prefixes) for flag in s.flags.given)]


def lacks(server: Component, what: str) -> Evidence:
    """That a server runs without some flags: where its flags were read, and since when it runs so."""
    shown = "ps -ww -o args= -C kube-apiserver" if server.started and server.origin != "workstation" else server.how
    return Evidence(
        saw=f"{what} among its {len(server.flags.given)} flags",
        where=f"{server.read_from}, set in {server.file}" if server.started and server.file else server.read_from,
        how=shown,
        origin=server.origin,
        at=server.started,
    )


def unless_written(flags: str, id_: str) -> Doubt:
    """Where no file of the API server was seen: whether its file lacks the flags too, or only the process does."""
    look = f"grep -rs -e {flags} /etc/kubernetes/manifests /etc/systemd/system/kube-apiserver.service*"
    return Doubt(
        "Whether only the running API server lacks the flags, or its file too, its host alone tells.",
        (
            Look(look, "nothing", id_, "its host"),
            Look(
                look, "the flags: it was not started anew since they were written", "process-not-restarted", "its host"
            ),
        ),
    )


def add_flags(blanks: Blanks, flags: Sequence[str], advice: str) -> Remedy:
    """Give the API server more flags, beside its ``--client-ca-file``."""
    form = blanks["apiserver_form"]
    if form == Form.RANCHER:
        return _in_configuration(blanks, [flag.removeprefix("--") for flag in flags], advice)
    commands, undo = _unit(blanks, flags) if form == Form.UNIT else _manifest(blanks, flags)
    restarts = "The API server restarts" + (", about a minute." if form == Form.STATIC_POD else ", about 10 s.")
    return Remedy(
        advice=f"{advice} {restarts}",
        commands=commands,
        on=f"control-plane/{blanks['control_plane']}",
        risks=(Risk.DISRUPTIVE,),
        undo=undo,
        verify=f"kubectl get apiservice {blanks['apiservice']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _manifest(blanks: Blanks, flags: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Written beside its place and moved there: the kubelet must not read half a manifest, nor a backup there."""
    file = blanks["apiserver_file"]
    beside = file.replace("/manifests/", "/")
    items = "".join(f"\\n\\1- {flag}" for flag in flags)
    return (
        (
            f"cp {file} {beside}.before",
            f"sed 's|^\\( *\\)- --client-ca-file=.*|&{items}|' {file} > {beside}.new",
            f"mv {beside}.new {file}",
        ),
        (f"cp {beside}.before {beside}.new && mv {beside}.new {file}",),
    )


def _unit(blanks: Blanks, flags: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = blanks["apiserver_file"]
    restart = "systemctl daemon-reload && systemctl restart kube-apiserver"
    return (
        (
            f"cp {file} {file}.before",
            f"sed -i 's|--client-ca-file=[^ ]*|& {' '.join(flags)}|' {file}",
            restart,
        ),
        (f"mv {file}.before {file} && {restart}",),
    )


def set_flags(blanks: Blanks, flags: Mapping[str, str], advice: str) -> Remedy:
    """Give the API server these values: in place of what it has where ``has__FLAG`` is known, beside others elsewhere.

    Whatever has the form of a value is replaced, up to the space or the quote that ends it.
    """
    form, file = blanks["apiserver_form"], blanks["apiserver_file"]
    if form == Form.RANCHER:
        arguments = [f"{flag.removeprefix('--')}={value}" for flag, value in flags.items()]
        return _in_configuration(blanks, arguments, advice)
    beside = file.replace("/manifests/", "/")
    there = {flag: value for flag, value in flags.items() if f"has{flag.replace('-', '_')}" in blanks}
    added = [f"{flag}={value}" for flag, value in flags.items() if flag not in there]
    edits = [f"-e 's|{flag}=[^ \"]*|{flag}={value}|'" for flag, value in there.items()]
    if added and form == Form.UNIT:
        edits.append(f"-e 's|--{ANCHOR}=[^ ]*|& {' '.join(added)}|'")
    elif added:
        items = "".join(f"\\n\\1- {flag}" for flag in added)
        edits.append(f"-e 's|^\\( *\\)- --{ANCHOR}=.*|&{items}|'")
    return rewritten(blanks, f"sed {' '.join(edits)} {file} > {beside}.new", advice)


def _in_configuration(blanks: Blanks, arguments: Sequence[str], advice: str) -> Remedy:
    """For k3s and rke2: beside what is configured, in a file of its own, whose values are read last and so win."""
    folder = f"{blanks['apiserver_file']}.d"
    program = "rke2" if "/rke2/" in folder else "k3s"
    restart = "systemctl restart rke2-server" if program == "rke2" else "systemctl restart k3s"
    lines = "\\n".join(f"- {argument}" for argument in arguments)
    return Remedy(
        advice=f"{advice} {program} restarts, and the API server with it, about a minute.",
        commands=(
            f"mkdir -p {folder}",
            f"printf 'kube-apiserver-arg+:\\n{lines}\\n' > {folder}/99-front-proxy.yaml",
            restart,
        ),
        on=f"control-plane/{blanks['control_plane']}",
        risks=(Risk.DISRUPTIVE,),
        undo=(f"rm {folder}/99-front-proxy.yaml && {restart}",),
        verify=f"kubectl get apiservice {blanks['apiservice']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def take_away(blanks: Blanks, flag: str, value: str, kept: str, advice: str) -> Remedy:
    """Take one occurrence of a flag, with this value, out of the API server's file, so that ``kept`` counts."""
    if blanks["apiserver_form"] == Form.RANCHER:
        return _in_configuration(blanks, (f"{flag.removeprefix('--')}={kept}",), advice)
    form, file = blanks["apiserver_form"], blanks["apiserver_file"]
    beside = file.replace("/manifests/", "/")
    edit = f"s#{flag}={value}\\( \\|$\\)#\\1#" if form == Form.UNIT else f"\\#^ *- {flag}={value}$#d"
    return rewritten(blanks, f"sed '{edit}' {file} > {beside}.new", advice)


def rewritten(blanks: Blanks, write: str, advice: str) -> Remedy:
    """``write`` makes FILE.new beside the API server's file; that takes its place, and the API server starts anew."""
    form, file = blanks["apiserver_form"], blanks["apiserver_file"]
    beside = file.replace("/manifests/", "/")
    restart = ("systemctl daemon-reload && systemctl restart kube-apiserver",) if form == Form.UNIT else ()
    restarts = "The API server restarts" + (", about a minute." if form == Form.STATIC_POD else ", about 10 s.")
    return Remedy(
        advice=f"{advice} {restarts}",
        commands=(f"cp {file} {beside}.before", write, f"mv {beside}.new {file}", *restart),
        on=f"control-plane/{blanks['control_plane']}",
        risks=(Risk.DISRUPTIVE,),
        undo=(f"cp {beside}.before {beside}.new && mv {beside}.new {file}", *restart),
        verify=f"kubectl get apiservice {blanks['apiservice']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def make_front_proxy_certificates(blanks: Blanks) -> tuple[Remedy, ...]:
    """For where none lie ready: a CA for the front proxy alone, and its client certificate."""
    if "front_proxy_ca" in blanks:
        return ()
    pki = blanks["pki"]
    return (
        Remedy(
            advice="First make a front-proxy CA of its own, and a client certificate from it.",
            commands=(
                f"cd {pki}",
                (
                    "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=front-proxy-ca"
                    " -keyout front-proxy-ca-key.pem -out front-proxy-ca.pem"
                ),
                (
                    "openssl req -newkey rsa:2048 -nodes -subj /CN=front-proxy-client -keyout front-proxy-key.pem"
                    " -out front-proxy.csr"
                ),
                "printf 'extendedKeyUsage=clientAuth\\n' > front-proxy.ext",
                (
                    "openssl x509 -req -in front-proxy.csr -CA front-proxy-ca.pem -CAkey front-proxy-ca-key.pem"
                    " -set_serial 0x$(openssl rand -hex 8) -days 365 -extfile front-proxy.ext -out front-proxy.pem"
                ),
            ),
            on=f"control-plane/{blanks['control_plane']}",
            verify=f"openssl verify -CAfile {pki}/front-proxy-ca.pem {pki}/front-proxy.pem",
            shows_within_seconds=0,
        ),
    )


def with_front_proxy_files(blanks: Blanks) -> Blanks:
    """The paths that ``make_front_proxy_certificates`` writes to, where no files lay ready."""
    if "front_proxy_ca" in blanks:
        return blanks
    pki = blanks["pki"]
    made = {
        "front_proxy_ca": f"{pki}/front-proxy-ca.pem",
        "front_proxy_cert": f"{pki}/front-proxy.pem",
        "front_proxy_key": f"{pki}/front-proxy-key.pem",
        "front_proxy_name": "front-proxy-client",
    }
    return Blanks({**blanks, **made})

"""The bundle that a look at a declared cluster would bring home, and where each of its documents stands.

What the repository does not decide is left unasked, so that facts about it are unseen: absence here is only ever told
of what the repository would have to hold. The ConfigMap that the API server publishes is worked out from its flags, a
Service's endpoints from its selector, as the cluster itself would.
"""

from __future__ import annotations

import json
import posixpath
import re
from datetime import datetime

from msdoctor.facts import paths, processes, rancher
from msdoctor.facts.flags import Flags
from msdoctor.repository import standins
from msdoctor.repository.declared import Declared, Server, nearest
from msdoctor.repository.holes import Holes, has
from msdoctor.repository.kubeadm import NAME as KUBEADM
from msdoctor.repository.kubeadm import static_pod
from msdoctor.repository.machines import put_machines
from msdoctor.repository.making import Made, Maker, is_of, pem_at, put_unit
from msdoctor.repository.objects import put_objects
from msdoctor.repository.pieces import Rancher, StaticPod, Text, Unit, at_of, file_of
from msdoctor.repository.place import At, NotRead

CONTROL_PLANE = "control-plane"
REQUESTHEADER_CA = "requestheader-client-ca-file"
PUBLISHED = ("requestheader-allowed-names", "requestheader-username-headers", "requestheader-group-headers")
PREFIX = "requestheader-extra-headers-prefix"
SERVER_FILES = (
    "client-ca-file",
    REQUESTHEADER_CA,
    "proxy-client-cert-file",
    "proxy-client-key-file",
    "tls-cert-file",
    "kubelet-certificate-authority",
)


def made(declared: Declared, holes: Holes, now: datetime) -> Made:
    """The bundle of one cluster. Pure, but for the keys of certificates that are made up."""
    maker = Maker(declared, holes, now)
    host = _control_plane(declared)
    flags: dict[str, At] = {}
    server_at = None
    if declared.server is not None:
        server_at = _server(maker, host)
        flags = _publish(maker, host)
        _managers(maker, host)
    put_objects(maker)
    put_machines(maker, host)
    return Made(
        maker.bundle(),
        maker.texts,
        flags,
        maker.objects,
        {node.name: node.at for node in declared.nodes},
        server_at,
        tuple(maker.not_read),
        maker.paths,
    )


def _control_plane(declared: Declared) -> str:
    """The host that the API server's files are of."""
    masters = [node for node in declared.nodes if node.control_plane]
    of_file = [node for node in declared.nodes if declared.server and is_of(declared.server.text.at.file, node.name)]
    chosen = next(iter((*of_file, *masters)), None)
    return chosen.name if chosen else CONTROL_PLANE


# The API server


def _server(maker: Maker, host: str) -> At:
    server = maker.declared.server
    assert server is not None  # noqa: S101
    if isinstance(server, StaticPod):
        maker.file(host, f"{processes.MANIFESTS}/kube-apiserver.yaml", server.text)
    elif isinstance(server, Unit):
        put_unit(maker, host, server)
    else:
        _rancher(maker, host, server)
    return server.text.at


def _rancher(maker: Maker, host: str, server: Rancher) -> None:
    """k3s works out its flags itself; of rke2 the static pod that it writes is worked out here."""
    program = server.program
    maker.folder(host, rancher.DATA, [program])
    if server.text.body:
        maker.file(host, rancher.config(program), server.text)
    body = f"[Service]\nExecStart=/usr/local/bin/{program} server\n"
    put_unit(maker, host, server.unit or Unit(rancher.UNITS[program], Text(body, server.text.at, {})))
    told = processes.told_to_rancher(maker.bundle(), host) if program == rancher.RKE2 else None
    if told is not None:
        flags = rancher.flags(told, "kube-apiserver")
        given = [
            (flag.name, flag.value, maker.texts[host, flag.file].place(flag.line)) for flag in flags.given if flag.line
        ]
        own = {flag.name: flag.value for flag in flags.given if not flag.line}
        maker.file(
            host, rancher.pod_manifest("kube-apiserver"), static_pod("kube-apiserver", own, given, server.text.at)
        )


def _publish(maker: Maker, host: str) -> dict[str, At]:
    """The certificates that the flags name, and the ConfigMap that the API server would publish."""
    server = maker.declared.server
    assert server is not None  # noqa: S101
    found = processes.components(maker.bundle(), "kube-apiserver")
    if not found:
        maker.not_read.append(NotRead(server.text.at, "the command of kube-apiserver cannot be told from it"))
        return {}
    component = found[0]
    flags = component.flags
    text = _text_of_flags(maker, host, component, server)
    places = {flag.name: _place_of_flag(maker, host, flag.name, flag.file, flag.line, text) for flag in flags.given}
    open_ = [word for word in (flag.name for flag in flags.given) if has(word)]
    if _is_open(text, open_) and (REQUESTHEADER_CA not in flags or "proxy-client-cert-file" not in flags):
        _give_up(maker, host, text)
        return places
    _certificates(maker, host, flags, server)
    _config_map(maker, host, flags)
    return places


def _text_of_flags(maker: Maker, host: str, component: processes.Component, server: Server) -> Text:
    return maker.texts.get((host, component.file)) or server.text


def _place_of_flag(maker: Maker, host: str, name: str, file: str, line: int | None, text: Text) -> At:
    own = maker.texts.get((host, file)) if file else None
    return (own or text).place_of(line, f"--{name}")


def _is_open(text: Text, names: list[str]) -> bool:
    """Whether there may be more flags than are seen: a hole that stands for whole words."""
    if names:
        return True
    for line in text.body.splitlines():
        bare = re.sub(r"--[\w-]+=\S*", "", line)
        if has(bare) and ("-" not in bare.replace("msdoctor-hole-", "") or re.search(r"(^|\s|\")msdoctor-hole-", bare)):
            return True
    return False


def _give_up(maker: Maker, host: str, text: Text) -> None:
    """Forget the API server: what it lacks may stand in what is not seen."""
    holes = maker.holes.within(text.body)
    at = holes[0].at if holes else text.at
    written = holes[0].written if holes else ""
    maker.not_read.append(NotRead(at, f"flags of kube-apiserver that the repository does not hold: {written}"))
    maker.documents = [d for d in maker.documents if d.place.origin != f"host/{host}"]
    maker.texts = {key: value for key, value in maker.texts.items() if key[0] != host}
    maker.folders = {key: value for key, value in maker.folders.items() if key[0] != host}
    maker.hosts.pop(host, None)


def _made_by_distribution(maker: Maker) -> tuple[str, str] | None:
    """Names of the front-proxy CA and of the certificate that a distribution makes."""
    server = maker.declared.server
    if isinstance(server, StaticPod) and server.of == KUBEADM:
        return "front-proxy-ca", "front-proxy-client"
    if isinstance(server, StaticPod) and server.of == "kops":
        return "apiserver-aggregator-ca", "aggregator"
    if isinstance(server, Rancher):
        return f"{server.program}-request-header-ca", "system:auth-proxy"
    return None


def _certificates(maker: Maker, host: str, flags: Flags, server: Server) -> None:
    at = at_of(server)
    own = _made_by_distribution(maker)
    for name in SERVER_FILES:
        for path in flags.values(name):
            pem = pem_at(maker, host, path, at.file)
            if pem is not None:
                maker.file(host, path, pem.text)
    if own:
        pair = standins.pair(*own, maker.now)
        ca, leaf = flags.text(REQUESTHEADER_CA), flags.text("proxy-client-cert-file")
        unseen = (host, ca) not in maker.texts and (host, leaf) not in maker.texts
        if unseen and ca and leaf and not has(ca + leaf):
            maker.file(host, ca, Text(pair.ca, at, {}))
            maker.file(host, leaf, Text(pair.leaf, at, {}))
    folder = posixpath.dirname(flags.text("client-ca-file") or flags.text(REQUESTHEADER_CA))
    if folder:
        for pem in nearest(at.file, maker.declared.pems, file_of):
            name = posixpath.basename(pem.text.at.file)
            maker.folder(host, folder, [name])
            maker.paths.setdefault(f"{folder}/{name}", pem.text.at.file)
            if "front-proxy" in name and (host, f"{folder}/{name}") not in maker.texts:
                maker.file(host, f"{folder}/{name}", pem.text)


def _config_map(maker: Maker, host: str, flags: Flags) -> None:
    data: dict[str, str] = {}
    for key in ("client-ca-file", REQUESTHEADER_CA):
        if key in flags:
            text = maker.texts.get((host, flags.text(key)))
            data[key] = text.body.strip() + "\n" if text else standins.unseen_ca(maker.now)
    if REQUESTHEADER_CA in flags:
        data |= {key: json.dumps(list(flags.listed(key))) for key in (*PUBLISHED, PREFIX)}
    metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    self_ = {"metadata": metadata, "data": data}
    maker.api(paths.AUTHENTICATION, self_)


def _managers(maker: Maker, host: str) -> None:
    """The controller manager, whose root CA is the one that metrics-server trusts kubelets by."""
    if host not in maker.hosts:
        return
    anchor = maker.declared.anchor
    program = "kube-controller-manager"
    pods = [pod for pod in maker.declared.pods if pod.program == program]
    own = [unit for unit in maker.declared.units if unit.program == program and not unit.drop_in]
    for pod in nearest(anchor, pods, file_of)[:1]:
        maker.file(host, f"{processes.MANIFESTS}/{program}.yaml", pod.text)
    for unit in nearest(anchor, own, file_of)[:1] if not pods else ():
        put_unit(maker, host, unit)
    found = processes.components(maker.bundle(), program)
    path = found[0].flags.text("root-ca-file") if found else ""
    pem = pem_at(maker, host, path, anchor) if path else None
    if pem is not None and not pem.is_key:
        metadata = {"name": "kube-root-ca.crt", "namespace": "kube-system"}
        maker.api(paths.ROOT_CA, {"metadata": metadata, "data": {"ca.crt": pem.text.body}})

"""How metrics-server knows who calls it: the ConfigMap it reads, and who it therefore takes the aggregator for.

Written by kube-apiserver's cluster_authentication_trust_controller as a union of what is there and that server's own
flags; read by metrics-server through k8s.io/apiserver's DelegatingAuthenticationOptions.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from msdoctor import x509
from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts import paths
from msdoctor.facts.flags import Flags
from msdoctor.facts.objects import ConfigMap, Meta, decode
from msdoctor.facts.processes import Component, text_of
from msdoctor.model import Unseen, those_seen


@dataclass(frozen=True, slots=True)
class AuthenticationConfig:
    """ConfigMap kube-system/extension-apiserver-authentication. A key that is not there is an empty tuple."""

    metadata: Meta
    keys: tuple[str, ...]
    client_ca: tuple[x509.Certificate, ...]
    requestheader_ca: tuple[x509.Certificate, ...]
    allowed_names: tuple[str, ...]
    username_headers: tuple[str, ...]
    group_headers: tuple[str, ...]
    extra_headers_prefix: tuple[str, ...]

    def allows(self, name: str) -> bool:
        """Whether a front proxy may have this CN: without a list, any (apiserver x509.go, Verifier.verifySubject)."""
        return not self.allowed_names or name in self.allowed_names

    @property
    def knows_user(self) -> bool:
        """Whether the user is looked for where the aggregator puts it (apimachinery net.SetAuthProxyHeaders)."""
        return "x-remote-user" in map(str.lower, self.username_headers)

    @property
    def knows_groups(self) -> bool:
        """The same of the user's groups."""
        return "x-remote-group" in map(str.lower, self.group_headers)

    @property
    def knows_extras(self) -> bool:
        """The same of the user's extra attributes: of several prefixes each is tried."""
        return "x-remote-extra-" in map(str.lower, self.extra_headers_prefix)

    @property
    def shared(self) -> tuple[x509.Certificate, ...]:
        """CAs that vouch for front proxies and for ordinary clients alike: the same key under the same name."""
        clients = {(ca.raw_subject, ca.public_key) for ca in self.client_ca}
        return tuple(ca for ca in self.requestheader_ca if (ca.raw_subject, ca.public_key) in clients)


@dataclass(frozen=True, slots=True)
class ProxyClient:
    """The certificate with which one API server's aggregator presents itself, leaf first, as its flag's file holds it.

    ``key_matches`` is whether the key file's public half is the leaf's; None where the key could not be looked at.
    ``own_ca`` is what the API server's own ``--requestheader-client-ca-file`` holds, empty where that was not read, and
    ``ca_key`` the key that lies beside it, empty where none was seen; ``own_client_ca`` what its
    ``--client-ca-file`` holds. ``passed_over`` is the file of an earlier ``--requestheader-client-ca-file`` that would
    vouch for this certificate, if the last one did not count instead.
    """

    api_server: Component
    path: str
    chain: tuple[x509.Certificate, ...]
    key_matches: bool | None
    own_ca: tuple[x509.Certificate, ...] = ()
    ca_key: str = ""
    own_client_ca: tuple[x509.Certificate, ...] = ()
    passed_over: str = ""

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate whose CN is held against the allowed names."""
        return self.chain[0]


@dataclass(frozen=True, slots=True)
class FrontProxyFiles:
    """A front-proxy CA, a client certificate that it issued and its key, lying ready on a control-plane host."""

    ca: str
    certificate: str
    key: str
    common_name: str


REQUESTHEADER_CA = "requestheader-client-ca-file"
# With any of these metrics-server does not, or not only, go by the ConfigMap (options/authentication.go).
OWN_FLAGS = (REQUESTHEADER_CA, "client-ca-file", "authentication-skip-lookup")


def unless_given(
    config: AuthenticationConfig | None, flags: Flags, subject: str
) -> AuthenticationConfig | Unseen | None:
    """The ConfigMap's content, unless metrics-server's own flags stand in for it: what they name lies in its pod."""
    own = next((name for name in OWN_FLAGS if flags.text(name) not in ("", "false")), "")
    return Unseen(f"metrics-server has --{own}, so that the ConfigMap alone does not tell", subject) if own else config


def front_proxy_files(bundle: Bundle, files: frozenset[str]) -> FrontProxyFiles | None:
    """The set among the files named after the front proxy, if it is whole: lost flags can then be given again."""
    read: dict[str, x509.Certificate] = {}
    for document in bundle.of(Kind.FILE):
        if "front-proxy" in document.place.path and document.body:
            try:
                read[document.place.path] = x509.parse_pem(document.body)[0]
            except x509.Unreadable:
                continue
    for ca_path, ca in read.items():
        for path, leaf in read.items():
            issued = ca.is_ca and path != ca_path and _verifies(leaf, ca, bundle.taken_at)
            key = next((key for key in keys_beside(path) if any(f.endswith(f":{key}") for f in files)), "")
            if issued and key:
                return FrontProxyFiles(ca_path, path, key, leaf.common_name)
    return None


def _verifies(leaf: x509.Certificate, ca: x509.Certificate, at: datetime) -> bool:
    return _verify([leaf], [ca], at)


def _verify(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime) -> bool:
    judged = [item.der for item in chain], [item.der for item in roots]
    return x509.judge(*judged, name=None, usage=x509.Usage.CLIENT, at=at).valid


def keys_beside(path: str) -> tuple[str, ...]:
    """How a certificate's key is called beside it: cfssl's way and kubeadm's."""
    stem, _, ending = path.rpartition(".")
    return (f"{stem}-key.{ending}", f"{stem}.key")


def authentication(bundle: Bundle) -> AuthenticationConfig | Unseen | None:
    """The ConfigMap; None where the API server answered that there is none."""
    document = bundle.api(paths.AUTHENTICATION)
    if document.refusal and document.refusal.status == 404:
        return None
    config_map = decode(document, ConfigMap)
    if isinstance(config_map, Unseen):
        return config_map
    data = config_map.data
    try:
        return AuthenticationConfig(
            metadata=config_map.metadata,
            keys=tuple(sorted(data)),
            client_ca=_bundle(data, "client-ca-file"),
            requestheader_ca=_bundle(data, "requestheader-client-ca-file"),
            allowed_names=_names(data, "requestheader-allowed-names"),
            username_headers=_names(data, "requestheader-username-headers"),
            group_headers=_names(data, "requestheader-group-headers"),
            extra_headers_prefix=_names(data, "requestheader-extra-headers-prefix"),
        )
    except (x509.Unreadable, msgspec.DecodeError) as error:
        return Unseen(f"its content cannot be read: {error}", str(document.place))


def proxy_clients(bundle: Bundle, api_servers: Sequence[Component]) -> tuple[ProxyClient, ...] | Unseen:
    """The proxy client certificate of each API server whose host files were given and whose flags name one."""
    hosts = [server for server in api_servers if server.origin.startswith("host/")]
    if not hosts:
        return Unseen("no files of a control-plane host were given; --host-root NAME=DIR")
    named = [server for server in hosts if server.flags.text("proxy-client-cert-file")]
    read = [_proxy_client(bundle, server) for server in named]
    seen = tuple(item for item in read if not isinstance(item, Unseen))
    unseen = next((item for item in read if isinstance(item, Unseen)), None)
    return unseen if unseen and not seen else seen


def _proxy_client(bundle: Bundle, server: Component) -> ProxyClient | Unseen:
    path = server.flags.text("proxy-client-cert-file")
    place = Place(server.origin, Kind.FILE, path)
    text = text_of(bundle.at(place))
    if isinstance(text, Unseen):
        return text
    try:
        chain = tuple(x509.parse_pem(text.encode()))
    except x509.Unreadable as error:
        return Unseen(str(error), str(place))
    if not chain:
        return Unseen("no certificate in it", str(place))
    key = text_of(bundle.at(Place(server.origin, Kind.FILE, server.flags.text("proxy-client-key-file"))))
    public = None if isinstance(key, Unseen) else _public_half(key)
    ca = server.flags.text(REQUESTHEADER_CA)
    return ProxyClient(
        server,
        path,
        chain,
        None if public is None else public == chain[0].public_key,
        _certificates(text_of(bundle.at(Place(server.origin, Kind.FILE, ca)))),
        _beside(bundle, server, ca),
        _certificates(text_of(bundle.at(Place(server.origin, Kind.FILE, server.flags.text("client-ca-file"))))),
        _passed_over(bundle, server, chain),
    )


def _passed_over(bundle: Bundle, server: Component, chain: Sequence[x509.Certificate]) -> str:
    *earlier, counts = server.flags.values(REQUESTHEADER_CA) or ("",)
    for path in earlier:
        roots = _certificates(text_of(bundle.at(Place(server.origin, Kind.FILE, path))))
        if path != counts and _verify(chain, roots, bundle.taken_at):
            return path
    return ""


def _certificates(text: str | Unseen) -> tuple[x509.Certificate, ...]:
    try:
        return () if isinstance(text, Unseen) else tuple(x509.parse_pem(text.encode()))
    except x509.Unreadable:
        return ()


def _beside(bundle: Bundle, server: Component, certificate: str) -> str:
    """The key that lies beside a certificate, if the folder was listed and has one."""
    folder = certificate.rpartition("/")[0]
    names = decode(bundle.at(Place(server.origin, Kind.DIRECTORY, folder)), tuple[str, ...])
    return next((key for key in keys_beside(certificate) if key.rpartition("/")[2] in those_seen(names)), "")


def _bundle(data: dict[str, str], key: str) -> tuple[x509.Certificate, ...]:
    return tuple(x509.parse_pem(data[key].encode())) if data.get(key) else ()


def _public_half(pem: str) -> bytes | None:
    """What redaction leaves of a private key: its SubjectPublicKeyInfo, DER. None where it could not be read."""
    block = re.search(r"-----BEGIN PUBLIC KEY-----([^-]*)-----END PUBLIC KEY-----", pem)
    try:
        return base64.b64decode("".join(block[1].split()), validate=True) if block else None
    except ValueError:
        return None


def _names(data: dict[str, str], key: str) -> tuple[str, ...]:
    return msgspec.json.decode(data[key], type=tuple[str, ...]) if data.get(key) else ()

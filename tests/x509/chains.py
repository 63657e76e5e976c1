"""Some eleven thousand chains, each wrong (or right) in its own way, the same ones on every run.

A family is a generator of cases; ``CASES`` names them all. Adding to one leaves the others as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from makers import (
    CLIENT,
    EC_ALGORITHMS,
    ED25519,
    FROM,
    NULL,
    PSS_ALGORITHMS,
    RSA_ALGORITHMS,
    SERVER,
    TO,
    Cert,
    Dice,
    Ext,
    Key,
    akid,
    attribute,
    basic,
    bits,
    boolean,
    cn,
    dns,
    ecdsa,
    ed,
    email,
    generalized,
    integer,
    ip,
    key_usage,
    octets,
    oid,
    pss_algorithm,
    rsa_key,
    rsa_spki,
    san,
    seq,
    signed,
    skid,
    tlv,
    uri,
    usages,
    utc,
)

NOW = "2025-06-01T12:00:00Z"
NODE = "192.168.10.50"


@dataclass(frozen=True)
class Case:
    """A chain to judge, in DER, and what for."""

    family: str
    chain: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    name: str = NODE
    usage: str = "server"
    at: str = NOW

    @property
    def line(self) -> str:
        """As the Go program reads it."""
        return json.dumps(
            {
                "chain": [base64.b64encode(der).decode() for der in self.chain],
                "roots": [base64.b64encode(der).decode() for der in self.roots],
                "name": self.name,
                "usage": self.usage,
                "at": self.at,
            }
        )

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.line.encode()).hexdigest()[:10]


Cases = Iterator[Case]

CA_EXTS = (basic(), key_usage(5, 6), skid(b"root"))
ROOT = Cert(cn("kubernetes"), cn("kubernetes"), ed("root"), ed("root"), CA_EXTS)
MIDDLE = Cert(cn("middle"), cn("kubernetes"), ed("middle"), ed("root"), (basic(), skid(b"middle"), akid(b"root")))
LEAF = Cert(
    seq(attribute("2.5.4.10", "system:nodes"), attribute("2.5.4.3", "system:node:k8s-node1")),
    cn("kubernetes"),
    ed("leaf"),
    ed("root"),
    (key_usage(0, 2), usages(SERVER), basic(ca=False), akid(b"root"), san(dns("k8s-node1"), ip(NODE))),
)


def with_exts(cert: Cert, *exts: Ext) -> Cert:
    """The certificate with these extensions put in place of those of the same type, or added."""
    new = {ext.oid: ext for ext in exts}
    kept = [new.pop(ext.oid, ext) for ext in cert.exts]
    return replace(cert, exts=(*kept, *new.values()))


def without(cert: Cert, *oids: str) -> Cert:
    return replace(cert, exts=tuple(ext for ext in cert.exts if ext.oid not in oids))


def below(issuer: Cert, cert: Cert) -> Cert:
    """The certificate, issued by another."""
    return replace(cert, issuer=issuer.subject, signer=issuer.key)


HOSTS = [
    NODE, "192.168.10.51", "[192.168.10.50]", "::ffff:192.168.10.50", "192.168.010.50", "192.168.10.50.", "fe80::1",
    "[fe80::1]", "fe80::1%eth0", "FE80:0:0:0:0:0:0:1", "::", "::1", "1:2:3:4:5:6:7::", "1::2::3", "1:2:3:4:5:6:7:8:9",
    "12345::", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", "k8s-node1",
    "K8S-NODE1", "k8s-node1.", "k8s-node1..", "k8s-node2", "node.example.com", "a.node.example.com",
    "a.b.example.com", "*.example.com", "*", ".", "..", ".example.com", "example.com.", "under_score.example.com",
    "-dash.example.com", "dash-.example.com", "metrics-server.kube-system.svc", "knöten.example.com",
    "xn--knten-jua.example.com", "a b", "[]", "[", "[k8s-node1]", "%", "1", "0x7f.1", "node.example.com:443",
]  # fmt: skip
DNS_NAMES: list[str | bytes] = [
    "k8s-node1", "K8s-Node1", "k8s-node2", "*.example.com", "*.EXAMPLE.com", "a.*.example.com", "*a.example.com",
    "node.example.com", "node.example.com.", "*", "*.", ".", "", "..", ".example.com", "*.com", "*.*.com",
    "under_score.example.com", "-dash.example.com", "dash-.example.com", NODE, "192.168.10.50.", "[192.168.10.50]",
    "fe80::1", "a b", "metrics-server.kube-system.svc", "*.kube-system.svc", "xn--knten-jua.example.com", "q\"uote",
    "node.example.com:443", "%", "1", b"kn\xc3\xb6ten", b"\xff", b"a\x00b",
]  # fmt: skip
ADDRESSES: list[str | bytes] = [
    NODE, "10.0.0.1", "127.0.0.1", bytes(16), bytes(15) + b"\x01", b"\xfe\x80" + bytes(13) + b"\x01",
    bytes(10) + b"\xff\xff" + bytes([192, 168, 10, 50]), bytes.fromhex("00010002000300040005000600070000"),
    bytes.fromhex("20010db8000000000001000000000001"), bytes.fromhex("20010db8000100000001000000000001"), b"",
    b"\x01", bytes(5), bytes(17),
]  # fmt: skip


def hosts(dice: Dice) -> Cases:
    """Host names and addresses against subject alternative names and common names."""
    for _ in range(1100):
        names = [dns(name) for name in dice.some(DNS_NAMES, 3)]
        if dice.chance(50):
            names += [ip(address) for address in dice.some(ADDRESSES, 2)]
        leaf = with_exts(LEAF, san(*names)) if dice.chance(85) else without(LEAF, "2.5.29.17")
        common_name = dice.pick([name for name in [*DNS_NAMES, *HOSTS] if isinstance(name, str)])
        if dice.chance(60):
            leaf = replace(leaf, subject=cn(common_name))
        host = dice.pick(HOSTS) if dice.chance(70) else common_name
        yield Case("hosts", (leaf.der,), (ROOT.der,), name=host)
    for count in (99, 100, 101):
        many = san(*(dns(f"n{i}") for i in range(count)), *(ip(bytes([10, 0, 0, i])) for i in range(count)))
        for host in ("n1", "n999", "10.0.0.7", "10.1.1.1", ""):
            yield Case("hosts", (with_exts(LEAF, many).der,), (ROOT.der,), name=host)


TIMES = [
    FROM[:], TO[:], utc("250601120000Z"), utc("250601115959Z"), utc("250601120001Z"), utc("2506011200Z"),
    utc("250601140000+0200"), utc("250601140001+0200"), utc("250601120000+0000"), utc("250601120000-0000"),
    utc("250601120000+2400"), utc("250601120000-2401"), utc("250601120000+2500"), utc("250601120000+0060"),
    utc("490101000000Z"), utc("500101000000Z"), utc("680229000000Z"), utc("690101000000Z"), utc("230229000000Z"),
    utc("240229000000Z"), utc("251301000000Z"), utc("250001000000Z"), utc("250100000000Z"), utc("250601240000Z"),
    utc("250601126000Z"), utc("250601120060Z"), utc("250601120000"), utc("250601120000z"), utc("250601120000.5Z"),
    utc("25060112000Z"), utc(""), utc("Z"), utc("+50601120000Z"), utc(" 50601120000Z"), utc("2506011200+0100"),
    utc("25060112Z"), generalized("20250601120000Z"), generalized("20500101000000Z"), generalized("00000101000000Z"),
    generalized("00000229000000Z"), generalized("99991231235959Z"), generalized("00010101000000+2400"),
    generalized("99991231235959-2400"), generalized("20250601120000.1Z"), generalized("202506011200Z"),
    generalized("20250601120000+0130"), generalized("20250601120000"), generalized("2025060112000Z"),
    generalized("250601120000Z"), generalized("19000229000000Z"), generalized("20000229000000Z"),
    tlv(0x16, b"250601120000Z"), b"", NULL,
]  # fmt: skip
MOMENTS = [
    NOW, "2025-06-01T12:00:00.000001Z", "2025-06-01T11:59:59.999999Z", "2025-06-01T14:00:00+02:00",
    "2025-06-01T06:30:00-05:30", "2024-01-01T00:00:00Z", "2023-12-31T23:59:59.5Z", "2034-01-01T00:00:00Z",
    "2034-01-01T00:00:00.25Z", "1969-12-31T23:59:59.75Z", "2050-01-01T00:00:00Z", "0001-01-01T00:00:01Z",
    "9999-12-31T23:59:59.999999Z",
]  # fmt: skip


def times(dice: Dice) -> Cases:
    """Validity in every notation, of every certificate of a chain."""
    for start in TIMES:
        yield Case("times", (replace(LEAF, validity=start + TO).der,), (ROOT.der,))
        yield Case("times", (replace(LEAF, validity=FROM + start).der,), (ROOT.der,))
    for _ in range(450):
        chain = (ROOT, MIDDLE, below(MIDDLE, LEAF))
        validities = [dice.pick(TIMES) + dice.pick(TIMES) if dice.chance(40) else FROM + TO for _ in chain]
        root, middle, leaf = (replace(cert, validity=v) for cert, v in zip(chain, validities, strict=True))
        yield Case(
            "times", (leaf.der, middle.der), (root.der,), name=dice.pick([NODE, "", "other"]), at=dice.pick(MOMENTS)
        )


def authorities(dice: Dice, count: int, names: Sequence[str], keys: Sequence[Key]) -> list[Cert]:
    """CA certificates of few names and keys, so that they meet; each flawed in some way, sometimes."""
    return [authority(dice, names, keys) for _ in range(count)]


def authority(dice: Dice, names: Sequence[str], keys: Sequence[Key]) -> Cert:
    exts = [basic(path=dice.pick([0, 1, 2]))] if dice.chance(25) else [basic()]
    if dice.chance(12):
        exts = [] if dice.chance(50) else [basic(ca=False)]
    likelihoods = {
        key_usage(*dice.pick([(5, 6), (0,), (5,), (6,), (0, 2), (7, 8), ()])): 20,
        skid(dice.pick([b"1", b"2", b""])): 50,
        akid(dice.pick([b"1", b"2", b""])): 50,
        Ext("1.2.3.4", b"?", critical=True): 8,
        dice.pick([usages(CLIENT), usages(SERVER), usages("2.5.29.37.0"), usages("1.2.3")]): 15,
        san(dns(dice.pick(["a", "b"]))): 15,
    }
    exts += [ext for ext, percent in likelihoods.items() if dice.chance(percent)]
    cert = Cert(cn(dice.pick(names)), cn(dice.pick(names)), dice.pick(keys), dice.pick(keys), tuple(exts))
    if dice.chance(12):
        cert = replace(cert, validity=dice.pick([FROM + utc("250101000000Z"), utc("260101000000Z") + TO]))
    if dice.chance(10):
        cert = replace(cert, version=dice.pick([b"", tlv(0xA0, integer(1))]), exts=())
    return cert


def topologies(dice: Dice) -> Cases:
    """Random sets of roots and intermediates with few names and keys: loops, cross-signing, re-created authorities."""
    keys = [ed("k1"), ed("k2"), ed("k3")]
    for round_ in range(1500):
        names = ["A", "B"] if round_ % 2 else ["A", "B", "C"]
        roots = authorities(dice, 1 + dice.below(3), names, keys[: 2 + round_ % 2])
        others = authorities(dice, dice.below(5), names, keys[: 2 + round_ % 2])
        exts = (usages(SERVER), san(ip(NODE)), *([akid(dice.pick([b"1", b"2"]))] if dice.chance(50) else []))
        leaf = Cert(cn("leaf"), cn(dice.pick(names)), ed("leaf"), dice.pick(keys[:2]), exts)
        if dice.chance(8):
            leaf = dice.pick([*roots, *others, leaf])
        if dice.chance(5):
            roots.append(leaf)
        if dice.chance(10) and others:
            roots.append(dice.pick(others))
        yield Case(
            "topologies",
            (leaf.der, *(other.der for other in others)),
            tuple(root.der for root in roots),
            name=dice.pick([NODE, ""]),
            usage=dice.pick(["server", "client"]),
        )


def straight(dice: Dice) -> Cases:
    """Chains that fit together, each with one or two flaws somewhere."""
    flaws: list[Callable[[Cert], Cert]] = [
        lambda c: replace(c, validity=FROM + utc("250101000000Z")),
        lambda c: replace(c, validity=utc("260101000000Z") + TO),
        lambda c: with_exts(c, basic(ca=False)),
        lambda c: without(c, "2.5.29.19"),
        lambda c: with_exts(c, basic(path=0)),
        lambda c: with_exts(c, basic(path=1)),
        lambda c: with_exts(c, key_usage(0, 2)),
        lambda c: with_exts(c, key_usage()),
        lambda c: with_exts(c, usages(CLIENT)),
        lambda c: with_exts(c, usages(SERVER, CLIENT)),
        lambda c: with_exts(c, usages("1.2.3.4")),
        lambda c: with_exts(c, Ext("1.2.3.4", b"", critical=True)),
        lambda c: with_exts(c, skid(b"other")),
        lambda c: with_exts(c, akid(b"other")),
        lambda c: replace(c, version=b"", exts=()),
        lambda c: replace(c, version=tlv(0xA0, integer(1)), exts=()),
        lambda c: replace(c, signer=ed("impostor")),
        lambda c: replace(c, issuer=cn("nobody")),
        lambda c: replace(c, signature=bits(bytes(64))),
    ]
    keep: Callable[[Cert], Cert] = lambda c: c  # noqa: E731
    for length in (1, 2, 3, 4):
        for flaw in [keep, *flaws]:
            for position in range(length + 1):
                for second in range(3):
                    certs = [ROOT]
                    for level in range(length - 1):
                        child = replace(
                            MIDDLE, subject=cn(f"middle {level}"), key=ed(f"middle {level}"), exts=(basic(),)
                        )
                        certs.append(below(certs[-1], child))
                    certs.append(below(certs[-1], without(LEAF, "2.5.29.35")))
                    certs[position] = flaw(certs[position])
                    if second:
                        other = dice.below(length + 1)
                        certs[other] = dice.pick(flaws)(certs[other])
                    chain = [cert.der for cert in reversed(certs[1:])]
                    if second == 2:
                        chain[1:] = sorted(chain[1:])
                    usage, name = dice.pick(["server", "client"]), dice.pick([NODE, NODE, "", "k8s-node2"])
                    yield Case("straight", tuple(chain), (certs[0].der,), name=name, usage=usage)


def crowds(_dice: Dice) -> Cases:
    """More same-named authorities than Go has patience for."""
    for count in (5, 98, 99, 100, 101, 150):
        for good in (0, count // 2, count):
            others = [replace(ROOT, key=ed(f"crowd {i}"), exts=(basic(),)) for i in range(count)]
            others.insert(good, ROOT)
            roots = tuple(root.der for root in others)
            yield Case("crowds", (LEAF.der,), roots)
            yield Case("crowds", (without(LEAF, "2.5.29.35").der,), roots)
            yield Case("crowds", (without(LEAF, "2.5.29.35").der, *roots), (ROOT.der,))
    ring = [
        Cert(cn(f"ring {i % 5}"), cn(f"ring {(i + 1) % 5}"), ed(f"ring {i}"), ed(f"ring {i + 1}"), (basic(),))
        for i in range(20)
    ]
    leaf = below(ring[0], LEAF)
    yield Case("crowds", (leaf.der, *(cert.der for cert in ring)), (ROOT.der,))
    yield Case("crowds", (leaf.der, *(cert.der for cert in ring)), (ring[19].der,))
    dense = [Cert(cn("dense"), cn("dense"), ed(f"dense {i}"), ed("dense 0"), (basic(),)) for i in range(12)]
    dense += [
        Cert(cn("dense"), cn("dense"), ed("dense 0"), ed("dense 0"), (basic(), san(dns(f"d{i}")))) for i in range(12)
    ]
    yield Case("crowds", (replace(below(dense[0], LEAF)).der, *(cert.der for cert in dense)), (ROOT.der,))
    top = Cert(cn("dense"), cn("top"), ed("dense 0"), ed("root"), (basic(), san(dns("top"))))
    yield Case(
        "crowds",
        (below(dense[0], LEAF).der, *(cert.der for cert in dense), top.der),
        (replace(ROOT, subject=cn("top")).der,),
    )


def extended_usages(dice: Dice) -> Cases:
    """Extended key usages, nested through the chain."""
    known = [
        SERVER,
        CLIENT,
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.3",
        "1.3.6.1.5.5.7.3.9",
        "1.3.6.1.4.1.311.10.3.3",
        "2.16.840.1.113730.4.1",
        "1.2.3",
    ]
    for _ in range(350):
        above, between, below_ = ([usages(*dice.some(known, 3))] if dice.chance(55) else [] for _ in range(3))
        root, middle = with_exts(ROOT, *above), with_exts(MIDDLE, *between)
        leaf = with_exts(below(middle, without(LEAF, "2.5.29.37", "2.5.29.35")), *below_)
        usage, name = dice.pick(["server", "client"]), dice.pick(["", NODE])
        yield Case("extended usages", (leaf.der, middle.der), (root.der,), usage=usage, name=name)


def subtree(base: bytes) -> bytes:
    return seq(base)


def name_constraints(permitted: Sequence[bytes], excluded: Sequence[bytes], *, critical: bool = True) -> Ext:
    parts = [tlv(0xA0 + i, *map(subtree, trees)) for i, trees in enumerate((permitted, excluded)) if trees]
    return Ext("2.5.29.30", seq(*parts), critical)


DOMAINS = [
    "example.com", "EXAMPLE.com", ".example.com", "a.example.com", "a-a.example.com", "a.a.example.com", "com", "svc",
    "kube-system.svc", "", "ple.com", "k8s-node1", "*.example.com", "127.0.0.1",
]  # fmt: skip
BAD_DOMAINS: list[str | bytes] = ["example.com.", ".", "..", "a..b", "a b", b"\xff", "\x7f", "..example.com"]
NETWORKS = [
    bytes([192, 168, 0, 0, 255, 255, 0, 0]), bytes([192, 168, 10, 50, 255, 255, 255, 255]),
    bytes([10, 0, 0, 0, 255, 0, 0, 0]), bytes([192, 168, 10, 7, 255, 255, 255, 0]), bytes(8), bytes(32),
    bytes([192, 168, 10, 0, 255, 255, 255, 128]),
    bytes.fromhex("fe800000000000000000000000000000ffc00000000000000000000000000000"),
    bytes(10) + b"\xff\xff" + bytes([192, 168, 0, 0]) + b"\xff" * 14 + bytes(2), bytes([172, 16, 0, 0, 255, 240, 0, 0]),
]  # fmt: skip
BAD_NETWORKS = [
    bytes(4),
    bytes(16),
    b"",
    bytes([1, 2, 3, 4, 255, 0, 255, 0]),
    bytes([1, 2, 3, 4, 253, 0, 0, 0]),
    bytes([0] * 7 + [1]),
]
EMAILS: list[str] = [
    "me@example.com", "ME@EXAMPLE.com", "me@a.example.com", '"me"@example.com', '"m e"@example.com', "me@",
    "@example.com", "me", "a.b@svc", ".a@svc", "a.@svc", "a..b@svc", "a\\b@svc", 'a"b@svc', '"a\\"b"@svc', '"a@svc',
    "me@example.com.", "me@.example.com", "me@a b", "me@@svc", '""@svc', "a\\", '"a\\', "", "a(b)@svc", "{|}~@svc",
]  # fmt: skip
URIS: list[str] = [
    "https://example.com/path", "https://EXAMPLE.com:443/", "spiffe://a.example.com/ns/default", "urn:uuid:1",
    "https://192.168.10.50/", "https://[fe80::1]/", "https://[fe80::1]:8443/", "https://[fe80::1%25eth0]/",
    "/relative", "//example.com", "", "*", "https://", "mailto:a@b", "https://user:pa%20ss@example.com/?q#f",
    "ldap://a:b:1/", "foo://a:1:2/", "foo://kube-system.svc:1", "https://example.com:1", "x://]/", "x://a]:1/",
    "https://svc?q=1", "http://k8s-node1/%41%2f#%41", "x:a?b?c", "x://h/?", "h2c+x://svc/",
]  # fmt: skip
BAD_URIS: list[str | bytes] = [
    ":", ":a", "1:a", "a b:c", "http://a b/", "http://[fe80::1/", "http://[fe80::1]x/", "http://[fe80::1]:x/",
    "http://[1.2.3.4]/", "http://a:b/", "http://a:1:2/", "http://%41/", "http://a%/", "http://a/%", "http://a/%zz",
    "http://a/#%", "http://a.", "http://.a", "http://a..b", "http://%ff/", "http://a%ffb/", "\x01", "a\x7f", b"\xff",
    "http://<>/", "http://a^b/", "http://u%zz@a/", "http://u^@a/", "http://u:%4@a/", "a:b/c:d", "a/b:c", "b:c d",
    "[::1]:a", "http://[::1%25%41]/", "http://[::1%25%20]/", "http://[::1%25%5e]/", "http://[::1%zz]/",
    "http://[g::]/", "http://[]/", "http://[::1]a[/", "http://a[::1]/", "http://[1:2:3:4:5:6:7:8::]/",
    "http://[::12345]/", "http://[1::2::3]/", "http://[::1.2.3]/", "http://[1:1.2.3.4]/",
    "http://[1:2:3:4:5:6:7:1.2.3.4]/", "http://[1:2]/", "http://[1::2:3:4:5:6:7:1.2.3.4]/",
    "http://[1:2:3:4:5:6:7:8:9]/", "http://[1x::]/", "http://[1:]/", "http://[::%25]/", "http://[::1.2.3.256]/",
    "http://[::1.2.03.4]/", "http://[::1..3.4]/", "http://[::1.2.3.4.5]/", "http://[::1.2.3.x]/", "http://[%]/",
    "http://[::%41]/", "http://a:/", "http://:1/", "http://@/", "http://a@b@c/", "cache_object:foo/bar", "http:///p",
    "///p", "//", "?", "#", "a#b#c", "HTTP://a/?", "http://a/??", "http://a/*", "a:*", "./a:b",
    "http://a/!$&'()*+,;=:@[]", "http://a/\"<>", "http://a/b c", "http://a/b#c d", "http://a/#", "http://a%25/",
    "http://a%2525/", "http://\"a\"/", "x:%41", "x:?", "x:/a", "x:/", "//a@/b", "//:@/b", "//a:%20@b",
]  # fmt: skip


CLAIMED = [
    "a.example.com", "a.a.example.com", "b.a-a.EXAMPLE.com", "example.com", "*.example.com", "*.a.example.com",
    "k8s-node1", "x.svc", "example.com.", ".example.com", "*", "", "a..b", "metrics.kube-system.svc",
]  # fmt: skip


def constrained(dice: Dice, kind: str) -> bytes:
    """What a constraint permits or excludes."""
    if kind == "dns":
        return dns(dice.pick(DOMAINS))
    if kind == "ip":
        return ip(dice.pick(NETWORKS))
    if kind == "email":
        return email(dice.pick([*DOMAINS, "me@example.com", "ME@EXAMPLE.com", '"m e"@example.com']))
    return uri(dice.pick(DOMAINS[:-1]))


def unreadable_constraint(dice: Dice) -> bytes:
    if dice.chance(20):
        return tlv(0xA4, cn("directory"))
    make = dice.pick([dns, uri, email])
    return make(dice.pick(BAD_DOMAINS)) if dice.chance(60) else ip(dice.pick(BAD_NETWORKS))


def claimed(dice: Dice, kind: str) -> bytes:
    """What a certificate claims to be."""
    if kind == "dns":
        return dns(dice.pick(CLAIMED))
    if kind == "ip":
        return ip(dice.pick([NODE, "10.1.2.3", "172.16.1.1", ADDRESSES[5], ADDRESSES[6], ADDRESSES[3]]))
    return email(dice.pick(EMAILS)) if kind == "email" else uri(dice.pick(URIS))


def constraints(dice: Dice) -> Cases:
    """Name constraints on DNS names, addresses, mailboxes and URIs, at one or two levels."""
    every = ["dns", "ip", "email", "uri"]
    for _ in range(1300):
        kinds = [dice.pick(every)] if dice.chance(80) else every  # mostly of one kind, so that they meet
        trees = [[constrained(dice, dice.pick(kinds)) for _ in range(dice.below(most))] for most in (4, 3, 3, 3)]
        if dice.chance(5):
            trees[dice.below(4)].append(unreadable_constraint(dice))
        outer = name_constraints(trees[0], trees[1], critical=dice.chance(80))
        inner = [name_constraints(trees[2], trees[3])] if dice.chance(40) else []
        claims = [san(claimed(dice, dice.pick(kinds)))] if dice.chance(30) else []
        middle = with_exts(MIDDLE, *inner, *claims)
        names = san(*(claimed(dice, dice.pick(kinds)) for _ in range(1 + dice.below(2))))
        leaf = below(middle, with_exts(without(LEAF, "2.5.29.35"), names))
        if dice.chance(10):
            leaf = without(leaf, "2.5.29.17")
        yield Case("constraints", (leaf.der, middle.der), (with_exts(ROOT, outer).der,), name="")


def mailboxes_and_uris(_dice: Dice) -> Cases:
    """Each odd mailbox and URI alone, with and without a constraint above it."""
    above = [
        ROOT,
        with_exts(ROOT, name_constraints([email("svc"), uri("svc"), uri("example.com")], [email('"a b"@svc')])),
    ]
    for name in [*map(email, EMAILS), email(b"\xff"), *map(uri, URIS), *map(uri, BAD_URIS)]:
        for root in above:
            yield Case("mailboxes and uris", (with_exts(LEAF, san(name)).der,), (root.der,), name="")
    for text in [*EMAILS, *DOMAINS]:
        for position in (0, 1):
            trees: list[list[bytes]] = [[], []]
            trees[position] = [email(text)]
            root = with_exts(ROOT, name_constraints(trees[0], trees[1]))
            yield Case("mailboxes and uris", (with_exts(LEAF, san(email('"m e"@svc'))).der,), (root.der,), name="")


ANY_POLICY = "2.5.29.32.0"


def policies(dice: Dice) -> Cases:
    """Certificate policies, mappings and the extensions that constrain them."""
    known = ["1.2.3", "1.2.4", "1.2.5", ANY_POLICY]

    def exts() -> list[Ext]:
        drawn: list[Ext] = []
        if dice.chance(75):
            chosen = list(dict.fromkeys(dice.some(known, 3))) if dice.chance(95) else dice.some(known, 4)
            drawn.append(Ext("2.5.29.32", seq(*(seq(oid(policy)) for policy in chosen))))
        if dice.chance(35):
            pairs = [
                (dice.pick(known[: 3 + dice.chance(15)]), dice.pick(known[: 3 + dice.chance(15)]))
                for _ in range(1 + dice.below(3))
            ]
            drawn.append(Ext("2.5.29.33", seq(*(seq(oid(a), oid(b)) for a, b in pairs))))
        if dice.chance(50):
            numbers = [integer(dice.pick([0, 0, 1, 2, -1])) for _ in range(2)]
            fields = [bytes([0x80 + i]) + number[1:] for i, number in enumerate(numbers) if dice.chance(70 - 30 * i)]
            drawn.append(Ext("2.5.29.36", seq(*fields), critical=True))
        if dice.chance(30):
            drawn.append(Ext("2.5.29.54", integer(dice.pick([0, 1, 5])), critical=True))
        return drawn

    for _ in range(700):
        certs = [replace(ROOT, exts=(basic(), *exts()))]
        for level in range(1 + dice.below(3)):
            same = dice.chance(20)
            name = certs[-1].subject if same else cn(f"p{level}")
            child = Cert(name, certs[-1].subject, ed(f"p{level}"), certs[-1].key, (basic(), *exts()))
            certs.append(child)
        certs.append(below(certs[-1], Cert(cn("leaf"), b"", ed("leaf"), ed("root"), (san(ip(NODE)), *exts()))))
        chain = tuple(cert.der for cert in reversed(certs[1:]))
        usage = dice.pick(["server", "server", "client"])
        if dice.chance(15):
            twin = replace(certs[-2], exts=(basic(), usages(CLIENT)))
            chain = (*chain, twin.der)
        yield Case("policies", chain, (certs[0].der,), usage=usage)


def algorithms(dice: Dice) -> Cases:
    """Every kind of key under every signature algorithm, right and wrong."""
    keys = [
        ed("x"),
        ecdsa("x"),
        ecdsa("x", "P224"),
        ecdsa("x", "P384"),
        ecdsa("x", "P521"),
        *map(rsa_key, ["one", "short", "weak", "odd"]),
    ]
    unknown = [
        seq(oid("1.2.3")),
        seq(oid("1.2.840.10040.4.3")),
        seq(oid("2.16.840.1.101.3.4.3.2")),
        seq(oid("1.3.101.112"), NULL),
        seq(oid("1.3.101.110")),
    ]
    odd_pss = [
        pss_algorithm(32, salt=20), pss_algorithm(32, null=b""), pss_algorithm(32, mgf=48),
        pss_algorithm(64, salt=64, more=tlv(0xA3, integer(1))), pss_algorithm(64, more=tlv(0xA3, integer(2))),
        pss_algorithm(48, null=tlv(0x04)), seq(oid("1.2.840.113549.1.1.10")),
        seq(oid("1.2.840.113549.1.1.10"), seq()), pss_algorithm(48, more=b"\xff"),
        pss_algorithm(32, more=tlv(0xA4, NULL)), pss_algorithm(32, more=tlv(0xA4)),
    ]  # fmt: skip
    every = [ED25519, *RSA_ALGORITHMS, *EC_ALGORITHMS, *PSS_ALGORITHMS, *unknown, *odd_pss]
    no_parameters = [
        seq(oid("1.2.840.113549.1.1.11")),
        seq(oid("1.2.840.10045.4.3.2"), NULL),
        seq(oid("1.2.840.113549.1.1.5")),
    ]
    for key in keys:
        root = replace(ROOT, key=key, exts=(basic(),))
        for algorithm in [*every, *no_parameters]:
            leaf = below(root, replace(without(LEAF, "2.5.29.35"), algorithm=algorithm))
            yield Case("algorithms", (leaf.der,), (root.der,))
    for key in keys:
        root = replace(ROOT, key=key, exts=(basic(),))
        leaf = below(root, without(LEAF, "2.5.29.35"))
        good = leaf.der
        for _ in range(12):
            size = len(key.sign(leaf.signer.algorithm, b""))
            place = len(good) - 1 - dice.below(size)
            yield Case(
                "algorithms",
                (good[:place] + bytes([good[place] ^ (1 << dice.below(8))]) + good[place + 1 :],),
                (root.der,),
            )
        for signature in (
            bits(b""),
            bits(bytes(64)),
            bits(bytes(63), 7),
            bits(b"\xff" * 256),
            tlv(0x03),
            bits(b"\x01", 1),
            bits(b"", 1),
            bits(b"\x80", 8),
            octets(b""),
        ):
            yield Case("algorithms", (replace(leaf, signature=signature).der,), (root.der,))
    root = replace(ROOT, key=ecdsa("x"), exts=(basic(),))
    leaf = below(root, without(LEAF, "2.5.29.35"))
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for pair in (
        seq(integer(0), integer(1)), seq(integer(1), integer(0)), seq(integer(-1), integer(1)),
        seq(integer(n), integer(1)), seq(integer(1)), seq(integer(1), integer(1), NULL),
        seq(integer(1), integer(1)) + b"\x00", seq(b"\x02\x02\x00\x01", integer(1)),
        tlv(0x31, integer(1), integer(1)), seq(integer(1 << 300), integer(1)),
        b"\x30\x81\x06" + integer(1) + integer(1), seq(),
    ):  # fmt: skip
        yield Case("algorithms", (replace(leaf, signature=bits(pair)).der,), (root.der,))


def public_keys(_dice: Dice) -> Cases:
    """SubjectPublicKeyInfo as it should not be, in the leaf and in the root."""
    n = int.from_bytes(bytes(range(1, 129)), "big") | 1 << 1023 | 1
    p256 = ecdsa("x").spki
    point = p256[-65:]
    curve = oid("1.2.840.10045.3.1.7")
    ec_oid, dsa_oid, ed_oid, x_oid = (
        oid(text) for text in ("1.2.840.10045.2.1", "1.2.840.10040.4.1", "1.3.101.112", "1.3.101.110")
    )
    domain = seq(integer(23), integer(11), integer(4))
    spkis = [
        *(rsa_spki(n, e) for e in (65537, 3, 1, 2, 4, 0, -1, 2**31 - 1, 2**31 + 1, 2**63 - 1, 2**63)),
        *(rsa_spki(m, 3) for m in (n - 1, 1, 0, -n, n >> 1, 15)), rsa_spki(n, 3, b""),
        rsa_spki(n, 3, tlv(0x05, b"x")), rsa_spki(n, 3, NULL + NULL), rsa_spki(n, 3, seq()),
        seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(seq(integer(n)))),
        seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(b"")),
        seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(seq(integer(n), integer(3), NULL) + b"x")),
        seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(integer(n))), seq(seq(ec_oid, curve), bits(point[:-1])),
        seq(seq(ec_oid, curve), bits(point + b"\x00")), seq(seq(ec_oid, curve), bits(b"\x02" + point[1:33])),
        seq(seq(ec_oid, curve), bits(point[:-1] + bytes([point[-1] ^ 1]))),
        seq(seq(ec_oid, curve), bits(b"\x04" + b"\xff" * 64)), seq(seq(ec_oid, curve), bits(b"\x00")),
        seq(seq(ec_oid, curve), bits(b"")), seq(seq(ec_oid), bits(point)), seq(seq(ec_oid, NULL), bits(point)),
        seq(seq(ec_oid, oid("1.3.132.0.10")), bits(point)), seq(seq(ec_oid, curve + NULL), bits(point)),
        seq(seq(ec_oid, curve), bits(point[:-1] + bytes([point[-1] & 0xFE]), 1)),
        seq(seq(ec_oid, curve), bits(b"\x04" + bytes(64))), *(seq(seq(ec_oid, oid(other)),
        bits(b"\x04" + b"\xff" * (2 * size))) for other, size in (("1.3.132.0.33", 28), ("1.3.132.0.34", 48),
        ("1.3.132.0.35", 66))), *(seq(seq(ec_oid, oid(other)), bits(b"\x04" + bytes(2 * size))) for other,
        size in (("1.3.132.0.33", 28), ("1.3.132.0.34", 48), ("1.3.132.0.35", 66))),
        *(seq(seq(ec_oid, oid(other)), bits(point)) for other in ("1.3.132.0.33", "1.3.132.0.34", "1.3.132.0.35")),
        seq(seq(ed_oid, NULL), bits(bytes(32))), seq(seq(ed_oid), bits(bytes(31))), seq(seq(ed_oid), bits(bytes(32))),
        seq(seq(ed_oid), bits(b"\xff" * 32)), seq(seq(x_oid), bits(bytes(32))),
        seq(seq(dsa_oid, domain), bits(integer(5))), seq(seq(dsa_oid, domain), bits(integer(0))),
        seq(seq(dsa_oid), bits(integer(5))), seq(seq(dsa_oid, domain), bits(b"")),
        seq(seq(dsa_oid, seq(integer(1), integer(-1), integer(1))), bits(integer(5))),
        seq(seq(dsa_oid, seq(integer(1))), bits(integer(5))), seq(seq(oid("1.2.3.4")), bits(b"")),
        seq(seq(oid("1.2.3.4"), b"\x05"), bits(b"")), seq(seq(tlv(0x06)), bits(b"")), seq(seq(), bits(b"")),
        seq(seq(oid("1.2.3.4")), octets(b"")), seq(seq(oid("1.2.3.4")), tlv(0x03)), seq(), tlv(0x31),
        seq(seq(oid("1.2.3.4")), bits(b"") + NULL), p256[:-1], seq(seq(ec_oid, curve), bits(point)) + NULL,
    ]  # fmt: skip
    for spki in spkis:
        yield Case("public keys", (replace(LEAF, spki=spki).der,), (ROOT.der,))
        root = replace(ROOT, spki=spki, exts=(basic(),))
        yield Case("public keys", (without(LEAF, "2.5.29.35").der,), (root.der,))
        rsa_leaf = below(replace(root, key=rsa_key("one")), without(LEAF, "2.5.29.35"))
        yield Case("public keys", (rsa_leaf.der, LEAF.der), (root.der, ROOT.der))
        ec_leaf = below(replace(root, key=ecdsa("x")), without(LEAF, "2.5.29.35"))
        yield Case("public keys", (ec_leaf.der,), (root.der,))


STRINGS = [
    (0x0C, b"plain"), (0x0C, "ümläut €, 𝄞".encode()), (0x0C, b"\xff"), (0x0C, b"\xed\xa0\x80"), (0x0C, b"\xc0\x80"),
    (0x0C, b""), (0x0C, b'q"\\\n\t\x00\x7f\x01'), (0x0C, "\u200b\u00a0\u2028\ufeff\U000e0001\ufffd".encode()),
    (0x0C, b" lead,trail;+<>= "), (0x0C, b"#hash"), (0x0C, b"\xf4\x90\x80\x80"),
    (0x0C, "\U00031350 \U0002ebf0 \u2ffc \U0001fae8".encode()), (0x13, b"printable"), (0x13, b"star*amp&"),
    (0x13, b"under_score"), (0x13, b"at@"), (0x13, b"\xff"), (0x14, b"t61 \xe9\xff\x80"), (0x16, b"ia5@"),
    (0x16, b"\x80"), (0x12, b"123 4"), (0x12, b"12a"), (0x1E, "bmp é".encode("utf-16-be")), (0x1E, b"\x00a\x00\x00"),
    (0x1E, b"\x00"), (0x1E, b"\xd8\x00"), (0x1E, b"\xff\xfe"), (0x1E, b"\xfd\xd0"), (0x1E, b"\x00\x00\x00\x00"),
    (0x1E, b""), (0x1C, b"\x00\x00\x00a"), (0x1A, b"visible"), (0x03, b"\x00a"), (0x30, b""), (0x04, b"x"),
    (0x17, b"250101000000Z"), (0x8C, b"x"),
]  # fmt: skip
KINDS = [
    "2.5.4.3",
    "2.5.4.10",
    "2.5.4.11",
    "2.5.4.6",
    "2.5.4.7",
    "2.5.4.8",
    "2.5.4.9",
    "2.5.4.17",
    "2.5.4.5",
    "2.5.4.97",
    "1.2.840.113549.1.9.1",
    "2.5.4.3.1",
    "1.3.6.1.4.1.5",
]


def distinguished_names(dice: Dice) -> Cases:
    """Names in every string type and shape, as subject, as issuer, and quoted in an error."""
    names = [seq(attribute(kind, value, tag)) for kind in ("2.5.4.3", "2.5.4.10") for tag, value in STRINGS]
    good = seq(oid("2.5.4.3"), tlv(0x0C, b"x"))
    names += [
        seq(), seq(tlv(0x31)), seq(tlv(0x31, good, good)), seq(tlv(0x30, good)), seq(tlv(0x31, seq())),
        seq(tlv(0x31, seq(oid("2.5.4.3")))), tlv(0x31), seq(b"\x31"),
        seq(tlv(0x31, seq(tlv(0x06, b"\x55\x04\x80"), tlv(0x0C)))), seq(tlv(0x31, seq(tlv(0x06), tlv(0x0C)))),
        seq(tlv(0x31, seq(tlv(0x06, b"\x55\x80\x03"), tlv(0x0C)))),
        seq(tlv(0x31, seq(tlv(0x06, b"\x55\x8f\xff\xff\xff\x7f"), tlv(0x0C)))),
        seq(tlv(0x31, seq(tlv(0x06, b"\x55\xff\xff\xff\xff\x7f"), tlv(0x0C)))),
        seq(tlv(0x31, seq(tlv(0x06, b"\xff\x7f"), tlv(0x0C)))),
        seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0C, b"x"), NULL))),
        seq(tlv(0x31, seq(oid("2.5.4.3"), b"\x1f\x81\x01\x00"))),
        seq(tlv(0x31, seq(oid("2.5.4.3"), b"\x0c\x81\x01x"))),
        seq(attribute("2.5.4.3", "a"), attribute("2.5.4.3", "b")),
        seq(attribute("2.5.4.5", ""), attribute("2.5.4.3", "")),
        seq(attribute("1.2.3", "long" * 40), attribute("1.2.4", "lönger" * 99)),
    ]  # fmt: skip
    for _ in range(150):
        drawn = [dice.pick(STRINGS[:30]) for _ in range(1 + dice.below(4))]
        names.append(seq(*(attribute(dice.pick(KINDS), value, tag) for tag, value in drawn)))
    for name in names:
        yield Case("distinguished names", (replace(LEAF, subject=name).der,), (ROOT.der,))
        root = replace(ROOT, subject=name)
        impostor = replace(below(root, LEAF), signer=ed("impostor"))
        yield Case("distinguished names", (impostor.der,), (root.der,))
        numbered = replace(root, serial=integer(dice.pick([0, 1, 127, 128, 2**64, 2**159, 2**20_000])))
        yield Case("distinguished names", (impostor.der,), (numbered.der, ROOT.der), name="")
    for host in HOSTS:
        yield Case(
            "distinguished names", (replace(without(LEAF, "2.5.29.17"), subject=cn(host)).der,), (ROOT.der,), name=host
        )


def bad_extensions(dice: Dice) -> Cases:
    """Extension values that are not what they should be, critical or not, in the leaf and in the issuer."""
    values: dict[str, list[bytes]] = {
        "2.5.29.14": [octets(b""), octets(b"root"), NULL, b"", octets(b"x") + b"y", seq()],
        "2.5.29.15": [bits(b"\x04", 2), bits(b"\xff"), bits(b"\x00\x80", 7), bits(b"\xff\xff\xff"), bits(b""),
        tlv(0x03), bits(b"\x01", 1), bits(b"", 7), NULL, bits(b"\x80") + b"x", bits(b"\x80", 9)],
        "2.5.29.17": [seq(), NULL, b"", seq(dns("a")) + b"x", seq(tlv(0xA4, cn("d"))), seq(tlv(0x88, b"\x2a\x03")),
        seq(b"\x82"), seq(b"\x82\x05abc"), seq(b"\x82\x81\x01a"), seq(b"\x1f\x02ab"), seq(tlv(0x02, b"a")),
                      seq(tlv(0xA2, b"a")), seq(dns(b"\xff")), seq(email(b"\xff")), seq(uri(b"\xff")),
                      seq(ip(b"abc")), seq(tlv(0x82)), tlv(0x31, dns("a")), seq(tlv(0x42, b"a")),
                      seq(tlv(0x80, b""), ip(NODE))],
        "2.5.29.19": [seq(), seq(boolean(True)), seq(boolean(False)), seq(tlv(0x01, b"\x01")), seq(tlv(0x01)),
        seq(integer(0)), seq(boolean(True), integer(-1)), seq(boolean(True), integer(2**63 - 1)),
                      seq(boolean(True), integer(2**63)), seq(boolean(True), integer(2**64)),
                      seq(boolean(True), b"\x02\x02\x00\x01"), seq(boolean(True), tlv(0x02)),
                      seq(boolean(True), NULL), NULL, b"", seq(boolean(True)) + b"x", seq(integer(0), boolean(True))],
        "2.5.29.30": [seq(), NULL, b"", seq(tlv(0xA0)), seq(tlv(0xA1)), seq(tlv(0xA0), tlv(0xA1, seq(dns("a")))),
        seq(tlv(0xA0, seq(dns("a")))) + b"x", seq(tlv(0xA0, seq(dns("a"))), NULL),
        seq(tlv(0xA1, seq(dns("a"))), tlv(0xA0, seq(dns("a")))),
                      seq(tlv(0xA0, seq())), seq(tlv(0xA0, dns("a"))),
                      seq(tlv(0xA0, seq(dns("a"), tlv(0x80, b"\x00")))), seq(tlv(0x80, seq(dns("a")))),
                      *(seq(tlv(0xA0, seq(make(name)))) for make in (dns, email, uri) for name in BAD_DOMAINS),
                      *(seq(tlv(0xA1, seq(ip(network)))) for network in BAD_NETWORKS),
                      seq(tlv(0xA0, seq(tlv(0xA4, cn("d"))))), seq(tlv(0xA1, seq(tlv(0x88, b"a")))),
                      seq(tlv(0xA0, seq(uri("1.2.3.4")))), seq(tlv(0xA0, seq(uri("::1"))))],
        "2.5.29.31": [seq(), NULL, b"", seq(seq()), seq(NULL), seq(seq(tlv(0xA0, tlv(0xA0, uri("http://a"))))),
        seq(seq(tlv(0xA0, tlv(0xA1)))), seq(seq(tlv(0xA0))), seq(seq(tlv(0xA0, tlv(0xA0, b"\x86\x05a")))),
        seq(seq(tlv(0x81, b"\x00"))), seq(seq(tlv(0xA0, tlv(0xA0, dns("a"), b"\x86"))))],
        "2.5.29.32": [seq(), NULL, b"", seq(seq(oid("1.2.3"))), seq(seq(oid("1.2.3")), seq(oid("1.2.3"))),
        seq(oid("1.2.3")), seq(seq(tlv(0x06))), seq(seq(tlv(0x06, b"\x80"))), seq(seq(tlv(0x06, b"\x2a\x80\x01"))),
        seq(seq(tlv(0x06, b"\x2a\xff"))),
                      seq(seq(tlv(0x06, b"\x2a" + b"\xff" * 20 + b"\x01"))), seq(seq(oid("1.2.3"), seq(NULL)))],
        "2.5.29.33": [seq(), NULL, b"", seq(seq(oid("1.2.3"))), seq(seq(oid("1.2.3"), oid("1.2.4"))),
        seq(seq(tlv(0x06), tlv(0x06))), seq(NULL), seq(seq(oid("1.2.3"), NULL))],
        "2.5.29.35": [seq(), NULL, b"", seq(tlv(0x80, b"root")), seq(tlv(0x80)), seq(tlv(0xA1)),
        seq(tlv(0xA0, b"root")), seq(b"\x80\x05a"), seq(tlv(0x80, b"root")) + b"x", octets(b"root"),
        seq(tlv(0x80, b"root"), tlv(0x82, b"\x01"))],
        "2.5.29.36": [seq(), NULL, b"", seq(tlv(0x80, b"\x00")), seq(tlv(0x81, b"\x00")), seq(tlv(0x80)),
        seq(tlv(0x80, b"\x00\x01")), seq(tlv(0x80, b"\x7f" + b"\xff" * 7)), seq(tlv(0x80, b"\x00" + b"\xff" * 8)),
        seq(tlv(0x81, b"\xff")), seq(tlv(0xA0, integer(0))), seq(tlv(0x81, b"\x01"), tlv(0x80, b"\x00"))],
        "2.5.29.37": [seq(), NULL, b"", seq(NULL), seq(tlv(0x06)), seq(oid(SERVER)) + b"x", oid(SERVER),
        seq(tlv(0x06, b"\x80")), seq(oid("1.2.3")), seq(oid("2.999.1")),
        seq(tlv(0x06, b"\x2b" + b"\xff" * 6 + b"\x01"))],
        "2.5.29.54": [integer(0), integer(-1), integer(2**63 - 1), integer(2**63), NULL, b"", tlv(0x02),
        integer(1) + b"x"],
        "1.3.6.1.5.5.7.1.1": [seq(), NULL, b"", seq(seq()), seq(seq(oid("1.3.6.1.5.5.7.48.1"))),
        seq(seq(oid("1.3.6.1.5.5.7.48.1"), uri("http://a"))), seq(seq(oid("1.3.6.1.5.5.7.48.2"), b"\x86\x05a")),
        seq(seq(oid("1.3.6.1.5.5.7.48.1"), dns("a"))), seq(NULL), seq(seq(tlv(0x06), uri("a")))],
        "2.5.29.18": [b"", seq(dns("a"))],
        "2.5.29.200": [b""],
        "2.5.29": [b""],
        "1.2.3.4": [b"", b"junk"],
        "2.5.29.15.1": [b""],
    }  # fmt: skip
    for oid_, options in values.items():
        for value in options:
            for critical in (False, True):
                ext = Ext(oid_, value, critical)
                yield Case("bad extensions", (with_exts(LEAF, ext).der,), (ROOT.der,), name=dice.pick([NODE, "a"]))
                middle = with_exts(MIDDLE, ext)
                yield Case("bad extensions", (below(middle, without(LEAF, "2.5.29.35")).der, middle.der), (ROOT.der,))
            yield Case("bad extensions", (without(LEAF, "2.5.29.35").der,), (with_exts(ROOT, Ext(oid_, value)).der,))
    lists = [
        seq(), b"", NULL, seq(NULL), seq(seq()), seq(seq(oid("1.2.3"))), seq(seq(oid("1.2.3"), boolean(True))),
        seq(seq(oid("1.2.3"), NULL, octets(b""))), seq(seq(oid("1.2.3"), tlv(0x01, b"\x01"), octets(b""))),
        seq(seq(oid("1.2.3"), tlv(0x01), octets(b""))), seq(seq(oid("1.2.3"), boolean(False), octets(b""))),
        seq(seq(oid("1.2.3"), octets(b""), NULL)), seq(seq(oid("1.2.3"), octets(b""))) + b"x",
        seq(Ext("1.2.3", b"").der, Ext("1.2.3", b"").der), seq(san(ip(NODE)).der, san(ip(NODE)).der),
        seq(Ext("1.2.3", b"", critical=True).der, san(ip(NODE)).der), seq(seq(tlv(0x06), octets(b""))),
        seq(seq(tlv(0x06, b"\x2a\x80\x01"), octets(b""))), seq(Ext("2.5.29.19", b"").der, NULL),
        seq(Ext("2.5.29.19", b"").der, Ext("2.5.29.15", b"").der), tlv(0x31),
    ]  # fmt: skip
    for content in lists:
        for tag in (0xA3, 0x83):
            yield Case("bad extensions", (replace(LEAF, raw_extensions=tlv(tag, content)).der,), (ROOT.der,))


def structures(_dice: Dice) -> Cases:
    """The frame around it all: versions, serial numbers, algorithm identifiers, unique ids, trailing bytes."""
    leaves = [replace(LEAF, version=version) for version in (
        b"", tlv(0xA0, integer(0)), tlv(0xA0, integer(1)), tlv(0xA0, integer(3)), tlv(0xA0, integer(-1)),
        tlv(0xA0, integer(2**63 - 1)), tlv(0xA0, integer(2**63)), tlv(0xA0), tlv(0xA0, NULL),
        tlv(0xA0, integer(2), NULL), tlv(0x80, b"\x02"), tlv(0xA0, b"\x02\x02\x00\x02"), tlv(0xA0, integer(255)),
        tlv(0xA0, integer(2**31 - 1)),
    )]  # fmt: skip
    leaves += [replace(LEAF, serial=serial) for serial in (
        integer(0), integer(-1), integer(-128), integer(2**160), integer(2**20_000), tlv(0x02), b"\x02\x02\x00\x01",
        b"\x02\x02\xff\xff", b"", NULL, tlv(0x0A, b"\x01"), integer(1) + integer(2),
    )]  # fmt: skip
    leaves += [replace(LEAF, algorithm=a, outer_algorithm=b) for a, b in (
        (ED25519, seq(oid("1.2.3"))), (seq(), seq()), (NULL, NULL), (seq(NULL), seq(NULL)),
        (seq(tlv(0x06)), seq(tlv(0x06))), (seq(oid("1.3.101.112"), b"\x05"), None), (ED25519, tlv(0x31)),
        (seq(oid("1.3.101.112"), NULL, NULL), None), (tlv(0x31, oid("1.3.101.112")), ED25519),
        (seq(oid("1.3.101.112"), b"\x1f\x01\x00"), None),
    )]  # fmt: skip
    leaves += [replace(LEAF, unique_ids=ids) for ids in (
        tlv(0x81, b"\x00a"), tlv(0x82, b"\x00a"), tlv(0x81, b"a") + tlv(0x82, b"b"),
        tlv(0x82, b"b") + tlv(0x81, b"a"), b"\x81\x85", tlv(0xA1, b"a"), tlv(0xA2, b"a"), b"\x82\x85",
        tlv(0x81) + tlv(0x81),
    )]  # fmt: skip
    leaves += [replace(LEAF, tbs_tail=tail) for tail in (NULL, b"x", tlv(0xA3, seq()), tlv(0xA4))]
    leaves += [
        replace(LEAF, validity=validity) for validity in (FROM, FROM + TO + NULL, TO + FROM, b"", FROM + b"\x17")
    ]
    leaves += [
        replace(LEAF, subject=b"", issuer=cn("kubernetes")),
        replace(LEAF, issuer=b""),
        replace(LEAF, subject=NULL),
    ]
    for leaf in leaves:
        yield Case("structures", (leaf.der,), (ROOT.der,))
        yield Case("structures", (LEAF.der, leaf.der), (ROOT.der,))
        yield Case("structures", (LEAF.der,), (leaf.der, ROOT.der))
    good = LEAF.der
    inner = good[4:]
    for der in (
        b"", b"\x30", good + b"\x00", good[:-1], good + good, b"\x30\x83\x00" + good[2:],
        b"\x30\x80" + inner + b"\x00\x00", tlv(0x31, inner), seq(inner, NULL), seq(), seq(seq()), seq(b""),
        good[:200], b"\x30\x84\x00\x00\x01" + good[3:], b"\x30\x85\x00\x00\x00\x01" + good[3:],
        b"\x30\x84\xff\xff\xff\xff" + inner, b"\x3f\x30" + good[1:], b"-----BEGIN CERTIFICATE-----", NULL,
        b"\x30\x03\x30\x01\x00",
    ):  # fmt: skip
        yield Case("structures", (der,), (ROOT.der,))
        yield Case("structures", (good, der), (ROOT.der,), name="other")
        yield Case("structures", (good, MIDDLE.der, der), (ROOT.der,), at="2099-01-01T00:00:00Z")
        yield Case("structures", (good,), (der,))
        yield Case("structures", (good,), (der, ROOT.der))
    yield Case("structures", (good,), ())
    yield Case("structures", (good, good, ROOT.der, ROOT.der), (ROOT.der, ROOT.der))
    yield Case("structures", (good,), (good,))
    yield Case("structures", (good,), (good,), usage="client")
    yield Case("structures", (ROOT.der,), (ROOT.der,), name="", usage="client")
    yield Case("structures", (ROOT.der,), (ROOT.der,))


def mutate(dice: Dice, der: bytes) -> bytes:
    """One or two bytes changed, put in, or taken out."""
    for _ in range(1 + dice.below(2)):
        place = dice.below(len(der))
        match dice.below(6):
            case 0:
                der = der[:place] + der[place + 1 :]
            case 1:
                der = der[:place] + dice.bytes(1) + der[place:]
            case 2:
                der = der[:place] + bytes([der[place] ^ (1 << dice.below(8))]) + der[place + 1 :]
            case 3:
                der = der[:place] + bytes([(der[place] + dice.pick([1, 255])) % 256]) + der[place + 1 :]
            case _:
                der = (
                    der[:place]
                    + dice.pick([b"\x00", b"\xff", b"\x80", b"\x30", b"\x1f", b"\x7f", b"\x05"])
                    + der[place + 1 :]
                )
    return der


def rich_leaf() -> Cert:
    """A certificate with about everything in it, for mutations to hit."""
    return with_exts(
        below(MIDDLE, LEAF),
        akid(b"middle"),
        skid(b"leaf"),
        usages(SERVER, CLIENT, "1.2.3"),
        san(
            dns("k8s-node1"),
            dns("*.example.com"),
            ip(NODE),
            ip(ADDRESSES[5]),
            email("me@example.com"),
            uri("https://example.com:8443/a?b#c"),
        ),
        Ext("2.5.29.31", seq(seq(tlv(0xA0, tlv(0xA0, uri("http://a")))))),
        Ext("2.5.29.32", seq(seq(oid("1.2.3")), seq(oid(ANY_POLICY)))),
        Ext("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.1"), uri("http://a")))),
    )


def rich_middle() -> Cert:
    trees = (
        [
            dns("example.com"),
            dns("k8s-node1"),
            ip(NETWORKS[0]),
            ip(NETWORKS[7]),
            email("example.com"),
            uri("example.com"),
        ],
        [dns("bad.example.com"), ip(NETWORKS[2])],
    )
    return with_exts(
        MIDDLE,
        basic(path=0),
        key_usage(5),
        usages(SERVER, CLIENT),
        name_constraints(*trees),
        Ext("2.5.29.32", seq(seq(oid("1.2.3")), seq(oid(ANY_POLICY)))),
        Ext("2.5.29.33", seq(seq(oid("1.2.3"), oid("1.2.3")))),
        Ext("2.5.29.36", seq(tlv(0x80, b"\x00")), critical=True),
        Ext("2.5.29.54", integer(3), critical=True),
    )


def tbs_of(cert: Cert) -> bytes:
    """The TBSCertificate of an Ed25519-signed certificate: all but the header and the last two fields."""
    tail = len(ED25519) + len(bits(bytes(64)))
    header = 4 if cert.der[1] == 0x82 else 3
    return cert.der[header:-tail]


def mutations(dice: Dice) -> Cases:
    """Bytes changed anywhere, signatures left as they were."""
    leaf, middle = rich_leaf(), rich_middle()
    for _ in range(700):
        ders = [leaf.der, middle.der, ROOT.der]
        victim = dice.below(3)
        ders[victim] = mutate(dice, ders[victim])
        yield Case("mutations", (ders[0], ders[1]), (ders[2],))


def resigned_mutations(dice: Dice) -> Cases:
    """Bytes changed inside what is signed, and signed anew, so that everything behind the signature is reached."""
    leaf, middle = rich_leaf(), rich_middle()
    for _ in range(1300):
        leaf_der, middle_der, root_der = leaf.der, middle.der, ROOT.der
        match dice.below(5):
            case 0 | 1:
                leaf_der = signed(mutate(dice, tbs_of(leaf)), middle.key, ED25519)
            case 2 | 3:
                middle_der = signed(mutate(dice, tbs_of(middle)), ROOT.key, ED25519)
            case _:
                root_der = signed(mutate(dice, tbs_of(ROOT)), ROOT.key, ED25519)
        name = dice.pick([NODE, "k8s-node1", "a.example.com", "", "fe80::1", "nobody"])
        yield Case("resigned mutations", (leaf_der, middle_der), (root_der,), name=name)


FAMILIES: dict[str, Callable[[Dice], Cases]] = {
    "hosts": hosts,
    "times": times,
    "topologies": topologies,
    "straight": straight,
    "crowds": crowds,
    "extended usages": extended_usages,
    "constraints": constraints,
    "mailboxes and uris": mailboxes_and_uris,
    "policies": policies,
    "algorithms": algorithms,
    "public keys": public_keys,
    "distinguished names": distinguished_names,
    "bad extensions": bad_extensions,
    "structures": structures,
    "mutations": mutations,
    "resigned mutations": resigned_mutations,
}


def cases() -> Cases:
    """All of them, in order."""
    for name, family in FAMILIES.items():
        yield from family(Dice(name))

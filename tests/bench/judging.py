"""How long judging the certificates of 5,000 nodes takes, beside the same work in Go.

    python tests/bench/judging.py

Needs a Go toolchain. Each node has a P-256 key and a certificate as kubeadm or k3s would have its CA sign it; every
one is parsed and verified against the CA once, in one thread, and none was seen before.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS / "x509")]

from chains import ROOT, Case  # noqa: E402
from derive import go_verdicts  # noqa: E402
from makers import (  # noqa: E402
    CLIENT,
    SERVER,
    Cert,
    Key,
    akid,
    attribute,
    basic,
    dns,
    ecdsa,
    ip,
    key_usage,
    rsa_key,
    san,
    seq,
    usages,
)

from msdoctor.x509 import Usage, judge  # noqa: E402

NODES = 5000
LIMIT_SECONDS = 2.0


def node(number: int, authority: Key) -> Case:
    """A node's serving certificate, to be judged for its address."""
    name, address = f"node-{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    subject = seq(attribute("2.5.4.10", "system:nodes"), attribute("2.5.4.3", f"system:node:{name}"))
    exts = (
        key_usage(0, 2),
        usages(SERVER, CLIENT),
        basic(ca=False),
        akid(b"root"),
        san(dns(name), dns(f"{name}.example.com"), ip(address)),
    )
    leaf = Cert(subject, ROOT.subject, ecdsa(name), authority, exts)
    root = Cert(ROOT.subject, ROOT.subject, authority, authority, ROOT.exts)
    return Case("bench", (leaf.der,), (root.der,), name=address)


def ours(cases: list[Case]) -> float:
    """Seconds that msdoctor takes; the first judgement, which loads OpenSSL, is among them."""
    start = time.perf_counter()
    for case in cases:
        at = datetime.fromisoformat(case.at)
        if not judge(case.chain, case.roots, name=case.name, usage=Usage.SERVER, at=at).valid:
            sys.exit(f"{case.name} should be valid")
    return time.perf_counter() - start


def main() -> int:
    slowest = 0.0
    for title, authority in (("RSA-2048 CA (kubeadm)", rsa_key("one")), ("P-256 CA (k3s)", ecdsa("authority"))):
        cases = [node(number, authority) for number in range(NODES)]
        mine, go = ours(cases), float(go_verdicts((case.line for case in cases), "-time")[0])
        slowest = max(slowest, mine)
        print(f"{NODES} nodes, {title}: msdoctor {mine:.2f} s, Go {go:.2f} s, ratio {mine / go:.1f}")
    print(f"limit {LIMIT_SECONDS:.0f} s: {'met' if slowest < LIMIT_SECONDS else 'NOT met'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The lab's certificates on disk: made once per lab and wish, so that an unchanged truth means unchanged files."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from lab import pki, state
from lab.pki import Pair

AUTHORITIES = {
    "cluster": "Kubernetes",
    "front-proxy": "Kubernetes Front Proxy CA",
    "other": "Somebody Else's CA",
    "remade": "Kubernetes",  # the cluster's, made anew with another key
}
# Issued by one of those: its name there, and its own common name.
INTERMEDIATES = {"front-proxy-issuing": ("front-proxy", "Kubernetes Front Proxy Issuing CA")}


@dataclass(frozen=True)
class Authorities:
    """Everything that is signed in a lab; `folder` is its store, one JSON file for each pair."""

    folder: Path

    def make(self) -> None:
        """Make every authority, before machines ask for one at the same time."""
        for name in (*AUTHORITIES, *INTERMEDIATES):
            self.authority(name)

    def authority(self, name: str) -> Pair:
        """One of AUTHORITIES or INTERMEDIATES."""
        stored = self._load(f"ca-{name}")
        if stored:
            return stored
        if name in INTERMEDIATES:
            issuer, common_name = INTERMEDIATES[name]
            return self._store(f"ca-{name}", pki.authority(common_name, self.authority(issuer)))
        return self._store(f"ca-{name}", pki.authority(AUTHORITIES[name]))

    def service_account(self) -> Pair:
        """The key pair that signs service account tokens."""
        return self._load("service-account") or self._store("service-account", pki.key_pair())

    def leaf(
        self,
        common_name: str,
        *,
        issuer: str = "cluster",
        organization: str | None = None,
        ips: Iterable[str] = (),
        dns_names: Iterable[str] = (),
        begins: timedelta = -pki.HOUR,
        ends: timedelta = pki.YEAR,
        usages: Iterable[str] = ("server", "client"),
    ) -> Pair:
        """The certificate that was made for this very wish before, or a new one."""
        ips, dns_names, usages = tuple(ips), tuple(dns_names), tuple(usages)
        wish = repr((common_name, issuer, organization, ips, dns_names, begins, ends, usages))
        name = f"leaf-{hashlib.sha256(wish.encode()).hexdigest()[:16]}"
        stored = self._load(name)
        if stored:
            return stored
        made = pki.leaf(
            None if issuer == "self" else self.authority(issuer),
            common_name,
            organization=organization,
            ips=ips,
            dns_names=dns_names,
            begins=begins,
            ends=ends,
            usages=usages,
        )
        return self._store(name, made)

    def _load(self, name: str) -> Pair | None:
        path = self.folder / f"{name}.json"
        return Pair(**json.loads(path.read_text())) if path.exists() else None

    def _store(self, name: str, pair: Pair) -> Pair:
        state.put(self.folder / f"{name}.json", json.dumps({"cert": pair.cert, "key": pair.key}), 0o600)
        return pair

"""What it takes to reach an API server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an API server and what to show it. Files are PEM; ``headers`` carry the credentials."""

    server: str
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls_server_name: str | None = None
    proxy_url: str | None = None
    insecure: bool = False

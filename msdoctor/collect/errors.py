"""What stops a look before it begins: something the user gave cannot be used."""

from __future__ import annotations

from msdoctor.errors import ConfigurationError

__all__ = ["ConfigurationError"]

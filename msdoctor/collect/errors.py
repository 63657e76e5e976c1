"""What stops a look before it begins: something the user gave cannot be used."""

from __future__ import annotations


class ConfigurationError(Exception):
    """One clear sentence that names the place at fault and says what to do. The command line exits with 2."""

"""What stops a look before it begins: something the user gave cannot be used."""

from __future__ import annotations

from msdoctor.errors import GivenError


class ConfigurationError(GivenError):
    """One clear sentence that names the place at fault and says what to do. The command line exits with 2."""

"""What goes wrong because of what was given, as opposed to what was found. Costs nothing to import."""


class GivenError(Exception):
    """Something the user gave cannot be used; the message names the place and says what to do."""


class ConfigurationError(GivenError):
    """One clear sentence that names the place at fault and says what to do. The command line exits with 2."""

"""The ways in which a component of the control plane is run. Costs nothing to import."""

from enum import StrEnum


class Form(StrEnum):
    """How a component is run, hence how its flags are changed."""

    STATIC_POD = "static-pod"
    UNIT = "systemd-unit"
    RANCHER = "k3s-or-rke2"  # by the program itself, with what its configuration file says
    UNKNOWN = "unknown"

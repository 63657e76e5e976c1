"""msdoctor finds the one cause why a cluster's resource metrics do not flow, and says how to heal it."""

__version__ = "0.1.0"

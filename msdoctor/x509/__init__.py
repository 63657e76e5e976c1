"""Certificates judged as Go's crypto/x509 judges them (as of Go 1.26), and beyond it: every problem at once.

The rules are those of ``Certificate.Verify`` with the options of client-go, the aggregator and metrics-server; a
program under ``tests/goverdicts`` holds them against Go itself. Pure: the moment, the roots and the chain are given.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .model import Judgement, Problem, ProblemKind, Unreadable, Usage

if TYPE_CHECKING:
    from .certificate import Certificate, parse
    from .judging import judge
    from .pem import parse_pem, pem_certificates

__all__ = [
    "Certificate",
    "Judgement",
    "Problem",
    "ProblemKind",
    "Unreadable",
    "Usage",
    "judge",
    "parse",
    "parse_pem",
    "pem_certificates",
]


# What reads certificates is imported at its first use: `explain` needs none of it.
_HOMES = {
    "Certificate": "certificate",
    "parse": "certificate",
    "judge": "judging",
    "parse_pem": "pem",
    "pem_certificates": "pem",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

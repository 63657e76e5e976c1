"""Certificates judged as Go's crypto/x509 judges them (as of Go 1.26), and beyond it: every problem at once.

The rules are those of ``Certificate.Verify`` with the options of client-go, the aggregator and metrics-server; a program
under ``tests/goverdicts`` holds them against Go itself. Pure: the moment, the roots and the chain are all given.
"""

from __future__ import annotations

from .certificate import Certificate, parse
from .judge import judge
from .model import Judgement, Problem, ProblemKind, Unreadable, Usage
from .pem import parse_pem

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
]

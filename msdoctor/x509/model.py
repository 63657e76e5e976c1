"""The words in which a certificate is judged: what it is for, what is wrong with it, and the judgement as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unreadable(ValueError):  # noqa: N818 - it reads as what it says of the certificate
    """A certificate that Go would not parse. Its text is the reason that Go gives."""


class Usage(StrEnum):
    """What the holder of a certificate is about to do with it; Go's ``VerifyOptions.KeyUsages``."""

    SERVER = "server"  # serverAuth: what a client asks of a server
    CLIENT = "client"  # clientAuth: what a server asks of a client, also behind --requestheader-client-ca-file


class ProblemKind(StrEnum):
    """What is wrong, apart from the words it is said in."""

    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    UNHANDLED_CRITICAL_EXTENSION = "unhandled critical extension"
    NO_IP_SANS = "no IP SANs"  # an IP address was asked for, and the certificate has none
    NO_NAMES = "no names"  # a DNS name was asked for, and the certificate has none
    NAME_MISMATCH = "name mismatch"  # it has names of the right sort, and none is the one asked for
    LEGACY_COMMON_NAME = "legacy common name"  # only the subject's common name would fit
    UNKNOWN_AUTHORITY = "unknown authority"
    NOT_A_CA = "not a CA"  # the issuer may not sign: no basic constraints, or its key usage lacks certSign
    PATH_LENGTH = "path length"
    KEY_USAGE = "key usage"  # extended key usage, of the certificate or of an issuer above it
    NAME_CONSTRAINT = "name constraint"
    POLICY = "policy"
    INSECURE_ALGORITHM = "insecure algorithm"  # signed with MD5 or SHA-1, or by an RSA key below 1024 bits
    UNSUPPORTED_ALGORITHM = "unsupported algorithm"  # signed in a way, or with a key, that Go cannot verify
    SIGNATURE_LIMIT = "signature limit"  # too many same-named authorities to try


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, in the words in which Go says it.

    ``certificate`` counts from 0 through the chain, leaf first, and goes on through the roots: in a chain of two, 2 is
    the first root.
    """

    kind: ProblemKind
    text: str
    certificate: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What Go says, and all that it would say if each mending uncovered the next.

    ``error`` is the text of the one error that Go returns, None where it accepts. ``problems`` begins with that error.
    """

    error: str | None
    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        """Whether Go accepts."""
        return self.error is None

"""Moments as a person writes them: a date, a time as in RFC 3339, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msdoctor.errors import GivenError

_RFC_3339 = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"


def since(_context: object, _parameter: object, value: str | None) -> datetime | None:
    """How long ago, as kubectl has it (``90s``, ``1h30m``) or in days, or a moment."""
    if value is None:
        return None
    ago = _span(value)
    if ago is None:
        return _time("--since", value, "how long ago, 90s, 1h30m or 2d, ")
    try:
        return datetime.now(UTC) - ago
    except OverflowError as error:
        raise GivenError(f"--since {value}: there was no such time") from error


def wait(_context: object, _parameter: object, value: str | None) -> float | None:
    """Seconds of `--wait`, from ``90s``, ``5m``, ``1h30m``, or a bare number of them."""
    if value is None:
        return None
    span = _span(f"{value}s" if re.fullmatch(r"\d{1,6}", value, re.ASCII) else value)
    if not span:
        raise GivenError(f"--wait {value}: give how long, 90s, 5m or 1h30m")
    return span.total_seconds()


def moment(_context: object, _parameter: object, value: str | None) -> datetime | None:
    """A date or a time of `--at`."""
    return None if value is None else _time("--at", value)


def _time(option: str, value: str, other: str = "") -> datetime:
    """A date, which begins at midnight UTC, or RFC 3339. ``other``: what else the option takes."""
    date = re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
    if not date and not re.fullmatch(_RFC_3339, value, re.ASCII):
        raise GivenError(
            f"{option} {value}: give {other}a date, 2027-01-31, or a time with its zone, 2027-01-31T12:00:00Z"
        )
    try:
        moment = datetime.fromisoformat(value.upper().replace(" ", "T"))
        return moment.replace(tzinfo=UTC) if date else moment
    except ValueError as error:
        raise GivenError(f"{option} {value}: there is no such time: {error}") from None


def _span(value: str) -> timedelta | None:
    """None for what is no length of time."""
    parts = re.fullmatch(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", value, re.ASCII)
    if not value or not parts:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

"""Every line that the project has an example of: in recorded logs, and in the texts of the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@cache
def recorded_logs() -> tuple[bytes, ...]:
    """The logs in ``fixtures/``."""
    return tuple(file.read_bytes() for file in sorted((CHECKOUT / "fixtures").glob("*/logs/*/*/*.log")))


@cache
def example_texts() -> tuple[str, ...]:
    """The strings in the tests of whatever reads text, and the lines that are written from upstream's source."""
    folders = [CHECKOUT / "tests" / name for name in ("utterances", "facts", "checks")]
    files = [*(file for folder in folders for file in folder.glob("*.py")), *(CHECKOUT / "tests").glob("test_*.py")]
    written = (file.read_text() for file in sorted((Path(__file__).parent / "source").glob("*.txt")))
    strings = (text for file in sorted(files) for text in _strings(file))
    return tuple(dict.fromkeys((*strings, *(line for text in written for line in text.splitlines()))))


def _strings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 10:
            yield node.value


def lines() -> list[str]:
    """All of them, each once."""
    logs = (log.decode("utf-8", "replace") for log in recorded_logs())
    return list(dict.fromkeys(line for text in (*logs, *example_texts()) for line in text.split("\n")))

"""What upstream's source prints is read as what it means, and no other component's words are taken for this pipeline's.

Each line in ``source/`` is written from the format string in the file that is named above it, at the versions named;
only its values are made up. After the arrow stands what it says: ``sure`` of one id, an id that comes ``first``, or
``nobody`` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.model import Confidence
from msdoctor.utterances.reader import read

INDEX = registry.load_index()


def _written() -> Iterator[tuple[str, str]]:
    """Each line, and what is expected of it."""
    for file in sorted((Path(__file__).parent / "source").glob("*.txt")):
        expected = ""
        for line in file.read_text().splitlines():
            if line.startswith("=> "):
                expected = line.removeprefix("=> ")
            elif line and not line.startswith("# "):
                yield line, expected


@pytest.mark.parametrize(("line", "expected"), list(_written()))
def test_a_line_that_the_source_prints_is_read_as_what_it_means(line: str, expected: str) -> None:
    matches = explain(read([line]), INDEX).matches

    if expected == "nobody":
        assert [match.id for match in matches] == []
        return
    word, cause = expected.split()
    assert [match.id for match in matches[:1]] == [cause]
    if word == "sure":
        assert len(matches) == 1
        assert matches[0].confidence is Confidence.LIKELY

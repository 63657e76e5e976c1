"""A diagnosis as a code quality report, which GitLab shows beside a merge request.

Its reader takes a list of entries, of which each needs a description, a fingerprint that is its own, a severity and a
path (gitlab: lib/gitlab/ci/parsers/codequality/code_climate.rb, app/validators/json_schemas/codeclimate.json). What is
in no file is filed under its subject's name, so that it has a place. An empty list says that all is well; where metrics
are not proven to flow, that is an entry.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

from msdoctor.diagnosis import Diagnosis, Verdict

from . import told
from .formats import Style
from .terminal import visible
from .told import Item, Level

_SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor", Level.NOTE: "info"}


def render(diagnosis: Diagnosis, _style: Style) -> str:
    """The entries, the worst first."""
    return json.dumps(list(_entries(diagnosis)), indent=2, ensure_ascii=True) + "\n"


def _entries(diagnosis: Diagnosis) -> Iterator[dict[str, object]]:
    worst = "blocker" if diagnosis.verdict is Verdict.BROKEN else _SEVERITIES[Level.ERROR]
    met: Counter[str] = Counter()
    for item in told.items(diagnosis):
        path = _path(item)
        mark = f"{item.fingerprint}\0{path}"
        met[mark] += 1
        place = item.location
        yield {
            "type": "issue",
            "check_name": visible(item.id),
            "description": visible(item.text),
            "categories": ["Bug Risk"],
            "severity": worst if item.level is Level.ERROR else _SEVERITIES[item.level],
            "fingerprint": hashlib.sha256(f"{mark}\0{met[mark]}".encode("utf-8", "backslashreplace")).hexdigest(),
            "location": {"path": path, "lines": {"begin": (place and place.line) or 1}},
        }


def _path(item: Item) -> str:
    """Never absolute: GitLab joins it to the address of the commit."""
    name = item.location.file if item.location else item.subjects[0] if item.subjects else item.id
    return visible(name).lstrip("/") or visible(item.id)

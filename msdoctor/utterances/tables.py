"""What tables and lists tell in a place where nobody says it, line by line.

Sources: kubectl pkg/metricsutil/metrics_printer.go, whose tables of containers have a pod's name beside each;
k8s.io/metrics pkg/apis/custom_metrics/v1beta1/types.go and external_metrics, as JSON and YAML.
"""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError

_HEAD = r"\s*(?:NAMESPACE\s{1,90})?(?:POD\s{1,90})?NAME\s{1,90}CPU\(cores\)\s{1,40}MEMORY\(bytes\)\s*$"
_FIGURES = r"(?:^|\s)-?\d{1,15}m?\s{1,40}\d{1,15}[KMG]?i?\s*$"

_VALUES = r"\s*[\"']?kind[\"']?: [\"']?(?:External)?MetricValueList\b[\"']?,?\s*$"
_NONE = r"\s*[\"']?items[\"']?: \[\],?\s*$"
_MOST_METADATA = 8  # lines of a list before its items


class Tables:
    """Remembers of a paste's lines, which are given one by one, whether a table or a list goes on."""

    def __init__(self) -> None:
        self._columns: tuple[str, ...] = ()  # of the table of figures whose rows come
        self._left = 0  # lines in which the items of an adapter's list may yet come

    def completed_by(self, text: str) -> InnermostError | None:
        """What this line says in the table or list that it is of."""
        self._left -= 1
        if "CPU(cores)" in text:
            self._columns = tuple(text.split()) if re.match(_HEAD, text) else ()
        elif self._columns:
            return self._row(text)
        elif "MetricValueList" in text and re.match(_VALUES, text):
            self._left = _MOST_METADATA
        elif self._left > 0 and re.match(_NONE, text):
            self._left = 0
            return errors.NoAdapterMetrics()
        return None

    def _row(self, text: str) -> InnermostError | None:
        """What a row of figures tells by itself; a line that is none ends their table."""
        figures = re.search(_FIGURES, text)
        if figures is None:
            self._columns = ()
            return None
        is_nameless = "POD" in self._columns and len(text.split()) == len(self._columns) - 1
        return errors.NamelessContainer() if is_nameless else None

"""A diagnosis as YAML: what ``report_json`` makes, for eyes. Commands of several lines stand as they are typed."""

from __future__ import annotations

from typing import Any

import yaml

from msdoctor.diagnosis import Diagnosis

from .formats import Style
from .report_json import as_dict

# libyaml's, where PyYAML was built with it: ten times as fast, which thousands of nodes need.
_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):  # type: ignore[misc]  # chosen when this is imported
    """Writes a text of several lines as a block. What cannot stand there, it quotes."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  PyYAML's signature
        """Nothing is an anchor: a list that stands in two places is written in both."""
        return True


def _text(dumper: Any, text: str) -> Any:
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # half a surrogate pair is no character
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def render(diagnosis: Diagnosis, _style: Style) -> str:
    """In ASCII: no character of a cluster's can reorder or steer what shows it."""
    written: str = yaml.dump(as_dict(diagnosis), Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=100)
    return written

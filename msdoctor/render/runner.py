r"""Text that the runner of a CI would take for a command of its own, made into text again.

Runners read what a job prints, and file names, nodes and errors that are quoted there are not the user's. GitHub's
takes a line that begins with ``::NAME…::``, after spaces, and ``##[NAME…]`` anywhere in a line (actions/runner:
src/Runner.Common/ActionCommand.cs, TryParseV2 and TryParse); Azure's ``##vso[…]``, TeamCity's ``##teamcity[…]``.
GitLab's sections begin with escape characters, which ``terminal.visible`` leaves none of.

>>> tamed("  ::add-mask::x\n")
'  \\x3a:add-mask::x\n'
>>> tamed('{"name": "##[error]x"}', "json")
'{"name": "#\\u0023[error]x"}'
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

_COLON = re.compile(r"^([^\S\n]*):(?=:[^\n]*::)", re.MULTILINE)
_HASH = re.compile(r"##(?=(?:vso|teamcity)?\[)")
# How each form of a report writes a colon and a hash sign that are no signs of its own.
_JSON, _XML, _TEXT = (r"\u003a", r"\u0023"), ("&#58;", "&#35;"), (r"\x3a", r"\x23")
_SIGNS = {
    "json": _JSON,
    "sarif": _JSON,
    "gitlab": _JSON,
    "junit": _XML,
    "html": _XML,
    "prometheus": (r"\\x3a", r"\\x23"),
}


def reads(environment: Mapping[str, str]) -> bool:
    """Whether such a runner reads what this process prints."""
    return environment.get("GITHUB_ACTIONS") == "true" or "TF_BUILD" in environment or "TEAMCITY_VERSION" in environment


def tamed(text: str, form: str = "text") -> str:
    """The text without any command; for a reader of its form still the same, but where the form is prose.

    ``github`` is made of commands. A ``diff`` has to stay as it is: what stops commands is put around it.
    """
    if form == "github" or not (_COLON.search(text) or _HASH.search(text)):
        return text
    if form == "diff":
        token = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()  # which the text cannot hold
        return f"::stop-commands::{token}\n{text}::{token}::\n"
    colon, sign = _SIGNS.get(form, _TEXT)
    return _HASH.sub(lambda _: f"#{sign}", _COLON.sub(lambda match: f"{match[1]}{colon}", text))

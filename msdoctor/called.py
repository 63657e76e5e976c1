"""What this program is called by whoever started it, for the commands that it tells them to run."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path


def called() -> str:
    """``kubectl msdoctor`` where kubectl started it as its plugin, and else ``msdoctor``."""
    return "kubectl msdoctor" if Path(sys.argv[0]).name.startswith("kubectl-") else "msdoctor"


def in_its_name(text: str, commands: Iterable[str]) -> str:
    """A text that names this program's commands, by the name that it was called by."""
    return re.sub(rf"(?<!kubectl )\bmsdoctor (?=(?:{'|'.join(commands)}|COMMAND|--help)\b)", f"{called()} ", text)

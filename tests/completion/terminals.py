"""Real shells, each typed into through a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path

SECONDS = 30  # before a shell that does not answer counts as failed
CLEAR_LINE = "\x15"
SHOW_LINE = "\x07"  # Ctrl-G, bound to what prints the line as the shell has it now


@dataclass(frozen=True)
class Shell:
    """How a shell is started without anybody's own settings, and what makes it ready."""

    program: str
    options: tuple[str, ...]
    ready: str


def _bash(before: str) -> Shell:
    ready = f"""\
{before}
source <(msdoctor completion bash)
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
show() {{ printf '\\n<%s>\\n' "$READLINE_LINE"; }}
bind -x '"\\C-g": show'
"""
    return Shell("bash", ("--noprofile", "--norc", "-i"), ready)


SHELLS = {
    "bash": _bash(""),
    "bash with bash-completion": _bash("source /usr/share/bash-completion/bash_completion"),
    "bash that breaks words at blanks only": _bash("COMP_WORDBREAKS=$' \\t\\n'"),
    "zsh": Shell(
        "zsh",
        ("-f", "-i"),
        """\
autoload -Uz compinit && compinit -D
source <(msdoctor completion zsh)
show() { print -r -- $'\\n'"<$BUFFER>" }
zle -N show
bindkey '^G' show
bindkey '^I' complete-word # by default Tab also runs what $(...) holds
""",
    ),
    "fish": Shell(
        "fish",
        ("--no-config", "-i"),
        """\
msdoctor completion fish | source
bind \\cg 'printf "\\n<%s>\\n" (commandline)'
""",
    ),
}


class Terminal:
    """A shell at its prompt, in a directory."""

    def __init__(self, shell: Shell, environ: dict[str, str], folder: Path) -> None:
        # Read from a file, because what is typed before a shell listens may be lost.
        ready = folder.parent / "ready"
        ready.write_text(shell.ready)
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(shell.program, [shell.program, *shell.options], environ)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._type(f"source {ready}; echo is''-ready\r")
        self._until("is-ready")

    def completed(self, line: str) -> str:
        """What becomes of the line when Tab is pressed behind it."""
        self._type(f"{CLEAR_LINE}{line}\t{SHOW_LINE}")
        shown = self._until(f"\n<{line.split(maxsplit=1)[0]}", ">")
        return shown[shown.rindex("\n<") + 2 : shown.rindex(">")]

    def shows(self, sign: str, keys: str) -> None:
        """Raise AssertionError unless the screen shows the sign after these keys."""
        self._type(CLEAR_LINE + keys)
        self._until(sign)

    def end(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    def _type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def _read(self, seconds: float) -> str:
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        return os.read(self._terminal, 65536).decode("utf-8", "replace") if ready else ""

    def _until(self, sign: str, then: str = "") -> str:
        seen, ends = "", time.monotonic() + SECONDS
        while time.monotonic() < ends:
            seen += self._read(0.1)
            if sign in seen and then in seen[seen.index(sign) + len(sign) :]:
                return seen
        raise AssertionError(f"there is no {sign!r} in {seen!r}")

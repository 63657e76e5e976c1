"""The machines of a lab that is up: where their files lie, and commands run on them."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import binaries, state
from lab.authorities import Authorities
from lab.layout import AUDIT_LOG
from lab.observation import Observation, look
from lab.truth import MASTER, NODES, WORKSTATION, Form

# Debian's programs come second: the lab's own stand-ins and binaries are in /usr/local/bin.
MACHINE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabError(Exception):
    """The lab could not do what it was asked; the text says what and what to do."""


@dataclass(frozen=True)
class Machines:
    """The workstation and the nodes; each by its name."""

    name: str
    form: Form
    record: state.Record

    @property
    def folder(self) -> Path:
        """The state folder; `folder/MACHINE/etc` and `folder/MACHINE/var` are that machine's."""
        return state.folder(self.name)

    def root(self, machine: str) -> Path:
        """The root of a machine's file system as a host inspection sees it."""
        return Path(f"/proc/{self._pid(machine)}/root") if machine != WORKSTATION else Path("/")

    @property
    def authorities(self) -> Authorities:
        """Its certificates, each made when first wished for."""
        return Authorities(self.folder / "pki")

    def kubeconfig(self, user: str = "operator") -> Path:
        """The kubeconfig of `admin`, `operator` or `viewer`."""
        return self.folder / WORKSTATION / f"{user}.kubeconfig"

    def audit_log(self) -> Path:
        """The API server's audit log, one JSON event a line."""
        return self.folder / MASTER / AUDIT_LOG.lstrip("/")

    def command(self, machine: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` on a machine.

        On the workstation only the network differs from here; kubectl is the lab's and asks as the operator.
        """
        if machine == WORKSTATION:
            # Outside the machines' PID namespaces: a kubectl whose API server has gone would wait on for minutes.
            with_us = ["setpriv", "--pdeathsig", "KILL", "--"]
            return ["nsenter", "-t", str(self._pid(machine)), "--net", "--", *with_us, *argv]
        clean = ["env", "-i", f"PATH={MACHINE_PATH}", "HOME=/root", f"TERM={os.environ.get('TERM', 'dumb')}"]
        namespaces = ["--net", "--mount", "--uts", "--ipc", "--pid"]
        return ["nsenter", "-t", str(self._pid(machine)), *namespaces, "--", *clean, *argv]

    def environment(self) -> dict[str, str]:
        """The environment of the workstation."""
        kubectl = str(binaries.folder_of("kubernetes"))
        path = f"{kubectl}:{os.environ.get('PATH', MACHINE_PATH)}"
        return {**os.environ, "PATH": path, "KUBECONFIG": str(self.kubeconfig())}

    def run(
        self,
        machine: str,
        argv: Sequence[str],
        *,
        stdin: str | bytes | None = None,
        check: bool = False,
        timeout: float | None = 120,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command on a machine; output is text. `env` and `cwd` count on the workstation only."""
        content = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            self.command(machine, argv),
            input=content if content is not None else b"",
            capture_output=True,
            timeout=timeout,
            env={**self.environment(), **(env or {})},
            cwd=cwd,
            check=False,
        )
        if done.returncode != 0 and not self.record.alive:
            raise LabError(f"lab {self.name} has ended")
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if check and done.returncode != 0:
            raise LabError(f"{machine}: {' '.join(argv)[:300]} ended with {done.returncode}:\n{out}{err}")
        return subprocess.CompletedProcess(list(argv), done.returncode, out, err)

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True, user: str = "admin"
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl on the workstation."""
        environment = {"KUBECONFIG": str(self.kubeconfig(user))}
        return self.run(WORKSTATION, ["kubectl", *arguments], stdin=stdin, check=check, env=environment)

    def look(self) -> Observation:
        """What the operator sees of the pipeline now."""
        return look(lambda script: self.run(WORKSTATION, ["sh", "-c", script]))

    def wait_until(self, happens: Callable[[], bool], what: str) -> None:
        """Wait for something, for some minutes; `LabError` says then that `what` was waited for in vain."""
        deadline = time.monotonic() + 200
        while not happens():
            if time.monotonic() > deadline:
                raise LabError(f"lab {self.name} has waited for {what} in vain")
            time.sleep(0.5)

    def file(self, machine: str, path: str) -> Path:
        """Where a machine's file of this path lies on this one."""
        return self.folder / machine / path.lstrip("/")

    def _pid(self, machine: str) -> int:
        if machine == WORKSTATION:
            assert self.record.supervisor
            return self.record.supervisor.pid
        pids = {name: pid.pid for name, pid in self.record.machines}
        if machine not in pids:
            raise LabError(f"no machine {machine!r}: there are {', '.join((WORKSTATION, *NODES))}")
        return pids[machine]

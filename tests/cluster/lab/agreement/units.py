"""Files of the machines, and the units that read them."""

import json
import shutil
import time
from pathlib import Path

from lab import state
from lab.commands import control_plane_commands
from lab.files import File, machine_files
from lab.layout import STATIC_PODS
from lab.machines import LabError, Machines
from lab.truth import MASTER, NODE1, Form, Truth
from lab.units import Unit, machine_units


def agree(machines: Machines, machine: str, truth: Truth) -> set[str]:
    """Write a machine's files and restart the units that need it; returns the names of those."""
    changed = _write(machines, machine, truth)
    if machine == NODE1 and truth.second_apiserver is None:
        _without_second_apiserver(machines)
    for unit in machine_units(truth, machine):
        # A remedy may have put its flags into a drop-in.
        shutil.rmtree(machines.file(machine, f"{unit.path}.d"), ignore_errors=True)
    if any(path.startswith("/etc/systemd/") for path in changed):
        machines.run(machine, ["systemctl", "daemon-reload"], check=True)
    asks = truth.kubelet(machine).mode == "bootstrap"
    if asks or "/var/lib/kubelet/kubelet-config.yaml" in changed:
        # The kubelet prefers a certificate that it made or was given earlier.
        shutil.rmtree(machines.folder / machine / "var/lib/kubelet/pki", ignore_errors=True)
    restarted = set()
    for unit in machine_units(truth, machine):
        asks_anew = asks and unit.name == "kubelet"
        if unit.running and (asks_anew or not _runs(machines, machine, unit)):
            machines.run(machine, ["systemctl", "daemon-reload"], check=True)
            machines.run(machine, ["systemctl", "restart", unit.name], check=True)
            restarted.add(unit.name)
        elif not unit.running:
            machines.run(machine, ["systemctl", "stop", unit.name])
    if any(path.endswith("manifests/kube-apiserver.yaml") for path in changed):
        restarted.add("kube-apiserver")
    return restarted


def _write(machines: Machines, machine: str, truth: Truth) -> set[str]:
    """Write the files that differ; returns their paths."""
    wanted = machine_files(truth, machine, machines.name, machines.authorities)
    changed = {path for path, file in wanted.items() if _differs(machines.file(machine, path), file)}
    # Manifests last: a pod that restarts must find the files that it reads.
    for path in sorted(changed, key=lambda path: ("/manifests/" in path, path)):
        state.put(machines.file(machine, path), wanted[path].text, wanted[path].mode)
    return changed


def _differs(path: Path, file: File) -> bool:
    try:
        return path.read_text() != file.text or path.stat().st_mode & 0o777 != file.mode
    except FileNotFoundError:
        return True


def _runs(machines: Machines, machine: str, unit: Unit) -> bool:
    """Whether a unit's process runs with the right arguments and started after its files' last change."""
    root = machines.root(machine)
    try:
        noted = json.loads((root / f"run/lab/state/{unit.name}.json").read_text())
        arguments = (root / f"proc/{noted['main']}/cmdline").read_text().rstrip("\0").split("\0")
        environ = (root / f"proc/{noted['main']}/environ").read_text().split("\0")
    except (OSError, ValueError):
        return False
    begin = (machines.file(machine, prefix) for prefix in unit.reads)
    read = [path for prefix in begin for path in prefix.parent.glob(f"{prefix.name}*")]
    newest = max((path.stat().st_mtime for path in read if path.is_file()), default=0.0)
    proxies = {word for word in environ if word.partition("=")[0].upper().endswith("_PROXY")}
    is_right = tuple(arguments) == unit.command and proxies == {f"{name}={value}" for name, value in unit.environ}
    return is_right and newest <= noted["since"]


def _without_second_apiserver(machines: Machines) -> None:
    unit = machines.file(NODE1, "/etc/systemd/system/kube-apiserver.service")
    if unit.exists():
        machines.run(NODE1, ["systemctl", "stop", "kube-apiserver"])
        unit.unlink()


def await_apiserver(machines: Machines, truth: Truth) -> None:
    """Wait until the API server with the wanted flags answers."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        is_new = machines.form is Form.SYSTEMD or _static_pods_run(machines, truth)
        ready = ("get", "--raw", "/readyz", "--request-timeout=2s")
        if is_new and machines.kubectl(*ready, check=False).returncode == 0:
            return
        time.sleep(0.2)
    raise LabError("the API server does not answer; see `journalctl -u kube-apiserver` or /var/log/pods there")


def _static_pods_run(machines: Machines, truth: Truth) -> bool:
    """Whether the static pods' processes have the wanted flags."""
    lines = _command_lines(machines, MASTER)
    commands = control_plane_commands(truth)
    return all((name, *commands[name]) in lines for name in STATIC_PODS)


def _command_lines(machines: Machines, machine: str) -> set[tuple[str, ...]]:
    found = set()
    for path in (machines.root(machine) / "proc").glob("[0-9]*/cmdline"):
        try:
            found.add(tuple(path.read_text().rstrip("\0").split("\0")))
        except OSError:
            continue
    return found

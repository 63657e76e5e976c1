"""What somebody does to files whose readers run by then: no unit is started anew that the truth does not name."""

import time
from dataclasses import replace

from lab import state
from lab.files import apiserver_serving_files, serving_files
from lab.layout import PKI
from lab.machines import Machines
from lab.truth import ADDRESSES, MASTER, NODES, Truth
from lab.units import machine_units


def renew(machines: Machines, truth: Truth) -> None:
    """Write certificates over those that kubelets have started with; the next `apply` starts them anew."""
    for machine in NODES:
        renewed = truth.kubelet(machine).renewed
        if renewed is None:
            continue
        deadline = time.monotonic() + 30
        answers = ["sh", "-c", f"timeout 2 bash -c '</dev/tcp/{ADDRESSES[machine]}/10250'"]
        while time.monotonic() < deadline and machines.run(machine, answers).returncode != 0:
            time.sleep(0.2)
        for path, file in serving_files(renewed, machine, machines.authorities).items():
            state.put(machines.file(machine, path), file.text, file.mode)


def meddle(machines: Machines, truth: Truth) -> None:
    """What somebody does to the API server's files once it runs; the next `apply` undoes it."""
    if truth.apiserver_written:
        written = replace(truth, apiserver=truth.apiserver_written)
        unit = next(unit for unit in machine_units(written, MASTER) if unit.name == "kube-apiserver")
        state.put(machines.file(MASTER, unit.path), unit.text, 0o644)
    if truth.started_as_written:
        machines.run(MASTER, ["systemctl", "daemon-reload"])
        machines.run(MASTER, ["systemctl", "restart", "kube-apiserver"])
    if truth.front_proxy_cert.key != "own":
        other = machines.authorities.leaf("somebody else", issuer="front-proxy")
        state.put(machines.file(MASTER, f"{PKI}/front-proxy-key.pem"), other.key, 0o600)
    if truth.front_proxy_cert.key == "swapped-and-restarted":
        machines.run(MASTER, ["systemctl", "restart", "kube-apiserver"])
    if truth.apiserver.serving == "own-expired":
        expired = apiserver_serving_files(machines.authorities, expired=True)
        for path, file in expired.items():
            state.put(machines.file(MASTER, path), file.text, file.mode)
        machines.run(MASTER, ["systemctl", "restart", "kube-apiserver"])

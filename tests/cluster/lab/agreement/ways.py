"""The ways between machines and pods: the scripts of `network.py`, run."""

from lab import network
from lab.machines import Machines
from lab.truth import ADDRESSES, MASTER, NODES, WORKSTATION, Network, Truth


def connect(machines: Machines) -> None:
    """Give each machine its address, and the way to all others."""
    pids = [(name, pid.pid) for name, pid in machines.record.machines]
    machines.run(WORKSTATION, ["sh", "-c", network.workstation_script(pids)], check=True)
    for machine in NODES:
        machines.run(machine, ["sh", "-c", network.machine_script(machine)], check=True)


def lay(machines: Machines, wanted: Network) -> None:
    """Lay those between the nodes' pods."""
    for machine in NODES:
        machines.run(machine, ["sh", "-c", network.way_script(machine, wanted)], check=True)
    if not wanted.proxy_on_master:
        machines.run(MASTER, ["kube-proxy", "--cleanup"])


def close(machines: Machines, machine: str, truth: Truth) -> None:
    """Have a machine's firewall drop what the truth says, and nothing else."""
    told = machine in NODES and truth.kubelet(machine).tale is not None
    script = network.firewall_script(truth.drops(machine), figures_of=ADDRESSES[machine] if told else "")
    machines.run(machine, ["sh", "-c", script], check=True)

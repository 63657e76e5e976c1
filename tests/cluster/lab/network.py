"""The lab's network: a bridge in the workstation's namespace, a veth to each machine, routes between pod ranges."""

from collections.abc import Iterable

from lab.files import CLUSTER_CIDR, POD_CIDRS
from lab.truth import ADDRESSES, NAT_ADDRESS, NODE1, NODES, WORKSTATION, Drop

BRIDGE = "lab0"
CHAINS = ("INPUT", "OUTPUT", "FORWARD")


def workstation_script(machines: Iterable[tuple[str, int]]) -> str:
    """Shell commands for the workstation; `machines` are names and pids (first PID namespace) of each PID 1."""
    lines = [
        "set -e",
        "ip link set lo up",
        f"ip link add {BRIDGE} type bridge",
        f"ip address add {ADDRESSES[WORKSTATION]}/24 dev {BRIDGE}",
        f"ip link set {BRIDGE} up",
    ]
    for name, pid in machines:
        lines.append(f"ip link add {name} type veth peer name eth0 netns {pid}")
        lines.append(f"ip link set {name} master {BRIDGE} up")
    return "\n".join([*lines, *_chains()])


def machine_script(machine: str) -> str:
    """Shell commands for a machine."""
    lines = [
        "set -e",
        f"ip address add {ADDRESSES[machine]}/24 dev eth0",
        "ip link set eth0 up",
        f"ip route add default via {ADDRESSES[WORKSTATION]}",
        "sysctl -qw net.ipv4.ip_forward=1",
    ]
    if machine == NODE1:
        lines += ["ip link add nat0 type bridge", f"ip address add {NAT_ADDRESS}/24 dev nat0", "ip link set nat0 up"]
    lines += [f"ip route add {POD_CIDRS[node]} via {ADDRESSES[node]}" for node in NODES if node != machine]
    return "\n".join([*lines, *_chains()])


def firewall_script(drops: Iterable[Drop], *, figures_of: str = "") -> str:
    """Shell commands that make the lab's chains of one machine hold these rules and no others.

    They come first again, before what a remedy may have put there. What pods want of the kubelet at the address
    `figures_of` goes to its stand-in, `stand_ins/figures.py`.
    """
    lines = ["set -e"]
    for chain in CHAINS:
        lines += [f"iptables -w -F LAB-{chain}", f"iptables -w -D {chain} -j LAB-{chain}"]
        lines += [f"iptables -w -I {chain} -j LAB-{chain}"]
    lines += [f"iptables -w -A LAB-{drop.chain} {' '.join(drop.match)} -j {drop.target}" for drop in drops]
    return "\n".join([*lines, *_redirection(figures_of)])


def _redirection(address: str) -> list[str]:
    target = "-j REDIRECT --to-ports 10251"
    listed = "iptables -w -t nat -S PREROUTING | sed -n 's/^-A \\(.*REDIRECT --to-ports 10251\\)$/\\1/p'"
    lines = [f"{listed} | while read -r rule; do iptables -w -t nat -D $rule; done"]
    if address:
        to_kubelet = f"-d {address} -p tcp --dport 10250"
        lines += [f"iptables -w -t nat -I PREROUTING -s {CLUSTER_CIDR} {to_kubelet} {target}"]
        # What connections are open would stay with the kubelet.
        lines += [f"conntrack -D -p tcp -d {address} --dport 10250 >/dev/null 2>&1 || true"]
    return lines


def _chains() -> list[str]:
    return [f"iptables -w -N LAB-{chain}\niptables -w -I {chain} -j LAB-{chain}" for chain in CHAINS]

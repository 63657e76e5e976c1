"""The lab's network: a bridge in the workstation's namespace, a veth to each machine, routes between pod ranges."""

from collections.abc import Iterable

from lab.layout import CLUSTER_CIDR, POD_CIDRS
from lab.truth import ADDRESSES, MASTER, NAT_ADDRESS, NODE1, NODES, WORKSTATION, Drop, Network

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


OVERLAY = "flannel.1"
# An address of each node's own in the overlay; behind a known hardware address, so that nobody has to ask for it.
OVERLAY_ADDRESSES = {MASTER: ("10.244.0.0", "02:00:0a:f4:00:00"), NODE1: ("10.244.1.0", "02:00:0a:f4:01:00")}


def way_script(machine: str, network: Network) -> str:
    """Shell commands that make the ways of one machine to other nodes' pods what they should be, whatever they were."""
    lines = ["set -e", f"ip link del {OVERLAY} 2>/dev/null || true"]
    if network.overlay:
        own, hardware = OVERLAY_ADDRESSES[machine]
        lines += [
            f"ip link add {OVERLAY} address {hardware} type vxlan id 1 dev eth0 dstport 8472 nolearning",
            f"ip address add {own}/32 dev {OVERLAY}",
            f"ip link set {OVERLAY} up",
        ]
    for node in (node for node in NODES if node != machine):
        lines += [f"ip route del {POD_CIDRS[node]} 2>/dev/null || true"]
        if network.overlay:
            there, hardware = OVERLAY_ADDRESSES[node]
            lines += [
                f"ip neigh replace {there} lladdr {hardware} dev {OVERLAY} nud permanent",
                f"bridge fdb replace {hardware} dev {OVERLAY} dst {ADDRESSES[node]}",
                f"ip route add {POD_CIDRS[node]} via {there} dev {OVERLAY} onlink",
            ]
        else:
            lines += [f"ip route add {POD_CIDRS[node]} via {ADDRESSES[node]}"]
    return "\n".join([*lines, *_masquerade(machine, network), *_sizes(network)])


def _masquerade(machine: str, network: Network) -> list[str]:
    rule = f"POSTROUTING -s {POD_CIDRS[machine]} ! -d {CLUSTER_CIDR} -j MASQUERADE"
    lines = [f"iptables -w -t nat -D {rule} 2>/dev/null || true"]
    return [*lines, f"iptables -w -t nat -A {rule}"] if network.masquerades else lines


def _sizes(network: Network) -> list[str]:
    """What is too large is lost where it comes in, as single packets: else the kernel hands on many in one piece."""
    listed = "iptables -w -t raw -S PREROUTING | sed -n 's/^-A \\(.*-m length .*\\)$/\\1/p'"
    lines = [f"{listed} | while read -r rule; do iptables -w -t raw -D $rule; done"]
    lines += [f"ip link set dev eth0 gso_max_segs {1 if network.largest else 65535}"]
    if network.largest:
        large = f"-i eth0 -p tcp -m length --length {network.largest + 1}:65535 -j DROP"
        lines += [f"iptables -w -t raw -A PREROUTING {end} {CLUSTER_CIDR} {large}" for end in ("-s", "-d")]
    return lines


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

"""What each look at a patient has to find: with its hosts' files and without, asked as whom.

One rule for all, and one row for each patient of which the rule does not hold, with the reason why:

- as the operator, with or without host files, and as a member of system:masters: exactly what `expected.py` says;
- as the viewer, who may read little: some of that, and nothing else;
- nobody is told that metrics flow where they do not.

A name that is made of others (`lab/variants.py`) has the rows of its parts, unless it has one of its own.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from expected import FLOWING, MADE_FLOWING, MADE_TRUTH, TRUTH, WRITTEN, Found
from lab.variants import parts


class Identity(StrEnum):
    """Who asks; the lab has a kubeconfig for each."""

    OPERATOR = "operator"  # cluster-admin
    VIEWER = "viewer"  # bound to ClusterRole view
    ADMIN = "admin"  # of system:masters, whom metrics-server never checks


@dataclass(frozen=True)
class Look:
    """One way of looking at a patient."""

    identity: Identity
    with_files: bool

    def __str__(self) -> str:
        return f"{self.identity}, {'with' if self.with_files else 'without'} host files"


LOOKS = tuple(Look(identity, with_files) for identity in Identity for with_files in (True, False))
WITHOUT_FILES = tuple(look for look in LOOKS if not look.with_files)


@dataclass(frozen=True)
class Row:
    """What other looks find of one patient: ``found``, and ``among``, the alternatives that have to be named there.

    ``may`` is found at one moment and not at the next, as the components' own words change; it is right where it is.
    """

    patient: str
    found: Found
    because: str
    among: frozenset[str] = frozenset()
    may: frozenset[tuple[str, str]] = frozenset()
    looks: tuple[Look, ...] = WITHOUT_FILES


def _found(*ids: str) -> Found:
    return {(id_, "active") for id_ in ids}


# What lies between the API server's host and metrics-server is seen from that host alone; each is merely possible.
ON_THE_WAY = (
    "aggregator-cannot-reach-service",
    "cloud-firewall-control-plane-to-node",
    "network-mtu-or-overlay",
    "overlay-vxlan-udp-blocked",
)


def _from_afar(patient: str, *more: str) -> Row:
    return Row(
        patient,
        _found(*ON_THE_WAY, *more),
        "a dial without answer looks alike, whatever swallows it, and the API server's host alone tells them apart",
        frozenset({*ON_THE_WAY, "network-policy-blocks", "proxy-env-no_proxy"}),
    )


ROWS = (
    Row(
        "front-proxy-cert-expiring",
        _found(),
        "nothing fails by it yet, and only the file on the API server's host has its date",
    ),
    Row("front-proxy-key-swapped", _found(), "the API server runs with the earlier pair, and only its files differ"),
    Row(
        "front-proxy-key-mismatch",
        _found(),
        "an API server that does not start answers nobody, and the API is all that is asked",
        frozenset({"front-proxy-key-mismatch", "requestheader-ca-same-as-client-ca"}),
    ),
    Row(
        "same-ca-any-name",
        _found(),
        "an API server that does not start answers nobody, and the API is all that is asked",
        frozenset({"front-proxy-key-mismatch", "requestheader-ca-same-as-client-ca"}),
    ),
    Row(
        "same-ca-masters",
        _found(),
        "the aggregator is taken for a user who may do everything, so that everything works; its name is in a file",
    ),
    Row(
        "one-odd-apiserver",
        _found(),
        "the answers of several API servers come mixed, and which of them lacks its certificate its own host tells",
        frozenset({"proxy-client-cert-missing", "front-proxy-ca-mismatch", "aggregator-cannot-reach-service"}),
        frozenset({("proxy-client-cert-missing", "active")}),  # while the odd one's own 403 stands in the condition
    ),
    Row(
        "process-not-restarted",
        _found("requestheader-config-missing"),
        "what runs lacks the flags, and that its file has them only its host tells",
        frozenset({"requestheader-config-missing", "process-not-restarted"}),
    ),
    Row(
        "kubelet-cert-not-reloaded",
        _found("kubelet-cert-expired"),
        "what is served has expired, and that its file was renewed only its node tells",
        frozenset({"kubelet-cert-expired", "kubelet-cert-not-reloaded"}),
    ),
    Row(
        "inotify-limit-exhausted",
        _found("kubelet-down"),
        "no kubelet runs, and why it ends only its node tells",
        frozenset({"kubelet-down", "inotify-limit-exhausted"}),
    ),
    Row(
        "node-wrong-internal-ip",
        _found(),
        "an address of another network may be a wrong one, or be cut off; what the node's own is it alone tells",
        frozenset({"node-wrong-internal-ip", "node-unreachable-timeout"}),
    ),
    Row(
        "apiservice-cabundle-mismatch+front-proxy-cert-expired",
        _found("apiservice-cabundle-mismatch"),
        "a server that is not trusted is shown no certificate, and whether that is good only its file tells",
    ),
    Row(
        "metrics-server-quota+front-proxy-ca-mismatch",
        _found("metrics-server-not-running"),
        "where no pod is there to refuse a certificate, only its file tells that it would be",
    ),
    Row(
        "apiservice-port-mismatch+proxy-client-cert-missing",
        _found("apiservice-port-mismatch"),
        "where nothing is dialled nobody is refused, and flags are the host's",
    ),
    Row(
        "bad-flag-or-args+requestheader-allowed-names-mismatch",
        _found("bad-flag-or-args"),
        "a pod that does not run refuses nobody, and the aggregator's own name is in a file",
    ),
    _from_afar("proxy-env-silent"),
    _from_afar("aggregator-cannot-reach-service"),
    _from_afar("cloud-firewall-control-plane-to-node"),
    Row(
        "firewall-rejects-control-plane",
        _found("aggregator-cannot-reach-service", "cloud-firewall-control-plane-to-node"),
        "what was rejected and what was not answered takes turns in the condition, and the latter has more causes",
        frozenset({"aggregator-cannot-reach-service", "cloud-firewall-control-plane-to-node"}),
        frozenset({("network-mtu-or-overlay", "active"), ("overlay-vxlan-udp-blocked", "active")}),
    ),
    _from_afar("network-policy-heeded", "network-policy-blocks"),
    _from_afar("network-mtu-or-overlay"),
    _from_afar("overlay-vxlan-udp-blocked"),
    Row("kubelet-anonymous-enabled", _found(), "a kubelet's configuration is a file of its node"),
    Row("kubelet-authz-always-allow", _found(), "a kubelet's configuration is a file of its node"),
)

HOW_TO_ADD = (
    "A cause that is not there is a defect of its check: let it yield Unseen, with a Doubt that names what it may be."
    " One that this look cannot see, or sees under another name, gets a Row in tests/cluster/looks.py, with the reason."
)


def rows(name: str, look: Look) -> tuple[Row, ...]:
    """The row of a name, or those of its parts."""
    own = [row for row in ROWS if row.patient == name and look in row.looks]
    made_of = () if name in WRITTEN else parts(name)
    return tuple(own or [row for row in ROWS if row.patient in made_of and look in row.looks])


def truth(name: str, look: Look) -> Found:
    """What is to be found; for the viewer, all that may be."""
    excepted = rows(name, look)
    if any(row.patient == name for row in excepted):
        return set().union(*(row.found for row in excepted))
    left = (TRUTH | MADE_TRUTH | WRITTEN)[name]
    for row in excepted:
        left = (left - TRUTH[row.patient]) | row.found
    return left


def wrong(name: str, look: Look, found: Found, alternatives: Iterable[Collection[str]], verdict: str) -> str:
    """How what was found differs from what is to be found, in words; empty if it does not."""
    expected, excepted = truth(name, look), rows(name, look)
    may = {one for row in excepted for one in row.may}
    said = []
    if look.identity is Identity.VIEWER:
        allowed = {id_ for id_, _ in expected | may | (TRUTH | MADE_TRUTH | WRITTEN)[name]}
        said += [f"{id_} ({state}) is false" for id_, state in sorted(found) if id_ not in allowed]
    else:
        said += [f"{id_} ({state}) is false" for id_, state in sorted(found - expected - may)]
        said += [f"{id_} ({state}) is missed" for id_, state in sorted(expected - found)]
        given = [frozenset(ids) for ids in alternatives]
        said += [
            f"no alternatives {', '.join(sorted(row.among))}"
            for row in excepted
            if row.among and not row.may & found and not any(row.among <= ids for ids in given)
        ]
    if verdict in ("healthy", "at-risk") and name not in FLOWING + MADE_FLOWING:
        said.append(f"{verdict}, and metrics do not flow")
    return "; ".join(said)

"""A sample of each ward, live: each patient named exactly by every look, then healed as printed.

The whole of it is `make hospital`. The kubelets' sample has a fault on one node, on every node, beside another fault,
on the way to a kubelet and at its door, and both releases of metrics-server; the control plane's is in its own module.
"""

import os
from collections.abc import Iterator

import pytest
from hospital import YES, admit
from lab.cluster import Lab
from lab.truth import Form
from lab.variants import patient

pytestmark = pytest.mark.cluster

SAMPLE = (
    "kubelet-cert-expired",
    "kubelet-serving-csr-pending-everywhere",
    "kubelet-webhook-unauthorized-401+kubelet-cert-expired-on-master",
    "node-firewall-reject",
    "kubelet-cert-unknown-ca-everywhere@0.9",
)


@pytest.fixture(scope="class")
def lab() -> Iterator[Lab]:
    with Lab.up(f"ward-{os.getpid()}", patient("healthy", Form.SYSTEMD)) as lab:
        yield lab


class TestKubeletWard:
    @pytest.mark.parametrize("name", SAMPLE)
    def test_it_is_named_exactly_and_heals_by_the_commands_as_printed(self, lab: Lab, name: str) -> None:
        row = admit(lab, name)

        assert row.false == ""
        assert row.healed == YES

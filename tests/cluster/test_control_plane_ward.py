"""A sample of the control plane's ward, live: each patient named exactly by every look, then healed as printed.

It has the APIService, its Service, the aggregator's certificate and its name, a pod that does not start, and pairs of
them. In a module of its own, so that its lab runs beside those of the others.
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
    "apiservice-service-missing",
    "requestheader-allowed-names-mismatch",
    "service-selector-mismatch+kubelet-cert-unknown-ca",
    "bad-flag-or-args+requestheader-allowed-names-mismatch",
)


@pytest.fixture(scope="class")
def lab() -> Iterator[Lab]:
    with Lab.up(f"control-plane-ward-{os.getpid()}", patient("healthy", Form.SYSTEMD)) as lab:
        yield lab


class TestControlPlaneWard:
    @pytest.mark.parametrize("name", SAMPLE)
    def test_it_is_named_exactly_by_every_look_and_heals_by_the_commands_as_printed(self, lab: Lab, name: str) -> None:
        row = admit(lab, name)

        assert row.false == ""
        assert row.healed == YES

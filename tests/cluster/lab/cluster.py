"""A lab: one real cluster and its workstation, as tests use it.

```python
with Lab.up("mine", patient("story")) as lab:  # or Lab.attach("mine") to one that is up
    lab.run("workstation", ["kubectl", "top", "nodes"])
    lab.apply(patient("healthy"))
```
"""

import time
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from lab import binaries, state
from lab.agreement import (
    api_objects,
    authentication,
    containers,
    meddling,
    metrics_server,
    moments,
    nodes,
    units,
    ways,
)
from lab.lifetime import begun, down
from lab.machines import LabError, Machines
from lab.observation import Observation, now
from lab.preconditions import check_preconditions
from lab.settle import until_settled
from lab.truth import MASTER, NODES, WORKSTATION, Form, Network, Truth

__all__ = ["Lab", "LabError", "down"]


class Lab(Machines):
    """A running lab; every method acts on the real machines."""

    @classmethod
    def up(cls, name: str, truth: Truth | None = None, *, settle: bool = True, stays: bool = False) -> "Lab":
        """Start a lab and return it settled (unless told not to); `LabError` if one of this name is up.

        It ends with this process, however that ends, unless it `stays`.
        """
        truth = truth or Truth()
        check_preconditions()
        programs = binaries.ensure()
        with begun(name, truth, programs, stays=stays) as record:
            lab = cls(name, truth.form, record)
            ways.connect(lab)
            containers.start(lab, programs)
            lab.apply(truth, settle=False)
            if settle:
                until_settled(lab, truth)
        return lab

    @classmethod
    def attach(cls, name: str) -> "Lab":
        """A lab that is up; `LabError` if there is none of this name."""
        record = state.read(name)
        if record is None or not record.alive:
            raise LabError(f"lab {name} is not up: start it with `up`")
        return cls(name, Form((state.folder(name) / "form").read_text()), record)

    def down(self) -> None:
        """End the lab and remove what is left of it and of any dead lab."""
        down(self.name)

    def __enter__(self) -> Self:
        """Use the lab in a `with` statement, which ends it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the lab."""
        self.down()

    def apply(self, truth: Truth, *, settle: bool = True) -> Observation | None:
        """Make the machines and the cluster agree with the truth, whatever happened to them; then wait until settled.

        Returns what the operator then sees, None without settling. The form of a lab cannot change.
        """
        if truth.form is not self.form:
            raise LabError(f"lab {self.name} has control plane form {self.form}, not {truth.form}")
        if truth.before is not None:
            self.apply(truth.before)
        begun, moment = time.monotonic(), now()
        restarted = self._agree_machines(truth)
        begins_anew = self._agree_cluster(truth) or "kube-apiserver" in restarted or metrics_server.needs_new_pod(truth)
        if begins_anew or metrics_server.has_account_of_old(self):
            metrics_server.restart(self)
        self._agree_ways(truth)
        metrics_server.await_rollout(self, truth)
        moments.start(self, truth)
        meddling.meddle(self, truth)
        if truth.metrics_server.account == "remade":
            metrics_server.remake_account(self, truth)
        return until_settled(self, truth, begun=begun, moment=moment) if settle else None

    def _agree_machines(self, truth: Truth) -> set[str]:
        """Files, units and images; returns the names of the units that were started anew on k8s-master."""
        if not (truth.metrics_server.host_network or truth.metrics_server.pod.rolling):
            metrics_server.begin_anew(self)
        ways.lay(self, Network())
        self.kubectl("delete", "csr", "--all", check=False)  # before kubelets ask anew
        with ThreadPoolExecutor(len(NODES)) as pool:
            restarted = dict(zip(NODES, pool.map(lambda node: units.agree(self, node, truth), NODES), strict=True))
        units.await_apiserver(self, truth)
        meddling.renew(self, truth)
        if all(truth.kubelet(node).mode != "bootstrap" for node in NODES):
            self.kubectl("delete", "csr", "--all")
        containers.provide(self, truth)
        return restarted[MASTER]

    def _agree_cluster(self, truth: Truth) -> bool:
        """What the API server has; returns whether its clients have to be told anew whom it trusts."""
        remade = authentication.agree(self, truth)
        api_objects.agree(self, truth)
        nodes.agree(self, truth)
        if truth.metrics_server.token == "secret":
            metrics_server.put_token_into_secret(self)
        nodes.await_preferred(self, truth)
        return remade

    def _agree_ways(self, truth: Truth) -> None:
        for machine in (WORKSTATION, *NODES):
            ways.close(self, machine, truth)
        ways.lay(self, truth.network)
        if truth.network.largest:
            metrics_server.restart(self)  # over a connection that stands small questions get their small answers

"""containerd on the nodes, and the images that it has: there is no registry to pull them from."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import binaries, images, vertical
from lab.machines import LabError, Machines
from lab.truth import MASTER, NODES, Form, MetricsServer, Truth


def start(machines: Machines, programs: Mapping[str, Path]) -> None:
    """Start containerd everywhere and give it the images."""
    for machine in NODES:
        machines.run(machine, ["systemctl", "start", "containerd"], check=True)
    if machines.form is Form.STATIC:
        _load(machines, MASTER, images.control_plane(programs, machines.form))
    later = tuple(images.workload(programs))
    with ThreadPoolExecutor(len(NODES)) as pool:
        list(pool.map(lambda machine: _load(machines, machine, later), NODES))


def provide(machines: Machines, truth: Truth) -> None:
    """Give the nodes what images the truth wants besides, those that have not got them yet."""
    _provide_metrics_server(machines, truth.metrics_server)
    if truth.vpa:
        _provide(machines, vertical.IMAGE, lambda: images.recommender(binaries.ensure([binaries.VPA]), vertical.IMAGE))


def _provide_metrics_server(machines: Machines, server: MetricsServer) -> None:
    if server.pod.image == images.FOREIGN:
        foreign = images.foreign(binaries.ensure()["metrics-server-0.8"], machines.folder)
        for node in NODES:
            _load(machines, node, [foreign])
    _provide(
        machines,
        f"{images.METRICS_SERVER}:{server.version}",
        lambda: images.metrics_server(binaries.ensure(), server.version),
    )


def _provide(machines: Machines, tag: str, make: Callable[[], images.Image]) -> None:
    listed = ["ctr", "-n", "k8s.io", "images", "ls", "-q"]
    lacking = [node for node in NODES if tag not in machines.run(node, listed, check=True).stdout.split()]
    if lacking:
        image = make()
        for node in lacking:
            _load(machines, node, [image])


def _load(machines: Machines, machine: str, wanted: Iterable[images.Image]) -> None:
    for image in wanted:
        archive = image.archive()
        deadline = time.monotonic() + 30
        while True:
            done = machines.run(machine, ["ctr", "-n", "k8s.io", "images", "import", "-"], stdin=archive)
            if done.returncode == 0:
                break
            if time.monotonic() > deadline:
                raise LabError(f"{machine}: image {image.tag} cannot be imported: {done.stderr}")
            time.sleep(0.2)

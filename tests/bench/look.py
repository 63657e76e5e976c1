"""How long `msdoctor run` takes in the lab, as a ratio to the kubectl calls that fetch the same documents one by one.

    python tests/bench/look.py [FORM]

Needs root: it brings up a lab of its own. Both sides alternate; the medians of five are compared.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lab.cluster import Lab
from lab.truth import NODES, WORKSTATION, Form
from lab.variants import patient

from msdoctor.bundle import Kind, Place
from msdoctor.collect import load

CHECKOUT = Path(__file__).resolve().parents[2]
TIMES = 5
LIMIT = 3.0


def msdoctor(lab: Lab, *arguments: str) -> float:
    began = time.perf_counter()
    environment = {"KUBECONFIG": str(lab.kubeconfig()), "PYTHONPATH": str(CHECKOUT)}
    roots = [word for node in NODES for word in ("--host-root", f"{node}={lab.root(node)}")]
    done = lab.run(WORKSTATION, [sys.executable, "-m", "msdoctor", "run", *roots, *arguments], env=environment)
    assert "HEALTHY" in done.stdout, done.stdout + done.stderr
    return time.perf_counter() - began


def kubectl_calls(places: list[Place]) -> list[list[str]]:
    """What a person would type to read the same through the API."""
    calls: list[list[str]] = []
    for place in places:
        if place.kind is Kind.API:
            calls.append(["get", "--raw", place.path])
        elif place.kind is Kind.LOG:
            namespace, pod, container = place.path.split("/")
            calls.append(["-n", namespace, "logs", pod, "-c", container])
        elif place.kind is Kind.REVIEW:
            who, verb, resource = place.path.split(" ", 2)
            as_ = [] if who == "self" else ["--as", who]
            group, _, rest = resource.partition("/")
            name, _, subresource = rest.partition("/")
            calls.append(["auth", "can-i", verb, f"{name}.{group}".rstrip("."), f"--subresource={subresource}", *as_])
    return calls


def one_after_the_other(lab: Lab, calls: list[list[str]]) -> float:
    began = time.perf_counter()
    for call in calls:
        lab.run(WORKSTATION, ["kubectl", *call])
    return time.perf_counter() - began


def main() -> None:
    form = Form(sys.argv[1]) if len(sys.argv) > 1 else Form.SYSTEMD
    with Lab.up(f"bench-{os.getpid()}", patient("healthy", form)) as lab, tempfile.TemporaryDirectory() as folder:
        msdoctor(lab, "--save", f"{folder}/look")
        calls = kubectl_calls(sorted(load(Path(folder) / "look").documents))
        taken = [(msdoctor(lab), one_after_the_other(lab, calls)) for _ in range(TIMES)]
    ours, theirs = (statistics.median(times) for times in zip(*taken, strict=True))
    print(f"{'msdoctor run':32} {ours:6.2f} s")
    print(f"{f'{len(calls)} kubectl calls in sequence':32} {theirs:6.2f} s")
    print(f"{'ratio':32} {ours / theirs:6.2f}    (at most {LIMIT})")


if __name__ == "__main__":
    main()

"""Record the fixtures: one bundle for each patient, collected from the workstation with the machines' files.

``python tests/cluster/record.py [PATIENT…]`` (default: all) brings up a lab of its own and writes ``fixtures/PATIENT``.
The expected reports beside them are for reviewers; ``UPDATE_EXPECTED=1 pytest tests/test_fixtures.py`` writes them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from expected import BY_PORT_FORWARD, FOR_USER, ON_CONTROL_PLANE
from lab.cluster import Lab
from lab.patients import NAMES
from lab.truth import MASTER, NODES, WORKSTATION, Form
from lab.variants import patient

CHECKOUT = Path(__file__).resolve().parents[2]
FIXTURES = CHECKOUT / "fixtures"

# Flags are read from static pods in these, as in the story; the others are quicker with the control plane as processes.
AS_STATIC_PODS = ("story",)


def collect(lab: Lab, target: Path) -> None:
    """One look by the operator, saved."""
    more = options(target.name)
    shutil.rmtree(target, ignore_errors=True)
    msdoctor(lab, target.name, "collect", str(target), *more, check=True)


def options(name: str) -> list[str]:
    """What a patient is looked at with besides."""
    for_user = ["--for-user", FOR_USER[name]] if name in FOR_USER else []
    return [*(["--port-forward"] if name in BY_PORT_FORWARD else []), *for_user]


def msdoctor(
    lab: Lab, name: str, *arguments: str, user: str = "operator", with_files: bool = True, check: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run it as one of the lab's users: with files where this patient is looked at from, and those to be had there."""
    program = [sys.executable, "-m", "msdoctor", *arguments]
    if name not in ON_CONTROL_PLANE or not with_files:
        nodes = NODES if with_files else ()
        roots = [word for node in nodes for word in ("--host-root", f"{node}={lab.root(node)}")]
        environment = {"KUBECONFIG": str(lab.kubeconfig(user)), "PYTHONPATH": str(CHECKOUT)}
        return lab.run(WORKSTATION, [*program, *roots], env=environment, check=check)
    there = f"/etc/{user}.kubeconfig"
    (lab.folder / MASTER / there.lstrip("/")).write_text(lab.kubeconfig(user).read_text())
    there_too = ["env", f"KUBECONFIG={there}", f"PYTHONPATH={CHECKOUT}"]
    return lab.run(MASTER, [*there_too, *program, "--host-root", f"{MASTER}=/"], check=check)


def record(names: list[str], form: Form) -> None:
    """Let one lab be each of these patients in turn."""
    with Lab.up(f"record-{form}-{os.getpid()}", patient("healthy", form)) as lab:
        for name in names:
            lab.apply(patient(name, form))
            collect(lab, FIXTURES / name)
            print(f"recorded {name}", flush=True)


def main() -> None:
    """Record what was named, each form in its own lab."""
    wanted = sys.argv[1:] or list(NAMES)
    for form in Form:
        names = [name for name in wanted if (name in AS_STATIC_PODS) == (form is Form.STATIC)]
        if names:
            record(names, form)


if __name__ == "__main__":
    main()

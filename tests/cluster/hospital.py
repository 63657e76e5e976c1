"""The hospital: every patient named, treated with the commands that msdoctor prints, and seen to become healthy.

``python tests/cluster/hospital.py [PATIENT…]`` (default: all) prints a table: patient, what was named, what was named
falsely, whether it healed, seconds. Commands are run as printed, on the machine that they name, the first way first.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expected import TRUTH
from lab.cluster import Lab
from lab.truth import NODES, WORKSTATION, Form
from lab.variants import patient
from tabulate import tabulate

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = "/var/tmp"  # where a person would be at home; the machines share this machine's /root
NOTES = {"apiservice-insecure-skip-tls"}


@dataclass(frozen=True)
class Row:
    """What became of one patient. ``healed`` is a word: yes, no, or why there was nothing to do."""

    patient: str
    named: str
    false: str
    healed: str
    seconds: float


def report(lab: Lab) -> Any:
    """One look by the operator, with the machines' files, as JSON."""
    roots = [word for node in NODES for word in ("--host-root", f"{node}={lab.root(node)}")]
    environment = {"KUBECONFIG": str(lab.kubeconfig("operator")), "PYTHONPATH": str(CHECKOUT)}
    done = lab.run(WORKSTATION, [sys.executable, "-m", "msdoctor", "run", "-o", "json", *roots], env=environment)
    return json.loads(done.stdout)


def found(seen: Any) -> set[tuple[str, str]]:
    """Ids with their states, notes left out."""
    return {(cause["id"], cause["state"]) for cause in seen["causes"] if cause["id"] not in NOTES}


def first_way(cause: Any) -> Iterator[Any]:
    """The remedies of the way that msdoctor puts first, in order."""
    yield from (remedy for remedy in cause["remedies"] if remedy["way"] == 1)


def treat(lab: Lab, seen: Any) -> list[str]:
    """Carry out every cause's first way; gives what went wrong with a command."""
    wrong: list[str] = []
    for cause in seen["causes"]:
        for remedy in first_way(cause):
            machine = remedy["on"].partition("/")[2] or WORKSTATION
            script = "set -e\n" + "\n".join(remedy["commands"])
            shell = ["sh", "-c", script] if machine == WORKSTATION else ["sh", "-c", f"cd {HOME}\n{script}"]
            done = lab.run(machine, shell, env={"KUBECONFIG": str(lab.kubeconfig("operator"))})
            if done.returncode:
                wrong.append(f"{cause['id']} on {machine}: {done.stderr.strip()[-300:]}")
            deliver(lab)
    return wrong


def deliver(lab: Lab) -> None:
    """Take what was copied with scp to where it was sent."""
    for sender in NODES:
        for box in (lab.root(sender) / "run/lab/scp").glob("*"):
            for file in box.iterdir():
                shutil.copy2(file, lab.root(box.name) / HOME.lstrip("/") / file.name)
                file.unlink()


def is_healthy(lab: Lab, seconds: float) -> bool:
    """Whether metrics flow for every node without any cause, within this time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = report(lab)
        if seen["verdict"] in ("healthy", "at-risk") and not {c["id"] for c in seen["causes"]} - NOTES:
            return True
        time.sleep(5)
    return False


def admit(lab: Lab, name: str) -> Row:
    """One patient: brought about, named, treated."""
    lab.apply(patient(name, lab.form))
    began = time.monotonic()
    seen = report(lab)
    named, truth = found(seen), TRUTH[name]
    treatable = [cause for cause in seen["causes"] if cause["remedies"]]
    if not treatable:
        healed = "nothing to do" if not truth else "no remedy is a command"
    else:
        wrong = treat(lab, seen)
        healed = "yes" if is_healthy(lab, 180) else "; ".join(wrong) or "no"
    return Row(
        name,
        ", ".join(sorted(id_ for id_, _ in named & truth)) or ("none, rightly" if not truth else "NOTHING"),
        ", ".join(sorted(f"{id_} ({state})" for id_, state in named ^ truth)),
        healed,
        round(time.monotonic() - began, 1),
    )


def main() -> None:
    """Every patient that was named, or all, one after the other in one lab."""
    names = sys.argv[1:] or list(TRUTH)
    with Lab.up(f"hospital-{os.getpid()}", patient("healthy", Form.SYSTEMD)) as lab:
        rows: list[Row] = []
        for name in names:
            rows.append(admit(lab, name))
            print(rows[-1], flush=True)
    headers = ("patient", "named", "false or missed", "healed", "seconds")
    print(tabulate([(r.patient, r.named, r.false, r.healed, r.seconds) for r in rows], headers=headers))
    bad = [row for row in rows if row.false]
    healed = [row for row in rows if row.healed == "yes"]
    treated = [row for row in rows if row.healed != "nothing to do"]
    print(f"{len(rows) - len(bad)} of {len(rows)} named exactly; {len(healed)} of {len(treated)} healed as printed")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

"""The hospital: every patient named, treated with the commands that msdoctor prints, and seen to become healthy.

``python tests/cluster/hospital.py [-j LABS] [--record] [PATIENT…]`` (default: every one of `expected.py`, three labs)
prints a table: patient, what was named, what was named falsely or missed in any of the looks of `looks.py` (with and
without host files, as each identity), whether it healed, seconds. Commands are run as printed, on the machine that they
name, the first way first. It ends with 1 where a name was false or missing, or where fewer than 90 % of those with
commands healed. ``--record`` saves what is seen of a patient that has no fixture.
"""

import argparse
import json
import os
import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expected import ELSEWHERE, MADE_TRUTH, TRUTH, Found, is_note
from lab.cluster import Lab, LabError
from lab.truth import NODES, WORKSTATION, Form
from lab.variants import patient
from looks import LOOKS, Identity, Look, wrong
from record import FIXTURES, collect, msdoctor, options
from tabulate import tabulate

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = "/var/tmp"  # where a person would be at home; the machines share this machine's /root
HEALING_SECONDS = 180
ENOUGH = 0.9
EVERYBODY = TRUTH | MADE_TRUTH

YES = "yes"
NOTHING_WRONG = "nothing to do"
NO_COMMAND = "no remedy is a command"


@dataclass(frozen=True)
class Row:
    """What became of one patient. ``healed`` is one of the words above, or why it was not."""

    patient: str
    named: str
    false: str
    healed: str
    seconds: float


AT_HOME = Look(Identity.OPERATOR, with_files=True)


def report(lab: Lab, name: str, *more: str, look: Look = AT_HOME) -> Any:
    """One look at a patient as JSON, the operator's with files unless told otherwise. ``more``: further options."""
    done = msdoctor(lab, name, "run", "-o", "json", *more, user=str(look.identity), with_files=look.with_files)
    if not done.stdout:
        raise LabError(f"msdoctor ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def found(seen: Any) -> Found:
    """Ids with their states, notes left out."""
    # Whatever is worth a note only leaves the verdict as it is.
    causes = [] if seen["verdict"] == "healthy" else seen["causes"]
    return {(cause["id"], cause["state"]) for cause in causes if not is_note(cause)}


def _expected(name: str) -> Found:
    return EVERYBODY[name] | {(id_, "elsewhere") for id_ in ELSEWHERE.get(name, set())}


def _told(seen: Any) -> list[Any]:
    """Causes and what is the matter elsewhere, notes left out."""
    return [cause for cause in (*seen["causes"], *seen["elsewhere"]) if not is_note(cause)]


def differing(lab: Lab, name: str, seen: Any, *more: str) -> str:
    """What any look at a patient names falsely or misses; ``seen`` is the operator's, with files. Empty: nothing."""
    reports = {look: seen if look == AT_HOME else report(lab, name, *more, look=look) for look in LOOKS}
    false = {look: judged(name, look, found(one), one) for look, one in reports.items()}
    return "; ".join(f"{look}: {said}" for look, said in false.items() if said)


def judged(name: str, look: Look, named: Found, seen: Any) -> str:
    """What the table says to one look's report."""
    if look.identity is Identity.ADMIN and seen["flow"]["conclusive"]:
        return "an answer to a member of system:masters passes for a proof"
    return wrong(name, look, named, [item["causes"] for item in seen["alternatives"]], seen["verdict"])


def first_way(cause: Any) -> Iterator[Any]:
    """The remedies of the way that is printed first."""
    first = min((remedy["way"] for remedy in cause["remedies"]), default=0)
    yield from (remedy for remedy in cause["remedies"] if remedy["way"] == first)


def treat(lab: Lab, seen: Any) -> list[str]:
    """Run what is printed for each cause; returns what went wrong."""
    wrong = []
    for cause in _told(seen):
        for remedy in first_way(cause):
            machine = remedy["on"].partition("/")[2] or WORKSTATION
            script = "set -e\n" + "\n".join(remedy["commands"])
            shell = ["sh", "-c", script] if machine == WORKSTATION else ["sh", "-c", f"cd {HOME}\n{script}"]
            try:
                # What is written on the workstation goes with the lab.
                scratch = lab.folder / WORKSTATION
                done = lab.run(machine, shell, env={"KUBECONFIG": str(lab.kubeconfig("operator"))}, cwd=scratch)
            except subprocess.TimeoutExpired:
                wrong.append(f"{cause['id']} on {machine}: waits in vain: {remedy['advice']}")
                break
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


def is_healthy(seen: Any) -> bool:
    """Whether metrics flow for every node without any cause, and all is well elsewhere."""
    return seen["verdict"] in ("healthy", "at-risk") and not found(seen) and not seen["elsewhere"]


def heal(lab: Lab, name: str, seen: Any, *more: str) -> str:
    """Treat what is seen until it is healthy; once more where the first treatment uncovered the next cause."""
    wrong: list[str] = []
    for _ in range(2):
        wrong += treat(lab, seen)
        deadline = time.monotonic() + HEALING_SECONDS
        while time.monotonic() < deadline:
            seen = report(lab, name, *more)
            if is_healthy(seen):
                return YES if not wrong else f"yes, although {'; '.join(wrong)}"
            time.sleep(5)
    left = ", ".join(sorted(f"{id_} ({state})" for id_, state in found(seen)))
    return "; ".join([f"no: {left or seen['verdict']}", *wrong])


def admit(lab: Lab, name: str, *, record: bool = False) -> Row:
    """One patient: brought about, named, treated."""
    began = time.monotonic()
    lab.apply(patient(name, lab.form))
    more = options(name)
    seen = report(lab, name, *more)
    if record and not (FIXTURES / name).exists():
        collect(lab, FIXTURES / name)
    named = found(seen) | {(cause["id"], "elsewhere") for cause in seen["elsewhere"]}
    truth = _expected(name)
    elsewhere = ", ".join(sorted(f"{id_} ({state})" for id_, state in (named ^ truth) if state == "elsewhere"))
    false = "; ".join(filter(None, (differing(lab, name, seen, *more), elsewhere)))
    if not [cause for cause in _told(seen) if cause["remedies"]]:
        healed = NOTHING_WRONG if not truth else NO_COMMAND
    else:
        healed = heal(lab, name, seen, *more)
    return Row(
        name,
        ", ".join(sorted(id_ for id_, _ in named & truth)) or ("none, rightly" if not truth else "NOTHING"),
        false,
        healed,
        round(time.monotonic() - began, 1),
    )


def ward(number: int, waiting: "queue.SimpleQueue[str]", *, record: bool) -> list[Row]:
    """One lab's share: whoever waits, until nobody does."""
    rows: list[Row] = []
    with Lab.up(f"hospital-{os.getpid()}-{number}", patient("healthy", Form.SYSTEMD)) as lab:
        while not waiting.empty():
            name = waiting.get()
            try:
                row = admit(lab, name, record=record)
            except (LabError, subprocess.SubprocessError, ValueError) as error:
                row = Row(name, "", f"{type(error).__name__}: {str(error)[:300]}", "not seen", 0.0)
            rows.append(row)
            print(" | ".join(map(str, (row.patient, row.named, row.false, row.healed, row.seconds))), flush=True)
    return rows


def summary(rows: list[Row]) -> tuple[str, bool]:
    """The table, and whether all is as it has to be."""
    headers = ("patient", "named", "false or missed", "healed", "seconds")
    table = tabulate([(r.patient, r.named, r.false, r.healed, r.seconds) for r in rows], headers=headers)
    exact = [row for row in rows if not row.false]
    treated = [row for row in rows if row.healed not in (NOTHING_WRONG, NO_COMMAND)]
    healed = [row for row in treated if row.healed == YES]
    lines = [table, f"{len(exact)} of {len(rows)} named exactly; {len(healed)} of {len(treated)} healed as printed"]
    lines += [f"not healed: {row.patient}: {row.healed}" for row in treated if row.healed != YES]
    return "\n".join(lines), len(exact) == len(rows) and len(healed) >= ENOUGH * len(treated)


def main() -> None:
    """Every patient that was named, or all, in a few labs side by side."""
    parser = argparse.ArgumentParser(description="Name and treat the lab's patients.")
    parser.add_argument("-j", "--labs", type=int, default=3, help="how many labs side by side")
    parser.add_argument("--record", action="store_true", help="save what is seen of patients without a fixture")
    parser.add_argument("patients", nargs="*", metavar="PATIENT")
    arguments = parser.parse_args()
    names = arguments.patients or list(EVERYBODY)
    if unknown := [name for name in names if name not in EVERYBODY]:
        parser.error(f"{', '.join(unknown)}: not in expected.py")
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)
    labs = min(arguments.labs, len(names))
    with ThreadPoolExecutor(labs) as pool:
        shares = pool.map(lambda number: ward(number, waiting, record=arguments.record), range(labs))
        rows = [row for share in shares for row in share]
    text, good = summary(sorted(rows, key=lambda row: names.index(row.patient)))
    print(text)
    sys.exit(not good)


if __name__ == "__main__":
    main()

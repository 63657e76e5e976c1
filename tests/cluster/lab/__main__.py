"""The lab's command line; `python3 -m lab --help` lists the commands."""

import argparse
import os
import shlex
import subprocess
import sys
import time

from lab import patients, state, variants
from lab.cluster import Lab, LabError, down
from lab.preconditions import NotHereError, check_preconditions
from lab.truth import MASTER, NODES, WORKSTATION, Form


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        check_preconditions()
        code: int = arguments.run(arguments, state.lab_name())
        return code
    except (LabError, NotHereError) as error:
        print(f"lab: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:  # its output has been shown
        print(f"lab: {shlex.join(error.cmd)} ended with {error.returncode}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="A real cluster to break and heal; LAB=NAME says which.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    start = commands.add_parser("up", help="start a lab and leave it up")
    form, patient = os.environ.get("FORM") or "systemd", os.environ.get("PATIENT") or "healthy"
    start.add_argument("--form", choices=[*Form], default=form, help="default: $FORM, else systemd")
    start.add_argument("--patient", type=_name, default=patient, help="default: $PATIENT, else healthy")
    start.set_defaults(run=_up)
    commands.add_parser("down", help="end the lab, sweep up after dead ones").set_defaults(run=_down)
    change = commands.add_parser("patient", help="turn the running lab into a patient")
    change.add_argument("name", type=_name, help="one of patients.py, or made of them: see variants.py")
    change.set_defaults(run=_patient)
    execute = commands.add_parser("exec", help="run a command on a machine: exec MACHINE -- COMMAND…")
    execute.add_argument("machine", choices=(WORKSTATION, *NODES))
    execute.add_argument("command", nargs=argparse.REMAINDER)
    execute.set_defaults(run=_exec)
    commands.add_parser("roots", help="print NODE=DIR of each machine's file system").set_defaults(run=_roots)
    commands.add_parser("status", help="print what the operator sees").set_defaults(run=_status)
    return parser


def _name(text: str) -> str:
    try:
        variants.patient(text)
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"no patient {error}: there are {', '.join(patients.NAMES)}") from None
    return text


def _up(arguments: argparse.Namespace, name: str) -> int:
    if arguments.form not in list(Form):
        raise LabError(f"no form {arguments.form!r}")
    begun = time.monotonic()
    lab = Lab.up(name, variants.patient(arguments.patient, Form(arguments.form)), stays=True)
    (lab.folder / "patient").write_text(arguments.patient)
    print(f"lab {name} is up as {arguments.patient}, control plane {lab.form}, after {time.monotonic() - begun:.0f} s")
    print(_usage(lab))
    return 0


def _usage(lab: Lab) -> str:
    again = f"LAB={lab.name} python3 -m lab"
    roots = "\n".join(f"  {node}={lab.root(node)}   (also {lab.folder / node})" for node in NODES)
    return f"""
a shell on the workstation   {again} exec {WORKSTATION} -- bash      (kubectl there asks as the operator)
a shell on a node            {again} exec {MASTER} -- bash
kubeconfigs                  {lab.kubeconfig("admin").parent}/{{admin,operator,viewer}}.kubeconfig
audit log                    {lab.audit_log()}
another patient              {again} patient story
the end                      {again} down
host roots
{roots}"""


def _down(_arguments: argparse.Namespace, name: str) -> int:
    print(f"lab {name} has ended" if down(name) else f"lab {name} was not up")
    return 0


def _patient(arguments: argparse.Namespace, name: str) -> int:
    lab = Lab.attach(name)
    begun = time.monotonic()
    (lab.folder / "patient").write_text(f"becoming {arguments.name}")
    seen = lab.apply(variants.patient(arguments.name, lab.form))
    (lab.folder / "patient").write_text(arguments.name)
    print(f"lab {name} is {arguments.name} after {time.monotonic() - begun:.0f} s\n{seen}")
    return 0


def _exec(arguments: argparse.Namespace, name: str) -> int:
    lab = Lab.attach(name)
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    argv = lab.command(arguments.machine, command or ["bash"])
    os.execvpe(argv[0], argv, lab.environment())


def _roots(_arguments: argparse.Namespace, name: str) -> int:
    lab = Lab.attach(name)
    for node in NODES:
        print(f"{node}={shlex.quote(str(lab.root(node)))}")
    return 0


def _status(_arguments: argparse.Namespace, name: str) -> int:
    lab = Lab.attach(name)
    patient = lab.folder / "patient"
    print(f"lab {name}: {patient.read_text() if patient.exists() else 'starting'}, control plane {lab.form}")
    print(lab.look())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

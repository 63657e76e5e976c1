"""What is stored in the API server: the objects of `lab/objects`."""

import json
from collections.abc import Iterable

from lab import objects, vertical
from lab.machines import LabError, Machines
from lab.objects.kinds import Object
from lab.truth import Truth


def agree(machines: Machines, truth: Truth) -> None:
    """Take away what is there and unwanted, make what is not, and write the rest anew."""
    authorities = machines.authorities
    had_vpas = machines.kubectl("get", "crd", vertical.KINDS[0], check=False).returncode == 0
    gone = [*objects.unwanted(truth, authorities), *(objects.unwanted_of_vpas(truth) if had_vpas else ())]
    for kind, namespace, name in gone:
        where = ["-n", namespace] if namespace else []
        machines.kubectl("delete", kind, name, *where, "--ignore-not-found", "--wait=true")
    wanted = objects.wanted(truth, authorities)
    kinds = [thing for thing in wanted if thing["kind"] == "CustomResourceDefinition"]
    if kinds:
        defined = _list_of(kinds)
        machines.kubectl("apply", "-f", "-", stdin=defined)
        machines.kubectl("wait", "--for=condition=Established", "-f", "-", stdin=defined)
    items = [thing for thing in wanted if thing not in kinds]
    machines.kubectl("create", "-f", "-", stdin=_list_of(items), check=False)
    # What was there is replaced: unlike apply, that takes away what others have added.
    text = _list_of(thing for thing in items if thing["kind"] != "Job")
    # An object's controller may write its status between kubectl's reading and its writing.
    tries = (machines.kubectl("replace", "-f", "-", stdin=text, check=False) for _ in range(10))
    last = next((done for done in tries if done.returncode == 0 or "Conflict" not in done.stderr), None)
    if last is None or last.returncode != 0:
        raise LabError(f"objects cannot be replaced: {last.stderr if last else 'conflicts without end'}")


def _list_of(things: Iterable[Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(things)})

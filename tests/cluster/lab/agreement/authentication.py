"""ConfigMap extension-apiserver-authentication, which the API server writes."""

import csv
import json
import time

from lab.commands import last_value
from lab.machines import LabError, Machines
from lab.truth import MASTER, Truth

AUTHENTICATION = "extension-apiserver-authentication"


def agree(machines: Machines, truth: Truth) -> bool:
    """Remake the ConfigMap that the API server tells its extensions by: it only ever adds to it."""
    deadline = time.monotonic() + 90
    remade = False
    while time.monotonic() < deadline:
        shown = machines.kubectl("get", "configmap", "-n", "kube-system", AUTHENTICATION, "-o", "json", check=False)
        if shown.returncode == 0:
            if _tells(machines, json.loads(shown.stdout)["data"], truth):
                return _keep_published_names(machines, truth) or remade
            if not remade:
                machines.kubectl("delete", "configmap", "-n", "kube-system", AUTHENTICATION)
                remade = True
        time.sleep(0.3)
    raise LabError(f"the API server did not write ConfigMap {AUTHENTICATION} as wanted")


def _keep_published_names(machines: Machines, truth: Truth) -> bool:
    """Add what the flags of an earlier day would have left in the ConfigMap, which nobody takes away again."""
    names = json.dumps(truth.apiserver.published_names)
    patch = json.dumps({"data": {"requestheader-allowed-names": names}})
    if truth.apiserver.published_names:
        machines.kubectl("patch", "configmap", "-n", "kube-system", AUTHENTICATION, "--type=merge", "-p", patch)
    return bool(truth.apiserver.published_names)


def _tells(machines: Machines, data: dict[str, str], truth: Truth) -> bool:
    header = truth.apiserver.requestheader
    if header is None:
        return not any(key.startswith("requestheader") for key in data)
    ca = machines.file(MASTER, last_value(truth.apiserver, MASTER, "--requestheader-client-ca-file"))
    lists = {
        # One line of CSV to the API server, which takes off quotes.
        "allowed-names": next(csv.reader([",".join(header.allowed_names)])),
        "username-headers": [header.username_headers],
        "group-headers": [header.group_headers],
        "extra-headers-prefix": [header.extra_headers_prefix],
    }
    return (
        all(json.loads(data.get(f"requestheader-{key}", "null")) == value for key, value in lists.items())
        and ca.exists()
        and data.get("requestheader-client-ca-file", "").strip() == ca.read_text().strip()
    )

"""Roles and bindings at random, and what the real API server makes of them.

``python tests/cluster/random_rights.py`` brings up a lab of its own and writes what `tests/facts/test_rbac.py` replays.
"""

import gzip
import json
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.cluster import Lab
from lab.truth import Form
from lab.variants import patient

from msdoctor.bundle import WORKSTATION, Bundle, Context, Document, Kind, Place, bundle_of
from msdoctor.collect.api import parse_review
from msdoctor.facts import paths
from msdoctor.facts.rbac import Rbac, Request, rbac, service_account
from msdoctor.model import Unseen

Json = dict[str, Any]

VERDICTS = Path(__file__).resolve().parents[1] / "facts" / "rbac_verdicts.json.gz"
API_GROUP = "rbac.authorization.k8s.io"
NAMESPACES = ("rights-a", "rights-b")
ACCOUNTS = tuple((namespace, name) for namespace in NAMESPACES for name in ("one", "two"))
VERBS = ("get", "list", "watch", "create")
RESOURCES = (
    ("", "nodes"),
    ("", "nodes/metrics"),
    ("", "pods"),
    ("", "configmaps"),
    ("apps", "deployments/scale"),
    ("custom.metrics.k8s.io", "pods/metrics"),
    ("authorization.k8s.io", "subjectaccessreviews"),
)
NAMES = ("first", "second")
LABEL = "lab/random-rights"
QUESTIONS = 400


def objects(dice: random.Random) -> list[Json]:
    """Namespaces, roles of every kind, and bindings of every kind of subject, some of them to nothing."""
    found = [_object("v1", "Namespace", name) for name in NAMESPACES]
    for number in range(14):
        rules = [_rule(dice) for _ in range(dice.randint(1, 2))]
        found.append(_object(f"{API_GROUP}/v1", "ClusterRole", f"random-{number}", label=str(number % 4), rules=rules))
    for number in range(3):
        selectors = [_selector(dice) for _ in range(dice.randint(1, 2))]
        rule = {"clusterRoleSelectors": selectors}
        found.append(
            _object(f"{API_GROUP}/v1", "ClusterRole", f"random-aggregated-{number}", aggregationRule=rule, rules=[])
        )
    for number in range(12):
        rules = [_rule(dice)]
        found.append(_object(f"{API_GROUP}/v1", "Role", f"random-{number % 6}", NAMESPACES[number // 6], rules=rules))
    found += [_binding(dice, number) for number in range(24)]
    return found


def _object(version: str, kind: str, name: str, namespace: str = "", label: str = "", **rest: object) -> Json:
    metadata: Json = {"name": name, "labels": {LABEL: label or "none"}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _rule(dice: random.Random) -> Json:
    group, resource = dice.choice(RESOURCES)
    _, _, subresource = resource.partition("/")
    wild = ["*", f"*/{subresource}"] if subresource else ["*"]
    rule: Json = {
        "verbs": dice.sample(VERBS, dice.randint(1, 2)) if dice.random() < 0.8 else ["*"],
        "apiGroups": [group] if dice.random() < 0.8 else ["*"],
        "resources": [resource if dice.random() < 0.7 else dice.choice(wild)],
    }
    if dice.random() < 0.3:
        rule["resourceNames"] = [dice.choice(NAMES)]
    return rule


def _selector(dice: random.Random) -> Json:
    values = dice.sample(["0", "1", "2", "3"], dice.randint(1, 2))
    expression = {"key": LABEL, "operator": dice.choice(["In", "NotIn"]), "values": [*values, "none"]}
    return {"matchLabels": {LABEL: values[0]}} if dice.random() < 0.5 else {"matchExpressions": [expression]}


def _binding(dice: random.Random, number: int) -> Json:
    namespace = dice.choice(("", *NAMESPACES))
    names = [f"random-{n}" for n in range(16)] + [f"random-aggregated-{n}" for n in range(3)]
    kind = "Role" if namespace and dice.random() < 0.5 else "ClusterRole"
    reference = {"apiGroup": API_GROUP, "kind": kind, "name": dice.choice(names)}
    subjects = [_subject(dice, namespace) for _ in range(dice.randint(1, 2))]
    bound = "RoleBinding" if namespace else "ClusterRoleBinding"
    return _object(f"{API_GROUP}/v1", bound, f"random-{number}", namespace, roleRef=reference, subjects=subjects)


def _subject(dice: random.Random, namespace: str) -> Json:
    home, name = dice.choice(ACCOUNTS)
    chance = dice.random()
    if chance < 0.5:
        without = bool(namespace) and dice.random() < 0.4
        return {"kind": "ServiceAccount", "name": name} | ({} if without else {"namespace": home})
    if chance < 0.7:
        return {"apiGroup": API_GROUP, "kind": "User", "name": f"system:serviceaccount:{home}:{name}"}
    groups = [f"system:serviceaccounts:{home}", f"system:serviceaccounts:{home}", "system:unauthenticated", "others"]
    groups += ["system:serviceaccounts", "system:authenticated"] if dice.random() < 0.2 else []
    return {"apiGroup": API_GROUP, "kind": "Group", "name": dice.choice(groups)}


def questions(dice: random.Random) -> list[tuple[str, str, Request]]:
    """Who, by namespace and name, and what."""
    asked = []
    for _ in range(QUESTIONS):
        group, resource = dice.choice(RESOURCES)
        namespace, name = dice.choice(("", *NAMESPACES)), dice.choice(("", "", *NAMES))
        asked.append((*dice.choice(ACCOUNTS), Request(dice.choice(VERBS), resource, group, namespace, name)))
    return asked


def judged(lab: Lab, seed: int) -> Json:
    """Random roles and bindings as the API server lists them, and its answers about them."""
    dice = random.Random(seed)
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(dice)})
    lab.kubectl("create", "-f", "-", stdin=text)
    lists = _filled(lab)
    asked = questions(dice)
    reviews = [parse_review(what.review(service_account(space, name).name))[1] for space, name, what in asked]
    stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
    answered = list(_documents(lab.kubectl("create", "-f", "-", "-o", "json", stdin=stream).stdout))
    answers = [
        [space, name, what.verb, what.resource, what.group, what.namespace, what.name, review["status"]["allowed"]]
        for (space, name, what), review in zip(asked, answered, strict=True)
    ]
    return {"seed": seed, "lists": lists, "answers": answers}


def _documents(text: str) -> Iterator[Json]:
    """JSON values one after the other, as kubectl prints what it has created."""
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].lstrip()


def _filled(lab: Lab) -> Json:
    """The four lists, once the controller has put the aggregated roles together and is done."""
    deadline, before = time.monotonic() + 20, None
    while True:
        lists: Json = {path: json.loads(lab.kubectl("get", "--raw", path).stdout) for path in paths.RBAC}
        roles = [role for role in lists[paths.CLUSTER_ROLES]["items"] if "aggregationRule" in role]
        rules = [role.get("rules") for role in roles]
        if (rules == before and all(rules)) or time.monotonic() > deadline:
            return {path: {"items": [_bare(item) for item in one["items"]]} for path, one in lists.items()}
        before = rules
        time.sleep(1)


def _bare(item: Json) -> Json:
    metadata = {key: item["metadata"][key] for key in ("name", "namespace", "labels") if key in item["metadata"]}
    return {**item, "metadata": metadata}


def differences(verdicts: Json) -> list[str]:
    """Answers that msdoctor works out otherwise than the API server gave them."""
    known = worked_out(verdicts["lists"])
    found = []
    for space, name, verb, resource, group, namespace, named, allowed in verdicts["answers"]:
        what = Request(verb, resource, group, namespace, named)
        if known.allows(service_account(space, name), what) is not allowed:
            found.append(f"{space}/{name} {what}: the API server says {allowed}, seed {verdicts['seed']}")
    return found


def worked_out(lists: Json) -> Rbac:
    """The roles and bindings of some lists, by the paths that they were read from."""
    known = rbac(_bundle(lists))
    assert not isinstance(known, Unseen)
    return known


def _bundle(lists: Json) -> Bundle:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    places = {Place(WORKSTATION, Kind.API, path): json.dumps(one).encode() for path, one in lists.items()}
    return bundle_of([Document(place, now, body) for place, body in places.items()], now, Context())


def main() -> None:
    """Write verdicts for the tests that need no cluster."""
    with Lab.up(f"rights-{os.getpid()}", patient("healthy", Form.SYSTEMD), settle=False) as lab:
        verdicts = judged(lab, seed=20261128)
    VERDICTS.write_bytes(gzip.compress(json.dumps(verdicts, separators=(",", ":")).encode(), mtime=0))
    print(len(verdicts["answers"]), "answers,", len(differences(verdicts)), "differ")


if __name__ == "__main__":
    main()

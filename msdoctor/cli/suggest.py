"""What the values of options and arguments may be, for a shell that completes a word. Each is light to import.

The functions are click's ``shell_complete`` of a parameter. Nothing is said where something is missing or broken: who
is in the middle of a line wants no message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import click

    from msdoctor.kubeconfig_files import Entry, Merged

Items = list[CompletionItem[str]]

_SERVICE_ACCOUNT = "system:serviceaccount:"
CLUSTER_SECONDS = 1.5  # for a word, credential plugin included


def files(_context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """Files, by the shell's own way."""
    return [CompletionItem(word, type="file")]


def directories(_context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """Directories, by the shell's own way."""
    return [CompletionItem(word, type="dir")]


def host_roots(_context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """``[NODE=]DIR``: the directory."""
    name, equals, folder = word.partition("=")
    if equals and "/" not in name:
        return [CompletionItem(folder, type="dir", prefix=f"{name}=")]
    return [CompletionItem(word, type="dir")]


def contexts(context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """The kubeconfig's contexts, with cluster and user of each. Asks no cluster."""

    def described(entry: Entry, merged: Merged) -> str:
        current = "the current one, " if entry.name == merged.current else ""
        return f"{current}cluster {entry.values.get('cluster', '?')}, user {entry.values.get('user', '?')}"

    return _from_kubeconfig("context", context, word, described)


def clusters(context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """The kubeconfig's clusters, with the address of each."""
    return _from_kubeconfig("cluster", context, word, lambda entry, _: str(entry.values.get("server", "")))


def users(context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """The kubeconfig's users."""
    return _from_kubeconfig("user", context, word, lambda _entry, _merged: "")


def ids_or_files(context: click.Context, parameter: click.Parameter, word: str) -> Items:
    """What `explain` takes: an id is the only word, files may be many."""
    first = not context.params.get(parameter.name or "")
    ids = [CompletionItem(name, help=title) for name, title in _ids(context).items()] if first else []
    return [*_begun(ids, word), CompletionItem(word, type="file")]


def findings(context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """Ids and letters of hops, of which several may stand between commas; none twice."""
    before, comma, begun = word.rpartition(",")
    given = before.split(",")
    from msdoctor.model import HOP_NAMES

    hops = {str(hop): f"every finding of {name}" for hop, name in HOP_NAMES.items()}
    return [
        CompletionItem(f"{before}{comma}{name}", help=title)
        for name, title in {**_ids(context), **hops}.items()
        if name.startswith(begun) and name not in given
    ]


def accounts(context: click.Context, _parameter: click.Parameter, word: str) -> Items:
    """``NAME[,GROUP…]``: ServiceAccounts, by the cluster's namespaces. Other users' names no cluster knows."""
    if not word.startswith(_SERVICE_ACCOUNT):
        return _begun([CompletionItem(_SERVICE_ACCOUNT, help="a ServiceAccount, by namespace and name")], word)
    namespace, colon, _ = word.removeprefix(_SERVICE_ACCOUNT).partition(":")
    if colon:
        names = _in_cluster(context, f"/api/v1/namespaces/{namespace}/serviceaccounts")
        found = [CompletionItem(f"{_SERVICE_ACCOUNT}{namespace}:{name}") for name in names]
    else:
        found = [CompletionItem(f"{_SERVICE_ACCOUNT}{name}:") for name in _in_cluster(context, "/api/v1/namespaces")]
    return _begun(found, word)


def _begun(items: Items, word: str) -> Items:
    return [item for item in items if item.value.startswith(word)]


def _from_kubeconfig(kind: str, context: click.Context, word: str, described: Callable[[Entry, Merged], str]) -> Items:
    import os

    from msdoctor.kubeconfig_files import in_effect, merge

    try:
        merged = merge(in_effect(context.params.get("kubeconfig"), os.environ))
    except GivenError:
        return []
    entries = merged.entries[kind].values()
    return _begun([CompletionItem(entry.name, help=described(entry, merged)) for entry in entries], word)


def _ids(context: click.Context) -> Mapping[str, str]:
    """Every id and its title, those of the checks in ``--checks`` and of installed packages too."""
    from msdoctor.registry import load_index

    try:
        return {entry.id: entry.title for entry in load_index(context.params.get("folders") or ()).entries}
    except GivenError:
        return {}


def _in_cluster(context: click.Context, path: str) -> Iterator[str]:
    """The names of the objects that the API server lists, or nothing where it does not answer soon."""
    import threading

    from msdoctor.collect.kubeconfig import Choice
    from msdoctor.collect.names import names

    chosen = Choice(*[context.params.get(name) for name in ("kubeconfig", "context", "cluster", "user")])
    found: list[str] = []
    # A thread that is not waited for any longer: a name server that does not answer keeps nobody.
    look = threading.Thread(target=lambda: found.extend(names(chosen, path, CLUSTER_SECONDS)), daemon=True)
    look.start()
    look.join(CLUSTER_SECONDS)
    return iter(found)

"""What metrics-server's chart makes of its values, as far as this pipeline goes.

Source: metrics-server charts/metrics-server (3.12 and newer): values.yaml, templates/deployment.yaml and
templates/apiservice.yaml.
"""

from __future__ import annotations

from typing import Any

from msdoctor.repository import trees
from msdoctor.repository.pieces import Object
from msdoctor.repository.place import At
from msdoctor.repository.trees import Tree

NAME = "metrics-server"
KEYS = frozenset(
    {
        "addonResizer",
        "apiService",
        "args",
        "containerPort",
        "defaultArgs",
        "hostNetwork",
        "metrics",
        "serviceMonitor",
        "tls",
    }
)
OWN_ARGUMENTS = (
    "--cert-dir=/tmp",
    "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    "--kubelet-use-node-status-port",
    "--metric-resolution=15s",
)
PORT = 10250


def made(value: Any, at: At) -> Tree:
    """A value without a place of its own, at that of what it follows from."""
    if isinstance(value, dict):
        fields = {name: item if isinstance(item, Tree) else made(item, at) for name, item in value.items()}
        return Tree(fields, at, keys={name: item.at for name, item in fields.items()})
    if isinstance(value, list | tuple):
        return Tree([item if isinstance(item, Tree) else made(item, at) for item in value], at)
    return Tree(value, at)


def of_values(tree: Tree, path: str) -> Object | None:
    """The Deployment that a file of values makes, of the chart itself or of one that has it as a dependency."""
    nested = tree.get(NAME)
    if nested is not None and KEYS.intersection(nested.fields):
        return Object(of(nested))
    own = KEYS.intersection(tree.fields)
    told = NAME in path or any(str(word.value).startswith("--kubelet-") for word in _words(tree, "args", "defaultArgs"))
    return Object(of(tree)) if own and told else None


def of_release(tree: Tree) -> Object | None:
    """The same of a HelmRelease, a HelmChart or an Application that installs the chart."""
    kind, spec = tree.text("kind"), tree.get("spec") or Tree({}, tree.at)
    values: Tree | None = None
    if kind == "HelmRelease" and spec.text("chart", "spec", "chart") == NAME:
        values = spec.get("values")
    elif kind == "Application":
        sources = (*((spec.get("sources") or spec).items), *filter(None, [spec.get("source")]))
        source = next((one for one in sources if one.text("chart") == NAME), None)
        if source is None:
            return None
        values = source.get("helm", "valuesObject") or _read(source.get("helm", "values"))
        values = _with(values or Tree({}, tree.at), source.get("helm", "parameters"))
    elif kind == "HelmChart" and spec.text("chart").rpartition("/")[2] == NAME:
        values = _read(spec.get("valuesContent"))
    elif not (kind == "HelmChartConfig" and tree.text("metadata", "name").endswith(NAME)):
        return None
    else:
        values = _read(spec.get("valuesContent"))
    return Object(of(values or Tree({}, tree.at)))


def _with(values: Tree, parameters: Tree | None) -> Tree:
    """With the arguments that parameters give beside them: ``args[0]`` and the like."""
    given = [one.get("value") for one in (parameters or Tree([], values.at)).items if one.text("name")[:5] == "args["]
    args = [word for word in given if word is not None]
    if not args:
        return values
    return Tree({**values.fields, "args": Tree([*_words(values, "args"), *args], args[0].at)}, values.at)


def _read(text: Tree | None) -> Tree | None:
    """Values that are given as a text."""
    if text is None or not isinstance(text.value, str):
        return None
    block = 1 if text.end > text.at.line else 0
    read = trees.read("\n" * (text.at.line - 1 + block) + text.value, text.at.file)
    return next(iter(read.trees), None)


def _words(tree: Tree, *names: str) -> list[Tree]:
    return [word for name in names for word in (tree.get(name) or Tree([], tree.at)).items]


def of(values: Tree) -> Tree:
    """The Deployment that the chart makes of values."""
    port = values.text("containerPort", default=str(PORT))
    number = int(port) if port.isdecimal() else PORT
    at = values.get("containerPort")
    args = [made(f"--secure-port={number}", at.at if at else values.at)]
    given = values.get("defaultArgs")
    args += given.items if given else [made(word, values.at) for word in OWN_ARGUMENTS]
    args += _words(values, "args")
    tag = values.text("image", "tag")
    repository = values.text("image", "repository", default="registry.k8s.io/metrics-server/metrics-server")
    return deployment(
        args,
        values.at,
        port=number,
        image=f"{repository}:{tag}" if tag else repository,
        host_network=values.text("hostNetwork", "enabled") == "true",
    )


def deployment(args: list[Tree], at: At, *, port: int, image: str, host_network: bool = False) -> Tree:
    """A Deployment of metrics-server with these arguments."""
    labels = {"k8s-app": NAME, "app.kubernetes.io/name": NAME}
    probe = {"httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"}}
    container = {
        "name": NAME,
        "image": image,
        "args": Tree(list(args), at),
        "ports": [{"containerPort": port, "name": "https"}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  the chart's own
    }
    spec = {
        "containers": [container],
        "hostNetwork": host_network,
        "serviceAccountName": NAME,
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    return made(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME, "namespace": "kube-system", "labels": labels},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
        },
        at,
    )


def apiservice(skips_verification: Tree, at: At) -> Tree:
    """The APIService that goes with it."""
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "insecureSkipTLSVerify": skips_verification,
        "service": {"name": NAME, "namespace": "kube-system"},
    }
    head = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    return made({**head, "metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": spec}, at)

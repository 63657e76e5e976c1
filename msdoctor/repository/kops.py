"""What kops makes of a cluster's spec, as far as this pipeline goes.

Sources: kops pkg/apis/kops/componentconfig.go (KubeAPIServerConfig, KubeletConfigSpec: the ``flag`` tags),
pkg/apis/kops/cluster.go (MetricsServerConfig), nodeup/pkg/model/kube_apiserver.go (the aggregation flags that it sets
itself), upup/models/cloudup/resources/addons/metrics-server.addons.k8s.io/k8s-1.11.yaml.template.
"""

from __future__ import annotations

from collections.abc import Iterator

from msdoctor.repository import charts
from msdoctor.repository.kubeadm import static_pod
from msdoctor.repository.pieces import KubeletSettings, Object, StaticPod, Text
from msdoctor.repository.place import At
from msdoctor.repository.trees import Tree

NAME = "kops"
FOLDER = "/srv/kubernetes/kube-apiserver"
# Fields of the API server that concern this pipeline, by the flag that each becomes.
FLAGS = {
    "clientCAFile": "client-ca-file",
    "enableAggregatorRouting": "enable-aggregator-routing",
    "authorizationMode": "authorization-mode",
    "proxyClientCertFile": "proxy-client-cert-file",
    "proxyClientKeyFile": "proxy-client-key-file",
    "requestheaderAllowedNames": "requestheader-allowed-names",
    "requestheaderClientCAFile": "requestheader-client-ca-file",
    "requestheaderExtraHeaderPrefixes": "requestheader-extra-headers-prefix",
    "requestheaderGroupHeaders": "requestheader-group-headers",
    "requestheaderUsernameHeaders": "requestheader-username-headers",
}
OWN = {
    "authorization-mode": "Node,RBAC",
    "client-ca-file": f"{FOLDER}/ca.crt",
    "proxy-client-cert-file": f"{FOLDER}/apiserver-aggregator.crt",
    "proxy-client-key-file": f"{FOLDER}/apiserver-aggregator.key",
    "requestheader-allowed-names": "aggregator",
    "requestheader-client-ca-file": f"{FOLDER}/apiserver-aggregator-ca.crt",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
}


def pieces(tree: Tree) -> Iterator[tuple[StaticPod | KubeletSettings | Object, str]]:
    """Of a Cluster: its API server, its kubelets' settings, and metrics-server where kops installs it."""
    spec = tree.get("spec") or Tree({}, tree.at)
    given = [
        (flag, ",".join(str(item.value) for item in field.items) or spec.text("kubeAPIServer", name), _first(field))
        for name, flag in FLAGS.items()
        if (field := spec.get("kubeAPIServer", name)) is not None
    ]
    pod = static_pod("kube-apiserver", OWN, given, spec.keys.get("kubeAPIServer", tree.at))
    yield StaticPod("kube-apiserver", pod, NAME), "kops cluster spec"
    kubelet = spec.get("kubelet")
    if kubelet is not None:
        yield KubeletSettings(_kubelet(kubelet), NAME), "kops cluster spec: kubelets"
    if spec.text("metricsServer", "enabled") == "true":
        installed = spec.get("metricsServer") or spec
        yield Object(_metrics_server(installed)), "kops cluster spec: metrics-server"
        yield Object(_apiservice(installed)), "kops cluster spec: metrics-server's APIService"


def _first(field: Tree) -> At:
    return field.items[0].at if field.items else field.at


def _kubelet(kubelet: Tree) -> Text:
    """A KubeletConfiguration with the same settings, those that stand elsewhere there put in their place."""
    lines = ["kind: KubeletConfiguration", "apiVersion: kubelet.config.k8s.io/v1beta1"]
    places: dict[int, At] = {}

    def add(line: str, *names: str) -> None:
        field = kubelet.get(names[0]) if names else None
        lines.append(line)
        if field is not None:
            places[len(lines)] = kubelet.keys.get(names[0], field.at)

    anonymous = kubelet.text("anonymousAuth", default="false")
    webhook = kubelet.text("authenticationTokenWebhook", default="true")
    lines.append("authentication:")
    lines.append("  anonymous:")
    add(f"    enabled: {anonymous}", "anonymousAuth")
    lines.append("  webhook:")
    add(f"    enabled: {webhook}", "authenticationTokenWebhook")
    lines.append("authorization:")
    add(f"  mode: {kubelet.text('authorizationMode', default='Webhook')}", "authorizationMode")
    if kubelet.text("rotateCertificates") or kubelet.get("serverTLSBootstrap"):
        add(f"serverTLSBootstrap: {kubelet.text('serverTLSBootstrap', default='false')}", "serverTLSBootstrap")
    add("tlsCertFile: /srv/kubernetes/kubelet-server.crt")
    add("tlsPrivateKeyFile: /srv/kubernetes/kubelet-server.key")
    return Text("\n".join(lines) + "\n", kubelet.at, places)


def _metrics_server(installed: Tree) -> Tree:
    args = [charts.made(word, installed.at) for word in ("--secure-port=4443", "--cert-dir=/tmp")]
    return charts.deployment(args, installed.at, port=4443, image=installed.text("image"))


def _apiservice(installed: Tree) -> Tree:
    """``insecure``, which is true without a word of it, is about this hop and not about kubelets."""
    insecure = installed.get("insecure")
    skips = insecure is None or insecure.value is True
    return charts.apiservice(charts.made(skips, insecure.at if insecure else installed.at), installed.at)

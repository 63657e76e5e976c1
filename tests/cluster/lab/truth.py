"""What should be true of the cluster: one frozen value that everything else in the lab is derived from.

A fault is `dataclasses.replace` of the healthy value; healing is applying the unchanged value again. Nothing in the lab
is switched on or off by hand: `files.py` and `units.py` turn this value into files and units, `objects` into API
objects, `network.py` into firewall rules, and `cluster.Lab.apply` makes the machines agree with them.

Where a new fault goes:
- a flag, certificate or argument that has a field here: only a line in `patients.py`;
- anything else: a field here whose default is the healthy state, its use in one of those above, and a line in
  `patients.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Literal

MASTER = "k8s-master"
NODE1 = "k8s-node1"
WORKSTATION = "workstation"
NODES = (MASTER, NODE1)
# A second card of k8s-node1 whose network nobody else has, as Vagrant's machines have one.
NAT_ADDRESS = "10.0.2.15"
ADDRESSES = {WORKSTATION: "192.168.10.1", MASTER: "192.168.10.50", NODE1: "192.168.10.51"}


Tale = Literal["no-containers", "zero-start", "node-cpu-zero", "nothing", "cpu-decrease"]


class Form(StrEnum):
    """How the control plane runs; chosen once, when a lab starts."""

    SYSTEMD = "systemd"
    STATIC = "static"


@dataclass(frozen=True)
class RequestHeader:
    """The `--requestheader-*` flags of the API server: the story's guide's, but that the prefix has its dash.

    `client_ca_file` is a path on k8s-master; an empty tuple of names means that the flag is left out. Names are given
    as they stand in the flag, quotes included.
    """

    client_ca_file: str = "/var/lib/kubernetes/front-proxy-ca.pem"
    allowed_names: tuple[str, ...] = ("front-proxy-ca",)
    extra_headers_prefix: str = "X-Remote-Extra-"
    group_headers: str = "X-Remote-Group"
    username_headers: str = "X-Remote-User"


@dataclass(frozen=True)
class ProxyClient:
    """The `--proxy-client-*` flags of the API server: paths on k8s-master."""

    cert_file: str = "/var/lib/kubernetes/front-proxy.pem"
    key_file: str = "/var/lib/kubernetes/front-proxy-key.pem"


@dataclass(frozen=True)
class ApiServer:
    """The part of kube-apiserver's flags that the metrics pipeline depends on.

    `verifies_kubelets` adds `--kubelet-certificate-authority`. kubeadm leaves it out, and so does the story, whose
    `kubectl logs` works in spite of a kubelet's wrong certificate. `published_names` are allowed names that the
    ConfigMap has kept from flags of an earlier day. `environ` is what its process finds in its environment.
    `extra_flags` come last, so that they win over namesakes.
    `serving` is the certificate that it serves: the one that it shows to others as well, one of its own, or such a one
    that has expired, with which it was started again. `egress`: what it asks of nodes and pods goes to a tunnel,
    through the socket of unit `konnectivity-server`.
    """

    requestheader: RequestHeader | None = RequestHeader()
    proxy_client: ProxyClient | None = ProxyClient()
    enable_aggregator_routing: bool = True
    verifies_kubelets: bool = False
    extra_flags: tuple[str, ...] = ()
    published_names: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    serving: Literal["shared", "own", "own-expired"] = "shared"
    egress: bool = False


@dataclass(frozen=True)
class FrontProxyCert:
    """Subject, issuer, validity and usages of /var/lib/kubernetes/front-proxy.pem, and what became of its key.

    The common name is the one that the guide's `--requestheader-allowed-names` lists. Of issuer `front-proxy-issuing`,
    an intermediate CA of `front-proxy`, the file holds the certificate of that CA too. `key`: `swapped` puts another
    one in its place while the API server runs, `swapped-and-restarted` then starts it anew, which it does not survive.
    """

    common_name: str = "front-proxy-ca"
    organization: str | None = None
    usages: tuple[Literal["server", "client"], ...] = ("server", "client")
    key: Literal["own", "swapped", "swapped-and-restarted"] = "own"
    issuer: Literal["front-proxy", "front-proxy-issuing", "cluster", "other"] = "front-proxy"
    begins: timedelta = timedelta(hours=-1)
    ends: timedelta = timedelta(days=365)


@dataclass(frozen=True)
class ServingCert:
    """The certificate that a kubelet serves from a file.

    `ips` and `dns_names` are its SANs; `issuer` names one of the lab's authorities, or `self`; `begins` and `ends` are
    relative to the moment at which the certificate is made; `usages` are its extended key usages.
    """

    ips: tuple[str, ...]
    dns_names: tuple[str, ...]
    issuer: Literal["cluster", "other", "remade", "self"] = "cluster"
    begins: timedelta = timedelta(hours=-1)
    ends: timedelta = timedelta(days=365)
    usages: tuple[Literal["server", "client"], ...] = ("server", "client")


@dataclass(frozen=True)
class Kubelet:
    """One node's kubelet.

    `mode` says where its serving certificate comes from: `file` (tlsCertFile, as hand-built clusters do), `self-signed`
    (the kubelet's own, kubeadm's default) or `bootstrap` (serverTLSBootstrap). `requests` says what becomes of its
    requests then: a `csr-decider` on k8s-master denies or approves each that it sees, or they are left alone. `renewed`
    is written over the certificate's file once the kubelet has started; `reloads` whether it looks at that file again.
    `node_ip` is an address that it registers instead of its machine's own; `metrics_path` annotates its Node; `port` is
    where it listens. `tale` is what becomes of its figures on the way to metrics-server, see `stand_ins/figures.py`.
    `short_of_pids` has it want more process numbers left than there are. `shut_down`: what a cloud's controller has
    written of its machine, on its Node. `restarts_at_once`: a container that ends is not made to wait for minutes.
    """

    serving_cert: ServingCert
    mode: Literal["file", "self-signed", "bootstrap"] = "file"
    anonymous: bool = False
    webhook_authentication: bool = True
    webhook_authorization: bool = True
    running: bool = True
    requests: Literal["left", "denied", "approved"] = "left"
    renewed: ServingCert | None = None
    reloads: bool = True
    node_ip: str | None = None
    metrics_path: str | None = None
    port: int = 10250
    tale: Tale | None = None
    short_of_pids: bool = False
    shut_down: bool = False
    restarts_at_once: bool = False


@dataclass(frozen=True)
class ServerPod:
    """What metrics-server's pod asks of the cluster, and what that has against it; the defaults are upstream's.

    `image` stands in place of the release's own. `selector` is added to its nodeSelector. `user` is its runAsUser, None
    leaves that to the image. `writable`: whether it has a volume on /tmp, its only place to write to. `critical`: its
    priority class. `prefers` is the node that takes it as long as it can. `rolling`: a new pod is made before the old
    one goes. `quota` lets the namespace have no pod but CoreDNS's. `taint` is on every node.
    `patience`: after how many seconds without an answer it is ended.
    """

    image: str | None = None
    selector: tuple[tuple[str, str], ...] = ()
    cpu_limit: str | None = None
    memory: str = "200Mi"
    memory_limit: str | None = None
    user: int | None = 1000
    writable: bool = True
    critical: bool = True
    prefers: str | None = None
    rolling: bool = False
    quota: bool = False
    taint: str | None = None
    patience: int = 30


@dataclass(frozen=True)
class Rights:
    """What is bound to metrics-server's ServiceAccount; the defaults are upstream's.

    `to` is whom the three bindings name: the account, one of its name in another namespace, or its namespace's group.
    `auth_reader` and `delegator`: whether those bindings are there. `role` says what its ClusterRole, or the binding of
    that, is like: `gone` leaves a binding to nothing, `no-watch` lets it get and list alone, `aggregated` has it put
    together by the controller. `account` is the ServiceAccount that its pods run as.
    """

    to: Literal["account", "account-elsewhere", "group"] = "account"
    auth_reader: bool = True
    delegator: bool = True
    role: Literal["bound", "unbound", "gone", "no-watch", "aggregated"] = "bound"
    account: str = "metrics-server"


@dataclass(frozen=True)
class MetricsServer:
    """The Deployment, Service and role of metrics-server; the defaults are upstream's of 0.8.0, at a faster pace.

    `version` is its release, one of `binaries.METRICS_SERVER_VERSIONS`.
    `kubelet_rights` is what its role lets it get from kubelets; `node` the only node that may take its pod, if any is.
    `account`: `remade` deletes its ServiceAccount and makes it anew while the pod runs. `token`: `secret` has it use a
    token that somebody took for an hour, and put into a Secret, an hour ago, in place of the one that a kubelet renews.
    `tls_cert` is served in place of one that it signs for itself, from a Secret. `issuer`: cert-manager was to fill
    that Secret, and an ACME issuer has refused the common name, or the names; or it did (`issued`). `has_service`:
    whether its Service is there. `adapter`: the same program under another adapter's name and labels. `release` is the
    Helm release that has installed the Deployment. `environ` is its container's environment.
    `shut_in`: a NetworkPolicy lets nobody in to the pods of its namespace; the lab's plugin makes nothing of it.
    """

    version: str = "v0.8.0"
    deployed: bool = True
    args: tuple[str, ...] = (
        "--cert-dir=/tmp",
        "--secure-port=10250",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "--kubelet-use-node-status-port",
        "--metric-resolution=10s",
        "--kubelet-request-timeout=9s",
    )
    container_port: int = 10250
    replicas: int = 1
    host_network: bool = False
    service_selector: str = "metrics-server"
    kubelet_rights: tuple[str, ...] = ("nodes/metrics",)
    service_target_port: str = "https"
    node: str | None = None
    account: Literal["kept", "remade"] = "kept"
    token: Literal["kubelets", "secret"] = "kubelets"
    pod: ServerPod = ServerPod()
    tls_cert: ServingCert | None = None
    issuer: Literal["refuses-common-name", "refuses-names", "issued"] | None = None
    has_service: bool = True
    adapter: bool = False
    release: str | None = None
    environ: tuple[tuple[str, str], ...] = ()
    rights: Rights = Rights()
    shut_in: bool = False


@dataclass(frozen=True)
class ApiService:
    """The registration of v1beta1.metrics.k8s.io.

    `local`: it names no Service. `ca_bundle` is the authority that is to verify the server, `served` what it serves,
    for one that has signed that itself. `injected`: cert-manager has put it there. `leftover`: the Service
    that it names is there, and all that is left of its installation. `release` is the Helm release that installed it.
    """

    insecure_skip_tls_verify: bool = True
    service: str = "metrics-server"
    port: int = 443
    local: bool = False
    ca_bundle: Literal["cluster", "other", "served"] | None = None
    injected: bool = False
    leftover: bool = False
    release: str | None = None


@dataclass(frozen=True)
class ExternalMetrics:
    """KEDA's registration of external.metrics.k8s.io, a Prometheus adapter beside it, and a workload that asks there.

    Neither program is here: `stand_ins/adapter.py` on k8s-node1 answers for both, if `answers`. `taken_over`: the other
    adapter's manifest was applied last. `uninstalled`: the Service is gone, and the APIService was left.
    """

    answers: bool = True
    taken_over: bool = False
    uninstalled: bool = False


@dataclass(frozen=True)
class Hpa:
    """HorizontalPodAutoscaler default/busy: scales Deployment busy by the average CPU utilization, in percent.

    `container` is the one of its pods' containers that counts; None: all of them together.
    `second` is another HPA of the same target; `sidecar` a restartable init container without a request in its pods;
    `batch` another Deployment without requests, whose pods have busy's label besides their own; `ended` a Job of such
    pods, which has done its work. `ready`: whether its
    pods become so. `flaky` is another container of theirs, which its liveness probe ends every few seconds, `idle` one
    that does nothing. `worker` is one that their template has and they have not: the rollout is paused. `of_pod` is
    what the pod as a whole requests. `reads`: whether the controller's role lets it read the metrics of pods.
    """

    target_percent: int = 50
    container: str | None = None
    requests_cpu: str | None = "50m"
    target: str = "busy"
    kind: str = "Deployment"
    api_version: str = "apps/v1"
    namespace: str = "default"
    second: bool = False
    sidecar: bool = False
    batch: bool = False
    ended: bool = False
    ready: bool = True
    flaky: bool = False
    idle: bool = False
    worker: bool = False
    of_pod: tuple[tuple[str, str], ...] = ()
    reads: bool = True


@dataclass(frozen=True)
class Vpa:
    """VerticalPodAutoscaler default/busy, one of a target that there is not beside it, and the real recommender.

    `reads`: whether the recommender may read the metrics of pods.
    """

    reads: bool = True


@dataclass(frozen=True)
class Drop:
    """One firewall rule: packets that `match` (arguments of iptables) are dropped in `chain` of a machine."""

    machine: str
    chain: Literal["INPUT", "OUTPUT", "FORWARD"]
    match: tuple[str, ...]
    target: Literal["DROP", "REJECT"] = "DROP"


@dataclass(frozen=True)
class Network:
    """The way between machines and pods.

    `proxy_on_master`: whether kube-proxy runs there.
    `masquerades`: what pods ask of anything but pods comes from their node's address, as with flannel. `overlay`:
    nodes exchange what is for pods over VXLAN, device flannel.1, UDP port 8472. `largest` is the size of the largest
    packet for or from a pod that gets from machine to machine; no word comes of one that is lost. `tunnel`: whether the
    end of the API server's tunnel runs, see `ApiServer.egress`.
    """

    proxy_on_master: bool = True
    masquerades: bool = False
    overlay: bool = False
    largest: int | None = None
    tunnel: bool = True


class Caught(StrEnum):
    """When a patient is looked at: after the last change has settled, or while metrics-server has only just started.

    `MISSED` waits on until the cluster has marked a node whose kubelet it does not hear from; `JUST_JOINED` has
    k8s-node1 leave the cluster and join it anew. `RACED` has metrics-server start before its role is there.
    `RESTARTED`: the API server was started anew, and that is over. `STARTED_ANEW` ends metrics-server's pod once all
    else is as it is to be, and then waits as `MISSED`.
    """

    SETTLED = "settled"
    JUST_STARTED = "just-started"
    MISSED = "missed"
    JUST_JOINED = "just-joined"
    RACED = "raced"
    RESTARTED = "restarted"
    STARTED_ANEW = "started-anew"


def own_cert(node: str) -> ServingCert:
    """The healthy serving certificate: the node's own address and name."""
    return ServingCert(ips=(ADDRESSES[node],), dns_names=(node,))


@dataclass(frozen=True)
class Truth:
    """Everything that the lab brings about; see the module for how to extend it.

    `keeps_endpoints`: whether kube-controller-manager runs the controller that does.
    `before` is what was true until then: it is brought about first, and left as gently as this truth allows.
    `apiserver_written` is what the unit's file says since somebody changed it, after the API server had started;
    `started_as_written` has it started anew with that, whether it survives it or not.
    `second_apiserver` runs on k8s-node1 besides, with flags of its own; workstations go on asking the first.
    """

    form: Form = Form.SYSTEMD
    apiserver: ApiServer = ApiServer()
    apiserver_written: ApiServer | None = None
    started_as_written: bool = False
    second_apiserver: ApiServer | None = None
    front_proxy_cert: FrontProxyCert = FrontProxyCert()
    k8s_master: Kubelet = Kubelet(own_cert(MASTER))
    k8s_node1: Kubelet = Kubelet(own_cert(NODE1))
    metrics_server: MetricsServer = MetricsServer()
    api_service: ApiService | None = ApiService()
    keeps_endpoints: bool = True
    external: ExternalMetrics | None = None
    hpa: Hpa = Hpa()
    vpa: Vpa | None = None
    firewall: tuple[Drop, ...] = ()
    network: Network = Network()
    workstation_reaches_kubelets: bool = True
    caught: Caught = Caught.SETTLED
    before: "Truth | None" = None

    def kubelet(self, node: str) -> Kubelet:
        """The kubelet of a node by the node's name."""
        return {MASTER: self.k8s_master, NODE1: self.k8s_node1}[node]

    def with_kubelet(self, node: str, kubelet: Kubelet) -> "Truth":
        """The same truth with another kubelet on one node."""
        return replace(self, k8s_master=kubelet) if node == MASTER else replace(self, k8s_node1=kubelet)

    def drops(self, machine: str) -> Iterator[Drop]:
        """The firewall rules of one machine."""
        yield from (drop for drop in self.firewall if drop.machine == machine)
        if machine == WORKSTATION and not self.workstation_reaches_kubelets:
            yield Drop(WORKSTATION, "OUTPUT", ("-p", "tcp", "--dport", "10250"))


HEALTHY = Truth()

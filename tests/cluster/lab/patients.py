"""Named patients: each is the healthy truth with one thing (or the story's two) put wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from lab import cert_manager, images
from lab.layout import OLD_FRONT_PROXY_CA
from lab.truth import (
    ADDRESSES,
    MASTER,
    NAT_ADDRESS,
    NODE1,
    NODES,
    WORKSTATION,
    ApiService,
    Caught,
    Drop,
    ExternalMetrics,
    FrontProxyCert,
    MetricsServer,
    RequestHeader,
    Rights,
    ServerPod,
    ServingCert,
    Tale,
    Truth,
    Vpa,
    own_cert,
)

Fault = Callable[[Truth], Truth]

# Word for word the list of the guide's `kubectl patch`; a patch replaces the whole list.
GUIDE_ARGS = (
    "--cert-dir=/tmp",
    "--secure-port=4443",
    "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    "--kubelet-use-node-status-port",
    "--metric-resolution=15s",
    "--kubelet-insecure-tls",
)
SLOW_RESOLUTION = "--metric-resolution=60s"


def _serves(node: str, cert: ServingCert) -> Fault:
    return lambda truth: truth.with_kubelet(node, replace(truth.kubelet(node), serving_cert=cert))


def _apiserver(**changes: object) -> Fault:
    return lambda truth: replace(truth, apiserver=replace(truth.apiserver, **changes))  # type: ignore[arg-type]


def _metrics_server(**changes: object) -> Fault:
    return lambda truth: replace(
        truth,
        metrics_server=replace(truth.metrics_server, **changes),  # type: ignore[arg-type]
    )


def _all(*faults: Fault) -> Fault:
    def chained(truth: Truth) -> Truth:
        for fault in faults:
            truth = fault(truth)
        return truth

    return chained


def _just_started(truth: Truth) -> Truth:
    return replace(_with_slow_scrapes(truth), caught=Caught.JUST_STARTED)


def _with_slow_scrapes(truth: Truth) -> Truth:
    args = tuple(SLOW_RESOLUTION if a.startswith("--metric-resolution") else a for a in truth.metrics_server.args)
    return replace(truth, metrics_server=replace(truth.metrics_server, args=args))


def _after(fault: Fault) -> Fault:
    """Healed of this; metrics-server has run on meanwhile."""
    return lambda truth: replace(truth, before=fault(truth))


def _kubelet_port_dropped(*nodes: str) -> Fault:
    rules = tuple(Drop(node, "INPUT", ("-p", "tcp", "--dport", "10250")) for node in nodes)
    return _firewall(*rules)


def _kubelet(*nodes: str, **changes: object) -> Fault:
    def fault(truth: Truth) -> Truth:
        for node in nodes:
            truth = truth.with_kubelet(node, replace(truth.kubelet(node), **changes))  # type: ignore[arg-type]
        return truth

    return fault


def _of_long_standing(node: str, tale: Tale) -> Fault:
    """A second pod is there, metrics-server's, and has been for long enough to be missed."""
    told = _all(_kubelet(node, tale=tale), _metrics_server(node=node))
    return lambda truth: replace(told(truth), caught=Caught.MISSED)


def _cut_off_from_api_server(*nodes: str) -> Fault:
    """The hosts' own packets; what their pods send is forwarded, and passes."""
    to_api_server = ("-p", "tcp", "-d", ADDRESSES[MASTER], "--dport", "6443")
    rules = tuple(Drop(node, "OUTPUT", to_api_server) for node in nodes)
    return lambda truth: replace(_firewall(*rules)(truth), caught=Caught.MISSED)


def _machine_dead(node: str, *, shut_down: bool) -> Fault:
    """As from outside: nothing gets in or out. `shut_down`: and the cloud's controller has been there."""
    rules = (
        Drop(node, "INPUT", ("-i", "eth0")),
        Drop(node, "OUTPUT", ("-o", "eth0")),
        Drop(node, "FORWARD", ("-i", "eth0")),
        Drop(node, "FORWARD", ("-o", "eth0")),
    )
    told = _all(_firewall(*rules), _kubelet(node, running=False, shut_down=shut_down))
    return lambda truth: replace(told(truth), caught=Caught.MISSED)


def _machine_gone(node: str) -> Fault:
    """metrics-server is elsewhere."""
    elsewhere = _metrics_server(node=next(name for name in NODES if name != node))
    return _all(_machine_dead(node, shut_down=True), elsewhere)


def _machine_of_metrics_server_dead(node: str, *, shut_down: bool) -> Fault:
    """It was there, and can be elsewhere too."""
    there = _pod(prefers=node)
    return lambda truth: replace(_all(there, _machine_dead(node, shut_down=shut_down))(truth), before=there(truth))


def _firewall(*rules: Drop) -> Fault:
    return lambda truth: replace(truth, firewall=(*truth.firewall, *rules))


def _pod(args: tuple[str, ...] = MetricsServer().args, **changes: object) -> Fault:
    return _metrics_server(args=args, pod=ServerPod(**changes))  # type: ignore[arg-type]


def _without(flag: str) -> tuple[str, ...]:
    return tuple(arg for arg in MetricsServer().args if arg.partition("=")[0] != flag)


def _with(flag: str, value: str) -> tuple[str, ...]:
    return (*_without(flag), f"{flag}={value}")


def _rights(**changes: object) -> Fault:
    return _metrics_server(rights=Rights(**changes))  # type: ignore[arg-type]


def _registered(**changes: object) -> Fault:
    return lambda truth: replace(truth, api_service=replace(ApiService(), **changes))  # type: ignore[arg-type]


def _external(**changes: bool) -> Fault:
    return lambda truth: replace(truth, external=ExternalMetrics(**changes))


OWN_NAME = "metrics-server.kube-system.svc"


def _serves_aggregator(**changes: object) -> Fault:
    """A certificate for metrics-server itself that is right but for these changes."""
    cert = ServingCert(ips=(), dns_names=(OWN_NAME, f"{OWN_NAME}.cluster.local"), usages=("server",))
    return _metrics_server(tls_cert=replace(cert, **changes))  # type: ignore[arg-type]


VERIFIED = _all(_serves_aggregator(), _registered(insecure_skip_tls_verify=False, ca_bundle="cluster"))
# As metrics-server's chart has it made: the names of templates/certificate.yaml and apiservice.yaml, signed by itself.
BY_CHART = _serves_aggregator(
    issuer="self", dns_names=tuple(cert_manager.DNS_NAMES), usages=("server", "client"), ends=timedelta(days=90)
)
TO_KUBELET = ("-p", "tcp", "--dport", "10250")
REJECTED = Drop(NODE1, "INPUT", TO_KUBELET, "REJECT")
FROM_MASTERS_PODS = Drop(MASTER, "FORWARD", (*TO_KUBELET, "-d", ADDRESSES[NODE1]))
NO_AGGREGATION = _apiserver(requestheader=None, proxy_client=None)
NODE1_SERVES_MASTERS_ADDRESS = _serves(NODE1, ServingCert(ips=(ADDRESSES[MASTER],), dns_names=()))
ELSEWHERE = ServingCert(ips=("192.168.10.99",), dns_names=())


CA_FLAG = "--requestheader-client-ca-file"


def _proxy_faults() -> dict[str, Fault]:
    """An HTTP proxy in an environment; where one is, nobody listens. The last one is well."""
    proxy = ("HTTPS_PROXY", f"http://{ADDRESSES[WORKSTATION]}:3128")
    usual = "localhost,127.0.0.1,192.168.10.0/24,.svc,.cluster.local"
    caught = (proxy, ("NO_PROXY", usual))
    exempt = (proxy, ("NO_PROXY", f"{usual},10.32.0.0/24,10.244.0.0/16"))
    silent = Drop(WORKSTATION, "INPUT", ("-p", "tcp", "--dport", "3128"))
    return {
        "proxy-env-no_proxy": _apiserver(environ=caught),
        "proxy-env-silent": _all(_apiserver(environ=caught), _firewall(silent)),
        "proxy-env-of-metrics-server": _metrics_server(environ=(proxy,)),
        "proxy-env-before-kubelets": _metrics_server(environ=(proxy, ("NO_PROXY", "10.32.0.0/24"))),
        "healthy-behind-proxy": _all(_apiserver(environ=exempt), _metrics_server(environ=exempt)),
    }


def _front_proxy(**changes: object) -> Fault:
    return lambda truth: replace(truth, front_proxy_cert=replace(truth.front_proxy_cert, **changes))  # type: ignore[arg-type]


def _front_proxy_faults() -> dict[str, Fault]:
    """How metrics-server is to know the aggregator; the last five are well, each in another way than the guide's."""
    one_ca = RequestHeader(client_ca_file="/var/lib/kubernetes/ca.pem")
    same_ca = _all(_apiserver(requestheader=one_ca), _front_proxy(issuer="cluster"))
    another_name = replace(one_ca, allowed_names=("aggregator",))
    return {
        "front-proxy-ca-mismatch": _front_proxy(issuer="other"),
        "front-proxy-cert-of-cluster-ca": _front_proxy(issuer="cluster"),
        "front-proxy-cert-expired": _front_proxy(begins=timedelta(days=-366), ends=timedelta(days=-1)),
        "front-proxy-cert-expiring": _front_proxy(begins=timedelta(days=-355), ends=timedelta(days=10)),
        "front-proxy-key-mismatch": _front_proxy(key="swapped-and-restarted"),
        "front-proxy-key-swapped": _front_proxy(key="swapped"),
        "client-cert-key-usage": _front_proxy(usages=("server",)),
        "requestheader-header-names": _apiserver(requestheader=RequestHeader(username_headers="X-Forwarded-User")),
        "requestheader-ca-same-as-client-ca": _all(same_ca, _apiserver(requestheader=another_name)),
        "same-ca-masters": _all(
            same_ca, _apiserver(requestheader=another_name), _front_proxy(organization="system:masters")
        ),
        "same-ca-any-name": lambda truth: replace(
            same_ca(truth),
            apiserver_written=replace(truth.apiserver, requestheader=replace(one_ca, allowed_names=())),
            started_as_written=True,
        ),
        "allowed-names-emptied-too-late": _apiserver(
            requestheader=RequestHeader(allowed_names=()), published_names=("aggregator",)
        ),
        "process-not-restarted": lambda truth: replace(NO_AGGREGATION(truth), apiserver_written=truth.apiserver),
        # Of two API servers the second has lost its certificate: metrics come and go with the one that is asked.
        "one-odd-apiserver": lambda truth: replace(truth, second_apiserver=replace(truth.apiserver, proxy_client=None)),
        # As one often finds it in manifests and behind EnvironmentFile=: both names are one.
        "allowed-names-quoted": _apiserver(requestheader=RequestHeader(allowed_names=('"front-proxy-ca,aggregator"',))),
        "requestheader-ca-given-twice": _apiserver(extra_flags=(f"{CA_FLAG}={OLD_FRONT_PROXY_CA}",)),
        # As the guide gives it.
        "extra-prefix-without-dash": _apiserver(requestheader=RequestHeader(extra_headers_prefix="X-Remote-Extra")),
        "healthy-ca-given-twice": _apiserver(
            requestheader=RequestHeader(client_ca_file=OLD_FRONT_PROXY_CA),
            extra_flags=(f"{CA_FLAG}={RequestHeader().client_ca_file}",),
        ),
        "healthy-proxy-chain": _front_proxy(issuer="front-proxy-issuing"),
        "healthy-same-ca": same_ca,
        "healthy-any-name": _apiserver(requestheader=RequestHeader(allowed_names=())),
        "healthy-by-cluster-ip": _apiserver(enable_aggregator_routing=False),
    }


def _hpa(**changes: object) -> Fault:
    return lambda truth: replace(truth, hpa=replace(truth.hpa, **changes))  # type: ignore[arg-type]


def _autoscalers_faults() -> dict[str, Fault]:
    """An HPA that does not compute while metrics flow."""
    return {
        "hpa-missing-requests": _hpa(requests_cpu=None),
        "hpa-missing-requests-sidecar": _hpa(sidecar=True),
        "hpa-selector-overlap": _hpa(batch=True),
        "hpa-selector-overlap-by-ended-job": _hpa(ended=True),
        # One container alone counts, and the other workload's pods have none of that name.
        "hpa-selector-overlap-by-container": _hpa(container="busy", batch=True),
        "hpa-ambiguous-selector": _hpa(second=True),
        "hpa-target-not-found": _hpa(target="bussy"),
        "hpa-wrong-namespace": _hpa(namespace="kube-public"),
        "hpa-scaletargetref-wrong-api": _hpa(api_version="extensions/v1beta1"),
        "hpa-scale-selector-missing": _hpa(kind="Fleet", api_version="example.com/v1"),
        "hpa-pods-not-ready-yet": _hpa(ready=False),
        "hpa-pods-restarting": _all(_hpa(flaky=True), _kubelet(*NODES, restarts_at_once=True)),
        "hpa-container-not-found": _hpa(container="main"),
        "hpa-container-not-rolled-out": lambda truth: replace(
            _hpa(container="worker", worker=True)(truth), before=truth
        ),
        "healthy-hpa-of-container": _hpa(container="busy", sidecar=True),
        "hpa-missing-pod-level-request": _hpa(requests_cpu=None, of_pod=(("memory", "32Mi"),)),
        "healthy-pod-level-requests": _hpa(requests_cpu=None, of_pod=(("cpu", "50m"), ("memory", "32Mi"))),
        "healthy-idle-container": _hpa(idle=True),
        # The HPA controller's role without what it had of metrics.k8s.io.
        "rbac-user-metrics-forbidden": _hpa(reads=False),
        # Looked at with --for-user, see FOR_USER in expected.py.
        "user-without-rights": _all(),
        "hpa-next-to-a-dead-pipeline": _all(_hpa(requests_cpu=None), NO_AGGREGATION),
    }


def _vpa_faults() -> dict[str, Fault]:
    """With VPAs and their recommender besides."""

    def with_vpa(**changes: bool) -> Fault:
        return lambda truth: replace(truth, vpa=Vpa(**changes))

    return {
        "healthy-with-vpa": with_vpa(),
        "vpa-metrics-failing": _all(with_vpa(), NO_AGGREGATION),
        "vpa-recommender-forbidden": with_vpa(reads=False),
    }


def _network(**changes: object) -> Fault:
    return lambda truth: replace(truth, network=replace(truth.network, **changes))  # type: ignore[arg-type]


def _path_faults() -> dict[str, Fault]:
    """What lies between the API server's host and metrics-server, which is on the other node."""
    away = _metrics_server(node=NODE1)
    to_pods = ("-s", ADDRESSES[MASTER], "-p", "tcp", "--dport", "10250")
    by_cluster_ip = _apiserver(enable_aggregator_routing=False)
    overlay = _all(away, _network(overlay=True, masquerades=True))
    return {
        "aggregator-cannot-reach-service": _all(away, by_cluster_ip, _network(proxy_on_master=False)),
        "cloud-firewall-control-plane-to-node": _all(away, _firewall(Drop(NODE1, "FORWARD", to_pods))),
        # As a network plugin that heeds the policy would have it: on every port, from every host but the pod's own.
        "network-policy-heeded": _all(
            _metrics_server(node=NODE1, shut_in=True),
            _firewall(Drop(NODE1, "FORWARD", ("-s", ADDRESSES[MASTER], "-p", "tcp", "--syn"))),
        ),
        "firewall-rejects-control-plane": _all(away, _firewall(Drop(NODE1, "FORWARD", to_pods, "REJECT"))),
        "overlay-vxlan-udp-blocked": _all(overlay, _firewall(Drop(NODE1, "INPUT", ("-p", "udp", "--dport", "8472")))),
        "network-mtu-or-overlay": _all(away, _network(largest=1400, masquerades=True)),
        "konnectivity-tunnel-down": _all(_apiserver(egress=True), _network(tunnel=False)),
        # Well, each in its own way.
        "healthy-overlay": overlay,
        "healthy-without-kube-proxy": _all(away, _network(proxy_on_master=False)),
    }


FAULTS: dict[str, Fault] = {
    "healthy": _all(),
    "requestheader-config-missing": NO_AGGREGATION,
    "kubelet-cert-san-mismatch": NODE1_SERVES_MASTERS_ADDRESS,
    "story": _all(NO_AGGREGATION, NODE1_SERVES_MASTERS_ADDRESS),
    "guides-way-out": _all(
        NODE1_SERVES_MASTERS_ADDRESS,
        _metrics_server(args=(*MetricsServer().args, "--kubelet-insecure-tls")),
    ),
    "guides-patch": _all(NODE1_SERVES_MASTERS_ADDRESS, _metrics_server(args=GUIDE_ARGS)),
    "metrics-api-not-registered": lambda truth: replace(truth, api_service=None),
    "metrics-server-missing": lambda truth: replace(
        truth, api_service=None, metrics_server=replace(truth.metrics_server, deployed=False)
    ),
    # A selector that fits no pod: the slices are empty although a perfectly ready metrics-server runs.
    "apiservice-missing-endpoints": _metrics_server(service_selector="metric-server"),
    "service-selector-mismatch": _metrics_server(service_selector="metrics-server-v2"),
    "apiservice-local": _registered(local=True),
    "apiservice-service-missing": _metrics_server(has_service=False),
    "apiservice-service-renamed": _registered(service="metrics-api"),
    "apiservice-port-mismatch": _registered(port=8443),
    # The slices have metrics-server's address and no port: no port of its container has that name.
    "apiservice-port-unnamed": _metrics_server(service_target_port="metrics"),
    "apiservice-verified": VERIFIED,
    "healthy-cert-by-cert-manager": _all(
        BY_CHART,
        _metrics_server(issuer="issued"),
        _registered(insecure_skip_tls_verify=False, ca_bundle="served", injected=True),
    ),
    "healthy-cert-by-helm": _all(
        BY_CHART,
        _registered(insecure_skip_tls_verify=False, ca_bundle="served", release="metrics-server"),
        _metrics_server(release="metrics-server"),
    ),
    "apiservice-cabundle-mismatch": _all(VERIFIED, _registered(insecure_skip_tls_verify=False, ca_bundle="other")),
    "apiservice-cert-no-san": _all(VERIFIED, _serves_aggregator(dns_names=("metrics-server", "localhost"))),
    # Verification switched on, and nothing else done.
    "apiservice-verifies-self-signed": _registered(insecure_skip_tls_verify=False, ca_bundle="cluster"),
    "metrics-server-cert-expired": _all(
        VERIFIED, _serves_aggregator(begins=timedelta(days=-366), ends=timedelta(days=-1))
    ),
    "metrics-server-cert-expiring": _all(
        VERIFIED, _serves_aggregator(begins=timedelta(days=-355), ends=timedelta(days=10))
    ),
    "helm-apiservice-ownership-conflict": _all(
        _metrics_server(release="metrics"), _registered(service="legacy-metrics-server", release="legacy")
    ),
    # metrics-server is started anew, and has another address.
    "endpoints-controller-stale": lambda truth: replace(truth, keeps_endpoints=False),
    "apiservice-backend-starting": _just_started,
    "apiservice-orphaned": _registered(service="metrics-server-legacy", leftover=True),
    "metrics-server-uninstalled": _metrics_server(deployed=False),
    "another-adapter": _all(_metrics_server(adapter=True), _registered(service="resource-adapter")),
    "metrics-server-not-ready": _all(*(_serves(node, ELSEWHERE) for node in NODES)),
    "metrics-not-yet-available": _just_started,
    "kubelet-cert-san-missing-ip": _serves(NODE1, ServingCert(ips=(), dns_names=(NODE1,))),
    "kubelet-cert-unknown-ca": _serves(NODE1, replace(own_cert(NODE1), issuer="other")),
    "kubelet-cert-of-remade-ca": _serves(NODE1, replace(own_cert(NODE1), issuer="remade")),
    "kubelet-cert-expired": _serves(
        NODE1, replace(own_cert(NODE1), begins=timedelta(days=-366), ends=timedelta(days=-1))
    ),
    "kubelet-cert-self-signed": _kubelet(NODE1, mode="self-signed"),
    "kubelet-cert-expiring": _serves(
        NODE1, replace(own_cert(NODE1), begins=timedelta(days=-355), ends=timedelta(days=10))
    ),
    "kubelet-cert-key-usage": _serves(NODE1, replace(own_cert(NODE1), usages=("client",))),
    "clock-skew": _serves(NODE1, replace(own_cert(NODE1), begins=timedelta(days=1))),
    "kubelet-serving-csr-pending": _kubelet(NODE1, mode="bootstrap"),
    "kubelet-serving-csr-denied": _kubelet(NODE1, mode="bootstrap", requests="denied"),
    # Renewed in time, and never looked at again.
    "kubelet-cert-not-reloaded": _kubelet(
        NODE1,
        serving_cert=replace(own_cert(NODE1), begins=timedelta(days=-366), ends=timedelta(days=-1)),
        renewed=own_cert(NODE1),
        reloads=False,
    ),
    "requestheader-allowed-names-mismatch": _apiserver(requestheader=RequestHeader(allowed_names=("aggregator",))),
    "proxy-client-cert-missing": _apiserver(proxy_client=None),
    "kubelet-webhook-unauthorized-401": _kubelet(NODE1, webhook_authentication=False),
    "kubelet-anonymous-token-not-accepted": _kubelet(NODE1, webhook_authentication=False, anonymous=True),
    "kubelet-webhook-unauthorized-401-everywhere": _kubelet(*NODES, webhook_authentication=False),
    "kubelet-anonymous-token-not-accepted-everywhere": _kubelet(*NODES, webhook_authentication=False, anonymous=True),
    "kubelet-rbac-forbidden-403": _metrics_server(kubelet_rights=()),
    "rbac-image-version-skew": _metrics_server(kubelet_rights=("nodes/stats",)),
    "serviceaccount-token-invalid": _metrics_server(account="remade"),
    "serviceaccount-token-expired": _all(_metrics_server(token="secret"), lambda t: replace(t, caught=Caught.MISSED)),
    "kubelet-cannot-reach-apiserver-webhook": _cut_off_from_api_server(NODE1),
    "kubelet-cannot-reach-apiserver-webhook-everywhere": _cut_off_from_api_server(*NODES),
    "kubelet-anonymous-enabled": _kubelet(NODE1, anonymous=True),
    "kubelet-authz-always-allow": _kubelet(NODE1, webhook_authorization=False),
    "kubelet-insecure-tls": _metrics_server(args=(*MetricsServer().args, "--kubelet-insecure-tls")),
    "secure-port-mismatch": _metrics_server(
        args=tuple(arg.replace("=10250", "=4443") for arg in MetricsServer().args),
    ),
    "chart-cert-acme-cn": _all(_serves_aggregator(), _metrics_server(issuer="refuses-common-name")),
    "chart-cert-acme-names": _all(_serves_aggregator(), _metrics_server(issuer="refuses-names")),
    "apiserver-restarting": _all(_metrics_server(node=NODE1), lambda truth: replace(truth, caught=Caught.RESTARTED)),
    # Other metrics than these: the last one is well.
    "external-metrics-api-down": _external(answers=False),
    "external-metrics-adapter-uninstalled": _external(answers=False, uninstalled=True),
    "external-metrics-apiservice-conflict": _external(taken_over=True),
    "external-metrics-served": _external(),
    "apiservice-insecure-skip-tls": _all(),  # upstream's manifest as it is
    **_front_proxy_faults(),
    **_proxy_faults(),
    "network-policy-blocks": _metrics_server(shut_in=True),
    # Started anew it does not get as far as to listen.
    "pod-cannot-reach-apiserver": _all(
        _metrics_server(node=NODE1),
        _firewall(Drop(NODE1, "FORWARD", ("-p", "tcp", "-d", ADDRESSES[MASTER], "--dport", "6443"))),
        lambda truth: replace(truth, caught=Caught.STARTED_ANEW),
    ),
    "apiserver-serving-cert-expired": _apiserver(serving="own-expired"),
    **_autoscalers_faults(),
    **_vpa_faults(),
    # A proxy certificate from a CA that nobody trusts: 401.
    "apiservice-unavailable": lambda truth: replace(truth, front_proxy_cert=FrontProxyCert(issuer="other")),
    **_path_faults(),
    # Its own log is behind the port that is shut.
    "node-metrics-missing": _all(_kubelet_port_dropped(NODE1), _metrics_server(node=NODE1)),
    "hpa-metrics-failing": _kubelet_port_dropped(*NODES),
    "node-unreachable-timeout": _all(_kubelet_port_dropped(NODE1), _metrics_server(node=MASTER)),
    # The overlay's fault: what metrics-server sends to other nodes is lost, and the nodes reach each other.
    "node-unreachable-from-pods": _all(_firewall(FROM_MASTERS_PODS), _metrics_server(node=MASTER)),
    "node-firewall-reject": _all(_firewall(REJECTED), _metrics_server(node=MASTER)),
    "node-firewall-reject-below": _all(_firewall(REJECTED), _metrics_server(node=NODE1)),
    "kubelet-down": _all(_kubelet(NODE1, running=False), _metrics_server(node=MASTER)),
    "kubelet-down-below": _all(_kubelet(NODE1, running=False), _metrics_server(node=NODE1)),
    "metrics-server-node-down": _machine_of_metrics_server_dead(NODE1, shut_down=True),
    # The same, and nobody has written it on the Node.
    "metrics-server-node-unplugged": _machine_of_metrics_server_dead(NODE1, shut_down=False),
    "node-terminated-still-listed": _machine_gone(NODE1),
    "node-address-dns-unresolvable": _metrics_server(args=_without("--kubelet-preferred-address-types")),
    "node-address-by-hostname": _metrics_server(args=_with("--kubelet-preferred-address-types", "Hostname,InternalIP")),
    "cluster-dns-unreachable": _all(
        _firewall(*(Drop(node, "FORWARD", ("-p", "udp", "--dport", "53"), "REJECT") for node in NODES)),
        _metrics_server(args=_with("--kubelet-preferred-address-types", "Hostname")),
    ),
    "node-address-type-missing": _metrics_server(args=_with("--kubelet-preferred-address-types", "ExternalIP")),
    "kubelet-endpoint-404-version": _kubelet(NODE1, metrics_path="/metrics/resources"),
    "node-wrong-internal-ip": _all(_kubelet(NODE1, node_ip=NAT_ADDRESS), _metrics_server(node=MASTER)),
    "container-metrics-missing-from-kubelet": _of_long_standing(NODE1, "no-containers"),
    "kubelet-bad-timestamp-series": _kubelet(NODE1, tale="zero-start"),
    "cgroup-hierarchy-node-stats-zero": _of_long_standing(NODE1, "node-cpu-zero"),
    "cadvisor-root-stats-missing": _of_long_standing(NODE1, "nothing"),
    "cumulative-cpu-decrease": _kubelet(NODE1, tale="cpu-decrease"),
    # What Heapster asked for; kubelets from 1.21 have none of it.
    "old-stats-endpoint-removed": _all(
        _kubelet(NODE1, metrics_path="/stats/container/"),
        _metrics_server(kubelet_rights=("nodes/metrics", "nodes/stats")),
    ),
    "kubelet-slow-response": _metrics_server(args=_with("--kubelet-request-timeout", "1ms")),
    "kubelet-read-only-port-10255": _metrics_server(
        args=(*_without("--kubelet-use-node-status-port"), "--kubelet-port=10255")
    ),
    # On its node's own network, where the kubelet made room for it; and asked for on the port that every kubelet has.
    "port-conflict-10250-fargate": _all(
        _kubelet(NODE1, port=10350),
        _metrics_server(args=_without("--kubelet-use-node-status-port"), host_network=True, node=NODE1),
    ),
    # Told not to look at certificates, it is refused by itself.
    "scraping-itself-insecurely": _all(
        _kubelet(NODE1, port=10350),
        _metrics_server(
            args=(*_without("--kubelet-use-node-status-port"), "--kubelet-insecure-tls"), host_network=True, node=NODE1
        ),
    ),
    # Its pod is not made, is kept out everywhere, or does not start.
    "metrics-server-not-running": _metrics_server(replicas=0),
    "metrics-server-quota": _pod(quota=True),
    "metrics-server-unschedulable": _pod(selector=(("disktype", "ssd"),)),
    "metrics-server-too-large": _pod(memory="640Gi"),
    "node-taint": _pod(taint="dedicated=infra:NoSchedule"),
    "metrics-server-resource-starvation": _pod(cpu_limit="10m", patience=9),  # it may listen after 25 s
    "metrics-server-out-of-memory": _pod(memory_limit="12Mi"),
    "bad-flag-or-args": _pod(args=(*MetricsServer().args, "--logtostderr")),
    "metrics-server-timeout-too-long": _pod(args=_with("--kubelet-request-timeout", "10s")),
    "metrics-server-cannot-write": _pod(args=_without("--cert-dir"), writable=False),
    "metrics-server-rollout-stuck": lambda truth: replace(
        _pod(args=(*MetricsServer().args, "--logtostderr"), rolling=True)(truth), before=_pod(rolling=True)(truth)
    ),
    "hostnetwork-port-conflict": _metrics_server(host_network=True),
    "secure-port-privileged-bind": _metrics_server(args=_with("--secure-port", "443"), container_port=443),
    "image-pull": _pod(image="registry.k8s.io/metrics-server/metrics-server:0.8.0"),
    "image-arch-mismatch": _pod(image=images.FOREIGN),
    "manifest-template-unrendered": _pod(image="{{ .Values.image.repository }}:v0.8.0"),
    "pod-security-runasnonroot": _pod(user=None),
    # Without its priority class it is one of those that a node ends when it is short of something.
    "node-pressure-eviction": lambda truth: replace(
        _all(_kubelet(NODE1, short_of_pids=True), _metrics_server(node=NODE1, pod=ServerPod(critical=False)))(truth),
        before=_metrics_server(node=NODE1, pod=ServerPod(critical=False))(truth),
    ),
    "rbac-auth-reader-missing": _rights(auth_reader=False),
    "rbac-auth-delegator-missing": _rights(delegator=False),
    "rbac-clusterrole-missing": _rights(role="unbound"),
    "rbac-clusterrole-gone": _rights(role="gone"),
    "rbac-clusterrole-without-watch": _rights(role="no-watch"),
    # What a Helm value renames is not what was bound by hand, and what moves to another namespace leaves its bindings.
    "rbac-account-renamed": _rights(account="metrics"),
    "rbac-account-elsewhere": _rights(to="account-elsewhere"),
    "startup-race-rbac-not-ready": lambda truth: replace(truth, caught=Caught.RACED),
    # Healthy ones that look as if they were not.
    "healthy-rights-aggregated": _rights(role="aggregated"),
    "healthy-rights-by-group": _rights(to="group"),
    "no-route-to-kubelets": lambda truth: replace(truth, workstation_reaches_kubelets=False),
    "kubelet-certs-by-bootstrap": _kubelet(*NODES, mode="bootstrap", requests="approved"),
    "node-just-joined": _all(
        _metrics_server(node=MASTER),
        _with_slow_scrapes,
        lambda truth: replace(truth, caught=Caught.JUST_JOINED),
    ),
    "old-x509-lines": _after(NODE1_SERVES_MASTERS_ADDRESS),
}
NAMES = tuple(FAULTS)

"""The flags of the control plane's components, whether units or static pods run them."""

from collections.abc import Iterator

from lab.layout import AUDIT_LOG, CLUSTER_CIDR, EGRESS, PKI, SERVICE_CIDR
from lab.truth import ADDRESSES, MASTER, ApiServer, Truth


def control_plane_commands(truth: Truth) -> dict[str, tuple[str, ...]]:
    """The flags of each component of the control plane, without the program."""
    return {
        "etcd": (
            f"--name={MASTER}",
            "--data-dir=/var/lib/etcd",
            f"--cert-file={PKI}/kubernetes.pem",
            f"--key-file={PKI}/kubernetes-key.pem",
            f"--trusted-ca-file={PKI}/ca.pem",
            "--client-cert-auth",
            f"--listen-client-urls={','.join(_etcd_urls(truth))}",
            "--advertise-client-urls=https://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--listen-metrics-urls=http://127.0.0.1:2381",
            "--unsafe-no-fsync",
        ),
        "kube-apiserver": tuple(apiserver_flags(truth.apiserver, MASTER)),
        "kube-controller-manager": (
            "--bind-address=127.0.0.1",
            f"--cluster-cidr={CLUSTER_CIDR}",
            "--cluster-name=kubernetes",
            f"--cluster-signing-cert-file={PKI}/ca.pem",
            f"--cluster-signing-key-file={PKI}/ca-key.pem",
            f"--kubeconfig={PKI}/kube-controller-manager.kubeconfig",
            "--leader-elect=false",
            f"--root-ca-file={PKI}/ca.pem",
            f"--service-account-private-key-file={PKI}/service-account-key.pem",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--use-service-account-credentials=true",
            *(() if truth.keeps_endpoints else ("--controllers=*,-endpointslice-controller",)),
            # The lab's pace, so that an HPA's conditions follow a fault within seconds.
            "--horizontal-pod-autoscaler-sync-period=5s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
        ),
        "kube-scheduler": (
            "--bind-address=127.0.0.1",
            f"--kubeconfig={PKI}/kube-scheduler.kubeconfig",
            "--leader-elect=false",
        ),
    }


def _etcd_urls(truth: Truth) -> list[str]:
    return ["https://127.0.0.1:2379", *([f"https://{ADDRESSES[MASTER]}:2379"] if truth.second_apiserver else [])]


def last_value(server: ApiServer, machine: str, flag: str) -> str:
    """What counts of a flag of one value that may be given several times; empty where it is not given."""
    given = (word.partition("=") for word in apiserver_flags(server, machine))
    return next((value for name, _, value in reversed(list(given)) if name == flag), "")


def apiserver_flags(server: ApiServer, machine: str) -> Iterator[str]:
    """Those of an API server on this machine, in the order of their names."""
    yield f"--advertise-address={ADDRESSES[machine]}"
    yield "--allow-privileged=true"
    yield f"--audit-log-path={AUDIT_LOG}"
    yield f"--audit-policy-file={PKI}/audit-policy.yaml"
    yield "--authorization-mode=Node,RBAC"
    yield f"--client-ca-file={PKI}/ca.pem"
    if server.egress:
        yield f"--egress-selector-config-file={EGRESS}"
    yield "--enable-admission-plugins=NodeRestriction"
    if server.enable_aggregator_routing:
        yield "--enable-aggregator-routing=true"
    yield f"--etcd-cafile={PKI}/ca.pem"
    yield f"--etcd-certfile={PKI}/kubernetes.pem"
    yield f"--etcd-keyfile={PKI}/kubernetes-key.pem"
    yield f"--etcd-servers=https://{'127.0.0.1' if machine == MASTER else ADDRESSES[MASTER]}:2379"
    if server.verifies_kubelets:
        yield f"--kubelet-certificate-authority={PKI}/ca.pem"
    yield f"--kubelet-client-certificate={PKI}/kubernetes.pem"
    yield f"--kubelet-client-key={PKI}/kubernetes-key.pem"
    yield "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname"
    if server.proxy_client:
        yield f"--proxy-client-cert-file={server.proxy_client.cert_file}"
        yield f"--proxy-client-key-file={server.proxy_client.key_file}"
    if server.requestheader:
        if server.requestheader.allowed_names:
            yield f"--requestheader-allowed-names={','.join(server.requestheader.allowed_names)}"
        yield f"--requestheader-client-ca-file={server.requestheader.client_ca_file}"
        yield f"--requestheader-extra-headers-prefix={server.requestheader.extra_headers_prefix}"
        yield f"--requestheader-group-headers={server.requestheader.group_headers}"
        yield f"--requestheader-username-headers={server.requestheader.username_headers}"
    yield "--secure-port=6443"
    yield "--service-account-issuer=https://kubernetes.default.svc.cluster.local"
    yield f"--service-account-key-file={PKI}/service-account.pem"
    yield f"--service-account-signing-key-file={PKI}/service-account-key.pem"
    yield f"--service-cluster-ip-range={SERVICE_CIDR}"
    served = "kubernetes" if server.serving == "shared" else "kube-apiserver"
    yield f"--tls-cert-file={PKI}/{served}.pem"
    yield f"--tls-private-key-file={PKI}/{served}-key.pem"
    yield from server.extra_flags

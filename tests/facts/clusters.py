"""Small clusters made by hand: a healthy one, to make ill in one way at a time."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from msdoctor import registry
from msdoctor.bundle import WORKSTATION, Bundle, Context, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Diagnosis
from msdoctor.facts import paths, rights
from msdoctor.facts.cluster import Cluster, read_facts
from msdoctor.judge import Outcome, judge

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
CHECKS = registry.load()
FIXTURES = Path(__file__).parents[2] / "fixtures"
MASTER = "master"
PKI = "/etc/kubernetes/pki"
ADDRESSES = {"master": "192.0.2.10", "worker": "192.0.2.11"}
MANIFEST_ARGS = (
    "--cert-dir=/tmp",
    "--secure-port=10250",
    "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
    "--kubelet-use-node-status-port",
    "--metric-resolution=15s",
)
SERVER_ARGS = (
    "kube-apiserver",
    f"--client-ca-file={PKI}/ca.pem",
    f"--proxy-client-cert-file={PKI}/front-proxy.pem",
    f"--proxy-client-key-file={PKI}/front-proxy-key.pem",
    "--requestheader-allowed-names=front-proxy-client",
    f"--requestheader-client-ca-file={PKI}/front-proxy-ca.pem",
)
SCRAPER = "system:serviceaccount:kube-system:metrics-server"

Json = dict[str, Any]


# Certificates


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def public_pem(self) -> str:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(name.encode(), "big") % (1 << 250) + 1, ec.SECP256R1())


@cache
def issue(
    name: str,
    *,
    by: str = "",
    sans: tuple[str, ...] = (),
    usage: str = "server",
    start: datetime = NOW - timedelta(days=30),
    end: datetime = NOW + timedelta(days=300),
    generation: str = "",
    organization: str = "",
) -> Issued:
    """A certificate; without ``by`` one that signs itself, and then, without ``sans``, a CA."""
    own = key(name + generation)
    ca = not by and not sans
    issuer = by or name
    signer = key(by) if by else own
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(attributes))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(own.public_key())
        .serial_number(int.from_bytes(hashes_of(name + issuer + generation), "big"))
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if usage == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName([_san(item) for item in sans]), critical=False)
    return Issued(builder.sign(signer, hashes.SHA256()), own)


def hashes_of(text: str) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(text.encode())
    return digest.finalize()[:8]


def _san(item: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(item))
    except ValueError:
        return x509.DNSName(item)


CA = "cluster-ca"
FRONT_PROXY_CA = "front-proxy-ca"


def kubelet_certificate(address: str, **more: Any) -> Issued:
    return issue(**({"name": f"system:node:{address}", "by": CA, "sans": (address,)} | more))


def proxy_certificate(name: str = "front-proxy-client", by: str = FRONT_PROXY_CA, **more: Any) -> Issued:
    return issue(name, by=by, usage="client", **more)


# Objects


def listed(*items: Json) -> Json:
    return {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": list(items)}


def moment(seconds: float) -> str:
    """So many seconds before now (negative) or after it, as Kubernetes writes it."""
    return f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def container(args: tuple[str, ...] = MANIFEST_ARGS, port: int = 10250) -> Json:
    probe = {"httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"}}
    return {
        "name": "metrics-server",
        "image": "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
        "args": list(args),
        "ports": [{"name": "https", "containerPort": port, "protocol": "TCP"}],
        "readinessProbe": probe,
        "livenessProbe": probe,
    }


def deployment(
    *containers: Json,
    namespace: str = "kube-system",
    name: str = "metrics-server",
    labels: dict[str, str] | None = None,
    replicas: int = 1,
) -> Json:
    labels = labels or {"k8s-app": "metrics-server"}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{namespace}-{name}", "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"creationTimestamp": None, "labels": labels},
                "spec": {"containers": list(containers) or [container()], "serviceAccountName": "metrics-server"},
            },
        },
        "status": {"replicas": replicas},
    }


def pod(
    name: str = "metrics-server-1",
    *containers: Json,
    ready: bool = True,
    namespace: str = "kube-system",
    labels: dict[str, str] | None = None,
    started: float = -3600,
    restarts: int = 0,
    node: str = "worker",
    owner: str = "",
) -> Json:
    kind, _, owned_by = owner.partition("/")
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-of-{name}",
            "creationTimestamp": moment(started),
            "labels": labels or {"k8s-app": "metrics-server"},
            "ownerReferences": [{"kind": kind, "name": owned_by}] if owner else [],
        },
        "spec": {"containers": list(containers) or [container()], "nodeName": node},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": moment(started + 30)}],
            "containerStatuses": [
                {
                    "name": "metrics-server",
                    "ready": ready,
                    "restartCount": restarts,
                    "state": {"running": {"startedAt": moment(started)}},
                }
            ],
        },
    }


def node(name: str, *addresses: tuple[str, str], port: int = 10250) -> Json:
    return {
        "metadata": {"name": name, "uid": f"uid-of-{name}", "creationTimestamp": moment(-86400)},
        "status": {
            "addresses": [{"type": kind, "address": address} for kind, address in addresses],
            "conditions": [{"type": "Ready", "status": "True"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": {"kubeletVersion": "v1.36.3"},
        },
    }


def apiservice(
    status: str = "True", reason: str = "Passed", message: str = "all checks passed", **service: Any
) -> Json:
    return {
        "metadata": {"name": "v1beta1.metrics.k8s.io", "uid": "uid-of-apiservice"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "insecureSkipTLSVerify": True,
            "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443} | service,
        },
        "status": {
            "conditions": [
                {
                    "type": "Available",
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastTransitionTime": moment(-600),
                }
            ]
        },
    }


def service(
    selector: dict[str, str] | None = None,
    *,
    name: str = "metrics-server",
    namespace: str = "kube-system",
    ports: tuple[Json, ...] = ({"name": "https", "port": 443, "targetPort": "https"},),
) -> Json:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.20",
            "selector": selector or {"k8s-app": "metrics-server"},
            "ports": list(ports),
        },
    }


def endpoint_slice(ready: tuple[str, ...] = ("10.244.1.5",), not_ready: tuple[str, ...] = ()) -> Json:
    endpoints = [{"addresses": [address], "conditions": {"ready": True}} for address in ready]
    endpoints += [{"addresses": [address], "conditions": {"ready": False}} for address in not_ready]
    return {
        "metadata": {"name": "metrics-server-abcde", "namespace": "kube-system"},
        "endpoints": endpoints,
        "ports": [{"name": "https", "port": 10250}],
    }


def sample(name: str, age: float = 10, namespace: str = "") -> Json:
    return {"metadata": {"name": name, "namespace": namespace}, "timestamp": moment(-age), "window": "15s"}


def hpa(name: str, target: str, *, active: bool = True, message: str = "", kind: str = "Deployment") -> Json:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "scaleTargetRef": {"kind": kind, "name": target, "apiVersion": "apps/v1"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}],
        },
        "status": {
            "currentReplicas": 2,
            "conditions": [
                {
                    "type": "ScalingActive",
                    "status": str(active),
                    "reason": "ValidMetricFound" if active else "FailedGetResourceMetric",
                    "message": message,
                }
            ],
        },
    }


def config_map(**data: str) -> Json:
    return {"kind": "ConfigMap", "metadata": {"name": "a-config-map", "namespace": "kube-system"}, "data": data}


def authentication_data(**more: str | None) -> Json:
    """The ConfigMap extension-apiserver-authentication; an underscore stands for a dash, None takes a key away."""
    data: dict[str, str | None] = {
        "client-ca-file": issue(CA).pem,
        "requestheader-client-ca-file": issue(FRONT_PROXY_CA).pem,
        "requestheader-allowed-names": '["front-proxy-client"]',
        "requestheader-username-headers": '["X-Remote-User"]',
        "requestheader-group-headers": '["X-Remote-Group"]',
        "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    }
    data |= {name.replace("_", "-"): value for name, value in more.items()}
    return config_map(**{name: value for name, value in data.items() if value is not None})


def review(allowed: bool = True, reason: str = "") -> Json:
    return {"kind": "SubjectAccessReview", "metadata": {}, "status": {"allowed": allowed, "reason": reason}}


def mirror_pod(host: str, *args: str) -> Json:
    words = args or SERVER_ARGS
    return {
        "metadata": {"name": f"kube-apiserver-{host}", "namespace": "kube-system", "uid": f"uid-of-server-{host}"},
        "spec": {"nodeName": host, "containers": [{"name": "kube-apiserver", "command": list(words)}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": "kube-apiserver", "state": {"running": {"startedAt": moment(-7200)}}, "ready": True}
            ],
        },
    }


# Patients


@dataclass
class Patient:
    """A bundle in the making. Each change answers the patient, so that changes can be chained."""

    documents: dict[Place, Document] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def put(self, place: Place, body: bytes) -> Patient:
        self.documents[place] = Document(place, NOW, body)
        return self

    def refuse(self, place: Place | str, reason: Reason, status: int | None = None, detail: str = "no") -> Patient:
        where = Place(WORKSTATION, Kind.API, place) if isinstance(place, str) else place
        self.documents[where] = Document(where, NOW, refusal=Refusal(reason, detail, status))
        return self

    def api(self, path: str, body: object) -> Patient:
        return self.put(Place(WORKSTATION, Kind.API, path), json.dumps(body).encode())

    def review(self, path: str, allowed: bool, reason: str = "") -> Patient:
        return self.put(Place(WORKSTATION, Kind.REVIEW, path), json.dumps(review(allowed, reason)).encode())

    def log(self, text: str, name: str = "metrics-server-1", suffix: str = "") -> Patient:
        path = f"kube-system/{name}/metrics-server{suffix}"
        return self.put(Place(WORKSTATION, Kind.LOG, path), text.encode())

    def tls(self, where: str, *chain: Issued, asks_for: tuple[str, ...] = ()) -> Patient:
        body = {"protocol": "TLSv1.3", "chain": [item.pem for item in chain], "acceptableCAs": list(asks_for)}
        return self.put(Place(WORKSTATION, Kind.TLS, where), json.dumps(body).encode())

    def without_route(self, *wheres: str) -> Patient:
        for where in wheres:
            self.refuse(Place(WORKSTATION, Kind.TLS, where), Reason.UNREACHABLE, detail="no route to host")
        return self

    def file(self, host: str, path: str, text: str) -> Patient:
        return self._known(host).put(Place(f"host/{host}", Kind.FILE, path), text.encode())

    def directory(self, host: str, path: str, *names: str) -> Patient:
        return self._known(host).put(Place(f"host/{host}", Kind.DIRECTORY, path), json.dumps(sorted(names)).encode())

    def process(self, host: str, program: str, *args: str) -> Patient:
        found = [{"pid": 7, "started": moment(-7200), "args": list(args), "environ": {}}] if args else []
        return self._known(host).put(Place(f"host/{host}", Kind.PROCESS, program), json.dumps(found).encode())

    def _known(self, host: str) -> Patient:
        self.hosts = tuple(dict.fromkeys((*self.hosts, host)))
        return self

    def metrics(self, *nodes: Json) -> Patient:
        return self.api(paths.NODE_METRICS, listed(*nodes))

    def silent(self) -> Patient:
        """The metrics API answers 503, as it does while its APIService is not available."""
        for path in (paths.NODE_METRICS, paths.POD_METRICS):
            self.refuse(path, Reason.FAILED, 503, "service unavailable")
        return self

    def installed(self, *deployments: Json, pods: tuple[Json, ...] = ()) -> Patient:
        by_label = ("k8s-app", "app.kubernetes.io/name")
        for label, deployed, running in zip(by_label, paths.DEPLOYMENTS, paths.PODS, strict=True):
            self.api(deployed, listed(*(d for d in deployments if label in d["metadata"]["labels"])))
            self.api(running, listed(*(p for p in pods if label in p["metadata"]["labels"])))
        return self

    def args(self, *args: str, port: int = 10250) -> Patient:
        """metrics-server with these arguments, its pod likewise."""
        one = container(args, port)
        return self.installed(deployment(one), pods=(pod("metrics-server-1", one),))

    def bundle(self) -> Bundle:
        vantages = (WORKSTATION, *(f"host/{host}" for host in self.hosts))
        context = Context("test", "https://192.0.2.10:6443", "operator", self.groups, vantages)
        return bundle_of(self.documents.values(), NOW, context)

    def facts(self) -> Cluster:
        return read_facts(self.bundle())

    def outcome(self, check_id: str) -> Outcome:
        return judge(self.facts(), [check for check in CHECKS if check.id == check_id])[0]

    def diagnosis(self) -> Diagnosis:
        return diagnosed(self.bundle())


def diagnosed(bundle: Bundle) -> Diagnosis:
    cluster = read_facts(bundle)
    return diagnose(cluster, judge(cluster, CHECKS))


def healthy(**addresses: str) -> Patient:
    """Two nodes unless others are named, all of them scraped, seen by an operator without host files."""
    nodes = addresses or ADDRESSES
    patient = (
        Patient()
        .api(paths.VERSION, {"gitVersion": "v1.36.3"})
        .api(paths.APISERVICES, listed(apiservice(), {"metadata": {"name": "v1."}, "spec": {"version": "v1"}}))
        .api(paths.service("kube-system", "metrics-server"), service())
        .api(paths.slices("kube-system", "metrics-server"), listed(endpoint_slice()))
        .api(paths.AUTHENTICATION, authentication_data())
        .api(paths.ROOT_CA, config_map(**{"ca.crt": issue(CA).pem}))
        .api(paths.NODES, listed(*(node(name, ("InternalIP", at), ("Hostname", name)) for name, at in nodes.items())))
        .api(paths.API_SERVER_PODS, listed())
        .api(paths.NODE_METRICS, listed(*map(sample, nodes)))
        .api(paths.POD_METRICS, listed(sample("metrics-server-1", namespace="kube-system")))
        .api(paths.RUNNING_PODS, listed(pod()))
        .api(paths.HPAS, listed())
        .api(paths.events("kube-system", "metrics-server-1"), listed())
        .api(paths.network_policies("kube-system"), listed())
        .installed(deployment(), pods=(pod(),))
        .log("")
        .review(rights.CALLER_READS_NODE_METRICS, allowed=True)
        .review(rights.scrapes(SCRAPER), allowed=True)
    )
    for at in nodes.values():
        patient.tls(f"[{at}]:10250" if ":" in at else f"{at}:10250", kubelet_certificate(at))
    return patient


def with_host(patient: Patient, *args: str, host: str = MASTER) -> Patient:
    """The same with the files of the control-plane host: a running kube-apiserver with these arguments."""
    return (
        patient.process(host, "kube-apiserver", *(args or SERVER_ARGS))
        .file(host, f"{PKI}/ca.pem", issue(CA).pem)
        .file(host, f"{PKI}/front-proxy-ca.pem", issue(FRONT_PROXY_CA).pem)
        .file(host, f"{PKI}/front-proxy.pem", proxy_certificate().pem)
        .file(host, f"{PKI}/front-proxy-key.pem", proxy_certificate().public_pem)
        .directory(host, PKI, "ca.pem", "ca-key.pem", "front-proxy-ca.pem", "front-proxy.pem", "front-proxy-key.pem")
    )


def scrape_error(node_name: str, address: str, error: str, age: float = 5) -> str:
    """A line of metrics-server's log, as `kubectl logs --timestamps` prints it."""
    at = NOW - timedelta(seconds=age)
    klog = f"E{at:%m%d %H:%M:%S}.000000       1 scraper.go:149]"
    get = f'Get \\"https://{address}:10250/metrics/resource\\": tls: failed to verify certificate: {error}'
    return f'{at:%Y-%m-%dT%H:%M:%S}.000000000Z {klog} "Failed to scrape node" err="{get}" node="{node_name}"\n'

"""Diagnoses made by hand, one for each kind of verdict: small, and between them with every part of a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from msdoctor.bundle import Context
from msdoctor.diagnosis import (
    BlindHPA,
    Cause,
    CheckReport,
    Diagnosis,
    Explained,
    FlowReport,
    HopReport,
    HopState,
    Unexplained,
    Verdict,
)
from msdoctor.facts.gaps import Gap
from msdoctor.judge import Result
from msdoctor.model import (
    Check,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Location,
    Remedy,
    Risk,
    State,
    no_remedy,
)
from msdoctor.requirements import Requirement

NOW = datetime(2026, 3, 1, 14, 2, 7, tzinfo=UTC)
OPERATOR = Context(
    cluster="story",
    server="https://192.0.2.10:6443",
    user="operator",
    groups=("system:authenticated",),
    vantages=("workstation", "host/k8s-master"),
)
NODES = ("k8s-node1", "k8s-node2")


def check(name: str, hop: Hop, cls: Class = Class.CAUSE, no_help: tuple[str, ...] = ()) -> Check:
    """A check that judges nothing and has a manual page."""
    manual = "## What will not help\n" + "\n".join(f"- {item}" for item in no_help) + "\n\n## Source\nnone"

    def judge() -> Iterator[Finding]:
        yield from ()

    return Check(name, hop, cls, f"{name}.", manual, (), (), no_remedy, {}, judge, __file__)


def hops(*states: str) -> tuple[HopReport, ...]:
    """A to H, each as ``state`` or ``state note``."""
    words = [state.partition(" ") for state in states]
    return tuple(
        HopReport(hop, HopState(word), note) for hop, (word, _, note) in zip(tuple(Hop)[:8], words, strict=True)
    )


OK = hops(*("ok metrics answered",) * 4, *("ok 2 scraped",) * 3, "unknown not seen")

REQUESTHEADER = Cause(
    check(
        "requestheader-config-missing",
        Hop.D,
        no_help=(
            "--kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.",
            "more RBAC, least of all for `system:anonymous`: nobody is refused rights here.",
            "--enable-aggregator-routing=true: it only chooses which address is dialled.",
            "reinstalling metrics-server: the configuration is the API server's.",
        ),
    ),
    Finding(
        summary=(
            "The API server publishes no front-proxy CA, so metrics-server takes every request that it forwards for an"
            " anonymous one and answers 403."
        ),
        subjects=("process/kube-apiserver@k8s-master",),
        evidence=(
            Evidence(
                saw="it holds only client-ca-file",
                where="ConfigMap kube-system/extension-apiserver-authentication",
                how="kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml",
            ),
            Evidence(
                saw="no --requestheader-* flag among its 27 flags",
                where="k8s-master: running kube-apiserver (pid 812)",
                how="ps -ww -o args= -C kube-apiserver",
                origin="host/k8s-master",
                at=datetime(2026, 3, 1, 13, 20, 7, tzinfo=UTC),
            ),
        ),
        effects=(Effect(EffectKind.IDENTITY_REFUSED),),
        since=datetime(2026, 3, 1, 13, 20, 7, tzinfo=UTC),
        changed="the API server was started",
        location=Location("k8s-master:/etc/kubernetes/manifests/kube-apiserver.yaml", 14),
        remedies=(
            Remedy(
                advice="First make a front-proxy CA of its own, and a client certificate from it.",
                commands=(
                    "cd /etc/kubernetes/pki",
                    "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=front-proxy-ca -keyout ca-key.pem -out ca.pem",
                    "cat > front-proxy.ext <<EOF\nextendedKeyUsage=clientAuth\nEOF",
                ),
                on="control-plane/k8s-master",
                verify="openssl verify -CAfile front-proxy-ca.pem front-proxy.pem",
                shows_within_seconds=0,
            ),
            Remedy(
                advice="Give the API server its front-proxy CA. The API server restarts, about a minute.",
                commands=("mv /etc/kubernetes/kube-apiserver.yaml.new /etc/kubernetes/manifests/kube-apiserver.yaml",),
                on="control-plane/k8s-master",
                risks=(Risk.DISRUPTIVE,),
                undo=("mv /etc/kubernetes/kube-apiserver.yaml.before /etc/kubernetes/manifests/kube-apiserver.yaml",),
                verify="kubectl get apiservice v1beta1.metrics.k8s.io",
                shows_within_seconds=150,
            ),
        ),
    ),
    explains=(
        Explained(
            "apiservice-unavailable",
            ("apiservice/v1beta1.metrics.k8s.io",),
            "APIService v1beta1.metrics.k8s.io is not available: FailedDiscoveryCheck.",
        ),
        Explained("hpa-metrics-failing", ("hpa/default/busy",), "HPA default/busy gets no metrics and keeps 1 pods."),
    ),
)

PATCH = "kubectl patch -n kube-system deployment/metrics-server --type json -p"

INSECURE = Remedy(
    advice="Last resort: tell metrics-server not to verify any kubelet.",
    commands=(
        PATCH + ' \'[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--kubelet-insecure-tls"}]\'',
    ),
    risks=(Risk.WEAKENS_SECURITY, Risk.DISRUPTIVE),
    undo=("kubectl rollout undo -n kube-system deployment/metrics-server",),
    verify="kubectl top nodes",
    shows_within_seconds=90,
)


def wrong_certificate(node: str = "k8s-node1", address: str = "192.0.2.51", state: State = State.ACTIVE) -> Cause:
    """A kubelet whose certificate is valid for another node's address."""
    cert = "/var/lib/kubelet/pki/kubelet.crt"
    look = f"openssl s_client -connect {address}:10250 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName"
    return Cause(
        check(
            "kubelet-cert-san-mismatch",
            Hop.E,
            no_help=(
                "adding certificate authorities: the names are compared first, and no CA changes them.",
                "reinstalling metrics-server: the certificate belongs to the kubelet.",
            ),
        ),
        Finding(
            summary=(
                f"metrics-server dials {node} at {address}, where the kubelet serves a certificate of"
                f" CN=system:node:{node}, issued by CN=story-ca: certificate is valid for 192.0.2.50, not {address}."
            ),
            subjects=(f"node/{node}",),
            evidence=(Evidence("its names are 192.0.2.50", f"certificate served at {address}:10250", look),),
            effects=(Effect(EffectKind.KUBELET_NOT_TRUSTED, node),),
            state=state,
            since=datetime(2026, 2, 27, 9, 0, tzinfo=UTC),
            changed="its certificate became valid",
            remedies=(
                Remedy(
                    advice=f"Put a certificate with {node}'s own names in place, and restart the kubelet.",
                    commands=(
                        f"cp {cert} {cert}.before",
                        f"install -m 0644 {node}.pem {cert}",
                        "systemctl restart kubelet",
                    ),
                    on=f"node/{node}",
                    undo=(f"mv {cert}.before {cert} && systemctl restart kubelet",),
                    verify=look,
                    shows_within_seconds=90,
                ),
                INSECURE,
            ),
        ),
        explains=()
        if state is State.LATENT
        else (Explained("node-metrics-missing", (f"node/{node}",), f"Node {node} has no metrics."),),
    )


SKIPS_TLS = Cause(
    check("apiservice-insecure-skip-tls", Hop.C, Class.RISK),
    Finding(
        summary="The API server does not verify metrics-server's certificate; upstream's manifest is set so.",
        subjects=("apiservice/v1beta1.metrics.k8s.io",),
        evidence=(
            Evidence("insecureSkipTLSVerify: true", "APIService v1beta1.metrics.k8s.io", "kubectl get apiservice"),
        ),
        effects=(),
    ),
)
INSECURE_TLS = Cause(
    check("kubelet-insecure-tls", Hop.E, Class.RISK),
    Finding(
        summary="metrics-server sends its token to whoever answers at a node's address.",
        subjects=("deployment/kube-system/metrics-server",),
        evidence=(
            Evidence(
                "--kubelet-insecure-tls",
                "deployment/kube-system/metrics-server, args",
                "kubectl -n kube-system get deployment metrics-server -o yaml",
            ),
        ),
        effects=(Effect(EffectKind.UNSAFE),),
        remedies=(
            Remedy(
                advice="Mend the kubelets' certificates (see below what is wrong with them), then take the flag away.",
                commands=(PATCH + ' \'[{"op":"remove","path":"/spec/template/spec/containers/0/args/5"}]\'',),
                risks=(Risk.DISRUPTIVE,),
                undo=("kubectl rollout undo -n kube-system deployment/metrics-server",),
                verify="kubectl top nodes",
                shows_within_seconds=90,
            ),
        ),
    ),
)
REQUIREMENTS = (
    Requirement("reachable-from-apiserver", "met", "metrics-server answers"),
    Requirement("aggregation-layer", "met", "metrics answered"),
    Requirement("webhook-authn-authz", "met", "2 scraped"),
    Requirement("kubelet-certificates", "met", "2 scraped"),
    Requirement("container-runtime-metrics", "met", "2 scraped"),
)
CHECKS = (
    CheckReport("apiservice-insecure-skip-tls", Result.FAIL),
    CheckReport("kubelet-cert-san-mismatch", Result.PASS),
    CheckReport("kubelet-cert-unknown-ca", Result.PASS),
    CheckReport("metrics-not-yet-available", Result.NOT_APPLICABLE, "no metrics-server is starting"),
    CheckReport("requestheader-config-missing", Result.PASS),
)
NO_FILES = Gap(
    "files of the control-plane host (API server flags, proxy client certificate)",
    "no host files were given",
    remedy="--host-root NAME=DIR",
)


def _broken() -> Diagnosis:
    return Diagnosis(
        taken_at=NOW,
        context=OPERATOR,
        server_version="v1.33.2",
        verdict=Verdict.BROKEN,
        flow=FlowReport(0, 2, 0, 12, None, "operator", False, NODES, (blind("default/busy"),), 1),
        causes=(REQUESTHEADER, wrong_certificate(), SKIPS_TLS),
        alternatives=(),
        elsewhere=(),
        unexplained=(),
        contradictions=(),
        hops=hops(
            "ok the API server answers",
            "broken",
            "ok metrics-server answers",
            "broken",
            "degraded 1 of 2 nodes",
            "unknown not seen",
            "unknown not seen",
            "broken",
        ),
        requirements=(
            Requirement("aggregation-layer", "not-met", "requestheader-config-missing: no front-proxy CA"),
            Requirement("webhook-authn-authz", "unseen", "nothing that was read tells"),
        ),
        checks=(
            CheckReport("kubelet-cert-san-mismatch", Result.FAIL),
            CheckReport("metrics-server-missing", Result.PASS),
            CheckReport("requestheader-config-missing", Result.FAIL),
        ),
        gaps=(Gap("the certificate that metrics-server serves", "not asked", remedy="--port-forward"),),
    )


def blind(key: str) -> BlindHPA:
    return BlindHPA(key, f"deployment/{key.partition('/')[2]}", 1)


def _degraded() -> Diagnosis:
    return replace(
        _broken(),
        verdict=Verdict.DEGRADED,
        flow=FlowReport(1, 2, 7, 12, 9, "operator", True, ("k8s-node1",), (blind("shop/cart"), blind("shop/front")), 5),
        causes=(wrong_certificate(),),
        contradictions=("the APIService was not available a minute ago, and metrics were answered just now",),
        hops=hops(*("ok metrics answered",) * 4, "degraded 1 of 2 nodes", *("ok 1 scraped",) * 2, "broken"),
        gaps=(),
    )


def _healthy() -> Diagnosis:
    return Diagnosis(
        taken_at=NOW,
        context=OPERATOR,
        server_version="v1.33.2",
        verdict=Verdict.HEALTHY,
        flow=FlowReport(2, 2, 11, 12, 9, "operator", True, (), (), 1),
        causes=(SKIPS_TLS,),
        alternatives=(),
        elsewhere=(),
        unexplained=(),
        contradictions=(),
        hops=OK,
        requirements=REQUIREMENTS,
        checks=CHECKS,
        gaps=(NO_FILES,),
    )


def _at_risk() -> Diagnosis:
    return replace(
        _healthy(),
        verdict=Verdict.AT_RISK,
        causes=(wrong_certificate(state=State.LATENT), INSECURE_TLS, SKIPS_TLS),
        hops=hops(*("ok metrics answered",) * 4, "at-risk", *("ok 2 scraped",) * 2, "unknown not seen"),
    )


def _incomplete() -> Diagnosis:
    return replace(
        _broken(),
        verdict=Verdict.INCOMPLETE,
        context=replace(OPERATOR, vantages=("workstation",)),
        causes=(),
        alternatives=(),
        unexplained=(
            Unexplained(
                "apiservice-unavailable",
                ("apiservice/v1beta1.metrics.k8s.io",),
                "APIService v1beta1.metrics.k8s.io is not available: FailedDiscoveryCheck.",
                ("kubectl get apiservice v1beta1.metrics.k8s.io -o yaml",),
            ),
        ),
        hops=hops("ok the API server answers", "broken", *("unknown not seen",) * 5, "broken"),
        checks=(
            CheckReport("broken-plug-in", Result.ERROR, "the check itself failed: KeyError: 'spec'"),
            CheckReport("requestheader-config-missing", Result.UNSEEN, "configmap: forbidden (403)"),
        ),
        gaps=(
            Gap(
                "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
                'forbidden (403): configmaps is forbidden: User "operator" cannot get resource "configmaps"',
            ),
            Gap("the certificate of the kubelet at 192.0.2.51:10250", "from the workstation: timeout", 2),
            NO_FILES,
        ),
    )


def hostile(evil: str) -> Diagnosis:
    """Every text that comes from a cluster is this one, which tries to be more than text where it is shown."""
    cause = wrong_certificate()
    proof = replace(cause.finding.evidence[0], saw=evil * 40, where=evil, how=f"echo {evil}")
    remedy = Remedy(evil, (f"kubectl {evil}",), on=f"node/{evil}", undo=(evil,), verify=evil)
    finding = replace(
        cause.finding, summary=evil, subjects=(evil,), evidence=(proof,), changed=evil, remedies=(remedy,)
    )
    return replace(
        _broken(),
        context=Context(evil, evil, evil, (evil,), (f"host/{evil}",)),
        server_version=evil,
        flow=FlowReport(
            0, 2, 0, 12, None, evil, False, (evil,), (BlindHPA(f"{evil}/$(reboot)", f"{evil}/$(reboot)", 1),), 1
        ),
        causes=(replace(cause, finding=finding, explains=(Explained(evil, (evil,), evil),)),),
        alternatives=(),
        unexplained=(Unexplained(evil, (evil,), evil, (evil,)),),
        contradictions=(evil,),
        requirements=(Requirement("aggregation-layer", "unseen", evil),),
        checks=(CheckReport("crashed", Result.ERROR, evil),),
        gaps=(Gap(evil, evil, 2, evil),),
    )


def _large() -> Diagnosis:
    """Half of a thousand nodes have the same disease, and as many HPAs complain."""
    nodes = tuple(f"node-{number:04}" for number in range(1000))
    ill = tuple(wrong_certificate(node, f"192.0.2.{number % 250}") for number, node in enumerate(nodes[:500]))
    explains = tuple(
        Explained("hpa-metrics-failing", (f"hpa/shop/web-{n}",), f"HPA shop/web-{n} gets no metrics.")
        for n in range(90)
    )
    likely = replace(ill[7], finding=replace(ill[7].finding, confidence=Confidence.LIKELY))
    return replace(
        _degraded(),
        flow=FlowReport(
            500,
            1000,
            4000,
            8000,
            9,
            "operator",
            True,
            nodes[:500],
            tuple(blind(f"shop/web-{n}") for n in range(90)),
            90,
        ),
        causes=(replace(ill[0], explains=explains), *ill[1:7], likely, *ill[8:]),
        hops=hops(*("ok metrics answered",) * 4, "degraded 500 of 1000 nodes", *("ok 500 scraped",) * 2, "broken"),
        contradictions=(),
    )


BROKEN, DEGRADED, AT_RISK, HEALTHY, INCOMPLETE = _broken(), _degraded(), _at_risk(), _healthy(), _incomplete()
AS_MASTERS = replace(
    HEALTHY,
    context=replace(OPERATOR, user="kubernetes-admin", groups=("system:masters",)),
    flow=replace(HEALTHY.flow, asked_as="kubernetes-admin", conclusive=False),
)
# This one tries to steer a terminal.
HOSTILE, LARGE = hostile("\x1b[2J\x1b]0;owned\x07\u202eevil\r\nBROKEN"), _large()

PATIENTS = {
    "broken": BROKEN,
    "degraded": DEGRADED,
    "at-risk": AT_RISK,
    "healthy": HEALTHY,
    "healthy-as-masters": AS_MASTERS,
    "incomplete": INCOMPLETE,
    "hostile": HOSTILE,
    "large": LARGE,
}

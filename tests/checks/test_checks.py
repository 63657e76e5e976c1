"""Checks: the least that one fires on, the least that it is silent on, and what it does not see.

What holds for every check is shown on its own recorded cluster, in `tests/test_contract.py`.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.judge import Outcome, Result
from msdoctor.model import Confidence, EffectKind, Finding, State
from tests.checks import front_proxies, registered, verified
from tests.checks.refusing_kubelets import (
    ALL,
    FORBIDDEN,
    NO_WEBHOOK,
    SOUND,
    UNAUTHORIZED,
    denied,
    not_heard_of,
    refusing,
    set_up,
)
from tests.checks.serving import all_loaded, asked, not_reloaded, without_certificate
from tests.checks.tokens import account, refused, with_token
from tests.checks.unreached import (
    BY_NAME,
    ITSELF,
    NO_ANSWER,
    NO_NAME,
    REFUSED,
    TIMEOUT,
    annotated,
    complaint,
    leases,
    misregistered,
    read_only_port,
    refuses_workstation,
    silent_to_workstation,
    sitting,
    stopped,
    unreached,
    without_brackets,
)
from tests.checks.verticals import vpa, with_vpas
from tests.facts.clusters import (
    CA,
    CHECKS,
    FRONT_PROXY_CA,
    MANIFEST_ARGS,
    MASTER,
    NOW,
    PKI,
    SERVER_ARGS,
    Patient,
    apiservice,
    authentication_data,
    container,
    deployment,
    endpoint_slice,
    healthy,
    hpa,
    issue,
    kubelet_certificate,
    listed,
    mirror_pod,
    moment,
    pod,
    proxy_certificate,
    sample,
    scrape_error,
    service,
    with_host,
)
from tests.facts.serving_requests import csr

WORKER = "192.0.2.11:10250"
WITHOUT_AGGREGATION = tuple(arg for arg in SERVER_ARGS if "proxy-client" not in arg and "requestheader" not in arg)
WITHOUT_PROXY = tuple(arg for arg in SERVER_ARGS if "proxy-client" not in arg)
NO_CA: dict[str, str | None] = {
    "requestheader_client_ca_file": None,
    "requestheader_allowed_names": None,
    "requestheader_username_headers": None,
    "requestheader_group_headers": None,
    "requestheader_extra_headers_prefix": None,
}
BAD_STATUS = "failing or missing response from https://10.0.0.1:443/x: bad status from https://10.0.0.1:443/x: "
NOT_ALLOWED = (
    '2026-03-01T11:59:59.000000000Z E0301 11:59:59.000000       1 authentication.go:75] "Unable to authenticate the'
    ' request" err="[x509: subject with cn=other is not in the allowed list, verifying certificate SN=1, SKID=, AKID=AB'
    ' failed: x509: certificate signed by unknown authority]"\n'
)


def _known(patient: Patient) -> Patient:
    """The same with all files, so that every blank of a remedy can be filled."""
    patient.process("worker", "kubelet", "kubelet", "--config=/etc/kubelet.yaml")
    text = "tlsCertFile: /pki/kubelet.crt\ntlsPrivateKeyFile: /pki/kubelet.key\n"
    return patient.file("worker", "/etc/kubelet.yaml", text)


def _host(*args: str) -> Patient:
    return _known(with_host(healthy(), *args))


def _unit() -> Patient:
    unit = "[Service]\nExecStart=/usr/bin/kube-apiserver \\\n" + " \\\n".join(f"  {a}" for a in WITHOUT_AGGREGATION[1:])
    patient = _host(*WITHOUT_AGGREGATION).file(MASTER, "/etc/systemd/system/kube-apiserver.service", unit)
    return patient.api(paths.AUTHENTICATION, authentication_data(**NO_CA))


def _manifest(*args: str) -> Patient:
    words = "".join(f"    - {arg}\n" for arg in args)
    text = f"spec:\n  containers:\n  - name: kube-apiserver\n    command:\n{words}"
    return _host(*args).file(MASTER, "/etc/kubernetes/manifests/kube-apiserver.yaml", text)


def _conditioned(status: str, reason: str, message: str) -> Patient:
    return healthy().silent().api(paths.APISERVICES, listed(apiservice(status, reason, message)))


def _starting(age: float) -> Patient:
    return healthy().silent().installed(deployment(), pods=(pod(ready=False, started=-age),))


def _worker_serves(**more: Any) -> Patient:
    return _host().tls(WORKER, kubelet_certificate(**({"address": "192.0.2.11"} | more)))


def _unlisted(*kept: str) -> Patient:
    return healthy().metrics(*map(sample, kept))


def _proxy(name: str, **config: str | None) -> Patient:
    patient = _manifest(*SERVER_ARGS).file(MASTER, f"{PKI}/front-proxy.pem", proxy_certificate(name).pem)
    return patient.api(paths.AUTHENTICATION, authentication_data(**config))


ILL: dict[str, Callable[[], Patient]] = {
    **registered.ILL,
    **verified.ILL,
    "client-ca-config-missing": front_proxies.without_client_ca,
    "client-cert-key-usage": front_proxies.for_servers,
    "front-proxy-ca-mismatch": front_proxies.of_a_stranger,
    "front-proxy-cert-expired": front_proxies.expired,
    "front-proxy-cert-expiring": front_proxies.expiring,
    "front-proxy-key-mismatch": front_proxies.with_anothers_key,
    "process-not-restarted": front_proxies.not_restarted,
    "requestheader-ca-same-as-client-ca": front_proxies.of_one_ca,
    "requestheader-header-names": front_proxies.other_headers,
    "apiservice-insecure-skip-tls": healthy,
    "apiservice-missing-endpoints": lambda: healthy().api(
        paths.slices("kube-system", "metrics-server"), listed(endpoint_slice((), ("10.0.0.3",)))
    ),
    "apiservice-unavailable": lambda: _conditioned("False", "FailedDiscoveryCheck", "i/o timeout"),
    "hpa-metrics-failing": lambda: healthy().api(
        paths.HPAS, listed(hpa("web", "web", active=False, message="unable to get metrics for resource cpu: x"))
    ),
    "vpa-metrics-failing": lambda: with_vpas(healthy().silent(), vpa()),
    "kubelet-anonymous-enabled": lambda: set_up(healthy(), "authentication: {anonymous: {enabled: true}}\n"),
    "kubelet-anonymous-token-not-accepted": lambda: set_up(refusing(FORBIDDEN, "worker"), NO_WEBHOOK.format("true")),
    "kubelet-authz-always-allow": lambda: set_up(healthy(), "authorization: {mode: AlwaysAllow}\n"),
    "kubelet-cannot-reach-apiserver-webhook": lambda: not_heard_of(refusing(UNAUTHORIZED, "worker")),
    "kubelet-cert-expired": lambda: _worker_serves(end=NOW - timedelta(seconds=1)),
    "clock-skew": lambda: _worker_serves(start=NOW + timedelta(hours=1)),
    "kubelet-cert-expiring": lambda: _worker_serves(end=NOW + timedelta(days=3)),
    "kubelet-cert-key-usage": lambda: _worker_serves(usage="client"),
    "kubelet-cert-not-reloaded": not_reloaded,
    "kubelet-serving-csr-denied": lambda: without_certificate(csr(fate="Denied")),
    "kubelet-serving-csr-pending": lambda: without_certificate(csr()),
    "kubelet-cert-san-mismatch": lambda: _worker_serves(sans=("192.0.2.99", "worker")),
    "kubelet-cert-san-missing-ip": lambda: _worker_serves(sans=("worker",)),
    "kubelet-cert-unknown-ca": lambda: _worker_serves(by="other-ca"),
    "cluster-dns-unreachable": lambda: unreached(NO_ANSWER, url="https://worker:10250"),
    "kubelet-down": lambda: stopped(refuses_workstation(unreached(REFUSED))),
    "kubelet-endpoint-404-version": lambda: annotated(unreached('request failed, status: \\"404 Not Found\\"', url="")),
    "kubelet-insecure-tls": lambda: healthy().args(*MANIFEST_ARGS, "--kubelet-insecure-tls"),
    "kubelet-read-only-port-10255": read_only_port,
    "kubelet-slow-response": lambda: unreached("failed to read response body - context deadline exceeded", url=""),
    "kubelet-rbac-forbidden-403": lambda: denied(refusing(FORBIDDEN, *ALL), stats=False),
    "kubelet-webhook-unauthorized-401": lambda: set_up(refusing(UNAUTHORIZED, "worker"), NO_WEBHOOK.format("false")),
    "metrics-api-not-registered": lambda: healthy().silent().api(paths.APISERVICES, listed()),
    "metrics-not-yet-available": lambda: _starting(20),
    "metrics-server-missing": lambda: healthy().silent().installed().api(paths.APISERVICES, listed()),
    "metrics-server-not-ready": lambda: healthy().installed(deployment(), pods=(pod(ready=False),)),
    "node-address-dns-unresolvable": lambda: unreached(NO_NAME, url="https://worker:10250").args(*BY_NAME),
    "node-address-type-missing": lambda: healthy().args(*BY_NAME, "--kubelet-preferred-address-types=ExternalIP"),
    "node-firewall-reject": lambda: leases(unreached(REFUSED)),
    "node-metrics-missing": lambda: _unlisted("master"),
    "node-unreachable-timeout": lambda: leases(silent_to_workstation(unreached(TIMEOUT))),
    "node-wrong-internal-ip": misregistered,
    "port-conflict-10250-fargate": lambda: sitting(complaint(ITSELF)),
    "ipv6-unsupported-old-version": without_brackets,
    "proxy-client-cert-missing": lambda: _manifest(*WITHOUT_PROXY),
    "rbac-image-version-skew": lambda: denied(refusing(FORBIDDEN, *ALL), stats=True),
    "requestheader-allowed-names-mismatch": lambda: _proxy("other"),
    "requestheader-config-missing": _unit,
    "secure-port-mismatch": lambda: healthy().installed(
        deployment(container(("--secure-port=4443",))), pods=(pod(ready=False),)
    ),
    "serviceaccount-token-expired": lambda: with_token(account(refused()), ends=-3600),
    "serviceaccount-token-invalid": lambda: with_token(account(refused()), uid="older"),
}
# Besides the healthy cluster.
WELL: dict[str, Callable[[], Patient]] = {
    **registered.WELL,
    **verified.WELL,
    "client-cert-key-usage": front_proxies.with_unit,
    "front-proxy-ca-mismatch": lambda: front_proxies.showing(
        proxy_certificate(by="newer"), requestheader_client_ca_file=issue(FRONT_PROXY_CA).pem + issue("newer").pem
    ),
    "front-proxy-cert-expired": lambda: front_proxies.showing(proxy_certificate(end=NOW)),
    "front-proxy-cert-expiring": lambda: front_proxies.showing(proxy_certificate(end=NOW + timedelta(days=4))),
    "front-proxy-key-mismatch": front_proxies.with_unit,
    "process-not-restarted": front_proxies.with_unit,
    "requestheader-header-names": lambda: front_proxies.other_headers(
        requestheader_username_headers='["X-Forwarded-User", "x-remote-user"]'
    ),
    "kubelet-anonymous-enabled": lambda: set_up(healthy(), SOUND, *ALL),
    "kubelet-authz-always-allow": lambda: set_up(healthy(), SOUND, *ALL),
    "apiservice-insecure-skip-tls": lambda: healthy().api(paths.APISERVICES, listed(_verified())),
    "apiservice-missing-endpoints": lambda: healthy().api(
        paths.slices("kube-system", "metrics-server"), listed(endpoint_slice(("10.0.0.4",), ("10.0.0.3",)))
    ),
    "kubelet-cert-expired": lambda: _worker_serves(end=NOW),  # Go: not after the last moment
    "clock-skew": lambda: _worker_serves(start=NOW),
    "kubelet-cert-expiring": lambda: _worker_serves(end=NOW + timedelta(days=4)),  # not yet the last tenth
    "kubelet-cert-key-usage": lambda: _worker_serves(by="other-ca"),
    "kubelet-cert-not-reloaded": all_loaded,
    "kubelet-serving-csr-denied": lambda: asked(csr(age=7200, fate="Denied")),
    "kubelet-serving-csr-pending": lambda: asked(csr(age=7200)),
    "kubelet-cert-san-mismatch": lambda: _worker_serves(sans=("192.0.2.99", "192.0.2.11")),
    "kubelet-cert-san-missing-ip": lambda: _worker_serves(sans=("192.0.2.99",)),
    "kubelet-cert-unknown-ca": lambda: _worker_serves(sans=("192.0.2.99",)),
    "cluster-dns-unreachable": lambda: unreached(NO_NAME, url="https://worker:10250"),
    "kubelet-down": lambda: stopped(unreached(TIMEOUT)),  # cut off from the API server: it shakes hands
    "kubelet-endpoint-404-version": lambda: unreached('request failed, status: \\"403 Forbidden\\"', url=""),
    "kubelet-insecure-tls": lambda: healthy().args(*MANIFEST_ARGS, "--kubelet-insecure-tls=false"),
    "kubelet-read-only-port-10255": lambda: leases(unreached(REFUSED)),
    "kubelet-slow-response": lambda: leases(unreached(REFUSED)),
    "metrics-not-yet-available": lambda: _starting(51),
    "metrics-server-missing": lambda: healthy().installed(),
    "metrics-server-not-ready": lambda: healthy().installed(deployment(), pods=(pod("old"), pod("new", ready=False))),
    "node-address-dns-unresolvable": lambda: unreached(NO_NAME.replace("no such host", "i/o timeout")),
    "node-address-type-missing": lambda: healthy().args(*BY_NAME),
    "node-firewall-reject": lambda: stopped(unreached(REFUSED)),
    "node-metrics-missing": lambda: healthy().metrics(sample("master", 59), sample("worker", 59)),
    "node-unreachable-timeout": lambda: leases(unreached(REFUSED)),
    "node-wrong-internal-ip": lambda: leases(silent_to_workstation(unreached(TIMEOUT))),
    "port-conflict-10250-fargate": lambda: sitting(complaint(ITSELF), node="master"),
    # Nobody complains, and there are brackets from 0.3 on.
    "ipv6-unsupported-old-version": lambda: without_brackets(release="v0.3.0", log=""),
    "proxy-client-cert-missing": lambda: _manifest(*SERVER_ARGS),
    "requestheader-allowed-names-mismatch": lambda: _proxy("other", requestheader_allowed_names='["a", "other"]'),
    "requestheader-config-missing": lambda: _manifest(*SERVER_ARGS),
    "secure-port-mismatch": lambda: healthy().args("--secure-port=4443", port=4443),
}
# What must be seen before a check may say that all is well.
SEES: dict[str, tuple[str, ...]] = {
    **registered.SEES,
    **verified.SEES,
    "client-ca-config-missing": (paths.AUTHENTICATION,),
    "client-cert-key-usage": (),  # the control plane's own files, which a healthy cluster here is seen without
    "front-proxy-ca-mismatch": (),
    "front-proxy-cert-expired": (),
    "front-proxy-cert-expiring": (),
    "front-proxy-key-mismatch": (),
    "process-not-restarted": (),
    "requestheader-ca-same-as-client-ca": (paths.AUTHENTICATION,),
    "requestheader-header-names": (paths.AUTHENTICATION,),
    "apiservice-insecure-skip-tls": (paths.APISERVICES,),
    "apiservice-missing-endpoints": (paths.APISERVICES, paths.slices("kube-system", "metrics-server")),
    "apiservice-unavailable": (paths.APISERVICES,),
    "hpa-metrics-failing": (paths.HPAS,),
    "vpa-metrics-failing": (paths.VPA_KIND,),
    "kubelet-anonymous-enabled": (paths.NODES,),
    "kubelet-anonymous-token-not-accepted": (paths.NODES, *paths.DEPLOYMENTS),
    "kubelet-authz-always-allow": (paths.NODES,),
    "kubelet-cannot-reach-apiserver-webhook": (paths.NODES, *paths.DEPLOYMENTS),
    "kubelet-cert-expired": (paths.NODES,),
    "clock-skew": (paths.NODES,),
    "kubelet-cert-expiring": (paths.NODES,),
    "kubelet-cert-key-usage": (paths.NODES, paths.ROOT_CA),
    "kubelet-cert-not-reloaded": (paths.NODES,),
    "kubelet-serving-csr-denied": (paths.NODES,),
    "kubelet-serving-csr-pending": (paths.NODES,),
    "kubelet-cert-san-mismatch": (paths.NODES,),
    "kubelet-cert-san-missing-ip": (paths.NODES,),
    "kubelet-cert-unknown-ca": (paths.NODES, paths.ROOT_CA),
    "cluster-dns-unreachable": paths.DEPLOYMENTS,
    "kubelet-down": (paths.NODES,),
    "kubelet-endpoint-404-version": paths.DEPLOYMENTS,
    "kubelet-insecure-tls": paths.DEPLOYMENTS,
    "kubelet-read-only-port-10255": (paths.NODES, *paths.DEPLOYMENTS),
    "kubelet-slow-response": (paths.NODES, *paths.DEPLOYMENTS),
    "kubelet-rbac-forbidden-403": (paths.NODES, *paths.DEPLOYMENTS),
    "kubelet-webhook-unauthorized-401": (paths.NODES, *paths.DEPLOYMENTS),
    "metrics-api-not-registered": (paths.APISERVICES,),
    "metrics-not-yet-available": (*paths.DEPLOYMENTS, *paths.PODS),
    "metrics-server-missing": (*paths.DEPLOYMENTS, *paths.PODS),
    "metrics-server-not-ready": (*paths.DEPLOYMENTS, *paths.PODS),
    "node-address-dns-unresolvable": paths.DEPLOYMENTS,
    "node-address-type-missing": (paths.NODES, *paths.DEPLOYMENTS),
    "node-firewall-reject": (paths.NODES,),
    "node-metrics-missing": (paths.NODES,),
    "node-unreachable-timeout": (paths.NODES,),
    "node-wrong-internal-ip": (paths.NODES,),
    "port-conflict-10250-fargate": (paths.NODES, *paths.DEPLOYMENTS),
    "ipv6-unsupported-old-version": (paths.NODES, *paths.DEPLOYMENTS),
    "proxy-client-cert-missing": (paths.AUTHENTICATION,),
    "rbac-image-version-skew": (paths.NODES, *paths.DEPLOYMENTS),
    "requestheader-allowed-names-mismatch": (paths.AUTHENTICATION,),
    "requestheader-config-missing": (paths.AUTHENTICATION,),
    "secure-port-mismatch": paths.DEPLOYMENTS,
    "serviceaccount-token-expired": paths.DEPLOYMENTS,
    "serviceaccount-token-invalid": paths.DEPLOYMENTS,
}
IDS = [check.id for check in CHECKS]


def _verified() -> dict[str, Any]:
    item = apiservice()
    item["spec"] |= {"insecureSkipTLSVerify": False, "caBundle": "QUJD"}
    return item


def _finding(outcome: Outcome) -> Finding:
    assert outcome.result is Result.FAIL
    return outcome.findings[0]


def test_the_patients_here_are_of_checks_that_there_are() -> None:
    assert ILL.keys() | WELL.keys() | SEES.keys() <= set(IDS)


@pytest.mark.parametrize("check_id", ILL)
def test_it_fires_with_evidence_and_with_no_blank_left_open(check_id: str) -> None:
    outcome = ILL[check_id]().outcome(check_id)

    assert outcome.result is Result.FAIL
    for finding in outcome.findings:
        assert finding.subjects
        assert finding.evidence
        assert all(evidence.saw and evidence.where and evidence.how for evidence in finding.evidence)
        texts = [t for r in finding.remedies for t in (r.advice, *r.commands, *r.undo, r.verify, r.on)]
        assert not [text for text in texts if re.search(r"<[A-Z][A-Z-]*>", text)]


@pytest.mark.parametrize("check_id", IDS)
def test_it_is_silent_on_what_only_looks_like_it(check_id: str) -> None:
    quiet = (Result.PASS, Result.NOT_APPLICABLE)

    assert WELL.get(check_id, healthy)().outcome(check_id).result in quiet
    assert check_id == "apiservice-insecure-skip-tls" or healthy().outcome(check_id).result in (*quiet, Result.UNSEEN)


@pytest.mark.parametrize("check_id", SEES)
@pytest.mark.parametrize(("reason", "status"), [(Reason.FORBIDDEN, 403), (Reason.TIMEOUT, None)])
def test_what_it_did_not_see_it_does_not_pass(check_id: str, reason: Reason, status: int | None) -> None:
    for path in SEES[check_id]:
        outcome = healthy().refuse(path, reason, status).outcome(check_id)

        assert outcome.result is Result.UNSEEN
        assert str(reason) in outcome.reason


# What the wire alone tells; a renewal shows only beside the file.
OF_THE_WIRE = [name for name in IDS if name.startswith("kubelet-cert-") and name != "kubelet-cert-not-reloaded"]


@pytest.mark.parametrize("check_id", OF_THE_WIRE)
def test_a_kubelet_that_was_not_reached_is_unseen_and_the_others_still_count(check_id: str) -> None:
    outcome = healthy().without_route(WORKER).outcome(check_id)

    assert (outcome.result, outcome.seen, outcome.of) == (Result.UNSEEN, 1, 2)
    assert outcome.reason.startswith("node/worker: ")


def test_what_the_log_told_of_leaves_the_other_faults_of_that_certificate_unseen() -> None:
    error = "x509: certificate is valid for 192.0.2.99, not 192.0.2.11"
    patient = _unlisted("master").without_route(WORKER).log(scrape_error("worker", "192.0.2.11", error))
    told = _finding(patient.outcome("kubelet-cert-san-mismatch"))

    assert told.confidence is Confidence.LIKELY
    assert patient.outcome("kubelet-cert-unknown-ca").result is Result.UNSEEN


@pytest.mark.parametrize(
    ("check_id", "since"),
    [("kubelet-cert-expired", timedelta(days=1)), ("kubelet-cert-unknown-ca", timedelta(days=30))],
)
def test_a_certificates_fault_is_as_old_as_its_date(check_id: str, since: timedelta) -> None:
    patient = _worker_serves(by="other-ca", end=NOW - timedelta(days=1), generation="old")
    finding = _finding(patient.outcome(check_id))

    assert finding.since == NOW - since
    assert finding.state is (State.ACTIVE if check_id == "kubelet-cert-expired" else State.NEXT)


def test_the_certificates_remedy_names_this_node_its_files_and_its_names() -> None:
    finding = _finding(_worker_serves(sans=("192.0.2.99",)).outcome("kubelet-cert-san-mismatch"))
    commands = "\n".join(command for remedy in finding.remedies for command in remedy.commands)

    assert "subjectAltName=IP:192.0.2.11,DNS:worker" in commands
    assert "/pki/kubelet.crt" in commands
    assert f"-CA {PKI}/ca.pem -CAkey {PKI}/ca-key.pem" in commands
    assert [remedy.on for remedy in finding.remedies][:2] == [f"control-plane/{MASTER}", "node/worker"]


# kubelet-insecure-tls


@pytest.mark.parametrize("flag", ["--kubelet-insecure-tls", "--deprecated-kubelet-completely-insecure=true"])
@pytest.mark.parametrize("field", ["args", "command"])
def test_the_insecure_flag_is_taken_away_where_it_stands(flag: str, field: str) -> None:
    one = container() | {"args": [], "command": []} | {field: ["/metrics-server", "--v=1", flag]}
    finding = _finding(healthy().installed(deployment(one), pods=(pod(),)).outcome("kubelet-insecure-tls"))

    assert finding.evidence[0].saw == flag.partition("=")[0]
    assert f"/containers/0/{field}/2" in finding.remedies[0].commands[0]


def test_the_insecure_flag_tells_whose_certificates_it_hides() -> None:
    patient = healthy().args(*MANIFEST_ARGS, "--kubelet-insecure-tls").tls(WORKER, kubelet_certificate("192.0.2.99"))

    assert "It hides the certificates of worker." in _finding(patient.outcome("kubelet-insecure-tls")).summary


# The front proxy


@pytest.mark.parametrize(
    ("status", "servers", "result"),
    [
        ("403", (), Result.FAIL),
        ("401", (), Result.PASS),
        ("403", (mirror_pod(MASTER),), Result.PASS),  # every server shows its certificate: it is something else
        ("403", (mirror_pod(MASTER, *WITHOUT_PROXY),), Result.FAIL),
    ],
)
def test_a_403_accuses_only_servers_that_may_lack_their_certificate(
    status: str, servers: tuple[dict[str, Any], ...], result: Result
) -> None:
    patient = _conditioned("False", "FailedDiscoveryCheck", BAD_STATUS + status)
    outcome = patient.api(paths.API_SERVER_PODS, listed(*servers)).outcome("proxy-client-cert-missing")

    assert outcome.result is result
    if result is Result.FAIL:
        assert outcome.findings[0].confidence is (Confidence.CERTAIN if servers else Confidence.LIKELY)


def test_without_a_published_ca_the_missing_certificate_is_not_the_question() -> None:
    patient = _host(*WITHOUT_AGGREGATION).api(paths.AUTHENTICATION, authentication_data(**NO_CA))

    assert patient.outcome("proxy-client-cert-missing").result is Result.NOT_APPLICABLE
    assert patient.outcome("requestheader-allowed-names-mismatch").result is Result.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("config", "saw"),
    [
        (authentication_data(**NO_CA), "it holds only client-ca-file"),
        (authentication_data(**NO_CA, client_ca_file=None), "it is empty"),
        (None, "it is not there"),
    ],
)
def test_the_config_map_without_a_front_proxy_ca_is_described(config: dict[str, Any] | None, saw: str) -> None:
    patient = healthy().api(paths.AUTHENTICATION, config)
    if config is None:
        patient.refuse(paths.AUTHENTICATION, Reason.ABSENT, 404)

    assert _finding(patient.outcome("requestheader-config-missing")).evidence[0].saw == saw


def test_a_proxy_certificate_of_the_cluster_ca_makes_everybody_its_user() -> None:
    patient = _host().api(paths.AUTHENTICATION, authentication_data(**NO_CA))
    patient.file(MASTER, f"{PKI}/front-proxy.pem", proxy_certificate("kubernetes", by=CA).pem).silent()
    finding = _finding(patient.outcome("requestheader-config-missing"))

    assert "user kubernetes" in finding.summary
    assert [effect.kind for effect in finding.effects] == [EffectKind.IDENTITY_CONFUSED]


def test_lost_flags_are_given_again_from_the_files_that_lie_ready() -> None:
    (remedy,) = _finding(_unit().outcome("requestheader-config-missing")).remedies

    assert f"--requestheader-client-ca-file={PKI}/front-proxy-ca.pem" in remedy.commands[1]
    assert "systemctl restart kube-apiserver" in remedy.commands[-1]


def test_where_no_files_lie_ready_they_are_made_first() -> None:
    patient = _manifest(*WITHOUT_AGGREGATION).api(paths.AUTHENTICATION, authentication_data(**NO_CA))
    for name in ("front-proxy-ca.pem", "front-proxy.pem"):
        patient.refuse(Place(f"host/{MASTER}", Kind.FILE, f"{PKI}/{name}"), Reason.ABSENT)
    first, second = _finding(patient.outcome("requestheader-config-missing")).remedies

    assert any("openssl req -x509" in command for command in first.commands)
    assert "/etc/kubernetes/manifests/kube-apiserver.yaml" in second.commands[0]


@pytest.mark.parametrize(
    ("status", "log", "result"),
    [("401", NOT_ALLOWED, Result.FAIL), ("401", "", Result.UNSEEN), ("503", NOT_ALLOWED, Result.UNSEEN)],
)
def test_without_files_the_log_names_the_name_while_the_aggregator_is_still_refused(
    status: str, log: str, result: Result
) -> None:
    patient = _conditioned("False", "FailedDiscoveryCheck", BAD_STATUS + status).log(log)
    outcome = patient.outcome("requestheader-allowed-names-mismatch")

    assert outcome.result is result
    if result is Result.FAIL:
        assert outcome.findings[0].confidence is Confidence.LIKELY
        assert "presents itself to metrics-server as other" in outcome.findings[0].summary


def test_a_name_that_is_not_allowed_comes_next_where_the_certificate_is_refused_before() -> None:
    patient = _proxy("other").file(MASTER, f"{PKI}/front-proxy.pem", proxy_certificate("other", by="stranger").pem)

    assert _finding(_proxy("other").outcome("requestheader-allowed-names-mismatch")).state is State.ACTIVE
    assert _finding(patient.outcome("requestheader-allowed-names-mismatch")).state is State.NEXT


def test_one_ca_for_both_makes_a_name_that_is_not_allowed_a_user() -> None:
    patient = _proxy("other", requestheader_client_ca_file=issue(CA).pem)
    patient.file(MASTER, f"{PKI}/front-proxy.pem", proxy_certificate("other", by=CA).pem).silent()
    finding = _finding(patient.outcome("requestheader-allowed-names-mismatch"))

    assert [effect.kind for effect in finding.effects] == [EffectKind.IDENTITY_CONFUSED]


# secure-port-mismatch


def _ports(**by_name: dict[str, Any]) -> Patient:
    patient = healthy().args("--secure-port=10250")
    return patient.api(paths.service("kube-system", "metrics-server"), service(ports=tuple(by_name.values())))


HTTPS = {"name": "https", "port": 443, "targetPort": "https"}


@pytest.mark.parametrize(
    ("patient", "result"),
    [
        (_ports(https=HTTPS | {"targetPort": 4443}), Result.FAIL),
        (_ports(https=HTTPS | {"targetPort": 10250}), Result.PASS),
        (_ports(https=HTTPS, nanny={"name": "nanny", "port": 8080, "targetPort": 8080}), Result.PASS),
        (_ports(https=HTTPS | {"targetPort": "no-such-port"}), Result.PASS),
        (_ports(https={"name": "https", "port": 10250}), Result.PASS),
    ],
)
def test_of_the_service_the_port_counts_that_the_apiservice_names(patient: Patient, result: Result) -> None:
    assert patient.outcome("secure-port-mismatch").result is result


def test_probes_that_are_answered_ask_on_the_right_port() -> None:
    """A pod of just these arguments is ready: something, such as a sidecar, answers there."""
    one = container(("--secure-port=4443",))
    patient = healthy().api(
        paths.service("kube-system", "metrics-server"), service(ports=(HTTPS | {"targetPort": 4443},))
    )

    assert (
        patient.installed(deployment(one), pods=(pod("a", one),)).outcome("secure-port-mismatch").result is Result.PASS
    )
    silent = patient.installed(deployment(one), pods=(pod("a", one, ready=False),))
    finding = _finding(silent.outcome("secure-port-mismatch"))
    assert finding.summary == (
        "metrics-server listens on port 4443; its livenessProbe and its readinessProbe ask on 10250."
    )


def test_the_probes_refusal_is_quoted_from_the_events() -> None:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "metrics-server-1"},
        "message": 'Readiness probe failed: Get "https://10.0.0.2:10250/readyz": dial tcp: connect: connection refused',
        "count": 7,
        "lastTimestamp": moment(-5),
    }
    patient = ILL["secure-port-mismatch"]().api(paths.events("kube-system", "metrics-server-1"), listed(event))
    quoted = _finding(patient.outcome("secure-port-mismatch")).evidence[-1]

    assert quoted.saw == event["message"]
    assert "7 times" in quoted.where


# metrics-server-missing


@pytest.mark.parametrize(
    ("name", "slices", "running", "result"),
    [
        ("metrics-server", endpoint_slice(()), (), Result.FAIL),
        ("metrics-server", endpoint_slice(), (), Result.NOT_APPLICABLE),
        ("metrics-server", endpoint_slice((), ("10.0.0.3",)), (), Result.NOT_APPLICABLE),
        ("metrics-server", endpoint_slice(()), (pod("mine"),), Result.NOT_APPLICABLE),
        ("prometheus-adapter", endpoint_slice(()), (), Result.NOT_APPLICABLE),
    ],
)
def test_a_server_without_the_usual_labels_is_no_missing_one(
    name: str, slices: dict[str, Any], running: tuple[dict[str, Any], ...], result: Result
) -> None:
    patient = healthy().silent().installed().api(paths.APISERVICES, listed(apiservice(name=name)))
    patient.api(paths.service("kube-system", name), service(name=name))
    patient.api(paths.slices("kube-system", name), listed(slices)).api(paths.RUNNING_PODS, listed(*running))

    assert patient.outcome("metrics-server-missing").result is result


def test_an_apiservice_that_outlived_its_server_and_its_service_is_told_of() -> None:
    patient = healthy().silent().installed()
    patient.refuse(paths.service("kube-system", "metrics-server"), Reason.ABSENT, 404)
    patient.api(paths.slices("kube-system", "metrics-server"), listed())
    finding = _finding(patient.outcome("metrics-server-missing"))

    assert "v1beta1.metrics.k8s.io still points to one" in finding.summary
    assert finding.evidence[-1].saw == "no such Service"


def test_whether_it_is_missing_is_open_while_the_pods_behind_its_service_are_unseen() -> None:
    patient = healthy().silent().installed().refuse(paths.RUNNING_PODS, Reason.FORBIDDEN, 403)
    patient.api(paths.slices("kube-system", "metrics-server"), listed(endpoint_slice(())))

    assert patient.outcome("metrics-server-missing").result is Result.UNSEEN


# Symptoms


def test_an_apiservice_that_nobody_has_checked_yet_is_not_available() -> None:
    fresh = apiservice()
    fresh["status"] = {}
    finding = _finding(healthy().api(paths.APISERVICES, listed(fresh)).outcome("apiservice-unavailable"))

    assert finding.summary.endswith("not checked yet.")
    assert finding.evidence[0].saw == "no condition Available"


def test_a_start_in_the_future_is_one_of_just_now() -> None:
    finding = _finding(_starting(-30).outcome("metrics-not-yet-available"))

    assert finding.summary.startswith("metrics-server started 0 s ago")


def test_a_container_that_was_restarted_is_not_merely_starting() -> None:
    patient = healthy().silent().installed(deployment(), pods=(pod(ready=False, started=-5, restarts=3),))

    assert patient.outcome("metrics-not-yet-available").result is Result.PASS


def test_each_pod_that_is_not_ready_is_named_with_its_probes_words() -> None:
    pods = (pod("a", ready=False), pod("b", ready=False))
    finding = _finding(healthy().installed(deployment(), pods=pods).outcome("metrics-server-not-ready"))

    assert finding.subjects == ("pod/kube-system/a", "pod/kube-system/b")
    assert finding.summary == "None of metrics-server's 2 pods is ready."


def test_a_node_whose_newest_sample_is_old_says_since_when() -> None:
    patient = healthy().metrics(sample("master"), sample("worker", 300))

    assert _finding(patient.outcome("node-metrics-missing")).summary == "Node worker has no metrics since 11:55:00Z."


def test_an_api_that_gave_no_answer_lists_no_node_as_missing() -> None:
    assert healthy().silent().outcome("node-metrics-missing").result is Result.NOT_APPLICABLE


def test_the_api_is_registered_with_the_server_that_is_there() -> None:
    finding = _finding(ILL["metrics-api-not-registered"]().outcome("metrics-api-not-registered"))

    assert "service: {name: metrics-server, namespace: kube-system}" in finding.remedies[0].commands[0]
    assert "deployment/kube-system/metrics-server is there" in finding.summary


def test_without_a_server_there_is_nothing_to_register() -> None:
    finding = _finding(ILL["metrics-server-missing"]().outcome("metrics-api-not-registered"))

    assert not finding.remedies

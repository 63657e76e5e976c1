"""Whom metrics-server takes the aggregator for, and why: what is told apart that looks alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths, rights
from msdoctor.judge import Result
from msdoctor.model import Confidence, EffectKind, Finding, State, Unseen
from tests.checks import front_proxies as made
from tests.facts.clusters import (
    CA,
    FRONT_PROXY_CA,
    MASTER,
    NOW,
    PKI,
    SERVER_ARGS,
    Patient,
    apiservice,
    authentication_data,
    healthy,
    hpa,
    issue,
    listed,
    mirror_pod,
    proxy_certificate,
    with_host,
)

WITHOUT_PROXY = tuple(arg for arg in SERVER_ARGS if "proxy-client" not in arg)
OWN = (
    "client-cert-key-usage",
    "front-proxy-ca-mismatch",
    "front-proxy-cert-expired",
    "front-proxy-cert-expiring",
    "front-proxy-key-mismatch",
    "process-not-restarted",
    "requestheader-allowed-names-mismatch",
    "requestheader-ca-same-as-client-ca",
    "requestheader-header-names",
    "client-ca-config-missing",
)


def _named(patient: Patient) -> set[tuple[str, State]]:
    """Causes and risks of the front proxy in a whole diagnosis, notes left out."""
    return {(c.id, c.finding.state) for c in patient.diagnosis().causes if c.id in OWN and c.finding.effects}


def _finding(patient: Patient, check_id: str) -> Finding:
    outcome = patient.outcome(check_id)
    assert outcome.result is Result.FAIL, outcome.reason
    return outcome.findings[0]


def _kinds(finding: Finding) -> list[EffectKind]:
    return [effect.kind for effect in finding.effects]


WELL: dict[str, Callable[[], Patient]] = {
    "a leaf that is rightly called like its CA": lambda: made.showing(
        proxy_certificate("front-proxy-ca", by="a-ca"),
        requestheader_client_ca_file=issue("a-ca").pem,
        requestheader_allowed_names='["front-proxy-ca"]',
    ),
    "no allowed names at all": lambda: made.showing(
        proxy_certificate("anybody"), *made.WITHOUT_NAMES, requestheader_allowed_names="[]"
    ),
    "one CA for both, and the name allowed": lambda: made.of_one_ca("front-proxy-client"),
    "a union of an old CA and a new one": lambda: made.showing(
        proxy_certificate(by="newer"), requestheader_client_ca_file=issue(FRONT_PROXY_CA).pem + issue("newer").pem
    ),
    "headers by other names besides": lambda: made.other_headers(
        requestheader_username_headers='["X-Other", "X-REMOTE-USER"]'
    ),
    "a prefix without its dash": lambda: made.other_headers(
        requestheader_username_headers='["X-Remote-User"]', requestheader_extra_headers_prefix='["X-Remote-Extra"]'
    ),
    "a file whose variables nobody here can know": lambda: made.not_restarted(
        SERVER_ARGS, (*SERVER_ARGS[:1], "$ALL_FLAGS")
    ),
    "another order of the same names": lambda: made.not_restarted(
        (*SERVER_ARGS, "--v=2"), (SERVER_ARGS[0], *reversed(SERVER_ARGS[1:]))
    ),
    "without host files": healthy,
}


@pytest.mark.parametrize("name", WELL)
def test_well_in_another_way_is_well(name: str) -> None:
    assert _named(WELL[name]()) == set()


@pytest.mark.parametrize(
    ("patient", "named"),
    [
        (made.of_a_stranger, {("front-proxy-ca-mismatch", State.ACTIVE)}),
        (made.expired, {("front-proxy-cert-expired", State.ACTIVE)}),
        (made.for_servers, {("client-cert-key-usage", State.ACTIVE)}),
        (made.other_headers, {("requestheader-header-names", State.ACTIVE)}),
        (made.expiring, {("front-proxy-cert-expiring", State.LATENT)}),
        (made.with_anothers_key, {("front-proxy-key-mismatch", State.LATENT)}),
        # Three of the certificate's faults at once: the first is met, the others are hidden by it.
        (
            lambda: made.showing(
                issue("other", by="stranger", usage="server", end=NOW - timedelta(days=1), generation="bad")
            ),
            {
                ("front-proxy-cert-expired", State.ACTIVE),
                ("front-proxy-ca-mismatch", State.NEXT),
                ("requestheader-allowed-names-mismatch", State.NEXT),
            },
        ),
    ],
)
def test_each_fault_has_its_own_name(patient: Callable[[], Patient], named: set[tuple[str, State]]) -> None:
    assert _named(made.refused(patient())) >= named
    assert {id_ for id_, _ in _named(made.refused(patient()))} - {"client-cert-key-usage"} <= {id_ for id_, _ in named}


def test_of_the_clusters_own_ca_it_is_believed_for_its_own_user_only() -> None:
    patient = made.showing(proxy_certificate("front-proxy-client", by=CA)).silent()
    finding = _finding(patient, "front-proxy-ca-mismatch")

    assert _kinds(finding) == [EffectKind.IDENTITY_CONFUSED]
    assert "takes whoever comes through it for user front-proxy-client" in finding.summary


# One CA for both


def test_one_ca_and_a_name_that_is_not_allowed_is_silent_and_refuses_everybody() -> None:
    patient = made.of_one_ca().silent()

    assert _named(patient) == {
        ("requestheader-allowed-names-mismatch", State.ACTIVE),
        ("requestheader-ca-same-as-client-ca", State.LATENT),
    }


def test_one_ca_and_a_name_of_masters_lets_everybody_do_everything() -> None:
    patient = made.of_one_ca(organization="system:masters")

    assert {state for _, state in _named(patient)} == {State.LATENT}
    assert "who may do everything" in _finding(patient, "requestheader-ca-same-as-client-ca").summary


def test_one_ca_without_allowed_names_lets_any_client_speak_for_others() -> None:
    patient = made.of_one_ca(requestheader_allowed_names="[]")
    finding = _finding(patient, "requestheader-ca-same-as-client-ca")

    assert _kinds(finding) == [EffectKind.UNSAFE]
    assert "may speak for anybody" in finding.summary
    assert any("--requestheader-allowed-names=front-proxy-client" in c for r in finding.remedies for c in r.commands)


@pytest.mark.parametrize(("answers", "result"), [(False, Result.FAIL), (True, Result.UNSEEN)])
def test_one_ca_without_allowed_names_keeps_a_newer_api_server_down(answers: bool, result: Result) -> None:
    args = (arg.replace(f"{PKI}/front-proxy-ca.pem", f"{PKI}/ca.pem") for arg in made.WITHOUT_NAMES)
    patient = made.with_unit(*args).refuse(paths.AUTHENTICATION, Reason.UNREACHABLE)
    patient.file(MASTER, f"{PKI}/front-proxy.pem", proxy_certificate(by=CA).pem)
    if not answers:
        patient.refuse(paths.VERSION, Reason.UNREACHABLE)

    assert patient.outcome("requestheader-ca-same-as-client-ca").result is result


def test_one_ca_with_the_name_allowed_is_worth_a_note() -> None:
    finding = _finding(made.of_one_ca("front-proxy-client"), "requestheader-ca-same-as-client-ca")

    assert (finding.effects, finding.remedies) == ((), ())


def test_a_shared_ca_that_no_flag_has_any_more_goes_with_the_config_map() -> None:
    both = issue(CA).pem + issue(FRONT_PROXY_CA).pem
    patient = made.showing(proxy_certificate(), requestheader_client_ca_file=both)
    finding = _finding(patient, "requestheader-ca-same-as-client-ca")

    assert "never taken back" in finding.summary
    assert [remedy.on for remedy in finding.remedies] == ["workstation"]
    assert finding.effects == ()


# The union that never shrinks


@pytest.mark.parametrize(
    ("args", "stale"),
    [
        (made.WITHOUT_NAMES, True),
        ((*made.WITHOUT_NAMES, "--requestheader-allowed-names=other"), True),
        (SERVER_ARGS, False),
    ],
)
def test_names_that_no_flag_has_any_more_go_with_the_config_map(args: tuple[str, ...], stale: bool) -> None:
    finding = _finding(made.showing(proxy_certificate("other"), *args), "requestheader-allowed-names-mismatch")
    commands = " ".join(command for remedy in finding.remedies for command in remedy.commands)

    assert ("delete configmap extension-apiserver-authentication" in commands) is stale
    assert ("sed" in commands) is not stale


def test_sans_are_shown_and_do_not_count() -> None:
    certificate = proxy_certificate("other", sans=("front-proxy-client",))
    finding = _finding(made.showing(certificate), "requestheader-allowed-names-mismatch")

    assert finding.evidence[0].saw == "its subject is CN=other; its SANs (front-proxy-client) do not count for a client"


# From a workstation alone


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (made.twice(made.UNKNOWN), "front-proxy-ca-mismatch"),
        (
            made.twice("x509: certificate has expired or is not yet valid: current time T is after U"),
            "front-proxy-cert-expired",
        ),
        (made.twice("x509: certificate specifies an incompatible key usage"), "client-cert-key-usage"),
        (
            made.twice("x509: subject with cn=other is not in the allowed list"),
            "requestheader-allowed-names-mismatch",
        ),
        # The second look alone: what is published says that nobody looked a first time, or it is of another day.
        (made.second_look(), ""),
    ],
)
def test_the_log_names_it_while_the_aggregator_is_refused(error: str, named: str) -> None:
    causes = made.refused(healthy(), made.line(error)).diagnosis().causes
    found = {c.id: c.finding.confidence for c in causes if c.id in OWN}

    assert found == ({named: Confidence.LIKELY} if named else {})
    assert not [c for c in healthy().log(made.line(error)).diagnosis().causes if c.id in OWN]


@pytest.mark.parametrize(("age", "heard"), [(20, True), (300, False)])
def test_who_may_not_see_the_registration_still_hears_metrics_server(age: float, heard: bool) -> None:
    patient = healthy().silent().refuse(paths.APISERVICES, Reason.FORBIDDEN, 403)
    patient.log(made.line(made.twice(made.UNKNOWN), age))

    assert {c.id for c in patient.diagnosis().causes if c.id in OWN} == (
        {"front-proxy-ca-mismatch"} if heard else set()
    )


def test_a_certificate_of_a_published_ca_was_refused_on_another_day() -> None:
    key_id = "AA:BB"
    ca = issue(FRONT_PROXY_CA)
    patient = made.refused(healthy(), made.line(made.twice(made.UNKNOWN, key_id)))
    outcome = patient.outcome("front-proxy-ca-mismatch")

    assert not ca.pem.startswith("AA")
    assert key_id in _finding(patient, "front-proxy-ca-mismatch").summary
    assert outcome.findings[0].confidence is Confidence.LIKELY


def _refusing(user: str, to_hpa: str = "") -> Patient:
    detail = f'nodes.metrics.k8s.io is forbidden: User "{user}" cannot list resource "nodes" in API group'
    patient = healthy().silent().refuse(paths.NODE_METRICS, Reason.FORBIDDEN, 403, f'{detail} "metrics.k8s.io" at x')
    message = (
        "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API:"
        f' pods.metrics.k8s.io is forbidden: User "{to_hpa}" cannot list resource "pods" in API group "metrics.k8s.io"'
    )
    found = [hpa("web", "web", active=False, message=message)] if to_hpa else []
    return patient.api(paths.HPAS, listed(*found))


@pytest.mark.parametrize(
    ("user", "to_hpa", "taken"),
    [
        ("front-proxy-client", "", "front-proxy-client"),
        ("front-proxy-client", "front-proxy-client", "front-proxy-client"),
        ("operator", "", ""),  # who asked
        ("system:serviceaccount:ops:ci", "", ""),  # who asked, perhaps, by a token that does not tell
        ("front-proxy-client", "somebody", ""),
        ("operator", "system:serviceaccount:kube-system:horizontal-pod-autoscaler", ""),
    ],
)
def test_a_user_who_did_not_ask_is_whom_the_aggregator_is_taken_for(user: str, to_hpa: str, taken: str) -> None:
    found = _refusing(user, to_hpa).facts().aggregator

    assert getattr(found, "user", "") == taken


def test_a_caller_whom_the_api_server_refuses_is_not_the_aggregator() -> None:
    patient = _refusing("front-proxy-client").review(rights.CALLER_READS_NODE_METRICS, allowed=False)

    assert not _named(patient)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({}, "front-proxy-ca-mismatch"),
        (
            {"requestheader_client_ca_file": issue(CA).pem, "requestheader_allowed_names": '["aggregator"]'},
            "requestheader-allowed-names-mismatch",
        ),
    ],
)
def test_what_is_published_tells_why_it_is_taken_for_a_user(config: dict[str, str | None], named: str) -> None:
    patient = _refusing("front-proxy-client").api(paths.AUTHENTICATION, authentication_data(**config))
    finding = _finding(patient, named)

    assert finding.confidence is Confidence.LIKELY
    assert _kinds(finding) == [EffectKind.IDENTITY_CONFUSED]


# Several API servers


def test_one_odd_api_server_of_several_is_named_and_comes_and_goes() -> None:
    patient = made.with_unit(host="second", patient=made.of_a_stranger())
    (finding,) = patient.outcome("front-proxy-ca-mismatch").findings

    assert finding.subjects == (f"process/kube-apiserver@{MASTER}",)
    assert _kinds(finding) == [EffectKind.COMES_AND_GOES]
    assert finding.state is State.ACTIVE
    assert "That of second is believed" in finding.summary


def test_of_three_api_servers_the_odd_one_alone_is_named() -> None:
    patient = made.with_unit(host="second", patient=made.with_unit(host="third", patient=made.with_unit()))
    patient.file("third", f"{PKI}/front-proxy.pem", proxy_certificate(by="stranger").pem)
    cluster = patient.facts()

    assert not isinstance(cluster.aggregators, Unseen)
    assert not isinstance(cluster.aggregator, Unseen)
    assert [str(one.taken) for one in cluster.aggregators].count("front proxy") == 2
    assert cluster.aggregator.server == "process/kube-apiserver@third"
    (finding,) = patient.outcome("front-proxy-ca-mismatch").findings
    assert finding.subjects == ("process/kube-apiserver@third",)
    assert _kinds(finding) == [EffectKind.COMES_AND_GOES]
    assert f"That of {MASTER}, second is believed" in finding.summary


def test_the_other_way_round_too() -> None:
    patient = made.with_unit(host="second", patient=made.with_unit())
    patient.file("second", f"{PKI}/front-proxy.pem", made.EXPIRED.pem)
    (finding,) = patient.outcome("front-proxy-cert-expired").findings

    assert finding.subjects == ("process/kube-apiserver@second",)
    assert any("control-plane/second" in remedy.on for remedy in finding.remedies)


def test_a_condition_of_the_odd_one_is_explained_while_the_other_answers() -> None:
    patient = made.with_unit(*WITHOUT_PROXY, host="second", patient=made.with_unit())
    condition = apiservice("False", "FailedDiscoveryCheck", made.REFUSED.format("403"))
    diagnosis = patient.api(paths.APISERVICES, listed(condition)).diagnosis()
    (cause,) = [cause for cause in diagnosis.causes if cause.finding.effects]

    assert (cause.id, cause.finding.subjects) == ("proxy-client-cert-missing", ("process/kube-apiserver@second",))
    assert [item.id for item in cause.explains] == ["apiservice-unavailable"]
    assert (diagnosis.unexplained, diagnosis.contradictions) == ((), ())
    assert "control-plane/second" in {remedy.on for remedy in cause.finding.remedies}


@pytest.mark.parametrize(
    ("status", "log", "named"),
    [
        ("403", "", "proxy-client-cert-missing"),
        ("401", made.twice(made.UNKNOWN), "front-proxy-ca-mismatch"),
        (
            "401",
            made.twice("x509: subject with cn=x is not in the allowed list"),
            "requestheader-allowed-names-mismatch",
        ),
    ],
)
def test_a_refusal_beside_metrics_that_flow_is_possibly_one_of_several(status: str, log: str, named: str) -> None:
    condition = apiservice("False", "FailedDiscoveryCheck", made.REFUSED.format(status))
    patient = healthy().api(paths.APISERVICES, listed(condition)).log(made.line(log) if log else "")
    finding = _finding(patient, named)

    assert _kinds(finding) == [EffectKind.COMES_AND_GOES]
    assert finding.confidence is Confidence.POSSIBLE
    assert patient.diagnosis().contradictions == ()


def test_an_api_server_that_was_not_seen_may_be_the_odd_one() -> None:
    patient = made.refused(
        made.with_unit().api(paths.API_SERVER_PODS, listed(mirror_pod(MASTER), mirror_pod("second")))
    )
    found = patient.facts().aggregators

    assert isinstance(found, tuple)
    assert [(one.server, one.refused) for one in found] == [
        (f"process/kube-apiserver@{MASTER}", False),
        ("", True),
    ]


# Files and processes


def test_flags_that_only_the_process_still_lacks_are_its_missing_restart() -> None:
    causes = made.without_aggregation_yet().diagnosis().causes
    ids = [cause.id for cause in causes if cause.finding.effects]

    assert ids == ["process-not-restarted"]
    assert "requestheader-config-missing" in {item.id for item in causes[0].explains}


def test_a_start_that_would_break_it_is_not_advised() -> None:
    finding = _finding(made.not_restarted(SERVER_ARGS, made.WITHOUT_AGGREGATION), "process-not-restarted")

    assert finding.state is State.LATENT
    assert "would not know its aggregator" in finding.summary
    assert finding.remedies == ()


def test_a_key_of_another_certificate_keeps_a_server_down_that_is_down() -> None:
    patient = made.with_anothers_key().process(MASTER, "kube-apiserver")
    patient.refuse("/version", Reason.UNREACHABLE, None)
    finding = _finding(patient, "front-proxy-key-mismatch")

    assert finding.state is State.ACTIVE
    assert _kinds(finding) == [EffectKind.NO_METRICS]


def test_an_expired_ca_is_why_none_is_published() -> None:
    ca = issue(FRONT_PROXY_CA, start=NOW - timedelta(days=900), end=NOW - timedelta(days=2))
    nothing: dict[str, str | None] = {"requestheader_client_ca_file": None, "requestheader_allowed_names": None}
    patient = made.showing(proxy_certificate(), **nothing).file(MASTER, f"{PKI}/front-proxy-ca.pem", ca.pem)

    assert patient.outcome("requestheader-config-missing").result is Result.NOT_APPLICABLE
    assert "is published no longer" in _finding(patient, "front-proxy-cert-expired").summary


def test_a_ca_that_ends_soon_is_issued_anew_with_its_own_key() -> None:
    ca = issue(FRONT_PROXY_CA, start=NOW - timedelta(days=900), end=NOW + timedelta(days=9))
    patient = made.showing(proxy_certificate(), requestheader_client_ca_file=ca.pem)
    finding = _finding(patient.file(MASTER, f"{PKI}/front-proxy-ca.pem", ca.pem), "front-proxy-cert-expiring")

    assert "The CA of the certificate" in finding.summary
    assert any("-signkey" in command for remedy in finding.remedies for command in remedy.commands)


def test_kubeadms_own_certificate_is_renewed_by_kubeadm() -> None:
    path = f"{PKI}/front-proxy-client.crt"
    args = tuple(arg.replace(f"{PKI}/front-proxy.pem", path) for arg in SERVER_ARGS)
    patient = made.with_unit(*args).file(MASTER, path, made.EXPIRED.pem)
    (remedy,) = _finding(patient, "front-proxy-cert-expired").remedies

    assert remedy.commands[-1] == "kubeadm certs renew front-proxy-client"


@pytest.mark.parametrize(("prefix", "lost"), [("X-Remote-Extra", "lose their names"), ("X-Forwarded-", "are lost")])
def test_a_prefix_without_its_dash_is_worth_a_note_and_blamed_for_nothing(prefix: str, lost: str) -> None:
    config = {"requestheader_username_headers": '["X-Remote-User"]'}
    patient = made.other_headers(**config, requestheader_extra_headers_prefix=f'["{prefix}"]')
    finding = _finding(patient, "requestheader-header-names")

    assert finding.summary.endswith(f"looked for behind {prefix}: they {lost}.")
    assert (finding.state, finding.effects) == (State.LATENT, ())
    assert "--requestheader-extra-headers-prefix=X-Remote-Extra-|" in finding.remedies[0].commands[1]


def test_of_two_prefixes_each_is_tried() -> None:
    config = {"requestheader_username_headers": '["X-Remote-User"]'}
    both = made.other_headers(**config, requestheader_extra_headers_prefix='["X-Remote-Extra", "X-Remote-Extra-"]')

    assert both.outcome("requestheader-header-names").result is Result.PASS


def test_lost_groups_hurt_only_who_has_rights_by_one() -> None:
    config = {"requestheader_username_headers": '["X-Remote-User"]', "requestheader_group_headers": '["X-Teams"]'}
    patient = made.other_headers(**config)

    assert _finding(patient, "requestheader-header-names").state is State.LATENT
    patient.refuse(paths.NODE_METRICS, Reason.FORBIDDEN, 403)
    assert _finding(patient, "requestheader-header-names").state is State.ACTIVE


def test_host_files_without_a_control_plane_tell_nothing() -> None:
    patient = with_host(healthy()).process(MASTER, "kube-apiserver")
    patient.api(paths.APISERVICES, listed(apiservice()))

    assert patient.outcome("front-proxy-ca-mismatch").result is Result.UNSEEN


def test_quotes_that_no_shell_took_off_make_one_name_of_two() -> None:
    quoted = '--requestheader-allowed-names="front-proxy-client,aggregator"'
    args = tuple(quoted if arg.startswith("--requestheader-allowed-names") else arg for arg in SERVER_ARGS)
    patient = made.showing(proxy_certificate(), *args, requestheader_allowed_names='["front-proxy-client,aggregator"]')

    (finding,) = patient.outcome("requestheader-allowed-names-mismatch").findings

    assert "Quotes in the flag's own value make one name of front-proxy-client and aggregator" in finding.summary
    assert finding.evidence[-1].saw == f"the process was given {quoted}"
    assert "--requestheader-allowed-names=front-proxy-client,aggregator|" in finding.remedies[0].commands[1]


def test_of_a_ca_that_is_given_twice_the_last_counts() -> None:
    old = f"{PKI}/front-proxy-ca-old.pem"
    twice = made.with_unit(*SERVER_ARGS, f"--requestheader-client-ca-file={old}")
    twice.api(paths.AUTHENTICATION, authentication_data(requestheader_client_ca_file=issue("stranger").pem))
    twice.file(MASTER, old, issue("stranger").pem)

    (finding,) = twice.outcome("front-proxy-ca-mismatch").findings

    assert f"{PKI}/front-proxy-ca.pem would vouch for it" in finding.summary
    assert (
        finding.evidence[-1].saw
        == f"--requestheader-client-ca-file is given 2 times: {PKI}/front-proxy-ca.pem, then {old}"
    )
    assert finding.remedies[0].commands[1].startswith(f"sed 's#--requestheader-client-ca-file={old}")

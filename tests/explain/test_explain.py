"""What ``explain`` answers, and how it prints: behaviour with a handful of invented checks in the index."""

# ruff: noqa: E501  log lines stand here as they were printed

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, blanks_of, explain
from msdoctor.index import IndexEntry
from msdoctor.model import Blanks, Check, Class, Confidence, Hop, Item, Look, Remedy, Risk, Says
from msdoctor.render.explain import json_, manual_json, manual_text, text
from msdoctor.render.terminal import visible
from msdoctor.utterances.reader import read

STORY_AGGREGATION = """\
        E0217 15:13:53.378655       1 webhook.go:224] Failed to make webhook authorizer request: Post "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": cont
        ext canceled
        E0217 15:13:53.378917       1 errors.go:77] Post "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": context canceled
        E0217 15:13:53.379124       1 timeout.go:137] post-timeout activity - time-elapsed: 121.389µs, GET "/apis/metrics.k8s.io/v1beta1" result: <nil>
"""
STORY_X509 = """\
        Failed to scrape node" err="Get \\"https://192.168.10.51:10250/metrics/resource\\": x509: certificate is valid for 192.168.10.50, not 192.168.10.51" node="k8s-node1
"""
STORY_STARTUP = """\
    I0217 14:54:41.737667       1 serving.go:342] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)
    I0217 14:54:42.981853       1 requestheader_controller.go:169] Starting RequestHeaderAuthRequestController
    I0217 14:54:42.985611       1 secure_serving.go:266] Serving securely on [::]:4443
    W0217 14:54:42.986181       1 shared_informer.go:372] The sharedIndexInformer has started, run more than once is not allowed
    I0217 14:54:43.082892       1 shared_informer.go:247] Caches are synced for RequestHeaderAuthRequestController
"""
NOT_READY = (
    'I0217 15:13:53.378655       1 server.go:187] "Failed probe" probe="metric-storage-ready" err="no metrics to serve"'
)
NOT_AVAILABLE = "error: Metrics API not available"
UNAVAILABLE = "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)"
REFUSED = (
    "failing or missing response from https://10.104.1.2:443/apis/metrics.k8s.io/v1beta1: "
    "bad status from https://10.104.1.2:443/apis/metrics.k8s.io/v1beta1: 403"
)
CONFIG_MAP = "kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml"
MANUAL = """\
## What it means
Something is wrong, and this paragraph says what. It runs over
more than one line.

## What will not help
- --kubelet-insecure-tls: it concerns the next hop.
- more RBAC: nobody is refused rights, as `kubectl -n kube-system auth can-i --list` shows to whoever wants to see.

## Example

    an example that
      stays as it is
"""


def judge() -> Iterator[Item]:
    return iter(())


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice=f"Mend {blanks['node']}.",
            commands=(
                f"ssh {blanks['node']} mend --address {blanks['address']} --with-a-very-long-option=that-does-not-fit",
            ),
            on=f"node/{blanks['node']}",
            risks=(Risk.DISRUPTIVE,),
            undo=("unmend",),
            verify="kubectl top nodes",
        ),
    )


def check(name: str, hop: Hop, *says: Says, cls: Class = Class.CAUSE, decide: tuple[Look, ...] = ()) -> Check:
    return Check(name, hop, cls, f"{name} is the matter.", MANUAL, says, decide, advise, {}, judge, f"{name}.py")


CANCELED = {"path": "subjectaccessreviews"}
CHECKS = (
    check("kubelet-cert-san-mismatch", Hop.E, Says("NotValidFor", Hop.E)),
    check("kubelet-cert-unknown-ca", Hop.E, Says("UnknownAuthority", Hop.E)),
    check(
        "requestheader-config-missing",
        Hop.D,
        Says("Canceled", Hop.D, CANCELED, 0.7),
        Says("AbandonedRequest", where={"path": "/apis/metrics.k8s.io/v1beta1"}, likelihood=0.6),
        Says("HTTPStatus", Hop.D, {"code": "403"}, 0.7),
        Says("MissingBundleContent", where={"bundle": "requestheader-client-ca-file"}),
        decide=(Look(CONFIG_MAP, "no key begins with requestheader-", "requestheader-config-missing"),),
    ),
    check(
        "proxy-client-cert-missing",
        Hop.C,
        Says("Canceled", Hop.D, CANCELED, 0.5),
        Says("AbandonedRequest", where={"path": "/apis/metrics.k8s.io/v1beta1"}, likelihood=0.5),
        Says("HTTPStatus", Hop.D, {"code": "403"}, 0.5),
        decide=(Look(CONFIG_MAP, "requestheader-client-ca-file is there", "proxy-client-cert-missing"),),
    ),
    check("request-timeout-overload", Hop.D, Says("Canceled", Hop.D, CANCELED, 0.4)),
    check("requestheader-allowed-names-mismatch", Hop.D, Says("NotInAllowedList")),
    check("metrics-server-not-ready", Hop.D, Says("NoMetricsToServe"), cls=Class.SYMPTOM),
    check("metrics-api-not-registered", Hop.B, Says("MetricsAPINotAvailable", likelihood=0.5)),
    check(
        "apiservice-missing-endpoints",
        Hop.B,
        Says("MetricsAPINotAvailable", likelihood=0.4),
        Says("NoEndpoints"),
        cls=Class.SYMPTOM,
    ),
    check("benign-informer-run-twice", Hop.D, Says("Noise", where={"what": "informer-run-twice"}), cls=Class.BENIGN),
)


class Known:
    """An index of invented checks."""

    entries = tuple(
        IndexEntry(c.id, c.cls, c.hop, c.title, c.file, c.says, c.decide, c.needs, c.present) for c in CHECKS
    )

    def check(self, check_id: str, /) -> Check:
        return next(known for known in CHECKS if known.id == check_id)


def ask(pasted: str) -> Explanation:
    return explain(read(pasted.splitlines()), Known())


def ids(pasted: str) -> list[str]:
    return [match.id for match in ask(pasted).matches]


# Which id


def test_the_storys_aggregation_lines_are_ambiguous_and_the_config_map_decides() -> None:
    explanation = ask(STORY_AGGREGATION)

    assert explanation.ambiguous
    assert [match.id for match in explanation.matches][:2] == [
        "requestheader-config-missing",
        "proxy-client-cert-missing",
    ]
    assert {look.look for match in explanation.matches for look in match.decide} == {CONFIG_MAP}
    assert {match.confidence for match in explanation.matches} == {Confidence.POSSIBLE}


def test_the_timeout_line_speaks_against_a_cause_that_it_does_not_fit() -> None:
    """A SubjectAccessReview for the aggregator's own probe is made only where its caller was not recognised."""
    only_webhook = "\n".join(STORY_AGGREGATION.splitlines()[:3])

    assert ids(only_webhook)[2:] == ["request-timeout-overload"]
    assert ask(only_webhook).ambiguous

    with_timeout = ask(STORY_AGGREGATION).matches[0]
    assert (with_timeout.line, with_timeout.times, with_timeout.lines) == (1, 3, (1, 3, 4))


def test_the_storys_certificate_line_has_one_cause_and_its_own_names_in_the_remedy() -> None:
    explanation = ask(STORY_X509)

    (match,) = explanation.matches
    assert not explanation.ambiguous
    assert (match.id, match.confidence, match.decide) == ("kubelet-cert-san-mismatch", Confidence.LIKELY, ())
    assert match.remedies[0].on == "node/k8s-node1"
    assert "--address 192.168.10.51:10250" in match.remedies[0].commands[0]
    assert match.means.startswith("Something is wrong")
    assert match.will_not_help[0] == "--kubelet-insecure-tls: it concerns the next hop."


def test_the_story_in_one_paste_names_both_causes_and_the_healthy_start() -> None:
    explanation = ask(STORY_AGGREGATION + STORY_X509 + STORY_STARTUP)

    found = [match.id for match in explanation.matches]
    assert found[0] == "requestheader-config-missing"
    assert "kubelet-cert-san-mismatch" in found
    assert found[-2:] == ["benign-informer-run-twice", "metrics-server-started"]
    assert explanation.ambiguous


def test_figures_are_a_sign_of_health_beside_whatever_else_was_said() -> None:
    top = """\
$ kubectl top nodes
NAME         CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%
k8s-master   260m         7%     999Mi           80%
"""

    assert ids(STORY_X509 + top) == ["kubelet-cert-san-mismatch", "metrics-shown"]
    assert not ask(top).ambiguous


def test_the_story_in_one_paste_is_told_by_the_checks_that_ship() -> None:
    explanation = explain(read((STORY_AGGREGATION + STORY_X509 + STORY_STARTUP).splitlines()), registry.load_index())

    assert explanation.ambiguous
    assert [match.id for match in explanation.matches if not match.rivals] == [
        "kubelet-cert-san-mismatch",
        "benign-informer-run-twice",
        "metrics-server-started",
    ]
    assert explanation.matches[0].id == "requestheader-config-missing"
    assert any("extension-apiserver-authentication" in look.look for look in explanation.matches[0].decide)


def test_a_healthy_start_alone_is_healthy() -> None:
    explanation = ask(STORY_STARTUP)

    assert not explanation.ambiguous
    assert [match.cls for match in explanation.matches] == [Class.BENIGN, Class.HEALTHY]


def test_a_start_with_an_error_that_nobody_knows_is_not_called_healthy() -> None:
    assert ids(
        STORY_STARTUP + 'E0217 14:55:00.000000       1 x.go:1] "Something new" err="of a kind nobody knows"'
    ) == ["benign-informer-run-twice"]


@pytest.mark.parametrize(
    "told",
    [
        "I use vim behind the corporate proxy",
        "the security group blocks port 4443 from the control plane",
        "our firewall was updated by the masters of IT yesterday",
        "metrics-server ran out of memory last night, and we restarted it",
        "two APIServices conflict here",
        "the clock of that node is wrong",
    ],
)
def test_what_somebody_tells_in_a_sentence_is_no_programs_word(told: str) -> None:
    assert explain(read([told]), registry.load_index()).matches == ()


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "hello",
        "Error response from daemon: Get https://registry.example/v2/: x509: certificate signed by unknown authority",
        "dial tcp 10.0.0.1:5432: connect: connection refused",
        "E0217 15:13:53.378655       1 x.go:1] nobody knows",
        "\x00\xff\u202e",
    ],
)
def test_what_nobody_knows_gets_no_guess(pasted: str) -> None:
    assert ask(pasted) == Explanation(ambiguous=False, matches=())


def test_an_error_pasted_without_its_line_is_only_possibly_this_pipelines() -> None:
    (match,) = ask("x509: certificate is valid for 192.168.10.50, not 192.168.10.51").matches

    assert (match.id, match.confidence) == ("kubelet-cert-san-mismatch", Confidence.POSSIBLE)


def test_a_line_that_names_a_cause_settles_the_lines_that_do_not() -> None:
    bundle = 'E0217 15:13:54.000000 1 configmap_cafile_content.go:243] kube-system/extension-apiserver-authentication failed with : missing content for CA bundle "client-ca::kube-system::extension-apiserver-authentication::requestheader-client-ca-file"'

    explanation = ask(STORY_AGGREGATION + bundle)

    (match,) = explanation.matches
    assert not explanation.ambiguous
    assert (match.id, match.confidence, match.times) == ("requestheader-config-missing", Confidence.LIKELY, 4)


def test_a_cause_comes_before_its_consequences_wherever_it_stands() -> None:
    assert ids(NOT_READY + "\n" + STORY_X509) == ["kubelet-cert-san-mismatch", "metrics-server-not-ready"]


def test_what_consumers_say_accuses_nobody_once_the_fault_itself_has_spoken() -> None:
    assert ask(NOT_AVAILABLE).ambiguous
    assert ids(NOT_AVAILABLE) == ["metrics-api-not-registered", "apiservice-missing-endpoints"]

    explanation = ask(NOT_AVAILABLE + "\n" + STORY_X509)

    assert not explanation.ambiguous
    assert [match.id for match in explanation.matches] == ["kubelet-cert-san-mismatch", "apiservice-missing-endpoints"]


def test_two_causes_are_two() -> None:
    unknown_ca = STORY_X509.replace(
        "certificate is valid for 192.168.10.50, not 192.168.10.51", "certificate signed by unknown authority"
    )

    assert ids(STORY_X509 + unknown_ca.replace("k8s-node1", "k8s-node2")) == [
        "kubelet-cert-san-mismatch",
        "kubelet-cert-unknown-ca",
    ]


def test_what_a_node_has_contradicted_since_is_history_and_sure_of_nothing() -> None:
    unknown_ca = STORY_X509.replace(
        "certificate is valid for 192.168.10.50, not 192.168.10.51", "certificate signed by unknown authority"
    )

    newest, earlier = ask(STORY_X509 + unknown_ca).matches

    assert (newest.id, newest.confidence, newest.earlier) == ("kubelet-cert-unknown-ca", Confidence.LIKELY, False)
    assert (earlier.id, earlier.confidence, earlier.earlier) == (
        "kubelet-cert-san-mismatch",
        Confidence.POSSIBLE,
        True,
    )
    assert "the same node has said something else since" in text(ask(STORY_X509 + unknown_ca))


def test_a_refused_probe_in_a_condition_is_ambiguous_too() -> None:
    explanation = ask(REFUSED)

    assert explanation.ambiguous
    assert explanation.matches[0].id == "requestheader-config-missing"
    assert explanation.matches[0].rivals == ("proxy-client-cert-missing",)


def test_a_thousand_equal_lines_are_one_with_their_count_and_span() -> None:
    lines = (
        f'E0217 15:{minute:02}:{second:02}.000000       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.0.0.1:10250/metrics/resource\\": x509: certificate signed by unknown authority" node="n{second % 2}"\n'
        for minute in range(20)
        for second in range(50)
    )

    (match,) = explain(read(lines), Known()).matches

    assert (match.times, match.line, match.nodes) == (1000, 1, ("n0", "n1"))
    assert (match.first, match.last) == ("02-17T15:00:00", "02-17T15:19:49")


def test_a_command_takes_only_plain_names_from_a_log() -> None:
    """Whoever can write a line into a log must not be able to write into the reader's shell."""
    (utterance,) = read([STORY_X509.replace("k8s-node1", "n; rm -rf $HOME #")])

    blanks = blanks_of(utterance)

    assert utterance.connection.node == "n; rm -rf $HOME #"
    assert blanks["node"] == "<NODE>"
    assert blanks["host"] == "192.168.10.51"
    assert blanks["wanted"] == "192.168.10.51"


# How it is told


def test_the_text_says_what_is_so_why_and_what_to_do() -> None:
    assert (
        text(ask(STORY_X509))
        == """\
✗ kubelet-cert-san-mismatch   cause, likely, hop E
    kubelet-cert-san-mismatch is the matter.
    said by   line 1
              Failed to scrape node" err="Get
              \\"https://192.168.10.51:10250/metrics/resource\\": x509:
              certificate is valid for 192.168.10.50, not 192.168.10.51"
              node="k8s-node1
    nodes     k8s-node1
    means     Something is wrong, and this paragraph says what. It runs over
              more than one line.
    no help   --kubelet-insecure-tls: it concerns the next hop.
              more RBAC: nobody is refused rights, as
              `kubectl -n kube-system auth can-i --list` shows to whoever wants
              to see.
    repair    Mend k8s-node1. (interrupts service)
              on node/k8s-node1:
      ssh k8s-node1 mend --address 192.168.10.51:10250 --with-a-very-long-option=that-does-not-fit
    verify    in 60 s:
      kubectl top nodes
    undo      on node/k8s-node1:
      unmend
"""
    )


def test_where_it_is_ambiguous_the_text_begins_with_what_decides() -> None:
    assert text(ask(REFUSED)).startswith("""\
line 1 can mean 2 things; the text alone does not tell which:
  requestheader-config-missing
      requestheader-config-missing is the matter.
  proxy-client-cert-missing
      proxy-client-cert-missing is the matter.
  This decides:
      kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml
      - no key begins with requestheader- → requestheader-config-missing
      - requestheader-client-ca-file is there → proxy-client-cert-missing

✗ requestheader-config-missing   cause, possible, hop D
""")


def test_of_many_candidates_the_likeliest_three_are_printed_in_full_and_json_has_all() -> None:
    explanation = explain(read([UNAVAILABLE]), registry.load_index())
    names = [match.id for match in explanation.matches]
    printed = text(explanation)

    assert len(names) > 3
    assert all(f"\n  {name}\n" in printed for name in names)
    assert re.findall(r"^\S ([a-z0-9_-]+)   ", printed, re.MULTILINE) == names[:3]
    assert "The likeliest 3 follow. For the page of another: `msdoctor explain ID`" in " ".join(printed.split())
    assert [match["id"] for match in json.loads(json_(explanation))["matches"]] == names


def test_what_needs_no_way_onto_a_host_is_to_be_looked_at_first() -> None:
    looks = text(explain(read([UNAVAILABLE]), registry.load_index())).split("\n\n")[0]
    machines = re.findall(r"^  This decides(, on [^:]*)?:", looks, re.MULTILINE)

    assert machines == sorted(machines, key=bool)
    assert {"", ", on the API server's host"} <= set(machines)


def test_a_text_that_nobody_knows_is_told_so_and_what_else_there_is() -> None:
    assert (
        text(ask("hello"))
        == """\
Nothing here that msdoctor knows.
  That is no proof of health. Give it more of the log, or let it look at the
  cluster itself: msdoctor run
"""
    )


@pytest.mark.parametrize("pasted", [STORY_AGGREGATION + STORY_X509 + STORY_STARTUP, REFUSED, NOT_AVAILABLE])
def test_all_but_commands_fits_into_80_columns(pasted: str) -> None:
    too_long = [line.strip() for line in text(ask(pasted)).splitlines() if len(line) > 80]

    assert all(line == CONFIG_MAP or line.startswith("ssh ") for line in too_long)


def test_nothing_from_the_text_steers_the_terminal() -> None:
    hostile = STORY_X509.replace("k8s-node1", "n\x1b]0;owned\x07\u202e\u2066\x9b\x7f\ud800")
    explanation = ask(hostile)

    for printed in (text(explanation), json_(explanation)):
        assert all(character.isprintable() or character == "\n" for character in printed)
        printed.encode()
    assert "\\x1b]0;owned\\x07\\u202e\\u2066\\x9b\\x7f\\ud800" in visible(explanation.matches[0].matched)


def test_colour_adds_nothing_but_colour() -> None:
    explanation = ask(STORY_X509)
    coloured = text(explanation, colour=True)

    assert "\x1b[1;31m✗ kubelet-cert-san-mismatch\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text(explanation)


def test_the_json_keeps_its_contract() -> None:
    document = json.loads(json_(ask(REFUSED)))

    assert list(document) == ["schemaVersion", "ambiguous", "matches"]
    assert (document["schemaVersion"], document["ambiguous"]) == ("1", True)
    assert list(document["matches"][0]) == [
        "id", "class", "confidence", "line", "files", "matched", "times", "first", "last", "means", "willNotHelp", "decide", "remedies",
    ]  # fmt: skip
    assert document["matches"][0]["decide"] == [
        {
            "look": CONFIG_MAP,
            "on": "",
            "if": "no key begins with requestheader-",
            "then": "requestheader-config-missing",
        }
    ]
    assert document["matches"][0]["remedies"][0]["commands"][0].startswith("ssh <NODE> mend --address 10.104.1.2:443")


def test_the_json_of_an_unknown_text_is_empty() -> None:
    assert json.loads(json_(ask("hello"))) == {"schemaVersion": "1", "ambiguous": False, "matches": []}


def test_a_manual_page_keeps_examples_and_commands_as_they_are() -> None:
    page = manual_text(Known().check("metrics-server-not-ready"))

    assert page.startswith(
        "metrics-server-not-ready   symptom, hop D\n    metrics-server-not-ready is the matter.\n\nWhat it means\n"
    )
    assert "    an example that\n      stays as it is\n" in page
    assert "`kubectl -n kube-system auth can-i --list`" in page
    assert "ssh <NODE> mend --address <ADDRESS>" in page


def test_a_manual_page_as_json_keeps_its_contract() -> None:
    document = json.loads(manual_json(Known().check("kubelet-cert-san-mismatch")))

    assert list(document) == [
        "schemaVersion",
        "id",
        "class",
        "hop",
        "title",
        "manual",
        "says",
        "willNotHelp",
        "remedies",
    ]
    assert document["says"] == [{"error": "NotValidFor", "hop": "E", "where": {}, "likelihood": 1.0}]

"""Lines as people paste them: carriers' prefixes, terminal wrapping, prose around, cut ends."""

# ruff: noqa: E501  log lines stand here as they were printed

import json
import textwrap

import pytest

from msdoctor.model import Hop
from msdoctor.utterances import Speaker, Utterance, errors, when
from msdoctor.utterances.paste import MOST_LINE
from msdoctor.utterances.reader import read

SCRAPE = (
    'E0217 15:13:53.378655       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://192.168.10.51:10250'
    '/metrics/resource\\": x509: certificate is valid for 192.168.10.50, not 192.168.10.51" node="k8s-node1"'
)
CONDITION = (
    'failing or missing response from https://10.96.1.1:443/apis/metrics.k8s.io/v1beta1: Get "https://10.96.1.1:443'
    '/apis/metrics.k8s.io/v1beta1": dial tcp 10.96.1.1:443: connect: connection refused'
)
OLD = (
    "unable to fully scrape metrics: unable to fully scrape metrics from node n: unable to fetch metrics from node n: "
    'Get "https://192.168.10.51:10250/stats/summary?only_cpu_and_memory=true": x509: certificate is valid for '
    "192.168.10.50, not 192.168.10.51"
)
EXPIRED = (
    'E0114 02:25:00.528571       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://192.168.10.51:10250'
    '/metrics/resource\\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: '
    'current time 2026-01-14T02:25:00Z is after 2026-01-06T06:23:35Z" node="k8s-node1"'
)
REFUSED = (
    'E0114 02:25:00.528571       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://192.168.10.51:10250'
    '/metrics/resource\\": dial tcp 192.168.10.51:10250: connect: connection refused" node="k8s-node1"'
)
REVIEW = (
    'E0114 02:25:00.528571    1203 webhook.go:154] Failed to make webhook authenticator request: Post "https://'
    '192.168.10.50:6443/apis/authentication.k8s.io/v1/tokenreviews": dial tcp 192.168.10.50:6443: i/o timeout'
)
STORY_WRAPPED = """\
- kube-apiserverでAggregation Layerを有効にする
    - Aggregation Layerが有効でない場合はmetrics-serverで以下のようなエラーログが出ている
        ```
        E0217 15:13:53.378655       1 webhook.go:224] Failed to make webhook authorizer request: Post "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": cont
        ext canceled
        E0217 15:13:53.378917       1 errors.go:77] Post "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": context canceled
        E0217 15:13:53.379124       1 timeout.go:137] post-timeout activity - time-elapsed: 121.389µs, GET "/apis/metrics.k8s.io/v1beta1" result: <nil>
        ```
"""
STORY_STARTUP = """\
    I0217 14:54:41.737667       1 serving.go:342] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)
    I0217 14:54:42.981853       1 requestheader_controller.go:169] Starting RequestHeaderAuthRequestController
    I0217 14:54:42.981913       1 shared_informer.go:240] Waiting for caches to sync for RequestHeaderAuthRequestController
    I0217 14:54:42.981901       1 configmap_cafile_content.go:201] "Starting controller" name="client-ca::kube-system::extension-apiserver-authentication::client-ca-file"
    I0217 14:54:42.985611       1 secure_serving.go:266] Serving securely on [::]:4443
    I0217 14:54:42.985841       1 tlsconfig.go:240] "Starting DynamicServingCertificateController"
    W0217 14:54:42.986181       1 shared_informer.go:372] The sharedIndexInformer has started, run more than once is not allowed
    I0217 14:54:43.082892       1 shared_informer.go:247] Caches are synced for RequestHeaderAuthRequestController
"""


def essence(utterance: Utterance) -> tuple[object, ...]:
    return utterance.error, utterance.connection, utterance.outer, utterance.speaker, utterance.severity


def test_the_three_lines_of_the_story_are_read_across_the_wrap_and_the_prose() -> None:
    wrapped, plain, timeout = read(STORY_WRAPPED.splitlines())

    assert [wrapped.line, plain.line, timeout.line] == [4, 6, 7]
    assert wrapped.error == plain.error == errors.Canceled()
    assert wrapped.text.endswith("context canceled")
    assert isinstance(timeout.error, errors.AbandonedRequest)


def test_a_healthy_start_is_read_step_by_step() -> None:
    said = [utterance.error for utterance in read(STORY_STARTUP.splitlines())]

    assert errors.Started("serving") in said
    assert errors.Started("caches synced") in said
    assert errors.Noise("informer-run-twice") in said
    assert {type(error) for error in said} == {errors.Started, errors.Noise}


@pytest.mark.parametrize("line", [SCRAPE, CONDITION, OLD], ids=["klog", "condition", "old"])
def test_a_line_wrapped_at_any_width_reads_as_if_it_were_whole(line: str) -> None:
    (whole,) = read([line])
    for width in range(60, 200):
        pasted = [" " * 4 + line[start : start + width] + "\n" for start in range(0, len(line), width)]

        assert [essence(utterance) for utterance in read(pasted)] == [essence(whole)], width


@pytest.mark.parametrize("lead", ["", " ", "    "], ids=["bare", "space", "indented"])
@pytest.mark.parametrize("line", [SCRAPE, EXPIRED, REFUSED], ids=["names", "expired", "refused"])
def test_a_line_that_mail_folded_between_words_reads_as_if_it_were_whole(line: str, lead: str) -> None:
    (whole,) = read([line])
    for width in range(72, 160):
        folded = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        pasted = [folded[0], *(lead + part for part in folded[1:])]

        said = [(utterance.error, utterance.connection.url) for utterance in read(pasted)]

        assert said == [(whole.error, whole.connection.url)], width


def test_a_folded_line_that_was_quoted_reads_as_if_it_were_whole_and_answers_are_no_part_of_it() -> None:
    quoted = [f"> > {part}" for part in textwrap.wrap(EXPIRED, 76, break_long_words=False, break_on_hyphens=False)]

    (said,) = read([*quoted, "> That is the kubelet's.", "connection refused here too"])

    assert essence(said) == essence(next(iter(read([EXPIRED]))))


def test_what_is_left_of_a_journals_head_tells_the_speaker() -> None:
    for head in ("kubelet[1203]: ", "5月 30 15:47:35 k8s-node kubelet[34217]: ", "Dec  5 12:42:03  kubelet: "):
        (said,) = read([head + REVIEW])

        assert (said.speaker, said.connection.hop) == (Speaker.KUBELET, Hop.F), head


@pytest.mark.parametrize(
    "carry",
    [
        lambda line: f"2022-02-17T15:13:53.378655123Z {line}",
        lambda line: f"[pod/metrics-server-8bb87844c-v67lj/metrics-server] {line}",
        lambda line: f"[pod/metrics-server-8bb87844c-v67lj/metrics-server] 2022-02-17T15:13:53.378655123Z {line}",
        lambda line: f"2022-02-17T15:13:53.378655123Z stderr F {line}",
        lambda line: json.dumps({"log": line + "\n", "stream": "stderr", "time": "2022-02-17T15:13:53.378655123Z"}),
        lambda line: f"Feb 17 15:13:53 k8s-node1 metrics-server[812]: {line}",
        lambda line: f"2022-02-17T15:13:53+0000 k8s-node1 metrics-server[812]: {line}",
        lambda line: f"\x1b[31m{line}\x1b[0m",
        lambda line: f"metrics-server-8bb87844c-v67lj metrics-server {line}",
        lambda line: f"    {line}\r\n",
    ],
    ids=["timestamps", "prefix", "both", "cri", "docker", "journald", "journald-iso", "colour", "stern", "indented"],
)
def test_what_carried_a_line_is_taken_off(carry: object) -> None:
    (bare,) = read([SCRAPE])
    assert callable(carry)

    (carried,) = read([carry(SCRAPE)])

    assert essence(carried) == essence(bare)


def test_a_carriers_timestamp_gives_the_year_that_klog_lacks() -> None:
    (bare,) = read([SCRAPE])
    (dated,) = read([f"2022-02-17T15:13:53.378655123Z {SCRAPE}"])

    assert when(bare.at) == "02-17T15:13:53.378655"
    assert when(dated.at) == "2022-02-17T15:13:53.378655Z"


def test_the_carrier_names_the_speaker() -> None:
    (utterance,) = read(
        [
            'Feb 17 15:13:53 n1 kubelet[812]: E0217 15:13:53.378655 812 server.go:310] "Unable to authenticate the request due to an error" err="context deadline exceeded"'
        ]
    )

    assert utterance.speaker is Speaker.KUBELET


def test_a_line_that_the_runtime_cut_in_pieces_is_whole_again() -> None:
    stamp = "2022-02-17T15:13:53.378655123Z stderr"
    (whole,) = read([SCRAPE])

    (joined,) = read([f"{stamp} P {SCRAPE[:100]}", f"{stamp} P {SCRAPE[100:150]}", f"{stamp} F {SCRAPE[150:]}"])

    assert essence(joined) == essence(whole)


def test_json_logging_says_the_same_as_klog_text() -> None:
    """component-base logs/json/json.go: ts in milliseconds, an ObjectRef as an object."""
    (text,) = read([SCRAPE])
    document = {
        "ts": 1645110833378.655,
        "caller": "scraper/scraper.go:149",
        "msg": "Failed to scrape node",
        "node": {"name": "k8s-node1"},
        "err": 'Get "https://192.168.10.51:10250/metrics/resource": x509: certificate is valid for 192.168.10.50, '
        "not 192.168.10.51",
    }

    (logged,) = read([json.dumps(document)])

    assert essence(logged) == essence(text)
    assert when(logged.at) == "2022-02-17T15:13:53.378655Z"


def test_lines_that_a_chat_ran_together_are_told_apart() -> None:
    first, second = read([f"{SCRAPE} {SCRAPE.replace('k8s-node1', 'k8s-node2')}"])

    assert [first.connection.node, second.connection.node] == ["k8s-node1", "k8s-node2"]


@pytest.mark.parametrize("end", range(SCRAPE.index("192.168.10.50") + 1, len(SCRAPE)))
def test_a_cut_end_costs_no_more_than_what_was_cut(end: int) -> None:
    (utterance,) = read([SCRAPE[:end]])

    assert isinstance(utterance.error, errors.NotValidFor)
    assert utterance.connection.hop is Hop.E


def test_prose_after_a_finished_line_is_not_taken_for_its_rest() -> None:
    prose = "which has been like this ever since the node got another address, what can be done about it?"

    (utterance,) = read([CONDITION, prose])

    assert utterance.text == CONDITION


def test_of_an_endless_line_the_beginning_is_read_and_the_rest_noted() -> None:
    (utterance,) = read([SCRAPE + " " * MOST_LINE])

    assert isinstance(utterance.error, errors.NotValidFor)
    assert utterance.note == "only the first 64 KiB of this line were read"

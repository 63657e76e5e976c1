"""IPv6 addresses without brackets: by the log, by the release, and not where a node is scraped all the same."""

from msdoctor.model import Confidence, Finding
from tests.checks.unreached import without_brackets
from tests.facts.clusters import Patient, sample

ID = "ipv6-unsupported-old-version"


def _finding(patient: Patient) -> Finding:
    (finding,) = patient.outcome(ID).findings
    return finding


def test_of_two_nodes_only_the_one_whose_last_internal_ip_is_ipv6_is_named() -> None:
    finding = _finding(without_brackets())

    assert (finding.subjects, finding.confidence) == (("node/worker",), Confidence.CERTAIN)


def test_without_its_log_the_release_and_the_address_make_it_likely() -> None:
    assert _finding(without_brackets(log="")).confidence is Confidence.LIKELY


def test_its_log_alone_makes_it_likely_whatever_the_image_is_called() -> None:
    assert _finding(without_brackets(release="latest")).confidence is Confidence.LIKELY


def test_a_node_that_is_scraped_is_not_named() -> None:
    patient = without_brackets(log="").metrics(sample("master"), sample("worker"))

    assert not patient.outcome(ID).findings

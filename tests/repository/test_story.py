"""What a repository after the story's guide would have been told before its cluster was built."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from msdoctor.cli import cli

from .repositories import found, judge, line_of
from .story import make, make_right

UNIT, PATCH = "units/kube-apiserver.service", "metrics-server/install.sh"


def test_each_fault_is_told_where_it_stands(tmp_path: Path) -> None:
    make(tmp_path)
    assert found(judge(tmp_path), tmp_path) == {
        "requestheader-allowed-names-mismatch": {line_of(tmp_path, UNIT, "allowed-names")},
        "requestheader-header-names": {line_of(tmp_path, UNIT, "extra-headers-prefix")},
        "kubelet-cert-san-mismatch": {"certs/kubelet.pem:1"},
        "kubelet-insecure-tls": {line_of(tmp_path, PATCH, "--kubelet-insecure-tls")},
    }


def test_without_aggregation_flags_it_says_that_nobody_would_have_metrics(tmp_path: Path) -> None:
    make(tmp_path, aggregation=False)
    places = found(judge(tmp_path), tmp_path)
    assert places["requestheader-config-missing"] <= {
        line_of(tmp_path, UNIT, "ExecStart"),
        line_of(tmp_path, UNIT, "client-ca-file"),
    }


def test_the_repaired_twin_has_nothing_the_matter(tmp_path: Path) -> None:
    make_right(tmp_path)
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert judged.not_read == ()


def test_certificates_that_end_soon_are_told_of_when_asked(tmp_path: Path) -> None:
    make_right(tmp_path)
    make(
        tmp_path, allowed="front-proxy-client", prefix="X-Remote-Extra-", insecure=False, own_certificates=True, days=20
    )
    month = found(judge(tmp_path, expiring_within=timedelta(days=30)), tmp_path)
    assert month == {
        "front-proxy-cert-expiring": {"certs/front-proxy.pem:1"},
        "kubelet-cert-expiring": {"certs/k8s-master/kubelet.pem:1", "certs/k8s-node1/kubelet.pem:1"},
    }
    assert found(judge(tmp_path, expiring_within=timedelta(days=10)), tmp_path) == {}


@pytest.mark.parametrize(("fault", "expected"), [(True, 1), (False, 0)])
def test_the_exit_code_says_whether_it_may_be_rolled_out(tmp_path: Path, fault: bool, expected: int) -> None:
    (make if fault else make_right)(tmp_path)
    result = CliRunner().invoke(cli, ["preflight", str(tmp_path), "-o", "json"])
    assert result.exit_code == expected, result.output
    report = json.loads(result.stdout)
    schema = json.loads(files("msdoctor").joinpath("schema", "report.schema.json").read_text())
    jsonschema.validate(report, schema)
    assert report["verdict"] == ("broken" if fault else "healthy")
    assert all(cause["location"]["line"] for cause in report["causes"])


def test_fix_makes_the_safe_changes_once(tmp_path: Path) -> None:
    make(tmp_path)
    shown = CliRunner().invoke(cli, ["preflight", "--diff", str(tmp_path)]).stdout
    assert "+  --requestheader-allowed-names=front-proxy-ca,front-proxy-client" in shown
    assert "+  --requestheader-extra-headers-prefix=X-Remote-Extra-" in shown
    assert "insecure" not in shown, "the kubelet's certificate is wrong: to verify it would break what works"
    assert "allowed-names=front-proxy-ca \\" in (tmp_path / UNIT).read_text(), "--diff writes nothing"

    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    once = (tmp_path / UNIT).read_text()
    assert set(found(judge(tmp_path), tmp_path)) == {"kubelet-cert-san-mismatch", "kubelet-insecure-tls"}
    again = CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert (tmp_path / UNIT).read_text() == once
    assert "changed" not in again.stderr


def test_fix_takes_the_insecure_flag_away_where_every_certificate_is_right(tmp_path: Path) -> None:
    make(tmp_path, own_certificates=True)
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert found(judge(tmp_path), tmp_path) == {}
    assert "insecure" not in (tmp_path / PATCH).read_text()


def test_the_text_names_the_place_the_reason_and_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    text = CliRunner().invoke(cli, ["preflight", "."]).stdout
    first = text.splitlines()[0]
    assert first == f"{line_of(tmp_path, UNIT, 'allowed-names')}:3: cause: requestheader-allowed-names-mismatch"
    prose = [line for line in text.splitlines() if not line.startswith(("+", "-", "  ", "@", " "))]
    assert all(len(line) <= 80 for line in prose)
    assert text.splitlines()[-1] == "BROKEN   2 faults, 1 risk, 1 note"


def test_a_comment_accepts_what_it_names_and_fix_leaves_that_alone(tmp_path: Path) -> None:
    make(tmp_path, own_certificates=True, prefix="X-Remote-Extra-", allowed="front-proxy-client")
    text = (tmp_path / PATCH).read_text()
    comment = "--kubelet-insecure-tls  # msdoctor: ignore[kubelet-insecure-tls] a lab"
    (tmp_path / PATCH).write_text(text.replace("--kubelet-insecure-tls", comment))
    result = CliRunner().invoke(cli, ["preflight", "--fail-on", "risk", "--fix", str(tmp_path)])
    assert result.exit_code == 0, result.stdout
    assert "kubelet-insecure-tls: a lab" in result.stdout.replace("\n    ", " ")
    assert comment in (tmp_path / PATCH).read_text()


def test_comments_that_accept_nothing_are_told_beside_those_of_the_settings(tmp_path: Path) -> None:
    make(tmp_path)
    text = (tmp_path / UNIT).read_text()
    (tmp_path / UNIT).write_text(f"# msdoctor: ignore[kubelet-down] old\n# msdoctor: ignore[kubelet-donw] so\n{text}")
    (tmp_path / "msdoctor.yaml").write_text("suppressions:\n- {id: proxy-*, reason: old}\n")
    result = CliRunner().invoke(cli, ["preflight", str(tmp_path), "--config", str(tmp_path / "msdoctor.yaml")])
    told = " ".join(result.stdout.split())
    assert f"{UNIT}:1: ignore[kubelet-down] fits nothing that was found in its line" in told
    assert (
        f"{UNIT}:2: a comment that accepts nothing: there is no check kubelet-donw; did you mean kubelet-down?" in told
    )
    assert "msdoctor.yaml:2: the suppression of proxy-* fits nothing" in told
    assert "0 not seen" not in told
    assert ", 1 not seen" not in told

"""Prometheus as the judge: of the alert rules, and of the metrics that they are about.

No cluster is started for this; promtool is built as the lab's components are.
"""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from lab import binaries

from msdoctor.cli import cli
from tests.repository.story import make

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/msdoctor.rules.yaml"
# What each alert is about, as msdoctor writes it every ten minutes: it fires after its time, and ends when that ends.
SERIES = """\
rule_files: [{rules}]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - {{series: 'msdoctor_verdict{{cluster="lab",verdict="broken"}}', values: '1x30 0x30'}}
  - {{series: 'msdoctor_verdict{{cluster="lab",verdict="degraded"}}', values: '0x60'}}
  - {{series: 'msdoctor_hpas_blind{{cluster="lab"}}', values: '2x30 0x30'}}
  - {{series: 'msdoctor_cause{{cluster="lab",id="kubelet-cert-expiring",class="risk"}}', values: '3x90'}}
  - {{series: 'msdoctor_taken_at_timestamp_seconds{{cluster="lab"}}', values: '0x90'}}
  alert_rule_test:
  - {{alertname: ResourceMetricsBroken, eval_time: 10m, exp_alerts: []}}
  - alertname: ResourceMetricsBroken
    eval_time: 20m
    exp_alerts:
    - exp_labels: {{severity: critical, cluster: lab, verdict: broken}}
      exp_annotations:
        summary: Nobody has resource metrics in cluster lab.
        description: >-
          kubectl top is dead, and no HPA scales. msdoctor knows the cause:
          msdoctor_cause{{cluster="lab",class="cause"}} names it, and `msdoctor run` prints the commands that heal it.
  - {{alertname: ResourceMetricsBroken, eval_time: 45m, exp_alerts: []}}
  - {{alertname: ResourceMetricsDegraded, eval_time: 45m, exp_alerts: []}}
  - alertname: AutoscalersBlind
    eval_time: 20m
    exp_alerts:
    - exp_labels: {{severity: warning, cluster: lab}}
      exp_annotations:
        summary: 2 HPAs of cluster lab get no metrics and scale nothing.
        description: "`msdoctor run` names them, and the command that scales each by hand until they see again."
  - {{alertname: MsdoctorNotRunning, eval_time: 59m, exp_alerts: []}}
  - alertname: MsdoctorNotRunning
    eval_time: 70m
    exp_alerts:
    - exp_labels: {{severity: warning, cluster: lab}}
      exp_annotations:
        summary: msdoctor has not looked at cluster lab for 1h 10m 0s.
        description: >-
          Every other alert of this group tells the state of that time. See whether its timer or CronJob runs.
"""


@pytest.fixture(scope="module")
def promtool() -> Path:
    return binaries.tool("promtool")


def said(promtool: Path, *words: str | Path, given: str = "") -> str:
    """What it prints; it has to end with 0."""
    result = subprocess.run([promtool, *words], check=False, input=given, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_the_rules_are_valid(promtool: Path) -> None:
    assert "SUCCESS: 7 rules found" in said(promtool, "check", "rules", "--lint=all", RULES)


def test_each_alert_fires_and_ends_by_what_is_written(promtool: Path, tmp_path: Path) -> None:
    (tmp_path / "series.yaml").write_text(SERIES.format(rules=RULES))
    assert "SUCCESS" in said(promtool, "test", "rules", tmp_path / "series.yaml")


@pytest.mark.parametrize("fixture", ["healthy", "story", "kubelet-insecure-tls", "metrics-not-yet-available"])
def test_the_metrics_of_a_cluster_are_as_prometheus_wants_them(promtool: Path, fixture: str) -> None:
    command = ["run", "--from", str(ROOT / "fixtures" / fixture), "-o", "prometheus"]
    assert said(promtool, "check", "metrics", given=CliRunner().invoke(cli, command).stdout) == ""


def test_so_are_those_of_a_repository(promtool: Path, tmp_path: Path) -> None:
    make(tmp_path)
    written = CliRunner().invoke(cli, ["preflight", str(tmp_path), "-o", "prometheus"]).stdout
    assert said(promtool, "check", "metrics", given=written) == ""

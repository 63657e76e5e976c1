"""Each form of a report, read back by its own reader: what it holds, as the program that it is for would see it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import junitparser
import yaml
from jsonschema import Draft4Validator, Draft202012Validator
from markdown_it import MarkdownIt
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from msdoctor.render import report_json

SCHEMAS = Path(__file__).parent / "schemas"
REPORT = Draft202012Validator(json.loads(report_json.schema()), format_checker=Draft202012Validator.FORMAT_CHECKER)
SARIF = Draft4Validator(
    json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text()), format_checker=Draft4Validator.FORMAT_CHECKER
)


def json_report(text: str) -> Any:
    """A report that keeps to its schema."""
    document = json.loads(text)
    REPORT.validate(document)
    return document


def yaml_report(text: str) -> Any:
    document = yaml.safe_load(text)
    REPORT.validate(document)
    return document


def junit_suite(text: str) -> junitparser.TestSuite:
    """The one suite, whose counts are those of its tests."""
    (suite,) = junitparser.JUnitXml.fromstring(text.encode())
    counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
    suite.update_statistics()  # type: ignore[no-untyped-call]
    assert counted == (suite.tests, suite.failures, suite.errors, suite.skipped)
    return suite


def sarif_run(text: str) -> Any:
    """The one run of a log that is valid by the official schema, with rules that its results can be found by."""
    document = json.loads(text)
    SARIF.validate(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    return run


@dataclass(frozen=True)
class Command:
    """A workflow command, as a runner takes it."""

    name: str
    properties: Mapping[str, str]
    message: str


def github_commands(text: str) -> list[Command]:
    """What a runner makes of the lines, which it reads one by one (actions/runner: ActionCommand.cs, TryParseV2).

    One that it takes for no command goes to the log, and there is no such line.
    """
    return [_command(line.lstrip()) for line in text.splitlines()]


def _command(line: str) -> Command:
    start, info, message = line.split("::", 2)
    assert start == ""
    name, _, listed = info.partition(" ")
    assert name in {"error", "warning", "notice"}
    pairs = (pair.split("=", 1) for pair in listed.strip().split(",") if pair)
    return Command(name, {key: _unescaped(value, ":,") for key, value in pairs}, _unescaped(message, ""))


def _unescaped(text: str, more: str) -> str:
    for character in "\r\n" + more + "%":  # the per cent sign last, as the runner does
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def gitlab_entries(text: str) -> Any:
    """The entries that GitLab takes: it stops at the first that lacks one of these, and knows each by its mark."""
    entries = json.loads(text)
    for entry in entries:
        for key in ("description", "fingerprint", "severity", "check_name"):
            assert entry[key]
            assert isinstance(entry[key], str)
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["path"]
        assert not entry["location"]["path"].startswith("/")
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)
    return entries


@dataclass(frozen=True)
class Page:
    """What a reader of Markdown shows: the tags, the text outside of code, and all of it."""

    tags: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    prose: str
    text: str


class _Shown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[tuple[str, str]] = set()
        self.pieces: list[tuple[bool, str]] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.pieces.append((self._code > 0, data))


def markdown_page(text: str) -> Page:
    """As CommonMark with tables and with HTML let through, which is more than GitHub does."""
    shown = _Shown()
    shown.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    return Page(
        frozenset(shown.tags),
        frozenset(shown.attributes),
        "".join(data for code, data in shown.pieces if not code),
        "".join(data for _, data in shown.pieces),
    )


def prometheus_metrics(text: str) -> dict[str, Metric]:
    """By name. No series is there twice: node_exporter would refuse the whole directory."""
    metrics = {metric.name: metric for metric in text_string_to_metric_families(text)}
    for metric in metrics.values():
        assert metric.type == "gauge"
        assert metric.documentation
        series = [tuple(sorted(sample.labels.items())) for sample in metric.samples]
        assert len(set(series)) == len(series)
    return metrics


def html_page(text: str) -> str:
    """Only that it is a page; what is on it is tested in a browser."""
    assert re.match(r"(?i)<!doctype html>", text)
    return text


READERS: Mapping[str, Callable[[str], object]] = {
    "text": str,
    "json": json_report,
    "yaml": yaml_report,
    "junit": junit_suite,
    "sarif": sarif_run,
    "github": github_commands,
    "gitlab": gitlab_entries,
    "markdown": markdown_page,
    "prometheus": prometheus_metrics,
    "html": html_page,
}

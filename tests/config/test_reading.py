"""``msdoctor.yaml`` is understood to the letter, and what is wrong with it is told with its line."""

import json
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
import yaml

from msdoctor.config.model import Settings, Suppression
from msdoctor.config.names import known
from msdoctor.config.reading import SettingsError, read, schema
from msdoctor.model import Class

IDS = known()

EVERYTHING = """\
select: [E, kubelet-cert-*, requestheader-config-missing]
ignore:
- kubelet-insecure-tls
fail-on: risk
severities:
  apiservice-insecure-skip-tls: off
  kubelet-cert-expiring: cause
  kubelet-*: risk
suppressions:
- id: kubelet-cert-expired
  subject: node/lab-*
  reason: the lab's nodes are thrown away on Fridays
  until: 2027-01-31
- {id: D, subject: [pod/*, "node/a"], reason: 'a reason: with a colon'}
baseline: known/findings.json
"""

GOOD = (EVERYTHING, "", "# nothing yet\n", "suppressions: []\n", "select: []\n", "severities: {}\n")
KEYS = "select, ignore, fail-on, severities, suppressions, baseline"
BAD_TO_BOTH = {
    "selct: [E]": "1:1: unknown key 'selct' in msdoctor.yaml; did you mean select?",
    "- select": "1:1: msdoctor.yaml must be keys with values, `key: value`, and is a list",
    "just words": "1:1: msdoctor.yaml must be keys with values, `key: value`, and is the text 'just words'",
    "select: E": "1:9: select must be a list, and is the text 'E'",
    "select:": "1:8: select must be a list, and is nothing",
    "fail-on: warning": "1:10: fail-on: 'warning' is none of its values; known are cause, risk",
    "severities: {E: Off}": "1:17: E: 'Off' is none of its values; did you mean off?",
    "severities: [E]": "1:13: severities must be keys with values, `key: value`, and is a list",
    "baseline: [a]": "1:11: baseline must be one word or text, and is a list",
    "suppressions:\n- id: E\n": "2:3: a suppression needs its reason: why this may stay as it is, for whoever reads it"
    " next year",
    "suppressions:\n- reason: so\n": "2:3: a suppression needs its id: a check's id, a glob of ids, or a hop's letter",
    "suppressions:\n- id: E\n  reason:\n": "3:10: reason is empty",
    "suppressions:\n- id: E\n  reason: so\n  util: 2027-01-31\n": "4:3: unknown key 'util' in a suppression; did you"
    " mean until?",
    "suppressions:\n- id: E\n  reason: so\n  until: soon\n": "4:10: until: 'soon' is no date; give its last day, such"
    " as 2027-01-31",
    "suppressions:\n- id: E\n  reason: so\n  subject: []\n": "4:12: subject is an empty list; leave it out instead",
}
BAD = {
    **BAD_TO_BOTH,
    "ignore:\n- kubelet-donw\n": "2:3: ignore: there is no check kubelet-donw; did you mean kubelet-down?",
    "ignore: [kublet-*]": "1:10: ignore: no check has an id like kublet-*; did you mean kubelet-down?",
    "ignore: [e]": "1:10: ignore: hops are written large: did you mean E?",
    "severities:\n  xyzzy: off\n": "2:3: severities: there is no check xyzzy; `msdoctor checks` lists them",
    "suppressions:\n- id: E\n  reason: so\n  until: 2027-02-30\n": "4:10: until: '2027-02-30' is no date; give its last"
    " day, such as 2027-01-31",
    "select: [E]\nignore: [D]\nselect: [D]\n": "3:1: select stands here a second time; the first is in line 1",
    "severities: {E: off, E: risk}": "1:22: E stands here a second time",
    "select: [E\nignore: [D]\n": "2:7: not YAML: while parsing a flow sequence, expected ',' or ']', but got ':'",
    "select:\n\t- E\n": "2:1: not YAML: while scanning for the next token, found character '\\t' that cannot start any"
    " token",
    "a: &a [*a]\n": f"1:1: unknown key 'a' in msdoctor.yaml; known are {KEYS}",
    "<<: {select: [E]}": f"1:1: unknown key '<<' in msdoctor.yaml; known are {KEYS}",
    "select: [E]\n---\nselect: [D]\n": "2:1: not YAML: expected a single document in the stream, but found another"
    " document",
    "select: [*nowhere]": "1:10: not YAML: found undefined alias 'nowhere'",
    "select: [E]\n# \x00\n": "2:3: not YAML: the character U+0000 may not stand here",
    "? [a, b]\n: c\n": "1:3: a key of msdoctor.yaml must be one word or text, and is a list",
    "select: " + "[" * 5000: "1:1: not usable: it is nested too deeply",
}


def test_every_key_is_understood() -> None:
    assert read(EVERYTHING, IDS, folder=Path("/repository")) == Settings(
        file="msdoctor.yaml",
        select=("E", "kubelet-cert-*", "requestheader-config-missing"),
        ignore=("kubelet-insecure-tls",),
        fail_on=Class.RISK,
        severities=MappingProxyType(
            {"apiservice-insecure-skip-tls": "off", "kubelet-cert-expiring": Class.CAUSE, "kubelet-*": Class.RISK}
        ),
        suppressions=(
            Suppression(
                "kubelet-cert-expired",
                "the lab's nodes are thrown away on Fridays",
                ("node/lab-*",),
                date(2027, 1, 31),
                "msdoctor.yaml:10",
            ),
            Suppression("D", "a reason: with a colon", ("pod/*", "node/a"), None, "msdoctor.yaml:14"),
        ),
        baseline=Path("/repository/known/findings.json"),
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "suppressions: []\n"])
def test_a_file_that_says_nothing_changes_nothing(text: str) -> None:
    assert read(text, IDS, file="msdoctor.yaml") == Settings(file="msdoctor.yaml")


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_one_error_with_its_place(text: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(text, IDS, file="ci/msdoctor.yaml")

    assert str(error.value) == f"ci/msdoctor.yaml:{BAD[text]}"


def test_an_anchor_that_multiplies_itself_costs_nothing() -> None:
    laughs = "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))

    with pytest.raises(SettingsError, match="must be keys with values"):
        read("- &a0 [x]\n" + laughs, IDS)


def test_a_check_of_ones_own_has_a_name_too() -> None:
    assert read("ignore: [our-own-check]", {**IDS, "our-own-check": None}).ignore == ("our-own-check",)


class _Words(yaml.BaseLoader):
    """As YAML 1.2 and every editor has these files: ``off`` is a word, a date is text, and only nothing is null."""


def _word(loader: yaml.BaseLoader, node: yaml.ScalarNode) -> str | None:
    return None if node.value == "" and node.style is None else str(loader.construct_scalar(node))


_Words.add_constructor("tag:yaml.org,2002:str", _word)


def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=_Words)


@pytest.mark.parametrize("text", GOOD)
def test_what_is_read_is_valid_by_the_schema_that_ships(text: str) -> None:
    read(text, IDS)

    jsonschema.Draft202012Validator(json.loads(schema())).validate(_parsed(text))


@pytest.mark.parametrize("text", BAD_TO_BOTH, ids=range(len(BAD_TO_BOTH)))
def test_what_is_not_read_is_not_valid_by_it(text: str) -> None:
    assert not jsonschema.Draft202012Validator(json.loads(schema())).is_valid(_parsed(text))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema()))


def test_the_readmes_example_is_one() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    example = readme.partition("<!-- settings -->\n```yaml\n")[2].partition("```")[0]

    settings = read(example, IDS)
    assert len(settings.suppressions) == len(settings.severities) == 1
    assert all((settings.select, settings.ignore, settings.fail_on, settings.baseline))

"""The HTML report without a browser: all that the text report tells is in it, and nothing of a cluster's is markup."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Cause, Diagnosis, Remark, RemarkKind, SetAside, Suppressed
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import judge
from msdoctor.model import Evidence, Remedy, Risk, State, bullets
from msdoctor.render import formats, html, report_head
from msdoctor.render.html_nodes import node_groups
from msdoctor.render.html_pack import packed

from .patients import BROKEN, DEGRADED, HEALTHY, HOSTILE, LARGE, PATIENTS, wrong_certificate

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = ("story", "another-adapter", "requestheader-config-missing", "kubelet-serving-csr-pending")
EVIL = '<img src=x onerror="window.owned=1">\'\u202e&lt;'
VOID = {"meta", "input", "br"}


class Parsed(HTMLParser):
    """Text, elements and attributes as a browser would have them; fails where an element is not closed in its place."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.parts: list[str] = []
        self.data: dict[str, str] = {}
        self.codes: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.data[self.elements[-1][1].get("id", self.open[-1])] = data
        else:
            self.parts.append(data)
        if "code" in self.open:
            self.codes[-1] += data

    @property
    def text(self) -> str:
        """All text, its white space evened out."""
        return even("".join(self.parts))

    def unpacked(self) -> list[tuple[str, str]]:
        """The packed causes as the page's script unpacks them: names and HTML."""
        found = []
        for name, data in self.data.items():
            if name.startswith("pack-"):
                for group in json.loads(gzip.decompress(base64.b64decode(data))):
                    found += [
                        (told(group["names"], group["columns"], row), told(group["pieces"], group["columns"], row))
                        for row in range(group["count"])
                    ]
        return found


def told(pieces: list[str | int], columns: list[list[str]], row: int) -> str:
    return "".join(columns[piece][row] if isinstance(piece, int) else piece for piece in pieces)


def even(text: str) -> str:
    return " ".join(text.split())


def parsed(diagnosis: Diagnosis) -> Parsed:
    return Parsed(html.html(diagnosis, age="1.1 s"))


@cache
def recorded(name: str) -> Diagnosis:
    cluster = read_facts(load(FIXTURES / name))
    return diagnose(cluster, judge(cluster, registry.load()))


def without_ticks(text: str) -> str:
    return even(text.replace("`", ""))


DIAGNOSES = {name: diagnosis for name, diagnosis in PATIENTS.items() if name != "hostile"}


def diagnosed(name: str) -> Diagnosis:
    return DIAGNOSES.get(name) or recorded(name)


@pytest.mark.parametrize("name", [*DIAGNOSES, *RECORDED])
def test_all_that_the_text_report_tells_at_its_most_is_in_it(name: str) -> None:
    diagnosis = diagnosed(name)
    page = parsed(diagnosis)
    inside = " ".join([page.text, *(Parsed(piece).text for _, piece in page.unpacked())])

    for said in sentences(diagnosis):
        assert without_ticks(said) in inside, said


def sentences(diagnosis: Diagnosis) -> list[str]:
    context = diagnosis.context
    said = [context.cluster, context.user, context.server, diagnosis.server_version, diagnosis.verdict.upper()]
    for cause in (*diagnosis.causes, *diagnosis.elsewhere):
        said += of_cause(cause)
    for alternative in diagnosis.alternatives:
        said += [*alternative.ids, *alternative.subjects, alternative.why]
        said += [text for look in alternative.decide for text in (look.look, look.shows, look.then)]
    for symptom in diagnosis.unexplained:
        said += [symptom.id, *symptom.subjects, symptom.summary, *symptom.look]
    said += diagnosis.contradictions
    said += [hop.note for hop in diagnosis.hops if hop.note != "not seen"]
    said += [text for item in diagnosis.requirements for text in (item.id, item.because)]
    said += [text for check in diagnosis.checks for text in (check.id, check.reason)]
    said += [text for gap in diagnosis.gaps for text in (gap.what, gap.reason, gap.remedy, *gap.others)]
    said += [text for hpa in diagnosis.flow.blind_hpas for text in (hpa.key, report_head.scale_by_hand(hpa))][:80]
    said += [*diagnosis.flow.nodes, *diagnosis.flow.blind_nodes]
    return said


def of_cause(cause: Cause) -> list[str]:
    finding = cause.finding
    said = [cause.id, *finding.subjects, finding.summary]
    said += [item.summary for item in cause.explains]
    said += [text for item in finding.evidence for text in (item.saw, item.where, item.how)]
    for remedy in finding.remedies:
        if cause.breaks or Risk.WEAKENS_SECURITY not in remedy.risks:
            said += [remedy.advice, *remedy.commands, remedy.verify, *remedy.undo]
    if finding.effects:
        said += [finding.changed, str(finding.confidence)]
        said += bullets(cause.check.manual, "What will not help")
    return said


@pytest.mark.parametrize("name", ["broken", "degraded", "story"])
def test_every_command_is_in_an_element_of_its_own_as_it_has_to_be_typed(name: str) -> None:
    diagnosis = diagnosed(name)
    codes = set(parsed(diagnosis).codes)

    for cause in diagnosis.causes:
        for remedy in cause.finding.remedies if cause.breaks else ():
            assert {*remedy.commands, *remedy.undo} <= codes
            assert not remedy.verify or remedy.verify in codes


def test_what_does_not_hurt_is_never_healed_by_weakening() -> None:
    latent = replace(HEALTHY, causes=(wrong_certificate(state=State.LATENT),))

    assert "Last resort" not in parsed(latent).text
    assert "Last resort" in parsed(DEGRADED).text


def test_what_may_not_be_it_is_looked_at_before_it_is_repaired() -> None:
    page = parsed(recorded("hpa-metrics-failing"))

    assert "fits more than one cause: a look decides before anything is repaired" in page.text
    assert "The possible cause" in page.text
    assert "Repair in this order: 1 requestheader-config-missing, then 2" in parsed(BROKEN).text


def test_what_is_set_aside_is_told_with_its_reason_and_what_is_said_of_the_settings() -> None:
    aside = Suppressed(
        "kubelet-down", ("node/old",), "It is off.", SetAside.SUPPRESSION, "taken down", None, "m.yaml:3"
    )
    remark = Remark(RemarkKind.UNUSED, "fits nothing that was found", "m.yaml:9")
    text = parsed(replace(HEALTHY, suppressed=(aside,), remarks=(remark,))).text

    assert "kubelet-down node/old It is off. Why not: taken down (m.yaml:3)" in text
    assert "About your settings fits nothing that was found (m.yaml:9)" in text


# Nothing of a cluster's is markup


def hostile(text: str) -> Diagnosis:
    """Every text that comes from a cluster is this one."""
    cause = wrong_certificate()
    finding = replace(
        cause.finding,
        summary=text,
        subjects=(f"node/{text}",),
        evidence=(Evidence(text, text, text, f"host/{text}", cause.finding.since),),
        changed=text,
        remedies=(Remedy(text, (text,), f"node/{text}", (), (text,), text),),
    )
    return replace(
        HOSTILE,
        context=replace(HOSTILE.context, cluster=text, server=text, user=text, vantages=(text,)),
        server_version=text,
        causes=(replace(cause, finding=finding), *(replace(cause, finding=finding) for _ in range(20))),
        flow=replace(HOSTILE.flow, asked_as=text, nodes=(text,), blind_nodes=(text,), nodes_of=1),
        contradictions=(text,),
    )


@pytest.mark.parametrize("text", [EVIL, "</script></style></title><script>1", "\x1b[2J]]>--><svg onload=x>", "'\"><p>"])
def test_what_a_cluster_says_stays_text(text: str) -> None:
    page = parsed(hostile(text))
    tame = parsed(hostile("tame"))

    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in tame.elements} | {"li", "ul"}
    assert {name for _, attrs in page.elements for name in attrs} <= {
        name for _, attrs in tame.elements for name in attrs
    }
    for _, piece in page.unpacked():
        assert {tag for tag, _ in Parsed(piece).elements} <= {tag for tag, _ in tame.elements} | {"h6"}


def test_a_character_that_hides_or_reorders_others_is_an_escape() -> None:
    page = parsed(hostile(EVIL))

    assert "\u202e" not in page.text + str(page.unpacked())
    assert "\\u202e" in page.text


def test_it_is_ascii_so_that_no_encoding_can_spoil_it() -> None:
    diagnosis = replace(HEALTHY, context=replace(HEALTHY.context, cluster="büro"))

    assert html.html(diagnosis).isascii()
    assert "büro" in parsed(diagnosis).text


# What may run, and what is loaded


def test_nothing_is_loaded_and_only_its_own_script_runs() -> None:
    page = parsed(BROKEN)
    policy = next(attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv"))

    for directive, data in (("style-src", page.data["style"]), ("script-src", page.data["script"])):
        digest = base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_no_attribute_leads_out_of_the_file() -> None:
    for _, attrs in parsed(PATIENTS["large"]).elements:
        assert not {"src", "style", "onclick", "action", "srcset"} & attrs.keys()
        assert attrs.get("href", "#").startswith("#")


@pytest.mark.parametrize("name", [*PATIENTS])
def test_every_link_has_a_target_and_every_target_is_there_once(name: str) -> None:
    page = parsed(PATIENTS[name])
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]

    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for _, attrs in page.elements if "href" in attrs} <= set(ids)


# Thousands


def test_causes_of_one_id_are_told_in_part_and_the_others_packed() -> None:
    page = parsed(LARGE)
    names = {name for name, _ in page.unpacked()}

    assert len(names) == 497
    assert "node/node-0000" not in names
    assert "node/node-0499" in names


def test_what_was_packed_is_what_would_have_been_told() -> None:
    causes = [wrong_certificate(f"node-{n}", f"192.0.2.{n}") for n in range(30)]
    causes += [wrong_certificate("other.one", "192.0.2.200"), wrong_certificate("ZQ0ZQ", "192.0.2.201")]

    def tell(cause: Cause) -> str:
        return f"<p>{cause.finding} {cause.explains}</p>".replace(repr(cause.finding.since), str(cause.finding.since))

    bare = [replace(cause, finding=replace(cause.finding, since=None, effects=())) for cause in causes]
    page = json.loads(gzip.decompress(base64.b64decode(packed(bare, tell, str))))
    found = {
        told(group["names"], group["columns"], row): told(group["pieces"], group["columns"], row)
        for group in page
        for row in range(group["count"])
    }

    assert found == {cause.finding.subjects[0]: tell(cause) for cause in bare}


def test_five_thousand_nodes_with_commands_of_their_own_take_less_than_two_megabytes() -> None:
    assert len(page_of_5000_nodes(5000)) < 2_000_000


@cache
def page_of_5000_nodes(ill: int) -> str:
    return html.html(of_5000_nodes(ill))


@cache
def of_5000_nodes(ill: int) -> Diagnosis:
    """The story's second cause on that many nodes, with all that heals it."""
    diagnosis = recorded("story")
    names = tuple(f"ip-10-{n // 250}-{n % 250}-17.eu-central-1.compute.internal" for n in range(5000))
    certificate = diagnosis.causes[1]
    causes = []
    for place, name in enumerate(names[:ill]):
        address = f"10.{place // 250}.{place % 250}.17"

        def here(text: str, name: str = name, address: str = address) -> str:
            return text.replace("k8s-node1", name).replace("192.168.10.51", address)

        finding = certificate.finding
        causes.append(
            replace(
                certificate,
                finding=replace(
                    finding,
                    summary=here(finding.summary),
                    subjects=(f"node/{name}",),
                    evidence=tuple(
                        replace(item, saw=here(item.saw), where=here(item.where), how=here(item.how))
                        for item in finding.evidence
                    ),
                    remedies=tuple(
                        replace(
                            item,
                            advice=here(item.advice),
                            commands=tuple(map(here, item.commands)),
                            on=here(item.on),
                            undo=tuple(map(here, item.undo)),
                            verify=here(item.verify),
                        )
                        for item in finding.remedies
                    ),
                ),
            )
        )
    flow = replace(diagnosis.flow, nodes=names, nodes_of=5000, nodes_seen=5000 - ill, blind_nodes=names[:ill])
    return replace(diagnosis, causes=tuple(causes), flow=flow)


def test_nodes_come_by_what_is_the_matter_the_faulty_ones_first() -> None:
    report = html.full(of_5000_nodes(ill=12), "")
    groups = node_groups(report)

    assert [(group.state, len(group.names)) for group in groups] == [("blind", 12), ("fresh", 4988)]
    assert [block.first.id for block in groups[0].blocks] == ["kubelet-cert-san-mismatch"]


# How it is asked for


def test_it_is_one_of_the_forms() -> None:
    page = formats.render("html", BROKEN, formats.Style(age="just now"))

    assert page.startswith("<!DOCTYPE html>")
    assert "just now" in page


def test_jinja_is_imported_only_where_html_is_asked_for() -> None:
    program = "import sys, msdoctor.cli, msdoctor.cli.run, msdoctor.render.formats; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_tags_are_where_they_belong() -> None:
    assert re.search(r"^<!DOCTYPE html>\n<html lang=\"en\">", html.html(BROKEN))

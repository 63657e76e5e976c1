"""The HTML report as a reader has it, in the chromium of this machine: by eye, by keyboard, by screen reader, in print.

Skipped where there is no chromium, unless ``MSDOCTOR_BROWSER_REQUIRED`` is set. The rules of accessibility
are axe-core's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from msdoctor.config import inline
from msdoctor.config.model import Settings, Suppression
from msdoctor.config.names import known
from msdoctor.config.policy import Policy, apply
from msdoctor.diagnosis import Diagnosis
from msdoctor.render.html import html
from tests.render.patients import BROKEN, DEGRADED, HEALTHY, PATIENTS
from tests.render.test_html import EVIL, hostile, of_5000_nodes, page_of_5000_nodes, recorded
from tests.repository.repositories import judge
from tests.repository.story import make

CHROMIUM = os.environ.get("MSDOCTOR_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = bool(os.environ.get("MSDOCTOR_BROWSER_REQUIRED"))
sync_api = import_module("playwright.sync_api") if REQUIRED else pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.skipif(not (CHROMIUM or REQUIRED), reason="no chromium here")

UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
FOCUSED = """() => {
    const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
    return {
        text: it.textContent.replace(/\\s+/g, ' ').trim(), tag: it.tagName, id: it.id,
        seen: it.checkVisibility() && box.bottom > 0 && box.top < innerHeight && box.width > 0,
        marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        place: Array.from(document.querySelectorAll('*')).indexOf(it),
    };
}"""
REACHABLE = """() => Array.from(document.querySelectorAll('a[href], button, input, summary')).filter(
    (it) => it.checkVisibility({ contentVisibilityAuto: true }) && !it.closest('[hidden]')).length"""
VISIBLE = "them => them.every(it => it.checkVisibility({ contentVisibilityAuto: true }))"


@dataclass
class Opened:
    """A report in a tab, and all that the browser says of it."""

    page: Any
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM or "chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    contexts = []

    def open_(report: Diagnosis | str, *, width: int = 1280, before: str = "", **how: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 800}, **how)
        contexts.append(context)
        page = context.new_page()
        tab = Opened(page)
        page.on("console", lambda message: tab.said.append(message.text))
        page.on("pageerror", lambda error: tab.said.append(str(error)))
        page.on("dialog", lambda dialog: tab.said.append(dialog.message))
        page.on("request", lambda request: tab.requests.append(request.url))
        if before:
            page.add_init_script(before)
        file = tmp_path / "report.html"
        file.write_text(report if isinstance(report, str) else html(report, age="1.1 s"), encoding="utf-8")
        page.goto(file.as_uri())
        return tab

    yield open_
    for context in contexts:
        context.close()


def of_files() -> Diagnosis:
    """Of a repository, with what comments and settings accept, and what is to be said of them."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make(root)
        unit = root / "units/kube-apiserver.service"
        unit.write_text(f"# msdoctor: ignore[kubelet-donw] so\n{unit.read_text()}")
        (root / "bad.yaml").write_text("kind: Deployment # metrics-server\napiVersion: {\n")
        found = judge(root)
        accepted = Suppression("kubelet-insecure-tls", "the lab's nodes are thrown away on Fridays", where="x.yaml:2")
        unused = Suppression("kubelet-down", "old", where="x.yaml:3")
        ids = known()
        policy = Policy(Settings(file="x.yaml", suppressions=(accepted, unused)), ids)
        return apply(inline.apply(found.diagnosis, found.files, ids), policy)


def reports(name: str) -> Diagnosis:
    made = {"evil": lambda: hostile(EVIL), "story": lambda: recorded("story"), "files": of_files}
    return made[name]() if name in made else PATIENTS[name]


@pytest.mark.parametrize("name", [*PATIENTS, "evil", "story", "files"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(opened: Open, name: str, scheme: str) -> None:
    tab = opened(reports(name), color_scheme=scheme, width=1280 if scheme == "light" else 360)
    tab.page.evaluate(UNFOLD)

    assert broken_rules(tab.page) == {}
    assert tab.said == []


def test_a_broken_rule_of_accessibility_would_be_seen(opened: Open) -> None:
    page = opened(BROKEN).page
    page.evaluate("document.documentElement.removeAttribute('lang'); document.querySelector('h1').style.color = '#ddd'")

    assert broken_rules(page).keys() == {"html-has-lang", "color-contrast"}


def broken_rules(page: Any) -> dict[str, str]:
    """What axe finds: for each rule the first element that breaks it, and how."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    firsts = {rule["id"]: rule["nodes"][0] for rule in result["violations"]}
    return {name: f"{first['html']}: {first['failureSummary']}" for name, first in firsts.items()}


@pytest.mark.parametrize("name", [*PATIENTS, "evil"])
def test_it_asks_the_network_for_nothing_and_says_nothing_to_the_console(opened: Open, name: str) -> None:
    tab = opened(reports(name))
    tab.page.evaluate(UNFOLD)

    assert len(tab.requests) == 1  # the file itself
    assert tab.said == []


@pytest.mark.parametrize("name", [*PATIENTS, "evil", "story"])
def test_nothing_is_wider_than_the_screen(opened: Open, name: str) -> None:
    page = opened(reports(name)).page
    page.evaluate(UNFOLD)

    for width in (320, 360, 800, 1100):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hostile_name_is_text(opened: Open) -> None:
    tab = opened(hostile(EVIL))
    tab.page.locator("[data-members] input").focus()
    tab.page.keyboard.type("img")
    tab.page.locator("[data-members] .found button").first.click()

    assert tab.page.evaluate("window.owned") is None
    assert tab.page.locator("img").count() == 0
    assert "<img src=x onerror=" in tab.page.locator(".member").inner_text()
    assert "\u202e" not in tab.page.evaluate("document.documentElement.textContent")
    assert tab.said == []


def test_a_script_that_got_in_all_the_same_would_not_run(opened: Open) -> None:
    page = opened(BROKEN).page
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"https://192.0.2.1/\" onerror=\"owned=1\">')"
    )
    page.evaluate("const it = document.createElement('script'); it.textContent = 'owned = 2'; document.body.append(it)")
    page.wait_for_timeout(200)

    assert page.evaluate("window.owned") is None


# Commands


def first_command(report: Diagnosis) -> str:
    return report.causes[0].finding.remedies[0].commands[0]


def press_copy(page: Any, button: str, place: int = 0) -> str:
    """What a screen reader is told after it."""
    page.locator(button).nth(place).click()
    sync_api.expect(page.locator("#said")).not_to_be_empty()  # wait_for_function is refused by the page's own policy
    said: str = page.locator("#said").inner_text()
    return said


def clipboard(page: Any) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


MAY_COPY = ["clipboard-read", "clipboard-write"]
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"


def test_a_command_is_copied_by_keyboard_and_it_is_said(opened: Open) -> None:
    page = opened(BROKEN, permissions=MAY_COPY).page
    button = page.locator(".step button.copy").first
    button.focus()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#said")).not_to_be_empty()

    assert clipboard(page) == first_command(BROKEN)
    assert page.locator("#said").inner_text() == f"Copied: {first_command(BROKEN)}"
    assert button.inner_text().startswith("Copied")


def test_a_command_of_several_lines_is_copied_with_them(opened: Open) -> None:
    page = opened(BROKEN, permissions=MAY_COPY).page
    press_copy(page, ".step button.copy", 2)

    assert clipboard(page) == BROKEN.causes[0].finding.remedies[0].commands[2]


def test_the_commands_of_a_step_are_copied_together_without_what_verifies_them(opened: Open) -> None:
    page = opened(BROKEN, permissions=MAY_COPY).page

    assert press_copy(page, "[data-copy-all]") == "Copied: 3 commands"
    assert clipboard(page) == "\n".join(BROKEN.causes[0].finding.remedies[0].commands)


def test_a_browser_without_a_clipboard_copies_in_the_old_way(opened: Open) -> None:
    old = "document.execCommand = () => { window.old = document.activeElement.value; return true; };"
    page = opened(BROKEN, before=old + NO_CLIPBOARD).page

    assert press_copy(page, ".step button.copy").startswith("Copied")
    assert page.evaluate("window.old") == first_command(BROKEN)


def test_a_browser_that_does_not_copy_at_all_has_the_command_selected_and_says_so(opened: Open) -> None:
    page = opened(BROKEN, before="document.execCommand = () => false;" + NO_CLIPBOARD).page

    assert "did not copy" in press_copy(page, ".step button.copy")
    assert page.evaluate("getSelection().toString()").strip() == first_command(BROKEN)


# By keyboard


def test_the_first_stop_is_the_way_to_the_verdict(opened: Open) -> None:
    page = opened(BROKEN).page
    page.keyboard.press("Tab")
    first = page.evaluate(FOCUSED)
    page.keyboard.press("Enter")

    assert first["text"] == "Skip to the verdict"
    assert first["seen"]
    assert page.evaluate("document.activeElement.id") == "verdict"


@pytest.mark.parametrize("width", [1280, 360])
def test_a_walk_by_keyboard_meets_everything_in_its_order_and_shows_where_it_is(opened: Open, width: int) -> None:
    page = opened(recorded("story"), width=width, reduced_motion="reduce").page
    stops = []
    for _ in range(page.evaluate(REACHABLE)):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))

    places = [stop["place"] for stop in stops]
    assert places == sorted(set(places))
    assert [stop for stop in stops if not (stop["seen"] and stop["marked"])] == []
    assert {"Copy all 4 commands of repair 1a, cause 2", "Unfold everything"} <= {stop["text"] for stop in stops}


def test_what_is_folded_opens_by_keyboard(opened: Open) -> None:
    page = opened(BROKEN).page
    page.locator(".saw summary").first.focus()
    page.keyboard.press("Enter")

    assert page.locator(".saw .command code").first.is_visible()


def test_everything_is_unfolded_and_folded_at_a_press(opened: Open) -> None:
    page = opened(BROKEN).page
    page.locator("#unfold").click()
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("#unfold").get_attribute("aria-pressed") == "true"

    page.locator("#unfold").click()
    assert page.locator("details[open]").count() == 0


def test_headings_go_down_one_level_at_a_time(opened: Open) -> None:
    page = opened(recorded("story")).page
    levels = page.evaluate("Array.from(document.querySelectorAll('h1,h2,h3,h4,h5,h6'), (it) => Number(it.tagName[1]))")

    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


# Light, dark, still, printed, without a script


def test_light_and_dark_are_two_looks(opened: Open) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened(HEALTHY, color_scheme=scheme).page.evaluate(colour) for scheme in ("light", "dark"))

    assert light != dark


def test_nothing_moves_where_motion_is_not_wanted(opened: Open) -> None:
    page = opened(BROKEN, reduced_motion="reduce").page

    assert page.evaluate("getComputedStyle(document.querySelector('button')).transitionDuration") == "0s"
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_print_unfolds_everything_and_leaves_buttons_out(opened: Open) -> None:
    page = opened(BROKEN).page
    folded = page.locator(".saw code, .undo code, .no-help li")
    assert not folded.evaluate_all(VISIBLE)
    page.emulate_media(media="print")

    assert page.locator("button:visible").count() == 0
    assert folded.evaluate_all(VISIBLE)

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0


def test_without_a_script_all_is_there_but_what_needs_one(opened: Open) -> None:
    page = opened(recorded("story"), java_script_enabled=False).page

    assert page.locator("button:visible").count() == 0
    assert "sed 's|" in page.locator("main").inner_text()
    assert "1.1 s" in page.locator(".head").inner_text()


def test_the_age_is_that_of_now(opened: Open) -> None:
    assert opened(BROKEN).page.locator("#age").inner_text().endswith(" d ago")


# Five thousand nodes


@pytest.mark.parametrize("ill", [12, 5000])
def test_five_thousand_nodes_open_at_once_in_few_elements(opened: Open, ill: int) -> None:
    pages = [opened(page_of_5000_nodes(ill)).page for _ in range(3)]  # the machine may be busy with something else
    took = [page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") for page in pages]

    assert min(took) < 2000
    assert pages[0].evaluate("document.querySelectorAll('*').length") < 3000


def test_a_node_of_five_thousand_is_found_by_its_name(opened: Open) -> None:
    page = opened(page_of_5000_nodes(12)).page
    page.get_by_label("Find a node by name").fill("ip-10-0-7-17")

    found = page.locator("[data-nodes] .found li")
    assert found.count() == 1
    assert found.first.inner_text().startswith("ip-10-0-7-17.eu-central-1.compute.internal no metrics cause 1")
    assert page.locator("[data-nodes] .found-count").inner_text() == "1 of 5000 nodes"


def test_the_commands_of_one_of_five_thousand_are_unpacked(opened: Open) -> None:
    page = opened(page_of_5000_nodes(5000)).page
    page.locator("[data-members] input").focus()
    page.keyboard.type("ip-10-9-13-17.")
    page.locator("[data-members] .found button").click()
    member = page.locator(".member")
    wanted = next(cause for cause in of_5000_nodes(5000).causes if "node/ip-10-9-13-17." in cause.finding.subjects[0])

    codes = set(member.locator("code").all_text_contents())
    assert {text for remedy in wanted.finding.remedies for text in (*remedy.commands, *remedy.undo)} <= codes
    assert member.locator("button.copy:visible").count() > 0
    assert page.evaluate("document.activeElement.className") == "member"


def test_what_contradicts_stands_near_the_verdict(opened: Open) -> None:
    assert "Contradiction" in opened(DEGRADED).page.locator("section.first").inner_text()


def test_of_files_it_shows_what_is_accepted_and_draws_no_cluster(opened: Open) -> None:
    page = opened(of_files(), width=360).page
    heads = page.eval_on_selector_all("h2", "them => them.map(it => it.textContent.trim())")
    assert {"Found, and not counted", "About your settings", "Not seen, and why", "What each file was taken for"} <= {
        *heads
    }
    assert page.locator("svg.picture").count() == 0
    assert page.locator("#nodes").count() == 0
    assert page.title() == "BROKEN: files of a repository"
    assert "kubelet-donw; did you mean kubelet-down?" in page.inner_text("section:has(#remarks)")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for name in ("not-counted", "remarks"):
        page.eval_on_selector(f'nav a[href="#{name}"]', "it => it.click()")
        assert page.locator(f"#{name}").is_visible()

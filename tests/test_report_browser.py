"""``drift.html`` in a real Chromium: quiet, whole, usable by everybody, and deaf to what stands in responses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from chromium import NoChromiumError, launched
from playwright.sync_api import Browser, Page
from real_servers import node_modules
from report_runs import runs
from suite_support import run_suite

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.run import har_file
from batch_conformance.report.run import html as page
from batch_conformance.report.run.groups import count

RUNS = runs()
PACKAGE = Path(__file__).parent / "node" / "package.json"
DRIFTS = ("created_at_string", "html_404", "status_upper_case", "key_in_401_body")
PAGES = [*RUNS, "real"]


@dataclass
class Opened:
    """A page that was opened, and everything that it complained of or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        with launched() as browser:
            yield browser
    except NoChromiumError as error:
        if os.environ.get("REAL_SERVERS") == "required":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page as a file; one of them is that of a real run against a mock that drifts."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for number, (name, report) in enumerate(RUNS.items()):
        made[name] = folder / f"{number}.html"
        made[name].write_text(page.render(report), encoding="utf-8")
    with EmbeddedMock(drifts=list(DRIFTS)) as mock:
        made["real"] = run_suite(folder, "--exploration=quick", mock=mock).folder / "drift.html"
    return made


@pytest.fixture
def open_page(chromium: Browser, files: dict[str, Path]) -> Iterator[object]:
    contexts = []

    def opening(name: str, *, width: int = 1280, scripts: bool = True, dark: bool = False, at: str = "") -> Opened:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
        opened.page.on("pageerror", lambda error: opened.complaints.append(f"error: {error}"))
        opened.page.on("dialog", lambda dialog: opened.complaints.append(f"dialog: {dialog.message}"))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(files[name].as_uri() + at)
        return opened

    yield opening
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_quiet_asks_for_nothing_and_is_never_wider_than_the_screen(open_page, files, name):
    opened = open_page(name, width=360)
    if name != "two thousand":  # the same cards, only more of them: opening them all takes its time
        opened.page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert opened.complaints == []
    assert opened.requests == [files[name].as_uri()]


@pytest.mark.parametrize(
    ("name", "dark"),
    [("mixed", False), ("mixed", True), ("every state", True), ("hostile", False), ("nothing observed", False)],
)
def test_axe_finds_nothing_serious(open_page, name, dark):
    opened = open_page(name, dark=dark)
    opened.page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    # The page lets no script in, so this one comes in through the debugger.
    opened.page.evaluate((node_modules(PACKAGE) / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ] == []


def _visible_cards(opened: Opened) -> list[str]:
    cards = opened.page.query_selector_all("details.finding")
    return ["/".join(card.get_attribute(f"data-{name}") or "" for name in ("level", "side", "state"))
            for card in cards if card.is_visible()]  # fmt: skip


def test_filters_show_what_is_checked_and_say_how_much(open_page):
    opened = open_page("every state")
    assert len(_visible_cards(opened)) == 27
    opened.page.uncheck("input[name=level][value=info]")
    opened.page.uncheck("input[name=side][value=network]")
    opened.page.uncheck("input[name=state][value=known]")
    assert len(_visible_cards(opened)) == 8
    assert not [card for card in _visible_cards(opened) if "info" in card or "network" in card or "known" in card]
    assert opened.page.inner_text("#shown") == "8 of 27 findings shown"
    for state in ("new", "expired"):
        opened.page.uncheck(f"input[name=state][value={state}]")
    assert _visible_cards(opened) == []
    assert opened.page.is_visible("#none-shown")
    opened.page.check("input[name=state][value=new]")
    assert {card.rpartition("/")[2] for card in _visible_cards(opened)} == {"new"}
    assert not opened.page.is_visible("#none-shown")


def test_all_can_be_opened_and_closed(open_page):
    opened = open_page("forty")
    opened.page.click("[data-all=open]")
    assert opened.page.locator("details.finding[open]").count() == opened.page.locator("details.finding").count() > 1
    opened.page.click("[data-all=close]")
    assert opened.page.locator("details.finding[open]").count() == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_link_to_a_finding_leads_to_it(open_page, scripts):
    last = RUNS["forty"].ledger.findings[-1].id
    opened = open_page("forty", at=f"#f-{last}", scripts=scripts)
    row = opened.page.locator(f"#f-{last}")
    if scripts:
        assert row.is_visible()
        box = row.bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 900
    else:
        assert row.count() == 1


def test_a_link_shows_a_finding_that_a_filter_hides(open_page):
    opened = open_page("every state")
    opened.page.uncheck("input[name=state][value=known]")
    known = next(finding for finding in RUNS["every state"].ledger.findings if finding.state == "known")
    assert not opened.page.is_visible(f"#f-{known.id}")
    opened.page.evaluate(f"location.hash = 'f-{known.id}'")
    opened.page.wait_for_selector(f"#f-{known.id}", state="visible")


@pytest.mark.parametrize("name", ["none", "mixed", "hostile", "real"])
def test_everything_is_there_without_scripts(open_page, name):
    texts = {}
    for scripts in (True, False):
        opened = open_page(name, scripts=scripts)
        if scripts:  # they add these, and take nothing away
            opened.page.evaluate("for (const button of document.querySelectorAll('button.copy')) button.remove()")
        texts[scripts] = opened.page.locator("body").text_content() or ""
        shown = opened.page.locator("main > section:visible")
        assert shown.count() == opened.page.locator("main > section").count()
    filled = {line.strip() for line in texts[False].splitlines() if line.strip()}
    assert not [line for line in filled if line not in texts[True]]
    if name != "real":
        assert all(finding.id in texts[False] for finding in RUNS[name].ledger.findings)


def test_a_card_opens_without_scripts(open_page):
    opened = open_page("forty", scripts=False)
    card = opened.page.locator("details.finding").last
    assert not card.locator(".advice").is_visible()
    card.locator("summary").first.click()
    assert card.locator(".advice").is_visible()
    assert not opened.page.is_visible("#filters")


def test_markup_from_the_wire_is_text(open_page):
    opened = open_page("hostile")
    opened.page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    assert "owned" not in opened.page.title().replace("document.title='owned'", "")
    assert opened.page.locator("script").count() == 1
    assert opened.page.locator("img, iframe, object, embed, a[href^='javascript']").count() == 0
    assert "<script>document.title='owned'</script>" in (opened.page.text_content("pre.wire") or "")
    assert "49" not in (opened.page.text_content("#f-" + RUNS["hostile"].ledger.findings[0].id) or "").split()
    assert opened.complaints == []


def test_copying_gives_the_command_and_says_so(open_page):
    opened = open_page("mixed")
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.click("#facts .copyable button.copy")
    opened.page.wait_for_selector("text=Copied")
    assert opened.page.evaluate("navigator.clipboard.readText()") == opened.page.text_content("#facts pre")


def test_the_counts_that_are_shown_are_those_of_the_run(open_page):
    for name in ("none", "forty", "every state"):
        opened = open_page(name)
        counts = count(RUNS[name])
        tally = opened.page.locator(".tally li").all_inner_texts()
        told = {text.split()[-1]: int(text.split()[0].replace(",", "")) for text in tally}
        assert {level: told[level] for level in counts.levels} == dict(counts.levels)
        assert told["gate"] == counts.failing


def test_print_shows_what_is_folded(open_page):
    opened = open_page("forty")
    opened.page.emulate_media(media="print")
    last = opened.page.locator("details.finding").last
    assert last.locator(".advice").is_visible()
    assert not opened.page.is_visible("#filters")
    assert opened.page.pdf().startswith(b"%PDF-")


def test_the_archive_of_exchanges_answers_in_the_browser(chromium, tmp_path):
    report = RUNS["forty"]
    archive = tmp_path / "exchanges.har"
    archive.write_text(har_file.render(report), encoding="utf-8")
    context = chromium.new_context()
    context.route_from_har(archive, not_found="abort")
    opened = context.new_page()
    answered = opened.goto(report.ledger.exchanges[0].request.url)
    assert answered is not None
    assert answered.status == 200
    assert answered.json()["object"] == "batch"
    context.close()


def test_a_card_gets_its_copy_buttons_when_it_is_opened(open_page):
    opened = open_page("forty")
    card = opened.page.locator("details.finding").last
    assert card.locator("button.copy").count() == 0
    card.locator("summary").first.click()
    card.locator("button.copy").first.wait_for(state="visible")
    shown = card.locator("pre.curl")
    assert card.locator(".copyable").count() >= shown.count() > 0
    card.locator("summary").first.click()
    card.locator("summary").first.click()
    assert card.locator("pre.curl + button.copy").count() == shown.count()

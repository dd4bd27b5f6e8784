"""Histories and trends: what a run leaves of itself, and what many come to."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import NoChromiumError, launched
from click.testing import CliRunner, Result
from history_lines import a_year, finding, run
from hypothesis import given
from hypothesis import strategies as st
from real_servers import node_modules
from suite_support import ROOT, run_suite

from batch_conformance.cli import main
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.language import CHINESE, ENGLISH
from batch_conformance.report.trend.page import render_page, render_text
from batch_conformance.report.trend.run_record import RunRecord, from_line, short_name, to_line
from batch_conformance.report.trend.trend import build_trend

PACKAGE = ROOT / "tests" / "node" / "package.json"
A, B, INFO = finding(1), finding(2, "should"), finding(3, "info")


def trend(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["trend", *map(str, arguments)])


def test_each_run_adds_a_line_and_the_trend_says_since_when_a_clause_is_broken(tmp_path: Path) -> None:
    history = tmp_path / "history.ndjson"
    with EmbeddedMock() as mock:
        run_suite(tmp_path / "one", "--exploration=quick", f"--history={history}", mock=mock)
        port = mock.base_url.rsplit(":", 1)[1].partition("/")[0]
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        done = run_suite(tmp_path / "two", "--exploration=quick", f"--history={history}", mock=mock)
        key = mock.key
    assert f"History {history}: one run added" in done.text
    text = history.read_text("utf-8")
    text = text.replace(mock.base_url, f"http://127.0.0.1:{port}/v1")
    history.write_text(text, "utf-8")
    first, second = (from_line(line, "") for line in text.splitlines())
    assert (first.verdict, second.verdict, second.exit_code) == ("conforms", "drift", 1)
    assert key not in text
    assert "batch_rdyqgrcgjg" not in text
    shown = next(one for one in second.findings if one.rule == "body.type")
    assert shown.place == "200 /created_at"
    assert shown.clause not in first.unjudged
    result = trend(history, f"--output={tmp_path / 'trend.html'}")
    assert result.exit_code == 0, result.output
    assert "1 target, 2 runs" in result.output
    assert "✖ must   200 /created_at  body.type" in result.output
    assert "in 1 of 2 runs that judged it" in result.output
    assert (tmp_path / "trend.html").read_text("utf-8").count("<svg") >= 2


def test_validated_traffic_adds_a_line_as_well(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        run_suite(tmp_path / "run", "--exploration=quick", mock=mock)
    history = tmp_path / "history.ndjson"
    arguments = ["validate", str(tmp_path / "run" / "exchanges.har"), f"--reports-dir={tmp_path / 'v'}"]
    done = CliRunner().invoke(main, [*arguments, f"--history={history}"])
    assert done.exit_code == 0, done.output
    assert from_line(history.read_bytes(), "").verdict == "conforms"


def test_a_history_that_cannot_be_written_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    done = run_suite(tmp_path, f"--history={tmp_path / 'no' / 'history.ndjson'}")
    assert done.code == 4
    assert f"there is no folder {tmp_path / 'no'}" in done.text


def test_a_clause_is_broken_since_the_first_of_the_runs_in_a_row_that_show_it() -> None:
    (target,) = build_trend([run(0), run(1, A), run(2), run(3, A), run(4, A, unjudged=frozenset({B.clause}))])
    (clause,) = target.clauses
    assert clause.since is not None
    assert (clause.since.day, clause.first_seen.day, clause.returns) == (4, 2, 1)
    assert (clause.broken, clause.judged) == (3, 5)
    assert [(span.state, span.runs) for span in clause.spans] == [
        ("kept", 1), ("broken", 1), ("kept", 1), ("broken", 2)
    ]  # fmt: skip


def test_a_run_that_did_not_judge_a_clause_neither_ends_nor_begins_anything() -> None:
    away = run(2, verdict="inconclusive", unjudged=frozenset({A.clause}))
    (target,) = build_trend([run(0), run(1, A), away, run(3, A), run(4, complete=False)])
    (clause,) = target.clauses
    assert clause.since is not None
    assert (clause.since.day, clause.returns, clause.judged) == (2, 0, 3)


def test_what_the_last_run_kept_is_not_broken_now_and_comes_after_what_is() -> None:
    (target,) = build_trend([run(0, A, B), run(1, B)])
    assert [(one.finding.id, one.since is None) for one in target.clauses] == [(B.id, False), (A.id, True)]
    assert [one.finding.id for one in target.broken_now] == [B.id]


def test_what_is_only_told_breaks_nothing() -> None:
    """A conforming target has findings of level info every day; none of its clauses is broken."""
    (target,) = build_trend([run(0, INFO), run(1, INFO, B), run(2, INFO)])
    assert target.broken_now == ()
    said = render_text([target], ENGLISH).splitlines()
    assert said[0].endswith(": 0 clauses broken now")
    (at,) = (number for number, line in enumerate(said) if line.startswith("  ● info "))
    assert re.fullmatch(r"      told since [\d-]+; in 3 of 3 runs that judged it", said[at + 1])
    (row,) = re.findall(r'class="level info"><span aria-hidden="true">(.)</span>', render_page([target], ENGLISH))
    assert row == "●"


def test_the_lines_of_a_trend_in_chinese_have_no_english_level() -> None:
    (target,) = build_trend([run(0, A, B, INFO)])
    said = render_text([target], CHINESE)
    assert not re.search(r"\b(must|should|info)\b|; ", said)
    assert "● 提示" in said


def test_runs_of_one_second_keep_the_order_in_which_they_were_recorded() -> None:
    for shown in ((run(0), run(0, A), run(0, A, B)), (run(0, A, B), run(0, A), run(0))):
        (target,) = build_trend(shown)
        assert target.runs == shown


def test_an_accepted_finding_is_told_from_a_new_one() -> None:
    (target,) = build_trend([run(0, A), run(1, replace(A, state="known"))])
    assert [span.state for span in target.clauses[0].spans] == ["broken", "accepted"]


RECORDS = list(a_year(targets=2, findings=6, days=40))


@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_histories_merge_by_concatenation_in_any_order(order: random.Random, doubled: int) -> None:
    mixed = order.sample(RECORDS, len(RECORDS)) + RECORDS[:doubled]
    assert build_trend(mixed) == build_trend(RECORDS)


@given(
    st.builds(
        RunRecord,
        st.just("2025-01-01T00:00:00Z"),
        st.text(max_size=30),
        st.text(max_size=30),
        st.text(max_size=30),
        st.sampled_from(["conforms", "drift", "inconclusive"]),
        st.booleans(),
        st.integers(0, 9),
        st.integers(0, 999),
        st.lists(st.sampled_from([A, B]), max_size=3).map(tuple),
        st.frozensets(st.text(max_size=9).map(short_name), max_size=4),
    )
)
def test_a_line_is_read_as_it_was_written(record: RunRecord) -> None:
    line = to_line(record)
    assert line.count("\n") == 1
    assert from_line(line, "") == record


GOOD: dict[str, Any] = json.loads(to_line(run(0, A)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no run is recorded in "),
        ("nonsense\n", "history.ndjson:1 is no line of a history: "),
        ("[]\n", "history.ndjson:1 is no line of a history of format"),
        ("\n" + json.dumps({**GOOD, "verdict": "fine"}) + "\n", "history.ndjson:2 is no line of a history of format"),
        (json.dumps({**GOOD, "format": "batch-conformance-history/9"}) + "\n", "is no line of a history of format"),
        (json.dumps({**GOOD, "at": "2025-99-99T00:00:00Z"}) + "\n", "'2025-99-99T00:00:00Z' is no time"),
        ("\ud800[".encode("utf-8", "surrogatepass").decode("latin-1") * 3, "is no line of a history"),
    ],
)
def test_what_is_no_history_is_one_clear_line(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "history.ndjson"
    file.write_text(content, "latin-1")
    done = trend(file, f"--output={tmp_path / 'trend.html'}")
    assert done.exit_code == 4
    assert why in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "trend.html").exists()


def test_what_a_later_version_adds_to_a_line_is_let_pass() -> None:
    record = from_line(json.dumps({**GOOD, "branch": "main", "findings": [{**GOOD["findings"][0], "side": "x"}]}), "")
    assert record == run(0, A)


def test_the_trend_is_told_in_chinese_too() -> None:
    targets = build_trend(RECORDS)
    english, chinese = render_text(targets, ENGLISH), render_text(targets, CHINESE)
    assert english.count("\n") == chinese.count("\n")
    for words in ("runs", "broken since", "not seen since", "judged it"):
        assert words in english
        assert words not in chinese
    assert 'lang="zh-CN"' in render_page(targets, CHINESE)


def test_what_a_history_says_is_shown_and_never_markup() -> None:
    odd = run(0, replace(A, place="<script>alert(1)</script>", rule="<b>"), target="https://x/<i>\u202e")
    page = render_page(build_trend([odd]), ENGLISH)
    assert "<script>" not in page
    assert "<i>" not in page
    assert "\u202e" not in page


def test_a_year_of_daily_runs_opens_in_a_browser_without_a_complaint_and_is_usable_by_everybody(
    tmp_path: Path,
) -> None:
    history = tmp_path / "history.ndjson"
    subprocess.run([sys.executable, str(ROOT / "tests" / "history_lines.py"), str(history)], check=True, cwd=ROOT)
    assert trend(history, f"--output={tmp_path / 'trend.html'}").exit_code == 0
    axe = (node_modules(PACKAGE) / "axe-core" / "axe.min.js").read_text("utf-8")
    try:
        with launched() as browser:
            complaints: list[str] = []
            requests: list[str] = []
            context = browser.new_context(viewport={"width": 360, "height": 800}, bypass_csp=True)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto((tmp_path / "trend.html").as_uri())
            assert page.locator("section[data-target]").count() == 3
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            assert not complaints
            assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
            page.evaluate(axe)
            found = page.evaluate("async () => (await axe.run()).violations")
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    except NoChromiumError as error:
        pytest.skip(str(error))

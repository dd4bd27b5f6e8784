"""What a finding's card gives to copy: commands that show it again, and the text to send; and where to look."""

from __future__ import annotations

import html
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from suite_support import run_suite

from batch_conformance.exchange.exchange import Response
from batch_conformance.findings.finding import Finding
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.finding.reproduction import folded, rerun
from batch_conformance.report.finding.vendor_text import vendor_text
from batch_conformance.report.items.item import items_of
from batch_conformance.report.run import html as page
from batch_conformance.report.run.groups import clauses_by_id, fold, where_said


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("C",)), min_size=1), min_size=1, max_size=8))
def test_a_folded_command_is_the_same_command(words: list[str]) -> None:
    command = shlex.join(words)
    assert shlex.split("\n".join(folded(command, 20)).replace(" \\\n", " ")) == words


def test_a_command_is_broken_between_its_arguments_only() -> None:
    lines = folded("curl -sS -H 'Accept: application/json' 'http://127.0.0.1/a b'", 30)
    assert lines == ["curl -sS \\", "  -H 'Accept: application/json' \\", "  'http://127.0.0.1/a b'"]


CREATED_AT = "suites/test_response_bodies.py::test_each_value_has_its_documented_type[200-created_at]"


def _again(command: str = "pytest --base-url http://x/v1", finding: Finding | None = None) -> str:
    report = samples.run_report((samples.finding(),))
    report = replace(report, run=replace(report.run, command=command))
    return rerun(report, finding or samples.finding(), items_of(report))


def test_the_rerun_is_of_the_test_that_failed_and_leaves_the_reports_of_the_run_alone() -> None:
    again = f"pytest --base-url http://x/v1 '{CREATED_AT}' --reports-dir=reports/again"
    assert _again() == again
    given_folder = "pytest --reports-dir='my reports' --base-url http://x/v1"
    assert _again(given_folder) == again
    assert _again(given_folder.replace("='", " '")) == again


def test_the_rerun_of_the_command_of_the_package_is_one_of_that_command() -> None:
    again = f"batch-conformance run --base-url=http://x/v1 '{CREATED_AT}' --reports-dir=reports/again"
    assert _again("batch-conformance run --base-url=http://x/v1 --reports-dir=reports") == again


def test_what_takes_several_reads_to_see_is_one_test_as_well() -> None:
    regressed = samples.finding("state.regressed", "/status", kind="in_queue")
    named = "suites/test_stability.py::test_the_state_does_not_go_back"
    assert _again(finding=regressed) == f"pytest --base-url http://x/v1 {named} --reports-dir=reports/again"


@pytest.mark.parametrize("command", ["pytest -k quick", f"pytest '{CREATED_AT}'", "other --base-url x"])
def test_a_run_that_selected_its_tests_is_repeated_as_it_was(command: str) -> None:
    assert _again(command) == command


def test_the_text_to_send_stands_for_itself() -> None:
    exchange = samples.exchange({**samples.BODY, "created_at": "1741685413"})
    assert exchange.response
    traced = replace(exchange.response, headers=(*exchange.response.headers, ("X-Trace-Id", "ti_42")))
    finding = samples.finding(evidence=replace(exchange, response=traced))
    report = samples.run_report((finding,))
    text = vendor_text(fold((finding,))[0], report, where_said(finding, clauses_by_id(report)))
    for part in (
        "GET /batches/{batch_id} at https://api.example.com/v1",
        "200 /created_at",
        "Contract says: `integer` (spec/siliconflow-get-batch.yaml:",
        'Observed: `string "1741685413"`',
        "3 times in 57 requests",
        "X-Trace-Id: `ti_42`",
        "Date: `Mon, 23 Nov 2026 10:00:00 GMT`",
        report.contract.document.sha256,
        "$BATCH_API_KEY",
    ):
        assert part in text, part
    assert text in html.unescape(page.render(report))


def test_nothing_from_the_wire_becomes_markup_in_the_text_to_send() -> None:
    finding = samples.finding(observed="`@team` [x](http://evil)\n# x", pointer="/a`@b`")
    text = vendor_text(fold((finding,))[0], samples.run_report((finding,)), None)
    assert "- Observed: `ˋ@teamˋ [x](http://evil)\\n# x`\n" in text
    assert "- Where: `200 /aˋ@bˋ`\n" in text


def _marks(finding: Finding, body: object = samples.BODY, headers: tuple[tuple[str, str], ...] = ()) -> list[str]:
    exchange = samples.exchange(body)
    assert exchange.response
    response: Response = replace(exchange.response, headers=(*exchange.response.headers, *headers))
    text = page.render(samples.run_report((replace(finding, evidence=replace(exchange, response=response)),)))
    _, _, shown = text.partition('<figure class="response">')
    found = shown.partition("</figure>")[0].split('<mark><span class="sr">here: </span>')[1:]
    return [part.partition("</mark>")[0].replace('<span class="note">', "").replace("</span>", "") for part in found]


def test_the_status_line_is_marked_where_the_status_is_the_finding() -> None:
    finding = samples.finding("auth.missing_accepted", "", status="401", kind="missing", expected="401", observed="200")
    assert _marks(finding) == ["HTTP/1.1 200 OK"]


def test_the_header_is_marked_where_it_is_the_finding_and_its_absence_at_the_status_line() -> None:
    media_type = samples.finding("response.media_type", "", kind="x", expected="application/json", observed="x")
    assert _marks(media_type) == ["Content-Type: application/json"]
    absent = samples.finding("response.retry_after", "", status="503", kind="x", expected="a number", observed="none")
    assert _marks(absent) == ["HTTP/1.1 200 OK ← no retry-after here"]


def test_a_secret_that_came_back_is_marked_in_body_and_header() -> None:
    finding = samples.finding("security.key_reflected", "", status="", kind="body", expected="none", observed="the key")
    marked = _marks(finding, {"message": "no such key [redacted]", "code": 1}, (("X-Debug", "key=[redacted]"),))
    assert marked == ["X-Debug: key=[redacted]", "  &#34;message&#34;: &#34;no such key [redacted]&#34;,"]


def test_an_absent_time_is_not_said_to_be_predicted_by_an_example_of_null() -> None:
    absent = samples.finding(
        "state.stage_timestamp_missing", "/finalizing_at", kind="missing", expected="a time", observed="none"
    )
    assert "Predicted by the document itself" not in page.render(samples.run_report((absent,)))
    null = samples.finding("body.type", "/finalizing_at", kind="null", expected="integer", observed="null")
    assert "Predicted by the document itself" in page.render(samples.run_report((null,)))


def test_the_rerun_of_a_real_run_shows_the_finding_again(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["any_token"]) as mock:
        first = run_suite(tmp_path / "first", "--exploration=quick", mock=mock)
        (shown,) = first.drift["findings"]
        page_text = html.unescape((tmp_path / "first" / "drift.html").read_text("utf-8"))
        _, _, command = page_text.partition("See it again</h3>\n<pre data-copy>")
        words = shlex.split(command.partition("</pre>")[0].replace(" \\\n", " "))
        named = "suites/test_authentication.py::test_a_made_up_token_is_refused"
        assert words[-2:] == [named, "--reports-dir=reports/again"]
        again = run_suite(tmp_path / "again", *words[words.index("--exploration=quick") : -1], mock=mock)
    assert again.code == 1
    told = [finding["id"] for finding in again.drift["findings"] if finding["level"] != "info"]
    assert told == [shown["id"]]
    assert again.drift["run"]["requests"] < first.drift["run"]["requests"]

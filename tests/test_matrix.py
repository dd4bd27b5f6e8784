"""Many audits as one matrix: the worst state in each cell, and nothing unseen shown as good."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import samples
from cases_lists import lists, page
from chinese_support import english_in
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_support import sent

from batch_conformance.cli import main
from batch_conformance.findings.ledger import ClauseResult, ClauseState, Ledger
from batch_conformance.judge.judge import judge
from batch_conformance.message import Message, shown
from batch_conformance.report.language import CHINESE
from batch_conformance.report.matrix.formats import FORMATS, MatrixFileError, badge, read_matrix
from batch_conformance.report.matrix.matrix import STATES, Audited, Matrix, MatrixCell, build_matrix
from batch_conformance.report.run import drift_json
from batch_conformance.report.run.run_report import RunReport


def _report(state: ClauseState = "kept", *findings: Any, **given: Any) -> RunReport:
    """A run in which every clause of the contract has one state, but for those that the findings break."""
    report = replace(samples.run_report(findings), **given)
    broken = {finding.clause: finding.occurrences for finding in findings}
    clauses = tuple(
        ClauseResult(clause, "broken" if clause.id in broken else state, 1, broken.get(clause.id, 0))
        for clause in report.contract.clauses
    )
    ledger = report.ledger
    return replace(report, ledger=Ledger(ledger.exchanges, ledger.findings, clauses, ledger.fields, ledger.statuses))


def _audited(name: str, report: RunReport | None, reason: Message | None = None, link: str = "") -> Audited:
    drift = None if report is None else drift_json.read_drift(drift_json.render(report))
    return Audited(name, drift, link or f"{name}/drift.html", reason)


def _cell(matrix: Matrix, row: str, vendor: int = 0) -> MatrixCell:
    return next(one for one in (*matrix.rules, *matrix.clauses) if one.key == row).cells[vendor]


CREATED = "200 application/json /created_at body.type"


def test_a_cell_holds_the_worst_finding_and_leads_to_it() -> None:
    must, should = samples.finding(), samples.finding(level="should", kind="other")
    matrix = build_matrix([_audited("a", _report("kept", should, must)), _audited("b", _report())])
    assert _cell(matrix, CREATED) == MatrixCell("must", (must.id, should.id), judged=1)
    assert _cell(matrix, CREATED, 1) == MatrixCell("kept", judged=1, kept=1)
    assert _cell(matrix, "body.type").state == "must"
    assert f'href="a/drift.html#f-{must.id}"' in FORMATS["matrix.html"](matrix)


@pytest.mark.parametrize(
    ("state", "shown"), [("not_observed", "not_observed"), ("inconclusive", "inconclusive"), ("kept", "kept")]
)
def test_what_was_not_seen_is_never_shown_as_kept(state: ClauseState, shown: str) -> None:
    matrix = build_matrix([_audited("a", _report(state))])
    assert {row.cells[0].state for row in (*matrix.rules, *matrix.clauses)} == {shown}
    if state != "kept":
        for name in ("matrix.html", "matrix.md", "matrix.csv"):
            text = FORMATS[name](matrix).partition('<section id="legend"')[0]
            text = text.replace("not observed is not kept", "")
            assert not re.search(r"✔ (?:<i>)?kept|,kept[,\r]", text), name


def _with_states(*states: ClauseState, **given: Any) -> RunReport:
    """A run in which the first clauses have these states and all others are kept, each judged three times."""
    report = _report()
    clauses = [replace(result, judged=3) for result in report.ledger.clauses]
    for number, state in enumerate(states):
        clauses[number] = replace(clauses[number], state=state, judged=0 if state == "not_observed" else 3)
    return replace(report, ledger=replace(report.ledger, clauses=tuple(clauses)), **given)


def test_of_a_rule_that_is_kept_it_is_told_by_how_many_clauses_and_observations() -> None:
    report = _with_states("not_observed")
    rule = report.ledger.clauses[0].clause.rule
    total = sum(result.clause.rule == rule for result in report.ledger.clauses)
    assert total > 2
    matrix = build_matrix([_audited("a", report), _audited("b", _with_states())])
    assert _cell(matrix, rule) == MatrixCell("kept", judged=3 * (total - 1), clauses=total, kept=total - 1)
    assert _cell(matrix, rule, 1) == MatrixCell("kept", judged=3 * total, clauses=total, kept=total)
    page = FORMATS["matrix.html"](matrix)
    assert f"<i>kept</i> {total - 1}/{total}, {3 * (total - 1)}×" in page
    assert f"<i>kept</i> {total}/{total}, {3 * total}×" in page
    assert "<i>kept</i> 3×" in page, "a clause"
    assert "partly" not in page
    values = read_matrix(FORMATS["matrix.json"](matrix))
    (row,) = [row for row in values["rules"] if row["key"] == rule]
    assert (row["judged"], row["kept"], row["clauses"]) == (
        [3 * (total - 1), 3 * total], [total - 1, total], [total, total]
    )  # fmt: skip


def test_a_conforming_target_is_shown_as_one_that_keeps_what_was_observed(tmp_path: Path) -> None:
    report = _with_states("not_observed", "not_observed")
    page = FORMATS["matrix.html"](build_matrix([_audited("a", report)]))
    assert "partly" not in page
    assert "✔ <i>kept</i>" in page


def test_what_was_not_judged_of_each_target_is_told_with_why() -> None:
    report = _with_states(
        "not_observed", "inconclusive", missing=(shown("a 2xx answer of the operation (no known id)"),)
    )
    report = replace(
        report, notes=(shown("7 planned requests were not sent: every request with the valid key is answered."),)
    )
    for name in ("matrix.html", "matrix.md", "matrix.json"):
        told = FORMATS[name](build_matrix([_audited("a", report)])).replace("\\", "")
        assert "Missing for a verdict: a 2xx answer of the operation (no known id)" in told
        assert "1 clause: exercised, but an outage or a limit kept them from being judged" in told
        assert "7 planned requests were not sent: every request" in told
        assert "1 clause that nothing in the run could show: " in told or "no answer with such a status" in told


def test_clauses_of_a_status_that_nobody_saw_are_told_by_the_status() -> None:
    report = _report()
    unseen = tuple(
        replace(result, state="not_observed", judged=0) if result.clause.status == "504" else result
        for result in report.ledger.clauses
    )
    statuses = tuple(replace(one, count=0) if one.status == "504" else one for one in report.ledger.statuses)
    number = sum(result.clause.status == "504" for result in report.ledger.clauses)
    report = replace(report, ledger=replace(report.ledger, clauses=unseen, statuses=statuses))
    (vendor,) = build_matrix([_audited("a", report)]).vendors
    assert tuple(map(str, vendor.unjudged)) == (
        f"{number} clause{'' if number == 1 else 's'} of 504: no answer with such a status was seen",
    )


def test_in_chinese_the_matrix_has_no_english_text_and_machines_read_the_same(tmp_path: Path) -> None:
    must, known = samples.finding(), samples.finding(level="should", kind="other", state="known")
    reports = [_report("kept", must, complete=False), _report("not_observed"), _report("inconclusive", known)]
    audits = [_audited(name, report) for name, report in zip("abc", reports, strict=True)] + [_audited("d", None)]
    former = json.loads(FORMATS["matrix.json"](build_matrix(audits[1:])))
    matrix = build_matrix(audits, former)
    for name in ("matrix.html", "matrix.md"):
        assert english_in(FORMATS[name](matrix, CHINESE)) == [], name
    for name in ("matrix.json", "matrix.csv"):
        assert FORMATS[name](matrix, CHINESE) == FORMATS[name](matrix)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "drift.json").write_text(drift_json.render(reports[0]), encoding="utf-8")
    command = ["matrix", str(tmp_path / "a"), f"--reports-dir={tmp_path}", "--report-language=zh"]
    assert english_in(CliRunner().invoke(main, command).output) == []


def test_each_contract_is_told_with_the_targets_that_were_held_to_it() -> None:
    other = json.loads(drift_json.render(_report()))
    other["contract"]["title"] = "Another API"
    matrix = build_matrix([_audited("a", _report()), Audited("b", other), _audited("c", _report())])
    assert list(matrix.held_to.values()) == [("a", "c"), ("b",)]
    assert "Another API 1.0.0, GET /batches/{batch_id}, documented" in list(matrix.held_to)[1]
    for name in ("matrix.html", "matrix.md"):
        told = re.sub(r"<[^>]*>|\\", "", FORMATS[name](matrix))
        assert re.search(r"Held to SiliconFlow API [^:]*: a, c", told)
        assert re.search(r"Held to Another API [^:]*: b", told)


def test_a_rule_is_one_group_of_rows_also_where_contracts_differ() -> None:
    other = json.loads(drift_json.render(_report()))
    for clause in other["coverage"]["clauses"]:
        clause["id"] = clause["id"].replace("/created_at", "/made_at")
    matrix = build_matrix([_audited("a", _report()), Audited("b", other)])
    rules = [row.rule for row in matrix.clauses]
    assert sum(one != two for one, two in pairwise(rules)) == len(set(rules)) - 1
    page = FORMATS["matrix.html"](matrix)
    headings = re.findall(r'scope="rowgroup"[^>]*><code>([^<]*)', page)
    assert sorted(headings) == sorted(set(rules))


def test_a_vendor_without_a_report_has_a_column_that_says_so() -> None:
    matrix = build_matrix([_audited("a", _report()), _audited("gone", None, shown("no report: stopped after 3 s"))])
    assert {row.cells[1].state for row in (*matrix.rules, *matrix.clauses)} == {"no_report"}
    assert dict(matrix.verdicts) == {"drift": 0, "inconclusive": 0, "no report": 1, "conforms": 1}
    for name in ("matrix.html", "matrix.md", "matrix.json"):
        assert "stopped after 3 s" in FORMATS[name](matrix)


def test_a_broken_clause_without_a_finding_is_not_belittled() -> None:
    drift = dict(drift_json.read_drift(drift_json.render(_report("kept", samples.finding()))))
    drift["findings"] = []
    matrix = build_matrix([Audited("a", drift)])
    assert _cell(matrix, CREATED).state == "must"


def test_accepted_findings_are_still_broken_and_say_that_they_are_accepted() -> None:
    matrix = build_matrix([_audited("a", _report("kept", samples.finding(state="known")))])
    assert _cell(matrix, CREATED).accepted
    page, table = FORMATS["matrix.html"](matrix), FORMATS["matrix.md"](matrix)
    assert "must, accepted" in page
    assert "≡ must, accepted" in table


def test_a_target_whose_drift_is_all_accepted_has_no_red_mark() -> None:
    known, new = samples.finding(state="known"), samples.finding(kind="other")
    matrix = build_matrix([_audited("a", _report("kept", known, verdict="drift")), _audited("b", _report())])
    assert [vendor.accepted for vendor in matrix.vendors] == [True, False]
    assert str(matrix.sentence) == "2 targets: 1 drift that is accepted, 1 conforms."
    page, table = FORMATS["matrix.html"](matrix), FORMATS["matrix.md"](matrix)
    body = page.partition("<body>")[2]
    assert 'header class="banner accepted"' in body
    assert 'class="badge drift"' not in body
    assert '<td class="must">' not in body
    assert 'class="badge accepted"><span aria-hidden="true">≡</span> accepted</span>' in body
    assert "| ≡ accepted |" in table
    assert json.loads(badge(matrix.vendors[0]))["color"] == "yellow"
    assert json.loads(FORMATS["matrix.json"](matrix))["vendors"][0]["accepted"]
    both = build_matrix([_audited("a", _report("kept", known, new, verdict="drift"))])
    assert not both.vendors[0].accepted
    assert 'class="badge drift"' in FORMATS["matrix.html"](both)


def test_contracts_that_differ_share_the_rows_that_they_share() -> None:
    drift = json.loads(drift_json.render(_report()).replace("getBatchEvaluationJob ", "retrieveBatch "))
    kept = [clause for clause in drift["coverage"]["clauses"] if "created_at" not in clause["id"]]
    drift["coverage"]["clauses"] = kept
    matrix = build_matrix([_audited("a", _report()), Audited("b", drift)])
    assert len(matrix.clauses) == len(samples.run_report().contract.clauses)
    assert _cell(matrix, CREATED, 1).state == "not_in_contract"
    assert _cell(matrix, "200 application/json /id body.type", 1).state == "kept"


def test_what_changed_since_the_former_matrix_is_told_worse_first() -> None:
    former = json.loads(FORMATS["matrix.json"](build_matrix([_audited("a", _report()), _audited("old", _report())])))
    now = build_matrix([_audited("a", _report("kept", samples.finding())), _audited("new", _report())], former)
    assert now.changes is not None
    told = [(change.vendor, change.row, change.before, change.after, change.worse) for change in now.changes]
    assert told == [
        ("a", "", "conforms", "drift", True),
        ("a", CREATED, "kept", "must", True),
        ("new", "", "not audited", "conforms", False),
        ("old", "", "conforms", "not audited", False),
    ]
    assert "Since the last matrix" in FORMATS["matrix.md"](now)
    assert CREATED in FORMATS["matrix.html"](now)
    assert [change.word for change in now.changes] == ["worse", "worse", "otherwise", "otherwise"]


def test_what_is_good_again_is_better_and_what_is_no_longer_audited_is_not() -> None:
    former = build_matrix([_audited("a", _report("kept", samples.finding())), _audited("new", _report())])
    now = build_matrix([_audited("a", _report())], json.loads(FORMATS["matrix.json"](former)))
    assert {(c.vendor, c.word) for c in now.changes or ()} == {("a", "better"), ("new", "otherwise")}
    assert "- better: a: drift → conforms" in FORMATS["matrix.md"](now)
    assert "better</td>" in FORMATS["matrix.html"](now)


def test_the_same_audits_changed_in_nothing() -> None:
    audits = [_audited("a", _report("kept", samples.finding()))]
    former = json.loads(FORMATS["matrix.json"](build_matrix(audits)))
    now = build_matrix(audits, former)
    assert now.changes == ()
    assert "Nothing changed" in FORMATS["matrix.html"](now)
    assert "Nothing changed" in FORMATS["matrix.md"](now)


STATE_LISTS = st.lists(st.sampled_from(["kept", "not_observed", "inconclusive"]), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None)
@given(STATE_LISTS)
def test_all_faces_agree_and_the_json_keeps_its_schema(states: list[ClauseState]) -> None:
    audits = [_audited(f"v{number}", _report(state)) for number, state in enumerate(states)]
    matrix = build_matrix(audits)
    values = read_matrix(FORMATS["matrix.json"](matrix))
    rows = list(csv.reader(io.StringIO(FORMATS["matrix.csv"](matrix))))
    assert len(rows) - 1 == len(values["rules"]) + len(values["clauses"]) == len(matrix.rules) + len(matrix.clauses)
    assert rows[0][6:] == [vendor["name"] for vendor in values["vendors"]]
    for row in values["clauses"]:
        assert row["cells"] == list(states)
    page = FORMATS["matrix.html"](matrix)
    cells = (len(matrix.rules) + len(matrix.clauses)) * len(states)
    assert len(re.findall(r'<td class="(?:' + "|".join(STATES) + r')">', page)) == cells


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other/1"}', "x" * 10])
def test_what_is_no_matrix_is_refused_with_one_line(text: str) -> None:
    with pytest.raises(MatrixFileError) as caught:
        read_matrix(text)
    assert len(str(caught.value).splitlines()) == 1


def test_a_matrix_with_a_short_row_is_refused() -> None:
    values = json.loads(FORMATS["matrix.json"](build_matrix([_audited("a", _report())])))
    values["clauses"][0]["cells"] = []
    with pytest.raises(MatrixFileError):
        read_matrix(json.dumps(values))


def test_nothing_from_a_report_becomes_markup_or_a_formula() -> None:
    hostile = '=HYPERLINK("x")</td><script>alert(1)</script>\u202e'
    report = _report("kept", samples.finding("body.undeclared", f"/{hostile}", kind="undeclared"))
    report = replace(report, outcome=shown(hostile))
    matrix = build_matrix([_audited(hostile, report, link="a/drift.html")])
    page = FORMATS["matrix.html"](matrix)
    assert "<script" not in page
    assert "\u202e" not in page
    assert "<script" not in FORMATS["matrix.md"](matrix)
    for row in csv.reader(io.StringIO(FORMATS["matrix.csv"](matrix))):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_the_page_loads_nothing_and_links_only_to_the_pages_of_the_vendors() -> None:
    page = FORMATS["matrix.html"](build_matrix([_audited("a", _report("kept", samples.finding()))]))
    assert "default-src &#39;none&#39;" in page
    assert "<script" not in page
    links = set(re.findall(r'(?:href|src)="([^"]*)"', page))
    assert {link for link in links if not link.startswith(("#", "data:,"))} == {
        "a/drift.html",
        f"a/drift.html#f-{samples.finding().id}",
    }


def test_two_hundred_vendors_make_a_page_that_can_still_be_opened() -> None:
    one = _audited("v", _report("kept", samples.finding()))
    page = FORMATS["matrix.html"](build_matrix([replace(one, name=f"vendor-{number}") for number in range(200)]))
    assert len(page) < 4_000_000


@pytest.mark.parametrize(
    ("verdict", "complete", "color"),
    [("conforms", True, "brightgreen"), ("conforms", False, "yellow"), ("drift", True, "red")],
)
def test_a_badge_is_what_shields_asks_for(verdict: Any, complete: bool, color: str) -> None:
    matrix = build_matrix([_audited("a", _report(verdict=verdict, complete=complete))])
    values = json.loads(badge(matrix.vendors[0]))
    assert values["schemaVersion"] == 1
    assert set(values) == {"schemaVersion", "label", "message", "color", "isError"}
    assert values["message"].startswith(verdict)
    assert values["color"] == color
    assert json.loads(badge(build_matrix([_audited("a", None)]).vendors[0]))["color"] == "lightgrey"


def _write(folder: Path, report: RunReport) -> Path:
    folder.mkdir(parents=True)
    (folder / "drift.json").write_text(drift_json.render(report), encoding="utf-8")
    (folder / "drift.html").write_text("<!doctype html>", encoding="utf-8")
    return folder / "drift.json"


def test_the_command_writes_every_face_and_names_vendors_after_their_folders(tmp_path: Path) -> None:
    files = [_write(tmp_path / name, _report()) for name in ("groq", "a b")]
    done = CliRunner().invoke(main, ["matrix", *map(str, files), "--reports-dir", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FORMATS, "badges"}
    assert "Held to SiliconFlow API 1.0.0, GET /batches/{batch_id}, documented" in done.output
    assert ": groq, a b\n" in done.output
    assert {path.name for path in (tmp_path / "out" / "badges").iterdir()} == {"groq.json", "a b.json"}
    values = read_matrix((tmp_path / "out" / "matrix.json").read_bytes())
    assert [(vendor["name"], vendor["link"]) for vendor in values["vendors"]] == [
        ("groq", "../groq/drift.html"),
        ("a b", "../a%20b/drift.html"),
    ]


def test_folders_of_one_name_are_told_apart_by_those_around_them(tmp_path: Path) -> None:
    files = [_write(tmp_path / day / "groq", _report()) for day in ("monday", "tuesday")]
    done = CliRunner().invoke(main, ["matrix", *map(str, files), "--reports-dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    values = read_matrix((tmp_path / "matrix.json").read_bytes())
    assert [vendor["name"] for vendor in values["vendors"]] == ["monday/groq", "tuesday/groq"]


def test_a_file_that_is_no_report_does_not_cost_the_matrix_of_the_others(tmp_path: Path) -> None:
    good = _write(tmp_path / "good", _report())
    (tmp_path / "bad").mkdir()
    bad = tmp_path / "bad" / "drift.json"
    bad.write_text("{", encoding="utf-8")
    done = CliRunner().invoke(main, ["matrix", str(good), str(bad), "--reports-dir", str(tmp_path)])
    assert done.exit_code == 4
    assert "not a drift.json" in done.output
    values = read_matrix((tmp_path / "matrix.json").read_bytes())
    assert [vendor["verdict"] for vendor in values["vendors"]] == ["conforms", "no report"]


def test_a_former_matrix_that_is_none_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    good = _write(tmp_path / "good", _report())
    arguments = ["matrix", str(good), "--previous", str(good), "--reports-dir", str(tmp_path / "out")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 4
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_audit_of_several_operations_has_its_rows_by_operation() -> None:
    ledger = judge([sent(number=0), replace(page("ab", None, has_more="no"), number=1)], lists())
    report = replace(samples.run_report(), contract=lists(), ledger=ledger)
    drift = json.loads(drift_json.render(report))
    matrix = build_matrix([Audited("one", drift), Audited("two", None)])
    broken = [(row.operation, row.rule, row.key) for row in matrix.rules if row.broken and row.worst == "must"]
    assert broken == [("list", "body.type", "list body.type")]
    (cell,) = [row.cells[0].state for row in matrix.rules if row.key == "body.type"]
    assert cell == "kept"
    assert [row.operation for row in matrix.rules] == sorted(
        (row.operation for row in matrix.rules), key=["", "files", "file", "list"].index
    )
    rendered = {name: render(matrix) for name, render in FORMATS.items()}
    assert read_matrix(rendered["matrix.json"])
    assert "<code>list</code>" in rendered["matrix.html"]
    assert "clause of list" in rendered["matrix.csv"]

"""What a person reads first, and last: new before accepted, and never a verdict that looks better than it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import samples
from suite_support import ROOT, run_suite

from batch_conformance.findings.finding import Level, State
from batch_conformance.report.run import html, markdown, terminal
from batch_conformance.report.run.groups import fold

RED = re.compile(r"\x1b\[[0-9;]*31[0-9;]*m")
NEW = samples.finding("body.undeclared", "/file_name", kind="undeclared", level="should")
ACCEPTED = samples.finding("body.type", "/created_at", level="must", state="known")


def test_what_is_new_stands_before_what_is_accepted_in_every_report() -> None:
    report = samples.run_report((ACCEPTED, NEW))
    for told in (terminal.render(report), markdown.render(report), html.render(report).partition('id="drift"')[2]):
        assert told.index(NEW.id) < told.index(ACCEPTED.id)
    brief = html.render(report).partition('class="brief"')[2]
    assert brief.index(f"#f-{NEW.id}") < brief.index(f"#f-{ACCEPTED.id}")


def test_accepted_groups_come_last_and_the_worst_first_among_the_others() -> None:
    states: tuple[State, ...] = ("known", "expired", "new")
    levels: tuple[Level, ...] = ("info", "must", "should")
    findings = [samples.finding("body.type", f"/{lvl}_{st}", level=lvl, state=st) for st in states for lvl in levels]
    assert [(group.level, group.state) for group in fold(findings)] == [
        *(("must", "new"), ("must", "expired"), ("should", "new"), ("should", "expired")),
        *(("info", "new"), ("info", "expired"), ("must", "known"), ("should", "known"), ("info", "known")),
    ]


@pytest.mark.parametrize(
    ("findings", "fail_on", "mark"),
    [((ACCEPTED,), "should", "≡"), ((NEW,), "must", "▲"), ((NEW,), "never", "▲")],
    ids=["accepted", "below the gate", "no gate"],
)
def test_exit_0_begins_with_no_red_cross(findings: tuple[samples.Finding, ...], fail_on: str, mark: str) -> None:
    report = samples.run_report(findings, fail_on=fail_on)
    assert report.exit_code == 0
    told = terminal.render(report, color=True)
    assert f"{mark} DRIFT" in told.splitlines()[0]
    assert "✖" not in told
    assert not RED.search(told)
    assert f'<span class="glyph" aria-hidden="true">{mark}</span>' in html.render(report)
    assert "✖" not in html.render(report).partition("</header>")[0].partition("</ul>")[2]
    assert "✖" not in markdown.render(report)


def test_exit_1_begins_with_a_red_cross() -> None:
    told = terminal.render(samples.run_report((ACCEPTED, NEW)), color=True)
    assert told.startswith("\x1b[1;31m✖ DRIFT")


@pytest.mark.parametrize("options", [(), ("-v",), ("--no-summary",), ("-n", "2"), ("-n", "2", "-q")], ids=" ".join)
def test_the_last_line_says_the_verdict_where_pytests_count_looks_harmless(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    ran = run_suite(tmp_path, "--min-coverage=100", "-k", "nobody_has", *options)
    partial = ran.text.strip().splitlines()
    assert ran.code == 0, "nothing is required of a part"
    assert "exit code" not in partial[-1]
    ran = run_suite(tmp_path, "--min-coverage=100", "--exploration=quick", *options)
    assert ran.code == 6
    last = ran.text.strip().splitlines()[-1]
    assert last.startswith("? INCONCLUSIVE, exit code 6: ")
    assert "--min-coverage" in last


def test_the_last_line_is_in_the_language_of_the_report(tmp_path: Path) -> None:
    ran = run_suite(tmp_path, "--min-coverage=100", "--exploration=quick", "--report-language=zh")
    assert ran.text.strip().splitlines()[-1].startswith("? 无定论，退出码 6：")


def test_the_number_of_contradictions_in_the_readme_is_the_one_in_every_run(tmp_path: Path) -> None:
    counts = samples.run_report().contract.document_findings
    contradictions = sum(found.level == "should" for found in counts)
    left_open = len(counts) - contradictions
    told = f"{contradictions} contradictions, {left_open} places left open"
    report = samples.run_report()
    for text in (terminal.render(report), markdown.render(report), html.render(report)):
        assert told in " ".join(text.split())
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"contradicts itself in {contradictions} places" in readme
    assert f"leaves {left_open} open" in readme
    chinese = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    assert f"{contradictions} 处自相矛盾" in chinese
    assert f"{left_open} 处没有说清" in chinese

"""The page, the terminal and the rules in Chinese: nothing is missing, nothing is left over, machines read English."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
import samples
from judge_cases import Case
from judge_support import contract
from judge_support import findings as judged
from recorded_support import line, ndjson, validated
from report_runs import runs
from suite_support import ROOT, run_suite
from test_judge_rules import CASES

from batch_conformance.contract.contract import Reading
from batch_conformance.contract.sources import load_contract
from batch_conformance.contract.violation import show
from batch_conformance.findings.baseline import ENTRY_STATES, EntryResult
from batch_conformance.findings.baseline_file import new_entry
from batch_conformance.findings.gate import INTERRUPTED, decide
from batch_conformance.findings.history import Gone, History
from batch_conformance.judge.judge import REQUIRED_SUCCESS, REQUIRED_UNKNOWN
from batch_conformance.message import Template, shown
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.observation.strict_json import parse
from batch_conformance.report.language import CHINESE, ENGLISH
from batch_conformance.report.run import github, html, markdown, terminal
from batch_conformance.report.run.baseline_texts import (
    accepted_as,
    baseline_line,
    entry_advice,
    gone_line,
    history_line,
)
from batch_conformance.report.text import cells
from batch_conformance.rules import REGISTRY
from batch_conformance.run.live import announced
from batch_conformance.run.live.audit import INSECURE

PACKAGE = ROOT / "batch_conformance"
HAN = re.compile(r"[\u4e00-\u9fff]")


FROM_THE_DOCUMENT = ("404 page not found", "Too many requests", "The Batch object matching")


STOPPED = Template("run.down", "the target is down: {how}")(how="500")

ENGLISH_TEXT = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")


def test_a_noun_is_counted_as_its_language_does() -> None:
    assert (ENGLISH.count(1, "finding"), ENGLISH.count(1204, "finding")) == ("1 finding", "1,204 findings")
    assert CHINESE.count(1204, "finding") == "1,204 项发现"


@pytest.mark.parametrize("rule", REGISTRY.values(), ids=REGISTRY.keys())
def test_every_rule_is_told_in_chinese(rule) -> None:
    texts = CHINESE.rule_texts(rule)
    for english, told in ((rule.title, texts.title), (rule.why, texts.why), (rule.remedy, texts.remedy)):
        assert HAN.search(told)
        assert told != english
        assert {code for code in re.findall(r"`[^`]+`", english) if "…" not in code} <= set(
            re.findall(r"`[^`]+`", told)
        )
    assert HAN.search(CHINESE.source(rule.source)) or not re.search(r"section|the |operation", rule.source)


def _english(text: str, quoted: Iterable[str] = ()) -> list[str]:
    """Lines with three English words in a row, but for what the document itself says and what is quoted."""
    spared = (*FROM_THE_DOCUMENT, *quoted)
    lines = [re.sub(r"`[^`]+`", "", line) for line in text.splitlines()]
    return [one for one in lines if ENGLISH_TEXT.search(one) and not any(part in one for part in spared)]


def _untold(texts: Iterable[str]) -> list[str]:
    """Those that are no Chinese, or still hold three English words in a row."""
    told = {text: CHINESE.render(text) for text in texts}
    return [
        f"{text} -> {said}"
        for text, said in told.items()
        if not re.search(rf"{HAN.pattern}|[，：；（。]", said) or _english(said)
    ]


@pytest.mark.parametrize("name", ["siliconflow", "openai"])
@pytest.mark.parametrize("reading", ["published", "documented"])
def test_every_clause_and_every_finding_about_a_document_is_told(name: str, reading: Reading) -> None:
    read = load_contract(name, reading)
    assert _untold(clause.says for clause in read.clauses) == []
    found = read.document_findings
    assert _untold(text for finding in found for text in (finding.title, finding.says, finding.why)) == []


@pytest.mark.parametrize(("rule", "case"), CASES.items(), ids=CASES.keys())
def test_what_the_judges_say_of_their_own_cases_is_told(rule: str, case: Case) -> None:
    found = [
        finding
        for run in (*case.breaks, *case.keeps)
        for finding in judged(*run, under=case.under or contract(), info=True)
        if not finding.rule.startswith("security.")  # they show what stood in the response
    ]
    said = {CHINESE.render(text) for finding in found for text in (finding.expected, finding.observed)}
    assert [
        text
        for text in said
        if re.search(
            r"\b[a-z]{2,} [a-z]{2,}\b",
            re.sub(r'"[^"]*"|`[^`]*`|it ended in|the body is not gzip|the body ended early', "", text),
        )
    ] == []


def test_what_is_wrong_with_a_text_that_is_no_json_is_told() -> None:
    broken = ("", "x", "{a}", '{"a"}', '{"a":1 "b"}', '{"a":"b', '{"a":"\x01"}', '{"a":"\\x"}', '{"a":"\\u12"}', "[1,]")
    told = [defect.detail for text in broken for defect in parse(text.encode()).defects]
    assert len(told) >= len(broken)
    assert _untold(told) == []


def test_every_verdict_and_exit_code_is_told() -> None:
    new, known = samples.finding(), samples.finding("body.known_value", "/status", state="known")
    told = []
    for findings, partial, stopped, missing, obsolete in product(
        ((), (new,), (known,), (new, known), (new, new)),
        (False, True),
        (None, STOPPED),
        ((), (REQUIRED_UNKNOWN,), (REQUIRED_SUCCESS, REQUIRED_UNKNOWN)),
        (0, 1, 2),
    ):
        for extra in ({}, {"fault": "x"}, {"interrupted": True}):
            decision = decide(
                findings,
                missing=missing,
                fail_on="should",
                stopped=stopped,
                partial=partial,
                obsolete=obsolete,
                **extra,
            )
            told += [decision.reason, decision.sentence]
    assert _untold(dict.fromkeys(told)) == []


def test_what_is_remembered_is_told() -> None:
    entry = replace(new_entry(samples.finding(), date(2026, 11, 23)), reason="工单 7", owner="")
    told = [accepted_as(None), accepted_as(entry), accepted_as(replace(entry, owner="me"))]
    for state in ENTRY_STATES:
        for remark in (None, shown("工单")):
            told.append(entry_advice(EntryResult(entry, state, remark)))
    report = replace(samples.run_report(), baseline="b.yaml")
    for number in (1, 2):
        entries = tuple(EntryResult(entry, "known") for _ in range(number))
        told.append(baseline_line(replace(report, entries=entries)))
    for exercised in (True, False):
        gone = Gone("abc", "body.type", "must", "200 /x", shown("null"), "2026-01-01", "2026-02-01", exercised)
        told += [gone_line(gone), history_line(replace(report, history=History("drift.json", "2026", {}, (gone,))))]
    assert _untold(told) == []


class Prose(HTMLParser):
    """The text of a page that is for reading: outside of style, script, code, and what is quoted from elsewhere."""

    QUOTED = frozenset({"style", "script", "code", "pre", "figcaption"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.QUOTED:
            self._inside.append(tag)
        self.texts += [value for name, value in attrs if name in ("aria-label", "data-label", "title") and value]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts.append(data)


@pytest.mark.parametrize("name", ["none", "nothing observed", "forty"])
def test_no_english_is_left_on_the_page(name: str) -> None:
    text = html.render(replace(runs()[name], language="zh", exit_reason=INTERRUPTED()))
    assert '<html lang="zh-CN">' in text
    quoted = ("findings of level must or should", "the target does not honour Prefer",
              "An unknown id is not found", "The batch keeps its schema", "findings")  # fmt: skip
    assert _english("\n".join(Prose(text).texts), quoted) == []


def test_a_real_run_is_told_in_chinese_and_machines_read_english(tmp_path: Path) -> None:
    drifts = [
        "created_at_string",
        "html_404",
        "status_upper_case",
        "key_in_401_body",
        "any_token",
        "completed_at_missing",
    ]
    with EmbeddedMock(drifts=drifts) as mock:
        told = run_suite(tmp_path / "zh", "--report-language=zh", mock=mock)
        plain = run_suite(tmp_path / "en", mock=mock)
    assert told.code == plain.code == 1
    page = (tmp_path / "zh" / "drift.html").read_text("utf-8")
    assert _english("\n".join(Prose(page).texts)) == []
    shown = told.text[told.text.index("✖ 漂移") :].partition("\n===")[0]
    assert [line for line in _english(shown) if "curl" not in line] == []
    assert [line for line in shown.splitlines() if cells(line) > 80 and not re.match(r" +http|报告：", line)] == []
    summary = re.sub(r"<pre.*?</pre>", "", (tmp_path / "zh" / "summary.md").read_text("utf-8"), flags=re.DOTALL)
    assert _english(unescape(summary)) == []
    assert [finding["id"] for finding in told.drift["findings"]] == [
        finding["id"] for finding in plain.drift["findings"]
    ]
    for name in ("drift.json", "drift.sarif", "junit.xml", "suggested-overlay.yaml"):
        assert not HAN.search((tmp_path / "zh" / name).read_text("utf-8")), name


@pytest.mark.parametrize("name", ["none", "nothing observed", "forty"])
def test_no_english_is_left_in_the_summary_and_the_annotations(name: str) -> None:
    report = replace(runs()[name], language="zh", exit_reason=INTERRUPTED())
    summary = re.sub(r"<pre.*?</pre>", "", markdown.render(report), flags=re.DOTALL)
    quoted = ("findings of level must or should", "the target does not honour Prefer", "An unknown id is not found",
              "The batch keeps its schema", "findings")  # fmt: skip
    assert _english(unescape(summary), quoted) == []
    assert [line for line in github.annotate(report).splitlines() if _english(line, quoted)] == []


def test_what_is_said_around_a_run_is_chinese_too(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        url, key = (f"--base-url={mock.base_url}", {"BATCH_API_KEY": mock.key})
        more = ("-q", "--create=tiny-1", f"--write-baseline={tmp_path / 'b.yaml'}", "--max-requests=40")
        told = run_suite(tmp_path / "r", "--report-language=zh", "-v", "-v", url, *more, env=key)
        planned = run_suite(tmp_path / "r", "--report-language=zh", "-v", "-v", url, "--plan", env=key)
    assert re.search(r"目标：http\S+（本机）；契约：\S+，documented，GET \S+；计划：\d+ 个请求，约 \d+ 秒", told.text)
    assert announced.warning(INSECURE, "zh").startswith("警告：--insecure：没有校验证书")
    assert "--create 上传一个只有一行的文件" in told.text
    assert "说明：--create：POST /files 返回了 404：" in told.text
    assert f"基线 {tmp_path / 'b.yaml'}：新增 0 个" in told.text
    assert re.search(r"\d+ 个请求，约 \d+ 秒，另外最多 \d+ 个[^；]*；没有发送任何请求", planned.text)


def test_recorded_traffic_is_told_in_chinese(tmp_path: Path) -> None:
    recorded = tmp_path / "t.ndjson"
    bare = line(asked={"Accept": "application/json"})
    lines = (
        line({"id": "other"}), line(url="/v1/batches/batch_2", batch_id="batch_2"), bare,
        line(url="https://api.siliconflow.cn/v1/files"), line(method="POST"),
    )  # fmt: skip
    recorded.write_bytes(ndjson(*lines))
    result, drift = validated(tmp_path, str(recorded), "--report-language=zh")
    assert drift["notes"]
    assert [told for told in _english(result.output) if "curl" not in told] == []
    assert "个请求，录制，种子 无" in result.output
    assert "（录制）" in result.output or "(录制)" in result.output
    assert _english("\n".join(Prose((tmp_path / "drift.html").read_text("utf-8")).texts)) == []


def test_what_comes_from_the_wire_stays_as_it_is() -> None:
    for text in ("<script>x</script>", '"the body"', "x" * 5000, "", "{value}"):
        assert CHINESE.render(shown(text)) == text
    assert CHINESE.render(show("the body is empty")) == '字符串 "the body is empty"'
    hostile = replace(runs()["hostile"], language="zh")
    assert "<script>document" not in html.render(hostile).replace("&lt;", "")
    assert "\x1b" not in terminal.render(hostile)


def test_the_page_of_rules_in_chinese_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "batch_conformance", "explain", "--markdown", "--report-language", "zh"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode() == (ROOT / "docs" / "RULES.zh-CN.md").read_text("utf-8"), " ".join(command[2:])

"""Every command in Chinese: what it prints and writes for people has none of the program's English texts."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import catalogue
import pytest
import samples
from answering import BATCH
from chinese_support import HAN, english_in
from click.testing import CliRunner
from judge_support import sent
from recorded_support import line, ndjson
from suite_support import run_suite
from test_mock_command import started

from batch_conformance.cli import main
from batch_conformance.exchange.har import har
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.options import OPTIONS
from batch_conformance.report.run import drift_json

WRITTEN = ("drift.html", "summary.md", "matrix.html", "matrix.md", "prove.html")
"""What commands write for people."""

COMMANDS = {
    "check": ("check", "siliconflow"),
    "client": ("client", "{archive}"),
    "diff": ("diff", "siliconflow", "{document}"),
    "diff as a page": ("diff", "siliconflow", "{document}", "--format=html"),
    "diff as markdown": ("diff", "siliconflow", "{document}", "--format=markdown"),
    "explain a rule": ("explain", "body.type"),
    "explain lists all": ("explain",),
    "infer": ("infer", "{traffic}"),
    "infer of lines that are none": ("infer", "{damaged}"),
    "infer an overlay": ("infer", "{traffic}", "--contract=siliconflow"),
    "matrix": ("matrix", "{drift}", "--reports-dir={out}"),
    "prove": ("prove", "--name=created_at_string", "--name=chunked", "--jobs=1", "--reports-dir={out}"),
    "validate": ("validate", "{traffic}", "--reports-dir={out}"),
    "validate lines that are none": ("validate", "{damaged}", "--reports-dir={out}"),
    "validate a folder": ("validate", "{some}", "--reports-dir={out}"),
    "vendors": ("vendors",),
    "vendors, one of them": ("vendors", "groq"),
}
WRONG = {
    "check": ("check", "no-such.yaml"),
    "client": ("client", "no-such.har"),
    "client of no answers": ("client", "{document}"),
    "mock of a drift that there is not": ("mock", "--drift=no_such_drift"),
    "mock of an address": ("mock", "--contract=https://example.com/api.yaml"),
    "mock of a prefix": ("mock", "--prefix=v1"),
    "vendors": ("vendors", "no-such"),
    "no command": ("validat", "x"),
    "no option": ("validate", "x", "--no-such"),
    "no argument": ("validate",),
    "no value": ("validate", "x", "--jobs"),
    "a word that is none": ("validate", "x", "--fail-on=shoul"),
    "a number that is none": ("validate", "x", "--jobs=many"),
    "a number out of bounds": ("mock", "--port=99999"),
    "an operation without a name": ("validate", "x", "--operation= "),
    "diff": ("diff", "siliconflow", "{traffic}"),
    "diff of no operation": ("diff", "siliconflow", "siliconflow", "--operation=GET /nothing"),
    "a method that cannot be judged": ("check", "siliconflow-batch-api", "--operation=POST /batches"),
    "infer": ("infer", "no-such.har"),
    "infer of a document": ("infer", "{document}"),
    "infer below": ("infer", "{traffic}", "--base-url=https://elsewhere.example/v1"),
    "infer without a contract": ("infer", "{traffic}", "--operation=GET /x"),
    "init": ("init",),
    "init of a vendor": ("init", "--vendor=no-such"),
    "record": ("record",),
    "record below": ("record", "--base-url=ftp://x/v1", "--reports-dir={out}"),
    "record with a baseline": (
        "record",
        "--base-url=http://127.0.0.1:9/v1",
        "--baseline=no-such",
        "--output={out}.ndjson",
    ),
    "record over another": ("record", "--base-url=http://127.0.0.1:9/v1", "--output={traffic}"),
    "audit": ("audit", "no-such.yaml", "--reports-dir={out}"),
    "audit of what is none": ("audit", "{traffic}", "--reports-dir={out}"),
    "explain": ("explain", "no.such"),
    "client of a folder": ("client", "{folder}"),
    "matrix of no report": ("matrix", "{traffic}", "--reports-dir={out}"),
    "matrix after no matrix": ("matrix", "{drift}", "--previous={traffic}", "--reports-dir={out}"),
    "prove": ("prove", "--name=no_such_drift", "--reports-dir={out}"),
    "trend": ("trend", "no-such.ndjson", "--output={out}/trend.html"),
    "validate": ("validate", "no-such.ndjson", "--reports-dir={out}"),
    "validate with a baseline": ("validate", "{traffic}", "--baseline={traffic}", "--reports-dir={out}"),
    "validate below": ("validate", "{traffic}", "--base-url=ftp://x/v1", "--reports-dir={out}"),
}
FOREIGN = {
    "a.zst": b"\x28\xb5\x2f\xfd",
    "b.yaml": b"openapi: 3.0.0\n",
    "c.bin": b"\x00\x01",
    "d.html": b"<html></html>",
    "e.json": b'{"a": 1}',
}
"""Files that are no recordings."""


PRINTS = ("echo", "print", "write_line", "line", "_say", "_give_up", "UsageError", "exit")
"""Functions that show a text to people."""
RENDERS = ("text", "render", "rendered_in")
"""Functions that give a text in the language of the reports."""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Files to name on a command line: a document, a drift.json, recorded traffic, and a folder for reports."""
    document, drift, traffic = tmp_path / "old.yaml", tmp_path / "a" / "drift.json", tmp_path / "t.ndjson"
    changed = samples.contract().document.text.replace("completion_window:", "window:").replace("'429':", "'428':")
    document.write_text(changed, encoding="utf-8")
    archive = tmp_path / "exchanges.har"
    archive.write_text(json.dumps(har([replace(sent({**BATCH, "errors": []}), number=0)])), encoding="utf-8")
    drift.parent.mkdir()
    drift.write_text(drift_json.render(samples.run_report((samples.finding(),))), encoding="utf-8")
    traffic.write_bytes(ndjson(line({"id": "other"}), line(status=500), line(method="POST")))
    damaged, folder = tmp_path / "damaged.ndjson", tmp_path / "recordings"
    cut = line(headers={"Content-Length": "99999"})
    wrong = [
        b"{",
        b"[]",
        b'{"request": {}}',
        b'{"request": {"url": 7}}',
        b'{"request": {"url": "/x"}, "started_at": "x"}',
    ]
    damaged.write_bytes(traffic.read_bytes() + ndjson(cut) + b"\n".join(wrong) + b"\n")
    folder.mkdir()
    for name, content in FOREIGN.items():
        (folder / name).write_bytes(content)
    whole = tmp_path / "some are"
    whole.mkdir()
    for path in (*folder.iterdir(), traffic):
        (whole / path.name).write_bytes(path.read_bytes())
    return {
        "archive": str(archive),
        "document": str(document),
        "drift": str(drift),
        "damaged": str(damaged),
        "folder": str(folder),
        "some": str(whole),
        "traffic": str(traffic),
        "out": str(tmp_path / "out"),
    }


def _english(command: tuple[str, ...], places: dict[str, str], code: tuple[int, ...]) -> list[str]:
    arguments = [word.format(**places) for word in command]
    done = CliRunner().invoke(main, [*arguments, "--report-language=zh"])
    assert done.exit_code in code, done.output
    assert HAN.search(done.output), done.output
    written = [Path(places["out"], name) for name in WRITTEN]
    texts = [done.output, *(path.read_text("utf-8") for path in written if path.is_file())]
    names = [text for drift in DRIFTS.values() for text in (drift.title, drift.source)]
    return [english for text in texts for english in english_in(text) if not any(english in name for name in names)]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_chinese(name: str, places: dict[str, str]) -> None:
    assert _english(COMMANDS[name], places, (0, 1, 6)) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_of_a_command_is_answered_in_chinese(name: str, places: dict[str, str]) -> None:
    assert _english(WRONG[name], places, (4,)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        *("--base-url=ftp://x/v1", "--rate-limit=fast", "--redact=x", "--contract=no-such.yaml"),
        *("--fail-on=shoul", "--max-requests=many", "--request-timeout=long"),
    ],
)
def test_wrong_input_of_a_run_is_answered_in_chinese(wrong: str, tmp_path: Path) -> None:
    done = run_suite(tmp_path, wrong, "--report-language=zh")
    assert done.code == 4
    assert HAN.search(done.text)
    assert english_in(done.text) == []


def test_the_mock_says_in_chinese_how_to_audit_it() -> None:
    with started("--report-language=zh", "--drift=only_failed", "--drift=completed_at_vanishes") as (_, lines):
        text = "\n".join(lines)
    assert HAN.search(text)
    assert english_in(text) == []


def test_each_command_with_reports_or_texts_of_its_own_takes_the_language() -> None:
    takes = next(option.commands for option in OPTIONS if option.name == "report-language")
    assert set(takes) >= {
        "run",
        "check",
        "diff",
        "audit",
        "matrix",
        "prove",
        "validate",
        "trend",
        "explain",
        "client",
        "vendors",
        "mock",
    }


def test_the_english_is_found_where_it_stands(places: dict[str, str]) -> None:
    arguments = [word.format(**places) for word in COMMANDS["diff"]]
    assert english_in(CliRunner().invoke(main, arguments).output) != []


def test_the_plan_and_why_tests_are_skipped_are_told_in_chinese_and_machines_read_english(tmp_path: Path) -> None:
    plan = run_suite(tmp_path / "plan", "--plan", "--report-language=zh")
    assert HAN.search(plan.text)
    assert english_in(plan.text) == []
    with EmbeddedMock() as mock:
        run = run_suite(
            tmp_path / "run", "--report-language=zh", "-rs", "-k", "200-id", mock=mock, ids=False, fresh=True
        )
    skipped = [line for line in run.text.splitlines() if line.startswith("SKIPPED")]
    assert skipped
    assert all(HAN.search(line) for line in skipped), skipped
    written = (tmp_path / "run" / "junit.xml").read_text("utf-8")
    assert "no success was answered" in written
    assert not HAN.search(written)


def test_nothing_is_printed_that_is_written_in_one_language() -> None:
    """Whoever prints a text renders it: what stands in the call itself would be English in every language."""
    found = []
    for path in sorted(catalogue.PACKAGE.rglob("*.py")):
        if path.parent.name == "github_action":  # whose lines are read by machines, in the logs of GitHub
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in PRINTS:
                rendered = {
                    id(part)
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Call) and _name(inner.func) in RENDERS
                    for part in ast.walk(inner)
                }
                texts = (part for part in ast.walk(node) if isinstance(part, ast.Constant) and id(part) not in rendered)
                found += [
                    f"{path.name}:{node.lineno}: {text.value}"
                    for text in texts
                    if isinstance(text.value, str) and len(text.value.split()) > 2
                ]
    assert found == []


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )

"""Every command in Chinese: what it prints and writes for people has none of the program's English texts."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples
from chinese_support import HAN, english_in
from click.testing import CliRunner
from recorded_support import line, ndjson
from suite_support import run_suite

from batch_conformance.cli import main
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.options import OPTIONS
from batch_conformance.report.run import drift_json

WRITTEN = ("drift.html", "summary.md", "matrix.html", "matrix.md", "prove.html")
"""What commands write for people."""

COMMANDS = {
    "check": ("check", "siliconflow"),
    "diff": ("diff", "siliconflow", "{document}"),
    "diff as a page": ("diff", "siliconflow", "{document}", "--format=html"),
    "diff as markdown": ("diff", "siliconflow", "{document}", "--format=markdown"),
    "explain a rule": ("explain", "body.type"),
    "explain lists all": ("explain",),
    "matrix": ("matrix", "{drift}", "--reports-dir={out}"),
    "prove": ("prove", "--name=created_at_string", "--name=chunked", "--jobs=1", "--reports-dir={out}"),
    "validate": ("validate", "{traffic}", "--reports-dir={out}"),
}
WRONG = {
    "check": ("check", "no-such.yaml"),
    "diff": ("diff", "siliconflow", "{traffic}"),
    "diff of no operation": ("diff", "siliconflow", "siliconflow", "--operation=GET /nothing"),
    "matrix of no report": ("matrix", "{traffic}", "--reports-dir={out}"),
    "matrix after no matrix": ("matrix", "{drift}", "--previous={traffic}", "--reports-dir={out}"),
    "prove": ("prove", "--name=no_such_drift", "--reports-dir={out}"),
    "trend": ("trend", "no-such.ndjson", "--output={out}/trend.html"),
    "validate": ("validate", "no-such.ndjson", "--reports-dir={out}"),
    "validate with a baseline": ("validate", "{traffic}", "--baseline={traffic}", "--reports-dir={out}"),
    "validate below": ("validate", "{traffic}", "--base-url=ftp://x/v1", "--reports-dir={out}"),
}


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Files to name on a command line: a document, a drift.json, recorded traffic, and a folder for reports."""
    document, drift, traffic = tmp_path / "old.yaml", tmp_path / "a" / "drift.json", tmp_path / "t.ndjson"
    changed = samples.contract().document.text.replace("completion_window:", "window:").replace("'429':", "'428':")
    document.write_text(changed, encoding="utf-8")
    drift.parent.mkdir()
    drift.write_text(drift_json.render(samples.run_report((samples.finding(),))), encoding="utf-8")
    traffic.write_bytes(ndjson(line({"id": "other"}), line(status=500), line(method="POST")))
    return {"document": str(document), "drift": str(drift), "traffic": str(traffic), "out": str(tmp_path / "out")}


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
    "wrong", ["--base-url=ftp://x/v1", "--rate-limit=fast", "--redact=x", "--contract=no-such.yaml"]
)
def test_wrong_input_of_a_run_is_answered_in_chinese(wrong: str, tmp_path: Path) -> None:
    done = run_suite(tmp_path, wrong, "--report-language=zh")
    assert done.code == 4
    assert english_in(done.text) == []


def test_each_command_with_reports_or_texts_of_its_own_takes_the_language() -> None:
    takes = next(option.commands for option in OPTIONS if option.name == "report-language")
    assert set(takes) >= {"run", "check", "diff", "audit", "matrix", "prove", "validate", "trend", "explain"}


def test_the_english_is_found_where_it_stands(places: dict[str, str]) -> None:
    arguments = [word.format(**places) for word in COMMANDS["diff"]]
    assert english_in(CliRunner().invoke(main, arguments).output) != []

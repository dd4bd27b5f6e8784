"""The page about ``audit.yaml``, the example that ``audit --init`` writes, and the schemas of files."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
import samples
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker
from suite_support import ROOT, run_command

from batch_conformance.cli import main
from batch_conformance.findings.baseline import Baseline
from batch_conformance.findings.baseline_file import parse_baseline, rewrite
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.options import options_of
from batch_conformance.report.language import CHINESE, ENGLISH
from batch_conformance.run.audits.audit_example import example
from batch_conformance.run.audits.audit_file import AuditFileError, load_audit_file
from batch_conformance.run.vendors import profile_names
from batch_conformance.schemas import SCHEMAS

PAGES = ("AUDIT.md", "AUDIT.zh-CN.md")


def shown(page: str) -> str:
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def accepts(name: str, value: object) -> bool:
    return Draft202012Validator(SCHEMAS[name](), format_checker=FormatChecker()).is_valid(value)


@pytest.mark.parametrize("page", PAGES)
def test_the_file_of_the_page_can_be_used_and_says_the_same_in_both_languages(tmp_path: Path, page: str) -> None:
    (tmp_path / "audit.yaml").write_text(shown(page), encoding="utf-8")
    file = load_audit_file(tmp_path / "audit.yaml")
    assert [target.name for target in file.targets] == ["production", "staging"]
    assert (file.parallel, [target.timeout for target in file.targets]) == (4, [300, 600])
    assert yaml.safe_load(shown(page)) == yaml.safe_load(shown(PAGES[0]))
    assert accepts("audit", yaml.safe_load(shown(page)))


def test_the_file_of_the_page_audits_its_targets(tmp_path: Path) -> None:
    with EmbeddedMock() as one, EmbeddedMock(drifts=["created_at_string"]) as other:
        text = shown("AUDIT.md").replace("batch_rdyqgrcgjg", one.batch_ids[0])
        for example_url, mock in (("https://api.example.com/v1", one), ("https://staging.example.com/v1", other)):
            text = text.replace(example_url, mock.base_url)
        (tmp_path / "audit.yaml").write_text(text, encoding="utf-8")
        done = run_command(
            "audit",
            str(tmp_path / "audit.yaml"),
            f"--reports-dir={tmp_path / 'reports'}",
            PRODUCTION_KEY=one.key,
            STAGING_KEY=other.key,
            GITHUB_ACTIONS="true",
            GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
        )
    assert done.returncode == 1, done.stdout + done.stderr
    # One summary, of all targets: the audits of each add none.
    matrix = (tmp_path / "reports" / "matrix.md").read_text(encoding="utf-8")
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == matrix
    vendors = json.loads((tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8"))["vendors"]
    assert {vendor["name"]: vendor["verdict"] for vendor in vendors} == {"production": "conforms", "staging": "drift"}


def test_the_lines_that_the_page_shows_are_those_of_such_a_file(tmp_path: Path) -> None:
    file = tmp_path / "audit.yaml"
    for page, language in zip(PAGES, (ENGLISH, CHINESE), strict=True):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        lines = re.findall(r"^audit\.yaml:(\d+)((?:: |：).*)$", text, re.MULTILINE)
        assert len(lines) == 3
        wrong = [
            (6, "  fail-on: must", "  fail_on: must"),
            (7, "  exploration: quick", "  exploration: quik"),
            (12, "    base_url: https://api.example.com/v1", "    vendr: groq"),
        ]
        for (number, told), (line, right, misspelt) in zip(lines, wrong, strict=True):
            before, found, after = shown(page).partition(right)
            assert found
            at = before.count("\n") + 1
            file.write_text(before + misspelt + after, encoding="utf-8")
            with pytest.raises(AuditFileError) as refused:
                load_audit_file(file)
            assert (int(number), language.render(refused.value.message)) == (line, f"{file}:{at}{told}")
            assert line == at


def test_the_example_can_be_used_as_it_is_and_with_each_option_that_it_shows(tmp_path: Path) -> None:
    file, runner = tmp_path / "audit.yaml", CliRunner()
    done = runner.invoke(main, ["audit", "--init", str(file)])
    assert (done.exit_code, file.read_text(encoding="utf-8")) == (0, example())
    assert [target.name for target in load_audit_file(file).targets] == ["groq", "staging"]
    commented = re.findall(r"^  # ([a-z-]+): (?=\S+$|\".*\"$|\[.*\]$)", example(), re.MULTILINE)
    assert [*commented, "fail-on"] == [
        *(option.name for option in options_of("run") if option.audit_file == "options" and option.name != "fail-on"),
        "fail-on",
    ]
    for name in commented:
        file.write_text(re.sub(rf"^  # (?={name}: )", "  ", example(), flags=re.MULTILINE), encoding="utf-8")
        assert any(argument.startswith(f"--{name}") for argument in load_audit_file(file).targets[0].arguments), name


def test_an_example_replaces_no_file_and_a_file_that_is_missing_is_answered_with_it(tmp_path: Path) -> None:
    file, runner = tmp_path / "audit.yaml", CliRunner()
    missing = runner.invoke(main, ["audit", str(file)])
    assert (missing.exit_code, "`batch-conformance audit --init` writes an example" in missing.output) == (4, True)
    in_chinese = runner.invoke(main, ["audit", str(file), "--report-language=zh"])
    assert (in_chinese.exit_code, "没有文件" in in_chinese.output) == (4, True)
    file.write_text("mine", encoding="utf-8")
    done = runner.invoke(main, ["audit", "--init", str(file)])
    assert (done.exit_code, len(done.output.splitlines())) == (4, 1)
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_printed_and_is_one(name: str) -> None:
    done = CliRunner().invoke(main, ["schema", name])
    assert done.exit_code == 0
    Draft202012Validator.check_schema(json.loads(done.output))


def test_a_schema_can_be_asked_for_by_each_of_their_names_and_by_no_other() -> None:
    (argument,) = main.commands["schema"].params
    assert list(getattr(argument.type, "choices", ())) == list(SCHEMAS)
    assert "did you mean audit?" in CliRunner().invoke(main, ["schema", "audits"]).output


def test_what_is_written_and_shipped_keeps_its_schema() -> None:
    text = rewrite(Baseline("b", (), ""), [samples.finding()], [], date(2026, 11, 28), "because").text
    assert text.startswith("# The schema of this file, for editors: `batch-conformance schema baseline`\n")
    assert parse_baseline(text.encode(), "b").entries
    assert accepts("baseline", yaml.load(text, yaml.BaseLoader))
    for name in profile_names():
        profile = yaml.safe_load((ROOT / "spec" / "profiles" / f"{name}.yaml").read_text(encoding="utf-8"))
        assert accepts("profile", json.loads(json.dumps(profile, default=str))), name


ENTRY = {"fingerprint": "ab01c960c2ba", "reason": "because", "expires": "2027-02-22"}


@pytest.mark.parametrize(
    ("entry", "right"),
    [
        (ENTRY, True),
        ({**ENTRY, "owner": "me", "ticket": {"of": "ours"}}, True),
        ({**ENTRY, "fingerprint": "ab01"}, False),
        ({**ENTRY, "reason": "CHANGE ME: why is this accepted?"}, False),
        ({**ENTRY, "reason": " "}, False),
        ({**ENTRY, "owner": "CHANGE ME: who or which ticket"}, False),
        ({**ENTRY, "expires": "soon"}, False),
        ({"fingerprint": "ab01c960c2ba", "reason": "because"}, False),
    ],
)
def test_the_schema_of_a_baseline_and_its_reader_agree(entry: dict[str, object], right: bool) -> None:
    given = {"format": "batch-conformance-baseline/1", "accepted": [entry]}
    assert accepts("baseline", given) is right
    text = yaml.safe_dump(given, sort_keys=False).encode()
    if right:
        assert parse_baseline(text, "b").entries
    else:
        with pytest.raises(ValueError, match="b:3: "):
            parse_baseline(text, "b")

"""Near misses: what is nearly a documented value, property, or word of the command line is answered with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from judge_support import COMPLETED, QUEUED, contract_of, findings, sent
from suite_support import run_suite

from batch_conformance.cli import main
from batch_conformance.message import printable
from batch_conformance.near_miss import nearest, suggestion
from batch_conformance.report.language import CHINESE

STATES = ("validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled")


@pytest.mark.parametrize(
    ("given_word", "near"),
    [
        ("canceled", "cancelled"), ("CANCELLED", "cancelled"), ("In-Progress", "in_progress"),
        ("completed ", "completed"), ("complete", "completed"), ("finalising", "finalizing"),
        ("inProgress", "in_progress"), ("queued", ""), ("running", ""), ("", ""), ("e", ""), ("x" * 1000, ""),
        ("completed", ""), ("批处理", ""),
    ],
)  # fmt: skip
def test_a_slip_is_told_from_another_word(given_word: str, near: str) -> None:
    known = STATES if given_word != "completed" else ("completed",)
    assert nearest(given_word, known) == near


def test_another_number_is_no_slip() -> None:
    assert nearest("field_3", ["field_1", "field_2"]) == ""
    assert nearest("feild_1", ["field_1", "field_2"]) == "field_1"


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=6))
def test_what_is_suggested_is_known_and_another_word(word: str, known: list[str]) -> None:
    near = nearest(word, known)
    assert near == "" or (near in known and near != word)
    assert suggestion(word, known) == (f"; did you mean {printable(near)}?" if near else "")


@pytest.mark.parametrize(
    ("status", "observed"),
    [
        ("canceled", 'string "canceled", probably meant as "cancelled"'),
        ("Completed", 'string "Completed", probably meant as "completed"'),
        ("waiting", 'string "waiting"'),
    ],
)
def test_a_near_miss_of_a_known_value_is_answered_with_it(status: str, observed: str) -> None:
    found = findings(sent({**QUEUED, "status": status}))
    (one,) = [finding for finding in found if finding.rule == "body.known_value"]
    assert str(one.observed) == observed


@pytest.mark.parametrize(
    "allowed", [{"enum": ["open", "closed"]}, {"anyOf": [{"enum": ["open"]}, {"const": "closed"}]}]
)
def test_so_is_one_of_an_enumerated_value(allowed: dict[str, object]) -> None:
    under = contract_of({"properties": {"state": {"type": "string", **allowed}}}, openapi="3.1.0")
    (found,) = findings(sent({"state": "close"}), under=under)
    assert str(found.observed) == 'string "close", probably meant as "closed"'


def test_a_near_miss_of_a_property_is_answered_with_the_documented_one_that_is_absent() -> None:
    renamed = {("finished_at" if name == "completed_at" else name): value for name, value in COMPLETED.items()}
    misspelt = {("output_fileid" if name == "output_file_id" else name): value for name, value in COMPLETED.items()}
    for body, observed in (
        (misspelt, "an undocumented property, probably meant as output_file_id"),
        (renamed, "an undocumented property"),
        ({**COMPLETED, "output_fileid": "file-1"}, "an undocumented property"),
    ):
        (found,) = [finding for finding in findings(sent(body)) if finding.rule == "body.undeclared"]
        assert str(found.observed) == observed


def test_so_it_is_in_an_error_body_and_in_chinese() -> None:
    told = findings(sent({"code": 1, "mesage": "no", "data": None}, 400), info=True)
    (found,) = [finding for finding in told if finding.rule == "body.undeclared"]
    assert str(found.observed) == "an undocumented property, probably meant as message"
    assert CHINESE.render(found.observed) == "文档中没有的属性，可能是指 message"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("vendors", "siliconflw"), "did you mean siliconflow?"),
        (("mock", "--drift=status_cancelled"), "did you mean status_canceled?"),
        (("mock", "--style=omitt"), "did you mean omit?"),
        (("explain", "body.tpye"), "did you mean body.type?"),
        (("explain", "--report-language=zg"), "is not one of"),
        (("prove", "--group=derivd"), "did you mean derived?"),
        (("prove", "--name=200/craeted_at:*"), "did you mean 200/created_at?"),
        (("diff", "openia", "siliconflow"), "did you mean openai?"),
        (("diff", "--format=markdwon", "openai", "siliconflow"), "did you mean markdown?"),
        (("validate", "x.ndjson", "--contract=silliconflow"), "did you mean siliconflow?"),
        (("validate", "x.ndjson", "--vendor=grok"), "did you mean groq?"),
        (("validate", "x.ndjson", "--fail-on=shoud"), "did you mean should?"),
        (("validat", "x.ndjson"), "Did you mean 'validate'?"),
    ],
    ids=" ".join,
)
def test_a_near_miss_on_the_command_line_is_answered_with_what_there_is(arguments: tuple[str, ...], told: str) -> None:
    done = CliRunner().invoke(main, [*arguments])
    assert (done.exit_code, told in done.output) == (4, True), done.output


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--reading=publishd", "did you mean published?"),
        ("--fail-on=shoud", "did you mean should?"),
        ("--exploration=through", "did you mean thorough?"),
        ("--client=opneai", "did you mean openai?"),
        ("--contract=opneai", "did you mean openai?"),
        ("--vendor=silicon-flow", "did you mean siliconflow?"),
        ("--reading=latest", "choose from"),
    ],
)
def test_so_is_one_of_the_suites_options(tmp_path: Path, argument: str, told: str) -> None:
    ran = run_suite(tmp_path, argument)
    assert (ran.code, told in ran.text) == (4, True), ran.text


def test_so_is_a_key_of_an_audit_file(tmp_path: Path) -> None:
    file = tmp_path / "audit.yaml"
    file.write_text(
        yaml.safe_dump({"targets": [{"name": "a", "base_url": "http://127.0.0.1:9/v1", "batchids": ["b"]}]})
    )
    done = CliRunner().invoke(main, ["audit", str(file), f"--reports-dir={tmp_path}"])
    assert (done.exit_code, "did you mean `batch_ids`?" in done.output) == (4, True), done.output

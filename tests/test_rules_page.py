"""The rules page and ``explain``: both from the registry, and the page is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from batch_conformance.cli import main
from batch_conformance.report.reference.rules import FAMILIES, explanation, page
from batch_conformance.rules import REGISTRY

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(main, ["explain", "--markdown"]).output
    made = (ROOT / "docs" / "RULES.md").read_text(encoding="utf-8")
    assert made == printed == page(), "run `batch-conformance explain --markdown > docs/RULES.md`"


@pytest.mark.parametrize("rule", REGISTRY)
def test_every_rule_is_told_whole(rule: str) -> None:
    told = REGISTRY[rule]
    text = explanation(told)
    for part in (told.title, told.level, told.side, told.why, told.remedy, told.source, told.breaks, told.keeps):
        assert part
        assert part in text
    assert "accept   " in text
    assert f"### {rule}\n" in page()


def test_every_family_of_rules_has_a_title() -> None:
    assert {rule.partition(".")[0] for rule in REGISTRY} == FAMILIES.keys(), "say in FAMILIES what the page calls it"


def test_how_to_accept_depends_on_the_rule() -> None:
    assert "--write-baseline" in explanation(REGISTRY["auth.missing_accepted"])
    assert "suggested-overlay.yaml" not in explanation(REGISTRY["auth.missing_accepted"])
    assert "suggested-overlay.yaml" in explanation(REGISTRY["body.type"])
    assert "--write-shape" in explanation(REGISTRY["shape.changed"])
    assert "fails no run" in explanation(REGISTRY["body.seen"])


def test_an_unknown_rule_is_one_line_with_a_hint_and_exit_4() -> None:
    done = CliRunner().invoke(main, ["explain", "body.typo"])
    assert done.exit_code == 4
    assert "did you mean body.type" in done.output

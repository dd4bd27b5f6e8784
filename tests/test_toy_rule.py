"""A rule is one object: put into the registry, it is in clauses, coverage, pages, SARIF, runs and recorded traffic."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import judge_cases
import pytest
import samples
from answering import audited_at
from click.testing import CliRunner
from judge_support import QUEUED, contract, refused, sent, unknown
from mock_support import KNOWN, Client, serving
from recorded_support import line, ndjson, validated
from suite_support import ROOT

from batch_conformance.cli import main
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.ledger import ClauseResult, Ledger
from batch_conformance.findings.merging import many_places
from batch_conformance.judge.judge import judge
from batch_conformance.judge.sparing import unspared
from batch_conformance.message import Template, shown
from batch_conformance.mock.catalogue import heads as catalogue_of_heads
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.observation.observation import Observation
from batch_conformance.report.items.item import Items
from batch_conformance.report.run import html, sarif
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.rules import REGISTRY, Rule, headers, known_clauses
from batch_conformance.rules.rule import Broken

MODULE = '''
"""Rules about request ids."""

from batch_conformance.message import Template
from batch_conformance.rules.highlight import at_headers
from batch_conformance.rules.rule import Broken, Rule, always

_EXPECTED = Template("response.request_id.expected", "an X-Request-Id header")
_NONE = Template("response.request_id.observed", "none")


def _check(observation):
    answer = observation.answer
    if answer is not None and answer.headers_complete and answer.header("x-request-id") is None:
        yield Broken(_EXPECTED(), _NONE(), "missing", status="")


REQUEST_ID = Rule(
    id="response.request_id",
    title="An answer without an id of its request",
    level="should",
    side="server",
    why="Nobody can find the request in the logs of the server.",
    remedy="Send an X-Request-Id with every answer.",
    source="the house rules of Example Inc., section 7",
    breaks="200 without an X-Request-Id header",
    keeps="200 with X-Request-Id: 4711",
    clauses=always(Template("response.request_id.clause", "every answer has an X-Request-Id")),
    exercised=lambda observation: observation.answer is not None,
    check=_check,
    looks_at="message",
    headers=("x-request-id",),
    highlight=at_headers("x-request-id"),
)
'''
NAMED = (("X-Request-Id", "4711"),)


def loaded(path: Path) -> Any:
    """A module that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # its dataclasses look there for their own
    spec.loader.exec_module(module)
    return module


make_coverage = loaded(ROOT / "docs" / "make_coverage.py")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rule:
    """The one object, out of a module that is there for the test alone."""
    path = tmp_path / "request_ids.py"
    path.write_text(MODULE, encoding="utf-8")
    rule = cast("Rule", loaded(path).REQUEST_ID)
    monkeypatch.setitem(REGISTRY, rule.id, rule)
    return rule


def judged(*run: Exchange) -> Ledger:
    return judge([replace(one, number=place, started_at=float(place)) for place, one in enumerate(run)], contract())


def clause(ledger: Ledger, rule: Rule) -> ClauseResult:
    (found,) = [result for result in ledger.clauses if result.clause.rule == rule.id]
    return found


def told(ledger: Ledger, rule: Rule) -> list[int]:
    """How often each finding of the rule was seen."""
    return [finding.occurrences for finding in ledger.findings if finding.rule == rule.id]


def test_it_is_a_clause_that_is_covered(toy: Rule) -> None:
    kept = judged(sent(headers=NAMED), unknown(headers=NAMED))
    assert clause(kept, toy).state == "kept"
    assert clause(kept, toy).judged == 2
    assert str(clause(kept, toy).clause.says) == "every answer has an X-Request-Id"
    assert str(clause(kept, toy).clause.location) == toy.source
    broken = clause(judged(sent(headers=NAMED), sent(), refused()), toy)
    assert (broken.state, broken.judged, broken.broken) == ("broken", 3, 2)
    assert clause(judged(), toy).state == "not_observed"


def test_it_is_an_item_of_pytest(toy: Rule) -> None:
    items = Items(known_clauses(contract()), contract().chosen.id)
    (item,) = [one for one in items if one.clause.rule == toy.id]
    assert item.node_id == "suites/test_further_rules.py::test_further_rules[response.request_id-any]"


def test_it_is_told_once_for_all_that_break_it(toy: Rule) -> None:
    ledger = judged(sent(headers=NAMED), sent(), unknown())
    (finding,) = [finding for finding in ledger.findings if finding.rule == toy.id]
    assert (finding.level, finding.side, finding.occurrences) == ("should", "server", 2)
    assert (str(finding.expected), str(finding.observed)) == ("an X-Request-Id header", "none")


def test_it_says_itself_how_many_findings_of_one_cause_are_merged(toy: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(observation: Observation) -> Iterator[Broken]:
        answer = observation.answer
        for place in range(5 if answer is not None else 0):
            yield Broken(shown("x"), shown("y"), "missing", status="", pointer=f"/{place}")

    at_places = Template("response.request_id.places", "none at {places}")
    for merge, pointers in ((None, [f"/{place}" for place in range(5)]), (many_places(3, at_places), [""])):
        monkeypatch.setitem(REGISTRY, toy.id, replace(toy, check=check, merge=merge))
        found = [finding for finding in judged(sent()).findings if finding.rule == toy.id]
        assert [finding.pointer for finding in found] == pointers
    assert str(found[0].observed) == "none at /0, /1, /2, /3, /4"


def test_it_says_itself_which_rules_say_better_what_it_says(toy: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(observation: Observation) -> Iterator[Broken]:
        if observation.answer is not None:
            yield Broken(shown("x"), shown("y"), "missing", pointer="/created_at")

    beside, alone = sent({**QUEUED, "created_at": "soon"}), sent()
    for unless_told, told_beside in (((), 1), (("body.type",), 0)):
        monkeypatch.setitem(REGISTRY, toy.id, replace(toy, check=check, unless_told=unless_told))
        assert len(told(judged(beside), toy)) == told_beside
        assert len(told(judged(alone), toy)) == 1


def test_it_is_explained_and_stands_on_the_page(toy: Rule) -> None:
    explained = CliRunner().invoke(main, ["explain", toy.id]).output
    assert toy.remedy in explained
    assert toy.source in explained
    assert toy.id in CliRunner().invoke(main, ["explain"]).output
    page = CliRunner().invoke(main, ["explain", "--markdown"]).output
    assert f"### {toy.id}\n\n**{toy.title}.** {toy.why}\n" in page
    assert page.index(f"### {toy.id}") < page.index("## Methods")


def test_it_stands_on_the_page_of_what_is_covered(toy: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    page = make_coverage.page()
    link = f"[`{toy.id}`](RULES.md#responserequest_id)"
    assert page.endswith(f"| {toy.title} | {toy.source} | {link} | should |  |\n")
    monkeypatch.setitem(REGISTRY, toy.id, replace(toy, covers=(("any field", "each answer has its id"),)))
    assert f"|  |  | {link} | should | each answer has its id |\n| connections |" in make_coverage.page()
    monkeypatch.setitem(REGISTRY, toy.id, replace(toy, covers=(("no such thing", ""),)))
    with pytest.raises(ValueError, match=r"response.request_id covers \['no such thing'\]: add a statement"):
        make_coverage.page()


def test_it_is_in_sarif_and_on_the_page_of_a_run(toy: Rule) -> None:
    report = replace(samples.run_report(), ledger=judged(sent()))
    (run,) = sarif.log(report)["runs"]
    rule = next(one for one in run["tool"]["driver"]["rules"] if one["id"] == toy.id)
    assert rule["shortDescription"]["text"] == toy.title
    assert toy.id in {result["ruleId"] for result in run["results"]}
    shown = html.render(report)
    assert toy.remedy in shown
    assert "no x-request-id here" in shown


def test_a_run_finds_it(toy: Rule) -> None:
    with EmbeddedMock() as mock:
        report: RunReport = audited_at(mock.base_url, tuple(mock.batch_ids), exploration="quick").report
    assert {finding.rule for finding in report.ledger.findings if finding.level != "info"} == {toy.id}
    assert clause(report.ledger, toy).state == "broken"
    assert report.verdict == "drift"


@pytest.mark.parametrize("says_what_decides", [True, False])
def test_recorded_traffic_is_judged_by_it_and_spared_where_it_says_what_decides(
    toy: Rule, says_what_decides: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not says_what_decides:
        monkeypatch.setitem(REGISTRY, toy.id, replace(toy, looks_at=None, headers=()))
    assert unspared() == (set() if says_what_decides else {toy.id})
    named = {"X-Request-Id": "4711"}
    lines = [line(batch_id=f"batch_{place}", headers={} if place % 10 == 7 else named) for place in range(40)]
    result, drift = validated(tmp_path / "out", "-", stdin=ndjson(*lines))
    assert result.exit_code == 1
    (finding,) = [finding for finding in drift["findings"] if finding["level"] != "info"]
    assert (finding["rule"], finding["occurrences"]) == (toy.id, 4)


def test_the_examples_of_the_page_for_contributors_are_a_rule_its_case_and_its_drift(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    example, case, drift = re.findall(
        r"^ *```python\n( *(?:_SECONDS|\"response.age|Drift).*?)```", page, re.DOTALL | re.M
    )
    names = dict(vars(headers))
    exec(compile(example, "CONTRIBUTING.md", "exec"), names)
    rule: Rule = names["AGE"]
    monkeypatch.setitem(REGISTRY, rule.id, rule)
    ((of, made),) = eval(f"{{{case}}}", vars(judge_cases)).items()
    assert of == rule.id
    for runs, broken in ((made.breaks, [1]), (made.keeps, [])):
        assert [told(judged(*run), rule) for run in runs] == [broken]
    ledger = judged(*made.breaks[0])
    assert (clause(ledger, rule).state, clause(ledger, rule).broken) == ("broken", 1)
    entry = eval(drift.strip(), vars(catalogue_of_heads))
    assert (entry.rule, entry.status, entry.pointer) == (rule.id, "", "")
    with serving(drifts=[entry]) as port, Client(port) as client:
        assert client.read(KNOWN).header("age") == "old"

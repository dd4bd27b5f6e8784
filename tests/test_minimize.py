"""The smallest request that shows a finding: found with few requests, the same twice, and nothing else changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suite_support import run_suite

from batch_conformance.exchange.exchange import Probe
from batch_conformance.findings.finding import Finding
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.segment import NO_SUCH_ID, decode_segment, encode_segment
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.contracts import open_contract
from batch_conformance.run.live.announced import header
from batch_conformance.run.live.minimize import MOST
from batch_conformance.run.live.odd_parts import odd_parts, with_parts
from batch_conformance.run.live.shrink import Smallest, Spent, smallest
from batch_conformance.run.prove.drift_runner import DriftRunner
from batch_conformance.run.prove.prove import catalogue, task_choice
from batch_conformance.run.settings import settle

KNOWN = ("batch_abcdefghij", "batch_qrstuvwxyz")


def found(segment: str, shows: Any, known: tuple[str, ...] = KNOWN) -> tuple[Smallest, int]:
    """The smallest, and how many others were tried."""
    tried: list[str] = []

    def counted(candidate: str) -> bool:
        tried.append(candidate)
        return bool(shows(candidate))

    result = smallest(segment, known, counted)
    assert len(set(tried)) == len(tried)
    return result, len(tried)


def test_what_an_id_has_in_common_with_a_known_one_is_one_part() -> None:
    result, tries = found("batch_abcdefghij%27%20--%20", lambda one: one.startswith("batch_abcdefghij%27"))
    assert result == Smallest("batch_abcdefghij%27")
    assert tries <= 8


def test_a_character_inside_a_known_id_stays_where_it_is() -> None:
    result, _ = found(
        "batch_ab%E2%80%8B%E2%80%8Bcdefghij", lambda one: re.fullmatch("batch_ab(%E2%80%8B)+cdefghij", one)
    )
    assert result.segment == "batch_ab%E2%80%8Bcdefghij"


@pytest.mark.parametrize("limit", [1, 2, 128, 255, 256, 2048])
def test_the_bound_of_a_length_is_told_and_found_by_bisection(limit: int) -> None:
    result, tries = found("b" * 2048, lambda one: len(one) >= limit)
    assert len(result.segment) == limit
    assert (result.kind, result.bound) == (("length", limit) if limit > 1 else ("", 1))
    assert tries <= 12


@pytest.mark.parametrize(
    ("asked", "bound"), [(2**63, 2**63), (2**63, 2**31), (10**11, 2**31), (-(2**63) - 1, -(2**31))]
)
def test_the_bound_of_a_number_is_told(asked: int, bound: int) -> None:
    shows = lambda one: abs(int(one)) >= abs(bound)  # noqa: E731 - a table of one
    result, tries = found(str(asked), shows)
    assert result == Smallest(str(bound), "number", bound)
    assert tries <= 6


def test_a_part_of_a_known_id_is_cut_to_its_least_length() -> None:
    result, _ = found("batch_abcdefghi", lambda one: KNOWN[0].startswith(one) and len(one) >= 9)
    assert result == Smallest("batch_abc", "length", 9)


def test_what_nothing_smaller_shows_stays() -> None:
    result, tries = found("batch_abcdefghij%00", lambda _: False)
    assert result == Smallest("batch_abcdefghij%00")
    assert tries == 2


def test_where_nothing_more_may_be_tried_the_smallest_so_far_is_the_result() -> None:
    left = [True] * 4

    def shows(candidate: str) -> bool:
        if not left:
            raise Spent
        left.pop()
        return "x" in candidate

    result = smallest("aaaaaaaaxaaaaaaa", (), shows)
    assert "x" in result.segment
    assert len(result.segment) < 16


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40), st.data())
def test_no_part_of_the_smallest_can_be_left_out_and_it_shows_the_same(text: str, data: st.DataObject) -> None:
    wanted = set(data.draw(st.lists(st.sampled_from(text), max_size=3)))
    if re.fullmatch(r"-?[0-9]{2,}", text):
        return

    def shows(candidate: str) -> bool:
        return wanted <= set(decode_segment(candidate))

    result = smallest(encode_segment(text), (), shows)
    assert shows(result.segment)
    assert len(decode_segment(result.segment)) == max(1, len(wanted))


SMALLEST = {
    "int32_overflow": (str(2**31), "from the number 2147483648 on"),
    "int64_overflow": (str(2**63), "from the number 9223372036854775808 on"),
    "cut_at_dashes": (r"batch_\w{10}--", "characters shrunk to"),
    "cut_at_quote": (r"batch_\w{10}'", "characters shrunk to"),
    "prefix_found": (r"batch_\w{3}", "from 9 characters on"),
    "invisible_stripped": (r"\W?batch_\w*\W?\w*", "no smaller one shows it"),
    "comments_removed": (r"batch_\w*/\*\*/\w*", "no smaller one shows it"),
    "query_helps": (r".", "characters shrunk to"),
    "template_evaluated": (r"\{\{\d{4}\*\d{4,5}\}\}", "characters shrunk to"),
    "escapes_undone_twice": (r"%62atch_\w{10}", "no smaller one shows it"),
}
"""By a drift: the id of the smallest request, and what is said of it."""


@pytest.fixture(scope="module")
def runner() -> Iterator[DriftRunner]:
    with DriftRunner(open_contract("siliconflow"), seed=3) as made:
        yield made


def minimized(runner: DriftRunner, name: str) -> tuple[RunReport, tuple[Finding, ...]]:
    """The report of a run that looked for the smallest, and the findings of the same run before it did."""
    audit = runner.audit_of(DRIFTS[name])
    try:
        audit.runner.send()
        before = audit.judged().findings
        audit.minimize()
        return audit.report(), before
    finally:
        audit.close()


@pytest.mark.parametrize("name", SMALLEST)
def test_a_finding_of_an_odd_id_comes_with_its_smallest_request_the_same_twice(name: str, runner: DriftRunner) -> None:
    (report, before), (again, _) = (minimized(runner, name) for _ in range(2))
    pattern, told = SMALLEST[name]
    (finding,) = [one for one in report.ledger.findings if one.rule == DRIFTS[name].rule and one.level != "info"]
    assert re.fullmatch(pattern, finding.evidence.probe.batch_id or "")
    assert told in str(finding.smallest)
    assert len(report.minimizing) <= MOST
    assert report.run.requests == len(report.ledger.exchanges) + len(report.minimizing) <= 400
    # All else is as without it.
    assert [one.id for one in report.ledger.findings] == [one.id for one in before]
    assert [one.occurrences for one in report.ledger.findings] == [one.occurrences for one in before]
    assert [(one.evidence.probe, one.observed, one.smallest) for one in again.ledger.findings] == [
        (one.evidence.probe, one.observed, one.smallest) for one in report.ledger.findings
    ]


FEWEST = {
    "verbose_fails": ((("Accept", "application/json"),), "verbose=1", "of 5 headers and parameters it takes 1"),
    "xml_for_format": ((("Accept", "application/json"),), "format=xml", "of 2 headers and parameters it takes 1"),
    "override_of_method_followed": (
        (("Accept", "application/json"), ("X-HTTP-Method", "DELETE")),
        "",
        "of 7 headers and parameters it takes 1",
    ),
    "part_without_range": (
        (("Accept", "application/json"), ("Range", "bytes=0-9")),
        "",
        "no smaller one shows it; 1 request tried",
    ),
}
"""By a drift: headers and query of the smallest request, and what is said of it."""


@pytest.mark.parametrize("name", FEWEST)
def test_headers_and_parameters_that_a_finding_does_not_need_are_left_out(name: str, runner: DriftRunner) -> None:
    report, _ = minimized(runner, name)
    (finding,) = [one for one in report.ledger.findings if one.rule == DRIFTS[name].rule and one.level != "info"]
    headers, query, told = FEWEST[name]
    assert (finding.evidence.probe.headers, finding.evidence.probe.query) == (headers, query)
    assert told in str(finding.smallest)


def test_what_asks_for_another_method_is_asked_of_the_id_alone_that_nobody_can_have(runner: DriftRunner) -> None:
    report, _ = minimized(runner, "override_of_method_followed")
    assert {exchange.probe.batch_id for exchange in report.minimizing} == {NO_SUCH_ID}


SEVERAL = {
    "prefix_found": ("/batches/batch_hsr", "", "from 9 characters on"),
    "cut_at_nul": (r"/batches/batch_\w{10}%00", "", "no smaller one shows it"),
    "decoded_twice": (r"/batches/(\.?%252F|%2562)\w+", "", ""),
}
"""By a drift of a mock with lists: path and query of the smallest request, and what is said of it."""


@pytest.fixture(scope="module")
def runner_of_several() -> Iterator[DriftRunner]:
    contract = open_contract("siliconflow-batch-api", choice=task_choice("", "read"))
    with DriftRunner(contract, seed=3) as made:
        yield made


@pytest.mark.parametrize("name", SEVERAL)
def test_findings_of_several_operations_are_shrunk_too(name: str, runner_of_several: DriftRunner) -> None:
    audit = runner_of_several.audit_of(catalogue(runner_of_several.contract)[name])
    try:
        audit.runner.send()
        most = audit.most_for_minimizing()
        audit.minimize()
        report = audit.report()
    finally:
        audit.close()
    path, query, told = SEVERAL[name]
    shrunk = [one for one in report.ledger.findings if one.smallest is not None]
    assert shrunk
    for finding in shrunk:
        assert re.fullmatch(path, finding.evidence.probe.path)
        assert re.fullmatch(query, finding.evidence.probe.query)
        assert told in str(finding.smallest)
    assert 0 < len(report.minimizing) <= most
    assert report.run.requests <= 500


def test_nothing_that_makes_or_ends_batches_is_shrunk(tmp_path: Path) -> None:
    contract = open_contract("siliconflow-batch-api", choice=task_choice("", "all"))
    with DriftRunner(contract, seed=3) as made:
        entries = catalogue(contract)
        audit = made.audit_of(entries["prefix_found"], entries["create-200/status:null"])
        try:
            audit.runner.send()
            audit.minimize()
            report = audit.report()
        finally:
            audit.close()
    assert {one.rule for one in report.ledger.findings} >= {"identity.neighbour_answered", "body.type"}
    assert report.minimizing
    assert {exchange.request.method for exchange in report.minimizing} <= {"GET", "HEAD"}
    assert [one.rule for one in report.ledger.findings if one.smallest] == ["identity.neighbour_answered"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a=1", "b=2", "b=3", "c"]), unique=True, max_size=4), st.data())
def test_odd_parts_are_what_a_usual_read_has_not_and_can_be_put_back(pairs: list[str], data: st.DataObject) -> None:
    operation = open_contract("siliconflow").chosen
    headers = data.draw(st.sampled_from([(), (("Accept", "*/*"),), (("Accept", "application/json"), ("Range", "x"))]))
    probe = Probe("c", "n", "/batches/a", "a", "known", headers=headers, query="&".join(pairs))
    parts = odd_parts(probe, operation)
    assert [part.parameter for part in parts if part.parameter] == pairs
    again = with_parts(probe, operation, parts)
    assert again.query == probe.query
    assert odd_parts(again, operation) == parts
    assert odd_parts(with_parts(probe, operation, ()), operation) == ()


def test_the_failed_item_and_the_reports_tell_of_it(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["prefix_found"]) as mock:
        outcome = run_suite(tmp_path, mock=mock)
    assert "from 9 characters on" in outcome.text
    (finding,) = [one for one in outcome.drift["findings"] if one["rule"] == "identity.neighbour_answered"]
    assert finding["smallest"].startswith("from 9 characters on")
    assert re.search(r"/batches/batch_\w{3}$", finding["evidence"]["request"]["url"])
    assert "from 9 characters on" in (tmp_path / "drift.html").read_text("utf-8")
    har = json.loads((tmp_path / "exchanges.har").read_text("utf-8"))
    assert len(har["log"]["entries"]) == outcome.drift["run"]["requests"]


def test_the_line_of_the_plan_says_how_many_more_requests_there_may_be(runner: DriftRunner) -> None:
    audit = runner.audit_of()
    try:
        most = audit.most_for_minimizing()
        assert most == min(MOST, 400 - len(audit.plan.probes)) > 0
        assert header(audit).endswith(f"and {most} at most to find the smallest of a finding")
    finally:
        audit.close()


def test_another_host_is_asked_for_nothing_more_unless_somebody_wants_it() -> None:
    asked = {"base_url": "https://api.example.com/v1"}
    environ = {"BATCH_API_KEY": "sk-test"}
    assert settle(environ, **asked).minimize is False
    assert settle(environ, **asked, minimize=True).minimize is True
    assert settle({}, base_url="http://127.0.0.1:1/v1").minimize is True

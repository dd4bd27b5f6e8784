"""The baseline: what is accepted, until when, and how the file is read and kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.findings.baseline import Baseline, Entry, was_exercised
from batch_conformance.findings.baseline_file import (
    FORMAT,
    BaselineError,
    entry_yaml,
    new_entry,
    parse_baseline,
    rewrite,
)
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import ClauseResult

TODAY = date(2026, 11, 24)
FOUND = samples.finding()
OTHER = samples.finding("body.undeclared", "/file_name", kind="undeclared")


def entry(finding: Finding, expires: date = TODAY, **more: str) -> Entry:
    return replace(new_entry(finding, TODAY, "agreed"), expires=expires, **more)  # type: ignore[arg-type]


def clauses(findings: tuple[Finding, ...] = ()) -> tuple[ClauseResult, ...]:
    return samples.run_report(findings).ledger.clauses


def parsed(*entries: str, head: str = f"format: {FORMAT}\naccepted:\n") -> Baseline:
    return parse_baseline((head + "".join(entries)).encode(), "b.yaml")


def test_an_accepted_finding_is_known_up_to_and_on_its_last_day() -> None:
    baseline = Baseline("b.yaml", (entry(FOUND, TODAY),))
    assert [f.state for f in baseline.accept((FOUND, OTHER), TODAY)] == ["known", "new"]
    assert [f.state for f in baseline.accept((FOUND,), TODAY + timedelta(days=1))] == ["expired"]


def test_a_new_deviation_at_the_same_clause_is_new() -> None:
    baseline = Baseline("b.yaml", (entry(FOUND),))
    null = samples.finding(kind="null", observed="null")
    assert null.clause == FOUND.clause
    assert [f.state for f in baseline.accept((null,), TODAY)] == ["new"]
    (result,) = baseline.results((null,), clauses((null,)), complete=True)
    assert (result.state, str(result.remark)) == ("fixed", "its clause is broken in another way now")


def test_an_entry_is_fixed_only_where_a_complete_run_exercised_its_clause() -> None:
    baseline = Baseline("b.yaml", (entry(FOUND),))
    kept = clauses()
    unseen = tuple(replace(result, state="not_observed", judged=0) for result in kept)
    assert [r.state for r in baseline.results((), kept, complete=True)] == ["fixed"]
    assert [r.state for r in baseline.results((), unseen, complete=True)] == ["not exercised"]
    (result,) = baseline.results((), kept, complete=False)
    assert (result.state, str(result.remark)) == ("not exercised", "its clause was, but the run is not complete")


@pytest.mark.parametrize(
    "finding",
    [
        OTHER,
        samples.finding("json.duplicate_key", "/status"),
        samples.finding("body.undeclared", "/request_counts/done"),
        samples.finding("response.status", "", status="418", kind="418"),
        samples.finding("response.server_error", "", status="", kind="500"),
        samples.finding("value.empty_string", "/output_file_id", kind="empty"),
    ],
    ids=lambda finding: f"{finding.rule} {finding.status} {finding.pointer}",
)
def test_a_deviation_without_a_clause_of_its_own_is_exercised_by_what_is_around_it(finding: Finding) -> None:
    where = new_entry(finding, TODAY).where
    results = clauses()
    assert was_exercised(where, results)
    assert not was_exercised(where, tuple(replace(r, state="not_observed") for r in results))


def test_another_status_or_a_text_that_is_no_clause_exercises_nothing() -> None:
    overloaded = new_entry(samples.finding(status="503", pointer="/code"), TODAY).where
    assert not was_exercised(overloaded, clauses())
    assert not was_exercised("somewhere", clauses())


def test_a_printed_entry_can_be_pasted_once_its_reason_is_given() -> None:
    text = entry_yaml(new_entry(FOUND, TODAY))
    with pytest.raises(BaselineError, match=r"b\.yaml:3: \w{12} has no reason: say in `reason:` why"):
        parsed(text)
    with pytest.raises(BaselineError, match="has no owner: name a person or a ticket, or delete"):
        parsed(text.replace("CHANGE ME: why is this accepted?", "the vendor knows"))
    (found,) = parsed(
        text.replace("CHANGE ME: why is this accepted?", "the vendor knows").replace("CHANGE ME: who", "")
    ).entries
    assert (found.fingerprint, found.reason) == (FOUND.id, "the vendor knows")
    assert (found.added, found.expires) == (TODAY, TODAY + timedelta(days=90))


@given(st.from_regex(r"[0-9]{12}|[0-9]{1,10}e[0-9]{1,10}|[0-9a-f]{12}", fullmatch=True).filter(lambda s: len(s) == 12))
def test_any_fingerprint_survives_yaml(fingerprint: str) -> None:
    text = entry_yaml(replace(entry(FOUND), fingerprint=fingerprint))
    assert parsed(text).entries[0].fingerprint == fingerprint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is empty"),
        ("[]", "b.yaml is no baseline: it must begin with `format:"),
        ("format: batch-conformance-baseline/2\naccepted:\n", "is no baseline"),
        (f"format: {FORMAT}\n", "`accepted:` must be a list"),
        (f"format: {FORMAT}\naccepted: 3\n", "`accepted:` must be a list"),
        (f"format: {FORMAT}\naccepted:\nteam: a\n", "b.yaml:2: `accepted:` must come last"),
        (f"format: {FORMAT}\naccepted:\n- reason: x\n", "b.yaml:3: an entry without a fingerprint"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: 123456789012\n", "give its 12 digits, in quotes"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: abc\n", "'abc' is no fingerprint"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: abcabcabcabc\n  reason: ' '\n", "has no reason"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: abcabcabcabc\n  reason: [a]\n", "`reason:` must be text"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: abcabcabcabc\n  reason: a\n", "has no `expires:`"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: abcabcabcabc\n  reason: a\n  expires: soon\n", "is no day"),
        (f"format: {FORMAT}\naccepted: [{{fingerprint: abcabcabcabc, reason: a, expires: 2027-01-01}}]", "in braces"),
        (f"format: {FORMAT}\naccepted:\n- fingerprint: abcabcabcabc\n  reason: a\n  reason: b\n", "twice"),
        (f"format: {FORMAT}\naccepted:\n - a\n- b\n", "neither YAML nor JSON"),
    ],
    ids=lambda value: value[-40:],
)  # fmt: skip
def test_a_bad_file_is_told_in_one_line(text: str, line: str) -> None:
    with pytest.raises(BaselineError) as caught:
        parse_baseline(text.encode(), "b.yaml")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_and_an_entry_given_twice_are_told_too() -> None:
    with pytest.raises(BaselineError, match="not UTF-8"):
        parse_baseline(b"\xff\xfe", "b.yaml")
    text = entry_yaml(entry(FOUND))
    with pytest.raises(BaselineError, match="is accepted already in line 3"):
        parsed(text, text)


def test_writing_adds_what_is_new_drops_what_is_fixed_and_keeps_every_other_word() -> None:
    kept = (
        "# agreed in the meeting of May\n"
        f"- fingerprint: {FOUND.id}   # shown daily\n"
        "  ticket: OPS-1   # ours\n"
        "  where: getBatchEvaluationJob 200 application/json /created_at body.type (string)\n"
        "  reason: >\n    it has\n    two lines\n"
        "  expires: 2027-01-31\n"
    )
    gone = entry_yaml(entry(samples.finding(pointer="/id"), reason="x"))
    baseline = parsed(kept, gone, head=f"# ours\nteam: batch\nformat: {FORMAT}\naccepted:\n")
    findings = baseline.accept((FOUND, OTHER), TODAY)
    results = baseline.results(findings, clauses((FOUND,)), complete=True)
    assert [result.state for result in results] == ["known", "fixed"]
    made = rewrite(baseline, findings, results, TODAY, "reviewed")
    assert (made.added, made.removed, made.kept, made.expired) == (1, 1, 1, 0)
    head = f"# ours\nteam: batch\nformat: {FORMAT}\naccepted:\n"
    assert made.text == head + kept + entry_yaml(new_entry(OTHER, TODAY, "reviewed"))


def test_writing_again_changes_nothing() -> None:
    first = rewrite(Baseline("b.yaml"), (OTHER, FOUND), (), TODAY, "reviewed")
    again = parse_baseline(first.text.encode(), "b.yaml")
    findings = again.accept((FOUND, OTHER), TODAY)
    results = again.results(findings, clauses((FOUND, OTHER)), complete=True)
    second = rewrite(again, findings, results, TODAY + timedelta(days=1), "another reason")
    assert second.text == first.text
    assert [e.where for e in again.entries] == sorted(e.where for e in again.entries)


def test_an_expired_entry_is_kept_and_not_renewed() -> None:
    text = entry_yaml(entry(FOUND, TODAY - timedelta(days=1)))
    baseline = parsed(text)
    findings = baseline.accept((FOUND,), TODAY)
    made = rewrite(baseline, findings, baseline.results(findings, clauses(), complete=True), TODAY)
    assert made.text.endswith(text)
    assert (made.added, made.removed, made.kept, made.expired) == (0, 0, 1, 1)


def test_information_is_not_recorded_and_an_indented_list_stays_indented() -> None:
    info = samples.finding("body.seen", "/failed_at", kind="never")
    baseline = parsed(f"  - fingerprint: {FOUND.id}\n    reason: a\n    expires: 2027-01-01\n")
    results = baseline.results((FOUND,), clauses(), complete=True)
    made = rewrite(baseline, (info, OTHER), results, TODAY, "b")
    assert info.id not in made.text
    assert f"  - fingerprint: {OTHER.id}\n    rule: body.undeclared\n" in made.text
    assert len(parse_baseline(made.text.encode(), "b.yaml").entries) == 2


def test_an_empty_list_takes_entries_at_its_end() -> None:
    for head in (
        f"format: {FORMAT}\naccepted:\n",
        f"format: {FORMAT}\naccepted: []\n",
        f"format: {FORMAT}\naccepted: [ ]",
    ):
        made = rewrite(parsed(head=head), (FOUND,), (), TODAY, "a")
        assert len(parse_baseline(made.text.encode(), "b.yaml").entries) == 1

"""What a run adds up to: clauses kept, broken and never observed, fields and statuses seen, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_support import (
    COMPLETED,
    JSON,
    KNOWN,
    OPENAI,
    OPENAI_HEADERS,
    OTHER,
    QUEUED,
    UNKNOWN,
    contract,
    contract_of,
    openai_like,
    refused,
    sent,
    unknown,
)
from samples import run_report

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.ledger import ClauseResult, Ledger
from batch_conformance.judge.judge import (
    REQUIRED_AUTHENTICATION,
    REQUIRED_SUCCESS,
    REQUIRED_UNKNOWN,
    judge,
)
from batch_conformance.message import shown
from batch_conformance.report.run.writer import write_reports

WHOLE = (sent(), unknown(), refused())
OOPS = {"code": None, "message": "Something went wrong.", "data": None}


def judged(*run: Exchange, under: Contract | None = None) -> Ledger:
    numbered = [
        replace(exchange, number=place if exchange.number < 0 else exchange.number, started_at=float(place))
        for place, exchange in enumerate(run)
    ]
    return judge(numbered, under or contract())


def clause(ledger: Ledger, rule: str, status: str = "200", pointer: str = "") -> ClauseResult:
    (found,) = [
        result
        for result in ledger.clauses
        if (result.clause.rule, result.clause.status, result.clause.pointer) == (rule, status, pointer)
    ]
    return found


def weighty(ledger: Ledger) -> list[str]:
    return [finding.rule for finding in ledger.findings if finding.level != "info"]


def state(ledger: Ledger, rule: str, status: str = "200", pointer: str = "") -> tuple[str, int, int]:
    found = clause(ledger, rule, status, pointer)
    return found.state, found.judged, found.broken


@pytest.mark.parametrize(
    ("run", "missing"),
    [
        (WHOLE, ()),
        ((), (REQUIRED_SUCCESS, REQUIRED_UNKNOWN)),
        ((unknown(), refused()), (REQUIRED_SUCCESS,)),
        ((sent(b"", method="HEAD"), unknown(), refused()), (REQUIRED_SUCCESS,)),
        ((sent(credential="missing"), unknown()), (REQUIRED_SUCCESS,)),
        ((sent(status=204), unknown(), refused()), ()),
        ((sent(), refused()), (REQUIRED_UNKNOWN,)),
        ((sent(), unknown("x", 429), refused()), (REQUIRED_UNKNOWN,)),
        ((sent(), unknown("x", 500), refused()), (REQUIRED_UNKNOWN,)),
        ((sent(), unknown(forced=404), refused()), (REQUIRED_UNKNOWN,)),
        ((sent(), unknown(credential="missing", status=401), refused()), (REQUIRED_UNKNOWN,)),
        ((sent(), unknown()), (REQUIRED_AUTHENTICATION,)),
        ((sent(), unknown(), refused(credential="wrong")), (REQUIRED_AUTHENTICATION,)),
        ((sent(), unknown(), refused("x", 503)), (REQUIRED_AUTHENTICATION,)),
    ],
)
def test_what_a_verdict_needs_and_the_run_has_not_got_is_named(run: Any, missing: Any) -> None:
    assert judged(*run).missing == missing


def test_a_contract_without_security_needs_no_refusal_and_has_no_clause_about_it() -> None:
    ledger = judged(sent(), unknown(), under=contract().unsecured())
    assert ledger.missing == ()
    assert not [result for result in ledger.clauses if result.clause.rule.startswith("auth.")]
    assert weighty(judged(sent(credential="missing"), under=contract().unsecured())) == []


def test_a_contract_without_times_states_and_counts_has_no_clause_about_them() -> None:
    small = contract_of({"type": "object", "properties": {"name": {"type": "string"}}})
    named = {result.clause.rule.partition(".")[0] for result in judged(sent({"name": "x"}), under=small).clauses}
    assert named.isdisjoint({"time", "state", "counts"})
    assert "identity.other_batch" not in {result.clause.rule for result in judged(under=small).clauses}
    assert {"time", "state", "counts", "stability", "identity"} <= {
        result.clause.rule.partition(".")[0] for result in judged().clauses
    }


def test_without_an_exchange_nothing_is_kept() -> None:
    ledger = judged()
    assert {(result.state, result.judged, result.broken) for result in ledger.clauses} == {("not_observed", 0, 0)}
    assert len(ledger.clauses) > len(contract().clauses)


def test_clauses_count_the_exchanges_that_exercised_them_and_those_that_broke_them() -> None:
    later = {**COMPLETED, "created_at": "x", "file_name": 1}
    ledger = judged(sent(), sent(later), sent({**QUEUED, "errors": None}), unknown(), refused())
    assert state(ledger, "response.status") == ("kept", 3, 0)
    assert state(ledger, "response.media_type") == ("kept", 3, 0)
    assert state(ledger, "body.type", pointer="/created_at") == ("broken", 3, 1)
    assert state(ledger, "body.required", pointer="/created_at") == ("kept", 3, 0)
    assert state(ledger, "body.known_value", pointer="/status") == ("kept", 3, 0)
    assert state(ledger, "body.undeclared") == ("broken", 3, 1)
    assert state(ledger, "body.type", pointer="/errors/*") == ("not_observed", 0, 0)
    assert state(ledger, "body.type", pointer="/errors") == ("kept", 3, 0)
    assert state(ledger, "body.type", pointer="/request_counts/total") == ("kept", 1, 0)
    assert state(ledger, "body.undeclared", pointer="/request_counts") == ("kept", 3, 0)
    assert state(ledger, "response.status", "503") == ("not_observed", 0, 0)
    assert state(ledger, "body.type", "404") == ("kept", 1, 0)


def test_a_value_that_is_null_does_not_show_that_its_enumeration_is_kept() -> None:
    schema = {"type": "object", "properties": {"phase": {"type": "string", "nullable": True, "enum": ["a"]}}}
    small = contract_of(schema)
    assert state(judged(sent({"phase": None}), under=small), "body.enum", pointer="/phase")[0] == "not_observed"
    assert state(judged(sent({"phase": "a"}), under=small), "body.enum", pointer="/phase")[0] == "kept"


def test_what_could_not_be_read_shows_nothing_about_what_is_in_it() -> None:
    ledger = judged(sent(b"{"), sent(b"", method="HEAD"), sent(subject="outside"))
    assert state(ledger, "response.status")[:2] == ("kept", 2)
    assert state(ledger, "response.media_type")[:2] == ("kept", 1)
    assert state(ledger, "body.type", pointer="/id")[0] == "not_observed"
    assert state(ledger, "json.invalid", "")[0] == "broken"


def test_declared_headers_are_a_clause_of_their_status() -> None:
    good = sent(OPENAI, headers=OPENAI_HEADERS)
    assert state(judged(under=openai_like()), "response.header") == ("not_observed", 0, 0)
    assert state(judged(good, under=openai_like()), "response.header") == ("kept", 1, 0)
    assert state(judged(good, sent(OPENAI), under=openai_like()), "response.header") == ("broken", 2, 1)
    assert not [result for result in judged().clauses if result.clause.rule == "response.header"]


def test_a_clause_that_only_a_finding_names_is_there_while_it_is_broken() -> None:
    ledger = judged(unknown("gone", 410), unknown("gone", 410), sent())
    assert state(ledger, "response.status", "410") == ("broken", 2, 2)
    assert "410" not in {result.clause.status for result in judged(sent()).clauses}
    assert len({result.clause.id for result in ledger.clauses}) == len(ledger.clauses)


@pytest.mark.parametrize(
    ("rule", "status", "run", "expected"),
    [
        ("auth.missing_accepted", "401", (refused(),), "kept"),
        ("auth.missing_accepted", "401", (refused(credential="wrong"),), "not_observed"),
        ("auth.missing_accepted", "401", (sent(credential="missing"),), "broken"),
        ("auth.wrong_token_accepted", "401", (refused(credential="nearly_cut"),), "kept"),
        ("auth.scheme_accepted", "401", (refused(credential="wrong_scheme"),), "kept"),
        ("auth.elsewhere_accepted", "401", (refused(credential="elsewhere_query"),), "kept"),
        ("auth.lower_case_refused", "401", (sent(credential="lower_case_scheme"),), "kept"),
        ("auth.challenge_missing", "401", (refused(),), "kept"),
        ("auth.challenge_missing", "401", (unknown(),), "not_observed"),
        ("auth.checked_late", "401", (unknown("x", 401, credential="missing"),), "kept"),
        ("auth.checked_late", "401", (refused(),), "not_observed"),
        ("identity.other_batch", "200", (sent(),), "kept"),
        ("identity.unknown_answered", "", (unknown(),), "kept"),
        ("identity.unknown_answered", "", (unknown(credential="missing"),), "not_observed"),
        ("identity.unknown_answered", "", (sent(), sent(subject="unknown", batch_id=UNKNOWN)), "broken"),
        ("identity.neighbour_answered", "", (unknown(subject="neighbour"),), "kept"),
        ("identity.traversal_answered", "", (unknown(subject="hostile", batch_id="a/../b"),), "kept"),
        ("identity.traversal_answered", "", (unknown(subject="hostile"),), "not_observed"),
        ("identity.list_answered", "", (unknown(subject="outside", batch_id=None),), "kept"),
        ("identity.list_answered", "", (unknown(subject="outside"),), "not_observed"),
        ("method.allow_missing", "405", (unknown(status=405, headers=(("Allow", ""),)),), "kept"),
        ("method.undeclared_answered", "", (unknown(method="POST"),), "kept"),
        ("method.undeclared_answered", "", (unknown(method="HEAD"),), "not_observed"),
        ("response.framing", "", (sent(),), "kept"),
        ("response.head_differs", "", (sent(b"", method="HEAD"),), "kept"),
        ("response.head_differs", "", (sent(b"", 405, method="HEAD"),), "not_observed"),
        ("response.cache_public", "200", (sent(),), "kept"),
        ("response.cache_public", "200", (unknown(),), "not_observed"),
        ("response.retry_after", "", (unknown(headers=(("retry-after", "1"),)),), "kept"),
        ("response.retry_after", "", (sent(),), "not_observed"),
        ("response.server_error", "", (unknown("x", 500),), "inconclusive"),
        ("response.silent", "", (sent(),), "kept"),
        ("security.key_reflected", "", (sent(),), "kept"),
        ("security.trace_leaked", "", (unknown(),), "kept"),
        ("security.trace_leaked", "", (sent(),), "kept"),
        ("security.internals_leaked", "", (unknown(),), "kept"),
        ("time.magnitude", "200", (sent(),), "kept"),
        ("counts.sum", "200", (unknown(),), "not_observed"),
        ("stability.changed", "200", (sent(), sent()), "kept"),
        ("stability.changed", "200", (sent(), sent(batch_id="other")), "not_observed"),
        ("state.regressed", "200", (sent(COMPLETED), sent()), "broken"),
    ],
)
def test_a_standing_clause_is_kept_by_what_exercises_it(rule: str, status: str, run: Any, expected: str) -> None:
    assert state(judged(*run), rule, status)[0] == expected


def test_statuses_are_counted_with_their_media_types_and_the_undocumented_come_last() -> None:
    ledger = judged(sent(), sent(media_type=None), unknown(), unknown("x", 418), unknown("x", 418))
    rows = {row.status: row for row in ledger.statuses}
    assert [row.status for row in ledger.statuses][-1] == "418"
    assert (rows["200"].documented, rows["200"].media_types, rows["200"].count) == (True, {JSON: 1, "none": 1}, 2)
    assert (rows["418"].documented, rows["418"].count) == (False, 2)
    assert (rows["503"].count, rows["503"].media_types) == (0, {})


def test_fields_are_counted_by_type_and_absence_and_the_undeclared_are_listed() -> None:
    short = {name: value for name, value in QUEUED.items() if name != "errors"}
    ledger = judged(sent({**COMPLETED, "errors": ["a", "b"]}), sent({**short, "more": 1.5}), sent(b"{"), unknown())
    rows = {(row.status, row.pointer): row for row in ledger.fields}
    assert rows["200", "/output_file_id"].types == {"null": 1, "string": 1}
    assert (rows["200", "/errors"].types, rows["200", "/errors"].absent) == ({"array": 1}, 1)
    assert rows["200", "/errors/*"].types == {"string": 2}
    assert (rows["200", "/more"].declared, rows["200", "/more"].types) == (False, {"number": 1})
    assert rows["200", ""].types == {"object": 2}
    assert rows["404", ""].types == {"string": 1}
    assert rows["400", "/code"].types == {}


def test_a_field_is_never_seen_only_where_a_body_could_have_had_it() -> None:
    def unseen(*run: Exchange) -> set[str]:
        return {finding.pointer for finding in judged(*run).findings if finding.rule == "body.seen"}

    counted = {**QUEUED, "request_counts": {"total": 1}}
    assert unseen(sent(COMPLETED)) == set()
    assert unseen(sent(counted)) == {"/request_counts/completed", "/request_counts/failed"}
    assert "/request_counts/total" not in unseen(sent({**QUEUED, "request_counts": None}))
    assert unseen(unknown()) == set()
    assert unseen(sent({"data": QUEUED})) == set()
    assert "/errors" in unseen(sent({"id": KNOWN, "object": "batch", "status": "in_queue"}))
    (told,) = [f for f in judged(sent(counted), sent(counted)).findings if f.pointer == "/request_counts/failed"]
    assert (told.level, str(told.observed)) == ("info", "in none of 2 bodies")


def test_an_unknown_ids_invented_batch_does_not_show_a_field() -> None:
    counted = {**QUEUED, "request_counts": {"total": 1, "completed": 0, "failed": 0}}
    short = {name: value for name, value in QUEUED.items() if name != "errors"}
    ledger = judged(sent(short), sent(counted, subject="unknown", batch_id=UNKNOWN))
    assert "/errors" in {finding.pointer for finding in ledger.findings if finding.rule == "body.seen"}


def down(status: int | None = 500, **more: Any) -> Exchange:
    if status is not None:
        return unknown(OOPS, status, name="same", **more)
    return unknown(b"", answered=False, failure=Failure("timeout", shown("no answer")), name="same", **more)


def test_an_outage_of_everything_is_no_drift_and_leaves_its_probes_unjudged() -> None:
    ledger = judged(*(down() for _ in range(3)), *(sent(b"", 502, media_type=None) for _ in range(2)))
    assert weighty(ledger) == []
    assert ledger.unjudged == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("status", [500, None])
def test_what_fails_for_one_kind_of_request_alone_is_drift(status: int | None) -> None:
    rule = "response.silent" if status is None else "response.server_error"
    ledger = judged(sent(), down(status), down(status), sent())
    assert weighty(ledger) == [rule]
    assert ledger.unjudged == frozenset()


@pytest.mark.parametrize("failure", ["dns", "refused", "tls"])
def test_a_server_that_was_never_reached_is_not_silent(failure: str) -> None:
    gone = replace(down(None), failure=Failure(failure, shown("no way")))  # type: ignore[arg-type]
    ledger = judged(sent(), gone, gone, sent())
    assert weighty(ledger) == []
    assert ledger.unjudged == {1, 2}


def broken(name: str, batch_id: str = OTHER, **more: Any) -> Exchange:
    return sent(OOPS, 500, batch_id=batch_id, name=name, **more)


def observed(ledger: Ledger) -> list[str]:
    return [str(finding.observed) for finding in ledger.findings if finding.rule == "response.server_error"]


def test_a_batch_that_always_fails_is_named_and_not_what_was_asked_of_it() -> None:
    names = ("read", "gzip_known", "gzip_known", "poll")
    run = [one for name in names for one in (sent(name=name), broken(name), unknown())]
    ledger = judged(*run)
    assert observed(ledger) == [f"500 every time for the id {OTHER}"]
    assert weighty(ledger) == ["response.server_error"]
    assert ledger.unjudged == frozenset()


def test_what_fails_for_other_ids_too_is_laid_to_the_request() -> None:
    run = [*(broken("odd", batch_id) for batch_id in (OTHER, KNOWN)), sent(), sent(batch_id=OTHER), unknown()]
    assert observed(judged(*run)) == ["500 every time for chapter/odd"]


def test_a_server_that_fails_for_every_known_id_fails_for_all_of_them() -> None:
    names = ("read", "gzip_known", "poll")
    run = [one for name in names for one in (broken(name), broken(name, KNOWN), unknown())]
    assert observed(judged(*run)) == ["500 every time for every known id"]


def test_a_batch_that_fails_in_one_way_of_asking_is_named_with_it() -> None:
    """Its body is too large as it is, say, and not when it is compressed."""
    poll = sent(batch_id=OTHER, name="poll")
    run = [one for _ in range(3) for one in (sent(name="read"), broken("read"), poll, unknown())]
    assert observed(judged(*run)) == [f"500 every time for chapter/read with the id {OTHER}"]
    in_a_row = [sent(), poll, *(broken("read") for _ in range(3)), unknown(), sent()]
    assert observed(judged(*in_a_row)) == []


def test_an_id_that_fails_until_the_server_is_up_again_is_an_outage() -> None:
    run = [sent(), *(broken(name) for name in ("read", "poll", "gzip_known")), sent(), broken("read"), sent()]
    assert observed(judged(*run, sent(batch_id=OTHER))) == []


def test_what_failed_once_or_was_answered_in_between_is_left_open() -> None:
    for run in ((sent(), down(), sent()), (sent(), down(), unknown(name="same"), down(), sent())):
        ledger = judged(*run)
        assert weighty(ledger) == []
        assert ledger.unjudged


def test_retries_count_as_repetitions_and_only_the_last_attempt_is_weighed() -> None:
    retried = [replace(down(), number=1, attempt=attempt, final=attempt == 2) for attempt in range(3)]
    ledger = judged(sent(number=0), *retried, sent(number=2))
    (found,) = [finding for finding in ledger.findings if finding.level != "info"]
    assert (found.rule, found.occurrences) == ("response.server_error", 1)


def test_a_limit_leaves_its_probe_open_whatever_follows() -> None:
    ledger = judged(sent(), *(unknown(OOPS, 429, name="same") for _ in range(3)), sent())
    assert weighty(ledger) == []
    assert ledger.unjudged == {1, 2, 3}


def test_a_method_that_is_not_implemented_is_no_server_error() -> None:
    for method in ("HEAD", "DELETE"):
        refusals = [unknown(b"", 501, method=method, name="same") for _ in range(2)]
        ledger = judged(sent(), *refusals, sent())
        assert (weighty(ledger), ledger.unjudged) == ([], frozenset())
    assert weighty(judged(sent(), *(unknown(b"", 501, name="same") for _ in range(2)), sent())) == [
        "response.server_error"
    ]


def test_no_run_is_judged_by_the_order_in_which_it_is_given() -> None:
    run = [replace(one, number=place, started_at=float(place)) for place, one in enumerate((*WHOLE, down(), sent()))]
    assert judge(run, contract()) == judge(run[::-1], contract())


@pytest.mark.parametrize("half", ["\ud83d", "\udc00x"])
def test_reports_are_written_of_a_run_with_halves_of_surrogate_pairs_in_names_and_values(
    half: str, tmp_path: Any
) -> None:
    ledger = judged(
        sent({**QUEUED, half: half, "status": half, "metadata": {half: half}}),
        unknown({half: 1}),
        unknown(half),
        sent({**COMPLETED, "id": half}),
    )
    assert {"body.undeclared", "json.surrogate", "identity.other_batch"} <= set(weighty(ledger))
    write_reports(replace(run_report(), ledger=ledger), tmp_path)
    for face in ("drift.json", "drift.html", "junit.xml"):
        assert (tmp_path / face).read_bytes().decode()


def test_a_head_is_the_evidence_only_where_nothing_else_is() -> None:
    gets = [broken("read"), broken("poll"), broken("gzip_known")]
    run = [one for failed in (broken("head_known", method="HEAD"), *gets) for one in (failed, sent(), unknown())]
    (found,) = (finding for finding in judged(*run).findings if finding.rule == "response.server_error")
    assert found.evidence.probe.method == "GET"
    heads = [broken("head_known", method="HEAD") for _ in range(2)]
    (alone,) = (f for f in judged(sent(), unknown(), *heads, sent()).findings if f.rule == "response.server_error")
    assert alone.evidence.probe.method == "HEAD"

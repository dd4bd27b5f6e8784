"""What a run sends and what it leaves out: nothing without saying so, and nothing that costs time and tells nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from answering import BROKEN, BUSY, NOT_FOUND, REFUSED, SHOWN, Asked, Audited, Said, answering, audited, audited_at
from raw_server import Bytes, Got, audited_raw, message
from small_server import BATCH_ID, KEY
from suite_support import run_suite

from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import Budget, BudgetExhausted, RateLimit
from batch_conformance.exchange.target import Target
from batch_conformance.probes.credentials import present
from batch_conformance.report.run import drift_json, html, terminal
from batch_conformance.run.live.omissions import ALWAYS_SENT


def left_out(run: Audited) -> int:
    """How many planned requests were not sent, by the plan and by what was said."""
    said = sum(map(int, re.findall(r"(\d+) planned requests were not sent", run.notes)))
    assert len(run.audit.plan.probes) - run.audit.runner.done == said
    assert said >= sum(run.audit.runner.left_out.values())
    return said


def timed_out(run: Audited) -> list[Exchange]:
    return [one for one in run.report.ledger.exchanges if one.failure is not None and one.failure.kind == "timeout"]


def sent_of(run: Audited, chapter: str) -> int:
    return len(
        {one.number for one in run.report.ledger.exchanges if of_plan(run, one) and one.probe.chapter == chapter}
    )


def of_plan(run: Audited, exchange: Exchange) -> bool:
    return exchange.number < len(run.audit.plan.probes)


def found(run: Audited) -> set[tuple[str, str]]:
    return {(finding.rule, finding.status) for finding in run.drifts}


def is_plain_unknown(asked: Asked) -> bool:
    last = asked.path.rpartition("/")[2]
    return asked.has_key and last.replace("_", "").isalnum() and BATCH_ID[:8] not in last and last != BATCH_ID


# Nothing is left out without a word


def test_server_errors_for_unknown_ids_hide_neither_an_injected_header_nor_a_neighbour() -> None:
    def answer(asked: Asked) -> Said | None:
        path = unquote(asked.path)
        if asked.has_key and "\r\n" in path:
            name, _, value = path.partition("\r\n")[2].partition(":")
            return Said(404, "404 page not found", ((name, value.strip()),))
        if asked.has_key and asked.path == f"/v1/batches/{BATCH_ID.upper()}":
            return SHOWN
        return BROKEN if asked.has_key and not asked.is_known else None

    run = audited(answer)
    assert run.rules >= {"security.header_injected", "identity.neighbour_answered", "response.server_error"}
    assert not run.report.complete
    assert left_out(run) > 0
    sent = Counter(exchange.probe.chapter for exchange in run.report.ledger.exchanges if exchange.attempt == 0)
    planned = run.audit.plan.counts()
    for chapter in ("authentication", "identity", "hostile_ids"):
        assert sent[chapter] == planned[chapter]
    for reason, count in run.audit.runner.left_out.items():
        said = f"{count} planned requests were not sent: {reason}."
        assert said in run.notes
        assert said in " ".join(terminal.render(run.report, False).split())
        assert said in html.render(run.report)
        assert said in json.dumps(json.loads(drift_json.render(run.report)), ensure_ascii=False)


def test_what_was_left_out_alone_changes_no_exit_code() -> None:
    run = audited(lambda asked: BROKEN if is_plain_unknown(asked) else None)
    accepted = [finding for finding in run.drifts if finding.rule != "response.server_error"]
    assert (accepted, run.report.complete, left_out(run) > 0) == ([], False, True)
    assert run.report.exit_code == 1


def test_after_three_server_errors_in_a_row_a_pause_and_a_plain_read_show_whether_the_server_is_there() -> None:
    with answering(lambda asked: BROKEN if is_plain_unknown(asked) else None) as server:
        run = audited_at(server.base_url)
    assert 0.5 in run.slept
    controls = [exchange for exchange in run.report.ledger.exchanges if exchange.probe.name == "control"]
    assert controls
    assert {exchange.status for exchange in controls} == {200}


def test_a_target_that_does_not_follow_prefer_is_told_of_and_the_run_is_complete() -> None:
    run = audited(lambda _: None)
    assert (run.report.verdict, run.report.complete) == ("conforms", True)
    assert "planned requests were not sent: the target does not follow Prefer: code=" in run.notes


# What costs time and tells nothing


def test_refused_credentials_that_are_answered_429_are_left_unjudged_after_three() -> None:
    limited = Said(BUSY.status, BUSY.value, (("Retry-After", "25"),))
    with answering(lambda asked: None if asked.has_key else limited) as server:
        run = audited_at(server.base_url)
        refused = [asked for asked in server.asked if not asked.has_key]
    assert len(refused) <= 4
    assert sum(run.slept) <= 2 * 25 + 10
    assert run.report.verdict == "inconclusive"
    assert "refused credentials are answered 429" in run.notes
    assert not run.report.complete
    assert left_out(run) > 0


def test_a_limit_that_passes_leaves_nothing_out() -> None:
    state = {"left": 3}

    def answer(asked: Asked) -> Said | None:
        if is_plain_unknown(asked) and state["left"]:
            state["left"] -= 1
            return BUSY
        return None

    run = audited(answer)
    assert (run.report.verdict, run.report.complete) == ("conforms", True)


def test_a_body_that_never_ends_costs_one_time_out_per_kind_of_request() -> None:
    def answer(asked: Asked) -> Said | None:
        return (
            None
            if asked.is_known and asked.has_key
            else Said(404, "404 page not found", ends=False)
            if (asked.has_key and asked.method == "GET")
            else None
        )

    run = audited(answer, request_timeout=0.3)
    assert len(timed_out(run)) == 2  # the second one confirms the first; after such a head no body is waited for
    assert found(run) == {("response.framing", "")}
    assert not run.report.complete
    assert left_out(run) > 0
    for chapter in ALWAYS_SENT:
        assert sent_of(run, chapter) == run.audit.plan.counts()[chapter]
    assert "answers the head alone was judged" in run.notes


def test_a_body_that_never_ends_does_not_hide_what_heads_show() -> None:
    def answer(asked: Asked) -> Said | None:
        path = unquote(asked.path)
        if not asked.has_key or asked.method != "GET" or asked.is_known:
            return None
        if asked.path == f"/v1/batches/{BATCH_ID.upper()}":
            return Said(200, SHOWN.value, ends=False)
        name, _, value = path.partition("\r\n")[2].partition(":")
        return Said(404, "404 page not found", ((name, value.strip()),) if name else (), ends=False)

    run = audited(answer, request_timeout=0.3)
    assert run.rules >= {"security.header_injected", "identity.neighbour_answered", "response.framing"}


def test_bodies_of_odd_ids_alone_that_never_end_cost_one_time_out_per_kind_and_one_more() -> None:
    def answer(asked: Asked) -> Said | None:
        odd = asked.has_key and "%" in asked.path and asked.method == "GET"
        return Said(404, "404 page not found", ends=False) if odd else None

    run = audited(answer, request_timeout=0.3)
    kinds = {(exchange.probe.chapter, exchange.probe.subject) for exchange in timed_out(run)}
    assert len(timed_out(run)) <= len(kinds) + 1
    assert sent_of(run, "hostile_ids") == run.audit.plan.counts()["hostile_ids"]


def test_refusals_whose_bodies_never_end_are_judged_by_their_heads() -> None:
    def answer(asked: Asked) -> Said | None:
        if asked.has_key or asked.method != "GET":
            return None
        lets_in = asked.authorization == f"Token {KEY}"
        return SHOWN if lets_in else Said(401, "Invalid token", REFUSED.headers, ends=False)

    run = audited(answer, request_timeout=0.3)
    assert len(timed_out(run)) <= 3
    assert run.rules == {"auth.scheme_accepted", "response.framing"}


def test_the_door_is_judged_where_the_body_of_every_read_never_ends() -> None:
    def answer(asked: Asked) -> Said | None:
        if asked.method != "GET":
            return None
        if not asked.has_key:
            return Said(401, "Invalid token")
        return Said(200, SHOWN.value, ends=False) if asked.is_known else None

    run = audited(answer, request_timeout=0.3)
    assert run.rules == {"response.framing", "auth.challenge_missing"}
    assert not run.audit.runner.stopped
    assert sent_of(run, "authentication") == run.audit.plan.counts()["authentication"]
    assert len(timed_out(run)) <= 4
    assert not run.report.missing


def test_the_door_is_judged_where_every_read_is_cut_off() -> None:
    def answers(got: Got) -> Bytes | None:
        if got.has_key and got.is_known and got.method == "GET":
            return Bytes(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"
            )
        return message(401, b'"Invalid token"', got) if not got.has_key else None

    run = audited_raw(answers)
    assert run.rules == {"response.framing", "auth.challenge_missing"}
    assert not run.audit.runner.stopped
    assert sent_of(run, "authentication") == run.audit.plan.counts()["authentication"]


def test_a_target_none_of_whose_bodies_ends_is_an_outage_whatever_its_heads_say() -> None:
    for status in (200, 404):
        run = audited(lambda _, status=status: Said(status, "no", ends=False), request_timeout=0.2)  # type: ignore[misc]
        assert (run.report.verdict, run.rules) == ("inconclusive", set())
        assert "no answer of the target came to its end" in str(run.report.sentence)
        assert len(timed_out(run)) <= 5


def test_a_target_that_answers_nothing_at_all_ends_the_run() -> None:
    run = audited_raw(lambda _: Bytes(b"", ends=False), request_timeout=0.2)
    assert "did not answer" in str(run.audit.runner.stopped)
    assert len(timed_out(run)) <= 3


def test_one_silent_id_does_not_leave_the_other_odd_ids_out() -> None:
    def answer(asked: Asked) -> Said | None:
        return Said(404, "404 page not found", ends=False) if asked.has_key and "%00" in asked.path else None

    run = audited(answer, request_timeout=0.3)
    hostile = [exchange for exchange in run.report.ledger.exchanges if exchange.probe.chapter == "hostile_ids"]
    assert len({exchange.number for exchange in hostile}) > 30


def test_a_run_ends_where_the_next_pause_would_outlast_its_duration() -> None:
    run = audited(lambda _: None, max_duration=5.0, rate_limit=RateLimit.parse("1/m"))
    assert "--max-duration allows more" in run.notes
    assert run.audit.runner.sent == 1
    assert all(seconds < 5 for seconds in run.slept)


def test_a_probe_that_waits_longer_than_the_run_is_not_waited_for() -> None:
    slept: list[float] = []
    with answering(lambda _: None) as server:
        budget = Budget(max_duration=5.0)
        with Target(server.base_url, KEY, present, budget=budget, sleep=slept.append) as target:
            probe = Probe("lifecycle", "poll", f"/batches/{BATCH_ID}", BATCH_ID, "known", wait=60.0)
            target.send(replace(probe, wait=0.0), 0)
            with pytest.raises(BudgetExhausted, match="--max-duration"):
                target.send(probe, 1)
    assert slept == []


# Broken behind the door


def test_broken_behind_the_door_is_one_cause_whatever_its_bytes() -> None:
    for broken in (BROKEN, Said(500, {"error": "oops"}), Said(500, "oops")):
        run = audited(lambda asked, broken=broken: broken if asked.has_key else REFUSED)  # type: ignore[misc]
        assert (run.report.verdict, run.rules) == ("inconclusive", set())
        assert str(run.report.sentence) == "Inconclusive: every request with the valid key is answered 500."
        assert "down" not in run.notes
        assert "outage" not in run.notes
        asked = Counter(exchange.probe.chapter for exchange in run.report.ledger.exchanges if exchange.final)
        assert asked["authentication"] >= 12


def test_a_known_id_that_is_always_broken_is_no_outage_of_the_target() -> None:
    oops = Said(500, {"error": {"message": "oops"}})
    run = audited(lambda asked: oops if asked.has_key and asked.is_known else None)
    assert "response.server_error" in run.rules
    assert "down" not in str(run.report.sentence) + run.notes
    assert {finding.side for finding in run.report.ledger.findings if finding.status == "500"} == {"server"}
    assert f"every read of the id {BATCH_ID} fails" in run.notes


def test_what_a_finding_says_of_server_errors_is_not_said_again_request_by_request() -> None:
    run = audited(lambda asked: BROKEN if asked.has_key and not asked.is_known else None)
    assert "response.server_error" in run.rules
    assert not [what for what in map(str, run.report.missing) if "but the one" in what]


def test_a_router_that_knows_other_paths_does_not_hide_that_all_reads_are_broken() -> None:
    def answer(asked: Asked) -> Said:
        if not asked.path.startswith("/v1/batches/") or asked.path.endswith("/") or "%" in asked.path:
            return NOT_FOUND
        return BROKEN if asked.has_key else REFUSED

    run = audited(answer)
    assert run.report.verdict == "inconclusive"
    assert "every request with the valid key is answered 500" in str(run.report.sentence)


def test_what_workers_leave_out_is_said_by_the_whole_run(tmp_path: Path) -> None:
    with answering(lambda asked: BROKEN if is_plain_unknown(asked) else None) as server:
        target = (f"--base-url={server.base_url}", f"--batch-id={BATCH_ID}")
        outcome = run_suite(tmp_path, *target, "-n", "2", env={"BATCH_API_KEY": KEY})
    assert not outcome.drift["complete"]
    assert [
        note for note in outcome.drift["notes"] if "not sent: unknown_ids with unknown ids gets server errors" in note
    ]

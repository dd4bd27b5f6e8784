"""A server whose door works and behind which everything is broken: one cause, no verdict, and the door is judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from judge_support import contract, refused, sent, unknown
from recorded_support import validated
from test_live_and_recorded import in_turn, line

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import judge
from batch_conformance.message import shown

OOPS = {"error": {"message": "An unexpected error occurred."}}
DOOR = (refused(), refused(credential="wrong"))
BROKEN = (sent(OOPS, 500), unknown(OOPS, 500), sent(OOPS, 500), unknown(OOPS, 500), sent(OOPS, 500))
CAUSE = "every request with the valid key is answered 500"


def judged(*exchanges: Exchange) -> Ledger:
    numbered = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(exchanges)]
    return judge(numbered, contract())


def told(ledger: Ledger) -> set[str]:
    return {finding.rule for finding in ledger.findings}


def test_what_is_broken_behind_the_door_is_one_cause_and_no_finding() -> None:
    ledger = judged(*DOOR, *BROKEN, sent(OOPS, 500, credential="lower_case_scheme"))
    assert (str(ledger.cause), told(ledger), ledger.missing) == (CAUSE, set(), ())


def test_the_door_is_judged_in_full() -> None:
    ledger = judged(refused(headers=()), refused("No", 403, credential="wrong"), *BROKEN)
    assert str(ledger.cause) == CAUSE
    assert told(ledger) == {"auth.challenge_missing", "auth.not_401"}


def test_a_door_that_breaks_at_one_kind_of_credential_is_told_of_beside_it() -> None:
    breaks = [refused(OOPS, 500, credential="no_scheme", name="no_scheme_known")] * 2
    ledger = judged(*DOOR, *BROKEN, breaks[0], DOOR[0], breaks[1], DOOR[1])
    assert "response.server_error" in told(ledger)


def test_what_an_answer_gives_away_is_told_all_the_same() -> None:
    trace = {"error": "Traceback (most recent call last)"}
    assert "security.trace_leaked" in told(judged(*DOOR, *BROKEN, sent(trace, 500)))


def test_one_answer_of_any_other_kind_is_another_cause() -> None:
    silent = sent(b"", answered=False, failure=Failure("timeout", shown("no complete answer within 10 s")))
    assert judged(*DOOR, *BROKEN, sent()).cause is None
    assert judged(*DOOR, *BROKEN, unknown()).cause is None
    assert judged(*DOOR, *BROKEN, silent).cause is None
    assert judged(*BROKEN).cause is None


def test_all_errors_that_came_are_named() -> None:
    assert (
        str(judged(*DOOR, *BROKEN, sent(OOPS, 502)).cause) == "every request with the valid key is answered 500 or 502"
    )


def test_a_recording_of_it_is_judged_alike(tmp_path: Path) -> None:
    run = in_turn(refused(), *BROKEN)
    (tmp_path / "run.ndjson").write_bytes(b"\n".join(line(exchange, intent=False) for exchange in run))
    result, drift = validated(tmp_path / "out", str(tmp_path / "run.ndjson"), "--credentials-recorded")
    assert (result.exit_code, drift["verdict"]) == (6, "inconclusive")
    assert CAUSE in json.dumps(drift)

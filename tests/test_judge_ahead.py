"""Times that are later than the Date of their answer, and files that two batches name."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate

import pytest
from judge_support import COMPLETED, OTHER, QUEUED, contract, sent

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.judge.judge import Judge, judge

SENT = 1_741_700_000.0


def read(created: float, date: float, at: float = SENT) -> Exchange:
    body = {**QUEUED, "created_at": int(created), "expires_at": int(created) + 86400}
    answer = sent(body, headers=(("Date", formatdate(date, usegmt=True)),))
    return replace(answer, number=0, started_at=at)


def rules_of(*exchanges: Exchange) -> set[str]:
    found = judge(exchanges, contract()).findings
    return {finding.rule for finding in found if finding.level != "info"}


@pytest.mark.parametrize("at", [SENT, SENT + 3600, SENT - 3600, 0.0])
def test_a_time_of_the_future_is_told_where_date_is_that_of_the_request(at: float) -> None:
    assert rules_of(read(created=SENT + 28_800, date=SENT, at=at)) == {"time.ahead"}


@pytest.mark.parametrize("at", [SENT + 10**7, SENT - 10**7])
def test_a_date_that_is_played_back_says_nothing_of_times(at: float) -> None:
    assert rules_of(read(created=SENT + 28_800, date=SENT, at=at)) == set()


def test_the_batch_that_names_a_file_first_is_not_told_of_whatever_comes_first() -> None:
    first = replace(sent(COMPLETED), number=0, started_at=SENT)
    body = {
        **COMPLETED,
        "id": OTHER,
        "created_at": 1741685414,
        "expires_at": 1741771814,
        "input_file_id": "file-other01",
    }
    second = replace(sent(body, batch_id=OTHER), number=1, started_at=SENT + 1)
    for order in ((first, second), (second, first)):
        judging = Judge(contract(), keeps_all=True)
        for exchange in order:
            judging.add(exchange)
        shared = [finding for finding in judging.ledger().findings if finding.rule == "results.shared"]
        assert [(finding.evidence.probe.batch_id, finding.pointer) for finding in shared] == [
            (OTHER, "/output_file_id")
        ]

"""Odd requests may be refused in any way; what lets one in is told once, as the widest hole that explains it."""

from __future__ import annotations

import pytest
from cases_odd import EXPLAINED, LET_IN, REFUSALS, let_in, odd
from judge_cases import GOOD, Sent
from judge_support import CHALLENGE, KNOWN, OTHER, findings, told

from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS


@pytest.mark.parametrize("run", REFUSALS, ids=lambda run: f"{run[-1].status}-{run[-1].probe.credential}")
def test_nothing_is_said_of_a_refusal_of_an_odd_request(run: Sent) -> None:
    assert [one for one in told(*run, info=True) if one[0] != "body.seen"] == []


@pytest.mark.parametrize("kind", LET_IN)
def test_an_odd_credential_that_gets_the_batch_is_told(kind: str) -> None:
    found = [one for one in findings(GOOD, let_in(kind), info=True) if one.rule.startswith("auth.")]
    assert [(one.rule, one.kind, one.level) for one in found] == [LET_IN[kind]]


@pytest.mark.parametrize(("kind", "wider"), EXPLAINED.items())
def test_a_wider_hole_is_told_in_the_place_of_an_odd_one(kind: str, wider: str) -> None:
    run = (GOOD, let_in(wider), let_in(kind))
    found = {one.kind for one in findings(*run, info=True) if one.rule.startswith("auth.")}
    assert ODD_CREDENTIALS[kind].kind not in found
    assert found


@pytest.mark.parametrize("kind", [name for name, odd_kind in ODD_CREDENTIALS.items() if odd_kind.batch_only])
def test_another_page_or_batch_at_an_odd_path_lets_nobody_in(kind: str) -> None:
    page = odd(b"<!doctype html>", 200, credential=kind, media_type="text/html", subject="outside")
    status = odd({"status": "ok"}, 200, credential=kind)
    other = let_in(kind, changes={"id": OTHER})
    assert told(GOOD, page, status, other) == []


def test_the_header_that_lets_in_is_named_and_told_apart() -> None:
    asked = (("Accept", "application/json"), ("X-Forwarded-User", "admin"))
    found = findings(GOOD, let_in("proxy_header", asked=asked))
    assert [(one.rule, one.kind) for one in found] == [("auth.missing_accepted", "x-forwarded-user")]
    assert "X-Forwarded-User" in str(found[0].observed)


def test_a_refused_client_says_nothing_of_the_key() -> None:
    blocked = odd(b"no", 401, ("User-Agent", "curl/8"), headers=(CHALLENGE,), batch_id=KNOWN)
    assert told(GOOD, blocked, GOOD) == []

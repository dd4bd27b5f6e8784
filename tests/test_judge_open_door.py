"""Where anybody is let in, the narrower questions of authentication stay open: none of them was kept."""

from __future__ import annotations

import json

import samples

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.exchange.exchange import Exchange, Probe, Request, Response
from batch_conformance.judge.judge import judge

BATCH = json.dumps(samples.BODY).encode()
KINDS = ("missing", "empty", "wrong", "nearly", "malformed", "wrong_scheme", "elsewhere_header")


def _states(known: int, unknown: int) -> dict[str, str]:
    """The states of the clauses of authentication, where all credentials are answered with these statuses."""
    exchanges = []
    for number, (kind, subject) in enumerate((k, s) for k in ("valid", *KINDS) for s in ("known", "unknown")):
        status = known if subject == "known" else unknown
        if kind == "valid":
            status = 200 if subject == "known" else 404
        body = BATCH if status == 200 else b'"no"'
        headers = (("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer"))
        batch_id = samples.BODY["id"] if subject == "known" else "batch_nobody"
        probe = Probe("authentication", kind, f"/batches/{batch_id}", str(batch_id), subject, credential=kind)
        request = Request("GET", f"http://127.0.0.1:1/v1{probe.path}", ())
        exchanges.append(Exchange(number, probe, request, Response(status, headers, body)))
    results = judge(exchanges, shipped_contract()).clauses
    return {result.clause.rule: result.state for result in results if result.clause.rule.startswith("auth.")}


def test_an_open_door_is_broken_once_and_nothing_narrower_is_called_kept() -> None:
    states = _states(known=200, unknown=404)
    assert states["auth.missing_accepted"] == "broken"
    narrower = ("auth.wrong_token_accepted", "auth.scheme_accepted", "auth.elsewhere_accepted", "auth.checked_late")
    assert {states[rule] for rule in narrower} == {"not_observed"}


def test_a_closed_door_keeps_all_of_them() -> None:
    states = _states(known=401, unknown=401)
    kept = ("auth.missing_accepted", "auth.wrong_token_accepted", "auth.scheme_accepted", "auth.elsewhere_accepted")
    assert {states[rule] for rule in (*kept, "auth.checked_late")} == {"kept"}

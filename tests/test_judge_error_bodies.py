"""The body of a server error that is not as documented is part of the finding that the server errs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judge_support import contract, findings, refused, sent, told, unknown
from recorded_support import validated
from test_live_and_recorded import in_turn, line

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.judge.applying import check
from batch_conformance.judge.error_bodies import put_beside, split
from batch_conformance.judge.judge import judge
from batch_conformance.observation.observation import Observation

OBJECT = {"error": {"message": "boom", "type": "server_error"}}
HTML = b"<html>oops</html>"


def failing(body: Any, status: int = 500, media_type: str = "application/json", **more: Any) -> list[Exchange]:
    """A run in which unknown ids, and nothing else, always end in this error."""
    wrong = [unknown(body, status, media_type=media_type, name=f"unknown_{n}", **more) for n in (1, 2)]
    return [sent(), *(one for pair in ((wrong[0], sent()), (wrong[1], sent())) for one in pair * 2)]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(OBJECT, "application/json"), (HTML, "text/html"), (b"500 oops", "application/json"), (b"", "application/json")],
)
def test_an_error_body_of_another_form_beside_the_error_is_no_second_finding(body: Any, media_type: str) -> None:
    (found,) = findings(*failing(body, media_type=media_type))
    assert (found.rule, found.level, found.kind) == ("response.server_error", "should", "unknown")
    assert ", in another body than documented (" in str(found.observed)


def test_it_is_the_finding_that_it_is_without_such_a_body() -> None:
    (right,) = findings(*failing({"code": 1, "message": "no", "data": None}))
    (other,) = findings(*failing(OBJECT))
    assert right.id == other.id
    assert "body" not in str(right.observed)


def test_a_body_that_breaks_the_document_keeps_its_level_and_its_clause() -> None:
    (found,) = findings(*failing(OBJECT, 503))
    assert (found.rule, found.status, found.level) == ("response.server_error", "503", "must")
    assert found.location is not None
    assert (found.location.origin, found.location.line > 0) == ("document", True)


def test_its_clauses_are_broken_all_the_same() -> None:
    numbered = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(failing(OBJECT))]
    states = {one.clause.id.partition(" ")[2]: one.state for one in judge(numbered, contract()).clauses}
    assert states["500 application/json /message body.required"] == "broken"


def test_the_body_of_an_error_that_came_once_or_was_asked_for_is_judged_by_itself() -> None:
    once = told(sent(), unknown(OBJECT, 500), sent())
    assert ("response.server_error", "500", "") not in once
    assert ("body.required", "500", "/message") in once
    asked = sent(OBJECT, 500, forced=500, name="forced")
    rules = [(rule, pointer) for rule, _, pointer in told(*failing(OBJECT), asked)]
    assert rules.count(("response.server_error", "")) == 1
    assert ("body.required", "/message") in rules


def test_errors_of_another_status_are_a_finding_each_and_keep_their_bodies_apart() -> None:
    run = [*failing(OBJECT), *failing(HTML, 503, "text/html", subject="outside", batch_id=None)]
    assert {rule for rule, *_ in told(*run)} == {"response.server_error"}


def error(subject: str, name: str, **more: Any) -> Exchange:
    return sent(OBJECT, 500, subject=subject, batch_id="batch_x", name=name, **more)


def kinds(*wrong: Exchange) -> list[str]:
    run = [one for exchange in (*wrong, *wrong) for one in (exchange, sent(name=f"up_{exchange.probe.name}"))]
    return sorted(one.kind for one in findings(sent(), *run) if one.rule == "response.server_error")


def test_what_breaks_for_known_and_unknown_ids_alike_is_one_cause() -> None:
    pair = [error("known", "accept_none_known"), error("unknown", "accept_none_unknown")]
    assert kinds(*pair) == ["known"]
    assert kinds(pair[0], error("unknown", "another_unknown")) == ["known", "unknown"]


def test_the_plainest_of_the_odd_ids_that_break_a_server_stands_for_them() -> None:
    odd = {name: error(name, name) for name in ("equivalent", "neighbour", "hostile")}
    assert kinds(*odd.values()) == ["equivalent"]
    assert kinds(odd["neighbour"], odd["hostile"]) == ["neighbour"]
    assert kinds(odd["hostile"]) == ["hostile"]
    assert kinds(*odd.values(), error("unknown", "plain")) == ["unknown"]


def test_credentials_that_break_a_server_are_one_cause_for_any_id() -> None:
    def wrong(subject: str, kind: str) -> Exchange:
        one = refused(OBJECT, 500, kind, subject=subject, name=f"{kind}_{subject}")
        return replace(one, probe=replace(one.probe, chapter="authentication"))

    assert kinds(wrong("known", "nearly"), wrong("unknown", "wrong")) == ["known"]


def test_a_recorded_error_has_its_body_beside_it_too(tmp_path: Path) -> None:
    run = in_turn(*failing(OBJECT))
    (tmp_path / "run.ndjson").write_bytes(b"\n".join(line(exchange, intent=True) for exchange in run))
    _, drift = validated(tmp_path / "out", str(tmp_path / "run.ndjson"))
    found = [one for one in drift["findings"] if one["level"] != "info"]
    assert [one["rule"] for one in found] == ["response.server_error"]
    assert "in another body than documented (/message: to be there)" in json.dumps(found)


@pytest.mark.parametrize(
    ("status", "apart"), [(499, False), (500, True), (599, True), (600, False)], ids=["499", "500", "599", "600"]
)
def test_the_body_of_every_server_error_is_told_apart(status: int, *, apart: bool) -> None:
    observation = Observation(sent(b"{", status), contract())
    broken = check(Observation(sent(b"{", 500), contract())).values()
    deviations = [one for found in broken for _, one in found]
    told_in = {bucket: {one.rule for one in of_one} for bucket, of_one in split(observation, deviations)}
    of_body = ("error_body", contract().chosen.id, str(status))
    assert ("json.invalid" in told_in.get(of_body, ())) is apart
    assert ("json.invalid" in told_in[()]) is not apart
    asked = Observation(sent(b"{", status, forced=status), contract())
    assert [bucket for bucket, _ in split(asked, deviations)] == [()]


def test_the_error_has_the_worse_level_and_the_clause_of_that() -> None:
    (error,) = findings(*failing({"code": 1, "message": "no", "data": None}))
    for level, worse in (("must", True), ("should", False), ("info", False)):
        body = replace(error, rule="body.type", level=level, pointer="/x", location=None)  # type: ignore[arg-type]
        (found,) = put_beside([error], [body, replace(body, pointer="/y")])
        assert (found.level, found.location) == ((level, None) if worse else (error.level, error.location))
        assert str(found.observed) == f"{error.observed}, in another body than documented (/x: {body.expected})"
        assert put_beside([error], [replace(body, operation="another")]) == (error,)
        assert put_beside([body], [body]) == (body,)
    (whole,) = put_beside([error], [replace(error, rule="json.invalid", pointer="")])
    assert str(whole.observed).endswith(f"in another body than documented ({error.expected})")

"""What a status is that the document does not list, and what is said of methods that it does not declare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from broken_support import broken, operation_of, seen, words
from cases_lists import lists
from judge_support import JSON, KNOWN, contract, contract_of, openai_like
from test_rules_refusal import of_uuids

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import ODD_REQUESTS, Failure
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.status import refused_for_its_id

RULES = {
    "response.status": "status",
    "response.undocumented_error": "error",
    "response.refused_input": "input",
    "response.not_acceptable": "accept",
}
METHOD = "method.undeclared_answered"
BARE = contract_of({"type": "object"}, security=True)
"""A contract that lists no error, and asks for a credential."""
LISTED = contract_of({"type": "object"}, security=True, responses={"400": {"description": "No."}})
"""One that lists an error, and none of 401 and 404."""
ACCEPTED = ("valid", "lower_case_scheme")


def what(status: int, under: Contract = BARE, body: Any = b"", query: str = "", **more: Any) -> str:
    """What a status is by the rules that are broken, with a space between them."""
    read = seen(body, status, under=under, probe={"query": query}, **more)
    found = [(name, one) for rule, name in RULES.items() for one in broken(rule, read)]
    assert all((one.kind, one.status, one.pointer) == (str(status), None, "") for _, one in found)
    return " ".join(name for name, _ in found)


def test_errors_that_http_has_are_errors_that_are_not_documented() -> None:
    statuses = (400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 413, 415, 418, 422, 426, 428)
    assert [one for one in statuses if what(one) == "error"] == [400, 401, 403, 404, 405, 406, 410]
    assert {what(one) for one in statuses} == {"error", "status"}


def test_other_statuses_are_none_that_the_document_lists() -> None:
    assert [what(one) for one in (100, 199, 201, 202, 204, 299, 300, 301, 304, 399)] == ["status"] * 10
    assert [what(one) for one in (200, 429, 500, 503, 599)] == [""] * 5
    assert [what(one) for one in (99, 600, 999)] == ["status"] * 3


def test_a_default_response_is_of_all_statuses_that_there_are() -> None:
    default = contract_of({"type": "object"}, responses={"default": {"description": "Any."}})
    assert [what(one, default) for one in (100, 201, 404, 418, 599)] == [""] * 5
    assert [what(one, default) for one in (99, 600)] == ["status"] * 2


def test_nothing_is_said_of_what_the_contract_does_not_cover() -> None:
    assert what(418, subject="outside") == what(418, method="DELETE") == what(418, answered=False) == ""
    location = (("Location", f"/v1/batches/{KNOWN}"),)
    assert what(301, subject="equivalent", headers=location) == ""
    assert what(301, headers=location) == "status"


def test_a_head_may_be_refused_as_a_method() -> None:
    assert [one for one in (404, 405, 418, 501, 410) if not what(one, method="HEAD")] == [404, 405, 501]
    assert what(501) == ""
    assert what(405, LISTED) == "status"


def test_an_accept_that_nothing_matches_may_be_refused() -> None:
    png = {"asked": (("Accept", "image/png"),)}
    assert what(406, **png) == what(406, LISTED, **png) == "accept"
    assert what(406) == "error"
    assert what(406, LISTED) == "status"
    assert what(404, **png) == "error"


def test_what_is_too_long_or_turned_away_is_odd_input() -> None:
    assert [what(one) for one in (414, 431)] == ["input"] * 2
    assert [what(one, subject="hostile") for one in (405, 414, 404)] == ["input"] * 3
    assert what(418, subject="hostile") == "status"
    assert what(413) == "status"


def test_where_errors_are_documented_only_those_for_which_none_is_foreseen_are_none() -> None:
    refused = {"credential": "wrong"}
    assert what(401, LISTED, **refused) == what(401, LISTED, credential="missing") == "error"
    assert [what(401, LISTED, credential=one) for one in ACCEPTED] == ["status"] * 2
    assert what(401, LISTED, subject="recorded") == "error"
    assert what(401, contract_of({"type": "object"}, responses={"400": {"description": "No."}}), **refused) == "status"
    assert what(403, LISTED, **refused) == "status"


def test_an_id_that_nobody_has_is_not_found_or_gone() -> None:
    subjects = ("known", "equivalent", "unknown", "neighbour", "outside", "recorded")
    found = [subject for subject in subjects if what(404, LISTED, subject=subject, batch_id="a") == "error"]
    assert found == ["unknown", "neighbour", "recorded"]
    assert what(410, LISTED, subject="unknown") == "error"
    assert what(403, LISTED, subject="unknown") == what(409, LISTED, subject="unknown") == "status"
    assert what(404, LISTED, subject="unknown", credential="wrong") == "status"
    assert what(404, LISTED, subject="unknown", credential="lower_case_scheme") == "error"
    gone = contract_of({"type": "object"}, responses={"410": {"description": "Gone."}})
    missing = contract_of({"type": "object"}, responses={"404": {"description": "No."}})
    assert what(404, gone, subject="unknown") == what(410, missing, subject="unknown") == "status"
    assert what(400, BARE, subject="unknown") == "error"


def test_a_parameter_that_no_document_has_may_be_refused_in_any_of_its_ways() -> None:
    assert what(422, LISTED, query="x=1") == "error"
    assert what(422, LISTED) == what(418, LISTED, query="x=1") == "status"


@pytest.mark.parametrize("role", ["upload", "create", "cancel"])
def test_what_changes_something_may_be_refused_for_its_time_or_its_content(role: str) -> None:
    under = replace(LISTED, operations=(replace(LISTED.operations[0], role=role),))  # type: ignore[arg-type]
    statuses = (400, 404, 405, 409, 410, 411, 413, 414, 415, 416, 421, 422, 423)
    assert [one for one in statuses if what(one, under) == "error"] == [404, 409, 413, 415, 422]
    reading = replace(LISTED, operations=(replace(LISTED.operations[0], role="retrieve"),))
    assert [one for one in statuses if what(one, reading) == "error"] == []


def test_a_status_is_told_with_those_that_are_listed() -> None:
    (one,) = broken("response.status", seen(b"", 418, reason="I'm a teapot"))
    assert (one.kind, one.status, one.media_type, one.level, one.side) == ("418", None, "", None, None)
    assert str(one.expected) == f"one of {', '.join(operation_of().responses)}"
    assert (one.expected.id, str(one.observed)) == ("response.status.expected", "418 I'm a teapot")
    (bare,) = broken("response.status", seen(b"", 418, under=BARE))
    assert (str(bare.expected), str(bare.observed)) == ("one of 200", "418")
    (none,) = broken("response.undocumented_error", seen(b"", 404, under=BARE))
    (for_it,) = broken("response.undocumented_error", seen(b"", 404, subject="unknown", under=LISTED))
    said = "response.undocumented_error"
    assert (none.expected.id, for_it.expected.id) == (f"{said}.none", f"{said}.none_for_it")


HOSTILE: dict[str, Any] = {"subject": "hostile", "batch_id": "'"}


def refused(body: Any = b"<html>", status: int = 404, media_type: str = "text/html", **more: Any) -> list[str]:
    read = seen(body, status, media_type=media_type, **{**HOSTILE, **more})
    return [str(one.observed) for one in broken("response.refused_input", read)]


def test_what_was_turned_away_is_compared_with_what_is_documented_of_its_status() -> None:
    assert refused()[0] == "404 with text/html"
    assert refused("no", media_type=JSON) == []
    assert refused(b"no", media_type=JSON) == ["404 with another body: plain text in the 404 body"]
    assert refused(b"no", media_type="text/plain")[0] == "404 with text/plain"
    assert refused({"a": 1}, media_type=JSON) == ["404 with another body: object"]
    assert refused(subject="unknown", batch_id="a") == []
    assert refused(answered=False) == []
    assert refused(b"<html>", 405) == ["405"]


def test_what_was_turned_away_is_told_with_what_is_documented() -> None:
    (first,) = broken("response.refused_input", seen(b"<html>", 404, media_type="text/html", **HOSTILE))
    (second,) = broken("response.refused_input", seen({"a": 1}, 404, **HOSTILE))
    assert [(one.kind, one.status, one.media_type) for one in (first, second)] == [("404", None, "")] * 2
    assert (str(first.expected), first.observed.id) == (JSON, "response.refused_input.media_type")
    assert words(second)[0] == "response.refused_input.body status=404"
    assert second.observed.id == "response.refused_input.another_body"
    assert dict(second.observed.arguments)["status"] == 404


def test_a_refusal_of_an_id_that_its_schema_does_not_admit_is_one_of_any_status() -> None:
    told = refused_for_its_id(seen(b"", 422, under=of_uuids()))
    assert (told.kind, told.status, told.side, told.media_type, told.pointer) == ("schema", "", "server", "", "")
    assert words(told) == (
        "response.refused_input.admitted parameter=batch_id",
        "response.refused_input.not_admitted status=422",
    )
    assert words(refused_for_its_id(seen(answered=False)))[1] == "response.refused_input.not_admitted status=0"


def method(name: str = "DELETE", status: int = 200, **more: Any) -> list[str]:
    return [one.kind for one in broken(METHOD, seen(b"", status, method=name, **more))]


def test_a_method_that_is_not_declared_does_not_succeed() -> None:
    assert method() == ["DELETE"]
    assert [one for one in (199, 200, 204, 299, 300, 404) if method(status=one)] == [200, 204, 299]
    assert [one for one in ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PATCH") if method(one)] == ["POST", "PATCH"]
    assert method(answered=False) == []
    (one,) = broken(METHOD, seen(b"", 204, method="DELETE", reason="No Content"))
    assert (one.kind, one.status, one.media_type, one.pointer, one.when) == ("DELETE", "", "", "", ())
    assert words(one)[0] == f"{METHOD}.expected method=DELETE"
    assert str(one.observed) == "204 No Content"


def override(body: Any = b"", name: str = "delete", **more: Any) -> list[tuple[str, tuple[str, ...]]]:
    asked = (("X-HTTP-Method-Override", name),)
    read = seen(body, asked=asked, chapter=ODD_REQUESTS, **more)
    return [(one.kind, one.when) for one in broken(METHOD, read)]


def test_a_method_that_a_header_asks_for_succeeds_only_where_no_unknown_id_does() -> None:
    assert override() == [("DELETE by a header", ("unless_any_id",))]
    assert override(name="get") == override(name="OPTIONS") == []
    another = {"code": 1, "message": "no", "data": None}
    form = "application/json\nobject\ncode\ndata\nmessage"
    assert override(another) == [("DELETE by a header", ("unless_refused_so", form, "unless_any_id"))]
    (one,) = broken(METHOD, seen(asked=(("X-HTTP-Method", "put"),)))
    assert words(one)[0] == f"{METHOD}.expected method=PUT"


def exercised(rule: str, read: Observation) -> bool:
    check = REGISTRY[rule].exercised
    assert check is not None
    return check(read)


def test_a_status_is_exercised_by_every_read_that_is_answered() -> None:
    assert exercised("response.status", seen())
    assert not exercised("response.status", seen(answered=False))
    assert not exercised("response.status", seen(method="DELETE"))


def test_an_error_is_exercised_by_one_that_says_something_of_the_api() -> None:
    statuses = (200, 399, 400, 404, 429, 499, 500)
    assert [one for one in statuses if exercised("response.undocumented_error", seen(status=one))] == [400, 404, 499]
    assert not exercised("response.undocumented_error", seen(answered=False))
    assert not exercised("response.undocumented_error", seen(status=404, failure=Failure("reset", shown("x"))))


def test_odd_input_is_exercised_by_odd_ids_and_statuses_that_were_not_given() -> None:
    subjects = ("known", "equivalent", "unknown", "neighbour", "hostile", "outside", "recorded")
    odd = "response.refused_input"
    assert [one for one in subjects if exercised(odd, seen(subject=one))] == ["neighbour", "hostile"]
    assert exercised(odd, seen(forced=404))
    assert not exercised(odd, seen(forced=200))
    assert exercised(odd, seen(batch_id="longer", under=of_uuids()))
    assert not exercised(odd, seen(batch_id="four", under=of_uuids()))
    assert not exercised(odd, seen(status=500, **HOSTILE))
    assert not exercised(odd, seen(status=500, batch_id="longer", under=of_uuids()))


def test_an_accept_is_exercised_where_it_admits_nothing_documented() -> None:
    png = {"asked": (("Accept", "image/png"),)}
    assert exercised("response.not_acceptable", seen(**png))
    assert not exercised("response.not_acceptable", seen())
    assert not exercised("response.not_acceptable", seen(answered=False, **png))


def test_a_method_is_exercised_where_it_is_not_declared() -> None:
    assert exercised(METHOD, seen(method="DELETE"))
    assert not exercised(METHOD, seen(method="HEAD"))
    assert not exercised(METHOD, seen())
    assert not exercised(METHOD, seen(status=500, method="DELETE"))


@pytest.mark.parametrize("rule", [*RULES, METHOD])
@pytest.mark.parametrize("under", [contract(), openai_like(), lists()])
def test_each_rule_has_one_clause_of_all_statuses(rule: str, under: Contract) -> None:
    for operation in under.operations:
        (clause,) = REGISTRY[rule].clauses_of(operation)
        assert (clause.status, clause.media_type, clause.pointer) == ("", "", "")
        assert clause.says.id == f"{rule}.clause"


def test_what_says_a_deviation_and_why_nothing_was_seen() -> None:
    assert {rule: REGISTRY[rule].said_by for rule in (*RULES, METHOD)} == {
        **dict.fromkeys(("response.status", "response.undocumented_error"), "response"),
        **dict.fromkeys(("response.refused_input", "response.not_acceptable", METHOD), "source"),
    }
    unseen = {rule: REGISTRY[rule].unseen for rule in (*RULES, METHOD)}
    told = {rule: one.id for rule, one in unseen.items() if one is not None}
    assert told == {rule: f"{rule}.unseen" for rule in ("response.refused_input", METHOD)}
    declared = next(REGISTRY[METHOD].clauses_of(operation_of())).location
    assert declared == operation_of().location

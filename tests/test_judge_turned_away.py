"""What a server, or a gateway before it, says to requests that no client sends is not held against it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.exchange.exchange import UNKNOWN_QUERY, Exchange, Probe, Request, Response
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import judge

PROBLEM = b'{"type": "about:blank", "title": "cannot give 429", "status": 404}'


def _judged(probe: Probe, status: int, content_type: str, body: bytes) -> Ledger:
    response = Response(status, (("Content-Type", content_type),), body)
    request = Request("GET", "http://127.0.0.1:1/v1" + probe.path, ())
    return judge([Exchange(0, probe, request, response)], shipped_contract())


def _probe(**given: object) -> Probe:
    return Probe(**{"chapter": "c", "name": "n", "path": "/batches/batch_a", "batch_id": "batch_a", **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "probe",
    [
        _probe(subject="known", forced_status=429, headers=(("Prefer", "code=429"),)),
        _probe(subject="hostile", batch_id="'; --"),
    ],
    ids=["a status that was asked for and not given", "a hostile id"],
)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/problem+json", PROBLEM), ("text/html", b"<html>no</html>"), ("application/json", PROBLEM)],
)
def test_a_refusal_of_an_odd_request_in_other_words_is_information(
    probe: Probe, content_type: str, body: bytes
) -> None:
    findings = _judged(probe, 404, content_type, body).findings
    assert {(finding.level, finding.rule) for finding in findings if finding.rule != "body.seen"} == {
        ("info", "response.refused_input")
    }


@pytest.mark.parametrize("status", [413, 414, 431])
def test_an_id_that_is_too_long_for_what_reads_the_request_is_information(status: int) -> None:
    probe = _probe(subject="hostile", batch_id="e" * 8000, path="/batches/" + "e" * 8000)
    text = b"Request header exceeds the size limit"
    found = _judged(probe, status, "text/plain; charset=utf-8", text).findings
    assert {(finding.level, finding.rule) for finding in found} == {("info", "response.refused_input")}


@pytest.mark.parametrize("subject", ["known", "unknown"])
def test_a_413_for_an_honest_request_is_drift(subject: str) -> None:
    findings = _judged(_probe(subject=subject), 413, "text/plain", b"too large").findings
    assert "must" in {finding.level for finding in findings}


@pytest.mark.parametrize("status", [200, 404])
def test_the_same_answer_to_an_honest_request_is_drift(status: int) -> None:
    findings = _judged(_probe(subject="unknown"), status, "application/problem+json", PROBLEM).findings
    assert "must" in {finding.level for finding in findings}


def test_the_media_type_of_a_status_that_only_an_overlay_documents_is_a_should() -> None:
    probe = _probe(subject="hostile", batch_id="%", path="/batches/%")
    found = _judged(probe, 500, "text/plain", b"Failed to decode param").findings
    levels = {finding.rule: finding.level for finding in found}
    assert levels["response.media_type"] == "should"


def test_a_status_that_was_asked_for_and_given_is_judged() -> None:
    probe = _probe(subject="known", forced_status=404, headers=(("Prefer", "code=404"),))
    rules = {finding.rule for finding in _judged(probe, 404, "application/json", PROBLEM).findings}
    assert "body.type" in rules


def _listing(*statuses: str) -> Contract:
    """A secured contract that lists these statuses beside its 200."""
    answers = {"200": {"description": "It."}, **{status: {"description": "No."} for status in statuses}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Few", "version": "1"},
        "security": [{"b": []}],
        "paths": {"/batches/{batch_id}": {"get": {"operationId": "getIt", "responses": answers}}},
        "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
    }
    return compile_contract(parse_document(json.dumps(document).encode(), "few.json"))


def _levels(probe: Probe, status: int, of: Contract) -> set[tuple[str, str]]:
    headers = (("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer"))
    exchange = Exchange(0, probe, Request("GET", "http://127.0.0.1:1/x", ()), Response(status, headers, b"{}"))
    return {(finding.level, finding.rule) for finding in judge([exchange], of).findings}


@pytest.mark.parametrize(
    ("probe", "status"),
    [
        (_probe(subject="known", credential="missing"), 401),
        (_probe(subject="unknown", credential="wrong"), 401),
        (_probe(subject="recorded"), 401),
        (_probe(subject="unknown"), 404),
        (_probe(subject="unknown"), 410),
        (_probe(subject="recorded"), 404),
    ],
)
def test_what_no_document_foresees_is_answered_as_http_has_it(probe: Probe, status: int) -> None:
    assert _levels(probe, status, _listing("422", "500")) == {("info", "response.undocumented_error")}
    assert _levels(probe, status, _listing()) == {("info", "response.undocumented_error")}
    assert _levels(probe, status, _listing(str(status))) == set()


@pytest.mark.parametrize(
    ("probe", "status", "listed"),
    [
        (_probe(subject="known"), 404, "422"),
        (_probe(subject="unknown"), 409, "422"),
        (_probe(subject="unknown"), 410, "404"),
    ],
)
def test_any_other_status_that_is_not_listed_is_drift(probe: Probe, status: int, listed: str) -> None:
    assert ("must", "response.status") in _levels(probe, status, _listing(listed))


@pytest.mark.parametrize("subject", ["known", "unknown"])
def test_a_401_to_the_key_that_is_not_listed_is_drift_where_the_key_is_accepted_elsewhere(subject: str) -> None:
    request = Request("GET", "http://127.0.0.1:1/x", ())
    refused = Exchange(1, _probe(subject=subject), request, Response(401, (("WWW-Authenticate", "Bearer"),), b""))
    accepted = Exchange(0, _probe(subject="known"), request, Response(200, (), b"{}"))
    told = [
        {finding.rule for finding in judge(run, _listing("422")).findings} for run in ([refused], [accepted, refused])
    ]
    assert ["response.status" in rules for rules in told] == [False, True]


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize("listed", [(), ("500",)], ids=["no error listed", "another error listed"])
@pytest.mark.parametrize("subject", ["known", "unknown"])
def test_a_parameter_that_no_document_has_may_be_refused(status: int, listed: tuple[str, ...], subject: str) -> None:
    probe = _probe(subject=subject, query=UNKNOWN_QUERY)
    assert _levels(probe, status, _listing(*listed)) == {("info", "response.undocumented_error")}
    assert _levels(probe, status, _listing(str(status))) == set()


def test_a_refused_parameter_is_no_change_of_the_answer() -> None:
    request = Request("GET", "http://127.0.0.1:1/x", ())
    read = Exchange(0, _probe(subject="known"), request, Response(200, (), b"{}"))
    asked = Exchange(1, _probe(subject="known", query=UNKNOWN_QUERY), request, Response(400, (), b"{}"))
    rules = {finding.rule for finding in judge([read, asked], _listing("400")).findings}
    assert "stability.answer_changed" not in rules


USUAL = "/v1/batches/batch_a"


def _spelled(status: int, body: bytes = b"", content_type: str = "application/json", location: str = "") -> Exchange:
    """The answer to a known id in another spelling (RFC 3986 section 6.2.2)."""
    headers = [("Content-Type", content_type)] if body else []
    headers += [("Location", location)] if location else []
    request = Request("GET", "http://127.0.0.1:1/v1/batches/%62atch_a", ())
    return Exchange(
        0, _probe(subject="equivalent", path="/batches/%62atch_a"), request, Response(status, (*headers,), body)
    )


def _told(*exchanges: Exchange, of: Contract | None = None) -> list[tuple[str, str, str]]:
    numbered = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(exchanges)]
    found = judge(numbered, of or shipped_contract()).findings
    return [(one.level, one.rule, one.status) for one in found if one.rule != "body.seen"]


@pytest.mark.parametrize("location", [USUAL, "http://127.0.0.1:1" + USUAL, "https://api.example.com" + USUAL + "?x=1"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("body", [b"", b"<html>moved</html>", b'{"moved": true}'])
def test_a_redirect_to_the_usual_spelling_is_information_whatever_the_document_says_of_other_statuses(
    location: str, status: int, body: bytes
) -> None:
    error = {"description": "No.", "headers": {"X-Id": {"required": True, "schema": {"type": "string"}}}}
    error |= {"content": {"application/json": {"schema": {"type": "object", "required": ["error"]}}}}
    told = [("info", "identity.spelling_redirected", "default")]
    assert _told(_spelled(status, body, location=location), of=_with(default=error)) == told
    assert _told(_spelled(status, body, location=location), of=_with(**{"3XX": error}))[0][:2] == told[0][:2]
    assert _told(_spelled(status, body, location=location)) == [("info", "identity.spelling_redirected", str(status))]


def _with(**responses: object) -> Contract:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "All", "version": "1"},
        "paths": {"/batches/{batch_id}": {"get": {"responses": {"200": {"description": "It."}, **responses}}}},
    }
    return compile_contract(parse_document(json.dumps(document).encode(), "all.json"))


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [("text/html", b"<html>no</html>"), ("application/json", b'{"error": "no"}'), ("application/json", b"")],
)
def test_another_spelling_that_is_not_found_in_other_words_than_the_apis_own_is_information(
    status: int, content_type: str, body: bytes
) -> None:
    unknown = Exchange(
        1,
        _probe(subject="unknown", batch_id="batch_x", path="/batches/batch_x"),
        Request("GET", "http://127.0.0.1:1/v1/batches/batch_x", ()),
        Response(404, (("Content-Type", "application/json"),), b'"404 page not found"'),
    )
    told = _told(unknown, _spelled(status, body, content_type))
    assert {level for level, *_ in told} <= {"info"}
    assert {rule for _, rule, _ in told} <= {"response.refused_input"}


def test_another_spelling_that_is_not_found_in_the_apis_own_words_is_judged_with_them() -> None:
    own = Response(404, (("Content-Type", "application/json"),), b'{"error": "no"}')
    request = Request("GET", "http://127.0.0.1:1/v1/batches/batch_x", ())
    unknown = Exchange(1, _probe(subject="unknown", batch_id="batch_x", path="/batches/batch_x"), request, own)
    assert _told(unknown, _spelled(404, own.body)) == [("must", "body.type", "404")]


def test_another_spelling_that_is_not_found_says_nothing_of_the_batch() -> None:
    right = b'"404 page not found"'
    assert _told(_spelled(404, right)) == []


@pytest.mark.parametrize("name", ["trace_1", "trace_2"])
def test_an_error_with_a_member_of_another_name_each_time_is_the_apis_own(name: str) -> None:
    def answered(subject: str, batch_id: str, member: str) -> Exchange:
        body = json.dumps({"code": 1, "message": "no", "data": "", member: 1}).encode()
        probe = _probe(subject=subject, batch_id=batch_id, path="/batches/x")
        response = Response(400, (("Content-Type", "application/json"),), body)
        return Exchange(0, probe, Request("GET", "http://127.0.0.1:1/v1/batches/x", ()), response)

    told = _told(answered("unknown", "batch_x", "trace_0"), answered("hostile", "'; --", name))
    assert {rule for _, rule, _ in told} == {"body.undeclared"}

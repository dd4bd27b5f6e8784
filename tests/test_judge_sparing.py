"""What real servers of this API do and may do: none of it is held against them."""

from __future__ import annotations

from typing import Any

import pytest
from judge_support import COMPLETED, JSON, KNOWN, NEVER_SET, QUEUED, findings, openai_like, refused, sent, told, unknown

from batch_conformance.message import shown

START = 1741685413
RUNNING = {**QUEUED, "status": "in_progress", "in_progress_at": START + 7}
ENDED = {**COMPLETED, "completed_at": None}
COUNTED = {"total": 100, "completed": 95, "failed": 5}

BATCHES: dict[str, dict[str, Any]] = {
    "the vendor's own example": QUEUED,
    "errors and counts null, as when it was created": {**QUEUED, "errors": None, "request_counts": None},
    "the guide's example: validating, counts 0, no late times": {
        **{name: value for name, value in QUEUED.items() if name not in ("finalizing_at", "cancelled_at")},
        "status": "validating",
        "errors": None,
        "expires_at": START + 28135,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": None,
    },
    "unset fields left out": {name: value for name, value in QUEUED.items() if value is not None},
    "no expiry yet": {name: value for name, value in QUEUED.items() if name != "expires_at"},
    "in progress without its time": {**QUEUED, "status": "in_progress"},
    "running, half of it done": {**RUNNING, "request_counts": {"total": 100, "completed": 40, "failed": 1}},
    "completed": COMPLETED,
    "completed without the times of stages": {**COMPLETED, "in_progress_at": None, "finalizing_at": None},
    "created and started in the same second": {**COMPLETED, "in_progress_at": START},
    "finalized and completed in the same second": {**COMPLETED, "finalizing_at": COMPLETED["completed_at"]},
    "completed, all of it failed, and no output": {
        **COMPLETED,
        "output_file_id": None,
        "request_counts": {"total": 9, "completed": 0, "failed": 9},
    },
    "just completed, output still to come": {**COMPLETED, "output_file_id": None, "error_file_id": None},
    "output file given as a URL": {**COMPLETED, "output_file_id": "https://cdn.example.com/o.jsonl?sig=a%2Fb&exp=1"},
    "failed in validation": {
        **QUEUED,
        "status": "failed",
        "failed_at": START + 3,
        "errors": ["line 3 is no JSON"],
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
    },
    "failed, its end written into completed_at too": {
        **ENDED,
        "status": "failed",
        "failed_at": START + 97,
        "completed_at": START + 97,
    },
    "expired with output and partial counts": {
        **ENDED,
        "status": "expired",
        "expired_at": QUEUED["expires_at"],
        "request_counts": {"total": 10, "completed": 1, "failed": 0},
    },
    "cancelling": {**RUNNING, "status": "cancelling", "cancelling_at": START + 9},
    "cancelling after it was finalizing": {
        **RUNNING,
        "status": "cancelling",
        "finalizing_at": START + 8,
        "cancelling_at": START + 9,
    },
    "cancelled with partial counts": {
        **ENDED,
        "status": "cancelled",
        "finalizing_at": None,
        "cancelling_at": START + 9,
        "cancelled_at": START + 1500,
        "request_counts": {"total": 2000, "completed": 142, "failed": 0},
    },
    "cancelled, the time of the request to cancel unset": {
        **ENDED,
        "status": "cancelled",
        "finalizing_at": None,
        "cancelled_at": START + 1500,
    },
    "a window of two weeks": {**QUEUED, "completion_window": "336h", "expires_at": START + 336 * 3600},
    "large unicode metadata": {**QUEUED, "metadata": {"名前 🚀" * 50: "é" * 5000, "nested": {"a": [1, None, {}]}}},
}


@pytest.mark.parametrize("body", BATCHES.values(), ids=BATCHES.keys())
def test_a_batch_that_real_servers_send_is_not_accused(body: dict[str, Any]) -> None:
    assert told(sent(body)) == []


def test_a_batch_may_skip_states_between_two_reads() -> None:
    assert told(sent(QUEUED), sent(RUNNING), sent(COMPLETED)) == []
    assert told(sent(QUEUED), sent(COMPLETED)) == []


def test_counts_are_zero_while_validating_and_fixed_later() -> None:
    steps = [(0, 0, 0), (2, 0, 0), (2, 1, 0), (2, 2, 0)]
    reads = [
        sent({**RUNNING, "request_counts": dict(zip(("total", "completed", "failed"), step, strict=True))})
        for step in steps
    ]
    assert told(*reads) == []


def test_a_batch_that_is_cancelled_never_goes_back() -> None:
    cancelling = {**RUNNING, "status": "cancelling", "cancelling_at": START + 9}
    cancelled = {**cancelling, "status": "cancelled", "cancelled_at": START + 20}
    assert told(sent(RUNNING), sent(cancelling), sent(cancelled)) == []
    assert told(sent(RUNNING), sent(cancelling), sent({**COMPLETED, "cancelling_at": START + 9})) == []


def test_an_error_without_code_and_one_with_a_second_text_are_documented_elsewhere() -> None:
    limited = unknown({"message": "TPM limit reached.", "data": None}, 429)
    broken = unknown({"code": 20402, "message": "Model not found.", "data": None, "error": "Model not found."}, 500)
    busy = unknown({"code": 50508, "message": "System is too busy now.", "data": None}, 503)
    model = unknown({"code": 20012, "message": "Model does not exist.", "data": None}, 400)
    assert told(limited, broken, busy, model) == []


@pytest.mark.parametrize("status", [400, 404])
def test_a_malformed_id_may_be_called_malformed_or_unknown(status: int) -> None:
    body = "404 page not found" if status == 404 else {"code": 20015, "message": "malformed id", "data": None}
    assert told(sent(), unknown(body, status)) == []


def test_an_occasional_limit_is_no_drift() -> None:
    limited = sent({"message": "slow down", "data": None}, 429, headers=(("Retry-After", "1"),), final=False)
    assert told(sent(), limited, sent(), refused(), unknown()) == []


def test_one_dropped_connection_that_a_retry_heals_is_nothing() -> None:
    from batch_conformance.exchange.exchange import Failure  # noqa: PLC0415

    dropped = sent(b"", answered=False, failure=Failure("reset", shown("reset")), number=1, final=False)
    assert told(sent(number=0), dropped, sent(number=1, attempt=1), sent(number=2)) == []


@pytest.mark.parametrize(
    "asked", [(("Accept", "text/html"),), (), (("Accept", "*/*"),), (("Accept", "application/xml"),)]
)
def test_json_may_be_answered_to_any_accept(asked: tuple[tuple[str, str], ...]) -> None:
    assert told(sent(asked=asked), unknown(asked=asked)) == []


def test_head_may_be_refused_and_leave_its_headers_out() -> None:
    no_head = sent(b"", 405, method="HEAD", media_type="text/plain", headers=(("Allow", "GET"),))
    assert told(sent(), no_head) == []
    assert told(sent(), sent(b"", 501, method="HEAD", media_type=None)) == []
    assert told(sent(), sent(b"", method="HEAD", media_type=None)) == []


@pytest.mark.parametrize(
    ("status", "body", "media_type"),
    [
        (404, b"<html><head><title>404 Not Found</title></head></html>", "text/html"),
        (400, b"<html><head><title>400 Bad Request</title></head></html>", "text/html"),
        (404, {"detail": "Not Found"}, JSON),
        (404, b"404 page not found\n", "text/plain; charset=utf-8"),
        (404, b"<!DOCTYPE html><pre>Cannot GET /v1/batches/x</pre>", "text/html; charset=utf-8"),
        (414, b"", None),
        (431, b"", None),
        (403, b"<html>blocked by the firewall</html>", "text/html"),
    ],
)
def test_what_stands_before_the_api_may_turn_a_hostile_id_away(status: int, body: Any, media_type: str) -> None:
    hostile = sent(body, status, subject="hostile", batch_id="../../etc/passwd", media_type=media_type)
    assert told(sent(), hostile) == []


def test_the_vendors_example_breaks_only_the_published_reading() -> None:
    from judge_support import contract  # noqa: PLC0415

    found = findings(sent(), under=contract("published"))
    assert {finding.pointer for finding in found} == {f"/{name}" for name in NEVER_SET}
    assert {(finding.rule, finding.side, finding.level, finding.kind) for finding in found} == {
        ("body.type", "document", "must", "null")
    }
    assert len(found) == 9
    assert findings(sent(), under=contract("documented")) == ()


def test_where_no_error_is_documented_errors_used_as_http_means_them_are_information() -> None:
    def envelope(code: str) -> dict[str, Any]:
        return {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": code}}

    answers = [
        refused(envelope("invalid_api_key")),
        unknown(envelope("batch_not_found")),
        unknown(envelope("rate_limit"), 429, headers=(("Retry-After", "2"),)),
        unknown(envelope("method"), 405, method="HEAD", headers=(("Allow", "GET"),)),
        sent(envelope("gone"), 410),
    ]
    for answer in answers:
        found = findings(answer, under=openai_like(), info=True)
        assert {finding.level for finding in found} <= {"info"}
    assert told(*answers, under=openai_like()) == []


def test_a_base64_id_and_a_long_one_are_compared_as_they_are() -> None:
    odd = "bGl0ZWxsbV9wcm94eTtiYXRjaF8x=="
    assert told(sent({**QUEUED, "id": odd}, batch_id=odd)) == []
    assert told(sent({**QUEUED, "id": KNOWN * 20}, batch_id=KNOWN * 20)) == []

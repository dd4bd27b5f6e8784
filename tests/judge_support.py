"""Exchanges made by hand, for the judge: one call each, everything that does not matter filled in."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from batch_conformance.contract.contract import Contract, Reading, compile_contract
from batch_conformance.contract.document import load_document, parse_document
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.exchange.exchange import Exchange, Failure, Probe, Request, Response
from batch_conformance.findings.finding import Deviation, Finding
from batch_conformance.judge.applying import about, check
from batch_conformance.judge.judge import judge
from batch_conformance.observation.observation import Observation

KNOWN = "batch_rdyqgrcgjg"
OTHER = "batch_wjqopfncal"
UNKNOWN = "batch_nobodyhas1"
JSON = "application/json"
CHALLENGE = ("WWW-Authenticate", 'Bearer realm="api"')
VALIDATED = (
    "public, max-age=0, must-revalidate",
    "public, no-cache",
    "public, max-age=60, No-Cache",
    "s-maxage=0",
    "public, max-age=60, s-maxage=0",
    "public, max-age=0, proxy-revalidate",
)
"""Values of Cache-Control that have a shared cache validate a response before each use."""
ACCEPT_JSON = (("Accept", JSON),)
DATA = Path(__file__).parent / "data"

NEVER_SET = (
    "output_file_id", "error_file_id", "in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
    "cancelling_at", "cancelled_at",
)  # fmt: skip
"""The fields whose own examples are null in the published document."""

QUEUED: dict[str, Any] = {
    "id": KNOWN,
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": [],
    "input_file_id": "file-jkvytbjtow",
    "completion_window": "24h",
    "status": "in_queue",
    **dict.fromkeys(NEVER_SET),
    "created_at": 1741685413,
    "expires_at": 1741771813,
    "request_counts": {},
    "metadata": {"description": "nightly eval job"},
}
"""The vendor's own example of a batch."""

COMPLETED: dict[str, Any] = {
    **QUEUED,
    "status": "completed",
    "output_file_id": "file-output0001",
    "error_file_id": "file-errors0001",
    "in_progress_at": 1741685420,
    "finalizing_at": 1741685500,
    "completed_at": 1741685510,
    "request_counts": {"total": 100, "completed": 95, "failed": 5},
}
OPENAI: dict[str, Any] = {
    "id": KNOWN,
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "input_file_id": "file-abc123",
    "completion_window": "24h",
    "status": "completed",
    "output_file_id": "file-cvaTdG",
    "created_at": 1711471533,
    "in_progress_at": 1711471538,
    "expires_at": 1711557933,
    "finalizing_at": 1711493133,
    "completed_at": 1711493163,
    "request_counts": {"total": 100, "completed": 95, "failed": 5},
    "metadata": {"customer_id": "user_123456789"},
}
"""A batch that keeps the contract of the OpenAI form in ``data/openai-like.yaml``."""

OPENAI_HEADERS = (("X-Request-Id", "req_0001"), ("X-RateLimit-Remaining", "41"))


@cache
def contract(reading: Reading = "documented") -> Contract:
    return shipped_contract(reading)


@cache
def openai_like(reading: Reading = "documented") -> Contract:
    return compile_contract(load_document(DATA / "openai-like.yaml", "openai-like.yaml"), reading)


def contract_of(
    schema: Any,
    *,
    openapi: str = "3.0.3",
    schemas: dict[str, Any] | None = None,
    responses: dict[str, Any] | None = None,
    reading: Reading = "published",
    security: bool = False,
) -> Contract:
    """A small contract whose 200 has this schema; ``responses`` are further ones. ``security`` has it ask for a key."""
    answers = {"200": {"description": "It.", "content": {JSON: {"schema": schema}}}, **(responses or {})}
    document: dict[str, Any] = {
        "openapi": openapi,
        "info": {"title": "Small", "version": "1"},
        "paths": {"/batches/{batch_id}": {"get": {"operationId": "getIt", "responses": answers}}},
        "components": {"schemas": schemas or {}},
    }
    if security:
        document["components"] = {
            "schemas": schemas or {},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        }
        document["security"] = [{"key": []}]
    return compile_contract(parse_document(json.dumps(document, indent=1).encode(), "small.json"), reading)


def sent(
    body: Any = QUEUED,
    status: int = 200,
    *,
    subject: str = "known",
    batch_id: str | None = KNOWN,
    credential: str = "valid",
    method: str = "GET",
    asked: tuple[tuple[str, str], ...] = ACCEPT_JSON,
    media_type: str | None = JSON,
    headers: tuple[tuple[str, str], ...] = (),
    name: str = "read",
    chapter: str = "chapter",
    forced: int | None = None,
    failure: Failure | None = None,
    answered: bool = True,
    number: int = -1,
    attempt: int = 0,
    final: bool = True,
    reflections: tuple[str, ...] = (),
    path: str = "",
    **response: Any,
) -> Exchange:
    """One exchange. ``body`` is sent as JSON unless it is bytes; ``answered`` is false where no response came.

    ``path`` is empty where it is that of the id.
    """
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = path or f"/batches/{batch_id or ''}"
    named = (("Content-Type", media_type),) if media_type is not None else ()
    return Exchange(
        number=number,
        probe=Probe(
            chapter,
            name,
            path,
            batch_id,
            subject,  # type: ignore[arg-type]
            method=method,
            headers=asked,
            credential=credential,
            forced_status=forced,
        ),
        request=Request(method, f"https://api.example.com/v1{path}", asked),
        response=Response(status, (*named, *headers), raw, **response) if answered else None,
        failure=failure,
        attempt=attempt,
        final=final,
        reflections=reflections,
    )


def unknown(body: Any = "404 page not found", status: int = 404, **more: Any) -> Exchange:
    """The answer to an id that nobody has."""
    return sent(body, status, **{"subject": "unknown", "batch_id": UNKNOWN, **more})


def refused(body: Any = "Invalid token", status: int = 401, credential: str = "missing", **more: Any) -> Exchange:
    """The answer to a credential that must be refused."""
    headers = (CHALLENGE,) if status == 401 else ()
    return sent(body, status, credential=credential, **{"headers": headers, **more})


def judge_one(observation: Observation) -> list[Deviation]:
    """All rules that one exchange breaks by itself, but those about who is let in and which batch is answered."""
    return about(check(observation), "document", "protocol", "sense", "leak")


def of_body(observation: Observation) -> list[Deviation]:
    """What is wrong with the body of an exchange alone."""
    return [one for one in about(check(observation), "document") if not one.rule.startswith("response.")]


def in_order(*exchanges: Exchange) -> list[Exchange]:
    """Exchanges with the numbers and times of their order, a second apart; a number that one has stays."""
    return [
        replace(exchange, number=place if exchange.number < 0 else exchange.number, started_at=float(place))
        for place, exchange in enumerate(exchanges)
    ]


def findings(*exchanges: Exchange, under: Contract | None = None, info: bool = False) -> tuple[Finding, ...]:
    """What the judge finds in exchanges, in the order sent; without ``info``, only what makes a run red."""
    found = judge(in_order(*exchanges), under or contract()).findings
    return tuple(finding for finding in found if info or finding.level != "info")


def told(*exchanges: Exchange, under: Contract | None = None, info: bool = False) -> list[tuple[str, str, str]]:
    """Rule, status and pointer of each finding."""
    found = findings(*exchanges, under=under, info=info)
    return [(finding.rule, finding.status, finding.pointer) for finding in found]


def rules(*exchanges: Exchange, under: Contract | None = None) -> list[str]:
    """The rules of all findings, those of level ``info`` too, without the fields that were never seen."""
    found = findings(*exchanges, under=under, info=True)
    return [finding.rule for finding in found if finding.rule != "body.seen"]

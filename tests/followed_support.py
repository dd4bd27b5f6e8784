"""Batches that were made and followed, as a run would have seen them; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation_role import OperationRole
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.exchange import Exchange, Probe, Request, Response
from batch_conformance.judge.followed import of_writes
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.followed import (
    BadRequest,
    Cancel,
    Followed,
    MadeBatch,
    ResultFile,
    ResultKind,
    SentFile,
    Upload,
    WithoutKey,
    stage_in,
)

MADE_AT = 1_741_685_413
JSON = (("Content-Type", "application/json"),)
LINES = tuple(
    json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": {}}) for name in "abc"
)
FILE = SentFile("batch-conformance-1.jsonl", "batch", ("\n".join(LINES) + "\n").encode())
ASKED = {"input_file_id": "file-in", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
COUNTS = {"total": 3, "completed": 3, "failed": 0}


@cache
def contract(name: str = "siliconflow-batch-api") -> Contract:
    return load_contract(name, choice=OperationChoice(operations="all"))


def batch(state: str = "in_queue", **more: Any) -> dict[str, Any]:
    times = dict.fromkeys(
        ("in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at")
    )
    return {
        "id": "batch_one",
        "object": "batch",
        **ASKED,
        "errors": None,
        "status": state,
        "output_file_id": None,
        "error_file_id": None,
        "created_at": MADE_AT,
        "expires_at": MADE_AT + 86400,
        **times,
        "request_counts": None,
        "metadata": None,
        **more,
    }


def ended(**more: Any) -> dict[str, Any]:
    times = {"in_progress_at": MADE_AT + 1, "finalizing_at": MADE_AT + 2, "completed_at": MADE_AT + 3}
    return batch("completed", **{**times, "output_file_id": "file-out", "request_counts": COUNTS, **more})


def exchange(
    method: str, path: str, status: int, body: Any, *, number: int = 9_000_000, credential: str = "valid"
) -> Exchange:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    probe = Probe("batches", "made", path, None, "known", method=method, credential=credential)
    answer = Response(status, JSON, data, wire_size=len(data))
    return Exchange(number, probe, Request(method, f"https://one/v1{path}"), answer, started_at=MADE_AT + 5.0)


def wrote(
    role: OperationRole, status: int, body: Any, *, under: str = "siliconflow-batch-api", **more: Any
) -> Observation:
    paths = {"upload": "/files", "create": "/batches", "cancel": "/batches/batch_one/cancel"}
    return Observation(exchange("POST", paths[role], status, body, **more), of_writes(contract(under)))


def read(status: int, body: Any, path: str = "/batches/batch_one", under: str = "siliconflow-batch-api") -> Observation:
    sent = exchange("GET", path, status, body)
    batch_id = path.rpartition("/")[2] if path.startswith("/batches/") else None
    return Observation(replace(sent, probe=replace(sent.probe, batch_id=batch_id)), contract(under))


def reads(*states: str | Mapping[str, Any]) -> tuple[Observation, ...]:
    return tuple(read(200, batch(one) if isinstance(one, str) else one) for one in states)


def made(
    answer: Mapping[str, Any] | None = None,
    seen: Sequence[Observation] | None = None,
    *,
    asked: Mapping[str, Any] = ASKED,
    file: SentFile = FILE,
    cancels: Sequence[Cancel] = (),
    results: Sequence[ResultFile] = (),
) -> MadeBatch:
    created = wrote("create", 200, batch() if answer is None else answer)
    seen = reads("in_queue", "in_progress", ended()) if seen is None else seen
    return MadeBatch(file, asked, created, tuple(seen), tuple(cancels), tuple(results))


def of_batch(*args: Any, **more: Any) -> Followed:
    return Followed(batches=(made(*args, **more),))


def result(
    kind: ResultKind, lines: Sequence[Any] | bytes, named_by: Mapping[str, Any] | None = None, status: int = 200
) -> ResultFile:
    body = lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode()
    fetched = exchange("GET", "/files/file-out/content", status, body)
    return ResultFile(kind, f"/{kind}_file_id", read(200, ended() if named_by is None else named_by), fetched)


def success(custom_id: str) -> dict[str, Any]:
    return {"id": f"r-{custom_id}", "custom_id": custom_id, "response": {"body": {"choices": []}}, "error": None}


def failure(custom_id: str, code: str = "bad") -> dict[str, Any]:
    return {"id": f"r-{custom_id}", "custom_id": custom_id, "response": None, "error": {"code": code, "message": "no"}}


def with_results(output: Any, error: Any = None, **counts: int) -> Followed:
    files = {
        "output_file_id": "file-out" if output is not None else None,
        "error_file_id": "file-err" if error else None,
    }
    end = ended(**files, request_counts={**COUNTS, **counts})
    found = [result(kind, lines, end) for kind, lines in (("output", output), ("error", error)) if lines is not None]
    return of_batch(seen=reads("in_progress", end), results=found)


def uploaded(listed: Mapping[str, Any] | None = None, **said: Any) -> Followed:
    of_file = {
        "id": "file-in",
        "object": "file",
        "bytes": len(FILE.content),
        "createdAt": MADE_AT,
        "filename": FILE.name,
        "purpose": "batch",
        **said,
    }
    answer = wrote("upload", 200, {"code": 20000, "message": "Ok", "status": True, "data": of_file})
    return Followed(uploads=(Upload(FILE, answer, () if listed is None else (files(listed),)),))


def item(**more: Any) -> dict[str, Any]:
    return {
        "id": "file-in",
        "object": "file",
        "bytes": len(FILE.content),
        "created_at": MADE_AT,
        "filename": FILE.name,
        "purpose": "batch",
        "line_count": 3,
        **more,
    }


def files(*items: Mapping[str, Any], limit: int = 1000) -> Observation:
    body = {"code": 20000, "message": "Ok", "status": True, "data": {"data": list(items), "object": "file"}}
    sent = exchange("GET", "/files", 200, body)
    return Observation(replace(sent, probe=replace(sent.probe, query=f"purpose=batch&limit={limit}")), contract())


def cancelled(answer: Any, before: str, *after: str | Mapping[str, Any], status: int = 200) -> Cancel:
    known = stage_in(read(200, batch(before)))
    body = batch(answer) if isinstance(answer, str) else answer
    return Cancel(known, wrote("cancel", status, body), reads(*after))


def bad(status: int, body: Any, *seen: str | Mapping[str, Any], case: str = "repeated_custom_id") -> Followed:
    return Followed(bad_requests=(BadRequest(case, wrote("create", status, body), reads(*seen)),))


def without_key(role: OperationRole, status: int, with_key: int = 404) -> Followed:
    refused = wrote(role, status, "Invalid token", credential="missing")
    return Followed(without_key=(WithoutKey(refused, wrote(role, with_key, "404 page not found")),))

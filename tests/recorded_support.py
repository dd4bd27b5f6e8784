"""Recordings made by hand: lines, archives, and the command that validates them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from judge_support import QUEUED

from batch_conformance.cli import main

BASE = "https://api.siliconflow.cn/v1"
AUTHORIZED = {"Accept": "application/json", "Authorization": "Bearer [redacted]"}


def line(
    body: Any = None,
    status: int = 200,
    *,
    batch_id: str = QUEUED["id"],
    url: str = "",
    asked: Any = None,
    headers: Any = None,
    media_type: str = "application/json",
    method: str = "GET",
    started_at: Any = 1741685500.0,
    **more: Any,
) -> dict[str, Any]:
    """One line as values; the body is the vendor's example with the id that was asked for."""
    shown = {**QUEUED, "id": batch_id} if body is None else body
    return {
        "request": {
            "method": method,
            "url": url or f"{BASE}/batches/{batch_id}",
            "headers": AUTHORIZED if asked is None else asked,
        },
        "response": {
            "status": status,
            "headers": {"Content-Type": media_type, **(headers or {})},
            "body": shown.decode() if isinstance(shown, bytes) else json.dumps(shown),
        },
        "started_at": started_at,
        "elapsed": 0.1,
        **more,
    }


def ndjson(*lines: Any) -> bytes:
    return b"".join((each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in lines)


def validated(folder: Path, *arguments: str, stdin: bytes | None = None) -> tuple[Result, dict[str, Any]]:
    """What the command said, and its ``drift.json``."""
    result = CliRunner().invoke(main, ["validate", *arguments, "--reports-dir", str(folder)], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    report = folder / "drift.json"
    return result, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}


def found(drift: dict[str, Any], *levels: str) -> list[tuple[str, str, str]]:
    return [
        (finding["rule"], finding["status"], finding["pointer"])
        for finding in drift["findings"]
        if finding["level"] in (levels or ("must", "should"))
    ]

"""Makes recorded traffic: ``python bench/traffic.py COUNT > traffic.ndjson``; about 1 KB an exchange.

Batches are polled from queued to completed, twenty reads each, as clients do that wait for many of them.
Most polls get what the poll before got; with four reads each none does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from email.utils import formatdate
from typing import IO, Any

READS = 20
_STATES = ("in_queue", "in_progress", "finalizing", "completed")
_BEGUN = 1_741_685_413


DRIFTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "of another type": ({"created_at": "1741685413"}, {}),
    "ahead of its Date": ({}, {"Date": formatdate(_BEGUN - 3600, usegmt=True)}),
    "with a file that is named by an empty text": ({"error_file_id": ""}, {}),
    "with a malformed ETag": ({}, {"ETag": "33a64df5"}),
}
"""What every answer of a drifted server has in its body and in its head, by what is drifted."""


def write(file: IO[str], count: int, reads: int = READS, *, drift: str = "") -> None:
    """Write so many exchanges, a line each, of batches that are read so often; with a drift (``DRIFTS``) in each."""
    in_body, in_head = DRIFTS[drift] if drift else ({}, {})
    for number in range(count):
        made = exchange(number, count, reads)
        if drift:
            response = made["response"]
            response["body"] = json.dumps({**json.loads(response["body"]), **in_body})
            response["headers"] |= in_head
        file.write(json.dumps(made) + "\n")  # ``json.dump`` takes five times as long


def bodies(count: int) -> Iterator[dict[str, Any]]:
    """The batches that so many exchanges answer."""
    for number in range(count):
        yield batch(*_turn(number, count))


def exchange(number: int, count: int, reads: int = READS) -> dict[str, Any]:
    """One exchange of ``count``, as a line of a recording."""
    shown = batch(*_turn(number, count, reads))
    asked = {"Accept": "application/json", "Authorization": "Bearer [redacted]", "User-Agent": "client/1"}
    answered = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "private, no-store",
        "Date": formatdate(_BEGUN + number + 3600, usegmt=True),
        "x-siliconcloud-trace-id": f"ti_{number:012x}",
    }
    url = f"https://api.siliconflow.cn/v1/batches/{shown['id']}"
    return {
        "request": {"method": "GET", "url": url, "headers": asked},
        "response": {"status": 200, "headers": answered, "body": json.dumps(shown)},
        "started_at": _BEGUN + number * 0.01,
        "elapsed": 0.12,
    }


def batch(number: int, step: int) -> dict[str, Any]:
    """A batch in the state of a step, from 0 to 3."""
    created = _BEGUN + number
    done = (0, 40, 95, 95)[step]
    return {
        "id": f"batch_{number:010d}",
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": [],
        "input_file_id": f"file-{number:012d}",
        "completion_window": "24h",
        "status": _STATES[step],
        "output_file_id": f"file-output-{number:010d}" if step == 3 else None,
        "error_file_id": None,
        "created_at": created,
        "in_progress_at": created + 5 if step else None,
        "expires_at": created + 86_400,
        "finalizing_at": created + 50 if step > 1 else None,
        "completed_at": created + 60 if step > 2 else None,
        "failed_at": None,
        "expired_at": None,
        "cancelling_at": None,
        "cancelled_at": None,
        "request_counts": {"total": 100, "completed": done, "failed": 5 if step > 1 else 0} if step else None,
        "metadata": {"description": "nightly eval job"},
    }


def _turn(number: int, count: int, reads: int = READS) -> tuple[int, int]:
    """Which batch an exchange reads, and in which state it is."""
    batches = max(1, count // reads)
    return number % batches, min(3, number // batches * 4 // reads)


if __name__ == "__main__":
    write(sys.stdout, int(sys.argv[1]))

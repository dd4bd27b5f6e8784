"""Members that stand twice, and values that the schema forbids: what depends on them is not told beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judge_support import COMPLETED, KNOWN, OTHER, QUEUED, sent, told

TWICE = "json.duplicate_key"
LATE = {"created_at": 1741685999}


def body(of: dict[str, Any], *more: tuple[str, Any]) -> bytes:
    """A body with further members, whose names may be there already."""
    return ("{" + ", ".join(json.dumps({name: value})[1:-1] for name, value in (*of.items(), *more)) + "}").encode()


def counted(total: str, **changes: Any) -> bytes:
    return json.dumps({**COMPLETED, **changes}).replace('"total": 100', total).encode()


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (body(QUEUED, ("id", OTHER)), [(TWICE, "/id")]),
        (body({**QUEUED, "id": OTHER}, ("id", KNOWN)), [(TWICE, "/id")]),
        (body({**QUEUED, "id": OTHER}, ("object", "batch")), [("identity.other_batch", "/id"), (TWICE, "/object")]),
        (body(QUEUED, ("idx", 1), ("idx", 1), ("id", OTHER)), [(TWICE, "/id"), (TWICE, "/idx")]),
        (body({**QUEUED, "id": OTHER}, ("i", 1), ("i", 1)), [("identity.other_batch", "/id"), (TWICE, "/i")]),
        (body(QUEUED, ("request_counts", {"total": 1, "completed": 5, "failed": 0})), [(TWICE, "/request_counts")]),
        (body(QUEUED, ("request_counts", {"total": "1"})), [(TWICE, "/request_counts")]),
        (counted('"total": 100, "total": 3'), [(TWICE, "/request_counts/total")]),
        (counted('"total": 3'), [("counts.sum", "/request_counts")]),
        (counted('"total": 3', status="failed", failed_at=1741685510), [("counts.sum", "/request_counts")]),
        (counted('"total": "3"'), [("body.type", "/request_counts/total")]),
        (
            body({**COMPLETED, "completed_at": None}, ("status", "completed")),
            [(TWICE, "/status")],
        ),
        (
            body({**COMPLETED, "completed_at": None}, ("object", "batch")),
            [(TWICE, "/object"), ("state.timestamp_missing", "/completed_at")],
        ),
        (body(COMPLETED, *LATE.items()), [(TWICE, "/created_at")]),
        (body(COMPLETED, ("created_at", 1741685413000)), [(TWICE, "/created_at")]),
        (body({**QUEUED, "expires_at": 1741771814}, ("completion_window", "24h")), [(TWICE, "/completion_window")]),
        (body({**COMPLETED, **LATE}, ("object", "batch")), [(TWICE, "/object"), ("time.order", "")]),
        (body({**COMPLETED, **LATE}), [("time.order", "")]),
        (body({**QUEUED, "created_at": "x"}, ("created_at", "y")), [(TWICE, "/created_at")]),
        (body({**QUEUED, "created_at": "x"}), [("body.type", "/created_at")]),
        (
            body({**QUEUED, "created_at": None, "expires_at": 5}),
            [("body.type", "/created_at"), ("time.magnitude", "/expires_at")],
        ),
        (b"[" + body(QUEUED, ("id", KNOWN)) + b"]", [("body.type", ""), (TWICE, "/*/id")]),
    ],
    ids=range(22),
)
def test_which_of_two_values_counts_nobody_can_say(answer: bytes, found: list[tuple[str, str]]) -> None:
    assert sorted((rule, pointer) for rule, _, pointer in told(sent(answer))) == sorted(found)

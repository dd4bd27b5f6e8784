"""What errors of a batch show of the customer's own lines is nothing of the server."""

from __future__ import annotations

from typing import Any

import pytest
from answering import BATCH, REFUSED, Asked, Said, audited

from batch_conformance.rules.leak_patterns import strings_in

TEXTS = (
    "This line is not parseable as valid JSON: SELECT * FROM users",
    "Unknown member at com.acme.Foo.bar(Foo.java:12)",
    "The content is too long: Traceback (most recent call last)",
)


def failed(text: str, line_of_input: Any) -> dict[str, Any]:
    """A batch as OpenAI documents it, which failed with one error."""
    unset = dict.fromkeys(("in_progress_at", "finalizing_at", "completed_at", "output_file_id"))
    error = {"code": "invalid_json_line", "message": text, "param": None, "line": line_of_input}
    counts = {"total": 0, "completed": 0, "failed": 0}
    ended = {"status": "failed", "failed_at": BATCH["created_at"] + 3, "request_counts": counts}
    return {**BATCH, **unset, **ended, "errors": {"object": "list", "data": [error]}}


def rules_of(*batches: dict[str, Any]) -> set[str]:
    """What an audit tells of a server that answers these by turns."""

    def answer(asked: Asked) -> Said | None:
        if asked.has_key and asked.is_known:
            return Said(200, batches[asked.number % len(batches)])
        refusal = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}
        return Said(404, refusal) if asked.has_key else Said(401, refusal, REFUSED.headers)

    return {rule for rule in audited(answer, contract="openai").rules if rule.startswith("security.")}


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_of_a_line_may_show_what_stands_there(text: str) -> None:
    assert rules_of(failed(text, 3)) == set()


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_of_no_line_may_not(text: str) -> None:
    assert rules_of(failed(text, None)) & {"security.code_leaked", "security.trace_leaked"}


def test_texts_of_lines_are_left_out_wherever_they_stand() -> None:
    errors = [{"message": "a b", "line": 1}, {"message": "c d", "line": None}, {"message": "e f"}]
    batch = {"line": 7, "name": "g h", "errors": {"data": errors}, "metadata": {"k": "i j"}}
    kept = [text for _, text in strings_in(batch, "", frozenset({"/metadata"}))]
    assert kept == ["g h", "c d", "e f"]

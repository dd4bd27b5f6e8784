"""What comes of the requests of a batch: the lines of a file of requests, checked, and those of its results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_conformance.mock.message import body_json

Fields = dict[str, Any]

MISMATCHED_ENDPOINT = "mismatched_endpoint"
"""The code of a line whose url is not the endpoint of the batch."""
_BAD_REQUEST, _UNAVAILABLE = 400, 503


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with a line of a file of requests; ``line`` is from 1, None where it is the file as a whole."""

    code: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one request: its line in the results, and whether that is one of the successful ones."""

    line: Fields
    succeeded: bool

    @property
    def custom_id(self) -> str:
        """The id that the request has in its file."""
        return str(self.line["custom_id"])


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file of requests, without those that are blank."""
    return [line for line in content.splitlines() if line.strip()]


def check_lines(content: bytes, endpoint: str) -> Iterator[FileProblem]:
    """What is wrong with the lines of a file, as OpenAI's guide and SiliconFlow's have them."""
    lines = lines_of(content)
    if not lines:
        yield FileProblem("empty_file", "the file has no requests")
    seen: set[str] = set()
    for number, text in enumerate(lines, 1):
        request = _parsed(text)
        if not isinstance(request, dict):
            yield FileProblem("invalid_json_line", "this is no JSON object", number)
            continue
        custom_id = request.get("custom_id")
        if not isinstance(custom_id, str) or not custom_id:
            yield FileProblem("missing_required_parameter", "custom_id is missing or no text", number)
        elif custom_id in seen:
            yield FileProblem("duplicate_custom_id", "the custom_id is that of a line before", number)
        else:
            seen.add(custom_id)
        if request.get("method", "POST") != "POST":
            yield FileProblem("invalid_method", "the method is not POST", number)
        if request.get("url", endpoint) != endpoint:
            yield FileProblem(MISMATCHED_ENDPOINT, "the url is not the endpoint of the batch", number)
        if not isinstance(request.get("body"), dict):
            yield FileProblem("missing_required_parameter", "body is missing or no object", number)


def results_of(content: bytes, batch_id: str, *, created: int, model: str = "") -> tuple[Result, ...]:
    """What comes of every request of a file, in its order. ``model`` takes the place of that of each line."""
    made = []
    for number, text in enumerate(lines_of(content)):
        request = _parsed(text)
        request = request if isinstance(request, dict) else {}
        body = request.get("body")
        body = body if isinstance(body, dict) else {}
        custom_id = request.get("custom_id")
        name = f"{batch_id.rpartition('_')[2]}{number}"
        line: Fields = {"id": f"batch_req_{name}", "custom_id": custom_id if isinstance(custom_id, str) else ""}
        problem = _problem_of(body)
        answered = {"error": {"message": problem, "type": "invalid_request_error", "param": None, "code": None}}
        response: Fields = {
            "status_code": _BAD_REQUEST if problem else 200,
            "request_id": f"req_{name}",
            "body": answered if problem else _completion(name, body, model or str(body.get("model", "")), created),
        }
        made.append(Result({**line, "response": response, "error": None}, not problem))
    return tuple(made)


def failing(result: Result) -> Result:
    """The same request, refused by the model."""
    body = {"error": {"message": "The model is overloaded.", "type": "server_error", "param": None, "code": None}}
    response = {**result.line["response"], "status_code": _UNAVAILABLE, "body": body}
    return Result({**result.line, "response": response}, succeeded=False)


def never_sent(result: Result, state: str) -> Result:
    """A request that was not sent before its batch came to this end."""
    error = {"code": f"batch_{state}", "message": f"This request was not executed before the batch was {state}."}
    return Result({**result.line, "response": None, "error": error}, succeeded=False)


def to_jsonl(results: Sequence[Result]) -> bytes:
    """The lines of results as the bytes of a file."""
    return b"".join(body_json(result.line) + b"\n" for result in results)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _problem_of(body: Mapping[str, Any]) -> str:
    """Why a model refuses a request; empty where it answers."""
    asked = body.get("messages", body.get("input", body.get("prompt")))
    if not asked:
        return "messages is missing"
    most = body.get("max_tokens", 1)
    return "" if isinstance(most, int) and most > 0 else "max_tokens is no positive number"


def _completion(name: str, body: Mapping[str, Any], model: str, created: int) -> Fields:
    if "input" in body:
        vector = {"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}
        return {"object": "list", "data": [vector], "model": model, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
    message = {"role": "assistant", "content": "Yes"}
    return {
        "id": f"chatcmpl-{name}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }

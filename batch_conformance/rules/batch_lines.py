"""Lines of the files of a batch: the requests that were sent, and the results that came of them. Pure.

A line of requests has a ``custom_id``, a ``method``, a ``url`` and a ``body``; a line of results has the ``custom_id``
and either a ``response`` or an ``error`` (OpenAI's ``BatchRequestInput`` and ``BatchRequestOutput``, and SiliconFlow's
guide, https://docs.siliconflow.cn/cn/userguide/guides/batch). SiliconFlow's lines have no ``status_code`` in
``response``; OpenAI's have one, and tell a request that failed over HTTP by that, with ``error`` null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from batch_conformance.observation.strict_json import parse

LineProblem = Literal["", "mark", "json", "object", "custom_id", "member", "both", "neither", "body"]
"""What is wrong in the form of a line: a byte order mark, no JSON text, no object, no ``custom_id``, a response or an
error that is no object, both of them, or none.

A byte order mark must not be there (https://jsonlines.org, section 1, and RFC 8259 section 8.1). ``body`` is an answer
whose ``response.body`` is no object, such as a text that holds the JSON of one.
"""
_MARK = b"\xef\xbb\xbf"
_NO_TEXT = frozenset({"trailing", "nan"})
"""Defects of a line of which a value can be read all the same, and that end other readers."""


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A line of results, ``number`` counted from 1. ``failed`` is None where nobody can tell."""

    number: int
    custom_id: str
    failed: bool | None
    problem: LineProblem


def lines_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not empty, by their numbers from 1: an empty one at the end is none."""
    for number, line in enumerate(content.removeprefix(_MARK).split(b"\n"), 1):
        if line.strip():
            yield number, line.strip()


def custom_ids_of(content: bytes) -> tuple[str, ...]:
    """The ``custom_id`` of each request of a file that has one, in the order of the lines."""
    found = (parse(line).value for _, line in lines_of(content))
    ids = (value.get("custom_id") for value in found if isinstance(value, Mapping))
    return tuple(one for one in ids if isinstance(one, str))


def result_lines(content: bytes) -> tuple[ResultLine, ...]:
    """The lines of a file of results. Any bytes are read: what is odd about a line is told by it."""
    lines = [_result(number, line) for number, line in lines_of(content)]
    if lines and content.startswith(_MARK) and not lines[0].problem:
        lines[0] = replace(lines[0], problem="mark")
    return tuple(lines)


def _result(number: int, line: bytes) -> ResultLine:
    parsed = parse(line)
    if not parsed.readable or any(one.flaw in _NO_TEXT for one in parsed.defects):
        return ResultLine(number, "", None, "json")
    value = parsed.value
    if not isinstance(value, Mapping):
        return ResultLine(number, "", None, "object")
    custom_id = value.get("custom_id")
    if not isinstance(custom_id, str) or not custom_id:
        return ResultLine(number, "", None, "custom_id")
    of_request = _of_request(number, custom_id, _given(value.get("response")), _given(value.get("error")))
    is_marked = not of_request.problem and any(one.flaw == "bom" for one in parsed.defects)
    return replace(of_request, problem="mark") if is_marked else of_request


def _of_request(number: int, custom_id: str, response: Any, error: Any) -> ResultLine:
    """What came of a request: ``response`` and ``error`` are None where they stand for nothing."""
    if response is None and error is None:
        return ResultLine(number, custom_id, None, "neither")
    if response is not None and error is not None:
        return ResultLine(number, custom_id, None, "both")
    if not isinstance(error if response is None else response, Mapping):
        return ResultLine(number, custom_id, True if error is not None else None, "member")
    failed = error is not None or _is_http_failure(response)
    return ResultLine(number, custom_id, failed, "" if failed or _has_body(response) else "body")


def _given(value: Any) -> Any:
    """A member of a line; None where it stands for nothing: null, an empty object or an empty text."""
    return None if value in (None, "", {}) else value


def _is_http_failure(response: Any) -> bool:
    status = response.get("status_code") if isinstance(response, Mapping) else None
    if isinstance(status, str) and status.isascii() and status.isdigit():
        status = int(status[:9])
    return isinstance(status, int) and not isinstance(status, bool) and status >= 400


def _has_body(response: Any) -> bool:
    """Whether the body of an answer is an object, where a line has the answer in a ``body``."""
    body = response.get("body") if isinstance(response, Mapping) else None
    return body is None or isinstance(body, Mapping)


def repeated(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids that stand more than once, in the order of their second places."""
    seen: set[str] = set()
    again: dict[str, None] = {}
    for one in ids:
        if one in seen:
            again[one] = None
        seen.add(one)
    return tuple(again)

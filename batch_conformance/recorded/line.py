"""One line of a recording: an exchange as JSON, as ``schemas/exchange.schema.json`` has it, read and checked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any, get_args

import jsonschema_rs
import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from batch_conformance.exchange.exchange import Failure, Headers, Probe, Response, Subject
from batch_conformance.input_error import why_no_json
from batch_conformance.message import Message, Template, printable, shown
from batch_conformance.message_json import from_json
from batch_conformance.recorded.body import body_as_it_is, recorded_body
from batch_conformance.schema_error import wrong_at

NO_JSON = Template("line.no_json", "no JSON: {why}")
_NO_OBJECT = Template("line.no_object", "no JSON object")
_NO_EXCHANGE = Template("line.no_exchange", "not an exchange")
_NO_TIME = Template("line.no_time", "started_at: {value} is no time of RFC 3339")
_BOM = b"\xef\xbb\xbf"
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape of a JSON string; its group is half of a pair of surrogates without the other half."""
_LEAP_SECOND = re.compile(r"(?<=:\d\d:)60")


class LineError(ValueError):
    """A line that is no exchange. Its ``message`` is one line that says which part is wrong."""

    def __init__(self, message: Message) -> None:
        self.message = message.mapped(lambda text: printable(" ".join(text.split())))
        super().__init__(str(self.message))


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """An exchange as it was recorded, whoever sent it.

    ``probe`` is what it was sent for, where a suite sent it; ``credential`` is ``sent``, ``none``, or empty where the
    recording says neither. ``unjudged`` says why nothing is said of the body of the response, which is ``truncated``
    then; it is None where the body was recorded. ``from_cache`` says that a cache of the client's had part in the
    answer.
    """

    method: str
    url: str
    request_headers: Headers
    response: Response | None
    failure: Failure | None = None
    started_at: float = 0.0
    elapsed: float = 0.0
    credential: str = ""
    probe: Probe | None = None
    number: int | None = None
    attempt: int = 0
    final: bool = True
    reflections: tuple[str, ...] = ()
    unjudged: Message | None = None
    from_cache: bool = False


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of one line."""
    text = resources.files("batch_conformance.recorded").joinpath("schemas/exchange.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def json_of(raw: bytes) -> Any:
    """The value of a JSON text. Raises ``orjson.JSONDecodeError``.

    Recorders that cut a text in JavaScript leave one half of a pair of surrogates; U+FFFD then stands for it.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        mended = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], raw)
        if mended == raw:
            raise
        return orjson.loads(mended)


@cache
def _compiled() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema())


def _is_valid(values: Mapping[str, Any]) -> bool:
    """Whether values keep the schema. The compiled validator takes a hundredth of the time, and not every value."""
    try:
        if _compiled().is_valid(values):
            return True
    except ValueError:
        pass
    return _validator().is_valid(values)


def values_of(raw: bytes) -> dict[str, Any]:
    """The values of one line. Raises ``LineError`` where it is no JSON object."""
    try:
        values = json_of(raw.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise LineError(NO_JSON(why=why_no_json(error, raw))) from None
    if not isinstance(values, dict):
        raise LineError(_NO_OBJECT())
    return values


def exchange_of(values: Mapping[str, Any]) -> RecordedExchange:
    """The exchange that the values of a line are. Raises ``LineError`` where they keep not to the schema."""
    if not _is_valid(values):
        wrong = best_match(_validator().iter_errors(values))
        raise LineError(wrong_at(wrong) if wrong else _NO_EXCHANGE())
    request, response, failure = values["request"], values.get("response"), values.get("failure")
    probe = _probe(values["probe"]) if values.get("probe") else None
    answered, unjudged = _response(response, as_it_is=probe is not None) if response else (None, None)
    return RecordedExchange(
        method=request.get("method", "GET").upper(),
        url=request["url"],
        request_headers=headers_of(request.get("headers") or ()),
        response=answered,
        failure=_failure(failure) if failure else None,
        started_at=_started(values.get("started_at") or 0.0),
        elapsed=float(values.get("elapsed") or 0.0),
        credential=values.get("credential") or "",
        probe=probe,
        number=None if values.get("number") is None else int(values["number"]),
        attempt=int(values.get("attempt", 0)),
        final=values.get("final", True),
        reflections=tuple(values.get("reflections", ())),
        unjudged=unjudged,
        from_cache=values.get("from_cache") is True,
    )


def headers_of(recorded: Mapping[str, Any] | list[list[str]] | tuple[()]) -> Headers:
    """Headers as pairs, however they were recorded: a value by name, several of them, or pairs."""
    if not isinstance(recorded, Mapping):
        return tuple((name, value) for name, value in recorded)
    return tuple(
        (name, value)
        for name, values in recorded.items()
        for value in ([values] if isinstance(values, str) else values)
    )


def _response(part: Mapping[str, Any], *, as_it_is: bool) -> tuple[Response, Message | None]:
    """The response, and why its body is not judged. What a suite recorded is taken ``as_it_is``: it kept what came."""
    kept = part.get("headers")
    headers = headers_of(kept or ())
    body = body_as_it_is(part) if as_it_is else recorded_body(part, headers)
    response = Response(
        status=int(part["status"]),  # 200.0 is an integer to JSON Schema
        headers=headers,
        body=body.content,
        reason=part.get("reason", ""),
        http_version=part.get("http_version", "1.1"),
        wire_size=int(part.get("wire_size", len(body.content))),
        truncated=bool(body.unjudged),
        decode_error=_message(part, "decode_message", "decode_error"),
        trailing=int(part.get("trailing", 0)),
        headers_complete=kept is not None and part.get("headers_complete") is not False,
        wire_notes=None if part.get("wire_notes") is None else tuple((kind, what) for kind, what in part["wire_notes"]),
    )
    return response, body.unjudged


def _failure(part: Mapping[str, Any]) -> Failure:
    return Failure(part["kind"], _message(part, "message", "detail") or shown(part["kind"]))


def _message(part: Mapping[str, Any], name: str, text: str) -> Message | None:
    """What a suite said as a message; the text of another recorder; None where there is neither."""
    if part.get(name):
        return from_json(part[name])
    return shown(part[text]) if part.get(text) else None


def _probe(part: Mapping[str, Any]) -> Probe:
    subject = part["subject"]
    assert subject in get_args(Subject)
    return Probe(
        chapter=part["chapter"],
        name=part["name"],
        path=part["path"],
        batch_id=part.get("batch_id"),
        subject=subject,
        method=part.get("method", "GET"),
        headers=headers_of(part.get("headers") or ()),
        query=part.get("query", ""),
        credential=part.get("credential", "valid"),
        forced_status=None if part.get("forced_status") is None else int(part["forced_status"]),
        wait=float(part.get("wait", 0.0)),
    )


def moment_of(text: str) -> float | None:
    """Unix seconds of a time of RFC 3339; None where it is none.

    One without an offset, which loggers write, is taken for UTC: that gives one order on all machines. A leap second
    counts as the one before.
    """
    try:
        moment = datetime.fromisoformat(_LEAP_SECOND.sub("59", text.upper()))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _started(value: float | str) -> float:
    moment = moment_of(value) if isinstance(value, str) else float(value)
    if moment is None or math.isnan(moment):  # which no bound of the schema excludes
        raise LineError(_NO_TIME(value=repr(str(value)[:40])))
    return moment

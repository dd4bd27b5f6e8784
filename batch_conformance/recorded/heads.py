"""Headers on the fast path: what they come to, remembered by those values that matter."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from math import inf
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.schema import Schema
from batch_conformance.exchange.exchange import Headers
from batch_conformance.exchange.redaction import Redactor
from batch_conformance.judge.log import strong_tag
from batch_conformance.judge.sparing import HeadCheck, head_check, headers_looked_at
from batch_conformance.recorded.inferred_probe import NEGOTIATION, InferredProbe
from batch_conformance.rules.fields import is_well_formed
from batch_conformance.rules.headers import header_value
from batch_conformance.rules.times import moment_of_date

Key = tuple[Any, ...]

_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What is needed of the headers of a request."""

    accept: Headers
    redactor: Redactor
    secret: bool
    credential: bool


@dataclass(frozen=True, slots=True)
class ResponseFacts:
    """What is needed of the headers of a response.

    ``key`` has what is judged of them, Content-Type first; ``length`` is the Content-Length of a body that was sent
    uncoded, None where there is none; ``is_coded`` says that there is a Content-Encoding.
    """

    key: Key
    content_type: str
    length: str | None
    is_coded: bool


class Heads:
    """The headers of a recording's requests for an operation, and of the responses."""

    def __init__(self, inferred: InferredProbe, operation: Operation) -> None:
        self._inferred = inferred
        self._operation = operation
        self._judged = headers_looked_at()
        self._wanted = inferred.credential_headers | NEGOTIATION
        self._asked: dict[Key, RequestFacts | None] = {}
        self._names: dict[Key, tuple[int, ...]] = {}
        self._answer_names: dict[Key, tuple[int, ...]] = {}
        self._answered: dict[Key, ResponseFacts | None] = {}
        self._checks: dict[tuple[str, ...], tuple[HeadCheck | None, int | None, int | None]] = {}
        self._documented: dict[int, dict[str, Schema | None]] = {}

    def asked(self, headers: Any) -> RequestFacts | None:
        """What the headers of a request come to; None where they are none of a plain read."""
        pairs = pairs_of(headers)
        if pairs is None:
            return None
        names, found = pairs
        places = self._names.get(names)
        if places is None:
            places = self._places_of(names, self._wanted)
        key = (names, *[found[place] for place in places])
        try:
            return self._asked[key]
        except KeyError:
            asked = self._inferred.asked(tuple((names[place], found[place]) for place in places))
            made = None if asked is None else RequestFacts(*asked)
            remember(self._asked, key, made)
            return made

    def answered(self, status: int, headers: Any, *, complete: bool = True) -> tuple[ResponseFacts, str, float] | None:
        """What is judged of the headers of a response, its strong tag, and when it was made by its Date.

        That is in Unix seconds, infinite where there is no Date. None where the headers are to be explained.
        ``complete`` says that one that is not there was not sent.
        """
        pairs = pairs_of(headers)
        if pairs is None:
            return None
        names, found = pairs
        try:
            check, of_tag, of_date = self._checks[names]
        except KeyError:
            check = head_check(names)
            places_of = {name.lower(): place for place, name in enumerate(names)}
            of_tag, of_date = places_of.get("etag"), places_of.get("date")
            remember(self._checks, names, (check, of_tag, of_date))
        if check is None or not check(found):
            return None
        tag = "" if of_tag is None else strong_tag(found[of_tag])
        moment = inf if of_date is None else moment_of_date(found[of_date])
        places = self._answer_names.get((status, names))
        if places is None:
            places = self._places_of(names, self._judged | self._documented_at(status).keys())
            remember(self._answer_names, (status, names), places)
        key = (status, complete, names, *[found[place] for place in places])
        try:
            made = self._answered[key]
        except KeyError:
            judged = [(names[place].lower(), found[place]) for place in places]
            made = self._answer(judged, self._documented_at(status), complete=complete)
            remember(self._answered, key, made)
        return None if made is None else (made, tag, moment)

    @staticmethod
    def _answer(
        judged: list[tuple[str, str]], documented: dict[str, Schema | None], *, complete: bool
    ) -> ResponseFacts | None:
        content_types = [value for name, value in judged if name == "content-type"]
        if len(content_types) != 1 or len({name for name, _ in judged}) != len(judged):
            return None
        if not all(is_well_formed(name, value) for name, value in judged):
            return None
        parts: list[Any] = [content_types[0], complete]
        for name, value in judged:
            if name not in documented:
                parts.append(name if name == "content-length" else (name, value))
                continue
            schema = documented[name]
            if schema is not None and schema.violations(header_value(schema, value)):
                return None
            parts.append(name)
        fields = dict(judged)
        is_coded = bool(fields.get("content-encoding"))
        length = None if is_coded else fields.get("content-length")
        return ResponseFacts(tuple(parts), content_types[0], length, is_coded)

    def _places_of(self, names: tuple[str, ...], wanted: Set[str]) -> tuple[int, ...]:
        """Where among the names of headers those are that matter."""
        places = tuple(index for index, name in enumerate(names) if name.lower() in wanted)
        if wanted is self._wanted:
            remember(self._names, names, places)
        return places

    def _documented_at(self, status: int) -> dict[str, Schema | None]:
        if status not in self._documented:
            response = self._operation.response_for(status)
            headers = response.headers if response else {}
            self._documented[status] = {name.lower(): schema for name, schema in headers.items()}
        return self._documented[status]


def pairs_of(headers: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Names and values of headers, whichever way they were recorded; None for what is not one value for each name."""
    if type(headers) is dict:
        names, found = tuple(headers), tuple(headers.values())
    elif type(headers) is list and headers and {(type(pair), len(pair)) for pair in headers if pair} == {(list, 2)}:
        names, found = (tuple(column) for column in zip(*headers, strict=True))
    else:
        return None
    try:
        "".join(found)  # the fastest way to see that all are text
        if type(headers) is list:
            "".join(names)
    except TypeError:
        return None
    return names, found


def remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value for a key; what is kept is forgotten when there is too much of it."""
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value

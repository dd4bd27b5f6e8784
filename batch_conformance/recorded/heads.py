"""Headers on the fast path: what they come to, remembered by those values that matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count
from math import inf
from operator import itemgetter
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.schema import Schema
from batch_conformance.exchange.exchange import Headers
from batch_conformance.exchange.redaction import Redactor
from batch_conformance.judge.head_check import HeadCheck, head_check
from batch_conformance.judge.log import body_facts, strong_tag
from batch_conformance.judge.sparing import headers_looked_at
from batch_conformance.recorded.header_pairs import pairs_of
from batch_conformance.recorded.inferred_probe import NEGOTIATION, InferredProbe
from batch_conformance.recorded.outline import Form
from batch_conformance.rules.fields import is_well_formed
from batch_conformance.rules.headers import header_value
from batch_conformance.rules.times import moment_of_date

Key = tuple[Any, ...]
StatusLine = tuple[int, str, str]
"""The status of a response, its reason phrase and its version of HTTP, as recorded; empty where they were not."""

_FORMS: Mapping[str, Form] = {
    "content-length": "length",
    "etag": "tag",
    **dict.fromkeys(("age", "date", "expires", "last-modified"), "compared"),
}
"""Headers of responses whose values are needed of each response."""

_MOST_REMEMBERED = 20_000


ManyHeadsCheck = Callable[[Sequence[Sequence[str]], int], list[float | None]]
"""When responses were made, None where a head is in doubt: of so many heads, by the values of each of their fields."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What is needed of the headers of a request; ``kind`` is the number of what they accept."""

    kind: int
    accept: Headers
    redactor: Redactor
    secret: bool
    credential: bool


@dataclass(frozen=True, slots=True)
class ResponseFacts:
    """What is needed of the headers of a response.

    ``kind`` is the number of the status line and of all that is judged of them: those that have it in common are alike.
    ``length`` is the Content-Length of a body that was sent uncoded, None where there is none; ``is_coded`` says that
    there is a Content-Encoding. ``kept`` says that the values that are judged are as they should be.
    """

    kind: int
    content_type: str
    length: str | None
    is_coded: bool
    kept: bool


@dataclass(frozen=True, slots=True)
class _Named:
    """Heads of responses with the same status and names: what checks them, and where what else is needed stands.

    ``judged`` gives the values that are judged, of all values; ``known`` has what those came to.
    """

    check: HeadCheck | None
    places: tuple[int, ...]
    judged: Callable[[tuple[str, ...]], Any]
    tag: int | None
    date: int | None
    known: dict[Any, ResponseFacts | None]


class Heads:
    """The headers of a recording's requests for an operation, and of the responses.

    ``wanted`` names those of requests that decide on something, in lower case.
    """

    def __init__(self, inferred: InferredProbe, operation: Operation) -> None:
        self._inferred = inferred
        self._operation = operation
        self._judged = headers_looked_at()
        self.wanted = inferred.credential_headers | NEGOTIATION
        self._last_asked: tuple[Any, RequestFacts | None] = (None, None)
        self._last_named: tuple[StatusLine | None, Any, tuple[str, ...], _Named | None] = (None, None, (), None)
        self._asked: dict[Key, RequestFacts | None] = {}
        self._accepts: dict[Headers, int] = {}
        self._names: dict[Key, tuple[int, ...]] = {}
        self._named: dict[Key, _Named] = {}
        self._kinds: dict[Key, int] = {}
        self._numbers = count()
        self._documented: dict[int, dict[str, Schema | None]] = {}

    def asked(self, headers: Any) -> RequestFacts | None:
        """What the headers of a request come to; None where they are none of a plain read."""
        # One client sends the same headers again and again.
        if headers == self._last_asked[0]:
            return self._last_asked[1]
        pairs = pairs_of(headers)
        if pairs is None:
            return None
        names, found = pairs
        places = self._names.get(names)
        if places is None:
            places = _places_of(names, self.wanted)
            remember(self._names, names, places)
        key = (names, *[found[place] for place in places])
        if key not in self._asked:
            asked = self._inferred.asked(tuple((names[place], found[place]) for place in places))
            remember(self._asked, key, None if asked is None else self._request_facts(*asked))
        made = self._asked[key]
        self._last_asked = (headers, made)
        return made

    def _request_facts(self, accept: Headers, redactor: Redactor, secret: bool, credential: bool) -> RequestFacts:
        if accept not in self._accepts:
            remember(self._accepts, accept, next(self._numbers))
        return RequestFacts(self._accepts[accept], accept, redactor, secret, credential)

    def answered(
        self, line: StatusLine, headers: Any, complete: bool | None = None
    ) -> tuple[ResponseFacts, str, float, bool] | None:
        """What is judged of the headers of a response, its strong tag, when it was made, and whether they are kept.

        When is what its Date says, in Unix seconds; infinite where there is no Date. Kept are the headers where they
        surely keep ``sparing.head_rules``. None where they are to be explained. ``complete`` is False where one that is
        not there may have been sent.
        """
        pairs = pairs_of(headers)
        if pairs is None:
            return None
        names, found = pairs
        last = self._last_named
        if line == last[0] and complete is last[1] and names == last[2]:
            named = last[3]
        else:
            named = self._named_of(line, complete is not False, names)
            self._last_named = (line, complete, names, named)
        if named is None or named.check is None:
            return None
        moment = named.check(found)
        judged = named.judged(found)
        made = named.known.get(judged)
        if made is None:
            if judged in named.known:
                return None
            of_names = [(names[place].lower(), found[place]) for place in named.places]
            made = self._answer(line, of_names, complete=complete is not False)
            remember(named.known, judged, made)
            if made is None:
                return None
        tag = "" if named.tag is None else strong_tag(found[named.tag])
        if moment is None or not made.kept:
            return made, tag, inf if named.date is None else moment_of_date(found[named.date]), False
        return made, tag, moment, True

    def forms(self, names: Sequence[str]) -> Mapping[int, Form] | None:
        """The forms of those headers of a response whose values do not decide on what it is alike to, by their places.

        None where a name is there twice.
        """
        lower = [name.lower() for name in names]
        if len(set(lower)) != len(lower):
            return None
        judged = self._judged - {"content-length"}
        return {place: _FORMS.get(name, "text") for place, name in enumerate(lower) if name not in judged}

    def check_of(self, status: int, headers: Headers, places: Sequence[int]) -> ManyHeadsCheck | None:
        """The check of the values at some places of heads that are else like one that is kept.

        It is given the values of each place in so many heads, and tells of each when the response was made, as
        ``answered`` does, or None where the head is to be looked at by itself. None where all are.
        """
        documented = self._documented_at(status)
        names = [headers[place][0].lower() for place in places]
        others = tuple((name.lower(), value) for place, (name, value) in enumerate(headers) if place not in places)
        check = head_check(names, others)
        schemas = [(index, schema) for index, name in enumerate(names) if (schema := documented.get(name)) is not None]
        if check is None or not schemas:
            return None if check is None else check.many

        def check_documented(columns: Sequence[Sequence[str]], number: int) -> list[float | None]:
            moments = check.many(columns, number)
            for index, schema in schemas:
                for place, value in enumerate(columns[index]):
                    if schema.violations(header_value(schema, value)):
                        moments[place] = None
            return moments

        return check_documented

    def _named_of(self, line: StatusLine, complete: bool, names: tuple[str, ...]) -> _Named:
        named = self._named.get((line, complete, names))
        if named is None:
            named = self._learn_names(line[0], names)
            remember(self._named, (line, complete, names), named)
        return named

    def _learn_names(self, status: int, names: tuple[str, ...]) -> _Named:
        places_of = {name.lower(): place for place, name in enumerate(names)}
        places = _places_of(names, self._judged | self._documented_at(status).keys())
        judged: Callable[[tuple[str, ...]], Any] = itemgetter(*places) if places else lambda _: None
        return _Named(head_check(names), places, judged, places_of.get("etag"), places_of.get("date"), {})

    def _answer(self, line: StatusLine, judged: list[tuple[str, str]], *, complete: bool) -> ResponseFacts | None:
        documented = self._documented_at(line[0])
        content_types = [value for name, value in judged if name == "content-type"]
        if len({name for name, _ in judged}) != len(judged):
            return None
        content_type = content_types[0] if content_types else ""
        kept = all(is_well_formed(name, value) for name, value in judged)
        parts: list[Any] = [line, *content_types, complete]
        for name, value in judged:
            if name not in documented:
                parts.append(name if name == "content-length" else (name, value))
                continue
            schema = documented[name]
            kept = kept and (schema is None or not schema.violations(header_value(schema, value)))
            parts.append(name)
        fields = dict(judged)
        is_coded = bool(fields.get("content-encoding"))
        length = None if is_coded else fields.get("content-length")
        kind = self._kinds.get(tuple(parts))
        if kind is None:
            kind = next(self._numbers)
            remember(self._kinds, tuple(parts), kind)
        return ResponseFacts(kind, content_type, length, is_coded, kept)

    def _documented_at(self, status: int) -> dict[str, Schema | None]:
        if status not in self._documented:
            response = self._operation.response_for(status)
            headers = response.headers if response else {}
            self._documented[status] = {name.lower(): schema for name, schema in headers.items()}
        return self._documented[status]


def body_facts_of(
    answered: ResponseFacts, text: str, shown: str, tag: str, told: str | None
) -> tuple[str, int, str] | None:
    """What ``log.body_facts`` says of a body, with the Content-Length that was ``told``.

    ``shown`` is the text without the signatures of URLs.
    """
    if answered.is_coded:
        return None
    body = text.encode()
    length = told if told and told.strip() == str(len(body)) else None
    return body_facts(length, body if shown is text else shown.encode(), tag)


def _places_of(names: tuple[str, ...], wanted: Set[str]) -> tuple[int, ...]:
    """Where among the names of headers those are that matter."""
    return tuple(index for index, name in enumerate(names) if name.lower() in wanted)


def remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value for a key; what is kept is forgotten when there is too much of it."""
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value

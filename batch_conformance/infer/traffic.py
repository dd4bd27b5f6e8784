"""What recorded exchanges show of an API: which requests there were, and what they were answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import Headers, Response
from batch_conformance.findings.shape import lasting_headers
from batch_conformance.infer.paths import Path, with_values_marked
from batch_conformance.infer.value import ObservedValue, texts_at_the_top
from batch_conformance.observation.strict_json import parse
from batch_conformance.recorded.line import RecordedExchange

METHODS = ("get", "post", "put", "patch", "delete")
"""Those that an operation can have; HEAD is its GET's (RFC 9110 section 9.3.2), OPTIONS and TRACE are the server's."""

_OF_A_CONDITION = frozenset({206, 304, 412, 416})
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json", re.IGNORECASE)
_SECRET = re.compile(r".*(?:key|token|secret|signature|credential|expires).*", re.IGNORECASE)
_INTEGER = re.compile(r"-?\d{1,18}")
_KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")


@dataclass
class ObservedResponse:
    """The responses of one status.

    ``bodies`` has the JSON by media type, ``unread`` counts media types of which the body is no JSON or was not
    recorded. ``headers`` are the lower-case names that all ``with_headers`` had, None where none was recorded.
    """

    count: int = 0
    bodies: dict[str, ObservedValue] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    with_headers: int = 0
    headers: frozenset[str] | None = None

    @property
    def lasting_headers(self) -> tuple[str, ...]:
        """The headers that all of them had, but those of the transport."""
        return lasting_headers([self.headers or ()])

    def keep_headers(self, names: frozenset[str], count: int = 1) -> None:
        """Keep of the header names those that ``count`` further responses had too."""
        self.headers = names if self.headers is None else self.headers & names
        self.with_headers += count


@dataclass
class ObservedOperation:
    """The requests of one method to one path or template, and what they were answered, by status."""

    count: int = 0
    responses: dict[int, ObservedResponse] = field(default_factory=dict)
    parameters: dict[str, Counter[str]] = field(default_factory=dict)
    """The kinds of the values (``integer``, ``string``) of each parameter of the query."""
    schemes: Counter[str] = field(default_factory=Counter)
    """How credentials were sent with what was answered with success; ``""`` counts those without any."""


@dataclass
class ObservedApi:
    """All that was recorded, by path and method, segments that are clearly values taken together.

    ``values`` has the segments of a path that came back in its answer. With a ``base``, what is not below it is left
    out.
    """

    base: BaseUrl | None = None

    origins: Counter[str] = field(default_factory=Counter)
    operations: dict[Path, dict[str, ObservedOperation]] = field(default_factory=dict)
    values: dict[Path, set[int]] = field(default_factory=dict)
    exchanges: int = 0
    left_out: int = 0

    def add(self, recorded: RecordedExchange) -> None:
        """Take in an exchange; one that shows nothing of an operation is counted as left out."""
        method = recorded.method.lower()
        place = None if method not in METHODS or _is_no_use(recorded) else _taken_apart(recorded.url)
        if place is None or recorded.response is None or not self._is_below(*place[:2]):
            self.left_out += 1
            return
        origin, asked, query = place
        path = with_values_marked(asked)
        self.exchanges += 1
        self.origins[origin] += 1
        operation = self.operations.setdefault(path, {}).setdefault(method, ObservedOperation())
        operation.count += 1
        response = recorded.response
        for name, text in parse_qsl(query, keep_blank_values=True):
            if not _SECRET.fullmatch(name):
                kinds = operation.parameters.setdefault(name, Counter())
                kinds["integer" if _INTEGER.fullmatch(text) else "string"] += 1
        if 200 <= response.status < 300:
            operation.schemes[_scheme(recorded.request_headers, recorded.credential)] += 1
        value = _add_response(operation.responses.setdefault(response.status, ObservedResponse()), response)
        texts = set(texts_at_the_top(value))
        if 200 <= response.status < 300:
            for index, segment in enumerate(asked):
                if path[index] and segment in texts and any(char in segment for char in "_-0123456789"):
                    self.values.setdefault(path, set()).add(index)

    def _is_below(self, origin: str, path: Path) -> bool:
        if self.base is None:
            return True
        above = tuple(segment for segment in self.base.path.split("/") if segment)
        return origin in ("", self.base.origin.lower()) and path[: len(above)] == above

    @property
    def succeeded(self) -> dict[Path, bool]:
        """Of each path, whether any request to it was answered with success."""
        return {
            path: any(200 <= status < 300 for one in methods.values() for status in one.responses)
            for path, methods in self.operations.items()
        }


def merged(operations: Iterable[ObservedOperation]) -> ObservedOperation:
    """All of what these operations were, as one; they are used up."""
    whole = ObservedOperation()
    for one in operations:
        whole.count += one.count
        whole.schemes += one.schemes
        for name, kinds in one.parameters.items():
            whole.parameters.setdefault(name, Counter()).update(kinds)
        for status, response in one.responses.items():
            into = whole.responses.setdefault(status, ObservedResponse())
            into.count += response.count
            into.unread += response.unread
            if response.headers is not None:
                into.keep_headers(response.headers, response.with_headers)
            for media_type, value in response.bodies.items():
                into.bodies.setdefault(media_type, ObservedValue()).merge(value)
    return whole


def _is_no_use(recorded: RecordedExchange) -> bool:
    """Whether the exchange shows nothing of what an operation answers to a plain request."""
    response, probe = recorded.response, recorded.probe
    odd = probe is not None and probe.subject in ("hostile", "outside")
    return response is None or response.status < 200 or response.status in _OF_A_CONDITION or recorded.from_cache or odd


def _add_response(into: ObservedResponse, response: Response) -> Any:
    """Take in a response; gives the value of its body, None where that was not recorded or is no JSON."""
    into.count += 1
    if response.headers_complete:
        into.keep_headers(frozenset(name.lower() for name, _ in response.headers))
    media_type = (response.header("content-type") or "").partition(";")[0].strip().lower()
    parsed = None if response.truncated or not response.body else parse(response.body)
    if parsed is not None and parsed.readable and (not media_type or _JSON.fullmatch(media_type)):
        into.bodies.setdefault(media_type or "application/json", ObservedValue()).add(parsed.value)
        return parsed.value
    if media_type and (response.body or response.truncated):
        into.unread[media_type] += 1
    return None


def _scheme(headers: Headers, credential: str) -> str:
    for name, value in headers:
        if name.lower() == "authorization" and value.strip():
            return "basic" if value.lower().startswith("basic ") else "bearer"
        if name.lower() in _KEY_HEADERS and value.strip():
            return name.lower()
    return "bearer" if credential == "sent" else ""


def _taken_apart(url: str) -> tuple[str, Path, str] | None:
    """Origin, segments of the path and query of a URL; None where it is none of HTTP."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in ("", "http", "https") or not parts.path.startswith("/"):
        return None
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower() if parts.scheme else ""
    path = tuple(segment for segment in parts.path.split("/") if segment)
    return (origin, path, parts.query) if path else None

"""Download URLs of results: kept whole to fetch them, and without their queries in everything that is shown.

A URL that a storage service signed is a credential of its own: who has it has the file. It is fetched without the key,
which is for the API alone, from this machine only where the API is on it, else by https; a redirect is not followed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from batch_conformance.exchange.base_url import BaseUrl, BaseUrlError, parse_base_url
from batch_conformance.exchange.exchange import Exchange, Response
from batch_conformance.exchange.redaction import REDACTED
from batch_conformance.exchange.secret import Secret

_URL = re.compile(rb'(https?:(?:\\*/){2}[^"?\s]*\?)([^"\s]+)')
_URL_IN_HEADER = re.compile(r"(https?://[^?\s<>\"]*\?)([^\s<>\"]+)")
_SHORTEST = 8
"""Characters of a value in a query from which on it is looked for in what is shown."""


@dataclass
class ResultUrls:
    """The URLs with a query that stood in bodies, by how they are shown; ``origin`` is that of the API."""

    origin: str = ""
    _known: dict[str, Secret] = field(default_factory=dict, repr=False)

    def take(self, response: Response) -> Response:
        """Remember the URLs in a body, and give the response without their queries, and those of other URLs elsewhere.

        What leads to another page of this API stays as it is in a header.
        """
        body = _URL.sub(self._take_one, response.body)
        headers = tuple((name, _URL_IN_HEADER.sub(self._shown, value)) for name, value in response.headers)
        return replace(response, body=body, headers=headers)

    def _shown(self, found: re.Match[str]) -> str:
        shown = f"{found[1]}{REDACTED}"
        is_own = bool(self.origin) and found[1].startswith(f"{self.origin}/")
        return found[0] if is_own and shown not in self._known else shown

    def _take_one(self, found: re.Match[bytes]) -> bytes:
        shown = found[1] + REDACTED.encode()
        self._known[_unescaped(shown)] = Secret(_unescaped(found[0]))
        return shown

    def whole(self, shown: str) -> Secret:
        """The URL that is shown so; the same where it has no query."""
        return self._known.get(shown, Secret(shown))


@dataclass(frozen=True)
class Download:
    """Where a URL leads: the origin, and the target of the request with its query. ``secrets`` are to be hidden."""

    base: BaseUrl
    path: str
    query: Secret
    secrets: tuple[str, ...] = field(repr=False)


def download_of(url: str, *, from_loopback: bool) -> Download | None:
    """How to fetch a URL; None where it must not be: http, or this machine, where the API is elsewhere."""
    try:
        parts = urlsplit(url)
        base = parse_base_url(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, BaseUrlError):
        return None
    if base.is_loopback != from_loopback and (base.is_loopback or base.scheme != "https"):
        return None
    if base.scheme != "https" and not base.is_loopback:
        return None
    values = [value for _, value in parse_qsl(parts.query, keep_blank_values=True) if len(value) >= _SHORTEST]
    return Download(base, parts.path or "/", Secret(parts.query), (parts.query, *values) if parts.query else ())


def without_query(exchange: Exchange) -> Exchange:
    """An exchange as it may be kept: without the query of its URL, wherever that is shown."""
    url, separator, _ = exchange.request.url.partition("?")
    shown = f"{url}?{REDACTED}" if separator else url
    headers = exchange.response.headers if exchange.response is not None else ()
    response = exchange.response and replace(exchange.response, headers=_without_queries(headers))
    return replace(
        exchange,
        probe=replace(exchange.probe, query=""),
        request=replace(exchange.request, url=shown),
        response=response,
    )


def _without_queries(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Header fields, URLs in them without their queries: a redirect leads to another signed URL."""
    return tuple((name, re.sub(r"(https?://[^?\s]*\?)\S+", rf"\1{REDACTED}", value)) for name, value in headers)


def _unescaped(text: bytes) -> str:
    """What a piece of a JSON string stands for; the piece itself where it is none."""
    try:
        return str(json.loads(b'"' + text + b'"'))
    except ValueError:
        return text.decode("utf-8", "replace")

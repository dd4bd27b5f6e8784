"""Judges the headers of a response: those that HTTP asks for, and those that the contract declares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from batch_conformance.contract.schema import ALL_TYPES, Schema
from batch_conformance.exchange.exchange import Response
from batch_conformance.findings.finding import Deviation, Level
from batch_conformance.judge.response import is_turned_away
from batch_conformance.judge.sighting import Sighting

_LONGEST_NUMBER = 400
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def judge_headers(sighting: Sighting) -> Iterator[Deviation]:
    """Everything about the headers of one response, but Content-Type and those that frame it."""
    if sighting.answer is None or not sighting.answer.headers_complete:
        return
    yield from _demanded(sighting, sighting.answer)
    if sighting.covered and not is_turned_away(sighting, sighting.answer.status):
        yield from _declared(sighting, sighting.answer)


def _demanded(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    if answer.status == 401 and not any(map(str.strip, answer.header_all("www-authenticate"))):
        observed = "none" if answer.header("www-authenticate") is None else "an empty one"
        yield sighting.deviates(
            "auth.challenge_missing",
            status="401",  # HTTP's own clause, where the document has a range such as 4XX too
            expected="a WWW-Authenticate header",
            observed=observed,
            kind="missing",
        )
    if answer.status == 405 and answer.header("allow") is None and not is_turned_away(sighting, 405):
        yield sighting.deviates(
            "method.allow_missing", status="405", expected="an Allow header", observed="none", kind="missing"
        )
    retry_after = answer.header("retry-after")
    if retry_after is not None and not is_retry_after(retry_after):
        yield sighting.deviates(
            "response.retry_after",
            expected="whole seconds or an HTTP-date",
            observed=f'"{retry_after[:60]}"',
            kind="malformed",
        )
    cache_control = ", ".join(answer.header_all("cache-control")).lower()
    directives = {part.partition("=")[0].strip() for part in cache_control.split(",")}
    if (
        sighting.contract.operation.secured
        and 200 <= answer.status < 300
        and directives & {"public", "s-maxage"}
        and not directives & {"private", "no-store"}
    ):
        yield sighting.deviates(
            "response.cache_public", expected="private, no-store or nothing", observed=cache_control[:60], kind="public"
        )


def _declared(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    documented = sighting.documented
    for name, schema in documented.headers.items() if documented else ():
        values = answer.header_all(name)
        if not values:
            # RFC 9110 section 9.3.2: HEAD may leave out what is only known once the body is made.
            if documented is not None and name in documented.required_headers and sighting.method == "GET":
                yield _header(sighting, name, schema, ("to be there", "missing", "missing"), None)
        elif schema is not None:
            broken = schema.violations(header_value(schema, ", ".join(values)))
            if broken:
                first = next((one for one in broken if not one.annotated), broken[0])
                words = (first.expected, first.observed, first.keyword)
                yield _header(sighting, name, schema, words, "should" if first.annotated else None)


def _header(
    sighting: Sighting, name: str, schema: Schema | None, texts: tuple[str, str, str], level: Level | None
) -> Deviation:
    expected, observed, kind = texts
    return sighting.deviates(
        "response.header",
        expected=f"{name}: {expected}",
        observed=f"{name}: {observed}",
        kind=f"{name.lower()} {kind}",
        level=level,
        location=schema.location if schema is not None else None,
    )


def header_value(schema: Schema, text: str) -> Any:
    """The value that a header's text stands for in the style ``simple``, by the types that its schema allows.

    Numbers and booleans are words in a header; a list is separated by commas. What fits none of it stays text.
    """
    types, text = schema.properties[0].types, text.strip()
    if types == ALL_TYPES:
        return text
    if "array" in types:
        items = next((place.types for place in schema.properties if place.pointer == "/*"), ALL_TYPES)
        return [_scalar(part.strip(), items) for part in text.split(",")] if text else []
    if "object" in types:
        parts = text.split(",")
        return dict(zip(map(str.strip, parts[::2]), map(str.strip, parts[1::2]), strict=False))
    return _scalar(text, types)


def _scalar(text: str, types: frozenset[str]) -> Any:
    if types == ALL_TYPES or len(text) > _LONGEST_NUMBER:
        return text
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    return text


def is_retry_after(value: str) -> bool:
    """Whether a Retry-After value has one of its two forms (RFC 9110 section 10.2.3)."""
    if value.strip().isascii() and value.strip().isdigit():
        return True
    try:
        parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return False
    return True

"""Judges the headers of a response: those that HTTP asks for."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from batch_conformance.exchange.exchange import Response
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting


def judge_headers(sighting: Sighting) -> Iterator[Deviation]:
    """Everything about the headers of one response, but Content-Type and those that frame it."""
    if sighting.answer is not None:
        yield from _demanded(sighting, sighting.answer)


def _demanded(sighting: Sighting, answer: Response) -> Iterator[Deviation]:
    if answer.status == 401 and answer.header("www-authenticate") is None:
        yield sighting.deviates(
            "auth.challenge_missing", expected="a WWW-Authenticate header", observed="none", kind="missing"
        )
    if answer.status == 405 and answer.header("allow") is None:
        yield sighting.deviates("method.allow_missing", expected="an Allow header", observed="none", kind="missing")
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


def is_retry_after(value: str) -> bool:
    """Whether a Retry-After value has one of its two forms (RFC 9110 section 10.2.3)."""
    if value.strip().isascii() and value.strip().isdigit():
        return True
    try:
        parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return False
    return True

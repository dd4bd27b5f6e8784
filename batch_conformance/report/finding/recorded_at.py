"""Recorded exchanges as people look them up: where and when they were recorded, and whether they can be asked again."""

from __future__ import annotations

from datetime import UTC, datetime

from batch_conformance.exchange.curl import curl_line
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.redaction import REDACTED
from batch_conformance.report.language import translatable

_FIRST_TIME = 100_000_000
"""Unix seconds of 1973: a recording without readable times has only an order."""

_NO_HOST = translatable("cannot be asked again: its host was not recorded")
_NO_CREDENTIAL = translatable("cannot be asked again: its credential was not recorded")
_UNKNOWN_CREDENTIAL = translatable("cannot be asked again: whether its credential was the valid one is not known")


def recorded_at(exchange: Exchange) -> str:
    """``traffic.ndjson:17, 2025-03-11T09:30:13Z``; empty for what this run sent itself."""
    if not exchange.source or exchange.started_at < _FIRST_TIME:
        return exchange.source
    try:
        time = datetime.fromtimestamp(exchange.started_at, UTC)
    except (ValueError, OverflowError, OSError):
        return exchange.source
    return f"{exchange.source}, {time:%Y-%m-%dT%H:%M:%SZ}"


def prefer_of(exchange: Exchange) -> str:
    """The header by which its status was asked for (RFC 7240): the server was not in that state by itself."""
    return f"Prefer: code={exchange.probe.forced_status}"


def why_not_repeatable(exchange: Exchange, *, secured: bool) -> str:
    """Why the request cannot be sent again as it was, in English; empty where it can.

    ``secured`` says that the operation asks for a credential.
    """
    if not exchange.source:
        return ""
    if not exchange.request.url.lower().startswith(("http://", "https://")):
        return _NO_HOST
    if exchange.probe.credential == "recorded":
        return _UNKNOWN_CREDENTIAL
    shown = (exchange.request.url, *(value for _, value in exchange.request.headers))
    if secured and exchange.probe.credential == "valid" and not any(REDACTED in one for one in shown):
        return _NO_CREDENTIAL
    return ""


def curl_of(exchange: Exchange, *, secured: bool) -> str:
    """The command that sends the request again; empty where nothing can."""
    return "" if why_not_repeatable(exchange, secured=secured) else curl_line(exchange)

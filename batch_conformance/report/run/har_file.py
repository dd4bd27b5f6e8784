"""``exchanges.har``: every exchange of the run, for browser developer tools."""

from __future__ import annotations

import codecs
import json
from dataclasses import replace

from batch_conformance.exchange.exchange import BESIDE_THE_PLAN, Exchange
from batch_conformance.exchange.har import har
from batch_conformance.report.finding.body_view import SCANNED, masked_text
from batch_conformance.report.run.groups import masked_names
from batch_conformance.report.run.run_report import RunReport


def render(report: RunReport) -> str:
    """The exchanges as HAR 1.2 text, customers' values masked."""
    names = masked_names(report)
    shown: dict[bytes, tuple[bytes, bool]] = {}  # a server repeats itself, and to mask a large body takes its time
    beside = (
        replace(exchange, probe=replace(exchange.probe, chapter=BESIDE_THE_PLAN))
        for exchange in (*report.asked_again, *report.minimizing)
    )
    exchanges = (_masked(exchange, names, shown) for exchange in (*report.ledger.exchanges, *beside))
    return json.dumps(har(exchanges), ensure_ascii=True) + "\n"


def _masked(exchange: Exchange, names: frozenset[str], shown: dict[bytes, tuple[bytes, bool]]) -> Exchange:
    response = exchange.response
    if response is None:
        return exchange
    if response.body not in shown:
        shown[response.body] = _masked_body(response.body, names)
    body, cut = shown[response.body]
    if body == response.body and not cut:
        return exchange
    return replace(exchange, response=replace(response, body=body, truncated=response.truncated or cut))


def _masked_body(body: bytes, names: frozenset[str]) -> tuple[bytes, bool]:
    encoding = "utf-8"
    try:
        codecs.getincrementaldecoder(encoding)().decode(body[:SCANNED])
    except UnicodeDecodeError:
        encoding = "latin-1"  # keeps every byte as it came
    text, cut = masked_text(body, names, SCANNED, encoding)
    return text.encode(encoding), cut

"""``exchanges.har``: every exchange of the run, for browser developer tools."""

from __future__ import annotations

import codecs
import json
from dataclasses import replace

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.har import har
from batch_conformance.report.body_view import SCANNED, masked_text
from batch_conformance.report.groups import masked_names
from batch_conformance.report.run_report import RunReport


def render(report: RunReport) -> str:
    """The exchanges as HAR 1.2 text, customers' values masked."""
    names = masked_names(report)
    return json.dumps(har(_masked(exchange, names) for exchange in report.ledger.exchanges), ensure_ascii=True) + "\n"


def _masked(exchange: Exchange, names: frozenset[str]) -> Exchange:
    if exchange.response is None:
        return exchange
    encoding = "utf-8"
    try:
        codecs.getincrementaldecoder(encoding)().decode(exchange.response.body[:SCANNED])
    except UnicodeDecodeError:
        encoding = "latin-1"  # keeps every byte as it came
    text, cut = masked_text(exchange.response.body, names, SCANNED, encoding)
    truncated = exchange.response.truncated or cut
    return replace(exchange, response=replace(exchange.response, body=text.encode(encoding), truncated=truncated))

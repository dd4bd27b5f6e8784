"""The read before: what a value that changed between two reads was at the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.observation.observation import at
from batch_conformance.report.run.groups import rule_named


def read_before(finding: Finding, exchanges: Iterable[Exchange]) -> Exchange | None:
    """The last read of the same batch before the evidence that was answered otherwise; None where there is none.

    Only rules that compare reads have one. Otherwise is: with another status, or another value at the pointer.
    """
    shown = finding.evidence
    if rule_named(finding.rule).compares != "reads" or shown.response is None:
        return None
    earlier = [
        exchange
        for exchange in exchanges
        if exchange.response is not None
        and exchange.started_at < shown.started_at
        and exchange.request.method == shown.request.method
        and exchange.request.url == shown.request.url
        and exchange.probe.credential == shown.probe.credential
        and _answered(exchange, finding) != _answered(shown, finding)
    ]
    return max(earlier, key=lambda exchange: exchange.started_at, default=None)


def _answered(exchange: Exchange, finding: Finding) -> Any:
    """What the finding compares."""
    answer = exchange.response
    if answer is None or not finding.pointer:
        return exchange.status
    try:
        return at(json.loads(answer.body), finding.pointer)
    except (ValueError, RecursionError):
        return None

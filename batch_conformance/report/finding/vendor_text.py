"""A finding as text that can be sent to whoever has to fix it."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.contract.location import Location
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.report.finding.body_view import mask_url_queries
from batch_conformance.report.finding.recorded_at import curl_of, prefer_of, recorded_at
from batch_conformance.report.finding.reproduction import folded
from batch_conformance.report.run.groups import Group, place
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line, plural

PLACES = 12
"""Places that are named; the others are counted."""

_WIDTH = 100
_CURL = 4_000
_TRACKED = ("date", "trace", "request-id", "requestid", "correlation")
"""Parts of the names of header fields by which a vendor finds the request in its logs."""


def vendor_text(group: Group, report: RunReport, location: Location | None) -> str:
    """Markdown that stands for itself: what was asked, expected and observed, and how to see it.

    It holds no secret: the key is a variable, and what is masked in the reports is masked here.
    """
    first = group.findings[0]
    operation, document = report.contract.chosen, report.contract.document
    lines = [
        f"**{group.rule.title}** ({group.level}: {group.rule.id})",
        "",
        f"- Request: {operation.method.upper()} {operation.path} at {report.target.base_url}",
        f"- Where: {_places(group)}",
        f"- Contract says: {_code(' / '.join(map(str, group.expected)))}" + (f" ({location})" if location else ""),
        f"- Observed: {_code(' / '.join(map(str, group.observed)))}",
        *_seen(group, report),
        *_forced(first.evidence),
        *(f"- {line}" for line in _traces(first.evidence)),
        f"- Why it matters: {group.rule.why}",
        f"- Side to fix: {group.side}. {group.remedy}",
        f"- Contract: {document.name}, SHA-256 {document.sha256}",
    ]
    shown = [one_line(line) for line in lines]
    command = one_line(curl_of(first.evidence, secured=operation.secured))
    if command and len(command) <= _CURL:
        shown += ["", *("    " + line for line in folded(command, _WIDTH))]
    return "\n".join(shown) + "\n"


def _seen(group: Group, report: RunReport) -> Iterator[str]:
    """How often, and when: of recorded traffic where the exchange stands that is shown, and when it was recorded."""
    first = group.findings[0].evidence
    times = plural(group.occurrences, "time")
    if first.source:
        yield f"- Seen: {times} in {plural(report.run.requests, 'recorded request')}"
        yield f"- Recorded: {_code(recorded_at(first))}"
    else:
        yield f"- Seen: {times} in {plural(report.run.requests, 'request')}, {report.run.started_at}"


def _forced(exchange: Exchange) -> Iterator[str]:
    if exchange.probe.forced_status is not None:
        yield f"- The status was asked for by the request: {_code(prefer_of(exchange))}"


def _places(group: Group) -> str:
    named = ", ".join(_code(place(finding)) for finding in group.findings[:PLACES])
    left = len(group.findings) - PLACES
    return named + (f" and {plural(left, 'more place')}" if left > 0 else "")


def _traces(exchange: Exchange) -> Iterator[str]:
    """What the vendor needs to find the request in its logs."""
    answer = exchange.response
    if answer is None:
        if exchange.failure:
            yield f"No response: {exchange.failure.kind}: {_code(str(exchange.failure.detail))}"
        return
    yield f"Response: {answer.status} {_code(answer.reason)}" if answer.reason else f"Response: {answer.status}"
    tracked = [(n, v) for n, v in answer.headers if any(part in n.lower() for part in _TRACKED) and v]
    for name, value in tracked[:4]:
        yield f"{clip(name, 60)}: {_code(mask_url_queries(value))}"


def _code(text: str) -> str:
    """A code span of Markdown: nothing in it becomes a link, a mention or markup."""
    text = clip(one_line(text), 400).replace("`", "\u02cb")  # a look-alike: a code span cannot hold its own fence
    return f"`{text}`"

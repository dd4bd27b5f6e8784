"""A finding as text that can be sent to whoever has to fix it."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.contract.location import Location
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.report.finding.body_view import mask_url_queries
from batch_conformance.report.finding.recorded_at import curl_of, prefer_of, recorded_at
from batch_conformance.report.finding.reproduction import folded
from batch_conformance.report.language import Language
from batch_conformance.report.language import language as language_of
from batch_conformance.report.run.groups import Group, place, remedy_of
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line

PLACES = 12
"""Places that are named; the others are counted."""

_WIDTH = 100
_CURL = 4_000
_TRACKED = ("date", "trace", "request-id", "requestid", "correlation")
"""Parts of the names of header fields by which a vendor finds the request in its logs."""


def vendor_text(group: Group, report: RunReport, location: Location | None) -> str:
    """Markdown that stands for itself, in the report's language: what was asked, expected, observed, and how to see it.

    It holds no secret: the key is a variable, and what is masked in the reports is masked here.
    """
    first = group.findings[0]
    operation, document = report.contract.chosen, report.contract.document
    language = language_of(report.language)
    text, rule = language.text, language.rule_texts(group.rule)
    expected, observed = (
        _code(" / ".join(map(language.render, messages))) for messages in (group.expected, group.observed)
    )
    said_at = f" ({location})" if location else ""
    asked = f"{operation.method.upper()} {operation.path}"
    lines = [
        f"**{rule.title}** ({text(group.level)}{text(': ')}{group.rule.id})",
        "",
        text("- Request: {request} at {target}", request=asked, target=report.target.base_url),
        text("- Where: {places}", places=_places(group, language)),
        text("- Contract says: {expected}", expected=expected) + said_at,
        text("- Observed: {observed}", observed=observed),
        *_seen(group, report, language),
        *_forced(first.evidence, language),
        *(f"- {line}" for line in _request_identifiers(first.evidence, language)),
        text("- Why it matters: {why}", why=rule.why),
        text("- Side to fix: {side}. {remedy}", side=text(group.side), remedy=remedy_of(group, language)),
        text("- Contract: {file}, SHA-256 {sha256}", file=document.name, sha256=document.sha256),
    ]
    shown = [one_line(line) for line in lines]
    command = one_line(curl_of(first.evidence, secured=operation.secured))
    if command and len(command) <= _CURL:
        shown += ["", *("    " + line for line in folded(command, _WIDTH))]
    return "\n".join(shown) + "\n"


def _seen(group: Group, report: RunReport, language: Language) -> Iterator[str]:
    """How often, and when: of recorded traffic where the exchange stands that is shown, and when it was recorded."""
    first = group.findings[0].evidence
    text, times = language.text, language.count(group.occurrences, "time")
    if first.source:
        requests = language.count(report.run.requests, "recorded request")
        yield text("- Seen: {times} in {requests}", times=times, requests=requests)
        yield text("- Recorded: {where}", where=_code(recorded_at(first)))
    else:
        requests, began = language.count(report.run.requests, "request"), report.run.started_at
        yield text("- Seen: {times} in {requests}, {time}", times=times, requests=requests, time=began)


def _forced(exchange: Exchange, language: Language) -> Iterator[str]:
    if exchange.probe.forced_status is not None:
        header = _code(prefer_of(exchange))
        yield language.text("- The status was asked for by the request: {header}", header=header)


def _places(group: Group, language: Language) -> str:
    named = language.text(", ").join(_code(place(finding, language)) for finding in group.findings[:PLACES])
    left = len(group.findings) - PLACES
    if left <= 0:
        return named
    return language.text("{place} and {more}", place=named, more=language.count(left, "more place"))


def _request_identifiers(exchange: Exchange, language: Language) -> Iterator[str]:
    """What the vendor needs to find the request in its logs."""
    answer = exchange.response
    if answer is None:
        if exchange.failure:
            detail = _code(language.render(exchange.failure.detail))
            yield language.text("No response: {kind}: {detail}", kind=exchange.failure.kind, detail=detail)
        return
    status = f"{answer.status} {_code(answer.reason)}" if answer.reason else str(answer.status)
    yield language.text("Response: {status}", status=status)
    tracked = [(n, v) for n, v in answer.headers if any(part in n.lower() for part in _TRACKED) and v]
    for name, value in tracked[:4]:
        yield f"{clip(name, 60)}: {_code(mask_url_queries(value))}"


def _code(text: str) -> str:
    """A code span of Markdown: nothing in it becomes a link, a mention or markup."""
    text = clip(one_line(text), 400).replace("`", "\u02cb")  # a look-alike: a code span cannot hold its own fence
    return f"`{text}`"

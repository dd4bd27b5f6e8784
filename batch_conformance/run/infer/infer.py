"""Infers an OpenAPI document from recorded traffic, or what a given document would have to say for it to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from batch_conformance import __version__
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.infer.document import as_yaml, document_of
from batch_conformance.infer.traffic import ObservedApi
from batch_conformance.input_error import InputError
from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.nouns import EXCHANGE, LINE
from batch_conformance.recorded.line import LineError, exchange_of, values_of
from batch_conformance.recorded.recording import AT, MOST_COMPLAINTS
from batch_conformance.recorded.source import blocks, expand, parts
from batch_conformance.report.finding import suggested_overlay
from batch_conformance.report.language import language as language_of
from batch_conformance.run.validate.reading import read_here
from batch_conformance.run.validate.validate import Validation, ValidationOptions

_SHOWS_NOTHING = Template(
    "infer.shows_nothing",
    "none of {exchanges} shows an operation: a request of GET, POST, PUT, PATCH or DELETE with its response",
)
_SHOWS_NOTHING_BELOW = Template(
    "infer.shows_nothing_below",
    "none of {exchanges} shows an operation below {base_url}: a request of GET, POST, PUT, PATCH or DELETE with its "
    "response",
)
_NONE_OF_OPERATION = Template("infer.none_of_operation", "none of {exchanges} is one of the contract's {method} {path}")
NEEDS_CONTRACT = Template(
    "infer.needs_contract", "--operation and --overlay are of a document: name it with --contract"
)
_SKIPPED = Template("infer.skipped", "skipped {malformed} without an exchange: {lines}")
_LEFT_OUT = Template(
    "infer.left_out",
    "left out {exchanges}: without a response, of another method, odd, conditional, or of another base URL",
)

_WRITTEN_BY = Template(
    "infer.written_by",
    "What {exchanges} recorded exchanges show, written by batch-conformance {version}: what was seen,",
)
_WHAT_IT_IS = (
    Template(
        "infer.what_it_is.seen",
        "not what is promised. x-observed says how often each thing was seen, of how many times it could have been.",
    ),
    Template(
        "infer.what_it_is.read",
        "Read it before you hold anything to it: a list of words may have more of them, and what was always there may",
    ),
    Template(
        "infer.what_it_is.requests",
        "be optional. Of requests, their paths, their query parameters and the kind of their credential are described.",
    ),
)
"""The lines of the comment above the document, after the first."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """The text of a document or an overlay, and what is to be said beside it."""

    text: str
    notes: tuple[Message, ...] = ()


@dataclass
class _Skipped:
    number: int = 0
    lines: list[Message] = field(default_factory=list)


def infer_document(sources: Sequence[str], form: str = "auto", base_url: str = "", language: str = "en") -> Inferred:
    """The OpenAPI document of what was recorded in files, as ``validate`` takes them, below a base URL or anywhere.

    ``language`` is that of the comment above it. Raises ``InputError`` where a file cannot be read, or nothing in it
    shows an operation.
    """
    base = parse_base_url(base_url) if base_url else None
    api, skipped, read = ObservedApi(base), _Skipped(), 0
    for part in parts(expand(sources, form).paths, form=form):
        for block in blocks(part):
            for place, raw in enumerate(block.lines):
                if not raw or (isinstance(raw, bytes) and not raw.strip()):
                    continue
                read += 1
                try:
                    if isinstance(raw, LineError):
                        raise raw
                    api.add(exchange_of(values_of(raw) if isinstance(raw, bytes) else raw))
                except LineError as error:
                    skipped.number += 1
                    if len(skipped.lines) < MOST_COMPLAINTS:
                        skipped.lines.append(AT(where=block.where(part, place), what=error.message))
    if not api.exchanges:
        count = Count(read, EXCHANGE)
        raise InputError(
            _SHOWS_NOTHING_BELOW(exchanges=count, base_url=base_url) if base_url else _SHOWS_NOTHING(exchanges=count)
        )
    spoken = language_of(language)
    comment = (
        spoken.render(_WRITTEN_BY(exchanges=f"{api.exchanges:,}", version=__version__)),
        *(spoken.render(line()) for line in _WHAT_IT_IS),
    )
    title = "Observed of " + (api.origins.most_common(1)[0][0] or "recorded traffic")
    notes = (
        [_SKIPPED(malformed=Count(skipped.number, LINE), lines=Listing(tuple(skipped.lines), ";"))]
        if skipped.number
        else []
    )
    if api.left_out:
        notes.append(_LEFT_OUT(exchanges=Count(api.left_out, EXCHANGE)))
    return Inferred(as_yaml(document_of(api, title), comment), tuple(notes))


def infer_overlay(options: ValidationOptions) -> Inferred:
    """The OpenAPI Overlay that makes the given contract describe what was recorded of its operations.

    Raises ``InputError`` where a file cannot be read, or none of its exchanges is the contract's.
    """
    validation = Validation(options)
    traffic = read_here(validation.parts, validation.inferred, lambda _size, _count: None)
    if traffic.stopped is not None:
        raise InputError(traffic.stopped)
    recording = traffic.recording
    if not recording.judged:
        chosen = validation.contract.chosen
        raise InputError(
            _NONE_OF_OPERATION(exchanges=Count(recording.lines, EXCHANGE), method=chosen.method, path=chosen.path)
        )
    report = validation.report(recording)
    notes = (
        (_SKIPPED(malformed=Count(recording.malformed, LINE), lines=Listing(tuple(recording.complaints), ";")),)
        if recording.malformed
        else ()
    )
    return Inferred(suggested_overlay.render(report, language_of(options.language)), notes)

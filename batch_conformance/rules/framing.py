"""Rules about how a message is framed, and how its body is coded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batch_conformance.findings.finding import Deviation
from batch_conformance.message import Listing, Message, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import at_headers
from batch_conformance.rules.rule import Broken, Rule, always, is_answered

_NEVER = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*([;,]|$)", re.IGNORECASE)
"""What the client names in order to exclude it (RFC 9110 section 12.4.2)."""

_MESSAGE = Template("response.framing.message", "an HTTP/1.1 response")
_ONE_LENGTH = Template("response.framing.expected", "one length for the body, and that many bytes")
_LENGTHS = Template("response.framing.lengths", "Content-Length {lengths}")
_LENGTH_AND_CODING = Template(
    "response.framing.length_and_coding", "Content-Length and Transfer-Encoding in one message"
)
_CHUNKED_IN_1_0 = Template("response.framing.chunked_in_1_0", "Transfer-Encoding in a message of HTTP/1.0")
_TRAILING = Template("response.framing.trailing", "{count} bytes after the end of the message")
_AS_NAMED = Template("response.encoding.expected", "a body in the Content-Encoding that it names")
_AS_ASKED = Template("response.coding_unasked.expected", "a coding that Accept-Encoding admits, or none")
_CODED = Template("response.coding_unasked.observed", "{coding} for {asked}")
_BROKEN = frozenset({"protocol", "too_large"})
"""Failures to read a message that came."""


def _check_framing(observation: Observation) -> Iterator[Broken]:
    answer, failure = observation.answer, observation.exchange.failure
    is_broken = failure is not None and failure.kind in _BROKEN
    if answer is None:
        if failure is not None and is_broken:
            yield Broken(_MESSAGE(), failure.detail, failure.kind, status="")
        return
    lengths = {value.strip() for value in answer.header_all("content-length")}
    observed: Message
    if len(lengths) > 1:
        kind, observed = "two_lengths", _LENGTHS(lengths=Listing(tuple(sorted(lengths)), "and"))
    elif lengths and answer.header("transfer-encoding"):
        kind, observed = "length_and_coding", _LENGTH_AND_CODING()
    elif answer.wire_notes is not None and answer.http_version == "1.0" and answer.header("transfer-encoding"):
        # RFC 9112 section 6.1; recorders may name another version than the one that was spoken.
        kind, observed = "chunked_in_1_0", _CHUNKED_IN_1_0()
    elif failure is not None and is_broken:
        kind, observed = "body", failure.detail
    elif answer.trailing:
        kind, observed = "trailing", _TRAILING(count=answer.trailing)
    else:
        return
    yield Broken(_ONE_LENGTH(), observed, kind, status="")


def never_ending(observation: Observation) -> Deviation:
    """The deviation that a body is whose end does not come, though its head says how it ends."""
    failure = observation.exchange.failure
    detail = failure.detail if failure is not None else _MESSAGE()
    return FRAMING.deviation(observation, Broken(_ONE_LENGTH(), detail, "never_ends", status=""))


def _check_encoding(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is not None and answer.decode_error:
        kind = (answer.header("content-encoding") or "").lower()[:40]
        yield Broken(_AS_NAMED(), answer.decode_error, kind)


def _check_unasked(observation: Observation) -> Iterator[Broken]:
    coding = _unasked_coding(observation)
    if coding:
        asked = observation.exchange.request.header("accept-encoding") or ""
        yield Broken(_AS_ASKED(), _CODED(coding=coding, asked=asked[:60]), "unasked")


def _unasked_coding(observation: Observation) -> str:
    """The content coding of a body whose request excluded it; empty where it was admitted.

    Who names codings, and neither ``identity`` nor what is excluded, may only have left one out.
    """
    answer, asked = observation.answer, observation.exchange.request.header("accept-encoding")
    if answer is None or not answer.body or answer.decode_error or asked is None:
        return ""
    coding = (answer.header("content-encoding") or "identity").strip().lower().removeprefix("x-")
    if coding == "identity":
        return ""
    offered = {part.partition(";")[0].strip().lower() for part in asked.split(",") if not _NEVER.search(part)}
    excludes = "identity" in offered or _NEVER.search(asked) is not None
    return "" if offered & {coding, "x-" + coding, "*"} or not excludes else coding[:40]


def _has_body(observation: Observation) -> bool:
    return observation.answer is not None and bool(observation.answer.body)


FRAMING = Rule(
    id="response.framing",
    title="The message breaks HTTP's framing",
    level="must",
    side="server",
    why="Where a body ends is then a matter of opinion: bodies are cut, mixed up with the next one, or smuggled.",
    remedy="Let the HTTP server set Content-Length or chunked coding, once, from the bytes that it sends.",
    source="RFC 9112 sections 6 and 8",
    breaks="Content-Length: 900 before 512 bytes of body",
    keeps="Content-Length: 512 before 512 bytes of body",
    clauses=always(Template("response.framing.clause", "each message is framed as HTTP/1.1")),
    exercised=is_answered,
    check=_check_framing,
    looks_at="bytes",
    headers=("content-length", "transfer-encoding"),
    kept_by_plain_reads=True,
    highlight=at_headers("content-length", "transfer-encoding"),
    covers=(
        ("Content-Length", "that many bytes come"),
        ("Transfer-Encoding", "no length beside it, none in HTTP/1.0"),
        ("the body's end", "it comes, and nothing follows it"),
    ),
)

ENCODING = Rule(
    id="response.encoding",
    title="The Content-Encoding cannot be undone",
    level="must",
    side="server",
    why="The client was told how to decode the body and cannot, or never offered to.",
    remedy="Name the encoding that was really applied, and only one that Accept-Encoding offers.",
    source="RFC 9110 sections 8.4 and 12.5.3",
    breaks="Content-Encoding: gzip over plain JSON",
    keeps="no Content-Encoding over plain JSON",
    clauses=always(Template("response.encoding.clause", "each body is in the Content-Encoding that it names")),
    exercised=_has_body,
    check=_check_encoding,
    looks_at="bytes",
    headers=("content-encoding",),
    kept_by_plain_reads=True,
    highlight=at_headers("content-encoding"),
    covers=(("Content-Encoding", "it can be undone"),),
)

CODING_UNASKED = Rule(
    id="response.coding_unasked",
    title="A Content-Encoding that the client does not take",
    level="should",
    side="server",
    why="RFC 9110 says that it should not be; a client that did not offer to undo it may hand on compressed bytes.",
    remedy="Compress only where Accept-Encoding admits it.",
    source="RFC 9110 section 12.5.3",
    breaks="Content-Encoding: gzip for Accept-Encoding: identity",
    keeps="Content-Encoding: gzip for Accept-Encoding: gzip",
    clauses=always(Template("response.coding_unasked.clause", "no body is in a Content-Encoding that was not offered")),
    exercised=_has_body,
    check=_check_unasked,
    looks_at="message",
    headers=("content-encoding",),
    highlight=at_headers("content-encoding"),
    covers=(("Content-Encoding", "Accept-Encoding admits it"),),
)

RULES = (FRAMING, ENCODING, CODING_UNASKED)

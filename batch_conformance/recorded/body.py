"""The body of a recorded response: its bytes, and why nothing is said of it where a recorder kept only a part of it.

A recorder that cuts bodies at a limit leaves the size of the whole in its file. A body that is one whole JSON text was
not cut, whatever size is told: sizes are counted in characters too, or before a text was indented anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.pointer import printable
from batch_conformance.exchange.exchange import Headers
from batch_conformance.message import Message, Template
from batch_conformance.recorded.body_text import content_of, from_base64, is_coded, is_one_json, plain_bytes

_NOT_RECORDED = Template("recorded_body.not_recorded", "it was not recorded")
_NOT_RECORDED_AS_SAID = Template("recorded_body.not_recorded_as_said", "it was not recorded; the recorder says {words}")
_MARKED = Template("recorded_body.marked", "the recording marks it as cut off")
_SAID = Template("recorded_body.said", "the recorder says {words}")
_PARTLY = Template("recorded_body.partly", "only {has} of its {size} bytes were recorded (by {by})")
_CHARACTERS = Template("recorded_body.characters", "{number} characters")
_LEFT_OUT = Template("recorded_body.left_out", "what was recorded only says that it was left out")
_ENDS_CUT = Template("recorded_body.ends_cut", "its text ends in a mark that it was cut")
_RECORDED_SIZE = Template("recorded_body.recorded_size", "the recorded size")
_WIRE_SIZE = Template("recorded_body.wire_size", "the size on the wire")
LEFT_OUT: Mapping[str, Template] = {
    "parsed": Template("recorded_body.parsed", "it was recorded as values that a parser had read, not as text"),
    "attached": Template("recorded_body.attached", "it was attached to the recording as a file of its own"),
    "dropped": Template("recorded_body.dropped", "attributes of its record were dropped"),
    "cut_at_limit": Template(
        "recorded_body.cut_at_limit", "it is not whole, and instrumentations cut what they capture at a limit"
    ),
    "flow_ended": Template("recorded_body.flow_ended", "the exchange ended early"),
}
"""Why a reader of a format gives no whole body, by the word that it writes for ``body_left_out``."""

_SAYS_CUT = re.compile(
    r"truncat|clipped|\bcut\b|omit|discard|evict"
    r"|not (?:be )?(?:included|available|recorded|captured|saved|stored|loaded)"
    r"|too (?:large|big|long)|exceed|limit|partial|incomplete|abort|\berror\b|net::|截断|省略|不完整|过大|未包含",
    re.IGNORECASE,
)
"""What recorders say of a body that they did not keep in full.

Firefox: "Response bodies are not included". Fiddler: "Body length exceeded …MaxTextBodyLength, so body was omitted".
"""
_CUT_MEMBER = re.compile(r"truncat|clipped|omitted|discarded", re.IGNORECASE)
_CUT_END = re.compile(
    r"(?:\.{3}|…|\W(?:truncated|omitted|cut off)\b[^\"{}]{0,80}|截断[^\"{}]{0,20})\s*\Z", re.IGNORECASE
)
"""Chucker ends a text that it cuts with "--- Content truncated ---", others with dots."""
_PLACEHOLDER = re.compile(
    r"\W*(?:the )?(?:response |http )*(?:body|bodies|content|payload|data)\b[^\"{}]{0,40}"
    r"\b(?:not (?:included|available|recorded|captured)|omitted|removed|too (?:large|big|long)|truncated|discarded)"
    r"\b[^\"{}]{0,80}"
    r"|[\[<(][^\"{}<>]{0,60}\b(?:omitted|truncated|too large|binary|not captured)\b[^\"{}<>]{0,60}[\])>]",
    re.IGNORECASE,
)
"""What stands in the place of a body that was not kept."""
_LONGEST_PLACEHOLDER = 200

_MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class RecordedBody:
    """The bytes of a body as far as they are known, and why they are not judged: None where they are."""

    content: bytes
    unjudged: Message | None = None


def recorded_body(response: Mapping[str, Any], headers: Headers) -> RecordedBody:
    """The body of the recorded response of a line, with its headers.

    ``body_base64`` that is plain text is read as that, and ``body`` that is base64 of JSON is decoded. ``body_size``
    and ``comment`` are what the recorder says of the whole.
    """
    labelled = isinstance(response.get("body_base64"), str)
    text = response["body_base64"] if labelled else response.get("body")
    said, left_out = next(_said(response), ""), _left_out(response)
    if not isinstance(text, str):
        return RecordedBody(b"", left_out or (_NOT_RECORDED_AS_SAID(words=_quoted(said)) if said else _NOT_RECORDED()))
    content, unreadable = content_of(text, response, headers, labelled=labelled)
    if response.get("truncated") is True:
        return RecordedBody(content, left_out or (_SAID(words=_quoted(said)) if said else _MARKED()))
    reason = unreadable or _why_cut(response, headers, content, is_text=content == plain_bytes(text), said=said)
    return RecordedBody(content, None if reason and is_one_json(content) else reason)


def body_as_it_is(response: Mapping[str, Any]) -> RecordedBody:
    """The body of a response that a suite recorded: whole, unless it says itself that it is not."""
    encoded = response.get("body_base64")
    text = encoded if isinstance(encoded, str) else response.get("body")
    if not isinstance(text, str):
        return RecordedBody(b"", None if response.get("truncated") is False else _NOT_RECORDED())
    decoded = from_base64(text) if isinstance(encoded, str) else None
    content = plain_bytes(text) if decoded is None else decoded
    return RecordedBody(content, _MARKED() if response.get("truncated") else None)


def marks(*parts: Mapping[str, Any]) -> Iterator[str]:
    """The names of members that say that a body was cut, such as ``_responseBodyTruncated``."""
    for part in parts:
        for name, value in part.items():
            said = value and str(value).lower() not in ("false", "no", "0")
            if said and _CUT_MEMBER.search(name) and "request" not in name.lower():
                yield name


def known_size(value: object) -> int:
    """A number of bytes as recorders write it; 0 where it is not known, for which HAR has -1."""
    if isinstance(value, str) and _is_length(value.strip()):
        value = int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < 1 << 53 else 0  # type: ignore[operator,call-overload]


def says_cut(comment: str) -> bool:
    """Whether a comment of the recorder is that it did not keep a body in full."""
    return _SAYS_CUT.search(comment) is not None


def _said(response: Mapping[str, Any]) -> Iterator[str]:
    """What the recorder says that has to do with a body that it did not keep in full."""
    comment = response.get("comment")
    if isinstance(comment, str) and says_cut(comment):
        yield comment
    yield from (name for name in marks(response) if name != "truncated")  # which the line itself defines


def _left_out(response: Mapping[str, Any]) -> Message | None:
    """Why the reader of a format left the body out, or a part of it; None where it did not."""
    reason = response.get("body_left_out")
    return LEFT_OUT[reason]() if isinstance(reason, str) and reason in LEFT_OUT else None


def _why_cut(
    response: Mapping[str, Any], headers: Headers, content: bytes, *, is_text: bool, said: str
) -> Message | None:
    """Why a body may be only the beginning of what was received; None where nothing says so."""
    sizes = list(_sizes(response, headers, content))
    if sizes:
        least, exact = _lengths(content, is_text=is_text)
        for size, by in sizes:
            if size > least and size not in exact:
                has = f"{len(content):,}" if len(content) < size else _CHARACTERS(number=f"{least:,}")
                return _PARTLY(has=has, size=f"{size:,}", by=by)
    if said:
        return _SAID(words=_quoted(said))
    if not is_text:
        return None
    text = content[-_LONGEST_PLACEHOLDER:].decode("utf-8", "ignore").strip()
    succeeded = 200 <= (response.get("status") or 0) < 300
    if succeeded and len(content) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(text):
        return _LEFT_OUT()
    begins = content.lstrip()[:1] in (b"{", b"[", b'"')
    return _ENDS_CUT() if begins and _CUT_END.search(text) else None


def _sizes(response: Mapping[str, Any], headers: Headers, content: bytes) -> Iterator[tuple[int, Message | str]]:
    """The sizes that the whole body is said to have, and what says it."""
    size, on_wire = known_size(response.get("body_size")), known_size(response.get("wire_size"))
    if size:
        yield size, _RECORDED_SIZE()
    # Of a coded body these count other bytes; yet where they count any, there was a body.
    if not content or not is_coded(headers):
        for name, value in headers:
            if name.lower() == "content-length":
                lengths = (part.strip() for part in value.split(","))
                yield from ((int(part), "Content-Length") for part in lengths if _is_length(part))
        if on_wire:
            yield on_wire, _WIRE_SIZE()


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _lengths(content: bytes, *, is_text: bool) -> tuple[int, frozenset[int]]:
    """The least length that this much of a body can have had, and those that it has in one count or another.

    Sizes of a text are counted in bytes, in characters, or in the halves of UTF-16 that JavaScript counts. A character
    that stands for bytes that could not be decoded was one byte or more.
    """
    text = content.decode("utf-8", "surrogatepass" if is_text else "replace")
    characters, replaced = len(text), text.count("\ufffd") if is_text else 0
    halves = characters if text.isascii() else characters + sum(character > "\uffff" for character in text)
    exact = {characters, halves} | (set() if replaced else {len(content)})
    return min(characters, len(content) - 2 * replaced), frozenset(exact)


def _quoted(said: str) -> str:
    text = printable(" ".join(said.split()))
    return f'"{text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"}"'

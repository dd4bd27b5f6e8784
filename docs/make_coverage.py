"""Writes which rule holds what HTTP and a document say of a response: ``python docs/make_coverage.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_conformance.rules import REGISTRY

PAGE = Path(__file__).resolve().parent / "COVERAGE.md"

_HEAD = """# What is covered

Which rule holds each field that HTTP defines for responses, and each kind of statement that a document makes, with its
level; or why none does. [RULES.md](RULES.md) explains the rules. This page is made by `python docs/make_coverage.py`
from the registry, where each rule says what it covers; a test holds it to that.

The absence of a field that may be left out is never a finding. `response.header` holds any field that the document
itself declares for a response.
"""


@dataclass(frozen=True)
class Statement:
    """Something that can be kept or broken, by the name that rules have for it (``Rule.covers``).

    ``why_none`` says why no rule holds it, or not all of it. ``is_code`` says that the name is a word of a protocol.
    """

    name: str
    source: str
    why_none: str = ""
    is_code: bool = False


def _field(name: str, source: str, why_none: str = "") -> Statement:
    """A field of responses, or another word of a protocol or a document."""
    return Statement(name, source, why_none, is_code=True)


_OF_CONTENT = "its absence is legal, and a wrong value harms nobody who reads a batch"
_OF_PROXIES = "it is between a client and its own proxy, which is not audited"

FIELDS_OF_9110: Sequence[Statement] = (
    _field("Date", "RFC 9110 section 6.6.1"),
    _field("Trailer", "RFC 9110 section 6.6.2", "no client of such an API reads trailers"),
    _field("Connection", "RFC 9110 section 7.6.1", "what it says is done: the transport closes, or goes on"),
    _field("Via", "RFC 9110 section 7.6.3", "it names intermediaries, and says nothing of the API"),
    _field("Upgrade", "RFC 9110 section 7.8", "it is an offer that nobody has to take"),
    _field("Content-Type", "RFC 9110 section 8.3"),
    _field("Content-Encoding", "RFC 9110 section 8.4"),
    _field("Content-Language", "RFC 9110 section 8.5", _OF_CONTENT),
    _field("Content-Length", "RFC 9110 section 8.6"),
    _field("Content-Location", "RFC 9110 section 8.7", _OF_CONTENT),
    _field("Last-Modified", "RFC 9110 section 8.8.2"),
    _field("ETag", "RFC 9110 section 8.8.3"),
    _field("Allow", "RFC 9110 section 10.2.1"),
    _field("Location", "RFC 9110 section 10.2.2"),
    _field("Retry-After", "RFC 9110 section 10.2.3"),
    _field("Server", "RFC 9110 section 10.2.4", "every stack has its own, and that it tells much is legal"),
    _field("WWW-Authenticate", "RFC 9110 section 11.6.1"),
    _field("Authentication-Info", "RFC 9110 section 11.6.3", "Bearer has no use for it"),
    _field("Proxy-Authenticate", "RFC 9110 section 11.7.1", _OF_PROXIES),
    _field("Proxy-Authentication-Info", "RFC 9110 section 11.7.3", _OF_PROXIES),
    _field("Accept", "RFC 9110 section 12.5.1", "in a response it is about requests with a body, and a read has none"),
    _field("Accept-Encoding", "RFC 9110 section 12.5.3", "in a response it is about requests with a body"),
    _field("Vary", "RFC 9110 section 12.5.5", "that it is missing shows only behind a shared cache"),
    _field("Accept-Ranges", "RFC 9110 section 14.3", "a server may ignore Range whatever it says here"),
    _field("Content-Range", "RFC 9110 section 14.4"),
)
"""The response fields of RFC 9110 in the order of its sections."""

FIELDS_OF_9111: Sequence[Statement] = (
    _field("Age", "RFC 9111 section 5.1"),
    _field("Cache-Control", "RFC 9111 section 5.2"),
    _field("Expires", "RFC 9111 section 5.3"),
    _field("Pragma", "RFC 9111 section 5.4", "it is deprecated, and has no meaning in responses"),
    _field("Warning", "RFC 9111 section 5.5", "it is obsolete"),
)
"""The response fields of RFC 9111 in the order of its sections."""

MESSAGES: Sequence[Statement] = (
    _field("Transfer-Encoding", "RFC 9112 section 6.1"),
    Statement("the body's end", "RFC 9112 section 6.3"),
    Statement("the lines of the head", "RFC 9112 sections 2.2 and 5.2"),
    Statement("answers of one connection", "RFC 9110 section 3.3"),
    Statement("HEAD", "RFC 9110 section 9.3.2"),
    Statement("methods", "RFC 9110 section 15.5.6"),
    _field("User-Agent", "RFC 9110 section 10.1.5"),
    Statement("cross-origin reads", "WHATWG Fetch, section 3.2.3"),
    _field("Link", "RFC 8288 section 3"),
    _field("Set-Cookie", "RFC 6265 section 4.1", "clients take what comes (section 5.2), and gateways set them"),
    _field("immutable", "RFC 8246"),
    Statement("any field", "RFC 9110 section 5"),
    Statement("connections", "RFC 9112 section 9.6"),
)
"""What HTTP says of messages beside those fields."""

OF_DOCUMENTS: Sequence[Statement] = (
    Statement("the statuses of an operation", "Responses Object"),
    Statement("media types", "`content`"),
    Statement("headers of a response", "`headers`"),
    Statement("JSON", "RFC 8259"),
    Statement("types and null", "`type`, `nullable`"),
    Statement("members that are there", "`required`"),
    Statement("members that are not declared", "`additionalProperties`"),
    Statement("values", "`enum`, `const`"),
    Statement("values of examples and texts", "`example`, an overlay"),
    Statement("formats", "`format`"),
    Statement("bounds, patterns, combinations", "JSON Schema"),
    Statement("what a schema forbids itself", "JSON Schema"),
    _field("writeOnly", "Schema Object"),
    Statement("`readOnly`, `deprecated`, `default`", "Schema Object", "they ask nothing of a response"),
    Statement("security", "Security Requirement Object"),
    Statement(
        "a key in the content of a request",
        "RFC 6750 section 2.2",
        "not sent: with GET nobody may, and servers that leave such content unread take it for the next request, "
        "key and all (RFC 9110 section 9.3.1); what makes files and batches has content of other types",
    ),
    Statement("the parameter of the path", "Parameter Object"),
    Statement("`servers`, `links`, `callbacks`", "OpenAPI Object", "the base URL is given; nothing here follows them"),
)
"""Kinds of statements of an OpenAPI document."""

OF_SENSE: Sequence[Statement] = (
    Statement("times of a batch", "cross-field sense"),
    Statement("states", "the guide's states"),
    Statement("counts", "cross-field sense"),
    Statement("results", "cross-field sense"),
    Statement("other values", "cross-field sense"),
    Statement("error bodies", "cross-field sense"),
    Statement("two reads", "RFC 9110 section 9.2.1"),
    Statement("lists and their pages", "the operations of a batch API together"),
    Statement("batches that are made", "`--operations=all`, the operations of a batch API together"),
    Statement("lines of results", "OpenAI's guide, SiliconFlow's guide"),
    Statement("what must not be shown", "OWASP API8"),
    Statement("two runs", "`--shape`"),
    Statement("OpenAI's client", "`--client`"),
)
"""What the answers say of each other."""

CHAPTERS: Mapping[str, Sequence[Statement]] = {
    "Response fields of RFC 9110": FIELDS_OF_9110,
    "Response fields of RFC 9111": FIELDS_OF_9111,
    "Messages, and fields of other standards": MESSAGES,
    "Statements of a document": OF_DOCUMENTS,
    "What answers say together": OF_SENSE,
}
_FURTHER = "Further rules"


def page() -> str:
    """The page. Raises ValueError for what a rule covers and no statement is named, and for one without a word."""
    names = {one.name.lower() for statements in CHAPTERS.values() for one in statements}
    for rule in REGISTRY.values():
        if unknown := [name for name, _ in rule.covers if name.lower() not in names]:
            raise ValueError(f"{rule.id} covers {unknown}: add a statement of that name to {Path(__file__).name}")
    chapters = [_chapter(title, [row for one in rows for row in _rows(one)]) for title, rows in CHAPTERS.items()]
    further = [
        _row(rule.title, rule.source, _link(rule.id), rule.level, "") for rule in REGISTRY.values() if not rule.covers
    ]
    chapters += [_chapter(_FURTHER, further)] if further else []
    return "\n".join([_HEAD, *(line for chapter in chapters for line in chapter)])


def _chapter(title: str, rows: Sequence[str]) -> list[str]:
    return [f"## {title}\n", "| what | where it is said | rule | level | of it |\n|---|---|---|---|---|", *rows, ""]


def _rows(one: Statement) -> Iterator[str]:
    what, source = f"`{one.name}`" if one.is_code else one.name, one.source
    held = [
        (rule, part) for rule in REGISTRY.values() for name, part in rule.covers if name.lower() == one.name.lower()
    ]
    if not held and not one.why_none:
        raise ValueError(f"{one.name}: neither a rule that covers it, nor why there is none")
    for rule, part in held:
        yield _row(what, source, _link(rule.id), rule.level, part)
        what = source = ""
    if one.why_none:
        yield _row(what, source, "none", "", one.why_none)


def _row(*cells: str) -> str:
    return "".join(f"| {cell} " if cell else "|  " for cell in cells) + "|"


def _link(rule: str) -> str:
    return f"[`{rule}`](RULES.md#{rule.replace('.', '')})"


def main() -> None:
    """Write the page, or with ``--check`` say by the exit code whether it is as it would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the page is out of date")
    only_check = parser.parse_args().check
    try:
        made = page()
    except ValueError as error:
        sys.exit(str(error))
    if only_check:
        sys.exit(PAGE.read_text(encoding="utf-8") != made)
    PAGE.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()

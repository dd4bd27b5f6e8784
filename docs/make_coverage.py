"""Writes which rule holds what HTTP and a document say of a response: ``python docs/make_coverage.py``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_conformance.rules import REGISTRY
from batch_conformance.rules.fields import FIELDS, SINGLETONS

PAGE = Path(__file__).resolve().parent / "COVERAGE.md"

_HEAD = """# What is covered

Which rule holds each field that HTTP defines for responses, and each kind of statement that a document makes, with its
level; or why none does. [RULES.md](RULES.md) explains the rules. This page is made by `python docs/make_coverage.py`
from the registry; a test holds it to that, and every rule stands in it.

The absence of a field that may be left out is never a finding. `response.header` holds any field that the document
itself declares for a response.
"""


@dataclass(frozen=True)
class Statement:
    """Something that can be kept or broken: the rules that hold it, with what each looks at, or why none does."""

    what: str
    source: str
    rules: Mapping[str, str]
    why_none: str = ""


def _field(name: str, section: str, why_none: str = "", **rules: str) -> Statement:
    """A response field; the rules about its grammar and its number are those of the registry's own tables."""
    held: dict[str, str] = {}
    if name.lower() in FIELDS:
        held["response.field_syntax"] = "its grammar"
    if name.lower() in SINGLETONS:
        held["response.field_repeated"] = "sent once"
    held |= {rule.replace("__", "."): looks_at for rule, looks_at in rules.items()}
    return Statement(f"`{name}`", section, held, why_none)


_OF_CONTENT = "its absence is legal, and a wrong value harms nobody who reads a batch"
_OF_PROXIES = "it is between a client and its own proxy, which is not audited"

FIELDS_OF_9110: Sequence[Statement] = (
    _field(
        "Date",
        "RFC 9110 section 6.6.1",
        response__dates_contradict="against other answers, live",
        response__clock="against the clock here, live",
    ),
    _field("Trailer", "RFC 9110 section 6.6.2", "no client of such an API reads trailers"),
    _field("Connection", "RFC 9110 section 7.6.1", "what it says is done: the transport closes, or goes on"),
    _field("Via", "RFC 9110 section 7.6.3", "it names intermediaries, and says nothing of the API"),
    _field("Upgrade", "RFC 9110 section 7.8", "it is an offer that nobody has to take"),
    _field(
        "Content-Type", "RFC 9110 section 8.3", response__media_type="the documented one", response__charset="UTF-8"
    ),
    _field(
        "Content-Encoding",
        "RFC 9110 section 8.4",
        response__encoding="it can be undone",
        response__coding_unasked="Accept-Encoding admits it",
    ),
    _field("Content-Language", "RFC 9110 section 8.5", _OF_CONTENT),
    _field(
        "Content-Length",
        "RFC 9110 section 8.6",
        response__framing="that many bytes come",
        response__head_differs="HEAD and GET tell the same",
    ),
    _field("Content-Location", "RFC 9110 section 8.7", _OF_CONTENT),
    _field("Last-Modified", "RFC 9110 section 8.8.2", response__modified_later="not later than Date"),
    _field("ETag", "RFC 9110 section 8.8.3", stability__tag_reused="a strong one stands for one body"),
    _field(
        "Allow",
        "RFC 9110 section 10.2.1",
        method__allow_missing="with a 405",
        method__allow_refused="names no refused method",
    ),
    _field(
        "Location",
        "RFC 9110 section 10.2.2",
        response__status="a redirect that is not documented",
        identity__spelling_redirected="another spelling of an id",
    ),
    _field("Retry-After", "RFC 9110 section 10.2.3", response__retry_after="seconds or a date"),
    _field("Server", "RFC 9110 section 10.2.4", "every stack has its own, and that it tells much is legal"),
    _field(
        "WWW-Authenticate",
        "RFC 9110 section 11.6.1",
        auth__challenge_missing="with a 401",
        auth__challenge_scheme="Bearer is among the schemes",
    ),
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
    _field("Age", "RFC 9111 section 5.1", response__aged_no_store="none above 0 with no-store"),
    _field(
        "Cache-Control",
        "RFC 9111 section 5.2",
        response__cache_public="a batch is not for shared caches",
        response__cache_public_error="nor is a refusal",
        response__fresh_for_hours="nor is what moves on fresh for hours",
    ),
    _field("Expires", "RFC 9111 section 5.3", response__fresh_for_hours="far after Date"),
    _field("Pragma", "RFC 9111 section 5.4", "it is deprecated, and has no meaning in responses"),
    _field("Warning", "RFC 9111 section 5.5", "it is obsolete"),
)
"""The response fields of RFC 9111 in the order of its sections."""

MESSAGES: Sequence[Statement] = (
    Statement(
        "`Transfer-Encoding`", "RFC 9112 section 6.1", {"response.framing": "no length beside it, none in HTTP/1.0"}
    ),
    Statement("the body's end", "RFC 9112 section 6.3", {"response.framing": "it comes, and nothing follows it"}),
    Statement(
        "the lines of the head", "RFC 9112 sections 2.2 and 5.2", {"response.head_lines": "live: CR LF, no folding"}
    ),
    Statement("answers of one connection", "RFC 9110 section 3.3", {"response.fields_accumulate": "live: none grows"}),
    Statement("HEAD", "RFC 9110 section 9.3.2", {"response.head_differs": "as GET"}),
    Statement("methods", "RFC 9110 section 15.5.6", {"method.undeclared_answered": "those that are not declared"}),
    Statement("`Link`", "RFC 8288 section 3", {"response.field_syntax": "its grammar"}),
    Statement(
        "`Set-Cookie`", "RFC 6265 section 4.1", {}, "clients take what comes (section 5.2), and gateways set them"
    ),
    Statement("`immutable`", "RFC 8246", {"response.field_syntax": "as any directive"}),
    Statement("any field", "RFC 9110 section 5", {"security.header_injected": "none comes out of an id"}),
    Statement(
        "connections",
        "RFC 9112 section 9.6",
        {"response.drops": "they last", "response.silent": "requests are answered"},
    ),
)
"""What HTTP says of messages beside those fields."""

OF_DOCUMENTS: Sequence[Statement] = (
    Statement(
        "the statuses of an operation",
        "Responses Object",
        {
            "response.status": "none but these",
            "response.undocumented_error": "errors where none is documented",
            "response.server_error": "no kind of request always fails",
            "response.refused_input": "ids that are refused",
            "response.not_acceptable": "an Accept that nothing matches",
        },
    ),
    Statement("media types", "`content`", {"response.media_type": "the documented one"}),
    Statement("headers of a response", "`headers`", {"response.header": "there if required, and by their schema"}),
    Statement(
        "JSON",
        "RFC 8259",
        {
            "json.invalid": "it parses",
            "json.bom": "no mark before it",
            "json.trailing": "nothing after it",
            "json.duplicate_key": "each key once",
            "json.surrogate": "text is Unicode",
            "json.unquoted": "a string has quotes",
            "json.id_pasted": "an id in it is escaped",
        },
    ),
    Statement(
        "types and null",
        "`type`, `nullable`",
        {"body.type": "each value", "body.enveloped": "the object itself", "body.another_object": "not another one"},
    ),
    Statement(
        "members that are there", "`required`", {"body.required": "each of them", "body.seen": "others, once in a run"}
    ),
    Statement("members that are not declared", "`additionalProperties`", {"body.undeclared": "none, though open"}),
    Statement("values", "`enum`, `const`", {"body.enum": "none but these"}),
    Statement(
        "values of examples and texts",
        "`example`, an overlay",
        {"body.known_value": "states that are told of", "value.form": "the form of an example"},
    ),
    Statement("formats", "`format`", {"body.format": "those of JSON Schema and the registry"}),
    Statement("bounds, patterns, combinations", "JSON Schema", {"body.constraint": "all keywords that validate"}),
    Statement("what a schema forbids itself", "JSON Schema", {"body.impossible": "told at the document"}),
    Statement("`writeOnly`", "Schema Object", {"body.write_only": "not sent back"}),
    Statement("`readOnly`, `deprecated`, `default`", "Schema Object", {}, "they ask nothing of a response"),
    Statement(
        "security",
        "Security Requirement Object",
        {
            "auth.missing_accepted": "none",
            "auth.wrong_token_accepted": "another token",
            "auth.scheme_accepted": "another form",
            "auth.elsewhere_accepted": "another place",
            "auth.checked_late": "before the id",
            "auth.not_401": "refused with 401",
            "auth.lower_case_refused": "the scheme in any case",
            "auth.valid_refused": "the valid key",
        },
    ),
    Statement(
        "the parameter of the path",
        "Parameter Object",
        {
            "identity.other_batch": "the batch asked for",
            "identity.unknown_answered": "no other id",
            "identity.neighbour_answered": "nor a close one",
            "identity.traversal_answered": "nor a path",
            "identity.list_answered": "nor none",
        },
    ),
    Statement(
        "`servers`, `links`, `callbacks`", "OpenAPI Object", {}, "the base URL is given; nothing here follows them"
    ),
)
"""Kinds of statements of an OpenAPI document."""

OF_SENSE: Sequence[Statement] = (
    Statement(
        "times of a batch",
        "cross-field sense",
        {
            "time.magnitude": "seconds",
            "time.order": "in order",
            "time.window": "the window",
            "time.expired_early": "not before it was due",
            "time.ahead": "not after the answer's own Date",
        },
    ),
    Statement(
        "states",
        "the guide's states",
        {
            "state.timestamp_missing": "the time of the state",
            "state.stage_timestamp_missing": "those of stages",
            "state.timestamp_early": "none of a later one",
            "state.regressed": "they move on",
        },
    ),
    Statement(
        "counts",
        "cross-field sense",
        {
            "counts.sum": "they add up",
            "counts.regressed": "they never fall",
            "counts.before_begun": "none before it began",
        },
    ),
    Statement(
        "results",
        "cross-field sense",
        {
            "results.same_file": "files differ",
            "results.shared": "between batches too",
            "results.missing": "there once done",
            "results.early": "none before",
        },
    ),
    Statement(
        "values", "cross-field sense", {"value.empty_string": "none for unset", "value.malformed": "no marks of code"}
    ),
    Statement(
        "error bodies",
        "cross-field sense",
        {"error.success_code": "no code of success", "error.json_in_string": "no JSON in a string"},
    ),
    Statement(
        "two reads",
        "RFC 9110 section 9.2.1",
        {
            "stability.changed": "what lasts",
            "stability.answer_changed": "the answer",
            "stability.metadata_lost": "what a customer gave",
            "stability.refusal_changed": "the refusal",
        },
    ),
    Statement(
        "lists and their pages",
        "the operations of a batch API together",
        {
            "listing.repeated": "no id twice",
            "listing.lost": "pages of any size hold the same",
            "listing.ends": "first and last id",
            "listing.more": "has_more",
            "listing.order": "one order",
            "listing.after": "a page begins after its cursor",
            "listing.cursor": "an unknown cursor",
            "listing.limit": "no more than asked for",
            "listing.query": "only what a query admits",
            "listing.item_differs": "an item is as its own read",
            "listing.known_missing": "known batches are there",
        },
    ),
    Statement(
        "batches that are made",
        "`--operations=all`, the operations of a batch API together",
        {
            "upload.as_sent": "the file as sent",
            "upload.listed": "the list has it",
            "upload.item": "the list has it as sent",
            "create.as_asked": "the batch as asked for",
            "create.read_back": "the same when read",
            "create.bad_request": "nothing runs that is wrong",
            "write.without_key": "nothing without a credential",
            "cancel.effect": "cancelled is cancelled",
            "cancel.again": "twice is harmless",
            "cancel.ended": "an end is one",
            "cancel.unknown": "an unknown id",
        },
    ),
    Statement(
        "lines of results",
        "OpenAI's guide, SiliconFlow's guide",
        {
            "result_lines.fetched": "they can be fetched",
            "result_lines.form": "a response or an error each",
            "result_lines.custom_ids": "one for each request",
            "result_lines.counts": "as many as counted",
            "result_lines.successes": "each in its file",
        },
    ),
    Statement(
        "what must not be shown",
        "OWASP API8",
        {
            "security.key_reflected": "the key",
            "security.trace_leaked": "traces",
            "security.internals_leaked": "insides",
            "security.code_leaked": "classes, lines and queries",
            "security.host_shown": "private hosts",
            "security.token_leaked": "credentials of others",
        },
    ),
    Statement("two runs", "`--shape`", {"shape.changed": "members and types"}),
    Statement(
        "OpenAI's client",
        "`--client`",
        {
            "client.no_batch": "gets a batch",
            "client.raises": "does not raise",
            "client.field": "knows the fields",
            "client.polling": "stops polling",
            "client.file_id": "finds files",
            "client.strict": "validates",
            "client.error_class": "raises the class",
            "client.error_detail": "knows why",
        },
    ),
)
"""What the answers say of each other."""

CHAPTERS: Mapping[str, Sequence[Statement]] = {
    "Response fields of RFC 9110": FIELDS_OF_9110,
    "Response fields of RFC 9111": FIELDS_OF_9111,
    "Messages, and fields of other standards": MESSAGES,
    "Statements of a document": OF_DOCUMENTS,
    "What answers say together": OF_SENSE,
}


def page() -> str:
    """The page. Raises ValueError for a rule that it names and nobody has, and for one that it does not name."""
    named = {rule for statements in CHAPTERS.values() for one in statements for rule in one.rules}
    if named != REGISTRY.keys():
        raise ValueError(f"not in the registry, or not on the page: {sorted(named ^ REGISTRY.keys())}")
    return "\n".join([_HEAD, *(line for title, rows in CHAPTERS.items() for line in _chapter(title, rows))])


def _chapter(title: str, statements: Sequence[Statement]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| what | where it is said | rule | level | of it |\n|---|---|---|---|---|"
    for one in statements:
        if not one.rules and not one.why_none:
            raise ValueError(f"{one.what}: neither a rule, nor why there is none")
        what, source = one.what, one.source
        for rule, looks_at in one.rules.items():
            link = f"[`{rule}`](RULES.md#{rule.replace('.', '')})"
            yield f"| {what} | {source} | {link} | {REGISTRY[rule].level} | {looks_at} |"
            what = source = ""
        if one.why_none:
            yield f"| {what} | {source} | none | | {one.why_none} |"
    yield ""


def main() -> None:
    """Write the page, or with ``--check`` say by the exit code whether it is as it would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the page is out of date")
    if parser.parse_args().check:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

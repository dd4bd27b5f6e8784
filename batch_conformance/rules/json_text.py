"""Rules about the text of a body: one JSON text in UTF-8, as strictly as RFC 8259 has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from batch_conformance.message import Private, Template
from batch_conformance.observation.content import Content
from batch_conformance.observation.observation import Observation, derived
from batch_conformance.observation.strict_json import Parsed, parse
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.media_type import foreign_charset
from batch_conformance.rules.refusal import is_turned_away, is_unquoted_text, leads_to_normal_form
from batch_conformance.rules.requests import for_subjects, gets_an_error
from batch_conformance.rules.rule import Broken, Rule, always, has_id, has_json, where

_ONE_TEXT = Template("json.expected", "one JSON text in UTF-8")
_IN_QUOTES = Template("json.unquoted.expected", "a JSON string, in quotes")
_PLAIN_TEXT = Template("json.unquoted.observed", "plain text in the {status} body")
_PASTED = Template("json.id_pasted.observed", "the id {id} as it was asked for, with nothing escaped")
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f]')
"""What has to be escaped in a string (RFC 8259 section 7)."""
_LARGEST = 65536
_RULE_OF_FLAW = {
    "bom": "json.bom",
    "duplicate_key": "json.duplicate_key",
    "surrogate": "json.surrogate",
    "trailing": "json.trailing",
}


def documented_body(observation: Observation) -> Parsed | None:
    """A body that is to be the documented one of its status, as it was read; None where there is no such body.

    Where its media type says that something else came, what is in it is no second cause.
    """
    parsed = observation.parsed
    if parsed is None or not observation.covered or not observation.contract_media_type:
        return None
    if leads_to_normal_form(observation):
        return None
    mislabelled = observation.declared_media_type is None and "empty" not in {defect.flaw for defect in parsed.defects}
    if mislabelled and not is_unquoted_text(observation) and not _is_meant(observation.content):
        return None
    return parsed


def _is_meant(content: Content | None) -> bool:
    """Whether a body under a media type that is not documented is the documented one all the same."""
    if content is None or content.mismatch is not None:
        return False
    return not any(violation.pointer == "" for violation in content.violations)


@derived
def of_text(observation: Observation) -> tuple[tuple[str, Broken], ...]:
    """What is wrong with the text of a body, by the rules that it breaks, whoever sent it."""
    return tuple(_of_text(observation))


def _of_text(observation: Observation) -> Iterator[tuple[str, Broken]]:
    parsed, media_type = documented_body(observation), observation.contract_media_type
    if parsed is None or is_broken_by_id(observation):
        return
    if is_unquoted_text(observation):
        observed = _PLAIN_TEXT(status=observation.status)
        yield (
            "json.unquoted",
            Broken(_IN_QUOTES(), observed, "unquoted", status="", media_type=media_type),
        )
        return
    foreign = bool(foreign_charset(observation))
    for defect in parsed.defects:
        if not (foreign and defect.flaw == "encoding"):
            broken = Broken(_ONE_TEXT(), defect.detail, defect.flaw, media_type=media_type, pointer=defect.pointer)
            yield _RULE_OF_FLAW.get(defect.flaw, "json.invalid"), broken


@derived
def is_broken_by_id(observation: Observation) -> bool:
    """Whether a body under a JSON media type is no JSON for the id in it alone: with the id escaped it is."""
    answer, asked = observation.answer, observation.exchange.probe.batch_id or ""
    if answer is None or not observation.has_body or not _would_break(observation) or len(answer.body) > _LARGEST:
        return False
    text = answer.body.decode("utf-8", "replace")
    if asked not in text or _is_strict(text):
        return False
    return _is_strict(text.replace(asked, json.dumps(asked)[1:-1]))


def _is_strict(text: str) -> bool:
    parsed = parse(text.encode("utf-8", "surrogatepass"))
    return parsed.readable and not parsed.defects


def _would_break(observation: Observation) -> bool:
    """Whether an answer is JSON by its media type, and was asked for an id that JSON has to escape."""
    asked = observation.exchange.probe.batch_id or ""
    return observation.answer is not None and "json" in observation.media_type and bool(_TO_ESCAPE.search(asked))


def _check_id(observation: Observation) -> Iterator[Broken]:
    if is_broken_by_id(observation):
        asked = Private(json.dumps(observation.exchange.probe.batch_id)[:60])
        yield Broken(_ONE_TEXT(), _PASTED(id=asked), "pasted", media_type=observation.contract_media_type)


def _checks(rule: str) -> Callable[[Observation], Sequence[Broken]]:
    """The check of a rule; of a request that was turned away the body is not checked."""

    def check(observation: Observation) -> Sequence[Broken]:
        found = of_text(observation)
        if not found or is_turned_away(observation):
            return ()
        return [broken for broken_rule, broken in found if broken_rule == rule]

    return check


def _is_text_of_error(observation: Observation) -> bool:
    return has_json(observation) and (observation.exchange.status or 0) >= 400


INVALID = Rule(
    id="json.invalid",
    title="The body is not JSON",
    level="must",
    side="server",
    why="A client that parses the body as the documented media type gets an exception instead of a value.",
    remedy="Send one complete JSON text in UTF-8, made by a JSON library, for every documented JSON response.",
    source="RFC 8259 section 2",
    breaks='{"id": "batch_a", "created_at": NaN}',
    keeps='{"id": "batch_a", "created_at": 1741685413}',
    said_by="response",
    clauses=always(Template("json.invalid.clause", "each body is JSON")),
    exercised=has_json,
    concern="document",
    of_body=True,
    check=_checks("json.invalid"),
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    reaches_client=True,
    covers=(("JSON", "it parses"),),
)

BOM = Rule(
    id="json.bom",
    title="The body starts with a byte order mark",
    level="must",
    side="server",
    why="RFC 8259 forbids a sender to add one; many parsers refuse the text.",
    remedy="Write the body as plain UTF-8 without a byte order mark.",
    source="RFC 8259 section 8.1",
    breaks='EF BB BF {"id": "batch_a"}',
    keeps='{"id": "batch_a"}',
    said_by="response",
    clauses=always(Template("json.bom.clause", "no body begins with a byte order mark")),
    exercised=has_json,
    concern="document",
    of_body=True,
    check=_checks("json.bom"),
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    reaches_client=True,
    covers=(("JSON", "no mark before it"),),
)

TRAILING = Rule(
    id="json.trailing",
    title="Something follows the JSON text",
    level="must",
    side="server",
    why="A body is one JSON text; strict parsers refuse what has a tail, lenient ones hide that it is there.",
    remedy="End the body with the JSON value; look for a second write or a debugging print.",
    source="RFC 8259 section 2",
    breaks='{"id": "batch_a"}{"id": "batch_b"}',
    keeps='{"id": "batch_a"}',
    said_by="response",
    clauses=always(Template("json.trailing.clause", "nothing follows the JSON of a body")),
    exercised=has_json,
    concern="document",
    of_body=True,
    check=_checks("json.trailing"),
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    reaches_client=True,
    covers=(("JSON", "nothing after it"),),
)

DUPLICATE_KEY = Rule(
    id="json.duplicate_key",
    title="An object has the same key twice",
    level="should",
    side="server",
    why="Parsers disagree on which value counts, so two clients read two different batches.",
    remedy="Write each member once; look for a field that is serialized from two sources.",
    source="RFC 8259 section 4",
    breaks='{"id": "batch_a", "id": "batch_b"}',
    keeps='{"id": "batch_a"}',
    said_by="response",
    clauses=always(Template("json.duplicate_key.clause", "no object has a member twice")),
    exercised=has_json,
    concern="document",
    of_body=True,
    check=_checks("json.duplicate_key"),
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    reaches_client=True,
    covers=(("JSON", "each key once"),),
)

SURROGATE = Rule(
    id="json.surrogate",
    title="A string holds half a surrogate pair",
    level="should",
    side="server",
    why="Such a string is no Unicode text: clients fail when they print, store or forward it.",
    remedy="Cut and escape strings by code points, not by UTF-16 units or bytes.",
    source="RFC 8259 section 8.2",
    breaks=r'{"metadata": {"description": "\ud83d"}}',
    keeps=r'{"metadata": {"description": "\ud83d\ude00"}}',
    said_by="response",
    clauses=always(Template("json.surrogate.clause", "no text has half of a surrogate pair")),
    exercised=has_json,
    concern="document",
    of_body=True,
    check=_checks("json.surrogate"),
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    reaches_client=True,
    covers=(("JSON", "text is Unicode"),),
)

UNQUOTED = Rule(
    id="json.unquoted",
    title="Plain text where the document declares a JSON string",
    level="should",
    side="document",
    why="The document declares application/json with a bare string and shows unquoted samples, so it does not say "
    "whether the quotes are on the wire; a client that parses JSON fails on the text.",
    remedy="Say in the document which it is: text/plain for unquoted text, or send the string with its quotes.",
    source="RFC 8259 section 3",
    breaks="404 page not found",
    keeps='"404 page not found"',
    said_by="response",
    clauses=always(Template("json.unquoted.clause", "texts of errors are in quotes")),
    exercised=_is_text_of_error,
    concern="document",
    of_body=True,
    check=_checks("json.unquoted"),
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    cure="plain_text",
    reaches_client=True,
    requests=gets_an_error,
    covers=(("JSON", "a string has quotes"),),
)

ID_PASTED = Rule(
    id="json.id_pasted",
    title="An id is pasted into the JSON text of a body as it is",
    level="must",
    side="server",
    why="Whoever can name an id can then write what the body says; no parser reads it otherwise.",
    remedy="Make every body with a JSON library; put no text into one by hand.",
    source="RFC 8259 section 7",
    breaks='"no batch a"b" for the id a"b',
    keeps='"no batch a\\"b" for the id a"b',
    clauses=where(has_id, Template("json.id_pasted.clause", "an id is escaped in the JSON text of a body")),
    exercised=_would_break,
    of_body=True,
    check=_check_id,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    requests=for_subjects("hostile", "neighbour", "unknown"),
    covers=(("JSON", "an id in it is escaped"),),
)

RULES = (INVALID, BOM, TRAILING, DUPLICATE_KEY, SURROGATE, UNQUOTED, ID_PASTED)

"""Judges one body: strict JSON, the schema with every error located, and the closed world around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import members, unescape
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.schema import Schema, Violation, type_name
from batch_conformance.contract.shape import Sent
from batch_conformance.findings.finding import Deviation, Side
from batch_conformance.findings.rules import REGISTRY
from batch_conformance.judge.content import Content
from batch_conformance.judge.response import foreign_charset, is_unquoted_text
from batch_conformance.judge.sighting import Sighting, at
from batch_conformance.judge.strict_json import Defect, Parsed
from batch_conformance.message import Text
from batch_conformance.near_miss import nearest
from batch_conformance.rules.refusal import is_turned_away, leads_to_normal_form
from batch_conformance.rules.rule import Body, BodyCheck

_NULL_MEANT = frozenset({"document.example_null", "document.nullable_ignored"})
"""Findings of the self-check that say of a place: the document shows null there and forbids it."""

WORDS_FOR_UNSET = frozenset({"null", "NULL", "None", "nil", "undefined"})
"""What languages print for no value: as the text of a value it was never meant."""

_NOTHING = WORDS_FOR_UNSET | {""}

_RULE_OF_FLAW = {
    "bom": "json.bom",
    "duplicate_key": "json.duplicate_key",
    "surrogate": "json.surrogate",
    "trailing": "json.trailing",
}


def judge_body(sighting: Sighting) -> Iterator[Deviation]:
    """Everything about the content of one body, worst first only by chance: the ledger sorts."""
    parsed, answer = sighting.parsed, sighting.answer
    if parsed is None or answer is None or not sighting.covered or not sighting.contract_media_type:
        return
    if leads_to_normal_form(sighting):
        return
    found = list(_judge(sighting, parsed))
    if found and is_turned_away(sighting, answer.status):
        yield sighting.deviates(
            "response.refused_input",
            expected=f"the documented body of {sighting.status}",
            observed=f"{answer.status} with another body: {found[0].observed}",
            kind=str(answer.status),
        )
        return
    yield from found


def _judge(sighting: Sighting, parsed: Parsed) -> Iterator[Deviation]:
    if is_unquoted_text(sighting):
        yield sighting.deviates(
            "json.unquoted",
            status="",
            media_type=sighting.contract_media_type,
            expected="a JSON string, in quotes",
            observed=f"plain text in the {sighting.status} body",
            kind="unquoted",
        )
        return
    mislabelled = sighting.declared_media_type is None and "empty" not in {defect.flaw for defect in parsed.defects}
    if mislabelled and not _is_meant(sighting.content):
        return  # the media type says that something else came; what is in it is no second cause
    foreign = bool(foreign_charset(sighting))
    for defect in parsed.defects:
        if not (foreign and defect.flaw == "encoding"):
            yield _malformed(sighting, defect)
    if sighting.content is not None:
        yield from _judge_value(sighting, sighting.content)


def _lacking(content: Content) -> Location | None:
    """Where it is demanded what an object lacks that has nothing else instead; None where it has."""
    if content.undeclared or not isinstance(content.value, Mapping):
        return None
    members = (place for place in content.schema.properties if place.pointer.count("/") == 1 and place.required)
    return next((one.required_at for one in members if at(content.value, one.pointer) is None), None)


def _is_meant(content: Content | None) -> bool:
    """Whether a body under a media type that is not documented is the documented one all the same."""
    if content is None or content.strangeness is not None:
        return False
    return not any(violation.pointer == "" for violation in content.violations)


def _malformed(sighting: Sighting, defect: Defect) -> Deviation:
    return sighting.deviates(
        _RULE_OF_FLAW.get(defect.flaw, "json.invalid"),
        media_type=sighting.contract_media_type,
        pointer=defect.pointer,
        expected="one JSON text in UTF-8",
        observed=defect.detail,
        kind=defect.flaw,
    )


def _judge_value(sighting: Sighting, content: Content) -> Iterator[Deviation]:
    if content.strangeness is not None:
        rule, expected, observed = content.strangeness
        yield sighting.deviates(
            rule,
            media_type=sighting.contract_media_type,
            expected=expected,
            observed=observed,
            kind=rule.partition(".")[2],
            location=_lacking(content),
        )
        return
    violations = content.violations
    mistyped = {violation.pointer for violation in violations if violation.keyword == "type"}
    found = [
        violation
        for violation in (*violations, *content.unknown_values)
        if violation.keyword == "type" or violation.pointer not in mistyped
        if not _is_written(violation.pointer, content.write_only)
    ]
    told: set[str] = set()
    for violation in found:
        place = content.schema.contradiction(violation.pointer)
        if place is None:
            yield _violated(sighting, violation)
        elif place not in told:
            told.add(place)
            yield _impossible(sighting, violation, place, content.schema.impossible[place])
    for one in content.write_only:
        yield _sent_back(sighting, one)
    for pointer in content.undeclared:
        yield sighting.deviates(
            "body.undeclared",
            media_type=sighting.contract_media_type,
            pointer=pointer,
            expected="only documented properties",
            observed=_undocumented(content, pointer),
            kind="undeclared",
        )
    if sighting.batch is not None:
        yield from _empty_strings(sighting, content.schema, content.value, {violation.pointer for violation in found})


def _is_written(pointer: str, sent: Sequence[Sent]) -> bool:
    """Whether what is at a pointer should not have come at all: of what it is like, nothing more is said."""
    return any(pointer == one.pointer or pointer.startswith(one.pointer + "/") for one in sent)


def _undocumented(content: Content, pointer: str) -> str:
    """An undocumented property in words, with the documented one that it was probably meant for: one that is absent."""
    around, _, name = pointer.rpartition("/")
    declared = [place.pointer for place in content.schema.properties if place.pointer.rpartition("/")[0] == around]
    absent = (one for one in declared if not list(members(content.value, one)))
    near = nearest(unescape(name), (unescape(one.rpartition("/")[2]) for one in absent))
    return f"an undocumented property, probably meant as {near}" if near else "an undocumented property"


def _sent_back(sighting: Sighting, one: Sent) -> Deviation:
    return sighting.deviates(
        "body.write_only",
        media_type=sighting.contract_media_type,
        pointer=one.pointer,
        expected="not to be sent: it is write-only",
        observed=type_name(one.value),
        kind="sent",
        level="info" if one.ignored else None,
        location=one.location,
    )


def _impossible(sighting: Sighting, violation: Violation, pointer: str, why: Text) -> Deviation:
    """The document's own contradiction: in a reading that makes up for those, it is information."""
    return sighting.deviates(
        "body.impossible",
        media_type=sighting.contract_media_type,
        pointer=pointer,
        expected=f"a value that keeps its schema, and there is none: {why}",
        observed=violation.observed,
        kind="impossible",
        level="info" if sighting.contract.reading == "documented" else None,
        location=violation.location,
    )


def _violated(sighting: Sighting, violation: Violation) -> Deviation:
    rule = rule_of(violation.keyword)
    # What the schema itself forbids; elsewhere the world is closed by our reading.
    forbidden = violation.keyword in ("additionalProperties", "unevaluatedProperties")
    predicted = any(
        (sighting.status, violation.pointer) in finding.predicts
        for finding in sighting.contract.document_findings
        if finding.rule in _NULL_MEANT
    )
    side: Side = "document" if predicted and violation.kind == "null" else REGISTRY[rule].side
    return sighting.deviates(
        rule,
        media_type=sighting.contract_media_type,
        pointer=violation.pointer,
        expected=violation.expected,
        observed=violation.observed,
        kind=violation.kind,
        level="must" if forbidden else "should" if violation.annotated else None,
        side=side,
        location=violation.location,
    )


def _empty_strings(sighting: Sighting, schema: Schema, value: Any, judged: Set[str]) -> Iterator[Deviation]:
    for place in schema.properties:
        if place.pointer in judged or place.write_only:
            continue
        if "string" not in place.types or "*" in place.pointer or not place.pointer:
            continue
        text = at(value, place.pointer)
        if text in place.known_values:
            continue  # what is listed is meant
        if isinstance(text, str) and (
            not text.strip(" \t\r\n") or (text in WORDS_FOR_UNSET and not place.known_values)
        ):
            if any(place.pointer.startswith(free + "/") for free in sighting.operation.roles.free_maps):
                continue
            yield sighting.deviates(
                "value.empty_string",
                media_type=sighting.contract_media_type,
                pointer=place.pointer,
                expected="a value, or none",
                observed=f'"{text[:20]}"',
                kind="word" if text.strip() else "empty",
                location=place.location,
            )


def surely_says_something(schema: Schema, roles: Roles, body: Body) -> BodyCheck | None:
    """A check that holds only where no text of a body is empty or unset, and none is beside its known values.

    It is for bodies with the same members of the same types as ``body``, and the state is not looked at. None where a
    text is in an inner object.
    """
    known = []
    for place in schema.properties:
        if place.known_values and "x-known-values" in place.keywords and place.pointer != roles.state:
            if place.pointer.count("/") != 1:
                return None
            known.append((unescape(place.pointer[1:]), frozenset(place.known_values)))
    free = tuple(pointer + "/" for pointer in roles.free_maps)
    for place in schema.properties:
        nested = place.pointer.count("/") > 1 and "*" not in place.pointer and not place.pointer.startswith(free)
        if nested and type(at(body, place.pointer)) is str:
            return None
    names = tuple(name for name, value in body.items() if type(value) is str)

    def holds(body: Body) -> bool:
        texts = tuple(map(body.__getitem__, names))
        # The least of them begins with white space where any is nothing else.
        if texts and not (_NOTHING.isdisjoint(texts) and min(texts)[0] > " "):
            return False
        for name, listed in known:
            value = body.get(name)
            if type(value) in (str, int) and value not in listed:
                return False
        return True

    return holds

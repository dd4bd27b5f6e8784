"""Judges one body: strict JSON, the schema with every error located, and the closed world around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.schema import Schema, Violation
from batch_conformance.findings.finding import Deviation, Level, Side
from batch_conformance.findings.rules import REGISTRY
from batch_conformance.judge.response import is_turned_away, is_unquoted_text
from batch_conformance.judge.sighting import Sighting, at
from batch_conformance.judge.strict_json import Defect

_RULE_OF_FLAW = {
    "bom": "json.bom",
    "duplicate_key": "json.duplicate_key",
    "surrogate": "json.surrogate",
    "trailing": "json.trailing",
}
_FEW = 2
"""An object that shares no more properties than this with the documented one is another object."""
_MANY = 5
"""An object with this many undeclared properties is another object when half of the documented ones lack as well."""


def judge_body(sighting: Sighting) -> Iterator[Deviation]:
    """Everything about the content of one body, worst first only by chance: the ledger sorts."""
    schema, parsed, answer = sighting.schema, sighting.parsed, sighting.answer
    if schema is None or parsed is None or answer is None or sighting.exchange.probe.subject == "outside":
        return
    found = list(_judge(sighting, schema))
    if found and is_turned_away(sighting, answer.status):
        yield sighting.deviates(
            "response.refused_input",
            expected=f"the documented body of {sighting.status}",
            observed=f"{answer.status} with another body: {found[0].observed}",
            kind=str(answer.status),
        )
        return
    yield from found


def _judge(sighting: Sighting, schema: Schema) -> Iterator[Deviation]:
    parsed = sighting.parsed
    assert parsed is not None
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
    mislabelled = bool(sighting.media_type) and "json" not in sighting.media_type
    if not parsed.readable and mislabelled:
        return  # the media type says that it is something else; saying twice that it is not JSON helps nobody
    for defect in parsed.defects:
        yield _malformed(sighting, defect)
    if parsed.readable:
        yield from _judge_value(sighting, schema, parsed.value)


def _malformed(sighting: Sighting, defect: Defect) -> Deviation:
    return sighting.deviates(
        _RULE_OF_FLAW.get(defect.flaw, "json.invalid"),
        media_type=sighting.contract_media_type,
        pointer=defect.pointer,
        expected="one JSON text in UTF-8",
        observed=defect.detail,
        kind=defect.flaw,
    )


def _judge_value(sighting: Sighting, schema: Schema, value: Any) -> Iterator[Deviation]:
    undeclared = schema.undeclared(value)
    stranger = _another_object(sighting, schema, value, undeclared)
    if stranger is not None:
        yield stranger
        return
    violations = schema.violations(value)
    mistyped = {violation.pointer for violation in violations if violation.keyword == "type"}
    for violation in (*violations, *schema.unknown_values(value)):
        if violation.keyword == "type" or violation.pointer not in mistyped:
            yield _violated(sighting, violation)
    for pointer in undeclared:
        yield sighting.deviates(
            "body.undeclared",
            media_type=sighting.contract_media_type,
            pointer=pointer,
            expected="only documented properties",
            observed="an undocumented property",
            kind="undeclared",
        )
    if sighting.batch is not None:
        yield from _empty_strings(sighting, schema, value)


def _violated(sighting: Sighting, violation: Violation) -> Deviation:
    rule = rule_of(violation.keyword)
    level: Level = REGISTRY[rule].level
    if level == "must" and violation.location.origin in ("overlay", "repair"):
        level = "should"  # documented by an example or a guide, not by the document's own schema
    predicted = any(
        (sighting.status, violation.pointer) in finding.predicts for finding in sighting.contract.document_findings
    )
    side: Side = "document" if predicted and violation.kind == "null" else REGISTRY[rule].side
    return sighting.deviates(
        rule,
        media_type=sighting.contract_media_type,
        pointer=violation.pointer,
        expected=violation.expected,
        observed=violation.observed,
        kind=violation.kind,
        level=level,
        side=side,
        location=violation.location,
    )


def _another_object(sighting: Sighting, schema: Schema, value: Any, undeclared: tuple[str, ...]) -> Deviation | None:
    """One deviation instead of dozens, where the body is the documented object in an envelope, or none of its kind."""
    members = [place for place in schema.properties if place.pointer.count("/") == 1]
    if not isinstance(value, Mapping) or len(members) < _FEW:
        return None
    names = {place.pointer[1:] for place in members}
    shared = names & value.keys()
    missing = [place.pointer for place in members if place.required and place.pointer[1:] not in value]
    for name, member in value.items():
        inner = member[0] if isinstance(member, list) and member else member
        if name not in names and isinstance(inner, Mapping) and len(names & inner.keys()) > max(_FEW, len(shared)):
            return sighting.deviates(
                "body.enveloped",
                media_type=sighting.contract_media_type,
                expected="the documented object itself",
                observed=f'that object inside "{name}"',
                kind="enveloped",
            )
    strange = [pointer for pointer in undeclared if pointer.count("/") == 1]
    nothing_shared = len(missing) >= _FEW and len(shared) <= min(_FEW, len(members) - len(missing), len(names) // 4)
    half_other = len(strange) >= _MANY and (
        len(missing) >= _FEW or (len(shared) < len(names) / 2 and not any(place.required for place in members))
    )
    if not nothing_shared and not half_other:
        return None
    shown = ", ".join(list(value)[:6]) or "nothing at all"
    return sighting.deviates(
        "body.another_object",
        media_type=sighting.contract_media_type,
        expected="the documented object (" + ", ".join(sorted(names)[:6]) + (", …)" if len(names) > 6 else ")"),
        observed=f"an object with {shown[:120]}",
        kind="another_object",
    )


def _empty_strings(sighting: Sighting, schema: Schema, value: Any) -> Iterator[Deviation]:
    for place in schema.properties:
        if "string" in place.types and "*" not in place.pointer and place.pointer and at(value, place.pointer) == "":
            if any(place.pointer.startswith(free + "/") for free in sighting.contract.roles.free_maps):
                continue
            yield sighting.deviates(
                "value.empty_string",
                media_type=sighting.contract_media_type,
                pointer=place.pointer,
                expected="a value, or none",
                observed='""',
                kind="empty",
                location=place.location,
            )

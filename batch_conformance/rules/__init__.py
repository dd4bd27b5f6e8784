"""Every rule, one object each, a module per family.

All that is said and done about rules follows from these objects: what the judge checks, the clauses of a contract and
their coverage, ``explain`` and the rules page, SARIF, what reports mark in a response, and what recorded traffic may be
spared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.findings import rules as unmoved
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.sighting import Sighting
from batch_conformance.judge.standing import STANDING, applies
from batch_conformance.rules import authentication, client, counts, headers, identity, leaks, shape, stability, states
from batch_conformance.rules.highlight import Highlight, at_headers, at_pointer, at_status
from batch_conformance.rules.rule import At, Concern, Place, Rule

_OF_DOCUMENT = ("response.status", "response.media_type", "response.charset")
_OF_DOCUMENT_TOO = ("response.undocumented_error", "response.refused_input", "body.", "json.", "value.")
_AT_STATUS = (
    "auth.", "identity.", "response.status", "response.server_error", "response.undocumented_error",
    "response.refused_input", "response.not_acceptable", "method.undeclared_answered", "stability.answer_changed",
)  # fmt: skip


_AT: Mapping[str, At] = {
    "response.status": "answer",
    "response.media_type": "body",
    "body.type": "value",
    "body.impossible": "value",
    "body.seen": "value",
    "body.required": "around",
    "body.write_only": "around",
    "body.undeclared": "object",
    "body.enum": "not_null",
    "body.known_value": "not_null",
    "body.format": "not_null",
    "body.constraint": "not_null",
}


def _of_unmoved(rule: unmoved.Rule) -> Rule:
    """A rule of which only the texts are one object so far."""
    concern: Concern = "document" if rule.id.startswith((*_OF_DOCUMENT, *_OF_DOCUMENT_TOO)) else "protocol"
    clauses, exercised = _standing(rule.id)
    return Rule(
        id=rule.id,
        title=rule.title,
        level=rule.level,
        side=rule.side,
        why=rule.why,
        remedy=rule.remedy,
        source=rule.source,
        breaks=rule.breaks,
        keeps=rule.keeps,
        clauses=clauses,
        exercised=exercised,
        exercised_at=_AT.get(rule.id, ""),
        concern=concern,
        looks_at=rule.looks_at,
        headers=rule.headers,
        kept_by_plain_reads=rule.looks_at in ("values", "bytes"),
        highlight=_highlight(rule),
    )


def _standing(rule: str) -> tuple[Callable[[Operation], Iterable[Place]], Callable[[Sighting], bool] | None]:
    if rule in STANDING:
        status, says, exercised = STANDING[rule]
        return lambda operation: (Place(says, status),) if applies(rule, operation) else (), exercised
    return (_impossible_places if rule == "body.impossible" else lambda _: ()), None


def _impossible_places(operation: Operation) -> Iterator[Place]:
    """The places for which the document admits no value at all."""
    for response in operation.responses.values():
        for media_type, schema in response.content.items():
            for place in schema.properties if schema else ():
                if schema is not None and place.pointer in schema.impossible:
                    says = f"{place.pointer or 'the body'} has a value that its schema admits"
                    yield Place(says, response.status, media_type, place.pointer, place.location)


def _highlight(rule: unmoved.Rule) -> Callable[[Finding], Highlight]:
    if rule.id.startswith(("body.", "json.")):
        return at_pointer
    if rule.id.startswith(_AT_STATUS):
        return at_status
    return at_headers(*rule.headers)


_FAMILIES = (
    authentication.RULES,
    identity.RULES,
    headers.RULES,
    leaks.RULES,
    states.RULES,
    counts.RULES,
    stability.RULES,
    shape.RULES,
    client.RULES,
)


def known_clauses(contract: Contract, options: Collection[str] = ()) -> tuple[Clause, ...]:
    """Every clause that a contract has beforehand: of each operation the document's own, then those that rules add.

    Of rules that are applied only with an option, those of ``options`` are.
    """
    return tuple(
        clause
        for operation in contract.operations
        for clause in (*operation.clauses, *added_clauses(operation, options))
    )


def added_clauses(operation: Operation, options: Collection[str] = ()) -> tuple[Clause, ...]:
    """The clauses that rules add to those of the document; ``options`` as for ``known_clauses``."""
    rules = (rule for rule in REGISTRY.values() if rule.only_with in ("", *options))
    return tuple(clause for rule in rules for clause in rule.clauses_of(operation))


REGISTRY: dict[str, Rule] = {
    rule.id: rule
    for rule in (*map(_of_unmoved, unmoved.REGISTRY.values()), *(rule for family in _FAMILIES for rule in family))
}
"""Every rule by its id, in the order of the rules page."""

__all__ = ["REGISTRY", "Rule", "added_clauses", "known_clauses"]

"""Every rule, one object each, a module per family.

All that is said and done about rules follows from these objects: what the judge checks, the clauses of a contract and
their coverage, ``explain`` and the rules page, SARIF, what reports mark in a response, and what recorded traffic may be
spared.
"""

from __future__ import annotations

from collections.abc import Collection

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.operation_role import WRITE_ROLES
from batch_conformance.rules import (
    agreement,
    authentication,
    availability,
    bodies,
    caching,
    cancelling,
    client,
    counts,
    creating,
    entity_tags,
    error_values,
    expressions,
    fields,
    framing,
    head_bytes,
    headers,
    identity,
    json_text,
    leaks,
    listing,
    media_type,
    odd_requests,
    result_files,
    results,
    shape,
    stability,
    states,
    status,
    times,
    uploading,
    values,
)
from batch_conformance.rules.rule import Concern, Rule

_FAMILIES = (
    status.RULES,
    media_type.RULES,
    framing.RULES,
    json_text.RULES,
    bodies.RULES,
    values.RULES,
    error_values.RULES,
    availability.RULES,
    authentication.RULES,
    identity.RULES,
    headers.RULES,
    fields.RULES,
    agreement.RULES,
    head_bytes.RULES,
    caching.RULES,
    odd_requests.RULES,
    leaks.RULES,
    expressions.RULES,
    times.RULES,
    states.RULES,
    counts.RULES,
    results.RULES,
    stability.RULES,
    entity_tags.RULES,
    listing.RULES,
    uploading.RULES,
    creating.RULES,
    cancelling.RULES,
    result_files.RULES,
    shape.RULES,
    client.RULES,
)


REGISTRY: dict[str, Rule] = {rule.id: rule for family in _FAMILIES for rule in family}
"""Every rule by its id, in the order of the rules page."""


def known_clauses(contract: Contract, options: Collection[str] = ()) -> tuple[Clause, ...]:
    """Every clause that a contract has beforehand: of each operation the document's own, then those that rules add.

    Of rules that are applied only with an option, those of ``options`` are; a contract with operations that write is
    one of all operations.
    """
    applied = {*options, "all"} if contract.writes else options
    return tuple(
        clause for operation in contract.every for clause in (*operation.clauses, *added_clauses(operation, applied))
    )


def added_clauses(operation: Operation, options: Collection[str] = ()) -> tuple[Clause, ...]:
    """The clauses that rules add to those of the document; ``options`` as for ``known_clauses``."""
    rules = (rule for rule in REGISTRY.values() if rule.only_with in ("", *options) and _is_of(rule, operation))
    return tuple(clause for rule in rules for clause in rule.clauses_of(operation))


def _is_of(rule: Rule, operation: Operation) -> bool:
    """Whether a rule is one for an operation: what writes is judged by what the document says of its answers, by what
    no answer may show, and by what comes of it."""
    writes = operation.role in WRITE_ROLES
    return not writes or rule.concern in OF_WRITES or rule.follow is not None


OF_WRITES: tuple[Concern, ...] = ("document", "leak")
"""What the rules are about that the answer to a request which changes something is judged by."""

__all__ = ["OF_WRITES", "REGISTRY", "Rule", "added_clauses", "known_clauses"]

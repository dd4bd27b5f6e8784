"""What was observed of the contract, as tables: statuses x media types, fields x what was seen, and what was not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from batch_conformance.contract.violation import types_listed
from batch_conformance.findings.ledger import FieldResult
from batch_conformance.message import Message, Template
from batch_conformance.report.run.run_report import RunReport

_ALL_TYPES = 6
"""Types that JSON tells apart: null, boolean, number, string, array, object; ``integer`` is part of ``number``."""

NAMED = 10
"""Clauses that are listed in words; of more, only the number is given."""

CoverageState = Literal["observed", "not_observed", "undocumented", "none"]
FieldState = Literal["seen", "only null", "never seen", "other type", "undeclared"]

_ANY_TYPE = Template("types.any", "any type")
_NOT_DECLARED = Template("types.not_declared", "not declared")


@dataclass(frozen=True, slots=True)
class CoverageCell:
    """One status with one media type: ``none`` where it is neither documented nor observed."""

    state: CoverageState
    count: int


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One status: ``count`` responses, and a cell for every media type of the grid."""

    status: str
    description: str
    documented: bool
    count: int
    cells: tuple[CoverageCell, ...]


@dataclass(frozen=True, slots=True)
class StatusGrid:
    """Statuses x media types; the media type ``""`` is a response without Content-Type."""

    media_types: tuple[str, ...]
    rows: tuple[StatusRow, ...]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One property: ``documented`` is the type in words, ``typed`` and ``null`` and ``absent`` count bodies."""

    pointer: str
    documented: Message
    state: FieldState
    types: tuple[tuple[str, int], ...]
    null: int
    absent: int


@dataclass(frozen=True, slots=True)
class FieldTable:
    """The properties of one status' bodies."""

    status: str
    rows: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class Unobserved:
    """What nobody saw: statuses, and the number of clauses by status; and clauses that stayed inconclusive.

    ``named`` tells the clauses that nothing exercised, by status and in words, where they are few. The status is empty
    for clauses about any.
    """

    statuses: tuple[str, ...]
    clauses: tuple[tuple[str, int], ...]
    inconclusive: tuple[tuple[str, int], ...]
    named: tuple[tuple[str, Message], ...]


def status_grid(report: RunReport) -> StatusGrid:
    """Documented and observed statuses x documented and observed media types, of the chosen operation."""
    responses = report.contract.chosen.responses
    answered = report.ledger.statuses_of(report.contract.chosen.id)
    results = {result.status: result for result in answered}
    documented = [media_type for response in responses.values() for media_type in response.content]
    observed = [media_type for result in answered for media_type in result.media_types]
    media_types = tuple(dict.fromkeys((*documented, *observed)))
    rows = []
    for status in sorted({*responses, *results}, key=lambda status: (not status[:1].isdigit(), status)):
        response, result = responses.get(status), results.get(status)
        cells = []
        for media_type in media_types:
            number = result.media_types.get(media_type, 0) if result else 0
            declared = response is not None and media_type in response.content
            state: CoverageState = "none"
            if declared:
                state = "observed" if number else "not_observed"
            elif number:
                state = "undocumented"
            cells.append(CoverageCell(state, number))
        rows.append(
            StatusRow(
                status,
                response.description if response else "not documented",
                response is not None,
                result.count if result else 0,
                tuple(cells),
            )
        )
    return StatusGrid(media_types, tuple(rows))


def field_tables(report: RunReport) -> tuple[FieldTable, ...]:
    """What was seen of every property of the chosen operation, by status."""
    documented = _documented_types(report)
    tables: dict[str, list[FieldRow]] = {}
    for result in report.ledger.fields_of(report.contract.chosen.id):
        declared = documented.get((result.status, result.pointer), frozenset())
        types = {name: number for name, number in result.types.items() if number and name != "null"}
        null = result.types.get("null", 0)
        tables.setdefault(result.status, []).append(
            FieldRow(
                pointer=result.pointer,
                documented=_in_words(declared) if result.declared else _NOT_DECLARED(),
                state=_field_state(result, declared),
                types=tuple(sorted(types.items())),
                null=null,
                absent=result.absent,
            )
        )
    return tuple(FieldTable(status, tuple(rows)) for status, rows in tables.items())


def unobserved(report: RunReport) -> Unobserved:
    """What this run says nothing about."""
    by_state: dict[str, Counter[str]] = {"not_observed": Counter(), "inconclusive": Counter()}
    for result in report.ledger.clauses:
        if result.state in by_state:
            by_state[result.state][result.clause.status] += 1
    named = tuple(
        (result.clause.status, result.clause.says) for result in report.ledger.clauses if result.state == "not_observed"
    )
    return Unobserved(
        statuses=unseen_statuses(report),
        clauses=tuple(sorted(by_state["not_observed"].items())),
        inconclusive=tuple(sorted(by_state["inconclusive"].items())),
        named=named if len(named) <= NAMED else (),
    )


def unseen_statuses(report: RunReport) -> tuple[str, ...]:
    """The documented statuses that nobody saw; of further operations each with the operation that it is of."""
    found: list[str] = []
    for operation in report.contract.every:
        seen = {result.status for result in report.ledger.statuses_of(operation.id) if result.count}
        of = "" if operation is report.contract.chosen else f" ({operation.method} {operation.path})"
        found += [f"{status}{of}" for status in operation.responses if status not in seen]
    return tuple(found)


def _field_state(result: FieldResult, declared: frozenset[str]) -> FieldState:
    seen = {name for name, number in result.types.items() if number}
    if not result.declared:
        return "undeclared"
    if not seen:
        return "never seen"
    allowed = declared | {"integer"} if "number" in declared else declared
    if declared and not seen <= allowed:
        return "other type"
    return "only null" if seen == {"null"} else "seen"


def _in_words(types: frozenset[str]) -> Message:
    """``integer or null``; a place without a declared type has all of them."""
    if len(types) >= _ALL_TYPES:
        return _ANY_TYPE()
    return types_listed(sorted(types, key=lambda name: (name == "null", name)))


def _documented_types(report: RunReport) -> dict[tuple[str, str], frozenset[str]]:
    """The documented types of every property by status and pointer."""
    documented: dict[tuple[str, str], frozenset[str]] = {}
    for status, response in report.contract.chosen.responses.items():
        for schema in response.content.values():
            for declared in schema.properties if schema else ():
                documented.setdefault((status, declared.pointer), frozenset(declared.types))
    return documented

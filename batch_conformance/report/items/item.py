"""The clauses of a contract as items of pytest: one line of the checklist each, with a name that does not change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from batch_conformance.contract.clause import Clause, clause_id
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.place import escaped, place_id
from batch_conformance.findings.finding import Finding
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.rules import known_clauses
from batch_conformance.suites import FURTHER, VERDICT, Function, Suites, read_suites


@dataclass(frozen=True, slots=True)
class Item:
    """One clause, and the test function that is called for it: with ``place``, or without any where that is None."""

    clause: Clause
    function: Function
    place: str | None

    @property
    def name(self) -> str:
        """How pytest names the test in its file: ``test_each_value_has_its_documented_type[200-created_at]``."""
        return self.function.name if self.place is None else f"{self.function.name}[{self.place}]"

    @property
    def node_id(self) -> str:
        """How pytest names the test: ``suites/test_response_bodies.py::test_…[200-created_at]``."""
        return f"suites/{self.function.file}::{self.name}"


class Items:
    """The items of some clauses, in the order of the suites; of two clauses that have one name the first is taken.

    ``operation`` is the id of the one whose places are named without it; ``roles`` has what others are named by, by
    their ids.
    """

    def __init__(
        self,
        clauses: Iterable[Clause],
        operation: str,
        suites: Suites | None = None,
        roles: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._suites = suites or read_suites()
        found: dict[str, Item] = {}
        for clause in clauses:
            item = _item(clause, self._suites.function(clause.rule, clause.status), operation, roles)
            found.setdefault(item.node_id, item)
        order = {function: number for number, function in enumerate(self._suites.functions)}
        self._all = tuple(sorted(found.values(), key=lambda item: order[item.function]))
        self.by_clause = {item.clause.id: item for item in self._all}

    def __iter__(self) -> Iterator[Item]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def by_node_id(self) -> dict[str, Item]:
        """The items by their names."""
        return {item.node_id: item for item in self._all}

    @property
    def verdict(self) -> Function:
        """The test that says whether there is a verdict at all; it has no clause."""
        return self._suites.named(VERDICT)

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The places that each function is called with, by ``file::function``; none where it is called once.

        A function that takes no place is called with an empty one for the operation that is named without it, where
        others have the clause as well.
        """
        found: dict[str, list[str]] = {f"{self.verdict.file}::{self.verdict.name}": []}
        for item in self._all:
            found.setdefault(f"{item.function.file}::{item.function.name}", []).append(item.place or "")
        return {key: tuple(places) if any(places) else () for key, places in found.items()}

    def of(self, finding: Finding) -> Item:
        """The item that a finding fails: its own clause's, else that of its rule at the place around it.

        What has neither breaks that only documented properties are there, or else that only documented statuses are.
        """
        return next(item for item in self._candidates(finding) if item is not None)

    def each_of(self, finding: Finding) -> tuple[Item, ...]:
        """The items that a finding fails: one, or those of all the findings that it stands for."""
        parts = (replace(finding, pointer=part.pointer, parts=()) for part in finding.parts)
        return tuple(dict.fromkeys(map(self.of, parts))) or (self.of(finding),)

    def _candidates(self, finding: Finding) -> Iterator[Item | None]:
        yield self.by_clause.get(finding.clause)
        yield from self._around(finding, finding.rule)
        of_operation = [item for item in self._all if item.clause.operation == finding.operation] or self._all
        of_rule = [item for item in of_operation if item.clause.rule == finding.rule]
        whole = [item for item in of_rule if not item.clause.media_type and not item.clause.pointer]
        for status in (finding.status, ""):
            yield from (item for item in whole if item.clause.status == status)
        yield from whole
        for rule in ("body.undeclared", "body.type"):
            yield from self._around(finding, rule)
        yield from of_rule
        yield from (one for one in of_operation if one.clause.rule == "response.status" and not one.clause.status)
        yield from of_operation

    def _around(self, finding: Finding, rule: str) -> Iterator[Item | None]:
        """The items of a rule at the place of a finding and at those around it, the nearest first."""
        pointer = finding.pointer
        while True:
            place = (finding.operation, finding.status, finding.media_type, pointer)
            yield self.by_clause.get(clause_id(*place, rule))
            if not pointer:
                return
            pointer = pointer.rpartition("/")[0]


def _item(clause: Clause, function: Function, operation: str, roles: Mapping[str, str]) -> Item:
    place = place_id(clause.status, clause.media_type, clause.pointer)
    if clause.operation != operation and clause.operation in roles:
        return Item(clause, function, f"{roles[clause.operation]}-{_within(function, clause, place)}")
    if clause.operation != operation:
        # A place has no empty part but the last.
        return Item(clause, function, f"{escaped(clause.operation)}--{_within(function, clause, place)}")
    return Item(clause, function, _within(function, clause, place) if function.takes_place else None)


def _within(function: Function, clause: Clause, place: str) -> str:
    return f"{clause.rule}-{place}" if function.name == FURTHER else place


def items_for(contract: Contract, options: Collection[str] = ()) -> Items:
    """The items of a contract. Of rules that are applied only with an option, those of ``options`` are."""
    roles = {one.id: one.role for one in contract.every if one.role is not None}
    return Items(known_clauses(contract, options), contract.chosen.id, roles=roles)


def items_of(report: RunReport) -> Items:
    """The items of a report: the contract's, and those of a shape or of a client that it was judged by."""
    families = {result.clause.rule.partition(".")[0] for result in report.ledger.clauses}
    return items_for(report.contract, families & {"client", "shape"})

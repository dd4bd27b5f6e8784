"""What a run exercised: statuses, fields and clauses, and what it never saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.clause import Clause, clause_id
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import members
from batch_conformance.findings.finding import Deviation, Finding
from batch_conformance.findings.ledger import ClauseResult, ClauseState, FieldResult, StatusResult
from batch_conformance.message import Template
from batch_conformance.observation.content import PlaceTypes
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY, added_clauses
from batch_conformance.rules.bodies import SEEN
from batch_conformance.rules.rule import At, Broken, standard

_MOST_UNCOUNTED = 64
"""Bodies unlike each other that are put by before they are counted."""

_SEEN_ONCE = Template("body.seen.expected", "to be seen at least once")
_IN_NONE = Template("body.seen.observed", "in none of {count} bodies")


class Coverage:
    """What was exercised of an operation, added up exchange by exchange; two of them add up to one.

    ``places`` counts how often each place was seen, by (status, media type, pointer, what was there: ``At``);
    ``everywhere`` counts the exchanges that exercised each rule that says so of exchanges.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.places: Counter[tuple[str, str, str, str]] = Counter()
        self.everywhere: Counter[str] = Counter()
        self._media_types: dict[str, Counter[str]] = {status: Counter() for status in operation.responses}
        self._types: dict[tuple[str, str], Counter[str]] = {}
        self._absent: Counter[tuple[str, str]] = Counter()
        for response in operation.responses.values():
            for schema in response.content.values():
                for place in schema.properties if schema else ():
                    self._types.setdefault((response.status, place.pointer), Counter())
        self._declared = frozenset(self._types)
        self._uncounted: dict[tuple[str, str | None, int], tuple[tuple[PlaceTypes, ...], int]] = {}
        """Bodies that are not counted place by place yet: what they hold, and how many held the same.

        By status, media type (None where their clauses are not exercised) and identity of what is held.
        """
        self._exercised = tuple((rule.id, rule.exercised) for rule in REGISTRY.values() if not rule.only_with)

    def add(self, observation: Observation, times: int = 1, *, own: bool = True) -> None:
        """Count an exchange, or ``times`` exchanges with the same members of the same types.

        What a gateway said in passing (``own`` false) is counted as seen, and exercises no clause.
        """
        if observation.answer is not None:
            self._media_types.setdefault(observation.status, Counter())[observation.media_type or "none"] += times
        exercises = own and observation.answer is not None and observation.exchange.probe.subject != "outside"
        if exercises:
            self._add_answer(observation, times)
        self._add_held(observation, times, exercises=exercises)
        if own:
            for rule, exercised in self._exercised:
                if exercised is not None and exercised(observation):
                    self.everywhere[rule] += times

    def update(self, other: Coverage) -> None:
        """Add what another one counted."""
        self._count_held()
        other._count_held()
        self.places.update(other.places)
        self.everywhere.update(other.everywhere)
        self._absent.update(other._absent)
        for status, media_types in other._media_types.items():
            self._media_types.setdefault(status, Counter()).update(media_types)
        for key, types in other._types.items():
            self._types.setdefault(key, Counter()).update(types)

    def at(self, clause: Clause) -> int:
        """How often a clause was exercised at its place."""
        self._count_held()
        return self.places[clause.status, clause.media_type, clause.pointer, REGISTRY[clause.rule].exercised_at]

    def statuses(self) -> tuple[StatusResult, ...]:
        """Every documented status, then every other one that was answered, with its media types."""
        documented = self.operation.responses
        others = sorted(self._media_types.keys() - documented.keys())
        return tuple(
            StatusResult(self.operation.id, status, status in documented, dict(sorted(types.items())), types.total())
            for status, types in ((status, self._media_types[status]) for status in (*documented, *others))
        )

    def objects_around(self, finding: Finding) -> int:
        """How many bodies had the object that the property of a finding is in."""
        self._count_held()
        around = finding.pointer.rpartition("/")[0]
        return self.places[finding.status, finding.media_type, around, "object"]

    def fields(self, findings: Sequence[Finding] = ()) -> tuple[FieldResult, ...]:
        """What was seen at every declared place of the JSON bodies, and at every undeclared one.

        Undeclared names that ``findings`` tell as one, because they change from object to object, are one place, too.
        """
        self._count_held()
        mine = [finding for finding in findings if finding.operation == self.operation.id]
        undeclared = [finding for finding in mine if finding.rule == "body.undeclared"]
        apart = {(finding.status, finding.pointer) for finding in undeclared}
        types: dict[tuple[str, str], Counter[str]] = {key: Counter(self._types[key]) for key in self._declared}
        for key in sorted(self._types.keys() - self._declared):
            status, pointer = key
            any_name = (status, pointer.rpartition("/")[0] + "/*")
            place = any_name if any_name in apart and key not in apart else key
            types.setdefault(place, Counter()).update(self._types[key])
        keys = [key for key in self._types if key in self._declared]
        return tuple(
            FieldResult(
                self.operation.id, *key, key in self._declared, dict(sorted(types[key].items())), self._absent[key]
            )
            for key in (*keys, *sorted(types.keys() - self._declared))
        )

    def _add_answer(self, observation: Observation, times: int) -> None:
        self.places[observation.status, "", "", "answer"] += times
        if observation.parsed is not None and observation.schema is not None:
            self.places[observation.status, observation.contract_media_type, "", "body"] += times

    def _add_held(self, observation: Observation, times: int, *, exercises: bool) -> None:
        """Put by what a body holds: mostly it is what the one before held, and is counted together with that."""
        held = _held(observation)
        if not held:
            return
        key = (observation.status, observation.contract_media_type if exercises else None, id(held))
        self._uncounted[key] = (held, self._uncounted.get(key, (held, 0))[1] + times)
        if len(self._uncounted) >= _MOST_UNCOUNTED:
            self._count_held()

    def _count_held(self) -> None:
        """Count the bodies that were put by, place by place."""
        for (status, media_type, _), (held, times) in self._uncounted.items():
            for one in held:
                found = self._types.setdefault((status, one.pointer), Counter())
                for kind, count in one.types.items():
                    found[kind] += count * times
                if not one.types:
                    self._absent[status, one.pointer] += times
                if media_type is not None and one.declared:
                    for what in _exercised_by(one):
                        self.places[status, media_type, one.pointer, what] += times
        self._uncounted.clear()

    def __getstate__(self) -> dict[str, Any]:
        self._count_held()
        return {name: value for name, value in self.__dict__.items() if name != "_exercised"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["operation"])  # type: ignore[misc]
        self.__dict__ |= state


def _exercised_by(held: PlaceTypes) -> Iterator[At]:
    """What the clauses at a place can be about, where this is what a body holds there."""
    if held.around:
        yield "around"
    if held.types:
        yield "value"
    if held.types.keys() - {"null"}:
        yield "not_null"
    if "object" in held.types:
        yield "object"


def _held(observation: Observation) -> tuple[PlaceTypes, ...]:
    """What a body holds; nothing where it is another object: what that has says nothing of the documented one."""
    return observation.content.held if observation.content is not None and not observation.mismatch else ()


class Bodies:
    """The bodies of successes, and which of the documented properties they had; two of them add up to one."""

    def __init__(self) -> None:
        self._seen: dict[str, _Properties] = {}

    def add(self, observation: Observation, times: int = 1) -> None:
        """Look at the body of an exchange, or of ``times`` with the same members of the same types; it is the first."""
        if observation.batch is None or observation.content is None:
            return
        seen = self._seen.get(observation.status)
        if seen is None:
            seen = self._seen[observation.status] = _Properties(observation)
        seen.add(observation, times)

    def update(self, other: Bodies) -> None:
        """Add what another one saw."""
        for status, seen in other._seen.items():
            self._seen.setdefault(status, _Properties(seen.example)).update(seen)

    def never_seen(self) -> Iterator[Deviation]:
        """A deviation for each documented property of the success body that no body had."""
        for seen in self._seen.values():
            yield from seen.never_seen()


class _Properties:
    """The optional properties of one status' body: how many bodies could have had each, and whether one did."""

    def __init__(self, first: Observation) -> None:
        self.example = first
        schema, free_maps = first.schema, first.operation.roles.free_maps
        self._places = tuple(
            place
            for place in (schema.properties if schema else ())
            # What is below a free map are the customer's own words: nobody promises that they are there.
            if place.pointer and not place.pointer.endswith("/*") and not place.required and not place.write_only
            if not any(place.pointer.startswith(free + "/") for free in free_maps)
            if schema is not None and schema.contradiction(place.pointer) is None
        )
        self._unseen = self._places
        self._holders: Counter[str] = Counter()
        self._first: dict[str, Observation] = {}
        self._held: set[str] = set()

    def add(self, observation: Observation, times: int) -> None:
        held = len(self._held)
        for place in self._unseen:
            pointer = place.pointer
            if any(isinstance(m, Mapping) for m in members(observation.batch, pointer.rpartition("/")[0])):
                self._holders[pointer] += times
                known = self._first.setdefault(pointer, observation)
                if observation.exchange.order < known.exchange.order:
                    self._first[pointer] = observation
                if any(True for _ in members(observation.batch, pointer)):
                    self._held.add(pointer)
        if len(self._held) > held:
            self._forget_seen()

    def __getstate__(self) -> dict[str, Any]:
        names = ("example", "_holders", "_first", "_held")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["example"])  # type: ignore[misc]
        self.__dict__ |= state
        self._forget_seen()

    def update(self, other: _Properties) -> None:
        self._holders.update(other._holders)
        self._held |= other._held
        for pointer, observation in other._first.items():
            known = self._first.setdefault(pointer, observation)
            if observation.exchange.order < known.exchange.order:
                self._first[pointer] = observation
        self._forget_seen()

    def _forget_seen(self) -> None:
        """What was seen once is looked for no more."""
        self._unseen = tuple(place for place in self._places if place.pointer not in self._held)
        self._first = {
            place.pointer: self._first[place.pointer] for place in self._unseen if place.pointer in self._first
        }

    def never_seen(self) -> Iterator[Deviation]:
        for place in self._places:
            count = self._holders[place.pointer]
            if count and place.pointer not in self._held:
                holder = self._first[place.pointer]
                yield SEEN.deviation(
                    holder,
                    Broken(
                        media_type=holder.contract_media_type,
                        pointer=place.pointer,
                        expected=_SEEN_ONCE(),
                        observed=_IN_NONE(count=count),
                        kind="never",
                        location=place.location,
                    ),
                )


def cover_clauses(
    coverage: Coverage, deviations: Iterable[tuple[Deviation, int]], *, stuck: bool, read_again: int
) -> tuple[ClauseResult, ...]:
    """Every clause of the operation, those that rules add, and those that only a deviation named.

    ``deviations`` are those of the operation, with how often each was seen, the first of a clause first. ``stuck`` says
    that something was left open by an outage, ``read_again`` how often a known batch was read after its first read.
    """
    operation, broken, extra = coverage.operation, Counter[str](), dict[str, tuple[Deviation, int]]()
    for deviation, times in deviations:
        broken[deviation.clause] += times
        first, count = extra.get(deviation.clause, (deviation, 0))
        extra[deviation.clause] = (first, count + times)
        if REGISTRY[deviation.rule].exercised_at == "object":
            # It names the property; the clause that is broken is that of the object around it.
            broken[_around(deviation)] += times
    results = [_result(clause, coverage.at(clause), broken[clause.id]) for clause in operation.clauses]
    anywhere = set[str]()
    for clause in added_clauses(operation):
        rule = REGISTRY[clause.rule]
        if rule.exercised is None and rule.exercised_at:
            results.append(_result(clause, coverage.at(clause), broken[clause.id]))
            continue
        anywhere.add(clause.rule)
        count = read_again if rule.exercised is None else coverage.everywhere[clause.rule]
        open_yet = stuck and rule.exercised is not None and not count
        results.append(_result(clause, count, _broken(broken, clause), stuck=open_yet))
    anywhere -= {clause.rule for clause in operation.clauses}
    return (*results, *_named_only_by(extra.values(), {result.clause.id for result in results}, anywhere))


def _around(deviation: Deviation) -> str:
    parent = deviation.pointer.rpartition("/")[0]
    return clause_id(deviation.operation, deviation.status, deviation.media_type, parent, deviation.rule)


def _broken(broken: Mapping[str, int], clause: Clause) -> int:
    """A clause that a rule adds is broken by any deviation from the rule."""
    return sum(count for key, count in broken.items() if key.rsplit(" ", 1)[-1] == clause.rule)


def _result(clause: Clause, judged: int, broken: int, *, stuck: bool = False) -> ClauseResult:
    state: ClauseState = "kept" if judged else "inconclusive" if stuck else "not_observed"
    return ClauseResult(clause, "broken" if broken else state, max(judged, broken), broken)


def _named_only_by(broken: Iterable[tuple[Deviation, int]], named: set[str], rules: set[str]) -> Iterator[ClauseResult]:
    """Clauses that no contract has beforehand. ``rules`` are those whose clauses any of their deviations breaks."""
    for first, count in broken:
        if first.clause in named or first.rule in rules or REGISTRY[first.rule].exercised_at == "object":
            continue
        clause = Clause(
            first.operation,
            first.status,
            first.media_type,
            first.pointer,
            first.rule,
            first.expected,
            first.location or standard(REGISTRY[first.rule].source),
        )
        yield ClauseResult(clause, "broken", count, count)

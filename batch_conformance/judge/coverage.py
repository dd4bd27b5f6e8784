"""What a run exercised: statuses, fields and clauses, and what it never saw."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import members
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.ledger import ClauseResult, ClauseState, FieldResult, StatusResult
from batch_conformance.findings.rules import REGISTRY
from batch_conformance.judge.sighting import Sighting
from batch_conformance.judge.standing import OVER_TIME, STANDING, applies, standard, standing_clause
from batch_conformance.judge.stranger import is_stranger

_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    type(None): "null",
}


def cover_statuses(contract: Contract, sightings: Sequence[Sighting]) -> tuple[StatusResult, ...]:
    """Every documented status, then every other one that was answered, with its media types."""
    seen: dict[str, Counter[str]] = {status: Counter() for status in contract.operation.responses}
    for sighting in sightings:
        if sighting.answer is not None:
            seen.setdefault(sighting.status, Counter())[sighting.media_type or "none"] += 1
    return tuple(
        StatusResult(status, status in contract.operation.responses, dict(sorted(types.items())), types.total())
        for status, types in seen.items()
    )


def cover_fields(contract: Contract, sightings: Sequence[Sighting]) -> tuple[FieldResult, ...]:
    """What was seen at every declared place of the JSON bodies, and at every undeclared one."""
    types: dict[tuple[str, str], Counter[str]] = {}
    absent: Counter[tuple[str, str]] = Counter()
    declared: set[tuple[str, str]] = set()
    for response in contract.operation.responses.values():
        for schema in response.content.values():
            for place in schema.properties if schema else ():
                key = (response.status, place.pointer)
                declared.add(key)
                types.setdefault(key, Counter())
    for sighting in sightings:
        if sighting.parsed is None or not sighting.parsed.readable or sighting.schema is None:
            continue
        value, pointers = sighting.parsed.value, [place.pointer for place in sighting.schema.properties]
        for pointer in (*pointers, *sighting.schema.undeclared(value)):
            key = (sighting.status, pointer)
            found = types.setdefault(key, Counter())
            held = list(members(value, pointer))
            found.update(_type_name(member) for member in held)
            if not held:
                absent[key] += 1
    return tuple(
        FieldResult(*key, key in declared, dict(sorted(found.items())), absent[key]) for key, found in types.items()
    )


def never_seen(sightings: Sequence[Sighting]) -> Iterator[Deviation]:
    """A deviation for each documented property of the success body that no body of the run had."""
    bodies: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        schema = sighting.schema
        if sighting.batch is not None and schema is not None and not is_stranger(schema, sighting.batch):
            bodies[sighting.status].append(sighting)
    for seen in bodies.values():
        schema = seen[0].schema
        for place in schema.properties if schema else ():
            parent = place.pointer.rpartition("/")[0]
            holders = [s for s in seen if any(isinstance(m, Mapping) for m in members(s.batch, parent))]
            holds = any(True for s in holders for _ in members(s.batch, place.pointer))
            if any(place.pointer.startswith(free + "/") for free in seen[0].contract.roles.free_maps):
                continue  # the customer's own words: nobody promises that they are there
            if place.pointer and not place.pointer.endswith("/*") and not place.required and holders and not holds:
                yield holders[0].deviates(
                    "body.seen",
                    media_type=holders[0].contract_media_type,
                    pointer=place.pointer,
                    expected="to be seen at least once",
                    observed=f"in none of {len(holders)} bodies",
                    kind="never",
                    location=place.location,
                )


def cover_clauses(
    contract: Contract, sightings: Sequence[Sighting], deviations: Sequence[Deviation], unjudged: frozenset[int]
) -> tuple[ClauseResult, ...]:
    """Every clause of the contract, the standing ones, and those that only a deviation named."""
    judged = _count_places(sightings)
    broken = Counter(deviation.clause for deviation in deviations)
    # A closed-world deviation names the property; the clause it breaks is that of the object around it.
    for deviation in deviations:
        if deviation.rule == "body.undeclared":
            parent = deviation.pointer.rpartition("/")[0]
            around = Clause(
                deviation.operation, deviation.status, deviation.media_type, parent, deviation.rule, "", standard("")
            )
            broken[around.id] += 1
    results = [_result(clause, judged[_place_key(clause)], broken[clause.id]) for clause in contract.clauses]
    for rule, (status, says, exercises) in STANDING.items():
        if applies(rule, contract):
            clause = standing_clause(contract, rule, status, says)
            count = sum(1 for sighting in sightings if exercises(sighting))
            stuck = not count and any(sighting.exchange.number in unjudged for sighting in sightings)
            results.append(_result(clause, count, _broken(broken, clause), stuck=stuck))
    read_twice = _read_twice(sightings)
    for rule, says in OVER_TIME.items():
        if applies(rule, contract):
            clause = standing_clause(contract, rule, "200", says)
            results.append(_result(clause, read_twice, _broken(broken, clause)))
    return (*results, *_named_only_by(deviations, {result.clause.id for result in results}))


def _broken(broken: Mapping[str, int], clause: Clause) -> int:
    """A standing clause is broken by any deviation of its rule."""
    return sum(count for key, count in broken.items() if key.rsplit(" ", 1)[-1] == clause.rule)


def _result(clause: Clause, judged: int, broken: int, *, stuck: bool = False) -> ClauseResult:
    state: ClauseState = "kept" if judged else "inconclusive" if stuck else "not_observed"
    return ClauseResult(clause, "broken" if broken else state, max(judged, broken), broken)


def _named_only_by(deviations: Sequence[Deviation], named: set[str]) -> Iterator[ClauseResult]:
    extra: dict[str, list[Deviation]] = defaultdict(list)
    rules = {key.rsplit(" ", 1)[-1] for key in named} & (STANDING.keys() | OVER_TIME.keys())
    for deviation in deviations:
        inside = deviation.rule == "body.undeclared" or deviation.rule in rules
        if deviation.clause not in named and not inside:
            extra[deviation.clause].append(deviation)
    for of_one in extra.values():
        first = of_one[0]
        clause = Clause(
            first.operation,
            first.status,
            first.media_type,
            first.pointer,
            first.rule,
            first.expected,
            first.location or standard(REGISTRY[first.rule].source),
        )
        yield ClauseResult(clause, "broken", len(of_one), len(of_one))


def _count_places(sightings: Sequence[Sighting]) -> Counter[tuple[str, str, str, str]]:
    """How often each clause of the contract was exercised, by (status, media type, pointer, kind of clause)."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for sighting in sightings:
        if sighting.answer is None or sighting.exchange.probe.subject == "outside":
            continue
        counted[sighting.status, "", "", "response.status"] += 1
        counted[sighting.status, "", "", "response.header"] += 1
        if sighting.parsed is None or sighting.schema is None:
            continue
        status, media_type = sighting.status, sighting.contract_media_type
        counted[status, media_type, "", "response.media_type"] += 1
        if not sighting.parsed.readable:
            continue
        value = sighting.parsed.value
        for place in sighting.schema.properties:
            held = list(members(value, place.pointer))
            parent = place.pointer.rpartition("/")[0]
            around = held if not place.pointer else list(members(value, parent))
            if any(isinstance(member, Mapping) for member in around):
                counted[status, media_type, place.pointer, "body.required"] += 1
            if held:
                counted[status, media_type, place.pointer, "present"] += 1
            if any(member is not None for member in held):
                counted[status, media_type, place.pointer, "set"] += 1
            if any(isinstance(member, Mapping) for member in held):
                counted[status, media_type, place.pointer, "body.undeclared"] += 1
    return counted


def _place_key(clause: Clause) -> tuple[str, str, str, str]:
    kinds = {
        "body.type": "present",
        "body.seen": "present",
        "body.enum": "set",
        "body.known_value": "set",
        "body.format": "set",
        "body.constraint": "set",
    }
    return (clause.status, clause.media_type, clause.pointer, kinds.get(clause.rule, clause.rule))


def _read_twice(sightings: Sequence[Sighting]) -> int:
    reads = Counter(
        s.exchange.probe.batch_id for s in sightings if s.batch is not None and s.exchange.probe.subject == "known"
    )
    return sum(count - 1 for count in reads.values())


def _type_name(value: Any) -> str:
    return "object" if isinstance(value, Mapping) else _JSON_TYPES[type(value)]

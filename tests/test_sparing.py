"""What rules are spared, against the rules: a check that says that one is surely kept never overlooks a break of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, KNOWN, QUEUED, contract, contract_of, judge_one, openai_like, sent
from test_recorded_ledger import RUNS

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Response
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.applying import compare
from batch_conformance.judge.log import compared_places
from batch_conformance.judge.sparing import MonotonicReads, broken_alike, headers_looked_at, unspared
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
CONTRACTS = {
    "documented": contract(),
    "published": contract("published"),
    "openai": openai_like(),
    "patterns": contract_of(
        {
            "type": "object",
            "properties": {
                "id": {"type": "string", "pattern": "^b"},
                "status": {"enum": ["completed"]},
                "created_at": {"type": "integer", "maximum": 1741685500, "multipleOf": 2},
                "errors": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1},
            },
        }
    ),
}
STATES = ("in_queue", "in_progress", "completed", "failed", "IN_QUEUE")
TIMES = st.sampled_from([0, -1, 1741685412, 1741685413, 1741685414, 1741771813, 1741771814, 1741685413000, 2**70])
COUNTS = st.integers(-1, 4)
TEXTS = st.sampled_from(
    ["", " ", "x", "null", "24h", "1 d", "25h", "file-1", "batch", "\ttext", "/v1/embeddings"]
) | st.sampled_from(
    ["0", "NaN", " x", "x\n", "a&amp;b", "a&b", "{{id}}", "{id}", "%s", "a%2Fb", "'x'", "[object Object]", "v1/x"]
)
FREE = st.dictionaries(st.sampled_from(["a", "b"]), TEXTS, max_size=2)


def value_like(value: Any) -> st.SearchStrategy[Any]:
    """Other values of the same type, or the same ones."""
    if type(value) is int:
        return (COUNTS if abs(value) < 1000 else TIMES | COUNTS) | st.just(value)
    if type(value) is str:
        return TEXTS | st.just(value)
    if type(value) is dict:
        return st.fixed_dictionaries({name: value_like(inner) for name, inner in value.items()})
    if type(value) is list:
        return st.tuples(*map(value_like, value)).map(list)
    return st.just(value)


@st.composite
def alike(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two bodies with the same members of the same types, in the same state."""
    body = dict(draw(st.sampled_from([QUEUED, COMPLETED])))
    body["status"] = draw(st.sampled_from(STATES))
    body["request_counts"] = {"total": 4, "completed": 3, "failed": 1}
    for name in draw(st.lists(st.sampled_from(sorted(body)), max_size=3)):
        of_types = TIMES | TEXTS | FREE | st.sampled_from([None, True, [], ["a"], ["", "a"], [1]])
        body[name] = draw(of_types | st.fixed_dictionaries(dict.fromkeys(("total", "completed", "failed"), COUNTS)))
    if draw(st.booleans()):
        body.pop(draw(st.sampled_from(sorted(body))), None)
    other = draw(value_like(body))
    for name in ("status", "id"):
        if name in body:
            other[name] = body[name]
    return body, other


def told_of(body: dict[str, Any], under: Contract) -> list[Deviation]:
    """How a body breaks rules that was read long after its batch had ended; whether a time is ahead is asked apart."""
    found = judge_one(Observation(sent(body, headers=(("Date", "Fri, 01 Jan 2038 00:00:00 GMT"),)), under))
    return [one for one in found if one.rule != "time.ahead"]


Made = dict[Callable[[AlikeBodies], Sequence[BodiesCheck] | None], Sequence[BodiesCheck]]


def checks_for(under: Contract, body: dict[str, Any]) -> Made | None:
    """The checks for bodies like this one, by what makes them (``Rule.surely_kept``)."""
    observation = Observation(sent(body), under)
    assert observation.schema is not None
    rules = {one.rule for one in told_of(body, under)}
    if not rules <= broken_alike():
        return None
    broken = bool(rules & {"body.type", "body.required", "body.undeclared"})
    alike = AlikeBodies(observation.schema, under.chosen.roles, body, broken)
    made = {make: make(alike) for rule in REGISTRY.values() if (make := rule.surely_kept) is not None}
    checks = {make: of_one for make, of_one in made.items() if of_one is not None}
    if len(checks) < len(made) or not all(
        check(Columns.of_bodies([body])) for of_one in checks.values() for check in of_one
    ):
        return None
    return checks


@pytest.mark.parametrize("name", CONTRACTS)
@MANY
@given(alike())
def test_what_is_surely_kept_is_kept(name: str, bodies: tuple[dict[str, Any], dict[str, Any]]) -> None:
    under = CONTRACTS[name]
    first, other = bodies
    checks = checks_for(under, first)
    if checks is None:
        return
    found = told_of(other, under)
    holding = {make for make, of_one in checks.items() if all(check(Columns.of_bodies([other])) for check in of_one)}
    if REGISTRY["body.constraint"].surely_kept in holding:  # the other checks are for values that the schema admits
        kept = {rule.id for rule in REGISTRY.values() if rule.surely_kept in holding}
        broken = [one for one in found if one.rule in kept]
        assert [
            one for one in broken if (one.rule, one.pointer) != ("body.known_value", under.chosen.roles.state)
        ] == []
    if len(holding) == len(checks):
        told = {(one.rule, one.pointer, one.kind) for one in told_of(first, under)}
        assert {(one.rule, one.pointer, one.kind) for one in found} == told


@st.composite
def many_alike(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A body and others with the same members of the same types, in the same state."""
    first, other = draw(alike())
    others = draw(st.lists(value_like(first), max_size=3))
    return [
        first,
        other,
        *({**one, **{name: first[name] for name in ("status", "id") if name in first}} for one in others),
    ]


@pytest.mark.parametrize("name", CONTRACTS)
@MANY
@given(many_alike())
def test_a_check_holds_of_many_bodies_where_it_holds_of_each(name: str, bodies: list[dict[str, Any]]) -> None:
    for check in chain.from_iterable((checks_for(CONTRACTS[name], bodies[0]) or {}).values()):
        assert check(Columns.of_bodies(bodies)) == all(check(Columns.of_bodies([body])) for body in bodies)


STEPS = st.one_of(
    st.sampled_from([*STATES, "cancelling", "cancelled", None, 5]).map(lambda value: {"status": value}),
    st.fixed_dictionaries(dict.fromkeys(("total", "completed", "failed"), COUNTS)).map(
        lambda value: {"request_counts": value}
    ),
    (TIMES | st.none()).map(lambda value: {"completed_at": value}),
    st.sampled_from([None, "", "file-1", "file-2", "https://x/y?a=1", "https://x/y?a=2"]).map(
        lambda value: {"output_file_id": value}
    ),
    (FREE | st.none()).map(lambda value: {"metadata": value}),
    st.sampled_from([KNOWN, "batch_other", None]).map(lambda value: {"id": value}),
    TEXTS.map(lambda value: {"endpoint": value}),
    st.just({}),
)
"""What changes from one read to the next."""


@MANY
@given(st.lists(STEPS, min_size=2, max_size=5))
def test_reads_that_are_surely_calm_break_no_rule_over_time(steps: list[dict[str, Any]]) -> None:
    roles, places = contract().chosen.roles, compared_places(contract().chosen.roles)
    bodies = list(accumulate(steps, lambda body, step: {**body, **step}, initial=QUEUED))
    reads = [replace(sent(body), number=n, started_at=1e9 + n) for n, body in enumerate(bodies)]
    values = [tuple(at(body, place) for place in places) for body in bodies]
    if MonotonicReads(roles, places).holds(KNOWN, values):
        of_batch = [Observation(read, contract()) for read in reads]
        assert not list(compare(BatchHistory(of_batch, [None] * len(of_batch))))


def test_every_rule_says_what_it_looks_at() -> None:
    silent = {rule.id for rule in REGISTRY.values() if rule.looks_at is None}
    assert silent == set(), "set `looks_at` of each: what decides on it (rules/rule.py)"
    assert unspared() == set(), "say at each how bodies surely keep it: `surely_kept`, or `kept_by_plain_reads`"
    apart = {rule.id for rule in REGISTRY.values() if rule.compare is not None and not rule.kept_by_monotonic_reads}
    assert apart == set(), "without `kept_by_monotonic_reads` every read of recorded traffic is compared"
    spared = {rule.id for rule in REGISTRY.values() if rule.surely_kept is not None or rule.kept_by_plain_reads}
    assert {rule.id for rule in REGISTRY.values() if rule.looks_at in ("values", "bytes")} == spared


class Listening(Response):
    """A response that writes down which headers it is asked for."""

    asked: ClassVar[set[str]] = set()

    def header(self, name: str) -> str | None:
        self.asked.add(name.lower())
        return Response.header(self, name)

    def header_all(self, name: str) -> tuple[str, ...]:
        self.asked.add(name.lower())
        return Response.header_all(self, name)


@pytest.mark.parametrize("run", RUNS, ids=map(str, range(len(RUNS))))
def test_rules_look_at_no_header_that_none_of_them_names(run: tuple[Exchange, ...]) -> None:
    Listening.asked.clear()
    for exchange in run:
        if exchange.response is not None:
            given = {name: getattr(exchange.response, name) for name in Response.__dataclass_fields__}
            list(judge_one(Observation(replace(exchange, response=Listening(**given)), contract())))
    declared = {name.lower() for one in contract().chosen.responses.values() for name in one.headers}
    assert Listening.asked <= headers_looked_at() | declared


def test_a_body_of_a_plain_read_is_one_that_the_checks_are_for() -> None:
    assert checks_for(contract(), json.loads(json.dumps(COMPLETED))) is not None

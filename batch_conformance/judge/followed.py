"""Judges what a run sent to make batches, and what became of them: findings, and how the clauses fared. Pure.

The answers to requests that change something are judged by the document, each as a read is; the rules that follow a
batch lay all that was seen of it beside what was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Tally
from batch_conformance.findings.ledger import ClauseResult, ClauseState, Ledger
from batch_conformance.judge.applying import about, check
from batch_conformance.judge.coverage import Coverage, cover_clauses
from batch_conformance.message import Message
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import OF_WRITES, REGISTRY
from batch_conformance.rules.bodies import NOT_THE_OBJECT
from batch_conformance.rules.followed import Followed
from batch_conformance.rules.rule import ObservedPlace, Rule

_BUSY = frozenset({429, 502, 503, 504})


def of_writes(contract: Contract) -> Contract:
    """The contract by which the answers to requests that change something are judged."""
    return replace(contract, operations=contract.writes, writes=())


def judge_followed(
    ledger: Ledger, contract: Contract, writes: Sequence[Exchange], followed: Followed, missing: Iterable[Message] = ()
) -> Ledger:
    """The ledger with what was seen of the batches that were made.

    ``writes`` are the exchanges that were sent to change something, which the ledger does not have yet; ``missing`` is
    what a verdict needs, and did not come.
    """
    tally, coverages = Tally(), {one.id: Coverage(one) for one in contract.writes}
    of_each: dict[str, list[tuple[Deviation, int]]] = {one.id: [] for one in contract.writes}
    judged_by = of_writes(contract)
    for exchange in writes if contract.writes else ():
        observation = Observation(exchange, judged_by)
        if not _says_something(exchange):
            continue
        coverages[observation.operation.id].add(observation)
        found = _judge(observation)
        tally.add(found)
        of_each[observation.operation.id] += [(one, 1) for one in found]
    looks = list(_looks(followed))
    for rule, look in looks:
        if look.broken is not None:
            tally.add([_deviation(rule, look)])
    results = [
        result
        for one in contract.writes
        for result in cover_clauses(coverages[one.id], of_each[one.id], stuck=False, read_again=0)
    ]
    findings = tally.findings()
    return replace(
        ledger,
        exchanges=tuple(sorted((*ledger.exchanges, *writes), key=lambda one: one.order)),
        findings=tuple(sorted((*ledger.findings, *findings), key=lambda one: _LEVELS.index(one.level))),
        clauses=(*ledger.clauses, *results, *_followed_clauses(contract, looks)),
        fields=(*ledger.fields, *(one for coverage in coverages.values() for one in coverage.fields(findings))),
        statuses=(*ledger.statuses, *(one for coverage in coverages.values() for one in coverage.statuses())),
        missing=(*ledger.missing, *missing),
    )


_LEVELS = ("must", "should", "info")


def _says_something(exchange: Exchange) -> bool:
    """Whether an answer is the API's: who is busy or away says so in words that nobody documented."""
    asked_for = exchange.probe.forced_status == exchange.status
    return exchange.failure is None and (asked_for or exchange.status not in _BUSY)


def _judge(observation: Observation) -> list[Deviation]:
    """What one answer breaks of what the document says, and what it shows that no answer may."""
    found = check(observation)
    of_answer = about(found, *OF_WRITES)
    apart = [one for one in of_answer if one.rule in NOT_THE_OBJECT]
    return [*apart, *about(found, "leak")] if apart else of_answer


def _looks(followed: Followed) -> Iterator[tuple[Rule, ObservedPlace]]:
    for rule in REGISTRY.values():
        if rule.follow is not None:
            for look in rule.follow(followed):
                yield rule, look


def _deviation(rule: Rule, look: ObservedPlace) -> Deviation:
    assert look.broken is not None
    deviation = rule.deviation(look.observation, look.broken)
    return replace(deviation, exchange=look.shows) if look.shows is not None else deviation


def _followed_clauses(contract: Contract, looks: Sequence[tuple[Rule, ObservedPlace]]) -> Iterator[ClauseResult]:
    """How the clauses of the rules fared that follow a batch."""
    judged: Counter[tuple[str, str, str]] = Counter()
    broken: Counter[tuple[str, str, str]] = Counter()
    for rule, look in looks:
        place = (rule.id, look.observation.operation.id, look.pointer)
        judged[place] += 1
        broken[place] += look.broken is not None
    for operation in contract.every:
        for rule in REGISTRY.values():
            for clause in _clauses(rule, operation):
                place = (rule.id, operation.id, clause.pointer)
                state: ClauseState = "broken" if broken[place] else "kept" if judged[place] else "not_observed"
                yield ClauseResult(clause, state, judged[place], broken[place])


def _clauses(rule: Rule, operation: Operation) -> Iterable[Clause]:
    return rule.clauses_of(operation) if rule.follow is not None else ()

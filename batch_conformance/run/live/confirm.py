"""Asks again, after a while, what showed new findings, before they count (``--confirm``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.target import is_repeatable
from batch_conformance.findings.baseline import was_exercised
from batch_conformance.findings.finding import Confirmation, Finding
from batch_conformance.judge.judge import Judge, judge
from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.nouns import FINDING
from batch_conformance.observation.observation import Observation, at
from batch_conformance.probes.credentials import MAX_REFUSED, is_refused
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.availability import SERVER_ERROR, SILENT
from batch_conformance.rules.rule import is_conclusive
from batch_conformance.run.live.runner import Runner

_MOST = 3
"""Requests of one finding that are sent again: the one of its evidence first."""

ASKING = Template("confirm.asking", "{findings} to confirm: what showed it is asked again in {seconds} s.")
_NOTE = Template(
    "confirm.note",
    "--confirm: {findings} to confirm, asked again {seconds} s later with {requests} requests: {seen} seen again, "
    "{not_seen} not seen again, {not_asked} that could not be asked again.",
)
_SEVERAL = Template("confirm.several", "it shows in several answers together, and not in one")
_CHANGES = Template("confirm.changes", "its request may change something at the target")
_REFUSED = Template("confirm.refused", "a run sends at most {most} requests with a credential that is to be refused")
_OTHER_STATE = Template("confirm.other_state", "the batch was no longer in the state that showed it")
_OTHERWISE = Template("confirm.otherwise", "what came ({statuses}) could not show it")
_NOTHING_CAME = Template("confirm.nothing_came", "no answer")


@dataclass(frozen=True, slots=True)
class _Asked:
    """An exchange that showed a finding, and what came when its request was sent again: an exchange, or why not."""

    first: Exchange
    again: Exchange | Message


def confirm(
    runner: Runner, findings: Sequence[Finding], seconds: float, *, most_refused: int | None = MAX_REFUSED
) -> Mapping[str, Confirmation]:
    """Wait so many seconds, send again what showed these findings, and give what came of it by the findings' ids.

    All limits of the run hold; ``most_refused`` is how many requests with a credential that is to be refused it may
    send, None where it is not bound. What is received is added to the runner's ``asked_again``.
    """
    if runner.stopped:
        return {finding.id: Confirmation("not_asked", seconds, why=runner.stopped) for finding in findings}
    shown = {finding.id: _showing(runner, finding) for finding in findings}
    # Each finding's first, then each one's second: a limit of the run is not to be used up by a few of them.
    in_turn = (of_one[turn] for turn in range(_MOST) for of_one in shown.values() if turn < len(of_one))
    wanted = {one.order: one for one in in_turn if is_repeatable(one.probe)}
    again = dict(_ask(runner, tuple(wanted.values()), seconds, most_refused))
    confirmed: dict[str, Confirmation] = {}
    for finding in findings:
        asked = [_Asked(one, again[one.order]) for one in shown[finding.id] if one.order in again]
        if not asked:
            why = _CHANGES() if shown[finding.id] else _SEVERAL()
            confirmed[finding.id] = Confirmation("not_asked", seconds, why=why)
        else:
            confirmed[finding.id] = _outcome(finding, asked, runner.contract, seconds)
    return confirmed


def note(confirmed: Iterable[Confirmation], requests: int) -> Message:
    """What came of all of them, in one sentence."""
    of_all = list(confirmed)
    counts = {again: sum(one.again == again for one in of_all) for again in ("seen", "not_seen", "not_asked")}
    return _NOTE(findings=Count(len(of_all), FINDING), seconds=f"{of_all[0].seconds:g}", requests=requests, **counts)


def _showing(runner: Runner, finding: Finding) -> list[Exchange]:
    """The exchanges that show a finding, each by itself, of different requests; that of the evidence comes first."""
    found: dict[tuple[Any, ...], Exchange] = {}
    for exchange in sorted(runner.exchanges, key=lambda one: (one.order != finding.evidence.order, one.order)):
        probe = exchange.probe
        request = (probe.method, probe.path, probe.query, probe.headers, probe.credential, probe.forced_status)
        is_candidate = exchange.final and f"{probe.chapter}/{probe.name}" in finding.probes and request not in found
        if is_candidate and _shows(finding, exchange, runner.contract):
            found[request] = exchange
            if len(found) == _MOST:
                break
    return list(found.values())


def _shows(finding: Finding, exchange: Exchange, contract: Contract) -> bool:
    """Whether an exchange by itself shows what a finding says."""
    observation = Observation(exchange, contract)
    if observation.operation.id != finding.operation:
        return False
    if finding.rule in (SERVER_ERROR.id, SILENT.id):
        # Which requests always fail is told by a run; that one of them fails, by its answer.
        return _end_of(exchange) == _end_of(finding.evidence) and not is_conclusive(observation)
    rule = REGISTRY.get(finding.rule)
    if rule is None or rule.check is None:
        return False
    judged = Judge(contract).add(exchange, observation)
    return any(one.fingerprint in finding.ids for _, _, deviations in judged.deviations for one in deviations)


def _end_of(exchange: Exchange) -> tuple[int | None, str]:
    return exchange.status, exchange.failure.kind if exchange.failure else ""


def _ask(
    runner: Runner, exchanges: Sequence[Exchange], seconds: float, most_refused: int | None
) -> Iterator[tuple[tuple[int, int], Exchange | Message]]:
    """What came of the requests of these exchanges, sent again after a pause, by the exchanges' order."""
    spent: Message | None = None
    try:
        if exchanges:
            runner.target.pause(seconds)
    except BudgetExhausted as reason:
        spent = reason.reason
    for exchange in exchanges:
        sent = (*runner.exchanges, *runner.asked_again)
        refused = sum(is_refused(one.probe.credential) for one in sent) if is_refused(exchange.probe.credential) else 0
        if spent is not None:
            yield exchange.order, spent
        elif refused and most_refused is not None and refused >= most_refused:
            yield exchange.order, _REFUSED(most=most_refused)
        else:
            try:
                yield exchange.order, runner.ask_again(exchange.probe)
            except BudgetExhausted as reason:
                spent = reason.reason
                yield exchange.order, spent


def _outcome(finding: Finding, asked: Sequence[_Asked], contract: Contract, seconds: float) -> Confirmation:
    """What came of one finding. It is only gone where an answer that could have shown it did not."""
    answers = [(one.first, one.again) for one in asked if isinstance(one.again, Exchange)]
    if any(_shows(finding, again, contract) for _, again in answers):
        return Confirmation("seen", seconds, len(answers))
    alike = [again for first, again in answers if _state(first, contract) == _state(again, contract)]
    telling = [again for again in alike if is_conclusive(Observation(again, contract))]
    if telling and was_exercised(finding.clause, judge(telling, contract).clauses):
        return Confirmation("not_seen", seconds, len(answers))
    if not answers:
        why = next(one.again for one in asked if isinstance(one.again, Message))
    elif alike:
        statuses = dict.fromkeys(str(again.status) if again.status else _NOTHING_CAME() for again in alike)
        why = _OTHERWISE(statuses=Listing(tuple(statuses)))
    else:
        why = _OTHER_STATE()
    return Confirmation("not_asked", seconds, len(answers), why)


def _state(exchange: Exchange, contract: Contract) -> Any:
    """The state of the batch that an exchange shows; None where it shows none, or none that can be read."""
    observation = Observation(exchange, contract)
    pointer = observation.operation.roles.state
    return at(observation.batch, pointer) if pointer is not None else None

"""The judge: exchanges under a contract, to a ledger, whatever order they come in. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation, Finding
from batch_conformance.findings.fold import Bucket, Tally
from batch_conformance.findings.ledger import ClauseResult, Ledger
from batch_conformance.findings.shape import ShapeRecord
from batch_conformance.judge import error_bodies
from batch_conformance.judge.account import Account
from batch_conformance.judge.applying import Found, about, check
from batch_conformance.judge.availability import (
    AWAY,
    Answered,
    AvailabilityResult,
    FailedRequest,
    Moment,
    ended,
    is_down,
    moment_of,
    request_kind,
)
from batch_conformance.judge.coverage import Coverage, cover_clauses
from batch_conformance.judge.facts import Facts
from batch_conformance.judge.gateway import GatewayAnswers, Words, attribute_to_network, gateway_answers_of, may_pass
from batch_conformance.judge.listed import compare_list
from batch_conformance.judge.log import CUT, DOWN, FOREIGN, MOST_IN_MEMORY, Log, Row, each
from batch_conformance.judge.reads import answered_in, compare, is_reduced, observation_of_row, path_of_row
from batch_conformance.judge.shape import judge_shape, shape_clause
from batch_conformance.judge.shared_files import shared_files
from batch_conformance.message import Listing, Message, Template
from batch_conformance.observation.form import form_of
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.authentication import MISSING_ACCEPTED, has_key, is_let_in, must_be_refused
from batch_conformance.rules.bodies import NOT_THE_OBJECT, OF_A_VALUE, TYPE
from batch_conformance.rules.conditions import (
    ALWAYS,
    IF_HEADS_ALIKE,
    UNLESS_ANY_ID,
    UNLESS_NOWHERE,
    UNLESS_REAL,
    if_batch_seen,
    if_form_is_own,
    if_refused,
    if_whole,
    unless_form_is_own,
    unless_heads_alike,
    unless_injected,
    unless_unknown_gets,
)
from batch_conformance.rules.framing import FRAMING
from batch_conformance.rules.head_bytes import HEAD_LINES
from batch_conformance.rules.headers import HEAD_DIFFERS, heads_are_alike
from batch_conformance.rules.identity import UNKNOWN_ANSWERED, may_be_route
from batch_conformance.rules.json_text import DUPLICATE_KEY
from batch_conformance.rules.member_kinds import members_of_one_kind
from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS
from batch_conformance.rules.odd_requests import OF_ODD_REQUESTS, is_answered_apart
from batch_conformance.rules.refusal import is_refused_for_its_id
from batch_conformance.rules.rule import is_success
from batch_conformance.rules.states import STATE_RULES
from batch_conformance.rules.status import REFUSED_INPUT, STATUS, refused_for_its_id
from batch_conformance.rules.times import EXPIRED_EARLY, ORDER, WINDOW

REQUIRED_SUCCESS = Template("required.success", "a 2xx answer of the operation")()
REQUIRED_UNKNOWN = Template("required.unknown", "the answer to an unknown id")()
REQUIRED_AUTHENTICATION = Template("required.authentication", "the answer to a request without credentials")()
_OF_OPERATION = Template("required.of_operation", "{what} ({method} {path})")
_BEHIND = Template("cause.behind_the_door", "every request with the valid key is answered {statuses}")
_REFUSES_READS = Template("cause.refuses_reads", "every plain read with the valid key is answered {status}")
_EVERY_REFUSED = Template("response.server_error.every_refused", "every credential that has to be refused")


_OF_MESSAGES = frozenset({FRAMING.id, HEAD_LINES.id})
"""Rules about how a message is put together: a line break that was copied into its head breaks them too."""
_OF_ONE_ANSWER_TO_HEAD = frozenset({STATUS.id, MISSING_ACCEPTED.id, UNKNOWN_ANSWERED.id})
"""Rules that a server breaks that has one success for every HEAD, and no other thing to say."""
_OF_SEVERAL_TIMES = frozenset({ORDER.id, WINDOW.id, EXPIRED_EARLY.id})
"""Rules that compare times of a batch with each other, and tell it at one of them."""
_HAD_TO_BE_REFUSED = frozenset({"unknown", "neighbour", "hostile", "outside"})
_MOST_EXAMPLES = 200

_ALONE, _GIVEN_AWAY = 0, 1
_IDENTITY, _COMPARED, _AUTHENTICATION, _NEVER_SEEN, _AVAILABILITY, _SHAPE = range(2, 8)
"""Phases: the order in which the deviations of one exchange are reported."""


def behind_the_door(facts: Facts) -> Message | None:
    """The one cause, where nothing works but the refusal of credentials; else None."""
    statuses = facts.behind_the_door
    return _BEHIND(statuses=Listing(statuses, "or")) if statuses else None


def _refused(facts: Facts) -> Message | None:
    """The one cause, where the valid key is turned away whatever is asked for with it; else None."""
    status = facts.refuses_every_read
    if not status:
        return None
    return _BEHIND(statuses=str(status)) if facts.refuses_all else _REFUSES_READS(status=status)


def is_batch_required(what: Message, contract: Contract) -> bool:
    """Whether what a verdict needs is a success of the operation that reads a batch."""
    if what.id != _OF_OPERATION.id:
        return what == REQUIRED_SUCCESS
    return what.argument("what") == REQUIRED_SUCCESS and what.argument("path") == contract.chosen.path


Revive = Callable[[Deviation, Row], Deviation]
"""Gives a deviation, of whose exchange only a part was kept, the whole of it."""


def judge(exchanges: Sequence[Exchange], contract: Contract, shape: ShapeRecord | None = None) -> Ledger:
    """Judge every exchange of a run, all of them against each other, and against a shape that was recorded before."""
    of_run = Judge(contract, shape=shape, keeps_all=True)
    for exchange in sorted(exchanges, key=lambda exchange: exchange.order):
        of_run.add(exchange)
    return of_run.ledger()


@dataclass(frozen=True)
class Judged:
    """An observation and its deviations, each with what its telling depends on, and with its phase."""

    observation: Observation
    deviations: tuple[tuple[Bucket, int, list[Deviation]], ...]

    @cached_property
    def rules(self) -> frozenset[str]:
        """The rules that were broken."""
        return frozenset(deviation.rule for _, _, deviations in self.deviations for deviation in deviations)


class Judge:
    """Judges exchange after exchange, live or recorded; two judges add up to the one of all that both were given.

    What it comes to depends on when exchanges were begun and on their numbers, not on the order in which they are
    given. Each is judged by the rules of the operation that it belongs to; whether the server was away is told by all
    of them. It holds sums, which the contract bounds, and what each batch was asked and answered, reduced to what is
    compared; more than ``most`` of that is put into files (see ``Log``, as for ``folder``). ``keeps_all`` is for a run,
    whose ledger shows all its exchanges. ``judged`` counts them.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        shape: ShapeRecord | None = None,
        most: int = MOST_IN_MEMORY,
        folder: Path | None = None,
        keeps_all: bool = False,
    ) -> None:
        self.contract = contract
        self.judged = 0
        of_each = max(1, most // len(contract.operations))
        self._accounts = {
            one.id: Account(contract, one, of_each, folder, keeps_all=keeps_all) for one in contract.operations
        }
        self._keeps_all = keeps_all
        self._shape = shape
        self._words = Words()
        self._kept: list[Exchange] = []
        self._examples: list[Exchange] = []
        self._strangers: set[tuple[int, int]] = set()

    def add(self, exchange: Exchange, observation: Observation | None = None) -> Judged:
        """Judge an exchange. Of words that may be a gateway's it is said in the end whether they count.

        ``observation`` is that of the exchange under the judge's contract, where it was made already.
        """
        observation = observation or Observation(exchange, self.contract)
        judged = _judge(observation)
        foreign = may_pass(observation)
        account = self._accounts[observation.operation.id]
        account.facts.add(observation)
        self._words.add(observation, foreign=foreign)
        cut = exchange.response is not None and exchange.response.truncated
        account.log.add(observation, DOWN * is_down(observation) + FOREIGN * foreign + CUT * cut)
        if self._keeps_all:
            self._kept.append(exchange)
        if self._shape is not None and judged.rules & NOT_THE_OBJECT:
            self._strangers.add(exchange.order)
        if foreign:
            self.judged += 1
        else:
            self.count(judged)
        return judged

    def count(self, judged: Judged, times: int = 1) -> None:
        """Add ``times`` exchanges that deviate alike and have members of the same types; the one judged is the first.

        The log is not touched.
        """
        observation = judged.observation
        account = self._accounts[observation.operation.id]
        self.judged += times
        account.coverage.add(observation, times)
        if not judged.rules & NOT_THE_OBJECT:
            account.add_body(observation, times)
        for bucket, phase, deviations in judged.deviations:
            account.tally.add(deviations, bucket, times=times, phase=phase)

    def log_of(self, operation: Operation) -> Log:
        """Where the exchanges of an operation are put by."""
        return self._accounts[operation.id].log

    def close(self) -> None:
        """Delete the files."""
        for account in self._accounts.values():
            account.log.close()

    def keep(self, exchange: Exchange) -> None:
        """Have the ledger show an exchange, whatever it deviates in."""
        self._kept.append(exchange)

    def keep_example(self, exchange: Exchange) -> None:
        """Have the ledger show an exchange that deviates in nothing, to learn from; only the first ones."""
        if len(self._examples) < _MOST_EXAMPLES:
            self._examples.append(exchange)

    def update(self, other: Judge) -> None:
        """Add what another one was given, which is used up. Neither has a shape to compare with."""
        self.judged += other.judged
        for name, account in self._accounts.items():
            account.update(other._accounts[name])
        self._words.update(other._words)
        self._kept += other._kept
        for exchange in other._examples:
            self.keep_example(exchange)

    def ledger(
        self, *, of_recording: bool = False, of_several_servers: bool = False, revive: Revive | None = None
    ) -> Ledger:
        """The ledger of all that was added; more can be added afterwards.

        Of a recording nothing is required but a success: nobody can ask it for an unknown id, or to leave its
        credential out. Where it is ``of_several_servers`` no batch is compared with another one, nor with a list.
        ``revive`` is for evidence of which the log has only a part.
        """
        accounts = self._accounts.values()
        compared = compare((account.log for account in accounts), of_several_servers=of_several_servers)
        for account in accounts if not of_several_servers else ():
            compared.deviations += shared_files(account.log, compared.named_again[account.operation.id])
        gateway_answers = gateway_answers_of(self._words, compared.latest, compared.availability.failures())
        facts = self._facts()
        if facts.heads_alike and not facts.any_id:  # told by what is the same, and not by each thing that differs
            compared.deviations[:] = [one for one in compared.deviations if one[0].rule != HEAD_DIFFERS.id]
        broken = behind_the_door(facts)
        cause = broken or _refused(facts)
        coverages: dict[str, Coverage] = {}
        whole, in_passing, of_errors, passing = Tally(), Tally(), Tally(), set[Moment]()
        for account in accounts:
            coverage = coverages[account.operation.id] = Coverage(account.operation)
            coverage.update(account.coverage)
            own = account.tally.selected(account.is_reported)
            if compared.foreign:
                passing |= _Foreign(
                    account, gateway_answers, coverage, own, in_passing, of_errors, bool(broken)
                ).count()
            whole.update(own)
        of_lists = () if of_several_servers else self._compare_lists()
        for deviation, row in chain(compared.deviations, of_lists):
            revived = revive(deviation, row) if revive else deviation
            whole.add([revived], phase=_COMPARED, size=row.size)
        for account in accounts:
            for deviation in account.bodies().never_seen():
                whole.add([deviation], phase=_NEVER_SEEN)
        ends = compared.availability.ends(self._answered, compared.latest)
        weighed = compared.availability.assess(self._answered, self.judged, ends)
        self._tell_availability(weighed, passing, whole, in_passing, facts)
        at_ends = self._found(end.down for end in ends)
        for end in ends:
            deviation_at_end = ended(at_ends[end.down.moment], sure=end.sure)
            if deviation_at_end is not None:
                whole.add([deviation_at_end], phase=_AVAILABILITY, size=end.down.size)
        beside = error_bodies.settle((*(account.tally for account in accounts), of_errors), whole, in_passing)
        shapes = self._judge_shape(passing, whole, in_passing, beside)
        counted = [*whole.counted(), *beside.counted()]
        clauses = [
            result
            for name, coverage in coverages.items()
            for result in cover_clauses(
                coverage,
                [one for one in counted if one[0].operation == name],
                stuck=bool(weighed.unjudged),
                read_again=compared.read_again[name],
            )
        ]
        whole.update(in_passing)
        for name, coverage in coverages.items():
            for rule in REGISTRY.values():
                if rule.unless_rare:
                    whole.lower(name, rule.id, coverage.everywhere[rule.id])
        kept = {exchange.order: exchange for exchange in (*self._examples, *self._kept)}
        merges = {rule.id: rule.merge for rule in REGISTRY.values() if rule.merge is not None}
        merges[TYPE.id] = members_of_one_kind(self.contract)
        unless = {rule.id: rule.unless_told for rule in REGISTRY.values()}
        alike = {rule.id: rule.unless_alike for rule in REGISTRY.values()}
        merged = whole.findings(lambda one: coverages[one.operation].objects_around(one), merges, unless, alike)
        found = error_bodies.put_beside(merged, beside.findings(merges=merges, unless=unless, unless_alike=alike))
        findings = tuple(_with_whole(finding, kept.get(finding.evidence.order)) for finding in found)
        shown = {finding.evidence.order: finding.evidence for finding in findings} | kept
        return Ledger(
            exchanges=tuple(sorted(self._kept if self._keeps_all else shown.values(), key=_number)),
            findings=findings,
            clauses=(*clauses, *shapes),
            fields=tuple(result for coverage in coverages.values() for result in coverage.fields(findings)),
            statuses=tuple(result for coverage in coverages.values() for result in coverage.statuses()),
            missing=() if cause else tuple(self._missing(facts, of_recording=of_recording)),
            unjudged=weighed.unjudged,
            cause=cause,
        )

    def _compare_lists(self) -> Iterator[tuple[Deviation, Row]]:
        """Lay the lists of batches beside the batches that were read."""
        of_role = {account.operation.role: account.log for account in self._accounts.values()}
        if "list" in of_role and "retrieve" in of_role:
            yield from compare_list(of_role["list"], of_role["retrieve"])

    def _facts(self) -> Facts:
        """What the exchanges of all operations show together."""
        made = Facts()
        for account in self._accounts.values():
            made.update(account.facts)
        return made

    def _answered(self) -> Iterator[Answered]:
        for account in self._accounts.values():
            yield from answered_in(account.log)

    def _tell_availability(
        self, weighed: AvailabilityResult, passing: set[Moment], own: Tally, in_passing: Tally, facts: Facts
    ) -> None:
        is_behind = bool(facts.behind_the_door)
        shown = list(weighed.shown(passing))
        observations = self._found(one.down for one, _, _ in shown)
        for one, times, passes in shown:
            observation = observations[one.down.moment]
            if is_behind and one.down.sort == "error" and _is_behind(observation):
                continue
            everywhere = _EVERY_REFUSED() if facts.door_breaks and must_be_refused(observation) else None
            asked = everywhere or weighed.asked(one, request_kind(observation))
            deviation = one.deviation(observation, asked)
            (in_passing if passes else own).add([deviation], times=times, phase=_AVAILABILITY, size=one.down.size)

    def _found(self, downs: Iterable[FailedRequest]) -> dict[Moment, Observation]:
        """The observations of some that were down, out of their logs."""
        wanted = {down.moment: (down.operation, down.key) for down in downs}
        found: dict[Moment, Observation] = {}
        for place in set(wanted.values()):
            operation, key = place
            log = self._accounts[operation].log
            for row in each(log.of(key)):
                if wanted.get(row[:3]) == place:
                    found[row[:3]] = observation_of_row(key, row, log)
        return found

    def _judge_shape(
        self, passing: set[Moment], own: Tally, in_passing: Tally, beside: Tally
    ) -> tuple[ClauseResult, ...]:
        """Compare with the shape that was recorded before, if there is one."""
        if self._shape is None:
            return ()
        tally = Tally()
        tally.update(own)
        tally.update(in_passing)
        tally.update(beside)
        kept = (Observation(exchange, self.contract) for exchange in self._kept)
        observations = [one for one in kept if one.operation.id == self._shape.operation]
        changes = list(judge_shape(observations, self._shape, tally, self._strangers))
        for of_one in _by_exchange(changes):
            tally = in_passing if moment_of(of_one[0].exchange) in passing else own
            tally.add(of_one, phase=_SHAPE)
        return (shape_clause(self.contract, observations, self._shape, len(changes)),)

    def _missing(self, facts: Facts, *, of_recording: bool) -> Iterator[Message]:
        """What a verdict needs, and was not given."""
        for account in self._accounts.values():
            if not account.facts.succeeded:
                yield _required(REQUIRED_SUCCESS, self.contract, account.operation)
        if of_recording:
            return
        for account in self._accounts.values():
            if account.operation.parameter and not account.facts.asked_unknown:
                yield _required(REQUIRED_UNKNOWN, self.contract, account.operation)
        if self.judged and any(one.secured for one in self.contract.operations) and not facts.asked_without:
            yield REQUIRED_AUTHENTICATION


@dataclass(frozen=True, slots=True)
class _Foreign:
    """Counts the exchanges of an operation whose words may be a gateway's.

    ``of_errors`` has the bodies of server errors apart. ``is_behind`` says that all that the valid credential gets is
    one server error.
    """

    account: Account
    gateway_answers: GatewayAnswers
    coverage: Coverage
    own: Tally
    in_passing: Tally
    of_errors: Tally
    is_behind: bool

    def count(self) -> set[Moment]:
        """Count them, and give those in which the words are a gateway's."""
        passing: set[Moment] = set()
        log, operation = self.account.log, self.account.operation
        for key, held in log.groups():
            rows = list(each(held))
            if not any(row.facts[4] & FOREIGN for row in rows):
                continue
            paths = {path_of_row(key, row, operation) for row in rows if not row.facts[4] & DOWN}
            ends: dict[int, set[int]] = {}
            for row in rows:
                ends.setdefault(row.number, set()).add(row.facts[0])
            for row in rows:
                if row.facts[4] & FOREIGN:
                    observation = observation_of_row(key, row, log)
                    if self.is_behind and _is_behind(observation):
                        self.coverage.add(observation, own=False)
                        self._tell(_judge(observation), self.own, to_network=False, least=_GIVEN_AWAY)
                        continue
                    elsewhere = observation.exchange.probe.path in paths or len(ends[row.number]) > 1
                    passes = self.gateway_answers.passes(observation, elsewhere=elsewhere)
                    self.coverage.add(observation, own=not passes)
                    if passes:
                        passing.add(moment_of(observation.exchange))
                    self._tell(_judge(observation), self.in_passing if passes else self.own, to_network=passes)
        return passing

    def _tell(self, judged: Judged, tally: Tally, *, to_network: bool, least: int = 0) -> None:
        for bucket, phase, deviations in judged.deviations:
            if phase >= least and self.account.facts.is_met(bucket):
                if error_bodies.is_of_error_body(bucket) and not to_network:
                    self.of_errors.add(deviations, bucket, phase=phase)
                else:
                    of_network = to_network and phase < _IDENTITY
                    tally.add(map(attribute_to_network, deviations) if of_network else deviations, phase=phase)


def _is_behind(observation: Observation) -> bool:
    """Whether an answer is one of those that all requests with the valid credential get, where it is one error."""
    return has_key(observation) and not observation.forced


def _required(what: Message, contract: Contract, operation: Operation) -> Message:
    """What a verdict needs, in words; of which operation, where the contract holds several."""
    if len(contract.operations) == 1:
        return what
    return _OF_OPERATION(what=what, method=operation.method, path=operation.path)


def _judge(observation: Observation) -> Judged:
    found = check(observation)
    alone = (one for one in _judge_alone(observation, found) if one[2])
    apart = (part for one in alone for part in _broken_by_its_id(observation, *one))
    deviations: list[tuple[Bucket, int, list[Deviation]]] = [one for one in apart if one[2]]
    twice = _stand_twice(about(found, "document"))
    deviations += (
        (bucket, _IDENTITY, [deviation])
        for bucket, deviation in found.get("identity", ())
        if not _is_in(twice, deviation.pointer)
    )
    deviations += ((bucket, _AUTHENTICATION, [deviation]) for bucket, deviation in found.get("credential", ()))
    condition = _of_success(observation)
    if condition is not None:
        deviations = [
            (bucket if phase < _IDENTITY else condition(bucket), phase, of_one) for bucket, phase, of_one in deviations
        ]
    if observation.method == "HEAD" and is_success(observation):
        deviations = [part for one in deviations for part in _broken_by_any_head(*one)]
        if observation.exchange.probe.subject == "unknown" and observation.authorised:
            alike = HEAD_DIFFERS.deviation(observation, heads_are_alike(observation))
            deviations.append((IF_HEADS_ALIKE, _COMPARED, [alike]))
    return Judged(observation, tuple(deviations))


def _broken_by_any_head(
    bucket: Bucket, phase: int, deviations: list[Deviation]
) -> Iterator[tuple[Bucket, int, list[Deviation]]]:
    """The deviations of a HEAD; those that say no more than that any HEAD gets this status are told apart."""
    of_status = [one for one in deviations if one.rule in _OF_ONE_ANSWER_TO_HEAD]
    yield bucket, phase, [one for one in deviations if one not in of_status]
    if of_status:
        yield unless_heads_alike(bucket), phase, of_status


def _of_success(observation: Observation) -> Callable[[Bucket], Bucket] | None:
    """What else it takes that an answer counts for identity and credentials; None where it is enough by itself."""
    failure = observation.exchange.failure
    if failure is not None and failure.kind in AWAY:
        return if_whole
    is_empty = observation.parsed is not None and observation.batch is None and not observation.mismatch
    succeeded = 200 <= (observation.exchange.status or 0) < 300
    return if_batch_seen if succeeded and (is_empty or observation.method == "HEAD") else None


def _judge_alone(observation: Observation, found: Found) -> Iterator[tuple[Bucket, int, list[Deviation]]]:
    """The deviations that one exchange shows by itself, each with the condition for reporting it, and its phase.

    Of a request let in without a credential only what it discloses is reported. Where real batches were read, a success
    that had to be refused is judged as that, not field by field, whatever its body is.
    """
    given_away = about(found, "leak")
    if is_let_in(observation) and not observation.is_another_object:
        yield ALWAYS, _ALONE, given_away
        return
    asked = ODD_CREDENTIALS.get(observation.exchange.probe.credential)
    if is_answered_apart(observation) or (asked is not None and asked.batch_only):
        # A document says nothing of such an answer, and no rule but those about odd requests does.
        for bucket, deviation in found.get("protocol", ()):
            if deviation.rule in OF_ODD_REQUESTS:
                yield bucket, _GIVEN_AWAY, [deviation]
        yield ALWAYS, _GIVEN_AWAY, given_away
        return
    if is_refused_for_its_id(observation):
        refusal, of_http = _judge_refusal(observation, found)
        yield unless_unknown_gets(observation.exchange.status or 0), _ALONE, refusal
        yield ALWAYS, _GIVEN_AWAY, [*of_http, *given_away]
        return
    is_batch = observation.batch is not None or (
        is_success(observation) and observation.mismatch and not observation.is_another_object
    )
    odd = is_batch and _had_to_be_refused(observation)
    if is_success(observation) and observation.is_another_object and may_be_route(observation):
        # The document says nothing of another resource; how ids are refused is judged by those that are no words.
        yield ALWAYS, _ALONE, about(found, "protocol")
        yield ALWAYS, _GIVEN_AWAY, given_away
        return
    answer = list(_judge_answer(observation, found))
    unlisted = [one for one in answer if one.rule == STATUS.id and _refuses_the_key(observation)]
    # A key that is accepted nowhere is a wrong one, or is to be presented otherwise: that says nothing of statuses.
    yield if_refused(observation.exchange.probe.subject), _ALONE, unlisted
    answer = [one for one in answer if one not in unlisted]
    if any(one.rule == REFUSED_INPUT.id for one in answer):
        form = form_of(observation)
        yield unless_form_is_own(form), _ALONE, answer
        yield (
            if_form_is_own(form),
            _ALONE,
            list(_judge_answer(observation, check(replace(observation, api_spoke=True)))),
        )
    elif odd:
        yield UNLESS_REAL, _ALONE, answer
    elif _had_to_be_refused(observation) or _is_no_batch_for_a_spelling(observation):
        of_http = about(found, "protocol")
        condition = UNLESS_REAL if _had_to_be_refused(observation) else UNLESS_ANY_ID
        yield condition, _ALONE, [one for one in answer if one not in of_http]
        yield ALWAYS, _ALONE, of_http
    elif observation.exchange.status == 404 and observation.operation.secured:
        yield UNLESS_NOWHERE, _ALONE, answer
    else:
        for bucket, deviations in error_bodies.split(observation, answer):
            yield bucket, _ALONE, deviations
    yield ALWAYS, _GIVEN_AWAY, given_away


def _refuses_the_key(observation: Observation) -> bool:
    """Whether the valid key got the 401 that HTTP has for a credential that is not."""
    return observation.exchange.status == 401 and observation.operation.secured and observation.authorised


def _had_to_be_refused(observation: Observation) -> bool:
    """Whether a read was answered with success, and not with another object, for an id that nobody has."""
    of_nobody = observation.exchange.probe.subject in _HAD_TO_BE_REFUSED and not observation.forced
    return of_nobody and is_success(observation) and not observation.is_another_object


def _is_no_batch_for_a_spelling(observation: Observation) -> bool:
    """Whether another spelling of a known id got a success without a batch: as an id that nobody has may get one."""
    is_empty = observation.exchange.probe.subject == "equivalent" and observation.batch is None
    return is_empty and observation.method == "GET" and is_success(observation) and not observation.is_another_object


def _broken_by_its_id(
    observation: Observation, bucket: Bucket, phase: int, deviations: list[Deviation]
) -> Iterator[tuple[Bucket, int, list[Deviation]]]:
    """The deviations; a message that an id with control characters broke is told apart (``unless_injected``)."""
    is_odd = any(ord(character) < 32 for character in observation.exchange.probe.batch_id or "")
    framing = [one for one in deviations if one.rule in _OF_MESSAGES] if is_odd else []
    yield bucket, phase, [one for one in deviations if one not in framing]
    yield unless_injected(bucket), phase, framing


def _stand_twice(deviations: Iterable[Deviation]) -> set[str]:
    """Pointers of the members that stand twice in an object: which of the values counts, nobody can say."""
    return {one.pointer for one in deviations if one.rule == DUPLICATE_KEY.id}


def _is_in(places: Set[str], pointer: str) -> bool:
    """Whether a place is one of these, or inside one of them. What has no place is about more than a value."""
    return bool(pointer) and any(pointer == place or pointer.startswith(place + "/") for place in places)


def _judge_refusal(observation: Observation, found: Found) -> tuple[list[Deviation], list[Deviation]]:
    """Of a refusal of an id that the document does not admit: what is not as documented, as one, and the rest."""
    refusal = REFUSED_INPUT.deviation(observation, refused_for_its_id(observation))
    return ([refusal] if found.get("document") else []), about(found, "protocol")


def _judge_answer(observation: Observation, found: Found) -> Iterator[Deviation]:
    of_answer = about(found, "document", "protocol")
    twice = _stand_twice(of_answer)
    of_answer = [one for one in of_answer if one.rule == DUPLICATE_KEY.id or not _is_in(twice, one.pointer)]
    yield from of_answer
    if any(deviation.rule in NOT_THE_OBJECT for deviation in of_answer):
        return
    roles = observation.operation.roles
    unsure = STATE_RULES if roles.state in twice else frozenset()
    if not twice.isdisjoint({*roles.timestamps, roles.window}):
        unsure |= _OF_SEVERAL_TIMES
    # A value that the schema forbids makes no sense either: that is one cause. A null is no value.
    broken_places = {one.pointer for one in of_answer if one.rule in OF_A_VALUE and one.kind != "null"} | twice
    for deviation in about(found, "sense"):
        if deviation.rule in unsure or _is_in(twice, deviation.pointer):
            continue  # which of two values counts, nobody can say
        if not any(place == deviation.pointer or place.startswith(deviation.pointer + "/") for place in broken_places):
            yield deviation


def _with_whole(finding: Finding, kept: Exchange | None) -> Finding:
    """The finding with the whole of its evidence, where that was kept."""
    if kept is None or not is_reduced(finding.evidence, kept):
        return finding
    return replace(finding, evidence=kept)


def _number(exchange: Exchange) -> tuple[int, int]:
    return exchange.order


def _by_exchange(deviations: Iterable[Deviation]) -> Iterator[list[Deviation]]:
    """The deviations, those of one exchange together."""
    made: dict[tuple[int, int], list[Deviation]] = {}
    for deviation in deviations:
        made.setdefault(deviation.exchange.order, []).append(deviation)
    yield from made.values()

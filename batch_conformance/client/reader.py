"""Judges answers by what OpenAI's client makes of them: each finding names a line of user code that would break."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from batch_conformance.client.lines import FILE_LINES, LINES, broken_by
from batch_conformance.client.sdk import ClientResult, Sdk
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.contract.violation import show, type_name
from batch_conformance.exchange.exchange import Response
from batch_conformance.findings.finding import Deviation, Finding, Side
from batch_conformance.findings.fold import fold
from batch_conformance.findings.ledger import ClauseResult, ClauseState, Ledger
from batch_conformance.message import Message, Private, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules import client as rules
from batch_conformance.rules.rule import Broken, Rule

# It is this client that expects it, no contract of the vendor.
_HAS_ATTRIBUTES = Template(
    "client.no_batch.hollow.expected",
    "OpenAI's client: `client.batches.retrieve(batch_id)` has the attributes of a batch",
)
_HOLLOW = Template("client.no_batch.hollow.observed", "a Batch made of another object: most of its attributes are None")
_HAS_STATUS = Template(
    "client.no_batch.expected", "OpenAI's client: `client.batches.retrieve(batch_id).status` is there"
)
_NO_STATUS = Template("client.no_batch.observed", "the client returns {type}, which has no attribute 'status'")
_CATCHES_OWN = Template("client.raises.expected", "OpenAI's client: `except openai.OpenAIError:` catches it")
_RAISED = Template("client.raised", "{type}: {says}")
_NO_MESSAGE = Template("client.no_message", "no message")
_RUNS = Template("client.field.expected", "OpenAI's client: `{line}` runs")
_FETCHES = Template("client.file_id.expected", "OpenAI's client: `{line}` fetches the file")
_A_URL = Template("client.file_id.observed", "a URL, which is put into a path as if an id")
_WAITS = Template("client.polling.expected", "OpenAI's client: `{loop}` waits as meant")
_NEVER_ENDS = Template("client.polling.never", "{status}: the loop never ends")
_ENDS_AT_ONCE = Template("client.polling.at_once", "{status}: the loop ends at once, whatever the batch is doing")
_ACCEPTS = Template("client.strict.expected", "OpenAI's client: `OpenAI(_strict_response_validation=True)` accepts it")
_CATCHES = Template("client.error_class.expected", "OpenAI's client: `except openai.{error}:` catches it")
_RAISES_ANOTHER = Template("client.error_class.observed", "{status} raises openai.{error}, for {case}")
_SAYS_WHY = Template(
    "client.error_detail.expected",
    "OpenAI's client: `except openai.APIStatusError as error: print(error.message)` says why",
)
_PRINTS = Template("client.error_detail.observed", 'it prints "{text}"; the words are in error.body alone')

_RUNNING = ("validating", "in_progress", "finalizing", "cancelling")
_FINAL = ("completed", "failed", "expired", "cancelled")
_WHILE_RUNNING = f"while batch.status in {_RUNNING}:".replace("'", '"')
_UNTIL_FINAL = f"while batch.status not in {_FINAL}:".replace("'", '"')

_WORD = re.compile(r"[A-Za-z_-]{1,40}")
"""A state as vendors name them; what is something else may be another one each time."""
_MEMO = 4096
"""Different answers of which it is remembered what came of them; polls repeat the same few."""

Found = tuple[Rule, str, Message, Message, str]
"""Rule, pointer, expected, observed and kind of what one answer shows."""

_ANOTHER: Found = (
    rules.NO_BATCH,
    "",
    _HAS_ATTRIBUTES(),
    _HOLLOW(),
    "hollow",
)


class ClientReader:
    """Reads exchanges as OpenAI's client would. Raises ``ClientError`` where that is not installed.

    The exchanges may be a run's own or recorded ones: no request is sent. All of its findings are of level ``info``:
    no vendor promises what OpenAI's client expects. Where the server does what its own contract says, the side is
    ``document``.
    """

    def __init__(self) -> None:
        self.sdk = Sdk()
        self._memo: dict[tuple[int, str | None, bytes], tuple[Found, ...]] = {}

    def __call__(self, ledger: Ledger, contract: Contract) -> Ledger:
        """The ledger with what its exchanges are to the client: findings, and how the clauses fared that it adds."""
        found: list[Deviation] = []
        judged: Counter[str] = Counter()
        side = _sides(ledger.findings)
        for exchange in ledger.exchanges:
            observation = Observation(exchange, contract)
            if not rules.is_read(observation):
                continue
            judged.update(rule.id for rule in rules.RULES if rule.exercised is not None and rule.exercised(observation))
            for rule, pointer, expected, observed, kind in (*self._of_one(observation), *self._of_case(observation)):
                broken = Broken(
                    expected,
                    observed,
                    kind,
                    media_type=observation.contract_media_type if pointer else "",
                    pointer=pointer,
                    side=side(observation.status, pointer),
                    location=self._typed(pointer) if pointer else None,
                )
                found.append(rule.deviation(observation, broken))
        return replace(
            ledger,
            findings=(*ledger.findings, *fold(found)),
            clauses=(*ledger.clauses, *_clauses(contract, judged, found)),
        )

    def error_classes(self, ledger: Ledger, contract: Contract) -> Mapping[int, tuple[str, int]]:
        """By status, the class of the error that the client raised, and how often, over all that it could have had."""
        observations = (Observation(exchange, contract) for exchange in ledger.exchanges)
        statuses = Counter(s.answer.status for s in observations if s.answer is not None and rules.is_read(s))
        return {
            status: (self.sdk.error_name(status), count) for status, count in sorted(statuses.items()) if status >= 400
        }

    def _of_one(self, observation: Observation) -> tuple[Found, ...]:
        """What an exchange shows by itself; of another vendor's object, that it is one, and no attribute of it."""
        if observation.answer is None:
            return ()
        found = self._of(observation.answer)
        succeeded = 200 <= observation.answer.status < 300 and observation.method == "GET"
        if found and succeeded and observation.mismatch:
            return (_ANOTHER,)
        return found

    def _of(self, answer: Response) -> tuple[Found, ...]:
        """What an answer shows by itself."""
        key = (answer.status, answer.header("content-type"), sha256(answer.body).digest())
        if key not in self._memo:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            outcome = self.sdk.read(answer)
            of_one = self._of_success(answer, outcome) if 200 <= answer.status < 300 else _of_error(answer, outcome)
            self._memo[key] = tuple(of_one)
        return self._memo[key]

    def _of_success(self, answer: Response, outcome: ClientResult) -> Iterator[Found]:
        if outcome.raised is not None:
            if not isinstance(outcome.raised, self.sdk.own_error):
                kind, says = type(outcome.raised).__name__, str(outcome.raised)[:100].strip()
                yield rules.RAISES, "", _CATCHES_OWN(), _raised(kind, says), kind
            return
        batch = outcome.returned
        if not isinstance(batch, self.sdk.batch_type):
            observed = _NO_STATUS(type=type(batch).__name__)
            yield rules.NO_BATCH, "", _HAS_STATUS(), observed, type_name(batch)
            return
        if batch.id is None and not isinstance(batch.status, str):
            yield _ANOTHER
            return
        yield from self._of_batch(batch)
        yield from self._of_strict(answer)

    def _of_batch(self, batch: Any) -> Iterator[Found]:
        yield from self._of_state(batch.status)
        for rule, lines in ((rules.FIELD, LINES), (rules.FILE_ID, FILE_LINES)):
            typed = tuple(line for line in lines if line.pointer[1:] in self.sdk.batch_type.model_fields)
            for broken in broken_by(batch, self.sdk.client, typed):
                observed = _raised(broken.kind, broken.says)
                yield rule, broken.line.pointer, _RUNS(line=broken.line.text), observed, broken.kind
        for line in FILE_LINES:
            value = getattr(batch, line.pointer[1:], None)
            if isinstance(value, str) and "://" in value:
                yield rules.FILE_ID, line.pointer, _FETCHES(line=line.text), _A_URL(), "url"

    def _of_state(self, status: Any) -> Iterator[Found]:
        if isinstance(status, str) and status in self.sdk.states:
            return
        if isinstance(status, str) and status.lower().replace("canceled", "cancelled") in _FINAL:
            loop, happens = _UNTIL_FINAL, _NEVER_ENDS
        else:
            loop, happens = _WHILE_RUNNING, _ENDS_AT_ONCE
        kind = status if isinstance(status, str) and _WORD.fullmatch(status) else type_name(status)
        yield rules.POLLING, "/status", _WAITS(loop=loop), happens(status=show(status)), kind

    def _of_strict(self, answer: Response) -> Iterator[Found]:
        refused = self.sdk.read(answer, strict=True).raised
        listing: Any = getattr(refused.__cause__, "errors", None) if refused is not None else None
        if refused is None or listing is None:
            return
        places: dict[str, list[str]] = {}
        for error in listing():
            place = [str(part) for part in error["loc"]]
            if place[:1] == ["metadata"]:
                place[1:] = ["*"] * len(place[1:])  # the names are the customer's own
            top = "/" + place[0] if place else ""
            says = "/" + "/".join(place[1:]) + " " if len(place) > 1 else ""
            places.setdefault(top, []).append(says + _lower(error["msg"]))
        for pointer, listed in places.items():
            observed = _raised(type(refused).__name__, _cut("; ".join(listed)))
            yield rules.STRICT, pointer, _ACCEPTS(), observed, "refused"

    def _of_case(self, observation: Observation) -> Iterator[Found]:
        """Whether the error is of the class by which a program tells this case."""
        wanted = rules.case_of(observation)
        status = observation.exchange.status or 0
        if wanted is None or status == wanted[0]:
            return
        raised, meant = self.sdk.error_name(status), self.sdk.error_name(wanted[0])
        observed = _RAISES_ANOTHER(status=status, error=raised, case=wanted[1])
        yield rules.ERROR_CLASS, "", _CATCHES(error=meant), observed, f"{wanted[0]} {raised}"

    def _typed(self, pointer: str) -> Location:
        """Where the client types a property."""
        line = self.sdk.lines.get(pointer[1:], 0)
        return Location(f"openai-python {self.sdk.version}, src/openai/types/batch.py", line, "", "standard")


def _of_error(answer: Response, outcome: ClientResult) -> Iterator[Found]:
    """Whether the words of an error's body, where it has any, reach the client's message."""
    message = getattr(outcome.raised, "message", None)
    if not isinstance(message, str) or not answer.body.strip():
        return
    if message.strip() == f"Error code: {answer.status}":
        yield rules.ERROR_DETAIL, "", _SAYS_WHY(), _PRINTS(text=message), "lost"


def _raised(kind: str, says: str) -> Message:
    """An exception in words; what it says may quote a value."""
    return _RAISED(type=kind, says=Private(says) if says else _NO_MESSAGE())


def _sides(findings: Sequence[Finding]) -> Callable[[str, str], Side]:
    """Whose it is to mend: the server's where it leaves its own contract there, else the contract's."""
    places: dict[str, set[str]] = {}
    for finding in findings:
        if finding.level != "info" and finding.side == "server" and _reaches_client(finding.rule):
            places.setdefault(finding.status, set()).update(finding.pointers)

    def side(status: str, pointer: str) -> Side:
        broken = places.get(status, set())
        near = any(place.startswith(pointer + "/") or place == pointer for place in broken)
        return "server" if "" in broken or near else "document"

    return side


def _reaches_client(rule: str) -> bool:
    """Whether the client notices the deviation from the contract as well."""
    known = REGISTRY.get(rule)
    return known is not None and known.reaches_client


def _clauses(contract: Contract, judged: Counter[str], found: Sequence[Deviation]) -> Iterator[ClauseResult]:
    broken = Counter(rule for rule, _ in {(deviation.rule, deviation.exchange.order) for deviation in found})
    for rule in rules.RULES:
        for clause in rule.clauses_of(contract.chosen):
            count = broken[rule.id]
            state: ClauseState = "broken" if count else "kept" if judged[rule.id] else "not_observed"
            yield ClauseResult(clause, state, max(judged[rule.id], count), count)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _cut(text: str) -> str:
    return text if len(text) <= 140 else text[:139].rstrip() + "…"

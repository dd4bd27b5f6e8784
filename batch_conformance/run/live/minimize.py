"""Finds the smallest request that shows a finding: sends smaller ones, within the run's budget, after all is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.target import Target
from batch_conformance.findings.finding import LEVELS, Finding
from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import NOUNS
from batch_conformance.observation.observation import Observation
from batch_conformance.probes.plan import JSON
from batch_conformance.probes.segment import decode_segment
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.availability import SERVER_ERROR
from batch_conformance.run.live.shrink import Smallest, Spent, smallest

MOST = 40
"""Requests that all findings of a run are shrunk with."""

_OF_ODD_REQUESTS = frozenset({"identity", "hostile_ids", "generated"})
_FIRST_NUMBER = 1_000_000
"""No plan has so many requests, nor looks so often whether the target still answers."""

_FROM_LENGTH = Template("minimize.from_length", "from {number} characters on; {tries} tried")
_FROM_NUMBER = Template("minimize.from_number", "from the number {number} on; {tries} tried")
_SMALLER = Template("minimize.smaller", "{before} characters shrunk to {after}; {tries} tried")
_NONE_SMALLER = Template("minimize.none_smaller", "no smaller one shows it; {tries} tried")


@dataclass(frozen=True, slots=True)
class Minimized:
    """The exchange with the smallest request that shows a finding, what it shows, and how it was found."""

    exchange: Exchange
    observed: Message
    told: Message

    def applied(self, finding: Finding) -> Finding:
        """The finding with the smallest request as its evidence; its fingerprint and its clause stay."""
        return replace(finding, evidence=self.exchange, observed=self.observed, smallest=self.told)


class Minimizer:
    """Shrinks the findings of a run, those of the worst level first. ``exchanges`` are all that it has sent.

    Nothing that comes is judged but for the finding at hand: a run with it has the same findings as one without.
    """

    def __init__(self, target: Target, contract: Contract, known: Sequence[str]) -> None:
        self.exchanges: list[Exchange] = []
        self.found: dict[str, Minimized] = {}
        self._target = target
        self._contract = contract
        self._known = tuple(known)
        self._left = 0

    def minimize(self, findings: Sequence[Finding]) -> None:
        """Shrink what comes of odd requests alone, until the requests for that are used up."""
        odd = sorted(filter(_is_of_odd_requests, findings), key=lambda finding: LEVELS.index(finding.level))
        for place, finding in enumerate(odd):
            self._left = (MOST - len(self.exchanges)) // (len(odd) - place)
            if self._left > 0:
                self._minimize(finding)

    def _minimize(self, finding: Finding) -> None:
        sent = len(self.exchanges)
        best = self._plain(finding)
        probe, operation = best.exchange.probe, self._contract.chosen
        before, _, after = operation.path.partition("{" + operation.parameter + "}")
        if not probe.path.startswith(before) or not probe.path.endswith(after):
            return
        segment = probe.path[len(before) : len(probe.path) - len(after)]
        if not segment or "/" in segment:
            return
        found = {segment: best}

        def shows(candidate: str) -> bool:
            asked = decode_segment(candidate)
            if asked in ("", ".", "..", *self._known):
                return False
            shown = self._show(finding, replace(probe, path=before + candidate + after, batch_id=asked))
            if shown is not None:
                found[candidate] = shown
            return shown is not None

        result = smallest(segment, self._known, shows)
        tries = Count(len(self.exchanges) - sent, NOUNS["request"])
        self.found[finding.id] = replace(found[result.segment], told=_told(result, segment, tries))

    def _plain(self, finding: Finding) -> Minimized:
        """The request with the usual headers and without a query, where that shows it too; else as it was sent."""
        probe = finding.evidence.probe
        plain = replace(probe, headers=JSON, query="")
        try:
            shown = self._show(finding, plain) if plain != probe else None
        except Spent:
            shown = None
        return shown or Minimized(finding.evidence, finding.observed, finding.observed)

    def _show(self, finding: Finding, probe: Probe) -> Minimized | None:
        """Send a request; what it shows of the finding, None where that is nothing. Raises ``Spent``."""
        if self._left <= 0:
            raise Spent
        number = _FIRST_NUMBER + len(self.exchanges)
        try:
            attempts = self._target.send(replace(probe, wait=0.0), number, may_repeat=lambda _: False)
        except BudgetExhausted:
            raise Spent from None
        self._left -= len(attempts)
        self.exchanges += attempts
        final = attempts[-1]
        observed = _shown_of(finding, Observation(final, self._contract))
        return Minimized(final, observed, observed) if observed is not None else None


def _is_of_odd_requests(finding: Finding) -> bool:
    """Whether nothing but odd requests showed a finding, which were answered, and read only."""
    probe, chapters = finding.evidence.probe, {name.partition("/")[0] for name in finding.probes}
    is_read = probe.method in ("GET", "HEAD") and probe.credential == "valid" and probe.forced_status is None
    is_answered = finding.evidence.failure is None and finding.level != "info"
    # Of ids that nobody has, those of the usual form are not odd; numbers and long ones are.
    is_odd = chapters <= {*_OF_ODD_REQUESTS, "unknown_ids"} and "unknown_ids/same_shape" not in finding.probes
    return is_read and is_answered and bool(chapters) and is_odd


def _shown_of(finding: Finding, observation: Observation) -> Message | None:
    """What an exchange shows of a finding; None where that is nothing."""
    if finding.rule == SERVER_ERROR.id:
        return finding.observed if observation.exchange.status == finding.evidence.status else None
    rule = REGISTRY[finding.rule]
    broken = rule.check(observation) if rule.check is not None and observation.answer is not None else ()
    deviations = (rule.deviation(observation, one) for one in broken)
    return next((one.observed for one in deviations if one.fingerprint == finding.id), None)


def _told(result: Smallest, segment: str, tries: Count) -> Message:
    if result.kind == "length":
        return _FROM_LENGTH(number=result.bound, tries=tries)
    if result.kind == "number":
        return _FROM_NUMBER(number=str(result.bound), tries=tries)
    if result.segment == segment:
        return _NONE_SMALLER(tries=tries)
    return _SMALLER(before=len(decode_segment(segment)), after=len(decode_segment(result.segment)), tries=tries)

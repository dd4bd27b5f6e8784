"""Finds the smallest request that shows a finding: sends smaller ones, within the run's budget, after all is judged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.match import match
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.target import Target
from batch_conformance.findings.finding import LEVELS, Finding
from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import NOUNS
from batch_conformance.observation.observation import Observation
from batch_conformance.probes.plan import QUERIES
from batch_conformance.probes.segment import NO_SUCH_ID, decode_segment
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.availability import SERVER_ERROR
from batch_conformance.run.live.odd_parts import OddPart, odd_parts, with_parts
from batch_conformance.run.live.shrink import Smallest, Spent, fewest, smallest

MOST = 40
"""Requests that all findings of a run are shrunk with."""

_OF_ODD_REQUESTS = frozenset({"identity", "hostile_ids", "generated", ODD_REQUESTS, QUERIES})
_ODD_IDS = frozenset({"unknown", "neighbour", "hostile"})
"""Subjects whose id is what may be odd about a request."""
_FIRST_NUMBER = 1_000_000
"""No plan has so many requests, nor looks so often whether the target still answers."""

_FROM_LENGTH = Template("minimize.from_length", "from {number} characters on; {tries} tried")
_FROM_NUMBER = Template("minimize.from_number", "from the number {number} on; {tries} tried")
_SMALLER = Template("minimize.smaller", "{before} characters shrunk to {after}; {tries} tried")
_FEWER = Template("minimize.fewer", "of {all} headers and parameters it takes {left}; {tries} tried")
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


Shrunk = tuple[Minimized, Smallest, str]
"""The smallest request, what a text in it was shrunk to, and that text before."""


class Minimizer:
    """Shrinks the findings of a run, those of the worst level first. ``exchanges`` are all that it has sent.

    ``known`` are the ids that exist, by the id of the operation that they are for. Nothing that comes is judged but for
    the finding at hand: a run with it has the same findings as one without.
    """

    def __init__(self, target: Target, contract: Contract, known: Mapping[str, Sequence[str]]) -> None:
        self.exchanges: list[Exchange] = []
        self.found: dict[str, Minimized] = {}
        self._target = target
        self._contract = contract
        self._known = known
        self._left = 0

    def minimize(self, findings: Sequence[Finding], most: int = MOST) -> None:
        """Shrink what comes of odd requests alone, with ``most`` requests in all."""
        odd = sorted(filter(_is_of_odd_requests, findings), key=lambda finding: LEVELS.index(finding.level))
        for place, finding in enumerate(odd):
            self._left = (most - len(self.exchanges)) // (len(odd) - place)
            if self._left > 0:
                self._minimize(finding)

    def _minimize(self, finding: Finding) -> None:
        """First what is odd beside the id is left out, then the id, or the one parameter that is left, made smaller."""
        sent, operation = len(self.exchanges), Observation(finding.evidence, self._contract).operation
        best = self._with_fewest_parts(finding, operation)
        all_, left = (len(odd_parts(one.probe, operation)) for one in (finding.evidence, best.exchange))
        shrunk = self._with_smallest_id(finding, best, operation) or self._with_smallest_value(finding, best, operation)
        tries = Count(len(self.exchanges) - sent, NOUNS["request"])
        if not tries.number:
            return
        result, segment = None, ""
        if shrunk is not None:
            best, result, segment = shrunk
        told = _told(result, segment, tries) if result is not None else None
        fewer = _FEWER(left=left, all=all_, tries=tries) if left < all_ else _NONE_SMALLER(tries=tries)
        self.found[finding.id] = replace(best, told=told or fewer)

    def _with_fewest_parts(self, finding: Finding, operation: Operation) -> Minimized:
        """The request without the odd headers and parameters that it does not need."""
        probe, best = finding.evidence.probe, Minimized(finding.evidence, finding.observed, finding.observed)
        parts = odd_parts(probe, operation)

        def shows(some: Sequence[OddPart]) -> bool:
            nonlocal best
            shown = self._show(finding, with_parts(probe, operation, some))
            best = shown or best
            return shown is not None

        with contextlib.suppress(Spent):
            if parts and not shows(()):
                fewest(parts, shows)
        return best

    def _with_smallest_id(self, finding: Finding, best: Minimized, operation: Operation) -> Shrunk | None:
        """The request with the smallest id; None where the id is not what is odd, or stands in no place of its own."""
        probe = best.exchange.probe
        # What may change something is asked of that id alone, which nobody can have.
        may_shrink = probe.subject in _ODD_IDS and probe.batch_id != NO_SUCH_ID
        found = match((operation,), probe.method, probe.path) if may_shrink else None
        if found is None or not found.segment:
            return None
        after = operation.path.rpartition("}")[2]
        before = probe.path[: len(probe.path) - len(after) - len(found.segment)]
        known = self._known.get(operation.id, ())

        def asking(candidate: str) -> Probe | None:
            asked = decode_segment(candidate)
            return (
                None
                if asked in ("", ".", "..", *known)
                else replace(probe, path=before + candidate + after, batch_id=asked)
            )

        return self._shrink(finding, best, found.segment, known, asking)

    def _with_smallest_value(self, finding: Finding, best: Minimized, operation: Operation) -> Shrunk | None:
        """The query with the smallest value for its one parameter; None where another request showed it."""
        probe, parts = best.exchange.probe, odd_parts(best.exchange.probe, operation)
        if probe.chapter != QUERIES or len(parts) != 1 or not parts[0].value:
            return None
        asking = lambda candidate: with_parts(probe, operation, [parts[0].with_value(candidate)])  # noqa: E731
        return self._shrink(finding, best, parts[0].value, (), asking)

    def _shrink(
        self, finding: Finding, best: Minimized, text: str, known: Sequence[str], asking: Callable[[str], Probe | None]
    ) -> Shrunk:
        """The smallest that a text can be shrunk to. ``asking`` gives the request with a candidate, None for none."""
        found = {text: best}

        def shows(candidate: str) -> bool:
            probe = asking(candidate)
            shown = self._show(finding, probe) if probe is not None else None
            if shown is not None:
                found[candidate] = shown
            return shown is not None

        result = smallest(text, known, shows)
        return found[result.segment], result, text

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
    is_odd = chapters <= {*_OF_ODD_REQUESTS, "unknown_ids"} and not any(map(_has_usual_id, finding.probes))
    return is_read and is_answered and bool(chapters) and is_odd


def _has_usual_id(name: str) -> bool:
    """Whether a probe of this name, of whichever operation, is for an id of the usual form that nobody has."""
    return name.startswith("unknown_ids/") and name.endswith("same_shape")


def _shown_of(finding: Finding, observation: Observation) -> Message | None:
    """What an exchange shows of a finding; None where that is nothing."""
    if finding.rule == SERVER_ERROR.id:
        return finding.observed if observation.exchange.status == finding.evidence.status else None
    rule = REGISTRY[finding.rule]
    broken = rule.check(observation) if rule.check is not None and observation.answer is not None else ()
    deviations = (rule.deviation(observation, one) for one in broken)
    return next((one.observed for one in deviations if one.fingerprint in finding.ids), None)


def _told(result: Smallest, segment: str, tries: Count) -> Message | None:
    """What a text was shrunk to; None where nothing smaller was found."""
    if result.kind == "length":
        return _FROM_LENGTH(number=result.bound, tries=tries)
    if result.kind == "number":
        return _FROM_NUMBER(number=str(result.bound), tries=tries)
    if result.segment == segment:
        return None
    return _SMALLER(before=len(decode_segment(segment)), after=len(decode_segment(result.segment)), tries=tries)

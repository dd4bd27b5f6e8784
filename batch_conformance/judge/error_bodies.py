"""Bodies of server errors that are not as documented: part of the finding that the server errs, where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from batch_conformance.findings.finding import LEVELS, Deviation, Finding
from batch_conformance.findings.fold import Bucket, Tally
from batch_conformance.message import Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.conditions import ALWAYS

_IN_ANOTHER_BODY = Template("response.server_error.body", "{observed}, in another body than documented ({expected})")
_AT = Template("response.server_error.body_at", "{place}: {expected}")
_ERROR = "response.server_error"
_BODY = "error_body"


def split(observation: Observation, deviations: Iterable[Deviation]) -> Iterator[tuple[Bucket, list[Deviation]]]:
    """The deviations of an answer; of a server error that nobody asked for, those of its body in a bucket of their own.

    What a status that was asked for comes with is judged by itself.
    """
    status, remaining = observation.exchange.status or 0, list(deviations)
    if not 500 <= status <= 599 or observation.forced:
        yield ALWAYS, remaining
        return
    yield ALWAYS, [one for one in remaining if not REGISTRY[one.rule].of_body]
    bucket = (_BODY, observation.operation.id, str(status))
    yield bucket, [one for one in remaining if REGISTRY[one.rule].of_body]


def is_of_error_body(bucket: Bucket) -> bool:
    """Whether deviations in this bucket are those of the body of a server error."""
    return bucket[:1] == (_BODY,)


def settle(tallies: Iterable[Tally], whole: Tally, in_passing: Tally) -> Tally:
    """What is wrong with the bodies of server errors that are told of in ``whole`` or ``in_passing``.

    Of the ``tallies``, what is wrong with the bodies of other server errors is added to ``whole``.
    """
    explained = {
        (_BODY, deviation.operation, str(deviation.exchange.status))
        for tally in (whole, in_passing)
        for deviation, _ in tally.kinds()
        if deviation.rule == _ERROR
    }
    beside = Tally()
    for tally in tallies:
        beside.update(tally.selected(lambda bucket: bucket in explained))
        whole.update(tally.selected(lambda bucket: is_of_error_body(bucket) and bucket not in explained))
    return beside


def put_beside(findings: Sequence[Finding], beside: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, each that a server errs with what is wrong with the bodies that came with it, worst first.

    It has the worst level of them all, and the clause of what is worse than itself.
    """
    return tuple(_with_bodies(finding, beside) if finding.rule == _ERROR else finding for finding in findings)


def _with_bodies(finding: Finding, beside: Sequence[Finding]) -> Finding:
    status = finding.evidence.status
    bodies = [one for one in beside if (one.operation, one.evidence.status) == (finding.operation, status)]
    if not bodies:
        return finding
    first = bodies[0]
    worse = LEVELS.index(first.level) < LEVELS.index(finding.level)
    expected = _AT(place=first.pointer, expected=first.expected) if first.pointer else first.expected
    return replace(
        finding,
        level=first.level if worse else finding.level,
        location=first.location if worse else finding.location,
        # What was there instead may be somebody's own, and is masked at its place alone.
        observed=_IN_ANOTHER_BODY(observed=finding.observed, expected=expected),
    )

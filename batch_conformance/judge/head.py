"""Judges HEAD against GET for the same path."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting

_Asked = tuple[str, str, tuple[tuple[str, str], ...]]
_Read = tuple[int, Sighting, Any]
"""The place of a GET among the reads of a batch, and what is told of its length."""
_NOT_SERVED = frozenset({405, 501})


def judge_head(sightings: Sequence[Sighting], lengths: Sequence[Any]) -> Iterator[Deviation]:
    """What HEAD said and GET did not, of one request with the valid credential (RFC 9110 section 9.3.2).

    The sightings are those of one batch, in the order of time; ``lengths`` has what ``log.length_of`` says of each.
    """
    compared = [one for one in zip(sightings, lengths, strict=True) if _compares(one[0])]
    gets: dict[_Asked, list[Sighting]] = {}
    reads: dict[str, list[_Read]] = {}
    for place, (sighting, length) in enumerate(compared):
        if sighting.method == "GET":
            gets.setdefault(_asked(sighting), []).append(sighting)
            reads.setdefault(sighting.exchange.probe.path, []).append((place, sighting, length))
    for place, (sighting, length) in enumerate(compared):
        answer = sighting.answer
        if sighting.method != "HEAD" or answer is None or answer.status in _NOT_SERVED:
            continue
        twins = [twin for twin in gets.get(_asked(sighting), ()) if twin.answer is not None]
        if not twins:
            continue
        said = {twin.answer.status for twin in twins if twin.answer}
        if answer.status not in said:
            yield _differs(sighting, f"status {_list(said)}, as for GET", str(answer.status), "status")
            continue
        same = [twin.media_type for twin in twins if twin.answer and twin.answer.status == answer.status]
        if sighting.media_type and any(same) and sighting.media_type not in same:
            yield _differs(sighting, f"Content-Type {_list(set(same))}, as for GET", sighting.media_type, "media_type")
        meant = _length_around(place, reads[sighting.exchange.probe.path]) if length is not None else None
        if meant is not None and length != meant:
            yield _differs(sighting, f"Content-Length {meant}, as for GET, or none", length[:20], "length")


def _length_around(place: int, reads: Sequence[_Read]) -> str | None:
    """The length that GET gave right before and right after a HEAD, where both got the same bytes, uncoded.

    A body that changes from read to read, or that was compressed, tells nothing of what HEAD should have said.
    """
    after = bisect_left(reads, place, key=itemgetter(0))
    if not 0 < after < len(reads):
        return None
    (_, one, length), (_, other, other_length) = reads[after - 1], reads[after]
    if one.answer is None or other.answer is None or not 200 <= one.answer.status < 300:
        return None  # an error may name the method, and be another one for HEAD
    if length is None or length != other_length or one.answer.status != other.answer.status:
        return None
    told: str = length[0]
    return told


def _compares(sighting: Sighting) -> bool:
    probe, status = sighting.exchange.probe, sighting.exchange.status or 0
    weighed_elsewhere = status == 429 or status >= 500 or status == 406
    return sighting.authorised and not probe.forced_status and not weighed_elsewhere


def _asked(sighting: Sighting) -> _Asked:
    """All of a request but its method."""
    probe = sighting.exchange.probe
    return probe.path, probe.query, tuple(sorted((name.lower(), value) for name, value in probe.headers))


def _differs(sighting: Sighting, expected: str, observed: str, kind: str) -> Deviation:
    return sighting.deviates("response.head_differs", status="", expected=expected, observed=observed, kind=kind)


def _list(values: set[int] | set[str]) -> str:
    return " or ".join(sorted(str(value) for value in values))

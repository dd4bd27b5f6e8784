"""Judges HEAD against GET for the same path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting

_Asked = tuple[str, str, tuple[tuple[str, str], ...]]
_NOT_SERVED = frozenset({405, 501})


def judge_head(sightings: Sequence[Sighting]) -> Iterator[Deviation]:
    """What HEAD said and GET did not, of one request with the valid credential (RFC 9110 section 9.3.2)."""
    gets: dict[_Asked, list[Sighting]] = {}
    reads: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        if sighting.method == "GET" and _compares(sighting):
            gets.setdefault(_asked(sighting), []).append(sighting)
            reads.setdefault(sighting.exchange.probe.path, []).append(sighting)
    for sighting in sightings:
        answer = sighting.answer
        if sighting.method != "HEAD" or not _compares(sighting) or answer is None or answer.status in _NOT_SERVED:
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
        length, meant = answer.header("content-length"), _length_around(sighting, reads[sighting.exchange.probe.path])
        if length is not None and meant is not None and length.strip() != meant:
            yield _differs(sighting, f"Content-Length {meant}, as for GET, or none", length.strip()[:20], "length")


def _length_around(sighting: Sighting, reads: Sequence[Sighting]) -> str | None:
    """The length that GET gave right before and right after a HEAD, where both got the same bytes, uncoded.

    A body that changes from read to read, or that was compressed, tells nothing of what HEAD should have said.
    """
    before = [read.answer for read in reads if read.exchange.order < sighting.exchange.order]
    after = [read.answer for read in reads if read.exchange.order > sighting.exchange.order]
    if not before or not after or before[-1] is None or after[0] is None:
        return None
    one, other = before[-1], after[0]
    if not 200 <= one.status < 300:
        return None  # an error may name the method, and be another one for HEAD
    if one.status != other.status or one.body != other.body or not one.body:
        return None
    if any(answer.header("content-encoding") or answer.truncated for answer in (one, other)):
        return None
    lengths = {(answer.header("content-length") or "").strip() for answer in (one, other)}
    return lengths.pop() if lengths == {str(len(one.body))} else None


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

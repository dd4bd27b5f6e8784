"""The fast path: exchanges that are like one that was judged are only counted, and only the others are explained.

A line is looked at here as far as it takes to know which operation it is a plain read of, and what its headers come to;
``plain_reads`` then tells whether the read is like another one. In doubt a line takes the path that explains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import orjson

from batch_conformance.judge.judge import Judge, Judged
from batch_conformance.judge.sparing import unspared
from batch_conformance.recorded.heads import remember
from batch_conformance.recorded.inferred_probe import PLAIN, InferredProbe
from batch_conformance.recorded.layouts import Layouts
from batch_conformance.recorded.line import LineError, moment_of
from batch_conformance.recorded.plain_reads import PlainReads, Shared
from batch_conformance.recorded.read_counts import FastPathCounts
from batch_conformance.recorded.source import Raw

_SAID = frozenset({"probe", "credential", "failure", "reflections", "number", "attempt", "final"})
_ODD_RESPONSE = frozenset(
    {"body_base64", "decode_error", "decode_message", "trailing", "wire_size", "wire_notes", "body_left_out"}
)


_LAST_SECOND = 253402300799.0
"""That of the year 9999, the last that a recording may name."""


class FastPath:
    """Counts exchanges for a judge. ``explain`` takes a line the other way, and gives what was judged of it.

    ``taken`` counts them by what stands before the id, and says whether lines have to be kept.
    """

    def __init__(
        self,
        inferred: InferredProbe,
        judge: Judge,
        explain: Callable[[dict[str, Any], int], Judged | None],
    ) -> None:
        self._inferred = inferred
        operations = inferred.urls.contract.operations
        ends = {one.path.rpartition("/")[2] for one in operations}
        self._named = frozenset(end for end in ends if "{" not in end)
        """Last segments of other operations' paths, which are no ids."""
        self.taken = FastPathCounts()
        self._layouts = Layouts()
        shared = Shared(self.taken, self._layouts, self._named, explain)
        every = () if unspared() else operations
        self._reads = {one.id: PlainReads(inferred, judge, one, shared) for one in every if PlainReads.fits(one)}
        self._bases: dict[str, PlainReads | None] = {}

    def take(self, lines: Sequence[Raw], first: int) -> list[tuple[Raw, int]]:
        """Count lines that need no explaining, or have them explained; gives those that the other path has to take.

        They come with their numbers, in order; ``first`` is the number of the first line. Empty ones are left out.
        """
        others = [
            (raw, number)
            for raw, number in self._layouts.match(lines, first)
            if isinstance(raw, LineError) or raw is None or not self._take_one(raw, number)
        ]
        left = self.settle()
        return sorted([*others, *left], key=itemgetter(1)) if left else others

    def _take_one(self, raw: bytes | dict[str, Any], number: int) -> bool:
        """Have a line wait for being counted, or explained; false where the other path has to take it."""
        try:
            values = orjson.loads(raw) if isinstance(raw, bytes) else raw
            request, response = values["request"], values["response"]
            url, status, text = request["url"], response["status"], response["body"]
            begun, elapsed = values.get("started_at"), values.get("elapsed")
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return False
        if (
            type(url) is not str
            or type(text) is not str
            or type(status) is not int
            or "headers" not in response
            or not 200 <= status < 300
            or status in (204, 206)
            or request.get("method", "GET") != "GET"
            or not _SAID.isdisjoint(values)
            or not _ODD_RESPONSE.isdisjoint(response)
            or response.get("truncated", False) is not False
            or values.get("from_cache", False) is not False
            or type(response.get("reason", "")) is not str
            or type(response.get("http_version", "")) is not str
        ):
            return False
        if type(begun) is not float or type(elapsed) is not float or not 0.0 <= begun <= _LAST_SECOND or elapsed < 0:
            moments = _moments(begun, elapsed)
            if moments is None:
                return False
            begun, elapsed = moments
        before, _, segment = url.rpartition("/")
        if PLAIN.fullmatch(segment) is None:
            return False
        reads = self._bases[before] if before in self._bases else self._learn_base(before)
        if reads is None or not reads.is_id(segment):
            return False
        return reads.take(before, segment, values, (begun, number, elapsed), raw)

    def settle(self) -> list[tuple[Raw, int]]:
        """Count what waits for being counted. Gives the lines that the other path has to take, with their numbers."""
        found: list[tuple[Raw, int]] = []
        for layout, lines in self._layouts.take():
            left = self._reads[layout.sample.operation].count_matched(layout, lines)
            found += [(raw, number) for _, number, raw in left if not self._take_one(raw, number)]
        for reads in self._reads.values():
            found += reads.settle()
        return found

    @property
    def counted(self) -> int:
        """How many exchanges were counted since the last ``flush``."""
        return sum(reads.counted for reads in self._reads.values())

    def flush(self) -> None:
        """Give the judge what was counted."""
        for reads in self._reads.values():
            reads.flush()

    def _learn_base(self, before: str) -> PlainReads | None:
        """The reads of the operation whose path comes before the id; None where none's does. What is found is kept."""
        name = "x"
        while name in self._named:
            name += "x"
        place = self._inferred.urls.place(f"{before}/{name}")
        is_plain = place is not None and place.segment == name and not place.query
        reads = self._reads.get(place.operation.id) if place is not None and is_plain else None
        remember(self._bases, before, reads)
        return reads


def _moments(begun: Any, elapsed: Any) -> tuple[float, float] | None:
    """When a request was sent and how long it took, in whichever form that was recorded; None for no such form."""
    begun = moment_of(begun) if type(begun) is str else begun or 0.0
    elapsed = elapsed or 0.0
    if type(begun) not in (int, float) or type(elapsed) not in (int, float):
        return None
    return (float(begun), float(elapsed)) if 0 <= begun <= _LAST_SECOND and elapsed >= 0 else None

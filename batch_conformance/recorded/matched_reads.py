"""Counts lines that a layout matched: what is alike in them is known, and their values are checked many at once."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import inf

from batch_conformance.judge.log import UP, PlainRow, strong_tag
from batch_conformance.judge.sparing import Spared
from batch_conformance.recorded.alike import Kind
from batch_conformance.recorded.heads import body_facts_of
from batch_conformance.recorded.layouts import Layout, MatchedColumns, MatchedLine
from batch_conformance.recorded.outline import text_of
from batch_conformance.recorded.read_counts import Last, ReadCounts
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.masks import is_mask
from batch_conformance.rules.times import SECONDS_OF_SKEW

_DIGITS = frozenset("0123456789")


def is_id(segment: str, named: Set[str]) -> bool:
    """Whether a segment of plain letters may be an id: none of the names in other paths, and nothing left out."""
    # No mask ends with a digit, as most ids do.
    return segment not in named and (segment[-1] in _DIGITS or not is_mask(segment))


def count_matched(
    layout: Layout, lines: Sequence[MatchedLine], counts: ReadCounts, named: Set[str]
) -> list[MatchedLine]:
    """Count lines that a layout matched; gives those that have to be taken one by one.

    ``named`` are the last segments of other operations' paths.
    """
    kind = layout.sample.alike.kinds.get(())
    if kind is None:
        return list(lines)
    return _Counting(layout, lines, kind, counts).count(named)


class _Counting:
    """The lines of one layout that were matched in one go."""

    def __init__(self, layout: Layout, lines: Sequence[MatchedLine], kind: Kind, counts: ReadCounts) -> None:
        self._layout = layout
        self._lines = lines
        self._kind = kind
        self._counts = counts
        self._matched = layout.read(lines)
        self._hashes = list(map(hash, self._matched.written))
        made = layout.check(self._matched.heads, len(lines))
        self._limits = [-inf if moment is None else moment + SECONDS_OF_SKEW for moment in made]
        self._tags = _tags(layout, self._matched)
        self._rows: list[PlainRow] = []
        self._left: list[int] = []

    def count(self, named: Set[str]) -> list[MatchedLine]:
        """Count those that are as their batches were before, and the others that surely keep all rules."""
        matched, layout, counts, lines = self._matched, self._layout, self._counts, self._lines
        least = self._kind.size - layout.more if self._kind.judged.rules else 0
        is_named = not named.isdisjoint(matched.ids)
        new: list[int] = []
        found = zip(
            *(matched.ids, map(counts.last.get, matched.ids), self._hashes, self._tags, self._limits),
            *(matched.begun, matched.elapsed, matched.written),
            strict=True,
        )
        for place, (segment, last, digest, tag, limit, begun, elapsed, written) in enumerate(found):
            if (
                limit == -inf
                or begun is None
                or ((is_named or segment[-1] not in _DIGITS) and not is_id(segment, named))
            ):
                self._left.append(place)
            elif last is not None and last[0] == digest and last[1] is layout and last[5] == tag and last[6] <= limit:
                _, number, raw = lines[place]
                self._rows.append((segment, (begun, number, elapsed), counts.kept(last[4], raw)))
            elif len(written) < least:
                self._left.append(place)  # it may be shown as evidence
            else:
                new.append(place)
        if new:
            columns = matched.columns if len(new) == len(lines) else matched.columns.some(new)
            self._count_new(new, columns, layout.sample.alike.spared)
        counts.count_all(self._kind, layout.sample.asked, layout.sample.before, self._rows)
        return [lines[place] for place in sorted(self._left)]

    def _count_new(self, places: Sequence[int], columns: Columns, among: tuple[Spared, ...]) -> None:
        """Count lines at some places; those that may break a rule are looked for by halves.

        ``among`` is what is not known to be kept by all of them.
        """
        alike = self._layout.sample.alike
        doubtful = alike.in_doubt(columns, among)
        if doubtful and len(places) == 1:
            self._left.extend(places)
            return
        if doubtful:
            middle = len(places) // 2
            self._count_new(places[:middle], columns.some(range(middle)), doubtful)
            self._count_new(places[middle:], columns.some(range(middle, len(places))), doubtful)
            return
        matched, layout, sample, counts = self._matched, self._layout, self._layout.sample, self._counts
        status, content_type, accept = sample.status, sample.answered.content_type, sample.asked.accept
        length = None
        for place, latest, facts in zip(places, alike.latest(columns), alike.facts(columns), strict=True):
            if latest > self._limits[place]:
                self._left.append(place)
                continue
            segment, tag, begun = matched.ids[place], self._tags[place], matched.begun[place]
            assert begun is not None
            if tag or layout.length is not None:
                told = None if layout.length is None else matched.heads[layout.length][place]
                text = text_of(matched.written[place])
                length = body_facts_of(sample.answered, text, text, tag, told)
            size = len(matched.written[place]) + layout.more
            read = (size, accept, (status, content_type, facts, length, UP), None)
            last: Last = (self._hashes[place], layout, sample.asked, self._kind, read, tag, latest)
            counts.remember(segment, last)
            _, number, raw = self._lines[place]
            self._rows.append((segment, (begun, number, matched.elapsed[place]), counts.kept(read, raw)))


def _tags(layout: Layout, matched: MatchedColumns) -> Sequence[str]:
    if layout.tag is None:
        return [""] * len(matched.ids)
    return list(map(strong_tag, matched.heads[layout.tag]))

"""Layouts of lines: lines that differ in a few scalars alone are recognised by one regular expression, without parsing.

A recorder writes most exchanges in the same way. Once some lines of an outline were taken one by one, the scalars in
which they differ are known; a line that the expression matches is JSON, has each member once, and is like them in all
that is judged by more than its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from batch_conformance.observation.observation import at
from batch_conformance.recorded.alike import AlikeReads
from batch_conformance.recorded.heads import ManyHeadsCheck, RequestFacts, ResponseFacts
from batch_conformance.recorded.line import moment_of
from batch_conformance.recorded.outline import BEGINS, ENDS, FORMS, Outline, Slot, text_of
from batch_conformance.recorded.source import Raw
from batch_conformance.rules.columns import Columns

_SAMPLES = 8
"""Lines of an outline that are taken one by one before there is a layout of it."""
_MOST_WIDENED = 4
"""How often a layout is made anew, because of one more scalar that differs, before all of them may."""
_MOST_OUTLINES = 64
_MOST_TRIED = 10
"""Layouts that are tried on a line, those first that matched last."""
_MOST_TAKEN_APART = 1_000
"""Lines that are taken apart of all; it takes many times as long as taking one in."""
_LEAST_MISSES = 2_000
_MOST_MISSES = 0.8
"""Where so many lines have no layout, and so large a share of all, layouts are given up."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What lines of an outline have in common: a body of theirs, and what their heads and their bodies come to.

    ``operation`` is the id of the operation, ``before`` what comes before that of the batch in the URL, ``size`` that
    of the body in bytes. ``when`` has the times of those whose lines have no such slot. ``check`` makes the check of
    the headers at some places.
    """

    operation: str
    before: str
    status: int
    asked: RequestFacts
    answered: ResponseFacts
    alike: AlikeReads
    body: dict[str, Any]
    size: int
    when: tuple[float, float]
    check: Callable[[Sequence[int]], ManyHeadsCheck | None]


MatchedLine = tuple[tuple[str, ...], int, bytes]
"""A line that was matched: the groups, the number of the exchange, and the line."""


@dataclass(frozen=True, slots=True)
class MatchedColumns:
    """Lines that a layout matched, part by part: each part has a value of each line.

    ``begun`` is None where it is no time. ``written`` are the bodies as they are written in the lines.
    """

    ids: Sequence[str]
    written: Sequence[str]
    columns: Columns
    heads: Sequence[Sequence[str]]
    begun: Sequence[float | None]
    elapsed: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Lines that one expression matches; ``groups`` says what its groups are, None is the body.

    ``more`` is how many bytes a body has beyond the characters that it is written with: fewer, where those are escapes.
    ``identity`` is the pointer of the id in the body, where it has one; ``length`` and ``tag`` are the places of
    Content-Length and ETag among the headers that differ.
    """

    sample: Sample
    expression: re.Pattern[str]
    groups: tuple[Slot | None, ...]
    check: ManyHeadsCheck
    more: int
    identity: str | None
    length: int | None
    tag: int | None
    constant: Callable[[str], tuple[Any] | None]

    def read(self, lines: Sequence[MatchedLine]) -> MatchedColumns:
        """What was matched, taken apart; the body is the group of no slot."""
        found: list[Sequence[str]] = list(zip(*(groups for groups, _, _ in lines), strict=True))
        number = len(lines)
        columns: dict[str, Sequence[Any]] = {}
        heads: list[Sequence[str]] = []
        begun: Sequence[float | None] = [self.sample.when[0]] * number
        elapsed: Sequence[float] = [self.sample.when[1]] * number
        ids: Sequence[str] = ()
        written: Sequence[str] = ()
        for slot, column in zip(self.groups, found, strict=True):
            if slot is None:
                written = column
            elif slot.of == "body":
                columns[str(slot.at)] = list(map(int, column)) if slot.form == "integer" else column
            elif slot.of == "answered":
                heads.append([value.replace('\\"', '"') for value in column] if slot.form == "tag" else column)
            elif slot.of == "url":
                ids = column
            elif slot.of == "started_at":
                begun = list(map(float if slot.form == "moment" else _moment, column))
            elif slot.of == "elapsed":
                elapsed = list(map(float, column))
        if self.identity is not None:
            columns[self.identity] = ids
        bodies = Columns(number, lambda: [orjson.loads(text_of(one)) for one in written], columns, self.constant)
        return MatchedColumns(ids, written, bodies, heads, begun, elapsed)


@dataclass(slots=True)
class _Draft:
    """Lines of an outline that were seen: what the first one held, and in which slots others held something else."""

    outline: Outline
    differ: set[int] = field(default_factory=set)
    seen: int = 0
    widened: int = 0
    layout: Layout | None = None


class Layouts:
    """The layouts of a recording. ``match`` puts lines by, for ``take``; ``learn`` is shown those that match none."""

    def __init__(self) -> None:
        self._recent: list[Layout] = []
        self._drafts: dict[tuple[Any, ...], _Draft] = {}
        self._matched: dict[Layout, list[MatchedLine]] = {}
        self._lines = self._misses = self._taken_apart = 0

    def match(self, lines: Sequence[Raw], first: int) -> list[tuple[Raw, int]]:
        """Put by those lines that have a layout, until they are taken; gives the others, with their numbers.

        ``first`` is the number of the first line. What is empty is left out.
        """
        numbered = enumerate(lines, first)
        if not self._recent:
            return [(raw, number) for number, raw in numbered if raw]
        others: list[tuple[Raw, int]] = []
        layout = self._recent[0]
        fullmatch, put_by = layout.expression.fullmatch, self._matched.setdefault(layout, []).append
        for number, raw in numbered:
            if type(raw) is not bytes:
                if raw:
                    others.append((raw, number))
                continue
            try:
                line = raw.decode()
            except UnicodeDecodeError:
                others.append((raw, number))
                continue
            found = fullmatch(line)
            if found is not None:
                put_by((found.groups(), number, raw))
                continue
            other = self._other(line)
            if other is not None:
                layout, found = other
                fullmatch, put_by = layout.expression.fullmatch, self._matched.setdefault(layout, []).append
                put_by((found.groups(), number, raw))
            elif raw:
                others.append((raw, number))
        self._lines += len(lines)
        self._misses += len(others)
        if self._misses > _LEAST_MISSES and self._misses > _MOST_MISSES * self._lines:
            self._recent.clear()  # they cost more than they save
            self._taken_apart = _MOST_TAKEN_APART
        return others

    def _other(self, line: str) -> tuple[Layout, re.Match[str]] | None:
        """The layout that a line has, if not the most recent one, which it becomes; and what it matched."""
        for layout in self._recent[1:]:
            found = layout.expression.fullmatch(line)
            if found is not None:
                self._recent.remove(layout)
                self._recent.insert(0, layout)
                return layout, found
        return None

    def take(self) -> list[tuple[Layout, list[MatchedLine]]]:
        """The lines that were matched since this was last asked, by their layouts."""
        found = [(layout, lines) for layout, lines in self._matched.items() if lines]
        self._matched = {}
        return found

    def learns_from(self, line: str) -> bool:
        """Whether something may be learned from a line: it has no layout, and not too many were taken apart."""
        if self._taken_apart >= _MOST_TAKEN_APART:
            return False
        return not any(layout.expression.fullmatch(line) for layout in self._recent)

    def learn(self, outline: Outline | None, sample: Sample) -> None:
        """Take in the outline of a line that matched none, and was found to keep all rules about values."""
        self._taken_apart += 1
        if outline is None:
            return
        draft = self._drafts.get(outline.pieces)
        if draft is None:
            if len(self._drafts) >= _MOST_OUTLINES:
                self._drafts = {pieces: one for pieces, one in self._drafts.items() if one.layout is not None}
            self._drafts[outline.pieces] = _Draft(outline, _always(outline))
            return
        draft.seen += 1
        differ = {place for place, one in enumerate(outline.held) if one != draft.outline.held[place]}
        is_wider = not differ <= draft.differ
        draft.differ |= differ
        if draft.seen < _SAMPLES:
            return
        before = draft.layout
        if before is None or is_wider:
            draft.widened += 1
            if draft.widened > _MOST_WIDENED:
                draft.differ = set(range(len(outline.held)))
            draft.layout = _layout_of(draft, sample, sample.size - outline.body)
        if draft.layout is not None:
            others = (one for one in self._recent if one is not before)
            self._recent = [draft.layout, *others][:_MOST_TRIED]

    def clear(self) -> None:
        """Forget all layouts; lines that were put by are not there any more."""
        self._recent.clear()
        self._drafts.clear()


def _moment(text: str) -> float | None:
    moment = moment_of(text)
    return moment if moment is not None and moment >= 0 else None


def _always(outline: Outline) -> set[int]:
    """The slots whose values are needed of each line."""
    slots = [piece for piece in outline.pieces if isinstance(piece, Slot)]
    return {place for place, slot in enumerate(slots) if slot.form in ("id", "again", "compared", "tag", "length")}


def _layout_of(draft: _Draft, sample: Sample, more: int) -> Layout | None:
    """The layout of lines of an outline; None where their heads are to be looked at one by one."""
    expression: list[str] = []
    groups: list[Slot | None] = []
    place = 0
    for piece in draft.outline.pieces:
        if piece == BEGINS:
            expression.append("(")
            groups.append(None)
        elif piece == ENDS:
            expression.append(")")
        elif isinstance(piece, Slot):
            held = draft.outline.held[place]
            if place in draft.differ:
                expression.append(FORMS[piece.form])
                if piece.form != "again":
                    groups.append(piece)
            else:
                expression.append(re.escape(held))
            place += 1
        elif isinstance(piece, str):
            expression.append(re.escape(piece))
    heads = [int(slot.at) for slot in groups if slot is not None and slot.of == "answered"]
    forms = [slot.form for slot in groups if slot is not None and slot.of == "answered"]
    check = sample.check(heads)
    if check is None:
        return None
    slots = [piece for piece in draft.outline.pieces if isinstance(piece, Slot)]
    identity = next((str(slot.at) for slot in slots if slot.form == "again"), None)
    differ = {str(slot.at) for place, slot in enumerate(slots) if slot.of == "body" and place in draft.differ}
    return Layout(
        sample,
        re.compile("".join(expression)),
        tuple(groups),
        check,
        more,
        identity,
        forms.index("length") if "length" in forms else None,
        forms.index("tag") if "tag" in forms else None,
        _constant_in(sample.body, frozenset(differ)),
    )


def _constant_in(body: dict[str, Any], differ: frozenset[str]) -> Callable[[str], tuple[Any] | None]:
    """Gives the value at a pointer that all bodies have that differ from this one at some pointers alone."""

    @lru_cache(1024)
    def constant(pointer: str) -> tuple[Any] | None:
        within = f"{pointer}/"
        return None if any(one == pointer or one.startswith(within) for one in differ) else (at(body, pointer),)

    return constant

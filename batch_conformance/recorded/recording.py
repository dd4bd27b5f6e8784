"""A recording as it is read: its ledger, and what of it could not be judged, and why."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import Judge, Judged
from batch_conformance.judge.log import MOST_IN_MEMORY, Row
from batch_conformance.judge.reads import Reduced, is_reduced
from batch_conformance.message import Message, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.recorded.fast import FastPath
from batch_conformance.recorded.inferred_probe import InferredProbe, NotJudgedReason
from batch_conformance.recorded.line import LineError, RecordedExchange, exchange_of, values_of
from batch_conformance.recorded.source import STDIN, Part, Raw, blocks, lines_before
from batch_conformance.recorded.source_error import SourceError

AT = Template("recording.at", "{where}: {what}")
"""Something about an exchange, behind its place."""
MOST_COMPLAINTS = 5
"""Malformed lines that are shown, and bodies of which nothing is said; the others are counted."""
_MOST_BASES = 50
_EMPTY_SEGMENTS = re.compile(r"(?<![:/])(?:/(?:\.|%2e)?)+\Z", re.IGNORECASE)
"""What a path ends with that names nothing more (RFC 3986 sections 5.2.4 and 6.2.2.2): the server is the same one."""
_SELDOM = 1_000_000
"""Objects that are made before the garbage collector looks at them."""
_MOST_PLACES = 200_000
"""Exchanges with numbers of their own of which the place in the file is kept."""


class Recording:
    """Takes in part after part; two of them add up to the one of both, one after the other.

    ``judge`` is given all of them, also what a suite recorded, which says what each was sent for. ``lines`` counts all
    that was read, ``malformed`` those that are no exchange, ``complaints`` shows the first ones. ``unjudged`` counts
    the exchanges of whose body nothing is said because the recorder kept none or a part of it, or because it cannot be
    read; ``left_open`` shows where and why, the first ones. ``bases`` counts exchanges by what stands before the
    operation's path, ``bases_elsewhere`` those that are not below the base URL that is asked for;
    ``without_credential`` those that were answered although no credential was recorded.
    ``explains_all`` has the fast path spare nothing: for comparison. ``most_reads`` and ``folder`` are those of the
    judge's ``Log``. ``on_judged`` is given what was judged of each exchange that is explained, and its number: of those
    that are alike, of the first.
    """

    def __init__(
        self,
        inferred: InferredProbe,
        most_reads: int = MOST_IN_MEMORY,
        *,
        folder: Path | None = None,
        explains_all: bool = False,
        on_judged: Callable[[Judged, int], None] | None = None,
    ) -> None:
        self.inferred = inferred
        self._on_judged = on_judged
        self.judge = Judge(inferred.urls.contract, most=most_reads, folder=folder)
        self._parts: list[Part] = []
        self.lines = 0
        self.malformed = 0
        self.complaints: list[Message] = []
        self.unjudged = 0
        self.left_open: list[Message] = []
        self._places: dict[tuple[int, int], int] = {}
        self._unplaced = False
        self.not_judged: Counter[NotJudgedReason] = Counter()
        self.bases: Counter[str] = Counter()
        self.bases_elsewhere: Counter[str] = Counter()
        self.without_credential = 0
        self._fast = None if explains_all else FastPath(inferred, self.judge, self._explain)

    def read(self, part: Part, advance: Callable[[int], None] = lambda _: None) -> None:
        """Take in a part. Raises ``SourceError`` where it cannot be read."""
        with seldom_collected():
            self._read(part, advance)

    def begin(self, part: Part) -> None:
        """Take what is added from now on for exchanges of a part, in which evidence is read again."""
        self._parts.append(part)

    def end(self, part: Part) -> None:
        """Say how long the part that was begun has become."""
        self._parts[-1] = part

    def add(self, raw: bytes, number: int) -> None:
        """Take in a line of the part that was begun; ``number`` is its place there, from 0."""
        part = self._parts[-1]
        if self._fast is not None and not self._fast.take([raw], part.first + number):
            self.lines += bool(raw)
            return
        unjudged = self.take(raw, part.first + number, part.base)
        if unjudged:
            self._tell(part.where(number, 0), None, unjudged)

    def _read(self, part: Part, advance: Callable[[int], None]) -> None:
        fast = self._fast
        self._parts.append(part)
        if fast is not None:
            fast.taken.keeps_lines = part.path == STDIN
        lines = 0
        for block in blocks(part, advance):
            lines = block.index + len(block.lines)
            if part.kind != block.kind:  # which nobody knew before stdin was read
                part = self._parts[-1] = replace(part, kind=block.kind)
            first = part.first + block.index
            if fast is None:
                others: list[tuple[Raw, int]] = [(raw, number) for number, raw in enumerate(block.lines, first) if raw]
            else:
                others = fast.take(block.lines, first)
                self.lines += sum(map(bool, block.lines)) - len(others)
            for raw, number in others:
                try:
                    unjudged, complaint = self.take(raw, number, part.base), None
                except LineError as error:
                    unjudged, complaint = None, error.message
                if unjudged or complaint:
                    self._tell(block.where(part, number - first), complaint, unjudged)
        self._parts[-1] = replace(part, lines=lines)

    def take(self, raw: Raw, number: int, base: int = 0) -> Message | None:
        """Take in one line; ``base`` is added to its own number.

        Gives why the body of its response is not judged, though it is one that the contract describes. Raises
        ``LineError`` where the line is no exchange.
        """
        if raw is None or (isinstance(raw, bytes) and not raw.removeprefix(b"\xef\xbb\xbf").strip()):
            return None
        self.lines += 1
        if isinstance(raw, LineError):
            raise raw
        values = values_of(raw) if isinstance(raw, bytes) else raw
        recorded = exchange_of(values)
        exchange = self._exchange(recorded, number, base)
        if isinstance(exchange, Exchange) and recorded.number is not None:
            self._place(exchange.order, number)
        self._judge(exchange, is_of_run=recorded.probe is not None)
        return unjudged_body(recorded, exchange, self.inferred)

    def update(self, later: Recording) -> None:
        """Add what followed; ``later`` is used up."""
        self.settle()
        later.settle()
        self.judge.update(later.judge)
        self._parts += later._parts
        self._unplaced = self._unplaced or later._unplaced
        for order, number in later._places.items():
            self._place(order, number)
        self.lines += later.lines
        self.malformed += later.malformed
        self.complaints = [*self.complaints, *later.complaints][:MOST_COMPLAINTS]
        self.unjudged += later.unjudged
        self.left_open = [*self.left_open, *later.left_open][:MOST_COMPLAINTS]
        self.not_judged.update(later.not_judged)
        self.without_credential += later.without_credential
        for base, count in later.bases.items():
            self._count_base(base, count)
        for base, count in later.bases_elsewhere.items():
            _count_base(self.bases_elsewhere, base, count)

    def settle(self) -> None:
        """Add what the fast path has counted."""
        if self._fast is not None:
            for raw, number in self._fast.settle():  # of a block that was not read to its end
                with suppress(LineError):
                    self.take(raw, number, self._parts[-1].base)
            self._fast.flush()
            taken = self._fast.taken
            for base, count in taken.bases.items():
                self._count_base(self._base_of(base), count)
            self.without_credential += taken.without_credential
            taken.without_credential = 0
            taken.bases.clear()

    def __getstate__(self) -> dict[str, Any]:
        self.settle()
        return {**self.__dict__, "_fast": None}  # it is for reading, which is over

    def result(self) -> Ledger:
        """The ledger of all that was taken in; nothing can be added any more."""
        self.settle()
        several = len(self.bases) > 1
        ledger = self.judge.ledger(of_recording=True, of_several_servers=several, revive=self._revive)
        ledger = self._with_evidence(ledger)
        self.judge.close()
        return ledger

    @property
    def judged(self) -> int:
        """How many exchanges are judged."""
        return self.judge.judged + (self._fast.counted if self._fast is not None else 0)

    def _judge(self, exchange: Exchange | NotJudgedReason, *, is_of_run: bool = False) -> Judged | None:
        if not isinstance(exchange, Exchange):
            self.not_judged[exchange] += 1
            return None
        judged = self.judge.add(exchange)
        if self._on_judged is not None:
            self._on_judged(judged, exchange.number)
        if is_of_run:
            self.judge.keep(exchange)  # they are few, and the reports show all of a run
        elif not judged.rules:
            self.judge.keep_example(exchange)
        return judged

    def _explain(self, values: dict[str, Any], number: int) -> Judged | None:
        """Judge the values of a line of which the fast path has seen that it is one, and has a whole body."""
        return self._judge(self._exchange(exchange_of(values), number, 0))

    def _exchange(self, recorded: RecordedExchange, number: int, base: int) -> Exchange | NotJudgedReason:
        exchange = self.inferred.exchange(recorded, number if recorded.number is None else base + recorded.number)
        if isinstance(exchange, Exchange):
            place = self.inferred.urls.place(recorded.url, recorded.method)
            self._count_base(place.base if place else "", 1)
            if recorded.probe is None and exchange.probe.credential == "valid" and (exchange.status or 0) < 300:
                self.without_credential += self.inferred.lacks_credential(recorded)
        elif exchange == "elsewhere":
            _count_base(self.bases_elsewhere, self.inferred.urls.base_elsewhere(recorded.url, recorded.method), 1)
        return exchange

    def _with_evidence(self, ledger: Ledger) -> Ledger:
        """The ledger, with the exchanges of which only a part was kept read again, where they can be."""
        reduced = [one for one in (*ledger.exchanges, *(f.evidence for f in ledger.findings)) if is_reduced(one)]
        whole = {one: self._read_anew(one) or one for one in dict.fromkeys(reduced)}
        exchanges = [whole.get(exchange, exchange) for exchange in ledger.exchanges]
        evidences = [whole.get(finding.evidence, finding.evidence) for finding in ledger.findings]
        sources = self._sources([exchange.order for exchange in (*exchanges, *evidences)])
        return replace(
            ledger,
            exchanges=tuple(replace(exchange, source=sources[exchange.order]) for exchange in exchanges),
            findings=tuple(
                replace(finding, evidence=replace(evidence, source=sources[evidence.order]))
                for finding, evidence in zip(ledger.findings, evidences, strict=True)
            ),
        )

    def _place(self, order: tuple[int, int], number: int) -> None:
        """Note where an exchange is whose recording numbers it by itself; of very many only the first."""
        if len(self._places) < _MOST_PLACES:
            self._places[order] = number
        else:
            self._unplaced = True

    def _sources(self, orders: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
        """Where exchanges are in their files, for people; empty where that is not known."""
        sources = dict.fromkeys(orders, "")
        numbers = {
            order: self._places.get(order, order[0]) for order in sources if order in self._places or not self._unplaced
        }
        found = ((order, self._part_of(number)) for order, number in numbers.items())
        parts = {order: part for order, part in found if part is not None}
        before = self._lines_before(dict.fromkeys(part for part in parts.values() if part.start))
        for order, part in parts.items():
            index = numbers[order] - part.first
            if part.start == 0:
                sources[order] = part.where(index, 0)
            else:
                lines = before.get((part.path, part.start))
                sources[order] = part.path if lines is None else f"{part.path}:{lines + index + 1}"
        return sources

    def _lines_before(self, parts: Iterable[Part]) -> dict[tuple[str, int], int]:
        """How many lines of a file are before parts of it, by path and start: without those of files that are gone."""
        known: dict[tuple[str, int], int] = {}
        for part in sorted(self._parts, key=lambda part: part.first):
            before = known.get((part.path, part.start), None if part.start else 0)
            if before is not None and part.lines is not None and part.end is not None:
                known[part.path, part.end] = before + part.lines
        starts: dict[str, set[int]] = {}
        for part in parts:
            if (part.path, part.start) not in known:
                starts.setdefault(part.path, set()).add(part.start)
        for path, wanted in starts.items():
            with suppress(OSError):
                known |= {(path, start): count for start, count in lines_before(path, wanted).items()}
        return known

    def _part_of(self, number: int) -> Part | None:
        """The part that an exchange is in, by its place; None where it was read from none."""
        begun = (part for part in self._parts if part.first <= number)
        return max(begun, key=lambda part: part.first, default=None)

    def _read_anew(self, reduced: Exchange) -> Exchange | None:
        """The whole exchange, read once more; None where its file is not at hand any more, or has it elsewhere."""
        number = reduced.number
        part = self._part_of(number)
        if part is None:
            return None
        try:
            for block in blocks(part):
                place = number - part.first - block.index
                if place < len(block.lines):
                    raw = block.lines[place]
                    if raw is None or isinstance(raw, LineError):
                        return None
                    values = values_of(raw) if isinstance(raw, bytes) else raw
                    found = self.inferred.exchange(exchange_of(values), number)
                    return found if isinstance(found, Exchange) and is_reduced(reduced, found) else None
        except (SourceError, LineError):
            return None
        return None

    def _revive(self, deviation: Deviation, row: Row) -> Deviation:
        """The deviation with the whole exchange, where its line was kept; else without a body that is none."""
        shown = deviation.exchange
        if not isinstance(shown, Reduced):
            return deviation
        if isinstance(row.raw, bytes):
            exchange = self.inferred.exchange(exchange_of(values_of(row.raw)), row.number)
            assert isinstance(exchange, Exchange)
            return replace(deviation, exchange=replace(exchange, number=row.number))
        cut = replace(shown.response, truncated=True) if shown.response else None
        return replace(deviation, exchange=replace(shown, response=cut))

    def _tell(self, where: str, complaint: Message | None, unjudged: Message | None) -> None:
        """Count a line that is no exchange, or one of whose body nothing is said, and show it if it is of the first."""
        lines, why = (self.complaints, complaint) if complaint is not None else (self.left_open, unjudged)
        self.malformed += complaint is not None
        self.unjudged += unjudged is not None
        if why is not None and len(lines) < MOST_COMPLAINTS:
            lines.append(AT(where=where, what=why))

    def _base_of(self, before: str) -> str:
        place = self.inferred.urls.place(f"{before}/x")
        return place.base if place else ""

    def _count_base(self, base: str, count: int) -> None:
        _count_base(self.bases, base, count)


def _count_base(counts: Counter[str], base: str, count: int) -> None:
    base = _EMPTY_SEGMENTS.sub("", base)
    if base and (base in counts or len(counts) < _MOST_BASES):
        counts[base] += count


def unjudged_body(
    recorded: RecordedExchange, exchange: Exchange | NotJudgedReason, inferred: InferredProbe
) -> Message | None:
    """Why nothing is said of a body that the contract describes; None where something is."""
    if recorded.unjudged is None or not isinstance(exchange, Exchange):
        return None
    lacks = Observation(exchange, inferred.urls.contract).lacks_body
    return inferred.without_secrets(recorded.unjudged, recorded) if lacks else None


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Has the cyclic garbage collector look less often: what is read is freed without it, and there is much of it.

    It looks at everything when this ends, so a command that reads many parts has it around all of them.
    """
    before = gc.get_threshold()
    if before[0] >= _SELDOM:
        yield
        return
    gc.set_threshold(_SELDOM, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)

"""Plain reads of an operation's batches: those that are like one that was judged are only counted.

Two exchanges are alike when their requests, the headers that are judged, the members of the body and their types, and
the state of the batch are the same. Whatever else decides on a deviation (values, times, counts) is checked by compiled
checks, which only ever say that all is well. Where they do not, the rules that they stand for are asked (``alike``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Response
from batch_conformance.judge.judge import Judge, Judged
from batch_conformance.judge.log import UP, When
from batch_conformance.judge.sparing import Spared
from batch_conformance.observation.observation import at
from batch_conformance.recorded.alike import AlikeReads, Kind, Rules, Signature, alike_reads, kind_of, signature
from batch_conformance.recorded.body_shapes import BodyShapes
from batch_conformance.recorded.header_pairs import pairs_of
from batch_conformance.recorded.heads import Heads, Key, RequestFacts, ResponseFacts, body_facts_of
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.layouts import Layout, Layouts, MatchedLine, Sample
from batch_conformance.recorded.line import LineError
from batch_conformance.recorded.matched_reads import count_matched, is_id
from batch_conformance.recorded.outline import JudgedParts, outline_of
from batch_conformance.recorded.read_counts import FastPathCounts, Last, LineOrValues, ReadCounts
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.results import MISSING
from batch_conformance.rules.times import AHEAD, SECONDS_OF_SKEW

_MOST_ALIKE = 4_000
_FEW = 8
"""Reads that are looked at one by one, where one of them may break a rule."""


class Read(NamedTuple):
    """A read as it came, and what its head and its body came to.

    ``before`` is what comes before the id in the URL, ``segment`` the id, ``when`` its time, number and seconds.
    ``until`` is when it was answered, by its Date; ``is_head_kept`` says that its head surely keeps the rules.
    ``text`` is the body as it came, ``shown`` the same without the signatures of URLs, and ``body`` what that says.
    """

    before: str
    segment: str
    when: When
    raw: LineOrValues
    values: dict[str, Any]
    asked: RequestFacts
    answered: ResponseFacts
    tag: str
    until: float
    is_head_kept: bool
    text: str
    shown: str
    body: dict[str, Any]

    @property
    def size(self) -> int:
        """That of the body in bytes, as it is shown."""
        return len(self.shown) if self.shown.isascii() else len(self.shown.encode())


_made: Callable[[type[Read], tuple[Any, ...]], Read] = tuple.__new__
_UNREADABLE = object()
_PLAIN_FACTS = frozenset({str, int, type(None)})
"""Types of values that are compared as they are."""
_OF_MOMENT = frozenset({AHEAD.id, MISSING.id})
"""Rules that look at when an answer was made, and are asked of every poll."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the reads of all operations share.

    ``named`` are the last segments of operations' paths, which are no ids. ``explain`` takes the values of a line the
    other way, and gives what was judged of it.
    """

    taken: FastPathCounts
    layouts: Layouts
    named: Set[str]
    explain: Callable[[dict[str, Any], int], Judged | None]


class PlainReads:
    """Counts plain reads of an operation for a judge, and has the first of its kind explained."""

    def __init__(self, inferred: InferredProbe, judge: Judge, operation: Operation, shared: Shared) -> None:
        self._judge = judge
        self._operation = operation
        self._explain = shared.explain
        self._layouts = shared.layouts
        self._named = shared.named
        self._log = judge.log_of(operation)
        self._heads = Heads(inferred, operation)
        self._shapes = BodyShapes((operation.roles.identity or "")[1:], (operation.roles.state or "")[1:])
        self._alike: dict[Key, AlikeReads | None] = {}
        self._waiting: dict[Key, list[Read]] = {}
        self._left: list[tuple[LineOrValues, int]] = []
        self._counts = ReadCounts(self._log, shared.taken)

    @staticmethod
    def fits(operation: Operation) -> bool:
        """Whether an operation's path ends with the id, and the roles are plain members of the body."""
        plain = [operation.roles.identity, operation.roles.state]
        ends = operation.path.endswith("/{" + operation.parameter + "}")
        return ends and all(pointer is not None and pointer.count("/") == 1 for pointer in plain)

    def take(self, before: str, segment: str, values: dict[str, Any], when: When, raw: LineOrValues) -> bool:
        """Take in a read that needs no explaining, or have it explained; false where the other path has to take it.

        What is unlike the last read of its batch waits for ``settle``.
        """
        response = values["response"]
        text = response["body"]
        asked = self._heads.asked(values["request"].get("headers") or {})
        line = (response["status"], response.get("reason", ""), response.get("http_version", ""))
        said = self._heads.answered(line, response["headers"], response.get("headers_complete"))
        if asked is None or said is None:
            return False
        answered, tag, until, is_head_kept = said
        last = self._counts.last.get(segment)
        # A key that the recording shows is looked for in every answer, whatever else it has in common with the last.
        if (
            last is not None
            and last[0] == hash(text)
            and last[1] is answered
            and last[2] is asked
            and last[5] == tag
            and is_head_kept
            and not asked.secret
            and last[6] <= until + SECONDS_OF_SKEW
        ):
            self._counts.count(last, segment, before, when, raw)
            return True
        shown = text
        if asked.secret:
            shows = f"{line}{response['headers']}{text}"
            if asked.redactor.redact_text(shows) != shows:
                return False
        if "=" in text and ("?" in text or "%" in text or "&" in text or "\\u0026" in text):
            shown = asked.redactor.redact_bytes(text.encode()).decode()
        keyed = self._shapes.key(segment, shown, answered.kind, asked.kind)
        if keyed is None:
            return False
        key, body = keyed
        heads = (asked, answered, tag, until, is_head_kept)
        read = _made(Read, (before, segment, when, raw, values, *heads, text, shown, body))
        alike = self._alike.get(key)
        if alike is None:
            return key not in self._alike and self._learn_alike(key, read)
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [read]
        else:
            waiting.append(read)
        return True

    def settle(self) -> list[tuple[LineOrValues, int]]:
        """Count the reads that wait, or have them explained. Gives the lines that the other path has to take."""
        while self._waiting:
            key = next(iter(self._waiting))
            reads, alike = self._waiting.pop(key), self._alike[key]
            assert alike is not None
            self._count_all(alike, reads, Columns.of_bodies([read.body for read in reads]), alike.spared)
        self._counts.put_by()
        if len(self._alike) >= _MOST_ALIKE:
            self.flush()
            self._alike.clear()
            self._counts.last.clear()  # they name kinds
            self._layouts.clear()
        left, self._left = self._left, []
        return left

    def count_matched(self, layout: Layout, lines: Sequence[MatchedLine]) -> list[MatchedLine]:
        """Count lines that a layout matched; gives those that have to be taken one by one."""
        return count_matched(layout, lines, self._counts, self._named)

    def is_id(self, segment: str) -> bool:
        """Whether a segment of plain letters may be an id."""
        return is_id(segment, self._named)

    def _count_all(self, alike: AlikeReads, reads: Sequence[Read], columns: Columns, among: tuple[Spared, ...]) -> None:
        """Count alike reads; those that may break a rule are looked for by halves, unless it seems that most do.

        ``among`` is what is not known to be kept by all of them.
        """
        doubtful = alike.in_doubt(columns, among)

        def doubt(read: Read) -> tuple[Spared, ...]:
            return alike.in_doubt(Columns.of_bodies([read.body]), doubtful) if doubtful else ()

        if doubtful and len(reads) > _FEW and not (doubt(reads[0]) and doubt(reads[-1])):
            middle = len(reads) // 2
            self._count_all(alike, reads[:middle], columns.some(range(middle)), doubtful)
            self._count_all(alike, reads[middle:], columns.some(range(middle, len(reads))), doubtful)
            return
        plain_kind = None if alike.is_other else alike.kinds.get(())
        for read, latest, facts in zip(reads, alike.latest(columns), alike.facts(columns), strict=True):
            own = doubt(read)
            kind = None if own else plain_kind
            is_plain = kind is not None and read.is_head_kept and latest <= read.until + SECONDS_OF_SKEW
            if kind is None or not is_plain or not self._count_new(kind, read, latest, facts, is_plain=True):
                self._count_doubtful(alike, read, (latest, facts), own)
            elif isinstance(read.raw, bytes) and self._layouts.learns_from(read.raw.decode()):
                self._learn_layout(alike, read, read.raw.decode())

    def _count_doubtful(
        self, alike: AlikeReads, read: Read, compared: tuple[float, tuple[Any, ...]], doubtful: tuple[Spared, ...]
    ) -> None:
        """Count a read that may break rules with those that break them in the same way, or have it explained.

        ``compared`` is the latest of its times that have passed, and what it is compared by.
        """
        latest, facts = compared
        in_doubt, kept = self._told(alike, read, latest, doubtful)
        kind = alike.kinds.get(kept)
        number = read.when[1]
        if kind is None:
            is_new = kept not in alike.kinds and not alike.is_full()
            if not (is_new and self._learn_kind(alike, read, in_doubt, kept)):
                self._left.append((read.raw, number))
            return
        is_plain = not in_doubt or (read.is_head_kept and _OF_MOMENT.isdisjoint(in_doubt))
        if not self._count_new(kind, read, latest, facts, is_plain=is_plain):
            # It may be shown as evidence, and is judged in full; none that is larger can be.
            kind.size = read.size
            if self._explained(read.values, number) is _UNREADABLE:
                self._left.append((read.raw, number))

    def _count_new(self, kind: Kind, read: Read, latest: float, facts: tuple[Any, ...], *, is_plain: bool) -> bool:
        """Count a read of a kind, unless it is smaller than all of it; false then.

        One that ``is_plain`` is remembered as the last of its batch.
        """
        size = read.size
        if size < kind.size and kind.judged.rules:
            return False
        answered, tag, segment = read.answered, read.tag, read.segment
        length = None
        if tag or answered.length:
            length = body_facts_of(answered, read.text, read.shown, tag, answered.length)
        all_facts = (read.values["response"]["status"], answered.content_type, facts, length, UP)
        kept = (size, read.asked.accept, all_facts, None)
        last: Last = (hash(read.text), answered, read.asked, kind, kept, tag, latest)
        if is_plain:
            self._counts.remember(segment, last)
        self._counts.count(last, segment, read.before, read.when, read.raw)
        return True

    def _told(
        self, alike: AlikeReads, read: Read, latest: float, doubtful: tuple[Spared, ...]
    ) -> tuple[Rules, Signature]:
        """The rules that a read may break, and how it breaks them."""
        is_ahead = latest > read.until + SECONDS_OF_SKEW
        in_doubt = alike.rules_in_doubt(doubtful, is_ahead=is_ahead, is_head_kept=read.is_head_kept)
        if not in_doubt:
            return in_doubt, ()
        pairs = pairs_of(read.values["response"]["headers"])
        headers = tuple(zip(*pairs, strict=True)) if pairs is not None else ()
        if not read.is_head_kept:
            headers = read.asked.redactor.redact_response(Response(200, headers, b""))[0].headers
        asked = (read.segment, read.values["request"]["url"], read.when[0])
        observation = alike.observation(asked, headers, (read.shown.encode(), read.body), doubtful)
        return in_doubt, signature(in_doubt, observation)

    @property
    def counted(self) -> int:
        """How many exchanges were counted since the last ``flush``."""
        return sum(kind.count for kind in self._kinds())

    def flush(self) -> None:
        """Give the judge what was counted."""
        for kind in self._kinds():
            if kind.count:
                self._judge.count(kind.judged, kind.count)
                kind.count = 0

    def _kinds(self) -> Iterator[Kind]:
        for alike in self._alike.values():
            if alike is not None:
                yield from (kind for kind in alike.kinds.values() if kind is not None)

    def _learn_alike(self, key: Key, read: Read) -> bool:
        """Have the first of the reads that are alike explained, and remember what they have in common."""
        judged = self._explained(read.values, read.when[1])
        if judged is _UNREADABLE:
            return False
        alike = alike_reads(judged, read.body, self._facts_of(read.body)) if isinstance(judged, Judged) else None
        self._alike[key] = alike
        if alike is not None and isinstance(judged, Judged):
            columns = Columns.of_bodies([read.body])
            doubtful = alike.in_doubt(columns, alike.spared)
            in_doubt, kept = self._told(alike, read, alike.latest(columns)[0], doubtful)
            alike.kinds[kept] = kind_of(judged, alike, in_doubt)
        return True

    def _learn_kind(self, alike: AlikeReads, read: Read, in_doubt: Rules, kept: Signature) -> bool:
        """Have the first read explained that deviates in a way of its own, and remember its kind."""
        judged = self._explained(read.values, read.when[1])
        if judged is _UNREADABLE:
            return False
        alike.kinds[kept] = kind_of(judged, alike, in_doubt) if isinstance(judged, Judged) else None
        return True

    def _learn_layout(self, alike: AlikeReads, read: Read, line: str) -> None:
        """Have the layouts learn from a line that keeps all rules about values."""
        pairs, roles = pairs_of(read.values["response"]["headers"]), self._operation.roles
        forms = self._heads.forms(pairs[0]) if pairs is not None else None
        if pairs is None or forms is None or read.asked.secret:
            return
        status = read.values["response"]["status"]
        judged = JudgedParts(roles.identity or "", roles.state or "", self._heads.wanted, forms)
        outline = outline_of(line, read.values, read.segment, judged)
        headers = tuple(zip(*pairs, strict=True))
        sample = Sample(
            self._operation.id,
            read.before,
            status,
            read.asked,
            read.answered,
            alike,
            read.body,
            read.size,
            (read.when[0], read.when[2]),
            partial(self._heads.check_of, status, headers),
        )
        self._layouts.learn(outline, sample)

    def _explained(self, values: dict[str, Any], number: int) -> Judged | object | None:
        """What was judged of a read in full; None where it is not judged, ``_UNREADABLE`` where it is no exchange."""
        try:
            return self._explain(values, number)
        except LineError:
            return _UNREADABLE

    def _facts_of(self, body: dict[str, Any]) -> Callable[[Columns], Iterable[tuple[Any, ...]]]:
        """Makes what reads are compared by out of bodies like this one."""
        log = self._log
        for pointer in log.pointers:
            value = at(body, pointer)
            if type(value) not in _PLAIN_FACTS and not (pointer in log.free_maps and type(value) is dict):
                return lambda columns: map(log.facts_of, columns.bodies)
        return lambda columns: zip(*map(columns.of, log.pointers), strict=True)

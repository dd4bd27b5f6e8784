"""Reads of an operation that are only counted: the last one of each batch, and what is put by of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import orjson

from batch_conformance.judge.log import Log, PlainRead, PlainRow, When
from batch_conformance.recorded.alike import Kind
from batch_conformance.recorded.heads import RequestFacts, ResponseFacts
from batch_conformance.recorded.layouts import Layout

_MOST_POLLED = 50_000
"""Batches of which the last read is remembered: half a kilobyte each."""

LineOrValues = bytes | dict[str, Any]
"""A line, or its values."""

Last = tuple[int, ResponseFacts | Layout, RequestFacts, Kind, PlainRead, str, float]
"""The last read of a batch: a hash of its body, what was answered and asked, what these came to, the strong tag, and
the latest of its times that have passed.

Polls mostly get what the poll before got. Two texts have one hash of 64 bits, keyed anew by each process, as good as
never; the texts themselves would take ten times the memory. Of a line that has a layout the body is hashed as it is
written, and the layout stands for what was answered.
"""


@dataclass(slots=True)
class FastPathCounts:
    """Counts of the fast path: exchanges by what comes before the id, and those without a credential.

    ``keeps_lines`` says that lines have to be kept where they may be evidence, because they cannot be read again.
    """

    bases: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    without_credential: int = 0
    keeps_lines: bool = False


class ReadCounts:
    """Counts reads for ``taken``, and gathers what the log of the operation is given of them (``put_by``).

    ``last`` has the last read of each batch, of very many batches only of some.
    """

    def __init__(self, log: Log, taken: FastPathCounts) -> None:
        self.last: dict[str, Last] = {}
        self._log = log
        self._taken = taken
        self._rows: list[PlainRow] = []

    def remember(self, segment: str, last: Last) -> None:
        """Keep the last read of a batch."""
        if len(self.last) >= _MOST_POLLED and segment not in self.last:
            self.last.clear()
        self.last[segment] = last

    def count(self, last: Last, segment: str, before: str, when: When, raw: LineOrValues) -> None:
        """Count a read of which all is known but when it was."""
        last[3].count += 1
        self._taken.bases[before] += 1
        if not last[2].credential:
            self._taken.without_credential += 1
        self._rows.append((segment, when, self.kept(last[4], raw)))

    def count_all(self, kind: Kind, asked: RequestFacts, before: str, rows: list[PlainRow]) -> None:
        """Count reads of one kind."""
        kind.count += len(rows)
        self._taken.bases[before] += len(rows)
        if not asked.credential:
            self._taken.without_credential += len(rows)
        self._rows += rows

    def kept(self, read: PlainRead, raw: LineOrValues) -> PlainRead:
        """What is put by of a read: with its line, where that cannot be read again."""
        if not self._taken.keeps_lines:
            return read
        size, accept, facts, _ = read
        return size, accept, facts, raw if isinstance(raw, bytes) else orjson.dumps(raw)

    def put_by(self) -> None:
        """Give the log what was gathered, in the order of the exchanges."""
        rows, self._rows = self._rows, []
        rows.sort(key=_number)
        self._log.add_plain(rows)


def _number(row: PlainRow) -> int:
    return row[1][1]

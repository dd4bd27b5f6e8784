"""Rows that are no longer in memory: a SQLite file of their own, which nobody else sees and nothing outlives."""

from __future__ import annotations

import contextlib
import heapq
import marshal
from array import array
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from batch_conformance.exchange.object_json import from_json, to_json

Row = tuple[bytes, bytes, bytes | None]
"""A batch id in UTF-8, halves of surrogate pairs too, its rows, and what was put beside them."""

_JSON = b"J"
"""What stands before JSON, and what marshal made of a list does not begin with."""
_ANY = ("utf-8", "surrogatepass")

Beside = Callable[[str, list[Any]], bytes | None]
"""What is put beside the reads of a batch, so that they need not be read."""


class Spill:
    """A file of rows. Without a ``path`` SQLite makes it, and deletes it; with one, ``taken_over`` opens it again.

    What is put at once stands in it in the order of the keys: a file of one such go needs no index to be read in order.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        import sqlite3  # noqa: PLC0415 - most have all their rows in memory

        # SQLite takes no name to mean a file that grows beyond its cache and is gone when it is closed.
        self._database = sqlite3.connect(path or "", isolation_level=None)
        for line in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"):
            self._database.execute(line)
        self._database.execute("CREATE TABLE IF NOT EXISTS reads (key BLOB, data BLOB, beside BLOB)")
        self._puts = 0

    @classmethod
    def taken_over(cls, path: Path) -> Spill:
        """The file that another process has filled and closed. Its name is gone at once, the file with this object."""
        spill = cls(path)
        found = spill._database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'by_key'").fetchone()
        spill._puts = 1 + found[0]
        with contextlib.suppress(OSError):  # a system that keeps open files leaves it to whoever made the folder
            path.unlink()
        return spill

    def put(self, held: Iterable[tuple[str, list[Any]]], beside: Beside = lambda _key, _reads: None) -> None:
        """Add the reads of batches, each of which comes once."""
        in_order = sorted(((as_bytes(key), key, reads) for key, reads in held), key=itemgetter(0))
        rows = ((data, _packed(reads), beside(key, reads)) for data, key, reads in in_order)
        self._puts += 1
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO reads VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def index(self) -> None:
        """Make ready for ``rows``."""
        if self._puts > 1:
            self._database.execute("CREATE INDEX IF NOT EXISTS by_key ON reads (key)")

    def rows(self) -> Iterator[Row]:
        """All rows by key, those of one in the order in which they came."""
        self.index()
        order = "key, rowid" if self._puts > 1 else "rowid"
        yield from self._database.execute(f"SELECT key, data, beside FROM reads ORDER BY {order}")

    def of(self, key: str) -> Iterator[list[Any]]:
        """What was put of one batch, in the order in which it came."""
        self._database.execute("CREATE INDEX IF NOT EXISTS by_key ON reads (key)")
        found = self._database.execute("SELECT data FROM reads WHERE key = ? ORDER BY rowid", (as_bytes(key),))
        yield from (unpacked(data) for (data,) in found)

    def close(self) -> None:
        """Close it; a file without a name is deleted."""
        self._database.close()


def merged(spills: Iterable[Spill]) -> Iterator[tuple[str, list[Any]]]:
    """The batches of several files by key, each as often as it was put, and their reads."""
    for key, data, _ in merged_rows(spills):
        yield as_text(key), unpacked(data)


def merged_rows(spills: Iterable[Spill]) -> Iterator[Row]:
    """The rows of several files by key."""
    return heapq.merge(*(spill.rows() for spill in spills), key=itemgetter(0))


def as_bytes(key: str) -> bytes:
    """A batch id as files have it: code points sort as their bytes do."""
    return key.encode(*_ANY)


def as_text(key: bytes) -> str:
    """The batch id that ``as_bytes`` was given."""
    return key.decode(*_ANY)


def _packed(reads: list[Any]) -> bytes:
    """Reads as bytes. Most are plain values, for which ``marshal`` is fastest; it makes an array of floats bytes.

    Whole exchanges are written as JSON: no file has what runs code when it is read.
    """
    try:
        return marshal.dumps(reads)
    except ValueError:
        return _JSON + to_json(reads)


def unpacked(data: bytes) -> list[Any]:
    """What ``_packed`` packed, in this process or another one of the same Python."""
    found: list[Any] = from_json(data[1:]) if data.startswith(_JSON) else marshal.loads(data)
    return [array("d", one) if type(one) is bytes else one for one in found]

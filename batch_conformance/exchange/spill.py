"""Rows that are no longer in memory: a SQLite file of their own, which nobody else sees and nothing outlives."""

from __future__ import annotations

import contextlib
import heapq
import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

Row = tuple[bytes, bytes]
"""A batch id in UTF-8, halves of surrogate pairs too, and its rows."""

_ANY = ("utf-8", "surrogatepass")


class Spill:
    """A file of rows. Without a ``path`` SQLite makes it, and deletes it; with one, ``taken_over`` opens it again."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        # SQLite takes no name to mean a file that grows beyond its cache and is gone when it is closed.
        self._database = sqlite3.connect(path or "", isolation_level=None)
        for line in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"):
            self._database.execute(line)
        self._database.execute("CREATE TABLE IF NOT EXISTS reads (key BLOB, data BLOB)")

    @classmethod
    def taken_over(cls, path: Path) -> Spill:
        """The file that another process has filled and closed. Its name is gone at once, the file with this object."""
        spill = cls(path)
        with contextlib.suppress(OSError):  # a system that keeps open files leaves it to whoever made the folder
            path.unlink()
        return spill

    def put(self, held: Iterable[tuple[str, list[Any]]]) -> None:
        """Add the reads of batches."""
        rows = ((key.encode(*_ANY), pickle.dumps(reads, pickle.HIGHEST_PROTOCOL)) for key, reads in held)
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO reads VALUES (?, ?)", rows)
        self._database.execute("COMMIT")

    def index(self) -> None:
        """Make ready for ``rows``."""
        self._database.execute("CREATE INDEX IF NOT EXISTS by_key ON reads (key)")

    def rows(self) -> Iterator[Row]:
        """All rows by key, those of one in the order in which they came."""
        self.index()
        yield from self._database.execute("SELECT key, data FROM reads ORDER BY key, rowid")

    def of(self, key: str) -> Iterator[list[Any]]:
        """What was put of one batch, in the order in which it came."""
        self.index()
        found = self._database.execute("SELECT data FROM reads WHERE key = ? ORDER BY rowid", (key.encode(*_ANY),))
        yield from (pickle.loads(data) for (data,) in found)

    def close(self) -> None:
        """Close it; a file without a name is deleted."""
        self._database.close()


def merged(spills: Iterable[Spill]) -> Iterator[tuple[str, list[Any]]]:
    """The batches of several files by key, each as often as it was put, and their reads."""
    for key, data in heapq.merge(*(spill.rows() for spill in spills), key=itemgetter(0)):
        yield key.decode(*_ANY), pickle.loads(data)

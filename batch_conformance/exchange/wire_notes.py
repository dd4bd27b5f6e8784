"""What the bytes of a head show, and one head beside those before it, that a list of fields does not.

A parser joins folded lines and takes any line end; and whether a server's clock is one clock, or a field grows from
answer to answer, only who reads the connection sees. It is noted with the response (``Response.wire_notes``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal

from batch_conformance.exchange.exchange import Headers, Response, WireNotes

NoteKind = Literal["obs_fold", "bare_lf", "accumulates", "date_back", "clock"]
"""obs_fold, bare_lf: a line of the head that is folded, or that ends without CR; with the name of its field.

accumulates: a field that grew with each of the last answers of the connection; with its name. date_back: a Date earlier
than that of an answer before to the same request; with the earlier answer's. clock: a Date that is not that of this
machine's clock; with the seconds between them.
"""

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_NAME_SHOWN = 60
_GROWN_ENOUGH = 3
"""Answers in a row of one connection in which a field has all that it had in the one before, and more."""
_SECONDS_BACK = 300
"""Clocks of machines behind one address may be some minutes apart: HTTP asks for an approximation of the time."""
_SECONDS_OFF = 300
_MOST_TARGETS = 1000
_OF_CACHES = re.compile(r"\b(?:hit|stale|updating|revalidated)\b", re.IGNORECASE)


def notes_of_head(received: bytes, interim: int) -> WireNotes:
    """What the bytes of a head show, which came after so many interim responses (RFC 9112 sections 2.2 and 5.2)."""
    at = 0
    for _ in range(interim):
        end = _END_OF_HEAD.search(received, at)
        at = end.end() if end is not None else at
    end = _END_OF_HEAD.search(received, at)
    lines = received[at : end.end() if end is not None else len(received)].split(b"\n")[:-1]
    notes: list[tuple[str, str]] = []
    name = ""
    for number, line in enumerate(lines):
        # The value may be a secret.
        name = (
            name if line[:1] in (b" ", b"\t") else line.rstrip(b"\r").partition(b":")[0][:_NAME_SHOWN].decode("latin-1")
        )
        if number and line[:1] in (b" ", b"\t"):
            notes.append(("obs_fold", name))
        if not line.endswith(b"\r"):
            notes.append(("bare_lf", name))
    return tuple({note[0]: note for note in reversed(notes)}.values())


class Accumulation:
    """The fields of the answers of one connection, which grow where a server adds to a list that it never empties."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._grown: Counter[str] = Counter()

    def notes_of(self, headers: Headers) -> WireNotes:
        """Take in the fields of the next answer. What grew with each of the last answers, for as long as it does."""
        now: dict[str, str] = {}
        for name, value in headers:
            lower = name.lower()
            now[lower] = f"{now[lower]},{value}" if lower in now else value
        grown = {name for name, value in now.items() if name in self._last and _has_more(value, self._last[name])}
        self._grown = Counter({name: self._grown[name] + 1 for name in grown})
        self._last = now
        return tuple(("accumulates", name) for name, count in sorted(self._grown.items()) if count >= _GROWN_ENOUGH)


def _has_more(value: str, before: str) -> bool:
    """Whether a list has all that it had before, and more."""
    return value.count(",") > before.count(",") and _parts(value) > _parts(before)


def _parts(value: str) -> Counter[str]:
    return Counter(part.strip() for part in value.split(","))


class Clock:
    """The Dates of the answers that came one after the other: whether they are those of one clock, and of this one."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, bytes, int], tuple[float, str]] = {}
        self._back = 0

    def notes_of(self, method: str, target: bytes, response: Response, begun: float, ended: float) -> WireNotes:
        """Take in the answer to a request that was sent and answered at these moments, in Unix seconds.

        What a cache or a gateway may have written is left out. That the Date once goes back may be a clock that was
        set; the next time it is two clocks. Only answers of one status to one request are compared: recorded answers
        that are played back have the Dates of their recording.
        """
        date = _own_date(response)
        if date is None:
            return ()
        moment = date[0]
        notes: list[tuple[str, str]] = []
        asked = (method, target, response.status)
        before = self._last.get(asked)
        if before is not None and before[0] - moment > _SECONDS_BACK:
            self._back += 1
            if self._back > 1:
                notes.append(("date_back", before[1]))
        if len(self._last) >= _MOST_TARGETS:
            self._last.clear()
        self._last[asked] = date
        off = moment - min(max(moment, begun), ended)
        if abs(off) > _SECONDS_OFF:
            notes.append(("clock", str(int(off))))
        return tuple(notes)


def _own_date(response: Response) -> tuple[float, str] | None:
    """When a response was made by its own account; None where it does not say, or a cache or a gateway may say it."""
    dates: Sequence[str] = response.header_all("date")
    if len(dates) != 1 or response.status >= 500 or response.status == 429 or response.header("age") is not None:
        return None
    cached = (value for name, value in response.headers if "cache" in name.lower())
    if not dates[0].strip().endswith("GMT") or any(map(_OF_CACHES.search, cached)):
        return None
    date = dates[0].strip()
    moment = _seconds(date)
    return None if moment is None else (moment, date)


@lru_cache(maxsize=8)
def _seconds(date: str) -> float | None:
    """Unix seconds of a Date; None where it is none. A server's are the same for a second."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None

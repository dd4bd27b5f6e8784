"""Which planned requests a run leaves out, and why: by what came of those of the same kind.

A kind is the chapter and what the ids are to the server; all credentials that must be refused are one kind to a limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange, Headers, Probe
from batch_conformance.exchange.target import retry_after
from batch_conformance.exchange.transport import AwaitsBody
from batch_conformance.judge.availability import BROKEN_ID, shows_a_batch
from batch_conformance.message import Message, Template
from batch_conformance.probes.credentials import is_refused

_OF_KIND = Template("run.kind", "{chapter} with {subject} ids")
_CREDENTIALS_LIMITED = Template("run.credentials_limited", "refused credentials are answered 429")
_LIMITED = Template("run.limited", "{what} is answered 429")
_ID_FAILS = Template("run.id_fails", "every read of the id {id} fails")
_ENDS = Template("run.ends_server", "{what} ends the server")
_ENDLESS = Template("run.endless", "the answer to {what} never ends")
_SILENT = Template("run.silent", "{what} gets no answer")
_ERRORS = Template("run.errors", "{what} gets server errors")
_UNREADABLE = Template("run.unreadable", "the answers to {what} cannot be read")

ALWAYS_SENT = frozenset({"authentication", "identity", "hostile_ids"})
"""Chapters about identity and security: they are sent whatever server errors come."""
BROKEN_ENOUGH = 3
"""Server errors in a row of one kind of request, after which one is not repeated."""
_BROKEN_FOR_GOOD = 6
"""Server errors in a row of one kind of request that are reported as one finding."""
_SILENT_ENOUGH = 2
"""Requests of one kind that got no answer, one after the other; each further one costs a time-out.

One is enough where the ids of all the kind are alike, and where others of the kind's ids got none."""
_SILENT_READS = 3
"""The same of reads of a batch: two may be chance."""
_LIMITED_ENOUGH = 3
"""Answers of 429 to one kind of request, one after the other, after which it is not asked again.

Of those that ask for no wait only the last to each request counts: such a limit has passed when the next one is sent.
Refused credentials are another thing: what limits them alone guards against guessing, and does not pass.
"""
_SHORT_WAIT = 1.0
"""Seconds of ``Retry-After`` that cost no more than a retry does."""
_ENDED_ENOUGH = 2
"""Requests of one kind that ended the server, one after the other; one is enough where its ids are all alike."""
NOT_FOLLOWED = Template("run.prefer_not_followed", "the target does not follow Prefer: code=NNN")()
"""The reason of what is left out of a run that is complete all the same: nobody has to offer this."""
ODD_LEFT_OUT = Template("run.odd_left_out", "the target limits odd requests, or ends them without an answer")()
"""Another such reason: what is odd may be refused in any way."""

_Kind = tuple[str, str]
_Head = tuple[int, str, tuple[str, ...]]
"""What tells one maker of answers from another before the body: status, media type, names of the fields."""


class Omissions:
    """What is known of each kind of request of a run."""

    def __init__(self) -> None:
        self._broken: Counter[_Kind] = Counter()
        self._broken_ids: Counter[str | None] = Counter()
        self._silent: Counter[_Kind] = Counter()
        self._unreadable: set[_Kind] = set()
        self._endless: set[tuple[_Kind, _Head]] = set()
        self._whole: set[_Head] = set()
        self._endless_heads: set[_Head] = set()
        self.without_body = 0
        """Answers of which the body was not waited for."""
        self._limited: Counter[_Kind] = Counter()
        self._ended: Counter[_Kind] = Counter()
        self._silent_subjects: set[str] = set()
        self._stays_silent = False
        self._prefer: bool | None = None

    def may_repeat(self, exchange: Exchange) -> bool:
        """Whether a request that got no answer, or one that says busy, is worth repeating.

        That no answer comes within the time is confirmed once in a run, and three answers of 429 are enough.
        """
        probe, tried = exchange.probe, exchange.attempt + 1
        if exchange.failure is not None and exchange.failure.kind == "reset" and probe.chapter == ODD_REQUESTS:
            return False  # a way to refuse it
        if exchange.failure is not None and exchange.failure.kind == "refused":
            return exchange.number == 0  # else a plain read is sent next, and then the request once more
        if exchange.failure is not None and exchange.failure.kind == "timeout":
            return not self._stays_silent and tried < _SILENT_ENOUGH
        if exchange.status == 429 and (_is_credential(probe) or _asks_to_wait(exchange)):
            return self._limited[_limited_kind(probe)] + tried < _LIMITED_ENOUGH
        return exchange.status is None or not self.is_broken(probe)

    def awaits_body(self, probe: Probe) -> AwaitsBody:
        """Whether the end of a body is waited for: one that does not come costs a time-out.

        Not where it did not come after such a head for this kind of request, nor where that was seen twice, for
        whichever kind, and never was otherwise. A read of a batch is nothing without its body.
        """
        if shows_a_batch(probe) or not self._whole:
            return lambda _status, _fields: True
        kind = _kind(probe)

        def awaits(status: int, fields: Headers) -> bool:
            head = _head(status, fields)
            if (kind, head) in self._endless:
                return False
            return head not in self._endless_heads or head in self._whole

        return awaits

    def may_rest(self, probe: Probe) -> bool:
        """Whether a request that is answered 429 is worth a rest: not where its kind always is."""
        return self._limited[_limited_kind(probe)] < _LIMITED_ENOUGH - 1

    def errors(self, probe: Probe) -> int:
        """Server errors in a row of this kind of request, and failures."""
        return self._broken[_kind(probe)]

    def is_broken(self, probe: Probe) -> bool:
        """Whether this kind of request has had so many server errors in a row that another one is no news."""
        return self.errors(probe) >= BROKEN_ENOUGH

    def add(self, attempts: Sequence[Exchange]) -> None:
        """Take in what came of a request."""
        final = attempts[-1]
        probe, status = final.probe, final.status or 0
        if probe.forced_status is not None and self._prefer is None:
            self._prefer = status == probe.forced_status
        limited = _limited_kind(probe)
        for exchange in attempts:
            if exchange.status != 429 or probe.forced_status == 429:
                self._limited[limited] = 0
            elif exchange is final or _is_credential(probe) or _asks_to_wait(exchange):
                self._limited[limited] += 1
        self._add_body(attempts)
        self._add_silence(attempts)
        fails = final.failure is not None or (status >= 500 and probe.forced_status is None)
        self._broken[_kind(probe)] = self._broken[_kind(probe)] + 1 if fails else 0
        if final.failure is None:
            self._ended[_kind(probe)] = 0
        if shows_a_batch(probe):
            self._broken_ids[probe.batch_id] = self._broken_ids[probe.batch_id] + 1 if fails else 0

    def _add_body(self, attempts: Sequence[Exchange]) -> None:
        """Take in whether the body of an answer came to its end."""
        final = attempts[-1]
        if final.response is None or final.probe.method == "HEAD":
            return
        kind, head = _kind(final.probe), _head(final.response.status, final.response.headers)
        if is_endless(final):
            elsewhere = any(head == endless for other, endless in self._endless if other != kind)
            if elsewhere or len(list(filter(is_endless, attempts))) > 1:
                self._endless_heads.add(head)
            self._endless.add((kind, head))
        elif final.failure is None and not final.response.truncated:
            self._whole.add(head)
        elif final.failure is None and not self.awaits_body(final.probe)(final.response.status, final.response.headers):
            self.without_body += 1

    def _add_silence(self, attempts: Sequence[Exchange]) -> None:
        final = attempts[-1]
        kind = _kind(final.probe)
        if final.failure is None:
            self._silent[kind] = 0
            self._unreadable.discard(kind)
        elif is_unreadable(final):
            self._silent[kind] = 0
            self._unreadable.add(kind)
        else:
            self._silent[kind] += 1
            timed_out = all(one.failure is not None and one.failure.kind == "timeout" for one in attempts)
            self._stays_silent = self._stays_silent or (timed_out and len(attempts) > 1)
            if self._silent[kind] >= _SILENT_ENOUGH:
                self._silent_subjects.add(final.probe.subject)

    def add_end(self, probe: Probe) -> None:
        """Take in that a request ended the server."""
        self._ended[_kind(probe)] += 1

    def give_limited_a_last_try(self) -> bool:
        """Have each kind that was answered 429 sent until the next 429. Whether there is one."""
        found = [kind for kind, count in self._limited.items() if count >= _LIMITED_ENOUGH]
        for kind in found:
            self._limited[kind] = _LIMITED_ENOUGH - 1
        return bool(found)

    def reason(self, probe: Probe) -> Message | None:
        """Why a request is not worth sending; None where it is."""
        found = self._reason(probe)
        return ODD_LEFT_OUT if found is not None and probe.chapter == ODD_REQUESTS else found

    def _reason(self, probe: Probe) -> Message | None:  # noqa: PLR0911 - a table of reasons
        kind = _kind(probe)
        what = _OF_KIND(chapter=probe.chapter, subject=probe.subject)
        if probe.forced_status is not None and self._prefer is False:
            return NOT_FOLLOWED
        if self._limited[_limited_kind(probe)] >= _LIMITED_ENOUGH:
            return _CREDENTIALS_LIMITED() if _is_credential(probe) else _LIMITED(what=what)
        if shows_a_batch(probe) and self._broken_ids[probe.batch_id] >= BROKEN_ID:
            return _ID_FAILS(id=probe.batch_id or "")
        if self._ended[kind] >= (_ENDED_ENOUGH if probe.chapter in ALWAYS_SENT else 1):
            return _ENDS(what=what)
        if self._silent[kind] >= self._silence_enough(probe):
            return (_ENDLESS if self._is_endless(kind) else _SILENT)(what=what)
        if self._broken[kind] >= _BROKEN_FOR_GOOD and probe.chapter not in ALWAYS_SENT:
            return (_UNREADABLE if kind in self._unreadable else _ERRORS)(what=what)
        return None

    def _silence_enough(self, probe: Probe) -> int:
        if shows_a_batch(probe):
            return _SILENT_READS
        alike = self._is_endless(_kind(probe)) or probe.subject in self._silent_subjects
        return 1 if alike and probe.chapter not in ALWAYS_SENT else _SILENT_ENOUGH

    def _is_endless(self, kind: _Kind) -> bool:
        return any(kind == endless for endless, _ in self._endless)


def _kind(probe: Probe) -> _Kind:
    is_list = probe.batch_id is None and probe.subject == "known"
    return probe.chapter, probe.path if is_list else probe.subject


def is_endless(exchange: Exchange) -> bool:
    """Whether the head of an answer came, and its body did not end within the time."""
    failure = exchange.failure
    return failure is not None and failure.kind == "timeout" and exchange.response is not None


def is_unreadable(exchange: Exchange) -> bool:
    """Whether an answer came that is no HTTP message, or too large a one."""
    return exchange.failure is not None and exchange.failure.kind in ("protocol", "too_large")


def _head(status: int, fields: Headers) -> _Head:
    names = sorted({name.lower() for name, _ in fields})
    media_type = next((value for name, value in fields if name.lower() == "content-type"), "")
    return status, media_type.lower(), tuple(names)


def _is_credential(probe: Probe) -> bool:
    return is_refused(probe.credential)


def _asks_to_wait(exchange: Exchange) -> bool:
    asked = retry_after(exchange.response.header("Retry-After"), exchange.started_at) if exchange.response else None
    return asked is not None and asked > _SHORT_WAIT


def _limited_kind(probe: Probe) -> _Kind:
    return ("", "refused") if _is_credential(probe) else _kind(probe)

"""The one batch of a run that has to be cancelled before the run ends, however it ends.

A creation that should have been refused may be taken, and billed. So such a batch is known from before its creation is
sent until its cancellation was answered, and what that takes is kept back of the limits of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.curl import curl_line
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.limits import Budget, BudgetExhausted
from batch_conformance.message import Message, Private, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.followed import is_answered_well, stage_in
from batch_conformance.run.live.batch_requests import cancel
from batch_conformance.run.live.journal import JournalError
from batch_conformance.run.live.journaled_sender import JournaledSender

KEPT_BACK = 6
"""Requests that a cancellation takes at most: a list, in which the batch is looked for where the answer to its creation
was lost, and twice the cancellation, with a read that shows what came of it; one is spare."""
_PAUSE = 1.0
"""Seconds before a cancellation that failed is sent once more."""
_STOPPED = ("cancelling", "cancelled")

_RUNS_ON = Template(
    "pending_cancel.runs_on",
    "The batch {id} was made by this run and could not be cancelled ({why}). It may run and be billed; cancel it: "
    "{command}",
)
_AT_THE_VENDOR = Template(
    "pending_cancel.at_the_vendor",
    "The batch {id} was made by this run and not cancelled ({why}). It may run and be billed; cancel it at the vendor.",
)
_UNKNOWN = Template(
    "pending_cancel.unknown",
    "The answer to {step} was lost, and no list says whether a batch was made: it may run and be billed; look for a "
    "batch of the file {file}.",
)
_ANSWERED = Template("pending_cancel.answered", "{status} when it was cancelled")
_NOT_SENT = Template("pending_cancel.not_sent", "nothing was sent any more")
_NO_OPERATION = Template("pending_cancel.no_operation", "the document has no operation for it")


@dataclass
class _Pending:
    """A creation that is on its way, or was answered: then ``batch_id`` is known."""

    step: str
    file_id: str
    find: Callable[[], str | None]
    batch_id: str = ""


class PendingCancel:
    """Cancels the batch that is pending, at once or when the run ends.

    ``tell`` hears of what could not be cancelled. ``operation`` is that which cancels, None where there is none.
    """

    def __init__(
        self, sender: JournaledSender, operation: Operation | None, budget: Budget, tell: Callable[[Message], None]
    ) -> None:
        self._sender, self._operation, self._budget, self._tell = sender, operation, budget, tell
        self._pending: _Pending | None = None

    def expect(self, step: str, file_id: object, find: Callable[[], str | None]) -> None:
        """A creation is about to be sent. ``find`` looks for the batch of it where its answer is lost: the id, or None.

        ``find`` may raise ``BudgetExhausted`` and ``LookupError``, where no list can tell.
        """
        self._pending = _Pending(step, str(file_id), find)

    def made(self, batch_id: str) -> None:
        """The batch was made."""
        if self._pending is not None:
            self._pending.batch_id = batch_id

    def over(self) -> None:
        """Nothing is left to be cancelled."""
        self._pending = None

    def settle(self) -> None:
        """Cancel what is pending, with the requests that were kept back: once more where that failed, or say so."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        with self._budget.exempt():
            if not pending.batch_id:
                try:
                    pending.batch_id = pending.find() or ""
                except (BudgetExhausted, LookupError, JournalError):
                    self._tell(_UNKNOWN(step=pending.step, file=Private(pending.file_id)))
                    return
            if pending.batch_id:
                self._cancel(pending.batch_id, pending.step)

    def _cancel(self, batch_id: str, step: str) -> None:
        if self._operation is None:
            self._tell(_AT_THE_VENDOR(id=batch_id, why=_NO_OPERATION()))
            return
        last: Exchange | None = None
        try:
            for attempt in (f"cancel_at_the_end_of_{step}", f"cancel_again_at_the_end_of_{step}"):
                if last is not None:
                    self._sender.rest(_PAUSE)
                answer = self._sender.write_at_the_end(attempt, cancel(self._operation, batch_id, attempt))
                last = answer.exchange
                if is_answered_well(answer) or has_stopped(self._sender.read_batch(batch_id)):
                    return
        except BudgetExhausted:
            pass  # told below
        except KeyboardInterrupt:
            self._tell(_not_cancelled(batch_id, last))
            raise
        self._tell(_not_cancelled(batch_id, last))


def _not_cancelled(batch_id: str, last: Exchange | None) -> Message:
    if last is None:
        return _AT_THE_VENDOR(id=batch_id, why=_NOT_SENT())
    why = last.failure.detail if last.failure is not None else _ANSWERED(status=last.status or 0)
    return _RUNS_ON(id=batch_id, why=why, command=curl_line(last))


def has_stopped(read: Observation) -> bool:
    """Whether a batch has ended, or is being cancelled."""
    stage = stage_in(read)
    return stage is not None and (stage.terminal or stage.word in _STOPPED)

"""Makes files and batches by the document's calls, and follows them to their results; only when asked for.

Beside ``create`` the only requests of this tool that change anything at the target. What others made is never touched:
what is cancelled or deleted was made by this run, or cannot exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.operation_role import OperationRole
from batch_conformance.contract.roles import Stage
from batch_conformance.exchange.exchange import BATCHES, Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.profile import Profile
from batch_conformance.exchange.target import Target
from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.nouns import BATCH
from batch_conformance.observation.observation import Observation, at, integer_at
from batch_conformance.probes.plan import JSON
from batch_conformance.probes.segment import NO_SUCH_ID, encode_segment
from batch_conformance.rules.creating import BadCase
from batch_conformance.rules.followed import (
    BadRequest,
    Cancel,
    Followed,
    MadeBatch,
    ResultFile,
    ResultKind,
    SentFile,
    Upload,
    WithoutKey,
    id_in,
    is_answered_well,
    stage_in,
)
from batch_conformance.rules.pages import items_of
from batch_conformance.rules.results import names_a_file
from batch_conformance.run.live.batch_requests import (
    ODD_IDS,
    ONE_LINE,
    THREE_LINES,
    Asking,
    Sendable,
    cancel,
    create,
    upload,
)
from batch_conformance.run.live.create import CreationError
from batch_conformance.run.live.journal import Journal
from batch_conformance.run.live.journaled_sender import JournaledSender
from batch_conformance.run.live.making_estimate import raise_unless_possible
from batch_conformance.run.live.pending_cancel import KEPT_BACK, PendingCancel, has_stopped

MOST_REQUESTS = 150
"""What a run that makes batches may send beside its plan."""

_NOT_ANSWERED = Template("making.not_answered", "{method} {path} was not answered ({why})")
_ANSWERED = Template("making.answered", "{method} {path} answered {status}: {body}")
_WITHOUT_ID = Template("making.without_id", "{method} {path} answered something without an id")
_LOST = Template(
    "making.lost", "nobody knows whether {step} was done, as no list says so: look for it, and begin a run anew"
)
_MADE = Template("making.made", "{batches} made: {told}.")
_TOLD = Template("making.told", "{id} is {state}")
_UNREAD = Template("making.unread", "not read")
_NOT_FETCHED = Template(
    "making.not_fetched", "A file of results was not fetched: its URL leads to this machine, or without https."
)
_KEPT_FILES = Template(
    "making.kept_files", "The files stay at the vendor: the document has no operation to delete them."
)
_DELETED = Template("making.deleted", "{number} files that were uploaded are deleted again.")
_REQUIRED_END = Template("making.required_end", "the end of the batch {id} (--resume {file} takes it up)")
_REQUIRED_END_ALONE = Template("making.required_end_alone", "the end of the batch {id}")
_REQUIRED_MADE = Template("making.required_made", "a batch that was made and followed")

_LOST_ON_THE_WAY = frozenset({408, 500, 502, 504})
"""Statuses behind which a creation may have been done."""
_GRACE = (0.0, 0.3, 0.7, 1.5, 3.0)
"""Seconds between reads of what was just made, until it is found: stores of several copies take a moment."""
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 0.15, 1.25, 30.0
_MOST_ROUNDS = 80
_ENDING = ("cancelling", "cancelled")


@dataclass(frozen=True)
class MakingResult:
    """What came of making batches. ``writes`` changed something, or would have; ``reads`` are the reads beside them.

    ``missing`` is what a verdict needs, and did not come; ``said`` is what there is to say.
    """

    followed: Followed
    writes: tuple[Exchange, ...]
    reads: tuple[Exchange, ...]
    batch_ids: tuple[str, ...]
    said: tuple[Message, ...]
    missing: tuple[Message, ...]


def make_batches(
    target: Target,
    contract: Contract,
    profile: Profile | None,
    journal: Journal,
    *,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    warn: Callable[[Message], None] = lambda _: None,
) -> MakingResult:
    """Upload files, make batches, follow them for at most ``seconds``, cancel what has to be, and fetch the results.

    What the journal has already is not sent again. ``warn`` is told at once of a batch that has to be cancelled and
    could not be, as a run that is interrupted has no result. Raises ``CreationError`` where a contract has no such
    operations, and ``JournalError`` where the journal cannot be written.
    """
    raise_unless_possible(contract, profile)
    asking = Asking.of(journal.model, profile, journal.run)
    prefers = target.is_loopback and (profile is None or profile.prefer is not False)
    return _Maker(target, contract, asking, journal, rest=(seconds, sleep, warn), prefers=prefers).make()


@dataclass
class _Batch:
    """A batch on its way. ``cancels`` have the number of reads that came before each."""

    name: str
    file: SentFile
    asked: Mapping[str, Any]
    id: str
    created: Observation | None
    reads: list[Observation] = field(default_factory=list)
    cancels: list[tuple[Stage | None, Observation, int]] = field(default_factory=list)
    results: list[ResultFile] = field(default_factory=list)

    @property
    def stage(self) -> Stage | None:
        """The last one that is known."""
        found = [stage for one in (self.created, *self.reads) if one is not None and (stage := stage_in(one))]
        return found[-1] if found else None

    def add_cancel(self, answer: Observation) -> None:
        """Add a cancellation, after what was seen before it: that of a former run came before all reads of this one."""
        sent = answer.exchange.started_at
        seen = [one for one in (self.created, *self.reads) if one is not None and one.exchange.started_at <= sent]
        stages = [stage for one in seen if (stage := stage_in(one)) is not None]
        count = sum(one.exchange.started_at <= sent for one in self.reads)
        self.cancels.append((stages[-1] if stages else None, answer, count))

    @property
    def has_ended(self) -> bool:
        """Whether the last read says so."""
        stage = stage_in(self.reads[-1]) if self.reads else None
        return stage is not None and stage.terminal

    def facts(self) -> MadeBatch:
        """What was seen of it."""
        cancels = tuple(Cancel(before, answer, tuple(self.reads[count:])) for before, answer, count in self.cancels)
        return MadeBatch(
            self.file, self.asked, self.created, tuple(self.reads), cancels=cancels, results=tuple(self.results)
        )


_Rest = tuple[float, Callable[[float], None], Callable[[Message], None]]
"""How many seconds batches are followed, what waits, and what is told at once."""


class _Maker:
    def __init__(
        self, target: Target, contract: Contract, asking: Asking, journal: Journal, *, rest: _Rest, prefers: bool
    ) -> None:
        self.target, self.contract, self.asking, self.journal = target, contract, asking, journal
        self.left, sleep, self.warn = rest
        self.sender = JournaledSender(target, contract, journal, sleep)
        self.pending = PendingCancel(self.sender, contract.write("cancel"), target.budget, self._tell)
        self.prefers = prefers
        self.uploads: list[Upload] = []
        self.file_ids: list[str] = []
        self.batches: list[_Batch] = []
        self.bad: list[tuple[BadCase, Observation, _Batch | None]] = []
        self.denied: list[WithoutKey] = []
        self.unknown_cancel: Observation | None = None
        self.said: list[Message] = []

    def make(self) -> MakingResult:
        self.target.keep_result_urls()
        missing: list[Message] = []
        self.target.budget.keep_back(KEPT_BACK)
        try:
            self._make()
        except (CreationError, BudgetExhausted) as error:
            self.said.append(error.reason)
        finally:
            self.pending.settle()
            self.target.budget.keep_back(0)
        for batch in self.batches:
            if not batch.has_ended:
                file = self.journal.file
                ending = _REQUIRED_END(id=batch.id, file=str(file)) if file else _REQUIRED_END_ALONE(id=batch.id)
                missing.append(ending)
        if not self.batches:
            missing.append(_REQUIRED_MADE())
        else:
            told = tuple(_TOLD(id=one.id, state=one.stage.value if one.stage else _UNREAD()) for one in self.batches)
            self.said.append(_MADE(batches=Count(len(self.batches), BATCH), told=Listing(told)))
        bad = tuple(
            BadRequest(case, answer, tuple(batch.reads) if batch is not None else ())
            for case, answer, batch in self.bad
        )
        followed = Followed(
            tuple(self.uploads),
            tuple(batch.facts() for batch in self.batches),
            bad,
            tuple(self.denied),
            self.unknown_cancel,
        )
        ids = tuple(batch.id for batch in self.batches)
        return MakingResult(
            followed, tuple(self.sender.writes), tuple(self.sender.reads), ids, tuple(self.said), tuple(missing)
        )

    def _tell(self, message: Message) -> None:
        self.said.append(message)
        self.warn(message.mapped(self.target.redactor.redact_text))

    def _make(self) -> None:
        three, one = self.asking.good_files()
        three_id, one_id = self._upload(three, THREE_LINES), self._upload(one, ONE_LINE)
        self._find_in_list()
        self._send_what_is_wrong(one_id)
        self._send_without_key()
        if self.prefers:
            self._ask_for_statuses()
        followed = self._create(three, three_id, THREE_LINES)
        self._read_back(followed)
        if self.contract.write("cancel") is not None:
            self._expect(f"create_{ONE_LINE}", {"input_file_id": one_id})
        cancelled = self._create(one, one_id, ONE_LINE)
        self.pending.made(cancelled.id)
        self._cancel_while_it_runs(cancelled)
        self._settle_unless_stopped(cancelled)
        self._follow()
        for batch in (followed, cancelled):
            if batch.has_ended:
                self._cancel(batch, f"cancel_{batch.name}_ended")
                self._read_again(batch)
                self._fetch_results(batch)
        self._delete_files()

    # Files.

    def _upload(self, file: SentFile, name: str) -> str:
        """Upload a file and give its id. Raises ``CreationError`` and ``BudgetExhausted``."""
        answer, file_id = self._upload_once(file, f"upload_{name}")
        if answer is not None:
            file_id = self._id_in(answer)
            self.uploads.append(Upload(file, answer))
        return file_id

    def _upload_once(self, file: SentFile, step: str) -> tuple[Observation | None, str]:
        """Upload a file, unless a former run did: the answer, None where that was lost, and the id, empty for none."""
        operation = self._operation("upload")
        found = self._find_file(file.name, step) if self.sender.is_lost(step) else None
        answer = self.sender.write(step, upload(operation, file, step)) if found is None else None
        file_id = found or id_in(answer) or ""
        self.file_ids += [file_id] if file_id else []
        return answer, file_id

    def _find_in_list(self) -> None:
        """Read the list of files until it has those that were uploaded, for some seconds."""
        operation = next((one for one in self.contract.operations if one.role == "files"), None)
        if operation is None or operation.listing is None or not self.uploads:
            return
        wanted = set(self.file_ids)
        for pause in _GRACE:
            self.sender.rest(pause)
            page = self.sender.read_list(operation, "files")
            self.uploads = [replace(one, lists=(*one.lists, page)) for one in self.uploads]
            found = {at(item, operation.listing.identity) for item in items_of(page) or ()}
            if wanted <= found:
                break

    def _find_file(self, name: str, step: str) -> str | None:
        """The id of a file that may have been uploaded, by its name; None where the list does not have it."""
        operation = next((one for one in self.contract.operations if one.role == "files"), None)
        page = self.sender.read_list(operation, "files") if operation is not None else None
        items = items_of(page) if page is not None else None
        if operation is None or operation.listing is None or items is None:
            raise CreationError(_LOST(step=step))
        identity = operation.listing.identity
        return next((str(at(one, identity)) for one in items if at(one, "/filename") == name), None)

    def _delete_files(self) -> None:
        """Delete the files that were uploaded, where the document has an operation for it and their batches ended."""
        path = self.contract.file_deletion
        if path is None:
            self.said.append(_KEPT_FILES())
            return
        if not all(batch.has_ended for batch in self.batches):
            return
        deleted = 0
        for file_id in self.file_ids:
            where = path.partition("{")[0] + encode_segment(file_id) + path.partition("}")[2]
            probe = Probe(BATCHES, "delete", where, None, "outside", method="DELETE", headers=JSON)
            self.target.close()
            status = self.target.send(probe, self.sender.next_number())[-1].status or 0
            deleted += 200 <= status < 300
        self.said.append(_DELETED(number=deleted))

    # What must be refused.

    def _send_what_is_wrong(self, file_id: str) -> None:
        """Ask for batches that must not run; what is made all the same is cancelled at once."""
        operation = self._operation("create")
        for case, order in self.asking.bad_orders(operation, file_id):
            self._create_wrong(case, order)
        for case, file in self.asking.bad_files().items():
            _, made_of = self._upload_once(file, f"upload_{case}")
            if made_of:  # else it was refused at once
                self._create_wrong(case, self.asking.order(operation, made_of))

    def _create_wrong(self, case: BadCase, order: Mapping[str, Any]) -> None:
        operation, step = self._operation("create"), f"create_{case}"
        self._expect(step, order)
        if self.sender.is_lost(step):  # it is not asked for again: if it was made, it is to be cancelled
            self.pending.settle()
            return
        answer = self.sender.write(step, create(operation, order, step))
        made = id_in(answer)
        batch = None
        if made is not None:
            batch = _Batch(case, self.asking.file(case, []), order, made, answer)
            self.pending.made(batch.id)
            self._read_again(batch)
            if not batch.has_ended:
                self._cancel(batch, f"cancel_{case}")
                self._read_again(batch)
            self._settle_unless_stopped(batch)
        elif may_have_been_made(answer):
            self.pending.settle()
        self.pending.over()
        self.bad.append((case, answer, batch))

    def _expect(self, step: str, order: Mapping[str, Any]) -> None:
        """A creation of what has to be cancelled is about to be sent."""
        self.pending.expect(step, order.get("input_file_id", ""), lambda: self._find_batch(order, step))

    def _settle_unless_stopped(self, batch: _Batch) -> None:
        """Cancel a batch once more where it was not, or say that it runs."""
        taken = bool(batch.cancels) and is_answered_well(batch.cancels[0][1])
        if taken or has_stopped(batch.reads[-1]):
            self.pending.over()
        else:
            self.pending.settle()

    def _send_without_key(self) -> None:
        """Ask for changes without a credential, of what cannot exist, or with a part missing."""
        if self.target.is_loopback:
            self._cancel_odd_ids()
        for operation, step, (probe, body) in self._impossible():
            known = (answer for case, answer, _ in self.bad if case == "unknown_file" and operation.role == "create")
            with_key = next(known, None) or self._ask_impossible(operation, probe, body)
            if step == "cancel_unknown":
                self.unknown_cancel = with_key
            anonymous = replace(probe, credential="missing", name=f"{step}_without_key")
            self.denied.append(WithoutKey(self._ask_impossible(operation, anonymous, body), with_key))

    def _cancel_odd_ids(self) -> None:
        """Ask to cancel what cannot exist, by ids that nobody means well with: on this machine alone."""
        operation = self.contract.write("cancel")
        if operation is None:
            return
        for odd in ODD_IDS:
            probe, body = cancel(operation, odd, "cancel_odd_id")
            self.sender.ask(replace(probe, subject="hostile"), body)

    def _ask_for_statuses(self) -> None:
        """Ask for each documented error by ``Prefer`` (RFC 7240), with what cannot exist."""
        for operation, _, (probe, body) in self._impossible():
            for status in sorted(int(one) for one in operation.responses if one.isdigit() and int(one) >= 400):
                headers = (*probe.headers, ("Prefer", f"code={status}"))
                name = f"{operation.role}_prefer_{status}"
                asked = replace(probe, name=name, headers=headers, forced_status=status)
                self._ask_impossible(operation, asked, body)

    def _ask_impossible(self, operation: Operation, probe: Probe, body: bytes) -> Observation:
        """Ask for what nothing can come of. A batch that is made all the same is cancelled at once."""
        if operation.role != "create":
            return self.sender.ask(probe, body)
        self._expect(probe.name, self._order_of_no_file())
        answer = self.sender.ask(probe, body)
        made = id_in(answer)
        if made is not None:
            self.pending.made(made)
        if made is not None or (may_have_been_made(answer) and probe.forced_status != answer.exchange.status):
            self.pending.settle()
        self.pending.over()
        return answer

    def _order_of_no_file(self) -> dict[str, Any]:
        orders = self.asking.bad_orders(self._operation("create"), "")
        return next(order for case, order in orders if case == "unknown_file")

    def _impossible(self) -> list[tuple[Operation, str, Sendable]]:
        """For each operation that writes, a request of which nothing can come, and the name of its step."""
        uploads, creates, cancels = self._operation("upload"), self._operation("create"), self.contract.write("cancel")
        unknown = create(creates, self._order_of_no_file(), "create_unknown_file")
        found = [
            (uploads, "upload_without_file", upload(uploads, None, "upload_without_file")),
            (creates, "create_unknown_file", unknown),
        ]
        if cancels is not None:
            found.append((cancels, "cancel_unknown", cancel(cancels, NO_SUCH_ID, "cancel_unknown")))
        return found

    # Batches.

    def _create(self, file: SentFile, file_id: str, name: str) -> _Batch:
        """Make a batch. Raises ``CreationError`` and ``BudgetExhausted``."""
        operation, step = self._operation("create"), f"create_{name}"
        order = self.asking.order(operation, file_id)
        found = self._find_or_raise(order, step) if self.sender.is_lost(step) else None
        answer = None
        if found is None:
            answer = self.sender.write(step, create(operation, order, step))
            if may_have_been_made(answer):
                found = self._find_or_raise(order, step)
        if found is not None:
            batch = _Batch(name, file, order, found, None)
        else:
            assert answer is not None
            batch = _Batch(name, file, order, self._id_in(answer), answer)
        self.batches.append(batch)
        return batch

    def _find_or_raise(self, order: Mapping[str, Any], step: str) -> str | None:
        try:
            return self._find_batch(order, step)
        except LookupError:
            raise CreationError(_LOST(step=step)) from None

    def _find_batch(self, order: Mapping[str, Any], step: str) -> str | None:
        """The id of a batch that may have been made of an order in a step; None where the list has none.

        A file of this run names it, or its metadata do. Raises ``LookupError`` where no list can tell.
        """
        operation = next((one for one in self.contract.operations if one.role == "list"), None)
        page = self.sender.read_list(operation, "list") if operation is not None else None
        items = items_of(page) if page is not None else None
        if operation is None or operation.listing is None or items is None:
            raise LookupError
        form, file_id, described = operation.listing, order.get("input_file_id"), order.get("metadata")
        known = self.sender.made_ids(but_for=step)
        for item in items:
            files = {value for pointer in form.roles.inputs if isinstance(value := at(item, pointer), str)}
            if file_id in self.file_ids:
                is_it = file_id in files
            else:  # a file that is not there, or none: what names the run is all that tells
                is_it = bool(described) and at(item, "/metadata") == described and not files & set(self.file_ids)
            found = str(at(item, form.identity))
            if is_it and found not in known:
                return found
        return None

    def _read_back(self, batch: _Batch) -> None:
        for pause in _GRACE:
            self.sender.rest(pause)
            self._read_again(batch)
            if batch.reads[-1].batch is not None:
                return

    def _cancel_while_it_runs(self, batch: _Batch) -> None:
        self._cancel(batch, f"cancel_{batch.name}")
        self._read_again(batch)
        stage = batch.stage
        if stage is not None and stage.word in _ENDING:
            self._cancel(batch, f"cancel_{batch.name}_again")
            self._read_again(batch)

    def _cancel(self, batch: _Batch, step: str) -> None:
        """Cancel a batch of this run, where the document has an operation for it."""
        operation = self.contract.write("cancel")
        if operation is not None:
            answer = self.sender.write(step, cancel(operation, batch.id, step))
            batch.add_cancel(answer)

    def _follow(self) -> None:
        """Read the batches until all have ended, or the time is up."""
        pause = _FIRST_PAUSE
        for _ in range(_MOST_ROUNDS):
            going = [one for one in self._all_batches() if not one.has_ended]
            if not going or self.left <= 0:
                return
            pause = min(pause * _GROWTH, _LONGEST_PAUSE, max(self.left, 0.01))
            self.sender.rest(pause)
            self.left -= pause
            for batch in going:
                self._read_again(batch)

    def _all_batches(self) -> Iterator[_Batch]:
        yield from self.batches
        yield from (batch for _, _, batch in self.bad if batch is not None)

    def _fetch_results(self, batch: _Batch) -> None:
        for pause in _GRACE[1:]:  # files may be named a moment after the end
            stage = batch.stage
            if stage is None or stage.word != "completed" or _names_what_it_counts(batch.reads[-1]):
                break
            self.sender.rest(pause)
            self._read_again(batch)
        end = batch.reads[-1]
        known: set[str] = set()
        for pointer in end.operation.roles.results:
            name = at(end.batch, pointer)
            if not isinstance(name, str) or not names_a_file(name) or name in known:
                continue
            known.add(name)
            fetched = self._fetch(name)
            for pause in _GRACE[1:]:
                if fetched is None or fetched.status != 404:
                    break
                self.sender.rest(pause)
                fetched = self._fetch(name)
            if fetched is None:
                continue
            again = self._fetch(name) if batch is self.batches[0] else None
            kind: ResultKind = "error" if "error" in pointer else "output"
            batch.results.append(ResultFile(kind, pointer, end, fetched, again))

    def _fetch(self, name: str) -> Exchange | None:
        """What a file of results holds, by its id at the API, by its URL without the key; None where it cannot be."""
        if "://" in name:
            probe = Probe(BATCHES, "result", "", None, "outside")
            fetched = self.target.fetch(name, probe, self.sender.next_number())
            if fetched is None:
                self.said.append(_NOT_FETCHED())
            return fetched
        path = self.contract.file_content
        if path is None:
            return None
        where = path.partition("{")[0] + encode_segment(name) + path.partition("}")[2]
        return self.target.send(Probe(BATCHES, "result", where, None, "outside"), self.sender.next_number())[-1]

    # What is common to them.

    def _read_again(self, batch: _Batch) -> None:
        batch.reads.append(self.sender.read_batch(batch.id))

    def _operation(self, role: OperationRole) -> Operation:
        found = self.contract.write(role)
        assert found is not None, role
        return found

    def _id_in(self, answer: Observation) -> str:
        """The id of what was made. Raises ``CreationError`` where there is none."""
        found, exchange = id_in(answer), answer.exchange
        if found is not None:
            return found
        named = {"method": answer.method, "path": answer.operation.path}
        if exchange.failure is not None:
            raise CreationError(_NOT_ANSWERED(**named, why=exchange.failure.detail))
        if 200 <= (exchange.status or 0) < 300:
            raise CreationError(_WITHOUT_ID(**named))
        body = exchange.response.body if exchange.response is not None else b""
        words = " ".join(body.decode("utf-8", "replace").split())[:160]
        raise CreationError(_ANSWERED(**named, status=exchange.status or 0, body=words))


def _names_what_it_counts(read: Observation) -> bool:
    """Whether a batch names a file of results for each kind of which it counts requests, without counts any at all."""
    roles = read.operation.roles
    named = [one for one in roles.results if at(read.batch, one)]
    counts = roles.counts
    completed = integer_at(read.batch, counts.completed) if counts is not None else None
    failed = integer_at(read.batch, counts.failed) if counts is not None else None
    if not named or completed is None or failed is None:
        return bool(named)
    kinds = {"error" if "error" in one else "output" for one in named}
    return (not completed or "output" in kinds) and (not failed or "error" in kinds)


def may_have_been_made(answer: Observation) -> bool:
    """Whether something may have been made though no answer says so: it was lost, or came from something on the way."""
    exchange = answer.exchange
    return exchange.failure is not None or exchange.status in _LOST_ON_THE_WAY

"""An audit: contract, target, plan and runner together, and the report that comes of them."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import BATCHES, Exchange
from batch_conformance.exchange.target import Target
from batch_conformance.findings.finding import Confirmation, Finding, mask_findings
from batch_conformance.findings.gate import INTERRUPTED, UNCOVERED, decide, fails_gate
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.gateway import only_errors, silent_ids
from batch_conformance.judge.judge import is_batch_required
from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.nouns import NOUNS
from batch_conformance.probes.credentials import MAX_REFUSED
from batch_conformance.probes.plan import Plan
from batch_conformance.report.run.run_report import ChapterResult, RunFacts, RunReport, TargetFacts
from batch_conformance.run.comparison import Comparison
from batch_conformance.run.contracts import REPAIRED
from batch_conformance.run.live.address import AddressError, missing_prefix, raise_if_nothing
from batch_conformance.run.live.confirm import confirm
from batch_conformance.run.live.confirm import note as confirmed_in_words
from batch_conformance.run.live.create import FIRST_NUMBER
from batch_conformance.run.live.making_estimate import least_requests
from batch_conformance.run.live.minimize import MOST, Minimizer
from batch_conformance.run.live.runner import CONTROL, Runner
from batch_conformance.run.live.walk import PAGES
from batch_conformance.run.settings import Settings
from batch_conformance.run.vendors import NO_VENDOR, known_of, mark_known

INSECURE = Template(
    "run.insecure",
    "--insecure: the certificate was not verified; whoever sat in between may have the key, and may have answered.",
)()
"""Said before the run and in every report of it."""

UNJUDGED = Template("required.judged", "the judging of what was received")()
"""Missing where the judge itself failed."""

_NO_ID = Template("required.no_id", "{what} (no known id: give one with --batch-id)")
_NO_ID_NOR_LIST = Template("required.no_id_nor_list", "{what} (no known id: give one with --batch-id, or --discover)")
_WRONG_PREFIX = Template(
    "required.wrong_prefix",
    "{what} (every request got 404: is {where} the right path? The document's server ends in {prefix})",
)
_WRONG_PATH = Template(
    "required.wrong_path", "{what} (every request got 404: is {where} the right path? Base URLs end like …/v1)"
)
_OTHER_ACCOUNT = Template(
    "required.other_account", "{what} (is the id of this account, and not expired? is {where} the right path?)"
)
_PARTIAL = Template("note.partial", "Partial: only what the selected tests need was sent.")
_ENDED_EARLY = Template("note.ended_early", "The run ended early: {why}. {left} planned requests were not sent.")
_ENDED = Template("note.ended", "The run ended early: {why}.")
_ONE_NOT_SENT = Template("note.one_not_sent", "1 planned request was not sent: {why}.")
_NOT_SENT = Template("note.not_sent", "{number} planned requests were not sent: {why}.")
_WITHOUT_BODY = Template(
    "note.without_body",
    "Of {number} answers the head alone was judged: a body like theirs did not end, and cost a time-out.",
)
_LIMITED = Template("note.limited", "{number} answers of 429 were waited out.")
_SLOWED = Template(
    "note.slowed", "The target limits requests (429): the rest was sent slower, at most {rate} requests a second."
)
_GONE = Template("note.gone", "{ids}: 404 at every read. Expired, or of another account? Nothing was judged of it.")
_REFUSED_ID = Template(
    "note.refused_id", "{id}: {status} at every read. Is it of this account? Nothing was judged of it."
)
_HEALED = Template("note.healed", "{number} requests failed and were repeated.")
_BEYOND = Template("note.beyond_plan", "{sent} requests were sent for a plan of {planned}: beside it {why}.")
_AGAIN = Template("note.beyond_plan_again", "{number} again after an error or a limit")
_LOOKS = Template("note.beyond_plan_looks", "{number} to see whether the target still answers")
_PLACES = Template("note.beyond_plan_places", "{number} to learn what in a request lets it in")
_MINIMIZING = Template("note.minimizing", "{requests} after the plan looked for the smallest that shows a finding.")

Selected = Callable[[Finding], bool]

_PACKAGES = ("batch-conformance", "schemathesis", "hypothesis", "pytest", "jsonschema", "h11")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reached:
    """What an audit talks to, and how. ``batch_ids`` are those that exist for the key.

    ``further`` are the connections that are used at once, where there are several. ``used`` counts the requests that
    came before the plan, ``said`` has what there is to say of them. ``doubt`` says why the base URL may be another one.
    ``mock`` is the embedded one, made from the contract where it is ``fitted``. ``further_ids`` are ids that exist of
    further operations, by the ids of those.
    """

    target: Target
    batch_ids: tuple[str, ...]
    used: int = 0
    said: tuple[Message, ...] = ()
    doubt: Message | None = None
    mock: EmbeddedMock | None = None
    fitted: bool = False
    further: tuple[Target, ...] = ()
    further_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Audit:
    """One audit of one target, as ``begin`` began it. ``close`` it: an embedded mock ends with it.

    ``command`` and ``seed`` are for the report, and so are ``started``, in Unix seconds, and ``clock``, the reading of
    the monotonic clock then. Making one sends nothing and starts nothing.
    """

    def __init__(
        self,
        settings: Settings,
        reached: Reached,
        runner: Runner,
        comparison: Comparison,
        *,
        seed: int | None,
        command: str,
        started: float,
        clock: float,
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.runner = runner
        self.comparison = comparison
        self.contract: Contract = runner.contract
        self.plan: Plan = runner.plan
        self.target = reached.target
        self.base: BaseUrl = reached.target.base
        self.batch_ids = reached.batch_ids
        self.command = reached.target.redactor.redact_text(command)
        self.started = started
        self._clock = clock
        self._reached = reached
        self._profile = settings.profile or NO_VENDOR
        self._ledger, self._judged = Ledger(), 0
        self._confirmed: Mapping[str, Confirmation] = {}
        self._minimizer: Minimizer | None = None
        # What found or made batches, and fetched results, is in no list of exchanges.
        self._unlisted = max(0, self.target.budget.used - self.runner.sent)

    @property
    def kind(self) -> str:
        """What kind of target this is."""
        if self._reached.mock is not None:
            return "embedded mock"
        return "loopback" if self.base.is_loopback else "remote"

    @property
    def doubt(self) -> Message | None:
        """Why the base URL may be another one; None where it is not doubtful."""
        return self._reached.doubt

    def confirm_address(self) -> None:
        """Send the first request where the base URL is doubtful; raise ``AddressError`` if it finds nothing.

        What is answered at an address that nobody serves says nothing of the operation, so no verdict comes of it.
        """
        doubt = self.doubt
        final = self.runner.preflight() if doubt and self.settings.sends else None
        if final is None or doubt is None:
            return
        try:
            raise_if_nothing(final, doubt, knows_an_id=bool(self.batch_ids))
        except AddressError:
            self.close()
            raise

    @property
    def is_fitted(self) -> bool:
        """Whether the target is an embedded mock that is made from the contract."""
        return self._reached.fitted

    @property
    def _started_at(self) -> str:
        return datetime.fromtimestamp(self.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def seconds_of(self, plan: Plan) -> int:
        """How long sending a plan, or a part of one, will take."""
        rate = self.settings.rate_limit
        return max(1, round(plan.estimate(1 / rate.interval if rate else None, latency=0.002)))

    @property
    def before_plan(self) -> int:
        """Requests that were sent beside the plan until now: to make and follow batches, to read lists, to find ids."""
        of_plan = sum(
            exchange.number < len(self.plan.probes) and exchange.probe.chapter not in (PAGES, BATCHES)
            for exchange in self.runner.exchanges
        )
        return self.target.budget.used - of_plan

    @property
    def least_before_plan(self) -> int:
        """How many requests at least make and follow batches, of a run that sends nothing; 0 where it makes none."""
        if self.settings.sends or self.settings.operations != "all":
            return 0
        return least_requests(self.contract, self.settings.profile, is_loopback=self.target.is_loopback)

    def judged(self) -> Ledger:
        """The ledger of all that was sent so far, customers' values masked in what its findings say."""
        if self._judged != self.runner.sent or not self._ledger.clauses:
            self._judged = self.runner.sent
            ledger, masked = self.runner.ledger(), (*self.contract.private, *self.settings.redact)
            found = [self._smallest(finding) for finding in ledger.findings]
            accepted = self.comparison.accept(mask_findings(found, masked), self._started_at)
            findings = (
                replace(one, confirmation=self._confirmed.get(one.id)) for one in mark_known(accepted, self._profile)
            )
            self._ledger = replace(ledger, findings=tuple(findings))
        return self._ledger

    def to_confirm(self, selected: Selected | None = None) -> tuple[Finding, ...]:
        """The new findings that would fail the run, where they are to be confirmed before (``--confirm``).

        ``selected`` is as for ``report``.
        """
        if self.settings.confirm is None:
            return ()
        return tuple(
            one
            for one in self.judged().findings
            if one.state == "new" and fails_gate(one, self.settings.fail_on) and (selected is None or selected(one))
        )

    def confirm(self, findings: Sequence[Finding]) -> None:
        """Wait, and ask again what showed these findings; ``judged`` has what came of it from then on."""
        any_number = self.settings.unsafe and self.target.is_loopback
        most_refused = None if any_number else MAX_REFUSED
        self._confirmed = confirm(self.runner, findings, self.settings.confirm or 0.0, most_refused=most_refused)
        self.runner.notes.append(confirmed_in_words(self._confirmed.values(), len(self.runner.asked_again)))
        self._ledger = Ledger()

    def most_for_minimizing(self, plan: Plan | None = None) -> int:
        """How many requests beside a plan may be sent to shrink what shows a finding; 0 where none is."""
        if not self.settings.minimize:
            return 0
        most = self.target.budget.max_requests
        left = MOST if most is None else most - self._reached.used - len((plan or self.plan).probes)
        return max(0, min(MOST, left))

    def minimize(self) -> None:
        """Look for the smallest request that shows each finding of odd requests, unless the run was stopped."""
        if self.most_for_minimizing() and not self.runner.stopped and self._minimizer is None:
            known = {self.contract.chosen.id: self.batch_ids, **self._reached.further_ids}
            minimizer = Minimizer(self.target, self.contract, known)
            minimizer.minimize(self.judged().findings)
            self._minimizer, self._ledger = minimizer, Ledger()

    def _smallest(self, finding: Finding) -> Finding:
        shrunk = self._minimizer.found.get(finding.id) if self._minimizer else None
        return shrunk.applied(finding) if shrunk is not None else finding

    @property
    def _of_minimizing(self) -> tuple[Exchange, ...]:
        return tuple(self._minimizer.exchanges) if self._minimizer else ()

    def close(self) -> None:
        """Close the connection and end the embedded mock."""
        for target in (self.target, *self._reached.further):
            target.close()
        if self._reached.mock is not None:
            self._reached.mock.stop()

    def report(
        self,
        chapters: Sequence[ChapterResult] = (),
        *,
        selected: Selected | None = None,
        interrupted: bool = False,
        fault: str = "",
    ) -> RunReport:
        """What the run came to. A fault of the judge costs its own findings, not the report of what was received.

        ``selected`` says of a finding whether it is at a clause that was selected; None where all are.
        """
        try:
            ledger = self.judged()
        except Exception as error:
            fault = fault or f"the judge failed: {type(error).__name__}: {error}"
            received = sorted(self.runner.exchanges, key=lambda exchange: exchange.order)
            ledger = replace(self._ledger, exchanges=tuple(received), missing=(UNJUDGED,))
        partial = selected is not None
        outside = frozenset(one.id for one in ledger.findings if selected is not None and not selected(one))
        stopped = self.runner.stopped or (INTERRUPTED() if interrupted else None)
        run = (ledger.exchanges, self.contract, ledger.unjudged)
        reported_kinds = {finding.kind for finding in ledger.findings if finding.rule == "response.server_error"}
        suspicious = () if ledger.cause else (*only_errors(*run, reported_kinds), *silent_ids(*run))
        missing = (*self._explain(ledger), *suspicious)
        complete = not (stopped or interrupted or fault or partial or self.runner.lacks)
        entries = self.comparison.entries(ledger, complete=complete)
        least, judged = self.settings.min_coverage, ledger.judged_percent
        decision = decide(
            ledger.findings,
            missing=missing,
            fail_on=self.settings.fail_on,
            stopped=None if self.runner.spent and self.runner.nearly_done and not interrupted else stopped,
            cause=ledger.cause,
            interrupted=interrupted,
            fault=fault,
            partial=partial,
            outside=outside,
            uncovered=UNCOVERED(judged=f"{judged:.1f}", least=f"{least:g}")
            if least is not None and judged < least
            else None,
            obsolete=sum(entry.state == "fixed" for entry in entries) if self.settings.files.strict else 0,
        )
        masked = tuple(map(self.target.redactor.redact_text, self.batch_ids))
        target = TargetFacts(str(self.base), self.kind, masked)
        return RunReport(
            verdict=decision.verdict,
            complete=complete,
            exit_code=decision.exit_code,
            exit_reason=decision.reason,
            outcome=decision.outcome,
            target=target,
            run=self._facts(),
            contract=self.contract,
            ledger=ledger,
            asked_again=tuple(self.runner.asked_again),
            chapters=tuple(chapters),
            missing=missing,
            notes=tuple(self._notes(partial, ledger)),
            stopped=stopped,
            fault=fault,
            partial=partial,
            outside=outside,
            redacted=self.settings.redact,
            baseline=self.comparison.baseline.name if self.comparison.baseline else "",
            entries=entries,
            strict_baseline=self.settings.files.strict,
            history=self.comparison.history(
                ledger, self.contract, target, started_at=self._started_at, complete=complete
            ),
            language=self.settings.language,
            minimizing=self._of_minimizing,
        )

    def _explain(self, ledger: Ledger) -> list[Message]:
        """What is missing, with what to do about it."""
        reasons: list[Message] = []
        for what in ledger.missing:
            success, where = is_batch_required(what, self.contract), f"{self.base}{self.contract.chosen.path}"
            if success and not self.batch_ids and not _nothing_there(ledger):
                reasons.append((_NO_ID if self.settings.discover else _NO_ID_NOR_LIST)(what=what))
            elif success and _nothing_there(ledger):
                prefix = missing_prefix(self.base, self.contract)
                reasons.append(
                    _WRONG_PREFIX(what=what, where=where, prefix=prefix)
                    if prefix
                    else _WRONG_PATH(what=what, where=where)
                )
            elif success and ledger.exchanges and not self.runner.stopped:
                reasons.append(_OTHER_ACCOUNT(what=what, where=where))
            else:
                reasons.append(what)
        return reasons

    def _notes(self, partial: bool, ledger: Ledger) -> list[Message]:
        notes = [INSECURE] if self.target.insecure else []
        notes += [*self._reached.said, *self.plan.notes, *self.runner.notes, *known_of(ledger.findings, self._profile)]
        if partial:
            notes.append(_PARTIAL())
        if self.runner.stopped:
            left = self.runner.unsent - sum(self.runner.left_out.values())
            stopped = self.runner.stopped
            notes.append(_ENDED_EARLY(why=stopped, left=left) if left else _ENDED(why=stopped))
        for reason, count in self.runner.left_out.items():
            notes.append(_ONE_NOT_SENT(why=reason) if count == 1 else _NOT_SENT(number=count, why=reason))
        if self.runner.without_body:
            notes.append(_WITHOUT_BODY(number=self.runner.without_body))
        limited = sum(exchange.status == 429 and not exchange.final for exchange in ledger.exchanges)
        if limited:
            notes.append(_LIMITED(number=limited))
        if self.runner.pace:
            notes.append(_SLOWED(rate=f"{self.runner.pace:.3g}"))
        # What follows a batch that a run made has numbers beyond those of any plan.
        of_plan = [
            exchange
            for exchange in self.runner.exchanges
            if exchange.probe.chapter not in (PAGES, BATCHES) and exchange.number < FIRST_NUMBER
        ]
        if beyond := beyond_the_plan(of_plan, len(self.plan.probes)):
            notes.append(beyond)
        if self._of_minimizing:
            notes.append(_MINIMIZING(requests=Count(len(self._of_minimizing), NOUNS["request"])))
        refused = _refused_always(ledger)
        if len(refused) < len(self.batch_ids):
            gone = tuple(batch_id for batch_id, status in refused.items() if status == 404)
            notes += [_GONE(ids=Listing(gone))] if gone else []
            others = ((batch_id, status) for batch_id, status in refused.items() if status != 404)
            notes += [_REFUSED_ID(id=batch_id, status=status) for batch_id, status in others]
        healed = sum(exchange.failure is not None and not exchange.final for exchange in ledger.exchanges)
        if healed:
            notes.append(_HEALED(number=healed))
        if self.contract.repaired:
            notes.append(REPAIRED())
        return [note.mapped(self.target.redactor.redact_text) for note in notes]

    def _facts(self) -> RunFacts:
        return RunFacts(
            seed="derandomized" if self.seed is None else str(self.seed),
            started_at=self._started_at,
            duration_s=round(time.monotonic() - self._clock, 3),
            requests=self.runner.sent + len(self._of_minimizing) + self._unlisted,
            planned=len(self.runner.wanted),
            exploration=self.settings.exploration,
            fail_on=self.settings.fail_on,
            command=self.command,
            versions={"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        )


def beyond_the_plan(exchanges: Sequence[Exchange], planned: int) -> Message | None:
    """Why more requests were sent than were planned; None where they were not."""
    repeated = sum(exchange.attempt > 0 for exchange in exchanges)
    looks = sum(exchange.attempt == 0 and exchange.probe.name == CONTROL for exchange in exchanges)
    places = sum(
        exchange.attempt == 0 and exchange.number >= planned and exchange.probe.name != CONTROL
        for exchange in exchanges
    )
    if len(exchanges) <= planned:
        return None
    counted = ((_AGAIN, repeated), (_LOOKS, looks), (_PLACES, places))
    why = tuple(says(number=number) for says, number in counted if number)
    return _BEYOND(sent=len(exchanges), planned=planned, why=Listing(why))


def _nothing_there(ledger: Ledger) -> bool:
    """Whether no request found the operation, not even one without a credential: a path that is not served."""
    answered = [e for e in ledger.exchanges if e.probe.subject in ("known", "unknown") and e.status]
    anonymous = any(exchange.probe.credential == "missing" for exchange in answered)
    return anonymous and all(exchange.status == 404 for exchange in answered if exchange.probe.method == "GET")


def _refused_always(ledger: Ledger) -> dict[str, int]:
    """The known ids that were refused in the same way at every read, and how."""
    statuses: dict[str, set[int | None]] = {}
    for exchange in ledger.exchanges:
        probe = exchange.probe
        if probe.subject == "known" and probe.credential == "valid" and probe.forced_status is None and exchange.final:
            statuses.setdefault(probe.batch_id or "", set()).add(exchange.status)
    alone = {batch_id: next(iter(seen)) for batch_id, seen in statuses.items() if len(seen) == 1}
    return {batch_id: status for batch_id, status in alone.items() if status is not None and 400 <= status < 500}


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        from batch_conformance import __version__  # noqa: PLC0415 - a clone that was never installed

        return __version__ if package == "batch-conformance" else "not installed"

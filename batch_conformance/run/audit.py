"""An audit: contract, target, plan and runner put together, and the report that comes of them."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from batch_conformance.client.reader import ClientReader
from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.base_url import BaseUrl, parse_base_url
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.limits import Budget, BudgetExhausted, RateLimit
from batch_conformance.exchange.record import Spool, read_recording
from batch_conformance.exchange.secret import Secret
from batch_conformance.exchange.target import Target
from batch_conformance.findings.gate import decide
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.masking import mask_findings
from batch_conformance.input_error import InputError
from batch_conformance.judge.weather import only_errors, silent_ids
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.chapters import CHAPTER_NAMES, CLIENT
from batch_conformance.probes.generated import load
from batch_conformance.probes.plan import LIMITS, Plan, build_plan
from batch_conformance.report.run_report import ChapterResult, RunFacts, RunReport, TargetFacts
from batch_conformance.run.create import Creation, CreationError, cost, create
from batch_conformance.run.discover import discover
from batch_conformance.run.recall import recall
from batch_conformance.run.runner import Progress, Runner
from batch_conformance.run.settings import Settings
from batch_conformance.run.shared import Shared, SharedBudget
from batch_conformance.run.vendors import NO_VENDOR, contract_for, known_of, mark_known, presents

DUMMY_KEY = Secret("no-key-was-given")
"""Sent where a local target was given no key and asks for none: whether it takes any token is then judged."""

INSECURE = (
    "--insecure: the certificate was not verified; whoever sat in between may have the key, and may have answered."
)
"""Said before the run and in every report of it."""

UNJUDGED = "the judging of what was received"
"""Missing where the judge itself failed."""

_PACKAGES = ("batch-conformance", "schemathesis", "hypothesis", "pytest", "jsonschema", "h11")


class AuditError(InputError):
    """The audit cannot begin; one line says why and what to do."""


class Audit:
    """One audit of one target. ``close`` it: an embedded mock ends with it.

    ``contract`` and ``plan`` are those of the settings where they are at hand already; ``sleep`` waits between retries.

    Raises ``AuditError`` or another ``InputError`` with one line when it cannot begin.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seed: int | None,
        command: str,
        progress: Progress | None = None,
        shared: Shared | None = None,
        contract: Contract | None = None,
        plan: Plan | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.seed = seed
        self.started = time.time()
        self._clock = time.monotonic()
        self._sleep = sleep
        self._profile = settings.profile or NO_VENDOR
        self._said: list[str] = []
        self._mock = EmbeddedMock().launch() if shared is None and settings.base_url is None else None
        try:
            self.contract: Contract = contract or contract_for(
                settings.profile, settings.contract, settings.reading, settings.overlays
            )
            self.recalled = recall(settings.files, self.contract)
            reader = ClientReader() if settings.client else None
            base, ids, key = settings.base_url, settings.batch_ids, settings.key
            if shared is not None:
                base, ids, key = parse_base_url(shared.base_url), shared.batch_ids, Secret(shared.key)
            elif self._mock is not None:
                load()  # while the mock starts
                self._mock.start()
                base, key = parse_base_url(self._mock.base_url), Secret(self._mock.key)
                ids = ids or tuple(self._mock.batch_ids)
            assert base is not None
            self.base: BaseUrl = base
            self._shared = shared
            self._key = key
            self.target = self._target(base, key)
            if not key:
                self._settle_key()
            polls: tuple[Exchange, ...] = ()
            if shared is None:
                ids, polls = self._known_ids(ids)
            self.batch_ids = ids
            self._used = shared.used if shared else self.target.budget.used
            self.command = self.target.redactor.redact_text(command)
            self.plan: Plan = plan or build_plan(
                self.contract,
                ids,
                exploration=settings.exploration,
                seed=seed,
                loopback=base.is_loopback,
                unsafe=settings.unsafe,
                max_requests=max(1, self._most_requests() - self._used),
                style=self._profile.auth or "bearer",
                like=self._profile.id_examples,
                prefers=self._profile.prefer is not False,
                client=reader.sdk.asks if reader else None,
            )
            self.runner = Runner(self.plan, self.target, self.contract, progress=progress)
            self.runner.take_in(polls)
            self.runner.recorded = self.recalled.shape
            self.runner.further = reader
            self._ledger = Ledger()
            if shared is not None:
                self.runner.take_share(Spool(shared.recording), shared.place, shared.stopped)
        except BaseException:
            self.close()
            raise

    @property
    def kind(self) -> str:
        """What kind of target this is."""
        if self._mock is not None:
            return "embedded mock"
        return "loopback" if self.base.is_loopback else "remote"

    @property
    def _started_at(self) -> str:
        return datetime.fromtimestamp(self.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def estimate(self) -> str:
        """The plan in one line: requests and seconds."""
        rate = self.settings.rate_limit
        seconds = self.plan.estimate(1 / rate.interval if rate else None, latency=0.002)
        return f"{len(self.plan.probes)} requests, about {max(1, round(seconds))} s"

    def judged(self) -> Ledger:
        """The ledger of all that was sent so far, customers' values masked in what its findings say."""
        if len(self._ledger.exchanges) != len(self.runner.exchanges) or not self._ledger.clauses:
            ledger, masked = self.runner.ledger(), (*self.contract.roles.free_maps, *self.settings.redact)
            accepted = self.recalled.accept(mask_findings(ledger.findings, masked), self._started_at)
            findings = mark_known(accepted, self._profile)
            self._ledger = replace(ledger, findings=findings)
        return self._ledger

    def share(self, spool: Path, place: int, count: int) -> Shared:
        """What a worker needs to do its part of this run; ``spool`` is a folder that outlives the workers."""
        target = (str(self.base), str(self._key), self.batch_ids)
        return Shared(*target, str(spool), place, count, self.runner.stopped, self._used)

    def gather(self, spool: Path) -> None:
        """Take in what the workers sent, as far as it reached the disk."""
        for recording in sorted(spool.glob("*.ndjson")):
            self.runner.take_in(read_recording(recording).exchanges)
        # What the target did says more than what the run's own limits did.
        for told in (*sorted(spool.glob("*.stopped")), *sorted(spool.glob("*.spent"))):
            if not self.runner.stopped:
                self.runner.stopped = told.read_text(encoding="utf-8")
                self.runner.spent = told.suffix == ".spent"

    def close(self) -> None:
        """Close the connection and end the embedded mock; a worker also leaves word why it stopped, if it did."""
        shared = getattr(self, "_shared", None)
        runner: Runner | None = getattr(self, "runner", None)
        if shared is not None and runner is not None and runner.stopped:
            suffix = ".spent" if runner.spent else ".stopped"
            shared.recording.with_suffix(suffix).write_text(runner.stopped, encoding="utf-8")
        target: Target | None = getattr(self, "target", None)
        if target is not None:
            target.close()
        if self._mock is not None:
            self._mock.stop()

    def report(
        self,
        chapters: Sequence[ChapterResult],
        *,
        selected: Collection[str],
        interrupted: bool = False,
        fault: str = "",
    ) -> RunReport:
        """What the run came to. A fault of the judge costs its own findings, not the report of what was received."""
        try:
            ledger = self.judged()
        except Exception as error:
            fault = fault or f"the judge failed: {type(error).__name__}: {error}"
            received = sorted(self.runner.exchanges, key=lambda exchange: exchange.order)
            ledger = replace(self._ledger, exchanges=tuple(received), missing=(UNJUDGED,))
        partial = not set(CHAPTER_NAMES) - (set() if self.settings.client else {CLIENT}) <= set(selected)
        stopped = self.runner.stopped or ("interrupted" if interrupted else "")
        run = (ledger.exchanges, self.contract, ledger.unjudged)
        suspicious = (*only_errors(*run), *silent_ids(*run))
        missing = (*self._explain(ledger), *suspicious)
        complete = not (stopped or interrupted or fault or partial)
        entries = self.recalled.entries(ledger, complete=complete)
        least, judged = self.settings.min_coverage, ledger.judged_percent
        decision = decide(
            ledger.findings,
            missing=missing,
            fail_on=self.settings.fail_on,
            stopped="" if self.runner.spent and self.runner.nearly_done and not interrupted else stopped,
            interrupted=interrupted,
            fault=fault,
            partial=partial,
            uncovered=f"{judged:.1f} % of the clauses were judged, --min-coverage asks for {least:g} %"
            if least is not None and judged < least
            else "",
            obsolete=sum(entry.state == "fixed" for entry in entries) if self.settings.files.strict else 0,
        )
        return RunReport(
            verdict=decision.verdict,
            complete=complete,
            exit_code=decision.exit_code,
            exit_reason=decision.reason,
            sentence=decision.sentence,
            target=TargetFacts(str(self.base), self.kind, tuple(map(self.target.redactor.redact_text, self.batch_ids))),
            run=self._facts(),
            contract=self.contract,
            ledger=ledger,
            chapters=tuple(chapters),
            missing=missing,
            notes=tuple(self._notes(partial, ledger)),
            fault=fault,
            redacted=self.settings.redact,
            baseline=self.recalled.baseline.name if self.recalled.baseline else "",
            entries=entries,
            history=self.recalled.history(
                ledger, self.contract, str(self.base), started_at=self._started_at, complete=complete
            ),
            language=self.settings.language,
        )

    def _target(self, base: BaseUrl, key: str) -> Target:
        settings, shared = self.settings, self._shared
        return Target(
            base,
            key or None,
            presents(self._profile),
            query=self._profile.query,
            headers=self._profile.headers,
            masked_headers=(self._profile.auth_header,),
            timeout=settings.request_timeout,
            retries=settings.retries,
            ca_bundle=settings.ca_bundle,
            insecure=settings.insecure,
            rate=_part_of(settings.rate_limit, shared),
            budget=self._budget(shared),
            sleep=self._sleep,
        )

    def _known_ids(self, ids: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Exchange, ...]]:
        """The ids given, made and discovered, in this order, and the reads of the one that was made."""
        settings = self.settings
        polls: tuple[Exchange, ...] = ()
        if not settings.sends and (settings.discover or settings.create):
            self._said.append("--plan sends nothing: neither --discover nor --create was done.")
        try:
            if settings.sends and settings.create:
                made = self._create()
                ids, polls = (*ids, made.batch_id), made.polls
            if settings.sends and settings.discover:
                found = discover(self.target, self.contract, settings.profile)
                ids = (*ids, *found.batch_ids)
                self._said.append(found.note)
        except (CreationError, BudgetExhausted) as error:
            self._said.append(str(error))
        self._said += [
            f"The id {odd} does not look like one of {self._profile.title} ({self._profile.id_pattern})."
            for odd in self._profile.odd_ids(ids)
        ]
        return tuple(dict.fromkeys(ids)), polls

    def _create(self) -> Creation:
        settings, profile = self.settings, self.settings.profile
        made = create(self.target, self.contract, profile, model=settings.create, seconds=settings.create_wait)
        self._said += [cost(settings.create), made.note]
        return made

    def _most_requests(self) -> int:
        return self.settings.max_requests or LIMITS[self.settings.exploration]

    def _budget(self, shared: Shared | None) -> Budget:
        most = self._most_requests()
        if shared is None:
            return Budget(most, self.settings.max_duration)
        return SharedBudget(Path(shared.spool) / "requests", most, self.settings.max_duration)

    def _settle_key(self) -> None:
        """A local target without a key: one anonymous request decides whether it wants one."""
        operation = self.contract.operation
        probe = build_plan(
            self.contract, (), exploration="quick", seed=self.seed, loopback=True, unsafe=False, has_key=False
        ).probes[0]
        anonymous = replace(probe, credential="missing", chapter="known_ids", name="anonymous")
        final = self.target.send(anonymous, 0)[-1]
        if final.status in (401, 403) and operation.secured:
            raise AuditError(
                f"{self.base} asks for a key ({final.status}): put it into the environment variable "
                f"{self.settings.key_env}"
            )
        self.target.close()
        self._key = DUMMY_KEY
        self.target = self._target(self.base, DUMMY_KEY)

    def _explain(self, ledger: Ledger) -> list[str]:
        """What is missing, with what to do about it."""
        told = []
        for what in ledger.missing:
            if what.startswith("a 2xx") and not self.batch_ids and not _nothing_there(ledger):
                hint = "" if self.settings.discover else ", or --discover"
                told.append(f"{what} (no known id: give one with --batch-id{hint})")
            elif what.startswith("a 2xx") and _nothing_there(ledger):
                where = f"{self.base}{self.contract.operation.path}"
                told.append(f"{what} (every request got 404: is {where} the right path? Base URLs end like …/v1)")
            elif what.startswith("a 2xx") and ledger.exchanges and not self.runner.stopped:
                told.append(f"{what} (is the id of this account, and not expired?)")
            else:
                told.append(what)
        return told

    def _notes(self, partial: bool, ledger: Ledger) -> list[str]:
        notes = [INSECURE] if self.target.insecure else []
        notes += [*self._said, *self.plan.notes, *self.runner.notes, *known_of(ledger.findings, self._profile)]
        if partial:
            notes.append("Partial: only the selected chapters were sent and judged.")
        if self.runner.stopped:
            left = len(self.plan.probes) - self.runner.done
            notes.append(f"The run ended early: {self.runner.stopped}. {left} planned requests were not sent.")
        limited = sum(exchange.status == 429 and not exchange.final for exchange in ledger.exchanges)
        if limited:
            notes.append(f"{limited} answers of 429 were waited out.")
        gone = _gone(ledger)
        if gone and len(gone) < len(self.batch_ids):
            notes.append(
                f"{', '.join(gone)}: 404 at every read. Expired, or of another account? Nothing was judged of it."
            )
        healed = sum(exchange.failure is not None and not exchange.final for exchange in ledger.exchanges)
        if healed:
            notes.append(f"{healed} requests failed and were repeated.")
        if self.contract.repaired:
            notes.append("No overlay was given: the contract is read with the repairs of its self-check.")
        return [self.target.redactor.redact_text(note) for note in notes]

    def _facts(self) -> RunFacts:
        return RunFacts(
            seed="derandomized" if self.seed is None else str(self.seed),
            started_at=self._started_at,
            duration_s=round(time.monotonic() - self._clock, 3),
            requests=self.runner.sent,
            planned=len(self.plan.probes),
            exploration=self.settings.exploration,
            fail_on=self.settings.fail_on,
            command=self.command,
            versions={"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        )


def _nothing_there(ledger: Ledger) -> bool:
    """Whether no request found the operation, not even one without a credential: a path that is not served."""
    answered = [e for e in ledger.exchanges if e.probe.subject in ("known", "unknown") and e.status]
    anonymous = any(exchange.probe.credential == "missing" for exchange in answered)
    return anonymous and all(exchange.status == 404 for exchange in answered if exchange.probe.method == "GET")


def _gone(ledger: Ledger) -> list[str]:
    """The known ids that were answered with 404 at every read."""
    statuses: dict[str, set[int | None]] = {}
    for exchange in ledger.exchanges:
        probe = exchange.probe
        if probe.subject == "known" and probe.credential == "valid" and probe.forced_status is None and exchange.final:
            statuses.setdefault(probe.batch_id or "", set()).add(exchange.status)
    return [batch_id for batch_id, seen in statuses.items() if seen == {404}]


def _part_of(rate: RateLimit | None, shared: Shared | None) -> RateLimit | None:
    """A worker's part of the run's rate."""
    return RateLimit(rate.count, rate.period * shared.count) if rate and shared else rate


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        from batch_conformance import __version__  # noqa: PLC0415 - a clone that was never installed

        return __version__ if package == "batch-conformance" else "not installed"

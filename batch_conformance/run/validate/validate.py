"""Validates recorded traffic: files in, the same reports and exit codes as those of a run out."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from batch_conformance import __version__
from batch_conformance.contract.choice import Operations
from batch_conformance.contract.contract import Contract, Reading
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.exchange.profile import Profile
from batch_conformance.exchange.redaction import MASKED_HEADERS
from batch_conformance.findings.finding import mask_findings
from batch_conformance.findings.gate import UNCOVERED, FailOn, decide
from batch_conformance.findings.ledger import Ledger
from batch_conformance.message import Argument, Count, Listing, Message, Template
from batch_conformance.nouns import EXCHANGE, LINE
from batch_conformance.recorded.inferred_probe import InferredProbe, NotJudgedReason
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import MOST_COMPLAINTS, Recording
from batch_conformance.recorded.source import expand, parts
from batch_conformance.report.run.run_report import RunFacts, RunReport, TargetFacts
from batch_conformance.run.comparison import Comparison, Files, load_comparison
from batch_conformance.run.contracts import REPAIRED, understood
from batch_conformance.run.live.address import check_address
from batch_conformance.run.notify import words_of
from batch_conformance.run.vendors import NO_VENDOR, contract_for, known_of, load_profile, mark_known, with_credential

_NOT_JUDGED: dict[NotJudgedReason, Template] = {
    "elsewhere": Template("aside.elsewhere", "Set aside: {number} not of this operation."),
    "other_method": Template("aside.other_method", "Set aside: {number} of another method."),
    "conditional": Template("aside.conditional", "Set aside: {number} answers to conditional or partial requests."),
    "cached": Template("aside.cached", "Set aside: {number} answered from the client's cache."),
    "beside_the_plan": Template(
        "aside.beside_the_plan", "Set aside: {number} that a run sent after its plan, to look again."
    ),
    "no_response": Template("aside.no_response", "Set aside: {number} without a response."),
}
_NONE_OF = Template("required.none_of", "{what} (none of {exchanges} is a {method} {path})")
_NONE_BELOW = Template("required.none_below", "{what} (none of {exchanges} is a {method} {path} below {base_url})")
_OTHERS_BELOW = Template(
    "required.others_below",
    "{what} (none of {exchanges} is a {method} {path} below {base_url}; below these there are: {targets})",
)
_MOST_TARGETS = 5
_NO_BODY_JUDGED = Template(
    "required.body_of_success",
    "the body of a 2xx answer of the operation (none was recorded so that it can be judged)",
)
_RECORDED = Template("note.recorded", "Recorded traffic: {exchanges} of {lines} judged.")
_ONE_MALFORMED = Template("note.one_malformed", "1 malformed line skipped: {lines}")
_MALFORMED = Template("note.malformed", "{number} malformed lines skipped: {lines}")
_ONE_UNJUDGED = Template("note.one_unjudged", "1 body left unjudged: {lines}")
_UNJUDGED = Template("note.unjudged", "{number} bodies left unjudged: {lines}")
_ONE_LEFT_OUT = Template("note.one_file_left_out", "1 file of a folder left out: {lines}")
_LEFT_OUT = Template("note.files_left_out", "{number} files of folders left out: {lines}")
_SEVERAL_TARGETS = Template(
    "note.several_targets", "{number} targets were judged as one: {targets}. Pick one with --base-url."
)
_TARGET = Template("note.target", "{base_url} ({exchanges})")
_ONE_WITHOUT_CREDENTIAL = Template(
    "note.one_without_credential",
    "1 request without a recorded credential succeeded. Whether it had one is not known; --credentials-recorded says "
    "that the recording leaves none out.",
)
_WITHOUT_CREDENTIAL = Template(
    "note.without_credential",
    "{number} requests without a recorded credential succeeded. Whether they had one is not known; "
    "--credentials-recorded says that the recording leaves none out.",
)
_NOT_REQUIRED = Template(
    "note.not_required_of_recorded",
    "Authentication and unknown ids are not required of recorded traffic: nobody can ask it for them.",
)


@dataclass(frozen=True, slots=True)
class ValidationOptions:
    """What is to be validated, and how.

    ``contract`` is empty where the vendor's profile names it, ``form`` is ``auto``
    where each file is in the format that it begins as.
    """

    sources: tuple[str, ...] = ()
    base_url: str = ""
    vendor: str = ""
    contract: str = ""
    operation: str = ""
    operations: Operations = "retrieve"
    overlays: tuple[Path, ...] = ()
    reading: Reading = "documented"
    fail_on: FailOn = "should"
    min_coverage: float | None = None
    redact: tuple[str, ...] = ()
    credentials_recorded: bool = False
    form: str = "auto"
    files: Files = field(default_factory=Files)
    command: str = ""
    language: str = "en"
    notify_command: str = ""


class Validation:
    """A validation that is about to begin. Raises ``InputError`` with one line where it cannot."""

    def __init__(self, options: ValidationOptions) -> None:
        self.options = options
        self.profile: Profile = load_profile(options.vendor) if options.vendor else NO_VENDOR
        known = self.profile if options.vendor else None
        source = options.contract or ("" if options.vendor else "siliconflow")
        self.contract: Contract = contract_for(
            known, source, options.reading, options.overlays, options.operation, operations=options.operations
        )
        if options.notify_command:
            words_of(options.notify_command)
        self.comparison: Comparison = load_comparison(options.files, self.contract)
        base = parse_base_url(options.base_url) if options.base_url else None
        self.doubt = check_address(base, self.contract) if base else None
        own = with_credential(self.profile, self.contract).auth_header
        headers = frozenset((*MASKED_HEADERS, own.lower()))
        self.inferred = InferredProbe(OperationUrls(self.contract, base), headers, options.credentials_recorded)
        self.sources = expand(options.sources, options.form)
        self.parts = parts(self.sources.paths, form=options.form)
        self._started = time.time()
        self._clock = time.monotonic()

    def report(self, recording: Recording, *, stopped: Message | None = None, interrupted: bool = False) -> RunReport:
        """What the recording came to."""
        options, contract = self.options, self.contract
        ledger = self._known(recording.result())
        judged = recording.judged
        missing = tuple(self._explain(ledger, recording))
        complete = not stopped
        entries = self.comparison.entries(ledger, complete=complete)
        least = options.min_coverage
        decision = decide(
            ledger.findings,
            missing=missing,
            fail_on=options.fail_on,
            stopped=stopped,
            cause=ledger.cause,
            interrupted=interrupted,
            uncovered=UNCOVERED(judged=f"{ledger.judged_percent:.1f}", least=f"{least:g}")
            if least is not None and ledger.judged_percent < least
            else None,
            obsolete=sum(entry.state == "fixed" for entry in entries) if options.files.strict else 0,
        )
        base = options.base_url or next((base for base, _ in recording.bases.most_common(1)), "recorded traffic")
        target = TargetFacts(base, "recorded", ())
        return RunReport(
            verdict=decision.verdict,
            complete=complete,
            exit_code=decision.exit_code,
            exit_reason=decision.reason,
            outcome=decision.outcome,
            target=target,
            run=RunFacts(
                seed="none",
                started_at=self._started_at,
                duration_s=round(time.monotonic() - self._clock, 3),
                requests=judged,
                planned=judged,
                exploration="recorded",
                fail_on=options.fail_on,
                command=options.command,
                versions={"python": platform.python_version(), "batch-conformance": __version__},
            ),
            contract=contract,
            ledger=ledger,
            missing=missing,
            notes=tuple(self._notes(ledger, recording)),
            stopped=stopped,
            redacted=options.redact,
            baseline=self.comparison.baseline.name if self.comparison.baseline else "",
            entries=entries,
            strict_baseline=options.files.strict,
            history=self.comparison.history(ledger, contract, target, started_at=self._started_at, complete=complete),
            language=options.language,
        )

    @property
    def _started_at(self) -> str:
        return datetime.fromtimestamp(self._started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _known(self, ledger: Ledger) -> Ledger:
        masked = mask_findings(ledger.findings, (*self.contract.private, *self.options.redact))
        return replace(ledger, findings=mark_known(self.comparison.accept(masked, self._started_at), self.profile))

    def _explain(self, ledger: Ledger, recording: Recording) -> Iterator[Message]:
        operation = self.contract.chosen
        for what in ledger.missing:
            if recording.judged:
                yield what
            else:
                read = Count(recording.lines, EXCHANGE)
                place: dict[str, Argument] = {"method": operation.method, "path": operation.path}
                below = self.options.base_url
                others = recording.bases_elsewhere.most_common(_MOST_TARGETS)
                if below and others:
                    listed = Listing(tuple(_TARGET(base_url=base, exchanges=f"{n:,}") for base, n in others))
                    yield _OTHERS_BELOW(what=what, exchanges=read, base_url=below, targets=listed, **place)
                elif below:
                    yield _NONE_BELOW(what=what, exchanges=read, base_url=below, **place)
                else:
                    yield _NONE_OF(what=what, exchanges=read, **place)
        if recording.unjudged and not ledger.missing and not _judged_a_success(ledger):
            yield _NO_BODY_JUDGED()

    def _notes(self, ledger: Ledger, recording: Recording) -> Iterator[Message]:
        judged = recording.judged
        yield from understood(self.contract)
        yield _RECORDED(exchanges=Count(judged, EXCHANGE), lines=Count(recording.lines, LINE))
        yield from (_NOT_JUDGED[reason](number=f"{count:,}") for reason, count in sorted(recording.not_judged.items()))
        if self.sources.left_out:
            yield _of_lines(
                _ONE_LEFT_OUT, _LEFT_OUT, len(self.sources.left_out), self.sources.left_out[:MOST_COMPLAINTS]
            )
        if recording.malformed:
            yield _of_lines(_ONE_MALFORMED, _MALFORMED, recording.malformed, recording.complaints)
        if recording.unjudged:
            yield _of_lines(_ONE_UNJUDGED, _UNJUDGED, recording.unjudged, recording.left_open)
        if len(recording.bases) > 1 and not self.options.base_url:
            listed = (
                _TARGET(base_url=base, exchanges=f"{n:,}") for base, n in recording.bases.most_common(_MOST_TARGETS)
            )
            yield _SEVERAL_TARGETS(number=len(recording.bases), targets=Listing(tuple(listed)))
        if recording.without_credential and self.contract.chosen.secured:
            number = recording.without_credential
            yield _ONE_WITHOUT_CREDENTIAL() if number == 1 else _WITHOUT_CREDENTIAL(number=f"{number:,}")
        if self.doubt:
            yield self.doubt
        yield _NOT_REQUIRED()
        yield from known_of(ledger.findings, self.profile)
        if self.contract.repaired:
            yield REPAIRED()


def _of_lines(one: Template, many: Template, number: int, examples: Sequence[Message]) -> Message:
    """So many lines, and the first of them with place and reason."""
    lines = Listing((*examples, *(("…",) if number > len(examples) else ())), ";")
    return one(lines=lines) if number == 1 else many(number=f"{number:,}", lines=lines)


def _judged_a_success(ledger: Ledger) -> bool:
    """Whether the body of a success was judged, or the contract describes none."""
    of_success = [
        result
        for result in ledger.clauses
        if result.clause.rule == "response.media_type" and result.clause.status.startswith("2")
    ]
    return not of_success or any(result.judged for result in of_success)

"""Validates recorded traffic: files in, the same reports and exit codes as those of a run out."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from batch_conformance import __version__
from batch_conformance.contract.contract import Contract, Reading
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.exchange.profile import Profile
from batch_conformance.exchange.redaction import MASKED_HEADERS
from batch_conformance.findings.gate import FailOn, decide
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.masking import mask_findings
from batch_conformance.recorded.belonging import Belonging
from batch_conformance.recorded.guess import Aside, Guess
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import expand, parts
from batch_conformance.report.run_report import RunFacts, RunReport, TargetFacts
from batch_conformance.report.text import plural, unjudged_bodies
from batch_conformance.run.address import check_address
from batch_conformance.run.recall import Files, Recall, recall
from batch_conformance.run.vendors import NO_VENDOR, contract_for, known_of, load_profile, mark_known

_ASIDE: dict[Aside, str] = {
    "elsewhere": "not of this operation",
    "other_method": "of another method",
    "conditional": "answers to conditional or partial requests",
    "cached": "answered from the client's cache",
    "no_response": "without a response",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be validated, and how. ``contract`` is empty where the vendor's profile names it."""

    sources: tuple[str, ...]
    base_url: str = ""
    vendor: str = ""
    contract: str = ""
    operation: str = ""
    overlays: tuple[Path, ...] = ()
    reading: Reading = "documented"
    fail_on: FailOn = "should"
    min_coverage: float | None = None
    redact: tuple[str, ...] = ()
    credentials_recorded: bool = False
    files: Files = field(default_factory=Files)
    command: str = ""
    language: str = "en"


class Validation:
    """A validation that is about to begin. Raises ``InputError`` with one line where it cannot."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.profile: Profile = load_profile(wish.vendor) if wish.vendor else NO_VENDOR
        known = self.profile if wish.vendor else None
        source = wish.contract or ("" if wish.vendor else "siliconflow")
        self.contract: Contract = contract_for(known, source, wish.reading, wish.overlays, wish.operation)
        self.recalled: Recall = recall(wish.files, self.contract)
        base = parse_base_url(wish.base_url) if wish.base_url else None
        self.doubt = check_address(base, self.contract) if base else ""
        headers = frozenset((*MASKED_HEADERS, self.profile.auth_header.lower()))
        self.guess = Guess(Belonging(self.contract, base), headers, wish.credentials_recorded)
        self.parts = parts(expand(wish.sources))
        self._started = time.time()
        self._clock = time.monotonic()

    def report(self, recording: Recording, *, stopped: str = "", interrupted: bool = False) -> RunReport:
        """What the recording came to."""
        wish, contract = self.wish, self.contract
        ledger = self._known(recording.result())
        judged = recording.judged
        missing = tuple(self._explain(ledger, recording))
        complete = not stopped
        entries = self.recalled.entries(ledger, complete=complete)
        least = wish.min_coverage
        decision = decide(
            ledger.findings,
            missing=missing,
            fail_on=wish.fail_on,
            stopped=stopped or ledger.cause,
            interrupted=interrupted,
            uncovered=f"{ledger.judged_percent:.1f} % of the clauses were judged, --min-coverage asks for {least:g} %"
            if least is not None and ledger.judged_percent < least
            else "",
            obsolete=sum(entry.state == "fixed" for entry in entries) if wish.files.strict else 0,
        )
        base = wish.base_url or next((base for base, _ in recording.bases.most_common(1)), "recorded traffic")
        target = TargetFacts(base, "recorded", ())
        return RunReport(
            verdict=decision.verdict,
            complete=complete,
            exit_code=decision.exit_code,
            exit_reason=decision.reason,
            sentence=decision.sentence,
            target=target,
            run=RunFacts(
                seed="none",
                started_at=self._started_at,
                duration_s=round(time.monotonic() - self._clock, 3),
                requests=judged,
                planned=judged,
                exploration="recorded",
                fail_on=wish.fail_on,
                command=wish.command,
                versions={"python": platform.python_version(), "batch-conformance": __version__},
            ),
            contract=contract,
            ledger=ledger,
            missing=missing,
            notes=tuple(self._notes(ledger, recording)),
            stopped=stopped,
            redacted=wish.redact,
            baseline=self.recalled.baseline.name if self.recalled.baseline else "",
            entries=entries,
            strict_baseline=wish.files.strict,
            history=self.recalled.history(ledger, contract, target, started_at=self._started_at, complete=complete),
            language=wish.language,
        )

    @property
    def _started_at(self) -> str:
        return datetime.fromtimestamp(self._started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _known(self, ledger: Ledger) -> Ledger:
        masked = mask_findings(ledger.findings, (*self.contract.private, *self.wish.redact))
        return replace(ledger, findings=mark_known(self.recalled.accept(masked, self._started_at), self.profile))

    def _explain(self, ledger: Ledger, recording: Recording) -> Iterator[str]:
        operation = self.contract.chosen
        for what in ledger.missing:
            if recording.judged:
                yield what
            else:
                below = f" below {self.wish.base_url}" if self.wish.base_url else ""
                read = plural(recording.lines, "exchange")
                yield f"{what} (none of {read} is a {operation.method} {operation.path}{below})"
        if recording.unjudged and not ledger.missing and not _judged_a_success(ledger):
            yield "the body of a 2xx answer of the operation (none was recorded so that it can be judged)"

    def _notes(self, ledger: Ledger, recording: Recording) -> Iterator[str]:
        judged = recording.judged
        yield f"Recorded traffic: {plural(judged, 'exchange')} of {plural(recording.lines, 'line')} judged."
        yield from (f"Set aside: {count:,} {_ASIDE[reason]}." for reason, count in sorted(recording.aside.items()))
        if recording.malformed:
            shown = "; ".join(recording.complaints)
            more = " …" if recording.malformed > len(recording.complaints) else ""
            yield f"{plural(recording.malformed, 'malformed line')} skipped: {shown}{more}"
        if recording.unjudged:
            yield unjudged_bodies(recording.unjudged, recording.left_open)
        if len(recording.bases) > 1 and not self.wish.base_url:
            listed = ", ".join(f"{base} ({count:,})" for base, count in recording.bases.most_common(5))
            yield f"{len(recording.bases)} targets were judged as one: {listed}. Pick one with --base-url."
        if recording.without_credential and self.contract.chosen.secured:
            yield (
                f"{plural(recording.without_credential, 'request')} without a recorded credential succeeded. Whether "
                "they had one is not known; --credentials-recorded says that the recording leaves none out."
            )
        if self.doubt:
            yield self.doubt
        yield "Authentication and unknown ids are not required of recorded traffic: nobody can ask it for them."
        yield from known_of(ledger.findings, self.profile)
        if self.contract.repaired:
            yield "No overlay was given: the contract is read with the repairs of its self-check."


def _judged_a_success(ledger: Ledger) -> bool:
    """Whether the body of a success was judged, or the contract describes none."""
    of_success = [
        result
        for result in ledger.clauses
        if result.clause.rule == "response.media_type" and result.clause.status.startswith("2")
    ]
    return not of_success or any(result.judged for result in of_success)

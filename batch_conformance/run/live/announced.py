"""What a person reads before and beside a run: the target, the plan, warnings, and how far it is, in their language."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from batch_conformance.findings.finding import Finding
from batch_conformance.message import Count, Message
from batch_conformance.nouns import FINDING
from batch_conformance.probes.plan import describe
from batch_conformance.report.language import Language
from batch_conformance.report.language import language as language_of
from batch_conformance.run.live.audit import Audit
from batch_conformance.run.live.confirm import ASKING
from batch_conformance.run.settings import Settings


def header(audit: Audit, numbers: Collection[int] | None = None) -> str:
    """The target, the contract and the plan, or its requests of these numbers, in one line."""
    language, contract = _language(audit), audit.contract
    text = language.text
    operation = f"{contract.chosen.method} {contract.chosen.path}"
    kind = text(audit.kind) + (f"{text(', ')}{text('made from the contract')}" if audit.is_fitted else "")
    return text(
        "target: {target} ({kind}); contract: {document}, {reading}, {operation}; plan: {plan}",
        target=audit.base,
        kind=kind,
        document=contract.document.name,
        reading=contract.reading,
        operation=operation,
        plan=_estimate(audit, language, numbers),
    )


def plan_lines(audit: Audit, numbers: Collection[int] | None = None) -> list[str]:
    """Every request of the plan, or those of these numbers, and that none was sent."""
    language = _language(audit)
    lines = [
        line
        for number, line in enumerate(describe(audit.plan, language.render))
        if numbers is None or number in numbers
    ]
    redacted = map(audit.target.redactor.redact_text, lines)
    return [*redacted, language.text("{plan}; nothing was sent", plan=_estimate(audit, language, numbers))]


def warning(message: Message, language: str) -> str:
    """A warning, in the language of this code."""
    return language_of(language).text("WARNING: {what}", what=language_of(language).render(message))


def asking(findings: Sequence[Finding], settings: Settings) -> str:
    """That new findings are to be confirmed, and when."""
    message = ASKING(findings=Count(len(findings), FINDING), seconds=f"{settings.confirm or 0:g}")
    return language_of(settings.language).render(message)


def progress_line(language: str, done: int, planned: int, *, chapter: str, findings: int, seconds: int) -> str:
    """How far a run is, in the language of this code."""
    return language_of(language).text(
        "{done}/{requests}, {chapter}, {findings}, {seconds} s left",
        done=done,
        requests=language_of(language).count(planned, "request"),
        chapter=chapter,
        findings=language_of(language).count(findings, "finding"),
        seconds=seconds,
    )


def _estimate(audit: Audit, language: Language, numbers: Collection[int] | None) -> str:
    plan = audit.plan if numbers is None else audit.plan.part(numbers)
    requests = language.count(len(plan.probes), "request")
    seconds, allowed = audit.seconds_of(plan), audit.settings.max_duration
    estimate = language.text("{requests}, about {seconds} s", requests=requests, seconds=seconds)
    if seconds > allowed:
        estimate = language.text(
            "{estimate} (--max-duration ends it after {most} s)", estimate=estimate, most=f"{allowed:g}"
        )
    most = audit.most_for_minimizing(plan)
    if most:
        estimate = language.text(
            "{estimate}, and {most} at most to find the smallest of a finding", estimate=estimate, most=most
        )
    if before := audit.before_plan:
        return language.text("{estimate}; {before} were sent before it", estimate=estimate, before=before)
    if least := audit.least_before_plan:
        return language.text(
            "{estimate}, and before it at least {least} that make and follow batches", estimate=estimate, least=least
        )
    return estimate


def _language(audit: Audit) -> Language:
    return language_of(audit.settings.language)

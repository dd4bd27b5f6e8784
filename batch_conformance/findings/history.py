"""The history of findings from one report to the next: since when each is seen, and which are seen no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batch_conformance.findings.baseline import was_exercised
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import ClauseResult
from batch_conformance.message import Listing, Message, Template, shown
from batch_conformance.message_json import from_json

_EMBEDDED = "embedded mock"

_OTHER_TARGET = Template("history.other_target", "the previous report is of another target, {target}")
_OTHER_MOCK = Template("history.other_mock", "the previous report is of another target, {target} (embedded mock)")
_OTHER_DOCUMENT = Template("history.other_document", "the previous report is by another document, {document}")
_OTHER_OPERATION = Template("history.other_operation", "the previous report is of another operation, {operation}")
_OTHER_READING = Template("history.other_reading", "the previous report is in another reading, {reading}")
_OTHER_OVERLAYS = Template("history.other_overlays", "the previous report is by other overlays, {overlays}")
_NONE = Template("history.no_overlays", "none")
_NOT_COMPLETE = Template("history.not_complete", "the previous run was not complete")


@dataclass(frozen=True, slots=True)
class Gone:
    """A finding of the previous report that this run did not show.

    ``exercised`` says whether it could have: where not, the deviation may still be there. Times are RFC 3339.
    """

    id: str
    rule: str
    level: str
    where: str
    observed: Message
    first_seen: str
    last_seen: str
    exercised: bool


@dataclass(frozen=True, slots=True)
class History:
    """What a run's findings are to those of the run before it.

    ``previous`` is how its report is shown, ``started_at`` when that run began. ``first_seen`` has the time of every
    finding of this run. ``remarks`` say what makes the two runs hard to compare.
    """

    previous: str
    started_at: str
    first_seen: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()
    remarks: tuple[Message, ...] = ()

    def is_new(self, finding: Finding) -> bool:
        """Whether the previous run did not show this finding."""
        return self.first_seen.get(finding.id, "") > self.started_at


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What two runs have to share for their findings to be compared.

    ``kind`` is that of the target, ``operation`` is method and path, ``sha256`` that of the document.
    """

    base_url: str
    kind: str
    sha256: str
    operation: str
    reading: str
    overlays: tuple[str, ...]


def compare(
    previous: Mapping[str, Any],
    name: str,
    findings: Sequence[Finding],
    clauses: Sequence[ClauseResult],
    *,
    started_at: str,
    complete: bool,
    now: Circumstances,
) -> History:
    """The history of ``findings``, which a run that began at ``started_at`` has, by the values of a ``drift.json``.

    What was gone before and could not be seen is carried on; what was gone for certain has been reported once, and so
    has what was not seen when the same run asked for it again.
    """
    before = str(previous["run"]["started_at"])
    known = {str(finding["id"]): finding for finding in previous["findings"]}
    lost = {
        str(finding["id"]): finding
        for finding in (previous.get("history") or {}).get("gone", ())
        if not finding["exercised"]
    }
    present = {name for finding in findings for name in finding.ids}
    first_seen = {
        finding.id: min(
            filter(None, (_first_seen(known.get(name) or lost.get(name), before) for name in finding.ids)),
            default=started_at,
        )
        for finding in findings
    }
    there = [one for one in known.values() if (one.get("confirmation") or {}).get("again") != "not_seen"]
    gone = [_gone(finding, before, clauses, complete) for finding in (*there, *lost.values())]
    return History(
        previous=name,
        started_at=before,
        first_seen=first_seen,
        gone=tuple(one for one in gone if one.id not in present),
        remarks=tuple(_remarks(previous, now)),
    )


def _remarks(previous: Mapping[str, Any], now: Circumstances) -> Iterator[Message]:
    target, contract = previous["target"], previous["contract"]
    both_embedded = target["kind"] == now.kind == _EMBEDDED  # its port is another one each time
    if target["base_url"] != now.base_url and not both_embedded:
        other = _OTHER_MOCK if target["kind"] == _EMBEDDED else _OTHER_TARGET
        yield other(target=str(target["base_url"]))
    if contract["sha256"] != now.sha256:
        yield _OTHER_DOCUMENT(document=str(contract["document"]))
    operation = f"{contract['method']} {contract['path']}"
    if operation != now.operation:
        yield _OTHER_OPERATION(operation=operation)
    if contract["reading"] != now.reading:
        yield _OTHER_READING(reading=str(contract["reading"]))
    if tuple(contract["overlays"]) != now.overlays:
        overlays = Listing(tuple(map(str, contract["overlays"])) or (_NONE(),))
        yield _OTHER_OVERLAYS(overlays=overlays)
    if not previous["complete"]:
        yield _NOT_COMPLETE()


def _first_seen(finding: Mapping[str, Any] | None, before: str) -> str:
    return str(finding.get("first_seen") or before) if finding is not None else ""


def _gone(finding: Mapping[str, Any], before: str, clauses: Sequence[ClauseResult], complete: bool) -> Gone:
    where = str(finding.get("where") or f"{finding['clause']} ({finding['kind']})")
    return Gone(
        id=str(finding["id"]),
        rule=str(finding["rule"]),
        level=str(finding["level"]),
        where=where,
        observed=_observed(finding),
        first_seen=_first_seen(finding, before),
        last_seen=str(finding.get("last_seen") or before),
        exercised=complete and was_exercised(where, clauses),
    )


def _observed(finding: Mapping[str, Any]) -> Message:
    """What was observed, as a report has it: older ones have the text alone."""
    messages = finding.get("messages")
    return from_json(messages["observed"]) if messages else shown(str(finding["observed"]))

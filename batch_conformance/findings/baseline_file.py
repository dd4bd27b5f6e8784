"""The baseline as a YAML file that a person edits.

What a person wrote in it is never rewritten: an entry that stays keeps its own lines, comments and further keys too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from textwrap import indent
from typing import Any

import yaml

from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location
from batch_conformance.contract.tree import parse_tree
from batch_conformance.findings.baseline import Baseline, Entry, EntryResult
from batch_conformance.findings.finding import Finding
from batch_conformance.input_error import InputError
from batch_conformance.message import Template

_WRITE_EVERY_ENTRY_WITH_DASH = Template(
    "baseline_file.write_every_entry_with_dash",
    "{name}:{given}: write every entry with a dash and lines of its own, not in braces",
)
_IS_NO_BASELINE_IT_MUST = Template(
    "baseline_file.is_no_baseline_it_must",
    "{name} is no baseline: it must begin with `format: {format}`, and list `accepted:`",
)
_IS_NO_BASELINE_ACCEPTED_MUST = Template(
    "baseline_file.is_no_baseline_accepted_must", "{name} is no baseline: `accepted:` must be a list of entries"
)
_ACCEPTED_MUST_COME_LAST_SO = Template(
    "baseline_file.accepted_must_come_last_so", "{at}: `accepted:` must come last, so that entries can be pasted"
)
_ENTRY_WITHOUT_FINGERPRINT_REPORTS_SHOW = Template(
    "baseline_file.entry_without_fingerprint_reports_show",
    "{at}: an entry without a fingerprint; the reports show each finding's entry to paste",
)
_IS_NO_FINGERPRINT_GIVE_ITS = Template(
    "baseline_file.is_no_fingerprint_give_its", "{at}: {given} is no fingerprint: give its 12 digits, in quotes"
)
_HAS_NO_REASON_SAY_IN = Template(
    "baseline_file.has_no_reason_say_in", "{at}: {fingerprint} has no reason: say in `reason:` why it is accepted"
)
_HAS_NO_OWNER_NAME_PERSON = Template(
    "baseline_file.has_no_owner_name_person",
    "{at}: {fingerprint} has no owner: name a person or a ticket, or delete `owner:`",
)
_HAS_NO_EXPIRES_GIVE_LAST = Template(
    "baseline_file.has_no_expires_give_last",
    "{at}: {fingerprint} has no `expires:`: give the last day on which it is accepted",
)
_MUST_BE_TEXT = Template("baseline_file.must_be_text", "{at}: `{key}:` must be text")
_BASELINE_IS_NOT_UTF_8 = Template(
    "baseline_file.baseline_is_not_utf_8", "the baseline {name} is not UTF-8: save it as UTF-8"
)
_BASELINE_CANNOT_BE_READ = Template("baseline_file.baseline_cannot_be_read", "the baseline cannot be read: {why}")
_IS_NO_DAY_WRITE_IT = Template(
    "baseline_file.is_no_day_write_it", "{at}: `{key}: {text}` is no day: write it like 2027-01-31"
)
_IS_ACCEPTED_ALREADY_IN_LINE = Template(
    "baseline_file.is_accepted_already_in_line",
    "{name}:{line}: {fingerprint} is accepted already in line {first}: delete one of the two",
)

FORMAT = "batch-conformance-baseline/1"
DAYS = 90
"""An entry that nobody looked at again runs out after this many days."""

TO_FILL_IN = "CHANGE ME"
"""What stands where a person has to write something; it counts as nothing."""

HEAD = f"""\
# The schema of this file, for editors: `batch-conformance schema baseline`
# Findings that are accepted for now: a run with --baseline reports them and is not failed by them until they expire.
# `fingerprint` names the finding, `reason` is required, `owner` may be a person or a ticket; further keys are kept.
format: {FORMAT}
accepted:
"""

_FINGERPRINT = re.compile(r"[0-9a-f]{12}")
_NUMERIC = re.compile(r"[0-9]+(e[0-9]+)?")


class BaselineError(InputError):
    """A baseline that cannot be used; one line says where and what to do."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A baseline brought up to date: the text of the file, and what has changed in it."""

    text: str
    added: int
    removed: int
    kept: int
    expired: int


def rewrite(
    baseline: Baseline, findings: Iterable[Finding], results: Iterable[EntryResult], today: date, reason: str = ""
) -> Rewriting:
    """The baseline with an entry for every finding that is drift and not yet accepted, without those that are fixed.

    What was not seen when it was asked for again has none: there is nothing to accept.

    What a person accepted stays word for word, and what expired is not renewed. ``reason`` goes into the new entries.
    """
    kept = [result.entry for result in results if result.state != "fixed"]
    present = {entry.fingerprint for entry in baseline.entries}
    to_accept = (one for one in findings if one.level != "info" and one.state == "new" and one.again != "not_seen")
    new = [new_entry(finding, today, reason) for finding in to_accept if finding.id not in present]
    margin = " " * baseline.indent
    entries = sorted([*kept, *new], key=lambda entry: (entry.where, entry.fingerprint))
    return Rewriting(
        text=(baseline.head or HEAD) + "".join(entry.text or indent(entry_yaml(entry), margin) for entry in entries),
        added=len(new),
        removed=len(baseline.entries) - len(kept),
        kept=len(kept),
        expired=sum(entry.expires < today for entry in kept),
    )


def new_entry(finding: Finding, today: date, reason: str = "") -> Entry:
    """The entry that accepts a finding from ``today`` on; without a ``reason``, a person still has to give one."""
    return Entry(
        fingerprint=finding.id,
        rule=finding.rule,
        where=_one_line(f"{finding.clause} ({finding.kind})" if finding.kind else finding.clause),
        reason=reason or f"{TO_FILL_IN}: why is this accepted?",
        owner="" if reason else f"{TO_FILL_IN}: who or which ticket",
        added=today,
        expires=today + timedelta(days=DAYS),
    )


def entry_yaml(entry: Entry) -> str:
    """YAML of an entry as one list item, ready to paste at the end of a baseline."""
    entry_keys = {
        "fingerprint": entry.fingerprint,
        "rule": entry.rule,
        "where": entry.where,
        "reason": entry.reason,
        "owner": entry.owner,
        "added": entry.added,
        "expires": entry.expires,
    }
    present = {key: value for key, value in entry_keys.items() if value}
    text = yaml.safe_dump([present], sort_keys=False, allow_unicode=True, width=1000)
    if _NUMERIC.fullmatch(entry.fingerprint):  # YAML 1.2 reads more of these as numbers than the writer knows
        text = re.sub(r"(?<=fingerprint: )'?(\w+)'?", r"'\1'", text, count=1)
    return text


def parse_baseline(raw: bytes, name: str) -> Baseline:
    """Read a baseline. Raises ``BaselineError`` with one line for people."""
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        data, locations = parse_tree(text, name)
    except UnicodeDecodeError:
        raise BaselineError(_BASELINE_IS_NOT_UTF_8(name=str(name))) from None
    except ContractError as error:
        raise BaselineError(_BASELINE_CANNOT_BE_READ(why=error.message)) from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BaselineError(_IS_NO_BASELINE_IT_MUST(name=str(name), format=str(FORMAT)))
    accepted = data.get("accepted")
    if "accepted" not in data or not isinstance(accepted, list | None):
        raise BaselineError(_IS_NO_BASELINE_ACCEPTED_MUST(name=str(name)))
    if next(reversed(data)) != "accepted":
        raise BaselineError(_ACCEPTED_MUST_COME_LAST_SO(at=str(locations["/accepted"])))
    entries = [_entry(item, locations[f"/accepted/{number}"]) for number, item in enumerate(accepted or ())]
    _check_unique(entries, name)
    return _with_texts(name, entries, text.splitlines(keepends=True))


def _entry(item: Any, at: Location) -> Entry:
    fingerprint = item.get("fingerprint") if isinstance(item, dict) else None
    if fingerprint is None:
        raise BaselineError(_ENTRY_WITHOUT_FINGERPRINT_REPORTS_SHOW(at=str(at)))
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise BaselineError(_IS_NO_FINGERPRINT_GIVE_ITS(at=str(at), given=f"{str(fingerprint)[:40]!r}"))
    reason, owner = (_text(item, key, at) for key in ("reason", "owner"))
    if not reason or reason.startswith(TO_FILL_IN):
        raise BaselineError(_HAS_NO_REASON_SAY_IN(at=str(at), fingerprint=str(fingerprint)))
    if owner.startswith(TO_FILL_IN):
        raise BaselineError(_HAS_NO_OWNER_NAME_PERSON(at=str(at), fingerprint=str(fingerprint)))
    expires = _day(item, "expires", at)
    if expires is None:
        raise BaselineError(_HAS_NO_EXPIRES_GIVE_LAST(at=str(at), fingerprint=str(fingerprint)))
    rule, where = (_text(item, key, at) for key in ("rule", "where"))
    return Entry(fingerprint, rule, where, reason, owner, _day(item, "added", at), expires, line=at.line)


def _text(item: Mapping[str, Any], key: str, at: Location) -> str:
    value = item.get(key)
    if isinstance(value, dict | list):
        raise BaselineError(_MUST_BE_TEXT(at=str(at), key=str(key)))
    return "" if value is None else str(value).strip()


def _day(item: Mapping[str, Any], key: str, at: Location) -> date | None:
    text = _text(item, key, at)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BaselineError(_IS_NO_DAY_WRITE_IT(at=str(at), key=str(key), text=str(text[:40]))) from None


def _check_unique(entries: Iterable[Entry], name: str) -> None:
    lines: dict[str, int] = {}
    for entry in entries:
        first = lines.setdefault(entry.fingerprint, entry.line)
        if first != entry.line:
            raise BaselineError(
                _IS_ACCEPTED_ALREADY_IN_LINE(
                    name=str(name), line=str(entry.line), fingerprint=str(entry.fingerprint), first=str(first)
                )
            )


def _with_texts(name: str, entries: Sequence[Entry], lines: list[str]) -> Baseline:
    """The baseline, each entry with its own lines: comments right above it are its own."""
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if not entries:
        empty = re.sub(r"^accepted:[ \t]*\[[ \t]*\]", "accepted:", "".join(lines), flags=re.MULTILINE)
        return Baseline(name, (), empty)
    dashes = [_dash(lines, entry.line - 1, name) for entry in entries]
    margin = len(lines[dashes[0]]) - len(lines[dashes[0]].lstrip())
    starts = [_with_comments(lines, dash, " " * margin + "#") for dash in dashes]
    ends = [*starts[1:], len(lines)]
    texts = ("".join(lines[start:end]) for start, end in zip(starts, ends, strict=True))
    with_texts = (replace(entry, text=text) for entry, text in zip(entries, texts, strict=True))
    return Baseline(name, tuple(with_texts), "".join(lines[: starts[0]]), margin)


def _dash(lines: Sequence[str], line: int, name: str) -> int:
    """The line with the dash of an entry of which something stands in ``line``, both counted from 0."""
    for at in range(line, -1, -1):
        if re.match(r" *-(\s|$)", lines[at]):
            return at
        if at < line and lines[at].strip() and not lines[at].lstrip().startswith("#"):
            break
    raise BaselineError(_WRITE_EVERY_ENTRY_WITH_DASH(name=str(name), given=str(line + 1)))


def _with_comments(lines: Sequence[str], dash: int, comment: str) -> int:
    """The first of the comment lines right above a dash, no deeper than it: deeper ones are the former entry's."""
    while dash and lines[dash - 1].startswith(comment):
        dash -= 1
    return dash


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)

"""A value that is another one at each read is one finding; a few values stay apart, so that a new one is new."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from judge_cases import batch, completed
from judge_support import contract, findings, sent

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.merging import MOST_KINDS, MOST_NAMES
from batch_conformance.judge.judge import judge

NAMES = "body.undeclared"
UNHEARD_OF = [f"STATE_{number:02}" for number in range(40)]


@pytest.mark.parametrize("count", [1, MOST_KINDS, MOST_KINDS + 1, 40])
def test_more_values_than_a_few_are_told_as_one(count: int) -> None:
    found = [f for f in findings(*(batch({"status": word}) for word in UNHEARD_OF[:count])) if f.pointer == "/status"]
    assert len(found) == (count if count <= MOST_KINDS else 1)
    assert sum(finding.occurrences for finding in found) == count
    if count == 40:
        assert found[0].kind == "many"
        assert str(found[0].observed) == 'string "STATE_00", string "STATE_01", string "STATE_02" and 37 more'


def test_a_crowd_has_the_same_fingerprint_whatever_the_values_are() -> None:
    def fingerprint(seed: int) -> str:
        words = [f"{random.Random(f'{seed}/{n}').random()}" for n in range(12)]
        (found,) = [f for f in findings(*(batch({"status": word}) for word in words)) if f.pointer == "/status"]
        return found.id

    assert fingerprint(1) == fingerprint(2)


def counted(*names: str) -> Exchange:
    """A batch with these members among its counts, beside the documented ones."""
    return batch({"request_counts": {"total": 1, "completed": 0, "failed": 0, **dict.fromkeys(names, 1)}})


def undeclared(*exchanges: Exchange) -> list[Finding]:
    return [finding for finding in findings(*exchanges) if finding.rule == NAMES]


@pytest.mark.parametrize("pool", [10, 10**9])
@pytest.mark.parametrize("at_once", [1, 3])
def test_names_that_change_in_an_object_are_one_finding_with_one_fingerprint(pool: int, at_once: int) -> None:
    def told(seed: int) -> Finding:
        drawn = random.Random(f"{seed}")
        (found,) = undeclared(
            *(counted(*(f"model_{drawn.randrange(pool)}" for _ in range(at_once))) for _ in range(60))
        )
        return found

    assert (told(1).pointer, told(1).kind) == ("/request_counts/*", "many")
    assert told(1).id == told(2).id


def test_a_name_that_is_always_there_stays_apart_from_names_that_change() -> None:
    found = undeclared(*(counted("cancelled", f"model_{number}") for number in range(30)))
    assert {finding.pointer for finding in found} == {"/request_counts/cancelled", "/request_counts/*"}
    (alone,) = undeclared(counted("cancelled"))
    assert alone.id in {finding.id for finding in found}


def test_names_that_come_together_are_a_finding_each_however_rare_they_are() -> None:
    rare = [f"of_{number}" for number in range(2 * MOST_NAMES)]
    found = undeclared(*(counted() for _ in range(30)), counted(*rare), counted(*rare))
    assert {finding.pointer for finding in found} == {f"/request_counts/{name}" for name in rare}


def test_a_few_names_in_some_answers_are_a_finding_each() -> None:
    found = undeclared(*(counted(f"model_{number % MOST_NAMES}") for number in range(30)))
    assert len(found) == MOST_NAMES


def magnitudes(*exchanges: Exchange) -> list[tuple[str, str]]:
    return [(one.pointer, one.kind) for one in findings(*exchanges) if one.rule == "time.magnitude"]


def test_times_of_no_age_that_are_drawn_at_random_are_one_finding_with_one_fingerprint() -> None:
    def told(seed: int) -> Finding:
        drawn = random.Random(f"{seed}")
        names = ("created_at", "expires_at", "completed_at")
        bodies = ({name: drawn.choice([-1, 1]) * drawn.randrange(1, 10**8) for name in names} for _ in range(20))
        (found,) = (one for one in findings(*map(completed, bodies)) if one.rule == "time.magnitude")
        return found

    assert (told(1).pointer, told(1).kind, told(1).id) == ("", "many", told(2).id)
    assert str(told(1).observed) == "times of no age at /completed_at, /created_at, /expires_at"


def test_times_of_no_age_are_told_by_their_places_where_they_are_few_and_of_one_kind() -> None:
    assert magnitudes(batch({"created_at": -1}), batch({"created_at": -7})) == [("/created_at", "negative")]
    found = magnitudes(completed({"in_progress_at": -1, "completed_at": 5}))
    assert found == [("/completed_at", "distant"), ("/in_progress_at", "negative")]


def test_times_in_another_unit_are_one_finding_whatever_fields_have_them() -> None:
    names = ("created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at")
    for scale, unit in ((10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")):
        all_of_them = completed(dict.fromkeys(names, 1741685413 * scale))
        assert magnitudes(all_of_them) == [("", unit)]
        assert magnitudes(completed({"created_at": 1741685413 * scale})) == [("/created_at", unit)]
    assert magnitudes(all_of_them, completed({"created_at": 0})) == [("", "nanoseconds"), ("/created_at", "zero")]


@pytest.mark.parametrize(
    ("value", "kind"), [(0, "zero"), (-62135596800, "negative"), (5, "distant"), (1_300_000_000_000, "milliseconds")]
)
def test_one_value_that_stands_for_unset_is_one_finding_whatever_fields_have_it(value: int, kind: str) -> None:
    names = ("failed_at", "expired_at", "cancelling_at", "cancelled_at")
    assert magnitudes(completed(dict.fromkeys(names, value))) == [("", kind)]
    assert magnitudes(completed(dict.fromkeys(names[:2], value)), completed({names[2]: value})) == [("", kind)]


def told_at(*exchanges: Exchange) -> list[tuple[str, str, str]]:
    return [(one.rule, one.pointer, one.kind) for one in findings(*exchanges)]


def test_times_that_are_drawn_anew_at_each_read_are_a_finding_for_each_cause() -> None:
    drawn = random.Random("moments")
    names = [f"{name}_at" for name in ("created", "in_progress", "expires", "finalizing", "completed", "failed")]
    names += ["expired_at", "cancelled_at"]
    bodies = ({name: drawn.randrange(1_600_000_000, 1_800_000_000) for name in names} for _ in range(40))
    assert told_at(*map(completed, bodies)) == [
        ("stability.changed", "", "many"),
        ("state.timestamp_early", "", "set when completed"),
        ("time.order", "", "many"),
    ]


def test_a_few_values_that_change_are_a_finding_each() -> None:
    read = [completed(), completed({"created_at": 1741685412, "input_file_id": "file-other"})]
    assert told_at(*read) == [
        ("stability.changed", "/created_at", "changed"),
        ("stability.changed", "/input_file_id", "changed"),
    ]


def test_names_that_change_are_one_row_of_what_was_seen() -> None:
    exchanges = [counted("cancelled", f"model_{number}") for number in range(30)]
    numbered = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(exchanges)]
    rows = {row.pointer: row for row in judge(numbered, contract()).fields if not row.declared}
    assert rows.keys() == {"/request_counts/cancelled", "/request_counts/*"}
    assert {name: dict(row.types) for name, row in rows.items()} == {name: {"integer": 30} for name in rows}
    few = [counted(f"model_{number % 3}") for number in range(3)]
    numbered = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(few)]
    assert sum(not row.declared for row in judge(numbered, contract()).fields) == 3


def test_a_time_that_is_never_there_is_one_finding() -> None:
    def lacks(name: str, status: str) -> Exchange:
        return completed({"status": status, name: None})

    gone = completed()
    assert gone.response is not None
    bodies = [json.loads(gone.response.body) | {"status": status} for status in ("completed", "in_progress")]
    for body in bodies:
        del body["in_progress_at"], body["completed_at"]
    found = [
        one for one in findings(*map(sent, bodies), info=True) if one.pointer in ("/in_progress_at", "/completed_at")
    ]
    assert [(one.level, one.rule, one.pointer) for one in found] == [
        ("should", "state.timestamp_missing", "/completed_at"),
        ("info", "body.seen", "/in_progress_at"),
    ]
    null = [(one.rule, one.pointer) for one in findings(lacks("in_progress_at", "completed"), info=True)]
    assert ("state.stage_timestamp_missing", "/in_progress_at") in null


def test_a_time_that_all_others_are_before_is_one_cause() -> None:
    late = completed({"created_at": 1800000000})
    assert [one for one in told_at(late) if one[0] == "time.order"] == [("time.order", "", "before /created_at")]
    (found,) = (one for one in judge([late], contract()).findings if one.rule == "time.order")
    assert str(found.expected) == "times not before /created_at", "no value: that place may be masked"
    two = completed({"finalizing_at": 1741685499, "completed_at": 1741685400, "in_progress_at": 1741685400})
    assert all(pointer for rule, pointer, _ in told_at(two) if rule == "time.order")

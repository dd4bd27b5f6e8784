"""Judges of the parts of a run, in memory or in files, and over JSON, add up to the judge of the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cases_lists import lists, page, read
from judge_support import COMPLETED, OTHER, QUEUED, contract, in_order, openai_like, sent
from test_judge_rules import CASES
from test_recorded_ledger import told

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.object_json import StateError, to_json
from batch_conformance.judge.judge import Judge, judge
from batch_conformance.judge.serialization import judge_from_json, judge_to_json, named, under


def all_of(rule: str) -> tuple[list[Exchange], Contract]:
    """What breaks a rule and what keeps it, as one run, and the contract that it is under."""
    case = CASES[rule]
    exchanges = (replace(one, number=-1) for run in (*case.breaks, *case.keeps) for one in run)
    return in_order(*exchanges), case.under or contract()


def added(part: list[Exchange], of: Contract, folder: Path | None) -> Judge:
    made = Judge(of, most=3 if folder else 1000, folder=folder)
    for exchange in part:
        made.add(exchange)
    return made


@pytest.mark.parametrize("in_files", [False, True])
@pytest.mark.parametrize("rule", CASES)
def test_the_judges_of_parts_add_up_over_json(rule: str, in_files: bool, tmp_path: Path) -> None:
    exchanges, of = all_of(rule)
    folder = tmp_path if in_files else None
    first, *others = (added(exchanges[start::3], of, folder) for start in range(3))
    for other in others:
        first.update(judge_from_json(judge_to_json(other), of))
    assert first.judged == len(exchanges)
    assert told(first.ledger()) == told(judge(exchanges, of))
    assert len(list(tmp_path.iterdir())) <= len(of.operations)  # those of the first one
    first.close()


def test_reads_that_are_more_than_may_be_held_are_in_files_of_the_folder(tmp_path: Path) -> None:
    reads = in_order(*(sent({**QUEUED, "expires_at": 1741771813 + place}) for place in range(4)))
    few, many = added(reads[:1], contract(), None), added(reads, contract(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert told(many.ledger()) == told(judge(reads, contract()))
    few.update(judge_from_json(judge_to_json(many), contract()))
    assert list(tmp_path.iterdir()) == []
    assert told(few.ledger())["statuses"][0].count == len(reads) + 1


def test_what_is_read_under_another_contract_or_is_no_judge_is_an_error() -> None:
    operation = contract().chosen
    assert (named(contract()), named(operation), named("text")) == ("", operation.id, None)
    assert under(contract(), "") is contract()
    assert under(contract(), operation.id) is operation
    with pytest.raises(StateError, match="no operation nothing"):
        under(contract(), "nothing")
    with pytest.raises(StateError, match="no judge, but list"):
        judge_from_json(to_json([1]), contract())
    with pytest.raises(StateError, match=f"no operation {operation.id}"):
        judge_from_json(judge_to_json(Judge(contract())), openai_like())


MADE_LATER = {"created_at": 1741685414, "input_file_id": "file-another001"}


def shared(*bodies: dict[str, object], several_servers: bool = False) -> list[tuple[str, str | None]]:
    """The pointers of files that batches share in a recording, each with the batch that is told of it."""
    made = added(in_order(*(sent(body, batch_id=str(body["id"])) for body in bodies)), contract(), None)
    found = made.ledger(of_recording=True, of_several_servers=several_servers).findings
    return [(one.pointer, one.evidence.probe.batch_id) for one in found if one.rule == "results.shared"]


def test_of_a_recording_a_file_is_shared_by_batches_that_were_made_apart() -> None:
    other = {**COMPLETED, "id": OTHER, **MADE_LATER}
    assert shared(COMPLETED, other) == [("/output_file_id", OTHER)]
    assert shared(COMPLETED, other, several_servers=True) == []
    assert shared(COMPLETED, COMPLETED) == []
    assert shared(COMPLETED, {**COMPLETED, "id": OTHER}) == []
    assert shared(COMPLETED, {**other, "output_file_id": "file-output0002"}) == [("/error_file_id", OTHER)]
    own = {"output_file_id": "file-output0002", "error_file_id": "file-errors0002"}
    assert shared(COMPLETED, {**other, **own}) == []
    for name, told_of in (("f123", []), ("f1234", [("/output_file_id", OTHER)]), (7, []), ("s3://files/", [])):
        named_so = {"output_file_id": name, "error_file_id": None}
        assert shared({**COMPLETED, **named_so}, {**other, **named_so}) == told_of


def test_pages_that_are_equally_long_are_other_pages_in_a_recording_too() -> None:
    pages = in_order(page("ab"), page("ac"), page("ac"), read("c"))
    recorded, run = added(pages, lists(), None).ledger(), judge(pages, lists())
    assert "listing.known_missing" not in {one.rule for one in recorded.findings}
    assert told(recorded) == told(run)


def test_a_judge_that_came_over_json_can_be_given_more() -> None:
    exchanges, of = all_of("time.order")
    read = judge_from_json(judge_to_json(added(exchanges[:2], of, None)), of)
    for exchange in exchanges[2:]:
        read.add(exchange)
    assert told(read.ledger()) == told(judge(exchanges, of))

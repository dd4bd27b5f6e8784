"""What the rules about files of results say of their lines, ids and counts, place by place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from broken_support import Looked, followed, looked, said
from followed_support import (
    COUNTS,
    FILE,
    LINES,
    ended,
    failure,
    made,
    reads,
    result,
    success,
    with_results,
)

from batch_conformance.exchange.exchange import Failure
from batch_conformance.message import Count, shown
from batch_conformance.nouns import LINE
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.followed import Followed, MadeBatch, ResultFile, SentFile

ALL = [success(name) for name in "abc"]


def of_results(*results: ResultFile, **end: Any) -> Followed:
    seen = reads("in_progress", ended(**end))
    return Followed(batches=(made(seen=seen, results=results),))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, "") for status in (200, 299)),
        *((status, "refused") for status in (400, 404, 428, 430, 499, 500, 501)),
        *((status, None) for status in (399, 429, 502, 503)),
    ],
)
def test_a_file_of_results_can_be_fetched(status: int, kind: str | None) -> None:
    one = result("output", ALL, status=status)
    found = followed("result_lines.fetched", of_results(one))
    told = looked("result_lines.fetched", of_results(one))
    assert told == ([] if kind is None else [("/output_file_id", kind, None)])
    assert [(place.observation, place.shows) for place in found] == (
        [] if kind is None else [(one.named_by, one.fetched if kind else None)]
    )
    if kind:
        words_of = [("result_lines.fetched.expected", f"result_lines.fetched.status status={status}")]
        assert said("result_lines.fetched", of_results(one)) == words_of


def test_a_file_that_did_not_come_whole_is_neither_kept_nor_broken() -> None:
    one = result("output", ALL)
    cut = replace(one, fetched=replace(one.fetched, failure=Failure("reset", shown("x"))))
    none = replace(one, fetched=replace(one.fetched, response=None))
    assert looked("result_lines.fetched", of_results(cut, none)) == []


def test_a_file_has_the_same_lines_when_it_is_fetched_again() -> None:
    one = result("output", ALL)

    def again(lines: Any, status: int = 200) -> list[Looked]:
        found = replace(one, again=result("output", lines, status=status).fetched)
        return looked("result_lines.fetched", of_results(found))

    assert again(ALL) == again(ALL[::-1]) == again(ALL[:1], 503) == [("/output_file_id", "", None)]
    assert again(ALL[:2]) == again([*ALL, ALL[0]]) == [("/output_file_id", "another", None)]
    other = replace(one, again=result("output", ALL[:2]).fetched)
    (place,) = followed("result_lines.fetched", of_results(other))
    assert (place.observation, place.shows) == (one.named_by, other.again)
    assert said("result_lines.fetched", of_results(other)) == [
        ("result_lines.fetched.expected", "result_lines.fetched.another")
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"\xef\xbb\xbf" + LINES[0].encode().replace(b'"body": {}', b'"response": {"body": {}}'), "mark"),
        (b'{"custom_id": "a', "json"),
        (b"[]", "object"),
        (b'{"id": "a"}', "custom_id"),
        (b'{"custom_id": "a", "response": "x"}', "member"),
        (b'{"custom_id": "a", "response": {"body": {}}, "error": {"code": "x"}}', "both"),
        (b'{"custom_id": "a"}', "neither"),
        (b'{"custom_id": "a", "response": {"body": "x"}}', "body"),
    ],
)
def test_a_line_of_results_is_told_by_what_is_wrong_in_its_form(line: bytes, problem: str) -> None:
    one = result("output", line + b'\n{"custom_id": "b"}\n')
    (place,) = followed("result_lines.form", of_results(one))
    assert looked("result_lines.form", of_results(one)) == [("/output_file_id", problem, None)]
    assert (place.observation, place.shows) == (one.named_by, one.fetched)
    expected = "result_lines.form.in_body" if problem == "body" else "result_lines.form.expected"
    assert said("result_lines.form", of_results(one)) == [(expected, f"result_lines.form.{problem}")]


def test_lines_of_the_right_form_are_kept_and_no_lines_are_not_looked_at() -> None:
    good, empty, refused = result("output", ALL), result("error", b""), result("error", b"", status=404)
    assert looked("result_lines.form", of_results(refused, empty, good)) == [("/output_file_id", "", None)]
    assert looked("result_lines.successes", of_results(refused, empty, good)) == [("/output_file_id", "", None)]


def ids(output: Any, error: Any = None, **counts: int) -> list[Looked]:
    return looked("result_lines.custom_ids", with_results(output, error, **counts))


def test_each_request_has_one_line_in_one_of_the_files() -> None:
    assert (
        ids(ALL)
        == ids(ALL[::-1])
        == ids(ALL[:2], [failure("c")], completed=2, failed=1)
        == [("/output_file_id", "", None)]
    )
    assert ids(None, [failure(name) for name in "abc"], completed=0, failed=3) == [("/error_file_id", "", None)]
    assert ids([*ALL, success("x")]) == [("/output_file_id", "foreign", None)]
    assert ids([*ALL, success("a"), success("x")]) == [("/output_file_id", "foreign", None)]
    assert ids(ALL, [failure("x")], failed=1) == [("/error_file_id", "foreign", None)]
    assert ids([*ALL, success("a")]) == [("/output_file_id", "twice", None)]
    assert ids(ALL, [failure("c")], failed=1) == [("/error_file_id", "twice", None)]
    assert ids([*ALL, success("a")], [failure("b")], failed=1) == [("/output_file_id", "twice", None)]
    assert ids(ALL[:2]) == [("/output_file_id", "missing", None)]
    assert ids(b"") == [("/output_file_id", "missing", None)]
    assert ids([{"id": "x"}, *ALL]) == []
    assert ids(None) == []


def test_ids_are_told_with_the_file_that_shows_them() -> None:
    run = with_results(ALL, [failure("c"), failure("x"), failure("y")], failed=1)
    output, error = run.batches[0].results
    (place,) = followed("result_lines.custom_ids", run)
    assert (place.observation, place.shows) == (error.named_by, error.fetched)
    once = "result_lines.custom_ids.once"
    assert said("result_lines.custom_ids", run) == [(once, 'result_lines.custom_ids.foreign id="x"')]
    run = with_results(ALL, [failure("c"), failure("b")], failed=2)
    output, error = run.batches[0].results
    (place,) = followed("result_lines.custom_ids", run)
    assert (place.observation, place.shows) == (error.named_by, error.fetched)
    assert said("result_lines.custom_ids", run) == [(once, 'result_lines.custom_ids.twice id="c"')]
    run = with_results(ALL[:1])
    (output,) = run.batches[0].results
    (place,) = followed("result_lines.custom_ids", run)
    assert (place.observation, place.shows) == (output.named_by, output.fetched)
    assert said("result_lines.custom_ids", run) == [(once, 'result_lines.custom_ids.missing id="b"')]


def test_a_request_without_a_line_weighs_less_where_another_file_is_counted() -> None:
    assert ids(ALL[:2], completed=2, failed=1) == [("/output_file_id", "missing", "should")]
    assert ids(ALL[:2], completed=3, failed=0) == [("/output_file_id", "missing", None)]
    assert ids(None, [failure("c")], completed=2, failed=1) == [("/error_file_id", "missing", "should")]
    assert ids(None, [failure("c")], completed=0, failed=3) == [("/error_file_id", "missing", None)]
    uncounted = replace(made(seen=reads(ended(request_counts=None)), results=[result("output", ALL[:2])]))
    assert looked("result_lines.custom_ids", Followed(batches=(uncounted,))) == [
        ("/output_file_id", "missing", "should")
    ]


def test_only_a_completed_batch_all_of_whose_files_were_read_has_to_have_all_lines() -> None:
    def of(end: Any, *results: ResultFile) -> list[Looked]:
        return looked("result_lines.custom_ids", Followed(batches=(made(seen=reads(end), results=results),)))

    two = [("/output_file_id", "", None)]
    end = ended()
    assert of(end, result("output", ALL[:2], end)) == [("/output_file_id", "missing", None)]
    assert of("cancelled", result("output", ALL[:2])) == two
    assert of("in_progress", result("output", ALL[:2])) == two
    assert of(end, result("output", ALL[:2], end), result("error", b"", end, status=404)) == two
    named = ended(error_file_id="file-err")
    assert of(named, result("output", ALL[:2], named)) == two
    for unset in ("", "null", None, "***"):
        named = ended(error_file_id=unset)
        assert of(named, result("output", ALL[:2], named)) == [("/output_file_id", "missing", None)]


def test_several_batches_are_looked_at_each_by_itself() -> None:
    good, cut = with_results(ALL).batches[0], with_results(ALL[:2]).batches[0]
    run = Followed(batches=(made(), good, cut))
    assert [kind for _, kind, _ in looked("result_lines.custom_ids", run)] == ["", "missing"]
    assert [kind for _, kind, _ in looked("result_lines.form", run)] == ["", ""]
    assert [kind for _, kind, _ in looked("result_lines.fetched", run)] == ["", ""]
    assert len(looked("result_lines.counts", run)) == 1 + 3  # of what was cut is told by its lines
    unended = made(seen=reads("in_progress"))
    assert len(looked("result_lines.counts", Followed(batches=(unended, good)))) == 3


def counted(batches: MadeBatch | Followed) -> list[tuple[str, str]]:
    run = batches if isinstance(batches, Followed) else Followed(batches=(batches,))
    return [(pointer.rpartition("/")[2], kind) for pointer, kind, _ in looked("result_lines.counts", run)]


KEPT = [("total", ""), ("completed", ""), ("failed", "")]


def test_a_completed_batch_counts_the_lines_of_its_files() -> None:
    assert counted(with_results(ALL)) == KEPT
    assert counted(with_results(ALL[:2], [failure("c")], completed=2, failed=1)) == KEPT
    assert counted(with_results(ALL, total=4)) == [("total", "other"), *KEPT[1:]]
    assert counted(with_results(ALL, completed=2)) == [KEPT[0], ("completed", "other"), KEPT[2]]
    assert counted(with_results(ALL[:2], [failure("c")], completed=3, failed=0)) == [
        KEPT[0],
        ("completed", "other"),
        ("failed", "other"),
    ]
    assert counted(made(seen=reads(ended(request_counts={**COUNTS, "failed": "0", "total": None})))) == []
    assert counted(made(seen=reads("cancelled"))) == []


def test_counts_are_told_as_what_is_there_and_what_was_sent() -> None:
    assert said("result_lines.counts", with_results(ALL, total=4, completed=10**30)) == [
        ("result_lines.counts.expected count=" + str(Count(3, LINE)), "value.shown value=4"),
        ("result_lines.counts.expected count=" + str(Count(3, LINE)), "value.shown value=1" + "0" * 23),
    ]
    assert said("result_lines.counts", with_results(None, total=5)) == [
        ("result_lines.counts.sent count=" + str(Count(3, LINE)), "value.shown value=5")
    ]


def test_without_all_lines_only_the_total_is_known() -> None:
    total = [("total", "")]
    assert counted(with_results(None)) == total
    assert counted(with_results(None, total=4)) == [("total", "other")]
    assert counted(made(seen=reads(ended(error_file_id="file-err")), results=[result("output", ALL)])) == total
    assert counted(with_results([{"id": "x"}, *ALL])) == total
    assert counted(with_results(ALL[:2], completed=2, failed=1)) == total
    assert counted(with_results(ALL[:2])) == []  # what lacks is told of the lines
    assert counted(with_results([*ALL[:2], {"custom_id": "c"}])) == []
    file = SentFile("x", "batch", FILE.content + b"{}\n")
    assert counted(made(seen=reads(ended()), file=file)) == [("total", "other")]


def test_a_contract_without_counts_has_none_to_compare() -> None:
    run = with_results(ALL)
    end = run.batches[0].reads[-1]
    roles = replace(end.operation.roles, counts=None)
    bare = replace(
        end.contract,
        operations=tuple(
            replace(one, roles=roles) if one.role == "retrieve" else one for one in end.contract.operations
        ),
    )
    without = tuple(Observation(one.exchange, bare) for one in run.batches[0].reads)
    assert looked("result_lines.counts", Followed(batches=(replace(run.batches[0], reads=without),))) == []
    short = replace(with_results(ALL[:2]).batches[0], reads=without)
    assert looked("result_lines.custom_ids", Followed(batches=(short,))) == [("/output_file_id", "missing", "should")]


def sorted_as(output: Any, error: Any = None) -> list[Looked]:
    return looked("result_lines.successes", with_results(output, error, failed=1))


FAILED = {"custom_id": "c", "response": {"status_code": 400, "body": {}}}


def test_answers_are_in_the_one_file_and_failures_in_the_other() -> None:
    output, error = "/output_file_id", "/error_file_id"
    assert sorted_as(ALL, [failure("c")]) == [(output, "", None), (error, "", None)]
    assert sorted_as(ALL, [FAILED]) == [(output, "", None), (error, "", None)]
    assert sorted_as([*ALL, failure("d"), failure("e")]) == [(output, "failure", None)]
    assert sorted_as([*ALL, FAILED]) == [(output, "failure", None)]
    assert sorted_as(ALL, [failure("d"), success("e")]) == [(output, "", None), (error, "success", None)]
    assert sorted_as([{"custom_id": "a"}]) == []
    assert sorted_as([{"custom_id": "a", "error": "x"}]) == []  # told of its form
    assert sorted_as([{"custom_id": "a", "error": "x"}, success("b")]) == [(output, "", None)]


def test_a_line_in_the_wrong_file_is_told_by_its_id_and_the_file_that_shows_it() -> None:
    run = with_results([failure("b"), failure("c")], [success("a"), success("d")], failed=1)
    output, error = run.batches[0].results
    assert [(one.observation, one.shows) for one in followed("result_lines.successes", run)] == [
        (output.named_by, output.fetched),
        (error.named_by, error.fetched),
    ]
    assert said("result_lines.successes", run) == [
        ("result_lines.successes.expected", 'result_lines.successes.failure id="b"'),
        ("result_lines.successes.errors", 'result_lines.successes.success id="a"'),
    ]

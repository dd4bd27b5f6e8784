"""What the reads of one batch show together, one by one: counts, entity tags, and HEAD beside GET."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from judge_cases import batch, failed
from judge_support import KNOWN, QUEUED, contract, contract_of, sent, unknown

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.judge.log import length_of
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.counts import surely_add_up, surely_not_begun
from batch_conformance.rules.headers import heads_are_alike
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.rule import AlikeBodies

Told = tuple[int, str, str, str, str | None]


def compared(rule: str, *exchanges: Exchange, under: Contract | None = None) -> list[Told]:
    """What a rule says of reads in this order: the place of the read, and pointer, kind, words and status."""
    compare = REGISTRY[rule].compare
    assert compare is not None
    seen = [
        Observation(replace(one, started_at=10.0 * place), under or contract()) for place, one in enumerate(exchanges)
    ]
    told = compare(BatchHistory(seen, [length_of(one) for one in exchanges]))
    return [
        (seen.index(read), one.pointer, one.kind, f"{one.expected}; {one.observed}", one.status) for read, one in told
    ]


def checked(rule: str, body: Any, under: Contract | None = None) -> list[tuple[str, str, str]]:
    """What a rule says of one body: the kind, the pointer, and what was observed."""
    check = REGISTRY[rule].check
    assert check is not None
    return [(one.kind, one.pointer, str(one.observed)) for one in check(Observation(sent(body), under or contract()))]


def counting(total: Any, completed: Any, failed_ones: Any, **more: Any) -> dict[str, Any]:
    named = {"total": total, "completed": completed, "failed": failed_ones}
    return {**QUEUED, "request_counts": {name: one for name, one in named.items() if one != "none"}, **more}


DONE = {"status": "completed", "completed_at": 1741685510}


@pytest.mark.parametrize(
    ("body", "kind", "observed"),
    [
        (counting(10, 0, 0), "", ""),
        (counting(10, 6, 4), "", ""),
        (counting(10, 6, 5), "more_than_total", "total 10, completed 6, failed 5"),
        (counting(10, 6, 3), "", ""),
        (counting(10, 6, 3, **DONE), "less_than_total", "total 10, completed 6, failed 3"),
        (counting(10, 6, 4, **DONE), "", ""),
        (counting(10, 6, 3, status="failed"), "", ""),
        (counting(10, 6, 3, status="stuck"), "", ""),
        (counting(-1, 6, 3), "negative", "total -1, completed 6, failed 3"),
        (counting(10, -1, 3), "negative", "total 10, completed -1, failed 3"),
        (counting(10, 6, -1), "negative", "total 10, completed 6, failed -1"),
        (counting("none", -1, "none"), "negative", "total None, completed -1, failed None"),
        (counting("none", 6, 3), "", ""),
        (counting(10, "none", 30), "", ""),
        (counting(10, 30, "none"), "", ""),
        (counting("none", 30, "none"), "", ""),
        (counting("10", 30, 30), "", ""),
        (counting(10, 10**30, 0), "more_than_total", f"total 10, completed {str(10**30)[:24]}, failed 0"),
        ({**QUEUED, "request_counts": None}, "", ""),
    ],
)
def test_counts_add_up(body: Mapping[str, Any], kind: str, observed: str) -> None:
    assert checked("counts.sum", body) == ([(kind, "/request_counts", observed)] if kind else [])


def surely(check: Any, like: Mapping[str, Any], body: Mapping[str, Any], under: Contract | None = None) -> list[bool]:
    """What the checks for bodies like one say of another."""
    observation = Observation(sent(like), under or contract())
    assert observation.schema is not None
    checks = check(AlikeBodies(observation.schema, observation.operation.roles, dict(like), broken=False))
    return [one(Columns.of_bodies([dict(body)])) for one in checks]


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(
    "numbers", [(10, 6, 4), (10, 6, 3), (10, 6, 5), (0, 0, 0), (-1, 0, 0), (10, -1, 11), (10, 11, -1), (1, 2, 0)]
)
def test_what_surely_adds_up_does(numbers: tuple[int, int, int], done: bool) -> None:
    state = DONE if done else {}
    body = counting(*numbers, **state)
    assert surely(surely_add_up, counting(1, 1, 0, **state), body) == [not checked("counts.sum", body)]


def test_what_cannot_be_added_up_is_looked_at_alone() -> None:
    assert surely(surely_add_up, counting(1, "none", 0), counting(5, "none", 9)) == [True]
    assert surely(surely_add_up, counting(1, "none", 0), counting(5, "none", -1)) == [False]
    assert surely(surely_add_up, counting(1, "1", 0), counting(5, "7", 0)) == [True]
    assert surely(surely_add_up, {**QUEUED, "request_counts": None}, QUEUED) == []
    assert surely(surely_add_up, {"id": "a"}, {"id": "a"}, contract_of({"properties": {"id": {}}})) == []


def test_counts_that_stand_deeper_or_beside_the_batch_are_judged_one_by_one() -> None:
    integer = {"type": "integer"}
    counts = {"type": "object", "properties": dict.fromkeys(("total", "completed", "failed"), integer)}
    inner = {"type": "object", "properties": {"request_counts": counts}}
    under = contract_of({"properties": {"id": {"type": "string"}, "status": {"type": "string"}, "progress": inner}})
    body = {"id": KNOWN, "progress": {"request_counts": {"total": 1, "completed": 1, "failed": 0}}}
    assert under.chosen.roles.counts is not None
    assert under.chosen.roles.counts.pointer == "/progress/request_counts"
    assert surely(surely_add_up, body, body, under) == [False]


def begun(completed: Any, state: str = "in_queue", **more: Any) -> dict[str, Any]:
    return counting(10, completed, 0, status=state, **more)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (begun(1), True),
        (begun(4, "validating"), True),
        (begun(0), False),
        (begun(-1), False),
        (begun("none"), False),
        (begun("1"), False),
        (begun(1, "in_progress"), False),
        (begun(1, "stuck"), False),
        (begun(1, in_progress_at=1741685420), False),
        (begun(1, completed_at=1741685420), False),
        (begun(1, in_progress_at=None), True),
    ],
)
def test_no_work_is_done_before_it_begins(body: dict[str, Any], told: bool) -> None:
    done = body["request_counts"].get("completed")
    found = [("completed", "/request_counts/completed", str(done))] if told else []
    assert checked("counts.before_begun", body) == found


@pytest.mark.parametrize("completed", [-1, 0, 1])
def test_what_surely_has_not_begun_has_not(completed: int) -> None:
    assert surely(surely_not_begun, begun(0), begun(completed)) == [completed <= 0]
    assert surely(surely_not_begun, begun(0, "in_progress"), begun(completed)) == []
    assert surely(surely_not_begun, begun(0, "stuck"), begun(completed)) == []
    assert surely(surely_not_begun, begun("none"), begun("none")) == []
    assert surely(surely_not_begun, begun(0, in_progress_at=1), begun(completed)) == []
    assert surely(surely_not_begun, {"id": "a"}, {"id": "a"}, contract_of({"properties": {"id": {}}})) == []


@pytest.mark.parametrize(
    ("before", "after", "fell"),
    [
        ((10, 5, 2), (10, 5, 2), ""),
        ((10, 5, 2), (10, 6, 2), ""),
        ((10, 5, 2), (9, 5, 2), "total 10 9"),
        ((10, 5, 2), (10, 4, 2), "completed 5 4"),
        ((10, 5, 2), (10, 0, 2), "completed 5 0"),
        ((10, 5, 2), (10, -1, 2), ""),
        ((10, 5, 2), (10, 5, 1), "failed 2 1"),
        ((10, 5, 2), (10, 6, 1), ""),
        ((10, 5, 2), (10, 7, 1), ""),
        ((10, "none", 2), (10, 6, 1), "failed 2 1"),
        ((10, 5, 2), (10, "none", 1), "failed 2 1"),
        ((10, "none", 2), (10, "none", 2), ""),
        ((10, 5, "none"), (10, 4, 3), "completed 5 4"),
        (("none", 5, 2), (0, 5, 2), ""),
        ((10, 5, 2), ("none", 5, 2), ""),
    ],
)
def test_counts_do_not_go_back(before: tuple[Any, Any, Any], after: tuple[Any, Any, Any], fell: str) -> None:
    name, was, now = fell.split() if fell else ("", "", "")
    words = f"at least {was}, as read before; {now}"
    expected = [(2, f"/request_counts/{name}", "fell", words, None)] if fell else []
    run = (sent(counting(*before)), sent(counting(*before)), sent(counting(*after)), sent(counting(*after)))
    assert compared("counts.regressed", *run) == expected


def test_a_count_that_falls_is_cut_where_it_is_shown() -> None:
    long = 10**30
    ((_, _, _, words, _),) = compared("counts.regressed", sent(counting(long, 0, 0)), sent(counting(long - 1, 0, 0)))
    assert words == f"at least {str(long)[:24]}, as read before; {str(long - 1)[:24]}"


def tagged(tag: str, number: int, **more: Any) -> Exchange:
    """A batch under an entity tag; the number is what its bytes differ by."""
    return batch({"metadata": {"n": number}}, headers=(("ETag", f'"{tag}"'),), **more)


def reused(place: int, tag: str) -> Told:
    words = f'another ETag, or a weak one, for a body of other bytes; "{tag}", as for another body before'
    return (place, "", "reused", words, None)


def test_a_strong_tag_that_comes_with_other_bytes_is_told_where_half_of_the_changes_went_so() -> None:
    rule = "stability.tag_reused"
    assert compared(rule, tagged("a", 1), tagged("a", 2)) == [reused(1, "a")]
    assert compared(rule, tagged("a", 1), tagged("a", 2), tagged("a", 2)) == [reused(1, "a")]
    assert compared(rule, tagged("a", 1), tagged("a", 2), tagged("a", 1)) == [reused(1, "a"), reused(2, "a")]
    assert compared(rule, tagged("a", 1), tagged("a", 2), tagged("b", 3)) == [reused(1, "a")]
    assert compared(rule, tagged("a", 1), tagged("a", 2), tagged("b", 3), tagged("c", 4)) == []
    assert compared(rule, tagged("a", 1), tagged("b", 2), tagged("a", 3)) == [reused(2, "a")]
    assert compared(rule, tagged("a", 1), tagged("b", 1)) == []
    assert compared(rule, tagged("a" * 70, 1), tagged("a" * 70, 2))[0][3] == reused(1, "a" * 70)[3].replace(
        '"' + "a" * 70 + '"', '"' + "a" * 59
    )


def test_other_answers_between_say_nothing_of_a_tag() -> None:
    between = (
        sent(b"", method="HEAD", headers=(("ETag", '"a"'),)),
        batch(headers=(("ETag", 'W/"a"'),)),
        batch(),
        got(),
        unknown(headers=(("ETag", '"a"'),)),
        sent(QUEUED, 201, headers=(("ETag", '"a"'),)),
        failed("reset"),
    )
    for one in between:
        assert compared("stability.tag_reused", tagged("a", 1), one, tagged("a", 2)) == [reused(2, "a")]
        assert compared("stability.tag_reused", tagged("a", 1), one, one) == []


def got(body: Any = QUEUED, length: int | str | None = 0, **more: Any) -> Exchange:
    """A GET, with the Content-Length of its body where none other is given."""
    made = sent(body, **more)
    size = len(made.response.body) if made.response and length == 0 else length
    named = () if size is None else (("Content-Length", str(size)),)
    return sent(body, **{**more, "headers": (*more.get("headers", ()), *named)})


def head(length: int | str | None = None, status: int = 200, **more: Any) -> Exchange:
    named = () if length is None else (("Content-Length", str(length)),)
    return sent(b"", status, **{"method": "HEAD", "headers": named, **more})


SIZE = len(json.dumps(QUEUED))
HEAD = "response.head_differs"


def differs(place: int, kind: str, words: str) -> list[Told]:
    return [(place, "", kind, words, "")]


def test_head_gets_a_status_that_get_gets() -> None:
    assert compared(HEAD, got(), head()) == []
    assert compared(HEAD, head(), got()) == []
    assert compared(HEAD, got(), head(status=404)) == differs(1, "status", "status 200, as for GET; 404")
    both = "status 200 or 404, as for GET; 403"
    assert compared(HEAD, got(), unknown(batch_id=KNOWN), head(status=403)) == differs(2, "status", both)
    assert compared(HEAD, got(), unknown(batch_id=KNOWN), head(status=404)) == []
    for status in (405, 501, 429, 500, 503, 406):
        assert compared(HEAD, got(), head(status=status)) == []
    for status in (404, 407, 428, 430, 499):
        assert compared(HEAD, got(), head(status=status)) == differs(1, "status", f"status 200, as for GET; {status}")
    two = compared(HEAD, got(), head(status=404), head(status=403))
    assert [(place, words) for place, _, _, words, _ in two] == [
        (1, "status 200, as for GET; 404"),
        (2, "status 200, as for GET; 403"),
    ]


def test_head_is_compared_with_the_same_request_by_get() -> None:
    for other in (
        got(asked=(("Accept", "*/*"),)),
        got(batch_id="batch_other"),
        got(credential="wrong"),
        got(forced=200),
        got(status=500),
        got(status=429),
        got(status=406),
        failed("reset"),
        replace(got(), probe=replace(got().probe, query="a=1")),
    ):
        assert compared(HEAD, other, head(status=404)) == []
        assert compared(HEAD, other, head(status=404), got()) == differs(1, "status", "status 200, as for GET; 404")
    lower = got(asked=(("ACCEPT", "application/json"),))
    assert compared(HEAD, lower, head(status=404)) == differs(1, "status", "status 200, as for GET; 404")
    for odd in (head(status=404, credential="wrong"), head(status=404, forced=404), failed("reset", method="HEAD")):
        assert compared(HEAD, got(), odd) == []


def test_head_names_a_media_type_that_get_does() -> None:
    html = "Content-Type application/json, as for GET; text/html"
    assert compared(HEAD, got(), head(media_type="text/html")) == differs(1, "media_type", html)
    assert compared(HEAD, got(), head(media_type=None)) == []
    assert compared(HEAD, got(media_type=None), head(media_type="text/html")) == []
    assert compared(HEAD, got(), got(media_type="text/html"), head(media_type="text/html")) == []
    several = "Content-Type application/json or text/plain, as for GET; text/html"
    run = (got(), got(media_type="text/plain"), head(media_type="text/html"))
    assert compared(HEAD, *run) == differs(2, "media_type", several)
    other_status = (got(), unknown(b"x", batch_id=KNOWN, media_type="text/html"), head(media_type="text/html"))
    assert compared(HEAD, *other_status) == differs(2, "media_type", html)
    both = (got(), head(7, media_type="text/html"), got())
    assert compared(HEAD, *both) == differs(1, "media_type", html)


def test_head_tells_the_length_that_get_has_right_before_and_after_it() -> None:
    told = differs(1, "length", f"Content-Length {SIZE}, as for GET, or none; 7")
    assert compared(HEAD, got(), head(7), got()) == told
    assert compared(HEAD, got(), head(SIZE), got()) == []
    assert compared(HEAD, got(), head(), got()) == []
    assert compared(HEAD, head(7), got(), got()) == []
    assert compared(HEAD, got(), got(), head(7)) == []
    assert compared(HEAD, got(), head("7" * 30), got())[0][3].endswith(f"; {'7' * 20}")
    other, same_size = {**QUEUED, "metadata": None}, {**QUEUED, "endpoint": "/v1/chat/completionz"}
    assert compared(HEAD, got(), head(7), got(other)) == []
    assert compared(HEAD, got(), head(7), got(same_size)) == []
    assert compared(HEAD, got(length=None), head(7), got(length=None)) == []
    tag = (("ETag", '"a"'),)
    assert compared(HEAD, got(length=None, headers=tag), head(7), got(length=None, headers=tag)) == []
    assert compared(HEAD, got(headers=tag), head(7), got(headers=(("ETag", '"b"'),))) == told
    coded = (("Content-Encoding", "gzip"),)
    assert compared(HEAD, got(headers=coded), head(7), got()) == []
    assert compared(HEAD, got(), head(7), got(headers=coded)) == []
    envelope = {"code": 20000, "message": "Ok", "status": True, "data": QUEUED}
    assert compared(HEAD, got(envelope), head(7), got(envelope)) == []
    assert compared(HEAD, got(status=201), head(7), got()) == []
    assert compared(HEAD, got(status=299), head(7, status=299), got(status=299)) == told
    assert compared(HEAD, got(status=300), head(7, status=300), got(status=300)) == []
    assert compared(HEAD, got(status=404), head(7, status=404), got(status=404)) == []
    seen_before = (got(other), got(), head(len(json.dumps(other))), got())
    assert compared(HEAD, *seen_before) == []


def test_what_every_head_gets_is_told_of_one_for_an_id_that_nobody_has() -> None:
    told = heads_are_alike(Observation(head(status=204, subject="unknown"), contract()))
    assert (str(told.expected), str(told.observed), told.kind, told.status) == (
        "the answer that GET gets",
        "204 to every HEAD, whatever it asks for",
        "status",
        "",
    )
    silent = heads_are_alike(Observation(failed("reset", method="HEAD"), contract()))
    assert str(silent.observed) == "0 to every HEAD, whatever it asks for"


@pytest.mark.parametrize(
    ("exchange", "exercises"),
    [
        (head(), True),
        (head(status=499), True),
        (head(status=405), False),
        (head(status=501), False),
        (head(status=500), False),
        (head(status=429), False),
        (failed("reset", method="HEAD"), False),
        (replace(head(), failure=failed("reset").failure), False),
        (got(), False),
    ],
)
def test_a_head_that_was_served_exercises_the_rule(exchange: Exchange, exercises: bool) -> None:
    assert bool((REGISTRY[HEAD].exercised or bool)(Observation(exchange, contract()))) is exercises


def test_a_read_may_begin_two_thousandths_of_a_second_before_the_one_before_it_ended() -> None:
    def compared_with(begun: float) -> int:
        reads = [replace(sent(), started_at=10.0, elapsed=1.0), replace(sent(), started_at=begun)]
        return len(BatchHistory([Observation(one, contract()) for one in reads], [None, None]).batches)

    assert [compared_with(begun) for begun in (11.0, 11.0 - 0.002, 11.0 - 0.0021, 10.0)] == [2, 2, 1, 1]

"""What the rules about several reads of one batch say: of values that last, of answers, of refusals by turns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from broken_support import compared, operation_of, words
from judge_cases import batch, completed, without
from judge_support import JSON, KNOWN, OTHER, QUEUED, contract, contract_of, findings, sent, unknown

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange
from batch_conformance.rules import REGISTRY

CHANGED, ANSWER, LOST, REFUSAL = (
    f"stability.{name}" for name in ("changed", "answer_changed", "metadata_lost", "refusal_changed")
)
RUNNING = {"status": "in_progress", "in_progress_at": 1741685420}


def told(rule: str, *exchanges: Exchange, under: Contract | None = None) -> list[tuple[int, str, str]]:
    """The number of the exchange that shows each deviation, its pointer and its kind."""
    found = compared(rule, *exchanges, under=under)
    return [(shows.exchange.number, one.pointer, one.kind) for shows, one in found]


def changed(*bodies: Any, under: Contract | None = None) -> list[tuple[int, str, str]]:
    return told(CHANGED, *(sent(body) if under else batch(body) for body in bodies), under=under)


def test_what_lasts_keeps_its_value() -> None:
    assert changed({}, {"created_at": 1741685414}) == [(1, "/created_at", "changed")]
    assert changed({}, {"created_at": 1741685414}, {}) == [(1, "/created_at", "changed")]
    assert changed({}, {"endpoint": "/x", "object": "y"}) == [(1, "/endpoint", "changed"), (1, "/object", "changed")]
    assert changed({}, {"id": OTHER}) == []  # another batch is told as that
    assert changed({}, {"status": "in_progress"}) == changed({}, {}) == changed({}) == changed() == []


def test_a_change_is_told_with_both_values() -> None:
    ((_, one),) = compared(CHANGED, batch(), batch({"created_at": 1741685414}))
    assert (one.status, one.media_type, one.level, one.side) == (None, JSON, None, None)
    assert words(one) == ("stability.changed.expected value=1741685413", "value.shown value=1741685414")
    ((_, one),) = compared(CHANGED, batch({"endpoint": "a" * 58}), batch({"endpoint": "b" * 59}))
    assert words(one) == (
        f'stability.changed.expected value="{"a" * 58}"',
        f'value.shown value="{"b" * 56}…',
    )
    ((_, one),) = compared(CHANGED, batch({"output_file_id": "file-a"}), batch({"output_file_id": None}))
    assert words(one) == ('stability.changed.expected value="file-a"', "stability.changed.unset")


def test_what_is_unset_masked_or_senseless_is_no_value_that_lasts() -> None:
    for odd in ("", "null", "0", "***", None, [], 1.5):
        assert changed({"input_file_id": odd}, {"input_file_id": "file-a"}) == []
        assert changed({"input_file_id": odd}, {"input_file_id": "file-a"}, {"input_file_id": "file-b"}) == [
            (2, "/input_file_id", "changed")
        ]
    for senseless in (0, -1, 1741685413000):
        assert changed({"created_at": senseless}, {}) == changed({}, {"created_at": senseless}) == []
    assert changed({"endpoint": 0}, {"endpoint": 5}) == [(1, "/endpoint", "changed")]
    assert changed({"endpoint": "a"}, {"endpoint": 5}) == changed({"endpoint": 5}, {"endpoint": True}) == []


def test_a_url_is_the_same_whatever_it_is_signed_with() -> None:
    def urls(*values: str) -> list[tuple[int, str, str]]:
        return changed(*({"output_file_id": value} for value in values))

    assert urls("https://a/x?sig=1", "https://a/x?sig=2", "https://a/x") == []
    assert urls("https://a/x?sig=1", "https://a/y?sig=1") == [(1, "/output_file_id", "changed")]
    assert urls("x?a=1", "x?a=2") == [(1, "/output_file_id", "changed")]


def test_what_was_set_stays_there_but_for_an_expiry_of_a_batch_that_has_ended() -> None:
    gone = [(1, "/in_progress_at", "vanished")]
    assert changed(RUNNING, {"status": "in_progress"}) == gone
    assert told(CHANGED, batch(RUNNING), without("in_progress_at", {**QUEUED, **RUNNING})) == gone
    assert told(CHANGED, batch(), completed({"expires_at": None})) == []
    assert told(CHANGED, batch(), batch({"expires_at": None})) == [(1, "/expires_at", "vanished")]
    assert told(CHANGED, batch(), batch({"status": "odd", "expires_at": None})) == [(1, "/expires_at", "vanished")]
    assert told(CHANGED, batch(), completed({"created_at": None})) == []  # required: told by the schema


def test_what_a_later_state_set_is_not_missed_where_the_state_went_back() -> None:
    assert changed(RUNNING, {"status": "in_queue"}) == []
    assert changed(RUNNING, {"status": "in_queue"}, {"status": "in_progress"}) == [(2, "/in_progress_at", "vanished")]
    assert changed(RUNNING, {"status": "odd"}) == [(1, "/in_progress_at", "vanished")]
    assert changed(RUNNING, {"status": "odd"}, {"status": "in_queue"}) == [(1, "/in_progress_at", "vanished")]
    assert changed(RUNNING, {"status": "in_queue", "created_at": 1741685414}) == [(1, "/created_at", "changed")]


SMALL = contract_of(
    {
        "type": "object",
        "required": ["made_at"],
        "properties": {
            "id": {"type": "string"},
            "made_at": {"type": "integer", "nullable": True},
            "run_at": {"type": "integer", "nullable": True},
            "metadata": {"type": "object", "nullable": True},
        },
    }
)


def test_what_is_required_is_missed_by_the_schema() -> None:
    first = {"id": KNOWN, "made_at": 1741685413, "run_at": 1741685413}
    assert changed(first, {**first, "made_at": None}, under=SMALL) == []
    assert changed(first, {**first, "run_at": None}, under=SMALL) == [(1, "/run_at", "vanished")]


def test_a_document_without_a_schema_has_nothing_that_lasts() -> None:
    under = contract()
    bare = replace(operation_of().responses["200"], content={JSON: None})
    under = replace(under, operations=(replace(operation_of(), responses={"200": bare}),))
    assert changed({"id": KNOWN, "created_at": 1}, {"id": KNOWN, "created_at": 2}, under=under) == []


def metadata(*values: Any) -> list[tuple[int, str, str]]:
    return told(CHANGED, *(batch({"metadata": value}) for value in values))


def test_what_the_customer_gave_keeps_its_members() -> None:
    changes = [(1, "/metadata", "changed")]
    assert (
        metadata({"a": 1}, {"a": 2}) == metadata({"a": 1}, {"b": 1}) == metadata({"a": 1, "b": 1}, {"a": 1}) == changes
    )
    assert metadata({"a": 1}, {"a": 1, "b": 2}) == metadata({}, {"a": 1}) == metadata(None, {"a": 1}) == []
    assert metadata({"a": 1}, {}, {"a": 1}) == metadata({"a": 1}, None) == metadata({"a": 1}, "x") == []
    assert metadata({}, {"a": 1}, {"a": 2}) == [(2, "/metadata", "changed")]
    assert metadata({"a": 1}, {"a": 2}, {"a": 1}) == changes
    assert metadata({"a": None}, {"b": 1}) == changes
    assert metadata({"a": 1}, {"a": 1, "b": 1}, {"a": 1, "b": 2}) == []
    ((_, one),) = compared(CHANGED, batch({"metadata": {"a": 1}}), batch({"metadata": {"a": 2}}))
    assert (one.status, one.media_type, one.level) == (None, JSON, None)
    assert words(one) == ("stability.changed.members", "stability.changed.other_members")


def lost(*values: Any) -> list[tuple[int, str, str]]:
    return told(LOST, *(batch({"metadata": value}) for value in values))


def test_what_the_customer_gave_is_there_at_each_later_read() -> None:
    assert lost({"a": 1}, {}) == lost({"a": 1}, None) == [(1, "/metadata", "lost")]
    assert lost({"a": 1}, None, {}) == [(1, "/metadata", "lost"), (2, "/metadata", "lost")]
    assert lost({}, {"a": 1}, None) == [(2, "/metadata", "lost")]
    assert lost({}, None) == lost(None, {}) == lost({"a": 1}, "") == lost({"a": 1}, []) == lost({"a": 1}, 0) == []
    assert lost({"a": 1}, {"b": 1}) == lost("x", None) == lost() == []
    (empty, unset) = (one for _, one in compared(LOST, *(batch({"metadata": value}) for value in ({"a": 1}, {}, None))))
    assert [(one.status, one.media_type, one.level) for one in (empty, unset)] == [(None, JSON, None)] * 2
    assert words(empty) == ("stability.changed.members", "stability.metadata_lost.empty")
    assert words(unset) == ("stability.changed.members", "stability.changed.unset")


def refused(status: int = 404, **more: Any) -> Exchange:
    return unknown("no", status, **{"subject": "known", "batch_id": KNOWN, **more})


def answers(*exchanges: Exchange) -> list[tuple[int, str]]:
    return [(number, kind) for number, _, kind in told(ANSWER, *exchanges)]


def test_a_read_that_was_answered_is_not_refused() -> None:
    assert answers(batch(), refused()) == [(1, "404")]
    assert answers(refused(400), batch(), refused(403)) == [(0, "400"), (2, "403")]
    assert answers(refused(), refused()) == answers(batch(), batch()) == answers(batch(), batch(status=299)) == []
    assert answers(refused(status=300), refused()) == answers(refused(status=199), refused()) == []
    assert answers(batch(status=299), refused()) == [(1, "404")]
    ((_, one),) = compared(ANSWER, batch(), refused())
    assert (one.status, one.media_type, one.pointer, one.level) == (None, "", "", None)
    assert words(one) == ("stability.answer_changed.expected", "value.shown value=404")


def test_limits_errors_of_the_server_and_what_is_not_documented_are_weighed_elsewhere() -> None:
    statuses = (299, 300, 302, 399, 400, 401, 402, 403, 404, 406, 429, 499, 500, 503)
    assert [one for one in statuses if answers(batch(), refused(one))] == [400, 403, 404]
    default = replace(
        operation_of(), responses={**operation_of().responses, "default": operation_of().responses["404"]}
    )
    under = replace(contract(), operations=(default,))
    found = [one for one in statuses if told(ANSWER, batch(), refused(one), under=under)]
    assert found == [300, 302, 399, 400, 402, 403, 404, 499]


def test_other_spellings_queries_and_reads_that_are_tried_again_are_passed_over() -> None:
    assert answers(batch(), refused(subject="equivalent")) == []
    assert answers(batch(subject="equivalent"), refused()) == [(1, "404")]
    assert answers(batch(), refused(final=False)) == answers(batch(final=False), refused()) == []
    assert answers(batch(), refused(credential="query_key")) == []
    assert answers(batch(), refused(answered=False), refused()) == [(2, "404")]
    assert answers(batch(), refused(subject="equivalent"), refused()) == [(2, "404")]
    assert answers(batch(), refused(credential="wrong")) == []
    asked = refused(400)
    asked = replace(asked, probe=replace(asked.probe, query="x=1"))
    assert answers(batch(), asked, refused()) == [(2, "404")]


def refusals(*statuses: int, **more: Any) -> list[tuple[int, str, str]]:
    return told(REFUSAL, *(refused(status, **more) for status in statuses))


def test_a_refusal_that_gives_way_and_comes_back_is_told_once() -> None:
    turns = [(2, "", "by_turns")]
    assert refusals(404, 400, 404) == refusals(404, 400, 404, 400) == turns
    assert refusals(404, 404, 410, 410, 404) == [(4, "", "by_turns")]
    assert refusals(400, 404, 410, 400) == [(3, "", "by_turns")]
    assert refusals(404, 400) == refusals(404, 400, 400) == refusals(404, 400, 410) == refusals() == []
    assert refusals(404, 404, 404) == []
    ((_, one),) = compared(REFUSAL, *(refused(status) for status in (404, 400, 404)))
    assert (one.status, one.media_type, one.level) == ("", "", None)
    assert words(one) == ("stability.refusal_changed.expected status=400", "value.shown value=404")


def test_only_plain_reads_with_the_key_are_refused_by_turns() -> None:
    statuses = (399, 400, 401, 403, 405, 406, 422, 429, 499, 500)
    assert [one for one in statuses if refusals(404, one, 404)] == [400, 405, 422, 499]
    for odd in (
        {"forced": 404},
        {"credential": "wrong"},
        {"subject": "equivalent"},
        {"final": False},
        {"method": "HEAD"},
        {"batch_id": None},
        {"chapter": ODD_REQUESTS},
    ):
        assert refusals(404, 400, 404, **odd) == []
        assert told(REFUSAL, refused(404), refused(400, **odd), refused(404)) == []
    asked = refused(400)
    asked = replace(asked, probe=replace(asked.probe, query="x=1"))
    assert told(REFUSAL, refused(404), asked, refused(404)) == []
    assert refusals(404, 400, 404, subject="unknown") == [(2, "", "by_turns")]
    assert told(REFUSAL, refused(), refused(400, answered=False), refused()) == []


def test_a_batch_that_is_there_is_not_refused_by_turns() -> None:
    three = (refused(404), refused(400), refused(404))
    assert [status for status in (199, 200, 299, 300) if not told(REFUSAL, *three, batch(status=status))] == [200, 299]
    assert told(REFUSAL, *three, refused(answered=False))


def test_another_path_is_another_request() -> None:
    assert told(REFUSAL, refused(404), refused(400, path="/batches/x"), refused(404)) == []
    other = tuple(refused(status, path="/batches/x") for status in (404, 400, 404))
    assert told(REFUSAL, *other) == [(2, "", "by_turns")]


@pytest.mark.parametrize(("rule", "status"), [(CHANGED, "200"), (ANSWER, "200"), (LOST, "200"), (REFUSAL, "")])
def test_each_rule_has_a_clause_of_an_operation_that_is_asked_by_an_id(rule: str, status: str) -> None:
    (clause,) = REGISTRY[rule].clauses_of(operation_of())
    assert (clause.status, clause.media_type, clause.pointer, clause.says.id) == (status, "", "", f"{rule}.clause")
    bare = replace(operation_of(contract_of({"type": "object"})), parameter="")
    assert list(REGISTRY[rule].clauses_of(bare)) == []
    without_map = list(REGISTRY[rule].clauses_of(operation_of(contract_of({"type": "object"}))))
    assert len(without_map) == (rule != LOST)


def test_more_than_three_values_that_change_are_one_finding() -> None:
    names = ("created_at", "expires_at", "endpoint", "input_file_id")
    values = dict(zip(names, (1741685414, 1741771814, "/x", "file-z"), strict=True))

    def found(count: int) -> list[tuple[str, str, str, str]]:
        after = batch(dict(list(values.items())[:count]))
        return [
            (one.pointer, one.kind, *words(one))  # type: ignore[arg-type]
            for one in findings(batch(), after)
            if one.rule == CHANGED
        ]

    assert [one[:2] for one in found(4)] == [("", "many")]
    assert found(4)[0][2] == "many.values_before"
    assert found(4)[0][3].startswith("many.other_values ")
    assert sorted(one[0] for one in found(3)) == ["/created_at", "/endpoint", "/expires_at"]

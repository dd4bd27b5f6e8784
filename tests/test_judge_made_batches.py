"""What the rules about batches that were made look at, place by place: at the edges where one more or less decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from followed_support import (
    ASKED,
    COUNTS,
    FILE,
    bad,
    batch,
    cancelled,
    contract,
    ended,
    made,
    of_batch,
    read,
    reads,
    uploaded,
    without_key,
    wrote,
)

from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.creating import BadCase
from batch_conformance.rules.followed import (
    Cancel,
    Followed,
    MadeBatch,
    stage_in,
)

Told = tuple[str, str, str]
GONE = read(404, "404 page not found")
BUSY = read(503, {"message": "busy"})
NO = {"code": 20015, "message": "no", "data": None}
OTHER = batch("in_progress", id="batch_two")
STATE = "/status"


def told(rule: str, followed: Followed) -> list[Told]:
    """What a rule looks at: the place, the kind with its level where that is its own, and what was observed."""
    follow = REGISTRY[rule].follow
    assert follow is not None
    return [
        (one.pointer, "kept", "")
        if one.broken is None
        else (one.pointer, f"{one.broken.kind} {one.broken.level or ''}".strip(), str(one.broken.observed))
        for one in follow(followed)
    ]


def cancels(*found: Cancel, seen: Sequence[Observation] | None = None) -> Followed:
    return of_batch(seen=reads("in_progress") if seen is None else seen, cancels=found)


def no_state_before(cancel: Cancel) -> Cancel:
    return replace(cancel, before=None)


def after(cancel: Cancel, *seen: Observation) -> Cancel:
    return replace(cancel, reads=seen)


SAME: Told = ("/id", "kept", "")
IN_EFFECT = [SAME, (STATE, "kept", "")]


def test_the_first_cancellation_of_a_batch_that_had_not_ended_is_looked_at() -> None:
    refused = cancelled(NO, "in_progress", "in_progress", status=400)
    assert told("cancel.effect", cancels(refused)) == [(STATE, "refused should", "400")]
    assert told("cancel.effect", cancels(no_state_before(refused))) == []
    assert told("cancel.effect", cancels(cancelled(NO, "in_progress", ended(), status=400))) == []
    assert told("cancel.effect", cancels(cancelled(NO, "in_progress", status=400))) == []
    assert told("cancel.effect", cancels(cancelled(NO, "in_progress", OTHER, status=400))) == []
    assert told("cancel.effect", cancels(cancelled(NO, "completed", "in_progress", status=400))) == []
    assert told("cancel.effect", cancels(cancelled(NO, "completed", status=409), refused)) == []
    assert told("cancel.effect", cancels(cancelled(NO, "in_progress", "in_progress", status=503))) == []
    assert told("cancel.effect", cancels(cancelled(NO, "in_progress", status=499))) == []
    broken = no_state_before(cancelled(NO, "in_progress", status=500))
    assert told("cancel.effect", cancels(broken)) == [(STATE, "refused should", "500")]
    (look,) = (REGISTRY["cancel.effect"].follow or iter)(cancels(broken))
    assert look.broken is not None
    assert str(look.broken.expected) == "a success: the batch was ? before, and after it"
    (look,) = (REGISTRY["cancel.effect"].follow or iter)(cancels(refused))
    assert look.broken is not None
    assert str(look.broken.expected) == "a success: the batch was in_progress before, and after it"


@pytest.mark.parametrize(
    ("said", "seen", "found"),
    [
        ("in_queue", ["in_progress"], [SAME]),
        ("cancelling", [], IN_EFFECT),
        ("cancelling", ["cancelling", "cancelled"], IN_EFFECT),
        ("cancelling", ["failed"], IN_EFFECT),
        ("cancelling", ["in_progress"], [SAME, (STATE, "undone", '"in_progress"')]),
        ("cancelling", ["cancelled", "finalizing"], [SAME, (STATE, "undone", '"finalizing"')]),
        ("cancelling", ["cancelled", "cancelling"], [SAME, (STATE, "undone", '"cancelling"')]),
        ("cancelled", [ended()], [SAME, (STATE, "undone", '"completed"')]),
        ("cancelled", ["cancelling"], [SAME, (STATE, "undone", '"cancelling"')]),
        ("cancelled", ["cancelled"], IN_EFFECT),
        ("cancelled", [OTHER, "cancelled"], IN_EFFECT),
        ("cancelled", [batch("stuck"), "in_progress"], [SAME, (STATE, "undone", '"in_progress"')]),
        (batch("cancelling", id="batch_two"), [], [("/id", "other", '"batch_two"')]),
        ({"status": "cancelling"}, ["in_progress"], []),
    ],
)
def test_what_the_answer_to_a_cancellation_says_comes_true(
    said: str | dict[str, object], seen: list[str | dict[str, object]], found: list[Told]
) -> None:
    assert told("cancel.effect", cancels(cancelled(said, "in_progress", *seen))) == found


def test_what_was_made_is_not_known_where_the_answer_to_the_creation_was_lost() -> None:
    lost = MadeBatch(FILE, ASKED, None, reads("in_progress"), (cancelled("cancelling", "in_progress", "in_progress"),))
    assert told("cancel.effect", Followed(batches=(lost,))) == [(STATE, "undone", '"in_progress"')]
    assert told("create.as_asked", Followed(batches=(lost,))) == []
    assert told("create.read_back", Followed(batches=(lost,))) == []


def test_a_batch_is_gone_where_its_reads_after_the_cancellation_all_say_so() -> None:
    for_good = cancelled("cancelled", "in_progress")
    gone = [SAME, (STATE, "gone should", "404 when it was read afterwards")]
    assert told("cancel.effect", cancels(after(for_good, GONE, GONE))) == gone
    assert told("cancel.effect", cancels(after(for_good, read(410, NO), BUSY))) == [
        SAME,
        (STATE, "gone should", "410 when it was read afterwards"),
    ]
    assert told("cancel.effect", cancels(after(for_good, *reads("cancelled"), GONE))) == IN_EFFECT
    assert told("cancel.effect", cancels(after(for_good, BUSY))) == IN_EFFECT
    assert told("cancel.effect", cancels(after(for_good, read(400, NO)))) == IN_EFFECT
    assert told("cancel.effect", cancels(after(for_good, GONE), seen=(GONE,))) == IN_EFFECT
    answer = replace(for_good.answer)
    answer.__dict__["method"] = "DELETE"
    assert told("cancel.effect", cancels(after(replace(for_good, answer=answer), GONE))) == IN_EFFECT
    (*_, look) = (REGISTRY["cancel.effect"].follow or iter)(cancels(after(for_good, GONE, BUSY)))
    assert look.shows is GONE.exchange


@pytest.mark.parametrize(
    ("before", "said", "status", "found"),
    [
        ("cancelling", NO, 499, [("", "kept", "")]),
        ("cancelling", NO, 500, [("", "server error", "500")]),
        ("cancelling", NO, 503, []),
        ("cancelled", "cancelled", 200, [("", "kept", "")]),
        ("cancelling", "completed", 200, [("", "kept", "")]),
        ("cancelling", "finalizing", 200, [("", "state", '"finalizing"')]),
        ("cancelling", "stuck", 200, [("", "kept", "")]),
        ("in_progress", NO, 500, []),
        ("completed", NO, 500, []),
    ],
)
def test_a_batch_that_is_being_cancelled_is_cancelled_again(
    before: str, said: str | dict[str, object], status: int, found: list[Told]
) -> None:
    first, again = cancelled("cancelling", "in_progress"), cancelled(said, before, status=status)
    assert told("cancel.again", cancels(first, again)) == found
    assert told("cancel.again", cancels(first, no_state_before(again))) == []
    assert told("cancel.again", cancels(again)) == []
    assert told("cancel.again", cancels(first, no_state_before(again), again)) == found


@pytest.mark.parametrize(
    ("cancel", "found"),
    [
        (cancelled(NO, "completed", "completed", status=409), [("", "kept", "")]),
        (cancelled(NO, "completed", status=499), [("", "kept", "")]),
        (cancelled(NO, "completed", "cancelled", status=500), [("", "server error should", "500")]),
        (cancelled(NO, "completed", status=503), []),
        (cancelled("cancelled", "completed"), [("", "state", '"cancelled"')]),
        (cancelled(NO, "failed", OTHER, "cancelled", status=409), [("", "state", '"cancelled"')]),
        (cancelled("completed", "completed", OTHER, "completed"), [("", "kept", "")]),
        (cancelled("cancelled", "in_progress"), []),
    ],
)
def test_a_batch_that_had_ended_stays_as_it_was(cancel: Cancel, found: list[Told]) -> None:
    assert told("cancel.ended", cancels(cancel)) == found
    assert told("cancel.ended", cancels(no_state_before(cancel))) == []


def test_what_shows_that_an_ended_batch_changed_is_the_answer_that_says_so() -> None:
    cancel = cancelled(NO, "completed", "completed", "cancelled", status=409)
    (look,) = (REGISTRY["cancel.ended"].follow or iter)(cancels(cancel))
    assert look.observation is cancel.answer
    assert look.shows is cancel.reads[1].exchange
    assert look.broken is not None
    assert (str(look.broken.expected), look.broken.status) == ('"completed", as before it was cancelled', "")


def test_an_unknown_id_is_refused_when_it_is_to_be_cancelled() -> None:
    def of(status: int, body: object) -> list[Told]:
        return told("cancel.unknown", Followed(unknown_cancel=wrote("cancel", status, body)))

    assert told("cancel.unknown", Followed()) == []
    assert of(200, batch("cancelling")) == [("", "taken", "200")]
    assert of(200, {"code": 0}) == [("", "kept", "")]
    assert of(404, NO) == of(499, NO) == [("", "kept", "")]
    assert of(500, NO) == [("", "server error", "500")]
    assert of(503, NO) == []


WITH_METADATA = {**ASKED, "metadata": {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {}),
        ({"input_file_id": "file-x"}, {"/input_file_id": ("other must", '"file-x"')}),
        ({"input_file_id": None}, {"/input_file_id": None}),
        ({"input_file_id": 7}, {"/input_file_id": None}),
        ({"endpoint": "/openai/chat/completions"}, {}),
        ({"endpoint": "/v1/embeddings"}, {"/endpoint": ("other should", '"/v1/embeddings"')}),
        ({"completion_window": " 1 Day "}, {}),
        ({"completion_window": "1d"}, {}),
        ({"completion_window": "1440m"}, {}),
        ({"completion_window": "1440 minutes"}, {}),
        ({"completion_window": "86400 seconds"}, {}),
        ({"completion_window": "24 hours"}, {}),
        ({"completion_window": "1441m"}, {"/completion_window": ("other should", '"1441m"')}),
        ({"completion_window": "9" * 5000 + "h"}, {"/completion_window": ("other should", '"' + "9" * 58 + "…")}),
        ({"completion_window": "24"}, {"/completion_window": ("other should", '"24"')}),
        ({"metadata": {"a": "1", "b": "2", "c": "3"}}, {}),
        ({"metadata": {"a": "1"}}, {"/metadata": ("other should", "{'a': '1'}")}),
        ({"metadata": {"a": "1", "b": "3"}}, {"/metadata": ("other should", "{'a': '1', 'b': '3'}")}),
        ({"metadata": None}, {"/metadata": None}),
    ],
)
def test_a_batch_is_made_as_it_was_asked_for(said: dict[str, object], found: dict[str, tuple[str, str] | None]) -> None:
    answer = batch(**{"metadata": WITH_METADATA["metadata"], **said})
    usual = dict.fromkeys(("/input_file_id", "/endpoint", "/completion_window", "/metadata"), ("kept", ""))
    expected = [(pointer, *one) for pointer, one in {**usual, **found}.items() if one is not None]
    assert told("create.as_asked", of_batch(answer, asked=WITH_METADATA)) == expected


def with_roles(observation: Observation, **roles: Any) -> Observation:
    """An answer as under a document in which members have other roles."""
    made = replace(observation)
    operation = observation.operation
    made.__dict__["operation"] = replace(operation, roles=replace(operation.roles, **roles))
    return made


def test_the_id_and_the_state_are_looked_at_where_the_document_has_them() -> None:
    body = {**batch("cancelling"), "number": "batch_one"}
    created = with_roles(wrote("create", 200, {**batch(), "number": "batch_one"}), identity="/number")

    def followed(said: dict[str, Any], status: int = 200, **roles: Any) -> Followed:
        answer = with_roles(wrote("cancel", status, said), **roles)
        cancel = Cancel(stage_in(read(200, batch("in_progress"))), answer)
        return Followed(batches=(replace(made(cancels=[cancel]), created=created),))

    assert told("cancel.effect", followed(body, identity="/number")) == [("/number", "kept", ""), (STATE, "kept", "")]
    other = {**body, "number": "batch_two"}
    assert told("cancel.effect", followed(other, identity="/number")) == [("/number", "other", '"batch_two"')]
    assert told("cancel.effect", followed(body, identity=None)) == [("/id", "kept", ""), (STATE, "kept", "")]
    assert told("cancel.effect", followed({**body, "id": "x"}, identity=None)) == [("/id", "other", '"x"')]
    assert told("cancel.effect", followed(NO, 500, state=None)) == [("", "refused should", "500")]


def test_what_a_batch_is_made_with_lasts_or_is_its_input() -> None:
    operation = wrote("create", 200, batch()).operation
    usual = replace(operation, role="retrieve")
    passing = replace(usual, roles=replace(usual.roles, lasting=frozenset()))
    read_back = REGISTRY["create.read_back"]
    assert [place.pointer for place in read_back.clauses(usual)] == ["", *MADE_WITH]
    assert [place.pointer for place in read_back.clauses(passing)] == ["", "/input_file_id"]
    assert list(read_back.clauses(operation)) == []


def test_where_validating_is_no_state_what_is_in_progress_may_fail_yet() -> None:
    def looked_at(*states: Any) -> list[Told]:
        (one,) = bad(200, batch(), *states).bad_requests
        stages = tuple(stage for stage in contract().chosen.roles.stages if stage.word != "validating")
        unsure = replace(one, reads=tuple(with_roles(seen, stages=stages) for seen in one.reads))
        return told("create.bad_request", Followed(bad_requests=(unsure,)))

    running = "200, and a batch that is in_progress"
    assert looked_at("in_progress") == [("", "repeated_custom_id info", running)]
    assert looked_at("in_progress", ended()) == [("", "repeated_custom_id", running)]


def test_every_bad_request_is_told_by_its_case() -> None:
    words = []
    for case in get_args(BadCase):
        (look,) = (REGISTRY["create.bad_request"].follow or iter)(bad(500, NO, case=case))
        assert look.broken is not None
        assert (look.broken.kind, look.broken.level) == (f"{case}: server error", None)
        words.append(str(look.broken.expected))
    assert words == [
        "a refusal of a file that is not there, or a batch that failed",
        "a refusal of a request without input_file_id, or a batch that failed",
        "a refusal of a file with a line that is no JSON, or a batch that failed",
        "a refusal of a file with a line without custom_id, or a batch that failed",
        "a refusal of a file with one custom_id on two lines, or a batch that failed",
        "a refusal of a file of requests to another endpoint, or a batch that failed",
        "a refusal of an endpoint that does not exist, or a batch that failed",
        "a refusal of a window that is none, or a batch that failed",
        "a refusal of a number in place of input_file_id, or a batch that failed",
    ]


def test_what_was_not_asked_for_is_not_looked_at() -> None:
    hours = of_batch(batch(completion_window=48), asked={"completion_window": 24})
    assert told("create.as_asked", hours) == [("/completion_window", "other should", "48")]
    asked = {"input_file_id": "file-in", "completion_window": "soon"}
    assert told("create.as_asked", of_batch(batch(endpoint="/x", completion_window="soon"), asked=asked)) == [
        ("/input_file_id", "kept", ""),
        ("/completion_window", "kept", ""),
    ]


MADE_WITH = ("/id", "/input_file_id", "/created_at", "/completion_window", "/object", "/endpoint")


@pytest.mark.parametrize(
    ("answer", "seen", "found"),
    [
        ({}, [*reads("in_queue")], {}),
        ({}, [GONE, BUSY], [("", "not found", "404 some seconds after it was made")]),
        ({}, [read(410, NO)], [("", "not found", "410 some seconds after it was made")]),
        ({}, [GONE, read(500, NO)], []),
        ({}, [BUSY], []),
        ({}, [], []),
        ({}, [*reads("in_queue", OTHER)], [("/id", "other", '"batch_two"')]),
        ({}, [*reads(batch(created_at=1)), *reads("in_queue")], {"/created_at": ("other", "1")}),
        ({}, [*reads(batch(created_at="1"))], {"/created_at": None}),
        ({}, [*reads(batch(endpoint=""))], {"/endpoint": None}),
        ({"endpoint": ""}, [*reads("in_queue")], {"/endpoint": None}),
        ({"endpoint": None}, [*reads("in_queue")], {"/endpoint": None}),
        ({"endpoint": "/v1/x"}, [*reads("in_queue")], {}),
        ({"endpoint": "/v1/x"}, [*reads(batch(endpoint="/v1/y"))], {"/endpoint": ("other", '"/v1/y"')}),
    ],
)
def test_a_batch_is_read_as_it_was_made(
    answer: dict[str, object],
    seen: list[Observation],
    found: dict[str, tuple[str, str] | None] | list[Told],
) -> None:
    kept = dict.fromkeys(("", *MADE_WITH), ("kept", ""))
    expected = (
        found
        if isinstance(found, list)
        else [(pointer, *one) for pointer, one in {**kept, **found}.items() if one is not None]
    )
    assert told("create.read_back", of_batch(batch(**answer), seen)) == expected


def test_a_batch_that_is_gone_once_it_was_cancelled_was_found_before() -> None:
    cancel = after(cancelled("cancelling", "in_progress"), GONE)
    gone = made(seen=[BUSY, GONE], cancels=[cancel])
    assert gone.before_cancelled == (BUSY,)
    assert told("create.read_back", Followed(batches=(gone,))) == []
    assert replace(gone, cancels=()).before_cancelled == (BUSY, GONE)


FAILED = "a batch that failed, and names no reason"


@pytest.mark.parametrize(
    ("followed", "found"),
    [
        (bad(499, NO), [("", "kept", "")]),
        (bad(500, NO), [("", "repeated_custom_id: server error", "500, as if the server were to blame")]),
        (bad(503, NO), []),
        (bad(200, NO), [("", "kept", "")]),
        (bad(200, batch()), []),
        (bad(200, batch(), "in_queue"), []),
        (bad(200, batch(), "validating", "failed"), [("", "repeated_custom_id: no reason info", FAILED)]),
        (bad(200, batch(), batch("failed", errors=["line 1"])), [("", "kept", "")]),
        (bad(200, batch(), batch("failed", error="line 1")), [("", "kept", "")]),
        (bad(200, batch(), batch("failed", errors=[])), [("", "repeated_custom_id: no reason info", FAILED)]),
        (bad(200, batch(), ended(request_counts={**COUNTS, "completed": 0, "failed": 3})), [("", "kept", "")]),
        (
            bad(200, batch(), "finalizing", ended(), case="wrong_url"),
            [("", "wrong_url", "200, and a batch that is finalizing")],
        ),
        (
            bad(200, batch(), ended(request_counts=None)),
            [("", "repeated_custom_id", "200, and a batch that is completed")],
        ),
        (
            bad(201, batch(), "in_progress", "cancelling"),
            [("", "repeated_custom_id", "201, and a batch that is in_progress")],
        ),
    ],
)
def test_a_bad_request_is_refused_or_its_batch_fails(followed: Followed, found: list[Told]) -> None:
    assert told("create.bad_request", followed) == found


@pytest.mark.parametrize(
    ("followed", "found"),
    [
        (without_key("create", 200), [("", "let in must", "200")]),
        (without_key("create", 299), [("", "let in must", "299")]),
        (without_key("create", 401, 401), [("", "kept", "")]),
        (without_key("create", 403, 403), [("", "kept", "")]),
        (without_key("create", 400, 400), [("", "not asked", "400, the same as with the valid credential")]),
        (without_key("create", 400, 422), [("", "kept", "")]),
        (without_key("create", 404, 404), [("", "kept", "")]),
        (without_key("create", 405, 405), [("", "kept", "")]),
        (without_key("create", 499, 499), [("", "not asked", "499, the same as with the valid credential")]),
        (without_key("create", 500, 500), []),
        (without_key("create", 501, 501), []),
        (without_key("create", 429, 429), []),
        (
            replace(without_key("create", 404, 404), batches=of_batch().batches),
            [("", "not asked", "404, the same as with the valid credential")],
        ),
        (
            replace(without_key("upload", 404, 404), uploads=uploaded().uploads),
            [("", "not asked", "404, the same as with the valid credential")],
        ),
        (
            replace(without_key("create", 404, 404), bad_requests=bad(400, NO).bad_requests),
            [("", "not asked", "404, the same as with the valid credential")],
        ),
        (
            replace(without_key("cancel", 404, 404), batches=cancels(cancelled(NO, "completed", status=409)).batches),
            [("", "not asked", "404, the same as with the valid credential")],
        ),
        (replace(without_key("cancel", 404, 404), batches=of_batch().batches), [("", "kept", "")]),
    ],
)
def test_nothing_is_changed_without_a_credential(followed: Followed, found: list[Told]) -> None:
    assert told("write.without_key", followed) == found


def test_a_request_without_a_credential_stands_alone_where_it_was_not_sent_with_one() -> None:
    (one,) = without_key("create", 404).without_key
    alone = replace(one, with_key=None)
    assert told("write.without_key", Followed(without_key=(alone,))) == [("", "kept", "")]
    let_in = replace(without_key("create", 200).without_key[0], with_key=None)
    (broken,) = without_key("create", 500).without_key
    assert told("write.without_key", Followed(without_key=(broken, alone))) == [("", "kept", "")]
    assert told("write.without_key", Followed(without_key=(alone, let_in))) == [
        ("", "kept", ""),
        ("", "let in must", "200"),
    ]
    (look, _) = (REGISTRY["write.without_key"].follow or iter)(Followed(without_key=(alone, let_in)))
    assert look.observation is alone.answer

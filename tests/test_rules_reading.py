"""What rules read of a batch, of lines of files and of times, at the edges where one more or less decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judge_support import COMPLETED, QUEUED, contract, refused, sent, unknown

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.batch import EARLIEST, LATEST, clock, is_plausible, moment, stage_of, times_of
from batch_conformance.rules.batch_lines import custom_ids_of, repeated, result_lines
from batch_conformance.rules.client import case_of, is_read


def seen(body: Any) -> Observation:
    return Observation(sent(body), contract())


def test_times_of_batches_are_those_of_ninety_years() -> None:
    assert (clock(EARLIEST), clock(LATEST)) == ("2010-01-01 00:00:00 UTC", "2100-01-01 00:00:00 UTC")
    assert [is_plausible(time) for time in (EARLIEST - 1, EARLIEST, LATEST, LATEST + 1)] == [False, True, True, False]
    assert str(moment(1741685413)) == "1741685413 (2025-03-11 09:30:13 UTC)"


def test_the_times_of_a_batch_are_integers_that_can_be_seconds() -> None:
    body = {**COMPLETED, "expires_at": LATEST + 1, "in_progress_at": "1741685420", "finalizing_at": True}
    assert times_of(seen(body)) == {"/created_at": 1741685413, "/completed_at": 1741685510}
    assert times_of(Observation(unknown(), contract())) == {}


def test_the_stage_of_a_batch_is_the_one_that_it_names() -> None:
    roles = contract().chosen.roles
    stage = stage_of(COMPLETED, roles)
    assert stage is not None
    assert stage.value == "completed"
    assert stage_of({**QUEUED, "status": "gone"}, roles) is None
    assert stage_of(None, roles) is None


@pytest.mark.parametrize(
    ("line", "custom_id", "failed", "problem"),
    [
        ({"custom_id": "a", "response": {"status_code": 200}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": 399}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": 400}}, "a", True, ""),
        ({"custom_id": "a", "response": {"status_code": True}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": "500"}}, "a", False, ""),
        ({"custom_id": "a", "response": {}, "error": {"code": 1}}, "a", True, ""),
        ({"custom_id": "a", "response": "", "error": "no"}, "a", True, ""),
        ({"custom_id": "a", "response": {"body": {}}, "error": {}}, "a", False, ""),
        ({"custom_id": "a", "response": {"body": {}}, "error": {"code": 1}}, "a", True, "both"),
        ({"custom_id": "a", "response": None}, "a", None, "neither"),
        ({"custom_id": "", "response": {"body": {}}}, "", None, "custom_id"),
        ({"custom_id": 7, "response": {"body": {}}}, "", None, "custom_id"),
        ({"response": {"body": {}}}, "", None, "custom_id"),
        (["a"], "", None, "object"),
    ],
)
def test_a_line_of_results_says_what_became_of_a_request(
    line: object, custom_id: str, failed: bool | None, problem: str
) -> None:
    (read,) = result_lines(json.dumps(line).encode())
    assert (read.number, read.custom_id, read.failed, read.problem) == (1, custom_id, failed, problem)


def test_lines_keep_their_numbers_and_ids_their_order() -> None:
    content = b'\n{"custom_id": "b"}\n[]\n  \n{"custom_id": 1}\n{"custom_id": "a"}\n{"cus'
    assert [(line.number, line.problem) for line in result_lines(content)] == [
        (2, "neither"),
        (3, "object"),
        (5, "custom_id"),
        (6, "neither"),
        (7, "json"),
    ]
    assert custom_ids_of(content) == ("b", "a")
    assert repeated(["a", "b", "c", "b", "a", "b"]) == ("b", "a")


@pytest.mark.parametrize(
    ("exchange", "called_for"),
    [
        (refused(), (401, "client.error_class.missing")),
        (refused(status=400), (401, "client.error_class.missing")),
        (refused(status=499, credential="wrong"), (401, "client.error_class.wrong")),
        (refused(credential="nearly"), None),
        (refused(status=399), None),
        (refused(status=429), None),
        (refused(status=500), None),
        (refused(b"", answered=False), None),
        (refused(forced=401), None),
        (unknown(), (404, "client.error_class.unknown")),
        (unknown(status=403), (404, "client.error_class.unknown")),
        (unknown(credential="missing"), None),
        (unknown(credential="missing", status=403), (401, "client.error_class.missing")),
        (unknown(credential="nearly"), None),
        (sent("gone", 404), None),
    ],
)
def test_a_case_calls_for_the_status_that_the_client_has_an_exception_for(
    exchange: Exchange, called_for: tuple[int, str] | None
) -> None:
    case = case_of(Observation(exchange, contract()))
    assert (case and (case[0], case[1].id)) == called_for


@pytest.mark.parametrize(
    ("exchange", "read"),
    [
        (sent(), True),
        (sent(status=200, subject="recorded"), True),
        (sent(subject="equivalent"), True),
        (sent(subject="neighbour"), False),
        (sent(final=False), False),
        (sent(method="HEAD"), False),
        (sent(b"", answered=False), False),
        (sent(status=199), False),
        (sent(status=299), True),
        (sent(status=300), False),
        (sent(status=399), False),
        (unknown(status=400), True),
        (sent(asked=(("Accept", "text/html"),)), False),
        (sent(asked=(("ACCEPT", "text/html, Application/JSON ;q=0.5"),)), True),
        (sent(asked=(("Accept", "text/html, application/json;q=0"),)), False),
        (sent(asked=(("Accept", "application/*"),)), True),
        (sent(asked=()), True),
        (unknown(forced=404), True),
        (sent(forced=404), False),
    ],
)
def test_the_client_reads_a_plain_get_that_was_answered_in_full(exchange: Exchange, read: bool) -> None:
    assert is_read(Observation(exchange, contract())) is read


def test_what_exercises_a_rule_of_the_client_is_a_read_of_its_kind() -> None:
    exchanges = {
        "a batch": sent(),
        "files": sent(COMPLETED),
        "a redirect": sent(COMPLETED, 302),
        "no batch": unknown(),
        "no key": refused(),
        "500": unknown(status=500),
    }
    exercised = {
        rule: {
            name for name, one in exchanges.items() if (REGISTRY[rule].exercised or bool)(Observation(one, contract()))
        }
        for rule in ("client.no_batch", "client.file_id", "client.error_class", "client.error_detail")
    }
    assert exercised == {
        "client.no_batch": {"a batch", "files"},
        "client.file_id": {"files"},
        "client.error_class": {"no batch", "no key"},
        "client.error_detail": {"no batch", "no key", "500"},
    }

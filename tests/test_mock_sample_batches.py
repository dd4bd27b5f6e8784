"""The fleet, and the pages that it is made from."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_support import DOCUMENTED, UNKNOWN, Client, mistyped, serving

from batch_conformance.contract.contract import Reading
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock import pages
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.sample_batches import FIELDS, UNSET_AS_NULL, Batch, make_sample_batches
from batch_conformance.mock.service import Service
from batch_conformance.probes.planning import build_plan

STATES = {
    "in_queue", "validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled",
}  # fmt: skip
ORDER = ("created_at", "in_progress_at", "finalizing_at", "completed_at")
FLEET = make_sample_batches()
VIEWS = [(batch, step.after) for batch in FLEET for step in batch.steps]
IDS = [f"{batch.id}@{after}" for batch, after in VIEWS]


def named(note: str) -> Batch:
    return next(batch for batch in FLEET if note in batch.note)


def test_ids_look_like_the_vendor_s_and_are_all_different() -> None:
    assert all(re.fullmatch(r"batch_[a-z]{10}", batch.id) for batch in FLEET)
    assert len({batch.id for batch in FLEET}) == len(FLEET)


def test_every_state_is_there_and_stays() -> None:
    assert {batch.at()["status"] for batch in FLEET if not batch.progresses} == STATES


def test_every_documented_property_is_set_somewhere() -> None:
    assert set(FIELDS) == DOCUMENTED
    assert {name for batch, after in VIEWS for name in batch.at(after)} == DOCUMENTED
    assert any(batch.at()["errors"] for batch in FLEET if "errors" in batch.at())
    assert any("description" in batch.at().get("metadata", {}) for batch in FLEET)


@pytest.mark.parametrize(("batch", "after"), VIEWS, ids=IDS)
def test_without_nulls_a_batch_is_as_published(batch: Batch, after: float) -> None:
    shown = batch.at(after)
    assert mistyped(shown) == []
    assert None not in shown.values()
    assert "" not in shown.values()
    assert shown["id"] == batch.id


@pytest.mark.parametrize(("batch", "after"), VIEWS, ids=IDS)
def test_with_nulls_exactly_what_the_page_shows_as_null_is_null(batch: Batch, after: float) -> None:
    shown, plain = batch.at(after, "null"), batch.at(after)
    assert mistyped(shown, null=UNSET_AS_NULL) == []
    assert {name for name, value in shown.items() if value is None} == UNSET_AS_NULL - plain.keys()
    assert {name: value for name, value in shown.items() if value is not None} == plain
    assert list(shown) == [name for name in FIELDS if name in shown]


def test_nine_properties_are_null_on_the_vendor_s_page() -> None:
    assert len(UNSET_AS_NULL) == 9


@pytest.mark.parametrize(("batch", "after"), VIEWS, ids=IDS)
def test_times_states_and_counts_make_sense(batch: Batch, after: float) -> None:
    shown = batch.at(after)
    times = [shown[name] for name in ORDER if name in shown]
    assert times == sorted(times)
    own = f"{shown['status']}_at"
    assert own not in FIELDS or own in shown
    ended = {f"{state}_at" for state in ("completed", "failed", "expired", "cancelled")} & shown.keys()
    assert ended <= {own}
    if "expires_at" in shown:
        assert shown["expires_at"] - shown["created_at"] == int(shown["completion_window"][:-1]) * 3600
    counts = shown.get("request_counts") or {"total": 0, "completed": 0, "failed": 0}
    done = counts["completed"] + counts["failed"]
    assert done == counts["total"] if shown["status"] == "completed" else done <= counts["total"]


def test_the_odd_endings_are_there() -> None:
    all_failed, partial = named("every request failed").at(), named("cancelled half-way").at()
    assert all_failed["status"] == "completed"
    assert "output_file_id" not in all_failed
    assert "error_file_id" in all_failed
    assert 0 < partial["request_counts"]["completed"] < partial["request_counts"]["total"]
    assert "output_file_id" in named("expired").at()


def test_metadata_can_be_large_and_in_any_script() -> None:
    assert len(str(named("large metadata").at()["metadata"])) > 8192
    assert not str(named("many scripts").at()["metadata"]).isascii()


@given(st.floats(min_value=0, max_value=10), st.floats(min_value=0, max_value=10))
def test_a_batch_never_goes_back(one: float, other: float) -> None:
    batch = next(batch for batch in FLEET if batch.progresses)
    states = ("in_queue", "in_progress", "finalizing", "completed")
    earlier, later = batch.at(min(one, other)), batch.at(max(one, other))
    assert states.index(earlier["status"]) <= states.index(later["status"])
    assert all(later["request_counts"][name] >= count for name, count in earlier["request_counts"].items())
    fixed = earlier.keys() - {"status", "request_counts"}
    assert {name: later[name] for name in fixed} == {name: earlier[name] for name in fixed}


def test_the_progressing_batch_starts_with_its_first_read_and_goes_the_whole_way() -> None:
    now = [100.0]
    service = Service("key", clock=lambda: now[0])
    moving = next(batch for batch in service.batches if batch.progresses)
    request = ParsedRequest("GET", f"/v1/batches/{moving.id}".encode(), ((b"authorization", b"Bearer key"),))
    now[0] = 500.0
    seen = []
    for _ in range(30):
        body = service.reply_to(request).body
        seen.append(next(state for state in STATES if f'"status":"{state}"'.encode() in body))
        now[0] += 0.03
    assert list(dict.fromkeys(seen)) == ["in_queue", "in_progress", "finalizing", "completed"]


def test_the_progressing_batch_skips_no_step_however_seldom_it_is_read() -> None:
    now = [100.0]
    service = Service("key", clock=lambda: now[0])
    moving = next(batch for batch in service.batches if batch.progresses)
    request = ParsedRequest("GET", f"/v1/batches/{moving.id}".encode(), ((b"authorization", b"Bearer key"),))
    seen = []
    for _ in moving.steps:
        seen.append(json.loads(service.reply_to(request).body))
        now[0] += 60.0
    assert seen == [moving.at(step.after) for step in moving.steps]


@pytest.mark.parametrize("latency", [0.0, 0.0005, 0.003, 0.05, 1.0])
def test_a_standard_run_sees_how_the_progressing_batch_ends_more_than_once_at_any_speed(latency: float) -> None:
    now = [100.0]
    service = Service("key", clock=lambda: now[0])
    moving = next(batch for batch in service.batches if batch.progresses)
    planned = build_plan(
        shipped_contract(),
        [batch.id for batch in service.batches],
        exploration="standard",
        seed=None,
        loopback=True,
    )
    states, last = [], now[0]
    for probe in planned.probes:
        if probe.wait:
            now[0] = last = max(now[0], last + probe.wait)
        if probe.batch_id == moving.id and probe.credential == "valid" and probe.method == "GET":
            target = f"/v1{probe.path}".encode()
            reply = service.reply_to(ParsedRequest("GET", target, ((b"authorization", b"Bearer key"),)))
            states.append(json.loads(reply.body)["status"])
        now[0] += latency
    assert list(dict.fromkeys(states)) == ["in_queue", "in_progress", "finalizing", "completed"]
    assert states.count("completed") >= 2


def test_a_drift_that_asks_for_an_answer_twice_moves_no_batch_on() -> None:
    now = [100.0]
    twice = Drift(
        "twice", "Asks the mock a second time", "", "", "", "", "answer", lambda received, _: received.answer(received)
    )
    service = Service("key", drifts=[twice], clock=lambda: now[0])
    moving = next(batch for batch in service.batches if batch.progresses)
    request = ParsedRequest("GET", f"/v1/batches/{moving.id}".encode(), ((b"authorization", b"Bearer key"),))
    bodies = []
    for _ in moving.steps:
        bodies.append(json.loads(service.reply_to(request).body))
        now[0] += 60.0
    assert bodies == [moving.at(step.after) for step in moving.steps]


def test_two_mocks_answer_the_same_bytes() -> None:
    with serving() as one, serving() as other, Client(one) as left, Client(other) as right:
        for batch in FLEET:
            assert left.read(batch.id).body == right.read(batch.id).body


def test_every_page_has_a_source_and_at_least_twelve_are_served() -> None:
    assert len(pages.PAGES) >= 12
    assert all(urlsplit(page.source).scheme == "https" for page in pages.PAGES)
    served = []
    with serving(style="null") as port, Client(port) as client:
        served += [client.read(batch.id).json for batch in FLEET]
        served += [
            client.read(UNKNOWN, ("Prefer", f"code={code}")).json for code in (400, 401, 403, 404, 429, 500, 503)
        ]
        served.append(client.read("%FF").json)
        served.append(client.ask("/", "GET", ("Authorization", "Basic x"), key=False).json)
    found = [page for page in pages.PAGES if any(_like(page.body, body) for body in served)]
    assert len(found) >= 12


def _like(shown: object, served: object) -> bool:
    """Whether a served body is the page's, nulls and ids of batches aside."""
    if not isinstance(shown, dict) or not isinstance(served, dict):
        return shown == served
    told = {name: value for name, value in shown.items() if value is not None and name not in ("id", "file_name")}
    # The guide's expiry contradicts its own window, so it is not served.
    return all(served.get(name) == value for name, value in told.items() if name != "expires_at")


@pytest.mark.parametrize("reading", ["published", "documented"])
def test_every_body_keeps_the_contract_under_both_readings(reading: Reading) -> None:
    operation = shipped_contract(reading).chosen
    refused = ("Authorization", "Basic x")
    with serving() as port, Client(port) as client:
        answers = [client.read(batch.id) for batch in FLEET]
        answers += [
            client.read(UNKNOWN, ("Prefer", f"code={code}")) for code in (400, 401, 403, 404, 429, 500, 503, 504)
        ]
        answers += [client.read(UNKNOWN), client.read("%FF"), client.ask("/", "GET", refused, key=False)]
    judged = set()
    for answer in answers:
        documented = operation.response_for(answer.status)
        if documented is None:
            assert (reading, answer.status in (429, 500)) == ("published", True)
            continue
        schema = documented.content["application/json"]
        assert schema is not None
        assert (schema.violations(answer.json), schema.undeclared(answer.json)) == ((), ())
        assert schema.unknown_values(answer.json) == ()
        judged.add(str(answer.status))
    assert judged == set(operation.responses)


def test_nulls_break_only_the_published_contract_and_only_in_the_nine_properties() -> None:
    found: dict[Reading, set[str]] = {"published": set(), "documented": set()}
    with serving(style="null") as port, Client(port) as client:
        bodies = [client.read(batch.id).json for batch in FLEET]
    for reading, pointers in found.items():
        response = shipped_contract(reading).chosen.response_for(200)
        assert response is not None
        schema = response.content["application/json"]
        assert schema is not None
        pointers |= {violation.pointer for body in bodies for violation in schema.violations(body)}
    assert found == {"published": {f"/{name}" for name in UNSET_AS_NULL}, "documented": set()}

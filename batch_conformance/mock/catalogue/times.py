"""Drifts in time: moments that cannot be, states that contradict them, and reads that contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    Fields,
    When,
    always,
    answering,
    at_rest,
    dropping,
    in_state,
    of_batch,
    putting,
)
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import UNSET_AS_NULL

_SECONDS = "the document's examples are Unix seconds; "
_ORDER = "the guide's order of states: https://docs.siliconflow.cn/cn/userguide/guides/batch"
_NAMED = "the document's properties named after states; "
_MADE = "the document: it is what the batch was created with"
_LATE = sorted(name for name in UNSET_AS_NULL if name.endswith("_at"))


def _sentinels(_: ReceivedRequest, batch: Fields) -> None:
    batch.update({name: 946656000000 for name in _LATE if batch.get(name) is None})


def _every_other_read(change: Callable[[Fields], object], when: When = always) -> Any:
    return of_batch(
        lambda _, batch: change(batch), lambda received, batch: received.reads % 2 == 0 and when(received, batch)
    )


def _put(**values: Any) -> Callable[[Fields], object]:
    return lambda batch: batch.update(values)


def _after(name: str, seconds: int) -> Callable[[Fields], int]:
    return lambda batch: int(batch[name]) + seconds


def _goes_back(received: ReceivedRequest, batch: Fields) -> None:
    # Without finalizing_at in any of the reads, the state going back is the only thing wrong.
    batch.pop("finalizing_at", None)
    if received.reads % 2 == 0:
        batch["status"] = "in_progress"


def _left_final(received: ReceivedRequest, batch: Fields) -> None:
    # The time of what it is not is left out: a time that contradicts the state is another drift.
    if received.reads % 5 == 0:
        batch["status"] = "in_progress"
        batch.pop("expired_at")


def _as_read(name: str, make: Callable[[int, Any], Any]) -> Callable[[ReceivedRequest, Fields], object]:
    def change(received: ReceivedRequest, batch: Fields) -> None:
        if name in batch:
            batch[name] = make(received.reads, batch[name])

    return change


def _now_and_then_gone(every: int, at: int) -> Callable[[ReceivedRequest, Reply], Reply]:
    gone = answering(404, pages.NOT_FOUND.body)

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        hit = received.batch is not None and received.reads % every == at and received.request.method == "GET"
        return gone(reply) if hit and reply.status == 200 else reply

    return apply


def _zero_counts(_: ReceivedRequest, batch: Fields) -> None:
    batch["request_counts"] = {"total": 0, "completed": 0, "failed": 0}


DRIFTS: tuple[Drift, ...] = (
    Drift("expires_at_milliseconds", "a time is sent in milliseconds", "time.magnitude", "200", "/expires_at",
          _SECONDS + "Bella-queue sends milliseconds", "value",
          putting(lambda _, batch: "expires_at" in batch, expires_at=lambda batch: batch["expires_at"] * 1000)),
    Drift("failed_at_microseconds", "a time that only failed batches have is in microseconds", "time.magnitude", "200",
          "/failed_at", _SECONDS + "no other field shows it", "value",
          putting(in_state("failed"), failed_at=lambda batch: batch["failed_at"] * 1_000_000)),
    Drift("sentinel_dates", "unset times are a date of the year 2000", "time.magnitude", "200", "",
          _SECONDS + "Bella-queue: unset is 946656000000", "value", of_batch(_sentinels)),
    Drift("zero_date", "an unset time is 0", "time.magnitude", "200", "/expired_at", _SECONDS + "0 is the year 1970",
          "value", putting(lambda _, batch: batch["status"] != "expired", expired_at=0)),
    Drift("go_zero_date", "an unset time is the zero time of Go", "time.magnitude", "200", "/cancelling_at",
          _SECONDS + "-62135596800 is the year 1", "value", putting(at_rest("in_queue"), cancelling_at=-62135596800)),
    Drift("completed_before_created", "the end of a batch is before its creation", "time.order", "200", "/completed_at",
          _ORDER, "value", putting(at_rest("completed"), completed_at=_after("created_at", -60))),
    Drift("begun_before_created", "the begin of a batch is before its creation", "time.order", "200", "/in_progress_at",
          _ORDER, "value", putting(at_rest("in_progress"), in_progress_at=_after("created_at", -1))),
    Drift("finalizing_before_begun", "finalizing begins before the work", "time.order", "200", "/finalizing_at", _ORDER,
          "value", putting(at_rest("finalizing"), finalizing_at=_after("in_progress_at", -1))),
    Drift("cancelled_before_cancelling", "cancelled before the cancelling began", "time.order", "200", "/cancelled_at",
          _ORDER, "value", putting(in_state("cancelled"), cancelled_at=_after("cancelling_at", -1))),
    Drift("expiry_before_creation", "the expiry is before the creation", "time.order", "200", "/expires_at",
          "the document: a batch expires after it was created", "value",
          putting(at_rest("cancelling"), expires_at=_after("created_at", -3600)), also=("time.window",)),
    Drift("failed_at_missing", "failed, and no failed_at", "state.timestamp_missing", "200", "/failed_at",
          _NAMED + "failed_at", "value", dropping("failed_at", when=in_state("failed"))),
    Drift("completed_at_missing", "completed, and no completed_at", "state.timestamp_missing", "200", "/completed_at",
          _NAMED + "completed_at", "value", dropping("completed_at", when=at_rest("completed"))),
    Drift("expired_at_missing", "expired, and no expired_at", "state.timestamp_missing", "200", "/expired_at",
          _NAMED + "Moonshot has none", "value", dropping("expired_at", when=in_state("expired"))),
    Drift("cancelled_at_missing", "cancelled, and no cancelled_at", "state.timestamp_missing", "200", "/cancelled_at",
          _NAMED + "cancelled_at", "value", dropping("cancelled_at", when=in_state("cancelled"))),
    Drift("completed_at_early", "a running batch has a time of completion", "state.timestamp_early", "200",
          "/completed_at", _NAMED + "the batch is in progress", "value",
          putting(at_rest("in_progress"), completed_at=_after("in_progress_at", 60))),
    Drift("cancelled_at_early", "a cancelling batch has been cancelled already", "state.timestamp_early", "200",
          "/cancelled_at", _NAMED + "cancelling waits for what is in flight", "value",
          putting(at_rest("cancelling"), cancelled_at=_after("cancelling_at", 1))),
    Drift("two_endings", "a completed batch has failed as well", "state.timestamp_early", "200", "/failed_at",
          _NAMED + "one ending only", "value",
          putting(at_rest("completed"), failed_at=lambda batch: batch["completed_at"])),
    Drift("completed_at_on_failure", "completed_at holds the end of a failed batch", "state.timestamp_early", "200",
          "/completed_at", "vllm-project/production-stack sets it for every ending: common, so it is only told", "value",
          putting(in_state("failed"), completed_at=lambda batch: batch["failed_at"]), verdict="conforms"),
    Drift("window_not_kept", "the expiry is not creation plus window", "time.window", "200", "/expires_at",
          pages.GUIDE.source + ": 28135 s for 24h, so it is only told", "value",
          putting(at_rest("in_queue"), expires_at=_after("created_at", 28135)), verdict="conforms"),
    Drift("stage_time_missing", "a completed batch does not say when it began", "state.stage_timestamp_missing", "200",
          "/in_progress_at", "Cerebras' completed example: common, so it is only told", "value",
          dropping("in_progress_at", when=at_rest("completed")), verdict="conforms"),
    Drift("status_goes_back", "every other read of a finalizing batch says in_progress", "state.regressed", "200",
          "/status", _ORDER, "value", of_batch(_goes_back, at_rest("finalizing"))),
    Drift("final_state_left", "every fifth read of an expired batch says in_progress", "state.regressed", "200",
          "/status", _ORDER, "value", of_batch(_left_final, at_rest("expired")), also=("stability.changed",)),
    Drift("count_falls", "every other read counts one less", "counts.regressed", "200", "/request_counts/completed",
          "the meaning of a count of finished requests", "value",
          _every_other_read(lambda batch: batch["request_counts"].update(completed=11), at_rest("in_progress"))),
    Drift("counts_zero_at_the_end", "a completed batch has counts of zero", "counts.regressed", "200",
          "/request_counts/total", "BerriAI/litellm#38744: 0/0/0 on completed", "value",
          of_batch(_zero_counts, in_state("completed")), also=("counts.regressed",)),
    Drift("input_file_changes", "the input file of a batch is another one at every other read", "stability.changed",
          "200", "/input_file_id", _MADE, "value",
          of_batch(_as_read("input_file_id", lambda reads, file: f"{file}-{reads % 2}"))),
    Drift("created_now", "the creation is always now", "stability.changed", "200", "/created_at", _MADE, "value",
          of_batch(_as_read("created_at", lambda reads, moment: moment - reads), at_rest("failed")),
          also=("time.window",)),
    Drift("expiry_slides", "the expiry moves with every read", "stability.changed", "200", "/expires_at", _MADE,
          "value", of_batch(_as_read("expires_at", lambda reads, moment: moment + reads), at_rest("in_progress")),
          also=("time.window",)),
    Drift("endpoint_changes", "the endpoint is written in two ways by turns", "stability.changed", "200", "/endpoint",
          _MADE, "value", _every_other_read(_put(endpoint="/chat/completions"), at_rest("validating"))),
    Drift("output_file_changes", "the output file is another one at every read", "stability.changed", "200",
          "/output_file_id", "the meaning of the id of a file", "value",
          of_batch(_as_read("output_file_id", lambda reads, file: f"{file}-{reads}"), at_rest("cancelled"))),
    Drift("completed_at_vanishes", "a time that was set is unset now and then", "stability.changed", "200",
          "/in_progress_at", "the meaning of a time that has passed", "value",
          of_batch(lambda _, batch: batch.pop("in_progress_at", None),
                   lambda received, batch: received.reads % 3 == 0 and at_rest("finalizing")(received, batch))),
    Drift("gone_now_and_then", "every seventh read of a batch does not find it", "stability.answer_changed", "404", "",
          "RFC 9110 section 9.2.1; anthropics/anthropic-sdk-python#1432", "answer", _now_and_then_gone(7, 0)),
    Drift("not_found_at_first", "the second read of a batch does not find it", "stability.answer_changed", "404", "",
          "RFC 9110 section 9.2.1; anthropics/anthropic-sdk-python#1432", "answer", _now_and_then_gone(10_000, 2)),
)  # fmt: skip
"""Drifts in time."""

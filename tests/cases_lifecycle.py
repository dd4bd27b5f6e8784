"""Rules about sense: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping

from judge_cases import GOOD, Case, batch, completed, without
from judge_support import COMPLETED, KNOWN, OTHER, unknown

from batch_conformance.exchange.exchange import Exchange

RUNNING: Mapping[str, object] = {"status": "in_progress", "in_progress_at": 1741685420}


FOLDER = "s3://bucket/batches/"
ANOTHER: Mapping[str, object] = {"id": OTHER, "created_at": 1741685414, "input_file_id": "file-another001"}
OTHER_FILES: Mapping[str, object] = {"output_file_id": "file-output0002", "error_file_id": "file-errors0002"}
LATER = (("Date", "Wed, 12 Mar 2025 09:30:13 GMT"),)
DATE = (("Date", "Tue, 11 Mar 2025 09:30:13 GMT"),)


def expired(moment: int, **changes: object) -> Exchange:
    return batch({"status": "expired", "expired_at": moment, **changes})


def refusal(status: int) -> Exchange:
    return unknown("No such batch", status, subject="known", batch_id=KNOWN)


CASES: Mapping[str, Case] = {
    "time.magnitude": Case(
        breaks=tuple(
            (batch({"expires_at": value}),)
            for value in (
                *(1741771813000, 0, -1, 1, 946656000000, 1741771813 * 10**6, 1741771813 * 10**9, 4102444800999),
                *(first * scale for first in (1262304000, 4102444800) for scale in (10**3, 10**6, 10**9)),
            )
        ),
        keeps=((GOOD,), (batch({"expires_at": None}),)),
    ),
    "time.order": Case(
        breaks=(
            (completed({"completed_at": 1741685499}),),
            (batch({"expires_at": 1741685412}),),
            (completed({"in_progress_at": 1741685412}),),
            (
                completed(
                    {
                        "status": "cancelled",
                        "completed_at": None,
                        "cancelling_at": 1741685502,
                        "cancelled_at": 1741685501,
                    }
                ),
            ),
        ),
        keeps=(
            (completed({"in_progress_at": 1741685413, "finalizing_at": 1741685510}),),
            (
                completed(
                    {"status": "expired", "completed_at": None, "expired_at": 1741771813, "finalizing_at": 1741771900}
                ),
            ),
            (
                completed(
                    {
                        "status": "cancelled",
                        "completed_at": None,
                        "cancelling_at": 1741685415,
                        "cancelled_at": 1741685600,
                    }
                ),
            ),
        ),
    ),
    "time.expired_early": Case(
        breaks=tuple((expired(moment),) for moment in (1741685500, 1741685413, 1741771813 - 8641, 1741771813 - 43200)),
        keeps=(
            *((expired(moment),) for moment in (1741771813, 1741771813 - 8640, 1741771814, 1741771813 + 10**6)),
            (expired(1741685500, expires_at=None),),
            (completed(),),
            (batch({"status": "cancelled", "cancelled_at": 1741685500}),),
        ),
    ),
    "time.ahead": Case(
        breaks=(
            (batch({"created_at": 1741685413 + 28800, "expires_at": 1741771813 + 28800}, headers=DATE),),
            (batch({**RUNNING, "in_progress_at": 1741685413 + 601}, headers=DATE),),
        ),
        keeps=(
            (batch(headers=DATE),),
            (batch({**RUNNING, "in_progress_at": 1741685413 + 600}, headers=DATE),),
            (batch({"expires_at": 1741685413 + 10**8, "completion_window": None}, headers=DATE),),
            (batch(headers=(("Date", "Thu, 01 Jan 1970 00:00:10 GMT"),)),),
            (batch(headers=(("Date", "today"),)),),
            (batch({"created_at": 1741685413000}, headers=DATE),),
            (batch({"metadata": {"created_at": 1841685413}}, headers=DATE),),
        ),
    ),
    "time.window": Case(
        breaks=((batch({"expires_at": 1741685413 + 28135}),), (batch({"completion_window": "2d"}),)),
        keeps=(
            (batch({"completion_window": "1d"}),),
            (batch({"completion_window": "background"}),),
            (batch({"completion_window": "1440m"}),),
        ),
    ),
    "state.timestamp_missing": Case(
        breaks=((completed({"completed_at": None}),), (without("completed_at", COMPLETED),)),
        keeps=((completed(),), (batch({"status": "in_progress"}),), (completed({"in_progress_at": None}),)),
    ),
    "state.stage_timestamp_missing": Case(
        breaks=((batch({"status": "in_progress"}),), (completed({"finalizing_at": None}),)),
        keeps=((GOOD,), (completed(),), (completed({"cancelling_at": None}),)),
    ),
    "state.timestamp_early": Case(
        breaks=(
            (batch({"completed_at": 1741685510}),),
            (batch({"status": "in_progress", "in_progress_at": 1741685420, "finalizing_at": 1741685500}),),
            (completed({"failed_at": 1741685510}),),
        ),
        keeps=(
            (completed({"cancelling_at": 1741685505}),),
            (batch({"status": "in_progress", "in_progress_at": 1741685420, "cancelling_at": 1741685430}),),
            (
                batch(
                    {
                        "status": "cancelling",
                        "in_progress_at": 1741685420,
                        "finalizing_at": 1741685500,
                        "cancelling_at": 1741685501,
                    }
                ),
            ),
        ),
    ),
    "state.regressed": Case(
        breaks=(
            (completed(), completed({"status": "finalizing", "completed_at": None})),
            (batch({"status": "finalizing", "finalizing_at": 1741685500}), batch({"status": "in_progress"})),
            (completed(), completed({"status": "failed", "completed_at": None, "failed_at": 1741685510})),
        ),
        keeps=(
            (batch(), batch({"status": "validating"})),
            (batch(), completed()),
            (batch({"status": "cancelling"}), batch({"status": "in_progress"})),
            (completed(), batch({"id": OTHER}, batch_id=OTHER)),
        ),
        alone=False,
    ),
    "counts.sum": Case(
        breaks=tuple(
            (completed({"request_counts": dict(zip(("total", "completed", "failed"), counts, strict=True))}),)
            for counts in ((100, 95, 6), (100, 95, 4), (100, -1, 5), (10**30, 10**30, 1))
        ),
        keeps=(
            (completed(),),
            (
                completed(
                    {
                        "status": "cancelled",
                        "completed_at": None,
                        "cancelled_at": 1741685510,
                        "request_counts": {"total": 8, "completed": 4, "failed": 0},
                    }
                ),
            ),
            (completed({"request_counts": {"total": 0, "completed": 0, "failed": 0}}),),
            (batch({"request_counts": {"total": 9}}),),
        ),
    ),
    "counts.before_begun": Case(
        breaks=tuple(
            (batch({"status": status, "request_counts": {"total": 9, "completed": completed, "failed": failed}}),)
            for status, completed, failed in (
                ("in_queue", 5, 0),
                ("in_queue", 5, 4),
                ("validating", 5, 1),
                ("in_queue", 1, 0),
            )
        ),
        keeps=(
            (batch({"request_counts": {"total": 9, "completed": 0, "failed": 0}}),),
            (batch({"request_counts": {"total": 9, "completed": 0, "failed": 2}}),),
            (batch({"status": "in_progress", "request_counts": {"total": 9, "completed": 5, "failed": 2}}),),
            (
                batch(
                    {
                        "in_progress_at": 1741685420,
                        "request_counts": {"total": 9, "completed": 5, "failed": 2},
                    }
                ),
            ),
        ),
    ),
    "results.same_file": Case(
        breaks=(
            (completed({"error_file_id": "file-output0001"}),),
            (completed({"output_file_id": "file-jkvytbjtow"}),),
            (completed({"output_file_id": "file-jkvytbjtow", "error_file_id": "file-jkvytbjtow"}),),
        ),
        keeps=(
            (completed(),),
            (completed({"output_file_id": None, "error_file_id": None}),),
            *((completed({"output_file_id": unset, "error_file_id": unset}),) for unset in ("-", "undefined")),
            (completed({"output_file_id": "https://a/x?part=1", "error_file_id": "https://a/x?part=2"}),),
            (completed({"output_file_id": FOLDER, "error_file_id": FOLDER}),),
        ),
    ),
    "results.missing": Case(
        breaks=(
            (completed({"output_file_id": None, "error_file_id": None}, headers=LATER),),
            (without("output_file_id", {**COMPLETED, "error_file_id": None}, headers=LATER),),
        ),
        keeps=(
            # A file may be named a moment after the end, and nobody knows when an answer without a Date was read.
            (completed({"output_file_id": None, "error_file_id": None}, headers=DATE),),
            (completed({"output_file_id": None, "error_file_id": None}),),
            (completed({"error_file_id": None}, headers=LATER),),
            (completed({"output_file_id": None}, headers=LATER),),
            (
                completed(
                    {
                        "output_file_id": None,
                        "error_file_id": None,
                        "request_counts": {"total": 0, "completed": 0, "failed": 0},
                    },
                    headers=LATER,
                ),
            ),
            (
                completed(
                    {"output_file_id": None, "error_file_id": None, "output_files": ["file-output0001"]}, headers=LATER
                ),
            ),
            (
                completed(
                    {"output_file_id": None, "error_file_id": None, "request_counts": {"total": 5}}, headers=LATER
                ),
            ),
            (batch({"status": "cancelled", "cancelled_at": 1741685510}),),
        ),
    ),
    "results.early": Case(
        breaks=(
            (batch({"output_file_id": "file-output0001"}),),
            (batch({"status": "in_progress", "in_progress_at": 1741685420, "error_file_id": "file-errors0001"}),),
        ),
        keeps=(
            *((batch({"output_file_id": unset}),) for unset in ("", "null", "0")),
            (batch({"status": "finalizing", "output_file_id": "file-output0001"}),),
            (batch({"status": "cancelling", "output_file_id": "file-output0001"}),),
            (completed(),),
            (batch({"status": "expired", "expired_at": 1741771813, "output_file_id": "file-output0001"}),),
        ),
    ),
    "results.shared": Case(
        breaks=(
            (completed(), completed({**ANOTHER}, batch_id=OTHER)),
            (completed(), completed({**ANOTHER, "output_file_id": None}, batch_id=OTHER)),
            (
                completed({"error_file_id": None}),
                completed({**ANOTHER, "output_file_id": None, "error_file_id": "file-output0001"}, batch_id=OTHER),
            ),
        ),
        keeps=(
            (completed(), completed({"id": OTHER}, batch_id=OTHER)),
            (completed(), completed({"created_at": 1741685414})),
            (
                completed(),
                completed({**ANOTHER, "output_file_id": "file-b", "error_file_id": "file-c"}, batch_id=OTHER),
            ),
            (
                completed({"output_file_id": "-", "error_file_id": "None"}),
                completed({**ANOTHER, "output_file_id": "-", "error_file_id": "None"}, batch_id=OTHER),
            ),
            (
                completed({"output_file_id": FOLDER, "error_file_id": None}),
                completed({**ANOTHER, "output_file_id": FOLDER, "error_file_id": None}, batch_id=OTHER),
            ),
            (completed(), completed({"created_at": 1741685414}, batch_id=OTHER)),
            (completed(), completed({**ANOTHER}, batch_id=OTHER, forced=200)),
        ),
        alone=False,
    ),
    "stability.metadata_lost": Case(
        breaks=(
            (batch(), batch({"metadata": None})),
            (batch(), batch({"metadata": {}})),
            (batch(), without("metadata")),
            (batch({"metadata": {}}), batch({"metadata": {"a": 1}}), completed({"metadata": {}})),
        ),
        keeps=(
            (batch(), completed()),
            (batch({"metadata": {}}), batch({"metadata": None})),
            (batch({"metadata": None}), batch({"metadata": {"a": 1}})),
            (batch(), batch({"metadata": "lost"})),
        ),
        alone=False,
    ),
    "stability.refusal_changed": Case(
        breaks=(
            tuple(refusal(status) for status in (404, 400, 404)),
            tuple(refusal(status) for status in (404, 404, 410, 410, 404)),
        ),
        keeps=(
            tuple(refusal(status) for status in (404, 400, 400)),
            tuple(refusal(status) for status in (404, 404, 404)),
            tuple(refusal(status) for status in (404, 429, 404)),
            tuple(refusal(status) for status in (404, 403, 404)),
            (refusal(404), refusal(400), unknown("No such batch", 404, subject="known", batch_id=OTHER)),
            (refusal(404), GOOD, refusal(404)),
            (GOOD, GOOD),
        ),
        alone=False,
    ),
    "counts.regressed": Case(
        breaks=tuple(
            (
                batch({**RUNNING, "request_counts": {"total": 9, "completed": 5, "failed": 2}}),
                batch({**RUNNING, "request_counts": {"total": 9, "completed": 5, "failed": 2, **later}}),
            )
            for later in ({"completed": 4}, {"failed": 1}, {"total": 8})
        ),
        keeps=(
            (
                batch({"request_counts": {"total": 0, "completed": 0, "failed": 0}}),
                batch({**RUNNING, "request_counts": {"total": 9, "completed": 5, "failed": 2}}),
                batch({"request_counts": {}}),
            ),
            (
                batch({**RUNNING, "request_counts": {"total": 9, "completed": 2, "failed": 3}}),
                batch({**RUNNING, "request_counts": {"total": 9, "completed": 4, "failed": 1}}),
            ),
        ),
    ),
    "stability.changed": Case(
        breaks=(
            (batch(), batch({"created_at": 1741685414})),
            (batch(), batch({"input_file_id": "file-another"})),
            (batch({"metadata": {"a": 1}}), batch({"metadata": {"a": 2}})),
            *((batch({"input_file_id": "a" * n}), batch({"input_file_id": "b" * n})) for n in (58, 59)),
            (batch({"metadata": {"a": 1, "b": 1}}), batch({"metadata": {"b": 1}})),
            (batch({"in_progress_at": 1741685420, "status": "in_progress"}), batch({"status": "in_progress"})),
            (completed({"output_file_id": "https://a/x?sig=1"}), completed({"output_file_id": "https://a/y?sig=1"})),
        ),
        keeps=(
            (batch(), completed()),
            (batch({"metadata": {"a": 1}}), batch({"metadata": {"b": 1, "a": 1}})),
            (batch({"metadata": {}}), batch({"metadata": {"a": 1}}), batch({"metadata": None})),
            (completed({"output_file_id": "https://a/x?sig=1"}), completed({"output_file_id": "https://a/x?sig=2"})),
            *((batch({"output_file_id": unset}), batch({"output_file_id": "file-b"})) for unset in ("", "0", "nil")),
            (batch(), completed({"expires_at": None})),
            (batch(), batch({"created_at": "1741685413"})),
            (batch(), without("endpoint")),
        ),
        alone=False,
    ),
    "stability.answer_changed": Case(
        breaks=(
            (GOOD, unknown(subject="known", batch_id=KNOWN)),
            (unknown("Forbidden", 403, subject="known", batch_id=KNOWN), GOOD),
        ),
        keeps=(
            (unknown(subject="known", batch_id=KNOWN), unknown(subject="known", batch_id=KNOWN)),
            (GOOD, unknown("busy", 429, subject="known", batch_id=KNOWN)),
            (GOOD, unknown(subject="known", batch_id=KNOWN, forced=404)),
            (GOOD, GOOD),
        ),
    ),
}

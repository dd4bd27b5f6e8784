"""Rules about sense: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping

from judge_cases import GOOD, Case, batch, completed, without
from judge_support import COMPLETED, KNOWN, OTHER, unknown

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
    "counts.regressed": Case(
        breaks=tuple(
            (
                batch({"request_counts": {"total": 9, "completed": 5, "failed": 2}}),
                batch({"request_counts": {"total": 9, "completed": 5, "failed": 2, **later}}),
            )
            for later in ({"completed": 4}, {"failed": 1}, {"total": 8})
        ),
        keeps=(
            (
                batch({"request_counts": {"total": 0, "completed": 0, "failed": 0}}),
                batch({"request_counts": {"total": 9, "completed": 5, "failed": 2}}),
                batch({"request_counts": {}}),
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
            (batch({"output_file_id": ""}), batch({"output_file_id": "file-b"})),
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
        ),
    ),
}

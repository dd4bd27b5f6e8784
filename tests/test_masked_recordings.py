"""What recorders mask, in URLs and in bodies, is no deviation of the server that sent it."""

from __future__ import annotations

from pathlib import Path

import pytest
from judge_support import QUEUED
from recorded_support import BASE, found, line, ndjson, validated

from batch_conformance.rules.masks import is_mask, is_masked_segment

MASKS = ("***", "batch_***", "[REDACTED]", "<redacted>", "[Filtered]", "xxxxxxxx", "batch_xxxx")
PARAMETERS = ("{batch_id}", "%7Bid%7D", ":id", "<id>")
DONE = {
    **QUEUED,
    "status": "completed",
    "in_progress_at": QUEUED["created_at"] + 1,
    "finalizing_at": QUEUED["created_at"] + 2,
    "completed_at": QUEUED["created_at"] + 3,
    "output_file_id": "file-output",
}
NOT_FOUND = "404 page not found"


def findings(folder: Path, *bodies: tuple[str, object]) -> list[tuple[str, str, str]]:
    """What is told of reads, each by the segment of its URL and the body of its answer; a text is that of a 404."""
    lines = [
        line(body, 404 if body == NOT_FOUND else 200, url=f"{BASE}/batches/{segment}", started_at=1741685500.0 + number)
        for number, (segment, body) in enumerate(bodies)
    ]
    recording = folder / "traffic.ndjson"
    recording.write_bytes(ndjson(*lines))
    return found(validated(folder / "reports", str(recording))[1])


def two_batches(**masked: str) -> list[dict[str, object]]:
    """A batch that is done and one that waits, by turns, with these members masked."""
    times = {name: QUEUED[name] + 50 for name in ("created_at", "expires_at")}
    other = {**QUEUED, **times, "id": "batch_other", "input_file_id": "file-other"}
    return [{**batch, **masked} for batch in (DONE, other, DONE, other)]


@pytest.mark.parametrize("segment", [*MASKS, *PARAMETERS])
def test_batches_whose_ids_are_masked_in_urls_are_told_apart_by_their_answers(tmp_path: Path, segment: str) -> None:
    assert findings(tmp_path, *((segment, body) for body in two_batches())) == []


@pytest.mark.parametrize("segment", [*MASKS, *PARAMETERS])
def test_batches_whose_ids_are_masked_throughout_are_not_compared(tmp_path: Path, segment: str) -> None:
    assert findings(tmp_path, *((segment, body) for body in two_batches(id=segment)), (segment, NOT_FOUND)) == []


def test_what_happened_to_a_batch_is_still_told_where_urls_are_masked(tmp_path: Path) -> None:
    back = findings(tmp_path, *(("{batch_id}", body) for body in (DONE, QUEUED)))
    assert ("state.regressed", "200", "/status") in back


@pytest.mark.parametrize("mask", MASKS)
def test_a_masked_id_in_a_body_is_no_other_batch_than_the_one_asked_for(tmp_path: Path, mask: str) -> None:
    assert findings(tmp_path, *((str(body["id"]), {**body, "id": mask}) for body in two_batches())) == []


@pytest.mark.parametrize("mask", MASKS)
def test_masked_files_are_no_one_file(tmp_path: Path, mask: str) -> None:
    done = [{**DONE, "id": f"batch_{number}", "created_at": DONE["created_at"] - number} for number in range(3)]
    masked = [{**body, "input_file_id": mask, "output_file_id": mask, "error_file_id": mask} for body in done]
    reads = [(str(body["id"]), body) for body in (*masked, done[0])]
    assert findings(tmp_path, *reads) == []


@pytest.mark.parametrize(
    "text", ["batch_1", "file-x", "", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "exxxact", "a*b", "null"]
)
def test_an_id_is_no_mask(text: str) -> None:
    assert not is_mask(text)
    assert not is_masked_segment(text)

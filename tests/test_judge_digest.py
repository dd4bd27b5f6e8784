"""Digests of reads: what is told of the parts of what a log holds is what is told of the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_support import KNOWN, QUEUED, contract
from test_sparing import STEPS

from batch_conformance.judge.digest import Digest
from batch_conformance.judge.log import UP, Log, each, rows_of

MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
MOVES = st.sampled_from(
    [
        {},
        {"status": "in_progress", "in_progress_at": 1741685420},
        {"status": "completed", "completed_at": 1741685500, "output_file_id": "file-1"},
        {"request_counts": {"total": 4, "completed": 1, "failed": 0}},
    ]
)
"""Changes of a batch that only moves on, in this order."""
Read = tuple[str, dict[str, Any], int, str]
READS = st.lists(
    st.tuples(
        st.sampled_from([KNOWN, KNOWN, KNOWN, "batch_other"]),
        MOVES | STEPS,
        st.sampled_from([1, 1, 1, 0, -1]),
        st.sampled_from(["", "", "", '"a"', '"b"']),
    ),
    max_size=8,
)
"""The id asked for, what changed since the last read, seconds since that one, and its ETag."""


def rows_in_order(reads: list[Read]) -> Iterator[tuple[str, tuple[float, int, float], Any]]:
    """What is put by of each read."""
    log = Log(contract(), contract().chosen)
    body, begun = QUEUED, 1e9
    for number, (key, changed, later, tag) in enumerate(reads):
        body, begun = {**body, **changed}, begun + later
        size = len(str(body))
        facts = (200, "application/json", log.facts_of({**body, "id": key}), ("", size, tag) if tag else None, UP)
        yield key, (begun, number, 0.1), (size, (), facts, None)


def filled(log: Log, reads: list[Read]) -> Log:
    for key, when, read in rows_in_order(reads):
        log.add_plain([(key, when, read)])
    return log


def told(log: Log) -> dict[str, Digest | None]:
    return {key: digest for key, digest, _ in log.digests()}


@MANY
@given(READS, st.integers(1, 40))
def test_the_digest_of_reads_in_files_is_that_of_reads_in_memory(reads: list[Read], most: int) -> None:
    whole = filled(Log(contract(), contract().chosen), reads)
    cut = filled(Log(contract(), contract().chosen, most), reads)
    in_files = told(cut)
    for key, digest in told(whole).items():
        if digest is None or not digest.tagged:
            assert in_files[key] == digest
        else:  # whether the tags of two parts stand for one body each is not told
            assert in_files[key] in (digest, None)
    rows = {key: list(each(rows_of(parts))) for key, _, parts in cut.digests()}
    assert rows == {key: list(each(rows_of(parts))) for key, _, parts in whole.digests()}
    cut.close()


@MANY
@given(READS, st.integers(0, 8))
def test_the_digest_of_logs_that_were_added_up_is_that_of_one_log(
    tmp_path_factory: pytest.TempPathFactory, reads: list[Read], at: int
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    first, second = halves(reads, at, folder)
    together = Log(contract(), contract().chosen)
    together.update(handed_over(first))
    together.update(handed_over(second))
    found = told(together)
    for key, digest in told(filled(Log(contract(), contract().chosen), reads)).items():
        assert found[key] == digest or (digest is not None and digest.tagged and found[key] is None)
    together.close()


def halves(reads: list[Read], at: int, folder: Path) -> tuple[Log, Log]:
    """The logs of the first reads and of the others, as two processes have them."""
    whole = list(rows_in_order(reads))
    logs = (Log(contract(), contract().chosen, folder=folder), Log(contract(), contract().chosen, folder=folder))
    for number, (key, when, read) in enumerate(whole):
        logs[number >= at].add_plain([(key, when, read)])
    return logs


def handed_over(log: Log) -> Log:
    taken = Log.__new__(Log)
    taken.__setstate__(log.__getstate__())
    return taken


def test_reads_that_move_on_have_a_digest_and_others_have_none() -> None:
    on = [(KNOWN, {}, 1, ""), (KNOWN, {"status": "completed"}, 1, ""), (KNOWN, {}, 1, "")]
    (digest,) = told(filled(Log(contract(), contract().chosen), on)).values()
    assert digest is not None
    assert (digest.reads, digest.last[0] - digest.first[0]) == (3, 2.0)
    back = [(KNOWN, {"status": "completed"}, 1, ""), (KNOWN, {"status": "in_queue"}, 1, "")]
    at_once = [(KNOWN, {}, 1, ""), (KNOWN, {"status": "completed"}, -1, "")]
    for reads in (back, at_once):
        for most in (1, 1_000):
            assert list(told(filled(Log(contract(), contract().chosen, most), reads)).values()) == [None]


def digest_of_reads(*reads: tuple[float, int, str], changed: dict[int, dict[str, Any]] | None = None) -> Digest | None:
    """The digest of reads of one batch by time, number and ETag; what changes with a read is a row of its own."""
    log, body = Log(contract(), contract().chosen), {**QUEUED, "id": KNOWN}
    for place, (begun, number, tag) in enumerate(reads):
        body = {**body, **(changed or {}).get(place, {})}
        facts = (200, "application/json", log.facts_of(body), ("", 1, tag) if tag else None, UP)
        log.add_plain([(KNOWN, (begun, number, 0.1), (len(str(body)), (), facts, None))])
    return told(log)[KNOWN]


def test_a_digest_counts_all_reads_and_has_the_moments_of_the_first_and_the_last() -> None:
    moved = {0: {}, 4: {"status": "in_progress", "in_progress_at": 1741685420}}
    reads = [(float(place), 10 + place, "") for place in range(8)]
    found = digest_of_reads(*reads, changed=moved)
    assert found is not None
    assert (found.reads, found.first, found.last, found.tagged) == (8, (0.0, 10.0), (7.0, 17.0), False)
    assert ("in_progress" in (found.before or ()), "in_progress" in (found.after or ())) == (False, True)
    alone = digest_of_reads((5.0, 1, '"a"'))
    assert alone is not None
    assert (alone.reads, alone.first, alone.last, alone.tagged) == (1, (5.0, 1.0), (5.0, 1.0), True)


def test_reads_that_are_not_each_after_the_one_before_have_no_digest() -> None:
    for reads in (
        [(1.0, 1, ""), (1.0, 1, "")],
        [(1.0, 1, ""), (2.0, 2, ""), (2.0, 2, ""), (3.0, 3, "")],
        [(1.0, 1, ""), (3.0, 2, ""), (2.0, 3, ""), (4.0, 4, "")],
        [(2.0, 1, ""), (1.0, 2, "")],
    ):
        assert digest_of_reads(*reads) is None
        assert digest_of_reads(*reads, changed={len(reads) - 1: {"status": "in_progress"}}) is None

"""The times, the state and the counts of one answer make sense together."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("time.magnitude")
def test_times_are_unix_seconds(kept: Kept) -> None:
    """Each time is in Unix seconds and of our time, as in the document's examples."""
    kept()


@rule("time.order")
def test_times_are_in_the_order_of_the_states(kept: Kept) -> None:
    """No batch ended before it began. The vendor's guide: the order of states."""
    kept()


@rule("time.window")
def test_a_batch_expires_when_its_window_ends(kept: Kept) -> None:
    """The expiry is the creation plus the completion window. The document's example: 24h, 86400 seconds."""
    kept()


@rule("state.timestamp_missing")
def test_a_final_state_has_its_own_time(kept: Kept) -> None:
    """A batch that has ended says when. The document's properties named after states."""
    kept()


@rule("state.stage_timestamp_missing")
def test_each_stage_that_was_passed_has_its_time(kept: Kept) -> None:
    """A batch says when it was in each stage before. The document's properties named after states."""
    kept()


@rule("state.timestamp_early")
def test_no_time_of_a_state_is_set_before_that_state(kept: Kept) -> None:
    """No time is set of a state that the batch was not in."""
    kept()


@rule("counts.sum")
def test_counts_add_up(kept: Kept) -> None:
    """No more requests were done than there are. The vendor's guide: request_counts."""
    kept()


@rule("time.expired_early")
def test_no_batch_expires_well_before_its_expiry(kept: Kept) -> None:
    """Two times of one answer do not contradict each other."""
    kept()


@rule("counts.before_begun")
def test_no_work_is_done_before_it_begins(kept: Kept) -> None:
    """A batch that waits has completed nothing. The vendor's guide: the order of states."""
    kept()


@rule("results.same_file")
def test_the_files_of_a_batch_differ(kept: Kept) -> None:
    """Input, output and errors are files of their own. The document names them apart."""
    kept()


@rule("results.missing")
def test_a_completed_batch_names_a_file_of_results(kept: Kept) -> None:
    """What was done can be fetched once the batch is completed."""
    kept()


@rule("results.early")
def test_no_results_before_the_end(kept: Kept) -> None:
    """No file of results is named while a batch is under way."""
    kept()


@rule("results.shared")
def test_no_two_batches_have_one_file(kept: Kept) -> None:
    """Output and errors of a batch are in files that no other batch names."""
    kept()


@rule("time.ahead")
def test_no_time_is_later_than_the_answer(kept: Kept) -> None:
    """What has passed is not after the Date of the answer. RFC 9110 section 6.6.1."""
    kept()

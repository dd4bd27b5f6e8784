"""Batches that are made: what is uploaded, asked for, cancelled and answered is one story. With --operations=all."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("upload.as_sent")
def test_a_file_is_what_was_uploaded(kept: Kept, place: str) -> None:
    """The size, the name and the purpose are those of the file as sent. OpenAI's reference of files."""
    kept(place)


@rule("upload.listed")
def test_a_file_that_was_uploaded_is_in_the_list(kept: Kept, place: str) -> None:
    """It is there some seconds after the upload. The summary of the operation."""
    kept(place)


@rule("upload.item")
def test_the_list_has_a_file_as_it_was_uploaded(kept: Kept, place: str) -> None:
    """Its size, its lines and its name are those of the file as sent. OpenAI's reference of files."""
    kept(place)


@rule("create.as_asked")
def test_a_batch_is_made_of_what_was_asked_for(kept: Kept, place: str) -> None:
    """The file, the endpoint, the window and the metadata are those of the request. OpenAI's reference."""
    kept(place)


@rule("create.read_back")
def test_a_batch_is_read_as_it_was_made(kept: Kept, place: str) -> None:
    """It is found at once, or some seconds later, and is the same. The meaning of an id."""
    kept(place)


@rule("create.bad_request")
def test_nothing_runs_that_is_wrong(kept: Kept) -> None:
    """It is refused, or the batch fails and says why. OpenAI's reference of batches."""
    kept()


@rule("write.without_key")
def test_nothing_is_changed_without_a_credential(kept: Kept) -> None:
    """The answer is 401, whatever is asked for. RFC 6750 section 3.1."""
    kept()


@rule("cancel.effect")
def test_a_batch_that_was_cancelled_does_not_go_on(kept: Kept, place: str) -> None:
    """What the answer says comes true. OpenAI's reference of batches."""
    kept(place)


@rule("cancel.again")
def test_cancelling_twice_does_no_harm(kept: Kept) -> None:
    """The second request is refused, or nothing comes of it. OpenAI's reference of batches."""
    kept()


@rule("cancel.ended")
def test_a_batch_that_has_ended_stays_as_it_is(kept: Kept) -> None:
    """Cancelling it is refused, or nothing comes of it. OpenAI's guide."""
    kept()


@rule("cancel.unknown")
def test_an_unknown_id_cannot_be_cancelled(kept: Kept) -> None:
    """The answer is 404. RFC 9110 section 15.5.5."""
    kept()


@rule("result_lines.fetched")
def test_the_results_can_be_fetched(kept: Kept, place: str) -> None:
    """Each file that a batch names is there, and the same each time. OpenAI's guide."""
    kept(place)


@rule("result_lines.form")
def test_each_line_is_a_result(kept: Kept, place: str) -> None:
    """It has a custom_id, and a response or an error. OpenAI's guide."""
    kept(place)


@rule("result_lines.custom_ids")
def test_each_request_has_one_line(kept: Kept, place: str) -> None:
    """The lines of both files are those of the requests, each once. OpenAI's guide."""
    kept(place)


@rule("result_lines.counts")
def test_the_counts_are_those_of_the_lines(kept: Kept, place: str) -> None:
    """A completed batch counts what is in its files. OpenAI's guide."""
    kept(place)


@rule("result_lines.successes")
def test_answers_and_errors_are_in_their_own_files(kept: Kept, place: str) -> None:
    """The output has what succeeded, and nothing else. OpenAI's guide."""
    kept(place)

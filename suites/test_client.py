"""What OpenAI's Python client makes of the answers (`--client openai`); none of it fails a run."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("client.no_batch")
def test_a_success_is_a_batch_to_the_client(kept: Kept) -> None:
    """`client.batches.retrieve` returns a Batch for each success."""
    kept()


@rule("client.raises")
def test_each_success_can_be_read_by_the_client(kept: Kept) -> None:
    """No success makes the client raise an error that is not its own."""
    kept()


@rule("client.field")
def test_lines_that_are_right_by_the_clients_types_run(kept: Kept) -> None:
    """Code that the client's types allow does not fail at run time."""
    kept()


@rule("client.polling")
def test_loops_over_the_clients_states_end_in_time(kept: Kept) -> None:
    """A loop that waits for the batch goes on while it has to, and ends."""
    kept()


@rule("client.file_id")
def test_files_are_fetched_by_their_ids(kept: Kept) -> None:
    """What stands for the id of a file is one."""
    kept()


@rule("client.strict")
def test_the_clients_strict_mode_accepts_the_batch(kept: Kept) -> None:
    """A client that is told to validate accepts the batch."""
    kept()


@rule("client.error_class")
def test_the_client_raises_the_error_of_the_case(kept: Kept) -> None:
    """A refused credential is an AuthenticationError, an unknown id a NotFoundError."""
    kept()


@rule("client.error_detail")
def test_the_clients_error_says_what_the_server_said(kept: Kept) -> None:
    """The text of the server's error is in the client's."""
    kept()

"""In which of several ways a server runs batches: what no document says, and what drifts change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fault = Literal["unknown_file", "no_file", "wrong_type", "wrong_endpoint", "wrong_window"]
"""What can be wrong about the request that makes a batch."""


@dataclass(frozen=True)
class Behaviour:
    """How batches are run; as it stands, in one way that conforms.

    ``bad_lines``: a file with a line that is none is refused when a batch is to be made of it, or the batch fails, or
    nobody looks. ``takes`` has the faults of requests that nobody looks at either.

    ``unlisted``: the files or the batches that clients make are in no list. ``lost``: the batches are not found by
    their ids.

    ``sudden``: a batch has ended when it is read for the first time. ``failing`` is the number of requests, from the
    first, that fail whatever they are, and ``failures_in`` the file in which their lines are. ``expires``: half of the
    requests are done when the time is up, which is at once. ``returns``: what is completed is in progress again at the
    next read.

    ``named_early``: the files of results are named as soon as the batch is in progress. ``names_empty_files``: they
    are named as well where there is nothing in them.

    ``cancel_at_once``: a batch that is cancelled was never cancelling. ``cancel_tells_before``: cancelling is answered
    with the batch as it was before. ``cancel_finished`` is the status that answers the cancelling of a batch that has
    ended, 0 for the one that fits the document, and ``cancel_again`` the same for one that was cancelled already, 0 for
    a success while it is cancelling. ``undone``: a cancellation is answered and nothing is done, what is cancelling
    goes on as if nothing had been asked, or what is cancelled is completed at the next read. ``cancels_finished``: a
    batch that has ended is cancelled all the same.
    ``keeps_partial``: the answers that there were before a batch was cancelled can be fetched.
    """

    bad_lines: Literal["refused", "failed", "run"] = "refused"
    takes: frozenset[Fault] = frozenset()
    unlisted: Literal["", "files", "batches"] = ""
    lost: bool = False
    sudden: bool = False
    failing: int = 0
    failures_in: Literal["error", "output"] = "error"
    expires: bool = False
    returns: bool = False
    named_early: bool = False
    names_empty_files: bool = False
    cancel_at_once: bool = False
    cancel_tells_before: bool = False
    cancel_finished: int = 0
    cancel_again: int = 0
    undone: Literal["", "ignored", "resumes", "completes"] = ""
    cancels_finished: bool = False
    keeps_partial: bool = True

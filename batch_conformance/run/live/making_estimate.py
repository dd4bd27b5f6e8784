"""What a run that makes files and batches makes, costs and sends at least, said before anything is sent."""

from __future__ import annotations

from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation_role import OperationRole
from batch_conformance.contract.request_body import takes_form
from batch_conformance.exchange.profile import Profile
from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.nouns import BATCH
from batch_conformance.run.live.batch_requests import ONE_LINE, THREE_LINES, Asking, most_requests_that_run
from batch_conformance.run.live.create import CreationError
from batch_conformance.run.live.journal import made_in

_COST = Template(
    "making.cost",
    "--operations=all uploads {files} files whose names begin with batch-conformance- and makes {batches} of them, "
    "one of which it cancels: at most {lines} chat completions of {model} of at most 1 token of output each, which the "
    "vendor bills. Requests that are wrong must be refused; were they all run, it would be {most}.",
)
_NOTHING_ANEW = Template(
    "making.nothing_anew", "--resume follows the batches of {file}: nothing is made anew, and nothing is billed again."
)
_THE_REST = Template(
    "making.the_rest", "--resume goes on where {file} ends, which is not made again. Of a whole run it is said: {cost}"
)
_LACKS = Template(
    "making.lacks",
    "--operations=all: the document has no operation that {roles}: judge it with --operations=read",
)
_NO_FORM = Template(
    "making.no_form",
    "--operations=all: {method} {path} takes no file in a form (multipart/form-data) ({where}), and in no other way is "
    "one uploaded: judge it with --operations=read",
)
_OTHER_CALLS = Template("making.other_calls", "--operations=all: {vendor} makes its batches by other calls")


def cost(model: str) -> Message:
    """What is made at the vendor, and what it costs at most, in one sentence."""
    asking = Asking.of(model, None, "run")
    good = asking.good_files()
    return _COST(
        files=len(good) + len(asking.bad_files()),
        batches=Count(len(good), BATCH),
        lines=sum(one.line_count for one in good),
        model=model,
        most=most_requests_that_run(asking),
    )


def told_of_resumed(file: Path) -> Message:
    """What is made when a former run is taken up by its journal: nothing anew where it made all of it.

    Raises ``JournalError`` where the journal cannot be read.
    """
    model, made = made_in(file)
    if {f"create_{name}" for name in (THREE_LINES, ONE_LINE)} <= made:
        return _NOTHING_ANEW(file=str(file))
    return _THE_REST(file=str(file), cost=cost(model))


def least_requests(contract: Contract, profile: Profile | None, *, is_loopback: bool) -> int:
    """How many requests make and follow batches at least, where the target answers as documented."""
    uploads, creates, cancels = contract.write("upload"), contract.write("create"), contract.write("cancel")
    if uploads is None or creates is None:
        return 0
    asking = Asking.of("model", profile, "run")
    wrong = len(list(asking.bad_orders(creates, ""))) + len(asking.bad_files())
    writing = [one for one in (uploads, creates, cancels) if one is not None]
    forced = 0
    if is_loopback and (profile is None or profile.prefer is not False):
        forced = sum(int(status) >= 400 for one in writing for status in one.responses if status.isdigit())
    good = len(asking.good_files())
    # Each good file is uploaded, and its batch made and read; what writes is asked with and without the key.
    return 3 * good + wrong + 2 * len(writing) + forced + (cancels is not None)


def raise_unless_possible(contract: Contract, profile: Profile | None) -> None:
    """Raise ``CreationError`` where a contract has no operations that make batches, or the vendor has others."""
    if profile is not None and profile.another_object:
        raise CreationError(_OTHER_CALLS(vendor=profile.title))
    needed: tuple[tuple[OperationRole, str], ...] = (("upload", "uploads a file"), ("create", "creates a batch"))
    lacking = [word for role, word in needed if contract.write(role) is None]
    if lacking:
        raise CreationError(_LACKS(roles=Listing(tuple(lacking), "or")))
    upload = contract.write("upload")
    if upload is not None and not takes_form(contract.document, upload):
        raise CreationError(_NO_FORM(method=upload.method, path=upload.path, where=str(upload.location)))

"""Rules about batches that were made: what was asked for is made, and nothing is that must not run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.stated_at import at_operation, at_place, at_security
from batch_conformance.findings.finding import Level
from batch_conformance.message import Message, Template, shown
from batch_conformance.observation.observation import at, integer_at
from batch_conformance.rules.followed import (
    BadRequest,
    Followed,
    MadeBatch,
    id_in,
    is_answered_well,
    is_definite,
    is_of_another,
    object_in,
    stage_in,
)
from batch_conformance.rules.highlight import at_pointer, at_status
from batch_conformance.rules.made_batches import (
    OF_MADE_BATCHES,
    at_role,
    broken,
    broken_as_whole,
    kept,
    of_role,
    quoted,
)
from batch_conformance.rules.rule import ObservedPlace, Rule

_ASKED = Template("create.as_asked.expected", "{value}, as it was asked for")
_MADE_WITH = Template("create.read_back.expected", "{value}, as the answer to its creation has it")
_FOUND = Template("create.read_back.found", "the batch {id}, which was made")
_NOT_FOUND = Template("create.read_back.not_found", "{status} some seconds after it was made")
_REFUSED = Template("create.bad_request.expected", "a refusal of {case}, or a batch that failed")
_NAMED = Template("create.bad_request.taken", "{status}, and a batch that is {state}")
_SERVER_ERROR = Template("create.bad_request.server_error", "{status}, as if the server were to blame")
_NO_REASON = Template("create.bad_request.no_reason", "a batch that failed, and names no reason")
_REASON = Template("create.bad_request.reason", "the reason for which {case} failed, in errors")
_NO_KEY = Template("write.without_key.expected", "401 for {method} {path} without the valid credential")
_LET_IN = Template("write.without_key.let_in", "{status}")
_AS_WITH_KEY = Template("write.without_key.as_with_key", "{status}, the same as with the valid credential")

BadCase = Literal[
    "unknown_file",
    "no_file",
    "malformed_line",
    "missing_custom_id",
    "repeated_custom_id",
    "wrong_url",
    "wrong_endpoint",
    "wrong_window",
    "wrong_type",
]
"""What is wrong about a request for a batch, or about the file of it."""

_CASES: Mapping[str, Message] = {
    "unknown_file": Template("bad_request.unknown_file", "a file that is not there")(),
    "no_file": Template("bad_request.no_file", "a request without input_file_id")(),
    "malformed_line": Template("bad_request.malformed_line", "a file with a line that is no JSON")(),
    "missing_custom_id": Template("bad_request.missing_custom_id", "a file with a line without custom_id")(),
    "repeated_custom_id": Template("bad_request.repeated_custom_id", "a file with one custom_id on two lines")(),
    "wrong_url": Template("bad_request.wrong_url", "a file of requests to another endpoint")(),
    "wrong_endpoint": Template("bad_request.wrong_endpoint", "an endpoint that does not exist")(),
    "wrong_window": Template("bad_request.wrong_window", "a window that is none")(),
    "wrong_type": Template("bad_request.wrong_type", "a number in place of input_file_id")(),
}

_WINDOW = re.compile(r"(\d{1,9}) ?(h|hours?|d|days?|m|minutes?|s|seconds?)", re.IGNORECASE)
_SECONDS = {"h": 3600, "d": 86400, "m": 60, "s": 1}


def _as_asked(followed: Followed) -> Iterator[ObservedPlace]:
    for batch in followed.batches:
        found = object_in(batch.created)
        if found is None or batch.created is None:
            continue
        for pointer, asked, level in _members(batch.created.operation, batch.asked):
            said = at(found[1], pointer)
            if said is None or type(said) is not type(asked):
                continue  # another type is told by the schema; a null says nothing
            if _are_alike(pointer, asked, said):
                yield kept(batch.created, pointer)
            else:
                expected = _ASKED(value=quoted(asked))
                yield broken(batch.created, pointer, expected, shown(quoted(said)), "other", level=level)


def _members(operation: Operation, asked: Mapping[str, Any]) -> Iterator[tuple[str, Any, Level]]:
    """The members of a batch that are asked for: pointer, value, and how much another value weighs."""
    for pointer in _echoed(operation):
        value = asked.get(pointer.removeprefix("/"))
        if value is not None:
            yield pointer, value, "must" if pointer in operation.roles.inputs else "should"


def _echoed(operation: Operation) -> Sequence[str]:
    roles = operation.roles
    window = (roles.window,) if roles.window else ()
    endpoint = [name for name in roles.names if name == "/endpoint"]
    return (*roles.inputs, *endpoint, *window, *sorted(roles.free_maps))


def _are_alike(pointer: str, asked: Any, said: Any) -> bool:
    """Whether what is said is what was asked for: in other words, or with further pairs of the server's own."""
    if isinstance(asked, Mapping):
        return all(said.get(name) == value for name, value in asked.items())
    if pointer == "/endpoint":  # Azure's begin without /v1, Zhipu's with /v4
        return str(said).rpartition("/")[2] == str(asked).rpartition("/")[2]
    return bool(asked == said) or (_seconds(asked) is not None and _seconds(asked) == _seconds(said))


def _seconds(window: Any) -> int | None:
    """How long a window is, in seconds; None where it is no number of hours, days, minutes or seconds."""
    found = _WINDOW.fullmatch(window.strip()) if isinstance(window, str) else None
    return int(found[1]) * _SECONDS[found[2][0].lower()] if found is not None else None


def _read_back(followed: Followed) -> Iterator[ObservedPlace]:
    for batch in followed.batches:
        made = object_in(batch.created)
        if made is not None:
            yield from _read_back_of(batch, made[1])


def _read_back_of(batch: MadeBatch, made: Mapping[str, Any]) -> Iterator[ObservedPlace]:
    another = next((one for one in batch.reads if one.batch is not None and is_of_another(one)), None)
    if another is not None:
        pointer = another.operation.roles.identity or ""
        said = quoted(at(another.batch, pointer))
        yield broken(another, pointer, _MADE_WITH(value=quoted(id_in(batch.created))), shown(said), "other")
        return
    if not batch.answered:
        definite = [one for one in batch.before_cancelled if is_definite(one)]
        if definite and definite[-1].exchange.status in (404, 410):
            status = str(definite[-1].exchange.status)
            found = _FOUND(id=quoted(id_in(batch.created)))
            yield broken(definite[-1], "", found, _NOT_FOUND(status=status), "not found")
        return
    first = batch.answered[0]
    yield kept(first)
    for pointer in _made_with(first.operation):
        said, known = at(first.batch, pointer), at(made, pointer)
        if said in (None, "") or known in (None, "") or type(said) is not type(known):
            continue
        asked = batch.asked.get(pointer.removeprefix("/"))
        if said in (known, asked):  # where only the answer to the creation has it wrong, that is told
            yield kept(first, pointer)
        else:
            yield broken(first, pointer, _MADE_WITH(value=quoted(known)), shown(quoted(said)), "other")


def _made_with(operation: Operation) -> Sequence[str]:
    """What a batch is made with, and keeps: its id, its inputs, when it was made, and what was asked for."""
    roles = operation.roles
    wanted = (roles.identity, *roles.inputs, roles.created, roles.window, "/object", "/endpoint")
    return [one for one in dict.fromkeys(wanted) if one is not None and (one in roles.lasting or one in roles.inputs)]


def _bad_requests(followed: Followed) -> Iterator[ObservedPlace]:
    for bad in followed.bad_requests:
        look = _of_bad_request(bad)
        if look is not None:
            yield look


def _of_bad_request(bad: BadRequest) -> ObservedPlace | None:
    status = bad.answer.exchange.status or 0
    if not is_definite(bad.answer):
        return None
    if status >= 500:
        observed = _SERVER_ERROR(status=str(status))
        return broken_as_whole(bad.answer, _REFUSED(case=_CASES[bad.case]), observed, f"{bad.case}: server error")
    if not is_answered_well(bad.answer) or object_in(bad.answer) is None:
        return kept(bad.answer)
    return _of_taken(bad, str(status))


def _of_taken(bad: BadRequest, status: str) -> ObservedPlace | None:
    """What became of a batch that was made all the same; None where it may fail yet, or was cancelled before."""
    read = [(one, stage) for one in bad.reads if (stage := stage_in(one)) is not None]
    if not read:
        return None
    last, end = read[-1]
    if end.word == "failed":
        if last.batch is not None and any(last.batch.get(name) for name in ("errors", "error")):
            return kept(bad.answer)
        expected = _REASON(case=_CASES[bad.case])
        return broken_as_whole(bad.answer, expected, _NO_REASON(), f"{bad.case}: no reason", level="info")
    counts = last.operation.roles.counts
    if end.word == "completed" and counts is not None and integer_at(last.batch, counts.completed) == 0:
        return kept(bad.answer)  # each of its lines failed by itself
    running = next((stage for _, stage in read if stage.word in ("in_progress", "finalizing", "completed")), None)
    if running is None:
        return None
    # Where validating is a state of its own, what is in progress was found valid.
    sure = end.word == "completed" or any(stage.word == "validating" for stage in last.operation.roles.stages)
    observed = _NAMED(status=status, state=running.value)
    expected = _REFUSED(case=_CASES[bad.case])
    return broken_as_whole(bad.answer, expected, observed, bad.case, level=None if sure else "info")


def _served(followed: Followed) -> set[str]:
    """The operations that are there: what an unknown path is answered with says nothing of a credential."""
    cancels = [cancel.answer for batch in followed.batches for cancel in batch.cancels]
    made = [batch.created for batch in followed.batches if batch.created is not None]
    answers = (
        *cancels,
        *made,
        *(one.answer for one in followed.uploads),
        *(one.answer for one in followed.bad_requests),
    )
    with_key = (one.with_key for one in followed.without_key if one.with_key is not None)
    return {one.operation.id for one in (*answers, *with_key) if one.exchange.status not in (None, 404, 405, 501)}


def _without_key(followed: Followed) -> Iterator[ObservedPlace]:
    served = _served(followed)
    for one in followed.without_key:
        answer, status = one.answer, one.answer.exchange.status or 0
        if not answer.operation.secured or not is_definite(answer) or status >= 500:
            continue
        expected = _NO_KEY(method=answer.method, path=answer.operation.path)
        with_key = one.with_key.exchange.status if one.with_key is not None else None
        if is_answered_well(answer):
            yield broken_as_whole(answer, expected, _LET_IN(status=str(status)), "let in", level="must")
        elif status not in (401, 403) and status == with_key and answer.operation.id in served:
            yield broken_as_whole(answer, expected, _AS_WITH_KEY(status=str(status)), "not asked")
        else:
            yield kept(answer)


def _at_created(operation: Operation) -> Sequence[str]:
    return _echoed(operation)


def _at_read(operation: Operation) -> Sequence[str]:
    return ("", *_made_with(operation))


_OPENAI = "OpenAI's reference of batches, https://platform.openai.com/docs/api-reference/batch"

AS_ASKED = Rule(
    id="create.as_asked",
    title="A batch is made of something else than was asked for",
    level="must",
    why="Other requests are run, and paid for, than those that were meant.",
    remedy="Answer with the file, the endpoint, the window and the metadata of the request.",
    source=_OPENAI,
    breaks="input_file_id file-a in the request, and file-b in the answer",
    keeps="input_file_id file-a in both; a window of 24h that is called 1d",
    clauses=at_role(Template("create.as_asked.clause", "{place} is what was asked for"), _at_created, "create"),
    said=at_place,
    highlight=at_pointer,
    follow=_as_asked,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "the batch as asked for"),),
)

READ_BACK = Rule(
    id="create.read_back",
    title="A batch that was made is not found, or is another one",
    level="must",
    why="Who cannot find the batch that was just made makes it again, and pays twice.",
    remedy="Have the batch in the store before the creation is answered.",
    source="the meaning of an id: what was made under it is what it is answered with",
    breaks="200 for the creation, and 404 for the id of it ten seconds later",
    keeps="404 at once, and the batch two seconds later",
    clauses=at_role(
        Template("create.read_back.clause", "{place} of a batch is read as it was made"), _at_read, "retrieve"
    ),
    said=at_place,
    highlight=at_pointer,
    follow=_read_back,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "the same when read"),),
)

BAD_REQUEST = Rule(
    id="create.bad_request",
    title="A batch runs that must not: its file or its request is wrong",
    level="should",
    why="What was meant was never asked for, and what runs is paid for; or the server says that it is to blame itself.",
    remedy="Refuse the creation with 400, or let the batch fail and name the line and the reason.",
    source=_OPENAI,
    breaks="two lines with one custom_id, and a batch that is completed",
    keeps="two lines with one custom_id, and a batch that failed with duplicate_custom_id",
    clauses=of_role(Template("create.bad_request.clause", "nothing runs that is wrong"), "create"),
    said=at_operation,
    highlight=at_status,
    follow=_bad_requests,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "nothing runs that is wrong"),),
)

WITHOUT_KEY = Rule(
    id="write.without_key",
    title="Something is changed, or looked up, without a credential",
    level="should",
    why="Anybody can upload files, make batches that the owner pays for, or cancel what others made.",
    remedy="Look at the credential before anything else, and answer 401.",
    source="RFC 6750 section 3.1, RFC 9110 section 15.5.2",
    breaks="POST /batches/{id}/cancel without a credential: 404, as with it",
    keeps="POST /batches/{id}/cancel without a credential: 401",
    clauses=of_role(
        Template("write.without_key.clause", "nothing is changed without a credential"), "upload", "create", "cancel"
    ),
    said=at_security,
    highlight=at_status,
    follow=_without_key,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "nothing without a credential"),),
)

RULES = (AS_ASKED, READ_BACK, BAD_REQUEST, WITHOUT_KEY)

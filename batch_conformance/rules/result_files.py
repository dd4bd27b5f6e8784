"""Rules about the results of a batch, read line by line: one answer to each request, and as many as it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import CountsRole
from batch_conformance.contract.stated_at import at_place
from batch_conformance.findings.finding import Level
from batch_conformance.message import Count, Message, Private, Template, shown
from batch_conformance.nouns import LINE
from batch_conformance.observation.observation import at, integer_at
from batch_conformance.rules.batch import stage_of
from batch_conformance.rules.batch_lines import LineProblem, ResultLine, repeated
from batch_conformance.rules.followed import Followed, MadeBatch, ResultFile, whole_body
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.made_batches import OF_MADE_BATCHES, at_role, broken, kept, quoted
from batch_conformance.rules.results import names_a_file
from batch_conformance.rules.rule import ObservedPlace, Rule

_FETCHED = Template("result_lines.fetched.expected", "a file that can be fetched")
_STATUS = Template("result_lines.fetched.status", "{status} when it was fetched")
_ANOTHER = Template("result_lines.fetched.another", "another file when it was fetched again")
_FORM = Template("result_lines.form.expected", "an object with a custom_id, and one of response and error")
_BODY = Template("result_lines.form.in_body", "the answer as an object in response.body")
_PROBLEMS: dict[LineProblem, Message] = {
    "mark": Template("result_lines.form.mark", "a byte order mark before a line")(),
    "json": Template("result_lines.form.json", "a line that is no JSON text")(),
    "object": Template("result_lines.form.object", "a line that is no object")(),
    "custom_id": Template("result_lines.form.custom_id", "a line without custom_id")(),
    "member": Template("result_lines.form.member", "a line whose response or error is no object")(),
    "both": Template("result_lines.form.both", "a line with a response and an error")(),
    "neither": Template("result_lines.form.neither", "a line with neither")(),
    "body": Template("result_lines.form.body", "a line whose response.body is no object")(),
}
_ONCE = Template("result_lines.custom_ids.once", "one line for each request")
_TWICE = Template("result_lines.custom_ids.twice", "two lines for {id}")
_FOREIGN = Template("result_lines.custom_ids.foreign", "a line for {id}, which was not asked for")
_MISSING = Template("result_lines.custom_ids.missing", "no line for {id}")
_AS_MANY = Template("result_lines.counts.expected", "{count}, as many as there are")
_AS_SENT = Template("result_lines.counts.sent", "{count}, as many as the file has that the batch was made of")
_SUCCESSES = Template("result_lines.successes.expected", "answers of requests that succeeded")
_A_FAILURE = Template("result_lines.successes.failure", "the error of {id}")
_ERRORS = Template("result_lines.successes.errors", "errors of requests that failed")
_A_SUCCESS = Template("result_lines.successes.success", "the answer to {id}")


_OF_THE_SERVER = frozenset({500, 501})
"""Server errors that do not pass: what stands before the server answers with others when it is away."""


def _fetched(followed: Followed) -> Iterator[ObservedPlace]:
    for batch in followed.batches:
        for one in batch.results:
            status = one.fetched.status
            if one.content is not None:
                again = whole_body(one.again) if one.again is not None else None
                if again is None or sorted(again.splitlines()) == sorted(one.content.splitlines()):
                    yield kept(one.named_by, one.pointer)
                else:
                    yield broken(one.named_by, one.pointer, _FETCHED(), _ANOTHER(), "another", shows=one.again)
            elif status is not None and (400 <= status < 500 or status in _OF_THE_SERVER) and status != 429:
                observed = _STATUS(status=str(status))
                yield broken(one.named_by, one.pointer, _FETCHED(), observed, "refused", shows=one.fetched)


def _form(followed: Followed) -> Iterator[ObservedPlace]:
    for one, lines in _read(followed):
        odd = next((line for line in lines if line.problem), None)
        if odd is None:
            yield kept(one.named_by, one.pointer)
        else:
            expected, observed = _BODY() if odd.problem == "body" else _FORM(), _PROBLEMS[odd.problem]
            yield broken(one.named_by, one.pointer, expected, observed, odd.problem, shows=one.fetched)


def _read(followed: Followed) -> Iterator[tuple[ResultFile, Sequence[ResultLine]]]:
    for batch in followed.batches:
        for one in batch.results:
            if one.lines:
                yield one, one.lines


def _custom_ids(followed: Followed) -> Iterator[ObservedPlace]:
    for batch in followed.batches:
        if any(one.lines is not None for one in batch.results) and _are_formed(batch):
            yield _custom_ids_of(batch)


def _custom_ids_of(batch: MadeBatch) -> ObservedPlace:
    """The ids of both files beside those that were asked for. Only what is completed has to have them all."""
    read = [one for one in batch.results if one.lines is not None]
    first, sent = read[0], batch.file.custom_ids
    ids = [(one, line.custom_id) for one in read for line in one.lines or ()]
    again = repeated([custom_id for _, custom_id in ids])
    foreign = [(one, custom_id) for one, custom_id in ids if custom_id not in sent]
    answered = {custom_id for _, custom_id in ids}
    all_read = _are_all_read(batch)
    missing = [one for one in sent if one not in answered] if all_read else []
    if foreign:
        one, name = foreign[0]
        return broken(one.named_by, one.pointer, _ONCE(), _FOREIGN(id=quoted(name)), "foreign", shows=one.fetched)
    if again:
        last = next(one for one, custom_id in reversed(ids) if custom_id == again[0])
        observed = _TWICE(id=quoted(again[0]))
        return broken(last.named_by, last.pointer, _ONCE(), observed, "twice", shows=last.fetched)
    if missing:
        observed = _MISSING(id=quoted(missing[0]))
        # A request that is counted, and has no file that it could be in, may be kept elsewhere.
        level: Level | None = None if _are_complete(batch) else "should"
        return broken(first.named_by, first.pointer, _ONCE(), observed, "missing", level=level, shows=first.fetched)
    return kept(first.named_by, first.pointer)


def _are_formed(batch: MadeBatch) -> bool:
    """Whether each line that was read has a ``custom_id``: what has none is told as that."""
    return all(line.custom_id for one in batch.results for line in one.lines or ())


def _is_completed(batch: MadeBatch) -> bool:
    end = batch.end
    stage = stage_of(end.batch, end.operation.roles) if end is not None else None
    return stage is not None and stage.word == "completed"


def _are_all_read(batch: MadeBatch) -> bool:
    """Whether a batch is completed, and all the files of results that it names were read."""
    end = batch.end
    if end is None or not _is_completed(batch) or any(one.lines is None for one in batch.results):
        return False
    named = {name for one in end.operation.roles.results if isinstance(name := at(end.batch, one), str)}
    read = {at(one.named_by.batch, one.pointer) for one in batch.results}
    return all(name in read or not names_a_file(name) for name in named)


def _are_complete(batch: MadeBatch) -> bool:
    """Whether a batch is completed, and all the files of results that it counts requests for were read."""
    end = batch.end
    if end is None or not _are_all_read(batch):
        return False
    output, error, counts = batch.result("output"), batch.result("error"), end.operation.roles.counts
    completed = integer_at(end.batch, counts.completed) if counts else None
    failed = integer_at(end.batch, counts.failed) if counts else None
    return (output is not None or completed == 0) and (error is not None or failed == 0)


def _counts(followed: Followed) -> Iterator[ObservedPlace]:
    for batch in followed.batches:
        end = batch.end
        if end is None or not _is_completed(batch):
            continue
        for pointer, known, expected in _known_counts(batch, end.operation.roles.counts):
            said = integer_at(end.batch, pointer)
            if said is None:
                continue
            if said == known:
                yield kept(end, pointer)
            else:
                observed = shown(Private(str(said)[:24]))
                yield broken(end, pointer, expected(count=Count(known, LINE)), observed, "other")


def _known_counts(batch: MadeBatch, counts: CountsRole | None) -> Iterator[tuple[str, int, Template]]:
    """What a completed batch has to count: pointer, number, and how that is said.

    Without all of its results it is known only how many requests were sent.
    """
    if counts is None:
        return
    lines = [line for one in batch.results for line in one.lines or ()]
    has_each = sorted(line.custom_id for line in lines) == sorted(batch.file.custom_ids)
    if not _are_all_read(batch) or not _are_formed(batch) or not (has_each or _are_complete(batch)):
        yield counts.total, batch.file.line_count, _AS_SENT
        return
    if not has_each or any(line.failed is None for line in lines):
        return  # told of the lines
    failed = sum(bool(line.failed) for line in lines)
    yield counts.total, len(lines), _AS_MANY
    yield counts.completed, len(lines) - failed, _AS_MANY
    yield counts.failed, failed, _AS_MANY


def _successes(followed: Followed) -> Iterator[ObservedPlace]:
    for one, lines in _read(followed):
        known = [line for line in lines if line.failed is not None and not line.problem]
        if not known:
            continue
        odd = next((line for line in known if line.failed is (one.kind == "output")), None)
        if odd is None:
            yield kept(one.named_by, one.pointer)
        elif one.kind == "output":
            observed = _A_FAILURE(id=quoted(odd.custom_id))
            yield broken(one.named_by, one.pointer, _SUCCESSES(), observed, "failure", shows=one.fetched)
        else:
            observed = _A_SUCCESS(id=quoted(odd.custom_id))
            yield broken(one.named_by, one.pointer, _ERRORS(), observed, "success", shows=one.fetched)


def _at_results(operation: Operation) -> Sequence[str]:
    return operation.roles.results


def _at_counts(operation: Operation) -> Sequence[str]:
    counts = operation.roles.counts
    return (counts.total, counts.completed, counts.failed) if counts is not None else ()


_OPENAI = "OpenAI's guide, https://platform.openai.com/docs/guides/batch, the results of a batch"
_COMMON: dict[str, Any] = {**OF_MADE_BATCHES, "said": at_place, "highlight": at_pointer}


def _rule(name: str, level: Level, clause: Template, **more: Any) -> Rule:
    pointers = _at_counts if name == "counts" else _at_results
    return Rule(
        id=f"result_lines.{name}", level=level, clauses=at_role(clause, pointers, "retrieve"), **more, **_COMMON
    )


FETCHED = _rule(
    "fetched",
    "should",
    Template("result_lines.fetched.clause", "the file of {place} can be fetched, and is the same each time"),
    title="A file of results cannot be fetched",
    why="The requests were run and paid for, and nobody gets what came of them.",
    remedy="Keep the files for as long as the batch names them.",
    source=_OPENAI,
    breaks="a batch that names file-out, and 404 for what is in it",
    keeps="a batch that names file-out, and 200 for what is in it",
    follow=_fetched,
    covers=(("lines of results", "they can be fetched"),),
)

FORM = _rule(
    "form",
    "should",
    Template("result_lines.form.clause", "each line of {place} has a custom_id, and a response or an error"),
    title="A line of results has another form",
    why="Programs read a file of results line by line; the first one that is no result ends them.",
    remedy="Write one JSON object a line, with its custom_id and one of response and error.",
    source=_OPENAI,
    breaks='{"custom_id": "a", "response": null, "error": null}',
    keeps='{"custom_id": "a", "response": {"status_code": 400, "body": {}}, "error": null}',
    follow=_form,
    covers=(("lines of results", "a response or an error each"),),
)

CUSTOM_IDS = _rule(
    "custom_ids",
    "must",
    Template("result_lines.custom_ids.clause", "the files of results have one line for each request: {place}"),
    title="Results and requests do not match",
    why="The custom_id is all by which an answer is laid to its request; lines are in no order.",
    remedy="Write one line for each request, with its own custom_id, into one of the two files.",
    source=_OPENAI,
    breaks="three requests, and two lines for the second one",
    keeps="three requests, two lines in the output and the third in the file of errors",
    follow=_custom_ids,
    covers=(("lines of results", "one for each request"),),
)

COUNTS = _rule(
    "counts",
    "must",
    Template("result_lines.counts.clause", "{place} of a completed batch is the number of its lines"),
    title="A batch counts other requests than its files have lines",
    why="Who looks at the counts to see whether all succeeded believes what did not happen.",
    remedy="Count what was written into the files.",
    source=_OPENAI,
    breaks="failed 0, and one line in the file of errors",
    keeps="failed 1, and one line in the file of errors",
    follow=_counts,
    covers=(("lines of results", "as many as counted"),),
)

SUCCESSES = _rule(
    "successes",
    "should",
    Template("result_lines.successes.clause", "{place} has only lines of its kind"),
    title="A failure is among the answers, or an answer among the errors",
    why="Who reads the output alone takes an error for an answer, or never sees the answer.",
    remedy="Write what succeeded into the output, and the rest into the file of errors.",
    source=_OPENAI,
    breaks="a line with status_code 400 in the output",
    keeps="a line with status_code 400 in the file of errors",
    follow=_successes,
    covers=(("lines of results", "each in its file"),),
)

RULES = (FETCHED, FORM, CUSTOM_IDS, COUNTS, SUCCESSES)

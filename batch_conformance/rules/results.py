"""Rules about the files of a batch: which there are, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from math import isfinite
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Roles
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at, integer_at
from batch_conformance.rules.batch import stage_of, times_of
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.masks import is_mask
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck, Broken, Rule, is_batch, where
from batch_conformance.rules.times import date_of, moment_of_date
from batch_conformance.rules.unset import stands_for_unset

_OTHER_FILE = Template("results.same_file.expected", "another file than {place}")
_FILE_OF_RESULTS = Template("results.missing.expected", "a file, as {count} requests were done")
_NO_FILE = Template("results.missing.observed", "none in {places}")
_OWN_FILE = Template("results.shared.expected", "a file that no other batch names")
_NOT_YET = Template("results.early.expected", "none, as the batch is {state}")
_OF_RESULTS = re.compile(r"output|result|download|error_?file|[uU]r[il]", re.IGNORECASE)
"""Names of members that may lead to results, whatever the document calls them."""
_SECONDS_FOR_FILES = 600
"""How long after its end a batch may be without the names of its files: some are named a moment later."""
_RETENTION = 24 * 3600
"""How long after its end a batch has to name its files; afterwards they may be deleted, and their names with them.

SiliconFlow keeps results for a month, and others for other times: a day is well below what they document.
"""
_NOTHING: tuple[Any, ...] = (None, "", [], {})
"""Values that lead to no results, whatever the member is called."""
SHORTEST = 4
"""What is no longer than this may stand for unset."""


def _files(roles: Roles) -> tuple[str, ...]:
    return (*roles.inputs, *roles.results)


def _named(observation: Observation, pointer: str) -> str:
    """The file at a pointer; empty where none is named, a word stands for none, or it is masked."""
    value = at(observation.batch, pointer)
    return value if isinstance(value, str) and names_a_file(value) else ""


def names_a_file(text: str) -> bool:
    """Whether a text names something: it is neither unset nor masked."""
    return bool(text.strip()) and not stands_for_unset(text) and not is_mask(text)


def _check_same(observation: Observation) -> Iterator[Broken]:
    for one, other in combinations(_files(observation.operation.roles), 2):
        name = _named(observation, one)
        if len(name) > SHORTEST and name == _named(observation, other) and not is_folder(name):
            yield Broken(
                _OTHER_FILE(place=one),
                shown(Private(f'"{name[:60]}"')),
                f"same as {one}",
                media_type=observation.contract_media_type,
                pointer=other,
            )
            return


def is_folder(name: str) -> bool:
    """Whether a name is that of a folder, in which there may be inputs, results, and those of other batches."""
    return name.endswith("/")


def _check_missing(observation: Observation) -> Iterator[Broken]:
    batch, roles = observation.batch, observation.operation.roles
    if batch is None or roles.counts is None or not _could_name_results(observation):
        return
    if any(_OF_RESULTS.search(name) and value not in _NOTHING for name, value in batch.items()):
        return
    ended = _seconds_since_the_end(observation)
    if not ended > _SECONDS_FOR_FILES:
        return
    completed, failed = (max(0, integer_at(batch, one) or 0) for one in (roles.counts.completed, roles.counts.failed))
    if completed + failed > 0:
        yield Broken(
            _FILE_OF_RESULTS(count=Private(str(completed + failed)[:24])),
            _NO_FILE(places=" and ".join(roles.results)),
            "none",
            level=None if completed and ended < _RETENTION else "info",
            media_type=observation.contract_media_type,
            pointer=roles.results[0],
        )


def _seconds_since_the_end(observation: Observation) -> float:
    """How long before it was read a batch was completed, by the server's own Date, else by our clock.

    0 where nobody knows when it was completed, or when it was read.
    """
    here = stage_of(observation.batch, observation.operation.roles)
    ended = times_of(observation).get(here.timestamp or "", 0) if here is not None else 0
    date = date_of(observation)
    read = moment_of_date(date) if date else observation.exchange.started_at
    return read - ended if ended and isfinite(read) else 0


def _could_name_results(observation: Observation) -> bool:
    """Whether a batch is completed, counts its requests, and has no member that the document does not know."""
    batch, roles, content = observation.batch, observation.operation.roles, observation.content
    here = stage_of(batch, roles)
    if roles.counts is None or not roles.results or here is None or here.word != "completed":
        return False
    return integer_at(batch, roles.counts.completed) is not None and not (content and content.undeclared)


def _check_early(observation: Observation) -> Iterator[Broken]:
    roles = observation.operation.roles
    here = stage_of(observation.batch, roles)
    if here is None or here.terminal or here.word in ("finalizing", "cancelling"):
        return
    for pointer in roles.results:
        if name := _named(observation, pointer):
            yield Broken(
                _NOT_YET(state=here.value),
                shown(Private(f'"{name[:60]}"')),
                f"set when {here.value}",
                media_type=observation.contract_media_type,
                pointer=pointer,
            )


def shared_file(observation: Observation, pointer: str, name: str) -> Broken:
    """How a batch breaks ``SHARED``, that names a file which another batch named before it."""
    return Broken(
        _OWN_FILE(),
        shown(Private(f'"{name[:60]}"')),
        "shared",
        media_type=observation.contract_media_type,
        pointer=pointer,
    )


def _names_results(observation: Observation) -> bool:
    return any(isinstance(at(observation.batch, pointer), str) for pointer in observation.operation.roles.results)


def surely_filed(alike: AlikeBodies) -> tuple[BodiesCheck, ...] | None:
    """Checks that hold only where files are different, and there when they are to be; None where one is inside."""
    roles, body = alike.roles, alike.body
    if any(pointer.count("/") != 1 for pointer in _files(roles)):
        return None
    files = tuple(pointer for pointer in _files(roles) if type(at(body, pointer)) is str)
    named_results = tuple(pointer for pointer in roles.results if pointer in files)
    here, counts = stage_of(body, roles), roles.counts
    checks: list[BodiesCheck] = []
    if len(files) > 1:
        checks.append(
            lambda columns: all(len(set(one)) == len(files) for one in zip(*map(columns.of, files), strict=True))
        )
    if here is not None and not here.terminal and here.word not in ("finalizing", "cancelling") and named_results:
        checks.append(lambda columns: not any(text.strip() for one in named_results for text in columns.different(one)))
    if here is not None and here.word == "completed" and counts is not None and roles.results:
        done = (counts.completed, counts.failed)

        def has_files(columns: Columns) -> bool:
            named = zip(*map(columns.of, roles.results), strict=True)
            numbers_done = zip(*map(columns.of, done), strict=True)
            return all(
                any(value not in _NOTHING for value in of_one)
                or not any(type(one) is int and one > 0 for one in numbers)
                for of_one, numbers in zip(named, numbers_done, strict=True)
            )

        checks.append(has_files)
    return tuple(checks)


def _has_files(operation: Operation) -> bool:
    return len(_files(operation.roles)) > 1


def _has_files_of_its_own(operation: Operation) -> bool:
    roles = operation.roles
    return bool(roles.results and roles.identity and (roles.created or roles.inputs))


def _has_results(operation: Operation) -> bool:
    return bool(operation.roles.stages and operation.roles.results)


def _has_counted_results(operation: Operation) -> bool:
    return _has_results(operation) and operation.roles.counts is not None


SAME_FILE = Rule(
    id="results.same_file",
    title="Two files of a batch have one id",
    level="should",
    side="server",
    why="Who reads the errors gets the results, or his own requests, and takes them for errors.",
    remedy="Name the file that each property is about; leave out the one that there is not.",
    source="the document's properties: the files of a batch are named apart",
    breaks='{"output_file_id": "file-b", "error_file_id": "file-b"}',
    keeps='{"output_file_id": "file-b", "error_file_id": "file-c"}',
    clauses=where(_has_files, Template("results.same_file.clause", "the files of a batch differ"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_same,
    looks_at="values",
    surely_kept=surely_filed,
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("results", "files differ"),),
)

MISSING = Rule(
    id="results.missing",
    title="A batch is completed, and no file is named",
    level="should",
    side="server",
    why="The work is paid for and its results cannot be fetched. Once is chance: some name the file a moment later.",
    remedy="Name the file in the answer in which the batch is completed for the first time.",
    source="the vendor's guide: results are in the files of a completed batch; its counts say that there are some",
    breaks='{"status": "completed", "request_counts": {"completed": 9}, "output_file_id": null, "error_file_id": null}',
    keeps='{"status": "completed", "request_counts": {"completed": 9}, "output_file_id": "file-b"}',
    clauses=where(
        _has_counted_results, Template("results.missing.clause", "a completed batch names a file of results"), "200"
    ),
    exercised=_could_name_results,
    unless_rare=True,
    concern="sense",
    check=_check_missing,
    looks_at="values",
    surely_kept=surely_filed,
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("results", "there once done"),),
)

EARLY = Rule(
    id="results.early",
    title="A file of results is named before the batch has ended",
    level="info",
    side="server",
    why="Clients that test for the file, and not for the state, take a part for the whole; vendors differ.",
    remedy="Name the file when it is whole, or document that it grows.",
    source="the vendor's guide: results are in the files of a completed batch",
    breaks='{"status": "in_progress", "output_file_id": "file-b"}',
    keeps='{"status": "in_progress", "output_file_id": null}',
    clauses=where(_has_results, Template("results.early.clause", "no results before the end"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_early,
    looks_at="values",
    surely_kept=surely_filed,
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("results", "none before"),),
)

SHARED = Rule(
    id="results.shared",
    title="Two batches name one file of results",
    level="should",
    side="server",
    why="Somebody gets the results of another batch, perhaps of another customer.",
    remedy="Make a file for each batch; look for an id that is cached, or made of the input alone.",
    source="the vendor's guide: each batch has a file of results of its own; two answers contradict each other",
    breaks='{"id": "batch_a", "output_file_id": "file-b"} and {"id": "batch_c", "output_file_id": "file-b"}',
    keeps='{"id": "batch_a", "input_file_id": "file-b"} and {"id": "batch_c", "input_file_id": "file-b"}',
    clauses=where(_has_files_of_its_own, Template("results.shared.clause", "no two batches have one file"), "200"),
    exercised=_names_results,
    looks_at="run",
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("results", "between batches too"),),
)

RULES = (SAME_FILE, MISSING, EARLY, SHARED)

"""Rules about the files of a batch: which there are, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import unescape
from batch_conformance.contract.schema import Schema
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at, integer_at
from batch_conformance.rules.batch import stage_of
from batch_conformance.rules.bodies import stands_for_unset
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.rule import AlikeBodies, Body, BodyCheck, Broken, Rule, is_batch, where

_FILE = re.compile(r"/(?:(input)|(output|result|results|error|errors))_file(?:_id)?")
_OTHER_FILE = Template("results.same_file.expected", "another file than {place}")
_FILE_OF_RESULTS = Template("results.missing.expected", "a file, as {count} requests were done")
_NO_FILE = Template("results.missing.observed", "none in {places}")
_NOT_YET = Template("results.early.expected", "none, as the batch is {state}")


class _Files(NamedTuple):
    """Pointers of the files of a batch: all of them, and those with results."""

    all: tuple[str, ...]
    results: tuple[str, ...]


@lru_cache(64)
def _files(schema: Schema) -> _Files:
    declared = [place.pointer for place in schema.properties if "string" in place.types]
    matches = [match for pointer in declared if (match := _FILE.fullmatch(pointer))]
    return _Files(tuple(match[0] for match in matches), tuple(match[0] for match in matches if match[2]))


def _named(observation: Observation, pointer: str) -> str:
    """The file at a pointer; empty where none is named, or a word stands for none."""
    value = at(observation.batch, pointer)
    return value.strip() if isinstance(value, str) and not stands_for_unset(value) else ""


def _check_same(observation: Observation) -> Iterator[Broken]:
    if observation.batch is None or observation.schema is None:
        return
    for one, other in combinations(_files(observation.schema).all, 2):
        name = _named(observation, one)
        if len(name) > _SHORTEST and name == _named(observation, other):
            yield Broken(
                _OTHER_FILE(place=one),
                shown(Private(f'"{name[:60]}"')),
                f"same as {one}",
                media_type=observation.contract_media_type,
                pointer=other,
            )
            return


_SHORTEST = 4
"""What is no longer than this may stand for unset; that is told as that."""


def _check_missing(observation: Observation) -> Iterator[Broken]:
    batch, roles, schema = observation.batch, observation.operation.roles, observation.schema
    if batch is None or schema is None or roles.counts is None:
        return
    files, here = _files(schema).results, stage_of(batch, roles)
    if not files or here is None or here.word != "completed" or any(at(batch, one) is not None for one in files):
        return
    done = sum(max(0, integer_at(batch, place) or 0) for place in (roles.counts.completed, roles.counts.failed))
    if done > 0 and not (observation.content and observation.content.undeclared):
        yield Broken(
            _FILE_OF_RESULTS(count=Private(str(done)[:24])),
            _NO_FILE(places=" and ".join(files)),
            "none",
            media_type=observation.contract_media_type,
            pointer=files[0],
        )


def _check_early(observation: Observation) -> Iterator[Broken]:
    batch, roles, schema = observation.batch, observation.operation.roles, observation.schema
    here = stage_of(batch, roles)
    if batch is None or schema is None or here is None or here.terminal or here.word in ("finalizing", "cancelling"):
        return
    for pointer in _files(schema).results:
        if name := _named(observation, pointer):
            yield Broken(
                _NOT_YET(state=here.value),
                shown(Private(f'"{name[:60]}"')),
                f"set when {here.value}",
                media_type=observation.contract_media_type,
                pointer=pointer,
            )


def surely_filed(alike: AlikeBodies) -> tuple[BodyCheck, ...]:
    """Checks that hold only where files are different, and there when they are to be."""
    schema, roles, body = alike.schema, alike.roles, alike.body
    files = _files(schema)
    names = tuple(name for name in (unescape(one[1:]) for one in files.all) if type(body.get(name)) is str)
    results = tuple(name for name in names if "/" + name in files.results)
    here, counts = stage_of(body, roles), roles.counts
    checks: list[BodyCheck] = []
    if len(names) > 1:
        checks.append(lambda body: len({body[name].strip() for name in names}) == len(names))
    if here is not None and not here.terminal and here.word not in ("finalizing", "cancelling") and results:
        checks.append(lambda body: not any(body[name].strip() for name in results))
    none_set = all(at(body, pointer) is None for pointer in files.results)
    if here is not None and here.word == "completed" and counts is not None and files.results and none_set:
        places = (counts.completed, counts.failed)

        def is_idle(body: Body) -> bool:
            return all((integer_at(body, place) or 0) <= 0 for place in places)

        checks.append(is_idle)
    return tuple(checks)


def _schemas(operation: Operation) -> Iterator[Schema]:
    for status, response in operation.responses.items():
        if status.startswith("2"):
            yield from (schema for schema in response.content.values() if schema is not None)


def _has_files(operation: Operation) -> bool:
    return any(len(_files(schema).all) > 1 for schema in _schemas(operation))


def _has_results(operation: Operation) -> bool:
    return bool(operation.roles.stages) and any(_files(schema).results for schema in _schemas(operation))


def _has_counted_results(operation: Operation) -> bool:
    return _has_results(operation) and operation.roles.counts is not None


SAME_FILE = Rule(
    id="results.same_file",
    title="Two files of a batch are one",
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
)

MISSING = Rule(
    id="results.missing",
    title="A batch is completed, and no file is named",
    level="info",
    side="server",
    why="The work is paid for and its results cannot be fetched; some servers name the file a moment later.",
    remedy="Name the file in the answer in which the batch is completed for the first time.",
    source="the vendor's guide: results are in the files of a completed batch",
    breaks='{"status": "completed", "request_counts": {"completed": 9}, "output_file_id": null, "error_file_id": null}',
    keeps='{"status": "completed", "request_counts": {"completed": 9}, "output_file_id": "file-b"}',
    clauses=where(
        _has_counted_results, Template("results.missing.clause", "a completed batch names a file of results"), "200"
    ),
    exercised=is_batch,
    concern="sense",
    check=_check_missing,
    looks_at="values",
    surely_kept=surely_filed,
    highlight=at_pointer,
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
)

RULES = (SAME_FILE, MISSING, EARLY)

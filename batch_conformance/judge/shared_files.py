"""Files of results that several batches name: what batches of an operation say of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from operator import itemgetter
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.file_numbers import made_with
from batch_conformance.judge.log import Log, Row, each
from batch_conformance.judge.reads import observation_of_row
from batch_conformance.observation.observation import at
from batch_conformance.rules.name_patterns import malformed
from batch_conformance.rules.results import SHARED, SHORTEST, is_folder, names_a_file, shared_file

_Named = tuple[Row, str, str, tuple[Any, ...]]
"""The first row in which a batch names a file: its pointer, its name, and what the batch was made with."""


def shared_files(log: Log, again: Set[int]) -> Iterator[tuple[Deviation, Row]]:
    """A deviation, and its row, for each batch that names a file of results that another one named before it.

    ``again`` are the numbers of names that may be several batches' (``FileNumbers``), of a recording. Two batches are
    two where they were made at another time, or of another input: a server that answers every id with one example says
    nothing of files.
    """
    roles = log.operation.roles
    if not made_with(roles) or not (again or log.keeps_all):
        return
    batches: dict[str, list[tuple[str, _Named]]] = defaultdict(list)
    for key, held in log.groups():
        for named in _named(key, sorted(each(held), key=itemgetter(0, 1, 2)), log):
            if log.keeps_all or hash(named[2]) in again:
                batches[named[2]].append((key, named))
    shared: dict[str, list[_Named]] = defaultdict(list)
    for of_name in batches.values():
        (owner, (_, _, _, first)), *others = sorted(of_name, key=lambda one: one[1][0][:3])
        for key, named in others:
            if key != owner and named[3] != first:
                shared[key].append(named)
    for key in sorted(shared):
        row, pointer, name, _ = min(shared[key], key=lambda named: roles.results.index(named[1]))
        observation = observation_of_row(key, row, log)
        yield SHARED.deviation(observation, shared_file(observation, pointer, name)), row


def _named(key: str, rows: Iterable[Row], log: Log) -> Iterator[_Named]:
    """The files of results that a batch named in plain reads, each with the first row that has it."""
    roles, seen = log.operation.roles, set[str]()
    for row in rows:
        if not _is_plain(row):
            continue
        batch = observation_of_row(key, row, log).batch
        if at(batch, roles.identity or "") != key:
            continue
        for pointer in roles.results:
            name = at(batch, pointer)
            if not isinstance(name, str) or len(name) <= SHORTEST or name in seen:
                continue
            # What slipped into the place of a name is told as that: it is the same for every batch.
            if names_a_file(name) and not is_folder(name) and not malformed(pointer, name):
                seen.add(name)
                yield row, pointer, name, _made_with(batch, roles)


def _made_with(batch: Any, roles: Roles) -> tuple[Any, ...]:
    """What a batch was made with; None for an array or an object: a recorded row has nothing of what is in it."""
    values = (at(batch, pointer) for pointer in made_with(roles))
    return tuple(value if isinstance(value, str | int | float) else None for value in values)


def _is_plain(row: Row) -> bool:
    """Whether a row is a plain read that was answered with a batch."""
    probe = row.probe
    plain = probe is None or (probe.credential == "valid" and probe.forced_status is None and probe.method == "GET")
    return plain and row.facts[2] is not None

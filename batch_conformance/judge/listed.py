"""Lays what a list says of batches beside what they were answered with when they were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.log import DOWN, FOREIGN, Log, Row, each
from batch_conformance.judge.reads import observation_of_row
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at, integer_at
from batch_conformance.rules.batch import is_plausible
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.listing import ITEM_DIFFERS, KNOWN_MISSING
from batch_conformance.rules.pages import ids_in, in_time, is_whole, items_of, walks_of
from batch_conformance.rules.rule import Broken
from batch_conformance.rules.times import magnitude

_DAY = 86_400
_AS_READ = Template("listing.item_differs.expected", "{value}, as the batch itself says")
_LISTED = Template("listing.known_missing.expected", "{id}, which was answered with 200")
_NOT_LISTED = Template("listing.known_missing.observed", "a whole list without it")


def compare_list(listed: Log, read: Log) -> Iterator[tuple[Deviation, Row]]:
    """What the list of batches says that the batches do not, each with the row of the page that shows it.

    Only what is made with a batch, or happens to it once, is compared, where both say it and in one type: all else may
    move on between the two, or be left out of a list.
    """
    pages = _pages(listed)
    batches: dict[str, Sequence[Observation]] = {}
    told: set[str] = set()
    for observation, row in pages:
        form = observation.operation.listing
        for item in items_of(observation) or ():
            batch_id = at(item, form.identity) if form is not None else None
            if form is None or not isinstance(batch_id, str):
                continue
            if batch_id not in batches:
                batches[batch_id] = _batches(read, batch_id)
            for pointer, was, now in _differing(item, batches[batch_id], form.roles, read.operation.roles):
                where = f"{form.items}/*{pointer}"
                if where not in told:
                    told.add(where)
                    broken = Broken(
                        _AS_READ(value=_shown(was)),
                        shown(_shown(now)),
                        "other",
                        media_type=observation.contract_media_type,
                        pointer=where,
                    )
                    yield ITEM_DIFFERS.deviation(observation, broken), row
    yield from _missing(pages, read)


def _pages(log: Log) -> list[tuple[Observation, Row]]:
    """The pages that were answered, in the order of time."""
    found = [
        (observation_of_row(key, row, log), row)
        for key, held in log.groups()
        for row in each(held)
        if not row.facts[4] & (DOWN | FOREIGN)
    ]
    pages = [(one, row) for one, row in found if one.authorised and not one.forced and items_of(one) is not None]
    return sorted(pages, key=lambda pair: (pair[1].started_at, pair[1].number, pair[1].attempt))


def _batches(log: Log, batch_id: str) -> Sequence[Observation]:
    """The reads of a batch that were answered with it."""
    rows = sorted(each(log.of(batch_id)), key=lambda row: (row.started_at, row.number, row.attempt))
    usable = [row for row in rows if not row.facts[4] & (DOWN | FOREIGN)]
    observations = [observation_of_row(batch_id, row, log) for row in usable]
    return BatchHistory(observations, [row.facts[3] for row in usable]).batches


def _differing(item: Any, batches: Sequence[Observation], listed: Roles, read: Roles) -> Iterator[tuple[str, Any, Any]]:
    """The places at which an item says another thing than every read of its batch."""
    for pointer in sorted((listed.lasting & read.lasting) - {read.identity}):
        said = at(item, pointer)
        known = [value for value in (at(one.batch, pointer) for one in batches) if value is not None]
        alike = [value for value in known if type(value) is type(said)]
        if not _is_said(said, pointer, read) or not alike or len(alike) < len(known):
            continue
        if all(_unsigned(value) != _unsigned(said) for value in alike):
            yield pointer, alike[-1], said


def _is_said(value: Any, pointer: str, roles: Roles) -> bool:
    """Whether a value says anything: an empty one, or a time that can be none, may stand for unset.

    A time in milliseconds is one, and not the one that is read in seconds.
    """
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return False
    if pointer not in roles.timestamps or not isinstance(value, int) or is_plausible(value):
        return True
    return magnitude(value) not in ("zero", "negative", "distant")


def _unsigned(value: Any) -> Any:
    """A download URL without its query: it is signed anew at each read."""
    return value.partition("?")[0] if isinstance(value, str) and "://" in value else value


def _missing(pages: Sequence[tuple[Observation, Row]], read: Log) -> Iterator[tuple[Deviation, Row]]:
    """The first batch that exists and that no walk through the whole list has met."""
    walks = walks_of(BatchHistory([observation for observation, _ in pages], []))
    whole = [walk for walk in walks if is_whole(walk) and not walk[0].rest_narrows]
    if not whole:
        return
    met = {one for walk in walks for one in ids_in(walk)}
    rows: Mapping[int, Row] = {id(observation): row for observation, row in pages}
    begun = whole[-1][0].observation
    for key, _ in read.groups():
        seen = [] if key in met else [one for one in _batches(read, key) if one.exchange.probe.subject == "known"]
        if any(_was_there(one, begun) for one in seen):
            shows = whole[-1][-1].observation
            form = shows.operation.listing
            broken = Broken(
                _LISTED(id=_shown(key)),
                _NOT_LISTED(),
                "missing",
                media_type=shows.contract_media_type,
                pointer=form.items if form is not None else "",
            )
            yield KNOWN_MISSING.deviation(shows, broken), rows[id(shows)]
            return


def _was_there(read: Observation, begun: Observation) -> bool:
    """Whether a batch was there when a walk through the list began: it was read before, or is a day older."""
    if in_time(read) < in_time(begun):
        return True
    created = integer_at(read.batch, read.operation.roles.created)
    return created is not None and created < begun.exchange.started_at - _DAY


def _shown(value: Any) -> Private:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return Private(text if len(text) <= 60 else text[:57] + "…")

"""What rules about batches that were made have in common: where their clauses are, and how a place is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.operation_role import OperationRole
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Level
from batch_conformance.message import Message, Private, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.requests import in_chapters
from batch_conformance.rules.rule import Broken, ObservedPlace, Place

Pointers = Callable[[Operation], Sequence[str]]
"""The pointers into the success of an operation at which a rule can be broken."""

_UNSEEN = Template(
    "followed.unseen", "no batch of this run came so far: --operations=all makes some with --create, and follows them"
)
OF_MADE_BATCHES: dict[str, Any] = {
    "side": "server",
    "looks_at": "run",
    "requests": in_chapters(),
    "unseen": _UNSEEN,
    "only_with": "all",
}
"""What all rules about batches that a run made have in common."""
_LONGEST = 60


def success_of(operation: Operation) -> tuple[str, str]:
    """The status of a success as documented, and its media type; empty where there is none."""
    success = operation.response_for(200)
    if success is None:
        return "", ""
    return success.status, next((kind for kind in success.content if "json" in kind), "")


def at_role(says: Template, pointers: Pointers, *roles: OperationRole) -> Callable[[Operation], Iterable[Place]]:
    """Clauses at places in the success of the operations of some roles; ``says`` has the ``place``."""

    def clauses(operation: Operation) -> Iterator[Place]:
        if operation.role in roles:
            status, media_type = success_of(operation)
            for pointer in pointers(operation):
                yield Place(says(place=pointer or "/"), status, media_type, pointer)

    return clauses


def of_role(says: Template, *roles: OperationRole) -> Callable[[Operation], Iterable[Place]]:
    """One clause about the operations of some roles as a whole."""
    return lambda operation: (Place(says()),) if operation.role in roles else ()


def kept(observation: Observation, pointer: str = "") -> ObservedPlace:
    """A place that was looked at and is as it has to be."""
    return ObservedPlace(observation, pointer)


def broken(
    observation: Observation,
    pointer: str,
    expected: Message,
    observed: Message,
    kind: str,
    *,
    level: Level | None = None,
    shows: Exchange | None = None,
) -> ObservedPlace:
    """A place in the success of an operation that is not as it has to be."""
    status, media_type = success_of(observation.operation)
    told = Broken(expected, observed, kind, status=status, media_type=media_type, pointer=pointer, level=level)
    return ObservedPlace(observation, pointer, told, shows)


def broken_as_whole(
    observation: Observation, expected: Message, observed: Message, kind: str, *, level: Level | None = None
) -> ObservedPlace:
    """An operation that does not do what it has to."""
    return ObservedPlace(observation, "", Broken(expected, observed, kind, status="", level=level))


def quoted(value: object) -> Private:
    """A value of a response, in quotes where it is a text."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return Private(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")

"""Roles: what the fields of the success body mean, read off the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.document import ContractError
from batch_conformance.contract.pointer import escape
from batch_conformance.contract.schema import Property, Schema

EXTENSION = "x-roles"
"""Extension of the success schema that overrides what is inferred: ``{identity: /batch_id, state: /phase, …}``."""

_RANKS: Mapping[str, int] = {
    **dict.fromkeys(("in_queue", "queued", "validating", "pending", "scheduling", "created"), 0),
    **dict.fromkeys(("in_progress", "running", "processing"), 1),
    **dict.fromkeys(("finalizing", "cancelling"), 2),
    **dict.fromkeys(("completed", "failed", "expired", "cancelled"), 3),
}
"""The order of the states of a batch of the OpenAI form, as its guide and SiliconFlow's have it."""
_TERMINAL_RANK = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """A state of the batch. ``rank`` orders states; ``timestamp`` points at the property that tells when it began."""

    value: str
    rank: int
    terminal: bool
    timestamp: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Pointers of the request counts."""

    pointer: str
    total: str
    completed: str
    failed: str


@dataclass(frozen=True, slots=True)
class Roles:
    """Pointers into the success body, None or empty where the contract has no such field.

    ``free_maps`` are places whose members are the customer's own and so never undeclared.
    """

    identity: str | None = None
    state: str | None = None
    stages: tuple[Stage, ...] = ()
    timestamps: tuple[str, ...] = ()
    created: str | None = None
    expires: str | None = None
    counts: Counts | None = None
    window: str | None = None
    free_maps: frozenset[str] = frozenset()


def infer_roles(schema: Schema | None, parameter: str) -> Roles:
    """The roles of the properties of a success schema; ``parameter`` is the name of the id in the path.

    Raises ``ContractError`` for an ``x-roles`` that is no mapping of role names to pointers.
    """
    if schema is None:
        return Roles()
    places = {place.pointer: place for place in schema.properties}
    overrides = _overrides(schema)

    def role(name: str, *candidates: str) -> str | None:
        if name in overrides:
            return overrides[name]
        return next((pointer for pointer in candidates if pointer in places), None)

    timestamps = tuple(p for p, place in places.items() if p.endswith("_at") and _is(place, "integer") and "*" not in p)
    state = role("state", "/status", "/state")
    return Roles(
        identity=role("identity", "/id", "/" + escape(parameter)),
        state=state,
        stages=tuple(_stages(places[state], places)) if state in places and state else (),
        timestamps=timestamps,
        created=role("created", "/created_at"),
        expires=role("expires", "/expires_at"),
        counts=_counts(places.values()),
        window=role("window", "/completion_window"),
        free_maps=frozenset(p for p in places if p == "/metadata" and _is(places[p], "object")),
    )


def _overrides(schema: Schema) -> Mapping[str, str]:
    given: Any = schema.raw.get(EXTENSION, {})
    if not isinstance(given, Mapping) or not all(isinstance(value, str) for value in given.values()):
        raise ContractError(f"{schema.location}: {EXTENSION} must map names of roles to pointers")
    return given


def _is(place: Property, kind: str) -> bool:
    return kind in place.types and place.types <= {kind, "null"}


def _stages(state: Property, places: Mapping[str, Property]) -> Iterable[Stage]:
    for value in state.known_values:
        rank = _RANKS.get(value) if isinstance(value, str) else None
        if rank is not None:
            timestamp = f"/{value}_at"
            yield Stage(value, rank, rank == _TERMINAL_RANK, timestamp if timestamp in places else None)


def _counts(places: Iterable[Property]) -> Counts | None:
    held = {place.pointer for place in places if "integer" in place.types and "*" not in place.pointer}
    for pointer in held:
        parent, _, name = pointer.rpartition("/")
        if name == "total" and {f"{parent}/completed", f"{parent}/failed"} <= held:
            return Counts(parent, pointer, f"{parent}/completed", f"{parent}/failed")
    return None

"""Roles: what the fields of the success body mean, read off the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.error import ContractError
from batch_conformance.contract.pointer import escape, split
from batch_conformance.contract.schema import ALL_TYPES, Property, Schema
from batch_conformance.message import Message, Template

EXTENSION = "x-roles"
"""Extension of the success schema that overrides what is inferred.

``identity``, ``state``, ``created``, ``expires`` and ``window`` are pointers into the body, or null for none.
``counts`` maps ``total``, ``completed`` and ``failed`` to pointers. ``timestamps``, ``free_maps``, ``names``,
``inputs`` and ``results`` list pointers.
``stages`` maps a value of the state to the word of the usual lifecycle that it stands for: ``{DONE: completed}``.
"""

_WRONG = Template("roles.wrong", "{where}: {extension}: {problem}")
_MUST_MAP = Template("roles.must_map", "must map some of {roles}")
_MUST_LIST = Template("roles.must_list", "{role} must be a list of pointers")
_MUST_MAP_STATES = Template("roles.must_map_states", "{role} must map values of the state to some of {states}")
_MUST_MAP_COUNTS = Template("roles.must_map_counts", "counts must map total, completed and failed to pointers")
_NOT_DECLARED = Template("roles.not_declared", "{role} points to {pointer}, which the schema does not declare")

_RANKS: Mapping[str, int] = {
    **dict.fromkeys(("in_queue", "queued", "validating", "pending", "scheduling", "created"), 0),
    **dict.fromkeys(("in_progress", "running", "processing"), 1),
    **dict.fromkeys(("finalizing", "cancelling", "canceling"), 2),
    **dict.fromkeys(("completed", "failed", "expired", "cancelled", "canceled"), 3),
}
"""The order of the states of a batch of the OpenAI form, as its guide and SiliconFlow's have it."""
_TERMINAL_RANK = 3
_SPELLINGS = {"canceling": "cancelling", "canceled": "cancelled"}

_LASTING = re.compile(
    r"/(?!(?:\w*_)?(?:updated|modified|changed|checked|refreshed|synced|seen|last)_)"
    r"(?:\w+_(?:at|id)|id|object|endpoint|model|provider|completion_window|created_by)"
)
"""Pointers of what a batch is made with, or what happens to it once: not ``updated_at``, and no count or progress."""
_NAMES = re.compile(
    r"(?!.*(?i:webhook|callback))(?:/\w+)*/"
    r"(?:(?:\w+_)?id|\w*[a-z0-9]I[dD]|(?:\w+_)?(?:url|uri|path)|\w+(?:Url|Uri|URL|Path)|endpoint|model)"
)
"""Pointers of texts that name something for machines: ids, addresses, paths and models.

No words of people, and no address at which a customer wants to be called: it may have places to be filled in.
"""
_INPUTS = re.compile(r"/input_file(?:_id)?|/inputFile(?:Id)?")
_RESULTS = re.compile(r"/(?:output|results?|errors?)_file(?:_id)?|/(?:output|results?|errors?)File(?:Id)?")

_ROLES = frozenset(
    {
        *("identity", "state", "stages", "timestamps", "created", "expires", "counts", "window", "free_maps"),
        *("names", "inputs", "results"),
    }
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A state of the batch. ``rank`` orders states; ``timestamp`` points at the property that tells when it began.

    ``value`` is what this contract calls it, ``word`` what the usual lifecycle does (cancelling and cancelled with two
    l, whatever the vendor writes).
    """

    value: str
    rank: int
    terminal: bool
    timestamp: str | None
    word: str


@dataclass(frozen=True, slots=True)
class CountsRole:
    """Pointers of the request counts."""

    pointer: str
    total: str
    completed: str
    failed: str


@dataclass(frozen=True, slots=True)
class Roles:
    """Pointers into the success body, None or empty where the contract has no such field.

    ``free_maps`` are places whose members are the customer's own and so never undeclared. ``lasting`` are scalars that
    keep their value once they are set, by their names: ids, times of what has happened, and what was asked for.
    ``names`` are texts that name something for machines: ids other than that of the batch, addresses, paths, models.
    ``inputs`` and ``results`` are those of them that name files: of requests, and of answers or errors.
    """

    identity: str | None = None
    state: str | None = None
    stages: tuple[Stage, ...] = ()
    timestamps: tuple[str, ...] = ()
    created: str | None = None
    expires: str | None = None
    counts: CountsRole | None = None
    window: str | None = None
    free_maps: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


def infer_roles(schema: Schema | None, parameter: str) -> Roles:
    """The roles of the properties of a success schema.

    ``parameter`` is the name of the id in the path, empty where there is none: no body has an identity then.
    Raises ``ContractError`` for an ``x-roles`` that is not of the form described, or names what is not declared.
    """
    if schema is None:
        return Roles()
    places = {place.pointer: place for place in schema.properties if "*" not in split(place.pointer)}
    given = _Given(schema, places)
    state = given.pointer("state", *(name for name in ("/status", "/state") if _has(places, name, "string")))
    free = [name for name in ("/metadata",) if _has(places, name, "object")]
    words = given.words("stages")
    named = ("/id", "/" + escape(parameter)) if parameter else ()
    times = [name for name, place in places.items() if name.endswith("_at") and _is(place, "integer")]
    identity = given.pointer("identity", *(name for name in named if _has(places, name, "string")))
    free_maps = frozenset(given.pointers("free_maps", free))
    texts = [name for name, place in places.items() if name != identity and _is_free_text(place, free_maps)]
    return Roles(
        identity=identity,
        state=state,
        stages=tuple(_stages(places[state], places, words)) if state else (),
        timestamps=given.pointers("timestamps", [name for name in times if not name.startswith("/metadata/")]),
        created=given.pointer("created", *(name for name in ("/created_at",) if name in places)),
        expires=given.pointer("expires", *(name for name in ("/expires_at",) if name in places)),
        counts=given.counts() or _counts(places.values()),
        window=given.pointer("window", *(name for name in ("/completion_window",) if name in places)),
        lasting=frozenset(p for p, place in places.items() if _LASTING.fullmatch(p) and _is_scalar(place)),
        free_maps=free_maps,
        names=given.pointers("names", [name for name in texts if _NAMES.fullmatch(name)]),
        inputs=given.pointers("inputs", [name for name in texts if _INPUTS.fullmatch(name)]),
        results=given.pointers("results", [name for name in texts if _RESULTS.fullmatch(name)]),
    )


class _Given:
    """What ``x-roles`` says, checked against the places that the schema declares."""

    def __init__(self, schema: Schema, places: Mapping[str, Property]) -> None:
        self._places = places
        found, self._location = schema.annotation(EXTENSION)
        self._given: Mapping[str, Any] = {} if found is None else found
        if not isinstance(self._given, Mapping) or not self._given.keys() <= _ROLES:
            raise self._error(_MUST_MAP(roles=", ".join(sorted(_ROLES))))

    def pointer(self, role: str, *candidates: str) -> str | None:
        """The pointer given for a role, else the first candidate."""
        if role not in self._given:
            return next(iter(candidates), None)
        pointer = self._given[role]
        return None if pointer is None else self._declared(role, pointer)

    def pointers(self, role: str, inferred: Sequence[str]) -> tuple[str, ...]:
        """The pointers given for a role, else those inferred."""
        listed = self._given.get(role, inferred)
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise self._error(_MUST_LIST(role=role))
        return tuple(self._declared(role, pointer) for pointer in listed)

    def words(self, role: str) -> Mapping[str, str]:
        """The words given for a role, each one that the lifecycle knows."""
        words = self._given.get(role, {})
        if not isinstance(words, Mapping) or not all(isinstance(w, str) and w in _RANKS for w in words.values()):
            raise self._error(_MUST_MAP_STATES(role=role, states=", ".join(_RANKS)))
        return words

    def counts(self) -> CountsRole | None:
        """The request counts, where they are given."""
        given = self._given.get("counts")
        if given is None:
            return None
        if not isinstance(given, Mapping) or given.keys() != {"total", "completed", "failed"}:
            raise self._error(_MUST_MAP_COUNTS())
        total, completed, failed = (self._declared("counts", given[name]) for name in ("total", "completed", "failed"))
        return CountsRole(total.rpartition("/")[0], total, completed, failed)

    def _declared(self, role: str, pointer: Any) -> str:
        if not isinstance(pointer, str) or pointer not in self._places:
            raise self._error(_NOT_DECLARED(role=role, pointer=repr(str(pointer)[:80])))
        return pointer

    def _error(self, problem: Message) -> ContractError:
        return ContractError(_WRONG(where=str(self._location), extension=EXTENSION, problem=problem))


def _is(place: Property, kind: str) -> bool:
    return kind in place.types and place.types <= {kind, "null"}


def _has(places: Mapping[str, Property], pointer: str, kind: str) -> bool:
    return pointer in places and _is(places[pointer], kind)


def _is_scalar(place: Property) -> bool:
    return place.types == ALL_TYPES or not place.types & {"array", "object"}


def _is_free_text(place: Property, free_maps: frozenset[str]) -> bool:
    """Whether a place may be a text of any kind that the server writes: no list has its values."""
    is_customers = any(place.pointer.startswith(free + "/") for free in free_maps)
    return "string" in place.types and not place.known_values and not place.write_only and not is_customers


def _stages(state: Property, places: Mapping[str, Property], words: Mapping[str, str]) -> Iterable[Stage]:
    for value in state.known_values:
        word = words.get(value, value.lower()) if isinstance(value, str) else ""
        rank = _RANKS.get(word)
        if rank is not None:
            timestamp = f"/{escape(word)}_at"
            known = timestamp if timestamp in places else None
            yield Stage(value, rank, rank == _TERMINAL_RANK, known, _SPELLINGS.get(word, word))


def _counts(places: Iterable[Property]) -> CountsRole | None:
    held = dict.fromkeys(place.pointer for place in places if "integer" in place.types)
    for pointer in held:
        parent, _, name = pointer.rpartition("/")
        if name == "total" and {f"{parent}/completed", f"{parent}/failed"} <= held.keys():
            return CountsRole(parent, pointer, f"{parent}/completed", f"{parent}/failed")
    return None

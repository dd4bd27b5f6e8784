"""Tailors an offer to a contract, so that a mock can serve a contract that somebody brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.discriminator import DISCRIMINATES
from batch_conformance.contract.formats import CHECKED
from batch_conformance.contract.operation import ResponseContract
from batch_conformance.contract.pointer import split
from batch_conformance.contract.roles import Roles, Stage
from batch_conformance.contract.schema import Property, Schema
from batch_conformance.input_error import InputError
from batch_conformance.mock.fleet import FIELDS, Batch, Step, make_fleet
from batch_conformance.mock.offer import Offer, own_offer

_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
"""In this order a value is made where several types will do."""


class TailorError(InputError):
    """No conforming answer can be made of a contract; one line says of which part."""


def tailor(contract: Contract) -> Offer:
    """An offer that conforms to a contract; raises ``TailorError`` where none can be made."""
    operation = contract.operation
    success = operation.response_for(200)
    schema = _json(success) if success else None
    if success is None or schema is None:
        raise TailorError(f"{operation.location}: a mock needs a 200 with a JSON schema to serve, and there is none")
    return Offer(
        batches=tuple(_fleet(schema, contract.roles)),
        errors=_errors(contract),
        path=operation.path.rpartition("/")[0],
        headers={int(r.status): pairs for r in operation.responses.values() if (pairs := _headers(r))},
        refuses=operation.secured,
    )


def _json(response: ResponseContract) -> Schema | None:
    return next((schema for kind, schema in response.content.items() if "json" in kind), None)


def _fleet(schema: Schema, roles: Roles) -> Iterable[Batch]:
    batches = []
    for turn, batch in enumerate(make_fleet()):
        steps = [(step.after, _batch(step.fields, schema, roles, turn)) for step in batch.steps]
        whole = tuple(Step(after, fields) for after, fields in steps if fields is not None)
        if len(whole) == len(steps):
            batches.append(Batch(batch.id, batch.note, whole))
    if not batches:
        raise TailorError(f"{schema.location}: no batch could be made that keeps this schema")
    return batches


def _batch(fields: Mapping[str, Any], schema: Schema, roles: Roles, turn: int) -> dict[str, Any] | None:
    """The fields of one batch as a contract has them; None where it has no such state.

    The ``turn`` chooses between the alternatives that a discriminator names.
    """
    sent = [place for place in schema.properties if not place.write_only]
    names = {place.pointer[1:]: place for place in sent if place.pointer.count("/") == 1}
    made = {name: value for name, value in fields.items() if name in names}
    if roles.identity:
        made[roles.identity[1:]] = fields["id"]
    if roles.state and roles.stages:
        stage = _stage(fields["status"], roles.stages)
        if stage is None:
            return None
        made[roles.state[1:]] = stage.value
    made |= dict(_named(names, turn))
    # What a batch of this kind may have, and this one has not, is unset.
    for name, place in names.items():
        if name not in made and (place.required or name not in FIELDS) and name not in _moments(roles):
            made[name] = _sample(place, schema)
    _count(made, fields, roles)
    for _ in range(2):
        for pointer in schema.undeclared(made):
            made.pop(pointer[1:], None)  # of an alternative that is not named
        for violation in _wrong(schema, made):
            name = split(violation.pointer)[0] if violation.pointer else ""
            if name in names and (name in made or violation.pointer.count("/") == 1):
                made[name] = _sample(names[name], schema)
        _count(made, fields, roles)
    for name in {split(v.pointer)[0] for v in _wrong(schema, made) if v.pointer}:
        if name in names and not names[name].required:
            made.pop(name, None)
    return None if _wrong(schema, made) else made


def _named(names: Mapping[str, Property], turn: int) -> Iterator[tuple[str, Any]]:
    """The properties that name an alternative, each with the value whose turn it is."""
    for name, place in names.items():
        if DISCRIMINATES in place.values:
            values = place.known_values or place.values[DISCRIMINATES]
            yield name, values[turn % len(values)]


def _count(made: dict[str, Any], fields: Mapping[str, Any], roles: Roles) -> None:
    """Counts that add up, where the counts are: those of the vendor's batch, or none."""
    if roles.counts is None:
        return
    for pointer in (roles.counts.total, roles.counts.completed, roles.counts.failed):
        *parents, name = split(pointer)
        holder: Any = made
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and name in holder:
            holder[name] = (fields.get("request_counts") or {}).get(name, 0)


def _moments(roles: Roles) -> set[str]:
    """The properties that tell when something happened: made up, they would contradict the state."""
    return {pointer[1:] for pointer in roles.timestamps}


def _wrong(schema: Schema, value: Any) -> list[Any]:
    return [*schema.violations(value), *schema.unknown_values(value)]


def _stage(status: str, stages: Iterable[Stage]) -> Stage | None:
    """The contract's stage for a state of the vendor's; of those that begin alike, the first."""
    listed = list(stages)
    first = next((stage for stage in listed if stage.rank == 0), None)
    return next((stage for stage in listed if stage.word == status), first if status in _FIRST else None)


_FIRST = ("in_queue", "validating")


def _errors(contract: Contract) -> dict[int, Any]:
    """The bodies of all documented errors that can be asked for, and of those that a range or a default describes."""
    operation, own = contract.operation, own_offer()
    statuses = {int(status) for status in operation.responses if status.isdigit() and int(status) >= 400}
    made: dict[int, Any] = {}
    for status in sorted(statuses | {400, 401, 404, 405}):
        response = operation.response_for(status)
        schema = _json(response) if response else None
        if schema is None:
            continue
        body = own.errors.get(status)
        body = body if schema.is_valid(body) and not schema.undeclared(body) else _sample(schema.properties[0], schema)
        if _wrong(schema, body):
            raise TailorError(f"{schema.location}: no body could be made for the {status} of this contract")
        made[status] = body
    return made


def _headers(response: ResponseContract) -> tuple[tuple[str, str], ...]:
    if not response.status.isdigit():
        return ()
    found = []
    for name in response.required_headers:
        schema = response.headers[name]
        value = "sample" if schema is None else _sample(schema.properties[0], schema)
        found.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return tuple(found)


def _sample(place: Property, schema: Schema) -> Any:
    """A value for a place, with all of its members, that keeps what the place says in plain words."""
    if place.known_values:
        return place.known_values[0]
    kind = next((kind for kind in _TYPES if kind in place.types), "null")
    if kind == "object":
        return {
            other.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~"): _sample(other, schema)
            for other in schema.properties
            if other.pointer.rpartition("/")[0] == place.pointer and other is not place and other.pointer
            if not other.write_only
        }
    if kind == "array":
        items = next((other for other in schema.properties if other.pointer == place.pointer + "/*"), None)
        return [] if items is None else [_sample(items, schema)]
    if _fits(place.example, kind):
        return place.example
    return _plain(kind, place.values)


def _fits(example: Any, kind: str) -> bool:
    kinds: Mapping[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float)}
    return kind in kinds and isinstance(example, kinds[kind]) and not isinstance(example, bool)


def _plain(kind: str, values: Mapping[str, Any]) -> Any:
    least = values.get("minimum", 0)
    if kind == "string":
        known = CHECKED.get(str(values.get("format")))
        text = known.keeps if known is not None and isinstance(known.keeps, str) else "sample"
        return text.ljust(int(values.get("minLength", 0)), "x")[: int(values.get("maxLength", len(text) + 1000))]
    if kind in ("integer", "number"):
        return max(int(least), 1) if "maximum" not in values else int(least)
    return {"boolean": True, "null": None}[kind]

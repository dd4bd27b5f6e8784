"""The shape of a server's answers as it was observed: JSON Schema, media types and headers, but no value.

It says what the server does, not what the contract says: comparing two of them shows changes where the document is
silent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from batch_conformance.contract.pointer import join
from batch_conformance.contract.violation import type_name, types_listed
from batch_conformance.input_error import InputError, why_no_json
from batch_conformance.message import Message, Template
from batch_conformance.schema_error import what_is_wrong

_IS_NO_SHAPE_AT_RECORD = Template(
    "shape_file.is_no_shape_at_record",
    "{name} is no shape: at {json_path}: {message}; record it with --write-shape",
)
_SHAPE_IS_NO_JSON_RECORD = Template(
    "shape_file.shape_is_no_json_record", "the shape {name} is no JSON: {why}; record it with --write-shape"
)

FORMAT = "batch-conformance-shape/1"

AS_BEFORE = Template("shape.changed.expected", "{said}, as always before")
_TO_BE_THERE = Template("shape.changed.to_be_there", "to be there, as always before")
_MISSING = Template("shape.changed.missing", "missing")

_DEEPEST = 24
_MOST_MEMBERS = 500
"""Names of one object that are recorded; an object with more of them is a map."""

_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["format", "operation", "answers"],
    "properties": {
        "format": {"const": FORMAT},
        "operation": {"type": "string"},
        "answers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["status", "state", "count", "media_types", "headers", "body"],
                "properties": {
                    "status": {"type": "string"},
                    "state": {"type": "string"},
                    "count": {"type": "integer", "minimum": 1},
                    "media_types": {"type": "array", "items": {"type": "string"}},
                    "headers": {"type": "array", "items": {"type": "string"}},
                    "body": {"$ref": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
                },
            },
        },
    },
}


class ShapeError(InputError):
    """A recorded shape that cannot be used; one line says why and what to do."""


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """The shape of ``count`` answers of one kind.

    ``media_types`` are all that were seen, ``headers`` the lower-case names that every answer had, ``body`` the JSON
    Schema that every body keeps; it is empty where no body was JSON.
    """

    count: int
    media_types: tuple[str, ...]
    headers: tuple[str, ...]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShapeRecord:
    """The shapes of an operation's answers by status and lifecycle state; the state ``""`` has those of all states."""

    operation: str
    answers: Mapping[tuple[str, str], AnswerShape]

    def of(self, status: str, state: str) -> AnswerShape | None:
        """The shape of the answers of a status in a state, or else of that status in any state."""
        return self.answers.get((status, state)) or self.answers.get((status, ""))


@dataclass(frozen=True, slots=True)
class ShapeDifference:
    """One way in which a value leaves a shape; ``kind`` is a stable word, ``gone`` or a JSON type."""

    pointer: str
    kind: str
    expected: Message
    observed: Message


def infer(values: Sequence[Any], free_maps: Collection[str] = (), pointer: str = "") -> dict[str, Any]:
    """The JSON Schema that all ``values`` keep: types, properties, those always there, items.

    Of the members of ``free_maps`` (pointers, ``*`` for any index) nothing is kept: their names are customers' own.
    """
    if not values:
        return {}
    types = {type_name(value) for value in values}
    if "number" in types:
        types.discard("integer")
    schema: dict[str, Any] = {"type": sorted(types) if len(types) > 1 else next(iter(types))}
    objects = [value for value in values if isinstance(value, Mapping)]
    names = sorted({name for value in objects for name in value})
    deep = pointer.count("/") >= _DEEPEST
    if names and len(names) <= _MOST_MEMBERS and pointer not in free_maps and not deep:
        schema["properties"] = {
            name: infer([value[name] for value in objects if name in value], free_maps, join(pointer, name))
            for name in names
        }
        schema["required"] = [name for name in names if all(name in value for value in objects)]
    items = [item for value in values if isinstance(value, list) for item in value]
    if items and not deep:
        schema["items"] = infer(items, free_maps, pointer + "/*")
    return schema


def differences(schema: Mapping[str, Any], value: Any, pointer: str = "") -> Iterator[ShapeDifference]:
    """Where a value has a type that was not seen there before, or lacks what was always there.

    What is new is no difference, nor what was only ever null: nothing was known of it.
    """
    declared = schema.get("type", ())
    types = {declared} if isinstance(declared, str) else set(declared)
    name = type_name(value)
    if types - {"null"} and name not in types and not (name == "integer" and "number" in types):
        before = types_listed(sorted(types, key=lambda one: (one == "null", one)))
        yield ShapeDifference(pointer, name, AS_BEFORE(said=before), types_listed([name]))
        return
    if isinstance(value, Mapping):
        for required in schema.get("required", ()):
            if required not in value:
                yield ShapeDifference(join(pointer, required), "gone", _TO_BE_THERE(), _MISSING())
        for member, inner in schema.get("properties", {}).items():
            if member in value:
                yield from differences(inner, value[member], join(pointer, member))
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            yield from differences(schema["items"], item, pointer + "/*")


def shape_json(shape: ShapeRecord) -> str:
    """The shape as JSON text, sorted, so that two of them can be compared line by line."""
    answers = [
        {
            "status": status,
            "state": state,
            "count": answer.count,
            "media_types": list(answer.media_types),
            "headers": list(answer.headers),
            "body": answer.body,
        }
        for (status, state), answer in sorted(shape.answers.items())
    ]
    document = {"format": FORMAT, "operation": shape.operation, "answers": answers}
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def parse_shape(raw: bytes, name: str) -> ShapeRecord:
    """The shape that ``shape_json`` wrote. Raises ``ShapeError`` with one line for people."""
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ShapeError(_SHAPE_IS_NO_JSON_RECORD(name=str(name), why=why_no_json(error))) from None
    wrong = next(Draft202012Validator(_SCHEMA).iter_errors(data), None)
    if wrong is not None:
        raise ShapeError(
            _IS_NO_SHAPE_AT_RECORD(name=str(name), json_path=wrong.json_path, message=what_is_wrong(wrong))
        )
    return ShapeRecord(
        data["operation"],
        {
            (answer["status"], answer["state"]): AnswerShape(
                answer["count"], tuple(answer["media_types"]), tuple(answer["headers"]), answer["body"]
            )
            for answer in data["answers"]
        },
    )


def lasting_headers(headers: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The header names, lower-case and sorted, that every one of these responses has and that a client may rely on."""
    always: set[str] | None = None
    for names in headers:
        present = {name.lower() for name in names}
        always = present if always is None else always & present
    return tuple(sorted(name for name in always or () if not _PASSING.fullmatch(name)))


_PASSING = re.compile(
    r"date|age|server|via|vary|connection|keep-alive|transfer-encoding|content-length|content-encoding|content-type"
    r"|trailer|upgrade|alt-svc|set-cookie|expires|etag|last-modified|nel|report-to|server-timing|x-powered-by"
    r"|x-runtime|x-served-by|x-timer|(cf|x-cache|x-amz-cf|x-envoy|x-cdn|eagleid|timing-allow)(-.*)?"
)
"""Headers of the transport, of what stands before the server, or of one message: no client relies on them."""

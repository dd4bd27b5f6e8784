"""A document finding: where a document contradicts itself, or is too loose to test by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from batch_conformance.contract.document import Document
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import split

Predicted = tuple[str, str]
"""A status and a pointer into its body."""


@dataclass(frozen=True, slots=True)
class DocumentFinding:
    """Something about the document itself.

    ``id`` is stable: rule and pointer. ``repair`` is the OpenAPI Overlay action that settles it, if one does.
    ``predicts`` names what a run will find because of it: (status, pointer into the body).
    """

    id: str
    rule: str
    level: Literal["should", "info"]
    title: str
    says: str
    why: str
    location: Location
    pointer: str
    repair: Mapping[str, Any] | None = None
    predicts: tuple[Predicted, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    level: Literal["should", "info"]
    title: str
    why: str


_KINDS: Mapping[str, _Kind] = {
    "example_null": _Kind(
        "should",
        "An example is null where null is not allowed",
        "A server that answers as the example does breaks the schema; which one is meant is not said.",
    ),
    "example_invalid": _Kind(
        "should", "An example breaks its own schema", "Readers and generators take it for a legal value."
    ),
    "default_invalid": _Kind(
        "should", "A default breaks its own schema", "Generated clients fill it in and break their own types."
    ),
    "enum_invalid": _Kind(
        "should", "An enumerated value breaks its own schema", "No value can be both, so it can never be answered."
    ),
    "bounds_impossible": _Kind(
        "should", "A lower bound above the upper one", "No value keeps both, so every answer breaks the schema."
    ),
    "impossible": _Kind(
        "should",
        "A schema that no value keeps",
        "Whatever a server answers here breaks the document, so no server is accused of it.",
    ),
    "malformed": _Kind(
        "should",
        "A keyword in a form that it does not have",
        "Every tool guesses differently what it means; here nothing is judged by it.",
    ),
    "mapping_unread": _Kind(
        "info",
        "A discriminator names a schema that the document does not have",
        "Which alternative must hold is not said here, so all of them are tried.",
    ),
    "required_undeclared": _Kind(
        "should",
        "A required property that is not declared",
        "One of the two names is misspelt, or its type is left to guess.",
    ),
    "parameter_missing": _Kind(
        "should", "The path has a parameter that is not declared", "Generators send nothing sensible in its place."
    ),
    "parameter_optional": _Kind(
        "should", "A path parameter that is not required", "OpenAPI asks for `required: true`: a path has no gaps."
    ),
    "security_undefined": _Kind(
        "should", "A security scheme that is not defined", "Clients cannot know how to present the credential."
    ),
    "nullable_redundant": _Kind(
        "info", "nullable: false says nothing", "Beside fields that lack it, it suggests that those may be null."
    ),
    "nullable_ignored": _Kind(
        "info",
        "nullable where it has no effect",
        "It reads as if null were allowed, and by the letter it is refused: servers send it, and validators fail.",
    ),
    "nullable_enum": _Kind(
        "info",
        "nullable beside an enum without null",
        "OpenAPI 3.0.3 refuses null here and most tools allow it; this one allows it.",
    ),
    "format_unknown": _Kind(
        "info",
        "A format that nobody defines",
        "Neither OpenAPI and its registry nor JSON Schema has it, so no tool checks a value by it.",
    ),
    "untyped": _Kind("info", "A value without a type", "Any value keeps it, so nothing can be tested."),
    "object_untyped": _Kind(
        "info", "An object without properties", "Any object keeps it, so nothing inside can be tested."
    ),
    "no_required": _Kind(
        "info", "No property is required", "A renamed or dropped property is never noticed by the schema alone."
    ),
    "no_enum": _Kind(
        "info", "A state without its values", "Clients decide by it, and a new or misspelt value keeps the schema."
    ),
    "time_untyped": _Kind(
        "info", "A time without a unit", "Milliseconds keep the schema and put the batch thousands of years away."
    ),
    "string_quoting": _Kind(
        "info",
        "A JSON body that is a bare string",
        "Servers send it as plain text, which is no JSON: clients that parse it fail.",
    ),
    "no_schema": _Kind("info", "A body without a schema", "Whatever comes keeps the contract."),
    "no_errors": _Kind(
        "info",
        "No error response is documented",
        "How errors look cannot be tested; what the server answers is judged by HTTP alone.",
    ),
    "status_missing": _Kind(
        "info", "A usual status is not documented", "Servers answer it sooner or later, and its body cannot be tested."
    ),
    "no_headers": _Kind("info", "No response header is documented", "Trace ids and rate limits cannot be relied on."),
    "parameter_vague": _Kind(
        "info",
        "A path parameter that can be any string",
        "No id can be told from a malformed one, and none can be guessed for a test.",
    ),
    "reference_misplaced": _Kind(
        "info",
        "A reference where OpenAPI has none",
        "Most tools do not follow it, and see an empty object.",
    ),
    "overlay_unchanged": _Kind(
        "info",
        "An overlay's action that changes nothing",
        "The document says it itself by now, or another place was meant.",
    ),
    "overlay_stopped": _Kind(
        "info",
        "An overlay's action that stops at references",
        "JSONPath does not follow `$ref`: the action holds in fewer places than it seems to.",
    ),
    "merge_key": _Kind(
        "info",
        "A YAML merge key",
        "To a reader of YAML 1.2 `<<` is an ordinary key: it sees nothing of what the key brings.",
    ),
    "deprecated": _Kind("info", "The operation is deprecated", "It may go away without being called a break."),
}
"""Every kind of document finding, by the second half of its rule."""


def finding(
    document: Document,
    kind: str,
    pointer: str,
    says: str,
    *,
    repair: Mapping[str, Any] | None = None,
    predicts: tuple[Predicted, ...] = (),
    suffix: str = "",
    location: Location | None = None,
) -> DocumentFinding:
    """The finding of a kind at a node of the document.

    ``suffix`` tells two of a kind at one node apart; ``location`` is where it stands, if not where the node does.
    """
    known, rule = _KINDS[kind], f"document.{kind}"
    return DocumentFinding(
        id=" ".join(filter(None, (rule, pointer, suffix))),
        rule=rule,
        level=known.level,
        title=known.title,
        says=says,
        why=known.why,
        location=location or document.location(pointer),
        pointer=pointer,
        repair=repair,
        predicts=predicts,
    )


def json_path(document: Document, pointer: str) -> str:
    """The normalized RFC 9535 path of a node, as an overlay's target."""
    path, node = "$", document.data
    for step in split(pointer):
        path += f"[{step}]" if isinstance(node, list) else f"[{quoted(step)}]"
        node = node[int(step)] if isinstance(node, list) else node[step]
    return path


def quoted(step: str) -> str:
    """A member name in a normalized path (RFC 9535 section 2.7)."""
    escaped = step.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(char if char >= " " else f"\\u{ord(char):04x}" for char in escaped) + "'"

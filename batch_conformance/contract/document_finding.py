"""A document finding: where a document contradicts itself, or is too loose to test by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from batch_conformance.contract.document import Document
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import split
from batch_conformance.message import Message, Template

BODY_OF = Template("place.body_of", "the body of {status}")
"""A place for people, where there is no pointer to name it by."""

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
    title: Message
    says: Message
    why: Message
    location: Location
    pointer: str
    repair: Mapping[str, Any] | None = None
    predicts: tuple[Predicted, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    level: Literal["should", "info"]
    title: Template
    why: Template


_KINDS: Mapping[str, _Kind] = {
    "example_null": _Kind(
        "should",
        Template("document.example_null.title", "An example is null where null is not allowed"),
        Template(
            "document.example_null.why",
            "A server that answers as the example does breaks the schema; which one is meant is not said.",
        ),
    ),
    "example_invalid": _Kind(
        "should",
        Template("document.example_invalid.title", "An example breaks its own schema"),
        Template("document.example_invalid.why", "Readers and generators take it for a legal value."),
    ),
    "default_invalid": _Kind(
        "should",
        Template("document.default_invalid.title", "A default breaks its own schema"),
        Template("document.default_invalid.why", "Generated clients fill it in and break their own types."),
    ),
    "enum_invalid": _Kind(
        "should",
        Template("document.enum_invalid.title", "An enumerated value breaks its own schema"),
        Template("document.enum_invalid.why", "No value can be both, so it can never be answered."),
    ),
    "bounds_impossible": _Kind(
        "should",
        Template("document.bounds_impossible.title", "A lower bound above the upper one"),
        Template("document.bounds_impossible.why", "No value keeps both, so every answer breaks the schema."),
    ),
    "impossible": _Kind(
        "should",
        Template("document.impossible.title", "A schema that no value keeps"),
        Template(
            "document.impossible.why",
            "Whatever a server answers here breaks the document, so no server is accused of it.",
        ),
    ),
    "malformed": _Kind(
        "should",
        Template("document.malformed.title", "A keyword in a form that it does not have"),
        Template(
            "document.malformed.why", "Every tool guesses differently what it means; here nothing is judged by it."
        ),
    ),
    "mapping_unread": _Kind(
        "info",
        Template("document.mapping_unread.title", "A discriminator names a schema that the document does not have"),
        Template(
            "document.mapping_unread.why", "Which alternative must hold is not said here, so all of them are tried."
        ),
    ),
    "required_undeclared": _Kind(
        "should",
        Template("document.required_undeclared.title", "A required property that is not declared"),
        Template("document.required_undeclared.why", "One of the two names is misspelt, or its type is left to guess."),
    ),
    "parameter_missing": _Kind(
        "should",
        Template("document.parameter_missing.title", "The path has a parameter that is not declared"),
        Template("document.parameter_missing.why", "Generators send nothing sensible in its place."),
    ),
    "parameter_astray": _Kind(
        "should",
        Template("document.parameter_astray.title", "A parameter of the path that its path does not have"),
        Template("document.parameter_astray.why", "Generated clients ask for a value and send it nowhere."),
    ),
    "operation_id_repeated": _Kind(
        "should",
        Template("document.operation_id_repeated.title", "Two operations have one operationId"),
        Template(
            "document.operation_id_repeated.why",
            "OpenAPI wants it unique; of generated functions of one name only one can be called.",
        ),
    ),
    "words_swapped": _Kind(
        "should",
        Template("document.words_swapped.title", "The words have the greatest value below the least"),
        Template("document.words_swapped.why", "No value keeps both, so whoever reads it has to guess."),
    ),
    "list_example": _Kind(
        "should",
        Template("document.list_example.title", "The example of a list has other ends than its items"),
        Template("document.list_example.why", "Which id goes into `after` for the next page is not said."),
    ),
    "envelope_mixed": _Kind(
        "info",
        Template("document.envelope_mixed.title", "Some operations wrap their object and others do not"),
        Template("document.envelope_mixed.why", "Clients have to unwrap some answers and not others."),
    ),
    "parameter_optional": _Kind(
        "should",
        Template("document.parameter_optional.title", "A path parameter that is not required"),
        Template("document.parameter_optional.why", "OpenAPI asks for `required: true`: a path has no gaps."),
    ),
    "security_undefined": _Kind(
        "should",
        Template("document.security_undefined.title", "A security scheme that is not defined"),
        Template("document.security_undefined.why", "Clients cannot know how to present the credential."),
    ),
    "nullable_redundant": _Kind(
        "info",
        Template("document.nullable_redundant.title", "nullable: false says nothing"),
        Template("document.nullable_redundant.why", "Beside fields that lack it, it suggests that those may be null."),
    ),
    "nullable_ignored": _Kind(
        "info",
        Template("document.nullable_ignored.title", "nullable where it has no effect"),
        Template(
            "document.nullable_ignored.why",
            "It reads as if null were allowed, and by the letter it is refused: servers send it, and validators fail.",
        ),
    ),
    "nullable_enum": _Kind(
        "info",
        Template("document.nullable_enum.title", "nullable beside an enum without null"),
        Template(
            "document.nullable_enum.why", "OpenAPI 3.0.3 refuses null here and most tools allow it; this one allows it."
        ),
    ),
    "format_unknown": _Kind(
        "info",
        Template("document.format_unknown.title", "A format that nobody defines"),
        Template(
            "document.format_unknown.why",
            "Neither OpenAPI and its registry nor JSON Schema has it, so no tool checks a value by it.",
        ),
    ),
    "untyped": _Kind(
        "info",
        Template("document.untyped.title", "A value without a type"),
        Template("document.untyped.why", "Any value keeps it, so nothing can be tested."),
    ),
    "object_untyped": _Kind(
        "info",
        Template("document.object_untyped.title", "An object without properties"),
        Template("document.object_untyped.why", "Any object keeps it, so nothing inside can be tested."),
    ),
    "no_required": _Kind(
        "info",
        Template("document.no_required.title", "No property is required"),
        Template("document.no_required.why", "A renamed or dropped property is never noticed by the schema alone."),
    ),
    "no_enum": _Kind(
        "info",
        Template("document.no_enum.title", "A state without its values"),
        Template("document.no_enum.why", "Clients decide by it, and a new or misspelt value keeps the schema."),
    ),
    "time_untyped": _Kind(
        "info",
        Template("document.time_untyped.title", "A time without a unit"),
        Template(
            "document.time_untyped.why", "Milliseconds keep the schema and put the batch thousands of years away."
        ),
    ),
    "string_quoting": _Kind(
        "info",
        Template("document.string_quoting.title", "A JSON body that is a bare string"),
        Template(
            "document.string_quoting.why",
            "Servers send it as plain text, which is no JSON: clients that parse it fail.",
        ),
    ),
    "no_schema": _Kind(
        "info",
        Template("document.no_schema.title", "A body without a schema"),
        Template("document.no_schema.why", "Whatever comes keeps the contract."),
    ),
    "no_errors": _Kind(
        "info",
        Template("document.no_errors.title", "No error response is documented"),
        Template(
            "document.no_errors.why",
            "How errors look cannot be tested; what the server answers is judged by HTTP alone.",
        ),
    ),
    "status_missing": _Kind(
        "info",
        Template("document.status_missing.title", "A usual status is not documented"),
        Template("document.status_missing.why", "Servers answer it sooner or later, and its body cannot be tested."),
    ),
    "no_headers": _Kind(
        "info",
        Template("document.no_headers.title", "No response header is documented"),
        Template("document.no_headers.why", "Trace ids and rate limits cannot be relied on."),
    ),
    "parameter_vague": _Kind(
        "info",
        Template("document.parameter_vague.title", "A path parameter that can be any string"),
        Template(
            "document.parameter_vague.why",
            "No id can be told from a malformed one, and none can be guessed for a test.",
        ),
    ),
    "reference_misplaced": _Kind(
        "info",
        Template("document.reference_misplaced.title", "A reference where OpenAPI has none"),
        Template("document.reference_misplaced.why", "Most tools do not follow it, and see an empty object."),
    ),
    "overlay_unchanged": _Kind(
        "info",
        Template("document.overlay_unchanged.title", "An overlay's action that changes nothing"),
        Template("document.overlay_unchanged.why", "The document says it itself by now, or another place was meant."),
    ),
    "overlay_stopped": _Kind(
        "info",
        Template("document.overlay_stopped.title", "An overlay's action that stops at references"),
        Template(
            "document.overlay_stopped.why",
            "JSONPath does not follow `$ref`: the action holds in fewer places than it seems to.",
        ),
    ),
    "merge_key": _Kind(
        "info",
        Template("document.merge_key.title", "A YAML merge key"),
        Template(
            "document.merge_key.why",
            "To a reader of YAML 1.2 `<<` is an ordinary key: it sees nothing of what the key brings.",
        ),
    ),
    "deprecated": _Kind(
        "info",
        Template("document.deprecated.title", "The operation is deprecated"),
        Template("document.deprecated.why", "It may go away without being called a break."),
    ),
}
"""Every kind of document finding, by the second half of its rule."""


def finding(
    document: Document,
    kind: str,
    pointer: str,
    says: Message,
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
        title=known.title(),
        says=says,
        why=known.why(),
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

"""The self-check: where the document contradicts itself, and where it is too loose to test by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.contradictions import check_satisfiable, without_consequences
from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import DocumentFinding, finding, json_path
from batch_conformance.contract.format_names import check_formats
from batch_conformance.contract.operation import Operation, is_status
from batch_conformance.contract.pointer import join
from batch_conformance.contract.reference import MisplacedReference, follow
from batch_conformance.contract.samples import SampleUse, check_media_samples, check_schema_samples, check_value_samples
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.translate import KNOWN_VALUES, local_pointer, resolve
from batch_conformance.contract.violation import show
from batch_conformance.message import Argument, Count, Listing, Message, Template
from batch_conformance.nouns import MORE_PLACES

__all__ = ["DocumentFinding", "self_check"]

_USUAL_STATUSES = ("401", "404", "429", "500")
_STATE_NAMES = ("status", "state", "phase", "object")
_BOUNDS = (
    *(("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")),
    *(("minProperties", "maxProperties"), ("minContains", "maxContains")),
)
_SAYS_SOMETHING = frozenset(
    {
        *("type", "$ref", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "properties", "items"),
        *("additionalProperties", "patternProperties", "prefixItems", "format", "pattern", KNOWN_VALUES),
    }
)
_MOST_NODES = 5_000
_MOST_PLACES = 20
"""Places in the body by which one schema is looked at."""

_REFERENCE = Template(
    "document.reference_misplaced.says", "{field} is a reference to {reference}, which is followed here"
)
_FLAW = Template("document.malformed.says", "{place}: {flaw}")
_OTHER_TYPE = Template("document.enum_invalid.says", "{place}: {value} is listed, and the type is {type}")
_BOUNDS_SAY = Template("document.bounds_impossible.says", "{place}: {low} is {least} and {high} is {most}")
_UNDECLARED = Template("document.required_undeclared.says", "{place}: {name} is required and not among the properties")
_ANY_VALUE = Template("document.untyped.says", "{place} can be any value")
_ANY_OBJECT = Template("document.object_untyped.says", "{place} is an object of which nothing more is said")
_ANY_STATE = Template("document.no_enum.says", "{place} is a string; its values are not listed")
_ANY_TIME = Template(
    "document.time_untyped.says", "{place} is an integer; whether of seconds or milliseconds is not said"
)
_NOT_NULLABLE = Template("document.nullable_redundant.says", "{place}: nullable is false by default")
_TYPE_OF_NULL = Template("document.nullable_ignored.modern", "OpenAPI 3.1 has a type of null instead")
_BESIDE_REFERENCE = Template("document.nullable_ignored.reference", "OpenAPI 3.0 ignores what is beside $ref")
_NULLABLE_IGNORED = Template("document.nullable_ignored.says", "{place}: nullable has no effect here: {why}")
_NULL_UNLISTED = Template("document.nullable_enum.says", "{place}: null is allowed and not among the values")
_NOTHING_REQUIRED = Template(
    "document.no_required.says", "the body of {status} requires nothing: {{}} keeps the schema"
)
_BARE_STRING = Template(
    "document.string_quoting.says", "the body of {status} is a string; whether its quotes are on the wire is not said"
)
_BARE_STRING_AS = Template(
    "document.string_quoting.example",
    "the body of {status} is a string (example: {example}); whether its quotes are on the wire is not said",
)
_NO_STATUS = Template("document.malformed.status", "responses: {name} is no status, such as 200 or 4XX, nor default")
_ONLY = Template("document.no_errors.says", "only {statuses} is listed")
_NOT_LISTED = Template("document.status_missing.says", "{status} is not listed")
_NO_401 = Template("document.status_missing.secured", "{status} is not listed, and a credential is asked for")
_NO_SCHEMA = Template("document.no_schema.says", "{status} has no schema at all")
_NO_SCHEMA_FOR = Template("document.no_schema.media_types", "{status} has no schema for {media_types}")
_NO_HEADER = Template("document.no_headers.says", "no response declares a header")
_NOT_DECLARED = Template("document.parameter_missing.says", "{parameter} stands in the path and among no parameters")
_OPTIONAL = Template("document.parameter_optional.says", "{name} is not required")
_VAGUE = Template("document.parameter_vague.says", "{name} has no pattern, format or example")
_DEPRECATED = Template("document.deprecated.says", "GET {path} is deprecated")
_NO_SCHEME = Template("document.security_undefined.says", "{name} is not among components.securitySchemes")
_MERGED = Template(
    "document.merge_key.says",
    "<< is merged as YAML 1.1 has it; YAML 1.2, which OpenAPI recommends, has no merge keys",
)
_MERGED_ALSO = Template(
    "document.merge_key.more",
    "<< is merged as YAML 1.1 has it, here and in {more}; YAML 1.2, which OpenAPI recommends, has no merge keys",
)


def self_check(
    document: Document, operation: Operation, misplaced: Sequence[MisplacedReference] = ()
) -> tuple[DocumentFinding, ...]:
    """Everything found about the part of the document that describes the operation, in document order.

    ``misplaced`` are the references in it that OpenAPI does not have, which the document given has no more.
    """
    uses: dict[str, list[SampleUse]] = {}
    found: list[DocumentFinding] = []
    for response in operation.responses.values():
        for schema in response.content.values():
            if schema is None:
                continue
            for pointer, body in _nodes(document, schema.pointer):
                if len(uses) < _MOST_NODES:
                    uses.setdefault(pointer, []).append(SampleUse(response.status, pointer, body))
            found += _check_body(document, schema, response.status)
            found += check_media_samples(document, schema, response.status)
            found += check_satisfiable(document, schema, response.status)
    bodies = [one for response in operation.responses.values() for one in response.content.values() if one is not None]
    flaws = {pointer: says for body in bodies for pointer, says in body.flaws.items()}
    for of_one in uses.values():
        found += check_schema_samples(document, of_one)
        found += _check_nullable(document, of_one)
        found += _check_sense(document, of_one[0])
        found += _check_looseness(document, of_one[0])
    places = {pointer: of_one[0].name for pointer, of_one in uses.items()}
    for pointer, says in flaws.items():
        found += _check_flaw(document, pointer, says, places)
    found += check_formats(
        document, [*(use for of_one in uses.values() for use in of_one), *_in_headers(document, operation)]
    )
    found += _check_responses(document, operation)
    found += _check_parameters(document, operation)
    found += _check_operation(document, operation)
    found += _check_merge_keys(document)
    for one in misplaced:
        says = _REFERENCE(field=one.field, reference=one.reference)
        found.append(finding(document, "reference_misplaced", one.pointer, says, location=one.location))
    unique = {one.id: one for one in reversed(list(without_consequences(found)))}
    return tuple(sorted(unique.values(), key=lambda one: (one.location.line, one.id)))


def _nodes(document: Document, pointer: str) -> Iterator[tuple[str, str]]:
    """Every schema below a pointer: its pointer in the document, and the place in the body that it describes.

    Schemas that refer to each other describe more places than can be counted: of each schema some are given.
    """
    seen: Counter[str] = Counter()
    left: list[tuple[str, str, tuple[str, ...]]] = [(pointer, "", ())]
    while left:
        pointer, body, around = left.pop()
        node = resolve(document.data, pointer)
        if not isinstance(node, Mapping) or pointer in around or seen[pointer] >= _MOST_PLACES:
            continue
        seen[pointer] += 1
        yield pointer, body
        below = _below(document, node, pointer, body)
        left += [(inner, place, (*around, pointer)) for inner, place in reversed(list(below))]


def _below(document: Document, node: Mapping[str, Any], pointer: str, body: str) -> Iterator[tuple[str, str]]:
    """The schemas that a schema has, or refers to, and the places in the body that they describe."""
    if "$ref" in node:
        yield local_pointer(document, pointer, node["$ref"]), body
    for keyword in ("properties", "patternProperties"):
        for name in _mapping(node.get(keyword)):
            yield join(pointer, keyword, name), join(body, name if keyword == "properties" else "*")
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), Mapping):
            yield join(pointer, keyword), body + "/*"
    for keyword in ("allOf", "anyOf", "oneOf"):
        branches = node.get(keyword)
        for index in range(len(branches) if isinstance(branches, list) else 0):
            yield join(pointer, keyword, index), body


def _in_headers(document: Document, operation: Operation) -> Iterator[SampleUse]:
    """Every schema of a header, under the header's name."""
    for response in operation.responses.values():
        for name, schema in response.headers.items():
            for pointer, _ in _nodes(document, schema.pointer) if schema is not None else ():
                yield SampleUse(response.status, pointer, name)


def _check_flaw(
    document: Document, pointer: str, says: Message, places: Mapping[str, Argument]
) -> Iterator[DocumentFinding]:
    """What the document writes in a form that its keyword does not have; ``places`` are those of schemas in words."""
    schema, marked, _ = pointer.rpartition("/discriminator/mapping/")
    if marked and schema in places:
        yield finding(document, "mapping_unread", pointer, _FLAW(place=places[schema], flaw=says))
    elif (schema := pointer.rpartition("/")[0]) in places:
        yield finding(document, "malformed", pointer, _FLAW(place=places[schema], flaw=says))


def _check_sense(document: Document, use: SampleUse) -> Iterator[DocumentFinding]:
    """Contradictions of the document that no answer could satisfy."""
    node: Mapping[str, Any] = resolve(document.data, use.pointer)
    modern = document.modern
    for keyword in ("enum", KNOWN_VALUES):
        values = node.get(keyword)
        bare = {name: value for name, value in node.items() if name in ("type", "nullable")}
        for index, value in enumerate(values if isinstance(values, list) else ()):
            if not _fits_type(value, bare, modern=modern):
                says = _OTHER_TYPE(place=use.name, value=show(value), type=str(node["type"]))
                yield finding(document, "enum_invalid", join(use.pointer, keyword, index), says)
    for low, high in _BOUNDS:
        bounds = [node.get(low), node.get(high)]
        if all(isinstance(bound, int | float) for bound in bounds) and node[low] > node[high]:
            says = _BOUNDS_SAY(place=use.name, low=low, least=node[low], high=high, most=node[high])
            yield finding(document, "bounds_impossible", join(use.pointer, low), says)
    required = node.get("required") if "properties" in node and "$ref" not in node and "allOf" not in node else None
    for index, name in enumerate(required if isinstance(required, list) else ()):
        if isinstance(name, str) and name not in _mapping(node["properties"]):
            says = _UNDECLARED(place=use.name, name=repr(name))
            yield finding(document, "required_undeclared", join(use.pointer, "required", index), says)


def _fits_type(value: Any, bare: Mapping[str, Any], *, modern: bool) -> bool:
    """Whether a value is of the declared type; null beside ``nullable`` is."""
    if not bare.get("type") or (value is None and bare.get("nullable")):
        return True
    lone = Document({"openapi": "3.1.0" if modern else "3.0.0", "schema": {"type": bare["type"]}}, "", "", "", {})
    return Schema(lone, "/schema").is_valid(value)


def _check_looseness(document: Document, use: SampleUse) -> Iterator[DocumentFinding]:
    node: Mapping[str, Any] = resolve(document.data, use.pointer)
    kind, last = node.get("type"), use.body.rpartition("/")[2]
    if not _SAYS_SOMETHING & node.keys():
        yield finding(document, "untyped", use.pointer, _ANY_VALUE(place=use.name))
    if kind == "object" and not {"properties", "additionalProperties", "allOf", "oneOf", "anyOf"} & node.keys():
        yield finding(document, "object_untyped", use.pointer, _ANY_OBJECT(place=use.name))
    if kind == "string" and last in _STATE_NAMES and not {"enum", "const", KNOWN_VALUES} & node.keys():
        yield finding(document, "no_enum", use.pointer, _ANY_STATE(place=use.name))
    if kind == "integer" and last.endswith("_at") and not {"format", "minimum"} & node.keys():
        says = _ANY_TIME(place=use.name)
        yield finding(document, "time_untyped", use.pointer, says)


def _check_nullable(document: Document, uses: Sequence[SampleUse]) -> Iterator[DocumentFinding]:
    use = uses[0]
    node: Mapping[str, Any] = resolve(document.data, use.pointer)
    where, modern = join(use.pointer, "nullable"), document.modern
    nullable = node.get("nullable")
    if nullable is False and not modern:
        remove = {"target": json_path(document, where), "remove": True}
        yield finding(document, "nullable_redundant", where, _NOT_NULLABLE(place=use.name), repair=remove)
    elif nullable is True and (modern or "$ref" in node):
        because = _TYPE_OF_NULL() if modern else _BESIDE_REFERENCE()
        refused = () if Schema(document, use.pointer).is_valid(None) else tuple((one.status, one.body) for one in uses)
        says = _NULLABLE_IGNORED(place=use.name, why=because)
        yield finding(document, "nullable_ignored", where, says, predicts=refused)
    elif nullable is True and isinstance(node.get("enum"), list) and None not in node["enum"]:
        repair = {"target": json_path(document, use.pointer), "update": {"enum": [None]}}
        says = _NULL_UNLISTED(place=use.name)
        yield finding(document, "nullable_enum", where, says, repair=repair)


def _check_body(document: Document, schema: Schema, status: str) -> Iterator[DocumentFinding]:
    root, *members = schema.properties
    if root.types == {"object"} and members and not any(place.required for place in members):
        says = _NOTHING_REQUIRED(status=status)
        yield finding(document, "no_required", schema.pointer, says)
    if root.types == {"string"} and not status.startswith("2"):
        says = _BARE_STRING(status=status)
        if root.example:
            says = _BARE_STRING_AS(status=status, example=str(root.example))
        yield finding(document, "string_quoting", root.source, says, predicts=((status, ""),))


def _check_responses(document: Document, operation: Operation) -> Iterator[DocumentFinding]:
    pointer = join(operation.location.pointer, "responses")
    for name in _mapping(resolve(document.data, pointer)):
        if not is_status(str(name)) and not str(name).startswith("x-"):
            says = _NO_STATUS(name=show(str(name)))
            yield finding(document, "malformed", join(pointer, name), says)
    if not operation.lists_errors:
        yield finding(document, "no_errors", pointer, _ONLY(statuses=Listing(tuple(operation.responses))))
    else:
        for status in _USUAL_STATUSES:
            if operation.response_for(int(status)) is None and (operation.secured or status != "401"):
                says = (_NO_401 if status == "401" else _NOT_LISTED)(status=status)
                yield finding(document, "status_missing", pointer, says, suffix=status)
    for response in operation.responses.values():
        bare = [media_type for media_type, schema in response.content.items() if schema is None]
        if bare or (not response.content and response.status.startswith("2")):
            yield finding(document, "no_schema", join(pointer, response.status), _without_schema(response.status, bare))
    if not any(response.headers for response in operation.responses.values()):
        yield finding(document, "no_headers", pointer, _NO_HEADER())
    for response in operation.responses.values():
        for schema in response.headers.values():
            if schema is not None:
                yield from check_value_samples(document, schema.pointer.rpartition("/")[0])


def _without_schema(status: str, media_types: Sequence[str]) -> Message:
    if not media_types:
        return _NO_SCHEMA(status=status)
    return _NO_SCHEMA_FOR(status=status, media_types=Listing(tuple(media_types)))


def _check_parameters(document: Document, operation: Operation) -> Iterator[DocumentFinding]:
    declared = False
    for owner in (operation.location.pointer, operation.location.pointer.rpartition("/")[0]):
        listed = resolve(document.data, owner).get("parameters")
        for index in range(len(listed) if isinstance(listed, list) else 0):
            pointer = join(owner, "parameters", index)
            parameter, pointer = follow(document, pointer)
            if "schema" in parameter:
                yield from check_value_samples(document, pointer)
            if parameter.get("in") == "path" and parameter.get("name") == operation.parameter:
                declared = True
                yield from _check_path_parameter(document, pointer, parameter)
    if operation.parameter and not declared:
        says = _NOT_DECLARED(parameter=f"{{{operation.parameter}}}")
        yield finding(document, "parameter_missing", operation.location.pointer, says)


def _check_path_parameter(document: Document, pointer: str, parameter: Mapping[str, Any]) -> Iterator[DocumentFinding]:
    name = parameter.get("name")
    if parameter.get("required") is not True:
        repair = {"target": json_path(document, pointer), "update": {"required": True}}
        yield finding(document, "parameter_optional", pointer, _OPTIONAL(name=str(name)), repair=repair)
    narrowed = {"pattern", "format", "example", "examples", "enum", "const"}
    schema = _mapping(parameter.get("schema"))
    if "$ref" in schema:
        schema = _mapping(resolve(document.data, local_pointer(document, join(pointer, "schema"), schema["$ref"])))
    if not narrowed & schema.keys() and not narrowed & parameter.keys():
        yield finding(document, "parameter_vague", pointer, _VAGUE(name=str(name)))


def _check_operation(document: Document, operation: Operation) -> Iterator[DocumentFinding]:
    pointer = operation.location.pointer
    node = _mapping(resolve(document.data, pointer))
    if node.get("deprecated") is True:
        yield finding(document, "deprecated", join(pointer, "deprecated"), _DEPRECATED(path=operation.path))
    owner = pointer if "security" in node else ""
    listed = (node if owner else document.data).get("security")
    defined = _mapping(_mapping(document.data.get("components")).get("securitySchemes"))
    for index, alternative in enumerate(listed if isinstance(listed, list) else ()):
        for name in _mapping(alternative):
            if name not in defined:
                where = join(owner, "security", index)
                yield finding(document, "security_undefined", where, _NO_SCHEME(name=name))


def _check_merge_keys(document: Document) -> Iterator[DocumentFinding]:
    if document.merge_keys:
        first, more = document.merge_keys[0], len(document.merge_keys) - 1
        says = _MERGED_ALSO(more=Count(more, MORE_PLACES)) if more else _MERGED()
        yield finding(document, "merge_key", first.pointer, says, location=first)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

"""Translates schemas of a document into self-contained JSON Schema that jsonschema's validators take.

What a document gets wrong in a keyword's own form (``required: true``, an unknown type) is left out and kept as a flaw:
it cannot be judged by, and the rest can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from batch_conformance.contract.alternatives import discriminate, is_base, tell_values, without_alternatives
from batch_conformance.contract.document import Document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.expression import expression
from batch_conformance.contract.keywords import IN_PLACE_MANY, IN_PLACE_ONE, KNOWN_VALUES, SOURCE, TYPES
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join, split
from batch_conformance.contract.referenced_files import as_written
from batch_conformance.contract.write_only import WRITE_ONLY, free_write_only
from batch_conformance.message import Message, Template

_REFERENCE_LEAVES_DOCUMENT_ONLY_LOCAL = Template(
    "translate.reference_leaves_document_only_local",
    "{at}: the reference {shown} leaves the document; only local ones (#/…) and files in its folder are read",
)
_AT = Template("translate.at", "{pointer}: {says}")
_THIS_SCHEMA_REFERS_TO_ITSELF = Template(
    "translate.this_schema_refers_to_itself", "{source}: this schema refers to itself and never ends"
)
_CONTRACT_REFERS_TO_AND_THERE = Template(
    "translate.contract_refers_to_and_there", "{at}: the contract refers to {shown}, and there is nothing there"
)
_CONTRACT_REFERS_TO_AND_THERE_IS = Template(
    "translate.contract_refers_to_and_there_is", "the contract refers to {pointer}, and there is nothing there"
)

__all__ = [
    "IN_PLACE_MANY",
    "IN_PLACE_ONE",
    "KNOWN_VALUES",
    "SOURCE",
    "TYPES",
    "Translator",
    "local_pointer",
    "place_in_list",
    "resolve",
]

_ONE = (*IN_PLACE_ONE, "items", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties")
_MANY = (*IN_PLACE_MANY, "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")
_ONLY_MODERN = frozenset(
    {
        *("const", "if", "then", "else", "contains", "minContains", "maxContains", "propertyNames", "prefixItems"),
        *("patternProperties", "dependentSchemas", "dependentRequired", "unevaluatedItems", "unevaluatedProperties"),
    }
)
_INHERITING = re.compile(r"(/components/schemas/[^/]+)(?:/allOf/\d+)*")
"""Pointers of references by which a component is made of another; the first group is the component's."""

_NEITHER = frozenset(
    {
        *("$ref", "nullable", "discriminator", "xml", "externalDocs", "dependencies", "additionalItems", "id"),
        *("$id", "$schema", "$anchor", "$dynamicAnchor", "$dynamicRef", "$vocabulary", "$defs", "definitions"),
    }
)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_type(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else _is_names(value) and bool(value) and TYPES.issuperset(value)


_FORM = Template("document.malformed.form", "{keyword} must be {form}")
_UNREADABLE = Template("document.malformed.pattern", "its pattern must be one that this tool can read")
_A_TYPE = Template("form.type", "a type of JSON Schema (null, boolean, integer, number, string, array, object)")
_NAMES = Template("form.names", "a list of property names, beside `properties`")
_LIST = Template("form.list", "a list")
_NUMBER = Template("form.number", "a number")
_ABOVE_ZERO = Template("form.positive", "a number above 0")
_WHOLE = Template("form.whole", "a whole number")
_TRUE_OR_FALSE = Template("form.boolean", "true or false")
_WORD = Template("form.word", "a word")
_EXPRESSION = Template("form.expression", "a regular expression that this tool can read as well")
_SCHEMA = Template("form.schema", "true, false or a schema")
_MAPPING = Template("form.mapping", "a mapping of names to lists of names")
_ONE_SCHEMA = Template("form.one_schema", "a schema")
_SCHEMAS = Template("form.schemas", "a list of schemas")
_NAMED_SCHEMAS = Template("form.named_schemas", "a mapping of names to schemas")
_NUMBER_31 = Template("form.number_31", "a number (OpenAPI 3.1)")
_BOOLEAN_30 = Template("form.boolean_30", "true or false (OpenAPI 3.0)")

_FORMS: Mapping[str, tuple[Callable[[Any], bool], Template]] = {
    "type": (_is_type, _A_TYPE),
    "required": (_is_names, _NAMES),
    **dict.fromkeys(("enum", KNOWN_VALUES), (lambda value: isinstance(value, list) and bool(value), _LIST)),
    **dict.fromkeys(("minimum", "maximum"), (_is_number, _NUMBER)),
    "multipleOf": (lambda value: _is_number(value) and value > 0, _ABOVE_ZERO),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), (_is_count, _WHOLE)),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), (_is_count, _WHOLE)),
    "uniqueItems": (lambda value: isinstance(value, bool), _TRUE_OR_FALSE),
    "format": (lambda value: isinstance(value, str), _WORD),
    "pattern": (
        lambda value: isinstance(value, str) and expression(value) is not None,
        _EXPRESSION,
    ),
    "additionalProperties": (lambda value: isinstance(value, bool | Mapping), _SCHEMA),
    "dependentRequired": (
        lambda value: isinstance(value, Mapping) and all(_is_names(names) for names in value.values()),
        _MAPPING,
    ),
}


class Translator:
    """Translates the schemas of one document.

    ``definitions`` holds what was referred to on the way, ``flaws`` what was left out and why, by pointer.
    """

    def __init__(self, document: Document, modern: bool) -> None:
        self.definitions: dict[str, Any] = {}
        self.flaws: dict[str, Message] = {}
        self.keyword = "$defs" if modern else "definitions"
        self._names: dict[tuple[str, bool], str] = {}
        self.document = document
        self._modern = modern
        self.with_bases = True

    def root(self, pointer: str) -> dict[str, Any]:
        """The self-contained JSON Schema of the OpenAPI schema at ``pointer``. Raises ``ContractError``."""
        made = self.translate(resolve(self.document.data, pointer), pointer)
        if self.with_bases and self._endless():
            # A schema that one of the alternatives of its base is made of: the base is taken without them.
            self.with_bases = False
            self.definitions.clear()
            self._names.clear()
            return self.root(pointer)
        self._refuse_endless()
        tell_values(made, self.definitions)
        free_write_only(made, lambda schema: self.definitions[schema["$ref"].rpartition("/")[2]])
        return {**made, self.keyword: self.definitions} if self.definitions else made

    def translate(self, schema: Any, pointer: str) -> dict[str, Any]:
        """The JSON Schema of an OpenAPI schema that stands at ``pointer``. Raises ``ContractError``."""
        if isinstance(schema, bool):
            return {SOURCE: pointer} if schema else {"not": {}, SOURCE: pointer}
        if not isinstance(schema, Mapping):
            around, _, last = pointer.rpartition("/")
            says = "a schema must be an object"
            if last == "$ref":
                says = f"{split(around)[-1]} is a reference, and OpenAPI has those only in place of a whole schema"
            raise ContractError(_AT(pointer=str(self.document.location(pointer)), says=str(says)))
        dynamic = schema.get("$dynamicRef")
        if self._modern and "$ref" not in schema and isinstance(dynamic, str) and dynamic.startswith("#/"):
            # What it names stands in one place: that is where it leads, whatever schemas are around it.
            schema = {**schema, "$ref": dynamic}
        if "$ref" in schema:
            # What inherits from a base has chosen already, whatever its discriminator says.
            heir = _INHERITING.fullmatch(pointer)
            reference = {"$ref": self.reference(schema["$ref"], pointer, heir[1] if heir else ""), SOURCE: pointer}
            if self._modern:
                return {**self._keywords(schema, pointer), **reference}
            # OpenAPI 3.0 ignores whatever stands beside a reference, nullable too; what is meant by writeOnly is clear,
            # and nobody is asked to send it back.
            return {**reference, WRITE_ONLY: True} if schema.get(WRITE_ONLY) is True else reference
        return {**self._keywords(schema, pointer), SOURCE: pointer}

    def reference(self, reference: Any, pointer: str, heir: str = "") -> str:
        """The reference to the definition that a reference of the document becomes. Raises ``ContractError``.

        For the component ``heir``, which inherits from it, a base schema is taken without its alternatives.
        """
        target = local_pointer(self.document, pointer, reference)
        node = resolve(self.document.data, target)
        bare = is_base(node, heir) and (bool(heir) or not self.with_bases)
        key = (target, bare)
        if key not in self._names:
            stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", target.removeprefix("/components/schemas/")).strip("_") or "root"
            taken = sum(1 for name in self.definitions if name == stem or name.startswith(stem + "--"))
            name = f"{stem}--{taken}" if taken else stem
            self._names[key] = name
            self.definitions[name] = {}  # taken before it is filled, so that a cycle ends
            self.definitions[name] = self.translate(without_alternatives(node) if bare else node, target)
        return f"#/{self.keyword}/{self._names[key]}"

    def _keywords(self, schema: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in schema.items():
            if name in _NEITHER or (name in _ONLY_MODERN and not self._modern):
                continue
            here = join(pointer, name)
            wanted = self._wanted(name, value)
            if wanted:
                self.flaws[here] = _FORM(keyword=name, form=wanted())
            elif name in _ONE or (name == "additionalProperties" and isinstance(value, Mapping)):
                made[name] = self.translate(value, here)
            elif name in _MANY:
                made[name] = [self.translate(one, join(here, index)) for index, one in enumerate(value)]
            elif name in _NAMED:
                made[name] = {key: self.translate(one, join(here, key)) for key, one in value.items()}
            else:
                made[name] = value
        if "discriminator" in schema:
            discriminate(made, schema, pointer, self)
        if "patternProperties" in made:
            self._drop_unreadable(made, pointer)
        if not self._modern:
            made = _made_nullable(made, schema, pointer)
        return made

    def _wanted(self, name: str, value: Any) -> Template | None:
        """What the value of a keyword must be and is not; None where it is."""
        if name in _ONE:
            return None if isinstance(value, Mapping) or (self._modern and isinstance(value, bool)) else _ONE_SCHEMA
        if name in _MANY:
            return None if isinstance(value, list) and value else _SCHEMAS
        if name in _NAMED:
            return None if isinstance(value, Mapping) else _NAMED_SCHEMAS
        if name in ("exclusiveMinimum", "exclusiveMaximum"):
            fits = _is_number(value) if self._modern else isinstance(value, bool)
            return None if fits else _NUMBER_31 if self._modern else _BOOLEAN_30
        fits_form, wanted = _FORMS.get(name, (None, None))
        return None if fits_form is None or fits_form(value) else wanted

    def _drop_unreadable(self, made: dict[str, Any], pointer: str) -> None:
        readable = {name: one for name, one in made["patternProperties"].items() if expression(name) is not None}
        for name in made["patternProperties"].keys() - readable.keys():
            self.flaws[join(pointer, "patternProperties", name)] = _UNREADABLE()
            made.pop("additionalProperties", None)  # what that pattern allows cannot be told from what it does not
        made["patternProperties"] = readable

    def _refuse_endless(self) -> None:
        """A schema that is made of itself, at the same place in the value, never comes to an end."""
        endless = self._endless()
        if endless:
            source = self.definitions[min(endless)].get(SOURCE, "")
            raise ContractError(_THIS_SCHEMA_REFERS_TO_ITSELF(source=str(self.document.location(source))))

    def _endless(self) -> set[str]:
        """The names of the definitions that are made of each other."""
        edges = {name: set(_in_place(schema)) for name, schema in self.definitions.items()}
        while leaves := [name for name, targets in edges.items() if not targets & edges.keys()]:
            for name in leaves:
                del edges[name]
        return set(edges)


def local_pointer(document: Document, pointer: str, reference: Any) -> str:
    """The pointer that a reference standing at ``pointer`` means.

    Raises ``ContractError`` for one that is not local, since nothing is ever fetched because a document says so (files
    of its folder are part of it by now), and for one that leads nowhere.
    """
    at, shown = document.location(join(pointer, "$ref")), repr(as_written(str(reference))[:80])
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise ContractError(_REFERENCE_LEAVES_DOCUMENT_ONLY_LOCAL(at=str(at), shown=str(shown)))
    target = unquote(reference[1:])
    try:
        resolve(document.data, target)
    except ContractError:
        _refuse_outside(document, target)
        raise ContractError(_CONTRACT_REFERS_TO_AND_THERE(at=str(at), shown=str(shown))) from None
    return target


def _refuse_outside(document: Document, target: str) -> None:
    """A reference on the way to a node that leaves the document is why there is nothing: say that instead."""
    pointer, node = "", document.data
    for token in split(target):
        if isinstance(node, Mapping) and "$ref" in node and token not in node:
            local_pointer(document, pointer, node["$ref"])
        if not isinstance(node, Mapping) or token not in node:
            return
        pointer, node = join(pointer, token), node[token]


def resolve(data: Any, pointer: str) -> Any:
    """The node of a document at a pointer. Raises ``ContractError`` where there is none."""
    node = data
    for token in split(pointer):
        try:
            node = node[int(token)] if isinstance(node, list) else node[token]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ContractError(_CONTRACT_REFERS_TO_AND_THERE_IS(pointer=f"{pointer!r}")) from None
    return node


def place_in_list(document: Document, pointer: str, name: str) -> Location:
    """Where a name stands in a list that has it at ``pointer``, or had before others were left out of it."""
    around = pointer.rpartition("/")[0]
    try:
        listed = resolve(document.data, around)
    except ContractError:
        listed = None
    at = join(around, listed.index(name)) if isinstance(listed, list) and name in listed else pointer
    return document.location(at)


def _in_place(schema: Any) -> Iterator[str]:
    """The names of the definitions that describe the same value as a schema does."""
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for keyword in IN_PLACE_ONE:
        yield from _in_place(schema.get(keyword))
    for keyword in IN_PLACE_MANY:
        for one in schema.get(keyword, ()):
            yield from _in_place(one)
    for one in schema.get("dependentSchemas", {}).values():
        yield from _in_place(one)


def _made_nullable(made: dict[str, Any], schema: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    """The keywords with null beside what they allow, where ``nullable`` says so.

    OpenAPI 3.0.3 says that ``nullable`` extends a ``type`` beside it and nothing else; 3.0.0 said that it allows null.
    Beside ``enum``, ``allOf`` and the like authors mean the latter, and no server is accused of doing as they say.
    """
    if schema.get("nullable") is not True:
        return made
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    if "type" in made:
        own = made["type"]
        made["type"] = [*([own] if isinstance(own, str) else own), *([] if "null" in own else ["null"])]
    if made.keys().isdisjoint((*IN_PLACE_MANY, "not")):
        return made
    return {"anyOf": [{**made, SOURCE: pointer}, {"type": "null", SOURCE: pointer}]}

"""A schema of the contract, compiled: validation with every error located, and the closed world around it.

OpenAPI 3.0 schemas have draft-4 semantics with ``nullable``; those of OpenAPI 3.1 and 3.2 are JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from jsonschema.exceptions import ValidationError

from batch_conformance.contract.dialect import validator_for
from batch_conformance.contract.discriminator import DISCRIMINATES, chosen_alternatives
from batch_conformance.contract.document import Document
from batch_conformance.contract.formats import asserts_formats, is_asserted
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import escape, join, members
from batch_conformance.contract.shape import Branch, Property, Sent, Shape, member_name, undescribed
from batch_conformance.contract.translate import (
    IN_PLACE_MANY,
    KNOWN_VALUES,
    SOURCE,
    TYPES,
    Translator,
    place_in_list,
)
from batch_conformance.contract.value_space import broken, covering, is_known
from batch_conformance.contract.violation import (
    Violation,
    declared,
    expectation,
    formats_behind,
    kind_of,
    leaves,
    listed,
    listed_by,
    show,
    show_beside,
    type_name,
    types_listed,
    union_types,
    words_for,
)
from batch_conformance.message import Message, Template

__all__ = ["ALL_TYPES", "KNOWN_VALUES", "Branch", "Property", "Schema", "Violation", "show", "type_name"]

ALL_TYPES = TYPES

_TO_MEMBER = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties")
_TO_ITEM = ("items", "prefixItems", "contains", "unevaluatedItems")
_NUMBERED = (*IN_PLACE_MANY, "dependentSchemas")
"""Keywords that are followed by an index, or a name, in the path of a schema."""


_MOST_ERRORS = 5_000
"""Errors of one value that are looked at: a hostile body can have one for each of its million items."""

_JUDGEABLE = Template("schema.depth.expected", "a value that can be judged")
_TOO_DEEP = Template("schema.depth.observed", "nested hundreds of levels deep")
_TO_BE_THERE = Template("schema.required.expected", "to be there")
_MISSING = Template("schema.required.observed", "missing")
_NO_SUCH_PROPERTY = Template("schema.closed.expected", "no such property")
_PRESENT = Template("schema.closed.observed", "present")
_OF_ALTERNATIVE = Template("schema.of_alternative", "{observed}; {alternative}")


class Schema:
    """A schema at ``pointer`` of a document. ``free_maps`` are places whose members are the customer's own."""

    def __init__(self, document: Document, pointer: str, free_maps: frozenset[str] = frozenset()) -> None:
        self.document = document
        self.pointer = pointer
        self.free_maps = free_maps
        self.modern = document.modern
        self.json_schema_draft = "2020-12" if self.modern else "draft4"

    def __reduce__(self) -> tuple[type[Schema], tuple[Document, str, frozenset[str]]]:
        return Schema, (self.document, self.pointer, self.free_maps)  # what is derived is derived again

    def with_free_maps(self, free_maps: frozenset[str]) -> Schema:
        """The schema with so many places more whose members are the customer's own."""
        if free_maps <= self.free_maps:
            return self
        opened = Schema(self.document, self.pointer, self.free_maps | free_maps)
        opened.__dict__["_translated"] = self._translated  # which does not depend on them
        return opened

    @property
    def location(self) -> Location:
        """Where the schema stands."""
        return self.document.location(self.pointer)

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The schema as self-contained JSON Schema; every subschema names its source. Raises ``ContractError``."""
        return self._translated[0]

    @cached_property
    def flaws(self) -> Mapping[str, Message]:
        """What the document writes in a form that its keyword does not have, by pointer; none of it is judged by."""
        return self._translated[1]

    @cached_property
    def properties(self) -> tuple[Property, ...]:
        """Every declared place, in document order; the first is the value itself (pointer ``""``)."""
        return self._shape.properties()

    @cached_property
    def compared(self) -> tuple[Property, ...]:
        """The declared places, and those of the further members of maps, as two documents are compared by them."""
        return self._shape.compared()

    def branches(self, pointer: str) -> tuple[Branch, ...]:
        """The alternatives of the object at a declared place; none where it is of one kind."""
        return self._shape.branches(pointer)

    @cached_property
    def impossible(self) -> Mapping[str, Message]:
        """The pointers of the places in a value that nothing can keep, and why."""
        return self._shape.impossible()

    def contradiction(self, pointer: str) -> str | None:
        """The place at or around a pointer that nothing can keep; None where something can."""
        return next((one for one in self.impossible if pointer == one or pointer.startswith(one + "/")), None)

    def annotation(self, name: str) -> tuple[Any, Location]:
        """The value of a keyword of the schema itself, looked for through references, and where it stands; or None."""
        schema = next((schema for schema in self._shape.in_place() if name in schema), None)
        if schema is None:
            return None, self.location
        return schema[name], self.document.location(join(schema.get(SOURCE, self.pointer), name))

    def is_valid(self, instance: Any) -> bool:
        """Whether the value keeps the schema."""
        try:
            return bool(self._validator.is_valid(instance))
        except RecursionError:
            return False

    def violations(self, instance: Any) -> tuple[Violation, ...]:
        """Every error, located, in the order of the schema; a value nested beyond what can be judged is one too."""
        found: dict[Violation, None] = {}
        errors = (leaf for top in self._validator.iter_errors(instance) for leaf in leaves(top, self._shape.tags))
        try:
            for error in islice(errors, _MOST_ERRORS):
                found |= dict.fromkeys(self._violations(error))
        except RecursionError:
            return (Violation("", "depth", _JUDGEABLE(), _TOO_DEEP(), "too_deep", self.location),)
        return tuple(found)

    def undeclared(self, instance: Any) -> tuple[str, ...]:
        """Pointers of the properties that are in ``instance`` and that no schema declares, in a closed world."""
        try:
            return self._shape.undeclared(instance)
        except RecursionError:
            return ()

    def write_only(self, instance: Any) -> tuple[Sent, ...]:
        """The properties in ``instance`` that are only ever sent to the server."""
        try:
            return self._shape.write_only(instance)
        except RecursionError:
            return ()

    def unknown_values(self, instance: Any) -> tuple[Violation, ...]:
        """Values that are none of those that ``x-known-values`` lists for their place."""
        found = []
        for place in self.properties:
            if KNOWN_VALUES not in place.keywords or {"enum", DISCRIMINATES} & place.keywords:
                continue  # what names an alternative is looked at with the alternatives
            for value in members(instance, place.pointer):
                if isinstance(value, str | int) and not isinstance(value, bool) and not is_known(place.space, value):
                    shown = show_beside(value, place.known_values)
                    words = (listed(place.known_values), shown, kind_of(value, "enum"))
                    source = join(place.source, KNOWN_VALUES)
                    found.append(
                        Violation(place.pointer, KNOWN_VALUES, *words, place.places[KNOWN_VALUES], source=source)
                    )
        return tuple(dict.fromkeys(found))

    @cached_property
    def _translated(self) -> tuple[dict[str, Any], Mapping[str, Message]]:
        translator = Translator(self.document, self.modern)
        return translator.root(self.pointer), translator.flaws

    @cached_property
    def _shape(self) -> Shape:
        return Shape(self.raw, self.document, self.free_maps)

    @cached_property
    def _asserts_formats(self) -> bool:
        return asserts_formats(self.document.data)

    @cached_property
    def _validator(self) -> Any:
        return validator_for(self.raw, modern=self.modern)

    def _violations(self, error: ValidationError) -> Iterator[Violation]:
        keyword, instance = str(error.validator), _instance(error)
        schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
        source = join(schema.get(SOURCE, self.pointer), keyword)
        path = tuple(error.absolute_path)
        base = "".join("/*" if free else "/" + escape(member_name(str(step))) for step, free in _steps(error))
        location = self.document.location(source)
        seen = _of_alternative(show(instance), error)
        if keyword in ("required", "dependentRequired"):
            for name, inner in _missing(declared(error), instance):
                here = place_in_list(self.document, join(source, *inner), name)
                at = join(base, member_name(name))
                missing = _of_alternative(_MISSING(), error)
                yield Violation(at, keyword, _TO_BE_THERE(), missing, "missing", here, (*path, name), source=source)
        elif keyword in ("additionalProperties", "unevaluatedProperties"):
            only_here = keyword == "additionalProperties"
            strange = undescribed([schema], instance) if only_here else self._shape.unexpected(schema, instance)
            strange = strange or ([] if only_here else self._unevaluated(schema, instance))
            for name in strange:
                at = join(base, member_name(name))
                words = (_NO_SUCH_PROPERTY(), _of_alternative(_PRESENT(), error), "undeclared")
                yield Violation(at, keyword, *words, location, (*path, name), source=source)
        elif types := union_types(error):
            yield Violation(base, "type", types_listed(types), seen, type_name(instance), location, path, source=source)
        elif together := self._broken_together(error, instance):
            keyword, says = together
            seen = _of_alternative(show_beside(instance, says), error) if keyword == "enum" else seen
            words = (words_for(keyword, says), seen, kind_of(instance, keyword))
            yield Violation(base, keyword, *words, location, path, self._is_annotated(error), source)
        else:
            if keyword in ("enum", "const"):
                seen = _of_alternative(show_beside(instance, listed_by(error)), error)
            words = (expectation(error), seen, kind_of(instance, keyword))
            yield Violation(base, keyword, *words, location, path, self._is_annotated(error), source)

    def _unevaluated(self, schema: Mapping[str, Any], instance: Mapping[str, Any]) -> list[str]:
        """The members that some alternative declares, and none of those that hold here.

        Each is what a schema that takes any other value in its place refuses.
        """
        found = []
        for name, value in instance.items():
            others = {**schema, "unevaluatedProperties": {"not": {"const": value}}}
            errors = self._validator.evolve(schema=others).iter_errors(instance)
            if any(one.validator == "unevaluatedProperties" and not one.absolute_path for one in errors):
                found.append(name)
        return found

    def _is_annotated(self, error: ValidationError) -> bool:
        """Whether only formats are broken, and the document's dialect takes one of them for an annotation."""
        by_dialect = self._asserts_formats
        formats = formats_behind(error)
        return any(not is_asserted(name, modern=self.modern, by_dialect=by_dialect) for name in formats)

    def _broken_together(self, error: ValidationError, instance: Any) -> tuple[str, Any] | None:
        """The assertion that the alternatives of a union make together, and what it says, where the value breaks it."""
        if error.validator not in ("anyOf", "oneOf") or not error.context:
            return None
        kind = type_name(instance)
        admitted = self._shape.space(declared(error))
        if kind in admitted:
            return broken(covering(admitted[kind]), kind, instance)
        lists = [covering(alternatives).listed for alternatives in admitted.values()]
        listed_by_any = [value for values in lists for value in values or ()]
        return ("enum", listed_by_any) if listed_by_any and None not in lists else None


def _of_alternative(observed: Message, error: ValidationError) -> Message:
    """What is observed, and of which alternatives it is an error."""
    for chosen in chosen_alternatives(error):
        observed = _OF_ALTERNATIVE(observed=observed, alternative=chosen)
    return observed


def _steps(error: ValidationError) -> Iterator[tuple[str | int, bool]]:
    """The steps to where an error is; True for array indices, and for names that the schema leaves to the sender.

    Those of a map are customers' own: all of its members are one place, as all items of an array are.
    """
    keywords = list(error.absolute_schema_path)
    for step in error.absolute_path:
        free = isinstance(step, int)
        while keywords:
            keyword = keywords.pop(0)
            if keyword in _TO_MEMBER or keyword in _TO_ITEM:
                free = free or keyword != "properties"
                del keywords[: keyword in ("properties", "patternProperties", "prefixItems")]
                break
            del keywords[: keyword in _NUMBERED]
        yield step, free


def _instance(error: ValidationError) -> Any:
    return error.instance


def _missing(wanted: Any, instance: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """The names that are missing, and where below the keyword each is asked for."""
    if isinstance(wanted, Mapping):
        for trigger, names in wanted.items():
            if trigger in instance:
                yield from ((name, (trigger, index)) for index, name in enumerate(names) if name not in instance)
    else:
        yield from ((name, (index,)) for index, name in enumerate(wanted) if name not in instance)

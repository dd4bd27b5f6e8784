"""A violation: one way in which a value breaks its schema, in words for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jsonschema.exceptions import ValidationError

from batch_conformance.contract.keywords import KNOWN_VALUES
from batch_conformance.contract.location import Location
from batch_conformance.message import Listing, Message, Private, Template, argument_names, printable, shown, type_named
from batch_conformance.near_miss import nearest

_WIDTH = 60
_LONGEST_WORD = 40
_MOST_VALUES = 12
_HUGE = 10**60

_WORDS: Mapping[str, Template] = {
    "minimum": Template("schema.minimum", "at least {value}"),
    "maximum": Template("schema.maximum", "at most {value}"),
    "exclusiveMinimum": Template("schema.exclusive_minimum", "more than {value}"),
    "exclusiveMaximum": Template("schema.exclusive_maximum", "less than {value}"),
    "multipleOf": Template("schema.multiple_of", "a multiple of {value}"),
    "minLength": Template("schema.min_length", "at least {value} characters"),
    "maxLength": Template("schema.max_length", "at most {value} characters"),
    "minItems": Template("schema.min_items", "at least {value} items"),
    "maxItems": Template("schema.max_items", "at most {value} items"),
    "minContains": Template("schema.min_contains", "at least {value} items of a kind"),
    "maxContains": Template("schema.max_contains", "at most {value} items of a kind"),
    "minProperties": Template("schema.min_properties", "at least {value} members"),
    "maxProperties": Template("schema.max_properties", "at most {value} members"),
    "pattern": Template("schema.pattern", "a string that matches {value}"),
    "format": Template("schema.format", "the format {value}"),
    "uniqueItems": Template("schema.unique_items", "no item twice"),
    "contains": Template("schema.contains", "an item of the kind described"),
    "not": Template("schema.not", "nothing of what is excluded"),
    "anyOf": Template("schema.any_of", "what one of the alternatives describes"),
    "oneOf": Template("schema.one_of", "what exactly one of the alternatives describes"),
}
_OTHER_KEYWORD = Template("schema.other_keyword", "{keyword} {value}")
_NOTHING = Template("schema.nothing", "nothing here")
_ONE_OF = Template("schema.enum", "one of {values}")
_ONE_OF_MANY = Template("schema.enum_of_many", "one of {values} and {more} more")
_EMPTY = Template("value.empty", "an empty {type}")
_MEANT = Template("value.probably_meant", "{value}, probably meant as {meant}")


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value breaks its schema.

    ``pointer`` is where in the value (``*`` for array indices, and for names that the schema leaves to the sender; the
    missing member for ``required``), ``location`` where the contract says so. ``expected`` and ``observed`` are for
    people, ``kind`` is a stable word. ``path`` is the exact path of the first such value. ``annotated`` says that the
    document asks for it by what its dialect takes for an annotation, such as ``format`` in OpenAPI 3.1. ``source`` is
    the pointer of the keyword in the document, with the files that it refers to; empty where no keyword is broken.
    """

    pointer: str
    keyword: str
    expected: Message
    observed: Message
    kind: str
    location: Location
    path: tuple[str | int, ...] = field(default=(), compare=False)
    annotated: bool = field(default=False, compare=False)
    source: str = field(default="", compare=False)


def type_name(value: Any) -> str:
    """The JSON type of a value; ``number`` only for what has a fraction or an exponent."""
    name = _TYPE_NAMES.get(type(value))
    if name is not None:
        return name
    # What a parser makes of a number, a text or an object may be of a class of its own.
    names = ((int, "integer"), (float, "number"), (str, "string"), (list, "array"), (Mapping, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


_TYPE_NAMES: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def show(value: Any) -> Message:
    """A value for people: its JSON type and a short text of it, which may be a customer's."""
    name = type_name(value)
    if name in ("null", "object", "array"):
        return shown(type_named(name)) if value or value is None else _EMPTY(type=type_named(name))
    return shown(Private(_text(value), name))


def show_beside(value: Any, allowed: Iterable[Any]) -> Message:
    """A value that is none of those allowed, for people, with the one of them that was probably meant."""
    near = nearest(value, (one for one in allowed if isinstance(one, str))) if isinstance(value, str) else ""
    return _MEANT(value=show(value), meant=json.dumps(near, ensure_ascii=False)) if near else show(value)


def kind_of(value: Any, keyword: str) -> str:
    """A stable word for what was seen: the type, or for an enumeration the value itself where it is a short one."""
    if keyword in ("enum", "const", KNOWN_VALUES) and not isinstance(value, list | Mapping):
        text = printable(value[:_LONGEST_WORD]) if isinstance(value, str) else _text(value)
        return text[:_LONGEST_WORD] or "empty"
    return type_name(value)


def listed(values: Sequence[Any]) -> Message:
    """The values that are allowed, for people."""
    texts = tuple(json.dumps(value, ensure_ascii=False)[:_WIDTH] for value in values[:_MOST_VALUES])
    if len(values) > _MOST_VALUES:
        return _ONE_OF_MANY(values=Listing(texts), more=len(values) - _MOST_VALUES)
    return _ONE_OF(values=Listing(texts)) if len(values) > 1 else shown(Listing(texts))


def types_listed(names: Sequence[str]) -> Message:
    """The types that are allowed, for people."""
    return shown(Listing(tuple(type_named(name) for name in names), "or"))


def expectation(error: ValidationError) -> Message:
    """What a keyword of a schema asks for, for people."""
    keyword, value = str(error.validator), declared(error)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if keyword == "type":
        return types_listed([value] if isinstance(value, str) else value)
    if keyword in ("minimum", "maximum") and schema.get(f"exclusive{keyword.capitalize()}") is True:
        keyword = f"exclusive{keyword.capitalize()}"  # OpenAPI 3.0 says it with a flag beside the bound
    return words_for(keyword, value)


def words_for(keyword: str, value: Any) -> Message:
    """What a keyword with this value asks for, for people."""
    if keyword in ("enum", "const", KNOWN_VALUES):
        return listed([value] if keyword == "const" else value)
    if keyword == "not" and not value:
        return _NOTHING()
    text = (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:_WIDTH]
    template = _WORDS.get(keyword)
    if template is None:
        return _OTHER_KEYWORD(keyword=keyword, value=text)
    return template(value=text) if argument_names(template.english) else template()


def declared(error: ValidationError) -> Any:
    """The keyword's value in the schema; jsonschema types it as possibly unset, which it never is in an error."""
    return error.validator_value


Tags = Callable[[Sequence[Any]], Collection[str]]
"""From the branches of a union to the members by whose listed values they are told apart."""


def leaves(error: ValidationError, tags: Tags) -> Iterator[ValidationError]:
    """The errors behind a union: those of the branch that is clearly meant, else the union itself."""
    branches = _branches(error)
    meant = [errors for errors in branches if not any(_is_of_another_type(one, error) for one in errors)]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from leaves(inner, tags)
    else:
        yield from _nearest(meant, error, tags)


def _nearest(
    branches: Sequence[Sequence[ValidationError]], error: ValidationError, tags: Tags
) -> Sequence[ValidationError]:
    """The errors of the branch that a value is nearest to: it has its tags, and is wrong in fewest places.

    Where several are as near, it is what all of them say of the one place that they find wrong, else the union.
    """
    if not branches or not isinstance(error.instance, Mapping | list):
        return [error]
    around = tuple(error.absolute_path)
    by_tag = {(*around, name) for name in tags(declared(error))}
    counted = []
    for errors in branches:
        found = [leaf for one in errors for leaf in leaves(one, tags)]
        wrong = set().union(*map(_places, found))
        counted.append((len(wrong & by_tag), len(wrong), found))
    least = min(one[:2] for one in counted)
    near = [found for *count, found in counted if tuple(count) == least]
    if len(near) == 1:
        return near[0]
    everywhere = {place for found in near for one in found for place in _places(one)}
    common = _common_violation(near) if len(everywhere) == 1 else None
    return [error if common is None else common]


def _common_violation(branches: Sequence[Sequence[ValidationError]]) -> ValidationError | None:
    """What several branches say of the one place that each of them finds wrong; None where they say different things.

    That it is missing, or of another type, goes before what is listed for it.
    """
    missing = [next((one for one in found if one.validator == "required"), None) for found in branches]
    if None not in missing:
        return missing[0]
    of_types = [next((one for one in found if one.validator == "type"), None) for found in branches]
    types = {str(declared(one)) for one in of_types if one is not None}
    if None not in of_types and len(types) == 1:
        return of_types[0]
    if all(one.validator in ("enum", "const") for found in branches for one in found):
        return _any_listed([one for found in branches for one in found])
    return None


def _places(error: ValidationError) -> set[tuple[str | int, ...]]:
    """Where in the value an error is: at the member that is missing, where one is."""
    path = tuple(error.absolute_path)
    if error.validator == "required" and isinstance(error.instance, Mapping):
        return {(*path, name) for name in declared(error) if name not in error.instance}
    return {path}


def _any_listed(errors: Sequence[ValidationError]) -> ValidationError:
    """The error of a value that is none of those that any branch lists."""
    first, values = errors[0], []
    for one in errors:
        values += [value for value in listed_by(one) if value not in values]
    return ValidationError(
        first.message, validator="enum", path=first.path, instance=first.instance, schema=first.schema,
        schema_path=first.schema_path, validator_value=values, parent=first.parent,
    )  # fmt: skip


def listed_by(error: ValidationError) -> Sequence[Any]:
    """The values that an ``enum`` or a ``const`` allows."""
    value = declared(error)
    return [value] if error.validator == "const" else list(value)


def union_types(error: ValidationError) -> tuple[str, ...]:
    """The types that the branches of a union ask for, where the value is of none of them; else nothing."""
    types: dict[str, None] = {}
    for errors in _branches(error):
        of_type = [one for one in errors if _is_of_another_type(one, error)]
        if not of_type:
            return ()
        for one in of_type:
            value = declared(one)
            types.update(dict.fromkeys([value] if isinstance(value, str) else value))
    return tuple(sorted(types, key=lambda name: name == "null"))


def formats_behind(error: ValidationError) -> tuple[str, ...]:
    """The formats without which the value would keep what it breaks: of the keyword, or of a branch of the union."""
    if error.validator == "format":
        return (str(declared(error)),)
    for errors in _branches(error):
        of_branch = [formats_behind(inner) for inner in errors]
        if all(of_branch):
            return tuple(name for names in of_branch for name in names)
    return ()


def _branches(error: ValidationError) -> list[list[ValidationError]]:
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        return []
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    return list(branches.values())


def _is_of_another_type(inner: ValidationError, outer: ValidationError) -> bool:
    return inner.validator == "type" and len(inner.absolute_path) == len(outer.absolute_path)


def _text(value: Any) -> str:
    if isinstance(value, str):
        shown = printable(value[: _WIDTH + 1])
        return f'"{shown if len(shown) <= _WIDTH else shown[: _WIDTH - 1] + "…"}"'
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _HUGE:
        return f"of about {value.bit_length() * 3 // 10} digits"
    return json.dumps(value)

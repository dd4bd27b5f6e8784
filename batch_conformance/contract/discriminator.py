"""Discriminators: the property of an object that names the one alternative, of several, that must hold for it.

OpenAPI 3.0.3 section 4.7.25, OpenAPI 3.1.0 section 4.8.25, and the Discriminator Object of OpenAPI 3.2.0. An
alternative is named by ``mapping``, and by the name of its component, which stays valid beside a mapping. A base schema
without alternatives has as such the components that refer to it in their ``allOf``.

A translated schema keeps it as the keyword ``x-discriminator``::

    {"propertyName": "kind", "union": "oneOf", "base": false, "names": {"chat": 0, "Chat": 0}, "titles": ["Chat"],
     "default": null}

``names`` are the values and the index of the alternative that each names, or null where the document does not have it;
``titles`` are how the alternatives are called; ``base`` says that the last one is the base schema itself. ``default``
is the alternative of objects without the property, or with a value of it that names nothing (``defaultMapping``,
OpenAPI 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jsonschema.exceptions import ValidationError

from batch_conformance.contract.keywords import KNOWN_VALUES, SOURCE
from batch_conformance.contract.pointer import join
from batch_conformance.message import Message, Private, Template

DISCRIMINATOR = "x-discriminator"
DISCRIMINATES = "x-discriminates"
"""Annotation on the property: the values that name an alternative."""

_CHOSEN = "chosen_alternatives"
_NAMES = Template(
    "schema.alternative_named", '{property} "{value}" names {alternative}, and {matching} of {all} alternatives match'
)
_BY_DEFAULT = Template(
    "schema.alternative_by_default",
    "{property} names no alternative, so {alternative} is meant (defaultMapping), and {matching} of {all} alternatives "
    "match",
)

_Schema = Mapping[str, Any]


_WANTED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "absent": (("required",),),
    "odd": (("type",),),
    "unknown": (("type",), ("enum", "const")),
}
"""Keywords that say what is wrong with a property that names nothing."""


@dataclass(frozen=True, slots=True)
class DiscriminatorChoice:
    """What an object says of its alternatives: which one it names, or why none."""

    kind: Literal["named", "absent", "odd", "unknown"]
    index: int = 0


def choice(schema: _Schema, keyword: str, instance: Any) -> DiscriminatorChoice | None:
    """What an instance says of the alternatives under a keyword; None where no discriminator decides on them."""
    said = schema.get(DISCRIMINATOR)
    if said is None or said["union"] != keyword or not isinstance(instance, Mapping):
        return None
    name, default = said["propertyName"], said["default"]
    text = as_text(instance[name]) if name in instance else None
    if text not in said["names"] and default is not None:
        return DiscriminatorChoice("named", default)
    if name not in instance:
        return DiscriminatorChoice("absent")
    if text is None:
        return DiscriminatorChoice("odd")
    if text not in said["names"]:
        return DiscriminatorChoice("unknown")
    index = said["names"][text]
    return None if index is None else DiscriminatorChoice("named", index)


def alternatives(schema: _Schema, keyword: str, instance: Any) -> Sequence[_Schema]:
    """The alternatives that may hold for an instance: the one that it names, else all of them."""
    listed: Sequence[_Schema] = schema.get(keyword, ())
    made = choice(schema, keyword, instance)
    return [listed[made.index]] if made is not None and made.kind == "named" else listed


def check_choice(
    validator: Any,
    branches: Sequence[Any],
    instance: Any,
    schema: _Schema,
    *,
    made: DiscriminatorChoice,
    of_all: Callable[..., Any],
) -> Iterator[Any]:
    """The errors of the alternative that is named, or why none is; where that is no error, what ``of_all`` finds."""
    said = schema[DISCRIMINATOR]
    name = said["propertyName"]
    if made.kind == "named":
        yield from _named(validator, branches, instance, said, made.index)
        return
    found = [list(validator.descend(instance, one, schema_path=index)) for index, one in enumerate(branches)]
    of_objects = [errors for errors in found if not any(_is_of_another_type(error) for error in errors)]
    for wanted in _WANTED[made.kind]:
        tells = [next((one for one in errors if _is_about(one, name, wanted)), None) for errors in of_objects]
        of_property = [one for one in tells if one is not None]
        if of_property and len(of_property) == len(tells):
            # All alternatives say the same of the property; of what else they ask for, nothing can be said.
            yield _at_property(name, of_property)
            return
    if made.kind == "unknown":
        yield ValidationError(
            f"{name} names no alternative",
            validator=KNOWN_VALUES,
            validator_value=list(said["names"]),
            path=[name],
            schema_path=[0, "properties", name, KNOWN_VALUES],
            instance=instance[name],
            schema={SOURCE: join(schema[SOURCE], "discriminator")},
        )
    else:
        yield from of_all(validator, branches, instance, schema) or ()


def _named(validator: Any, branches: Sequence[Any], instance: Any, said: _Schema, index: int) -> Iterator[Any]:
    errors = list(validator.descend(instance, branches[index], schema_path=index))
    if not errors:
        return
    counted = branches[:-1] if said["base"] else branches
    matching = sum(validator.evolve(schema=one).is_valid(instance) for one in counted)
    name = said["propertyName"]
    text, title = as_text(instance[name]) if name in instance else None, str(said["titles"][index])
    if text in said["names"]:
        chosen = _NAMES(property=name, value=Private(text), alternative=title, matching=matching, all=len(counted))
    else:
        chosen = _BY_DEFAULT(property=name, alternative=title, matching=matching, all=len(counted))
    for error in errors:
        setattr(error, _CHOSEN, (*chosen_alternatives(error), chosen))
        yield error


def chosen_alternatives(error: Any) -> tuple[Message, ...]:
    """Which alternatives an error is of, innermost first, where discriminators named them."""
    chosen: tuple[Message, ...] = getattr(error, _CHOSEN, ())
    return chosen


def _at_property(name: str, errors: Sequence[Any]) -> Any:
    """One error at the property, of those that all alternatives have there."""
    first = errors[0]
    if first.validator == "required":
        return ValidationError(
            first.message,
            validator="required",
            validator_value=[name],
            schema_path=first.relative_schema_path,
            instance=first.instance,
            schema=first.schema,
        )
    if first.validator == "type":
        return first
    values = [value for one in errors for value in _listed(one)]
    return ValidationError(
        first.message,
        validator="enum",
        validator_value=[value for index, value in enumerate(values) if value not in values[:index]],
        path=[name],
        schema_path=first.relative_schema_path,
        instance=first.instance,
        schema=first.schema,
    )


def _listed(error: Any) -> list[Any]:
    return list(error.validator_value) if error.validator == "enum" else [error.validator_value]


def _is_about(error: Any, name: str, wanted: tuple[str, ...]) -> bool:
    """Whether an error says of the property itself what is wrong with it."""
    if error.validator not in wanted:
        return False
    if error.validator == "required":
        return not error.relative_path and name in error.validator_value
    return list(error.relative_path) == [name]


def _is_of_another_type(error: Any) -> bool:
    return error.validator == "type" and not error.relative_path


def as_text(value: Any) -> str | None:
    """The value as it would be written as a key of ``mapping``; None for what cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) or (isinstance(value, int) and abs(value) < 10**20) else None

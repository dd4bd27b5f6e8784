"""Tells an object of another kind from a documented one with deviations: one cause, not dozens of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_conformance.contract.pointer import unescape
from batch_conformance.contract.schema import Schema
from batch_conformance.message import Message, Template

_ITSELF = Template("body.enveloped.expected", "the documented object itself")
_INSIDE = Template("body.enveloped.observed", 'that object inside "{name}"')
_DOCUMENTED = Template("body.another_object.expected", "the documented object ({names})")
_WITH = Template("body.another_object.observed", "an object with {names}")
_EMPTY = Template("body.another_object.empty", "an object with nothing at all")
_FEW = 2
"""An object that shares no more properties than this with the documented one is another object."""
_MANY = 5
"""An object with this many undeclared properties is another object when half of the documented ones lack as well."""
_SEVERAL = 3
"""Where so many required properties lack and so many others are there, names were changed throughout."""


def mismatch(schema: Schema, value: Any, undeclared: tuple[str, ...]) -> tuple[str, Message, Message] | None:
    """What makes a value another object than the documented one, as rule, expected and observed.

    None for the documented object, and for what is no object. ``undeclared`` is what ``schema`` says of ``value``.
    """
    members = [place for place in schema.properties if place.pointer.count("/") == 1]
    if not isinstance(value, Mapping) or len(members) < _FEW:
        return None
    names = {unescape(place.pointer[1:]) for place in members}
    shared = names & value.keys()
    for name, member in value.items():
        inner = member[0] if isinstance(member, list) and member else member
        if name not in names and isinstance(inner, Mapping) and len(names & inner.keys()) > max(_FEW, len(shared)):
            return "body.enveloped", _ITSELF(), _INSIDE(name=name[:60])
    missing = [place.pointer for place in members if place.required and unescape(place.pointer[1:]) not in value]
    strange = [pointer for pointer in undeclared if pointer.count("/") == 1]
    nothing_shared = len(missing) >= _FEW and len(shared) <= min(_FEW, len(members) - len(missing), len(names) // 4)
    half_other = len(strange) >= _MANY and (
        len(missing) >= _FEW or (len(shared) < len(names) / 2 and not any(place.required for place in members))
    )
    changed_throughout = len(strange) >= _SEVERAL and len(missing) >= _SEVERAL
    if not nothing_shared and not half_other and not changed_throughout:
        return None
    names_seen = ", ".join(list(value)[:6])[:120]
    documented = ", ".join(sorted(names)[:6]) + (", …" if len(names) > 6 else "")
    return "body.another_object", _DOCUMENTED(names=documented), _WITH(names=names_seen) if names_seen else _EMPTY()

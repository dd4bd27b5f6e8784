"""Properties that are only written (OpenAPI and JSON Schema, ``writeOnly``): sent to the server, and never sent back.

A property is write-only where its schema says so, through references and ``allOf`` too; where alternatives declare it,
all of those that do have to say so. What is not sent back cannot be required in an answer. One that is ``readOnly`` as
well, which OpenAPI forbids, is not: it says itself that it is sent back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

WRITE_ONLY = "writeOnly"

_Schema = Mapping[str, Any]
_Resolve = Callable[[_Schema], _Schema]
"""The schema that the ``$ref`` of another one leads to."""

_ALTERNATIVES = ("anyOf", "oneOf")
_CONDITIONS = ("if", "then", "else")
_INSIDE = ("items", "additionalProperties", "contains", "unevaluatedItems", "unevaluatedProperties", "not")
_NAMED_INSIDE = ("properties", "patternProperties")


def has_write_only(schema: Any) -> bool:
    """Whether any schema in a translated one says that its value is only written."""
    if isinstance(schema, Mapping):
        return schema.get(WRITE_ONLY) is True or any(map(has_write_only, schema.values()))
    return isinstance(schema, list) and any(map(has_write_only, schema))


def write_only(schema: _Schema, name: str, resolve: _Resolve) -> _Schema | None:
    """The schema that says of an object's member that it is only written; None where none does."""
    own = schema.get("properties", {}).get(name)
    if own is not None and (said := _says(own, resolve)) is not None:
        return said
    for one in _both(schema, resolve):
        if (said := write_only(one, name, resolve)) is not None:
            return said
    for keyword in _ALTERNATIVES:
        declaring = [one for one in schema.get(keyword, ()) if name in _declared(one, resolve)]
        found = [write_only(one, name, resolve) for one in declaring]
        if found and None not in found:
            return found[0]
    return None


def free_write_only(root: _Schema, resolve: _Resolve) -> None:
    """Takes out of ``required``, in place and throughout a translated schema, what is only ever sent to the server.

    Where alternatives differ by such a property, the answer cannot tell them apart: exactly one becomes at least one.
    """
    _Freeing(resolve).inside(root)


class _Freeing:
    def __init__(self, resolve: _Resolve) -> None:
        self._resolve = resolve
        self._done: set[tuple[int, frozenset[str]]] = set()
        self._freed: set[int] = set()

    def inside(self, schema: Any) -> None:
        """Free a schema of a value, and those of all that is inside it."""
        if isinstance(schema, Mapping):
            self._free(schema, frozenset())

    def _free(self, schema: Any, around: frozenset[str]) -> bool:
        """Free a schema whose value is known to have these write-only members; whether anything was freed in it."""
        if not isinstance(schema, dict):
            return False
        names = around | {
            name for name in _declared(schema, self._resolve) if write_only(schema, name, self._resolve) is not None
        }
        key = (id(schema), names)
        if key in self._done:
            return id(schema) in self._freed
        self._done.add(key)
        freed = _take(schema, names)
        below = [*_both(schema, self._resolve), *(schema[keyword] for keyword in _CONDITIONS if keyword in schema)]
        below += schema.get("dependentSchemas", {}).values()
        below += schema.get("anyOf", ())
        freed = self._free_all(below, names) or freed
        if self._free_all(schema.get("oneOf", ()), names):
            freed = True
            alternatives = schema.pop("oneOf")
            if "anyOf" in schema:
                schema["allOf"] = [*schema.get("allOf", ()), {"anyOf": alternatives}]
            else:
                schema["anyOf"] = alternatives
        if freed:
            self._freed.add(id(schema))
        for keyword in _INSIDE:
            self.inside(schema.get(keyword))
        for keyword in _NAMED_INSIDE:
            for one in schema.get(keyword, {}).values():
                self.inside(one)
        for one in schema.get("prefixItems", ()):
            self.inside(one)
        return freed

    def _free_all(self, schemas: Iterable[Any], names: frozenset[str]) -> bool:
        return True in [self._free(one, names) for one in schemas]


def _take(schema: dict[str, Any], names: frozenset[str]) -> bool:
    """Take names out of what a schema requires; whether there was one."""
    required = [name for name in schema.get("required", ()) if name not in names]
    freed = len(required) < len(schema.get("required", ()))
    if freed:
        schema.pop("required")
        schema |= {"required": required} if required else {}
    dependent = schema.get("dependentRequired", {})
    if any(names.intersection(wanted) for wanted in dependent.values()):
        schema["dependentRequired"] = {
            trigger: [name for name in wanted if name not in names] for trigger, wanted in dependent.items()
        }
        freed = True
    return freed


def _says(schema: _Schema, resolve: _Resolve) -> _Schema | None:
    """The schema, of those that all apply to the value of ``schema``, that says that it is only written."""
    if schema.get(WRITE_ONLY) is True:
        return None if schema.get("readOnly") is True else schema
    return next((said for one in _both(schema, resolve) if (said := _says(one, resolve)) is not None), None)


def _both(schema: _Schema, resolve: _Resolve) -> Iterator[_Schema]:
    """The schemas that apply to the same value whatever it is."""
    if "$ref" in schema:
        yield resolve(schema)
    yield from schema.get("allOf", ())


def _declared(schema: _Schema, resolve: _Resolve) -> dict[str, None]:
    """The names of the members that a schema declares, or one that applies to the same value."""
    names = dict.fromkeys(schema.get("properties", ()))
    for one in _both(schema, resolve):
        names |= _declared(one, resolve)
    for keyword in _ALTERNATIVES:
        for one in schema.get(keyword, ()):
            names |= _declared(one, resolve)
    return names

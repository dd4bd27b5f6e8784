"""Finds the alternatives that a discriminator chooses from, and keeps in translated schemas which value names which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, unquote

from batch_conformance.contract.discriminator import DISCRIMINATES, DISCRIMINATOR, as_text
from batch_conformance.contract.document import Document
from batch_conformance.contract.keywords import KNOWN_VALUES, SOURCE
from batch_conformance.contract.pointer import join, split
from batch_conformance.message import Message, Template

_COMPONENTS = "/components/schemas"
_UNIONS = ("oneOf", "anyOf")

_NO_DISCRIMINATOR = Template("document.discriminator.form", "discriminator must be an object with a propertyName")
_NO_SCHEMA = Template("document.mapping_unread.says", "{target}, which {value} names, is no schema of this document")


class Translation(Protocol):
    """A translation that is under way. ``with_bases`` says that base schemas have alternatives."""

    document: Document
    flaws: dict[str, Message]
    with_bases: bool

    def reference(self, reference: Any, pointer: str) -> str:
        """The reference to the definition that a reference of the document becomes."""


def discriminate(made: dict[str, Any], schema: Mapping[str, Any], pointer: str, translator: Translation) -> None:
    """Keep which alternative each value of the discriminator names; those of a base schema are found here."""
    said, here = schema["discriminator"], join(pointer, "discriminator")
    if not isinstance(said, Mapping) or not isinstance(said.get("propertyName"), str):
        translator.flaws[here] = _NO_DISCRIMINATOR()
        return
    union = next((keyword for keyword in _UNIONS if keyword in made), None)
    if union is None and not translator.with_bases:
        return
    listed = schema[union] if union else ()
    pointers = [component_of(one.get("$ref")) if isinstance(one, Mapping) else None for one in listed]
    names: dict[str, str | None] = {}
    for value, target in said["mapping"].items() if isinstance(said.get("mapping"), Mapping) else ():
        names[as_text(value) or str(value)] = meant = meant_by(translator.document.data, target)
        if meant is None:
            message = _NO_SCHEMA(target=repr(str(target)[:80]), value=repr(str(value)[:80]))
            translator.flaws[join(here, "mapping", str(value))] = message
    children = children_of(translator.document.data, pointer) if union is None else {}
    implied = {name_of(one): one for one in pointers if one} if union else dict(children)
    for name, meant in implied.items():
        if name is not None:
            names.setdefault(name, meant)
    default = meant_by(translator.document.data, said.get("defaultMapping"))
    if not names and default is None:
        return
    named = dict.fromkeys((*names.values(), default))
    added = [one for one in named if one is not None and one not in (*pointers, pointer)]
    branches = [*made.get(union or "anyOf", ())]
    branches += ({"$ref": translator.reference("#" + quote(one), here), SOURCE: here} for one in added)
    pointers += added
    if union is None:
        branches.append({SOURCE: here})  # the base itself, and whatever nobody has named
        names.setdefault(name_of(pointer) or "", pointer)
        pointers.append(pointer)
    else:
        names = {name: None if one == pointer else one for name, one in names.items()}  # it would be made of itself
    made[union or "anyOf"] = branches
    made[DISCRIMINATOR] = {
        "propertyName": said["propertyName"],
        "union": union or "anyOf",
        "names": {name: None if one is None else pointers.index(one) for name, one in names.items() if name},
        "titles": [(one and name_of(one)) or f"alternative {number}" for number, one in enumerate(pointers, 1)],
        "base": union is None,
        "default": pointers.index(default) if default is not None and default in pointers else None,
    }


def tell_values(root: Mapping[str, Any], definitions: Mapping[str, Any]) -> None:
    """Say at the property of each discriminator which values name an alternative, in place.

    They are the known ones, unless the alternatives list their own: then these are an enumeration.
    """
    left: list[Any] = [root, *definitions.values()]
    while left:
        node = left.pop()
        left += node if isinstance(node, list) else node.values() if isinstance(node, Mapping) else ()
        said = node.get(DISCRIMINATOR) if isinstance(node, dict) else None
        if said is None:
            continue
        name, here = said["propertyName"], join(node.get(SOURCE, ""), "discriminator")
        branches = node[said["union"]][: -1 if said["base"] else None]
        values = [_values(one, name, definitions) for one in branches]
        _name_by_lists(said["names"], values)
        if said["default"] is not None:
            continue  # whatever the property says, or without it, there is an alternative
        member: dict[str, Any] = {DISCRIMINATES: list(said["names"]), SOURCE: here}
        if None in values:
            member[KNOWN_VALUES] = list(said["names"])
        if any(_declares(one, name, definitions) for one in branches):
            node["allOf"] = [*node.get("allOf", ()), {"properties": {name: member}, SOURCE: here}]


def _name_by_lists(names: dict[str, int | None], values: Sequence[Sequence[Any] | None]) -> None:
    """Let a value name the one alternative that lists it for the property, where nothing else says what it names.

    Documents without a ``mapping`` give the property a ``const`` in each alternative more often than they name their
    components after the values.
    """
    listed: dict[str, set[int]] = {}
    for number, of_one in enumerate(values):
        for value in of_one or ():
            text = as_text(value)
            if text is not None:
                listed.setdefault(text, set()).add(number)
    for text, numbers in listed.items():
        names.setdefault(text, next(iter(numbers)) if len(numbers) == 1 else None)


def _values(schema: Mapping[str, Any], name: str, definitions: Mapping[str, Any]) -> list[Any] | None:
    """The values that a schema has for a member; None where it lists none.

    An alternative that is itself a union has those of its alternatives, if each of them lists some, and those that its
    own discriminator names by the same member.
    """
    found: list[list[Any]] = []
    for one in _conjuncts(schema, definitions):
        member = one.get("properties", {}).get(name)
        for said in _conjuncts(member, definitions) if member is not None else ():
            found += [said["enum"]] if "enum" in said else []
            found += [[said["const"]]] if "const" in said else []
        for keyword in _UNIONS:
            of_each = [_values(branch, name, definitions) for branch in one.get(keyword, ())]
            listed = [values for values in of_each if values is not None]
            found += listed if len(listed) == len(of_each) else []
        within = one.get(DISCRIMINATOR)
        if within is not None and within["propertyName"] == name:
            found.append([value for value, index in within["names"].items() if index is not None])
    return [value for values in found for value in values] if found else None


def _declares(schema: Mapping[str, Any], name: str, definitions: Mapping[str, Any]) -> bool:
    """Whether a schema says anything of a member, by itself or in one of its alternatives."""
    return any(
        name in one.get("properties", {})
        or any(_declares(branch, name, definitions) for keyword in _UNIONS for branch in one.get(keyword, ()))
        for one in _conjuncts(schema, definitions)
    )


def _conjuncts(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema, and those that a value has to keep beside it: through references and ``allOf``."""
    yield schema
    if "$ref" in schema:
        yield from _conjuncts(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for one in schema.get("allOf", ()):
        yield from _conjuncts(one, definitions)


def component_of(reference: Any) -> str | None:
    """The pointer that a local reference means; None for any other."""
    if isinstance(reference, str) and reference.startswith("#/"):
        return unquote(reference[1:])
    return None


def meant_by(data: Any, value: Any) -> str | None:
    """The pointer of the schema that an entry of ``mapping`` names, or refers to; None where the document has none."""
    if not isinstance(value, str):
        return None
    pointer = component_of(value) or join(_COMPONENTS, value)
    node = data
    for step in split(pointer):
        node = node.get(step) if isinstance(node, Mapping) else None
    return pointer if isinstance(node, Mapping | bool) else None


def name_of(pointer: str) -> str | None:
    """The name of the component that a pointer leads to; None where it leads elsewhere."""
    steps = split(pointer)
    return steps[2] if pointer.startswith(_COMPONENTS + "/") and len(steps) == 3 else None


def is_base(node: Any, heir: str = "") -> bool:
    """Whether a schema has a discriminator, and no alternatives of its own or the component ``heir`` among them."""
    if not isinstance(node, Mapping) or "discriminator" not in node:
        return False
    lists = [node[keyword] for keyword in _UNIONS if isinstance(node.get(keyword), list)]
    listed = {component_of(one.get("$ref")) for each in lists for one in each if isinstance(one, Mapping)}
    return not {"oneOf", "anyOf"} & node.keys() or heir in listed


def without_alternatives(node: Mapping[str, Any]) -> dict[str, Any]:
    """A base schema as those have it that inherit from it."""
    return {keyword: value for keyword, value in node.items() if keyword not in ("discriminator", "oneOf", "anyOf")}


def children_of(data: Mapping[str, Any], base: str) -> dict[str, str]:
    """The names and pointers of the components that refer to one in their ``allOf``, at once or through others."""
    components = data.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    parents: dict[str, set[str]] = {}
    for name, schema in schemas.items() if isinstance(schemas, Mapping) else ():
        parts = schema.get("allOf") if isinstance(schema, Mapping) else None
        found = {component_of(part.get("$ref")) for part in parts or () if isinstance(part, Mapping)}
        parents[join(_COMPONENTS, name)] = {pointer for pointer in found if pointer}
    family, grown = {base}, True
    while grown:
        more = {pointer for pointer, of_one in parents.items() if of_one & family} - family
        family |= more
        grown = bool(more)
    return {split(pointer)[2]: pointer for pointer in parents if pointer in family and pointer != base}

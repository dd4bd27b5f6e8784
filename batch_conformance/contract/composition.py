"""What a schema says through what it is composed of: references, ``allOf``, and the branches of ``anyOf``, ``oneOf``.

A schema applies to a value together with all that it refers to and with all of ``allOf``, and with one at least of
the branches of a union. What is said of what is inside a value keeps that order.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.discriminator import DISCRIMINATOR, alternatives
from batch_conformance.contract.expression import expression
from batch_conformance.contract.keywords import ANNOTATIONS
from batch_conformance.contract.pointer import join
from batch_conformance.contract.translate import IN_PLACE_MANY, IN_PLACE_ONE, SOURCE, TYPES
from batch_conformance.contract.value_space import ValueSpace, covering, excluded_types, intersection, stated, union

Schema = Mapping[str, Any]
"""A translated schema."""

_Inside = Callable[[Schema], Schema | None]
"""From a schema to the one that it has itself for something inside a value."""

UNIONS = ("anyOf", "oneOf")
_MOST_SCHEMAS = 2_000
_DEEPEST = 4
_BEYOND_SPACES = frozenset(
    {
        *("not", "if", "then", "else", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
        *("prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems", "unevaluatedProperties"),
    }
)
"""Keywords that a value space does not hold, and whose parts are no places of their own."""


class Composition:
    """The composition of the schemas below one root, which holds the definitions that they refer to."""

    def __init__(self, root: Schema) -> None:
        self._definitions: Schema = root.get("$defs") or root.get("definitions") or {}
        self._known_types: dict[int, frozenset[str]] = {}
        self._known_spaces: dict[int, ValueSpace] = {}
        self._composed: list[Schema] = []

    def flat(self, schemas: Iterable[Schema], value: Any = None) -> list[Schema]:
        """The schemas, and all that apply to the same value through them, or to ``value``, which may name one."""
        flat: dict[int, Schema] = {}
        left = list(schemas)[::-1]
        while left and len(flat) < _MOST_SCHEMAS:
            schema = left.pop()
            if id(schema) in flat:
                continue
            if SOURCE in schema and ("$ref" not in schema or len(schema) > 2):  # a mere reference says nothing itself
                flat[id(schema)] = schema
            left += reversed(list(self._in_place(schema, value)))
        return list(flat.values())

    def together(self, schema: Schema) -> list[Schema]:
        """The schema, and all that a value has to keep beside it."""
        found: dict[int, Schema] = {}
        left = [schema]
        while left:
            one = left.pop()
            if id(one) not in found:
                found[id(one)] = one
                left += self._conjuncts(one)
        return list(found.values())

    def types(self, schema: Schema) -> frozenset[str]:
        """The JSON types that a schema allows."""
        known = self._known_types.get(id(schema))
        if known is None:
            declared = schema.get("type", TYPES)
            types = frozenset([declared]) if isinstance(declared, str) else frozenset(declared)
            types |= {"integer"} if "number" in types else types
            for one in self._conjuncts(schema):
                types &= self.types(one)
            for keyword in UNIONS:
                if keyword in schema:
                    types &= frozenset[str]().union(*(self.types(one) for one in schema[keyword]))
            known = self._known_types[id(schema)] = types
        return known

    def space(self, schema: Schema) -> ValueSpace:
        """Which values the schema admits, whatever composes it."""
        known = self._known_spaces.get(id(schema))
        if known is None:
            parts = [stated(schema), *map(self.space, self._conjuncts(schema))]
            for keyword in UNIONS:
                if keyword in schema:
                    parts.append(union(self.space(one) for one in schema[keyword]))
            known = self._known_spaces[id(schema)] = intersection(parts)
        return known

    def required(self, schema: Schema) -> dict[str, str]:
        """The members that are required whichever branch applies, and the pointer at which that is said."""
        source = schema.get(SOURCE, "")
        required = {name: join(source, "required", index) for index, name in enumerate(schema.get("required", ()))}
        for one in self._conjuncts(schema):
            required = {**self.required(one), **required}
        for keyword in UNIONS:
            branches = [self.required(one) for one in self._of_type(schema, keyword, "object")]
            if branches:
                always = set(branches[0]).intersection(*branches)
                required = {**{name: branches[0][name] for name in branches[0] if name in always}, **required}
        return required

    def member(self, schema: Schema, name: str) -> Schema | None:
        """What is said of a member by its name; None where nothing is."""
        return self._inside(schema, "object", _member(name))

    def items(self, schema: Schema) -> Schema | None:
        """What is said of every item; None where nothing is."""
        return self._inside(schema, "array", _items)

    def further_members(self, schema: Schema) -> Schema | None:
        """What is said of every member that no name declares; None where nothing is, or not by each branch."""
        certain = self._is_certain(schema, "object", _further_members)
        return self._inside(schema, "object", _further_members) if certain else None

    def as_written(self, schema: Schema) -> dict[str, str]:
        """What a value has to keep that a value space does not hold, by keyword, as texts to be compared."""
        said: dict[str, set[str]] = {}
        for one in self.together(schema):
            for keyword in _BEYOND_SPACES & one.keys() - ({"not"} if excluded_types(one) else set()):
                said.setdefault(keyword, set()).add(json.dumps(self._plain(one[keyword], _DEEPEST), sort_keys=True))
        return {keyword: " and ".join(sorted(texts)) for keyword, texts in said.items()}

    def _plain(self, node: Any, depth: int) -> Any:
        """A part of a schema without annotations, references followed, and ``const`` as a list of one."""
        if isinstance(node, list):
            return [self._plain(one, depth) for one in node]
        if not isinstance(node, Mapping):
            return node
        made = {name: self._plain(one, depth) for name, one in node.items() if name not in (*ANNOTATIONS, "$ref")}
        if "const" in made:
            made.setdefault("enum", [made.pop("const")])
        if "$ref" in node:
            target = self.target(node)
            made["$ref"] = self._plain(target, depth - 1) if depth else target.get(SOURCE, "")
        return made.pop("$ref") if made.keys() == {"$ref"} else made

    def member_is_certain(self, schema: Schema, name: str) -> bool:
        """Whether a member is described whichever branch applies, or the branches can be told apart."""
        return self._is_certain(schema, "object", _member(name))

    def items_are_certain(self, schema: Schema) -> bool:
        """Whether every item is described whichever branch applies."""
        return self._is_certain(schema, "array", _items)

    def branches(self, schema: Schema) -> list[Schema]:
        """The kinds of object of which a value may be one; none where there is one kind alone."""
        for keyword in UNIONS:
            objects = self._of_type(schema, keyword, "object")
            if objects:
                return [inner for one in objects for inner in self.branches(one) or [one]]
        return next((found for one in self._conjuncts(schema) if (found := self.branches(one))), [])

    def _of_type(self, schema: Schema, keyword: str, kind: str) -> list[Schema]:
        """The branches that admit values of a type."""
        return [one for one in schema.get(keyword, ()) if kind in self.space(one)]

    def _conjuncts(self, schema: Schema) -> Iterator[Schema]:
        """The schemas that a value has to keep beside the schema itself."""
        yield from schema.get("allOf", ())
        if "$ref" in schema:
            yield self.target(schema)

    def _in_place(self, schema: Schema, value: Any) -> Iterator[Schema]:
        if "$ref" in schema:
            yield self.target(schema)
        for keyword in IN_PLACE_MANY:
            yield from alternatives(schema, keyword, value)
        for keyword in IN_PLACE_ONE:
            if keyword in schema and keyword != "not":
                yield schema[keyword]
        yield from schema.get("dependentSchemas", {}).values()

    def target(self, schema: Schema) -> Schema:
        """The schema that the ``$ref`` of another one leads to."""
        target: Schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return target

    def _composed_of(self, keyword: str, schemas: Sequence[Schema]) -> Schema | None:
        """The schemas as one, which lives as long as the shape: what is known of schemas is known by identity."""
        if len(schemas) < 2:
            return schemas[0] if schemas else None
        self._composed.append({keyword: schemas})
        return self._composed[-1]

    def _inside(self, schema: Schema, kind: str, of: _Inside) -> Schema | None:
        """What a schema says of what is inside a value of a type, by branch; None where it says nothing of it."""
        parts = [of(schema), *(self._inside(one, kind, of) for one in self._conjuncts(schema))]
        for keyword in UNIONS:
            branches = self._of_type(schema, keyword, kind)
            said = [inside for one in branches if (inside := self._inside(one, kind, of)) is not None]
            parts.append(self._composed_of("anyOf", said))
        conditional = [schema[keyword] for keyword in ("if", "then", "else") if keyword in schema]
        conditional += schema.get("dependentSchemas", {}).values()
        said = [inside for one in conditional if (inside := self._inside(one, kind, of)) is not None]
        parts.append(self._composed_of("anyOf", said))
        return self._composed_of("allOf", [part for part in parts if part is not None])

    def _is_certain(self, schema: Schema, kind: str, of: _Inside) -> bool:
        if of(schema) is not None or any(self._is_certain(one, kind, of) for one in self._conjuncts(schema)):
            return True
        for keyword in UNIONS:
            branches = self._of_type(schema, keyword, kind)
            described = [self._is_certain(one, kind, of) for one in branches]
            closed = [kind == "object" and one.get("additionalProperties") is False for one in branches]
            apart = self._is_named(schema, keyword) or (bool(branches) and self._are_distinguishable(branches))
            if any(described) and (all(map(operator.or_, described, closed)) or apart):
                return True
        return False

    def named(self, schema: Schema, keyword: str) -> Sequence[Schema]:
        """The branches of a union that a discriminator names, or a tag that all require; none where nothing does."""
        said = schema.get(DISCRIMINATOR)
        if said is not None:
            return schema[keyword] if said["union"] == keyword else ()
        branches = self._of_type(schema, keyword, "object")
        return branches if len(branches) > 1 and self._are_distinguishable(branches) else ()

    def _is_named(self, schema: Schema, keyword: str) -> bool:
        """Whether a discriminator always says which of the branches is meant."""
        said = schema.get(DISCRIMINATOR)
        return (
            said is not None
            and said["union"] == keyword
            and (said["default"] is not None or said["propertyName"] in self.required(schema))
        )

    def tags(self, branches: Sequence[Schema]) -> frozenset[str]:
        """The members of which each branch of a union lists values, and no two of them the same."""
        objects = [one for one in branches if "object" in self.space(one)]
        names = {name for schema in self.flat(objects[:1]) for name in schema.get("properties", {})}
        return frozenset(name for name in names if len(objects) > 1 and self._lists_others(objects, name))

    def _are_distinguishable(self, branches: Sequence[Schema]) -> bool:
        """Whether there is but one branch, or they have a tag that all of them require."""
        always = set(self.required(branches[0])).intersection(*map(self.required, branches[1:]))
        return len(branches) < 2 or not always.isdisjoint(self.tags(branches))

    def _lists_others(self, branches: Sequence[Schema], name: str) -> bool:
        """Whether each branch lists the values of a member, and no two list the same."""
        seen: set[str] = set()
        for one in branches:
            member = self.member(one, name)
            alternatives = [] if member is None else list(self.space(member).values())
            lists = [covering(each).listed for each in alternatives]
            if not lists or None in lists:
                return False
            values = {repr(value) for values in lists for value in values or ()}
            if values & seen:
                return False
            seen |= values
        return True


def _member(name: str) -> _Inside:
    return lambda schema: schema.get("properties", {}).get(name)


def _further_members(schema: Schema) -> Schema | None:
    further = schema.get("additionalProperties")
    return further if isinstance(further, Mapping) else None


def _items(schema: Schema) -> Schema | None:
    return schema.get("items")


def describes(schema: Schema, name: str) -> bool:
    """Whether a schema itself says something of a member, by its name or by a pattern."""
    patterns = (expression(pattern) for pattern in schema.get("patternProperties", ()))
    return name in schema.get("properties", {}) or any(one is not None and one.search(name) for one in patterns)

"""Places of a schema that no value can keep: the document contradicts itself there, and no server can do right.

What the value space says is exact. Beside it are looked at: members that are declared or required and not allowed, and
members and items that have to be there and cannot be. Whatever else is said is taken to be something that can be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.composition import UNIONS, Composition, Schema, describes
from batch_conformance.contract.constraints import Constraints
from batch_conformance.contract.keywords import ANNOTATIONS
from batch_conformance.contract.pointer import join
from batch_conformance.contract.value_space import covering
from batch_conformance.message import Message, Template

_NOTHING = Template("impossible.nothing", "nothing is allowed here")()
_NO_TYPE = Template("impossible.types", "its types exclude each other")
_NO_LISTED = Template("impossible.values", "no value that is listed keeps the rest of the schema")
_NO_ALTERNATIVE = Template("impossible.alternatives", "none of its alternatives can hold")
_NO_ALTERNATIVE_AS = Template("impossible.alternatives_because", "none of its alternatives can hold: {why}")
_NO_BOUNDS = Template("impossible.bounds", "its bounds leave no value")
_NO_ITEM = Template("impossible.item", "an item has to be there: {why}")
_TOO_MANY = Template("impossible.members", "{required} members are required, and {most} are allowed")
_NO_MEMBER = Template("impossible.member", "{name} is required: {why}")
_CLOSED = Template("impossible.closed", "it is declared or required, and no further property is allowed beside it")
_DEEPEST = 12


def impossible_places(composition: Composition, places: Mapping[str, Schema]) -> dict[str, Message]:
    """The pointers of the places that nothing can keep, and why; not those inside another one.

    ``places`` are the schemas of all declared places, by pointer. A place that is meant to have no value, by ``false``
    or ``not: {}``, is kept where nothing is there.
    """
    search = _Search(composition)
    found = {pointer: why for pointer, schema in places.items() for pointer, why in search.at(pointer, schema)}
    return {
        pointer: why
        for pointer, why in found.items()
        if not any(pointer != other and pointer.startswith(other + "/") for other in found)
    }


class _Search:
    def __init__(self, composition: Composition) -> None:
        self._composition = composition

    def at(self, pointer: str, schema: Schema) -> Iterator[tuple[str, Message]]:
        """The place at a pointer, if nothing can keep it, and its members that cannot be there, with the reasons."""
        why = self._why(schema, _DEEPEST, inside=False)
        if why and why != _NOTHING:
            yield pointer, why
            return
        together, required = self._composition.together(schema), self._composition.required(schema)
        declared = (name for one in together for name in one.get("properties", ()))
        for name in dict.fromkeys((*declared, *required)):
            member = self._composition.member(schema, name)
            meant = member is not None and self._why(member, 0, inside=False) == _NOTHING
            if why := _forbidden(together, name) or (_NOTHING if meant and name in required else None):
                yield join(pointer, name), why

    def _why(self, schema: Schema, depth: int, *, inside: bool) -> Message | None:
        """Why no value keeps a schema; None where one may. ``inside``: also for members that have to be there."""
        together = self._composition.together(schema)
        if any(_is_nothing(one.get("not")) for one in together):
            return _NOTHING
        if not (space := self._composition.space(schema)):
            return self._why_no_value(schema, together)
        for one in together if depth else ():
            for keyword in UNIONS:
                reasons = [self._why(branch, depth - 1, inside=True) for branch in one.get(keyword, ())]
                if reasons and reasons[0] is not None and all(reasons):
                    return _NO_ALTERNATIVE_AS(why=reasons[0])
        of_kinds = [self._why_no(kind, space[kind], schema, depth, inside=inside) for kind in space]
        return of_kinds[0] if all(of_kinds) else None

    def _why_no_value(self, schema: Schema, together: Sequence[Schema]) -> Message:
        if not self._composition.types(schema):
            return _NO_TYPE()
        if any({"enum", "const"} & one.keys() for one in together):
            return _NO_LISTED()
        unions = any(keyword in one for one in together for keyword in UNIONS)
        return _NO_ALTERNATIVE() if unions else _NO_BOUNDS()

    def _why_no(
        self, kind: str, alternatives: Sequence[Constraints], schema: Schema, depth: int, *, inside: bool
    ) -> Message | None:
        """Why there is no object or array within the bounds of a space; None where there is, and for other kinds."""
        bounds, together = covering(alternatives), self._composition.together(schema)
        if kind == "array" and bounds.least and bounds.least > _described_apart(together) and depth:
            items = self._composition.items(schema)
            why = self._why(items, depth - 1, inside=True) if items is not None else None
            return _NO_ITEM(why=why) if why else None
        required = self._composition.required(schema) if kind == "object" else {}
        if bounds.most is not None and len(required) > bounds.most:
            return _TOO_MANY(required=len(required), most=bounds.most)
        for name in required if inside and depth else ():
            member = self._composition.member(schema, name)
            below = self._why(member, depth - 1, inside=True) if member is not None else None
            if why := _forbidden(together, name) or below:
                return _NO_MEMBER(name=name, why=why)
        return None


def _forbidden(together: Sequence[Schema], name: str) -> Message | None:
    """Why a member that is declared or required cannot be there; None where it can."""
    if any(one.get("additionalProperties") is False and not describes(one, name) for one in together):
        return _CLOSED()
    return None


def _described_apart(together: Sequence[Schema]) -> int:
    """How many first items have schemas of their own: ``items`` says nothing of those (JSON Schema 2020-12)."""
    return max((len(one.get("prefixItems", ())) for one in together), default=0)


def _is_nothing(schema: Any) -> bool:
    """Whether a schema is kept by every value, so that ``not`` leaves none."""
    return isinstance(schema, Mapping) and schema.keys() <= ANNOTATIONS

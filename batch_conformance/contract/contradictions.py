"""Tells of the places of a response's schema that no value can keep, each once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import BODY_OF, DocumentFinding, finding
from batch_conformance.contract.schema import Schema
from batch_conformance.message import Template

_NO_VALUE = Template("document.impossible.says", "{place}: no value keeps this: {why}")
_LISTED = re.compile(r"(/(allOf|anyOf|oneOf)/\d+|/items)*/(enum|x-known-values)/\d+")
_OF_A_VALUE = "document.enum_invalid"
_OF_BOUNDS = "document.bounds_impossible"


def check_satisfiable(document: Document, schema: Schema, status: str) -> Iterator[DocumentFinding]:
    """A finding for each place in the body of a status that nothing can keep."""
    sources = {place.pointer: place.source for place in schema.properties}
    for pointer, why in schema.impossible.items():
        around = pointer
        while around and around not in sources:
            around = around.rpartition("/")[0]
        source = sources.get(around, schema.pointer)
        says = _NO_VALUE(place=pointer or BODY_OF(status=status), why=why)
        suffix = pointer[len(around) :]
        yield finding(document, "impossible", source, says, predicts=((status, pointer),), suffix=suffix)


def without_consequences(found: Sequence[DocumentFinding]) -> Iterator[DocumentFinding]:
    """The findings without those that say of a part what another one says of the whole.

    Bounds that exclude each other are told as such; where no value of a list can be kept, not each of them is told.
    """
    whole = [one.pointer for one in found if one.rule == "document.impossible"]
    of_bounds = {one.pointer.rpartition("/")[0] for one in found if one.rule == _OF_BOUNDS}
    for one in found:
        listed = one.rule == _OF_A_VALUE and any(_is_listed_at(one.pointer, place) for place in whole)
        bounds = one.rule == "document.impossible" and one.pointer in of_bounds
        if not listed and not bounds:
            yield one


def _is_listed_at(pointer: str, place: str) -> bool:
    """Whether a pointer leads to a value of an enumeration of a schema, or of what applies to the same value."""
    return pointer.startswith(place + "/") and _LISTED.fullmatch(pointer[len(place) :]) is not None

"""The parameter of a path: which ids its schema admits, and which ones the document shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from batch_conformance.contract.location import Location
from batch_conformance.contract.schema import Schema

_NARROWING = frozenset(
    {"enum", "const", "pattern", "format", "minLength", "maxLength", "not", "if", "allOf", "anyOf", "oneOf"}
)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,39})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True)
class PathParameter:
    """A parameter of a path. ``shown`` are the values that the document gives as examples or lists, as texts."""

    name: str
    location: Location
    schema: Schema = field(repr=False)
    shown: tuple[str, ...] = ()

    @cached_property
    def narrows(self) -> bool:
        """Whether the schema asks for more than a string."""
        place = self.schema.properties[0]
        return "string" not in place.types or bool(place.keywords & _NARROWING)

    def admits(self, text: str) -> bool:
        """Whether a decoded path segment stands for a value of the schema, in the style ``simple``.

        A text may stand for a string, a number or a boolean, whichever the schema has.
        """
        return not self.narrows or any(self.schema.is_valid(value) for value in meant_by(text))

    @property
    def numbers_only(self) -> bool:
        """Whether every id is a number: then short ones are given out in turn."""
        return self.schema.properties[0].types <= {"integer", "number", "null"}


def meant_by(text: str) -> Iterator[Any]:
    """The scalars that a decoded text of a URL may stand for: itself, and a number or a boolean that it spells."""
    yield text
    if _INTEGER.fullmatch(text):
        yield int(text)
    elif _NUMBER.fullmatch(text):
        yield float(text)
    elif text in ("true", "false"):
        yield text == "true"

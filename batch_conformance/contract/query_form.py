"""How a query writes the value of a parameter: the styles of OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from batch_conformance.contract.parameter import meant_by

_SEPARATORS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
"""What separates the items of an array that is not exploded, by the style, in the decoded text."""
_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "on", "t", "y"), True),
    **dict.fromkeys(("false", "0", "no", "off", "f", "n"), False),
}
_MOST_READINGS = 64
"""Ways of reading the items of one array that are tried: each item may stand for a text or a number."""


@dataclass(frozen=True)
class QueryForm:
    """How a parameter of a query is written.

    ``types`` are those that its schema admits, ``style`` and ``explode`` as in OpenAPI's Parameter Object (3.1.1
    section 4.8.12.2), ``is_json`` is whether its value is the text of a JSON value (``content``), ``allows_empty`` its
    ``allowEmptyValue``.
    """

    types: frozenset[str]
    style: str = "form"
    explode: bool = True
    is_json: bool = False
    allows_empty: bool = False

    def meant(self, texts: Sequence[str]) -> Iterator[Any]:
        """The values that the decoded texts of one parameter may stand for, those of its repetitions together.

        How anything but a string is written is left to implementations (OpenAPI 3.1.1, appendix B), so that each way of
        writing a boolean or null that servers are known to take is one.
        """
        if self.is_json:
            yield from _parsed(texts)
            return
        if len(texts) == 1:
            yield from self._of_scalar(texts[0])
        if "array" in self.types:
            yield from self._of_array(texts)

    def is_undefined(self, texts: Sequence[str]) -> bool:
        """Whether OpenAPI leaves open what these texts stand for.

        The members of an exploded object are parameters of their own names, and those of a ``deepObject`` have the
        name before brackets; what a text in the place of an object is, nothing says.
        """
        return (self.allows_empty and not any(texts)) or ("object" in self.types and not self.is_json)

    def _of_scalar(self, text: str) -> Iterator[Any]:
        yield from meant_by(text)
        if "boolean" in self.types and text.lower() in _BOOLEANS:
            yield _BOOLEANS[text.lower()]
        if "null" in self.types and text.lower() in ("", "null", "none"):
            yield None

    def _of_array(self, texts: Sequence[str]) -> Iterator[list[Any]]:
        separator = "" if self.explode else _SEPARATORS.get(self.style, "")
        items = [part for text in texts for part in (text.split(separator) if separator else (text,))]
        if items == [""]:
            yield []
        yield from map(list, islice(product(*(list(meant_by(item)) for item in items)), _MOST_READINGS))


def _parsed(texts: Sequence[str]) -> Iterator[Any]:
    for text in texts if len(texts) == 1 else ():
        try:
            yield json.loads(text)
        except ValueError:
            continue

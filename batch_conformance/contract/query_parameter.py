"""A parameter of the query of an operation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from batch_conformance.contract.parameter import PathParameter
from batch_conformance.contract.query_form import QueryForm


@dataclass(frozen=True)
class QueryParameter(PathParameter):
    """A parameter of a query. ``style``, ``explode``, ``is_json`` and ``allows_empty`` are those of its form."""

    required: bool = False
    style: str = "form"
    explode: bool = True
    is_json: bool = False
    allows_empty: bool = False

    @cached_property
    def form(self) -> QueryForm:
        """How its values are written."""
        types = frozenset(self.schema.properties[0].types)
        return QueryForm(types, self.style, self.explode, self.is_json, self.allows_empty)

    def admits(self, text: str, *more: str) -> bool:
        """Whether decoded texts, the values of all its repetitions, stand for a value of the schema."""
        texts = (text, *more)
        if not self.narrows or self.form.is_undefined(texts):
            return True
        return any(self.schema.is_valid(value) for value in self.form.meant(texts))

    @property
    def default(self) -> Any:
        """The value that holds where none is given; None where the document says none."""
        return self.schema.annotation("default")[0]

    @property
    def value(self) -> str:
        """A value that the schema admits: the first that the document shows, or else a plain one."""
        plain = ("1", "a", "true")
        return next((text for text in (*self.shown, *plain) if self.admits(text)), "a")

"""A parameter of the query of an operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.parameter import PathParameter


@dataclass(frozen=True)
class QueryParameter(PathParameter):
    """A parameter of a query. A value of one is a text, as that of a path is, whatever its schema makes of it."""

    required: bool = False

    @property
    def default(self) -> Any:
        """The value that holds where none is given; None where the document says none."""
        return self.schema.annotation("default")[0]

    @property
    def value(self) -> str:
        """A value that the schema admits: the first that the document shows, or else a plain one."""
        plain = ("1", "a", "true")
        return next((text for text in (*self.shown, *plain) if self.admits(text)), "a")

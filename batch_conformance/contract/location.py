"""Where a statement of the contract stands: a file, a line and a JSON pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["document", "overlay", "repair", "standard"]
"""Who says it: the published document, an overlay, a self-check repair, or a standard such as RFC 9110."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a contract file.

    ``file`` is the name shown to people (relative where possible), ``line`` counts from 1 (0: not known),
    ``pointer`` is an RFC 6901 JSON pointer into that file.
    """

    file: str
    line: int
    pointer: str = ""
    origin: Origin = "document"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

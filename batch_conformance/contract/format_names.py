"""Checks the names of the formats that a document gives to its values."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import DocumentFinding, finding
from batch_conformance.contract.formats import ANNOTATIONS, CHECKED, is_known
from batch_conformance.contract.pointer import join
from batch_conformance.contract.samples import Use
from batch_conformance.contract.translate import resolve
from batch_conformance.contract.violation import listed

_LIKE = 0.75
"""How alike a name must be to one that is defined for the latter to be told beside it."""


def check_formats(document: Document, uses: Sequence[Use]) -> Iterator[DocumentFinding]:
    """A finding for each format that nobody defines, at its first place, with how many schemas have it."""
    places: dict[str, dict[str, Use]] = {}
    for use in uses:
        node = resolve(document.data, use.pointer)
        name = node.get("format") if isinstance(node, dict) else None
        if isinstance(name, str) and not is_known(name):
            places.setdefault(name, {}).setdefault(use.pointer, use)
    for name, of_name in places.items():
        first, *others = of_name.values()
        says = f"{first.name}: nobody defines the format {listed([name])}"
        says += f", which stands in {len(others)} more" if others else ""
        near = difflib.get_close_matches(name.lower(), sorted(CHECKED.keys() | ANNOTATIONS), n=1, cutoff=_LIKE)
        says += f"; there is {near[0]}" if near else ""
        yield finding(document, "format_unknown", join(first.pointer, "format"), says, suffix=name)

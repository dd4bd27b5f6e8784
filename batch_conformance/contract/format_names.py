"""Checks the names of the formats that a document gives to its values."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import DocumentFinding, finding
from batch_conformance.contract.formats import ANNOTATIONS, CHECKED, is_known
from batch_conformance.contract.pointer import join
from batch_conformance.contract.samples import SampleUse
from batch_conformance.contract.translate import resolve
from batch_conformance.contract.violation import listed
from batch_conformance.message import Template

_UNKNOWN = Template("document.format_unknown.says", "{place}: nobody defines the format {format}")
_MORE = Template("document.format_unknown.more", "{said}, which stands in {number} more")
_NEAR = Template("document.format_unknown.near", "{said}; there is {format}")

_LIKE = 0.75
"""How alike a name must be to one that is defined for the latter to be told beside it."""


def check_formats(document: Document, uses: Sequence[SampleUse]) -> Iterator[DocumentFinding]:
    """A finding for each format that nobody defines, at its first place, with how many schemas have it."""
    places: dict[str, dict[str, SampleUse]] = {}
    for use in uses:
        node = resolve(document.data, use.pointer)
        name = node.get("format") if isinstance(node, dict) else None
        if isinstance(name, str) and not is_known(name):
            places.setdefault(name, {}).setdefault(use.pointer, use)
    for name, of_name in places.items():
        first, *others = of_name.values()
        says = _UNKNOWN(place=first.name, format=listed([name]))
        if others:
            says = _MORE(said=says, number=len(others))
        if near := difflib.get_close_matches(name.lower(), sorted(CHECKED.keys() | ANNOTATIONS), n=1, cutoff=_LIKE):
            says = _NEAR(said=says, format=near[0])
        yield finding(document, "format_unknown", join(first.pointer, "format"), says, suffix=name)

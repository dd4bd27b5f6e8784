"""Takes customers' values out of what findings say; types and places stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from batch_conformance.findings.finding import Finding
from batch_conformance.message import MASKED, Message, Text

_VALUE = re.compile(r'^(string|integer|number|boolean) .*|^".*', re.DOTALL)


def mask_findings(findings: Iterable[Finding], pointers: Collection[str]) -> tuple[Finding, ...]:
    """The findings, those at or below one of ``pointers`` (RFC 6901, ``*`` for any index) without the values seen."""
    return tuple(_masked(finding) if _is_below(finding.pointer, pointers) else finding for finding in findings)


def _is_below(pointer: str, pointers: Collection[str]) -> bool:
    return any(pointer == place or pointer.startswith(place + "/") for place in pointers)


def _masked(finding: Finding) -> Finding:
    expected = finding.expected
    if isinstance(expected, str) and expected.endswith("as read before"):
        expected = "the value read before"
    return replace(finding, expected=_without_value(expected), observed=_without_value(finding.observed))


def _without_value(text: Text) -> Text:
    if isinstance(text, Message):
        return text.masked()
    match = _VALUE.match(text)
    return text if match is None else f"{match[1]} {MASKED}" if match[1] else MASKED

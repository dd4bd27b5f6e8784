"""NDJSON of exchanges, which ``schemas/exchange.schema.json`` describes: what all other formats are read as."""

from __future__ import annotations

import re

from batch_conformance.recorded.formats.format import Head, RecordingFormat

_BEGUN = re.compile(rb'\{[^\n]{0,4096}?"request"\s*:\s*\{')
"""A line that is longer than the beginning of the file."""


def _recognises(head: Head) -> bool:
    if any(isinstance(values.get("request"), dict) and "url" in values["request"] for values in head.objects):
        return True
    return not head.is_whole and not head.lines and _BEGUN.match(head.text) is not None


NDJSON = RecordingFormat("ndjson", "NDJSON of exchanges", _recognises)
"""Neither ``of_line`` nor ``of_file``: a line stands for itself."""

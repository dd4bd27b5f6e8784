"""All formats, and the one that a file is in."""

from __future__ import annotations

from batch_conformance.message import Message, Template
from batch_conformance.recorded.formats.envoy import ENVOY
from batch_conformance.recorded.formats.foreign import likely_name
from batch_conformance.recorded.formats.format import Head, RecordingFormat
from batch_conformance.recorded.formats.har import HAR
from batch_conformance.recorded.formats.kong import KONG
from batch_conformance.recorded.formats.mitmproxy import MITMPROXY
from batch_conformance.recorded.formats.ndjson import NDJSON
from batch_conformance.recorded.formats.nginx import NGINX
from batch_conformance.recorded.formats.otlp import OTLP
from batch_conformance.recorded.formats.parquet import PARQUET
from batch_conformance.recorded.formats.vcr import VCR

FORMATS: tuple[RecordingFormat, ...] = (
    PARQUET,
    HAR,
    MITMPROXY,
    ENVOY,
    OTLP,
    VCR,
    KONG,
    NDJSON,
    NGINX,
)
"""In the order in which they are tried: what is told by its first bytes before what any JSON may look like."""

BY_NAME = {known.name: known for known in FORMATS}


_LOOKS_LIKE = Template("recording.looks_like", "this looks like {what}")
_IN_NO_FORMAT = Template(
    "recording.in_no_format", "this looks like {what} in none of the formats of recordings ({formats})"
)
_JSON_DOCUMENT = Template("recording.json_document", "a JSON document")
_TEXT = Template("recording.text", "text")


class NoRecordingError(ValueError):
    """A file that is in none of the formats; ``message`` says what it looks like, as far as that is known."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def recognised(head: Head, path: str, *, may_go_on: bool = False) -> RecordingFormat:
    """The format of a file, by its beginning. Raises ``NoRecordingError`` for what is in none.

    What is no exchange is skipped in NDJSON, so a long text of which the beginning tells nothing, and one that
    ``may_go_on`` because it comes from a pipe, is taken for that.
    """
    for known in FORMATS:
        if known.recognises(head):
            return known
    if not head.text:
        return NDJSON
    name = likely_name(head, path)
    if name and not (may_go_on and len(head.lines) < 3 and not head.is_binary):
        raise NoRecordingError(_LOOKS_LIKE(what=name))
    of_lines = len(head.objects) > 1 or head.text[:1] not in b"[{"
    if may_go_on or (of_lines and not head.is_whole):
        return NDJSON
    what = _JSON_DOCUMENT if head.text[:1] in b"[{" else _TEXT
    raise NoRecordingError(_IN_NO_FORMAT(what=what(), formats=", ".join(BY_NAME)))

"""A received request and what the mock made of it, for drifts to decide by."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from batch_conformance.mock.list_spec import ListSpec
from batch_conformance.mock.message import ParsedRequest, Reply
from batch_conformance.mock.sample_batches import Batch

if TYPE_CHECKING:
    from batch_conformance.mock.batch_api import ReceivedCall

Place = Literal["operation", "undecodable", "list", "item", "call", "result", "outside"]
"""What the path of a request is; see ``ReceivedRequest``."""

Credential = Literal["valid", "missing", "malformed", "wrong"]
"""missing: no Authorization, an empty one, or no token in it. malformed: not ``Bearer`` and one token. wrong: another
token than the key."""

_TOKEN68 = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PREFERRED_CODE = re.compile(rb'\s*code\s*=\s*"?([0-9]{3})"?\s*(?:;.*)?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request on its way through the mock.

    ``place`` says whether the path is an instance of the operation, one whose id cannot be decoded, that of a list or
    of an item of one, or none; ``listed`` is the list then. A ``call`` is one of those beside the GETs, and ``called``
    which; a ``result`` is a signed URL. ``asked`` is the id that the path decodes to, ``batch``
    the batch that has it. ``forced`` is the status that the client asked for. ``number`` counts the mock's requests
    and ``reads`` the authorised GETs of this batch, both from 1 and this one included; ``tries`` the requests that had
    the value of Authorization that this one has. ``batches`` is all that the
    mock has.
    """

    request: ParsedRequest
    credential: Credential
    place: Place
    asked: str | None
    batch: Batch | None
    forced: int | None
    number: int
    reads: int
    batches: tuple[Batch, ...]
    answer: Callable[[ReceivedRequest], Reply]
    key: str = field(default="", repr=False)
    tries: int = 1
    listed: ListSpec | None = None
    called: ReceivedCall | None = None

    @property
    def reading(self) -> bool:
        """Whether it is a GET or a HEAD of a path that has an id."""
        return self.place == "operation" and self.request.method in ("GET", "HEAD")

    def authorised(self) -> Reply:
        """What the conforming mock would answer to the same request with the right key."""
        return self.answer(replace(self, credential="valid"))

    def refused(self) -> Reply:
        """What the conforming mock would answer to the same request with another key."""
        return self.answer(replace(self, credential="wrong"))

    def is_key(self, presented: bytes) -> bool:
        """Whether this is the key itself."""
        return presented.strip() == self.key.encode()

    def resembles(self, presented: bytes) -> bool:
        """Whether this begins like the key and is not shorter by more than a character."""
        key = self.key.encode()
        return presented[: len(key) - 1] == key[:-1]

    def showing(self, batch: Batch) -> Reply:
        """What the conforming mock would answer if this batch had been asked for."""
        return self.answer(replace(self, credential="valid", place="operation", asked=batch.id, batch=batch))


def credential_of(request: ParsedRequest, key: str) -> Credential:
    """What a request presents. Only ``Authorization`` counts, and the scheme has no case (RFC 9110 section 11.1)."""
    values = request.header_all(b"authorization")
    if len(values) > 1:
        return "malformed"
    scheme, _, token = values[0].strip().partition(b" ") if values else (b"", b"", b"")
    token = token.strip()
    if scheme.lower() in (b"", b"bearer") and not token:
        return "missing"
    if scheme.lower() != b"bearer":
        return "malformed"
    if token == key.encode():
        return "valid"
    return "wrong" if _TOKEN68.fullmatch(token) else "malformed"


def segment_of(path: bytes, before: str) -> bytes | None:
    """The undecoded id in ``{before}/{id}``, or None where the path is no instance of it."""
    start = before.encode() + b"/"
    segment = path[len(start) :]
    return segment if path.startswith(start) and segment and b"/" not in segment else None


def decode_segment(segment: bytes) -> str | None:
    """What a segment decodes to, percent escapes undone once; None for a broken escape or bytes that are no UTF-8."""
    if _BROKEN_ESCAPE.search(segment):
        return None
    try:
        return _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), segment).decode()
    except UnicodeDecodeError:
        return None


def preferred_status(request: ParsedRequest) -> int | None:
    """The status in ``Prefer: code=404`` (RFC 7240; the convention is that of API mocks), or None."""
    for value in request.header_all(b"prefer"):
        for preference in value.split(b","):
            found = _PREFERRED_CODE.fullmatch(preference)
            if found:
                return int(found[1])
    return None

"""Probe, request, response and exchange: what was asked for, what was sent and what came back.

All of it immutable. The key never gets in here: the target replaces it while it records, and notes in
``Exchange.reflections`` where the server had sent it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from batch_conformance.message import Message

Headers = tuple[tuple[str, str], ...]

WireNotes = tuple[tuple[str, str], ...]
"""What was seen of a response beside its fields: a ``wire_notes.NoteKind``, and what goes with it."""

Subject = Literal["known", "equivalent", "unknown", "neighbour", "hostile", "outside", "recorded"]
"""What the id of a probe is to the server.

known: given by the user or made by the mock. equivalent: another RFC 3986 spelling of a known one. unknown: a plain id
that nobody has. neighbour: unknown, but close to a known one. hostile: an id no client means well with. outside: the
path is no instance of the operation's template at all (an empty id, a further slash).
recorded: in recorded traffic, an id of which nobody knows whether anybody has it.
"""

FailureKind = Literal["dns", "refused", "tls", "timeout", "reset", "protocol", "too_large"]


BATCHES = "batches"
"""The chapter of what makes files and batches, and follows them: each is made of the answer to the one before, so none
is in a plan."""
RECORDED = "recorded"
"""The chapter of what no suite sent."""

ODD_REQUESTS = "odd_requests"
"""The chapter of requests of which a server may refuse each in any way, or close the connection at it."""

BESIDE_THE_PLAN = "beside_the_plan"
"""The chapter, in a recording, of requests that a run sent after its plan and does not judge with the others."""

SESSION_COOKIE = "{session}"
"""The value of a ``Cookie`` that stands for the cookies which this server has set before; the target puts them in."""

BASE_PATH = "{base}"
"""In the value of a header, what stands for the path of the base URL; the target puts it in."""

UNKNOWN_QUERY = "unknown_parameter=1"
"""A query string that no operation has: a server ignores it, or refuses it as the document has refusals."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request with an intent.

    ``path`` follows the base URL, percent-encoded exactly as it goes on the wire. ``batch_id`` is what the path
    parameter decodes to (None where there is none). ``chapter`` and ``name`` are stable words, never random data.
    ``credential`` names a kind of ``probes.credentials``. ``wait`` is how many seconds must have passed since the last
    probe that had one, or since the first request: time that a batch has to move on, which others may use.
    """

    chapter: str
    name: str
    path: str
    batch_id: str | None
    subject: Subject
    method: str = "GET"
    headers: Headers = ()
    query: str = ""
    credential: str = "valid"
    forced_status: int | None = None
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request as sent. The credential's value stands as ``[redacted]`` in ``url`` and ``headers``.

    ``body`` is what was sent after them: only requests that make something have one.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, its name taken without regard to case."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """A response as received, header order and case kept.

    ``body`` is decoded from its Content-Encoding and cut at the target's limit (``truncated``). ``wire_size`` is
    the number of body bytes on the wire; ``decode_error`` says why a Content-Encoding could not be undone. ``trailing``
    counts bytes that came after the end of the message: a body longer than its Content-Length, or one to a HEAD.
    ``headers_complete`` is false where a recorder kept none of the headers: what is not there may have been sent.
    ``wire_notes`` is None where nobody looked at the bytes of the head, as in traffic that somebody else recorded.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    http_version: str = "1.1"
    wire_size: int = 0
    truncated: bool = False
    decode_error: Message | None = None
    trailing: int = 0
    headers_complete: bool = True
    wire_notes: WireNotes | None = None

    def header(self, name: str) -> str | None:
        """The first value of a header, its name taken without regard to case."""
        return _first(self.headers, name)

    def header_all(self, name: str) -> tuple[str, ...]:
        """Every value of a header in order."""
        wanted = name.lower()
        return tuple([value for key, value in self.headers if key.lower() == wanted])


@dataclass(frozen=True, slots=True)
class Failure:
    """Why no complete response came. ``detail`` says it to people."""

    kind: FailureKind
    detail: Message


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its outcome: a response, or a failure.

    ``number`` is the probe's place in the plan, counted from 0, ``attempt`` counts retries from 0; together they
    name the exchange. ``final`` is false where a retry followed. ``started_at`` is Unix seconds, ``elapsed`` seconds.
    ``reflections`` lists where the server sent the key back: ``body``, or ``header NAME``. ``source`` is the place in
    the recording, for people (``traffic.ndjson:17``); empty for what was not read from one.
    """

    number: int
    probe: Probe
    request: Request
    response: Response | None = None
    failure: Failure | None = None
    attempt: int = 0
    final: bool = True
    started_at: float = 0.0
    elapsed: float = 0.0
    reflections: tuple[str, ...] = ()
    source: str = field(default="", compare=False)

    @property
    def status(self) -> int | None:
        """The status code, or None where no response came."""
        return self.response.status if self.response else None

    @property
    def order(self) -> tuple[int, int]:
        """Sorts exchanges as planned, whatever order or process they were sent in."""
        return (self.number, self.attempt)


def _first(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None

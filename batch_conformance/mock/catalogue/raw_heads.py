"""Drifts and conforming variants of heads as bytes, and of one head beside those before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zlib import crc32

from batch_conformance.mock.changes import at_rest, to_status, to_success, with_wire
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_LINES = "response.head_lines"
_CLOCK = "response.dates_contradict"
_HOUR = 3600


def _to_all(change: Callable[[Reply], Reply]) -> Apply:
    return lambda _, reply: change(reply)


def _growing(name: str, value: str, *, joined: bool = False) -> Apply:
    """A field with one value more in each reply of a connection."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        values = [value.replace("{}", str(turn)) for turn in range(1, received.request.turn + 1)]
        fields = [", ".join(values)] if joined else values
        return replace(reply, headers=(*reply.headers, *((name, field) for field in fields)))

    return apply


def _tagged(tag: Callable[[ReceivedRequest, Reply], str]) -> Apply:
    """An entity tag on each batch."""
    return lambda received, reply: (
        reply.with_header("ETag", tag(received, reply)) if reply.status == 200 and received.batch is not None else reply
    )


def _shifted(which: Callable[[ReceivedRequest], bool], seconds: int) -> Apply:
    """A Date that is so many seconds away, in some replies."""
    return lambda received, reply: with_wire(date_shift=seconds)(reply) if which(received) else reply


DRIFTS: tuple[Drift, ...] = (
    Drift("folded_type", "Content-Type goes on in a second line", _LINES, "", "", "RFC 9112 section 5.2", "wire",
          to_success(with_wire(folded=frozenset({"content-type"})))),
    Drift("folded_challenge", "the challenge goes on in a second line", _LINES, "", "", "RFC 9112 section 5.2", "wire",
          to_status(401, with_wire(folded=frozenset({"www-authenticate"})))),
    Drift("folded_cache_control", "Cache-Control goes on in a second line", _LINES, "", "", "RFC 9112 section 5.2",
          "wire", _to_all(with_wire(folded=frozenset({"cache-control"})))),
    Drift("bare_line_feeds", "the lines of heads end with LF alone", _LINES, "", "", "RFC 9112 section 2.2", "wire",
          _to_all(with_wire(line_end="\n"))),
    Drift("bare_line_feeds_404", "the lines of a 404 end with LF alone", _LINES, "", "", "RFC 9112 section 2.2", "wire",
          to_status(404, with_wire(line_end="\n"))),
    Drift("chunked_in_1_0", "chunks are sent under HTTP/1.0", "response.framing", "", "", "RFC 9112 section 6.1", "wire",
          to_success(with_wire(framing="chunked", version="1.0"))),
    Drift("chunked_in_1_0_errors", "errors are chunked under HTTP/1.0", "response.framing", "", "",
          "RFC 9112 section 6.1", "wire", to_status(404, with_wire(framing="chunked", version="1.0"))),
    Drift("request_ids_pile_up", "each answer has the request ids of those before", "response.fields_accumulate", "", "",
          "RFC 9110 section 3.3", "text", _growing("X-Request-Id", "req_{}")),
    Drift("cookies_pile_up", "each answer sets the cookies of those before", "response.fields_accumulate", "", "",
          "RFC 9110 section 3.3", "text", _growing("Set-Cookie", "s{}=1; Path=/")),
    Drift("vary_piles_up", "Vary has one Origin more in each answer", "response.fields_accumulate", "", "",
          "RFC 9110 section 3.3", "text", _growing("Vary", "Origin", joined=True)),
    Drift("two_clocks", "one of two replicas is an hour behind", _CLOCK, "", "", "RFC 9110 section 6.6.1", "wire",
          _shifted(lambda received: received.number % 2 == 0, -_HOUR)),
    Drift("two_clocks_by_connection", "every second connection reaches a replica that is ten minutes ahead", _CLOCK,
          "", "", "RFC 9110 section 6.6.1", "wire",
          _shifted(lambda received: received.request.connection % 2 == 0, 600)),
    Drift("clocks_near", "every second connection reaches a replica that is four minutes ahead", "", "", "",
          "RFC 9110 section 5.6.7: the clock of Date is an approximation", "wire",
          _shifted(lambda received: received.request.connection % 2 == 0, 240), "conforms", "variant"),
    Drift("clock_behind", "the server's clock is a day behind", "response.clock", "", "", "RFC 9110 section 6.6.1",
          "wire", _shifted(lambda _: True, -24 * _HOUR), "conforms"),
    Drift("unfinished_chunks", "the chunks of batches never end", "response.framing", "", "", "RFC 9112 section 7.1",
          "wire", to_success(with_wire(framing="chunked", unfinished=True)), silent=True),
    Drift("length_too_long", "the Content-Length of batches is too long, and nothing more comes", "response.framing",
          "", "", "RFC 9112 section 6.3", "wire",
          to_success(lambda reply: with_wire(content_length=len(reply.body) + 8)(reply)), silent=True),
    Drift("unfinished_chunks_404", "the chunks of a 404 never end", "response.framing", "", "", "RFC 9112 section 7.1",
          "wire", to_status(404, with_wire(framing="chunked", unfinished=True)), silent=True),
    Drift("unfinished_401", "the chunks of a 401 never end", "response.framing", "", "", "RFC 9112 section 7.1",
          "wire", to_status(401, with_wire(framing="chunked", unfinished=True)), silent=True),
    Drift("length_too_long_completed", "the Content-Length of completed batches is too long", "response.framing",
          "", "", "RFC 9112 section 6.3", "wire",
          to_success(lambda reply: with_wire(content_length=len(reply.body) + 8)(reply), at_rest("completed")),
          silent=True),
    Drift("tag_of_the_id", "a strong ETag is made of the id alone", "stability.tag_reused", "200", "",
          "RFC 9110 section 8.8.1", "text",
          _tagged(lambda received, _: f'"{received.batch.id if received.batch else 0}"')),
    Drift("tag_of_all", "all batches have one strong ETag", "stability.tag_reused", "200", "", "RFC 9110 section 8.8.1",
          "text", _tagged(lambda _, __: '"33a64df5"')),
)  # fmt: skip
"""Drifts of heads as bytes."""

VARIANTS: tuple[Drift, ...] = (
    Drift("cookies_of_two_backends", "every second answer sets one cookie more", "", "", "", "RFC 6265 section 3",
          "text", lambda received, reply: replace(
              reply, headers=(*reply.headers, *(("Set-Cookie", f"lb{n}=1") for n in range(received.number % 2 + 1)))),
          "conforms", "variant"),
    Drift("clock_some_seconds_off", "replicas disagree by some seconds", "", "", "", "RFC 9110 section 6.6.1", "wire",
          _shifted(lambda received: received.number % 2 == 0, -20), "conforms", "variant"),
    Drift("old_answers_of_one_batch", "the answers of completed batches come out of a cache of the origin's", "", "",
          "", "RFC 9111 section 4.2.3", "text",
          to_success(lambda reply: replace(reply.with_header("Age", "40"), wire=replace(reply.wire, date_shift=-40))
                     .with_header("Cache-Control", "private, max-age=60"), at_rest("completed")),
          "conforms", "variant"),
    Drift("http_1_0_until_close", "bodies of HTTP/1.0 end with the connection", "", "", "", "RFC 9112 section 6.3",
          "wire", _to_all(with_wire(framing="close", version="1.0")), "conforms", "variant"),
    Drift("clock_replayed", "recorded answers are played back with their Dates", "", "", "", "RFC 9110 section 6.6.1",
          "text", to_success(lambda reply: reply.with_header("Date", "Tue, 11 Mar 2025 10:00:00 GMT")),
          "conforms", "variant"),
    Drift("tags_of_bodies", "a strong ETag is made of the bytes", "", "", "", "RFC 9110 section 8.8.1", "text",
          _tagged(lambda _, reply: f'"{crc32(reply.body):x}"'), "conforms", "variant"),
    Drift("weak_tags_of_ids", "a weak ETag is made of the id alone", "", "", "", "RFC 9110 section 8.8.1", "text",
          _tagged(lambda received, _: f'W/"{received.batch.id if received.batch else 0}"'), "conforms", "variant"),
    Drift("tags_of_requests", "each answer has a strong ETag of its own", "", "", "", "RFC 9110 section 8.8.3", "text",
          _tagged(lambda received, _: f'"{received.number}"'), "conforms", "variant"),
    Drift("chunk_extensions", "chunks have extensions", "", "", "", "RFC 9112 section 7.1.1", "wire",
          _to_all(with_wire(framing="chunked", chunk_extension=b';ieof="1"')), "conforms", "variant"),
    Drift("stale_answers", "a cache serves stale answers of completed batches", "", "", "", "RFC 9111 section 4.2.4",
          "text", to_success(lambda reply: reply.with_header("Cache-Control", "private, max-age=60, stale-if-error=600")
                             .with_header("Age", "400").with_header("Warning", '110 - "Response is Stale"'),
                             at_rest("completed")), "conforms", "variant"),
    Drift("gzip_by_its_old_name", "compressed bodies are said to be x-gzip", "", "", "", "RFC 9110 section 8.4.1.3",
          "wire", lambda _, reply: reply.with_header("Content-Encoding", "x-gzip")
          if reply.header("content-encoding") == "gzip" else reply, "conforms", "variant"),
    Drift("ranges_offered", "ranges are offered, and whole bodies sent", "", "", "", "RFC 9110 section 14.3", "text",
          to_success(lambda reply: reply.with_header("Accept-Ranges", "bytes")), "conforms", "variant"),
    Drift("guard_cookies", "a bot guard sets a cookie with each answer", "", "", "", "RFC 6265 section 3", "text",
          lambda received, reply: replace(reply, headers=(*reply.headers, (
              "Set-Cookie", f"__cf_bm=a{received.number}.b-1.0.1.1; path=/; HttpOnly; Secure; SameSite=None"))),
          "conforms", "variant"),
)  # fmt: skip
"""Other heads, none of which may be accused."""

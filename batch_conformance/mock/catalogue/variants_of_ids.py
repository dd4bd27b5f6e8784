"""Conforming variants: other ways to refuse odd ids, paths and queries, none of which may be accused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from batch_conformance.mock import pages
from batch_conformance.mock.changes import NGINX, TEXT, answering, saying, sending, to_unknown, with_wire
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_9110 = "RFC 9110 section "
_LONGEST = 255
_PAGE = sending(NGINX, "text/html")


def _is_plain(asked: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._~-]*", asked) is not None


def _where(when: Callable[[ReceivedRequest], bool], change: Callable[[Reply], Reply]) -> Apply:
    """Changes a refusal of the valid key for some requests."""
    return lambda received, reply: (
        change(reply) if reply.status in (400, 404) and received.credential == "valid"
        and received.forced is None and when(received) else reply
    )  # fmt: skip


def _of_id(when: Callable[[str], bool]) -> Callable[[ReceivedRequest], bool]:
    return lambda received: received.asked is not None and received.batch is None and when(received.asked)


def _odd(received: ReceivedRequest) -> bool:
    return received.place == "undecodable" or (received.asked is not None and not _is_plain(received.asked))


def _holds(*marks: bytes) -> Callable[[ReceivedRequest], bool]:
    return lambda received: any(mark in received.request.path for mark in marks)


def _bad_request(reply: Reply) -> Reply:
    return answering(400, {**pages.BAD_REQUEST.body, "data": ""})(reply)


def _page(status: int) -> Callable[[Reply], Reply]:
    return lambda reply: _PAGE(replace(reply, status=status))


def _text(status: int, text: bytes) -> Callable[[Reply], Reply]:
    return lambda reply: sending(text, TEXT)(replace(reply, status=status))


def _to_normal(change: Callable[[str], str]) -> Apply:
    """Leads to the usual spelling of the path of a batch."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        path = received.request.path.decode("latin-1")
        normal = change(path)
        meant = any(normal.endswith(f"/batches/{batch.id}") for batch in received.batches)
        return answering(308, None, ("Location", normal))(reply) if meant and normal != path else reply

    return apply


def _lower_path(path: str) -> str:
    before, slash, segment = path.rpartition("/")
    return before.lower() + slash + segment


def _strict_query(received: ReceivedRequest, reply: Reply) -> Reply:
    asked = received.request.query and received.credential == "valid" and received.place == "operation"
    return _bad_request(reply) if asked else reply


def _with_id(received: ReceivedRequest, reply: Reply) -> Reply:
    return saying(f"404: no batch {received.asked}")(reply)


def _with_quoted_id(received: ReceivedRequest, reply: Reply) -> Reply:
    return reply.with_header("X-Resource", quote(received.asked or "", errors="replace"))


_variant = partial(Drift, rule="", status="", pointer="", verdict="conforms", group="variant")

VARIANTS: tuple[Drift, ...] = (
    _variant("odd_bad_request", "ids with odd letters are bad requests, as documented", source="the document: 400",
             stage="answer", apply=_where(_odd, _bad_request)),
    _variant("odd_page", "a router does not find ids with odd letters", source=_9110 + "15.5.5", stage="text",
             apply=_where(_odd, _page(404))),
    _variant("odd_text", "a router says in plain text that it does not find odd ids", source=_9110 + "15.5.5",
             stage="text", apply=_where(_odd, _text(404, b"404 page not found\n"))),
    _variant("nul_closes", "the connection is closed where an id has a NUL", source="RFC 9112 section 9.6; CWE-158",
             stage="wire", apply=lambda received, reply: with_wire(sends="reset")(reply)
             if b"%00" in received.request.path else reply),
    _variant("nul_page", "a gateway refuses NUL and closes", source=_9110 + "15.5.1", stage="wire",
             apply=_where(_holds(b"%00"), lambda reply: with_wire(close=True)(_page(400)(reply)))),
    _variant("long_too_long", "ids of more than 255 letters are too long", source=_9110 + "15.5.15", stage="text",
             apply=_where(_of_id(lambda asked: len(asked) > _LONGEST), _page(414))),
    _variant("semicolon_refused", "a firewall in the server refuses semicolons", stage="text",
             source=_9110 + "15.5.1; Spring's StrictHttpFirewall", apply=_where(_holds(b";", b"%3B"), _page(400))),
    _variant("percent_refused", "escaped percent signs and slashes are refused", stage="text",
             source=_9110 + "15.5.1; Spring's StrictHttpFirewall",
             apply=_where(_holds(b"%25", b"%2F", b"%5C", b"//"), _page(400))),
    _variant("controls_refused", "a server refuses control characters before it routes", source=_9110 + "15.5.1",
             stage="text", apply=_where(_holds(*(b"%%%02X" % code for code in (*range(32), 127))), _text(400, b"Bad Request"))),
    _variant("slash_redirected", "a slash after the id is redirected", source=_9110 + "15.4.9", stage="answer",
             apply=_to_normal(lambda path: path.removesuffix("/"))),
    _variant("path_case_redirected", "another case of the path is redirected", source=_9110 + "15.4.9", stage="answer",
             apply=_to_normal(_lower_path)),
    _variant("query_refused", "a query that nobody documents is a bad request", source="the document: 400",
             stage="answer", apply=_strict_query),
    _variant("word_of_another_method", "words that are routes allow POST alone", source=_9110 + "15.5.6", stage="answer",
             apply=_where(_of_id(lambda asked: asked in ("list", "cancel", "latest", "new")),
                          answering(405, pages.METHOD_NOT_ALLOWED, ("Allow", "POST")))),
    _variant("numbers_refused", "ids that are numbers are bad requests", source="the document: 400", stage="answer",
             apply=_where(_of_id(lambda asked: asked.lstrip("-").isdigit()), _bad_request)),
    _variant("short_refused", "ids of another length are bad requests", source="the document: 400", stage="answer",
             apply=_where(_of_id(lambda asked: not 12 <= len(asked) <= 64), _bad_request)),
    _variant("upper_refused", "ids with capitals are bad requests", source="the document: 400", stage="answer",
             apply=_where(_of_id(lambda asked: asked != asked.lower()), _bad_request)),
    _variant("id_told", "the text of a 404 has the id in it", source="the document: the 404 is a string", stage="value",
             apply=to_unknown(_with_id)),
    _variant("id_in_header", "a header of a 404 has the id in it, escaped", source="RFC 9110 section 5.5", stage="text",
             apply=to_unknown(_with_quoted_id)),
    _variant("broken_escape_closes", "after a path that cannot be decoded the connection is closed", stage="wire",
             source="RFC 9112 section 9.6", apply=_where(lambda received: received.place == "undecodable",
                                                         with_wire(close=True))),
)  # fmt: skip
"""Every conforming variant of how odd ids are answered."""

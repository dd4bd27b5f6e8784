"""Drifts of who gets which batch: credentials, and ids that are not the one asked for."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

from batch_conformance.mock import pages
from batch_conformance.mock.changes import answering, in_state, putting, to_status
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import Batch, Step

_SECURITY = "the document: security bearerAuth"
_REFUSAL = "RFC 6750 section 3.1"
_MATCHING = "the document: the batch object matching the specified ID"
_OPAQUE = "the document: one id names one batch"


def _let_in(wanted: Callable[[ReceivedRequest], bool]) -> Apply:
    """What the right key would get, for some of those without it."""
    return lambda received, reply: (
        received.authorised() if received.credential != "valid" and wanted(received) else reply
    )


def _is(credential: str) -> Callable[[ReceivedRequest], bool]:
    return lambda received: received.credential == credential


def _authorization(received: ReceivedRequest) -> bytes:
    return received.request.header(b"authorization") or b""


def _basic(received: ReceivedRequest) -> bool:
    scheme, _, value = _authorization(received).partition(b" ")
    try:
        return scheme.lower() == b"basic" and received.is_key(base64.b64decode(value).partition(b":")[0])
    except ValueError:
        return False


def _like_the_key(received: ReceivedRequest) -> bool:
    return received.credential == "wrong" and received.resembles(_authorization(received).partition(b" ")[2])


def _key_in_query(received: ReceivedRequest) -> bool:
    query = received.request.target.partition(b"?")[2].decode("latin-1")
    return received.is_key(parse_qs(query).get("api_key", [""])[0].encode())


def _refusing(change: Callable[[Reply], Reply], wanted: Callable[[ReceivedRequest], bool]) -> Apply:
    """Another refusal for some of those without the right key."""
    return lambda received, reply: change(reply) if received.credential != "valid" and wanted(received) else reply


def _case_of_scheme(received: ReceivedRequest, reply: Reply) -> Reply:
    if received.credential == "valid" and _authorization(received).startswith(b"bearer"):
        return received.refused()
    return reply


def _refused_unknown(received: ReceivedRequest, reply: Reply) -> Reply:
    unknown = received.reading and received.batch is None and received.forced is None
    return received.refused() if received.credential == "valid" and unknown else reply


def _other_batch(received: ReceivedRequest, reply: Reply) -> Reply:
    if reply.status != 200 or received.batch is None:
        return reply
    place = next((number for number, one in enumerate(received.batches) if one is received.batch), -1)
    return received.showing(received.batches[(place + 1) % len(received.batches)])


def _other_at_second_read(received: ReceivedRequest, reply: Reply) -> Reply:
    first = received.batch is not None and received.batch == received.batches[-2]
    return (
        _other_batch(received, reply) if first and received.reads == 2 and received.request.method == "GET" else reply
    )


def _made_up(received: ReceivedRequest, reply: Reply) -> Reply:
    if reply.status != 404 or received.asked is None or received.forced is not None or not received.reading:
        return reply
    fields = {**received.batches[0].steps[0].fields, "id": received.asked}
    return received.showing(Batch(received.asked, "made up", (Step(0.0, fields),)))


def _found_by(find: Callable[[str, Batch], bool]) -> Apply:
    """Looks ids up in another way than exactly."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        if reply.status != 404 or received.asked is None or received.forced is not None or not received.reading:
            return reply
        asked = received.asked
        meant = next((batch for batch in received.batches if find(asked, batch)), None)
        return received.showing(meant) if meant else reply

    return apply


def _resolved(path: str) -> str:
    """The last segment once dot segments are followed."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    return kept[-1] if kept else ""


def _without_id(received: ReceivedRequest, reply: Reply) -> Reply:
    path = received.request.path
    named = any(batch.id.encode() in path for batch in received.batches)
    if reply.status != 404 or received.request.method != "GET" or not path.endswith(b"/") or named:
        return reply
    listed = {"object": "list", "data": [batch.at() for batch in received.batches[:2]], "has_more": False}
    return answering(200, listed)(reply)


DRIFTS: tuple[Drift, ...] = (
    Drift("token_not_required", "requests without credentials are answered", "auth.missing_accepted", "401", "",
          _SECURITY, "answer", _let_in(_is("missing")), also=("write.without_key",)),
    Drift("empty_header_accepted", "an empty Authorization header lets in", "auth.missing_accepted", "401", "",
          _SECURITY, "answer",
          _let_in(lambda received: received.request.header(b"authorization") is not None and not _authorization(received))),
    Drift("empty_token_accepted", "a scheme without a token lets in", "auth.missing_accepted", "401", "", _SECURITY,
          "answer", _let_in(lambda received: _authorization(received).strip().lower() == b"bearer")),
    Drift("no_token_200_error", "a missing token is refused under 200", "body.another_object", "200", "",
          "the document: 200 is the batch, and a refusal 401", "answer", _refusing(answering(200, {"code": 401, "message": "Invalid token", "data": ""}), _is("missing"))),
    Drift("any_token", "any bearer token is accepted", "auth.wrong_token_accepted", "401", "", _SECURITY, "answer",
          _let_in(_is("wrong"))),
    Drift("token_compared_in_part", "a token that begins like the key is accepted", "auth.wrong_token_accepted", "401",
          "", _SECURITY, "answer", _let_in(_like_the_key)),
    Drift("basic_accepted", "the key is accepted as a user name", "auth.scheme_accepted", "401", "", _SECURITY,
          "answer", _let_in(_basic)),
    Drift("token_scheme_accepted", "the scheme is not looked at", "auth.scheme_accepted", "401", "", _SECURITY,
          "answer", _let_in(lambda received: received.is_key(_authorization(received).partition(b" ")[2]))),
    Drift("bare_key_accepted", "the key is accepted without a scheme", "auth.scheme_accepted", "401", "", _SECURITY,
          "answer", _let_in(lambda received: received.is_key(_authorization(received)))),
    Drift("two_tokens_accepted", "two tokens in one header let in", "auth.scheme_accepted", "401", "", _SECURITY,
          "answer", _let_in(lambda received: _authorization(received).lower().startswith(b"bearer a b"))),
    Drift("key_in_query_accepted", "the key is accepted in the query", "auth.elsewhere_accepted", "401", "",
          "RFC 6750 section 2.3", "answer", _let_in(_key_in_query)),
    Drift("key_in_header_accepted", "the key is accepted in another header", "auth.elsewhere_accepted", "401", "",
          _SECURITY, "answer", _let_in(lambda received: received.is_key(received.request.header(b"x-api-key") or b""))),
    Drift("unknown_not_secured", "for ids that nobody has no token is asked for", "auth.checked_late", "401", "",
          "RFC 9110 section 11.4", "answer",
          _let_in(lambda received: received.batch is None and received.credential in ("missing", "wrong"))),
    Drift("forbidden_for_401", "a missing token is answered with 403", "auth.not_401", "401", "", _REFUSAL, "answer",
          _refusing(answering(403, pages.FORBIDDEN.body), _is("missing"))),
    Drift("bad_request_for_401", "a wrong token is answered with 400", "auth.not_401", "401", "", _REFUSAL, "answer",
          _refusing(answering(400, {**pages.BAD_REQUEST.body, "data": ""}), _is("wrong"))),
    Drift("not_found_for_401", "every id is answered 404 where the token is not valid", "auth.not_401", "401", "",
          _REFUSAL, "answer", _refusing(answering(404, pages.NOT_FOUND.body), lambda _received: True)),
    Drift("login_for_401", "a missing token is answered with a redirection", "response.status", "302", "",
          "the document lists no 302", "answer",
          _refusing(answering(302, None, ("Location", "/login")), _is("missing"))),
    Drift("server_error_for_malformed", "credentials without a scheme end in a server error", "response.server_error",
          "500", "", "RFC 9110 section 15.6", "answer",
          _refusing(answering(500, {"code": 50000, "message": "Internal error", "data": ""}),
                    lambda received: received.is_key(_authorization(received)))),
    Drift("lower_case_refused", "`bearer` in lower case is refused", "auth.lower_case_refused", "401", "",
          "RFC 9110 section 11.1", "answer", _case_of_scheme),
    Drift("lower_case_forbidden", "`bearer` in lower case is answered with 403", "auth.lower_case_refused", "401", "",
          "RFC 9110 section 11.1", "answer",
          lambda received, reply: answering(403, pages.FORBIDDEN.body)(reply)
          if received.credential == "valid" and _authorization(received).startswith(b"bearer") else reply),
    Drift("valid_refused_unknown", "the valid token is refused for ids that nobody has", "auth.valid_refused", "401",
          "", "RFC 9110 section 15.5.2", "answer", _refused_unknown),
    Drift("no_challenge", "401 comes without WWW-Authenticate", "auth.challenge_missing", "401", "",
          "RFC 9110 section 15.5.2", "text", to_status(401, lambda reply: reply.without_header("WWW-Authenticate"))),
    Drift("no_challenge_for_wrong", "401 comes without WWW-Authenticate for a wrong token only",
          "auth.challenge_missing", "401", "", "RFC 9110 section 15.5.2", "text",
          lambda received, reply: reply.without_header("WWW-Authenticate") if received.credential == "wrong" else reply),
    Drift("other_batch", "the next batch is answered instead of the one asked for", "identity.other_batch", "200",
          "/id", _MATCHING, "answer", _other_batch, also=("create.read_back",)),
    Drift("other_batch_once", "the second read of one batch answers its neighbour", "identity.other_batch", "200",
          "/id", _MATCHING + "; a cache keyed too coarsely", "answer", _other_at_second_read),
    Drift("id_without_prefix", "the id in the body has lost its prefix", "identity.other_batch", "200", "/id",
          _MATCHING, "value", putting(id=lambda batch: batch["id"].removeprefix("batch_"))),
    Drift("id_upper_case", "the id in the body is in upper case for cancelled batches", "identity.other_batch", "200",
          "/id", _MATCHING, "value", putting(in_state("cancelled"), id=lambda batch: batch["id"].upper())),
    Drift("unknown_id_answered", "any id is answered with a batch", "identity.unknown_answered", "200", "",
          "the document: 404", "answer", _made_up),
    Drift("unknown_200_error", "an id that nobody has is an error under 200", "body.another_object", "200", "",
          "the document: 200 is the batch, and what nobody has 404", "answer",
          lambda received, reply: answering(200, {"code": 404, "message": "not found", "data": ""})(reply)
          if reply.status == 404 and received.reading and received.forced is None else reply),
    Drift("null_answered", "the ids null and undefined find the first batch", "identity.unknown_answered", "200", "",
          _OPAQUE, "answer",
          _found_by(lambda asked, _batch: asked in ("null", "undefined", "None"))),
    Drift("wildcard_answered", "a star finds the first batch", "identity.unknown_answered", "200", "", "CWE-155",
          "answer", _found_by(lambda asked, _batch: asked == "*")),
    Drift("case_ignored", "ids are found whatever their case", "identity.neighbour_answered", "200", "",
          "RFC 3986 section 6.2.2.1: paths are case-sensitive", "answer",
          _found_by(lambda asked, batch: batch.id.lower() == asked.lower())),
    Drift("prefix_found", "the beginning of an id finds its batch", "identity.neighbour_answered", "200", "", _OPAQUE,
          "answer", _found_by(lambda asked, batch: len(asked) > 8 and batch.id.startswith(asked))),
    Drift("prefix_optional", "ids are found without their prefix", "identity.neighbour_answered", "200", "", _OPAQUE,
          "answer", _found_by(lambda asked, batch: batch.id == "batch_" + asked)),
    Drift("space_trimmed", "space around an id is cut off", "identity.neighbour_answered", "200", "", _OPAQUE, "answer",
          _found_by(lambda asked, batch: batch.id == asked.strip())),
    Drift("suffix_ignored", "a suffix is taken for a format", "identity.neighbour_answered", "200", "", _OPAQUE,
          "answer", _found_by(lambda asked, batch: asked == batch.id + ".json")),
    Drift("cut_at_nul", "ids end at a NUL byte", "identity.neighbour_answered", "200", "", "CWE-158", "answer",
          _found_by(lambda asked, batch: "\0" in asked and asked.partition("\0")[0] == batch.id)),
    Drift("compatible_letters", "letters that look alike are taken for the same", "identity.neighbour_answered", "200",
          "", _OPAQUE, "answer",
          _found_by(lambda asked, batch: unicodedata.normalize("NFKC", asked) == batch.id)),
    Drift("parameter_cut", "what follows a semicolon is cut off", "identity.neighbour_answered", "200", "", _OPAQUE,
          "answer", _found_by(lambda asked, batch: ";" in asked and asked.partition(";")[0] == batch.id)),
    Drift("traversal_followed", "an encoded path inside an id is followed", "identity.traversal_answered", "200", "",
          "RFC 3986 section 2.2", "answer",
          _found_by(lambda asked, batch: ".." in asked and _resolved(asked) == batch.id)),
    Drift("decoded_twice", "ids are decoded twice, and the path is followed", "identity.unknown_answered", "200", "",
          "RFC 3986 section 2.4: never decode more than once", "answer",
          _found_by(lambda asked, batch: "%" in asked and _resolved(unquote(asked)) == batch.id), also=("identity.neighbour_answered",)),
    Drift("list_for_no_id", "the path without an id lists batches", "identity.list_answered", "200", "",
          "the document: batch_id is required", "answer", _without_id),
    Drift("escapes_redirected", "an id with an escaped letter is redirected to its usual spelling",
          "identity.spelling_redirected", "301", "",
          "RFC 3986 section 6.2.2: the spellings are equivalent, and a server may lead to the normal form", "answer",
          lambda received, reply: answering(301, None, ("Location", unquote(received.request.path.decode("ascii"))))(reply)
          if reply.status == 200 and b"%" in received.request.path else reply, verdict="conforms"),
)  # fmt: skip
"""Drifts of credentials and ids."""

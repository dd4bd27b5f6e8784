"""Drifts of odd requests, and conforming variants: other ways to answer them that HTTP allows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from batch_conformance.mock import pages
from batch_conformance.mock.changes import answering, header_of, sending, with_wire
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

_JSON_ONLY = "the document: 200 is application/json"
_AGENT = "RFC 9110 section 10.1.5"
_PART = "RFC 9110 section 15.3.7"
_METHODS = "the document declares GET alone; RFC 9110 section 15.5.6"
_9110 = "RFC 9110 section "
_BLOCKED = b"<html><head><title>403 Forbidden</title></head><body>Blocked</body></html>"
_FORBIDDEN = answering(403, pages.FORBIDDEN.body)


def _query(received: ReceivedRequest) -> Mapping[str, list[str]]:
    return parse_qs(received.request.query, keep_blank_values=True)


def _with_parameter(name: str, change: Callable[[Reply, str], Reply]) -> Apply:
    """Changes answered batches that are asked for with a parameter."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        given = _query(received).get(name)
        return change(reply, given[0]) if given and reply.status == 200 else reply

    return apply


def _if(wanted: Callable[[ReceivedRequest], bool], change: Callable[[Reply], Reply]) -> Apply:
    """Changes what those get who have the key, for some requests."""
    return lambda received, reply: change(reply) if received.credential == "valid" and wanted(received) else reply


def _agent(*words: str) -> Callable[[ReceivedRequest], bool]:
    return lambda received: any(word in header_of(received, b"user-agent") for word in words)


def _padded(reply: Reply, _: str) -> Reply:
    return replace(reply, body=b"/**/cb(" + reply.body + b");").with_header("Content-Type", "application/javascript")


def _padded_as_json(reply: Reply, _: str) -> Reply:
    return replace(reply, body=b"cb(" + reply.body + b")")


def _with_debugging(reply: Reply, _: str) -> Reply:
    return replace(reply, body=body_json({**json.loads(reply.body), "debug": {"shard": 3, "query_ms": 4}}))


def _part(reply: Reply, *, says: str | None = "bytes 0-9/{size}") -> Reply:
    changed = replace(reply, status=206, body=reply.body[:10])
    return changed if says is None else changed.with_header("Content-Range", says.format(size=len(reply.body)))


def _in_part(change: Callable[[Reply], Reply]) -> Apply:
    """Answers what is asked for with Range."""
    return lambda received, reply: change(reply) if header_of(received, b"range") and reply.status == 200 else reply


def _numbers_written(words: Callable[[int], Any], language: str) -> Apply:
    """Writes the times of a batch as a language does."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        if (
            reply.status != 200
            or received.batch is None
            or not header_of(received, b"accept-language").startswith(language)
        ):
            return reply
        batch = json.loads(reply.body)
        return replace(reply, body=body_json({**batch, "created_at": words(batch["created_at"])}))

    return apply


def _arabic(number: int) -> str:
    return str(number).translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})


def _overridden(name: bytes, change: Callable[[Reply], Reply]) -> Apply:
    return _if(lambda received: received.request.header(name) == b"DELETE" and received.request.method == "GET", change)


def _method(method: str, change: Callable[[Reply], Reply]) -> Apply:
    return _if(lambda received: received.request.method == method, change)


def _echoed(received: ReceivedRequest, reply: Reply) -> Reply:
    if received.request.method != "TRACE":
        return reply
    lines = [b"TRACE " + received.request.target + b" HTTP/1.1"]
    lines += [name.title() + b": " + value for name, value in received.request.headers]
    return sending(b"\r\n".join(lines), "message/http")(replace(reply, status=200))


def _reflected(received: ReceivedRequest, reply: Reply) -> Reply:
    origin = (received.request.header(b"origin") or b"").decode("latin-1")
    if not origin:
        return reply
    allowed = reply.with_header("Access-Control-Allow-Origin", origin)
    return allowed.with_header("Access-Control-Allow-Credentials", "true")


_refused_agent = partial(Drift, rule="response.client_refused", status="", pointer="", source=_AGENT, stage="text")
_in_200 = partial(Drift, status="200", pointer="", stage="text")
_undeclared = partial(Drift, rule="method.undeclared_answered", status="", pointer="", source=_METHODS, stage="answer")

DRIFTS: tuple[Drift, ...] = (
    _refused_agent("python_requests_refused", "python-requests is forbidden", apply=_if(
        _agent("python-requests"), _FORBIDDEN)),
    _refused_agent("python_requests_blocked", "a firewall blocks python-requests with a page of its own", apply=_if(
        _agent("python-requests"), lambda reply: sending(_BLOCKED, "text/html")(replace(reply, status=403)))),
    _refused_agent("curl_refused", "curl is not acceptable", apply=_if(_agent("curl/"), answering(406, "No"))),
    _refused_agent("go_refused", "Go's client is a bad request", apply=_if(
        _agent("go-http-client"), answering(400, {**pages.BAD_REQUEST.body, "data": ""}))),
    _refused_agent("openai_refused", "OpenAI's clients are forbidden", apply=_if(_agent("openai/"), _FORBIDDEN)),
    _refused_agent("browsers_unauthorised", "browsers are not authorised", apply=_if(
        _agent("mozilla"), answering(401, pages.INVALID_TOKEN.body, ("WWW-Authenticate", "Bearer")))),
    _refused_agent("java_not_found", "clients in Java find nothing", apply=_if(
        _agent("java", "okhttp"), answering(404, pages.NOT_FOUND.body))),
    _in_200("padded_as_script", "a callback makes a script of a batch", rule="response.media_type",
            source=_JSON_ONLY, apply=_with_parameter("callback", _padded)),
    _in_200("padded_as_json", "a callback is put around the JSON", rule="json.invalid", source="RFC 8259 section 2",
            apply=_with_parameter("callback", _padded_as_json)),
    _in_200("jsonp_as_script", "the parameter jsonp makes a script of a batch", rule="response.media_type",
            source=_JSON_ONLY, apply=_with_parameter("jsonp", _padded)),
    _in_200("xml_for_format", "the parameter format makes XML of a batch", rule="response.media_type",
            source=_JSON_ONLY, apply=_with_parameter(
                "format", lambda reply, _: sending(b"<batch><id>1</id></batch>", "application/xml")(reply))),
    _in_200("xml_for_output", "the parameter output makes XML of a batch, called JSON", rule="json.invalid",
            source="RFC 8259 section 2", apply=_with_parameter(
                "output", lambda reply, _: replace(reply, body=b"<batch><id>1</id></batch>"))),
    _in_200("page_for_pretty", "the parameter pretty makes a page of a batch", rule="response.media_type",
            source=_JSON_ONLY, apply=_with_parameter(
                "pretty", lambda reply, _: sending(b"<pre>{}</pre>", "text/html")(reply))),
    Drift("debugging_on_request", "the parameter debug shows how a batch was read", "body.undeclared", "200", "/debug",
          "the document's 200 schema", "value", _with_parameter("debug", _with_debugging)),
    Drift("verbose_fails", "the parameter verbose ends in a server error", "response.server_error", "500", "",
          _9110 + "15.6", "answer", _if(
              lambda received: "verbose" in _query(received),
              answering(500, {"code": 50000, "message": "Internal error", "data": ""}))),
    Drift("part_without_range", "a part does not say which part it is", "response.partial", "", "", _PART, "text",
          _in_part(partial(_part, says=None))),
    Drift("part_of_another_length", "a part says that it is longer than it is", "response.partial", "", "", _PART,
          "text", _in_part(partial(_part, says="bytes 0-99/{size}"))),
    Drift("part_beyond_its_whole", "a part says that it ends after the whole", "response.partial", "", "",
          _9110 + "14.4", "text", _in_part(partial(_part, says="bytes 0-9/5"))),
    Drift("part_called_whole", "a part is answered with 200", "json.invalid", "200", "", "RFC 8259 section 2", "text",
          _in_part(lambda reply: replace(reply, body=reply.body[:10]))),
    Drift("german_times", "times have German separators for who reads German", "body.type", "200", "/created_at",
          "the document: created_at is an integer", "value", _numbers_written(lambda number: f"{number:,}".replace(",", "."), "de")),
    Drift("arabic_times", "times have Arabic digits for who reads Arabic", "body.type", "200", "/created_at",
          "the document: created_at is an integer", "value", _numbers_written(_arabic, "ar")),
    _undeclared("override_followed", "X-HTTP-Method-Override deletes what is not there",
                apply=_overridden(b"x-http-method-override", answering(200, {"deleted": True}))),
    _undeclared("override_of_method_followed", "X-HTTP-Method deletes what is not there",
                apply=_overridden(b"x-http-method", lambda reply: replace(reply, status=204, body=b""))),
    _undeclared("method_override_followed", "X-Method-Override deletes what is not there",
                apply=_overridden(b"x-method-override", answering(202, {"deleted": True}))),
    _undeclared("method_in_query_followed", "the parameter _method deletes what is not there",
                apply=_if(lambda received: _query(received).get("_method") == ["DELETE"] and received.request.method == "GET",
                          answering(200, {"deleted": True}))),
    Drift("enveloped_for_pages", "what a page's script asks for comes in an envelope", "body.enveloped", "200", "",
          "the document: 200 is the batch", "value", lambda received, reply: replace(
              reply, body=body_json({"code": 0, "data": json.loads(reply.body)}))
          if reply.status == 200 and received.batch and header_of(received, b"x-requested-with") else reply),
    _undeclared("any_method_answered", "a method that nobody has is answered",
                apply=_method("FETCH", answering(200, {"ok": True}))),
    Drift("trace_echoes_key", "TRACE sends the request back, key and all", "security.key_reflected", "", "",
          _9110 + "9.3.8", "text", _echoed),
    Drift("options_fails", "OPTIONS ends in a server error", "response.server_error", "500", "", _9110 + "15.6", "answer",
          _method("OPTIONS", answering(500, {"code": 1, "message": "Internal error", "data": ""}))),
    Drift("origin_reflected", "any origin may read with credentials", "response.origin_reflected", "", "",
          "WHATWG Fetch, section 3.2.3", "text", _reflected, verdict="conforms"),
)  # fmt: skip
"""Drifts of odd requests."""

_variant = partial(Drift, rule="", status="", pointer="", verdict="conforms", group="variant")


def _is_odd(received: ReceivedRequest) -> bool:
    """Whether a request has a parameter or a header that nobody has documented."""
    headers = {name for name, _ in received.request.headers}
    odd = {b"range", b"origin", b"x-http-method-override", b"x-forwarded-user"}
    return bool(_query(received)) or bool(headers & odd)


def _refusing(status: int, body: Any) -> Apply:
    """Refuses what is odd with the valid key too."""
    return lambda received, reply: answering(status, body)(reply) if _is_odd(received) and reply.status < 300 else reply


def _closing(wanted: Callable[[ReceivedRequest], bool]) -> Apply:
    return lambda received, reply: with_wire(sends="reset")(reply) if wanted(received) else reply


def _malformed(received: ReceivedRequest) -> bool:
    return received.credential == "malformed"


def _two_spaces(received: ReceivedRequest, reply: Reply) -> Reply:
    given = received.request.header(b"authorization") or b""
    scheme, separator, token = given.partition(b"  ")
    lenient = received.credential != "valid" and scheme.lower() == b"bearer" and separator
    return received.authorised() if lenient and received.is_key(token) else reply


VARIANTS: tuple[Drift, ...] = (
    _variant("odd_requests_400", "odd parameters and headers are bad requests", source=_9110 + "15.5.1",
             stage="answer", apply=_refusing(400, {**pages.BAD_REQUEST.body, "data": ""})),
    _variant("odd_requests_403", "odd parameters and headers are forbidden", source=_9110 + "15.5.4", stage="answer",
             apply=_refusing(403, pages.FORBIDDEN.body)),
    _variant("odd_requests_501", "odd headers are not implemented", source=_9110 + "15.6.2", stage="answer",
             apply=lambda received, reply: answering(501, "Not Implemented")(reply)
             if _is_odd(received) and not _query(received) else reply),
    _variant("many_headers_431", "a request with many fields is too large", source="RFC 6585 section 5", stage="answer",
             apply=lambda received, reply: answering(431, "Request Header Fields Too Large")(reply)
             if len(received.request.headers) > 14 else reply),
    _variant("headers_route", "who names another path in a header gets what is there", source=_9110 + "16.3: fields of one's own",
             stage="answer", apply=lambda received, reply: answering(200, {"status": "ok"})(reply)
             if received.credential == "missing" and received.request.header(b"x-original-url") == b"/health" else reply),
    _variant("page_for_other_paths", "paths that are none have the page of an application", source=_9110 + "15.3.1",
             stage="answer", apply=lambda received, reply: sending(b"<!doctype html><div id=app></div>", "text/html")(
                 replace(reply, status=200)) if received.credential == "missing" and received.place == "outside" else reply),
    _variant("wrong_tokens_429", "who tries wrong tokens has to wait", source="RFC 6585 section 4", stage="answer",
             apply=lambda received, reply: answering(429, "Too many attempts", ("Retry-After", "0"))(reply)
             if received.credential == "wrong" and received.tries > 1 else reply),
    _variant("odd_headers_closed", "the connection is closed at odd headers", source="RFC 9112 section 9.6",
             stage="wire", apply=_closing(lambda received: _is_odd(received) and not _query(received))),
    _variant("odd_credentials_400", "malformed credentials are bad requests", source="RFC 6750 section 3.1",
             stage="answer", apply=lambda received, reply: answering(400, {**pages.BAD_REQUEST.body, "data": ""})(reply)
             if _malformed(received) and b" " not in (received.request.header(b"authorization") or b" ") else reply),
    _variant("two_spaces_taken", "several spaces may follow the scheme", source="RFC 6750 section 2.1: 1*SP",
             stage="answer", apply=_two_spaces),
    _variant("tab_taken", "a tab may follow the scheme", source=_9110 + "2.2: a recipient may recover",
             stage="answer", apply=lambda received, reply: received.authorised()
             if received.credential != "valid" and received.is_key(
                 (received.request.header(b"authorization") or b"").removeprefix(b"Bearer\t")) and b"\t" in (
                 received.request.header(b"authorization") or b"") else reply),
    _variant("parts_served", "a part is answered with 206", source=_9110 + "14.2", stage="text",
             apply=_in_part(_part)),
    _variant("parts_in_pieces", "parts come as multipart/byteranges", source=_9110 + "14.6", stage="text",
             apply=_in_part(lambda reply: sending(
                 b"--b\r\nContent-Type: application/json\r\nContent-Range: bytes 0-1/9\r\n\r\n{}\r\n--b--\r\n",
                 "multipart/byteranges; boundary=b")(replace(reply, status=206)))),
    _variant("parts_refused", "a range is not satisfiable", source=_9110 + "15.5.17", stage="text",
             apply=_in_part(answering(416, "Range Not Satisfiable"))),
    _variant("any_origin", "any origin may read, without credentials", source="WHATWG Fetch, section 3.2",
             stage="text", apply=lambda _, reply: reply.with_header("Access-Control-Allow-Origin", "*")),
    _variant("origin_allowed", "an origin is named in the answer, without credentials",
             source="WHATWG Fetch, section 3.2", stage="text", apply=lambda received, reply: reply.with_header(
                 "Access-Control-Allow-Origin", header_of(received, b"origin")) if header_of(received, b"origin")
             else reply),
    _variant("options_answered", "OPTIONS tells which methods there are", source=_9110 + "9.3.7", stage="answer",
             apply=lambda received, reply: replace(reply, status=204, body=b"").with_header("Allow", "GET, HEAD, OPTIONS")
             if received.request.method == "OPTIONS" else reply),
    _variant("trace_without_key", "TRACE sends the request line back, without the credential", source=_9110 + "9.3.8",
             stage="text", apply=lambda received, reply: sending(
                 b"TRACE " + received.request.target + b" HTTP/1.1\r\n", "message/http")(replace(reply, status=200))
             if received.request.method == "TRACE" else reply),
    _variant("methods_closed", "the connection is closed at methods that nobody has", source="RFC 9112 section 9.6",
             stage="wire", apply=_closing(lambda received: received.request.method == "FETCH")),
    _variant("health_without_key", "a path that a proxy rewrites to is open to anybody", source="the document says "
             "nothing of it", stage="answer", apply=lambda received, reply: answering(200, {"status": "ok"})(reply)
             if received.request.header(b"x-rewrite-url") == b"/health" else reply),
    _variant("page_at_other_paths", "other paths show a page of the site", source="the document says nothing of it",
             stage="text", apply=lambda received, reply: sending(b"<!doctype html><title>Welcome</title>", "text/html")(
                 replace(reply, status=200)) if received.request.header(b"authorization") is None
             and received.place == "outside" and received.listed is None else reply),
    _variant("cookie_set", "each answer sets a cookie that opens nothing", source="RFC 6265", stage="text",
             apply=lambda _, reply: reply.with_header("Set-Cookie", "route=a7; Path=/")),
    _variant("agents_limited", "one client in a hundred has to come again", source=_9110 + "15.5.20 and RFC 6585",
             stage="text", apply=lambda received, reply: answering(
                 429, {"message": "Slow down", "data": ""}, ("Retry-After", "0"))(reply)
             if received.number % 100 == 99 and received.reading else reply),
)  # fmt: skip
"""Conforming variants of odd requests."""

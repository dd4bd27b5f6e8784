"""Drifts and conforming variants of the fields that HTTP defines: their grammar, and how often they are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from batch_conformance.mock.changes import at_rest, to_status, to_success, to_unknown
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply

_SYNTAX = "response.field_syntax"
_REPEATED = "response.field_repeated"
_DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def _setting(*headers: tuple[str, str]) -> Callable[[Reply], Reply]:
    """Sets fields, each in the place of one that is there already."""

    def change(reply: Reply) -> Reply:
        for name, value in headers:
            reply = reply.with_header(name, value)
        return reply

    return change


def _adding(*headers: tuple[str, str]) -> Callable[[Reply], Reply]:
    """Adds fields beside those that are there already."""
    return lambda reply: replace(reply, headers=(*reply.headers, *headers))


def _malformed(name: str, title: str, field: str, value: str, source: str, *, on: int = 200) -> Drift:
    change = _setting((field, value))
    apply = to_success(change) if on == 200 else to_status(on, change)
    return Drift(name, title, _SYNTAX, "", "", source, "text", apply)


def _twice(name: str, title: str, *headers: tuple[str, str]) -> Drift:
    return Drift(name, title, _REPEATED, "", "", "RFC 9110 section 5.3", "text", to_success(_adding(*headers)))


def _variant(name: str, title: str, source: str, *headers: tuple[str, str], on: int = 200) -> Drift:
    apply: Apply = to_success(_adding(*headers)) if on == 200 else to_status(on, _setting(*headers))
    return Drift(name, title, "", "", "", source, "text", apply, "conforms", "variant")


_PUBLIC = _setting(("Cache-Control", "public, max-age=600"))

DRIFTS: tuple[Drift, ...] = (
    _malformed("date_in_iso", "Date is in ISO 8601", "Date", "2026-11-28T12:00:00Z", "RFC 9110 section 5.6.7"),
    _malformed("date_with_offset", "Date has an offset for GMT", "Date", "Sat, 28 Nov 2026 12:00:00 +0000",
               "RFC 9110 section 5.6.7"),
    _malformed("date_in_seconds", "Date is in Unix seconds", "Date", "1795867200", "RFC 9110 section 5.6.7"),
    _malformed("expires_in_words", "Expires says never", "Expires", "never", "RFC 9111 section 5.3"),
    _malformed("last_modified_in_iso", "Last-Modified is in ISO 8601", "Last-Modified", "2025-03-11T09:30:13Z",
               "RFC 9110 section 8.8.2"),
    _malformed("age_in_fractions", "Age has a fraction", "Age", "1.5", "RFC 9111 section 1.2.2"),
    _malformed("age_in_a_list", "Age is a list", "Age", "0, 12", "RFC 9111 section 5.1"),
    _malformed("etag_unquoted", "ETag has no quotes", "ETag", "33a64df5", "RFC 9110 section 8.8.3"),
    _malformed("etag_single_quotes", "ETag has single quotes", "ETag", "'33a64df5'", "RFC 9110 section 8.8.3"),
    _malformed("etag_weak_lower_case", "a weak ETag is marked w/", "ETag", 'w/"33a64df5"', "RFC 9110 section 8.8.3"),
    _malformed("max_age_quoted", "max-age is in quotes", "Cache-Control", 'private, max-age="60"',
               "RFC 9111 section 5.2.2.1"),
    _malformed("max_age_negative", "max-age is below 0", "Cache-Control", "private, max-age=-1",
               "RFC 9111 section 1.2.2"),
    _malformed("directives_by_semicolons", "directives are separated by semicolons", "Cache-Control",
               "private; max-age=0", "RFC 9111 section 5.2"),
    _malformed("vary_by_spaces", "Vary is separated by spaces", "Vary", "Accept Authorization",
               "RFC 9110 section 12.5.5"),
    _malformed("allow_as_json", "Allow is a JSON array", "Allow", '["GET", "HEAD"]', "RFC 9110 section 10.2.1", on=405),
    _malformed("allow_by_spaces", "Allow is separated by spaces", "Allow", "GET HEAD", "RFC 9110 section 10.2.1", on=405),
    _malformed("challenge_in_words", "the challenge is a sentence", "WWW-Authenticate", "Please send an API key",
               "RFC 9110 section 11.6.1", on=401),
    _malformed("challenge_without_commas", "the challenge's parameters have no commas", "WWW-Authenticate",
               'Bearer realm="api" error="invalid_token"', "RFC 9110 section 11.6.1", on=401),
    _malformed("challenge_with_colon", "the challenge's scheme has a colon", "WWW-Authenticate", 'Bearer: realm="api"',
               "RFC 9110 section 11.6.1", on=401),
    _malformed("charset_without_value", "a parameter of the media type has no value", "Content-Type",
               "application/json; charset", "RFC 9110 section 8.3.1"),
    _malformed("content_range_with_equals", "Content-Range is written like Range", "Content-Range", "bytes=0-99/100",
               "RFC 9110 section 14.4"),
    _malformed("link_without_brackets", "Link has no angle brackets", "Link", "/v1/batches?after=a; rel=next",
               "RFC 8288 section 3"),
    _twice("two_dates", "Date is sent twice", ("Date", _DATE), ("Date", "Sun, 06 Nov 1994 08:49:38 GMT")),
    _twice("two_etags", "ETag is sent twice", ("ETag", '"a"'), ("ETag", '"b"')),
    _twice("two_last_modified", "Last-Modified is sent twice", ("Last-Modified", _DATE), ("Last-Modified", _DATE)),
    _twice("two_ages", "Age is sent twice", ("Age", "0"), ("Age", "0")),
    _twice("two_retry_after", "Retry-After is sent twice", ("Retry-After", "1"), ("Retry-After", "2")),
    _twice("two_types", "Content-Type is sent twice", ("Content-Type", "application/json; version=2")),
    Drift("aged_no_store", "what may not be stored comes out of a cache", "response.aged_no_store", "", "",
          "RFC 9111 section 5.2.2.5", "text", to_success(_setting(("Cache-Control", "no-store"), ("Age", "40")))),
    Drift("modified_later", "Last-Modified is years ahead", "response.modified_later", "", "",
          "RFC 9110 section 8.8.2.1", "text",
          to_success(_setting(("Last-Modified", "Wed, 06 Nov 2094 08:49:37 GMT")))),
    Drift("allow_names_refused", "Allow names all methods, those that are refused too", "method.allow_refused", "", "",
          "RFC 9110 section 15.5.6", "text",
          to_status(405, _setting(("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))), "conforms"),
    Drift("public_404", "a 404 may be stored by shared caches", "response.cache_public_error", "", "",
          "RFC 9111 section 3.5", "text", to_unknown(lambda _, reply: _PUBLIC(reply))),
    Drift("public_400", "refused input may be stored by shared caches", "response.cache_public_error", "", "",
          "RFC 9111 section 3.5", "text", to_status(400, _setting(("Cache-Control", "s-maxage=60")))),
    Drift("public_all", "all answers may be stored by shared caches", "response.cache_public", "200", "",
          "RFC 9111 section 3.5", "text", lambda _, reply: _PUBLIC(reply)),
    Drift("fresh_for_a_day", "a batch that is in progress stays fresh for a day", "response.fresh_for_hours", "200", "",
          "RFC 9111 section 4.2", "text", to_success(_setting(("Cache-Control", "private, max-age=86400"))), "conforms"),
    Drift("expires_tomorrow", "Expires is far ahead", "response.fresh_for_hours", "200", "", "RFC 9111 section 5.3",
          "text", to_success(lambda reply: _setting(("Date", _DATE), ("Expires", "Mon, 07 Nov 1994 08:49:37 GMT"))(
              reply.without_header("Cache-Control"))), "conforms"),
    Drift("challenges_for_basic", "the challenge is for Basic alone", "auth.challenge_scheme", "401", "",
          "RFC 6750 section 3", "text", to_status(401, _setting(("WWW-Authenticate", 'Basic realm="api"'))), "conforms"),
    Drift("challenges_for_api_key", "the challenge has a scheme of its own", "auth.challenge_scheme", "401", "",
          "RFC 6750 section 3", "text", to_status(401, _setting(("WWW-Authenticate", "ApiKey"))), "conforms"),
    Drift("retry_after_list", "Retry-After is a list", "response.retry_after", "503", "", "RFC 9110 section 10.2.3",
          "text", to_status(503, _setting(("Retry-After", "1, 2")))),
    Drift("length_in_a_list", "Content-Length is a list of two numbers", "response.framing", "", "",
          "RFC 9112 section 6.3", "wire", to_success(lambda reply: replace(
              _adding(("Content-Length", f"{len(reply.body)}, {len(reply.body) + 1}"))(reply),
              wire=replace(reply.wire, framing="close")))),
)  # fmt: skip
"""Drifts of fields."""

VARIANTS: tuple[Drift, ...] = (
    _variant("validated_each_time", "shared caches ask before each use", "RFC 9111 sections 3.5 and 5.2.2.2",
             ("Cache-Control", "public, max-age=0, must-revalidate")),
    _variant("validated_each_time_404", "shared caches ask before each use of a 404", "RFC 9111 section 5.2.2.4",
             ("Cache-Control", "public, no-cache"), on=404),
    _variant("modified_by_another_clock", "Last-Modified is some minutes after the Date of a gateway",
             "RFC 9110 section 5.6.7: the clock of Date is an approximation", ("Date", _DATE),
             ("Last-Modified", "Sun, 06 Nov 1994 08:53:37 GMT")),
    Drift("surrogate_told_apart", "a CDN caches by fields that it takes out, and tells clients no-store",
          "response.aged_no_store", "", "", "RFC 9213 section 2.2", "text",
          to_success(_setting(("Cache-Control", "no-store"), ("Age", "40"), ("X-Served-By", "cache-fra-1"))),
          "conforms"),
    _variant("expired_by_zero", "Expires is 0", "RFC 9111 section 5.3", ("Expires", "0")),
    _variant("expired_by_minus_one", "Expires is -1", "RFC 9111 section 5.3", ("Expires", "-1")),
    _variant("cache_control_twice", "Cache-Control is sent twice", "RFC 9110 section 5.3",
             ("Cache-Control", "no-store"), ("Cache-Control", "private, max-age=0")),
    _variant("cache_control_ends", "Cache-Control ends with a semicolon", "no cache minds it",
             ("Cache-Control", "no-cache, private;")),
    Drift("public_401", "refusals of credentials may be stored", "", "", "", "RFC 9111 section 3.5: no key was valid",
          "text", to_status(401, _PUBLIC), "conforms", "variant"),
    Drift("fresh_when_ended", "a batch that has ended stays fresh for a day", "", "", "", "RFC 9111 section 4.2", "text",
          to_success(_setting(("Cache-Control", "private, max-age=86400")), at_rest("completed", "failed", "expired")),
          "conforms", "variant"),
    Drift("fresh_for_a_minute", "batches stay fresh for a minute", "", "", "", "RFC 9111 section 4.2", "text",
          to_success(_setting(("Cache-Control", "private, max-age=60"))), "conforms", "variant"),
    Drift("immutable_once_ended", "a batch that has ended is immutable", "", "", "", "RFC 8246", "text",
          to_success(_setting(("Cache-Control", "private, max-age=31536000, immutable")), at_rest("completed")),
          "conforms", "variant"),
    Drift("public_not_stored", "public stands beside no-store", "", "", "", "RFC 9111 section 5.2.2.5", "text",
          to_success(_setting(("Cache-Control", "public, no-store"))), "conforms", "variant"),
    Drift("challenge_on_403", "a 403 has a challenge too", "", "", "", "RFC 6750 section 3.1: insufficient_scope",
          "text", to_status(403, _setting(("WWW-Authenticate", 'Bearer error="insufficient_scope"'))), "conforms",
          "variant"),
    Drift("no_date", "answers have no Date", "", "", "", "RFC 9110 section 6.6.1: a server without a clock", "wire",
          lambda _, reply: replace(reply, wire=replace(reply.wire, dated=False)), "conforms", "variant"),
    _variant("via_and_server", "proxies name themselves", "RFC 9110 sections 7.6.3 and 10.2.4",
             ("Via", "1.1 varnish (Varnish/7.1), 1.1 google"), ("Server", "gunicorn"), ("X-Varnish", "32770 5"),
             ("X-Powered-By", "Express"), ("X-Served-By", "cache-fra-1")),
    _variant("keep_alive", "a server says how long connections live", "RFC 9112 section 9.3",
             ("Connection", "keep-alive"), ("Keep-Alive", "timeout=5, max=1000")),
    _variant("vary_twice", "Vary is sent twice, once as *", "RFC 9110 section 5.3", ("Vary", "Origin"), ("Vary", "*")),
    _variant("weak_tags", "ETag is weak", "RFC 9110 section 8.8.1", ("ETag", 'W/"1f-a+b/c="')),
    _variant("empty_tag", "ETag is empty, in quotes", "RFC 9110 section 8.8.3", ("ETag", '""')),
    Drift("aged_answers", "Age counts the seconds in a cache that may store", "", "", "", "RFC 9111 section 5.1", "text",
          to_success(_setting(("Cache-Control", "private, max-age=60"), ("Age", "12"))), "conforms", "variant"),
    _variant("old_last_modified", "Last-Modified is long ago", "RFC 9110 section 8.8.2", ("Last-Modified", _DATE)),
    _variant("aged_zero_no_store", "a proxy that passes on says Age: 0", "RFC 9111 section 5.1", ("Age", "0"),
             ("Cache-Control", "no-store")),
    _variant("cookies_twice", "a load balancer sets two cookies", "RFC 6265 section 3",
             ("Set-Cookie", "AWSALB=x; Expires=Sat, 05-Dec-2026 00:00:00 GMT; Path=/"),
             ("Set-Cookie", "__cf_bm=a.b; path=/; HttpOnly; Secure; SameSite=None")),
    _variant("links_of_two_kinds", "Link names two targets", "RFC 8288 section 3",
             ("Link", '</openapi.json>; rel="service-desc", <https://example.com/a,b>; rel=help; title="a, b"')),
    Drift("type_ends", "Content-Type ends with a semicolon", "", "", "", "no client minds it", "text",
          to_success(lambda reply: reply.with_header("Content-Type", "application/json; charset=utf-8;")),
          "conforms", "variant"),
    _variant("bare_challenge", "the challenge is a scheme alone", "RFC 9110 section 11.3",
             ("WWW-Authenticate", "Bearer"), on=401),
    _variant("several_challenges", "several challenges stand in one field", "RFC 9110 section 11.6.1",
             ("WWW-Authenticate", 'Bearer realm="api", error="invalid_token", Basic realm="api", Negotiate'), on=401),
    _variant("challenge_with_quotes", "a challenge's description has commas and escaped quotes",
             "RFC 6750 section 3", ("WWW-Authenticate", 'Bearer error_description="no, \\"this\\" key"'), on=401),
)  # fmt: skip
"""Other ways to send fields, none of which may be accused."""

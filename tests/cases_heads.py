"""Rules about the fields that HTTP defines: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping

from judge_cases import Case, Sent, batch, completed
from judge_support import CHALLENGE, OTHER, VALIDATED, refused, unknown

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 2094 08:49:37 GMT"
PUBLIC = (("Cache-Control", "public"),)

MALFORMED: Mapping[str, tuple[str, ...]] = {
    "Date": (
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 30 Feb 2026 00:00:00 GMT",
        "1741685413",
        "",
    ),
    "Expires": ("never", "1h"),
    "Last-Modified": ("2025-03-11", "Sun, 06 Nov 1994 08:49:37 +0000"),
    "Age": ("old", "-1", "1.5", "0, 12"),
    "ETag": ("abc", "'abc'", 'w/"abc"', "W/abc", '"a b"', '"a", "b"', ""),
    "Cache-Control": (
        "max-age",
        'max-age="60"',
        "max-age=-1",
        "max-age=1h",
        "private; max-age=0",
        "no-cache private",
        "max-age: 60",
    ),
    "Vary": ("Accept Origin", "Accept; Origin", '"Accept"'),
    "Allow": ("GET HEAD", '["GET"]', "GET; HEAD"),
    "Content-Length": ("5, 6", "+5", "5.0"),
    "Content-Range": ("bytes=0-1/2", "0-1/2", "bytes 0-1"),
    "Link": ("/next; rel=next", "<a> rel=next", "<a; rel=next"),
    "WWW-Authenticate": (
        'Bearer realm="api" error="x"',
        'Bearer: realm="x"',
        'Bearer realm="x',
        'Bearer realm="a "b" c"',
        '{"error": 1}',
        'realm="x"',
        "Please log in with a key",
    ),
}
"""Values that leave the grammar of their field."""

WELL_FORMED: Mapping[str, tuple[str, ...]] = {
    "Date": (DATE, "Thu, 29 Feb 2024 23:59:60 GMT"),
    "Expires": ("0", "-1", DATE),
    "Last-Modified": (DATE,),
    "Age": ("0", "86400"),
    "ETag": ('""', '"abc"', 'W/"a-b"', '"a:b/c+d=="', '"5d8c72a5edda8-gzip"', "[redacted]"),
    "Cache-Control": (
        "",
        "no-store",
        "No-Store, Max-Age=0",
        "max-age=60;",
        'no-cache="set-cookie, etag", private',
        "private,,max-age=5",
        "private, max-age=0, stale-while-revalidate=5, x-own='a'",
    ),
    "Vary": ("*", "Accept-Encoding", "Accept, Origin,", ""),
    "Allow": ("GET, HEAD", "", "GET,HEAD,OPTIONS"),
    "Content-Length": ("512", "512, 512"),
    "Content-Range": ("bytes 0-1/2", "bytes */5", "bytes 0-1/*", "items 0-9/20"),
    "Link": (
        "<a>; rel=next",
        '<a>; rel="next", <b>; rel="x, y"',
        "<https://a/b,c>; rel=preload; as=script; crossorigin",
    ),
    "WWW-Authenticate": (
        "Bearer",
        'Basic realm="x"',
        'Bearer realm="api", error="invalid_token", error_description="a, \\"b\\""',
        'Basic realm="a", Bearer realm="b"',
        "Negotiate abc==, Basic",
        'Digest realm="x", qop="auth,auth-int", nonce="abc", algorithm=MD5',
        'Bearer realm="api",',
        "Bearer realm=api",
    ),
}
"""Values of real stacks that keep it, or that do no harm."""


def answered(name: str, *values: str) -> Sent:
    """A response with a field, as often as there are values; a challenge comes with a 401."""
    headers = tuple((name, value) for value in values)
    if name == "WWW-Authenticate":
        return (refused(headers=headers),)
    return (batch(headers=headers),)


CASES: Mapping[str, Case] = {
    "response.field_syntax": Case(
        breaks=(
            *(answered(name, value) for name, values in MALFORMED.items() for value in values),
            (batch(media_type="application/json; charset"),),
            answered("Cache-Control", "no-store", "max-age=1h"),
        ),
        keeps=(
            *(answered(name, value) for name, values in WELL_FORMED.items() for value in values),
            *(
                (batch(media_type=f"application/json{rest}"),)
                for rest in (";", ' ; charset="utf-8"', ";charset=utf-8;")
            ),
            (batch(headers=(("Date", "now"),), headers_complete=False),),
            (unknown(headers=(("X-Date", "now"), ("Server", "nginx"), ("Via", "1.1 varnish (Varnish/7.1)"))),),
        ),
        alone=False,
    ),
    "response.field_repeated": Case(
        breaks=(
            answered("ETag", '"a"', '"b"'),
            answered("Date", DATE, DATE),
            answered("Age", "0", "0"),
            answered("Last-Modified", DATE, DATE),
            answered("Location", "/a", "/a"),
            answered("Retry-After", "1", "2"),
            answered("Content-Type", "application/json; charset=utf-8"),
        ),
        keeps=(
            answered("Content-Length", "5", "5"),
            answered("Content-Type", "application/json"),
            answered("Content-Length", "5", "6"),
            answered("Content-Type", "text/plain"),
            *(answered(name, "a", "a") for name in ("Set-Cookie", "Vary", "Via", "Cache-Control", "X-Cache")),
        ),
        alone=False,
    ),
    "response.aged_no_store": Case(
        breaks=(
            (batch(headers=(("Age", "40"), ("Cache-Control", "private, no-store"))),),
            (unknown(headers=(("cache-control", "no-cache"), ("cache-control", "No-Store"), ("age", "1"))),),
        ),
        keeps=(
            (batch(headers=(("Age", "0"), ("Cache-Control", "no-store"))),),
            (batch(headers=(("Age", "40"), ("Cache-Control", "private, max-age=60"))),),
            *(
                (batch(headers=(("Age", "40"), ("Cache-Control", "no-store"), (name, "max-age=60"))),)
                for name in ("CDN-Cache-Control", "Surrogate-Control", "X-Cache-Control")
            ),
            (batch(headers=(("Age", "40"),)),),
            (batch(headers=(("Cache-Control", "no-store"),)),),
            (batch(headers=(("Age", "40"), ("Cache-Control", "no-store-own"))),),
        ),
    ),
    "response.modified_later": Case(
        breaks=((batch(headers=(("Date", DATE), ("Last-Modified", "Sun, 06 Nov 1994 09:49:37 GMT"))),),),
        keeps=(
            (batch(headers=(("Date", DATE), ("Last-Modified", DATE))),),
            (batch(headers=(("Date", DATE), ("Last-Modified", "Sun, 06 Nov 1994 08:54:30 GMT"))),),
            (batch(headers=(("Date", "Thu, 29 Feb 2024 23:59:60 GMT"), ("Last-Modified", DATE))),),
            (batch(headers=(("Last-Modified", "Sun, 06 Nov 2094 08:49:37 GMT"),)),),
        ),
    ),
    "method.allow_refused": Case(
        breaks=(
            (unknown(b"", 405, method="HEAD", headers=(("Allow", "GET, HEAD"),)),),
            (unknown(b"", 405, method="HEAD", headers=(("Allow", "HEAD"), ("Allow", "GET"))),),
        ),
        keeps=(
            (unknown(b"", 405, method="HEAD", headers=(("Allow", "GET"),)),),
            (unknown(b"", 405, method="HEAD", headers=(("Allow", ""),)),),
            (unknown(b"", 404, method="HEAD", headers=(("Allow", "GET, HEAD"),)),),
        ),
        alone=False,
    ),
    "response.cache_public_error": Case(
        breaks=(
            (unknown(headers=(("Cache-Control", "public, max-age=60"),)),),
            (
                unknown(headers=(("Cache-Control", "max-age=1"), ("cache-control", "S-MaxAge=60"))),
                unknown(headers=PUBLIC),
            ),
        ),
        keeps=(
            *((unknown(headers=(("Cache-Control", validated),)),) for validated in VALIDATED),
            (unknown(headers=(("Cache-Control", "max-age=60"),)),),
            (unknown(headers=(("Cache-Control", "public, no-store"),)),),
            (unknown("Too many", 429, headers=PUBLIC),),
            (refused(headers=(CHALLENGE, *PUBLIC)),),
            (unknown("", 418, headers=PUBLIC),),
            (unknown("Forbidden", 403, subject="hostile", batch_id="' OR 1=1 --", headers=PUBLIC),),
            (unknown("oops", 500, headers=PUBLIC),),
        ),
    ),
    "response.fresh_for_hours": Case(
        breaks=(
            (batch(headers=(("Cache-Control", "private, max-age=3600"),)),),
            (batch(headers=(("Cache-Control", "private"), ("Cache-Control", "Max-Age=86400"))),),
            (batch(headers=(("Date", DATE), ("Expires", "Mon, 07 Nov 1994 08:49:37 GMT"))),),
        ),
        keeps=(
            (batch(headers=(("Cache-Control", "private, max-age=60"),)),),
            (batch(headers=(("Cache-Control", "max-age=86400, no-cache"),)),),
            (batch(headers=(("Cache-Control", "no-store, max-age=86400"),)),),
            (completed(headers=(("Cache-Control", "private, max-age=86400"),)),),
            (batch(headers=(("Date", DATE), ("Expires", DATE))),),
            (batch(headers=(("Date", DATE), ("Expires", "0"))),),
            (batch(headers=(("Cache-Control", "max-age=0"), ("Date", DATE), ("Expires", LATER))),),
            (batch(headers=(("Expires", LATER),)),),
            (unknown(headers=(("Cache-Control", "private, max-age=86400"),)),),
            (batch({"status": "stuck"}, headers=(("Cache-Control", "private, max-age=86400"),)),),
        ),
    ),
    "auth.challenge_scheme": Case(
        breaks=(
            (refused(headers=(("WWW-Authenticate", 'Basic realm="x"'),)),),
            (refused(headers=(("WWW-Authenticate", "ApiKey"), ("www-authenticate", "Negotiate"))),),
        ),
        keeps=(
            (refused(headers=(("WWW-Authenticate", "bearer"),)),),
            (refused(headers=(("WWW-Authenticate", "Basic"), ("WWW-Authenticate", 'Bearer realm="x"'))),),
            (refused(headers=(("WWW-Authenticate", 'Basic realm="x", Bearer'),)),),
            (refused(headers=(("WWW-Authenticate", "Please log in"),)),),
            (refused("Forbidden", 403, headers=(("WWW-Authenticate", "Basic"),)),),
        ),
    ),
    "stability.tag_reused": Case(
        breaks=(
            (batch(headers=(("ETag", '"5"'),)), batch({"status": "validating"}, headers=(("etag", '"5"'),))),
            (
                batch(headers=(("ETag", '"5"'),)),
                batch(headers=(("ETag", '"5"'),)),
                batch({"status": "validating"}, headers=(("ETag", '"6"'),)),
                batch({"status": "in_progress", "in_progress_at": 1741685420}, headers=(("ETag", '"6"'),)),
            ),
        ),
        keeps=(
            (batch(headers=(("ETag", 'W/"5"'),)), batch({"status": "validating"}, headers=(("ETag", 'W/"5"'),))),
            (batch(headers=(("ETag", '"5"'),)), batch({"status": "validating"}, headers=(("ETag", '"6"'),))),
            (batch(headers=(("ETag", '"5"'),)), batch(headers=(("ETag", '"5"'),))),
            (batch(headers=(("ETag", '"5"'),)), batch(headers=(("ETag", '"6"'),))),
            tuple(
                batch({"status": state}, headers=(("ETag", '"5"'), ("ETag", '"6"')))
                for state in ("in_queue", "validating")
            ),
            (
                batch(headers=(("ETag", '"5"'),)),
                batch({"status": "validating"}, headers=(("ETag", '"5"'), ("Content-Encoding", "gzip"))),
            ),
            (
                batch(headers=(("ETag", '"5"'),)),
                unknown(headers=(("ETag", '"5"'),)),
                completed({"id": OTHER}, batch_id=OTHER, headers=(("ETag", '"5"'),)),
            ),
            (
                batch(headers=(("ETag", '"5"'),)),
                batch({"status": "validating"}, headers=(("ETag", '"6"'),)),
                batch({"status": "in_progress", "in_progress_at": 1741685420}, headers=(("ETag", '"7"'),)),
                batch(
                    {"status": "in_progress", "in_progress_at": 1741685420, "metadata": None},
                    headers=(("ETag", '"7"'),),
                ),
            ),
        ),
    ),
}

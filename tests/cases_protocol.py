"""Rules about the response around the body: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from judge_cases import BROKEN_TWICE, GOOD, HOSTILE, HTML, SILENT_TWICE, Case, batch, drops, failed, openai, raw
from judge_support import (
    CHALLENGE,
    KNOWN,
    OPENAI_HEADERS,
    OTHER,
    QUEUED,
    VALIDATED,
    openai_like,
    refused,
    sent,
    unknown,
)

from batch_conformance.exchange.connection import NO_ANSWER
from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.exchange.transport import IN_BODY
from batch_conformance.message import shown

GZIP = ("Content-Encoding", "gzip")
LENGTH = ("Content-Length", str(len(json.dumps(QUEUED))))
MEASURED = batch(headers=(LENGTH,))
OTHER_LENGTH = ("Content-Length", str(len(json.dumps({**QUEUED, "status": "validating"}))))
OTHER_STATE = batch({"status": "validating"}, headers=(OTHER_LENGTH,))


def coded(accepted: str, *headers: tuple[str, str]) -> Exchange:
    """A batch for a request with an Accept-Encoding."""
    return batch(asked=(("Accept", "application/json"), ("Accept-Encoding", accepted)), headers=headers)


CHUNKED = ("Transfer-Encoding", "chunked")


def endless(**more: Any) -> Exchange:
    """An answer whose head came, and the end of whose body did not."""
    timeout = Failure("timeout", IN_BODY(failure=NO_ANSWER(seconds="10"), bytes=20))
    return unknown(b'"404 page not found', **{"headers": (CHUNKED,), "failure": timeout, **more})


CASES: Mapping[str, Case] = {
    "json.id_pasted": Case(
        breaks=(
            (unknown(b'"no batch a"b\\c"', subject="hostile", batch_id='a"b\\c'),),
            (unknown(b'{"error": "no ["a"] here"}', subject="hostile", batch_id='["a"]'),),
            (unknown(b'"no batch a\nb"', subject="hostile", batch_id="a\nb"),),
        ),
        keeps=(
            (unknown('no batch a"b', subject="hostile", batch_id='a"b'),),
            (unknown(b'no batch a"b', media_type="text/plain", subject="hostile", batch_id='a"b'),),
            (unknown(b'<p>no batch a"b</p>', media_type="text/html", subject="hostile", batch_id='a"b'),),
            (unknown(b'{"error": "no batch a"b', subject="hostile", batch_id='a"b'),),
            (unknown(b'"no batch a%22b"', subject="hostile", batch_id='a"b'),),
            (unknown(b'no batch "', subject="hostile", batch_id='"'),),
            (unknown(b'"no batch a\'b"', subject="hostile", batch_id="a'b"),),
        ),
        alone=False,
    ),
    "response.status": Case(
        breaks=((batch(status=202),), (unknown(b"", 302, media_type=None),), (unknown({"detail": []}, 422),)),
        keeps=((unknown("slow down", 429),), (unknown(b"", 405, method="HEAD"),), (unknown("no", 404),)),
    ),
    "response.media_type": Case(
        breaks=(
            (batch(media_type="text/html"),),
            (batch(media_type=None),),
            (unknown(HTML, media_type="text/html"),),
            (unknown({"type": "about:blank", "status": 404}, media_type="application/problem+json"),),
            (sent({"title": "no"}, 400, media_type="application/problem+json"),),
            (batch(media_type="text/html", truncated=True),),
            (batch(headers=(("Content-Type", "text/plain"),)),),
        ),
        keeps=(
            (batch(media_type="Application/JSON; charset=UTF-8"),),
            (batch(media_type="text/html", method="HEAD"),),
            (batch(headers=(("content-type", "application/json; charset=utf-8"),)),),
            (unknown(HTML, media_type="text/html", **HOSTILE),),
        ),
    ),
    "response.header": Case(
        under=openai_like(),
        breaks=(
            (openai(headers=()),),
            (openai(headers=(OPENAI_HEADERS[0], ("x-ratelimit-remaining", "many"))),),
            (openai(headers=(OPENAI_HEADERS[0], ("x-ratelimit-remaining", "-1"))),),
            (openai(headers=(("x-request-id", "a"),)),),
        ),
        keeps=((openai(headers=OPENAI_HEADERS[:1]),), (openai(headers=(("x-request-id", "r 42"),)),)),
    ),
    "response.charset": Case(
        breaks=(
            (batch(media_type="application/json; charset=gbk"),),
            (raw(b'"\xc3\xfb"', status=404, media_type='application/json;charset="GBK"'),),
        ),
        keeps=(
            (batch(media_type="application/json; charset=us-ascii"),),
            (batch(media_type='application/json;charset="utf-8"'),),
        ),
    ),
    "response.encoding": Case(
        breaks=((batch(decode_error=shown("the body is not gzip"), headers=(GZIP,)),),),
        keeps=((batch(headers=(GZIP,)),), (coded("identity", GZIP),)),
    ),
    "response.coding_unasked": Case(
        breaks=(
            (coded("identity", GZIP),),
            (coded("gzip;q=0, identity", GZIP),),
            (coded("deflate, *;q=0", ("Content-Encoding", "x-gzip")),),
        ),
        keeps=(
            (batch(headers=(GZIP,)),),
            (coded("deflate, gzip;q=0.5", GZIP),),
            (coded("deflate", GZIP),),
            (coded("gzip", ("Content-Encoding", "X-GZIP")),),
            (coded("x-gzip", GZIP),),
            (coded("*", GZIP),),
            (coded("identity", ("Content-Encoding", "identity")),),
            (coded("identity"),),
        ),
    ),
    "response.framing": Case(
        breaks=(
            (batch(headers=(("Content-Length", "5"), ("content-length", "6"))),),
            (batch(headers=(("Content-Length", "5"), ("Transfer-Encoding", "chunked"))),),
            (batch(trailing=4),),
            (raw(b"", method="HEAD", trailing=9),),
            (failed("protocol"),),
            (sent(b'{"id', failure=Failure("protocol", shown("the body ended early"))),),
            (failed("too_large"),),
            (batch(http_version="1.0", headers=(CHUNKED,), wire_notes=()),),
            (*(endless(name=f"shape_{n}") for n in range(3)), GOOD),
            (GOOD, *(endless(subject="known", batch_id=OTHER, status=200) for _ in range(3)), GOOD),
        ),
        keeps=(
            (batch(http_version="1.0", headers=(CHUNKED,)),),
            (batch(http_version="1.0", wire_notes=()),),
            (*(endless(name=f"shape_{n}") for n in range(3)),),
            (*(endless(name=f"shape_{n}") for n in range(2)), GOOD),
            (*(endless(name=f"shape_{n}") for n in range(3)), GOOD, unknown()),
            (*(endless(name=f"shape_{n}", headers=()) for n in range(3)), GOOD),
            (*(endless(name=f"shape_{n}", method="HEAD") for n in range(3)), GOOD),
            (batch(headers=(("Content-Length", "5"), ("content-length", "5"))),),
            (failed("reset"),),
            (batch(truncated=True),),
        ),
    ),
    "response.head_differs": Case(
        breaks=(
            (GOOD, raw(b"", method="HEAD", status=404)),
            (GOOD, raw(b"", method="HEAD", media_type="text/html")),
            (MEASURED, raw(b"", method="HEAD", headers=(("Content-Length", "0"),)), MEASURED),
        ),
        keeps=(
            (GOOD, raw(b"", method="HEAD")),
            (GOOD, raw(b"", method="HEAD", status=405, headers=(("Allow", "GET"),))),
            (MEASURED, raw(b"", method="HEAD", headers=(LENGTH,)), MEASURED),
            (MEASURED, raw(b"", method="HEAD", headers=(("Content-Length", "0"),))),
            (MEASURED, raw(b"", method="HEAD", headers=(("Content-Length", "7"),)), batch({"status": "in_progress"})),
            (GOOD, raw(b"", method="HEAD", headers=(("Content-Length", "7"),)), GOOD),
            # Two replicas, one of them behind: a HEAD says what the other one's GET said.
            (OTHER_STATE, MEASURED, raw(b"", method="HEAD", headers=(OTHER_LENGTH,)), MEASURED),
            (
                batch(headers=(LENGTH, GZIP)),
                raw(b"", method="HEAD", headers=(("Content-Length", "7"),)),
                batch(headers=(LENGTH, GZIP)),
            ),
            (GOOD, raw(b"", method="HEAD", status=503)),
            (GOOD, raw(b"", method="HEAD", media_type=None)),
            (GOOD, raw(b"", method="HEAD", status=501)),
            (GOOD, raw(b"", method="HEAD", status=404, batch_id="another")),
            (GOOD, raw(b"", method="HEAD", status=404, asked=())),
            (GOOD, raw(b"", method="HEAD", status=404, forced=404)),
            (GOOD, raw(b"", method="HEAD", status=429), unknown(), unknown("x", 404, method="DELETE", batch_id=KNOWN)),
            (replace(GOOD, response=None), raw(b"", method="HEAD", status=404)),
            (raw(b"", method="HEAD", status=404), GOOD, unknown(batch_id=KNOWN)),
            (GOOD, raw(b"", method="HEAD", status=406, asked=(("Accept", "image/png"),))),
            (GOOD, raw(b"", method="HEAD", status=401, credential="missing", headers=(CHALLENGE,))),
        ),
    ),
    "response.cache_public": Case(
        breaks=(
            (batch(headers=(("Cache-Control", "public, max-age=60"),)),),
            (batch(headers=(("Cache-Control", "max-age=1"), ("cache-control", "S-MaxAge=60"))),),
            (batch(headers=(("Cache-Control", "public, max-age=0"),)),),
            (batch(headers=(("Cache-Control", "s-maxage=60, max-age=0, must-revalidate"),)),),
            (batch(headers=(("Cache-Control", 'public, no-cache="Set-Cookie", max-age=60'),)),),
        ),
        keeps=(
            *((batch(headers=(("Cache-Control", validated),)),) for validated in VALIDATED),
            (batch(headers=(("Cache-Control", "max-age=60"),)),),
            (batch(headers=(("Cache-Control", "public, no-store"),)),),
            (unknown(headers=(("Cache-Control", "public"),)),),
        ),
    ),
    "response.retry_after": Case(
        breaks=tuple(
            (unknown("wait", 429, headers=(("Retry-After", value),)),)
            for value in ("soon", "-1", "1.5", "", "Mon, 23 Nov 99999999999 10:00:00 GMT")
        ),
        keeps=tuple(
            (unknown("wait", 429, headers=(("Retry-After", value),)),)
            for value in ("0", "120", "Mon, 23 Nov 2026 10:00:00 GMT")
        ),
        alone=False,
    ),
    "response.server_error": Case(
        breaks=((GOOD, *BROKEN_TWICE, replace(GOOD, number=3)),),
        keeps=(
            (GOOD, *BROKEN_TWICE),
            (GOOD, BROKEN_TWICE[0], replace(GOOD, number=3)),
            (GOOD, BROKEN_TWICE[0], unknown(name="same", number=2), replace(GOOD, number=3)),
            (
                GOOD,
                *(replace(one, probe=replace(one.probe, forced_status=500)) for one in BROKEN_TWICE),
                replace(GOOD, number=3),
            ),
        ),
        alone=False,
    ),
    "response.silent": Case(
        breaks=((GOOD, *SILENT_TWICE, replace(GOOD, number=3)),),
        keeps=(
            (GOOD, *SILENT_TWICE),
            (
                GOOD,
                SILENT_TWICE[0],
                replace(SILENT_TWICE[1], response=GOOD.response, failure=None),
                replace(GOOD, number=3),
            ),
            (
                GOOD,
                *(replace(one, failure=Failure("refused", shown("no"))) for one in SILENT_TWICE),
                replace(GOOD, number=3),
            ),
        ),
    ),
    "response.drops": Case(breaks=((drops(5, 20)),), keeps=(drops(4, 12), drops(5, 40), (GOOD,))),
    "response.refused_input": Case(
        breaks=(
            (unknown(HTML, 404, media_type="text/html", **HOSTILE),),
            (unknown({"detail": "Not Found"}, **HOSTILE),),
            (unknown(b"", 431),),
            (unknown(b"", 405, **HOSTILE, headers=(("Allow", "GET"),)),),
            *((unknown(b"", status, subject="hostile", batch_id="a/b"),) for status in (301, 302, 303, 307, 308)),
            (unknown("no", 414),),
            (unknown({"detail": "Not Found"}), unknown(HTML, 404, media_type="text/html", **HOSTILE)),
            (unknown(["Not Found"]), unknown({"detail": "Not Found"}, **HOSTILE)),
        ),
        alone=False,
        keeps=(
            (unknown(**HOSTILE),),
            (unknown({"detail": "Not Found"}), unknown({"detail": "No such thing"}, **HOSTILE)),
            (sent({"detail": "Not Found"}, 404), unknown({"detail": "No such thing"}, 400, **HOSTILE)),
            (unknown(HTML, 404, media_type="text/html"), unknown(HTML, 404, media_type="text/html", **HOSTILE)),
            (unknown({"detail": "Not Found"}),),
            (unknown(b"", 302, **HOSTILE),),
            (unknown(b"", 304, subject="hostile", batch_id="a/b"),),
        ),
    ),
    "response.not_acceptable": Case(
        breaks=(
            (sent(b"", 406, asked=(("Accept", "image/png"),)),),
            (sent(b"", 406, asked=(("Accept", "image/png, application/json;q=0"),)),),
        ),
        keeps=(
            (sent(b"", 406),),
            (sent(b"", 406, asked=()),),
            (sent(b"", 406, asked=(("Accept", "application/*"),)),),
            (sent(asked=(("Accept", "image/png"),)),),
        ),
    ),
    "response.undocumented_error": Case(
        under=openai_like(),
        breaks=((unknown({"error": {}}),), (refused({"error": {}}),)),
        keeps=((openai(),), (unknown({"error": {}}, 418),)),
    ),
    "method.allow_missing": Case(
        breaks=((unknown(b"", 405, method="DELETE"),),),
        keeps=(
            (unknown(b"", 405, method="DELETE", headers=(("allow", ""),)),),
            (unknown(b"", 501, method="DELETE"),),
            (unknown(HTML, 405, media_type="text/html", **HOSTILE),),
        ),
    ),
    "method.undeclared_answered": Case(
        breaks=((unknown({}, 200, method="DELETE"),), (unknown(b"", 204, method="PUT"),)),
        keeps=(
            (unknown({"detail": "Not Found"}, 404, method="DELETE", media_type="text/html"),),
            (raw(b"", method="HEAD"),),
        ),
    ),
}

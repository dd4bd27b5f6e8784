"""Files that are no recording which can be read: what each is likely to be, and what to do instead."""

from __future__ import annotations

import re
import shlex
from collections import Counter

from batch_conformance.recorded.formats.format import Head

_PIPED = "batch-conformance validate -"
_PACKED = (
    (b"\x28\xb5\x2f\xfd", f"it is compressed with zstd: zstd -dc {{}} | {_PIPED}"),
    (b"BZh", f"it is compressed with bzip2: bzip2 -dc {{}} | {_PIPED}"),
    (b"\xfd7zXZ\x00", f"it is compressed with xz: xz -dc {{}} | {_PIPED}"),
    (b"PK\x03\x04", f"it is a zip archive: unzip -p {{}} | {_PIPED}"),
    (b"\xff\xfe", f"it is UTF-16: iconv -f UTF-16 -t UTF-8 {{}} | {_PIPED}"),
    (b"\xfe\xff", f"it is UTF-16: iconv -f UTF-16 -t UTF-8 {{}} | {_PIPED}"),
)
"""How files begin that are no text in UTF-8, and how they are read; PowerShell redirects in UTF-16."""

_CAPTURE = (
    "a capture of packets (pcap): record with mitmproxy or a browser, which see the bodies of what is encrypted, too"
)
_MAGIC = (
    (b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (b"\x4d\x3c\xb2\xa1", _CAPTURE),
    (b"\x0a\x0d\x0d\x0a", _CAPTURE),
    (b"SQLite format 3\x00", "an SQLite database: export its rows as NDJSON of exchanges"),
    (b"ARROW1", "an Arrow file: write it as Parquet"),
    (b"Obj\x01", "an Avro file: write it as Parquet or NDJSON of exchanges"),
    (b"ORC", "an ORC file: write it as Parquet"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\x7fELF", "a program"),
    (b"\x80\x04\x95", "a pickle of Python, which is never read"),
)

_REPORT = "a report of batch-conformance: its exchanges are in the exchanges.har beside it"
_DOCUMENT = "an OpenAPI document: --contract takes it; what is to be validated is traffic"
_OTHER_CASSETTE = "a cassette of {}, not of VCR.py: record as HAR, or write NDJSON of exchanges"
_TEXTS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), told)
    for pattern, told in (
        (rb'\A\{\s*"format"\s*:\s*"batch-conformance/', _REPORT),
        (rb'\A\{[^\n]{0,400}sarif|\A\{\s*"\$schema"\s*:\s*"[^"]*sarif', "a SARIF report, which holds no exchanges"),
        (rb"\A(?:<\?xml[^>]*>\s*)?<testsuites?\b", "a JUnit report, which holds no exchanges"),
        (rb"\A(?:#.*\n|---.*\n|\s)*[\"']?(?:openapi|swagger)[\"']?\s*:", _DOCUMENT),
        (rb'\A\{(?:\s*"[^"]{1,40}"\s*:\s*"[^"]*",){0,4}\s*"(?:openapi|swagger)"\s*:\s*"[0-9.]+"', _DOCUMENT),
        (
            rb'"_postman_id"|"_postman_variable_scope"|schema\.getpostman\.com',
            "a Postman collection, which says what to send and not what was answered: export a run's traffic as HAR",
        ),
        (rb'"_type"\s*:\s*"export"|"__export_format"', "an export of Insomnia, which says what to send: export a HAR"),
        (rb'\A\{[\s\S]{0,200}"http_interactions"\s*:', _OTHER_CASSETTE.format("Betamax")),
        (rb"^http_interactions:", _OTHER_CASSETTE.format("VCR for Ruby")),
        (rb"^interactions:(?:.*\n){1,40}?\s+(?:url|proto|host|form):", _OTHER_CASSETTE.format("go-vcr")),
        (rb'\A\[\s*\{\s*"scope"\s*:', _OTHER_CASSETTE.format("nock")),
        (rb'\A\[\s*\{[\s\S]{0,400}"request"\s*:', "a list of exchanges: jq -c '.[]' {} | " + _PIPED),
        (rb'\A\{\s*"(?:consumer|provider)"\s*:', "a contract of Pact, which holds examples and no traffic"),
        (rb'"(?:bodyFileName|jsonBody|urlPattern|urlPathPattern|urlPath)"\s*:', "a mapping of WireMock, no traffic"),
        (rb'\A\{\s*"data"\s*:\s*\{\s*"pairs"\s*:', "a simulation of Hoverfly: record as HAR"),
        (rb'\A\{\s*"resource_?metrics"\s*:', "metrics of OpenTelemetry: give its spans or its logs"),
        (
            rb'\A\{\s*"data"\s*:\s*\[\s*\{\s*"traceID"',
            "an export of Jaeger: have the collector's file exporter write it",
        ),
        (rb'\A\[\s*\{\s*"(?:traceId|id)"\s*:\s*"[0-9a-f]{16}', "spans of Zipkin: have the collector write OTLP"),
        (rb'\A\{"log":"[^\n]*"stream":"std(?:out|err)"', "a log of Docker: jq -rj .log {} | " + _PIPED),
        (rb'\A\{[^\n]*"custom_id"\s*:', "a file of a batch's requests or results, not of its API's traffic"),
        (rb"<items\s+burpVersion", "an export of Burp: save the items as HAR"),
        (rb"<testResults\b", "a log of JMeter: record as HAR"),
        (rb"\A<!doctype html|\A<html", "a page in HTML"),
        (rb"\A<\?xml|\A<[a-z][\w:-]*[\s>]", "XML"),
        (rb"\A(?:\*\s+\S.*\n)+[>*<]|\A[>] [A-Z]+ \S+ HTTP/", "what curl -v prints: curl has no format of recordings"),
        (rb"\AHTTP/\d(?:\.\d)? \d{3}", "one response as text: write NDJSON of exchanges"),
        (rb"\A(?:GET|HEAD|POST) \S+ HTTP/\d", "one request as text: write NDJSON of exchanges"),
    )
)
_ACCESS_LOG = re.compile(rb'\S+ \S+ .{0,80}?\[\d{2}/\w{3}/\d{4}:[^\]]+\]\s+"')
_MOST_FIELDS = 500


def packed_as(head: bytes, path: str) -> str:
    """How to read what is compressed or coded in a way that is not undone here; empty where it is not."""
    told = next((told for begins, told in _PACKED if head.startswith(begins)), "")
    return told.format(shlex.quote(path))


def likely_name(head: Head, path: str) -> str:
    """What a file is likely to be that is in none of the formats; empty where nothing says so."""
    told = next((told for begins, told in _MAGIC if head.data.startswith(begins)), "")
    if told or head.is_binary:
        return told or "binary data"
    told = next((told for pattern, told in _TEXTS if pattern.search(head.text)), "")
    if told:
        return told.format(shlex.quote(path)) if "{}" in told else told
    if len(head.lines) > 1 and all(_ACCESS_LOG.match(line) for line in head.lines):
        return "an access log without bodies: docs/VALIDATE.md has the lines of nginx that log them"
    return _table(head)


def _table(head: Head) -> str:
    """What a table is likely to be: its first lines have as many commas, tabs or semicolons each."""
    if len(head.lines) > 1 and not head.objects:
        for separator, name in ((b",", "CSV"), (b"\t", "tab-separated text"), (b";", "CSV")):
            counts = Counter(line.count(separator) for line in head.lines[:20])
            if min(counts) == max(counts) and 2 <= max(counts) < _MOST_FIELDS:
                return f"{name}: write its rows as NDJSON of exchanges, or as Parquet"
    return ""

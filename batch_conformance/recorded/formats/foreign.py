"""Files that are no recording which can be read: what each is likely to be, and what to do instead."""

from __future__ import annotations

import re
import shlex
from collections import Counter

from batch_conformance.message import Message, Template
from batch_conformance.recorded.formats.format import Head

_PIPED = "batch-conformance validate -"
_ZSTD = Template("foreign.zstd", "it is compressed with zstd: {command}")
_BZIP2 = Template("foreign.bzip2", "it is compressed with bzip2: {command}")
_XZ = Template("foreign.xz", "it is compressed with xz: {command}")
_ZIP = Template("foreign.zip", "it is a zip archive: {command}")
_UTF_16 = Template("foreign.utf_16", "it is UTF-16: {command}")
_PACKED = (
    (b"\x28\xb5\x2f\xfd", _ZSTD, "zstd -dc {}"),
    (b"BZh", _BZIP2, "bzip2 -dc {}"),
    (b"\xfd7zXZ\x00", _XZ, "xz -dc {}"),
    (b"PK\x03\x04", _ZIP, "unzip -p {}"),
    (b"\xff\xfe", _UTF_16, "iconv -f UTF-16 -t UTF-8 {}"),
    (b"\xfe\xff", _UTF_16, "iconv -f UTF-16 -t UTF-8 {}"),
)
"""How files begin that are no text in UTF-8, and how they are read; PowerShell redirects in UTF-16."""

_CAPTURE = Template(
    "foreign.capture",
    "a capture of packets (pcap): record with mitmproxy or a browser, which see the bodies of what is encrypted, too",
)
_MAGIC = (
    (b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (b"\x4d\x3c\xb2\xa1", _CAPTURE),
    (b"\x0a\x0d\x0d\x0a", _CAPTURE),
    (
        b"SQLite format 3\x00",
        Template("foreign.sqlite", "an SQLite database: export its rows as NDJSON of exchanges"),
    ),
    (b"ARROW1", Template("foreign.arrow", "an Arrow file: write it as Parquet")),
    (b"Obj\x01", Template("foreign.avro", "an Avro file: write it as Parquet or NDJSON of exchanges")),
    (b"ORC", Template("foreign.orc", "an ORC file: write it as Parquet")),
    (b"%PDF", Template("foreign.pdf", "a PDF")),
    (b"\x89PNG", Template("foreign.picture", "a picture")),
    (b"\x7fELF", Template("foreign.program", "a program")),
    (b"\x80\x04\x95", Template("foreign.pickle", "a pickle of Python, which is never read")),
)

_REPORT = Template("foreign.report", "a report of batch-conformance: its exchanges are in the exchanges.har beside it")
_DOCUMENT = Template("foreign.document", "an OpenAPI document: --contract takes it; what is to be validated is traffic")
_LIST = Template("foreign.list", "a list of exchanges: {command}")
_DOCKER = Template("foreign.docker", "a log of Docker: {command}")
_SARIF = Template("foreign.sarif", "a SARIF report, which holds no exchanges")
_OTHER_CASSETTE = Template(
    "foreign.other_cassette", "a cassette of {tool}, not of VCR.py: record as HAR, or write NDJSON of exchanges"
)
_TEXTS: tuple[tuple[re.Pattern[bytes], Template | Message], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), told)
    for pattern, told in (
        (rb'\A\{\s*"format"\s*:\s*"batch-conformance/', _REPORT),
        (rb'\A\{[^\n]{0,400}sarif|\A\{\s*"\$schema"\s*:\s*"[^"]*sarif', _SARIF),
        (
            rb"\A(?:<\?xml[^>]*>\s*)?<testsuites?\b",
            Template("foreign.junit", "a JUnit report, which holds no exchanges"),
        ),
        (rb"\A(?:#.*\n|---.*\n|\s)*[\"']?(?:openapi|swagger)[\"']?\s*:", _DOCUMENT),
        (rb'\A\{(?:\s*"[^"]{1,40}"\s*:\s*"[^"]*",){0,4}\s*"(?:openapi|swagger)"\s*:\s*"[0-9.]+"', _DOCUMENT),
        (
            rb'"_postman_id"|"_postman_variable_scope"|schema\.getpostman\.com',
            Template(
                "foreign.postman",
                "a Postman collection, which says what to send and not what was answered: "
                "export a run's traffic as HAR",
            ),
        ),
        (
            rb'"_type"\s*:\s*"export"|"__export_format"',
            Template("foreign.insomnia", "an export of Insomnia, which says what to send: export a HAR"),
        ),
        (rb'\A\{[\s\S]{0,200}"http_interactions"\s*:', _OTHER_CASSETTE(tool="Betamax")),
        (rb"^http_interactions:", _OTHER_CASSETTE(tool="VCR for Ruby")),
        (rb"^interactions:(?:.*\n){1,40}?\s+(?:url|proto|host|form):", _OTHER_CASSETTE(tool="go-vcr")),
        (rb'\A\[\s*\{\s*"scope"\s*:', _OTHER_CASSETTE(tool="nock")),
        (
            rb'\A\[\s*\{[\s\S]{0,400}"request"\s*:',
            _LIST,
        ),
        (
            rb'\A\{\s*"(?:consumer|provider)"\s*:',
            Template("foreign.pact", "a contract of Pact, which holds examples and no traffic"),
        ),
        (
            rb'"(?:bodyFileName|jsonBody|urlPattern|urlPathPattern|urlPath)"\s*:',
            Template("foreign.wiremock", "a mapping of WireMock, no traffic"),
        ),
        (
            rb'\A\{\s*"data"\s*:\s*\{\s*"pairs"\s*:',
            Template("foreign.hoverfly", "a simulation of Hoverfly: record as HAR"),
        ),
        (
            rb'\A\{\s*"resource_?metrics"\s*:',
            Template("foreign.metrics", "metrics of OpenTelemetry: give its spans or its logs"),
        ),
        (
            rb'\A\{\s*"data"\s*:\s*\[\s*\{\s*"traceID"',
            Template("foreign.jaeger", "an export of Jaeger: have the collector's file exporter write it"),
        ),
        (
            rb'\A\[\s*\{\s*"(?:traceId|id)"\s*:\s*"[0-9a-f]{16}',
            Template("foreign.zipkin", "spans of Zipkin: have the collector write OTLP"),
        ),
        (
            rb'\A\{"log":"[^\n]*"stream":"std(?:out|err)"',
            _DOCKER,
        ),
        (
            rb'\A\{[^\n]*"custom_id"\s*:',
            Template("foreign.batch_file", "a file of a batch's requests or results, not of its API's traffic"),
        ),
        (rb"<items\s+burpVersion", Template("foreign.burp", "an export of Burp: save the items as HAR")),
        (rb"<testResults\b", Template("foreign.jmeter", "a log of JMeter: record as HAR")),
        (rb"\A<!doctype html|\A<html", Template("foreign.html", "a page in HTML")),
        (rb"\A<\?xml|\A<[a-z][\w:-]*[\s>]", Template("foreign.xml", "XML")),
        (
            rb"\A(?:\*\s+\S.*\n)+[>*<]|\A[>] [A-Z]+ \S+ HTTP/",
            Template("foreign.curl", "what curl -v prints: curl has no format of recordings"),
        ),
        (
            rb"\AHTTP/\d(?:\.\d)? \d{3}",
            Template("foreign.response", "one response as text: write NDJSON of exchanges"),
        ),
        (
            rb"\A(?:GET|HEAD|POST) \S+ HTTP/\d",
            Template("foreign.request", "one request as text: write NDJSON of exchanges"),
        ),
    )
)
_BINARY = Template("foreign.binary", "binary data")
_PLAIN_ACCESS_LOG = Template(
    "foreign.access_log", "an access log without bodies: docs/VALIDATE.md has the lines of nginx that log them"
)
_TABLE = Template("foreign.table", "{kind}: write its rows as NDJSON of exchanges, or as Parquet")
_TAB_SEPARATED = Template("foreign.tab_separated", "tab-separated text")
_ACCESS_LOG = re.compile(rb'\S+ \S+ .{0,80}?\[\d{2}/\w{3}/\d{4}:[^\]]+\]\s+"')
_MOST_FIELDS = 500


def packed_as(head: bytes, path: str) -> Message | None:
    """How to read what is compressed or coded in a way that is not undone here; None where it is not."""
    found = next(((told, command) for begins, told, command in _PACKED if head.startswith(begins)), None)
    return found[0](command=_piped(found[1], path)) if found is not None else None


def _piped(command: str, path: str) -> str:
    return f"{command.format(shlex.quote(path))} | {_PIPED}"


def likely_name(head: Head, path: str) -> Message | None:
    """What a file is likely to be that is in none of the formats; None where nothing says so."""
    known = next((told() for begins, told in _MAGIC if head.data.startswith(begins)), None)
    if known is not None or head.is_binary:
        return known or _BINARY()
    told = next((told for pattern, told in _TEXTS if pattern.search(head.text)), None)
    if told is _LIST or told is _DOCKER:
        return told(command=_piped("jq -c '.[]' {}" if told is _LIST else "jq -rj .log {}", path))
    if told is not None:
        return told() if isinstance(told, Template) else told
    if len(head.lines) > 1 and all(_ACCESS_LOG.match(line) for line in head.lines):
        return _PLAIN_ACCESS_LOG()
    return _table(head)


def _table(head: Head) -> Message | None:
    """What a table is likely to be: its first lines have as many commas, tabs or semicolons each."""
    if len(head.lines) > 1 and not head.objects:
        kinds: tuple[tuple[bytes, Message | str], ...] = ((b",", "CSV"), (b"\t", _TAB_SEPARATED()), (b";", "CSV"))
        for separator, kind in kinds:
            counts = Counter(line.count(separator) for line in head.lines[:20])
            if min(counts) == max(counts) and 2 <= max(counts) < _MOST_FIELDS:
                return _TABLE(kind=kind)
    return None

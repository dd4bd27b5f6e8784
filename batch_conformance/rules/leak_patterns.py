"""Patterns of what texts show of a server's insides: traces, code, paths, hosts and credentials.

Every repetition is bounded: a text that is made to be slow to search is searched like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from batch_conformance.contract.pointer import escape

_REMEMBERED = 256
_DEEPEST, _MOST_ITEMS = 6, 1_000
_TRACES = (
    re.compile(r"Traceback \(most recent call last\)"),
    re.compile(r'File "[^"\n]{1,200}", line \d+, in '),
    re.compile(r"^goroutine \d{1,9} \[", re.MULTILINE),
    re.compile(r"\bat [\w.$<>]{1,200}\([\w$]{1,80}\.(?:java|kt|scala):\d"),
    re.compile(r"\bat (?:[\w.<>$ ]{1,120} \()?(?:file://)?/[^\s)\"]{1,200}\.[cm]?[jt]s:\d{1,6}:\d"),
    re.compile(r"\bpanic: runtime error"),
    re.compile(r"[\w-]\.(?:go|rb|php|rs):\d{1,6}(?::in |\s{1,4}\+0x| panicked)"),
    re.compile(r"\bSystem\.\w{1,60}Exception:|\bat [\w.]{1,200}\([^()\n]{0,200}\) in [^\n]{1,200}\.cs:line \d"),
)
_HOSTS = (
    re.compile(
        r"(?<![\w.]/)(?<![\w.-])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}"
        r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})(?::\d{1,5})?(?![\w.])"
    ),
    re.compile(r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.(?:svc\.cluster\.local|internal|corp|lan)\b"),
)
_INTERNALS = (
    # An attribute of an HTML page, or a URL, leads to a page of the site; a quoted path in a message does not.
    re.compile(r"(?<!=[\"'])(?<![\w/.])/(?:home|root|usr|var|srv|opt|etc)/[\w.-]{1,80}(?:/[\w.-]{1,80}){0,20}"),
    re.compile(r"(?<!=[\"'])(?<![\w/.])/(?:app|data|mnt)/(?:[\w.-]{1,80}/){0,20}[\w-]{1,80}\.\w{1,10}"),
    re.compile(r"\b[A-Z]:\\{1,2}(?:[\w .-]{1,80}\\{1,2}){1,20}"),
    *_HOSTS,
)
_CODE = (
    # Classes of exceptions with the packages that they are in.
    re.compile(
        r"(?<![\w./-])(?:javax?|jakarta|kotlin|scala|reactor|(?:org|com|io|net|cn)\.[a-z]\w{0,40})(?:\.[a-z]\w{0,40}){1,12}"
        r"\.[A-Z]\w{0,80}(?:Exception|Error)\b"
    ),
    re.compile(
        r"(?<![\w./-])(?:sqlalchemy|psycopg2?|asyncpg|pymysql|MySQLdb|sqlite3|pymongo|redis|django|flask|werkzeug|starlette"
        r"|fastapi|botocore|urllib3|requests|httpx|aiohttp|kombu|celery|grpc|torch|json)(?:\.[a-z_]\w{0,40}){0,6}"
        r"\.(?:[A-Z]\w{0,80}(?:Exception|Error|Timeout|Violation)|Undefined(?:Table|Column))\b"
    ),
    re.compile(r"(?<![\w./-])(?:System|Microsoft|Npgsql|MongoDB)(?:\.[A-Z]\w{0,60}){0,7}\.\w{0,60}Exception\b"),
    # A file of code with the number of a line.
    re.compile(
        r"(?<![\w/:])(?:[\w.-]{0,80}/){1,20}[\w-]{1,80}\.(?:py|go|rs|java|kt|rb|php|cs|[cm]?[jt]s|lua|ex):\d{1,6}\b"
    ),
    # Queries, and what databases and drivers say.
    re.compile(r"\bSELECT\b[^\n]{1,400}\bFROM\s+[\w\"`.\[]|\bINSERT INTO\s+[\w\"`.]|\bUPDATE\s+[\w\"`.]{1,80}\s+SET\s"),
    re.compile(r"\bDELETE FROM\s+[\w\"`.]|\[SQL: |\bSQLSTATE\b|\bORA-\d{5}\b|\bE11000 duplicate key"),
    re.compile(r"You have an error in your SQL syntax|syntax error at or near|\bnear \"[^\"\n]{0,80}\": syntax error"),
    re.compile(r"\b(?:relation|column|role|database) \"[\w.]{1,80}\" (?:of relation [\w\".]{1,80} )?does not exist"),
    re.compile(r"violates (?:unique|foreign key|check|not-null) constraint|Duplicate entry '[^'\n]{0,200}' for key"),
    re.compile(
        r"\bno such (?:table|column): \w|Unknown column '[^'\n]{1,120}' in '|Table '[\w.]{1,120}' doesn't exist"
    ),
    re.compile(
        r"\b(?:pq|pgx|sql|redis|mongo|gorm): [a-z][\w ]{4,}|\bdial (?:tcp|unix)\b|\brpc error: code = \w+ desc = "
    ),
    re.compile(r"(?<![\w./-])(?:psycopg2?\.errors|asyncpg\.exceptions|sqlalchemy\.exc|pymysql\.err)\.[A-Z]\w{2,80}\b"),
    re.compile(
        r"\binvalid input syntax for (?:type )?(?:uuid|integer|bigint|timestamp|json)\b"
        r"|\binvalid byte sequence for encoding \"\w+\""
        r"|\bvalue too long for type character varying\b|\bData too long for column '|\bIncorrect string value: '"
        r"|\bCast to ObjectId failed\b"
    ),
    # What runtimes of languages say of a fault in a program.
    re.compile(
        r"'NoneType' object (?:has no attribute|is not)\b"
        r"|\bCannot read propert(?:y|ies) (?:'\w{1,60}' )?of (?:undefined|null)\b"
        r"|\bundefined method [`'‘]\w{1,80}['’] for nil\b|\bCall to a member function \w{1,80}\(\) on null\b"
        r"|\bObject reference not set to an instance of an object\b"
        r"|\bruntime error: (?:invalid memory address|index out of range|slice bounds)"
    ),
    re.compile(r"\bECONNREFUSED\b|\bWRONGTYPE Operation against a key\b|\bMongo(?:Server|Network)Error\b"),
)
_TOKENS = (
    re.compile(r"(?<![\w.-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{16,1000}"),
    re.compile(r"\b[Bb]earer +(?=[^\s\d]{0,200}\d)(?=[^\sa-zA-Z]{0,200}[a-zA-Z])[\w.~+/-]{20,2000}=*"),
)
_WITH_PORT = re.compile(r"(?:[A-Za-z][\w-]{0,63}|\.\d{1,3}):\d{1,5}(?!\w|[:.]\w)")
"""A host with a port, whoever's it is; what ends a sentence or a part of it may follow."""
_ADDRESS = re.compile(r"https?://[^/?#\s]{1,300}")
_QUOTED = re.compile(r"'[^'\n]{0,2000}'|\"[^\"\n]{0,2000}\"|`[^`\n]{0,2000}`|\{.{0,4000}\}", re.DOTALL)
_SPEAKING = re.compile(r"[\s\\]|\.[A-Za-z]|[A-Za-z]:|:[\d/]|\.\d{1,3}\.\d")
"""Some of this is in every text that says something: a word after another, a host, an address, a file."""


@lru_cache(_REMEMBERED)
def trace_in(text: str) -> str:
    """The first words of a stack trace in a text; empty where there is none."""
    return _first(_TRACES, text)


def internals_in(text: str, sent: str) -> str:
    """A path or a private host in a text that the client did not send; empty where there is none."""
    return _first(_INTERNALS, text, sent)


def host_in(text: str, sent: str) -> str:
    """A private host or address in a text that the client did not send; empty where there is none."""
    return _first(_HOSTS, text, sent)


def code_in(text: str, sent: str) -> str:
    """A class, a line of code, a query or words of a driver in a text that the client did not send; else empty."""
    return _first(_CODE, text, sent)


def token_in(text: str, sent: str) -> str:
    """The beginning of a bearer token in a text that the client did not send; empty where there is none."""
    found = _first(_TOKENS, text, sent)
    return found[:12] + "…" if found else ""


def may_speak(text: str) -> bool:
    """Whether a text may have something of all this in it: it is more than an id, a number or a path."""
    return _SPEAKING.search(text) is not None


def other_port_in(text: str, url: str) -> str:
    """The host of a URL, under another port, in a text; empty where there is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return ""
    if not host or host.lower() not in text.lower():
        return ""
    places = re.finditer(rf"(?<![\w.-]){re.escape(host)}:(\d{{1,5}})(?!\d)", text, re.IGNORECASE)
    return next((match[0] for match in places if int(match[1]) != port), "")


@lru_cache(1024)
def surely_says_nothing(text: str) -> bool:
    """Whether a text shows nothing of all this, whatever was asked for. No means that it has to be looked at."""
    return not may_speak(text) or not shows_anything(text)


@lru_cache(_REMEMBERED)
def shows_anything(text: str) -> bool:
    """Whether anything of all this stands in a text, whoever sent it, or a host with a port."""
    patterns = (*_TRACES, *_CODE, *_INTERNALS, *_TOKENS, _WITH_PORT)
    return any(pattern.search(text) for pattern in patterns)


def address_of(text: str) -> str:
    """The scheme and host of a text that is a URL; empty where it is none."""
    match = _ADDRESS.match(text)
    return match[0] if match else ""


def unquoted(text: str) -> str:
    """A text without what it quotes: a message may quote a line of the customer's own."""
    return _QUOTED.sub(" ", text)


def _first(patterns: Iterable[re.Pattern[str]], text: str, sent: str = "") -> str:
    """The first text found that is no part of what was sent."""
    for pattern in patterns:
        for match in pattern.finditer(text):
            if not sent or match[0] not in sent:
                return match[0]
    return ""


def strings_in(
    value: Any, pointer: str, free: Set[str], depth: int = 0, *, of_lines: bool = False
) -> Iterator[tuple[str, str]]:
    """The texts in a value, each with its pointer.

    Those of customers, at the pointers in ``free``, are left out; so are, unless ``of_lines``, those of errors that say
    which line of the input they are about: they show what stands there.
    """
    if isinstance(value, str):
        yield pointer, value
    elif pointer in free or depth > _DEEPEST:
        return
    elif isinstance(value, Mapping):
        if of_lines or not (depth and _is_of_a_line(value)):
            for name, member in value.items():
                yield from strings_in(member, f"{pointer}/{escape(str(name))}", free, depth + 1, of_lines=of_lines)
    elif isinstance(value, list):
        for member in value[:_MOST_ITEMS]:
            yield from strings_in(member, pointer + "/*", free, depth + 1, of_lines=of_lines)


def _is_of_a_line(error: Mapping[str, Any]) -> bool:
    """Whether an error names a line of the input: OpenAI's ``line``, "if applicable", is null for any other."""
    return type(error.get("line")) is int


def says_nothing(text: str) -> bool:
    """Whether a text of a batch surely shows nothing of the server."""
    said = address_of(text) or text
    return surely_says_nothing(said) and surely_says_nothing(unquoted(said))

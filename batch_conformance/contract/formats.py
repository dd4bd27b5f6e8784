"""The formats of OpenAPI and JSON Schema: which are checked, of which types of values they speak, and what keeps them.

The names are those of OpenAPI 3.0.3 section 4.4, JSON Schema 2020-12 validation section 7.3 and OpenAPI's format
registry (https://spec.openapis.org/registry/format/). A format says something of the types of values that it is for,
and nothing of any other: ``format: int64`` beside ``type: string`` asks for nothing.

Where the standard is stricter than what clients read everywhere, the wider syntax is taken: any mailbox for ``email``,
ISO 8601 for ``duration``, letters beyond ASCII in references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any

import jsonschema_rs
import regex

_STRING = frozenset({"string"})
_NUMBER = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is checked.

    ``types`` are the JSON types that it is for, ``keeps`` and ``breaks`` a value of the first of them that does.
    ``is_kept`` is only asked of values of these types. ``range`` is that of a format of numbers, both ends included.
    """

    types: frozenset[str]
    is_kept: Callable[[Any], bool]
    keeps: Any
    breaks: Any
    range: tuple[float, float] | None = None


_NONE = "of no format"
_DATE_TIME_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_OFFSET = r"[Zz]|(?P<sign>[+-])(?P<hours>[01]\d|2[0-3]):(?P<minutes>[0-5]\d)"
_DATE_TIME = re.compile(rf"{_DATE_TIME_LOCAL.pattern}({_OFFSET})", re.ASCII)
_LEAP_YEAR = "2000"
_MINUTES_A_DAY = 24 * 60
_TIME_LOCAL = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?", re.ASCII)
_DURATION = re.compile(
    r"P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+([.,]\d+)?H)?(\d+([.,]\d+)?M)?(\d+([.,]\d+)?S)?)?", re.ASCII
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_EMAIL = re.compile(r'("[^"\r\n]*"|[^\s"@]+)@[^\s@]+')
_LABEL = r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_HOSTNAME = re.compile(rf"(?=.{{1,254}}\Z){_LABEL}(\.{_LABEL})*\.?")
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_RANGE = re.compile(rf"{_TOKEN}/{_TOKEN}[ \t]*(;.*)?")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL128 = re.compile(rf"{_DECIMAL.pattern}|[+-]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_IMF_FIXDATE = re.compile(rf"{_DAY}, \d\d {_MONTH} \d{{4}} \d\d:\d\d:\d\d GMT", re.ASCII)
_HTTP_DATE = re.compile(
    rf"{_IMF_FIXDATE.pattern}|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d-{_MONTH}-\d\d \d\d:\d\d:\d\d GMT"
    rf"|{_DAY} {_MONTH} [ \d]\d \d\d:\d\d:\d\d \d{{4}}",
    re.ASCII,
)


def _moment(local: str) -> datetime | None:
    """The time to the second that a text of the right form names, its leap second taken for the one before; or None.

    The year 0000 is one of RFC 3339, a leap year, and none of Python.
    """
    year = _LEAP_YEAR if local.startswith("0000") else local[:4]
    try:
        return datetime.fromisoformat(year + local[4:17].upper() + local[17:19].replace("60", "59"))
    except ValueError:
        return None


def _is_date_time(value: str) -> bool:
    """Whether a text is a time of RFC 3339. A leap second ends a day of UTC (section 5.7)."""
    found = _DATE_TIME.fullmatch(value)
    moment = _moment(value) if found else None
    if found is None or moment is None:
        return False
    offset = int(f"{found['sign']}1") * (int(found["hours"]) * 60 + int(found["minutes"])) if found["sign"] else 0
    return value[17:19] != "60" or (moment.hour * 60 + moment.minute - offset) % _MINUTES_A_DAY == _MINUTES_A_DAY - 1


def _matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


def _by_library(name: str) -> Callable[[str], bool]:
    """The check of jsonschema-rs for a format of JSON Schema."""
    is_valid = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid

    def check(value: str) -> bool:
        try:
            return bool(is_valid(value))
        except ValueError:  # half a surrogate pair, which is a finding of its own
            return True

    return check


_EXPRESSION = re.compile(r"\\.|\[(?:\\.|[^\\\]])*\]|\((?:\?[^\s(|*+?)])?|[|)]|[*+?]|[^\\\[(]", re.DOTALL)
"""The tokens of a regular expression: an escape, a class, the start of a group, its end, a quantifier, a character."""


def _is_regex(value: str) -> bool:
    """Whether a text can be a regular expression by ECMA-262, or by the looser grammar of its Annex B.

    Only what no reader takes is refused: groups, classes and escapes that do not end, and quantifiers of nothing. The
    text comes from a server, and is never compiled: nested repetitions would fill the memory.
    """
    depth = position = 0
    repeatable, lazy = False, False
    while position < len(value):
        token = _EXPRESSION.match(value, position)
        if token is None:
            return False
        position, text = token.end(), token[0]
        if text in ("*", "+", "?"):
            if not repeatable and not (lazy and text == "?"):
                return False
            repeatable, lazy = False, repeatable
            continue
        depth += (text[0] == "(") - (text == ")")
        if depth < 0:
            return False
        repeatable, lazy = text[0] != "(" and text != "|", False
    return depth == 0


def _is_network(version: int) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            return "/" in value and ip_network(value, strict=False).version == version
        except ValueError:
            return False

    return check


def _text(is_kept: Callable[[str], bool], keeps: str, breaks: str = _NONE) -> Format:
    return Format(_STRING, is_kept, keeps, breaks)


def _whole(least: int, most: int) -> Format:
    """Numbers within a range; that they are whole ones is for ``type`` to say."""
    return Format(_NUMBER, lambda value: least <= value <= most, 1, most + 1, (least, most))


def _real(most: float, breaks: int) -> Format:
    return Format(_NUMBER, lambda value: -most <= value <= most, 1.5, breaks, (-most, most))


def _number_or_text(pattern: re.Pattern[str], keeps: str) -> Format:
    return Format(
        _STRING | _NUMBER, lambda value: not isinstance(value, str) or bool(pattern.fullmatch(value)), keeps, _NONE
    )


CHECKED: Mapping[str, Format] = {
    "date-time": _text(_is_date_time, "2026-03-25T10:33:11Z"),
    "date": _text(_by_library("date"), "2026-03-25"),
    "time": _text(_by_library("time"), "10:33:11Z"),
    "date-time-local": _text(
        lambda value: bool(_DATE_TIME_LOCAL.fullmatch(value) and _moment(value)), "2026-03-25T10:33:11"
    ),
    "time-local": _text(_matching(_TIME_LOCAL), "10:33:11"),
    "duration": _text(_matching(_DURATION), "PT24H"),
    "http-date": _text(_matching(_HTTP_DATE), "Wed, 25 Mar 2026 10:33:11 GMT"),
    "imf-fixdate": _text(_matching(_IMF_FIXDATE), "Wed, 25 Mar 2026 10:33:11 GMT"),
    "email": _text(_matching(_EMAIL), "batch@example.com"),
    "idn-email": _text(_matching(_EMAIL), "batch@example.com"),
    "hostname": _text(_matching(_HOSTNAME), "example.com"),
    "idn-hostname": _text(_by_library("idn-hostname"), "example.com"),
    "ipv4": _text(_by_library("ipv4"), "192.0.2.1"),
    "ipv6": _text(_by_library("ipv6"), "2001:db8::1"),
    "ipv4-cidr": _text(_is_network(4), "192.0.2.0/24"),
    "ipv6-cidr": _text(_is_network(6), "2001:db8::/32"),
    "uri": _text(_matching(_URI), "https://example.com/x"),
    "uri-reference": _text(_by_library("iri-reference"), "/x"),
    "uriref": _text(_by_library("iri-reference"), "/x"),
    "iri": _text(_matching(_URI), "https://example.com/x"),
    "iri-reference": _text(_by_library("iri-reference"), "/x"),
    "uri-template": _text(_by_library("uri-template"), "/x/{id}", "{of no format"),
    "json-pointer": _text(_by_library("json-pointer"), "/x"),
    "relative-json-pointer": _text(_by_library("relative-json-pointer"), "1/x"),
    "regex": _text(_is_regex, "^x+$", "(of no format"),
    "uuid": _text(_matching(_UUID), "1f2e3d4c-5b6a-4798-8b7c-000000000001"),
    "byte": _text(lambda value: bool(_BASE64.fullmatch(value.replace("\r", "").replace("\n", ""))), "YmF0Y2g="),
    "base64url": _text(_matching(_BASE64URL), "YmF0Y2g"),
    "char": _text(lambda value: regex.fullmatch(r"\X", value) is not None, "x"),
    "media-range": _text(_matching(_MEDIA_RANGE), "application/json"),
    "decimal": _number_or_text(_DECIMAL, "1.5"),
    "decimal128": _number_or_text(_DECIMAL128, "1.5"),
    "int8": _whole(-(2**7), 2**7 - 1),
    "int16": _whole(-(2**15), 2**15 - 1),
    "int32": _whole(-(2**31), 2**31 - 1),
    "int64": _whole(-(2**63), 2**63 - 1),
    "uint8": _whole(0, 2**8 - 1),
    "uint16": _whole(0, 2**16 - 1),
    "uint32": _whole(0, 2**32 - 1),
    "uint64": _whole(0, 2**64 - 1),
    "double-int": _whole(-(2**53) + 1, 2**53 - 1),
    "float": _real(3.4028235677973366e38, 10**39),
    "double": _real(1.7976931348623157e308, 10**309),
}
"""The formats that are checked. ``float`` ends where a number is no more rounded to the largest of 32 bits."""

RANGES: Mapping[str, tuple[float, float]] = {
    name: known.range for name, known in CHECKED.items() if known.range is not None
}
"""The formats that are ranges of numbers, with their least and greatest number."""

ANNOTATIONS = frozenset(
    {
        *("binary", "password", "commonmark", "html", "unixtime", "language"),
        *("sf-binary", "sf-boolean", "sf-decimal", "sf-integer", "sf-string", "sf-token"),
        *("color", "phone", "style", "host-name", "ip-address", "utc-millisec"),  # of JSON Schema draft 3
    }
)
"""Formats that are known and not checked: they say what a value is for, not how it is written."""

_OF_OPENAPI_3_0 = frozenset(
    {
        *("int32", "int64", "float", "double", "byte", "date", "date-time"),  # OpenAPI 3.0.3 section 4.4
        *("email", "uuid"),  # named there as others that may be used
        *("hostname", "ipv4", "ipv6", "uri", "uriref"),  # JSON Schema Wright draft 00 section 7.3
    }
)


def has_format(value: object, name: object) -> bool:
    """Whether a value has a format, or is of a type of which the format says nothing, or the format is not checked."""
    known = CHECKED.get(name) if isinstance(name, str) else None
    if known is None:
        return True
    if isinstance(value, str):
        return "string" not in known.types or known.is_kept(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or "number" not in known.types:
        return True
    return known.is_kept(value)


def says_something(name: object, types: frozenset[str]) -> bool:
    """Whether a value of ``format`` is checked for values of these JSON types rather than only an annotation."""
    known = CHECKED.get(name) if isinstance(name, str) else None
    return known is not None and not known.types.isdisjoint(types)


def is_known(name: str) -> bool:
    """Whether OpenAPI, its registry or JSON Schema define a format of this name."""
    return name in CHECKED or name in ANNOTATIONS


def is_asserted(name: str, *, modern: bool, by_dialect: bool) -> bool:
    """Whether the document demands that values have a format, rather than say what they are for.

    OpenAPI 3.0 demands the formats that it defines, or the draft of JSON Schema under it. In OpenAPI 3.1, and of all
    others, a format is an annotation (JSON Schema 2020-12 validation section 7.2.1) unless the document's dialect has
    the vocabulary that asserts formats: then ``by_dialect`` is true.
    """
    return by_dialect if modern else name in _OF_OPENAPI_3_0


def asserts_formats(document: Mapping[str, Any]) -> bool:
    """Whether the ``jsonSchemaDialect`` of an OpenAPI 3.1 document is one, described in itself, that asserts formats.

    Nothing is fetched because a document says so: a dialect that stands elsewhere is not looked at.
    """
    dialect, components = document.get("jsonSchemaDialect"), document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    for schema in schemas.values() if isinstance(schemas, Mapping) and isinstance(dialect, str) else ():
        vocabularies = schema.get("$vocabulary") if isinstance(schema, Mapping) else None
        if isinstance(vocabularies, Mapping) and schema.get("$id") == dialect:
            return any(name.endswith("/vocab/format-assertion") for name in vocabularies)
    return False

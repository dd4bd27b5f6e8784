"""What a member is by its name, and patterns of what is written by mistake into texts that are for machines."""

from __future__ import annotations

import re
from collections.abc import Mapping

from batch_conformance.rules.masks import is_mask
from batch_conformance.rules.unset import stands_for_unset

_ID = re.compile(r"(?:/\w+)*/(?:(?:\w+_)?id|\w*[a-z0-9]I[dD]|\w+_file)")
_ADDRESS = re.compile(r"(?:/\w+)*/(?:\w+_)?(?:url|uri)|(?:/\w+)*/\w+(?:Url|Uri|URL)")
_WORDS = re.compile(
    r"(?:/\w+)*/(?:(?:\w+_)?(?:details?|message|reason|description|notes?|errors?|title|summary|comments?)"
    r"|\w*[a-z0-9](?:Details?|Message|Reason|Description|Notes?|Errors?|Title|Summary|Comments?))"
)

_MARKS: Mapping[str, re.Pattern[str]] = {
    "control": re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]"),
    "markup": re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});"),
    "template": re.compile(
        r"\{\{[^{}]{0,80}\}\}|[$#]\{[^{}]{0,80}\}|<%[^%]{0,80}%>|%\(\w{1,40}\)[sd]|\A%[sdv]\Z|\A<[a-z][\w-]{0,40}>\Z"
    ),
    "pointer": re.compile(r"\bat 0x[0-9a-fA-F]{4,16}\b|\A\(?0x(?:[cC]000[0-9a-fA-F]{6}|(?:7f|5[56])[0-9a-f]{10})\)?\Z"),
    "repr": re.compile(
        r"\A[bur]?'[^']*'\Z|\Ab?\"[^\"]*\"\Z|\A(?:Some|Optional|Just|UUID|ObjectId|PosixPath)\(.{0,200}\)\Z"
        r"|\AOptional\[.{0,200}\]\Z|\[object \w{1,40}\]|%!\w\(|\A&?\{\S{0,200} (?:true|false)\}\Z|\A<class '"
        r"|\A<\w{1,40}(?:\.\w{1,40})?: .{1,200}>\Z|\A(?:javax?|com|org|io|net)(?:\.[\w$]{1,60}){1,12}@[0-9a-f]{1,8}\Z"
    ),
}
"""By kind: what templates, encoders and the printing of objects leave in a text, and no name has of itself."""

_FIELD = re.compile(r"\{(?:\d|[A-Za-z_]\w{0,40})?\}")
"""A field of a format or a path template: no part of an id or an address; paths and endpoints may be named by one."""
_FILE = re.compile(r"\.[A-Za-z]\w{0,7}\Z")
"""The end of the name that a customer gave a file, in which there may be anything."""
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SUSPECT = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200b\ufeff&{<%'\"(\\[@]|0x")
"""Some of this is in every text that one of the patterns finds."""


def is_id(pointer: str) -> bool:
    """Whether a member is an id, by its name."""
    return _ID.fullmatch(pointer) is not None


def is_for_people(pointer: str) -> bool:
    """Whether a member is a text that people read, by its name: an explanation, of which there may be none."""
    return _WORDS.fullmatch(pointer) is not None


def is_reference(pointer: str) -> bool:
    """Whether a member names what a client sends back or fetches: an id or an address, by its name."""
    return is_id(pointer) or _ADDRESS.fullmatch(pointer) is not None


def malformed(pointer: str, text: str) -> str:
    """What was written into a name by mistake, as a kind; empty for nothing, and for one unset or masked."""
    if not text.strip() or stands_for_unset(text) or not _SUSPECT.search(text) or is_mask(text):
        return ""
    if text != text.strip():
        return "padded"
    found = next((kind for kind, pattern in _MARKS.items() if pattern.search(text)), "")
    if found:
        return found
    if is_reference(pointer) and _FIELD.search(text) and not _FILE.search(text):
        return "template"
    return "escaped" if is_id(pointer) and "/" not in text and _ESCAPE.search(text) else ""

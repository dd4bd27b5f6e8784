"""The text that stands for a body in a recording, as the bytes that it stands for: it may be base64, and not say so.

Firefox has labelled plain text as base64 (its bug 1762313), browsermob-proxy base64 as nothing (its issue 67). A text
is read as what it is, or said to be unreadable.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from batch_conformance.exchange.decoding import decode_body
from batch_conformance.exchange.exchange import Headers
from batch_conformance.message import Message, Template

_NO_JSON = Template("recorded_body.no_json", "its text is base64 of something that is no JSON")
_STILL_CODED = Template("recorded_body.still_coded", "it was recorded in a Content-Encoding that cannot be undone")
_NO_BASE64 = Template("recorded_body.no_base64", "it is labelled as base64 and cannot be decoded")

_WHITE = " \t\r\n\ufeff"
_DATA_URL = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+(?:=[^;,\s]*)?)*,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_LETTERS = re.compile(r"[A-Za-z0-9+/_-]+")
_BASE64_LIKE = 24
"""Characters without a blank from which on a text is taken for base64, and for no word of a server's."""
_FEW_LETTERS = 12
"""Fewer may be a word that begins as base64 of JSON does."""
_GZIP = b"\x1f\x8b"
_CODED_TEXT = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_MOST_DECODED = 1 << 26


def content_of(
    text: str, response: Mapping[str, Any], headers: Headers, *, labelled: bool
) -> tuple[bytes, Message | None]:
    """The bytes that a text stands for, and why they cannot be read, if so; ``labelled`` says that it is base64."""
    plain = plain_bytes(text)
    if text.lstrip(_WHITE)[:1] in ("", "{", "[", '"', "<"):
        return plain, None  # base64 begins with none of these
    if is_coded(headers) and _CODED_TEXT.search(text[:256]):
        return plain, _STILL_CODED()
    url = _DATA_URL.match(text)
    if url is not None:
        if not url[0].lower().endswith(";base64,"):
            return unquote_to_bytes(text[url.end() :]), None
        text, labelled = text[url.end() :], True
    found = from_base64(text)
    if found is not None and (labelled or _is_like_base64(text)) and is_coded(headers) and not _is_utf_8(found):
        found = _without_coding(found, headers)
        if found is None:
            return plain, _STILL_CODED()
    if labelled:
        return _labelled(text, found, response, headers)
    return _unlabelled(text, found, headers)


def plain_bytes(text: str) -> bytes:
    """A text in UTF-8, halves of surrogate pairs too."""
    return text.encode("utf-8", "surrogatepass")


def is_one_json(content: bytes) -> bool:
    """Whether bytes are one whole JSON text, as lenient parsers read it, that no cut can have left.

    A beginning of an object, an array or a string is never a JSON text itself; one of a number is.
    """
    text = content.decode(json.detect_encoding(content), "replace").strip(_WHITE)
    if text[:1] not in ("{", "[", '"', "t", "f", "n"):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            json.loads(text, strict=False, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            return False
    return True


def is_coded(headers: Headers) -> bool:
    """Whether a body has a Content-Encoding, so that its length on the wire is not that of its content."""
    return any(
        part.strip().lower() not in ("", "identity")
        for name, value in headers
        if name.lower() == "content-encoding"
        for part in value.split(",")
    )


def _labelled(
    text: str, found: bytes | None, response: Mapping[str, Any], headers: Headers
) -> tuple[bytes, Message | None]:
    plain = plain_bytes(text)
    if found is None:
        return plain, _NO_BASE64() if _is_like_base64(text) else None
    if _is_utf_8(found):
        return found, None
    # Most words are base64 too, of bytes that are no text.
    counted = response.get("body_size") == len(plain) != len(found) or _is_as_sent(plain, found, headers)
    meant = (counted and not _begins_json(text)) or is_one_json(plain) or " " in text.strip() or text.isalpha()
    return (plain if meant else found), None


def _unlabelled(text: str, found: bytes | None, headers: Headers) -> tuple[bytes, Message | None]:
    plain = plain_bytes(text)
    if is_one_json(plain):
        return plain, None
    is_as_sent = _is_as_sent(plain, found or b"", headers)
    if found is not None and is_one_json(found):
        return (plain if is_as_sent else found), None
    if _begins_json(text):
        return plain, _NO_JSON()
    if is_as_sent or found is None or _is_of_text(headers):
        return plain, None
    return plain, _NO_JSON() if _is_like_base64(text) and (_is_mixed(text) or _is_utf_8(found)) else None


def _begins_json(text: str) -> bool:
    """Whether a text begins as base64 of a JSON text does, however it goes on."""
    letters = _LETTERS.match(text)
    if letters is None or len(letters[0]) < _FEW_LETTERS:
        return False
    begun = from_base64(letters[0][: len(letters[0]) // 4 * 4])
    return begun is not None and begun[:1] in (b"{", b"[", b'"') and _is_utf_8(begun, cut=True)


def _is_as_sent(plain: bytes, found: bytes, headers: Headers) -> bool:
    """Whether the server itself counted the bytes of the text as it stands, so that it was this that it sent."""
    lengths = {value.strip() for name, value in headers if name.lower() == "content-length"}
    return lengths == {str(len(plain))} and len(found) != len(plain) and not is_coded(headers)


def _is_of_text(headers: Headers) -> bool:
    return any(name.lower() == "content-type" and value.lower().startswith("text/") for name, value in headers)


def from_base64(text: str) -> bytes | None:
    """What a text is in base64 or base64url (RFC 4648), wrapped or not, padded or not; None where it is neither."""
    packed = "".join(text.split())
    if _BASE64.fullmatch(packed) is None:
        return None
    packed = packed.rstrip("=").replace("-", "+").replace("_", "/")
    if len(packed) % 4 == 1:
        return None
    return b64decode(packed + "=" * (-len(packed) % 4))


def _without_coding(wire: bytes, headers: Headers) -> bytes | None:
    """Bytes without a Content-Encoding that a recorder left; None where it cannot be undone."""
    named = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
    if named.strip().lower() in ("gzip", "x-gzip") and not wire.startswith(_GZIP):
        return wire
    undone = decode_body(wire, named, _MOST_DECODED)
    return None if undone.error or undone.truncated else undone.body


def _is_utf_8(found: bytes, *, cut: bool = False) -> bool:
    try:
        found.decode("utf-8")
    except UnicodeDecodeError as error:
        return cut and error.end == len(found) and error.reason == "unexpected end of data"
    return True


def _is_like_base64(text: str) -> bool:
    """Whether a text looks like base64, damaged or not: long, without blanks, and nearly all of it of its letters."""
    packed = "".join(text.splitlines()).strip()
    if len(packed) < _BASE64_LIKE or " " in packed:
        return False
    return sum(map(len, _LETTERS.findall(packed))) >= 0.9 * len(packed)


def _is_mixed(text: str) -> bool:
    """Whether a text has capitals, small letters and digits, as base64 has and words have not."""
    return all(re.search(kind, text) for kind in ("[A-Z]", "[a-z]", "[0-9+/=]"))

"""Secrets taken out of everything that is kept: the key in any spelling, credentials, signatures of URLs."""

from __future__ import annotations

import base64
import html
import math
import re
import sys
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from batch_conformance.exchange.exchange import Headers, Response

REDACTED = "[redacted]"
MASKED_HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "api-key",
    "x-api-key",
    "x-auth-token",
)

_SECRET_NAME = re.compile(
    r"(?:^|[-_])(?:secret|token|password|passwd|credentials?|cookie|key|apikey|jwt|session|signature)(?:[-_]|$)",
    re.IGNORECASE,
)

_MARK = REDACTED.encode()
_SHORTEST = 4
_SCHEME = re.compile(r"(bearer|basic|digest|token|apikey|negotiate)([ \t]+)(?=\S)", re.IGNORECASE)

# One byte written as several: percent-encoding (also repeated), JSON and other backslash escapes, HTML references.
# Apart from them, the NUL bytes between the letters of UTF-16 (_PADDING).
_ESCAPE = re.compile(
    rb"%(?:25)*[0-9a-fA-F]{2}"
    rb"|\\+(?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|[\"'/\\])"
    rb"|&(?:amp;)*(?:#0*[0-9]{1,3}|#[xX]0*[0-9a-fA-F]{1,2}|[a-zA-Z]{2,8});"
)
_ESCAPE_STARTS = (b"%", b"\\", b"&")
_PADDING = re.compile(rb"\x00+")
_MOST_ESCAPES = 100_000
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 1_000, 16 * 1024
"""Texts without a secret that are known to have none, and their bytes: most of what a run sees it has seen before."""
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

# Query parameters with which storage services sign URLs.
_SIGNATURE = re.compile(
    rb"((?:[?&]|&amp;|\\u0026|%26|%3[fF])"
    rb"(?:x-amz-[a-z0-9-]+|x-goog-[a-z0-9-]+|x-oss-[a-z0-9-]+|x-tos-[a-z0-9-]+|x-cos-[a-z0-9-]+|q-[a-z-]+"
    rb"|signature|sign|sig|token|access_token|(?:api_?|access_?)?key|(?:client_?)?secret|password|expires|ossaccesskeyid|awsaccesskeyid|googleaccessid"
    rb"|accesskeyid|security-token|se|sp|sv|sr|spr|st|skoid|sktid|policy|key-pair-id)"
    rb"(?:=|%3[dD]))((?:(?!\\u0026|\\\"|%26)[^&;#\s\"'<>])+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Needle:
    """A spelling of a secret. ``fold``: case does not matter. ``run``: so many bytes of it in a row give it away;
    ``whole``: so many are the secret itself, sent back."""

    text: bytes = field(repr=False)
    fold: bool
    run: int
    whole: int
    grams: tuple[tuple[int, bytes], ...] = field(repr=False)

    @classmethod
    def of(cls, text: bytes, run: int, whole: int, *, fold: bool) -> _Needle:
        text = text.lower() if fold else text
        run = max(1, min(run, len(text)))
        # Any run of that length contains one of these pieces whole: searching them is enough, and fast.
        size = (run + 1) // 2
        grams = tuple((at, text[at : at + size]) for at in range(0, len(text) - size + 1, size))
        return cls(text, fold, run, min(max(whole, run), len(text)), grams)

    def runs(self, text: bytes) -> Iterator[tuple[int, int]]:
        """(start, end) of every run in a text that has been folded where this needle is."""
        for at, gram in self.grams:
            found = text.find(gram)
            while found >= 0:
                start, end = self._grow(text, found, at, len(gram))
                if end - start >= self.run:
                    yield start, end
                found = text.find(gram, end if end - start >= self.run else found + 1)

    def _grow(self, text: bytes, found: int, at: int, size: int) -> tuple[int, int]:
        mine = self.text
        start, left = found, at
        while start and left and text[start - 1] == mine[left - 1]:
            start, left = start - 1, left - 1
        end, right = found + size, at + size
        while end < len(text) and right < len(mine) and text[end] == mine[right]:
            end, right = end + 1, right + 1
        return start, end


class Redactor:
    """Replaces secrets by ``[redacted]``.

    A secret is found whole or cut, whatever its case, spelled plainly, reversed, percent-encoded, escaped as in JSON or
    HTML, as UTF-16, in hexadecimal or inside base64. Cut means a run of 12 of its characters; of a secret shorter than
    20, of 60 % of them but at least 8; one shorter than 12 is only found whole. A secret shorter than 4 characters
    cannot be told from text and is only masked by the name of its header.

    ``secrets`` may contain empty strings. ``masks`` are names of headers whose values are never kept; nor are those of
    headers whose name says that they are secret (``is_secret_name``).
    """

    def __init__(self, secrets: Iterable[str], masks: Iterable[str] = MASKED_HEADERS) -> None:
        self._masks = frozenset(name.lower() for name in masks)
        self._secrets = tuple(
            secret.encode("utf-8") for secret in dict.fromkeys(secrets) if len(secret.encode("utf-8")) >= _SHORTEST
        )
        needles = [needle for secret in self._secrets for needle in _needles(secret)]
        self._least = min((needle.run for needle in needles), default=sys.maxsize)
        self._folded = tuple(needle for needle in needles if needle.fold)
        self._exact = tuple(needle for needle in needles if not needle.fold)
        self._clean_texts: set[bytes] = set()

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def redact_text(self, text: str) -> str:
        """The text without secrets."""
        data = text.encode("utf-8", "surrogatepass")
        clean, _ = self._clean(data)
        return text if clean is data else clean.decode("utf-8", "replace")

    def redact_bytes(self, data: bytes) -> bytes:
        """The bytes without secrets and without the signatures of URLs; everything else stays as it is."""
        return self._redact_body(data)[0]

    def redact_url(self, url: str) -> str:
        """The URL without secrets and without its signature."""
        data = url.encode("utf-8", "surrogatepass")
        clean = _unsign(self._clean(data)[0])
        return url if clean is data else clean.decode("utf-8", "replace")

    def redact_header(self, name: str, value: str) -> str:
        """The value of one header. Of a credential, the authentication scheme stays."""
        if not self._is_masked(name):
            return self.redact_url(value)
        if not value.strip():
            return value
        scheme = _SCHEME.match(value)
        return f"{scheme[1]}{scheme[2]}{REDACTED}" if scheme else REDACTED

    def redact_headers(self, headers: Headers) -> Headers:
        """All of them, names included: a server may send anything as a name."""
        return tuple((self.redact_text(name), self.redact_header(name, value)) for name, value in headers)

    def redact_response(self, response: Response) -> tuple[Response, tuple[str, ...]]:
        """The response as it may be kept, and where in it a secret stood: ``body``, ``header NAME``, ``reason``."""
        reflections = []
        headers = response.headers
        everything = "\n".join([f"{name}:{value}" for name, value in headers])
        if any(self._is_masked(name) for name, _ in headers) or self.redact_url(everything) != everything:
            clean = []
            for name, value in headers:
                safe_name, in_name = self._find(name)
                reflected = in_name or self._find(value)[1]
                clean.append((safe_name, self.redact_header(name, value)))
                if reflected:
                    reflections.append(f"header {safe_name}")
            headers = tuple(clean)
        reason, in_reason = self._find(response.reason)
        if in_reason:
            reflections.append("reason")
        body, in_body = self._redact_body(response.body)
        if in_body:
            reflections.append("body")
        error = response.decode_error.mapped(self.redact_text) if response.decode_error else None
        notes = response.wire_notes and tuple((kind, self.redact_text(what)) for kind, what in response.wire_notes)
        clean_response = replace(
            response, headers=headers, reason=reason, body=body, decode_error=error, wire_notes=notes
        )
        return clean_response, tuple(dict.fromkeys(reflections))

    def resembles(self, text: str) -> bool:
        """Whether a text shares so much as five characters in a row with a secret, plainly or in base64."""
        data = text.encode("utf-8", "surrogatepass")
        plain = b"\n".join((data, *(plain for _, plain in _unescaped(data))))
        folded, exact = plain.lower(), plain.translate(_URL_SAFE)
        for needle in (*self._folded, *self._exact):
            size = min(5 if needle.fold else 7, len(needle.text))
            where = folded if needle.fold else exact
            if any(needle.text[at : at + size] in where for at in range(len(needle.text) - size + 1)):
                return True
        return False

    def _is_masked(self, name: str) -> bool:
        return name.lower() in self._masks or is_secret_name(name)

    def _find(self, text: str) -> tuple[str, bool]:
        data = text.encode("utf-8", "surrogatepass")
        clean, reflected = self._clean(data)
        return (text if clean is data else clean.decode("utf-8", "replace")), reflected

    def _redact_body(self, body: bytes) -> tuple[bytes, bool]:
        if not body:
            return body, False
        if self._secrets and body[:2] in (b"\x1f\x8b", b"\x78\x9c", b"\x78\x01", b"\x78\xda"):
            # Compressed and not labelled so: it is kept as it came, unless the secret is inside.
            inside = _inflate(body)
            clean, reflected = self._clean(inside)
            if clean is not inside:
                return _MARK, reflected
        clean, reflected = self._clean(body)
        return _unsign(clean), reflected

    def _clean(self, data: bytes) -> tuple[bytes, bool]:
        """The data without secrets, the same object where it had none, and whether one was there as a whole."""
        if len(data) < self._least or data in self._clean_texts:
            return data, False
        spans, whole = self._search(data)
        for escapes, plain in _unescaped(data):
            more, also = self._search(plain)
            if more:
                origins = _origins(data, escapes)
                if origins is None:
                    return _MARK, True
                spans += [(_origin(origins, start, end=False), _origin(origins, end, end=True)) for start, end in more]
                whole = whole or also
        if spans:
            return _cut_out(data, spans), whole
        if len(data) <= _LONGEST_REMEMBERED:
            if len(self._clean_texts) >= _MOST_REMEMBERED:
                self._clean_texts.clear()
            self._clean_texts.add(data)
        return data, whole

    def _search(self, data: bytes) -> tuple[list[tuple[int, int]], bool]:
        spans: list[tuple[int, int]] = []
        whole = False
        for text, needles in ((data.lower(), self._folded), (data.translate(_URL_SAFE), self._exact)):
            for needle in needles:
                for start, end in needle.runs(text):
                    spans.append((start, end))
                    whole = whole or end - start >= needle.whole
        return spans, whole


@lru_cache(256)
def is_secret_name(name: str) -> bool:
    """Whether a header's name says that its value is secret, such as ``X-Gateway-Token``."""
    # Access-Control-Allow-Credentials holds `true` (WHATWG Fetch, section 3.2.3).
    return bool(_SECRET_NAME.search(name)) and not name.lower().startswith("access-control-")


def _needles(secret: bytes) -> Iterator[_Needle]:
    size = len(secret)
    run = 12 if size >= 20 else max(8, math.ceil(0.6 * size)) if size >= 12 else size
    whole = max(run, math.ceil(0.6 * size))
    yield _Needle.of(secret, run, whole, fold=True)
    if secret[::-1].lower() != secret.lower():
        yield _Needle.of(secret[::-1], run, whole, fold=True)
    yield _Needle.of(secret.hex().encode(), 2 * run, 2 * whole, fold=True)
    for offset in range(3):
        # In base64 the spelling depends on where in a group of three bytes the secret begins. The letters at both ends
        # also hold bits of the neighbours and are left out.
        letters = base64.b64encode(b"\0" * offset + secret)
        text = letters[math.ceil(offset * 8 / 6) : 8 * (offset + size) // 6]
        yield _Needle.of(text, (8 * run - 5) // 6, (8 * whole - 5) // 6, fold=False)


def _unescaped(data: bytes) -> Iterator[tuple[re.Pattern[bytes], bytes]]:
    """The data read without each kind of escape that it has, with the pattern of that kind."""
    if any(start in data for start in _ESCAPE_STARTS):
        yield _ESCAPE, _ESCAPE.sub(lambda match: _one(match[0]), data)
    if b"\x00" in data:
        yield _PADDING, data.replace(b"\x00", b"")


def _origins(data: bytes, escapes: re.Pattern[bytes]) -> list[tuple[int, int]] | None:
    """Pairs of (position in the unescaped data, position in the data) around each escape; None for far too many."""
    origins: list[tuple[int, int]] = []
    position = last = 0
    for match in escapes.finditer(data):
        position += match.start() - last
        last = match.end()
        origins.append((position, match.start()))
        position += len(_one(match[0]))
        origins.append((position, last))
        if len(origins) > 2 * _MOST_ESCAPES:
            return None
    return origins


def _one(escape: bytes) -> bytes:
    """What an escape stands for: one byte, nothing for NULs, itself where it is no escape after all."""
    if escape[0] == 0:
        return b""
    first = escape[:1]
    if first == b"%":
        return bytes((int(escape[-2:], 16),))
    if first == b"\\":
        last = escape.lstrip(b"\\")
        if not last:
            return b"\\"
        return bytes((int(last[-2:], 16),)) if last[:1] in b"ux" else last
    text = html.unescape(f"&{escape[1:-1].rpartition(b';')[2].decode('ascii')};")
    return text.encode("latin-1") if len(text) == 1 and ord(text) < 256 else escape


def _origin(origins: list[tuple[int, int]], position: int, *, end: bool) -> int:
    """The place in the data of a position in its unescaped form.

    Where an escape left nothing (NUL), several places fit: a span starts at the first and ends at the last of them.
    """
    if end:
        index = bisect_right(origins, position, key=lambda pair: pair[0]) - 1
    else:
        index = bisect_left(origins, position, key=lambda pair: pair[0])
        if index == len(origins) or origins[index][0] != position:
            index -= 1
    return position if index < 0 else origins[index][1] + position - origins[index][0]


def _cut_out(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """The data with the spans replaced, overlapping and touching ones as one."""
    out = bytearray()
    last = -1
    kept = 0
    for start, end in sorted(spans):
        if start > last:
            out += data[kept:start] + _MARK
        last = kept = max(last, end)
    return bytes(out + data[kept:])


def _unsign(data: bytes) -> bytes:
    if b"=" not in data and b"%3" not in data:
        return data
    clean = _SIGNATURE.sub(rb"\1" + _MARK, data)
    return data if clean == data else clean


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(data, 1 << 20)
    except zlib.error:
        return b""

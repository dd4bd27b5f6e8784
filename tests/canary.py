"""Looks for a secret in everything that a run leaves, by other means than the product uses to take it out."""

from __future__ import annotations

import base64
import html
import re
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

RUN = 12
"""So many characters of the secret in a row give it away."""


def leaks(secret: str, data: bytes) -> list[str]:
    """In which spellings a text holds the secret, or a good part of it."""
    return [name for name, spelled in _readings(data) if _holds(secret, spelled.lower())]


def leaks_in(secrets: Iterable[str], folder: Path) -> list[str]:
    """The files below the folder, and where in them one of the secrets is."""
    told = []
    known = tuple(secrets)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = {
                name
                for name, spelled in _readings(path.read_bytes() + str(path).encode("utf-8", "replace"))
                for folded in (spelled.lower(),)
                if any(_holds(secret, folded) for secret in known)
            }
            if found:
                told.append(f"{path.relative_to(folder)}: {', '.join(sorted(found))}")
    return told


def _holds(secret: str, folded: str) -> bool:
    return any(_piece(text, folded) for text in (secret, secret[::-1], secret.encode().hex()))


def _piece(secret: str, folded: str) -> bool:
    low, half = secret.lower(), RUN // 2
    # Any run has one of these pieces whole, which are fewer to look for.
    if not any(low[at : at + half] in folded for at in range(0, len(low) - half + 1, half)):
        return False
    return any(low[at : at + RUN] in folded for at in range(len(low) - RUN + 1))


def _readings(data: bytes) -> Iterator[tuple[str, str]]:
    """The text as it stands, and with each layer of escapes that somebody could undo."""
    if data[:2] == b"\x1f\x8b":
        packed = zlib.decompressobj(wbits=31).decompress(data)  # which minds nothing that follows
        yield from ((f"gzip, {name}", text) for name, text in _readings(packed))
    # A traceback with all variables says the same again and again.
    text = "\n".join(dict.fromkeys(data.decode("utf-8", "replace").split("\n")))
    yield "plain", text
    yield "with NULs", text.replace("\0", "").replace("\\u0000", "")
    yield "percent", urllib.parse.unquote(text)
    yield "percent twice", urllib.parse.unquote(urllib.parse.unquote(text))
    yield "HTML", html.unescape(html.unescape(text))
    yield "escapes", _unescaped(text)
    yield "escapes twice", _unescaped(_unescaped(text))
    words = set(re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", text))
    yield "base64", "\n".join(map(_decodings, words))


@lru_cache(maxsize=50_000)
def _decodings(word: str) -> str:
    """A word read as base64, wherever in it that begins; the reports of a run have the same words."""
    return "\n".join(_decoded(word, cut) for cut in range(4))


def _decoded(word: str, cut: int) -> str:
    padded = word[cut:].rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(padded[: len(padded) - len(padded) % 4]).decode("latin-1")


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        return chr(int(match[1] or match[2], 16))

    return re.sub(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", plain, text).replace("\\/", "/")

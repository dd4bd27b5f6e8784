"""Credentials: the right one, and every way of being refused.

A server under test must accept ``valid`` and ``lower_case_scheme`` (RFC 9110 section 11.1: a scheme's case does not
count), may accept ``also_in_query`` or refuse it with 400 (RFC 6750 section 3.1), and must refuse all others with 401,
whatever the id is.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from batch_conformance.exchange.target import Presentation
from batch_conformance.rules.odd_credentials import LOOPBACK_ONLY, ODD_CREDENTIALS

Style = Literal["bearer", "header", "none"]

MAX_REFUSED = 12
"""Refused credentials per run: more could lock an account out. More only where somebody allowed what is not safe."""

_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_IN_HEADERS = (
    *("x-api-key", "api-key", "x-auth-token", "proxy-authorization", "x-authorization", "cookie"),
    *("authentication", "x-access-token", "x-goog-api-key", "apikey"),
)
_IN_QUERY = ("access_token", "api_key", "key", "token", "apikey")
_IN_COOKIES = ("access_token", "token", "api_key", "session", "auth_token", "jwt", "authorization", "sessionid")
"""Where others take a key; RFC 6750 section 2.3 names the first. All in one request, and each alone where that is
answered."""
_LONG = 4000
"""Characters of a token that is too long for most, in a field that most servers still read."""
_FULL_WIDTH = 0xFEE0
"""From a printable ASCII character to its full-width form (Unicode, Halfwidth and Fullwidth Forms)."""
_FIRST_CHANGED = 6
_ALONE: dict[str, tuple[str, str]] = {
    **{f"header_{name.replace('-', '_')}": ("elsewhere_header", name) for name in _IN_HEADERS},
    **{f"query_{name}": ("elsewhere_query", name) for name in _IN_QUERY},
}
"""The kinds that have the key in one of these places: the kind that has it in all of them, and the place."""


@dataclass(frozen=True, slots=True)
class CredentialKind:
    """A way of presenting a credential; ``accepted`` says that it has the valid one, as the profile says.

    ``bearer_only`` ones make sense only beside an Authorization scheme.
    """

    name: str
    title: str
    accepted: bool = False
    needs_key: bool = True
    bearer_only: bool = False
    loopback_only: bool = False


KINDS: dict[str, CredentialKind] = {
    kind.name: kind
    for kind in (
        CredentialKind("valid", "the key, as the vendor's profile says", accepted=True, needs_key=False),
        CredentialKind("lower_case_scheme", "`bearer` in lower case", accepted=True, bearer_only=True),
        CredentialKind(
            "also_in_query", "the key, and once more in the query string", accepted=True, loopback_only=True
        ),
        CredentialKind("missing", "no credential at all", needs_key=False),
        CredentialKind("empty", "the scheme without a token", needs_key=False),
        CredentialKind("empty_header", "an empty header", needs_key=False),
        CredentialKind("malformed", "two tokens", needs_key=False, bearer_only=True),
        CredentialKind("no_scheme", "the key without its scheme", bearer_only=True),
        CredentialKind("wrong", "another token of the same length", needs_key=False),
        CredentialKind("nearly", "the key with its last character changed"),
        CredentialKind("nearly_cut", "the key without its last character"),
        CredentialKind("nearly_longer", "the key with a character more"),
        CredentialKind("other_case", "the key with upper and lower case exchanged"),
        CredentialKind("wrong_scheme", "the key under the scheme Basic", bearer_only=True),
        CredentialKind("wrong_scheme_token", "the key under the scheme Token", bearer_only=True),
        CredentialKind("elsewhere_header", "the key in other headers", loopback_only=True),
        CredentialKind("elsewhere_query", "the key in the query string", loopback_only=True),
        *(CredentialKind(kind, f"the key in {name} alone", loopback_only=True) for kind, (_, name) in _ALONE.items()),
        *(
            CredentialKind(
                name,
                odd.means.english,
                needs_key=odd.rule != "auth.missing_accepted",
                bearer_only=odd.rule == "auth.scheme_accepted",
                loopback_only=name in LOOPBACK_ONLY,
            )
            for name, odd in ODD_CREDENTIALS.items()
        ),
    )
}
"""Every kind by its stable name."""


def parts_of(kind: str) -> tuple[str, ...]:
    """The kinds that have the key in one of the places where this one has it; empty where it has it in one."""
    return tuple(part for part, (whole, _) in _ALONE.items() if whole == kind)


def is_refused(kind: str) -> bool:
    """Whether a server has to refuse this kind. Raises KeyError for a name that is no kind."""
    return not KINDS[kind].accepted


def present(kind: str, key: str, *, style: Style = "bearer", header: str = "Authorization") -> Presentation:
    """What goes on the wire for a kind of credential: headers and query, and whether it must be refused.

    ``style`` is how the vendor takes its key: ``bearer`` (RFC 6750 section 2.1), ``header`` (the bare key as the value
    of ``header``) or ``none``. Without a key nothing made from it is presented. Where there is no scheme, a kind that
    plays with the scheme is the valid credential. Raises KeyError for an unknown kind.
    """
    if KINDS[kind].bearer_only and style != "bearer":
        kind = "valid"
    entry = KINDS[kind]
    refused = not entry.accepted and style != "none"
    if style == "none" or (not key and entry.needs_key) or (not key and kind == "valid"):
        return Presentation(headers=(), query="", refused=refused)
    scheme = "Bearer " if style == "bearer" else ""
    name = "Authorization" if style == "bearer" else header
    if kind == "valid":  # as almost all requests have it
        return Presentation(headers=((name, scheme + key),), query="", refused=refused)
    if kind in _ALONE:
        whole, place = _ALONE[kind]
        alone = present(whole, key, style=style, header=header)
        pairs = tuple(pair for pair in alone.headers if pair[0] == place)
        asked = f"{place}={quote(key, safe='')}" if alone.query else ""
        return Presentation(headers=pairs, query=asked, refused=refused)
    query = "&".join(f"{word}={quote(key, safe='')}" for word in _IN_QUERY)
    if kind in ("elsewhere_query", "also_in_query"):
        beside = ((name, scheme + key),) if kind == "also_in_query" else ()
        return Presentation(headers=beside, query=query, refused=refused)
    if kind == "elsewhere_header":
        others = tuple((other, _placed(other, key)) for other in _IN_HEADERS if other != name.lower())
        return Presentation(headers=others, query="", refused=refused)
    values: Mapping[str, Callable[[], str]] = {
        "lower_case_scheme": lambda: scheme.lower() + key,
        "empty": scheme.strip,
        "empty_header": lambda: "",
        "malformed": lambda: f"{scheme}a b",
        "no_scheme": lambda: key,
        "wrong": lambda: scheme + wrong_token(key),
        "nearly": lambda: scheme + nearly(key) if key else "",
        "nearly_cut": (scheme + key[:-1]).strip,
        "nearly_longer": lambda: f"{scheme}{key}x",
        "other_case": lambda: scheme + (key.swapcase() if key.swapcase() != key else wrong_token(key)),
        # Some take the user's name for the key, some the password.
        "wrong_scheme": lambda: "Basic " + base64.b64encode(f"{key}:{key}".encode()).decode(),
        "wrong_scheme_token": lambda: f"Token {key}",
        "joined": lambda: f"Bearer{key}",
        "tab": lambda: f"Bearer\t{key}",
        "colon": lambda: f"Bearer:{key}",
        "comma": lambda: f"Bearer,{key}",
        "equals": lambda: f"Bearer={key}",
        "quoted": lambda: f'Bearer "{key}"',
        "key_and_more": lambda: f"Bearer {key} x",
        "other_scheme_first": lambda: f"Basic eDp5, Bearer {key}",
        "scheme_same_length": lambda: f"Digest {key}",
        "scheme_longer": lambda: f"BearerX {key}",
        "scheme_preceded": lambda: f"XBearer {key}",
        "scheme_letter": lambda: f"X {key}",
        "scheme_api_key": lambda: f"ApiKey {key}",
        "percent_encoded": lambda: f"Bearer {_changed_inside(key, lambda one: f'%{ord(one):02X}')}",
        "full_width": lambda: f"Bearer {_changed_inside(key, lambda one: chr(ord(one) + _FULL_WIDTH))}",
        "nearly_first": lambda: scheme + (_nearly_first(key) if key else ""),
        "nearly_preceded": lambda: f"{scheme}x{key}",
        "marks_dropped": lambda: scheme + _without_marks(key),
        "null_word": lambda: f"{scheme}null",
        "undefined_word": lambda: f"{scheme}undefined",
        "unsigned_token": lambda: scheme + _unsigned_token(),
        "injected_token": lambda: f"{scheme}' OR '1'='1",
        "long_token": lambda: scheme + "x" * _LONG,
        "reversed": lambda: scheme + (key[::-1] if key[::-1] != key else wrong_token(key)),
    }
    headers = () if kind == "missing" or odd_missing(kind) else ((name, values[kind]()),)
    return Presentation(headers=headers, query="", refused=refused)


def odd_missing(kind: str) -> bool:
    """Whether a kind has no credential at all, and something else about the request is odd."""
    return kind in ODD_CREDENTIALS and ODD_CREDENTIALS[kind].rule == "auth.missing_accepted"


def _placed(header: str, key: str) -> str:
    """The value that holds the key in another header."""
    if header == "cookie":
        return "; ".join(f"{name}={key}" for name in _IN_COOKIES)
    return f"Bearer {key}" if header.endswith(("-authorization", "authentication")) else key


def _changed_inside(key: str, change: Callable[[str], str]) -> str:
    """The key with the character in its middle written in another way."""
    middle = len(key) // 2
    return key[:middle] + change(key[middle]) + key[middle + 1 :] if key else ""


def _without_marks(key: str) -> str:
    """The key as it is once punctuation is dropped; another one where it has none."""
    bare = key.replace("-", "").replace("_", "")
    return bare if bare != key else wrong_token(key)


def _unsigned_token() -> str:
    """A JSON Web Token with the algorithm none (RFC 8725 section 3.2: not to be taken)."""
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": "admin", "iat": 1700000000, "exp": 4102444800})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def _nearly_first(key: str) -> str:
    """The key with its first characters changed, those of a prefix that all keys have (``sk-``) included."""
    found = "".join("b" if one == "a" else "a" for one in key[:_FIRST_CHANGED])
    return found + key[_FIRST_CHANGED:]


def wrong_token(key: str) -> str:
    """A token that is not the key but looks like one: its length and its short prefix (``sk-``), nothing else of it."""
    length = len(key) or 51
    prefix = key[: key.find("-") + 1] if 0 < key.find("-") <= min(4, length - 2) else ""
    generator = random.Random(f"wrong token of {length}")
    while True:
        body = "".join(generator.choices(string.ascii_lowercase + string.digits, k=max(1, length - len(prefix))))
        if prefix + body != key:
            return prefix + body


def nearly(key: str) -> str:
    """The key with another last character.

    In base64 the low bits of a last character can be padding that decoders ignore, so the highest bit is what changes.
    """
    place = _BASE64.find(key[-1:])
    return key[:-1] + (_BASE64[place ^ 32] if place >= 0 else "x")

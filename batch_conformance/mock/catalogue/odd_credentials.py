"""Drifts of who is let in by an odd form of a credential, by another path, or by what only a proxy may say."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, unquote_to_bytes

from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_SECURITY = "the document: security bearerAuth"
_SCHEME = "RFC 6750 section 2.1: Bearer, spaces and a token"
_PROXY = "the document: security bearerAuth; CWE-290"
_PATH = "the document: security bearerAuth; CWE-288"
_COOKIE = b"visit"

Wanted = Callable[[ReceivedRequest], bool]


def _let_in(wanted: Wanted) -> Apply:
    """What the right key would get, for some of those without it."""
    return lambda received, reply: (
        received.authorised() if received.credential != "valid" and wanted(received) else reply
    )


def _authorization(received: ReceivedRequest) -> bytes:
    return received.request.header(b"authorization") or b""


def _after(pattern: bytes, change: Callable[[bytes], bytes] = lambda token: token) -> Apply:
    """Takes what a pattern leaves of the header for the key."""
    compiled = re.compile(pattern, re.DOTALL)

    def wanted(received: ReceivedRequest) -> bool:
        found = compiled.fullmatch(_authorization(received))
        return found is not None and received.is_key(change(found[1]))

    return _let_in(wanted)


def _token(received: ReceivedRequest) -> bytes:
    scheme, _, token = _authorization(received).partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _token_is(like: Callable[[bytes, bytes], bool]) -> Apply:
    """Compares the token with the key in another way than exactly."""
    return _let_in(
        lambda received: bool(_token(received)) and bool(received.key) and like(_token(received), received.key.encode())
    )


def _folded(token: bytes) -> bytes:
    return unicodedata.normalize("NFKC", token.decode("utf-8", "replace")).encode()


def _nth_try(number: int) -> Wanted:
    """Whether a wrong token is tried for so many times: a counter that starts anew, or lets in."""
    return lambda received: received.credential == "wrong" and received.tries % number == 0


def _without(received: ReceivedRequest) -> bool:
    return received.request.header(b"authorization") is None


def _says(name: bytes, value: bytes = b"") -> Apply:
    """Trusts a header that only a proxy may set; with a value, that word in it."""

    def wanted(received: ReceivedRequest) -> bool:
        given = received.request.header(name)
        return _without(received) and given is not None and (value in given if value else given in (b"", b"admin"))

    return _let_in(wanted)


def _by_path(changes: Callable[[bytes], bytes]) -> Apply:
    """Finds a batch by another path, and asks for no token there: the guard knows the plain path alone."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        path = received.request.path
        plain = changes(path)
        if plain == path or not _without(received) or received.request.method != "GET":
            return reply
        meant = next((one for one in received.batches if plain.endswith(b"/batches/" + one.id.encode())), None)
        return received.showing(meant) if meant is not None else reply

    return apply


def _holds_key_in(name: bytes) -> Wanted:
    return lambda received: received.key.encode() in (received.request.header(name) or b"")


def _as_password(received: ReceivedRequest) -> bool:
    scheme, _, value = _authorization(received).partition(b" ")
    try:
        return scheme == b"Basic" and received.is_key(base64.b64decode(value).partition(b":")[2])
    except ValueError:
        return False


def _is_unsigned(received: ReceivedRequest) -> bool:
    """Whether the token is a JSON Web Token with an empty signature."""
    parts = _token(received).split(b".")
    return len(parts) == 3 and parts[0].startswith(b"eyJ") and not parts[2]


def _has_parameter(name: str, value: str) -> Wanted:
    return lambda received: _without(received) and parse_qs(received.request.query).get(name) == [value]


def _by_cookie(received: ReceivedRequest, reply: Reply) -> Reply:
    if received.credential == "valid":
        return reply.with_header("Set-Cookie", "visit=4f1e; Path=/; HttpOnly")
    let_in = _without(received) and (received.request.header(b"cookie") or b"").startswith(_COOKIE)
    return received.authorised() if let_in else reply


_accepted = partial(Drift, status="401", pointer="", stage="answer")
_form = partial(_accepted, rule="auth.scheme_accepted", source=_SCHEME)
_other_token = partial(_accepted, rule="auth.wrong_token_accepted", source=_SECURITY)
_unasked = partial(_accepted, rule="auth.missing_accepted")

DRIFTS: tuple[Drift, ...] = (
    _form("scheme_and_key_joined", "the space after the scheme is optional", apply=_after(rb"(?i:bearer)([^ ].*)")),
    _form("scheme_word_removed", "the word Bearer is cut out wherever it stands", apply=_let_in(
        lambda received: received.is_key(_authorization(received).replace(b"Bearer", b"")))),
    _form("colon_after_scheme", "a colon may follow the scheme", apply=_after(rb"Bearer: ?(\S+)")),
    _form("any_mark_after_scheme", "any mark may follow the scheme", apply=_after(rb"Bearer[:=,;](\S+)")),
    _form("seven_bytes_skipped", "the first seven bytes are skipped unseen", apply=_after(rb".{7}(\S+)")),
    _form("scheme_of_six_letters", "a scheme of any six letters is taken", apply=_after(rb"[A-Za-z]{6} (\S+)")),
    _form("scheme_begins_so", "every scheme that begins with Bearer is taken", apply=_after(rb"Bearer\w+ (\S+)")),
    _form("digest_taken", "the key is accepted under the scheme Digest", apply=_after(rb"Digest (\S+)")),
    _form("quotes_cut", "quotation marks around the token are cut off", apply=_after(rb'Bearer "(.*)"')),
    _form("any_quotes_cut", "quotation marks are cut off after any scheme of six letters",
          apply=_after(rb'\w{6} "?([^"]*)"?')),
    _form("token_percent_decoded", "percent-encoding in the token is undone", apply=_after(
        rb"Bearer (.*%.*)", unquote_to_bytes)),
    _form("token_folded", "letters of the token that look alike are taken for the same", apply=_after(
        rb"Bearer (.*[\x80-\xff].*)", _folded)),
    _form("header_searched", "the key is looked for anywhere in the header", apply=_let_in(
        lambda received: received.key.encode() in _authorization(received)),
        also=("auth.wrong_token_accepted",),
        because="each form of the header that has the key in it is a form that is accepted"),
    _other_token("token_ends_so", "a token that ends with the key is accepted",
                 apply=_token_is(lambda token, key: token.endswith(key))),
    _other_token("key_contains_token", "any part of the key is accepted", apply=_token_is(lambda token, key: token in key)),
    _other_token("token_contains_key", "a token that contains the key is accepted",
                 apply=_token_is(lambda token, key: key in token)),
    _other_token("end_compared_alone", "the last characters of the token alone are compared",
                 apply=_token_is(lambda token, key: token[-12:] == key[-12:])),
    _other_token("length_compared_alone", "the length of the token alone is compared",
                 apply=_token_is(lambda token, key: len(token) == len(key) and token.isascii())),
    _other_token("token_case_ignored", "the case of the token does not matter",
                 apply=_token_is(lambda token, key: token.lower() == key.lower())),
    _form("second_word_taken", "of what is separated by spaces the second is the key", apply=_let_in(
        lambda received: received.is_key([*_authorization(received).split(b" "), b""][1])
        and _authorization(received).startswith(b"Bearer "))),
    _form("scheme_searched", "Bearer is looked for anywhere in the header", apply=_after(rb".*\bBearer (\S+)")),
    _form("last_of_list_taken", "of a list of credentials the last is taken", apply=_after(rb"\w+ [^,]+, *Bearer (\S+)")),
    _form("api_key_scheme_taken", "the key is accepted under the scheme ApiKey", apply=_after(rb"ApiKey (\S+)")),
    _form("password_taken", "the key is accepted as a password", apply=_let_in(_as_password)),
    _other_token("null_passes", "the word null is a token", apply=_let_in(lambda received: _token(received) == b"null")),
    _other_token("unsigned_passes", "a JSON Web Token without a signature passes", apply=_let_in(_is_unsigned)),
    _other_token("injected_passes", "a condition of SQL in the token holds", apply=_let_in(
        lambda received: b"' OR '" in _authorization(received))),
    _other_token("long_passes", "a token that is too long to be looked up passes", apply=_let_in(
        lambda received: len(_token(received)) > 1024)),
    _other_token("third_try_passes", "the third try with one wrong token passes", apply=_let_in(_nth_try(3))),
    _other_token("fourth_try_passes", "the fourth try with one wrong token passes", apply=_let_in(_nth_try(4))),
    _other_token("cached_after_two", "a token that was refused twice is cached as valid", apply=_let_in(
        lambda received: received.credential == "wrong" and received.tries > 2)),
    *(
        _unasked(f"trusts_{name.decode().replace('-', '_')}", f"who says {name.decode()} is let in", source=_PROXY,
                 apply=_says(name, value))
        for name, value in (
            (b"x-forwarded-user", b""), (b"x-remote-user", b""), (b"remote-user", b""), (b"x-authenticated-user", b""),
            (b"x-authenticated-userid", b"1"), (b"x-user-id", b"1"), (b"x-forwarded-for", b"127.0.0.1"),
            (b"x-real-ip", b"127.0.0.1"), (b"x-client-ip", b"127.0.0.1"), (b"forwarded", b"127.0.0.1"),
            (b"x-original-url", b"/health"), (b"x-rewrite-url", b"/health"), (b"x-forwarded-method", b"OPTIONS"),
            (b"x-internal-request", b"true"), (b"x-api-key", b""), (b"x-auth-request-user", b""),
            (b"x-consumer-username", b""), (b"x-webauth-user", b""), (b"x-forwarded-email", b"@"),
            (b"x-ssl-client-verify", b"SUCCESS"), (b"x-forwarded-client-cert", b"Subject"),
            (b"true-client-ip", b"127.0.0.1"), (b"x-forwarded-host", b"localhost"), (b"x-internal", b"true"),
            (b"user-agent", b"kube-probe"), (b"referer", b"admin"),
        )
    ),
    *(
        _unasked(f"trusts_parameter_{name}", f"the parameter {name} lets in", source="the document: security bearerAuth; CWE-1390",
                 apply=_let_in(_has_parameter(name, value)))
        for name, value in (("admin", "true"), ("auth", "false"), ("signature", "null"))
    ),
    _unasked("cookie_lets_in", "the cookie that was set with an answer lets in without a token",
             source="the document: security bearerAuth, which is no cookie", apply=_by_cookie),
    _unasked("doubled_slash_unguarded", "a path that begins with two slashes asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.replace(b"//batches", b"/batches"))),
    _unasked("inner_slashes_unguarded", "two slashes before the id ask for no token", source=_PATH,
             apply=_by_path(lambda path: path.replace(b"batches//", b"batches/"))),
    _unasked("trailing_slash_unguarded", "a slash at the end asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.removesuffix(b"/"))),
    _unasked("escaped_path_unguarded", "a path with an escaped letter asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.replace(b"%62atches", b"batches"))),
    _unasked("upper_path_unguarded", "a path in upper case asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.replace(b"/BATCHES/", b"/batches/"))),
    _unasked("encoded_dot_unguarded", "a path with an escaped dot segment asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.replace(b"/%2e/", b"/"))),
    _unasked("parameter_unguarded", "a path with a path parameter asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.partition(b";")[0])),
    _unasked("suffix_unguarded", "a path that ends like a file asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.removesuffix(b".json"))),
    _unasked("dot_segment_unguarded", "a path with a dot segment asks for no token", source=_PATH,
             apply=_by_path(lambda path: path.replace(b"/./", b"/"))),
    *(
        _accepted(f"key_taken_in_{name.decode().replace('-', '_')}", f"the key is accepted in {name.decode()}",
                  rule="auth.elsewhere_accepted", source=_SECURITY, apply=_let_in(_holds_key_in(name)))
        for name in (b"proxy-authorization", b"x-authorization", b"cookie", b"authentication", b"x-access-token")
    ),
)  # fmt: skip
"""Drifts of odd credentials."""

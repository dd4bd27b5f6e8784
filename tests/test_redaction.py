from __future__ import annotations

import base64
import gzip
import html
import json
import string
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_conformance.exchange.exchange import Response
from batch_conformance.exchange.redaction import REDACTED, Redactor

KEY = "sk-Qz7vLw3xN9tRk2mYp5bHc8dJf4gAs6"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "upper case": str.upper,
    "lower case": str.lower,
    "reversed": lambda key: key[::-1],
    "percent, what needs it": lambda key: urllib.parse.quote(key, safe=""),
    "percent, every character": lambda key: "".join(f"%{ord(c):02x}" for c in key),
    "percent, twice": lambda key: "".join(f"%25{ord(c):02X}" for c in key),
    "percent, every second character": lambda key: "".join(f"%{ord(c):02X}" if i % 2 else c for i, c in enumerate(key)),
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, every character": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "JSON in JSON": lambda key: json.dumps(json.dumps("".join(f"\\u{ord(c):04X}" for c in key))),
    "JSON with escaped slashes": lambda key: key.replace("/", "\\/"),
    "backslash x": lambda key: "".join(f"\\x{ord(c):02x}" for c in key),
    "HTML": html.escape,
    "HTML, decimal": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "HTML, hexadecimal": lambda key: "".join(f"&#x{ord(c):x};" for c in key),
    "HTML, twice": lambda key: "".join(f"&amp;#x{ord(c):X};" for c in key),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal, upper case": lambda key: key.encode().hex().upper(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64, URL-safe": lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("="),
    "base64 of a header value": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of user and password": lambda key: base64.b64encode(f"me:{key}".encode()).decode(),
    "base64 of password and nothing": lambda key: base64.b64encode(f"{key}:".encode()).decode(),
    "base64, percent-encoded": lambda key: urllib.parse.quote(base64.b64encode(key.encode()).decode(), safe=""),
    "UTF-16": lambda key: key.encode("utf-16-le").decode("latin-1"),
    "UTF-32": lambda key: key.encode("utf-32-be").decode("latin-1"),
}

# What RFC 6750 2.1 allows in a bearer token.
TOKENS = st.text(string.ascii_letters + string.digits + "-._~+/", min_size=8, max_size=80)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=40, deadline=None)
@given(key=TOKENS, before=TEXTS, after=TEXTS)
def test_no_spelling_of_the_key_survives(spelling, key, before, after):
    canary = SPELLINGS[spelling](key)
    redactor = Redactor((key,))
    clean = redactor.redact_text(before + canary + after)
    assert REDACTED in clean
    # Base64 letters at both ends may also stand for neighbours and give less than one character away.
    core = canary.rstrip("=")[3:-3] if spelling.startswith("base64") else canary
    assert core not in clean or core in before or core in after


@settings(max_examples=200, deadline=None)
@given(key=TOKENS.filter(lambda key: len(key) >= 20), data=st.data())
def test_no_run_of_twelve_characters_survives(key, data):
    start = data.draw(st.integers(0, len(key) - 12))
    end = data.draw(st.integers(start + 12, len(key)))
    clean = Redactor((key,)).redact_text(f'{{"message":"invalid key {key[start:end]}***"}}')
    assert clean == '{"message":"invalid key [redacted]***"}' or key[start:end] not in clean


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, key=TOKENS.filter(lambda key: len(key) >= 12))
def test_a_text_without_the_key_stays_the_same_object(text, key):
    redactor = Redactor((key,))
    if redactor.resembles(text):
        return
    assert redactor.redact_text(text) is text


@settings(max_examples=200, deadline=None)
@given(before=st.binary(max_size=50), after=st.binary(max_size=50))
@example(before=b"\xff\xfe", after=b"\x00")
def test_every_other_byte_of_a_body_stays(before, after):
    redactor = Redactor((KEY,))
    clean = redactor.redact_bytes(before + b'"' + KEY.encode() + b'"' + after)
    start, _, end = clean.partition(REDACTED.encode())
    assert start == redactor.redact_bytes(before + b'"')
    assert end == redactor.redact_bytes(b'"' + after)


def test_redacted_json_is_still_json():
    body = json.dumps({"a": KEY, "b": f"x\\{KEY}", "c": [f"{KEY}{KEY}"]}).encode()
    assert json.loads(Redactor((KEY,)).redact_bytes(body)) == {"a": REDACTED, "b": f"x\\{REDACTED}", "c": [REDACTED]}


def test_a_short_key_is_found_whole_and_never_by_its_pieces():
    redactor = Redactor(("sk-mock",))
    assert (
        redactor.redact_text("token sk-mock, realm batch-mock, sk-moc") == "token [redacted], realm batch-mock, sk-moc"
    )


def test_a_key_of_three_characters_does_not_eat_the_text():
    assert Redactor(("abc",)).redact_text("abcdef") == "abcdef"


def test_without_a_secret_nothing_changes():
    assert Redactor(("",)).redact_text("Bearer something") == "Bearer something"


def test_a_key_with_percent_signs_and_backslashes_is_found_as_it_is():
    key = "ab%41cd%%ef\\u0041\\gh&amp;ij"
    assert Redactor((key,)).redact_text(f"<{key}>") == "<[redacted]>"


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Cookie", "Set-Cookie", "api-key", "X-API-Key"])
def test_credential_headers_are_always_masked(name):
    assert Redactor(()).redact_header(name, "anything at all") == REDACTED


def test_the_scheme_of_a_credential_stays():
    redactor = Redactor(())
    assert redactor.redact_header("Authorization", "Bearer abc def") == "Bearer [redacted]"
    assert redactor.redact_header("Authorization", "bearer  x") == "bearer  [redacted]"
    assert redactor.redact_header("Authorization", "Bearer ") == REDACTED
    assert redactor.redact_header("Authorization", "") == ""


def test_a_custom_header_is_masked_by_its_name():
    assert Redactor((), ("X-Tenant-Secret",)).redact_header("x-tenant-secret", "s") == REDACTED


@pytest.mark.parametrize(
    "url",
    [
        "https://b.example/o.jsonl?X-Amz-Signature=deadbeef&n=1",
        "https://b.example/o.jsonl?n=1&Expires=17&OSSAccessKeyId=LTAI&Signature=a%2Fb%3D",
        "https://b.example/o.jsonl?X-Goog-Credential=me&X-Goog-Signature=00",
        "https://b.example/o.jsonl?sv=2024&sig=abc&se=2026",
        "https://b.example/o.jsonl?security-token=abc&n=1",
    ],
)
def test_signatures_of_urls_are_masked(url):
    redactor = Redactor(())
    clean = redactor.redact_url(url)
    assert clean.startswith("https://b.example/o.jsonl?")
    values = {value for _, value in urllib.parse.parse_qsl(clean.partition("?")[2])}
    assert REDACTED in values
    assert values <= {REDACTED, "1"}
    body = json.loads(redactor.redact_bytes(json.dumps({"output_file_id": url, "id": "x"}).encode()))
    assert body == {"output_file_id": clean, "id": "x"}


def test_escaped_separators_of_a_signed_url_are_known():
    body = b'{"u":"https://b.example/?a=1\\u0026Signature=secret\\u0026b=2"}'
    clean = Redactor(()).redact_bytes(body)
    assert json.loads(clean)["u"] == "https://b.example/?a=1&Signature=[redacted]&b=2"


def test_words_that_only_look_like_a_signature_stay():
    text = b'{"message":"token=abc is wrong","status":"expires=never"}'
    assert Redactor(()).redact_bytes(text) == text


def test_it_tells_where_the_key_came_back():
    response = Response(
        status=401,
        headers=(("X-Echo", f"Bearer {KEY}"), ("Set-Cookie", f"k={KEY}"), ("Date", "today"), (f"X-{KEY}", "1")),
        body=f'"no such key: {KEY}"'.encode(),
    )
    clean, reflections = Redactor((KEY,)).redact_response(response)
    assert reflections == ("header X-Echo", "header Set-Cookie", "header X-[redacted]", "body")
    assert KEY not in repr(clean)
    assert clean.header("Date") == "today"


def test_an_innocent_response_is_passed_on_unchanged():
    response = Response(200, (("Content-Type", "application/json; charset=utf-8"),), b'{"id":"batch_rdyqgrcgjg"}', "OK")
    assert Redactor((KEY,)).redact_response(response) == (response, ())


def test_a_word_shared_with_the_key_is_redacted_but_is_no_reflection():
    redactor = Redactor(("key-of-batch-conformance-0123456789-abcdefghijklm",))
    response, reflections = redactor.redact_response(Response(200, body=b'"batch-conformance"'))
    assert response.body == b'"[redacted]"'
    assert reflections == ()


def test_a_key_inside_a_compressed_body_that_is_not_labelled_so_does_not_survive():
    body = gzip.compress(f"your key is {KEY}".encode())
    response, reflections = Redactor((KEY,)).redact_response(Response(200, body=body))
    assert response.body == REDACTED.encode()
    assert reflections == ("body",)
    harmless = gzip.compress(b"hello")
    assert Redactor((KEY,)).redact_response(Response(200, body=harmless))[0].body == harmless


def test_a_body_of_nothing_but_escapes_and_the_key_is_given_up():
    body = b"\x00" + KEY.encode("utf-16-le") * 20_000
    assert Redactor((KEY,)).redact_bytes(body) == REDACTED.encode()


def test_what_resembles_the_key_is_told_from_what_does_not():
    redactor = Redactor((KEY,))
    assert redactor.resembles(f"Bearer {KEY[:-1]}")
    assert redactor.resembles("Basic " + base64.b64encode(f"{KEY}:".encode()).decode())
    assert redactor.resembles("x" + KEY[8:13].upper())
    assert not redactor.resembles("Bearer sk-0000000000000000")


def test_the_redactor_does_not_show_its_secrets():
    assert KEY not in repr(Redactor((KEY,)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)

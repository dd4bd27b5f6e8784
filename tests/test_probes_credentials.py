from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.probes.credentials import KINDS, is_refused, nearly, present, wrong_token

KEY = "sk-abcdefghijklmnopqrstuvwxyz"
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80)


def header(kind: str, key: str = KEY, **options: str) -> str | None:
    headers = present(kind, key, **options).headers
    assert len(headers) <= 1
    return headers[0][1] if headers else None


def test_each_kind_is_presented_as_its_name_says():
    assert header("valid") == f"Bearer {KEY}"
    assert header("lower_case_scheme") == f"bearer {KEY}"
    assert header("missing") is None
    assert header("empty") == "Bearer"
    assert header("empty_header") == ""
    assert header("malformed") == "Bearer a b"
    assert header("no_scheme") == KEY
    assert header("nearly_cut") == f"Bearer {KEY[:-1]}"
    assert header("wrong_scheme") == "Basic " + base64.b64encode(f"{KEY}:{KEY}".encode()).decode()
    assert header("wrong_scheme_token") == f"Token {KEY}"
    assert header("nearly_longer") == f"Bearer {KEY}x"
    assert header("other_case") == f"Bearer {KEY.swapcase()}"
    names = ("access_token", "token", "api_key", "session", "auth_token", "jwt", "authorization", "sessionid")
    cookies = "; ".join(f"{name}={KEY}" for name in names)
    others = (("x-api-key", KEY), ("api-key", KEY), ("x-auth-token", KEY))
    others += (("proxy-authorization", f"Bearer {KEY}"), ("x-authorization", f"Bearer {KEY}"), ("cookie", cookies))
    others += (("authentication", f"Bearer {KEY}"), ("x-access-token", KEY), ("x-goog-api-key", KEY), ("apikey", KEY))
    assert present("elsewhere_header", KEY).headers == others
    assert header("joined") == f"Bearer{KEY}"
    assert header("tab") == f"Bearer\t{KEY}"
    assert header("colon") == f"Bearer:{KEY}"
    assert header("quoted") == f'Bearer "{KEY}"'
    assert header("scheme_same_length") == f"Digest {KEY}"
    assert header("percent_encoded") == "Bearer sk-abcdefghijk%6Cmnopqrstuvwxyz"
    assert header("full_width") == "Bearer sk-abcdefghijk\uff4cmnopqrstuvwxyz"
    assert header("nearly_first") == "Bearer aaabaadefghijklmnopqrstuvwxyz"
    assert header("nearly_preceded") == f"Bearer x{KEY}"
    assert header("reversed") == f"Bearer {KEY[::-1]}"
    assert header("key_and_more") == f"Bearer {KEY} x"
    assert header("other_scheme_first") == f"Basic eDp5, Bearer {KEY}"
    assert header("marks_dropped") == "Bearer " + KEY.replace("-", "")
    assert header("null_word") == "Bearer null"
    assert header("parameters") is header("parameter") is None
    assert header("other_path") is header("proxy_headers") is header("proxy_header") is None
    assert present("elsewhere_query", "a&b").query == (
        "access_token=a%26b&api_key=a%26b&key=a%26b&token=a%26b&apikey=a%26b"
    )
    assert present("elsewhere_query", KEY).headers == ()
    assert present("also_in_query", "a&b").query == present("elsewhere_query", "a&b").query
    assert present("also_in_query", KEY).headers == present("valid", KEY).headers


def test_only_the_key_itself_is_accepted_with_the_scheme_in_any_case_whatever_else_there_is():
    assert [kind for kind in KINDS if not is_refused(kind)] == ["valid", "lower_case_scheme", "also_in_query"]
    assert all(present(kind, KEY).refused == is_refused(kind) for kind in KINDS)


@given(KEYS)
def test_no_refused_kind_ever_presents_the_valid_credential(key):
    valid = present("valid", key)
    for kind in KINDS:
        presented = present(kind, key)
        if presented.refused:
            assert presented.headers != valid.headers


@given(KEYS)
def test_a_wrong_token_has_the_keys_length_and_is_another(key):
    assert wrong_token(key) != key
    assert len(wrong_token(key)) == len(key)
    assert wrong_token(key) == wrong_token(key)


def test_a_wrong_token_tells_nothing_of_the_key_but_its_prefix():
    assert wrong_token(KEY).startswith("sk-")
    assert wrong_token(KEY) == wrong_token("sk-" + "Z" * (len(KEY) - 3))


@given(st.binary(min_size=1, max_size=40))
def test_a_nearly_right_base64_key_differs_in_what_it_decodes_to(raw):
    key = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    changed = nearly(key)
    assert len(changed) == len(key)
    assert base64.urlsafe_b64decode(changed + "=" * (-len(key) % 4)) != raw


@given(KEYS)
def test_a_nearly_right_key_is_never_the_key(key):
    assert nearly(key) != key


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_without_a_key_nothing_made_from_it_is_presented(kind):
    presented = present(kind, "")
    text = " ".join(value for _, value in presented.headers) + presented.query
    if KINDS[kind].needs_key or kind == "valid":
        assert (presented.headers, presented.query) == ((), "")
    assert not re.search(r"Basic|Token", text)


def test_a_profile_may_take_the_key_in_a_header_of_its_own():
    assert present("valid", KEY, style="header", header="api-key").headers == (("api-key", KEY),)
    assert present("missing", KEY, style="header", header="api-key").headers == ()
    others = present("elsewhere_header", KEY, style="header", header="X-API-Key").headers
    assert others[:2] == (("api-key", KEY), ("x-auth-token", KEY))
    assert "X-API-Key".lower() not in dict(others)


def test_a_kind_that_plays_with_the_scheme_is_the_valid_one_where_there_is_no_scheme():
    presented = present("no_scheme", KEY, style="header", header="api-key")
    assert (presented.headers, presented.refused) == ((("api-key", KEY),), False)


def test_a_profile_without_authentication_presents_and_refuses_nothing():
    for kind in KINDS:
        presented = present(kind, KEY, style="none")
        assert (presented.headers, presented.query, presented.refused) == ((), "", False)


def test_an_unknown_kind_is_a_key_error():
    with pytest.raises(KeyError):
        present("nonsense", KEY)


@given(KEYS, st.sampled_from(sorted(KINDS)))
def test_header_values_carry_no_white_space_at_their_ends(key, kind):
    assert all(value == value.strip() for _, value in present(kind, key).headers)

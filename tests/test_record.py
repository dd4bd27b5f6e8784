from __future__ import annotations

import json

import pytest
from exchange_lines import exchange_to_dict, spooled
from exchanges import EXCHANGES
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_conformance.exchange.exchange import Exchange, Probe, Request, Response
from batch_conformance.recorded.line import LineError

SAMPLE = Exchange(
    0,
    Probe("known_ids", "read", "/batches/a", "a", "known"),
    Request("GET", "http://127.0.0.1:1/v1/batches/a"),
    Response(200, (("Content-Type", "application/json"),), b"{}"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(EXCHANGES)
def test_an_exchange_survives_json(exchange):
    assert spooled(json.loads(json.dumps(exchange_to_dict(exchange), allow_nan=False))) == exchange


def test_a_body_stands_as_text_where_it_is_text():
    assert exchange_to_dict(SAMPLE)["response"]["body"] == "{}"
    binary = exchange_to_dict(Exchange(0, SAMPLE.probe, SAMPLE.request, Response(200, body=b"\xff")))
    assert binary["response"]["body_base64"] == "/w=="
    assert "body" not in binary["response"]


@given(JSON)
def test_anything_else_is_told_in_one_line(data):
    with pytest.raises(LineError) as error:
        spooled(data)
    assert str(error.value).isprintable()


PLACES = [
    ("number",),
    ("started_at",),
    ("final",),
    ("reflections",),
    ("probe",),
    ("probe", "subject"),
    ("probe", "headers"),
    ("request", "url"),
    ("response", "status"),
    ("response", "body"),
    ("response", "headers"),
]


@pytest.mark.parametrize("place", PLACES, ids="/".join)
@settings(max_examples=50, deadline=None)
@given(value=JSON)
def test_a_wrong_member_is_an_error_or_a_value_of_the_right_type(place, value):
    data = json.loads(json.dumps(exchange_to_dict(SAMPLE)))
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    try:
        exchange = spooled(data)
    except LineError:
        return
    assert spooled(exchange_to_dict(exchange)) == exchange


@pytest.mark.parametrize("started_at", [1791795428000.0, -1, float("nan"), float("inf"), 10**400])
def test_a_moment_that_no_calendar_has_is_a_wrong_member(started_at):
    with pytest.raises(LineError, match="started_at"):
        spooled(exchange_to_dict(SAMPLE) | {"started_at": started_at})


def test_a_wrong_member_is_named():
    data = exchange_to_dict(SAMPLE)
    data["probe"]["subject"] = "friend"
    with pytest.raises(LineError, match=r'probe\.subject: "friend" is not one of'):
        spooled(data)

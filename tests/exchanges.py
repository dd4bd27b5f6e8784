"""Hypothesis strategies for exchanges of every shape."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from batch_conformance.exchange.exchange import (
    Exchange,
    Failure,
    FailureKind,
    Headers,
    Probe,
    Request,
    Response,
    Subject,
)
from batch_conformance.message import shown

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
SECONDS = st.floats(0, 4e9, allow_nan=False)
HEADERS: st.SearchStrategy[Headers] = st.lists(st.tuples(LATIN, LATIN), max_size=4).map(tuple)
PROBES = st.builds(
    Probe,
    chapter=TEXT,
    name=TEXT,
    path=TEXT,
    batch_id=st.none() | TEXT,
    subject=st.sampled_from(get_args(Subject)),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    headers=HEADERS,
    query=TEXT,
    credential=TEXT,
    forced_status=st.none() | st.integers(100, 599),
    wait=SECONDS,
)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    url=TEXT.map(lambda text: f"http://127.0.0.1:1/v1{text}"),
    headers=HEADERS,
)
RESPONSES = st.builds(
    Response,
    status=st.integers(100, 999),
    headers=HEADERS,
    body=st.binary(max_size=40) | TEXT.map(str.encode),
    reason=LATIN,
    http_version=st.sampled_from(["1.0", "1.1"]),
    wire_size=st.integers(0, 1 << 40),
    truncated=st.booleans(),
    decode_error=st.none() | TEXT.filter(bool).map(shown),
    trailing=st.integers(0, 9),
)
FAILURES = st.builds(Failure, kind=st.sampled_from(get_args(FailureKind)), detail=TEXT.filter(bool).map(shown))
EXCHANGES = st.builds(
    Exchange,
    number=st.integers(0, 9999),
    probe=PROBES,
    request=REQUESTS,
    response=st.none() | RESPONSES,
    failure=st.none() | FAILURES,
    attempt=st.integers(0, 9),
    final=st.booleans(),
    started_at=SECONDS,
    elapsed=SECONDS,
    reflections=st.lists(TEXT, max_size=3).map(tuple),
)

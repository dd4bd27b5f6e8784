"""What the rules about framing and codings give for one exchange, at the edges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from judge_cases import batch, failed
from judge_support import contract, sent
from test_judge_access import exercised
from test_judge_heads import kinds, told, with_heads

from batch_conformance.exchange.exchange import Failure
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.framing import never_ending


def test_a_message_is_framed_in_one_way() -> None:
    one = "one length for the body, and that many bytes; "
    rule = "response.framing"
    two = with_heads(("Content-Length", "5"), ("content-length", " 6 "), ("Content-Length", "5"))
    assert told(rule, two) == [("two_lengths", "", one + "Content-Length 5 and 6", None)]
    coded = ("Transfer-Encoding", "chunked")
    both = "Content-Length and Transfer-Encoding in one message"
    assert told(rule, with_heads(("Content-Length", "5"), coded)) == [("length_and_coding", "", one + both, None)]
    old = with_heads(coded, http_version="1.0", wire_notes=())
    assert kinds(rule, old) == ["chunked_in_1_0"]
    assert kinds(rule, with_heads(coded, http_version="1.0")) == []
    assert kinds(rule, with_heads(coded, wire_notes=())) == []
    assert kinds(rule, with_heads(http_version="1.0", wire_notes=())) == []
    assert told(rule, with_heads(trailing=7)) == [("trailing", "", one + "7 bytes after the end of the message", None)]
    assert kinds(rule, with_heads(("Content-Length", "5"), ("Content-Length", " 5"))) == []
    for kind, of_body, of_none in (("protocol", ["body"], ["protocol"]), ("too_large", ["body"], ["too_large"])):
        failure = Failure(kind, shown("it ended"))  # type: ignore[arg-type]
        assert kinds(rule, replace(batch(), failure=failure)) == of_body
        assert kinds(rule, replace(batch(), failure=failure, response=None)) == of_none
        assert told(rule, replace(batch(), failure=failure))[0][2] == one + "it ended"
        assert told(rule, replace(batch(), failure=failure, response=None))[0][1:3] == (
            "",
            "an HTTP/1.1 response; it ended",
        )
    for kind in ("reset", "timeout"):
        failure = Failure(kind, shown("it ended"))  # type: ignore[arg-type]
        assert kinds(rule, replace(batch(), failure=failure)) == []
        assert kinds(rule, replace(batch(), failure=failure, response=None)) == []
    assert kinds(rule, replace(batch(), response=None)) == []
    unending = never_ending(Observation(replace(batch(), failure=Failure("timeout", shown("silence"))), contract()))
    assert (unending.kind, unending.status, str(unending.expected), str(unending.observed)) == (
        *("never_ends", ""),
        *("one length for the body, and that many bytes", "silence"),
    )
    assert str(never_ending(Observation(batch(), contract())).observed) == "an HTTP/1.1 response"


def test_a_coding_that_cannot_be_undone_is_told_by_its_name() -> None:
    rule, error = "response.encoding", shown("no gzip")
    words = "a body in the Content-Encoding that it names; no gzip"
    coded = with_heads(("Content-Encoding", "GZip" + "x" * 40), decode_error=error)
    assert told(rule, coded) == [("gzip" + "x" * 36, None, words, None)]
    assert told(rule, with_heads(decode_error=error)) == [("", None, words, None)]
    assert told(rule, with_heads(("Content-Encoding", "gzip"))) == told(rule, failed("reset")) == []


@pytest.mark.parametrize(
    ("asked", "coding", "unasked"),
    [
        ("identity", "gzip", True),
        ("identity", "identity", False),
        ("identity", None, False),
        ("gzip;q=0, br", None, False),
        ("gzip;q=0, br", "Identity", False),
        ("gzip", "gzip", False),
        ("x-gzip, identity", "GZIP ", False),
        ("gzip, identity", "x-gzip", False),
        ("gzip, identity", "br", True),
        ("gzip, br;q=0", "br", True),
        ("gzip, br; Q = 0.00", "br", True),
        ("br;q=0.1, identity", "br", False),
        ("gzip", "br", False),
        ("*, identity", "br", False),
        ("*;q=0, gzip", "br", True),
        ("", "br", False),
        (None, "br", False),
    ],
)
def test_a_coding_is_unasked_where_the_request_leaves_it_out_on_purpose(
    asked: str | None, coding: str | None, unasked: bool
) -> None:
    accept = () if asked is None else (("Accept-Encoding", asked),)
    headers = () if coding is None else (("Content-Encoding", coding),)
    exchange = batch(asked=accept, headers=headers)
    word = (coding or "").strip().lower().removeprefix("x-")
    words = f"a coding that Accept-Encoding admits, or none; {word} for {asked}"
    rule = "response.coding_unasked"
    assert told(rule, exchange) == ([("unasked", None, words, None)] if unasked else [])
    for other in (
        sent(b"", asked=accept, headers=headers),
        batch(asked=accept, headers=headers, decode_error=shown("no")),
        failed("reset", asked=accept),
    ):
        assert told(rule, other) == []
    assert exercised(rule, exchange)
    assert not exercised(rule, sent(b"", headers=headers))
    assert not exercised(rule, failed("reset"))


def test_what_is_said_of_an_unasked_coding_is_cut() -> None:
    exchange = batch(asked=(("Accept-Encoding", "identity" + " " * 60),), headers=(("Content-Encoding", "z" * 50),))
    ((_, _, words, _),) = told("response.coding_unasked", exchange)
    assert words == f"a coding that Accept-Encoding admits, or none; {'z' * 40} for identity{' ' * 52}"

"""What is noted of heads as bytes, of heads beside each other, and of the clock that wrote them."""

from __future__ import annotations

import json
from dataclasses import replace

import hostile
import pytest
from judge_support import sent
from test_target import answering, probe, target_of

from batch_conformance.exchange.exchange import Headers, Response, WireNotes
from batch_conformance.exchange.har import har
from batch_conformance.exchange.redaction import Redactor
from batch_conformance.exchange.wire_notes import Accumulation, Clock, notes_of_head
from batch_conformance.recorded.formats.har import lines_of
from batch_conformance.recorded.line import LineError, exchange_of

NOON = "Sat, 28 Nov 2026 12:00:00 GMT"
ELEVEN = "Sat, 28 Nov 2026 11:00:00 GMT"
AT_NOON = 1_795_867_200.0


@pytest.mark.parametrize(
    ("head", "notes"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", ()),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\n}\n", ()),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\n\r\n", (("obs_fold", "A"),)),
        (b"HTTP/1.1 200 OK\nA: b\n\n", (("bare_lf", "HTTP/1.1 200 OK"),)),
        (b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", (("bare_lf", "A"),)),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\n", (("bare_lf", ""),)),
        (b"HTTP/1.1 200 OK\r\nA: b\n c\r\n\r\n", (("obs_fold", "A"), ("bare_lf", "A"))),
    ],
)
def test_folded_lines_and_bare_line_feeds_are_noted_with_the_name_of_their_field(head: bytes, notes: WireNotes) -> None:
    assert sorted(notes_of_head(head, 0)) == sorted(notes)


def test_of_several_heads_the_last_one_counts() -> None:
    early = b"HTTP/1.1 103 Early Hints\nLink: <a>\n\n"
    final = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"
    assert notes_of_head(early + final, 1) == ()
    assert notes_of_head(early + final, 0) != ()


def grown(*answers: Headers) -> list[WireNotes]:
    of_connection = Accumulation()
    return [of_connection.notes_of(headers) for headers in answers]


def test_a_field_that_grows_with_each_of_four_answers_accumulates() -> None:
    cookies = [tuple(("Set-Cookie", f"s{n}") for n in range(count)) for count in (1, 2, 3, 4, 5, 1)]
    noted = (("accumulates", "set-cookie"),)
    assert grown(*cookies) == [(), (), (), noted, noted, ()]
    joined = [(("Vary", ", ".join(["Origin"] * count)),) for count in (1, 2, 3, 4)]
    assert grown(*joined)[-1] == (("accumulates", "vary"),)


def test_a_field_that_only_has_more_values_does_not() -> None:
    others = [tuple(("Set-Cookie", f"{count}{n}") for n in range(count)) for count in (1, 2, 3, 4, 5)]
    assert grown(*others) == [()] * 5
    by_turns = [tuple(("Set-Cookie", f"s{n}") for n in range(count)) for count in (1, 2, 1, 2, 1, 2)]
    assert grown(*by_turns) == [()] * 6


def at(date: str, *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(status, (("Date", date), *headers))


def dated(*answers: Response, target: bytes = b"/a") -> list[WireNotes]:
    clock = Clock()
    return [clock.notes_of("GET", target, one, AT_NOON - 3600, AT_NOON) for one in answers]


def test_a_clock_that_went_back_twice_is_two_clocks() -> None:
    assert dated(at(NOON), at(ELEVEN), at(NOON), at(ELEVEN))[1:] == [(), (), (("date_back", NOON),)]


@pytest.mark.parametrize(
    "earlier",
    [
        at(ELEVEN, ("Age", "3600")),
        at(ELEVEN, ("X-Cache", "HIT from edge")),
        at(ELEVEN, ("CF-Cache-Status", "STALE")),
        at(ELEVEN, status=404),
        at("Sat, 28 Nov 2026 11:59:30 GMT"),
        at("Sat, 28 Nov 2026 11:55:00 GMT"),
        at("yesterday"),
        at(""),
        Response(200),
        Response(200, (("Date", NOON), ("Date", ELEVEN))),
    ],
    ids=range(10),
)
def test_what_a_cache_wrote_or_another_answer_or_a_near_clock_is_none(earlier: Response) -> None:
    assert dated(at(NOON), earlier, at(NOON), earlier, at(NOON), earlier) == [()] * 6


def test_answers_that_are_played_back_have_one_date_for_each_request() -> None:
    clock = Clock()
    for _ in range(3):
        for target, date in ((b"/a", NOON), (b"/b", ELEVEN)):
            assert clock.notes_of("GET", target, at(date), AT_NOON - 3600, AT_NOON) == ()


def test_a_date_of_another_day_is_not_the_time_of_this_clock() -> None:
    yesterday = "Fri, 27 Nov 2026 11:00:00 GMT"
    assert dated(at(yesterday)) == [(("clock", "-86400"),)]
    assert dated(at("Sat, 28 Nov 2026 12:04:00 GMT")) == [()]


def test_the_bytes_of_the_wire_are_looked_at() -> None:
    folded = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: b\r\n c\r\nX-Key: d\n\r\n"
    with hostile.serve(answering(folded)) as server, target_of(server) as target:
        (exchange,) = target.send(probe(), 0)
    assert exchange.response is not None
    assert sorted(exchange.response.wire_notes or ()) == [("bare_lf", "X-Key"), ("obs_fold", "X-A")]
    assert exchange.response.header("x-a") == "b c"


def test_notes_come_back_from_the_har_file_of_a_run() -> None:
    noted = replace(sent(wire_notes=(("obs_fold", "X-A"),)), number=0)
    lines = lines_of(json.dumps(har([noted, sent(number=1)])).encode())
    read = [exchange_of(line) for line in lines if not isinstance(line, LineError)]
    assert [one.response.wire_notes for one in read if one.response is not None] == [(("obs_fold", "X-A"),), None]


def test_a_key_in_the_name_of_a_field_is_not_noted() -> None:
    redacted, _ = Redactor(["sk-0123456789abcdef"]).redact_response(
        Response(200, wire_notes=(("bare_lf", "sk-0123456789abcdef"),))
    )
    assert redacted.wire_notes == (("bare_lf", "[redacted]"),)

"""Rules about what was noted of a response beside its fields: runs that break each of them, and near misses."""

from __future__ import annotations

from collections.abc import Mapping

from cases_heads import DATE
from judge_cases import Case, Sent, batch
from judge_support import unknown


def noted(*notes: tuple[str, str]) -> Sent:
    return (batch(wire_notes=notes, headers=(("Date", DATE), ("Set-Cookie", "a=1"))),)


_KEEPS: tuple[Sent, ...] = (noted(), (batch(wire_notes=None),), (unknown(wire_notes=()),))

CASES: Mapping[str, Case] = {
    "response.head_lines": Case(
        breaks=(
            noted(("obs_fold", "Content-Type")),
            noted(("bare_lf", "HTTP/1.1 200 OK")),
            noted(("bare_lf", "Server")),
            noted(("bare_lf", "")),
            (unknown(wire_notes=(("bare_lf", "Date"),)), batch(wire_notes=(("bare_lf", "Date"),))),
        ),
        keeps=_KEEPS,
    ),
    "response.fields_accumulate": Case(
        breaks=(noted(("accumulates", "set-cookie"), ("accumulates", "vary")),), keeps=_KEEPS
    ),
    "response.dates_contradict": Case(breaks=(noted(("date_back", "Sun, 06 Nov 1994 09:49:37 GMT")),), keeps=_KEEPS),
    "response.clock": Case(breaks=(noted(("clock", "-86400")),), keeps=_KEEPS),
}

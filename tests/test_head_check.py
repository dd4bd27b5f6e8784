"""What recorded heads are checked by in one go, against the rules that it stands for."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from cases_heads import DATE, LATER, MALFORMED, WELL_FORMED
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_support import contract, judge_one, sent

from batch_conformance.judge.head_check import head_check
from batch_conformance.judge.sparing import headers_looked_at
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import agreement, caching, fields, times

RULES = {rule.id for family in (fields.RULES, agreement.RULES, caching.RULES) for rule in family}
NAMES = ("Date", "Last-Modified", "Expires", "ETag", "Age", "Vary", "Link", "Cache-Control", "X-Other")
DATES = [DATE, LATER, "Sun, 06 Nov 1994 08:50:30 GMT", "Sun, 06 Nov 1994 18:50:30 GMT", "Thu, 29 Feb 2024 23:59:60 GMT"]
VALUES = {name: [*MALFORMED.get(name, ()), *WELL_FORMED.get(name, ("x",)), " "] for name in NAMES}
HEADS = st.lists(st.sampled_from(NAMES), max_size=6).flatmap(
    lambda names: st.tuples(
        *(
            st.tuples(st.just(name), st.sampled_from([*VALUES[name], *(DATES if name in NAMES[:3] else ())]))
            for name in names
        )
    )
)


@settings(max_examples=400, deadline=None)
@given(HEADS)
def test_what_the_check_lets_pass_breaks_none_of_the_rules(head: tuple[tuple[str, str], ...]) -> None:
    holds = head_check([name for name, _ in head])
    if holds is None or holds([value for _, value in head]) is None:
        return
    apart = headers_looked_at()  # whose values make exchanges alike, and are left to the caller
    told = judge_one(Observation(sent(headers=head), contract()))
    of_values = [one for one in told if one.rule in RULES and one.kind not in apart]
    # What Cache-Control says of freshness makes exchanges alike.
    assert [one for one in of_values if "Expires" in str(one.observed) or one.kind != "hours"] == []


@settings(max_examples=200, deadline=None)
@given(HEADS, st.data())
def test_many_heads_are_checked_as_each_is(head: tuple[tuple[str, str], ...], data: st.DataObject) -> None:
    names = [name for name, _ in head]
    check = head_check(names)
    if check is None:
        return
    odd = ["0x7f3a2b1c9d10", "9a", "", "10.0.0.7:8080"]
    others = [[data.draw(st.sampled_from([*VALUES[name], *odd])) for name in names] for _ in range(3)]
    heads = [[value for _, value in head], *others]
    for _ in range(2):  # it remembers values
        assert check.many(list(zip(*heads, strict=True)), len(heads)) == list(map(check, heads))


@pytest.mark.parametrize(
    "head",
    [
        (("Date", DATE), ("ETag", 'W/"a-b"'), ("Vary", "Origin")),
        (("Date", DATE), ("Last-Modified", DATE), ("Expires", "0"), ("Age", "0")),
        (("Date", LATER), ("Last-Modified", DATE), ("Expires", DATE)),
        (("X-Other", "a\nb"),),
        (),
    ],
    ids=range(5),
)
def test_usual_heads_pass(head: tuple[tuple[str, str], ...]) -> None:
    holds = head_check([name for name, _ in head])
    assert holds is not None
    values = [value for _, value in head]
    date = dict(head).get("Date", "")
    assert holds(values) == holds(values) == times.moment_of_date(date)


@pytest.mark.parametrize(
    "head",
    [
        (("Date", f"{DATE}\n{DATE}"), ("Last-Modified", "")),
        (("Date", DATE), ("Last-Modified", LATER)),
        (("Date", DATE), ("Expires", LATER)),
        (("Age", "5"), ("Cache-Control", "no-store")),
        (("ETag", "abc"),),
    ],
    ids=range(5),
)
def test_what_has_to_be_explained_does_not(head: tuple[tuple[str, str], ...]) -> None:
    holds = head_check([name for name, _ in head])
    assert holds is not None
    assert holds([value for _, value in head]) is None


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_a_date_is_the_moment_that_it_says(moment: datetime) -> None:
    text = format_datetime(moment.replace(microsecond=0, tzinfo=UTC), usegmt=True)
    assert fields.moment_of_fixdate(text) == moment.replace(microsecond=0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", DATE + " ", " " + DATE, DATE.replace("GMT", "UTC"), "Thu, 30 Feb 2024 08:49:37 GMT", DATE[:-4]),
        *("Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT"),
    ],
)
def test_what_is_no_fixdate_is_no_moment(text: str) -> None:
    assert fields.moment_of_fixdate(text) is None

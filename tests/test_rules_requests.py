"""Which requests exercise a rule: each condition by a probe beside those that come close."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from batch_conformance.exchange.exchange import Probe
from batch_conformance.rules.requests import (
    any_request,
    by_status,
    for_subjects,
    gets_a_batch,
    gets_an_error,
    has_the_token,
    in_chapters,
    is_odd,
    is_refused,
)

SUBJECTS = ("known", "equivalent", "unknown", "neighbour", "hostile", "outside", "recorded")
CHAPTERS = ("known_ids", "lifecycle", "lists", "unknown_ids", "authentication", "methods", "statuses", "queries")
CREDENTIALS = ("valid", "lower_case_scheme", "also_in_query", "missing", "wrong")


def probe(chapter: str = "chapter", subject: str = "known", **more: Any) -> Probe:
    return Probe(chapter, "read", "/batches/a", "a", subject, **more)  # type: ignore[arg-type]


def subjects(requests: Callable[[Probe, str], bool], **more: Any) -> list[str]:
    return [one for one in SUBJECTS if requests(probe(subject=one, **more), "")]


def chapters(requests: Callable[[Probe, str], bool], **more: Any) -> list[str]:
    return [one for one in CHAPTERS if requests(probe(one, **more), "")]


def test_requests_are_told_by_their_chapter_or_their_subject() -> None:
    assert subjects(any_request) == [*SUBJECTS]
    assert chapters(in_chapters("lists", "methods")) == ["lists", "methods"]
    assert chapters(in_chapters()) == []
    assert subjects(for_subjects("unknown", "outside")) == ["unknown", "outside"]


def test_an_odd_request_has_an_odd_id_or_asks_for_a_status() -> None:
    assert subjects(is_odd) == ["neighbour", "hostile"]
    assert chapters(is_odd) == ["statuses"]


def test_a_batch_is_got_by_who_asks_for_a_known_one_with_a_key_that_is_taken() -> None:
    assert subjects(gets_a_batch) == ["known", "equivalent"]
    assert [one for one in CREDENTIALS if gets_a_batch(probe(credential=one), "")] == [*CREDENTIALS[:3]]
    forced = (199, 200, 299, 300, 404)
    assert [one for one in forced if gets_a_batch(probe(forced_status=one), "")] == [200, 299]
    assert gets_a_batch(probe(subject="unknown", credential="missing", forced_status=200), "")


def test_an_error_may_be_got_by_all_but_plain_reads() -> None:
    assert chapters(gets_an_error) == [*CHAPTERS[3:]]


def test_a_credential_is_refused_in_its_chapter_or_where_that_is_asked_for() -> None:
    assert chapters(is_refused) == ["authentication"]
    assert [one for one in (400, 401, 402) if is_refused(probe(forced_status=one), "")] == [401]


def test_the_token_is_taken_in_chapters_of_ids_and_methods_and_for_another_spelling() -> None:
    assert chapters(has_the_token) == ["known_ids", "unknown_ids", "authentication", "methods"]
    assert subjects(has_the_token) == ["equivalent"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("", [*CHAPTERS]),
        ("200", [*CHAPTERS]),
        ("2XX", [*CHAPTERS]),
        ("401", ["authentication"]),
        ("404", ["authentication"]),
        ("400", [*CHAPTERS[3:]]),
        ("4XX", [*CHAPTERS[3:]]),
        ("default", [*CHAPTERS[3:]]),
    ],
)
def test_a_status_may_be_got_by_plain_reads_or_by_others(status: str, expected: list[str]) -> None:
    assert [one for one in CHAPTERS if by_status(probe(one), status)] == expected


def test_a_status_is_got_where_it_was_asked_for_and_no_other() -> None:
    forced = probe(forced_status=503)
    assert [one for one in ("", "503", "404", "400", "200", "401") if by_status(forced, one)] == ["", "503"]
    assert by_status(probe("statuses", forced_status=503), "5XX")
    assert not by_status(probe("lists", forced_status=503), "5XX")
    assert by_status(probe(forced_status=401), "401")
    assert by_status(probe(forced_status=200, subject="unknown"), "200")


def test_a_404_is_not_the_answer_for_a_batch_that_exists() -> None:
    assert [one for one in SUBJECTS if by_status(probe(subject=one), "404")] == [*SUBJECTS[1:]]
    assert by_status(probe("authentication"), "404")
    assert [one for one in SUBJECTS if by_status(probe(subject=one), "200")] == ["known", "equivalent"]

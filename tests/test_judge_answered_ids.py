"""Which id is answered, and how: what the checks give for one exchange, with the condition, at the edges."""

from __future__ import annotations

from typing import Any

import pytest
from judge_cases import batch
from judge_support import KNOWN, OTHER, QUEUED, contract, sent, unknown
from test_judge_access import ANOTHER, exercised, told

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.identity import is_traversal, may_be_route

CONTINUES, UNCONTINUED = "if_continues", "unless_continues"


def answered(batch_id: str | None, subject: str = "hostile", **more: Any) -> Exchange:
    return batch(subject=subject, batch_id=batch_id, **more)


@pytest.mark.parametrize(
    ("exchange", "rules"),
    [
        (answered("x"), {"unknown_answered": "hostile", "neighbour_answered": "similar"}),
        (answered("x", forced=200), {}),
        (answered("x", credential="wrong"), {}),
        (answered("x", method="OPTIONS"), {}),
        (sent(QUEUED, 300, subject="hostile", batch_id="x"), {}),
        (
            sent(QUEUED, 299, subject="hostile", batch_id="x"),
            {"unknown_answered": "hostile", "neighbour_answered": "similar"},
        ),
        (answered("x", "unknown"), {"unknown_answered": "unknown"}),
        (answered("x", "neighbour"), {"neighbour_answered": "similar"}),
        (answered("x", "known"), {"other_batch": "other"}),
        (answered("x", "equivalent"), {"other_batch": "other"}),
        (answered("x", "recorded"), {}),
        (answered(None, "outside"), {"list_answered": "empty id"}),
        (answered("", "unknown"), {"unknown_answered": "unknown"}),
        (answered("x/../y"), {"traversal_answered": "hostile", "neighbour_answered": "similar"}),
        (answered("x%2F..%2Fy"), {"unknown_answered": "hostile", "neighbour_answered": "similar"}),
        (answered(KNOWN, "outside", path=f"/batches/..;/{KNOWN}"), {"traversal_answered": "dots with a parameter"}),
        (answered(KNOWN, "outside", path=f"/batches/{KNOWN}/"), {"path_variant_answered": "trailing slash"}),
        (answered(KNOWN, "outside", path=f"/batches/{KNOWN}"), {}),
        (answered(KNOWN, "outside", path=f"/Batches/{KNOWN}"), {"path_variant_answered": "case of the path"}),
        (answered(KNOWN, "outside", path=f"/batches/{KNOWN}/x"), {"path_variant_answered": "further segment"}),
        (answered(KNOWN, "outside", path=f"/batches;a/{KNOWN}"), {"path_variant_answered": "path parameter"}),
        (answered(f"{KNOWN};a", "neighbour", path=f"/batches/{KNOWN};a"), {"path_variant_answered": "path parameter"}),
        (answered(f"{KNOWN}%3Ba", "neighbour", path=f"/batches/{KNOWN}%3Ba"), {"neighbour_answered": "similar"}),
        (answered(";a", "neighbour", path="/batches/;a"), {"neighbour_answered": "similar"}),
        (answered(OTHER, "outside", path=f"/batches/{OTHER}/"), {}),
        (sent(ANOTHER, subject="outside", batch_id=KNOWN, path=f"/batches/{KNOWN}/"), {}),
        (
            sent(ANOTHER, subject="hostile", batch_id="latest"),
            {"unknown_answered": "word", "neighbour_answered": "similar"},
        ),
        (
            sent(ANOTHER, subject="hostile", batch_id="a"),
            {"unknown_answered": "hostile", "neighbour_answered": "similar"},
        ),
        (answered("7"), {"unknown_answered": "hostile", "neighbour_answered": "similar"}),
        (sent({**QUEUED, "id": "7"}, subject="hostile", batch_id="7"), {"neighbour_answered": "similar"}),
        (
            sent({**QUEUED, "id": "x7"}, subject="hostile", batch_id="x7"),
            {"unknown_answered": "hostile", "neighbour_answered": "similar"},
        ),
    ],
)
def test_an_id_that_is_answered_breaks_the_rule_of_its_subject(exchange: Exchange, rules: dict[str, str]) -> None:
    found = {
        rule.partition(".")[2]: one[0]
        for rule in REGISTRY
        if rule.startswith("identity.") and REGISTRY[rule].check
        for one in told(rule, exchange)
    }
    assert found == rules


@pytest.mark.parametrize(
    ("rule", "exchange", "when"),
    [
        ("unknown_answered", answered("x", "unknown"), ()),
        ("unknown_answered", answered("x"), (UNCONTINUED, "x")),
        ("unknown_answered", answered("x%2F..%2Fy"), ("unless_path_decoded", UNCONTINUED, "x%2F..%2Fy")),
        ("unknown_answered", answered("x", "unknown", method="HEAD"), ("unless_any_refused_so", "valid")),
        ("neighbour_answered", answered("x", "neighbour"), ("unless_any_id",)),
        ("neighbour_answered", answered("x"), (CONTINUES, "x")),
        ("neighbour_answered", answered("x?y"), ("unless_path_decoded", CONTINUES, "x?y")),
        ("neighbour_answered", answered("x#y", "neighbour"), ("unless_path_decoded", "unless_any_id")),
        ("neighbour_answered", answered("x%2fy", "neighbour"), ("unless_path_decoded", "unless_any_id")),
        ("neighbour_answered", answered("x%2gy", "neighbour"), ("unless_any_id",)),
        ("traversal_answered", answered("x/../y"), (UNCONTINUED, "x/../y")),
        ("traversal_answered", answered(KNOWN, "outside", path=f"/x/..;/{KNOWN}"), ("unless_any_id",)),
        ("path_variant_answered", answered(KNOWN, "outside", path=f"/batches/{KNOWN}/"), ("unless_any_id",)),
        ("list_answered", answered(None, "outside"), ("unless_any_id",)),
        (
            "list_answered",
            answered(None, "outside", method="HEAD"),
            ("unless_any_refused_so", "valid", "unless_any_id"),
        ),
        ("other_batch", answered("x", "known"), ()),
        ("other_batch", answered("x", "equivalent"), ("unless_any_id",)),
        ("unknown_answered", sent(ANOTHER, subject="hostile", batch_id="latest"), None),
    ],
)
def test_an_answered_id_is_told_under_a_condition(rule: str, exchange: Exchange, when: tuple[str, ...] | None) -> None:
    (found,) = told(f"identity.{rule}", exchange)
    if when is None:
        assert (found[3][0], found[3][2:]) == ("unless_refused_so", (UNCONTINUED, "latest"))
    else:
        assert found[3] == when


def test_what_is_observed_of_an_answered_id_is_its_status_and_the_id_cut() -> None:
    long, half = "x" * 61, "x" * 60
    assert told("identity.unknown_answered", answered(half, "unknown"))[0][2] == f'200 for "{half}"'
    assert told("identity.unknown_answered", answered(long, "unknown"))[0][2] == f'200 for "{"x" * 57}…"'
    assert told("identity.unknown_answered", answered("\ud800", "unknown"))[0][2] == '200 for "\\ud800"'
    assert told("identity.list_answered", answered(None, "outside"))[0][2] == "200 for an empty id"
    path = f"/batches/{KNOWN}/"
    (variant,) = told("identity.path_variant_answered", answered(KNOWN, "outside", path=path))
    assert variant[2] == f"200 with the batch for {path}"
    (other,) = told("identity.other_batch", answered("x", "known"))
    assert (other[2], other[1]) == (f'"{KNOWN}"', None)


@pytest.mark.parametrize("said", [None, "", 7, KNOWN])
def test_a_batch_that_says_no_other_id_is_the_one_asked_for(said: object) -> None:
    assert told("identity.other_batch", batch({"id": said})) == []
    assert told("identity.other_batch", batch({"id": said}, batch_id=None)) == []


def test_an_id_that_a_recorder_masked_is_no_other_one() -> None:
    assert told("identity.other_batch", batch({"id": "***"})) == []
    assert told("identity.other_batch", batch({"id": "***"}, wire_notes=())) != []


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("a", False),
        ("a/b", False),
        ("a/", True),
        ("/a", True),
        ("a/./b", True),
        ("a/../b", True),
        ("..", False),
        ("a/..b", False),
    ],
)
def test_a_path_in_an_id_leads_elsewhere_by_its_dots_or_empty_segments(asked: str, leads: bool) -> None:
    assert is_traversal(asked) is leads


@pytest.mark.parametrize(
    ("exchange", "may"),
    [
        (sent(ANOTHER, subject="hostile", batch_id="ab"), True),
        (sent(ANOTHER, subject="hostile", batch_id="a"), False),
        (sent(ANOTHER, subject="hostile", batch_id="a1"), False),
        (sent(ANOTHER, subject="hostile", batch_id=None), False),
        (sent(ANOTHER, subject="neighbour", batch_id="ab"), False),
        (batch(subject="hostile", batch_id="ab"), False),
    ],
)
def test_a_word_may_be_a_route_where_no_batch_came(exchange: Exchange, may: bool) -> None:
    assert may_be_route(Observation(exchange, contract())) is may


IDENTITY: tuple[tuple[str, Exchange, set[str]], ...] = (
    ("unknown", unknown(), {"unknown_answered"}),
    ("unknown, 500", unknown(status=500), set()),
    ("unknown, wrong key", unknown(credential="wrong"), set()),
    ("neighbour", unknown(subject="neighbour"), {"neighbour_answered"}),
    ("equivalent", unknown(subject="equivalent"), {"spelling_redirected"}),
    ("hostile", unknown(subject="hostile"), set()),
    ("hostile, no id", unknown(subject="hostile", batch_id=None), set()),
    ("a path", unknown(subject="hostile", batch_id="a..b"), {"traversal_answered"}),
    ("a path, 503", unknown(subject="hostile", batch_id="a..b", status=503), set()),
    ("dots", unknown(subject="outside", path="/batches/..;/x"), {"traversal_answered"}),
    ("nothing", unknown(subject="outside", batch_id=None), {"list_answered"}),
    ("nothing, 429", unknown(subject="outside", batch_id=None, status=429), set()),
    ("a variant", unknown(subject="outside", batch_id="a", path="/batches/a/"), {"path_variant_answered"}),
    ("a variant, 500", unknown("n", 500, subject="outside", batch_id="a", path="/batches/a/"), set()),
    ("a variant, wrong key", unknown(credential="wrong", subject="outside", batch_id="a", path="/batches/a/"), set()),
    ("a batch", batch(), {"other_batch"}),
)


@pytest.mark.parametrize(("exchange", "rules"), [row[1:] for row in IDENTITY], ids=[row[0] for row in IDENTITY])
def test_what_shows_whose_batch_is_answered(exchange: Exchange, rules: set[str]) -> None:
    found = {rule.partition(".")[2] for rule in REGISTRY if rule.startswith("identity.") and exercised(rule, exchange)}
    assert found == rules


@pytest.mark.parametrize(
    ("status", "reason", "words"), [(301, "Moved Permanently", "301 Moved Permanently"), (308, "", "308")]
)
def test_a_redirect_to_the_usual_spelling_is_told_by_its_status(status: int, reason: str, words: str) -> None:
    location = (("Location", f"/v1/batches/{KNOWN}"),)
    exchange = sent(b"", status, subject="equivalent", headers=location, reason=reason)
    assert told("identity.spelling_redirected", exchange) == [(str(status), None, words, ())]

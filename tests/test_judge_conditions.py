"""The conditions under which a deviation is told: each is one that the facts of a run decide, with what it asks for."""

from __future__ import annotations

from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.facts import Facts
from batch_conformance.rules import conditions
from batch_conformance.rules.conditions import (
    if_agent_refused,
    if_batch_seen,
    if_continues,
    if_form_is_own,
    if_learnt,
    if_let_in_so,
    if_refused,
    if_scheme_refused,
    if_whole,
    unless_any_refused_so,
    unless_continues,
    unless_explained,
    unless_form_is_own,
    unless_heads_alike,
    unless_injected,
    unless_learnt,
    unless_path_decoded,
    unless_refused_so,
    unless_unknown_gets,
    unless_valid_gets,
)

THEN = ("unless_valid_gets", "403", "known")
FORM = ("404", "text/plain", "")


def buckets() -> list[tuple[Bucket, Bucket, bool]]:
    """Every condition: what it is told by, and whether a run that saw nothing meets it."""
    return [
        (conditions.ALWAYS, (), True),
        (conditions.UNLESS_REAL, ("unless_real",), True),
        (conditions.UNLESS_ANY_ID, ("unless_any_id",), True),
        (conditions.UNLESS_NOWHERE, ("unless_nowhere",), True),
        (conditions.IF_QUERY_TAKEN, ("if_query_taken",), False),
        (conditions.IF_HEADS_ALIKE, ("if_heads_alike",), False),
        (unless_explained("wrong"), ("unless_explained", "wrong"), True),
        (if_learnt("r", "wrong", "known"), ("if_learnt", "r", "wrong", "known"), False),
        (unless_learnt("r", "wrong", "known", 404), ("unless_learnt", "r", "wrong", "known", "404"), True),
        (if_refused("known"), ("if_refused", "known"), False),
        (if_scheme_refused(403, "known"), ("if_scheme_refused", "403", "known"), False),
        (if_agent_refused("curl"), ("if_agent_refused", "curl"), False),
        (unless_unknown_gets(404), ("unless_unknown_gets", "404"), True),
        (unless_valid_gets(403, "known"), THEN, True),
        (if_form_is_own(FORM), ("if_form_is_own", *FORM), False),
        (unless_form_is_own(FORM), ("unless_form_is_own", *FORM), True),
        (unless_refused_so(FORM, THEN), ("unless_refused_so", "404\ntext/plain\n", *THEN), True),
        (if_whole(THEN), ("if_whole", *THEN), False),
        (if_batch_seen(THEN), ("if_batch_seen", *THEN), False),
        (unless_injected(THEN), ("unless_injected", *THEN), True),
        (unless_heads_alike(THEN), ("unless_heads_alike", *THEN), True),
        (unless_path_decoded(THEN), ("unless_path_decoded", *THEN), True),
        (unless_any_refused_so("wrong", THEN), ("unless_any_refused_so", "wrong", *THEN), True),
        (if_let_in_so(FORM, THEN), ("if_let_in_so", "404\ntext/plain\n", *THEN), False),
        (if_continues("batch_a"), ("if_continues", "batch_a"), False),
        (unless_continues("batch_a"), ("unless_continues", "batch_a"), True),
    ]


def test_a_condition_is_its_name_with_what_it_asks_for() -> None:
    assert [made for made, _, _ in buckets()] == [parts for _, parts, _ in buckets()]


def test_a_run_that_saw_nothing_meets_what_is_told_unless_something_was_seen() -> None:
    assert [made for made, _, _ in buckets() if Facts().is_met(made)] == [made for made, _, met in buckets() if met]


def test_every_condition_is_in_the_table() -> None:
    made = {name for name, one in vars(conditions).items() if callable(one) and name.islower()}
    constants = {name.lower() for name, one in vars(conditions).items() if name.isupper() and one}
    assert made | constants == {parts[0] for _, parts, _ in buckets() if parts}

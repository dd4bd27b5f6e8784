"""Facts about a run: what each exchange adds to them, at the edges, and that those of parts of a run add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from judge_cases import failed
from judge_support import COMPLETED, KNOWN, OTHER, contract, in_order, refused, sent, unknown
from test_judge_rules import CASES

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange, Failure
from batch_conformance.judge.facts import Facts, is_plain_read
from batch_conformance.message import shown
from batch_conformance.observation.form import form_of
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import conditions

STATUSES = (0, 199, 200, 299, 300, 399, 400, 404, 410, 429, 499, 500, 599, 600)
ANOTHER = {"code": 0, "message": "ok", "data": None}
AGENT = (("User-Agent", "curl/8"), ("Accept", "application/json"))


def facts(*exchanges: Exchange) -> Facts:
    return facts_of(in_order(*exchanges), contract())


def facts_of(exchanges: Iterable[Exchange], under: Contract) -> Facts:
    made = Facts()
    for exchange in exchanges:
        made.add(Observation(exchange, under))
    return made


def got(status: int, body: Any = None, **more: Any) -> Exchange:
    """An answer with a status, 0 for none."""
    made = sent(ANOTHER if body is None else body, status or 200, **more)
    return made if status else failed("timeout", **more)


@pytest.mark.parametrize("rule", CASES)
def test_the_facts_of_parts_of_a_run_add_up(rule: str) -> None:
    case = CASES[rule]
    run = in_order(*(replace(exchange, number=-1) for part in (*case.breaks, *case.keeps) for exchange in part))
    under = case.under or contract()
    parts = [facts_of(run[start::3], under) for start in range(3)]
    for part in parts[1:]:
        parts[0].update(part)
    assert vars(parts[0]) == vars(facts_of(run, under))


def test_any_fact_of_either_part_is_one_of_both() -> None:
    run = (
        sent(),
        sent(subject="unknown"),
        refused(),
        unknown(),
        sent(credential="missing"),
        sent(credential="also_in_query"),
        refused(credential="lower_case_scheme"),
        got(500),
        got(401),
        sent(ANOTHER, credential="wrong"),
        sent(ANOTHER),
        sent(ANOTHER, subject="unknown"),
        sent(COMPLETED, method="HEAD"),
        sent(subject="neighbour", batch_id=KNOWN + "x"),
        sent(chapter=ODD_REQUESTS, asked=AGENT),
        refused(chapter=ODD_REQUESTS, asked=AGENT, credential="valid"),
    )
    whole = facts(*run)
    empty = vars(Facts())
    assert [name for name, value in vars(whole).items() if value == empty[name]] == []
    for first, second in ((whole, Facts()), (Facts(), whole)):
        made = facts(*run) if first is whole else Facts()
        made.update(second)
        assert vars(made) == vars(whole)


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("succeeded", {}, [200, 299]),
        ("succeeded", {"credential": "wrong"}, []),
        ("succeeded", {"method": "HEAD"}, []),
        ("asked_unknown", {"subject": "unknown"}, [199, 200, 299, 300, 399, 400, 404, 410, 499]),
        ("asked_unknown", {"subject": "unknown", "credential": "wrong"}, []),
        ("asked_unknown", {}, []),
        ("asked_without", {"credential": "missing"}, [199, 200, 299, 300, 399, 400, 404, 410, 499]),
        ("asked_without", {"credential": "wrong"}, []),
        ("query_taken", {"credential": "also_in_query"}, [200, 299]),
        ("query_taken", {}, []),
        ("answers_valid", {}, [200, 299, 404]),
        ("answers_valid", {"credential": "wrong"}, []),
        ("valid_gets", {}, [300, 399, 400, 404, 410, 429, 499, 500, 599, 600]),
        ("valid_gets", {"query": "?a=1"}, []),
        ("own_forms", {}, [300, 399, 400, 404, 410, 499]),
        ("own_forms", {"subject": "hostile"}, []),
        ("own_forms", {"subject": "recorded"}, [300, 399, 400, 404, 410, 499]),
        ("kept_out", {"credential": "wrong"}, [400, 404, 410, 499]),
        ("kept_out", {"credential": "wrong", "method": "HEAD"}, []),
        ("let_in", {"credential": "wrong", "body": COMPLETED}, [200, 299]),
        ("let_in", {"credential": "wrong"}, [299]),  # what an undocumented status is answered with is no other object
        ("any_id", {"subject": "unknown", "body": COMPLETED}, [200, 299]),
        ("any_id", {"subject": "unknown"}, [299]),
        ("any_id", {"subject": "unknown", "body": COMPLETED, "method": "HEAD"}, []),
        ("any_id", {"body": COMPLETED}, []),
        ("real", {"body": COMPLETED}, [200, 299]),
        ("real", {"body": COMPLETED, "subject": "equivalent"}, []),
        ("unknown_get", {"subject": "unknown"}, [*STATUSES[1:]]),
        ("unknown_get", {}, []),
    ],
)
def test_a_fact_is_one_of_some_statuses(name: str, more: dict[str, Any], expected: list[int]) -> None:
    query = more.pop("query", None) if "query" in more else None
    found = []
    for status in STATUSES:
        exchange = got(status, **more)
        if query is not None:
            exchange = replace(exchange, probe=replace(exchange.probe, query=query))
        if getattr(facts(exchange), name):
            found.append(status)
    assert found == expected


def test_a_status_that_was_asked_for_is_no_fact_of_the_server() -> None:
    forced = facts(sent(COMPLETED, forced=200), unknown(forced=404), refused(forced=401))
    told = (forced.real, forced.asked_unknown, forced.asked_without, forced.valid_gets, forced.answers_valid)
    assert not any(told)
    ignored = facts(sent(COMPLETED, forced=404))
    assert ignored.real
    assert not ignored.answers_valid


def test_an_attempt_that_is_repeated_says_nothing_of_how_requests_end() -> None:
    early = facts(refused(final=False), unknown(final=False), got(500, final=False))
    assert not any((early.kept_out, early.valid_gets, early.unknown_get, early.behind_the_door))


def test_what_is_behind_the_door_is_broken_where_the_valid_key_gets_server_errors_alone() -> None:
    door, broken = refused(), (got(500), got(503, method="HEAD"))
    assert facts(door, *broken).behind_the_door == (500, 503)
    assert facts(*broken).behind_the_door == ()
    assert facts(got(429, credential="missing"), *broken).behind_the_door == ()
    assert facts(got(400, credential="missing"), *broken).behind_the_door == (500, 503)
    for other in (got(0), got(499), got(600), got(404)):
        assert facts(door, *broken, other).behind_the_door == ()
    assert facts(door, *broken, sent(forced=200)).behind_the_door == (500, 503)
    assert facts(door, *broken, got(404, final=False)).behind_the_door == (500, 503)


def test_a_refusal_of_every_read_is_one_status_for_known_and_unknown_ids() -> None:
    expected = {400: 400, 403: 403, 499: 499}
    for status in (399, 400, 401, 403, 404, 410, 429, 499, 500):
        both = facts(got(status), got(status, subject="unknown"))
        assert both.refuses_every_read == expected.get(status, 0)
        assert both.refuses_all == (status in expected or both._key_gets == {0})
    assert facts(got(403), got(400, subject="unknown")).refuses_every_read == 0
    assert facts(got(403)).refuses_every_read == 0
    assert facts(got(403), got(403, subject="unknown"), sent()).refuses_every_read == 0
    assert facts(got(403), got(403, subject="unknown"), got(404, subject="hostile")).refuses_every_read == 403
    odd = facts(got(403), got(403, subject="unknown"), got(404, subject="hostile", credential="lower_case_scheme"))
    assert (odd.refuses_every_read, odd.refuses_all) == (403, False)


def test_the_door_is_broken_where_several_credentials_get_server_errors_or_nothing() -> None:
    for first, second in product((0, 500, 599), repeat=2):
        assert facts(got(first, credential="missing"), got(second, credential="wrong")).door_breaks
    assert not facts(got(500, credential="missing")).door_breaks
    assert not facts(got(500, credential="missing"), got(500, credential="missing")).door_breaks
    assert not facts(got(500, credential="missing"), got(499, credential="wrong")).door_breaks
    assert not facts().door_breaks


def neighbours(*ids: str) -> Facts:
    return facts(sent(), *(sent(subject="neighbour", batch_id=one) for one in ids))


def test_what_follows_an_id_is_not_looked_at_where_letters_or_several_marks_are_taken() -> None:
    assert neighbours(KNOWN + "x").continues(KNOWN + "?y")
    assert neighbours(KNOWN + "_1").continues(KNOWN + "?y")
    assert not neighbours(KNOWN + "x").continues("y" + KNOWN)
    assert not neighbours("x" + KNOWN).continues(KNOWN + "y")
    assert not neighbours(KNOWN + ".a", KNOWN + "?a").continues(KNOWN + "#a")
    assert neighbours(KNOWN + ".a", KNOWN + "?a", KNOWN + "#a").continues(KNOWN + ",a")
    assert not neighbours(KNOWN + ".a", KNOWN + "?a", KNOWN + "!a").continues(KNOWN + "#a")
    assert not facts(sent(), sent(subject="hostile", batch_id=KNOWN + "x")).continues(KNOWN + "x")
    assert not facts(sent(subject="neighbour", batch_id=KNOWN + "x")).continues(KNOWN + "x")


def test_a_path_is_followed_where_its_id_is_no_known_one_with_more_after_it() -> None:
    path = sent(subject="hostile", batch_id="a/../b")
    assert facts(sent(), path).follows_paths
    assert not facts(sent(), sent(subject="hostile", batch_id="a.b")).follows_paths
    assert not facts(sent(), sent(subject="neighbour", batch_id="a/../b")).follows_paths
    taken = sent(subject="neighbour", batch_id=KNOWN + "x")
    assert not facts(sent(), taken, sent(subject="hostile", batch_id=f"{KNOWN}/../b")).follows_paths


def test_heads_are_alike_where_one_success_is_for_known_and_unknown_ids_and_no_key() -> None:
    known, nobodys, no_key = (
        sent(b"", 299, method="HEAD"),
        unknown(b"", 299, method="HEAD"),
        sent(b"", 299, method="HEAD", credential="missing"),
    )
    assert facts(known, nobodys, no_key).heads_alike
    for some in ((known, nobodys), (known, no_key), (nobodys, no_key)):
        assert not facts(*some).heads_alike
    assert not facts(known, nobodys, no_key, sent(b"", 200, method="HEAD")).heads_alike
    assert not facts(*(replace_status(one, 300) for one in (known, nobodys, no_key))).heads_alike
    assert not facts(*(replace_status(one, 199) for one in (known, nobodys, no_key))).heads_alike
    assert facts(*(replace_status(one, 200) for one in (known, nobodys, no_key))).heads_alike


def replace_status(exchange: Exchange, status: int) -> Exchange:
    assert exchange.response is not None
    return replace(exchange, response=replace(exchange.response, status=status))


def test_nothing_is_served_where_every_plain_read_gets_404_and_one_had_no_key() -> None:
    missing = refused(status=404)
    assert facts(missing).nowhere
    assert facts(missing, unknown()).nowhere
    assert not facts(unknown()).nowhere
    assert not facts(refused(status=404, credential="wrong")).nowhere
    assert not facts(missing, got(400)).nowhere
    assert facts(missing, got(500)).nowhere
    assert facts(missing, got(400, subject="hostile")).nowhere
    assert facts(missing, got(400, method="HEAD")).nowhere
    assert facts(missing, got(400, forced=400)).nowhere


def test_the_scheme_is_refused_where_bearer_is_answered_afterwards() -> None:
    lower = refused(credential="lower_case_scheme")
    assert facts(lower, sent()).refuses_scheme("401", "known")
    assert facts(lower, unknown()).refuses_scheme("401", "known")
    assert not facts(sent(), lower).refuses_scheme("401", "known")
    assert not facts(lower, got(403)).refuses_scheme("401", "known")
    assert not facts(lower, sent(), got(401, subject="known")).refuses_scheme("401", "known")
    assert not facts(lower, sent(), got(403)).refuses_scheme("403", "known")
    for seen, told in (((lower, sent()), True), ((lower, sent(), got(403)), False)):
        assert facts(*seen).is_met(conditions.if_scheme_refused(403, "known")) is told


def read_as(agent: str, status: int, batch_id: str = KNOWN) -> Exchange:
    body: Any = {**COMPLETED, "id": batch_id} if status == 200 else "no"
    asked = (("User-Agent", agent), ("Accept", "application/json"))
    return sent(body, status, chapter=ODD_REQUESTS, batch_id=batch_id, asked=asked)


def test_a_client_is_refused_by_its_name_where_others_read_what_it_cannot() -> None:
    name = "curl/8"
    twice = (read_as(name, 403), read_as(name, 499))
    assert facts(sent(), *twice).refuses_agent(name)
    assert not facts(sent(), read_as(name, 403)).refuses_agent(name)
    assert not facts(*twice).refuses_agent(name)
    assert not facts(sent(), *twice, read_as(name, 200)).refuses_agent(name)
    assert facts(sent(), *twice, read_as("other", 200)).refuses_agent(name)
    assert not facts(sent(), *twice).refuses_agent("other")
    assert not facts(sent(), got(403), *twice).refuses_agent(name)
    assert not facts(sent(), *(read_as(name, status) for status in (429, 500, 399))).refuses_agent(name)
    assert not facts(sent(), *(read_as(name, 403, OTHER) for _ in range(2))).refuses_agent(name)


def test_a_plain_read_has_nothing_odd_but_its_id() -> None:
    plain = sent()
    assert is_plain_read(Observation(plain, contract()))
    assert is_plain_read(Observation(sent(credential="recorded"), contract()))
    for odd in (
        sent(credential="also_in_query"),
        sent(method="HEAD"),
        sent(forced=404),
        sent(asked=(("Accept", "image/png"),)),
        replace(plain, probe=replace(plain.probe, query="?a=1")),
    ):
        assert not is_plain_read(Observation(odd, contract()))


def test_nobody_learns_from_a_404_which_ids_exist_where_those_that_do_get_one_too() -> None:
    rule = "auth.missing_accepted"
    here, nobodys = refused(), refused(status=404, subject="unknown")
    assert facts(here, nobodys).learns(rule, "missing", "unknown")
    assert not facts(refused(status=404), nobodys).learns(rule, "missing", "unknown")
    assert not facts(refused(status=410), nobodys).learns(rule, "missing", "unknown")
    assert not facts(here, refused(status=404), nobodys).learns(rule, "missing", "unknown")
    assert not facts(nobodys).learns(rule, "missing", "unknown")
    assert facts(refused(credential="empty"), nobodys).learns(rule, "missing", "unknown")
    assert not facts(refused(credential="wrong"), nobodys).learns(rule, "missing", "unknown")
    assert not facts(here, nobodys, sent(credential="missing")).learns(rule, "missing", "unknown")
    assert facts(refused(subject="unknown"), refused(status=404)).learns(rule, "missing", "known")
    assert not facts(refused(subject="unknown", credential="empty")).learns(rule, "missing", "known")
    assert facts(refused(subject="hostile"), refused(status=404, subject="hostile")).learns(rule, "missing", "hostile")


def test_nobody_learns_by_a_credential_that_gets_a_batch_but_by_others() -> None:
    rule = "auth.wrong_token_accepted"
    run = [sent(), refused(credential="wrong"), unknown(credential="wrong")]
    assert facts(*run).learns(rule, "wrong", "unknown")
    assert not facts(*run, sent(credential="wrong")).learns(rule, "wrong", "unknown")
    assert facts(*run, sent(credential="nearly")).learns(rule, "wrong", "unknown")


def test_an_answer_that_broke_off_is_no_answer_whatever_its_head_says() -> None:
    cut = {"failure": Failure("reset", shown("reset"))}
    forbidden = (got(403), got(403, subject="unknown"))
    assert facts(*forbidden, got(403, method="HEAD")).refuses_all
    assert not facts(*forbidden, got(403, method="HEAD", **cut)).refuses_all
    assert facts(got(500, credential="missing"), got(403, credential="wrong", **cut)).door_breaks
    assert facts(got(500), got(401, credential="missing")).behind_the_door == (500,)
    assert facts(got(500), got(401, credential="missing", **cut)).behind_the_door == ()
    assert facts(got(500), got(500, **cut), got(401, credential="missing")).behind_the_door == ()


def test_names_of_members_may_have_white_space() -> None:
    spaced = {"a b": 1, "\tc": {}, "": 2}
    form = form_of(Observation(got(200, spaced), contract()))
    refuses, shows = facts(got(200, spaced, subject="unknown")), facts(got(200, spaced))
    for seen, refused_so in ((refuses, True), (shows, False)):
        assert seen.is_met(conditions.unless_refused_so(form, ())) is not refused_so
        assert seen.is_met(conditions.if_let_in_so(form, ())) is not refused_so


FORM = ("object", "code")


def weighed(then: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Each condition that has another one behind it, and whether it holds of a run in which nothing was seen."""
    return {
        "unless_refused_so": (conditions.unless_refused_so(FORM, then), True),
        "if_whole": (conditions.if_whole(then), False),
        "if_batch_seen": (conditions.if_batch_seen(then), False),
        "unless_injected": (conditions.unless_injected(then), True),
        "unless_heads_alike": (conditions.unless_heads_alike(then), True),
        "unless_path_decoded": (conditions.unless_path_decoded(then), True),
        "unless_any_refused_so": (conditions.unless_any_refused_so("wrong", then), True),
        "if_let_in_so": (conditions.if_let_in_so(FORM, then), False),
    }


@pytest.mark.parametrize(
    ("bucket", "met"),
    [
        (conditions.ALWAYS, True),
        (conditions.UNLESS_REAL, True),
        (conditions.UNLESS_ANY_ID, True),
        (conditions.UNLESS_NOWHERE, True),
        (conditions.IF_QUERY_TAKEN, False),
        (conditions.IF_HEADS_ALIKE, False),
        (conditions.unless_explained("wrong"), True),
        (conditions.if_learnt("auth.missing_accepted", "missing", "known"), False),
        (conditions.unless_learnt("auth.missing_accepted", "missing", "known", 404), True),
        (conditions.if_refused("known"), False),
        (conditions.if_scheme_refused(401, "known"), False),
        (conditions.if_agent_refused("curl/8"), False),
        (conditions.unless_unknown_gets(404), True),
        (conditions.unless_valid_gets(404, "known"), True),
        (conditions.if_form_is_own(FORM), False),
        (conditions.unless_form_is_own(FORM), True),
        (conditions.if_continues(KNOWN), False),
        (conditions.unless_continues(KNOWN), True),
        *weighed(()).values(),
        *((bucket, False) for bucket, _ in weighed(conditions.IF_QUERY_TAKEN).values()),
    ],
)
def test_a_condition_is_weighed_by_what_was_seen_of_the_run(bucket: tuple[str, ...], met: bool) -> None:
    assert Facts().is_met(bucket) is met


def test_a_condition_behind_another_one_is_weighed_where_that_holds() -> None:
    seen = facts(sent(), sent(credential="also_in_query"))
    for name, (bucket, _) in weighed(conditions.IF_QUERY_TAKEN).items():
        assert seen.is_met(bucket) is (name != "if_let_in_so")
    for name, (bucket, _) in weighed(conditions.UNLESS_REAL).items():
        assert not seen.is_met(bucket), name


def test_a_recorded_success_with_another_object_is_how_ids_are_answered() -> None:
    another = {"credential": "missing", "body": ANOTHER}
    for subject, let_in in (("known", True), ("equivalent", True), ("recorded", True), ("hostile", False)):
        assert bool(facts(got(200, subject=subject), got(200, **another)).let_in) is let_in

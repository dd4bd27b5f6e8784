"""What a run says of credentials: only where the credential was the reason, and every hole that nothing explains."""

from __future__ import annotations

from answering import NOT_FOUND, REFUSED, SHOWN, Asked, Audited, Said, answering, audited, audited_at
from small_server import KEY

FORBIDDEN = Said(403, "no such thing for you")


def opened(asked: Asked) -> Said:
    """What the valid key gets."""
    return SHOWN if asked.is_known else NOT_FOUND


def places(run: Audited) -> set[tuple[str, str]]:
    """The rules broken at level must or should, each with its kind."""
    return {(finding.rule, finding.kind) for finding in run.drifts}


# A wide hole hides only what it explains


def test_an_empty_token_that_is_let_in_hides_no_other_hole() -> None:
    def answer(asked: Asked) -> Said | None:
        lets_in = asked.authorization in ("Bearer", "Bearer ") or f"api_key={KEY}" in asked.query
        return opened(asked) if lets_in else None

    assert audited(answer).rules == {"auth.missing_accepted", "auth.elsewhere_accepted"}


def test_who_answers_requests_without_any_credential_has_one_hole() -> None:
    def answer(asked: Asked) -> Said | None:
        return opened(asked)

    assert audited(answer).rules == {"auth.missing_accepted"}


def test_head_without_a_credential_hides_no_hole_of_get() -> None:
    def answer(asked: Asked) -> Said | None:
        lets_in = asked.method == "HEAD" or asked.authorization == f"Token {KEY}"
        return opened(asked) if lets_in else None

    assert audited(answer).rules == {"auth.missing_accepted", "auth.scheme_accepted"}


def test_a_token_that_is_compared_in_part_hides_no_other_hole() -> None:
    def answer(asked: Asked) -> Said | None:
        given = asked.authorization or ""
        lets_in = given.startswith("Bearer " + KEY[:-1]) or f"api_key={KEY}" in asked.query
        return opened(asked) if lets_in else None

    assert audited(answer).rules == {"auth.wrong_token_accepted", "auth.elsewhere_accepted"}


def test_any_token_does_not_explain_a_key_in_the_query() -> None:
    def answer(asked: Asked) -> Said | None:
        lets_in = (asked.authorization or "").startswith("Bearer ") or f"api_key={KEY}" in asked.query
        return opened(asked) if lets_in else None

    assert audited(answer).rules == {"auth.wrong_token_accepted", "auth.elsewhere_accepted"}


def test_any_token_does_not_explain_one_other_scheme() -> None:
    def answer(asked: Asked) -> Said | None:
        scheme, _, token = (asked.authorization or "").partition(" ")
        lets_in = (scheme == "Bearer" and token) or (scheme == "Token" and token == KEY)
        return opened(asked) if lets_in else None

    assert places(audited(answer)) == {
        ("auth.wrong_token_accepted", "accepted"),
        ("auth.scheme_accepted", "wrong_scheme_token"),
    }


def test_who_only_looks_whether_there_is_a_header_has_one_hole() -> None:
    def answer(asked: Asked) -> Said | None:
        lets_in = (asked.authorization or "").strip() not in ("", "Bearer")
        return opened(asked) if lets_in else None

    assert audited(answer).rules == {"auth.wrong_token_accepted"}


# Where the answer is decided before authentication, or masked


def test_404_for_every_id_without_a_valid_token_is_another_status_than_401() -> None:
    def answer(asked: Asked) -> Said | None:
        return NOT_FOUND if not asked.has_key else None

    assert audited(answer).rules == {"auth.not_401"}


def test_a_wrong_token_that_gets_404_for_every_id_is_another_status_than_401() -> None:
    def answer(asked: Asked) -> Said | None:
        return NOT_FOUND if not asked.has_key and asked.authorization else None

    assert audited(answer).rules == {"auth.not_401"}


def test_404_for_unknown_ids_alone_tells_strangers_which_ids_exist() -> None:
    def answer(asked: Asked) -> Said | None:
        return NOT_FOUND if not asked.has_key and not asked.is_known else None

    assert audited(answer).rules == {"auth.checked_late"}


def test_a_hole_for_one_kind_of_token_does_not_explain_what_others_learn() -> None:
    def answer(asked: Asked) -> Said | None:
        if not asked.authorization and not asked.is_known:
            return NOT_FOUND
        return SHOWN if asked.authorization == f"Token {KEY}" and asked.is_known else None

    assert audited(answer).rules == {"auth.checked_late", "auth.scheme_accepted"}


def test_a_base_url_where_nothing_is_served_is_inconclusive_and_says_why() -> None:
    def answer(_: Asked) -> Said:
        return Said(404, {"detail": "Not Found"})

    for ids in (("batch_a1b2c3",), ()):
        run = audited(answer, ids)
        assert run.report.verdict == "inconclusive"
        assert not [finding for finding in run.drifts if finding.rule.startswith("auth.")]
        assert "every request got 404: is" in " ".join(map(str, run.report.missing))


# Only where the credential was the reason


def test_a_server_that_answers_403_to_everything_is_inconclusive() -> None:
    run = audited(lambda _: FORBIDDEN)
    assert (run.report.verdict, run.rules & {"auth.not_401", "auth.lower_case_refused"}) == ("inconclusive", set())


def test_403_for_a_wrong_token_is_told_where_the_key_gets_the_batch() -> None:
    def answer(asked: Asked) -> Said | None:
        return FORBIDDEN if asked.authorization and not asked.has_key else None

    assert audited(answer).rules == {"auth.not_401"}


# The scheme in lower case


def lower_case(asked: Asked) -> bool:
    return (asked.authorization or "").startswith("bearer ")


def test_any_refusal_of_the_scheme_in_lower_case_counts() -> None:
    for refusal in (REFUSED, FORBIDDEN, Said(400, {"code": 20012, "message": "no", "data": ""}), NOT_FOUND):

        def answer(asked: Asked, refusal: Said = refusal) -> Said | None:
            return refusal if lower_case(asked) else None

        run = audited(answer)
        assert run.rules == {"auth.lower_case_refused"}, refusal
        assert {str(finding.observed) for finding in run.drifts} == {str(refusal.status)}


def test_a_lock_out_after_refused_credentials_is_no_matter_of_case() -> None:
    state = {"refused": 0}

    def answer(asked: Asked) -> Said | None:
        if not asked.has_key:
            state["refused"] += 1
        return FORBIDDEN if asked.has_key and state["refused"] > 8 else None

    assert "auth.lower_case_refused" not in audited(answer).rules


# Where a key is taken elsewhere


def test_the_header_that_takes_the_key_is_named_alone() -> None:
    run = audited(lambda asked: opened(asked) if asked.headers.get("api-key") == KEY else None)
    (found,) = run.drifts
    assert (found.rule, found.kind) == ("auth.elsewhere_accepted", "elsewhere_header")
    assert str(found.observed) == "200 with the key in the header api-key"


def test_the_parameter_that_takes_the_key_is_named_alone() -> None:
    run = audited(lambda asked: opened(asked) if f"access_token={KEY}" in asked.query else None)
    (found,) = run.drifts
    assert (found.rule, found.kind) == ("auth.elsewhere_accepted", "elsewhere_query")
    assert str(found.observed) == "200 with the key in the query parameter access_token"


def test_all_places_are_named_where_all_take_the_key() -> None:
    run = audited(lambda asked: opened(asked) if KEY in asked.query else None)
    (found,) = run.drifts
    assert str(found.observed) == "200 with the key in the query parameters access_token, api_key, key, token, apikey"


def test_a_key_that_is_refused_elsewhere_is_asked_with_once() -> None:
    with answering(lambda _: None) as server:
        audited_at(server.base_url)
        assert sum(asked.headers.get("x-api-key") == KEY for asked in server.asked) == 1


def test_where_nothing_is_asked_for_no_request_looks_what_else_lets_in() -> None:
    run = audited(opened)
    assert {one.number for one in run.report.ledger.exchanges} <= set(range(len(run.audit.plan.probes)))
    assert [finding.rule for finding in run.drifts] == ["auth.missing_accepted"]

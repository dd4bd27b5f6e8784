"""What odd requests cost, and where the key goes: counted by the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from answering import REFUSED, SHOWN, Answer, Asked, Said, answering
from small_server import BATCH_ID, KEY

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

PATH = f"/v1/batches/{BATCH_ID}"


def audit(
    answer: Answer = lambda _: None, *, seed: int | None = None, unsafe: bool = False
) -> tuple[list[Asked], RunReport]:
    """What a standard run sent, and its report."""
    with answering(answer) as server:
        settled = settle(
            {"BATCH_API_KEY": KEY},
            base_url=server.base_url,
            batch_ids=[BATCH_ID],
            exploration="standard",
            unsafe=unsafe,
        )
        settings = replace(settled, rate_limit=None)
        made = begin(settings, seed=seed, command="test", sleep=lambda _: None)
        try:
            made.runner.send()
            return server.asked, made.report()
        finally:
            made.close()


def is_refused_credential(asked: Asked) -> bool:
    scheme, _, token = (asked.authorization or "").partition(" ")
    return (scheme.lower(), token) != ("bearer", KEY)


def holds_key_elsewhere(asked: Asked) -> bool:
    others = [value for name, value in asked.headers.items() if name != "authorization"]
    return any(KEY in text for text in (*others, asked.path, asked.query))


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this machine taken for another one."""
    monkeypatch.setattr(BaseUrl, "is_loopback", property(lambda _: False))


@pytest.mark.usefixtures("remote")
@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_on_another_machine_at_most_twelve_credentials_are_refused_and_the_key_is_in_its_header_alone(
    seed: int | None,
) -> None:
    asked, report = audit(seed=seed)
    assert report.verdict == "conforms"
    assert len(asked) <= 400
    assert sum(map(is_refused_credential, asked)) <= 12
    assert {one.method for one in asked} == {"GET", "HEAD"}
    assert not any(map(holds_key_elsewhere, asked))
    assert not any("x-forwarded-user" in one.headers for one in asked)


def test_on_this_machine_a_standard_run_stays_within_its_limit_and_sends_get_and_head_alone() -> None:
    asked, report = audit()
    assert report.verdict == "conforms"
    assert 300 < len(asked) <= 400
    assert {one.method for one in asked} == {"GET", "HEAD"}
    assert not any("x-http-method-override" in one.headers for one in asked)


def with_header(name: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.authorization is None and name in asked.headers and asked.path == PATH


@pytest.mark.parametrize(
    ("name", "shown"),
    [("x-forwarded-user", "X-Forwarded-User"), ("forwarded", "Forwarded"), ("x-api-key", "X-Api-Key")],
)
def test_the_one_header_that_lets_in_is_found_by_halving(name: str, shown: str) -> None:
    trusts = with_header(name)
    asked, report = audit(lambda one: SHOWN if trusts(one) and not one.headers[name].startswith("sk-") else None)
    found = [one for one in report.ledger.findings if one.level != "info"]
    assert [(one.rule, one.kind) for one in found] == [("auth.missing_accepted", name)]
    assert str(found[0].observed) == f"200 with no Authorization header, and with {shown}"
    asked_with = [one for one in asked if "x-forwarded-user" in one.headers or "forwarded" in one.headers]
    assert len(asked_with) < 8


def test_the_one_parameter_that_lets_in_is_found_by_halving() -> None:
    asked, report = audit(lambda one: SHOWN if one.authorization is None and "internal=true" in one.query else None)
    (found,) = [one for one in report.ledger.findings if one.level != "info"]
    assert (found.rule, found.kind) == ("auth.missing_accepted", "internal")
    assert str(found.observed) == "200 with no Authorization header, and with the query internal=true"
    assert sum("=true" in one.query and one.authorization is None for one in asked) < 8


def test_a_header_that_names_another_path_has_the_whole_path_in_it() -> None:
    asked, _ = audit()
    named = [one.headers["x-original-url"] for one in asked if one.has_key and "x-original-url" in one.headers]
    assert named == [PATH]


def test_no_get_has_content_in_which_a_server_could_see_another_request() -> None:
    asked, _ = audit(unsafe=True)
    assert not any("content-length" in one.headers for one in asked)


def test_the_cookie_that_the_server_has_set_is_sent_without_a_key_and_shown_nowhere() -> None:
    def answer(one: Asked) -> Said | None:
        if one.authorization is None and "sid=s3cr3tvalue" in one.headers.get("cookie", ""):
            return SHOWN
        is_read = one.has_key and one.is_known
        return replace(SHOWN, headers=(("Set-Cookie", "sid=s3cr3tvalue; Path=/"),)) if is_read else None

    asked, report = audit(answer)
    assert any("sid=s3cr3tvalue" in one.headers.get("cookie", "") for one in asked)
    (found,) = [one for one in report.ledger.findings if one.rule == "auth.missing_accepted"]
    assert found.kind == "cookie"
    assert "s3cr3tvalue" not in repr(report.ledger.exchanges)


def test_without_a_cookie_of_the_servers_none_is_sent_with_no_key() -> None:
    asked, _ = audit()
    assert not any(
        "cookie" in one.headers for one in asked if one.authorization is None and not holds_key_elsewhere(one)
    )


def test_where_odd_requests_are_limited_or_dropped_the_run_is_complete_all_the_same() -> None:
    limited = replace(REFUSED, status=429, headers=(("Retry-After", "0"),))
    seen: list[Asked] = []

    def answer(one: Asked) -> Said | None:
        if is_refused_credential(one):
            seen.append(one)
        return limited if len(seen) > 20 and is_refused_credential(one) else None

    _, report = audit(answer)
    assert (report.verdict, report.complete) == ("conforms", True)

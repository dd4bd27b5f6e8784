"""What the rules about leaks say of a response: in which part of it, in which words, and what they pass over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from broken_support import broken, operation_of, seen, words
from cases_lists import lists
from judge_support import JSON, QUEUED, findings, sent, unknown

from batch_conformance.exchange.exchange import Probe
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.leaks import injected, is_looked_at

KEY, INJECTED, TRACE, INTERNALS, HOST, CODE, TOKEN = (
    f"security.{name}"
    for name in (
        "key_reflected",
        "header_injected",
        "trace_leaked",
        "internals_leaked",
        "host_shown",
        "code_leaked",
        "token_leaked",
    )
)
LEAKS = (TRACE, INTERNALS, HOST, CODE, TOKEN)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0"
SHOWS = {
    TRACE: ("oops: panic: runtime error: x", "panic: runtime error"),
    HOST: ("dial 10.2.3.4:80: refused", "10.2.3.4:80"),
    CODE: ("connect ECONNREFUSED now", "ECONNREFUSED"),
    TOKEN: (f"sent {JWT} on", "eyJhbGciOiJI…"),
}
"""A text that breaks each of the rules about fields and members, and what is told of it."""
KINDS = {TRACE: "trace", INTERNALS: "internals", HOST: "host", CODE: "code", TOKEN: "token"}


def error(body: Any, status: int = 404, **more: Any) -> Observation:
    return seen(body, status, **{"subject": "unknown", "batch_id": "x", **more})


def rules(read: Observation) -> list[str]:
    return [rule for rule in LEAKS if broken(rule, read)]


def told(rule: str, read: Observation) -> list[tuple[str, str, str]]:
    """The kind, the pointer and the text of each leak."""
    found = []
    for one in broken(rule, read):
        assert (one.level, one.side, one.when, one.expected.id) == (None, None, (), f"{rule}.expected")
        text = dict(one.observed.arguments)["text"]
        found.append((one.kind, one.pointer, getattr(text, "text", text)))
    return found


def test_the_key_is_told_where_it_came_back() -> None:
    found = broken(KEY, seen(reflections=("body", "header X-Debug", "trailer")))
    assert [(one.kind, one.status, one.media_type, one.pointer) for one in found] == [
        ("body", "", "", ""),
        ("header", "", "", ""),
        ("trailer", "", "", ""),
    ]
    assert [words(one) for one in found] == [
        (f"{KEY}.expected", f"{KEY}.body"),
        (f"{KEY}.expected", f"{KEY}.header name=X-Debug"),
        (f"{KEY}.expected", f"{KEY}.observed place=trailer"),
    ]
    assert broken(KEY, seen()) == []


INJECTING = {"subject": "hostile", "batch_id": "x\r\nX-Injected: 1\nB:  2 \nno colon\n:z"}


def inject(*headers: tuple[str, str], **more: Any) -> list[tuple[str, str]]:
    return list(injected(seen(b"", 404, headers=headers, **{**INJECTING, **more})))


def test_a_header_is_injected_by_a_line_of_the_id_that_comes_back() -> None:
    assert inject(("x-injected", " 1 "), ("B", "2")) == [("X-Injected", "1"), ("B", "2")]
    assert inject(("X-Injected", "2"), ("B", "3")) == inject() == inject(("no colon", "")) == []
    assert inject(("X-Injected", "2"), ("X-Injected", "1")) == [("X-Injected", "1")]
    assert inject(("X-Injected", "1"), batch_id="X-Injected: 1") == []
    assert inject(("X-Injected", "1"), batch_id="X-Injected: 1\n") == []
    assert inject(("X-Injected", "1"), batch_id="a\rX-Injected: 1") == [("X-Injected", "1")]
    assert inject(("X-Injected", "1"), batch_id=None) == inject(("X-Injected", "1"), answered=False) == []
    (one,) = broken(INJECTED, seen(b"", 404, headers=(("X-Injected", "1"),), **INJECTING))
    assert (one.kind, one.status, one.media_type, one.pointer) == ("id", "", "", "")
    assert words(one) == (f"{INJECTED}.expected", f"{INJECTED}.observed name=X-Injected value=1")


@pytest.mark.parametrize("rule", SHOWS)
def test_a_leak_in_a_field_is_told_with_its_name(rule: str) -> None:
    text, found = SHOWS[rule]
    read = seen(headers=(("X-Debug", text), ("X-Other", text)))
    assert told(rule, read) == [(f"{KINDS[rule]} in x-debug", "", found)]
    (one,) = broken(rule, read)
    assert (one.status, one.media_type, one.observed.id) == ("", "", "security.leaked_in_header")
    assert dict(one.observed.arguments)["name"] == "x-debug"
    assert rules(read) == [rule]
    assert told(rule, seen(headers=(("Date", text), ("X-Forwarded-For", text), ("Set-Cookie", text)))) == []


@pytest.mark.parametrize("rule", SHOWS)
def test_a_leak_in_a_member_of_a_batch_is_told_with_its_place(rule: str) -> None:
    text, found = SHOWS[rule]
    read = seen({**QUEUED, "errors": ["no such file", text, text]})
    assert told(rule, read) == [(KINDS[rule], "/errors/*", found)]
    (one,) = broken(rule, read)
    assert (one.status, one.media_type, one.observed.id) == (None, JSON, "security.leaked")
    assert rules(read) == [rule]
    assert rules(seen({**QUEUED, "metadata": {"a": text}})) == []
    assert rules(seen({**QUEUED, "input_file_id": text, "id": text})) == []
    assert rules(seen({**QUEUED, "errors": [f"line 1: '{text}'"]})) == []


@pytest.mark.parametrize("rule", [TRACE, CODE, TOKEN])
def test_a_leak_in_the_body_of_an_error_is_told_of_its_status(rule: str) -> None:
    text, found = SHOWS[rule]
    read = error(text)
    assert told(rule, read) == [(KINDS[rule], "", found)]
    (one,) = broken(rule, read)
    assert (one.status, one.media_type, one.observed.id) == (None, "", "security.leaked")
    assert rules(read) == [rule]
    assert rules(error(text, 399)) == rules(error(text, method="HEAD")) == rules(error(text, answered=False)) == []
    assert rules(error(text, 400)) == [rule]


def test_a_path_or_a_host_in_the_body_of_an_error_is_internal() -> None:
    assert told(INTERNALS, error("open /etc/passwd now")) == [("internals", "", "/etc/passwd")]
    assert told(INTERNALS, error("dial 10.2.3.4:80")) == [("internals", "", "10.2.3.4:80")]
    assert rules(error("open /etc/passwd now")) == [INTERNALS]
    assert rules(seen({**QUEUED, "errors": ["open /etc/passwd now"]})) == []
    assert rules(error("ECONNREFUSED 10.2.3.4:80")) == [INTERNALS]
    assert rules(error("open /etc/x.py: panic: runtime error at 10.2.3.4 ECONNREFUSED")) == [TRACE]
    assert rules(error("nothing")) == []


def test_what_was_sent_is_no_leak() -> None:
    for text in ("/etc/passwd", "ECONNREFUSED", JWT):
        assert rules(error(f"no batch {text}", batch_id=text)) == []
        assert rules(error(f"no batch {text}", path=f"/batches/{text.replace('/', '%2F')}")) == []
    for text in ("10.2.3.4:80", "ECONNREFUSED", JWT):
        assert rules(seen(headers=(("X-Debug", f"a {text}"),), batch_id=text)) == []


def test_one_cause_in_a_field_is_told_once() -> None:
    def field(text: str) -> list[str]:
        return rules(seen(headers=(("X-Debug", text),)))

    assert field("panic: runtime error at 10.2.3.4") == [TRACE]
    assert field("ECONNREFUSED 10.2.3.4") == [CODE]
    assert field("panic: runtime error: ECONNREFUSED") == [TRACE]
    assert field("1.1 proxy.corp") == [HOST]
    several = (("X-A", "panic: runtime error"), ("X-B", "1.1 db.corp"), ("X-C", "x ECONNREFUSED"))
    assert rules(seen(headers=several)) == [TRACE, HOST, CODE]


def test_another_port_of_the_host_that_was_asked_is_a_host() -> None:
    other = "api.example.com:8443"
    assert told(HOST, seen(headers=(("X-Up", other),))) == [("host in x-up", "", other)]
    assert told(HOST, seen(headers=(("X-Up", f"no answer of {other}. Again"),))) == [("host in x-up", "", other)]
    assert told(HOST, seen({**QUEUED, "errors": [f"{other}: refused"]})) == [("host", "/errors/*", other)]
    assert told(HOST, seen(headers=(("X-Up", "api.example.com:443"),))) == []


def test_of_an_address_in_a_batch_only_the_host_is_looked_at() -> None:
    def address(value: str) -> list[str]:
        return rules(seen({**QUEUED, "output_file_id": value}))

    assert address("https://10.2.3.4/x") == [HOST]
    assert address("https://files.example.com/10.2.3.4") == []
    assert address(f"https://files.example.com/?{JWT}") == []
    assert address("https://panic: runtime error/x") == []
    assert rules(seen({**QUEUED, "errors": [f"https://{JWT}/x", "https://app.py:12"]})) == []
    assert told(HOST, seen({**QUEUED, "errors": ["https://10.2.3.4/x"]})) == [("host", "/errors/*", "10.2.3.4")]


@pytest.mark.parametrize(
    ("credential", "is_told"), [("valid", True), ("missing", True), ("wrong", False), ("other", False)]
)
def test_a_token_that_was_made_up_is_nobodys(credential: str, is_told: bool) -> None:
    assert bool(told(TOKEN, error(f"for {JWT}", credential=credential))) is is_told
    assert bool(told(TOKEN, seen(headers=(("X-Up", f"for {JWT}"),), credential=credential))) is is_told


@pytest.mark.parametrize(
    "name",
    ["X-Auth", "X-Token", "X-CSRF", "X-XSRF-A", "Session-Id", "X-JWT", "X-Cookie", "Signature", "Authorization"],
)
def test_a_field_that_gives_a_client_its_credential_leaks_none(name: str) -> None:
    assert rules(seen(headers=((name, f"Bearer {JWT}"),))) == []
    assert rules(seen(headers=(("X-Up", f"Bearer {JWT}"),))) == [TOKEN]


MEANT = (
    "date", "etag", "last-modified", "content-type", "content-length", "cache-control", "vary", "retry-after", "age",
    "expires", "allow", "connection", "keep-alive", "transfer-encoding", "strict-transport-security", "set-cookie",
    "www-authenticate", "content-security-policy", "content-security-policy-report-only", "nel", "pragma", "report-to",
    "reporting-endpoints", "alt-svc", "p3p", "accept-ranges", "content-encoding", "cf-ray", "x-forwarded-for",
    "x-real-ip", "x-client-ip", "x-remote-addr", "true-client-ip", "cf-connecting-ip", "forwarded",
)  # fmt: skip


def test_fields_that_are_for_what_they_show_are_not_looked_at() -> None:
    assert [name for name in MEANT if is_looked_at(name)] == []
    assert all(is_looked_at(name) for name in ("x-debug", "via", "server", "location", "link"))


def test_texts_in_json_are_read_as_they_were_before() -> None:
    trace = "oops\ngoroutine 1 [running]"
    assert rules(error(trace)) == rules(error({"message": trace})) == rules(error([trace])) == [TRACE]
    assert rules(error(json.dumps(trace).encode())) == [TRACE]
    assert rules(error({"message": 'File "/srv/app.py", line 3, in get'})) == [TRACE]
    assert rules(error({"message": "open /etc/passwd"})) == [INTERNALS]
    assert rules(error(b'{"message": "open \\/etc\\/passwd"}')) == [INTERNALS]
    assert rules(error(b' ["goroutine:\\r\\tx\\ngoroutine 1 [running]"]')) == [TRACE]
    assert rules(error(b"x\\ngoroutine 1 [running]")) == []
    assert rules(error({"message": "C:\\inetpub\\wwwroot\\x"})) == [INTERNALS]


def test_of_a_large_error_the_beginning_is_looked_at() -> None:
    text = b"panic: runtime error"
    assert rules(error(b" " * (65_536 - len(text)) + text)) == [TRACE]
    assert rules(error(b" " * (65_537 - len(text)) + text)) == []
    assert rules(error(b"\xff" + text)) == rules(error(text + b"\xff")) == [TRACE]


def test_of_many_texts_of_a_batch_the_first_thousand_are_looked_at() -> None:
    others = sum(isinstance(value, str) for name, value in QUEUED.items() if name != "errors")
    before = sum(isinstance(value, str) for value in list(QUEUED.values())[: list(QUEUED).index("errors")])
    assert 0 < before < others

    def errors(count: int) -> list[str]:
        return rules(seen({**QUEUED, "errors": [*["x"] * count, "panic: runtime error"]}))

    assert errors(1_000 - before - 1) == [TRACE]
    assert errors(1_000 - before) == []


def test_what_is_found_is_told_on_one_line_and_cut() -> None:
    long = "SELECT " + "a" * 90 + " FROM batches"
    ((_, _, text),) = told(CODE, error(long))
    assert text == long[:80]
    ((_, _, text),) = told(CODE, error("INSERT INTO  \n reads"))
    assert text == "INSERT INTO r"


def exercised(rule: str, read: Observation) -> bool:
    check = REGISTRY[rule].exercised
    assert check is not None
    return check(read)


def test_the_rules_are_exercised_by_answers_and_by_what_could_inject() -> None:
    for rule in (KEY, TRACE, HOST, CODE, TOKEN):
        assert exercised(rule, seen())
        assert not exercised(rule, seen(answered=False))
    assert [status for status in (200, 399, 400, 500) if exercised(INTERNALS, seen(status=status))] == [400, 500]
    assert not exercised(INTERNALS, seen(answered=False))
    assert exercised(INJECTED, seen(**INJECTING))
    assert not exercised(INJECTED, seen(answered=False, **INJECTING))
    assert not exercised(INJECTED, seen())


def test_each_rule_has_a_clause_and_that_of_ids_none_of_a_list() -> None:
    listing = next(one for one in lists().operations if one.listing is not None)
    for rule in (KEY, INJECTED, *LEAKS):
        (clause,) = REGISTRY[rule].clauses_of(operation_of())
        assert (clause.status, clause.media_type, clause.pointer, clause.says.id) == ("", "", "", f"{rule}.clause")
        assert bool(list(REGISTRY[rule].clauses_of(listing))) is (rule != INJECTED)
    assert REGISTRY[INJECTED].unseen.id == f"{INJECTED}.unseen"  # type: ignore[union-attr]
    probe = Probe("lists", "a", "/", None, "hostile")
    assert REGISTRY[INJECTED].requests(probe, "")
    assert not REGISTRY[INJECTED].requests(replace(probe, subject="known"), "")
    assert not REGISTRY[INTERNALS].requests(probe, "")


def test_a_finding_marks_the_field_the_member_or_the_first_word() -> None:
    def marked(rule: str, *exchanges: Any) -> tuple[Any, ...]:
        (one,) = (one for one in findings(*exchanges, info=True) if one.rule == rule)
        found = REGISTRY[rule].highlight(one)
        return sorted(found.headers), found.pointers, found.words

    for rule in (TRACE, HOST, CODE):
        assert marked(rule, sent(headers=(("X-Debug", SHOWS[rule][0]),))) == (["x-debug"], (), ())
        assert marked(rule, sent({**QUEUED, "errors": [SHOWS[rule][0]]})) == ([], ("/errors/*",), ())
    assert marked(TRACE, unknown(SHOWS[TRACE][0])) == ([], (), ("panic:",))
    injected_by = unknown(b"", headers=(("X-Injected", "1"),), **INJECTING)
    assert marked(INJECTED, injected_by) == (["", "b", "x-injected"], (), ())

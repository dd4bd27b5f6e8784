"""What the patterns of leaks find in a text, letter for letter, and what else is asked of a text."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.rules.leak_patterns import (
    address_of,
    code_in,
    host_in,
    internals_in,
    may_speak,
    other_port_in,
    says_nothing,
    shows_anything,
    strings_in,
    surely_says_nothing,
    token_in,
    trace_in,
    unquoted,
)

TRACES: Mapping[str, str] = {
    "Traceback (most recent call last):": "Traceback (most recent call last)",
    'File "/srv/app.py", line 31, in get': 'File "/srv/app.py", line 31, in ',
    "oops\ngoroutine 12 [running]:": "goroutine 12 [",
    "\tat cn.batch.Store.get(Store.java:41)": "at cn.batch.Store.get(Store.java:4",
    "    at get (/srv/index.js:10:5)": "at get (/srv/index.js:10:5",
    "panic: runtime error: index": "panic: runtime error",
    "/srv/main.go:41 +0x1d": "n.go:41 +0x",
    "System.NullReferenceException: x": "System.NullReferenceException:",
    "   at Batch.Store.Get(Id id) in /src/Store.cs:line 41": "at Batch.Store.Get(Id id) in /src/Store.cs:line 4",
}
HOSTS: Mapping[str, str] = {
    "dial 10.2.3.4:5432: refused": "10.2.3.4:5432",
    "192.168.1.20 is down": "192.168.1.20",
    "at 172.31.0.9": "172.31.0.9",
    "store-0.batch.svc.cluster.local is down": "store-0.batch.svc.cluster.local",
    "on db.internal": "db.internal",
    "1.1 proxy-3.corp": "proxy-3.corp",
    "nas.lan": "nas.lan",
    "172.32.0.9 and 11.2.3.4": "",
    "nginx/10.2.3.4 or 10.2.3.4.5": "",
    "internal error": "",
}
INTERNALS: Mapping[str, str] = {
    "open /home/app/batch_a.json: no": "/home/app/batch_a.json",
    "open /app/store/batch_a.json": "/app/store/batch_a.json",
    "in C:\\inetpub\\wwwroot\\batch": "C:\\inetpub\\wwwroot\\",
    "at 10.2.3.4": "10.2.3.4",
    "no route /app/batches": "",
    'href="/home/login"': "",
}
CODE: Mapping[str, str] = {
    "a javax.persistence.NoResultException": "javax.persistence.NoResultException",
    "org.postgresql.util.PSQLException: x": "org.postgresql.util.PSQLException",
    "(sqlalchemy.exc.NoResultError)": "sqlalchemy.exc.NoResultError",
    "(starlette.x.OddError)": "starlette.x.OddError",
    "(fastapi.x.OddError)": "fastapi.x.OddError",
    "(redis.exceptions.ReadTimeout)": "redis.exceptions.ReadTimeout",
    "(asyncpg.UndefinedColumn) x": "asyncpg.UndefinedColumn",
    "(psycopg2.errors.UndefinedTable) x": "psycopg2.errors.UndefinedTable",
    "Npgsql.PostgresException (0x80004005)": "Npgsql.PostgresException",
    "app/store/batches.py:41 failed": "app/store/batches.py:41",
    "SELECT id FROM batches": "SELECT id FROM b",
    "INSERT INTO reads VALUES": "INSERT INTO r",
    "DELETE FROM batches": "DELETE FROM b",
    "E11000 duplicate key error": "E11000 duplicate key",
    "You have an error in your SQL syntax; check": "You have an error in your SQL syntax",
    'near "b1": syntax error': 'near "b1": syntax error',
    'relation "batches" does not exist': 'relation "batches" does not exist',
    "violates unique constraint": "violates unique constraint",
    "Duplicate entry 'b1' for key 'PRIMARY'": "Duplicate entry 'b1' for key",
    "no such table: batches": "no such table: b",
    "Table 'prod.batches' doesn't exist": "Table 'prod.batches' doesn't exist",
    "pq: sorry, too many clients": "pq: sorry",
    "rpc error: code = NotFound desc = x": "rpc error: code = NotFound desc = ",
    "(psycopg2.errors.InvalidTextRepresentation)": "psycopg2.errors.InvalidTextRepresentation",
    'invalid input syntax for type uuid: "x"': "invalid input syntax for type uuid",
    'invalid byte sequence for encoding "UTF8": 0x00': 'invalid byte sequence for encoding "UTF8"',
    "value too long for type character varying(64)": "value too long for type character varying",
    "Incorrect string value: 'x'": "Incorrect string value: '",
    "Cast to ObjectId failed for value": "Cast to ObjectId failed",
    "'NoneType' object is not iterable": "'NoneType' object is not",
    "Cannot read property 'id' of undefined": "Cannot read property 'id' of undefined",
    "undefined method `id' for nil": "undefined method `id' for nil",
    "Call to a member function id() on null": "Call to a member function id() on null",
    "Object reference not set to an instance of an object.": "Object reference not set to an instance of an object",
    "runtime error: index out of range": "runtime error: index out of range",
    "connect ECONNREFUSED": "ECONNREFUSED",
    "MongoServerError: no primary": "MongoServerError",
}
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0"


def test_a_trace_is_found_by_its_first_words() -> None:
    assert {text: trace_in(text) for text in TRACES} == TRACES
    assert trace_in("a goroutine 12 [running]") == ""


def test_a_private_host_is_found_with_its_port() -> None:
    assert {text: host_in(text, "") for text in HOSTS} == HOSTS


def test_a_path_or_a_host_of_the_server_is_found() -> None:
    assert {text: internals_in(text, "") for text in INTERNALS} == INTERNALS


def test_code_a_query_or_the_words_of_a_driver_are_found() -> None:
    assert {text: code_in(text, "") for text in CODE} == CODE


def test_of_a_token_only_the_beginning_is_told() -> None:
    assert token_in(f"for {JWT} it", "") == "eyJhbGciOiJI…"
    assert token_in("sent bearer sk-proj-0123456789abcdefghij", "") == "bearer sk-pr…"
    assert token_in("Bearer YOUR_API_KEY_GOES_HERE", "") == ""
    assert token_in(f"for {JWT} it", f"/batches/{JWT}") == ""


def test_what_was_sent_is_passed_over_for_what_was_not() -> None:
    assert host_in("10.2.3.4 and 10.2.3.5", "/batches/10.2.3.4") == "10.2.3.5"
    assert internals_in("/etc/passwd and db.corp", "/batches//etc/passwd") == "db.corp"
    assert code_in("ECONNREFUSED", "ECONNREFUSED") == ""


def test_a_text_shows_anything_where_one_of_the_kinds_is_in_it_or_a_host_with_a_port() -> None:
    shows = ["panic: runtime error", "ECONNREFUSED", "/etc/passwd", "db.corp", JWT, "api.example.com:8443", "x.10:80"]
    assert [shows_anything(one) for one in shows] == [True] * len(shows)
    assert shows_anything("at api.example.com:8443.")
    assert shows_anything("api.example.com:8443: refused")
    nothing = ["no batch", "12:30", "a:b", "error: 5", "4bf92f3577b34da6:00f067aa0ba902b7:0:1", "v1:12.5", "a1:80b"]
    assert [shows_anything(one) for one in nothing] == [False] * len(nothing)


def test_a_text_may_speak_where_it_has_more_than_one_word() -> None:
    speaking = ["a b", "a\\b", "a.b", "a:", "::/", ":1", ".1.2"]
    assert [may_speak(one) for one in speaking] == [True] * len(speaking)
    plain = ["batch_a", "/v1/x", "1.5", "12", "a-b", ":-"]
    assert [may_speak(one) for one in plain] == [False] * len(plain)


def test_a_text_surely_says_nothing_without_words_or_without_what_is_looked_for() -> None:
    assert surely_says_nothing("batch_a")
    assert surely_says_nothing("no batch")
    assert not surely_says_nothing("at 10.2.3.4")
    assert surely_says_nothing("/etc/passwd")  # a path in one word is a name


def test_of_an_address_only_its_host_is_looked_at() -> None:
    assert address_of("https://a.example:80/b?c") == "https://a.example:80"
    assert address_of("http://a") == "http://a"
    assert (address_of("see https://a"), address_of("ftp://a"), address_of("https://")) == ("", "", "")
    assert says_nothing("https://files.example.com/10.2.3.4:80/panic: runtime error")
    assert not says_nothing("https://10.2.3.4/x")


def test_what_a_text_quotes_shows_nothing_alone_and_what_its_quotes_hide_is_looked_for() -> None:
    assert unquoted("a 'b' \"c\" `d` {e\nf} g") == "a         g"
    assert not says_nothing('near "b1": syntax error')
    assert not says_nothing("no `x`: panic: runtime error")
    assert not says_nothing("panic:'x'runtime error")
    assert says_nothing("no such batch")


def test_another_port_of_the_host_that_was_asked_is_found() -> None:
    def found(text: str, url: str) -> str:
        return other_port_in(text, url)

    url = "https://api.example.com/v1/batches"
    assert found("at api.example.com:8443 now", url) == "api.example.com:8443"
    assert found("at API.Example.com:80", url) == "API.Example.com:80"
    assert found("at api.example.com:443", url) == ""
    assert found("at api.example.com:443 or api.example.com:9000", url) == "api.example.com:9000"
    assert found("at xapi.example.com:80, x.api.example.com:80, -api.example.com:80", url) == ""
    assert found("at api-example-com:80", url) == ""
    assert found("at api.example.com:123456", url) == ""
    assert found("at api.example.com:80", "http://api.example.com/v1") == ""
    assert found("at api.example.com:443", "http://api.example.com/v1") == "api.example.com:443"
    assert found("at api.example.com:8080", "http://api.example.com:8080/v1") == ""
    assert found("at api.example.com:80", "http://API.example.com:8080/v1") == "api.example.com:80"
    assert found("at :80, :81, XXXX:82", "/v1") == ""
    assert found("at x:80", "http://x:port/") == ""


def test_the_texts_of_a_value_are_given_with_their_pointers() -> None:
    value = {"a": "b", "c/d": ["e", {"f": "g"}], "n": 1, "none": None, "free": {"x": "y"}, "line": 3}
    expected = [("/a", "b"), ("/c~1d/*", "e"), ("/c~1d/*/f", "g")]
    assert list(strings_in(value, "", {"/free"})) == expected
    assert list(strings_in("x", "/at", set())) == [("/at", "x")]
    assert list(strings_in({"a": "b"}, "/at", {"/at"})) == []


def test_errors_of_a_line_of_the_input_are_left_out_unless_they_are_asked_for() -> None:
    of_line, of_none, in_words = {"line": 3, "m": "b"}, {"line": None, "m": "c"}, {"line": "3", "m": "d"}
    value = {"line": 1, "m": "a", "data": [of_line, of_none, {"in": {"line": 0, "m": "e"}}, in_words]}
    kept = [("/m", "a"), ("/data/*/m", "c"), ("/data/*/line", "3"), ("/data/*/m", "d")]
    assert list(strings_in(value, "", set())) == kept
    assert sorted(text for _, text in strings_in(value, "", set(), of_lines=True)) == ["3", "a", "b", "c", "d", "e"]
    assert list(strings_in(of_line, "", set(), 1)) == []
    assert list(strings_in({"line": True, "m": "x"}, "", set(), 1)) == [("/m", "x")]


def test_texts_are_looked_for_seven_levels_deep_in_a_thousand_items() -> None:
    deep: object = "x"
    for _ in range(7):
        deep = {"a": deep}
    assert list(strings_in(deep, "", set())) == [("/a" * 7, "x")]
    assert list(strings_in({"a": deep}, "", set())) == []
    assert list(strings_in({"a": [[[[[["x"]]]]]]}, "", set())) == [("/a" + "/*" * 6, "x")]
    assert list(strings_in({"a": [[[[[[["x"]]]]]]]}, "", set())) == []
    assert len(list(strings_in(["x"] * 1_001, "", set()))) == 1_000

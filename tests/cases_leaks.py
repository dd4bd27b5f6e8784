"""Rules about what no answer shows of the server: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping

from judge_cases import Case, Sent, batch, completed
from judge_support import refused, unknown

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0"


def errors(*texts: str) -> tuple[Sent, ...]:
    """A run for each text, which is that of an error."""
    return tuple((unknown(text),) for text in texts)


FACTORS = {"subject": "hostile", "batch_id": "{{45989*46021}}"}

CASES: Mapping[str, Case] = {
    "security.expression_evaluated": Case(
        breaks=(
            (unknown("404: no batch 2116459769", **FACTORS),),
            (unknown("404: no batch 2,116,459,769", **FACTORS),),
            (unknown(headers=(("X-Resource", "batch/2116459769"),), **FACTORS),),
        ),
        keeps=(
            (unknown("404: no batch {{45989*46021}}", **FACTORS),),
            (unknown("404: no batch 12116459769", **FACTORS),),
            (unknown("404: no batch 2116459769", subject="hostile", batch_id="{{45989*46021}}=2116459769"),),
            (unknown("404: no batch 49", subject="hostile", batch_id="{{7*7}}"),),
        ),
    ),
    "security.trace_leaked": Case(
        breaks=(
            *errors(
                "Traceback (most recent call last):",
                'File "/srv/app.py", line 3, in get',
                "oops\ngoroutine 12 [running]:",
                "main.get(...)\n\t/srv/main.go:41 +0x1d",
                "panic: runtime error",
                "src/main.rs:12 panicked",
                "java.lang.NullPointerException\n\tat cn.batch.Store.get(Store.java:41)",
                "TypeError: x\n    at get (/srv/node_modules/batch/index.js:10:5)",
                "app/models/batch.rb:12:in `find'",
                "System.NullReferenceException: x\n   at Batch.Store.Get(String id) in /src/Store.cs:line 41",
            ),
            (batch(headers=(("X-Debug", 'File "/srv/app.py", line 3, in get'),)),),
            (unknown(headers=(("X-Error", "panic: runtime error: index out of range"),)),),
            (batch({"errors": ["Traceback (most recent call last):"]}),),
        ),
        keeps=(
            (batch({"errors": ["line 1: not JSON: 'Traceback (most recent call last):'"]}),),
            (batch(headers=(("X-Cache", "HIT, HIT"), ("Server-Timing", "db;dur=12.5"), ("Via", "1.1 varnish"))),),
            (batch(headers=(("Set-Cookie", "trace=goroutine 1 [running]"),)),),
            (unknown("no batch at line 3 in file x"),),
            (unknown("see index.html:12 or main.go"),),
            (batch({"metadata": {"a": "Traceback (most recent call last)"}}),),
        ),
    ),
    "security.code_leaked": Case(
        breaks=(
            *errors(
                "org.postgresql.util.PSQLException: ERROR",
                "java.lang.IllegalStateException",
                "sqlalchemy.exc.NoResultFoundError",
                "psycopg2.errors.UndefinedTable: x",
                "Npgsql.PostgresException (0x80004005)",
                "app/store/batches.py:41 failed",
                "src/store.go:12: no row",
                "SELECT id, state FROM batches WHERE id = ?",
                "INSERT INTO `reads` VALUES (1)",
                'relation "batches" does not exist',
                "duplicate key value violates unique constraint",
                "SQLSTATE[42S02]: Base table",
                "ORA-00942: table or view does not exist",
                "You have an error in your SQL syntax; check",
                "no such table: batches",
                "E11000 duplicate key error collection",
                "pq: sorry, too many clients already",
                'UPDATE "batches" SET state = $1',
                "DELETE FROM batches WHERE id = $1",
                "(psycopg2 error) [SQL: state of b1]",
                'ERROR: syntax error at or near "b1"',
                'near "b1": syntax error',
                "Duplicate entry 'b1' for key 'PRIMARY'",
                "Unknown column 'state' in 'field list'",
                "Table 'prod.batches' doesn't exist",
                "Incorrect string value: '\\xF0\\x9F' for column",
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                "MongoServerError: no primary",
                "sql: no rows in result set",
                "rpc error: code = NotFound desc = batch",
                "connect ECONNREFUSED",
                "(psycopg2.errors.InvalidTextRepresentation) at id",
                'invalid input syntax for type uuid: "x"',
                'invalid byte sequence for encoding "UTF8": 0x00',
                "value too long for type character varying(64)",
                "Data too long for column 'id' at row 1",
                'Cast to ObjectId failed for value "x"',
                "'NoneType' object has no attribute 'status'",
                "Cannot read properties of undefined (reading 'status')",
                "undefined method `status' for nil:NilClass",
                "Call to a member function getStatus() on null",
                "Object reference not set to an instance of an object.",
                "runtime error: invalid memory address or nil pointer dereference",
            ),
            (batch(headers=(("X-Exception", "java.util.NoSuchElementException"),)),),
            (batch(headers=(("Server-Timing", 'db;desc="SELECT * FROM batches"'),)),),
            (batch({"errors": ["sql: no rows in result set"]}),),
        ),
        keeps=(
            *errors(
                "BatchNotFoundException",
                "com.example.batch#NotFoundException",
                "Select one from where you are",
                "no such batch: batch_nobodyhas1",
                "the role of this key does not exist",
                "an error of batch.NotFoundError",
                "error: id is no batch",
                "see docs/errors.md:12",
                "https://errors.example.com/v2/main.js?line=12",
                "SystemException",
                "invalid input syntax: the id is no uuid",
                "the value is too long for an id",
                "the id has an invalid byte sequence",
                "Cannot read the batch: its properties are undefined",
                "the object has no attribute status",
            ),
            (unknown("no batch SELECT 1 FROM x", subject="hostile", batch_id="SELECT 1 FROM x"),),
            (batch({"errors": ['line 1: "SELECT a FROM b" is no JSON']}),),
            (batch({"errors": ["line 1: {'body': SELECT a FROM b}"]}),),
            (batch({"metadata": {"q": "SELECT a FROM b"}}),),
            (completed({"output_file_id": "https://files.example.com/src/main.py:12"}),),
            (batch(headers=(("Content-Security-Policy", "default-src https://a.example.com/x.js:12"),)),),
        ),
    ),
    "security.token_leaked": Case(
        breaks=(
            (unknown(f"upstream refused {JWT}"),),
            (unknown("sent Bearer sk-proj-0123456789abcdefghij to upstream"),),
            (batch({"errors": [f"401 for {JWT}"]}),),
            (batch(headers=(("X-Upstream", f"Bearer {JWT}"),)),),
        ),
        keeps=(
            (unknown("Send Authorization: Bearer YOUR_API_KEY_GOES_HERE"),),
            (unknown("Bearer realm"),),
            (refused(f"Invalid token Bearer {JWT}", credential="wrong"),),
            (unknown(f"no batch {JWT}", subject="hostile", batch_id=JWT),),
            (completed({"output_file_id": f"https://files.example.com/x?token={JWT}"}),),
            (batch({"metadata": {"token": JWT}}),),
            (batch(headers=(("Set-Cookie", f"session={JWT}"), ("X-Auth-Token", JWT))),),
        ),
    ),
    "security.internals_leaked": Case(
        breaks=(
            *errors(
                "open /home/app/data/batch_a.json: no such file",
                "open /home" + "/directory" * 9 + ": no such file",
                'open "/app/store/batch_a.json"',
                "dial tcp 10.2.3.4:5432: refused",
                "http://10.2.3.4/x",
                "store-0.batch.svc.cluster.local is down",
                "C:\\inetpub\\wwwroot\\batch",
            ),
        ),
        keeps=(
            *errors(
                "see https://docs.example.com/home/errors",
                '<a href="/home/login">log in</a>',
                "no route /app/batches",
                "nginx/10.2.3.4",
                "version 10.2.3.4.5",
                "wait 10.5 s",
            ),
        ),
    ),
    "security.host_shown": Case(
        breaks=(
            (batch(headers=(("X-Backend", "10.2.3.4:8080"),)),),
            (batch(headers=(("Via", "1.1 proxy-3.corp"),)),),
            (batch(headers=(("X-Upstream", "api.example.com:8443"),)),),
            (completed({"output_file_id": "http://10.2.3.4:9000/files/x"}),),
            (completed({"output_file_id": "https://minio.files.svc.cluster.local/x"}),),
        ),
        keeps=(
            (batch(headers=(("Via", "1.1 varnish (Varnish/7.1), 2 edge"), ("Server", "nginx/1.25.3"))),),
            (batch(headers=(("X-Forwarded-For", "10.2.3.4"), ("X-Location", "https://api.example.com:443/x"))),),
            (completed({"output_file_id": "https://files.example.com/10.2.3.4/data"}),),
            (batch({"metadata": {"host": "10.2.3.4"}}),),
        ),
    ),
}

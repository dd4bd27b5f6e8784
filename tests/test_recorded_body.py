"""Bodies that a recorder cut, left out or encoded: what nobody can read is left unjudged and said, and never drift."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, QUEUED, contract
from recorded_support import AUTHORIZED, BASE, found, line, ndjson, validated

from batch_conformance.cli import main
from batch_conformance.exchange.exchange import Headers
from batch_conformance.findings.finding import Finding
from batch_conformance.recorded.body import recorded_body
from batch_conformance.recorded.formats.har import lines_of
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import LineError
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording

WHOLE = {**COMPLETED, "metadata": {"who": "Zoë 批处理 🙂"}}
TEXT = json.dumps(WHOLE, ensure_ascii=False)
RAW = TEXT.encode()
BROKEN = TEXT.replace('"object":', "'object':")
"""No JSON, and as long as the whole."""
JSON = ["Content-Type", "application/json"]


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def entry(
    content: dict[str, Any],
    headers: Sequence[Sequence[str]] = (),
    *,
    status: int = 200,
    method: str = "GET",
    **more: Any,
) -> dict[str, Any]:
    """An entry of a HAR with the content, as far as its recorder has it; ``more`` goes into the response."""
    named = [{"name": name, "value": value} for name, value in (JSON, *headers)]
    response = {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": named, "cookies": []}
    return {
        "startedDateTime": "2025-03-11T10:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": method,
            "url": f"{BASE}/batches/{WHOLE['id']}",
            "headers": [{"name": name, "value": value} for name, value in AUTHORIZED.items()],
        },
        "response": {**response, "content": {"mimeType": "application/json", **content}, "bodySize": -1, **more},
    }


def line_of(**response: Any) -> dict[str, Any]:
    """A line of NDJSON whose response has these members."""
    return {**line(), "response": {"status": 200, "headers": dict([JSON]), **response}}


def har(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries}}).encode()


def judged(*lines: Any) -> tuple[list[Finding], list[str]]:
    """Findings of a recording of lines, or entries of an archive, and why bodies of it are left unjudged."""
    recording = Recording(InferredProbe(OperationUrls(contract())))
    reasons = []
    for number, each in enumerate(lines):
        (values,) = lines_of(har(each)) if "startedDateTime" in each else [each]
        reasons.append(recording.take(json.dumps(values).encode(), number))
    findings = recording.result().findings
    return [finding for finding in findings if finding.level != "info"], [str(reason) for reason in reasons if reason]


def of_body(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


# A body that is shorter than the recorder says.

CUT = TEXT[:300]
SIZED: dict[str, dict[str, Any]] = {
    "size in bytes": entry({"size": len(RAW), "text": CUT}),
    "size in characters": entry({"size": len(TEXT), "text": CUT}),
    "size with a decimal point": entry({"size": float(len(RAW)), "text": CUT}),
    "length": entry({"size": -1, "text": CUT}, [["Content-Length", str(len(RAW))]]),
    "length, the size is that of the rest": entry({"size": 300, "text": CUT}, [["content-length", str(len(RAW))]]),
    "length, no size": entry({"text": CUT}, [["Content-Length", str(len(RAW))]]),
    "length twice": entry({"size": 0, "text": CUT}, [["Content-Length", f"{len(RAW)}, {len(RAW)}"]]),
    "body size": entry({"size": 0, "text": CUT}, bodySize=len(RAW)),
    "body size, the size is that of the rest": entry({"size": 300, "text": CUT}, bodySize=len(RAW)),
    "body size of chunks": entry({"text": CUT}, [["Transfer-Encoding", "chunked"]], bodySize=len(RAW) + 12),
    "coded, body size and what the coding saved": entry(
        {"size": 0, "compression": len(RAW) - 210, "text": CUT}, [["Content-Encoding", "gzip"]], bodySize=210
    ),
    "coded, as mitmproxy writes it": entry(
        {"size": 210, "compression": len(RAW) - 210, "text": CUT}, [["Content-Encoding", "gzip"]], bodySize=210
    ),
    "coded, with the size": entry(
        {"size": len(RAW), "text": CUT}, [["Content-Encoding", "br"], ["Content-Length", "210"]], bodySize=210
    ),
    "base64": entry({"size": len(RAW), "text": base64_of(RAW[:299]), "encoding": "base64"}),
    "base64, no label": entry({"size": len(RAW), "text": base64_of(RAW[:300])}),
    "base64, cut itself": entry({"size": len(RAW), "text": base64_of(RAW)[:333], "encoding": "base64"}),
    "a member of the recorder": entry({"size": 300, "text": CUT, "_originalSize": len(RAW)}),
    "dots": entry({"size": len(RAW), "text": CUT + "..."}),
    "a longer mark": entry({"size": len(RAW), "text": TEXT[:-9] + "\n\n--- Content truncated ---"}),
    "nothing is left": entry({"size": len(RAW), "text": ""}),
    "nothing is left of a coded one": entry(
        {"size": 0, "text": ""}, [["Content-Encoding", "br"], ["Content-Length", "9"]]
    ),
    "NDJSON, length": line(CUT.encode(), headers={"Content-Length": str(len(RAW))}),
    "NDJSON, the size of the whole": line_of(body=CUT, body_size=len(RAW)),
    "NDJSON, the size on the wire": line_of(body=CUT, wire_size=len(RAW)),
}  # fmt: skip

SAID: dict[str, dict[str, Any]] = {
    "comment of the content": entry({"size": 300, "text": CUT, "comment": "Response body is not included / truncated"}),
    "comment of the response": entry({"text": CUT}, comment="body exceeded 10240 bytes"),
    "comment of the entry": {**entry({"text": CUT}), "comment": "response cut at 4096 bytes"},
    "comment in Chinese": entry({"text": CUT, "comment": "响应体已截断"}),
    "after another comment": {**entry({"text": CUT, "comment": "decoded"}), "comment": "truncated"},
    "member of the content": entry({"text": CUT, "_truncated": True}),
    "member of the content, plain": entry({"size": 300, "text": CUT, "truncated": True}),
    "member that is an object": entry({"text": CUT, "_truncation": {"kept": 300}}),
    "member of the response": entry({"text": CUT}, _truncated=True),
    "member of the response, no boolean": entry({"text": CUT}, _truncated="yes"),
    "member of the entry": {**entry({"text": CUT}), "_responseBodyTruncated": True},
    "the browser's error": entry({"size": 300, "text": CUT}, _error="net::ERR_CONTENT_LENGTH_MISMATCH"),
    "a mark at the end": entry({"text": CUT + "… [truncated]"}),
    "dots at the end": entry({"text": CUT + "..."}),
    "something in its place": entry({"size": 29, "text": "[response body was too large]"}),
    "a sentence in its place": entry({"text": "Response body is not included."}),
    "NDJSON, truncated": line_of(body=CUT, truncated=True),
    "NDJSON, another member": line_of(body=CUT, _truncated=1),
}
NOT_KEPT: dict[str, dict[str, Any]] = {
    "no text": entry({"size": len(RAW)}),
    "no text, Fiddler": entry({"size": len(RAW), "comment": "Body length exceeded 22, so body was omitted."}),
    "attached, Playwright": entry({"size": -1, "_file": "abc.json"}),
    "text is null": entry({"size": len(RAW), "text": None}),
    "NDJSON, no body": line_of(),
    "NDJSON, body is null": line_of(body=None),
}
LEFT_OPEN = {
    **{f"sized: {name}": values for name, values in SIZED.items()},
    **{f"said: {name}": values for name, values in SAID.items()},
    **{f"not kept: {name}": values for name, values in NOT_KEPT.items()},
}


@pytest.mark.parametrize("values", LEFT_OPEN.values(), ids=LEFT_OPEN.keys())
def test_a_body_that_was_not_kept_in_full_is_left_unjudged_and_counted(values: dict[str, Any]) -> None:
    findings, reasons = judged(values)
    assert findings == []
    assert len(reasons) == 1
    assert re.search(r"recorded|recorder|recording|mark|base64", reasons[0])


@pytest.mark.parametrize("values", SIZED.values(), ids=SIZED.keys())
def test_the_same_size_with_the_whole_body_leaves_nothing_unjudged(values: dict[str, Any]) -> None:
    content = values["response"].get("content", values["response"])
    name = "text" if "text" in content else "body"
    whole = {**content, name: json.dumps({**WHOLE, "created_at": "soon"})}
    whole.pop("encoding", None)
    response = {**values["response"], "content": whole} if name == "text" else whole
    findings, reasons = judged({**values, "response": response})
    assert of_body(findings) == ["body.type"]
    assert reasons == []


CUT_BODIES = st.sampled_from([RAW, json.dumps(WHOLE, indent=2).encode(), json.dumps(QUEUED).encode()])
ERRORS = [(404, '"404 page not found"'), (400, '{"code": 20012, "message": "批", "data": null}')]


@st.composite
def cut_exchanges(draw: st.DrawFn) -> dict[str, Any]:
    """A conforming answer whose body was cut at some byte, in one of the ways in which recorders tell of the whole."""
    status, raw = draw(
        st.just((200, draw(CUT_BODIES))) | st.sampled_from(ERRORS).map(lambda one: (one[0], one[1].encode()))
    )
    kept = raw[: draw(st.integers(0, len(raw) - 1))]
    text = kept.decode("utf-8", draw(st.sampled_from(["replace", "ignore"])))
    length = [["Content-Length", str(len(raw))]]
    coded = [["Content-Encoding", "gzip"], ["Content-Length", str(len(gzip.compress(raw)))]]
    mark = draw(st.sampled_from(["", "", "...", "… (truncated)"]))
    content: dict[str, Any] = draw(
        st.sampled_from(
            [{"text": text + mark}, {"text": base64_of(kept), "encoding": "base64"}, {"text": base64_of(kept)}]
        )
    )
    match draw(st.sampled_from(["size", "length", "both", "coded", "body size", "ndjson", "ndjson base64"])):
        case "size":
            return entry({**content, "size": len(raw)}, status=status)
        case "length":
            return entry({**content, "size": len(kept)}, length, status=status)
        case "both":
            return entry({**content, "size": len(raw)}, length, status=status, bodySize=len(raw))
        case "coded":
            return entry({**content, "size": len(raw)}, coded, status=status)
        case "body size":
            return entry({**content, "size": -1}, status=status, bodySize=len(raw))
        case "ndjson":
            body = {"body": text + mark}
        case _:
            body = {"body_base64": base64_of(kept)}
    return line_of(status=status, headers=dict([JSON, *length]), **body)


@settings(max_examples=400, deadline=None)
@given(cut_exchanges())
def test_a_conforming_body_that_was_cut_at_any_byte_is_no_finding_where_the_size_of_the_whole_is_told(
    values: dict[str, Any],
) -> None:
    findings, reasons = judged(values)
    assert findings == []
    assert len(reasons) == 1


# What is said of a body that is not as long as it is said to be, and is whole.

WHOLE_ALL_THE_SAME: dict[str, dict[str, Any]] = {
    "indented anew": entry({"size": len(RAW) + 200, "text": TEXT}, [["Content-Length", str(len(RAW) + 200)]]),
    "no white space any more": entry({"size": len(RAW), "text": json.dumps(WHOLE, separators=(",", ":"))}),
    "without its mark of byte order": entry({"size": len(RAW) + 3, "text": TEXT}),
    "from UTF-16": entry({"size": 2 * len(TEXT) + 2, "text": TEXT}),
    "a comment of something else": entry({"size": len(RAW), "text": TEXT, "comment": "the request was truncated"}),
    "an error of the page": entry({"size": len(RAW), "text": TEXT}, _error="net::ERR_ABORTED"),
    "length of the coded body": entry(
        {"size": len(RAW), "text": TEXT}, [["Content-Encoding", "gzip"], ["Content-Length", "99999"]]
    ),
    "not truncated": {**entry({"size": len(RAW), "text": TEXT}), "_responseBodyTruncated": False},
    "said not to be truncated": entry({"size": len(RAW), "text": TEXT, "_truncated": "false"}),
    "of a cut request": {**entry({"size": len(RAW), "text": TEXT}), "_requestBodyTruncated": True},
    "no number": entry({"size": "many", "compression": [], "text": TEXT}, bodySize=None),
}


@pytest.mark.parametrize("values", WHOLE_ALL_THE_SAME.values(), ids=WHOLE_ALL_THE_SAME.keys())
def test_a_whole_json_text_is_judged_whatever_size_is_told(values: dict[str, Any]) -> None:
    findings, reasons = judged(values)
    assert findings == []
    assert reasons == []
    drifted = json.loads(json.dumps(values).replace(r"\"created_at\"", r"\"created\""))
    findings, reasons = judged(drifted)
    assert "body.undeclared" in of_body(findings)
    assert reasons == []


JUDGED_AS_BROKEN: dict[str, dict[str, Any]] = {
    "size in bytes": entry({"size": len(RAW), "text": BROKEN}),
    "size in characters": entry({"size": len(BROKEN), "text": BROKEN}),
    "size in halves of UTF-16": entry({"size": len(BROKEN) + 1, "text": BROKEN}),
    "size and length": entry({"size": len(RAW), "text": BROKEN}, [["Content-Length", str(len(RAW))]]),
    "nothing is told": entry({"text": BROKEN}),
    "nothing is known": entry({"size": -1, "text": CUT}),
    "the server itself sent a part of it": entry(
        {"size": len(CUT.encode()), "text": CUT}, [["Content-Length", str(len(CUT.encode()))]]
    ),
    "length of the coded body": entry({"text": BROKEN}, [["Content-Encoding", "gzip"], ["Content-Length", "9999"]]),
    "chunks": entry({"size": len(RAW), "text": BROKEN}, [["Transfer-Encoding", "chunked"]], bodySize=len(RAW) + 12),
    "as mitmproxy writes a coded one": entry(
        {"size": 210, "compression": len(RAW) - 210, "text": BROKEN}, [["Content-Encoding", "gzip"]], bodySize=210
    ),
    "not cut, as a member says": entry({"text": BROKEN, "_truncated": "false"}),
    "a comment of something else": entry({"text": BROKEN, "comment": "decoded by the proxy"}),
    "base64": entry({"size": len(RAW), "text": base64_of(BROKEN.encode()), "encoding": "base64"}),
    "base64 of bytes that are no text": entry({"text": base64_of(b'{"id": "\xe9"}'), "encoding": "base64"}),
    "base64 that the server sent": entry({"text": base64_of(RAW)}, [["Content-Length", str(len(base64_of(RAW)))]]),
    "NDJSON": line(BROKEN.encode(), headers={"Content-Length": str(len(RAW))}),
    "NDJSON, empty": line(b"", headers={"Content-Length": "0"}),
}  # fmt: skip


@pytest.mark.parametrize("values", JUDGED_AS_BROKEN.values(), ids=JUDGED_AS_BROKEN.keys())
def test_a_body_that_came_in_full_and_is_no_json_is_broken(values: dict[str, Any]) -> None:
    findings, reasons = judged(values)
    assert of_body(findings) == ["json.invalid"]
    assert reasons == []


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_has_no_body_is_not_said_to_lack_it(method: str) -> None:
    status = 200 if method == "HEAD" else 204
    length = [["Content-Length", "700"]] if method == "HEAD" else []
    for content in ({"size": 0}, {"size": 700, "text": ""}):
        assert judged(entry(content, length, status=status, method=method))[1] == []


def test_a_body_that_no_contract_describes_is_not_said_to_be_lacking() -> None:
    assert judged(entry({"size": 10_000, "text": "short"}, status=418))[1] == []


# The head of what is left unjudged.


def test_status_and_headers_are_judged_where_the_body_is_not() -> None:
    html = {**entry({"size": 5_000, "text": "<html><bo"}), "response": {}}
    response = entry({"size": 5_000, "text": "<html><bo"})["response"]
    html["response"] = {**response, "headers": [{"name": "Content-Type", "value": "text/html"}]}
    assert of_body(judged(html)[0]) == ["response.media_type"]
    assert of_body(judged(entry({"size": 9_000, "text": CUT}, status=418))[0]) == ["response.status"]
    two = entry({"size": 9_000, "text": CUT}, [["Content-Length", "9000"], ["Content-Length", "10"]])
    assert of_body(judged(two)[0]) == ["response.framing"]


def test_a_text_without_quotes_that_was_cut_is_not_taken_for_another_media_type() -> None:
    plain = entry({"size": 18, "text": "404 page"}, status=404)
    plain["response"]["headers"] = [{"name": "Content-Type", "value": "text/plain"}]
    findings, reasons = judged(plain)
    assert findings == []
    assert len(reasons) == 1


def test_reads_over_time_pass_over_a_body_that_is_left_unjudged() -> None:
    cut = line(CUT.encode(), started_at=1741685600.5, headers={"Content-Length": "900"})
    polls = [line(started_at=1741685500.5), cut, line(started_at=1741685700.5)]
    findings, reasons = judged(*polls)
    assert findings == []
    assert len(reasons) == 1


# Base64.

DRIFTED = json.dumps({**WHOLE, "created_at": "soon"}, ensure_ascii=False).encode()
ENCODED = base64_of(DRIFTED)
WRAPPED = "\r\n".join(ENCODED[start : start + 76] for start in range(0, len(ENCODED), 76))
AS_BASE64: dict[str, dict[str, Any]] = {
    "labelled": {"text": ENCODED, "encoding": "base64"},
    "labelled otherwise": {"text": ENCODED, "encoding": "BASE64"},
    "no label": {"text": ENCODED},
    "an empty label": {"text": ENCODED, "encoding": ""},
    "another label": {"text": ENCODED, "encoding": "utf-8"},
    "wrapped": {"text": WRAPPED, "encoding": "base64"},
    "wrapped, no label": {"text": WRAPPED + "\n"},
    "no padding": {"text": base64_of(DRIFTED + b"  ").rstrip("="), "encoding": "base64"},
    "no padding, no label": {"text": base64_of(DRIFTED + b"  ").rstrip("=")},
    "base64url": {"text": base64.urlsafe_b64encode(DRIFTED).decode(), "encoding": "base64"},
    "base64url, no label": {"text": base64.urlsafe_b64encode(DRIFTED).decode().rstrip("=")},
    "data URL": {"text": f"data:application/json;charset=utf-8;base64,{ENCODED}"},
    "data URL, labelled": {"text": f"data:application/json;base64,{ENCODED}", "encoding": "base64"},
    "data URL without base64": {"text": "data:application/json," + DRIFTED.decode().replace("%", "%25")},
    "another member": {"_textBase64": ENCODED},
    "labelled, and plain text": {"text": DRIFTED.decode(), "encoding": "base64"},
    "labelled, and indented": {"text": "\n" + json.dumps(json.loads(DRIFTED), indent=1), "encoding": "base64"},
}


@pytest.mark.parametrize("size", [len(DRIFTED), -1, 0])
@pytest.mark.parametrize("content", AS_BASE64.values(), ids=AS_BASE64.keys())
def test_a_text_is_read_as_what_it_is_whatever_its_label_says(content: dict[str, Any], size: int) -> None:
    for values in (
        entry({**content, "size": size}),
        entry({**content, "size": size}, [["Content-Length", str(len(DRIFTED))]]),
    ):
        findings, reasons = judged(values)
        assert of_body(findings) == ["body.type"]
        assert findings[0].pointer == "/created_at"
        assert reasons == []


@pytest.mark.parametrize("member", ["body", "body_base64"])
@pytest.mark.parametrize("text", [ENCODED, DRIFTED.decode(), WRAPPED])
def test_lines_are_read_as_archives_are(member: str, text: str) -> None:
    findings, reasons = judged(line_of(**{member: text}))
    assert of_body(findings) == ["body.type"]
    assert reasons == []


def test_a_body_that_is_still_coded_is_decoded_where_it_can_be() -> None:
    packed = base64_of(gzip.compress(DRIFTED))
    for content in ({"text": packed, "encoding": "base64"}, {"text": packed}):
        findings, reasons = judged(entry({**content, "size": len(DRIFTED)}, [["Content-Encoding", "gzip"]]))
        assert of_body(findings) == ["body.type"]
        assert reasons == []


UNREADABLE: dict[str, dict[str, Any]] = {
    "damaged, labelled": entry({"text": ENCODED[:80] + "?" + ENCODED[80:], "encoding": "base64"}),
    "damaged": entry({"text": ENCODED[:80] + "?" + ENCODED[80:]}),
    "cut, no size": entry({"text": ENCODED[:81], "encoding": "base64"}),
    "cut, no label, no size": entry({"text": ENCODED[:81]}),
    "bytes that are no JSON": entry({"text": base64_of(bytes(range(256)))}),
    "words that are no JSON": entry({"text": base64_of(b"404 page not found, and nothing else")}, status=404),
    "a coding that nobody undoes": entry(
        {"text": base64_of(bytes(range(255, 0, -1))), "encoding": "base64"}, [["Content-Encoding", "br"]]
    ),
    "coded bytes as a text": entry({"text": "\x1f\ufffd\x08\x00\ufffd\ufffd"}, [["Content-Encoding", "gzip"]]),
}


@pytest.mark.parametrize("values", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_said_to_be_unreadable(values: dict[str, Any]) -> None:
    findings, reasons = judged(values)
    assert findings == []
    assert len(reasons) == 1
    assert re.search("base64|Content-Encoding", reasons[0])


WORDS = ["NotFound", "Unauthorized", "error", "404", "batch_har00001-not-there", "InternalServerErrorException"]


@pytest.mark.parametrize(
    ("member", "word"), [*(("body", word) for word in WORDS), *(("body_base64", word) for word in WORDS[:3])]
)
def test_words_are_no_base64(member: str, word: str) -> None:
    headers: Headers = (("Content-Type", "application/json"),)
    assert recorded_body({"status": 404, member: word}, headers).content == word.encode()


# Said, and by all readers alike.


def test_what_is_left_unjudged_is_said_with_place_and_reason(tmp_path: Path) -> None:
    secret = "sk-abcdefghijklmnopqrstuvwxyz012345"
    asked = {**AUTHORIZED, "Authorization": f"Bearer {secret}"}
    cut = line(CUT.encode(), headers={"Content-Length": str(len(RAW))}, batch_id=WHOLE["id"])
    told = line(CUT.encode(), asked=asked)
    told["response"]["comment"] = f"truncated for {secret}\n\x1b[31m"
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), cut, *([told] * 7)))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert result.exit_code == 0
    (note,) = [note for note in drift["notes"] if "unjudged" in note]
    kept = f"{len(CUT.encode())} of its {len(RAW)} bytes"
    assert note.startswith(
        f"8 bodies left unjudged: {tmp_path / 'a.ndjson'}:2: only {kept} were recorded (by Content-Length); "
    )
    assert note.endswith("…")
    assert "the recorder says" in note
    page = (tmp_path / "out" / "drift.html").read_text("utf-8")
    assert "8 bodies left unjudged" in page
    assert "8 bodies left unjudged" in result.output
    for text in (result.output, page, json.dumps(drift)):
        assert secret not in text
        assert "\x1b" not in text


def test_a_recording_of_no_success_whose_body_can_be_judged_is_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(har(entry({"size": len(RAW), "text": CUT})))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.har"))
    assert result.exit_code == 6
    assert drift["verdict"] == "inconclusive"
    assert "the body of a 2xx answer" in drift["missing"][0]
    assert found(drift) == []
    head = entry({"size": 0, "text": ""}, method="HEAD")
    (tmp_path / "a.har").write_bytes(har(entry({"size": len(RAW), "text": CUT}), head, entry({"text": TEXT})))
    assert validated(tmp_path / "out", str(tmp_path / "a.har"))[0].exit_code == 0


def mixed(folder: Path) -> list[str]:
    """Files of both kinds with bodies that are whole, cut, left out and encoded in all ways."""
    names = []
    for number, share in enumerate((slice(0, None, 2), slice(1, None, 2))):
        entries = [*LEFT_OPEN.values(), *UNREADABLE.values(), *JUDGED_AS_BROKEN.values()][share]
        archive = folder / f"{number}.har"
        archive.write_bytes(har(*(one for one in entries if "startedDateTime" in one)))
        lines = folder / f"{number}.ndjson"
        lines.write_bytes(ndjson(*(one for one in entries if "startedDateTime" not in one), line()))
        names += [str(archive), str(lines)]
    return names


def test_processes_leave_the_same_bodies_unjudged(tmp_path: Path) -> None:
    names = mixed(tmp_path)
    _, alone = validated(tmp_path / "one", *names)
    _, together = validated(tmp_path / "two", *names, "--jobs", "2")
    count = len(LEFT_OPEN) + len(UNREADABLE)
    assert any(note.startswith(f"{count} bodies left unjudged: ") for note in alone["notes"])
    for part in ("findings", "coverage", "notes", "counts", "verdict"):
        assert together[part] == alone[part]


def test_the_client_reads_what_the_judge_reads(tmp_path: Path) -> None:
    cut = tmp_path / "cut.har"
    cut.write_bytes(har(entry({"size": len(RAW), "text": CUT}), entry({"text": base64_of(RAW)})))
    done = CliRunner().invoke(main, ["client", str(cut)])
    assert done.exit_code == 0, done.output
    assert "1 success and 0 errors" in done.stdout
    assert "raises" not in done.stdout
    assert done.stderr.startswith(f"1 body left unjudged: {cut}, entry 1: only ")


# Messages.

NO_ENTRIES: list[Any] = [
    5, None, [], {}, {"request": 5}, {"request": {}}, {"request": {"method": "GET", "url": "/", "headers": 5}},
    {"request": {"method": "GET", "url": "/", "headers": [5]}}, {"request": {"method": "GET", "url": 1, "headers": []}},
    {**entry({}), "response": 5}, {**entry({}), "response": {"status": 200, "headers": "none"}},
    {**entry({}), "response": {"status": 200, "headers": [], "content": 5}},
    {**entry({}), "response": {"status": "OK", "headers": []}}, {**entry({}), "response": {"status": 99}},
]  # fmt: skip
EXCEPTION = re.compile(r"\b[A-Z][A-Za-z]*(?:Error|Exception)\b|Traceback|\bErrno\b|<class")


def test_no_name_of_an_exception_is_in_what_is_said_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(har(*NO_ENTRIES))
    (tmp_path / "b.har").write_bytes(b'{"log": {"entries": [\xff]}}')
    (tmp_path / "c.har").write_bytes(b'{"log": {}}')
    lines = [
        b"\xff",
        b"[",
        b"5",
        {"request": {"url": "/v1/batches/x"}, "started_at": "soon", "failure": {"kind": "reset"}},
    ]
    (tmp_path / "d.ndjson").write_bytes(ndjson(*lines, line()))
    packed = gzip.compress(ndjson(*[line()] * 50))
    (tmp_path / "e.ndjson.gz").write_bytes(packed[:12] + b"\xff" * 9 + packed[21:])
    (tmp_path / "f.ndjson.gz").write_bytes(packed[:-20])
    for name in "abcdef":
        (source,) = tmp_path.glob(f"{name}.*")
        result, drift = validated(tmp_path / "out", str(source))
        assert result.exit_code in (0, 6), result.output
        for text in (result.output, json.dumps(drift)):
            assert not EXCEPTION.search(text), text
        done = CliRunner().invoke(main, ["client", str(source)])
        # What a user's program would raise is what the client is asked for.
        assert done.exit_code == 0 or not EXCEPTION.search(done.output), done.output


@pytest.mark.parametrize("number", range(len(NO_ENTRIES)))
def test_what_is_no_entry_is_told_in_words(number: int) -> None:
    (told,) = lines_of(har(NO_ENTRIES[number]))
    if isinstance(told, LineError):
        assert re.fullmatch(r"no entry of a HAR: (it|request|response|time)\S* .+", str(told))
    else:
        with pytest.raises(LineError):
            Recording(InferredProbe(OperationUrls(contract()))).take(told, 0)


@pytest.mark.parametrize(
    "text", [b"", b"[", b"\xff", b"[" * 100_000, b"[1" + b"1" * 5000 + b"]", b'"a', b"[]", b"5", b"null"]
)
def test_no_name_of_an_exception_is_in_what_is_said_of_a_file_beside(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(line()))
    (tmp_path / "odd.json").write_bytes(text)
    odd = str(tmp_path / "odd.json")
    source = str(tmp_path / "a.ndjson")
    for arguments in (
        ("validate", source, "--reports-dir", str(tmp_path / "out"), "--previous", odd),
        ("validate", source, "--reports-dir", str(tmp_path / "out"), "--baseline", odd),
        ("validate", source, "--reports-dir", str(tmp_path / "out"), "--contract", odd),
        ("matrix", odd, "--reports-dir", str(tmp_path / "out")),
        ("diff", odd, odd),
    ):
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == 4, (arguments, done.output)
        assert not EXCEPTION.search(done.output), done.output
        assert not re.search(r"'(?:NoneType|list|dict|str|int)'|codec|sys\.", done.output), done.output


@pytest.mark.parametrize(
    ("url", "why"),
    [("http://127.0.0.1:1/a.yaml", "no connection"), ("http:///a.yaml", "it is no URL that can be asked")],
)
def test_why_a_document_cannot_be_fetched_is_said_in_words(url: str, why: str) -> None:
    done = CliRunner().invoke(main, ["diff", url, url])
    assert done.exit_code == 4
    assert done.output.startswith(f"cannot read the contract {url} ({why})")

"""Recorded traffic in the formats of other tools: what a file is in is told by its content, and judged as NDJSON is."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import fsspec
import pytest
import requests
import vcr
from format_samples import SAMPLES, cassette, envoy_message, flow, ndjson, otlp_logs, tnetstring, vcr_yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, QUEUED, contract
from recorded_support import BASE, found, line, validated
from test_recorded_ledger import told

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.options import options_of
from batch_conformance.recorded.formats.format import Head
from batch_conformance.recorded.formats.known import BY_NAME, NoRecordingError, recognised
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import LineError
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import blocks, expand, parts
from batch_conformance.recorded.source_error import SourceError

DATA = Path(__file__).parent / "data" / "recordings"
CLEAN = [
    line(),
    line({**COMPLETED, "id": "batch_b"}, batch_id="batch_b"),
    line("404 page not found", 404, batch_id="x"),
]
DRIFTED = [
    line(),
    line({**QUEUED, "created_at": "yesterday"}, started_at=1741685600.0),
    line({**COMPLETED, "id": "batch_b", "surprise": 1}, batch_id="batch_b"),
    line({**QUEUED, "id": "batch_c"}, batch_id="batch_other"),
    line({"message": "no"}, 404, batch_id="batch_gone"),
]
TEXT = json.dumps(QUEUED)


def judged(folder: Path, raw: bytes, *arguments: str) -> tuple[int, dict[str, Any], str]:
    (folder / "traffic").write_bytes(raw)
    result, drift = validated(folder / "out", str(folder / "traffic"), *arguments)
    return result.exit_code, drift, result.output


def exchanges(raw: bytes, folder: Path, form: str = "auto") -> list[Any]:
    path = folder / "read"
    path.write_bytes(raw)
    return [each for part in parts([str(path)], form=form) for block in blocks(part) for each in block.lines]


def test_the_option_has_every_format() -> None:
    (option,) = [option for option in options_of("validate") if option.name == "format"]
    assert option.choices == ("auto", *[known for known in option.choices if known in BY_NAME])
    assert set(option.choices) == {"auto", *BY_NAME}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_file_is_told_by_its_beginning_and_by_no_other_format(sample: str) -> None:
    form, write = SAMPLES[sample]
    raw = write(CLEAN)
    assert recognised(Head(raw, is_whole=True), "a").name == form
    many = write(CLEAN * 60)[:4096]
    assert recognised(Head(many), "a").name == form


@pytest.mark.parametrize("sample", SAMPLES)
def test_clean_traffic_conforms_in_every_format(tmp_path: Path, sample: str) -> None:
    code, drift, output = judged(tmp_path, SAMPLES[sample][1](CLEAN))
    assert (code, found(drift)) == (0, []), output
    assert drift["run"]["requests"] == len(CLEAN)
    assert not [note for note in drift["notes"] if "malformed" in note or "unjudged" in note]


@pytest.mark.parametrize("sample", SAMPLES)
def test_drift_is_found_as_over_ndjson_in_every_format(tmp_path: Path, sample: str) -> None:
    expected = found(judged(tmp_path, ndjson(DRIFTED))[1])
    assert {rule for rule, _, _ in expected} >= {"body.type", "body.undeclared", "identity.other_batch"}
    code, drift, _ = judged(tmp_path, SAMPLES[sample][1](DRIFTED))
    assert code == 1
    assert sorted(found(drift)) == sorted(expected)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_body_that_was_cut_or_left_out_is_unjudged_and_counted_in_every_format(tmp_path: Path, sample: str) -> None:
    cut, without = line(batch_id="batch_cut"), line(batch_id="batch_without")
    cut["response"] |= {"body": cut["response"]["body"][:100], "body_size": len(cut["response"]["body"])}
    del without["response"]["body"]
    code, drift, output = judged(tmp_path, SAMPLES[sample][1]([line(), cut, without]))
    assert (code, found(drift)) == (0, []), output
    assert [note for note in drift["notes"] if note.startswith("2 bodies left unjudged")], drift["notes"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_format_may_be_forced_packed_or_piped(tmp_path: Path, sample: str) -> None:
    form, write = SAMPLES[sample]
    raw = write(DRIFTED)
    expected = sorted(found(judged(tmp_path, raw)[1]))
    code, drift, _ = judged(tmp_path, gzip.compress(raw))
    assert (code, sorted(found(drift))) == (1, expected)
    result, drift = validated(tmp_path / "out", "-", "--format", form, stdin=raw)
    assert (result.exit_code, sorted(found(drift))) == (1, expected)
    result, drift = validated(tmp_path / "out", "-", stdin=raw)
    assert (result.exit_code, sorted(found(drift))) == (1, expected)


@pytest.mark.parametrize(
    ("sample", "place"),
    [("vcr in YAML", "traffic, interaction 2"), ("otlp, logs", "traffic, record 2"), ("mitmproxy", "traffic, flow 2"),
     ("kong", "traffic:2"), ("nginx", "traffic:2"), ("envoy, bytes", "traffic, trace 2"),
     ("parquet, flat", "traffic, row 2")],
)  # fmt: skip
def test_a_finding_is_told_with_its_place(tmp_path: Path, sample: str, place: str) -> None:
    drift = judged(tmp_path, SAMPLES[sample][1](DRIFTED))[1]
    (finding,) = [finding for finding in drift["findings"] if finding["rule"] == "body.type"][:1]
    assert finding["evidence"]["source"].endswith(place)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("damage", ["truncated", "mangled", "random", "nothing"])
def test_a_damaged_file_is_told_of_in_lines_and_never_by_a_traceback(tmp_path: Path, sample: str, damage: str) -> None:
    form, write = SAMPLES[sample]
    raw, chance = write(CLEAN), random.Random(sample)
    middle = bytearray(raw)
    for _ in range(30):
        middle[chance.randrange(len(raw))] = chance.randrange(256)
    damaged = {"truncated": raw[: len(raw) * 2 // 3], "mangled": bytes(middle), "random": chance.randbytes(5000)}
    for arguments in ([], ["--format", form]):
        code, _, output = judged(tmp_path, damaged.get(damage, b""), *arguments)
        assert code in (0, 1, 4, 6), output
        if code == 4:
            assert len(output.strip().splitlines()) == 1
            assert "traffic" in output


_RAW = {name: write(DRIFTED) for name, (_, write) in SAMPLES.items()}


@settings(max_examples=400, deadline=None)
@given(
    sample=st.sampled_from(list(SAMPLES)),
    edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 40)), min_size=1, max_size=6),
)
def test_no_reader_raises_anything_but_what_is_told_to_people(
    tmp_path_factory: pytest.TempPathFactory, sample: str, edits: list[tuple[float, bytes, int]]
) -> None:
    raw = bytearray(_RAW[sample])
    for place, new, length in edits:
        at = int(place * len(raw))
        raw[at : at + length] = new
    read_whole(bytes(raw), SAMPLES[sample][0])


@settings(max_examples=200, deadline=None)
@given(
    form=st.sampled_from(sorted(BY_NAME)), begun=st.sampled_from([b"", b"{", b"\n", b"PAR1", b"9:"]), raw=st.binary()
)
def test_no_reader_raises_anything_else_of_any_bytes(form: str, begun: bytes, raw: bytes) -> None:
    read_whole(begun + raw, form)


def read_whole(raw: bytes, form: str) -> None:
    known = BY_NAME[form]
    with contextlib.suppress(NoRecordingError):
        recognised(Head(raw, "a", is_whole=True), "a")
    try:
        if known.of_file is not None:
            made = list(known.of_file(io.BufferedReader(io.BytesIO(raw))))  # type: ignore[arg-type]
        elif known.of_line is not None:
            made = [known.of_line(each) for each in raw.split(b"\n") if each.strip()]
        else:
            made = []
    except LineError as error:
        made = [error]
    assert all(isinstance(each, dict | LineError | None) for each in made)


FOREIGN = {
    "a capture of packets": b"\xd4\xc3\xb2\xa1" + bytes(40),
    "a capture of packets (pcap)": b"\x0a\x0d\x0d\x0a" + bytes(40),
    "a Postman collection": b'{\n "info": {\n  "_postman_id": "x", "name": "y"}, "item": []}',
    "an OpenAPI document": b"openapi: 3.0.1\ninfo:\n  title: x\n",
    "an OpenAPI document: ": b'{"openapi": "3.1.0", "info": {}}',
    "CSV": b"time,method,url,status\n1,GET,/v1/batches/x,200\n2,GET,/v1/batches/y,200\n",
    "an access log": b'127.0.0.1 - - [11/Mar/2025:10:00:00 +0000] "GET /v1/batches/x HTTP/1.1" 200 586\n' * 3,
    "a cassette of Betamax": b'{"http_interactions": [{"request": {"uri": "https://a/v1/batches/x"}}]}',
    "a cassette of VCR for Ruby": b"---\nhttp_interactions:\n- request:\n    method: get\n    uri: https://a/x\n",
    "a cassette of go-vcr": b"---\nversion: 1\ninteractions:\n- request:\n    body: ''\n    url: https://a/x\n",
    "a cassette of nock": b'[{"scope": "https://a", "method": "GET", "path": "/x", "status": 200}]',
    "a mapping of WireMock": b'{\n"request": {\n"urlPath": "/x"},\n"response": {"status": 200}}',
    "metrics of OpenTelemetry": b'{"resourceMetrics": []}\n',
    "a report of batch-conformance": b'{"format": "batch-conformance/2", "findings": []}',
    "a log of Docker": b'{"log":"hello\\n","stream":"stdout","time":"2025-03-11T10:00:00Z"}\n',
    "a list of exchanges: jq -c '.[]' ": b'[\n{"request": {"url": "/v1/batches/x"}}]',
    "XML": b'<?xml version="1.0"?><a/>',
    "a page in HTML": b"<!DOCTYPE html><html></html>",
    "a file of a batch's requests or results": b'{"id": "1", "custom_id": "a", "response": {"status_code": 200}}\n',
    "an SQLite database": b"SQLite format 3\x00" + bytes(90),
    "binary data": bytes(range(256)),
    "a JSON document in none of the formats": b'{"a": 1}',
    "text in none of the formats": b"hello\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_recording_is_refused_by_its_likely_name(tmp_path: Path, name: str) -> None:
    code, drift, output = judged(tmp_path, FOREIGN[name])
    assert (code, drift) == (4, {})
    assert f"this looks like {name}" in output
    assert len(output.strip().splitlines()) == 1


def test_lines_among_others_are_read_and_no_first_word_of_a_pipe_ends_it(tmp_path: Path) -> None:
    noise = b"starting gateway 1.2, listening, ready\n"
    code, drift, _ = judged(tmp_path, noise * 3 + ndjson(DRIFTED))
    assert code == 1
    assert drift["run"]["requests"] == len(DRIFTED)
    others = b'{"level": "info", "message": "no exchange"}\n' * 4_000
    code, drift, _ = judged(tmp_path, others + ndjson(DRIFTED))
    assert (code, drift["run"]["requests"]) == (1, len(DRIFTED))
    result, _ = validated(tmp_path / "out", "-", stdin=noise + ndjson(DRIFTED))
    assert result.exit_code == 1


def test_a_folder_stands_for_its_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    (folder / "test_batches").mkdir(parents=True)
    (folder / "test_batches" / "test_read.yaml").write_bytes(vcr_yaml(DRIFTED[:2]))
    (folder / "test_batches" / "test_other.yaml").write_bytes(vcr_yaml(DRIFTED[2:]))
    (folder / "README.md").write_text("# Cassettes\n", encoding="utf-8")
    (folder / ".hidden").write_text("x", encoding="utf-8")
    (folder / "empty").mkdir()
    (tmp_path / "more.ndjson").write_bytes(ndjson(CLEAN))
    result, drift = validated(tmp_path / "out", str(folder), str(tmp_path / "*.ndjson"))
    assert result.exit_code == 1
    assert drift["run"]["requests"] == len(DRIFTED) + len(CLEAN)
    (note,) = [note for note in drift["notes"] if "left out" in note]
    assert note.startswith("1 file of a folder left out: ")
    assert "README.md: this looks like" in note
    with pytest.raises(SourceError, match="no recording in the folder"):
        expand([str(folder / "empty")])


# What is particular to one of them.


def test_a_cassette_may_have_its_body_packed_and_its_strings_tagged(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps({**QUEUED, "created_at": "1"}).encode())
    made = cassette([line()])
    (interaction,) = made["interactions"]
    interaction["response"]["body"]["string"] = packed
    interaction["response"]["headers"]["Content-Encoding"] = ["gzip"]
    import yaml  # noqa: PLC0415

    text = yaml.dump(made).replace("uri: https", "uri: !!python/unicode https")
    assert "!!binary" in text
    code, drift, _ = judged(tmp_path, text.encode())
    assert (code, found(drift)) == (1, [("body.type", "200", "/created_at")])


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b"interactions: " + b"[" * 100_000, b"interactions:\n- " + b"{a: " * 5_000]
)
def test_yaml_that_is_nested_beyond_all_measure_is_one_clear_line(tmp_path: Path, text: bytes) -> None:
    code, _, output = judged(tmp_path, text, "--format", "vcr")
    assert code == 6
    assert "1 malformed line skipped" in " ".join(output.split())


def test_reads_of_a_cassette_that_no_date_puts_in_order_are_not_compared(tmp_path: Path) -> None:
    bodies = [{**COMPLETED, "id": QUEUED["id"]}, QUEUED]
    made = cassette([line(body) for body in bodies])
    for interaction in made["interactions"]:
        del interaction["response"]["headers"]["Date"]
    code, drift, _ = judged(tmp_path, json.dumps(made).encode())
    assert (code, found(drift)) == (0, [])
    dated = [line(body, started_at=1741685500.0 + 60 * number) for number, body in enumerate(bodies)]
    code, drift, _ = judged(tmp_path, vcr_yaml(dated))
    assert ("state.regressed", "200", "/status") in found(drift)


@pytest.mark.parametrize("with_size", [True, False])
def test_a_body_that_instrumentation_may_have_cut_is_no_drift(tmp_path: Path, with_size: bool) -> None:
    values = json.loads(otlp_logs([line(), line(batch_id="batch_b")]))
    attributes = values["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1]["attributes"]
    for each in attributes:
        if each["key"] == "http.response.body.content":
            each["value"]["stringValue"] = each["value"]["stringValue"][:128]
    if not with_size:
        attributes[:] = [each for each in attributes if each["key"] != "http.response.body.size"]
    code, drift, _ = judged(tmp_path, json.dumps(values).encode())
    assert (code, found(drift)) == (0, [])
    assert [note for note in drift["notes"] if "1 body left unjudged" in note]


def test_a_span_of_a_server_has_its_url_in_parts(tmp_path: Path) -> None:
    values = json.loads(otlp_logs([DRIFTED[1]]))
    attributes = values["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"]
    attributes[:] = [each for each in attributes if each["key"] != "url.full"]
    told = {"url.scheme": "https", "server.address": "api.siliconflow.cn", "url.path": f"/v1/batches/{QUEUED['id']}"}
    attributes += [{"key": name, "value": {"stringValue": value}} for name, value in told.items()]
    attributes.append({"key": "server.port", "value": {"intValue": "443"}})
    code, drift, _ = judged(tmp_path, json.dumps(values).encode(), "--base-url", BASE)
    assert (code, found(drift)) == (1, [("body.type", "200", "/created_at")])


def test_a_flow_that_ended_early_is_not_judged_by_its_body(tmp_path: Path) -> None:
    cut = line(batch_id="batch_b")
    cut["response"]["body"] = cut["response"]["body"][:50]
    ended = flow(cut, error={"msg": "peer closed connection", "timestamp": 1.0})
    raw = tnetstring(flow(line())) + tnetstring(ended) + tnetstring({"type": "tcp", "version": 21})
    code, drift, _ = judged(tmp_path, raw)
    assert (code, found(drift)) == (0, [])
    assert drift["run"]["requests"] == 2


def test_a_trace_may_stand_alone_in_protobuf(tmp_path: Path) -> None:
    assert found(judged(tmp_path, envoy_message(DRIFTED[1]))[1]) == [("body.type", "200", "/created_at")]


def test_bytes_of_a_log_of_nginx_that_are_no_utf_8_are_read_as_they_are(tmp_path: Path) -> None:
    lines = [line({**QUEUED, "metadata": {"who": name}}, batch_id=QUEUED["id"]) for name in ("Zoe", "Zo!")]
    for each in lines:
        each["response"]["headers"] = {"Content-Type": "application/json; charset=utf-8"}
    _, drift, _ = judged(tmp_path, SAMPLES["nginx"][1](lines).replace(b"Zo!", "Zoë".encode("latin-1")))
    assert found(drift) == [("json.invalid", "200", "")]


@pytest.mark.parametrize("tool", ["mitmproxy-{}.flow", "nginx-{}.log"])
def test_what_the_tool_itself_recorded_is_judged_as_it_was(tmp_path: Path, tool: str) -> None:
    """Made by mitmproxy 11.0.2 and nginx 1.22.1 with Lua as docs/VALIDATE.md has it, before the mock."""
    for name, expected in (("clean", []), ("drifted", [("body.type", "200", "/created_at")])):
        _, drift = validated(tmp_path / "out", str(DATA / tool.format(name)))
        assert found(drift) == expected
        assert drift["run"]["requests"] == 6


def test_what_nginx_itself_cut_is_unjudged(tmp_path: Path) -> None:
    result, drift = validated(tmp_path / "out", str(DATA / "nginx-cut.log"))
    assert (result.exit_code, found(drift)) == (6, [])
    assert [note for note in drift["notes"] if note.startswith("3 bodies left unjudged")]


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_only_counted_is_judged_as_if_each_were_explained(tmp_path: Path, sample: str) -> None:
    many = [line({**QUEUED, "id": f"batch_{number}"}, batch_id=f"batch_{number}") for number in range(30)]
    for each in many[::7]:
        each["response"]["headers"] = {"Content-Type": "text/plain"}
    path = tmp_path / "many"
    path.write_bytes(SAMPLES[sample][1]([*many, *DRIFTED]))
    ledgers = []
    for explains_all in (False, True):
        recording = Recording(InferredProbe(OperationUrls(contract())), explains_all=explains_all)
        for part in parts([str(path)]):
            recording.read(part)
        counted = recording._fast.counted if recording._fast else 0
        assert (counted > 20) is not explains_all
        ledgers.append(told(recording.result()))
    assert ledgers[0] == ledgers[1]


# Files that are made to harm.


def test_a_line_past_16_mib_is_one_clear_line(tmp_path: Path) -> None:
    long = line({**QUEUED, "metadata": {"x": "y" * (17 << 20)}})
    code, drift, _ = judged(tmp_path, ndjson([line(), long, DRIFTED[1]]))
    assert code == 1
    (note,) = [note for note in drift["notes"] if "malformed" in note]
    assert "a line of more than 16777216 bytes" in note


@pytest.mark.parametrize("name", ["a.ndjson.gz", "a.har.gz"])
def test_a_compression_bomb_is_one_clear_line(tmp_path: Path, name: str) -> None:
    begun = b'{"log": {"entries": [' if "har" in name else ndjson(CLEAN)
    with gzip.open(tmp_path / name, "wb") as file:
        file.write(begun)
        for _ in range(100):
            file.write(bytes(1 << 20))
    result, drift = validated(tmp_path / "out", str(tmp_path / name))
    assert result.exit_code == 6
    assert "unpacks to more than 100 times its size" in drift["exit_reason"]


def test_a_parquet_that_unpacks_beyond_all_measure_is_one_clear_line(tmp_path: Path) -> None:
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    text = pyarrow.array([None, "x" * (8 << 20)] * 6)
    table = pyarrow.table({"request.url": text, "response.status": [200] * 12})
    parquet.write_table(table, tmp_path / "bomb", compression="zstd", use_dictionary=False)
    validated_one, drift = validated(tmp_path / "out", str(tmp_path / "bomb"))
    assert validated_one.exit_code in (6, 0)
    packed = parquet.ParquetFile(tmp_path / "bomb").metadata.row_group(0).column(0)
    if packed.total_uncompressed_size > 64 << 20:
        assert "compression bomb" in " ".join(drift["notes"])


@pytest.mark.parametrize("serializer", ["yaml", "json"])
@pytest.mark.parametrize("decoded", [True, False])
def test_what_vcr_itself_recorded_is_judged_as_it_was(tmp_path: Path, serializer: str, decoded: bool) -> None:
    recorder = vcr.VCR(serializer=serializer, filter_headers=["authorization"], decode_compressed_response=decoded)
    for drifts, expected in (((), []), (("created_at_string",), [("body.type", "200", "/created_at")])):
        cassettes = tmp_path / f"cassettes-{len(drifts)}"
        with EmbeddedMock(drifts=drifts) as mock:
            for batch_id in (*mock.batch_ids[:3], "batch_nobody"):
                with recorder.use_cassette(str(cassettes / f"{batch_id}.{serializer}")):
                    headers = {"Authorization": f"Bearer {mock.key}", "Accept": "application/json"}
                    headers["Accept-Encoding"] = "gzip" if serializer == "yaml" else "identity"
                    requests.get(f"{mock.base_url}/batches/{batch_id}", headers=headers, timeout=20)
        _, drift = validated(tmp_path / "out", str(cassettes))
        assert found(drift) == expected
        assert drift["run"]["requests"] == 4
        assert mock.key not in "".join(path.read_text(encoding="utf-8") for path in cassettes.iterdir())


def test_a_remote_file_is_read_as_one_of_this_machine(tmp_path: Path) -> None:
    system = fsspec.filesystem("memory")
    system.pipe("/bucket/a.ndjson", ndjson(DRIFTED))
    system.pipe("/bucket/deep/b.ndjson.gz", gzip.compress(ndjson(CLEAN)))
    system.pipe("/bucket/deep/c.parquet", SAMPLES["parquet, flat"][1](CLEAN))
    here = found(judged(tmp_path, ndjson(DRIFTED))[1])
    for pattern, judged_ones in (("memory://bucket/*.ndjson", len(DRIFTED)), ("memory://bucket", len(DRIFTED) + 6)):
        result, drift = validated(tmp_path / "out", pattern)
        assert (result.exit_code, found(drift)) == (1, here)
        assert drift["run"]["requests"] == judged_ones
    for pattern in ("memory://bucket/nothing", "nobody-knows://a/b"):
        result, _ = validated(tmp_path / "out", pattern)
        assert result.exit_code == 4
        assert len(result.output.strip().splitlines()) == 1

"""What is fuzzed: every reader of untrusted input, the judge, and the report writers.

A target is a strategy and a function that may raise nothing but the error that its reader documents. That error is one
line which can be printed.
"""

from __future__ import annotations

import json
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from mutations import ODD, as_json, files, spans, trees

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import exchanges  # noqa: E402
import samples  # noqa: E402
from exchange_lines import exchange_to_dict, spooled  # noqa: E402

from batch_conformance.contract.contract import Contract, compile_contract  # noqa: E402
from batch_conformance.contract.document import parse_document  # noqa: E402
from batch_conformance.contract.error import ContractError  # noqa: E402
from batch_conformance.contract.overlay import apply, parse_overlay  # noqa: E402
from batch_conformance.contract.sources import named_document, shipped_contract  # noqa: E402
from batch_conformance.exchange.exchange import Exchange, Probe  # noqa: E402
from batch_conformance.exchange.har import har  # noqa: E402
from batch_conformance.findings.baseline_file import (  # noqa: E402
    FORMAT,
    BaselineError,
    entry_yaml,
    new_entry,
    parse_baseline,
    rewrite,
)
from batch_conformance.findings.shape import (  # noqa: E402
    AnswerShape,
    ShapeError,
    ShapeRecord,
    infer,
    parse_shape,
    shape_json,
)
from batch_conformance.judge.judge import judge  # noqa: E402
from batch_conformance.observation.strict_json import parse  # noqa: E402
from batch_conformance.recorded.formats.har import lines_of  # noqa: E402
from batch_conformance.recorded.inferred_probe import InferredProbe  # noqa: E402
from batch_conformance.recorded.line import LineError, exchange_of, values_of  # noqa: E402
from batch_conformance.recorded.operation_urls import OperationUrls  # noqa: E402
from batch_conformance.report.run.drift_json import DriftFileError, read_drift, render  # noqa: E402
from batch_conformance.report.run.run_report import RunReport  # noqa: E402
from batch_conformance.report.run.writer import FORMATS  # noqa: E402
from batch_conformance.run.vendors import VendorError, load_profile  # noqa: E402

SPEC = ROOT / "spec"


@dataclass(frozen=True)
class Target:
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]


def one_line(error: ValueError) -> None:
    text = str(error)
    assert text, "an error without a word"
    assert "\n" not in text, text
    text.encode("utf-8")


# Readers


@cache
def _document() -> tuple[Any, bytes]:
    raw = (SPEC / "siliconflow-get-batch.yaml").read_bytes()
    return yaml.safe_load(raw), raw


def load(raw: bytes) -> None:
    try:
        document = parse_document(raw, "fuzzed.yaml")
        for reading in ("published", "documented"):
            contract = compile_contract(document, reading)
            judge([samples.exchange()], contract)
    except ContractError as error:
        one_line(error)


def overlay(raw: bytes) -> None:
    document, _ = named_document("siliconflow")
    try:
        compile_contract(apply(document, [parse_overlay(raw, "fuzzed.yaml")]))
    except ContractError as error:
        one_line(error)


def baseline(raw: bytes) -> None:
    try:
        found = parse_baseline(raw, "fuzzed.yaml")
        ledger = judge([samples.exchange(samples.BODY | {"created_at": "1"})], shipped_contract())
        results = found.results(ledger.findings, ledger.clauses, complete=True)
        text = rewrite(found, ledger.findings, results, TODAY, "accepted").text
        assert parse_baseline(text.encode(), "rewritten.yaml")
    except BaselineError as error:
        one_line(error)


TODAY = date(2026, 11, 24)


def shape(raw: bytes) -> None:
    try:
        parse_shape(raw, "fuzzed.json")
    except ShapeError as error:
        one_line(error)


def profile(raw: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(raw)
        file.flush()
        try:
            load_profile(file.name)
        except (VendorError, ContractError) as error:
            one_line(error)


def previous(raw: bytes) -> None:
    try:
        read_drift(raw)
    except DriftFileError as error:
        one_line(error)


def record(raw: bytes) -> None:
    for line in raw.splitlines():
        try:
            exchange = spooled(values_of(line))
        except LineError as error:
            one_line(error)
        else:
            assert spooled(exchange_to_dict(exchange)) == exchange
            json.dumps(har([exchange]))
    try:
        spooled(json.loads(raw))
    except LineError as error:
        one_line(error)
    except (ValueError, RecursionError):
        return  # no JSON at all


def archive(raw: bytes) -> None:
    try:
        lines = list(lines_of(raw))
    except LineError as error:
        one_line(error)
        return
    for line in lines:
        try:
            if isinstance(line, LineError):
                raise line
            exchange_of(line)
        except LineError as error:
            one_line(error)


def recorded_line(raw: bytes) -> None:
    try:
        found = InferredProbe(OperationUrls(_contract())).exchange(exchange_of(values_of(raw)), 0)
    except LineError as error:
        one_line(error)
        return
    if isinstance(found, Exchange):
        judge([found], _contract())


LINE = {
    "request": {
        "method": "GET",
        "url": "https://api.siliconflow.cn/v1/batches/batch_a",
        "headers": {"Accept": "application/json", "Authorization": "Bearer sk-abcdefghijklmnop"},
    },
    "response": {
        "status": 200,
        "headers": [["Content-Type", "application/json"], ["Retry-After", "1"]],
        "body": json.dumps(samples.BODY),
    },
    "started_at": "2025-03-11T10:00:00Z",
    "elapsed": 0.12,
    "credential": "sent",
}


def strict_json(raw: bytes) -> None:
    read = parse(raw)
    for defect in read.defects:
        defect.detail.encode("utf-8")
        defect.pointer.encode("utf-8")
    if read.readable and not read.defects:
        assert json.loads(raw) == read.value or read.value != read.value


# The judge and what writes its findings


BODIES = (
    (trees(samples.BODY) | ODD).map(as_json)
    | spans(as_json(samples.BODY))
    | st.sampled_from([b'"Invalid token"', b"404 page not found", b'{"code":20012,"message":"x","data":null}'])
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Content-Type", "Content-Length", "Retry-After", "WWW-Authenticate", "Allow", "Cache-Control"]
        ),
        st.sampled_from(["application/json", "text/html; charset=x", "-1", "public", "Bearer", "", "\x1b[31m", "é" * 9])
        | st.text(st.characters(max_codepoint=255), max_size=12),
    ),
    max_size=5,
).map(tuple)
SUBJECTS = ("known", "equivalent", "unknown", "neighbour", "hostile", "outside")
CREDENTIALS = ("valid", "missing", "wrong", "nearly", "malformed", "elsewhere_query", "lower_case_scheme", "other")


@st.composite
def runs(draw: st.DrawFn) -> list[Exchange]:
    """Exchanges of one run, of any kind, in any order."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        drawn = draw(exchanges.EXCHANGES)
        response = drawn.response and replace(
            drawn.response, body=draw(BODIES), headers=draw(HEADERS), status=draw(st.sampled_from(STATUSES))
        )
        probe = Probe(
            draw(st.sampled_from(["known_ids", "unknown_ids", "hostile_ids", "lifecycle", "x"])),
            draw(st.sampled_from(["read", "control", "poll", "y"])),
            "/batches/batch_a",
            draw(st.sampled_from([None, "", "batch_a", "batch_b", "../x", "\x00", "\ud800"])),
            draw(st.sampled_from(SUBJECTS)),  # type: ignore[arg-type]
            method=draw(st.sampled_from(["GET", "HEAD", "DELETE", "BREW"])),
            credential=draw(st.sampled_from(CREDENTIALS)),
            forced_status=draw(st.sampled_from([None, None, 503, 404])),
        )
        found.append(replace(drawn, number=number // 2, attempt=number % 2, probe=probe, response=response))
    return found


STATUSES = (200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 405, 406, 414, 429, 500, 501, 503, 504, 599, 999, 100)


def judged(run: list[Exchange]) -> None:
    ledger = judge(run, _contract())
    again = judge(list(reversed(run)), _contract())
    assert [finding.id for finding in ledger.findings] == [finding.id for finding in again.findings]


def written(run: list[Exchange]) -> None:
    base = samples_report()
    report = replace(base, ledger=judge(run, base.contract))
    for name, face in FORMATS.items():
        text = face(report)
        text.encode("utf-8")
        if name.endswith((".json", ".har", ".sarif")):
            json.loads(text)
        elif name.endswith(".xml"):
            ET.fromstring(text)
    read_drift(render(report))


@cache
def _contract() -> Contract:
    return shipped_contract()


@cache
def samples_report() -> RunReport:
    return samples.run_report()


def _drift() -> Any:
    return json.loads(render(samples_report()))


def _baseline() -> bytes:
    entry = new_entry(samples.finding(), TODAY, "known since the first day")
    return (f"format: {FORMAT}\naccepted:\n" + entry_yaml(entry)).encode()


def _shape() -> bytes:
    answer = AnswerShape(3, ("application/json",), ("Content-Type",), infer([samples.BODY]))
    return shape_json(ShapeRecord("getBatchEvaluationJob", {("200", "completed"): answer})).encode()


def _all() -> Mapping[str, Target]:
    document, raw = _document()
    over = SPEC / "overlays" / "siliconflow.yaml"
    vendor = SPEC / "profiles" / "siliconflow.yaml"
    line = exchange_to_dict(samples.exchange())
    drift = _drift()
    whole = har([samples.exchange(), samples.exchange()])
    return {
        "loader": Target(files(document, raw), load),
        "overlay": Target(files(yaml.safe_load(over.read_bytes()), over.read_bytes()), overlay),
        "strict JSON": Target(BODIES | st.binary(max_size=60), strict_json),
        "judge": Target(runs(), judged),
        "report writers": Target(runs(), written),
        "baseline": Target(files(yaml.safe_load(_baseline()), _baseline()), baseline),
        "shape": Target(files(json.loads(_shape()), _shape()), shape),
        "profile": Target(files(yaml.safe_load(vendor.read_bytes()), vendor.read_bytes()), profile),
        "previous report": Target(files(drift, as_json(drift)), previous),
        "recorded exchanges and HAR": Target(files(line, as_json(line)), record),
        "HAR reader": Target(files(whole, as_json(whole)), archive),
        "recorded lines": Target(files(LINE, as_json(LINE)), recorded_line),
    }


TARGETS = _all()

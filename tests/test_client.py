"""What OpenAI's own client makes of the answers: told with the line that breaks, and no reason to fail a run."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openai
import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from judge_support import ACCEPT_JSON, COMPLETED, KNOWN, OPENAI, QUEUED, contract, openai_like, refused, sent, unknown
from recorded_support import line, ndjson
from suite_support import PLAIN, ROOT, run_suite

from batch_conformance.cli import main
from batch_conformance.client.lines import FILE_LINES, LINES, broken_by
from batch_conformance.client.reader import ClientReader
from batch_conformance.client.recording import RecordingError, recorded
from batch_conformance.client.sdk import ClientError, Sdk
from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.har import har
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.judge import judge
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.plan import CHAPTER_NAMES, CLIENT
from batch_conformance.probes.planning import build_plan
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.rules import REGISTRY
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

READER = ClientReader()
ERRORS = {"object": "list", "data": [{"code": "invalid_json_line", "message": "no", "param": None, "line": 1}]}
RULES = [rule for rule in REGISTRY if rule.startswith("client.")]


def read(*exchanges: Exchange, under: Contract | None = None) -> tuple[Finding, ...]:
    in_order = [replace(exchange, number=place, started_at=float(place)) for place, exchange in enumerate(exchanges)]
    ledger = READER(judge(in_order, under or contract()), under or contract())
    return tuple(finding for finding in ledger.findings if finding.rule.startswith("client."))


def told(*exchanges: Exchange, under: Contract | None = None) -> set[tuple[str, str, str]]:
    return {(finding.rule, finding.status, finding.pointer) for finding in read(*exchanges, under=under)}


def of_openai(changes: Mapping[str, Any] | None = None, **more: Any) -> Exchange:
    return sent({**OPENAI, **(changes or {})}, **more)


NO_SUCH = {"error": {"message": "No such batch", "type": "invalid_request_error", "param": None, "code": None}}


@dataclass(frozen=True)
class Case:
    breaks: tuple[tuple[Exchange, str], ...]
    """Each with its pointer."""
    keeps: tuple[Exchange, ...]


CASES: Mapping[str, Case] = {
    "client.no_batch": Case(
        breaks=(
            (sent(b'"in_queue"'), ""),
            (sent(b"<html>busy</html>", media_type="text/html"), ""),
            (sent(b"null"), ""),
            (sent(b"[]"), ""),
            (sent({"code": 20000, "message": "Ok", "status": True, "data": OPENAI}), ""),
            (sent({"batch_id": KNOWN, "state": {"num_requests": 1}}), ""),
        ),
        keeps=(of_openai(), of_openai(media_type="text/plain"), sent(QUEUED)),
    ),
    "client.raises": Case(
        breaks=(
            (sent(b""), ""),
            (sent(b'{"id": "batch_a"'), ""),
            (sent(b'{"id": "\xff"}'), ""),
            (sent(b"[" * 100_000), ""),
        ),
        keeps=(of_openai(), unknown(b"", media_type=None), sent(b"<html>", media_type="text/html")),
    ),
    "client.field": Case(
        breaks=(
            (of_openai({"errors": []}), "/errors"),
            (of_openai({"errors": "it failed"}), "/errors"),
            (of_openai({"errors": {"data": ["it failed"]}}), "/errors"),
            (of_openai({"request_counts": {}}), "/request_counts"),
            (of_openai({"request_counts": {"total": None, "completed": 1, "failed": 0}}), "/request_counts"),
            (of_openai({"created_at": "1711471533"}), "/created_at"),
            (of_openai({"created_at": None}), "/created_at"),
            (of_openai({"completed_at": 1711493163000}), "/completed_at"),
            (of_openai({"expires_at": "2024-03-27T16:45:33Z"}), "/expires_at"),
            (of_openai({"metadata": {"labels": ["a"]}}), "/metadata"),
            (of_openai({"metadata": []}), "/metadata"),
            (of_openai({"input_file_id": None}), "/input_file_id"),
            (of_openai({"usage": {"total_tokens": None}}), "/usage"),
        ),
        keeps=(
            of_openai(),
            of_openai({"errors": None}),
            of_openai({"errors": ERRORS}),
            of_openai({"errors": {"object": "list", "data": None}}),
            of_openai({"request_counts": None, "metadata": None, "completed_at": None, "expires_at": None}),
            of_openai({"request_counts": {"total": 0, "completed": 0, "failed": 0, "expired": 0}}),
            of_openai({"created_at": 1711471533.0, "metadata": {}}),
        ),
    ),
    "client.polling": Case(
        breaks=tuple(
            (of_openai({"status": status}), "/status")
            for status in ("in_queue", "queued", "COMPLETED", "canceled", "pending", "", None, 3)
        ),
        keeps=tuple(
            of_openai({"status": status})
            for status in ("validating", "in_progress", "finalizing", "cancelling", "failed", "expired", "cancelled")
        ),
    ),
    "client.file_id": Case(
        breaks=(
            (of_openai({"error_file_id": ""}), "/error_file_id"),
            (of_openai({"output_file_id": "https://files.example.com/a.jsonl?sig=1"}), "/output_file_id"),
        ),
        keeps=(of_openai(), of_openai({"output_file_id": None}), of_openai({"error_file_id": "file/with:slash"})),
    ),
    "client.strict": Case(
        breaks=(
            (of_openai({"errors": []}), "/errors"),
            (of_openai({"request_counts": {}}), "/request_counts"),
            (of_openai({"status": "in_queue"}), "/status"),
            (of_openai({"object": "Batch"}), "/object"),
            (of_openai({"metadata": {"a": 1}}), "/metadata"),
            (of_openai({"created_at": 1711471533.5}), "/created_at"),
        ),
        keeps=(of_openai(), of_openai({"anything": "else"}), of_openai({"errors": {}, "error_file_id": ""})),
    ),
    "client.error_class": Case(
        breaks=(
            (unknown(NO_SUCH, 400), ""),
            (refused(NO_SUCH, 403), ""),
            (refused(NO_SUCH, 404), ""),
        ),  # of an id that exists
        keeps=(
            unknown(NO_SUCH),
            refused(NO_SUCH),
            unknown(NO_SUCH, credential="wrong"),
            unknown(NO_SUCH, 429),
            unknown(NO_SUCH, 500),
            unknown(OPENAI, 200),
            sent(NO_SUCH, 404),
            sent(NO_SUCH, 400, forced=400),
            unknown(NO_SUCH, 400, subject="hostile", batch_id="' OR 1=1 --"),
        ),
    ),
    "client.error_detail": Case(
        breaks=(
            (refused(), ""),
            (unknown(), ""),
            (unknown(b"404 page not found", media_type="text/plain"), ""),
            (unknown({"detail": "Batch not found"}), ""),
            (sent({"error": "busy"}, 503, forced=503), ""),
        ),
        keeps=(
            unknown(NO_SUCH),
            unknown({"code": 20012, "message": "Model does not exist.", "data": None}, 400),
            unknown(b"", media_type=None),
            sent({"detail": "no"}, 404, forced=400),
        ),
    ),
}


def test_every_rule_of_the_client_has_a_case() -> None:
    assert list(CASES) == RULES
    assert all(case.breaks and case.keeps for case in CASES.values())


@pytest.mark.parametrize("rule", RULES)
def test_what_breaks_a_line_of_user_code_is_told_at_its_place(rule: str) -> None:
    for exchange, pointer in CASES[rule].breaks:
        found = [finding for finding in read(exchange, under=openai_like()) if finding.rule == rule]
        assert [finding.pointer for finding in found] == [pointer], exchange.response


@pytest.mark.parametrize("rule", RULES)
def test_what_the_client_copes_with_is_spared(rule: str) -> None:
    for exchange in CASES[rule].keeps:
        assert rule not in {finding.rule for finding in read(exchange, under=openai_like())}, exchange.response


@pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing", "completed", "failed", "cancelled"])
def test_a_server_of_openais_form_breaks_no_line(status: str) -> None:
    least = {name: OPENAI[name] for name in ("id", "object", "endpoint", "input_file_id", "completion_window")}
    ended = {"errors": ERRORS if status == "failed" else None, "error_file_id": None, "metadata": {"a": "b"}}
    answers = (
        of_openai({"status": status, **ended}),
        sent({**least, "status": status, "created_at": 1711471533}),
        unknown(NO_SUCH),
        refused(NO_SUCH),
    )
    assert told(*answers) == set()


def test_each_finding_names_the_line_that_breaks_what_happens_and_where_the_client_types_it() -> None:
    found = {(finding.rule, finding.pointer): finding for finding in read(sent(QUEUED))}
    errors = found["client.field", "/errors"]
    assert str(errors.expected) == (
        "OpenAI's client: `batch.errors is not None and [error.message for error in batch.errors.data or []]` runs"
    )
    assert str(errors.observed) == "AttributeError: 'list' object has no attribute 'data'"
    assert errors.location is not None
    assert errors.location.file == f"openai-python {openai.__version__}, src/openai/types/batch.py"
    typed = (ROOT / openai.types.batch.__file__).read_text(encoding="utf-8").splitlines()
    assert typed[errors.location.line - 1].strip().startswith("errors: Optional[Errors]")
    assert "None" in str(found["client.field", "/request_counts"].observed)
    assert str(found["client.polling", "/status"].observed).startswith('string "in_queue": the loop ends at once')
    assert str(found["client.strict", "/errors"].observed).startswith("APIResponseValidationError: ")


def test_a_vendor_that_does_what_its_own_document_says_is_not_the_side_to_mend_it() -> None:
    found = read(sent(QUEUED), sent({**COMPLETED, "output_file_id": "https://a.example/b"}), unknown(), refused())
    assert {(finding.level, finding.side) for finding in found} == {("info", "document")}
    drifting = read(sent({**QUEUED, "created_at": "1741685413"}))
    sides = {finding.pointer: finding.side for finding in drifting if finding.rule == "client.field"}
    assert sides == {"/errors": "document", "/request_counts": "document", "/created_at": "server"}


def test_what_customers_named_themselves_is_not_told() -> None:
    found = read(sent({**QUEUED, "metadata": {"name-of-a-customer": ["secret-value"]}}))
    of_metadata = [finding for finding in found if finding.pointer == "/metadata"]
    assert {finding.rule for finding in of_metadata} == {"client.field", "client.strict"}
    assert not any("customer" in str(f.observed) or "secret" in str(f.observed) for f in of_metadata)
    random = [read(sent({**QUEUED, "status": f"state {number}!"})) for number in range(3)]
    assert len({f.id for found in random for f in found if f.rule == "client.polling"}) == 1


def test_what_no_client_would_have_asked_is_not_read() -> None:
    html = (("Accept", "text/html"),)
    for exchange in (
        sent(b"<html>", media_type="text/html", asked=html),
        sent(b"", method="HEAD"),
        sent(b"oops", 500, subject="hostile", batch_id="%zz"),
        sent(b"", 302, headers=(("Location", "/elsewhere"),)),
        sent(b'{"id"', truncated=True),
        sent(b"", answered=False),
    ):
        assert told(exchange) == set(), exchange


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
BATCHES = st.fixed_dictionaries({}, optional=dict.fromkeys((*OPENAI, "errors", "error_file_id"), JSON_VALUES))


@settings(deadline=None, max_examples=150)
@given(st.one_of(BATCHES, JSON_VALUES, st.binary(max_size=40)), st.sampled_from([200, 201, 400, 401, 404, 503]))
def test_no_body_makes_the_reader_fail_or_say_more_than_a_line(body: Any, status: int) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    for finding in read(sent(raw, status), unknown(raw, status)):
        assert finding.level == "info"
        for text in (str(finding.expected), str(finding.observed), finding.kind):
            assert text == text.strip()
            assert 0 < len(text) <= 200
            text.encode()


def test_no_line_is_there_that_the_clients_types_do_not_promise() -> None:
    least = {"id": "", "object": "batch", "endpoint": "", "input_file_id": "", "completion_window": "", "created_at": 0}
    batch = openai.types.Batch.model_validate({**least, "status": "failed"})
    assert list(broken_by(batch, READER.sdk.client, LINES + FILE_LINES)) == []
    named = {line.pointer[1:] for line in LINES + FILE_LINES}
    assert named == set(openai.types.Batch.model_fields) - {"object", "status"}


def audit(mock: EmbeddedMock, **more: Any) -> RunReport:
    given: dict[str, Any] = {"base_url": mock.base_url, "batch_ids": mock.batch_ids, "client": "openai"}
    settled = settle({"BATCH_API_KEY": mock.key}, **{**given, "exploration": "quick", **more})
    run = begin(settled, seed=None, command="pytest")
    try:
        run.runner.perform([name for name in CHAPTER_NAMES if name != "lifecycle"])
        return run.report()
    finally:
        run.close()


def test_what_is_read_off_an_exchange_is_what_the_client_reads_off_the_wire() -> None:
    with EmbeddedMock() as mock:
        report = audit(mock)
        asked = {e.probe.subject: e for e in report.ledger.exchanges if e.probe.chapter == CLIENT}
        offline = {subject: READER.sdk.read(e.response) for subject, e in asked.items() if e.response is not None}
        with openai.OpenAI(api_key=mock.key, base_url=mock.base_url, max_retries=0) as client:
            live = client.batches.retrieve(str(asked["known"].probe.batch_id))
            with pytest.raises(openai.NotFoundError) as caught:
                client.batches.retrieve(str(asked["unknown"].probe.batch_id))
    assert live == offline["known"].returned
    assert type(offline["unknown"].raised) is openai.NotFoundError
    assert (caught.value.message, caught.value.body) == (
        offline["unknown"].raised.message,
        offline["unknown"].raised.body,
    )


def test_the_chapter_asks_in_the_clients_own_words_and_with_nothing_of_this_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-another")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.invalid/v1")
    with EmbeddedMock() as mock:
        report = audit(mock)
    asked = [exchange for exchange in report.ledger.exchanges if exchange.probe.chapter == CLIENT]
    assert {exchange.probe.subject for exchange in asked} == {"known", "unknown"}
    for exchange in asked:
        headers = {name.lower(): value for name, value in exchange.request.headers}
        assert headers["user-agent"] == f"OpenAI/Python {openai.__version__}"
        assert headers["accept"] == "application/json"
        assert headers["x-stainless-lang"] == "python"
        assert "[redacted]" in headers["authorization"]
        assert not any("secret" in value for value in headers.values())
        assert exchange.request.url == f"{mock.base_url}/batches/{exchange.probe.batch_id}"


def test_a_conforming_vendor_conforms_with_the_client_named_too() -> None:
    with EmbeddedMock() as mock:
        report = audit(mock)
        without = audit(mock, client=None)
    assert (report.verdict, report.exit_code) == ("conforms", 0)
    assert {f.level for f in report.ledger.findings if f.rule.startswith("client.")} == {"info"}
    states = {r.clause.rule: r.state for r in report.ledger.clauses if r.clause.rule.startswith("client.")}
    assert list(states) == RULES
    assert states["client.no_batch"] == states["client.error_class"] == "kept"
    assert states["client.field"] == states["client.strict"] == "broken"
    assert not any(f.rule.startswith("client.") for f in without.ledger.findings)
    assert not any(e.probe.chapter == CLIENT for e in without.ledger.exchanges)


@pytest.mark.parametrize(
    ("drift", "expected", "side", "verdict"),
    [
        ("created_at_string", ("client.field", "200", "/created_at"), "server", "drift"),
        ("unknown_400", ("client.error_class", "400", ""), "document", "conforms"),
    ],
)
def test_what_a_server_does_to_a_user_is_told_whether_it_may_or_not(
    drift: str, expected: tuple[str, str, str], side: str, verdict: str
) -> None:
    with EmbeddedMock(drifts=[drift]) as mock:
        report = audit(mock)
    found = {(f.rule, f.status, f.pointer): f for f in report.ledger.findings}
    assert (found[expected].level, found[expected].side) == ("info", side)
    assert report.verdict == verdict


def test_a_server_that_turns_the_client_away_by_its_name_is_found() -> None:
    _, headers = READER.sdk.asks(KNOWN)
    turned_away = sent("Forbidden", 403, asked=headers, number=1)
    found = judge([replace(sent(QUEUED), number=0), turned_away], contract()).findings
    assert ("stability.answer_changed", "should") in {(finding.rule, finding.level) for finding in found}


def test_a_vendor_that_serves_its_batches_elsewhere_is_not_asked_by_the_client() -> None:
    elsewhere = contract().moved({"/batches/{batch_id}": "/v1/jobs/{batch_id}"})
    plan = build_plan(
        elsewhere, [KNOWN], exploration="quick", seed=None, loopback=True, unsafe=False, client=READER.sdk.asks
    )
    assert plan.counts()[CLIENT] == 0
    assert any("chapter client is empty" in note for note in map(str, plan.notes))
    ordinary = build_plan(
        contract(), [KNOWN], exploration="quick", seed=None, loopback=True, unsafe=False, client=READER.sdk.asks
    )
    assert ordinary.counts()[CLIENT] == 2
    assert all(probe.headers != ACCEPT_JSON for _, probe in ordinary.chapter(CLIENT))


def test_the_suite_has_a_test_for_each_rule_of_a_client_where_one_is_named(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, "--client=openai", "--exploration=quick")
    assert outcome.code == 0, outcome.text
    cases = ET.parse(tmp_path / "junit.xml").getroot().findall(".//testcase[@classname='suites.test_client']")
    assert {case.get("name") for case in cases} >= {
        "test_a_success_is_a_batch_to_the_client",
        "test_the_client_raises_the_error_of_the_case",
    }
    assert len(cases) == len([name for name in REGISTRY if name.startswith("client.")])
    assert ("client.field", "200", "/errors") in outcome.findings("info")
    assert outcome.drift["complete"] is True


def test_what_a_run_recorded_is_read_again_without_a_target(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        report = audit(mock)
    archive = tmp_path / "exchanges.har"
    archive.write_text(json.dumps(har(report.ledger.exchanges)), encoding="utf-8")
    done = CliRunner().invoke(main, ["client", str(archive), "--format", "json"])
    assert done.exit_code == 0, done.output
    offline = {(f["rule"], f["status"], f["pointer"], f["observed"]) for f in json.loads(done.output)["findings"]}
    classes = {error["status"]: error["class"] for error in json.loads(done.output)["errors"]}
    assert classes[401] == "AuthenticationError"
    assert classes[404] == "NotFoundError"
    assert {classes.get(status) for status in (503, 504)} <= {"InternalServerError", None}
    found = [f for f in report.ledger.findings if f.rule.startswith("client.")]
    assert offline == {(f.rule, f.status, f.pointer, str(f.observed)) for f in found}
    shown = CliRunner().invoke(main, ["client", str(archive)]).output
    assert "AttributeError: 'list' object has no attribute 'data'" in shown
    assert "404 raises openai.NotFoundError, " in shown


def test_exchanges_one_per_line_are_read_as_validate_reads_them(tmp_path: Path) -> None:
    lines = tmp_path / "traffic.ndjson"
    lines.write_bytes(ndjson(line(), b"broken", line({"code": 20042}, 404, batch_id="batch_gone"), line(method="POST")))
    done = CliRunner().invoke(main, ["client", str(lines)])
    assert done.exit_code == 0, done.output
    assert "1 success and 1 error read" in done.output
    assert "client.field 200 /errors" in done.output


def test_an_archive_of_another_tool_is_read_for_what_it_says(tmp_path: Path) -> None:
    body = base64.b64encode(json.dumps({**QUEUED, "status": "QUEUED"}).encode()).decode()
    entry = {
        "request": {"method": "GET", "url": "https://api.example.com/v1/batches/batch_a?x=1", "headers": []},
        "response": {
            "status": 200,
            "headers": [{"name": "Content-Encoding", "value": "br"}],
            "content": {"mimeType": "application/json", "text": body, "encoding": "base64"},
        },
    }
    other = {
        "request": {"method": "GET", "url": "https://api.example.com/", "headers": []},
        "response": {"status": 200},
    }
    archive = tmp_path / "browser.har"
    archive.write_text(json.dumps({"log": {"version": "1.2", "entries": [other, entry]}}), encoding="utf-8")
    done = CliRunner().invoke(main, ["client", str(archive)])
    assert done.exit_code == 0, done.output
    assert "1 success and 0 errors" in done.output
    assert 'string "QUEUED": the loop ends at once' in done.output


@pytest.mark.parametrize(
    "content", ["", "{}", '{"log": {"entries": []}}', '{"log": {"entries": [1]}}', '{"log": {"entries": 1}}', "\udcff"]
)
def test_a_file_without_recorded_answers_is_one_line_and_exit_4(tmp_path: Path, content: str) -> None:
    file = tmp_path / "file.har"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    for path in (file, tmp_path / "none.har", tmp_path):
        done = CliRunner().invoke(main, ["client", str(path)])
        assert (done.exit_code, len(done.output.strip().splitlines())) == (4, 1), done.output
        assert path.name in done.output


PLACES = [
    *((name,) for name in ("request", "response", "comment", "_credential")),
    *(("request", name) for name in ("method", "url", "headers")),
    *(("response", name) for name in ("status", "headers", "content")),
    *(("response", "content", name) for name in ("mimeType", "text", "encoding", "comment")),
]


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(PLACES), JSON_VALUES | st.floats() | st.just("base64"))
@example(("response", "status"), float("inf"))
@example(("response", "status"), 10**30)
def test_whatever_stands_in_an_archive_it_is_read_or_refused(place: tuple[str, ...], value: Any) -> None:
    entry = json.loads(json.dumps(har([sent(QUEUED)])["log"]["entries"][0]))
    inner = entry
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "odd.har"
        archive.write_text(json.dumps({"log": {"entries": [entry]}}), encoding="utf-8")
        with contextlib.suppress(RecordingError):
            READER(judge(recorded([archive], contract()), contract()), contract())


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ClientError, match=r"pip install 'batch-conformance\[client\]'"):
        Sdk()


def test_without_the_extra_the_run_is_a_wrong_usage_and_not_a_pass(tmp_path: Path) -> None:
    program = (
        f"import sys, pytest; sys.modules['openai'] = None; sys.exit(pytest.main({[*PLAIN, '--client=openai']!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"--reports-dir={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    said = [line for line in (done.stdout + done.stderr).splitlines() if "batch-conformance[client]" in line]
    assert len(said) == 1
    assert "Traceback" not in done.stdout + done.stderr

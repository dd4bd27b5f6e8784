"""Another contract, another server: the judge follows a contract of the OpenAI form over real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from judge_support import DATA, OPENAI

from batch_conformance.probes.plan import CHAPTER_NAMES
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

KEY = "sk-openai-form-0123456789"
KNOWN = {
    "batch_abc123": {**OPENAI, "id": "batch_abc123", "errors": None, "failed_at": None, "expired_at": None},
    "batch_def456": {
        **{name: OPENAI[name] for name in OPENAI if not name.endswith(("_at", "output_file_id"))},
        "created_at": OPENAI["created_at"],
        "id": "batch_def456",
        "status": "validating",
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": None,
        "usage": None,
    },
}


@contextmanager
def serving(batches: Mapping[str, Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = unquote(self.path.partition("?")[0]).removeprefix("/v1/batches/")
            if self.headers.get("Authorization", "").split(" ", 1)[-1:] != [KEY] or not self._is_bearer():
                self._answer(401, self._error("invalid_api_key"), ("WWW-Authenticate", 'Bearer realm="OpenAI API"'))
            elif asked not in batches:
                self._answer(404, self._error("batch_not_found"))
            else:
                self._answer(200, batches[asked])

        do_HEAD = do_GET  # noqa: N815 - the name is the library's

        def _is_bearer(self) -> bool:
            return self.headers.get("Authorization", "").lower().startswith("bearer ")

        def _error(self, code: str) -> Any:
            return {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": code}}

        def _answer(self, status: int, value: Any, *headers: tuple[str, str]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            for name, text in (("Content-Type", "application/json"), ("X-Request-Id", "req_1234"), *headers):
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def audit(batches: Mapping[str, Any]) -> RunReport:
    with serving(batches) as base_url:
        settings = settle(
            {"BATCH_API_KEY": KEY},
            base_url=base_url,
            batch_ids=tuple(KNOWN),
            contract=str(DATA / "openai-like.yaml"),
            exploration="quick",
        )
        run = begin(settings, seed=None, command="pytest")
        try:
            run.runner.perform([name for name in CHAPTER_NAMES if name != "lifecycle"])  # its pauses teach nothing here
            return run.report()
        finally:
            run.close()


def test_a_server_that_keeps_it_conforms_and_its_401_and_404_are_information() -> None:
    report = audit(KNOWN)
    assert [f"{f.rule} {f.status} {f.pointer}" for f in report.ledger.findings if f.level != "info"] == []
    assert (report.verdict, report.exit_code, report.contract.repaired) == ("conforms", 0, True)
    told = {(finding.rule, finding.status) for finding in report.ledger.findings if finding.rule != "body.seen"}
    assert {("response.undocumented_error", "401"), ("response.undocumented_error", "404")} <= told


def test_a_server_that_drifts_from_it_is_found_out_at_the_clause() -> None:
    drifted = {name: {**body, "object": "Batch"} for name, body in KNOWN.items()}
    report = audit(drifted)
    weighty = [(f.rule, f.status, f.pointer) for f in report.ledger.findings if f.level != "info"]
    assert weighty == [("body.enum", "200", "/object")]
    assert report.exit_code == 1

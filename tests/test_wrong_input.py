"""Wrong input: one clear line, the right exit code, no traceback."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from http_server import listening
from suite_support import run_suite

from batch_conformance.mock.process import EmbeddedMock

REMOTE = "https://batches.invalid/v1"


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


USAGE = [
    (("--base-url=api.example.com/v1",), "has no scheme"),
    (("--base-url=ftp://api.example.com/v1",), "only http:// and https://"),
    (("--base-url=http://127.0.0.1:9/v1/batches",), "http://127.0.0.1:9/v1"),
    (("--base-url=https://user:secret@api.example.com/v1",), "contains credentials"),
    (("--base-url=https://api.example.com/v1?x=1",), "drop everything from '?'"),
    (("--base-url=https://api.example.com:99999/v1",), "no usable host and port"),
    ((f"--base-url={REMOTE}",), "no key for https://batches.invalid/v1: put it into the environment variable"),
    (("--contract=no-such-file.yaml",), "there is no contract 'no-such-file.yaml'"),
    (("--overlay=no-such-overlay.yaml",), "cannot read the overlay no-such-overlay.yaml"),
    (("--max-requests=0",), "--max-requests 0 is not possible: give at least 1"),
    (("--max-duration=-1",), "--max-duration -1 is not possible"),
    (("--request-timeout=0",), "--request-timeout 0 is not possible"),
    (("--retries=99",), "--retries 99 is not possible"),
    (("--rate-limit=fast",), "'fast' is no rate limit: write"),
    (("--exploration=all",), "invalid choice: 'all'"),
    (("--fail-on=info",), "invalid choice: 'info'"),
    (("--api-key-env=",), "--api-key-env"),
]


@pytest.mark.parametrize(("arguments", "line"), USAGE, ids=[case[0][0] for case in USAGE])
def test_a_usage_error_is_one_line_and_exit_code_4(tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    outcome = run_suite(tmp_path / "reports", *arguments)
    assert outcome.code == 4, outcome.text
    assert line in outcome.text
    assert "Traceback" not in outcome.text
    assert "secret" not in outcome.text
    assert not (tmp_path / "reports" / "drift.json").exists()


BROKEN_CONTRACTS = {
    "not yaml": ("a: [1,", "neither YAML nor JSON"),
    "not openapi": ("hello: world", "no OpenAPI 3.0, 3.1 or 3.2 document"),
    "swagger": ("swagger: '2.0'\npaths: {}", "Swagger 2.0"),
    "no such operation": ("openapi: 3.0.0\npaths: {/models: {get: {responses: {}}}}", "no operation GET /batches"),
    "remote reference": (
        "openapi: 3.0.0\npaths: {'/batches/{id}': {get: {responses: {'200': {$ref: 'http://x/y'}}}}}",
        "leaves the document",
    ),
    "operation in another file": (
        "openapi: 3.0.0\npaths:\n  '/batches/{id}':\n    get:\n      $ref: batches.yaml\n",
        "contract.yaml:5: the reference 'batches.yaml' leaves the document; only local ones (#/…) and "
        "files in its folder are read",
    ),
}


@pytest.mark.parametrize("name", BROKEN_CONTRACTS)
def test_a_contract_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    text, line = BROKEN_CONTRACTS[name]
    outcome = run_suite(tmp_path / "reports", "--contract=" + write(tmp_path / "contract.yaml", text))
    assert outcome.code == 4, outcome.text
    assert line in outcome.text
    assert "Traceback" not in outcome.text


def test_an_overlay_that_matches_nothing_is_refused_with_its_target(tmp_path: Path) -> None:
    text = "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions:\n- target: $.paths['/nope']\n  remove: true\n"
    outcome = run_suite(tmp_path / "reports", "--overlay=" + write(tmp_path / "overlay.yaml", text))
    assert outcome.code == 4
    assert "overlay.yaml:4" in outcome.text
    assert "matches nothing" in outcome.text


def test_a_reports_folder_that_cannot_be_made_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    outcome = run_suite(tmp_path / "file" / "reports")
    assert outcome.code == 4
    assert "cannot write reports to" in outcome.text
    assert "--reports-dir" in outcome.text


def test_a_report_that_cannot_be_written_in_the_end_is_exit_code_3_and_the_others_are_there(tmp_path: Path) -> None:
    (tmp_path / "drift.html").mkdir()
    (tmp_path / "drift.html" / "in the way").touch()
    outcome = run_suite(tmp_path, "-k", "authentication")
    assert outcome.code == 3
    assert "cannot write" in outcome.text
    assert (tmp_path / "drift.json").is_file()
    assert "Traceback" not in outcome.text


def test_a_local_target_that_wants_a_key_and_got_none_is_a_usage_error(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        outcome = run_suite(tmp_path / "reports", mock=mock, env={"BATCH_API_KEY": ""})
    assert outcome.code == 4
    assert "asks for a key (401)" in outcome.text


def test_a_local_target_that_wants_no_key_is_audited_with_a_made_up_one(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["token_not_required", "any_token"]) as mock:
        outcome = run_suite(tmp_path, mock=mock, env={"BATCH_API_KEY": ""})
    assert outcome.code == 1
    assert "auth.missing_accepted" in {rule for rule, _, _ in outcome.findings()}


def test_a_trailing_slash_on_the_base_url_is_no_mistake(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        env = {"BATCH_API_KEY": mock.key, "BATCH_IDS": mock.batch_ids[0]}
        outcome = run_suite(tmp_path, f"--base-url={mock.base_url}/", "--exploration=quick", env=env)
    assert outcome.code == 0, outcome.text


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://batches.invalid/v1", "batches.invalid"),
        ("https://127.0.0.1:{port}/v1", "TLS"),
    ],
)
def test_a_target_that_cannot_be_reached_is_inconclusive_and_named(tmp_path: Path, url: str, line: str) -> None:
    with EmbeddedMock() as mock:
        port = mock.base_url.rpartition(":")[2].partition("/")[0]
        target = "--base-url=" + url.format(port=port)
        outcome = run_suite(tmp_path, target, env={"BATCH_API_KEY": "sk-x"})
    assert outcome.code == 6, outcome.text
    assert line.lower() in outcome.text.lower()
    assert "Traceback" not in outcome.text
    assert outcome.drift["verdict"] == "inconclusive"


def test_a_batch_id_that_the_target_does_not_know_is_inconclusive_not_drift(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        outcome = run_suite(tmp_path, mock=mock, env={"BATCH_IDS": "batch_nobodyhas"})
    assert outcome.code == 6
    assert outcome.findings("must", "should") == []
    assert "not expired?" in " ".join(outcome.drift["missing"])


def test_a_base_url_below_which_there_is_nothing_is_asked_after(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "site"))
    with listening(handler) as origin:
        env = {"BATCH_API_KEY": "sk-x", "BATCH_IDS": "batch_a"}
        outcome = run_suite(tmp_path, f"--base-url={origin}", "--exploration=quick", env=env)
    assert f"is {origin}/batches/{{batch_id}} the right path?" in " ".join(outcome.drift["missing"])


def test_one_of_several_ids_that_is_gone_is_named_in_a_note(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        ids = {"BATCH_IDS": f"{mock.batch_ids[0]},batch_nobodyhas"}
        outcome = run_suite(tmp_path, "--exploration=quick", mock=mock, env=ids)
    assert outcome.code == 0, outcome.text
    assert "batch_nobodyhas: 404 at every read." in " ".join(outcome.text.split())
    assert mock.batch_ids[0] + ": 404" not in outcome.text

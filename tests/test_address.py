"""A base URL that ends in what the paths of the document begin with is said before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from operation_support import counting, of, operation, write
from suite_support import run_suite

from batch_conformance.cli import main
from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.path_template import repeated
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.message_json import from_json
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.report.language import CHINESE
from batch_conformance.run.live.address import AddressError, check_address, missing_prefix

PATH = "/v1/batches/{id}"


def document(path: str = PATH, *servers: str) -> dict[str, Any]:
    more = {"servers": [{"url": url} for url in servers]} if servers else {}
    return of({path: {"get": operation(path, "getBatch")}}, **more)


def contract(path: str = PATH, *servers: str) -> Contract:
    return compile_contract(parse_document(json.dumps(document(path, *servers)).encode(), "api.json"))


@pytest.mark.parametrize(
    ("base", "path", "meant"),
    [
        ("https://x/v1", "/v1/batches/{id}", "https://x"),
        ("https://x/v1/", "/v1/batches/{id}", "https://x"),
        ("https://x:8443/api/v1", "/v1/batches/{id}", "https://x:8443/api"),
        ("https://x/api/v1", "/api/v1/batches/{id}", "https://x"),
        ("https://x/v1/batch", "/v1/batch/jobs/{id}", "https://x"),
        ("https://x/v1/batch", "/batch/jobs/{id}", "https://x/v1"),
        ("https://x/v1/files", "/files/{id}", "https://x/v1"),
        ("https://x/v1", "/v1/{id}", "https://x"),
        ("https://x/v1/v1", "/v1/batches/{id}", "https://x/v1"),
        ("https://x/v1/batches", "/batches/{id}", "https://x/v1"),
        ("https://x/v1/batches/", "/batches/{id}", "https://x/v1"),
        ("https://x/v1/batches/batch_1", "/batches/{id}", "https://x/v1"),
        ("https://x/v1/batches/batch_1", "/v1/batches/{id}", "https://x"),
        ("https://x/v1/batches/{batch_id}", "/batches/{id}", "https://x/v1"),
        ("https://x/jobs/0192-aa", "/jobs/{id}", "https://x"),
    ],
)
@pytest.mark.parametrize("servers", [(), ("https://api.example.com",), ("https://api.example.com/v2", "/")])
def test_what_was_probably_meant_is_said(base: str, path: str, meant: str, servers: tuple[str, ...]) -> None:
    with pytest.raises(AddressError) as caught:
        check_address(parse_base_url(base), contract(path, *servers))
    told = str(caught.value)
    assert told.startswith(f"the base URL is probably {meant}, not {parse_base_url(base)}: ")
    assert "api.json:" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://x", "/v1/batches/{id}"),
        ("https://x/v1", "/batches/{id}"),
        ("https://x/v11", "/v1/batches/{id}"),
        ("https://x/v1", "/v11/batches/{id}"),
        ("https://x/v1", "/{id}"),
        ("https://x/v1/openai", "/v1/batches/{id}"),
        ("https://x/batches", "/jobs/{id}"),
        ("https://x/batches/v1", "/batches/{id}"),
        ("https://x/batches/v1", "/jobs/{id}"),
        ("https://x/batches/api", "/batches/{id}"),
        ("https://x/accounts/batch_1", "/batches/{id}"),
    ],
)
def test_what_only_looks_alike_is_nothing_to_speak_of(base: str, path: str) -> None:
    assert check_address(parse_base_url(base), contract(path)) is None


@pytest.mark.parametrize("server", ["https://api.example.com/v1", "https://api.example.com/v1/", "/v1", "/api/v1"])
def test_a_document_whose_servers_repeat_it_too_may_mean_it(server: str) -> None:
    doubt = check_address(parse_base_url("http://x/v1"), contract(PATH, "https://other", server))
    assert "http://x/v1/v1/batches/{id} is asked for" in str(doubt)
    assert str(doubt).endswith("the base URL is http://x.")
    assert CHINESE.render(doubt) != str(doubt)


SEGMENTS = st.lists(st.sampled_from(["v1", "v2", "api", "batch"]), max_size=4).map(
    lambda one: "".join(f"/{s}" for s in one)
)


@given(SEGMENTS, SEGMENTS, SEGMENTS)
def test_what_is_repeated_is_the_longest_that_is_in_both(before: str, both: str, after: str) -> None:
    found = repeated(before + both, f"{both}{after}/{{id}}")
    assert len(found) >= len(both)
    assert (before + both).endswith(found)
    assert f"{both}{after}/".startswith(found + "/") or not found
    assert repeated(before, "/{id}") == ""


def test_the_servers_path_that_a_base_url_lacks_is_known() -> None:
    assert missing_prefix(parse_base_url("http://x"), contract("/batches/{id}", "https://api/v1")) == "/v1"
    for base, servers in (
        ("http://x/v1", ("https://api/v1",)),
        ("http://x/proxy/v1", ("https://api/v1",)),
        ("http://x", ()),
        ("http://x", ("https://api/v1", "https://api")),
        ("http://x", ("https://api/{version}",)),
    ):
        assert missing_prefix(parse_base_url(base), contract("/batches/{id}", *servers)) == ""


@pytest.mark.parametrize(
    "more", [(), ("--plan",), ("-n2",), ("--discover",)], ids=["run", "plan", "parallel", "discover"]
)
def test_a_run_is_refused_before_anything_is_sent(tmp_path: Path, more: tuple[str, ...]) -> None:
    api = write(tmp_path, document())
    with counting() as (origin, asked):
        outcome = run_suite(tmp_path / "r", f"--contract={api}", f"--base-url={origin}/v1", "--batch-id=b1", *more)
    assert outcome.code == 4, outcome.text
    assert f"the base URL is probably {origin}, not" in outcome.text
    assert "Traceback" not in outcome.text
    assert asked == []
    assert not (tmp_path / "r" / "drift.json").exists()


def test_so_is_one_by_the_variable_and_one_by_a_profile(tmp_path: Path) -> None:
    api = write(tmp_path, document())
    with counting() as (origin, asked):
        by_variable = run_suite(tmp_path / "r", f"--contract={api}", env={"PYTEST_BASE_URL": f"{origin}/v1"})
        address = {"base_url": f"{origin}/v1", "source": "made up for this test"}
        held_to = {"name": api, "source": "made up for this test"}
        profile = {"profile": 1, "title": "Own", "address": address, "contract": held_to}
        vendor = write(tmp_path, profile, "own.yaml")
        by_profile = run_suite(tmp_path / "r", f"--vendor={vendor}", env={"BATCH_API_KEY": "sk-x"})
    for outcome in (by_variable, by_profile):
        assert (outcome.code, f"the base URL is probably {origin}, not" in outcome.text) == (4, True), outcome.text
    assert asked == []


def test_so_is_a_target_of_an_audit_file(tmp_path: Path) -> None:
    api = write(tmp_path, document())
    with counting() as (origin, asked):
        targets = [{"name": "twice", "base_url": f"{origin}/v1", "options": {"contract": api}}]
        file = tmp_path / "audit.yaml"
        file.write_text(yaml.safe_dump({"targets": targets}))
        done = CliRunner().invoke(main, ["audit", str(file), f"--reports-dir={tmp_path / 'r'}"])
    assert done.exit_code == 4, done.output
    assert f"the base URL is probably {origin}, not" in done.output
    assert asked == []


def test_so_is_recorded_traffic_below_such_a_base_url(tmp_path: Path) -> None:
    api = write(tmp_path, document())
    (tmp_path / "a.ndjson").write_text("{}\n")
    arguments = ["validate", str(tmp_path / "a.ndjson"), f"--contract={api}", "--base-url=https://x/v1"]
    done = CliRunner().invoke(main, [*arguments, f"--reports-dir={tmp_path}"])
    assert (done.exit_code, "the base URL is probably https://x, not" in done.output) == (4, True), done.output


@pytest.mark.parametrize("more", [(), ("-n2",)], ids=["one", "parallel"])
def test_where_the_document_may_mean_it_a_first_request_that_finds_nothing_ends_the_run(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    api = write(tmp_path, document(PATH, "https://api.example.com/v1"))
    with counting() as (origin, asked):
        arguments = (f"--contract={api}", f"--base-url={origin}/v1", "--batch-id=b1", *more)
        outcome = run_suite(tmp_path / "r", *arguments, env={"BATCH_API_KEY": "sk-x"})
    assert outcome.code == 4, outcome.text
    assert f"WARNING: The document's servers end in /v1 and its paths begin with it, so {origin}/v1/v1" in outcome.text
    assert f"{origin}/v1/v1/batches/b1 was answered 404: is the base URL wrong? The document's" in outcome.text
    assert "Traceback" not in outcome.text
    assert not (tmp_path / "r" / "drift.json").exists()
    assert asked == ["/v1/v1/batches/b1"]


def test_there_a_server_that_is_asked_for_no_id_that_exists_is_asked_after(tmp_path: Path) -> None:
    api = write(tmp_path, document(PATH, "https://api.example.com/v1"))
    with counting() as (origin, asked):
        arguments = (f"--contract={api}", f"--base-url={origin}/v1")
        planned = run_suite(tmp_path / "r", *arguments, "--plan", env={"BATCH_API_KEY": "sk-x"})
        assert (planned.code, asked) == (0, [])
        assert "WARNING: The document's servers end in /v1" in planned.text
        outcome = run_suite(tmp_path / "r", *arguments, env={"BATCH_API_KEY": "sk-x"})
    assert (outcome.code, "with --batch-id" in outcome.text, len(asked)) == (4, True, 1), outcome.text


@pytest.mark.parametrize(
    ("more", "first"),
    [
        (("--create=tiny-1",), "/v1/v1/batches?limit=20"),
        (("--discover",), "/v1/v1/batches?limit=20"),
        (("--create=tiny-1", "--batch-id=b1"), "/v1/v1/batches/b1"),
        (("--create=tiny-1", "-n2"), "/v1/v1/batches?limit=20"),
    ],
    ids=["create", "discover", "create beside an id", "create in parallel"],
)
def test_a_doubtful_base_url_is_checked_before_a_batch_is_made_or_a_list_read(
    tmp_path: Path, more: tuple[str, ...], first: str
) -> None:
    api = write(tmp_path, document(PATH, "https://api.example.com/v1"))
    with counting() as (origin, asked):
        arguments = (f"--contract={api}", f"--base-url={origin}/v1", *more)
        outcome = run_suite(tmp_path / "r", *arguments, env={"BATCH_API_KEY": "sk-x"})
    assert (outcome.code, asked) == (4, [first]), outcome.text
    assert f"{origin}{first} was answered 404: is the base URL wrong" in outcome.text
    assert outcome.text.index("WARNING: The document's servers") < outcome.text.index("was answered 404")
    assert "Traceback" not in outcome.text


def test_where_the_document_means_it_the_run_is_like_any_other(tmp_path: Path) -> None:
    api = write(tmp_path, document(PATH, "https://api.example.com/v1"))
    with EmbeddedMock(mock_spec=mock_spec_of(load_contract(api, choice=OperationChoice("getBatch")))) as mock:
        assert mock.base_url.endswith("/v1")
        outcome = run_suite(tmp_path / "r", f"--contract={api}", mock=mock)
    assert outcome.code == 0, outcome.text


def test_a_base_url_that_lacks_the_path_of_the_documents_server_is_told_of_it(tmp_path: Path) -> None:
    secured = {**document("/batches/{id}", "https://api.example.com/openai/v1"), "security": [{"key": []}]}
    api = write(tmp_path, secured)
    with counting() as (origin, _):
        arguments = (f"--contract={api}", f"--base-url={origin}", "--batch-id=b1", "--exploration=quick")
        outcome = run_suite(tmp_path / "r", *arguments, env={"BATCH_API_KEY": "sk-x"})
    (missing,) = outcome.drift["missing"]
    assert missing.endswith(f"is {origin}/batches/{{id}} the right path? The document's server ends in /openai/v1)")
    (message,) = outcome.drift["messages"]["missing"]
    assert "/openai/v1" in CHINESE.render(from_json(message)) != missing

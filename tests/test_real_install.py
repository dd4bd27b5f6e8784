"""What the tests do to have servers of other makers: installing, and saying so where that cannot be done."""

from __future__ import annotations

import compileall
import sys
from pathlib import Path

import pytest
import real_servers
from audits_page import NOTHING, Exchange, ids_in, matches, section
from real_gateways import without_type_parameters


@pytest.mark.parametrize(
    ("required", "outcome"),
    [("required", pytest.fail.Exception), ("", pytest.skip.Exception)],
    ids=["in CI", "elsewhere"],
)
def test_what_cannot_be_installed_fails_in_ci_and_is_skipped_elsewhere_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]
) -> None:
    (tmp_path / "wanted.txt").write_text("./no-such-package\n", "utf-8")
    monkeypatch.setattr(real_servers, "WANTED", tmp_path)
    monkeypatch.setattr(real_servers, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("REAL_SERVERS", required)
    with pytest.raises(outcome, match=r"python cannot install what the tests need: .*no-such-package"):
        real_servers.virtual_environment("wanted")
    # What was left half made is made anew the next time.
    assert not list((tmp_path / "cache").glob("*/installed"))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python 3.12 reads the syntax as it is")
def test_type_parameters_of_python_3_12_are_written_as_3_11_reads_them(tmp_path: Path) -> None:
    source = tmp_path / "llama_stack" / "module.py"
    source.parent.mkdir()
    source.write_text(
        "import itertools\n\ntype JobID = str\n\n\nclass Box[T]:\n    held: T\n\n\n"
        "async def later[T: int](value: T) -> T:\n    return value\n\n\n"
        "def same[T](\n    value: T,\n) -> list[tuple[T, ...]]:\n    return list(itertools.batched([value], 1))\n",
        "utf-8",
    )
    untouched = source.with_name("other.py")
    untouched.write_text("def plain(value: int) -> int:\n    return value\n", "utf-8")
    without_type_parameters(tmp_path)
    assert compileall.compile_dir(tmp_path, quiet=2)
    assert untouched.read_text("utf-8").startswith("def plain")


def test_the_page_of_audits_names_the_findings_of_a_heading_and_the_bytes_after_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "## One\n\n**`body.type` 200 `/a`, must.** Why. **`response.silent`, should.** And why.\n\n"
        "```http\nGET /batches/BATCH HTTP/1.1\n\nHTTP/1.1 200 OK\n…\n{}\n```\n\n"
        "**`body.type` 404, must.** Nothing shows it.\n\n### Two\n\nNone.\n",
        "utf-8",
    )
    one = section("One", page)
    assert one.findings == {
        ("must", "body.type", "200", "/a"): 1,
        ("should", "response.silent", "", ""): 1,
        ("must", "body.type", "404", ""): 1,
    }
    assert one.unshown == {("must", "body.type", "404", "")}
    assert one.exchanges == (Exchange("GET /batches/BATCH HTTP/1.1", "HTTP/1.1 200 OK\n…\n{}"),)
    assert not section("Two", page).findings


def test_a_request_of_the_page_has_a_body_after_an_empty_line_and_ids_are_those_of_responses(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '## One\n\n```http\nPOST /batches HTTP/1.1\nContent-Type: application/json\n\n{"a":\n\n1}\n\n'
        'HTTP/1.1 200 OK\n…\n{"id":"MADE"}\n```\n\nText.\n\n```http\nGET /batches/MADE HTTP/1.1\n\n'
        "(no byte: the connection ends)\n```\n",
        "utf-8",
    )
    made, read = section("One", page).exchanges
    assert made.request == 'POST /batches HTTP/1.1\nContent-Type: application/json\n\n{"a":\n\n1}'
    assert read == Exchange("GET /batches/MADE HTTP/1.1", NOTHING)
    assert ids_in(made.response, '200 OK\n\n{"id":"b1"}'.replace("200", "HTTP/1.1 200")) == {"MADE": "b1"}
    twice = 'HTTP/1.1 200 OK\n…\n{"id":"MADE","again":"MADE"}'
    assert ids_in(twice, 'HTTP/1.1 200 OK\n\n{"id":"b1","again":"b2"}') is None


@pytest.mark.parametrize(
    ("shown", "received", "right"),
    [
        ("200 OK\nDate: …\n\n{…}", "200 OK\nDate: now\n\n{}", True),
        ("200 OK\nDate: …\n\n{…}", "200 OK\nDate: now\n\n[]", False),
        ("200 OK\nDate: …\n\n{…}", "200 OK\nDate: now\nWWW-Authenticate: Bearer\n\n{}", False),
        ("200 OK\n…\n{…}", "200 OK\nDate: now\nWWW-Authenticate: Bearer\n\n{}", True),
        ('200 OK\n…\n{"id":"BATCH"}', '200 OK\n\n{"id":"batch_a"}', True),
        ('200 OK\n…\n{"id":"BATCH"}', '200 OK\n\n{"id":"batch_b"}', False),
        (NOTHING, "", True),
        (NOTHING, "500 Internal Server Error\n\n", False),
    ],
)
def test_bytes_are_those_of_the_page_but_for_what_it_leaves_open(shown: str, received: str, right: bool) -> None:
    assert matches(Exchange("GET / HTTP/1.1", shown), received, "batch_a") is right

"""``drift.html``: one file, whole without JavaScript, nothing from the wire becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import samples
import yaml
from test_report_formats import Page

from batch_conformance.report import page_templates as making
from batch_conformance.report.finding.baseline_entry import baseline_entry, day_of
from batch_conformance.report.run import html as page


def test_the_sections_stand_in_the_order_in_which_they_are_read() -> None:
    seen = Page(page.render(samples.run_report(samples.mixed())))
    sections = [attrs["id"] for tag, attrs in seen.elements if tag in ("header", "section") and "id" in attrs]
    assert sections == ["verdict", "facts", "drift", "document", "coverage", "tests", "legend"]


def test_nothing_is_loaded_and_only_our_own_style_and_script_may_run() -> None:
    text = page.render(samples.run_report(samples.mixed()))
    seen = Page(text)
    policy = next(
        attrs["content"] for _, attrs in seen.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        inner = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inner is not None
        digest = base64.b64encode(hashlib.sha256(inner[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for tag, attrs in seen.elements:
        assert not {"src", "style", "srcset", "action"} & attrs.keys(), tag
        assert not any(name.startswith("on") for name in attrs), tag
        assert attrs.get("href", "#").startswith(("#", "data:,")), attrs


def test_every_link_leads_somewhere_and_every_id_is_there_once() -> None:
    seen = Page(page.render(samples.run_report(samples.mixed())))
    ids = [attrs["id"] for _, attrs in seen.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"][1:] for tag, attrs in seen.elements if tag == "a"}
    assert links <= set(ids)


def test_a_card_says_what_the_contract_says_what_was_observed_and_what_to_do() -> None:
    seen = Page(page.render(samples.run_report((samples.finding(),))))
    rule = page.fold((samples.finding(),))[0].rule
    for text in (
        "expected integer, observed string",
        "/created_at is an integer",
        "Side to fix",
        rule.why,
        "curl -sS",
        "$BATCH_API_KEY",
        '"created_at": "1741685413"',
        "type: integer",
        "fingerprint: " + samples.finding().id,
        "pytest --base-url https://api.example.com/v1",
        "fails the gate",
    ):
        assert text in seen.text, text


def test_the_spot_in_the_response_and_the_line_in_the_document_are_marked() -> None:
    text = page.render(samples.run_report((samples.finding(),)))
    marks = re.findall(r"<mark>(.*?)</mark>", text)
    assert any("created_at" in mark for mark in marks)
    assert any("type: integer" in mark for mark in marks)


def test_contradictions_of_the_document_are_tied_to_the_findings_that_they_predict() -> None:
    report = samples.run_report(samples.nine_nulls(), reading="published")
    seen = Page(page.render(report))
    links = [attrs["href"] for tag, attrs in seen.elements if tag == "a"]
    for number, finding in enumerate(report.ledger.findings):
        # Its own, that of the contradiction, and for the first of the group that of the banner.
        assert links.count(f"#f-{finding.id}") == (2 if number else 3)
    assert sum(link.startswith("#d-") for link in links) >= 9
    assert len([attrs for _, attrs in seen.elements if attrs.get("id", "").startswith("d-")]) == len(
        report.contract.document_findings
    )


def test_what_was_not_observed_is_said_and_never_shown_as_passed() -> None:
    seen = Page(page.render(samples.run_report()))
    assert "Not observed is not passed" in seen.text
    assert "Statuses that nobody saw: 400, 403" in seen.text
    assert "Nothing that was observed deviates" in seen.text


def test_faults_missing_things_notes_and_incompleteness_are_said_on_top() -> None:
    report = samples.run_report(
        exit_code=3, fault="Boom: it broke", missing=("a known id",), notes=("one healed 429",), complete=False
    )
    seen = Page(page.render(report))
    for text in ("Boom: it broke", "a known id", "one healed 429", "incomplete"):
        assert text in seen.text


def test_a_hidden_or_reordering_character_is_shown_as_its_escape() -> None:
    finding = samples.finding(observed="a\u202eb\u200bc", evidence=samples.exchange(b'{"x": "\xe2\x80\xae"}'))
    text = page.render(samples.run_report((finding,)))
    assert "\u202e" not in text
    assert "a\\u202eb\\u200bc" in text


def test_two_thousand_groups_make_a_page_that_can_still_be_opened() -> None:
    findings = tuple(
        samples.finding(
            "body.known_value",
            "/status",
            kind=f"VALUE_{index}",
            observed=f'"VALUE_{index}"',
            evidence=samples.exchange({**samples.BODY, "status": f"VALUE_{index}"}, number=index),
        )
        for index in range(2000)
    )
    text = page.render(samples.run_report(findings))
    assert len(text) < 20_000_000
    assert text.count('<details class="finding') == 2000


def test_the_baseline_entry_is_yaml_with_everything_that_an_entry_needs() -> None:
    (entry,) = yaml.safe_load(baseline_entry(samples.finding(), day_of("2026-11-23T10:00:00Z")))
    assert list(entry) == ["fingerprint", "rule", "where", "reason", "owner", "added", "expires"]
    assert entry["fingerprint"] == samples.finding().id
    assert entry["reason"].startswith("CHANGE ME")
    assert (entry["expires"] - entry["added"]).days == 90


def test_a_hostile_place_in_a_baseline_entry_stays_one_line() -> None:
    finding = samples.finding(pointer="/a\nreason: none\u202e: #x")
    text = baseline_entry(finding, day_of("2026-11-23"))
    (entry,) = yaml.safe_load(text)
    assert entry["reason"].startswith("CHANGE ME")
    assert len(text.splitlines()) == 7


def test_a_value_that_changed_is_shown_beside_the_read_before() -> None:
    reads = [samples.exchange({**samples.BODY, "status": status}, number=number)
             for number, status in enumerate(("in_queue", "finalizing", "finalizing", "in_progress"))]  # fmt: skip
    finding = samples.finding("state.regressed", "/status", kind="in_progress", evidence=reads[3])
    report = samples.run_report((finding,))
    other = samples.exchange({**samples.BODY, "status": "other"}, number=2, url="https://api.example.com/v1/batches/b")
    report = replace(report, ledger=replace(report.ledger, exchanges=(*reads, other)))
    _, _, shown = page.render(report).partition("Read before")
    before, _, after = shown.partition("Evidence")
    assert "request 3" in before
    assert "<mark>" in before
    assert "finalizing" in re.findall(r"<mark>(.*?)</mark>", before)[0]
    assert "in_progress" in re.findall(r"<mark>(.*?)</mark>", after)[0]
    alone = samples.run_report((samples.finding(),))
    assert "Read before" not in page.render(alone)


def test_an_answer_that_changed_is_shown_beside_the_read_before() -> None:
    reads = [samples.exchange(number=0), samples.exchange(b'"404 page not found"', 404, number=1)]
    finding = samples.finding("stability.answer_changed", "", kind="404", evidence=reads[1])
    report = samples.run_report((finding,))
    report = replace(report, ledger=replace(report.ledger, exchanges=tuple(reads)))
    before, _, after = page.render(report).partition("Read before")[2].partition("Evidence")
    assert "HTTP/1.1 200 OK" in re.findall(r"<mark>(.*?)</mark>", before)[0]
    assert "HTTP/1.1 404" in re.findall(r"<mark>(.*?)</mark>", after)[0]


def rendered_anew(monkeypatch: pytest.MonkeyPatch, templates: Path) -> str:
    """A page, with compiled templates kept in a folder of the test."""
    kept = making.compiled_templates
    monkeypatch.setattr(making, "compiled_templates", lambda _: kept(templates))
    making.environment.cache_clear()
    try:
        return page.render(samples.run_report(samples.mixed()))
    finally:
        monkeypatch.undo()
        making.environment.cache_clear()


def test_a_page_is_the_same_by_templates_that_were_compiled_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    first = rendered_anew(monkeypatch, tmp_path)
    compiled = list((tmp_path / "__pycache__").glob("*.cache"))
    assert compiled
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert rendered_anew(monkeypatch, tmp_path) == first == page.render(samples.run_report(samples.mixed()))
    for file in compiled:
        file.write_bytes(b"damaged")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert rendered_anew(monkeypatch, tmp_path) == first


def test_no_template_is_kept_where_python_keeps_no_module_or_the_folder_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert making.compiled_templates(tmp_path) is None
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "file").touch()
    assert making.compiled_templates(tmp_path / "file") is None


def test_a_template_that_cannot_be_kept_is_compiled_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert making.compiled_templates(tmp_path)
    (tmp_path / "__pycache__").rmdir()
    (tmp_path / "__pycache__").symlink_to(tmp_path / "nowhere")
    kept = making._Compiled(str(tmp_path / "__pycache__"), "%s.cache")
    monkeypatch.setattr(making, "compiled_templates", lambda _: kept)
    making.environment.cache_clear()
    try:
        assert page.render(samples.run_report(samples.mixed()))
    finally:
        monkeypatch.undo()
        making.environment.cache_clear()

"""Every profile audits a real server that imitates its vendor, and accuses it of nothing that is documented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from vendor_servers import KEY, VENDORS, Vendor, by_id, completed, serving

from batch_conformance.findings.finding import Finding
from batch_conformance.probes.plan import CHAPTER_NAMES, Plan
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle
from batch_conformance.run.vendors import profile_names

OTHERS = ("fireworks", "mistral", "together", "xai")
COMPATIBLE = tuple(name for name in profile_names() if name not in OTHERS)
QUICK = tuple(name for name in CHAPTER_NAMES if name != "lifecycle")


_plans: dict[str, Plan] = {}
"""Plans of audits by their settings: making one takes a quarter of what an audit takes."""


def audit(name: str, vendor: Vendor, **more: Any) -> tuple[RunReport, list[tuple[str, str, dict[str, str]]]]:
    with serving(vendor) as served:
        wanted: dict[str, Any] = {"vendor": name, "base_url": served.base_url, "batch_ids": tuple(vendor.batches)}
        settings = settle({"BATCH_API_KEY": KEY} if vendor.wants_key else {}, **{**wanted, **more})
        # Of a base URL, what is planned depends on the host alone, which is this machine.
        asked = repr(replace(settings, base_url=None))
        run = begin(settings, seed=None, command="pytest", plan=_plans.get(asked))
        _plans[asked] = run.plan
        try:
            run.runner.perform(QUICK)
            return run.report(), served.asked
        finally:
            run.close()


def weighty(report: RunReport, *states: str) -> list[Finding]:
    return [f for f in report.ledger.findings if f.level != "info" and f.state in (states or ("new", "known"))]


def told(findings: list[Finding]) -> list[str]:
    return [f"{f.level} {f.rule} {f.status} {f.pointer}: {f.observed} (not {f.expected})" for f in findings]


def test_every_profile_has_a_server_that_imitates_it() -> None:
    assert set(VENDORS) == set(profile_names())


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_server_that_keeps_what_the_vendor_documents_is_accused_of_nothing_new(name: str) -> None:
    report, _ = audit(name, VENDORS[name])
    assert told(weighty(report, "new")) == []
    assert report.missing == ()
    assert report.exit_code == 0


@pytest.mark.parametrize("name", OTHERS)
def test_another_object_is_one_finding_that_the_profile_knows_of(name: str) -> None:
    report, _ = audit(name, VENDORS[name])
    found = weighty(report)
    assert [(f.rule, f.status, f.state) for f in found] == [("body.another_object", "200", "known")]
    assert not any(f.rule == "body.seen" for f in report.ledger.findings)
    assert any("body.another_object" in note for note in map(str, report.notes))
    assert (report.verdict, report.exit_code) == ("drift", 0)


OF_CLIENT: dict[str, set[tuple[str, str]]] = {
    "azure": set(),
    "groq": set(),
    "siliconflow": {("field", "/errors"), ("field", "/request_counts"), ("file_id", "/output_file_id")},
    "cerebras": {("field", "/errors"), ("field", "/metadata")},
    "nebius": {("field", "/input_file_id"), ("field", "/request_counts")},
    "zhipu": {("field", "/request_counts")},
    "together": {("no_batch", "")},
    "xai": {("no_batch", "")},
}


@pytest.mark.parametrize("name", OF_CLIENT)
def test_what_openais_client_trips_over_at_a_vendor_is_told_and_fails_nothing(name: str) -> None:
    report, asked = audit(name, VENDORS[name], client="openai")
    found = [f for f in report.ledger.findings if f.rule.startswith("client.")]
    told_of = {(f.rule.removeprefix("client."), f.pointer) for f in found}
    assert {one for one in told_of if one[0] in ("field", "file_id", "no_batch")} == OF_CLIENT[name]
    assert (("polling", "/status") in told_of) is (name in ("siliconflow", "cerebras"))
    assert {f.level for f in found} <= {"info"}
    assert report.exit_code == 0
    assert any(headers.get("user-agent", "").startswith("OpenAI/Python") for _, _, headers in asked)


@pytest.mark.parametrize("name", sorted(set(COMPATIBLE) - {"novita", "cerebras", "aibrix"}))
def test_a_vendor_that_drifts_is_found_out_under_its_profile(name: str) -> None:
    vendor = VENDORS[name]
    drifted = {key: {**found, "status": "DONE"} for key, found in vendor.batches.items()}
    report, _ = audit(name, replace(vendor, batches=drifted))
    assert ("/status", "new") in [(f.pointer, f.state) for f in weighty(report)]
    assert report.exit_code == 1


def test_the_key_goes_only_into_the_header_that_the_profile_names() -> None:
    _, asked = audit("azure", VENDORS["azure"])
    sent = [headers for _, _, headers in asked]
    assert any(headers.get("api-key") == KEY for headers in sent)
    assert not any("authorization" in headers for headers in sent)


def test_a_header_of_the_vendors_own_is_judged_like_a_bearer_token() -> None:
    report, _ = audit("azure", replace(VENDORS["azure"], wants_key=False))
    assert "auth.missing_accepted" in [f.rule for f in weighty(report)]


def test_what_is_documented_of_one_vendor_is_drift_of_another() -> None:
    report, _ = audit("groq", Vendor(VENDORS["cerebras"].batches, prefix="/openai/v1"))
    assert {f.pointer for f in weighty(report)} >= {"/status", "/errors"}


def test_a_known_deviation_is_reported_with_its_reason_and_fails_nothing() -> None:
    report, _ = audit("openai", VENDORS["openai"])
    assert [(f.rule, f.pointer, f.state) for f in weighty(report)] == [
        ("value.empty_string", "/error_file_id", "known")
    ]
    assert any(note.startswith("Known of OpenAI: value.empty_string:") for note in map(str, report.notes))
    assert (report.verdict, report.exit_code) == ("drift", 0)


def test_a_profile_without_credentials_judges_no_authentication() -> None:
    report, asked = audit("tests/data/keyless.yaml", replace(VENDORS["aibrix"], wants_key=False))
    assert told(weighty(report)) == []
    assert report.missing == ()
    assert not any(result.clause.rule.startswith("auth.") for result in report.ledger.clauses)
    assert not any("authorization" in headers for _, _, headers in asked)


def test_a_vendors_query_and_headers_go_with_every_request() -> None:
    _, asked = audit("tests/data/dated.yaml", VENDORS["openai"])
    assert asked
    assert all("api-version=2024-10-21" in target and headers.get("x-team") == "audit" for _, target, headers in asked)


def test_an_id_of_another_form_is_pointed_out() -> None:
    report, _ = audit("groq", replace(VENDORS["groq"], batches=by_id(completed("batch_tbcmlxqigp"))))
    assert any("does not look like one of Groq" in note for note in map(str, report.notes))


@pytest.fixture(autouse=True)
def _in_the_clone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(request.config.rootpath)

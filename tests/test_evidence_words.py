"""What a finding says of how it was brought about: where the key stood, and that a status was asked for."""

from __future__ import annotations

import html as markup
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from judge_support import findings, refused, sent
from suite_support import run_suite

from batch_conformance.exchange.exchange import Exchange, Request
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.credentials import present
from batch_conformance.report.language import CHINESE
from batch_conformance.report.run import drift_json, html, terminal


def with_key(kind: str, *, only: int | None = None) -> Exchange:
    """An answered exchange whose key stood where this kind of credential has it; with ``only`` in one place alone."""
    shown = present(kind, "KEY")
    headers = [(name, "[redacted]") for name, _ in shown.headers]
    query = shown.query.replace("KEY", "[redacted]")
    exchange = sent(credential=kind)
    kept = headers if only is None else headers[only : only + 1]
    return replace(exchange, request=Request("GET", f"{exchange.request.url}?{query}", (("Accept", "x"), *kept)))


@pytest.mark.parametrize(
    ("kind", "only", "names"),
    [
        ("elsewhere_header", 0, "the header x-api-key"),
        (
            "elsewhere_header",
            None,
            "the headers x-api-key, api-key, x-auth-token, proxy-authorization, x-authorization, cookie, "
            "authentication, x-access-token, x-goog-api-key, apikey",
        ),
        ("elsewhere_query", None, "the query parameters access_token, api_key, key, token, apikey"),
    ],
)
def test_a_key_that_is_taken_elsewhere_is_told_by_the_name_of_where_it_stood(
    kind: str, only: int | None, names: str
) -> None:
    found = findings(refused(), with_key(kind, only=only), sent())
    (one,) = [finding for finding in found if finding.rule == "auth.elsewhere_accepted"]
    assert str(one.observed) == f"200 with the key in {names}"
    told = CHINESE.render(one.observed)
    assert names.rpartition(" ")[2] in told
    assert "the key" not in told


def test_a_run_names_the_header_that_takes_the_key(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["key_in_header_accepted"]) as mock:
        ran = run_suite(tmp_path, mock=mock)
    (found,) = [one for one in ran.drift["findings"] if one["rule"] == "auth.elsewhere_accepted"]
    assert found["observed"] == "200 with the key in the header x-api-key"


@pytest.mark.parametrize("forced", [503, None])
def test_the_evidence_of_a_forced_status_says_that_it_was_forced(forced: int | None) -> None:
    plain = samples.exchange({}, 503)
    exchange = replace(plain, probe=replace(plain.probe, forced_status=forced))
    report = samples.run_report((samples.finding(status="503", evidence=exchange),))
    told = "the status was asked for: Prefer: code=503"
    page = markup.unescape(html.render(report))
    assert (told in " ".join(terminal.render(report).split())) is (forced is not None)
    assert (told in page) is (forced is not None)
    assert ("- The status was asked for by the request: `Prefer: code=503`" in page) is (forced is not None)
    (found,) = drift_json.read_drift(drift_json.render(report))["findings"]
    assert found["evidence"]["forced_status"] == forced

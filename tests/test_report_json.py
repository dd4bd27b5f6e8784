"""``drift.json``: any run renders to a document of its schema, and is read back as it was."""

from __future__ import annotations

import json

import pytest
import samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from batch_conformance.exchange.exchange import Failure
from batch_conformance.findings.finding import Finding
from batch_conformance.message import shown
from batch_conformance.report.run import drift_json
from batch_conformance.rules import REGISTRY

texts = st.text(max_size=20)
wire = st.binary(max_size=80) | st.dictionaries(texts, texts | st.none() | st.integers(), max_size=4).map(
    lambda value: json.dumps(value).encode()
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    failed = draw(st.booleans())
    return samples.finding(
        draw(st.sampled_from(sorted(REGISTRY))),
        draw(st.sampled_from(["", "/id", "/errors/*", "/a~1b"])),
        status=draw(st.sampled_from(["200", "404", ""])),
        kind=draw(st.sampled_from(["null", "string", "missing"])),
        expected=draw(texts),
        observed=draw(texts),
        level=draw(st.sampled_from(["must", "should", "info"])),
        side=draw(st.sampled_from(["server", "document", "network"])),
        state=draw(st.sampled_from(["new", "known", "expired"])),
        occurrences=draw(st.integers(1, 10**6)),
        evidence=samples.exchange(
            draw(wire),
            draw(st.integers(100, 599)),
            number=draw(st.integers(0, 500)),
            media_type=draw(texts),
            failure=Failure("timeout", shown(draw(texts))) if failed else None,
        ),
    )


@given(
    st.lists(findings(), max_size=4, unique_by=lambda finding: finding.id),
    texts,
    st.sampled_from(["must", "should", "never"]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_run_renders_to_a_valid_document_and_reads_back(
    found: list[Finding], sentence: str, fail_on: str, complete: bool
) -> None:
    report = samples.run_report(tuple(found), outcome=sentence, fail_on=fail_on, complete=complete, notes=(sentence,))
    text = drift_json.render(report)
    read = drift_json.read_drift(text.encode())
    assert read == json.loads(text)
    assert json.dumps(read, indent=2, ensure_ascii=False) + "\n" == text
    for finding, dictionary in zip(report.ledger.findings, read["findings"], strict=True):
        assert dictionary["id"] == finding.id
        assert dictionary["occurrences"] == finding.occurrences
        assert dictionary["clause"] == finding.clause
        assert (dictionary["evidence"]["response"] is None) == (finding.evidence.response is None)


def test_the_schema_is_valid_and_strict() -> None:
    Draft202012Validator.check_schema(drift_json.schema())
    drift = drift_json.document(samples.run_report(samples.mixed()))
    with pytest.raises(drift_json.DriftFileError, match="colour"):
        drift_json.read_drift(json.dumps({**drift, "colour": "red"}))
    with pytest.raises(drift_json.DriftFileError, match="verdict"):
        drift_json.read_drift(json.dumps({**drift, "verdict": "fine"}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other/1"}', "nonsense", "[" * 100_000])
def test_what_is_no_drift_file_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(drift_json.DriftFileError) as caught:
        drift_json.read_drift(text)
    assert "\n" not in str(caught.value)


def test_the_evidence_has_the_request_the_response_and_a_curl_without_the_key() -> None:
    drift = drift_json.document(samples.run_report((samples.finding(),)))
    (finding,) = drift["findings"]
    evidence = finding["evidence"]
    assert evidence["request"]["method"] == "GET"
    assert evidence["response"]["status"] == 200
    assert json.loads(evidence["response"]["body"])["created_at"] == "1741685413"
    assert "$BATCH_API_KEY" in evidence["curl"]
    assert finding["location"]["line"] > 0
    assert finding["why"] == REGISTRY["body.type"].why


def test_a_failed_exchange_has_no_response_and_says_why() -> None:
    failure = Failure("reset", shown("connection reset by peer"))
    drift = drift_json.document(samples.run_report((samples.finding(evidence=samples.exchange(failure=failure)),)))
    evidence = drift["findings"][0]["evidence"]
    assert evidence["response"] is None
    assert evidence["failure"] == {"kind": "reset", "detail": "connection reset by peer"}


def test_a_long_body_is_cut_and_says_so() -> None:
    body = b'{"x": "' + b"a" * 100_000 + b'"}'
    drift = drift_json.document(samples.run_report((samples.finding(evidence=samples.exchange(body)),)))
    response = drift["findings"][0]["evidence"]["response"]
    assert response["truncated"]
    assert len(response["body"]) == drift_json.BODY_LIMIT


def test_a_report_of_the_older_format_which_has_no_messages_is_read() -> None:
    value = drift_json.document(samples.run_report(samples.mixed(), notes=("a note",)))
    assert value["messages"]["notes"][0]["text"] == value["notes"][0] == "a note"
    value["format"] = "batch-conformance/1"
    del value["messages"]
    for finding in value["findings"]:
        assert finding.pop("messages")["observed"]["text"] == finding["observed"]
    assert drift_json.read_drift(json.dumps(value))["format"] == "batch-conformance/1"

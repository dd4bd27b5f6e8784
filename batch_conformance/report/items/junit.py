"""``junit.xml`` of recorded traffic: the cases of a run of pytest, for the viewers of CI systems.

A run has pytest write its file; here the same clauses end in the same way under the same names. It is red exactly when
the command is: with exit code 1 a clause fails, with 3 and 6 the case of the verdict does.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

from batch_conformance.report.items.item import items_of
from batch_conformance.report.items.item_outcome import Outcome, outcomes
from batch_conformance.report.run.baseline_texts import entry_counts
from batch_conformance.report.run.groups import count
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line, visible

MESSAGE = 300
"""Characters of a property, which viewers show in one line."""

TEXT = 4_000
"""Characters of a failure's text; the finding's id comes first and is never cut off."""

_SUITE = "batch-conformance"


def render(report: RunReport) -> str:
    """The report as JUnit XML."""
    items = items_of(report)
    ended = outcomes(report, items)
    root = ET.Element("testsuites", name=_SUITE)
    suite = ET.SubElement(root, "testsuite", name=_SUITE)
    tags = Counter(_TAGS[outcome.state] for outcome in ended.values())
    suite.set("errors", "0")
    suite.set("failures", str(tags["failure"]))
    suite.set("skipped", str(tags["skipped"]))
    suite.set("tests", str(len(ended)))
    suite.set("time", f"{report.run.duration_s:.3f}")
    suite.set("timestamp", report.run.started_at.removesuffix("Z"))
    _add_properties(suite, facts(report))
    for node_id, outcome in ended.items():
        suite.append(_case(node_id, outcome))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def facts(report: RunReport) -> tuple[tuple[str, str], ...]:
    """The run in names and values, as properties of the suite."""
    counts = count(report)
    properties = (
        ("target", report.target.base_url),
        ("sha256", report.contract.document.sha256),
        ("reading", report.contract.reading),
        ("seed", report.run.seed),
        ("requests", str(report.run.requests)),
        ("verdict", report.verdict),
        ("complete", str(report.complete).lower()),
        ("exit_code", str(report.exit_code)),
        ("exit_reason", str(report.exit_reason)),
        ("findings", str(counts.findings)),
        *((f"findings.{level}", str(number)) for level, number in counts.levels.items()),
        *((f"findings.{state}", str(number)) for state, number in counts.states.items()),
        ("document_findings", str(counts.document_findings)),
        *((f"baseline.{state.replace(' ', '_')}", str(number)) for state, number in entry_counts(report).items()),
    )
    return tuple((name, clip(one_line(value), MESSAGE)) for name, value in properties)


_TAGS = {"passed": "", "failed": "failure", "xfailed": "skipped", "skipped": "skipped"}


def _case(node_id: str, outcome: Outcome) -> ET.Element:
    path, _, name = node_id.partition("::")
    classname = path.removesuffix(".py").replace("/", ".")
    case = ET.Element("testcase", classname=classname, name=name, time="0.000")
    _add_properties(case, (*outcome.properties, ("state", outcome.state)))
    if tag := _TAGS[outcome.state]:
        end = ET.SubElement(case, tag, message=one_line(outcome.message))
        if outcome.state == "xfailed":
            end.set("type", "pytest.xfail")
        elif tag == "skipped":
            end.set("type", "pytest.skip")
        end.text = visible(clip(outcome.text, TEXT)) or None
    return case


def _add_properties(element: ET.Element, values: tuple[tuple[str, str], ...]) -> None:
    properties = ET.SubElement(element, "properties")
    for name, value in values:
        ET.SubElement(properties, "property", name=name, value=one_line(value))

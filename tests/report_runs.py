"""Runs to render: of every size, with every state, and with content that wants to be more than text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import samples

from batch_conformance.exchange.exchange import Failure
from batch_conformance.findings.finding import LEVELS, Finding, Side, State
from batch_conformance.judge.judge import REQUIRED_SUCCESS
from batch_conformance.message import shown
from batch_conformance.report.run.run_report import ChapterResult, RunReport

STATES: tuple[State, ...] = ("new", "known", "expired")
SIDES: tuple[Side, ...] = ("server", "document", "network")

EVIL = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">]]>&\x00\x1b[2J\u202e\ud83d"
    "|`@x`\n::error::x {{ 7*7 }} [a](javascript:alert(1)) <a href=javascript:alert(1)>b</a>"
)
"""Markup, control characters, text that runs backwards, half a surrogate pair, Markdown and workflow commands."""

_BODY = (
    '{"message": "<script>document.title=\'owned\'</script>", "x": "' + "\u202e\\u0000 & " * 900_000 + '"}'
).encode()
"""A body of about 10 MB."""


def every_state() -> tuple[Finding, ...]:
    """A finding for every level, side and state together."""
    return tuple(
        samples.finding("body.type", f"/{level}_{side}_{state}", level=level, side=side, state=state)
        for level in LEVELS
        for side in SIDES
        for state in STATES
    )


def hostile() -> RunReport:
    """A run in which everything that comes from outside is hostile."""
    findings = tuple(
        replace(
            samples.finding(
                rule,
                f"/{rule}<script>\x00\u202e",
                kind=f"{EVIL[:40]}{state}",
                observed=EVIL,
                expected=EVIL,
                state=state,
                evidence=samples.exchange(_BODY, number=number, media_type=f"text/html{EVIL}")
                if number < 2
                else samples.exchange(number=number, failure=Failure("protocol", shown(EVIL))),
            ),
            probes=(EVIL,),
        )
        for number, (rule, state) in enumerate(
            (rule, state) for rule in ("body.type", "security.key_reflected") for state in STATES
        )
    )
    report = samples.run_report(findings, notes=(EVIL,), missing=(EVIL,), fault=EVIL, complete=False)
    return replace(
        report,
        outcome=shown(EVIL),
        exit_reason=shown(EVIL),
        target=replace(report.target, base_url=f"http://{EVIL}", batch_ids=tuple(f"{EVIL}{n}" for n in range(6))),
        run=replace(report.run, command=f"pytest '{EVIL}'"),
        chapters=(*report.chapters, ChapterResult(EVIL, EVIL, "failed", shown(EVIL), 0.1)),
    )


def runs() -> Mapping[str, RunReport]:
    """The runs by name, made anew."""
    return {
        "none": samples.run_report(),
        "nothing observed": samples.run_report(missing=(REQUIRED_SUCCESS,), complete=False),
        "one": samples.run_report(samples.many(1)),
        "forty": samples.run_report(samples.many(40)),
        "two thousand": samples.run_report(samples.many(2000)),
        "mixed": samples.run_report(samples.mixed(), reading="published"),
        "every state": samples.run_report(every_state()),
        "hostile": hostile(),
    }

"""The proof as text, JSON and HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.proof.proof import GROUPS, OUTCOMES, Proof, Seen, Trial
from batch_conformance.report.run.writer import write_text
from batch_conformance.report.text import one_line

FORMAT = "batch-conformance-proof/1"

WORDS: Mapping[str, str] = {
    "killed": "found at its clause",
    "elsewhere": "found elsewhere only",
    "survived": "not found",
    "spared": "not accused",
    "accused": "accused",
}
GLYPHS: Mapping[str, str] = {"killed": "✔", "elsewhere": "◐", "survived": "✖", "spared": "✔", "accused": "✖"}
TITLES: Mapping[str, str] = {
    "derived": "derived from the contract",
    "experience": "written from experience",
    "variant": "conforming variants",
    "outage": "pure outages",
}
_HEAD = ("", "entries", "found", "elsewhere", "survived", "spared", "accused", "false alarms", "requests", "seconds")


def render_text(proof: Proof) -> str:
    """For a terminal: one line for each group, then every trial that was not right."""
    rows = [_HEAD, *(_counts(proof, group) for group in GROUPS if proof.of_group(group))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    for trial in proof.wrong:
        lines += ["", *_trial_lines(trial)]
    each = f"{proof.median_findings:g} findings for a drift at the median and {proof.most_findings} at most"
    tail = f"{each}, {proof.requests} requests"
    return "\n".join((*lines, "", f"{proof.sentence} {tail}, {proof.seconds:.0f} s.")) + "\n"


def render_json(proof: Proof) -> str:
    """For machines: every trial with what was wanted and what was found."""
    contract = proof.contract
    document = {
        "format": FORMAT,
        "right": proof.right,
        "sentence": proof.sentence,
        "contract": {
            "title": contract.title,
            "version": contract.version,
            "document": contract.document.name,
            "sha256": contract.document.sha256,
            "reading": contract.reading,
            "operation": contract.chosen.id,
            "path": contract.chosen.path,
        },
        "seed": proof.seed,
        "jobs": proof.jobs,
        "seconds": round(proof.seconds, 1),
        "requests": proof.requests,
        "outcomes": dict(proof.outcomes),
        "false_alarms": proof.false_alarms,
        "median_findings": proof.median_findings,
        "most_findings": proof.most_findings,
        "trials": [_trial(trial) for trial in proof.trials],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def render_html(proof: Proof) -> str:
    """One page, without network or script."""
    style = asset("drift.css") + asset("matrix.css") + asset("proof.css")
    return template("proof.html.j2").render(
        proof=proof,
        groups=[group for group in GROUPS if proof.of_group(group)],
        outcomes=OUTCOMES,
        titles=TITLES,
        words=WORDS,
        glyphs=GLYPHS,
        style=Markup(style),
        csp=csp(style),
    )


FORMATS: Mapping[str, Callable[[Proof], str]] = {"prove.json": render_json, "prove.html": render_html}
"""File name and renderer of every report of a proof."""


def write_proof(proof: Proof, folder: Path) -> tuple[Path, ...]:
    """Write all formats into ``folder``, which is created if needed; returns their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, render in FORMATS.items():
        write_text(folder / name, render(proof))
    return tuple(folder / name for name in FORMATS)


def _counts(proof: Proof, group: Any) -> tuple[str, ...]:
    trials = proof.of_group(group)
    numbers = [
        len(trials),
        *(sum(trial.outcome == outcome for trial in trials) for outcome in OUTCOMES),
        sum(bool(trial.strays) or trial.outcome == "accused" for trial in trials),
        sum(trial.observed.requests for trial in trials),
        round(sum(trial.observed.seconds for trial in trials)),
    ]
    return (TITLES[group], *map(str, numbers))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]


def _trial_lines(trial: Trial) -> list[str]:
    entry = trial.entry
    wanted = f"{entry.rule} {entry.status} {entry.pointer}".rstrip() if entry.rule else f"the verdict {entry.verdict}"
    lines = [f"{entry.name}: {trial.says}", f"  {entry.title}", f"  wanted {wanted} ({one_line(entry.source)})"]
    found = trial.strays or trial.observed.findings
    return [*lines, *(f"  found  {_place(seen)}: {one_line(seen.observed)[:100]}" for seen in found[:6])]


def _place(seen: Seen) -> str:
    return f"{seen.level} {seen.rule} {seen.status} {seen.pointer}".rstrip()


def _trial(trial: Trial) -> dict[str, Any]:
    entry, observed = trial.entry, trial.observed
    return {
        "name": entry.name,
        "group": entry.group,
        "title": entry.title,
        "source": entry.source,
        "wanted": {
            "rule": entry.rule,
            "status": entry.status,
            "pointer": entry.pointer,
            "verdict": entry.verdict,
            "also": list(entry.also),
        },
        "because": entry.because,
        "right": trial.right,
        "outcome": trial.outcome,
        "verdict": observed.verdict,
        "count": observed.count,
        "findings": [_seen(seen) for seen in observed.findings],
        "strays": [_seen(seen) for seen in trial.strays],
        "requests": observed.requests,
        "seconds": round(observed.seconds, 2),
    }


def _seen(seen: Seen) -> dict[str, str]:
    return {
        "rule": seen.rule,
        "level": seen.level,
        "status": seen.status,
        "pointer": seen.pointer,
        "kind": seen.kind,
        "observed": seen.observed,
    }


def progress_of(trial: Trial) -> str:
    """What is shown of a trial while others run."""
    return trial.entry.name if trial.right else f"{trial.entry.name}: {trial.says}"

"""The proof as text, JSON and HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from markupsafe import Markup

from batch_conformance.report.language import ENGLISH, Language, translatable
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.proof.proof import GROUPS, OUTCOMES, Proof, Seen, Trial
from batch_conformance.report.run.writer import write_text
from batch_conformance.report.text import cells, one_line

FORMAT = "batch-conformance-proof/1"

WORDS: Mapping[str, str] = {
    "killed": translatable("found at its clause"),
    "elsewhere": translatable("found elsewhere only"),
    "survived": translatable("not found"),
    "spared": translatable("not accused"),
    "accused": translatable("accused"),
}
GLYPHS: Mapping[str, str] = {"killed": "✔", "elsewhere": "◐", "survived": "✖", "spared": "✔", "accused": "✖"}
TITLES: Mapping[str, str] = {
    "derived": translatable("derived from the contract"),
    "experience": translatable("written from experience"),
    "variant": translatable("conforming variants"),
    "outage": translatable("pure outages"),
}
_HEAD = (
    "",
    translatable("entries"),
    translatable("found"),
    translatable("elsewhere"),
    translatable("survived"),
    translatable("spared"),
    translatable("accused"),
    translatable("false alarms"),
    translatable("requests"),
    translatable("seconds"),
)


def render_text(proof: Proof, language: Language = ENGLISH) -> str:
    """For a terminal: one line for each group, then every trial that was not right."""
    text = language.text
    counts = (_counts(proof, group, language) for group in GROUPS if proof.of_group(group))
    rows = [tuple(map(text, _HEAD)), *counts]
    widths = [max(cells(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    for trial in proof.wrong:
        lines += ["", *_trial_lines(trial, language)]
    tail = text(
        "{median} findings for a drift at the median and {most} at most, {requests} requests, {seconds} s.",
        median=f"{proof.median_findings:g}",
        most=proof.most_findings,
        requests=proof.requests,
        seconds=f"{proof.seconds:.0f}",
    )
    return "\n".join((*lines, "", f"{language.render(proof.sentence)} {tail}")) + "\n"


def render_json(proof: Proof, _language: Language = ENGLISH) -> str:
    """For machines, in English: every trial with what was wanted and what was found."""
    contract = proof.contract
    document = {
        "format": FORMAT,
        "right": proof.right,
        "sentence": str(proof.sentence),
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


def render_html(proof: Proof, language: Language = ENGLISH) -> str:
    """One page, without network or script."""
    style = asset("drift.css") + asset("matrix.css") + asset("proof.css")
    return template("proof.html.j2").render(
        proof=proof,
        groups=[group for group in GROUPS if proof.of_group(group)],
        outcomes=OUTCOMES,
        language=language,
        _=language.text,
        said=language.render,
        titles={group: language.text(title) for group, title in TITLES.items()},
        words={outcome: language.text(word) for outcome, word in WORDS.items()},
        glyphs=GLYPHS,
        style=Markup(style),
        csp=csp(style),
    )


class RenderProof(Protocol):
    """Renders a proof in one format; JSON is English in every language."""

    def __call__(self, proof: Proof, language: Language = ENGLISH, /) -> str:
        """The text of the file."""


FORMATS: Mapping[str, RenderProof] = {"prove.json": render_json, "prove.html": render_html}
"""File name and renderer of every report of a proof."""


def write_proof(proof: Proof, folder: Path, language: Language = ENGLISH) -> tuple[Path, ...]:
    """Write all formats into ``folder``, which is created if needed; returns their paths. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, render in FORMATS.items():
        write_text(folder / name, render(proof, language))
    return tuple(folder / name for name in FORMATS)


def _counts(proof: Proof, group: Any, language: Language) -> tuple[str, ...]:
    trials = proof.of_group(group)
    numbers = [
        len(trials),
        *(sum(trial.outcome == outcome for trial in trials) for outcome in OUTCOMES),
        sum(bool(trial.strays) or trial.outcome == "accused" for trial in trials),
        sum(trial.observed.requests for trial in trials),
        round(sum(trial.observed.seconds for trial in trials)),
    ]
    return (language.text(TITLES[group]), *map(str, numbers))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    padded = ((text, " " * (width - cells(text))) for text, width in zip(row, widths, strict=True))
    return [padding + text if number else text + padding for number, (text, padding) in enumerate(padded)]


def _trial_lines(trial: Trial, language: Language) -> list[str]:
    entry, text, said = trial.entry, language.text, language.render
    wanted = f"{entry.rule} {entry.status} {entry.pointer}".rstrip()
    if not entry.rule:
        wanted = text("the verdict {verdict}", verdict=entry.verdict)
    lines = [
        f"{entry.name}{text(': ')}{said(trial.says)}",
        f"  {entry.title}",
        f"  {text('wanted')} {wanted} ({one_line(entry.source)})",
    ]
    found = trial.strays or trial.observed.findings
    return [
        *lines,
        *(f"  {text('found')}  {_place(seen)}{text(': ')}{one_line(said(seen.observed))[:100]}" for seen in found[:6]),
    ]


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
        "observed": str(seen.observed),
    }


def progress_of(trial: Trial, language: Language = ENGLISH) -> str:
    """What is shown of a trial while others run."""
    said = f"{language.text(': ')}{language.render(trial.says)}"
    return trial.entry.name if trial.right else f"{trial.entry.name}{said}"

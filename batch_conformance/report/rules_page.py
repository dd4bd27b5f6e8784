"""The rules as text for a terminal and as the page ``docs/RULES.md``, all from the registry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from batch_conformance.findings.rules import REGISTRY, Rule
from batch_conformance.report.suggestion import CURABLE

_HEADING = """# Rules

Every kind of deviation that this suite knows. The level is the one that a deviation has unless the judge knows better:

- **must** contradicts the document, HTTP or the authentication that the document asks for,
- **should** leaves what is documented by example, or makes no sense,
- **info** is told and fails nothing.

`--fail-on` says which levels fail a run. This page is made by `batch-conformance explain --markdown` from the registry;
`batch-conformance explain RULE` says the same of one rule.
"""
_FAMILIES = {
    "response": "The response around its body",
    "method": "Methods",
    "json": "JSON",
    "body": "The body and its schema",
    "value": "Values",
    "auth": "Authentication",
    "identity": "One id, one batch",
    "security": "What must not be shown",
    "time": "Times",
    "state": "States",
    "counts": "Counts",
    "stability": "Between two reads",
    "shape": "Between two runs",
    "client": "What OpenAI's client makes of it",
}


def explanation(rule: Rule) -> str:
    """All that the registry knows of a rule, for a terminal."""
    return "\n".join((f"{rule.id}: {rule.title}", "", *(f"{name:<9}{text}" for name, text in _told(rule))))


def how_to_accept(rule: Rule) -> str:
    """What to do with a deviation that is to stay."""
    if rule.level == "info":
        return "nothing to do: it is told, and fails no run"
    ways = ["`--write-baseline=FILE` writes an entry with your reason and an expiry, and `--baseline=FILE` reads it"]
    if rule.id == "shape.changed":
        ways.append("where the change is meant, record the new shape with `--write-shape=FILE`")
    elif rule.id in CURABLE:
        ways.append("where it is meant, document it: `suggested-overlay.yaml` in the reports shows how")
    return "; ".join(ways)


def page(rules: Sequence[Rule] = tuple(REGISTRY.values())) -> str:
    """The whole page, in Markdown."""
    lines = [_HEADING, "| rule | level | side to fix | what |", "|---|---|---|---|"]
    lines += [f"| [`{r.id}`](#{_anchor(r.id)}) | {r.level} | {r.side} | {_cell(r.title)} |" for r in rules]
    for family in dict.fromkeys(_family(rule) for rule in rules):
        lines += ["", f"## {_FAMILIES.get(family, family.capitalize())}"]
        for rule in rules:
            if _family(rule) == family:
                lines += ["", *_section(rule)]
    return "\n".join(lines) + "\n"


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    yield f"**{rule.title}.** {rule.why}"
    yield ""
    told = dict(_told(rule))
    for name in ("level", "remedy", "accept", "source"):
        yield f"- {name}: {told[name]}"
    for name in ("breaks", "keeps"):
        yield f"- {name}: {_code(told[name])}"


def _told(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "level", f"{rule.level}, side to fix: {rule.side}"
    yield "why", rule.why
    yield "remedy", rule.remedy
    yield "accept", how_to_accept(rule)
    yield "source", rule.source
    yield "breaks", rule.breaks
    yield "keeps", rule.keeps


def _family(rule: Rule) -> str:
    return rule.id.partition(".")[0]


def _anchor(rule_id: str) -> str:
    """The anchor that GitHub makes of the heading."""
    return re.sub(r"[^\w -]", "", rule_id.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    """The text as code, whatever backticks are in it."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}"

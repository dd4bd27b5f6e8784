"""The rules as text for a terminal and as the page ``docs/RULES.md``, all from the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from batch_conformance.report.language import ENGLISH, Language, code_of, translatable
from batch_conformance.report.text import cells
from batch_conformance.rules import REGISTRY, Rule

_HEADING = (
    translatable("# Rules"),
    translatable(
        "Every kind of deviation that this suite knows. The level is the one that a deviation has unless the judge "
        "knows better:"
    ),
    translatable(
        "- **must** contradicts the document, HTTP or the authentication that the document asks for,\n"
        "- **should** leaves what is documented by example, or makes no sense,\n"
        "- **info** is told and fails nothing."
    ),
    translatable(
        "`--fail-on` says which levels fail a run. This page is made by `{command}` from the registry;\n"
        "`batch-conformance explain RULE` says the same of one rule."
    ),
)
FAMILIES = {
    "response": translatable("The response around its body"),
    "method": translatable("Methods"),
    "json": translatable("JSON"),
    "body": translatable("The body and its schema"),
    "value": translatable("Values"),
    "auth": translatable("Authentication"),
    "identity": translatable("One id, one batch"),
    "security": translatable("What must not be shown"),
    "time": translatable("Times"),
    "state": translatable("States"),
    "counts": translatable("Counts"),
    "stability": translatable("Between two reads"),
    "shape": translatable("Between two runs"),
    "client": translatable("What OpenAI's client makes of it"),
    "error": translatable("What errors say"),
    "listing": translatable("Lists of batches"),
    "upload": translatable("Uploading files"),
    "create": translatable("Creating batches"),
    "cancel": translatable("Cancelling batches"),
    "results": translatable("Files of results"),
    "result_lines": translatable("Lines of results"),
    "write": translatable("Changes without a credential"),
}
"""What the first word of the id of a rule stands for, in the order of the page."""


def explanation(rule: Rule, language: Language = ENGLISH) -> str:
    """All that the registry knows of a rule, for a terminal. The examples stay as they are sent."""
    lines = [f"{rule.id}{language.text(': ')}{language.rule_texts(rule).title}", ""]
    for name, text in _facts_of(rule, language):
        label = language.text(name)
        lines.append(f"{label}{' ' * max(9 - cells(label), 1)}{text}")
    return "\n".join(lines)


def how_to_accept(rule: Rule, language: Language = ENGLISH) -> str:
    """What to do with a deviation that is to stay."""
    text = language.text
    if rule.level == "info":
        return text("nothing to do: it is told, and fails no run")
    ways = [
        text("`--write-baseline=FILE` writes an entry with your reason and an expiry, and `--baseline=FILE` reads it")
    ]
    if rule.id == "shape.changed":
        ways.append(text("where the change is meant, record the new shape with `--write-shape=FILE`"))
    elif rule.cure is not None:
        ways.append(text("where it is meant, document it: `suggested-overlay.yaml` in the reports shows how"))
    return text("; ").join(ways)


def in_chapters(rules: Iterable[Rule]) -> list[Rule]:
    """The rules by what they are about, as the page and the list for a terminal have them."""
    order = {family: place for place, family in enumerate(FAMILIES)}
    return sorted(rules, key=lambda rule: (order.get(_family(rule), len(order)), _family(rule)))


def page(language: Language = ENGLISH) -> str:
    """The whole page, in Markdown."""
    text, rules = language.text, in_chapters(REGISTRY.values())
    command = "batch-conformance explain --markdown"
    if language is not ENGLISH:
        command += f" --report-language {code_of(language)}"
    lines = ["\n\n".join(text(part).replace("{command}", command) for part in _HEADING), ""]
    lines.append(f"| {' | '.join((text('rule'), text('level'), text('side to fix'), text('what')))} |")
    lines.append("|---|---|---|---|")
    for rule in rules:
        title = _cell(language.rule_texts(rule).title)
        lines.append(f"| [`{rule.id}`](#{_anchor(rule.id)}) | {text(rule.level)} | {text(rule.side)} | {title} |")
    for family, of_one in groupby(rules, key=_family):
        lines += ["", f"## {text(FAMILIES.get(family, family.capitalize()))}"]
        for rule in of_one:
            lines += ["", *_section(rule, language)]
    return "\n".join(lines) + "\n"


def _section(rule: Rule, language: Language) -> Iterator[str]:
    text, texts = language.text, language.rule_texts(rule)
    yield f"### {rule.id}"
    yield ""
    yield f"**{texts.title}{text('. ').rstrip()}** {texts.why}"
    yield ""
    facts = dict(_facts_of(rule, language))
    for name in ("level", "remedy", "accept", "source"):
        yield f"- {text(name)}{text(': ')}{facts[name]}"
    for name in ("breaks", "keeps"):
        yield f"- {text(name)}{text(': ')}{_code(facts[name])}"


def _facts_of(rule: Rule, language: Language) -> Iterator[tuple[str, str]]:
    text, texts = language.text, language.rule_texts(rule)
    yield translatable("level"), f"{text(rule.level)}{text(', ')}{text('side to fix')}{text(': ')}{text(rule.side)}"
    yield translatable("why"), texts.why
    yield translatable("remedy"), texts.remedy
    yield translatable("accept"), how_to_accept(rule, language)
    yield translatable("source"), language.source(rule.source)
    yield translatable("breaks"), rule.breaks
    yield translatable("keeps"), rule.keeps


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

"""A language: the program's texts, what is counted, the rules, and what judges say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_conformance.findings.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What people read of a rule."""

    title: str
    why: str
    remedy: str


@dataclass(frozen=True)
class Language:
    """``texts``, ``phrases`` and ``rules`` are empty for English, which they translate.

    ``texts`` are whole texts of the reports, with ``{names}`` for what is put in. ``phrases`` are what judges, gate and
    self-check say; each ``{}`` stands for a part that differs. ``nouns`` are how one and several things are told.
    """

    code: str
    tag: str
    nouns: Mapping[str, tuple[str, str]]
    texts: Mapping[str, str] = field(default_factory=dict)
    phrases: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, RuleTexts] = field(default_factory=dict)

    def text(self, english: str, **values: object) -> str:
        """A text of the reports, ``values`` put in. One that the catalogue lacks stays English."""
        told = self.texts.get(english, english)
        return told.format(**values) if values else told

    def count(self, number: int, noun: str) -> str:
        """``1 finding``, ``1,204 findings``. Raises KeyError for a noun that the language does not have."""
        one, many = self.nouns[noun]
        return (one if number == 1 else many).format(n=f"{number:,}")

    def said(self, english: str) -> str:
        """What a judge said, part by part; what the catalogue does not know stays as it is."""
        return english

    def rule_texts(self, rule: Rule) -> RuleTexts:
        """Title, reason and remedy of a rule; a rule that the catalogue lacks stays English."""
        return self.rules.get(rule.id) or RuleTexts(rule.title, rule.why, rule.remedy)

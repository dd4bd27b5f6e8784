"""A language: the program's texts, what is counted, the rules, and what judges say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from batch_conformance.findings.rules import Rule

_LONGEST = 400
"""Characters of a text that is compared with phrases; what is longer came from the wire and stays as it is."""

_DEEPEST = 6
_GAP = re.compile(r"(\{[nw]?\})")
_GAPS: Mapping[str, str] = {"{}": "(.+?)", "{n}": r"([\d.,]+)", "{w}": r"([\w.*/-]+)"}
"""A part that differs: any text, a number, or a word."""


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What people read of a rule."""

    title: str
    why: str
    remedy: str


@dataclass(frozen=True, eq=False)
class Language:
    """``texts``, ``phrases`` and ``rules`` are empty for English, which they translate.

    ``texts`` are whole texts of the reports, with ``{names}`` for what is put in. ``phrases`` are what judges, gate and
    self-check say; each ``{}`` stands for a part that differs, ``{n}`` for a number, ``{w}`` for a word. ``nouns`` are
    how one and several things are told.
    """

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
        return _said(self, english, _DEEPEST) if self.phrases else english

    def rule_texts(self, rule: Rule) -> RuleTexts:
        """Title, reason and remedy of a rule; a rule that the catalogue lacks stays English."""
        return self.rules.get(rule.id) or RuleTexts(rule.title, rule.why, rule.remedy)

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Phrases with parts that differ, those first that leave least open."""
        gapped = [(english, told) for english, told in self.phrases.items() if _GAP.search(english)]
        gapped.sort(key=lambda pair: len(_GAP.sub("", pair[0])), reverse=True)
        return tuple((_pattern(english), told) for english, told in gapped)


def _pattern(english: str) -> re.Pattern[str]:
    parts = (_GAPS.get(part) or re.escape(part) for part in _GAP.split(english))
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(maxsize=8_192)
def _said(language: Language, english: str, depth: int) -> str:
    known = language.phrases.get(english)
    if known is not None or not depth or len(english) > _LONGEST:
        return known if known is not None else english
    for pattern, told in language._patterns:
        match = pattern.fullmatch(english)
        if match:
            parts = iter([_part(language, match, number, depth - 1) for number in range(1, len(match.groups()) + 1)])
            return _GAP.sub(lambda _gap, parts=parts: next(parts), told)  # type: ignore[misc]
    return english


def _part(language: Language, match: re.Match[str], number: int, depth: int) -> str:
    """A part of a phrase; one in quotes came from the wire and stays as it is."""
    start, end = match.span(number)
    quoted = match.string[start - 1 : start] == '"' and match.string[end : end + 1] == '"'
    return match[number] if quoted else _said(language, match[number], depth)

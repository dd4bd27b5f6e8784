"""A language: the program's texts, messages, what is counted, and the rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from gettext import NullTranslations

from batch_conformance.contract.location import Location
from batch_conformance.message import Argument, counted, rendered
from batch_conformance.nouns import NOUNS
from batch_conformance.report.language.catalogue import translations
from batch_conformance.rules import Rule

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
    """``tag`` is BCP 47's. ``catalogue`` is the file of translations in ``batch_conformance/locale``; none for English.

    ``phrases`` are what is still put together as plain text; each ``{}`` stands for a part that differs, ``{n}`` for a
    number, ``{w}`` for a word.
    """

    tag: str
    catalogue: str = ""
    phrases: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def translations(self) -> NullTranslations:
        """The catalogue, read when it is first asked for."""
        return translations(self.catalogue) if self.catalogue else NullTranslations()

    def text(self, english: str, **values: object) -> str:
        """A text of the reports, ``values`` put in. One that the catalogue lacks stays English."""
        translated = self.translations.gettext(english) if english else ""
        return translated.format(**values) if values else translated

    def count(self, number: int, noun: str) -> str:
        """``1 finding``, ``1,204 findings``. Raises KeyError for a noun that the program does not have."""
        return counted(number, NOUNS[noun], self.translations)

    def render(self, said: Argument) -> str:
        """A message in this language. A plain text is translated part by part where phrases know it."""
        return self.said(said) if isinstance(said, str) else rendered(said, self.translations)

    def said(self, english: str) -> str:
        """What is still said as plain text, part by part; what no phrase knows stays as it is."""
        return _said(self, english, _DEEPEST) if self.phrases else english

    def rule_texts(self, rule: Rule) -> RuleTexts:
        """Title, reason and remedy of a rule; a rule that the catalogue lacks stays English."""
        told = self.translations.pgettext
        return RuleTexts(
            told(f"rule.{rule.id}.title", rule.title),
            told(f"rule.{rule.id}.why", rule.why),
            told(f"rule.{rule.id}.remedy", rule.remedy),
        )

    def location(self, location: Location) -> str:
        """Where something is said: a file and its line, or the standard."""
        file = self.source(location.file) if location.origin == "standard" else location.file
        return f"{file}:{location.line}" if location.line else file

    def source(self, source: str) -> str:
        """The standard or page behind a rule (``Rule.source``)."""
        return self.translations.pgettext("source", source) if source else ""

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Phrases with parts that differ, those first that leave least open."""
        gapped = [(english, told) for english, told in self.phrases.items() if _GAP.search(english)]
        gapped.sort(key=lambda pair: len(_GAP.sub("", pair[0])), reverse=True)
        return tuple((_pattern(english), told) for english, told in gapped)


def translatable(english: str) -> str:
    """Marks a text for the catalogue that stands where its language is not known yet."""
    return english


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

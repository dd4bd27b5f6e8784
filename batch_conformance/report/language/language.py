"""A language: the program's texts, messages, what is counted, and the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from gettext import NullTranslations

from batch_conformance.contract.location import Location
from batch_conformance.message import Message, counted
from batch_conformance.nouns import NOUNS
from batch_conformance.report.language.catalogue import translations
from batch_conformance.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What people read of a rule."""

    title: str
    why: str
    remedy: str


@dataclass(frozen=True, eq=False)
class Language:
    """``tag`` is BCP 47's, ``catalogue`` the file of translations in ``batch_conformance/locale``: none for English."""

    tag: str
    catalogue: str = ""

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

    def render(self, message: Message) -> str:
        """A message in this language."""
        return message.render(self.translations)

    def rule_texts(self, rule: Rule) -> RuleTexts:
        """Title, reason and remedy of a rule; a rule that the catalogue lacks stays English."""
        translated = self.translations.pgettext
        return RuleTexts(
            translated(f"rule.{rule.id}.title", rule.title),
            translated(f"rule.{rule.id}.why", rule.why),
            translated(f"rule.{rule.id}.remedy", rule.remedy),
        )

    def suite(self, title: str) -> str:
        """The title of a file of conformance tests."""
        return self.translations.pgettext("suite", title) if title else ""

    def location(self, location: Location) -> str:
        """Where something is said: a file and its line, or the standard."""
        file = self.source(location.file) if location.origin == "standard" else location.file
        return f"{file}:{location.line}" if location.line else file

    def source(self, source: str) -> str:
        """The standard or page behind a rule (``Rule.source``)."""
        return self.translations.pgettext("source", source) if source else ""


def translatable(english: str) -> str:
    """Marks a text for the catalogue that stands where its language is not known yet."""
    return english

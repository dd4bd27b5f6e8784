"""The languages that people can read a run in. What machines read is English: JSON, SARIF, JUnit, the baseline.

The texts of the program are English, and are the keys of a catalogue: modules of their own for each other language.
"""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.report.language import english, zh, zh_document, zh_judges, zh_rules, zh_run
from batch_conformance.report.language.language import Language, RuleTexts

ENGLISH = Language(tag="en", nouns=english.NOUNS)
CHINESE = Language(
    tag="zh-CN",
    nouns=zh.NOUNS,
    texts=zh.TEXTS,
    phrases={**zh_judges.PHRASES, **zh_document.PHRASES, **zh_run.PHRASES},
    rules=zh_rules.RULES,
)

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "zh": CHINESE}
"""By the values of ``--report-language``."""


def language(code: str) -> Language:
    """The language of a code of ``LANGUAGES``."""
    return LANGUAGES[code]


def code_of(wanted: Language) -> str:
    """The code of a language of ``LANGUAGES``."""
    return next(code for code, known in LANGUAGES.items() if known is wanted)


__all__ = ["CHINESE", "ENGLISH", "LANGUAGES", "Language", "RuleTexts", "code_of", "language"]

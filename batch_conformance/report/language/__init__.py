"""The languages that people can read a run in. What machines read is English: JSON, SARIF, JUnit, the baseline.

The English stands where the program speaks (``batch_conformance/message.py``, and the texts of the reports); other
languages are gettext catalogues in ``batch_conformance/locale``.
"""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.report.language.language import Language, RuleTexts, translatable

ENGLISH = Language(tag="en")
CHINESE = Language(tag="zh-CN", catalogue="zh_CN")

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "zh": CHINESE}
"""By the values of ``--report-language``."""


def language(code: str) -> Language:
    """The language of a code of ``LANGUAGES``."""
    return LANGUAGES[code]


def code_of(wanted: Language) -> str:
    """The code of a language of ``LANGUAGES``."""
    return next(code for code, known in LANGUAGES.items() if known is wanted)


__all__ = ["CHINESE", "ENGLISH", "LANGUAGES", "Language", "RuleTexts", "code_of", "language", "translatable"]

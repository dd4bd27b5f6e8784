"""The languages that people can read a run in. What machines read is English: JSON, SARIF, JUnit, the baseline.

The texts of the program are English, and are the keys of a catalogue: one module for each other language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from batch_conformance.report.language.english import NOUNS
from batch_conformance.report.language.language import Language

Code = Literal["en"]

CODES: tuple[str, ...] = get_args(Code)

ENGLISH = Language(code="en", tag="en", nouns=NOUNS)

_LANGUAGES: Mapping[str, Language] = {"en": ENGLISH}


def language(code: str) -> Language:
    """The language of a code of ``CODES``."""
    return _LANGUAGES[code]


__all__ = ["CODES", "ENGLISH", "Code", "Language", "language"]

"""The language that a command line asks for, and texts in it: no more is imported for that than has to be."""

from __future__ import annotations

from collections.abc import Sequence

from batch_conformance.message import Message

_OPTION = "--report-language"
_ENGLISH, _OTHERS = "en", ("zh",)


def asked_language(arguments: Sequence[str]) -> str:
    """The code of the language that is asked for on a command line, which may be wrong in other parts."""
    given = [
        value if is_joined else (arguments[place + 1] if place + 1 < len(arguments) else "")
        for place, argument in enumerate(arguments)
        for name, is_joined, value in [argument.partition("=")]
        if name == _OPTION
    ]
    return given[-1] if given and given[-1] in _OTHERS else _ENGLISH


def rendered_in(message: Message, language: str) -> str:
    """A message in a language given by its code. English needs no catalogue, and none is read for it."""
    if language == _ENGLISH:
        return str(message)
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415

    return language_of(language).render(message)


def text_in(english: str, language: str) -> str:
    """A text without arguments in a language given by its code; one that the catalogue lacks stays English."""
    if language == _ENGLISH:
        return english
    from batch_conformance.report.language import language as language_of  # noqa: PLC0415

    return language_of(language).text(english)

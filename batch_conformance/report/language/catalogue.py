"""Translations: gettext ``.po`` files in ``batch_conformance/locale``, made by ``tests/catalogue.py``."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from importlib import resources

import polib

_MANY_OF_A_CONTEXT = ("", "source", "suite")
"""Contexts that are no id of one text."""


class Catalogue(NullTranslations):
    """Translations of a language that counts one and many alike.

    A message is found by its id alone: one that was written by another version may have another English.
    """

    def __init__(self, entries: polib.POFile) -> None:
        super().__init__()
        self._by_text: dict[tuple[str, str], str] = {}
        self._by_id: dict[str, str] = {}
        for entry in entries.translated_entries():
            context, translation = entry.msgctxt or "", entry.msgstr or entry.msgstr_plural[0]
            self._by_text[context, entry.msgid] = translation
            if context not in _MANY_OF_A_CONTEXT:
                self._by_id[context] = translation

    def gettext(self, message: str) -> str:
        """The translation of a text of the reports; the text itself where there is none."""
        return self._by_text.get(("", message), message)

    def pgettext(self, context: str, message: str) -> str:
        """The translation of the text with an id, or of a text of a context; the text itself where there is none."""
        return self._by_id.get(context) or self._by_text.get((context, message), message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        """The words for a number of a noun."""
        return self._by_id.get(context) or (msgid1 if n == 1 else msgid2)


@cache
def translations(name: str) -> Catalogue:
    """The translations of a file such as ``zh_CN``. ``msgctxt`` is a template's id; texts of the reports have none."""
    text = resources.files("batch_conformance").joinpath("locale", f"{name}.po").read_text("utf-8")
    return Catalogue(polib.pofile(text))

"""Translations: gettext ``.po`` files in ``batch_conformance/locale``, made by ``tests/catalogue.py``."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib import resources
from io import BytesIO

import polib


@cache
def translations(name: str) -> GNUTranslations:
    """The translations of a file such as ``zh_CN``. ``msgctxt`` is a template's id; texts of the reports have none."""
    text = resources.files("batch_conformance").joinpath("locale", f"{name}.po").read_text("utf-8")
    return GNUTranslations(BytesIO(polib.pofile(text).to_binary()))

"""Near misses: which known word somebody probably meant who wrote another one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from batch_conformance.message import Message, Template

NO_OPTION = Template("usage.no_option", "there is no option {option}{hint}")
DID_YOU_MEAN = Template("near_miss.did_you_mean", "; did you mean {word}?")

_ALIKE = 0.75
_SHORTEST = 4
"""Characters of a word below which a likeness is chance."""
_LONGEST = 64
_BETWEEN = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"\d+")


def nearest(given: str, known: Iterable[str]) -> str:
    """The known word that ``given`` is a slip of, or an empty text.

    Case, and what stands between the parts of a word, make no difference; numbers do: ``v2`` is no slip of ``v1``.
    """
    if len(given) > _LONGEST:
        return ""
    by_form: dict[str, str] = {}
    for word in known:
        if word != given and len(word) <= _LONGEST:
            by_form.setdefault(_form(word), word)
    form = _form(given)
    if form and form in by_form:
        return by_form[form]
    if len(form) < _SHORTEST:
        return ""
    numbers = _DIGITS.findall(form)
    possible = [one for one in by_form if len(one) >= _SHORTEST and _DIGITS.findall(one) == numbers]
    found = difflib.get_close_matches(form, possible, n=1, cutoff=_ALIKE)
    return by_form[found[0]] if found else ""


def suggested(given: str, known: Iterable[str]) -> Message | str:
    """``; did you mean siliconflow?``, to stand at the end of a message, or an empty text."""
    near = nearest(given, known)
    return DID_YOU_MEAN(word=near) if near else ""


def suggestion(given: str, known: Iterable[str]) -> str:
    """The same in English."""
    return str(suggested(given, known))


def _form(word: str) -> str:
    return _BETWEEN.sub("", word.lower())

"""The catalogue of translations, brought up to date: ``python tests/catalogue.py`` after a text was added or changed.

Texts are found where they stand: templates and nouns of messages, texts of the reports and of their pages, and those of
the rules. What is new gets an empty translation to fill in; where the English of a message changed, its translation is
marked ``fuzzy``, to be looked at: delete the mark. What stands nowhere any more goes. Python is read with ``ast``
because Babel does not see calls inside f-strings before Python 3.12.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polib
from jinja2.ext import babel_extract

from batch_conformance.report.language.words import WORDS
from batch_conformance.rules import REGISTRY
from batch_conformance.suites import read_suites

PACKAGE = Path(__file__).parents[1] / "batch_conformance"
CHINESE = PACKAGE / "locale" / "zh_CN.po"
TEMPLATES = PACKAGE / "report" / "templates"

_READER = PACKAGE / "message_json.py"
"""It makes templates of what another version wrote."""

_TEXTS = ("text", "translatable", "_field", "_label", "_note")
"""Functions whose first argument is a text of the reports."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be translated, as gettext has it: context, singular (or the whole), plural; where it stands."""

    context: str | None
    english: str
    plural: str
    place: str

    @property
    def key(self) -> tuple[str, str]:
        """What translations are found by."""
        return self.context or "", self.english


@cache
def extracted() -> tuple[Text, ...]:
    """Every text that people read, by context and English. Raises ValueError for a template that is no literal."""
    found = [text for path in sorted(PACKAGE.rglob("*.py")) if path != _READER for text in _in_module(path)]
    for path in sorted(TEMPLATES.glob("*.j2")):
        with path.open("rb") as file:
            for line, _, text, _ in babel_extract(file, ["_"], [], {"extensions": ""}):
                first = text if text is None or isinstance(text, str) else text[0]
                found.append(Text(None, first or "", "", f"{path.name}:{line}"))
    for rule in REGISTRY.values():
        for name in ("title", "why", "remedy"):
            found.append(Text(f"rule.{rule.id}.{name}", getattr(rule, name), "", rule.id))
        found.append(Text("source", rule.source, "", rule.id))
    found += [Text(None, word, "", "words.py") for word in WORDS]
    found += [Text("suite", title, "", file) for file, title in read_suites().titles.items()]
    unique = {text.key: text for text in reversed(found) if text.english}
    return tuple(sorted(unique.values(), key=lambda text: text.key))


def _in_module(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        arguments = [_literal(argument) for argument in node.args]
        place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
        if name in ("Template", "Noun"):
            if None in arguments or len(arguments) != (2 if name == "Template" else 3):
                raise ValueError(f"{place}: the id and the English of a {name} are literals, so that they are found")
            yield Text(arguments[0], str(arguments[1]), str(arguments[2]) if name == "Noun" else "", place)
        elif name in _TEXTS and arguments and arguments[0] is not None:
            yield Text(None, arguments[0], "", place)


def _name(called: ast.expr) -> str:
    """The name of what is called, without what it is an attribute of."""
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def entries(path: Path = CHINESE) -> dict[tuple[str, str], polib.POEntry]:
    """The entries of a catalogue, by context and English."""
    return {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(path.read_text("utf-8"))}


def update(path: Path = CHINESE) -> None:
    """Write the catalogue anew, with the translations that it has."""
    known = entries(path)
    of_context = {context: entry for (context, _), entry in known.items() if context not in ("", "source", "suite")}
    catalogue = polib.POFile(wrapwidth=0)
    catalogue.metadata = {
        "Language": path.stem,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    for text in extracted():
        entry = known.get(text.key)
        if entry is None and text.context in of_context:
            entry = of_context[text.context]
            entry.previous_msgid, entry.msgid, entry.flags = entry.msgid, text.english, ["fuzzy"]
        if entry is None:
            entry = polib.POEntry(msgctxt=text.context, msgid=text.english)
            if text.plural:
                entry.msgid_plural, entry.msgstr_plural = text.plural, {0: ""}
        catalogue.append(entry)
    path.write_text(f"{catalogue}\n", encoding="utf-8")


if __name__ == "__main__":
    update()
    for entry in entries().values():
        if not entry.translated():
            print(f"{entry.msgctxt or 'report'}: {entry.msgid}")

"""Messages: texts for people as values. A template stands where the program speaks; a language renders it last.

Nothing reads a rendered text back: code branches on fields, and a customer's value is masked by its argument's type.
This module imports nothing of the project, so that every part of it can speak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from gettext import NullTranslations
from string import Formatter
from typing import Literal, TypeAlias, Union

MASKED = "[masked]"
"""What stands for a customer's value."""

Conjunction = Literal["or", "and", ";", ""]


@dataclass(frozen=True, slots=True)
class Template:
    """A text of the program. ``english`` is a format string: ``{name}`` is an argument, ``{{`` and ``}}`` are braces.

    ``id`` is unique, stays when the English is reworded, and is the ``msgctxt`` of the translations. Both have to be
    literals, or the extraction of the catalogue does not see them.
    """

    id: str
    english: str = field(compare=False)

    def __call__(self, **arguments: Argument) -> Message:
        """The text with its arguments. Raises TypeError when one is missing or one too many is given."""
        names = argument_names(self.english)
        if names != arguments.keys():
            raise TypeError(f"{self.id} takes {sorted(names)}, not {sorted(arguments)}")
        return Message(self, tuple(sorted(arguments.items())))


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing that is counted: the words for one, and for several, with ``{n}`` for the number."""

    id: str
    one: str = field(compare=False)
    many: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A template with its arguments, by name in alphabetical order. ``str()`` renders it in English."""

    template: Template
    arguments: tuple[tuple[str, Argument], ...] = ()

    @property
    def id(self) -> str:
        """The template's id."""
        return self.template.id

    @property
    def english(self) -> str:
        """The text in English."""
        return self.render(ENGLISH)

    def argument(self, name: str) -> Argument:
        """An argument by its name. Raises KeyError for one that the template does not have."""
        return dict(self.arguments)[name]

    def __str__(self) -> str:
        return self.english

    def render(self, translations: NullTranslations) -> str:
        """The text in a language; in English where ``translations`` lack it. Always one line."""
        translated = translations.pgettext(self.template.id, self.template.english)
        if not argument_names(translated) <= {name for name, _ in self.arguments}:
            translated = self.template.english  # a message that another version wrote has other arguments
        return translated.format(**{name: rendered(argument, translations) for name, argument in self.arguments})

    def mapped(self, change: Callable[[str], str]) -> Message:
        """The same with every text that stands in it changed: to take secrets out of it."""
        return replace(self, arguments=tuple((name, _mapped(argument, change)) for name, argument in self.arguments))

    def masked(self) -> Message:
        """The same without customers' values: their types stay, their texts are gone."""
        return replace(self, arguments=tuple((name, _masked(argument)) for name, argument in self.arguments))


@dataclass(frozen=True, slots=True)
class Private:
    """A value that came from a response and may be a customer's; rendered as its type and its text.

    ``text`` is what is shown of it (a string with its quotes), None once it is masked. ``type`` is its JSON type, empty
    where that is not told.
    """

    text: str | None
    type: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Several things: ``a, b or c``; with ``;`` all of them are set apart by it."""

    items: tuple[Argument, ...]
    conjunction: Conjunction = ""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things: ``1 finding``, ``1,204 findings``."""

    number: int
    noun: Noun


Argument: TypeAlias = Union[str, int, float, Message, Private, Listing, Count]  # noqa: UP007 (evaluated at run time)
"""What can stand in a template: names and numbers as they are, and what a language renders in its own way."""

ENGLISH = NullTranslations()
"""The language of the templates themselves."""

_TYPES: Mapping[str, Template] = {
    "string": Template("type.string", "string"),
    "integer": Template("type.integer", "integer"),
    "number": Template("type.number", "number"),
    "boolean": Template("type.boolean", "boolean"),
    "array": Template("type.array", "array"),
    "object": Template("type.object", "object"),
    "null": Template("type.null", "null"),
}
_TYPED = Template("value.typed", "{type} {text}")
_SHOWN = Template("value.shown", "{value}")
_COMMA = Template("listing.comma", "{first}, {second}")
_CONJUNCTIONS: Mapping[Conjunction, Template] = {
    "or": Template("listing.or", "{first} or {second}"),
    "and": Template("listing.and", "{first} and {second}"),
    ";": Template("listing.semicolon", "{first}; {second}"),
    "": _COMMA,
}


def type_named(name: str) -> Message | str:
    """The name of a JSON type as a message; any other word as it is."""
    return _TYPES[name]() if name in _TYPES else name


def shown(value: Argument) -> Message:
    """An argument that is all there is to say."""
    return value if isinstance(value, Message) else _SHOWN(value=value)


@lru_cache(maxsize=4_096)
def argument_names(text: str) -> frozenset[str]:
    """The names of the arguments in a format string."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def printable(text: str) -> str:
    """A text on one line: what has no glyph is written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def rendered(argument: Argument, translations: NullTranslations) -> str:
    """An argument as text in a language, on one line."""
    match argument:
        case Message():
            return argument.render(translations)
        case Private():
            return _private(argument, translations)
        case Listing():
            return _listing(argument, translations)
        case Count():
            return counted(argument.number, argument.noun, translations)
        case _:
            return printable(str(argument))


def counted(number: int, noun: Noun, translations: NullTranslations) -> str:
    """So many things, in a language."""
    return translations.npgettext(noun.id, noun.one, noun.many, number).format(n=f"{number:,}")


def _private(value: Private, translations: NullTranslations) -> str:
    text = MASKED if value.text is None else value.text
    if not value.type:
        return printable(text)
    return _TYPED(type=type_named(value.type), text=text).render(translations)


def _listing(listing: Listing, translations: NullTranslations) -> str:
    if not listing.items:
        return ""
    joined: Argument = listing.items[0]
    last = len(listing.items) - 1
    for number, item in enumerate(listing.items[1:], start=1):
        is_joined = number == last or listing.conjunction == ";"
        joined = (_CONJUNCTIONS[listing.conjunction] if is_joined else _COMMA)(first=joined, second=item)
    return rendered(joined, translations)


def _masked(argument: Argument) -> Argument:
    match argument:
        case Message():
            return argument.masked()
        case Private():
            return replace(argument, text=None)
        case Listing():
            return replace(argument, items=tuple(map(_masked, argument.items)))
        case _:
            return argument


def _mapped(argument: Argument, change: Callable[[str], str]) -> Argument:
    match argument:
        case str():
            return change(argument)
        case Message():
            return argument.mapped(change)
        case Private():
            return argument if argument.text is None else replace(argument, text=change(argument.text))
        case Listing():
            return replace(argument, items=tuple(_mapped(item, change) for item in argument.items))
        case _:
            return argument

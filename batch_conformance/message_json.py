"""Messages for machines: the English, the id of the template and the arguments, and such JSON read again."""

from __future__ import annotations

import reprlib
from typing import Any

from batch_conformance.message import (
    ENGLISH,
    Argument,
    Count,
    Listing,
    Message,
    Noun,
    Private,
    Template,
    counted,
    shown,
)

_DEEPEST = 12
"""Messages inside messages that are read."""


def as_json(message: Message) -> dict[str, Any]:
    """The message for machines: its English, its id and its arguments by name."""
    return {
        "text": message.english,
        "id": message.id,
        "arguments": {name: _argument_json(argument) for name, argument in message.arguments},
    }


def _argument_json(argument: Argument) -> Any:
    match argument:
        case Message():
            return as_json(argument)
        case Private():
            value = {"masked": True} if argument.text is None else {"value": argument.text}
            return {"type": argument.type, **value}
        case Listing():
            return {"conjunction": argument.conjunction, "items": [_argument_json(item) for item in argument.items]}
        case Count():
            text = counted(argument.number, argument.noun, ENGLISH)
            return {"text": text, "number": argument.number, "noun": argument.noun.id}
        case _:
            return argument


def from_json(value: object) -> Message:
    """The message that ``as_json`` wrote; what is none is a message that shows it. Never raises.

    Its English is the text that was written: this version's template may say something else.
    """
    argument = _argument(value, _DEEPEST)
    return argument if isinstance(argument, Message) else shown(argument)


def _argument(value: object, depth: int) -> Argument:
    if isinstance(value, str | int | float):
        return value
    composed = _composed(value, depth - 1) if isinstance(value, dict) and depth else None
    return reprlib.repr(value) if composed is None else composed


def _composed(value: dict[str, Any], depth: int) -> Argument | None:
    match value:
        case {"text": str(text), "id": str(name), "arguments": dict(arguments)}:
            pairs = tuple(sorted((str(key), _argument(one, depth)) for key, one in arguments.items()))
            return Message(Template(name, _literally(text)), pairs)
        case {"text": str(text), "number": int(number), "noun": str(noun)}:
            return Count(number, Noun(noun, _literally(text), _literally(text)))
        case {"conjunction": "or" | "and" | ";" | "" as conjunction, "items": list(items)}:
            return Listing(tuple(_argument(one, depth) for one in items), conjunction)
        case {"type": str(kind), "value": str(text)}:
            return Private(text, kind)
        case {"type": str(kind), "masked": True}:
            return Private(None, kind)
    return None


def _literally(text: str) -> str:
    """A format string without arguments."""
    return text.replace("{", "{{").replace("}", "}}")

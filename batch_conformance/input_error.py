"""What a person gave cannot be used: the one kind of error that is a single line and ends with exit code 4."""

from __future__ import annotations

import json

from batch_conformance.message import Message, Template, shown

_FAULT = Template(
    "fault.own",
    "A fault of batch-conformance itself, not drift: {cause}. "
    "Please report it with the lines above, the command and the version (batch-conformance --version).",
)


class InputError(ValueError):
    """An option, a file or a URL that cannot be used. Its ``message`` is one line for people that says what to do.

    Anything else that is raised is a fault of this tool, whatever its type, and never read as wrong input. White space
    other than spaces becomes one, and what cannot be printed is escaped: much of a text is quoted from others' files.
    """

    def __init__(self, text: str | Message) -> None:
        self.message = shown(text if isinstance(text, Message) else _one_line(text)).mapped(_one_line)
        super().__init__(str(self.message))


def why_no_json(error: ValueError | RecursionError, raw: str | bytes = "") -> str:
    """Why a text is no JSON, and where in it, in words; ``raw`` is the text where its encoding may be what is wrong."""
    if isinstance(raw, bytes):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as found:
            return f"no UTF-8 at byte {found.start}"
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 at byte {error.start}"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}: line {error.lineno} column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it has a number that is too long"


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def fault(error: Exception | str) -> Message:
    """What to say of any other exception, below its traceback."""
    return _FAULT(cause=error if isinstance(error, str) else f"{type(error).__name__}: {error}")

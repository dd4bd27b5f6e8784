"""What a person gave cannot be used: the one kind of error that is a single line and ends with exit code 4."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping

from batch_conformance.message import Message, Template, shown

_FAULT = Template(
    "fault.own",
    "A fault of batch-conformance itself, not drift: {cause}. "
    "Please report it with the lines above, the command and the version (batch-conformance --version).",
)


_NO_UTF_8 = Template("json_text.no_utf_8", "no UTF-8 at byte {byte}")
_NO_JSON_AT = Template("json_text.no_json_at", "{what}: line {line} column {column}")
NESTED_TOO_DEEPLY = Template("json_text.nested_too_deeply", "it is nested too deeply")
_NUMBER_TOO_LONG = Template("json_text.number_too_long", "it has a number that is too long")
_SYNTAX: Mapping[str, Template] = {
    "expecting value": Template("json_text.value", "Expecting value"),
    "expecting property name": Template("json_text.name", "Expecting property name enclosed in double quotes"),
    "expecting ':'": Template("json_text.colon", "Expecting ':' delimiter"),
    "expecting ','": Template("json_text.comma", "Expecting ',' delimiter"),
    "unterminated string": Template("json_text.string", "Unterminated string starting at"),
    "invalid control character": Template("json_text.control", "Invalid control character at"),
    "invalid \\escape": Template("json_text.escape", "Invalid \\escape"),
    "invalid \\uxxxx": Template("json_text.unicode", "Invalid \\uXXXX escape"),
    "extra data": Template("json_text.extra", "Extra data"),
    "illegal trailing comma": Template("json_text.trailing_comma", "Illegal trailing comma"),
    "unexpected end of data": Template("json_text.end", "unexpected end of data"),
    "unexpected character": Template("json_text.character", "unexpected character"),
    "unexpected content after document": Template("json_text.after", "unexpected content after document"),
    "trailing comma is not allowed": Template("json_text.comma_after", "trailing comma is not allowed"),
    "invalid literal": Template("json_text.literal", "invalid literal"),
    "invalid escaped": Template("json_text.escaped", "invalid escaped character in string"),
    "unexpected control character": Template("json_text.raw_control", "unexpected control character in string"),
    "input is a zero-length": Template("json_text.empty", "Input is a zero-length, empty document"),
    "recursion limit reached": Template("json_text.recursion", "Recursion limit reached"),
}
"""How the complaints of Python's ``json`` and of orjson begin, in lower case."""
_SYSTEM: Mapping[int, Template] = {
    errno.ENOENT: Template("system.no_such_file", "No such file or directory"),
    errno.EACCES: Template("system.permission_denied", "Permission denied"),
    errno.EPERM: Template("system.not_permitted", "Operation not permitted"),
    errno.EISDIR: Template("system.is_a_directory", "Is a directory"),
    errno.ENOTDIR: Template("system.not_a_directory", "Not a directory"),
    errno.EEXIST: Template("system.file_exists", "File exists"),
    errno.ENAMETOOLONG: Template("system.name_too_long", "File name too long"),
    errno.ENOSPC: Template("system.no_space", "No space left on device"),
    errno.EROFS: Template("system.read_only", "Read-only file system"),
    errno.EADDRINUSE: Template("system.address_in_use", "Address already in use"),
    errno.EADDRNOTAVAIL: Template("system.address_not_available", "Cannot assign requested address"),
    errno.ECONNREFUSED: Template("system.connection_refused", "Connection refused"),
}


class InputError(ValueError):
    """An option, a file or a URL that cannot be used. Its ``message`` is one line for people that says what to do.

    Anything else that is raised is a fault of this tool, whatever its type, and never read as wrong input. White space
    other than spaces becomes one, and what cannot be printed is escaped: much of a text is quoted from others' files.
    """

    def __init__(self, message: Message) -> None:
        self.message = message.mapped(_one_line)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[type[InputError], tuple[Message]]:
        return type(self), (self.message,)  # an exception is else made again of its text: it comes from other processes


def why_no_json(error: ValueError | RecursionError, raw: str | bytes = "") -> Message:
    """Why a text is no JSON, and where in it; ``raw`` is the text where its encoding may be what is wrong."""
    if isinstance(raw, bytes):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as found:
            return _NO_UTF_8(byte=found.start)
    if isinstance(error, UnicodeDecodeError):
        return _NO_UTF_8(byte=error.start)
    if isinstance(error, json.JSONDecodeError):
        return _NO_JSON_AT(what=_syntax_error(error.msg), line=error.lineno, column=error.colno)
    return NESTED_TOO_DEEPLY() if isinstance(error, RecursionError) else _NUMBER_TOO_LONG()


def why_no_file(error: OSError) -> Message:
    """Why the operating system refuses a file, a folder or an address; where it is a rare reason, in its own words."""
    reason = _SYSTEM.get(error.errno or 0)
    return reason() if reason is not None else shown(error.strerror or str(error))


def _syntax_error(words: str) -> Message:
    """What a parser of JSON says in words of its own."""
    begins = words.lower()
    return next((told() for start, told in _SYNTAX.items() if begins.startswith(start)), shown(words))


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def fault(error: Exception | str) -> Message:
    """What to say of any other exception, below its traceback."""
    return _FAULT(cause=error if isinstance(error, str) else f"{type(error).__name__}: {error}")

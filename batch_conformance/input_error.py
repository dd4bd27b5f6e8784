"""What a person gave cannot be used: the one kind of error that is told in a line and ends with exit code 4."""

from __future__ import annotations


class InputError(ValueError):
    """An option, a file or a URL that cannot be used. Its text is one line for people that says what to do.

    Anything else that is raised is a fault of this tool, whatever its type, and never read as wrong input. White space
    other than spaces becomes one, and what cannot be printed is escaped: much of a text is quoted from others' files.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text if text.isprintable() else "".join(map(_printable, text)))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def fault_line(error: Exception | str) -> str:
    """What to say of any other exception, below its traceback."""
    told = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return (
        f"A fault of batch-conformance itself, not drift: {told}. "
        "Please report it with the lines above, the command and the version (batch-conformance --version)."
    )

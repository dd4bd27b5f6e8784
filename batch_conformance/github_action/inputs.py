"""The inputs of the action: the options of a run under the same names, and the command line that they make."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from batch_conformance.input_error import InputError
from batch_conformance.message import Template
from batch_conformance.options import Option, options_of

PREFIX = "OPTION_"
"""Before the variable in which the action hands over an input of its own."""

NOT_INPUTS = frozenset({"plan"})
"""Options that make no audit, and so no outputs."""

_NO_ARGUMENTS = Template(
    "action.no_arguments", "the input `arguments` cannot be split into arguments as a shell does: {why}"
)
_NO_FLAG = Template("action.no_flag", "the input `{name}` is {value}, and must be true or false")


def inputs() -> tuple[Option, ...]:
    """The options that are inputs of the action, in the order of the table."""
    return tuple(option for option in options_of("run") if option.name not in NOT_INPUTS)


def variable(name: str) -> str:
    """The environment variable of an input, such as ``OPTION_BASE_URL``."""
    return PREFIX + name.upper().replace("-", "_")


def arguments(environ: Mapping[str, str]) -> list[str]:
    """The arguments of ``batch-conformance run``. An input that is empty is an option that is not given.

    A flag is ``true`` or ``false``; of an option that may be repeated there is a value a line; ``arguments`` are
    written as in a shell. Raises InputError for a flag of another word and for a quote that does not end.
    """
    found: list[str] = []
    for option in inputs():
        value = environ.get(variable(option.name), "").strip()
        if option.type == "flag":
            found += [option.flag] if _is_true(option.name, value) else []
        elif option.repeats:
            found += [f"{option.flag}={one.strip()}" for one in value.splitlines() if one.strip()]
        elif value:
            found.append(f"{option.flag}={value}")
    try:
        return found + shlex.split(environ.get(variable("arguments"), ""))
    except ValueError as error:
        raise InputError(_NO_ARGUMENTS(why=str(error))) from None


def _is_true(name: str, value: str) -> bool:
    if value.lower() not in ("", "false", "true"):
        raise InputError(_NO_FLAG(name=name, value=repr(value)))
    return value.lower() == "true"

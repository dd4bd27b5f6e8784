"""The pytest options of an audit, and the settings that they make."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import pytest

from batch_conformance.command_language import asked_language, rendered_in
from batch_conformance.message import Message
from batch_conformance.near_miss import NO_OPTION, suggested
from batch_conformance.options import BASE_URL_ENV, Option, Type, options_of
from batch_conformance.run.settings import Settings, settle
from batch_conformance.wrong_value import no_number, not_among


def _integer(given: str) -> int:
    """The whole number that a text is. Raises ``argparse.ArgumentTypeError`` for any other text."""
    try:
        return int(given)
    except ValueError:
        raise argparse.ArgumentTypeError(_told(no_number(given, None, whole=True))) from None


def _number(given: str) -> float:
    """The number that a text is. Raises ``argparse.ArgumentTypeError`` for any other text."""
    try:
        return float(given)
    except ValueError:
        raise argparse.ArgumentTypeError(_told(no_number(given, None, whole=False))) from None


def _told(message: Message) -> str:
    """What argparse says, in the language that the command line asks for, which is not parsed yet."""
    return rendered_in(message, asked_language(sys.argv))


_UNRECOGNIZED = "unrecognized arguments: "
"""What argparse says before the arguments that nobody knows."""
_TYPES: Mapping[Type, Callable[[str], Any]] = {"text": str, "path": str, "integer": _integer, "number": _number}


def add_options(parser: pytest.Parser) -> None:
    """Register every option; ``--base-url`` is shared with pytest-base-url where that is installed."""
    group = parser.getgroup("batch conformance", "audit of GET /batches/{batch_id}")
    for option in options_of("run"):
        # Where pytest-base-url is installed, it registered the option first and means the same by it.
        shared = contextlib.suppress(ValueError) if option.name == "base-url" else contextlib.nullcontext()
        with shared:
            group.addoption(option.flag, help=option.description, **_for_pytest(option))


def answer_unknown_options(parser: pytest.Parser) -> None:
    """Have an option that nobody knows answered with the one that was probably meant, in one line."""
    argparser: Any = getattr(parser, "optparser", None)
    if argparser is None:
        return
    error = argparser.error

    def answered(message: str) -> NoReturn:
        _, found, given = message.partition(_UNRECOGNIZED)
        unknown = next((one.partition("=")[0] for one in given.split() if one.startswith("-")), "") if found else ""
        if not unknown:
            error(message)
        known = [flag for action in argparser._actions for flag in action.option_strings]
        told = NO_OPTION(option=unknown, hint=suggested(unknown, known))
        raise pytest.UsageError(f"{argparser.prog}: {rendered_in(told, asked_language(sys.argv))}")

    argparser.error = answered


def _for_pytest(option: Option) -> dict[str, Any]:
    if option.type == "flag":
        return {"action": "store_true"}
    if option.repeats:
        return {"action": "append", "default": [], "metavar": option.metavar}
    given: dict[str, Any] = {"default": option.default}
    if option.choices:
        return given | {"choices": option.choices, "type": _among(*option.choices)}
    return given | {"type": _TYPES[option.type], "metavar": option.metavar}


def _among(*words: str) -> Callable[[str], str]:
    """One of these words; what is near to one of them is answered with it."""

    def chosen(given: str) -> str:
        if given not in words:
            raise argparse.ArgumentTypeError(_told(not_among(given, words)))
        return given

    return chosen


def settings_from(config: pytest.Config) -> Settings:
    """The settings of this session. Raises ``InputError`` with one line for people."""
    option = config.option
    asked = {asked.keyword: getattr(option, asked.name.replace("-", "_")) for asked in options_of("run")}
    asked["base_url"] = option.base_url or os.environ.get(BASE_URL_ENV)
    return settle(os.environ, **asked)


def seed_from(config: pytest.Config) -> int | None:
    """Hypothesis' own seed option; None where the run is derandomized."""
    seed = config.getoption("--hypothesis-seed", default=None)
    return int(seed) if seed is not None and str(seed).lstrip("-").isdigit() else None

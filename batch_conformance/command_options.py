"""The options of the commands, made for click from the table; ``run.options`` makes those of pytest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from batch_conformance.contract.choice import stated
from batch_conformance.contract.error import ContractError
from batch_conformance.near_miss import suggestion
from batch_conformance.options import GROUPS, Bounds, Command, Option, options_of
from batch_conformance.usage_errors import BadValue
from batch_conformance.wrong_value import no_number, not_among

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Among(click.Choice[str]):
    """One of some words; what is near to one of them is answered with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word. Raises ``click.BadParameter`` for any other."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near, why = suggestion(str(value), self.choices), not_among(str(value), self.choices)
            raise BadValue(error.message.rstrip(".") + near if near else error.message, why, ctx, param) from None


class Number(click.ParamType[Any]):
    """A number, whole or not, within bounds; whatever else is given is told of in the language of the command."""

    def __init__(self, bounds: Bounds | None, *, whole: bool) -> None:
        self._bounds, self._whole = bounds, whole
        if bounds is None:
            self._type: click.ParamType[Any] = click.INT if whole else click.FLOAT
        else:
            self._type = click.IntRange(**_range(bounds)) if whole else click.FloatRange(**_range(bounds))
        self.name = self._type.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Raises ``BadValue`` for anything else."""
        try:
            return self._type.convert(value, param, ctx)
        except click.BadParameter as error:
            why = no_number(value, self._bounds, whole=self._whole)
            raise BadValue(error.message, why, ctx, param) from None


def _checked_operation(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    try:
        return stated(value)
    except ContractError as error:
        raise BadValue(str(error), error.message, context, parameter) from None


_CALLBACKS: Mapping[str, Callable[[click.Context, click.Parameter, Any], Any]] = {"operation": _checked_operation}


def command_options(command: Command) -> Callable[[_Function], _Function]:
    """Decorates the function of a click command with every option that the table has for it, in order."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options_of(command)):
            function = _click_option(option)(function)
        return function

    return decorate


def _click_option(option: Option) -> Callable[[Any], Any]:
    names = (option.flag, option.parameter) if option.parameter else (option.flag,)
    settings: dict[str, Any] = {"help": option.help, "callback": _CALLBACKS.get(option.name)}
    if option.type == "flag":
        return click.option(*names, is_flag=True, **settings)
    settings |= {"type": _click_type(option), "metavar": option.metavar, "multiple": option.repeats}
    if option.default is not None:
        default = Path(option.default) if option.type == "path" else option.default
        settings |= {"default": default, "show_default": default != ""}
    if option.valueless is not None:
        settings |= {"is_flag": False, "flag_value": option.valueless}
    return click.option(*names, **settings)


def _click_type(option: Option) -> click.ParamType[Any]:
    if option.choices:
        return Among(option.choices)
    if option.type == "path":
        return click.Path(path_type=Path)
    if option.type in ("integer", "number"):
        return Number(option.bounds, whole=option.type == "integer")
    return click.STRING


def _range(bounds: Bounds) -> dict[str, Any]:
    """The bounds as click wants to be told them."""
    return {"min": bounds.least, "max": bounds.most, "min_open": bounds.above}


def run_help() -> str:
    """What ``run --help`` prints: the suite's options under their headings, and where pytest's are listed."""
    formatter = click.HelpFormatter(max_width=100)
    formatter.write_usage("batch-conformance run", "[OPTIONS] [suites/FILE[::TEST]]...")
    formatter.write_paragraph()
    formatter.write_text("Audit a target. Write options that name a path with =, as in --contract=api.yaml.")
    options = options_of("run")
    for group, heading in GROUPS.items():
        rows = [(option.usage, option.description) for option in options if option.group == group]
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)
    formatter.write_paragraph()
    formatter.write_text(
        "Every option of pytest and of its plugins works too (-k, -x, -v, -n, --lf, --junitxml); `pytest --help` lists "
        "them."
    )
    return formatter.getvalue()

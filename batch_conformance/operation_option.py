"""``--operation`` as the commands have it; the suite's own is the same in pytest's form."""

from __future__ import annotations

import click

from batch_conformance.contract.choice import OPERATION_HELP, OPERATION_METAVAR, stated
from batch_conformance.contract.error import ContractError


def _checked(_context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    try:
        return stated(value)
    except ContractError as error:
        raise click.BadParameter(str(error), param=parameter) from None


operation_option = click.option("--operation", callback=_checked, metavar=OPERATION_METAVAR, help=OPERATION_HELP)
"""Decorates a command that takes a contract; it gets the text, empty where nobody named an operation."""

"""What is printed for a command line that click refuses, in the language that it asks for."""

from __future__ import annotations

import click

from batch_conformance.command_language import rendered_in
from batch_conformance.message import Message, Template
from batch_conformance.near_miss import NO_OPTION, suggested

_USAGE = Template("usage.usage", "Usage: {command}")
_HELP = Template("usage.help", "Try '{command} --help' for help.")
_ERROR = Template("usage.error", "Error: {message}")
_MISSING = Template("usage.missing", "{parameter} is missing")
_NO_COMMAND = Template("usage.no_command", "there is no command {command}{hint}")
_NO_VALUE = Template("usage.no_value", "the option {option} needs a value")
_INVALID = Template("usage.invalid", "{parameter}: {why}")


class BadValue(click.BadParameter):
    """A value that an option does not take. ``why`` says so in any language; click shows its English."""

    def __init__(self, english: str, why: Message, ctx: click.Context | None, param: click.Parameter | None) -> None:
        super().__init__(english, ctx, param)
        self.why = why


def show(error: click.ClickException, language: str) -> None:
    """Print what is wrong: click's own words in English, and in another language how it is used and what is wrong."""
    if language == "en":
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        pieces = " ".join((context.command_path, *context.command.collect_usage_pieces(context)))
        click.echo(rendered_in(_USAGE(command=pieces), language), err=True)
        click.echo(rendered_in(_HELP(command=context.command_path), language) + "\n", err=True)
    message = _message(error)
    text = rendered_in(message, language) if message is not None else error.format_message()
    click.echo(rendered_in(_ERROR(message=text), language), err=True)


def _message(error: click.ClickException) -> Message | None:
    """What is wrong; None for what only click has words for."""
    found: Message | None = None
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = getattr(error, "command_name", "")  # of click.NoSuchCommand, which older releases of click do not have
    match error:
        case click.MissingParameter() if error.param is not None:
            found = _MISSING(parameter=error.param.get_error_hint(context))
        case click.BadParameter() if error.param is not None:
            why = error.why if isinstance(error, BadValue) else error.message
            found = _INVALID(parameter=error.param.get_error_hint(context), why=why)
        case click.NoSuchOption():
            found = NO_OPTION(option=error.option_name, hint=suggested(error.option_name, error.possibilities or ()))
        case click.BadOptionUsage():
            found = _NO_VALUE(option=error.option_name)
        case click.UsageError() if command and context is not None and isinstance(context.command, click.Group):
            found = _NO_COMMAND(command=command, hint=suggested(command, context.command.list_commands(context)))
        case _:
            found = getattr(error, "why", None)
    return found

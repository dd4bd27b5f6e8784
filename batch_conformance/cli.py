"""The command line: ``batch-conformance``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from batch_conformance import __version__
from batch_conformance.findings.gate import EXIT_USAGE
from batch_conformance.findings.rules import REGISTRY, Rule
from batch_conformance.mock.command import mock


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="batch-conformance")
def main() -> None:
    """Does a server keep the published contract of GET /batches/{batch_id}?"""


main.add_command(mock)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Audit a target: takes every option of pytest and of the suite (run --help lists them)."""
    import pytest  # noqa: PLC0415 - the other commands do without

    from batch_conformance.resources import pytest_arguments  # noqa: PLC0415

    sys.exit(pytest.main(pytest_arguments(arguments, Path.cwd())))


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a SHELL complete this command: put it where the shell reads completions."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    found = get_completion_class(shell)
    if found is not None:
        click.echo(found(main, {}, "batch-conformance", "_BATCH_CONFORMANCE_COMPLETE").source())


@main.command()
@click.argument("rule", required=False)
def explain(rule: str | None) -> None:
    """Say what a RULE means, why it matters and what to do; without one, list them all."""
    if rule is None:
        width = max(map(len, REGISTRY))
        for known in REGISTRY.values():
            click.echo(f"{known.id:<{width}}  {known.level:<6}  {known.title}")
    elif rule in REGISTRY:
        click.echo(explanation(REGISTRY[rule]))
    else:
        near = [known for known in REGISTRY if rule.split(".")[0] in known or rule in known]
        hint = f"; did you mean {', '.join(near[:5])}?" if near else "; `batch-conformance explain` lists them"
        click.echo(f"there is no rule {rule!r}{hint}", err=True)
        sys.exit(EXIT_USAGE)


def explanation(rule: Rule) -> str:
    """All that the registry knows of a rule, for a terminal."""
    return "\n".join(
        (
            f"{rule.id}: {rule.title}",
            "",
            f"level    {rule.level}, side to fix: {rule.side}",
            f"why      {rule.why}",
            f"remedy   {rule.remedy}",
            f"source   {rule.source}",
            f"breaks   {rule.breaks}",
            f"keeps    {rule.keeps}",
        )
    )

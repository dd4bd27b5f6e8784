"""A choice among words, as options and arguments of the commands have it; the suite's own is in pytest's form."""

from __future__ import annotations

from typing import Any

import click

from batch_conformance.near_miss import suggestion


class Among(click.Choice[str]):
    """One of some words; what is near to one of them is answered with it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word. Raises ``click.BadParameter`` for any other."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = suggestion(str(value), self.choices)
            if not near:
                raise
            raise click.BadParameter(error.message.rstrip(".") + near, ctx, param) from None

"""Writes the table of options in README.md from the options themselves: ``python docs/make_readme.py``."""

from __future__ import annotations

import argparse
from pathlib import Path

from _pytest.config.argparsing import Parser

from batch_conformance.run.options import add_options

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- options: begin -->\n", "<!-- options: end -->\n"


def options_table() -> str:
    """Every option of the suite as a Markdown table, in the order of ``pytest --help``."""
    parser = Parser(_ispytest=True)
    add_options(parser)
    rows = ["| option | meaning |", "|---|---|"]
    for group in parser._groups:
        for option in group.options:
            attributes = option.attrs()
            shown = option.names()[0] + (f"={attributes['metavar']}" if attributes.get("metavar") else "")
            if attributes.get("choices"):
                shown = f"{option.names()[0]}={'|'.join(attributes['choices'])}"
            text = str(attributes["help"]).replace("%(default)s", str(attributes.get("default")))
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in (f"`{shown}`", text)) + " |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The README with its table made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + options_table() + END + after


def main() -> None:
    """Write, or with ``--check`` only say whether it is as it should be."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    text = README.read_text(encoding="utf-8")
    wanted = with_table(text)
    if arguments.parse_args().check:
        raise SystemExit(text != wanted)
    README.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes what pages say of options and tests from these themselves: ``python docs/make_readme.py``."""

from __future__ import annotations

import argparse
from pathlib import Path

from _pytest.config.argparsing import Parser

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.report.items.item import items_for
from batch_conformance.run.options import add_options

ROOT = Path(__file__).resolve().parent.parent
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "docs" / "OPTIONS.md")
SHOWN = ("test_authentication.py", "test_stability.py")
"""Files of tests of which all are shown; of the others those of ``created_at``, or the first one."""


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


def checklist() -> str:
    """An excerpt of what ``pytest --collect-only -q`` prints for the published contract."""
    items = items_for(shipped_contract())
    lines: list[str] = []
    for file in dict.fromkeys(item.function.file for item in items):
        of_file = [item.node_id for item in items if item.function.file == file]
        shown = of_file if file in SHOWN else [one for one in of_file if "[200-created_at]" in one] or of_file[:1]
        lines += shown
        if len(shown) < len(of_file):
            lines.append(f"… and {len(of_file) - len(shown)} more in this file")
    return "\n".join(("```text", *lines, "```")) + "\n"


def made_anew(text: str) -> str:
    """A README with those of these parts made anew that it has."""
    for name, made in (("options", options_table), ("checklist", checklist)):
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, found, rest = text.partition(begin)
        if found:
            text = before + begin + made() + end + rest.partition(end)[2]
    return text


def main() -> None:
    """Write, or with ``--check`` only say whether they are as they should be."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    checks = arguments.parse_args().check
    for readme in READMES:
        text = readme.read_text(encoding="utf-8")
        wanted = made_anew(text)
        if checks and text != wanted:
            raise SystemExit(1)
        readme.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()

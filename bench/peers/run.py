"""Runs the suite and its peers over the catalogue and writes docs/DETECTION.md: ``python bench/peers/run.py``.

A tool gets a drift if it reports anything that it does not report of the conforming mock. Needs npm for Prism.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.mutation import Mutation
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.prove.drift_runner import TICK, Entry, drift_of
from batch_conformance.run.prove.prove import catalogue

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tools import CACHE, Found, Look, OpenapiCore, Prism, Schemathesis, Suite, Tool

PAGE = Path(__file__).resolve().parents[2] / "docs" / "DETECTION.md"
OF_A_KIND = 2
"""Entries that are derived from the contract are taken so many of a kind: a null here is a null there."""

FAMILIES: Mapping[str, Callable[[str], bool]] = {
    "types, required properties, enumerations": lambda rule: (
        rule in ("body.type", "body.required", "body.enum", "body.format", "body.constraint")
    ),
    "statuses, media types, headers": lambda rule: (
        rule in ("response.status", "response.media_type", "response.header", "response.charset")
    ),
    "JSON text": lambda rule: rule.startswith("json."),
    "another or enveloped object": lambda rule: rule in ("body.enveloped", "body.another_object"),
    "undocumented properties and values": lambda rule: (
        rule in ("body.undeclared", "body.known_value", "value.empty_string")
    ),
    "times, states, counts": lambda rule: rule.startswith(("time.", "state.", "counts.")),
    "between reads": lambda rule: rule.startswith("stability."),
    "which batch is answered": lambda rule: rule.startswith("identity."),
    "who is let in": lambda rule: rule.startswith("auth."),
    "framing, codings, methods, caching": lambda rule: rule.startswith(("response.", "method.")),
    "what leaks": lambda rule: rule.startswith("security."),
}
"""The first family that has a rule takes it; the first two are what a schema says."""
OF_SCHEMA = tuple(FAMILIES)[:2]


@dataclass(frozen=True)
class Row:
    """What came of one entry: by tool, what was new, and what it cost."""

    entry: Drift
    new: Mapping[str, Found]
    looks: Mapping[str, Look]


def chosen(entries: Iterable[Entry]) -> list[Entry]:
    """Every entry that was written down, a few of each kind of those derived; outages have no right answer here."""
    kinds: dict[str, list[Entry]] = defaultdict(list)
    written: list[Entry] = []
    for entry in entries:
        drift = drift_of(entry)
        if isinstance(entry, Mutation):
            if drift.verdict == "drift":
                kinds[entry.name.rpartition(":")[2]].append(entry)
        elif drift.group == "variant" or (drift.group == "experience" and drift.verdict == "drift"):
            written.append(entry)
    spread = [of_kind[place * len(of_kind) // OF_A_KIND] for of_kind in kinds.values() for place in range(OF_A_KIND)]
    return list({entry.name: entry for entry in (*spread, *written)}.values())


def switch(mock: EmbeddedMock, entry: Entry | None) -> None:
    """Let a mock begin anew, showing an entry."""
    mutations = [entry] if isinstance(entry, Mutation) else []
    mock.switch(drifts=[entry.name] if isinstance(entry, Drift) else [], mutations=mutations)


def look(tools: Sequence[Tool], mock: EmbeddedMock, entry: Entry | None) -> dict[str, Look]:
    """What each tool says of an entry, each on a mock that begins anew."""
    looks = {}
    for tool in tools:
        switch(mock, entry)
        looks[tool.name] = tool.look(mock, entry)
    return looks


def family_of(drift: Drift) -> str:
    """The family of a drift."""
    return next(name for name, has in FAMILIES.items() if has(drift.rule))


def table(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """Caught of each family, by tool."""
    lines = ["| drifts of | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for family in FAMILIES:
        of_one = [row for row in rows if row.entry.rule and family_of(row.entry) == family]
        lines.append(_counted(f"{family} ({len(of_one)})", of_one, names))
    drifts = [row for row in rows if row.entry.rule]
    schema = [row for row in drifts if family_of(row.entry) in OF_SCHEMA]
    lines.append(_counted(f"**what a schema says** ({len(schema)})", schema, names))
    rest = [row for row in drifts if family_of(row.entry) not in OF_SCHEMA]
    lines.append(_counted(f"**everything else** ({len(rest)})", rest, names))
    lines.append(_counted(f"**all drifts** ({len(drifts)})", drifts, names))
    missed = [f"{sum(not row.new[name] for row in drifts)}" for name in names]
    lines.append(f"| missed | {' | '.join(missed)} |")
    variants = [row for row in rows if not row.entry.rule]
    lines.append(_counted(f"**false alarms** of conforming variants ({len(variants)})", variants, names))
    requests = [f"{median(row.looks[name].requests for row in rows):g}" for name in names]
    lines.append(f"| requests, at the median | {' | '.join(requests)} |")
    seconds = [f"{median(row.looks[name].seconds for row in rows):.2f}" for name in names]
    lines.append(f"| seconds, at the median | {' | '.join(seconds)} |")
    return lines


def _counted(title: str, rows: Sequence[Row], names: Sequence[str]) -> str:
    return f"| {title} | " + " | ".join(str(sum(bool(row.new[name]) for row in rows)) for name in names) + " |"


def page(rows: Sequence[Row], names: Sequence[str], examples: int, every: int) -> str:
    """The page."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    own, *peers = names
    alarmed = [
        f"- `{row.entry.name}` ({row.entry.title}): {', '.join(name for name in names if row.new[name])}"
        for row in rows
        if not row.entry.rule and any(row.new.values())
    ]
    ahead = [
        f"- `{row.entry.name}` ({row.entry.title}): {', '.join(name for name in peers if row.new[name])}"
        for row in rows
        if row.entry.rule and not row.new[own] and any(row.new[name] for name in peers)
    ]
    return "\n".join(
        (
            "# Detection",
            "",
            "Written by `python bench/peers/run.py`: the suite and its peers over the catalogue of drifts and",
            "conforming variants (`batch-conformance prove --list`), against the same mock, which begins anew for",
            "each of them.",
            "",
            "A tool gets a drift if it reports anything at all that it does not report of the conforming mock; where",
            "it points does not matter here (`batch-conformance prove` asks the suite for the right clause, too).",
            "Every tool is given the document with the vendor's overlay, the key, and the ids that exist.",
            "",
            f"- **schemathesis**: `st run` with all checks, {examples} examples, and a hook that asks for batches that",
            "  exist in two of three requests; then a run that asks for the documented statuses by `Prefer`",
            "  (`bench/peers/st_hooks.py`). One process for all runs.",
            "- **openapi-core**: a loop of plain requests (every batch twice, unknown ids, no key, wrong keys, every",
            "  documented status by `Prefer`), every response validated.",
            "- **Prism**: the same requests by way of its validating proxy.",
            "",
            f"Of the entries that are derived from the contract, {OF_A_KIND} of each kind were taken"
            + (f", and of all that one of {every}." if every > 1 else "."),
            f"{machine}.",
            "Seconds are those of one run without the start of its process.",
            "",
            *table(rows, names),
            "",
            "Schema validators are strong in what a schema says of a body that they see. What is beyond it (who is",
            "let in, which batch is answered, what changes between reads) is not what they are made for, and many",
            "of the statuses and bodies that only some requests bring they never ask for.",
            "",
            "## Conforming variants that were accused",
            "",
            *(alarmed or ["None."]),
            "",
            "## Drifts that a peer caught and the suite did not",
            "",
            *(ahead or ["None."]),
            "",
        )
    )


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="--max-examples of st run")
    parser.add_argument("--every", type=int, default=1, help="take every so many entries only; the page says so")
    parser.add_argument("--only", default="", help="entries whose name contains this; the page is printed, not written")
    options = parser.parse_args()
    contract = shipped_contract()
    CACHE.mkdir(parents=True, exist_ok=True)
    document = CACHE / "contract.json"
    document.write_text(json.dumps(contract.document.data), encoding="utf-8")
    entries = [entry for entry in chosen(catalogue(contract).values()) if options.only in entry.name][:: options.every]
    with ExitStack() as stack:
        mock = stack.enter_context(EmbeddedMock(tick=TICK))
        suite, core, prism = Suite(contract), OpenapiCore(document), Prism(document, mock)
        for tool in (suite, core, prism):
            stack.callback(tool.close)
        tools: list[Tool] = [suite, Schemathesis(document, options.examples), core, prism]
        usual = {name: seen.found for name, seen in look(tools, mock, None).items()}
        rows = []
        for number, entry in enumerate(entries, 1):
            looks = look(tools, mock, entry)
            new = {name: seen.found - usual[name] for name, seen in looks.items()}
            rows.append(Row(drift_of(entry), new, looks))
            caught = ", ".join(name for name in new if new[name]) or "nobody"
            print(f"{number}/{len(entries)} {entry.name}: {caught}", file=sys.stderr)
    text = page(rows, [tool.name for tool in tools], options.examples, options.every)
    if options.only:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

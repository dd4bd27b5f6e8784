"""Runs the suite and its peers over the catalogue and writes docs/DETECTION.md: ``python bench/peers/run.py``.

A tool gets a drift if it reports anything that it does not report of the conforming mock. What was measured is kept in
``build/peers/results`` (``results.py`` says for how long it holds): a run that was ended goes on where it was. Needs
npm for Prism and Redocly CLI, and Linux for the processor time of other processes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.run.prove.drift_runner import Entry, drift_of
from batch_conformance.run.prove.prove import catalogue

sys.path.insert(0, str(Path(__file__).resolve().parent))

from detection_page import Measured, page
from fuzzer import Schemathesis
from look import CACHE, Tool
from results import Digests, Results
from suite import Suite
from validators import OpenapiCore, Prism
from workflows import Respect

PAGE = Path(__file__).resolve().parents[2] / "docs" / "DETECTION.md"
TOOLS: Mapping[str, Callable[[Contract, Path], Tool]] = {
    "suite": lambda contract, _document: Suite(contract),
    "schemathesis": lambda _contract, document: Schemathesis(document),
    "openapi-core": lambda _contract, document: OpenapiCore(document),
    "prism": lambda _contract, document: Prism(document),
    "respect": lambda _contract, document: Respect(document),
}


def measure(tool: Tool, results: Results, entries: Sequence[Entry]) -> None:
    """Look at the entries that nothing is known of, the conforming mock first."""
    missing = [entry for entry in (None, *entries) if results.get(entry) is None]
    if not missing:
        return
    with tool:
        for place in range(0, len(missing), tool.together):
            some = missing[place : place + tool.together]
            for entry, look in zip(some, tool.looks(some), strict=True):
                results.add(entry, look)
            print(f"{tool.name}: {place + len(some)} of {len(missing)}", file=sys.stderr, flush=True)


def measured(tool: Tool, results: Results, entries: Sequence[Entry]) -> Measured:
    """What is known of a tool; of entries that were not measured yet nothing."""
    looks = {entry.name: look for entry in entries if (look := results.get(entry)) is not None}
    usual = results.get(None)
    new = {name: look.found - usual.found for name, look in looks.items()} if usual else {}
    return Measured(f"{tool.name} {tool.version}", new, looks if usual else {})


def main() -> None:
    """Measure what is missing, and write the page of what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", action="append", choices=TOOLS, help="measure this one only; repeatable")
    parser.add_argument("--only", default="", help="measure entries whose name contains this only")
    parser.add_argument("--page", action="store_true", help="measure nothing, and write the page of what there is")
    options = parser.parse_args()
    contract = shipped_contract()
    CACHE.mkdir(parents=True, exist_ok=True)
    document = CACHE / "contract.json"
    text = json.dumps(contract.document.data)
    document.write_text(text, encoding="utf-8")
    # In no order: where a run is ended early, what was measured is a sample of each family.
    entries = sorted(catalogue(contract).values(), key=lambda entry: sha256(entry.name.encode()).digest())
    chosen = [entry for entry in entries if options.only in entry.name]
    digests, found = Digests(text), []
    for name, make in TOOLS.items():
        tool = make(contract, document)
        results = Results(tool, digests)
        if not options.page and (not options.tool or name in options.tool):
            measure(tool, results, chosen)
        found.append(measured(tool, results, entries))
    drifts = [drift_of(entry) for entry in catalogue(contract).values()]
    PAGE.write_text(page(drifts, found), encoding="utf-8")


if __name__ == "__main__":
    main()

"""docs/DETECTION.md: what each tool got of the catalogue, at what cost."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from fuzzer import EXAMPLES
from look import Found, Look

from batch_conformance.mock.drift import Drift

FAMILIES: Mapping[str, Callable[[str], bool]] = {
    "types, required properties, enumerations, formats": lambda rule: (
        rule in ("body.type", "body.required", "body.enum", "body.format", "body.constraint", "body.unexpected_body")
    ),
    "statuses, media types, headers": lambda rule: (
        rule in ("response.status", "response.media_type", "response.header", "response.charset")
    ),
    "JSON text": lambda rule: rule.startswith("json."),
    "another or enveloped object": lambda rule: rule in ("body.enveloped", "body.another_object"),
    "undocumented properties and values": lambda rule: rule.startswith(("body.", "value.")),
    "times, states, counts": lambda rule: rule.startswith(("time.", "state.", "counts.")),
    "between reads": lambda rule: rule.startswith("stability."),
    "which batch is answered": lambda rule: rule.startswith("identity."),
    "who is let in": lambda rule: rule.startswith("auth."),
    "what leaks": lambda rule: rule.startswith("security."),
    "framing, codings, methods, caching, odd requests": lambda _rule: True,
}
"""The first family that has a rule takes it; the first two are what a schema says."""
_OF_SCHEMA = tuple(FAMILIES)[:2]


@dataclass(frozen=True)
class Measured:
    """What one tool came to, by the name of the entry: what it reports that it does not report of the conforming mock,
    and the whole look. Entries that were not measured are absent."""

    title: str
    new: Mapping[str, Found]
    looks: Mapping[str, Look]


def page(entries: Sequence[Drift], tools: Sequence[Measured]) -> str:
    """The page, of what was measured so far. The first of the tools is the suite."""
    own, *peers = tools
    alarmed = _named((one for one in entries if one.verdict == "conforms"), tools)
    ahead = _named((one for one in entries if one.verdict == "drift" and own.new.get(one.name) == frozenset()), peers)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join(
        (
            "# Detection",
            "",
            "Written by `python bench/peers/run.py`: the suite and its peers over the whole catalogue of drifts and",
            "conforming variants (`batch-conformance prove --list`), against the same mock, which begins anew for",
            "each of them.",
            "",
            "A tool gets a drift if it reports anything at all that it does not report of the conforming mock; where",
            "it points does not matter here (`batch-conformance prove` asks the suite for the right clause, too).",
            "Every tool is given the document with the vendor's overlay, the key, and the ids that exist.",
            "",
            f"- **schemathesis**: `st run` with all checks, {EXAMPLES} examples (its own default), and a hook that",
            "  asks for batches that exist in two of three requests; then a run that asks for the documented",
            "  statuses by `Prefer` (`bench/peers/st_hooks.py`). One process for all runs.",
            "- **openapi-core**: a loop of plain requests (every batch twice, unknown ids, no key, wrong keys, every",
            "  documented status by `Prefer`), every response validated.",
            "- **Prism**: the same requests by way of its validating proxy.",
            "- **Redocly respect**: the same requests as Arazzo workflows. `redocly generate-arazzo` writes one",
            "  workflow for this document; what a person adds is in `bench/peers/workflows.py`: the id, credential,",
            "  and documented status of each request, and that a batch that is answered has the id that was asked for.",
            "",
            f"{machine}.",
            "Seconds are processor seconds of the tool for one mock, of its own process and those that it starts, not",
            "of the mock. The start of a process is in those of respect alone: an eighth of it, as a call reads eight.",
            "",
            *(_unfinished(entries, tools) or ()),
            *_table(entries, tools),
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


def _unfinished(entries: Sequence[Drift], tools: Sequence[Measured]) -> list[str]:
    """A paragraph that says how much was measured, where that is not all of it."""
    measured = [f"{tool.title} {len(tool.new)}" for tool in tools if len(tool.new) < len(entries)]
    if not measured:
        return []
    return [
        f"Of the {len(entries)} entries some are not measured yet, so `a of b` stands for a of b that were, which are",
        f"a sample in no order: {', '.join(measured)}. The command goes on from there.",
        "",
    ]


def _named(entries: Iterable[Drift], tools: Sequence[Measured]) -> list[str]:
    """A line for each entry of which one of the tools reported something new."""
    told = ((one, [tool.title for tool in tools if tool.new.get(one.name)]) for one in entries)
    return [f"- `{one.name}` ({one.title}): {', '.join(titles)}" for one, titles in told if titles]


def _table(entries: Sequence[Drift], tools: Sequence[Measured]) -> list[str]:
    """Caught of each family, by tool; what was missed, false alarms, and the cost."""
    drifts = [one for one in entries if one.verdict == "drift"]
    families = {name: [one for one in drifts if _family_of(one) == name] for name in FAMILIES}
    schema = [one for name in _OF_SCHEMA for one in families[name]]
    rest = [one for name in FAMILIES if name not in _OF_SCHEMA for one in families[name]]
    variants = [one for one in entries if one.verdict == "conforms"]
    outages = [one for one in entries if one.verdict == "inconclusive"]
    return [
        "| drifts of | " + " | ".join(tool.title for tool in tools) + " |",
        "|---|" + "---:|" * len(tools),
        *(_counted(name, of_one, tools) for name, of_one in families.items()),
        _counted("**what a schema says**", schema, tools),
        _counted("**everything else**", rest, tools),
        _counted("**all drifts**", drifts, tools),
        _counted("missed", drifts, tools, missed=True),
        _counted("**false alarms** of conforming variants", variants, tools),
        _counted("outages that are called drift", outages, tools),
        _row("requests, at the median", [_middle(tool, lambda look: look.requests, "g") for tool in tools]),
        _row("seconds, at the median", [_middle(tool, lambda look: look.seconds, ".2f") for tool in tools]),
    ]


def _family_of(drift: Drift) -> str:
    return next(name for name, has in FAMILIES.items() if has(drift.rule))


def _counted(title: str, entries: Sequence[Drift], tools: Sequence[Measured], *, missed: bool = False) -> str:
    """A row: of how many entries a tool reported something new (nothing new), of how many where not all were tried."""
    cells = []
    for tool in tools:
        known = [bool(tool.new[one.name]) is not missed for one in entries if one.name in tool.new]
        cells.append(f"{sum(known)}" + (f" of {len(known)}" if len(known) < len(entries) else ""))
    return _row(f"{title} ({len(entries)})", cells)


def _row(title: str, cells: Sequence[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"


def _middle(tool: Measured, of: Callable[[Look], float], shape: str) -> str:
    return f"{median(map(of, tool.looks.values())):{shape}}" if tool.looks else ""

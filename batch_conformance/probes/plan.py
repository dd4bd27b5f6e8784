"""The plan: every request of a run, in its order, decided before the first one is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Literal

from batch_conformance.exchange.exchange import ODD_REQUESTS, Headers, Probe
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template

Exploration = Literal["quick", "standard", "thorough"]

LIMITS: dict[Exploration, int] = {"quick": 60, "standard": 400, "thorough": 2000}
"""The most requests that an exploration of one operation sends."""


def most_requests(exploration: Exploration, *, several: bool) -> int:
    """The most requests that an exploration sends: a quarter more where several operations are judged."""
    return LIMITS[exploration] * 5 // 4 if several else LIMITS[exploration]


CLIENT = "client"
"""The chapter that is only sent where a client was named."""

LISTS, QUERIES = "lists", "queries"
"""The chapters that only lists have: plain reads, and reads with other queries."""

CHAPTER_NAMES: tuple[str, ...] = (
    "known_ids",
    "unknown_ids",
    "authentication",
    "representations",
    "statuses",
    "identity",
    "hostile_ids",
    "methods",
    ODD_REQUESTS,
    "lifecycle",
    "generated",
    CLIENT,
)
"""Every chapter, in the order of the plan."""

JSON: Headers = (("Accept", "application/json"),)
"""The headers of every probe that is not about headers."""

_LONG = Template("plan.long", "{begins}… ({characters} characters)")
_WAITS = Template("plan.waits", ", {seconds} s after the last that waits")
ESSENTIAL = 4
"""Probes at the start of a plan that a verdict about one operation needs: at most so many."""


class PlanError(InputError):
    """The wishes make no plan. The message is one line."""


@dataclass(frozen=True)
class Plan:
    """The probes in the order in which they are sent; a probe's place is its number.

    ``notes`` are lines for people about what was left out and why. The first ``essential`` probes are those that a
    verdict needs.
    """

    probes: tuple[Probe, ...]
    exploration: Exploration
    seed: int | None
    notes: tuple[Message, ...] = ()
    essential: int = ESSENTIAL

    def chapter(self, name: str) -> tuple[tuple[int, Probe], ...]:
        """The probes of a chapter with their numbers, in order. Raises KeyError for a name that is no chapter."""
        if name not in (*CHAPTER_NAMES, LISTS, QUERIES):
            raise KeyError(name)
        return tuple((number, probe) for number, probe in enumerate(self.probes) if probe.chapter == name)

    def part(self, numbers: Collection[int]) -> Plan:
        """The plan of the probes of these numbers."""
        return replace(self, probes=tuple(probe for number, probe in enumerate(self.probes) if number in numbers))

    def counts(self) -> dict[str, int]:
        """Requests per chapter, every chapter in its order; of those that only lists have, the ones with requests."""
        found = Counter(probe.chapter for probe in self.probes)
        of_lists = tuple(name for name in (LISTS, QUERIES) if found[name])
        return {name: found[name] for name in (*CHAPTER_NAMES, *of_lists)}

    def estimate(self, rate: float | None = None, latency: float = 0.0) -> float:
        """Seconds that the plan takes at ``rate`` requests a second (None: no limit), an answer taking ``latency``."""
        each = max(1 / rate if rate else 0.0, latency)
        elapsed = rested = 0.0
        for probe in self.probes:
            if probe.wait:
                elapsed = rested = max(elapsed, rested + probe.wait)
            elapsed += each
        return elapsed


def describe(plan: Plan, render: Callable[[Message], str] = str) -> list[str]:
    """One line per request, for a dry run: number, method, path, credential and chapter; never the key.

    ``render`` is given what is said in words.
    """
    lines = []
    for number, probe in enumerate(plan.probes):
        target = probe.path + (f"?{probe.query}" if probe.query else "")
        shown = target if len(target) <= 70 else render(_LONG(begins=target[:50], characters=len(target)))
        wait = render(_WAITS(seconds=f"{probe.wait:.2f}")) if probe.wait else ""
        lines.append(
            f"{number:>4}  {probe.method:<6}  {shown}  [{probe.credential}]  {probe.chapter}/{probe.name}{wait}"
        )
    return lines

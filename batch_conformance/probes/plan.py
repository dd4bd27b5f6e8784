"""The plan: every request of a run, in its order, decided before the first one is sent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batch_conformance.exchange.exchange import Headers, Probe
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template
from batch_conformance.probes.chapters import CHAPTER_NAMES, CHAPTERS, CLIENT, Exploration, Setting
from batch_conformance.probes.credentials import Style
from batch_conformance.probes.generated import GeneratedRequest, GenerationError, generate

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Contract

LIMITS: dict[Exploration, int] = {"quick": 60, "standard": 400, "thorough": 2000}
"""The most requests that an exploration sends."""

_CUT = Template("plan.cut", "{left} of {all} requests left out: the limit is {limit}.")
_NOT_READ = Template("plan.ids_not_read", "{left} of {all} known ids are not read: plan more requests to read all.")
_CHAPTER_LEFT_OUT = Template("plan.chapter_left_out", "The chapter {chapter} is left out. {why}")
_NO_KNOWN_ID = Template("plan.no_known_id", "No known id: nothing is asked of a batch that exists.")
_PROFILE_WITHOUT_KEY = Template(
    "plan.profile_without_key",
    "The vendor's profile asks for no credential: the chapter authentication is empty.",
)
_CONTRACT_WITHOUT_KEY = Template(
    "plan.contract_without_key", "The contract asks for no credential: the chapter authentication is empty."
)
_CLIENT_EMPTY = Template("plan.client_empty", "The client does not ask for {path}: the chapter {chapter} is empty.")
_FOR_PLANNED = 0.9
"""The rest is for what has to be asked again: an answer of 429 that was waited out must not leave a run unfinished."""

ESSENTIAL = 4
"""Probes at the start of a plan that a verdict needs: at most so many."""

_ALWAYS = ("known_ids", "lifecycle")
_GOLDEN = (math.sqrt(5) - 1) / 2


class PlanError(InputError):
    """The wishes make no plan. The message is one line."""


@dataclass(frozen=True)
class Plan:
    """The probes in the order in which they are sent; a probe's place is its number.

    ``notes`` are lines for people about what was left out and why.
    """

    probes: tuple[Probe, ...]
    exploration: Exploration
    seed: int | None
    notes: tuple[Message, ...] = ()

    def chapter(self, name: str) -> tuple[tuple[int, Probe], ...]:
        """The probes of a chapter with their numbers, in order. Raises KeyError for a name that is no chapter."""
        if name not in CHAPTER_NAMES:
            raise KeyError(name)
        return tuple((number, probe) for number, probe in enumerate(self.probes) if probe.chapter == name)

    def part(self, numbers: Collection[int]) -> Plan:
        """The plan of the probes of these numbers."""
        return replace(self, probes=tuple(probe for number, probe in enumerate(self.probes) if number in numbers))

    def counts(self) -> dict[str, int]:
        """Requests per chapter, every chapter in its order."""
        found = Counter(probe.chapter for probe in self.probes)
        return {name: found[name] for name in CHAPTER_NAMES}

    def estimate(self, rate: float | None = None, latency: float = 0.0) -> float:
        """Seconds that the plan takes at ``rate`` requests a second (None: no limit), an answer taking ``latency``."""
        each = max(1 / rate if rate else 0.0, latency)
        elapsed = rested = 0.0
        for probe in self.probes:
            if probe.wait:
                elapsed = rested = max(elapsed, rested + probe.wait)
            elapsed += each
        return elapsed


def build_plan(
    contract: Contract,
    known_ids: Iterable[str],
    *,
    exploration: Exploration,
    seed: int | None,
    loopback: bool,
    unsafe: bool = False,
    max_requests: int | None = None,
    has_key: bool = True,
    style: Style = "bearer",
    like: Sequence[str] = (),
    prefers: bool = True,
    client: Callable[[str], tuple[str, Headers]] | None = None,
    generate: Callable[..., tuple[GeneratedRequest, ...]] = generate,
) -> Plan:
    """The plan of a run; the same arguments always give the same one, another seed the same with other ids.

    ``known_ids`` are ids that exist for the key, in order of importance; without any the plan lacks what needs them.
    ``loopback`` says that the target is this machine: only such a one is attacked without being asked.
    ``unsafe`` adds undeclared methods on an id that cannot exist. ``max_requests`` cuts the plan
    down and keeps the essential. Without ``has_key`` no credential made from the key is planned; ``style`` is how the
    vendor takes it, as in ``credentials.present``. ``like`` are ids that show the vendor's form where none is known.
    ``prefers`` is false where ``Prefer: code=NNN`` is known to do nothing. ``client`` gives the path and the headers
    with which a client of another maker asks for an id; ``generate`` makes requests from the document. Raises PlanError
    for a limit below one or an empty id.
    """
    known = tuple(dict.fromkeys(known_ids))
    if "" in known:
        raise PlanError("A batch id is empty: give the id of a batch that exists, such as batch_rdyqgrcgjg.")
    if max_requests is not None and max_requests < 1:
        raise PlanError(f"The limit of requests is {max_requests}: give at least 1.")
    operation = contract.chosen
    setting = Setting(
        path=operation.path,
        parameter=operation.parameter,
        statuses=tuple(int(status) for status in operation.responses if status.isdigit()) if prefers else (),
        declared=frozenset(operation.methods),
        secured=operation.secured,
        data=contract.document.data,
        known=known,
        exploration=exploration,
        seed=seed,
        loopback=loopback,
        unsafe=unsafe,
        has_key=has_key,
        style=style,
        like=tuple(like),
        client=client,
        generate=generate,
        id_parameter=operation.id_parameter,
    )
    chapters, notes = _built(setting)
    most = round(LIMITS[exploration] * _FOR_PLANNED)
    limit = min(most, max_requests or most)
    first = _essential(chapters)
    planned = [*first, *_ordered(chapters, first)]
    if len(planned) > limit:
        notes.append(_CUT(left=len(planned) - limit, all=len(planned), limit=limit))
        planned = _trimmed(planned, limit, len(first))
    read = {probe.batch_id for probe in planned if probe.subject == "known"}
    if len(read) < len(known):
        notes.append(_NOT_READ(left=len(known) - len(read), all=len(known)))
    return Plan(tuple(planned), exploration, seed, tuple(notes))


def describe(plan: Plan) -> list[str]:
    """One line per request, for a dry run: number, method, path, credential and chapter; never the key."""
    lines = []
    for number, probe in enumerate(plan.probes):
        target = probe.path + (f"?{probe.query}" if probe.query else "")
        shown = target if len(target) <= 70 else f"{target[:50]}… ({len(target)} characters)"
        wait = f", {probe.wait:.2f} s after the last that waits" if probe.wait else ""
        lines.append(
            f"{number:>4}  {probe.method:<6}  {shown}  [{probe.credential}]  {probe.chapter}/{probe.name}{wait}"
        )
    return lines


def _built(setting: Setting) -> tuple[dict[str, list[Probe]], list[Message]]:
    """The probes of every chapter, and why one is missing."""
    chapters: dict[str, list[Probe]] = {}
    notes: list[Message] = []
    for chapter in CHAPTERS:
        try:
            chapters[chapter.name] = list(chapter.build(setting))
        except GenerationError as error:
            chapters[chapter.name] = []
            notes.append(_CHAPTER_LEFT_OUT(chapter=chapter.name, why=str(error)))
    if not setting.known:
        notes.append(_NO_KNOWN_ID())
    if not setting.authenticates:
        notes.append((_PROFILE_WITHOUT_KEY if setting.secured else _CONTRACT_WITHOUT_KEY)())
    if setting.client is not None and not chapters[CLIENT]:
        notes.append(_CLIENT_EMPTY(path=setting.path, chapter=CLIENT))
    return chapters, notes


def _essential(chapters: dict[str, list[Probe]]) -> list[Probe]:
    """What a verdict needs, for the start of the plan: a known id, an unknown one, no credential, a wrong one.

    The first of them is the preflight: where it fails, nothing else needs to be sent.
    """
    refused = {probe.credential: probe for probe in reversed(chapters["authentication"])}
    wanted = [
        next(iter(chapters["known_ids"]), None),
        next(iter(chapters["unknown_ids"]), None),
        refused.get("missing"),
        refused.get("wrong"),
    ]
    return [probe for probe in wanted if probe is not None]


def _ordered(chapters: dict[str, list[Probe]], first: Sequence[Probe]) -> list[Probe]:
    """All but the first probes in chapter order, reads of known ids spread over the whole.

    The golden ratio spreads them so that no regular fault, whether it hits every second or every 25th response, can
    keep to the other probes.
    """
    taken = {id(probe) for probe in first}
    left = {name: [probe for probe in probes if id(probe) not in taken] for name, probes in chapters.items()}
    reads = _evenly(left["known_ids"], left["lifecycle"])
    others = [probe for name, probes in left.items() if name not in _ALWAYS for probe in probes]
    total = len(reads) + len(others)
    ranked = sorted(range(total), key=lambda place: (place * _GOLDEN) % 1)
    for_reads = frozenset(ranked[: len(reads)])
    read, other = iter(reads), iter(others)
    return [next(read) if place in for_reads else next(other) for place in range(total)]


def _evenly(one: Sequence[Probe], two: Sequence[Probe]) -> list[Probe]:
    """Both sequences in their own order, merged in proportion to their lengths."""
    places = [((index + 0.5) / len(one), 0, index) for index in range(len(one))]
    places += [((index + 0.5) / len(two), 1, index) for index in range(len(two))]
    return [(one, two)[which][index] for _, which, index in sorted(places)]


def _trimmed(probes: list[Probe], limit: int, essential: int) -> list[Probe]:
    """At most ``limit`` probes in their order: the essential, then every name of every chapter, then repetitions."""
    repetitions: Counter[tuple[str, str, str | None]] = Counter()
    within: Counter[tuple[str, int]] = Counter()
    ranks = []
    for number, probe in enumerate(probes):
        # Another known id is another thing to see, not a repetition.
        identity = (probe.chapter, probe.name, probe.batch_id if probe.chapter == "known_ids" else None)
        repetition = repetitions[identity]
        place = within[probe.chapter, repetition]
        repetitions[identity] += 1
        within[probe.chapter, repetition] += 1
        weighed = place // 2 if probe.chapter == "known_ids" else place
        ranks.append((number >= essential, repetition, weighed, number))
    kept = sorted(rank[-1] for rank in sorted(ranks)[:limit])
    return [probes[number] for number in kept]

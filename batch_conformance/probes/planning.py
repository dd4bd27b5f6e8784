"""Builds a plan: the probes of all chapters, put into one order and cut down to what may be sent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from batch_conformance.contract.match import operation_of
from batch_conformance.exchange.exchange import Headers, Probe
from batch_conformance.message import Message, Template
from batch_conformance.probes.chapters import CHAPTERS, Setting
from batch_conformance.probes.credentials import MAX_REFUSED, Style
from batch_conformance.probes.generated import (
    GeneratedQuery,
    GeneratedRequest,
    GenerationError,
    generate,
    generate_queries,
)
from batch_conformance.probes.list_chapters import REFUSED_OF_EACH, ListSetting, list_probes
from batch_conformance.probes.plan import (
    CLIENT,
    ESSENTIAL,
    LISTS,
    QUERIES,
    Exploration,
    Plan,
    PlanError,
    most_requests,
)

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Contract
    from batch_conformance.contract.operation import Operation

_BATCH_ID_IS_EMPTY_GIVE = Template(
    "planning.batch_id_is_empty_give",
    "A batch id is empty: give the id of a batch that exists, such as batch_rdyqgrcgjg.",
)
_LIMIT_OF_REQUESTS_IS_GIVE = Template(
    "planning.limit_of_requests_is_give", "The limit of requests is {max_requests}: give at least 1."
)

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
_FOR_PLANNED = 0.96
"""The rest is for what has to be asked again: an answer of 429 that was waited out must not leave a run unfinished."""

_ALWAYS = ("known_ids", "lifecycle")
_GOLDEN = (math.sqrt(5) - 1) / 2


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
    generate_queries: Callable[..., tuple[GeneratedQuery, ...]] = generate_queries,
    further_ids: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Plan:
    """The plan of a run; the same arguments always give the same one, another seed as many requests with other ids.

    ``known_ids`` are ids that exist for the key, in order of importance; without any the plan lacks what needs them.
    ``loopback`` says that the target is this machine: only such a one is attacked without being asked.
    ``unsafe`` adds undeclared methods on an id that cannot exist. ``max_requests`` cuts the plan
    down and keeps the essential. Without ``has_key`` no credential made from the key is planned; ``style`` is how the
    vendor takes it, as in ``credentials.present``. ``like`` are ids that show the vendor's form where none is known.
    ``prefers`` is false where ``Prefer: code=NNN`` is known to do nothing. ``client`` gives the path and the headers
    with which a client of another maker asks for an id; ``generate`` makes requests from the document, and
    ``generate_queries`` queries. ``further_ids`` are ids that exist of further operations, by the ids of those. Raises
    PlanError for a limit below one or an empty id.
    """
    known = tuple(dict.fromkeys(known_ids))
    if "" in known:
        raise PlanError(_BATCH_ID_IS_EMPTY_GIVE())
    if max_requests is not None and max_requests < 1:
        raise PlanError(_LIMIT_OF_REQUESTS_IS_GIVE(max_requests=str(max_requests)))
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
        most_refused=MAX_REFUSED - REFUSED_OF_EACH * len(contract.operations[1:]) - len(contract.writes),
    )
    chapters, notes = _built(setting)
    for one in contract.operations[1:]:
        further, told = _further(one, setting, generate_queries, further_ids.get(one.id, ()))
        notes += [note for note in told if note not in notes]
        for name, probes in further.items():
            chapters.setdefault(name, []).extend(probes)
    most = round(most_requests(exploration, several=len(contract.operations) > 1) * _FOR_PLANNED)
    limit = min(most, max_requests or most)
    first = _essential(chapters, contract)
    planned = [*first, *_ordered(chapters, first)]
    if len(planned) > limit:
        notes.append(_CUT(left=len(planned) - limit, all=len(planned), limit=limit))
        planned = _trimmed(planned, limit, len(first))
    read = {probe.batch_id for probe in planned if probe.subject == "known"}
    if len(read) < len(known):
        notes.append(_NOT_READ(left=len(known) - len(read), all=len(known)))
    return Plan(tuple(planned), exploration, seed, tuple(notes), max(ESSENTIAL, len(first)))


def _built(setting: Setting) -> tuple[dict[str, list[Probe]], list[Message]]:
    """The probes of every chapter, and why one is missing."""
    chapters: dict[str, list[Probe]] = {}
    notes: list[Message] = []
    for name, build in CHAPTERS.items():
        try:
            chapters[name] = list(build(setting))
        except GenerationError as error:
            chapters[name] = []
            notes.append(_CHAPTER_LEFT_OUT(chapter=name, why=error.message))
    if not setting.known:
        notes.append(_NO_KNOWN_ID())
    if not setting.authenticates:
        notes.append((_PROFILE_WITHOUT_KEY if setting.secured else _CONTRACT_WITHOUT_KEY)())
    if setting.client is not None and not chapters[CLIENT]:
        notes.append(_CLIENT_EMPTY(path=setting.path, chapter=CLIENT))
    return chapters, notes


def _further(
    operation: Operation,
    setting: Setting,
    queries: Callable[..., tuple[GeneratedQuery, ...]],
    known: Sequence[str],
) -> tuple[dict[str, list[Probe]], list[Message]]:
    """The probes of a further operation by their chapters, and why one is missing."""
    if operation.listing is not None:
        listed = ListSetting(operation, setting, queries)
        try:
            return list_probes(listed), []
        except GenerationError as error:
            note = _CHAPTER_LEFT_OUT(chapter=QUERIES, why=error.message)
            return list_probes(replace(listed, generate=lambda *_: ())), [note]
    alone = replace(
        setting,
        path=operation.path,
        parameter=operation.parameter,
        statuses=tuple(int(one) for one in operation.responses if one.isdigit()) if setting.statuses else (),
        declared=frozenset(operation.methods),
        secured=operation.secured,
        known=tuple(known),
        like=(),
        exploration="quick" if setting.exploration != "thorough" else "standard",
        id_parameter=operation.id_parameter,
        client=None,
        most_refused=REFUSED_OF_EACH,
    )
    chapters, _ = _built(alone)
    return {name: [_of_role(probe, operation) for probe in probes] for name, probes in chapters.items()}, []


def _of_role(probe: Probe, operation: Operation) -> Probe:
    """The probe with a name that says for which operation it is."""
    return replace(probe, name=f"{operation.role or operation.id}_{probe.name}")


def _essential(chapters: dict[str, list[Probe]], contract: Contract) -> list[Probe]:
    """What a verdict needs, for the start of the plan: a known id, an unknown one, no credential, a wrong one.

    The first of them is the preflight: where it fails, nothing else needs to be sent. Of each further operation a
    success, an unknown id and the answer to no credential follow.
    """
    refused = {probe.credential: probe for probe in reversed(chapters["authentication"])}
    wanted = [
        next(iter(chapters["known_ids"]), None),
        next(iter(chapters["unknown_ids"]), None),
        refused.get("missing"),
        refused.get("wrong"),
    ]
    names = ("known_ids", "unknown_ids", LISTS, "authentication")
    every = [probe for name in names for probe in chapters.get(name, ())]
    for operation in contract.operations[1:]:
        of_one = [one for one in every if operation_of(contract.operations, "GET", one.path) is operation]
        subjects = ("known", "unknown") if operation.parameter else ("known",)
        allowed = [one for one in of_one if one.credential == "valid"]
        wanted += [next((one for one in allowed if one.subject == subject), None) for subject in subjects]
        wanted.append(next((one for one in of_one if one.credential == "missing"), None))
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

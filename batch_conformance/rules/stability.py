"""Rules about several reads of one batch: what never changes, and that it is answered in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import ODD_REQUESTS
from batch_conformance.findings.merging import many_places
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.batch import is_plausible, stage_of
from batch_conformance.rules.highlight import at_pointer, at_status
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.masks import is_mask
from batch_conformance.rules.refusal import is_of_a_query
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import Broken, Rule, has_id, where
from batch_conformance.rules.unset import stands_for_unset

_AS_OTHERS = Template("stability.answer_changed.expected", "200, as for the other reads of this batch")
_SAME_MEMBERS = Template("stability.changed.members", "the members that were read before")
_OTHER_MEMBERS = Template("stability.changed.other_members", "other members, or other values of them")
_AS_BEFORE = Template("stability.changed.expected", "{value}, as read before")
_NO_MEMBERS = Template("stability.metadata_lost.empty", "no members")
_AS_JUST = Template("stability.refusal_changed.expected", "{status}, as just before")
_UNSET = Template("stability.changed.unset", "unset")
_WEIGHED_ELSEWHERE = frozenset({401, 406, 429})


def _compare_answers(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    answered = [read for read in history.reads if read.exchange.final and read.answer is not None]
    if not any(200 <= read.answer.status < 300 for read in answered if read.answer):
        return
    for read in answered:
        if read.exchange.probe.subject == "equivalent":
            continue  # RFC 3986 section 6.2.2 calls the spellings the same; many servers compare paths as they came
        status = read.answer.status if read.answer else 0
        if is_of_a_query(read, status):
            continue
        if 300 <= status < 500 and status not in _WEIGHED_ELSEWHERE and read.documented is not None:
            yield read, Broken(_AS_OTHERS(), shown(status), str(status))


def _compare_values(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    """What lasts keeps its value once it is set, and stays there."""
    reads = history.batches
    settled: dict[str, Any] = {}
    furthest = -1
    for read in reads:
        roles = read.operation.roles
        stage = stage_of(read.batch, roles)
        # A state that went back is told as that, and a batch of an earlier state has not yet what a later one sets.
        went_back = stage is not None and stage.rank < furthest
        furthest = max(furthest, stage.rank if stage else furthest)
        required = {place.pointer for place in read.schema.properties if place.required} if read.schema else set()
        for pointer in sorted(roles.lasting - {roles.identity}):
            value = at(read.batch, pointer)
            was = settled.get(pointer)
            missed = value is None and was is not None and pointer not in required
            if missed and not went_back and not _is_over(read, pointer):
                yield read, _changed(read, pointer, was, None)
            if (
                isinstance(value, str | int)
                and not stands_for_unset(value)
                and not (isinstance(value, str) and is_mask(value))
                and not _is_senseless(pointer, value, roles)
            ):
                lasting = _unsigned(value)
                if was is not None and was != lasting and type(was) is type(lasting):
                    yield read, _changed(read, pointer, was, lasting)
                settled.setdefault(pointer, lasting)
    for pointer in sorted(reads[0].operation.roles.free_maps) if reads else ():
        yield from _customers_own(reads, pointer)


def _customers_own(reads: Sequence[Observation], pointer: str) -> Iterator[tuple[Observation, Broken]]:
    """What the customer said of a batch when making it: members stay what they are."""
    known: dict[str, Any] = {}
    for read in reads:
        members = at(read.batch, pointer)
        if isinstance(members, Mapping) and members:
            if any(name not in members or members[name] != value for name, value in known.items()):
                yield (
                    read,
                    Broken(
                        _SAME_MEMBERS(),
                        _OTHER_MEMBERS(),
                        "changed",
                        media_type=read.contract_media_type,
                        pointer=pointer,
                    ),
                )
            known = known or dict(members)


def _compare_metadata(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    """What the customer said of a batch is there at each later read."""
    reads = history.batches
    for pointer in sorted(reads[0].operation.roles.free_maps) if reads else ():
        given = False
        for read in reads:
            held = at(read.batch, pointer)
            if given and not held and (held is None or isinstance(held, Mapping)):
                yield (
                    read,
                    Broken(
                        _SAME_MEMBERS(),
                        (_UNSET if held is None else _NO_MEMBERS)(),
                        "lost",
                        media_type=read.contract_media_type,
                        pointer=pointer,
                    ),
                )
            given = given or (isinstance(held, Mapping) and bool(held))


def _compare_refusals(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    """One read is refused in one way; a refusal that gives way to another for good is no contradiction.

    401 and 403 are left out: of recorded traffic nobody knows whether the credential was the valid one then.
    """
    refused = [read for read in history.observations if _is_plain_refusal(read)]
    if any(200 <= (read.exchange.status or 0) < 300 for read in history.reads):
        return  # that the batch is there and refused is told as that
    # Another spelling of the path is another request: servers that compare paths as they came refuse it otherwise.
    refused = [read for read in refused if read.exchange.probe.path == refused[0].exchange.probe.path]
    statuses = [read.exchange.status for read in refused]
    for place, read in enumerate(refused):
        before = statuses[:place]
        if place > 1 and statuses[place] != before[-1] and statuses[place] in before:
            yield read, Broken(_AS_JUST(status=before[-1] or 0), shown(statuses[place] or 0), "by_turns", status="")
            return


def _has_free_map(operation: Operation) -> bool:
    return bool(operation.roles.free_maps)


def _is_plain_refusal(read: Observation) -> bool:
    probe, status = read.exchange.probe, read.exchange.status or 0
    plain = read.method == "GET" and read.authorised and probe.forced_status is None and not probe.query
    plain = plain and probe.batch_id is not None and probe.chapter != ODD_REQUESTS
    plain = plain and probe.subject != "equivalent" and read.exchange.final
    return plain and 400 <= status < 500 and status not in (403, *_WEIGHED_ELSEWHERE)


def _is_senseless(pointer: str, value: str | int, roles: Roles) -> bool:
    """Whether a time cannot be one, such as a sentinel for unset: that is told, and what follows it is no change."""
    return pointer in roles.timestamps and isinstance(value, int) and not is_plausible(value)


def _is_over(read: Observation, pointer: str) -> bool:
    """Whether this is when the batch would expire, and it has ended."""
    stage = stage_of(read.batch, read.operation.roles)
    return pointer == read.operation.roles.expires and stage is not None and stage.terminal


def _unsigned(value: str | int) -> str | int:
    """A download URL without its query: it is signed anew at each read."""
    return value.partition("?")[0] if isinstance(value, str) and "://" in value else value


def _changed(read: Observation, pointer: str, was: Any, now: Any) -> Broken:
    return Broken(
        _AS_BEFORE(value=_shown(was)),
        _UNSET() if now is None else shown(_shown(now)),
        "vanished" if now is None else "changed",
        media_type=read.contract_media_type,
        pointer=pointer,
    )


def _shown(value: Any) -> Private:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return Private(text if len(text) <= 60 else text[:57] + "…")


CHANGED = Rule(
    id="stability.changed",
    title="A value changed between reads that never changes",
    level="should",
    side="server",
    why="What was fixed when the batch was made, or once it was set, is what clients store and compare.",
    remedy="Store the value with the batch instead of computing it at each read.",
    source="the meaning of ids and of times that have passed",
    breaks="created_at 1741685413, then 1741685420, of one batch",
    keeps="created_at 1741685413 at every read",
    clauses=where(has_id, Template("stability.changed.clause", "what never changes is the same at every read"), "200"),
    compare=_compare_values,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_pointer,
    requests=gets_a_batch,
    merge=many_places(
        3,
        Template("many.other_values", "other values at {places}"),
        Template("many.values_before", "the values read before"),
    ),
    covers=(("two reads", "what lasts"),),
)

ANSWER_CHANGED = Rule(
    id="stability.answer_changed",
    title="The same read is answered in different ways",
    level="should",
    side="server",
    why="A batch that exists, and then does not, makes clients give up or start it again.",
    remedy="Serve reads from one consistent store; look at the instance that answered.",
    source="RFC 9110 section 9.2.1: a read changes nothing",
    breaks="200, then 404, for one batch",
    keeps="200 at every read of one batch",
    clauses=where(
        has_id, Template("stability.answer_changed.clause", "the same read is answered in the same way"), "200"
    ),
    compare=_compare_answers,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_status,
    requests=gets_a_batch,
    covers=(("two reads", "the answer"),),
)

METADATA_LOST = Rule(
    id="stability.metadata_lost",
    title="What the customer gave a batch is gone at a later read",
    level="should",
    side="server",
    why="Customers find their batches by what they gave them; a batch without it belongs to nobody.",
    remedy="Keep what was given when the batch was made, in every state and on every replica.",
    source="what a batch was made with does not change: two answers contradict each other",
    breaks='{"metadata": {"job": "a"}}, then {"metadata": null}, of one batch',
    keeps='{"metadata": {}}, then {"metadata": {"job": "a"}}, of one batch',
    clauses=where(
        _has_free_map, Template("stability.metadata_lost.clause", "what the customer gave a batch stays there"), "200"
    ),
    compare=_compare_metadata,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("two reads", "what a customer gave"),),
)

REFUSAL_CHANGED = Rule(
    id="stability.refusal_changed",
    title="One read is refused in different ways by turns",
    level="info",
    side="server",
    why="Clients handle 400 and 404 differently; replicas that disagree make one of the two a matter of luck.",
    remedy="Let all replicas check in the same order, and know the same batches.",
    source="RFC 9110 section 9.2.1: reading changes nothing",
    breaks="404, 400 and 404 again for one id",
    keeps="404 every time",
    clauses=where(has_id, Template("stability.refusal_changed.clause", "one read is refused in one way")),
    compare=_compare_refusals,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_status,
    requests=gets_a_batch,
    covers=(("two reads", "the refusal"),),
)

RULES = (CHANGED, ANSWER_CHANGED, METADATA_LOST, REFUSAL_CHANGED)

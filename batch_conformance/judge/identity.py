"""Judges who is answered: the id asked for, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting, at


def judge_identity(sightings: Sequence[Sighting]) -> Iterator[Deviation]:
    """Deviations between ids asked for and batches answered, over a whole run.

    A server that answers any plain id also answers similar ones; only the first is said then.
    """
    successes = [
        sighting
        for sighting in sightings
        if sighting.authorised
        and sighting.answer is not None
        and 200 <= sighting.answer.status < 300
        and sighting.method in ("GET", "HEAD")
        and not (sighting.forced and sighting.exchange.probe.forced_status == sighting.answer.status)
    ]
    any_id = any(sighting.exchange.probe.subject == "unknown" for sighting in successes)
    cut = _cut(sightings, successes)
    for sighting in successes:
        subject = sighting.exchange.probe.subject
        if subject in ("known", "equivalent"):
            yield from _other_batch(sighting)
        elif subject == "hostile" and not any_id and (sighting.exchange.probe.batch_id or "").startswith(cut):
            yield _answered(sighting, "identity.neighbour_answered", "404: ids are compared exactly", "similar")
        elif subject == "unknown" or (subject == "hostile" and not any_id and not _is_traversal(sighting)):
            yield _answered(sighting, "identity.unknown_answered", "404, or another documented refusal", subject)
        elif subject == "hostile" and not any_id:
            yield _answered(sighting, "identity.traversal_answered", "404: an encoded slash is part of the id", subject)
        elif subject == "neighbour" and not any_id:
            yield _answered(sighting, "identity.neighbour_answered", "404: ids are compared exactly", "similar")
        elif subject == "outside" and sighting.exchange.probe.batch_id is None:
            yield _answered(sighting, "identity.list_answered", "404: the path has no id", "empty id")


def _cut(sightings: Sequence[Sighting], successes: Sequence[Sighting]) -> tuple[str, ...]:
    """The known ids, where one is found whatever plain letters follow it: what follows an id is not looked at then."""
    known = tuple({s.exchange.probe.batch_id or "" for s in sightings if s.exchange.probe.subject == "known"} - {""})
    near = (s.exchange.probe.batch_id or "" for s in successes if s.exchange.probe.subject == "neighbour")
    return known if any(asked.startswith(known) and asked.replace("_", "").isalnum() for asked in near) else ()


def _other_batch(sighting: Sighting) -> Iterator[Deviation]:
    pointer = sighting.contract.roles.identity
    answered = at(sighting.batch, pointer) if pointer is not None else None
    asked = sighting.exchange.probe.batch_id
    if pointer is not None and isinstance(answered, str) and answered and answered != asked:
        yield sighting.deviates(
            "identity.other_batch",
            media_type=sighting.contract_media_type,
            pointer=pointer,
            expected=f'"{_short(asked or "")}", the id asked for',
            observed=f'"{_short(answered)}"',
            kind="other",
        )


def _answered(sighting: Sighting, rule: str, expected: str, kind: str) -> Deviation:
    status = sighting.answer.status if sighting.answer else 0
    asked = sighting.exchange.probe.batch_id or ""
    return sighting.deviates(
        rule,
        expected=expected,
        observed=f'{status} for "{_short(asked)}"' if asked else f"{status} for an empty id",
        kind=kind,
    )


def _is_traversal(sighting: Sighting) -> bool:
    """Whether the id is a path that leads elsewhere once its encoded slashes are taken for separators."""
    asked = sighting.exchange.probe.batch_id or ""
    return "/" in asked and ".." in asked.split("/")


def _short(text: str) -> str:
    printable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return printable if len(printable) <= 60 else printable[:57] + "…"

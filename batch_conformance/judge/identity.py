"""Judges who is answered: the id asked for, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.conditions import (
    ALWAYS,
    UNLESS_ANY_ID,
    if_continues,
    unless_any_refused_so,
    unless_continues,
    unless_refused_so,
)
from batch_conformance.judge.form import form_of
from batch_conformance.judge.sighting import Sighting, at


def judge_identity(sighting: Sighting) -> Iterator[tuple[Bucket, Deviation]]:
    """What is wrong between the id asked for and the batch answered, each with the condition under which it is told.

    A server that answers any plain id also answers similar ones; only the first is said then.
    """
    if not is_success(sighting) or not sighting.authorised:
        return
    for condition, deviation in _judge_success(sighting):
        if sighting.is_another_object:
            yield unless_refused_so(form_of(sighting), condition), deviation
        elif sighting.method == "HEAD":
            yield unless_any_refused_so("valid", condition), deviation
        else:
            yield condition, deviation


def _judge_success(sighting: Sighting) -> Iterator[tuple[Bucket, Deviation]]:
    subject, asked = sighting.exchange.probe.subject, sighting.exchange.probe.batch_id
    similar = _answered(sighting, "identity.neighbour_answered", "404: ids are compared exactly", "similar")
    if subject in ("known", "equivalent"):
        for deviation in _other_batch(sighting):
            yield ALWAYS, deviation
    elif subject == "unknown":
        yield ALWAYS, _any_answered(sighting)
    elif subject == "neighbour":
        yield UNLESS_ANY_ID, similar
    elif subject == "hostile":
        yield if_continues(asked or ""), similar
        yield unless_continues(asked or ""), _followed(sighting) if _is_traversal(sighting) else _any_answered(sighting)
    elif subject == "outside" and asked is None:
        yield ALWAYS, _answered(sighting, "identity.list_answered", "404: the path has no id", "empty id")


def is_success(sighting: Sighting) -> bool:
    """Whether a read was answered with success that was not asked for by name."""
    succeeded = sighting.answer is not None and 200 <= sighting.answer.status < 300
    return succeeded and sighting.method in ("GET", "HEAD") and not sighting.forced


def _any_answered(sighting: Sighting) -> Deviation:
    subject = sighting.exchange.probe.subject
    return _answered(sighting, "identity.unknown_answered", "404, or another documented refusal", subject)


def _followed(sighting: Sighting) -> Deviation:
    return _answered(sighting, "identity.traversal_answered", "404: an encoded slash is part of the id", "hostile")


def _other_batch(sighting: Sighting) -> Iterator[Deviation]:
    pointer = sighting.operation.roles.identity
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

"""Compares two contracts clause by clause, and says of every change whether it breaks clients of the old one.

A client reads responses. So what it may be sent that it was never sent before breaks it (a wider type, a further enum
value, a property that is gone or no longer always there), and what it is no longer sent does not. For what it sends
itself, parameters and credentials, it is the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from batch_conformance.contract.body_diff import body_changes
from batch_conformance.contract.change import KINDS, Change, ContractDiff
from batch_conformance.contract.compare import type_words
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import ResponseContract
from batch_conformance.contract.request_diff import request_changes


def diff_contracts(old: Contract, new: Contract) -> ContractDiff:
    """All changes from ``old`` to ``new``."""
    found = [
        *request_changes(old, new),
        *_responses(old, new),
    ]
    order = {id(change): number for number, change in enumerate(found)}
    found.sort(key=lambda change: (not change.breaking, KINDS.index(change.kind), order[id(change)]))
    return ContractDiff(old, new, tuple(replace(change, operation=old.chosen.id) for change in found))


def _responses(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.chosen.responses, new.chosen.responses
    for status, response in after.items():
        if status in before:
            was = before[status]
            for change in _contents(was, response):
                placed = change.old_location or change.new_location
                yield replace(
                    change,
                    status=status,
                    old_location=change.old_location if placed else was.location,
                    new_location=change.new_location if placed else response.location,
                )
            continue
        breaking = status.startswith(("1", "2", "3"))
        why = (
            "A client that waits for the documented success takes it for something else."
            if breaking
            else "Clients treat a status that they do not know like the first of its hundred (RFC 9110 section 15)."
        )
        words = " ".join((status, response.description, _bodies(response))).strip()
        yield Change(
            "response.status", "added", breaking, "", words, why, status=status, new_location=response.location
        )
    for status, response in before.items():
        if status not in after:
            success = status.startswith("2")
            why = (
                "Clients wait for it."
                if success
                else "It is not answered any more; what handles it in clients is idle."
            )
            words = " ".join((status, response.description, _bodies(response))).strip()
            yield Change(
                "response.status", "removed", success, words, "", why, status=status, old_location=response.location
            )


def _bodies(response: ResponseContract) -> str:
    """What a documented response holds, in words: ``(application/json: string)``."""
    kinds = (
        f"{media_type}: {type_words(schema.properties[0].types)}" if schema else media_type
        for media_type, schema in response.content.items()
    )
    listed = ", ".join(kinds)
    return f"({listed})" if listed else ""


def _contents(old: ResponseContract, new: ResponseContract) -> Iterator[Change]:
    """Every change within one documented status; its place is for the caller to fill in."""
    before, after = ({name.lower(): name for name in response.headers} for response in (old, new))
    for name in before:
        if name not in after:
            yield Change("response.header", "removed", True, before[name], "", "A client that reads it finds nothing.")
    for name in after:
        if name not in before:
            why = "Clients ignore headers that they do not know."
            yield Change("response.header", "added", False, "", after[name], why)
    for media_type in old.content:
        if media_type not in new.content:
            why = "A client that reads this format is sent another."
            listed = ", ".join(new.content) or "no body"
            yield Change("response.media_type", "removed", True, media_type, listed, why, media_type=media_type)
    for media_type in new.content:
        if media_type not in old.content:
            why = (
                "A client that asks for the old format by Accept is still sent it."
                if old.content
                else "No body was promised before; who reads none may ignore it."
            )
            yield Change("response.media_type", "added", False, "", media_type, why, media_type=media_type)
    for media_type, schema in old.content.items():
        other = new.content.get(media_type)
        if schema is not None and other is not None:
            for change in body_changes(schema, other):
                yield replace(change, media_type=media_type)

"""Compares two contracts clause by clause, and says of every change whether it breaks clients of the old one.

A client reads responses. So what it may be sent that it was never sent before breaks it (a wider type, a further enum
value, a property that is gone or no longer always there), and what it is no longer sent does not. For what it sends
itself, parameters and credentials, it is the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from batch_conformance.contract.body_diff import body_changes
from batch_conformance.contract.change import KINDS, Change, ContractDiff
from batch_conformance.contract.compare import type_words
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation, ResponseContract
from batch_conformance.contract.request_diff import request_changes
from batch_conformance.message import Listing, Message, Template, shown

_OPERATION_GONE = Template("diff.why.operation_gone", "A client that sends it is refused.")
_NEW_OPERATION = Template("diff.why.new_operation", "Clients do not send what they do not know.")
_NEW_SUCCESS = Template(
    "diff.why.new_success", "A client that waits for the documented success takes it for something else."
)
_NEW_STATUS = Template(
    "diff.why.new_status",
    "Clients treat a status that they do not know like the first of its hundred (RFC 9110 section 15).",
)
_SUCCESS_GONE = Template("diff.why.success_gone", "Clients wait for it.")
_STATUS_GONE = Template("diff.why.status_gone", "It is not answered any more; what handles it in clients is idle.")
_HEADER_GONE = Template("diff.why.header_gone", "A client that reads the header finds nothing.")
_NEW_HEADER = Template("diff.why.new_header", "Clients ignore headers that they do not know.")
_FORMAT_GONE = Template("diff.why.format_gone", "A client that reads this format is sent another.")
_NEW_FORMAT = Template("diff.why.new_format", "A client that asks for the old format by Accept is still sent it.")
_NEW_BODY = Template("diff.why.new_body", "No body was promised before; who reads none may ignore it.")
_NO_BODY = Template("diff.no_body", "no body")
_TYPED = Template("diff.typed", "{media_type}: {types}")
_WITH_BODIES = Template("diff.with_bodies", "{response} ({bodies})")


def diff_contracts(old: Contract, new: Contract) -> ContractDiff:
    """All changes from ``old`` to ``new``, of every operation that either holds."""
    found = [replace(change, operation=old.chosen.id) for change in _of_chosen(old, new)]
    found += _further(old, new)
    order = {id(change): number for number, change in enumerate(found)}
    found.sort(key=lambda change: (not change.breaking, KINDS.index(change.kind), order[id(change)]))
    return ContractDiff(old, new, tuple(found))


def _of_chosen(old: Contract, new: Contract) -> Iterator[Change]:
    yield from request_changes(old, new)
    yield from _responses(old, new)


def _further(old: Contract, new: Contract) -> Iterator[Change]:
    """The changes of the operations beside the chosen ones, each held to the one of its role."""
    before, after = ({one.role: one for one in contract.every[1:] if one.role} for contract in (old, new))
    for role, operation in before.items():
        other = after.get(role)
        if other is None:
            yield _of_operation(operation, "removed", breaking=True, why=_OPERATION_GONE())
            continue
        views = (replace(old, operations=(operation,)), replace(new, operations=(other,)))
        yield from (replace(change, operation=operation.id, role=str(role)) for change in _of_chosen(*views))
    for role, operation in after.items():
        if role not in before:
            yield _of_operation(operation, "added", breaking=False, why=_NEW_OPERATION())


def _of_operation(operation: Operation, kind: Literal["added", "removed"], *, breaking: bool, why: Message) -> Change:
    words, added = shown(f"{operation.method} {operation.path}"), kind == "added"
    return Change(
        "request.path",
        kind,
        breaking,
        None if added else words,
        words if added else None,
        why,
        old_location=None if added else operation.location,
        new_location=operation.location if added else None,
        operation=operation.id,
        role=str(operation.role),
    )


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
        why = (_NEW_SUCCESS if breaking else _NEW_STATUS)()
        words = _response_words(status, response)
        yield Change(
            "response.status", "added", breaking, None, words, why, status=status, new_location=response.location
        )
    for status, response in before.items():
        if status not in after:
            success = status.startswith("2")
            why = (_SUCCESS_GONE if success else _STATUS_GONE)()
            words = _response_words(status, response)
            yield Change(
                "response.status", "removed", success, words, None, why, status=status, old_location=response.location
            )


def _response_words(status: str, response: ResponseContract) -> Message:
    """A documented response in words: ``404 Not found (application/json: string)``."""
    named = f"{status} {response.description}".strip()
    kinds = tuple(
        _TYPED(media_type=media_type, types=type_words(schema.properties[0].types)) if schema else media_type
        for media_type, schema in response.content.items()
    )
    return _WITH_BODIES(response=named, bodies=Listing(kinds)) if kinds else shown(named)


def _contents(old: ResponseContract, new: ResponseContract) -> Iterator[Change]:
    """Every change within one documented status; its place is for the caller to fill in."""
    before, after = ({name.lower(): name for name in response.headers} for response in (old, new))
    for name in before:
        if name not in after:
            yield Change("response.header", "removed", True, shown(before[name]), None, _HEADER_GONE())
    for name in after:
        if name not in before:
            yield Change("response.header", "added", False, None, shown(after[name]), _NEW_HEADER())
    for media_type in old.content:
        if media_type not in new.content:
            why, named = _FORMAT_GONE(), shown(media_type)
            listed = shown(Listing(tuple(new.content))) if new.content else _NO_BODY()
            yield Change("response.media_type", "removed", True, named, listed, why, media_type=media_type)
    for media_type in new.content:
        if media_type not in old.content:
            why, named = (_NEW_FORMAT if old.content else _NEW_BODY)(), shown(media_type)
            yield Change("response.media_type", "added", False, None, named, why, media_type=media_type)
    for media_type, schema in old.content.items():
        other = new.content.get(media_type)
        if schema is not None and other is not None:
            for change in body_changes(schema, other):
                yield replace(change, media_type=media_type)

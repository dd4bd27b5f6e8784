"""What drifts of batches that clients make are made of: changes to the replies about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from batch_conformance.mock.api_spec import CallRole
from batch_conformance.mock.batch_runner import ResultKind
from batch_conformance.mock.drift import Apply
from batch_conformance.mock.list_spec import items_in, value_at
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

Fields = dict[str, Any]
Lines = list[bytes]


def to_answer(role: CallRole, change: Callable[[Fields], object]) -> Apply:
    """Changes the object that answers a call, in place."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        asked = received.called
        if asked is None or asked.call.role != role or reply.status != asked.call.status:
            return reply
        body = json.loads(reply.body)
        change(value_at(body, asked.call.at))
        return replace(reply, body=body_json(body))

    return apply


def to_files(change: Callable[[Fields], object]) -> Apply:
    """Changes every item of a list of files, in place."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        spec = received.listed
        if spec is None or spec.of_batches or received.place != "list" or reply.status != 200:
            return reply
        body, items = items_in(reply.body, spec)
        for item in items:
            change(item)
        return replace(reply, body=body_json(body))

    return apply


def to_made(change: Callable[[Fields], object]) -> Apply:
    """Changes the object of a batch that a client made, in place, wherever it is read by its id."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        batch = received.batch
        if batch is None or reply.status != 200 or any(batch.id == sample.id for sample in received.batches):
            return reply
        body = json.loads(reply.body)
        change(body)
        return replace(reply, body=body_json(body))

    return apply


def to_results(kind: ResultKind, change: Callable[[ReceivedRequest, Reply], Reply]) -> Apply:
    """Changes the replies that have a file of results."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        return change(received, reply) if reply.status == 200 and fetched(received) == kind else reply

    return apply


def to_lines(change: Callable[[Lines], Lines], kind: ResultKind = "output") -> Apply:
    """Changes the lines of a file of results, each with what ends it."""
    return to_results(
        kind, lambda _, reply: replace(reply, body=b"".join(change(reply.body.splitlines(keepends=True))))
    )


def to_objects(change: Callable[[Fields], object], kind: ResultKind = "output") -> Apply:
    """Changes the first line of a file of results as an object, in place."""

    def change_first(lines: Lines) -> Lines:
        line = json.loads(lines[0])
        change(line)
        return [body_json(line) + b"\n", *lines[1:]]

    return to_lines(lambda lines: change_first(lines) if lines else lines, kind)


def fetched(received: ReceivedRequest) -> str:
    """Which file of results a request is for, ``output`` or ``error``; another text or none for every other request."""
    if received.place == "result":
        return received.request.path.decode("latin-1").rpartition("-")[2]
    is_content = received.called is not None and received.called.call.role == "content"
    return (received.asked or "").rpartition("-")[2] if is_content else ""

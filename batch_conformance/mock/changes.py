"""What drifts are made of: changes to replies, and when they apply."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from batch_conformance.mock.drift import Apply
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

Fields = dict[str, Any]
When = Callable[[ReceivedRequest, Fields], bool]

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

NGINX = (
    b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center><h1>404 Not Found</h1></center></body>\r\n"
)
NGINX += b"</html>\r\n"
"""A gateway's page."""


def always(_received: ReceivedRequest, _batch: Fields) -> bool:
    """Every batch."""
    return True


def in_state(*states: str) -> When:
    """Batches in one of these states."""
    return lambda _received, batch: batch.get("status") in states


def at_rest(*states: str) -> When:
    """Batches in one of these states that stay there."""

    def is_at_rest(received: ReceivedRequest, batch: Mapping[str, Any]) -> bool:
        return batch.get("status") in states and received.batch is not None and not received.batch.progresses

    return is_at_rest


def of_batch(change: Callable[[ReceivedRequest, Fields], object], when: When = always) -> Apply:
    """Changes the object of answered batches in place; what a change returns does not matter."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        if reply.status != 200 or received.listed is not None or received.place in ("call", "result"):
            return reply
        batch = json.loads(reply.body)
        if not isinstance(batch, dict) or not when(received, batch):
            return reply
        change(received, batch)
        return replace(reply, body=body_json(batch))

    return apply


def putting(when: When = always, **values: Any) -> Apply:
    """Puts values into answered batches; a callable is called with the batch for its value."""

    def change(_received: ReceivedRequest, batch: Fields) -> None:
        for name, value in values.items():
            batch[name] = value(batch) if callable(value) else value

    return of_batch(change, when)


def dropping(*names: str, when: When = always) -> Apply:
    """Takes properties out of answered batches."""

    def change(_received: ReceivedRequest, batch: Fields) -> None:
        for name in names:
            batch.pop(name, None)

    return of_batch(change, when)


def to_success(change: Callable[[Reply], Reply], when: When = always) -> Apply:
    """Changes the reply as a whole wherever a batch is answered."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        if reply.status != 200 or received.batch is None or not when(received, received.batch.at()):
            return reply
        return change(reply)

    return apply


def to_status(status: int, change: Callable[[Reply], Reply]) -> Apply:
    """Changes every reply of one status."""
    return lambda _received, reply: change(reply) if reply.status == status else reply


def to_unknown(change: Callable[[ReceivedRequest, Reply], Reply]) -> Apply:
    """Changes the 404 of ids that nobody has."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        unknown = received.reading and received.batch is None and received.forced is None
        return change(received, reply) if reply.status == 404 and unknown else reply

    return apply


def saying(value: Any) -> Callable[[Reply], Reply]:
    """Another JSON value as the body."""
    return lambda reply: replace(reply, body=body_json(value))


def sending(body: bytes, media_type: str | None = None) -> Callable[[Reply], Reply]:
    """Other bytes as the body, under another media type where one is given."""

    def change(reply: Reply) -> Reply:
        changed = replace(reply, body=body)
        return changed if media_type is None else changed.with_header("Content-Type", media_type)

    return change


def rewriting(change: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    """Other bytes made from those of the body."""
    return lambda reply: replace(reply, body=change(reply.body))


def labelled(media_type: str | None) -> Callable[[Reply], Reply]:
    """Another Content-Type, or none."""
    if media_type is None:
        return lambda reply: reply.without_header("Content-Type")
    return lambda reply: reply.with_header("Content-Type", media_type)


def relabelled(pattern: str) -> Callable[[Reply], Reply]:
    """The media type that there is, written anew: ``{}`` stands for it, without its parameters."""

    def change(reply: Reply) -> Reply:
        bare = (reply.header("content-type") or "").partition(";")[0].strip()
        return reply.with_header("Content-Type", pattern.replace("{}", bare)) if bare else reply

    return change


def answering(status: int, body: Any = None, *headers: tuple[str, str]) -> Callable[[Reply], Reply]:
    """Another status, with a JSON body of its own where one is given, and further headers."""

    def change(reply: Reply) -> Reply:
        changed = replace(reply, status=status, body=reply.body if body is None else body_json(body))
        for name, value in headers:
            changed = changed.with_header(name, value)
        return changed

    return change


def with_wire(**parts: Any) -> Callable[[Reply], Reply]:
    """Sent in another way: the parts of ``Wire``."""
    return lambda reply: replace(reply, wire=replace(reply.wire, **parts))


def header_of(received: ReceivedRequest, name: bytes) -> str:
    """A header of the request, in lower case; empty where there is none."""
    return (received.request.header(name) or b"").decode("latin-1").lower()


def moved(batch: Mapping[str, Any], name: str, seconds: int) -> int:
    """A time that many seconds after (or before) the creation."""
    return int(batch["created_at"]) + seconds if name not in batch else int(batch[name]) + seconds

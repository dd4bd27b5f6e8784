"""A mutation: a drift as plain values, so that it can be computed in one process and shown by another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from batch_conformance.mock.drift import Apply, Drift, Stage, Verdict
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

MutationKind = Literal[
    "put", "send", "drop", "rename", "add", "text", "iso", "milliseconds", "float", "label", "status", "header"
]
"""put: another value where there is one. send: a value where there may be none. drop, rename: of a member that is
there. add: a member to an object. text, iso, milliseconds, float: a number written in another way. label: another
Content-Type, null for none. status: another status. header: a header, by name and value, the latter null for none."""

_ERRORS = 400
_NUMBER = 17

_OF_HEAD: Mapping[MutationKind, Stage] = {"label": "text", "status": "text", "header": "text"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of the replies of one status.

    ``rule``, ``status``, ``pointer`` and the rest name what it must bring, as in ``Drift``. ``sent`` is the status of
    the replies that are changed, ``at`` an RFC 6901 pointer into their bodies, ``*`` for every item. With a ``state``
    only batches whose ``state_at`` says so are changed. ``value`` is what ``change`` needs. ``of_list`` is the path of
    the list whose replies are changed, ``of_call`` the role of the call, and both are empty for those of batches.
    """

    name: str
    title: str
    rule: str
    status: str
    pointer: str
    source: str
    verdict: Verdict
    also: tuple[str, ...]
    because: str
    sent: int
    at: str
    change: MutationKind
    value: Any = None
    state: Any = None
    state_at: str = ""
    of_list: str = ""
    of_call: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Mutation:
        """What ``to_dict`` made."""
        return cls(**{**values, "also": tuple(values["also"])})

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a pipe."""
        return asdict(self)

    def drift(self) -> Drift:
        """The drift that shows it."""
        return Drift(
            self.name,
            self.title,
            self.rule,
            self.status,
            self.pointer,
            self.source,
            _OF_HEAD.get(self.change, "value"),
            self._apply(),
            verdict=self.verdict,
            group="derived",
            also=self.also,
            because=self.because,
            whole=self.at == "" and self.change == "put" and self.sent == 200,
        )

    def _apply(self) -> Apply:
        if self.change == "status":
            return self._to_sent(lambda reply: replace(reply, status=int(self.value)))
        if self.change in ("label", "header"):
            name, value = ("Content-Type", self.value) if self.change == "label" else self.value
            return self._to_sent(
                lambda reply: reply.without_header(name) if value is None else reply.with_header(name, value)
            )
        return self._to_sent(self._with_body)

    def _to_sent(self, change: Callable[[Reply], Reply]) -> Apply:
        def apply(received: ReceivedRequest, reply: Reply) -> Reply:
            return change(reply) if reply.status == self.sent and reply.body and self._is_of(received) else reply

        return apply

    def _is_of(self, received: ReceivedRequest) -> bool:
        """Whether the replies to a request are those that are changed."""
        if self.of_call or received.place in ("call", "result"):
            return received.called is not None and received.called.call.role == self.of_call
        asked = "" if received.listed is None else received.listed.path if received.place == "list" else None
        return asked == self.of_list

    def _with_body(self, reply: Reply) -> Reply:
        body = json.loads(reply.body)
        if self.state_at and _at(body, self.state_at) != self.state:
            return reply
        return replace(reply, body=body_json(self._changed(body)))

    def _changed(self, body: Any) -> Any:
        if self.at == "" and self.change != "add":
            return self.value
        for holder, key in list(_holders(body, self.at + "/-" if self.change == "add" else self.at)):
            if self.change == "add":
                holder[self.value] = "surplus"
            elif self.change == "send":
                holder[key] = self.value
            elif isinstance(holder, dict) and holder.get(key) is None and self._is_to_be_filled:
                # Errors and answers to calls are few, and not every one has all that it may have.
                holder[key] = self.value if self.change == "put" else _WRITTEN[self.change](_NUMBER)
            elif isinstance(holder, list) or key in holder:
                self._change_member(holder, key)
        return body

    @property
    def _is_to_be_filled(self) -> bool:
        """Whether a value is put where there is none."""
        return bool(self.sent >= _ERRORS or self.of_call) and self.change in ("put", *_WRITTEN)

    def _change_member(self, holder: Any, key: Any) -> None:
        if self.change == "drop":
            del holder[key]
        elif self.change == "rename":
            holder[self.value] = holder.pop(key)
        elif holder[key] is not None:
            holder[key] = self.value if self.change == "put" else _WRITTEN[self.change](holder[key])


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_WRITTEN: Mapping[MutationKind, Callable[[Any], Any]] = {
    "text": str,
    "iso": _iso,
    "milliseconds": lambda seconds: seconds * 1000,
    "float": float,
}


def _at(value: Any, pointer: str) -> Any:
    for token in _tokens(pointer):
        value = value.get(token) if isinstance(value, dict) else None
    return value


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _holders(value: Any, pointer: str) -> Iterator[tuple[Any, Any]]:
    """The containers and keys at which a pointer ends, ``*`` at every item; a key need not be there."""
    *before, last = _tokens(pointer)
    holders = [value]
    for token in before:
        holders = [member for holder in holders for member in _members(holder, token)]
    for holder in holders:
        if last == "*" and isinstance(holder, list):
            yield from ((holder, index) for index in range(len(holder)))
        elif isinstance(holder, dict):
            yield holder, last


def _members(holder: Any, token: str) -> list[Any]:
    if token == "*":
        return holder if isinstance(holder, list) else []
    return [holder[token]] if isinstance(holder, dict) and token in holder else []

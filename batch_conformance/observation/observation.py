"""An observation: an exchange laid beside what the contract says of its response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, wraps
from typing import Any, TypeVar

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.match import match, operation_of
from batch_conformance.contract.operation import Operation, ResponseContract
from batch_conformance.contract.pointer import split
from batch_conformance.contract.schema import Schema
from batch_conformance.exchange.exchange import Exchange, Response
from batch_conformance.observation.content import Content, look, read
from batch_conformance.observation.strict_json import Parsed

T = TypeVar("T")
_ODD = ("equivalent", "neighbour", "hostile")
"""Subjects whose ids nobody has either, as they are written, the plainest first."""


@dataclass(frozen=True)
class Observation:
    """An exchange under a contract. All that is derived from the two is computed once, when first asked for.

    ``api_spoke`` says that it was no gateway that answered, however odd the request is.
    """

    exchange: Exchange
    contract: Contract = field(repr=False)  # a crash with all variables shown has hundreds of observations to show
    api_spoke: bool = False

    def __reduce__(self) -> tuple[type[Observation], tuple[Exchange, Contract, bool]]:
        return Observation, (self.exchange, self.contract, self.api_spoke)  # what is derived is derived again

    @cached_property
    def operation(self) -> Operation:
        """The operation that the exchange belongs to, by which it is judged."""
        probe, writes = self.exchange.probe, self.contract.writes
        if writes and probe.method not in ("GET", "HEAD"):
            found = match(writes, probe.method, probe.path)
            if found is not None and found.operation.takes(probe.method):
                return found.operation
        return operation_of(self.contract.operations, probe.method, probe.path)

    @cached_property
    def answer(self) -> Response | None:
        """The response, where one came."""
        return self.exchange.response

    @cached_property
    def method(self) -> str:
        """The request's method."""
        return self.exchange.probe.method

    @cached_property
    def covered(self) -> bool:
        """Whether the contract speaks of the answer: the method is the operation's, and its template has the path."""
        return self.operation.takes(self.method) and self.exchange.probe.subject != "outside"

    @property
    def authorised(self) -> bool:
        """Whether the request carried the valid credential, in the documented way."""
        return self.exchange.probe.credential == "valid"

    @property
    def forced(self) -> bool:
        """Whether this status was asked for (``Prefer: code=NNN``) and given."""
        wanted = self.exchange.probe.forced_status
        return wanted is not None and wanted == self.exchange.status

    @cached_property
    def documented(self) -> ResponseContract | None:
        """What the contract says of this status, or None where it says nothing."""
        return self.operation.response_for(self.answer.status) if self.answer else None

    @cached_property
    def status(self) -> str:
        """The status as its clause is named: as documented (``4XX``), else as received."""
        if self.documented is not None:
            return self.documented.status
        return str(self.answer.status) if self.answer else ""

    @cached_property
    def media_type(self) -> str:
        """The bare media type received, in lower case; empty where none was named, a list where several were."""
        named = self.answer.header_all("content-type") if self.answer else ()
        return ", ".join(dict.fromkeys(value.partition(";")[0].strip().lower() for value in named))

    @cached_property
    def declared_media_type(self) -> str | None:
        """The documented media type, or range such as ``*/*``, that has the one received; None where none has."""
        content = self.documented.content if self.documented else {}
        ranges = (self.media_type, self.media_type.partition("/")[0] + "/*", "*/*")
        return next((declared for declared in ranges if declared in content), None)

    @cached_property
    def contract_media_type(self) -> str:
        """The documented media type that this body is judged by: its own, else the only or first one documented."""
        content = self.documented.content if self.documented else {}
        return next(iter(content), "") if self.declared_media_type is None else self.declared_media_type

    @cached_property
    def schema(self) -> Schema | None:
        """The schema that the body is to keep, whatever media type it was labelled with."""
        return self.documented.content.get(self.contract_media_type) if self.documented else None

    @cached_property
    def has_body(self) -> bool:
        """Whether a complete body came that can be read: not for HEAD, not when cut off or undecodable."""
        answer = self.answer
        return self._may_have_body and answer is not None and not answer.truncated and not answer.decode_error

    @property
    def lacks_body(self) -> bool:
        """Whether nothing can be said of a body that the contract describes, because not all of it is at hand."""
        is_cut = self.answer is not None and self.answer.truncated
        return is_cut and self._may_have_body and self.covered and bool(self.contract_media_type)

    @property
    def _may_have_body(self) -> bool:
        """Whether the message is one that has a body, and came to its end."""
        answer, failure = self.answer, self.exchange.failure
        return answer is not None and failure is None and self.method != "HEAD" and answer.status not in (204, 304)

    @cached_property
    def parsed(self) -> Parsed | None:
        """The body read as strict JSON, or as a text where text is documented; None where there is nothing to read."""
        if self.answer is None or not self.has_body:
            return None
        text = self._is_text
        parsed = None if text is None else read(self.answer.body, text=text)
        # What ends too early by its own Content-Length was cut by that, and is judged as that.
        return None if parsed is not None and self.answer.trailing and not parsed.readable else parsed

    @cached_property
    def content(self) -> Content | None:
        """What could be read of the body, under its schema; None where there is no value or no schema."""
        if self.answer is None or self.parsed is None or not self.parsed.readable or self.schema is None:
            return None
        return look(self.schema, self.answer.body, self.parsed, text=bool(self._is_text))

    @property
    def _is_text(self) -> bool | None:
        """Whether the body is meant to be a text; None where it is meant to be neither that nor JSON."""
        meant = self.media_type if self.contract_media_type.endswith("/*") else self.contract_media_type
        if not meant or "json" in meant:
            return False
        return True if meant.startswith("text/") else None

    @cached_property
    def mismatch(self) -> str:
        """The rule broken by a body that is not the documented object; nothing else of such a body is reported."""
        mismatch = self.content.mismatch if self.content is not None else None
        return mismatch[0] if mismatch is not None else ""

    @property
    def is_another_object(self) -> bool:
        """Whether the body is another object than the documented one: not one around it, nor a part of it."""
        if self.content is None or self.mismatch != "body.another_object":
            return False
        return bool(self.content.undeclared) or not self.content.value

    @cached_property
    def batch(self) -> Mapping[str, Any] | None:
        """The documented object of a successful GET, where it is one."""
        success = self.answer is not None and 200 <= self.answer.status < 300 and self.method == "GET"
        value = self.parsed.value if success and self.parsed else None
        return value if isinstance(value, Mapping) and not self.mismatch else None


def derived(function: Callable[[Observation], T]) -> Callable[[Observation], T]:
    """A function of an observation that is computed once for each of them, as what it derives itself is."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def once(observation: Observation) -> T:
        known = observation.__dict__
        if name not in known:
            known[name] = function(observation)
        found: T = known[name]
        return found

    return once


def reported_subjects(subjects: Set[str]) -> Set[str]:
    """The subjects to report a failure for: one with plain unknown ids covers that with odder unknown ids."""
    if "unknown" in subjects:
        return subjects - {*_ODD, "outside"}
    plainest = next((subject for subject in _ODD if subject in subjects), None)
    return subjects - ({*_ODD} - {plainest})


def at(value: Any, pointer: str) -> Any:
    """The member of a JSON value at a pointer of plain member names; None where there is none."""
    for token in _tokens(pointer):
        if type(value) is not dict and not isinstance(value, Mapping):
            return None
        value = value.get(token)
    return value


@lru_cache(4096)
def _tokens(pointer: str) -> tuple[str, ...]:
    """The tokens of a pointer. Most pointers are those of the contract, which every exchange is asked for."""
    return tuple(split(pointer))


def integer_at(value: Any, pointer: str | None) -> int | None:
    """The integer at a pointer; None where there is none, or something else (true is no integer)."""
    found = at(value, pointer) if pointer is not None else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None

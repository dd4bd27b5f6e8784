"""Recorded answers for the client to read: what `validate` reads, as far as the client would have asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template
from batch_conformance.recorded.formats.format import Values
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import LineError, exchange_of, values_of
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import AT, unjudged_body
from batch_conformance.recorded.source import blocks, expand, parts

_HOLDS_NO_ANSWER_TO_GET = Template(
    "client_recording.holds_no_answer_to_get",
    "{path} holds no answer to GET {operation_path}: give an exchanges.har of a run's reports, "
    "another HTTP Archive, or exchanges one per line",
)
_HOLDS_NO_ANSWER_BUT = Template(
    "client_recording.holds_no_answer_but",
    "{path} holds no answer to GET {operation_path} ({complaint}): give an exchanges.har of a run's reports, "
    "another HTTP Archive, or exchanges one per line",
)

_ODD = frozenset({"representations", "identity", "hostile_ids", "generated"})
"""Chapters of our own runs that ask what the client never does."""


class RecordingError(InputError):
    """A file that holds no recorded answers; one line says why and what to do."""


def recorded(
    paths: Sequence[Path], contract: Contract, tell: Callable[[Message], None] = lambda _: None
) -> tuple[Exchange, ...]:
    """The exchanges of all files that are reads of one batch and were answered, in the files' order.

    Of another tool's recording it is not known whether an id exists or a key was sent, so nothing is taken from a
    refusal but what it says. What is no exchange is left out; of one whose body nobody can read ``tell`` is told where
    it is, and why. Raises ``InputError`` with one line for people.
    """
    found = [
        exchange for path in expand([str(path) for path in paths]).paths for exchange in _of_file(path, contract, tell)
    ]
    return tuple(replace(exchange, number=number) for number, exchange in enumerate(found))


def _of_file(path: str, contract: Contract, tell: Callable[[Message], None]) -> list[Exchange]:
    inferred, found = InferredProbe(OperationUrls(contract)), list[Exchange]()
    complaint: Message | None = None
    for where, raw in _lines(path):
        try:
            exchange, unjudged = _exchange(raw, inferred)
        except LineError as error:
            complaint = complaint or error.message
            continue
        found += [exchange] if exchange is not None else []
        if exchange is not None and unjudged:
            tell(AT(where=where(), what=unjudged))
    if not found:
        place = contract.chosen.path
        if complaint is None:
            raise RecordingError(_HOLDS_NO_ANSWER_TO_GET(path=path, operation_path=place))
        raise RecordingError(_HOLDS_NO_ANSWER_BUT(path=path, operation_path=place, complaint=complaint))
    return found


def _lines(path: str) -> Iterator[tuple[Callable[[], str], bytes | Values | LineError]]:
    """What each line holds, and what says where it is."""
    for part in parts([path]):
        for block in blocks(part):
            for place, raw in enumerate(block.lines):
                if raw and (not isinstance(raw, bytes) or raw.strip()):
                    yield partial(block.where, part, place), raw


def _exchange(raw: bytes | Values | LineError, inferred: InferredProbe) -> tuple[Exchange | None, Message | None]:
    """The exchange of a line, where the client would have asked it and got an answer, and why its body is not read."""
    if isinstance(raw, LineError):
        raise raw
    line = exchange_of(values_of(raw) if isinstance(raw, bytes) else raw)
    exchange = inferred.exchange(line, 0)
    if not isinstance(exchange, Exchange) or exchange.response is None or exchange.probe.method != "GET":
        return None, None
    return (None, None) if exchange.probe.chapter in _ODD else (exchange, unjudged_body(line, exchange, inferred))

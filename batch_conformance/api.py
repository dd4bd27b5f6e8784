"""What other programs may build on: contracts, exchanges, the judge, and the validation of recorded traffic.

Names that are imported from here, and what their docstrings say, change only as docs/API.md describes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.exchange.exchange import Exchange, Failure, Headers, Request, Response
from batch_conformance.exchange.redaction import MASKED_HEADERS
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import ClauseResult, Ledger
from batch_conformance.input_error import InputError
from batch_conformance.judge.judge import Judge
from batch_conformance.judge.serialization import judge_from_json, judge_to_json
from batch_conformance.message import Message
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import RecordedExchange
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.run.writer import write_reports
from batch_conformance.run.contracts import open_contract
from batch_conformance.run.validate.reading import read_here
from batch_conformance.run.validate.validate import Validation, ValidationOptions

__all__ = [
    "ClauseResult",
    "Contract",
    "Exchange",
    "Failure",
    "Finding",
    "InputError",
    "Judge",
    "Ledger",
    "Message",
    "Request",
    "Response",
    "RunReport",
    "Traffic",
    "ValidationOptions",
    "judge_from_json",
    "judge_to_json",
    "open_contract",
    "validate",
    "write_reports",
]

HeaderFields = Mapping[str, str] | Iterable[tuple[str, str]]
"""Header fields by name, or in the order in which they came; a field that came twice is there twice."""


class Traffic:
    """Makes exchanges of requests and responses that another program sent and got.

    ``base_url`` is where the operations of the contract are; empty: anywhere that has their paths. Raises InputError
    for one that is no URL. Exchanges are numbered in the order in which they are made.
    """

    def __init__(self, contract: Contract, base_url: str = "") -> None:
        base = parse_base_url(base_url) if base_url else None
        self._inferred = InferredProbe(OperationUrls(contract, base), frozenset(MASKED_HEADERS))
        self._numbers = itertools.count()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        status: int,
        body: bytes,
        headers: HeaderFields = (),
        request_headers: HeaderFields = (),
        started_at: float = 0.0,
        elapsed: float = 0.0,
    ) -> Exchange | None:
        """The exchange, without the credentials that the request had; None where it is none of the contract's.

        ``body`` is the content of the response, its Content-Encoding undone. ``started_at`` is Unix seconds: what is
        compared over time is compared by it.
        """
        response = Response(status, _fields(headers), body, wire_size=len(body))
        recorded = RecordedExchange(method, url, _fields(request_headers), response, None, started_at, elapsed)
        found = self._inferred.exchange(recorded, next(self._numbers))
        return found if isinstance(found, Exchange) else None


def validate(*sources: str | Path, options: ValidationOptions | None = None) -> RunReport:
    """Judge recorded traffic as the command ``validate`` does, in this process, and give the report.

    ``options`` say the contract and the rest; their own ``sources`` come first. Raises InputError with one line where
    it cannot begin. ``write_reports`` writes the report into a folder.
    """
    wanted = options or ValidationOptions()
    named = (*wanted.sources, *map(str, sources))
    validation = Validation(replace(wanted, sources=named))
    read = read_here(validation.parts, validation.inferred, lambda _bytes, _exchanges: None)
    return validation.report(read.recording, stopped=read.stopped, interrupted=read.interrupted)


def _fields(headers: HeaderFields) -> Headers:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((str(name), str(value)) for name, value in pairs)

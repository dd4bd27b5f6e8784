"""What is odd about a read beside its id: the headers and query parameters that a usual one does not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Probe
from batch_conformance.probes.plan import JSON


@dataclass(frozen=True, slots=True)
class OddPart:
    """A header, or a parameter of the query string as it is sent (``limit=-1``): one of them."""

    header: tuple[str, str] | None = None
    parameter: str = ""

    @property
    def value(self) -> str:
        """The value of a parameter, percent-encoded as it is sent; empty for a header."""
        return self.parameter.partition("=")[2]

    def with_value(self, value: str) -> OddPart:
        """The parameter with another value."""
        return OddPart(parameter=f"{self.parameter.partition('=')[0]}={value}")


def odd_parts(probe: Probe, operation: Operation) -> tuple[OddPart, ...]:
    """The headers but those of a usual read, and the parameters but those that the operation always has."""
    required = _pairs(operation.required_query)
    headers = (OddPart(header=pair) for pair in probe.headers if pair not in JSON)
    return (*headers, *(OddPart(parameter=pair) for pair in _pairs(probe.query) if pair not in required))


def with_parts(probe: Probe, operation: Operation, parts: Sequence[OddPart]) -> Probe:
    """The read with these odd parts alone. What they name takes the place of what a usual read has."""
    headers = tuple(part.header for part in parts if part.header is not None)
    pairs = tuple(part.parameter for part in parts if part.parameter)
    named = {name.lower() for name, _ in headers}
    usual = tuple(pair for pair in JSON if pair[0].lower() not in named)
    asked = {pair.partition("=")[0] for pair in pairs}
    required = (pair for pair in _pairs(operation.required_query) if pair.partition("=")[0] not in asked)
    return replace(probe, headers=(*usual, *headers), query="&".join((*required, *pairs)))


def _pairs(query: str) -> tuple[str, ...]:
    return tuple(filter(None, query.split("&")))

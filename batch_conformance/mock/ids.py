"""The ids of a mock's batches: those of the vendor's own where a contract admits them, else ones drawn from it."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import escape
from batch_conformance.mock.sample_batches import make_sample_batches
from batch_conformance.mock.values import Maker

MOST = 32
"""Batches of one mock: more would not all be read."""


def batch_ids(contract: Contract, maker: Maker) -> Iterator[str]:
    """Ids that the path's parameter admits and that can stand in the body where the contract has the id; few, or none.

    They are made as they are asked for: to draw them takes seconds where a schema has a pattern. ``maker`` is that of
    the success body.
    """
    found: set[str] = set()
    for text in _candidates(contract, maker):
        if text not in found and fits(contract, maker, text):
            found.add(text)
            yield text
            if len(found) == MOST:
                return


def identity(contract: Contract, maker: Maker, batch_id: str) -> tuple[str, str | int] | None:
    """The pointer at which a body has its id, and the id as it stands there; None where there is no such place."""
    if contract.chosen.roles.identity is not None:
        return contract.chosen.roles.identity, batch_id
    # A number names the batch as well, though no role is inferred from it.
    value = int(batch_id) if batch_id.isdigit() else batch_id
    for pointer in ("/id", "/" + escape(contract.chosen.parameter)):
        schemas = maker.at(pointer)
        if schemas and maker.satisfies(schemas, value):
            return pointer, value
    return None


def _candidates(contract: Contract, maker: Maker) -> Iterator[str]:
    # Slow to import, and pytest has to see Hypothesis first where it runs.
    from hypothesis.errors import HypothesisException  # noqa: PLC0415

    from batch_conformance.probes.admitted_ids import ids_of  # noqa: PLC0415
    from batch_conformance.probes.draws import draw  # noqa: PLC0415

    yield from (batch.id for batch in make_sample_batches())
    parameter = contract.chosen.id_parameter
    strategies = [ids_of(parameter, ())] if parameter is not None and parameter.narrows else []
    for strategy in strategies:
        if strategy is not None:
            try:
                yield from draw(strategy, MOST, None, "batch ids")
            except HypothesisException:
                continue
    if parameter is not None:
        yield from parameter.shown
    if contract.chosen.roles.identity is not None:
        yield from map(str, maker.drawn(maker.at(contract.chosen.roles.identity), MOST))
    # More of the vendor's kind, for contracts that take any string and have more to show than the vendor's.
    letters = "abcdefghijklmnopqrstuvwxyz"
    yield from (f"batch_{letters[number]}qkzmwtrvxa"[:16] for number in range(len(letters)))


def fits(contract: Contract, maker: Maker, text: str) -> bool:
    """Whether the path's parameter admits an id, and the body can have it."""
    parameter, pointer = contract.chosen.id_parameter, contract.chosen.roles.identity
    if text in ("", ".", "..") or (parameter is not None and not parameter.admits(text)):
        return False
    return pointer is None or maker.satisfies(maker.at(pointer), text)

"""What a judge has judged as JSON, so that judges in several processes, or on several machines, add up to one."""

from __future__ import annotations

from functools import partial

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.object_json import StateError, from_json, to_json
from batch_conformance.judge.judge import Judge


def judge_to_json(judge: Judge) -> bytes:
    """All that a judge was given, for ``judge_from_json``; without the contract. The judge is used up.

    It can be as long as what was judged: a few hundred bytes for each read that shows something new. Of a judge with a
    ``folder`` the reads are in files there, of which it has the names; they are gone once they were added up.
    """
    data = to_json(judge, named)
    judge.close()
    return data


def judge_from_json(data: bytes, contract: Contract) -> Judge:
    """The judge of which ``judge_to_json`` told, for ``Judge.update``, under the same contract.

    Raises ``StateError`` where the data is something else, or of another version of this package.
    """
    judge = from_json(data, partial(under, contract))
    if not isinstance(judge, Judge):
        raise StateError(f"no judge, but {type(judge).__name__}")
    return judge


def named(value: object) -> str | None:
    """The name of what is at hand where the data is read: the contract, and its operations."""
    if isinstance(value, Operation):
        return value.id
    return "" if isinstance(value, Contract) else None


def under(contract: Contract, name: str) -> Contract | Operation:
    """The contract, or the operation of a name. Raises ``StateError`` where the contract has none of that name."""
    found = next((one for one in contract.operations if one.id == name), None)
    if name and found is None:
        raise StateError(f"the contract has no operation {name}")
    return found or contract

"""A plan is made once in a process: what decides on it is compared, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from batch_conformance.contract.choice import OperationChoice, Operations
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract, shipped_contract
from batch_conformance.probes import lazy, planning
from batch_conformance.probes.plan import Plan

KNOWN = ("batch_rdyqgrcgjg", "batch_kvmtzqwhua")
WISHES: dict[str, Any] = {"exploration": "quick", "seed": None, "loopback": True, "max_requests": 40}
Made = list[tuple[str, ...]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """The ids of each plan that was made, in a process that has none yet."""
    ids: Made = []
    anew = planning.build_plan

    def count(contract: Contract, known_ids: tuple[str, ...], **wishes: Any) -> Plan:
        ids.append(known_ids)
        return anew(contract, known_ids, **wishes)

    monkeypatch.setattr(lazy, "_plans", {})
    monkeypatch.setattr(planning, "build_plan", count)
    return ids


def api(operations: Operations) -> Contract:
    return load_contract("siliconflow-batch-api", choice=OperationChoice(operations=operations))


def test_it_is_the_one_that_is_made_anew_whichever_object_the_contract_is(made: Made) -> None:
    first = lazy.build_plan(shipped_contract(), KNOWN, **WISHES)
    assert lazy.build_plan(load_contract("siliconflow"), iter(KNOWN), **WISHES) == first
    assert made == [KNOWN]
    assert planning.build_plan(shipped_contract(), KNOWN, **WISHES) == first


@pytest.mark.parametrize(
    "other",
    [{"seed": 7}, {"exploration": "standard"}, {"loopback": False}, {"max_requests": 30}, {"prefers": False},
     {"style": "basic"}, {"like": ("b_1",)}],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_another_wish_makes_another(made: Made, other: dict[str, Any]) -> None:
    for wishes in (WISHES, WISHES | other, WISHES | other):
        lazy.build_plan(shipped_contract(), KNOWN, **wishes)
    assert len(made) == 2


def test_other_ids_and_other_operations_make_another(made: Made) -> None:
    contracts = (api("read"), api("all"))
    plans = [lazy.build_plan(contract, ids, **WISHES) for contract in contracts for ids in (KNOWN, KNOWN[:1])]
    assert len(made) == len(plans)
    assert plans == [
        planning.build_plan(contract, ids, **WISHES) for contract in contracts for ids in (KNOWN, KNOWN[:1])
    ]


def test_one_with_a_function_of_its_callers_is_made_each_time(made: Made) -> None:
    for _ in range(2):
        lazy.build_plan(shipped_contract(), KNOWN, **WISHES, generate=lambda *_, **__: ())
    assert len(made) == 2


def test_few_are_kept(made: Made) -> None:
    for number in range(12):
        lazy.build_plan(shipped_contract(), (f"batch_{number}",), **WISHES)
    lazy.build_plan(shipped_contract(), ("batch_11",), **WISHES)
    assert len(made) == 12
    lazy.build_plan(shipped_contract(), ("batch_0",), **WISHES)
    assert len(made) == 13

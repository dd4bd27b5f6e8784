"""Which mock serves a contract: the vendor's own, or one that is made to keep another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.path_template import repeated
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock.catalogue.batches import batch_drifts
from batch_conformance.mock.catalogue.lists import list_drifts
from batch_conformance.mock.catalogue.portable import portable
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.mock.spec_of_contract import mock_ids, mock_spec_of

_PREFIX = "/v1"


def is_own(contract: Contract) -> bool:
    """Whether a contract is the vendor's that the mock serves by itself."""
    return contract.document.sha256 == _own_sha256()


def drifts_of(contract: Contract) -> Mapping[str, Drift]:
    """The entries of the catalogue that a mock of a contract can show, by name.

    What is written about the vendor's own fields and bodies is left out under another contract. Raises
    ``MockSpecError`` where no mock can serve it.
    """
    if is_own(contract):
        return DRIFTS
    of_ids = portable(DRIFTS.values(), contract, mock_ids(contract))
    return {drift.name: drift for drift in (*of_ids, *list_drifts(contract), *batch_drifts(contract))}


def prefix_for(contract: Contract) -> str:
    """The path of a mock's base URL: ``/v1``, and none where the contract's paths begin with it themselves."""
    return "" if repeated(_PREFIX, contract.chosen.path) else _PREFIX


def embedded_mock(contract: Contract, *, fitted: bool, tick: float = 0.0) -> EmbeddedMock:
    """A mock that has not started: the vendor's own, or with ``fitted`` one that is made to keep the contract.

    Raises ``MockSpecError`` where none can be made that keeps it.
    """
    if not fitted:
        return EmbeddedMock(tick=tick)
    return EmbeddedMock(tick=tick, prefix=prefix_for(contract), mock_spec=mock_spec_of(contract))


@cache
def _own_sha256() -> str:
    return shipped_contract("published").document.sha256

"""What is to be judged by, and what was judged, as bytes for another process of the same validation.

The contract travels once, on the way there. Who can write these bytes can run code: they never come from a file.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.recording import Recording, seldom_collected
from batch_conformance.recorded.source import Part
from batch_conformance.recorded.source_error import SourceError


class _Packer(pickle.Pickler):
    """Packs views of dictionaries, of which contracts are made."""

    dispatch_table = {**copyreg.dispatch_table, MappingProxyType: lambda view: (MappingProxy, (dict(view),))}  # noqa: RUF012 - as pickle wants it


class _WithoutContract(_Packer):
    def persistent_id(self, value: object) -> str | None:
        if isinstance(value, Operation):
            return value.id
        return "" if isinstance(value, Contract) else None


class _WithContract(pickle.Unpickler):
    def __init__(self, data: bytes, contract: Contract) -> None:
        super().__init__(io.BytesIO(data))
        self._contract = contract

    def persistent_load(self, pid: object) -> Contract | Operation:
        return next((one for one in self._contract.operations if one.id == pid), self._contract)


def pack_inferred(inferred: InferredProbe) -> bytes:
    """How to take exchanges, the contract included, as bytes."""
    packed = io.BytesIO()
    _Packer(packed, pickle.HIGHEST_PROTOCOL).dump(inferred)
    return packed.getvalue()


def unpack_inferred(data: bytes) -> InferredProbe:
    """What ``pack_inferred`` packed."""
    inferred = pickle.loads(data)
    assert isinstance(inferred, InferredProbe)
    return inferred


def pack(recording: Recording) -> bytes:
    """A recording as bytes, without the contract and its operations; it is used up."""
    packed = io.BytesIO()
    _WithoutContract(packed, pickle.HIGHEST_PROTOCOL).dump(recording)
    recording.judge.close()
    return packed.getvalue()


def read_parts(
    parts: Sequence[Part],
    packed_inferred: bytes,
    *,
    folder: Path | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[bytes, str]:
    """The recording of some parts, packed, and why it is not whole, if it is not.

    With a ``folder`` its reads stay in a file there; ``advance`` is told of bytes read, and may raise
    ``KeyboardInterrupt`` to end it.
    """
    recording = Recording(unpack_inferred(packed_inferred), folder=folder)
    try:
        with seldom_collected():
            for part in parts:
                recording.read(part, advance)
    except SourceError as error:
        return pack(recording), str(error)
    except KeyboardInterrupt:
        return pack(recording), "interrupted"
    return pack(recording), ""


def unpack(data: bytes, contract: Contract) -> Recording:
    """What ``pack`` packed, under the same contract."""
    recording = _WithContract(data, contract).load()
    assert isinstance(recording, Recording)
    return recording


def MappingProxy(values: dict[object, object]) -> MappingProxyType[object, object]:  # noqa: N802 - stands for the type
    """A view of a dictionary: the type itself has no name that pickle finds."""
    return MappingProxyType(values)

"""What is to be judged by, and what was judged, as bytes for another process of the same validation.

The contract travels once, on the way there, pickled: who can write those bytes can run code, and they never come from a
file. What was judged comes back as JSON.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.object_json import StateError, from_json, to_json
from batch_conformance.findings.gate import INTERRUPTED
from batch_conformance.judge.serialization import named, under
from batch_conformance.message import Message
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.recording import Recording, seldom_collected
from batch_conformance.recorded.source import Part
from batch_conformance.recorded.source_error import SourceError


class _Packer(pickle.Pickler):
    """Packs views of dictionaries, of which contracts are made."""

    dispatch_table = {**copyreg.dispatch_table, MappingProxyType: lambda view: (MappingProxy, (dict(view),))}  # noqa: RUF012 - as pickle wants it


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
    """A recording as JSON, without the contract and its operations; it is used up."""
    packed = to_json(recording, named)
    recording.judge.close()
    return packed


def read_parts(
    parts: Sequence[Part],
    packed_inferred: bytes,
    *,
    folder: Path | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[bytes, Message | None]:
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
        return pack(recording), error.message
    except KeyboardInterrupt:
        return pack(recording), INTERRUPTED()
    return pack(recording), None


def unpack(data: bytes, contract: Contract) -> Recording:
    """What ``pack`` packed, under the same contract. Raises ``StateError`` where it is something else."""
    recording = from_json(data, partial(under, contract))
    if not isinstance(recording, Recording):
        raise StateError(f"no recording, but {type(recording).__name__}")
    return recording


def MappingProxy(values: dict[object, object]) -> MappingProxyType[object, object]:  # noqa: N802 - stands for the type
    """A view of a dictionary: the type itself has no name that pickle finds."""
    return MappingProxyType(values)

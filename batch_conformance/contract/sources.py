"""Where contracts come from: the shipped one by its name, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batch_conformance.contract.contract import Contract, Reading, compile_contract
from batch_conformance.contract.document import ContractError, load_document
from batch_conformance.contract.overlay import load_overlay

SHIPPED = {"siliconflow": ("siliconflow-get-batch.yaml", ("siliconflow.yaml",))}
"""Document and overlays of each contract that is known by name."""

_PACKAGE = Path(__file__).resolve().parent.parent


def spec_folder() -> Path:
    """The folder of contracts, overlays and profiles: beside the package in a clone, inside it in a wheel."""
    inside = _PACKAGE / "_data" / "spec"
    return inside if inside.is_dir() else _PACKAGE.parent / "spec"


def shipped_contract(reading: Reading = "documented", overlays: Sequence[Path] = ()) -> Contract:
    """The published document of SiliconFlow under a reading, with further overlays after its own."""
    return load_contract("siliconflow", reading, overlays)


def load_contract(source: str, reading: Reading = "documented", overlays: Sequence[Path] = ()) -> Contract:
    """The contract of a name or a file, with the overlays given. Raises ``ContractError`` with one line for people."""
    further = [load_overlay(path) for path in overlays]
    if source in SHIPPED:
        document, own = SHIPPED[source]
        folder = spec_folder()
        shown = [load_overlay(folder / "overlays" / name, f"spec/overlays/{name}") for name in own]
        return compile_contract(load_document(folder / document, f"spec/{document}"), reading, [*shown, *further])
    path = Path(source)
    if not path.is_file():
        names = ", ".join(SHIPPED)
        raise ContractError(f"there is no contract {source!r}: give the path of an OpenAPI file, or one of {names}")
    return compile_contract(load_document(path), reading, further)

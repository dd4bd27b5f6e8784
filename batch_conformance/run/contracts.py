"""Contracts as a person names them: by name, file or URL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from batch_conformance.contract.contract import Contract, Reading, compile_contract
from batch_conformance.contract.document import MAX_BYTES, ContractError, Document, load_document, parse_document
from batch_conformance.contract.overlay import Overlay
from batch_conformance.contract.sources import CONTRACT_NAMES, load_overlay_file, named_document

_SECONDS = 30.0
_CHUNK = 65536


def open_contract(source: str, reading: Reading = "documented", overlays: Sequence[Path] = ()) -> Contract:
    """The contract of a name, a file or a URL, with the overlays given.

    Raises ``ContractError`` with one line for people.
    """
    document, own = open_document(source)
    return compile_contract(document, reading, [*own, *map(load_overlay_file, overlays)])


def open_document(source: str) -> tuple[Document, tuple[Overlay, ...]]:
    """The document of a name, a file or a URL, and the overlays of its own. Raises ``ContractError``."""
    if source in CONTRACT_NAMES:
        return named_document(source)
    if source.lower().startswith(("http://", "https://")):
        return parse_document(_fetch(source), source), ()
    path = Path(source)
    if not path.is_file():
        raise ContractError(
            f"there is no contract {source!r}: give the path or URL of an OpenAPI file, or one of "
            f"{', '.join(CONTRACT_NAMES)}"
        )
    return load_document(path), ()


def _fetch(url: str) -> bytes:
    """The bytes behind a URL, without any credential: a document is public, and the key is for the target alone."""
    import requests  # noqa: PLC0415 - only here, and slow to import

    session = requests.Session()
    session.trust_env = False
    deadline = time.monotonic() + _SECONDS
    found = bytearray()
    try:
        with session.get(url, timeout=10, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise ContractError(f"cannot read the contract {url}: {response.status_code} {response.reason}")
            for chunk in response.iter_content(_CHUNK):
                found += chunk
                if len(found) > MAX_BYTES:
                    raise ContractError(f"the contract {url} has more than {MAX_BYTES} bytes: that is no OpenAPI file")
                if time.monotonic() > deadline:
                    raise ContractError(f"the contract {url} was not read in {_SECONDS:g} s")
    except requests.RequestException as error:
        reason = type(error).__name__
        raise ContractError(f"cannot read the contract {url}: {reason}; save it and give the file") from None
    return bytes(found)

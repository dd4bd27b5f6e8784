"""Contracts as a person names them: by name, file or URL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batch_conformance.contract.contract import Contract, Reading, compile_contract
from batch_conformance.contract.document import MAX_BYTES, ContractError, parse_document
from batch_conformance.contract.sources import load_contract, load_overlay_file

if TYPE_CHECKING:
    from requests import PreparedRequest

_SECONDS = 30.0
_CHUNK = 65536


def open_contract(source: str, reading: Reading = "documented", overlays: Sequence[Path] = ()) -> Contract:
    """The contract of a name, a file or a URL, with the overlays given.

    Raises ``ContractError`` with one line for people.
    """
    if not is_url(source):
        return load_contract(source, reading, overlays)
    return compile_contract(parse_document(_fetch(source), source), reading, [*map(load_overlay_file, overlays)])


def is_url(source: str) -> bool:
    """Whether a contract is named by its URL."""
    return source.lower().startswith(("http://", "https://"))


def _fetch(url: str) -> bytes:
    import requests  # noqa: PLC0415 - only here, and slow to import

    deadline = time.monotonic() + _SECONDS
    found = bytearray()
    try:
        with requests.get(url, timeout=10, stream=True, auth=_without_credentials) as response:
            if response.status_code != requests.codes.ok:
                raise ContractError(f"cannot read the contract {url}: {response.status_code} {response.reason}")
            for chunk in response.iter_content(_CHUNK):
                found += chunk
                if len(found) > MAX_BYTES:
                    raise ContractError(f"the contract {url} has more than {MAX_BYTES} bytes: that is no OpenAPI file")
                if time.monotonic() > deadline:
                    raise ContractError(f"the contract {url} was not read in {_SECONDS:g} s: save it, give the file")
    except requests.RequestException as error:
        reason = type(error).__name__
        raise ContractError(f"cannot read the contract {url} ({reason}): save it, and give the file") from None
    return bytes(found)


def _without_credentials(request: PreparedRequest) -> PreparedRequest:
    """Keeps what a ``.netrc`` holds for the host to itself: a document is public, and a key is for the target alone."""
    return request

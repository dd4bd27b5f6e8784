"""Contracts as a person names them: by name, file or URL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from batch_conformance.contract.choice import DEFAULT_CHOICE, OperationChoice
from batch_conformance.contract.contract import Contract, Reading, compile_contract
from batch_conformance.contract.document import MAX_BYTES, ContractError, parse_document
from batch_conformance.contract.sources import load_contract, load_overlay_file
from batch_conformance.message import Listing, Message, Template

if TYPE_CHECKING:
    from requests import PreparedRequest, RequestException

_CANNOT_READ_CONTRACT_SAVE_IT = Template(
    "contracts.cannot_read_contract_save_it", "cannot read the contract {url} ({why}): save it, and give the file"
)
_CANNOT_READ_CONTRACT = Template(
    "contracts.cannot_read_contract", "cannot read the contract {url}: {status_code} {reason}"
)
_CONTRACT_HAS_MORE_THAN_BYTES = Template(
    "contracts.contract_has_more_than_bytes",
    "the contract {url} has more than {max_bytes} bytes: that is no OpenAPI file",
)
_CONTRACT_WAS_NOT_READ_IN = Template(
    "contracts.contract_was_not_read_in", "the contract {url} was not read in {seconds} s: save it, give the file"
)

REPAIRED = Template("note.repaired", "No overlay was given: the contract is read with the repairs of its self-check.")
"""Said in the report of a contract that is ``repaired``."""
_UNDERSTOOD = Template(
    "note.understood", "The document is taken to have {parts}; --operation='ROLE=METHOD /path' says otherwise."
)
_PART = Template("note.part", "{role}: {method} {path}")
_RETRIEVE_ALONE = Template(
    "note.retrieve_alone",
    "--operations=read: beside GET {path} the document has no GET of batches or of files, so that is judged alone.",
)
_SECONDS = 30.0
_CHUNK = 65536


def open_contract(
    source: str,
    reading: Reading = "documented",
    overlays: Sequence[Path] = (),
    choice: OperationChoice = DEFAULT_CHOICE,
) -> Contract:
    """The contract of a name, a file or a URL, with the overlays given.

    Raises ``ContractError`` with one line for people.
    """
    if not is_url(source):
        return load_contract(source, reading, overlays, choice)
    document = parse_document(_fetch(source), source, choice)
    return compile_contract(document, reading, [*map(load_overlay_file, overlays)], choice)


def understood(contract: Contract) -> tuple[Message, ...]:
    """What there is to say of how the operations of a batch API were told apart; nothing where one was asked for."""
    if not contract.parts:
        return ()
    parts = tuple(_PART(role=role, method=one.method, path=one.path) for role, one in contract.parts.items())
    told = [_UNDERSTOOD(parts=Listing(parts))]
    if len(contract.operations) == 1:
        told.append(_RETRIEVE_ALONE(path=contract.chosen.path))
    return tuple(told)


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
                raise ContractError(
                    _CANNOT_READ_CONTRACT(
                        url=str(url), status_code=str(response.status_code), reason=str(response.reason)
                    )
                )
            for chunk in response.iter_content(_CHUNK):
                found += chunk
                if len(found) > MAX_BYTES:
                    raise ContractError(_CONTRACT_HAS_MORE_THAN_BYTES(url=str(url), max_bytes=str(MAX_BYTES)))
                if time.monotonic() > deadline:
                    raise ContractError(_CONTRACT_WAS_NOT_READ_IN(url=str(url), seconds=f"{_SECONDS:g}"))
    except requests.RequestException as error:
        raise ContractError(_CANNOT_READ_CONTRACT_SAVE_IT(url=str(url), why=str(_why(error)))) from None
    return bytes(found)


def _why(error: RequestException) -> str:
    """What kept a document from being read, in words: the library tells it by the class of its error."""
    import requests  # noqa: PLC0415 - as in ``_fetch``

    words = (
        (requests.exceptions.InvalidURL, "it is no URL that can be asked"),
        (requests.exceptions.InvalidSchema, "it is no URL that can be asked"),
        (requests.exceptions.ProxyError, "the proxy does not answer"),
        (requests.exceptions.SSLError, "the certificate is not valid, or there is no TLS"),
        (requests.exceptions.Timeout, "no answer in time"),
        (requests.exceptions.TooManyRedirects, "it redirects without end"),
        (requests.exceptions.ConnectionError, "no connection"),
        (requests.exceptions.ChunkedEncodingError, "the answer broke off"),
        (requests.exceptions.ContentDecodingError, "its Content-Encoding cannot be undone"),
    )
    return next((text for kind, text in words if isinstance(error, kind)), "it cannot be asked for")


def _without_credentials(request: PreparedRequest) -> PreparedRequest:
    """Keeps what a ``.netrc`` holds for the host to itself: a document is public, and a key is for the target alone."""
    return request

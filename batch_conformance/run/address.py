"""Whether a base URL and the path of an operation fit together, before anything is sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.path_template import repeated
from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.input_error import InputError


class AddressError(InputError):
    """A base URL below which the operation cannot be; one line says which one was probably meant."""


def check_address(base: BaseUrl, contract: Contract) -> str:
    """Raise ``AddressError`` where the path of the operation begins with what the base URL ends in.

    ``/v1`` and ``/v1/batches/{id}`` is such a pair. A document whose own servers end in what its paths begin with may
    mean it. Then nothing is raised, and what is returned says in one line for people what is doubtful; it is empty
    where nothing is.
    """
    operation = contract.operation
    twice = repeated(base.path, operation.path)
    if not twice:
        return ""
    meant = str(base).removesuffix(twice)
    if not any(_path_of(server).endswith(twice) for server in contract.servers):
        raise AddressError(
            f"the base URL is probably {meant}, not {base}: the path of the operation begins with {twice} itself: "
            f"{operation.path} ({operation.location})"
        )
    return (
        f"The document's servers end in {twice} and its paths begin with it, so {base}{operation.path} is asked for; "
        f"if {twice} belongs there only once, the base URL is {meant}."
    )


def missing_prefix(base: BaseUrl, contract: Contract) -> str:
    """The path of the document's server that a base URL lacks, such as ``/v1``; empty where it lacks none."""
    paths = [_path_of(server) for server in contract.servers]
    if any((base.path + "/").endswith(path + "/") for path in paths):
        return ""
    return next((path for path in paths if "{" not in path), "")


def _path_of(server: str) -> str:
    """The path of a server's URL, without a slash at its end; a relative URL is one as well."""
    try:
        return urlsplit(server).path.rstrip("/")
    except ValueError:
        return ""

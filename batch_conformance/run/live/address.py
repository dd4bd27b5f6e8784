"""Whether a base URL and the path of an operation fit together, before anything is sent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.path_template import repeated
from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template

_BASE_URL_IS_PROBABLY_NOT = Template(
    "address.base_url_is_probably_not",
    "the base URL is probably {meant}, not {base}: the path of the operation has /{collection} and "
    "an id itself: {path} ({location})",
)
_BASE_URL_IS_PROBABLY_NOT_PATH = Template(
    "address.base_url_is_probably_not_path",
    "the base URL is probably {meant}, not {base}: the path of the operation begins with {twice} "
    "itself: {path} ({location})",
)
_IS_BASE_URL_WRONG = Template("address.is_base_url_wrong", "{asked}: is the base URL wrong{otherwise}? {doubt}")

_DOUBTFUL = Template(
    "note.doubtful_address",
    "The document's servers end in {repeated} and its paths begin with it, so {asked} is asked for; if {repeated} "
    "belongs there only once, the base URL is {meant}.",
)
_ID = re.compile(r"batch[_-].*|.*[0-9]{2}.*|\{.*|%7B.*", re.IGNORECASE)
"""What a last segment is like that may be an id, or stand for one, and is no version or name of a service."""


class AddressError(InputError):
    """A base URL below which the operation cannot be; one line says which one was probably meant."""


def check_address(base: BaseUrl, contract: Contract) -> Message | None:
    """Raise ``AddressError`` where the path of the operation begins with what the base URL ends in.

    ``/v1`` and ``/v1/batches/{id}`` is such a pair. A document whose own servers end in what its paths begin with may
    mean it. Then nothing is raised, and what is returned says to people what is doubtful; None where nothing is.
    """
    operation = contract.chosen
    _check_for_id(base, contract)
    twice = repeated(base.path, operation.path)
    if not twice:
        return None
    meant = str(base).removesuffix(twice)
    if not any(_path_of(server).endswith(twice) for server in contract.chosen.servers):
        raise AddressError(
            _BASE_URL_IS_PROBABLY_NOT_PATH(
                meant=str(meant),
                base=str(base),
                twice=str(twice),
                path=str(operation.path),
                location=str(operation.location),
            )
        )
    return _DOUBTFUL(repeated=twice, asked=f"{base}{operation.path}", meant=meant)


def _check_for_id(base: BaseUrl, contract: Contract) -> None:
    """Raise ``AddressError`` for a base URL that is the one of a batch: ``/v1/batches/batch_1``."""
    path, _, last = base.path.rpartition("/")
    collection = contract.chosen.path.partition("{")[0].rstrip("/").rpartition("/")[2]
    if not collection or not path.endswith("/" + collection) or not _ID.fullmatch(last):
        return
    above = path.removesuffix("/" + collection)
    meant = f"{base.origin}{above.removesuffix(repeated(above, contract.chosen.path))}"
    raise AddressError(
        _BASE_URL_IS_PROBABLY_NOT(
            meant=str(meant),
            base=str(base),
            collection=str(collection),
            path=str(contract.chosen.path),
            location=str(contract.chosen.location),
        )
    )


def raise_if_nothing(final: Exchange, doubt: Message, *, knows_an_id: bool) -> None:
    """Raise ``AddressError`` where the first answer at a doubtful base URL finds nothing there.

    ``doubt`` is what ``check_address`` said of it.
    """
    if final.status in (404, 405):
        otherwise = "" if knows_an_id else ", or can you name a batch that exists with --batch-id"
        asked = f"{final.request.url} was answered {final.status}"
        raise AddressError(_IS_BASE_URL_WRONG(asked=str(asked), otherwise=str(otherwise), doubt=str(doubt)))


def missing_prefix(base: BaseUrl, contract: Contract) -> str:
    """The path of the document's server that a base URL lacks, such as ``/v1``; empty where it lacks none."""
    paths = [_path_of(server) for server in contract.chosen.servers]
    if any((base.path + "/").endswith(path + "/") for path in paths):
        return ""
    return next((path for path in paths if "{" not in path), "")


def _path_of(server: str) -> str:
    """The path of a server's URL, without a slash at its end; a relative URL is one as well."""
    try:
        return urlsplit(server).path.rstrip("/")
    except ValueError:
        return ""

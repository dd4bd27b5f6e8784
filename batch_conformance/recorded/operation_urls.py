"""The URLs of the contract's operations: which of them, if any, a recorded URL is of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.match import match
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.base_url import BaseUrl

_DEFAULT_PORTS = {"http": "80", "https": "443"}


class OperationUrl(NamedTuple):
    """The parts of an operation's URL: operation, what comes before its path, that path, the id as sent, the query."""

    operation: Operation
    base: str
    path: str
    segment: str
    query: str

    @property
    def batch_id(self) -> str | None:
        """The id that the path asks for; None where it asks for none."""
        return unquote(self.segment, errors="surrogateescape") if self.operation.parameter else None


@dataclass(frozen=True)
class OperationUrls:
    """The URLs of the operations: those below ``base``, or any with their paths where no base URL is known."""

    contract: Contract
    base: BaseUrl | None = None

    def place(self, url: str, method: str = "GET") -> OperationUrl | None:
        """The place of a URL, or of a path alone as proxies log it; None where it is no operation's."""
        origin, path, query = _taken_apart(url)
        if self.base is not None and origin not in ("", self.base.origin.lower()):
            return None
        found = match(self.contract.operations, method, path, None if self.base is None else self.base.path)
        return (
            None
            if found is None
            else OperationUrl(found.operation, origin + found.before, found.path, found.segment, query)
        )

    def base_elsewhere(self, url: str, method: str) -> str:
        """What comes before the path of an operation in a URL that is not below the base URL; empty for any other."""
        if self.base is None:
            return ""
        found = replace(self, base=None).place(url, method)
        return found.base if found is not None and self.place(url, method) is None else ""

    def holds(self, url: str) -> bool:
        """Whether a URL is below the base URL at all, wherever it leads."""
        origin, path, _ = _taken_apart(url)
        return self.base is None or (
            origin in ("", self.base.origin.lower()) and (path + "/").startswith(self.base.path + "/")
        )


def _taken_apart(url: str) -> tuple[str, str, str]:
    """Origin in lower case and without a default port, path and query of a URL.

    What cannot be read, or is no URL of HTTP (``wss://…``), has no path.
    """
    if url.startswith("/"):
        path, _, query = url.partition("#")[0].partition("?")
        return "", path, query
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", ""
    if parts.scheme.lower() not in ("", *_DEFAULT_PORTS):
        return "", "", ""
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    shown = "" if port is None or str(port) == _DEFAULT_PORTS.get(parts.scheme.lower()) else f":{port}"
    return f"{parts.scheme.lower()}://{host}{shown}", parts.path, parts.query

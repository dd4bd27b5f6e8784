"""Which recorded exchanges belong to the contract's operation, by base URL or by the template of its path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.base_url import BaseUrl

_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Place(NamedTuple):
    """Where a URL leads: what comes before the operation's path, that path, the id in it as sent, and the query."""

    base: str
    path: str
    segment: str
    query: str

    @property
    def batch_id(self) -> str:
        """The id that the path asks for."""
        return unquote(self.segment, errors="surrogateescape")


@dataclass(frozen=True)
class Belonging:
    """Knows the URLs of the operation: those below ``base``, or any with its path where no base URL is known."""

    contract: Contract
    base: BaseUrl | None = None

    def __post_init__(self) -> None:
        before, _, after = self.contract.chosen.path.partition("{" + self.contract.chosen.parameter + "}")
        template = f"(?P<path>{re.escape(before)}(?P<segment>[^/]+){re.escape(after)})"
        object.__setattr__(self, "_path", re.compile(rf"(?P<before>.*){template}", re.DOTALL))

    def place(self, url: str) -> Place | None:
        """The place of a URL, or of a path alone as proxies log it; None where it is not the operation's."""
        origin, path, query = _taken_apart(url)
        found = self._path.fullmatch(path)  # type: ignore[attr-defined]
        if found is None:
            return None
        place = Place(origin + found["before"], found["path"], found["segment"], query)
        return place if self._is_below(origin, found["before"]) else None

    def holds(self, url: str) -> bool:
        """Whether a URL is below the base URL at all, wherever it leads."""
        origin, path, _ = _taken_apart(url)
        return self.base is None or (
            origin in ("", self.base.origin.lower()) and (path + "/").startswith(self.base.path + "/")
        )

    def _is_below(self, origin: str, before: str) -> bool:
        return self.base is None or (origin in ("", self.base.origin.lower()) and before == self.base.path)


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

"""The base URL of a target: what a person typed, checked, and taken apart."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from batch_conformance.input_error import InputError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")  # a name, or an IPv6 address and its zone


class BaseUrlError(InputError):
    """A base URL that cannot be used. Its text is one line that says what to write instead."""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """Where a target lives.

    ``host`` is lower case, ASCII (IDNA) and without the brackets of an IPv6 address; ``port`` is always the effective
    one; ``path`` is the prefix of every request target, without a trailing slash (often ``/v1``, or empty).
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port, as a ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{self.scheme}://{self.authority}"

    @property
    def is_loopback(self) -> bool:
        """Whether it names this machine by its text alone; no name is looked up."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(self.host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address.is_loopback or address.is_unspecified

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


def parse_base_url(text: str) -> BaseUrl:
    """Take a base URL apart. A trailing slash is tolerated.

    Raises ``BaseUrlError`` with one line for people; it never repeats a password found in the URL.
    """
    text = text.strip()
    if not text:
        raise BaseUrlError("the base URL is empty: write it like https://api.siliconflow.cn/v1")
    if not text.isprintable() or " " in text:
        raise BaseUrlError("the base URL contains white space or control characters: remove them")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        shown = "" if "@" in text else f" {text!r}"
        raise BaseUrlError(f"the base URL{shown} has no scheme: put https:// (or http://) in front of it")
    if scheme not in _DEFAULT_PORTS:
        raise BaseUrlError(f"the base URL has the scheme {scheme!r}: only http:// and https:// can be tested")
    if "@" in rest:  # also behind a slash: a password may have one, and what follows would be shown
        raise BaseUrlError(
            "the base URL contains credentials: take them out and put the key into the environment variable "
            "(an @ that belongs to the path is written %40)"
        )
    if "?" in text or "#" in text:
        raise BaseUrlError(f"the base URL {_cut(text)!r} has a query or fragment: drop everything from '?' or '#' on")
    host, port = _host_and_port(text, scheme)
    path = "/" + rest.partition("/")[2].strip("/") if rest.partition("/")[2].strip("/") else ""
    if not path.isascii():
        raise BaseUrlError(f"the base URL {text!r} has characters in its path that must be percent-encoded")
    return BaseUrl(scheme, host, port, path)


def _host_and_port(text: str, scheme: str) -> tuple[str, int]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BaseUrlError(f"the base URL {text!r} has no usable host and port: {error}") from None
    if not host:
        raise BaseUrlError(f"the base URL {text!r} has no host: write it like https://api.siliconflow.cn/v1")
    if port == 0:
        raise BaseUrlError(f"the base URL {text!r} has port 0: name a port from 1 to 65535")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise BaseUrlError(f"the base URL {text!r} has a host name that cannot be encoded") from None
    if not _HOST.fullmatch(host):
        raise BaseUrlError(f"the base URL {text!r} has a host name that cannot exist: {host!r}")
    return host.lower(), port or _DEFAULT_PORTS[scheme]


def _cut(text: str) -> str:
    """The URL up to its query or fragment: a query may carry a signature that must not be shown."""
    return re.split(r"[?#]", text, maxsplit=1)[0] + "…"

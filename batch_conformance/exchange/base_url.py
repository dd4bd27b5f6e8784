"""The base URL of a target: what a person typed, checked, and taken apart."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from batch_conformance.input_error import InputError
from batch_conformance.message import Template

_BASE_URL_IS_EMPTY_WRITE = Template(
    "base_url.base_url_is_empty_write", "the base URL is empty: write it like https://api.siliconflow.cn/v1"
)
_BASE_URL_CONTAINS_WHITE_SPACE = Template(
    "base_url.base_url_contains_white_space", "the base URL contains white space or control characters: remove them"
)
_BASE_URL_HAS_NO_SCHEME = Template(
    "base_url.base_url_has_no_scheme",
    "the base URL{shown} has no scheme: put https:// (or http://) in front of it",
)
_BASE_URL_HAS_SCHEME_ONLY = Template(
    "base_url.base_url_has_scheme_only",
    "the base URL has the scheme {scheme}: only http:// and https:// can be tested",
)
_BASE_URL_CONTAINS_CREDENTIALS_TAKE = Template(
    "base_url.base_url_contains_credentials_take",
    "the base URL contains credentials: take them out and put the key into the environment variable "
    "(an @ that belongs to the path is written %40)",
)
_BASE_URL_HAS_QUERY_OR = Template(
    "base_url.base_url_has_query_or",
    "the base URL {text} has a query or fragment: drop everything from '?' or '#' on",
)
_BASE_URL_HAS_CHARACTERS_IN = Template(
    "base_url.base_url_has_characters_in",
    "the base URL {text} has characters in its path that must be percent-encoded",
)
_BASE_URL_HAS_NO_HOST = Template(
    "base_url.base_url_has_no_host",
    "the base URL {text} has no host: write it like https://api.siliconflow.cn/v1",
)
_BASE_URL_HAS_PORT_0 = Template(
    "base_url.base_url_has_port_0", "the base URL {text} has port 0: name a port from 1 to 65535"
)
_BASE_URL_HAS_HOST_NAME = Template(
    "base_url.base_url_has_host_name", "the base URL {text} has a host name that cannot exist: {host}"
)
_BASE_URL_HAS_NO_USABLE = Template(
    "base_url.base_url_has_no_usable", "the base URL {text} has no usable host and port: {why}"
)
_BASE_URL_HAS_HOST_NAME_THAT = Template(
    "base_url.base_url_has_host_name_that", "the base URL {text} has a host name that cannot be encoded"
)

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
        raise BaseUrlError(_BASE_URL_IS_EMPTY_WRITE())
    if not text.isprintable() or " " in text:
        raise BaseUrlError(_BASE_URL_CONTAINS_WHITE_SPACE())
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator:
        shown = "" if "@" in text else f" {text!r}"
        raise BaseUrlError(_BASE_URL_HAS_NO_SCHEME(shown=str(shown)))
    if scheme not in _DEFAULT_PORTS:
        raise BaseUrlError(_BASE_URL_HAS_SCHEME_ONLY(scheme=f"{scheme!r}"))
    if "@" in rest:  # also behind a slash: a password may have one, and what follows would be shown
        raise BaseUrlError(_BASE_URL_CONTAINS_CREDENTIALS_TAKE())
    if "?" in text or "#" in text:
        raise BaseUrlError(_BASE_URL_HAS_QUERY_OR(text=f"{_cut(text)!r}"))
    host, port = _host_and_port(text, scheme)
    path = "/" + rest.partition("/")[2].strip("/") if rest.partition("/")[2].strip("/") else ""
    if not path.isascii():
        raise BaseUrlError(_BASE_URL_HAS_CHARACTERS_IN(text=f"{text!r}"))
    return BaseUrl(scheme, host, port, path)


def _host_and_port(text: str, scheme: str) -> tuple[str, int]:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BaseUrlError(_BASE_URL_HAS_NO_USABLE(text=f"{text!r}", why=str(error))) from None
    if not host:
        raise BaseUrlError(_BASE_URL_HAS_NO_HOST(text=f"{text!r}"))
    if port == 0:
        raise BaseUrlError(_BASE_URL_HAS_PORT_0(text=f"{text!r}"))
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise BaseUrlError(_BASE_URL_HAS_HOST_NAME_THAT(text=f"{text!r}")) from None
    if not _HOST.fullmatch(host):
        raise BaseUrlError(_BASE_URL_HAS_HOST_NAME(text=f"{text!r}", host=f"{host!r}"))
    return host.lower(), port or _DEFAULT_PORTS[scheme]


def _cut(text: str) -> str:
    """The URL up to its query or fragment: a query may carry a signature that must not be shown."""
    return re.split(r"[?#]", text, maxsplit=1)[0] + "…"

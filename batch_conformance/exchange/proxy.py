"""Which HTTP proxy a target is reached through, by the environment variables that everything else uses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.input_error import InputError
from batch_conformance.message import Template

_PROXY_OF_IS_NOT_USABLE = Template(
    "proxy.proxy_of_is_not_usable",
    "the proxy of {upper} is not usable: write it like http://proxy.example:3128",
)


class ProxyError(InputError):
    """A proxy setting that cannot be used. Its text is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. ``authorization`` is the value of ``Proxy-Authorization``, or empty."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it must not be shown: a proxy may send its credentials back in an error page."""
        if not self.authorization:
            return ()
        pair = self.authorization.removeprefix("Basic ")
        password = base64.b64decode(pair).decode("utf-8", "replace").partition(":")[2]
        return (pair, password)


def choose_proxy(base: BaseUrl, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a target, or None.

    Reads ``HTTPS_PROXY`` or ``HTTP_PROXY`` by the target's scheme, else ``ALL_PROXY``, lower case before upper case;
    ``NO_PROXY`` lists hosts, domains and ``*``. A loopback target is never reached through a proxy. Raises
    ``ProxyError`` for a proxy that speaks something other than plain HTTP.
    """
    if base.is_loopback or _excluded(base, _variable(environ, "no_proxy")):
        return None
    name = f"{base.scheme}_proxy"
    text = _variable(environ, name)
    if not text:
        name = "all_proxy"
        text = _variable(environ, name)
    if not text:
        return None
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme != "http" or not host:
        raise ProxyError(_PROXY_OF_IS_NOT_USABLE(upper=str(name.upper())))
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    return Proxy(host, port or 80, authorization)


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name) or environ.get(name.upper()) or "").strip()


def _excluded(base: BaseUrl, no_proxy: str) -> bool:
    for entry in no_proxy.replace(" ", ",").split(","):
        wanted = entry.strip().lower().lstrip(".")
        if not wanted:
            continue
        if wanted == "*" or base.host in (wanted, wanted.strip("[]")):
            return True
        host, _, port = wanted.rpartition(":")
        if port.isdigit() and base.host == host.strip("[]") and base.port == int(port):
            return True
        if base.host.endswith("." + wanted):
            return True
    return False

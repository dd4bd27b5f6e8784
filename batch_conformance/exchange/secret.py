"""Values that do not show themselves: a traceback with local variables must not print the key."""

from __future__ import annotations

from batch_conformance.exchange.exchange import Headers

_SHOWN = "[redacted]"


class Secret(str):
    """Text whose ``repr`` hides it. What is made from it (slices, sums, formats) is plain again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return _SHOWN


class SecretBytes(bytes):
    """Bytes whose ``repr`` hides them."""

    def __repr__(self) -> str:
        return _SHOWN


class SecretHeaders(tuple[tuple[str, str], ...]):
    """Header fields whose ``repr`` hides them, each value for itself as well."""

    __slots__ = ()

    def __new__(cls, headers: Headers) -> SecretHeaders:
        """Hide the values of these."""
        return super().__new__(cls, tuple((name, Secret(value)) for name, value in headers))

    def __repr__(self) -> str:
        return _SHOWN

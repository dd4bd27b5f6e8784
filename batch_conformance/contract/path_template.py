"""Path templates: the keys of a document's ``paths``, parameters in braces (OpenAPI, Path Templating)."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r"\{([^{}/]*)\}")
_OF_ONE = re.compile(r"(?:/[^{}]*)?/\{(?P<parameter>[^{}/]+)\}")

NOT_OF_BATCHES = 3
"""The rank of a template that says nothing of batches."""


def parameters(template: str) -> tuple[str, ...]:
    """The names of the parameters, in order."""
    return tuple(_PARAMETER.findall(template))


def id_parameter(template: str) -> str | None:
    """The name of the only parameter, where it is the whole of the last segment; else None."""
    found = _OF_ONE.fullmatch(template)
    return found["parameter"] if found else None


def same(one: str, other: str) -> bool:
    """Whether two templates have the same paths: the names of parameters make no difference (OpenAPI, Paths Object)."""
    return _nameless(one) == _nameless(other)


def ends_with(template: str, tail: str, literal: int = 1) -> bool:
    """Whether a template ends with another one, by whole segments of which at least so many are literal."""
    whole, end = _segments(template), _segments(tail)
    return sum(segment != "{}" for segment in end) >= literal and whole[-len(end) :] == end


def batch_rank(template: str) -> int:
    """How plainly a template is one of batches, 0 the plainest.

    0: the segment before the last says so (``/v1/batches/{id}``); 1: another literal segment (``/batch/jobs/{id}``);
    2: only the name of the parameter; 3 (``NOT_OF_BATCHES``): nothing.
    """
    *literal, last = template.lower().split("/")
    before = literal[-1] if literal else ""
    places = (before, "/".join(literal), last)
    return next((rank for rank, place in enumerate(places) if "batch" in place), NOT_OF_BATCHES)


def is_of_collection(template: str, name: str) -> bool:
    """Whether the segment before the last is exactly this."""
    return template.split("/")[-2:-1] == [name]


def repeated(base_path: str, template: str) -> str:
    """The longest run of literal segments that a base URL's path ends with and a template begins with.

    ``/v1`` for ``/api/v1`` and ``/v1/batches/{id}``; empty where there is none.
    """
    base = [segment for segment in base_path.split("/") if segment]
    literal = template.partition("{")[0].rpartition("/")[0]
    begins = [segment for segment in literal.split("/") if segment]
    for count in range(min(len(base), len(begins)), 0, -1):
        if base[-count:] == begins[:count]:
            return "/" + "/".join(begins[:count])
    return ""


def _nameless(template: str) -> str:
    return _PARAMETER.sub("{}", template)


def _segments(template: str) -> list[str]:
    return _nameless(template).strip("/").split("/")

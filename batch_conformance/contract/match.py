"""Which operation of a contract a request belongs to, by its method and its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from batch_conformance.contract.operation import Operation

_PARAMETER = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True, slots=True)
class Match:
    """A path that the template of an operation has.

    ``before`` is what comes before that in the path asked for. ``segment`` is the value of the last parameter as it was
    sent, empty where the template has none.
    """

    operation: Operation
    before: str
    path: str
    segment: str


def match(operations: Sequence[Operation], method: str, path: str, base: str | None = "") -> Match | None:
    """The operation that a request belongs to; None where no template has its path.

    ``base`` is the path of the base URL, which comes before all templates; None where that is not known, and anything
    may. Of several templates that have the path, the one that has most of it counts, and then the most concrete one:
    that whose first segments are literal (OpenAPI, Paths Object). HEAD belongs to the GET of its path (RFC 9110
    section 9.3.2). A method that none of the operations of a path has belongs to the first of them.
    """
    found = list(_matches(operations, path, base))
    if len(found) < 2:
        return found[0] if found else None
    best = min((len(one.before), _concreteness(one.operation.path)) for one in found)
    alike = [one for one in found if (len(one.before), _concreteness(one.operation.path)) == best]
    return next((one for one in alike if one.operation.takes(method)), alike[0])


def operation_of(operations: Sequence[Operation], method: str, path: str) -> Operation:
    """The operation that a request below the base URL belongs to, or that it comes nearest to where it is none's.

    An odd path, such as one with a segment too many, is nearest to the template with which it has most of its first
    segments in common, and of several to one that has as many segments: ``/files/`` is a file without an id.
    """
    if len(operations) == 1:
        return operations[0]
    found = match(operations, method, path)
    return found.operation if found is not None else max(operations, key=lambda one: _nearness(one.path, path))


def _matches(operations: Iterable[Operation], path: str, base: str | None) -> Iterable[Match]:
    for operation in operations:
        found = _pattern(operation.path).fullmatch(path)
        if found is not None and base in (None, found["before"]):
            yield Match(operation, found["before"], found["path"], found["segment"] if operation.parameter else "")


@lru_cache(maxsize=1024)
def _pattern(template: str) -> re.Pattern[str]:
    """What a path is read by: anything, and then the template, its last parameter as ``segment``."""
    *before, last = _PARAMETER.split(template)
    parts = [re.escape(part) for part in before]
    read = "[^/]+".join(parts) + ("(?P<segment>[^/]+)" if parts else "") + re.escape(last)
    return re.compile(f"(?P<before>.*)(?P<path>{read})", re.DOTALL)


def _concreteness(template: str) -> tuple[bool, ...]:
    """Sorts templates, the most concrete first, by which of their segments have parameters."""
    return tuple(_PARAMETER.search(segment) is not None for segment in template.split("/"))


def _nearness(template: str, path: str) -> tuple[int, bool]:
    """How much of a path a template has: segments from the first on, and, if any, whether they are as many."""
    common = _in_common(template, path)
    return common, common > 1 and template.count("/") == path.count("/")


def _in_common(template: str, path: str) -> int:
    """How many segments of a path are, one after the other, what a template has there."""
    count = 0
    for own, asked in zip(template.split("/"), path.split("/"), strict=False):
        if own != asked and not (asked and _PARAMETER.fullmatch(own)):
            break
        count += 1
    return count

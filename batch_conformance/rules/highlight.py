"""What part of a response a finding is about, for reports to mark."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from batch_conformance.exchange.redaction import REDACTED
from batch_conformance.findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Highlight:
    """``pointers`` into the JSON body, ``words`` in its lines, lower-case names of ``headers``, the ``status`` line."""

    status: bool = False
    headers: frozenset[str] = frozenset()
    pointers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def together(highlights: Iterable[Highlight]) -> Highlight:
    """All that some findings about one response are about."""
    given = tuple(highlights)
    return Highlight(
        any(one.status for one in given),
        frozenset[str]().union(*(one.headers for one in given)),
        tuple(pointer for one in given for pointer in one.pointers),
        tuple(word for one in given for word in one.words),
    )


def at_status(_: Finding) -> Highlight:
    """The status line."""
    return Highlight(status=True)


def at_headers(*names: str) -> Callable[[Finding], Highlight]:
    """Header fields, by their names in lower case."""
    highlight = Highlight(headers=frozenset(names))
    return lambda _: highlight


def at_pointer(finding: Finding) -> Highlight:
    """The value at the finding's pointer, or those at the pointers of what it stands for."""
    return Highlight(pointers=finding.pointers)


def at_observed_text(finding: Finding) -> Highlight:
    """The first word of the text that was observed: what is behind it may be escaped in the body."""
    text = dict(finding.observed.arguments).get("text")
    return Highlight(words=(text.partition(" ")[0],)) if isinstance(text, str) else Highlight()


def at_redacted(_: Finding) -> Highlight:
    """What stands in the place of the key."""
    return Highlight(words=(REDACTED,))

"""Where in a response to look: the part of it that a finding is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batch_conformance.exchange.redaction import REDACTED
from batch_conformance.findings.finding import Finding

_HEADERS: Mapping[str, tuple[str, ...]] = {
    "response.media_type": ("content-type",),
    "response.charset": ("content-type",),
    "response.encoding": ("content-encoding",),
    "response.framing": ("content-length", "transfer-encoding"),
    "response.cache_public": ("cache-control",),
    "response.retry_after": ("retry-after",),
    "auth.challenge_missing": ("www-authenticate",),
    "method.allow_missing": ("allow",),
}
"""Rules about header fields, by the fields that they are about."""

_STATUS = (
    "auth.", "identity.", "response.status", "response.server_error", "response.undocumented_error",
    "response.refused_input", "response.not_acceptable", "method.undeclared_answered", "stability.answer_changed",
)  # fmt: skip
"""Rules, or families of them, about the status that was answered."""


@dataclass(frozen=True, slots=True)
class Spots:
    """``pointers`` into the JSON body, ``words`` in its lines, lower-case names of ``headers``, the ``status`` line."""

    status: bool
    headers: frozenset[str]
    pointers: tuple[str, ...]
    words: tuple[str, ...]


def spots(findings: Iterable[Finding]) -> Spots:
    """Everything in one response that these findings are about."""
    status, headers, pointers, words = False, set[str](), list[str](), list[str]()
    for finding in findings:
        rule = finding.rule
        if finding.pointer or rule.startswith(("body.", "json.")):
            pointers.append(finding.pointer)
        elif rule in _HEADERS:
            headers.update(_HEADERS[rule])
        elif rule == "response.header":
            headers.add(finding.kind.partition(" ")[0])
        elif rule == "response.head_differs" and finding.kind == "media_type":
            headers.add("content-type")
        elif rule == "security.key_reflected":
            words.append(REDACTED)
        elif rule.startswith("security."):
            words.append(finding.observed.split(" ", 1)[0])  # the text before it may be escaped in the body
        elif rule.startswith(_STATUS) or rule == "response.head_differs":
            status = True
    return Spots(status, frozenset(headers), tuple(pointers), tuple(words))

"""Words that the reports take from values of a run, and the things that they count."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.message import MORE_PLACES, Noun

WORDS = (
    "conforms",
    "drift",
    "inconclusive",
    "must",
    "should",
    "info",
    "new",
    "known",
    "expired",
    "fixed",
    "gone",
    "not exercised",
    "server",
    "document",
    "network",
    "overlay",
    "repair",
    "standard",
    "passed",
    "failed",
    "skipped",
    "error",
    "kept",
    "broken",
    "not observed",
    "seen",
    "only null",
    "never seen",
    "other type",
    "undeclared",
    "embedded mock",
    "loopback",
    "remote",
    "Level",
    "Side",
    "State",
)
"""Verdicts, levels, sides, states and the like, which templates translate as they come."""

NOUNS: Mapping[str, Noun] = {
    noun.id: noun
    for noun in (
        Noun("chapter", "{n} chapter", "{n} chapters"),
        Noun("clause", "{n} clause", "{n} clauses"),
        Noun("contradiction", "{n} contradiction", "{n} contradictions"),
        Noun("entry", "{n} entry", "{n} entries"),
        Noun("finding", "{n} finding", "{n} findings"),
        Noun("group", "{n} group", "{n} groups"),
        Noun("known id", "{n} known id", "{n} known ids"),
        Noun("more clause", "{n} more clause", "{n} more clauses"),
        Noun("more entry", "{n} more entry", "{n} more entries"),
        Noun("more exchange", "{n} more exchange", "{n} more exchanges"),
        Noun("more finding", "{n} more finding", "{n} more findings"),
        Noun("more group", "{n} more group", "{n} more groups"),
        MORE_PLACES,
        Noun("more probe", "{n} more probe", "{n} more probes"),
        Noun("more reason", "{n} more reason", "{n} more reasons"),
        Noun("place", "{n} place", "{n} places"),
        Noun("place left open", "{n} place left open", "{n} places left open"),
        Noun("property", "{n} property", "{n} properties"),
        Noun("request", "{n} request", "{n} requests"),
        Noun("time", "{n} time", "{n} times"),
    )
}
"""By id."""

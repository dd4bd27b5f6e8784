"""The things that the program counts, for messages and for reports."""

from __future__ import annotations

from collections.abc import Mapping

from batch_conformance.message import Noun

BATCH = Noun("batch", "{n} batch", "{n} batches")
BODY = Noun("body", "{n} body", "{n} bodies")
ENTRY = Noun("entry", "{n} entry", "{n} entries")
EXCHANGE = Noun("exchange", "{n} exchange", "{n} exchanges")
FINDING = Noun("finding", "{n} finding", "{n} findings")
ITEM = Noun("item", "{n} item", "{n} items")
LINE = Noun("line", "{n} line", "{n} lines")
MORE_KINDS = Noun("more kind of request", "{n} more kind of request", "{n} more kinds of request")
MORE_PLACES = Noun("more place", "{n} more place", "{n} more places")

NOUNS: Mapping[str, Noun] = {
    noun.id: noun
    for noun in (
        BATCH,
        BODY,
        Noun("change", "{n} change", "{n} changes"),
        Noun("chapter", "{n} chapter", "{n} chapters"),
        Noun("clause", "{n} clause", "{n} clauses"),
        Noun("clause differs", "{n} clause differs", "{n} clauses differ"),
        Noun("contradiction", "{n} contradiction", "{n} contradictions"),
        Noun("drift", "{n} drift", "{n} drifts"),
        ENTRY,
        EXCHANGE,
        Noun("error", "{n} error", "{n} errors"),
        Noun("false alarm", "{n} false alarm", "{n} false alarms"),
        FINDING,
        ITEM,
        LINE,
        Noun("group", "{n} group", "{n} groups"),
        Noun("known id", "{n} known id", "{n} known ids"),
        Noun("more clause", "{n} more clause", "{n} more clauses"),
        Noun("more entry", "{n} more entry", "{n} more entries"),
        Noun("more exchange", "{n} more exchange", "{n} more exchanges"),
        Noun("more finding", "{n} more finding", "{n} more findings"),
        Noun("more group", "{n} more group", "{n} more groups"),
        MORE_KINDS,
        Noun("more operation", "{n} more operation", "{n} more operations"),
        MORE_PLACES,
        Noun("more probe", "{n} more probe", "{n} more probes"),
        Noun("more rule", "{n} more rule", "{n} more rules"),
        Noun("more reason", "{n} more reason", "{n} more reasons"),
        Noun("other finding", "{n} other finding", "{n} other findings"),
        Noun("place", "{n} place", "{n} places"),
        Noun("place left open", "{n} place left open", "{n} places left open"),
        Noun("property", "{n} property", "{n} properties"),
        Noun("rule", "{n} rule", "{n} rules"),
        Noun("run", "{n} run", "{n} runs"),
        Noun("target", "{n} target", "{n} targets"),
        Noun("recorded request", "{n} recorded request", "{n} recorded requests"),
        Noun("request", "{n} request", "{n} requests"),
        Noun("success", "{n} success", "{n} successes"),
        Noun("target", "{n} target", "{n} targets"),
        Noun("time", "{n} time", "{n} times"),
    )
}
"""By id."""

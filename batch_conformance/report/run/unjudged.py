"""What an audit did not judge, and why, from the values of its ``drift.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.message_json import from_json
from batch_conformance.nouns import NOUNS

_NAMED = 4
"""Rules that are named where nothing exercised their clauses; the others are counted."""


_MISSING = Template("unjudged.missing", "Missing for a verdict: {what}")
_WITHOUT_STATUS = Template("unjudged.without_status", "{clauses} of {statuses}: no answer with such a status was seen")
_UNEXERCISED = Template("unjudged.unexercised", "{clauses} that nothing in the run could show: {rules}")
_AND_MORE = Template("unjudged.and_more", "{rules} and {more}")
_HELD_BACK = Template(
    "unjudged.held_back", "{clauses}: exercised, but an outage or a limit kept them from being judged"
)


def unjudged(drift: Mapping[str, Any]) -> tuple[Message, ...]:
    """One sentence for each reason, those that a verdict lacks first; empty where everything was judged."""
    # Reports of older versions have the texts alone, without messages.
    said = drift.get("messages", drift)
    missing = (_MISSING(what=from_json(reason)) for reason in said["missing"])
    return (*missing, *_clauses(drift), *map(from_json, said["notes"]))


def _clauses(drift: Mapping[str, Any]) -> Iterator[Message]:
    seen = {one["status"] for one in drift["coverage"]["statuses"] if one["count"]}
    without_status: Counter[str] = Counter()
    unexercised: Counter[str] = Counter()
    held_back = 0
    for clause in drift["coverage"]["clauses"]:
        _, status, _, rest = clause["id"].split(" ", 3)
        if clause["state"] == "inconclusive":
            held_back += 1
        elif clause["state"] == "not_observed" and status != "-" and status not in seen:
            without_status[status] += 1
        elif clause["state"] == "not_observed":
            unexercised[rest.rpartition(" ")[2]] += 1
    if without_status:
        statuses = Listing(tuple(sorted(without_status)))
        yield _WITHOUT_STATUS(clauses=_counted(without_status.total()), statuses=statuses)
    if unexercised:
        rules: Listing | Message = Listing(tuple(unexercised)[:_NAMED])
        if len(unexercised) > _NAMED:
            rules = _AND_MORE(rules=rules, more=Count(len(unexercised) - _NAMED, NOUNS["more rule"]))
        yield _UNEXERCISED(clauses=_counted(unexercised.total()), rules=rules)
    if held_back:
        yield _HELD_BACK(clauses=_counted(held_back))


def _counted(clauses: int) -> Count:
    return Count(clauses, NOUNS["clause"])

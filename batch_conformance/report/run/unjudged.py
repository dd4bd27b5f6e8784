"""What an audit did not judge, and why, from the values of its ``drift.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.report.text import plural

_NAMED = 4
"""Rules that are named where nothing exercised their clauses; the others are counted."""


def unjudged(drift: Mapping[str, Any]) -> tuple[str, ...]:
    """One sentence for each reason, those that a verdict lacks first; empty where everything was judged."""
    return (*(f"Missing for a verdict: {reason}" for reason in drift["missing"]), *_clauses(drift), *drift["notes"])


def _clauses(drift: Mapping[str, Any]) -> Iterator[str]:
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
        statuses = ", ".join(sorted(without_status))
        yield f"{plural(without_status.total(), 'clause')} of {statuses}: no answer with such a status was seen"
    if unexercised:
        named = ", ".join(list(unexercised)[:_NAMED])
        more = f" and {plural(len(unexercised) - _NAMED, 'more rule')}" if len(unexercised) > _NAMED else ""
        yield f"{plural(unexercised.total(), 'clause')} that nothing in the run could show: {named}{more}"
    if held_back:
        yield f"{plural(held_back, 'clause')}: exercised, but an outage or a limit kept them from being judged"

"""What the rules may be spared: exchanges that are alike in what a rule looks at break it alike, or not at all.

Two exchanges are alike when their requests, status, the headers that any rule looks at, the members of the body, their
types, and the state of the batch are the same. Rules that look at values or bytes have a check that holds only where
they surely are kept; in doubt an exchange is judged.
"""

from __future__ import annotations

from batch_conformance.rules import REGISTRY


def broken_alike() -> frozenset[str]:
    """The rules that alike exchanges break alike."""
    return frozenset(rule.id for rule in REGISTRY.values() if rule.looks_at in ("message", "members"))


def headers_looked_at() -> frozenset[str]:
    """The headers of responses that rules look at, in lower case, beside those that a document declares."""
    return frozenset(name for rule in REGISTRY.values() for name in rule.headers)


def unspared() -> frozenset[str]:
    """The rules that nothing spares: where there is one, every exchange is judged by all rules."""
    alike = broken_alike()
    return frozenset(
        rule.id
        for rule in REGISTRY.values()
        if rule.looks_at != "run" and rule.id not in alike
        if rule.surely_kept is None and not rule.kept_by_plain_reads
    )

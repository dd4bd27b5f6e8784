"""What the rules may be spared: exchanges that are alike in what a rule looks at break it alike, or not at all.

Two exchanges are alike when their requests, status, the headers that any rule looks at, the members of the body, their
types, and the state of the batch are the same. Rules that look at values or bytes have a check that holds only where
they surely are kept; in doubt an exchange is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from batch_conformance.findings.rules import REGISTRY

Body = dict[str, Any]
Check = Callable[[Body], bool]
"""Says yes only where rules are surely kept."""

ALIKE = frozenset(rule.id for rule in REGISTRY.values() if rule.looks_at in ("message", "members"))
"""Rules that alike exchanges break alike."""

HEADERS = frozenset(name for rule in REGISTRY.values() for name in rule.headers)
"""Headers of responses that rules look at, in lower case, beside those that a document declares."""

SURELY_KEPT = {
    "strict_json.surely_has_each_key_once": frozenset(
        {"json.invalid", "json.bom", "json.trailing", "json.duplicate_key", "json.surrogate"}
    ),
    "validators.surely_valid": frozenset({"body.enum", "body.format", "body.constraint", "body.impossible"}),
    "body.surely_says_something": frozenset({"value.empty_string", "body.known_value"}),
    "sense.surely_makes_sense": frozenset({"time.magnitude", "time.order", "time.window", "counts.sum"}),
}
"""Checks, by where they are, and the rules that are surely kept where they hold, for a body that every parser reads."""

OF_PLAIN_READS = frozenset(
    {
        *("response.header", "response.encoding", "response.framing", "response.refused_input"),
        *("json.unquoted", "body.enveloped", "body.another_object", "identity.other_batch"),
        *("security.key_reflected", "security.header_injected", "security.trace_leaked", "security.internals_leaked"),
    }
)
"""Rules that nothing breaks that the fast path takes: a complete 2xx answer for a plain id, with the batch asked for,
without a key in it, and with declared headers that were judged."""

UNSPARED = frozenset(
    rule.id for rule in REGISTRY.values() if rule.looks_at != "run" and rule.id not in ALIKE
) - OF_PLAIN_READS.union(*SURELY_KEPT.values())
"""Rules of one exchange that nothing spares: where there is one, every exchange is judged by all rules."""

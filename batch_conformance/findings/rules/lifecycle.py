"""Rules about sense: times, states, counts, and what may change between reads."""

from __future__ import annotations

from batch_conformance.findings.rules.rule import Rule

RULES = (
    Rule(
        id="time.magnitude",
        title="A time that cannot be Unix seconds",
        level="should",
        side="server",
        why="Milliseconds, zero and sentinel dates parse without error and put the batch decades away.",
        remedy="Send whole seconds since 1970; leave an unset time out, or null where the contract allows it.",
        source="the document's examples (1741685413)",
        breaks='{"created_at": 1741685413000}',
        keeps='{"created_at": 1741685413}',
        looks_at="values",
    ),
    Rule(
        id="time.order",
        title="Times of a batch are out of order",
        level="should",
        side="server",
        why="A stage cannot begin before the one it follows, nor anything before the batch was created.",
        remedy="Set each time once, when its stage begins, from one clock.",
        source="the vendor's guide: the order of states",
        breaks='{"in_progress_at": 20, "completed_at": 10}',
        keeps='{"in_progress_at": 10, "completed_at": 20}',
        looks_at="values",
    ),
    Rule(
        id="time.window",
        title="The expiry is not the creation plus the window",
        level="info",
        side="server",
        why="Clients plan by the completion window; vendors differ, so this is only told.",
        remedy="Let the expiry be creation plus completion window, or document how it is made.",
        source="the document's example: 24h and 86400 seconds",
        breaks='{"completion_window": "24h", "created_at": 0, "expires_at": 3600}',
        keeps='{"completion_window": "24h", "created_at": 0, "expires_at": 86400}',
        looks_at="values",
    ),
)

"""Rules about entity tags: what several reads of one batch say of them together."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.message import Private, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import at_headers
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.rule import Broken, Rule, has_id, where

_ANOTHER = Template("stability.tag_reused.expected", "another ETag, or a weak one, for a body of other bytes")
_SAME = Template("stability.tag_reused.observed", "{tag}, as for another body before")
_LONGEST_TAG = 60


def _compare_tags(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    """Bodies under a strong tag that came with other bytes before, where at least half of the changes went so.

    A tag made of a time in seconds is the same for two changes within one of them.
    """
    bodies: dict[str, int] = {}
    broken: list[tuple[Observation, str]] = []
    last: int | None = None
    changes = 0
    for observation, facts in zip(history.observations, history.lengths, strict=True):
        if observation.exchange.status != 200 or observation.method != "GET" or not isinstance(facts, tuple):
            continue
        _, checksum, tag = facts
        if not tag:
            continue
        changes += last is not None and last != checksum
        last = checksum
        if bodies.setdefault(tag, checksum) != checksum:
            broken.append((observation, tag))
            bodies[tag] = checksum
    if 2 * len(broken) >= changes:
        for observation, tag in broken:
            yield observation, Broken(_ANOTHER(), _SAME(tag=Private(tag[:_LONGEST_TAG])), "reused")


TAG_REUSED = Rule(
    id="stability.tag_reused",
    title="One strong ETag stands for different bodies",
    level="should",
    side="server",
    why="Who asks with If-None-Match is told that nothing changed, and keeps an old state for good.",
    remedy="Make the tag from the bytes that are sent, or mark it as weak (W/).",
    source="RFC 9110 section 8.8.1",
    breaks='ETag: "5" with the batch in progress, and with the same batch completed',
    keeps='ETag: W/"5" with both, or "5" and then "6"',
    clauses=where(has_id, Template("stability.tag_reused.clause", "a strong ETag stands for one body"), "200"),
    compare=_compare_tags,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_headers("etag"),
    covers=(("ETag", "a strong one stands for one body"),),
)

RULES = (TAG_REUSED,)

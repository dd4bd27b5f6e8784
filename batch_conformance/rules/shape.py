"""The rule about the shape of a server's answers, which is compared with one that was recorded before."""

from __future__ import annotations

from batch_conformance.findings.finding import Finding
from batch_conformance.message import Template
from batch_conformance.rules.highlight import Highlight
from batch_conformance.rules.rule import Rule, always

_CHANGED_UNSEEN = Template("shape.changed.unseen", "no answer was of a kind that was recorded")


def _at_what_changed(finding: Finding) -> Highlight:
    """The header that is missing or the media type; a member is marked by its pointer."""
    what, _, name = finding.kind.partition(" ")
    return Highlight(headers=frozenset({name} if what == "header" else {"content-type"}))


CHANGED = Rule(
    id="shape.changed",
    title="The server answers in another shape than was recorded",
    level="should",
    side="server",
    why="Clients are written against what a server does, also where the document leaves it open.",
    remedy="Restore what was always there, or announce the change and record the new shape with `--write-shape`.",
    source="the file given with --shape",
    breaks="expires_at in every body when the shape was recorded, and in some bodies now",
    keeps="the types, properties, media types and headers that were recorded; more of them are no change",
    clauses=always(Template("shape.changed.clause", "answers have the shape that was recorded")),
    looks_at="run",
    highlight=_at_what_changed,
    only_with="shape",
    unseen=_CHANGED_UNSEEN,
    covers=(("two runs", "members and types"),),
)

RULES = (CHANGED,)

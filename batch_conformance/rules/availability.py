"""Rules about whether there is an answer at all: ``judge.availability`` weighs them over a run, beside its outages."""

from __future__ import annotations

from batch_conformance.message import Template
from batch_conformance.rules.highlight import at_status
from batch_conformance.rules.rule import Rule, always, is_conclusive

SERVER_ERROR = Rule(
    id="response.server_error",
    title="One kind of request always ends in a server error",
    level="should",
    side="server",
    why="Other requests were answered before and after, so it is no outage: this input breaks the server.",
    remedy="Look for the stack trace of this request; where the input is at fault, answer a documented 4xx.",
    source="RFC 9110 section 15.6",
    breaks="500 for every unknown id, 200 for known ones",
    keeps="404 for every unknown id",
    clauses=always(Template("response.server_error.clause", "no kind of request always ends in a server error")),
    exercised=is_conclusive,
    looks_at="run",
    highlight=at_status,
    covers=(("the statuses of an operation", "no kind of request always fails"),),
)

SILENT = Rule(
    id="response.silent",
    title="One kind of request is never answered",
    level="should",
    side="server",
    why="Other requests were answered before and after, so it is no outage: this input hangs or kills the server.",
    remedy="Look for a crash or a hanging query; where the input is at fault, answer a documented 4xx.",
    source="RFC 9110 section 9.2",
    breaks="a time-out for every id with a slash in it",
    keeps="404 for every id with a slash in it",
    clauses=always(Template("response.silent.clause", "every kind of request is answered")),
    exercised=is_conclusive,
    looks_at="run",
    covers=(("connections", "requests are answered"),),
)

DROPS = Rule(
    id="response.drops",
    title="Connections keep being dropped",
    level="should",
    side="network",
    why="Retries heal it here; clients without them fail at this rate.",
    remedy="Look at the gateway's idle time-out and at workers that restart.",
    source="RFC 9112 section 9.6",
    breaks="every third request ends in a reset",
    keeps="one reset in a run, healed by a retry",
    clauses=always(Template("response.drops.clause", "connections are not dropped time and again")),
    exercised=is_conclusive,
    looks_at="run",
    covers=(("connections", "they last"),),
)

RULES = (SERVER_ERROR, SILENT, DROPS)

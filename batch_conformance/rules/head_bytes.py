"""Rules about what was noted of a response beside its fields: its head as bytes, and beside the heads before it.

They ask nothing of traffic that somebody else recorded: nobody looked at its bytes (``Response.wire_notes``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from batch_conformance.findings.finding import Finding
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import Highlight, at_headers
from batch_conformance.rules.rule import Broken, Rule, always

_UNFOLDED = Template("response.head_lines.unfolded", "each field on one line")
_FOLDED = Template("response.head_lines.folded", "a line that goes on with the value of {name}")
_CRLF = Template("response.head_lines.crlf", "CR LF at the end of each line of the head")
_LF = Template("response.head_lines.lf", "LF alone at the end of {name}")
_STATUS_LINE = Template("response.head_lines.status_line", "the status line")
_EMPTY_LINE = Template("response.head_lines.empty_line", "the empty line")
_OF_ONE_ANSWER = Template("response.fields_accumulate.expected", "in each answer only its own {name}")
_GROWS = Template("response.fields_accumulate.observed", "{name} with the values of the answers before, and more")
_ONE_CLOCK = Template("response.dates_contradict.expected", "a Date that is not earlier than that of an answer before")
_BACK = Template(
    "response.dates_contradict.observed", "{date}, after {before} in an earlier answer to the same request"
)
_OUR_CLOCK = Template("response.clock.expected", "the Date of the moment, by the clock of this machine")
_OFF = Template("response.clock.observed", "{date}, which is {seconds} s away from it")
_LONGEST_DATE = 40


def _notes(observation: Observation, kind: str) -> Iterator[str]:
    answer = observation.answer
    for noted, what in (answer.wire_notes or ()) if answer is not None else ():
        if noted == kind:
            yield what


def _is_noted(observation: Observation) -> bool:
    return observation.answer is not None and observation.answer.wire_notes is not None


def _date(observation: Observation) -> Private:
    date = observation.answer.header("date") if observation.answer is not None else None
    return Private((date or "").strip()[:_LONGEST_DATE])


def _check_lines(observation: Observation) -> Iterator[Broken]:
    for name in _notes(observation, "obs_fold"):
        yield Broken(_UNFOLDED(), _FOLDED(name=Private(name)), "obs_fold", status="")
    for name in _notes(observation, "bare_lf"):
        line = _STATUS_LINE() if name.startswith("HTTP/") else shown(Private(name)) if name else _EMPTY_LINE()
        yield Broken(_CRLF(), _LF(name=line), "bare_lf", status="")


def _check_accumulation(observation: Observation) -> Iterator[Broken]:
    for name in islice(_notes(observation, "accumulates"), 1):
        yield Broken(_OF_ONE_ANSWER(name=Private(name)), _GROWS(name=Private(name)), "grows", status="")


def _check_dates(observation: Observation) -> Iterator[Broken]:
    for before in _notes(observation, "date_back"):
        yield Broken(_ONE_CLOCK(), _BACK(date=_date(observation), before=Private(before)), "back", status="")


def _check_clock(observation: Observation) -> Iterator[Broken]:
    for seconds in _notes(observation, "clock"):
        yield Broken(_OUR_CLOCK(), _OFF(date=_date(observation), seconds=seconds.removeprefix("-")), "off", status="")


def _at_name(finding: Finding) -> Highlight:
    return Highlight(headers=frozenset((str(finding.observed.argument("name")),)))


HEAD_LINES = Rule(
    id="response.head_lines",
    title="The lines of a head are not written as HTTP has them",
    level="should",
    side="server",
    why="Parsers disagree on folded lines and bare line feeds; what one takes for a field is nothing to the next one.",
    remedy="Let the HTTP server write the head; take line breaks out of values before they become fields.",
    source="RFC 9112 sections 2.2 and 5.2",
    breaks="a value that goes on in a second line, or lines that end with LF alone",
    keeps="each field on one line, and CR LF at its end",
    clauses=always(Template("response.head_lines.clause", "the lines of a head end with CR LF, and none is folded")),
    exercised=_is_noted,
    check=_check_lines,
    looks_at="bytes",
    kept_by_plain_reads=True,
    covers=(("the lines of the head", "live: CR LF, no folding"),),
)

FIELDS_ACCUMULATE = Rule(
    id="response.fields_accumulate",
    title="Fields of earlier answers are sent again",
    level="should",
    side="server",
    why="An answer stands for itself; what was said in one to somebody else reaches the next one on the connection.",
    remedy="Make the list of fields anew for each answer, not once for each connection.",
    source="RFC 9110 section 3.3",
    breaks="one Set-Cookie in the first answer of a connection, two in the second, three in the third",
    keeps="two Set-Cookie in each answer",
    clauses=always(Template("response.fields_accumulate.clause", "no field grows with each answer of a connection")),
    exercised=_is_noted,
    check=_check_accumulation,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=_at_name,
    covers=(("answers of one connection", "live: none grows"),),
)

DATES_CONTRADICT = Rule(
    id="response.dates_contradict",
    title="The Dates of one server contradict each other",
    level="should",
    side="server",
    why="Clients and caches reckon ages and limits with Date; by turns they get those of another hour.",
    remedy="Have all machines behind the address keep time (NTP), and let each answer have the Date of its making.",
    source="RFC 9110 section 6.6.1",
    breaks="Date: …12:00:05 GMT, then …11:00:06 GMT, then …12:00:07 GMT, in turn",
    keeps="Date: …12:00:05 GMT, then …12:00:05 GMT",
    clauses=always(Template("response.dates_contradict.clause", "the Dates of the answers are those of one clock")),
    exercised=_is_noted,
    check=_check_dates,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_headers("date"),
    covers=(("Date", "against other answers, live"),),
)

CLOCK = Rule(
    id="response.clock",
    title="Date is not the time by the clock here",
    level="info",
    side="server",
    why="The server's clock is wrong, or that of this machine, or the answers were recorded some time ago.",
    remedy="Look at the clock of both machines.",
    source="RFC 9110 section 6.6.1",
    breaks="a Date of an hour ago",
    keeps="a Date some seconds away",
    clauses=always(Template("response.clock.clause", "Date is the time by the clock here")),
    exercised=_is_noted,
    check=_check_clock,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_headers("date"),
    covers=(("Date", "against the clock here, live"),),
)

RULES = (HEAD_LINES, FIELDS_ACCUMULATE, DATES_CONTRADICT, CLOCK)

"""Rules about the answers to odd requests: parts of a representation, clients by their names, and foreign origins.

Such a request may be refused in any way; what is answered with success is judged as any other answer is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from batch_conformance.exchange.exchange import ODD_REQUESTS, Probe
from batch_conformance.message import Private, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.conditions import if_agent_refused
from batch_conformance.rules.highlight import at_headers, at_status
from batch_conformance.rules.requests import Requests
from batch_conformance.rules.rule import Broken, Rule, always, has_id, where

_PARTIAL = 206
_PART = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)
_OVERRIDES = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})
"""Headers by which frameworks let a request ask for another method."""
_OVERRIDING = frozenset({"_method", "method", "httpmethod", *_OVERRIDES})
"""And parameters by which they do."""

_HAS_PART = Template("response.partial.expected", "a Content-Range that says which bytes these are")
_NO_PART = Template("response.partial.none", "206 without Content-Range")
_OTHER_PART = Template("response.partial.other", "206 with Content-Range: {given}, and {bytes} bytes")
_ANY_CLIENT = Template("response.client_refused.expected", "the answer that other clients get")
_REFUSED = Template("response.client_refused.observed", "{status} for User-Agent: {agent}")
_ORIGIN = Template("response.origin_reflected.expected", "no credentials for an origin that nobody has named")
_REFLECTED = Template(
    "response.origin_reflected.observed",
    "Access-Control-Allow-Origin: {origin}, and Access-Control-Allow-Credentials: true",
)
_NO_RANGE = Template("response.partial.unseen", "no part of a batch was asked for, or none was answered")
_NO_AGENT = Template("response.client_refused.unseen", "nothing was read under the names of other clients")
_NO_ORIGIN = Template("response.origin_reflected.unseen", "nothing was read with an Origin")


def overridden(observation: Observation) -> str:
    """The method that an odd request asks for by a header or a parameter, in upper case; empty where by none."""
    probe = observation.exchange.probe
    by_header = (value for name, value in probe.headers if name.lower() in _OVERRIDES)
    pairs = parse_qsl(probe.query) if probe.chapter == ODD_REQUESTS and "ethod" in probe.query else ()
    by_parameter = (value for name, value in pairs if name.lower() in _OVERRIDING)
    return next(itertools.chain(by_header, by_parameter), "").upper()


def agent_of(observation: Observation) -> str:
    """What an odd request says that its client is; empty where it says nothing of its own."""
    probe = observation.exchange.probe
    return _asked(probe, "user-agent") if probe.chapter == ODD_REQUESTS else ""


def is_agent_refused(observation: Observation) -> bool:
    """Whether a read under the name of a client was refused: 429 passes, and 5xx are weighed over the run."""
    return 400 <= (observation.exchange.status or 0) < 500 and observation.exchange.status != 429


def is_answered_apart(observation: Observation) -> bool:
    """Whether an odd request was refused, or answered with a part: a document says nothing of such answers."""
    answer = observation.answer
    if answer is None or observation.exchange.probe.chapter != ODD_REQUESTS:
        return False
    if overridden(observation) or not 200 <= answer.status < 300:
        return True
    return answer.status == _PARTIAL and bool(_asked_range(observation))


def _asked(probe: Probe, name: str) -> str:
    return next((value for other, value in probe.headers if other.lower() == name), "")


def _asked_range(observation: Observation) -> str:
    return _asked(observation.exchange.probe, "range")


def _check_partial(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or answer.status != _PARTIAL or not _asked_range(observation) or not answer.headers_complete:
        return
    given = (answer.header("content-range") or "").strip()
    if not given and not observation.media_type.startswith("multipart/"):
        yield Broken(_HAS_PART(), _NO_PART(), "missing", status="")
    elif given and _contradicts(given, observation):
        size = answer.wire_size or len(answer.body)
        yield Broken(_HAS_PART(), _OTHER_PART(given=Private(given[:60]), bytes=size), "other", status="")


def _contradicts(given: str, observation: Observation) -> bool:
    """Whether a Content-Range of bytes is not one, or says another number of bytes than there are."""
    found = _PART.fullmatch(given)
    if found is None:
        return given.lower().startswith("bytes")
    first, last, total = int(found[1]), int(found[2]), found[3]
    if last < first or (total != "*" and last >= int(total)):
        return True
    answer = observation.answer
    is_plain = answer is not None and observation.has_body and not answer.header("content-encoding")
    return is_plain and answer is not None and len(answer.body) != last - first + 1


def _check_agent(observation: Observation) -> Iterator[Broken]:
    agent, status = agent_of(observation), observation.exchange.status or 0
    if agent and is_agent_refused(observation):
        name = observation.exchange.probe.name
        observed = _REFUSED(status=status, agent=agent)
        yield Broken(_ANY_CLIENT(), observed, name, status="", when=if_agent_refused(agent))


def _check_origin(observation: Observation) -> Iterator[Broken]:
    answer, origin = observation.answer, _asked(observation.exchange.probe, "origin")
    if answer is None or not origin or not 200 <= answer.status < 300:
        return
    allowed = (answer.header("access-control-allow-origin") or "").strip()
    with_credentials = (answer.header("access-control-allow-credentials") or "").strip()
    if allowed == origin and with_credentials == "true":
        yield Broken(_ORIGIN(), _REFLECTED(origin=allowed), "reflected", status="")


def _asks_with(name: str) -> Requests:
    return lambda probe, _: probe.chapter == ODD_REQUESTS and bool(_asked(probe, name))


PARTIAL = Rule(
    id="response.partial",
    title="A part of a batch does not say which part it is",
    level="must",
    side="server",
    why="A client that asked for some bytes cannot tell what it got, and may take a piece for the whole.",
    remedy="Send Content-Range with every 206; or ignore Range and answer 200.",
    source="RFC 9110 section 15.3.7",
    breaks="206 without Content-Range for Range: bytes=0-9",
    keeps="200, or 206 with Content-Range: bytes 0-9/871, for Range: bytes=0-9",
    clauses=where(has_id, Template("response.partial.clause", "a part says which part it is")),
    exercised=lambda observation: bool(_asked_range(observation)) and observation.exchange.status == _PARTIAL,
    check=_check_partial,
    looks_at="bytes",
    headers=("content-range",),
    kept_by_plain_reads=True,
    highlight=at_headers("content-range"),
    unseen=_NO_RANGE,
    requests=_asks_with("range"),
    covers=(("Content-Range", "there with a 206, and true"),),
)

CLIENT_REFUSED = Rule(
    id="response.client_refused",
    title="A client is refused for its name",
    level="should",
    side="network",
    why="What stands before the API turns requests away by their User-Agent: whole client libraries fail, with a key "
    "that is valid.",
    remedy="Let the filter before the API pass requests that have a valid credential, whatever their client is.",
    source="RFC 9110 section 10.1.5: a User-Agent says what software asks, and no more",
    breaks="403 for User-Agent: python-requests/2.32.5, and 200 for any other",
    keeps="200 for any User-Agent",
    clauses=where(has_id, Template("response.client_refused.clause", "no client is refused for its User-Agent")),
    exercised=lambda observation: bool(agent_of(observation)) and observation.answer is not None,
    check=_check_agent,
    looks_at="message",
    highlight=at_status,
    unseen=_NO_AGENT,
    requests=lambda probe, status: probe.chapter == "known_ids" or _asks_with("user-agent")(probe, status),
    covers=(("User-Agent", "no common client is refused"),),
)

ORIGIN_REFLECTED = Rule(
    id="response.origin_reflected",
    title="Any origin may read with the credentials of a browser",
    level="info",
    side="server",
    why="Where a browser adds credentials by itself, a page of anybody's can read batches in the name of who is "
    "signed in.",
    remedy="Name the origins that may, or leave Access-Control-Allow-Credentials out: a bearer token needs none.",
    source="WHATWG Fetch, section 3.2.3: the CORS protocol and credentials",
    breaks="Access-Control-Allow-Origin: https://origin-of-nobody.example, Access-Control-Allow-Credentials: true",
    keeps="Access-Control-Allow-Origin: *",
    clauses=always(Template("response.origin_reflected.clause", "no origin is allowed for being asked from")),
    exercised=lambda observation: bool(_asked(observation.exchange.probe, "origin")) and observation.answer is not None,
    check=_check_origin,
    looks_at="message",
    headers=("access-control-allow-origin", "access-control-allow-credentials"),
    highlight=at_headers("access-control-allow-origin", "access-control-allow-credentials"),
    unseen=_NO_ORIGIN,
    requests=_asks_with("origin"),
    covers=(("cross-origin reads", "no credentials for any origin"),),
)

RULES = (PARTIAL, CLIENT_REFUSED, ORIGIN_REFLECTED)
OF_ODD_REQUESTS = frozenset({*(rule.id for rule in RULES), "method.undeclared_answered"})
"""The rules that say something of what ``is_answered_apart``."""

"""Rules about the status of a response, and about what is answered to odd ids and to undeclared methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from batch_conformance.contract.operation_role import WRITE_ROLES
from batch_conformance.contract.stated_at import at_operation
from batch_conformance.exchange.exchange import ODD_REQUESTS
from batch_conformance.findings.fold import Bucket
from batch_conformance.message import Listing, Template, shown
from batch_conformance.observation.form import form_of
from batch_conformance.observation.observation import Observation, derived
from batch_conformance.rules.bodies import of_body
from batch_conformance.rules.conditions import ALWAYS, UNLESS_ANY_ID, unless_refused_so
from batch_conformance.rules.highlight import at_status
from batch_conformance.rules.json_text import of_text
from batch_conformance.rules.media_type import accepts_documented, is_of_another_type, named_type
from batch_conformance.rules.odd_requests import overridden
from batch_conformance.rules.refusal import is_of_a_query, is_turned_away, leads_to_normal_form
from batch_conformance.rules.requests import by_status, gets_an_error, in_chapters, is_odd
from batch_conformance.rules.rule import Broken, Rule, always, is_conclusive

_REFUSED_INPUT_UNSEEN = Template(
    "response.refused_input.unseen",
    "nothing odd was sent: odd ids, where there is an id, go to this machine, or with --exploration thorough",
)
_UNDECLARED_ANSWERED_UNSEEN = Template(
    "method.undeclared_answered.unseen", "undeclared methods are sent with --allow-unsafe-methods alone"
)

_HTTP_ERRORS = frozenset({400, 401, 403, 404, 405, 406, 410, 414, 429, 431})
_ERRORS_OF_WRITES = frozenset({400, 404, 409, 413, 415, 422})
"""What HTTP has for a request that is wrong, or comes at the wrong time; which of them a vendor takes is his affair."""
_LIMIT_STATUSES = frozenset({414, 431})
_METHOD_REFUSALS = frozenset({404, 405, 501})
_CHANGE_NOTHING = ("OPTIONS", "TRACE")
"""Methods that RFC 9110 sections 9.3.7 and 9.3.8 define for any resource, whatever a document declares."""
_ACCEPTED = frozenset({"valid", "lower_case_scheme"})
"""Credentials that a server has to accept."""

_NOBODYS = frozenset({"unknown", "neighbour", "hostile", "recorded"})
"""Subjects that may well be the ids of no batch."""

_ONE_OF = Template("response.status.expected", "one of {statuses}")
_NO_ERROR = Template("response.undocumented_error.none", "one of {statuses}; no error is documented")
_NO_ERROR_FOR_IT = Template(
    "response.undocumented_error.none_for_it", "one of {statuses}; no error is documented for it"
)
_OF_TYPE = Template("response.refused_input.media_type", "{status} with {media_type}")
_DOCUMENTED_BODY = Template("response.refused_input.body", "the documented body of {status}")
_ANOTHER_BODY = Template("response.refused_input.another_body", "{status} with another body: {observed}")
_ADMITTED = Template(
    "response.refused_input.admitted", "an id that the schema of {parameter} admits, or a documented answer"
)
_NOT_ADMITTED = Template("response.refused_input.not_admitted", "{status} for an id that it does not admit")
_NOT_ALLOWED = Template("method.undeclared_answered.expected", "405 for {method}, which the document does not declare")
_Undocumented = Literal["", "not_acceptable", "refused_input", "undocumented_error", "status"]
"""What a status is that the document does not list."""


@derived
def _undocumented(observation: Observation) -> _Undocumented:
    """What a status is that the document does not list; empty for one that it does, and where that is said elsewhere.

    429 and 5xx are weighed over the run: an outage is not drift.
    """
    answer = observation.answer
    if answer is None or not observation.covered or leads_to_normal_form(observation):
        return ""
    operation, status = observation.operation, answer.status
    is_status = 100 <= status <= 599  # RFC 9110 section 15: there are no others, whatever a default response says
    if is_status and (observation.documented is not None or status == 429 or status >= 500):
        return ""
    if observation.method == "HEAD" and status in _METHOD_REFUSALS:
        return ""
    if status == 406 and not accepts_documented(observation):
        return "not_acceptable"
    if status in _LIMIT_STATUSES or is_turned_away(observation):
        return "refused_input"
    unforeseen = status in _HTTP_ERRORS and (not operation.lists_errors or _is_unforeseen(observation, status))
    unforeseen |= operation.role in WRITE_ROLES and status in _ERRORS_OF_WRITES
    return "undocumented_error" if unforeseen or is_of_a_query(observation, status) else "status"


def _checks(what: _Undocumented) -> Callable[[Observation], Iterator[Broken]]:
    def check(observation: Observation) -> Iterator[Broken]:
        if _undocumented(observation) == what:
            yield _unlisted(observation)

    return check


def _unlisted(observation: Observation, expected: Template = _ONE_OF) -> Broken:
    """A status that is none of those listed."""
    status, reason = (observation.answer.status, observation.answer.reason) if observation.answer else (0, "")
    listed = Listing(tuple(observation.operation.responses))
    return Broken(expected(statuses=listed), shown(f"{status} {reason}".rstrip()), str(status))


def _check_error(observation: Observation) -> Iterator[Broken]:
    if _undocumented(observation) == "undocumented_error":
        yield _unlisted(observation, _NO_ERROR_FOR_IT if observation.operation.lists_errors else _NO_ERROR)


def _is_unforeseen(observation: Observation, status: int) -> bool:
    """Whether the document foresees no answer at all to what was asked, and this is the one that HTTP has for it.

    A credential that must be refused gets 401 (RFC 9110 section 15.5.2), an id that nobody has 404 (15.5.5) or 410.
    The self-check reports that the document lists neither.
    """
    operation, probe = observation.operation, observation.exchange.probe
    if status == 401:
        return operation.secured and (probe.credential not in _ACCEPTED or probe.subject == "recorded")
    gone = probe.subject in _NOBODYS and not any(operation.response_for(other) for other in (404, 410))
    return status in (404, 410) and gone and probe.credential in _ACCEPTED


def _check_refused(observation: Observation) -> Iterator[Broken]:
    """An odd request that was turned away with a status, a media type or a body that is not documented."""
    if _undocumented(observation) == "refused_input":
        yield _unlisted(observation)
    answer, documented = observation.answer, observation.documented
    if answer is None or documented is None or not is_turned_away(observation):
        return
    kind = str(answer.status)
    if is_of_another_type(observation):
        observed = _OF_TYPE(status=answer.status, media_type=named_type(observation))
        yield Broken(shown(Listing(tuple(documented.content), "or")), observed, kind)
    first = next(iter((*of_text(observation), *of_body(observation))), None)
    if first is not None:
        observed = _ANOTHER_BODY(status=answer.status, observed=first[1].observed)
        yield Broken(_DOCUMENTED_BODY(status=observation.status), observed, kind)


def refused_for_its_id(observation: Observation) -> Broken:
    """The one finding about all refusals of ids that their schema does not admit, however they are refused."""
    return Broken(
        _ADMITTED(parameter=observation.operation.parameter),
        _NOT_ADMITTED(status=observation.exchange.status or 0),
        "schema",
        status="",
        side="server",
    )


def _check_method(observation: Observation) -> Iterator[Broken]:
    answer, asked = observation.answer, overridden(observation) or observation.method
    if answer is None or not 200 <= answer.status < 300:
        return
    if asked not in (*observation.operation.methods, "HEAD", *_CHANGE_NOTHING):
        yield Broken(
            _NOT_ALLOWED(method=asked),
            shown(f"{answer.status} {answer.reason}".rstrip()),
            asked if asked == observation.method else f"{asked} by a header",
            status="",
            when=ALWAYS if asked == observation.method else _unless_answered_anyway(observation),
        )


def _unless_answered_anyway(observation: Observation) -> Bucket:
    """Told unless a plain read of an id that nobody has is answered so too: then no other method was followed."""
    return unless_refused_so(form_of(observation), UNLESS_ANY_ID) if observation.is_another_object else UNLESS_ANY_ID


def _is_odd(observation: Observation) -> bool:
    """Whether a request is one that a gateway may turn away: for its id, or for the status that it asks for."""
    probe = observation.exchange.probe
    odd = probe.subject in ("hostile", "neighbour") or (probe.forced_status is not None and not observation.forced)
    return (odd or observation.operation.breaks_its_schema(probe.batch_id)) and is_conclusive(observation)


def _is_read(observation: Observation) -> bool:
    return observation.covered and observation.answer is not None


def _accepts_nothing(observation: Observation) -> bool:
    return observation.answer is not None and not accepts_documented(observation)


def _is_error(observation: Observation) -> bool:
    return (observation.exchange.status or 0) >= 400 and is_conclusive(observation)


def _is_undeclared(observation: Observation) -> bool:
    return observation.method not in (*observation.operation.methods, "HEAD") and is_conclusive(observation)


STATUS = Rule(
    id="response.status",
    title="A status that the document does not list",
    level="must",
    side="server",
    why="Clients generated from the document have no branch for it.",
    remedy="Answer with a documented status, or document this one with its body.",
    source="OpenAPI 3.0 section 4.7.16, the operation's responses",
    breaks="202 Accepted for a batch that exists",
    keeps="200 OK for a batch that exists",
    said_by="response",
    clauses=always(Template("response.status.clause", "no undocumented status is answered")),
    exercised=_is_read,
    exercised_at="answer",
    concern="document",
    check=_checks("status"),
    looks_at="message",
    highlight=at_status,
    requests=by_status,
    cure="status",
    reaches_client=True,
    covers=(
        ("Location", "a redirect that is not documented"),
        ("the statuses of an operation", "none but these"),
    ),
)

UNDOCUMENTED_ERROR = Rule(
    id="response.undocumented_error",
    title="An error status where the document lists none",
    level="info",
    side="document",
    why="The document lists no error at all, or none for a refused credential or an id that nobody has, so a "
    "status used as HTTP means it contradicts nothing.",
    remedy="Document the error responses with their bodies.",
    source="RFC 9110 section 15",
    breaks="404 where only 200 is documented",
    keeps="404 where 404 is documented",
    said_by="response",
    clauses=always(Template("response.undocumented_error.clause", "every error is one that is documented")),
    exercised=_is_error,
    concern="document",
    check=_check_error,
    looks_at="message",
    highlight=at_status,
    cure="status",
    requests=gets_an_error,
    covers=(("the statuses of an operation", "errors where none is documented"),),
)

REFUSED_INPUT = Rule(
    id="response.refused_input",
    title="An odd id is turned away",
    level="info",
    side="network",
    why="A gateway refused it in its own words, or the API did because the id breaks the schema of its parameter; "
    "no client that means well sends such an id.",
    remedy="Nothing, unless such ids are legal for you; or document the answer.",
    source="RFC 9110 section 15.5",
    breaks="an HTML 403 for an id with a quote in it; an undocumented 422 for an id that is no UUID",
    keeps="the documented 404 for it",
    clauses=always(Template("response.refused_input.clause", "what is odd is refused as documented")),
    exercised=_is_odd,
    concern="document",
    check=_check_refused,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_status,
    requests=is_odd,
    unseen=_REFUSED_INPUT_UNSEEN,
    covers=(("the statuses of an operation", "ids that are refused"),),
)

NOT_ACCEPTABLE = Rule(
    id="response.not_acceptable",
    title="406 for an Accept header",
    level="info",
    side="server",
    why="RFC 9110 allows it, and also allows to answer with the documented type all the same.",
    remedy="Nothing; or answer application/json to any Accept.",
    source="RFC 9110 section 12.4.1",
    breaks="406 for Accept: text/html",
    keeps="200 application/json for Accept: text/html",
    clauses=always(
        Template("response.not_acceptable.clause", "an Accept that names nothing documented gets a documented answer")
    ),
    exercised=_accepts_nothing,
    check=_checks("not_acceptable"),
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("representations"),
    cure="status",
    covers=(("the statuses of an operation", "an Accept that nothing matches"),),
)

UNDECLARED_ANSWERED = Rule(
    id="method.undeclared_answered",
    title="A method that the document does not declare succeeds",
    level="should",
    side="server",
    why="Something happened that nobody documented, perhaps to data.",
    remedy="Answer 405 with Allow, or document the method.",
    source="OpenAPI 3.0 section 4.7.9, RFC 9110 section 15.5.6",
    breaks="DELETE answered 200",
    keeps="DELETE answered 405",
    said=at_operation,
    clauses=always(
        Template("method.undeclared_answered.clause", "methods that the document does not declare do not succeed")
    ),
    exercised=_is_undeclared,
    check=_check_method,
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("methods", ODD_REQUESTS),
    unseen=_UNDECLARED_ANSWERED_UNSEEN,
    covers=(("methods", "those that are not declared"),),
)

RULES = (STATUS, UNDOCUMENTED_ERROR, REFUSED_INPUT, NOT_ACCEPTABLE, UNDECLARED_ANSWERED)

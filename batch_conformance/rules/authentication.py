"""Rules about credentials: the valid one is accepted, and everything else is refused, on known ids and unknown ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.stated_at import at_response, at_scheme, at_security
from batch_conformance.exchange.exchange import ODD_REQUESTS
from batch_conformance.exchange.redaction import REDACTED
from batch_conformance.findings.fold import Bucket
from batch_conformance.message import Listing, Message, Private, Template, shown
from batch_conformance.observation.form import form_of
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.conditions import (
    IF_QUERY_TAKEN,
    if_learnt,
    if_let_in_so,
    if_refused,
    if_scheme_refused,
    unless_any_refused_so,
    unless_explained,
    unless_learnt,
    unless_valid_gets,
)
from batch_conformance.rules.highlight import at_status
from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS
from batch_conformance.rules.refusal import is_refused_for_its_id
from batch_conformance.rules.requests import has_the_token, in_chapters
from batch_conformance.rules.rule import Broken, Rule, has_id, is_conclusive, where

WHOLE = {
    **dict.fromkeys(
        (
            "header_x_api_key",
            "header_api_key",
            "header_x_auth_token",
            "header_proxy_authorization",
            "header_x_authorization",
            "header_cookie",
            "header_authentication",
            "header_x_access_token",
            "header_x_goog_api_key",
            "header_apikey",
        ),
        "elsewhere_header",
    ),
    **dict.fromkeys(
        ("query_access_token", "query_api_key", "query_key", "query_token", "query_apikey"), "elsewhere_query"
    ),
}
"""Credentials that have the key in one place of several, and the one that has it in all of them."""
NONE_SENT = ("missing", "empty", "empty_header")
OTHER_TOKENS = ("wrong", "nearly", "nearly_cut", "nearly_longer", "other_case")
OTHER_FORMS = ("malformed", "no_scheme", "wrong_scheme", "wrong_scheme_token")
OTHER_PLACES = ("elsewhere_header", "elsewhere_query", *WHOLE)
RULE_OF_CREDENTIAL = {
    **dict.fromkeys(NONE_SENT, "auth.missing_accepted"),
    **dict.fromkeys(OTHER_TOKENS, "auth.wrong_token_accepted"),
    **dict.fromkeys(OTHER_FORMS, "auth.scheme_accepted"),
    **dict.fromkeys(OTHER_PLACES, "auth.elsewhere_accepted"),
    **{name: odd.rule for name, odd in ODD_CREDENTIALS.items()},
}
"""The credentials that a server has to refuse, and the rule that is broken where one is accepted."""
_MEANS = {
    "missing": Template("credential.missing", "no Authorization header"),
    "empty": Template("credential.empty", "a scheme without a token"),
    "empty_header": Template("credential.empty_header", "an empty Authorization header"),
    "wrong": Template("credential.wrong", "a made-up bearer token"),
    "nearly": Template("credential.nearly", "the key with its last character changed"),
    "nearly_cut": Template("credential.nearly_cut", "the key without its last character"),
    "nearly_longer": Template("credential.nearly_longer", "the key with a character more"),
    "other_case": Template("credential.other_case", "the key with upper and lower case exchanged"),
    "malformed": Template("credential.malformed", "two tokens in one Authorization header"),
    "no_scheme": Template("credential.no_scheme", "the key without a scheme"),
    "wrong_scheme": Template("credential.wrong_scheme", "the key under the scheme Basic"),
    "wrong_scheme_token": Template("credential.wrong_scheme_token", "the key under the scheme Token"),
    "elsewhere_header": Template("credential.elsewhere_header", "the key in other headers"),
    "elsewhere_query": Template("credential.elsewhere_query", "the key in the query string"),
}
_ANSWERED = Template("auth.answered", "{status} with {credential}")
_SHOWN_AGAIN = Template("credential.shown_again", "a made-up bearer token that was shown several times in a row")
_IN_HEADER = Template("credential.in_header", "the key in the header {name}")
_IN_HEADERS = Template("credential.in_headers", "the key in the headers {names}")
_IN_PARAMETER = Template("credential.in_parameter", "the key in the query parameter {name}")
_IN_QUERY = Template("credential.in_query", "the key in the query parameters {names}")
_WHATEVER_ID = Template("auth.checked_late.expected", "401, whether the id exists or not")
_ANY_ANSWER = Template("auth.valid_refused.expected", "any answer to an authorised request")
_AS_BEARER = Template("auth.lower_case_refused.expected", "the answer that `Bearer` gets")
_MALFORMED_REQUEST = frozenset({"malformed", "empty", "empty_header", "no_scheme"})
"""RFC 6750 section 3.1 answers a malformed request with 400."""


def _kind(observation: Observation) -> str:
    return observation.exchange.probe.credential


def has_key(observation: Observation) -> bool:
    """Whether the valid credential was sent where it belongs, whatever else was."""
    return _kind(observation) in ("valid", "lower_case_scheme", "also_in_query")


def must_be_refused(observation: Observation) -> bool:
    """Whether the credential was one that a server has to refuse."""
    return _kind(observation) in RULE_OF_CREDENTIAL


def is_let_in(observation: Observation) -> bool:
    """Whether a credential that had to be refused was answered with success."""
    succeeded = observation.answer is not None and 200 <= observation.answer.status < 300
    if not (observation.operation.secured and must_be_refused(observation) and succeeded):
        return False
    odd = ODD_CREDENTIALS.get(_kind(observation))
    return odd is None or not odd.batch_only or _is_the_batch(observation)


def _is_the_batch(observation: Observation) -> bool:
    """Whether the batch that was asked for came, and not something else that is served under its path."""
    pointer = observation.operation.roles.identity
    if observation.batch is None:
        return False
    return pointer is None or at(observation.batch, pointer) == observation.exchange.probe.batch_id


def is_scheme_refused(observation: Observation) -> bool:
    """Whether the valid credential was refused, in whatever way, where its scheme was in lower case."""
    status = observation.answer.status if observation.answer else 0
    refused = 400 <= status < 500 and status != 429 and not is_refused_for_its_id(observation)
    return refused and _kind(observation) == "lower_case_scheme" and observation.method == "GET"


def _answered(observation: Observation) -> int:
    """The status of the last attempt of a request whose credential counts; 0 where there is none."""
    counts = observation.operation.secured and observation.exchange.final
    return observation.answer.status if counts and observation.answer else 0


def _accepted(rule: str, *, apart: bool = False) -> Callable[[Observation], Iterator[Broken]]:
    """The check of a rule's credentials; ``apart`` makes a finding of its own of each kind."""

    def check(observation: Observation) -> Iterator[Broken]:
        kind, status = _kind(observation), _answered(observation)
        if not status or not is_let_in(observation) or RULE_OF_CREDENTIAL[kind] != rule:
            return
        yield Broken(
            shown("401"),
            _ANSWERED(status=status, credential=_means(observation)),
            _word(observation) if apart or kind in ODD_CREDENTIALS else "accepted",
            status="401" if observation.operation.response_for(401) else "",
            level=ODD_CREDENTIALS[kind].level if kind in ODD_CREDENTIALS else None,
            when=_if_it_is_a_hole(observation, unless_explained(kind)),
        )

    return check


def _word(observation: Observation) -> str:
    """The stable word by which what was sent is told apart."""
    kind = _kind(observation)
    if kind not in ODD_CREDENTIALS:
        return WHOLE.get(kind, kind)
    if kind == "parameter":
        return observation.exchange.probe.query.partition("=")[0]
    return ODD_CREDENTIALS[kind].kind or " ".join(map(str.lower, _proxy_headers(observation)))


def _proxy_headers(observation: Observation) -> tuple[str, ...]:
    """The names of the headers that were sent in place of a credential."""
    return tuple(name for name, _ in observation.exchange.probe.headers if name.lower() != "accept")


def _means(observation: Observation) -> Message:
    """What was sent in place of the valid credential; a key that stood elsewhere by the names of where it stood."""
    kind, request = WHOLE.get(_kind(observation), _kind(observation)), observation.exchange.request
    if kind in ODD_CREDENTIALS:
        return _odd(observation)
    if kind == "wrong" and observation.exchange.probe.chapter == ODD_REQUESTS:
        return _SHOWN_AGAIN()
    if kind == "elsewhere_header":
        held = [name for name, value in request.headers if REDACTED in value and name.lower() != "authorization"]
        named = _IN_HEADER(name=held[0]) if len(held) == 1 else _IN_HEADERS(names=Listing(tuple(held)))
    elif kind == "elsewhere_query":
        pairs = (part.partition("=") for part in request.url.partition("?")[2].split("&"))
        held = [name for name, _, value in pairs if REDACTED in value]
        named = _IN_PARAMETER(name=held[0]) if len(held) == 1 else _IN_QUERY(names=Listing(tuple(held)))
    else:
        return _MEANS[kind]()
    return named if held else _MEANS[kind]()


def _odd(observation: Observation) -> Message:
    """What was sent of the odd kinds of credential."""
    kind, probe = _kind(observation), observation.exchange.probe
    means = ODD_CREDENTIALS[kind].means
    if kind == "other_path":
        return means(path=Private(probe.path))
    if kind in ("parameters", "parameter"):
        return means(query=probe.query)
    if ODD_CREDENTIALS[kind].rule == "auth.missing_accepted":
        return means(names=Listing(_proxy_headers(observation)))
    return means()


def _if_it_is_a_hole(observation: Observation, then: Bucket) -> Bucket:
    """A hole that a wider one explains is none of its own; and some servers refuse with 200 and another object."""
    if observation.is_another_object:
        return if_let_in_so(form_of(observation), then)
    return unless_any_refused_so(_kind(observation), then) if observation.method == "HEAD" else then


def _refused(observation: Observation) -> int:
    """The status with which a credential that had to be refused was, in another way than it should; 0 for none.

    HEAD need not be served at all: how it is refused says nothing of how credentials are. Where the id was refused,
    nobody looked up whether there is one: it cannot be one.
    """
    status, kind = _answered(observation), _kind(observation)
    if not must_be_refused(observation) or is_let_in(observation) or observation.method != "GET":
        return 0
    if observation.exchange.probe.chapter == ODD_REQUESTS:
        return 0  # what is odd may be refused in any way
    if status in (401, 429) or status >= 500 or (status == 400 and kind in _MALFORMED_REQUEST):
        return 0
    return 0 if is_refused_for_its_id(observation) else status


def _check_late(observation: Observation) -> Iterator[Broken]:
    status, kind = _refused(observation), _kind(observation)
    if status in (404, 410):
        when = if_learnt(RULE_OF_CREDENTIAL[kind], kind, observation.exchange.probe.subject)
        yield _other_than_401(observation, status, _WHATEVER_ID(), when)


def _check_status(observation: Observation) -> Iterator[Broken]:
    status, kind, subject = _refused(observation), _kind(observation), observation.exchange.probe.subject
    if status in (404, 410):
        yield _other_than_401(
            observation, status, shown("401"), unless_learnt(RULE_OF_CREDENTIAL[kind], kind, subject, status)
        )
    elif status and (observation.documented is not None or status == 400):
        # RFC 6750 section 3.1 answers a parameter that is not supported with 400 too.
        in_query = WHOLE.get(kind, kind) == "elsewhere_query"
        yield _other_than_401(
            observation, status, shown("401"), IF_QUERY_TAKEN if in_query else unless_valid_gets(status, subject)
        )


def _other_than_401(observation: Observation, status: int, expected: Message, when: Bucket) -> Broken:
    return Broken(
        expected, _ANSWERED(status=status, credential=_means(observation)), str(status), status="401", when=when
    )


def _check_valid(observation: Observation) -> Iterator[Broken]:
    """The valid token refused here and accepted there; a key that nothing accepts is a wrong key, not drift."""
    subject, forced = observation.exchange.probe.subject, observation.exchange.probe.forced_status
    is_plain = observation.exchange.probe.chapter != ODD_REQUESTS
    if _answered(observation) == 401 and observation.authorised and forced is None and is_plain:
        yield Broken(_ANY_ANSWER(), shown("401"), subject, status="401", when=if_refused(subject))


def _check_scheme(observation: Observation) -> Iterator[Broken]:
    status, subject = _answered(observation), observation.exchange.probe.subject
    if status and is_scheme_refused(observation):
        when = if_scheme_refused(status, subject)
        yield Broken(_AS_BEARER(), shown(str(status)), "refused", status="401", when=when)


def _is_secured(operation: Operation) -> bool:
    return operation.secured


def _is_secured_by_id(operation: Operation) -> bool:
    return operation.secured and has_id(operation)


def _was_refused(observation: Observation) -> bool:
    """Whether the credential was what an answer refused: a 404 for an id that nobody has says nothing of it."""
    status = observation.exchange.status
    refused = status in (400, 401, 403) or (status == 404 and observation.exchange.probe.subject == "known")
    return refused and is_conclusive(observation)


def _refuses(rule: str) -> Callable[[Observation], bool]:
    """Whether a credential of a rule was refused, in any way.

    Where a wider hole lets everything in, nothing was seen of the narrower ones.
    """
    return lambda observation: RULE_OF_CREDENTIAL.get(_kind(observation)) == rule and _was_refused(observation)


def _has_lower_case(observation: Observation) -> bool:
    return _kind(observation) == "lower_case_scheme" and is_conclusive(observation)


def _refuses_before_id(observation: Observation) -> bool:
    probe = observation.exchange.probe
    plain = probe.credential in ("missing", "wrong") and probe.subject == "unknown"
    return plain and observation.exchange.status in (400, 401, 403)


def _refuses_by_get(observation: Observation) -> bool:
    return must_be_refused(observation) and observation.method == "GET" and _was_refused(observation)


def _is_authorised(observation: Observation) -> bool:
    return observation.authorised and is_conclusive(observation)


MISSING_ACCEPTED = Rule(
    id="auth.missing_accepted",
    title="A request without credentials is answered",
    level="must",
    side="server",
    why="The document secures the operation; anybody can read batches, or learn which exist.",
    remedy="Check the token before anything else, on every path and method.",
    source="the document's `security`, RFC 6750 section 3.1",
    breaks="200 without an Authorization header",
    keeps="401 without an Authorization header",
    said=at_security,
    clauses=where(
        _is_secured, Template("auth.missing_accepted.clause", "a request without credentials is refused"), "401"
    ),
    exercised=_refuses("auth.missing_accepted"),
    concern="credential",
    check=_accepted("auth.missing_accepted"),
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("authentication", ODD_REQUESTS),
    covers=(("security", "none"),),
)

WRONG_TOKEN_ACCEPTED = Rule(
    id="auth.wrong_token_accepted",
    title="A token that nobody issued is accepted",
    level="must",
    side="server",
    why="Any string opens the door, so the token protects nothing.",
    remedy="Verify the token, in full and exactly, not only that one is there.",
    source="the document's `security`, RFC 6750 section 3.1",
    breaks="200 for a made-up bearer token",
    keeps="401 for a made-up bearer token",
    said=at_security,
    clauses=where(_is_secured, Template("auth.wrong_token_accepted.clause", "a made-up token is refused"), "401"),
    exercised=_refuses("auth.wrong_token_accepted"),
    concern="credential",
    check=_accepted("auth.wrong_token_accepted"),
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("authentication", ODD_REQUESTS),
    covers=(("security", "another token"),),
)

SCHEME_ACCEPTED = Rule(
    id="auth.scheme_accepted",
    title="The token is accepted under another scheme, or malformed",
    level="must",
    side="server",
    why="The document names HTTP bearer; what accepts other forms does not look at the scheme it claims to check.",
    remedy="Accept `Authorization: Bearer TOKEN` alone.",
    source="the document's `securitySchemes`, RFC 6750 section 2.1",
    breaks="200 for Authorization: Token KEY",
    keeps="401 for Authorization: Token KEY",
    said=at_scheme,
    clauses=where(_is_secured, Template("auth.scheme_accepted.clause", "other schemes are refused"), "401"),
    exercised=_refuses("auth.scheme_accepted"),
    concern="credential",
    check=_accepted("auth.scheme_accepted", apart=True),
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("authentication", ODD_REQUESTS),
    covers=(("security", "another form"),),
)

ELSEWHERE_ACCEPTED = Rule(
    id="auth.elsewhere_accepted",
    title="The token is accepted where the document does not put it",
    level="should",
    side="server",
    why="Keys in query strings and odd headers end in logs, caches and referrers.",
    remedy="Accept the token in the Authorization header only, or document the other place.",
    source="the document's `securitySchemes`, RFC 6750 section 2.3",
    breaks="200 for ?api_key=KEY",
    keeps="401 for ?api_key=KEY",
    said=at_scheme,
    clauses=where(_is_secured, Template("auth.elsewhere_accepted.clause", "a key elsewhere is refused"), "401"),
    exercised=_refuses("auth.elsewhere_accepted"),
    concern="credential",
    check=_accepted("auth.elsewhere_accepted", apart=True),
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("authentication", ODD_REQUESTS),
    covers=(("security", "another place"),),
)

CHECKED_LATE = Rule(
    id="auth.checked_late",
    title="The answer is decided before authentication",
    level="should",
    side="server",
    why="Without a valid token one learns which ids exist, and reaches code that should be behind the door.",
    remedy="Check the token before the id is looked at.",
    source="the document's `security`, RFC 9110 section 11.4",
    breaks="404 without a token for an unknown id, and 401 for one that exists",
    keeps="401 without a token for any id",
    said=at_security,
    clauses=where(
        _is_secured_by_id, Template("auth.checked_late.clause", "credentials are checked before the id"), "401"
    ),
    exercised=_refuses_before_id,
    concern="credential",
    check=_check_late,
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("authentication"),
    covers=(("security", "before the id"),),
)

NOT_401 = Rule(
    id="auth.not_401",
    title="Refused credentials are not answered with 401",
    level="should",
    side="server",
    why="Clients renew their credentials on 401 only; 403 says that the caller is known and may not.",
    remedy="Answer 401 with WWW-Authenticate where the token is missing or wrong.",
    source="RFC 9110 sections 15.5.2 and 15.5.4, RFC 6750 section 3.1",
    breaks="403 without an Authorization header",
    keeps="401 without an Authorization header",
    said=at_response(401),
    clauses=where(_is_secured, Template("auth.not_401.clause", "a refused credential gets 401"), "401"),
    exercised=_refuses_by_get,
    concern="credential",
    check=_check_status,
    looks_at="message",
    highlight=at_status,
    requests=in_chapters("authentication", "known_ids", "unknown_ids"),
    reaches_client=True,
    covers=(("security", "refused with 401"),),
)

LOWER_CASE_REFUSED = Rule(
    id="auth.lower_case_refused",
    title="The name of the scheme is compared case-sensitively",
    level="should",
    side="server",
    why="Schemes are case-insensitive; clients and proxies that write `bearer` are locked out.",
    remedy="Compare the scheme without regard to case.",
    source="RFC 9110 section 11.1",
    breaks="401 for Authorization: bearer KEY",
    keeps="200 for Authorization: bearer KEY",
    clauses=where(_is_secured, Template("auth.lower_case_refused.clause", "the scheme has no case"), "401"),
    exercised=_has_lower_case,
    concern="credential",
    check=_check_scheme,
    looks_at="message",
    highlight=at_status,
    # Compared with plain reads that come after it: a client may be locked out for a while.
    requests=in_chapters("authentication", "known_ids", "unknown_ids"),
    covers=(("security", "the scheme in any case"),),
)

VALID_REFUSED = Rule(
    id="auth.valid_refused",
    title="The valid token is refused for some requests",
    level="should",
    side="server",
    why="The same token was accepted in the same run, so clients see random or input-dependent lock-outs.",
    remedy="Check the token alike on every path; look at the instance that answered this request.",
    source="RFC 9110 section 15.5.2",
    breaks="401 for unknown ids with the token that known ids accept",
    keeps="404 for unknown ids with a valid token",
    clauses=where(
        _is_secured, Template("auth.valid_refused.clause", "the valid token is accepted for every id"), "401"
    ),
    exercised=_is_authorised,
    concern="credential",
    check=_check_valid,
    looks_at="message",
    highlight=at_status,
    requests=has_the_token,
    covers=(("security", "the valid key"),),
)

RULES = (
    MISSING_ACCEPTED,
    WRONG_TOKEN_ACCEPTED,
    SCHEME_ACCEPTED,
    ELSEWHERE_ACCEPTED,
    CHECKED_LATE,
    NOT_401,
    LOWER_CASE_REFUSED,
    VALID_REFUSED,
)

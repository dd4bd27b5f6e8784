"""Judges authentication: refused without a valid token, on known ids and unknown ones."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.conditions import (
    IF_QUERY_TAKEN,
    UNLESS_LET_IN,
    if_refused,
    if_scheme_refused,
    if_widest,
    unless_valid_gets,
)
from batch_conformance.judge.response import is_refused_for_its_id
from batch_conformance.judge.sighting import Sighting

_RULE_OF_CREDENTIAL = {
    "missing": "auth.missing_accepted",
    "empty": "auth.missing_accepted",
    "empty_header": "auth.missing_accepted",
    "wrong": "auth.wrong_token_accepted",
    "nearly": "auth.wrong_token_accepted",
    "nearly_cut": "auth.wrong_token_accepted",
    "nearly_longer": "auth.wrong_token_accepted",
    "other_case": "auth.wrong_token_accepted",
    "malformed": "auth.scheme_accepted",
    "no_scheme": "auth.scheme_accepted",
    "wrong_scheme": "auth.scheme_accepted",
    "wrong_scheme_token": "auth.scheme_accepted",
    "elsewhere_header": "auth.elsewhere_accepted",
    "elsewhere_query": "auth.elsewhere_accepted",
}
_MEANS = {
    "missing": "no Authorization header",
    "empty": "a scheme without a token",
    "empty_header": "an empty Authorization header",
    "wrong": "a made-up bearer token",
    "nearly": "the key with its last character changed",
    "nearly_cut": "the key without its last character",
    "nearly_longer": "the key with a character more",
    "other_case": "the key with upper and lower case exchanged",
    "malformed": "two tokens in one Authorization header",
    "no_scheme": "the key without a scheme",
    "wrong_scheme": "the key under the scheme Basic",
    "wrong_scheme_token": "the key under the scheme Token",
    "elsewhere_header": "the key in other headers",
    "elsewhere_query": "the key in the query string",
}
_MALFORMED_REQUEST = frozenset({"malformed", "empty", "empty_header", "no_scheme"})
"""RFC 6750 section 3.1 answers a malformed request with 400."""


def judge_authentication(sighting: Sighting) -> Iterator[tuple[Bucket, Deviation]]:
    """What is wrong with an answer to a credential that the operation must refuse, or to the valid one.

    Each deviation comes with the condition under which it is told. Where a request without any token is answered, every
    other form is too, and where any token will do, so will any form of it: only the widest hole is reported.
    """
    if not sighting.contract.operation.secured or sighting.answer is None or not sighting.exchange.final:
        return
    if is_let_in(sighting):
        rule = rule_of_credential(sighting)
        yield if_widest(rule), _accepted(sighting, rule)
    elif _kind(sighting) in _RULE_OF_CREDENTIAL:
        # HEAD need not be served at all: how it is refused says nothing of how credentials are.
        if sighting.method == "GET":
            yield from _refusal(sighting)
    elif sighting.answer.status == 401:
        yield from _valid_refused(sighting)


def has_key(sighting: Sighting) -> bool:
    """Whether the valid credential was sent where it belongs, whatever else was."""
    return _kind(sighting) in ("valid", "lower_case_scheme", "also_in_query")


def must_be_refused(sighting: Sighting) -> bool:
    """Whether the credential was one that a server has to refuse."""
    return _kind(sighting) in _RULE_OF_CREDENTIAL


def is_let_in(sighting: Sighting) -> bool:
    """Whether a credential that had to be refused was answered with success."""
    return sighting.contract.operation.secured and _kind(sighting) in _RULE_OF_CREDENTIAL and _succeeded(sighting)


def rule_of_credential(sighting: Sighting) -> str:
    """The rule that success breaks where the credential sent had to be refused. Raises KeyError for another one."""
    return _RULE_OF_CREDENTIAL[_kind(sighting)]


def _kind(sighting: Sighting) -> str:
    return sighting.exchange.probe.credential


def _succeeded(sighting: Sighting) -> bool:
    return sighting.answer is not None and 200 <= sighting.answer.status < 300


def _accepted(sighting: Sighting, rule: str) -> Deviation:
    status = sighting.answer.status if sighting.answer else 0
    return sighting.deviates(
        rule,
        status="401" if sighting.contract.operation.response_for(401) else "",
        expected="401",
        observed=f"{status} with {_MEANS[_kind(sighting)]}",
        kind=_kind(sighting) if rule in ("auth.scheme_accepted", "auth.elsewhere_accepted") else "accepted",
    )


def _refusal(sighting: Sighting) -> Iterator[tuple[Bucket, Deviation]]:
    status = sighting.answer.status if sighting.answer else 0
    if status in (401, 429) or status >= 500 or (status == 400 and _kind(sighting) in _MALFORMED_REQUEST):
        return
    if is_refused_for_its_id(sighting):
        return  # whether there is such an id was not looked up: it cannot be one
    if status in (404, 410):
        yield (
            UNLESS_LET_IN,
            sighting.deviates(
                "auth.checked_late",
                status="401",
                expected="401, whether the id exists or not",
                observed=f"{status} with {_MEANS[_kind(sighting)]}",
                kind=str(status),
            ),
        )
    elif sighting.documented is not None or status == 400:
        # RFC 6750 section 3.1 answers a parameter that is not supported with 400 too.
        in_query = _kind(sighting) == "elsewhere_query"
        yield (
            IF_QUERY_TAKEN if in_query else unless_valid_gets(status, sighting.exchange.probe.subject),
            sighting.deviates(
                "auth.not_401",
                status="401",
                expected="401",
                observed=f"{status} with {_MEANS[_kind(sighting)]}",
                kind=str(status),
            ),
        )


def _valid_refused(sighting: Sighting) -> Iterator[tuple[Bucket, Deviation]]:
    """The valid token refused here and accepted there; a key that nothing accepts is a wrong key, not drift."""
    subject = sighting.exchange.probe.subject
    if sighting.authorised and sighting.exchange.probe.forced_status is None:
        expected = "any answer to an authorised request"
        yield if_refused(subject), _refused(sighting, "auth.valid_refused", expected)
    elif _kind(sighting) == "lower_case_scheme":
        expected = "the answer that `Bearer` gets"
        yield if_scheme_refused(subject), _refused(sighting, "auth.lower_case_refused", expected)


def _refused(sighting: Sighting, rule: str, expected: str) -> Deviation:
    kind = "refused" if rule == "auth.lower_case_refused" else sighting.exchange.probe.subject
    return sighting.deviates(rule, status="401", expected=expected, observed="401", kind=kind)

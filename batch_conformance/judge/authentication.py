"""Judges authentication: refused without a valid token, on known ids and unknown ones."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.conditions import (
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
from batch_conformance.judge.form import form_of
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

    Each deviation comes with the condition under which it is told: a hole that a wider one explains is none of its own.
    """
    if not sighting.operation.secured or sighting.answer is None or not sighting.exchange.final:
        return
    if is_let_in(sighting):
        rule = rule_of_credential(sighting)
        condition = unless_explained(rule, _kind(sighting))
        if sighting.is_another_object:
            condition = if_let_in_so(form_of(sighting), condition)
        elif sighting.method == "HEAD":
            condition = unless_any_refused_so(_kind(sighting), condition)
        yield condition, _accepted(sighting, rule)
    elif _kind(sighting) in _RULE_OF_CREDENTIAL:
        # HEAD need not be served at all: how it is refused says nothing of how credentials are.
        if sighting.method == "GET":
            yield from _refusal(sighting)
    elif _kind(sighting) == "lower_case_scheme":
        yield from _scheme_refused(sighting, sighting.answer.status)
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
    return sighting.operation.secured and _kind(sighting) in _RULE_OF_CREDENTIAL and _succeeded(sighting)


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
        status="401" if sighting.operation.response_for(401) else "",
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
        asked = (rule_of_credential(sighting), _kind(sighting), sighting.exchange.probe.subject)
        yield if_learnt(*asked), _other_than_401(sighting, "auth.checked_late", "401, whether the id exists or not")
        yield unless_learnt(*asked, status), _other_than_401(sighting, "auth.not_401", "401")
    elif sighting.documented is not None or status == 400:
        # RFC 6750 section 3.1 answers a parameter that is not supported with 400 too.
        in_query = _kind(sighting) == "elsewhere_query"
        yield (
            IF_QUERY_TAKEN if in_query else unless_valid_gets(status, sighting.exchange.probe.subject),
            _other_than_401(sighting, "auth.not_401", "401"),
        )


def _other_than_401(sighting: Sighting, rule: str, expected: str) -> Deviation:
    status = sighting.answer.status if sighting.answer else 0
    observed = f"{status} with {_MEANS[_kind(sighting)]}"
    return sighting.deviates(rule, status="401", expected=expected, observed=observed, kind=str(status))


def _valid_refused(sighting: Sighting) -> Iterator[tuple[Bucket, Deviation]]:
    """The valid token refused here and accepted there; a key that nothing accepts is a wrong key, not drift."""
    subject = sighting.exchange.probe.subject
    if sighting.authorised and sighting.exchange.probe.forced_status is None:
        expected = "any answer to an authorised request"
        refused = sighting.deviates("auth.valid_refused", status="401", expected=expected, observed="401", kind=subject)
        yield if_refused(subject), refused


def is_scheme_refused(sighting: Sighting) -> bool:
    """Whether the valid credential was refused, in whatever way, where its scheme was in lower case."""
    status = sighting.answer.status if sighting.answer else 0
    refused = 400 <= status < 500 and status != 429 and not is_refused_for_its_id(sighting)
    return refused and _kind(sighting) == "lower_case_scheme" and sighting.method == "GET"


def _scheme_refused(sighting: Sighting, status: int) -> Iterator[tuple[Bucket, Deviation]]:
    if is_scheme_refused(sighting):
        refused = sighting.deviates(
            "auth.lower_case_refused",
            status="401",
            expected="the answer that `Bearer` gets",
            observed=str(status),
            kind="refused",
        )
        yield if_scheme_refused(status, sighting.exchange.probe.subject), refused

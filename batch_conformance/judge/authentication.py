"""Judges authentication over a run: refused without a valid token, on known ids and unknown ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting, told_of

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


def judge_authentication(sightings: Sequence[Sighting]) -> Iterator[Deviation]:
    """What was answered to credentials that the operation must refuse, and to the valid one.

    Where a request without any token is answered, every other form is too, and where any token will do, so will any
    form of it: only the widest hole is reported.
    """
    if not sightings or not sightings[0].contract.operation.secured:
        return
    answered = [sighting for sighting in sightings if sighting.answer is not None and sighting.exchange.final]
    refusable = [sighting for sighting in answered if _kind(sighting) in _RULE_OF_CREDENTIAL]
    passed = [sighting for sighting in refusable if _succeeded(sighting)]
    rules = {_RULE_OF_CREDENTIAL[_kind(sighting)] for sighting in passed}
    widest = next((rule for rule in ("auth.missing_accepted", "auth.wrong_token_accepted") if rule in rules), None)
    for sighting in passed:
        rule = _RULE_OF_CREDENTIAL[_kind(sighting)]
        if widest is None or rule == widest:
            yield _accepted(sighting, rule)
    for sighting in refusable:
        # HEAD need not be served at all: how it is refused says nothing of how credentials are.
        if not _succeeded(sighting) and sighting.method == "GET":
            yield from _refusal(sighting, reported=bool(passed))
    yield from _valid_refused(answered)


def is_let_in(sighting: Sighting) -> bool:
    """Whether a credential that had to be refused was answered with success."""
    return sighting.contract.operation.secured and _kind(sighting) in _RULE_OF_CREDENTIAL and _succeeded(sighting)


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


def _refusal(sighting: Sighting, *, reported: bool) -> Iterator[Deviation]:
    status = sighting.answer.status if sighting.answer else 0
    if status in (401, 429) or status >= 500 or (status == 400 and _kind(sighting) in _MALFORMED_REQUEST):
        return
    if status in (404, 410):
        if not reported:
            yield sighting.deviates(
                "auth.checked_late",
                status="401",
                expected="401, whether the id exists or not",
                observed=f"{status} with {_MEANS[_kind(sighting)]}",
                kind=str(status),
            )
    elif sighting.documented is not None or status == 400:
        yield sighting.deviates(
            "auth.not_401",
            status="401",
            expected="401",
            observed=f"{status} with {_MEANS[_kind(sighting)]}",
            kind=str(status),
        )


def _valid_refused(answered: Sequence[Sighting]) -> Iterator[Deviation]:
    """The valid token refused here and accepted there; a key that nothing accepts is a wrong key, not drift."""
    valid = [s for s in answered if s.authorised and s.exchange.probe.forced_status is None]
    if not any(_succeeded(s) or (s.answer and s.answer.status == 404) for s in valid):
        return
    refused = [s for s in valid if s.answer and s.answer.status == 401]
    subjects = {sighting.exchange.probe.subject for sighting in refused}
    for sighting in refused:
        if sighting.exchange.probe.subject in told_of(subjects):
            yield _refused(sighting, "auth.valid_refused", "any answer to an authorised request")
    for sighting in answered:
        lower = _kind(sighting) == "lower_case_scheme" and sighting.answer and sighting.answer.status == 401
        if lower and sighting.exchange.probe.subject not in subjects:
            yield _refused(sighting, "auth.lower_case_refused", "the answer that `Bearer` gets")


def _refused(sighting: Sighting, rule: str, expected: str) -> Deviation:
    kind = "refused" if rule == "auth.lower_case_refused" else sighting.exchange.probe.subject
    return sighting.deviates(rule, status="401", expected=expected, observed="401", kind=kind)

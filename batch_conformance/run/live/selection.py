"""What a selection of tests has to send: the requests that exercise its clauses, and those they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.exchange import Probe
from batch_conformance.probes.credentials import is_refused
from batch_conformance.probes.plan import ESSENTIAL, Plan

_Exercises = Callable[[Probe], bool]

_READS = ("known_ids", "lifecycle")
"""Chapters that only read batches that exist."""


def _in(*chapters: str) -> _Exercises:
    return lambda probe: probe.chapter in chapters


def _for(*subjects: str) -> _Exercises:
    return lambda probe: probe.subject in subjects


def _any(_probe: Probe) -> bool:
    return True


def _gets_a_batch(probe: Probe) -> bool:
    """Whether a batch may be answered where the server is right."""
    if probe.forced_status is not None:
        return probe.forced_status // 100 == 2
    return probe.subject in ("known", "equivalent") and not is_refused(probe.credential)


def _gets_an_error(probe: Probe) -> bool:
    """Whether an error may be answered to anything but a plain read of a batch that exists."""
    return probe.chapter not in _READS


def _gets_a(status: str) -> _Exercises:
    """Tells of a request whether it may be answered with a status that is an error.

    Where another status was asked for by ``Prefer``, it is not. A 404 is not the answer for a batch that exists.
    """

    def exercises(probe: Probe) -> bool:
        if probe.forced_status is not None and status.isdigit():
            return str(probe.forced_status) == status
        if status == "404":
            return probe.subject != "known" or probe.chapter == "authentication"
        return _gets_an_error(probe)

    return exercises


def _is_refused(probe: Probe) -> bool:
    """Whether a credential is to be refused, or the answer to that was asked for."""
    return probe.chapter == "authentication" or probe.forced_status == 401


def _has_the_token(probe: Probe) -> bool:
    """Whether a token that must be accepted comes with an id of some kind, in some spelling, or another method."""
    return probe.chapter in ("authentication", "known_ids", "unknown_ids", "methods") or probe.subject == "equivalent"


_BY_RULE: Mapping[str, _Exercises] = {
    "response.head_differs": _in("methods", *_READS, "unknown_ids"),
    "response.refused_input": lambda probe: probe.subject in ("hostile", "neighbour") or probe.chapter == "statuses",
    "response.not_acceptable": _in("representations"),
    "response.cache_public": _gets_a_batch,
    "response.retry_after": _gets_an_error,
    "response.undocumented_error": _gets_an_error,
    "method.allow_missing": _gets_an_error,
    "method.allow_refused": _gets_an_error,
    "json.unquoted": _gets_an_error,
    "body.another_object": _any,  # an error with the body of another one fails it too
    "security.trace_leaked": _gets_an_error,
    "security.internals_leaked": _gets_an_error,
    "security.header_injected": _for("hostile"),
    "method.undeclared_answered": _in("methods"),
    "auth.missing_accepted": _in("authentication"),
    "auth.wrong_token_accepted": _in("authentication"),
    "auth.scheme_accepted": _in("authentication"),
    "auth.elsewhere_accepted": _in("authentication"),
    # Compared with plain reads that come after it: a client may be locked out for a while.
    "auth.lower_case_refused": _in("authentication", "known_ids", "unknown_ids"),
    "auth.checked_late": _in("authentication"),
    "auth.not_401": _in("authentication", "known_ids", "unknown_ids"),
    "auth.challenge_missing": _is_refused,
    "auth.valid_refused": _has_the_token,
    "identity.other_batch": _gets_a_batch,
    "identity.unknown_answered": _for("unknown", "neighbour", "hostile"),
    "identity.neighbour_answered": _for("unknown", "neighbour", "equivalent"),
    "identity.traversal_answered": _for("unknown", "hostile", "neighbour", "outside"),
    "identity.list_answered": _for("outside"),
    "identity.spelling_redirected": _for("equivalent"),
}
"""The requests that say something of a rule. Of any other one, what its family or its status says."""
_OF_A_BATCH = ("time.", "state.", "counts.", "stability.", "value.", "body.enveloped")
_OF_A_PLACE = ("body.", "response.media_type", "response.header", "response.status")


def exercised_by(clause: Clause) -> _Exercises:
    """Tells of a request whether it may show how a clause fares."""
    known = _BY_RULE.get(clause.rule)
    if known is not None:
        return known
    if clause.rule.startswith(_OF_A_BATCH):
        return _gets_a_batch
    if clause.rule.startswith(_OF_A_PLACE) and clause.status:
        if clause.status.startswith("2"):
            return _gets_a_batch
        return _is_refused if clause.status == "401" else _gets_a(clause.status)
    return _any


def numbers_for(plan: Plan, clauses: Iterable[Clause], shown: Collection[str] = ()) -> frozenset[int]:
    """The numbers of the probes that exercise some clauses, and of those without which nothing can be judged.

    ``shown`` names further ones, as chapter and name: what showed a finding before.
    """
    needs = set(map(exercised_by, clauses))
    return frozenset(
        number
        for number, probe in enumerate(plan.probes)
        if number < ESSENTIAL or f"{probe.chapter}/{probe.name}" in shown or any(need(probe) for need in needs)
    )

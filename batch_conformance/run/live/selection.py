"""What a selection of tests has to send: the requests that exercise its clauses, and those they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.exchange import Probe
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
    """Whether a batch may be answered that exists."""
    return probe.subject in ("known", "equivalent") or (probe.forced_status or 0) // 100 == 2


def _gets_an_error(probe: Probe) -> bool:
    """Whether an error may be answered where the server is right."""
    return probe.chapter not in _READS


def _is_refused(probe: Probe) -> bool:
    """Whether a credential is to be refused, or the answer to that was asked for."""
    return probe.chapter == "authentication" or probe.forced_status == 401


_BY_RULE: Mapping[str, _Exercises] = {
    "response.head_differs": _in("methods", *_READS, "unknown_ids"),
    "response.refused_input": lambda probe: probe.subject in ("hostile", "neighbour") or probe.chapter == "statuses",
    "response.not_acceptable": _in("representations"),
    "response.cache_public": _gets_a_batch,
    "method.undeclared_answered": _in("methods"),
    "auth.missing_accepted": _in("authentication"),
    "auth.wrong_token_accepted": _in("authentication"),
    "auth.scheme_accepted": _in("authentication"),
    "auth.elsewhere_accepted": _in("authentication"),
    "auth.lower_case_refused": _in("authentication"),
    "auth.checked_late": _in("authentication"),
    "auth.not_401": _in("authentication", "known_ids", "unknown_ids"),
    "auth.challenge_missing": _is_refused,
    "identity.other_batch": _gets_a_batch,
    "identity.unknown_answered": _for("unknown", "neighbour", "hostile"),
    "identity.neighbour_answered": _for("unknown", "neighbour", "equivalent"),
    "identity.traversal_answered": _for("unknown", "hostile", "neighbour", "outside"),
    "identity.list_answered": _for("outside"),
    "identity.spelling_redirected": _for("equivalent"),
}
"""The requests that say something of a rule. Of any other one, what its family or its status says."""
_OF_A_BATCH = ("time.", "state.", "counts.", "stability.", "value.", "body.enveloped", "body.another_object")
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
        return _is_refused if clause.status == "401" else _gets_an_error
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

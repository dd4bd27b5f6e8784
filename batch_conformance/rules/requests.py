"""Which requests exercise a rule: what a selection of tests has to send for its clauses."""

from __future__ import annotations

from collections.abc import Callable

from batch_conformance.exchange.exchange import Probe

Requests = Callable[[Probe, str], bool]
"""Whether a probe may show how a rule fares at a clause, given the clause's status, empty where it has none."""

READS = ("known_ids", "lifecycle", "lists")
"""Chapters that only read what exists."""

_ACCEPTED = ("valid", "lower_case_scheme", "also_in_query")
"""Kinds of credential (``probes/credentials.py``) that a server has to accept, or may."""


def any_request(_probe: Probe, _status: str) -> bool:
    """Every request: the answer to each can break the rule."""
    return True


def in_chapters(*chapters: str) -> Requests:
    """The requests of some chapters of the plan."""
    return lambda probe, _: probe.chapter in chapters


def for_subjects(*subjects: str) -> Requests:
    """The requests for ids of some kinds (``Probe.subject``)."""
    return lambda probe, _: probe.subject in subjects


def is_odd(probe: Probe, _status: str) -> bool:
    """Requests with an odd id, or for a status that was asked for by name."""
    return probe.subject in ("hostile", "neighbour") or probe.chapter == "statuses"


def gets_a_batch(probe: Probe, _status: str) -> bool:
    """Requests that may be answered with a batch by a server that is right."""
    if probe.forced_status is not None:
        return probe.forced_status // 100 == 2
    return probe.subject in ("known", "equivalent") and probe.credential in _ACCEPTED


def gets_an_error(probe: Probe, _status: str) -> bool:
    """Requests that may be answered with an error: all but plain reads of a batch that exists."""
    return probe.chapter not in READS


def is_refused(probe: Probe, _status: str) -> bool:
    """Requests whose credential is to be refused, or that ask for the answer to that."""
    return probe.chapter == "authentication" or probe.forced_status == 401


def has_the_token(probe: Probe, _status: str) -> bool:
    """Requests with a token that must be accepted, for an id of some kind, in some spelling, or by another method."""
    return probe.chapter in ("authentication", "known_ids", "unknown_ids", "methods") or probe.subject == "equivalent"


def by_status(probe: Probe, status: str) -> bool:
    """Requests that may be answered with the clause's status by a server that is right.

    Where another status was asked for by ``Prefer``, they are not. A 404 is not the answer for a batch that exists.
    """
    if not status:
        return True
    if status.startswith("2"):
        return gets_a_batch(probe, status)
    if status == "401":
        return is_refused(probe, status)
    if probe.forced_status is not None and status.isdigit():
        return str(probe.forced_status) == status
    if status == "404":
        return probe.subject != "known" or probe.chapter == "authentication"
    return gets_an_error(probe, status)

"""The history of a batch: what was asked for it and answered, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from batch_conformance.exchange.exchange import ODD_REQUESTS
from batch_conformance.observation.observation import Observation, at

_OK = 200
_CLOCK = 0.002
"""Seconds to which two clocks, and what is written of them in thousandths, agree."""


@dataclass(frozen=True)
class BatchHistory:
    """The exchanges of one batch with the valid credential, GET and HEAD alike.

    Of recorded traffic the answers are reduced to what is compared. ``lengths`` has what ``judge.log.length_of`` says
    of each.
    """

    observations: Sequence[Observation]
    lengths: Sequence[Any]

    @cached_property
    def reads(self) -> tuple[Observation, ...]:
        """The plain reads by GET of an id that is known to exist."""
        return tuple(one for one in self.observations if _is_plain_read(one))

    @cached_property
    def batches(self) -> tuple[Observation, ...]:
        """The reads that were answered with the batch asked for, of those that overlap in time only the first.

        To compare with another batch would accuse both, and of two reads at once nobody knows which was served first.
        """
        return tuple(_in_turn([one for one in self.reads if one.batch is not None and _is_own(one)]))


def _is_plain_read(observation: Observation) -> bool:
    probe = observation.exchange.probe
    plain = observation.method == "GET" and observation.authorised and probe.forced_status is None
    if probe.chapter == ODD_REQUESTS and observation.exchange.status != _OK:
        return False
    return plain and probe.batch_id is not None and probe.subject in ("known", "equivalent")


def _is_own(read: Observation) -> bool:
    identity = read.operation.roles.identity
    answered = at(read.batch, identity) if identity is not None else None
    return not isinstance(answered, str) or answered == read.exchange.probe.batch_id


def _in_turn(reads: Sequence[Observation]) -> Iterator[Observation]:
    """The reads that were sent when the ones before had ended."""
    ended = float("-inf")
    for read in reads:
        if read.exchange.started_at >= ended - _CLOCK:
            ended = read.exchange.started_at + read.exchange.elapsed
            yield read

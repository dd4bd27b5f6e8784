"""What a batch says of itself: the stage that it is in, and those of its times that can be times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from batch_conformance.contract.roles import Roles, Stage
from batch_conformance.message import Message, Private, Template
from batch_conformance.observation.observation import Observation, at, derived, integer_at

_MOMENT = Template("time.moment", "{time} ({clock})")

EARLIEST = 1_262_304_000
"""2010-01-01: no batch of such an API is older. Unix seconds."""
LATEST = 4_102_444_800
"""2100-01-01. Unix seconds."""


def is_plausible(moment: int) -> bool:
    """Whether a number can be the time of a batch in Unix seconds."""
    return EARLIEST <= moment <= LATEST


@derived
def times_of(observation: Observation) -> Mapping[str, int]:
    """The times of a batch by their pointers, those left out that cannot be Unix seconds."""
    batch = observation.batch
    if batch is None:
        return {}
    found = ((pointer, integer_at(batch, pointer)) for pointer in observation.operation.roles.timestamps)
    return {pointer: moment for pointer, moment in found if moment is not None and is_plausible(moment)}


def stage_of(batch: Any, roles: Roles) -> Stage | None:
    """The stage that a batch says it is in, or None where the contract does not know it."""
    value = at(batch, roles.state) if roles.state else None
    return next((stage for stage in roles.stages if stage.value == value), None)


def moment(time: int) -> Message:
    """A time of a batch, in Unix seconds and as people read them."""
    return _MOMENT(time=Private(str(time)), clock=Private(clock(time)))


def clock(moment: int) -> str:
    """Unix seconds as people read them."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

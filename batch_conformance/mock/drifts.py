"""The catalogue: every drift, conforming variant and outage that the mock can be given by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from batch_conformance.input_error import InputError
from batch_conformance.message import Template
from batch_conformance.mock.catalogue import (
    access,
    batches,
    bodies,
    errors,
    heads,
    leaks,
    lists,
    odd_credentials,
    odd_requests,
    outages,
    protocol,
    rare,
    raw_heads,
    slips,
    spelled_ids,
    subtle,
    times,
    values,
    variants,
    variants_of_batches,
    variants_of_ids,
    variants_of_values,
)
from batch_conformance.mock.drift import Drift, in_order
from batch_conformance.mock.mutation import Mutation
from batch_conformance.near_miss import suggested

_NO_DRIFT_IS_NAMED_MOCK = Template(
    "drift_name.no_drift_is_named_mock", "no drift is named {name}{hint} (`mock --list-drifts` lists them)"
)

_FAMILIES = (
    bodies.DRIFTS,
    values.DRIFTS,
    times.DRIFTS,
    errors.DRIFTS,
    access.DRIFTS,
    protocol.DRIFTS,
    odd_credentials.DRIFTS,
    odd_requests.DRIFTS,
    heads.DRIFTS,
    raw_heads.DRIFTS,
    rare.DRIFTS,
    subtle.DRIFTS,
    slips.DRIFTS,
    spelled_ids.DRIFTS,
    leaks.DRIFTS,
    variants.VARIANTS,
    odd_requests.VARIANTS,
    variants_of_values.VARIANTS,
    variants_of_ids.VARIANTS,
    heads.VARIANTS,
    raw_heads.VARIANTS,
    outages.OUTAGES,
)

DRIFTS: dict[str, Drift] = {drift.name: drift for family in _FAMILIES for drift in family}
"""Every entry by its name, in the order of the catalogue."""

OF_LISTS: dict[str, Drift] = {drift.name: drift for drift in (*lists.LIST_DRIFTS, *lists.LIST_VARIANTS)}
"""Those that only a mock with lists can show."""

OF_BATCHES: dict[str, Drift] = {
    drift.name: drift for drift in (*batches.BATCH_DRIFTS, *variants_of_batches.BATCH_VARIANTS)
}
"""Those that only a mock can show that runs batches."""


class DriftError(InputError):
    """A name that no drift has. Its text is one line that names what there is."""


def select(names: Iterable[str]) -> tuple[Drift, ...]:
    """The drifts of these names, in the order in which they apply. Raises ``DriftError`` for an unknown name."""
    wanted = tuple(dict.fromkeys(names))
    known = {**DRIFTS, **OF_LISTS, **OF_BATCHES}
    for name in wanted:
        if name not in known:
            raise DriftError(_NO_DRIFT_IS_NAMED_MOCK(name=f"{name!r}", hint=suggested(name, known)))
    return in_order(known[name] for name in wanted)


def built(asked: Iterable[str | Mapping[str, Any]]) -> tuple[Drift, ...]:
    """The drifts of these names and of these mutations, the latter as plain values. Raises ``DriftError``."""
    listed = list(asked)
    named = select(one for one in listed if isinstance(one, str))
    return in_order((*named, *(Mutation.from_dict(one).drift() for one in listed if not isinstance(one, str))))

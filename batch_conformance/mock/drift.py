"""A drift: one named way in which the mock leaves the contract, and where that must be found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import Batch, Style

Apply = Callable[[ReceivedRequest, Reply], Reply]
SampleBatches = tuple[Batch, ...]

Stage = Literal["answer", "value", "text", "wire"]
"""When a drift applies. answer: which answer is given; value: what its JSON says; text: its bytes and headers; wire:
how it is sent, after compression. Stages run in this order, so that drifts of different stages can be combined."""

STAGES: tuple[Stage, ...] = ("answer", "value", "text", "wire")

Verdict = Literal["drift", "conforms", "inconclusive"]

Group = Literal["derived", "experience", "variant", "outage"]
"""derived: computed from the clauses of a contract; experience: seen somewhere, or foreseen; variant: another way to
conform; outage: nothing can be said of a server in this state."""


@dataclass(frozen=True)
class Drift:
    """One deviation.

    ``rule``, ``status`` and ``pointer`` name the finding that it must bring, all empty where it must bring none;
    ``verdict`` is that of a run against it. ``source`` says what makes it a deviation: the document, a standard, or a
    report of it. ``apply`` makes the reply to a received request from the reply that would have been given; it is pure.

    ``also`` are rules of further findings that the one cause cannot but bring, and ``because`` says why where they are
    many. ``style`` is how the mock has to write unset values, if that matters; ``batches`` makes other samples of the
    mock's own, and ``behaviour`` has what is to be another in how it runs batches. ``whole`` says that it takes the
    place of so many answers that little else can be seen beside it, ``silent`` that some requests are never answered.
    """

    name: str
    title: str
    rule: str
    status: str
    pointer: str
    source: str
    stage: Stage
    apply: Apply
    verdict: Verdict = "drift"
    group: Group = "experience"
    also: tuple[str, ...] = ()
    because: str = ""
    style: Style | None = None
    batches: Callable[[SampleBatches], SampleBatches] | None = None
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False
    silent: bool = False


def in_order(drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    """Drifts by their stage; those of one stage as given."""
    return tuple(sorted(drifts, key=lambda drift: STAGES.index(drift.stage)))

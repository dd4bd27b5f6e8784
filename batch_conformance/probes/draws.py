"""Draws values from Hypothesis strategies as a list: repeatable, without a database, without shrinking.

Hypothesis' own ``derandomize`` ignores a seed, and its generator mixes in literals from whatever local modules happen
to be imported, so that one seed would give one plan under pytest and another on the command line. Here a seed is
always set, and the provider in use draws no such literals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

Value = TypeVar("Value")

_BACKEND = "batch-conformance"
_ROUNDS = 6


class RepeatableProvider(HypothesisProvider):
    """Hypothesis' generator without the literals that it gathers from imported modules."""

    def _maybe_draw_constant(self, *_arguments: Any, **_options: Any) -> None:
        return None


def draw(
    strategy: SearchStrategy[Value],
    count: int,
    seed: int | None,
    salt: str,
    *,
    key: Callable[[Value], object] = lambda value: value,
) -> list[Value]:
    """``count`` values of a strategy, distinct by ``key``; fewer only where the strategy has no more to give.

    The same seed and salt always give the same values, in any process; ``None`` is a seed of its own. ``salt`` keeps
    two uses of one strategy apart. The simplest value, which every seed shares, is left out where others do.
    """
    if count <= 0:
        return []
    simplest: dict[object, Value] = {}
    found: dict[object, Value] = {}
    for attempt in range(_ROUNDS):
        # A quarter more than asked, for those that turn out the same; rarely another round is needed.
        first, *others = _examples(strategy, count + count // 4 + 2, _derive(seed, salt, attempt))
        simplest[key(first)] = first
        for value in others:
            found.setdefault(key(value), value)
        if len(found.keys() - simplest.keys()) >= count:
            break
    found = {name: value for name, value in found.items() if name not in simplest} | simplest
    return list(found.values())[:count]


def _derive(seed: int | None, salt: str, attempt: int) -> int:
    digest = hashlib.blake2b(f"{seed}/{salt}/{attempt}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _examples(strategy: SearchStrategy[Value], count: int, seed: int) -> list[Value]:
    AVAILABLE_PROVIDERS.setdefault(_BACKEND, RepeatableProvider)
    values: list[Value] = []

    @hypothesis_seed(seed)
    @settings(
        max_examples=count,
        backend=_BACKEND,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate,),
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(value: Value) -> None:
        values.append(value)

    collect()
    return values

"""Which hostile ids a plan of standard size has: some of the table always, words and numbers by seed, expressions."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from batch_conformance.probes import batch_ids
from batch_conformance.probes.batch_ids import SpelledId, spell
from batch_conformance.probes.segment import encode_segment

_OF_TABLE = 16
_WORDS_DRAWN, _NUMBERS_DRAWN = 3, 1
_PRIMES = (45_989, 46_021, 46_027, 46_049, 46_051, 46_061, 46_073, 46_091, 46_093, 46_099, 46_103, 46_133)
_MORE_PRIMES = (46_141, 46_147, 46_153, 46_171, 46_181, 46_183, 46_187, 46_199, 46_219, 46_229, 46_237, 46_261)
"""Their products have ten digits, are below 2^31, which not every language exceeds, and are no time of this decade."""


def choose_hostile(seed: int | None, *, on_known: bool) -> tuple[SpelledId, ...]:
    """The hostile ids of a plan, all kinds mixed; ``on_known`` says that spellings of a known id are asked for too."""
    table = {one.name: one for one in batch_ids.hostile_table()}
    apart = {*batch_ids.WORDS[0], *batch_ids.WORDS[1], *batch_ids.NUMBERS[0], *batch_ids.NUMBERS[1]}
    apart |= batch_ids.ON_KNOWN if on_known else frozenset()
    of_table = [name for name in table if name not in apart]
    names = [*_chosen(batch_ids.WORDS, _WORDS_DRAWN, f"{seed}/words")]
    names += _chosen(batch_ids.NUMBERS, _NUMBERS_DRAWN, f"{seed}/numbers")
    names += of_table[: _OF_TABLE if on_known else _OF_TABLE + len(batch_ids.ON_KNOWN) // 2]
    return (*(table[name] for name in names), *expressions(seed))


def expressions(seed: int | None) -> tuple[SpelledId, ...]:
    """Products of two primes in the syntax of expression languages: who answers with the product has computed it."""
    drawn = Random(f"{seed}/expressions")
    one, other = drawn.choice(_PRIMES), drawn.choice(_MORE_PRIMES)
    product = f"{one}*{other}"
    table = {
        "expression_braces": f"{{{{{product}}}}}",
        "expression_dollar": f"${{{product}}}",
        "expression_hash": f"#{{{product}}}",
        # Of syntaxes that are no beginning of each other, any that is evaluated shows.
        "expression_others": f"<%={product}%>@({product})%{{{product}}}*{{{product}}}$(({product}))",
    }
    return tuple(spell(name, encode_segment(text)) for name, text in table.items())


def _chosen(names: tuple[Sequence[str], Sequence[str]], drawn: int, salt: str) -> list[str]:
    always, others = names
    return [*always, *sorted(Random(salt).sample(others, drawn), key=others.index)]

"""A cheap check of the texts of a body for the rules that look at what is written in them."""

from __future__ import annotations

import re
from itertools import chain

from batch_conformance.contract.pointer import escape
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.leak_patterns import says_nothing, strings_in
from batch_conformance.rules.name_patterns import malformed
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck

_NOT_PLAIN = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200b\ufeff&{<%'\"(\\\\[@:.]")
"""Some of this, or ``0x``, is in every text that ``malformed`` or ``may_speak`` says something of."""


def surely_plain(alike: AlikeBodies) -> tuple[BodiesCheck, ...]:
    """Checks that hold only where no name of bodies is malformed, and no text shows something of the server."""
    free = alike.roles.free_maps
    held = {"/" + escape(name): value for name, value in alike.body.items()}
    texts = tuple(pointer for pointer, value in held.items() if pointer not in free and type(value) is str)
    others = [pointer for pointer in held if pointer not in free and pointer not in texts]
    inner = tuple(pointer for pointer in others if any(strings_in(held[pointer], pointer, free, 1, of_lines=True)))
    outer = frozenset(pointer for pointer in alike.roles.names if pointer.count("/") == 1)
    nested = tuple(pointer for pointer in alike.roles.names if pointer not in outer)

    def are_plain(columns: Columns) -> bool:
        written = "_".join(chain.from_iterable(map(columns.different, texts)))
        # The first of the two is faster, and true of most.
        plain = written.replace("-", "_").replace("/", "_").isidentifier() or _NOT_PLAIN.search(written) is None
        if plain and "0x" not in written:
            return True
        for pointer in texts:
            for text in set(columns.different(pointer)):
                if (pointer in outer and malformed(pointer, text)) or not says_nothing(text):
                    return False
        return True

    def are_plain_inside(columns: Columns) -> bool:
        for pointer in nested:
            if any(isinstance(text, str) and malformed(pointer, text) for text in columns.different(pointer)):
                return False
        return all(
            says_nothing(text)
            for pointer in inner
            for value in columns.different(pointer)
            for _, text in strings_in(value, pointer, free, 1)
        )

    return (*((are_plain,) if texts else ()), *((are_plain_inside,) if inner or nested else ()))

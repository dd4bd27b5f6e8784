"""A cheap check of the texts of a body for the rules that look at what is written in them."""

from __future__ import annotations

import re

from batch_conformance.contract.pointer import escape, unescape
from batch_conformance.observation.observation import at
from batch_conformance.rules.leak_patterns import says_nothing, strings_in
from batch_conformance.rules.name_patterns import malformed
from batch_conformance.rules.rule import AlikeBodies, Body, BodyCheck, values_of

_NOT_PLAIN = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200b\ufeff&{<%'\"(\\\\[@:.]")
"""Some of this, or ``0x``, is in every text that ``malformed`` or ``may_speak`` says something of."""


def surely_plain(alike: AlikeBodies) -> tuple[BodyCheck, ...]:
    """Checks that hold only where no name of a body is malformed, and no text shows something of the server."""
    body, free = alike.body, alike.roles.free_maps
    held = {name: value for name, value in body.items() if "/" + escape(name) not in free}
    texts = tuple(name for name, value in held.items() if type(value) is str)
    inner = tuple(name for name in held if name not in texts and _inside(name, body, alike, of_lines=True))
    outer = {unescape(one[1:]): one for one in alike.roles.names if one.count("/") == 1}
    nested = tuple(one for one in alike.roles.names if one.count("/") > 1)
    texts_of = values_of(texts)

    def are_plain(body: Body) -> bool:
        written = "_".join(texts_of(body))
        # The first of the two is faster, and true of most.
        plain = written.replace("-", "_").replace("/", "_").isidentifier() or _NOT_PLAIN.search(written) is None
        if plain and "0x" not in written:
            return True
        for name in texts:
            if (name in outer and malformed(outer[name], body[name])) or not says_nothing(body[name]):
                return False
        return True

    def are_plain_inside(body: Body) -> bool:
        if any(isinstance(text := at(body, one), str) and malformed(one, text) for one in nested):
            return False
        return all(says_nothing(text) for name in inner for text in _inside(name, body, alike))

    return (*((are_plain,) if texts else ()), *((are_plain_inside,) if inner or nested else ()))


def _inside(name: str, body: Body, alike: AlikeBodies, *, of_lines: bool = False) -> list[str]:
    found = strings_in(body[name], "/" + escape(name), alike.roles.free_maps, 1, of_lines=of_lines)
    return [text for _, text in found]

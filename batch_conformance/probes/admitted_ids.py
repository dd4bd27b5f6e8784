"""Ids that nobody has and that keep the schema of the path's parameter, so that a 404 is the answer to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from batch_conformance.contract.parameter import PathParameter
from batch_conformance.probes.batch_ids import PLAIN, unknown_strategies
from batch_conformance.probes.draws import draw
from batch_conformance.probes.generated import GenerationError, values_of

_TRIED = 8
_LONG = 12
"""Ids of so many characters need not be asked to be longer."""
_UNLIKELY: tuple[Mapping[str, Any], ...] = (
    {"minLength": 24, "minimum": 10**12, "maximum": 2**53 - 1},
    {"minLength": 12, "minimum": 2**30, "maximum": 2**31 - 1},
    {"minLength": 6, "minimum": 10**6},
)
"""What is asked of an id beside its schema, as far as that allows it: long ones and large numbers are nobody's.

2**53 - 1 is the largest number that every JSON reader has (RFC 8259 section 6), 2**31 - 1 that of ``int32``.
"""
_OF_ANY_SERVICE = frozenset({"uuid", "number", "ulid"})
"""Usual shapes that no known id has to teach; drawing them is quicker than drawing from a schema that admits them."""
_PLAIN = {"pattern": f"^{PLAIN.pattern.removesuffix(chr(92) + 'Z')}$"}

Ids = st.SearchStrategy[str]


def unknown_ids(known: Sequence[str], parameter: PathParameter | None) -> dict[str, Ids]:
    """Plain ids that nobody has, by name: those of ``batch_ids.unknown_strategies`` that the parameter admits.

    Where ids of the shape of the known ones are not admitted, ``same_shape`` are others that are. Where there are none,
    as with an ``enum`` of known ids, the ids are those of a parameter that says nothing.
    """
    usual = unknown_strategies(known)
    if parameter is None or not parameter.narrows:
        return usual
    kept = {name: ids.filter(parameter.admits) for name, ids in usual.items() if _holds(ids, parameter.admits)}
    if "same_shape" not in kept:
        made = ids_of(parameter, known)
        if made is None:
            return usual
        kept = {"same_shape": made, **kept}
    return kept


def ids_of(parameter: PathParameter, taken: Sequence[str]) -> Ids | None:
    """Ids that a parameter admits, neither taken nor shown in the document; long and plain ones if it admits such.

    None where there are none.
    """
    lowered = {identifier.lower() for identifier in (*taken, *parameter.shown)}

    def is_free(text: str) -> bool:
        return text.lower() not in lowered and parameter.admits(text)

    def is_plain(text: str) -> bool:
        return is_free(text) and PLAIN.match(text) is not None

    own = list(_candidates(parameter, {}))
    shown = [_some(ids) for ids in own]
    if not any(shown):
        return None
    if shown[0] and all(is_plain(text) and len(text) >= _LONG for text in shown[0]):
        return own[0].filter(is_plain)
    usual = [ids for name, ids in unknown_strategies(taken).items() if name in _OF_ANY_SERVICE]
    odd: Ids | None = None
    for ids in chain(usual, *(_candidates(parameter, asked) for asked in _UNLIKELY), own):
        some = _some(ids)
        if some and all(map(is_plain, some)):
            return ids.filter(is_plain)
        if odd is None and some and all(map(is_free, some)):
            odd = ids.filter(is_free)
    return odd


def _candidates(parameter: PathParameter, asked: Mapping[str, Any]) -> Iterator[Ids]:
    """Ids that the schema itself has and that keep what is ``asked`` of them; then those of them that are plain."""
    for more in (asked, {**asked, **_PLAIN}):
        try:
            yield values_of(parameter.schema, more).filter(_has_text).map(_text)
        except GenerationError:
            continue


def _holds(ids: Ids, fits: Callable[[str], bool]) -> bool:
    """Whether all of some ids fit."""
    some = _some(ids)
    return bool(some) and all(map(fits, some))


def _some(ids: Ids) -> list[str]:
    """Some ids; none where there are none at all, or they are too rare to be found."""
    try:
        return draw(ids, _TRIED, None, "tried")
    except HypothesisException:
        return []


def _has_text(value: Any) -> bool:
    """Whether a value can stand in a path: a dot segment would lead elsewhere (RFC 3986 section 5.2.4)."""
    return isinstance(value, int | float) or (isinstance(value, str) and value not in ("", ".", ".."))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

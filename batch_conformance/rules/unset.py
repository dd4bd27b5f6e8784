"""Texts that stand for no value: what languages and exports print where there is none."""

from __future__ import annotations

WORDS_FOR_UNSET = frozenset(
    {"null", "NULL", "None", "nil", "undefined", "NaN", "<nil>", "<null>", "(null)", "<no value>"}
)
"""What languages print for no value: as the text of a value it was never meant."""

IDS_FOR_UNSET = frozenset(
    {
        *("0", "-1", "-", "N/A", "n/a", "none", "NONE", "[]", "{}"),
        *("00000000-0000-0000-0000-000000000000", "0" * 32),
    }
)
"""What stands for no id or address: zero, words, empty containers, and the nil UUID of RFC 9562 section 5.9."""

FOR_UNSET = WORDS_FOR_UNSET | IDS_FOR_UNSET | {""}


def stands_for_unset(value: object) -> bool:
    """Whether a text stands for no value: that is told, and what follows it is no change."""
    return isinstance(value, str) and value in FOR_UNSET

"""Numbers as they are written, in decimal digits: a float is near 0.07, and JSON's 0.07 is a multiple of 0.01."""

from __future__ import annotations

import math
from fractions import Fraction


def exact(number: int | float) -> Fraction:
    """The decimal number that a finite float was written as, with the fewest digits that tell it from others."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def is_multiple(number: int | float, divisor: int | float) -> bool:
    """Whether a division gives a whole number (JSON Schema validation, section 6.2.1); no infinite number does."""
    if isinstance(number, float) and not math.isfinite(number):
        return False
    return exact(number) % exact(divisor) == 0

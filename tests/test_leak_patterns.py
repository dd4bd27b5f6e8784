"""The patterns of what no answer may show: each of their alternatives is shown by a case."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from cases_leaks import CASES

from batch_conformance.rules import leak_patterns

PATTERNS = ("_TRACES", "_CODE", "_INTERNALS", "_HOSTS", "_TOKENS")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""An escaped character, a class of characters, or one character of a pattern."""


def alternatives(pattern: re.Pattern[str]) -> Iterator[re.Pattern[str]]:
    """What a pattern has between the bars that are in no group, each as a pattern."""
    depth, parts = 0, [""]
    for token in _TOKEN.findall(pattern.pattern):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += token
    return (re.compile(part, pattern.flags) for part in parts)


def texts() -> Iterator[str]:
    """All that the answers show that break a rule about leaks."""
    for exchange in (one for case in CASES.values() for run in case.breaks for one in run):
        if exchange.response is None:
            continue
        yield from (value for _, value in exchange.response.headers)
        body = exchange.response.body.decode("utf-8", "replace")
        try:
            yield from (text for _, text in leak_patterns.strings_in(json.loads(body), "", set(), of_lines=True))
        except ValueError:
            yield body


SHOWN = tuple(texts())


@pytest.mark.parametrize(
    "alternative",
    [
        pytest.param(one, id=f"{name}-{place}-{number}")
        for name in PATTERNS
        for place, pattern in enumerate(getattr(leak_patterns, name))
        for number, one in enumerate(alternatives(pattern))
    ],
)
def test_each_alternative_of_a_pattern_is_shown_by_a_case(alternative: re.Pattern[str]) -> None:
    assert any(alternative.search(text) for text in SHOWN), "add what it finds to the cases in tests/cases_leaks.py"

"""The rule about expressions in an id: text of a client is data, and nothing of it is computed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batch_conformance.message import Private, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import at_observed_text
from batch_conformance.rules.requests import for_subjects
from batch_conformance.rules.rule import Broken, Rule, has_id, where

_NOT_COMPUTED = Template("security.expression_evaluated.expected", "nothing of an id is computed")
_COMPUTED = Template("security.expression_evaluated.observed", "{text}, which is {expression}, in the {place}")
_UNSEEN = Template(
    "security.expression_evaluated.unseen",
    "no id with an expression was sent: those go to this machine, or with --exploration thorough",
)

_PRODUCT = re.compile(r"(?<!\d)(\d{4,9})\*(\d{4,9})(?!\d)")
"""Products of factors so large that nothing else has the result."""

_GROUPED = re.compile("(?<=\\d)[,.'\u00a0\u202f\u2009_ ](?=\\d{3}(?!\\d))")
"""What stands between groups of digits where numbers are written for people."""

_LOOKED_AT = 65536


def _products(asked: str) -> Iterator[tuple[str, str]]:
    """The products in an id, each with its result."""
    if "*" in asked and len(asked) <= _LOOKED_AT:
        for found in dict.fromkeys(_PRODUCT.findall(asked)):
            yield "*".join(found), str(int(found[0]) * int(found[1]))


def _check(observation: Observation) -> Iterator[Broken]:
    answer, asked = observation.answer, observation.exchange.probe.batch_id or ""
    if answer is None:
        return
    for expression, result in _products(asked):
        if result in asked:
            continue
        places = {"body": answer.body[:_LOOKED_AT].decode("utf-8", "replace")}
        places |= {f"header {name}": value for name, value in answer.headers}
        for place, text in places.items():
            if _has_number(text, result):
                told = _COMPUTED(text=Private(result), expression=Private(expression), place=place)
                yield Broken(_NOT_COMPUTED(), told, "computed", status="")
                return


def _has_number(text: str, number: str) -> bool:
    """Whether a number stands in a text, as it is or in groups of three digits."""
    alone = re.compile(rf"(?<!\d){number}(?!\d)")
    return alone.search(text) is not None or alone.search(_GROUPED.sub("", text)) is not None


def _would_compute(observation: Observation) -> bool:
    return observation.answer is not None and any(_products(observation.exchange.probe.batch_id or ""))


EXPRESSION_EVALUATED = Rule(
    id="security.expression_evaluated",
    title="An expression in an id is computed",
    level="should",
    side="server",
    why="Who can have the server compute a product can have it run code: a template is made of the id.",
    remedy="Give texts of clients to templates as values, and never as a part of the template.",
    source="CWE-1336, CWE-917",
    breaks="no such batch: 2116459769 for the id {{45989*46021}}",
    keeps="no such batch: {{45989*46021}}",
    clauses=where(has_id, Template("security.expression_evaluated.clause", "no expression in an id is computed")),
    exercised=_would_compute,
    concern="leak",
    check=_check,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_observed_text,
    unseen=_UNSEEN,
    requests=for_subjects("hostile"),
    covers=(("what must not be shown", "results of expressions"),),
)

RULES = (EXPRESSION_EVALUATED,)

"""What is said of each credential that a server has to refuse, and which wider hole says it better.

Written to ``data/credentials.json`` by ``python tests/test_odd_credentials.py``; look at the difference before it is
kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from judge_support import COMPLETED, contract, findings, in_order, refused, sent
from test_judge_words import worded

from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange
from batch_conformance.judge.facts import Facts
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.authentication import RULE_OF_CREDENTIAL
from batch_conformance.rules.odd_credentials import ODD_CREDENTIALS

TOLD = Path(__file__).parent / "data" / "credentials.json"


def let_in(credential: str, body: Any = COMPLETED, **more: Any) -> Exchange:
    chapter = ODD_REQUESTS if credential in ODD_CREDENTIALS else "authentication"
    return sent(body, credential=credential, chapter=chapter, **more)


def explained_by(credential: str) -> list[str]:
    """The credentials that a server lets in as well where that is the wider hole."""
    wider = []
    for other in RULE_OF_CREDENTIAL:
        facts = Facts()
        for exchange in in_order(let_in(credential), let_in(other)):
            facts.add(Observation(exchange, contract()))
        if other != credential and facts.explains(credential):
            wider.append(other)
    return wider


def told(credential: str) -> dict[str, Any]:
    """What is said where a credential is let in: alone, with another object, and by which others it is explained."""
    another = {"code": 0, "message": "ok", "data": None}
    return {
        "alone": worded(one for one in findings(sent(), let_in(credential), info=True) if one.rule != "body.seen"),
        "another object": [one.rule for one in findings(sent(), let_in(credential, another))],
        "explained by": explained_by(credential),
    }


@pytest.mark.parametrize("credential", RULE_OF_CREDENTIAL)
def test_a_credential_that_is_let_in_is_told_as_ever(credential: str) -> None:
    assert told(credential) == json.loads(TOLD.read_text("utf-8")).get(credential), (
        "if this is meant, run `python tests/test_odd_credentials.py` and look at the difference"
    )


@pytest.mark.parametrize("credential", RULE_OF_CREDENTIAL)
def test_a_credential_that_is_refused_is_nothing_to_tell(credential: str) -> None:
    chapter = ODD_REQUESTS if credential in ODD_CREDENTIALS else "authentication"
    assert findings(sent(), refused(credential=credential, chapter=chapter)) == ()


if __name__ == "__main__":
    lines = (f"{json.dumps(one)}: {json.dumps(told(one), ensure_ascii=False)}" for one in RULE_OF_CREDENTIAL)
    TOLD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

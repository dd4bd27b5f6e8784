"""A batch is cancelled by DELETE where its operationId, or the vendor's profile, says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from mock_support import KEY, serving
from operation_support import write
from test_making import TICK
from test_named_ids import DOCUMENT, STATES

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.profile import Profile, profile_from
from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.followed import judge_followed
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.journal import Journal
from batch_conformance.run.live.making import make_batches
from batch_conformance.run.vendors import contract_for


def document(operation_id: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    cancel = data["paths"].pop("/batches/{batch_id}/cancel")["post"]
    cancel["operationId"] = operation_id
    data["paths"]["/batches/{batch_id}"]["delete"] = cancel
    for path, method in (("/batches", "post"), ("/batches/{batch_id}", "get"), ("/batches/{batch_id}", "delete")):
        answer = data["paths"][path][method]["responses"]["200"]
        answer["content"]["application/json"]["schema"]["properties"]["status"]["enum"] = STATES
    return data


def test_the_operation_id_says_so_and_the_batch_is_cancelled_by_it(tmp_path: Path) -> None:
    file = write(tmp_path, document("cancelBatch"))
    contract = load_contract(file, choice=OperationChoice(operations="all"))
    with serving(mock_spec=mock_spec_of(contract), tick=TICK) as port:
        url = f"http://127.0.0.1:{port}/v1"
        with Target(url, KEY, present, retries=0) as target:
            journal = Journal(url, contract.document.sha256, "any", "0123abcd")
            made = make_batches(target, contract, None, journal, seconds=20.0, sleep=lambda _: None)
    ledger = judge_followed(Ledger(), contract, made.writes, made.followed, made.missing)
    assert [(one.rule, one.pointer) for one in ledger.findings if one.level != "info"] == []
    assert {one.probe.method for one in made.writes if one.probe.name.startswith("cancel_")} == {"DELETE"}
    assert [batch.end is not None for batch in made.followed.batches] == [True, True]
    assert "is cancelled" in " ".join(str(one) for one in made.said)


PROFILE = {
    "title": "One",
    "address": {"source": "https://one.example/docs"},
    "contract": {"name": "openai", "source": "https://one.example/docs"},
    "operations": {"cancel": "DELETE /batches/{batch_id}", "source": "https://one.example/docs"},
}


@pytest.mark.parametrize(("profile", "method"), [(profile_from(PROFILE, "one"), "DELETE"), (None, None)])
def test_a_profile_says_so_where_the_document_does_not(tmp_path: Path, profile: Profile | None, method: str) -> None:
    file = write(tmp_path, document("removeBatch"))
    contract = contract_for(profile and replace(profile, path=""), file, "documented", (), operations="all")
    cancel = contract.write("cancel")
    assert (cancel.method if cancel is not None else None) == method


def test_what_is_named_by_the_option_counts_before_the_profile(tmp_path: Path) -> None:
    data = document("removeBatch")
    data["paths"]["/batches/{batch_id}/stop"] = {
        "post": {**data["paths"]["/batches/{batch_id}"]["delete"], "operationId": "stop"}
    }
    file = write(tmp_path, data)
    named = "cancel=POST /batches/{batch_id}/stop"
    contract = contract_for(profile_from(PROFILE, "one"), file, "documented", (), named, operations="all")
    cancel = contract.write("cancel")
    assert cancel is not None
    assert cancel.path == "/batches/{batch_id}/stop"

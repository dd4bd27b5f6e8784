"""What names a batch need not be called ``id``: the document says so by its path, an ``x-roles`` or a link."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from mock_support import KEY, serving
from operation_support import write
from test_making import TICK

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.followed import judge_followed
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.journal import Journal
from batch_conformance.run.live.making import make_batches

DOCUMENT = Path(__file__).parents[1] / "spec" / "siliconflow-batch-api.yaml"
STATES = ["in_queue", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"]
OF_BATCHES = (("/batches", "post"), ("/batches/{batch_id}", "get"), ("/batches/{batch_id}/cancel", "post"))


def document(name: str, *, marked: bool = False, linked: bool = False) -> dict[str, Any]:
    """The batch API with another member for the id of a batch."""
    data: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    listed = _schema_of(data, "/batches", "get")["properties"]["data"]["items"]
    for schema in (listed, *(_schema_of(data, path, method) for path, method in OF_BATCHES)):
        schema["properties"] = {name if key == "id" else key: value for key, value in schema["properties"].items()}
        schema["properties"]["status"]["enum"] = STATES
        if marked and not (linked and schema is _schema_of(data, "/batches", "post")):
            schema["x-roles"] = {"identity": f"/{name}"}
    if linked:
        answer = data["paths"]["/batches"]["post"]["responses"]["200"]
        answer["links"] = {"read": {"parameters": {"batch_id": f"$response.body#/{name}"}}}
    return data


def _schema_of(data: Mapping[str, Any], path: str, method: str) -> Any:
    answer = data["paths"][path][method]["responses"]["200"]
    return answer["content"]["application/json"]["schema"]


@pytest.mark.parametrize(
    ("name", "marks"),
    [("batch_id", {}), ("name", {"marked": True}), ("job", {"marked": True, "linked": True})],
)
def test_a_batch_is_followed_by_the_member_that_names_it(tmp_path: Path, name: str, marks: dict[str, bool]) -> None:
    file = write(tmp_path, document(name, **marks))
    contract = load_contract(file, choice=OperationChoice(operations="all"))
    with serving(mock_spec=mock_spec_of(contract), tick=TICK) as port:
        url = f"http://127.0.0.1:{port}/v1"
        with Target(url, KEY, present, retries=0) as target:
            journal = Journal(url, contract.document.sha256, "any", "0123abcd")
            made = make_batches(target, contract, None, journal, seconds=20.0, sleep=lambda _: None)
    ledger = judge_followed(Ledger(), contract, made.writes, made.followed, made.missing)
    assert made.missing == ()
    assert len(made.batch_ids) == 2
    assert [(one.rule, one.pointer) for one in ledger.findings if one.level != "info"] == []


def test_a_link_says_where_the_id_of_what_was_made_is(tmp_path: Path) -> None:
    file = write(tmp_path, document("job", marked=True, linked=True))
    contract = load_contract(file, choice=OperationChoice(operations="all"))
    created = contract.write("create")
    assert created is not None
    assert created.roles.identity == "/job"

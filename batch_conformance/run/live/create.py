"""Creation: makes one small batch by the vendor's documented calls, and follows it to its end.

The only requests of this tool that change anything at the target; sent only when asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.profile import Profile, batches_path
from batch_conformance.exchange.target import Target
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template
from batch_conformance.observation.strict_json import parse
from batch_conformance.probes.plan import JSON
from batch_conformance.probes.segment import encode_segment
from batch_conformance.rules.batch import stage_of

_COST = Template(
    "create.cost",
    "--create uploads a file of one line and makes one batch of it: one chat completion of {model}, at most 1 token of "
    "output, which the vendor bills; nothing is deleted afterwards.",
)
_OTHER_CALLS = Template(
    "create.other_calls", "--create: {vendor} makes its batches by other calls; give --batch-id instead"
)
_BATCH_WITHOUT_ID = Template(
    "create.batch_without_id", "--create: the answer to the new batch has no id that can be read"
)
_UPLOAD_WITHOUT_ID = Template(
    "create.upload_without_id", "--create: the answer to the upload has no id that can be read"
)
_NOT_ANSWERED = Template("create.not_answered", "--create: POST {path} was not answered ({why})")
_ANSWERED = Template("create.answered", "--create: POST {path} answered {status}: {body}")
_NOTHING = Template("create.nothing", "nothing")
_NO_OBJECT = Template("create.no_object", "--create: POST {path} answered something that is no object")
_UNKNOWN_STATE = Template("create.unknown_state", "a state that is not known")
_ENDED = Template("create.ended", "--create made {id}, which ended {state}.")
_GOES_ON = Template(
    "create.goes_on", "--create made {id}, which was {state} after {seconds} s; it goes on at the vendor."
)

ENDPOINT = "/v1/chat/completions"
WINDOW = "24h"
FIRST_NUMBER = 9_000_000
"""The numbers of the polls, apart from those of any plan."""

_BOUNDARY = "batch-conformance-one-line"
_MOST_POLLS = 20
_LONGEST_ID = 512


class CreationError(InputError):
    """No batch could be made. ``reason`` says which call failed, and how."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Creation:
    """A batch that was made: ``polls`` are the reads of it until its end, or until time was up; ``note`` tells it."""

    batch_id: str
    polls: tuple[Exchange, ...]
    note: Message


def cost(model: str) -> Message:
    """What the creation does at the vendor, in one sentence."""
    return _COST(model=model)


def create(
    target: Target,
    contract: Contract,
    profile: Profile | None,
    *,
    model: str,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Creation:
    """Upload a line, make a batch of it, and read it until its end, for at most ``seconds``.

    Raises ``CreationError`` and ``BudgetExhausted``.
    """
    if profile is not None and profile.another_object:
        raise CreationError(_OTHER_CALLS(vendor=profile.title))
    endpoint = (profile.create_endpoint if profile else "") or ENDPOINT
    window = (profile.create_window if profile else "") or WINDOW
    file_id = _upload(target, endpoint, model)
    asked = {"input_file_id": file_id, "endpoint": endpoint, "completion_window": window}
    made = _post(target, batches_path(contract.chosen.path), "application/json", json.dumps(asked).encode())
    batch_id = _identity(made, contract)
    if batch_id is None:
        raise CreationError(_BATCH_WITHOUT_ID())
    return _follow(target, contract, batch_id, seconds, sleep)


def _upload(target: Target, endpoint: str, model: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}
    line = json.dumps({"custom_id": "one", "method": "POST", "url": endpoint, "body": body})
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="one-line.jsonl"\r\n'
        f"Content-Type: application/jsonl\r\n\r\n{line}\n\r\n--{_BOUNDARY}--\r\n"
    )
    uploaded = _post(target, "/files", f"multipart/form-data; boundary={_BOUNDARY}", parts.encode())
    file_id = uploaded.get("id")
    if not isinstance(file_id, str) or not 0 < len(file_id) <= _LONGEST_ID:
        raise CreationError(_UPLOAD_WITHOUT_ID())
    return file_id


def _post(target: Target, path: str, content_type: str, body: bytes) -> Mapping[str, Any]:
    """The object that came back, taken out of SiliconFlow's envelope where it is in one."""
    headers = (*JSON, ("Content-Type", content_type))
    probe = Probe("create", "post", path, None, "outside", method="POST", headers=headers)
    exchange = target.send(probe, 0, body)[-1]
    if exchange.failure is not None:
        raise CreationError(_NOT_ANSWERED(path=path, why=exchange.failure.detail))
    response = exchange.response
    if response is None or not 200 <= response.status < 300:
        excerpt = " ".join((response.body if response else b"").decode("utf-8", "replace").split())[:160]
        raise CreationError(_ANSWERED(path=path, status=exchange.status or 0, body=excerpt or _NOTHING()))
    value = parse(response.body).value
    if isinstance(value, Mapping) and "id" not in value and isinstance(value.get("data"), Mapping):
        value = value["data"]
    if not isinstance(value, Mapping):
        raise CreationError(_NO_OBJECT(path=path))
    return value


def _identity(made: Mapping[str, Any], contract: Contract) -> str | None:
    name = (contract.chosen.roles.identity or "/id").removeprefix("/")
    found = made.get(name, made.get("id"))
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST_ID else None


def _follow(
    target: Target, contract: Contract, batch_id: str, seconds: float, sleep: Callable[[float], None]
) -> Creation:
    operation, roles = contract.chosen, contract.chosen.roles
    path = operation.path.replace("{" + operation.parameter + "}", encode_segment(batch_id))
    probe = Probe("lifecycle", "follow", path, batch_id, "known", headers=JSON)
    polls: list[Exchange] = []
    state: Message | str = _UNKNOWN_STATE()
    for number in range(_MOST_POLLS):
        try:
            attempts = target.send(probe, FIRST_NUMBER + number)
        except BudgetExhausted:
            break
        polls += attempts
        final = attempts[-1]
        value = parse(final.response.body).value if final.response is not None else None
        here = stage_of(value, roles) if final.status is not None and 200 <= final.status < 300 else None
        state = here.value if here else state
        if here is not None and here.terminal:
            return Creation(batch_id, tuple(polls), _ENDED(id=batch_id, state=state))
        pause = seconds / _MOST_POLLS
        if number + 1 == _MOST_POLLS or not target.budget.allows(pause):
            break
        sleep(pause)
    note = _GOES_ON(id=batch_id, state=state, seconds=f"{seconds:g}")
    return Creation(batch_id, tuple(polls), note)

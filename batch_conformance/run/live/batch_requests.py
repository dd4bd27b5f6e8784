"""The requests that make files and batches, and cancel them: what is sent, and for what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import BATCHES, Headers, Probe
from batch_conformance.exchange.profile import Profile
from batch_conformance.probes.plan import JSON
from batch_conformance.probes.segment import NO_SUCH_ID, encode_segment
from batch_conformance.rules.creating import BadCase
from batch_conformance.rules.followed import SentFile

ENDPOINT, WINDOW = "/v1/chat/completions", "24h"
NO_SUCH_FILE = "file-no-such-file-batch-conformance"
"""An id that no service makes: a batch of it cannot run."""
ODD_IDS = (f"{NO_SUCH_ID}{{{{45989*46021}}}}", f"{NO_SUCH_ID}\r\nX-Injected: 1")
"""Ids that cannot exist either, with what a template would compute, and with what would be a header of its own."""
THREE_LINES, ONE_LINE = "three_lines", "one_line"
"""What the batch is called in steps that is followed to its results, and the one that is cancelled."""
FILE_PREFIX = "batch-conformance-"
"""How the name of each file begins that a run uploads, so that everybody can tell it."""

_NO_SUCH_ENDPOINT = "/v1/no-such-endpoint"
_NO_SUCH_WINDOW = "1 fortnight"
_BOUNDARY = "batch-conformance-part"


@dataclass(frozen=True)
class Asking:
    """What the batches of a run are made of: the model, the endpoint and the window, and a word that names the run."""

    model: str
    endpoint: str
    window: str
    run: str

    @classmethod
    def of(cls, model: str, profile: Profile | None, run: str) -> Asking:
        """As a vendor's profile has it, else as OpenAI does."""
        endpoint = (profile.create_endpoint if profile else "") or ENDPOINT
        return cls(model, endpoint, (profile.create_window if profile else "") or WINDOW, run)

    def file(self, name: str, lines: Sequence[str]) -> SentFile:
        """A file of requests."""
        return SentFile(f"{FILE_PREFIX}{self.run}-{name}.jsonl", "batch", "".join(f"{one}\n" for one in lines).encode())

    def line(self, custom_id: str | None, url: str = "") -> str:
        """A request of one token of output."""
        body = {"model": self.model, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 1}
        named = {} if custom_id is None else {"custom_id": custom_id}
        return json.dumps({**named, "method": "POST", "url": url or self.endpoint, "body": body})

    def good_files(self) -> tuple[SentFile, SentFile]:
        """The file of three lines that is followed to its results, and that of one that is cancelled."""
        three = self.file("three-lines", [self.line(one) for one in ("first", "second", "third")])
        return three, self.file("one-line", [self.line("only")])

    def bad_files(self) -> Mapping[BadCase, SentFile]:
        """Files of which nothing must run."""
        first = self.line("first")
        return {
            "malformed_line": self.file("malformed-line", [first, '{"custom_id": "second", "method": ']),
            "missing_custom_id": self.file("missing-custom-id", [first, self.line(None)]),
            "repeated_custom_id": self.file("repeated-custom-id", [first, first]),
            "wrong_url": self.file("wrong-url", [self.line("first", _NO_SUCH_ENDPOINT)]),
        }

    def order(self, create: Operation, file_id: Any) -> dict[str, Any]:
        """What is asked for to make a batch."""
        asked = {"input_file_id": file_id, "endpoint": self.endpoint, "completion_window": self.window}
        described = {"metadata": {"description": f"{FILE_PREFIX}{self.run}"}}
        return {**asked, **(described if "/metadata" in create.roles.free_maps else {})}

    def bad_orders(self, create: Operation, file_id: str) -> Iterator[tuple[BadCase, dict[str, Any]]]:
        """What is asked for of which no batch must run; ``file_id`` is that of a good file of one line."""
        good = self.order(create, file_id)
        yield "unknown_file", {**good, "input_file_id": NO_SUCH_FILE}
        yield "no_file", {name: value for name, value in good.items() if name != "input_file_id"}
        yield "wrong_type", {**good, "input_file_id": 5}
        yield "wrong_endpoint", {**good, "endpoint": _NO_SUCH_ENDPOINT}
        yield "wrong_window", {**good, "completion_window": _NO_SUCH_WINDOW}


def most_requests_that_run(asking: Asking) -> int:
    """How many lines could be run, and billed, at most: were all that is wrong taken for right, too."""
    good = sum(one.line_count for one in asking.good_files())
    return good + sum(one.line_count for one in asking.bad_files().values()) + len(("wrong_endpoint", "wrong_window"))


Sendable = tuple[Probe, bytes]


def upload(operation: Operation, file: SentFile | None, name: str) -> Sendable:
    """The upload of a file; without one, of a form that lacks it."""
    parts = [f'Content-Disposition: form-data; name="purpose"\r\n\r\n{file.purpose if file else "batch"}'.encode()]
    if file is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/jsonl\r\n\r\n" + file.content)
    edge = f"--{_BOUNDARY}\r\n".encode()
    body = b"".join(edge + part + b"\r\n" for part in parts) + f"--{_BOUNDARY}--\r\n".encode()
    headers = (*JSON, ("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}"))
    return _probe(operation, name, operation.path, headers), body


def create(operation: Operation, order: Mapping[str, Any], name: str) -> Sendable:
    """The creation of a batch."""
    headers = (*JSON, ("Content-Type", "application/json"))
    return _probe(operation, name, operation.path, headers), json.dumps(order).encode()


def cancel(operation: Operation, batch_id: str, name: str) -> Sendable:
    """The cancellation of a batch. It has no body, and says so."""
    path = operation.path_of(encode_segment(batch_id))
    headers = (*JSON, ("Content-Length", "0")) if operation.method == "POST" else JSON
    probe = _probe(operation, name, path, headers)
    return replace(probe, batch_id=batch_id, subject="unknown" if batch_id == NO_SUCH_ID else "known"), b""


def read(contract: Contract, batch_id: str) -> Probe:
    """A read of a batch that was made."""
    path = contract.chosen.path_of(encode_segment(batch_id))
    return Probe(BATCHES, "read", path, batch_id, "known", headers=JSON)


def _probe(operation: Operation, name: str, path: str, headers: Headers) -> Probe:
    return Probe(BATCHES, name, path, None, "known", method=operation.method, headers=headers)

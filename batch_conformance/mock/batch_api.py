"""The calls of a batch API beside its GETs: uploads, batches made and cancelled, and what files hold."""

from __future__ import annotations

import copy
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from batch_conformance.mock.api_spec import ApiSpec, CallSpec
from batch_conformance.mock.batch_results import MISMATCHED_ENDPOINT, FileProblem, check_lines
from batch_conformance.mock.batch_runner import BatchRunner, ResultKind, Run, StoredFile
from batch_conformance.mock.behaviour import Behaviour
from batch_conformance.mock.list_spec import Item, ListSpec, put_at, value_at
from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.multipart import MultipartError, parse_form
from batch_conformance.mock.received_request import decode_segment
from batch_conformance.mock.sample_batches import Batch, Step

RESULTS = "/results/"
"""Where results are fetched by a signed URL: beside the base URL, not below it."""
JSONL = "application/octet-stream"
_DAYS_KEPT = 30
_DAY = 86_400
_UNKNOWN = b'{"custom_id":"request-1","body":{"model":"any","messages":[{"role":"user","content":"Say yes."}]}}\n'
"""What a mock runs that takes a batch of a file which it does not have."""
_WINDOW = re.compile(r"([1-9][0-9]{0,3})h")
_HOURS = (24, 336)
_MOST_PAIRS, _LONGEST_NAME, _LONGEST_VALUE = 16, 64, 512
_ENDPOINTS = ("/v1/chat/completions",)
_BEFORE = {
    "finalizing": "in_progress",
    "cancelling": "cancelled",
    "cancelled": "failed",
    "expired": "failed",
    "failed": "completed",
    "completed": "in_progress",
    "in_progress": "in_queue",
}
"""What a batch is shown in where the contract does not have the state that it is in."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class RefusedError(Exception):
    """A call is refused with a status; its text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call as it was received: ``id`` is that of the path, None where it has none or it cannot be decoded.

    ``number`` is that of the request, from 1.
    """

    call: CallSpec
    id: str | None
    request: ParsedRequest
    number: int


class BatchApi:
    """Answers calls. ``samples`` are the batches that the mock has beside those that clients make, by their ids."""

    def __init__(
        self,
        spec: ApiSpec,
        *,
        samples: Mapping[str, Batch],
        key: str,
        clock: Callable[[], float],
        now: Callable[[], float],
        eager: bool,
        behaviour: Behaviour,
    ) -> None:
        self._spec = spec
        self._samples = samples
        self._key = key
        self._behaviour = behaviour
        self._runner = BatchRunner(behaviour, clock=clock, now=now, ids=spec.ids, file_ids=spec.file_ids, eager=eager)
        self._results: dict[str, tuple[Run, ResultKind]] = {}

    def find(self, request: ParsedRequest, path: bytes, number: int) -> ReceivedCall | None:
        """The call that a request is, by its path below the base URL; None for all others."""
        for call in self._spec.calls:
            if call.method == request.method or (call.method == "GET" and request.method == "HEAD"):
                found = _id_in(path, call.path)
                if found is not None:
                    return ReceivedCall(call, decode_segment(found) if found else None, request, number)
        return None

    def methods(self, path: bytes) -> tuple[str, ...]:
        """The methods of the calls at a path."""
        return tuple(call.method for call in self._spec.calls if _id_in(path, call.path) is not None)

    def batch(self, batch_id: str | None, request: ParsedRequest, number: int) -> Batch | None:
        """A batch that was made, as it is now; None where there is none of this id."""
        run = self._runner.look(batch_id, number)
        return self._batch_of(run, request) if run is not None and not self._behaviour.lost else None

    def items(self, spec: ListSpec, request: ParsedRequest, number: int) -> list[Item]:
        """The files or batches that were made, as a list has them, the newest first."""
        if self._behaviour.unlisted == ("batches" if spec.of_batches else "files"):
            return []
        like = spec.items[0] if spec.items else {}
        if not spec.of_batches:
            wanted = parse_qs(request.query).get("purpose", [])
            files = [one for one in self._runner.files.values() if not wanted or one.purpose in wanted]
            return [_file_item(like, spec.identity, one) for one in files][::-1]
        more = {name: value for name, value in like.items() if name not in self._spec.form.members}
        found = []
        for batch_id in list(self._runner.runs):
            run = self._runner.look(batch_id, number)
            if run is not None:
                named = {"file_name": run.file.name} if isinstance(more.get("file_name"), str) else {}
                body = self._batch_of(run, request).at()
                found.append({**{name: value for name, value in body.items() if name in spec.shown}, **more, **named})
        return found[::-1]

    def answer(self, asked: ReceivedCall) -> Any:
        """What answers a call: bytes of a file, or a JSON value. Raises ``RefusedError``."""
        call = asked.call
        if call.role == "content":
            return self._content(asked)
        if call.role == "delete":
            return self._delete(asked)
        if call.role == "upload":
            stored = self._upload(asked.request)
            return _within(call, _file_item(value_at(call.body, call.at), "/id", stored))
        made = self._batch_of(self._create(asked), asked.request) if call.role == "create" else self._cancel(asked)
        shown = made.at()
        told = (name for name in call.shown if name in shown or name in call.nullable)
        return _within(call, {name: shown.get(name) for name in told})

    def result(self, request: ParsedRequest) -> bytes | None:
        """What a signed URL gives; None where its signature is none of ours."""
        name = request.path.decode("latin-1").removeprefix(RESULTS)
        query = parse_qs(request.query)
        expires, signature = query.get("Expires", [""])[0], query.get("Signature", [""])[0]
        if not hmac.compare_digest(signature.encode(), self._signature(name, expires).encode()):
            return None
        return self._file(name)

    def _upload(self, request: ParsedRequest) -> StoredFile:
        if request.body is None:
            raise RefusedError(413, "the file is too large")
        kind = (request.header(b"content-type") or b"").decode("latin-1")
        try:
            form = parse_form(kind, request.body)
        except MultipartError as error:
            raise RefusedError(400, str(error)) from None
        if "file" not in form or "purpose" not in form:
            raise RefusedError(400, "the form needs a file and a purpose")
        file, purpose = form["file"], form["purpose"].content.decode("utf-8", "replace")
        if purpose not in self._spec.purposes:
            raise RefusedError(400, "the purpose is none of those that there are")
        if not file.content:
            raise RefusedError(400, "the file is empty")
        return self._runner.upload(file.filename or "upload.jsonl", purpose, file.content)

    def _create(self, asked: ReceivedCall) -> Run:
        order, takes = self._order(asked.request), self._behaviour.takes
        file = self._runner.files.get(str(order.get("input_file_id")))
        if file is None and not takes & {"unknown_file", "no_file", "wrong_type"}:
            raise RefusedError(400, "input_file_id is no file")
        file = file or StoredFile("", "unknown", "batch", _UNKNOWN, 0)
        if file.purpose != "batch":
            raise RefusedError(400, "the purpose of the file is not batch")
        lines = self._behaviour.bad_lines
        found = check_lines(file.content, str(order.get("endpoint"))) if lines != "run" else ()
        any_url = "wrong_endpoint" in takes
        problems = tuple(one for one in found if not (any_url and one.code == MISMATCHED_ENDPOINT))
        if problems and lines == "refused":
            raise RefusedError(400, str(problems[0]))
        window = _WINDOW.fullmatch(str(order.get("completion_window", "24h")))
        kept = problems if lines == "failed" else ()
        return self._runner.create(order, file, kept, int(window[1]) if window else _HOURS[0])

    def _order(self, request: ParsedRequest) -> dict[str, Any]:
        """The body of the request that makes a batch, checked."""
        try:
            order = json.loads(request.body or b"")
        except (ValueError, RecursionError):
            raise RefusedError(400, "the body is no JSON") from None
        if not isinstance(order, dict):
            raise RefusedError(400, "the body is no object")
        fault = next(self._faults(order), None)
        if fault is not None:
            raise RefusedError(400, fault)
        return order

    def _faults(self, order: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong about the request that makes a batch."""
        takes = self._behaviour.takes
        for name in self._spec.required:
            if name not in order and "no_file" not in takes:
                yield f"{name} is required"
        for name, types in self._spec.members.items():
            if name in order and not any(_is(order[name], kind) for kind in types) and "wrong_type" not in takes:
                yield f"{name} is of another type"
        endpoints = self._spec.values.get("endpoint", _ENDPOINTS)
        if order.get("endpoint", endpoints[0]) not in endpoints and "wrong_endpoint" not in takes:
            yield f"the endpoint is none of {', '.join(endpoints)}"
        windowed = "completion_window" in order and "wrong_window" not in takes
        if windowed and not self._takes_window(order["completion_window"]):
            yield "the completion_window is none that can be asked for"
        metadata = order.get("metadata")
        if isinstance(metadata, dict) and not _is_metadata(metadata):
            yield "metadata has too much, or something that is no text"

    def _takes_window(self, window: Any) -> bool:
        listed = self._spec.values.get("completion_window")
        if listed is not None:
            return window in listed
        found = _WINDOW.fullmatch(window) if isinstance(window, str) else None
        return found is not None and _HOURS[0] <= int(found[1]) <= _HOURS[1]

    def _cancel(self, asked: ReceivedCall) -> Batch:
        run = self._runner.look_to_cancel(asked.id, asked.number)
        if run is None:
            # The samples are as they are: none of them can be changed.
            known = asked.id in self._samples
            raise RefusedError(self._refuses_cancel(asked.call) if known else 404, "the batch cannot be cancelled")
        status = asked.call.status
        before = self._batch_of(run, asked.request)
        if run.state == "cancelling" or (run.state == "cancelled" and self._behaviour.cancel_again):
            status = self._behaviour.cancel_again or status
        elif run.is_final and not self._behaviour.cancels_finished:
            status = self._behaviour.cancel_finished or self._refuses_cancel(asked.call)
        else:
            self._runner.cancel(run)
        if status != asked.call.status:
            raise RefusedError(status, f"Cannot cancel a batch with status '{run.state}'.")
        return before if self._behaviour.cancel_tells_before else self._batch_of(run, asked.request)

    @staticmethod
    def _refuses_cancel(call: CallSpec) -> int:
        """The status for a batch that has ended: the usual one, unless the document lists others."""
        return 400 if 400 in call.errors and 409 not in call.errors else 409

    def _content(self, asked: ReceivedCall) -> bytes:
        found = self._file(asked.id or "")
        if found is None:
            raise RefusedError(404, "there is no such file")
        return found

    def _delete(self, asked: ReceivedCall) -> Any:
        if self._runner.files.pop(asked.id or "", None) is None:
            raise RefusedError(404, "there is no such file")
        body = copy.deepcopy(asked.call.body)
        return put_at(put_at(body, "/id", asked.id), "/deleted", value=True) if isinstance(body, dict) else body

    def _file(self, file_id: str) -> bytes | None:
        if file_id in self._results:
            run, kind = self._results[file_id]
            return self._runner.file_of(run, kind)
        stored = self._runner.files.get(file_id)
        return stored.content if stored is not None else None

    def _reference(self, run: Run, kind: ResultKind, request: ParsedRequest) -> str | None:
        """What names a file of results: its id where the API has what files hold, else a signed URL; None for none."""
        if self._runner.file_of(run, kind) is None:
            return None
        named = (one for one, (other, of) in self._results.items() if other is run and of == kind)
        file_id = next(named, "") or self._runner.file_id(f"file-{run.id.rpartition('_')[2]}-{kind}")
        self._results[file_id] = run, kind
        while len(self._results) > 2 * len(self._runner.runs):
            self._results.pop(next(iter(self._results)))
        if self._spec.call("content") is not None:
            return file_id
        expires = str(run.created + _DAYS_KEPT * _DAY)
        host = (request.header(b"host") or b"127.0.0.1").decode("latin-1")
        return f"http://{host}{RESULTS}{file_id}?Expires={expires}&Signature={self._signature(file_id, expires)}"

    def _signature(self, file_id: str, expires: str) -> str:
        return hmac.digest(self._key.encode(), f"{file_id}\n{expires}".encode(), "sha256").hex()

    def _batch_of(self, run: Run, request: ParsedRequest) -> Batch:
        """The object of a batch as it is now, as one that the mock can show like its samples."""
        form = self._spec.form
        state = run.state
        while state not in form.states:
            state = _BEFORE.get(state, next(iter(form.states)))
        body = copy.deepcopy(dict(form.states[state]))
        model = run.results[0].line["response"]["body"].get("model") or None if run.results else None
        counted = (run.total, run.completed, run.failed)
        values = [
            (form.identity, run.id),
            (form.created, run.created),
            (form.expires, run.expires),
            (form.model, model),
            (form.output, self._reference(run, "output", request)),
            (form.error, self._reference(run, "error", request)),
            *((pointer, run.created) for pointer in form.other_times),
            *((form.times.get(word, ""), moment) for word, moment in run.times.items()),
            *zip(form.counts, counted, strict=False),
            *((pointer, run.asked.get(name)) for name, pointer in form.echoes.items()),
        ]
        unset = [
            *(pointer for word, pointer in form.times.items() if word not in run.times),
            form.echoes.get("metadata"),
        ]
        for pointer in (*unset, form.errors):
            name = (pointer or "").removeprefix("/")
            if name not in form.required and (pointer != form.errors or not run.problems):
                body.pop(name, None)
        if form.errors and run.problems:
            values.append((form.errors, _problems(run.problems, value_at(body, form.errors))))
        for pointer, value in values:
            if pointer and value is not None:
                put_at(body, pointer, value)
        return Batch(run.id, "", (Step(0.0, body),))


def _within(call: CallSpec, value: Any) -> Any:
    """The body of a success with an object in it."""
    return put_at(copy.deepcopy(call.body), call.at, value)


def _file_item(like: Mapping[str, Any], identity: str, file: StoredFile) -> Item:
    """The object of a file, with the members that another one has."""
    own = {
        "bytes": len(file.content),
        "filename": file.name,
        "purpose": file.purpose,
        "created_at": file.created,
        "createdAt": file.created,
        "expires_at": file.created + _DAYS_KEPT * _DAY,
        "line_count": file.lines,
    }
    item = {**like, **{name: value for name, value in own.items() if name in like}}
    return put_at(item, identity, file.id)  # type: ignore[no-any-return]


def _problems(problems: tuple[FileProblem, ...], like: Any) -> Any:
    """Why a batch failed, in the form that the contract has."""
    if isinstance(like, Mapping):
        listed = [{"code": one.code, "message": one.message, "param": None, "line": one.line} for one in problems]
        return {**like, "data": listed}
    return [str(one) for one in problems]


def _is_metadata(pairs: Mapping[str, Any]) -> bool:
    return len(pairs) <= _MOST_PAIRS and all(
        len(name) <= _LONGEST_NAME and isinstance(value, str) and len(value) <= _LONGEST_VALUE
        for name, value in pairs.items()
    )


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, (object,)))


def _id_in(path: bytes, template: str) -> bytes | None:
    """The undecoded id in a path, empty where the template has none; None where the path is no instance of it."""
    before, separator, after = template.partition("{}")
    if not separator:
        return b"" if path == template.encode() else None
    if not (path.startswith(before.encode()) and path.endswith(after.encode())):
        return None
    found = path[len(before) : len(path) - len(after)]
    return found if found and b"/" not in found else None

"""The service: from a request to a reply, as the contract has it, and then as the drifts have it."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.api_spec import CallSpec
from batch_conformance.mock.batch_api import JSONL, RESULTS, BatchApi, ReceivedCall, RefusedError
from batch_conformance.mock.behaviour import Behaviour
from batch_conformance.mock.drift import Drift, in_order
from batch_conformance.mock.list_spec import Item, ListSpec, QueryError
from batch_conformance.mock.message import Headers, ParsedRequest, Reply, body_json
from batch_conformance.mock.mock_spec import JSON, RETRY_AFTER, UNCACHED, MockSpec, published_mock_spec
from batch_conformance.mock.received_request import (
    Place,
    ReceivedRequest,
    credential_of,
    decode_segment,
    preferred_status,
    segment_of,
)
from batch_conformance.mock.sample_batches import Batch, Style

METHODS = ("GET", "HEAD")
WORTH_COMPRESSING = 1024
"""Bodies from this many bytes on are compressed for clients that ask for it."""

_CHOSEN = frozenset({"www-authenticate", "allow", "content-type"})
"""Headers whose values follow from the request: one that is made of a schema alone says nothing."""

_CHALLENGE = 'Bearer realm="batches"'
_XML = "application/xml"
_STORE_ERROR = b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
_REFUSED_GZIP = re.compile(r"gzip\s*;\s*q\s*=\s*0(?:\.0{0,3})?\s*")


class Service:
    """Answers requests. Holds the sample batches, the request counts, and when each batch was first read.

    ``clock`` gives seconds; with a ``tick`` each request is that many seconds of time instead, so that what a batch
    that moves on looks like depends on nothing but the requests. ``now`` is the time of day, in Unix seconds.
    ``key_header`` is a header that the key may be in instead of a bearer token, empty for none.
    """

    def __init__(
        self,
        key: str,
        *,
        prefix: str = "/v1",
        style: Style = "omit",
        drifts: Sequence[Drift] = (),
        clock: Callable[[], float] = time.monotonic,
        tick: float = 0.0,
        mock_spec: MockSpec | None = None,
        now: Callable[[], float] = time.time,
        key_header: str = "",
    ) -> None:
        ordered = in_order(drifts)
        self.key = key
        self.prefix = prefix
        self._key_header = key_header.lower().encode()
        self.style: Style = next((drift.style for drift in ordered if drift.style), style)
        self.mock_spec = mock_spec or published_mock_spec()
        self.batches = self.mock_spec.batches
        for drift in ordered:
            self.batches = drift.batches(self.batches) if drift.batches else self.batches
        self._batches = {batch.id: batch for batch in self.batches}
        self._lists = {f"{prefix}{one.path}".encode(): one for one in self.mock_spec.lists}
        self._by_id = tuple(one for one in self.mock_spec.lists if one.by_id)
        self._requests = 0
        self._clock: Callable[[], float] = (lambda: self._requests * tick) if tick else clock
        self._reads: Counter[str] = Counter()
        self._tries: Counter[bytes] = Counter()
        self._first_read: dict[str, float] = {}
        self._stepped: dict[str, tuple[int, int]] = {}
        self._bodies: dict[tuple[str, int], bytes] = {}
        self._api = self._api_of(ordered, now, eager=tick > 0)
        self._before_compression = tuple(drift for drift in ordered if drift.stage != "wire")
        self._on_the_wire = tuple(drift for drift in ordered if drift.stage == "wire")

    def _api_of(self, drifts: Sequence[Drift], now: Callable[[], float], *, eager: bool) -> BatchApi | None:
        spec = self.mock_spec.api
        if spec is None:
            return None
        behaviour = Behaviour(**{name: value for drift in drifts for name, value in drift.behaviour.items()})
        return BatchApi(
            spec, samples=self._batches, key=self.key, clock=self._clock, now=now, eager=eager, behaviour=behaviour
        )

    @property
    def batch_ids(self) -> tuple[str, ...]:
        """The ids of the sample batches."""
        return tuple(self._batches)

    def reply_to(self, request: ParsedRequest) -> Reply:
        """The reply to a request, with all drifts. HEAD is replied to like GET; the server leaves the body out."""
        received = self._received(self._as_bearer(request))
        reply = self._conforming(received)
        for drift in self._before_compression:
            reply = drift.apply(received, reply)
        reply = _compressed(request, reply)
        for drift in self._on_the_wire:
            reply = drift.apply(received, reply)
        return reply

    def _as_bearer(self, request: ParsedRequest) -> ParsedRequest:
        """A request whose key is in the header that the document has for it, as if it were a bearer token."""
        key = request.header(self._key_header) if self._key_header else None
        if key is None or request.header(b"authorization") is not None:
            return request
        return replace(request, headers=(*request.headers, (b"authorization", b"Bearer " + key)))

    def malformed(self) -> Reply:
        """The reply to what is no HTTP request at all."""
        return self._error(400, pages.FIELD_REQUIRED.body, *self._labelled(400), *UNCACHED)

    def _received(self, request: ParsedRequest) -> ReceivedRequest:
        self._requests += 1
        segment = segment_of(request.path, self.prefix + self.mock_spec.path)
        asked = decode_segment(segment) if segment is not None else None
        batch = self._batches.get(asked) if asked is not None else None
        credential = credential_of(request, self.key) if self.mock_spec.refuses else "valid"
        if batch is None and self._api is not None and asked is not None and credential == "valid":
            batch = self._api.batch(asked, request, self._requests)
        if batch is not None and request.method == "GET" and credential == "valid":
            self._reads[batch.id] += 1
        presented = request.header(b"authorization") or b""
        self._tries[presented] += 1
        listed = self._lists.get(request.path)
        place: Place = "outside" if segment is None else "operation" if asked is not None else "undecodable"
        if listed is not None:
            place = "list"
        for spec in self._by_id if place == "outside" else ():
            of_item = segment_of(request.path, self.prefix + spec.by_id)
            if of_item is not None:
                place, listed, asked = "item", spec, decode_segment(of_item)
        called = self._called(request)
        if called is not None:
            place, listed, asked, batch = "call", None, called.id, None
        elif self._api is not None and request.path.startswith(RESULTS.encode()):
            place = "result"
        return ReceivedRequest(
            request=request,
            credential=credential,
            place=place,
            asked=asked,
            batch=batch,
            forced=preferred_status(request),
            number=self._requests,
            reads=self._reads[batch.id] if batch is not None else 0,
            batches=self.batches,
            answer=self._conforming,
            key=self.key,
            tries=self._tries[presented],
            listed=listed,
            called=called,
        )

    def _called(self, request: ParsedRequest) -> ReceivedCall | None:
        """The call that a request is; None where it is none."""
        before = self.prefix.encode()
        if self._api is None or not request.path.startswith(before):
            return None
        return self._api.find(request, request.path[len(before) :], self._requests)

    def _conforming(self, received: ReceivedRequest) -> Reply:
        reply = self._answer(received)
        trace = ("x-siliconcloud-trace-id", f"ti_{received.number:012x}")
        spec = self._spec_of(received)
        labelled, demanded = self._labelled(reply.status, spec), spec.headers.get(reply.status, ())
        if reply.header("content-type") is not None:
            labelled = ()
        demanded = tuple(pair for pair in demanded if pair[0].lower() not in _CHOSEN or not reply.header(pair[0]))
        replaced = {name.lower() for name, _ in demanded}
        ahead, own = (
            tuple(pair for pair in pairs if pair[0].lower() not in replaced)
            for pairs in ((*UNCACHED, trace), reply.headers)
        )
        return replace(reply, headers=(*labelled, *ahead, *demanded, *own))

    def _spec_of(self, received: ReceivedRequest) -> MockSpec | ListSpec | CallSpec:
        """What is said of the errors, headers and media types of the operation that a request is for."""
        return received.called.call if received.called is not None else received.listed or self.mock_spec

    def _labelled(self, status: int, spec: MockSpec | ListSpec | CallSpec | None = None) -> Headers:
        kind = (spec or self.mock_spec).media_types.get(status, JSON)
        return (("Content-Type", f"{kind}; charset=utf-8"),) if kind else ()

    def _answer(self, received: ReceivedRequest) -> Reply:
        if received.place == "result":
            return self._result(received)
        # Credentials come first on every other path: who has none learns nothing, not even which ids there are.
        if received.credential != "valid":
            return self._refusal(received)
        if received.called is not None:
            return self._call(received, received.called)
        return self._list(received, received.listed) if received.listed is not None else self._operation(received)

    def _operation(self, received: ReceivedRequest) -> Reply:
        allowed = self._allowed(received)
        if received.place == "outside" and not allowed:
            return self._error(404, self.mock_spec.error(404, pages.NOT_FOUND.body))
        if received.place == "outside" or received.request.method not in METHODS:
            allow = ("Allow", ", ".join(allowed))
            return self._error(405, self.mock_spec.error(405, pages.METHOD_NOT_ALLOWED), allow)
        if received.place == "undecodable":
            status = 400 if self.mock_spec.own or 400 in self.mock_spec.errors else 404
            return self._error(status, self.mock_spec.error(status, pages.FIELD_REQUIRED.body))
        return self._read(received)

    def _read(self, received: ReceivedRequest) -> Reply:
        if received.forced is not None and received.forced in self.mock_spec.errors:
            return self._forced(received.forced)
        if received.batch is None:
            return self._error(404, self.mock_spec.error(404, pages.NOT_FOUND.body))
        headers = (("Preference-Applied", "code=200"),) if received.forced == 200 else ()
        return Reply(200, headers, self._shown(received.batch))

    def _list(self, received: ReceivedRequest, spec: ListSpec) -> Reply:
        if received.request.method not in METHODS:
            allow = ("Allow", ", ".join(self._allowed(received)))
            return self._error(405, spec.errors.get(405, pages.METHOD_NOT_ALLOWED), allow, spec=spec)
        if received.forced is not None and received.forced in spec.errors:
            return self._forced(received.forced, spec)
        try:
            body = self._page_or_item(received, spec)
        except QueryError:
            return self._error(400, spec.errors.get(400, pages.FIELD_REQUIRED.body), spec=spec)
        if body is None:
            return self._error(404, spec.errors.get(404, pages.NOT_FOUND.body), spec=spec)
        headers = (("Preference-Applied", "code=200"),) if received.forced == 200 else ()
        return Reply(200, headers, body_json(body))

    def _allowed(self, received: ReceivedRequest) -> tuple[str, ...]:
        """The methods that a path has; none for a path that is nothing."""
        of_calls: tuple[str, ...] = ()
        if self._api is not None and received.request.path.startswith(self.prefix.encode()):
            of_calls = self._api.methods(received.request.path[len(self.prefix) :])
        return of_calls if received.place == "outside" else (*METHODS, *of_calls)

    def _call(self, received: ReceivedRequest, asked: ReceivedCall) -> Reply:
        assert self._api is not None
        call = asked.call
        if received.forced is not None and received.forced in call.errors:
            return self._forced(received.forced, call)
        try:
            body = self._api.answer(asked)
        except RefusedError as refused:
            told = _saying(call.errors.get(refused.status, pages.FIELD_REQUIRED.body), str(refused))
            return self._error(refused.status, told, spec=call)
        if isinstance(body, bytes):
            return Reply(call.status, (("Content-Type", JSONL),), body)
        return Reply(call.status, (), body_json(body))

    def _result(self, received: ReceivedRequest) -> Reply:
        """What a store of objects answers to a signed URL: it knows no keys of the API."""
        assert self._api is not None
        if received.request.method not in METHODS:
            return Reply(405, (("Content-Type", _XML), ("Allow", ", ".join(METHODS))), _STORE_ERROR)
        found = self._api.result(received.request)
        if found is None:
            return Reply(403, (("Content-Type", _XML),), _STORE_ERROR)
        return Reply(200, (("Content-Type", JSONL),), found)

    def _page_or_item(self, received: ReceivedRequest, spec: ListSpec) -> Any:
        """The body that is asked for, None where there is none. Raises ``QueryError``."""
        if received.place == "list":
            return spec.page(received.request.query, self._items(spec, received))
        found = (item for item in self._items(spec, received) if spec.id_of(item) == received.asked)
        return next(map(spec.by_itself, found), None)

    def _items(self, spec: ListSpec, received: ReceivedRequest) -> list[Item]:
        """The items of a list, as they are at the moment: what clients made first, as it is the newest.

        What batches tell of themselves is told as they tell it, and what only the list has beside it.
        """
        made = self._api.items(spec, received.request, received.number) if self._api is not None else []
        if not spec.of_batches:
            return [*made, *spec.items]
        told = {name for batch in self._batches.values() for step in batch.steps for name in step.fields}
        for item in spec.items:
            batch = self._batches.get(str(spec.id_of(item)))
            now = self._listed_now(batch) if batch is not None else {}
            further = {name: value for name, value in item.items() if name not in told}
            made.append({**further, **{name: now[name] for name in spec.shown if name in now}})
        return made

    def _listed_now(self, batch: Batch) -> Any:
        """A batch as it is at the moment; to be listed does not begin its progress."""
        if batch.progresses and batch.id not in self._first_read:
            return batch.at(0.0, self.style)
        return json.loads(self._shown(batch))

    def _refusal(self, received: ReceivedRequest) -> Reply:
        # RFC 6750 section 3.1: no error code where the request had no token at all.
        challenge = _CHALLENGE if received.credential == "missing" else _CHALLENGE + ', error="invalid_token"'
        body = pages.INVALID_KEY_FORM.body if received.credential == "malformed" else pages.INVALID_TOKEN.body
        spec = received.called.call if received.called is not None else received.listed
        told = spec.errors.get(401, body) if spec is not None else self.mock_spec.error(401, body)
        return self._error(401, told, ("WWW-Authenticate", challenge), spec=spec)

    def _forced(self, status: int, spec: ListSpec | CallSpec | None = None) -> Reply:
        body = (spec or self.mock_spec).errors[status]
        reply = self._error(status, body, ("Preference-Applied", f"code={status}"), spec=spec)
        if status == 401:
            reply = reply.with_header("WWW-Authenticate", _CHALLENGE)
        if status == 405:
            reply = reply.with_header("Allow", ", ".join(METHODS))
        if status in (429, 503):
            reply = reply.with_header(*RETRY_AFTER)
        return reply

    def _error(
        self, status: int, body: Any, *headers: tuple[str, str], spec: ListSpec | CallSpec | None = None
    ) -> Reply:
        if isinstance(body, dict) and self.mock_spec.own:
            # The pages show `data: null` where the document says that it is a string. The style is one of batches.
            body = {name: "" if value is None else value for name, value in body.items()}
        kind = (spec or self.mock_spec).media_types.get(status, JSON)
        return Reply(status, headers, body_json(body) if "json" in kind else str(body).encode() if kind else b"")

    def _shown(self, batch: Batch) -> bytes:
        if self._batches.get(batch.id) is not batch:
            return body_json(batch.at(0.0, self.style))
        step = 0
        if batch.progresses:
            now = self._clock()
            step = self._stepped_to(batch.id, batch.step_at(now - self._first_read.setdefault(batch.id, now)))
        body = self._bodies.get((batch.id, step))
        if body is None:
            body = self._bodies[batch.id, step] = body_json(batch.at(batch.steps[step].after, self.style))
        return body

    def _stepped_to(self, batch_id: str, step: int) -> int:
        """The step that a batch is in by its clock, but at most one after that of the request that showed it before.

        So that who reads it often enough sees every step, on a machine of any speed.
        """
        number, before = self._stepped.get(batch_id, (0, -1))
        step = min(step, before if number == self._requests else before + 1)
        self._stepped[batch_id] = self._requests, step
        return step


def _saying(body: Any, why: str) -> Any:
    """The body of an error with the reason in place of its message, where it has one."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return {**body, "error": _saying(body["error"], why)}
    return {**body, "message": why} if isinstance(body, dict) and isinstance(body.get("message"), str) else body


def _compressed(request: ParsedRequest, reply: Reply) -> Reply:
    if len(reply.body) < WORTH_COMPRESSING or reply.header("content-encoding") or not _accepts_gzip(request):
        return reply
    # A fixed time stamp inside: the same body is the same bytes.
    return replace(reply, body=gzip.compress(reply.body, 6, mtime=0)).with_header("Content-Encoding", "gzip")


def _accepts_gzip(request: ParsedRequest) -> bool:
    """Whether ``Accept-Encoding`` names gzip, and not with a weight of 0 (RFC 9110 section 12.5.3)."""
    offered = b",".join(request.header_all(b"accept-encoding")).decode("latin-1").lower().split(",")
    return any(
        coding.partition(";")[0].strip() == "gzip" and not _REFUSED_GZIP.fullmatch(coding.strip()) for coding in offered
    )

"""Drifts given together: which of them hides which, found by asking mocks in memory the same requests."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import combinations, product

from batch_conformance.message import Template
from batch_conformance.mock.drift import Drift, in_order
from batch_conformance.mock.drifts import DriftError
from batch_conformance.mock.message import ParsedRequest, Reply
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.service import Service

_EXCLUDE = Template("drift_name.exclude", "the drifts {one} and {other} exclude each other: give one of them")
_KEY = "sk-mock-together"
_TICK = 0.05
"""Seconds that pass from request to request, so that what depends on time is the same in all of them."""
_PASSES = 3
"""How often the plain reads are asked: some drifts show at every so many requests only."""
_CREDENTIALS = (
    f"Bearer {_KEY}", "", "Bearer sk-another-one", f"bearer {_KEY}", f"Basic {_KEY}", _KEY, f"Bearer {_KEY[:-1]}",
    f"Bearer {_KEY}x", f"Bearer {_KEY.upper()}", f"Bearer  {_KEY}", "Bearer",
    f"Basic {b64encode(f'{_KEY}:'.encode()).decode()}", f"Bearer {_KEY}, Bearer another", f"Bearer {_KEY} {_KEY}",
)  # fmt: skip
_METHODS = ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_HEADERS = (
    (b"accept", b"text/html"), (b"accept", b"*/*"), (b"accept-encoding", b"gzip"), (b"accept-language", b"zh-CN"),
    (b"x-api-key", _KEY.encode()), (b"api-key", _KEY.encode()), (b"if-none-match", b"*"),
    (b"accept", b"application/xml"), (b"accept", b"text/plain"), (b"accept", b"application/json;q=0"),
    (b"connection", b"close"), (b"x-forwarded-for", b"127.0.0.1"),
)  # fmt: skip


def hidden(drifts: Sequence[Drift], mock_spec: MockSpec | None = None) -> Iterator[tuple[Drift, tuple[Drift, ...]]]:
    """Each drift that shows alone and not beside the others, with those of them that hide it.

    Raises ``DriftError`` where two cannot be put together at all: one makes a reply that the other cannot change.
    """
    if len(drifts) < 2:
        return
    alone = {drift.name: _replies((drift,), mock_spec) for drift in drifts}
    for one, other in combinations(drifts, 2):
        if not _replies((one, other), mock_spec):
            raise DriftError(_EXCLUDE(one=one.name, other=other.name))
    conforming, together = _replies((), mock_spec), _replies(drifts, mock_spec)
    for drift in drifts:
        others = tuple(other for other in drifts if other is not drift)
        if alone[drift.name] == conforming or _replies(others, mock_spec) != together:
            continue
        by = [other for other in others if _replies(in_order((other, drift)), mock_spec) == alone[other.name]]
        yield drift, tuple(by) or others


def _replies(drifts: Sequence[Drift], mock_spec: MockSpec | None) -> list[Reply]:
    """What a mock with these drifts answers, in order; nothing where they cannot be put together."""
    service = Service(_KEY, prefix="/v1", drifts=drifts, tick=_TICK, mock_spec=mock_spec)
    try:
        return [service.reply_to(request) for request in _requests(service)]
    except (TypeError, ValueError, KeyError, AttributeError, IndexError):
        return []


def _requests(service: Service) -> Iterator[ParsedRequest]:
    before = f"/v1{service.mock_spec.path}"
    ids = service.batch_ids
    for _, batch_id in product(range(_PASSES), ids):
        yield _request("GET", f"{before}/{batch_id}")
    first = ids[0]
    odd = (
        first.upper(), first[:-1], first + "x", first.capitalize(), "batch_nobodyhas1", first.replace("_", "%5F"),
        "%2e%2e%2f" + first, f"{first}%00", f"%0d%0aX-Odd:%20{first}", "%", "%ff", f"{first}/x", "", "'", "x" * 300,
        f"{first}/", "0", "null", f"{first}?limit=1", f"{first}?api_key={_KEY}", f"{first}?unknown_parameter=1",
        f"%20{first}", f"{first}%20", "%E6%89%B9", "*", "%25", first.removeprefix("batch_"), first.replace("_", "-"),
        f"{first};x=1", f"{first}%3Fx", first.replace("_", "%255F"), f"{first}'--", f"{first}.json", f"{first}%0A",
        f"{first}?access_token={_KEY}", f"{first}?key={_KEY}", "first", "latest",
        "550e8400-e29b-41d4-a716-446655440000",
    )  # fmt: skip
    for segment in odd:
        yield _request("GET", f"{before}/{segment}")
        yield _request("GET", f"{before}/{segment}", credential="")
    for credential, segment in product(_CREDENTIALS, (first, "batch_nobodyhas1")):
        yield _request("GET", f"{before}/{segment}", credential=credential)
    for method, segment in product(_METHODS, (first, "batch_nobodyhas1")):
        yield _request(method, f"{before}/{segment}")
        yield _request(method, f"{before}/{segment}", credential="")
    for status in (200, *service.mock_spec.errors):
        yield _request("GET", f"{before}/{first}", (b"prefer", f"code={status}".encode()))
    for header in _HEADERS:
        yield _request("GET", f"{before}/{first}", header)
        yield _request("GET", f"{before}/{first}", header, credential="")


def _request(method: str, target: str, *more: tuple[bytes, bytes], credential: str = f"Bearer {_KEY}") -> ParsedRequest:
    asked = ((b"authorization", credential.encode()),) if credential else ()
    accept = () if any(name == b"accept" for name, _ in more) else ((b"accept", b"application/json"),)
    return ParsedRequest(method, target.encode(), (*asked, *accept, *more))

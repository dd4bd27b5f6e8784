"""The requests of somebody who knows the API and writes a test of it: no generated ones."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

UNKNOWN = ("batch_aaaaaaaaaa", "no-such-batch", "1", "%20")
"""Ids of no batch, as they stand in a path."""
DOCUMENTED = (400, 401, 403, 404, 429, 500, 503, 504)
"""Statuses that the mock can be asked for."""
BEARER = "Bearer {key}"


@dataclass(frozen=True)
class PlainRequest:
    """A GET for a batch: its id as it stands in the path, the status that is documented for it, and what it carries.

    ``credential`` is the Authorization header with ``{key}`` for the key, empty for none.
    """

    batch_id: str
    status: int
    credential: str = BEARER
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A response to a plain request, or why there was none."""

    path: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str = ""


def plain_requests(ids: Sequence[str]) -> list[PlainRequest]:
    """All batches twice, unknown ids, no key and wrong ones, and every documented status by ``Prefer``."""
    return [
        *(PlainRequest(batch_id, 200) for batch_id in (*ids, *ids)),
        *(PlainRequest(batch_id, 404) for batch_id in UNKNOWN),
        *(PlainRequest(batch_id, 401, "") for batch_id in (ids[0], UNKNOWN[0])),
        *(PlainRequest(ids[0], 401, credential) for credential in ("Bearer sk-wrong", "{key}")),
        *(PlainRequest(ids[0], status, headers={"Prefer": f"code={status}"}) for status in DOCUMENTED),
    ]


def answers(base: str, key: str, ids: Sequence[str], timeout: float) -> Iterator[Answer]:
    """What comes back, each on a connection of its own; what takes longer than ``timeout`` seconds is no answer."""
    place = urlsplit(base)
    for request in plain_requests(ids):
        headers = {"Accept": "application/json", **request.headers}
        if request.credential:
            headers["Authorization"] = request.credential.format(key=key)
        yield _ask(place.netloc, f"{place.path}/batches/{request.batch_id}", request.batch_id, headers, timeout)


def _ask(netloc: str, path: str, batch_id: str, headers: Mapping[str, str], timeout: float) -> Answer:
    connection = http.client.HTTPConnection(netloc, timeout=timeout)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        return Answer(f"/v1/batches/{batch_id}", response.status, tuple(response.getheaders()), response.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(path, failure=f"no answer: {type(error).__name__}")
    finally:
        connection.close()

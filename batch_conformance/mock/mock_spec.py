"""A mock spec: what a mock serves, as plain values, so that another process can build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.api_spec import ApiSpec
from batch_conformance.mock.list_spec import ListSpec
from batch_conformance.mock.sample_batches import Batch, Step, make_sample_batches

JSON = "application/json"
"""The media type of a status of which nothing is said."""

UNCACHED = (("Cache-Control", "private, no-store"), ("Vary", "Accept-Encoding"))
"""What a mock sends with every answer, where the contract does not want it otherwise."""

RETRY_AFTER = ("Retry-After", "1")
"""What it sends with a 429 and a 503, likewise."""


@dataclass(frozen=True)
class MockSpec:
    """What a mock serves: batches below ``path``, and what it says of errors.

    ``errors`` are the bodies of the statuses that a client can ask for; ``headers`` what the contract demands of a
    status, and ``media_types`` in which it is sent: JSON where nothing is said, no body at all for an empty one.
    ``refuses`` is false where no credential is asked for. ``own`` is true for the vendor's contract alone.
    ``lists`` are served as well, and the calls of ``api``, where there are any.
    """

    batches: tuple[Batch, ...]
    errors: Mapping[int, Any]
    path: str = "/batches"
    headers: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    refuses: bool = True
    own: bool = False
    media_types: Mapping[int, str] = field(default_factory=dict)
    lists: tuple[ListSpec, ...] = ()
    api: ApiSpec | None = None

    def media_type(self, status: int) -> str:
        """The media type of a status; empty where it has no body."""
        return self.media_types.get(status, JSON)

    def error(self, status: int, otherwise: Any) -> Any:
        """The body of an error: the contract's own where it has one, else what the vendor's pages show."""
        return otherwise if self.own else self.errors.get(status, otherwise)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a pipe."""
        return {
            "batches": [
                [batch.id, batch.note, [[step.after, dict(step.fields)] for step in batch.steps]]
                for batch in self.batches
            ],
            "errors": {str(status): body for status, body in self.errors.items()},
            "path": self.path,
            "headers": {str(status): [list(pair) for pair in pairs] for status, pairs in self.headers.items()},
            "refuses": self.refuses,
            "media_types": {str(status): kind for status, kind in self.media_types.items()},
            "lists": [one.to_dict() for one in self.lists],
            "api": self.api.to_dict() if self.api else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MockSpec:
        """What ``to_dict`` made."""
        return cls(
            batches=tuple(
                Batch(name, note, tuple(Step(after, fields) for after, fields in steps))
                for name, note, steps in values["batches"]
            ),
            errors={int(status): body for status, body in values["errors"].items()},
            path=values["path"],
            headers={
                int(status): tuple((name, value) for name, value in pairs)
                for status, pairs in values["headers"].items()
            },
            refuses=values["refuses"],
            media_types={int(status): kind for status, kind in values["media_types"].items()},
            lists=tuple(map(ListSpec.from_dict, values["lists"])),
            api=ApiSpec.from_dict(values["api"]) if values["api"] else None,
        )


def published_mock_spec() -> MockSpec:
    """The vendor's contract, as its document and its pages have it."""
    return MockSpec(
        make_sample_batches(),
        {
            400: pages.BAD_REQUEST.body,
            401: pages.INVALID_TOKEN.body,
            403: pages.FORBIDDEN.body,
            404: pages.NOT_FOUND.body,
            429: pages.RATE_LIMITED.body,
            500: pages.SERVER_ERROR.body,
            503: pages.OVERLOADED.body,
            504: pages.GATEWAY_TIMEOUT,
        },
        own=True,
    )

"""How a mock takes uploads, makes batches of them, cancels them and gives their results, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

CallRole = Literal["upload", "create", "cancel", "content", "delete"]
"""upload: of a file of requests. create, cancel: of a batch. content: what a file holds. delete: of a file."""


@dataclass(frozen=True)
class CallSpec:
    """One call: its ``method``, and its ``path`` below the base URL with ``{}`` for the id.

    ``status`` and ``body`` are those of its success, and ``at`` the pointer at which the object is put into the body;
    empty where the body is the object. ``shown`` names the members that the object can have, ``nullable`` those of them
    that are null where they are unset, in place of being left out. ``errors``, ``headers`` and ``media_types`` are as
    in ``MockSpec``.
    """

    role: CallRole
    method: str
    path: str
    status: int = 200
    body: Any = None
    at: str = ""
    shown: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    errors: Mapping[int, Any] = field(default_factory=dict)
    headers: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    media_types: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CallSpec:
        """What ``to_dict`` of an ``ApiSpec`` made of it."""
        return cls(
            **{
                **values,
                "shown": tuple(values["shown"]),
                "nullable": tuple(values["nullable"]),
                "errors": {int(status): body for status, body in values["errors"].items()},
                "headers": {
                    int(status): tuple((name, value) for name, value in pairs)
                    for status, pairs in values["headers"].items()
                },
                "media_types": {int(status): kind for status, kind in values["media_types"].items()},
            }
        )


@dataclass(frozen=True)
class BatchForm:
    """Where in the object of a batch everything is: pointers of plain members, empty where there is no such place.

    ``states`` are objects of a batch in each state of the usual lifecycle that there is, by its word; those that begin
    it are ``in_queue``. ``times`` are the places of the moments at which states begin, by their words, ``other_times``
    those of moments of which nothing says what begins. ``counts`` are those of the requests in total, completed and
    failed; ``echoes`` those of members of the request that made it. ``members`` names what the object has at its root,
    and ``required`` what is always there.
    """

    states: Mapping[str, Mapping[str, Any]]
    identity: str
    created: str = ""
    expires: str = ""
    times: Mapping[str, str] = field(default_factory=dict)
    other_times: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    echoes: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    output: str = ""
    error: str = ""
    errors: str = ""
    members: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BatchForm:
        """What ``to_dict`` of an ``ApiSpec`` made of it."""
        names = ("other_times", "counts", "members", "required")
        return cls(**{**values, **{name: tuple(values[name]) for name in names}})


@dataclass(frozen=True)
class ApiSpec:
    """The calls of a batch API beside its GETs, and the form of what they make.

    ``members`` are those of the request that makes a batch, each with the JSON types that it can have, ``required``
    those that it always has, and ``values`` the values of those that list them. ``purposes`` are those that an upload
    can have. ``ids`` are ids for batches and ``file_ids`` for files, in the order in which they are given; none where
    any text will do.
    """

    calls: tuple[CallSpec, ...]
    form: BatchForm
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    purposes: tuple[str, ...] = ("batch",)
    ids: tuple[str, ...] = ()
    file_ids: tuple[str, ...] = ()

    def call(self, role: CallRole) -> CallSpec | None:
        """The call of a role, None where there is none."""
        return next((one for one in self.calls if one.role == role), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a pipe."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ApiSpec:
        """What ``to_dict`` made."""
        return cls(
            calls=tuple(map(CallSpec.from_dict, values["calls"])),
            form=BatchForm.from_dict(values["form"]),
            members={name: tuple(types) for name, types in values["members"].items()},
            required=tuple(values["required"]),
            values={name: tuple(found) for name, found in values["values"].items()},
            purposes=tuple(values["purposes"]),
            ids=tuple(values["ids"]),
            file_ids=tuple(values["file_ids"]),
        )

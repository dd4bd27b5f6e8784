"""A profile: how to talk to one vendor, and what is known of it, each fact with its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from batch_conformance.exchange.exchange import Headers

AuthStyle = Literal["bearer", "header", "none"]
"""How a key is presented: ``Authorization: Bearer KEY``, the bare key in a header of its own, or not at all."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of a vendor. ``source`` says where it is written."""

    says: str
    source: str


@dataclass(frozen=True, slots=True)
class KnownDeviation:
    """A deviation that is known before anybody asked.

    What an empty ``status`` or ``kind``, or no ``pointer``, says is: any. ``status`` may be a range such as ``5XX``.
    """

    rule: str
    reason: str
    source: str
    status: str = ""
    pointer: str | None = None
    kind: str = ""

    def covers(self, rule: str, status: str, pointer: str, kind: str, answered: int | None) -> bool:
        """Whether a finding of this rule, clause and kind is the one that is known.

        ``status`` is the one that the finding's clause names, which may be a range or ``default``; ``answered`` is the
        one that was received.
        """
        return (
            rule == self.rule
            and (not self.status or self._has_status(status, answered))
            and (self.pointer is None or pointer == self.pointer)
            and (not self.kind or kind == self.kind)
        )

    def _has_status(self, status: str, answered: int | None) -> bool:
        """Whether the status of a clause is the one that is known, or the answer's is, where either is a range."""
        if status == self.status:
            return True
        received = status if status.isdigit() else str(answered or "") if status else ""
        return received == self.status or (self.status.endswith("XX") and received[:1] == self.status[0])


@dataclass(frozen=True, slots=True)
class BatchList:
    """How a vendor lists its batches: a path below the base URL, empty where it has no list."""

    path: str
    source: str


@dataclass(frozen=True, slots=True)
class Profile:
    """How to talk to one vendor.

    ``another_object`` says that its batches are another thing than the contract's. ``base_url`` is empty where each
    customer has an own one; ``example_url`` shows how it is written then. ``path`` is where the operation is below the
    base URL, with ``{batch_id}`` in it, and empty where the contract's path holds. ``query`` goes with every request.
    ``create_endpoint`` and ``create_window`` are what a new batch is asked for with, where they are not OpenAI's.
    ``operations`` are the parts of the batch API whose paths do not say so: the role, and its method and path.
    ``auth`` is None where it is not known. ``listing`` is None where it is not known whether there is a list.
    ``reach`` says by status how the vendor can be made to give it; ``prefer`` whether ``Prefer: code=NNN`` does it
    (None: not known). ``rate_limit`` is text such as ``60/m``, or empty. ``facts`` are the rest, for people.
    """

    name: str
    title: str
    contract: str
    contract_source: str
    overlays: tuple[str, ...] = ()
    another_object: str = ""
    base_url: str = ""
    example_url: str = ""
    address_source: str = ""
    path: str = ""
    auth: AuthStyle | None = None
    auth_header: str = "Authorization"
    auth_source: str = ""
    headers: Headers = ()
    query: str = ""
    id_examples: tuple[str, ...] = ()
    id_pattern: str = ""
    id_source: str = ""
    listing: BatchList | None = None
    operations: tuple[tuple[str, str], ...] = ()
    create_endpoint: str = ""
    create_window: str = ""
    create_source: str = ""
    prefer: bool | None = None
    reach: Mapping[str, Fact] = field(default_factory=dict)
    rate_limit: str = ""
    rate_source: str = ""
    deviations: tuple[KnownDeviation, ...] = ()
    facts: tuple[Fact, ...] = ()

    def known(self, rule: str, status: str, pointer: str, kind: str, answered: int | None) -> KnownDeviation | None:
        """The known deviation that a finding is, as ``KnownDeviation.covers`` says it, or None."""
        found = (known for known in self.deviations if known.covers(rule, status, pointer, kind, answered))
        return next(found, None)

    def odd_ids(self, batch_ids: tuple[str, ...]) -> tuple[str, ...]:
        """Those ids that do not look like this vendor's, where it is known how they look."""
        pattern = re.compile(self.id_pattern) if self.id_pattern else None
        return tuple(batch_id for batch_id in batch_ids if pattern and not pattern.fullmatch(batch_id))


def profile_from(data: Mapping[str, Any], name: str) -> Profile:
    """A profile from the plain values of a file that keeps ``profile.schema.json``."""
    address, contract = data["address"], data["contract"]
    credential, ids, listing = data.get("credential", {}), data.get("ids", {}), data.get("list")
    making = data.get("create", {})
    operations = {role: call for role, call in data.get("operations", {}).items() if role != "source"}
    statuses, rate = data.get("statuses", {}), data.get("rate_limit", {})
    return Profile(
        name=name,
        title=data["title"],
        contract=contract["name"],
        contract_source=contract["source"],
        overlays=tuple(contract.get("overlays", ())),
        another_object=data.get("another_object", ""),
        base_url=address.get("base_url", ""),
        example_url=address.get("example", ""),
        address_source=address["source"],
        path=address.get("path", ""),
        auth=credential.get("style"),
        auth_header=credential.get("header", "Authorization"),
        auth_source=credential.get("source", ""),
        headers=tuple(address.get("headers", {}).items()),
        query="&".join(f"{key}={value}" for key, value in address.get("query", {}).items()),
        id_examples=tuple(ids.get("examples", ())),
        id_pattern=ids.get("pattern", ""),
        id_source=ids.get("source", ""),
        listing=BatchList(listing.get("path", ""), listing["source"]) if listing else None,
        operations=tuple(operations.items()),
        create_endpoint=making.get("endpoint", ""),
        create_window=making.get("completion_window", ""),
        create_source=making.get("source", ""),
        prefer=statuses.get("prefer"),
        reach={status: Fact(entry["how"], entry["source"]) for status, entry in statuses.items() if status != "prefer"},
        rate_limit=rate.get("value", ""),
        rate_source=rate.get("source", ""),
        deviations=tuple(
            KnownDeviation(
                entry["rule"],
                entry["reason"],
                entry["source"],
                entry.get("status", ""),
                entry.get("pointer"),
                entry.get("kind", ""),
            )
            for entry in data.get("deviations", ())
        ),
        facts=tuple(Fact(entry["says"], entry["source"]) for entry in data.get("facts", ())),
    )


def batches_path(operation_path: str) -> str:
    """The path of the list that an operation's path is an entry of: ``/batches`` for ``/batches/{batch_id}``."""
    return operation_path.rpartition("/")[0] or "/"

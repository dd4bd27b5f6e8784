"""Compares what two contracts ask of who sends the request.

Here narrower breaks clients: what they send may be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.change import Change, ChangeKind
from batch_conformance.contract.compare import compare_places
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join
from batch_conformance.contract.reference import follow
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.translate import resolve


@dataclass(frozen=True)
class _Parameter:
    """``shown`` names it for people."""

    shown: str
    required: bool
    schema: Schema | None
    location: Location

    @property
    def words(self) -> str:
        return f"{self.shown}, {'required' if self.required else 'optional'}"


def request_changes(old: Contract, new: Contract) -> Iterator[Change]:
    """Every change in what a client sends: the path, the credentials, the parameters."""
    yield from _address(old, new)
    yield from _credentials(old, new)
    yield from _parameters(old, new)


def _address(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = (re.sub(r"\{[^{}]*\}", "{}", contract.chosen.path) for contract in (old, new))
    if before != after:
        yield Change(
            "request.path",
            "changed",
            True,
            old.chosen.path,
            new.chosen.path,
            "Clients ask at a path that the new contract does not have.",
            old_location=old.chosen.location,
            new_location=new.chosen.location,
        )
    if old.chosen.servers != new.chosen.servers:
        yield Change(
            "request.server",
            "changed",
            False,
            ", ".join(old.chosen.servers),
            ", ".join(new.chosen.servers),
            "The address is configuration; a client that has it built in must be told.",
            old_location=old.document.location("/servers"),
            new_location=new.document.location("/servers"),
        )


def _credentials(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = _ways_in(old), _ways_in(new)
    if before == after:
        return
    kind: ChangeKind = "loosened" if before < after else "tightened" if after < before else "changed"
    yield Change(
        "request.security",
        kind,
        kind != "loosened",
        _ways(before),
        _ways(after),
        "The credentials that clients send are still taken."
        if kind == "loosened"
        else "Credentials that were taken are refused.",
        old_location=_security_at(old),
        new_location=_security_at(new),
    )


def _ways_in(contract: Contract) -> frozenset[str]:
    """Each set of credentials that is enough, in words; ``none`` where none is asked for."""
    data, pointer = contract.document.data, contract.chosen.location.pointer
    alternatives = resolve(data, pointer).get("security", data.get("security"))
    if not isinstance(alternatives, list) or not alternatives:
        return frozenset({"none"})
    schemes = _mapping(_mapping(data.get("components")).get("securitySchemes"))
    return frozenset(
        " and ".join(sorted(_scheme(_mapping(schemes.get(name)), name) for name in _mapping(alternative))) or "none"
        for alternative in alternatives
    )


def _scheme(scheme: Mapping[str, Any], name: str) -> str:
    kind = scheme.get("type")
    if kind == "http":
        return f"http {str(scheme.get('scheme', '')).lower()}".rstrip()
    if kind == "apiKey":
        return f"a key in the {scheme.get('in')} {scheme.get('name')}"
    return str(kind or name)


def _ways(alternatives: Iterable[str]) -> str:
    return " or ".join(sorted(alternatives, key=lambda way: (way == "none", way)))


def _security_at(contract: Contract) -> Location:
    own = join(contract.chosen.location.pointer, "security")
    return contract.document.location(own if own in contract.document.locations else "/security")


def _parameters(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = _parameters_of(old), _parameters_of(new)
    for key, now in after.items():
        was = before.get(key)
        if was is not None:
            yield from _between_parameters(was, now)
        elif now.required:
            why = "A client that does not send it is refused."
            yield Change("request.parameter", "added", True, "", now.words, why, new_location=now.location)
        else:
            why = "Clients need not send it."
            yield Change("request.parameter", "added", False, "", now.words, why, new_location=now.location)
    for key, was in before.items():
        if key not in after:
            why = "Clients that send it are not understood any more."
            yield Change("request.parameter", "removed", True, was.words, "", why, old_location=was.location)


def _between_parameters(was: _Parameter, now: _Parameter) -> Iterator[Change]:
    differences: list[tuple[ChangeKind, str, str]] = []
    if was.required != now.required:
        differences.append(("tightened" if now.required else "loosened", was.words, now.words))
    if was.schema is not None and now.schema is not None:
        for difference in compare_places(was.schema.properties[0], now.schema.properties[0]):
            before, after = (f"{was.shown}: {said or 'nothing more said'}" for said in (difference.old, difference.new))
            differences.append((difference.kind, before, after))
    for kind, old, new in differences:
        yield Change(
            "request.parameter",
            kind,
            kind != "loosened",
            old,
            new,
            "What clients send is still taken." if kind == "loosened" else "What a client sends may now be refused.",
            old_location=was.location,
            new_location=now.location,
        )


def _parameters_of(contract: Contract) -> dict[tuple[str, str], _Parameter]:
    """The parameters by place and name; the id's own name does not matter to who sends it."""
    document, found = contract.document, {}
    operation = contract.chosen.location.pointer
    for owner in (operation.rpartition("/")[0], operation):
        listed = resolve(document.data, owner).get("parameters")
        for index in range(len(listed) if isinstance(listed, list) else 0):
            node, pointer = follow(document, join(owner, "parameters", index))
            place, name = str(node.get("in")), str(node.get("name"))
            found[place, "" if place == "path" else name] = _Parameter(
                f"the {place} parameter {name}",
                node.get("required") is True,
                Schema(document, join(pointer, "schema")) if "schema" in node else None,
                document.location(pointer),
            )
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

"""Compares what two contracts ask of who sends the request.

Here narrower breaks clients: what they send may be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from batch_conformance.message import Listing, Message, Template, shown

_REQUIRED = Template("diff.required", "{parameter}, required")
_OPTIONAL = Template("diff.optional", "{parameter}, optional")
_PARAMETER = Template("diff.parameter", "the {place} parameter {name}")
_SAID = Template("diff.said", "{parameter}: {what}")
_NOTHING = Template("diff.nothing_more", "nothing more said")
_NONE = Template("diff.no_credential", "none")
_KEY = Template("diff.key", "a key in the {place} {name}")
_PATH = Template("diff.why.path", "Clients ask at a path that the new contract does not have.")
_SERVER = Template("diff.why.server", "The address is configuration; a client that has it built in must be told.")
_STILL_TAKEN = Template("diff.why.still_taken", "The credentials that clients send are still taken.")
_NOW_REFUSED = Template("diff.why.now_refused", "Credentials that were taken are refused.")
_ASKED = Template("diff.why.asked", "A client that does not send it is refused.")
_NOT_ASKED = Template("diff.why.not_asked", "Clients need not send it.")
_NOT_UNDERSTOOD = Template("diff.why.not_understood", "Clients that send it are not understood any more.")
_SENT_TAKEN = Template("diff.why.sent_taken", "What clients send is still taken.")
_SENT_REFUSED = Template("diff.why.sent_refused", "What a client sends may now be refused.")


@dataclass(frozen=True)
class _Parameter:
    """``named`` is what people call it."""

    named: Message
    required: bool
    schema: Schema | None
    location: Location

    @property
    def words(self) -> Message:
        return (_REQUIRED if self.required else _OPTIONAL)(parameter=self.named)


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
            shown(old.chosen.path),
            shown(new.chosen.path),
            _PATH(),
            old_location=old.chosen.location,
            new_location=new.chosen.location,
        )
    if old.chosen.servers != new.chosen.servers:
        yield Change(
            "request.server",
            "changed",
            False,
            shown(Listing(old.chosen.servers)),
            shown(Listing(new.chosen.servers)),
            _SERVER(),
            old_location=old.document.location("/servers"),
            new_location=new.document.location("/servers"),
        )


def _credentials(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = _credential_sets(old), _credential_sets(new)
    if before == after:
        return
    kind: ChangeKind = "loosened" if before < after else "tightened" if after < before else "changed"
    yield Change(
        "request.security",
        kind,
        kind != "loosened",
        _in_words(before),
        _in_words(after),
        (_STILL_TAKEN if kind == "loosened" else _NOW_REFUSED)(),
        old_location=_security_at(old),
        new_location=_security_at(new),
    )


def _credential_sets(contract: Contract) -> frozenset[Message]:
    """Each set of credentials that is enough, in words; ``none`` where none is asked for."""
    data, pointer = contract.document.data, contract.chosen.location.pointer
    alternatives = resolve(data, pointer).get("security", data.get("security"))
    if not isinstance(alternatives, list) or not alternatives:
        return frozenset({_NONE()})
    schemes = _mapping(_mapping(data.get("components")).get("securitySchemes"))
    return frozenset(
        _together([_scheme(_mapping(schemes.get(name)), name) for name in _mapping(alternative)])
        for alternative in alternatives
    )


def _together(schemes: Sequence[Message]) -> Message:
    return shown(Listing(tuple(sorted(schemes, key=str)), "and")) if schemes else _NONE()


def _scheme(scheme: Mapping[str, Any], name: str) -> Message:
    kind = scheme.get("type")
    if kind == "http":
        return shown(f"http {str(scheme.get('scheme', '')).lower()}".rstrip())
    if kind == "apiKey":
        return _KEY(place=str(scheme.get("in")), name=str(scheme.get("name")))
    return shown(str(kind or name))


def _in_words(alternatives: Iterable[Message]) -> Message:
    return shown(Listing(tuple(sorted(alternatives, key=lambda way: (way == _NONE(), str(way)))), "or"))


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
            why = _ASKED()
            yield Change("request.parameter", "added", True, None, now.words, why, new_location=now.location)
        else:
            why = _NOT_ASKED()
            yield Change("request.parameter", "added", False, None, now.words, why, new_location=now.location)
    for key, was in before.items():
        if key not in after:
            why = _NOT_UNDERSTOOD()
            yield Change("request.parameter", "removed", True, was.words, None, why, old_location=was.location)


def _between_parameters(was: _Parameter, now: _Parameter) -> Iterator[Change]:
    differences: list[tuple[ChangeKind, Message, Message]] = []
    if was.required != now.required:
        differences.append(("tightened" if now.required else "loosened", was.words, now.words))
    if was.schema is not None and now.schema is not None:
        for difference in compare_places(was.schema.properties[0], now.schema.properties[0]):
            before, after = (
                _SAID(parameter=was.named, what=said or _NOTHING()) for said in (difference.old, difference.new)
            )
            differences.append((difference.kind, before, after))
    for kind, old, new in differences:
        yield Change(
            "request.parameter",
            kind,
            kind != "loosened",
            old,
            new,
            (_SENT_TAKEN if kind == "loosened" else _SENT_REFUSED)(),
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
                _PARAMETER(place=place, name=name),
                node.get("required") is True,
                Schema(document, join(pointer, "schema")) if "schema" in node else None,
                document.location(pointer),
            )
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

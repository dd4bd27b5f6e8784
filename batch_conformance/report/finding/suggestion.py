"""Suggestions: what would have to be written into a contract for it to describe what a server was observed to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.document_finding import json_path, quoted
from batch_conformance.contract.pointer import escape, join, members, split
from batch_conformance.contract.schema import KNOWN_VALUES, Property, Schema
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.shape import infer
from batch_conformance.observation.strict_json import parse
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.rule import Cure

_SCALARS = (str, int, float, bool)
_MOST_VALUES = 20
"""Values that one action adds to a list; more of them are no enumeration."""

_Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One overlay action: ``target`` is a JSONPath, ``change`` its ``update`` or ``remove``.

    ``findings`` are those that it cures.
    """

    target: str
    change: Mapping[str, Any]
    description: str
    findings: tuple[Finding, ...]


def suggestions(
    contract: Contract, ledger: Ledger, masked: frozenset[str] = frozenset()
) -> tuple[tuple[Suggestion, ...], tuple[Finding, ...]]:
    """What would make the contract describe what was observed, and the findings that no document change cures.

    A property that the contract allows and nobody saw is neither: the contract describes it as it is. Of values and
    names at or below the pointers ``masked`` nothing is suggested.
    """
    made: dict[tuple[str, str], Suggestion] = {}
    left: list[Finding] = []
    advisor = _Advisor(contract, ledger, masked.union(contract.private))
    for finding in ledger.findings:
        found = list(advisor.cure(finding))
        if not found and finding.rule not in _NO_CONTRADICTION:
            left.append(finding)
        for suggestion in found:
            key = (suggestion.target, json.dumps(suggestion.change, sort_keys=True, default=str))
            known = made.get(key)
            made[key] = replace(known, findings=(*known.findings, finding)) if known else suggestion
    return tuple(made.values()), tuple(left)


_NO_CONTRADICTION = frozenset({"body.seen"})


class _Advisor:
    """Finds the cure of each finding, by the contract's own nodes and by all bodies that were seen."""

    def __init__(self, contract: Contract, ledger: Ledger, masked: frozenset[str]) -> None:
        self._contract = contract
        self._masked = masked
        self._ledger = ledger
        self._data = contract.document.data
        self._modern = contract.document.modern

    def cure(self, finding: Finding) -> Iterator[Suggestion]:
        """The actions that cure a finding, if any do."""
        rule = REGISTRY.get(finding.rule)
        if rule is not None and rule.cure is not None:
            for pointer in finding.pointers:
                for found in _CURES[rule.cure](self, replace(finding, pointer=pointer)):
                    yield replace(found, findings=(finding,))

    @cached_property
    def _bodies(self) -> Mapping[str, list[Any]]:
        """Every body that is JSON, by the status as the contract names it."""
        bodies: dict[str, list[Any]] = {}
        for exchange in self._ledger.exchanges:
            response = exchange.response
            if response is None or exchange.probe.method != "GET" or response.truncated:
                continue
            parsed = parse(response.body)
            if parsed.readable:
                documented = self._contract.chosen.response_for(response.status)
                status = documented.status if documented else str(response.status)
                bodies.setdefault(status, []).append(parsed.value)
        return bodies

    def _schema(self, finding: Finding) -> Schema | None:
        response = self._contract.chosen.responses.get(finding.status)
        return response.content.get(finding.media_type) if response else None

    def _place(self, finding: Finding, pointer: str) -> Property | None:
        schema = self._schema(finding)
        return next((place for place in schema.properties if place.pointer == pointer), None) if schema else None

    def _node(self, pointer: str) -> _Node:
        node: Any = self._data
        for step in split(pointer):
            node = node[int(step)] if isinstance(node, list) else node.get(step) if isinstance(node, Mapping) else None
        return node if isinstance(node, Mapping) else {}

    def _at(self, pointer: str, *names: str) -> str:
        return json_path(self._contract.document, pointer) + "".join(f"[{quoted(name)}]" for name in names)

    def _values(self, finding: Finding) -> list[Any]:
        return [value for body in self._bodies.get(finding.status, ()) for value in members(body, finding.pointer)]

    def change_type(self, finding: Finding) -> Iterator[Suggestion]:
        place = self._place(finding, finding.pointer)
        source = self._holder(place, "type") if place else self._of_any_name(finding)
        if source is None:
            return
        node = self._node(source)
        says = f"{finding.pointer or 'The body'} was observed to be {finding.kind}"
        if finding.kind == "null" and not self._modern:
            yield Suggestion(self._at(source), {"update": {"nullable": True}}, says, (finding,))
            return
        seen = {kind for value in self._values(finding) for kind in _types(infer([value]))}
        declared = _declared(node)
        meant = seen if seen and not declared & (seen - {"null"}) else seen | declared | {finding.kind}
        described = self._described({"type": sorted(meant)})
        if "type" not in described or not isinstance(node["type"], str):  # an update would add to what is there
            yield Suggestion(self._at(source, "type"), {"remove": True}, says, (finding,))
        yield Suggestion(self._at(source), {"update": described}, says, (finding,))

    def drop_required(self, finding: Finding) -> Iterator[Suggestion]:
        around, _, _ = finding.pointer.rpartition("/")
        name = split(finding.pointer)[-1] if finding.pointer else ""
        place = self._place(finding, around)
        for source in self._both(place.source) if place else ():
            listed = self._node(source).get("required", ())
            if name in listed:
                target = self._at(source, "required")
                missing = [other for other in listed if other in self._missing_in(finding.status, around, listed)]
                says = f"Not always there: {', '.join(missing)}"
                if len(missing) < len(listed):
                    target += "[?" + " || ".join(f"@ == {quoted(other)}" for other in missing) + "]"
                yield Suggestion(target, {"remove": True}, says, (finding,))

    def _missing_in(self, status: str, pointer: str, names: Iterable[str]) -> set[str]:
        """Those of the names that are missing in some object at that place."""
        objects = [o for body in self._bodies.get(status, ()) for o in members(body, pointer) if isinstance(o, Mapping)]
        return {name for name in names if any(name not in one for one in objects)}

    def _of_any_name(self, finding: Finding) -> str | None:
        """The schema of a map's members, where a finding is about one of them."""
        around, _, last = finding.pointer.rpartition("/")
        source = self._holder(self._place(finding, around), "additionalProperties") if last == "*" else None
        inner = join(source, "additionalProperties") if source is not None else ""
        return inner if "type" in self._node(inner) else None

    def _holder(self, place: Property | None, *keywords: str) -> str | None:
        """Where the schema of a place says one of these keywords."""
        sources = self._both(place.source) if place else ()
        return next((source for source in sources if any(keyword in self._node(source) for keyword in keywords)), None)

    def _both(self, source: str) -> Iterator[str]:
        """A schema and those that apply beside it, by their pointers."""
        left = [source]
        for _ in range(100):
            if not left:
                return
            pointer = left.pop(0)
            node = self._node(pointer)
            yield pointer
            reference = node.get("$ref")
            left += [reference[1:]] if isinstance(reference, str) and reference.startswith("#/") else []
            for keyword in ("allOf", "anyOf", "oneOf"):
                left += [join(pointer, keyword, number) for number in range(len(node.get(keyword, ())))]

    def add_enumerated(self, finding: Finding) -> Iterator[Suggestion]:
        place = self._place(finding, finding.pointer)
        source = self._holder(place, "enum", "const")
        values = self._unlisted_values(finding, place) if place else []
        if source is None or not values:
            return
        node = self._node(source)
        says = f"{finding.pointer} was observed to be {', '.join(map(json.dumps, values))} as well"
        if "const" in node:
            yield Suggestion(self._at(source, "const"), {"remove": True}, says, (finding,))
            values = [node["const"], *values]
        yield Suggestion(self._at(source), {"update": {"enum": values}}, says, (finding,))

    def add_known_value(self, finding: Finding) -> Iterator[Suggestion]:
        place = self._place(finding, finding.pointer)
        source = self._holder(place, KNOWN_VALUES)
        values = self._unlisted_values(finding, place) if place else []
        if source is not None and values:
            says = f"{finding.pointer} was observed to be {', '.join(map(json.dumps, values))} as well"
            yield Suggestion(self._at(source), {"update": {KNOWN_VALUES: values}}, says, (finding,))

    def _unlisted_values(self, finding: Finding, place: Property) -> list[Any]:
        """The scalar values seen at a place that the contract does not list, each once; none of a masked place."""
        if any(finding.pointer == pointer or finding.pointer.startswith(pointer + "/") for pointer in self._masked):
            return []
        values = {json.dumps(v): v for v in self._values(finding) if isinstance(v, _SCALARS)}
        strange = [value for value in values.values() if value not in place.known_values]
        return sorted(strange, key=str) if len(strange) <= _MOST_VALUES else []

    def drop_keyword(self, finding: Finding) -> Iterator[Suggestion]:
        schema, place = self._schema(finding), self._place(finding, finding.pointer)
        if schema is None or place is None:
            return
        broken = {
            violation.keyword
            for body in self._bodies.get(finding.status, ())
            for violation in schema.violations(body)
            if violation.pointer == finding.pointer and rule_of(violation.keyword) == finding.rule
        }
        for keyword in sorted(broken):
            source = self._holder(place, keyword)
            if source is not None:
                says = f"{finding.pointer} does not keep the keyword {keyword}"
                yield Suggestion(self._at(source, keyword), {"remove": True}, says, (finding,))

    def declare(self, finding: Finding) -> Iterator[Suggestion]:
        around, _, name = finding.pointer.rpartition("/")
        source = self._holder(self._place(finding, around), "properties")
        values = self._undeclared(finding, around) if name == "*" else self._values(finding)
        if source is not None and values:
            name = split(finding.pointer)[-1]
            described = self._described(infer(values, self._masked, finding.pointer))
            says = f"{finding.pointer} was observed, and no document has it"
            if name == "*":
                yield Suggestion(self._at(source), {"update": {"additionalProperties": described}}, says, (finding,))
                return
            update = {"properties": {name: {"description": "Observed, not documented.", **described}}}
            yield Suggestion(self._at(source), {"update": update}, says, (finding,))

    def _undeclared(self, finding: Finding, around: str) -> list[Any]:
        """The values of all members that no document has, of the objects at a place."""
        objects = (value for body in self._bodies.get(finding.status, ()) for value in members(body, around))
        return [
            value
            for one in objects
            if isinstance(one, Mapping)
            for name, value in one.items()
            if self._place(finding, f"{around}/{escape(name)}") is None
        ]

    def replace_schema(self, finding: Finding) -> Iterator[Suggestion]:
        schema, bodies = self._schema(finding), self._bodies.get(finding.status, ())
        if schema is None or not bodies or any(schema.is_valid(body) and _fits(schema, body) for body in bodies):
            return
        media = schema.pointer.rpartition("/")[0]
        says = f"The body of {finding.status} was observed to be another object"
        described = self._described(infer(bodies, self._masked))
        yield Suggestion(self._at(media, "schema"), {"remove": True}, says, (finding,))
        yield Suggestion(self._at(media), {"update": {"schema": described}}, says, (finding,))

    def add_status(self, finding: Finding) -> Iterator[Suggestion]:
        operation = self._contract.chosen
        if finding.status in operation.responses or not finding.status:
            return
        kinds = self._media_types(finding.status)
        response: dict[str, Any] = {"description": "Observed, not documented."}
        if kinds:
            response["content"] = {kind: self._media(kind, finding.status) for kind in kinds}
        says = f"The status {finding.status} was observed, and no document has it"
        target = self._at(join(operation.location.pointer, "responses"))
        yield Suggestion(target, {"update": {finding.status: response}}, says, (finding,))

    def _media_types(self, status: str) -> list[str]:
        seen = (
            result.media_types
            for result in self._ledger.statuses_of(self._contract.chosen.id)
            if result.status == status
        )
        return sorted(kind for kinds in seen for kind in kinds if "/" in kind)

    def _media(self, kind: str, status: str) -> dict[str, Any]:
        if "json" in kind and self._bodies.get(status):
            return {"schema": self._described(infer(self._bodies[status], self._masked))}
        return {"schema": {"type": "string"}} if kind == "text/plain" else {}

    def add_media_type(self, finding: Finding) -> Iterator[Suggestion]:
        if "/" in finding.kind:
            says = f"{finding.status} was observed with the media type {finding.kind}"
            update = {"content": {finding.kind: self._media(finding.kind, finding.status)}}
            yield Suggestion(self._at(self._response(finding.status)), {"update": update}, says, (finding,))

    def add_plain_text(self, finding: Finding) -> Iterator[Suggestion]:
        for status, response in self._contract.chosen.responses.items():
            if "text/plain" in self._media_types(status) and "text/plain" not in response.content:
                says = f"The body of {status} was observed to be plain text"
                update = {"content": {"text/plain": {"schema": {"type": "string"}}}}
                yield Suggestion(self._at(self._response(status)), {"update": update}, says, (finding,))

    def loosen_header(self, finding: Finding) -> Iterator[Suggestion]:
        pointer = join(self._response(finding.status), "headers")
        lower, _, what = finding.kind.partition(" ")
        name = next((name for name in self._node(pointer) if name.lower() == lower), None)
        if name is None:
            return
        header = self._followed(join(pointer, name))
        if what == "missing":
            says = f"The header {name} is not always there"
            yield Suggestion(self._at(header), {"update": {"required": False}}, says, (finding,))
        else:
            says = f"The header {name} does not keep its schema"
            yield Suggestion(self._at(header, "schema"), {"remove": True}, says, (finding,))

    def _response(self, status: str) -> str:
        return self._followed(join(self._contract.chosen.location.pointer, "responses", status))

    def _followed(self, pointer: str) -> str:
        """Where a node really stands, local references followed."""
        for _ in range(20):
            reference = self._node(pointer).get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            pointer = reference[1:]
        return pointer

    def _described(self, shape: _Node) -> dict[str, Any]:
        """An inferred shape as a schema of the document's version of OpenAPI, without what is required."""
        made: dict[str, Any] = {}
        types = sorted(_types(shape))
        if "properties" in shape:
            shown = {name: inner for name, inner in shape["properties"].items() if name.isprintable()}
            made["properties"] = {name: self._described(inner) for name, inner in shown.items()}
        if "array" in types:
            made["items"] = self._described(shape.get("items", {}))
        kinds = [kind for kind in types if kind != "null"]
        if self._modern:
            return {**({"type": types if len(types) > 1 else types[0]} if types else {}), **made}
        nullable = {"nullable": True} if "null" in types else {}
        if len(kinds) == 1:
            return {"type": kinds[0], **nullable, **made}
        if not kinds:  # never seen but null: OpenAPI 3.0 has no type for that, and no type allows anything
            return made
        return {**made, "anyOf": [{"type": k, **nullable, **({"items": {}} if k == "array" else {})} for k in kinds]}


_CURES: Mapping[Cure, Callable[[_Advisor, Finding], Iterator[Suggestion]]] = {
    "type": _Advisor.change_type,
    "required": _Advisor.drop_required,
    "enum": _Advisor.add_enumerated,
    "known_value": _Advisor.add_known_value,
    "keyword": _Advisor.drop_keyword,
    "property": _Advisor.declare,
    "schema": _Advisor.replace_schema,
    "status": _Advisor.add_status,
    "media_type": _Advisor.add_media_type,
    "header": _Advisor.loosen_header,
    "plain_text": _Advisor.add_plain_text,
}


def _types(shape: _Node) -> set[str]:
    declared = shape.get("type", ())
    return {declared} if isinstance(declared, str) else set(declared)


def _declared(node: _Node) -> set[str]:
    return _types(node) | ({"null"} if node.get("nullable") is True else set())


def _fits(schema: Schema, body: Any) -> bool:
    """Whether a body has anything of what the schema declares."""
    names: Sequence[str] = [p.pointer[1:] for p in schema.properties if p.pointer.count("/") == 1]
    return isinstance(body, Mapping) and any(name in body for name in names)

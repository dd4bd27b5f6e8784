"""Checks the examples and defaults of a document against the schemas that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import BODY_OF, DocumentFinding, Predicted, finding, json_path
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.keywords import EXAMPLE_VALUES
from batch_conformance.contract.pointer import join
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.translate import local_pointer, resolve
from batch_conformance.contract.tree import parse_tree
from batch_conformance.contract.violation import Violation
from batch_conformance.message import Argument, Template

_OPENAI = "x-oaiMeta"
"""OpenAI's extension for its documentation pages."""

_VALUE = Template("place.value", "the value")
_NULL: Mapping[str, Template] = {
    "example": Template(
        "document.example_null.says", "{place}: example is null, the type is {expected} and not nullable"
    ),
    "default": Template(
        "document.default_null.says", "{place}: default is null, the type is {expected} and not nullable"
    ),
}
_INVALID: Mapping[str, Template] = {
    "example": Template(
        "document.example_invalid.says", "{place}: example has {observed}, the schema asks for {expected}"
    ),
    "default": Template(
        "document.default_invalid.says", "{place}: default has {observed}, the schema asks for {expected}"
    ),
}


@dataclass(frozen=True)
class SampleUse:
    """A schema node, and the place in the body of one status that it describes."""

    status: str
    pointer: str
    body: str

    @property
    def name(self) -> Argument:
        """The place for people: in a body, or the value of a parameter or header."""
        if self.body or not self.status:
            return self.body or _VALUE()
        return BODY_OF(status=self.status)


def check_schema_samples(document: Document, uses: Sequence[SampleUse]) -> Iterator[DocumentFinding]:
    """Findings about ``example``, ``examples`` and ``default`` of one schema node, used at these places."""
    pointer = uses[0].pointer
    node = resolve(document.data, pointer)
    if not isinstance(node, Mapping):
        return  # true and false are schemas too, and anything else is reported where it is compiled
    if "$ref" in node and not document.modern:
        return  # OpenAPI 3.0 ignores what stands beside a reference
    schema = Schema(document, pointer)
    for keyword in ("example", "default"):
        if keyword in node:
            yield from _check(document, schema, join(pointer, keyword), node[keyword], uses)
    where, sample = join(pointer, _OPENAI, "example"), _openai_example(node)
    if sample is not None:
        yield from _check(document, schema, where, sample, uses)
    listed = node.get("examples")
    for index, value in enumerate(listed if isinstance(listed, list) else ()):
        yield from _check(document, schema, join(pointer, "examples", index), value, uses)


def _openai_example(node: Mapping[str, Any]) -> Any:
    """The example that OpenAI writes into its own extension as a text, a JSON that may end in a comma; else None."""
    extension = node.get(_OPENAI)
    text = extension.get("example") if isinstance(extension, Mapping) else None
    try:
        return parse_tree(text, "")[0] if isinstance(text, str) else None
    except ContractError:
        return None


def check_media_samples(document: Document, schema: Schema, status: str) -> Iterator[DocumentFinding]:
    """Findings about the examples beside the schema of a response's media type."""
    around = schema.pointer.rpartition("/")[0]
    for pointer, value in _beside_schema(document, around):
        yield from _check(document, schema, pointer, value, (SampleUse(status, schema.pointer, ""),))


def check_value_samples(document: Document, pointer: str) -> Iterator[DocumentFinding]:
    """Findings about the examples of a parameter or header, which are no part of any body."""
    schema = Schema(document, join(pointer, "schema"))
    for where, value in _beside_schema(document, pointer):
        yield from _check(document, schema, where, value, ())
    yield from (_without_body(one) for one in check_schema_samples(document, (SampleUse("", schema.pointer, ""),)))


def _without_body(one: DocumentFinding) -> DocumentFinding:
    return DocumentFinding(
        one.id, one.rule, one.level, one.title, one.says, one.why, one.location, one.pointer, one.repair
    )


def _beside_schema(document: Document, pointer: str) -> Iterator[tuple[str, Any]]:
    """``example`` and the values of ``examples`` of a media type, parameter or header, with their pointers."""
    node = resolve(document.data, pointer)
    if "example" in node:
        yield join(pointer, "example"), node["example"]
    named = node.get("examples")
    for name in named if isinstance(named, Mapping) else ():
        where = join(pointer, "examples", name)
        example = resolve(document.data, where)
        if isinstance(example, Mapping) and "$ref" in example:
            if not str(example["$ref"]).startswith("#"):
                continue  # it stands in another file, and nothing is judged by it
            where = local_pointer(document, where, example["$ref"])
            example = resolve(document.data, where)
        member = next((name for name in EXAMPLE_VALUES if name in example), "") if isinstance(example, Mapping) else ""
        if member:
            yield join(where, member), example[member]


def _check(
    document: Document, schema: Schema, pointer: str, value: Any, uses: Sequence[SampleUse]
) -> Iterator[DocumentFinding]:
    """Findings about one sample: what is null and must not be apart, because one repair settles each of those."""
    sample = "default" if pointer.rpartition("/")[2] == "default" and pointer.startswith(schema.pointer) else "example"
    violations = schema.violations(value)
    nulls = Counter(violation.path for violation in violations if _refuses_null(violation))
    for violation in violations:
        where = join(pointer, *violation.path)
        name = (uses[0].body if uses else "") + violation.pointer or (uses[0].name if uses else _VALUE())
        if _refuses_null(violation):
            # Where two keywords refuse it, no one change is enough.
            curable = sample == "example" and nulls[violation.path] == 1
            yield finding(
                document,
                f"{sample}_null" if sample == "example" else "default_invalid",
                where,
                _NULL[sample](place=name, expected=violation.expected),
                repair=_allow_null(document, violation) if curable else None,
                predicts=_predicted(uses, violation) if sample == "example" else (),
            )
        else:
            remove = {"target": json_path(document, pointer), "remove": True}
            says = _INVALID[sample](place=name, observed=violation.observed, expected=violation.expected)
            yield finding(document, f"{sample}_invalid", where, says, repair=remove, suffix=_apart(violation))


def _refuses_null(violation: Violation) -> bool:
    return violation.keyword == "type" and violation.kind == "null"


def _predicted(uses: Sequence[SampleUse], violation: Violation) -> tuple[Predicted, ...]:
    return tuple(dict.fromkeys((use.status, use.body + violation.pointer) for use in uses if use.status))


def _apart(violation: Violation) -> str:
    """Tells two violations at one place of one sample apart."""
    return "" if violation.keyword == "type" else violation.keyword


def _allow_null(document: Document, violation: Violation) -> Mapping[str, Any] | None:
    """The overlay action after which null keeps the schema, where one change is enough."""
    pointer = violation.source.rpartition("/")[0]
    node = resolve(document.data, pointer)
    if "allOf" in node or "$ref" in node or "const" in node:
        return None
    kinds = node.get("type")
    update: dict[str, Any]
    if not document.modern:
        update = {"nullable": True} if isinstance(kinds, str) else {}
    elif kinds is not None:
        # Arrays of an update are appended, and a single value is replaced.
        update = {"type": ["null"] if isinstance(kinds, list) else [kinds, "null"]}
        if isinstance(node.get("enum"), list) and None not in node["enum"]:
            update["enum"] = [None]
    else:
        union = next((keyword for keyword in ("anyOf", "oneOf") if keyword in node), None)
        update = {union: [{"type": "null"}]} if union else {}
    return {"target": json_path(document, pointer), "update": update} if update else None

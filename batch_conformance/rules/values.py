"""Rules about the texts of a batch that name something: what was written into them by mistake, and their form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.stated_at import at_example
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.name_patterns import malformed
from batch_conformance.rules.plain_texts import surely_plain
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck, Broken, Rule, is_batch, where

_MOST_KNOWN = 1_000
"""Texts that are remembered to have the form of their example."""

_PLAIN = Template("value.malformed.expected", "a plain name, as clients send it back or fetch it")
_FOUND = {
    "padded": Template("value.malformed.padded", "{value}, with white space around it"),
    "control": Template("value.malformed.control", "{value}, with a control character"),
    "markup": Template("value.malformed.markup", "{value}, with an entity of markup"),
    "template": Template("value.malformed.template", "{value}, a template that was not filled in"),
    "pointer": Template("value.malformed.pointer", "{value}, the address of an object in memory"),
    "repr": Template("value.malformed.repr", "{value}, an object as a language prints it"),
    "escaped": Template("value.malformed.escaped", "{value}, percent-encoded"),
}

_PATH = re.compile(r"/[\w.~/-]+")
_DURATION = re.compile(r"\d+ ?(?:s|m|h|d|w|min|hours?|days?)")
_FORMS = {"path": _PATH, "duration": _DURATION}
_AS_EXAMPLE = {
    "path": Template("value.form.path", "a path, as the example {example}"),
    "duration": Template("value.form.duration", "a number with its unit, as the example {example}"),
}


def _check_malformed(observation: Observation) -> Iterator[Broken]:
    for pointer in observation.operation.roles.names:
        text = at(observation.batch, pointer)
        kind = malformed(pointer, text) if isinstance(text, str) else ""
        if kind:
            here = observation.contract_media_type
            yield Broken(_PLAIN(), _FOUND[kind](value=_shown(text)), kind, media_type=here, pointer=pointer)


def _check_form(observation: Observation) -> Iterator[Broken]:
    schema, batch = observation.schema, observation.batch
    if schema is None or batch is None:
        return
    for pointer, kind, example in _formed(schema):
        text = at(batch, pointer)
        if isinstance(text, str) and not _has_form(pointer, kind, text):
            expected = _AS_EXAMPLE[kind](example=example)
            here = observation.contract_media_type
            yield Broken(expected, shown(_shown(text)), kind, media_type=here, pointer=pointer)


def _has_form(pointer: str, kind: str, text: str) -> bool:
    """Whether a text has the form of an example; one that is unset, or malformed, is told as that."""
    return not text.strip() or bool(malformed(pointer, text)) or _FORMS[kind].fullmatch(text) is not None


def surely_formed(alike: AlikeBodies) -> tuple[BodiesCheck, ...]:
    """Checks that hold only where no value of a body has another form than its example."""
    formed = tuple(
        (one, kind, set[Any]()) for one, kind, _ in _formed(alike.schema) if type(at(alike.body, one)) is str
    )
    if not formed:
        return ()

    def have_form(columns: Columns) -> bool:
        for pointer, kind, known in formed:
            new = set(columns.different(pointer)) - known
            if not all(_has_form(pointer, kind, text) for text in new):
                return False
            if len(known) < _MOST_KNOWN:
                known.update(new)
        return True

    return (have_form,)


@lru_cache(64)
def _formed(schema: Schema) -> tuple[tuple[str, str, str], ...]:
    """The members of a body whose example has a form of its own: pointer, form and example."""
    found = ((place, place.example) for place in schema.properties if place.pointer.count("/") == 1)
    return tuple(
        (place.pointer, kind, example)
        for place, example in found
        if isinstance(example, str) and not place.known_values and not place.write_only
        for kind, form in _FORMS.items()
        if form.fullmatch(example)
    )


def _shown(text: str) -> Private:
    return Private(f'"{text}"' if len(text) <= 60 else f'"{text[:56]}…"')


def _schemas(operation: Operation) -> Iterator[Schema]:
    for status, response in operation.responses.items():
        if status.startswith("2"):
            yield from (schema for schema in response.content.values() if schema is not None)


def _has_names(operation: Operation) -> bool:
    return bool(operation.roles.names)


def _has_forms(operation: Operation) -> bool:
    return any(_formed(schema) for schema in _schemas(operation))


MALFORMED = Rule(
    id="value.malformed",
    title="An id, a path or an address holds what does not belong in it",
    level="should",
    side="server",
    why="Clients send ids back and fetch addresses letter by letter: padded, escaped or printed by a language, they "
    "lead nowhere.",
    remedy="Send the plain value: fill templates in, print members and not objects, and encode once, where it is used.",
    source="RFC 3986 section 2: the letters that a path or an address is made of, and what escapes them",
    breaks='{"input_file_id": "file-a&amp;b"}, {"output_file_id": "${file.id}"}, {"endpoint": " /v1/embeddings"}',
    keeps='{"output_file_id": "https://a/b%20c?x=1&y=2"}',
    clauses=where(_has_names, Template("value.malformed.clause", "ids, paths and addresses are plain"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_malformed,
    looks_at="values",
    surely_kept=surely_plain,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("other values", "no marks of code"),),
)

FORM = Rule(
    id="value.form",
    title="A value has another form than its example",
    level="info",
    side="server",
    why="One example is no rule; but clients that were written after it may take a path or a duration apart.",
    remedy="Send the form of the example, or show the other one in the document.",
    source="the document's examples (/v1/chat/completions, 24h)",
    breaks='{"endpoint": "chat.completions"} where the example is /v1/chat/completions',
    keeps='{"endpoint": "/v1/embeddings"}',
    said=at_example,
    clauses=where(
        _has_forms, Template("value.form.clause", "paths and durations have the form of their examples"), "200"
    ),
    exercised=is_batch,
    concern="sense",
    check=_check_form,
    looks_at="values",
    surely_kept=surely_formed,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("values of examples and texts", "the form of an example"),),
)

RULES = (MALFORMED, FORM)

"""Rules about the texts of a batch that name something: what was written into them by mistake, and their form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import unescape
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.stated_at import at_example
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import AlikeBodies, Body, BodyCheck, Broken, Rule, is_batch, where
from batch_conformance.rules.unset import stands_for_unset

_ID = re.compile(r"(?:/\w+)*/(?:(?:\w+_)?id|\w*[a-z0-9]I[dD]|\w+_file)")
_ADDRESS = re.compile(r"(?:/\w+)*/(?:\w+_)?(?:url|uri)|(?:/\w+)*/\w+(?:Url|Uri|URL)")

_MARKS: Mapping[str, re.Pattern[str]] = {
    "control": re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]"),
    "markup": re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});"),
    "template": re.compile(
        r"\{\{[^{}]{0,80}\}\}|[$#]\{[^{}]{0,80}\}|<%[^%]{0,80}%>|%\(\w{1,40}\)[sd]|\A%[sdv]\Z|\A<[a-z][\w-]{0,40}>\Z"
    ),
    "pointer": re.compile(r"\bat 0x[0-9a-fA-F]{4,16}\b|\A\(?0x(?:[cC]000[0-9a-fA-F]{6}|(?:7f|5[56])[0-9a-f]{10})\)?\Z"),
    "repr": re.compile(
        r"\A[bur]?'[^']*'\Z|\Ab?\"[^\"]*\"\Z|\A(?:Some|Optional|Just|UUID|ObjectId|PosixPath)\(.{0,200}\)\Z"
        r"|\AOptional\[.{0,200}\]\Z|\[object \w{1,40}\]|%!\w\(|\A&?\{\S{0,200} (?:true|false)\}\Z|\A<class '"
        r"|\A<\w{1,40}(?:\.\w{1,40})?: .{1,200}>\Z|\A(?:javax?|com|org|io|net)(?:\.[\w$]{1,60}){1,12}@[0-9a-f]{1,8}\Z"
    ),
}
"""By kind: what templates, encoders and the printing of objects leave in a text, and no name has of itself."""

_FIELD = re.compile(r"\{(?:\d|[A-Za-z_]\w{0,40})?\}")
"""A field of a format or a path template: no part of an id or an address; paths and endpoints may be named by one."""
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SUSPECT = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200b\ufeff&{<%'\"(\\[@]|0x")
"""Some of this is in every text that one of the patterns finds."""

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


def is_id(pointer: str) -> bool:
    """Whether a member is an id, by its name."""
    return _ID.fullmatch(pointer) is not None


def is_reference(pointer: str) -> bool:
    """Whether a member names what a client sends back or fetches: an id or an address, by its name."""
    return is_id(pointer) or _ADDRESS.fullmatch(pointer) is not None


def malformed(pointer: str, text: str) -> str:
    """What was written into a name by mistake, as a kind; empty for nothing, and for an unset value."""
    if not text.strip() or stands_for_unset(text) or not _SUSPECT.search(text):
        return ""
    if text != text.strip():
        return "padded"
    found = next((kind for kind, pattern in _MARKS.items() if pattern.search(text)), "")
    if found:
        return found
    if is_reference(pointer) and _FIELD.search(text):
        return "template"
    return "escaped" if is_id(pointer) and "/" not in text and _ESCAPE.search(text) else ""


def _check_malformed(observation: Observation) -> Iterator[Broken]:
    batch = observation.batch
    for pointer in observation.operation.roles.names if batch is not None else ():
        text = at(batch, pointer)
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


def surely_named_well(alike: AlikeBodies) -> tuple[BodyCheck, ...]:
    """Checks that hold only where no name of a body is malformed, or of another form than its example."""
    body, checks = alike.body, list[BodyCheck]()
    texts = [pointer for pointer in alike.roles.names if type(at(body, pointer)) is str]
    outer = {unescape(pointer[1:]): pointer for pointer in texts if pointer.count("/") == 1}
    inner = [pointer for pointer in texts if pointer.count("/") > 1]
    formed = tuple(
        (unescape(one[1:]), one, kind) for one, kind, _ in _formed(alike.schema) if type(at(body, one)) is str
    )
    known: set[tuple[str, str]] = set()

    def are_plain(body: Body) -> bool:
        if _SUSPECT.search("|".join(map(body.__getitem__, outer))) is None:
            return True
        return not any(malformed(pointer, body[name]) for name, pointer in outer.items())

    def are_plain_inside(body: Body) -> bool:
        return not any(malformed(pointer, at(body, pointer)) for pointer in inner)

    def have_form(body: Body) -> bool:
        for name, pointer, kind in formed:
            text = body[name]
            if (name, text) not in known:
                if not _has_form(pointer, kind, text):
                    return False
                if len(known) < _MOST_KNOWN:
                    known.add((name, text))
        return True

    checks += [are_plain] if outer else []
    checks += [are_plain_inside] if inner else []
    checks += [have_form] if formed else []
    return tuple(checks)


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
    title="An id, a path or an address holds what does not belong into it",
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
    surely_kept=surely_named_well,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
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
    surely_kept=surely_named_well,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
)

RULES = (MALFORMED, FORM)

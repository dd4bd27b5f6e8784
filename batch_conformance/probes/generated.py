"""Schemathesis' own phases over the operation, turned into probes: examples, coverage and fuzzing.

All that this project uses of Schemathesis' internals is in this module, and it is imported only here.
"""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from hypothesis import strategies as st

from batch_conformance.contract.referenced_files import FILES
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.translate import resolve
from batch_conformance.exchange.exchange import Headers
from batch_conformance.message import Message, Template, shown
from batch_conformance.probes.batch_ids import PLAIN
from batch_conformance.probes.draws import draw
from batch_conformance.probes.segment import decode_segment
from batch_conformance.probes.uninterrupted import uninterrupted

if TYPE_CHECKING:
    from schemathesis import Case

_KEPT = ("openapi", "info", "components", "security", FILES)
# Ours to set: the credential, and what the transport writes.
_OURS = frozenset({"authorization", "host", "content-length", "connection", "cookie", "accept-encoding"})


UTF8 = ((0, 0xD7FF), (0xE000, 0x10FFFF))
"""All code points but the surrogates, as ranges."""


_LONGEST_QUERY = 2000
"""Characters of a query string: servers refuse longer ones before they look at them."""

_NO_TEXT = ("binary",)
"""Formats of which Schemathesis makes bytes."""


_NO_QUERIES = Template("generated.no_queries", "Schemathesis cannot generate queries for GET {path}: {reason}")
_NO_REQUESTS = Template("generated.no_requests", "Schemathesis cannot generate requests for GET {path}: {reason}")
_NO_VALUE = Template("generated.no_value", "no value keeps the schema")


class GenerationError(ValueError):
    """Schemathesis can make nothing of this operation or schema. The message is one line."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def _reason(error: Exception) -> Message:
    """What a library says, on one line and not long."""
    return shown(" ".join(str(error).split())[:200] or type(error).__name__)


@dataclass(frozen=True, slots=True)
class GeneratedRequest:
    """A GET that Schemathesis made: ``phase`` is ``examples``, ``coverage`` or ``fuzzing``; ``path`` is as sent."""

    phase: str
    path: str
    batch_id: str
    query: str = ""
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class GeneratedQuery:
    """A query string that Schemathesis made, valid or not; ``phase`` as for ``GeneratedRequest``."""

    phase: str
    query: str


def generate_queries(data: Mapping[str, Any], path: str, count: int, seed: int | None) -> tuple[GeneratedQuery, ...]:
    """Up to ``count`` distinct queries of the GET at a path that the document calls valid, and as many others.

    Which they are is for the caller to tell: what breaks one schema may keep another. Repeatable for a seed. Raises
    GenerationError, with the reason in one line.
    """
    try:
        document = _pruned(data, path)
        with warnings.catch_warnings(), _utf8_known():
            warnings.simplefilter("ignore")
            return tuple(_queries(document, path, count, seed))
    except Exception as error:  # as for ``generate``
        raise GenerationError(_NO_QUERIES(path=path, reason=_reason(error))) from error


def _queries(data: dict[str, Any], path: str, count: int, seed: int | None) -> Iterator[GeneratedQuery]:
    load()
    from schemathesis.generation.feedback import FeedbackSources  # noqa: PLC0415
    from schemathesis.generation.modes import GenerationMode  # noqa: PLC0415

    operation = _loaded(data)[path]["GET"]
    schema = operation.schema
    generation = schema.config.generation_for(operation=operation)
    feedback = FeedbackSources()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        found: dict[str, GeneratedQuery] = {}
        covered = schema.iter_coverage_cases(operation, generation_modes=[mode], generation_config=generation)
        for case in covered:
            _add_query(found, "coverage", case)
        drawn = draw(
            operation.as_strategy(generation_mode=mode, feedback=feedback), count, seed, mode.value, key=_identity
        )
        for case in drawn:
            _add_query(found, "fuzzing", case)
        yield from list(found.values())[:count]


def _add_query(found: dict[str, GeneratedQuery], phase: str, case: Case[Any]) -> None:
    if case.method.upper() != "GET":
        return
    query = _query_of(case)
    if len(query) < _LONGEST_QUERY:
        found.setdefault(query, GeneratedQuery(phase, query))


def _query_of(case: Case[Any]) -> str:
    named = {name: value for name, value in (case.query or {}).items() if value is not None}
    return urlencode({name: _as_text(value) for name, value in named.items()}, doseq=True, errors="replace")


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def generate(
    data: Mapping[str, Any], path: str, parameter: str, count: int, seed: int | None, *, plain: bool = False
) -> tuple[GeneratedRequest, ...]:
    """Up to ``count`` distinct requests that the document calls valid: examples first, then coverage, then fuzzing.

    ``data`` is the document, ``path`` the template of the GET and ``parameter`` the name of its id. With ``plain`` only
    ids of letters, digits, ``-`` and ``_`` are made. Repeatable for a seed. Raises GenerationError, with the reason in
    one line.
    """
    if count <= 0:
        return ()
    try:
        document = _pruned(data, path)
        if plain:
            _make_plain(document["paths"][path], parameter)
        with warnings.catch_warnings(), _utf8_known():
            warnings.simplefilter("ignore")
            found = _requests(document, path, parameter, count, seed)
        return tuple(request for request in found if PLAIN.match(request.batch_id) or not plain)
    except Exception as error:  # whatever a third party's document makes a third party's generator raise
        raise GenerationError(_NO_REQUESTS(path=path, reason=_reason(error))) from error


def values_of(schema: Schema, more: Mapping[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """The values that keep a schema, and the JSON Schema ``more`` beside it; strings in printable ASCII.

    Raises GenerationError, with the reason in one line, also where there is no such value.
    """
    load()
    import jsonschema_rs  # noqa: PLC0415
    from schemathesis.generation.jsonschema.builder import EMPTY_STRATEGY, build  # noqa: PLC0415
    from schemathesis.generation.jsonschema.context import Alphabet  # noqa: PLC0415
    from schemathesis.specs.openapi.formats import get_default_format_strategies  # noqa: PLC0415

    keyword = "$defs" if schema.modern else "definitions"
    raw = {name: part for name, part in schema.raw.items() if name != keyword}
    whole = {**({"allOf": [raw, dict(more)]} if more else raw), keyword: schema.raw.get(keyword, {})}
    formats = {name: one for name, one in get_default_format_strategies().items() if name not in _NO_TEXT}
    alphabet = Alphabet(codec="ascii", exclude_characters="".join(map(chr, (*range(32), 127))))
    draft = jsonschema_rs.Draft202012 if schema.modern else jsonschema_rs.Draft4
    try:
        found = build(copy.deepcopy(whole), draft=draft, formats=formats, alphabet=alphabet)
    except Exception as error:  # whatever a third party's schema makes a third party's generator raise
        raise GenerationError(_reason(error)) from error
    if found is EMPTY_STRATEGY:
        raise GenerationError(_NO_VALUE())
    return found


def load() -> None:
    """Import Schemathesis: a quarter of a second that only those who plan should spend, and while they wait.

    Signals wait until it is done.
    """
    with uninterrupted():
        import schemathesis.specs.openapi.schemas  # noqa: F401, PLC0415


@contextlib.contextmanager
def _utf8_known() -> Iterator[None]:
    """Tells Hypothesis which characters UTF-8 has.

    It finds out by trying all of them, once per folder: 200 MB and two seconds of the first run in every fresh clone.
    """
    from hypothesis.internal import charmap  # noqa: PLC0415
    from hypothesis.internal.intervalsets import IntervalSet  # noqa: PLC0415

    known = (IntervalSet(UTF8), IntervalSet(()))
    asked = charmap.intervals_from_codec

    def answer(codec: str) -> tuple[IntervalSet, IntervalSet]:
        return known if codec == "utf-8" else asked(codec)

    charmap.intervals_from_codec = answer  # type: ignore[assignment]
    try:
        yield
    finally:
        charmap.intervals_from_codec = asked


def _requests(data: dict[str, Any], path: str, parameter: str, count: int, seed: int | None) -> list[GeneratedRequest]:
    load()
    from schemathesis.generation.feedback import FeedbackSources  # noqa: PLC0415
    from schemathesis.generation.modes import GenerationMode  # noqa: PLC0415

    schema = _loaded(data)
    operation = schema[path]["GET"]
    generation = schema.config.generation_for(operation=operation)
    # Without constants taken from local source files, which would make the requests depend on where we run.
    feedback = FeedbackSources()
    examples = [
        case
        for strategy in operation.get_strategies_from_examples(feedback=feedback)
        for case in draw(strategy, 1, seed, "examples", key=_identity)
    ]
    coverage = schema.iter_coverage_cases(
        operation, generation_modes=[GenerationMode.POSITIVE], generation_config=generation
    )
    found: dict[tuple[str, str, Headers], GeneratedRequest] = {}
    _add(found, "examples", examples, parameter)
    _add(found, "coverage", coverage, parameter)
    strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE, feedback=feedback)
    _add(found, "fuzzing", draw(strategy, count, seed, "fuzzing", key=_identity), parameter)
    return list(found.values())[:count]


def _loaded(data: dict[str, Any]) -> Any:
    import schemathesis  # noqa: PLC0415
    from schemathesis.config import SchemathesisConfig  # noqa: PLC0415

    # Given whole, so that no schemathesis.toml of the folder in which we run has a say.
    config = SchemathesisConfig.from_dict(
        {"generation": {"mode": "positive", "with-security-parameters": False, "database": "none"}}
    )
    return schemathesis.openapi.from_dict(data, config=config)


def _add(
    found: dict[tuple[str, str, Headers], GeneratedRequest], phase: str, cases: Iterable[Case[Any]], parameter: str
) -> None:
    for case in cases:
        if case.method.upper() != "GET" or case.path_parameters.get(parameter) is None:
            continue
        request = _convert(phase, case, parameter)
        found.setdefault((request.path, request.query, request.headers), request)


def _convert(phase: str, case: Case[Any], parameter: str) -> GeneratedRequest:
    # Schemathesis percent-encodes path parameters itself; anything that it left raw is encoded, nothing twice.
    path = quote(case.formatted_path, safe="/%:@!$&'()*+,;=-._~")
    segment = str(case.path_parameters[parameter])
    headers = tuple(
        (name, str(value))
        for name, value in case.headers.items()
        if name.lower() not in _OURS and str(value).isascii() and str(value).isprintable()
    )
    query = urlencode({name: value for name, value in case.query.items() if value is not None}, doseq=True)
    return GeneratedRequest(phase, path, decode_segment(segment), query, headers)


def _identity(case: Case[Any]) -> tuple[str, str, str]:
    headers = sorted((name, str(value)) for name, value in case.headers.items() if name.lower() not in _OURS)
    return (case.formatted_path, repr(sorted(case.query.items())), repr(headers))


def _pruned(data: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A private copy of what the operation needs: Schemathesis changes what it is given, and reads it whole."""
    kept: dict[str, Any] = {name: data[name] for name in _KEPT if name in data}
    whole = _followed(data, data["paths"][path])
    item = {name: _followed(data, part) for name, part in whole.items() if name in ("get", "parameters")}
    return copy.deepcopy({**kept, "paths": {path: item}})


def _followed(data: Mapping[str, Any], node: Any) -> Any:
    """A path item or an operation, local references followed: a contract has none that leads nowhere."""
    while isinstance(node, Mapping) and "$ref" in node:
        node = resolve(data, unquote(node["$ref"][1:]))
    return node


def _make_plain(item: dict[str, Any], parameter: str) -> None:
    """Narrows an id that the document leaves free; one that it restricts itself stays as it is."""
    for entry in [*item.get("parameters", []), *item["get"].get("parameters", [])]:
        found = isinstance(entry, dict) and entry.get("in") == "path" and entry.get("name") == parameter
        if found and "content" not in entry:
            schema = entry.setdefault("schema", {"type": "string"})
            if isinstance(schema, dict) and not {"$ref", "pattern", "format", "enum", "const"} & set(schema):
                asked = schema.get("minLength", 1)
                least = asked if isinstance(asked, int) else 1
                schema["pattern"] = f"^[A-Za-z0-9_-]{{{least},{max(40, least)}}}$"

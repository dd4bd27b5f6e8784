"""What is wrong in an ``audit.yaml``, in one line: the key, where it stands, and what may stand there.

No line shows a value of the file: somebody may have written the key of an API itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join
from batch_conformance.message import Listing, Message, Template, shown
from batch_conformance.near_miss import nearest
from batch_conformance.options import Option, options_of
from batch_conformance.run.audits.audit_schema import IN_OPTIONS

_AT = Template("audit_file.at_line", "{where}: {what}")
_MISSING = Template("audit_file.missing", "{names} is missing")
_NO_ADDRESS = Template("audit_file.no_address", "a target needs a base_url, or a vendor whose profile has one")
_EMPTY_TARGETS = Template("audit_file.empty_targets", "targets is empty; {hint}")
_ONE_OF = Template("audit_file.one_of", "one of {key}")
_THE_FILE = Template("audit_file.the_file", "the file")
_MUST_BE = Template("audit_file.must_be", "{what} must be {wanted}")
_MUST_BE_MEANT = Template("audit_file.must_be_meant", "{what} must be {wanted}; did you mean `{word}`?")
_MUST_BE_AND_IS = Template("audit_file.must_be_and_is", "{what} must be {wanted}, and is {kind}")
_PUT_IN_QUOTES = Template("audit_file.put_in_quotes", "{what} must be {wanted}, and is {kind}: put it in quotes")
_OF_TEXTS = Template("audit_file.of_texts", "{kind} of texts")
_BETWEEN = Template("audit_file.between", "{kind} from {least} to {most}")
_ABOVE = Template("audit_file.above", "{kind} above {least}")
_AT_LEAST = Template("audit_file.at_least", "{kind} of at least {least}")
_NOT_EMPTY = Template("audit_file.not_empty", "{kind} that is not empty")
_BESIDE_THE_NAME = Template(
    "audit_file.beside_the_name", "{key} is none of the options: write `{name}:` beside the target's name"
)
_OF_THE_COMMAND = Template(
    "audit_file.of_the_command",
    "{key} is none of the options of a target: give it to the command, `batch-conformance audit`",
)
_OF_ONE_RUN = Template("audit_file.of_one_run", "{key} is none of the options of a target: it is for one run alone")
_NO_OPTION = Template(
    "audit_file.no_option",
    "{key} is no option of `run`: `batch-conformance run --help` lists them; write them without dashes",
)
_NO_OPTION_MEANT = Template("audit_file.no_option_meant", "{key} is no option of `run`; did you mean `{word}`?")
_UNDER_OPTIONS = Template(
    "audit_file.under_options", "{key} is not known here: options stand under `options:`, as `{name}:`"
)
_NOT_KNOWN = Template("audit_file.not_known", "{key} is not known here; known are {known}")
_NOT_KNOWN_MEANT = Template("audit_file.not_known_meant", "{key} is not known here; did you mean `{word}`?")
_NEVER_THE_KEY = Template(
    "audit_file.never_the_key", "a key is named by its environment variable alone: `key_env: GROQ_API_KEY`"
)
_HINTS = {
    "targets": Template(
        "audit_file.hint.targets",
        "targets is a list, each with a name and a base_url or a vendor: `- {{name: one, base_url: https://…}}`",
    ),
    "batch_ids": Template("audit_file.hint.batch_ids", "batch_ids is a list of texts, such as `batch_ids: [batch_1]`"),
    "key_env": Template(
        "audit_file.hint.key_env",
        "key_env is the name of an environment variable, such as GROQ_API_KEY, never the key itself",
    ),
    "name": Template(
        "audit_file.hint.name",
        "a name is of letters, digits, dots, dashes and underscores, as a folder is called after it",
    ),
}
_KINDS = {
    "string": Template("audit_file.kind.string", "a text"),
    "integer": Template("audit_file.kind.integer", "a whole number"),
    "number": Template("audit_file.kind.number", "a number"),
    "boolean": Template("audit_file.kind.boolean", "true or false"),
    "array": Template("audit_file.kind.array", "a list"),
    "object": Template("audit_file.kind.object", "a mapping"),
    "null": Template("audit_file.kind.null", "empty"),
}
_LONGEST_KEY = 60


def complaint(errors: Iterable[ValidationError], file: str, locations: Mapping[str, Location]) -> Message | None:
    """One line for what stands first; None where nothing is wrong. Keys that are not known come before all else.

    A key that is misspelt is two errors of the schema, and only the one names it.
    """
    told = [line for error in errors for line in _lines(error)]
    if not told:
        return None
    placed = [(known, _location(pointer, file, locations), what) for known, pointer, what in told]
    _, where, what = min(placed, key=lambda one: (one[0], one[1].line))
    return _AT(where=str(where), what=what)


def _location(pointer: str, file: str, locations: Mapping[str, Location]) -> Location:
    while pointer and pointer not in locations:
        pointer = pointer.rpartition("/")[0]
    return locations.get(pointer) or Location(file, 1)


def _lines(error: ValidationError) -> list[tuple[bool, str, Message]]:
    """Of each key that is wrong: whether it is a known one, the pointer to it, and what to say."""
    path = list(error.absolute_path)
    here = join("", *path)
    if error.validator == "additionalProperties":
        known = _mapping(_mapping(error.schema).get("properties"))
        strange = [str(key) for key in _mapping(error.instance) if key not in known]
        return [(False, join(here, key), _unknown(key, list(known), path)) for key in strange]
    return [(True, here, _wrong(error, str(path[-1]) if path else "", path))]


def _wrong(error: ValidationError, key: str, path: Sequence[Any]) -> Message:
    if error.validator == "required":
        missing = [name for name in _list(error.validator_value) if name not in _mapping(error.instance)]
        return _MISSING(names=Listing(tuple(missing)))
    if error.validator == "anyOf":
        return _NO_ADDRESS()
    if key in _HINTS:
        return _EMPTY_TARGETS(hint=_HINTS[key]()) if error.validator == "minItems" else _HINTS[key]()
    is_item = isinstance(path[-1] if path else "", int)
    what = _ONE_OF(key=str(path[-2])) if is_item else shown(key) if key else _THE_FILE()
    schema, given = _mapping(error.schema), error.instance
    wanted = _wanted(schema)
    if error.validator == "type":
        kind = _kind(given)
        template = _PUT_IN_QUOTES if kind == "number" and schema["type"] == "string" else _MUST_BE_AND_IS
        return template(what=what, wanted=wanted, kind=_KINDS[kind]())
    near = nearest(given, _list(schema.get("enum"))) if isinstance(given, str) else ""
    return _MUST_BE_MEANT(what=what, wanted=wanted, word=near) if near else _MUST_BE(what=what, wanted=wanted)


def _wanted(schema: Mapping[str, Any]) -> Message | Listing:
    """What a schema asks for, in words."""
    if "enum" in schema:
        return Listing(tuple(map(str, schema["enum"])), "or")
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kinds = [_OF_TEXTS(kind=_KINDS[one]()) if one == "array" else _KINDS[one]() for one in types]
    kind = Listing(tuple(kinds), "or")
    if "maximum" in schema:
        return _BETWEEN(kind=kind, least=f"{schema['minimum']:g}", most=f"{schema['maximum']:g}")
    if "exclusiveMinimum" in schema:
        return _ABOVE(kind=kind, least=f"{schema['exclusiveMinimum']:g}")
    if "minimum" in schema:
        return _AT_LEAST(kind=kind, least=f"{schema['minimum']:g}")
    return _NOT_EMPTY(kind=kind) if "minLength" in schema else kind


def _kind(value: Any) -> str:
    """The JSON type of a value, as ``_KINDS`` has it."""
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    types: dict[type, str] = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return types[type(value)]


def _unknown(key: str, known: Sequence[str], path: Sequence[Any]) -> Message:
    """A key that is not known where it stands, and the one that was meant or the place that it has."""
    options = {option.name: option for option in options_of("run")}
    quoted, near = f"`{key[:_LONGEST_KEY]}`", nearest(key, known)
    option = options.get(key) or options.get(nearest(key, options))
    if path and path[-1] == "options":
        return _no_option(key, quoted, near, option)
    if near:
        return _NOT_KNOWN_MEANT(key=quoted, word=near)
    if option is not None and option.audit_file == IN_OPTIONS:
        return _UNDER_OPTIONS(key=quoted, name=option.name)
    if any(word in key.lower() for word in ("key", "token", "secret", "password")):
        return _NEVER_THE_KEY()
    return _NOT_KNOWN(key=quoted, known=Listing(tuple(known)))


def _no_option(key: str, quoted: str, near: str, option: Option | None) -> Message:
    """A key under ``options`` that is none of them; ``option`` is the one of `run` that it names or nearly names."""
    of_target = [one.audit_file for one in options_of("run") if one.audit_file not in ("", IN_OPTIONS)]
    elsewhere = key if key in of_target else option.audit_file if option is not None else IN_OPTIONS
    if elsewhere in of_target:
        return _BESIDE_THE_NAME(key=quoted, name=elsewhere)
    if option is not None and not elsewhere:
        has_it = option.name in {one.name for one in options_of("audit")}
        return _OF_THE_COMMAND(key=quoted) if has_it else _OF_ONE_RUN(key=quoted)
    return _NO_OPTION_MEANT(key=quoted, word=near) if near else _NO_OPTION(key=quoted)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else []

"""Derives a mock spec from a contract, so that a mock can serve any contract."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.list_form import ListForm
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation, ResponseContract
from batch_conformance.contract.pointer import members, split
from batch_conformance.contract.request_body import takes_form
from batch_conformance.contract.roles import Roles, Stage
from batch_conformance.contract.schema import Schema
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template
from batch_conformance.mock.api_of_contract import api_of, call_of, calls_of
from batch_conformance.mock.api_spec import ApiSpec
from batch_conformance.mock.batch_runner import name_of
from batch_conformance.mock.file_names import FileNames
from batch_conformance.mock.ids import batch_ids, fits, identity
from batch_conformance.mock.list_spec import ListSpec, value_at
from batch_conformance.mock.lists_of_contract import contract_lists, list_of
from batch_conformance.mock.mock_spec import RETRY_AFTER, UNCACHED, MockSpec, published_mock_spec
from batch_conformance.mock.sample_batches import FIELDS, Batch, Step, make_sample_batches
from batch_conformance.mock.values import Maker, NoValueError
from batch_conformance.rules.headers import header_value

_MOCK_NEEDS_200_WITH_JSON = Template(
    "mock_spec.mock_needs_200_with_json",
    "{location}: a mock needs a 200 with a JSON schema to serve, and there is none",
)
_MOCK_NEEDS_200_WHOSE_BODY = Template(
    "mock_spec.mock_needs_200_whose_body",
    "{location}: a mock needs a 200 whose body is an object, and this is none",
)
_NO_ID_COULD_BE_MADE = Template(
    "mock_spec.no_id_could_be_made", "{where}: no id could be made that the path takes and the body can have"
)
_NEEDS_SUCCESS = Template(
    "mock_spec.needs_success", "{where}: a mock needs a 200 with a JSON schema to serve, and there is none"
)
_NO_ITEM = Template("mock_spec.no_item", "{where}: no item could be made that keeps this schema")
_NO_HEADER_VALUE = Template("mock_spec.no_header_value", "no value could be made for {name}")
_NO_BODY = Template("mock_spec.no_body", "no body could be made for the {status}")
_OF_THIS_CONTRACT = Template("mock_spec.of_this_contract", "{schema}: {why} of this contract")
_NO_BATCH_COULD_BE_MADE = Template(
    "mock_spec.no_batch_could_be_made", "{schema}: no batch could be made that keeps this schema"
)

_NO_ANSWER_COULD_BE_MADE = Template(
    "mock_spec.no_answer_could_be_made", "{method} {path}: no answer could be made that keeps its schema"
)

_JSON = "application/json"
_ALWAYS_ANSWERED = frozenset({400, 401, 404, 405})
"""Statuses that the mock comes to by itself, also where the document has them under a range or by default."""
_FIRST = ("in_queue", "validating")
_LATER = ("output_file_id", "error_file_id")
"""What a batch has only once there is something to have."""
_FILES_MADE = 64
"""Ids of files of which none is like another, where a contract does not admit any text for one."""
_DAY = 86_400
_NOTHING_NEW = 8
"""So many more batches that show nothing new are the last ones that are tried."""


class MockSpecError(InputError):
    """No conforming answer can be made of a contract; one line says of which part."""


def mock_spec_of(contract: Contract) -> MockSpec:
    """A mock spec that conforms to a contract; raises ``MockSpecError`` where none can be made."""
    operation = contract.chosen
    label, schema = _served(operation)
    errors = dict(_errors(operation))
    names = FileNames(Maker(schema))
    batches = tuple(_fleet(contract, schema, names))
    lists = tuple(_list(contract, one, form, batches) for one, form in contract_lists(contract))
    names.take(str(one.id_of(item)) for one in lists if not one.of_batches for item in one.items)
    return MockSpec(
        batches=batches,
        errors={status: body for status, (_, body) in errors.items()},
        path=operation.path.rpartition("/")[0],
        headers={status: tuple(_headers(response)) for status, response in _answered(operation)},
        refuses=operation.secured,
        media_types={200: label, **{status: kind for status, (kind, _) in errors.items()}},
        lists=lists,
        api=_api(contract, schema, batches, names),
    )


def _api(contract: Contract, schema: Schema, batches: Sequence[Batch], names: FileNames) -> ApiSpec | None:
    """How the mock runs batches; None where the contract does not say how they are made, or what states they have."""
    made = dict(calls_of(contract))
    if not contract.chosen.roles.stages or not made.keys() >= {"upload", "create"}:
        return None
    if not takes_form(contract.document, made["upload"]):
        return None
    maker = Maker(schema)
    calls = []
    for role, operation in made.items():
        status = next((int(one) for one in operation.responses if one.isdigit() and one[0] == "2"), 200)
        success = operation.response_for(status)
        label, of_success = media_of(success) if success else ("", None)
        errors = dict(_errors(operation))
        try:
            call = call_of(
                role,
                operation,
                status,
                of_success if "json" in label else None,
                errors={status: body for status, (_, body) in errors.items()},
                headers={status: tuple(_headers(response)) for status, response in _answered(operation)},
                media_types={status: label, **{status: kind for status, (kind, _) in errors.items()}},
            )
        except NoValueError as error:
            raise MockSpecError(_NO_ANSWER_COULD_BE_MADE(method=operation.method, path=operation.path)) from error
        calls.append(call)
    an_id = next(_ids(contract, schema, maker))
    states = {}
    for template in make_sample_batches():
        for step in template.steps:
            word = str(step.fields["status"])
            if word not in states and _has_state(contract.chosen.roles, Batch(template.id, "", (step,))):
                fields = {name: value for name, value in step.fields.items() if name not in _LATER}
                sample = Batch("", "", (Step(0.0, fields),))
                states[word] = next(_steps(contract, maker, names, sample, an_id, turn=0)).fields
    free = fits(contract, maker, f"batch_{name_of(1)}")
    further = () if free else tuple(_ids(contract, schema, maker))[len(batches) :]
    return api_of(contract, calls, states, further, tuple(_file_ids(contract, maker, names)))


def _file_ids(contract: Contract, maker: Maker, names: FileNames) -> Iterator[str]:
    """Ids for files, where the files of results cannot have any text for one; those of other files are like them."""
    pointer = next(iter(contract.chosen.roles.results), None)
    if pointer is None or maker.satisfies(maker.at(pointer), f"file-{name_of(1)}-output"):
        return
    for number in range(_FILES_MADE):
        name = names.name(pointer, f"file {number}")
        if name is not None:
            yield name


def _list(contract: Contract, operation: Operation, form: ListForm, batches: Sequence[Batch]) -> ListSpec:
    success = operation.response_for(200)
    label, schema = media_of(success) if success else ("", None)
    if schema is None:
        raise MockSpecError(_NEEDS_SUCCESS(where=str(operation.location)))
    errors = dict(_errors(operation))
    files = (one for one in contract.operations if one.role == "file" and operation.role == "files")
    try:
        return list_of(
            operation,
            form,
            label,
            schema,
            batches,
            file=next(files, None),
            errors={status: body for status, (_, body) in errors.items()},
            headers={status: tuple(_headers(response)) for status, response in _answered(operation)},
            media_types={status: kind for status, (kind, _) in errors.items()},
        )
    except NoValueError as error:
        raise MockSpecError(_NO_ITEM(where=str(_where(schema, error)))) from None


def mock_ids(contract: Contract) -> Iterator[str]:
    """The ids that the batches of a mock spec can have; raises ``MockSpecError`` where there are none."""
    schema = _served(contract.chosen)[1]
    return _ids(contract, schema, Maker(schema))


def _served(operation: Operation) -> tuple[str, Schema]:
    """The media type and the schema of what is served."""
    success = operation.response_for(200)
    label, schema = media_of(success) if success else ("", None)
    if schema is None or "json" not in label:
        raise MockSpecError(_MOCK_NEEDS_200_WITH_JSON(location=str(operation.location)))
    if "object" not in schema.properties[0].types:
        raise MockSpecError(_MOCK_NEEDS_200_WHOSE_BODY(location=str(schema.location)))
    return label, schema


def _ids(contract: Contract, schema: Schema, maker: Maker) -> Iterator[str]:
    """The ids of batches, of which there is one at least, made as they are asked for; raises ``MockSpecError``."""
    ids = batch_ids(contract, maker)
    first = next(ids, None)
    if first is None:
        parameter = contract.chosen.id_parameter
        where = parameter.location if parameter else schema.location
        raise MockSpecError(_NO_ID_COULD_BE_MADE(where=str(where)))
    return chain((first,), ids)


def media_of(response: ResponseContract) -> tuple[str, Schema | None]:
    """The media type in which a mock sends a response, JSON if there is any, and its schema.

    The media type is empty for a response without content; a range such as ``*/*`` is JSON.
    """
    kinds = sorted(response.content, key=lambda kind: (2 if "json" not in kind else 0) - ("*" in kind))
    if not kinds:
        return "", None
    kind = kinds[0]
    label = {"*/*": _JSON, "application/*": _JSON, "text/*": "text/plain"}.get(kind, kind)
    return label, response.content[kind]


def _answered(operation: Operation) -> Iterator[tuple[int, ResponseContract]]:
    """The statuses that a mock answers with and the document describes: the 200, and what can be asked for."""
    named = {int(status) for status in operation.responses if status.isdigit()}
    for status in sorted({status for status in named if status >= 400} | {200} | _ALWAYS_ANSWERED):
        response = operation.response_for(status)
        if response is not None:
            yield status, response


def _errors(operation: Operation) -> Iterator[tuple[int, tuple[str, Any]]]:
    """The media type and the body of every error that can be asked for."""
    own = published_mock_spec()
    for status, response in _answered(operation):
        if status < 400:
            continue
        label, schema = media_of(response)
        body = own.errors.get(status, {"message": response.description or "Error"})
        if schema is not None and ("json" in label or label.startswith("text/")):
            fits = schema.is_valid(body) and not schema.undeclared(body) and not schema.unknown_values(body)
            body = _completed(body, schema) if fits else _made(Maker(schema), schema, _NO_BODY(status=status))
        yield status, (label, body)


def _completed(body: Any, schema: Schema) -> Any:
    """A body of the vendor's with the members that the contract declares beside those that it has."""
    try:
        made = Maker(schema).value()
    except NoValueError:
        return body
    if not isinstance(body, dict) or not isinstance(made, dict):
        return body
    whole = {**body, **{name: value for name, value in made.items() if name not in body}}
    return whole if schema.is_valid(whole) else body


def _made(maker: Maker, schema: Schema, problem: Message) -> Any:
    try:
        return maker.value()
    except NoValueError as error:
        raise MockSpecError(_OF_THIS_CONTRACT(schema=str(_where(schema, error)), why=problem)) from None


def _where(schema: Schema, error: NoValueError) -> Location:
    return schema.document.location(error.pointer)


def _headers(response: ResponseContract) -> Iterator[tuple[str, str]]:
    """The headers that are required, and those that a mock sends by itself and the document wants otherwise."""
    always = {name.lower(): value for name, value in UNCACHED}
    own = {**always, RETRY_AFTER[0].lower(): RETRY_AFTER[1]}
    for name, schema in sorted(response.headers.items()):
        value = own.get(name.lower())
        kept = value is not None and (schema is None or schema.is_valid(header_value(schema, value)))
        if name in response.required_headers or (name.lower() in always and not kept):
            if not kept:
                value = _simple(_made(Maker(schema), schema, _NO_HEADER_VALUE(name=name))) if schema else "sample"
            yield name, str(value)


def _simple(value: Any) -> str:
    """A value in the style ``simple``, which headers have."""
    if isinstance(value, list):
        return ",".join(map(_simple, value))
    if isinstance(value, dict):
        return ",".join(f"{name},{_simple(member)}" for name, member in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fleet(contract: Contract, schema: Schema, names: FileNames) -> Iterator[Batch]:
    """A batch for each of the vendor's that the contract has a state for, and more while they show something new."""
    maker = Maker(schema)
    ids = _ids(contract, schema, maker)
    unseen = {place.pointer for place in schema.properties if not place.write_only}
    templates = [one for one in make_sample_batches() if _has_state(contract.chosen.roles, one)]
    rest = [one for one in templates if not one.progresses] or templates
    idle = 0
    for turn, template in enumerate(chain(templates, cycle(rest))):
        if turn >= len(templates) and (not unseen or idle == _NOTHING_NEW):
            return
        batch_id = next(ids, None)
        if batch_id is None:
            return
        is_further = turn >= len(templates)
        try:
            steps = tuple(_steps(contract, maker, names, template, batch_id, turn=turn, is_further=is_further))
        except NoValueError as error:
            raise MockSpecError(_NO_BATCH_COULD_BE_MADE(schema=str(_where(schema, error)))) from None
        shown = {place for place in unseen if any(_is_seen(step.fields, place) for step in steps)}
        unseen -= shown
        idle = 0 if shown else idle + 1
        yield Batch(batch_id, _states(contract.chosen.roles, steps), steps)


def _states(roles: Roles, steps: Sequence[Step]) -> str:
    """The states that a batch goes through, for people: what is special about the vendor's batches is not said here."""
    found = [value for step in steps for value in members(step.fields, roles.state or "/") if isinstance(value, str)]
    return " to ".join(dict.fromkeys(found))


def _is_seen(body: Any, pointer: str) -> bool:
    return any(value is not None for value in members(body, pointer))


def _has_state(roles: Roles, batch: Batch) -> bool:
    """Whether a contract has all the states that a batch goes through."""
    return not roles.stages or all(_stage(step.fields["status"], roles.stages) for step in batch.steps)


def _steps(
    contract: Contract,
    maker: Maker,
    names: FileNames,
    template: Batch,
    batch_id: str,
    *,
    turn: int,
    is_further: bool = False,
) -> Iterator[Step]:
    """The steps of a batch; one that ``is_further`` than the vendor's names all files of results once it has ended."""
    roles = contract.chosen.roles
    files = dict(_files(roles, names, template, batch_id))
    for step in template.steps:
        given = {**dict(_given(roles, step.fields)), **files}
        named = identity(contract, maker, batch_id)
        if named is not None:
            given[named[0]] = named[1]
        whole: dict[str, Any] = {}
        for pointer, value in {**dict(_at_least(roles, step.fields)), **given}.items():
            _put(whole, split(pointer), value)
        unset = {
            *roles.timestamps,
            *(f"/{name}" for name in FIELDS if roles.stages),
        } - given.keys()
        here = _stage(step.fields["status"], roles.stages)
        if not is_further or (here is not None and not here.terminal):
            unset |= {one for one in roles.results if step.fields.get(_vendors_file(one)) is None}
        fields = maker.value(turn, whole, unset)
        for pointer in roles.free_maps:
            fields = _with_own_pairs(maker, fields, pointer, value_at(whole, pointer))
        yield Step(step.after, fields)


def _at_least(roles: Roles, fields: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Times for where a batch has none yet, and a contract wants one all the same."""
    for pointer in roles.timestamps:
        yield pointer, fields["created_at"] + (_DAY if pointer == roles.expires else 0)


def _files(roles: Roles, names: FileNames, template: Batch, batch_id: str) -> Iterator[tuple[str, str]]:
    """The files of a batch, each with a name of its own, and also those that it may have to name before they are."""
    for pointer in (*roles.inputs, *roles.results):
        shown = (step.fields.get(_vendors_file(pointer)) for step in template.steps)
        name = names.name(pointer, batch_id, next(filter(None, shown), ""))
        if name is not None:
            yield pointer, name


def _vendors_file(pointer: str) -> str:
    """What the vendor calls the file that a contract has at a place."""
    name = split(pointer)[-1].lower()
    return "input_file_id" if "input" in name else "error_file_id" if "error" in name else "output_file_id"


def _with_own_pairs(maker: Maker, fields: Any, pointer: str, pairs: Any) -> Any:
    """A batch with pairs of the customer's own in a map that is free, where its schema admits them."""
    held = value_at(fields, pointer)
    if not isinstance(held, dict) or not isinstance(pairs, dict):
        return fields
    whole = copy.deepcopy(fields)
    _put(whole, split(pointer), {**held, **pairs})
    return whole if maker.admits(whole) else fields


def _given(roles: Roles, fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a batch of the vendor's has, at the places where a contract has the same; all of it if it has its states."""
    names = FIELDS if roles.stages else ("metadata",)
    yield from ((f"/{name}", fields[name]) for name in names if name in fields)
    stages = {stage.timestamp: stage for stage in roles.stages if stage.timestamp}
    for pointer in roles.timestamps:
        # A time that is of no stage is that of the making: any other might come before or after what it must not.
        name = f"{stages[pointer].word}_at" if pointer in stages else "expires_at" if pointer == roles.expires else ""
        if not name or name in fields:
            yield pointer, fields[name or "created_at"]
    if roles.state is not None and roles.stages:
        stage = _stage(fields["status"], roles.stages)
        yield roles.state, stage.value if stage else None
    if roles.counts is not None:
        counted = fields.get("request_counts") or {}
        for pointer in (roles.counts.total, roles.counts.completed, roles.counts.failed):
            yield pointer, counted.get(split(pointer)[-1], 0)


def _put(whole: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value at a path of plain members."""
    *around, name = path
    holder = whole
    for step in around:
        inner = holder.get(step)
        holder[step] = inner = dict(inner) if isinstance(inner, dict) else {}
        holder = inner
    holder[name] = value


def _stage(status: str, stages: Iterable[Stage]) -> Stage | None:
    """The contract's stage for a state of the vendor's; of those that begin alike, the first."""
    listed = list(stages)
    first = next((stage for stage in listed if stage.rank == 0), None)
    return next((stage for stage in listed if stage.word == status), first if status in _FIRST else None)

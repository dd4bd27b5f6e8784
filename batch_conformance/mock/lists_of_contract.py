"""Makes the lists that a mock serves beside its batches, so that they keep the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.list_form import ListForm
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.query_parameter import QueryParameter
from batch_conformance.contract.schema import Property, Schema
from batch_conformance.mock.file_names import FileNames
from batch_conformance.mock.list_spec import LONGEST_PAGE, Item, ListSpec, put_at, value_at
from batch_conformance.mock.sample_batches import Batch
from batch_conformance.mock.values import Maker, NoValueError

FILES = 13
"""Files that a mock has: more than some pages, and fewer than most."""
_SIZES = (20, 10)
"""Items on a page of which no size is asked, where the document says none."""
_DAY = 86_400
_DAYS_KEPT = 30
_ENDLESS = 10**30
"""A limit that is beyond none: a page has no more than ``LONGEST_PAGE`` items all the same."""


def list_of(
    operation: Operation,
    form: ListForm,
    label: str,
    schema: Schema,
    batches: Sequence[Batch],
    *,
    file: Operation | None = None,
    **answers: Any,
) -> ListSpec:
    """The list of an operation whose success is of this schema. ``answers`` has what is said of errors and headers,
    ``file`` is the operation that reads one item, where there is one.

    Raises ``NoValueError`` where nothing can be made that keeps the schema.
    """
    places = {place.pointer: place for place in schema.properties}
    item = Schema(schema.document, places[f"{form.items}/*"].source, form.roles.free_maps)
    declared = tuple(dict.fromkeys(place.pointer.split("/")[1] for place in item.properties if place.pointer))
    of_batches = operation.role == "list"
    made = list(_of_batches(Maker(item), batches, declared) if of_batches else _of_files(Maker(item), form))
    ends = {one: places[one] for one in (form.first, form.last) if one is not None}
    if form.roles.created is not None:
        made.sort(key=lambda one: _moment(value_at(one, form.roles.created or "")), reverse=True)  # the newest first
    of_one = _of_one(file, made) if file is not None else None
    most = _number(form.limit, "maximum", _ENDLESS)
    size = form.limit.default if form.limit is not None else None
    return ListSpec(
        path=operation.path,
        items=tuple(made),
        body=put_at(Maker(schema).value(), form.items, []),
        at=form.items,
        identity=form.identity,
        of_batches=of_batches,
        shown=declared if of_batches else (),
        more=form.more or "",
        first=form.first or "",
        last=form.last or "",
        ends_of_none={one: None if "null" in end.types else "" for one, end in ends.items() if not _may_be_absent(end)},
        limit=form.limit.name if form.limit else "",
        after=form.after.name if form.after else "",
        size=min(size, LONGEST_PAGE) if isinstance(size, int) else _SIZES[0] if form.pages else LONGEST_PAGE,
        bounds=(_number(form.limit, "minimum", -_ENDLESS), most),
        values={one.name: one.shown for one in operation.query if _lists_values(one)},
        queries={one.name: _rules_of(one) for one in operation.query if one.narrows},
        required=tuple(one.name for one in operation.query if one.required),
        offsets=_takes_offsets(form, made),
        by_id=file.path.rpartition("/")[0] if file is not None and of_one is not None else "",
        beside=of_one[0] if of_one is not None else {},
        lacks=of_one[1] if of_one is not None else (),
        media_types={200: label, **answers.pop("media_types")},
        **answers,
    )


def _of_batches(maker: Maker, batches: Sequence[Batch], declared: Sequence[str]) -> Iterator[Item]:
    """An item for each batch, with all that a list has beside what the retrieve shows."""
    for turn, batch in enumerate(batches):
        fields = {name: value for name, value in batch.steps[0].fields.items() if name in declared}
        yield maker.value(turn, fields)


def _of_files(maker: Maker, form: ListForm) -> Iterator[Item]:
    """Files, the newest first."""
    now = 1_741_777_570
    names = FileNames(maker)
    for turn in range(FILES):
        usual = f"file-{'kqzwjmxvprtns'[turn]}kkhtqklc"
        given: dict[str, Any] = put_at({}, form.identity, names.name(form.identity, usual, usual))
        for pointer in form.roles.timestamps:
            put_at(given, pointer, now - turn * _DAY + (_DAYS_KEPT * _DAY if pointer == form.roles.expires else 0))
        yield maker.value(turn, given)


def _of_one(operation: Operation, items: Sequence[Item]) -> tuple[Item, tuple[str, ...]] | None:
    """What an item that is asked for by its id has beside what the list shows of it, and what of that it lacks.

    None where some item cannot be answered by the operation.
    """
    success = operation.response_for(200)
    schema = next(iter(success.content.values()), None) if success is not None else None
    if schema is None or not items:
        return {}, ()
    try:
        made = Maker(schema).value(0, items[0])
    except NoValueError:
        return None
    if not isinstance(made, dict):
        return None
    beside = {name: value for name, value in made.items() if name not in items[0]}
    lacks = tuple(one[1:] for one in schema.undeclared(items[0]) if one.count("/") == 1)
    shown = [{name: value for name, value in {**item, **beside}.items() if name not in lacks} for item in items]
    return (beside, lacks) if all(map(schema.is_valid, shown)) else None


def _takes_offsets(form: ListForm, items: Sequence[Item]) -> bool:
    """Whether a page begins after a number of items, as no id is admitted (Morph's list of batches)."""
    if form.after is None or not form.after.admits("1"):
        return False
    return not any(form.after.admits(str(value_at(item, form.identity))) for item in items)


def _moment(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _may_be_absent(end: Property) -> bool:
    return not end.required and "null" not in end.types


def _rules_of(parameter: QueryParameter) -> dict[str, Any]:
    """What a query says of a parameter, as plain values."""
    form = {**asdict(parameter.form), "types": sorted(parameter.form.types)}
    return {"schema": parameter.schema.raw, "modern": parameter.schema.modern, "form": form}


def _lists_values(parameter: QueryParameter) -> bool:
    return "enum" in parameter.schema.properties[0].keywords


def _number(parameter: QueryParameter | None, keyword: str, otherwise: int) -> int:
    values: Mapping[str, Any] = parameter.schema.properties[0].values if parameter is not None else {}
    found = values.get(keyword, otherwise)
    return found if isinstance(found, int) else otherwise


def contract_lists(contract: Contract) -> Iterator[tuple[Operation, ListForm]]:
    """The operations of a contract that are lists, each with its form."""
    for operation in contract.operations:
        if operation.listing is not None:
            yield operation, operation.listing

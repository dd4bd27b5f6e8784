"""The drifts that a contract has by itself: every way of breaking each of its clauses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.formats import CHECKED
from batch_conformance.contract.operation import Operation, ResponseContract
from batch_conformance.contract.operation_role import WRITE_ROLES
from batch_conformance.contract.pointer import join
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.schema import ALL_TYPES, KNOWN_VALUES, Property, Schema
from batch_conformance.contract.value_space import admits, is_known
from batch_conformance.mock.mutation import Mutation, MutationKind

_OF_TYPE: Mapping[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 17,
    "number": 17.5,
    "string": "surplus",
    "array": ["surplus"],
    "object": {"surplus": 17},
}
_ORDER = ("null", "boolean", "integer", "number", "string", "array", "object")
_STRANGE = "x_undocumented"
_UNHEARD_OF = "unheard_of"
_RENAMED = "_renamed"
_TOO_MANY = 429
_OF_A_VALUE = frozenset(
    {
        *("enum", KNOWN_VALUES, "format", "pattern", "minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }
)
"""Keywords that say which values of a type there may be."""
_OF_FAILED = "/errors"
"""What only a batch has that failed."""
_BESIDE: Mapping[str, tuple[str, ...]] = {
    "upload": ("upload.as_sent",),
    "create": ("create.as_asked", "create.read_back"),
    "cancel": ("cancel.effect", "cancel.again", "cancel.ended"),
}
"""What another value is as well in the answer to a call, by its role: not what was sent, or what is read afterwards."""
_OTHERS = {2: (202, 203), 4: (409, 418)}


def derive(contract: Contract) -> tuple[Mutation, ...]:
    """Every mutation of the contract, in the order of its clauses; names are unique and stable.

    Of what makes files and batches, and cancels them, only the successes: a run does not see its other answers at will.
    """
    lists = (one for one in contract.operations if one.listing is not None)
    reads = [(one, response) for one in (contract.chosen, *lists) for response in one.responses.values()]
    writes = [(one, response) for one in contract.writes for response in one.responses.values()]
    successes = [(one, response) for one, response in writes if response.status == "200"]
    return tuple(mutation for operation, response in (*reads, *successes) for mutation in _of(operation, response))


def _of(operation: Operation, response: ResponseContract) -> Iterator[Mutation]:
    media_type = next((kind for kind in response.content if "json" in kind), None)
    sent = _status_sent(operation, response)
    if media_type is None or not (sent == 200 or sent >= 400):
        return  # what else there is nobody can ask a mock for
    maker = _Maker(operation, response, sent)
    free_maps = operation.listing.free_maps if operation.listing is not None else operation.roles.free_maps
    yield from maker.of_message(media_type)
    schema = response.content[media_type]
    if schema is not None:
        for place in schema.properties:
            if schema.contradiction(place.pointer) is not None:
                continue
            if operation.role in WRITE_ROLES and ("*" in place.pointer or place.pointer.startswith(f"{_OF_FAILED}/")):
                continue  # a mock answers a call with none of them
            if not any(place.pointer.startswith(free + "/") for free in free_maps):
                yield from maker.of_place(schema, place)


def _status_sent(operation: Operation, response: ResponseContract) -> int:
    """The status of a mock's replies that a response is about; 0 where it sends none of them.

    Of a range, and of ``default``, that is a success or the refusal of an unknown id, if no other response is about it.
    """
    if response.status.isdigit():
        return int(response.status)
    return next((status for status in (200, 404) if operation.response_for(status) is response), 0)


class _Maker:
    """Makes the mutations of one response, of which a mock's replies with the status ``sent`` are examples."""

    def __init__(self, operation: Operation, response: ResponseContract, sent: int) -> None:
        self._operation = operation
        self._roles: Roles = operation.roles
        self._list = operation.path if operation.listing is not None else ""
        self._call = operation.role if operation.role in WRITE_ROLES else ""
        self._of = f"{operation.role}-" if self._list or self._call else ""
        self._sent = sent
        self._response = response
        self._success = 200 <= self._sent < 300
        places = [place for schema in response.content.values() if schema is not None for place in schema.properties]
        self._sets = tuple(place.pointer + "/*" for place in places if place.values.get("uniqueItems") is True)

    def of_message(self, media_type: str) -> Iterator[Mutation]:
        """Another media type, none, another charset; another status; headers that are missing or make no sense."""
        source = f"{self._response.location}: {self._sent} is {media_type}"
        for word, label in (("html", "text/html; charset=utf-8"), ("no_type", None)):
            yield self._make(word, "", "response.media_type", ("label", label), source)
        yield self._make("latin_1", "", "response.charset", ("label", f"{media_type}; charset=iso-8859-1"), source)
        operation = self._operation
        others = [other for other in _OTHERS.get(self._sent // 100, ()) if operation.response_for(other) is None]
        # An unlisted 429 or 5xx is weighed over a run, and an unlisted error means nothing where none is listed.
        if operation.lists_errors and others and self._sent != _TOO_MANY:
            other, source = others[0], f"{operation.location}: {others[0]} is not listed"
            yield self._make(f"as_{other}", "", "response.status", ("status", other), source, status=str(other))
        for name, schema in self._response.headers.items():
            source, word = f"{self._response.location}: the header {name}", name.lower()
            if name in self._response.required_headers:
                yield self._make(f"no_{word}", "", "response.header", ("header", (name, None)), source)
            if schema is not None and "string" not in schema.properties[0].types:
                yield self._make(f"odd_{word}", "", "response.header", ("header", (name, "no such value")), source)

    def of_place(self, schema: Schema, place: Property) -> Iterator[Mutation]:
        """Every way of breaking what a place says of its value."""
        if place.write_only_at is not None:
            source = f"{place.write_only_at}: it is only written"
            yield self._make("sent", place.pointer, "body.write_only", ("send", "surplus"), source)
            return
        if place.certain:  # else a body that breaks it may keep another alternative of what is around it
            yield from self._types(schema, place)
        if place.pointer and not place.pointer.endswith("/*"):
            if place.required or place.named_at:
                yield from self._required(place)
            elif (
                not place.required_by_some and not self._call
            ):  # else a body without it may keep no alternative, or another one
                yield from self._optional(place)
        if place.certain:
            yield from self._values(schema, place)
            yield from self._format(schema, place)
        inner = any(other.pointer.startswith(place.pointer + "/") for other in schema.properties if other is not place)
        absent = bool(self._call) and place.pointer == _OF_FAILED
        if "object" in place.types and inner and place.pointer not in self._roles.free_maps and not absent:
            source, there = f"{place.location}: nothing else is there", join(place.pointer, _STRANGE)
            yield self._make("surplus", place.pointer, "body.undeclared", ("add", _STRANGE), source, pointer=there)

    def _types(self, schema: Schema, place: Property) -> Iterator[Mutation]:
        if place.types == ALL_TYPES:
            return
        source = f"{place.places.get('type', place.location)}: {' or '.join(sorted(place.types))}"
        children = [other for other in schema.properties if other.pointer.startswith(place.pointer + "/")]
        because = "what was inside is never seen" if place.pointer and len(children) > 2 else ""

        ends = any(stage.terminal and stage.timestamp == place.pointer for stage in self._roles.stages)

        def make(word: str, change: MutationKind, value: Any = None, rule: str = "body.type") -> Mutation:
            # A null where a time must be is no time either.
            also = ("state.timestamp_missing",) if word == "null" and ends and self._success else ()
            done: tuple[MutationKind, Any] = ("send" if only_null and change == "put" else change, value)
            return self._make(word, place.pointer, rule, done, source, also=also, because=because)

        only_null = place.space.keys() == {"null"}  # a null is replaced by nothing but what is sent in any case
        for kind in _ORDER:
            if kind not in place.types and not (kind == "integer" and "number" in place.types):
                yield make(kind, "put", _OF_TYPE[kind])
        if "integer" in place.types and "number" not in place.types:
            if not schema.modern:  # in JSON Schema 2020-12 a number without a fraction is an integer
                yield make("float", "float")
            if "string" not in place.types:
                yield make("digits", "text")
            if place.pointer in self._roles.timestamps and self._success:
                yield make("iso", "iso")
            if place.pointer in self._roles.timestamps and self._success and not self._call:
                yield make("milliseconds", "milliseconds", rule="time.magnitude")

    def _required(self, place: Property) -> Iterator[Mutation]:
        pointer, source = place.pointer, f"{place.required_at or place.named_at or place.location}: it is always there"
        name = pointer.rpartition("/")[2] + _RENAMED
        yield self._make("missing", pointer, "body.required", ("drop", None), source)
        yield self._make("renamed", pointer, "body.required", ("rename", name), source, also=("body.undeclared",))
        state, final = self._roles.state, next((stage for stage in self._roles.stages if stage.terminal), None)
        if self._success and state and final and pointer != state and place.required and not self._call:
            word = f"missing_when_{final.value}"
            yield self._make(word, pointer, "body.required", ("drop", None), source, state=final.value)

    def _optional(self, place: Property) -> Iterator[Mutation]:
        """Only a success has every property somewhere; what is inside one that is gone was not promised apart."""
        if not self._success:
            return
        pointer, source = place.pointer, f"{place.location}: a documented property"
        timed = {stage.timestamp: stage for stage in self._roles.stages}
        ends = pointer in timed and timed[pointer].terminal
        also = ("body.seen", "state.timestamp_missing") if ends else ("body.seen",)
        rule, verdict = ("state.timestamp_missing", "drift") if ends else ("body.seen", "conforms")
        yield self._make("missing", pointer, rule, ("drop", None), source, verdict=verdict, also=also)
        done: tuple[MutationKind, Any] = ("rename", pointer.rpartition("/")[2] + _RENAMED)
        renamed = pointer + _RENAMED
        yield self._make("renamed", pointer, "body.undeclared", done, source, pointer=renamed, also=also)

    def _values(self, schema: Schema, place: Property) -> Iterator[Mutation]:
        keywords, values, pointer = place.keywords, place.values, place.pointer
        known = KNOWN_VALUES in keywords and "enum" not in keywords
        unheard_of = not (is_known if known else admits)(place.space, _UNHEARD_OF)
        if (known or "enum" in keywords) and "string" in place.types and unheard_of:
            rule, source = "body.known_value" if known else "body.enum", f"{place.location}: a list of values"
            broken = Schema(schema.document, place.source).violations(_UNHEARD_OF)
            also = tuple(sorted({rule_of(one.keyword) for one in broken} & {"body.format", "body.constraint"}))
            change: MutationKind = "send" if place.space.keys() == {"null"} else "put"
            yield self._make("unheard_of", pointer, rule, (change, _UNHEARD_OF), source, also=also)
        for word, value in _beyond(values):
            if admits(place.space, value):
                continue
            source = f"{place.location}: {word}"
            yield self._make(word, pointer, "body.constraint", ("put", value), source, also=_other_rules(place, word))

    def _format(self, schema: Schema, place: Property) -> Iterator[Mutation]:
        """A value that does not have the format; none where an alternative of the place takes it."""
        known = CHECKED.get(str(place.values.get("format")))
        if known is None or admits(place.space, known.breaks):
            return
        broken = {rule_of(one.keyword) for one in Schema(schema.document, place.source).violations(known.breaks)}
        source, also = f"{place.location}: {place.values['format']}", tuple(sorted(broken - {"body.format"}))
        yield self._make("no_format", place.pointer, "body.format", ("put", known.breaks), source, also=also)

    def _make(
        self,
        word: str,
        at: str,
        rule: str,
        done: tuple[MutationKind, Any],
        source: str,
        *,
        status: str = "",
        pointer: str | None = None,
        verdict: Any = "drift",
        also: tuple[str, ...] = (),
        because: str = "",
        state: Any = None,
    ) -> Mutation:
        also = (*also, *_BESIDE.get(self._call, ()))
        if f"{at}/".startswith(tuple(f"{items}/" for items in self._sets)):
            also = (*also, "body.constraint")  # all items are changed alike, and then they are no longer unique
        return Mutation(
            name=f"{self._of}{self._sent}{at}:{word}",
            title=f"{self._of}{self._sent} {at or 'response'}: {_WORDS.get(word, word.replace('_', ' '))}",
            rule=rule,
            status=status or self._response.status,
            pointer=at if pointer is None else pointer,
            source=source,
            verdict=verdict,
            # Another id than the one asked for is that as well, whatever else is wrong with it.
            also=(*also, "identity.other_batch") if self._success and at == self._roles.identity else also,
            because=because,
            sent=self._sent,
            at=at,
            change=done[0],
            value=done[1],
            state=state,
            state_at=(self._roles.state or "") if state is not None else "",
            of_list=self._list,
            of_call=self._call,
        )


_WORDS = {
    "no_type": "no Content-Type",
    "html": "labelled as HTML",
    "latin_1": "labelled as Latin-1",
    "float": "an integer with a fraction of zero",
    "digits": "a number as text",
    "iso": "a time as ISO text",
    "surplus": "an undocumented property",
    "unheard_of": "a value that nobody lists",
    **{kind: f"{kind} instead" for kind in _ORDER},
}


def _other_rules(place: Property, *broken: str) -> tuple[str, ...]:
    """The rules that a value may break beside that of the ``broken`` keywords: what else is said of the place."""
    return tuple(sorted({rule_of(keyword) for keyword in (place.keywords & _OF_A_VALUE) - set(broken)}))


def _beyond(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A value just outside each plain constraint."""
    if "minimum" in values:
        yield "minimum", int(values["minimum"]) - 1
    if "maximum" in values:
        yield "maximum", int(values["maximum"]) + 1
    for keyword in ("exclusiveMinimum", "exclusiveMaximum"):
        if keyword in values:
            yield keyword, values[keyword]
    if "minLength" in values and int(values["minLength"]) > 0:
        yield "minLength", "x" * (int(values["minLength"]) - 1)
    if "maxLength" in values:
        yield "maxLength", "x" * (int(values["maxLength"]) + 1)

"""Rules about the value of a body: its schema, with every error located, and the closed world around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any

from batch_conformance.contract.clauses import THE_BODY, rule_of
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import escape, members, unescape
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.schema import Schema, Violation, type_name
from batch_conformance.contract.shape import Property, Sent
from batch_conformance.findings.finding import Side
from batch_conformance.findings.merging import changing_names
from batch_conformance.message import Message, Private, Template, shown, type_named
from batch_conformance.near_miss import nearest
from batch_conformance.observation.content import Content
from batch_conformance.observation.observation import Observation, at, derived
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.json_text import documented_body
from batch_conformance.rules.name_patterns import is_for_people, is_reference
from batch_conformance.rules.refusal import is_turned_away, is_unquoted_text
from batch_conformance.rules.requests import by_status, gets_a_batch
from batch_conformance.rules.rule import (
    AlikeBodies,
    BodiesCheck,
    Broken,
    Place,
    Rule,
    always,
    has_the_object,
)
from batch_conformance.rules.unset import FOR_UNSET, IDS_FOR_UNSET, WORDS_FOR_UNSET
from batch_conformance.rules.validators import surely_valid

_NULL_MEANT = frozenset({"document.example_null", "document.nullable_ignored"})
"""Findings of the self-check that say of a place: the document shows null there and forbids it."""

_DOCUMENTED = Template("body.undeclared.expected", "only documented properties")
_UNDOCUMENTED = Template("body.undeclared.observed", "an undocumented property")
_MEANT = Template("body.undeclared.meant", "an undocumented property, probably meant as {name}")
_NOT_SENT = Template("body.write_only.expected", "not to be sent: it is write-only")
_NONE_KEEPS_IT = Template("body.impossible.expected", "a value that keeps its schema, and there is none: {why}")
_ADMITTED = Template("body.impossible.clause", "{place} has a value that its schema admits")
_VALUE = Template("value.empty_string.expected", "a value, or none")
_ITEM = Template("value.empty_string.item", "a value as each item, or no item")

_Told = tuple[str, Broken]
"""The rule that is broken, and how."""


@derived
def of_body(observation: Observation) -> tuple[_Told, ...]:
    """What is wrong with the value of a body, by the rules that it breaks, whoever sent it."""
    if documented_body(observation) is None or is_unquoted_text(observation) or observation.content is None:
        return ()
    return tuple(_of_value(observation, observation.content))


def _checks(rule: str) -> Callable[[Observation], Sequence[Broken]]:
    """The check of a rule; of a request that was turned away the body is not checked."""

    def check(observation: Observation) -> Sequence[Broken]:
        found = of_body(observation)
        if not found or is_turned_away(observation):
            return ()
        return [broken for broken_rule, broken in found if broken_rule == rule]

    return check


def _of_value(observation: Observation, content: Content) -> Iterator[_Told]:
    if content.mismatch is not None:
        rule, expected, observed = content.mismatch
        yield (
            rule,
            Broken(
                media_type=observation.contract_media_type,
                expected=expected,
                observed=observed,
                kind=rule.partition(".")[2],
                location=_lacking(content),
            ),
        )
        return
    violations = content.violations
    mistyped = {violation.pointer for violation in violations if violation.keyword == "type"}
    found = [
        violation
        for violation in (*violations, *content.unknown_values)
        if violation.keyword == "type" or violation.pointer not in mistyped
        if not _is_written(violation.pointer, content.write_only)
    ]
    seen: set[str] = set()
    for violation in found:
        place = content.schema.contradiction(violation.pointer)
        if place is None:
            yield _violated(observation, violation)
        elif place not in seen:
            seen.add(place)
            yield _impossible(observation, violation, place, content.schema.impossible[place])
    for one in content.write_only:
        yield _sent_back(observation, one)
    for pointer in content.undeclared:
        if _is_written(pointer, content.write_only):
            continue
        yield (
            "body.undeclared",
            Broken(
                media_type=observation.contract_media_type,
                pointer=pointer,
                expected=_DOCUMENTED(),
                observed=_undocumented(content, pointer),
                kind="undeclared",
            ),
        )
    if observation.batch is not None:
        yield from _empty_strings(
            observation, content.schema, content.value, {violation.pointer for violation in found}
        )


def _lacking(content: Content) -> Location | None:
    """Where it is demanded what an object lacks that has nothing else instead; None where it has."""
    if content.undeclared or not isinstance(content.value, Mapping):
        return None
    members = (place for place in content.schema.properties if place.pointer.count("/") == 1 and place.required)
    return next((one.required_at for one in members if at(content.value, one.pointer) is None), None)


def _is_written(pointer: str, sent: Sequence[Sent]) -> bool:
    """Whether what is at a pointer should not have come at all: of what it is like, nothing more is said."""
    return any(pointer == one.pointer or pointer.startswith(one.pointer + "/") for one in sent)


def _undocumented(content: Content, pointer: str) -> Message:
    """An undocumented property in words, with the documented one that it was probably meant for: one that is absent."""
    around, _, name = pointer.rpartition("/")
    declared = [place.pointer for place in content.schema.properties if place.pointer.rpartition("/")[0] == around]
    absent = (one for one in declared if not list(members(content.value, one)))
    near = nearest(unescape(name), (unescape(one.rpartition("/")[2]) for one in absent))
    return _MEANT(name=near) if near else _UNDOCUMENTED()


def _sent_back(observation: Observation, one: Sent) -> _Told:
    return "body.write_only", Broken(
        media_type=observation.contract_media_type,
        pointer=one.pointer,
        expected=_NOT_SENT(),
        observed=shown(type_named(type_name(one.value))),
        kind="sent",
        level="info" if one.ignored else None,
        location=one.location,
    )


def _impossible(observation: Observation, violation: Violation, pointer: str, why: Message) -> _Told:
    """The document's own contradiction: in a reading that makes up for those, it is information."""
    return "body.impossible", Broken(
        media_type=observation.contract_media_type,
        pointer=pointer,
        expected=_NONE_KEEPS_IT(why=why),
        observed=violation.observed,
        kind="impossible",
        level="info" if observation.contract.reading == "documented" else None,
        location=violation.location,
    )


def _violated(observation: Observation, violation: Violation) -> _Told:
    rule = rule_of(violation.keyword)
    # What the schema itself forbids; elsewhere the world is closed by our reading.
    forbidden = violation.keyword in ("additionalProperties", "unevaluatedProperties")
    predicted = any(
        (observation.status, violation.pointer) in finding.predicts
        for finding in observation.contract.document_findings
        if finding.rule in _NULL_MEANT
    )
    side: Side | None = "document" if predicted and violation.kind == "null" else None
    return rule, Broken(
        media_type=observation.contract_media_type,
        pointer=violation.pointer,
        expected=violation.expected,
        observed=violation.observed,
        kind=violation.kind,
        level="must" if forbidden else "should" if violation.annotated else None,
        side=side,
        location=violation.location,
    )


def _empty_strings(observation: Observation, schema: Schema, value: Any, judged: Set[str]) -> Iterator[_Told]:
    roles = observation.operation.roles
    referring = frozenset(pointer for pointer in roles.names if is_reference(pointer))
    ends = _ends_of_an_empty_page(observation, value)
    for place in schema.properties:
        if place.pointer in judged or place.write_only or place.pointer in ends:
            continue
        if "string" not in place.types:
            continue
        if "*" in place.pointer:
            yield from _empty_items(observation, place, value)
            continue
        text = at(value, place.pointer)
        if text in place.known_values:
            continue  # what is listed is meant
        if isinstance(text, str) and (
            not text.strip(" \t\r\n")
            or (text in WORDS_FOR_UNSET and not place.known_values)
            or (text in IDS_FOR_UNSET and place.pointer in referring)
        ):
            if any(place.pointer.startswith(free + "/") for free in roles.free_maps):
                continue
            yield (
                "value.empty_string",
                Broken(
                    media_type=observation.contract_media_type,
                    pointer=place.pointer,
                    expected=_VALUE(),
                    observed=shown(Private(f'"{text[:20]}"')),
                    kind="sentinel" if text in IDS_FOR_UNSET else "word" if text.strip() else "empty",
                    location=place.location,
                    level="info" if not text.strip() and _may_be_empty(place, roles) else None,
                ),
            )


def _may_be_empty(place: Property, roles: Roles) -> bool:
    """Whether an empty text may be meant: an explanation, or what a document requires and says no other way to leave.

    What names something for machines, such as a file, is no such place: a client would ask for what has no name.
    """
    if is_for_people(place.pointer):
        return True
    named = place.pointer in roles.names or place.pointer in (roles.identity, roles.state, roles.window)
    return place.required and "null" not in place.types and not named


def _ends_of_an_empty_page(observation: Observation, value: Any) -> Set[str | None]:
    """The places of the ids of the first and last item on a page that has none: many documents want a text there."""
    form = observation.operation.listing
    if form is None or at(value, form.items) != []:
        return frozenset()
    return frozenset({form.first, form.last})


def _empty_items(observation: Observation, place: Property, value: Any) -> Iterator[_Told]:
    """An item of an array that is an empty text, once for the array; not where that is listed or the customer's own."""
    if not place.pointer.endswith("/*") or any(not known for known in place.known_values):
        return
    if any(place.pointer.startswith(free + "/") for free in observation.operation.roles.free_maps):
        return
    texts = (text for text in members(value, place.pointer) if isinstance(text, str))
    empty = next((text for text in texts if not text.strip(" \t\r\n")), None)
    if empty is not None:
        yield (
            "value.empty_string",
            Broken(
                media_type=observation.contract_media_type,
                pointer=place.pointer,
                expected=_ITEM(),
                observed=shown(Private(f'"{empty[:20]}"')),
                kind="item",
                location=place.location,
            ),
        )


def surely_says_something(alike: AlikeBodies) -> tuple[BodiesCheck, ...] | None:
    """Checks that hold only where no text of a body is empty or unset, and none is beside its known values.

    The state is not looked at. None where a text is in an inner object.
    """
    schema, roles, body = alike.schema, alike.roles, alike.body
    known = []
    for place in schema.properties:
        if place.known_values and "x-known-values" in place.keywords and place.pointer != roles.state:
            if place.pointer.count("/") != 1:
                return None
            known.append((place.pointer, frozenset(place.known_values)))
    free = tuple(pointer + "/" for pointer in roles.free_maps)
    for place in schema.properties:
        nested = place.pointer.count("/") > 1 and "*" not in place.pointer and not place.pointer.startswith(free)
        if nested and type(at(body, place.pointer)) is str:
            return None
    places = tuple("/" + escape(name) for name, value in body.items() if type(value) is str)
    arrays = []
    for place in schema.properties:
        if place.pointer.endswith("/*") and "string" in place.types and not place.pointer.startswith(free):
            outer = place.pointer.partition("/*")[0]
            held = at(body, outer)
            if held and isinstance(held, list) and (outer.count("/") != 1 or len(outer) + 2 != len(place.pointer)):
                return None  # inside an array, or an inner object
            if isinstance(held, list) and str in map(type, held):
                arrays.append(outer)

    def check(columns: Columns) -> bool:
        for pointer in places:
            texts = columns.different(pointer)
            # The least of them begins with white space where any is nothing else.
            if not (FOR_UNSET.isdisjoint(texts) and min(texts)[0] > " "):
                return False
        for pointer in arrays:
            for items in columns.different(pointer):
                if any(type(item) is str and not item.strip() for item in items):
                    return False
        for pointer, listed in known:
            for value in columns.different(pointer):
                if type(value) in (str, int) and value not in listed:
                    return False
        return True

    return (check,)


def _surely_valid(alike: AlikeBodies) -> tuple[BodiesCheck, ...] | None:
    return _compiled(alike.schema, alike.broken)


@lru_cache(64)
def _compiled(schema: Schema, broken: bool) -> tuple[BodiesCheck, ...] | None:
    return surely_valid(schema, broken=broken)


def _impossible_places(operation: Operation) -> Iterator[Place]:
    """The places for which the document admits no value at all."""
    for response in operation.responses.values():
        for media_type, schema in response.content.items():
            for place in schema.properties if schema else ():
                if schema is not None and place.pointer in schema.impossible:
                    says = _ADMITTED(place=place.pointer or THE_BODY())
                    yield Place(says, response.status, media_type, place.pointer, place.location)


TYPE = Rule(
    id="body.type",
    title="A value has another type than documented",
    level="must",
    side="server",
    why="Typed clients fail to parse it, untyped ones fail later, where the value is used.",
    remedy="Send the documented type; if the new type is meant, publish it in the document first.",
    source="OpenAPI 3.0 section 4.7.24, JSON Schema `type`",
    breaks='{"created_at": "1741685413"}',
    keeps='{"created_at": 1741685413}',
    said_by="response",
    exercised_at="value",
    concern="document",
    of_body=True,
    check=_checks("body.type"),
    looks_at="members",
    highlight=at_pointer,
    requests=by_status,
    cure="type",
    reaches_client=True,
    covers=(("types and null", "each value"),),
)

REQUIRED = Rule(
    id="body.required",
    title="A property that is always there is missing",
    level="must",
    side="server",
    why="Clients read it without asking whether it is there.",
    remedy="Send the property in every state of the batch.",
    source="JSON Schema `required`",
    breaks='{"object": "batch"}',
    keeps='{"id": "batch_a", "object": "batch"}',
    said_by="response",
    exercised_at="around",
    concern="document",
    of_body=True,
    check=_checks("body.required"),
    looks_at="members",
    highlight=at_pointer,
    requests=by_status,
    cure="required",
    reaches_client=True,
    covers=(("members that are there", "each of them"),),
)

ENUM = Rule(
    id="body.enum",
    title="A value is outside the documented enumeration",
    level="must",
    side="server",
    why="Clients generated from the document refuse the whole body.",
    remedy="Send one of the enumerated values, or publish the new one first.",
    source="JSON Schema `enum`",
    breaks='{"status": "COMPLETED"}',
    keeps='{"status": "completed"}',
    said_by="response",
    exercised_at="not_null",
    concern="document",
    of_body=True,
    check=_checks("body.enum"),
    looks_at="values",
    surely_kept=_surely_valid,
    highlight=at_pointer,
    requests=by_status,
    cure="enum",
    reaches_client=True,
    covers=(("values", "none but these"),),
)

KNOWN_VALUE = Rule(
    id="body.known_value",
    title="A value is none of those the vendor documents",
    level="should",
    side="server",
    why="Clients decide by this value what to do next; one they have never heard of is read as a failure, or never "
    "ends their polling.",
    remedy="Send a documented value, or document the new one where the others are.",
    source="the vendor's guide, through the overlay",
    breaks='{"status": "DONE"}',
    keeps='{"status": "completed"}',
    said_by="response",
    exercised_at="not_null",
    concern="document",
    of_body=True,
    check=_checks("body.known_value"),
    looks_at="values",
    surely_kept=surely_says_something,
    highlight=at_pointer,
    requests=by_status,
    cure="known_value",
    reaches_client=True,
    covers=(("values of examples and texts", "states that are told of"),),
)

FORMAT = Rule(
    id="body.format",
    title="A value does not have the documented format",
    level="must",
    side="server",
    why="Clients convert the value by its format and fail.",
    remedy="Send the value in the documented format.",
    source="JSON Schema `format`; level should where OpenAPI 3.1, or a registry alone, has it as an annotation",
    breaks='{"created": "yesterday"} where format is date-time',
    keeps='{"created": "2026-01-02T03:04:05Z"}',
    said_by="response",
    exercised_at="not_null",
    concern="document",
    of_body=True,
    check=_checks("body.format"),
    looks_at="values",
    surely_kept=_surely_valid,
    highlight=at_pointer,
    requests=by_status,
    cure="keyword",
    reaches_client=True,
    covers=(("formats", "those of JSON Schema and the registry"),),
)

CONSTRAINT = Rule(
    id="body.constraint",
    title="A value breaks a constraint of its schema",
    level="must",
    side="server",
    why="The document promises clients a narrower set of values.",
    remedy="Keep the constraint, or publish the wider one.",
    source="JSON Schema validation keywords",
    breaks='{"total": -1} where minimum is 0',
    keeps='{"total": 0}',
    said_by="response",
    exercised_at="not_null",
    concern="document",
    of_body=True,
    check=_checks("body.constraint"),
    looks_at="values",
    surely_kept=_surely_valid,
    highlight=at_pointer,
    requests=by_status,
    cure="keyword",
    reaches_client=True,
    covers=(("bounds, patterns, combinations", "all keywords that validate"),),
)

IMPOSSIBLE = Rule(
    id="body.impossible",
    title="A clause that no value can keep",
    level="should",
    side="document",
    why="The document contradicts itself: whatever the server answers here breaks it, and clients made from it "
    "refuse every answer.",
    remedy="Mend the schema, for instance by quoting values that YAML reads as numbers; the server cannot.",
    source="JSON Schema: a value has to keep all keywords of its schema",
    breaks='{"version": "1.10"} where type is string and the enum, unquoted, lists the number 1.10',
    keeps='{"version": "1.10"} where the enum lists "1.10"',
    said_by="response",
    clauses=_impossible_places,
    exercised_at="value",
    concern="document",
    of_body=True,
    check=_checks("body.impossible"),
    looks_at="values",
    surely_kept=_surely_valid,
    highlight=at_pointer,
    requests=by_status,
    reaches_client=True,
    covers=(("what a schema forbids itself", "told at the document"),),
)

UNDECLARED = Rule(
    id="body.undeclared",
    title="A property that the contract does not know",
    level="should",
    side="server",
    why="A renamed, misspelt or leaked field shows up exactly so, and the schema alone never notices it.",
    remedy="Document the property, or stop sending it; look whether a documented one vanished at the same time.",
    source="closed world: the contract's properties are all there is",
    breaks='{"id": "batch_a", "outputFileId": "file-b"}',
    keeps='{"id": "batch_a", "output_file_id": "file-b"}',
    said_by="response",
    exercised_at="object",
    concern="document",
    of_body=True,
    check=_checks("body.undeclared"),
    looks_at="members",
    highlight=at_pointer,
    requests=by_status,
    cure="property",
    reaches_client=True,
    merge=changing_names,
    covers=(("members that are not declared", "none, though open"),),
)

WRITE_ONLY = Rule(
    id="body.write_only",
    title="A write-only property is sent back",
    level="should",
    side="server",
    why="What is only written is mostly a secret; sent back it is in logs, caches and everybody's debugger.",
    remedy="Leave the property out of answers; if clients are meant to read it, drop writeOnly from the document.",
    source="OpenAPI 3.0.3 section 4.7.24.2, JSON Schema 2020-12 validation section 9.4 `writeOnly`",
    breaks='{"id": "batch_a", "webhook_secret": "s3cret"} where webhook_secret is writeOnly',
    keeps='{"id": "batch_a"}, even where webhook_secret is required',
    said_by="response",
    exercised_at="around",
    concern="document",
    of_body=True,
    check=_checks("body.write_only"),
    looks_at="members",
    highlight=at_pointer,
    requests=by_status,
    reaches_client=True,
    covers=(("writeOnly", "not sent back"),),
)

SEEN = Rule(
    id="body.seen",
    title="A documented property was never seen",
    level="info",
    side="server",
    why="It may only be unset in the batches that were read; or it was removed or renamed.",
    remedy="Read a batch in which it must be set; if it is gone for good, remove it from the document.",
    source="the document's properties",
    breaks="`failed_at` in no body of the run",
    keeps="`failed_at` in at least one body, null or set",
    said_by="response",
    exercised_at="value",
    concern="document",
    of_body=True,
    looks_at="run",
    highlight=at_pointer,
    requests=by_status,
    reaches_client=True,
    unless_told=("state.timestamp_missing",),
    covers=(("members that are there", "others, once in a run"),),
)

ENVELOPED = Rule(
    id="body.enveloped",
    title="The documented object is wrapped in another",
    level="must",
    side="server",
    why="Every documented property is one level too deep, so clients find none of them.",
    remedy="Send the object itself as the body.",
    source="the document's response schema",
    breaks='{"code": 20000, "data": {"id": "batch_a", "status": "completed"}}',
    keeps='{"id": "batch_a", "status": "completed"}',
    said_by="response",
    clauses=always(Template("body.enveloped.clause", "the batch is the body itself"), "200"),
    exercised=has_the_object,
    concern="document",
    of_body=True,
    check=_checks("body.enveloped"),
    looks_at="values",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    requests=gets_a_batch,
    cure="schema",
    reaches_client=True,
    covers=(("types and null", "the object itself"),),
)

ANOTHER_OBJECT = Rule(
    id="body.another_object",
    title="The body is another kind of object",
    level="must",
    side="server",
    why="It shares next to nothing with the documented object: another API answers here, so single fields are not "
    "judged.",
    remedy="Check that the base URL leads to this API; if it does, this operation is not implemented.",
    source="the document's response schema",
    breaks='{"name": "jobs/1", "state": "JOB_STATE_RUNNING"}',
    keeps='{"id": "batch_a", "status": "in_progress"}',
    said_by="response",
    clauses=always(Template("body.another_object.clause", "the body is a batch"), "200"),
    exercised=has_the_object,
    concern="document",
    of_body=True,
    check=_checks("body.another_object"),
    looks_at="values",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    cure="schema",
    reaches_client=True,
    covers=(("types and null", "not another one"),),
)

EMPTY_STRING = Rule(
    id="value.empty_string",
    title="An empty string stands for an unset value",
    level="should",
    side="server",
    why="Clients that test for null take it for an id and ask for a file without a name.",
    remedy="Leave an unset value out, or send null where the contract allows it.",
    source='the vendor\'s examples write unset values as null; reports of clients fetching the file ""',
    breaks='{"error_file_id": ""}',
    keeps='{"error_file_id": null}',
    said_by="response",
    clauses=always(Template("value.empty_string.clause", "each text says something"), "200"),
    exercised=has_the_object,
    concern="document",
    check=_checks("value.empty_string"),
    looks_at="values",
    surely_kept=surely_says_something,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("other values", "none for unset"),),
)

RULES = (
    TYPE,
    REQUIRED,
    ENUM,
    KNOWN_VALUE,
    FORMAT,
    CONSTRAINT,
    IMPOSSIBLE,
    UNDECLARED,
    WRITE_ONLY,
    SEEN,
    ENVELOPED,
    ANOTHER_OBJECT,
    EMPTY_STRING,
)

NOT_THE_OBJECT = frozenset({ANOTHER_OBJECT.id, ENVELOPED.id})
"""Rules that say that a body holds none of the documented properties; which of them lack is no further news."""

OF_A_VALUE = frozenset({TYPE.id, ENUM.id, FORMAT.id, CONSTRAINT.id})
"""Rules that a value breaks by itself: that it makes no sense beside others either is the same cause."""

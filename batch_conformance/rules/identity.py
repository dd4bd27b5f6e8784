"""Rules about ids: the batch asked for is answered, under its own id, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, unquote

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.stated_at import at_parameter, at_response
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.fold import Bucket
from batch_conformance.message import Message, Private, Template, shown
from batch_conformance.observation.form import form_of
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.conditions import (
    ALWAYS,
    UNLESS_ANY_ID,
    if_continues,
    unless_any_refused_so,
    unless_continues,
    unless_path_decoded,
    unless_refused_so,
)
from batch_conformance.rules.highlight import Highlight, at_pointer, at_status
from batch_conformance.rules.masks import is_mask
from batch_conformance.rules.odd_requests import overridden
from batch_conformance.rules.refusal import leads_to_normal_form
from batch_conformance.rules.requests import for_subjects, gets_a_batch
from batch_conformance.rules.rule import Broken, Rule, has_id, is_batch, is_conclusive, is_success, where

_TRAVERSAL_ANSWERED_UNSEEN = Template(
    "identity.traversal_answered.unseen",
    "no encoded path was sent: those go to this machine, or with --exploration thorough",
)

_ASKED_FOR = Template("identity.other_batch.expected", "{id}, the id asked for")
_SUCCESS = Template("identity.answered", '{status} for "{id}"')
_SUCCESS_OF_NONE = Template("identity.answered_empty", "{status} for an empty id")
_REFUSED = Template("identity.unknown_answered.expected", "404, or another documented refusal")
_EXACTLY = Template("identity.neighbour_answered.expected", "404: ids are compared exactly")
_NO_PATH = Template("identity.traversal_answered.expected", "404: an encoded slash is part of the id")
_NO_ID = Template("identity.list_answered.expected", "404: the path has no id")
_DECODED_AGAIN = re.compile(r"[?#;]|%[0-9A-Fa-f]{2}")
"""What ends an id, or the path, or is another letter, where an id is decoded once more than it was encoded."""
_OTHER_PATH = Template("identity.path_variant_answered.expected", "404: the path is another one")
_VARIANT_ANSWERED = Template("identity.path_variant_answered.observed", "{status} with the batch for {path}")
_NO_PARAMETER = Template("identity.traversal_answered.parameter", "404: a segment with a parameter is no dot segment")
_MAY_BE_ROUTE = Template("identity.unknown_answered.word", "404, or another resource than a batch")
_WORD = re.compile(r"[a-z]{2,}")
"""What a router may have a route for beside the one of batches."""

_NORMAL = Template("identity.spelling_redirected.expected", "the answer that the normal form of the path gets, or 404")


def _condition(observation: Observation, condition: Bucket = ALWAYS) -> Bucket:
    """Told where a success is one: some servers refuse with 200 and another object."""
    if observation.is_another_object:
        return unless_refused_so(form_of(observation), condition)
    return unless_any_refused_so("valid", condition) if observation.method == "HEAD" else condition


def _answered(observation: Observation) -> str:
    """The subject of an id that was answered with success; empty where it was not, or without the valid credential."""
    if overridden(observation):
        return ""  # another method was asked for
    return observation.exchange.probe.subject if is_success(observation) and observation.authorised else ""


def _success(observation: Observation, expected: Message, kind: str, condition: Bucket = ALWAYS) -> Broken:
    status = observation.answer.status if observation.answer else 0
    asked = observation.exchange.probe.batch_id or ""
    observed = _SUCCESS(status=status, id=_short(asked)) if asked else _SUCCESS_OF_NONE(status=status)
    return Broken(expected, observed, kind, when=_condition(observation, condition))


def _check_batch(observation: Observation) -> Iterator[Broken]:
    pointer = observation.operation.roles.identity
    answered = at(observation.batch, pointer) if pointer is not None else None
    asked = observation.exchange.probe.batch_id
    if _answered(observation) not in ("known", "equivalent") or pointer is None or asked is None:
        return
    if isinstance(answered, str) and answered and answered != asked and not _is_masked(observation, answered):
        yield Broken(
            _ASKED_FOR(id=Private(f'"{_short(asked)}"')),
            shown(Private(f'"{_short(answered)}"')),
            "other",
            media_type=observation.contract_media_type,
            pointer=pointer,
            # Who answers any id answers other spellings of a known one with whatever they look like.
            when=_condition(observation, UNLESS_ANY_ID if _answered(observation) == "equivalent" else ALWAYS),
        )


def _is_masked(observation: Observation, answered: str) -> bool:
    """Whether a recorder may have masked an id; of what was sent by us nothing is."""
    return observation.answer is not None and observation.answer.wire_notes is None and is_mask(answered)


def _check_unknown(observation: Observation) -> Iterator[Broken]:
    subject, asked = _answered(observation), observation.exchange.probe.batch_id or ""
    expected = _REFUSED()
    if subject == "unknown":
        yield _success(observation, expected, subject)
    elif subject and may_be_route(observation):
        told = _success(observation, _MAY_BE_ROUTE(), "word", unless_continues(asked))
        yield replace(told, level="info")
    elif subject == "hostile" and not is_traversal(asked) and not _is_number_of_batch(observation):
        condition = unless_continues(asked)
        if is_traversal(unquote(asked)):
            condition = unless_path_decoded(condition)
        yield _success(observation, expected, subject, condition)


def _check_neighbour(observation: Observation) -> Iterator[Broken]:
    """A server that answers any plain id also answers similar ones; only the first is said then."""
    subject, asked = _answered(observation), observation.exchange.probe.batch_id or ""
    if subject in ("neighbour", "hostile") and not _has_parameter(observation):
        condition = UNLESS_ANY_ID if subject == "neighbour" else if_continues(asked)
        if _DECODED_AGAIN.search(asked):
            condition = unless_path_decoded(condition)
        yield _success(observation, _EXACTLY(), "similar", condition)


def _check_traversal(observation: Observation) -> Iterator[Broken]:
    asked = observation.exchange.probe.batch_id or ""
    if _answered(observation) == "hostile" and is_traversal(asked):
        expected = _NO_PATH()
        yield _success(observation, expected, "hostile", unless_continues(asked))
    elif _answered(observation) and _is_up_by_parameter(observation) and _is_asked_for(observation):
        yield _success(observation, _NO_PARAMETER(), "dots with a parameter", UNLESS_ANY_ID)


def _check_path_variant(observation: Observation) -> Iterator[Broken]:
    """Told where the batch came: a page, or another object, is what the other path has."""
    variant = _path_variant(observation)
    if variant and _answered(observation) and _is_asked_for(observation):
        answer, path = observation.answer, observation.exchange.probe.path
        told = _VARIANT_ANSWERED(status=answer.status if answer else 0, path=Private(_short(path)))
        yield Broken(_OTHER_PATH(), told, variant, when=_condition(observation, UNLESS_ANY_ID))


def may_be_route(observation: Observation) -> bool:
    """Whether an id is a word for which a router may have another resource, and no batch was answered."""
    probe = observation.exchange.probe
    is_word = _WORD.fullmatch(probe.batch_id or "") is not None
    return probe.subject == "hostile" and is_word and observation.batch is None


def _path_variant(observation: Observation) -> str:
    """In which way a path is not the one of the batch that it names; empty where it is, or names none."""
    probe, operation = observation.exchange.probe, observation.operation
    if _has_parameter(observation):
        return "path parameter"
    if probe.subject != "outside" or not probe.batch_id or "..;" in probe.path:
        return ""
    usual = operation.path.replace("{" + operation.parameter + "}", quote(probe.batch_id, safe=""))
    if probe.path in (usual, usual + "/"):
        return "trailing slash" if probe.path != usual else ""
    if ";" in probe.path:
        return "path parameter"
    return "case of the path" if probe.path.lower() == usual.lower() else "further segment"


def _has_parameter(observation: Observation) -> bool:
    """Whether a segment ends in a path parameter (RFC 3986 section 3.3): a semicolon that is not escaped."""
    probe = observation.exchange.probe
    segment, semicolon, _ = probe.path.rpartition("/")[2].partition(";")
    return probe.subject == "neighbour" and bool(segment) and bool(semicolon)


def _is_up_by_parameter(observation: Observation) -> bool:
    """Whether the path leads to its batch where `..;` is taken for a dot segment."""
    probe = observation.exchange.probe
    return probe.subject == "outside" and "..;" in probe.path


def _is_asked_for(observation: Observation) -> bool:
    """Whether a batch was answered, and is the one that is named in the path, as far as it says so."""
    pointer, asked = observation.operation.roles.identity, observation.exchange.probe.batch_id or ""
    answered = at(observation.batch, pointer) if pointer is not None else None
    return observation.batch is not None and (not isinstance(answered, str) or asked.partition(";")[0] == answered)


def _is_number_of_batch(observation: Observation) -> bool:
    """Whether an id is a number and the batch answered has it: where batches are numbered, it may be there."""
    pointer, asked = observation.operation.roles.identity, observation.exchange.probe.batch_id or ""
    answered = at(observation.batch, pointer) if pointer is not None else None
    return asked.isdigit() and str(answered) == asked


def _check_empty(observation: Observation) -> Iterator[Broken]:
    if _answered(observation) == "outside" and observation.exchange.probe.batch_id is None:
        yield _success(observation, _NO_ID(), "empty id", UNLESS_ANY_ID)


def _check_spelling(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is not None and leads_to_normal_form(observation):
        yield Broken(_NORMAL(), shown(f"{answer.status} {answer.reason}".rstrip()), str(answer.status))


def _at_redirect(_: Finding) -> Highlight:
    return Highlight(status=True, headers=frozenset({"location"}))


def is_traversal(asked: str) -> bool:
    """Whether an id is a path that leads elsewhere once its encoded slashes are taken for separators.

    Empty segments, such as after a slash at the end, and single dots lead nowhere else where servers overlook them.
    """
    segments = asked.split("/")
    return len(segments) > 1 and not {"", ".", ".."}.isdisjoint(segments)


def _short(text: str) -> str:
    printable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return printable if len(printable) <= 60 else printable[:57] + "…"


def _has_identity(operation: Operation) -> bool:
    return operation.roles.identity is not None


def _asks_for(*subjects: str) -> Callable[[Observation], bool]:
    def asks(observation: Observation) -> bool:
        return observation.authorised and observation.exchange.probe.subject in subjects and is_conclusive(observation)

    return asks


def _asks_for_path(observation: Observation) -> bool:
    probe = observation.exchange.probe
    is_path = probe.subject == "hostile" and ".." in (probe.batch_id or "")
    return (is_path or _is_up_by_parameter(observation)) and is_conclusive(observation)


def _asks_for_variant(observation: Observation) -> bool:
    return bool(_path_variant(observation)) and observation.authorised and is_conclusive(observation)


def _asks_for_nothing(observation: Observation) -> bool:
    probe = observation.exchange.probe
    return probe.subject == "outside" and probe.batch_id is None and is_conclusive(observation)


OTHER_BATCH = Rule(
    id="identity.other_batch",
    title="Another batch is returned than the one that was asked for",
    level="should",
    side="server",
    why="The caller acts on somebody else's state, or sees somebody else's data.",
    remedy="Answer the batch whose id is in the path; look for a cache keyed too coarsely.",
    source="the operation's description: the batch object matching the specified ID",
    breaks='GET /batches/batch_a answers {"id": "batch_b"}',
    keeps='GET /batches/batch_a answers {"id": "batch_a"}',
    said=at_response(200),
    clauses=where(
        _has_identity, Template("identity.other_batch.clause", "the batch asked for is the batch answered"), "200"
    ),
    exercised=is_batch,
    concern="identity",
    check=_check_batch,
    looks_at="values",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("the parameter of the path", "the batch asked for"),),
)

UNKNOWN_ANSWERED = Rule(
    id="identity.unknown_answered",
    title="An id that nobody has is answered with success",
    level="should",
    side="server",
    why="Clients cannot tell a batch that exists from one that does not.",
    remedy="Answer 404 for an id that does not exist.",
    source="the document's 404 response, RFC 9110 section 15.5.5",
    breaks="200 for a made-up id",
    keeps="404 for a made-up id",
    said=at_response(404),
    clauses=where(has_id, Template("identity.unknown_answered.clause", "an id that nobody has is not answered")),
    exercised=_asks_for("unknown"),
    concern="identity",
    check=_check_unknown,
    looks_at="message",
    highlight=at_status,
    requests=for_subjects("unknown", "neighbour", "hostile"),
    covers=(("the parameter of the path", "no other id"),),
)

NEIGHBOUR_ANSWERED = Rule(
    id="identity.neighbour_answered",
    title="An id that is only similar is answered",
    level="should",
    side="server",
    why="One batch has several names, or a shorter name finds somebody's batch.",
    remedy="Compare ids exactly: whole, and with regard to case.",
    source="RFC 3986 section 6.2.2.1, the operation's description",
    breaks="200 for BATCH_A where batch_a exists",
    keeps="404 for BATCH_A where batch_a exists",
    clauses=where(has_id, Template("identity.neighbour_answered.clause", "a similar id is not answered")),
    exercised=_asks_for("neighbour"),
    concern="identity",
    check=_check_neighbour,
    looks_at="message",
    highlight=at_status,
    requests=for_subjects("unknown", "neighbour", "equivalent"),
    covers=(("the parameter of the path", "nor a close one"),),
)

TRAVERSAL_ANSWERED = Rule(
    id="identity.traversal_answered",
    title="An encoded path inside the id is followed",
    level="should",
    side="server",
    why="An encoded slash is data of the id; a server that follows it can be led past its own access rules.",
    remedy="Split the path before decoding it, and look the id up as one opaque string.",
    source="RFC 3986 section 2.2",
    breaks="200 for x%2F..%2Fbatch_a",
    keeps="404 for x%2F..%2Fbatch_a",
    clauses=where(has_id, Template("identity.traversal_answered.clause", "an encoded path is not followed")),
    exercised=_asks_for_path,
    concern="identity",
    check=_check_traversal,
    looks_at="message",
    highlight=at_status,
    requests=for_subjects("unknown", "hostile", "neighbour", "outside"),
    unseen=_TRAVERSAL_ANSWERED_UNSEEN,
    covers=(("the parameter of the path", "nor a path"),),
)

PATH_VARIANT_ANSWERED = Rule(
    id="identity.path_variant_answered",
    title="The batch is also answered at another path",
    level="info",
    side="server",
    why="Rules of a proxy or a cache that know only the documented path do not see requests at the other ones.",
    remedy="Nothing, where the router documents it; or have the router take paths as they are.",
    source="RFC 3986 section 6.2.2.1 and 6.2.3",
    breaks="200 with batch_a for /batches/batch_a/, /BATCHES/batch_a or /batches/batch_a;v=1",
    keeps="404 for /batches/batch_a/",
    clauses=where(
        has_id, Template("identity.path_variant_answered.clause", "the batch is not answered at another path")
    ),
    exercised=_asks_for_variant,
    concern="identity",
    check=_check_path_variant,
    looks_at="message",
    highlight=at_status,
    requests=for_subjects("unknown", "neighbour", "outside"),
    covers=(("the parameter of the path", "nor the batch at another path"),),
)

LIST_ANSWERED = Rule(
    id="identity.list_answered",
    title="An empty id is answered with success",
    level="should",
    side="server",
    why="A client whose id is empty by mistake gets a list, or any batch, and goes on with it.",
    remedy="Answer 404 for the path without an id.",
    source="the operation's required path parameter",
    breaks='GET /batches/ answers {"object": "list"}',
    keeps="GET /batches/ answers 404",
    said=at_parameter,
    clauses=where(has_id, Template("identity.list_answered.clause", "an empty id is not answered")),
    exercised=_asks_for_nothing,
    concern="identity",
    check=_check_empty,
    looks_at="message",
    highlight=at_status,
    requests=for_subjects("outside"),
    covers=(("the parameter of the path", "nor none"),),
)

SPELLING_REDIRECTED = Rule(
    id="identity.spelling_redirected",
    title="Another spelling of an id is redirected to the normal one",
    level="info",
    side="server",
    why="RFC 3986 has both spellings name one resource; a client that does not follow redirects sees no batch.",
    remedy="Nothing; or decode what is escaped before the path is looked up.",
    source="RFC 3986 section 6.2.2",
    breaks="301 from /batches/%62atch_a to /batches/batch_a",
    keeps="200, or 404, for /batches/%62atch_a",
    clauses=where(
        has_id, Template("identity.spelling_redirected.clause", "another spelling of an id is not redirected")
    ),
    exercised=_asks_for("equivalent"),
    check=_check_spelling,
    looks_at="message",
    headers=("location",),
    highlight=_at_redirect,
    requests=for_subjects("equivalent"),
    covers=(("Location", "another spelling of an id"),),
)

RULES = (
    OTHER_BATCH,
    UNKNOWN_ANSWERED,
    NEIGHBOUR_ANSWERED,
    TRAVERSAL_ANSWERED,
    PATH_VARIANT_ANSWERED,
    LIST_ANSWERED,
    SPELLING_REDIRECTED,
)

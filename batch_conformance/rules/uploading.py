"""Rules about files that were uploaded: the answer, and the list of files, say what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.stated_at import at_place
from batch_conformance.findings.finding import Level
from batch_conformance.message import Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.followed import Followed, SentFile, Upload, id_in, object_in, object_place
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.made_batches import OF_MADE_BATCHES, at_role, broken, kept, quoted
from batch_conformance.rules.pages import items_of, page_of
from batch_conformance.rules.rule import ObservedPlace, Rule

_SENT = Template("upload.as_sent.expected", "{value}, as it was uploaded")
_LISTED = Template("upload.listed.expected", "{id}, the file that was uploaded")
_NOT_LISTED = Template("upload.listed.observed", "a whole list without it")

_MEMBERS: Mapping[str, Level] = {"bytes": "must", "line_count": "must", "filename": "should", "purpose": "should"}
"""What a file says of itself that whoever uploaded it knows, and how much it weighs where it is another value."""


def _sent(file: SentFile, member: str) -> Any:
    return {
        "bytes": len(file.content),
        "line_count": file.line_count,
        "filename": file.name,
        "purpose": file.purpose,
    }[member]


def _pointers(operation: Operation, around: str) -> Sequence[str]:
    """The places of what a file says of itself, those that are declared."""
    success = operation.response_for(200)
    schemas = success.content.values() if success is not None else ()
    declared = {place.pointer for schema in schemas if schema is not None for place in schema.properties}
    return [pointer for member in _MEMBERS if (pointer := f"{around}/{member}") in declared]


def _compare(
    observation: Observation, around: str, said: Mapping[str, Any], file: SentFile, answer: Mapping[str, Any]
) -> Iterator[ObservedPlace]:
    """What an object says of a file beside what was sent. A null says nothing.

    What the ``answer`` to the upload has as well is told of that: it is what the server took the file for.
    """
    for pointer in _pointers(observation.operation, around):
        member = pointer.rpartition("/")[2]
        value, known = said.get(member), _sent(file, member)
        if value is None or type(value) is not type(known):
            continue  # another type is told by the schema
        if value == known:
            yield kept(observation, pointer)
        elif said is answer or value != answer.get(member):
            expected = _SENT(value=quoted(known))
            yield broken(observation, pointer, expected, shown(quoted(value)), "other", level=_MEMBERS[member])


def _as_sent(followed: Followed) -> Iterator[ObservedPlace]:
    for upload in followed.uploads:
        found = object_in(upload.answer)
        if found is not None:
            yield from _compare(upload.answer, found[0], found[1], upload.file, found[1])


def _listed(followed: Followed) -> Iterator[ObservedPlace]:
    for upload in followed.uploads:
        yield from _listed_of(upload)


def _listed_of(upload: Upload) -> Iterator[ObservedPlace]:
    """The last list that was read after an upload: whether it has the file, where it is a whole one."""
    found = object_in(upload.answer)
    pages = [page for page in map(page_of, upload.lists) if page is not None]
    if found is None or not pages:
        return
    page, file_id = pages[-1], id_in(upload.answer)
    form = page.observation.operation.listing
    if form is None:
        return
    if file_id in page.ids:
        yield kept(page.observation, form.items)
    elif page.more is False or (page.more is None and _may_be_whole(len(page.ids))):
        yield broken(page.observation, form.items, _LISTED(id=quoted(file_id)), _NOT_LISTED(), "missing")


def _may_be_whole(count: int) -> bool:
    """Whether a list that does not say whether there is more may be all there is: pages are cut at round numbers."""
    return count == 0 or count % 10 != 0


def _items(followed: Followed) -> Iterator[ObservedPlace]:
    for upload in followed.uploads:
        found = object_in(upload.answer)
        if found is None:
            continue
        for page in upload.lists:
            form = page.operation.listing
            for item in items_of(page) or ():
                if form is not None and at(item, form.identity) == id_in(upload.answer):
                    yield from _compare(page, f"{form.items}/*", item, upload.file, found[1])


def _at_upload(operation: Operation) -> Sequence[str]:
    return _pointers(operation, object_place(operation))


def _at_items(operation: Operation) -> Sequence[str]:
    return _pointers(operation, f"{operation.listing.items}/*") if operation.listing is not None else ()


def _at_list(operation: Operation) -> Sequence[str]:
    return (operation.listing.items,) if operation.listing is not None else ()


_OPENAI = "OpenAI's reference of files, https://platform.openai.com/docs/api-reference/files/object"
_COMMON: dict[str, Any] = {**OF_MADE_BATCHES, "said": at_place, "highlight": at_pointer}

AS_SENT = Rule(
    id="upload.as_sent",
    title="A file is not what was uploaded",
    level="must",
    why="Who compares the size to see whether the upload came whole sends it again, or works with a file that was cut.",
    remedy="Answer with the size in bytes, the name and the purpose of the file that was received.",
    source=_OPENAI,
    breaks="a file of 131 bytes, answered with bytes 130",
    keeps="a file of 131 bytes, answered with bytes 131",
    clauses=at_role(Template("upload.as_sent.clause", "{place} is that of the file as sent"), _at_upload, "upload"),
    follow=_as_sent,
    **_COMMON,
    covers=(("batches that are made", "the file as sent"),),
)

LISTED = Rule(
    id="upload.listed",
    title="A file that was uploaded is not in the list of files",
    level="should",
    why="Who looks for the file before a batch is made of it uploads it again and again.",
    remedy="List a file as soon as its upload was answered, or some seconds later.",
    source="the summary of the operation: it lists files",
    breaks="a list of all files, ten seconds after the upload, without it",
    keeps="a list that has it two seconds after the upload",
    clauses=at_role(Template("upload.listed.clause", "{place} has a file that was uploaded"), _at_list, "files"),
    follow=_listed,
    **_COMMON,
    covers=(("batches that are made", "the list has it"),),
)

ITEM = Rule(
    id="upload.item",
    title="The list of files says another thing of a file than what was uploaded",
    level="must",
    why="The number of lines is what a program compares with the number of its requests before it pays for them.",
    remedy="List the size, the lines and the name of the file that was received.",
    source=_OPENAI,
    breaks="a file of three lines, listed with line_count 1",
    keeps="a file of three lines, listed with line_count 3",
    clauses=at_role(Template("upload.item.clause", "{place} is that of the file as sent"), _at_items, "files"),
    follow=_items,
    **_COMMON,
    covers=(("batches that are made", "the list has it as sent"),),
)

RULES = (AS_SENT, LISTED, ITEM)

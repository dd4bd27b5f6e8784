"""The document: an OpenAPI document as published, with the line of every node."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urldefrag, urljoin

from batch_conformance.contract.choice import DEFAULT_CHOICE, OperationChoice
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.excerpt import read_part
from batch_conformance.contract.location import Location
from batch_conformance.contract.referenced_files import Reader, in_folder, put_in
from batch_conformance.contract.tree import parse_tree, read_tree
from batch_conformance.input_error import why_no_file
from batch_conformance.message import Message, Template

_IS_SWAGGER = Template("document.is_swagger", "Swagger {version}; convert it to OpenAPI 3")
_HAS_NO_VERSION = Template("document.has_no_version", "it has no field openapi")
_IS_NO_OPENAPI_3_0 = Template("document.is_no_openapi_3_0", "{at} is no OpenAPI 3.0, 3.1 or 3.2 document ({found})")
_CONTRACT_HAS_BYTES_MORE_THAN = Template(
    "document.contract_has_bytes_more_than",
    "the contract {path} has {size} bytes; more than {max_bytes} is no OpenAPI document",
)
_IS_HTML_OR_XML_GIVE = Template(
    "document.is_html_or_xml_give",
    "{name} is HTML or XML: give the OpenAPI file itself, or its page as Markdown",
)
_IS_PAGE_WITHOUT_FENCED_BLOCK = Template(
    "document.is_page_without_fenced_block", "{name} is a page without a fenced block that holds an OpenAPI document"
)
_IS_NO_OPENAPI_DOCUMENT_IT = Template(
    "document.is_no_openapi_document_it", "{name} is no OpenAPI document: it holds no mapping"
)
_FIELD_OPENAPI_MUST_BE_STRING = Template(
    "document.field_openapi_must_be_string",
    "{at}: the field openapi must be a string such as '{version}.0', in quotes",
)
_CANNOT_READ_CONTRACT = Template("document.cannot_read_contract", "cannot read the contract {path}: {why}")
_IS_NOT_UTF_8_BYTE = Template("document.is_not_utf_8_byte", "{name} is not UTF-8 (byte {start}): save it as UTF-8")

__all__ = ["MAX_BYTES", "ContractError", "Document", "load_document", "parse_document", "parse_tree"]

MAX_BYTES = 32 * 1024 * 1024

_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_VERSION_FIELD = re.compile(r"^\s*\{?\s*[\"']?(?:openapi|swagger)[\"']?\s*:", re.MULTILINE)
_HEAD = 4096


@dataclass(frozen=True)
class Document:
    """An OpenAPI document. ``data`` is its tree, ``locations`` the place of every node by RFC 6901 pointer.

    ``name`` is how the file is shown, ``text`` the whole file, ``sha256`` of the OpenAPI text alone, or of it and the
    files that it refers to, which are in ``data`` as well. ``merge_keys`` are the places of its YAML merge keys, which
    are merged in ``data``. ``other_files`` are the texts of the files that it refers to, by how each is shown.
    """

    data: dict[str, Any]
    name: str
    sha256: str
    text: str
    locations: Mapping[str, Location] = field(repr=False)
    merge_keys: tuple[Location, ...] = ()
    other_files: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def modern(self) -> bool:
        """Whether its schemas are JSON Schema 2020-12, as OpenAPI 3.1 and 3.2 have them; those of 3.0 are draft 4."""
        return str(self.data.get("openapi", "")).startswith(("3.1", "3.2"))

    def location(self, pointer: str) -> Location:
        """Where a node stands, or the nearest node around it that has a place."""
        while pointer and pointer not in self.locations:
            pointer = pointer.rpartition("/")[0]
        return self.locations.get(pointer) or Location(self.name, 1)

    def excerpt(self, line: int, around: int = 2) -> tuple[tuple[int, str], ...]:
        """The lines around one, numbered; none where the document has no such line."""
        lines = self.text.split("\n")
        if not 1 <= line <= len(lines):
            return ()
        first = max(1, line - around)
        return tuple(
            (number, lines[number - 1].rstrip("\r")) for number in range(first, min(len(lines), line + around) + 1)
        )


def load_document(path: Path, name: str | None = None, choice: OperationChoice = DEFAULT_CHOICE) -> Document:
    """Read a document from a file, and the files of its folder that it refers to, as ``parse_document`` does.

    Raises ``ContractError``.
    """
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ContractError(_CANNOT_READ_CONTRACT(path=str(path), why=why_no_file(error))) from None
    if size > MAX_BYTES:
        raise ContractError(_CONTRACT_HAS_BYTES_MORE_THAN(path=str(path), size=str(size), max_bytes=str(MAX_BYTES)))
    return parse_document(raw, name or str(path), choice, in_folder(path.parent))


def parse_document(
    raw: bytes, name: str, choice: OperationChoice = DEFAULT_CHOICE, read: Reader = lambda _: None
) -> Document:
    """Read a document from YAML, JSON, or a documentation page in Markdown with a fenced OpenAPI block.

    Of a large one that is block YAML only what the chosen operation needs is read. Lines are counted in the file as
    given. ``read`` gives the other files that it refers to; without it there are none. Raises ``ContractError`` with
    one line for people.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(_IS_NOT_UTF_8_BYTE(name=str(name), start=str(error.start))) from None
    block, offset = _openapi_block(text)
    if block.lstrip()[:1] == "<":
        raise ContractError(_IS_HTML_OR_XML_GIVE(name=str(name)))
    if _FENCE.search(text) and not _VERSION_FIELD.search(block):
        raise ContractError(_IS_PAGE_WITHOUT_FENCED_BLOCK(name=str(name)))
    tree = read_part(block, name, offset, choice) or read_tree(block, name, line_offset=offset)
    if not isinstance(tree.value, dict):
        raise ContractError(_IS_NO_OPENAPI_DOCUMENT_IT(name=str(name)))
    _check_version(tree.value, name, tree.locations)
    if isinstance(base := tree.value.get("$self"), str):
        _make_local(tree.value, base)
    files = put_in(tree, name, read)
    digest = hashlib.sha256(block.encode())
    for file in sorted(files):
        digest.update(b"\0" + file.encode() + b"\0" + files[file])
    shown = {(PurePath(name).parent / file).as_posix(): raw.decode("utf-8-sig") for file, raw in files.items()}
    return Document(tree.value, name, digest.hexdigest(), text, tree.locations, tree.merge_keys, shown)


def _check_version(data: Mapping[str, Any], name: str, locations: Mapping[str, Location]) -> None:
    version = data.get("openapi")
    if isinstance(version, str) and re.match(r"3\.[012]\.", version + "."):
        return
    at = locations.get("/openapi") or locations.get("/swagger") or Location(name, 1)
    if isinstance(version, float):
        raise ContractError(_FIELD_OPENAPI_MUST_BE_STRING(at=str(at), version=str(version)))
    if version is None and "swagger" in data:
        found: Message | str = _IS_SWAGGER(version=str(data["swagger"]))
    else:
        found = f"openapi: {str(version)[:40]}" if version is not None else _HAS_NO_VERSION()
    raise ContractError(_IS_NO_OPENAPI_3_0(at=str(at), found=found))


def _make_local(node: Any, base: str) -> None:
    """Write references to the document's own URI as references within it, in place.

    OpenAPI 3.2 lets a document say by ``$self`` what its URI is; relative references are resolved against that.
    """
    left = [node]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += one.values()
            mapping = one.get("mapping")
            holders = [(one, "$ref"), (one, "defaultMapping")]
            holders += [(mapping, name) for name in mapping] if isinstance(mapping, dict) else []
            for holder, name in holders:
                reference = holder.get(name)
                if isinstance(reference, str) and not reference.startswith("#") and "#" in reference:
                    target, fragment = urldefrag(urljoin(base, reference))
                    if target == urldefrag(base)[0]:
                        holder[name] = f"#{fragment}"


def _openapi_block(text: str) -> tuple[str, int]:
    """The fenced block of a Markdown page that holds an OpenAPI document, and the lines before it; else all of it."""
    if _VERSION_FIELD.search(text[:_HEAD]) and not _FENCE.search(text[:_HEAD]):
        return text, 0
    position = 0
    while opening := _FENCE.search(text, position):
        closing = re.compile(rf"^{re.escape(opening['fence'])}[`~]*[ \t\r]*$", re.MULTILINE).search(
            text, opening.end() + 1
        )
        block = text[opening.end() + 1 : closing.start() if closing else len(text)]
        if _VERSION_FIELD.search(block):
            return block, text.count("\n", 0, opening.end() + 1)
        position = closing.end() if closing else len(text)
    return text, 0

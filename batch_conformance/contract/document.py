"""The document: an OpenAPI document as published, with the line of every node."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from batch_conformance.contract.location import Location, Origin
from batch_conformance.contract.pointer import join

MAX_BYTES = 32 * 1024 * 1024
MAX_NODES = 2_000_000
MAX_DEPTH = 200
_LONGEST_NUMBER = 400

_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)$", re.MULTILINE)
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class ContractError(ValueError):
    """A contract that cannot be used; one line says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Document:
    """An OpenAPI document. ``data`` is its tree, ``locations`` the place of every node by RFC 6901 pointer.

    ``name`` is how the file is shown, ``text`` the whole file, ``sha256`` of the OpenAPI text alone.
    """

    data: dict[str, Any]
    name: str
    sha256: str
    text: str
    locations: Mapping[str, Location] = field(repr=False)

    def location(self, pointer: str) -> Location:
        """Where a node stands, or the nearest node around it that has a place."""
        while pointer and pointer not in self.locations:
            pointer = pointer.rpartition("/")[0]
        return self.locations.get(pointer) or Location(self.name, 1)

    def excerpt(self, line: int, around: int = 2) -> tuple[tuple[int, str], ...]:
        """The lines around one, numbered; none where the document has no such line."""
        lines = self.text.splitlines()
        if not 1 <= line <= len(lines):
            return ()
        first = max(1, line - around)
        return tuple((number, lines[number - 1]) for number in range(first, min(len(lines), line + around) + 1))


def load_document(path: Path, name: str | None = None) -> Document:
    """Read a document from a file. Raises ``ContractError``."""
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ContractError(f"cannot read the contract {path}: {error.strerror}") from None
    if size > MAX_BYTES:
        raise ContractError(f"the contract {path} has {size} bytes; more than {MAX_BYTES} is no OpenAPI document")
    return parse_document(raw, name or str(path))


def parse_document(raw: bytes, name: str) -> Document:
    """Read a document from YAML, JSON, or a documentation page in Markdown with a fenced OpenAPI block.

    Lines are counted in the file as given. Raises ``ContractError`` with one line for people.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(f"{name} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    block, offset = _openapi_block(text)
    data, locations = parse_tree(block, name, line_offset=offset)
    version = data.get("openapi") if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise ContractError(f"{name} is no OpenAPI document: it holds no mapping")
    if not isinstance(version, str) or not re.match(r"3\.[01]\.", version + "."):
        found = (
            f"openapi: {version}" if version is not None else f"swagger: {data['swagger']}" if "swagger" in data else ""
        )
        line = locations.get("/openapi" if version is not None else "/swagger", Location(name, 1)).line
        detail = f" ({found})" if found else ": it has no `openapi` field"
        raise ContractError(f"{name}:{line} is no OpenAPI 3.0 or 3.1 document{detail}")
    return Document(data, name, hashlib.sha256(block.encode()).hexdigest(), text, locations)


def parse_tree(
    text: str, name: str, *, line_offset: int = 0, origin: Origin = "document"
) -> tuple[Any, dict[str, Location]]:
    """A YAML or JSON text as plain values, and the location of every node.

    YAML is read by the core schema of YAML 1.2 (``no`` is a string, dates are strings), keys are strings. Raises
    ``ContractError`` for what is not YAML, repeats a key, or is too large or deep to be meant.
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 + line_offset if mark else 1
        problem = getattr(error, "problem", None) or "not YAML"
        raise ContractError(f"{name}:{line} is neither YAML nor JSON: {problem}") from None
    except (RecursionError, ValueError) as error:
        raise ContractError(f"{name} is neither YAML nor JSON that can be read: {type(error).__name__}") from None
    if root is None:
        raise ContractError(f"{name} is empty")
    builder = _Builder(name, line_offset, origin)
    return builder.build(root, "", 0), builder.locations


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Builder:
    """Builds values from composed nodes, so that lines are kept and no tag makes anything but plain values."""

    def __init__(self, name: str, line_offset: int, origin: Origin) -> None:
        self.name = name
        self.locations: dict[str, Location] = {}
        self._offset = line_offset
        self._origin = origin
        self._nodes = 0

    def build(self, node: yaml.Node, pointer: str, depth: int) -> Any:
        self._nodes += 1
        line = node.start_mark.line + 1 + self._offset
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise ContractError(f"{self.name}:{line} is nested too deeply or grows too large (aliases?) to be read")
        self.locations.setdefault(pointer, Location(self.name, line, pointer, self._origin))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, join(pointer, index), depth + 1) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1 + self._offset
            if not isinstance(key, yaml.ScalarNode):
                raise ContractError(f"{self.name}:{line} has a key that is no plain word")
            if key.value in members:
                raise ContractError(f"{self.name}:{line} has the key {key.value!r} twice")
            inner = join(pointer, key.value)
            self.locations[inner] = Location(self.name, line, inner, self._origin)
            members[key.value] = self.build(value, inner, depth + 1)
        return members


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    # What was quoted, or written as a block, is a string, whatever it looks like.
    if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"', "|", ">"):
        return text
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INT.fullmatch(text) and len(text) < _LONGEST_NUMBER:
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _openapi_block(text: str) -> tuple[str, int]:
    """The fenced block of a Markdown page that holds an OpenAPI document, and the lines before it; else all of it."""
    if re.search(r"^\s*[\"']?(?:openapi|swagger)[\"']?\s*:", text[:4096], re.MULTILINE) and not _FENCE.search(
        text[:4096]
    ):
        return text, 0
    position = 0
    while opening := _FENCE.search(text, position):
        closing = re.compile(rf"^{re.escape(opening['fence'])}[`~]*[ \t]*$", re.MULTILINE).search(
            text, opening.end() + 1
        )
        end = closing.start() if closing else len(text)
        block = text[opening.end() + 1 : end]
        if re.search(r"^\s*[\"']?(?:openapi|swagger)[\"']?\s*:", block, re.MULTILINE):
            return block, text.count("\n", 0, opening.end() + 1)
        position = closing.end() if closing else len(text)
    return text, 0

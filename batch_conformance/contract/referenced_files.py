"""The other files that a document refers to, put into it below an extension, so that every reference is a local one.

Where each node of theirs stands is kept: findings name the file and the line in which something is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import unquote

from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location
from batch_conformance.contract.node_kind import DOCUMENT, kind_below
from batch_conformance.contract.pointer import join, split, unescape
from batch_conformance.contract.tree import Tree, read_tree
from batch_conformance.message import Template

_IS_NOT_UTF_8 = Template("referenced_files.is_not_utf_8", "{name} is not UTF-8 (byte {start}): save it as UTF-8")
_ARE_MORE_THAN = Template(
    "referenced_files.are_more_than", "the files that {name} refers to have more than {max_bytes} bytes in all"
)

__all__ = ["FILES", "Reader", "as_written", "in_folder", "put_in"]

Reader = Callable[[str], bytes | None]
"""Gives the bytes of a file by its path from the document's folder, ``/`` between names; None where it is not read."""

FILES = "x-referenced-files"
"""The member of a document that has the files that it refers to, by their paths from its folder."""

_PREFIX = join("#", FILES) + "/"
_MAX_BYTES = 32 * 1024 * 1024
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/|\\")
"""Begins a reference to a URI with a scheme, to another host, or to a file by its whole path: none is ever read."""

_ANCHORS = ("$anchor", "$dynamicAnchor")


def in_folder(folder: Path) -> Reader:
    """Reads files of a folder and of those below it, and none that a link has elsewhere."""
    whole = folder.resolve()

    def read(name: str) -> bytes | None:
        path = (folder / name).resolve()
        try:
            if not path.is_relative_to(whole) or not path.is_file():
                return None
            with path.open("rb") as file:
                return file.read(_MAX_BYTES + 1)  # one more says that it is too long
        except OSError:
            return None

    return read


def put_in(tree: Tree, name: str, read: Reader) -> dict[str, bytes]:
    """Put the files that a document refers to into its tree, and rewrite the references to them as local ones.

    ``name`` is how the document is shown; its last part is what other files call it. References by the name of an
    anchor (``#batch``) or by an absolute ``$id`` become pointers too. What cannot be read stays as it is: a reference
    that is needed is refused where it is followed. Gives the bytes of the files by their paths. Raises
    ``ContractError`` for a file that is no YAML, no JSON or no UTF-8, and for too many of them.
    """
    return _Files(tree, name, read).bring()


def as_written(reference: str) -> str:
    """A reference as its author wrote it, whichever file it leads to."""
    if not reference.startswith(_PREFIX):
        return reference
    file, slash, pointer = reference[len(_PREFIX) :].partition("/")
    return unescape(unquote(file)) + (f"#/{pointer}" if slash else "")


class _Files:
    """The document, called by the empty name, and the files that were brought so far."""

    def __init__(self, tree: Tree, name: str, read: Reader) -> None:
        self._root, self._name, self._read = tree, PurePath(name), read
        self._values: dict[str, Any] = {"": tree.value}
        self._bytes: dict[str, bytes] = {}
        self._missing: set[str] = set()
        self._names: dict[str, dict[str, str]] = {}
        self._left: list[tuple[str, Any, str]] = [("", tree.value, DOCUMENT)]
        self._seen: set[tuple[int, str]] = set()
        self._written: set[tuple[int, str]] = set()

    def bring(self) -> dict[str, bytes]:
        while self._left:
            file, node, kind = self._left.pop()
            if isinstance(node, dict | list) and (id(node), kind) not in self._seen:
                self._seen.add((id(node), kind))
                self._look_at(file, node, kind)
        if self._bytes:
            self._root.value[FILES] = {file: value for file, value in self._values.items() if file}
        return self._bytes

    def _look_at(self, file: str, node: dict[str, Any] | list[Any], kind: str) -> None:
        members = list(node.items() if isinstance(node, dict) else enumerate(node))
        for step, value in members:
            if below := kind_below(kind, str(step)):
                self._left.append((file, value, below))
        if isinstance(node, dict):
            self._follow(file, node, "$ref", kind)
            if kind == "schema":
                self._follow(file, node, "$dynamicRef", kind)
            discriminator = node.get("discriminator") if kind == "schema" else None
            mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
            if isinstance(mapping, dict):
                for value in [name for name, one in mapping.items() if "/" in str(one) or "." in str(one)]:
                    self._follow(file, mapping, value, "schema")

    def _follow(self, file: str, holder: dict[str, Any], member: str, kind: str) -> None:
        """Have a reference that stands in a file lead to where its target stands in the document now."""
        reference = holder.get(member)
        if not isinstance(reference, str) or (id(holder), member) in self._written:
            return
        name, _, fragment = reference.partition("#")
        target = (
            self._by_id(name) if _ELSEWHERE.match(name) else self._open(file, unquote(name)) if name else (file, "")
        )
        if target is None:
            return
        named, within = target
        inner = unquote(fragment)
        if inner and not inner.startswith("/"):
            inner = self._anchors(named).get(inner, "")
            if not inner:
                return
            within = ""
        pointer = within + inner
        node = _at(self._values[named], pointer)
        if node is not None:
            self._left.append((named, node, kind))
        local = "#" + (f"/{FILES}/{join('', named)[1:]}" if named else "") + pointer
        if name or local != "#" + inner or not fragment.startswith("/"):
            holder[member] = local.replace("%", "%25")
            self._written.add((id(holder), member))

    def _open(self, file: str, name: str) -> tuple[str, str] | None:
        """The name of a file that is named in another one, once it is read; None where it cannot be."""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
        if path == self._name.name:
            return "", ""
        if path in self._values:
            return path, ""
        raw = None if path in self._missing or path.startswith("../") else self._read(path)
        if raw is None:
            self._missing.add(path)
            return None
        self._bytes[path] = raw
        if sum(map(len, self._bytes.values())) > _MAX_BYTES:
            raise ContractError(_ARE_MORE_THAN(name=str(self._name), max_bytes=str(_MAX_BYTES)))
        shown = (self._name.parent / path).as_posix()
        try:
            tree = read_tree(raw.decode("utf-8-sig"), shown)
        except UnicodeDecodeError as error:
            raise ContractError(_IS_NOT_UTF_8(name=shown, start=str(error.start))) from None
        self._values[path] = tree.value
        at = join("", FILES, path)
        self._root.locations.update({at + pointer: place for pointer, place in tree.locations.items()})
        self._root.locations.setdefault(at, Location(shown, 1))
        return path, ""

    def _by_id(self, uri: str) -> tuple[str, str] | None:
        """Where the schema stands that has an absolute URI as its ``$id``, in the files read so far."""
        for file in self._values:
            pointer = self._anchors(file).get(uri)
            if pointer is not None:
                return file, pointer
        return None

    def _anchors(self, file: str) -> dict[str, str]:
        """The pointers of what has a name in a file, an anchor or an absolute URI; without those of two places."""
        if file not in self._names:
            places: dict[str, list[str]] = {}
            for name, pointer in _named(self._values[file]):
                places.setdefault(name, []).append(pointer)
            self._names[file] = {name: found[0] for name, found in places.items() if len(found) == 1}
        return self._names[file]


def _named(value: Any) -> Iterator[tuple[str, str]]:
    left = [(value, "")]
    while left:
        node, pointer = left.pop()
        if isinstance(node, dict):
            yield from ((node[word], pointer) for word in _ANCHORS if isinstance(node.get(word), str))
            own = node.get("$id")
            if isinstance(own, str) and _ELSEWHERE.match(own):
                yield own.removesuffix("#"), pointer
        members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        left += [(inner, join(pointer, str(step))) for step, inner in members]


def _at(value: Any, pointer: str) -> Any:
    """The node at a pointer; None where there is none."""
    node = value
    for token in split(pointer):
        if isinstance(node, dict):
            node = node.get(token)
        elif isinstance(node, list) and token.isdecimal() and int(token) < len(node):
            node = node[int(token)]
        else:
            return None
    return node

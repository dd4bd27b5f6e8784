"""The part of a large document that one operation needs, with every line where it was.

The documents of whole platforms have tens of thousands of lines, and reading YAML is slow. What is not needed is
blanked before it is read, so that line numbers stay those of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from batch_conformance.contract.choice import OperationChoice, choose, operations_of
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location
from batch_conformance.contract.tree import Tree, read_tree

WORTH_IT = 512 * 1024
"""Characters from which on blanking saves more time than it takes."""

_KEY = re.compile(r"[A-Za-z$\"'/].*?:(?=\s|$)")
_MERGE_KEY = re.compile(r"<<|!!merge|!<tag:yaml\.org,2002:merge>|[&?]")
"""Begins an entry whose key is, or may be, a merge key."""

_ALIAS = re.compile(r"(?<![^\s\[{,:])\*([\w-]+)")
_ANCHOR = re.compile(r"(?<![^\s\[{,:])&([\w-]+)")
_REFERENCE = re.compile(r"\$ref[\"']?\s*:\s*[\"']?#/components/([A-Za-z]+)/([^\"'\s]+)")
_ELSEWHERE = re.compile(r"\$ref[\"']?\s*:\s*[\"']?(?:#(?!/components/)|[^\s#\"'{\[])")
"""Refers to another place of the document, or to another file, which may refer to any place."""

Block = tuple[int, int]
"""Half-open range of line numbers, counted from 0."""


def read_part(text: str, name: str, line_offset: int, choice: OperationChoice) -> Tree | None:
    """What a large document says of the operation that is meant, as ``read_tree`` gives it.

    None where all of it has to be read, be it to say which operations there are, or whether they share their ids.
    """
    is_alone = not choice.others and choice.operations == "retrieve"
    part = excerpt(text, choice.may_be_at) if len(text) >= WORTH_IT and is_alone else None
    if part is None:
        return None
    try:
        tree = read_tree(part, name, line_offset=line_offset)
        return tree if _is_enough(tree.value, choice) else None
    except ContractError:
        return None


def _is_enough(data: Any, choice: OperationChoice) -> bool:
    """Whether a part of a document holds the operation that is meant. Raises ``ContractError`` where none is."""
    paths = data.get("paths") if isinstance(data, Mapping) else None
    items = paths.items() if isinstance(paths, Mapping) else ()
    if not all(isinstance(item, Mapping) and "$ref" not in item for _, item in items):
        return False
    choose("", [one for path, item in items for one in operations_of(path, item, lambda _: Location("", 1))], choice)
    return True


def excerpt(text: str, wants: Callable[[str, str], bool]) -> str | None:
    """``text`` with all blanked but the paths asked for, the components that they reach, and the small sections.

    ``wants`` is told of each path and of the text below it. None where the text is not laid out as block YAML in the
    usual indentation, or where what is kept repeats what is anchored elsewhere; it has to be read whole then.
    """
    lines = text.splitlines(keepends=True)
    sections = dict(_blocks(lines, (0, len(lines)), 0))
    if "paths" not in sections or "components" not in sections:
        return None
    paths = _children(lines, sections["paths"])
    kinds = _children(lines, sections["components"])
    kept = [block for name, block in paths.items() if wants(name, "".join(lines[slice(*block)]))]
    if not kept or not kinds:
        return None
    mappings = [sections["paths"], sections["components"], *kinds.values()]
    if _merges(lines, (0, len(lines)), 0) or any(_merges(lines, block, _inner(lines, block)) for block in mappings):
        return None
    components = {
        (kind, name): block for kind, around in kinds.items() for name, block in _children(lines, around).items()
    }
    reached = _reached(lines, kept, components)
    if reached is None:
        return None
    stays = {
        number for name, block in sections.items() if name not in ("paths", "components") for number in range(*block)
    }
    stays |= {sections["paths"][0], sections["components"][0]}
    whole = {number for block in (*kept, *(components[name] for name in reached)) for number in range(*block)}
    stays |= whole | {kinds[kind][0] for kind, _ in reached}
    if "securitySchemes" in kinds:
        stays |= set(range(*kinds["securitySchemes"]))
    # An anchor outside of those blocks may be gone, or hold a reference that was not looked for.
    repeated = _names(_ALIAS, lines, sorted(stays))
    if repeated and repeated & _names(_ANCHOR, lines, (n for n in range(len(lines)) if n not in whole)):
        return None
    return "".join(line if number in stays else "\n" for number, line in enumerate(lines))


def _reached(
    lines: list[str], kept: list[Block], components: dict[tuple[str, str], Block]
) -> set[tuple[str, str]] | None:
    """The components that the blocks refer to, and those refer to in turn; None where a reference leads elsewhere."""
    reached: set[tuple[str, str]] = set()
    left = list(kept)
    while left:
        text = "".join(lines[slice(*left.pop())])
        if _ELSEWHERE.search(text):
            return None
        for kind, name in _REFERENCE.findall(text):
            if (kind, name) in reached:
                continue
            if (kind, name) not in components:
                return None
            reached.add((kind, name))
            left.append(components[kind, name])
    return reached


def _children(lines: list[str], around: Block) -> dict[str, Block]:
    """The entries of a mapping whose own key stands in the first line of ``around``."""
    inner = _inner(lines, around)
    if inner <= _indent(lines[around[0]]):
        return {}
    return dict(_blocks(lines, (around[0] + 1, around[1]), inner))


def _inner(lines: list[str], around: Block) -> int:
    """The indentation of the entries of a mapping whose own key stands in the first line; its own where none is."""
    inner = (_indent(line) for line in lines[around[0] + 1 : around[1]] if line.strip())
    return next(inner, _indent(lines[around[0]]))


def _merges(lines: list[str], within: Block, indent: int) -> bool:
    """Whether a mapping whose entries have that indentation may have a merge key."""
    return any(_indent(line) == indent and _MERGE_KEY.match(line, indent) for line in lines[slice(*within)])


def _names(pattern: re.Pattern[str], lines: list[str], numbers: Iterable[int]) -> set[str]:
    return {name for number in numbers for name in pattern.findall(lines[number])}


def _blocks(lines: list[str], within: Block, indent: int) -> Iterator[tuple[str, Block]]:
    """Every entry of a mapping at an indentation, with the lines from its key to the next one."""
    name, start = "", -1
    for number in range(*within):
        line = lines[number]
        if _indent(line) == indent and (found := _KEY.match(line, indent)):
            if start >= 0:
                yield name, (start, number)
            name, start = found.group().rstrip(":").strip("\"'"), number
    if start >= 0:
        yield name, (start, within[1])


def _indent(line: str) -> int:
    """The spaces before a line's text; -1 for a line without any."""
    text = line.lstrip(" ")
    return len(line) - len(text) if text.strip() else -1

"""Hypothesis strategies that spoil good inputs: trees by edits of their nodes, bytes by edits of their spans."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from hypothesis import strategies as st

_TEXTS = ("", " ", "$ref", "#/", "#", "~", "~2", "../..", "null", "1e999", "\ud800", "\0", "]]>", "%s", "{{x}}")
_REFERENCES = ("#/components/schemas/NotFoundData", "/batches/{batch_id}", "http://x/y", "file:///etc/passwd")
ODD_TEXTS = st.sampled_from((*_TEXTS, *_REFERENCES, "<!--", "\u202e", "（名）", "x" * 3000))
ODD_NUMBERS = st.sampled_from([0, -1, 1, 1 << 31, 1 << 63, 10**400, 1e308, 5e-324, -0.0, 200, 99999])
ODD = st.recursive(
    st.none() | st.booleans() | ODD_TEXTS | ODD_NUMBERS | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXTS | st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a tree."""
    found, left = [], [tree]
    while left:
        node = left.pop()
        keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            found.append((node, key))
            left.append(node[key])
    return found


@st.composite
def trees(draw: st.DrawFn, seed: Any, edits: int = 4) -> Any:
    """A copy of ``seed`` with some nodes replaced, removed, renamed, repeated or moved."""
    tree = copy.deepcopy(seed)
    for _ in range(draw(st.integers(0, edits))):
        found = places(tree)
        if not found:
            return draw(ODD)
        node, key = found[draw(st.integers(0, len(found) - 1))]
        kind = draw(st.sampled_from(["replace", "remove", "rename", "wrap", "graft"]))
        if kind == "remove":
            del node[key]
        elif kind == "rename" and isinstance(node, dict):
            node[draw(ODD_TEXTS | st.text(max_size=6))] = node.pop(key)
        elif kind == "wrap":
            node[key] = draw(st.sampled_from([[node[key]], {"x": node[key]}, [node[key], node[key]]]))
        elif kind == "graft":
            other, at = found[draw(st.integers(0, len(found) - 1))]
            node[key] = copy.deepcopy(other[at])
        else:
            node[key] = draw(ODD)
    return tree


@st.composite
def spans(draw: st.DrawFn, seed: bytes, edits: int = 5) -> bytes:
    """``seed`` with some spans cut out, repeated, or replaced by other bytes."""
    data = seed
    for _ in range(draw(st.integers(0, edits))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        other = draw(st.binary(max_size=8) | ODD_TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
        between = draw(st.sampled_from([b"", data[start:end] * 2, other]))
        data = data[:start] + between + data[end:]
    return data


def as_json(tree: Any) -> bytes:
    """As JSON, which is YAML as well. Dates, which only YAML has, are written without quotes."""
    text = json.dumps(tree, default=lambda day: f"{_DATE}{day}")
    return re.sub(f'"{_DATE}([^"]*)"', r"\1", text).encode("utf-8", "surrogatepass")


_DATE = "date: "


def files(tree: Any, raw: bytes) -> st.SearchStrategy[bytes]:
    """A file that holds ``tree``, spoiled in its tree or in its bytes."""
    return trees(tree).map(as_json) | spans(raw) | trees(tree, 2).map(as_json).flatmap(lambda data: spans(data, 2))

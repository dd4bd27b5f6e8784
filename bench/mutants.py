"""The mutants of a module by mutmut's operators: of all its code, as rules are mostly declared outside functions."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

ROOT = Path(__file__).resolve().parent.parent
SEED = "1"
LEFT_OUT = frozenset({
    "title", "why", "remedy", "source", "breaks", "keeps", "covers", "unseen", "requests", "highlight", "cure",
    "reaches_client", "kept_by_plain_reads", "kept_by_monotonic_reads", "surely_kept",
})  # fmt: skip
"""What a rule declares for people (held by docs/RULES.md and the catalogue of translations, as templates are), for
probes, for what is marked in a report, for suggested overlays, and for what recorded traffic is spared (held by the
tests of those)."""


@dataclass(frozen=True)
class Mutant:
    """One small change of a module; ``id`` stays as long as the statement that it is in, and the change, do.

    ``inside`` says that it is in a function that remembers nothing, and makes no other one. ``users`` is a pattern of
    what uses a statement outside of functions: the names that it assigns, and the ids of its rules.
    """

    id: str
    module: str
    lines: range
    old: str
    new: str
    inside: bool
    users: str
    nodes: tuple[cst.CSTNode, cst.CSTNode]


def mutants(path: str) -> tuple[cst.Module, list[Mutant]]:
    """A module, parsed, and its mutants in the order of a draw by ``SEED``."""
    wrapper = MetadataWrapper(cst.parse_module((ROOT / path).read_text("utf-8")), unsafe_skip_copy=True)
    positions, made, seen = wrapper.resolve(PositionProvider), [], Counter[str]()
    for statement in wrapper.module.body:
        text, sites = wrapper.module.code_for_node(statement).strip(), _Sites()
        inside = isinstance(statement, cst.FunctionDef) and not re.search(r"cache|\n    def |lambda", text)
        names = re.findall(r'^(\w+)(?: = |: )|^class (\w+)|\bid="([a-z0-9_.]+)"', text, re.MULTILINE)
        users = "|".join(re.escape(name) for pair in names for name in pair if name)
        statement.visit(sites)
        for node in sites.nodes:
            for changed in _changes(node):
                old, new = (cst.Module([]).code_for_node(one).strip() for one in (node, changed))
                name = f"{SEED}\n{path}\n{text}\n{old}\n{new}"
                seen[name] += 1
                digest = hashlib.sha256(f"{name}\n{seen[name]}".encode()).hexdigest()[:16]
                place = positions[node]
                lines = range(place.start.line, place.end.line + 1)
                made.append(Mutant(digest, path, lines, old, new, inside, users, (node, changed)))
    return wrapper.module, sorted(made, key=lambda one: one.id)


class _Sites(cst.CSTVisitor):
    """Collects the nodes to change: not those of annotations, imports, decorators, docstrings and texts for people."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        is_text = isinstance(node, cst.Expr) and isinstance(node.value, cst.BaseString)
        if is_text or isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Decorator):
            return False
        if isinstance(node, cst.Assign) and _names_type(node):
            return False
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("Template", "cast"):
            return False
        if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value in LEFT_OUT:
            return False
        self.nodes.append(node)
        return True


def _names_type(node: cst.Assign) -> bool:
    """Whether an assignment gives a type another name, or lists what a module has: without that it is not imported."""
    target = node.targets[0].target
    name = target.value if isinstance(target, cst.Name) else ""
    is_type = re.match("_?[A-Z][a-z]", name) and isinstance(node.value, cst.Subscript | cst.BinaryOperation)
    return bool(is_type) or name in ("__all__", "RULES")


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        for place, changed in enumerate(operator(node) if isinstance(node, kind) else ()):
            if isinstance(node, cst.SimpleString) and place:
                continue  # case alone: names of header fields, schemes and encodings have none
            if isinstance(node, cst.Call) and isinstance(changed, cst.Call) and _of_text(node, changed):
                continue
            yield changed


def _of_text(old: cst.Call, new: cst.Call) -> bool:
    before, after = ({one.keyword.value: one.value for one in call.args if one.keyword} for call in (old, new))
    return any(after.get(name) is not value for name, value in before.items() if name in LEFT_OUT)

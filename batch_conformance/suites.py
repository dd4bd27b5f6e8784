"""The conformance tests as they stand in ``suites/``: which function holds a server to which rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from batch_conformance.resources import suites_folder

Of = Literal["successes", "errors"]
"""The statuses whose clauses a function is given, where it is not given those of all."""

FURTHER = "test_further_rules"
VERDICT = "test_all_that_a_verdict_needs_was_judged"


@dataclass(frozen=True, slots=True)
class Function:
    """A test function: its file, its name, the ``rule`` of its mark, and whether it is called once for each place."""

    file: str
    name: str
    rule: str
    of: Of | None
    takes_place: bool
    promise: str

    @property
    def node_id(self) -> str:
        """How pytest names it, without a place."""
        return f"suites/{self.file}::{self.name}"


@dataclass(frozen=True, slots=True)
class Suites:
    """All test functions, in the order of their files, and the first sentence of each file by its name."""

    functions: tuple[Function, ...]
    titles: Mapping[str, str]

    def function(self, rule: str, status: str) -> Function:
        """The function that holds a server to a rule where a status is answered: its own, else the one for the rest."""
        of = "successes" if status.startswith("2") else "errors"
        own = (one for one in self.functions if one.rule == rule and one.of in (None, of))
        return next(own, None) or self.named(FURTHER)

    def named(self, name: str) -> Function:
        """The function of a name. Raises StopIteration where there is none."""
        return next(one for one in self.functions if one.name == name)


@lru_cache
def read_suites(folder: Path | None = None) -> Suites:
    """Read the files, without importing them: a report of recorded traffic names the same tests as a run of pytest."""
    functions: list[Function] = []
    titles: dict[str, str] = {}
    for path in sorted((folder or suites_folder()).glob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        titles[path.name] = (ast.get_docstring(module) or path.stem).partition("\n")[0]
        functions += _functions(path.name, module)
    return Suites(tuple(functions), titles)


def _functions(file: str, module: ast.Module) -> Iterator[Function]:
    for found in module.body:
        if isinstance(found, ast.FunctionDef) and found.name.startswith("test_"):
            rule, of = _mark(found)
            takes_place = any(argument.arg == "place" for argument in found.args.args)
            yield Function(file, found.name, rule, of, takes_place, (ast.get_docstring(found) or "").partition("\n")[0])


def _mark(function: ast.FunctionDef) -> tuple[str, Of | None]:
    """The rule of the decorator ``@rule("body.type", of="errors")``, and its ``of``; empty and None without one."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "rule":
            bodies_of: Of | None = None
            for keyword in decorator.keywords:
                value = ast.literal_eval(keyword.value)
                bodies_of = "errors" if value == "errors" else "successes"
            return str(ast.literal_eval(decorator.args[0])), bodies_of
    return "", None

"""The path templates behind recorded paths: which of their segments are values, and what the parameters are called."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

Path = tuple[str, ...]
"""The segments of a path, as they were sent. An empty one stands for any value."""

_ANY = ""

_VERSION = re.compile(r"v\d+(?:(?:alpha|beta|rc)\d*)?|api|openapi", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_LONG_WITH_DIGITS = re.compile(r"(?=.*\d.*\d)[A-Za-z0-9._~-]{8,}")
_MASKED = re.compile(r"[{<\[*].*|.*\*\*.*|.*%.*")
_MOST_LITERALS = 12
"""Segments at one place that may all be names; more of them are values."""


def base_path(paths: Iterable[Path]) -> Path:
    """The first segments that all paths have and that name a version or the API: they belong to the server's URL."""
    found: Path | None = None
    for path in paths:
        prefix: list[str] = []
        for segment in path[:-1]:
            if not _VERSION.fullmatch(segment):
                break
            prefix.append(segment)
        found = tuple(prefix) if found is None else _common(found, tuple(prefix))
    return found or ()


def with_values_marked(path: Path) -> Path:
    """The path with an empty segment for each that is a value by its form: an id, a number, a mask."""
    return tuple(_ANY if _is_value(segment) else segment for segment in path)


def templates(paths: Mapping[Path, bool], values: Mapping[Path, Collection[int]] | None = None) -> dict[Path, Path]:
    """The template of each path, as segments, the parameters of it in braces.

    ``paths`` says of each whether it was ever answered with success: one that never was is no operation of its own
    beside a template that has it. ``values`` says which segments of a path came back as a value in its answer.
    """
    made: dict[Path, Path] = {}
    _add(dict.fromkeys(paths), (), paths, values or {}, made)
    return {path: _named(template) for path, template in made.items()}


def _add(
    group: Iterable[Path],
    template: Path,
    succeeded: Mapping[Path, bool],
    values: Mapping[Path, Collection[int]],
    made: dict[Path, Path],
) -> None:
    """Give each path of a group its template; the paths of a group agree with ``template`` as far as that goes."""
    place = len(template)
    children: dict[str, list[Path]] = {}
    for path in group:
        if len(path) == place:
            made[path] = template
        else:
            children.setdefault(path[place], []).append(path)
    are_values = {
        segment
        for segment, inner in children.items()
        if _is_value(segment) or any(place in values.get(path, ()) for path in inner)
    }
    if len(children) > _MOST_LITERALS and not are_values:
        are_values = {segment for segment, inner in children.items() if all(len(path) == place + 1 for path in inner)}
    if are_values:  # what was never answered is no operation of its own beside them
        are_values |= {segment for segment, inner in children.items() if not any(succeeded.get(path) for path in inner)}
    together = [path for segment in children if segment in are_values for path in children[segment]]
    if together:
        _add(together, (*template, _ANY), succeeded, values, made)
    for segment, inner in children.items():
        if segment not in are_values:
            _add(inner, (*template, segment), succeeded, values, made)


def _is_value(segment: str) -> bool:
    return segment == _ANY or any(form.fullmatch(segment) for form in (_UUID, _NUMBER, _LONG_WITH_DIGITS, _MASKED))


def _named(template: Path) -> Path:
    """The template with a name in braces for each value, made of the segment before it."""
    taken: set[str] = set()
    named: list[str] = []
    for segment in template:
        if segment != _ANY:
            named.append(segment)
            continue
        before = named[-1] if named and not named[-1].startswith("{") else ""
        first = name = f"{_singular(before)}_id" if before else "id"
        number = 2
        while name in taken:
            name, number = f"{first}_{number}", number + 1
        taken.add(name)
        named.append(f"{{{name}}}")
    return tuple(named)


def _singular(word: str) -> str:
    """One of what a word names: ``batches`` is of ``batch``."""
    name = re.sub(r"\W+", "_", word).strip("_") or "item"
    for end, one in (
        ("ies", "y"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ss", "ss"),
        ("s", ""),
    ):
        if name.lower().endswith(end) and len(name) > len(end) + 1:
            return name[: -len(end)] + one
    return name


def _common(one: Sequence[str], other: Sequence[str]) -> Path:
    common: list[str] = []
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        common.append(first)
    return tuple(common)

"""What English needs beside the texts themselves: how nouns are counted."""

from __future__ import annotations

from collections.abc import Mapping

NOUNS: Mapping[str, tuple[str, str]] = {
    noun: (f"{{n}} {noun}", f"{{n}} {many}")
    for noun, many in (
        ("chapter", "chapters"),
        ("clause", "clauses"),
        ("entry", "entries"),
        ("finding", "findings"),
        ("group", "groups"),
        ("known id", "known ids"),
        ("more clause", "more clauses"),
        ("more entry", "more entries"),
        ("more exchange", "more exchanges"),
        ("more finding", "more findings"),
        ("more group", "more groups"),
        ("more place", "more places"),
        ("more probe", "more probes"),
        ("more reason", "more reasons"),
        ("place", "places"),
        ("property", "properties"),
        ("request", "requests"),
        ("time", "times"),
    )
}
"""How one of a thing is told, and several."""

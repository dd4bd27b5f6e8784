"""The templates of the pages in Jinja: what they escape, their filters, and where they are kept compiled."""

from __future__ import annotations

import hashlib
import re
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from batch_conformance.message import Message
from batch_conformance.report.language import Language
from batch_conformance.report.text import clip, plural, visible


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates in a folder; one that cannot be written is compiled again the next time."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled_templates(templates: Path) -> FileSystemBytecodeCache | None:
    """A cache of compiled templates beside them, as Python keeps compiled modules, and trusted no less and no more.

    None where Python keeps no compiled modules either. What was compiled by another version of Jinja, or with other
    settings than those of this module, has another name.
    """
    folder = templates / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    made_by = hashlib.sha256(Path(__file__).read_bytes() + version("jinja2").encode()).hexdigest()[:12]
    return _Compiled(str(folder), f"{made_by}-%s.cache")


@cache
def environment() -> Environment:
    """Where the templates of this package are."""
    made = Environment(
        loader=PackageLoader("batch_conformance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled_templates(Path(__file__).parent / "templates"),
    )
    made.filters["plural"] = plural
    made.filters["clip"] = clip
    made.filters["code"] = _code
    made.filters["anchor"] = _anchor
    made.filters["said"] = _said
    return made


def _finalize(value: Any) -> Any:
    """Every value that goes into the page: what is invisible becomes visible, before it is escaped."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _said(text: Message, language: Language) -> str:
    return language.render(text)


def _anchor(text: str) -> str:
    """A short name for a link to what ``text`` identifies: ids of elements have no blanks."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def _code(text: str) -> Markup:
    """Escaped text, what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(visible(text)))))

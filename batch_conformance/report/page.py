"""What every HTML page is made with: templates that escape, our own style and script, and a policy for nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from contextlib import suppress
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined, Template
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from batch_conformance.message import Message
from batch_conformance.report.language import Language
from batch_conformance.report.text import clip, plural, visible


def template(name: str) -> Template:
    """A template of this package; what it is given is escaped, and what is invisible in it becomes visible first."""
    return _environment().get_template(name)


@cache
def asset(name: str) -> str:
    """The text of a style sheet or script that goes into a page."""
    return resources.files("batch_conformance.report").joinpath("templates", name).read_text("utf-8")


def csp(style: str, script: str = "") -> str:
    """A Content-Security-Policy that lets this style and this script in, and nothing else."""
    directives = ["default-src 'none'", f"style-src '{_digest(style)}'"]
    if script:
        directives.append(f"script-src '{_digest(script)}'")
    return "; ".join((*directives, "img-src data:", "base-uri 'none'", "form-action 'none'"))


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
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("batch_conformance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled_templates(Path(__file__).parent / "templates"),
    )
    environment.filters["plural"] = plural
    environment.filters["clip"] = clip
    environment.filters["code"] = _code
    environment.filters["anchor"] = _anchor
    environment.filters["said"] = _said
    return environment


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


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

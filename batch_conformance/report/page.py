"""What every HTML page is made with: templates that escape, our own style and script, and a policy for nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from batch_conformance.probes.uninterrupted import uninterrupted

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str) -> Template:
    """A template of this package; what it is given is escaped, and what is invisible in it becomes visible first."""
    with uninterrupted():
        from batch_conformance.report.page_templates import environment  # noqa: PLC0415 - Jinja is slow to import
    return environment().get_template(name)


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


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

"""Documents with several operations, and servers that count what they are asked."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import yaml
from http_server import listening

_MISSING = b'{"error":"there is no such thing"}'


def operation(path: str, name: str | None = None, *, marks: bool = False, **more: Any) -> dict[str, Any]:
    """A GET whose parameters are those of its path; with ``marks`` its object has a property named after the path."""
    properties = {"id": {"type": "string"}, **({path: {"type": "string"}} if marks else {})}
    schema = {"type": "object", "required": ["id"], "properties": properties}
    missing = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    responses = {
        "200": {"description": "ok", "content": {"application/json": {"schema": schema}}},
        "404": {"description": "not found", "content": {"application/json": {"schema": missing}}},
    }
    parameters = [
        {"name": found, "in": "path", "required": True, "schema": {"type": "string"}}
        for found in re.findall(r"\{(\w+)\}", path)
    ]
    return {**({} if name is None else {"operationId": name}), "parameters": parameters, "responses": responses, **more}


def of(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A document of these paths."""
    return {"openapi": "3.0.3", "info": {"title": "Many", "version": "1"}, "paths": dict(paths), **more}


def write(folder: Path, data: Any, name: str = "api.yaml") -> str:
    """The document as a file."""
    path = folder / name
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return str(path)


@contextlib.contextmanager
def counting() -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything with the documents' 404: its origin, and the paths that it was asked for."""
    asked: list[str] = []
    with serving({}, asked.append) as origin:
        yield origin, asked


@contextlib.contextmanager
def serving(bodies: Mapping[str, bytes], tell: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """A server that answers with the JSON at a path, else with the documents' 404: its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tell(self.path)
            body = bodies.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(_MISSING if body is None else body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(_MISSING if body is None else body)

        do_HEAD = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as origin:
        yield origin

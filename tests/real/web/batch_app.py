"""The mock's conforming batches as a WSGI and an ASGI application, for servers of other makers to serve."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from batch_conformance.mock.message import ParsedRequest as Request
from batch_conformance.mock.service import Service

_SERVICE = Service(os.environ["BATCH_API_KEY"], prefix="/v1")
_SAFE = "/:@!$&'()*+,;=~-._"
_Headers = list[tuple[str, str]]


def _answer(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, _Headers, bytes]:
    reply = _SERVICE.reply_to(Request(method, target, tuple(headers)))
    has_body = reply.status not in (204, 304)
    fields = [*reply.headers, *([("Content-Length", str(len(reply.body)))] if has_body else [])]
    return reply.status, fields, reply.body if has_body and method != "HEAD" else b""


def wsgi(environ: dict[str, Any], start_response: Callable[[str, _Headers], object]) -> list[bytes]:
    """The application for WSGI servers (PEP 3333)."""
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    plain = quote(path.encode("latin-1"), safe=_SAFE) + (f"?{query}" if query else "")
    target = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or plain)
    headers = [
        (name[5:].replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    status, fields, body = _answer(environ["REQUEST_METHOD"], target.encode("latin-1"), headers)
    start_response(f"{status} {HTTPStatus(status).phrase}", fields)
    return [body]


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """The application for ASGI servers (asgi.readthedocs.io, specification 3.0)."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await asyncio.sleep(0)
    path = scope.get("raw_path") or quote(scope["path"], safe=_SAFE).encode()
    query = scope.get("query_string") or b""
    status, fields, body = _answer(scope["method"], path + (b"?" + query if query else b""), scope["headers"])
    named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})
